"""Published results: Card 1995, what a year of schooling is worth, with a college nearby as the instrument."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voclib.stats.leniency import instrumented

CONTROLS = ["exper", "exper_squared", "black", "smsa", "south", "smsa66", *(f"reg{k}" for k in range(662, 670))]


@pytest.fixture(scope="module")
def card(public_data: Path) -> pd.DataFrame:
    men = pd.read_csv(public_data / "reference_small" / "card.csv")
    return men.assign(exper_squared=men["exper"] ** 2)


def schooling(card: pd.DataFrame, instrument: str, variance: str = "classical"):
    return instrumented(card["lwage"], card["educ"], card[instrument], controls=card[CONTROLS], variance=variance)


class TestCard:
    """Card 1995, table 3; recomputed in Wooldridge 2010, example 5.4: 3,010 men, log wages of 1976."""

    def test_two_stages_with_a_college_nearby(self, card: pd.DataFrame) -> None:
        found = schooling(card, "nearc4")
        assert found.n == 3010
        assert (round(found.value, 4), round(found.std_error, 4)) == (0.1315, 0.0550)

    def test_ordinary_least_squares(self, card: pd.DataFrame) -> None:
        found = schooling(card, "educ")
        assert (round(found.value, 4), round(found.std_error, 4)) == (0.0747, 0.0035)
        assert found.df == 3010 - len(CONTROLS) - 2

    def test_it_is_the_ratio_of_reduced_form_and_first_stage(self, card: pd.DataFrame) -> None:
        reduced = instrumented(card["lwage"], card["nearc4"], card["nearc4"], controls=card[CONTROLS]).value
        first = instrumented(card["educ"], card["nearc4"], card["nearc4"], controls=card[CONTROLS]).value
        assert schooling(card, "nearc4").value == pytest.approx(reduced / first)

    def test_robust_errors_are_close_and_two_instruments_closer(self, card: pd.DataFrame) -> None:
        both = instrumented(card["lwage"], card["educ"], card[["nearc2", "nearc4"]], controls=card[CONTROLS], variance="classical")
        assert schooling(card, "nearc4", "robust").std_error == pytest.approx(0.0550, rel=0.05)
        assert both.std_error < schooling(card, "nearc4").std_error and np.isfinite(both.value)
