"""The headline of the dose curve says where its band leaves zero out, and never more."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from money_cohorts import drawn

from voclib.results import Text
from voclib.stats.dose import DoseResponse, dose_response
from voclib.studies.nps_revenue.captions import _response

N = 1500
RUNGS = SimpleNamespace(cohort=drawn(3, customers=200)[0])


def title(found: DoseResponse) -> Text:
    return _response(found, RUNGS)["title"]


def said(rng: np.random.Generator, effect: Callable[[np.ndarray], np.ndarray]) -> tuple[DoseResponse, Text]:
    """Waits of up to an hour and a half, an outcome that changes with them as planted, and what the headline says of it."""
    dose = rng.gamma(3.0, 10.0, N)
    found = dose_response(effect(dose) + rng.normal(0, rng.uniform(5, 8), N), dose, np.empty((N, 0)), reference=30.0)
    return found, title(found)


def out(found: DoseResponse) -> np.ndarray:
    return ((found.curve["band_low"] > 0) | (found.curve["band_high"] < 0)).to_numpy()


@pytest.mark.parametrize("seed", range(4))
def test_what_differs_only_below_the_reference_is_not_said_of_longer_waits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slope = rng.uniform(0.8, 1.2)
    found, says = said(rng, lambda d: slope * np.minimum(d - 20, 0))
    clear = found.curve["dose"][out(found)]
    assert len(clear) and clear.max() < found.reference, "nothing is planted beyond 20 minutes"
    low, high = map(int, re.search(r"only for waits of (\d+)–(\d+) minutes", says.en).groups())
    assert clear.min() <= low <= high <= clear.max() and f"{low}–{high} 分钟" in says.zh


@pytest.mark.parametrize("seed", range(4))
def test_it_holds_from_the_named_minute_to_the_end(seed: int) -> None:
    rng = np.random.default_rng(10 + seed)
    slope = rng.uniform(0.8, 1.2)
    found, says = said(rng, lambda d: -slope * (d - 30))
    start = int(re.search(r"from (\d+) minutes on", says.en)[1])
    assert start > found.reference and out(found)[found.curve["dose"] >= start].all() and f"等到 {start} 分钟以上" in says.zh


def test_what_comes_back_to_nothing_is_not_said_to_last() -> None:
    rng = np.random.default_rng(20)
    found, says = said(rng, lambda d: 25 * np.exp(-(((d - 45) / 6) ** 2)))
    assert not out(found)[-1] and out(found).any()
    assert "only for waits of" in says.en


def test_no_effect_is_seldom_called_clear() -> None:
    titles = [said(np.random.default_rng([30, seed]), lambda d: 0 * d)[1].en for seed in range(20)]
    assert sum("No difference" in t for t in titles) >= 16


def test_one_minute_is_singular() -> None:
    found, _ = said(np.random.default_rng(0), lambda d: d)
    dose = np.array([0.2, 0.6, 1.0, 1.4])
    curve = found.curve.iloc[:4].assign(dose=dose, band_low=[-1.0, -1.0, 1.0, 1.0], band_high=[1.0, 1.0, 2.0, 2.0])
    assert title(_replaced(found, curve)).en == "The difference is clear from 1 minute onwards"


def _replaced(found: DoseResponse, curve: pd.DataFrame) -> DoseResponse:
    return DoseResponse(**{**vars(found), "curve": curve, "reference": 0.0})
