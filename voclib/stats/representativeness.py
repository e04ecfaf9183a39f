"""Who is like whom: how far those who answered resemble everybody on the frame, and where nobody speaks.

Everything here takes one row a unit of the population, those who answered included, and compares with the *population*, not with
those who did not answer. Thresholds are keywords with the published default (methods of the design, §3.5); studies hand in their gates.
`weights` of a population are how many units a row stands for (default 1); `weights` of respondents correct them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, nearest
from voclib.results import Estimate
from voclib.stats import inference
from voclib.stats.inference import respondents

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
MISSING = "未注明 / not stated"
MOST_LEVELS = 2000
GRADES = ("close", "flag", "far")
SMD_COLUMNS = ["column", "level", "population", "respondents", "weighted", "smd_raw", "smd_weighted", "grade"]


def smd_table(frame: pd.DataFrame, columns: Sequence[str], answered: ArrayLike, *, weights: ArrayLike | None = None, base: ArrayLike | None = None,
              limits: tuple[float, float] = (0.1, 0.25)) -> pd.DataFrame:
    """Standardised mean differences between respondents and the population, raw and weighted: the numbers of a love plot.

    `weights` (N,) correct respondents (rows that did not answer are not read), `base` (N,) are those of the population. Numbers and
    flags give one row, their mean (and one for missing values, if any); other columns one row a level, its share. The difference is
    divided by the population's standard deviation (Austin 2009, Stat. Med. 28, with the population for one of the two groups).
    `grade` judges the weighted difference, the raw one without weights: "close" below limits[0], "flag", "far" above limits[1].

    Raises
    ------
    DataError
        for an unknown or a date column, nobody who answered, unusable weights.
    """
    spoke, whole = respondents.flags(answered, frame, some=True), respondents.weights(base, len(frame))
    corrected = None if weights is None else respondents.weights(weights, len(frame), where=spoke) * spoke
    parts = (whole, whole * spoke, corrected)
    rows = [row for name in _known(columns, frame) for row in _compared(frame[name], name, parts)]
    table = pd.DataFrame(rows, columns=SMD_COLUMNS[:-1])
    judged = (table["smd_raw"] if weights is None else table["smd_weighted"]).abs().to_numpy()
    return table.assign(grade=np.array(GRADES)[np.searchsorted(limits, judged, side="left")])


def _compared(series: pd.Series, name: str, parts: Sequence[Array | None]) -> list[tuple[Any, ...]]:
    """Rows of `smd_table` for one column; `parts` are the weights of the population, of respondents, and of corrected respondents."""
    numbers = _numeric(series, name)
    if numbers is not None:
        known = ~np.isnan(numbers)
        rows = [("", *_scaled(*_moments(numbers[known], [None if w is None else w[known] for w in parts])))]
        if known.all():
            return [(name, *row) for row in rows]
        gone = (~known).astype(float)
        return [(name, *row) for row in [*rows, (MISSING, *_scaled(*_moments(gone, parts)))]]
    codes, names = _levels(series, name)
    shares = np.array([np.full(len(names), np.nan) if w is None else np.bincount(codes, w, len(names)) / w.sum() for w in parts])
    return [(name, level, *_scaled(mine, np.sqrt(mine[0] * (1 - mine[0])))) for level, mine in zip(names, shares.T, strict=True)]


def _moments(x: Array, parts: Sequence[Array | None]) -> tuple[Array, float]:
    """Weighted means by each of `parts`, NaN where there is none, and the population's standard deviation."""
    means = np.array([w @ x / w.sum() if w is not None and w.sum() > 0 else np.nan for w in parts])
    return means, float(np.sqrt(parts[0] @ (x - means[0]) ** 2 / parts[0].sum())) if len(x) else np.nan


def _scaled(means: Array, spread: float) -> tuple[float, ...]:
    """Population, respondents, weighted respondents, and the two differences in standard deviations of the population."""
    gaps = (means[1:] - means[0]) / (spread if spread > 0 else 1.0)
    return tuple(float(v) for v in (*means, *gaps))


