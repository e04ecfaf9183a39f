"""Whether the voice follows the batch: complaints of the part's topic by customers whose vehicle carries it, against customers of sibling batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import siblings
from voclib.studies.root_cause.batches import Found
from voclib.text.parts import Parts

FEWEST_EVENTS = 5  # complaints expected on it if it were like its siblings, beside which a ratio says nothing
NO_TOPIC = Text("没有写明这个零件对应的主题，或没有客户声音。", "No topic is assigned to this part, or there are no voices.")
POWER_REACH = 2.8  # standard errors between nothing and what is seen in four of five cases


@dataclass(frozen=True)
class Follow:
    """Ratios for the part's topic and the control topic (or refusals), complaints and customers of either side, the smallest ratio to be seen."""

    topic: str
    control: str
    found: Estimate
    control_found: Estimate | None
    voices: tuple[int, int]
    customers: tuple[int, int]
    smallest: float | None

    @property
    def control_holds(self) -> bool | None:
        """Whether the control topic stays where it was; None where it could not be asked."""
        return None if self.control_found is None or self.control_found.kind != "estimate" else (
            self.control_found.conf_low <= 1 <= self.control_found.conf_high)


def complaints(mentions: pd.DataFrame) -> pd.DataFrame:
    """Mentions that are not praise: `response_id, topic`, each pair once; one without a sentiment is not taken for a complaint."""
    kept = mentions[mentions["sentiment"].isin(["negative", "neutral"])]
    return kept[["response_id", "topic"]].drop_duplicates()


def spoken(responses: pd.DataFrame) -> pd.DataFrame:
    """Voices with words and a day: `response_id, customer_id, unit_id, at` — the contact's day where known, else that of submitting."""
    kept = responses[responses["comment"].notna() & responses["comment"].astype(str).str.strip().ne("")]
    at = kept["touched_at"].fillna(kept["submitted_at"])
    return kept[["response_id", "customer_id", "unit_id"]].assign(at=at)[at.notna()]


def study(tables: Mapping[str, pd.DataFrame], found: Found, rules: Parts, *, conf_level: float = 0.95) -> Follow | None:
    """Compare customers by the batch in their vehicle, from their first repair of it on; None where no batch is picked.

    Only repairs say which vehicle carries which batch, so both sides are customers who came for the part.
    """
    row = found.row
    if row is None:
        return None
    topic, need = rules.topic.get(row["part"], ""), ("responses", "topic_mentions")
    if not topic or any(tables.get(name) is None or tables[name].empty for name in need):
        needs = Text("零件规则文件里的主题，以及带主题的声音", "Its topic in the rule file, and voices with topics")
        return Follow(topic, rules.control, _none(NO_TOPIC, needs), None, (0, 0), (0, 0), None)
    rows = complaining(tables, found, row)
    said = complaints(tables["topic_mentions"])
    n = rows.groupby("mine")["response_id"].size().reindex([True, False]).fillna(0).astype(int)
    who = rows.groupby("mine")["customer_id"].nunique().reindex([True, False]).fillna(0).astype(int)
    made = ratio(rows, said, topic, conf_level)
    control = ratio(rows, said, rules.control, conf_level) if rules.control else None
    return Follow(topic, rules.control, made, control, (int(n[True]), int(n[False])), (int(who[True]), int(who[False])), _smallest(rows, said, topic))


