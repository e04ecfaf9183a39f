"""What goes with a change in exposure, and when: the two-way fixed-effects distributed lag, declared before it is looked at.

yᵢₜ = αᵢ + λₜ + Σₖ βₖ·xᵢ,ₜ₋ₖ + δ'zᵢ,ₜ₋₁ + εᵢₜ. A negative k is a lead, the exposure measured after the outcome: a placebo, zero unless the outcome
moves the exposure or a third thing moves both. Outcomes that are means of few answers, with sampling variance vᵢₜ, are weighted by 1/(σ² + vᵢₜ),
σ² being what is left of the residual variance (method of moments, as in meta-regression; Berkey et al. 1995, Stat. Med. 14), never by raw n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import Decision, Fit, Moments, Regression
from voclib.stats.panel import rows as gathering
from voclib.stats.panel import within
from voclib.stats.panel.rows import Rows, Term

Array = NDArray[np.float64]
VIF_LIMIT = 10.0
"""Variance inflation from the other lags beyond which single lags are not told apart, only their sum (the usual rule of thumb)."""


@dataclass(frozen=True, kw_only=True)
class DistributedLag:
    """A fitted distributed lag. `plain` are its cross products as measured, `corrected` those with the exposure's sampling noise taken off
    (None where that noise is unknown). `residual_sd` is σ beyond the sampling error of the outcome, NaN where that is unknown.
    """

    rows: Rows
    exposure: str
    lags: tuple[int, ...]
    plain: Moments
    corrected: Moments | None
    residual_sd: float

    @property
    def n_clusters(self) -> int:
        """Clusters."""
        return len(self.plain.gram)

    def moments(self, *, corrected: bool) -> Moments:
        """Cross products, as measured or corrected.

        Raises
        ------
        DataError
            where the noise is unknown, or larger than all variation of the exposure.
        """
        if not corrected:
            return self.plain
        if self.corrected is None:
            raise DataError("The sampling noise of the exposure is unknown, so nothing can be corrected for it; give the answers behind each mean.")
        return self.corrected

    def regression(self, *, corrected: bool) -> Regression:
        """All coefficients with their covariance by the jackknife (CRV3).

        Several lags leave few periods, and CRV1 then takes what was fitted for certain: of sixty units without any effect more than 6 % were
        found to have one.
        """
        return inference.regress(self.moments(corrected=corrected), method="CRV3")

    def decide(self, lag: int, *, corrected: bool, draws: int = 9999, seed: int = 0, conf_level: float = 0.95) -> Decision:
        """The coefficient of one declared lag under the inference policy."""
        return inference.decide(self.moments(corrected=corrected), self.term(lag), draws=draws, seed=seed, conf_level=conf_level)

    def term(self, lag: int) -> str:
        """Name of the column of a lag.

        Raises
        ------
        ParameterError
            for a lag that is not in the model.
        """
        if lag not in self.lags:
            raise ParameterError(f"Lag {lag} is not in the model; it holds {', '.join(map(str, self.lags))}.")
        return Term(self.exposure, lag).name

    def total(self, *, corrected: bool) -> Fit:
        """Sum of the coefficients of all lags that are no leads: what a lasting change goes with in the end."""
        return self.regression(corrected=corrected).combine({self.term(lag): 1.0 for lag in self.lags if lag >= 0})

    def mean_lead(self, *, corrected: bool) -> Fit:
        """Mean coefficient of the placebo leads, in the unit of one lag.

        Raises
        ------
        DataError
            where the model has no lead.
        """
        leads = [lag for lag in self.lags if lag < 0]
        if not leads:
            raise DataError(f"The model has no lead; its lags are {', '.join(map(str, self.lags))}. Negative lags are leads.")
        return self.regression(corrected=corrected).combine({self.term(lag): 1 / len(leads) for lag in leads})

    def joint_p(self, lags: Sequence[int], *, corrected: bool) -> float:
        """p of the coefficients of these lags all being 0: Wald on clusters, F(q, G − q) as for Hotelling's T²; NaN with too few clusters."""
        found = self.regression(corrected=corrected)
        at = [found.names.index(self.term(lag)) for lag in lags]
        q, groups = len(at), self.n_clusters
        if not q or groups <= q:
            return float("nan")
        value, covariance = found.coefficients[at], found.covariance[np.ix_(at, at)]
        ratio = float(value @ np.linalg.pinv(covariance, hermitian=True) @ value)
        return float(stats.f.sf(ratio * (groups - q) / (q * (groups - 1)), q, groups - q))

    def profile(self, *, corrected: bool, conf_level: float = 0.95, seed: int = 0) -> pd.DataFrame:
        """The whole profile: lag, estimate, std_error, conf_low, conf_high, band_low, band_high, is_lead, n. The band holds all lags at once."""
        found = self.regression(corrected=corrected)
        at = [found.names.index(self.term(lag)) for lag in self.lags]
        error = np.sqrt(np.diag(found.covariance)[at])
        correlation = found.covariance[np.ix_(at, at)] / np.outer(error, error)
        value, df = found.coefficients[at], found.df
        point = inference.quantile(conf_level, df) * error
        band = inference.sup_t(correlation, conf_level=conf_level, df=df, seed=seed) * error
        return pd.DataFrame({"lag": self.lags, "estimate": value, "std_error": error, "conf_low": value - point, "conf_high": value + point,
                             "band_low": value - band, "band_high": value + band, "is_lead": [lag < 0 for lag in self.lags], "n": found.n})

    def vif(self) -> pd.Series:
        """Variance inflation of each lag by the other lags, after sweeping out units, periods and controls."""
        k = len(self.lags)
        gram = self.plain.gram.sum(axis=0)
        inner = gram[:k, :k] - gram[:k, k:] @ np.linalg.pinv(gram[k:, k:], hermitian=True, rcond=1e-10) @ gram[k:, :k]
        scale = np.sqrt(np.diag(inner))
        return pd.Series(np.diag(np.linalg.pinv(inner / np.outer(scale, scale), hermitian=True)), index=list(self.lags), name="vif")

    @property
    def tells_lags_apart(self) -> bool:
        """Whether single lags can be separated; otherwise only their sum is worth printing."""
        return bool(self.vif().max() <= VIF_LIMIT)

    @property
    def reliability(self) -> float:
        """Share of the within-unit variation of the first lag that is no sampling noise; NaN where the noise is unknown."""
        if self.corrected is None:
            return float("nan")
        return 1 - float(self.corrected.noise[:, 0, 0].sum() / _left(self.plain, len(self.lags)))


