"""Whether the last period differs from the usual ones, for many counts at once that scatter more than chance would have them.

Each row of counts has a rate of its own. How much rows scatter about it, beyond Poisson, is learnt from all of them together: each row's own
dispersion, told by a dozen periods only, is drawn towards what is common (Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3; for counts Lund, Nettleton,
McCarthy & Smyth 2012, ibid. 11). That buys degrees of freedom, without which nothing would stand out among hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from voclib.errors import DataError

Array = NDArray[np.float64]
FEWEST_PERIODS = 6  # usual ones, below which neither a rate nor its scatter is told
ANSCOMBE = 3 / 8  # added to a count before its root is taken
LEAST_DISPERSION = 0.05  # below which a row's own dispersion is no information, but a log that runs away
MOST_DF = 1e6
MOST_BORROWED = 1.5  # degrees of freedom borrowed for each of a row's own: rows of truly different scatter must not pass for one another


@dataclass(frozen=True, kw_only=True)
class Recent:
    """The last period against the usual ones; arrays (K,) in the order of the rows.

    ratio : of the recent rate to the usual one; NaN where a row cannot be told.
    df : degrees of freedom of Student's t, own and borrowed ones.
    p_value : two-sided, that nothing changed; 1 for rows that cannot be told.
    expected : events of the last period at the usual rate; events : those that were seen; usual_events : in all usual periods together.
    dispersion : variance over the mean, drawn together, never below 1.
    is_told : rows with at least the events asked for.
    """

    ratio: Array
    df: float
    p_value: Array
    expected: Array
    events: Array
    usual_events: Array
    dispersion: Array
    is_told: NDArray[np.bool_]

    def interval(self, conf_level: float) -> tuple[Array, Array]:
        """Ends (K,) of the ratio: those that the test would not reject. The lower is 0 where none is too low, the upper infinite where none too high.

        With u = √(r·expected) and a = √(events + 3/8) the ends solve 4(a − u)² = t²φ(1 + u² / usual_events).
        """
        reach = stats.t.ppf(0.5 + conf_level / 2, self.df) ** 2 * self.dispersion
        a, told = np.sqrt(self.events + ANSCOMBE), self.is_told
        ends = np.full((2, len(a)), np.nan)
        square = 4 - np.divide(reach, self.usual_events, out=np.full(len(a), np.inf), where=self.usual_events > 0)
        root = np.sqrt(np.maximum(64 * a**2 - 4 * square * (4 * a**2 - reach), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = ((8 * a + sign * root) / (2 * square) for sign in (-1, 1))
            ends[0] = np.where(told, np.maximum(low, 0.0) ** 2 / self.expected, np.nan)
            ends[1] = np.where(told, np.where(square > 0, high**2 / self.expected, np.inf), np.nan)
        return ends[0], ends[1]


def against_usual(counts: ArrayLike, exposure: ArrayLike | None = None, *, least_expected: float = 5.0, least_usual: float = 20.0) -> Recent:
    """The last column of `counts` (K, T) against all columns before it, per unit of `exposure` (K, T) where one is given.

    ratio = y_T / μ with μ = e_T · Σ y_t / Σ e_t, the events expected. Counts are compared on the scale of their square roots, where their variance
    hardly depends on their mean and large ones are not taken for certain (Anscombe 1948, Biometrika 35):
    z = 2(√(y_T + 3/8) − √μ) / √(φ(1 + μ / Σ y_t)), φ the dispersion of the usual periods by Pearson's χ².

    A row is told where `least_expected` events were to be expected and `least_usual` were seen before; periods without exposure are left out.

    Raises
    ------
    DataError
        for counts that are missing or below zero, an exposure of another shape, or fewer than seven periods.
    """
    y, e = _checked(counts, exposure)
    usual, open_ = y[:, :-1], e[:, :-1] > 0
    k0, e0 = np.where(open_, usual, 0.0).sum(axis=1), np.where(open_, e[:, :-1], 0.0).sum(axis=1)
    rate = np.divide(k0, e0, out=np.zeros_like(k0), where=e0 > 0)
    expected, periods = rate * e[:, -1], open_.sum(axis=1)
    told = (expected >= least_expected) & (k0 >= least_usual) & (periods >= FEWEST_PERIODS) & (e[:, -1] > 0)
    own, df = _dispersion(usual, e[:, :-1], rate, open_), np.maximum(periods - 1, 1)
    moderated, total = _together(own[told], df[told]) if told.any() else (np.zeros(0), float(y.shape[1] - 2))
    dispersion = np.ones(len(y))
    dispersion[told] = np.maximum(moderated, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = 2 * (np.sqrt(y[:, -1] + ANSCOMBE) - np.sqrt(expected)) / np.sqrt(dispersion * (1 + expected / k0))
        ratio = np.where(told, y[:, -1] / expected, np.nan)
    p = np.where(told, 2 * stats.t.sf(np.abs(z), total), 1.0)
    return Recent(ratio=ratio, df=total, p_value=p, expected=expected, events=y[:, -1], usual_events=k0, dispersion=dispersion, is_told=told)


def of_two(events: ArrayLike, exposure: ArrayLike, before: ArrayLike, exposure_before: ArrayLike, *, conf_level: float = 0.95) -> Array:
    """Ratio of two rates and its ends (3, ...), counts as Poisson and the logarithm as normal: what two columns of a sheet say, not more."""
    k1, e1, k0, e0 = (np.asarray(a, dtype=float) for a in (events, exposure, before, exposure_before))
    ratio = np.log(k1 * e0 / (k0 * e1))
    reach = stats.norm.ppf(0.5 + conf_level / 2) * np.sqrt(1 / k1 + 1 / k0)
    return np.exp(np.array([ratio, ratio - reach, ratio + reach]))


def poisson_flags(found: Recent, *, level: float = 0.05) -> int:
    """How many rows a test would call moved that takes counts as Poisson and each row as the only one looked at: the usual control chart."""
    told = found.is_told
    z = 2 * (np.sqrt(found.events + ANSCOMBE) - np.sqrt(found.expected))[told]
    return int((2 * stats.norm.sf(np.abs(z)) <= level).sum())


def _checked(counts: ArrayLike, exposure: ArrayLike | None) -> tuple[Array, Array]:
    y = np.asarray(counts, dtype=float)
    e = np.ones_like(y) if exposure is None else np.asarray(exposure, dtype=float)
    if y.ndim != 2 or y.shape[1] <= FEWEST_PERIODS:
        raise DataError(f"What is usual is learnt from {FEWEST_PERIODS} periods or more before the last one; counts of shape {y.shape} hold fewer.")
    if e.shape != y.shape:
        raise DataError(f"Exposure has one value for each count, {y.shape}; it has {e.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(e).all() and (y >= 0).all() and (e >= 0).all()):
        raise DataError("Counts and exposures are 0 or more and never missing.")
    return y, e


def _dispersion(usual: Array, exposure: Array, rate: Array, open_: NDArray[np.bool_]) -> Array:
    """Pearson's χ² of each row by its degrees of freedom; 1 for a row without events."""
    mean = rate[:, None] * exposure
    terms = np.divide((usual - mean) ** 2, mean, out=np.zeros_like(mean), where=open_ & (mean > 0))
    return np.where(rate > 0, terms.sum(axis=1) / np.maximum(open_.sum(axis=1) - 1, 1), 1.0)


def _together(own: Array, df: NDArray[np.int_]) -> tuple[Array, float]:
    """Dispersions (K,) drawn towards the common one, and the degrees of freedom of all; moments of log F (Smyth 2004, section 6.2)."""
    if len(own) < 2:
        return own, float(df.min())
    logs = np.log(np.maximum(own, LEAST_DISPERSION))
    e = logs - special.digamma(df / 2) + np.log(df / 2)
    spread = float(np.var(e, ddof=1) - special.polygamma(1, df / 2).mean())
    alike = spread <= special.polygamma(1, MOST_DF)  # rows scatter equally: all of them tell one dispersion
    prior = MOST_DF if alike else 2 * float(optimize.brentq(lambda x: special.polygamma(1, x) - spread, 1e-3, MOST_DF))
    common = float(np.exp(e.mean() + (0.0 if alike else special.digamma(prior / 2) - np.log(prior / 2))))
    prior = min(prior, MOST_BORROWED * float(df.min()))
    return (prior * common + df * own) / (prior + df), float(prior + df.min())
