"""How fast the effect on the exposed is beside `doubleml`, on a million customers and thirty covariates; `python -m benchmarks.att`.

Five folds, one split, the same folds for all. The rival's learners are the linear ones of its documentation, LassoCV and LogisticRegression; the
first line puts the very same objects into `effects.att`, the second uses this library's own. `--customers` takes another number.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import doubleml
import numpy as np
from sklearn.linear_model import LassoCV, LogisticRegression
from tqdm import tqdm

from voclib.simulate.worlds import long_waits
from voclib.stats import crossfit, effects

CUSTOMERS, COVARIATES, FOLDS, REPEAT = 1_000_000, 30, 5, 3
SAME = 0.1  # standard errors by which two estimates of the same effect may differ


@dataclass(frozen=True)
class Problem:
    """Outcome, exposure (N,), covariates (N, p) and folds (N,)."""

    y: np.ndarray
    exposed: np.ndarray
    matrix: np.ndarray
    fold: np.ndarray


def problem(customers: int, *, seed: int = 1) -> Problem:
    """A draw of DGP C, whose two covariates are joined by others that matter little or not at all."""
    frame, _ = long_waits.draw(seed, customers=customers)
    known = np.column_stack([np.log(frame["prior_spend"]) - 6, frame["tenure"]])
    more = np.random.default_rng([seed, 1]).normal(size=(customers, COVARIATES - 2))
    more[:, :8] += 0.5 * known[:, [0]]
    return Problem(frame["margin_12m"].to_numpy(), frame["waited"].to_numpy(), np.column_stack([known, more]),
                   crossfit.folds(np.arange(customers), k=FOLDS, seed=seed))


def theirs(given: Problem) -> Callable[[], tuple[float, float]]:
    """DoubleMLIRM of the effect on the treated; its data are made ready before."""
    data = doubleml.DoubleMLData.from_arrays(given.matrix, given.y, given.exposed.astype(float))
    splits = [[(np.flatnonzero(given.fold != f), np.flatnonzero(given.fold == f)) for f in range(FOLDS)]]

    def run() -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = doubleml.DoubleMLIRM(data, ml_g=LassoCV(), ml_m=LogisticRegression(), score="ATTE", n_folds=FOLDS)
            model.set_sample_splitting(splits)
            model.fit()
        return float(model.coef[0]), float(model.se[0])
    return run


def ours(given: Problem, **options: Any) -> Callable[[], tuple[float, float]]:
    """`effects.att` on the same folds."""
    ids = np.arange(len(given.y))

    def run() -> tuple[float, float]:
        fit = effects.att(given.y, given.exposed, given.matrix, ids=ids, seed=1, fold=given.fold, repeats=1, **options).fit
        return fit.value, fit.std_error
    return run


def measure(customers: int = CUSTOMERS, repeat: int = REPEAT) -> dict[str, dict[str, Any]]:
    """Seconds, estimate and error of every way, in turn."""
    given = problem(customers)
    ways = {"doubleml": theirs(given), "their learners": ours(given, learner=(LogisticRegression(), LassoCV())), "our learners": ours(given)}
    found: dict[str, dict[str, Any]] = {way: {"seconds": []} for way in ways}
    for _ in tqdm(range(repeat), desc="att", leave=False):
        for way, run in ways.items():
            start = time.perf_counter()
            value, error = run()
            found[way]["seconds"].append(time.perf_counter() - start)
            found[way] |= {"value": value, "std_error": error}
    return found


def lines(found: dict[str, dict[str, Any]], customers: int) -> list[str]:
    """Lines of the table; a line is met only where the estimate is the same too."""
    rival = statistics.median(found["doubleml"]["seconds"])
    made = []
    for way, limit in (("their learners", 1.0), ("our learners", 0.2)):
        mine, apart = statistics.median(found[way]["seconds"]), distance(found, way)
        met = "yes" if mine <= limit * rival and apart <= SAME else "NO"
        made.append(f"| effect on the exposed, {customers:,} × {COVARIATES}, {apart:.1g} SE apart | att, {way} | {mine:.3g} s "
                    f"| doubleml {doubleml.__version__} ATTE | {rival:.3g} s | {mine / rival:.3g} | ×{limit:g} | {met} "
                    f"| {len(found[way]['seconds'])} |")
    return made


def distance(found: dict[str, dict[str, Any]], way: str) -> float:
    """How far an estimate lies from the rival's, in its standard errors."""
    return abs(found[way]["value"] - found["doubleml"]["value"]) / found["doubleml"]["std_error"]


def rows(repeat: int = REPEAT) -> list[str]:
    """The lines for the table of benchmarks/results.md."""
    return lines(measure(repeat=repeat), CUSTOMERS)


def main() -> None:
    """Time everything and print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--repeat", type=int, default=REPEAT)
    args = parser.parse_args()
    found = measure(args.customers, args.repeat)
    head = ["| what | ours | median | rival | median | ratio | limit | met | runs |", "|---|---|---|---|---|---|---|---|---|"]
    tqdm.write(f"Medians on {os.cpu_count()} cores, Python {sys.version.split()[0]}; all in turn, in one run. Read the ratios.\n"
               + "\n".join([*head, *lines(found, args.customers)]))
    for way, record in found.items():
        tqdm.write(f"{way}: {record['value']:.3f} ± {record['std_error']:.3f}")


if __name__ == "__main__":
    main()
