"""The audit beside what is known: the attack carried out, part of the customer list hidden, identifiers planted in texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import tables as laid
from voclib.loop.case_library.audit import FOUND, Audit
from voclib.loop.case_library.people import People
from voclib.loop.case_library.rule import Rule
from voclib.privacy import KINDS, redact
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say
from voclib.stats import disclosure
from voclib.stats.inference import unnamed

Tables = Mapping[str, pd.DataFrame]
ROUNDS = 400  # guesses of the attacker a case
PARTS = (0.5, 0.25)  # of the customer list that is kept
COLUMNS = {
    "what": Text("对照", "Comparison"),
    "found": Text("估计（区间）", "Estimate (range)"),
    "truth": Text("真值", "Truth"),
    "inside": Text("区间含真值", "Range contains it"),
    "naive": Text("不校正的数", "Uncorrected"),
}
YES, NO = Text("是", "Yes"), Text("否", "No")


def against(audit: Audit, able: pd.DataFrame, people: People, tables: Tables, truth: Mapping[str, Any], rule: Rule, *, seed: int) -> pd.DataFrame:
    """One row a comparison: what, found, truth, inside, naive."""
    rows = [_attack(audit, people, rule, seed), *(row for part in PARTS for row in _hidden(able, people, rule, part, seed))]
    if (planted := _planted(truth)) > 0:
        rows.append(_identifiers(tables, planted))
    return pd.DataFrame([row for row in rows if row], columns=list(COLUMNS))


def _attack(audit: Audit, people: People, rule: Rule, seed: int) -> dict[str, Any]:
    """Someone looks every original up by dealer, model and week, and points at one of the customers found."""
    rng, held, frame = np.random.default_rng([seed, 531]), [], people.contacts
    for row in audit.cards.itertuples(index=False):
        day = (row.opened - pd.Timestamp("1970-01-01")).days
        mine = frame["unit_id"].eq(row.unit_id) & (frame["day"] - day).abs().le(rule.days)
        mine &= frame["product"].isna() if pd.isna(row.product) else frame["product"].eq(row.product)
        names = np.sort(frame.loc[mine, "customer_id"].unique())
        held.append(float((rng.choice(names, ROUNDS) == row.customer_id).mean()) if len(names) else 0.0)
    return _row(
        say("真去认一遍：原案例每个猜 {n} 次", "The attack carried out: {n} guesses per original case", n=ROUNDS),
        audit.before["week"],
        float(np.mean(held)),
        audit.naive,
    )


def _hidden(able: pd.DataFrame, people: People, rule: Rule, part: float, seed: int) -> list[dict[str, Any]]:
    """Only a part of the customers is on the list: what the audit says then, and what the whole list knows of the same cases.

    Of the larger part also: of cases with nobody else listed, how many matches are right.
    """
    everybody = pd.Index(np.sort(people.contacts["customer_id"].unique()))
    kept = everybody[np.random.default_rng([seed, 532]).random(len(everybody)) < part]
    mine = able[able["customer_id"].isin(kept)].reset_index(drop=True)
    if len(mine) < 2:
        return []
    seen = crowd.near(people.only(kept), mine, days_off=rule.days) - 1
    cluster = unnamed.alone(mine["unit_id"]).to_numpy() if mine["unit_id"].nunique() > 1 else None
    found, naive = (disclosure.found(seen, fraction=share, estimand=FOUND, cluster=cluster) for share in (part, 1.0))
    whole = crowd.near(people, mine, days_off=rule.days)
    hidden = say("藏起客户表的 {s:.0%}，用余下的估", "{s:.0%} of the customer list hidden, estimated from the rest", s=1 - part)
    rows = [_row(hidden, found, float((1 / whole).mean()), naive)]
    alone = seen == 0
    if part == PARTS[0] and alone.any():
        one = disclosure.correct_if_unique(seen, fraction=part, estimand=FOUND, cluster=cluster)
        sure = Estimate(estimand=FOUND, kind="estimate", unit="share", value=1.0, conf_low=1.0, conf_high=1.0)
        rows.append(
            _row(
                say("同上：表里只此一位的，认对的占比", "The same: only one match listed, share of correct matches"),
                one,
                float(alone.sum() / whole[alone].sum()),
                sure,
            )
        )
    return rows


def _row(what: Text, found: Estimate, truth: float, naive: Estimate) -> dict[str, Any]:
    return {
        "what": what,
        "found": laid.written(found),
        "truth": f"{100 * truth:.0f}%",
        "inside": YES if found.conf_low <= truth <= found.conf_high else NO,
        "naive": laid.written(naive),
    }


def _planted(truth: Mapping[str, Any]) -> int:
    """Identifiers that the simulator put into texts."""
    return sum(int(found.get(kind, 0)) for found in truth.get("dirt", {}).values() for kind in KINDS)


def _identifiers(tables: Tables, planted: int) -> dict[str, Any]:
    texts = pd.concat(
        [
            tables[table][column].dropna().astype("str")
            for table, column in (("responses", "comment"), ("turns", "text"), ("cases", "description"))
            if table in tables
        ]
    )
    left = sum(redact(texts.drop_duplicates()).counts.values())
    return {
        "what": say("埋在各渠道原话里的号码 {n} 处，导入后还剩", "Identifiers planted in texts: {n}; remaining after import", n=planted),
        "found": Text(str(left), str(left)),
        "truth": "0",
        "inside": YES if left == 0 else NO,
        "naive": DASH,
    }
