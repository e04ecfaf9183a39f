"""Concept tests: answers to ideas for products and, to compare with, to a product on sale; means differ by concept as planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from voclib.simulate.streams import planted

QUESTIONS = ("intent_score", "appeal_score", "value_score")
CUTS = np.array([1.5, 2.5, 3.5, 4.5])
SPREAD, TOGETHER = 1.1, 0.6
"""Spread of the latent answer; share of it that an answerer's three answers have in common."""
SIZES, FEW = (80, 400), 25
"""Answers a concept draws; the one that was asked of too few people."""


@dataclass(frozen=True)
class Answers:
    """Arrays over answers (A,): concept, scores (A, 3) in the order of QUESTIONS, and the planted means by concept and question (C, 3)."""

    concept: np.ndarray
    scores: np.ndarray
    means: np.ndarray
    top_two: np.ndarray


def make(rng: np.random.Generator, *, concepts: int, gain: float | None = None) -> Answers:
    """Answers to `concepts` ideas, the last one a product on sale and the one before it asked of `FEW` people.

    The first concept lies above the product on sale by `gain` of the latent scale (drawn in 0.5–0.9 unless given), the second is level with it,
    the third lies as far below.
    """
    gain = planted(rng, gain, 0.5, 0.9)
    size = np.append(rng.integers(*SIZES, concepts - 2, endpoint=True), [FEW, int(rng.integers(*SIZES, endpoint=True))])
    level = 3.2 + rng.uniform(-0.15, 0.15, len(QUESTIONS)) + np.array([gain, 0.0, -gain, *[0.2] * (concepts - 4), 0.0])[:, None]
    concept = np.repeat(np.arange(concepts), size)
    own, person = rng.normal(size=(concept.size, len(QUESTIONS))), rng.normal(size=(concept.size, 1))
    latent = level[concept] + SPREAD * (np.sqrt(TOGETHER) * person + np.sqrt(1 - TOGETHER) * own)
    above = 1 - ndtr((CUTS - level[:, :, None]) / SPREAD)  # chance of lying above each cut: the mean is one plus their sum
    return Answers(concept=concept, scores=1 + (latent[:, :, None] > CUTS).sum(axis=2), means=1 + above.sum(axis=2), top_two=above[:, :, 2])
