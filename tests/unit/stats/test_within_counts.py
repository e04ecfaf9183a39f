"""Slopes on counts inside units: against statsmodels, freed of what is the unit's own, refusals of thin data."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats import within_counts


def panel(seed: int = 1, *, units: int = 55, periods: int = 12, slope: float = 0.2) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    unit, period = (k.ravel() for k in np.indices((units, periods)))
    level = rng.normal(size=units)
    x = rng.normal(size=unit.size) + 2 * level[unit]
    tries = rng.poisson(20, unit.size) + 1
    y = rng.poisson(tries * np.exp(-2 + slope * x - 0.5 * level[unit]))
    return y, tries, x[:, None], unit, period


def test_the_slope_is_that_of_a_regression_with_dummies() -> None:
    import statsmodels.api as sm

    y, tries, x, unit, period = panel()
    found = within_counts.slopes(y, tries, x, names=["x"], unit=unit, period=period).decisions["x"]
    design = np.column_stack([x, np.eye(unit.max() + 1)[unit], np.eye(period.max() + 1)[period][:, 1:]])
    same = sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(tries)).fit()
    assert found.fit.value == pytest.approx(same.params[0], abs=1e-6)
    assert found.conf_low < 0.2 < found.conf_high


def test_across_units_the_slope_is_another_one() -> None:
    y, tries, x, unit, period = panel(slope=0.0)
    value, error = within_counts.across(y, tries, x[:, 0])
    assert value < -5 * error
    found = within_counts.slopes(y, tries, x, names=["x"], unit=unit, period=period).decisions["x"]
    assert found.conf_low < 0 < found.conf_high


def test_thin_data_are_an_error() -> None:
    y, tries, x, unit, period = panel()
    with pytest.raises(DataError):
        within_counts.slopes(np.zeros_like(y), tries, x, names=["x"], unit=unit, period=period)
    with pytest.raises(DataError):
        within_counts.slopes(y, tries, x, names=["x"], unit=np.zeros_like(unit), period=period)
    with pytest.raises(ParameterError):
        within_counts.slopes(y, tries, x, names=["x", "z"], unit=unit, period=period)
    assert within_counts.across(np.zeros(5), np.ones(5), np.arange(5.0)) is None


def test_rows_without_a_number_are_left_out() -> None:
    y, tries, x, unit, period = panel()
    x = x.copy()
    x[::7] = np.nan
    found = within_counts.slopes(y, tries, x, names=["x"], unit=unit, period=period)
    assert found.n < len(y)
