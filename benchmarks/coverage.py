"""Planted-truth runs: how often intervals hold the truth, tests raise false alarms, gates trip; coverage.json holds them.

`python -m benchmarks.coverage` runs the settings whose record is absent, or older than the code it depends on (benchmarks/freshness.py says what
that is); `--all` runs every one. The file is written after each setting, so that an interruption loses none that was finished.
Every setting also runs the naive method on the same data; where that one fails, the file shows what the method is for.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from benchmarks import freshness
from voclib.errors import ParameterError
from voclib.results import Estimate
from voclib.simulate.worlds import scores
from voclib.stats import metrics

OUT = Path(__file__).with_name("coverage.json")
LONG, FALSE_ALARM_RUNS, BAND, FALSE_ALARM_BAND = 1000, 2000, (0.93, 0.97), (0.0, 0.06)
SHORT_BAND = (0.91, 0.985)  # for R = 200: a true 95 % method seldom falls outside
EXTREME_BAND = (0.93, 1.0)  # almost all promoters, adjusted for many looks, or bounds: may be too wide, never too narrow
CHUNK = 20  # runs a task; what a run gives depends on its seed alone, so the number of processes changes nothing
Draw = Callable[[int], tuple[Any, Any]]
Interval = tuple[float, float]
Kind = Literal["coverage", "bounds", "bias", "false alarms", "power", "false discoveries", "refusals"]


def beside_zero(found: Estimate | Interval, truth: Any) -> float:
    """1 where an interval excludes zero."""
    low, high = ends(found)
    return float(low > 0 or high < 0)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One planted world: `draw(seed)` gives data and truth, `call` the method under test, `naive` what one would do without it.

    `kind` says what is measured and judged by `band`: "coverage", how often the interval holds the truth; "bounds", how often the bounds
    themselves do; "bias", the mean error; "refusals", how often the method withholds; the other kinds the mean of `count(found, truth)`,
    a share of each run, for `call` and `naive` alike. Beyond the band a setting may limit the absolute bias, the share of refusals, and
    say where the naive measure must lie for the world to show anything.
    """

    method: str
    setting: str
    draw: Draw
    call: Callable[[Any], Any]
    naive: Callable[[Any], Any] | None = None
    kind: Kind = "coverage"
    count: Callable[[Any, Any], float] | None = None
    band: tuple[float, float] = BAND
    max_bias: float = np.inf
    max_refusals: float = 1.0
    naive_band: tuple[float, float] = (-np.inf, np.inf)
    runs: int = LONG
    planted: bool = False  # the truth is an effect to be found: how often the range excludes zero is printed as `power`

    @property
    def name(self) -> str:
        """Method and setting; no two settings have the same."""
        return f"{self.method}: {self.setting}"


def ends(found: Estimate | Interval) -> Interval:
    """The interval of an Estimate, or a plain one as it is."""
    return (found.conf_low, found.conf_high) if isinstance(found, Estimate) else found


def wald(frame: pd.DataFrame) -> Interval:
    """The textbook interval of NPS: score ± 1.96·√([p + d − (p − d)²]/n)."""
    y = frame["nps_score"].to_numpy()
    coded = (y >= 9).astype(float) - (y <= 6)
    reach = 1.959964 * 100 * np.sqrt(coded.var() / len(y))
    return 100 * coded.mean() - reach, 100 * coded.mean() + reach


def _plain(estimate: Callable[[pd.DataFrame], Estimate]) -> Callable[[pd.DataFrame], Interval]:
    """The interval of a method, for use as the naive one."""
    def interval(frame: pd.DataFrame) -> Interval:
        found = estimate(frame)
        return found.conf_low, found.conf_high
    return interval


def _independent(frame: pd.DataFrame) -> Interval:
    """The difference of two months by the formula for independent samples."""
    first, second = metrics.groups("nps", frame, by="month")
    reach = 1.959964 * np.hypot(first.std_error, second.std_error)
    return second.value - first.value - reach, second.value - first.value + reach


