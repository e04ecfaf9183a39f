"""Measurement of units against published numbers: soldiers' well-being in their companies, and the nulls of agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voclib.stats import reliability

PUBLISHED = 0.04336905  # ICC(1) of WBEING in GRP, by the mean size of companies


@pytest.fixture(scope="module")
def soldiers(public_data: Path) -> pd.DataFrame:
    return pd.read_csv(public_data / "multilevel" / "bh1996.csv")


def test_well_being_of_soldiers_in_companies(soldiers: pd.DataFrame) -> None:
    found = reliability.aggregation(soldiers["WBEING"], soldiers["GRP"], size="mean")
    assert found.icc1 == pytest.approx(PUBLISHED, abs=5e-9) and (found.n_units, found.n_answers) == (99, 7382)
    assert found.is_shared and found.icc2 > 0.7


def test_the_unbiased_size_moves_the_third_digit(soldiers: pd.DataFrame) -> None:
    found = reliability.aggregation(soldiers["WBEING"], soldiers["GRP"])
    assert 1e-4 < found.icc1 - PUBLISHED < 2e-4 and found.icc1_low < PUBLISHED < found.icc1_high
    assert found.typical_n < 7382 / 99


def test_companies_dealt_out_at_random_share_nothing(soldiers: pd.DataFrame) -> None:
    dealt = np.random.default_rng(1).permutation(soldiers["GRP"])
    found = reliability.aggregation(soldiers["WBEING"], dealt)
    assert not found.is_shared and abs(found.icc1) < 0.01


def test_nulls_of_agreement_are_variances_of_stated_answers() -> None:
    """James, Demaree & Wolf 1984: equal chances, and 5, 15, 20, 35 and 25 % of answers from 1 to 5."""
    points = np.arange(1, 6)
    for null, chances in (("uniform", np.full(5, 0.2)), ("slight skew", np.array([0.05, 0.15, 0.20, 0.35, 0.25]))):
        found = reliability.agreement([1.0, 2, 3, 4], [1, 1, 2, 2], points=5, null=null)
        assert found.null_variance == pytest.approx(chances @ points**2 - (chances @ points) ** 2)
    seven = reliability.agreement([1.0, 2, 3, 4], [1, 1, 2, 2], points=7)
    assert seven.null_variance == 4