@dataclass(frozen=True, kw_only=True)
class RIndicator:
    """How even the chances of answering are: 1 − 2·S, where S is their standard deviation over the population; 1 = all the same.

    `unadjusted` is the value before the bias adjustment, `mean` the mean chance, `method` how bias and interval were found.
    """

    value: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    unadjusted: float
    mean: float
    n: int
    method: str

    def estimate(self, estimand: str = "r_indicator", **more: Any) -> Estimate:
        """The number as pages print it; `more` are fields of Estimate."""
        return Estimate(estimand=estimand, kind="estimate", unit="ratio", value=self.value, conf_low=self.conf_low, conf_high=self.conf_high,
                        conf_level=self.conf_level, std_error=self.std_error, ci_method=self.method, n=self.n, **more)


def r_indicator(probability: ArrayLike, *, answered: ArrayLike | None = None, design: ArrayLike | None = None, weights: ArrayLike | None = None,
                conf_level: float = 0.95) -> RIndicator:
    """R-indicator of Schouten, Cobben & Bethlehem (2009, Survey Methodology 35) from estimated chances of answering (N,).

    Noise in estimated chances looks like unevenness; how it is taken out depends on what is given:
    `design` (N, p), the matrix (with its constant) of the logit that gave `probability`: the adjustment of Shlomo, Skinner &
    Schouten (2012, JSPI 142), mean variance of the fitted chances, and the linearised variance;
    `answered` (N,) with *cross-fitted* chances: S² = cov(answered, probability)² / var(probability), in which noise that knows
    nothing of the row's own answer cancels, but what it blurs is lost: with many columns and few rows it errs towards 1;
    neither: chances are taken as known. The interval is that of S², mapped: near R = 1 the square root has no linearisation.

    Raises
    ------
    DataError
        for chances outside [0, 1], wrong lengths, or a design whose columns repeat each other.
    """
    p = respondents.chances(probability)
    w = respondents.weights(weights, len(p))
    mean = float(w @ p / w.sum())
    raw = float(w @ (p - mean) ** 2 / w.sum())
    if design is not None:
        square, variance, method = _from_design(p, w, np.asarray(design, dtype=float), mean, raw)
    elif answered is not None:
        square, variance, method = _from_answers(p, w, respondents.flags(answered, p), mean, raw)
    else:
        square, variance, method = raw, _own_spread((p - mean) ** 2 - raw, w), "chances taken as known; linearised"
    reach = inference.quantile(conf_level, np.inf) * np.sqrt(variance)
    low, value, high = (1 - 2 * np.sqrt(max(s, 0.0)) for s in (square + reach, square, square - reach))
    error = (high - low) / 2 / inference.quantile(conf_level, np.inf)
    return RIndicator(value=float(value), std_error=float(error), conf_low=float(max(low, 0.0)), conf_high=float(high), conf_level=conf_level,
                      unadjusted=float(1 - 2 * np.sqrt(raw)), mean=mean, n=len(p), method=method)


def _own_spread(influence: Array, w: Array) -> float:
    """Variance of a mean over units, a row counting as many as it stands for."""
    return float(w @ influence**2 / w.sum() ** 2)


