"""Weights that make the answers look like everybody: post-stratification and bounded calibration, with the variance they leave.

Calibration follows Deville & Särndal 1992 (JASA 87): the weights closest to the base weights that meet known totals. Respondents
that agree in every margin get the same factor g, so all work is done on distinct cells (`cells`), never on a matrix of rows by dummies.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, sparse

from voclib.errors import DataError, ParameterError
from voclib.stats import cells, inference
from voclib.stats.cells import Margin, margins

__all__ = ["InfeasibleBounds", "Margin", "Weights", "calibrate", "design_mean", "margins", "poststratify"]
Array = NDArray[np.float64]
Totals = Mapping[Any, Mapping[Any, float] | float]
Bounds = tuple[float, float]
METHODS = ("logit", "raking", "linear")


class InfeasibleBounds(ParameterError):
    """No weights within the bounds meet the totals. `unmet` lists the levels missed by the best attempt, `bounds` would do (None: none would)."""

    def __init__(self, message: str, *, unmet: pd.DataFrame, bounds: Bounds | None) -> None:
        super().__init__(message)
        self.unmet, self.bounds = unmet, bounds


@dataclass(frozen=True)
class _Distance:
    """g as a function of u = x'λ, its slope, and its integral; all with g(0) = slope(0) = 1."""

    method: str
    low: float
    high: float

    def all(self, u: Array) -> tuple[Array, Array, Array]:
        """g, its slope and its integral at u (cells,)."""
        if self.method == "logit":
            low, high = self.low, self.high
            a = (high - low) / ((1 - low) * (high - 1))
            share = 1 / (1 + (high - 1) / (1 - low) * np.exp(-a * u))
            integral = low * u + (high - low) / a * (np.logaddexp(np.log(high - 1), np.log(1 - low) + a * u) - np.log(high - low))
            return low + (high - low) * share, a * (high - low) * share * (1 - share), integral
        raking = self.method == "raking"
        ends = np.array([self.low, self.high])
        with np.errstate(divide="ignore"):
            at = np.log(np.maximum(ends, 0)) if raking else ends - 1
        inside = np.clip(u, *at)
        g = np.clip(np.exp(inside) if raking else 1 + inside, self.low, self.high)
        integral = (g if raking else inside + inside**2 / 2) + np.where(u == inside, 0, g * (u - inside))
        return g, np.where(u == inside, g if raking else 1.0, 0.0), integral


