"""Pooled, between and within: by hand and against libraries, what noise does to their gap, lines of single stores, what more data would buy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.errors import DataError
from voclib.simulate.worlds import climate
from voclib.stats import inference, panel
from voclib.stats.panel import DistributedLag, Rows, Slopes, Term

NAMES = {"unit": "unit_id", "period": "period", "outcome": "nps", "exposure": "ex"}


def model(seed: int = 1, *, thin: float = 0.0, lags: tuple[int, ...] = (1,), sampling: bool = False, **options: Any) -> DistributedLag:
    """A distributed lag on DGP A, a share `thin` of whose rows are missing."""
    frames, _ = climate.draw(seed, **{"stores": 40, "periods": 10, **options})
    frame, answers = frames["panel"], frames["employees"]["value"].to_numpy()
    up, down, n = frame["promoters"] / frame["n_customers"], frame["detractors"] / frame["n_customers"], frame["n_customers"]
    frame = frame.assign(ex_noise=answers.reshape(len(frame), -1).var(axis=1, ddof=1) / frame["n_employees"],
                         nps_sampling=(1e4 * (up + down - (up - down) ** 2) / n).mean())
    return panel.distributed_lag(frame.sample(frac=1 - thin, random_state=seed), **NAMES, lags=lags, noise="ex_noise",
                                 sampling="nps_sampling" if sampling else None)


def compared(seed: int = 1, **options: Any) -> tuple[Slopes, Rows]:
    rows = model(seed, **options).rows
    return panel.slopes(rows), rows


def means(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exposure, outcome and number of rows by unit."""
    count = np.bincount(rows.unit)
    return np.bincount(rows.unit, rows.x[:, 0]) / count, np.bincount(rows.unit, rows.y) / count, count


@pytest.mark.parametrize("thin", [0.0, 0.3])
class TestThreeSlopes:
    def test_pooled_is_what_textbook_software_prints(self, thin: float) -> None:
        found, rows = compared(thin=thin)
        line, x = stats.linregress(rows.x[:, 0], rows.y), rows.x[:, 0]
        assert (found.pooled.value, found.pooled.std_error, found.pooled.df) == pytest.approx((line.slope, line.stderr, len(x) - 2))
        pearson = stats.pearsonr(x, rows.y)
        assert (found.correlation, *pearson.confidence_interval(0.95)) == pytest.approx((pearson.statistic, found.correlation_low,
                                                                                         found.correlation_high))
        assert found.rank_correlation == pytest.approx(stats.spearmanr(x, rows.y).statistic)

    def test_between_is_that_of_means_and_within_that_of_the_model(self, thin: float) -> None:
        found, rows = compared(thin=thin)
        x, y, _ = means(rows)
        assert found.between.value == pytest.approx(stats.linregress(x, y).slope)
        inside = inference.regress(model(thin=thin).plain, method="CRV1").fit("ex_lag1")
        assert (found.within.value, found.within.std_error, found.within.df) == pytest.approx((inside.value, inside.std_error, inside.df), rel=1e-8)

    def test_the_gap_is_one_less_the_other_without_noise(self, thin: float) -> None:
        found, rows = compared(thin=thin)
        x, y, count = means(rows)
        noise = (1 - 1 / len(x)) * (np.bincount(rows.unit, rows.noise[:, 0]) / count**2).sum()
        between = ((x - x.mean()) @ y) / (((x - x.mean()) ** 2).sum() - noise)
        assert found.between_true == pytest.approx(between) and found.between_true > found.between.value
        assert found.within_true == pytest.approx(model(thin=thin).regression(corrected=True).fit("ex_lag1").value)
        assert found.gap.value == pytest.approx(found.between_true - found.within_true) and found.gap.df == rows.n_units - 1

    def test_its_error_is_the_jackknife_over_stores(self, thin: float) -> None:
        plain = replace(model(thin=thin).rows, noise=None)
        found, groups = panel.slopes(plain), plain.n_units
        assert (found.between_true, found.within_true) == pytest.approx((found.between.value, found.within.value))
        left = []
        for out in range(groups):
            rows = plain.keep(plain.unit != out)
            x, y, _ = means(rows)
            columns = np.column_stack([rows.x, np.eye(rows.n_units)[rows.unit], np.eye(len(rows.periods))[rows.period]])
            left.append(np.polyfit(x, y, 1)[0] - np.linalg.lstsq(columns, rows.y, rcond=None)[0][0])
        pseudo = (groups - 1) * (found.gap.value - np.array(left))
        assert found.gap.influence == pytest.approx(pseudo - pseudo.mean(), rel=1e-6, abs=1e-6)
        assert found.gap.std_error == pytest.approx(np.std(left, ddof=0) * np.sqrt(groups - 1), rel=1e-6)


