"""The angry commenter: topics spoil scores, the angry comment more, and a classifier reads the comments with errors (methods.md §3.8, B-T8)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

TOPICS = ("waiting_time", "parts_price", "repair_quality", "booking", "noise", "lounge")
SPOILS = np.array([1.4, 1.3, 1.5, 1.3, 1.2, 1.4])  # how much latent satisfaction a topic costs whoever met it


def draw(seed: int, *, customers: int = 20_000, gold: int = 600, anger: float | None = None, sensitivity: float | None = None,
         specificity: float | None = None, noise: bool = False, perfect: bool = False, gap: float = 0.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Customers, of whom some answer, some of these comment, and some comments are read by people.

    A comment names every topic its writer met. The chance of commenting rises with anger (`anger` a point on the latent scale, drawn
    in 1.0–1.3); the classifier's sensitivity is drawn by topic in 0.75–0.85 and its specificity in 0.94–0.96 unless given. `perfect`
    makes it right always, `noise` a coin with the share it would otherwise find. About `gold` comments are labelled, half of them among
    those in which the classifier saw nothing, the rest in equal numbers by the first topic it saw, each with a known chance. `gap` adds
    to each topic's prevalence.

    The frame has one row a customer: `tenure`, `log_spend`, `responded`, `nps_score` (null unless answered), `commented`,
    `answer_probability`, `comment_probability` (given an answer; planted, known to no company), by topic `predicted_<topic>` (null
    unless commented), `gold_<topic>` (null unless labelled) and `true_<topic>`, `stratum` (of the draw), `gold_probability`.
    """
    rng = stream(seed, "dgp_topics")
    known = rng.normal(size=(customers, 2))
    share = rng.uniform(0.04, 0.10, len(TOPICS)) + gap
    met = rng.random((customers, len(TOPICS))) < share * np.exp(-0.2 * known[:, :1] - 0.02)  # the factor has mean 1
    latent = 1.0 + 0.3 * known[:, 0] + 0.2 * known[:, 1] - met @ SPOILS + rng.normal(size=customers)
    score = np.clip(np.round(7 + 1.6 * latent), 0, 10)
    anger = planted(rng, anger, 1.0, 1.3)
    answer = 1 / (1 + np.exp(1.0 - 0.3 * known[:, 0] - 0.25 * known[:, 1]))
    comment = 1 / (1 + np.exp(1.2 - anger * (8 - score) / 2.2))
    responded = rng.random(customers) < answer
    commented = responded & (rng.random(customers) < comment)
    read, quality = _read(rng, met[commented], sensitivity, specificity, noise, perfect)
    stratum, chance = _gold_chance(read, gold)
    labelled = rng.random(len(read)) < chance
    frame = pd.DataFrame({"tenure": known[:, 0], "log_spend": known[:, 1], "responded": responded, "nps_score": np.where(responded, score, np.nan),
                          "commented": commented, "answer_probability": answer, "comment_probability": comment,
                          "stratum": _spread(commented, stratum), "gold_probability": _spread(commented, chance)})
    kinds = {"predicted": _spread(commented, read), "gold": _spread(commented, np.where(labelled[:, None], met[commented], np.nan)), "true": met}
    wide = {f"{kind}_{topic}": values[:, k] for k, topic in enumerate(TOPICS) for kind, values in kinds.items()}
    truth = {"share": {topic: float(v) for topic, v in zip(TOPICS, met.mean(axis=0), strict=True)}, "anger": anger,
             "raw_share": {topic: float(v) for topic, v in zip(TOPICS, read.mean(axis=0), strict=True)},
             "comments_n": int(commented.sum()), "gold_n": int(labelled.sum()), **quality}
    return pd.concat([frame, pd.DataFrame(wide)], axis=1), truth


def _read(rng: np.random.Generator, met: np.ndarray, sensitivity: float | None, specificity: float | None, noise: bool,
          perfect: bool) -> tuple[np.ndarray, dict[str, list[float]]]:
    """What the classifier finds (C, K), and how good it is by topic."""
    topics = met.shape[1]
    hit = np.array([planted(rng, sensitivity, 0.75, 0.85) for _ in range(topics)])
    clear = np.array([planted(rng, specificity, 0.94, 0.96) for _ in range(topics)])
    luck = rng.random(met.shape)
    chance = np.where(met, hit, 1 - clear)
    if noise:
        chance = np.broadcast_to(chance.mean(axis=0), met.shape)
    found = met if perfect else luck < chance
    return found.astype(float), {"sensitivity": hit.tolist(), "specificity": clear.tolist()}


def _gold_chance(read: np.ndarray, gold: int) -> tuple[np.ndarray, np.ndarray]:
    """Stratum of the draw (0 = nothing found, else the first topic found, plus 1) and each comment's chance of being labelled."""
    stratum = np.where(read.any(axis=1), read.argmax(axis=1) + 1, 0)
    size = np.bincount(stratum, minlength=read.shape[1] + 1)
    quota = np.where(np.arange(len(size)) == 0, gold / 2, gold / 2 / read.shape[1])
    return stratum, np.minimum(1.0, quota / np.maximum(size, 1))[stratum]


def _spread(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of some rows as a column over all, missing elsewhere."""
    made = np.full((len(rows), *values.shape[1:]), np.nan)
    made[rows] = values
    return made
