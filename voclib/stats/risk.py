"""A calibrated risk from the past alone, and how good it was afterwards: ranking, calibration, and what a list of calls would hold.

Landmark design (van Houwelingen 2007, Scand. J. Stat. 34): a row is a customer on a landmark day, predictors are known on that day,
the outcome falls in the window after it. A model is trained on windows that were over before the day it is tested on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Method = Literal["platt", "isotonic"]
LANDMARK, ENDS = "landmark_on", "ends_on"
_CLIP = 1e-6
_FLAT = 0.05  # log-odds that differ less have no slope worth the name


@dataclass(frozen=True)
class RiskModel:
    """A penalised logit on standardised predictors and the map from its raw risk to a calibrated one.

    `coefficients` (K,) belong to `predictors` after subtracting `centre` and dividing by `scale`; a missing value counts as `centre`.
    `events` counts rows, `leavers` the customers behind them (one may leave within the windows of several landmarks).
    """

    predictors: tuple[str, ...]
    centre: Array
    scale: Array
    coefficients: Array
    intercept: float
    knots: tuple[Array, Array] | None
    platt: tuple[float, float]
    n: int
    events: int
    leavers: int

    def contributions(self, frame: pd.DataFrame) -> Array:
        """What each predictor adds to the log-odds against an average customer, (n, K)."""
        return _standardised(frame, self.predictors, self.centre, self.scale) * self.coefficients

    def predict(self, frame: pd.DataFrame) -> Array:
        """Calibrated risk (n,) between 0 and 1.

        Raises
        ------
        ParameterError
            if a predictor is missing from the frame.
        """
        raw = self.contributions(frame).sum(axis=1) + self.intercept
        return _mapped(raw, self.knots, self.platt)


@dataclass(frozen=True)
class Tested:
    """Risk and outcome of rows (n,) on test days the model had not seen, with one model a test day, in order of the days."""

    rows: pd.DataFrame
    risk: Array
    outcome: Array
    models: tuple[RiskModel, ...]


@dataclass(frozen=True)
class Calibration:
    """Observed against predicted. `slope` 1 is right, below 1 the risks are too extreme; `intercept` (log-odds) 0 is right, below 0 too high.

    `ratio` is observed over expected events. `slope` is None where risks hardly differ.
    """

    slope: Fit | None
    intercept: Fit
    ratio: Fit


def calibrated_risk(history: pd.DataFrame, *, outcome: str, known_on: Mapping[str, str], test_on: Sequence[pd.Timestamp], cluster: str,
                    method: Method = "platt", folds: int = 5, penalty: float = 1.0, seed: int = 0) -> Tested:
    """Risk on each test day from a model trained on windows that had ended by then.

    `history` has one row a customer and landmark: `landmark_on`, `ends_on` (end of the window of the outcome), `outcome` 0/1, `cluster`
    (the customer). `known_on` names every predictor and, for each, the column with the day on which its value was known.

    Raises
    ------
    DataError
        if a predictor was known only after the landmark, or there is nothing to train or test on.
    ParameterError
        for a missing column or an unknown method.
    """
    _assert_known(history, known_on)
    models, parts = [], []
    for day in sorted(test_on):
        past, now = history[history[ENDS] <= day], history[history[LANDMARK] == day]
        if now.empty or past.empty:
            what = "no row has this landmark" if now.empty else "no window had ended by then, so there is nothing to train on"
            raise DataError(f"Test day {day:%Y-%m-%d}: {what}. Landmarks: {', '.join(f'{d:%Y-%m-%d}' for d in sorted(history[LANDMARK].unique()))}.")
        models.append(train(past, outcome=outcome, predictors=tuple(known_on), cluster=cluster, method=method, folds=folds, penalty=penalty,
                            seed=seed))
        parts.append(now)
    risk = np.concatenate([m.predict(part) for m, part in zip(models, parts, strict=True)])
    rows = pd.concat(parts, ignore_index=True)
    return Tested(rows, risk, rows[outcome].to_numpy(dtype=float), tuple(models))


def train(past: pd.DataFrame, *, outcome: str, predictors: Sequence[str], cluster: str, method: Method = "platt", folds: int = 5,
          penalty: float = 1.0, seed: int = 0) -> RiskModel:
    """A logit on standardised predictors, calibrated on the risks of customers that were left out of the fit (`folds` whole-customer folds).

    "platt" maps log-odds linearly (Platt 1999), "isotonic" by a monotone step function (Zadrozny & Elkan 2002).

    Raises
    ------
    DataError
        if the outcome never, or always, happens.
    ParameterError
        for an unknown method or a missing column.
    """
    if method not in ("platt", "isotonic"):
        raise ParameterError(f"There is no calibration '{method}'; {nearest(method, ('platt', 'isotonic'))}")
    y = past[outcome].to_numpy(dtype=float)
    if not 0 < y.sum() < len(y):
        raise DataError(f"The outcome '{outcome}' is {int(y.mean())} in all {len(y)} rows to train on; a risk needs both.")
    values = _values(past, predictors)
    centre, scale = _location(values)
    x = np.where(np.isnan(values), 0.0, (values - centre) / scale)
    fold = _folds(x, y, past[cluster], folds, seed)
    left_out = np.empty(len(y))
    for k in range(folds):
        inside = fold != k
        weights, constant = _fitted(x[inside], y[inside], penalty)
        left_out[~inside] = x[~inside] @ weights + constant
    weights, constant = _fitted(x, y, penalty)
    knots, platt = _calibrator(left_out, y, method)
    leavers = len(np.unique(past[cluster].to_numpy()[y > 0]))
    return RiskModel(tuple(predictors), centre, scale, weights, constant, knots, platt, len(y), int(y.sum()), leavers)


def _assert_known(history: pd.DataFrame, known_on: Mapping[str, str]) -> None:
    """Every predictor was known on its landmark; otherwise the future leaks into it."""
    for name in (LANDMARK, ENDS, *known_on, *known_on.values()):
        if name not in history.columns:
            raise ParameterError(f"There is no column '{name}'; {nearest(name, history.columns)}")
    if not (history[ENDS] > history[LANDMARK]).all():
        raise DataError("A window of the outcome ends on or before its landmark; ends_on must lie after landmark_on.")
    for name, column in known_on.items():
        late = history[column] > history[LANDMARK]
        if late.any() or (history[name].notna() & history[column].isna()).any():
            when = f"in {int(late.sum())} rows only after the landmark" if late.any() else "on no day that is stated"
            raise DataError(f"Predictor '{name}' was known {when} (column '{column}'): it would leak the future into the risk. "
                            "Use values known on the landmark, or leave it out.")


def _values(frame: pd.DataFrame, predictors: Sequence[str]) -> Array:
    for name in predictors:
        if name not in frame.columns:
            raise ParameterError(f"There is no predictor '{name}'; {nearest(name, frame.columns)}")
    return frame[list(predictors)].to_numpy(dtype=float, na_value=np.nan)


def _location(values: Array) -> tuple[Array, Array]:
    """Mean and spread of each column, missing values aside; a constant or empty column gets spread 1."""
    n = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    centre = np.nansum(values, axis=0) / n
    spread = np.sqrt(np.nansum((values - centre) ** 2, axis=0) / n)
    return centre, np.where(spread > 1e-12, spread, 1.0)


def _standardised(frame: pd.DataFrame, predictors: Sequence[str], centre: Array, scale: Array) -> Array:
    values = _values(frame, predictors)
    return np.where(np.isnan(values), 0.0, (values - centre) / scale)


def _fitted(x: Array, y: Array, penalty: float) -> tuple[Array, float]:
    fit = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=200).fit(x, y)
    return fit.coef_[0], float(fit.intercept_[0])


def _folds(x: Array, y: Array, cluster: ArrayLike, folds: int, seed: int) -> NDArray[np.intp]:
    """A fold a customer: a seeded permutation of customers sorted by their content, so that neither row order nor names matter."""
    codes, groups = inference.encode(cluster)
    if groups < folds:
        raise DataError(f"{groups} customers cannot be split into {folds} folds.")
    content = np.column_stack([np.bincount(codes, column, groups) for column in (y, *x.T)]).round(9)
    order = np.lexsort(content.T[::-1])
    fold = np.empty(groups, dtype=np.intp)
    fold[order] = np.random.default_rng(seed).permutation(np.arange(groups) % folds)
    return fold[codes]


def _calibrator(left_out: Array, y: Array, method: Method) -> tuple[tuple[Array, Array] | None, tuple[float, float]]:
    if method == "isotonic":
        steps = IsotonicRegression(y_min=1 / (len(y) + 2), y_max=1 - 1 / (len(y) + 2), out_of_bounds="clip").fit(left_out, y)
        return (steps.X_thresholds_, steps.y_thresholds_), (0.0, 1.0)
    constant, slope = _logistic(left_out, y)
    if slope <= 0:  # customers left out of the fit are ranked no better than at random: everybody gets the same risk
        return None, (float(logit(y.mean())), 0.0)
    return None, (constant, slope)


def _mapped(raw: Array, knots: tuple[Array, Array] | None, platt: tuple[float, float]) -> Array:
    return expit(platt[0] + platt[1] * raw) if knots is None else np.interp(raw, *knots)


def _logistic(z: Array, y: Array, *, fixed: bool = False) -> tuple[float, float]:
    """Constant and slope of a logit of y on z by Newton's method; `fixed` keeps the slope at 1."""
    design = np.column_stack([np.ones(len(z)), z])[:, : 1 if fixed else 2]
    beta = np.array([logit(np.clip(y.mean(), _CLIP, 1 - _CLIP)) - (z.mean() if fixed else 0.0), 0.0])[: design.shape[1]]
    for _ in range(100):
        p = expit(design @ beta + (z if fixed else 0.0))
        hessian = design.T @ (design * (p * (1 - p) + 1e-12)[:, None])
        step = np.linalg.solve(hessian, design.T @ (y - p))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-11:
            break
    return float(beta[0]), 1.0 if fixed else float(beta[1])


