"""Concept tests with planted gains: how many more people than for a product on sale give one of the two best marks, known for every concept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from voclib.simulate.streams import planted, stream

QUESTIONS = ("intent_score", "appeal_score", "value_score")
CUTS = np.array([-1.2, -0.6, 0.0, 0.9])  # of the latent mark; above the third lies one of the two best marks
TOGETHER, SAME = 0.5, 0.3  # part of the latent mark that a person's questions share; and that a person's answers to two concepts share
SEGMENTS = ("家庭用户", "年轻用户", "商务用户")


def draw(seed: int, *, gains: Sequence[float], answers: int | Sequence[int] = 300, on_sale: int | None = None, share: float | None = None,
         overlap: float = 0.2, unmarked: float = 0.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table of concept tests (columns as the standard has them) and what was planted.

    Concepts are CT01, CT02, ...; the last id is the product on sale, whose share of the two best marks is `share` (drawn in 0.3–0.5 unless given);
    concept i lies `gains[i]` above it on every question. `answers`: of each concept; `on_sale`: of the product on sale (as the first concept
    without). A share `overlap` of a concept's people also answers about the product on sale, with a mark of their own in common; a share `unmarked`
    of marks is missing. The truth holds `share`, `gains` by id, and `field.concepts` as a company's truth file does.
    """
    rng = stream(seed, "dgp_gate")
    share = planted(rng, share, 0.3, 0.5)
    sizes = [answers] * len(gains) if isinstance(answers, int) else list(answers)
    sizes.append(sizes[0] if on_sale is None else on_sale)
    names = [f"CT{i + 1:02d}" for i in range(len(sizes))]
    levels = [share + gain for gain in gains] + [share]
    if not all(0 < level < 1 for level in levels):
        raise ValueError(f"shares of the two best marks lie between 0 and 1; planted: {levels}")
    base, parts = np.arange(sizes[-1]), []  # people who answer about the product on sale; each of them at most once about a concept
    free = rng.permutation(base)
    taste = rng.normal(size=sizes[-1])
    for place, (name, n, level) in enumerate(zip(names, sizes, levels, strict=True)):
        if place == len(gains):
            who, person = base, taste
        else:
            shared, free = np.split(free, [min(int(overlap * n), len(free))])
            who = np.concatenate([shared, 10**6 * (place + 1) + np.arange(n - len(shared))])
            person = np.concatenate([taste[shared], rng.normal(size=n - len(shared))])
        parts.append(_answers(rng, name, who, person, level, is_sale=place == len(gains)))
    frame = pd.concat(parts, ignore_index=True)
    lost = rng.random((len(frame), len(QUESTIONS))) < unmarked
    marks = {q: pd.array(frame[q], dtype="Int64") for q in QUESTIONS}
    for i, question in enumerate(QUESTIONS):
        marks[question][lost[:, i]] = pd.NA
    frame = frame.assign(**marks)
    frame.insert(0, "answer_id", np.char.add("Y", np.arange(10**6, 10**6 + len(frame)).astype(str)))
    known = {name: {q: {"top_two_share": level} for q in QUESTIONS} for name, level in zip(names, levels, strict=True)}
    truth = {"share": share, "gains": dict(zip(names, gains, strict=False)), "field": {"concepts": {"by_concept": known, "benchmark": names[-1]}}}
    return frame, truth


def _answers(rng: np.random.Generator, name: str, who: np.ndarray, person: np.ndarray, level: float, *, is_sale: bool) -> pd.DataFrame:
    """Answers about one concept: every question's mark from a latent one whose chance of the two best marks is `level`."""
    n = len(who)
    mood = rng.normal(size=n)
    latent = np.sqrt(SAME) * person[:, None] + np.sqrt(TOGETHER - SAME) * mood[:, None] + np.sqrt(1 - TOGETHER) * rng.normal(size=(n, len(QUESTIONS)))
    marks = 1 + (latent[:, :, None] + ndtri(level) > CUTS).sum(axis=2)
    minute = rng.integers(0, 21 * 1440, n)
    return pd.DataFrame({
        "concept_id": name, "concept": "在售产品" if is_sale else f"概念 {name}", "kind": "benchmark" if is_sale else "concept",
        "product": "X" if is_sale else None, "customer_id": np.char.add("C", who.astype(str)), "segment": np.array(SEGMENTS)[rng.integers(0, 3, n)],
        "answered_at": pd.Timestamp("2026-05-01", tz="UTC") + pd.to_timedelta(minute, unit="min"),
        **{q: marks[:, i] for i, q in enumerate(QUESTIONS)}})