def distributed_lag(frame: pd.DataFrame, *, unit: str, period: str, outcome: str, exposure: str, lags: Sequence[int] = (1,),
                    controls: Mapping[str, int] | None = None, noise: str | None = None, sampling: str | None = None,
                    cluster: str | None = None) -> DistributedLag:
    """Fit a distributed lag to a panel.

    Parameters
    ----------
    frame : one row a unit and period (whole numbers, one apart), in any order, gaps allowed.
    lags : periods by which the exposure precedes the outcome; negative ones are placebo leads. Declare them before looking.
    controls : column → its lag; what happened in the period of the outcome itself is rarely a control (lag 1 or more).
    noise : column with the sampling variance of the exposure (s²/n of the answers behind it); without it nothing can be corrected.
    sampling : column with the sampling variance of the outcome; rows are then weighted by precision. Take the variance of one answer from all
        periods of a unit and divide it by the answers of the cell: from the cell's own scores the weight would go with their error, which
        bends slopes by several percent.
    cluster : column of the units of shock, each holding whole units; the units themselves without it.

    Raises
    ------
    DataError
        for a table that is no panel, an exposure without change, collinear terms (their names are listed), noise above all variation.
    ParameterError
        for columns that do not exist, a lag that stands twice.
    """
    if len(set(lags)) < len(lags) or not len(lags) or not all(isinstance(lag, int | np.integer) for lag in lags):
        raise ParameterError(f"lags= lists different whole numbers, not {list(lags)}.")
    terms = [Term(exposure, lag) for lag in lags]
    beside = [Term(column, lag) for column, lag in (controls or {}).items()]
    noisy = {exposure: noise} if noise else {}
    rows = gathering.gather(frame, unit=unit, period=period, outcome=outcome, terms=terms, controls=beside, noise=noisy, sampling=sampling,
                            cluster=cluster)
    spread = float("nan")
    if sampling is not None:
        rows, spread = precise(rows)
    return build(rows, exposure=exposure, lags=tuple(lags), residual_sd=spread)


def build(rows: Rows, *, exposure: str, lags: tuple[int, ...], residual_sd: float = float("nan")) -> DistributedLag:
    """A distributed lag on rows already gathered."""
    whole = within.moments(rows)
    plain = replace(whole, noise=None)
    left = _left(plain, len(lags))
    if left <= 1e-9 * plain.gram[:, 0, 0].sum():
        inference.regress(plain, method="CRV1")  # names the columns that leave nothing
    if whole.noise is not None and whole.noise[:, 0, 0].sum() >= left:
        raise DataError(f"The sampling noise of {exposure} is as large as all its change within units: the survey cannot tell one period from the "
                        "next. Ask more people in each unit, or pool periods.")
    corrected = None if whole.noise is None else whole
    return DistributedLag(rows=rows, exposure=exposure, lags=lags, plain=plain, corrected=corrected, residual_sd=residual_sd)


def _left(moments: Moments, k: int) -> float:
    """What controls and periods, the columns from `k` on, leave of the variation of the first term."""
    gram = moments.gram.sum(axis=0)
    cross = gram[0, k:]
    return float(gram[0, 0] - cross @ np.linalg.pinv(gram[k:, k:], hermitian=True, rcond=1e-10) @ cross)


def precise(rows: Rows) -> tuple[Rows, float]:
    """Rows weighted by precision and σ, from the residuals of an unweighted fit: Σe² = σ²·Σ(1 − h) + Σ(1 − h)·v."""
    sampling = rows.sampling
    flat = replace(rows, weights=np.ones(len(rows.y)), noise=None)
    found = inference.regress(within.moments(flat), method="CRV1")
    left, free = within.residuals(flat, found.coefficients), within.residual_weights(flat)
    variance = max(float((left**2).sum() - (free * sampling).sum()) / float(free.sum()), 0.0)
    error = variance + sampling
    weights = 1 / np.maximum(error, 1e-12 * error.max()) if error.max() > 0 else flat.weights
    return replace(rows, weights=weights / weights.mean()), float(np.sqrt(variance))
