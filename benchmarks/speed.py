"""How fast the everyday paths are, each beside what a user would do instead, in one run; writes benchmarks/results.md.

`python -m benchmarks.speed` times what takes seconds; `--clone` adds the whole way from a fresh clone to the portal.
A median of `--repeat` runs (5 unless told), alternating ours and the rival so that a slow minute hits both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SAMPLE = ["00-sample-company", "01-ingest", "20-scores", "90-planted-truth"]


@dataclass(frozen=True)
class Race:
    """One thing we promise, what a user would do instead, and the most seconds (ours) or extra seconds it may take."""

    name: str
    ours: Callable[[], None]
    rival_name: str
    rival: Callable[[], None]
    limit_s: float
    over_rival: bool = False
    repeat: int | None = None


def shell(*command: str | Path, cwd: Path = ROOT, **env: str) -> None:
    """Run a command quietly; its output is shown only when it fails."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def plain_papermill() -> None:
    """What an analyst does by hand: papermill, then nbconvert, one notebook after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SAMPLE:
            executed = Path(folder) / f"{name}.ipynb"
            shell(BIN / "papermill", f"notebooks/{name}.ipynb", executed, "--kernel", "python3", "--cwd", ROOT, VOC_BATCH="1")
            shell(BIN / "jupyter", "nbconvert", "--to", "html", executed)


def clone_to_portal() -> None:
    """`git clone`, `make reports`, a portal: with a new virtual environment."""
    with tempfile.TemporaryDirectory() as folder:
        shell("git", "clone", "--quiet", ROOT, f"{folder}/voclib")
        shell("make", "reports", cwd=Path(folder) / "voclib", VOC_PUBLIC_DATA="")
        assert (Path(folder) / "voclib/reports/index.html").is_file()


def environment_only() -> None:
    """The part of that way which is only installing packages."""
    with tempfile.TemporaryDirectory() as folder:
        shell(sys.executable, "-m", "venv", f"{folder}/venv")
        shell(f"{folder}/venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", ROOT / "requirements/core.lock")


def races(clone: bool) -> list[Race]:
    """What is timed."""
    edition = "params/sample.yml"
    voc = BIN / "voc"
    found = [
        Race("import voclib", lambda: shell(sys.executable, "-c", "import voclib"), "an empty interpreter",
             lambda: shell(sys.executable, "-c", "pass"), 0.1, over_rival=True, repeat=21),
        Race("run the four notebooks of the sample edition", lambda: shell(voc, "run", edition, "--force"),
             "papermill, then nbconvert, by hand", plain_papermill, 60),
        Race("run the unchanged edition again", lambda: shell(voc, "run", edition), "papermill, then nbconvert, by hand", plain_papermill, 3),
    ]
    if clone:
        found.append(Race("clone to portal", clone_to_portal, "installing the packages alone", environment_only, 300))
    return found


def time_one(race: Race, repeat: int) -> tuple[list[float], list[float]]:
    """Seconds of ours and of the rival, alternating."""
    ours, rival = [], []
    for _ in tqdm(range(race.repeat or repeat), desc=race.name, leave=False):
        for run, seconds in ((race.ours, ours), (race.rival, rival)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return ours, rival


def row(race: Race, ours: list[float], rival: list[float]) -> str:
    """One line of the table."""
    a, b = statistics.median(ours), statistics.median(rival)
    measured = a - b if race.over_rival else a
    met = "yes" if measured <= race.limit_s else "NO"
    limit = f"rival + {race.limit_s:g} s" if race.over_rival else f"{race.limit_s:g} s"
    return f"| {race.name} | {a:.3g} s | {race.rival_name} | {b:.3g} s | {a / b:.3g} | {limit} | {met} | {len(ours)} |"


def main() -> None:
    """Time everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--clone", action="store_true", help="also time a fresh clone up to the portal (minutes)")
    args = parser.parse_args()
    if shutil.which("git") is None:
        raise SystemExit("git is needed for --clone; install it or leave --clone out")
    shell(BIN / "voc", "run", "params/sample.yml")
    rows = [row(race, *time_one(race, args.repeat)) for race in races(args.clone)]
    where = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
    lines = ["# Speed", "", f"Medians, {where}; ours and the rival alternate in one run. Read the ratios.", "",
             "| what | ours | instead of | it takes | ratio | limit | met | runs |", "|---|---|---|---|---|---|---|---|", *rows, ""]
    (ROOT / "benchmarks/results.md").write_text("\n".join(lines), encoding="utf-8")
    tqdm.write("\n".join(lines))


if __name__ == "__main__":
    main()
