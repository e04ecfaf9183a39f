"""Did the same customers change their mind, when those who stopped answering are counted too? Panel drop-out by censoring weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Ladder, Text, refusal
from voclib.schema import conformity, dates
from voclib.stats import attrition
from voclib.studies.scores import SCORES
from voclib.studies.survivorship import panel_text as words
from voclib.studies.survivorship.frame import coded

Tables = Mapping[str, pd.DataFrame]
UNITS = {"nps": "points", "csat": "share"}
MIN_PANEL = 50
"""Customers who answered at both ends; fewer give no trend."""


@dataclass(frozen=True)
class PanelTrend:
    """The change between the last two quarters from naive to corrected, who is in it, and captions for the page."""

    ladder: Ladder
    check: Check
    captions: Mapping[str, Any]


@conformity.explained
def trend(tables: Tables, *, metric: str = "nps", conf_level: float = 0.95, timezone: str = "") -> PanelTrend:
    """The last quarter against the one before, among customers asked in both who answered the first.

    Three rungs: everybody who answered either; only those who answered both; those who answered the first, each who stayed standing for
    the ones alike who stopped, given the first score, contacts, spend and complaints (`voclib.stats.attrition`). Refused where fewer than 50
    answered both, and where there are no contacts to place an answer in a quarter.
    """
    timezone = dates.zone(tables, timezone)
    if not len(tables.get("touchpoints", ())):  # the quarter is that of the contact asked about
        return _withheld(metric, words.NO_CONTACTS, words.check(0, 0, MIN_PANEL), [])
    asked, periods = _asked(tables, metric, timezone)
    estimand, unit = f"{metric}_change", UNITS[metric]
    began = asked[asked["customer_id"].isin(_both(asked, periods))]
    spoke = began[began["is_answered"]].groupby("period")["customer_id"].agg(set)
    first, second = (spoke.get(period, set()) for period in (periods + ["", ""])[:2])
    stayed, first = len(first & second), len(first)
    if stayed < MIN_PANEL:
        return _withheld(metric, words.too_few(stayed, MIN_PANEL), words.check(first, stayed, MIN_PANEL), periods)
    found = attrition.panel_change(began, "y", unit="customer_id", period="period", answered="is_answered", columns=["contacts"],
                                   history=["score", "y", "spend", "complaints"])
    options = {"unit": unit, "conf_level": conf_level}
    rungs = (found.naive.estimate(estimand, rung="each", **options), found.survivors.estimate(estimand, rung="both", **options),
             found.estimate(estimand, rung="ipcw", **options))
    return PanelTrend(Ladder(estimand, rungs, chosen="ipcw"), words.check(first, stayed, MIN_PANEL), words.captions(rungs[-1], periods, rungs[1]))


def _withheld(metric: str, why: Text, check: Check, periods: list[str]) -> PanelTrend:
    """No change is given: why, and what would make one possible."""
    estimand = f"{metric}_change"
    withheld = refusal(estimand, unit=UNITS[metric], rung="ipcw", reason=why, needs=words.NEEDS)
    return PanelTrend(Ladder(estimand, (withheld,), chosen="ipcw"), check, words.captions(withheld, periods))


def _asked(tables: Tables, metric: str, timezone: str) -> tuple[pd.DataFrame, list[str]]:
    """One row a customer and quarter asked in it: whether answered, the last answer, contacts asked about, what was known; last two quarters."""
    sent = tables["invitations"][["invitation_id", "touchpoint_id", "customer_id"]].dropna()
    met = sent.merge(tables["touchpoints"][["touchpoint_id", "started_at"]], on="touchpoint_id")
    when = met["started_at"].dt.tz_convert(timezone).dt.tz_localize(None)
    met["period"] = when.dt.to_period("Q").astype("str")
    periods = sorted(met["period"].unique())[-2:]
    met = met[met["period"].isin(periods)]
    column = SCORES[metric].column
    said = tables["responses"].loc[tables["responses"][column].notna(), ["invitation_id", column, "submitted_at", "response_id"]]
    told = met.merge(said, on="invitation_id").sort_values(["submitted_at", "response_id"]).drop_duplicates(["customer_id", "period"], keep="last")
    raw = told[column].astype("Float64").astype(float)  # who stops depends on the score itself, not only on its group
    told = told.assign(score=raw, y=coded(raw, metric))[["customer_id", "period", "score", "y"]]
    made = met.groupby(["customer_id", "period"], as_index=False)["touchpoint_id"].nunique().rename(columns={"touchpoint_id": "contacts"})
    made = made.merge(told, on=["customer_id", "period"], how="left")
    made["is_answered"] = made["y"].notna()
    return _known(made, tables.get("behaviours"), periods), periods


def _known(made: pd.DataFrame, behaviours: pd.DataFrame | None, periods: list[str]) -> pd.DataFrame:
    """Spend (in its own standard deviations) and complaints of the last snapshot before the first of the two quarters; zero where there is none."""
    made = made.assign(contacts=made["contacts"].astype(float), spend=0.0, complaints=0.0)
    if behaviours is None or behaviours.empty or not periods:
        return made
    start = pd.Period(periods[0], freq="Q").start_time
    before = behaviours[(behaviours["asof_on"] < start) & ~behaviours["is_post"].astype(bool)]
    last = before.sort_values(["customer_id", "asof_on"]).drop_duplicates("customer_id", keep="last").set_index("customer_id")
    spend = last["spend_12m_cny"].astype(float).reindex(made["customer_id"]).to_numpy()
    spread = np.nanstd(spend) if np.isfinite(spend).any() else 1.0
    made["spend"] = np.nan_to_num((spend - np.nanmean(spend)) / (spread or 1.0)) if np.isfinite(spend).any() else 0.0
    made["complaints"] = np.nan_to_num(last["complaints_12m"].astype(float).reindex(made["customer_id"]).to_numpy())
    return made


def _both(asked: pd.DataFrame, periods: list[str]) -> pd.Index:
    """Customers asked in both quarters."""
    counts = asked.groupby("customer_id")["period"].nunique()
    return counts.index[counts == len(periods)]
