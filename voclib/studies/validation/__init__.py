"""Do our intervals cover a truth that was planted? The method scorecard of every estimator."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from voclib import fingerprints
from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Ladder, Study, Text, Verdict
from voclib.studies.validation import names, text
from voclib.studies.validation.settings import setting

ROOT = Path(__file__).resolve().parents[3]
RECORD = ROOT / "benchmarks" / "coverage.json"
FORMATS = {"refusals": "share"}
COLUMNS, SCORECARD_COLUMNS, INSTEAD_COLUMNS = text.COLUMNS, text.SCORECARD_COLUMNS, text.INSTEAD_COLUMNS
NO_RUNS = text.NO_RUNS
TABLES = {"scores": ("scores",), "silent": ("weighting", "calls", "bounds"), "answers": ("begging", "topics", "panels"), "effects": ("effects",),
          "designs": ("designs",), "attribution": ("attribution",), "worth": ("worth", "recovery"), "sensitivity": ("sensitivity",),
          "measurement": ("measurement",), "leads": ("leads",), "programmes": ("rollout", "few"), "loop": ("loop",), "causes": ("causes", "readers")}
FIGURES = {"scores": ("scores",), "silence": ("weighting", "calls", "bounds", "begging", "topics", "panels"),
           "money": ("effects", "designs", "attribution", "worth", "recovery", "sensitivity"),
           "stores": ("measurement", "leads", "rollout", "few")}
NUMBERS = ("truth", "coverage", "naive_coverage", "share", "naive_share", "bias", "naive_bias", "refusals", "power")
FIELDS = ("method", "setting", "kind", "R", "band", "passed", *NUMBERS)
HELD = ("coverage", "bounds")  # kinds that ask whether the truth lies inside
CLAIMED = 0.95  # what an interval promises; a setting whose band lies below it shows what a method must not do
CLOSEST = 12
World = Callable[[int], tuple[pd.DataFrame, Mapping[str, float]]]


@dataclass(frozen=True)
class Record:
    """The long runs on file: rows as in benchmarks/coverage.json, whether the code is still the code that made them, and where it is not.

    `stale` names settings as "method: setting".
    """

    rows: pd.DataFrame
    is_fresh: bool
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validation:
    """What the page shows.

    `coverage` (scores), `silence` (who answers, and what becomes of answers), `money` (and what it rests on) and `stores` (what employees'
    answers measure and whether they come first, programmes in stores) hold coverage by method with Monte Carlo intervals, `naive` the naive
    way's for "scores", "silence", "money" and "stores", by method; where a record has no runs of an area, there are none. `instead` has one
    row an area, `tables` one row a method and what was measured, `scorecard` the failing settings and the closest.
    """

    study: Study
    coverage: tuple[Estimate, ...]
    silence: tuple[Estimate, ...]
    money: tuple[Estimate, ...]
    stores: tuple[Estimate, ...]
    naive: Mapping[str, Mapping[str, Estimate]]
    instead: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    scorecard: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def load_record(path: Path = RECORD, *, root: Path = ROOT) -> Record:
    """The long runs on file, held against the code below `root`; a record of earlier code may lack what was not measured then.

    A record carries the names of the modules that its setting depends on and one hash of them (`fingerprints.joint`), so that a change in one
    module makes stale only what rests on it. Whether the setting itself is still what it was, benchmarks/freshness.py tells.

    Raises
    ------
    DataError
        if there is no record yet.
    """
    if not path.is_file():
        raise DataError("There is no benchmarks/coverage.json yet. Run `make coverage` (some minutes), then this notebook again.")
    records = json.loads(path.read_text("utf-8"))["records"]
    now = {modules: fingerprints.joint((f"voclib.{name}" for name in modules.split()), root) for modules in {r.get("modules", "") for r in records}}
    stale = tuple(f"{r['method']}: {r['setting']}" for r in records if "modules" not in r or r["code"] != now[r["modules"]])
    return Record(_rows(pd.DataFrame(records)), is_fresh=not stale, stale=stale)


def _rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Every field, numbers as numbers; `measured` and `unaided` are what the band judges and what the naive way made of it."""
    rows = rows.reindex(columns=list(FIELDS))
    rows = rows.assign(kind=rows["kind"].fillna("coverage"), **{c: pd.to_numeric(rows[c]).astype(float) for c in NUMBERS})
    kind = pd.Series([names.MEASURED_AS.get(pair, pair[1]) for pair in zip(rows["method"], rows["kind"], strict=True)], index=rows.index, dtype=str)
    counted = kind.ne(rows["kind"]) & kind.isin(HELD)
    shares = {c: rows[c].mask(counted, rows[share]) for c, share in (("coverage", "share"), ("naive_coverage", "naive_share"))}
    rows = rows.assign(kind=kind, **shares)
    held = rows["kind"].isin(HELD)
    return rows.assign(measured=rows["coverage"].where(held, rows["share"]), unaided=rows["naive_coverage"].where(held, rows["naive_share"]),
                       family=[names.METHODS.get(m, ("scores",))[0] for m in rows["method"]])


