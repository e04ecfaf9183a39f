"""What happened to customers after their first exposure: an event study on monthly margin, with placebo leads.

Imputation estimator (Borusyak, Jaravel & Spiess 2024, REStud 91; the two stages of Gardner 2021, arXiv 2207.05943): unit and period effects
are fitted to cells not exposed yet or never, Y(0) = aᵢ + λₜ, and carried into the exposed ones; the effect h periods after exposure is
τₕ = mean of Y − â − λ̂. A cell already exposed is never a control, so effects may differ by cohort and grow with time, which static
two-way fixed effects cannot take (Goodman-Bacon 2021, J. Econometrics 225). Leads come from a regression on unexposed cells alone, with
periods before the first lead as reference: testing does not touch what is estimated. Units are the draw; every variance counts that both
stages were fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError, nearest
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
SAME = 1e-9  # information or variation, relative to its scale, that counts as none


@dataclass(frozen=True, kw_only=True)
class EventStudy:
    """Effects of a first exposure by period since (negative: placebo leads), exposed minus not exposed; influence rows are units.

    `att` is the mean over periods 0 … horizon, `total` their sum: what one exposed unit gained or, below zero, lost over the horizon.
    `naive` is static two-way fixed effects on the same cells. `trend` is what a straight line through the periods before exposure,
    prolonged, would have put into `att` by itself. `leads_p` tests that all leads are 0; `leads_equivalent` says that the 90 % interval of
    `trend` stays within half of the effect (None and False where the panel cannot tell). `critical` widens every interval to the sup-t band.
    `n_dropped` counts units exposed from their first period on, `n_unmatched` exposed cells in periods with nobody left unexposed.
    """

    path: tuple[tuple[int, Fit], ...]
    att: Fit
    total: Fit
    naive: Fit
    trend: Fit | None
    leads_p: float
    leads_equivalent: bool
    leads_level: float
    critical: float
    conf_level: float
    n_units: int
    n_exposed: int
    n_dropped: int
    n_unmatched: int

    @property
    def passes(self) -> bool:
        """Whether the units were on the same path before exposure as far as the panel can tell: no lead found, and no trend of weight possible."""
        return bool(self.leads_p >= self.leads_level and self.leads_equivalent)

    def tidy(self) -> pd.DataFrame:
        """One row a relative period: relative_period, estimate, std_error, conf_low, conf_high, band_low, band_high, is_lead, n (exposed units)."""
        rows = []
        for since, found in self.path:
            point, band = (k * found.std_error for k in (inference.quantile(self.conf_level, found.df), self.critical))
            rows.append({"relative_period": since, "estimate": found.value, "std_error": found.std_error, "conf_low": found.value - point,
                         "conf_high": found.value + point, "band_low": found.value - band, "band_high": found.value + band,
                         "is_lead": since < 0, "n": found.n})
        return pd.DataFrame(rows)


def event_study(frame: pd.DataFrame, *, unit: str, period: str, exposed_in: str, outcome: str, cluster: str | None = None, leads: int = 4,
                lags: int | None = None, weights: str | None = None, conf_level: float = 0.95, leads_level: float = 0.05,
                trend_share: float = 0.5, seed: int = 0) -> EventStudy:
    """Effect path of a first exposure on a panel of units and periods; once exposed, a unit counts as exposed.

    Parameters
    ----------
    frame : one row a unit and period, in any order, gaps allowed; a month without purchases is a row with 0, not a gap.
    period, exposed_in : whole numbers, dates or text such as 2026-03 (counted in months); `exposed_in` is the first exposed period,
        empty where never, the same in all rows of a unit.
    cluster : column of the units of shock (stores), one for each unit; units themselves without it.
    leads, lags : placebo periods before exposure; periods after the first one. Without `lags`, as far as half of the exposed are followed.
    weights : column of weights ≥ 0, taken as given.
    leads_level, trend_share : the level of the test of leads; the share of the effect that a prolonged trend must stay below.
    seed : of the draws behind the sup-t band.

    Raises
    ------
    DataError
        for a unit and period that occur twice, missing or constant outcomes, an exposure or cluster that changes within a unit, nobody
        exposed, nobody unexposed to compare with, fewer than two periods before exposure, lags beyond what can be compared.
    ParameterError
        for columns that do not exist, leads below 1, lags below 0.
    """
    if leads < 1 or lags is not None and lags < 0:
        raise ParameterError(f"leads is at least 1 and lags at least 0, not {leads} and {lags}.")
    panel = _panel(frame, unit, period, exposed_in, outcome, cluster, weights)
    stage = _two_way(panel.weights * (panel.since < 0))
    exposed = panel.weights * (panel.since >= 0) * stage.supported
    horizon = _horizon(panel, exposed, lags)
    path = _path(panel, stage, exposed, horizon)
    before, placebo = _leads(panel, stage, leads)
    last = [found for _, found in path]
    total = panel.fit(sum(f.value for f in last), sum(f.influence for f in last), n=int((exposed > 0).any(axis=1).sum()), method="event study")
    att = total.times(1 / (horizon + 1))
    trend = _trend(panel, stage, exposed, horizon, placebo)
    reach = np.inf if trend is None else abs(trend.value) + inference.quantile(0.9, trend.df) * trend.std_error
    whole = [*zip(range(-len(before), 0), before, strict=True), *path]
    return EventStudy(path=tuple(whole), att=att, total=total, naive=_static(panel, horizon), trend=trend, leads_p=_joint_p(before, panel.cluster),
                      leads_equivalent=bool(reach < trend_share * abs(att.value)), leads_level=leads_level, conf_level=conf_level,
                      critical=_critical([f for _, f in whole], panel.cluster, conf_level, seed), n_units=len(panel.y), n_exposed=att.n,
                      n_dropped=panel.n_dropped, n_unmatched=int(((panel.weights > 0) & (panel.since >= 0) & ~stage.supported).sum()))


@dataclass(frozen=True)
class _Panel:
    """N units × T periods: outcome and weight (0 where there is no row), periods since exposure (−∞ where never), clusters (None: units)."""

    y: Array
    weights: Array
    since: Array
    cluster: NDArray[np.intp] | None
    n_dropped: int

    def fit(self, value: float, influence: Array, *, n: int, method: str) -> Fit:
        """A Fit from influence values of units."""
        return inference.fit(value, influence, n=n, cluster=self.cluster, method=method)


@dataclass(frozen=True)
class _TwoWay:
    """Unit and period effects by weighted least squares on the cells that carry weight; `inverse` (T, T) after the units are swept out."""

    weights: Array
    shares: Array
    inverse: Array
    supported: NDArray[np.bool_]

    def residual(self, values: Array) -> Array:
        """Values (N, T) minus fitted unit and period effects, carried to every cell."""
        centred = values - (self.shares * values).sum(axis=1, keepdims=True)
        periods = self.inverse @ (self.weights * centred).sum(axis=0)
        return centred - periods + (self.shares @ periods)[:, None]


def _two_way(weights: Array) -> _TwoWay:
    """Prepare effects of units and periods; periods linked to no other by a unit carry none."""
    rows = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, rows, out=np.zeros_like(weights), where=rows > 0)
    gram = np.diag(weights.sum(axis=0)) - weights.T @ shares
    supported = np.diag(gram) > SAME * max(weights.sum(), SAME)
    inverse = np.zeros_like(gram)
    if supported.any():
        inner = gram[np.ix_(supported, supported)]
        if np.linalg.matrix_rank(inner, tol=SAME * np.trace(inner), hermitian=True) < len(inner) - 1:
            raise DataError("The periods fall into groups that no unexposed unit links, so none can be told. Keep the longest run of periods.")
        inverse[np.ix_(supported, supported)] = np.linalg.pinv(inner, rcond=SAME, hermitian=True)
    return _TwoWay(weights, shares, inverse, supported)


def _horizon(panel: _Panel, exposed: Array, lags: int | None) -> int:
    """The last period after exposure of the path."""
    if not exposed.any():
        raise DataError("Nobody is unexposed in the periods after exposure: no never- or not-yet-exposed units to compare with.")
    seen = panel.since[exposed > 0].astype(int)
    follow = np.bincount(seen)
    reached = len(follow) if (follow > 0).all() else int(np.argmin(follow > 0))
    if lags is None:
        enough = follow[:reached] >= (exposed > 0).any(axis=1).sum() / 2
        return max(int(np.argmin(enough)) if not enough.all() else reached, 1) - 1
    if lags >= reached:
        raise DataError(f"Exposed units can be compared with unexposed ones for {reached} periods from exposure on, not for {lags + 1} "
                        f"(lags={lags}); take lags of at most {reached - 1}.")
    return lags


def _path(panel: _Panel, stage: _TwoWay, exposed: Array, horizon: int) -> list[tuple[int, Fit]]:
    """Effects at 0 … horizon: imputed gaps averaged, and their influence with what fitting the first stage adds."""
    gap = stage.residual(panel.y)
    found, part, pull = [], [], []
    for h in range(horizon + 1):
        share = exposed * (panel.since == h)
        share = share / share.sum()
        value, mass = float((share * gap).sum()), share.sum(axis=1)
        found.append((value, int((mass > 0).sum())))
        part.append((share * gap).sum(axis=1) - mass * value)
        pull.append(share.sum(axis=0) - mass @ stage.shares)
    learned = (stage.weights * gap) @ (stage.inverse @ np.array(pull).T)
    influence = len(panel.y) * (np.array(part).T - learned)
    return [(h, panel.fit(value, influence[:, h], n=n, method="event study")) for h, (value, n) in enumerate(found)]


def _regress(panel: _Panel, stage: _TwoWay, columns: list[Array]) -> tuple[Array, Array] | None:
    """Slopes of the outcome on columns (N, T) among unexposed cells, beside both effects, and their influence; None where they are collinear."""
    flat = [stage.residual(x) for x in columns]
    gram = np.array([[(stage.weights * a * b).sum() for b in flat] for a in flat])
    scale = np.array([(stage.weights * x**2).sum() for x in columns])
    if (scale <= 0).any() or np.linalg.cond(gram / np.sqrt(np.outer(scale, scale))) > 1 / SAME or (np.diag(gram) < SAME * scale).any():
        return None
    slopes = np.linalg.solve(gram, [(stage.weights * x * panel.y).sum() for x in flat])
    left = stage.residual(panel.y) - sum(b * x for b, x in zip(slopes, flat, strict=True))
    scores = np.array([(stage.weights * x * left).sum(axis=1) for x in flat])
    return slopes, len(panel.y) * np.linalg.solve(gram, scores)


def _leads(panel: _Panel, stage: _TwoWay, leads: int) -> tuple[list[Fit], int]:
    """Placebo effects at −leads … −1 against earlier periods and never-exposed units; fewer where the panel holds no reference for more."""
    known = (stage.weights > 0) & np.isfinite(panel.since)
    before = known.sum(axis=1).max(initial=0)
    if before < 2:
        raise DataError(f"Exposed units have {before} period(s) before exposure; at least 2 are needed for a baseline and one placebo lead.")
    for length in range(int(min(leads, -panel.since[known].min() - 1)), 0, -1):
        found = _regress(panel, stage, [(panel.since == -k).astype(float) for k in range(length, 0, -1)])
        if found is not None:
            counts = [int((known & (panel.since == -k)).any(axis=1).sum()) for k in range(length, 0, -1)]
            return [panel.fit(b, u, n=n, method="placebo lead") for b, u, n in zip(*found, counts, strict=True)], length
    return [], 0


def _trend(panel: _Panel, stage: _TwoWay, exposed: Array, horizon: int, placebo: int) -> Fit | None:
    """Bias of the mean effect if exposed units go on along the straight line on which they were before exposure.

    Where nobody stays unexposed for good, a line over all periods cannot be told from the season; then it begins with the leads.
    """
    ever = np.isfinite(panel.since)
    floor = -np.inf if not ever[:, 0].all() else -placebo - 1.0
    line = np.where(ever, np.maximum(np.where(ever, panel.since, 0.0), floor), 0.0)
    found = _regress(panel, stage, [line])
    if found is None or not placebo:
        return None
    carried, bias = stage.residual(line), 0.0
    for h in range(horizon + 1):
        share = exposed * (panel.since == h)
        bias += float((share * carried).sum() / share.sum()) / (horizon + 1)
    slope = panel.fit(found[0][0], found[1][0], n=int(ever[:, 0].sum()), method="pre-trend, prolonged")
    return slope.times(bias)


def _static(panel: _Panel, horizon: int) -> Fit:
    """One coefficient of static two-way fixed effects on all cells up to the horizon: what regression software gives for an exposed dummy."""
    stage = _two_way(panel.weights * (panel.since <= horizon))
    on = (panel.since >= 0).astype(float)
    found = _regress(panel, stage, [on])
    if found is None:
        raise DataError("Exposure cannot be told from the periods: everybody is exposed at once and nobody is left out.")
    return panel.fit(found[0][0], found[1][0], n=len(panel.y), method="two-way fixed effects, static")


def _covariance(fits: list[Fit], cluster: NDArray[np.intp] | None) -> tuple[Array, int]:
    """Covariance (K, K) of fits on the same units (CR2) and the number of clusters."""
    influence = np.column_stack([f.influence for f in fits]) / len(fits[0].influence)
    codes, groups = (np.arange(len(influence)), len(influence)) if cluster is None else inference.encode(cluster)
    totals = np.column_stack([np.bincount(codes, u, groups) for u in influence.T])
    lift = 1 / (1 - np.bincount(codes, minlength=groups) / len(codes))
    return (totals * lift[:, None]).T @ totals, groups


def _joint_p(fits: list[Fit], cluster: NDArray[np.intp] | None) -> float:
    """p of all being 0 at once: Hotelling's T² on clusters, F(K, G − K); not a number where there are no fits, or too few clusters."""
    if not fits:
        return float("nan")
    covariance, groups = _covariance(fits, cluster)
    k, values = len(fits), np.array([f.value for f in fits])
    if groups <= k:
        return float("nan")
    ratio = float(values @ np.linalg.pinv(covariance, hermitian=True) @ values)
    return float(stats.f.sf(ratio * (groups - k) / (k * (groups - 1)), k, groups - k))


