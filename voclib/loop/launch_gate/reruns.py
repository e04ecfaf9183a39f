"""The gate once more on other answers: without straight-liners, with segments weighted equally, with missing scores at their worst; and a halo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from voclib.loop.launch_gate import lights
from voclib.loop.launch_gate.lights import Gate
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Text


@dataclass(frozen=True)
class Scene:
    """What every part of the study shares: the answers with a score, who is on sale, and the family."""

    found: pd.DataFrame
    frame: pd.DataFrame
    rule: Rule
    question: str
    sale: str | None
    family: Mapping[str, str]

    def gate(self, frame: pd.DataFrame | None = None, **more: Any) -> Gate:
        given = {"question": self.question, "sale": self.sale, "family": self.family, **more}
        return lights.gate(self.frame if frame is None else frame, self.rule, **given)

    def title(self, concept: str) -> Text:
        name = self.family.get(concept)
        if name is None:
            name = str(self.found.loc[self.found["concept_id"].eq(concept), "concept"].iloc[0])
        return self.rule.title(name)


def lively(frame: pd.DataFrame) -> pd.DataFrame:
    """The answers whose scores are not all one and the same; an answer with a single score stays."""
    marks = frame[list(lights.QUESTIONS)].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    several = (~np.isnan(marks)).sum(axis=1) > 1
    flat = several & (np.nanmax(marks, axis=1, initial=0) == np.nanmin(marks, axis=1, initial=9))
    return frame[~flat].reset_index(drop=True)


def mixed(frame: pd.DataFrame) -> pd.DataFrame | None:
    """The answers with `weight`s that give every concept the segments of all answers together; None where no segment is known."""
    if frame["segment"].isna().all():
        return None
    part = frame["segment"].fillna("—")
    whole = part.map(part.value_counts(normalize=True))
    here = frame.groupby([frame["concept_id"], part])["answer_id"].transform("size") / frame.groupby("concept_id")["answer_id"].transform("size")
    return frame.assign(weight=(whole / here).astype(float))


def at_worst(scene: Scene, gate: Gate) -> list[str]:
    """The concepts whose green or red light goes out when every missing score speaks against it."""
    lost = []
    for side, low, high in (("green", 1, 5), ("red", 5, 1)):
        mark = scene.found["concept_id"].eq(scene.sale).map({True: high, False: low})
        filled = scene.found.assign(**{scene.question: scene.found[scene.question].fillna(mark.astype("Int64"))})
        step = lights.steps(filled, question=scene.question, sale=scene.sale, fewest=0)
        again = scene.gate(filled[step == ""].reset_index(drop=True))
        lost += [name for name in gate.names(side) if again[name].light != side]
    return lost


def halo(frame: pd.DataFrame) -> float | None:
    """Mean correlation of the questions' scores within concepts; None with fewer than two questions, or without any spread."""
    asked = [q for q in lights.QUESTIONS if frame[q].notna().any()]
    marks = frame[asked].astype("Float64").astype(float)
    own = marks - marks.groupby(frame["concept_id"]).transform("mean")
    found = [own[a].corr(own[b]) for a, b in combinations(asked, 2) if own[a].std() > 0 and own[b].std() > 0]
    return float(np.mean(found)) if found else None
