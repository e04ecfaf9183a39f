"""Returns as distributions: closed forms, month-by-month bookkeeping, a preposterior analysis by brute force, and the prior on associations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from voclib.errors import ParameterError
from voclib.stats import inference, roi
from voclib.stats.inference import Fit

RNG = np.random.default_rng(20)
EFFECT = Fit(value=float(RNG.uniform(50, 70)), std_error=float(RNG.uniform(15, 25)), n=1800)
SHARE = Fit(value=0.6, std_error=0.05, n=90)
PLAIN = {"effect": EFFECT, "units": 1000.0, "cost": 40_000.0, "discount_rate": 0.0}
FULL = {**PLAIN, "reach": 0.8, "adherence": SHARE, "margin_share": Fit(value=0.4, std_error=0.02, n=50), "cost": Fit(value=9000, std_error=1500, n=5),
        "running_cost": 150.0, "horizon_months": 30, "discount_rate": 0.08, "ramp_months": 4, "decay": 0.03}


def simulated(level: int = 3, credibility: float = 0.5, draws: int = 10_000, **inputs) -> roi.Roi:
    return roi.simulate(roi.Inputs(**inputs), evidence_level=level, credibility=credibility, draws=draws, seed=7)


def normal_evpi(mean: float, spread: float) -> float:
    """E[max(0, X)] − max(0, E X) of a normal X."""
    z = mean / spread
    return mean * stats.norm.cdf(z) + spread * stats.norm.pdf(z) - max(mean, 0.0)


def by_month(effect: float, cost: float) -> float:
    """NPV of FULL, month by month."""
    worth = -cost
    for month in range(1, 31):
        reached = min(month / 4, 1.0)
        gain = 1000 * 0.8 * reached * 0.6 * 0.4 * effect / 12 * 0.97 ** (month - 1)
        worth += (gain - 150) / 1.08 ** (month / 12)
    return worth


class TestBookkeeping:
    def test_it_is_the_sum_over_months(self) -> None:
        inputs = roi.Inputs(**FULL)
        for effect, cost in ((0.0, 9000.0), (80.0, 5000.0), (-20.0, 100.0)):
            assert inputs.npv(inputs.means() | {"effect": effect, "cost": cost})[0] == pytest.approx(by_month(effect, cost), rel=1e-12)

    def test_the_naive_number_takes_everything_at_its_estimate(self) -> None:
        found = simulated(1, **FULL)
        assert found.naive == pytest.approx(by_month(EFFECT.value, 9000))
        assert found.estimate("npv").value < found.naive, "half of the time the association is no effect"

    def test_break_even_is_the_root(self) -> None:
        found = simulated(**FULL)
        root = optimize.brentq(lambda effect: by_month(effect, 9000), 0, 10_000)
        assert found.break_even == pytest.approx(root, rel=0.01)
        there = simulated(**{**FULL, "effect": replace(EFFECT, value=found.break_even)})
        assert abs(there.estimate("npv").value) < 0.01 * there.estimate("npv").std_error and there.p_positive == pytest.approx(0.5, abs=0.03)
        assert simulated(**{**PLAIN, "reach": 0.0}).break_even == np.inf

    def test_break_even_is_exact_where_only_the_effect_is_uncertain(self) -> None:
        assert simulated(**PLAIN).break_even == pytest.approx(40.0, rel=1e-12)


class TestDraws:
    def test_a_normal_effect_gives_the_normal_answers(self) -> None:
        found = simulated(**PLAIN)
        mean, spread = 1000 * EFFECT.value - 40_000, 1000 * EFFECT.std_error
        said = found.estimate("npv", rung="level 3")
        assert (said.value, said.std_error) == pytest.approx((mean, spread), rel=1e-3)
        assert (said.conf_low, said.conf_high) == pytest.approx((mean - 1.96 * spread, mean + 1.96 * spread), rel=2e-3)
        assert (said.unit, said.evidence_level, said.seed, said.n, said.rung) == ("cny", 3, 7, 1800, "level 3")
        assert found.p_positive == pytest.approx(stats.norm.cdf(mean / spread), abs=1e-3)
        narrow = found.estimate("npv", conf_level=0.5)
        assert narrow.conf_high - narrow.conf_low == pytest.approx(2 * 0.67449 * spread, rel=2e-3)

    def test_marginals_have_the_moments_of_their_estimates(self) -> None:
        draws = simulated(**FULL).draws
        for name, given in (("effect", EFFECT), ("adherence", SHARE), ("cost", FULL["cost"]), ("margin_share", FULL["margin_share"])):
            assert (draws[name].mean(), draws[name].std()) == pytest.approx((given.value, given.std_error), rel=0.01), name
        assert draws["adherence"].between(0, 1).all() and (draws["cost"] > 0).all()
        few = simulated(**{**PLAIN, "effect": replace(EFFECT, df=5.0)}).draws["effect"]
        assert np.quantile(few, 0.975) == pytest.approx(EFFECT.value + stats.t.ppf(0.975, 5) * EFFECT.std_error, rel=0.01)

    def test_correlated_inputs_stay_correlated(self) -> None:
        together = simulated(**{**PLAIN, "adherence": SHARE, "correlation": {("adherence", "effect"): -0.7}})
        assert together.draws[["effect", "adherence"]].corr().iloc[0, 1] == pytest.approx(-0.7, abs=0.02)
        apart = simulated(**{**PLAIN, "adherence": SHARE})
        assert together.estimate("x").std_error < apart.estimate("x").std_error

    def test_the_correlation_of_two_estimates_comes_from_their_customers(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=(500, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
        one, two = (inference.fit(v.mean(), v - v.mean(), n=500) for v in x.T)
        assert roi.correlation(one, two) == pytest.approx(np.corrcoef(x.T)[0, 1])
        with pytest.raises(ParameterError, match="two fits over the same rows"):
            roi.correlation(one, EFFECT)

    def test_the_seed_decides(self) -> None:
        inputs = roi.Inputs(**FULL)
        one, two, other = (roi.simulate(inputs, evidence_level=1, seed=s) for s in (1, 1, 2))
        assert one.draws.equals(two.draws) and not one.draws.equals(other.draws)
        assert one.estimate("x").value == pytest.approx(other.estimate("x").value, abs=0.05 * one.estimate("x").std_error)

    def test_the_unit_of_money_is_nothing(self) -> None:
        fen = {**FULL, "effect": EFFECT.times(100), "cost": FULL["cost"].times(100), "running_cost": 15_000.0}
        assert simulated(**fen).estimate("x").value == pytest.approx(100 * simulated(**FULL).estimate("x").value)
        assert simulated(**fen).p_positive == simulated(**FULL).p_positive


class TestCredibility:
    def test_an_association_counts_as_causal_by_half(self) -> None:
        tried, seen = simulated(3, **PLAIN), simulated(2, **PLAIN)
        assert (tried.credibility, seen.credibility) == (1.0, 0.5)
        assert seen.draws["causal"].mean() == pytest.approx(0.5, abs=1e-3) and tried.draws["causal"].all()
        assert seen.p_positive == pytest.approx(0.5 * tried.p_positive, abs=0.01)
        assert seen.estimate("x").value == pytest.approx(0.5 * 1000 * EFFECT.value - 40_000, rel=0.02)
        assert simulated(0, 0.2, **PLAIN).p_positive == pytest.approx(0.2 * tried.p_positive, abs=0.01)

    def test_it_is_said(self) -> None:
        assert simulated(4, **PLAIN).prior is None
        said = simulated(1, 0.3, **PLAIN).prior
        assert "probability 30%" in said.en and "30%" in said.zh

    @pytest.mark.parametrize("errors", [1.5, 3.0])
    def test_a_programme_that_does_nothing_seldom_looks_worth_it(self, errors: float) -> None:
        """Over repeated estimates of a true zero P(NPV > 0) averages ½·P(N(0, 2) > break-even in standard errors)."""
        rng, chances = np.random.default_rng(3), []
        for estimate in rng.normal(0, EFFECT.std_error, 300):
            inputs = {**PLAIN, "effect": replace(EFFECT, value=float(estimate)), "cost": errors * 1000 * EFFECT.std_error}
            chances.append(simulated(1, draws=500, **inputs).p_positive)
        assert np.mean(chances) == pytest.approx(0.5 * stats.norm.sf(errors / np.sqrt(2)), abs=0.02)
        assert np.mean(chances) <= 0.10


class TestWhatItHangsOn:
    def test_the_tornado_moves_one_input_at_a_time(self) -> None:
        frame = simulated(**FULL).tornado().set_index("input")
        assert list(frame.index)[0] == "effect" and set(frame.index) == {"effect", "adherence", "margin_share", "cost"}
        ends = EFFECT.value + np.array([-1, 1]) * 1.6449 * EFFECT.std_error
        assert frame.loc["effect", ["low", "high"]].tolist() == pytest.approx(list(ends), rel=0.01)
        assert frame.loc["effect", "npv_low"] == pytest.approx(by_month(frame.loc["effect", "low"], 9000))
        assert frame.loc["cost", "npv_high"] < frame.loc["cost", "npv_low"]
        assert 0.8 < frame["share"].sum() < 1.02 and frame["share"].is_monotonic_decreasing

    def test_shares_of_variance_are_those_of_a_sum(self) -> None:
        cost = Fit(value=40_000, std_error=12_000, n=5)
        frame = simulated(**{**PLAIN, "cost": cost}).tornado().set_index("input")
        whole = (1000 * EFFECT.std_error) ** 2 + 12_000**2
        assert frame["share"].to_dict() == pytest.approx({"effect": (1000 * EFFECT.std_error) ** 2 / whole, "cost": 12_000**2 / whole}, abs=0.02)

    def test_whether_the_effect_is_causal_is_an_input_too(self) -> None:
        row = simulated(1, **PLAIN).tornado().set_index("input").loc["causal"]
        assert (row["npv_low"], row["npv_high"]) == pytest.approx((-40_000, 1000 * EFFECT.value - 40_000))
        assert row["share"] > 0.5

    def test_the_density_leaves_room_for_the_outcome_of_no_effect(self) -> None:
        found = simulated(1, **PLAIN)
        frame = found.density()
        assert found.atom == pytest.approx((-40_000, 0.5), abs=1e-3)
        assert np.trapezoid(frame["density"], frame["npv"]) == pytest.approx(0.5, abs=0.01)
        above = frame[frame["is_positive"]]
        assert np.trapezoid(above["density"], above["npv"]) == pytest.approx(found.p_positive, abs=0.01) and (above["npv"] > 0).all()
        tried = simulated(3, **PLAIN)
        assert tried.atom is None and np.trapezoid(*tried.density()[["density", "npv"]].to_numpy().T) == pytest.approx(1, abs=0.01)
        assert simulated(1, **{**PLAIN, "cost": Fit(value=9, std_error=1, n=5)}).atom is None, "an uncertain cost spreads it"
        with pytest.raises(ParameterError, match="same in every draw"):
            simulated(**{**PLAIN, "effect": replace(EFFECT, std_error=0.0)}).density()


def brute_force(inputs: roi.Inputs, credibility: float, pilot_se: float, runs: int = 400_000) -> float:
    """EVSI of a plain programme: draw truths and pilots, group pilots that came out alike, and start where the group's mean NPV is above zero."""
    rng = np.random.default_rng(8)
    truth = np.where(rng.random(runs) < credibility, rng.normal(inputs.effect.value, inputs.effect.std_error, runs), 0.0)
    seen, npv = truth + pilot_se * rng.normal(size=runs), inputs.units * truth - inputs.cost
    groups = (np.argsort(np.argsort(seen)) * 400) // runs
    gains = np.bincount(groups, npv) / np.bincount(groups)
    return float(np.maximum(gains, 0).mean() - max(npv.mean(), 0))


