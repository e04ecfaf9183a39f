"""What is read in voices besides topics, by protocols in modules of their own, as rows of benchmarks.topics: sentiment, aspects, outbreaks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.topics_table import Bench, Row
from voclib.errors import VocError


def module(name: str) -> ModuleType:
    """A protocol; VocError where there is none."""
    if find_spec(f"benchmarks.{name}") is None:
        raise VocError(f"there is no benchmarks/{name}.py")
    return import_module(f"benchmarks.{name}")


def data() -> Path:
    """Public files."""
    return Path(os.environ["VOC_PUBLIC_DATA"])


def sentiment(bench: Bench) -> Iterator[Row]:
    """Accuracy and calibration of the learned reader, cross-fitted, beside the majority and the plain lexicon."""
    seeds = tuple(bench.seeds)
    for row in module("text_sentiment").rows(data(), seeds=seeds):
        error = max(row["calibration_error"], row["worst_class_error"])
        yield bench.judged(Row(group="sentiment", what=f"sentiment, {row['file']}: {len(seeds)} cross-validations of {row['n']:,} texts",
                               ours=f"accuracy {row['accuracy']:.3f}, macro-F1 {row['macro_f1']:.3f}, calibration error {error:.3f}",
                               rival=f"majority {row['majority']:.3f}, lexicon {row['lexicon']:.3f}", figure=f"{row['accuracy']:.3f}",
                               limit=f"≥ {row['must']:g}, error ≤ 0.03", met=row["passed"], runs=len(seeds), measured=row))


def aspects(bench: Bench) -> Iterator[Row]:
    """Subjects of car reviews against people's labels, and pairs of topics joined across languages."""
    protocol = module("text_aspects")
    found = protocol.learned(data(), seeds=bench.seeds)
    mean = {key: float(np.mean([row[key] for row in found])) for key in ("macro_f1", "without_dictionary", "dictionary_alone", "commonest")}
    yield bench.judged(Row(group="aspects", what="aspects of car reviews, split by review: macro-F1",
                           ours=f"{mean['macro_f1']:.3f}; without the dictionary {mean['without_dictionary']:.3f}",
                           rival=f"the commonest subject {mean['commonest']:.3f}, the dictionary alone {mean['dictionary_alone']:.3f}",
                           figure=f"{mean['macro_f1']:.3f}", limit=f"≥ {found[0]['bar']:g}", met=mean["macro_f1"] >= found[0]["bar"], runs=len(found),
                           measured={"rows": found}))
    found = protocol.linked(seeds=range(1, 1 + len(bench.seeds)), customers=5000 if bench.is_judged else 1500)
    total = {key: sum(row[key] for row in found) for key in ("pairs", "right", "naive_pairs", "naive_right", "unlinked")}
    share, naive = total["right"] / max(total["pairs"], 1), total["naive_right"] / max(total["naive_pairs"], 1)
    yield bench.judged(Row(group="aspects", what="themes across languages: pairs of topics that are right",
                           ours=f"{total['right']} of {total['pairs']}, {total['unlinked']} topics left unlinked",
                           rival=f"topics of one rank {naive:.3f}", figure=f"{share:.3f}", limit=f"≥ {found[0]['bar']:g}",
                           met=share >= found[0]["bar"], runs=len(found), measured={"rows": found}))


def outbreak(bench: Bench) -> Iterator[Row]:
    """Planted outbreaks and null years: 30 voices among 3,000 a week within 7 days in at least half of them, no more alarms than the budget."""
    quick: dict[str, Any] = {} if bench.is_judged else {"null_years": 1, "worlds": 1}
    for row in module("text_outbreak").outbreak(**quick):
        limit, met = "–", None
        if row["check"] == "outbreak of 30 voices: on the list within 7 days":
            limit, met = "median ≤ 7 days", row["median_delay"] <= 7 and row["value"] >= 0.5
        elif row["check"] == "alarms in a null year, budget 1":
            limit, met = "≤ 1", row["value"] <= 1
        beside = ", ".join(f"{key.replace('_', ' ')} {'–' if value is None else format(value, ',.4g')}" for key, value in row.items()
                           if key not in {"check", "value", "runs"})
        yield bench.judged(Row(group="outbreak", what=row["check"], ours=beside or "–", figure=f"{row['value']:.3g}", limit=limit, met=met,
                               runs=row.get("runs", 1), measured=row))
