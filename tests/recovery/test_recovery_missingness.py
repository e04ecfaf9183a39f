"""Planted truth: who answers depends on what they would say. Weighting fails, calls to a random part of the silent do not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from voclib.simulate.worlds import nonresponse, reminders
from voclib.stats import callbacks, missingness, tilt
from voclib.stats.inference import fit, quantile

RUNS, CALLS = 120, 300
BAND = (0.91, 0.985)


def coded(score: pd.Series) -> np.ndarray:
    """NPS points, NaN where there is no answer."""
    s = score.to_numpy(dtype=float)
    return np.where(np.isnan(s), np.nan, 100.0 * ((s >= 9) * 1.0 - (s <= 6)))


def nuisances(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """P(answers | known) and P(level | known, answered) by logistic regressions that know the right terms."""
    x, answered = frame[list(nonresponse.COVARIATES)].to_numpy(), frame["responded"].to_numpy()
    first, second = np.column_stack([x, x[:, 0] * x[:, 1]]), np.column_stack([x, x[:, 3] ** 2])
    chance = LogisticRegression(C=100).fit(first, answered).predict_proba(first)[:, 1]
    return chance, LogisticRegression(C=100).fit(second[answered], coded(frame["nps_score"])[answered]).predict_proba(second)


def draw(seed: int, world: str, *, share: float = CALLS / 6400, completion: float = 1.0) -> tuple[pd.DataFrame, dict]:
    """One population of 8000 whose planted selection differs by seed: "u-shape" (delighted and angry answer) or "satisfied"."""
    strength = float(np.random.default_rng(seed + 77_000).uniform(0.9, 1.6) if world == "u-shape" else np.random.default_rng(seed).uniform(0.3, 0.7))
    planted = {"u_shape": strength} if world == "u-shape" else {"mnar": strength}
    return nonresponse.draw(seed, followup_share=share, followup_completion=completion, **planted)


@cache
def runs(world: str) -> pd.DataFrame:
    """Every estimator on the same draws: error against the truth, standard error, whether the interval held it."""
    rows = []
    for seed in range(RUNS):
        frame, truth = draw(seed, world)
        y, calls, true = coded(frame["nps_score"]), coded(frame["followup_score"]), truth["nps_all"]
        chance, shares = nuisances(frame)
        answered = frame["responded"].to_numpy()
        w = answered / chance
        ipw = w @ np.nan_to_num(y) / w.sum()
        phases = {"draw_probability": frame["followup_probability"]}
        fits = {"ipw": fit(ipw, w * (np.nan_to_num(y) - ipw), n=int(answered.sum())), "aipw": tilt.tilt(y, chance, shares, gamma=(0, 0)),
                "hh": missingness.hansen_hurwitz(y, frame["is_called"], calls, **phases),
                "difference": missingness.hansen_hurwitz(y, frame["is_called"], calls, outcome=shares @ [-100, 0, 100], **phases)}
        learned = missingness.calibrate_tilt(y, shares, frame["is_called"], calls, **phases)
        fits |= {"calibrated": learned.fit, "tilt at the learned gamma": tilt.tilt(y, chance, shares, gamma=learned.gamma)}
        left = missingness.remaining_bias(fits["aipw"], fits["hh"]).estimate("left", unit="points")
        row = {"naive": truth["nps_respondents"] - true, "left sign": np.sign(left.conf_low) * (np.sign(left.conf_low) == np.sign(left.conf_high))}
        for name, made in fits.items():
            shown = made.estimate(name, unit="points", low=-100, high=100)
            row |= {name: made.value - true, f"{name} se": made.std_error, f"{name} held": shown.conf_low <= true <= shown.conf_high}
        rows.append(row)
    return pd.DataFrame(rows)


def test_u_shape_weighting_overshoots_to_the_other_side():
    found = runs("u-shape").mean()
    assert found["naive"] > 4
    assert found["ipw"] < -2 and found["aipw"] < -2, "weights turn an error upwards into one downwards"
    assert not missingness.direction_known().known


def test_satisfied_answer_weighting_removes_only_a_part():
    found = runs("satisfied").mean()
    assert found["naive"] > 25 and found["aipw"] > 15 and found["ipw"] > 15
    assert found["aipw held"] == 0


@pytest.mark.parametrize("world", ["u-shape", "satisfied"])
@pytest.mark.parametrize("method", ["hh", "difference", "calibrated"])
def test_three_hundred_calls_find_the_truth(world, method):
    found = runs(world)
    assert abs(found[method].mean()) < 1
    assert BAND[0] <= found[f"{method} held"].mean() <= BAND[1]
    assert found[f"{method} se"].mean() == pytest.approx(found[method].std(), rel=0.15)
    assert 6 < 1.96 * found["hh se"].mean() < 7.5


@pytest.mark.parametrize("world", ["u-shape", "satisfied"])
def test_a_calibrated_tilt_is_no_less_exact(world):
    found = runs(world)
    assert found["calibrated"].std() <= found["hh"].std() and found["calibrated se"].mean() < 0.95 * found["hh se"].mean()
    assert abs(found["tilt at the learned gamma"].mean()) < 1.5, "the dot on the surface is where the calls say it is"


def test_calls_tell_the_direction_in_which_weighting_errs():
    satisfied, u_shape = runs("satisfied"), runs("u-shape")
    assert (satisfied["left sign"] == 1).mean() > 0.8, "twice the error of the range is found"
    assert (u_shape["left sign"] == 1).mean() < 0.06


def test_calls_that_fail_at_random_or_not():
    """Where who picks up is the satisfied, a single number is wrong and the bounds over non-completers hold the truth."""
    held, naive, width = [], [], []
    for seed in range(60):
        frame, truth = draw(seed, "u-shape")
        luck = np.random.default_rng(seed).random(len(frame))
        picks_up = luck < np.where(frame["true_score"] >= 9, 0.8, 0.3)
        calls = coded(frame["followup_score"].where(picks_up))
        args = (coded(frame["nps_score"]), frame["is_called"], calls)
        assert missingness.completion(*args[1:]).bounds_needed
        bounds = missingness.followup_bounds(*args, draw_probability=frame["followup_probability"], low=-100, high=100)
        naive.append(missingness.hansen_hurwitz(*args, draw_probability=frame["followup_probability"]).value - truth["nps_all"])
        held.append(bounds.conf_low <= truth["nps_all"] <= bounds.conf_high)
        width.append(bounds.high.value - bounds.low.value)
    assert np.mean(naive) > 15 and np.mean(held) >= 0.95 and np.mean(width) < 130


def planted_tilt(frame: pd.DataFrame, shares: np.ndarray) -> missingness.CalibratedTilt:
    """The tilt that the data-generating function implies: every silent customer's true score is read."""
    silent = ~frame["responded"]
    return missingness.calibrate_tilt(coded(frame["nps_score"]), shares, silent, coded(frame["true_score"].where(silent)), draw_probability=1.0)


