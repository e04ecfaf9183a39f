"""Planted worlds of the closed loop for the long runs: clocks that still run when the data end, and closings hurried in before a limit."""

from __future__ import annotations

import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Setting
from voclib.loop import clocks, compliance, timestamps
from voclib.loop.clocks import Clock
from voclib.loop.compliance import Compliance
from voclib.results import Estimate
from voclib.simulate import dgp_clocks
from voclib.stats import gates

LIMIT = 72.0
SOME = 300
FAILS = (0.0, 0.6)  # how often the naive interval may hold the truth, else the world shows nothing


def _world(**options: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = dgp_clocks.draw(seed, limit=LIMIT, **options)
        return frame.assign(value_tier=None, severity="low", asof=truth["end_at"]), truth["share"]
    return taken


def _followed(frame: pd.DataFrame) -> pd.DataFrame:
    clock = Clock(id="settled", name={"zh": "解决", "en": "Settled"}, stop="resolved_at", hours=LIMIT)
    return clocks.follow(frame, clock, asof=frame["asof"].iloc[0], working=None)


def _measured(frame: pd.DataFrame) -> Compliance:
    return compliance.measure(_followed(frame), limit=LIMIT, estimand="in_time", conf_level=0.95, gates=gates.load())


def with_open_cases(frame: pd.DataFrame) -> Estimate:
    """All cases, open ones for as long as they were seen."""
    return _measured(frame).every


def closed_alone(frame: pd.DataFrame) -> Estimate:
    """Closed cases alone, as a ledger's export shows them."""
    return _measured(frame).closed


def piled(frame: pd.DataFrame) -> float:
    """1 where closings are said to pile up before the limit."""
    followed = _followed(frame)
    return float(timestamps.pile(followed.loc[followed["is_stopped"], "hours"], limit=LIMIT).p_value <= 0.05)


def settings() -> list[Setting]:
    """Clocks of cases, and hurried closings."""
    sizes = {"800 cases of 40 dealers": {}, "150 cases of 12 dealers": {"cases": 150, "units": 12, "days": 9.0}}
    rates = [Setting(method="clock, open cases counted", setting=f"{size}, opened over 9 days", draw=_world(**options), call=with_open_cases,
                     naive=closed_alone, naive_band=FAILS if not options else (0.0, 0.9), max_bias=0.01) for size, options in sizes.items()]
    many, as_is = {"cases": 3000, "days": 90.0}, {"count": lambda found, truth: found, "call": piled}
    return [*rates,
            Setting(method="closings before the limit", setting="3000 cases of 40 dealers, nobody hurries", draw=_world(**many), kind="false alarms",
                    band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, **as_is),
            Setting(method="closings before the limit", setting="3000 cases of 40 dealers, a third of late ones hurried in", kind="power",
                    draw=_world(**many, hurried=1 / 3), band=(0.8, 1.0), runs=SOME, **as_is)]
