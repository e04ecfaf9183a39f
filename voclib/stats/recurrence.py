"""By what a moment multiplies how often somebody does something, where everybody has a rate of their own and the moment comes of doing it.

Person i has an unknown rate uᵢ; in calendar period q and state s (0 before the moment) it is done at

    λ_iqs = uᵢ · exp(α + b_q + β_s),   uᵢ gamma with mean 1 and shape a,

and the person is seen at all only if they did it once. With counts K and exposure T by period and state, N = ΣK and Λ = ΣT·exp(α + b + β),

    log Lᵢ = log Γ(N + a)/Γ(a) + a log a − (N + a) log(a + Λ) + Σ K (α + b + β) − log(1 − (1 + Λ⁰/a)^−a),

where Λ⁰ is Λ with the person in state 0 throughout: before the first time nobody can have reached the moment.

The moment may depend on what the person did before. The likelihood of a counting process allows that, as long as the rate is integrated out
(Aalen, Borgan & Gjessing 2008, Survival and Event History Analysis, 7.2; Cook & Lawless 2007, The Statistical Analysis of Recurrent Events, 3.5).
Comparing each person with themselves by conditioning on N (fixed effects; Farrington 1995, Biometrics 51) does not: whoever hears because of what
they did has done it before by construction, which lowers the ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from voclib.errors import DataError
from voclib.stats import inference

Array = NDArray[np.float64]
SHAPES = (-3.5, 5.0)  # of log a: beyond the upper one people do not differ, beyond the lower one a few do everything
STEP = 1e-5
ROUNDS = 200


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """Log ratios of the states against state 0, (S − 1,), with their covariance clustered by `cluster`.

    `shape` of the gamma is how similar people are (large: all the same); `is_told` is False where no maximum was found.
    """

    log: Array
    covariance: Array
    df: float
    shape: float
    people: int
    clusters: int
    is_told: bool

    def interval(self, state: int = 1, conf_level: float = 0.95) -> tuple[float, float, float]:
        """Ratio of a state with the ends of its interval."""
        at, error = self.log[state - 1], float(np.sqrt(self.covariance[state - 1, state - 1]))
        reach = inference.quantile(conf_level, self.df) * error
        return float(np.exp(at)), float(np.exp(at - reach)), float(np.exp(at + reach))

    def contrast(self, state: int, other: int, conf_level: float = 0.95) -> tuple[float, float, float]:
        """Ratio of one state to another, both above 0, with its ends."""
        v = self.covariance
        i, j = state - 1, other - 1
        at, error = self.log[i] - self.log[j], float(np.sqrt(max(v[i, i] + v[j, j] - 2 * v[i, j], 0.0)))
        reach = inference.quantile(conf_level, self.df) * error
        return float(np.exp(at)), float(np.exp(at - reach)), float(np.exp(at + reach))


def fit(counts: ArrayLike, exposure: ArrayLike, *, cluster: ArrayLike) -> Ratios:
    """Ratios by maximum likelihood of the model above; `counts` and `exposure` are (N, Q, S), of people with a count at least once.

    The error is the larger of the model's and of the sandwich over `cluster` (N,), with t of as many degrees of freedom as clusters less one.

    Raises
    ------
    DataError
        for shapes that differ, a person without a count, a count without exposure, or a state that nobody did anything in.
    """
    k, t, codes = _checked(counts, exposure, cluster)
    design = _design(k)
    start = np.zeros(design.shape[-1] + 1)
    start[1] = np.log(k.sum() / t.sum() / 2)
    theta, is_told = _climb(start, k, t, design)
    free = np.arange(len(theta)) if SHAPES[0] < theta[0] < SHAPES[1] else np.arange(1, len(theta))
    information = -_slope(theta, k, t, design)[np.ix_(free, free)]
    inverse = np.linalg.pinv(information)
    groups = int(codes.max()) + 1
    sums = np.zeros((groups, len(free)))
    np.add.at(sums, codes, _scores(theta, k, t, design)[:, free])
    sandwich = inverse @ (sums.T @ sums) @ inverse * groups / max(groups - 1, 1)
    wanted = np.arange(len(free))[-(k.shape[2] - 1):]
    model, robust = inverse[np.ix_(wanted, wanted)], sandwich[np.ix_(wanted, wanted)]
    widen = np.sqrt(np.maximum(np.diag(model) / np.maximum(np.diag(robust), 1e-300), 1.0))
    return Ratios(log=theta[-(k.shape[2] - 1):], covariance=robust * np.outer(widen, widen), df=float(max(groups - 1, 1)),
                  shape=float(np.exp(theta[0])), people=len(k), clusters=groups, is_told=is_told)


def within(counts: ArrayLike, exposure: ArrayLike, *, cluster: ArrayLike) -> tuple[float, float]:
    """Log ratio of state 1 of people who had both states, conditional on each one's total (fixed-effects Poisson), and its clustered error.

    Biased downward where the moment comes of doing it; here to be shown beside `fit`. NaN where nobody has both states.
    """
    k, t = np.asarray(counts, dtype=float).sum(axis=1), np.asarray(exposure, dtype=float).sum(axis=1)
    both = (t[:, 0] > 0) & (t[:, 1] > 0) & (k.sum(axis=1) > 0)
    k, t = k[both], t[both]
    _, codes = np.unique(np.asarray(cluster)[both], return_inverse=True)
    if not len(k) or not k[:, 0].sum() or not k[:, 1].sum():
        return float("nan"), float("nan")
    n = k.sum(axis=1)

    def share(beta: float) -> Array:
        return t[:, 1] * np.exp(beta) / (t[:, 0] + t[:, 1] * np.exp(beta))

    beta = optimize.brentq(lambda b: float((k[:, 1] - n * share(b)).sum()), -30, 30)
    p = share(beta)
    sums = np.bincount(codes, k[:, 1] - n * p)
    groups = len(sums)
    return float(beta), float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)) / (n * p * (1 - p)).sum())


def rates(counts: ArrayLike, exposure: ArrayLike, *, cluster: ArrayLike) -> tuple[float, float]:
    """Log ratio of two plain rates, columns of `counts` and `exposure` (N, 2) over each other, and its error clustered by `cluster` (N,)."""
    k, t = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    total, time = k.sum(axis=0), t.sum(axis=0)
    if not (total > 0).all() or not (time > 0).all():
        return float("nan"), float("nan")
    influence = (k[:, 1] - total[1] / time[1] * t[:, 1]) / total[1] - (k[:, 0] - total[0] / time[0] * t[:, 0]) / total[0]
    _, codes = np.unique(np.asarray(cluster), return_inverse=True)
    sums = np.bincount(codes, influence)
    return float(np.log(total[1] / time[1] / (total[0] / time[0]))), float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))


def _checked(counts: ArrayLike, exposure: ArrayLike, cluster: ArrayLike) -> tuple[Array, Array, NDArray[np.intp]]:
    k, t, named = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float), np.asarray(cluster)
    if k.ndim != 3 or k.shape != t.shape or len(named) != len(k):
        raise DataError(f"Counts and exposure are (people, periods, states) with a cluster a person; they are {k.shape}, {t.shape} and "
                        f"{named.shape}.")
    if (bad := int((k.sum(axis=(1, 2)) < 1).sum())):
        raise DataError(f"{bad} people have no event; the model is of those who have at least one.")
    if ((k > 0) & (t <= 0)).any():
        raise DataError("An event lies where its person has no exposure; cut exposure and counts at the same moments.")
    if not k.sum(axis=(0, 1)).all():
        raise DataError("Nobody has an event in one of the states, so its ratio is not finite.")
    return k, t, np.unique(named, return_inverse=True)[1]


def _design(k: Array) -> Array:
    """Columns of a period and a state (Q, S, p): a constant, periods but the busiest, states but 0. A period without events is joined to it."""
    q, s = k.shape[1:]
    per = k.sum(axis=(0, 2))
    others = [i for i in range(q) if i != int(per.argmax()) and per[i] > 0]
    made = np.zeros((q, s, 1 + len(others) + s - 1))
    made[..., 0] = 1
    for at, i in enumerate(others, start=1):
        made[i, :, at] = 1
    for state in range(1, s):
        made[:, state, len(others) + state] = 1
    return made


def _parts(theta: Array, t: Array, design: Array) -> tuple[Array, Array, Array, Array]:
    """Λ (N,) and its slope (N, p) as time was spent, and the same of state 0 throughout."""
    rate = np.exp(np.clip(design @ theta[1:], -40, 40))
    spent, never = t * rate, t.sum(axis=2) * rate[:, 0]
    return (spent.sum(axis=(1, 2)), np.einsum("nqs,qsp->np", spent, design), never.sum(axis=1), never @ design[:, 0])


def _likelihood(theta: Array, k: Array, t: Array, design: Array) -> float:
    a, n = np.exp(theta[0]), k.sum(axis=(1, 2))
    whole, _, never, _ = _parts(theta, t, design)
    seen = -np.expm1(-a * np.log((a + never) / a))
    each = special.gammaln(n + a) - special.gammaln(a) + a * np.log(a) - (n + a) * np.log(a + whole) + (k * (design @ theta[1:])).sum(axis=(1, 2))
    return float((each - np.log(seen)).sum())


def _scores(theta: Array, k: Array, t: Array, design: Array) -> Array:
    """Slope of every person's log likelihood (N, 1 + p); the first is of log a."""
    a, n = np.exp(theta[0]), k.sum(axis=(1, 2))
    whole, slope, never, never_slope = _parts(theta, t, design)
    reach = np.log((a + never) / a)
    unseen = np.exp(-a * reach)
    odds = unseen / -np.expm1(-a * reach)
    of_rate = np.einsum("nqs,qsp->np", k, design) - ((n + a) / (a + whole))[:, None] * slope
    of_rate -= (odds / (1 + never / a))[:, None] * never_slope
    of_shape = special.digamma(n + a) - special.digamma(a) + np.log(a) + 1 - np.log(a + whole) - (n + a) / (a + whole)
    of_shape += odds * (never / a / (1 + never / a) - reach)
    return np.column_stack([a * of_shape, of_rate])


