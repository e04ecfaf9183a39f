"""Where the truth is known, do the corrections find it? Silence of our own design on a whole population, and published data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Check, Estimate, Ladder, Study, Verdict
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.studies.known_truth import captions as captioning
from voclib.studies.known_truth import cases, masks
from voclib.studies.known_truth import text as words
from voclib.studies.known_truth.files import Files
from voclib.studies.validation import coverage

BAND = (0.93, 0.97)  # of the coverage of a true 95 % interval over a thousand runs
REACHED = tuple(m for m in masks.MASKS if m != "never_asked")
FEELINGS = ("u_shaped", "rising")


@dataclass(frozen=True)
class KnownTruth:
    """What the page shows.

    `lists` holds the Estimates of one list a mask (the first one drawn), `runs` every draw. `coverage` is that of the intervals with
    call-backs by mask, `naive` that of the uncorrected ones on the same draws, both shares of runs. `truth` is in points of the index.
    """

    study: Study
    truth: float
    samples: tuple[Estimate, ...]
    lists: Mapping[str, tuple[Estimate, ...]]
    runs: pd.DataFrame
    coverage: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    compared: pd.DataFrame
    held: pd.DataFrame
    bias: pd.DataFrame
    alarms: pd.DataFrame
    panel: cases.Panel
    health: pd.DataFrame
    wages: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def study(files: Files, *, runs: int = 200, size: int = 2000, gates: Gates | None = None, conf_level: float = 0.95, seed: int = 0) -> KnownTruth:
    """Every mask `runs` times on lists of `size` schools, and the published data sets beside it.

    Raises
    ------
    ParameterError
        for fewer than 20 runs, from which no coverage can be read, or lists too short for the call-backs.
    """
    if runs < 20 or size * masks.RATE < masks.CALLS:
        raise ParameterError(f"At least 20 runs and lists of {masks.CALLS / masks.RATE:.0f} are needed; given {runs} runs of {size}.")
    gates = gates or gating.load()
    world = masks.world(files.population)
    table = masks.repeat(world, runs=runs, size=size, seed=seed, gates=gates, conf_level=conf_level)
    first = {m: masks.draw(world, m, size=size, seed=seed, run=0, gates=gates, conf_level=conf_level) for m in masks.MASKS}
    alarms = [masks.alarms(world, first[m], m, gates) for m in masks.MASKS]
    ours, naive = share(table, "followup"), {e.group: e for e in share(table, "raw") if e.group in REACHED}
    published = cases.samples(files, conf_level=conf_level)
    panel = cases.panel(files, seed=seed, conf_level=conf_level)
    kg, paid = cases.health(files, conf_level=conf_level), cases.wages(files, conf_level=conf_level)
    ladder = _ladder(table)
    checks = _checks(table, alarms, published, panel, paid, world.truth, gates)
    firm = all(c.passed is not False for c in checks)
    headline = ladder["followup"].with_(verdict=Verdict.REPORT if firm else Verdict.REPORT_WITH_CAVEAT, seed=seed)
    ladder = Ladder(ladder.estimand, (*ladder.rungs[:-1], headline), chosen="followup")
    finding = words.finding(ladder=ladder, checks=checks, by_mask={m: share(table, "aipw", m) for m in REACHED}, runs=runs, size=size,
                            truth=world.truth, schools=len(files.population), seed=seed)
    held, bias = by_method(table, "held"), by_method(table, "off", truth=world.truth)
    lists = {m: tuple(first[m].rungs.values()) for m in masks.MASKS}
    captions = captioning.captions(table=table, lists=lists, samples=published, panel=panel, health=kg, wages=paid, truth=world.truth, size=size,
                                   ladder=ladder)
    return KnownTruth(study=finding, truth=world.truth, samples=published, lists=lists, runs=table, coverage=ours, naive=naive,
                      compared=compared(ours, naive), held=held, bias=bias, alarms=words.alarms(alarms), panel=panel, health=words.health(kg),
                      wages=words.wages(paid), captions=captions)


def share(table: pd.DataFrame, method: str, *only: str) -> Any:
    """Coverage of a method by mask, as Estimates; a single Estimate over all the masks named in `only`."""
    rows = table[table["method"] == method]
    if only:
        rows = rows[rows["mask"].isin(only)]
        return coverage(float(rows["held"].sum()), len(rows), group="").with_(rung=method)
    return tuple(coverage(float(part["held"].sum()), len(part), group=mask) for mask in masks.MASKS if len(part := rows[rows["mask"] == mask]))


def points(found: tuple[Estimate, ...]) -> tuple[Estimate, ...]:
    """The rungs of one list that are numbers, in order; bounds are drawn on an axis of their own."""
    return tuple(e for e in found if e.kind == "estimate")


def ranges(found: tuple[Estimate, ...]) -> tuple[Estimate, ...]:
    """The rungs of one list that are bounds."""
    return tuple(e for e in found if e.kind == "bounds")


def by_method(table: pd.DataFrame, what: str, *, truth: float = 0.0) -> pd.DataFrame:
    """One row a mask, one column a method: share of intervals that held the truth ("held"), or mean distance from it in points ("off")."""
    rows = table.assign(off=table["value"] - truth, held=table["held"].astype(float))
    wide = rows.pivot_table(index="mask", columns="method", values=what, aggfunc="mean")
    wide = wide.reindex(index=list(masks.MASKS), columns=[*masks.POINTS, "manski", "bounded"])
    named = wide.rename_axis(None, axis="columns").reset_index()
    rounded = named if what == "held" else named.set_index("mask").round(1).add(0.0).reset_index()  # no minus before a zero
    return rounded.assign(mask=[words.MASKS[m][0] for m in named["mask"]])


def compared(ours: tuple[Estimate, ...], naive: Mapping[str, Estimate]) -> pd.DataFrame:
    """Coverage by mask, uncorrected (`raw`) and with call-backs (`value`, `low`, `high`)."""
    rows = [(e.group, naive[e.group].value, e.value, e.conf_low, e.conf_high) for e in ours]
    return pd.DataFrame(rows, columns=["mask", "raw", "value", "low", "high"])


def _ladder(table: pd.DataFrame) -> Ladder:
    """Coverage over the masks in which everybody could be asked: uncorrected, weighted, with call-backs."""
    return Ladder("coverage", tuple(share(table, method, *REACHED) for method in ("raw", "aipw", "followup")), chosen="followup")


def _checks(table: pd.DataFrame, alarms: list[masks.Alarms], published: tuple[Estimate, ...], panel: cases.Panel, paid: cases.Wages, truth: float,
            gates: Gates) -> tuple[Check, ...]:
    worst = min(share(table, "followup"), key=lambda e: e.value)
    known = share(table, "aipw", "random", "recorded")
    felt = share(table, "aipw", *FEELINGS)
    quiet = [a for a in alarms if a.mask in FEELINGS and a.passed]
    seen, tried = {a.mask: a for a in alarms}, int(table["run"].nunique())
    bounded = share(table, "bounded", "never_asked")
    hits = sum(e.conf_low <= truth <= e.conf_high for e in published)
    best = panel["aipw"]
    return (
        words.callbacks_hold(worst, passed=worst.conf_high >= BAND[0]),
        words.weights_hold(known, passed=known.conf_high >= BAND[0]),
        words.alarms_are_silent(felt, quiet=len(quiet), of=len(FEELINGS)),
        words.never_is_bounded(bounded, of=tried, gates=gates,
                               passed=bounded.n == tried and bounded.value >= BAND[0] and not seen["never_asked"].passed),
        words.samples_hold(hits, len(published), passed=hits >= len(published) - 1),
        words.panel_holds(best, panel, passed=best.conf_low <= panel.truth <= best.conf_high),
        words.wages_stand(paid, passed=paid.model.verdict is not Verdict.REFUSE and paid.withheld.kind == "refusal"),
    )
