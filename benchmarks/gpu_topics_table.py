"""Tables of what benchmarks/gpu_topics.json holds: `python -m benchmarks.gpu_topics_table [FILE]` prints them; benchmarks/README.md has them."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm

from benchmarks.gpu_table import NONE, digits

FILE = Path(__file__).with_name("gpu_topics.json")
STAGES = {"neighbours": "neighbours", "reduce": "layout in 5 dimensions", "cluster": "dense regions", "rest": "rest, on the processor", "all": "all"}
LANGUAGES, WHO = {"en": "English", "zh": "Chinese"}, {"gpu": "GPU", "cpu": "processor", "faiss, exact": "processor, every pair"}
PULLED = 6 * 2 * 32  # bytes an epoch reads for one neighbour: one pull and five pushes, two points of a sector each
COMPARED = (("density", "all", "cpu"), ("graph", "neighbours", "cpu"), ("graph", "neighbours", "faiss, exact"), ("graph", "all", "cpu"))
EVERY_PAIR = 2.0  # exponent of a search that compares all


def parity(found: dict[str, Any]) -> list[str]:
    """Both engines on the corpora that people labelled."""
    lines = ["| corpus | layout | AMI with people: GPU, processor | AMI between them | two seeds of the processor | ARI of resamples: GPU, processor "
             "| one seed twice | equal texts apart |", "|---|---|---|---|---|---|---|---|"]
    for row in found["parity"]:
        people, steady = (f"{row[key]['ours']:.3f}, {row[key]['cpu']:.3f}" for key in ("ami_to_people", "stability"))
        lines.append(f"| {LANGUAGES[row['vectors']]}, {row['n']:,} | {row['layout']} | {people} | {row['ami_between']:.3f} | "
                     f"{row['cpu_seed_against_seed']:.3f} | {steady} | {'equal' if row['one_seed_twice']['equal'] else 'different'} | "
                     f"{row['equal_texts_split']} |")
    return lines


def floors(row: dict[str, Any], best: dict[str, float]) -> dict[str, float]:
    """Seconds that no version of a stage undercuts: vectors to the card, every pair's product in halves, what an epoch reads of the layout."""
    n, width = row["n"], row["width"]
    there = 4 * n * width / best["to_card_gb_s"] / 1e9
    pulled = row.get("gpu_epochs", 0) * (row["neighbours"] - 1) * PULLED * n
    return {"neighbours": there + 2.0 * n * n * width / best["fp16_tflops"] / 1e12, "reduce": there + pulled / best["copy_gb_s"] / 1e9}


def times(found: dict[str, Any]) -> list[str]:
    """Medians by stage, the GPU's beside their floors."""
    lines = ["| layout | documents | by | " + " | ".join(STAGES.values()) + " | runs | card's memory |", "|---|---|---|" + "---|" * (len(STAGES) + 2)]
    for row in sorted(found["times"], key=lambda row: (row["layout"], row["n"], -list(WHO).index(row["by"]))):
        low = floors(row, found["machine"]["gpu"]) if row["by"] == "gpu" else {}
        took = {stage: f"{digits(median(runs))} s" for stage, runs in row["seconds"].items()}
        cells = " | ".join(took.get(stage, NONE) + (f" (floor {digits(low[stage])})" if stage in low and stage in took else "") for stage in STAGES)
        peak, runs = f"{row['peak_gib']:g} GiB" if low else NONE, len(row["seconds"]["neighbours"])
        lines.append(f"| {row['layout']} | {row['n']:,} | {WHO[row['by']]} | {cells} | {runs} | {peak} |")
    return lines


def seconds(found: dict[str, Any], by: str, layout: str, stage: str) -> dict[int, float]:
    """Medians by size."""
    return {row["n"]: median(row["seconds"][stage]) for row in found["times"] if (row["by"], row["layout"]) == (by, layout)}


def prolonged(took: dict[int, float], n: int, power: float | None = None) -> tuple[float, float]:
    """Seconds at n along the power law through the two largest sizes, or of a power that is known, and the power."""
    sizes = sorted(took)
    if power is None:
        a, b = sizes[-2:]
        power = math.log(took[b] / took[a]) / math.log(b / a)
    return took[sizes[-1]] * (n / sizes[-1]) ** power, power


def ratios(found: dict[str, Any]) -> list[str]:
    """How many times as long the processor takes: at the largest size that both finished, and prolonged to a million."""
    lines = ["| layout | what | largest size of both | ratio there | a million: processor, prolonged | GPU | ratio |",
             "|---|---|---|---|---|---|---|"]
    for layout, stage, by in COMPARED:
        theirs, ours = (seconds(found, who, layout, stage) for who in (by, "gpu"))
        both, n = max(theirs.keys() & ours.keys(), default=None), 10**6
        there = f"{both:,} | {digits(theirs[both] / ours[both])}" if both else f"{NONE} | {NONE}"
        far, power = prolonged(theirs, n, EVERY_PAIR if by != "cpu" else None)
        name = stage if by == "cpu" else f"{stage}, every pair compared on both"
        lines.append(f"| {layout} | {name} | {there} | ≈ {digits(far)} s (n to the power {power:.2f}, from {max(theirs):,}) | "
                     f"{digits(ours[n])} s | ≈ {digits(far / ours[n])} |")
    return lines


def embedding(found: dict[str, Any]) -> list[str]:
    """The rate of MiniLM, and where the time goes."""
    e = found["embedding"]
    said = (f"MiniLM, {e['n']:,} texts of {e['pieces'] / e['n']:.0f} pieces on average, {e['precision'].removeprefix('torch.')}: "
            f"{digits(median(e['seconds']))} s (median of {len(e['seconds'])}; the first {digits(e['seconds'][0])} s), {e['tflops']:.0f} of "
            f"{e['best_tflops']:.0f} TFLOP/s that a large product reaches on the card, a share of {100 * e['share']:.0f} %; cutting them into "
            f"pieces on the processor takes {digits(e['read_s'])} s. Cosine with the processor's vectors at least "
            f"{e['cosine_to_processor']['least']:.4f}.")
    if "profile" not in e:
        return [said]
    return [said, "", "| operation, of 100,000 texts | ms | calls |", "|---|---|---|",
            *(f"| {row['operation']} | {row['ms']:.1f} | {row['calls']:,} |" for row in e["profile"] if row["operation"].startswith("aten::"))]


def report(found: dict[str, Any]) -> str:
    """All tables, in Markdown, with what they were measured on."""
    gpu, cpu = found["machine"]["gpu"], found["machine"]["cpu"]
    head = (f"{found['date']}: {gpu['device']}, cuML {gpu['cuml-cu13']}; {gpu['fp16_tflops']:.0f} TFLOP/s in halves, {gpu['copy_gb_s']:,.0f} GB/s on "
            f"the card, {gpu['to_card_gb_s']:.1f} to it. Beside it {cpu['cores']} cores, faiss {cpu['faiss-cpu']}, umap-learn {cpu['umap-learn']}, "
            f"hdbscan {cpu['hdbscan']}. Medians; ≈ prolonged, not measured.")
    parts = (make(found) for make in (parity, times, ratios, embedding))
    return "\n".join([head, "", *(line for part in parts for line in [*part, ""]), *(f"- {remark}" for remark in found["remarks"])]).rstrip() + "\n"


def main() -> None:
    """Print the tables of a file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    tqdm.write(report(json.loads(path.read_text("utf-8"))), file=sys.stdout)


if __name__ == "__main__":
    main()
