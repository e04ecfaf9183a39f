"""One relation, three slopes: all rows pooled, between units, and within them. Only the last compares a unit with itself.

Mundlak 1978, Econometrica 46: where units differ in something that goes with both, the slope between units is not the one within them, so one test
of their difference tells. Sampling noise flattens the slope within much more than the one between and would be taken for such a difference; where
it is known it is taken off both before they are compared (Griliches & Hausman 1986, J. Econometrics 31). The slopes shown are linearmodels'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from voclib.errors import DataError
from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.panel import within
from voclib.stats.panel.rows import Rows

Array = NDArray[np.float64]
X = "x"


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """`correlation` is Pearson's of all rows with its textbook interval (Fisher's z, rows taken as independent); `rank_correlation` Spearman's.

    `pooled` carries the classical error of textbook software; `between` and `within` errors by whole units; all three are as measured.
    `between_true` and `within_true` are those two with the sampling noise of the term taken off, and `gap` the one minus the other (jackknife by
    cluster); as measured where the noise is unknown, or leaves nothing.
    """

    correlation: float
    correlation_low: float
    correlation_high: float
    rank_correlation: float
    pooled: Fit
    between: Fit
    within: Fit
    between_true: float
    within_true: float
    gap: Fit
    conf_level: float

    @property
    def gap_p(self) -> float:
        """p of the between and the within slope being the same."""
        return float(2 * stats.t.sf(abs(self.gap.value) / self.gap.std_error, self.gap.df))

    @property
    def is_simpson(self) -> bool:
        """Whether comparing units misleads about change within them: the true slopes differ beyond chance, in sign or more than twofold."""
        pair = self.between_true, self.within_true
        apart = pair[0] * pair[1] < 0 or max(map(abs, pair)) > 2 * min(map(abs, pair))
        return bool(apart and self.gap_p < 1 - self.conf_level)

    def tidy(self) -> pd.DataFrame:
        """One row a slope: term, estimate, std_error, n, method."""
        rows = [(name, f.value, f.std_error, f.n, f.method) for name, f in
                (("pooled", self.pooled), ("between", self.between), ("within", self.within), ("gap", self.gap))]
        return pd.DataFrame(rows, columns=["term", "estimate", "std_error", "n", "method"])


def slopes(rows: Rows, *, conf_level: float = 0.95) -> Slopes:
    """Slopes of the outcome on the first term of `rows`; controls take no part in `pooled` and `between`.

    Raises
    ------
    DataError
        for fewer than four units, of whose means no slope has an error worth printing.
    """
    if rows.n_units < 4:
        raise DataError(f"A slope between units needs at least 4 of them; there are {rows.n_units}.")
    x, y = rows.x[:, 0], rows.y
    r = float(np.corrcoef(x, y)[0, 1])
    reach = stats.norm.ppf((1 + conf_level) / 2) / np.sqrt(max(len(x) - 3, 1))
    low, high = np.tanh(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) + reach * np.array([-1, 1]))
    return Slopes(correlation=r, correlation_low=float(low), correlation_high=float(high), rank_correlation=float(stats.spearmanr(x, y).statistic),
                  conf_level=conf_level, **_regressions(rows), **_gap(rows))


def _regressions(rows: Rows) -> dict[str, Fit]:
    """The three slopes as measured, by linearmodels."""
    from linearmodels.panel import BetweenOLS, PanelOLS, PooledOLS

    frame = pd.DataFrame({"unit": rows.unit, "period": rows.period, "outcome": rows.y, X: rows.x[:, 0]}).set_index(["unit", "period"])
    y, flat = frame["outcome"], frame.assign(const=1.0)
    pooled = PooledOLS(y, flat[["const", X]]).fit(cov_type="unadjusted")
    between = BetweenOLS(y, flat[["const", X]]).fit(cov_type="robust")
    inside = PanelOLS(y, frame[[X]], entity_effects=True, time_effects=True).fit(cov_type="clustered", cluster_entity=True, group_debias=True,
                                                                                 count_effects=False, auto_df=False)  # effects lie in clusters
    units = rows.n_units
    return {"pooled": _told(pooled, X, len(y) - 2, "least squares, rows taken as independent", units),
            "between": _told(between, X, units - 2, "least squares on unit means", units),
            "within": _told(inside, X, units - 1, "two-way fixed effects, errors by unit", units)}


def _gap(rows: Rows) -> dict[str, Any]:
    """Between and within slope of the first term without its noise, and their difference; as measured where that leaves nothing."""
    one = replace(rows, x=rows.x[:, :1], terms=rows.terms[:1], z=rows.z[:, :0], controls=(), weights=np.ones(len(rows.y)), cell=rows.cell[:, :1],
                  noise=None if rows.noise is None else rows.noise[:, :1])
    try:
        parts, how = _both(one), "noise taken off, " if rows.noise is not None else ""
    except DataError:
        if rows.noise is None:
            raise
        parts, how = _both(replace(one, noise=None)), ""
    between, inside = parts
    made = inference.fit(between.value - inside.value, between.influence - inside.influence, n=inside.n, method=f"between minus within, {how}CRV3")
    return {"between_true": between.value, "within_true": inside.value, "gap": replace(made, df=inside.df, n_clusters=inside.n_clusters)}


def _both(rows: Rows) -> tuple[Fit, Fit]:
    """Between and within slope, each with its influence by cluster."""
    count = np.bincount(rows.unit)
    home = np.zeros(len(count), dtype=np.intp)
    home[rows.unit] = rows.cluster
    x, y = (np.bincount(rows.unit, v) / count for v in (rows.x[:, 0], rows.y))
    means = inference.moments(y, np.column_stack([x, np.ones(len(x))]), cluster=home, names=[X, "const"])
    if rows.noise is not None:
        added = np.zeros((means.n_clusters, 2, 2))
        added[:, 0, 0] = (1 - 1 / len(x)) * np.bincount(home, np.bincount(rows.unit, rows.noise[:, 0]) / count**2)
        means = replace(means, noise=added)
    return inference.regress(means).fit(X), inference.regress(within.moments(rows)).fit(rows.terms[0].name)


def _told(result: object, name: str, df: int, method: str, units: int) -> Fit:
    return Fit(value=float(result.params[name]), std_error=float(result.std_errors[name]), df=float(df), n=int(result.nobs), n_clusters=units,
               method=method)


def _season(rows: Rows, slope: float) -> Array:
    """Effect of each row's period (n,), beside effects of units, given the slope."""
    flat = replace(rows, weights=np.ones(len(rows.y)), z=rows.z[:, :0])
    marks = within.nuisance(flat)
    left = within.swept((rows.y - slope * rows.x[:, 0])[:, None], rows.unit, flat.weights)[:, 0]
    return (np.linalg.pinv(marks.T @ marks, hermitian=True, rcond=1e-10) @ (marks.T @ left))[rows.period]


