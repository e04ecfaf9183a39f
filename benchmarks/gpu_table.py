"""Tables of what benchmarks/gpu.json holds: `python -m benchmarks.gpu_table [FILE]` prints them, and benchmarks/README.md carries them."""

from __future__ import annotations

import json
import math
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

FILE = Path(__file__).with_name("gpu.json")
STAGES = {"neighbours": "15 neighbours, exact", "reduce": "layout in 5 dimensions", "cluster": "clusters"}
RIVALS = {"neighbours": "cuML brute force", "cluster": "cuML HDBSCAN"}
NONE = "–"


@dataclass(frozen=True)
class Cell:
    """Seconds, and what has to be said of them."""

    seconds: float
    runs: int = 1
    extrapolated: bool = False
    other: bool = False  # drawn by another rule than the row's other cells
    epochs: int | None = None

    def __str__(self) -> str:
        """Three digits; ≈ extrapolated, † other vectors, the epochs of a layout."""
        return f"{'≈ ' * self.extrapolated}{digits(self.seconds)} s{'†' * self.other}" + (f" ({self.epochs} epochs)" if self.epochs else "")


def digits(x: float) -> str:
    """Three significant digits, thousands apart."""
    x = float(f"{x:.2e}")
    return f"{x:,.{max(0, 2 - math.floor(math.log10(x)))}f}"


def cell(times: list[dict[str, Any]], by: str, stage: str, n: int) -> Cell | None:
    """The median of a stage, of planted vectors where there are such runs; None where nothing was measured."""
    rows = [row for row in times if (row["by"], row["stage"], row["n"]) == (by, stage, n)]
    rows.sort(key=lambda row: row["vectors"] != "planted")
    if not rows:
        return None
    row = rows[0]
    return Cell(statistics.median(row["seconds"]), len(row["seconds"]), other=row["vectors"] != "planted", epochs=row.get("gpu_epochs"))


def beyond(times: list[dict[str, Any]], by: str, stage: str, n: int) -> Cell | None:
    """A stage as measured, else prolonged along the power law through its two largest sizes."""
    found = cell(times, by, stage, n)
    sizes = sorted({row["n"] for row in times if (row["by"], row["stage"]) == (by, stage)})
    if found or len(sizes) < 2 or sizes[-1] > n:
        return found
    a, b = (cell(times, by, stage, size).seconds for size in sizes[-2:])
    power = math.log(b / a) / math.log(sizes[-1] / sizes[-2])
    return Cell(b * (n / sizes[-1]) ** power, extrapolated=True)


def together(cells: list[Cell | None]) -> Cell | None:
    """The sum of stages, none missing."""
    if None in cells:
        return None
    return Cell(sum(c.seconds for c in cells), extrapolated=any(c.extrapolated for c in cells), other=any(c.other for c in cells),
                epochs=next((c.epochs for c in cells if c.epochs), None))


def ratio(theirs: Cell | None, ours: Cell | None) -> str:
    """How many times as long they take."""
    return f"{'≈ ' * theirs.extrapolated}{digits(theirs.seconds / ours.seconds)}" if theirs and ours else NONE


def lines(times: list[dict[str, Any]], n: int) -> list[str]:
    """The three stages at one size, then all of them; a chain that was timed as a whole stands before the sum of its stages."""
    engine = {stage: cell(times, "engine", stage, n) for stage in STAGES}
    processor = {stage: beyond(times, "processor", stage, n) for stage in STAGES}
    cuml = {stage: cell(times, name, stage, n) for stage, name in RIVALS.items()}
    whole = [cell(times, "engine", "chain", n) or together([*engine.values()]), together([*processor.values()]),
             together([cuml["neighbours"], engine["reduce"], cuml["cluster"]])]
    rows = [(name, engine[stage], processor[stage], cuml.get(stage)) for stage, name in STAGES.items()] + [("all three", *whole)]
    return [f"| {n:,} | {name} | {ours or NONE} | {theirs or NONE} | {ratio(theirs, ours)} | {rival or NONE} | {ratio(rival, ours)} |"
            for name, ours, theirs, rival in rows]


def layouts(found: dict[str, Any]) -> list[str]:
    """What layouts keep of the neighbours: the GPU's by its settings beside the processor's."""
    processor = {row["vectors"]: row["neighbours_kept"]["cpu"] for row in found.get("parity", [])}
    return ["| vectors | by | epochs | negative samples | time | neighbours kept | the processor's layout keeps |", "|---|---|---|---|---|---|---|",
            *(f"| {r['vectors']} | {r['by']} | {r['gpu_epochs']} | {r['negative_samples']} | {digits(statistics.median(r['seconds']))} s | "
              f"{100 * r['kept']:.1f} % | {100 * processor[r['vectors']]:.1f} % |" for r in found["layouts"])]


def memory(found: dict[str, Any]) -> list[str]:
    """Layouts under a limit."""
    return ["| RAPIDS held to | vectors | their size | parts | time | peak | ARI to the planted groups |", "|---|---|---|---|---|---|---|",
            *(f"| {r['limit_gib']:g} GiB | {r['n']:,} × {r['width']} | {r['vectors_gib']:.2f} GiB | {r['parts']} | {digits(r['seconds'][0])} s | "
              f"{r['peak_gib']:.2f} GiB | {r['ari']:g} |" for r in found["memory"])]


def report(found: dict[str, Any]) -> str:
    """All tables, in Markdown, with what they were measured on."""
    gpu, cpu = found["machine"]["gpu"], found["machine"]["cpu"]
    sizes = sorted({row["n"] for row in found["times"]})
    whole = [row for row in found["times"] if row["stage"] == "chain"]
    said = [f"{found['date']}: {gpu['device']}, cuML {gpu['cuml-cu13']}; beside it {cpu['cores']} cores, umap-learn {cpu['umap-learn']}, hdbscan "
            f"{cpu['hdbscan']}. Medians; ≈ prolonged from smaller sizes, not measured; † sentence-like vectors, the others planted groups.", "",
            "| documents | stage | GPU engine | processor | ratio | cuML | ratio |", "|---|---|---|---|---|---|---|",
            *(line for n in sizes for line in lines(found["times"], n)), ""]
    for row in whole:
        same = "equal bit for bit" if row["largest_difference_between_runs"] == 0 else f"up to {row['largest_difference_between_runs']:g} apart"
        runs = ", ".join(digits(s) for s in row["seconds"])
        said += [f"All three at {row['n']:,} one after another, {len(row['seconds'])} runs with one seed: {runs} s, results {same}"
                 + (f", peak {row['peak_gib']:g} GiB of the card's memory." if row["peak_gib"] else "."), ""]
    for table, make in (("layouts", layouts), ("memory", memory)):
        said += [*make(found), ""] if table in found else []
    return "\n".join([*said, *(f"- {remark}" for remark in found.get("remarks", []))]).rstrip() + "\n"


def main() -> None:
    """Print the tables of a file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    tqdm.write(report(json.loads(path.read_text("utf-8"))), file=sys.stdout)


if __name__ == "__main__":
    main()
