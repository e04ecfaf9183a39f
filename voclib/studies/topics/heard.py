"""The voices whose topics are told, and where each of them ends up: its topic, the topic whose centre it lies nearest to, its day, its own mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Text
from voclib.schema import dates
from voclib.studies.pool import text as pool_text
from voclib.studies.sentiment_aspects import heard as sentiment_voices
from voclib.studies.sentiment_aspects import sentiment_shares
from voclib.text import emerging, topics, writing

Tables = Mapping[str, pd.DataFrame]
BARE = 0.05  # share of a channel's voices with a mark of their own, below which the tag of the source stands in
THROUGH = 30  # voices of a channel a quarter, for months and quarters of it to be compared
OLDER = (emerging.BASELINE // 2, emerging.BASELINE + emerging.DAYS)  # days before the watch: the older half of what its first evening is held against


def steps(responses: pd.DataFrame) -> np.ndarray:
    """At which step each voice is left out (N,): "comment" where nothing was written, "" for all others; none is dropped for what it says."""
    return np.where(responses["comment"].fillna("").str.strip().eq("").to_numpy(dtype=bool), "comment", "").astype(object)


def voices(tables: Tables, *, timezone: str = "") -> pd.DataFrame:
    """Voices with text, sorted by `response_id`; beside their own columns `form` (the normal form), `written` (zh or en, "" without letters or in
    another language), `legible` (the comment where it is either, else missing), `day`, `person`, `own` (what the customer's own mark says, or None),
    `kind` (language and kind of channel), `is_steady` (of a channel that runs through), `dealer`, `region`, `model` and `step`, missing where not
    known. Empty where no voice has text.
    """
    timezone = dates.zone(tables, timezone)
    found = tables["responses"]
    kept = found[steps(found) == ""].sort_values("response_id", ignore_index=True)
    form = [writing.normal(text) for text in kept["comment"]]
    when = kept["submitted_at"].fillna(kept["touched_at"]).dt.tz_convert(timezone).dt.tz_localize(None)
    person = kept["customer_id"].fillna(kept["author_id"]).fillna("alone:" + kept["response_id"])
    tags = kept["language"].to_numpy(dtype=object, na_value=None) if "language" in kept else [None] * len(kept)
    written = pd.Series([writing.spoken(text, tag) for text, tag in zip(form, tags, strict=True)], index=kept.index, dtype=object)
    kind = written + " " + kept["channel"].map(sentiment_shares.FAMILIES).fillna("survey").astype(object)
    made = kept.assign(form=form, written=written, legible=kept["comment"].where(written.ne("")), day=when.dt.normalize(), when=when, person=person,
                       kind=kind, own=_own(kept), **_places(kept, tables))
    return made.assign(is_steady=_steady(made))


def _own(kept: pd.DataFrame) -> pd.Series:
    """What the customer's own mark says; in channels where hardly a voice carries one, what the source's tag says."""
    told = sentiment_voices.own_label(kept)
    own, tag = (pd.Series(told[name], index=kept.index, dtype=object) for name in ("own", "tag"))
    bare = own.notna().groupby(kept["channel"]).transform("mean") < BARE
    return own.mask(bare & own.isna(), tag)


def _steady(kept: pd.DataFrame) -> pd.Series:
    """Voices of the channels that have enough of them in each of the last two quarters; all voices where no channel has."""
    age = (kept["day"].max() - kept["day"]).dt.days
    enough = [(age.between(*ends)).groupby(kept["channel"]).transform("sum") >= THROUGH for ends in ((0, 90), (91, 181))]
    steady = enough[0] & enough[1] & kept["day"].notna()
    return steady if steady.any() else kept["day"].notna()


def newcomers(kept: pd.DataFrame, until: pd.Timestamp) -> np.ndarray:
    """Voices (N,) of channels that speak in the watched weeks, from the day after `until`, but hardly did in the older half of the weeks before.

    Everything that such a channel always says, its greeting or an agent's phrase, would pass for new. None where no channel was there before.
    """
    age = (until - kept["day"]).dt.days
    before = age.between(*OLDER).groupby(kept["channel"]).transform("sum") >= THROUGH / 2
    now = (age < 0).groupby(kept["channel"]).transform("sum") >= THROUGH
    return (now & ~before).to_numpy(dtype=bool) if before.any() else np.zeros(len(kept), dtype=bool)


def _places(kept: pd.DataFrame, tables: Tables) -> dict[str, Any]:
    """Where each voice belongs: dealer by name, region, model of the car, step of the journey."""
    blank = pd.Series(None, index=kept.index, dtype=object)
    made: dict[str, Any] = {"dealer": kept["unit_id"], "region": blank, "model": blank}
    if "units" in tables:
        units = tables["units"].drop_duplicates("unit_id").set_index("unit_id")
        own = units[units["kind"].eq("dealer")] if units["kind"].eq("dealer").any() else units
        made |= {"dealer": kept["unit_id"].map(own["name"].fillna(pd.Series(own.index, own.index))), "region": kept["unit_id"].map(own["region"])}
    if "customers" in tables and "product" in tables["customers"]:
        made["model"] = kept["customer_id"].map(tables["customers"].drop_duplicates("customer_id").set_index("customer_id")["product"])
    steps = kept["business_type"] if kept["business_type"].notna().any() else kept["segment"]
    return {**made, "step": steps}


def facts(kept: pd.DataFrame, tables: Tables) -> dict[Text, Any]:
    """Counts that open the page."""
    return {Text("条声音有文字", "voices with text"): len(kept), Text("条声音在库", "voices in the pool"): len(tables["responses"]),
            Text("种说法（相同的只算一次）", "different texts (identical ones count once)"): int(kept.loc[kept["written"].ne(""), "form"].nunique()),
            Text("条英文", "in English"): int(kept["written"].eq("en").sum()),
            Text("条带打分或情绪标记", "with a score or a mood tag"): int(kept["own"].notna().sum())}


def by_channel(kept: pd.DataFrame) -> pd.DataFrame:
    """Voices with text a channel, in each language, most first."""
    table = pd.crosstab(kept["channel"], kept["written"]).reindex(columns=["zh", "en", ""], fill_value=0)
    table = table.assign(all=table.sum(axis=1)).sort_values("all", ascending=False, kind="stable").rename(columns={"": "none"}).reset_index()
    return table.assign(channel=[pool_text.CHANNELS.get(name, Text(name, name)) for name in table["channel"]])


def last_day(kept: pd.DataFrame, until: str, weeks: int) -> pd.Timestamp:
    """The last day of the voices that topics are fitted to: `until`, else `weeks` weeks before the last voice; NaT where no voice has a time.

    Voices without a time are fitted whatever the day, so that topics can be found where nothing can be watched.

    Raises
    ------
    ParameterError
        for a date that is none, or weeks below zero.
    """
    if until:
        try:
            return pd.Timestamp(until)
        except ValueError:
            raise ParameterError(f"train_until is a day such as 2026-06-30, not '{until}'.") from None
    if weeks < 0:
        raise ParameterError(f"watch_weeks is the number of weeks to be watched, at least 0, not {weeks}.")
    return kept["day"].max() - pd.Timedelta(weeks=weeks)


def placed(kept: pd.DataFrame, model: topics.TopicModel, fitted: np.ndarray) -> pd.DataFrame:
    """The voices with `topic` (a topic's number, −1: none) and `near`: the topic by the rule for new voices, nearest centre within reach, for all.

    Shares over time are counted by `near`: counted by `topic`, every topic would seem to fall where the fit ends, as only new voices can miss it.
    """
    label = np.full(len(kept), topics.UNCLEAR, dtype=np.intp)
    label[fitted] = model.labels
    label[~fitted] = model.assign(kept.loc[~fitted, "legible"].tolist())
    ruled = {form: number for part in model.parts
             for form, number in zip(part.forms, topics.numbered(part.nearest(part.vectors), part).tolist(), strict=True)}
    near = [ruled.get(form, int(own)) for form, own in zip(kept["form"], label, strict=True)]
    return kept.assign(topic=label, near=np.array(near, dtype=np.intp))
