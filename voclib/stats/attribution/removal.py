"""What overlapping pains cost together, and each one's share of it: one model of margin, every set of pains taken away in it.

In a model with a log link what two pains cost together is not the sum of what each costs alone. With a = exp(γ) a pain's factor and
μ₀ the margin without pains, a customer with the pains m brings μ₀·Π a. A customer's pains form one of at most 2^K patterns, so a million
customers become a short table of patterns, and the averages over all orders of removal are integrals of polynomials, taken exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.results import TIDY
from voclib.stats import inference
from voclib.stats.attribution.game import MOST
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Model = Literal["ppml", "linear"]
BLOCK = 16_384  # rows worked on at a time
MAX_STEPS = 60
HIGHEST = 0.99  # leverage of a row beyond which its residual says nothing
REPEATED = 1e-9  # share of a column's spread that others leave unexplained below which it repeats them


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What was lost to pains, in the unit of the outcome summed over all customers (positive = loss); Fits on the same N rows.

    `total` is V(all), the joint removal of all pains. `shares` (K) are Shapley values and add up to it. `alone` (K) is V({k}): only this
    pain is removed, the others stay. `last` (K) is V(all) − V(all∖k): what the pain would cost were it the only one. Where every pain harms,
    Σ alone ≤ total ≤ Σ last: neither may be added up. `leave_out` (K) is the mean of all minus the mean without customers who have the
    pain, per customer: no loss, shown as what it is, naive.

    `values` (2^K,) is V of every set of pains, indexed as `shapley` reads it; `coefficients` (K,) are those of the model, `exposed` (K,) counts
    customers with each pain.
    """

    names: tuple[str, ...]
    total: Fit
    shares: tuple[Fit, ...]
    alone: tuple[Fit, ...]
    last: tuple[Fit, ...]
    leave_out: tuple[Fit, ...]
    values: Array
    coefficients: Array
    exposed: NDArray[np.intp]
    model: Model
    conf_level: float

    def tidy(self, conf_level: float | None = None) -> pd.DataFrame:
        """One row a number: total, share, alone, last and leave_out of every pain, with intervals."""
        rows, level = [], self.conf_level if conf_level is None else conf_level
        kinds = {"share": self.shares, "alone": self.alone, "last": self.last, "leave_out": self.leave_out}
        for term, group, f in [("total", "", self.total), *((kind, name, f) for kind, fits in kinds.items()
                                                            for name, f in zip(self.names, fits, strict=True))]:
            reach = inference.quantile(level, f.df) * f.std_error
            p = inference.p_value(f.value / f.std_error, f.df) if f.std_error > 0 else np.nan
            rows.append((term, group, f.value, f.std_error, f.value - reach, f.value + reach, p, f.n, f.method))
        return pd.DataFrame(rows, columns=TIDY)


def joint_removal(y: ArrayLike, pains: ArrayLike, matrix: ArrayLike, *, names: Sequence[str], cluster: ArrayLike | None = None,
                  model: Model = "ppml", conf_level: float = 0.95, min_exposed: int = 10) -> Removal:
    """Loss to K pains together and its Shapley shares, from one model of the outcome on pains and covariates.

    V(S) = Σ_i [μ_i(pains in S removed) − μ_i(as it is)]. "ppml" is E[y | x] = exp(x'b + d'γ) by Poisson pseudo-maximum likelihood (Gourieroux,
    Monfort & Trognon 1984; Santos Silva & Tenreyro 2006): the mean need only be right, y may be zero, and the result does not depend on the
    currency's unit. "linear" is least squares, additive: share = alone = last. Shares are exact Shapley values (Shapley 1953) by Owen's
    multilinear extension (Owen 1972, Management Science 18): φ_k = Σ_i μ₀_i(1 − a_k)∫₀¹ Π_{j∈m_i∖k}(1 − t + t·a_j) dt, a polynomial that
    Gauss–Legendre nodes integrate exactly; nothing is refitted or sampled.

    Intervals count what was learnt of the coefficients (sandwich, HC3; CR2 with `cluster`; long tails lower the degrees of freedom) and
    which customers were drawn. The loss is causal only as far as the covariates make those with and without a pain comparable.

    Parameters
    ----------
    y : (N,) outcome, such as 12-month margin in yuan; complete. Negative ones (refunds) are allowed.
    pains : (N, K) 0/1, up to 20 columns that may overlap.
    matrix : (N, p) covariates known before the pains, factors as indicator columns without their reference; the constant is added.
    names : K names, for messages and for `Removal.names`.
    min_exposed : customers with a pain, and without it, below which nothing is said of it.

    Raises
    ------
    DataError
        for missing values, pains other than 0/1, a pain that too few (or all but a few) have, columns that repeat each other, a log link
        without solution.
    ParameterError
        for shapes or names that do not fit, more than 20 pains, an unknown model or conf_level.
    """
    y, d, x, names = _checked(y, pains, matrix, names, model, conf_level, min_exposed)
    codes = _codes(cluster, len(y))
    z = _design(d, x, names)
    patterns, pattern = _patterns(d)
    beta, curvature, mean = _ppml(y, z, names) if model == "ppml" else _least_squares(y, z)
    gamma = beta[-d.shape[1]:]
    base = mean / np.exp(patterns @ gamma)[pattern] if model == "ppml" else np.ones(len(y))
    mass = np.bincount(pattern, base, len(patterns))
    tables = _log_tables(patterns, gamma, mass) if model == "ppml" else _additive_tables(patterns, gamma, mass)
    logged, weight = model == "ppml", mean if model == "ppml" else np.ones(len(y))
    found = _fits(y - mean, z, weight, base, pattern, tables, curvature, codes, through_base=logged, method=f"{model}, HC3")
    k, exposed = d.shape[1], d.sum(axis=0).astype(np.intp)
    parts = [tuple(replace(f, n=int(n)) for f, n in zip(found[1 + j * k:1 + (j + 1) * k], exposed, strict=True)) for j in range(3)]
    naive = leave_out(y, d, names=names, cluster=codes)
    return Removal(names=names, total=found[0], shares=parts[0], alone=parts[1], last=parts[2], leave_out=naive,
                   values=_values(patterns, mass, gamma, model), coefficients=gamma, exposed=exposed, model=model, conf_level=conf_level)


