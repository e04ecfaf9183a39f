"""How fast calibration is beside the packages one would use instead, and what ten million respondents need; `python -m benchmarks.calibration`.

378,000 respondents, six margins of 2–10 levels, all in one run and in turn. `balance` needs an older numpy on Python 3.11: it gets a
virtual environment of its own under build/, made when it is missing, and times itself there, without its start-up.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import svy
from tqdm import tqdm

from voclib.stats import weighting

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "build" / "balance-env"
LEVELS, RESPONDENTS, MANY = (2, 3, 4, 5, 7, 10), 378_000, 10_000_000
COLUMNS = [f"m{k}" for k in LEVELS]
# its quickest settings: categories, totals instead of target rows, no transformations
BALANCE = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
import pandas as pd
from balance.weighting_methods.rake import rake
frame, totals = pd.read_csv(sys.argv[1], dtype="category"), json.load(open(sys.argv[2]))
ones = pd.Series(1.0, index=frame.index)
start = time.perf_counter()
rake(frame, ones, None, None, transformations=None, target_margins=totals)
print("seconds", time.perf_counter() - start)
"""
LARGE = """
import json, resource
import numpy as np
from benchmarks import calibration
from voclib.stats import weighting
sample, totals = calibration.respondents(calibration.MANY, kind="category")
y = np.resize(np.array([-100.0, 0.0, 100.0, 100.0]), calibration.MANY)
found = weighting.calibrate(sample, totals)
fit = found.fit(y)
print(json.dumps({"gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "std_error": fit.std_error}))
"""


def respondents(rows: int, *, kind: str = "str", seed: int = 0) -> tuple[pd.DataFrame, dict]:
    """A sample whose levels are not those of the population, and the totals of a population of ten times as many."""
    rng = np.random.default_rng(seed)
    frame, totals = {}, {}
    for name, size in zip(COLUMNS, LEVELS, strict=True):
        levels, shares = [f"level {i}" for i in range(size)], rng.dirichlet(np.full(size, 8.0))
        tilted = shares * np.exp(rng.uniform(-0.35, 0.35, size))
        codes = rng.choice(size, rows, p=tilted / tilted.sum()).astype(np.int8)
        frame[name] = pd.Series(pd.Categorical.from_codes(codes, levels)).astype(kind)
        totals[name] = dict(zip(levels, (shares * 10 * rows).tolist(), strict=True))
    return pd.DataFrame(frame), totals


def python_of_balance() -> Path:
    """The interpreter that has `balance`; made on demand."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "balance==0.23.0"], check=True)
    return python


def seconds_of(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def of_balance(python: Path, folder: Path) -> float:
    """Seconds `balance` says it took."""
    done = subprocess.run([python, "-c", BALANCE, folder / "sample.csv", folder / "totals.json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"balance failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("seconds")))


def measure(repeat: int) -> dict[str, list[float]]:
    """Seconds of every way, in turn; ours both with text and with categories."""
    sample, totals = respondents(RESPONDENTS)
    coded, python = sample.astype("category"), python_of_balance()
    # svy is quickest with whole numbers
    numbers = pl.DataFrame({c: coded[c].cat.codes.to_numpy().astype(np.int64) for c in COLUMNS}).with_columns(one=pl.lit(10.0))
    numbered = {c: {coded[c].cat.categories.get_loc(k): t for k, t in totals[c].items()} for c in COLUMNS}
    theirs, found = svy.Sample(numbers, svy.Design(wgt="one")), weighting.calibrate(coded, totals)
    y = np.random.default_rng(1).choice([-100.0, 0.0, 100.0], RESPONDENTS)
    taken: dict[str, list[float]] = {way: [] for way in ("ours, text", "ours", "variance", "svy", "balance")}
    with tempfile.TemporaryDirectory() as folder:
        sample.to_csv(Path(folder) / "sample.csv", index=False)
        (Path(folder) / "totals.json").write_text(json.dumps(totals), encoding="utf-8")
        for _ in tqdm(range(repeat), desc="calibrate", leave=False):
            taken["ours, text"].append(seconds_of(lambda: weighting.calibrate(sample, totals)))
            taken["ours"].append(seconds_of(lambda: weighting.calibrate(coded, totals)))
            taken["variance"].append(seconds_of(lambda: found.fit(y)))
            taken["svy"].append(seconds_of(lambda: theirs.weighting.rake(controls=numbered)))
            taken["balance"].append(of_balance(python, Path(folder)))
    return taken


def gib_of_many() -> float:
    """Peak memory of a whole process that calibrates ten million respondents and computes the variance."""
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, cwd=ROOT, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["gib"])


def row(name: str, ours: str, a: float, rival: str, b: float, limit: float, runs: int, *, unit: str = "s") -> str:
    """One line of the table; the limit holds for the ratio."""
    met = "yes" if a <= limit * b else "NO"
    return f"| {name} | {ours} | {a:.3g} {unit} | {rival} | {b:.3g} {unit} | {a / b:.3g} | ×{limit:g} | {met} | {runs} |"


def rows(repeat: int = 5) -> list[str]:
    """The lines for the table of benchmarks/results.md."""
    taken = measure(repeat)
    middle = {way: statistics.median(seconds) for way, seconds in taken.items()}
    name = "calibrate 378,000 to 6 margins"
    return [row(name, "calibrate, logit", middle["ours"], "balance 0.23 rake", middle["balance"], 0.05, repeat),
            row(name + ", text columns", "calibrate, logit", middle["ours, text"], "svy 0.35 rake", middle["svy"], 1, repeat),
            row("variance of a calibrated mean", "fit", middle["variance"], "the calibration", middle["ours"], 2, repeat),
            row("calibrate 10,000,000: peak memory", "the whole process", gib_of_many(), "allowed", 4.0, 1, 1, unit="GiB")]


def main() -> None:
    """Time everything and print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    lines = ["| what | ours | median | rival | median | ratio | limit | met | runs |", "|---|---|---|---|---|---|---|---|---|",
             *rows(parser.parse_args().repeat)]
    tqdm.write(f"Medians on {os.cpu_count()} cores, Python {sys.version.split()[0]}; all in turn, in one run. Read the ratios.\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
