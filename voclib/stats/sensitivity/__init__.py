"""How strong something nobody recorded would have to be to undo a finding, and how strong what was recorded is.

Regression: Cinelli & Hazlett 2020, JRSS-B 82. Cross-fitted effects: Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis 2022, "Long
story short: omitted variable bias in causal machine learning". Ratios: VanderWeele & Ding 2017, Annals of Internal Medicine 167.
Negative controls: Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21.
"""

from voclib.stats.sensitivity.controls import NegativeControl, negative_control
from voclib.stats.sensitivity.crossfitted import Benchmark, benchmark, ml_bounds, ml_contour, ml_robustness_value, riesz_square
from voclib.stats.sensitivity.linear import Sensitivity, ols_sensitivity
from voclib.stats.sensitivity.ranges import HiddenBounds
from voclib.stats.sensitivity.ratios import EValue, e_value
from voclib.stats.sensitivity.robustness import Robustness, partial_r2, robustness_value

__all__ = ["Benchmark", "EValue", "HiddenBounds", "NegativeControl", "Robustness", "Sensitivity", "benchmark", "e_value", "ml_bounds", "ml_contour",
           "ml_robustness_value", "negative_control", "ols_sensitivity", "partial_r2", "riesz_square", "robustness_value"]