def test_the_frontier_at_the_truth_contains_the_planted_tilt():
    held, off = [], []
    for seed in range(40):
        frame, truth = draw(seed, "satisfied")
        y, (chance, shares) = coded(frame["nps_score"]), nuisances(frame)
        gamma = planted_tilt(frame, shares).gamma
        made = tilt.tilt(y, chance, shares, gamma=gamma).estimate("nps", unit="points")
        held.append(made.conf_low <= truth["nps_all"] <= made.conf_high)
        line = tilt.tipping_frontier(y, chance, shares, target=truth["nps_all"], grid=(np.exp(gamma[100.0]),))
        off.append(line["gamma_detractor"].iloc[0] - gamma[-100.0])
        assert gamma[-100.0] > 0 > gamma[100.0], "the silent are more often detractors and less often promoters"
    assert np.mean(held) >= 0.93
    assert abs(np.mean(off)) < 0.08 and np.std(off) < 0.2
    assert 1 < tilt.tipping_point(y, chance, shares, target=truth["nps_all"]).times < 20


def test_the_learned_tilt_is_the_planted_one():
    errors, claimed = [], []
    for seed in range(40):
        frame, _ = draw(seed, "satisfied")
        _, shares = nuisances(frame)
        learned = missingness.calibrate_tilt(coded(frame["nps_score"]), shares, frame["is_called"], coded(frame["followup_score"]),
                                             draw_probability=frame["followup_probability"])
        planted = planted_tilt(frame, shares).gamma
        errors.append([learned.gamma[level] - planted[level] for level in (-100.0, 100.0)])
        claimed.append(np.sqrt(np.diag(learned.covariance)))
    assert np.abs(np.mean(errors, axis=0)).max() < 0.08
    assert np.std(errors, axis=0) == pytest.approx(np.mean(claimed, axis=0), rel=0.3)