def facts(record: Record) -> dict[Text, int]:
    """Counts that open the page."""
    return {
        Text("种方法", "methods"): int(record.rows["method"].nunique()),
        Text("种情形", "settings"): len(record.rows),
        Text("次模拟", "simulated samples"): int(record.rows["R"].sum()),
    }


def coverage(hits: float, runs: int, *, group: str) -> Estimate:
    """Share of runs whose interval covered the truth, with its own Monte Carlo interval (Wilson)."""
    low, high = proportion_confint(round(hits), runs, method="wilson")
    return Estimate(
        estimand="coverage",
        kind="estimate",
        unit="share",
        group=group,
        value=hits / runs,
        conf_low=float(low),
        conf_high=float(high),
        ci_method="Wilson, Monte Carlo",
        n=runs,
    )


def live(worlds: Mapping[str, tuple[World, Mapping[str, Any]]], *, runs: int, seed: int, method: Callable[..., Estimate]) -> tuple[Estimate, ...]:
    """Coverage of `method` in worlds drawn now: each is (draw, options of the method), and `draw(seed)` gives data and a truth.

    The method never sees the truth, which is read under the name of the method ("nps").
    """
    found = []
    for name, (draw, options) in worlds.items():
        hits = answered = 0
        for k in range(runs):
            frame, truth = draw(seed + k)
            estimate = method(frame, **options)
            if estimate.kind == "estimate":
                answered += 1
                hits += estimate.conf_low <= truth[method.__name__] <= estimate.conf_high
        if answered == 0:
            raise DataError(f"The method refused in all {runs} runs of '{name}'; a method that always refuses covers nothing.")
        found.append(coverage(hits, answered, group=name))
    return tuple(found)