class TestSimpson:
    def test_opposite_signs_are_told_and_the_same_slope_is_not(self) -> None:
        opposite, same = compared(slope=-3.0, between=9.0, stores=80)[0], compared(slope=3.0, between=2.4, stores=80)[0]
        assert opposite.is_simpson and opposite.gap_p < 0.001 and not same.is_simpson
        assert opposite.correlation_low > 0 > opposite.within.value, "the scatter rises while every store falls"

    def test_a_flat_slope_that_noise_made_is_none(self) -> None:
        found, rows = compared(2, slope=3.0, between=2.4, stores=200, employees=5, icc=0.1)
        measured = panel.slopes(replace(rows, noise=None))
        assert measured.is_simpson and not found.is_simpson and found.within.value == measured.within.value < 0.5 * measured.between.value

    def test_noise_that_leaves_nothing_between_stores_leaves_them_as_measured(self) -> None:
        rows = model().rows
        x, _, _ = means(rows)
        alike = replace(rows, x=rows.x - x[rows.unit][:, None] + 0.01 * x[rows.unit][:, None])
        found = panel.slopes(alike)
        assert found.between_true == pytest.approx(found.between.value) and found.gap.method == "between minus within, CRV3"
        assert panel.slopes(rows).gap.method == "between minus within, noise taken off, CRV3"

    def test_three_stores_are_too_few(self) -> None:
        with pytest.raises(DataError, match="needs at least 4 of them; there are 3"):
            compared(stores=3)

    def test_the_table_holds_all_four(self) -> None:
        found, _ = compared()
        told = found.tidy().set_index("term")
        assert told.index.tolist() == ["pooled", "between", "within", "gap"] and told.loc["gap", "estimate"] == found.gap.value


def small(paths: dict[str, list[tuple[int, float, float]]]) -> Rows:
    """Rows of (period, x, y) by unit."""
    frame = pd.DataFrame([(u, t, x, y) for u, path in paths.items() for t, x, y in path], columns=["u", "t", "x", "y"])
    return panel.gather(frame, unit="u", period="t", outcome="y", terms=[Term("x")])


