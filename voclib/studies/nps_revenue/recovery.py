"""Does calling the unhappy back help, or would their next score have risen anyway? Regression to the mean taken out of a recovery programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Estimate, Ladder, Verdict, refusal
from voclib.schema import conformity
from voclib.stats import retest
from voclib.studies.nps_revenue import recovery_text as words

Tables = Mapping[str, pd.DataFrame]
ESTIMAND = "recovery_change"
MIN_CALLED = 30
APART = 0.10
"""Called and uncalled that answer again at rates this far apart are compared with suspicion."""


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """The ladder from the slide ("their score rose") to what the calls may be credited with; `check` says who is compared."""

    ladder: Ladder
    check: Check
    captions: Mapping[str, Any]


def scores_in_turn(tables: Tables, *, cutoff: int = 6) -> pd.DataFrame:
    """One row a customer who gave a score: the first one at most `cutoff` (else the first one), the next score if any, and whether a case
    opened from the first was answered before the second came.

    Columns: customer_id, unit_id, first, second (null where there is none), is_called, has_comment.
    """
    told = tables["responses"]
    told = told[told["nps_score"].notna() & told["customer_id"].notna() & told["submitted_at"].notna()]
    told = told.sort_values(["customer_id", "submitted_at", "response_id"], ignore_index=True)
    score = told["nps_score"].astype("Float64").to_numpy(dtype=float)
    after = told.groupby("customer_id").shift(-1)
    told = told.assign(first=score, second=after["nps_score"].astype("Float64").to_numpy(dtype=float, na_value=np.nan), then=after["submitted_at"])
    told["is_low"] = told["first"] <= cutoff
    order = ["customer_id", "is_low", "submitted_at", "response_id"]
    one = told.sort_values(order, ascending=[True, False, True, True]).drop_duplicates("customer_id")
    reached = tables.get("cases", pd.DataFrame(columns=["response_id", "responded_at"]))
    replied = reached[reached["responded_at"].notna() & reached["response_id"].notna()].groupby("response_id")["responded_at"].min()
    at = replied.reindex(one["response_id"]).set_axis(one.index).astype(one["then"].dtype)  # none at all would be no moments but numbers
    called = at.notna() & (one["then"].isna() | (at < one["then"]))
    return one.assign(is_called=called, has_comment=one["comment"].fillna("").str.strip().ne(""))[
        ["customer_id", "unit_id", "first", "second", "is_called", "has_comment"]].reset_index(drop=True)


@conformity.explained
def recovery(tables: Tables, *, cutoff: int = 6, conf_level: float = 0.95) -> Recovered:
    """Three rungs over the called detractors who answered again: their rise, the rise of like detractors nobody called, the difference.

    Refused, with what is needed, where fewer than thirty were called and answered again or the pool holds no cases.
    """
    people = scores_in_turn(tables, cutoff=cutoff) if {"responses", "cases"} <= set(tables) else pd.DataFrame()
    both = people[(people["first"] <= cutoff) & people["is_called"] & people["second"].notna()] if len(people) else people
    if len(both) < MIN_CALLED:
        withheld = refusal(ESTIMAND, unit="points", rung="adjusted", reason=words.too_few(len(both), MIN_CALLED), needs=words.NEEDS)
        return Recovered(ladder=Ladder(ESTIMAND, (withheld,), chosen="adjusted"), check=words.nobody(len(both), MIN_CALLED),
                         captions=words.captions(withheld))
    found = retest.recovery(people["first"], people["second"], called=people["is_called"], matrix=np.empty((len(people), 0)), cutoff=cutoff)
    return _told(found, conf_level)


def _told(found: retest.Recovery, conf_level: float) -> Recovered:
    options = {"unit": "points", "conf_level": conf_level}
    naive = found.naive.estimate(ESTIMAND, rung="naive", **options)
    rungs: list[Estimate] = [naive]
    if found.expected is not None:
        rungs.append(found.expected.estimate(ESTIMAND, rung="expected", verdict=Verdict.REPORT_WITH_CAVEAT, **options))
    adjusted = found.estimate(ESTIMAND, rung="adjusted", conf_level=conf_level)
    if adjusted.kind == "estimate":
        adjusted = adjusted.with_(verdict=Verdict.REPORT_WITH_CAVEAT, evidence_level=1)
    rungs.append(adjusted)
    if found.sensitivity is not None:
        rungs.append(found.sensitivity.estimate(ESTIMAND, rung="sensitivity", verdict=Verdict.REPORT_WITH_CAVEAT, **options))
    ladder = Ladder(ESTIMAND, tuple(rungs), chosen="adjusted")
    return Recovered(ladder=ladder, check=words.compared(found, APART), captions=words.captions(adjusted, naive, rungs[1]))

