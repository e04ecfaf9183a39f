"""Which touchpoints deliver, and what the import noticed about the feeds: formats that changed, batches that count twice, texts that were copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.results import Check, Text
from voclib.studies.pool import text
from voclib.studies.pool import touchpoints_text as words

MANY = 10  # pairs of voices in two channels from which the two are named; fewer stand together in one row


def months(card: Mapping[str, Any]) -> list[str]:
    """The months from the first in which a customer spoke (else any file) to the last day of the pool, as YYYY-MM; at most the last eighteen."""
    touchpoints = card["feeds"]["touchpoints"]
    heard = [found for found in touchpoints if found["voices"]] or touchpoints
    spoken = [month for found in heard for month in found["activity"]]
    last = card["feeds"]["last_day"]
    if not spoken or last is None:
        return []
    return [str(month) for month in pd.period_range(min(spoken), last[:7], freq="M")][-18:]


def rows(card: Mapping[str, Any]) -> pd.DataFrame:
    """One row a touchpoint for `charts.touchpoint_map`: label, stage, status, detail, activity; along the journey, stages in the register's order."""
    touchpoints, span = card["feeds"]["touchpoints"], months(card)
    order = list(dict.fromkeys(found["stage"] for found in touchpoints))
    made = [
        {
            "label": words.name(found),
            "stage": words.stage(found["stage"]),
            "status": found["status"],
            "detail": words.detail(found),
            "activity": [found["activity"].get(month, 0) for month in span] if found["activity"] else None,
        }
        for found in sorted(touchpoints, key=lambda found: order.index(found["stage"]))
    ]
    return pd.DataFrame(made, columns=["label", "stage", "status", "detail", "activity"])


def caption(card: Mapping[str, Any]) -> dict[str, Any]:
    """Title (the finding), subtitle and description of the map."""
    feeds = card["feeds"]
    title = words.map_title(feeds["touchpoints"])
    return {"title": title, "subtitle": words.map_subtitle(feeds["last_day"], has_register=feeds["has_register"]), "description": title}


def noticed(card: Mapping[str, Any]) -> pd.DataFrame:
    """What the import noticed, one row a finding, named: what, where, what it does, and what mends it."""
    campaigns = card["campaigns"]
    found = [words.silent(t) for t in card["feeds"]["touchpoints"] if t["status"] in ("silent", "missing")]
    found += [words.format_change(c) for c in card["format_changes"]]
    found += [words.same_batch(c) for c in campaigns["same_batch"]] + [words.entered_again(c) for c in campaigns["entered_again"]]
    found += [words.copied(c) for c in campaigns["copied_text"]] + [words.across(d) for d in card["duplicates"] if d["pairs"] >= MANY]
    few = [d for d in card["duplicates"] if d["pairs"] < MANY]
    found += [words.scattered(len(few), sum(d["pairs"] for d in few))] if few else []
    return pd.DataFrame(found, columns=list(words.NOTICED_COLUMNS))


def checks(card: Mapping[str, Any]) -> tuple[Check, ...]:
    """Three gates of a pool: every touchpoint delivers, no feed changed how it writes, no campaign counts twice."""
    touchpoints, campaigns = card["feeds"]["touchpoints"], card["campaigns"]
    lost = [found for found in touchpoints if found["status"] in ("silent", "missing")]
    return (
        words.delivering(lost, [t for t in touchpoints if t["status"] == "unreadable"], [t for t in touchpoints if t["status"] == "unjudged"],
                         len(touchpoints)),
        words.steady(card["format_changes"]),
        words.counted_once(campaigns["same_batch"], campaigns["entered_again"], campaigns["copied_text"]),
    )


def tiers(card: Mapping[str, Any]) -> pd.DataFrame:
    """Voices by channel, value tier and urgency: one row a channel, for `show.table` with `touchpoints_text.TIER_COLUMNS`."""
    counted = pd.DataFrame(card["tiers"]["voices"], columns=["channel", "tier", "urgent", "n"])
    if counted.empty:
        return pd.DataFrame(columns=list(words.TIER_COLUMNS))
    wide = counted.assign(cell=[f"{tier}_{'urgent' if urgent else 'calm'}" for tier, urgent in zip(counted["tier"], counted["urgent"], strict=True)])
    table = wide.pivot_table(index="channel", columns="cell", values="n", aggfunc="sum", fill_value=0).reindex(
        columns=list(words.CELLS), fill_value=0
    )
    table = table.assign(total=table.sum(axis=1)).sort_values("total", ascending=False, kind="stable").reset_index()
    return table.assign(channel=[text.channel(name) for name in table["channel"]])[list(words.TIER_COLUMNS)]


def matched(card: Mapping[str, Any]) -> Text:
    """What stands in place of `unmatched` where it is empty: everybody was found, or there is no list to be found on."""
    return words.ALL_MATCHED if card["tables"].get("customers", {}).get("accepted") else words.NO_CUSTOMERS


def unmatched(card: Mapping[str, Any]) -> pd.DataFrame:
    """Channels some of whose rows name a customer who is on no list: rows, their share, distinct identifiers."""
    found = [
        (text.channel(name), c["unmatched_customers"], c["unmatched_share"], c["unmatched_identifiers"])
        for name, c in card["channels"].items()
        if c["unmatched_customers"]
    ]
    return pd.DataFrame(found, columns=list(words.UNMATCHED_COLUMNS)).sort_values("rows", ascending=False, kind="stable", ignore_index=True)
