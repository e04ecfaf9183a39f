"""Customers of dealers that differ in quality, who answer more readily the better their dealer is."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

LATENT = (0.6, 0.3)  # what a customer's known trait and the dealer's quality add to satisfaction, on a normal scale
HAPPY, UNHAPPY = 0.2, -0.8  # above and below which a customer is a promoter and a detractor


def draw(seed: int, *, pull: float, customers: int = 4000, dealers: int = 50) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float]:
    """Traits (N, 2), NPS points (N,) or NaN where silent, and dealer (N,); and the expected NPS of all customers.

    A fifth or more answer, with log-odds that rise by 0.7 with the first trait and by `pull` with the standardised quality of the dealer, of which
    nothing is on record.
    """
    rng = np.random.default_rng([seed, 21])
    quality, unit, known = rng.normal(size=dealers), rng.integers(0, dealers, customers), rng.normal(size=(customers, 2))
    feeling = LATENT[0] * known[:, 0] + LATENT[1] * quality[unit] + rng.normal(size=customers)
    points = np.select([feeling > HAPPY, feeling < UNHAPPY], [100.0, -100.0], 0.0)
    answers = rng.random(customers) < 1 / (1 + np.exp(1.2 - 0.7 * known[:, 0] - pull * quality[unit]))
    spread = float(np.sqrt(1 + sum(part**2 for part in LATENT)))
    return (known, np.where(answers, points, np.nan), unit), float(100 * (norm.sf(HAPPY / spread) - norm.cdf(UNHAPPY / spread)))
