"""The voices of a pool as the searches for duplicates and campaigns read them."""

from __future__ import annotations

from collections.abc import Mapping as Named

import pandas as pd

from voclib.schema import repeats
from voclib.schema.repeats import SCORES
from voclib.sources.accounting import Account
from voclib.sources.oddities import near_duplicates

_KEPT = ("response_id", "channel", "customer_id", "author_id", "campaign_id", "emotion", "reach", *SCORES)


def gather(accounts: Named[str, Account], timezone: str) -> pd.DataFrame | None:
    """The accepted voices, sorted by response_id, with `at` (submitted_at, else touched_at), its local `day` (YYYY-MM-DD), `scores` (all of
    a voice's scores as one text, missing where it has none), `said` (those, else the words) and `group` (near_duplicates.groups of the verbatim);
    None without voices."""
    if "responses" not in accounts or accounts["responses"].validated.accepted.empty:
        return None
    rows = accounts["responses"].validated.accepted.sort_values("response_id", kind="stable", ignore_index=True)
    at = rows["submitted_at"].fillna(rows["touched_at"])
    made = rows[list(_KEPT)].assign(at=at, day=days(at, timezone), group=near_duplicates.groups(rows["comment"]))
    return made.assign(scores=repeats.scores(rows), said=repeats.said(rows))


def days(moments: pd.Series, timezone: str) -> pd.Series:
    """Local calendar days as YYYY-MM-DD; missing stays missing."""
    local = moments.dt.tz_convert(timezone).dt.tz_localize(None).dt.floor("D")
    codes, distinct = pd.factorize(local)
    named = pd.array([*pd.Series(distinct).dt.strftime("%Y-%m-%d"), None], dtype="str")
    return pd.Series(named.take(codes), index=moments.index)
