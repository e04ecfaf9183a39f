"""How fast the everyday paths are, each beside what a user would do instead, in one run; writes benchmarks/results.md.

`python -m benchmarks.speed` times what takes seconds; with `--clone` the whole way from a fresh clone to the portal.
Medians of `--repeat` runs (5 unless told), ours and the rival in turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from tqdm import tqdm

from benchmarks import aipw, att, calibration, panel, shapley, wild

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
OUT = Path(__file__).with_name("results.md")
EDITION = "params/sample.yml"
SAMPLE = list(yaml.safe_load((ROOT / EDITION).read_text("utf-8"))["notebooks"])


@dataclass(frozen=True)
class Contest:
    """One thing we promise: the ways to do it (ours first), timed in turn, and the most seconds ours may take.

    With `over_rival` the limit counts on top of the last way.
    """

    name: str
    ways: dict[str, Callable[[], None]]
    limit_s: float
    over_rival: bool = False
    repeat: int | None = None


def shell(*command: str | Path, cwd: Path = ROOT, **env: str) -> None:
    """Run a command quietly; its output is shown only when it fails."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def by_hand() -> None:
    """What an analyst does without a runner: papermill, then nbconvert, one notebook after the other."""
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


def packages_alone() -> None:
    """The part of that way which is only installing packages."""
    with tempfile.TemporaryDirectory() as folder:
        shell(sys.executable, "-m", "venv", f"{folder}/venv")
        shell(f"{folder}/venv/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", ROOT / "requirements/core.lock")


def contests(clone: bool) -> list[Contest]:
    """What is timed."""
    voc, edition = BIN / "voc", EDITION
    if clone:
        return [Contest("clone to portal", {"git clone, make reports": clone_to_portal, "installing the packages alone": packages_alone}, 300)]
    return [
        Contest("import", {"import voclib": lambda: shell(sys.executable, "-c", "import voclib"),
                           "an empty interpreter": lambda: shell(sys.executable, "-c", "pass")}, 0.1, over_rival=True, repeat=21),
        Contest("the sample edition", {"voc run --force": lambda: shell(voc, "run", edition, "--force"),
                                       "papermill, then nbconvert, by hand": by_hand}, 60),
        Contest("the sample edition, unchanged", {"voc run": lambda: shell(voc, "run", edition),
                                                  "python -c 'import papermill'": lambda: shell(sys.executable, "-c", "import papermill")}, 3),
    ]


def measure(contest: Contest, repeat: int) -> dict[str, list[float]]:
    """Seconds of every way, in turn, so that a slow minute hits all of them."""
    seconds: dict[str, list[float]] = {way: [] for way in contest.ways}
    for _ in tqdm(range(contest.repeat or repeat), desc=contest.name, leave=False):
        for way, run in contest.ways.items():
            start = time.perf_counter()
            run()
            seconds[way].append(time.perf_counter() - start)
    return seconds


def row(contest: Contest, seconds: dict[str, list[float]]) -> str:
    """One line of the table."""
    (ours, mine), (rival, theirs) = seconds.items()
    a, b = statistics.median(mine), statistics.median(theirs)
    met = (a - b if contest.over_rival else a) <= contest.limit_s
    limit = f"+{contest.limit_s:g} s" if contest.over_rival else f"{contest.limit_s:g} s"
    return f"| {contest.name} | {ours} | {a:.3g} s | {rival} | {b:.3g} s | {a / b:.3g} | {limit} | {'yes' if met else 'NO'} | {len(mine)} |"


def main() -> None:
    """Time everything and write the table; `--clone` adds its line to the table there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--clone", action="store_true", help="time a fresh clone up to the portal instead (minutes), and add it to the table")
    args = parser.parse_args()
    shell(BIN / "voc", "run", EDITION)
    timed = [row(c, measure(c, args.repeat)) for c in contests(args.clone)]
    if not args.clone:
        timed += [*calibration.rows(args.repeat), aipw.row(), *att.rows(), *shapley.rows(), *wild.rows(), *panel.rows()]
    before = OUT.read_text("utf-8").splitlines() if OUT.is_file() else []
    kept = [line for line in before if line.startswith("| ") and not line.startswith("| what") and line.startswith("| clone") != args.clone]
    where = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
    lines = ["# Speed", "", f"Medians on {where}; ours and the rival in turn, in one run. Read the ratios.", "",
             "| what | ours | median | rival | median | ratio | limit | met | runs |", "|---|---|---|---|---|---|---|---|---|",
             *(kept + timed if args.clone else timed + kept), ""]
    OUT.write_text("\n".join(lines), encoding="utf-8")
    tqdm.write("\n".join(lines))


if __name__ == "__main__":
    main()
