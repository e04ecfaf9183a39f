"""Sentiment against what people said of public texts: one seed here, 5 × 5-fold in benchmarks/text_sentiment.py, whose protocols these are."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import text_sentiment


@pytest.mark.parametrize(("name", "floor", "naive"), [("hotels", 0.89, 0.77), ("tweets", 0.81, 0.62)])
def test_learned_sentiment_agrees_with_people_and_chances_hold(public_data: Path, name, floor, naive) -> None:
    texts, truth = text_sentiment.CASES[name](public_data)
    found, beside = text_sentiment.cross_fitted(texts, truth, seed=0), text_sentiment.naive(texts, truth)
    assert found["accuracy"] >= floor > max(beside["majority"], beside["lexicon"]) + 0.1
    assert beside["lexicon"] > naive, "the lexicon alone is no coin"
    assert max(found["calibration_error"], found["worst_class_error"]) <= 0.03


def test_what_cross_fitting_says_holds_for_texts_kept_out_of_everything(public_data: Path) -> None:
    texts, truth = text_sentiment.CASES["seats"](public_data)
    inside, outside = text_sentiment.cross_fitted(texts, truth, seed=0), text_sentiment.kept_out(texts, truth, seed=0, folds=2)
    beside = text_sentiment.naive(texts, truth)
    assert abs(inside["accuracy"] - outside["accuracy"]) < 0.03 and outside["accuracy"] > beside["lexicon"] > beside["majority"]
