"""Starts dealt out anew: against a permutation of changes, every dealing, each unit's own start, and what it refuses."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.events import event_study, lottery

NAMES = {"unit": "unit", "period": "period", "exposed_in": "start", "outcome": "y"}


def world(seed: int, starts: list[float], *, units: int = 12, periods: int = 8, effect: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = np.array([*starts, *[np.nan] * (units - len(starts))])
    y = 6 * rng.normal(size=(units, 1)) + 2 * rng.normal(size=periods) + 4 * rng.normal(size=(units, periods))
    y += effect * (np.arange(periods) >= start[:, None])
    return pd.DataFrame({"unit": np.repeat(np.arange(units), periods), "period": np.tile(np.arange(periods), units), "y": y.ravel(),
                         "start": np.repeat(start, periods)})


def cut(frame: pd.DataFrame, **options) -> inference.Permutation:
    """After less before the first start of anybody, one number a unit."""
    after = frame["period"].ge(frame["start"].min())
    means = frame.groupby(["unit", after])["y"].mean().unstack()
    return inference.permute(means[True] - means[False], frame.groupby("unit")["start"].first().notna(), **options)


def test_one_date_for_all_is_a_permutation_of_changes() -> None:
    frame = world(1, [4.0, 4.0, 4.0], effect=6.0)
    found, plain = lottery(frame, **NAMES), cut(frame)
    assert found.difference == pytest.approx(plain.difference) and found.p_value == plain.p_value
    assert [found.conf_low, found.conf_high] == pytest.approx([plain.conf_low, plain.conf_high])
    assert (found.n_assignments, found.smallest_p) == (comb(12, 3), plain.smallest_p) and found.is_exhaustive


def test_the_effect_is_that_of_the_event_study_where_one_period_follows_each_start() -> None:
    frame = world(2, [3.0, 5.0, 6.0], effect=6.0)
    seen = frame[~(frame["period"] > frame["start"])]
    assert lottery(seen, **NAMES).difference == pytest.approx(event_study(seen, **NAMES, lags=0, leads=1).att.value)


def test_every_dealing_of_different_dates_is_looked_at_once() -> None:
    found = lottery(world(3, [3.0, 5.0, 6.0]), **NAMES)
    assert found.n_assignments == 12 * 11 * 10 and found.is_exhaustive and found.smallest_p == 1 / 1320
    assert found.p_value * 1320 == pytest.approx(round(found.p_value * 1320))
    few = lottery(world(3, [3.0, 5.0, 6.0], units=40), **NAMES, draws=199)
    assert not few.is_exhaustive and few.smallest_p == 1 / 200


def test_an_effect_taken_off_moves_the_interval_by_it() -> None:
    frame = world(4, [2.0, 5.0, 6.0])
    on = frame["period"].ge(frame["start"])
    one, other = lottery(frame, **NAMES), lottery(frame.assign(y=frame["y"] + 7 * on), **NAMES)
    assert [other.difference, other.conf_low, other.conf_high] == pytest.approx([x + 7 for x in (one.difference, one.conf_low, one.conf_high)])


def test_each_unit_counts_from_its_own_start_and_one_date_for_all_dilutes() -> None:
    held, diluted, errors = [], [], []
    for seed in range(80):
        rng = np.random.default_rng([seed, 7])
        effect = rng.uniform(8, 14)
        frame = world(seed, [2.0, 4.0, 6.0, 7.0], units=int(rng.integers(20, 40)), effect=effect)
        found, plain = lottery(frame, **NAMES, draws=199, seed=seed), cut(frame, draws=199)
        held.append(found.conf_low <= effect <= found.conf_high)
        diluted.append((plain.conf_low <= effect <= plain.conf_high, plain.difference / effect))
        errors.append(found.difference / effect)
    covered, share = np.mean(diluted, axis=0)
    assert covered < 0.85 and share < 0.65, "what the same data say with one date before and after"
    assert np.mean(held) >= 0.91 and 0.95 < np.mean(errors) < 1.05


def test_no_effect_raises_no_more_alarms_than_it_may() -> None:
    found = [lottery(world(seed, [3.0, 5.0, 5.0]), **NAMES).p_value for seed in range(100)]
    assert np.mean(np.array(found) <= 0.05) <= 0.11


@pytest.mark.parametrize(("starts", "options", "error", "words"), [
    ([4.0] * 12, {}, DataError, "Nobody is unexposed in the periods after exposure"), ([], {}, DataError, "Nobody is exposed"),
    ([4.0], {"draws": 0}, ParameterError, "draws is at least 1"), ([4.0], {"outcome": "z"}, ParameterError, "no column 'z'")])
def test_bad_input(starts: list[float], options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lottery(world(1, starts), **{**NAMES, **options})
