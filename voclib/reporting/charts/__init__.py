"""Charts for notebooks, in two languages and two widths: trend, intervals, distribution, bars, and a frame for charts of one's own.

Every function returns a `Pair`. In JupyterLab it shows the live Chinese chart; under the runner it hands both languages to the page.
The title is the finding, the subtitle says what is drawn, unit and period, the description is read to those who do not see it.
"""

from __future__ import annotations

from voclib.reporting.charts.caterpillars import caterpillar
from voclib.reporting.charts.money import density, dose_response, event_path, forest, path_bars, robustness, survival, tornado, waterfall
from voclib.reporting.charts.opinions import count_grid, mix_bars
from voclib.reporting.charts.panel import lag_profile
from voclib.reporting.charts.plain import bars, distribution, interval_plot, trend
from voclib.reporting.charts.reliability import reliability_card
from voclib.reporting.charts.silence import (
    TiltPoint,
    bounds_bar,
    calibration,
    cost_curve,
    dumbbell,
    funnel_plot,
    love_plot,
    overlap,
    resistance,
    slopegraph,
    tilt_map,
)
from voclib.reporting.charts.slopes import binned_scatter, unit_slopes
from voclib.reporting.charts.topics import courses, rises, stability_curve, topic_map
from voclib.reporting.charts.touchpoints import touchpoint_map
from voclib.reporting.pair import Pair, chart

__all__ = ["Pair", "TiltPoint", "bars", "binned_scatter", "bounds_bar", "calibration", "caterpillar", "chart", "cost_curve", "count_grid",
           "courses", "density", "distribution", "dose_response", "dumbbell", "event_path", "forest", "funnel_plot", "interval_plot", "lag_profile",
           "love_plot", "mix_bars", "overlap", "path_bars", "reliability_card", "resistance", "rises", "robustness", "slopegraph",
           "stability_curve", "survival", "tilt_map", "topic_map", "tornado", "touchpoint_map", "trend", "unit_slopes", "waterfall"]
