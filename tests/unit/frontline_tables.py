"""A small company whose frontline reports: tables for the tests of the page on the frontline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.simulate.worlds import frontline, lead
from voclib.simulate.worlds.frontline import NEVER, STAFF

FIRST = pd.Timestamp(lead.FIRST)
DAYS, DEALERS = 450, 30
REGIONS = ("华东", "华北", "华南")
RIVALS = {"海拓": 0.10, "凌跃": 0.04}
PRICES = {"甲型": 100_000.0, "乙型": 200_000.0, "丙型": 150_000.0, "丁型": 80_000.0}


def _at(minute: np.ndarray) -> pd.Series:
    there = minute < NEVER
    return pd.Series(FIRST + pd.to_timedelta(np.where(there, minute, 0), unit="min")).where(there)


def company(seed: int = 5, *, ratio: float = 2.2) -> dict[str, pd.DataFrame]:
    """Reports, units, rosters, waves and repairs; one batch fails and the frontline says so before."""
    rng = np.random.default_rng(seed)
    made = frontline.make(rng, expected=500, open_days=np.full(DEALERS, DAYS), days=DAYS, ratio=ratio)
    failing, _ = lead.draw(seed, lead=10, days=DAYS)
    kind = np.array(["product_bug", "competitor_intel", "process_suggestion"], dtype=object)[made.kind]
    is_rival, is_idea = made.kind == 1, made.kind == 2
    product = rng.choice(list(PRICES), made.n)
    rival = rng.choice(list(RIVALS), made.n)
    price = np.array([PRICES[p] * (1 - RIVALS[r]) for p, r in zip(product, rival, strict=True)]) * rng.normal(1, 0.01, made.n)
    number = np.array([f"R{i:05d}" for i in range(made.n)], dtype=object)
    own = pd.DataFrame({
        "report_id": number, "staff_id": [f"E{s:04d}" for s in made.staff], "unit_id": [f"D{s // STAFF:02d}" for s in made.staff],
        "reported_at": _at(made.minute), "kind": kind, "product": np.where(is_idea, None, product),
        "topic": np.select([is_rival, is_idea], ["vehicle_price", "waiting_time"], "noise"), "competitor": np.where(is_rival, rival, None),
        "quoted_price_cny": np.where(is_rival, price, np.nan), "text": np.where(is_rival, f"{product[0]}比价", "有异响"),
        "duplicate_of_report_id": np.where(made.of >= 0, number[made.of], None), "confirmed_at": _at(made.confirmed), "fixed_at": _at(made.fixed),
        "notified_at": _at(made.told), "recovered_cny": np.where(is_rival & (rng.random(made.n) < 0.2), 5000.0, np.nan)})
    bugs = failing["frontline_reports"].assign(unit_id=lambda f: "D" + f["unit_id"].str[1:])
    table = pd.concat([own, bugs], ignore_index=True)
    weeks = pd.date_range("2024-12-30", periods=DAYS // 7, freq="7D")
    unit, week = (x.ravel() for x in np.meshgrid(np.arange(DEALERS), np.arange(len(weeks)), indexing="ij"))
    return {
        "frontline_reports": table, "repairs": failing["repairs"], "batches": failing["batches"],
        "units": pd.DataFrame({"unit_id": [f"D{i:02d}" for i in range(DEALERS)], "kind": "dealer", "region": [REGIONS[i % 3] for i in range(DEALERS)],
                               "opened_on": pd.Timestamp("2020-01-01"), "closed_on": pd.NaT}),
        "rosters": pd.DataFrame({"unit_id": [f"D{i:02d}" for i in unit], "week_on": weeks[week], "role_band": "all", "planned_hours": 500.0,
                                 "worked_hours": 480.0}),
        "employee_waves": pd.DataFrame({"unit_id": [f"D{i:02d}" for i in range(DEALERS)], "wave_month": "2025-06", "invited_n": 20,
                                        "returned_n": 12})}
