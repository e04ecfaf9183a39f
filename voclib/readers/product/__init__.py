"""What each product needs this week: which of many counts moved by more than their usual scatter, and what lies open anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.readers.product import counts as counting
from voclib.readers.product import sheet as sheets
from voclib.readers.product import text as words
from voclib.readers.product.counts import Counts, Tables
from voclib.readers.product.text import Names
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.schema import dates
from voclib.stats import gates as gating
from voclib.stats import inference, recent
from voclib.stats.gates import Gates
from voclib.stats.recent import Recent
from voclib.studies import repeats

DRAWN = 12  # rows of the figure
FEED = (0.5, 2.0)  # voices of the last period to the usual number, outside which a feed may be cut off or doubled
YEAR = 52 * 7


@dataclass(frozen=True)
class Judged:
    """One period judged: the counts, the comparison, q values (K,) of rows that can be told (1 for others), those that moved, up and down."""

    counts: Counts
    found: Recent
    q: np.ndarray
    level: float
    up: np.ndarray
    down: np.ndarray
    naive_up: np.ndarray

    @property
    def told(self) -> np.ndarray:
        """Rows (K,) with enough events to be judged."""
        return self.found.is_told


@dataclass(frozen=True)
class Brief:
    """What the page shows: the finding, the rows that moved most, the ladder of the first of them, a sheet of products, earlier periods, captions.

    `judged` is None, and frames and captions are empty, where nothing could be counted.
    """

    study: Study
    judged: Judged | None
    moves: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    ladder: Ladder | None
    sheet: pd.DataFrame
    history: pd.DataFrame
    flags: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def judge(counts: Counts, *, fdr: float = 0.05) -> Judged:
    """Every row's last period against a year of usual ones, q values over all rows that can be told (Benjamini & Hochberg 1995).

    Raises
    ------
    ParameterError
        for an `fdr` that is no share.
    """
    if not 0 < fdr < 1:
        raise ParameterError(f"fdr is a share such as 0.05, not {fdr}.")
    kept = counts.last(counting.MOST_PERIODS)
    found = recent.against_usual(kept.counts, kept.exposure)
    told, q = found.is_told, np.ones(len(kept.keys))
    q[told] = inference.adjust(found.p_value[told])
    level = inference.adjusted_level(found.p_value[told], conf_level=1 - fdr)
    rate = np.divide(kept.counts, kept.exposure, out=np.zeros_like(kept.counts), where=kept.exposure > 0)
    moved = q <= fdr
    return Judged(kept, found, q, level, moved & (found.ratio > 1), moved & (found.ratio < 1), told & (rate[:, -1] > rate[:, -2]))


def study(tables: Tables, counts: Counts, *, names: Names | None = None, fdr: float = 0.05, conf_level: float = 0.95, gates: Gates | None = None,
          timezone: str = "") -> Brief:
    """The brief of one Monday: what moved by more than chance, what only looks as if it had, and how the same rule did in the periods before.

    `fdr` is the share of false ones among the counts called moved, on average over Mondays.

    Where nothing could be counted (`Counts.missing`) the page is a refusal.
    """
    timezone = dates.zone(tables, timezone)
    if counts.missing is not None:
        return _withheld(counts)
    gates, names = gates or gating.load(), names or Names({}, {})
    judged = judge(counts, fdr=fdr)
    order = np.argsort(judged.found.p_value + np.where(judged.told, 0, 2), kind="stable")
    shown = [int(i) for i in order if judged.told[i]][:DRAWN]
    moves = tuple(_estimate(judged, i, names) for i in shown)
    naive = {e.group: _month(judged, i, names, conf_level) for e, i in zip(moves, shown, strict=True)}
    ladder = _ladder(judged, shown[0], names, conf_level) if shown else None
    history, flags = _history(counts, fdr, names)
    sheet = sheets.sheet(tables, counts, conf_level=conf_level, gates=gates, timezone=timezone, names=names)
    checks = _checks(judged, counts, history, repeats.check(tables, counting.heard(tables, judged.counts, timezone), timezone))
    known = words.titles(names, counts.keys)
    finding = _finding(judged, moves, checks, sheet, history, known)
    return Brief(study=finding, judged=judged, moves=moves, naive={k: v for k, v in naive.items() if v is not None}, ladder=ladder,
                 sheet=words.sheet(sheet), history=words.dated(history), flags=flags, captions=words.captions(judged, moves, ladder, flags, known))


def _withheld(counts: Counts) -> Brief:
    """The page that says why nothing can be compared and what it takes."""
    reason, needs = counts.missing
    lead = refusal("counts_up", unit="count", reason=reason, needs=needs)
    finding = Study(question=words.QUESTION, answer=reason, headline=(lead,), caveat=words.CAVEAT, decision=needs, kicker=words.NO_KICKER,
                    verdict=Verdict.REFUSE, checks=(words.countable(reason, needs),), limits=words.LIMITS, reader="product",
                    evidence={"periods": 0})
    nothing = pd.DataFrame()
    return Brief(study=finding, judged=None, moves=(), naive={}, ladder=None, sheet=nothing, history=nothing, flags=nothing, captions={})


def _estimate(judged: Judged, i: int, names: Names, *, level: float | None = None, rung: str = "") -> Estimate:
    """The ratio of row i with the interval that leaves 1 out exactly where the row is called moved, unless another level is asked for."""
    group = names.row(judged.counts.keys.iloc[i])
    low, high = (float(ends[i]) for ends in judged.found.interval(judged.level if level is None else level))
    shared = {"rung": rung, "group": group.zh, "n": int(judged.found.events[i] + judged.found.usual_events[i])}
    if not np.isfinite(high):
        return refusal("recent_ratio", unit="ratio", reason=words.TOO_WIDE, needs=words.MORE_PERIODS, **shared)
    value = float(judged.found.ratio[i])
    return Estimate(estimand="recent_ratio", kind="estimate", unit="ratio", value=value, conf_low=min(low, value), conf_high=max(high, value),
                    conf_level=judged.level if level is None else level, p_value=float(judged.q[i]), ci_method="quasi-Poisson, roots", **shared)


def _month(judged: Judged, i: int, names: Names, conf_level: float, *, rung: str = "") -> Estimate | None:
    """The last period against the one before, counts taken as Poisson: the arrow of a dashboard. None where either has no event."""
    (k0, k1), (e0, e1) = judged.counts.counts[i, -2:], judged.counts.exposure[i, -2:]
    if not (k0 and k1 and e0 and e1):
        return None
    value, low, high = (float(x) for x in recent.of_two(k1, e1, k0, e0, conf_level=conf_level))
    return Estimate(estimand="recent_ratio", kind="estimate", unit="ratio", rung=rung, group=names.row(judged.counts.keys.iloc[i]).zh, value=value,
                    conf_low=low, conf_high=high, conf_level=conf_level, ci_method="two periods, Poisson", n=int(k0 + k1))


def _ladder(judged: Judged, i: int, names: Names, conf_level: float) -> Ladder | None:
    """The row that moved most: against the month before, against the year, with its scatter, and with all rows that were looked at."""
    month, found = _month(judged, i, names, conf_level, rung="month"), judged.found
    y, e = judged.counts.counts[i], judged.counts.exposure[i]
    ends = recent.of_two(y[-1], e[-1], y[:-1].sum(), e[:-1].sum(), conf_level=conf_level) if y[-1] else None
    plain = None if ends is None else Estimate(
        estimand="recent_ratio", kind="estimate", unit="ratio", rung="year", value=float(ends[0]), conf_low=float(ends[1]), conf_high=float(ends[2]),
        conf_level=conf_level, ci_method="Poisson", n=int(found.events[i] + found.usual_events[i]))
    scatter, all_rows = (_estimate(judged, i, names, level=level, rung=rung) for level, rung in ((conf_level, "scatter"), (None, "all")))
    return Ladder("recent_ratio", tuple(r.with_(group="") for r in (month, plain, scatter, all_rows) if r is not None), chosen="all")


def _history(counts: Counts, fdr: float, names: Names) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every earlier period judged as it would have been then: how many rows could be told, moved, and rose at face value; and which ones moved."""
    rows, flags = [], []
    for back in range(counts.counts.shape[1] - recent.FEWEST_PERIODS):
        then = judge(counts.before(back), fdr=fdr)
        rows.append({"until": then.counts.until - pd.Timedelta(days=1), "told": int(then.told.sum()), "up": int(then.up.sum()),
                     "down": int(then.down.sum()), "naive_up": int(then.naive_up.sum())})
        low, high = then.found.interval(then.level)
        for i in np.flatnonzero(then.up | then.down):
            key = then.counts.keys.iloc[i]
            flags.append({"until": rows[-1]["until"], "what": names.row(key), "ratio": float(then.found.ratio[i]), "low": float(low[i]),
                          "high": float(high[i]), "events": int(then.found.events[i]), "expected": float(then.found.expected[i]), **key.to_dict()})
    columns = ["until", "what", "ratio", "low", "high", "events", "expected", "product", "kind", "subject"]
    found = pd.DataFrame(flags, columns=columns)
    return pd.DataFrame(rows), found.assign(shown=[words.flag(row) for row in found.to_dict("records")])


