"""ICC, agreement and reliability of change against loops and dense algebra, their invariances, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import climate
from voclib.stats import reliability


def once(seed: int = 1, units: int = 12, sizes: tuple[int, int] = (1, 15), effect: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Answers and units of unequal size."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rng.integers(*sizes, size=units))
    return 3 + effect * rng.normal(size=units)[unit] + rng.normal(size=len(unit)), unit


def waves(seed: int = 2, stores: int = 9, periods: int = 5) -> pd.DataFrame:
    """Answers of DGP A with cells of any size, some empty, some of one; a store seen once."""
    frames, _ = climate.draw(seed, stores=stores, periods=periods, burn_in=3)
    answers, rng = frames["employees"], np.random.default_rng(seed)
    kept = answers[rng.random(len(answers)) < rng.uniform(0.1, 1, stores)[answers["unit_id"]]]
    return kept[(kept["unit_id"] > 0) | (kept["period"] == 2)].reset_index(drop=True)


def one_by_one(y: np.ndarray, unit: np.ndarray, wave: np.ndarray | None = None) -> tuple[float, float, float]:
    """ICC(1), ICC(2) and n0 by loops."""
    wave = np.zeros(len(y)) if wave is None else wave
    between = within = weight = 0.0
    cells = 0
    for w in np.unique(wave):
        of = wave == w
        for u in np.unique(unit[of]):
            own = y[of & (unit == u)]
            between += len(own) * (own.mean() - y[of].mean()) ** 2
            within += ((own - own.mean()) ** 2).sum()
            weight += len(own) - len(own) ** 2 / of.sum()
            cells += 1
    df = cells - len(np.unique(wave))
    msb, msw, k = between / df, within / (len(y) - cells), weight / df
    return (msb - msw) / (msb + (k - 1) * msw), 1 - msw / msb, k


class TestAggregation:
    def test_it_is_the_loop_for_unequal_sizes(self) -> None:
        y, unit = once()
        found = reliability.aggregation(y, unit)
        assert (found.icc1, found.icc2, found.typical_n) == pytest.approx(one_by_one(y, unit), rel=1e-10)
        assert (found.n_units, found.n_cells, found.n_answers) == (12, 12, len(y))
        assert found.icc1_low < found.icc1 < found.icc1_high and found.icc2_low < found.icc2 < found.icc2_high

    def test_mean_squares_are_those_of_statsmodels(self) -> None:
        y, unit = once(3)
        table = anova_lm(ols("y ~ C(unit)", pd.DataFrame({"y": y, "unit": unit})).fit())
        msb, msw = table["mean_sq"]
        k = len(y) / 12
        found = reliability.aggregation(y, unit, size="mean")
        assert found.icc1 == pytest.approx((msb - msw) / (msb + (k - 1) * msw)) and found.icc2 == pytest.approx(1 - msw / msb)
        assert found.typical_n == k and found.ci_method == "exact F"

    def test_equal_sizes_have_the_interval_of_shrout_and_fleiss(self) -> None:
        y, unit = once(4, sizes=(7, 8))
        table = anova_lm(ols("y ~ C(unit)", pd.DataFrame({"y": y, "unit": unit})).fit())
        ratio, df = table["F"].iloc[0], table["df"].to_numpy()
        low, high = (ratio / stats.f.ppf(tail, *df) for tail in (0.95, 0.05))
        found = reliability.aggregation(y, unit, conf_level=0.9)
        assert (found.icc1_low, found.icc1_high) == pytest.approx(((low - 1) / (low + 6), (high - 1) / (high + 6)), rel=1e-8)
        assert (found.icc2_low, found.icc2_high) == pytest.approx((1 - 1 / low, 1 - 1 / high), rel=1e-8)

    def test_limits_of_unequal_sizes_are_where_generalised_least_squares_meets_f(self) -> None:
        y, unit = once(5)
        dummies = pd.get_dummies(unit, dtype=float).to_numpy()
        within = float(sum(((y[unit == u] - y[unit == u].mean()) ** 2).sum() for u in np.unique(unit)))
        df = (11, len(y) - 12)
        found = reliability.aggregation(y, unit)
        for rho, tail in ((found.icc1_low, 0.975), (found.icc1_high, 0.025)):
            inverse = np.linalg.inv(np.eye(len(y)) + rho / (1 - rho) * dummies @ dummies.T)
            left = y - (inverse.sum(axis=0) @ y) / inverse.sum()
            assert (left @ inverse @ left - within) / df[0] / (within / df[1]) == pytest.approx(stats.f.ppf(tail, *df), rel=1e-6)

    def test_order_names_and_units_of_measurement_do_not_matter(self) -> None:
        y, unit = once(6)
        found = reliability.aggregation(y, unit)
        mixed = np.random.default_rng(0).permutation(len(y))
        named = pd.Series(unit).map(lambda u: f"门店 {(7 * u) % 12}")
        for again in (reliability.aggregation(y[mixed], unit[mixed]), reliability.aggregation(40 + 25 * y, named.to_numpy()[:]),
                      reliability.aggregation(pd.Series(y), named)):
            assert again.tidy()[["estimate", "conf_low", "conf_high"]].to_numpy() == pytest.approx(
                found.tidy()[["estimate", "conf_low", "conf_high"]].to_numpy(), rel=1e-8)
            assert again.pseudo_icc1 == pytest.approx(found.pseudo_icc1, rel=1e-8)
        assert list(found.tidy()["measure"]) == ["icc1", "icc2"]

    def test_regroupings_scatter_about_zero_as_chance_does(self) -> None:
        y, unit = once(7, units=50, sizes=(12, 13))
        found = reliability.aggregation(y, unit, draws=2000)
        df = (49, 550)
        ratio = stats.f.ppf(0.95, *df)
        assert found.pseudo_icc1 == pytest.approx((ratio - 1) / (ratio + 11), rel=0.1)
        assert found.pseudo_icc1 == reliability.aggregation(y, unit, draws=2000).pseudo_icc1
        assert found.pseudo_icc1 != reliability.aggregation(y, unit, draws=2000, seed=1).pseudo_icc1
        assert found.is_shared and not replace(found, icc1_low=found.pseudo_icc1).is_shared

    def test_units_less_different_than_chance_are_below_zero(self) -> None:
        found = reliability.aggregation(np.tile([1.0, 2.0, 4.0, 5.0], 6), np.repeat(np.arange(6), 4))
        assert found.icc1 == pytest.approx(-1 / 3) == found.icc1_low and not found.is_shared
        assert (found.icc2, found.icc2_low) == (0, 0)

    def test_units_that_differ_beyond_all_noise_stay_below_one(self) -> None:
        y, unit = once(8, sizes=(2, 9), effect=1e5)
        found = reliability.aggregation(y, unit)
        assert 0.999 < found.icc1_low < found.icc1 < found.icc1_high <= 1

    def test_strata_are_swept_out_at_the_cost_of_their_degrees_of_freedom(self) -> None:
        answers = waves()
        y, unit, wave = (answers[c].to_numpy() for c in ("value", "unit_id", "period"))
        found = reliability.aggregation(y, unit, within=wave)
        assert (found.icc1, found.icc2, found.typical_n) == pytest.approx(one_by_one(y, unit, wave), rel=1e-10)
        assert found.n_cells == len(answers.groupby(["unit_id", "period"])) and found.n_units == answers["unit_id"].nunique()
        shifted = reliability.aggregation(y + 5 * wave, unit, within=wave)
        assert shifted.icc1 == pytest.approx(found.icc1) and shifted.icc1_high == pytest.approx(found.icc1_high)
        assert shifted.pseudo_icc1 == pytest.approx(found.pseudo_icc1)

    def test_the_interval_within_strata_leaves_out_one_unit_at_a_time(self) -> None:
        answers = waves(4)
        y, unit, wave = (answers[c].to_numpy() for c in ("value", "unit_id", "period"))
        found = reliability.aggregation(y, unit, within=wave)
        names, k = np.unique(unit), found.typical_n
        left = np.array([one_by_one(y[unit != u], unit[unit != u], wave[unit != u])[0] for u in names])
        z, centre = (np.log((1 + (k - 1) * r) / (1 - r)) for r in (left, found.icc1))
        reach = stats.t.ppf(0.975, len(names) - 1) * np.sqrt((len(names) - 1) * z.var())
        for limit, side in ((found.icc1_low, -1), (found.icc1_high, 1)):
            assert np.log((1 + (k - 1) * limit) / (1 - limit)) == pytest.approx(centre + side * reach, rel=1e-8)
        assert found.ci_method == "jackknife over units"

    @pytest.mark.parametrize(("values", "unit", "options", "error", "message"), [
        ([1.0, np.nan, 2, np.inf], [1, 1, 2, 2], {}, DataError, "Answers are missing in 2 of 4 rows"),
        ([1.0, 2, 3, 4], [1, 1, None, 2], {}, DataError, "unit is missing in 1 of 4 rows"),
        ([1.0, 2, 3, 4], [1, 1, 2, 2], {"within": ["a", None, "a", "a"]}, DataError, "within is missing in 1 of 4 rows"),
        ([], [], {}, DataError, "no answers"),
        ([3.0] * 4, [1, 1, 2, 2], {}, DataError, "Every answer is 3; constant"),
        ([1.0, 2, 3, 4], ["a"] * 4, {}, DataError, "from one unit"),
        ([1.0, 2, 3, 4], [1, 2, 3, 4], {}, DataError, "Each of the 4 cells has one answer"),
        ([1.0, 1, 4, 4], [1, 1, 2, 2], {}, DataError, "never differ within a unit"),
        ([1.0, 2, 3, 5], [1, 1, 2, 2], {"within": [1, 1, 1, 1]}, DataError, "There are 2 units; .* at least 3"),
        ([1.0, 2, 3, 5, 1, 1], [1, 1, 2, 2, 3, 3], {"within": [1, 1, 1, 1, 2, 2]}, DataError, "no stratum holds two"),
        ([1.0, 2, 3, 4], [1, 1, 2], {}, ParameterError, "unit has 3 rows and the answers have 4"),
        ([1.0, 2, 3, 4], [1, 1, 2, 2], {"size": "means"}, ParameterError, "did you mean 'mean'"),
        ([1.0, 2, 3, 4], [1, 1, 2, 2], {"draws": 5}, ParameterError, "at least 20")])
    def test_bad_input_is_named(self, values, unit, options, error, message) -> None:
        with pytest.raises(error, match=message):
            reliability.aggregation(values, unit, **options)


def scale(seed: int = 1, units: int = 15, items: int = 4, effect: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Answers on five points; some units of one."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rng.integers(1, 9, size=units))
    level = 3.4 + effect * rng.normal(size=units)[unit, None] + rng.normal(scale=1.1, size=(len(unit), items))
    return np.clip(np.round(level), 1, 5), unit


class TestAgreement:
    def test_a_worked_example(self) -> None:
        half = np.tile([[3.0], [4.0]], (1, 10))  # variance ½ on every item
        found = reliability.agreement(np.vstack([half, [[1.0] * 10, [5.0] * 10]]), ["a", "a", "b", "b"], points=5)
        assert found.values == pytest.approx([7.5 / 7.75, 0]), "10·(1 − ¼)/(10·(1 − ¼) + ¼); a variance of 8 is beyond the null's 2"
        alone = reliability.agreement([3.0, 4, 1, 5], ["a", "a", "b", "b"], points=5)
        assert alone.values == pytest.approx([1 - 0.5 / 2, 0]) and alone.n_items == 1

    @pytest.mark.parametrize("null", ["uniform", "slight skew"])
    def test_it_is_the_loop(self, null: str) -> None:
        x, unit = scale(2)
        found, expected = reliability.agreement(x, unit, points=5, null=null), {"uniform": 2.0, "slight skew": 1.34}[null]
        by_hand = []
        for u in np.unique(unit):
            own = x[unit == u]
            if len(own) > 1:
                q = own.var(axis=0, ddof=1).mean() / expected
                value = 4 * (1 - q) / (4 * (1 - q) + q)
                by_hand.append((u, len(own), value if 0 <= value <= 1 else 0.0))
        assert found.table().to_numpy() == pytest.approx(np.array(by_hand))
        values = found.table()["r_wg"]
        assert (found.median, found.share) == pytest.approx((values.median(), (values >= 0.7).mean()))
        assert found.n_single == (np.bincount(unit) == 1).sum() > 0 and found.null_variance == expected
        assert (values == 0).any() == (null == "slight skew"), "beyond the null's variance is none"

    def test_the_skewed_null_is_harder(self) -> None:
        x, unit = scale(3)
        even, skewed = (reliability.agreement(x, unit, points=5, null=null) for null in ("uniform", "slight skew"))
        assert (even.values >= skewed.values).all() and even.median > skewed.median

    def test_pseudo_units_are_the_same_answers_dealt_out(self) -> None:
        x, unit = scale(4, units=60, effect=0.0)
        found = reliability.agreement(x, unit, points=5)
        sizes, rng = np.bincount(unit), np.random.default_rng(5)
        medians = []
        for _ in range(300):
            dealt, start, own = rng.permutation(x), np.cumsum(sizes) - sizes, []
            for s, n in zip(start, sizes, strict=True):
                if n > 1:
                    q = min(dealt[s:s + n].var(axis=0, ddof=1).mean() / 2, 1)
                    own.append(4 * (1 - q) / (4 * (1 - q) + q))
            medians.append(np.median(own))
        assert found.pseudo_median == pytest.approx(np.mean(medians), abs=0.01)
        assert found.pseudo_high == pytest.approx(np.quantile(medians, 0.95), abs=0.01)
        assert abs(found.share - found.pseudo_share) < 0.15 and not found.is_shared

    def test_units_that_are_alike_agree_more_than_regrouped_ones(self) -> None:
        x, unit = scale(5, units=60, effect=1.0)
        found = reliability.agreement(x, unit, points=5)
        assert found.is_shared and found.pseudo_share < found.share

    def test_order_and_names_do_not_matter(self) -> None:
        x, unit = scale(6)
        found, mixed = reliability.agreement(x, unit, points=5), np.random.default_rng(0).permutation(len(x))
        again = reliability.agreement(pd.DataFrame(x[mixed] + 10), [f"u{14 - u:02d}" for u in unit[mixed]], points=5)
        assert again.values[::-1] == pytest.approx(found.values) and again.pseudo_high == pytest.approx(found.pseudo_high)
        assert again.units[0] == f"u{14 - found.units[-1]:02d}"

    @pytest.mark.parametrize(("items", "unit", "options", "error", "message"), [
        ([[1.0, 2], [np.nan, 3], [2, 2]], [1, 1, 2], {}, DataError, "missing in 1 of 3 rows"),
        ([[3.0, 3]] * 3, [1, 1, 2], {}, DataError, "constant"),
        ([[1.0, 2], [7, 3], [2, 2]], [1, 1, 2], {}, DataError, "run from 1 to 7, beyond a scale of 5 points"),
        ([[1.0, 2], [4, 3]], [1, 1], {}, DataError, "from one unit"),
        ([[1.0, 2], [4, 3]], [1, 2], {}, DataError, "Each of the 2 units has one answer"),
        ([[1.0, 2], [4, 3]], [1], {}, ParameterError, "unit has 1 rows and the answers have 2"),
        ([[1.0, 2], [4, 3]], [1, 1], {"null": "slight_skew"}, ParameterError, "did you mean 'slight skew'"),
        ([[1.0, 2], [4, 3]], [1, 1], {"points": 4, "null": "slight skew"}, ParameterError, "tabulated for 5 to 11 response points, not for 4"),
        ([[1.0, 2], [4, 3]], [1, 1], {"points": 1}, ParameterError, "whole number from 2 on, not 1"),
        ([[1.0, 2], [4, 3]], [1, 1], {"draws": 1}, ParameterError, "at least 20")])
    def test_bad_input_is_named(self, items, unit, options, error, message) -> None:
        with pytest.raises(error, match=message):
            reliability.agreement(items, unit, **{"points": 5, **options})


NAMES = {"unit": "unit_id", "period": "period", "value": "value"}


def dense(answers: pd.DataFrame) -> tuple[float, float, float, int]:
    """λ, both sums and the free cells, by a residual-maker written out."""
    cell = answers.groupby(["unit_id", "period"])["value"].agg(["mean", "size", "var"]).reset_index()
    pooled = ((cell["size"] - 1) * cell["var"].fillna(0)).sum() / (cell["size"] - 1).sum()
    noise = (cell["var"].fillna(pooled) / cell["size"]).to_numpy()
    x = pd.get_dummies(cell[["unit_id", "period"]].astype(str), dtype=float).to_numpy()
    maker = np.eye(len(x)) - x @ np.linalg.pinv(x)
    left = maker @ cell["mean"].to_numpy()
    squares, error = left @ left, np.diag(maker) @ noise
    return 1 - error / squares, squares / np.trace(maker), error / np.trace(maker), int((np.diag(maker) > 1e-9).sum())


class TestCells:
    def test_means_and_noise_are_those_of_groups(self) -> None:
        answers = waves(5)
        found = reliability.cells(answers, **NAMES, at_least=3)
        by = answers.groupby(["unit_id", "period"])["value"]
        sizes, kept = by.size(), by.agg(["mean", "size", "var"])[by.size() >= 3].reset_index()
        assert found.frame[["unit_id", "period", "mean", "n"]].to_numpy() == pytest.approx(kept[["unit_id", "period", "mean", "size"]].to_numpy())
        assert found.frame["noise"].to_numpy() == pytest.approx((kept["var"] / kept["size"]).to_numpy())
        assert (found.suppressed_cells, found.suppressed_answers) == ((sizes < 3).sum(), sizes[sizes < 3].sum()) and (sizes < 3).any()
        assert found.at_least == 3 and len(found.frame) + found.suppressed_cells == len(sizes)

    def test_small_cells_leave_no_trace(self) -> None:
        answers = waves(5)
        small = answers.groupby(["unit_id", "period"])["value"].transform("size") < 5
        assert small.any() and not small.all()
        wild = answers.assign(value=answers["value"].where(~small, answers["value"] + 1e6))
        first, second = (reliability.cells(a, **NAMES).frame for a in (answers, wild))
        pd.testing.assert_frame_equal(first, second)

    def test_a_cell_of_one_takes_the_pooled_variance(self) -> None:
        answers = pd.DataFrame({"unit_id": list("aabbbc"), "period": "2026-01", "value": [1.0, 3, 2, 2, 5, 4]})
        found = reliability.cells(answers, **NAMES, at_least=1).frame
        assert found["noise"].to_numpy() == pytest.approx([2 / 2, 3 / 3, (2 + 6) / 3]) and list(found["unit_id"]) == ["a", "b", "c"]

    @pytest.mark.parametrize(("changes", "options", "error", "message"), [
        ({"value": [1.0, np.nan, 2, 3]}, {}, DataError, "missing in 1 of 4"),
        ({"period": [1, None, 1, 2]}, {}, DataError, "'period' is missing in 1 of 4"),
        ({}, {"at_least": 3}, DataError, "None of the 2 cells has 3 answers, the largest has 2"),
        ({"unit_id": [1, 2, 3, 4]}, {"at_least": 1}, DataError, "Each of the 4 cells has one answer"),
        ({}, {"at_least": 0}, ParameterError, "1 or more, not 0"),
        ({}, {"unit": "unit"}, ParameterError, "no column 'unit' .* did you mean 'unit_id'")])
    def test_bad_input_is_named(self, changes, options, error, message) -> None:
        answers = pd.DataFrame({"unit_id": [1, 1, 2, 2], "period": [1, 1, 1, 1], "value": [1.0, 2, 3, 5], **changes})
        with pytest.raises(error, match=message):
            reliability.cells(answers, **{**NAMES, "at_least": 2, **options})


class TestChange:
    @pytest.mark.parametrize("seed", [2, 3, 4])
    def test_it_is_the_residual_maker_written_out(self, seed: int) -> None:
        answers = waves(seed)
        found, (value, observed, noise, cells) = reliability.change(answers, **NAMES), dense(answers)
        assert found.raw == pytest.approx(value, rel=1e-9) and found.value == max(found.raw, 0)
        assert found.sd_observed**2 == pytest.approx(observed) and found.sd_true**2 == pytest.approx(max(observed - noise, 0), abs=1e-12)
        sizes = answers.groupby(["unit_id", "period"]).size().loc[1:]  # store 0 is seen once and shows no change
        assert (found.n_cells, found.n_single) == (cells, (sizes == 1).sum()) and found.n_single > 0
        assert found.median_n == sizes.median() and found.n_units == 8

    def test_periods_that_no_unit_links_do_not_disturb(self) -> None:
        answers = waves(3)
        apart = answers.assign(period=np.where(answers["unit_id"] % 2, answers["period"], answers["period"] + 100))
        assert reliability.change(apart, **NAMES).raw == pytest.approx(dense(apart)[0], rel=1e-9)

    def test_a_unit_seen_once_changes_nothing(self) -> None:
        answers = waves(3)
        assert (answers["unit_id"] == 0).sum() > 1
        first, second = (reliability.change(a, **NAMES, at_least=2) for a in (answers, answers[answers["unit_id"] > 0]))
        pd.testing.assert_frame_equal(first.tidy(), second.tidy())
        assert (first.n_units, first.n_cells, first.median_n) == (second.n_units, second.n_cells, second.median_n)

    @pytest.mark.parametrize(("whole", "close"), [(False, 0.05), (True, 0.01)])
    def test_the_interval_is_near_that_of_fitting_again_without_each_unit(self, whole: bool, close: float) -> None:
        answers = climate.draw(7, stores=25, periods=6)[0]["employees"] if whole else waves(7, stores=25, periods=6)
        answers = answers[answers["unit_id"] > 0]
        found, names = reliability.change(answers, **NAMES), answers["unit_id"].unique()
        z = np.array([np.log(1 - dense(answers[answers["unit_id"] != u])[0]) for u in names])
        reach = stats.t.ppf(0.975, len(z) - 1) * np.sqrt((len(z) - 1) * z.var())
        assert np.log(1 - found.raw) - np.log(1 - found.conf_high) == pytest.approx(reach, rel=close)
        assert found.conf_low == pytest.approx(max(1 - (1 - found.raw) ** 2 / (1 - found.conf_high), 0)) and (found.conf_low > 0) == whole

    def test_what_units_or_periods_have_for_good_is_swept_out(self) -> None:
        answers = waves(3)
        found = reliability.change(answers, **NAMES)
        day = pd.Timestamp("2026-01-01") + pd.to_timedelta(answers["period"], "D")
        moved = answers.assign(value=7 + 10 * (answers["value"] + answers["unit_id"] ** 2 - 3 * answers["period"]), period=day,
                               unit_id="s" + answers["unit_id"].astype(str))
        again = reliability.change(moved.sample(frac=1, random_state=1), **NAMES)
        pd.testing.assert_frame_equal(again.tidy(), found.tidy())
        assert (again.sd_observed, again.sd_true) == pytest.approx((10 * found.sd_observed, 10 * found.sd_true))

    def test_small_cells_can_be_left_out_first(self) -> None:
        answers = waves(7, stores=20)
        large = answers.groupby(["unit_id", "period"])["value"].transform("size") >= 4
        found = reliability.change(answers, **NAMES, at_least=4)
        assert found == reliability.change(answers[large], **NAMES) != reliability.change(answers, **NAMES) and found.n_single == 0

    def test_noise_larger_than_all_change_is_no_measure(self) -> None:
        rng = np.random.default_rng(1)
        unit, period = (np.repeat(a.ravel(), 4) for a in np.indices((12, 4)))
        value = np.tile([-3.0, -1, 1, 3], 48) + 0.2 * rng.normal(size=192)  # cells more alike than four such answers can be
        found = reliability.change(pd.DataFrame({"unit_id": unit, "period": period, "value": value}), **NAMES)
        assert found.raw < 0 and (found.value, found.sd_true, found.conf_low, found.conf_high) == (0, 0, 0, 0)
        assert not found.is_measurable and found.sd_observed > 0 and reliability.change(waves(7, stores=25), **NAMES).is_measurable

    @pytest.mark.parametrize(("units", "periods", "value", "message"), [
        ([1, 1, 1, 1, 2, 2, 2, 2], [1, 1, 2, 2] * 2, [1.0, 2, 3, 5, 2, 3, 1, 4], "2 units have two cells or more .* at least 3"),
        ([1, 1, 2, 2, 3, 3], [1] * 6, [1.0, 2, 3, 4, 6, 5], "0 units have two cells or more"),
        ([1, 1, 2, 2, 3, 3] * 2, [1] * 6 + [2] * 6, [1.0, 1, 2, 2, 3, 3, 4, 4, 1, 1, 5, 5], "never differ within a cell"),
        ([1, 1, 2, 2, 3, 3] * 2, [1] * 6 + [2] * 6, [1.0, 3, 2, 4, 3, 5, 2, 4, 3, 5, 4, 6], "do not change within units beyond"),
        ([1, 1, 2, 2, 3, 3] * 2, [1] * 6 + [2] * 6, [1.0, 9, 4, 4, 4, 4, 1, 9, 4, 4, 5, 5], "One of the 3 units holds all"),
        ([1, 1, 2, 2], [1, 2, 1, 2], [1.0, 2, 3, 5], "Each of the 4 cells has one answer"),
        ([1, 1, 2, 2], [1, 2, 1, 2], [2.0] * 4, "Every answer is 2")])
    def test_bad_input_is_named(self, units, periods, value, message) -> None:
        with pytest.raises(DataError, match=message):
            reliability.change(pd.DataFrame({"unit_id": units, "period": periods, "value": value}), **NAMES)

    def test_a_million_answers_take_less_than_two_seconds(self) -> None:
        unit, period = (np.repeat(a.ravel(), 8) for a in np.indices((2000, 60)))
        rng = np.random.default_rng(1)
        value = rng.normal(size=120_000).repeat(8) + rng.normal(size=len(unit))
        answers = pd.DataFrame({"unit_id": pd.Series([f"s{u}" for u in range(2000)])[unit].to_numpy(), "period": period, "value": value})
        start = perf_counter()
        found = reliability.change(answers, **NAMES)
        assert perf_counter() - start < 2 and found.value == pytest.approx(8 / 9, abs=0.005) and found.n_cells == 120_000
