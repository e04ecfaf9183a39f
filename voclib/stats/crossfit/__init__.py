"""Predictions for rows a model has not seen: covariates as a matrix, folds, out-of-fold probabilities and means.

Cross-fitting: Chernozhukov et al. 2018, Econometrics Journal 21.
"""

from voclib.stats.crossfit.contexts import group_mean
from voclib.stats.crossfit.covariates import Features, features, independent
from voclib.stats.crossfit.folding import codes_of, folds
from voclib.stats.crossfit.newton import Logit, logit
from voclib.stats.crossfit.prediction import LEARNERS, probabilities, regression

__all__ = ["LEARNERS", "Features", "Logit", "codes_of", "features", "folds", "group_mean", "independent", "logit", "probabilities", "regression"]
