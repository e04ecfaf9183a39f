"""What benchmarks.topics measures and how it is written down: a row a promise, on disk after each."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score
from tqdm import tqdm

from voclib.errors import VocError

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 1800  # seconds that one case may take


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing promised: both sides in words, the figure that is held against the limit, whether it is met (None: not judged), what was measured."""

    group: str
    what: str
    ours: str
    rival: str = "–"
    figure: str = "–"
    limit: str = "–"
    met: bool | None = None
    runs: int = 1
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How much is measured, and on what."""

    folder: Path
    truth: dict[str, np.ndarray]
    runs: int
    seeds: range
    sizes: tuple[int, ...]
    draws: int
    is_judged: bool

    @property
    def has_weights(self) -> bool:
        """Whether MiniLM's vectors could be made."""
        return (self.folder / "en.npy").exists()

    def case(self, name: str) -> dict[str, Any]:
        """Run a case in a process of its own: wall and processor seconds of all of it, and what it says."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "benchmarks.topics_cases", name, str(self.folder)], cwd=ROOT, capture_output=True, text=True,
                              timeout=TIMEOUT)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {**json.loads(done.stdout.splitlines()[-1]), "wall": wall, "cpu": cpu}

    def agreement(self, case: str) -> str:
        """AMI of a case's labels with those people gave, and its number of topics."""
        labels, truth = np.load(self.folder / f"{case}.npy"), self.truth[case[:2]]
        ami = adjusted_mutual_info_score(truth, labels)
        return f"AMI {ami:.3f}, {int(labels.max()) + 1} topics, {100 * (labels < 0).mean():.0f} % in none"

    def judged(self, row: Row) -> Row:
        """The row, without a verdict where limits hold for whole corpora only."""
        return row if self.is_judged else replace(row, met=None)


class Table:
    """Rows on disk, as JSON and Markdown, after each."""

    def __init__(self, out: Path, kept: list[Row], machine: dict[str, Any], order: list[str]) -> None:
        self.out, self.rows, self.machine, self.order = out, kept, machine, order

    def put(self, row: Row) -> None:
        """Add a row; write both files."""
        self.rows = sorted([*(r for r in self.rows if (r.group, r.what) != (row.group, row.what)), row], key=lambda r: self.order.index(r.group))
        draft = self.out.with_suffix(".part")
        draft.write_text(json.dumps({"machine": self.machine, "rows": [asdict(r) for r in self.rows]}, ensure_ascii=False, indent=1), "utf-8")
        draft.replace(self.out)
        self.out.with_suffix(".md").write_text(self.markdown(), "utf-8")
        tqdm.write(line(row))

    def markdown(self) -> str:
        """The table, with what it was measured on."""
        said = ", ".join(f"{k} {v}" for k, v in self.machine.items() if k not in {"date", "quick"})
        head = ["# Topics", "", f"{self.machine['date']}: {said}. Medians of cold processes, ours and the rival in turn. Read the ratios.", ""]
        head += ["A quick run on a part of the corpora: nothing is judged.", ""] if self.machine["quick"] else []
        return "\n".join([*head, "| what | ours | rival | figure | limit | met | runs |", "|---|---|---|---|---|---|---|", *map(line, self.rows), ""])


def line(row: Row) -> str:
    """A row of the table."""
    met = {None: "–", True: "yes", False: "NO"}[row.met]
    return f"| {row.what} | {row.ours} | {row.rival} | {row.figure} | {row.limit} | {met} | {row.runs} |"


def need_weights(bench: Bench) -> None:
    """Refuse a group that needs MiniLM."""
    if not bench.has_weights:
        raise VocError("MiniLM is not installed: make embed")
