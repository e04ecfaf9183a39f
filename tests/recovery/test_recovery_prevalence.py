"""The angry commenter (methods.md B-T8): counting comments doubles a topic's share of customers; weights and labels bring it back."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import voclib
from voclib.simulate.worlds import angry_comments
from voclib.stats import prevalence

RUNS, BAND = 200, (0.91, 0.985)
TOPICS = list(angry_comments.TOPICS)


def coded(seed: int, **world: Any) -> tuple[tuple[prevalence.Share, ...], dict[str, Any]]:
    """All topics of one planted world, weighted by the planted chances."""
    frame, truth = angry_comments.draw(seed, **world)
    made = frame[frame["commented"]]
    wide = [made[[f"{kind}_{t}" for t in TOPICS]].set_axis(TOPICS, axis=1) for kind in ("predicted", "gold")]
    weights = 1 / (made["answer_probability"] * made["comment_probability"])
    return prevalence.shares(*wide, gold_probability=made["gold_probability"].to_numpy(), weights=weights.to_numpy()), truth


@cache
def worlds(count: int = RUNS, **world: Any) -> list[tuple[tuple[prevalence.Share, ...], dict[str, Any]]]:
    """Drawn once, used by several tests."""
    return [coded(seed, **world) for seed in range(count)]


@cache
def runs(count: int = RUNS, **world: Any) -> pd.DataFrame:
    """One row a topic and world: errors of every rung, and whether its interval holds the truth."""
    rows = []
    for found, truth in worlds(count, **world):
        for one in found:
            real = truth["share"][one.topic]
            row = {"topic": one.topic, "truth": real, "power": one.corrected.power}
            for rung in ("naive", "weighted", "labels", "corrected"):
                fit = getattr(one, rung)
                shown = fit.estimate(one.topic, unit="share", low=0.0, high=1.0)
                row |= {f"{rung}_error": fit.value - real, f"{rung}_held": shown.conf_low <= real <= shown.conf_high, f"{rung}_se": fit.std_error,
                        rung: fit.value, f"{rung}_width": shown.conf_high - shown.conf_low}
            rows.append(row)
    return pd.DataFrame(rows)


def test_counting_comments_doubles_the_share() -> None:
    made = runs()
    assert 1.7 < (made["naive"].sum() / made["truth"].sum()) < 2.3
    assert made["naive_held"].mean() < 0.02


def test_weights_alone_leave_the_classifiers_error() -> None:
    made = runs()
    assert made["weighted_error"].mean() > 0.02 and made["weighted_held"].mean() < 0.2


def test_weights_and_labels_bring_it_back() -> None:
    made = runs()
    by_topic = made.groupby("topic")[["corrected_error", "corrected_held"]].mean()
    assert (by_topic["corrected_error"].abs() < 0.003).all(), by_topic
    assert BAND[0] <= made["corrected_held"].mean() <= BAND[1]
    assert by_topic["corrected_held"].between(0.89, 0.99).all(), by_topic
    assert made["corrected_se"].mean() == pytest.approx(made["corrected_error"].std(), rel=0.08)


def test_the_classifier_narrows_and_never_widens() -> None:
    made = runs()
    assert (made["corrected_se"] <= made["labels_se"] * (1 + 1e-12)).all()
    assert made["corrected_se"].mean() < 0.92 * made["labels_se"].mean()
    assert BAND[0] <= made["labels_held"].mean() <= BAND[1]


def test_labels_without_weights_answer_another_question() -> None:
    """Labels are a sample of comments: without the weights even perfect reading gives the share of comments."""
    frame, truth = angry_comments.draw(4)
    made = frame[frame["commented"]]
    found = prevalence.ppi_mean(made["predicted_waiting_time"], made["gold_waiting_time"], gold_probability=made["gold_probability"])
    shown = found.estimate("waiting_time")
    assert shown.conf_low <= made["true_waiting_time"].mean() <= shown.conf_high
    assert shown.conf_low > truth["share"]["waiting_time"]


def test_a_coin_for_a_classifier_is_set_aside() -> None:
    made = runs(100, noise=True)
    assert made["power"].abs().median() < 0.05 and made["power"].abs().quantile(0.9) < 0.15
    assert made["corrected_se"].mean() == pytest.approx(made["labels_se"].mean(), rel=0.02)
    assert BAND[0] <= made["corrected_held"].mean() <= BAND[1] and made["weighted_held"].mean() < 0.02


def test_a_perfect_classifier_makes_labels_needless() -> None:
    made = runs(30, perfect=True)
    assert (made["corrected"] - made["weighted"]).abs().max() < 1e-12 and (made["power"] - 1).abs().max() < 1e-9
    assert made["corrected_se"].mean() < 0.75 * made["labels_se"].mean()


def test_a_change_between_months() -> None:
    """The interval of a change holds it; a real rise of six points is found."""
    alarms, found, half = [], [], RUNS // 2
    for seed, (before, was) in enumerate(worlds()[:half]):
        later = [(worlds()[seed + half], alarms)] + ([(coded(seed + 5000, gap=0.06), found)] if seed < 40 else [])
        for (after, now), kept in later:
            for one, two in zip(before, after, strict=True):
                moved = prevalence.change(one.corrected, two.corrected).estimate("change", unit="share")
                real = now["share"][one.topic] - was["share"][one.topic]
                kept.append((moved.conf_low <= real <= moved.conf_high, moved.conf_low > 0, real))
    assert 0.93 <= np.mean([held for held, _, _ in alarms]) <= 0.985
    big = [above for _, above, real in found if real > 0.055]
    assert len(big) > 60 and np.mean(big) >= 0.8


def test_rank_sets_hold_all_true_ranks_at_once() -> None:
    held, settled = [], []
    for seed, (found, truth) in enumerate(worlds()):
        ranks = prevalence.rank_intervals([one.corrected for one in found], names=TOPICS, seed=seed, draws=1000)
        order = pd.Series(truth["share"]).rank(ascending=False, method="first")
        held.append(all(r.best <= order[r.name] <= r.worst for r in ranks))
        settled.append(np.mean([r.worst - r.best < len(ranks) - 1 for r in ranks]))
    assert np.mean(held) >= 0.93
    assert np.mean(settled) > 0.25, "sets that exclude nothing would hold always"


def test_the_sample_company(sample_pool: Path, root: Path) -> None:
    """Counting what the classifier found misses the planted share of most topics; the corrected interval holds most of them."""
    tables = voclib.load(sample_pool)
    truth = json.loads((root / "data" / "sample" / "truth.json").read_text("utf-8"))["topics"]["by_topic"]
    spoken = tables["responses"].loc[lambda r: r["comment"].notna(), "response_id"]
    made = prevalence.coded(spoken, tables["topic_mentions"], tables["gold_labels"])
    found = prevalence.shares(made.predicted, made.gold, gold_probability=made.gold_probability)
    assert {one.topic for one in found} == set(truth)
    held = {"naive": 0, "corrected": 0}
    for one in found:
        for rung in held:
            shown = getattr(one, rung).estimate(one.topic, unit="share", low=0.0, high=1.0)
            held[rung] += shown.conf_low <= truth[one.topic]["share_voices"] <= shown.conf_high
    assert held["naive"] <= 8 and held["corrected"] >= 12, held
    assert 0.7 < made.agreement.set_index("topic").loc["", "alpha"] < 0.95
