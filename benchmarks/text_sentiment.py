"""Sentiment on public files, 5 × 5-fold: `python -m benchmarks.text_sentiment DATA` prints a row a file, naive readers beside.

`cross_fitted` takes what `fit` itself reads out of fold, seeds 0 to 4. `kept_out` hides a fifth of the texts from everything, vocabulary and
calibration included, and reads it with `SentimentModel.read`: where the two agree, nothing of a text leaks into its own reading.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from tqdm import tqdm

from voclib.text import calibration, sentiment, writing

SEEDS = (0, 1, 2, 3, 4)
LIMITS = {"hotels": (0.89, 0.91), "tweets": (0.81, 0.83)}  # accuracy that must hold, and the goal
CEILING = 0.03  # calibration error
Case = tuple[list[str], np.ndarray]


def hotels(data: Path) -> Case:
    """ChnSentiCorp: Chinese hotel reviews, good or bad."""
    frame = pd.read_csv(data / "text_zh/ChnSentiCorp_htl_all.csv").dropna(subset=["review"])
    return frame["review"].tolist(), np.where(frame["label"] == 1, "positive", "negative").astype(object)


def tweets(data: Path) -> Case:
    """Tweets to six airlines, three classes."""
    frame = pd.read_csv(data / "text_en/airline_tweets_latin1.csv", encoding="latin-1")
    return frame["text"].tolist(), frame["airline_sentiment"].to_numpy(dtype=object)


def seats(data: Path) -> Case:
    """Skytrax reviews of seats; the class is that of the score: up to 4, 5 and 6, 7 and more."""
    frame = pd.read_csv(data / "text_en/skytrax_seat.csv").dropna(subset=["content", "overall_rating"])
    score = frame["overall_rating"].to_numpy(dtype=float)
    return frame["content"].tolist(), np.select([score <= 4, score >= 7], ["negative", "positive"], "neutral").astype(object)


CASES = {"hotels": hotels, "tweets": tweets, "seats": seats}


def judged(reading: sentiment.Reading, truth: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1, and calibration error of the likeliest class and of the worst class, over texts that could be read."""
    told = np.array([label is not None for label in reading.label])
    said, truth, chances = reading.label[told], truth[told], reading.probabilities[told]
    classwise = [calibration.error(chances[:, k], truth == name) for k, name in enumerate(sentiment.CLASSES)]
    macro = f1_score(truth.astype(str), said.astype(str), average="macro", labels=sorted(set(truth)))
    return {"accuracy": float((said == truth).mean()), "macro_f1": float(macro),
            "calibration_error": calibration.error(chances.max(axis=1), said == truth), "worst_class_error": max(classwise)}


def naive(texts: Sequence[str], truth: np.ndarray) -> dict[str, float]:
    """The commonest class for all, and the lexicon; with two classes the lexicon has to choose one of them."""
    reading = sentiment.read(texts)
    chances = np.nan_to_num(reading.probabilities)[:, [k for k, name in enumerate(sentiment.CLASSES) if (truth == name).any()]]
    forced = np.array([name for name in sentiment.CLASSES if (truth == name).any()], dtype=object)[chances.argmax(axis=1)]
    return {"majority": float(max((truth == name).mean() for name in sentiment.CLASSES)), "lexicon": float((forced == truth).mean())}


def cross_fitted(texts: Sequence[str], truth: np.ndarray, *, seed: int) -> dict[str, float]:
    """One seed: five folds, each read by the model of the other four."""
    began = perf_counter()
    model = sentiment.fit(texts, truth, seed=seed)
    return {**judged(model.cross_fitted, truth), "seconds": perf_counter() - began}


def kept_out(texts: Sequence[str], truth: np.ndarray, *, seed: int, folds: int = 5) -> dict[str, float]:
    """One seed: a model for each fold that has never seen a sign of it."""
    forms = [writing.normal(text) for text in texts]
    chances, label = np.full((len(texts), len(sentiment.CLASSES)), np.nan), np.full(len(texts), None, dtype=object)
    for inside, outside in StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(forms, truth, forms):
        seen = sentiment.fit([texts[k] for k in inside], truth[inside], seed=seed).read([texts[k] for k in outside])
        chances[outside], label[outside] = seen.probabilities, seen.label
    return judged(sentiment.Reading(chances, label, label), truth)


def rows(data: Path, *, seeds: Sequence[int] = SEEDS, cases: Sequence[str] = tuple(CASES), protocols: Sequence[str] = ("cross_fitted",)
         ) -> Iterator[dict[str, Any]]:
    """A row a file and protocol: means over seeds, how far accuracy scatters between them, the naive readers, what must hold and whether it does."""
    for name in cases:
        texts, truth = CASES[name](data)
        beside = naive(texts, truth)
        for protocol in protocols:
            run = {"cross_fitted": cross_fitted, "kept_out": kept_out}[protocol]
            found = pd.DataFrame([run(texts, truth, seed=seed) for seed in tqdm(seeds, desc=f"{name}, {protocol}", unit="seed")])
            must, goal = LIMITS.get(name, (beside["majority"], np.nan))
            means = found.mean()
            held = means["accuracy"] >= must and means["calibration_error"] <= CEILING and means["worst_class_error"] <= CEILING
            scatter = round(float(found["accuracy"].std(ddof=0)), 4)
            yield {"file": name, "protocol": protocol, "n": len(texts), **means.round(4).to_dict(), "scatter": scatter,
                   **{key: round(value, 4) for key, value in beside.items()}, "must": round(must, 4), "goal": goal, "passed": bool(held)}


if __name__ == "__main__":
    for row in rows(Path(sys.argv[1]), protocols=("cross_fitted", "kept_out") if "--kept-out" in sys.argv else ("cross_fitted",)):
        tqdm.write(json.dumps(row))
