"""Detectable effects and sizes against simulation and statsmodels, a pilot against generalised least squares, the gate of money."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from voclib.errors import ParameterError
from voclib.stats import power
from voclib.stats.inference import Fit, fit


class TestDetectable:
    @pytest.mark.parametrize(("chance", "alpha", "df"), [(0.8, 0.05, np.inf), (0.9, 0.01, np.inf), (0.8, 0.05, 10.0)])
    def test_an_effect_of_that_size_is_found_so_often(self, chance, alpha, df) -> None:
        rng = np.random.default_rng(1)
        error = rng.uniform(0.5, 20)
        effect = power.minimal_detectable(error, power=chance, alpha=alpha, df=df)
        noise = rng.normal(size=200_000)
        spread = np.ones(200_000) if np.isinf(df) else np.sqrt(rng.chisquare(df, 200_000) / df)
        limit = stats.norm.ppf(1 - alpha / 2) if np.isinf(df) else stats.t.ppf(1 - alpha / 2, df)
        found = (np.abs(effect + error * noise) > limit * error * spread).mean()
        assert found == pytest.approx(chance, abs=0.006 if np.isinf(df) else 0.02)

    @pytest.mark.parametrize("kind", ["half_width", "detectable"])
    def test_the_needed_number_of_customers_gives_what_was_asked(self, kind: str) -> None:
        rng = np.random.default_rng(2)
        seen = rng.lognormal(5, 0.6, 300)
        target = 0.4 * power.minimal_detectable(seen.std() / np.sqrt(300))
        n = power.needed_n(300, seen.std(ddof=1) / np.sqrt(300), target, kind=kind)
        errors = np.array([rng.lognormal(5, 0.6, n).std(ddof=1) / np.sqrt(n) for _ in range(200)])
        reached = 1.96 * errors if kind == "half_width" else power.minimal_detectable(1.0) * errors
        assert np.median(reached) == pytest.approx(target, rel=0.1)

    def test_half_the_error_takes_four_times_the_customers(self) -> None:
        one = power.needed_n(1000, 3.0, 2.0)
        assert power.needed_n(1000, 3.0, 1.0) == pytest.approx(4 * one, abs=4)
        assert power.needed_n(2000, 3.0, 2.0) == pytest.approx(2 * one, abs=2)
        assert power.needed_n(1000, 300.0, 200.0) == one, "the unit of money is nothing"
        assert power.needed_n(100, 1e-9, 5.0) == 1

    @pytest.mark.parametrize(("call", "message"), [
        (lambda: power.minimal_detectable(0.0), "std_error is above 0"), (lambda: power.minimal_detectable(1.0, power=1.0), "power is a share"),
        (lambda: power.minimal_detectable(1.0, alpha=0.0), "alpha is a share"),
        (lambda: power.needed_n(10, 1.0, 0.0), "are above 0, not 10, 1.0 and 0.0"),
        (lambda: power.needed_n(10, 1.0, 1.0, kind="width"), "'half_width' or 'detectable'"),
        (lambda: power.needed_n(10, 1.0, 1.0, conf_level=95), "conf_level is a share")])
    def test_bad_input_is_named(self, call, message) -> None:
        with pytest.raises(ParameterError, match=message):
            call()


def least_squares_error(design: np.ndarray, between: float, within: float) -> float:
    """Standard error of the effect by generalised least squares, with the covariance matrix written out."""
    stores, periods = design.shape
    x = np.column_stack([design.ravel(), np.tile(np.eye(periods), (stores, 1))])
    block = within * np.eye(periods) + between
    information = x.T @ np.linalg.solve(np.kron(np.eye(stores), block), x)
    return float(np.sqrt(np.linalg.inv(information)[0, 0]))


class TestPilot:
    @pytest.mark.parametrize("design", ["stepped", "parallel", np.array([[0, 1, 0, 1]] * 3 + [[0, 0, 1, 1]] * 9)])
    def test_the_error_is_that_of_generalised_least_squares(self, design) -> None:
        rng = np.random.default_rng(5)
        icc, sd = rng.uniform(0.01, 0.2), rng.uniform(20, 60)
        found = power.pilot(12, 4, icc=icc, sd=sd, cluster_size=50, effect=5, design=design)
        exact = least_squares_error(found.design, icc * sd**2, (1 - icc) * sd**2 / 50)
        assert found.std_error == pytest.approx(exact, rel=1e-9)

    def test_stores_cross_over_in_equal_batches_and_never_back(self) -> None:
        x = power.pilot(12, 5, icc=0.05, sd=50, cluster_size=40, effect=5).design
        assert not x[:, 0].any() and x[:, -1].all() and (np.diff(x, axis=1) >= 0).all()
        assert np.diff(x.sum(axis=0)).tolist() == [3.0] * 4
        half = power.pilot(12, 5, icc=0.05, sd=50, cluster_size=40, effect=5, design="parallel").design
        assert half.sum(axis=0).tolist() == [0, 6, 6, 6, 6]
        uneven = power.pilot(11, 4, icc=0.05, sd=50, cluster_size=40, effect=5).design
        assert sorted(np.diff(uneven.sum(axis=0))) == [3, 4, 4]

    def test_power_at_the_detectable_effect_is_what_was_asked(self) -> None:
        plan = power.pilot(20, 6, icc=0.05, sd=50, cluster_size=40, effect=1, power=0.9)
        again = power.pilot(20, 6, icc=0.05, sd=50, cluster_size=40, effect=-plan.detectable)
        assert again.power == pytest.approx(0.9, abs=0.01) and plan.power < 0.2
        more = power.pilot(40, 6, icc=0.05, sd=50, cluster_size=40, effect=1)
        assert more.std_error < plan.std_error and more.detectable < plan.detectable
        assert power.pilot(20, 6, icc=0.05, sd=50, cluster_size=40, effect=0).power == pytest.approx(0.05, abs=1e-6)

    @pytest.mark.parametrize(("change", "message"), [
        ({"stores": 3}, "at least 4 stores and 2 periods, not 3 and 4"), ({"periods": 1}, "2 periods"), ({"icc": 1.0}, r"icc lies in \[0, 1\)"),
        ({"design": "wedge"}, "'stepped', 'parallel' or an array"), ({"design": np.ones((2, 2))}, r"shape \(2, 2\)"),
        ({"design": np.tile([0, 1, 1, 1], (12, 1))}, "cannot be separated from the calendar"), ({"periods": 2, "design": "stepped"}, "calendar")])
    def test_bad_input_is_named(self, change, message) -> None:
        with pytest.raises(ParameterError, match=message):
            power.pilot(**{"stores": 12, "periods": 4, "icc": 0.05, "sd": 50.0, "cluster_size": 40, "effect": 5.0, **change})


def amount(value: float, error: float) -> Fit:
    return Fit(value=value, std_error=error, n=2000)


class TestGateOfMoney:
    def test_it_takes_both_a_vague_and_a_large_error(self) -> None:
        assert power.priced(amount(3e6, 2e6), materiality=5e5).is_priced, "half-width 3.9 M is below twice the amount"
        assert power.priced(amount(1e5, 2e5), materiality=5e5).is_priced, "half-width 0.4 M does not matter"
        assert not power.priced(amount(1e6, 2e6), materiality=5e5).is_priced
        assert not power.priced(amount(-1e6, 2e6), materiality=5e5).is_priced, "a loss is judged by its size"
        assert power.priced(amount(1e6, 2e6), materiality=5e5, width_factor=4.0).is_priced

    @pytest.mark.parametrize(("value", "target"), [(1e6, 1e6), (1e5, 5e5)])
    def test_the_needed_customers_bring_the_error_down_to_the_larger_of_amount_and_materiality(self, value, target) -> None:
        found = power.priced(amount(value, 2e6), materiality=5e5)
        assert found.needed_n > found.n == 2000
        shrunk = amount(value, 2e6 * np.sqrt(2000 / found.needed_n))
        again = power.priced(shrunk, materiality=5e5)
        assert again.is_priced and again.half_width == pytest.approx(target, rel=1e-3)

    def test_it_says_why_and_how_many_in_both_languages(self) -> None:
        found = power.priced(amount(1e6, 2e6), materiality=5e5, n=1500)
        assert "Cannot be priced from 1,500 customers: half the range is 3.9 times the amount" in found.reason.en and "¥500,000" in found.reason.zh
        shown = f"{power.rounded_up(found.needed_n):,}"
        assert found.needs.en == f"About {shown} customers." and found.needs.zh == f"约 {shown} 名客户。"
        assert "dwarfs the amount" in power.priced(amount(0.0, 2e6), materiality=5e5).reason.en

    def test_a_heavy_tail_is_withheld_however_narrow(self) -> None:
        found = power.priced(amount(3e6, 1e5), materiality=5e5, tail_index=1.6)
        assert not found.is_priced and found.needed_n is None and "index 1.6, below 2" in found.reason.en and "尾指数 1.6" in found.reason.zh
        assert "quantiles" in found.needs.en
        assert power.priced(amount(3e6, 1e5), materiality=5e5, tail_index=2.4).is_priced
        assert power.priced(amount(3e6, 1e5), materiality=5e5, tail_index=1.6, min_tail_index=1.5).is_priced

    def test_students_t_is_wider(self) -> None:
        few = fit(1e6, np.repeat([-5.0, 5.0], 10) * 1e6, n=20, cluster=np.repeat(np.arange(4), 5))
        found = power.priced(few, materiality=1.0)
        assert found.half_width == pytest.approx(stats.t.ppf(0.975, few.df) * few.std_error)

    def test_numbers_are_rounded_up_to_two_digits(self) -> None:
        assert [power.rounded_up(n) for n in (7, 99, 101, 12_001, 120_000)] == [7, 99, 110, 13_000, 120_000]

    @pytest.mark.parametrize("change", [{"materiality": 0.0}, {"width_factor": -1.0}])
    def test_bad_input_is_named(self, change) -> None:
        with pytest.raises(ParameterError, match="are above 0"):
            power.priced(amount(1.0, 1.0), **{"materiality": 1.0, **change})