def study(record: Record, live_runs: Sequence[Estimate], *, seed: int) -> Validation:
    """The method scorecard: coverage by setting beside the naive way, and the verdict over all of it.

    Raises
    ------
    ParameterError
        without runs made now, or with a record without a coverage that has a naive one beside it.
    """
    rows = _rows(record.rows)
    claims = rows["band"].map(lambda band: band[0] <= CLAIMED <= band[1])
    kept = rows[(rows["kind"] == "coverage") & rows["naive_coverage"].notna() & claims]
    if not live_runs:
        raise ParameterError("study() compares the record with runs made now, and there are none: pass what live() returned.")
    if kept.empty:
        raise ParameterError("The record holds no coverage with a naive one beside it; run `make coverage` again.")
    areas = {name: kept[kept["family"].isin(families)] for name, families in FIGURES.items()}
    overall, naive = _totals(kept)
    agrees, passed = _agrees(live_runs), int(rows["passed"].astype(bool).sum())
    checks = text.checks(is_fresh=record.is_fresh, stale=_by_method(rows, record.stale), settings=len(rows), failed=len(rows) - passed,
                         agrees=agrees, naive=kept["naive_coverage"].min(), worst=min(live_runs, key=lambda e: e.conf_high), **_tested(rows))
    verdict = Verdict.REPORT if all(c.passed is not False for c in checks) else Verdict.REPORT_WITH_CAVEAT
    headline = overall.with_(rung="ours", verdict=verdict, seed=seed)
    naive = naive.with_(rung="naive")
    finding = Study(question=text.QUESTION, kicker=Text("方法成绩单", "Method scorecard"), headline=(headline,), naive=naive, verdict=verdict,
                    answer=text.answer(headline, naive, passed=passed, settings=len(rows)), checks=checks, limits=text.LIMITS, seed=seed,
                    reader="research", ladders=(Ladder("coverage", (naive, headline), chosen="ours"),), caveat=text.CAVEAT, decision=text.DECISION)
    live_title = text.live_title(sum(e.n for e in live_runs), agrees=agrees)
    ours, theirs = ({name: _pooled(part, column) for name, part in areas.items()} for column in ("coverage", "naive_coverage"))
    return Validation(
        study=finding, coverage=ours["scores"], silence=ours["silence"], money=ours["money"], stores=ours["stores"],
        naive={name: {e.group: e for e in found} for name, found in theirs.items()}, instead=_instead(rows), scorecard=_scorecard(rows),
        tables={name: _summary(rows[rows["family"].isin(families)]) for name, families in TABLES.items()},
        captions=text.captions(passed=passed, settings=len(rows), live=live_title, worlds=[e.group for e in live_runs],
                               totals={name: _totals(part) for name, part in areas.items() if len(part)}))


def _by_method(rows: pd.DataFrame, settings: Sequence[str]) -> Mapping[Text, int]:
    """How many of the settings are of which method, as a page names it; the order of the record."""
    chosen = rows[(rows["method"] + ": " + rows["setting"]).isin(settings)]
    return Counter(names.method(method) for method in chosen["method"])


