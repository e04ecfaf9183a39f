"""Can the recorded times be believed? Order, closing in bulk, and closings that pile up just before the limit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.loop.clocks import MOMENTS

BULK = 10  # closings in one minute, by one department, from which on they were hardly done one by one
BINS, SHARE = 5, 0.05  # bins on either side of the limit, each this share of it
FEWEST = 60  # closings near the limit below which no pile can be told from chance
WEEK = 168.0  # hours after which the rhythm of an office repeats


@dataclass(frozen=True, kw_only=True)
class Pile:
    """Closings around the limit: `before` in the last bin before it, where `expected` would follow from its neighbours on both sides.

    `jump` is by what factor the density falls at the limit and `p_value` that it does not; NaN where fewer than `FEWEST` lie near it, or times are
    recorded too coarsely to tell. `width` is in hours.
    """

    before: int
    expected: float
    jump: float
    p_value: float
    n: int
    width: float


def out_of_order(cases: pd.DataFrame) -> int:
    """Cases in which a later step (opened, assigned, responded, resolved) is recorded before an earlier one."""
    wrong = pd.Series(False, cases.index)
    for k, early in enumerate(MOMENTS):
        for late in MOMENTS[k + 1:]:
            wrong |= (cases[late] < cases[early]).fillna(False)
    return int(wrong.sum())


def in_bulk(cases: pd.DataFrame) -> int:
    """Cases whose department closed at least `BULK` in the very same minute."""
    done = cases[cases["resolved_at"].notna()]
    minute = done["resolved_at"].dt.floor("min")
    sizes = done.groupby([done["owner_department"].fillna(""), minute])["case_id"].transform("size")
    return int((sizes >= BULK).sum())


def came_back(cases: pd.DataFrame, *, days: int, asof: pd.Timestamp) -> tuple[int, int]:
    """Of cases settled at least so many days before the end of the data, whose customer and topic are known: how many there are, and after how many
    of them the same customer opened another on the same topic within those days."""
    span = pd.Timedelta(days=days)
    known = cases[cases["customer_id"].notna() & cases["topic"].notna()]
    done = known[known["resolved_at"].notna() & (known["resolved_at"] <= asof - span)]
    pairs = done[["case_id", "customer_id", "topic", "resolved_at"]].merge(
        known[["case_id", "customer_id", "topic", "opened_at"]], on=["customer_id", "topic"], suffixes=("", "_again"))
    after = pairs["opened_at"] - pairs["resolved_at"]
    again = pairs[(pairs["case_id"] != pairs["case_id_again"]) & (after > pd.Timedelta(0)) & (after <= span)]
    return len(done), int(again["case_id"].nunique())


def pile(hours: ArrayLike, *, limit: float, start: ArrayLike | None = None, period: float = WEEK) -> Pile:
    """Whether closings pile up just before the limit: the jump of their density at it, after McCrary (2008, J. Econometrics 142).

    `hours` (N,) from start to stop of cases that stopped. Counts in bins of a twentieth of the limit, five on either side, follow a Poisson
    regression on distance and its square, with a step at the limit, judged by its likelihood ratio over what the counts scatter; a density that is
    smooth there has none, whatever its slope.

    `start` (N,), hours on the same clock at which each case began, allows for the rhythm of days and weeks, which repeats after `period` hours: a bin
    counts against how often a closing of any case lies so long after the start of any other, modulo the period. Without it, offices that open at
    nine look like closings hurried in; it also tells times of full hours or days from a pile.
    """
    import statsmodels.api as sm
    from scipy import stats

    took, width = np.asarray(hours, dtype=float), SHARE * limit
    counts = np.bincount(_bins(took, limit) + BINS, minlength=2 * BINS + 1)[:2 * BINS].astype(float)
    often = np.ones(2 * BINS) if start is None else _often(took, np.asarray(start, dtype=float), limit, period)
    n, before, seen = int(counts.sum()), int(counts[BINS - 1]), often > 0
    untold = Pile(before=before, expected=float("nan"), jump=float("nan"), p_value=float("nan"), n=n, width=width)
    if n < FEWEST or min(seen[:BINS].sum(), seen[BINS:].sum()) < 3 or not seen[BINS - 1] or 60 * width < 1:
        return untold
    middle = np.arange(-BINS, BINS) + 0.5
    design = np.column_stack([np.ones(2 * BINS), middle, middle**2, middle < 0])

    def fitted(rows: NDArray[np.bool_], columns: slice) -> Any:
        with warnings.catch_warnings():  # a side without a closing has no finite step; its likelihood is what counts
            warnings.simplefilter("ignore")
            return sm.GLM(counts[rows], design[rows][:, columns], family=sm.families.Poisson(), offset=np.log(often[rows])).fit(maxiter=50)

    stepped, plain = fitted(seen, slice(0, 4)), fitted(seen, slice(0, 3))
    smooth = fitted(seen & (np.arange(2 * BINS) != BINS - 1), slice(0, 3))
    scatter = max(float(stepped.pearson_chi2) / max(int(seen.sum()) - 4, 1), 1.0)
    z = np.sign(stepped.params[3]) * np.sqrt(max(plain.deviance - stepped.deviance, 0.0) / scatter)
    expected = smooth.predict(design[[BINS - 1], :3], offset=np.log(often[[BINS - 1]]))
    return Pile(before=before, expected=float(expected[0]), jump=float(np.exp(np.clip(stepped.params[3], -50, 50))), p_value=float(stats.norm.sf(z)),
                n=n, width=width)


def _bins(hours: NDArray[np.float64], limit: float) -> NDArray[np.intp]:
    """The bin of each time, −BINS to BINS − 1; BINS for those away from the limit. What is done at the limit is done in time."""
    place = np.floor((hours - limit) / (SHARE * limit) + 1e-9)
    place = np.where(np.isclose(hours, limit), -1, place)
    return np.where((place >= -BINS) & (place < BINS), place, BINS).astype(int)


def _often(took: NDArray[np.float64], start: NDArray[np.float64], limit: float, period: float) -> NDArray[np.float64]:
    """How often (2·BINS,) a closing of one case lies as long after the start of another as a bin says, modulo the period; 1 on average."""
    minutes = round(60 * period)
    begun, done = (np.bincount(np.round(60 * at).astype(int) % minutes, minlength=minutes) for at in (start, start + took))
    lags = np.fft.irfft(np.fft.rfft(done) * np.conj(np.fft.rfft(begun)), minutes)  # pairs by how many minutes lie between them
    at = np.arange(int(60 * limit * (1 - SHARE * (BINS + 1))), int(60 * limit * (1 + SHARE * (BINS + 1))) + 1)
    own = np.bincount(np.round(60 * took).astype(int).clip(0, at[-1] + 1), minlength=at[-1] + 2)[at]
    pairs = np.bincount(_bins(at / 60, limit) + BINS, np.maximum(np.round(lags[at % minutes]) - own, 0), 2 * BINS + 1)[:2 * BINS]
    return pairs / max(pairs.mean(), 1e-12)
