"""After a project goes live, is the problem really smaller? Rates since then against usual ones, and the way from recommendation to effect report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop import routing
from voclib.loop.outer_loop import captions as shown
from voclib.loop.outer_loop import curve, subjects
from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop import funnel as outer_funnel
from voclib.loop.outer_loop import names as outer_names
from voclib.loop.outer_loop import tables as laid
from voclib.loop.outer_loop import text as words
from voclib.loop.outer_loop.effects import Effects, Settings
from voclib.loop.outer_loop.funnel import Funnel
from voclib.loop.outer_loop.subjects import Source, Tables
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.stats import gates as gating
from voclib.stats import rate_ratio, shrinkage
from voclib.stats.gates import Gates
from voclib.stats.rate_ratio import Mean

YARDSTICKS = 3  # subjects without a project below which what happens to one of them tilts the comparison
FEW = 5  # judged projects below which the answer carries a caveat
OTHER_RUN_UPS = (2 / 3, 4 / 3)  # of the run-up, to see whether its length decides


@dataclass(frozen=True)
class OuterLoop:
    """What the page shows; `funnel` is None without recommendations, frames are empty where too little is left.

    `each` has an Estimate or a refusal a live project (its `group` is the project), `naive` those of two months; `placebo` are rows
    of a figure with `placebo_naive` as rings. `drawn` is for `charts.caterpillar`, `course` for `charts.trend`.
    """

    study: Study
    ladder: Ladder | None
    effects: Effects
    each: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    drawn: pd.DataFrame
    course: pd.DataFrame
    placebo: tuple[Estimate, ...]
    placebo_naive: Mapping[str, Estimate]
    idle: pd.DataFrame
    funnel: Funnel | None
    steps: tuple[Estimate, ...]
    steps_naive: Mapping[str, Estimate]
    quarters: pd.DataFrame
    tracker: pd.DataFrame
    departments: pd.DataFrame
    names: outer_names.Names
    captions: Mapping[str, Mapping[str, Any]]

    @property
    def is_range(self) -> bool:
        """Whether too few subjects show the common movement, so that the answer is a range."""
        return self.ladder is not None and self.ladder.chosen == "range"


@dataclass(frozen=True)
class _Scene:
    """What every part of the study shares."""

    tables: Tables
    projects: pd.DataFrame
    sources: Mapping[str, Source]
    given: Settings
    conf_level: float
    gates: Gates
    asof: pd.Timestamp

    @property
    def options(self) -> dict[str, Any]:
        return {"asof": self.asof, "conf_level": self.conf_level, "gates": self.gates}

    def of(self, source: str) -> pd.DataFrame:
        return self.projects[self.projects["source"] == source]

    def effects(self, given: Settings) -> Effects:
        parts = [outer_effects.measure(one.events, self.of(name), given, source=name) for name, one in self.sources.items() if len(one.events)]
        dead = {name for name, one in self.sources.items() if not len(one.events)}
        lost = self.projects[self.projects["source"].isin({"", *dead}) & self.projects["landed_on"].notna()]
        return outer_effects.together(parts, given, others=lost["project_id"])


def facts(projects: pd.DataFrame, sources: Mapping[str, Source]) -> dict[Text, int]:
    """Counts that open the page."""
    return {Text("个项目", "projects"): len(projects), Text("个已落地", "live"): int(projects["landed_on"].notna().sum()),
            **{outer_names.source(name): int((projects["source"] == name).sum()) for name in sources}}


def study(tables: Tables, *, rules: tuple[Any, Any] | None = None, parts: Mapping[str, Text] | None = None, settings: Settings | None = None,
          conf_level: float = 0.95, gates: Gates | None = None, timezone: str = "") -> OuterLoop:
    """Judge every live project, pool the judged ones, and follow recommendations to their end.

    `rules` give names to departments and topics (`routing.load`), `parts` to parts.

    A refusal where no live project can be judged.

    Raises
    ------
    DataError
        as `outer_subjects.projects`.
    """
    found, sources = subjects.find(tables, subjects.projects(tables), timezone=timezone)
    scene = _Scene(tables, found, sources, settings or Settings(), conf_level, gates or gating.load(), _end(tables, found, sources))
    effects = scene.effects(scene.given)
    is_range = len(effects.judged) > 0 and _yardsticks(scene, effects) < YARDSTICKS
    effects = outer_effects.both_ways(effects, scene.given) if is_range else effects
    names = outer_names.names(found, routing.departments(rules[0]) if rules else {}, rules[1] if rules else None, parts)
    each, naive = _each(scene, effects, is_range=is_range), _naive(effects, scene.given, conf_level)
    ladder = _ladder(effects, conf_level, is_range=is_range)
    placebo, rings, picks = _placebos(scene, effects, ladder)
    drawn = pd.DataFrame() if is_range else _drawn(effects, conf_level)
    funnel = _funnel(scene)
    steps, steps_naive = _steps(scene, funnel)
    tracker = outer_funnel.tracker(found, asof=scene.asof)
    checks = _checks(scene, effects, ladder, placebo, rings, picks)
    finding = _finding(scene, effects, ladder, checks, steps, tracker, names)
    course = _course(scene, effects)
    quarters = funnel.quarters if funnel else pd.DataFrame(columns=["quarter", "proposed", "adopted", "rejected", "pending"])
    departments = _departments(found, effects, tracker, names, conf_level=conf_level, is_range=is_range)
    return OuterLoop(
        study=finding, ladder=ladder, effects=effects, each=each, naive=naive, drawn=drawn, course=course, placebo=placebo, placebo_naive=rings,
        idle=picks, funnel=funnel, steps=steps, steps_naive=steps_naive, quarters=quarters, tracker=laid.tracker(tracker, effects, names),
        departments=departments, names=names,
        captions=shown.captions(effects=effects, ladder=ladder, drawn=drawn, course=course, chosen=curve.shown(effects), placebo=placebo,
                                rings=rings, funnel=funnel, steps=steps, tracker=tracker, departments=departments, names=names,
                                conf_level=conf_level))


def _end(tables: Tables, projects: pd.DataFrame, sources: Mapping[str, Source]) -> pd.Timestamp:
    """The last day that the data record: open projects have been open until then."""
    days = [projects[name].max() for name in ("chartered_on", "landed_on", "evaluated_on")]
    days += [one.events["on"].max() for one in sources.values() if len(one.events)]
    given = tables.get("recommendations")
    if given is not None and len(given):
        days += [given["proposed_on"].max(), given["decided_on"].max()]
    return max(pd.Timestamp(day) for day in days if pd.notna(day))


def fall(found: Mean | tuple[float, float], *, rung: str = "", group: str = "", n: int | None = None, level: float, method: str = "") -> Estimate:
    """One minus a ratio of rates, of a mean or of a log ratio with its error: 0.3 is 30 % less, −0.1 is 10 % more."""
    mean = found if isinstance(found, Mean) else Mean(value=float(found[0]), std_error=float(found[1]), df=np.inf, spread=float("nan"))
    low, high = mean.interval(level)
    return Estimate(estimand="problem_fall", kind="estimate", unit="share", rung=rung, group=group, value=float(1 - np.exp(mean.value)), n=n,
                    conf_low=float(1 - np.exp(high)), conf_high=float(1 - np.exp(low)), conf_level=level, ci_method=method,
                    std_error=float(np.exp(mean.value) * mean.std_error))


def between(plain: Estimate, controlled: Estimate) -> Estimate:
    """From the fall without the common movement to the one with it, either way round: where too few subjects show what that movement is."""
    ends = [plain.value, controlled.value]
    return Estimate(estimand=controlled.estimand, kind="bounds", unit="share", rung="range", group=controlled.group, bound_low=min(ends),
                    bound_high=max(ends), conf_low=min(plain.conf_low, controlled.conf_low), conf_high=max(plain.conf_high, controlled.conf_high),
                    conf_level=controlled.conf_level, n=controlled.n, ci_method="without and with the common movement", verdict=Verdict.BOUNDS_ONLY)


def _each(scene: _Scene, effects: Effects, *, is_range: bool) -> tuple[Estimate, ...]:
    """Every live project: the fall of its rate or the range of it, or why it cannot be judged and what it takes."""
    made = []
    for row in effects.table.to_dict("records"):
        if row["state"] == outer_effects.FINE:
            mean = Mean(value=row["log"], std_error=row["error"], df=row["df"], spread=float("nan"))
            one = fall(mean, rung="controlled", group=row["project_id"], n=int(row["after_events"]), level=scene.conf_level,
                       method="quasi-Poisson, periods and subjects")
            plain = fall((row["plain"], row["plain_error"]), rung="plain", group=row["project_id"], level=scene.conf_level)
            made.append((between(plain, one) if is_range else one.with_(p_value=float(row["p"]))).with_(evidence_level=1))
        else:
            made.append(words.refused(row, scene.given))
    return tuple(made)


def _naive(effects: Effects, given: Settings, level: float) -> dict[str, Estimate]:
    known = effects.table[effects.table["naive_error"] ** 2 <= 2 / given.least_events]  # of fewer events it says nothing
    return {row["project_id"]: fall((row["naive"], row["naive_error"]), rung="naive", group=row["project_id"], level=level, method="two months")
            for row in known.to_dict("records")}


def _ladder(effects: Effects, level: float, *, is_range: bool) -> Ladder | None:
    """Two months → without the run-up → with the common movement taken away (→ the range between both) → what projects like these may expect."""
    judged = effects.judged
    if judged.empty:
        return None
    rungs, n = [], len(judged)
    for rung, column in (("naive", "naive"), ("plain", "plain")):
        known = judged.dropna(subset=[column])
        if len(known):
            mean = rate_ratio.mean(known[column], np.diag(known[f"{column}_error"] ** 2))
            rungs.append(fall(mean, rung=rung, n=len(known), level=level, method="mean of log ratios"))
    df = float(judged["df"].min())
    rungs.append(fall(rate_ratio.mean(judged["log"], effects.covariance, df=df), rung="controlled", n=n, level=level, method="mean of log ratios"))
    if is_range:
        rungs.append(between(next(one for one in rungs if one.rung == "plain"), rungs[-1]))
    if n > 1:
        rungs.append(fall(rate_ratio.like_these(judged["log"], effects.covariance), rung="like_these", n=n, level=level,
                          method="random effects, Paule–Mandel, Hartung–Knapp"))
    return Ladder("problem_fall", tuple(rungs), chosen="range" if is_range else "controlled")


def _placebos(scene: _Scene, effects: Effects, ladder: Ladder | None) -> tuple[tuple[Estimate, ...], dict[str, Estimate], pd.DataFrame]:
    """Live projects beside what has not gone live: the time between charter and go-live, and idle months picked for their spike."""
    level, rows, rings = scene.conf_level, [], {}
    if ladder is not None:
        rows.append(ladder["controlled"].with_(group="landed", rung=""))
        rings |= {one.group: one for one in (rung.with_(group="landed") for rung in ladder.rungs if rung.rung == "naive")}
    told = effects.placebo
    if len(told):
        rows.append(fall(rate_ratio.mean(told["placebo"], effects.placebo_covariance), group="between", n=len(told), level=level))
        known = told.dropna(subset=["placebo_naive"])
        if len(known):
            rings["between"] = fall(rate_ratio.mean(known["placebo_naive"], np.diag(known["placebo_naive_error"] ** 2)), group="between", level=level)
    frames = [outer_effects.idle(one.events, scene.of(name), scene.given, source=name) for name, one in scene.sources.items() if len(one.events)]
    frames = [frame for frame in frames if len(frame)]
    picks = outer_effects.picked(pd.concat(frames, ignore_index=True)) if frames else pd.DataFrame()
    if len(picks) >= 3:
        rows.append(fall(rate_ratio.mean(picks["usual"], np.diag(picks["usual_error"] ** 2)), group="idle", n=len(picks), level=level))
        rings["idle"] = fall(rate_ratio.mean(picks["naive"], np.diag(picks["naive_error"] ** 2)), group="idle", level=level)
    return tuple(rows), rings, picks


def _drawn(effects: Effects, level: float) -> pd.DataFrame:
    """Judged projects shrunk towards their mean, largest fall first; empty for fewer than it takes."""
    judged = effects.judged
    if len(judged) < shrinkage.FEWEST:
        return pd.DataFrame()
    made = shrinkage.shrink(judged["log"], judged["error"], conf_level=level)
    own = [fall((a, b), level=level) for a, b in zip(judged["log"], judged["error"], strict=True)]
    half = (made.high - made.low) / 2
    less = lambda x: 1 - np.exp(x)  # noqa: E731
    frame = pd.DataFrame({"key": judged["project_id"].to_numpy(), "raw": [e.value for e in own], "raw_low": [e.conf_low for e in own],
                          "raw_high": [e.conf_high for e in own], "value": less(made.value), "low": less(made.high), "high": less(made.low),
                          "mean_low": less(made.center + half), "mean_high": less(made.center - half)})
    return frame.sort_values(["value", "key"], ascending=[False, True], ignore_index=True)


def _funnel(scene: _Scene) -> Funnel | None:
    given = scene.tables.get("recommendations")
    if given is None or given.empty or not {"proposed_on", "decision", "decided_on", "project_id"} <= set(given):
        return None
    return outer_funnel.study(given, scene.projects, **scene.options)


def _steps(scene: _Scene, funnel: Funnel | None) -> tuple[tuple[Estimate, ...], dict[str, Estimate]]:
    """Adopted in time, live in time, reported in time."""
    timely, naive = outer_funnel.on_time(scene.projects, **scene.options)
    rows, rings = [], {}
    if funnel is not None:
        rows.append(funnel.adopted.with_(group="adopted"))
        rings |= {"adopted": funnel.of_decided.with_(group="adopted")} if funnel.of_decided.kind == "estimate" else {}
    rows += [timely.with_(group="on_time"), outer_funnel.reported(scene.projects, **scene.options).with_(group="reported")]
    rings |= {"on_time": naive.with_(group="on_time")} if naive.kind == "estimate" else {}
    return tuple(rows), rings


def _course(scene: _Scene, effects: Effects) -> pd.DataFrame:
    chosen = curve.shown(effects)
    if not chosen:
        return pd.DataFrame()
    row = scene.projects[scene.projects["project_id"] == chosen].iloc[0].to_dict()
    return curve.course(scene.sources[row["source"]].events, row, scene.given, conf_level=scene.conf_level)


def _departments(projects: pd.DataFrame, effects: Effects, tracker: pd.DataFrame, names: outer_names.Names, *, conf_level: float,
                 is_range: bool) -> pd.DataFrame:
    """One row a department: projects, live, late and open, judged, clearly smaller, and the mean fall of its judged ones (or its range)."""
    judged = effects.judged.reset_index(drop=True)
    rows = []
    for name, part in projects.groupby(projects["owner_department"].fillna("—"), sort=True):
        mine = np.flatnonzero(judged["project_id"].isin(part["project_id"]))
        state = tracker.loc[tracker["project_id"].isin(part["project_id"]), "state"]
        mean = _mean(judged.iloc[mine], effects.covariance[np.ix_(mine, mine)], conf_level, is_range=is_range) if len(mine) else None
        rows.append({"department": names.department(name), "n": len(part), "landed": int(part["landed_on"].notna().sum()),
                     "late": int(state.eq("open_late").sum()), "judged": len(mine),
                     "told": int((judged["told"].iloc[mine] & (judged["log"].iloc[mine] < 0)).sum()), "fall": laid.written(mean)})
    return pd.DataFrame(rows).sort_values(["judged", "landed", "n"], ascending=False, kind="stable", ignore_index=True)


def _mean(judged: pd.DataFrame, covariance: np.ndarray, level: float, *, is_range: bool) -> Estimate:
    """The mean fall of some judged projects as the page gives it of all: a number, or the range without and with the common movement."""
    controlled = fall(rate_ratio.mean(judged["log"], covariance, df=float(judged["df"].min())), level=level)
    if not is_range:
        return controlled
    return between(fall(rate_ratio.mean(judged["plain"], np.diag(judged["plain_error"] ** 2)), level=level), controlled)


def _checks(scene: _Scene, effects: Effects, ladder: Ladder | None, placebo: tuple[Estimate, ...], rings: Mapping[str, Estimate],
            picks: pd.DataFrame) -> tuple[Check, ...]:
    """Whether anything shows before go-live, in idle subjects, or by another run-up; what cannot be judged."""
    rows = {one.group: one for one in placebo}
    answer = ladder["controlled"] if ladder else None
    made = [words.before_landing(rows.get("between"), rings.get("between"), answer, scene.gates.placebo_share),
            words.idle_ones(rows.get("idle"), rings.get("idle"), len(picks))]
    if answer is not None:
        made += [words.other_run_ups(_other_run_ups(scene), answer, scene.given), words.without_one(*_without_one(scene, effects), answer)]
        made.append(words.yardsticks(_yardsticks(scene, effects), YARDSTICKS))
    made += [words.moved_apart(effects.apart), words.moved_alone(effects.shifts), words.shaken(effects.shake), words.not_judged(effects)]
    return tuple(one for one in made if one is not None)


def _yardsticks(scene: _Scene, effects: Effects) -> int:
    """Subjects without a project, in the source that has fewest of them among those by which projects are judged."""
    judged = set(effects.judged["source"])
    return min(len(set(one.events["subject"]) - set(scene.of(name)["subject"])) for name, one in scene.sources.items() if name in judged)


def _other_run_ups(scene: _Scene) -> dict[int, float]:
    found = {}
    for factor in OTHER_RUN_UPS:
        days = max(round(scene.given.run_up_days * factor), 1)
        other = scene.effects(Settings(run_up_days=days, month_days=scene.given.month_days, least_events=scene.given.least_events,
                                       least_weeks=scene.given.least_weeks, fdr=scene.given.fdr))
        if len(other.judged):
            found[days] = float(1 - np.exp(other.judged["log"].mean()))
    return found


def _without_one(scene: _Scene, effects: Effects) -> tuple[str, float]:
    """The other subject whose absence moves the mean most, and the mean without it."""
    whole = effects.judged.set_index("project_id")["log"]
    best = ("", float(1 - np.exp(whole.mean())))
    for name, one in scene.sources.items():
        if not whole.index.isin(scene.of(name)["project_id"]).any():
            continue
        for subject, logs in outer_effects.without_one(one.events, scene.of(name), scene.given).items():
            moved = whole.copy()
            moved.update(pd.Series(logs, dtype=float))
            value = float(1 - np.exp(moved.mean()))
            if abs(value - (1 - np.exp(whole.mean()))) > abs(best[1] - (1 - np.exp(whole.mean()))):
                best = (subject, value)
    return best


def _finding(scene: _Scene, effects: Effects, ladder: Ladder | None, checks: tuple[Check, ...], steps: tuple[Estimate, ...],
             tracker: pd.DataFrame, names: outer_names.Names) -> Study:
    """The Study: adjusted comparison; precedence where nothing shows before go-live."""
    shared: dict[str, Any] = {"question": words.QUESTION, "kicker": words.kicker(len(scene.projects)), "checks": checks, "caveat": _caveat(checks),
                              "limits": words.LIMITS, "reader": "executive"}
    if ladder is None:
        one = words.nothing_judged(effects, scene.given)
        return Study(answer=one.reason, decision=one.needs, headline=(one,), verdict=Verdict.REFUSE, **shared)
    judged = effects.judged
    failed = any(check.passed is False for check in checks)
    verdict = Verdict.REPORT_WITH_CAVEAT if failed or len(judged) < FEW else Verdict.REPORT
    main = ladder[ladder.chosen]
    verdict = Verdict.worst([verdict, main.verdict])
    main = main.with_(verdict=verdict, evidence_level=2 if checks[0].passed and main.kind == "estimate" else 1)
    told = int((judged["told"] & (judged["log"] < 0)).sum())
    count = Estimate(estimand="projects_told", kind="count", unit="count", value=float(told), n=len(judged))
    naive = next((one for one in ladder.rungs if one.rung == "naive"), None)
    timely = [one.with_(group="") for one in steps if one.group == "on_time" and one.kind == "estimate"]
    return Study(answer=words.answer(main, naive, told, len(judged)), decision=words.decision(effects, tracker, names), naive=naive,
                 headline=(main, count, *timely), verdict=verdict, ladders=(ladder,), **shared)


def _caveat(checks: tuple[Check, ...]) -> Text:
    """What the first failed check means, else that no project was drawn at random."""
    return next((one.consequence for one in checks if one.passed is False and one.consequence), words.CAVEAT)


def against_truth(result: OuterLoop, truth: Mapping[str, Any]) -> pd.DataFrame:
    """What was planted beside what was found: every live project's true change, the page's, the one of two months, and whether it was told."""
    planted = truth.get("field", {}).get("projects", {}).get("landed", {})
    told = dict(zip(result.effects.table["project_id"], result.effects.table["told"], strict=True))
    rows = [laid.truth_row(one, result.naive.get(one.group), float(planted[one.group]["effect"]), bool(told[one.group]))
            for one in result.each if one.group in planted and one.kind != "refusal"]
    judged = [one.group for one in result.each if one.group in planted and one.kind != "refusal"]
    if result.ladder is not None and len(judged) == len(result.effects.judged):
        ratios = [1.0 + float(planted[key]["effect"]) for key in judged]
        mean = float(np.exp(np.mean(np.log(ratios))) - 1.0)
        rows.append(laid.truth_row(result.ladder[result.ladder.chosen], result.study.naive, mean, None))
    return pd.DataFrame(rows, columns=list(laid.TRUTH_COLUMNS))