def complaining(tables: Mapping[str, pd.DataFrame], found: Found, row: pd.Series) -> pd.DataFrame:
    """Voices that complain, after the first repair of the part, with `mine` whether the customer's vehicle carries the batch."""
    repairs = tables["repairs"]
    same = repairs[(found.cells.steps == "") & repairs["part"].eq(row["part"]).to_numpy() & repairs["product"].eq(row["product"]).to_numpy()
                   & repairs["customer_id"].notna().to_numpy()]
    told = set(found.table.loc[found.table["told"], "batch_id"]) - {row["batch_id"]}
    same = same[~same["batch_id"].isin(told)].assign(own=lambda d: d["batch_id"].eq(row["batch_id"]))
    carries = same.groupby("customer_id")["own"].any()
    since = same[same["own"] | ~same["customer_id"].map(carries)].groupby("customer_id")["repaired_at"].min()
    voices = spoken(tables["responses"])
    voices = voices[voices["customer_id"].isin(since.index) & voices["response_id"].isin(complaints(tables["topic_mentions"])["response_id"])]
    after = voices["at"] >= voices["customer_id"].map(since).dt.floor("D")
    kept = voices[after]
    return kept.assign(mine=kept["customer_id"].map(carries).astype(bool))


def ratio(rows: pd.DataFrame, said: pd.DataFrame, topic: str, level: float) -> Estimate:
    """Complaints of the topic among `complaining` voices, batch against siblings; design effects by customer, a refusal where too few."""
    hit = rows["response_id"].isin(said.loc[said["topic"].eq(topic), "response_id"])
    sides = [_side(rows[rows["mine"].eq(flag)], hit[rows["mine"].eq(flag)]) for flag in (True, False)]
    (k1, n1, d1, c1), (k0, n0, d0, c0) = sides
    usual = n1 * k0 / n0 if n0 else 0.0
    if usual < FEWEST_EVENTS:
        reason = say("这批车主修过之后只有 {n} 条抱怨，照同类批次约有 {k:.1f} 条说到这个主题。",
                     "Owners of the batch left {n} {n:complaint|complaints} after the repair; about {k:.1f} on this topic would be expected.",
                     n=int(n1), k=float(usual))
        needs = say("更多抱怨，照同类批次至少 {k} 条说到它", "More complaints, with {k} on this topic expected", k=FEWEST_EVENTS)
        return _none(reason, needs, n=int(n1))
    low, high = siblings.interval(k1 / d1, n1 / d1, k0 / d0, n0 / d0, conf_level=level)
    value = float(k1 / n1 / (k0 / n0))
    return Estimate(estimand="voice_ratio", kind="estimate", unit="ratio", value=value, conf_low=min(float(low), value),
                    conf_high=max(float(min(high, siblings.FARTHEST)), value), conf_level=level, n=int(n1), n_clusters=int(c1 + c0), evidence_level=1,
                    ci_method="mid-p, design effect by customer", verdict=Verdict.REPORT)


def _side(rows: pd.DataFrame, hit: pd.Series) -> tuple[float, float, float, int]:
    """Complaints, voices, design effect of their clustering by customer, customers."""
    if rows.empty:
        return 0.0, 0.0, 1.0, 0
    by = pd.DataFrame({"who": rows["customer_id"].to_numpy(), "hit": hit.to_numpy(dtype=float)}).groupby("who")["hit"].agg(["sum", "size"])
    k, n, customers = float(by["sum"].sum()), float(by["size"].sum()), len(by)
    if not k or customers < 2:
        return k, n, 1.0, customers
    left = float(((by["sum"] - k / n * by["size"]) ** 2).sum()) * customers / (customers - 1)
    return k, n, max(left / k, 1.0), customers


def _smallest(rows: pd.DataFrame, said: pd.DataFrame, topic: str) -> float | None:
    """The ratio that four of five such comparisons would tell from one."""
    hit = rows["response_id"].isin(said.loc[said["topic"].eq(topic), "response_id"])
    (_, n1, _, _), (k0, n0, d0, _) = (_side(rows[rows["mine"].eq(flag)], hit[rows["mine"].eq(flag)]) for flag in (True, False))
    if not n1 or not k0:
        return None
    error = np.sqrt(d0 / (n1 * k0 / n0) + d0 / k0)
    return float(np.exp(POWER_REACH * error))


def _none(reason: Text, needs: Text, **more: Any) -> Estimate:
    return refusal("voice_ratio", unit="ratio", reason=reason, needs=needs, **more)