class TestInformation:
    @pytest.mark.parametrize("cost", [20_000.0, 60_000.0, 95_000.0])
    def test_knowing_everything_is_worth_what_the_formula_says(self, cost: float) -> None:
        found = simulated(**{**PLAIN, "cost": cost})
        exact = normal_evpi(1000 * EFFECT.value - cost, 1000 * EFFECT.std_error)
        assert found.evpi == pytest.approx(exact, rel=0.01) and found.evpi_effect == pytest.approx(exact, rel=1e-4)

    @pytest.mark.parametrize("pilot_se", [5.0, 20.0, 60.0])
    def test_a_pilot_is_worth_the_normal_formula(self, pilot_se: float) -> None:
        found = simulated(**{**PLAIN, "cost": 65_000.0})
        kept = EFFECT.std_error**2 / np.hypot(EFFECT.std_error, pilot_se)  # spread of the posterior mean before the pilot (Raiffa & Schlaifer)
        assert found.evsi(pilot_se) == pytest.approx(normal_evpi(1000 * EFFECT.value - 65_000, 1000 * kept), rel=1e-3)

    @pytest.mark.parametrize(("credibility", "pilot_se"), [(0.5, 15.0), (0.5, 40.0), (0.3, 25.0)])
    def test_with_a_spike_it_is_what_brute_force_finds(self, credibility: float, pilot_se: float) -> None:
        inputs = roi.Inputs(**{**PLAIN, "cost": 30_000.0})
        found = roi.simulate(inputs, evidence_level=1, credibility=credibility, seed=1)
        assert found.evsi(pilot_se) == pytest.approx(brute_force(inputs, credibility, pilot_se), rel=0.03)

    @pytest.mark.parametrize("level", [1, 3])
    def test_a_pilot_is_never_worth_more_than_knowing_and_nothing_if_it_shows_nothing(self, level: int) -> None:
        found = simulated(level, **{**PLAIN, "cost": 45_000.0})
        worth = [found.evsi(se) for se in (1e-3, 0.5, 5, 20, 80, 400, 1e5)]
        assert all(a >= b for a, b in zip(worth, worth[1:], strict=False)) and worth[0] <= found.evpi_effect * (1 + 1e-4)
        assert worth[0] == pytest.approx(found.evpi_effect, rel=1e-3) == found.evpi and worth[-1] < 1e-3 * worth[0]

    def test_other_doubts_are_not_the_pilots_to_settle(self) -> None:
        found = simulated(**FULL)
        assert found.evsi(1e-3) == pytest.approx(found.evpi_effect, rel=1e-3) and found.evpi_effect < found.evpi
        linked = simulated(**{**FULL, "correlation": {("effect", "adherence"): 0.5}})
        known = np.polynomial.polynomial.polyval(linked.draws["effect"], np.polynomial.polynomial.polyfit(
            linked.draws["effect"], linked.draws["npv"], 2))
        assert linked.evpi_effect == pytest.approx(np.maximum(known, 0).mean() - max(known.mean(), 0), rel=0.05)

    def test_the_cost_of_the_pilot_decides(self) -> None:
        found = simulated(1, **PLAIN)
        worth = found.evsi(20.0)
        cheap, dear = found.pilot(20.0, cost=worth / 2), found.pilot(20.0, cost=2 * worth)
        assert cheap.is_worth_it and cheap.net == pytest.approx(worth / 2) and cheap.ceiling == found.evpi_effect
        assert not dear.is_worth_it and dear.net == pytest.approx(-worth)

    @pytest.mark.parametrize("pilot_se", [0.0, -1.0, np.inf])
    def test_a_pilot_has_an_error(self, pilot_se: float) -> None:
        with pytest.raises(ParameterError, match="pilot_se is the standard error"):
            simulated(**PLAIN).evsi(pilot_se)


