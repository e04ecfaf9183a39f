"""The same regression by two libraries: pyfixest (Fischer et al., after fixest; Bergé 2018) and linearmodels (Sheppard).

Coefficients are theirs to give; this package adds what they refuse or lack (weights in a wild bootstrap, sampling noise, text identifiers) and
checks that its cross products give the same coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.stats.panel.lags import DistributedLag
from voclib.stats.panel.rows import Rows

FIRST = "x0"


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Coefficients of all terms and controls by pyfixest, by linearmodels and from cross products (columns), and the largest distance of any.

    A distance is relative to the coefficient, or to its standard error where that is larger, so that one near zero does not blow it up.
    """

    coefficients: pd.DataFrame
    distance: float

    def agrees(self, tolerance: float = 1e-8) -> bool:
        """Whether all three are the same number."""
        return bool(self.distance <= tolerance)


def pyfixest(rows: Rows) -> Fit:
    """The first term by `feols` with unit and period effects, weighted, errors CRV1 by cluster with t(G − 1)."""
    model = _feols(rows)
    groups = int(rows.cluster.max()) + 1
    return Fit(value=float(model.coef()[FIRST]), std_error=float(model.se()[FIRST]), df=groups - 1.0, n=len(rows.y), n_clusters=groups,
               method="two-way fixed effects, CRV1 (pyfixest)")


def agreement(model: DistributedLag) -> Agreement:
    """All coefficients of the model, as measured, three times over."""
    rows = model.rows
    ours = inference.regress(model.plain, method="CRV1")
    theirs = pd.DataFrame({"pyfixest": _feols(rows).coef(), "linearmodels": _panel_ols(rows)}).loc[_columns(rows)]
    found = theirs.set_axis(list(rows.names)).assign(**{"cross products": ours.coefficients})
    size = np.maximum(found.abs().max(axis=1), np.sqrt(np.diag(ours.covariance)))
    return Agreement(coefficients=found, distance=float(((found.max(axis=1) - found.min(axis=1)) / size).max()))


def _columns(rows: Rows) -> list[str]:
    """Names of terms and controls that a formula can hold, whatever the columns are called."""
    return [f"x{i}" for i in range(len(rows.names))]


def _table(rows: Rows) -> pd.DataFrame:
    """The rows for a regression library: unit, period, cluster, outcome, weights, and terms and controls under these names."""
    made = {"unit": rows.unit, "period": rows.period, "cluster": rows.cluster, "outcome": rows.y, "weights": rows.weights}
    return pd.DataFrame(made | dict(zip(_columns(rows), np.column_stack([rows.x, rows.z]).T, strict=True)))


def _feols(rows: Rows) -> object:
    """The regression by pyfixest. Identifiers are numbers: text ones fail inside its compiled parts under pandas 3."""
    import pyfixest

    return pyfixest.feols(f"outcome ~ {' + '.join(_columns(rows))} | unit + period", data=_table(rows), weights="weights", vcov={"CRV1": "cluster"},
                          ssc=pyfixest.ssc(k_adj=False), demeaner=pyfixest.MapDemeaner(fixef_tol=1e-12))


def _panel_ols(rows: Rows) -> pd.Series:
    """The regression's coefficients by linearmodels."""
    from linearmodels.panel import PanelOLS

    frame = _table(rows).set_index(["unit", "period"])
    return PanelOLS(frame["outcome"], frame[_columns(rows)], entity_effects=True, time_effects=True, weights=frame["weights"]).fit().params
