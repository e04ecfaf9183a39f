"""A benchmark in a process of its own, so that its peak memory is its alone, held against limits where nobody else offers the thing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def record(module: str) -> dict[str, Any]:
    """What `python -m MODULE --json` prints last: `what`, `seconds`, `gib` and more."""
    done = subprocess.run([sys.executable, "-m", module, "--json"], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"The benchmark failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rows(module: str, *, ours: str, seconds: float, gib: float) -> list[str]:
    """The lines for the table of benchmarks/results.md; the limits stand in the rival's place."""
    found = record(module)
    made = (("", found["seconds"], seconds, "s"), (": peak memory", found["gib"], gib, "GiB"))
    return [f"| {found['what']}{what} | {ours} | {value:.3g} {unit} | allowed | {limit:g} {unit} | {value / limit:.3g} | ×1 | "
            f"{'yes' if value <= limit else 'NO'} | 1 |" for what, value, limit, unit in made]
