"""Calibrated risks: what is learned and when, ranking, calibration and lists against references, and everything that raises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, roc_auc_score

from voclib.errors import DataError, ParameterError
from voclib.stats import risk

DAYS = pd.to_datetime(["2026-01-31", "2026-04-30", "2026-07-31"])


def world(seed: int = 1, *, n: int = 1200) -> pd.DataFrame:
    """Three landmarks of the same customers; two predictors, one of which matters."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in DAYS:
        x = rng.normal(size=(n, 2))
        parts.append(pd.DataFrame({"customer_id": [f"C{i}" for i in range(n)], "landmark_on": day, "ends_on": day + pd.Timedelta(days=80),
                                   "seen_on": day, "x": x[:, 0], "z": x[:, 1], "left": (rng.random(n) < expit(-2 + x[:, 0])).astype(float)}))
    return pd.concat(parts, ignore_index=True)


def assessed(frame: pd.DataFrame, **more) -> risk.Tested:
    options = {"outcome": "left", "known_on": {"x": "seen_on", "z": "seen_on"}, "test_on": [DAYS[2]], "cluster": "customer_id", **more}
    return risk.calibrated_risk(frame, **options)


@pytest.fixture(scope="module")
def some() -> tuple[np.ndarray, np.ndarray]:
    """Risks with ties, and outcomes."""
    rng = np.random.default_rng(7)
    p = expit(rng.normal(-1.5, 1, 800)).round(2).clip(0.01, 0.99)
    return p, (rng.random(800) < p).astype(float)


class TestLearning:
    def test_the_model_learns_from_windows_that_had_ended(self) -> None:
        found = assessed(world())
        assert found.models[0].n == 2400 and len(found.risk) == 1200 and (found.rows["landmark_on"] == DAYS[2]).all()
        assert risk.auc(found.risk, found.outcome).value > 0.65
        first = assessed(world(), test_on=[DAYS[1]])
        assert first.models[0].n == 1200, "the second landmark's own window had not ended"

    @pytest.mark.parametrize("method", ["platt", "isotonic"])
    def test_order_and_names_change_nothing(self, method: str) -> None:
        frame = world()
        names = {c: f"Z{99999 - int(c[1:]):05d}" for c in frame["customer_id"].unique()}
        other = frame.assign(customer_id=frame["customer_id"].map(names)).sample(frac=1, random_state=3).reset_index(drop=True)
        one, two = assessed(frame, method=method), assessed(other, method=method)
        mine = pd.Series(one.risk, one.rows["customer_id"].map(names)).sort_index()
        theirs = pd.Series(two.risk, two.rows["customer_id"]).sort_index()
        assert np.abs(mine.to_numpy() - theirs.to_numpy()).max() < 1e-9

    def test_what_is_known_too_late_raises(self) -> None:
        frame = world().assign(late=lambda f: f["left"], late_on=lambda f: f["ends_on"], some_on=lambda f: f["seen_on"].where(f["x"] > 0))
        with pytest.raises(DataError, match="'late' was known in 3600 rows only after the landmark .column 'late_on'.: it would leak"):
            assessed(frame, known_on={"x": "seen_on", "late": "late_on"})
        with pytest.raises(DataError, match="'x' was known on no day that is stated"):
            assessed(frame, known_on={"x": "some_on"})

    def test_missing_values_count_as_average(self) -> None:
        model = risk.train(world(), outcome="left", predictors=("x", "z"), cluster="customer_id")
        rows = pd.DataFrame({"x": [np.nan, model.centre[0]], "z": [0.3, 0.3]})
        assert model.predict(rows)[0] == pytest.approx(model.predict(rows)[1])
        assert model.contributions(rows)[0, 0] == 0 and model.events == int(world()["left"].sum()) and model.leavers < model.events

    def test_noise_is_never_ranked_backwards(self) -> None:
        frame = world()
        frame["left"] = np.random.default_rng(5).permutation(frame["left"].to_numpy())
        model = risk.train(frame, outcome="left", predictors=("x", "z"), cluster="customer_id")
        assert model.platt[1] >= 0

    @pytest.mark.parametrize(("more", "error", "message"), [
        ({"known_on": {"xx": "seen_on"}}, ParameterError, "no column 'xx'; did you mean 'x'"),
        ({"method": "plat"}, ParameterError, "no calibration 'plat'; did you mean 'platt'"),
        ({"test_on": [DAYS[0]]}, DataError, "Test day 2026-01-31: no window had ended by then"),
        ({"test_on": [pd.Timestamp("2026-02-28")]}, DataError, "no row has this landmark. Landmarks: 2026-01-31, 2026-04-30"),
    ])
    def test_what_is_refused(self, more: dict, error: type, message: str) -> None:
        with pytest.raises(error, match=message):
            assessed(world(), **more)

    def test_windows_and_outcomes_must_make_sense(self) -> None:
        with pytest.raises(DataError, match="ends on or before its landmark"):
            assessed(world().assign(ends_on=lambda f: f["landmark_on"]))
        with pytest.raises(DataError, match="is 0 in all 2400 rows to train on"):
            assessed(world().assign(left=0.0))
        with pytest.raises(ParameterError, match="no predictor 'x'"):
            risk.train(world(), outcome="left", predictors=("x",), cluster="customer_id").predict(pd.DataFrame({"y": [1.0]}))
        with pytest.raises(DataError, match="customers cannot be split into 5 folds"):
            risk.train(world(n=4), outcome="left", predictors=("x",), cluster="customer_id")


