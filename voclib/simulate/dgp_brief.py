"""Many counts by period that scatter more than chance, few of which move in the last one; and groups of dealers that truly differ, or do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from voclib.simulate.streams import planted, stream

DISPERSION = (1.0, 2.5)  # variance of a count over its mean; each row has its own
DEALERS = (10, 16)  # of a group, drawn anew for each


def counts(seed: int, *, rows: int = 60, periods: int = 13, moved: int = 0, ratio: float | None = None) -> tuple[tuple[np.ndarray, np.ndarray],
                                                                                                             dict[str, Any]]:
    """Counts and exposures (rows, periods): usual rates lognormal about 20 a period, exposures within some 20% of each other.

    In the last period the first `moved` rows have `ratio` times their usual rate (drawn in 0.5–2 unless given). The truth holds `ratio` and `moved`.
    """
    rng = stream(seed, "dgp_brief counts")
    ratio = planted(rng, ratio, 0.5, 2.0)
    exposure = np.exp(rng.normal(0, 0.2, (rows, periods)))
    mean = np.exp(rng.normal(3, 0.6, rows))[:, None] * exposure
    mean[:moved, -1] *= ratio
    extra = rng.uniform(*DISPERSION, rows)[:, None] - 1
    rate = rng.gamma(mean / np.maximum(extra, 1e-9)) * extra  # a gamma rate with this variance makes a count of variance (1 + extra) · mean
    return (rng.poisson(rate).astype(float), exposure), {"ratio": ratio, "moved": moved}


def dealers(seed: int, *, groups: int = 6, spread: float | None = None, apart: float = 0.0) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Scores of the dealers of each group: its true mean (normal with standard deviation `apart`), dealers `spread` points about it.

    `spread` is drawn in 6–14 points unless given. The truth holds the groups' `means`.
    """
    rng = stream(seed, "dgp_brief dealers")
    spread = planted(rng, spread, 6.0, 14.0)
    means = 40 + apart * rng.normal(size=groups)
    return [mean + spread * rng.normal(size=int(rng.integers(*DEALERS))) for mean in means], {"means": means.tolist()}