@pytest.mark.parametrize(("change", "message"), [
    ({"units": 0}, "units, horizon_months and effect_months are above 0"), ({"reach": 1.2}, "reach is a share from 0 to 1, not 1.2"),
    ({"cost": -1.0}, "cost is at least 0"), ({"cost": Fit(value=0.0, std_error=1.0, n=3)}, "uncertain but zero"),
    ({"adherence": Fit(value=0.5, std_error=0.6, n=3)}, "no share can be that uncertain"), ({"cost": np.nan}, "cost is not a finite number"),
    ({"effect": replace(EFFECT, df=1.5)}, "1.5 degrees of freedom"),
    ({"adherence": SHARE, "correlation": {("effect", "adherance"): 0.1}}, "did you mean 'adherence'"),
    ({"correlation": {("effect", "cost"): 0.1}}, "'cost', which is not an uncertain input")])
def test_bad_inputs_are_named(change, message) -> None:
    with pytest.raises(ParameterError, match=message):
        roi.Inputs(**{**PLAIN, **change})


@pytest.mark.parametrize(("change", "message"), [
    ({"level": 5}, "0 to 4, not 5"), ({"credibility": 0.0}, "a probability above 0"), ({"draws": 10}, "draws at least 100"),
    ({"adherence": SHARE, "reach": SHARE, "correlation": {("effect", "reach"): 0.9, ("effect", "adherence"): 0.9, ("reach", "adherence"): -0.9}},
     "contradict each other"), ({"adherence": SHARE, "correlation": {("effect", "adherence"): 1.5}}, "contradict each other")])
def test_bad_simulations_are_named(change, message) -> None:
    with pytest.raises(ParameterError, match=message):
        simulated(**{**PLAIN, **change})