class TestLines:
    def test_exact_lines_with_slopes_of_their_own_are_kept(self) -> None:
        rows = small({"a": [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 1, 1)], "b": [(0, 0, 5), (1, 1, 8), (2, 2, 11), (3, 1, 8)]})
        lines = panel.unit_lines(rows, 2.0).set_index("unit")
        assert lines["n"].tolist() == [4, 4] and lines[["x0", "x1"]].to_numpy().tolist() == [[0, 2], [0, 2]]
        assert lines["y_mean"].tolist() == pytest.approx([1, 8]) and lines["slope"].tolist() == pytest.approx([1, 3], abs=0.01)
        assert (lines["y1"] - lines["y0"]).tolist() == pytest.approx((2 * lines["slope"]).tolist())

    def test_stores_with_the_same_slope_get_the_common_one_and_different_ones_keep_most_of_theirs(self) -> None:
        rng = np.random.default_rng(1)
        unit, period = np.repeat(np.arange(60), 12), np.tile(np.arange(12), 60)
        x, spread = rng.normal(size=720), {}
        for name, sd in (("same", 0.0), ("different", 2.0)):
            own = 3 + sd * rng.normal(size=60)
            frame = pd.DataFrame({"u": unit, "t": period, "x": x, "y": 20 + 5 * np.sin(period) + own[unit] * x + rng.normal(size=720)})
            rows = panel.gather(frame, unit="u", period="t", outcome="y", terms=[Term("x")])
            lines = panel.unit_lines(rows, 3.0)
            raw = np.array([np.polyfit(x[unit == u], frame["y"][unit == u] - 5 * np.sin(period[unit == u]), 1)[0] for u in range(60)])
            spread[name] = lines["slope"].std(), np.corrcoef(lines["slope"], raw)[0, 1] if sd else 1.0
            assert np.abs(lines["slope"] - 3).max() <= np.abs(raw - 3).max() + 0.1
        assert spread["same"][0] < 0.1 and spread["different"][0] == pytest.approx(2.0, rel=0.2) and spread["different"][1] > 0.98

    def test_seasons_do_not_tilt_lines_where_stores_come_late(self) -> None:
        rng = np.random.default_rng(2)
        paths = {f"s{u}": [(t, x, 10.0 * u + 4.0 * t + 2.0 * x) for t, x in enumerate(rng.normal(size=10)) if t >= u % 5] for u in range(12)}
        lines = panel.unit_lines(small(paths), 2.0)
        assert lines["slope"].to_numpy() == pytest.approx(np.full(12, 2.0)), "levels of stores that come late are no season"

    def test_a_store_that_never_moves_gets_the_common_slope(self) -> None:
        rows = small({"a": [(0, 1, 3), (1, 1, 4), (2, 1, 2)], "b": [(0, 0, 0), (1, 1, 2), (2, 2, 3)], "c": [(0, 2, 7), (1, 0, 1), (2, 1, 5)]})
        lines = panel.unit_lines(rows, 1.5).set_index("unit")
        assert lines.loc[0, "slope"] == 1.5 and lines.loc[0, "x0"] == lines.loc[0, "x1"] and np.isfinite(lines.to_numpy()).all()

    def test_two_rows_a_store_leave_nothing_to_tell_chance_by(self) -> None:
        rows = small({"a": [(0, 0, 0), (1, 1, 9)], "b": [(0, 0, 4), (1, 2, 4)], "c": [(0, 1, 1), (1, 2, 0)]})
        assert panel.unit_lines(rows, 1.5)["slope"].tolist() == [1.5, 1.5, 1.5]


class TestMore:
    def test_detectable_is_found_with_the_power_it_says(self) -> None:
        for df, power in ((np.inf, 0.8), (59.0, 0.8), (11.0, 0.9)):
            effect = panel.detectable(0.7, df, power=power)
            shift, edge = effect / 0.7, inference.quantile(0.95, df)
            shifted = stats.norm.sf(edge - shift) if np.isinf(df) else stats.t.sf(edge - shift, df)
            assert shifted == pytest.approx(power, abs=1e-9)
        assert panel.detectable(0.7, np.inf) / 0.7 == pytest.approx(2.8, abs=0.01)

    def test_doubling_is_what_doubling_brings(self) -> None:
        base = {"stores": 40, "periods": 10, "employees": 6, "customers": 40, "slope": 3.0}

        def error(**more: int) -> float:
            fits = [(m := model(seed, sampling=True, **{**base, **more})).regression(corrected=True).fit(m.term(1)) for seed in range(25)]
            return float(np.median([panel.detectable(f.std_error, f.df) for f in fits]))

        told = pd.concat([panel.doubled(model(seed, sampling=True, **base), 1) for seed in range(25)]).groupby("kind")["detectable"].median()
        drawn = {"now": error(), "stores": error(stores=80), "periods": error(periods=20), "employees": error(employees=12),
                 "customers": error(customers=80)}
        assert told[list(drawn)].to_numpy() == pytest.approx(np.array(list(drawn.values())), rel=0.12), (told, drawn)
        assert all(drawn[kind] < 0.95 * drawn["now"] for kind in list(drawn)[1:])

    def test_what_is_unknown_is_left_out(self) -> None:
        whole = panel.doubled(model(sampling=True), 1)
        bare = panel.doubled(replace(model(), corrected=None), 1)
        assert whole["kind"].tolist() == ["now", "stores", "periods", "employees", "customers"]
        assert bare["kind"].tolist() == ["now", "stores", "periods"] and bare["n"].tolist() == [40, 80, 18]
