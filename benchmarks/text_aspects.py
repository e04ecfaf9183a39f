"""Aspects against labels that people gave, and themes joined across languages against planted truth; `python -m benchmarks.text_aspects FOLDER`.

The task on the car reviews: which of ten subjects does a review speak of, several or one (a review with several rows has several subjects). Split by
review, no wording on both sides. Beside it the naive rivals: the dictionary alone, and the commonest subject for every review.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate import company, verbatims
from voclib.simulate.plan import Plan
from voclib.text import aspect_learning, aspects, themes, writing
from voclib.text.topics import fit_topics

DICTIONARY = Path(__file__).resolve().parent.parent / "params" / "rules" / "aspects.yml"
SUBJECTS = {"动力": ("power",), "价格": ("vehicle_price", "parts_price"), "油耗": ("fuel_use",), "操控": ("handling",),
            "舒适性": ("comfort", "noise"), "配置": ("equipment", "infotainment"), "安全性": ("safety",), "内饰": ("interior",),
            "外观": ("exterior",), "空间": ("space",)}
F1_BAR, PAIRS_BAR = 0.78, 0.8


def car_reviews(folder: Path) -> tuple[list[str], pd.DataFrame, np.ndarray]:
    """The texts (n) of the public car reviews, their subjects (n, 10), and their content_id (n)."""
    given = pd.read_csv(folder / "text_zh" / "car_reviews_half.csv").dropna(subset=["content", "subject"])
    present = pd.crosstab(given["content_id"], given["subject"]).gt(0).rename_axis(columns=None)[list(SUBJECTS)]
    texts = given.drop_duplicates("content_id").set_index("content_id")["content"].reindex(present.index)
    return texts.tolist(), present.reset_index(drop=True), present.index.to_numpy()


def rivals(texts: list[str], present: pd.DataFrame) -> tuple[float, float]:
    """Macro-F1 of the dictionary alone, and of the commonest subject for every review."""
    dictionary = aspects.load(DICTIONARY)
    found = aspects.presence(aspects.mentions(texts, dictionary), dictionary, n=len(texts))
    said = [found[list(ids)].any(axis=1).to_numpy() for ids in SUBJECTS.values()]
    commonest = present.sum().to_numpy().argmax()
    truth = present.to_numpy()
    return (float(np.mean([aspect_learning.f1(truth[:, k], one) for k, one in enumerate(said)])),
            float(np.mean([aspect_learning.f1(truth[:, k], np.full(len(texts), k == commonest)) for k in range(truth.shape[1])])))


def learned(folder: Path, *, seeds: Iterable[int] = range(5), folds: int = 5) -> list[dict[str, Any]]:
    """One row a seed: macro-F1 of a cross-validation, with the dictionary's finds and without, and of the rivals."""
    texts, present, ids = car_reviews(folder)
    dictionary, commonest = rivals(texts, present)
    made = []
    for seed in seeds:
        with_finds, without = (aspect_learning.fit(texts, present, dictionary=given, groups=ids, folds=folds, seed=seed).macro_f1
                               for given in (aspects.load(DICTIONARY), None))
        made.append({"what": "aspects of car reviews", "seed": seed, "macro_f1": with_finds, "without_dictionary": without,
                     "dictionary_alone": dictionary, "commonest": commonest, "bar": F1_BAR})
    return made


def linked(*, seeds: Iterable[int] = range(1, 6), customers: int = 5000, granularity: float = 2.0) -> list[dict[str, Any]]:
    """One row a planted company: pairs of topics joined across languages, the share that is right, and that of joining topics of one rank.

    A pair is right where most voices of both topics were planted with the same first topic.
    """
    dictionary, made = aspects.load(DICTIONARY), []
    for seed in seeds:
        voices = company.World(Plan(customers=customers, seed=seed)).voices
        rows = np.flatnonzero(voices.commented)
        texts, planted = voices.text[rows].tolist(), voices.topic[rows]
        model = fit_topics(texts, engine="cpu", granularity=granularity)
        truth = {t.number: int(np.bincount(planted[model.labels == t.number], minlength=len(verbatims.TOPICS)).argmax()) for t in model.topics()}
        found = themes.join(model, dictionary, forms=texts)
        sides = [[t.number for t in model.topics() if t.language == language] for language in writing.LANGUAGES]
        right = [truth[a] == truth[b] for a, b in zip(found.pairs["zh"], found.pairs["en"], strict=True)]
        naive = [truth[a] == truth[b] for a, b in zip(*sides, strict=False)]
        made.append({"what": "themes across languages", "seed": seed, "topics": len(truth), "themes": int(found.pairs["theme"].nunique()),
                     "unlinked": len(found.unlinked), "pairs": len(right), "right": sum(right), "naive_pairs": len(naive), "naive_right": sum(naive),
                     "bar": PAIRS_BAR})
    return made


def main() -> None:
    """Measure and print, a line a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of public data")
    given = parser.parse_args()
    for row in (*learned(given.folder), *linked()):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