def _taking(draw: Callable[..., scores.Drawn], name: str = "nps", **fixed: Any) -> Draw:
    """A drawing function of the seed alone; promoters and detractors are drawn per seed unless fixed."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        promoters, detractors = scores.mix(seed)
        frame, truth = draw(seed, **{"promoters": promoters, "detractors": detractors, **fixed})
        return frame, truth[name]
    return taken


def _paired(customers: int, **fixed: Any) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        before, after = scores.mix(seed), scores.mix(seed + 500_000)
        frame, truth = scores.paired(seed, customers=customers, before=before, after=after, **fixed)
        return frame, truth["difference"]
    return taken


def _regions(shifts: Sequence[float], n: int) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        promoters, detractors = scores.mix(seed, promoters=(0.3, 0.4))
        frame, truth = scores.regions(seed, n=n, shifts=shifts, promoters=promoters, detractors=detractors)
        return frame, truth["against_rest"][0]
    return taken


def _csat(seed: int) -> tuple[pd.DataFrame, float]:
    chance = float(np.random.default_rng([seed, 3]).uniform(0.6, 0.95))
    happy = np.random.default_rng(seed).random(60) < chance
    return pd.DataFrame({"csat_score": np.where(happy, 5, 2)}), chance


def _ces(seed: int) -> tuple[pd.DataFrame, float]:
    chances = np.random.default_rng([seed, 3]).dirichlet([1, 1, 1, 2, 3, 5, 6])
    return pd.DataFrame({"ces_score": np.random.default_rng(seed).choice(np.arange(1, 8), 60, p=chances)}), float(chances @ np.arange(1, 8))


def _most_extreme(frame: pd.DataFrame) -> Estimate:
    """The group farthest from the rest: its range excludes zero in a world without differences only by false alarm."""
    found = metrics.compare_groups("nps", frame, by="region")
    return min(found, key=lambda e: e.p_value)


def _first_region(frame: pd.DataFrame) -> Estimate:
    return metrics.compare_groups("nps", frame, by="region")[0]


def _unadjusted(frame: pd.DataFrame) -> Interval:
    """The largest of many gaps with its ordinary interval, as if nobody had looked at the others."""
    names = frame["region"].unique()
    found = [metrics.differences("nps", frame.assign(other=frame["region"] == r), by="other", at=(False, True), unit=None) for r in names]
    worst = min(found, key=lambda e: e.p_value)
    return worst.conf_low, worst.conf_high


def scored() -> list[Setting]:
    """All planted worlds of the scores."""
    plain = [Setting(method="nps", setting=f"n={n}, promoters={p}, detractors={d}", naive=wald, call=metrics.nps,
                     draw=_taking(scores.plain, n=n, promoters=p, detractors=d), band=EXTREME_BAND if p == 0.95 else BAND, runs=4 * LONG)
             for p, d in ((0.5, 0.2), (0.7, 0.1), (0.33, 0.33), (0.95, 0.01)) for n in (30, 100, 1000)]
    clustered = [Setting(method="nps clustered", setting=f"clusters={g}, icc={icc}, size cv={cv}", naive=_plain(metrics.nps),
                         call=lambda f: metrics.nps(f, cluster="unit_id"), draw=_taking(scores.clustered, clusters=g, icc=icc, size_cv=cv))
                 for g in (10, 20, 50) for icc in (0.05, 0.15) for cv in (0.0, 0.6, 1.0)]
    weighted = [Setting(method="nps weighted", setting=f"n={n}, answering chances over a factor of {spread**2:g}", naive=_plain(metrics.nps),
                        call=lambda f: metrics.nps(f, weights="weight"), draw=_taking(scores.weighted, n=n, spread=spread))
                for n, spread in ((60, 2.0), (60, 3.0), (120, 3.0), (200, 2.0), (1000, 2.0), (1000, 3.0))]
    paired = [Setting(method="nps difference, paired", setting=f"customers={n}, overlap={o}, loyalty={k}", naive=_independent,
                      call=lambda f: metrics.differences("nps", f, by="month", at=("2026-01", "2026-02")), draw=_paired(n, overlap=o, loyalty=k))
              for n, o, k in ((40, 0.7, 0.6), (200, 0.7, 0.6), (1000, 0.9, 0.8), (1000, 0.0, 0.6))]
    others = [Setting(method="csat", setting="n=60", draw=_csat, call=metrics.csat),
              Setting(method="ces", setting="n=60", draw=_ces, call=metrics.ces),
              # 29 points are twice what 400 answers a region can find with 80 % power after adjusting for 12 looks
              Setting(method="groups against the rest", setting="12 regions of 400, one higher by 29 points", planted=True, call=_first_region,
                      draw=_regions((0.29, *[0.0] * 11), 400), band=EXTREME_BAND),
              Setting(method="groups against the rest, false alarms", setting="12 regions of 60, none differs", call=_most_extreme,
                      kind="false alarms", count=beside_zero, naive=_unadjusted, draw=_regions([0.0] * 12, 60), band=FALSE_ALARM_BAND,
                      runs=FALSE_ALARM_RUNS)]
    return [*plain, *clustered, *weighted, *paired, *others]


def settings() -> list[Setting]:
    """Every planted world: scores, silence, what becomes of answers, money and what it rests on, employees, many groups, the closed loop, causes."""
    from benchmarks import (
        coverage_answers,
        coverage_attribution,
        coverage_batches,
        coverage_causes,
        coverage_clusters,
        coverage_designs,
        coverage_ex,
        coverage_frontline,
        coverage_library,
        coverage_loop,
        coverage_money,
        coverage_readers,
        coverage_reliability,
        coverage_scores,
        coverage_segments,
        coverage_sensitivity,
        coverage_silence,
        coverage_worth,
    )

    others = (coverage_scores, coverage_silence, coverage_answers, coverage_money, coverage_designs, coverage_attribution, coverage_worth,
              coverage_sensitivity, coverage_reliability, coverage_clusters, coverage_ex, coverage_segments, coverage_loop, coverage_readers,
              coverage_library, coverage_frontline, coverage_causes, coverage_batches)
    return [*scored(), *(setting for module in others for setting in module.settings())]


def _first_seed(setting: Setting) -> int:
    """Where a setting's seeds start, from its name: settings share no draws, and a new one moves no other's."""
    return int.from_bytes(hashlib.sha256(setting.name.encode()).digest()[:4], "big")


COLUMNS = ("truth", "value", "low", "high", "bound_low", "bound_high", "refused", "share", "naive_low", "naive_high", "naive_share")


def one_run(setting: Setting, seed: int) -> tuple[float, ...]:
    """What one run leaves, in the order of `COLUMNS`; not a number where a column does not apply."""
    frame, truth = setting.draw(seed)
    found = setting.call(frame)
    row = dict.fromkeys(COLUMNS, np.nan)
    row["truth"] = truth if np.isscalar(truth) else np.nan
    is_estimate = isinstance(found, Estimate)
    row["refused"] = float(is_estimate and found.kind == "refusal")
    if is_estimate and not row["refused"]:
        row["low"], row["high"] = found.conf_low, found.conf_high
        row["bound_low"], row["bound_high"] = (found.bound_low, found.bound_high) if found.kind == "bounds" else (np.nan, np.nan)
        row["value"] = np.nan if found.value is None else found.value
    if setting.count is not None and not row["refused"]:
        row["share"] = float(setting.count(found, truth))
    if setting.naive is not None:
        plainly = setting.naive(frame)
        if setting.count is not None:
            row["naive_share"] = float(setting.count(plainly, truth))
        if isinstance(plainly, Estimate | tuple):
            row["naive_low"], row["naive_high"] = ends(plainly)
    return tuple(row.values())


def measure(setting: Setting, *, runs: int, seed: int | None = None, band: tuple[float, float] | None = None) -> dict[str, Any]:
    """One record of `runs` runs made here; see `record`."""
    first = _first_seed(setting) if seed is None else seed
    return record(setting, [one_run(setting, first + r) for r in range(runs)], seed=first, band=band)


def record(setting: Setting, rows: Sequence[tuple[float, ...]], *, seed: int, band: tuple[float, float] | None = None) -> dict[str, Any]:
    """One record: what was measured (`coverage` or `share`) for the method and the naive one, mean width, bias, share of refusals."""
    at = dict(zip(COLUMNS, np.array(rows).T, strict=True))
    truth, inside = at["truth"], (at["bound_low"], at["bound_high"]) if setting.kind == "bounds" else (at["low"], at["high"])
    coverage = _held(*inside, truth) if setting.kind != "refusals" else None
    has_target = setting.kind in ("coverage", "bounds", "bias", "false alarms")  # elsewhere the truth is not what the interval is about
    bias, naive_bias = (_mean(error) if has_target else None for error in (at["value"] - truth, (at["naive_low"] + at["naive_high"]) / 2 - truth))
    naive_coverage, refusals = _held(at["naive_low"], at["naive_high"], truth), float(at["refused"].mean())
    shares = {"bias": (bias, naive_bias), "refusals": (refusals, None)}.get(setting.kind, (_mean(at["share"]), _mean(at["naive_share"])))
    measured, naive = (coverage, naive_coverage) if setting.kind in ("coverage", "bounds") else shares
    if setting.kind in ("coverage", "bounds") and measured is None:
        measured = coverage = 0.0  # a method that always refuses covers nothing
    limits, low, high = band or setting.band, *setting.naive_band
    passed = (measured is not None and limits[0] <= measured <= limits[1] and abs(bias or 0.0) <= setting.max_bias
              and refusals <= setting.max_refusals and (naive is None or low <= naive <= high))
    known = truth[at["refused"] == 0]
    return {"method": setting.method, "setting": setting.setting, "kind": setting.kind, "truth": _round(_mean(known)), "coverage": _round(coverage),
            "mean_width": _round(_mean(inside[1] - inside[0])), "bias": _round(bias), "refusals": _round(refusals), "R": len(rows), "seed": seed,
            "band": list(limits), "passed": bool(passed), "naive_coverage": _round(naive_coverage), "naive_bias": _round(naive_bias),
            "share": _round(shares[0]), "naive_share": _round(shares[1]),
            "power": _round(_mean(_excludes(at["low"], at["high"]))) if setting.planted else None}


def _mean(values: np.ndarray) -> float | None:
    """Mean of what is known; None where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _held(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> float | None:
    """Share of intervals that hold the truth, to rounding; where there are none, None."""
    there = ~np.isnan(low) & ~np.isnan(truth)
    return float(((low <= truth) & (truth <= high))[there].mean()) if there.any() else None


def _excludes(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return ((low > 0) | (high < 0))[~np.isnan(low)].astype(float)


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def run(chosen: Iterable[Setting] | None = None, R: int | None = None, *, seed: int | None = None,  # noqa: N803
        band: tuple[float, float] | None = None, progress: bool = False, processes: int = 1,
        finished: Callable[[Setting, dict[str, Any]], Any] = lambda setting, made: None) -> list[dict[str, Any]]:
    """Records of the chosen settings (all without a choice), `R` runs each (the long tier's number without one), by `band` if given.

    The records do not depend on `processes`; each is handed to `finished` as soon as it is made.

    Raises
    ------
    ParameterError
        for several processes and a setting that `settings()` does not know: other processes find it there by name.
    """
    from tqdm import tqdm

    chosen = settings() if chosen is None else list(chosen)
    runs = [R or s.runs for s in chosen]
    first = [_first_seed(s) if seed is None else seed for s in chosen]
    if processes > 1 and (unknown := [s.name for s in chosen if s.name not in _by_name()]):
        raise ParameterError(f"'{unknown[0]}' is none of settings(), where other processes look for it by name; use processes=1.")
    made: dict[int, dict[str, Any]] = {}
    with tqdm(total=sum(runs), unit="run", disable=not progress or not chosen, desc="coverage") as bar:
        tasks = [(k, at + start, min(CHUNK, n - start)) for k, (n, at) in enumerate(zip(runs, first, strict=True)) for start in range(0, n, CHUNK)]
        rows: list[dict[int, list[tuple[float, ...]]]] = [{} for _ in chosen]
        for k, start, part in _done(chosen, tasks, processes):
            rows[k][start] = part
            bar.update(len(part))
            if sum(map(len, rows[k].values())) == runs[k]:
                made[k] = record(chosen[k], [row for at in sorted(rows[k]) for row in rows[k][at]], seed=first[k], band=band)
                finished(chosen[k], made[k])
    return [made[k] for k in range(len(chosen))]


def _done(chosen: Sequence[Setting], tasks: Sequence[tuple[int, int, int]], processes: int) -> Iterator[tuple[int, int, list[tuple[float, ...]]]]:
    """Runs of tasks (which setting, first seed, how many) as they are finished: here in order, or in processes of their own in any order."""
    if processes == 1:
        for k, first, runs in tasks:
            yield k, first, _in_turn(chosen[k], first, runs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        waiting = {pool.submit(_chunk, chosen[k].name, first, runs): (k, first) for k, first, runs in tasks}
        try:
            for done in as_completed(waiting):
                yield *waiting[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)  # else an interruption would wait for all that is left


@cache
def _by_name() -> dict[str, Setting]:
    return {s.name: s for s in settings()}


def _chunk(name: str, first: int, runs: int) -> list[tuple[float, ...]]:
    """Some runs of one setting, in a process of their own."""
    return _in_turn(_by_name()[name], first, runs)


def _in_turn(setting: Setting, first: int, runs: int) -> list[tuple[float, ...]]:
    """Some runs of one setting; an error says of which, and of which seed."""
    rows = []
    for seed in range(first, first + runs):
        try:
            rows.append(one_run(setting, seed))
        except Exception as error:
            error.add_note(f"This was '{setting.name}' with seed {seed}.")
            raise
    return rows


def _one_thread() -> None:
    """Keep libraries of a process from starting threads of their own: the processes already fill the machine."""
    from threadpoolctl import threadpool_limits

    os.environ["OMP_NUM_THREADS"] = "1"
    threadpool_limits(1)


def marks(chosen: Iterable[Setting]) -> dict[str, dict[str, str]]:
    """By name, what each setting depends on, as its record carries it."""
    reader = freshness.Reader()
    return {s.name: reader.mark(s, harness=(one_run, record, _first_seed)) for s in chosen}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is stale or absent on all cores, and write coverage.json after each setting; 1 where a record falls outside its band."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description="Run the settings whose record is absent or stale.")
    parser.add_argument("--all", action="store_true", help="run every setting")
    known = settings()
    marked, kept = marks(known), freshness.read(OUT)
    chosen = known if parser.parse_args(argv).all else [s for s in known if not freshness.agrees(kept.get(s.name), marked[s.name])]

    def keep(setting: Setting, made: dict[str, Any]) -> None:
        kept[setting.name] = made | marked[setting.name]
        freshness.write(OUT, kept, order=list(marked))

    run(chosen, progress=True, processes=os.cpu_count() or 1, finished=keep)
    freshness.write(OUT, kept, order=list(marked))
    failed = [name for name in marked if not kept[name]["passed"]]
    print(f"{len(known)} settings, {len(chosen)} of them run now; outside their band: {', '.join(failed) or 'none'}.")
    return int(bool(failed))


if __name__ == "__main__":
    from benchmarks import coverage  # this file by the name that records and other processes know it by

    raise SystemExit(coverage.main())
