"""Trends in a panel whose members drop out: inverse probability of censoring weights and the variance that counts their estimation.

Among those still there at a wave, a logistic model says who answers once more, given the history seen so far; whoever stays
stands for comparable people who left (Robins, Rotnitzky & Zhao 1995, JASA 90). One model a wave, so the variance stacks their scores.
The assumption: given that history, leaving has nothing to do with the score of the wave that was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Estimate
from voclib.stats import crossfit, inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
NOBODY, FLAT = 1e-7, 1e-9  # chance of staying that counts as none; information that counts as none


@dataclass(frozen=True, kw_only=True)
class PanelWeights:
    """Weights of a panel of N units and T waves, in the order of `units` and `waves`.

    `weights` (N, T) are stabilised by the share that stays at each wave, 0 where a unit is gone; `present` (N, T) is answered so
    far without a gap; `staying` (N, T) the fitted chance of staying at that wave, NaN where a unit was no longer at risk. `scores`
    holds a wave's influence of its coefficients (N, k) and `designs` its regressors (N, k), both 0 for units not at risk.
    `returned` counts answers after a gap, which are not used. `n_effective` is Kish's number by wave.
    """

    units: NDArray[Any]
    waves: NDArray[Any]
    weights: Array
    present: NDArray[np.bool_]
    staying: Array
    scores: tuple[Array, ...]
    designs: tuple[Array, ...]
    returned: int

    @property
    def n_effective(self) -> Array:
        """Kish's number of the weights by wave (T,)."""
        return self.weights.sum(axis=0) ** 2 / (self.weights**2).sum(axis=0)

    def of(self, frame: pd.DataFrame, *, unit: str, period: str) -> Array:
        """The weights in the rows of a frame, shape (rows,); 0 where the unit is gone, never began, or the period is another."""
        rows, columns = _places(frame, unit, period, self.units, self.waves)
        return np.where((rows >= 0) & (columns >= 0), self.weights[rows, columns], 0.0)


@dataclass(frozen=True, kw_only=True)
class PanelChange:
    """A change over the waves with those who left made good (`fit`), beside the two naive ones on the same panel.

    `naive` compares everybody who answered a wave with everybody who answered another, `survivors` only those who answered both
    ends. `waves` and `naive_waves` hold the mean at each wave. All in printed units; rows of the influence are units.
    """

    fit: Fit
    naive: Fit
    survivors: Fit
    waves: tuple[Fit, ...]
    naive_waves: tuple[Fit, ...]
    panel: PanelWeights

    def estimate(self, estimand: str, **options: Any) -> Estimate:
        """The corrected change as an Estimate; options as `Fit.estimate`."""
        return self.fit.estimate(estimand, **options)


def ipcw(frame: pd.DataFrame, *, unit: str, period: str, answered: str, columns: Sequence[str] = (), history: Sequence[str] = ()) -> PanelWeights:
    """Inverse probability of censoring weights for drop-out from a panel.

    Parameters
    ----------
    frame : one row a unit and period; a missing row means that the unit did not answer.
    unit, period, answered : names of the columns with the unit, the period (sorted) and whether it answered (no missing values).
    columns : numeric columns known before the answer of the same period for every unit still at risk.
    history : numeric columns taken from the period before, e.g. the last score.

    Units that did not answer the first period are not in the panel; an answer after a gap is not used.

    Raises
    ------
    DataError
        for repeated rows, missing history of a unit at risk, a wave nobody stays for, a drop-out that is perfectly predicted.
    ParameterError
        for unknown columns, neither `columns` nor `history`.
    """
    _require(frame, [unit, period, answered, *columns, *history])
    if not (columns or history):
        raise ParameterError("Give columns or history: without what is known of each customer, everybody who stays counts the same.")
    here, units, waves, cubes = _cube(frame, unit, period, answered, [*columns, *history])
    present = np.logical_and.accumulate(here, axis=1)
    staying, weights = np.full(here.shape, np.nan), np.ones(here.shape)
    scores, designs = [], []
    for t in range(1, len(waves)):
        now = [c[:, t] for c in cubes[: len(columns)]]
        before = [c[:, t - 1] for c in cubes[len(columns):]]
        x = np.column_stack([np.ones(len(units)), *now, *before])
        risk, stays = present[:, t - 1], present[:, t]
        chance, score, design = _wave(x, risk, stays, label=waves[t], names=(*columns, *history))
        staying[risk, t] = chance[risk]
        weights[:, t] = np.where(stays, weights[:, t - 1] * stays[risk].mean() / chance, 0.0)
        scores.append(score)
        designs.append(design)
    return PanelWeights(units=units, waves=waves, weights=weights, present=present, staying=staying, scores=tuple(scores),
                        designs=tuple(designs), returned=int((here & ~present).sum()))


