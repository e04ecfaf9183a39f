"""Cells and columns of the tables on cases for training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import text as words
from voclib.loop.case_library.audit import ATTACKS, Audit
from voclib.loop.case_library.rule import Rule
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say

SIZES = ((1, 1), (2, 4), (5, 19), (20, 99), (100, np.inf))
_STAGES = (("assigned", "opened_at", "assigned_at"), ("responded", "assigned_at", "responded_at"), ("resolved", "responded_at", "resolved_at"))


def cards(audit: Audit, rule: Rule, topics: Mapping[str, Text], departments: Mapping[str, Text]) -> pd.DataFrame:
    """One row a card released, by topic: number, what went wrong and what was done, what it teaches, words, what was generalised."""
    rows = []
    order = audit.released.assign(**crowd.periods(audit.released["opened"])).sort_values(["topic", "outcome", "severity", "case_id"])
    for number, (_, row) in enumerate(order.iterrows(), start=1):
        name = topics.get(row["topic"], Text(row["topic"], row["topic"]))
        place = words.where(row, rule.levels[row["level"]], rule)
        grade = words.GRADES.get(row["severity"], DASH)
        rows.append(
            {
                "card": say("{c} {t}", "{c} {t}", c=f"C{number:03d}", t=name),
                "topic": name,
                "story": say(
                    "{w}；等级：{g}。{d}。至少 {n} 位客户相同",
                    "{w}; grade: {g}. {d}. At least {n} matching customers",
                    w=place,
                    g=_lower(grade),
                    d=_done(row),
                    n=int(row["alike"]),
                ),
                "lesson": _lesson(row, rule, departments),
                "words": row["words"] if isinstance(row["words"], str) else DASH,
                "less": words.generalised(row["generalised"]),
                "alike": int(row["alike"]),
            }
        )
    return pd.DataFrame(rows, columns=["card", "topic", "story", "lesson", "words", "less", "alike"])


def _lower(text: Text) -> Text:
    return Text(text.zh, text.en.lower())


def _between(row: pd.Series, start: str, stop: str) -> float:
    """Hours between two moments, NaN where either is not recorded."""
    if pd.isna(row[start]) or pd.isna(row[stop]):
        return float("nan")
    return (row[stop] - row[start]).total_seconds() / 3600


def _done(row: pd.Series) -> Text:
    answered = words.took(_between(row, "opened_at", "responded_at"))
    return say(
        "答复客户：{a}；解决：{s}（{o}）", "Answered: {a}; settled: {s} ({o})", a=answered, s=words.took(row["hours"]), o=words.ENDED[row["outcome"]]
    )


def _lesson(row: pd.Series, rule: Rule, departments: Mapping[str, Text]) -> Text:
    """Who owned it and where most of the time went; of one that did not hold, that closing is not settling."""
    owner = row["owner_department"]
    who = Text("没有写明部门", "No department named") if pd.isna(owner) else departments.get(owner, Text(str(owner), str(owner)))
    if row["outcome"] == "reopened":
        return say(
            "{d}：{n} 天内客户又为这件事开单，关单不等于解决",
            "{d}: the customer opened another case within {n} days; closed does not mean settled",
            d=who,
            n=rule.reopened_days,
        )
    spent = {name: _between(row, start, stop) for name, start, stop in _STAGES}
    known = {name: hours for name, hours in spent.items() if hours == hours}
    if not known:
        return who
    stage = words.STAGES[max(known, key=lambda name: known[name])]
    told = (
        ("{d}：晚在哪一段？用时最多的是{s}", "{d}: where was time lost? Most of it went into {s}")
        if row["outcome"] == "late"
        else ("{d}：做到了按时；用时最多的是{s}", "{d}: settled in time; most of the time went into {s}")
    )
    return say(*told, d=who, s=stage)


def sheet(audit: Audit) -> pd.DataFrame:
    """One row an attacker: the share found of originals and of cards, and how many have nobody that matches."""
    alone = {"week": ("was", "crowd"), "complaint": ("was_topic", "alike")}
    rows = []
    for name in ATTACKS:
        row: dict[str, Any] = {"attacker": words.ATTACKERS[name], "before": written(audit.before.get(name)), "after": written(audit.after.get(name))}
        before, after = alone.get(name, ("", ""))
        row["alone_before"] = str(audit.alone(before)) if before else "—"
        row["alone_after"] = str(audit.alone(after, released=True)) if after else "—"
        rows.append(row)
    return pd.DataFrame(rows, columns=["attacker", "before", "after", "alone_before", "alone_after"])


def written(one: Estimate | None) -> Text:
    """A share with its range, small ones with their decimals; a range alone for bounds."""
    if one is None or one.kind == "refusal":
        return DASH
    ends = (one.conf_low, one.conf_high)
    sign = words.places(max(ends))
    low, high = (f"{100 * end:.{sign}f}" for end in ends)
    if low == high:
        return say("{v}%", "{v}%", v=low)
    if one.kind == "bounds":
        return say("{l}%–{h}%", "{l}%–{h}%", l=low, h=high)
    return say("{v}%（{l}–{h}）", "{v}% ({l}–{h})", v=f"{100 * one.value:.{sign}f}", l=low, h=high)


def sizes(audit: Audit) -> pd.DataFrame:
    """How many customers match: cases by class size, before (week; week and complaint) and as released cards."""
    out, rows = audit.released, []
    for low, high in SIZES:
        name = (
            say("只有 1 位", "1 (no one else)")
            if high == 1
            else say("{l} 位以上", "{l} or more", l=low)
            if np.isinf(high)
            else say("{l}–{h} 位", "{l}–{h}", l=low, h=int(high))
        )
        count = lambda values: int(values.between(low, high).sum())  # noqa: B023, E731
        rows.append({"alike": name, "was": count(audit.cards["was"]), "was_topic": count(audit.cards["was_topic"]), "cards": count(out["alike"])})
    return pd.DataFrame(rows, columns=["alike", "was", "was_topic", "cards"])


def levels(audit: Audit, rule: Rule) -> pd.DataFrame:
    """How much the cards say: cards a level, and those withheld."""
    counts = audit.cards["level"].value_counts()
    rows = [{"says": words.level(one), "n": int(counts.get(i, 0))} for i, one in enumerate(rule.levels)]
    return pd.DataFrame([*rows, {"says": words.WITHHELD, "n": int(counts.get(-1, 0))}], columns=["says", "n"])


def reasons(audit: Audit) -> pd.DataFrame:
    """Why words stand on a card, or do not."""
    counts = audit.released["kept"].value_counts()
    return pd.DataFrame([{"why": text, "n": int(counts[why])} for why, text in words.WHY.items() if counts.get(why, 0)], columns=["why", "n"])


def generalised(found: pd.DataFrame) -> pd.DataFrame:
    """What was generalised in the words of the cases drawn: kind, what it becomes, in how many texts."""
    rows = [{"kind": words.KINDS[kind], "becomes": words.BECOMES[kind], "n": int((found[kind] > 0).sum())} for kind in found.columns]
    return pd.DataFrame([row for row in rows if row["n"]], columns=["kind", "becomes", "n"])


def side_by_side(shares: pd.DataFrame, topics: Mapping[str, Text]) -> pd.DataFrame:
    """Shares of the library beside those of all closed cases."""
    titles = {"outcome": words.OUTCOMES, "severity": words.GRADES, "topic": topics}
    rows = [
        {
            "kind": titles[r.by].get(r.value, Text(str(r.value), str(r.value))),
            "cards": r.cards,
            "cases": r.cases,
            "cards_n": r.cards_n,
            "cases_n": r.cases_n,
        }
        for r in shares.itertuples(index=False)
    ]
    return pd.DataFrame(rows, columns=["kind", "cards", "cases", "cards_n", "cases_n"])
