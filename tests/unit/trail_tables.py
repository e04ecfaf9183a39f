"""Made tables for the audit trail: the golden slide of 500 × ¥6,000, and a small company with every kind of broken link."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from voclib.schema import validate
from voclib.schema.tables import TABLES

Tables = dict[str, pd.DataFrame]
START = "2025-03-01 10:00"
DAYS = {"first_day": "2024-01-01", "last_day": "2026-12-31"}


def typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table as the standard has it."""
    given = frame.assign(**{c: None if v.nullable else "1" for c, v in TABLES[name].columns.items() if c not in frame})
    found = validate(given, name)
    assert not len(found.quarantined), found.problems
    return found.accepted


def golden() -> tuple[Tables, pd.Series, list[str]]:
    """2,000 customers waited, 500 of them left; of 4,000 others 700 did. Whoever stays, or has not left yet, books ¥6,000 of margin a year.

    The amount is spread over bookings whose cents differ from customer to customer and add up all the same. Returns tables, the moment of each
    customer, and who waited.
    """
    ids = np.array([f"C{i:04d}" for i in range(6000)])
    waited, left = np.arange(6000) < 2000, np.zeros(6000, dtype=bool)
    left[:500], left[2000:2700] = True, True
    first = 100_000 + 37 * np.arange(6000)  # cents
    books = []
    for year, who in (("2024-09-01 12:00", ids == ids), ("2025-09-01 12:00", ~left)):
        for part, cents in (("a", first), ("b", 600_000 - first)):
            books.append(pd.DataFrame({"transaction_id": f"{year[:4]}{part}" + pd.Series(ids[who]), "customer_id": ids[who], "booked_at": year,
                                       "kind": "service", "net_cny": cents[who] / 50, "margin_cny": cents[who] / 100, "currency": "CNY"}))
    churned = pd.Series(np.where(left, "2025-07-01", None))
    voice = pd.DataFrame({"response_id": pd.Series("R" + pd.Series(ids[waited])), "customer_id": ids[waited], "channel": "sms",
                          "touched_at": START, "submitted_at": "2025-03-02 09:00", "comment": "等了两个小时", "weight": 1})
    tables = {
        "customers": typed("customers", pd.DataFrame({"customer_id": ids, "joined_on": "2020-01-01", "is_churned": left.astype(int).astype(str),
                                                      "churned_on": churned, "segment": "家庭"}).astype("str").replace({"nan": None, "None": None})),
        "transactions": typed("transactions", pd.concat(books, ignore_index=True).astype("str")),
        "responses": typed("responses", voice.astype("str")),
        "topic_mentions": typed("topic_mentions", pd.DataFrame({"response_id": voice["response_id"], "topic": "waiting_time", "probability": "0.9",
                                                                "sentiment": "negative", "classifier": "made"})),
    }
    return tables, pd.Series(pd.Timestamp(START, tz="Asia/Shanghai"), index=pd.Index(ids)), list(ids[waited])


def small() -> Tables:
    """The small company, as a dictionary of its own."""
    return dict(_small())


@cache
def _small() -> Tables:
    """Five customers. C1 writes markup about waiting and has a case; C2 has a case without a voice; C3 wrote too early; C4 only books; C5 nothing."""
    def rows(name: str, *made: dict) -> pd.DataFrame:
        return typed(name, pd.DataFrame([{k: None if v is None else str(v) for k, v in row.items()} for row in made]))

    def money(number: str, customer: str, at: str, margin: str, **more: str) -> dict:
        return {"transaction_id": number, "customer_id": customer, "booked_at": at, "kind": "service", "net_cny": str(2 * float(margin)),
                "margin_cny": margin, "currency": "CNY", "refund_of_transaction_id": None, **more}

    voice = {"channel": "sms", "weight": 1, "submitted_at": "2025-03-05 10:00"}
    return {
        "customers": rows("customers", *({"customer_id": f"C{i}", "is_churned": int(i == 1), "churned_on": "2025-08-01" if i == 1 else None,
                                          "segment": "家庭"} for i in range(1, 6))),
        "responses": rows(
            "responses", {"response_id": "R1", "customer_id": "C1", "comment": HOSTILE, "touched_at": START, **voice},
            {"response_id": "R1b", "customer_id": "C1", "comment": "茶水间不错", "touched_at": None, **voice},
            {"response_id": "R3", "customer_id": "C3", "comment": "去年的事", "touched_at": "2025-02-01 10:00", **voice},
            {"response_id": "R?", "customer_id": None, "comment": "匿名", "touched_at": None, **voice}),
        "topic_mentions": rows("topic_mentions", *(
            {"response_id": r, "topic": topic, "probability": 0.9, "sentiment": tone, "classifier": "made"} for r, topic, tone in (
                ("R1", "waiting_time", "negative"), ("R1", "lounge", "positive"), ("R3", "waiting_time", "negative"), ("R?", "lounge", "negative")))),
        "cases": rows("cases", *({"case_id": c, "response_id": r, "customer_id": who, "topic": topic, "severity": "low", "opened_at": at,
                                  "description": "x"} for c, r, who, topic, at in (
            ("Q1", "R1", "C1", "waiting_time", "2025-03-06 10:00"), ("Q2", None, "C2", "noise", "2025-04-01 10:00"),
            ("Q3", "R1b", None, "lounge", "2025-03-07 10:00"), ("Q4", "R?", None, "lounge", "2025-03-07 10:00")))),
        "transactions": rows(
            "transactions", money("B1", "C1", "2025-04-01 10:00", "10.01"), money("B2", "C1", "2025-05-01 10:00", "20.02"),
            money("B3", "C1", "2026-04-01 10:00", "999.99"), money("B4", "C2", "2025-04-01 10:00", "0.10"),
            money("B5", "C2", "2025-04-02 10:00", "0.20"), money("B6", "C4", "2025-12-01 10:00", "7.77"),
            money("B7", "C4", "2026-02-28 10:00", "5.00"),
            money("B8", "C4", "2026-03-05 10:00", "-2.00", kind="refund", refund_of_transaction_id="B7"),
            money("B9", "C5", "2024-06-01 10:00", "3.33")),
    }


HOSTILE = '<script>alert("x")</script>等了两个小时，=HYPERLINK("http://x")，**没人理**，再也不来了，真的再也不来了'


def start(*customers: str) -> pd.Series:
    """The same moment for some customers."""
    return pd.Series(pd.Timestamp(START, tz="Asia/Shanghai"), index=pd.Index(list(customers)))