def _from_design(p: Array, w: Array, x: Array, mean: float, raw: float) -> tuple[float, float, str]:
    """S² less its bias, the variance of S² (first and second order in the coefficients, plus that of the units), and the method's name."""
    if x.ndim != 2 or len(x) != len(p):
        raise DataError(f"The design has the shape {x.shape}; it needs one row for each of the {len(p)} chances.")
    slope = p * (1 - p)
    information = x.T @ (x * (w * slope)[:, None])
    if np.linalg.matrix_rank(information, hermitian=True) < x.shape[1]:
        raise DataError("Columns of the design repeat each other (or some level is empty): leave one of them out.")
    covariance = np.linalg.inv(information)
    z = x * slope[:, None]
    bias = float((covariance * (z.T @ (z * w[:, None]))).sum() / w.sum())
    gradient = 2 * (w * (p - mean)) @ z / w.sum()
    centred = z - w @ z / w.sum()
    curved = covariance @ (centred.T @ (centred * w[:, None])) / w.sum()  # where all chances are the same, only this is left
    variance = gradient @ covariance @ gradient + 2 * np.trace(curved @ curved) + _own_spread((p - mean) ** 2 - raw, w)
    return raw - bias, float(variance), "logit, bias-adjusted (Shlomo, Skinner & Schouten 2012); linearised"


def _from_answers(p: Array, w: Array, spoke: NDArray[np.bool_], mean: float, raw: float) -> tuple[float, float, str]:
    """The same from cross-fitted chances and the answers themselves."""
    name = "cross-fitted, bias-adjusted by the answers; linearised"
    if raw <= 0:
        return 0.0, 0.0, name
    product = (spoke - w @ spoke / w.sum()) * (p - mean)
    shared = float(w @ product / w.sum())
    ratio = shared / raw
    influence = 2 * ratio * (product - shared) - ratio**2 * ((p - mean) ** 2 - raw)
    plain = product - shared
    second = 2 * _own_spread(plain, w) ** 2 / raw**2  # S² is a square: at zero its first-order spread vanishes
    return float(np.sign(shared) * ratio * shared), _own_spread(influence, w) + second, name


def partial_r(frame: pd.DataFrame, columns: Sequence[str], probability: ArrayLike, *, weights: ArrayLike | None = None,
              bins: int = 5) -> pd.DataFrame:
    """Unconditional partial R-indicators: which variable, and which of its levels, makes the chances of answering uneven.

    Columns `column, level, share, probability, partial`; level "" is the variable, √Σ_k (N_k/N)(ρ̄_k − ρ̄)², at most ½; a level is
    √(N_k/N)(ρ̄_k − ρ̄), negative where it answers too seldom (Schouten, Shlomo & Skinner 2011, JOS 27). `probability` may also be
    the answers as 0/1. Numbers are cut into `bins` of about equal size.
    """
    p = respondents.chances(probability)
    w = respondents.weights(weights, len(p))
    mean, rows = w @ p / w.sum(), []
    for name in _known(columns, frame):
        codes, names = _levels(frame[name], name, bins=bins, weights=w)
        size = np.bincount(codes, w, len(names))
        level = np.bincount(codes, w * p, len(names)) / np.where(size > 0, size, 1)
        share = size / w.sum()
        part = np.sqrt(share) * (level - mean) * (size > 0)
        rows.append((name, "", 1.0, mean, np.sqrt(part @ part)))
        rows += [(name, *row) for row in zip(names, share, level, part, strict=True)]
    return pd.DataFrame(rows, columns=["column", "level", "share", "probability", "partial"])


@dataclass(frozen=True, kw_only=True)
class ZeroCells:
    """Parts of the population in which nobody answered. `cells`: cell, population (units), share; largest first.

    `unsupported` (N,) marks their rows, `share` is their share of the population; `unclear_share` lies in empty cells so small that
    chance alone may have emptied them.
    """

    cells: pd.DataFrame
    unsupported: NDArray[np.bool_]
    share: float
    unclear_share: float
    min_cell: int