def leave_out(values: ArrayLike, pains: ArrayLike, *, names: Sequence[str], cluster: ArrayLike | None = None) -> tuple[Fit, ...]:
    """The mean of all minus the mean of those without each pain: what tools for feedback print as the impact of a theme. Naive.

    It compares customers who mention a theme with those who do not, whatever else differs between them: a theme without any effect that
    keeps company with a harmful one gets a number of its own. `values` (N,), `pains` (N, K) 0/1; one Fit a pain in the unit of `values`.

    Raises
    ------
    DataError
        for missing values or a pain that nobody or everybody has.
    """
    y, d, _, names = _checked(values, pains, np.empty((len(np.asarray(values)), 0)), names, "linear", 0.95, 1)
    codes, found = _codes(cluster, len(y)), []
    for column in d.T:
        without = column == 0
        rest = float(y[without].mean())
        u = (y - y.mean()) - np.where(without, (y - rest) / without.mean(), 0.0)
        found.append(inference.fit(float(y.mean()) - rest, u, n=int(column.sum()), cluster=codes, method="mean of all − mean without"))
    return tuple(found)


def _checked(y: ArrayLike, pains: ArrayLike, matrix: ArrayLike, names: Sequence[str], model: str, conf_level: float, fewest: int,
             ) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """Arrays of one length without gaps; every pain is had by some and not by others."""
    y, d, x, names = np.asarray(y, dtype=float), np.asarray(pains, dtype=float), np.asarray(matrix, dtype=float), tuple(map(str, names))
    if model not in ("ppml", "linear") or not 0 < conf_level < 1:
        raise ParameterError(f"model is 'ppml' or 'linear' and conf_level a share such as 0.95, not {model!r} and {conf_level!r}.")
    if d.ndim != 2 or x.ndim != 2 or not len(y) == len(d) == len(x):
        raise ParameterError(f"y is (N,), pains (N, K) and matrix (N, p); got {y.shape}, {d.shape} and {x.shape}.")
    if not 1 <= d.shape[1] <= MOST:
        raise ParameterError(f"{d.shape[1]} pains; 1 to {MOST} can be shared out. Join related ones into one column (any of them = 1).")
    if len(names) != d.shape[1] or len(set(names)) != len(names):
        raise ParameterError(f"names= gives each of the {d.shape[1]} pains a name of its own; got {len(names)}: {', '.join(names)}.")
    for what, values in (("y", y), ("pains", d), ("matrix", x)):
        if bad := int((~np.isfinite(values)).sum()):
            raise DataError(f"{what} has {bad} missing or infinite values; drop those customers, or fill in and mark what is missing.")
    if not np.isin(d, (0.0, 1.0)).all():
        raise DataError("pains are 0 or 1: whether the customer had it. Other values, such as counts or probabilities, need a cut first.")
    having = d.sum(axis=0)
    if few := [f"'{n}' ({h:.0f} of {len(y)} have it)" for n, h in zip(names, having, strict=True) if min(h, len(y) - h) < max(fewest, 1)]:
        raise DataError(f"Too few customers to compare for {', '.join(few)}; at least {max(fewest, 1)} with and without it are needed. "
                        "Join it with related ones, or leave it out.")
    return y, d, x, names