def panel_change(frame: pd.DataFrame, outcome: str, *, unit: str, period: str, answered: str, columns: Sequence[str] = (),
                 history: Sequence[str] = (), contrast: ArrayLike | None = None, cluster: str | None = None) -> PanelChange:
    """The change of a mean over the waves for everybody who began, weighted for drop-out.

    `outcome` is a numeric column in printed units. `contrast` (T,) sums to zero; by default last wave less first. `cluster` names a
    column that is constant within a unit (dealer). The variance of every mean stacks the estimation of the weights (units, or
    whole clusters, are independent).

    Raises
    ------
    DataError, ParameterError
        as `ipcw`; for a contrast that does not fit, an answer without an outcome, a cluster that changes within a unit.
    """
    _require(frame, [outcome, *([cluster] if cluster else [])])
    panel = ipcw(frame, unit=unit, period=period, answered=answered, columns=columns, history=history)
    y = _values(frame, outcome, unit, period, panel)
    groups = _clusters(frame, cluster, unit, panel) if cluster else None
    c = _contrast(contrast, len(panel.waves))
    means = [_mean(panel, y, t, groups, weighted=True) for t in range(len(c))]
    plain = [_mean(panel, y, t, groups, weighted=False) for t in range(len(c))]
    both = panel.present[:, np.flatnonzero(c)].all(axis=1)
    paired = np.where(both, np.where(panel.present, y, 0.0) @ c, 0.0)
    value = float(paired[both].mean())
    return PanelChange(fit=_combine(means, c, groups, "IPCW, stacked variance"), naive=_combine(plain, c, groups, "those who answered each wave"),
                       survivors=inference.fit(value, np.where(both, paired - value, 0.0) / both.mean(), n=int(both.sum()), cluster=groups,
                                               method="those who answered both"),
                       waves=tuple(means), naive_waves=tuple(plain), panel=panel)


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise ParameterError(f"The panel has no column '{name}'; {nearest(name, map(str, frame.columns))}")