def _newton(design: cells.Design, d: Array, targets: Array, size: Array, distance: _Distance, tolerance: float, max_iterations: int,
            ) -> tuple[Array, Array, int, bool]:
    """Newton with line search on the convex dual; g and its slope by cell, iterations, whether totals are met (Deville & Särndal 1992, §2)."""
    def at(parameters: Array) -> tuple[Array, Array, float, Array]:
        g, slope, integral = distance.all(design.scores(parameters, design.codes, design.values))
        return g, slope, float(d @ integral - targets @ parameters), design.sums(d * g) - targets

    parameters, lend = np.zeros(design.size), False
    with np.errstate(over="ignore", invalid="ignore"):
        g, slope, value, gap = at(parameters)
        for iteration in range(max_iterations):
            if np.all(np.abs(gap) <= tolerance * size):
                return g, slope, iteration, True
            # cells at a cut-off have no slope: where that stalls the search they are lent one, so that they can leave it
            lend = lend or (iteration > 15 and iteration % 2 == 1)
            step, length = cells.least(design.gram(d * (np.maximum(slope, 0.05) if lend else slope)), gap), 1.0
            while length > 1e-10:
                tried = at(parameters - length * step)
                if tried[2] <= value - 1e-4 * length * (gap @ step) or np.abs(tried[3] / size).max() < 0.5 * np.abs(gap / size).max():
                    break
                length /= 2
            else:
                if lend:
                    break
                lend = True
                continue
            lend = False
            parameters = parameters - length * step
            g, slope, value, gap = tried
    return g, slope, max_iterations, bool(np.all(np.abs(gap) <= tolerance * size))


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights (n,) that meet known totals; `g` is what each row's base weight, scaled to the totals, was multiplied by.

    `merged` lists the groups of cells that post-stratification threw together.
    """

    weights: Array
    table: pd.DataFrame
    method: str
    bounds: Bounds
    iterations: int
    merged: tuple[tuple[Hashable, ...], ...] = ()
    factors: Array
    slopes: Array
    design: cells.Design

    @property
    def g(self) -> Array:
        """Calibrated over scaled base weight, (n,); within `bounds`."""
        return self.factors.take(self.design.cell)

    @property
    def n_effective(self) -> float:
        """Kish's effective sample size."""
        return inference.kish(self.weights)

    @property
    def design_effect(self) -> float:
        """n over the effective n: 1 + the squared coefficient of variation of the weights."""
        return len(self.weights) / self.n_effective

    def tidy(self) -> pd.DataFrame:
        """One row a level: margin, level, n (respondents), before (by scaled base weights), target, achieved."""
        return self.table.copy()

    def _residuals(self, y: Array, at: str) -> tuple[float, Array, Array]:
        """Weighted mean, residuals (n,) of the regression of y on the margins that linearises it, and its parameters, all from cells."""
        if y.shape != self.weights.shape or np.isnan(y).any():
            raise DataError(f"{len(self.weights):,} rows were weighted and y has {int((~np.isnan(y)).sum()):,} answers in {len(y):,} rows: "
                            "weight exactly the rows that answered, or pass frame= where y has one row a customer.")
        if at not in ("solution", "base"):
            raise ParameterError(f"at is 'solution' or 'base', not {at!r}.")
        w, design = self.weights, self.design
        value = float(w @ y / w.sum())
        z = y - value
        slope = np.divide(self.slopes if at == "solution" else 1.0, self.factors, out=np.zeros_like(self.factors), where=self.factors != 0)
        mass, moment = (np.bincount(design.cell, v, design.cells) * slope for v in (w, w * z))
        parameters = cells.least(design.gram(mass), design.sums(moment))
        z -= design.scores(parameters, design.codes, design.values).take(design.cell)
        return value, z, parameters

    def fit(self, y: ArrayLike, *, cluster: ArrayLike | None = None, correction: Literal["CR2", "CR1"] = "CR2", sampled: float = 0.0,
            at: Literal["solution", "base"] = "solution", frame: Any = None) -> inference.Fit:
        """Weighted mean of y (n,) with its linearised variance: only what the margins do not explain of y varies between samples.

        Source: Deville & Särndal 1992, §3, linearised at the solution as in Kott 2006 (Survey Methodology 32), which holds also where
        silence and not the draw moved g far from 1. Rows, or whole clusters. Survey packages print at="base", correction="CR1" and
        `sampled`, the share of a finite population of clusters (rows) that was drawn.
        With `frame`, the population the totals were counted in (N rows; for post-stratification its cells), y and `cluster` are (N,),
        y NaN where there is no answer: the influence is by customer and counts the customers as a sample of those who go on arriving.

        Raises
        ------
        DataError
            where answers and weights, or frame and totals, do not belong together.
        """
        y, label = np.asarray(y, dtype=float), f"{self.method}, linearised"
        if frame is not None:
            return self._on_frame(y, _as_frame(frame), cluster, label, at)
        value, e, _ = self._residuals(y, at)
        w = self.weights
        spread = inference.mean_variance(e, weights=w, cluster=cluster, correction=correction, sampled=sampled)
        return inference.Fit(value=value, std_error=float(np.sqrt(spread.variance)), n=len(y), df=spread.df, n_effective=spread.n_effective,
                             n_clusters=spread.n_clusters, method=label, influence=w * e * (np.sqrt(1 - sampled) * len(y) / w.sum()))

    def _on_frame(self, y: Array, frame: pd.DataFrame, cluster: ArrayLike | None, label: str, at: str) -> inference.Fit:
        design, answered, codes = self.design, ~np.isnan(y), []
        if len(frame) != len(y) or answered.sum() != len(self.weights):
            raise DataError(f"frame has {len(frame):,} rows and y {len(y):,} with {answered.sum():,} answers, for {len(self.weights):,} weights: "
                            "pass the whole population in one order, y NaN where there is no answer.")
        for name, places in zip(design.names, design.places, strict=True):
            found, levels = cells.crossed([cells.coded(frame, c) for c in cells.columns_of(name)])
            codes.append(np.array([places.get(cells.known(k), -1) for k in levels])[found])
            if codes[-1].min() < 0:
                raise DataError(f"'{cells.label(name)}' has levels in the frame that no respondent has; the totals were counted elsewhere.")
        value, e, parameters = self._residuals(y[answered], at)
        influence = design.scores(parameters, codes, [frame[c].to_numpy(dtype=float) for c in design.numeric])
        influence[answered] += len(y) / self.weights.sum() * self.weights * e
        return inference.fit(value, influence, n=len(self.weights), cluster=cluster, method=label, n_effective=self.n_effective)


