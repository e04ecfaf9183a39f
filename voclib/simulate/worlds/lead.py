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
         repairs: float = 7.0, reports: float = 0.8, late: float = 0.3, is_launched: bool = False,
         returning: float = 0.0) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Draw tables of repairs, batches and frontline reports, and the truth.

    A batch of one model and part fails `fails` times as often as before from a day `surge` on (drawn in 8 – 14 unless given; 1 plants nothing).
    Where it `is_heard`, a further rate of bug reports on its model and part, as many as of all others together, begins `lead` days earlier (drawn in
    2 – 20) and lasts 75 days; else reports know nothing of it. `repairs` and `reports` are rates a day; both grow by up to a half and have a season.

    A share `late` of batches is made while the data run, the bad one at least 90 days before its surge; repairs grow with age by up to a half a year,
    and models are spoken of by their vehicles on the road. Where one `is_launched`, another model than the bad one's is first sold in the middle
    third. A share `returning` of repairs brings the vehicle back with the same part within two weeks.

    Truth: `lead`, `surge` (day number), `product`, `part`, `batch`, and `launched`, the day or None.
    """
    rng = stream(seed, "dgp_lead")
    lead = int(rng.integers(2, 21)) if lead is None else lead
    fails, surge = planted(rng, fails, 8.0, 14.0), int(rng.integers(days // 3, 2 * days // 3))
    day = np.arange(days)
    common = (1 + rng.uniform(0, 0.5) * day / days) * (1 + rng.uniform(0, 0.25) * np.sin(2 * np.pi * (day / 365 + rng.random())))
    weight = rng.gamma(8.0, size=(len(PRODUCTS) * len(PARTS), batches))
    subject, bad = int(rng.integers(len(weight))), int(rng.integers(batches))
    made = np.where(rng.random(weight.shape) < late, rng.integers(0, 2 * days // 3, weight.shape), -rng.integers(30, 900, weight.shape))
    made[subject, bad] = min(made[subject, bad], surge - 90)
    opens, launched = _launch(rng, made, subject // len(PARTS), days) if is_launched else (made, None)
    age = (day - opens[..., None]) / 365
    on_road = weight[..., None] * (age >= 0)
    rate = repairs / weight.sum() * on_road * (1 + rng.uniform(0, 0.5) * np.maximum(age, 0)) * common
    rate[subject, bad, surge:] *= fails
    fixed = _repairs(rng, rate, weight, returning)
    usual = rng.gamma(4.0, size=len(weight))
    of_model = on_road.sum(axis=1).reshape(len(PRODUCTS), -1, days).sum(axis=1) / weight.reshape(len(PRODUCTS), -1).sum(axis=1)[:, None]
    told = reports * (usual / usual.sum())[:, None] * np.repeat(of_model, len(PARTS), axis=0) * common
    if is_heard:
        told[subject, surge - lead:surge - lead + 75] += reports
    spoken, on = np.nonzero(said := rng.poisson(told))
    spoken, on = (np.repeat(x, said[spoken, on]) for x in (spoken, on))
    truth = {"lead": lead, "surge": surge, "product": PRODUCTS[subject // len(PARTS)], "part": PARTS[subject % len(PARTS)],
             "batch": f"B{subject:02d}{bad}", "launched": launched}
    return {"repairs": fixed, "batches": _batches(weight, made), "frontline_reports": _reports(rng, spoken, on)}, truth


def _launch(rng: np.random.Generator, made: np.ndarray, other: int, days: int) -> tuple[np.ndarray, int]:
    """Days from which batches are on the road where a model but `other` is first sold on a day; made some weeks before it, in place, or later on."""
    model, launched = (other + int(rng.integers(1, len(PRODUCTS)))) % len(PRODUCTS), int(rng.integers(days // 3, 2 * days // 3))
    rows = slice(model * len(PARTS), (model + 1) * len(PARTS))
    made[rows] = launched + rng.integers(-60, 60, made[rows].shape)
    opens = made.copy()
    opens[rows] = np.maximum(made[rows], launched)
    return opens, launched


def _repairs(rng: np.random.Generator, rate: np.ndarray, weight: np.ndarray, returning: float) -> pd.DataFrame:
    group, batch, when = np.nonzero(counts := rng.poisson(rate))
    many = counts[group, batch, when]
    group, batch, when = (np.repeat(x, many) for x in (group, batch, when))
    vehicle = (rng.random(len(when)) * _fitted(weight)[group, batch]).astype(int)
    back = np.flatnonzero(rng.random(len(when)) < returning)
    again = when[back] + rng.integers(1, 15, len(back))
    back, again = back[again < rate.shape[-1]], again[again < rate.shape[-1]]
    group, batch, vehicle = (np.concatenate([x, x[back]]) for x in (group, batch, vehicle))
    when = np.concatenate([when, again])
    return pd.DataFrame({"repair_id": [f"M{i:06d}" for i in range(len(when))], "product": _named(PRODUCTS, group // len(PARTS)),
                         "part": _named(PARTS, group % len(PARTS)), "batch_id": [f"B{g:02d}{b}" for g, b in zip(group, batch, strict=True)],
                         "vehicle_id": [f"V{g:02d}{b}-{v}" for g, b, v in zip(group, batch, vehicle, strict=True)],
                         "repaired_at": _moments(rng, when)})


def _fitted(weight: np.ndarray) -> np.ndarray:
    """Vehicles fitted with each batch, some hundreds, as its repairs lead to expect."""
    return np.maximum(np.round(40 * weight), 1).astype(int)


def _batches(weight: np.ndarray, made: np.ndarray) -> pd.DataFrame:
    group, batch = (x.ravel() for x in np.indices(weight.shape))
    return pd.DataFrame({"batch_id": [f"B{g:02d}{b}" for g, b in zip(group, batch, strict=True)], "part": _named(PARTS, group % len(PARTS)),
                         "product": _named(PRODUCTS, group // len(PARTS)), "supplier": "S0",
                         "produced_on": pd.Timestamp(FIRST).tz_localize(None) + pd.to_timedelta(made.ravel(), unit="D"),
                         "fitted_n": _fitted(weight).ravel()})


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
