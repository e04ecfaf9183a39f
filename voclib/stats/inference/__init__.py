"""How uncertain a number is: variance of means and regressions with clusters, intervals, multiplicity, permutation, policy.

`fits` holds the number and its error, `means` linearised and cluster-robust variance of means, `regression` clustered regressions from cross
products, `wild` the wild cluster bootstrap, `permutation` what only a lottery allows, `policies` which of them a number of clusters calls for,
`respondents` who of a population answered and how much they weigh.
"""

from voclib.stats.inference.decision import Decision, decide
from voclib.stats.inference.fits import Fit, Part, fit, p_value, quantile, transform
from voclib.stats.inference.means import (
    Array,
    Contrast,
    Spread,
    bounded_interval,
    cluster_bootstrap,
    contrast,
    encode,
    kish,
    mean_variance,
    sample_worth,
    satterthwaite,
    worth,
)
from voclib.stats.inference.multiplicity import METHODS, adjust, adjusted_level, sup_t
from voclib.stats.inference.permutation import Permutation, permute
from voclib.stats.inference.policies import POLICIES, Policy, policy
from voclib.stats.inference.regression import Moments, Regression, moments, regress
from voclib.stats.inference.wild import Wild, wild_bootstrap

__all__ = ["METHODS", "POLICIES", "Array", "Contrast", "Decision", "Fit", "Moments", "Part", "Permutation", "Policy", "Regression", "Spread", "Wild",
           "adjust", "adjusted_level", "bounded_interval", "cluster_bootstrap", "contrast", "decide", "encode", "fit", "kish", "mean_variance",
           "moments", "p_value", "permute", "policy", "quantile", "regress", "sample_worth", "satterthwaite", "sup_t", "transform", "wild_bootstrap",
           "worth"]