def unit_lines(rows: Rows, slope: float) -> pd.DataFrame:
    """Each unit's own line across its own range, periods' effects taken off: unit, x0, y0, x1, y1, x_mean, y_mean, slope, n.

    A unit's slope from a handful of periods is mostly chance, so it is drawn towards the common `slope` by its precision (empirical Bayes: Morris
    1983, JASA 78); the variance between true slopes, about their own mean, is that of DerSimonian & Laird 1986, Control. Clin. Trials 7.
    """
    season = _season(rows, slope)
    frame = pd.DataFrame({"unit": rows.unit, "x": rows.x[:, 0], "y": rows.y - season + season.mean()})
    by = frame.groupby("unit")
    found = by.agg(x0=("x", "min"), x1=("x", "max"), x_mean=("x", "mean"), y_mean=("y", "mean"), n=("x", "size"))
    dx, dy = frame["x"] - by["x"].transform("mean"), frame["y"] - by["y"].transform("mean")
    spread, product = (v.groupby(frame["unit"]).sum() for v in (dx**2, dx * dy))
    own = (product / spread).where(spread > 0, slope)
    free = len(frame) - 2 * len(found)  # with two rows a unit nothing is left to tell chance from difference
    left = max(float(((dy - frame["unit"].map(own) * dx) ** 2).sum()), 1e-12 * float(dy @ dy)) / free if free > 0 else 0.0
    weight = spread / left if left > 0 else spread * 0.0
    mass = float(weight.sum() - (weight**2).sum() / weight.sum()) if weight.sum() > 0 else 0.0
    apart = own - float((weight * own).sum() / max(weight.sum(), 1e-300))
    varies = max(float((weight * apart**2).sum()) - (len(found) - 1), 0.0) / mass if mass > 0 else 0.0
    found["slope"] = slope + (own - slope) * varies * weight / (1 + varies * weight)
    for end in ("0", "1"):
        found[f"y{end}"] = found["y_mean"] + found["slope"] * (found[f"x{end}"] - found["x_mean"])
    return found.reset_index()[["unit", "x0", "y0", "x1", "y1", "x_mean", "y_mean", "slope", "n"]]
