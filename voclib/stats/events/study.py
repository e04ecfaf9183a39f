"""What happened to customers after their first exposure: an event study on monthly margin, with placebo leads.

Imputation estimator (Borusyak, Jaravel & Spiess 2024, REStud 91; the two stages of Gardner 2021, arXiv 2207.05943): unit and period effects
are fitted to cells not exposed yet or never, Y(0) = aᵢ + λₜ, and carried into the exposed ones; the effect h periods after exposure is
τₕ = mean of Y − â − λ̂. A cell already exposed is never a control, so effects may differ by cohort and grow with time, which static
two-way fixed effects cannot take (Goodman-Bacon 2021, J. Econometrics 225). Leads come from a regression on unexposed cells alone, with
periods before the first lead as reference: testing does not touch what is estimated. Units are the draw. Every variance is a jackknife over
them that fits both stages anew, with Student's t on the number of exposed units in effect (`twoway.fitted`): an exposed unit's gaps are measured
from a mean that it has itself shaped, so their squares are too small where few are exposed (Borusyak, Jaravel & Spiess 2024, §4.3, leave them
out one at a time for the same reason), and a normal quantile is too short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.events.panel import Panel, read
from voclib.stats.events.twoway import SAME, Array, Codes, TwoWay, Without, by_cluster, two_way, without_each
from voclib.stats.inference import Fit


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
    panel = read(frame, unit, period, exposed_in, outcome, cluster, weights)
    stage = two_way(panel.weights * (panel.since < 0))
    exposed = panel.weights * (panel.since >= 0) * stage.supported
    horizon = _horizon(panel, exposed, lags)
    path, total = _path(panel, stage, exposed, horizon)
    before, placebo = _leads(panel, stage, leads)
    att = total.times(1 / (horizon + 1))
    trend = _trend(panel, stage, exposed, horizon, placebo)
    reach = np.inf if trend is None else abs(trend.value) + inference.quantile(0.9, trend.df) * trend.std_error
    whole = [*zip(range(-len(before), 0), before, strict=True), *path]
    return EventStudy(path=tuple(whole), att=att, total=total, naive=_static(panel, horizon), trend=trend, leads_p=_joint_p(before, panel.codes),
                      leads_equivalent=bool(reach < trend_share * abs(att.value)), leads_level=leads_level, conf_level=conf_level,
                      critical=_critical([f for _, f in whole], panel.codes, conf_level, seed), n_units=len(panel.y), n_exposed=att.n,
                      n_dropped=panel.n_dropped, n_unmatched=int(((panel.weights > 0) & (panel.since >= 0) & ~stage.supported).sum()))


def _horizon(panel: Panel, exposed: Array, lags: int | None) -> int:
    """The last period after exposure of the path."""
    if not exposed.any():
        raise DataError("Nobody is unexposed in the periods after exposure: no never- or not-yet-exposed units to compare with.")
    seen = panel.since[exposed > 0].astype(int)
    follow = np.bincount(seen)
    reached = len(follow) if (follow > 0).all() else int(np.argmin(follow > 0))
    if lags is None:
        enough = follow[:reached] >= max((exposed > 0).any(axis=1).sum() / 2, 2)  # what one unit shows has no error
        return max(int(np.argmin(enough)) if not enough.all() else reached, 1) - 1
    if lags >= reached:
        raise DataError(f"Exposed units can be compared with unexposed ones for {reached} periods from exposure on, not for {lags + 1} "
                        f"(lags={lags}); take lags of at most {reached - 1}.")
    return lags


def _path(panel: Panel, stage: TwoWay, exposed: Array, horizon: int) -> tuple[list[tuple[int, Fit]], Fit]:
    """Effects at 0 … horizon, imputed gaps averaged, and their sum; both stages are fitted anew without each cluster."""
    gap, first = stage.residual(panel.y), without_each(stage, panel.y, [], panel.codes)
    values, without, loads, counts = [], [], [], []
    for h in range(horizon + 1):
        part = exposed * (panel.since == h)
        share = part / part.sum()
        values.append(float((share * gap).sum()))
        without.append(_imputed_without(panel, stage, part, first))
        loads.append(stage.carried(share))
        counts.append(int((part > 0).any(axis=1).sum()))
    if lone := int((~np.isfinite(without)).any(axis=0).sum()):
        raise DataError(f"What follows exposure rests on {lone} of {len(first.periods)} units of shock alone: without it nobody is exposed so long, "
                        "or nobody left to compare with. Take fewer lags, or more units.")
    made = {"method": "event study"}
    path = [(h, panel.fit(v, w, load, n=n, **made)) for h, (v, w, load, n) in enumerate(zip(values, without, loads, counts, strict=True))]
    reached = int((exposed > 0).any(axis=1).sum())
    return path, panel.fit(sum(values), np.sum(without, axis=0), np.sum(loads, axis=0), n=reached, **made)


def _imputed_without(panel: Panel, stage: TwoWay, part: Array, first: Without) -> Array:
    """The weighted mean (G,) of imputed gaps of the cells in `part` (N, T) without each cluster; not a number where no such cell is left."""
    own = part * stage.centred(panel.y), part, part * (stage.shares * first.periods[panel.codes]).sum(axis=1, keepdims=True)
    gap, mass, level = (by_cluster(one, panel.codes) for one in own)
    levels = first.periods @ (part.T @ stage.shares).T
    left = gap.sum(axis=0) - gap - (mass.sum(axis=0) - mass) * first.periods + levels - level
    size = ((mass.sum(axis=0) - mass) * first.supported).sum(axis=1)
    there = size > SAME * part.sum()
    return np.divide((left * first.supported).sum(axis=1), size, out=np.full(len(size), np.nan), where=there)


def _regress(panel: Panel, stage: TwoWay, columns: list[Array]) -> tuple[Array, Array, list[Array]] | None:
    """Slopes (K,) of the outcome on columns (N, T) among cells of the stage, beside both effects, the same without each cluster (G, K), and the
    weights (N, T) behind each; None where they are collinear, or rest on one cluster alone.
    """
    flat = [stage.residual(x) for x in columns]
    gram = np.array([[(stage.weights * a * b).sum() for b in flat] for a in flat])
    scale = np.array([(stage.weights * x**2).sum() for x in columns])
    if (scale <= 0).any() or np.linalg.cond(gram / np.sqrt(np.outer(scale, scale))) > 1 / SAME or (np.diag(gram) < SAME * scale).any():
        return None
    loads = np.tensordot(np.linalg.inv(gram), stage.weights * np.array(flat), axes=1)
    without = without_each(stage, panel.y, columns, panel.codes).slopes
    return ((loads * panel.y).sum(axis=(1, 2)), without, list(loads)) if np.isfinite(without).all() else None


def _leads(panel: Panel, stage: TwoWay, leads: int) -> tuple[list[Fit], int]:
    """Placebo effects at −leads … −1 against earlier periods and never-exposed units; fewer where the panel holds no reference for more."""
    known = (stage.weights > 0) & np.isfinite(panel.since)
    before = known.sum(axis=1).max(initial=0)
    if before < 2:
        raise DataError(f"Exposed units have {before} period(s) before exposure; at least 2 are needed for a baseline and one placebo lead.")
    for length in range(int(min(leads, -panel.since[known].min() - 1)), 0, -1):
        found = _regress(panel, stage, [(panel.since == -k).astype(float) for k in range(length, 0, -1)])
        if found is not None:
            counts = [int((known & (panel.since == -k)).any(axis=1).sum()) for k in range(length, 0, -1)]
            slopes, without, loads = found
            return [panel.fit(b, u, v, n=n, method="placebo lead") for b, u, v, n in zip(slopes, without.T, loads, counts, strict=True)], length
    return [], 0


def _trend(panel: Panel, stage: TwoWay, exposed: Array, horizon: int, placebo: int) -> Fit | None:
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
    slope = panel.fit(found[0][0], found[1][:, 0], found[2][0], n=int(ever[:, 0].sum()), method="pre-trend, prolonged")
    return slope.times(bias)


def _static(panel: Panel, horizon: int) -> Fit:
    """One coefficient of static two-way fixed effects on all cells up to the horizon: what regression software gives for an exposed dummy."""
    stage = two_way(panel.weights * (panel.since <= horizon))
    on = (panel.since >= 0).astype(float)
    found = _regress(panel, stage, [on])
    if found is None:
        raise DataError("Exposure cannot be separated from the periods: everybody is exposed at once and nobody is left out.")
    return panel.fit(found[0][0], found[1][:, 0], found[2][0], n=len(panel.y), method="two-way fixed effects, static")


def _covariance(fits: list[Fit], codes: Codes) -> Array:
    """Jackknife covariance (K, K) of fits on the same units."""
    totals = by_cluster(np.column_stack([f.influence for f in fits]), codes) / len(codes)
    return totals.T @ totals


def _joint_p(fits: list[Fit], codes: Codes) -> float:
    """p of all being 0 at once: Hotelling's T² with the fewest degrees of freedom ν of the fits, F(K, ν − K + 1); not a number where there are no
    fits, or too few clusters.
    """
    k, nu = len(fits), min((f.df for f in fits), default=0.0)
    if not fits or nu <= k - 1:
        return float("nan")
    values = np.array([f.value for f in fits])
    ratio = float(values @ np.linalg.pinv(_covariance(fits, codes), hermitian=True) @ values)
    return float(stats.chi2.sf(ratio, k) if np.isinf(nu) else stats.f.sf(ratio * (nu - k + 1) / (k * nu), k, nu - k + 1))


def _critical(fits: list[Fit], codes: Codes, conf_level: float, seed: int) -> float:
    """Multiplier of standard errors whose intervals hold the whole path at once (sup-t: Montiel Olea & Plagborg-Møller 2019, JAE 34)."""
    covariance = _covariance(fits, codes)
    size = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(size, size)
    return inference.sup_t(correlation, conf_level=conf_level, df=min(f.df for f in fits), seed=seed)