def _slope(theta: Array, k: Array, t: Array, design: Array) -> Array:
    """Slope of the summed scores (p, p), by central differences of exact scores."""
    made = np.empty((len(theta), len(theta)))
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = STEP
        made[j] = (_scores(theta + step, k, t, design).sum(axis=0) - _scores(theta - step, k, t, design).sum(axis=0)) / (2 * STEP)
    return (made + made.T) / 2


def _climb(theta: Array, k: Array, t: Array, design: Array) -> tuple[Array, bool]:
    """The maximum by Newton's method with halved steps, log a held between its ends; and whether it was reached."""
    now = _likelihood(theta, k, t, design)
    for _ in range(ROUNDS):
        gradient = _scores(theta, k, t, design).sum(axis=0)
        held = (theta[0] <= SHAPES[0] and gradient[0] < 0) or (theta[0] >= SHAPES[1] and gradient[0] > 0)
        free = np.arange(1 if held else 0, len(theta))
        curve, root = np.linalg.eigh(-_slope(theta, k, t, design)[np.ix_(free, free)])
        step = np.zeros(len(theta))
        step[free] = root @ (root.T @ gradient[free] / np.maximum(np.abs(curve), 1e-6))  # uphill also where it is not yet bent down
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        size = 1.0
        while size > 1e-9:
            tried = theta + size * step
            tried[0] = np.clip(tried[0], *SHAPES)
            value = _likelihood(tried, k, t, design)
            if value >= now - 1e-10:
                break
            size /= 2
        moved, theta, now = float(np.abs(tried - theta).max()), tried, value
        if moved < 1e-9:
            return theta, bool(np.abs(gradient[free]).max() < 1e-3 * max(1.0, np.sqrt(k.sum())))
    return theta, False
