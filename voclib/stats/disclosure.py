"""How many of the people in a release can be identified: the share found by an attacker who draws at random from those who match.

A record whose values are shared by F people of the population is found with probability 1/F (k-anonymity: Sweeney 2002, IJUFKS 10: 557–570; the
prosecutor's risk: El Emam & Dankar 2008, JAMIA 15: 627–637), provided that F counts the *population*. Where the data hold a sample of it, classes are
smaller than they are out there: 1/f overstates the risk, while counting a sample's unique records as population uniques is its extreme (Skinner &
Elliot 2002, JRSS B 64: 855–867). If everybody is in the data with the same probability π, the X others seen of M = F − 1 are Bin(M, π), and

    1/(1 + M) = ∫₀¹ tᴹ dt,   E[sˣ] = (1 − π + πs)ᴹ   ⇒   E[ π/(X+1) · (1 − (−(1−π)/π)^{X+1}) ] = 1/(1 + M),

an unbiased estimate without a model of the population (of the kind of Goodman 1949, Ann. Math. Stat. 20), bounded where π ≥ ½. Below that its terms
alternate and grow; cut after a positive one they bound the mean from above, after a negative one from below, since t ↦ E[tᴹ] has derivatives of one
sign only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
HALF = 0.5  # from this part of the population on, the unbiased estimate is bounded
STEEP = 1.25  # a term of the alternating sum that weighs more than this is noise


class Ends(NamedTuple):
    """What each row adds to a lower and to an upper bound of the mean of 1/F."""

    low: Array
    high: Array


def chance(others: ArrayLike, *, fraction: float = 1.0) -> Array:
    """The unbiased estimate of 1/F of every row (N,) from the `others` seen to match (N,), where `fraction` ≥ ½ of the population is in the data.

    Single values may lie outside 0–1; their mean estimates the mean of 1/F.

    Raises
    ------
    ParameterError
        for a fraction below ½ (use `chance_ends`) or above 1, or a negative number of others.
    """
    x = _others(others)
    _fraction(fraction, low=HALF)
    return fraction / (x + 1) * (1 - (-(1 - fraction) / fraction) ** (x + 1))


def chance_ends(others: ArrayLike, *, fraction: float) -> Ends:
    """What every row adds to the bounds of the mean of 1/F, for any fraction in (0, 1].

    ∫₀¹ E[tᴹ]dt from 1 − π on is E[π/(X+1)]; the rest expands about 1 − π in P(X = k)·(−r)ᵏ(1−π)/(k+1), r = (1−π)/π. As many terms are taken as
    weigh no more than `STEEP`. Bounds meet at π = 1.

    Raises
    ------
    ParameterError
        for a fraction outside (0, 1], or a negative number of others.
    """
    x = _others(others)
    _fraction(fraction, low=0.0)
    ratio, sure = (1 - fraction) / fraction, fraction / (x + 1)
    weight = lambda k: (-ratio) ** k * (1 - fraction) / (k + 1)  # noqa: E731
    last = max((k for k in range(8) if abs(weight(k)) <= STEEP), default=0)
    ends = {}
    for name, odd in (("high", 0), ("low", 1)):
        top = max((k for k in range(last + 1) if k % 2 == odd), default=None)
        ends[name] = sure + (sum((weight(k) * (x == k) for k in range(top + 1)), np.zeros(len(x))) if top is not None else 0.0)
    low = ends["low"] if ends["low"].mean() > sure.mean() else sure  # without any term the rest is at least nothing
    return Ends(low, ends["high"])


def found(
    others: ArrayLike, *, fraction: float = 1.0, estimand: str, cluster: ArrayLike | None = None, conf_level: float = 0.95, **more: Any
) -> Estimate:
    """Share of records that an attacker finds who draws one of all that match: the mean of 1/F, with t interval (clusters: CR2).

    An estimate where at least half the population is in the data, bounds with the interval around both below that; `more` are fields of `Estimate`.

    Raises
    ------
    DataError
        for fewer than two records.
    ParameterError
        as `chance` and `chance_ends`.
    """
    x = _others(others)
    if len(x) < 2:
        raise DataError(f"A share of records found needs at least two of them; there are {len(x)}.")
    options = {"unit": "share", "conf_level": conf_level, **more}
    if fraction >= HALF:
        made = _fit(chance(x, fraction=fraction), cluster, "mean of 1/F").estimate(estimand, low=0.0, high=1.0, **options)
        return made.with_(value=float(np.clip(made.value, 0.0, 1.0)))
    low, high = (_fit(part, cluster, "") for part in chance_ends(x, fraction=fraction))
    reach = [inference.quantile(conf_level, one.df) * one.std_error for one in (low, high)]
    ends = np.clip([low.value, high.value, low.value - reach[0], high.value + reach[1]], 0.0, 1.0)
    return Estimate(
        estimand=estimand,
        kind="bounds",
        bound_low=float(ends[0]),
        bound_high=float(max(ends[:2])),
        conf_low=float(ends[2]),
        conf_high=float(ends[3]),
        n=len(x),
        n_clusters=low.n_clusters,
        ci_method="alternating bounds of 1/F",
        **options,
    )


def found_of_chosen(
    others: ArrayLike, *, tried: int, fraction: float, estimand: str, conf_level: float = 0.95, **more: Any
) -> Estimate:
    """Bounds of the share found of records that were chosen *because* many `others` (N,) are seen to match, `tried` being looked at.

    `found` would be too low for them: who by chance has more listed is chosen more often. Here every record has its own exact limits of F, each end
    at the level (1 − conf_level)/2 · N/tried, so that of the limits of chosen records no more than 1 − conf_level are wrong on average however they
    were chosen (false coverage rate: Benjamini & Yekutieli 2005, JASA 100: 71–81); the bounds are the means of 1/F at these limits.

    Raises
    ------
    DataError
        without a record.
    ParameterError
        for a fraction outside (0, 1], a negative number of others, or fewer tried than chosen.
    """
    x = _others(others)
    _fraction(fraction, low=0.0)
    if not len(x):
        raise DataError("A share of records found needs at least one of them; there is none.")
    if tried < len(x):
        raise ParameterError(f"{len(x)} records were chosen of {tried}: tried counts all that were looked at.")
    level = 1 - (1 - conf_level) / 2 * len(x) / tried
    ends = [float((1 / (1 + limit(x, fraction=fraction, conf_level=level))).mean()) for limit in (at_most, at_least)]
    return Estimate(estimand=estimand, kind="bounds", unit="share", bound_low=ends[0], bound_high=ends[1], conf_low=ends[0], conf_high=ends[1],
                    conf_level=conf_level, n=len(x), ci_method="means of exact limits of 1/F", **more)


def correct_if_unique(
    others: ArrayLike, *, fraction: float, estimand: str, cluster: ArrayLike | None = None, conf_level: float = 0.95, **more: Any
) -> Estimate:
    """Of matches to a record that is alone in the data, the share that is right: θ = π·n₁/(π·n₁ + 2(1 − π)·n₂), Skinner & Elliot 2002, eq. 5.

    Written by record: n₁ of them have no other seen, 2n₂ one other. Delta method, clusters allowed.

    Raises
    ------
    DataError
        where no record is alone in the data.
    """
    x = _others(others)
    _fraction(fraction, low=0.0)
    alone, paired = (x == 0).astype(float), (x == 1).astype(float)
    if not alone.any():
        raise DataError("No record is alone in the data, so no match to one can be right or wrong.")
    made = inference.transform(
        lambda a, b: fraction * a / (fraction * a + (1 - fraction) * b), _fit(alone, None, ""), _fit(paired, None, ""), cluster=cluster
    )
    return made.estimate(estimand, unit="share", low=0.0, high=1.0, conf_level=conf_level, **more)


def at_least(seen: ArrayLike, *, fraction: float = 1.0, conf_level: float = 0.95) -> NDArray[np.int64]:
    """The smallest class in the population that so many `seen` (N,) are likely from: the one-sided exact lower limit, never below `seen`.

    The least F with P(Bin(F, π) ≥ seen) > 1 − conf_level.
    """
    _fraction(fraction, low=0.0)
    f = np.asarray(seen, dtype=np.int64)
    if fraction == 1.0:
        return f
    made = {}
    for one in np.unique(f):
        span = np.arange(one, max(int(2 * one / fraction) + 20, one + 1))
        made[int(one)] = int(span[np.argmax(stats.binom.sf(one - 1, span, fraction) > 1 - conf_level)]) if one > 0 else 0
    return np.array([made[int(one)] for one in f], dtype=np.int64)


def at_most(seen: ArrayLike, *, fraction: float = 1.0, conf_level: float = 0.95) -> NDArray[np.int64]:
    """The largest class in the population that so few `seen` (N,) are likely from: the one-sided exact upper limit, never below `seen`.

    The largest F with P(Bin(F, π) ≤ seen) > 1 − conf_level.
    """
    _fraction(fraction, low=0.0)
    f = np.asarray(seen, dtype=np.int64)
    if fraction == 1.0:
        return f
    made = {}
    for one in np.unique(f):
        top = int(stats.nbinom.isf((1 - conf_level) / 10, one + 1, fraction)) + one + 2  # the (one + 1)th seen comes by then
        span = np.arange(one, top)
        made[int(one)] = int(span[np.flatnonzero(stats.binom.cdf(one, span, fraction) > 1 - conf_level)[-1]])
    return np.array([made[int(one)] for one in f], dtype=np.int64)


def exact(hits: int, n: int, *, estimand: str, conf_level: float = 0.95, **more: Any) -> Estimate:
    """A share of independent tries with the exact binomial interval (Clopper & Pearson 1934, Biometrika 26); none of n: up to 1 − (α/2)^{1/n}.

    Raises
    ------
    DataError
        without a try, or with more hits than tries.
    """
    if not 0 <= hits <= n or n == 0:
        raise DataError(f"{hits} hits in {n} tries are not a share.")
    tail = (1 - conf_level) / 2
    low = float(stats.beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return Estimate(
        estimand=estimand,
        kind="estimate",
        unit="share",
        value=hits / n,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=n,
        ci_method="Clopper–Pearson",
        **more,
    )


def _fit(values: Array, cluster: ArrayLike | None, method: str) -> Fit:
    return inference.fit(float(values.mean()), values - values.mean(), n=len(values), cluster=cluster, method=method)


def _others(others: ArrayLike) -> Array:
    x = np.asarray(others, dtype=float)
    if x.size and (not np.isfinite(x).all() or (x < 0).any()):
        raise ParameterError("others counts people beside the one looked for: 0 or more, none missing.")
    return x


def _fraction(fraction: float, *, low: float) -> None:
    if not (low < fraction <= 1 or fraction == low > 0):
        raise ParameterError(f"fraction is the part of the population in the data, above {low:g} and at most 1; it is {fraction!r}.")
