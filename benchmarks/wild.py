"""How fast the wild cluster bootstrap is beside `pyfixest`'s, on 60 stores and 24 periods with three lags; `python -m benchmarks.wild`.

9,999 draws with Webb's weights, null imposed, effects of stores and periods. Ours is timed from columns as they lie in the table to p and interval,
weights included; the rival, which takes no weights and gives no interval, from the regression it has fitted before, compiled and in its fastest
setting. Both p-values without weights stand in the line: they may differ by what 9,999 draws leave open.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyfixest
from tqdm import tqdm

from voclib.stats import inference

STORES, PERIODS, DRAWS, REPEAT = 60, 24, 9_999, 7
LAGS = ["lag_1", "lag_2", "lag_3"]
OPEN = 4  # standard errors of drawing by which two p-values of the same test may differ


@dataclass(frozen=True)
class Wild:
    """A p-value and, where the method gives them, the ends of the interval."""

    p_value: float
    low: float = float("nan")
    high: float = float("nan")


def problem(*, seed: int = 1) -> pd.DataFrame:
    """A balanced panel: `store`, `period`, `score`, three lags of one series, `weight`; stores differ in noise and in how long it lasts."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(STORES, PERIODS + 3))
    score = 0.03 * series[:, 2:-1] + rng.lognormal(0, 0.4, (STORES, 1)) * rng.normal(size=(STORES, PERIODS))
    score += rng.normal(size=(STORES, 1)) * np.linspace(0, 1, PERIODS)
    frame = pd.DataFrame({"store": np.repeat(np.arange(STORES), PERIODS), "period": np.tile(np.arange(PERIODS), STORES), "score": score.ravel(),
                          "weight": rng.uniform(0.5, 3, STORES * PERIODS)})
    return frame.assign(**{name: series[:, 3 - k:3 - k + PERIODS].ravel() for k, name in enumerate(LAGS, 1)})


def ours(frame: pd.DataFrame, *, weighted: bool) -> Callable[[], Wild]:
    """Cross products, then the bootstrap."""
    def run() -> Wild:
        given = inference.moments(frame["score"], frame[LAGS], cluster=frame["store"], names=LAGS, within=frame["store"], effects=frame["period"],
                                  weights=frame["weight"] if weighted else None)
        found = inference.wild_bootstrap(given, LAGS[0], draws=DRAWS, seed=1)
        return Wild(found.p_value, found.conf_low, found.conf_high)
    return run


def theirs(frame: pd.DataFrame) -> Callable[[], Wild]:
    """`Feols.wildboottest`; its threads make it slower at this size and stay off."""
    fitted = pyfixest.feols(f"score ~ {' + '.join(LAGS)} | store + period", frame, vcov={"CRV1": "store"})

    def run() -> Wild:
        found = fitted.wildboottest(param=LAGS[0], reps=DRAWS, weights_type="webb", impose_null=True, seed=1, k_adj=False)
        return Wild(float(found["Pr(>|t|)"]))
    run()
    return run


def measure(repeat: int = REPEAT) -> dict[str, dict[str, Any]]:
    """Seconds and what was found of every way, in turn."""
    import wildboottest  # noqa: F401 (without it pyfixest fails with another message)

    frame = problem()
    ways = {"pyfixest": theirs(frame), "weighted": ours(frame, weighted=True), "unweighted": ours(frame, weighted=False)}
    found: dict[str, dict[str, Any]] = {way: {"seconds": []} for way in ways}
    for _ in tqdm(range(repeat), desc="wild", leave=False):
        for way, run in ways.items():
            start = time.perf_counter()
            found[way]["found"] = run()
            found[way]["seconds"].append(time.perf_counter() - start)
    return found


def agree(found: dict[str, dict[str, Any]]) -> bool:
    """Whether both p-values without weights are the same but for drawing."""
    mine, rival = (found[way]["found"].p_value for way in ("unweighted", "pyfixest"))
    return bool(abs(mine - rival) <= OPEN * np.sqrt(2 * rival * (1 - rival) / DRAWS) + 1 / DRAWS)


def rows(repeat: int = REPEAT) -> list[str]:
    """The line for the table of benchmarks/results.md; it is met only where the p-values agree too."""
    return [line(measure(repeat))]


def line(found: dict[str, dict[str, Any]]) -> str:
    """One line of the table."""
    mine, rival = (statistics.median(found[way]["seconds"]) for way in ("weighted", "pyfixest"))
    same = " and ".join(f"{found[way]['found'].p_value:.4f}" for way in ("unweighted", "pyfixest"))
    return (f"| wild cluster bootstrap, {DRAWS:,} draws, {STORES} stores × {PERIODS} periods, 3 lags; p unweighted {same} "
            f"| wild_bootstrap, weighted, with interval | {mine:.3g} s | pyfixest {pyfixest.__version__} wildboottest, unweighted | {rival:.3g} s "
            f"| {mine / rival:.3g} | ×1 | {'yes' if mine <= rival and agree(found) else 'NO'} | {len(found['weighted']['seconds'])} |")


def main() -> None:
    """Time everything and print the line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=REPEAT)
    found = measure(parser.parse_args().repeat)
    head = ["| what | ours | median | rival | median | ratio | limit | met | runs |", "|---|---|---|---|---|---|---|---|---|"]
    tqdm.write(f"Medians on {os.cpu_count()} cores, Python {sys.version.split()[0]}; all in turn, in one run. Read the ratios.\n"
               + "\n".join([*head, line(found)]))
    for way, record in found.items():
        tqdm.write(f"{way}: {record['found']}, median {statistics.median(record['seconds']):.3f} s")


if __name__ == "__main__":
    main()
