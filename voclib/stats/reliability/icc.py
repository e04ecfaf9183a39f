"""ICC(1) and ICC(2): how much of the variance of answers lies between units, and how reliable the mean of a unit is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize, stats

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.reliability import rows
from voclib.stats.reliability.rows import Array, Codes

SIZES = ("n0", "mean")
SAME = 1e-12  # variance within units, relative to that between, that counts as none


@dataclass(frozen=True, kw_only=True)
class Aggregation:
    """How much of the variance of answers lies between units, and how reliable a unit's mean is.

    `icc1` is the correlation of two answers of one unit, below 0 where units differ less than chance would have them; `icc2` the reliability of
    the mean of `typical_n` answers, 0 where `icc1` is below. `pseudo_icc1` is the 95th percentile of ICC(1) over random regroupings. With strata
    a cell is unit × stratum; `n_cells` equals `n_units` without.
    """

    icc1: float
    icc1_low: float
    icc1_high: float
    icc2: float
    icc2_low: float
    icc2_high: float
    pseudo_icc1: float
    typical_n: float
    n_units: int
    n_cells: int
    n_answers: int
    conf_level: float
    ci_method: str

    @property
    def is_shared(self) -> bool:
        """Whether employees of one unit agree beyond what random regrouping gives: the interval of ICC(1) lies above `pseudo_icc1`."""
        return bool(self.icc1_low > self.pseudo_icc1)

    def tidy(self) -> pd.DataFrame:
        """One row a measure: measure ("icc1", "icc2"), estimate, conf_low, conf_high."""
        found = [("icc1", self.icc1, self.icc1_low, self.icc1_high), ("icc2", self.icc2, self.icc2_low, self.icc2_high)]
        return pd.DataFrame(found, columns=["measure", "estimate", "conf_low", "conf_high"])


def aggregation(values: ArrayLike, unit: ArrayLike, *, within: ArrayLike | None = None, size: Literal["n0", "mean"] = "n0",
                conf_level: float = 0.95, draws: int = 200, seed: int = 0) -> Aggregation:
    """ICC(1) and ICC(2) of answers in units by one-way analysis of variance, unequal sizes allowed.

    ICC(1) = (MSB − MSW) / (MSB + (k − 1)·MSW), ICC(2) = 1 − MSW/MSB (Shrout & Fleiss 1979, Psych. Bulletin 86, ICC(1,1) and ICC(1,k); Bliese 2000,
    in Klein & Kozlowski, Multilevel Theory, ch. 8). The interval of ICC(1) is exact for normal answers and units whatever the sizes (Wald 1940,
    Ann. Math. Stat. 11): the ρ at which Σ w(m − m_w)²/((C − 1)·MSW), w = n(1 − ρ)/(1 + (n − 1)ρ), meets the quantiles of F; with equal sizes
    it is Shrout and Fleiss's. ICC(2) takes its limits by Spearman and Brown. With `within` the cells of one unit are correlated across strata, so the
    interval is a jackknife over units, of log((1 + (k − 1)ρ)/(1 − ρ)), with Student's t.

    Parameters
    ----------
    values, unit : (n,) answers and the unit of each. within : (n,) strata (waves): means of strata are taken out, at the cost of their
        degrees of freedom.
    size : the k of ICC(1): "n0" = (N − Σn²/N)/(C − 1), unbiased in its variance components, or "mean" = N/C as in software after Bliese.
    draws, seed : random regroupings within strata.

    Raises
    ------
    DataError
        for missing or constant answers, a single unit, units of one answer each, answers that never differ within a unit.
    ParameterError
        for lengths that differ, an unknown `size`, fewer than 20 draws.
    """
    if size not in SIZES:
        raise ParameterError(f"There is no typical size '{size}'; {nearest(size, SIZES)}")
    rows.enough(draws)
    y = rows.answers(values)
    place, units = rows.codes(unit, "unit", len(y))
    strata = np.zeros(len(y), dtype=np.intp) if within is None else rows.codes(within, "within", len(y))[0]
    table = _Anova.of(y, place, strata)
    k = table.n0 if size == "n0" else len(y) / len(table.n)
    icc1 = float(_icc(table.between, table.within, table.df_between, table.df_within, k))
    low, high = _exact(table, conf_level) if within is None else _jackknifed(table, conf_level)
    pseudo = _icc(*_regrouped(y, strata, table, draws, seed), table.df_between, table.df_within, k)
    icc2, icc2_low, icc2_high = (max(r, 0.0) * k / (1 + (k - 1) * max(r, 0.0)) for r in (icc1, low, high))
    return Aggregation(icc1=icc1, icc1_low=low, icc1_high=high, icc2=icc2, icc2_low=icc2_low, icc2_high=icc2_high,
                       pseudo_icc1=rows.high(pseudo), typical_n=float(k), n_units=len(units), n_cells=len(table.n), n_answers=len(y),
                       conf_level=conf_level, ci_method="exact F" if within is None else "jackknife over units")


def _icc(between: Any, within: Any, df_between: Any, df_within: Any, k: Any) -> Any:
    """ICC(1) from sums of squares; broadcasts."""
    msb, msw = between / df_between, within / df_within
    return (msb - msw) / (msb + (k - 1) * msw)


@dataclass(frozen=True, kw_only=True)
class _Anova:
    """Analysis of variance of C cells in strata: size, mean less that of the stratum, inner sum of squares, stratum and unit of each cell."""

    n: Array
    mean: Array
    inner: Array
    stratum: Codes
    unit: Codes

    @classmethod
    def of(cls, y: Array, unit: Codes, strata: Codes) -> _Anova:
        """From answers, checked."""
        wide = int(strata.max()) + 1
        occupied, cell = np.unique(unit * wide + strata, return_inverse=True)
        n, mean, inner = rows.moments(y, cell, len(occupied))
        made = cls(n=n, mean=mean - rows.moments(y, strata, wide)[1][occupied % wide], inner=inner, stratum=occupied % wide, unit=occupied // wide)
        if made.df_between < 1:
            raise DataError("All answers come from one unit; at least two are needed to compare units.")
        if made.df_within < 1:
            raise DataError(f"Each of the {len(n)} cells has one answer, so nothing shows how much answers differ within a unit; pass single "
                            "answers, not means of units.")
        if made.within <= SAME * made.between:
            raise DataError("Answers never differ within a unit; pass single answers, not means of units.")
        return made

    @property
    def between(self) -> float:
        """Sum of squares between cells."""
        return float(self.n @ self.mean**2)

    @property
    def within(self) -> float:
        """Sum of squares within cells."""
        return float(self.inner.sum())

    @property
    def df_between(self) -> int:
        """Cells less strata."""
        return len(self.n) - len(np.unique(self.stratum))

    @property
    def df_within(self) -> float:
        """Answers less cells."""
        return float((self.n - 1).sum())

    @property
    def n0(self) -> float:
        """What the variance between cells is multiplied by in the expected mean square (Searle, Casella & McCulloch 1992, §3.6)."""
        whole = np.bincount(self.stratum, self.n)
        return float((whole.sum() - (self.n**2 / whole[self.stratum]).sum()) / self.df_between)


def _exact(table: _Anova, conf_level: float) -> tuple[float, float]:
    """Wald's interval of ICC(1); −1/(n_max − 1) is the least that it can be."""
    scale, floor = table.df_between * table.within / table.df_within, -1 / (table.n.max() - 1)

    def ratio(rho: float) -> float:
        weight = table.n * (1 - rho) / (1 + (table.n - 1) * rho)
        centre = (weight @ table.mean) / weight.sum()
        return float(weight @ (table.mean - centre) ** 2 / scale)

    def limit(tail: float) -> float:
        aim = float(stats.f.ppf(tail, table.df_between, table.df_within))
        if ratio(start) <= aim:
            return float(floor)
        return 1.0 if ratio(end) >= aim else float(optimize.brentq(lambda rho: ratio(rho) - aim, start, end, xtol=1e-12))

    start, end = floor + 1e-9 * (1 - floor), 1 - 1e-12
    return limit((1 + conf_level) / 2), limit((1 - conf_level) / 2)


