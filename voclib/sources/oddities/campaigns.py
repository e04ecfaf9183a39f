"""Campaigns that count twice and campaigns of copied text: batches sent under two names, answers entered again, posts that repeat one another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from voclib.schema import repeats
from voclib.schema.repeats import CHANCE, log_chance

OVERLAP, AGREEMENT, LEAST_SHARED = 0.8, 0.9, 10
LEAST_COPIES, LEAST_AUTHORS, WINDOW_DAYS = 10, 5, 7
_EXAMPLES = 3


def build(voices: pd.DataFrame | None) -> dict[str, list[dict]]:
    """`same_batch`, `entered_again` and `copied_text`, each a list of findings; never a word of a verbatim.

    same_batch: two campaigns of a channel of which at least 80 % of the smaller one's customers are shared and at least 90 % of those gave the
    same scores. entered_again: voices without a campaign that repeat scores (else words), customer and channel within 24 hours, by channel and month.
    Both only where the agreement exceeds the one expected of independent answers with the same distribution of scores, by the
    Chernoff-Hoeffding bound below 10⁻⁶ (Hoeffding 1963, theorem 1). copied_text: at least 10 voices of at least 5 authors with nearly the
    same text within 7 days, and more of them in those days than a text said evenly over the time would bring (the same bound, times the
    number of windows).
    """
    if voices is None:
        return {"same_batch": [], "entered_again": [], "copied_text": []}
    return {"same_batch": _same_batch(voices), "entered_again": _entered_again(voices), "copied_text": _copied(voices)}


def _same_batch(voices: pd.DataFrame) -> list[dict]:
    asked = voices.dropna(subset=["campaign_id", "customer_id", "scores"]).sort_values(["at", "response_id"], kind="stable")
    once = asked.drop_duplicates(["channel", "campaign_id", "customer_id"])[["channel", "campaign_id", "customer_id", "scores", "at"]]
    pairs = once.merge(once, on=["channel", "customer_id"], suffixes=("", "_other"))
    pairs = pairs[pairs["campaign_id"] < pairs["campaign_id_other"]]
    sizes = once.groupby(["channel", "campaign_id"]).size()
    found = []
    for (channel, one, other), shared in pairs.groupby(["channel", "campaign_id", "campaign_id_other"], sort=True):
        n, smaller = len(shared), min(sizes[channel, one], sizes[channel, other])
        agreed = int((shared["scores"] == shared["scores_other"]).sum())
        if n < LEAST_SHARED or n < OVERLAP * smaller or agreed < AGREEMENT * n:
            continue
        expected = repeats.expected(shared["scores"], shared["scores_other"])
        if log_chance(agreed, n, expected) < math.log(CHANCE):
            found.append(_batch(asked[asked["channel"] == channel], one, other, shared, agreed / n, expected))
    return found


def _batch(asked: pd.DataFrame, one: str, other: str, shared: pd.DataFrame, agreement: float, expected: float) -> dict:
    """One finding; the campaign that began first is named first."""
    parts = {name: asked[asked["campaign_id"] == name] for name in (one, other)}
    first, second = sorted(parts, key=lambda name: (str(parts[name]["day"].min()), str(parts[name]["at"].min()), name))
    apart = (shared["at_other"] - shared["at"]).abs().dt.total_seconds().median() / 86400
    return {"channel": asked["channel"].iloc[0], "campaign": first, "repeats_as": second, "rows": len(parts[first]), "rows_again": len(parts[second]),
            "customers": len(shared), "agreement": round(agreement, 4), "expected_agreement": round(expected, 4),
            "days_apart": None if pd.isna(apart) else round(float(apart), 2), "first_day": _text(parts[second]["day"].min()),
            "last_day": _text(parts[second]["day"].max())}


def _entered_again(voices: pd.DataFrame) -> list[dict]:
    again = repeats.among(voices.assign(month=voices["day"].str.slice(0, 7)))
    return [{"channel": channel, "month": month, "rows": len(rows), "pairs": int(rows["pairs"].iloc[0]),
             "expected_agreement": round(float(rows["expected"].iloc[0]), 4)}
            for (channel, month), rows in again.groupby(["channel", "month"], sort=True)]


def _copied(voices: pd.DataFrame) -> list[dict]:
    said = voices[(voices["group"] >= 0) & voices["at"].notna()]
    said = said.assign(author=said["author_id"].fillna(said["customer_id"])).dropna(subset=["author"])
    sizes = said.groupby(["channel", "group"])["author"].agg(["size", "nunique"])
    large = sizes[(sizes["size"] >= LEAST_COPIES) & (sizes["nunique"] >= LEAST_AUTHORS)]
    channels = {channel: voices[(voices["channel"] == channel) & voices["at"].notna()].sort_values("at")
                for channel in large.index.get_level_values("channel").unique()}
    found = [_burst(said[(said["channel"] == channel) & (said["group"] == group)], channels[channel]) for channel, group in large.index]
    return sorted((item for item in found if item is not None), key=lambda item: (item["channel"], item["first_day"], item["examples"]))


def _burst(copies: pd.DataFrame, channel: pd.DataFrame) -> dict | None:
    """The fullest week of one text, where it holds more copies than an even spread explains."""
    copies = copies.sort_values(["at", "response_id"], kind="stable")
    times, window = _seconds(copies["at"]), WINDOW_DAYS * 86400
    ends = np.searchsorted(times, times + window, side="right")
    start = int(np.argmax(ends - np.arange(len(times))))
    burst = copies.iloc[start:ends[start]]
    n, k, authors = len(copies), len(burst), burst["author"].nunique()
    if k < LEAST_COPIES or authors < LEAST_AUTHORS:
        return None
    others = _seconds(channel.loc[~channel["response_id"].isin(copies["response_id"]), "at"])
    inside = ((others >= times[start]) & (others <= times[start] + window)).mean() if len(others) else 1.0
    span = (channel["at"].max() - channel["at"].min()) / pd.Timedelta(days=1)
    share = min(max(inside, WINDOW_DAYS / max(span, WINDOW_DAYS)), 1.0)
    if math.log(n) + log_chance(k - 1, n - 1, float(share)) >= math.log(CHANCE):
        return None
    return {"channel": burst["channel"].iloc[0], "voices": k, "authors": int(authors), "first_day": _text(burst["day"].min()),
            "last_day": _text(burst["day"].max()), "examples": sorted(burst["response_id"])[:_EXAMPLES]}


def _seconds(moments: pd.Series) -> np.ndarray:
    return moments.to_numpy(dtype="datetime64[s]").astype(np.int64)


def _text(day: object) -> str | None:
    return None if pd.isna(day) else str(day)