def zero_cell_scan(frame: pd.DataFrame, columns: Sequence[str], answered: ArrayLike, *, min_cell: int | None = None, depth: int = 2, bins: int = 5,
                   weights: ArrayLike | None = None) -> ZeroCells:
    """Look through every level, and every pair of levels (`depth` 2), for parts of the population where nobody answered.

    Cells of fewer than `min_cell` units are not held to be unsupported; by default so many that 5 answers would be expected (an
    empty cell is then chance in fewer than 1 of 100 cases). A cell inside a smaller combination that is empty is not named again.
    """
    spoke, w = respondents.flags(answered, frame), respondents.weights(weights, len(frame))
    rate = w @ spoke / w.sum()
    needed = min_cell if min_cell is not None else int(np.ceil(5 / rate)) if rate > 0 else 1
    coded = {name: _levels(frame[name], name, bins=bins, weights=w) for name in _known(columns, frame)}
    if many := [name for name, (_, names) in coded.items() if len(names) > MOST_LEVELS]:
        raise DataError(f"Column '{many[0]}' has {len(coded[many[0]][1])} levels, {MOST_LEVELS} at most; an identifier is not a cell.")
    unsupported, unclear, found = np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool), []
    for size in range(1, depth + 1):
        before = unsupported.copy()
        for names in combinations(coded, size):
            shape = [len(coded[name][1]) for name in names]
            codes = np.ravel_multi_index([coded[name][0] for name in names], shape)
            people, voices = (np.bincount(codes, w * part, int(np.prod(shape))) for part in (~before, spoke))
            empty = (people > 0) & (voices == 0)
            for cell in np.flatnonzero(empty & (people >= needed * (1 - 1e-9))):
                labels = [coded[name][1][i] for name, i in zip(names, np.unravel_index(cell, shape), strict=True)]
                found.append((" & ".join(f"{n} = {v}" for n, v in zip(names, labels, strict=True)), people[cell], people[cell] / w.sum()))
            hollow = empty[codes] & ~before
            enough = (people >= needed * (1 - 1e-9))[codes]
            unsupported |= hollow & enough
            unclear |= hollow & ~enough
    cells = pd.DataFrame(found, columns=["cell", "population", "share"]).sort_values(["share", "cell"], ascending=[False, True], ignore_index=True)
    return ZeroCells(cells=cells, unsupported=unsupported, share=float(w @ unsupported / w.sum()),
                     unclear_share=float(w @ (unclear & ~unsupported) / w.sum()), min_cell=needed)


def _known(columns: Sequence[str], frame: pd.DataFrame) -> list[str]:
    for name in columns:
        if name not in frame.columns:
            raise DataError(f"The frame has no column '{name}'; {nearest(name, frame.columns)}")
    return list(columns)


def _numeric(series: pd.Series, name: str) -> Array | None:
    """Numbers and flags as floats, missing as NaN; None for labels."""
    if pd.api.types.is_datetime64_any_dtype(series):
        raise DataError(f"Column '{name}' holds moments; give what they mean instead, such as days since the last visit.")
    if isinstance(series.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(series):
        return None
    values = series.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(f"Column '{name}' holds {int(np.isinf(values).sum())} infinite values.")
    return values


def _levels(series: pd.Series, name: str, *, bins: int = 5, weights: Array | None = None) -> tuple[Codes, list[str]]:
    """A column as levels: codes (N,) and their names in a fixed order, missing last; numbers of more than `bins` values are cut."""
    numbers = _numeric(series, name)
    if numbers is None:
        codes, values = pd.factorize(series, sort=True)
        names = [str(v) for v in values]
    else:
        gone = np.isnan(numbers)
        edges = respondents.cuts(numbers[~gone], (np.ones(len(numbers)) if weights is None else weights)[~gone], bins)
        codes, names = np.where(gone, -1, np.searchsorted(edges, numbers, side="left")), _ranges(edges)
    return np.where(codes < 0, len(names), codes).astype(np.intp), [*names, MISSING] if (codes < 0).any() else names


def _ranges(edges: Array) -> list[str]:
    """Names of the classes between edges."""
    ends = [f"{v:.4g}" for v in edges]
    return [f"≤ {ends[0]}", *(f"{a} – {b}" for a, b in zip(ends, ends[1:], strict=False)), f"> {ends[-1]}"] if ends else ["="]
