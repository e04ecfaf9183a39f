"""Can the recorded times be believed? Order, closing in bulk, and closings that pile up just before the limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from voclib.loop.clocks import MOMENTS

BULK = 10  # closings in one minute, by one department, from which on they were hardly done one by one
BINS, SHARE = 5, 0.05  # bins on either side of the limit, each this share of it
FEWEST = 60  # closings near the limit below which no pile can be told from luck


@dataclass(frozen=True, kw_only=True)
class Pile:
    """Closings around the limit: `before` in the last bin before it, where `expected` would follow from its neighbours on both sides.

    `jump` is by what factor the density falls at the limit and `p_value` that it does not; NaN where fewer than `FEWEST` lie near it. `width` is in
    hours.
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


def pile(hours: ArrayLike, *, limit: float) -> Pile:
    """Whether closings pile up just before the limit: the jump of their density at it, after McCrary (2008, J. Econometrics 142).

    `hours` (N,) from start to stop of cases that stopped. Counts in bins of a twentieth of the limit, five on either side, follow a Poisson
    regression on distance and its square, with a step at the limit; a density that is smooth there has none, whatever its slope.
    """
    import statsmodels.api as sm
    from scipy import stats

    width = SHARE * limit
    place = np.floor((np.asarray(hours, dtype=float) - limit) / width + 1e-9)
    place = np.where(np.isclose(np.asarray(hours, dtype=float), limit), -1, place)  # done at the limit is done in time
    at = np.arange(-BINS, BINS)
    counts = np.array([(place == k).sum() for k in at], dtype=float)
    n, before = int(counts.sum()), int(counts[BINS - 1])
    if n < FEWEST or not counts[:BINS].any() or not counts[BINS:].any():
        return Pile(before=before, expected=float("nan"), jump=float("nan"), p_value=float("nan"), n=n, width=width)
    middle = at + 0.5
    design = np.column_stack([np.ones(2 * BINS), middle, middle**2, middle < 0])
    found = sm.GLM(counts, design, family=sm.families.Poisson()).fit()
    rest = np.delete(np.arange(2 * BINS), BINS - 1)
    smooth = sm.GLM(counts[rest], design[rest, :3], family=sm.families.Poisson()).fit()
    z = found.params[3] / found.bse[3]
    return Pile(before=before, expected=float(smooth.predict(design[[BINS - 1], :3])[0]), jump=float(np.exp(found.params[3])),
                p_value=float(stats.norm.sf(z)), n=n, width=width)
