"""From cross products to what may be said: the methods that a number of clusters calls for, applied to one coefficient."""

from __future__ import annotations

from dataclasses import dataclass

from voclib.errors import ParameterError
from voclib.stats.inference.fits import Fit, p_value, quantile
from voclib.stats.inference.policies import Policy, policy
from voclib.stats.inference.regression import Moments, regress
from voclib.stats.inference.wild import wild_bootstrap


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A coefficient as far as its clusters carry it; interval and p are None where the policy allows neither. `method` says how both were made."""

    fit: Fit
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    method: str
    policy: Policy


def decide(given: Moments, name: str, *, n_treated: int | None = None, null: float = 0.0, draws: int = 9999, seed: int = 0,
           conf_level: float = 0.95) -> Decision:
    """The column `name` under the `policy` for these clusters and, where something was done to some of them, for `n_treated`.

    "many": CRV3 with t(G − 1), for where clusters differ in size CRV1 covers too seldom even with sixty of them, and the jackknife costs nothing.
    "some" and "few": the same beside the wild cluster bootstrap; the interval runs between the outer ends
    of both and p is the larger, so that a value is excluded only where both exclude it. "few treated" is left to `permute`, which needs one
    value a cluster: no interval and no p here, as below ten clusters. Where noise in the regressors is taken off there are no residuals to
    resample, and CRV3 stands alone, however many clusters there are.

    Raises
    ------
    DataError, ParameterError
        as `regress` and `wild_bootstrap`.
    """
    if not 0 < conf_level < 1:
        raise ParameterError(f"conf_level is a share in (0, 1), not {conf_level}.")
    rule = policy(given.n_clusters, n_treated)
    found = regress(given, method="CRV3").fit(name)
    if "CRV3" not in rule.methods:
        return Decision(fit=found, conf_low=None, conf_high=None, p_value=None, policy=rule,
                        method="left to a permutation of clusters" if rule.p_values else "none: too few clusters")
    reach = quantile(conf_level, found.df) * found.std_error
    low, high, p = found.value - reach, found.value + reach, p_value((found.value - null) / found.std_error, found.df)
    method = f"{found.method}, t({found.df:.0f})"
    if "WCR-Webb" in rule.methods and given.noise is None:
        wild = wild_bootstrap(given, name, null=null, draws=draws, seed=seed, conf_level=conf_level)
        low, high, p = min(low, wild.conf_low), max(high, wild.conf_high), max(p, wild.p_value)
        method = f"{method} and WCR-Webb ({wild.draws} draws), outer ends"
    return Decision(fit=found, conf_low=low, conf_high=high, p_value=p, method=method, policy=rule)