def _jackknifed(table: _Anova, conf_level: float) -> tuple[float, float]:
    """Interval of ICC(1) from leaving out one unit at a time, with all its cells."""
    units = int(table.unit.max()) + 1
    if units < 3:
        raise DataError(f"There are {units} units; an interval that leaves out one at a time needs at least 3.")
    n, mass, square = table.n, table.n * table.mean, table.n * table.mean**2
    whole, total, second, sizes = (np.bincount(table.stratum, a)[table.stratum] for a in (n, mass, square, n**2))
    left = whole - n

    def without(part: Array, change: Array) -> Array:
        """A sum over strata, once every unit's cells are out of theirs."""
        return float(part.sum()) + np.bincount(table.unit, change, units)

    safe = np.where(left > 0, left, 1.0)
    own = np.where(left > 0, (second - square) - (total - mass) ** 2 / safe, 0.0) - (second - total**2 / whole)
    spread = np.where(left > 0, left - (sizes - n**2) / safe, 0.0) - (whole - sizes / whole)
    df = without(np.array([table.df_between]), np.where(left > 0, -1.0, 0.0))
    between, within = without(square, own), without(table.inner, -table.inner)
    if not ((df > 0) & (within > 0) & (between > 0)).all():
        raise DataError("Without one of the units nothing differs any more, or no stratum holds two; more units are needed in each stratum.")
    n0 = without(n - n**2 / whole, spread) / df
    rho = _icc(between, within, df, without(n - 1, 1 - n), n0)
    k, point = table.n0, _icc(table.between, table.within, table.df_between, table.df_within, table.n0)
    z, centre = (np.log((1 + (k - 1) * r) / (1 - r)) for r in (rho, point))
    reach = inference.quantile(conf_level, units - 1) * np.sqrt((units - 1) / units * ((z - z.mean()) ** 2).sum())
    low, high = (np.exp(centre + side * reach) for side in (-1, 1))
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _regrouped(y: Array, strata: Codes, table: _Anova, draws: int, seed: int) -> tuple[Array, Array]:
    """Sums of squares between and within (draws,) once the answers of every stratum are dealt out at random to cells of the same sizes."""
    rng, between, whole = np.random.default_rng(seed), np.zeros(draws), 0.0
    ordered = y[np.lexsort((y, strata))]  # so that neither the order of rows nor the names of units matter
    for answers, stratum in zip(np.split(ordered, np.cumsum(np.bincount(strata))[:-1]), range(int(strata.max()) + 1), strict=True):
        sizes = np.sort(table.n[table.stratum == stratum]).astype(int)
        starts, dealt = np.cumsum(sizes) - sizes, answers - answers.mean()
        whole += float(dealt @ dealt)
        for draw in range(draws):
            rng.shuffle(dealt)
            between[draw] += (np.add.reduceat(dealt, starts) ** 2 / sizes).sum()
    return between, whole - between
