"""Charts of a panel of stores drawn from small frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
from money_pictures import WORDS

from voclib.reporting import charts
from voclib.results import Estimate, Text

LAGS = pd.DataFrame({"lag": [-2, -1, 0, 1, 2, 3], "v": [0.2, -0.4, 1.1, 3.1, 1.4, 0.3], "se": [0.8, 0.7, 0.7, 0.7, 0.75, 0.9], "verbatim": "SECRET"})
LAGS = LAGS.assign(low=LAGS.v - 2 * LAGS.se, high=LAGS.v + 2 * LAGS.se, a=LAGS.v - 2.7 * LAGS.se, b=LAGS.v + 2.7 * LAGS.se, lead=LAGS.lag < 0)
BINS = pd.DataFrame({"x": [-1.5, -0.5, 0.4, 1.6], "y": [-4.0, -2.0, 1.0, 5.0], "n": [30, 30, 30, 30], "verbatim": "SECRET"})
BINS = BINS.assign(low=BINS.y - 1, high=BINS.y + 1)
READINGS = pd.DataFrame([
    ("icc1", 0.21, 0.14, 0.29, 0.03, None, "use", Text("一句话。", "One sentence."), None),
    ("icc2", 0.62, 0.51, 0.71, None, (0.7, 0.4), "correct", Text("两句话。", "Two sentences."), None),
    ("rwg", 0.66, 0.60, 0.72, 0.71, 0.7, "refuse", Text("三句话。", "Three sentences."), None),
    ("change", None, None, None, None, None, None, Text("看不出。", "Nobody can tell."), Text("原始作答", "single answers"))],
    columns=["k", "v", "low", "high", "random", "gates", "state", "meaning", "needs"]).assign(verbatim="SECRET")
NAMES = {"icc1": Text("像门店吗", "Do answers follow the store?"), "icc2": Text("平均分可靠吗", "Is an average reliable?"),
         "rwg": Text("说法一致吗", "Do colleagues agree?"), "change": Text("变化测得准吗", "Is a change measured?")}


def slope(value, low=None, high=None, unit="points"):
    return Estimate(estimand="slope", kind="estimate", unit=unit, value=value, conf_low=value - 1 if low is None else low,
                    conf_high=value + 1 if high is None else high)


def stores(n=40, *, own=-2.5, seed=1):
    """Stores whose averages rise from one to the next while each has a slope of its own around `own`."""
    rng = np.random.default_rng(seed)
    climate, half = rng.normal(size=n), rng.uniform(0.5, 1.3, n)
    slopes, level = own + rng.normal(0, 0.7, n), 20 + 6 * climate + rng.normal(0, 2, n)
    return pd.DataFrame({"s": [f"S{k}" for k in range(n)], "x0": climate - half, "y0": level - slopes * half, "x1": climate + half,
                         "y1": level + slopes * half, "verbatim": "SECRET"})


def lag_profile(frame=LAGS, **more):
    return charts.lag_profile(frame, lag="lag", value="v", low="low", high="high", band_low="a", band_high="b",
                              **{"is_lead": "lead", "declared": 1} | WORDS | more)


def unit_slopes(lines=None, **more):
    given = {"unit": "s", "pooled": slope(4.2), "within": slope(-2.5)} | WORDS | more
    return charts.unit_slopes(stores() if lines is None else lines, x0="x0", y0="y0", x1="x1", y1="y1", **given)


def binned(frame=BINS, **more):
    return charts.binned_scatter(frame, x="x", y="y", low="low", high="high", n="n", **{"slope": slope(3.1, 1.7, 4.5)} | WORDS | more)


def card(frame=READINGS, **more):
    return charts.reliability_card(frame, label="k", value="v", low="low", high="high", state="state", meaning="meaning",
                                   **{"chance": "random", "gates": "gates", "needs": "needs", "labels": NAMES} | WORDS | more)


def panel_charts():
    return {"lags": lag_profile(), "slopes": unit_slopes(), "bins": binned(), "card": card()}
