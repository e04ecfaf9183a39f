"""Answers entered twice: the same customer, the same answer, the same channel, within a day, more often than people happen to answer the same."""

from __future__ import annotations

import math

import pandas as pd

from voclib.schema import gates

SCORES = (*gates.SCORES, "is_recommended")
SOON = pd.Timedelta(hours=24)
CHANCE = 1e-6  # what chance may explain with more than this probability is not reported
COLUMNS = ("response_id", "channel", "customer_id", "campaign_id")


def log_chance(hits: int, n: int, q: float) -> float:
    """Upper bound of the natural logarithm of P(Binomial(n, q) ≥ hits): −n KL(hits/n ‖ q) (Hoeffding 1963, theorem 1); 0 at or below the mean."""
    p = hits / n if n else 0.0
    if p <= q:
        return 0.0
    rest = (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return -n * (p * math.log(p / q) + rest) if q > 0 else -math.inf


def expected(one: pd.Series, other: pd.Series) -> float:
    """How often two independent answers with these distributions would be the same (0–1)."""
    shares = one.value_counts(normalize=True), other.value_counts(normalize=True)
    return float((shares[0] * shares[1].reindex(shares[0].index).fillna(0)).sum())


def scores(responses: pd.DataFrame) -> pd.Series:
    """All of a voice's scores as one text (N,), missing where it has none."""
    given = responses.reindex(columns=list(SCORES))
    parts = [given[name].astype("str").fillna("") for name in SCORES]
    return parts[0].str.cat(parts[1:], sep="|").mask(given.isna().all(axis=1))


def said(responses: pd.DataFrame) -> pd.Series:
    """What has to be the same for a voice to repeat another (N,): its scores, the words of one without a score; missing where it has neither."""
    words = responses["comment"].astype("object") if "comment" in responses else pd.Series(None, responses.index, dtype="object")
    return scores(responses).astype("object").fillna(words.where(words.notna(), None))


def find(responses: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Voices of a standard table that repeat one entered up to a day before: response_id, channel, month, pairs, expected; as `among`."""
    at = responses["submitted_at"].fillna(responses["touched_at"])
    month = at.dt.tz_convert(timezone).dt.strftime("%Y-%m")
    return among(responses.reindex(columns=list(COLUMNS)).assign(at=at, month=month, said=said(responses)))


def among(voices: pd.DataFrame) -> pd.DataFrame:
    """One row a voice without a campaign that repeats the last one of its customer and channel, entered at most 24 hours before.

    `voices`: response_id, channel, customer_id, campaign_id, at, month, said. Of a channel and month nothing is told unless such pairs agree more
    often than independent answers with the channel's distribution would, by the Chernoff–Hoeffding bound below 10⁻⁶: a customer may well give two
    visits of one day the same score. `pairs` of the channel and month could have agreed, `expected` is the share of them that would by themselves.
    """
    free = voices[voices["campaign_id"].isna()].dropna(subset=["customer_id", "said", "at"])
    free = free.sort_values(["channel", "customer_id", "at", "response_id"], kind="stable", ignore_index=True)
    before = free.shift()
    near = (free["channel"] == before["channel"]) & (free["customer_id"] == before["customer_id"]) & (free["at"] - before["at"] <= SOON)
    found, same = [], near & (free["said"] == before["said"])
    for (channel, _), rows in free[near].groupby(["channel", "month"], sort=True):
        again, mine = rows[same[rows.index]], free.loc[free["channel"] == channel, "said"]
        by_chance = expected(mine, mine)
        if log_chance(len(again), len(rows), by_chance) < math.log(CHANCE):
            found.append(again[["response_id", "channel", "month"]].assign(pairs=len(rows), expected=by_chance))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["response_id", "channel", "month", "pairs", "expected"])