def auc(risk: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """Chance that one who left had the higher risk than one who stayed; 0.5 is no better than lots.

    Variance by placements (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44), summed by cluster (Obuchowski 1997, Biometrics 53).

    Raises
    ------
    DataError
        if the outcome never, or always, happens.
    """
    p, y = _both(risk, outcome)
    event = y > 0
    m, k = int(event.sum()), int((~event).sum())
    ranks, placed = rankdata(p), np.empty(len(p))
    placed[event] = (ranks[event] - rankdata(p[event])) / k
    placed[~event] = 1 - (ranks[~event] - rankdata(p[~event])) / m
    value = float(placed[event].mean())
    return inference.fit(value, (placed - value) * len(p) / np.where(event, m, k), n=len(p), cluster=cluster, method="DeLong")


def auc_gain(risk: ArrayLike, other: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """How much better one risk ranks than another on the same rows: difference of their AUCs with the paired DeLong variance."""
    first, second = auc(risk, outcome), auc(other, outcome)
    return inference.fit(first.value - second.value, first.influence - second.influence, n=first.n, cluster=cluster, method="DeLong, paired")


def brier_skill(risk: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """1 − Brier score over that of the observed rate (Brier 1950; Murphy 1973): how much of the uncertainty the risk takes away."""
    p, y = _both(risk, outcome)
    rate, loss = y.mean(), (p - y) ** 2
    reference, score = rate * (1 - rate), loss.mean()
    influence = -(loss - score) / reference + score / reference**2 * (1 - 2 * rate) * (y - rate)
    return inference.fit(1 - score / reference, influence, n=len(p), cluster=cluster, method="linearised")


def calibration(risk: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None, trained: int | None = None) -> Calibration:
    """Cox's recalibration (1958, Biometrika 45): slope and intercept of the outcome on the log-odds of the risk, and observed over expected.

    `trained` is how many leavers the model learned from: a model right in form is still off by chance, as much as a test of that many
    events would be. Without it a right model fails too often.
    """
    p, y = _both(risk, outcome)
    z = logit(np.clip(p, _CLIP, 1 - _CLIP))
    stretch = np.sqrt(1 + y.sum() / trained) if trained else 1.0
    shift, _ = _logistic(z, y, fixed=True)
    fitted = expit(z + shift)
    intercept = _stretched(shift, (y - fitted) / (fitted * (1 - fitted)).mean(), cluster, stretch)
    ratio = y.mean() / p.mean()
    over = _stretched(ratio, (y - ratio * p) / p.mean(), cluster, stretch)
    if z.std() < _FLAT:
        return Calibration(None, intercept, over)
    constant, slope = _logistic(z, y)
    fitted, design = expit(constant + slope * z), np.column_stack([np.ones(len(z)), z])
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]) / len(p))
    return Calibration(_stretched(slope, (design * (y - fitted)[:, None]) @ bread[:, 1], cluster, stretch), intercept, over)


