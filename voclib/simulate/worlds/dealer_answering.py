"""Customers of dealers that differ in quality, who answer more readily the better their dealer is."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

LATENT = (0.6, 0.3)  # what a customer's known trait and the dealer's quality add to satisfaction, on a normal scale
HAPPY, UNHAPPY = 0.2, -0.8  # above and below which a customer is a promoter and a detractor


def draw(seed: int, *, pull: float, customers: int = 4000, dealers: int = 50, mixed: float = 0.0,
         unrelated: float = 0.0) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float]:
    """Traits (N, 2), NPS points (N,) or NaN where silent, and dealer (N,); and the expected NPS of all customers.

    A fifth or more answer, with log-odds that rise by 0.7 with the first trait and by `pull` with the standardised quality of the dealer, of which
    nothing is on record. Dealers also differ by `unrelated` in these log-odds for reasons that have nothing to do with quality, and their customers
    in the first trait: `mixed` is the correlation of a customer's with the mean of the dealer's.
    """
    rng, more = np.random.default_rng([seed, 21]), np.random.default_rng([seed, 22])
    quality, unit, known = rng.normal(size=dealers), rng.integers(0, dealers, customers), rng.normal(size=(customers, 2))
    known[:, 0] = np.sqrt(1 - mixed**2) * known[:, 0] + mixed * more.normal(size=dealers)[unit]
    feeling = LATENT[0] * known[:, 0] + LATENT[1] * quality[unit] + rng.normal(size=customers)
    points = np.select([feeling > HAPPY, feeling < UNHAPPY], [100.0, -100.0], 0.0)
    ready = pull * quality[unit] + unrelated * more.normal(size=dealers)[unit]
    answers = rng.random(customers) < 1 / (1 + np.exp(1.2 - 0.7 * known[:, 0] - ready))
    spread = float(np.sqrt(1 + sum(part**2 for part in LATENT)))
    return (known, np.where(answers, points, np.nan), unit), float(100 * (norm.sf(HAPPY / spread) - norm.cdf(UNHAPPY / spread)))
