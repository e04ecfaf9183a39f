"""Small tables of cases and voices for the tests of the closed loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from voclib.loop import clocks
from voclib.loop.clocks import Clock, Clocks
from voclib.stats import gates

GATES = gates.load()
LEVEL = {"conf_level": 0.95, "gates": GATES}
START = pd.Timestamp("2026-03-02 09:00", tz="UTC")  # a Monday, 17:00 in Shanghai
FILE = Path(__file__).resolve().parents[2] / "params" / "rules" / "clocks.yml"
GIVEN = clocks.load(FILE)


def clock(**changes: object) -> Clock:
    return Clock(**{"id": "resolved", "name": {"zh": "解决", "en": "Settled"}, "stop": "resolved_at", "hours": 72.0, "is_main": True} | changes)


def only(*named: Clock, unhappy: clocks.Unhappy | None = None) -> Clocks:
    return Clocks(named or (clock(),), GIVEN.working, unhappy or GIVEN.unhappy)


def moment(hours: Sequence[float] | np.ndarray) -> pd.Series:
    """Moments so many hours after `START`; NaN is missing."""
    return (START + pd.to_timedelta(pd.Series(hours, dtype=float), unit="h")).astype("datetime64[us, UTC]")


def cases(opened: Sequence[float], resolved: Sequence[float], **columns: object) -> pd.DataFrame:
    """Cases opened and resolved so many hours after `START`, as `clocks.cases` gives them; `columns` replaces any other."""
    n = len(opened)
    base = {"case_id": [f"Q{k:05d}" for k in range(n)], "response_id": [f"R{k:05d}" for k in range(n)],
            "customer_id": [f"C{k:05d}" for k in range(n)], "unit_id": [f"D{k % 12:02d}" for k in range(n)], "topic": "wait", "severity": "low",
            "owner_department": "质量部",
            "opened_at": moment(opened), "assigned_at": moment(opened), "responded_at": moment(opened), "resolved_at": moment(resolved),
            "description": "等了太久", "submitted_at": moment(opened), "value_tier": "regular"}
    frame = pd.DataFrame({**base, **columns})
    text = [name for name in frame if not isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    return frame.astype(dict.fromkeys(text, "str"))


def drawn(seed: int, *, n: int = 400, span: float = 24 * 60, median: float = 30.0, never: float = 0.1, watched: float = 24 * 61,
          departments: Sequence[str] = ("质量部",)) -> pd.DataFrame:
    """Cases opened over `span` hours, a share `never` of which never end, seen until `watched`."""
    rng = np.random.default_rng(seed)
    opened, took = rng.uniform(0, span, n), rng.lognormal(np.log(median), 0.9, n)
    took[rng.random(n) < never] = np.inf
    ended = np.where(opened + took < watched, opened + took, np.nan)
    ended[0] = watched  # the end of the data
    return cases(opened, ended, owner_department=[departments[k % len(departments)] for k in range(n)])


def followed(frame: pd.DataFrame, one: Clock | None = None, *, asof: pd.Timestamp | None = None) -> pd.DataFrame:
    return clocks.follow(frame, one or clock(), asof=asof or clocks.end(frame), working=GIVEN.working)
