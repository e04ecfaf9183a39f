"""Who was first with a confirmed issue, how one can tell, and what money was booked as recovered. Employees are never named, nor told by dealer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop.frontline.reports import BUG, RIVAL, Reports
from voclib.results import Estimate, Text, Verdict, refusal

LOOK_BACK = 45  # days before a report in which nobody may have said the same
SMALL = 5  # fewer reporting employees of a region than this: the card does not say the region


@dataclass(frozen=True)
class Heroes:
    """`cards` has a row a month: month, region ("" where too few report there), kind, subject (model, part or topic, rival), reported,
    confirmed, waited (days to the next report of the same, missing without one), repeats, recovered.

    `confirmed` first reports were confirmed; of them `proven` were first beyond doubt and `contested` had an earlier report on the subject that
    nobody linked. `recovered` is the sum booked, `booked_n` reports carry it, `by_kind` splits it.
    """

    cards: pd.DataFrame
    confirmed: int
    proven: int
    contested: int
    disordered: int
    recovered: Estimate
    booked_n: int
    by_kind: pd.DataFrame


def subject(table: pd.DataFrame) -> pd.Series:
    """What a report is about, as one key: kind, model, and the part, the rival or the topic."""
    what = table["part"].where(table["kind"].eq(BUG), table["competitor"].where(table["kind"].eq(RIVAL))).astype(object)
    what = what.where(what.notna(), table["topic"].astype(object))
    made = [table["kind"].astype(object), table["product"].astype(object), what]
    return pd.Series(["|".join("" if pd.isna(x) else str(x) for x in row) for row in zip(*made, strict=True)], table.index, dtype="str")


def study(reports: Reports) -> Heroes:
    """Proof of being first: no report on the same subject in the `LOOK_BACK` days before, be it a repeat of another or not, and every report linked
    to it came later."""
    table = reports.table.assign(subject=subject(reports.table))
    first = table[~table["is_repeat"]]
    repeats = table[table["is_repeat"]]
    later = repeats.merge(first[["report_id", "day"]], left_on="duplicate_of_report_id", right_on="report_id", suffixes=("", "_first"))
    disordered = int((later["day"] <= later["day_first"]).sum())
    by = later[later["day"] > later["day_first"]].groupby("duplicate_of_report_id")["day"].agg(["size", "min"])
    before = table.sort_values("day", kind="stable").groupby("subject")["day"].shift()
    made = first.assign(repeats=first["report_id"].map(by["size"]).fillna(0).astype(int), waited=first["report_id"].map(by["min"]) - first["day"],
                        since=first["day"] - before.reindex(first.index))
    # the same may be unlinked: an earlier report on the subject leaves doubt about who was first; so does a first day too near the start
    made = made.assign(is_proven=(made["since"].isna() | (made["since"] > LOOK_BACK)) & (made["day"] >= LOOK_BACK))
    confirmed = made[made["confirmed_at"].notna()]
    proven = confirmed[confirmed["is_proven"]]
    booked = table[table["recovered_cny"].notna()]
    by_kind = booked.groupby("kind")["recovered_cny"].agg(["size", "sum"]).reset_index().rename(columns={"size": "n", "sum": "money"})
    return Heroes(cards=_cards(proven, reports), confirmed=len(confirmed), proven=len(proven),
                  contested=int((confirmed["since"] <= LOOK_BACK).sum()), disordered=disordered,
                  recovered=_recovered(booked["recovered_cny"]),
                  booked_n=len(booked), by_kind=by_kind)


def _recovered(booked: pd.Series) -> Estimate:
    """The sum of what was booked, in CNY: exact, but whoever handles a case fills it in, and nothing is compared."""
    if booked.empty:
        return refusal("recovered_money", unit="cny", reason=Text("没有一条上报记着挽回金额。", "No report records money recovered."),
                       needs=Text("处理完一条上报时，记下挽回的金额", "Money recovered, recorded when a report is settled"))
    return Estimate(estimand="recovered_money", kind="count", unit="cny", value=float(booked.sum()), n=len(booked), ci_method="sum as booked",
                    verdict=Verdict.REPORT_WITH_CAVEAT)


def _cards(proven: pd.DataFrame, reports: Reports) -> pd.DataFrame:
    """One card a month: of the proven firsts that with most repeats after it, then most money, then the earliest; latest month first."""
    columns = ["month", "region", "kind", "subject", "reported", "confirmed", "waited", "repeats", "recovered"]
    order = proven.assign(money=proven["recovered_cny"].fillna(0.0)).sort_values(["month", "repeats", "money", "day", "report_id"],
                                                                                ascending=[True, False, False, True, True])
    picked = order.drop_duplicates("month").sort_values("month", ascending=False)
    people = reports.table.groupby("region")["staff_id"].nunique()
    region = picked["region"].where(picked["region"].map(people).fillna(0) >= SMALL).astype(object)
    local = [picked[name].dt.tz_convert(reports.timezone).dt.strftime("%Y-%m-%d") for name in ("reported_at", "confirmed_at")]
    return pd.DataFrame({
        "month": picked["month"], "region": region.where(region.notna(), ""),
        "kind": picked["kind"], "subject": picked["subject"].str.split("|").str[1:].map(lambda x: tuple(part for part in x if part)),
        "reported": local[0], "confirmed": local[1], "waited": picked["waited"].astype(float), "repeats": picked["repeats"],
        "recovered": picked["recovered_cny"].astype(float)}, columns=columns).replace({"recovered": {0.0: np.nan}}).reset_index(drop=True)
