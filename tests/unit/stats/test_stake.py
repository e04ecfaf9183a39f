"""Money at risk: chance of leaving times what those alike who stay bring."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import long_waits
from voclib.stats import crossfit, stake


def world(seed: int, customers: int = 3000, log_sd: float = 0.8):
    """Customers of DGP C, and the mean of chance times expected money over those who waited."""
    frame, _ = long_waits.draw(seed, customers=customers, log_sd=log_sd)
    frame["prior_rank"] = np.log(frame["prior_spend"])
    matrix = crossfit.features(frame, ["prior_rank", "tenure"], squares=True).matrix
    return frame, matrix


def risk(frame, matrix, **options):
    given = {"of": frame["waited"], "ids": np.arange(len(frame)), "seed": 1} | options
    return stake.at_risk(frame["margin_12m"], frame["is_churned"], matrix, **given)


def test_it_covers_the_stake_of_the_world() -> None:
    big, matrix = world(900, 400_000)
    rows = big["waited"].to_numpy()
    levels = np.digitize(big["prior_rank"], np.quantile(big["prior_rank"], np.linspace(0, 1, 60)[1:-1])) * 12 + np.digitize(
        big["tenure"], np.quantile(big["tenure"], np.linspace(0, 1, 12)[1:-1]))
    gone, money = big["is_churned"].to_numpy(float), big["margin_12m"].to_numpy()
    size = np.bincount(levels[rows], minlength=720)
    chance = np.bincount(levels[rows], gone[rows], 720) / np.maximum(size, 1)
    stays = rows & (gone == 0)
    mean = np.bincount(levels[stays], money[stays], 720) / np.maximum(np.bincount(levels[stays], minlength=720), 1)
    truth = float((size * chance * mean).sum() / size.sum())
    naive = float(gone[rows].mean() * money[stays].mean())  # as if who leaves were worth as much as who stays
    held = wrong = 0
    for seed in range(60):
        found = risk(*world(seed))
        low, high = found.fit.value - 1.96 * found.fit.std_error, found.fit.value + 1.96 * found.fit.std_error
        held, wrong = held + (low <= truth <= high), wrong + (low <= naive <= high)
    assert held >= 52 and wrong < held, (held, wrong)


def test_row_order_and_currency_change_nothing() -> None:
    frame, matrix = world(3)
    found = risk(frame, matrix)
    order = np.random.default_rng(0).permutation(len(frame))
    shuffled = risk(frame.iloc[order], matrix[order], ids=np.arange(len(frame))[order])
    assert shuffled.fit.value == pytest.approx(found.fit.value, rel=1e-9)
    fen = risk(frame.assign(margin_12m=frame["margin_12m"] * 100), matrix)
    assert fen.fit.value == pytest.approx(100 * found.fit.value, rel=1e-9) and fen.fit.std_error == pytest.approx(100 * found.fit.std_error, rel=1e-9)


def test_bad_input_is_named() -> None:
    frame, matrix = world(4, 300)
    with pytest.raises(ParameterError, match="same rows"):
        risk(frame, matrix[:-1])
    with pytest.raises(DataError, match="an amount and 0 or 1"):
        risk(frame.assign(margin_12m=np.nan), matrix)
    with pytest.raises(DataError, match="at least 30 of each"):
        risk(frame, matrix, of=np.arange(len(frame)) < 20)
