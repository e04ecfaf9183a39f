"""A company whose projects are known: repairs of six parts, frontline suggestions, and what was done about them."""

from __future__ import annotations

import numpy as np
import pandas as pd

PARTS = ("刹车片", "前减震", "小电瓶", "雨刮电机", "天窗电机", "大天窗电机")
FIRST, DAYS = pd.Timestamp("2025-01-01"), 540


def _day(n: float) -> pd.Timestamp:
    return pd.NaT if n < 0 else FIRST + pd.Timedelta(days=n)


def events(rng: np.random.Generator, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and day of every event drawn at these rates (rows, days)."""
    count = rng.poisson(rate)
    row, day = np.nonzero(count)
    return np.repeat(row, count[row, day]), np.repeat(day, count[row, day])


def company(seed: int = 0) -> dict[str, pd.DataFrame]:
    """P1 halves 小电瓶, P2 changes nothing, P3 landed last week, P4 began too early, P5 is open and overdue, P6 is about nothing known."""
    rng = np.random.default_rng(seed)
    rate = np.full((len(PARTS), DAYS), 4.0)
    chartered, landed = {2: 200, 3: 210, 4: 400}, {2: 260, 3: 270, 4: 532}
    for k, day in chartered.items():
        rate[k, day - 75:day] *= 1.7
    rate[2, landed[2]:] *= 0.5
    part, day = events(rng, rate)
    at = (FIRST.tz_localize("Asia/Shanghai") + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=10)).tz_convert("UTC")
    repairs = pd.DataFrame({"repair_id": [f"R{i}" for i in range(len(part))], "part": np.array(PARTS, dtype=object)[part], "repaired_at": at})
    when = FIRST.tz_localize("UTC") + pd.to_timedelta(np.sort(rng.integers(0, DAYS, 60)), unit="D")
    reports = pd.DataFrame({"report_id": [f"G{i}" for i in range(60)], "reported_at": when, "kind": ["process_suggestion", "product_bug"] * 30,
                            "topic": ["lounge", "noise", "booking", "noise"] * 15, "duplicate_of_report_id": [None, "G0"] + [None] * 58})
    rows = [("P1", "每千次维修中的小电瓶", "driving_range", 200, 270, 260, 290), ("P2", "每千次维修中的雨刮电机", "repair", 210, 260, 270, 300),
            ("P3", "每千次维修中的天窗电机", "noise", 400, 500, 532, -1), ("P4", None, "lounge", 60, 90, 80, -1),
            ("P5", None, "booking", 300, 360, -1, -1), ("P6", None, "unheard_of", 100, -1, 150, 200)]
    projects = pd.DataFrame([{"project_id": i, "name": f"项目{i}", "topic": t, "owner_department": "质量部", "measure": m, "chartered_on": _day(c),
                              "due_on": _day(d), "landed_on": _day(la), "evaluated_on": _day(e)} for i, m, t, c, d, la, e in rows])
    n = 24
    proposed = np.arange(0, 20 * n, 20)
    decision = np.array(["adopted", "rejected", "adopted"] * 6 + ["pending"] * 6)
    recommendations = pd.DataFrame({
        "recommendation_id": [f"N{i:02d}" for i in range(n)], "proposed_on": [_day(p) for p in proposed], "decision": decision,
        "decided_on": [_day(p + 10 + 3 * (i % 8)) if d != "pending" else pd.NaT for i, (p, d) in enumerate(zip(proposed, decision, strict=True))],
        "project_id": [f"P{i // 3 + 1}" if d == "adopted" and i < 18 else None for i, d in enumerate(decision)]})
    return {"repairs": repairs, "frontline_reports": reports, "projects": projects, "recommendations": recommendations}