def _codes(cluster: ArrayLike | None, n: int) -> NDArray[np.intp] | None:
    """Clusters as whole numbers; every row has one."""
    if cluster is None:
        return None
    codes = pd.factorize(pd.Series(cluster))[0]
    if len(codes) != n or (codes < 0).any():
        raise DataError(f"cluster= gives each of the {n} rows a cluster; there are {len(codes)} values, {int((codes < 0).sum())} of them missing.")
    return codes


def _design(d: Array, x: Array, names: tuple[str, ...]) -> Array:
    """Constant, standardised covariates and pains (N, 1 + p + K); none of them repeats others."""
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([np.ones(len(d)), (x - centre) / np.where(spread > 1e-12 * np.abs(centre), spread, np.inf), d])
    left = z.T @ z / len(z)
    labels, start = ["the constant", *(f"covariate {j}" for j in range(x.shape[1])), *(f"'{n}'" for n in names)], np.diag(left).copy()
    repeats = []
    for j in range(len(left)):  # a column that the ones before it explain has nothing left of itself
        if left[j, j] <= REPEATED * max(start[j], 1e-300):
            repeats.append(labels[j])
            continue
        left = left - np.outer(left[:, j], left[j]) / left[j, j]
    if repeats:
        raise DataError(f"Columns repeat others (constants, copies, sums): {', '.join(repeats)}, counting columns of matrix from 0. Leave them out, "
                        "or join pains that always come together.")
    return z


def _patterns(d: Array) -> tuple[Array, NDArray[np.intp]]:
    """The patterns of pains that occur (P, K), and which one each customer has (N,)."""
    codes = np.zeros(len(d), dtype=np.intp)
    for k, column in enumerate(d.T):
        codes += (column > 0).astype(np.intp) << k
    present, pattern = np.unique(codes, return_inverse=True)
    return ((present[:, None] >> np.arange(d.shape[1])) & 1).astype(float), pattern


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))


def _ppml(y: Array, z: Array, names: tuple[str, ...]) -> tuple[Array, Array, Array]:
    """Coefficients, Σ μ z z' and fitted means of the Poisson pseudo-likelihood by Newton's method; the outcome is scaled for the search."""
    k = len(names)
    sums = y @ z[:, -k:]
    if y.sum() <= 0 or (sums <= 0).any():
        who = " and of ".join([f"customers with '{n}'" for n, s in zip(names, sums, strict=True) if s <= 0] or ["all customers"])
        raise DataError(f"The outcome of {who} adds up to zero or less; a log link needs more. Use model='linear', or leave those pains out.")
    scale = y.mean()
    y, beta = y / scale, np.zeros(z.shape[1])
    loss, gradient, curvature = _poisson(beta, y, z)
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(curvature, gradient)
        decrement, size = float(gradient @ step), 1.0
        while (after := _poisson(tried := beta - size * step, y, z))[0] > loss + 1e-12 * abs(loss) and size > 1e-6:
            size /= 2
        beta, (loss, gradient, curvature) = tried, after
        if decrement <= 1e-18 * len(y):
            shifted = beta + np.r_[np.log(scale), np.zeros(len(beta) - 1)]
            return shifted, curvature * scale, scale * np.exp(z @ beta)
    largest = names[int(np.abs(beta[-k:]).argmax())]
    raise DataError(f"The log-link model does not converge; the coefficient of '{largest}' diverges: too few customers with it have an outcome "
                    "above zero, or a covariate separates them. Leave it out, or use model='linear'.")


def _poisson(beta: Array, y: Array, z: Array) -> tuple[float, Array, Array]:
    """Negative pseudo-log-likelihood, its gradient and curvature."""
    loss, gradient, curvature = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    for rows in _blocks(len(y)):
        index = z[rows] @ beta
        mean = np.exp(np.minimum(index, 700.0))
        loss += float(mean.sum() - y[rows] @ index)
        gradient += z[rows].T @ (mean - y[rows])
        curvature += z[rows].T @ (mean[:, None] * z[rows])
    return loss, gradient, curvature


def _least_squares(y: Array, z: Array) -> tuple[Array, Array, Array]:
    curvature = z.T @ z
    beta = np.linalg.solve(curvature, z.T @ y)
    return beta, curvature, z @ beta


@dataclass(frozen=True)
class _Tables:
    """What a customer of each pattern contributes to each of Q numbers, per unit of base (P, Q), and Σ_i ∂/∂γ of those numbers (K, Q).

    Numbers: total, K shares, K alone, K last.
    """

    worth: Array
    slope: Array


