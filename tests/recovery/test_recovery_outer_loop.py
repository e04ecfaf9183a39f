"""Projects chartered on a spike: what a month before and a month after claim of idle ones, and what is found against the usual rate."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop import windows as outer_windows
from voclib.loop.outer_loop.effects import Settings
from voclib.simulate.worlds import runup
from voclib.stats import rate_ratio

SEEDS = 220


def judged(seed: int, **chosen: float) -> tuple[pd.DataFrame, outer_effects.Effects, dict]:
    """Judged projects of one draw with their true log ratios."""
    events, projects, truth = runup.draw(seed, **chosen)
    found = outer_effects.together([outer_effects.measure(events, projects, Settings(), source="x")], Settings())
    rows = found.judged
    ratio = 1.0 + rows["project_id"].map(truth["effect"]).to_numpy()
    reach = stats.t.ppf(0.975, rows["df"])
    return rows.assign(true=np.log(ratio), idle=rows["project_id"].isin(truth["idle"]), low=rows["log"] - reach * rows["error"],
                       high=rows["log"] + reach * rows["error"]), found, truth


@cache
def drawn() -> tuple[pd.DataFrame, pd.DataFrame]:
    """All projects of all seeds, and a row a seed on means."""
    rows, means = [], []
    for seed in range(SEEDS):
        one, found, truth = judged(seed)
        rows.append(one.assign(seed=seed))
        low, high = rate_ratio.mean(one["log"], found.covariance, df=one["df"].min()).interval(0.95)
        placebo = rate_ratio.mean(found.placebo["placebo"], found.placebo_covariance)
        begins, ends = placebo.interval(0.95)
        means.append({"covers": low <= truth["mean_log"] <= high, "placebo": placebo.value, "placebo_covers": begins <= 0 <= ends,
                      "error": found.judged["log"].mean() - truth["mean_log"]})
    return pd.concat(rows, ignore_index=True), pd.DataFrame(means)


def test_intervals_cover_the_planted_effect():
    rows, _ = drawn()
    covered = rows["true"].between(rows["low"], rows["high"])
    assert covered.mean() >= 0.93
    assert covered[rows["idle"]].mean() >= 0.93 and covered[~rows["idle"]].mean() >= 0.93


def test_the_interval_of_the_mean_covers_the_mean_of_these_projects():
    _, means = drawn()
    assert means["covers"].mean() >= 0.93
    assert abs(means["error"].mean()) < 0.01


def test_idle_projects_raise_few_false_alarms_where_two_months_claim_an_improvement():
    rows, _ = drawn()
    idle = rows[rows["idle"]]
    assert (idle["high"] < 0).mean() <= 0.06 and idle["told"].mean() <= 0.06
    assert (idle["naive"] < 0).mean() > 0.85  # the same projects, the same data
    assert (idle["naive"] + 1.96 * idle["naive_error"] < 0).mean() > 0.35
    assert np.exp(idle["naive"].mean()) < 0.8
    assert abs(idle["log"].mean()) < 0.02


def test_nothing_shows_before_landing_where_two_months_show_an_improvement():
    rows, means = drawn()
    assert means["placebo_covers"].mean() >= 0.9 and abs(means["placebo"].mean()) < 0.015
    assert rows["placebo_naive"].mean() < -0.2


def test_a_fall_of_two_fifths_is_mostly_told():
    found = pd.concat([judged(seed, fall=0.4)[0] for seed in range(60)])
    assert found.loc[~found["idle"], "told"].mean() >= 0.8


def test_subjects_picked_for_their_spike_improve_by_themselves():
    naive, usual = [], []
    for seed in range(60):
        events, projects, _ = runup.draw(seed)
        picks = outer_effects.picked(outer_effects.idle(events, projects, Settings()))
        naive.append(picks["naive"].mean())
        usual.append(picks["usual"].mean())
    assert np.mean(naive) < -0.15  # an improvement of one seventh and more, with nothing done
    assert np.mean(usual) > -0.05


def test_a_run_up_that_is_not_left_out_gives_a_fall_to_idle_projects():
    """With a run-up of a day the spike is part of the usual rate."""
    short = Settings(run_up_days=1)
    found = []
    for seed in range(60):
        events, projects, truth = runup.draw(seed)
        made = outer_effects.together([outer_effects.measure(events, projects, short, source="x")], short).judged
        found.append(made.loc[made["project_id"].isin(truth["idle"]), "log"].mean())
    assert np.mean(found) < -0.05


def test_a_campaign_about_half_of_the_subjects_is_left_out_of_every_comparison(monkeypatch):
    """The same worlds with and without looking for such times."""
    def errors() -> pd.DataFrame:
        return pd.concat([judged(seed, campaigns=3, lift=2.0)[0] for seed in range(60)])

    ours = errors()
    monkeypatch.setattr(outer_windows, "MOST", 0)
    before = errors()
    off, off_before = ((rows["log"] - rows["true"]).std() for rows in (ours, before))
    held = ours["true"].between(ours["low"], ours["high"]).mean()
    assert held >= 0.93 and off < 0.87 * off_before, (held, off, off_before)


def test_times_in_which_subjects_moved_apart_are_found_and_seldom_made_up():
    found = {lift: [bool(judged(seed, campaigns=campaigns, lift=lift, campaign_days=56, noise=0.12 if not campaigns else None)[1].apart)
                    for seed in range(60)] for campaigns, lift in ((0, 1.0), (1, 2.0))}
    assert np.mean(found[1.0]) <= 0.05 and np.mean(found[2.0]) >= 0.6, {k: np.mean(v) for k, v in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_a_draw_repeats_and_keeps_its_truth_apart(seed):
    one, two = runup.draw(seed), runup.draw(seed)
    pd.testing.assert_frame_equal(one[0], two[0])
    assert set(one[0]) == {"subject", "on"} and set(one[1]) == {"project_id", "subject", "chartered_on", "landed_on"}
    assert all(one[2]["effect"][key] == 0 for key in one[2]["idle"])
