"""A batch begins to fail, and the frontline speaks of its model and part some days before the customers come, or no more than of any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

FIRST = "2025-01-01 00:00+08:00"  # the moment at which the data begin
PRODUCTS = ("甲型", "乙型", "丙型", "丁型")
PARTS = ("刹车片", "门锁", "小电瓶", "天窗")


def draw(seed: int, *, lead: int | None = None, is_heard: bool = True, fails: float | None = None, days: int = 450, batches: int = 6,
         repairs: float = 7.0, reports: float = 0.8) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Draw tables of repairs and frontline reports, and the truth.

    A batch of one model and part fails `fails` times as often as before from a day `surge` on (drawn in 8 – 14 unless given). Where it `is_heard`, a
    further rate of bug reports on its model and part, as many as of all others together, begins `lead` days earlier (drawn in 2 – 20) and lasts 75
    days; else reports know nothing of it. `repairs` and `reports` are rates a day; both grow by up to a half and have a season.

    Truth: `lead`, `surge` (day number), `product`, `part`, `batch`.
    """
    rng = stream(seed, "dgp_lead")
    lead = int(rng.integers(2, 21)) if lead is None else lead
    fails, surge = planted(rng, fails, 8.0, 14.0), int(rng.integers(days // 3, 2 * days // 3))
    day = np.arange(days)
    common = (1 + rng.uniform(0, 0.5) * day / days) * (1 + rng.uniform(0, 0.25) * np.sin(2 * np.pi * (day / 365 + rng.random())))
    weight = rng.gamma(8.0, size=(len(PRODUCTS) * len(PARTS), batches))
    subject, bad = int(rng.integers(len(weight))), int(rng.integers(batches))
    rate = repairs * (weight / weight.sum())[..., None] * common
    rate[subject, bad, surge:] *= fails
    group, batch, when = np.nonzero(counts := rng.poisson(rate))
    many = counts[group, batch, when]
    group, batch, when = (np.repeat(x, many) for x in (group, batch, when))
    fixed = pd.DataFrame({"repair_id": [f"M{i:06d}" for i in range(len(when))], "product": _named(PRODUCTS, group // len(PARTS)),
                          "part": _named(PARTS, group % len(PARTS)), "batch_id": [f"B{g:02d}{b}" for g, b in zip(group, batch, strict=True)],
                          "repaired_at": _moments(rng, when)})
    usual = rng.gamma(4.0, size=len(weight))
    told = reports * (usual / usual.sum())[:, None] * common
    if is_heard:
        told[subject, surge - lead:surge - lead + 75] += reports
        told[subject, max(surge - lead - 60, 0):surge - lead] = 0.0  # so that the day on which it begins is that of the lead
    spoken, on = np.nonzero(said := rng.poisson(told))
    spoken, on = (np.repeat(x, said[spoken, on]) for x in (spoken, on))
    truth = {"lead": lead, "surge": surge, "product": PRODUCTS[subject // len(PARTS)], "part": PARTS[subject % len(PARTS)],
             "batch": f"B{subject:02d}{bad}"}
    return {"repairs": fixed, "frontline_reports": _reports(rng, spoken, on)}, truth


def _named(names: tuple[str, ...], code: np.ndarray) -> np.ndarray:
    return np.array(names, dtype=object)[code]


def _moments(rng: np.random.Generator, day: np.ndarray) -> pd.Series:
    """Moments between nine and six on the days given."""
    return pd.Series(pd.Timestamp(FIRST) + pd.to_timedelta(day * 1440 + rng.integers(540, 1080, len(day)), unit="min"))


def _reports(rng: np.random.Generator, group: np.ndarray, day: np.ndarray) -> pd.DataFrame:
    n = len(day)
    product, part = _named(PRODUCTS, group // len(PARTS)), _named(PARTS, group % len(PARTS))
    return pd.DataFrame({"report_id": [f"G{i:05d}" for i in range(n)], "staff_id": [f"E{i:03d}" for i in rng.integers(0, 200, n)],
                         "unit_id": [f"D{i:02d}" for i in rng.integers(0, 30, n)], "reported_at": _moments(rng, day), "kind": "product_bug",
                         "product": product, "topic": "noise", "text": [f"{a}的{b}有问题" for a, b in zip(product, part, strict=True)]})
