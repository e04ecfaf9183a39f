"""One effect for everybody, with covariates partialled out by any learner: the partially linear model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from voclib.stats import inference
from voclib.stats.effects import nuisance, rows, splitting
from voclib.stats.effects.nuisance import Learner
from voclib.stats.inference import Fit


def partially_linear(y: ArrayLike, exposed: ArrayLike, matrix: ArrayLike, *, ids: ArrayLike, seed: int, cluster: ArrayLike | None = None, k: int = 5,
                     repeats: int = 5, learner: Learner = "boosting", fold: ArrayLike | None = None, ridge: float = 1.0) -> Fit:
    """Slope θ of y = θ·exposed + g(x) + error, by regressing what is unexpected in y on what is unexpected in the exposure.

    Robinson 1988, Econometrica 56, with cross-fitted nuisances (Chernozhukov et al. 2018, Econometrics Journal 21, "partialling out"):
    θ = Σ (D − e)(y − l)/Σ (D − e)². Where the effect differs between customers, θ weighs most those whose exposure is least certain; it is
    then no effect on the exposed. Arguments and errors as those of `att`.
    """
    y, d, x = rows.checked(y, exposed, matrix)
    customers, groups = rows.units(ids, cluster)
    splits = nuisance.folds_of(customers, groups, clustered=cluster is not None, k=k, repeats=repeats, seed=seed, fold=fold, arm=d.astype(np.intp))
    fits, everybody = [], np.zeros(len(y), dtype=np.intp)
    for split in splits:
        how = {"fold": split, "learner": learner, "ridge": ridge, "seed": seed}
        surprise = d - nuisance.chances(x, d, **how)
        left = y - nuisance.means(x, y, everybody, binary=False, **how)[0]
        slope, square = float(surprise @ left / (surprise @ surprise)), float(surprise @ surprise / len(y))
        influence = surprise * (left - slope * surprise) / square
        fits.append(inference.fit(slope, influence, n=len(y), cluster=groups, method="cross-fitted partialling out"))
    return splitting.median(fits, groups)
