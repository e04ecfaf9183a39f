"""The wild cluster bootstrap for one coefficient, computed from cross products alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voclib.errors import DataError, ParameterError
from voclib.stats.inference.inversion import Draws
from voclib.stats.inference.means import Array
from voclib.stats.inference.regression import Moments, inverse

WEBB = np.array([1.0, -1.0, 1.5**0.5, -(1.5**0.5), 0.5**0.5, -(0.5**0.5)])  # the first is what was observed
ENUMERATED = 5  # up to so many clusters all 6^G draws are made
CELLS = 2**18  # draws times clusters at a time, so that memory does not grow with the draws


@dataclass(frozen=True, kw_only=True)
class Wild:
    """A coefficient tested by the restricted wild cluster bootstrap: t by CRV1, two-sided p, the interval of values that are not rejected."""

    p_value: float
    conf_low: float
    conf_high: float
    t: float
    draws: int
    n_clusters: int


def wild_bootstrap(given: Moments, name: str, *, null: float = 0.0, draws: int = 9999, seed: int = 0, conf_level: float = 0.95) -> Wild:
    """Restricted wild cluster bootstrap-t (WCR) of the column `name` with Webb's six-point weights; regression weights are in the moments.

    Under a supposed value β₀ the restricted fit leaves scores s̃_g(β₀) = b_g − A_g β̃(β₀). A draw v gives with a' = e_j'A⁻¹ the statistic
    Σ v_g a's̃_g over the root of Σ (v_g a's̃_g − a'A_g A⁻¹ Σ_h v_h s̃_h)². As s̃_g is linear in β₀, that is known for every β₀ at once, and the
    interval is the test turned round. p counts the observed sample among the draws; up to five clusters all 6^G draws are made.

    Source: Cameron, Gelbach & Miller 2008, REStat 90; Webb 2023, Canadian J. Economics 56; MacKinnon 2023, Econometrics & Statistics 26.

    Raises
    ------
    DataError
        for collinear columns (see `regress`) and a regression that leaves no residual.
    ParameterError
        for an unknown name, moments with noise taken off, for which no restricted residuals exist, draws below 1, conf_level outside (0, 1).
    """
    if given.noise is not None:
        raise ParameterError("The wild bootstrap resamples residuals, and where noise in the regressors is taken off there are none; use CRV3.")
    if draws < 1 or not 0 < conf_level < 1:
        raise ParameterError(f"draws is at least 1 and conf_level a share in (0, 1), not {draws} and {conf_level}.")
    j, groups = given.position(name), given.n_clusters
    bread = inverse(given)
    whole = bread @ given.cross.sum(axis=0)
    scores = np.stack([given.cross - given.gram @ whole, -given.gram @ (bread[:, j] / bread[j, j])])  # s̃ at the estimate, and its slope in β₀
    direct = scores @ bread[j]
    error = float(np.sqrt(groups / (groups - 1) * (direct[0] @ direct[0])))
    if not error > 0:
        raise DataError(f"The regression leaves no residual, so the error of '{name}' cannot be estimated; are there as many columns as rows?")
    pull = given.gram @ bread[j] @ bread
    reach = np.hstack([np.diag(d) - s @ pull.T for d, s in zip(direct, scores, strict=True)])
    parts = [_statistics(v, direct, reach) for v in _weights(groups, draws, seed)]
    level, slope, *square = np.concatenate(parts, axis=1)
    test = Draws(level=level, slope=slope, square=np.array(square), scale=error)
    low, high = test.interval(conf_level)
    return Wild(p_value=test.p_value(null - whole[j]), conf_low=float(whole[j] + low), conf_high=float(whole[j] + high),
                t=float((whole[j] - null) / error), draws=len(level) if groups <= ENUMERATED else draws, n_clusters=groups)


def _weights(groups: int, draws: int, seed: int) -> Iterator[Array]:
    """Webb weights, draws by clusters, in chunks; the first draw is the sample as it was observed."""
    if groups <= ENUMERATED:
        yield WEBB[np.indices((len(WEBB),) * groups).reshape(groups, -1).T]
        return
    yield np.ones((1, groups))
    rng = np.random.default_rng(seed)
    step = max(1, CELLS // groups)
    for start in range(0, draws, step):
        yield WEBB[rng.integers(0, len(WEBB), size=(min(step, draws - start), groups), dtype=np.int8)]


def _statistics(v: Array, direct: Array, reach: Array) -> Array:
    """Level, slope and the three squares of each draw, (5, draws); `direct` (2, G), `reach` (G, 2G)."""
    first, second = np.split(v @ reach, 2, axis=1)
    return np.stack([*(direct @ v.T), *(np.einsum("bg,bg->b", p, q) for p, q in ((first, first), (first, second), (second, second)))])