def _as_frame(cells: Any) -> pd.DataFrame:
    return cells if isinstance(cells, pd.DataFrame) else pd.DataFrame({"cell": cells})


def design_mean(y: ArrayLike, *, weights: ArrayLike | None = None, strata: ArrayLike | None = None, cluster: ArrayLike | None = None,
                sampled: float | Mapping[Any, float] = 0.0) -> inference.Fit:
    """Weighted mean of y (n,) of a stratified or clustered sample whose weights were fixed by its design (Cochran 1977, §5, §11).

    `sampled` is the share of the population's rows, or clusters, that was drawn, by stratum where a mapping is given. Calibrated
    weights are not fixed: their own `fit` knows it, this one does not.

    Raises
    ------
    ParameterError
        for a stratum with fewer than two rows or clusters, or a cluster in two strata.
    """
    y = np.asarray(y, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    value, (unit, units) = float(w @ y / w.sum()), (np.arange(len(y)), len(y)) if cluster is None else inference.encode(cluster)
    levels, row = np.unique(np.zeros(len(y)) if strata is None else np.asarray(strata), return_inverse=True)
    home = np.zeros(units, dtype=np.intp)
    home[unit] = row
    size = np.bincount(home, minlength=len(levels))
    if (home[unit] != row).any() or size.min() < 2:
        raise ParameterError(f"A stratum needs at least two rows or clusters, and a cluster one stratum; the smallest has {size.min()}.")
    drawn = np.array([sampled[k] if isinstance(sampled, Mapping) else sampled for k in levels.tolist()], dtype=float)
    u = w * (y - value) / w.sum()
    u = u - (np.bincount(row, u) / np.bincount(row))[row] if cluster is None else u - (np.bincount(row, u) / size)[row] / np.bincount(unit)[unit]
    u = u * np.sqrt(size / (size - 1) * (1 - drawn))[row]
    return inference.Fit(value=value, std_error=float(np.sqrt((np.bincount(unit, u, units) ** 2).sum())), n=len(y), df=float(units - len(levels)),
                         n_effective=inference.kish(w), n_clusters=None if cluster is None else units, method="design", influence=len(y) * u)


def _targets(design: cells.Design, totals: Totals) -> Array:
    """The totals in the order of the unknowns, once respondents and totals have the same levels."""
    found: list[float] = []
    for name, places in zip(design.names, design.places, strict=True):
        wanted = {cells.known(level): float(t) for level, t in totals[name].items()}
        bad = [k for k, t in wanted.items() if not (0 <= t < np.inf) or (t == 0 and k in places)]
        extra, empty = [k for k in places if k not in wanted], [k for k, t in wanted.items() if t > 0 and k not in places]
        where = f"Margin '{cells.label(name)}'"
        if extra:
            raise ParameterError(f"{where}: respondents have {cells.listed(extra)}, which has no total; known: {cells.listed(wanted)}. Give it a "
                                 "total, or merge it with a level that has one.")
        if bad:
            raise ParameterError(f"{where}: the total of {cells.listed(bad)} must be a positive number wherever somebody answered, never negative.")
        if empty:
            raise ParameterError(f"{where}: nobody answered in {cells.listed(empty)}, total {sum(wanted[k] for k in empty):,.6g}. Merge it with a "
                                 "level that has respondents, or leave these customers out of the population and say so.")
        found += [wanted[k] for k in places]
    sums = {cells.label(name): sum(float(t) for t in totals[name].values()) for name in design.names}
    if sums and max(sums.values()) > min(sums.values()) * (1 + 1e-7):
        raise ParameterError("The margins count different populations: " + ", ".join(f"'{k}' {v:,.10g}" for k, v in sums.items()) + ". Count all of "
                             "them in one frame (`margins`), with missing values as a level.")
    return np.array(found + [float(totals[c]) for c in design.numeric])


def _programme(x: Any, right: Array, bounds: Bounds, widen: bool) -> Any:
    """Linear programme over g by cell: what is missed of `right` at least, or by how much bounds must move outwards at least."""
    (unknowns, count), (low, high) = x.shape, bounds
    ends = (None if np.isinf(low) else low, None if np.isinf(high) else high)
    if not widen:
        eye = sparse.eye_array(unknowns)
        return optimize.linprog(np.r_[np.zeros(count), np.ones(2 * unknowns)], A_eq=sparse.hstack([x, eye, -eye]), b_eq=right,
                                bounds=[ends] * count + [(0, None)] * (2 * unknowns), method="highs")
    eye, edge = sparse.eye_array(count), sparse.csr_array(np.repeat([[-1.0, 0.0], [0.0, -1.0]], count, axis=0))
    return optimize.linprog(np.r_[np.zeros(count), 1 / max(low, 0.01), 1 / high],
                            A_eq=sparse.hstack([x, sparse.csr_array((unknowns, 2))]), b_eq=right,
                            A_ub=sparse.hstack([sparse.vstack([-eye, eye]), edge]), b_ub=np.repeat([-low, high], count),
                            bounds=[(0, None)] * count + [(0, max(low, 0)), (0, None)], method="highs")


def _impossible(design: cells.Design, d: Array, targets: Array, size: Array, distance: _Distance) -> ParameterError:
    """Why Newton did not arrive: which totals no weights within the bounds can meet, and bounds that would do (tried)."""
    x, low, high = design.matrix() * (d[None, :] / size[:, None]), distance.low, distance.high
    best = _programme(x, targets / size, (low, high), False)
    if best.status != 0 or best.fun < 1e-7:
        return ParameterError("The margins can only just be met: widen the bounds a little, or raise max_iterations.")
    reached = design.sums(d * best.x[:design.cells])
    unmet = design.labels().assign(target=targets, best=reached, short=np.abs(targets - reached) / size)
    unmet = unmet[unmet["short"] > 1e-7].sort_values("short", ascending=False, kind="stable").reset_index(drop=True)
    parts = [f"'{m}'{f' at {k!r}' if k else ''}: target {t:,.6g}, {b:,.6g} at best" for m, k, t, b in
             zip(unmet["margin"], unmet["level"], unmet["target"], unmet["best"], strict=True)]
    wide = _programme(x, targets / size, (low, high), True) if np.isfinite(low) and np.isfinite(high) else None
    would, advice = None, "No bounds would do: these margins contradict each other among those who answered. Merge levels, or drop a margin."
    if wide is not None and wide.status == 0:
        down, up = wide.x[-2:]
        advice = f"Bounds near {max(low - down, 0):.3g} and {high + up:.3g} are the least; try method='logit' there, or merge levels."
        for slack in (0.02, 0.05, 0.1, 0.2, 0.4):  # at the very edge of what can be met there are weights, but no finite parameters
            tried = (float(np.floor((low - down) * (1 - slack) * 1000) / 1000) if down > 1e-9 else low,
                     float(np.ceil((high + up) * (1 + slack) * 100) / 100) if up > 1e-9 else high)
            if _newton(design, d, targets, size, replace(distance, low=tried[0], high=tried[1]), 1e-6, 100)[-1]:
                would, advice = tried, f"Bounds of {tried[0]:g} and {tried[1]:g} would do; or merge levels, or drop a margin."
                break
    return InfeasibleBounds(f"Weights between {low:g} and {high:g} times the base weights cannot meet {len(parts)} total(s): " + "; ".join(parts[:6])
                            + f". {advice}", unmet=unmet, bounds=would)


def calibrate(sample: pd.DataFrame, totals: Totals, *, weights: ArrayLike | None = None, method: Literal["logit", "raking", "linear"] = "logit",
              bounds: Bounds | None = (0.3, 4.0), tolerance: float = 1e-8, max_iterations: int = 100) -> Weights:
    """Weights for the sample's rows (n,) that meet known totals while staying as close to the base weights as a distance allows.

    `totals`: margin → level → total (see `margins`; a tuple of columns is a cross-classification; missing is "(missing)"), or a
    number for the sum of a numeric column. Base weights (default 1) are scaled to the total; `bounds` hold for the factor g on
    them. "logit" is bounded by construction (Deville & Särndal 1992, case 6), "raking" and "linear" are cut off at the bounds or,
    with None, free. Redundant margins do no harm. Every total is met to `tolerance`, relative, or an error says which cannot be.

    Raises
    ------
    InfeasibleBounds
        with the margins and levels that cannot be met, how close one gets, and bounds that would do.
    ParameterError
        for levels without respondents or without a total, margins of different populations, unusable weights or bounds.
    """
    low, high = bounds if bounds is not None else (0.0 if method == "raking" else -np.inf, np.inf)
    if method not in METHODS or not low < 1 < high or (method == "logit" and not (low >= 0 and high < np.inf)) or not 0 < tolerance <= 1e-6:
        raise ParameterError(f"method is one of {', '.join(METHODS)}, bounds (low, high) with 0 <= low < 1 < high (None only without logit) and "
                             f"tolerance at most 1e-6; got {method!r}, {bounds!r}, {tolerance!r}.")
    if not len(sample) or not totals:
        raise ParameterError("calibrate needs at least one respondent and one margin.")
    by_level = [m for m, t in totals.items() if isinstance(t, Mapping)]
    design = cells.design(sample, by_level, [m for m in totals if m not in by_level])
    d = None if weights is None else np.asarray(weights, dtype=float)
    if d is not None and (d.shape != (len(sample),) or not np.all((d > 0) & (d < np.inf))):
        raise ParameterError(f"weights must be one positive number for each of the {len(sample):,} rows; leave out rows that count for nothing.")
    targets, count, distance = _targets(design, totals), np.bincount(design.cell, minlength=design.cells), _Distance(method, low, high)
    mass = count.astype(float) if d is None else np.bincount(design.cell, d, design.cells)
    scale = targets[:len(design.levels[0])].sum() / mass.sum() if design.levels else 1.0
    mass *= scale
    size = targets.copy()
    for k, x in enumerate(design.values, start=len(targets) - len(design.values)):
        size[k] = max(abs(targets[k]), mass @ np.abs(x))
    factors, slopes, iterations, met = _newton(design, mass, targets, size, distance, tolerance, max_iterations)
    if not met:
        raise _impossible(design, mass, targets, size, distance)
    final = (scale * factors).take(design.cell)
    final = final if d is None else final * d
    n = np.r_[design.sums(count)[:len(targets) - len(design.numeric)], np.full(len(design.numeric), len(sample))].astype(int)
    table = design.labels().assign(n=n, before=design.sums(mass), target=targets,
                                   achieved=design.sums(np.bincount(design.cell, final, design.cells)))
    return Weights(weights=final, table=table, method=method, bounds=(low, high), iterations=iterations, factors=factors, slopes=slopes,
                   design=design)


def _collapse(labels: Sequence[Hashable], count: Array, total: Array, min_cell: int) -> list[list[int]]:
    """Groups of cells with at least `min_cell` respondents each; the rule stands in `poststratify`."""
    groups = [[i] for i in sorted(range(len(labels)), key=lambda i: cells.label(labels[i]))]
    size, whole = [float(count[g].sum()) for g in groups], [float(total[g].sum()) for g in groups]

    def common(first: list[int], second: list[int]) -> int:
        pairs = [(labels[i], labels[j]) for i in first for j in second]
        return max(next((k for k, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), len(a)) if isinstance(a, tuple) else 0 for a, b in pairs)

    while len(groups) > 1 and min(size) < min_cell:
        k = size.index(min(size))
        one, n, customers = (part.pop(k) for part in (groups, size, whole))
        near = min(range(len(groups)), key=lambda j: (-common(one, groups[j]), abs(size[j] / whole[j] - n / customers), size[j], j))
        groups[near], size[near], whole[near] = sorted(groups[near] + one), size[near] + n, whole[near] + customers
    return groups


def poststratify(sample_cells: Any, population_cells: Any, *, weights: ArrayLike | None = None, min_cell: int = 20) -> Weights:
    """Weights (n,) by which each cell counts as much among the answers as in the population (Holt & Smith 1979, JRSS A 142).

    Cells are labels, or a frame of columns whose combinations are the cells: one row a respondent, and one row a customer of the
    population (or a mapping cell → total). While a cell has fewer than `min_cell` respondents, the smallest joins the one that
    has most leading columns in common with it and, among those, answers at the rate nearest to its own; ties go to the smaller,
    then to the first by name. `merged` lists what was thrown together.

    Raises
    ------
    ParameterError
        for respondents in a cell the population lacks, or fewer than `min_cell` respondents in all.
    """
    sample = _as_frame(sample_cells)
    name = tuple(sample.columns) if len(sample.columns) > 1 else sample.columns[0]
    totals = population_cells if isinstance(population_cells, Mapping) else margins(_as_frame(population_cells), [name])[name]
    wanted = {cells.known(k): float(t) for k, t in totals.items() if t != 0}
    if len(sample) < max(min_cell, 1):
        raise ParameterError(f"Post-stratification needs at least {max(min_cell, 1)} respondents (min_cell); there are {len(sample)}.")
    found = cells.design(sample, [name])
    if strange := [k for k in found.places[0] if k not in wanted] or [k for k, t in wanted.items() if not 0 < t < np.inf]:
        raise ParameterError(f"Cell {cells.listed(strange)} has respondents but no customers in the population; known: {cells.listed(wanted)}. "
                             "Count the population by the same columns, respondents included.")
    labels, count = list(wanted), np.zeros(len(wanted))
    places = {label: i for i, label in enumerate(labels)}
    at = np.array([places[k] for k in found.places[0]])
    count[at] = np.bincount(found.codes[0][found.cell], minlength=len(at))
    groups = _collapse(labels, count, np.array(list(wanted.values())), min_cell)
    home = {labels[i]: g for g, members in enumerate(groups) for i in members}
    group = np.array([home[k] for k in found.places[0]])[found.codes[0]].take(found.cell)
    made = calibrate(pd.DataFrame({"cell": group}), {"cell": {g: sum(wanted[labels[i]] for i in m) for g, m in enumerate(groups)}}, weights=weights,
                     method="linear", bounds=None)
    names = [" + ".join(cells.label(labels[i]) for i in m) for m in groups]
    order = made.design.levels[0]
    return replace(made, method="post-stratified", merged=tuple(tuple(labels[i] for i in m) for m in groups if len(m) > 1),
                   table=made.table.assign(margin=cells.label(name), level=[names[g] for g in order]),
                   design=replace(made.design, names=[name], places=[{k: order.index(g) for k, g in home.items()}]))
