"""How many people of the whole customer base a story could be about: everybody who was in touch with the company there and then, cases or not.

Counting matches among cases alone asks how many *complaints* match; whoever reads a story and wonders who it was looks among *customers*.
So a class holds each customer who had any contact, visit, voice or case, at that place within that time. Only where the reader also knows what the
person complained about does the class shrink to those recorded as having spoken of the topic; there may be others, so this count is too small, never
too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop.case_library.rule import Level, Rule

Tables = Mapping[str, pd.DataFrame]
_TRAITS = ("product", "value_tier", "language")


@dataclass(frozen=True)
class People:
    """Who was in touch where and when: `contacts` and `spoken` (those with a topic), one row a customer, dealer and moment.

    Columns: customer_id, unit_id, region, day (local, whole days since 1970), quarter, half, product, value_tier, language; `spoken` also topic.
    `has_visits` is False where there is no table of service contacts, so that visits without a voice are not seen.
    """

    contacts: pd.DataFrame
    spoken: pd.DataFrame
    has_visits: bool
    customers_n: int

    def only(self, customers: pd.Index) -> People:
        """The same for some customers alone: what a sample of the customer base would hold."""
        keep = [part[part["customer_id"].isin(customers)].reset_index(drop=True) for part in (self.contacts, self.spoken)]
        return People(*keep, self.has_visits, len(customers))


def gather(tables: Tables, cases: pd.DataFrame, rule: Rule) -> People:
    """Everybody's contacts; `cases` as `case_library_choice.prepared` gives them."""
    people = tables["customers"].drop_duplicates("customer_id")
    parts = [cases[["customer_id", "unit_id", "opened_at", "topic"]].rename(columns={"opened_at": "at"})]
    if "touchpoints" in tables:
        parts.append(tables["touchpoints"][["customer_id", "unit_id", "started_at"]].rename(columns={"started_at": "at"}))
    voices = tables.get("responses")
    if voices is not None:
        own = voices.dropna(subset=["customer_id"])
        at = own["touched_at"].where(own["touched_at"].notna(), own["submitted_at"])
        parts.append(own[["customer_id", "unit_id"]].assign(at=at))
        if "topic_mentions" in tables:
            said = tables["topic_mentions"][["response_id", "topic"]].merge(own.assign(at=own["submitted_at"]), on="response_id")
            parts.append(said[["customer_id", "unit_id", "at", "topic"]])
    every = pd.concat(parts, ignore_index=True).dropna(subset=["customer_id", "at"])
    every = every[every["customer_id"].isin(people["customer_id"])]
    every = _placed(every, tables, people, rule)
    return People(
        every.drop(columns="topic").drop_duplicates(ignore_index=True),
        every.dropna(subset=["topic"]).drop_duplicates(ignore_index=True),
        "touchpoints" in tables,
        len(people),
    )


