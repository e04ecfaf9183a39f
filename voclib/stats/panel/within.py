"""Effects of units and periods swept out, and what sampling noise in a regressor adds to its variance.

Units are swept by their weighted means; periods, which are few, stay as columns. With M the residual maker of both (and of the controls), a
regressor measured as x = ξ + e with Var e = v known cell by cell has E[x'Mx] = ξ'Mξ + Σ M v. Taking the last term off before dividing is the
moment estimator of errors in variables (Fuller 1987, Measurement Error Models, §2.2). Where v is s²/n of the answers in a cell it is what
split-half instrumental variables (Gillen, Snowberg & Yariv 2019, JPE 127) give once every possible split is averaged: the mean of h₁·h₂ over
the splits of a cell into halves is x̄² − s²/n. No split is drawn, so nothing depends on a seed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from voclib.stats import inference
from voclib.stats.inference import Moments
from voclib.stats.panel.rows import Codes, Rows

Array = NDArray[np.float64]


def swept(values: Array, unit: Codes, weights: Array) -> Array:
    """Columns (n, p) minus the weighted mean of their unit."""
    whole = np.bincount(unit, weights)
    means = np.column_stack([np.bincount(unit, weights * v) for v in values.T]) / whole[:, None] if values.shape[1] else np.empty((len(whole), 0))
    return values - means[unit]


def nuisance(rows: Rows, *, terms: bool = False) -> Array:
    """What is fitted beside units, free of their means: controls and all periods, (n, m + T); with `terms` the terms before them."""
    marks = (rows.period[:, None] == np.arange(len(rows.periods))).astype(float)
    return swept(np.column_stack([*([rows.x] if terms else []), rows.z, marks]), rows.unit, rows.weights)


def moments(rows: Rows) -> Moments:
    """Cross products of the two-way regression by cluster; columns are terms, then controls. With `rows.noise`, corrected for it."""
    plain = inference.moments(rows.y, np.column_stack([rows.x, rows.z]), cluster=rows.cluster, weights=rows.weights, names=rows.names,
                              within=rows.unit, effects=rows.period)
    if rows.noise is None:
        return plain
    k, taken = rows.x.shape[1], np.zeros((len(plain.gram), len(rows.names), len(rows.names)))
    taken[:, :k, :k] = _noise(rows, nuisance(rows))
    return replace(plain, noise=taken)


def _noise(rows: Rows, z: Array) -> Array:
    """Expected products of the errors of terms k and l after sweeping, by cluster: Σ M_rs v over rows r, s that share the cell; (G, k, k)."""
    w, k, groups = rows.weights, rows.x.shape[1], int(rows.cluster.max()) + 1
    weighted = w[:, None] * z
    half = weighted @ np.linalg.pinv(z.T @ weighted, hermitian=True, rcond=1e-10)
    unit_weight = np.bincount(rows.unit, w)[rows.unit]
    place = np.full((k, int(rows.cell.max()) + 1), -1)
    for term in range(k):
        place[term, rows.cell[:, term]] = np.arange(len(w))
    found = np.zeros((groups, k, k))
    for a, b in combinations_with_replacement(range(k), 2):
        if rows.terms[a].column != rows.terms[b].column:
            continue  # errors of two different columns are independent
        there = place[b, rows.cell[:, a]]
        r = np.flatnonzero(there >= 0)
        s = there[r]
        maker = w[r] * (r == s) - w[r] * w[s] / unit_weight[r] - np.einsum("ij,ij->i", half[r], weighted[s])
        found[:, a, b] = found[:, b, a] = np.bincount(rows.cluster[r], maker * rows.noise[r, a], groups)
    return found


def residual_weights(rows: Rows) -> Array:
    """Diagonal (n,) of the residual maker of all columns, units and periods: 1 − leverage."""
    z = nuisance(rows, terms=True)
    weighted = rows.weights[:, None] * z
    half = z @ np.linalg.pinv(z.T @ weighted, hermitian=True, rcond=1e-10)
    return 1 - rows.weights / np.bincount(rows.unit, rows.weights)[rows.unit] - (half * weighted).sum(axis=1)


def residuals(rows: Rows, coefficients: Array) -> Array:
    """Residuals (n,) of the two-way regression given the coefficients of terms and controls."""
    left = swept((rows.y - np.column_stack([rows.x, rows.z]) @ coefficients)[:, None], rows.unit, rows.weights)[:, 0]
    marks = nuisance(replace(rows, z=rows.z[:, :0]))
    weighted = rows.weights[:, None] * marks
    return left - marks @ (np.linalg.pinv(marks.T @ weighted, hermitian=True, rcond=1e-10) @ (weighted.T @ left))


def partialled(rows: Rows) -> tuple[Array, Array, Array, list[str]]:
    """Outcome (n,), first term (n,), and all other columns (n, p) with their names, each free of units' means: ordinary regressions of them leave
    what the two-way regression leaves. Unweighted.
    """
    flat = replace(rows, weights=np.ones(len(rows.y)))
    free = swept(np.column_stack([rows.y, rows.x]), rows.unit, flat.weights)
    beside, first = nuisance(flat), rows.z.shape[1]
    names = [*rows.names[1:], *(f"period {p}" for p in rows.periods[1:])]
    return free[:, 0], free[:, 1], np.column_stack([free[:, 2:], np.delete(beside, first, axis=1)]), names


def within_sd(rows: Rows) -> float:
    """Standard deviation of the first term within units, periods' means taken off too, in its own units; unweighted."""
    flat = replace(rows, weights=np.ones(len(rows.y)), z=rows.z[:, :0])
    _, x, marks, _ = partialled(replace(flat, x=rows.x[:, :1], terms=rows.terms[:1], controls=()))
    left = x - marks @ np.linalg.lstsq(marks, x, rcond=None)[0]
    return float(np.sqrt(left @ left / max(len(x) - rows.n_units - len(rows.periods) + 1, 1)))
