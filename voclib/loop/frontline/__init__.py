"""Do we hear what the frontline sees, and how much earlier? What came back, who was first, which teams speak, and what they say of rivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.loop.frontline import captions as shown
from voclib.loop.frontline import checks as checked
from voclib.loop.frontline import heroes as frontline_heroes
from voclib.loop.frontline import lead, loopback, rivals
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline import tables as laid
from voclib.loop.frontline import teams as frontline_teams
from voclib.loop.frontline import text as words
from voclib.loop.frontline.heroes import Heroes
from voclib.loop.frontline.lead import Leads, Settings
from voclib.loop.frontline.lists import Lists
from voclib.loop.frontline.loopback import LoopBack
from voclib.loop.frontline.reports import Reports
from voclib.loop.frontline.rivals import Rivals
from voclib.loop.frontline.teams import Teams
from voclib.results import Check, Estimate, Study, Text, Verdict
from voclib.stats import gates as gating
from voclib.stats.gates import Gates


@dataclass(frozen=True)
class Frontline:
    """What the page shows; `course` is empty without an event that both sides show."""

    study: Study
    reports: Reports
    loop: LoopBack
    leads: Leads
    heroes: Heroes
    teams: Teams
    rivals: Rivals
    course: pd.DataFrame
    months: pd.DataFrame
    events: pd.DataFrame
    cards: pd.DataFrame
    money: pd.DataFrame
    regions: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def facts(reports: Reports) -> dict[Text, int]:
    """Counts that open the page."""
    table = reports.table
    return {Text("条上报", "reports"): len(table), Text("条是重复的", "repeat an earlier one"): int(table["is_repeat"].sum()),
            Text("名员工报过", "employees reported"): int(table["staff_id"].nunique()), Text("家门店报过",
                "dealers reported"): int(table["unit_id"].nunique())}


def study(tables: Mapping[str, pd.DataFrame], lists: Lists | None = None, *, settings: Settings | None = None, told_days: int = 7,
          conf_level: float = 0.95, gates: Gates | None = None, seed: int = 0, timezone: str = "") -> Frontline:
    """Everything the page says of the frontline's reports; each part refuses by itself where its tables do not carry it.

    Raises
    ------
    DataError
        as `frontline_reports.read`.
    """
    lists, gates = lists or Lists(), gates or gating.load()
    given = settings or Settings(conf_level=conf_level, seed=seed)
    reports = frontline_reports.read(tables, timezone=timezone)
    loop = loopback.study(reports, tables, told_hours=24.0 * told_days, conf_level=conf_level, gates=gates, seed=seed)
    leads = lead.study(reports, tables, given)
    heroes = frontline_heroes.study(reports)
    teams = frontline_teams.study(reports, tables, conf_level=conf_level, seed=seed)
    found = rivals.study(reports, lists, conf_level=conf_level, gates=gates)
    course = lead.course(leads, leads.apart[0], reports, conf_level=conf_level) if leads.heard else pd.DataFrame()
    checks = checked.checks(reports, loop, leads, heroes, teams, given)
    return Frontline(
        study=_finding(reports, loop, leads, heroes, teams, checks, told_days=told_days, seed=seed), reports=reports, loop=loop, leads=leads,
        heroes=heroes, teams=teams, rivals=found, course=course, months=laid.months(reports), events=laid.events(leads, reports, lists),
        cards=laid.cards(heroes, lists), money=laid.money(heroes), regions=laid.regions(teams, lists),
        captions=shown.captions(reports, loop, leads, heroes, teams, found, lists, told_days=told_days, conf_level=conf_level))


def _finding(reports: Reports, loop: LoopBack, leads: Leads, heroes: Heroes, teams: Teams, checks: tuple[Check, ...], *, told_days: int,
             seed: int) -> Study:
    """The ratio leads, the share told, the lead and the money booked stand beside it; a failed check makes it a caveat, in its own words."""
    failed = [one for one in checks if one.passed is False]
    ratio = loop.ratio
    verdict = Verdict.worst([ratio.verdict, Verdict.REPORT_WITH_CAVEAT if failed and ratio.kind != "refusal" else Verdict.REPORT])
    first = ratio.with_(verdict=verdict, rung="", group="") if ratio.kind != "refusal" else ratio
    told = loop.told.every.with_(rung="", group="")
    naive = next((one for one in loop.ladder.rungs if one.rung == "before_after"), None) if loop.ladder else None
    said = failed[0].consequence if failed and failed[0].consequence is not None else words.CAVEAT
    return Study(question=words.QUESTION, kicker=words.kicker(len(reports.table)), answer=words.answer(loop, leads, told_days),
                 headline=(first, told, leads.lead, heroes.recovered), naive=naive, verdict=verdict,
                 ladders=(loop.ladder,) if loop.ladder else (), checks=checks,
                 caveat=said, decision=words.decision(loop, teams, leads), limits=words.LIMITS, reader="region", seed=seed)


def against_truth(result: Frontline, truth: Mapping[str, Any], lists: Lists) -> pd.DataFrame:
    """What was planted beside what was found: ratio, share told, lead, repeats, silent dealers, quotes below our list prices."""
    planted = truth.get("field", {}).get("frontline", {})
    rows, loop = [], result.loop
    if not planted:
        return pd.DataFrame(columns=list(laid.TRUTH_COLUMNS))
    if loop.ratio.kind == "estimate":
        rows.append(laid.truth_row(Text("听到回音后的倍数",
                                        "Ratio once told"), loop.ratio, float(planted["reporting_ratio_once_told"]), result.study.naive))
    if loop.told.every.kind == "estimate":
        naive = loop.told.closed if loop.told.closed.kind == "estimate" else None
        rows.append(laid.truth_row(Text("已解决的有多少得到回音",
                                        "Share of fixes told"), loop.told.every, float(planted["told_share_of_fixed"]), naive))
    if result.leads.lead.kind != "refusal":
        rows.append(laid.truth_row(Text("一线早几天", "Days earlier"), result.leads.lead, float(planted["lead_days"])))
    repeats = Estimate(estimand="silent_dealers", kind="count", unit="count", value=float(result.reports.table["is_repeat"].sum()))
    rows.append(laid.truth_row(Text("重复的上报", "Repeats"), repeats, float(planted["duplicates_n"])))
    if len(result.teams.dealers):
        silent = repeats.with_(value=float(result.teams.silent_n))
        rows.append(laid.truth_row(Text("一条也没报的门店", "Dealers without any report"), silent, float(len(planted["silent_dealers"]))))
    for one in result.rivals.undercut:
        if one.kind == "estimate" and one.group in planted["undercut_share"]:
            name = lists.name(one.group)
            rows.append(laid.truth_row(Text(f"{name.zh}的报价低多少", f"{name.en}'s quotes below ours"),
                                       one, float(planted["undercut_share"][one.group]),
                                       result.rivals.naive.get(one.group)))
    return pd.DataFrame(rows, columns=list(laid.TRUTH_COLUMNS))