def _totals(rows: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """Ours and the naive way's over all settings that must be met exactly: what may be too wide by construction would flatter the total."""
    exact = rows[[band[1] < 1 for band in rows["band"]]]
    exact = rows if exact.empty else exact
    return _total(exact, "coverage"), _total(exact, "naive_coverage")


def _total(rows: pd.DataFrame, column: str) -> Estimate:
    """Coverage over all runs of some settings."""
    return coverage(float((rows[column] * rows["R"]).sum()), int(rows["R"].sum()), group="")


def _pooled(rows: pd.DataFrame, column: str) -> tuple[Estimate, ...]:
    """Coverage by method over all its settings, in the order of the record."""
    return tuple(_total(part, column).with_(group=str(name)) for name, part in rows.groupby("method", sort=False))


def _agrees(live_runs: Sequence[Estimate]) -> bool:
    """Whether no run made now lies below the band, its own simulation error allowed for."""
    return min(e.conf_high for e in live_runs) >= 0.93


def _tested(rows: pd.DataFrame) -> dict[str, Any]:
    """The most false alarms, and what the tests find where they find least, with the name of that method; None where nothing was counted."""
    alarms, power = (rows[(rows["kind"] == kind) & rows["share"].notna()].sort_values("share", kind="stable") for kind in ("false alarms", "power"))
    return {"alarms": None if alarms.empty else alarms["share"].iloc[-1], "power": None if power.empty else power["share"].iloc[0],
            "faintest": None if power.empty else names.method(power["method"].iloc[0])}


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a method, what was measured and where it should lie; ranges over the settings, rows of a method together."""
    made, groups = [], list(_alike(rows.iloc[np.argsort(pd.factorize(rows["method"])[0], kind="stable")]))
    seen = [key[:2] for key, _ in groups]
    for (name, kind, band), part in groups:
        is_one_of_two = kind in HELD and seen.count((name, kind)) > 1
        shared = _shared(part["setting"]) if kind not in HELD or is_one_of_two else []
        unit = text.BIAS_UNITS.get(part["family"].iloc[0], "points")
        ours, naive = (part[c].dropna() for c in ("measured", "unaided"))
        made.append({"method": names.row(name, shared, is_one_of_two=is_one_of_two), "kind": names.KINDS[kind],
                     "expected": text.expected(band, kind, unit), "ours": text.between(ours, kind, unit) if len(ours) else None,
                     "naive": text.between(naive, kind, unit) if len(naive) else None, "refusals": part["refusals"].max(),
                     "settings": text.passed(int(part["passed"].astype(bool).sum()), len(part))})
    return pd.DataFrame(made, columns=list(COLUMNS))


def _alike(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str, tuple[float, float]], pd.DataFrame]]:
    """Settings that share a row, by method, kind and band; alarms and finds of worlds that have nothing in common stand alone."""
    for key, part in rows.groupby([rows["method"], rows["kind"], rows["band"].map(tuple)], sort=False):
        apart = key[1] not in HELD and not _shared(part["setting"])
        yield from ((key, part.iloc[[k]]) for k in range(len(part))) if apart else [(key, part)]


def _shared(settings: pd.Series) -> list[str]:
    """What all settings say, in the words of the first."""
    first, *others = (words.split(", ") for words in settings)
    return [part for part in first if all(part in other for other in others)]


def _instead(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an area: the naive way, what it gives on the data of the record, and what ours gives."""
    made = []
    for family, shown in text.INSTEAD.items():
        part = rows[rows["method"].isin(shown.methods) & (rows["kind"] == shown.kind) & rows["unaided"].notna()
                    & rows["setting"].str.contains(shown.part, regex=False)]
        if len(part):
            cells = {side: text.filled(shown.result, share=part[measure], bias=part[bias], truth=part["truth"]) for side, measure, bias in
                     (("naive", "unaided", "naive_bias"), ("ours", "measured", "bias"))}
            made.append({"family": names.FAMILIES[family], "way": shown.way, **cells})
    return pd.DataFrame(made, columns=list(INSTEAD_COLUMNS))


def _scorecard(rows: pd.DataFrame) -> pd.DataFrame:
    """The failing settings, then those closest to an edge of their band, one row each."""
    passed = rows["passed"].astype(bool)
    rows = rows.assign(order=np.where(passed, _room(rows), -np.inf)).sort_values("order", kind="stable").head(max(CLOSEST, int((~passed).sum())))
    made = []
    for row in rows.itertuples(index=False):
        words, name, unit = setting(row.setting), names.method(row.method), text.BIAS_UNITS.get(row.family, "points")
        ours, naive = (None if np.isnan(v) else text.between([v], row.kind, unit) for v in (row.measured, row.unaided))
        made.append({"setting": Text(f"{name.zh} · {words.zh}", f"{name.en} · {words.en}"), "kind": names.KINDS[row.kind],
                     "expected": text.expected(row.band, row.kind, unit), "ours": ours, "naive": naive, "R": int(row.R),
                     "passed": text.passed(int(row.passed), 1)})
    return pd.DataFrame(made, columns=list(SCORECARD_COLUMNS))


def _room(rows: pd.DataFrame) -> np.ndarray:
    """Distance of shares to the nearer edge of their band, the ends 0 and 1 no edges; errors in points come last."""
    low, high = np.array(rows["band"].tolist(), dtype=float).T
    value = rows["measured"].to_numpy()
    room = np.minimum(np.where((low > 0) & (low < 1), value - low, np.inf), np.where(high < 1, high - value, np.inf))
    return np.where(rows["kind"] == "bias", np.inf, room)
