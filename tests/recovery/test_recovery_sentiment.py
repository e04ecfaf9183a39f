"""Chances of sentiment where the chance of every label is planted: scores that disagree with their texts at a known rate."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.text import calibration, sentiment
from voclib.text.sentiment import CLASSES

SYLLABLES = ("ka", "lo", "mi", "nu", "ra", "se", "ti", "vo", "pe", "du")


def planted(seed: int, n: int = 2500) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts of eight invented words, each with a weight for every class, labels drawn from the softmax of their sums, and those chances (n, 3)."""
    rng = np.random.default_rng(seed)
    words = np.array([a + b + c for a in SYLLABLES for b in SYLLABLES[:6] for c in SYLLABLES[:2]])
    weights = rng.normal(0, rng.uniform(0.7, 1.2), (len(words), 3))
    drawn = rng.integers(0, len(words), (n, 8))
    raw = np.exp(weights[drawn].sum(axis=1) + rng.uniform(-0.7, 0.7, 3))
    chances = raw / raw.sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return [" ".join(words[row]) for row in drawn], np.array(CLASSES, dtype=object)[labels], chances


@pytest.mark.parametrize("seed", range(4))
def test_chances_are_those_planted_where_a_calibration_on_the_texts_learned_from_boasts(seed) -> None:
    texts, labels, chances = planted(seed)
    old, new = slice(0, 1500), slice(1500, None)
    model = sentiment.fit(texts[old], labels[old], seed=seed)
    part = model.parts["en"]
    decided = part.encoder.table(texts) @ part.machine.slopes.T + part.machine.intercepts
    naive = calibration.fit(decided[old], [CLASSES.index(label) for label in labels[old]]).probabilities(decided[new])
    honest = model.read(texts[new]).probabilities
    assert off(naive, chances[new]) > 0.08 > 0.04 > off(honest, chances[new]) and off(model.cross_fitted.probabilities, chances[old]) < 0.04
    assert np.abs(model.cross_fitted.probabilities.mean(axis=0) - chances[old].mean(axis=0)).max() < 0.03, "the mean chance is the share"


@pytest.mark.parametrize("seed", range(4))
def test_cross_fitted_accuracy_is_that_of_new_texts(seed) -> None:
    texts, labels, chances = planted(seed)
    model = sentiment.fit(texts[:1500], labels[:1500], seed=seed)
    fresh = model.read(texts[1500:])
    part = model.parts["en"]
    own = (part.encoder.table(texts[:1500]) @ part.machine.slopes.T + part.machine.intercepts).argmax(axis=1)
    expected = np.mean([chances[1500 + k, CLASSES.index(label)] for k, label in enumerate(fresh.label)])  # of the labels that might have been drawn
    told = model.quality().iloc[0]
    assert told["conf_low"] - 0.03 < expected < told["conf_high"] + 0.03
    assert (np.array(CLASSES)[own] == labels[:1500]).mean() > expected + 0.12, "the texts learned from say far too much"


def off(told: np.ndarray, chances: np.ndarray) -> float:
    """Calibration error of the likeliest class against planted chances, free of the scatter of labels."""
    best = told.argmax(axis=1)
    return calibration.error(told.max(axis=1), chances[np.arange(len(best)), best])