def _critical(fits: list[Fit], cluster: NDArray[np.intp] | None, conf_level: float, seed: int) -> float:
    """Multiplier of standard errors whose intervals hold the whole path at once (sup-t: Montiel Olea & Plagborg-Møller 2019, JAE 34)."""
    covariance, _ = _covariance(fits, cluster)
    size = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(size, size)
    return inference.sup_t(correlation, conf_level=conf_level, df=min(f.df for f in fits), seed=seed)


def _panel(frame: pd.DataFrame, unit: str, period: str, exposed_in: str, outcome: str, cluster: str | None, weights: str | None) -> _Panel:
    """The long frame as units × periods, checked."""
    _known(frame, unit, period, exposed_in, outcome, cluster, weights)
    i, _ = pd.factorize(frame[unit])
    t, first = _ordinal(frame[period], period), _ordinal(frame[exposed_in], exposed_in)
    y = frame[outcome].to_numpy(dtype=float)
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy(dtype=float)
    _checked(frame, unit, period, i, t, y, w, (outcome, weights))
    shape, column = (int(i.max()) + 1, int(t.max() - t.min()) + 1), (t - t.min()).astype(int)
    wide = {name: np.zeros(shape) for name in ("y", "w")}
    wide["y"][i, column], wide["w"][i, column] = y, w
    starts = _constant(first, i, exposed_in, "the first exposed period")
    if not np.isfinite(starts).any():
        raise DataError(f"Nobody is exposed: '{exposed_in}' is empty in all rows.")
    since = np.where(np.isfinite(starts)[:, None], np.arange(shape[1])[None, :] + t.min() - np.nan_to_num(starts)[:, None], -np.inf)
    keep = (wide["w"] * (since < 0)).any(axis=1)
    if not np.isfinite(since[keep]).any():
        raise DataError("Every exposed unit is exposed from its first period on; without a period before exposure nothing can be compared.")
    groups = None if cluster is None else _constant(pd.factorize(frame[cluster])[0].astype(float), i, cluster, "the cluster")[keep].astype(np.intp)
    return _Panel(wide["y"][keep], wide["w"][keep], since[keep], groups, int((~keep).sum()))


