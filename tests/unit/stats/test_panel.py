"""Distributed lags: cross products against dense algebra and two libraries, noise against split halves, what plays no part, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import climate
from voclib.stats import inference, panel
from voclib.stats.panel import DistributedLag, Rows, Term, lags, within

NAMES = {"unit": "unit_id", "period": "period", "outcome": "nps", "exposure": "ex"}
SIZE = {"stores": 30, "periods": 9}


def table(seed: int = 1, **options: Any) -> pd.DataFrame:
    """DGP A with the sampling variances of both means."""
    frames, _ = climate.draw(seed, **{**SIZE, **options})
    frame, answers = frames["panel"], frames["employees"]["value"].to_numpy()
    spread = answers.reshape(len(frame), -1).var(axis=1, ddof=1) / frame["n_employees"]
    up, down = frame["promoters"] / frame["n_customers"], frame["detractors"] / frame["n_customers"]
    return frame.assign(ex_noise=spread, nps_sampling=1e4 * (up + down - (up - down) ** 2) / frame["n_customers"] + 5.0)


def ragged(seed: int = 1, **options: Any) -> pd.DataFrame:
    """The same with a quarter of the rows gone, in any order."""
    return table(seed, **options).sample(frac=0.75, random_state=seed)


def fitted(frame: pd.DataFrame, **options: Any) -> DistributedLag:
    return panel.distributed_lag(frame, **{**NAMES, "noise": "ex_noise", **options})


def coefficients(model: DistributedLag, *, corrected: bool) -> np.ndarray:
    return model.regression(corrected=corrected).coefficients


def dummies(rows: Rows) -> np.ndarray:
    """Units and periods as columns."""
    return np.column_stack([np.eye(rows.n_units)[rows.unit], np.eye(len(rows.periods))[rows.period]])


def maker(rows: Rows, columns: np.ndarray) -> np.ndarray:
    """The residual maker (n, n) of columns in the weighted regression, as rows see it: W − WZ(Z'WZ)⁻Z'W."""
    w = rows.weights
    return np.diag(w) - (w[:, None] * columns) @ np.linalg.pinv(columns.T @ (w[:, None] * columns)) @ (columns.T * w)


WORLDS = {"balanced": lambda: fitted(table()), "gaps": lambda: fitted(ragged()), "three lags": lambda: fitted(ragged(), lags=(1, 0, 2)),
          "weighted, controls": lambda: fitted(ragged(confounder=1.0, selection=0.3), lags=(1, -1), sampling="nps_sampling",
                                               controls={"is_manager_changed": 1, "response_rate": 0})}


@pytest.mark.parametrize("world", WORLDS)
class TestAgainstOthers:
    def test_coefficients_are_least_squares_with_all_dummies(self, world: str) -> None:
        model = WORLDS[world]()
        rows = model.rows
        root = np.sqrt(rows.weights)[:, None]
        whole = np.linalg.lstsq(root * np.column_stack([rows.x, rows.z, dummies(rows)]), root[:, 0] * rows.y, rcond=None)[0]
        assert coefficients(model, corrected=False) == pytest.approx(whole[:len(rows.names)], abs=1e-8)

    def test_both_libraries_give_the_same_to_eight_digits(self, world: str) -> None:
        found = panel.agreement(WORLDS[world]())
        assert found.agrees(1e-8) and list(found.coefficients) == ["pyfixest", "linearmodels", "cross products"], found

    def test_errors_by_store_are_those_of_pyfixest(self, world: str) -> None:
        model = WORLDS[world]()
        ours, theirs = inference.regress(model.plain, method="CRV1").fit(model.rows.names[0]), panel.pyfixest(model.rows)
        assert (ours.value, ours.std_error, ours.df) == pytest.approx((theirs.value, theirs.std_error, theirs.df), rel=1e-8)

    def test_noise_taken_off_is_what_dense_algebra_expects(self, world: str) -> None:
        model = WORLDS[world]()
        rows, k = model.rows, len(model.lags)
        residual = maker(rows, np.column_stack([rows.z, dummies(rows)]))
        expected = np.zeros((k, k))
        for a in range(k):
            for b in range(k):  # the same employees behind two cells of the regression: their error is the same one
                same = rows.cell[:, a][:, None] == rows.cell[:, b][None, :]
                expected[a, b] = (residual * same * rows.noise[:, a][:, None]).sum()
        assert model.corrected.noise[:, :k, :k].sum(axis=0) == pytest.approx(expected, rel=1e-8, abs=1e-9)
        left = rows.x.T @ residual @ np.column_stack([rows.x, rows.y])
        assert coefficients(model, corrected=True)[:k] == pytest.approx(np.linalg.solve(left[:, :k] - expected, left[:, k]), rel=1e-8)


def test_agreement_can_fail() -> None:
    model = fitted(ragged())
    assert not panel.agreement(replace(model, plain=replace(model.plain, gram=model.plain.gram * (1 + 1e-6)))).agrees(1e-8)


def test_names_need_not_suit_a_formula() -> None:
    frame = ragged(confounder=1.0, selection=0.3)
    odd = frame.rename(columns={"ex": "员工 体验.指数", "is_manager_changed": "weights", "response_rate": "x"})
    model = panel.distributed_lag(odd, **{**NAMES, "exposure": "员工 体验.指数"}, controls={"weights": 0, "x": 0}, noise="ex_noise")
    found = panel.agreement(model)
    assert found.agrees() and list(found.coefficients.index) == ["员工 体验.指数_lag1", "weights", "x"]
    assert panel.slopes(model.rows).within.value == pytest.approx(panel.slopes(fitted(frame).rows).within.value)


class TestSplitHalves:
    """Noise taken off in closed form is split-half instrumental variables (ORIV) with every split of employees into halves at once."""

    @staticmethod
    def halves() -> tuple[DistributedLag, Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]]]:
        """A model, and two halves of its employees beside the outcome, all free of store and period."""
        frames, _ = climate.draw(3, slope=3.0, stores=40, periods=10)
        answers = frames["employees"]["value"].to_numpy().reshape(40, 10, 8)
        frame = frames["panel"].assign(ex_noise=(answers.var(axis=2, ddof=1) / 8).ravel())
        model = fitted(frame)

        def swept(values: np.ndarray) -> np.ndarray:
            return values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()

        def split(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            order = np.random.default_rng(seed).random(answers.shape).argsort(axis=2)
            mixed = np.take_along_axis(answers, order, axis=2)[:, :-1]
            outcome = frame["nps"].to_numpy().reshape(40, 10)[:, 1:]
            return swept(mixed[:, :, :4].mean(axis=2)).ravel(), swept(mixed[:, :, 4:].mean(axis=2)).ravel(), swept(outcome).ravel()
        return model, split

    def test_it_is_the_mean_over_many_splits(self) -> None:
        model, split = self.halves()
        pairs = [((a + b) @ y, 2 * a @ b) for a, b, y in map(split, range(4000))]
        above, below = np.array(pairs).T
        ours = coefficients(model, corrected=True)[0]
        ratio = above.mean() / below.mean()
        error = np.std(above - ratio * below) / below.mean() / np.sqrt(len(below))
        assert above.std() < 1e-9 * abs(above.mean()), "both halves together are the mean, whatever the split"
        assert abs(ours - ratio) < 4 * error < 0.01, (ours, ratio, error)
        assert abs(ours / coefficients(model, corrected=False)[0] - 1) > 0.1, "and the noise matters here"

    def test_one_split_is_two_stage_least_squares_of_both_stacked(self) -> None:
        from linearmodels.iv import IV2SLS

        first, second, y = self.halves()[1](7)
        stacked = pd.DataFrame({"y": np.tile(y, 2), "half": np.concatenate([first, second]), "other": np.concatenate([second, first])})
        theirs = IV2SLS(stacked["y"], None, stacked[["half"]], stacked[["other"]]).fit().params["half"]
        assert theirs == pytest.approx((first + second) @ y / (2 * first @ second), rel=1e-10)


class TestPrecision:
    def test_weights_are_one_over_variance_and_the_sum_of_squares_gives_it(self) -> None:
        frame = ragged(confounder=1.0)
        plain, model = (fitted(frame, sampling=s, controls={"is_manager_changed": 1}) for s in (None, "nps_sampling"))
        rows = model.rows
        columns = np.column_stack([rows.x, rows.z, dummies(rows)])
        residual = maker(plain.rows, columns)
        sigma = (rows.y @ residual @ rows.y - np.diag(residual) @ rows.sampling) / np.trace(residual)
        assert model.residual_sd**2 == pytest.approx(sigma, rel=1e-8) and within.residual_weights(plain.rows) == pytest.approx(np.diag(residual))
        assert rows.weights * (sigma + rows.sampling) == pytest.approx(np.full(len(rows.y), (rows.weights * (sigma + rows.sampling)).mean()))
        assert np.isnan(plain.residual_sd) and (plain.rows.weights == 1).all()

    def test_outcomes_without_sampling_error_weigh_the_same(self) -> None:
        frame = ragged().assign(nps_sampling=0.0)
        assert coefficients(fitted(frame, sampling="nps_sampling"), corrected=False) == pytest.approx(coefficients(fitted(frame), corrected=False))
        exact = frame.assign(nps=2 * frame["ex"].groupby(frame["unit_id"]).shift(0))
        rows, spread = lags.precise(fitted(exact, lags=(0,), sampling="nps_sampling").rows)
        assert spread == pytest.approx(0, abs=1e-6) and np.isfinite(rows.weights).all()


class TestWhatPlaysNoPart:
    @pytest.mark.parametrize("change", {
        "order": lambda f: f.sample(frac=1, random_state=3), "text": lambda f: f.assign(unit_id="门店" + f["unit_id"].astype(str)),
        "levels backwards": lambda f: f.assign(unit_id=pd.Categorical(f["unit_id"], categories=sorted(f["unit_id"].unique(), reverse=True))),
        "index": lambda f: f.set_axis(np.zeros(len(f)), axis=0), "a constant": lambda f: f.assign(nps=f["nps"] + 1000),
        "levels of stores": lambda f: f.assign(nps=f["nps"] + 10.0 * f["unit_id"], ex=f["ex"] - f["unit_id"]),
        "season": lambda f: f.assign(nps=f["nps"] + f["period"] ** 2, ex=f["ex"] + f["period"]),
        "later": lambda f: f.assign(period=f["period"] + 2019),
        "nullable": lambda f: f.assign(nps=f["nps"].astype("Float64"), period=f["period"].astype("Int16"))}.items(), ids=lambda c: c[0])
    def test_numbers_stay(self, change: tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]) -> None:
        frame = ragged()
        one, other = (fitted(f, lags=(1, -1), sampling="nps_sampling") for f in (frame, change[1](frame)))
        for corrected in (False, True):
            first, second = (m.regression(corrected=corrected) for m in (one, other))
            assert second.coefficients == pytest.approx(first.coefficients, rel=1e-8)
            assert second.covariance == pytest.approx(first.covariance, rel=1e-7)

    def test_another_scale_of_the_exposure_divides_the_slope(self) -> None:
        frame = ragged()
        one, other = fitted(frame), fitted(frame.assign(ex=frame["ex"] * 25, ex_noise=frame["ex_noise"] * 625))
        assert coefficients(other, corrected=True) * 25 == pytest.approx(coefficients(one, corrected=True), rel=1e-9)
        assert other.reliability == pytest.approx(one.reliability) and 0.4 < one.reliability < 0.9


class TestProfile:
    def test_band_total_leads_and_joint_test_belong_together(self) -> None:
        model = fitted(table(stores=60), lags=(1, 0, -1, -2))
        found, regression = model.profile(corrected=True), model.regression(corrected=True)
        assert found["lag"].tolist() == [1, 0, -1, -2] and found["is_lead"].tolist() == [False, False, True, True]
        assert (found["band_low"] < found["conf_low"]).all() and (found["band_high"] > found["conf_high"]).all()
        assert model.total(corrected=True).value == pytest.approx(found["estimate"][:2].sum())
        lead = model.mean_lead(corrected=True)
        assert lead.value == pytest.approx(found["estimate"][2:].mean()) and regression.method.startswith("CRV3")
        one = model.joint_p([1], corrected=True)
        assert one == pytest.approx(2 * stats.t.sf(abs(found["estimate"][0] / found["std_error"][0]), 59), rel=1e-6)
        assert 0 < model.joint_p([-1, -2], corrected=True) < 1 and np.isnan(model.joint_p([], corrected=True))

    def test_errors_are_jackknifed_whatever_the_lags_and_the_number_of_stores(self) -> None:
        many = table(stores=60)
        asked = ((many, (1,), False), (many, (1,), True), (many, (1, 2), False), (table(), (1,), False))
        told = [fitted(frame, lags=wanted).regression(corrected=corrected).method for frame, wanted, corrected in asked]
        assert told == ["CRV3", "CRV3, noise taken off", "CRV3", "CRV3"]

    def test_lags_that_move_together_are_not_told_apart(self) -> None:
        frame = table()
        slow = frame.assign(ex=frame["unit_id"] % 5 * frame["period"] + 0.01 * frame["ex"])
        apart, together = fitted(frame, lags=(1, 2)), fitted(slow, lags=(1, 2), noise=None)
        free = maker(apart.rows, dummies(apart.rows))
        x = free @ apart.rows.x
        expected = 1 / (1 - np.corrcoef(x.T)[0, 1] ** 2)
        assert apart.vif().tolist() == pytest.approx([expected, expected]) and apart.tells_lags_apart and not together.tells_lags_apart

    def test_reliability_is_unknown_without_the_noise(self) -> None:
        model = fitted(table(), noise=None)
        assert model.corrected is None and np.isnan(model.reliability)
        with pytest.raises(DataError, match="unknown, so nothing can be corrected for it; give the answers behind each mean"):
            model.regression(corrected=True)

    def test_what_is_not_in_the_model_is_named(self) -> None:
        model = fitted(table())
        with pytest.raises(ParameterError, match="Lag 4 is not in the model; it holds 1"):
            model.term(4)
        with pytest.raises(DataError, match="The model has no lead; its lags are 1"):
            model.mean_lead(corrected=False)

    def test_a_decision_needs_ten_clusters(self) -> None:
        few = fitted(table(stores=8, periods=12)).decide(1, corrected=False)
        some = fitted(table()).decide(1, corrected=False, draws=199)
        assert few.p_value is None and few.conf_low is None and 0 < some.p_value <= 1 and some.conf_low < some.fit.value < some.conf_high


def test_terms_have_names_of_their_own() -> None:
    assert [Term("ex", k).name for k in (1, -2, 0)] == ["ex_lag1", "ex_lead2", "ex"]