def _stretched(value: float, influence: Array, cluster: ArrayLike | None, stretch: float) -> Fit:
    """A fit whose standard error also carries what the model learned by chance."""
    made = inference.fit(value, influence, n=len(influence), cluster=cluster, method="sandwich")
    return replace(made, std_error=made.std_error * stretch)


def bands(risk: ArrayLike, outcome: ArrayLike, *, edges: Sequence[float] = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 1), cluster: ArrayLike | None = None,
          conf_level: float = 0.95) -> pd.DataFrame:
    """One row a band of risk [from, to): n, events, mean predicted risk, observed rate with an adjusted-Wald interval (Agresti & Coull 1998).

    Raises
    ------
    ParameterError
        if the edges do not rise from 0 to 1.
    """
    p, y = _both(risk, outcome)
    cut = np.asarray(edges, dtype=float)
    if cut[0] != 0 or cut[-1] != 1 or (np.diff(cut) <= 0).any():
        raise ParameterError(f"edges rise from 0 to 1, such as (0, 0.05, 0.2, 1); they are {tuple(edges)}.")
    place = np.clip(np.searchsorted(cut, p, side="right") - 1, 0, len(cut) - 2)
    groups, rows = None if cluster is None else np.asarray(cluster), []
    for k in range(len(cut) - 1):
        here = place == k
        low, high = _share_interval(y[here], None if groups is None else groups[here], conf_level)
        rows.append({"risk_from": cut[k], "risk_to": cut[k + 1], "n": int(here.sum()), "events": int(y[here].sum()),
                     "predicted": float(p[here].mean()) if here.any() else np.nan, "observed": float(y[here].mean()) if here.any() else np.nan,
                     "conf_low": low, "conf_high": high})
    return pd.DataFrame(rows)


