"""How long exact Shapley shares of twelve overlapping pains take on a million customers: from arrays to intervals, the model's fit included.

`python -m benchmarks.shapley` prints seconds, peak memory and the shares beside the planted ones; `--customers` takes another number.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from voclib.simulate import dgp_pains
from voclib.stats import attribution

ROOT = Path(__file__).resolve().parent.parent
CUSTOMERS, PAINS, LIMIT_S, LIMIT_GIB = 1_000_000, 12, 60.0, 4.0


def measure(customers: int = CUSTOMERS, *, seed: int = 1) -> dict[str, Any]:
    """One timed run here: seconds, peak memory of this process, total and shares (value, standard error) beside the truth, in ¥."""
    frame, truth = dgp_pains.draw(seed, customers=customers, count=PAINS)
    names = list(truth["effects"])
    y, pains, known = frame["margin_12m_cny"].to_numpy(), frame[names].to_numpy(), frame[["prior", "mood"]].to_numpy()
    start = time.perf_counter()
    found = attribution.joint_removal(y, pains, known, names=names)
    seconds = time.perf_counter() - start
    shares = {n: [f.value, f.std_error, truth["shares_cny"][n]] for n, f in zip(names, found.shares, strict=True)}
    total = [found.total.value, found.total.std_error, truth["total_cny"]]
    return {"what": f"exact Shapley shares, {PAINS} overlapping pains, {customers:,} customers", "seconds": seconds, "total": total, "shares": shares,
            "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "efficiency": sum(f.value for f in found.shares) / total[0] - 1}


def apart(customers: int = CUSTOMERS) -> dict[str, Any]:
    """The same in a process of its own, so that peak memory is that of this alone."""
    command = [sys.executable, "-m", "benchmarks.shapley", "--json", "--customers", str(customers)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"The benchmark failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rows() -> list[str]:
    """The lines for the table of benchmarks/results.md; nobody else offers it, so the limits stand in the rival's place."""
    record = apart()
    name, made = record["what"], (("", record["seconds"], LIMIT_S, "s"), (": peak memory", record["gib"], LIMIT_GIB, "GiB"))
    return [f"| {name}{what} | joint_removal | {value:.3g} {unit} | allowed | {limit:g} {unit} | {value / limit:.3g} | ×1 | "
            f"{'yes' if value <= limit else 'NO'} | 1 |" for what, value, limit, unit in made]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--json", action="store_true", help="one line for programs")
    args = parser.parse_args()
    record = measure(args.customers)
    if args.json:
        print(json.dumps(record))
        return
    print(f"{record['what']}: {record['seconds']:.1f} s on {os.cpu_count()} cores, peak memory {record['gib']:.2f} GiB, shares add up to the total "
          f"within {abs(record['efficiency']):.0e}")
    for name, (value, error, truth) in {"all": record["total"], **record["shares"]}.items():
        print(f"{name:>10}: ¥{value:,.0f} ± {1.96 * error:,.0f}, planted ¥{truth:,.0f}")


if __name__ == "__main__":
    main()
