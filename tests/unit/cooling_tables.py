"""Standard tables of calls and the surveys after them, made from a planted world."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.schema import validate
from voclib.simulate.worlds import cooling

Tables = dict[str, pd.DataFrame]
START = pd.Timestamp("2026-01-05 09:00", tz="Asia/Shanghai")
LASTS = pd.Timedelta(minutes=6)


def tables(seed: int = 1, *, answers: int = 600, **world: float) -> tuple[Tables, dict]:
    """One call a customer, an hour after the last customer's, and one survey a call; and the planted truth."""
    frame, truth = cooling.draw(seed, answers=answers, **world)
    called = START + pd.to_timedelta(np.arange(answers), unit="h")
    answered = called + LASTS + pd.to_timedelta(np.ceil(frame["lag_days"] * 86_400), unit="s")
    who, unit = [f"C{k:05d}" for k in range(answers)], [f"D{u:02d}" for u in frame["unit_id"]]
    calls = pd.DataFrame({"response_id": [f"K{k:05d}" for k in range(answers)], "customer_id": who, "unit_id": unit, "channel": "call",
                          "touched_at": _written(called), "submitted_at": _written(called + LASTS), "weight": "1"})
    surveys = pd.DataFrame({"response_id": [f"S{k:05d}" for k in range(answers)], "customer_id": who, "unit_id": unit, "channel": "sms",
                            "touched_at": _written(called), "submitted_at": _written(answered), "csat_score": frame["csat_score"], "weight": "1"})
    talks = pd.DataFrame({"response_id": calls["response_id"], "kind": "call", "started_at": _written(called), "ended_at": _written(called + LASTS),
                          "emotion_score": frame["feeling"].round(6)})
    made = {"responses": pd.concat([calls, surveys], ignore_index=True), "conversations": talks}
    return {name: validate(table, name).accepted for name, table in made.items()}, truth


def _written(moments: pd.DatetimeIndex | pd.Series) -> list[str]:
    return [m.isoformat() for m in moments]