def _log_tables(m: Array, gamma: Array, mass: Array) -> _Tables:
    """Log link; `m` (P, K) patterns, `mass` (P,) sum of μ₀ over their customers."""
    k, a, diagonal = m.shape[1], np.exp(gamma), np.arange(m.shape[1])
    whole = np.exp(m @ gamma)
    nodes, weights = np.polynomial.legendre.leggauss(k // 2 + 1)
    shares, slopes = np.zeros_like(m), np.zeros((k, k))  # slopes[j, q] = Σ ∂ share_q / ∂ γ_j
    for t, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        factor = 1 + t * (a - 1)
        product = w * np.exp(m @ np.log(factor))
        others = m * product[:, None] / factor  # the product without k, where the customer has k
        shares += others * (1 - a)
        both = (m * (mass * product)[:, None]).T @ m / np.outer(factor, factor)  # [j, q]: product without j and q
        both[diagonal, diagonal] = 0.0
        slopes += t * a[:, None] * both * (1 - a)
        slopes[diagonal, diagonal] -= a * (mass @ others)
    weighted, kept = (mass * whole)[:, None] * m, 1 / a - 1
    alone_slope = weighted.T @ m * kept
    alone_slope[diagonal, diagonal] = -weighted.sum(axis=0)
    last_slope = np.diag(-a * (mass @ m))
    worth = np.column_stack([1 - whole, shares, m * whole[:, None] * kept, m * (1 - a)])
    return _Tables(worth, np.column_stack([-weighted.sum(axis=0), slopes, alone_slope, last_slope]))


def _additive_tables(m: Array, gamma: Array, mass: Array) -> _Tables:
    """Least squares: a pain costs −γ whatever else there is."""
    own, slope = -m * gamma, np.diag(-(mass @ m))
    return _Tables(np.column_stack([own.sum(axis=1), own, own, own]), np.column_stack([-(mass @ m), slope, slope, slope]))


def _fits(residual: Array, z: Array, weight: Array, base: Array, pattern: NDArray[np.intp], tables: _Tables, curvature: Array,
          codes: NDArray[np.intp] | None, *, through_base: bool, method: str) -> list[Fit]:
    """Each number with its influence: whom the draw brought, and what it taught the coefficients."""
    n, free, count = len(base), z.shape[1] - tables.slope.shape[0], tables.worth.shape[1]
    slope = np.vstack([np.zeros((free, count)), tables.slope])
    if through_base:
        for rows in _blocks(n):
            slope[:free] += z[rows, :free].T @ (base[rows, None] * tables.worth[pattern[rows]])
    inverse, influence = np.linalg.inv(curvature), np.empty((count, n))
    taught = inverse @ slope
    for rows in _blocks(n):
        own, spread = base[rows, None] * tables.worth[pattern[rows]], z[rows] @ inverse
        leverage = np.minimum(weight[rows] * np.einsum("ij,ij->i", spread, z[rows]), HIGHEST)
        influence[:, rows] = n * (own + (residual[rows] / (1 - leverage))[:, None] * (z[rows] @ taught)).T
    mass = np.bincount(pattern, base, len(tables.worth))
    return [_tailed(inference.fit(float(mass @ tables.worth[:, q]), influence[q], n=n, cluster=codes, method=method), codes) for q in range(count)]


def _tailed(fit: Fit, codes: NDArray[np.intp] | None) -> Fit:
    """The Fit with no more degrees of freedom than its own variance is worth: margins have long tails and a pain may be rare.

    A variance estimated from N terms of kurtosis κ has the coefficient of variation √((κ − 1)/N), that of χ² with 2N/(κ − 1) degrees.
    """
    terms = fit.influence if codes is None else np.bincount(codes, fit.influence)
    square = terms**2
    spare = float((square**2).sum() / max(square.sum(), 1e-300) ** 2 - 1 / len(terms))
    return replace(fit, df=min(fit.df, 2 / spare)) if spare > 0 else fit


def _values(m: Array, mass: Array, gamma: Array, model: Model) -> Array:
    """V of every set (2^K,): a transform over one pain at a time, K·2^K steps instead of 2^K · 2^K."""
    k = m.shape[1]
    full = np.zeros(2**k)
    full[(m.astype(np.intp) << np.arange(k)).sum(axis=1)] = mass
    if model == "linear":
        sets = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
        return sets @ (-gamma * (mass @ m))
    left = full.reshape((2,) * k)  # axis 0 is the highest bit
    for j, factor in enumerate(np.exp(gamma)):
        axis = k - 1 - j
        without, having = np.take(left, 0, axis), np.take(left, 1, axis)
        left = np.stack([without + factor * having, without + having], axis=axis)  # pain kept, pain removed
    left = left.reshape(-1)
    return left - left[0]
