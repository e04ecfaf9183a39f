"""Dealers whose customers answer more where served better: the corrected score holds the planted truth, without the dealer it does not."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from voclib.stats import propensity
from voclib.studies.survivorship import correction

RUNS, PEOPLE, LEVELS = 60, 4000, (-100.0, 0.0, 100.0)
SCALE = {"low": -100.0, "high": 100.0}


def draw(seed: int, *, pull: float, dealers: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Covariates (N, 2), NPS points (N,) or NaN, dealer (N,), and the score of all customers there could be; `pull` of quality on answering."""
    rng = np.random.default_rng([seed, 21])
    quality, unit, known = rng.normal(size=dealers), rng.integers(0, dealers, PEOPLE), rng.normal(size=(PEOPLE, 2))
    feeling = 0.6 * known[:, 0] + 0.3 * quality[unit] + rng.normal(size=PEOPLE)
    y = np.select([feeling > 0.2, feeling < -0.8], [100.0, -100.0], 0.0)
    answers = rng.random(PEOPLE) < 1 / (1 + np.exp(1.2 - 0.7 * known[:, 0] - pull * quality[unit]))
    spread = np.sqrt(1 + 0.6**2 + 0.3**2)
    return known, np.where(answers, y, np.nan), unit, float(100 * (norm.sf(0.2 / spread) - norm.cdf(-0.8 / spread)))


def coverage(pull: float) -> tuple[float, float]:
    """How often the interval holds the truth with what the page knows of a dealer, and without."""
    held = []
    for seed in range(RUNS):
        known, y, unit, truth = draw(seed, pull=pull)
        row = []
        for matrix in (np.column_stack([known, *correction._dealer(y, unit)]), known):
            fit = propensity.aipw_mean(y, matrix, ids=np.arange(PEOPLE), levels=LEVELS, cluster=unit, repeats=1, seed=1).fit
            made = fit.estimate("nps_all", unit="points", **SCALE)
            row.append(made.conf_low <= truth <= made.conf_high)
        held.append(row)
    return tuple(np.mean(held, axis=0))


def test_dealers_whose_customers_answer_more_where_served_better() -> None:
    ours, without = coverage(0.6)
    assert ours >= 0.88 and without <= 0.65


def test_dealers_that_differ_in_nothing_but_quality_cost_nothing() -> None:
    ours, without = coverage(0.0)
    assert ours >= 0.88 and without >= 0.88


def test_the_context_leaves_each_customer_out_and_needs_dealers() -> None:
    _, y, unit, _ = draw(3, pull=0.6)
    column, = correction._dealer(y, unit)
    flipped = np.where(np.arange(PEOPLE) == 7, np.where(np.isnan(y), 100.0, np.nan), y)
    assert np.isclose(correction._dealer(flipped, unit)[0][7], column[7], atol=0.02) and correction._dealer(y, None) == []
    alone = np.where(np.arange(PEOPLE) < 5, -1 - np.arange(PEOPLE), unit)
    assert np.ptp(correction._dealer(y, alone)[0][:5]) == 0, "who has no dealer gets the mean of all"