def against_truth(brief: Brief, tables: Tables, truth: Mapping[str, Any]) -> pd.DataFrame:
    """The flags of all periods beside what a simulation did to that part at that time; empty where nothing was planted.

    A project's part has a planted rise in the days before its charter and a planted fall from its go-live on.
    """
    field = truth.get("field", {}).get("projects")
    if not field or "projects" not in tables or brief.flags.empty:
        return pd.DataFrame(columns=[*brief.flags.columns, "planted"])
    projects = tables["projects"].drop_duplicates("project_id").set_index("project_id")
    run_up = pd.Timedelta(days=int(field["spike_days"]))
    return words.dated(brief.flags.assign(planted=[_planted(row, projects, field["landed"], run_up, brief.judged.counts.days)
                                                   for row in brief.flags.to_dict("records")]))


def any_planted(truth: Mapping[str, Any]) -> bool:
    """Whether improvement projects with known peaks and falls were planted in these data."""
    return bool(truth.get("field", {}).get("projects"))


def _planted(row: Mapping[str, Any], projects: pd.DataFrame, landed: Mapping[str, Any], run_up: pd.Timedelta, days: int) -> Text:
    last = row["until"]
    first = last - pd.Timedelta(days=days - 1)
    for number, plant in landed.items():
        if row["kind"] != counting.REPAIRS or number not in projects.index or row["subject"] not in str(plant["measure"]):
            continue
        chartered, done = (pd.Timestamp(projects.loc[number, name]) for name in ("chartered_on", "landed_on"))
        if first < chartered and last >= chartered - run_up:
            return words.planted(number, plant["spike"], landed=False)
        if pd.notna(done) and first >= done:
            return words.planted(number, 1 + plant["effect"], landed=True)
    return words.NOTHING_PLANTED


