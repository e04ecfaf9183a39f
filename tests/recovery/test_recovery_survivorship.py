"""The whole study on planted populations: what it answers, what it refuses to answer, and that it says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.silent_frames import planted
from voclib.results import Verdict
from voclib.stats import callbacks, gates, inference, metrics
from voclib.studies import survivorship
from voclib.studies.survivorship import correction
from voclib.studies.survivorship import frame as framing

SMALL = {"customers": 3000, "rate": 0.25}
UNKNOWN = ("方向不知道", "direction of the remaining bias is unknown")


def study(seed, **options):
    frame, truth = planted(seed, **{**SMALL, **options})
    return survivorship.study(frame, repeats=1, seed=seed), truth


def shape(seed: int) -> float:
    """How much the delighted and the angry answer more, drawn per seed."""
    return float(np.random.default_rng([seed, 11]).uniform(0.9, 1.2))


def test_missing_at_random_is_corrected_and_the_naive_number_is_not() -> None:
    found = [study(seed) for seed in range(12)]
    naive = np.array([r.ladder["raw"].value - t["nps_all"] for r, t in found])
    assert naive.mean() > 8 and all(r.ladder["raw"].conf_low > t["nps_all"] for r, t in found[:6])
    for rung in ("calibrated", "propensity", "aipw"):
        off = np.array([r.ladder[rung].value - t["nps_all"] for r, t in found])
        assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off)) + 0.7, (rung, off.mean())
    assert all(r.ladder.chosen == "aipw" and r.study.verdict == Verdict.REPORT_WITH_CAVEAT for r, _ in found)


def test_without_call_backs_the_page_says_that_the_direction_is_unknown() -> None:
    result, _ = study(1, u_shape=shape(1))
    said = [c for c in result.study.checks if c.passed is False and UNKNOWN[1] in c.detail.en and UNKNOWN[0] in c.detail.zh]
    assert said and UNKNOWN[1] in result.study.caveat.en and UNKNOWN[0] in result.study.caveat.zh


def test_weighting_overshoots_where_the_delighted_and_the_angry_answer_and_call_backs_repair_it() -> None:
    found = [study(seed, u_shape=shape(seed), followup_share=0.15, customers=4000) for seed in range(10)]
    naive, weighted, called = (np.array([r.ladder[rung].value - t["nps_all"] for r, t in found]) for rung in ("raw", "aipw", "followup"))
    assert naive.mean() > 2 and weighted.mean() < -2  # the same data: too high, then too low
    assert abs(called.mean()) < 2.5 * called.std() / np.sqrt(len(called)) + 0.5
    assert all(r.ladder.chosen == "followup" and r.study.verdict == Verdict.REPORT for r, _ in found)
    assert all(UNKNOWN[1] not in r.study.caveat.en for r, _ in found)
    held = [r.ladder["followup"].conf_low <= t["nps_all"] <= r.ladder["followup"].conf_high for r, t in found]
    assert sum(held) >= 8


def test_churned_never_asked_gives_a_range_and_never_a_point() -> None:
    found = [study(seed, unsurveyed_share=0.2) for seed in range(12)]
    for result, truth in found:
        chosen = result.everyone[result.everyone.chosen]
        assert chosen.kind == "bounds" and chosen.verdict == Verdict.BOUNDS_ONLY and chosen.value is None
        assert result.study.headline[-1].kind == "bounds"
        assert chosen.conf_low <= truth["nps_all"] <= chosen.conf_high
        assert not any(r.kind == "estimate" and r.rung == "everyone" for r in result.everyone.rungs)


def test_and_where_everybody_was_asked_everybody_gets_a_point() -> None:
    """The twin: a study that always gave bounds would pass the test above."""
    result, truth = study(3)
    assert result.everyone.chosen == "heard" and result.everyone["heard"].kind == "estimate"
    assert result.everyone["heard"].conf_low <= truth["nps_all"] <= result.everyone["heard"].conf_high


def of_dealers(seed: int, dealers: int) -> tuple[framing.Frame, float]:
    """Everybody answered; dealers differ by a standard deviation drawn from 14 to 20 points of NPS around a level drawn too, the truth."""
    rng = np.random.default_rng([seed, 21])
    promoters, detractors, spread = rng.uniform(0.45, 0.55), rng.uniform(0.2, 0.25), rng.uniform(14, 20) / 200
    unit = np.repeat(np.arange(dealers), rng.integers(60, 140, dealers))
    shift, drawn = np.clip(rng.normal(0, spread, dealers), -0.2, 0.2)[unit], rng.random(len(unit))
    score = np.where(drawn < promoters + shift, 10.0, np.where(drawn > 1 - (detractors - shift), 3.0, 8.0))
    everybody, _ = planted(1, customers=len(unit), rate=0.9)
    people = everybody.people.assign(unit_id=[f"d{k}" for k in unit], score=score, y=framing.coded(pd.Series(score), "nps"), is_answered=True)
    return replace(everybody, people=people), 100 * (promoters - detractors)


def held(dealers: int, seeds: int) -> list[bool]:
    """Whether the interval that the page prints holds the level around which dealers differ, of every page that prints one."""
    drawn = [of_dealers(seed, dealers) for seed in range(seeds)]
    found = [(survivorship.study(frame).study.headline[0], truth) for frame, truth in drawn]
    return [e.conf_low <= truth <= e.conf_high for e, truth in found if e.kind == "estimate"]


def test_fewer_than_ten_dealers_get_no_interval_and_twelve_get_one_that_holds() -> None:
    drawn = [of_dealers(seed, 9) for seed in range(40)]
    alone = [metrics.nps(frame.people.rename(columns={"score": "nps_score"})) for frame, _ in drawn]  # as if every answer were independent
    assert np.mean([e.conf_low <= truth <= e.conf_high for e, (_, truth) in zip(alone, drawn, strict=True)]) < 0.75
    assert held(9, 40) == []
    twelve = held(12, 120)
    assert len(twelve) == 120 and np.mean(twelve) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 120)


def messages(seed: int) -> tuple[framing.Frame, float]:
    """Half of the customers of 14 dealers answer, to whichever message; dealers differ by 34 to 40 points around the planted level."""
    frame, _ = planted(seed, customers=1400, rate=0.5)
    rng = np.random.default_rng([seed, 239])
    unit, level = rng.integers(0, 14, 1400), rng.uniform(-0.2, 0.2)
    happy = rng.random(1400) < np.clip((1 + level + rng.normal(0, rng.uniform(0.34, 0.4), 14)) / 2, 0, 1)[unit]
    people, there = frame.people, frame.people["is_answered"].to_numpy(dtype=bool)
    return replace(frame, people=people.assign(unit_id=[f"d{k}" for k in unit], y=np.where(there, np.where(happy, 100.0, -100.0), np.nan),
                                               score=np.where(there, np.where(happy, 10.0, 2.0), np.nan))), 100 * level


def test_the_curve_of_messages_holds_the_level_around_which_dealers_differ() -> None:
    clustered, alone = [], []
    for seed in range(20):
        frame, level = messages(seed)
        first = survivorship.study(frame, repeats=1, seed=seed).resistance.iloc[0]
        plain = callbacks.resistance(frame.y, frame.people["wave"]).iloc[0]
        assert first["value"] == pytest.approx(plain["value"])
        clustered.append(first["conf_low"] <= level <= first["conf_high"])
        alone.append(plain["conf_low"] <= level <= plain["conf_high"])
    assert np.mean(alone) < 0.7 and np.mean(clustered) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 20)


def alarm(seed: int, **options) -> bool:
    """Whether the study would say that weighting moved the number beyond chance."""
    frame, _ = planted(seed, **{**SMALL, **options})
    made = correction.correct(frame, estimand="nps_reachable", margins=frame.known, cells=("complaint",), gates=gates.load(), seed=seed, repeats=1)
    gap = made.gap
    return inference.p_value(gap.value / gap.std_error, gap.df) < 0.05


def test_random_response_is_not_corrected_beyond_noise_but_a_selective_one_is() -> None:
    false = np.mean([alarm(seed, explained=0.0) for seed in range(50)])
    assert false <= 0.06 + 2 * np.sqrt(0.05 * 0.95 / 50)
    assert np.mean([alarm(seed) for seed in range(20)]) >= 0.8


def test_too_few_call_backs_reached_leave_a_range_and_no_point() -> None:
    result, truth = study(5, u_shape=1.0, followup_share=0.2, followup_completion=0.4)
    [check] = [c for c in result.study.checks if "call-backs were completed" in c.name.en]
    assert check.passed is False
    chosen = result.ladder[result.ladder.chosen]
    assert chosen.rung == "reached" and chosen.kind == "bounds" and result.study.verdict == Verdict.BOUNDS_ONLY
    assert not {"followup", "tilted"} & {r.rung for r in result.ladder.rungs}
    open_ = next(e for e in result.possible if e.rung == "followup")
    assert open_.bound_low <= truth["nps_all"] <= open_.bound_high and open_.bound_high - open_.bound_low > 30
    assert (chosen.bound_low, chosen.conf_high) == (open_.bound_low, open_.conf_high)


def test_a_leaked_column_stops_weighting() -> None:
    frame, _ = planted(6, **SMALL)
    people = frame.people.assign(thanked=np.where(frame.people["is_answered"], 1.0, 0.0))
    leaked = replace(frame, people=people, known=(*frame.known, "thanked"))
    leaky = survivorship.study(leaked, margins=frame.known, repeats=1, seed=1)
    assert leaky.ladder.chosen == "manski" and leaky.study.verdict == Verdict.BOUNDS_ONLY
    [check] = [c for c in leaky.study.checks if "hindsight" in c.name.en]
    assert check.passed is False and "thanked" in check.detail.en
    assert leaky.ladder["aipw"].kind == "refusal"


def test_one_answer_in_a_hundred_gives_a_range_only() -> None:
    result, truth = study(7, customers=12_000, rate=0.01)
    chosen = result.ladder[result.ladder.chosen]
    assert chosen.rung == "manski" and chosen.bound_low <= truth["nps_all"] <= chosen.bound_high


@pytest.mark.parametrize("seed", [1, 2])
def test_row_order_changes_nothing(seed: int) -> None:
    frame, _ = planted(seed, **SMALL, followup_share=0.1)
    mixed = frame.people.sample(frac=1, random_state=seed).reset_index(drop=True)
    first = survivorship.study(frame, repeats=1, seed=seed)
    second = survivorship.study(replace(frame, people=mixed), repeats=1, seed=seed)
    for a, b in zip(first.ladder.rungs, second.ladder.rungs, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-6) and a.conf_low == pytest.approx(b.conf_low, abs=1e-6), a.rung
