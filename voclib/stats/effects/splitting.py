"""One number from several sample splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voclib.stats import inference
from voclib.stats.inference import Fit


def median(splits: Sequence[Fit], groups: NDArray[np.intp] | None) -> Fit:
    """The median split's value, its variance the median of each split's variance plus its squared distance from that value.

    Source: Chernozhukov et al. 2018, Econometrics Journal 21, §3.4. The influence is the mean of the splits', scaled to this variance.
    """
    if len(splits) == 1:
        return splits[0]
    value = float(np.median([fit.value for fit in splits]))
    error = float(np.sqrt(np.median([fit.std_error**2 + (fit.value - value) ** 2 for fit in splits])))
    mean = inference.fit(value, np.mean([fit.influence for fit in splits], axis=0), n=splits[0].n, cluster=groups, method=splits[0].method)
    scale = error / mean.std_error if mean.std_error > 0 else 1.0
    return replace(mean, std_error=error, influence=mean.influence * scale)