def _places(frame: pd.DataFrame, unit: str, period: str, units: NDArray[Any], waves: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the cube for each row of the frame."""
    return pd.Index(units).get_indexer(frame[unit]), pd.Index(waves).get_indexer(frame[period])


def _cube(frame: pd.DataFrame, unit: str, period: str, answered: str,
          names: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[Any], list[Array]]:
    """Who answered when (N, T) among those who answered the first wave, the labels, and every named column as (N, T)."""
    if frame[[unit, period, answered]].isna().any(axis=None):
        raise DataError(f"'{unit}', '{period}' and '{answered}' may not be missing in any row.")
    if repeated := int(frame.duplicated([unit, period]).sum()):
        raise DataError(f"{repeated} rows repeat a '{unit}' and '{period}'; a panel has one row for each.")
    waves = np.sort(frame[period].unique())
    if len(waves) < 2:
        raise DataError(f"A panel needs at least two periods; '{period}' has {len(waves)}.")
    began = frame[answered].astype(bool) & (frame[period] == waves[0])
    units = np.sort(frame.loc[began, unit].unique())
    if len(units) < 2:
        raise DataError(f"{len(units)} units answered the first period, {waves[0]}; a panel needs more.")
    rows, columns = _places(frame, unit, period, units, waves)
    inside = rows >= 0
    here = np.zeros((len(units), len(waves)), dtype=bool)
    here[rows[inside], columns[inside]] = frame[answered].to_numpy(bool)[inside]
    return here, units, waves, [_spread(frame[name], rows, columns, here.shape) for name in names]


def _spread(column: pd.Series, rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, ...]) -> Array:
    """A column of the frame as (N, T), NaN where there is no row."""
    values = pd.to_numeric(column).to_numpy(float, na_value=np.nan)
    cube = np.full(shape, np.nan)
    cube[rows[rows >= 0], columns[rows >= 0]] = values[rows >= 0]
    return cube


def _wave(x: Array, risk: NDArray[np.bool_], stays: NDArray[np.bool_], *, label: Any, names: tuple[str, ...]) -> tuple[Array, Array, Array]:
    """Chance of staying (N,; 1 off risk), influence of the coefficients and design (N, k; both 0 off risk) at one wave."""
    design = np.where(risk[:, None], x, 0.0)
    missing = ~np.isfinite(design)
    if missing.any():
        name = names[int(missing.any(axis=0).argmax()) - 1]
        raise DataError(f"'{name}' is missing for {int(missing.any(axis=1).sum())} customers still in the panel before period {label}; "
                        "fill it or leave it out.")
    if not stays.any():
        raise DataError(f"Nobody stays for period {label}; end the panel before it.")
    chance = np.ones(len(x))
    if stays[risk].all():  # nobody left: nothing to estimate, nothing to correct
        return chance, np.zeros_like(design), np.zeros_like(design)
    basis = np.linalg.qr(design[risk][:, _independent(design[risk])])[0] * np.sqrt(risk.sum())  # so that units play no part
    fitted = _chance(basis, stays[risk])
    if fitted.min() < NOBODY:  # a kind of which all stay is harmless; one of which nobody does is not
        raise DataError(f"Who stays for period {label} is (almost) perfectly predicted by {', '.join(names)}: "
                        "nobody comparable to those who left remains.")
    chance[risk] = fitted
    orthonormal = np.zeros((len(x), basis.shape[1]))
    orthonormal[risk] = basis
    information = (orthonormal * (chance * (1 - chance))[:, None]).T @ orthonormal / len(x)
    score = (orthonormal * (stays - chance)[:, None]) @ np.linalg.pinv(information, rcond=FLAT, hermitian=True)
    return chance, score, orthonormal


def _chance(basis: Array, stays: NDArray[np.bool_]) -> Array:
    """Fitted chance of staying; all 0 where the model does not settle because it separates. The first column of `basis` is constant."""
    try:
        return crossfit.logit(basis[:, 1:], (~stays).astype(np.intp), ridge=0.0).probabilities(basis[:, 1:])[:, 0]
    except (ParameterError, np.linalg.LinAlgError):
        return np.zeros(len(basis))


def _independent(x: Array) -> list[int]:
    """Columns that add something: a score that is constant at a wave says nothing there."""
    held: list[int] = []
    scaled = np.linalg.qr(x / np.linalg.norm(x, axis=0).clip(min=1e-300), mode="r")
    for j in range(x.shape[1]):
        if np.linalg.matrix_rank(scaled[:, [*held, j]], tol=1e-9) > len(held):
            held.append(j)
    return held


def _values(frame: pd.DataFrame, outcome: str, unit: str, period: str, panel: PanelWeights) -> Array:
    rows, columns = _places(frame, unit, period, panel.units, panel.waves)
    y = _spread(frame[outcome], rows, columns, panel.present.shape)
    if bad := int((~np.isfinite(y) & panel.present).sum()):
        raise DataError(f"'{outcome}' is missing in {bad} rows that are marked as answered.")
    return y


def _clusters(frame: pd.DataFrame, cluster: str, unit: str, panel: PanelWeights) -> NDArray[Any]:
    pairs = frame.loc[frame[unit].isin(panel.units), [unit, cluster]].drop_duplicates()
    if pairs[unit].duplicated().any() or pairs[cluster].isna().any():
        raise DataError(f"'{cluster}' must be known and the same in all rows of a '{unit}'.")
    return pairs.set_index(unit)[cluster].reindex(panel.units).to_numpy()


def _contrast(given: ArrayLike | None, waves: int) -> Array:
    c = np.zeros(waves) if given is None else np.asarray(given, dtype=float)
    if given is None:
        c[0], c[-1] = -1.0, 1.0
    if c.shape != (waves,) or abs(c.sum()) > 1e-9 or not c.any():
        raise ParameterError(f"contrast needs {waves} numbers, one a period, that sum to zero and are not all zero.")
    return c


def _mean(panel: PanelWeights, y: Array, t: int, cluster: ArrayLike | None, *, weighted: bool) -> Fit:
    """Mean at one wave; the influence of the estimated weights goes back through all models up to that wave."""
    there = panel.present[:, t]
    w = panel.weights[:, t] if weighted else there.astype(float)
    value = float(np.average(y[there, t], weights=w[there]))
    pull = np.where(there, w * (np.where(there, y[:, t], value) - value), 0.0) / w.mean()
    psi = pull.copy()
    for s in range(1, t + 1) if weighted else ():
        left = np.where(there, 1 - panel.staying[:, s], 0.0)
        psi += panel.scores[s - 1] @ (-(pull * left) @ panel.designs[s - 1] / len(w))
    return inference.fit(value, psi, n=int(there.sum()), cluster=cluster, method="IPCW, stacked variance" if weighted else "those who answered",
                         n_effective=inference.kish(w[there]))


def _combine(means: list[Fit], c: Array, cluster: ArrayLike | None, method: str) -> Fit:
    """A contrast of the waves' means, from their influence on the same units."""
    used = [m for m, share in zip(means, c, strict=True) if share]
    return inference.fit(float(c @ [m.value for m in means]), c @ np.array([m.influence for m in means]), cluster=cluster, method=method,
                         n=min(m.n for m in used), n_effective=min(m.n_effective for m in used))
