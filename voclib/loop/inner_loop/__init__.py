"""Are complaints answered and settled in time? Every clock with open cases counted, and the unhappy voices that no clock ever ran for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from voclib.errors import DataError
from voclib.loop import clocks, compliance, routing, unheard, working_time
from voclib.loop.clocks import Clock, Clocks, Tables
from voclib.loop.compliance import Compliance
from voclib.loop.inner_loop import alerts, departments, entered_twice, timestamps
from voclib.loop.inner_loop import captions as shown
from voclib.loop.inner_loop import checks as checked
from voclib.loop.inner_loop import tables as laid
from voclib.loop.inner_loop import text as words
from voclib.loop.inner_loop.departments import Departments
from voclib.loop.routing import Routing
from voclib.loop.unheard import Coverage
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.stats import gates as gating
from voclib.stats.gates import Gates

RETURN_DAYS = 30  # a customer who opens another case on the topic within so many days was not settled
CLOSE = 0.01  # how far the estimate with open cases may lie from the one of cases whose limit has run out
FEW_WRONG, FEW_IN_BULK = 0.01, 0.05  # shares of cases with times out of order, of closings in bulk, that are let pass
FEW_TWICE = 0.01  # share entered twice that is let pass: without them a share moves by at most one percentage point
HALF = 0.5  # a clock that surely is missed more often than met is told among the first things to do
PILE_LEVEL = 0.05  # how often chance alone may look like closings hurried in before the limit


@dataclass(frozen=True)
class InnerLoop:
    """What the page shows; `coverage` and `routing` are None where the tables cannot carry them, and frames empty where too little is left.

    `every` has an Estimate a clock (its `group` is the clock's id), `closed` the naive ones of closed cases alone. `curve` is for `charts.survival`,
    `months` for `charts.trend`, `matrix` and `sheet` for tables; `missed` and `queue` list cases by number, never customers.
    """

    study: Study
    ladder: Ladder
    every: tuple[Estimate, ...]
    closed: Mapping[str, Estimate]
    curve: pd.DataFrame
    coverage: Coverage | None
    departments: Departments
    months: pd.DataFrame
    sheet: pd.DataFrame
    matrix: pd.DataFrame
    missed: pd.DataFrame
    queue: pd.DataFrame
    routing: Routing | None
    routes: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Scene:
    """What every part of the study shares."""

    tables: Tables
    cases: pd.DataFrame
    clocks: Clocks
    asof: pd.Timestamp
    since: str
    until: str
    conf_level: float
    gates: Gates
    seed: int

    @property
    def options(self) -> dict[str, Any]:
        return {"conf_level": self.conf_level, "gates": self.gates}

    @property
    def timezone(self) -> str:
        return self.clocks.working.timezone

    def follow(self, clock: Clock) -> pd.DataFrame:
        return clocks.follow(self.cases, clock, asof=self.asof, working=self.clocks.working)

    def measure(self, clock: Clock, *, rung: str = "cases") -> Compliance:
        return compliance.measure(self.follow(clock), limit=clock.hours, estimand=words.estimand(clock), group=clock.id, rung=rung, seed=self.seed,
                                  **self.options)


def facts(found: pd.DataFrame) -> dict[Text, int]:
    """Counts that open the page."""
    return {Text("张工单", "cases"): len(found), Text("张还没有关闭", "still open"): int(found["resolved_at"].isna().sum()),
            Text("个责任部门", "departments"): int(found["owner_department"].nunique()),
            Text("家门店", "dealers"): int(found["unit_id"].nunique())}


def study(tables: Tables, given: Clocks, *, rules: tuple[Any, Any] | None = None, since: str = "", until: str = "", conf_level: float = 0.95,
          gates: Gates | None = None, seed: int = 0) -> InnerLoop:
    """Every clock of `given` over the cases of the period, and what goes with it; `rules` are the classes and dictionary of `routing.load`.

    A refusal where too few cases have run past the limit of the main clock.

    Raises
    ------
    DataError, ParameterError
        as `clocks.cases`; DataError where no case has the moment that the main clock starts or stops at, or it is about none of the cases.
        Another clock without its moments is left out, and a check names it.
    """
    found = clocks.cases(tables, since=since, until=until, timezone=given.working.timezone)
    silent = tuple(one for one in given.clocks if not one.is_main and _lacking(one, found))
    given = replace(given, clocks=tuple(one for one in given.clocks if one not in silent))
    scene = _Scene(tables, found, given, clocks.end(tables["cases"]), since, until, conf_level, gates or gating.load(), seed)
    _answerable(scene)
    measured = {one.id: scene.measure(one) for one in given.clocks}
    main, answer = given.main, measured[given.main.id]
    followed = scene.follow(main)
    coverage, voice = _coverage(scene)
    names = routing.departments(rules[0]) if rules else {}
    routed = routing.study(found, *rules, **scene.options) if rules and found["description"].notna().any() else None
    by = departments.study(followed, main, names, estimand=words.estimand(main), seed=seed, **scene.options)
    ladder = _ladder(main, answer, voice, coverage)
    late = alerts.queue(followed, main, most=len(followed))
    skipped = _skipped(scene)
    checks = (*_checks(scene, answer, coverage, routed, followed), *(checked.not_recorded(one, _lacking(one, found)) for one in silent),
              *(checked.skipped(given[id], *found_, measured[id].every, FEW_WRONG) for id, found_ in skipped.items()))
    finding = _finding(scene, answer, ladder, checks, coverage, by, late, missed=_mostly_missed(given, measured, skipped))
    options = {"estimand": words.estimand(main), "seed": seed, **scene.options}
    months = departments.months(followed, main, timezone=scene.timezone, **options)
    told, sheet = departments.sheet(followed, main, names, timezone=scene.timezone, **options)
    alert = _alert(given)
    cells = alerts.matrix(followed, main, **options)
    urgent = alerts.urgency(followed, main, estimand=words.estimand(main), **scene.options)
    missed = alerts.missed(scene.follow(alert), alert)
    closed = {one: m.closed for one, m in measured.items() if m.closed.kind == "estimate"}
    curve = compliance.curves(followed, limit=main.hours, seed=seed, **scene.options)
    return InnerLoop(
        study=finding, ladder=ladder, every=tuple(m.every for m in measured.values()), closed=closed, curve=curve, coverage=coverage, departments=by,
        months=months, sheet=laid.sheet(sheet, told), matrix=laid.matrix(cells), missed=laid.cases(missed, alert, names, scene.timezone),
        queue=laid.cases(late.head(12), main, names, scene.timezone), routing=routed, routes=laid.routes(routed, names, scene.gates),
        captions=shown.captions(given=given, measured=measured, ladder=ladder, curve=curve, coverage=coverage, by=by, months=months, told=told,
                                missed=len(missed), late=late, alert=alert, alerted=scene.follow(alert), routed=routed, urgent=urgent,
                                conf_level=conf_level))


def _answerable(scene: _Scene) -> None:
    """Refuse a main clock whose start or stop is recorded nowhere: all in time, or all late, might be read into it; and one of no case."""
    main = scene.clocks.main
    if name := _lacking(main, scene.cases):
        have = [m for m in (*clocks.MOMENTS, "submitted_at") if scene.cases[m].notna().any()]
        raise DataError(f"The main clock '{main.id}' needs {name}, and no case has it (recorded: {', '.join(have)}). Map that column in the rules "
                        "file of 'voc ingest', or copy params/rules/clocks.yml, give the main clock (is_main) another start or stop in the copy, "
                        "and name it in the edition as  clocks_file:.")
    if scene.follow(main).empty:
        kinds = ", ".join([*main.tiers, *main.severities])
        raise DataError(f"The main clock '{main.id}' applies to none of the {len(scene.cases):,} cases (tiers and severities: {kinds or 'all'}; the "
                        f"value tier is known for {int(scene.cases['value_tier'].notna().sum()):,}, the severity for "
                        f"{int(scene.cases['severity'].notna().sum()):,}). Map 'value_tier' of customers and 'severity' of cases in the rules file "
                        f"of 'voc ingest', or leave both out of the clock.")


def _lacking(clock: Clock, cases: pd.DataFrame) -> str:
    """The moment of a clock that no case has; empty where both are recorded."""
    return next((name for name in (clock.start, clock.stop) if cases[name].isna().all()), "")


def _alert(given: Clocks) -> Clock:
    """The tightest clock: whose misses are listed one by one."""
    return min(given.clocks, key=lambda one: one.hours)


def _mostly_missed(given: Clocks, measured: Mapping[str, Compliance],
                   skipped: Mapping[str, tuple[int, int, Estimate]]) -> tuple[Clock, Estimate] | None:
    """The clock besides the main one that is kept least, where even the upper end of its interval lies below one half; a clock that would not be
    missed so often had the cases without a record of its step been in time is none."""
    others = [(one, measured[one.id].every) for one in given.clocks if one.id != given.main.id and measured[one.id].every.kind == "estimate"
              and (one.id not in skipped or skipped[one.id][2].kind == "estimate" and skipped[one.id][2].conf_high < HALF)]
    worst = min(others, key=lambda pair: pair[1].value, default=None)
    return worst if worst is not None and worst[1].conf_high < HALF else None


def _coverage(scene: _Scene) -> tuple[Coverage | None, Estimate | None]:
    """What became of unhappy voices, and the main clock counted from the voice; None where a handful are unhappy, or no case names its voice.

    A voice has its case where that was opened after the period too. The tier and severity of a case cannot be told of a voice without one, so voices
    are followed by the main clock for all.
    """
    if "responses" not in scene.tables or scene.cases["submitted_at"].isna().all():
        return None, None
    main = scene.clocks.main
    spoken = main.model_copy(update={"start": "submitted_at"})
    voice, anybody = scene.measure(spoken, rung="voice").every, spoken.model_copy(update={"tiers": (), "severities": ()})
    ever = replace(scene, cases=clocks.cases(scene.tables, timezone=scene.timezone)) if scene.since or scene.until else scene
    made = unheard.study(scene.tables, ever.cases, scene.clocks.unhappy, main, ever.follow(anybody), scene.measure(anybody, rung="voice").every,
                         asof=scene.asof, working=scene.clocks.working, since=scene.since, until=scene.until, timezone=scene.timezone,
                         **scene.options)
    return (made, voice) if made.stages["voices"] >= scene.gates.small_cell else (None, voice)


def _ladder(main: Clock, answer: Compliance, voice: Estimate | None, coverage: Coverage | None) -> Ladder:
    """Closed cases alone → all cases → counted from the voice → all unhappy voices, this last step where the clock is about all cases."""
    more = [voice] if voice is not None and main.start != "submitted_at" else []
    more += [coverage.bounds] if coverage is not None and not (main.tiers or main.severities) else []
    group = {"group": ""}
    return Ladder(answer.every.estimand, tuple(one.with_(**group) for one in (answer.closed, answer.every, *more)), chosen="cases")


def _checks(scene: _Scene, answer: Compliance, coverage: Coverage | None, routed: Routing | None, followed: pd.DataFrame) -> tuple[Check, ...]:
    """Whether open cases tilt the number, whether the times can be believed, and what no clock can see."""
    found, n, main = scene.cases, len(scene.cases), scene.clocks.main
    closed = int(found["resolved_at"].notna().sum())
    lag = working_time.hours(found["submitted_at"], found["opened_at"])
    made = [checked.open_cases(answer.every, answer.due, CLOSE), _unrecorded(scene, answer, followed),
            checked.in_order(timestamps.out_of_order(found), n, FEW_WRONG),
            checked.one_by_one(timestamps.in_bulk(found), closed, timestamps.BULK, FEW_IN_BULK),
            checked.piled(_pile(scene, followed), main, PILE_LEVEL),
            _alike(scene), _once(scene)]
    if coverage is not None:
        made += [_spoken_once(scene, coverage), checked.heard_late(pd.Series(lag).median()), checked.no_case(coverage.share)]
    made.append(checked.came_back(*timestamps.came_back(found, days=RETURN_DAYS, asof=scene.asof), days=RETURN_DAYS))
    if routed is not None:
        made += [checked.routed(routed), checked.graded(routed)]
    return tuple(one for one in made if one is not None)


def _alike(scene: _Scene) -> Check:
    """Whether intervals allow for cases of one dealer to resemble each other."""
    found, by = compliance.clustered(scene.cases, "unit_id", scene.gates)
    return checked.independent(by is not None, n=len(found), blank=int(found["unit_id"].isna().sum()))


def _once(scene: _Scene) -> Check:
    """Whether cases are entered twice."""
    found = scene.cases
    known = found[["response_id", "customer_id"]].notna().to_numpy().any()
    return checked.cases_once(int(entered_twice.cases(found, scene.timezone).sum()), len(found), FEW_TWICE, is_known=bool(known))


def _spoken_once(scene: _Scene, coverage: Coverage) -> Check:
    """Whether the unhappy voices that the funnel counts are entered twice."""
    counted = coverage.voices
    again = entered_twice.voices(scene.tables, counted["response_id"], scene.timezone)
    return checked.voices_once(int(again.sum()), len(counted), FEW_TWICE, is_known=bool(counted["customer_id"].notna().any()))


def _pile(scene: _Scene, followed: pd.DataFrame) -> timestamps.Pile:
    """Closings around the main limit, the rhythm of its clock allowed for."""
    main, done = scene.clocks.main, followed[followed["is_stopped"]]
    if main.time == "working":
        work = scene.clocks.working
        return timestamps.pile(done["hours"], limit=main.hours, start=work.since_epoch(done[main.start]), period=work.a_day)
    local = done[main.start].dt.tz_convert(scene.timezone).dt.tz_localize(None)
    return timestamps.pile(done["hours"], limit=main.hours, start=(local - pd.Timestamp("1970-01-05")) / working_time.HOUR)


def _unrecorded(scene: _Scene, answer: Compliance, followed: pd.DataFrame) -> Check | None:
    """Open cases that have been open longer than nearly every other took, and the answer had they been closed in time and not recorded."""
    main, is_open = scene.clocks.main, ~followed["is_stopped"]
    if answer.every.kind == "refusal" or not is_open.any() or is_open.all():
        return None
    usual = max(float(followed.loc[~is_open, "hours"].quantile(0.99)), main.hours)
    stale = is_open & (followed["followed"] > usual)
    if not stale.any():
        return None
    return checked.unrecorded(int(stale.sum()), int(is_open.sum()), usual, _had_they(scene, main, followed, stale), main)


def _had_they(scene: _Scene, clock: Clock, followed: pd.DataFrame, which: pd.Series) -> Estimate:
    """The share in time had some cases, whose end is not recorded, stopped in time."""
    instead = followed.assign(hours=followed["hours"].where(~which, 0.0), is_stopped=followed["is_stopped"] | which,
                              in_time=followed["in_time"].where(~which, True))
    return compliance.measure(instead, limit=clock.hours, estimand=words.estimand(clock), group=clock.id, seed=scene.seed, **scene.options).every


def _skipped(scene: _Scene) -> dict[str, tuple[int, int, Estimate]]:
    """Clocks by id whose stop is blank for cases that went on to a later step: how many, of how many, and the share had these stopped in time."""
    made = {}
    for one in scene.clocks.clocks:
        followed, later = scene.follow(one), list(clocks.MOMENTS[clocks.MOMENTS.index(one.stop) + 1:])
        blank = ~followed["is_stopped"] & followed[later].notna().any(axis=1)
        if blank.any():
            made[one.id] = int(blank.sum()), len(followed), _had_they(scene, one, followed, blank)
    return made


def _finding(scene: _Scene, answer: Compliance, ladder: Ladder, checks: tuple[Check, ...], coverage: Coverage | None, by: Departments,
             late: pd.DataFrame, *, missed: tuple[Clock, Estimate] | None) -> Study:
    """The Study: what is recorded is described, so evidence stays a description; a failed check of the times makes it a caveat."""
    every, main = answer.every, scene.clocks.main
    failed = any(one.passed is False for one in checks)
    verdict = Verdict.worst([every.verdict, Verdict.REPORT_WITH_CAVEAT if failed else Verdict.REPORT])
    headline = [ladder["cases"].with_(verdict=verdict)]
    if coverage is not None and coverage.share.kind == "estimate":
        headline.append(coverage.share)
    if every.kind == "refusal":
        reply, naive = every.reason, None
    else:
        reply, naive = words.answer(main, answer, coverage), ladder["closed"] if ladder["closed"].kind == "estimate" else None
    return Study(question=words.QUESTION, kicker=words.kicker(len(scene.cases)), answer=reply, headline=tuple(headline), naive=naive, verdict=verdict,
                 ladders=(ladder,), checks=checks, caveat=words.CAVEAT,
                 decision=every.needs if every.kind == "refusal" else words.decision(late, by, coverage, main, missed=missed), limits=words.LIMITS,
                 reader="region", seed=scene.seed)


def against_truth(result: InnerLoop, given: Clocks, truth: Mapping[str, Any]) -> pd.DataFrame:
    """Where every case's clock was planted to its end: the share found, with its interval, beside the true one and what closed cases alone show."""
    planted = truth.get("cases", {})
    rows = []
    for one in result.every:
        key = f"{one.group}_{given[one.group].hours:g}h_share"
        if key in planted and one.kind == "estimate" and given[one.group].time == "clock":
            rows.append(laid.truth_row(given[one.group], one, result.closed.get(one.group), float(planted[key])))
    return pd.DataFrame(rows, columns=list(laid.TRUTH_COLUMNS))
