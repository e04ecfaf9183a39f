"""How long the statistics of employees' and customers' voice take on 2,000 stores × 60 periods × 3 lags; `python -m benchmarks.panel`.

From a table of means to the three slopes, the lag profile with its band, the comparison with two libraries, direction, the half-panel jackknife and
the lines of single stores. `--stores` takes another number.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from typing import Any

from benchmarks import alone
from voclib.simulate.worlds import climate
from voclib.stats import panel

STORES, PERIODS, LAGS, LIMIT_S, LIMIT_GIB = 2000, 60, (1, 2, 3), 60.0, 2.0
NAMES = {"unit": "unit_id", "period": "period", "outcome": "nps", "exposure": "ex", "noise": "ex_noise"}


def measure(stores: int = STORES, *, seed: int = 1) -> dict[str, Any]:
    """One timed run here: seconds of each part, peak memory of this process, the corrected slope beside the truth."""
    frames, truth = climate.draw(seed, stores=stores, periods=PERIODS)
    frame, answers = frames["panel"], frames["employees"]["value"].to_numpy()
    frame = frame.assign(ex_noise=answers.reshape(len(frame), -1).var(axis=1, ddof=1) / frame["n_employees"], nps_sampling=140.0)
    seconds, made = {}, {}

    def timed(name: str, run: Callable[[], Any]) -> None:
        start = time.perf_counter()
        made[name] = run()
        seconds[name] = time.perf_counter() - start

    timed("model", lambda: panel.distributed_lag(frame, **NAMES, lags=LAGS, sampling="nps_sampling"))
    model = made["model"]
    timed("profile", lambda: [model.profile(corrected=corrected) for corrected in (False, True)])
    timed("agreement", lambda: panel.agreement(model))
    timed("slopes", lambda: panel.slopes(model.rows))
    timed("direction", lambda: panel.direction(frame, **NAMES))
    timed("half panel", lambda: panel.half_panel(frame, **NAMES))
    timed("lines", lambda: panel.unit_lines(model.rows, made["slopes"].within.value))
    found = model.regression(corrected=True).fit(model.term(1))
    return {"what": f"employees and customers, {stores:,} stores × {PERIODS} periods × {len(LAGS)} lags", "seconds": sum(seconds.values()),
            "parts": seconds, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "value": found.value, "std_error": found.std_error,
            "truth": truth["slope"], "distance": made["agreement"].distance}


def rows() -> list[str]:
    """The lines for the table of benchmarks/results.md."""
    return alone.rows("benchmarks.panel", ours="stats.panel", seconds=LIMIT_S, gib=LIMIT_GIB)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, default=STORES)
    parser.add_argument("--json", action="store_true", help="one line for programs")
    args = parser.parse_args()
    record = measure(args.stores)
    if args.json:
        print(json.dumps(record))
        return
    print(f"{record['what']}: {record['seconds']:.1f} s on {os.cpu_count()} cores, peak memory {record['gib']:.2f} GiB; libraries and cross products "
          f"within {record['distance']:.0e}; slope {record['value']:.3f} ± {record['std_error']:.3f}, planted {record['truth']:.3f}")
    for name, seconds in record["parts"].items():
        print(f"{name:>10}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
