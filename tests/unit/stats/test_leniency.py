"""Agents as an instrument: against formulas written out in full, what plays no part, refusals, and sets that may have no end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import leniency as leniency_world
from voclib.stats.leniency import ConfidenceSet, Leniency, Limits, instrumented, leniency

BEFORE = list(leniency_world.COVARIATES)


def calls(seed: int = 1, **options) -> pd.DataFrame:
    return leniency_world.draw(seed, **options)[0]


def design(frame: pd.DataFrame, **options) -> Leniency:
    return leniency(frame["margin_12m"], frame["waited"], frame["agent"],
                    **{"within": frame["stratum"], "covariates": frame[BEFORE], **options})


def numbers(found: Leniency) -> list[float]:
    fits = (found.fit, found.ols, found.tsls)
    return [*(f.value for f in fits), *(f.std_error for f in fits), found.first_stage_f, found.balance_p, found.monotonicity.p_value,
            found.robust.low, found.robust.high]


def dummies(values: np.ndarray) -> np.ndarray:
    return (np.asarray(values)[:, None] == np.unique(values)[None, :]).astype(float)


def leave_out(matrix: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Predictions of each row by least squares on all other rows."""
    hat = matrix @ np.linalg.pinv(matrix)
    return (hat @ d - np.diag(hat) * d) / (1 - np.diag(hat))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return calls(1)


@pytest.fixture(scope="module")
def few() -> pd.DataFrame:
    return calls(3, stores=2, agents=20, calls=24)


class TestNumbers:
    def test_ujive_is_kolesars_formula(self, few: pd.DataFrame) -> None:
        y, d = few["margin_12m"].to_numpy(), few["waited"].to_numpy(float)
        queues = dummies(few["stratum"])
        tool = leave_out(np.column_stack([queues, dummies(few["agent"])]), d) - leave_out(queues, d)
        y_left, d_left = (v - queues @ np.linalg.pinv(queues) @ v for v in (y, d))
        found = design(few).fit
        assert found.value == pytest.approx(tool @ y_left / (tool @ d_left), rel=1e-9)
        printed = tool @ (y - y.mean()) / (tool @ d)
        assert abs(found.value - printed) < 0.1 * found.std_error, "as printed, without sweeping queues from the outcome"

    def test_without_queues_it_is_the_formula_as_printed(self, few: pd.DataFrame) -> None:
        y, d = few["margin_12m"].to_numpy(), few["waited"].to_numpy(float)
        one = np.ones((len(y), 1))
        tool = leave_out(np.column_stack([one, dummies(few["agent"])]), d) - leave_out(one, d)
        assert design(few, within=None).fit.value == pytest.approx(tool @ y / (tool @ d), rel=1e-9)

    def test_ols_and_two_stages_are_those_of_linearmodels(self, few: pd.DataFrame) -> None:
        from linearmodels.iv import IV2SLS

        y, d = few["margin_12m"], few["waited"].astype(float)
        queues, agents = dummies(few["stratum"]), dummies(few["agent"])
        agents = agents[:, [k for k in range(20) if k not in (0, 10)]]  # one agent a store is the reference
        oracle = IV2SLS(y, pd.DataFrame(queues), d.rename("waited"), pd.DataFrame(agents)).fit()
        plain = IV2SLS(y, pd.DataFrame(queues).assign(waited=d), None, None).fit()
        found = design(few)
        assert (found.tsls.value, found.ols.value) == pytest.approx((oracle.params["waited"], plain.params["waited"]))

    def test_the_first_stage_f_is_that_of_nested_regressions(self, few: pd.DataFrame) -> None:
        from statsmodels.regression.linear_model import OLS

        queues, d = dummies(few["stratum"]), few["waited"].to_numpy(float)
        agents = dummies(few["agent"])[:, [k for k in range(20) if k not in (0, 10)]]
        f, _, k = OLS(d, np.column_stack([queues, agents])).fit().compare_f_test(OLS(d, queues).fit())
        found = design(few)
        assert found.first_stage_f == pytest.approx(f) and found.strength == pytest.approx(np.sqrt(k / 2) * (f - 1))

    def test_the_error_is_a_cluster_sandwich_made_a_little_wider(self, frame: pd.DataFrame) -> None:
        y, d, queue, agent = (frame[c].to_numpy(float) for c in ("margin_12m", "waited", "stratum", "agent"))
        found = design(frame)
        y, d = (v - pd.Series(v).groupby(queue).transform("mean").to_numpy() for v in (y, d))
        by_hand = leave_out(np.column_stack([dummies(queue), dummies(agent)]), frame["waited"].to_numpy(float)) - leave_out(
            dummies(queue), frame["waited"].to_numpy(float))
        totals = pd.Series(by_hand * (y - found.fit.value * d)).groupby(agent).sum()
        plain = np.sqrt((totals**2).sum()) / abs(by_hand @ d)
        assert 1.03 < found.fit.std_error / plain < 1.20, "ten agents share a queue, which takes a tenth of a cluster's variance"
        assert found.fit.n_clusters == 80 and found.fit.df < 40

    def test_two_stages_are_pulled_towards_ols_on_the_same_calls(self) -> None:
        pairs = [(d := design(f), truth["effect_cny"]) and (d.fit.value - truth["effect_cny"], d.tsls.value - truth["effect_cny"],
                                                           d.ols.value - truth["effect_cny"])
                 for f, truth in (leniency_world.draw(seed) for seed in range(120))]
        ours, two, ols = np.mean(pairs, axis=0)
        assert abs(ours) < 7 and ols < -45 and ols < two < -9 and abs(ours) < 0.6 * abs(two), "a wait costs 120 to 160"


