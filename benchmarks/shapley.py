"""How long exact Shapley shares of twelve overlapping pains take on a million customers: from arrays to intervals, the model's fit included.

`python -m benchmarks.shapley` prints seconds, peak memory and the shares beside the planted ones; `--customers` takes another number.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from typing import Any

from benchmarks import alone
from voclib.simulate.worlds import pains as pains_world
from voclib.stats import attribution

CUSTOMERS, PAINS, LIMIT_S, LIMIT_GIB = 1_000_000, 12, 60.0, 4.0


def measure(customers: int = CUSTOMERS, *, seed: int = 1) -> dict[str, Any]:
    """One timed run here: seconds, peak memory of this process, total and shares (value, standard error) beside the truth, in ¥."""
    frame, truth = pains_world.draw(seed, customers=customers, count=PAINS)
    names = list(truth["effects"])
    y, pains, known = frame["margin_12m_cny"].to_numpy(), frame[names].to_numpy(), frame[["prior", "mood"]].to_numpy()
    start = time.perf_counter()
    found = attribution.joint_removal(y, pains, known, names=names)
    seconds = time.perf_counter() - start
    shares = {n: [f.value, f.std_error, truth["shares_cny"][n]] for n, f in zip(names, found.shares, strict=True)}
    total = [found.total.value, found.total.std_error, truth["total_cny"]]
    return {"what": f"exact Shapley shares, {PAINS} overlapping pains, {customers:,} customers", "seconds": seconds, "total": total, "shares": shares,
            "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "efficiency": sum(f.value for f in found.shares) / total[0] - 1}


def rows() -> list[str]:
    """The lines for the table of benchmarks/results.md."""
    return alone.rows("benchmarks.shapley", ours="joint_removal", seconds=LIMIT_S, gib=LIMIT_GIB)


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