def _checks(judged: Judged, counts: Counts, history: pd.DataFrame, repeated: Check) -> tuple[Check, ...]:
    heard = counts.exposure[(counts.keys["kind"] == counting.UNHAPPY).to_numpy()].sum(axis=0)
    usual = float(heard[:-1].mean())
    poisson = recent.poisson_flags(judged.found)
    late = judged.counts.late
    short = [kind for kind in late if judged.counts.usual(kind) < recent.FEWEST_PERIODS]
    lacking = judged.counts.keys["kind"].isin([*judged.counts.cut, *short]).to_numpy(dtype=bool)
    return (words.feed(float(heard[-1]), usual, passed=bool(usual and FEED[0] <= heard[-1] / usual <= FEED[1])),
            words.sources(judged.counts.cut, {kind: (first, judged.counts.usual(kind)) for kind, first in late.items()}, int(lacking.sum())),
            repeated,
            words.season(judged.counts.counts.shape[1] * counts.days, passed=(judged.counts.counts.shape[1] - 1) * counts.days >= YEAR),
            words.scatter(float(np.median(judged.found.dispersion[judged.told])) if judged.told.any() else 1.0, poisson,
                          int((judged.up | judged.down).sum())),
            words.thin(int((~judged.told & ~lacking).sum()), len(judged.told)), words.record(history))


def _finding(judged: Judged, moves: tuple[Estimate, ...], checks: tuple[Check, ...], sheet: pd.DataFrame, history: pd.DataFrame,
             known: words.Titles) -> Study:
    told, up, down = int(judged.told.sum()), int(judged.up.sum()), int(judged.down.sum())
    shared = {"estimand": "counts_up", "kind": "count", "unit": "count", "n": told}
    broken = any(check.passed is False for check in checks[:3])  # feeds, tables and repeats change what is counted
    verdict = Verdict.REPORT_WITH_CAVEAT if broken else Verdict.REPORT
    if told:
        lead, naive = Estimate(value=float(up), verdict=verdict, **shared), Estimate(rung="naive", value=float(judged.naive_up.sum()), **shared)
    else:
        verdict, naive = Verdict.REFUSE, None
        lead = refusal("counts_up", unit="count", reason=words.NOTHING_TOLD, needs=words.MORE_EVENTS)
    most = tuple(e for e in moves[: up + down] if e.kind == "estimate")
    return Study(question=words.QUESTION, answer=words.answer(judged, most, known), headline=(lead, *most[:3]), naive=naive, caveat=words.CAVEAT,
                 decision=words.decision(most, sheet, known), kicker=words.kicker(judged), verdict=verdict, checks=checks, limits=words.LIMITS,
                 reader="product", evidence={"periods": len(history)})