class TestWhatPlaysNoPart:
    def test_order_of_calls_and_names_of_agents(self, frame: pd.DataFrame) -> None:
        other = frame.sample(frac=1, random_state=2).assign(agent=lambda f: "顾问" + f["agent"].astype(str),
                                                            stratum=lambda f: f["stratum"].astype(str))
        assert numbers(design(other)) == pytest.approx(numbers(design(frame)), rel=1e-7)

    def test_what_a_queue_adds_to_everybody(self, frame: pd.DataFrame) -> None:
        lifted = frame.assign(margin_12m=frame["margin_12m"] + 500 * (frame["stratum"] % 5) + 1e4)
        assert numbers(design(lifted)) == pytest.approx(numbers(design(frame)), rel=1e-6)

    def test_fen_instead_of_yuan_and_units_of_covariates(self, frame: pd.DataFrame) -> None:
        one = design(frame)
        other = design(frame.assign(margin_12m=100 * frame["margin_12m"], prior_margin=frame["prior_margin"] * 1e5))
        assert other.fit.value == pytest.approx(100 * one.fit.value) and other.robust.low == pytest.approx(100 * one.robust.low)
        assert (other.balance_p, other.first_stage_f) == pytest.approx((one.balance_p, one.first_stage_f))

    def test_exposed_or_spared_is_the_same_question(self, frame: pd.DataFrame) -> None:
        one, other = design(frame), design(frame.assign(waited=~frame["waited"]))
        assert other.fit.value == pytest.approx(-one.fit.value) and other.fit.std_error == pytest.approx(one.fit.std_error)

    def test_covariates_adjust_nothing(self, frame: pd.DataFrame) -> None:
        one, other = design(frame), design(frame, covariates=None)
        assert other.fit.value == one.fit.value and np.isnan(other.balance_p) and other.is_balanced is None and other.refusal() is None
        assert other.monotonicity is None, "no queue here has 200 calls"


