"""From a table to the rows of a panel regression: lags by calendar, who falls out and why, and tables that are no panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voclib.errors import DataError, ParameterError
from voclib.stats import panel
from voclib.stats.panel import Rows, Term

ROLES = {"unit": "store", "period": "wave", "outcome": "nps"}
MARK, MIDDLE = 1000, 500  # a value says where it stood: unit·MARK + MIDDLE + period


def stamped(cells: list[tuple[int, int]]) -> pd.DataFrame:
    """Outcome and exposure whose values name their own cell; noise is a tenth of the exposure's."""
    unit, period = np.array(cells).T
    at = unit * MARK + MIDDLE + period
    return pd.DataFrame({"store": unit, "wave": period, "nps": at, "ex": at + 0.5, "ex_noise": (at + 0.5) / 10, "region": unit % 3})


def gathered(frame: pd.DataFrame, *lags: int, **options: Any) -> Rows:
    return panel.gather(frame, **ROLES, terms=[Term("ex", k) for k in lags], **options)


CELLS = st.sets(st.tuples(st.integers(0, 6), st.integers(-9, 9)), min_size=12, max_size=90)


class TestLags:
    @given(cells=CELLS, lag=st.integers(-4, 4), seed=st.integers(0, 99))
    @settings(max_examples=120, deadline=None)
    def test_a_lag_never_crosses_a_gap_or_reaches_another_unit(self, cells: set[tuple[int, int]], lag: int, seed: int) -> None:
        complete = {(u, t) for u, t in cells if (u, t - lag) in cells}
        alone = [u for u in range(7) if sum(v == u for v, _ in complete) == 1]
        expected = sorted(u * MARK + MIDDLE + t for u, t in complete if u not in alone)
        frame = stamped(sorted(cells)).sample(frac=1, random_state=seed)
        if len({y // MARK for y in expected}) < 2 or len({t for u, t in complete if u not in alone}) < 2:
            with pytest.raises(DataError, match="A change within units needs at least two of each"):
                gathered(frame, lag)
            return
        rows = gathered(frame, lag, noise={"ex": "ex_noise"})
        assert sorted(rows.y) == expected and (rows.x[:, 0] == rows.y - lag + 0.5).all()
        assert rows.noise[:, 0] == pytest.approx(rows.x[:, 0] / 10) and rows.n_dropped == len(cells) - len(rows.y)
        assert [rows.periods[p] for p in rows.period] == [int(y) % MARK - MIDDLE for y in rows.y]

    def test_one_cell_is_the_same_one_in_other_rows(self) -> None:
        rows = gathered(stamped([(u, t) for u in (3, 4) for t in range(6)]), 1, 2)
        value = {cell: x for cell, x in zip(rows.cell.ravel(), rows.x.ravel(), strict=True)}
        assert len(set(value.values())) == len(value) == 10 and (np.vectorize(value.get)(rows.cell) == rows.x).all()

    def test_by_hand_with_a_gap(self) -> None:
        frame = pd.DataFrame({"store": list("aaaabbbbccc"), "wave": [1, 2, 4, 5, 1, 2, 3, 5, 1, 2, 3],
                              "nps": [1, 2, 3, 4, 5, 6, np.nan, 8, 9, 8, 7.0],
                              "ex": [10.0, 20, 30, 40, 50, 60, 70, 80, 90, 80, 85], "promo": [0, 1, 0, 3, 0, 1, 0, 1, 0, 5, 6]})
        rows = panel.gather(frame, **ROLES, terms=[Term("ex", 1)], controls=[Term("promo")])
        # a: waves 2 and 5 have the wave before them; b: wave 2 alone, as wave 3 has no outcome and wave 4 is not there; c: waves 2 and 3
        assert rows.y.tolist() == [2, 4, 8, 7] and rows.x[:, 0].tolist() == [10, 30, 90, 80] and rows.z[:, 0].tolist() == [1, 3, 5, 6]
        assert rows.unit.tolist() == [0, 0, 1, 1] and rows.periods == (2, 3, 5) and rows.period.tolist() == [0, 2, 0, 1]
        assert rows.dropped == {"outcome": 1, "exposure": 5, "control": 0, "sampling": 0, "alone": 1}

    def test_reasons_add_up(self) -> None:
        frame = stamped([(u, t) for u in range(4) for t in range(5)]).assign(promo=1.0, spread=2.0)
        frame.loc[1, "nps"], frame.loc[7, "ex"], frame.loc[13, "promo"], frame.loc[14, "spread"] = [np.nan] * 4
        rows = panel.gather(frame.assign(wobble=np.arange(20) % 3), **ROLES, terms=[Term("ex", 1)], controls=[Term("promo"), Term("wobble")],
                            sampling="spread")
        assert rows.dropped == {"outcome": 1, "exposure": 5, "control": 1, "sampling": 1, "alone": 0} and len(rows.y) == 12
        part = rows.keep(rows.unit < 2)
        assert part.n_units == 2 and part.dropped["chosen"] == len(rows.y) - len(part.y) == part.n_dropped - rows.n_dropped


def sound(seed: int = 1) -> pd.DataFrame:
    """Six stores, eight waves."""
    rng = np.random.default_rng(seed)
    store, wave = np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)
    made = {"store": store, "wave": wave, "region": store % 2, "nps": rng.normal(20, 10, 48), "ex": rng.normal(3, 1, 48), "ex_noise": 0.1,
            "spread": 25.0, "vacancies": rng.integers(0, 4, 48)}
    return pd.DataFrame(made)


def fitted(frame: pd.DataFrame, **options: Any) -> panel.DistributedLag:
    return panel.distributed_lag(frame, **{**ROLES, "exposure": "ex", "noise": "ex_noise", **options})


def test_the_sound_table_is_sound() -> None:
    model = fitted(sound(), lags=(1, 2), controls={"vacancies": 1}, sampling="spread", cluster="region")
    assert np.isfinite(model.regression(corrected=True).coefficients).all() and model.n_clusters == 2


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], dict[str, Any], type[Exception], str]] = {
    "unit and period twice": (lambda f: pd.concat([f, f.iloc[[3]]]), {}, DataError, r"2 rows stand for a store and wave .* first 0 in 3"),
    "periods with fractions": (lambda f: f.assign(wave=f["wave"] / 2), {}, DataError, r"Periods are whole numbers.*'wave' holds float64"),
    "periods as dates": (lambda f: f.assign(wave=pd.Timestamp("2024-01-01")), {}, DataError, r"Number them from the first period on"),
    "no unit": (lambda f: f.assign(store=f["store"].where(f["store"] > 0)), {}, DataError, r"8 rows have no store or no wave"),
    "an exposure that never changes": (lambda f: f.assign(ex=3.5), {}, DataError, r"'ex_lag1' never changes \(it is 3.5 in all 42 rows\)"),
    "an exposure that stands still in every store": (lambda f: f.assign(ex=f["store"] * 0.7), {}, DataError,
                                                     r"'ex_lag1' differs between units but never changes within one of the 6"),
    "a control that stands still in every store": (lambda f: f.assign(vacancies=f["region"]), {"controls": {"vacancies": 0}}, DataError,
                                                   r"Nothing varies within units in vacancies"),
    "an exposure that is the season": (lambda f: f.assign(ex=np.sin(f["wave"]), ex_noise=0.0), {}, DataError,
                                       r"Columns repeat each other: ex_lag1 and the effects|sampling noise"),
    "a copy among the controls": (lambda f: f.assign(copy=2 * f["ex"] + 1), {"controls": {"copy": 1}}, DataError,
                                  r"Columns repeat each other: ex_lag1, copy_lag1"),
    "lags that add up": (lambda f: f.assign(trend=f["ex"] - f.groupby("store")["ex"].shift(1)), {"lags": (1, 2), "controls": {"trend": 1}}, DataError,
                         r"Columns repeat each other: ex_lag1, ex_lag2, trend_lag1"),
    "a column misspelt": (lambda f: f, {"exposure": "exx"}, ParameterError, r"There is no column 'exx'.*ex"),
    "a cluster misspelt": (lambda f: f, {"cluster": "regoin"}, ParameterError, r"There is no column 'regoin'.*region"),
    "one period": (lambda f: f[f["wave"] < 2], {}, DataError, r"6 rows|0 rows hold the outcome .* in 0 period"),
    "one unit": (lambda f: f[f["store"] == 2], {}, DataError, r"7 rows hold the outcome and ex_lag1: 1 unit\(s\) in 7 period\(s\), 1 rows left out"),
    "a negative variance": (lambda f: f.assign(ex_noise=-0.1), {}, DataError, r"A variance in ex_noise is negative"),
    "a negative sampling variance": (lambda f: f.assign(spread=-1.0), {"sampling": "spread"}, DataError, r"A variance in spread, ex_noise is neg"),
    "noise above all change": (lambda f: f.assign(ex_noise=3.0), {}, DataError, r"as large as all its change within units: .* Ask more people"),
    "a store that changes its region": (lambda f: f.assign(region=f["wave"] % 2), {"cluster": "region"}, DataError, r"6 of 6 units change their"),
    "a region with holes": (lambda f: f.assign(region=f["region"].where(f["store"] > 0)), {"cluster": "region"}, DataError,
                            r"'region' is missing in 8 of 48 rows"),
    "one region": (lambda f: f.assign(region=1), {"cluster": "region"}, DataError, r"at least 2 clusters; there is 1"),
    "the outcome explains itself": (lambda f: f, {"exposure": "nps", "lags": (0,)}, ParameterError, r"needs terms other than nps of the same"),
    "the outcome as its own control": (lambda f: f, {"controls": {"nps": 0}}, ParameterError, r"needs terms other than nps of the same period"),
    "a lag twice": (lambda f: f, {"lags": (1, 2, 1)}, ParameterError, r"lags= lists different whole numbers, not \[1, 2, 1\]"),
    "no lag": (lambda f: f, {"lags": ()}, ParameterError, r"lags= lists different whole numbers"),
    "half a lag": (lambda f: f, {"lags": (0.5,)}, ParameterError, r"lags= lists different whole numbers, not \[0.5\]"),
    "a control that is the term": (lambda f: f, {"controls": {"ex": 1}}, ParameterError, r"names of their own; given: ex_lag1, ex_lag1"),
    "words in place of numbers": (lambda f: f.assign(nps="7分"), {}, DataError, r"'nps' holds str, not numbers \(first '7分', '7分', '7分'\)"),
    "a lag longer than the panel": (lambda f: f, {"lags": (9,)}, DataError, r"0 rows hold the outcome and ex_lag9: 0 unit\(s\)"),
    "nothing in the table": (lambda f: f.iloc[:0], {}, DataError, r"The table has no rows; a panel has one row a unit and period"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_says_why(case: str) -> None:
    spoil, options, error, words = BAD[case]
    with pytest.raises(error, match=words):
        fitted(spoil(sound()), **options).regression(corrected=True)


def test_clusters_may_be_text_and_need_not_be_in_order() -> None:
    frame = sound()
    named = frame.assign(region=frame["region"].map({0: "south", 1: "east"}), store="s" + frame["store"].astype(str)).sample(frac=1, random_state=2)
    one, other = (fitted(f, cluster="region").regression(corrected=False).fit("ex_lag1") for f in (frame, named))
    assert (other.value, other.std_error, other.n_clusters) == (pytest.approx(one.value), pytest.approx(one.std_error), 2)
