"""Charts of money drawn from small frames, and what stands in a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.reporting import charts
from voclib.results import Text

WORDS = {"title": Text("结论", "Finding"), "subtitle": Text("单位", "Unit"), "description": Text("描述", "Description")}
NOTE = Text("轴不从零开始。", "The axis does not start at zero.")
STEPS = pd.DataFrame([("a", 50.0, 48, 52, "total"), ("b", -4.0, -6, -2, "step"), ("c", 1.5, -0.5, 3.5, "step"), ("d", 47.5, 45, 50, "total")],
                     columns=["g", "v", "low", "high", "k"]).assign(verbatim="SECRET")
PAINS = pd.DataFrame([("wait", -7e5, -1.2e6, -2e5, "part", -2.6e6), ("all", -1.5e6, -2.5e6, -5e5, "joint", -5.9e6),
                      ("late", -8e5, -1.5e6, -1e5, "part", None)], columns=["g", "v", "low", "high", "k", "raw"]).assign(verbatim="SECRET")
PATHS = pd.DataFrame([("p", 6e5, 2e5, 1e6), ("q", 2e5, 1e5, 3e5), ("r", 4e5, -1e5, 9e5)], columns=["g", "v", "low", "high"]).assign(verbatim="SECRET")
INPUTS = pd.DataFrame([("small", 1.0e6, 1.4e6), ("wide", -6e5, 3.4e6), ("cost", 2.2e6, 4e5)], columns=["g", "low", "high"]).assign(verbatim="SECRET")
LEADS = pd.DataFrame({"p": [-3, -2, -1, 0, 1, 2], "v": [4.0, -6, 0, -40, -70, -90], "se": [8.0, 8, 0, 9, 9, 10], "verbatim": "SECRET",
                      "lead": [True, True, True, False, False, False]})
LEADS = LEADS.assign(low=LEADS.v - 2 * LEADS.se, high=LEADS.v + 2 * LEADS.se, blow=LEADS.v - 3 * LEADS.se, bhigh=LEADS.v + 3 * LEADS.se)
ENDS = {"value": "v", "low": "low", "high": "high"}


def waterfall(frame=STEPS, **more):
    return charts.waterfall(frame, label="g", kind="k", **ENDS | WORDS | more)


def forest(frame=PAINS, **more):
    return charts.forest(frame, label="g", **{"kind": "k"} | ENDS | WORDS | more)


def paths(frame=PATHS, **more):
    return charts.path_bars(frame, label="g", **ENDS | WORDS | more)


def tornado(frame=INPUTS, **more):
    return charts.tornado(frame, label="g", low="low", high="high", **{"base": 1.2e6} | WORDS | more)


def waiting(n=31):
    at = np.linspace(0, 60, n)
    return pd.DataFrame({"d": at, "v": -8 * (at - 10), "low": -8 * (at - 10) - 3 * abs(at - 10) - 1, "high": -8 * (at - 10) + 3 * abs(at - 10) + 1})


def minutes(n=2000):
    return pd.DataFrame({"d": np.random.default_rng(4).gamma(2, 8, n), "customer_id": [f"SECRET{k}" for k in range(n)]})


def dose(curve=None, support=None, **more):
    return charts.dose_response(waiting() if curve is None else curve, minutes() if support is None else support, dose="d",
                                **{"reference": 10.0} | ENDS | WORDS | more)


def staying(start=1, last=12):
    return pd.DataFrame([{"g": g, "t": t, "v": (1 - h) ** t, "low": (1 - h) ** t - 0.03, "high": min((1 - h) ** t + 0.03, 1.0), "verbatim": "SECRET"}
                         for g, h in (("long", 0.05), ("short", 0.03)) for t in range(start, last + 1)])


def survival(frame=None, **more):
    return charts.survival(staying() if frame is None else frame, group="g", time="t", **ENDS | WORDS | more)


def worth(middle=1.2e6, spread=1e6):
    at = np.linspace(middle - 4 * spread, middle + 4 * spread, 401)
    return pd.DataFrame({"v": at, "d": np.exp(-0.5 * ((at - middle) / spread) ** 2) / spread, "verbatim": "SECRET"})


def density(frame=None, **more):
    return charts.density(worth() if frame is None else frame, value="v", density="d", **WORDS | more)


def event(frame=LEADS, **more):
    return charts.event_path(frame, period="p", band_low="blow", band_high="bhigh", is_lead="lead", **ENDS | WORDS | more)


def hidden(n=21, effect=-1.5e6, slope=5e6):
    at = np.linspace(0, 0.3, n)
    return pd.DataFrame([{"x": a, "y": b, "v": effect + slope * np.sqrt(b * a / (1 - a)), "verbatim": "SECRET"} for a in at for b in at])


KNOWN = pd.DataFrame({"x": [0.03, 0.06], "y": [0.1, 0.2], "f": ["spend", "twice"], "verbatim": "SECRET"})


def robust(contour=None, **more):
    given = {"x": "x", "y": "y", "value": "v", "points": KNOWN, "label": "f"} | WORDS | more
    return charts.robustness(hidden() if contour is None else contour, **given)


NAMES = {k: Text(f"名{k}", f"Name {k}") for k in ("a", "b", "c", "d", "all", "wait", "late", "p", "q", "r", "small", "wide", "cost", "long", "short",
                                                 "spend", "twice")}


def row_charts():
    return {"waterfall": waterfall(labels=NAMES), "cut": waterfall(zero=False, note=NOTE, labels=NAMES), "forest": forest(labels=NAMES, naive="raw"),
            "paths": paths(labels=NAMES), "tornado": tornado(labels=NAMES)}


def curve_charts():
    return {"dose": dose(), "survival": survival(labels=NAMES), "density": density(interval=(-7e5, 1.2e6, 3.1e6)), "event": event(),
            "robust": robust(labels=NAMES)}


def spec(pair, lang="en", size="wide"):
    return pair.specs[lang][size]


def rows(pair, lang="en", size="wide"):
    return [row for data in spec(pair, lang, size)["datasets"].values() for row in data]


def said(pair, lang="en", size="wide"):
    """Every word that a picture writes itself."""
    found = [v for row in rows(pair, lang, size) for k, v in row.items() if isinstance(v, str)]
    for layer in spec(pair, lang, size)["layer"]:
        text = layer["encoding"].get("text", {})
        found += [text["value"]] if "value" in text else []
    return found