@cache
def callback_runs(world: str, drift: float) -> pd.DataFrame:
    """What the callback model says, and whether its gate trips."""
    rows = []
    for seed in range(30):
        frame, truth = reminders.draw(seed, world=world, drift=drift)
        found = callbacks.callback_gmm(coded(frame["nps_score"]), frame["wave"], frame[list(nonresponse.COVARIATES)])
        rows.append({"off": found.centre - truth["nps_all"], "naive": truth["nps_respondents"] - truth["nps_all"], "tripped": not found.passed,
                     "std_error": found.std_error, "held": found.range[0] <= truth["nps_all"] <= found.range[1]})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("world", list(reminders.WORLDS))
def test_the_callback_gate_in_valid_worlds(world):
    found = callback_runs(world, 0.0)
    assert found["tripped"].mean() <= 0.45
    assert abs(found["off"].median()) < 6 and found["naive"].mean() > abs(found["off"].median())
    assert found.loc[~found["tripped"], "held"].mean() >= 0.85


@pytest.mark.parametrize("world", list(reminders.WORLDS))
def test_the_callback_gate_catches_drift(world):
    found = callback_runs(world, 0.5)
    assert found["tripped"].mean() >= 0.9
    assert abs(found["off"].median()) > 30 and found["std_error"].median() < 6, "ungated it would be wrong and look exact"


def test_a_small_drift_passes_the_gate_and_is_wrong():
    """The reason why the model may never be a headline."""
    found = callback_runs("pleased", 0.2)
    assert found["tripped"].mean() < 0.5
    assert found.loc[~found["tripped"], "held"].mean() < 0.2 and found["off"].median() < -15


LEVELS = {"share": (0.0, 1.0), "nps": (-100.0, 0.0, 100.0)}


def agreeing(seed: int, kind: str, alike: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """3000 customers, some 36 of the silent reached, of whom a share `alike` is happy; answers, called, told, chance and the planted mean."""
    rng = np.random.default_rng([seed, 36])
    answered, happy = rng.random(3000) < rng.uniform(0.2, 0.3), rng.random(3000)
    grade = np.where(happy < np.where(answered, rng.uniform(0.6, 0.85), alike), 1, np.where(rng.random(3000) < 0.5, 0, -1))
    true = 100.0 * grade if kind == "nps" else (grade == 1).astype(float)
    drawn = rng.choice(np.flatnonzero(~answered), 40, replace=False)
    done, called, told = drawn[rng.random(40) < 0.9], np.isin(np.arange(3000), drawn), np.full(3000, np.nan)
    told[done] = true[done]
    return np.where(answered, true, np.nan), called, told, 40 / float((~answered).sum()), float(true.mean())


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("alike", [(0.45, 0.55), (0.85, 0.92), (0.97, 0.985)], ids=["split", "mostly", "nearly all"])
def test_few_calls_that_nearly_all_say_the_same_keep_their_coverage(kind: str, alike: tuple[float, float]) -> None:
    plain, held, widths = [], [], []
    for seed in range(200):
        *answers, chance, true = agreeing(seed, kind, float(np.random.default_rng(seed).uniform(*alike)))
        made = missingness.hansen_hurwitz(*answers, draw_probability=chance, levels=LEVELS[kind])
        without = replace(made, part=None).estimate("mean", unit="points", low=LEVELS[kind][0], high=LEVELS[kind][-1])
        found = made.estimate("mean", unit="points", low=LEVELS[kind][0], high=LEVELS[kind][-1])
        plain.append(without.conf_low <= true <= without.conf_high)
        held.append(found.conf_low <= true <= found.conf_high)
        widths.append((found.conf_high - found.conf_low) / (without.conf_high - without.conf_low))
    assert np.mean(held) >= 0.93
    assert np.mean(plain) < 0.8 if alike[0] > 0.95 else np.mean(widths) < (1.02 if alike[0] < 0.8 else 1.4)


def test_what_weighting_left_is_uncertain_where_all_calls_agree() -> None:
    """All alike: the influence of those reached is zero, yet what they stand for is not known to the last customer."""
    for seed in range(20):
        y, called, told, chance, _ = agreeing(seed, "share", 0.95)
        told = np.where(np.isnan(told), np.nan, 1.0)
        followed = missingness.hansen_hurwitz(y, called, told, draw_probability=chance, levels=(0.0, 1.0))
        weighted = fit(np.nanmean(y), np.where(np.isnan(y), 0.0, y - np.nanmean(y)) / (~np.isnan(y)).mean(), n=int((~np.isnan(y)).sum()))
        left = missingness.remaining_bias(weighted, followed)
        found, gap = left.estimate("left", unit="pp"), np.nanmean(y) - (np.nansum(y) + np.isnan(y).sum() * 0.95) / len(y)
        assert found.conf_low <= gap <= found.conf_high and found.value + quantile(0.95, left.df) * left.std_error < gap
