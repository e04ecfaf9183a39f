"""The same voice in two channels: nearly the same words, or the same score on the same day."""

from __future__ import annotations

import pandas as pd

from voclib.sources.oddities.voices import SCORES

APART = pd.Timedelta(days=30)


def build(voices: pd.DataFrame | None) -> list[dict]:
    """By pair of channels: pairs of voices of one customer or author with nearly the same text within 30 days (`by_text`), or of one customer
    with the same value of a score on the same day (`by_score`), and how many pairs that makes (`pairs`).

    Of what a person says with the same words in the same channel on the same day, the first counts.
    """
    if voices is None:
        return []
    texts, scores = _by_text(voices), _by_score(voices)
    both = pd.concat([texts.assign(how="by_text"), scores.assign(how="by_score")], ignore_index=True)
    found = []
    for (one, other), rows in both.groupby(["channel", "channel_other"], sort=True):
        counts = rows["how"].value_counts()
        found.append({"channels": [one, other], "by_text": int(counts.get("by_text", 0)), "by_score": int(counts.get("by_score", 0)),
                      "pairs": len(rows.drop_duplicates(["response_id", "response_id_other"]))})
    return found


def _by_text(voices: pd.DataFrame) -> pd.DataFrame:
    said = voices[(voices["group"] >= 0) & voices["at"].notna()]
    parts = []
    for person in ("customer_id", "author_id"):
        once = said.dropna(subset=[person]).drop_duplicates([person, "group", "channel", "day"])
        parts.append(_paired(once[["response_id", "channel", "at", "group", person]], ["group", person]))
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def _by_score(voices: pd.DataFrame) -> pd.DataFrame:
    known = voices.dropna(subset=["customer_id", "day"])
    parts = []
    for score in SCORES[:-1]:
        scored = known.dropna(subset=[score]).drop_duplicates(["customer_id", "day", "channel", score])
        parts.append(_paired(scored[["response_id", "channel", "at", "customer_id", "day", score]], ["customer_id", "day", score]))
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def _paired(rows: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Pairs of rows from different channels that agree in `on` and lie at most 30 days apart, each once."""
    pairs = rows.merge(rows, on=on, suffixes=("", "_other"))
    pairs = pairs[(pairs["channel"] < pairs["channel_other"]) & ((pairs["at"] - pairs["at_other"]).abs() <= APART)]
    return pairs[["channel", "channel_other", "response_id", "response_id_other"]]