class TestAgainstReferences:
    def test_auc_and_its_variance(self, some) -> None:
        p, y = some
        found = risk.auc(p, y)
        assert found.value == pytest.approx(roc_auc_score(y, p), abs=1e-12)
        wins = (p[y > 0][:, None] > p[y == 0][None, :]) + 0.5 * (p[y > 0][:, None] == p[y == 0][None, :])
        delong = wins.mean(axis=1).var(ddof=1) / len(wins) + wins.mean(axis=0).var(ddof=1) / wins.shape[1]
        assert found.std_error == pytest.approx(np.sqrt(delong), rel=0.01)

    def test_rows_counted_twice_in_a_cluster_add_nothing(self, some) -> None:
        p, y = some
        twice = risk.auc(np.tile(p, 2), np.tile(y, 2), cluster=np.tile(np.arange(len(p)), 2))
        assert twice.value == pytest.approx(risk.auc(p, y).value) and twice.std_error == pytest.approx(risk.auc(p, y).std_error, rel=0.01)

    def test_calibration_is_a_logit_of_the_outcome_on_the_log_odds(self, some) -> None:
        p, y = some
        found, z = risk.calibration(p, y), logit(p)
        fitted = sm.GLM(y, sm.add_constant(z), family=sm.families.Binomial()).fit(cov_type="HC0")
        assert found.slope.value == pytest.approx(fitted.params[1], abs=1e-6) and found.slope.std_error == pytest.approx(fitted.bse[1], rel=0.01)
        large = sm.GLM(y, np.ones(len(y)), offset=z, family=sm.families.Binomial()).fit(cov_type="HC0")
        assert found.intercept.value == pytest.approx(large.params[0], abs=1e-6)
        assert found.intercept.std_error == pytest.approx(large.bse[0], rel=0.01) and found.ratio.value == pytest.approx(y.mean() / p.mean())

    def test_what_was_learned_by_chance_widens_the_range(self, some) -> None:
        p, y = some
        plain, wide = risk.calibration(p, y), risk.calibration(p, y, trained=int(y.sum()))
        assert wide.ratio.std_error == pytest.approx(np.sqrt(2) * plain.ratio.std_error) and wide.ratio.value == plain.ratio.value

    def test_flat_risks_have_no_slope(self, some) -> None:
        assert risk.calibration(np.full(800, 0.2), some[1]).slope is None

    def test_skill(self, some) -> None:
        p, y = some
        assert risk.brier_skill(p, y).value == pytest.approx(1 - brier_score_loss(y, p) / y.var())
        assert risk.brier_skill(y, y).value == 1 and risk.brier_skill(np.full(len(y), y.mean()), y).value == pytest.approx(0)


class TestLists:
    def test_bands_add_up_and_hold_the_observed(self, some) -> None:
        p, y = some
        table = risk.bands(p, y)
        assert table["n"].sum() == len(p) and table["events"].sum() == y.sum()
        filled = table[table["n"] > 0]
        assert filled["observed"].between(filled["conf_low"], filled["conf_high"]).all()
        assert filled["predicted"].between(filled["risk_from"], filled["risk_to"]).all()
        with pytest.raises(ParameterError, match="edges rise from 0 to 1"):
            risk.bands(p, y, edges=(0, 0.5))

    def test_ties_share_the_last_places(self) -> None:
        w = risk.listed([0.9, 0.5, 0.5, 0.5, 0.1], 2)
        assert w.tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])
        with pytest.raises(ParameterError, match="A list holds 1 to 2 of 2 rows, not 3"):
            risk.listed([0.1, 0.2], 3)

    def test_precision_lift_and_gain(self, some) -> None:
        p, y = some
        w = risk.listed(p, 100)
        share = risk.precision(w, y)
        assert share.n == 100 and share.value == pytest.approx((w * y).sum() / 100)
        assert risk.lift(w, y).value == pytest.approx(share.value / y.mean()) and risk.lift(np.ones(800), y).std_error == pytest.approx(0, abs=1e-12)
        assert risk.gain(w, w, y).value == 0 and risk.gain(w, w, y).std_error == 0
        assert risk.gain(w, risk.listed(-p, 100), y).value > 0.2
        assert risk.auc_gain(p, p, y).std_error == 0

    def test_a_call_pays_from_a_risk_on(self) -> None:
        value, threshold = risk.call_value([0.0, 0.05, 0.2], margin_cny=8000, kept_share=0.1, cost_cny=40)
        assert value.tolist() == pytest.approx([-40, 0, 120]) and threshold == pytest.approx(0.05)
        for wrong in ({"margin_cny": 0}, {"kept_share": 1.2}, {"cost_cny": -1}):
            with pytest.raises(ParameterError, match="are above zero and kept_share lies in"):
                risk.call_value([0.1], **{"margin_cny": 8000, "kept_share": 0.1, "cost_cny": 40, **wrong})

    @pytest.mark.parametrize(("p", "y", "message"), [
        ([0.1, 0.2], [0, 0], "happened in 0 of 2 rows"), ([0.1, np.nan], [0, 1], "without missing values"), ([0.1], [0, 1], "of one length"),
        ([0.1, 0.2], [0, 2], "the outcome 0 or 1")])
    def test_what_cannot_be_judged(self, p: list, y: list, message: str) -> None:
        with pytest.raises(DataError, match=message):
            risk.auc(p, y)