def _known(frame: pd.DataFrame, *names: str | None) -> None:
    """Every named column exists."""
    for name in names:
        if name is not None and name not in frame:
            raise ParameterError(f"There is no column '{name}' in the panel; {nearest(name, frame.columns)}")


def _ordinal(values: pd.Series, name: str) -> Array:
    """Periods as whole numbers, dates and text counted in months; NaN where empty."""
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        numbers = np.where(np.isinf(numbers), np.nan, numbers)
        if not (np.isnan(numbers) | (numbers == np.round(numbers))).all():
            raise DataError(f"'{name}' holds fractions; periods are whole numbers, or dates.")
        return numbers
    try:
        months = pd.PeriodIndex(values, freq="M")
    except (ValueError, TypeError) as cause:
        raise DataError(f"'{name}' holds neither whole numbers nor dates, but for example {values.dropna().iloc[0]!r}.") from cause
    return np.where(months.isna(), np.nan, months.year * 12.0 + months.month)


def _checked(frame: pd.DataFrame, unit: str, period: str, i: NDArray[np.intp], t: Array, y: Array, w: Array, names: tuple[str, str | None]) -> None:
    """What makes a panel unusable, by name."""
    outcome, weights = names
    checks: list[tuple[bool | np.bool_, Callable[[], Any]]] = [
        (not len(frame), lambda: "The panel has no rows."),
        ((i < 0).any() or np.isnan(t).any(), lambda: f"'{unit}' or '{period}' is missing in {int(((i < 0) | np.isnan(t)).sum())} of {len(t)} rows."),
        (frame.duplicated([unit, period]).any(), lambda: _twice(frame, unit, period)),
        (~np.isfinite(y).all(), lambda: f"'{outcome}' is missing in {int((~np.isfinite(y)).sum())} of {len(y)} rows; "
                                        "write 0 for a period without purchases, and leave out periods not observed."),
        (not (np.isfinite(w) & (w >= 0)).all(), lambda: f"Weights '{weights}' must be 0 or more and never missing."),
        (len(y) > 0 and np.ptp(y) == 0, lambda: f"'{outcome}' is {y[0]:g} in every row; a constant outcome has no effect to find.")]
    for failed, message in checks:
        if failed:
            raise DataError(message())


def _twice(frame: pd.DataFrame, unit: str, period: str) -> str:
    """Which unit and period occur more than once."""
    again = frame.duplicated([unit, period])
    one = frame.loc[again, [unit, period]].iloc[0]
    return (f"{int(again.sum())} rows repeat a unit and period, such as {unit} {one[unit]} in {one[period]}; "
            "the panel has one row for each: add the amounts up first.")


def _constant(values: ArrayLike, i: NDArray[np.intp], name: str, what: str) -> Array:
    """One value a unit (N,), NaN where empty throughout."""
    v = np.asarray(values, dtype=float)
    filled = np.where(np.isnan(v), np.inf, v)
    low, high = np.full(i.max() + 1, np.inf), np.full(i.max() + 1, -np.inf)
    np.minimum.at(low, i, filled)
    np.maximum.at(high, i, filled)
    if (bad := low != high).any():
        raise DataError(f"'{name}' changes within {int(bad.sum())} units; {what} is one value a unit.")
    return np.where(np.isinf(low), np.nan, low)
