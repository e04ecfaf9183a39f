"""What the panel can find, and what more of which data would buy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.stats import inference
from voclib.stats.panel.lags import DistributedLag


def detectable(std_error: float, df: float, *, power: float = 0.8, conf_level: float = 0.95) -> float:
    """The smallest true effect that is found with this power, (t₁₋α/₂ + t_power)·SE (Bloom 1995, Eval. Rev. 19); in the unit of the error."""
    return (inference.quantile(conf_level, df) + inference.quantile(2 * power - 1, df)) * std_error


def doubled(model: DistributedLag, lag: int, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Smallest effect found four times in five, as the panel is and with twice as many stores, periods, employees or customers.

    One row each: kind ("now" first), n (how many there are, median a cell for people), detectable. The error of a corrected slope goes with
    1/√(stores), 1/√(periods − 1), 1/√λ with λ the reliability of the change, and √(σ² + v) with v the sampling variance of the outcome. Rows whose
    ingredient is unknown are left out.
    """
    corrected = model.corrected is not None
    found = model.regression(corrected=corrected).fit(model.term(lag))
    rows, now = model.rows, detectable(found.std_error, found.df, conf_level=conf_level)
    groups, periods = model.n_clusters, len(rows.periods)
    more = detectable(found.std_error / np.sqrt(2), 2 * groups - 1.0, conf_level=conf_level)
    made = [("now", groups, now), ("stores", 2 * groups, more), ("periods", 2 * periods, now * np.sqrt((periods - 1) / (2 * periods - 1)))]
    if corrected:
        share = model.reliability
        better = 2 * share / (1 + share)  # Spearman–Brown: twice the employees
        made.append(("employees", np.nan, now * np.sqrt(share / better)))
    if rows.sampling is not None and np.isfinite(model.residual_sd):
        v, own = float(np.median(rows.sampling)), model.residual_sd**2
        made.append(("customers", np.nan, now * np.sqrt((own + v / 2) / (own + v))))
    return pd.DataFrame(made, columns=["kind", "n", "detectable"])
