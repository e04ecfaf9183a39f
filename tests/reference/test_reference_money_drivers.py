"""Published shares: LMG of the swiss data, famous games, and Poisson pseudo-likelihood against an independent package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.simulate.worlds import pains
from voclib.stats.attribution import joint_removal, lmg, shapley

SWISS = {"Agriculture": .05709122, "Examination": .17117303, "Education": .26013468, "Catholic": .10557015, "Infant.Mortality": .11276592}


@pytest.fixture(scope="module")
def swiss(public_data) -> pd.DataFrame:
    return pd.read_csv(public_data / "reference_small" / "swiss.csv", index_col=0)


def test_swiss_lmg_shares_to_every_printed_digit(swiss) -> None:
    """relaimpo's example: Fertility of 47 provinces on five columns."""
    found = lmg(swiss["Fertility"], swiss.drop(columns="Fertility"), seed=1)
    assert dict(zip(found.names, found.share, strict=True)) == pytest.approx(SWISS, abs=5e-9)
    assert found.r_squared == pytest.approx(.7067, abs=5e-5) and (found.n, found.left_out, found.dropped) == (47, (), 0)
    assert found.names[int(found.rank.argmin())] == "Education"
    assert (found.conf_low < found.share).all() and (found.share < found.conf_high).all()
    assert found.rank_high.max() == 5 and found.rank_low.min() == 1, "47 provinces cannot tell five ranks apart"


def test_swiss_shares_of_grouped_columns_are_those_of_the_smaller_game(swiss) -> None:
    grouped = lmg(swiss["Fertility"], swiss.drop(columns="Fertility"), groups={"school": ["Examination", "Education"]}, draws=20)
    assert grouped.names == ("Agriculture", "school", "Catholic", "Infant.Mortality") and grouped.r_squared == pytest.approx(.7067, abs=5e-5)


def test_security_council() -> None:
    """Shapley & Shubik: five permanent members with a veto hold 421/2145 each, ten others 4/2145, when nine of fifteen votes pass."""
    seats = np.arange(2**15)
    passes = ((seats & 31) == 31) & (np.bitwise_count(seats) >= 9)
    found = shapley(passes.astype(float), 15)
    assert found[:5] == pytest.approx(421 / 2145, rel=1e-12) and found[5:] == pytest.approx(4 / 2145, rel=1e-12)


def test_glove_game() -> None:
    """Two left gloves and a right one, worth 1 a pair: 1/6, 1/6, 2/3."""
    assert shapley([0, 0, 0, 0, 0, 1, 1, 1], 3) == pytest.approx([1 / 6, 1 / 6, 2 / 3])


def test_joint_model_is_that_of_pyfixest() -> None:
    import pyfixest

    frame, _ = pains.draw(1, customers=2000)
    names = list(pains.topics())
    theirs = pyfixest.fepois(f"margin_12m_cny ~ prior + mood + {' + '.join(names)}", data=frame, vcov="iid")
    ours = joint_removal(frame["margin_12m_cny"], frame[names], frame[["prior", "mood"]], names=names)
    assert ours.coefficients == pytest.approx(theirs.coef()[names].to_numpy(), abs=1e-6)