def _share_interval(y: Array, cluster: NDArray | None, conf_level: float) -> tuple[float, float]:
    if len(y) < 2:
        return 0.0, 1.0
    many = cluster is not None and 1 < len(np.unique(cluster)) < len(y)
    size = inference.mean_variance(y - y.mean(), cluster=cluster).precision if many and np.ptp(y) > 0 else len(y)
    z = inference.quantile(conf_level, np.inf)
    _, _, low, high = inference.bounded_interval(y.mean(), (y**2).mean(), size, low=0, high=1, ends=z**2 / 2, middle=0, quantile=z)
    return float(low), float(high)


def listed(risk: ArrayLike, size: int) -> Array:
    """Weight (n,) of each row on a list of the `size` highest risks; rows tied at the end of the list share its last places.

    Raises
    ------
    ParameterError
        if size is not between 1 and n.
    """
    p = np.asarray(risk, dtype=float)
    if not 1 <= size <= len(p):
        raise ParameterError(f"A list holds 1 to {len(p)} of {len(p)} rows, not {size}.")
    last = np.sort(p)[::-1][size - 1]
    above, tied = p > last, p == last
    return above + tied * (size - above.sum()) / tied.sum()


def precision(weights: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """Share of a list (`weights` (n,), 1 on it, 0 off it) for whom the outcome happened."""
    w, y = _both(weights, outcome)
    value = w @ y / w.sum()
    return inference.fit(value, len(w) * w * (y - value) / w.sum(), n=int(round(w.sum())), cluster=cluster, method="linearised")


def lift(weights: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """Precision of a list over the rate of everybody; 1 is a list drawn at random."""
    w, y = _both(weights, outcome)
    rate, found = y.mean(), precision(w, y)
    ratio = found.value / rate
    influence = found.influence / rate - ratio / rate * (y - rate)
    return inference.fit(ratio, influence, n=found.n, cluster=cluster, method="linearised")


def gain(weights: ArrayLike, other: ArrayLike, outcome: ArrayLike, *, cluster: ArrayLike | None = None) -> Fit:
    """Precision of one list minus that of another on the same rows; customers on both lists cancel."""
    first, second = precision(weights, outcome), precision(other, outcome)
    return inference.fit(first.value - second.value, first.influence - second.influence, n=len(first.influence), cluster=cluster,
                         method="linearised")


def call_value(risk: ArrayLike, *, margin_cny: float, kept_share: float, cost_cny: float) -> tuple[Array, float]:
    """Expected ¥ of calling each row, risk × kept share × margin − cost, and the risk from which a call pays.

    `margin_cny` (what a kept customer brings) and `kept_share` (of those about to leave, how many a call keeps) are assumptions of the
    reader: no data here say that a call keeps anybody.

    Raises
    ------
    ParameterError
        if margin or cost is not above zero, or kept_share lies outside (0, 1].
    """
    if margin_cny <= 0 or cost_cny <= 0 or not 0 < kept_share <= 1:
        raise ParameterError("margin_cny and cost_cny are above zero and kept_share lies in (0, 1]; "
                             f"they are {margin_cny}, {cost_cny} and {kept_share}.")
    return np.asarray(risk, dtype=float) * kept_share * margin_cny - cost_cny, float(cost_cny / (kept_share * margin_cny))


def _both(first: ArrayLike, outcome: ArrayLike) -> tuple[Array, Array]:
    """Two arrays of one length with events and non-events."""
    p, y = np.asarray(first, dtype=float), np.asarray(outcome, dtype=float)
    if p.shape != y.shape or not np.isin(y, (0, 1)).all() or np.isnan(p).any():
        raise DataError("Risk and outcome are arrays of one length, without missing values, the outcome 0 or 1.")
    if not 0 < y.sum() < len(y):
        raise DataError(f"The outcome happened in {int(y.sum())} of {len(y)} rows; both outcomes are needed.")
    return p, y
