"""Do the topics hold? Other texts, another granularity: the same neighbours, grouped again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from voclib.text import granularity, grouping, topics
from voclib.text.engines import Engine, Neighbours


@dataclass(frozen=True)
class Remembering:
    """An engine that searches the neighbours of the same vectors once: those that the granularity was chosen by are those that it is judged by."""

    engine: Engine
    found: dict[tuple[bytes, int], Neighbours] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The name of the engine that does the work."""
        return self.engine.name

    def neighbours(self, vectors: ArrayLike, k: int) -> Neighbours:
        """See `Engine.neighbours`."""
        x = np.ascontiguousarray(vectors)
        key = hashlib.sha256(x.data).digest(), k
        if key not in self.found:
            self.found[key] = self.engine.neighbours(x, k)
        return self.found[key]

    def reduce(self, vectors: ArrayLike, **options: Any) -> Any:
        """See `Engine.reduce`."""
        return self.engine.reduce(vectors, **options)

    def cluster(self, reduced: ArrayLike, **options: Any) -> Any:
        """See `Engine.cluster`."""
        return self.engine.cluster(reduced, **options)

    def describe(self) -> dict[str, Any]:
        """See `Engine.describe`."""
        return self.engine.describe()


@dataclass(frozen=True)
class Held:
    """`near`: for each part, the rows of its texts that have a vector and their neighbours among these rows; `stability`: one row a topic, `topic,
    stability, is_stable`; `curve`: one row a language and granularity, `language, granularity, topics, stability, low, high, is_chosen`, the ends
    one standard error away; `is_auto`: whether it was chosen by stability."""

    near: tuple[tuple[np.ndarray, Neighbours], ...]
    stability: pd.DataFrame
    curve: pd.DataFrame
    is_auto: bool


def hold(model: topics.TopicModel) -> Held:
    """How well topics come again among resamples of the texts, at the granularity of the model and beside it at others.

    A topic's stability is the mean over resamples of its largest Jaccard overlap with one of the new topics (Hennig 2007, as
    `TopicModel.stability`); that of a granularity is said in `voclib.text.granularity.choose`. In the layout "density", where a resample has to be
    laid out anew, the granularity of the model alone is looked at.
    """
    settings, near, found, curve = model.settings, [], [], []
    grid = granularity.GRID if settings.layout == "graph" else ()
    for part in model.parts:
        rows = grouping.directed(part.vectors, settings)
        near.append((rows, _near(part.vectors[rows], model.engine, settings)))
        if not len(part.topics):
            continue
        choice = part.choice or granularity.choose(part.vectors, model.engine, settings, grid=grid, fixed=part.granularity)
        curve += [{"language": part.language, "granularity": step.granularity, "topics": step.topics, "stability": step.stability,
                   "low": round(step.stability - step.error, 4), "high": round(step.stability + step.error, 4),
                   "is_chosen": step.granularity == part.granularity} for step in choice.steps]
        scores = np.mean([grouping.overlaps(part.labels[taken], labels, len(part.topics)) for taken, labels in choice.again], axis=0)
        found += [{"topic": topic.number, "stability": round(float(score), 4)} for topic, score in zip(part.topics, scores, strict=True)]
    table = pd.DataFrame(found, columns=["topic", "stability"])
    return Held(tuple(near), table.assign(is_stable=table["stability"] >= topics.STABLE), pd.DataFrame(curve), settings.granularity == "auto")


def _near(own: np.ndarray, engine: Engine, settings: grouping.Settings) -> Neighbours:
    """Neighbours as deep as `granularity.choose` asks for, which an engine that remembers has found already."""
    k = min(round(1.5 * grouping.depth(len(own), settings)), len(own))
    return engine.neighbours(own, k) if len(own) else (np.zeros((0, 1), dtype=np.int64), np.zeros((0, 1), dtype=np.float32))
