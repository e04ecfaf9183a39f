"""Planted-truth runs of the scores: how often the interval holds the truth. `python -m benchmarks.coverage` writes coverage.json.

Every setting also runs the naive method on the same data; where that one fails, the file shows what the method is for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate
from voclib.simulate import scores
from voclib.stats import gates, metrics
from voclib.studies.validation import code_hash

OUT = Path(__file__).with_name("coverage.json")
LONG, FALSE_ALARM_RUNS, BAND, FALSE_ALARM_BAND = 1000, 2000, (0.93, 0.97), (0.94, 1.0)
SHORT_BAND = (0.91, 0.985)  # for R = 200: a true 95 % method seldom falls outside
EXTREME_BAND = (0.93, 1.0)  # almost all promoters, or adjusted for many looks: may be too wide, never too narrow
Draw = Callable[[int], tuple[pd.DataFrame, float]]
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One planted world: `draw(seed)` gives data and truth, `call` the method under test, `naive` what one would do without it."""

    method: str
    setting: str
    draw: Draw
    call: Callable[[pd.DataFrame], Estimate]
    naive: Callable[[pd.DataFrame], Interval] | None = None
    band: tuple[float, float] = BAND
    runs: int = LONG
    planted: bool = False  # the truth is an effect to be found: how often the range excludes zero is printed as `power`


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


def settings() -> list[Setting]:
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
                      naive=_unadjusted, draw=_regions([0.0] * 12, 60), band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS)]
    return [*plain, *clustered, *weighted, *paired, *others]


def _first_seed(setting: Setting) -> int:
    """Where a setting's seeds start, from its name: settings share no draws, and a new one moves no other's."""
    name = f"{setting.method}: {setting.setting}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:4], "big")


def measure(setting: Setting, *, runs: int, seed: int | None = None, band: tuple[float, float] | None = None,
            tick: Callable[[], Any] = lambda: None) -> dict[str, Any]:
    """One record: coverage of the method and of the naive one, mean width, bias, share of refusals."""
    rows: list[tuple[float, float, float, float]] = []
    naive: list[bool] = []
    refusals, seed = 0, _first_seed(setting) if seed is None else seed
    for r in range(runs):
        frame, truth = setting.draw(seed + r)
        found = setting.call(frame)
        tick()
        if setting.naive is not None:
            low, high = setting.naive(frame)
            naive.append(low <= truth <= high)
        if found.kind == "refusal":
            refusals += 1
            continue
        rows.append((truth, found.value, found.conf_low, found.conf_high))
    truth, value, low, high = np.array(rows).T if rows else np.full((4, 1), np.nan)
    coverage, limits = float(((low <= truth) & (truth <= high)).mean()) if rows else 0.0, band or setting.band
    return {"method": setting.method, "setting": setting.setting, "truth": _round(truth.mean()), "coverage": _round(coverage),
            "mean_width": _round((high - low).mean()), "bias": _round((value - truth).mean()), "refusals": _round(refusals / runs), "R": runs,
            "seed": seed, "band": list(limits), "passed": bool(limits[0] <= coverage <= limits[1]),
            "naive_coverage": _round(np.mean(naive)) if naive else None,
            "power": _round(((low > 0) | (high < 0)).mean()) if setting.planted else None}


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def run(chosen: Iterable[Setting] | None = None, R: int | None = None, *, seed: int | None = None,  # noqa: N803
        band: tuple[float, float] | None = None, progress: bool = False) -> list[dict[str, Any]]:
    """Records of the chosen settings (all without a choice), `R` runs each (the long tier's number without one), by `band` if given."""
    from tqdm import tqdm

    chosen = settings() if chosen is None else list(chosen)
    total = sum(R or s.runs for s in chosen)
    with tqdm(total=total, unit="run", disable=not progress, desc="coverage") as bar:
        return [measure(s, runs=R or s.runs, seed=seed, band=band, tick=bar.update) for s in chosen]


def main() -> int:
    """Run everything and write coverage.json; 1 where a setting falls outside its band."""
    records = run(progress=True)
    body = {"code_hash": code_hash(), "gates_default": gates.load().is_default, "records": records}
    OUT.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return int(not all(r["passed"] for r in records))


if __name__ == "__main__":
    raise SystemExit(main())