class TestRefusals:
    def test_by_lot_it_speaks(self, frame: pd.DataFrame) -> None:
        found = design(frame)
        assert found.refusal() is None and not found.is_weak and found.is_balanced
        assert (found.n, found.n_agents, found.n_left_out) == (4800, 80, 0)
        assert found.monotonicity.share == 1.0 and found.monotonicity.p_value > 0.05 and len(found.monotonicity.slopes) == 6
        assert found.fit.estimate("loss", unit="cny", rung="C5").conf_low < found.fit.value < 0

    def test_routed_calls_are_refused_for_balance(self) -> None:
        found = design(calls(2, routing=0.3))
        reason, needs = found.refusal()
        assert found.is_balanced is False and not found.is_weak
        assert "no lottery" in reason.en and "(p < 0.001)" in reason.en and "（p < 0.001）" in reason.zh
        assert "(p = 0.020)" in replace(found, balance_p=0.02).refusal()[0].en
        assert "并非随机" in reason.zh and "Queues split" in needs.en and "派单规则" in needs.zh

    def test_agents_all_alike_are_refused_for_weakness(self) -> None:
        found = replace(design(calls(2, slowness=0.0)), balance_p=0.5)
        reason, needs = found.refusal()
        assert found.is_weak and found.strength < 4 and "differ too little" in reason.en and "差别太小" in reason.zh and "4.14" in needs.en

    def test_few_agents_and_few_calls(self) -> None:
        reason, needs = design(calls(2, stores=2, agents=10, calls=200)).refusal()
        assert "Only 10 agents" in reason.en and "只有 10 名" in reason.zh and "20" in needs.en
        reason, needs = design(calls(2, calls=16)).refusal()
        assert "16 cases an agent" in reason.en and "16 单" in reason.zh and "25" in needs.zh

    def test_an_exposure_that_never_differs(self, frame: pd.DataFrame) -> None:
        for other in (frame.assign(waited=True), frame.assign(waited=frame["stratum"] % 2), frame.assign(stratum=frame["agent"])):
            found = design(other)
            reason, needs = found.refusal()
            assert found.fit is None and found.robust is None and found.is_weak and "nothing to compare" in reason.en and "没有差别" in reason.zh
            assert "different agents" in needs.en

    def test_calls_that_link_nobody_at_all(self, frame: pd.DataFrame) -> None:
        reason, _ = design(frame.assign(agent=np.arange(len(frame)))).refusal()
        assert "Only 0 agents" in reason.en
        reason, _ = design(frame.assign(agent="one")).refusal()
        assert "Only 1 agent:" in reason.en

    def test_limits_can_be_set(self, frame: pd.DataFrame) -> None:
        assert design(frame, limits=Limits(min_agents=81)).refusal() is not None
        assert design(frame, limits=Limits(min_strength=50.0)).is_weak
        assert not design(frame, limits=Limits(balance_level=0.999)).is_balanced

    def test_reversed_agents_break_monotonicity(self) -> None:
        frame = calls(5, slowness=0.2)
        rng = np.random.default_rng(0)
        slow = frame.groupby("agent")["waited"].mean()[frame["agent"]].to_numpy()
        upper = frame["tenure"] > frame["tenure"].median()
        mixed = frame.assign(waited=rng.random(len(frame)) < np.where(upper, 1 - slow, slow))
        found = design(mixed).monotonicity
        halves = {label: slope for label, slope, _ in found.slopes}
        assert halves["tenure, upper half"] < 0 and halves["tenure, lower half"] < 0, "each half is measured by the other"
        assert found.p_value < 0.01 and found.share < 1

    def test_large_queues_are_subgroups_too(self) -> None:
        found = design(calls(2, calls=120)).monotonicity
        assert sum(label.startswith("queue ") for label, _, _ in found.slopes) == 32 and found.share > 0.9


class TestCalls:
    def test_calls_that_link_nobody_are_left_out_and_counted(self, frame: pd.DataFrame) -> None:
        odd = pd.concat([frame, frame.iloc[:1].assign(stratum=999), frame.iloc[:1].assign(agent=999),
                         frame.iloc[:1].assign(agent=998, stratum=998), frame.iloc[:1].assign(agent=998, stratum=997)])
        found = design(odd)
        assert found.n_left_out == 4 and found.fit.value == pytest.approx(design(frame).fit.value)

    def test_clusters_other_than_agents(self, frame: pd.DataFrame) -> None:
        by_day = design(frame, cluster=np.arange(len(frame)) % 600)
        assert by_day.fit.value == pytest.approx(design(frame).fit.value) and by_day.fit.n_clusters == 600
        by_store = design(frame, cluster=frame["store"])
        assert by_store.fit.n_clusters == 8 and by_store.fit.df < 8 and np.isfinite(by_store.fit.std_error)