def _placed(every: pd.DataFrame, tables: Tables, people: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Local days, quarters and halves; region of the dealer, else of the customer; what the customers' list knows of each."""
    known = people.set_index("customer_id")
    local = every["at"].dt.tz_convert(rule.timezone).dt.tz_localize(None)
    own = every["customer_id"].map(known["region"]).astype(object) if "region" in known.columns else pd.Series(None, every.index, dtype=object)
    region = own
    if "units" in tables:
        there = every["unit_id"].map(tables["units"].drop_duplicates("unit_id").set_index("unit_id")["region"]).astype(object)
        region = there.where(there.notna(), own)
    traits = {name: every["customer_id"].map(known[name]).astype(object) if name in known.columns else None for name in _TRAITS}
    made = every.drop(columns="at").assign(region=region, day=days(local), **periods(local), **traits)
    return made if "topic" in made.columns else made.assign(topic=None)


def days(local: pd.Series) -> pd.Series:
    """Whole days since 1970."""
    return ((local - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)).astype("int64")


def periods(local: pd.Series) -> dict[str, pd.Series]:
    """Quarter such as 2026Q1 and half year such as 2026H1."""
    year, month = local.dt.year.astype(str), local.dt.month
    return {"quarter": year + "Q" + ((month + 2) // 3).astype(str), "half": year + "H" + ((month + 5) // 6).astype(str)}


def near(people: People, cases: pd.DataFrame, *, days_off: int, with_topic: bool = False) -> np.ndarray:
    """How many customers each case could be about (N,) for someone who knows dealer, model and the day give or take `days_off`.

    With `with_topic` the topic too. The customer of the case is always among them.
    """
    frame, keys = (people.spoken, ["unit_id", "product", "topic"]) if with_topic else (people.contacts, ["unit_id", "product"])
    held = {
        key: (part["day"].to_numpy(), part["customer_id"].to_numpy())
        for key, part in frame.sort_values("day").groupby(keys, dropna=False, sort=False)
    }
    named = {tuple(_plain(k) for k in key): value for key, value in held.items()}
    when, found = days(cases["opened"]).to_numpy(), np.ones(len(cases), dtype=np.int64)
    for i, (key, who) in enumerate(zip(cases[keys].itertuples(index=False, name=None), cases["customer_id"], strict=True)):
        if (part := named.get(tuple(_plain(k) for k in key))) is not None:
            low, high = np.searchsorted(part[0], [when[i] - days_off, when[i] + days_off + 1])
            found[i] = len({who, *part[1][low:high]})
    return found


def among_cases(cases: pd.DataFrame, *, days_off: int) -> np.ndarray:
    """The naive count (N,): customers with a *case* of the same dealer, model and day give or take `days_off`."""
    frame = cases[["customer_id", "unit_id", "product"]].assign(day=days(cases["opened"]))
    return near(People(frame, frame, True, len(frame)), cases, days_off=days_off)


def alike(people: People, cases: pd.DataFrame, level: Level, *, with_topic: bool, with_language: bool = False) -> np.ndarray:
    """How many customers share what a card of this level says (N,): place, period, tier, and the topic or the language of its words where asked.

    The customer of the case is always among them. A tier or language that the list does not know could be anything: counted as a match.
    """
    keys = [*([] if level.place == "all" else ["region"]), *([] if level.period == "all" else [level.period]), *(["topic"] if with_topic else [])]
    frame = people.spoken if with_topic else people.contacts
    card = cases.assign(**periods(cases["opened"]))
    loose = [name for name, is_told in (("value_tier", level.tier), ("language", with_language)) if is_told]
    pairs = frame[[*keys, *loose, "customer_id"]].drop_duplicates()
    groups = dict(iter(pairs.groupby(keys, dropna=False, sort=False))) if keys else {(): pairs}
    named = {tuple(_plain(k) for k in (key if isinstance(key, tuple) else (key,))): part for key, part in groups.items()}
    made = np.ones(len(card), dtype=np.int64)
    for i, row in enumerate(card[[*keys, *loose, "customer_id"]].itertuples(index=False, name=None)):
        part = named.get(tuple(_plain(k) for k in row[: len(keys)]))
        if part is None:
            continue
        for name, value in zip(loose, row[len(keys) : -1], strict=True):
            if _plain(value) is not None:
                part = part[part[name].isna() | part[name].eq(value)]
        made[i] = len({row[-1], *part["customer_id"]})
    return made


def filed(cases: pd.DataFrame, closed: pd.DataFrame, levels: Sequence[Level]) -> np.ndarray:
    """How many customers with a closed case share all that a card says (N,): what `alike` counts, and the grade and the outcome.

    Grade and outcome belong to cases alone, so a reader who knows who opened one looks among these customers only. `cases` carry the `level` of their
    card (its place in `levels`, none below 0).
    """
    told, own = closed.assign(**periods(closed["opened"])), cases.assign(**periods(cases["opened"]))
    made = np.ones(len(cases), dtype=np.int64)
    for i, (_, row) in enumerate(own.iterrows()):
        level = levels[row["level"]]
        keys = ["topic", "severity", "outcome", *([] if level.place == "all" else ["region"]), *([] if level.period == "all" else [level.period])]
        same = np.logical_and.reduce([_same(told[key], row[key]) for key in keys])
        if level.tier and _plain(row["value_tier"]) is not None:
            same &= (told["value_tier"].isna() | told["value_tier"].eq(row["value_tier"])).to_numpy(dtype=bool)
        made[i] = len({row["customer_id"], *told.loc[same, "customer_id"]})
    return made


def _same(column: pd.Series, value: object) -> np.ndarray:
    return (column.isna() if _plain(value) is None else column.eq(value).fillna(False)).to_numpy(dtype=bool)


def _plain(value: object) -> object:
    return None if value is None or value != value or value is pd.NA else value
