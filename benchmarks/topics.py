"""Everything that topics promise, checked and timed, BERTopic beside it in the same run; writes benchmarks/topics.json and benchmarks/topics.md.

`python -m benchmarks.topics` with the extras `topics` and `embed` installed (`make embed`) and VOC_PUBLIC_DATA set; `--only NAME…` measures some
groups anew and keeps the others' rows, `--quick` tries the script out in minutes on a part of the corpora, without judging. Both files are
written after every row. Times are medians of cold processes, from the start of the interpreter to the last label, ours and the rival's in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import topics_cases as cases
from benchmarks import topics_density as dense
from benchmarks import topics_quality as quality
from benchmarks import topics_readings as readings
from benchmarks import topics_speed as speed
from benchmarks.topics_table import ROOT, Bench, Row, Table
from voclib.errors import VocError

PACKAGES = ("bertopic", "umap-learn", "hdbscan", "numba", "scikit-learn", "scikit-network", "torch", "sentence-transformers", "numpy", "pandas")


GROUPS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "en-cold": speed.en_cold, "en-cached": speed.en_cached, "zh-cold": speed.zh_cold, "refit": speed.refit, "growth": speed.growth,
    "labels": quality.labels, "matched": quality.matched, "stability": quality.stability_rows, "identity": quality.identity,
    "density": dense.density, "bridge": quality.bridge, "gpu": speed.gpu, "sentiment": readings.sentiment, "aspects": readings.aspects,
    "outbreak": readings.outbreak,
}


def machine(*, quick: bool) -> dict[str, Any]:
    """Where and with what."""
    found = {"date": datetime.now(UTC).date().isoformat(), "quick": quick, "cores": os.cpu_count(), "load before": round(os.getloadavg()[0], 1),
             "Python": sys.version.split()[0]}
    for name in PACKAGES:
        if any(metadata.distributions(name=name)):
            found[name] = metadata.version(name)
    return found


def bench(folder: Path, *, quick: bool) -> Bench:
    """The corpora on disk, MiniLM's vectors in the cache where the extra `embed` is installed."""
    if not os.environ.get("VOC_PUBLIC_DATA"):
        raise SystemExit("Set VOC_PUBLIC_DATA to the folder of public files.")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    truth = cases.prepare(folder, Path(os.environ["VOC_PUBLIC_DATA"]), most=1500 if quick else None)
    return Bench(folder=folder, truth=truth, runs=1 if quick else 3, seeds=range(2 if quick else 5), draws=2 if quick else 20,
                 sizes=(1000, 2000, 4000) if quick else (10_000, 50_000, 200_000), is_judged=not quick)


def kept(out: Path, groups: list[str]) -> list[Row]:
    """Rows of an earlier run that this one does not measure anew."""
    rows = json.loads(out.read_text("utf-8"))["rows"] if out.is_file() else []
    return [Row(**row) for row in rows if row["group"] in GROUPS and row["group"] not in groups]


def main() -> None:
    """Measure the groups chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="NAME", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="a part of the corpora, one run, into build/")
    args = parser.parse_args()
    out = ROOT / ("build/topics-quick.json" if args.quick else "benchmarks/topics.json")
    table = Table(out, kept(out, args.only), machine(quick=args.quick), list(GROUPS))
    setup = bench(ROOT / "build" / ("topics-quick" if args.quick else "topics"), quick=args.quick)
    for name in tqdm(args.only, desc="groups"):
        try:
            for row in GROUPS[name](setup):
                table.put(row)
        except VocError as why:
            table.put(Row(group=name, what=name, ours=f"left out: {why}", runs=0))
        except Exception as why:  # one group that fails must not cost the figures of the others
            table.put(Row(group=name, what=name, ours=f"failed: {type(why).__name__}: {str(why)[:300]}", met=False, runs=0))


if __name__ == "__main__":
    main()