class TestConfidenceSet:
    def test_it_holds_what_it_says(self) -> None:
        assert ConfidenceSet("interval", 1.0, 2.0).holds(1.5) and not ConfidenceSet("interval", 1.0, 2.0).holds(3.0)
        assert not ConfidenceSet("outside", 1.0, 2.0).holds(1.5) and ConfidenceSet("outside", 1.0, 2.0).holds(-9.0)
        assert ConfidenceSet("everything").holds(1e9)

    def test_strong_agents_give_an_interval_about_the_estimate(self, frame: pd.DataFrame) -> None:
        found = design(frame)
        assert found.robust.kind == "interval" and found.robust.low < found.fit.value < found.robust.high

    def test_weak_agents_give_sets_without_an_end(self) -> None:
        found = [design(calls(seed, slowness=0.0)) for seed in range(25)]
        kinds = {f.robust.kind for f in found}
        assert {"outside", "everything"} <= kinds and sum(f.robust.kind == "interval" for f in found) <= 5
        assert all(f.robust.holds(f.fit.value) for f in found), "never empty"

    def test_the_ends_are_where_the_test_stops_rejecting(self, frame: pd.DataFrame) -> None:
        narrow, wide = design(frame, conf_level=0.5).robust, design(frame).robust
        assert wide.low < narrow.low < narrow.high < wide.high


class TestInstrumented:
    def study(self, n: int = 300) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(4)
        z, w, u = rng.normal(size=(n, 2)), rng.normal(size=(n, 2)), rng.normal(size=n)
        d = z @ [0.6, 0.3] + w @ [0.5, 0.0] + u + rng.normal(size=n)
        return 2 * d + w @ [1.0, -1.0] + 2 * u + rng.normal(size=n), d, z, w

    def test_it_is_linearmodels(self) -> None:
        from linearmodels.iv import IV2SLS

        y, d, z, w = self.study()
        for exposed, tools in ((d, z), (d, None)):
            model = IV2SLS(y, np.column_stack([np.ones(len(y)), w, *([] if tools is not None else [d])]), d if tools is not None else None, tools)
            at = "endog" if tools is not None else "exog.3"
            classical, robust = model.fit(cov_type="unadjusted", debiased=True), model.fit(cov_type="robust")
            ours = instrumented(y, exposed, d if tools is None else tools, controls=w, variance="classical")
            assert (ours.value, ours.std_error, ours.df) == pytest.approx((classical.params[at], classical.std_errors[at], 300 - 4))
            other = instrumented(y, exposed, d if tools is None else tools, controls=w)
            assert other.std_error == pytest.approx(robust.std_errors[at], rel=0.005)

    def test_clusters_and_repeated_controls(self) -> None:
        y, d, z, w = self.study()
        one = instrumented(y, d, z[:, 0], controls=np.column_stack([w, w[:, 0] * 3]))
        assert one.value == pytest.approx(instrumented(y, d, z[:, 0], controls=w).value)
        assert instrumented(y, d, z, cluster=np.arange(300) % 30).n_clusters == 30

    @pytest.mark.parametrize(("change", "options", "error", "words"), [
        (lambda y, d, z: (np.where(d > 0, np.nan, y), d, z), {}, DataError, "missing values"),
        (lambda y, d, z: (y, d, np.ones(len(y))), {}, DataError, "say nothing about the exposure"),
        (lambda y, d, z: (y[:-1], d, z), {}, ParameterError, "same rows"),
        (lambda y, d, z: (y, d, z), {"variance": "none"}, ParameterError, "'robust', or 'classical'"),
        (lambda y, d, z: (y, d, z), {"variance": "classical", "cluster": np.arange(300) % 9}, ParameterError, "without clusters"),
    ])
    def test_bad_input(self, change, options, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            instrumented(*change(*self.study()[:3]), **options)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"margin_12m": np.nan}, DataError, "y is missing in 4800 of 4800 rows"),
    ({"waited": np.nan}, DataError, "exposed is missing"),
    ({"agent": np.nan}, DataError, "agent is missing"),
    ({"stratum": None}, DataError, "within is missing"),
    ({"tenure": np.inf}, DataError, "covariates is missing"),
])
def test_bad_input(frame: pd.DataFrame, change: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        design(frame.assign(**change))


def test_rows_that_do_not_match(frame: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="need the same rows; there are 4800, 4800, 4800, 4799"):
        leniency(frame["margin_12m"], frame["waited"], frame["agent"][:-1], covariates=frame[BEFORE])
