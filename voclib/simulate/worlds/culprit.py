"""Batches of parts that age, of which one fails more often from some week on: repairs, batches and the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

START = pd.Timestamp("2025-01-06")
DAYS = 390
DAILY = 1 / 365.25


def draw(seed: int, *, ratio: float | None = None, groups: int = 20, spread: float | None = None, ageing: float | None = None,
         per_year: float | None = None, raised_supplier: float = 1.0, unequal: float = 0.0, second: float = 1.0,
         back: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Draw repairs and batches of `groups` parts of one model, six to ten batches each, over thirteen months.

    The bad batch is one of its group's smaller ones, is made before the data begin, and has `ratio` times the repairs of its siblings over the whole
    time (drawn in 2.5 – 6 unless given; 1 plants nothing), all of the excess from a week on that is drawn in the middle half. `spread` is the
    coefficient of variation of all batches' own rates (drawn in 0 – 0.12), `ageing` how much a rate grows with every year (drawn in 0 – 0.8),
    `per_year` repairs by vehicle and year (drawn in 0.08 – 0.2). Half of all batches are made while the data run, so that the older ones have had
    more time and more age. `raised_supplier` multiplies the rates of all batches of the bad one's supplier, itself included.
    With `unequal` above 0 every part has a spread of its own, drawn in 0 – `unequal`, in place of `spread`. `second` multiplies the rate of one more
    batch, of the bad one's part and supplier, all along. After a repair a vehicle comes back for the part within three weeks with chance `back`.

    The truth: `bad` batch, `supplier`, `surge` day, `ratio` of its expected repairs by what its siblings' rates, at its own ages, lead to expect
    (its own rate beside theirs included), and `ratios` of all batches in the same way.
    """
    rng = stream(seed, "dgp_culprit")
    spread, ageing = planted(rng, spread, 0.0, 0.12), planted(rng, ageing, 0.0, 0.8)
    per_year, ratio = planted(rng, per_year, 0.08, 0.2), planted(rng, ratio, 2.5, 6.0)
    kind = np.repeat(np.arange(groups), rng.integers(6, 11, groups))
    n = kind.size
    fitted = np.maximum(np.round(rng.gamma(2.0, 250.0, n)), 20).astype(int)
    made = np.where(rng.random(n) < 0.5, -rng.integers(30, 900, n), rng.integers(0, DAYS - 120, n))
    supplier = rng.integers(0, 3, n)
    bad = _bad(rng, kind, fitted, made)
    own = rng.gamma(1 / spread**2, spread**2, n) if spread > 0 else np.ones(n)
    own = own if not unequal else _own(stream(seed, "dgp_culprit_spreads"), kind, unequal)
    also = _also(kind, fitted, made, bad, supplier) if second != 1 else bad
    own = own * np.where((supplier == supplier[bad]) & (kind == kind[bad]), raised_supplier, 1.0)
    surge = int(rng.integers(DAYS // 4, 3 * DAYS // 4))
    age = (np.arange(DAYS)[None, :] - made[:, None]) * DAILY
    usual = rng.gamma(6.0, 1 / 6, groups)[kind][:, None] * per_year * DAILY * (1.0 + ageing * np.maximum(age, 0.0)) * (age >= 0)
    usual = usual * (1 + 0.3 * np.sin(2 * np.pi * np.arange(DAYS) / 365 + rng.random()))[None, :] * fitted[:, None]
    lift = np.ones((n, DAYS))
    whole, after = usual[bad].sum(), usual[bad, surge:].sum()
    lift[bad, surge:] = 1.0 + (ratio - 1.0) * whole / after
    lift[also] *= second if also != bad else 1.0
    counts = rng.poisson(usual * own[:, None] * lift)
    who, when = np.nonzero(counts)
    many = counts[who, when]
    who, when = np.repeat(who, many), np.repeat(when, many)
    label = np.array([f"PB{k:04d}" for k in rng.permutation(n)])
    batches = pd.DataFrame({"batch_id": label, "part": [f"part {k:02d}" for k in kind], "product": "model", "fitted_n": fitted,
                            "supplier": [f"S{k}" for k in supplier], "produced_on": START + pd.to_timedelta(made, unit="D")})
    vehicle = np.array([f"{label[b]}-{int(fitted[b] * luck)}" for b, luck in zip(who, rng.random(who.size), strict=True)])
    unit = np.array([f"D{k:02d}" for k in rng.integers(0, 40, who.size)])
    again, when = _again(stream(seed, "dgp_culprit_returns"), when, back)
    at = (START + pd.to_timedelta(when, unit="D") + pd.Timedelta(hours=10)).tz_localize("Asia/Shanghai").tz_convert("UTC")
    repairs = pd.DataFrame({"repair_id": [f"M{k:06d}" for k in range(len(again))], "batch_id": label[who[again]],
                            "part": batches["part"].to_numpy()[who[again]], "product": "model", "vehicle_id": vehicle[again],
                            "unit_id": unit[again], "customer_id": vehicle[again], "repaired_at": at})
    ratios = _ratios(kind, usual, own, lift)
    truth = {"bad": str(label[bad]), "supplier": f"S{supplier[bad]}", "surge": START + pd.Timedelta(days=surge), "ratio": float(ratios[bad]),
             "ratios": dict(zip(label.tolist(), ratios.tolist(), strict=True)), "planted": float(ratio),
             "second": str(label[also]) if also != bad else ""}
    return repairs, batches.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True), truth


def _bad(rng: np.random.Generator, kind: np.ndarray, fitted: np.ndarray, made: np.ndarray) -> int:
    """One of the smaller batches of its kind that was made before the data begin, and of which repairs are to be expected."""
    median = np.array([np.median(fitted[kind == k]) for k in range(kind.max() + 1)])[kind]
    fits = np.flatnonzero((fitted <= median) & (fitted >= 120) & (made < 0))
    return int(rng.choice(fits if fits.size else np.flatnonzero(made < 0)))


def _own(rng: np.random.Generator, kind: np.ndarray, widest: float) -> np.ndarray:
    """Own rates of batches, gamma with mean one, the spread of each part drawn up to `widest`."""
    shape = 1 / np.maximum(rng.uniform(0.0, widest, kind.max() + 1), 0.01)[kind] ** 2
    return rng.gamma(shape, 1 / shape)


def _also(kind: np.ndarray, fitted: np.ndarray, made: np.ndarray, bad: int, supplier: np.ndarray) -> int:
    """The bad one's largest sibling that was made before the data begin, else its largest; it is given the same supplier."""
    fits = np.flatnonzero((kind == kind[bad]) & (np.arange(kind.size) != bad))
    early = fits[made[fits] < 0]
    fits = early if early.size else fits
    chosen = int(fits[np.argmax(fitted[fits])])
    supplier[chosen] = supplier[bad]
    return chosen


def _again(rng: np.random.Generator, when: np.ndarray, back: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of all repairs among the first ones, and their days: a vehicle comes back again and again with chance `back`, days later."""
    place, days = np.arange(when.size), when
    last, day = place, when
    while back > 0 and last.size:
        kept = rng.random(last.size) < back
        last, day = last[kept], day[kept] + rng.integers(1, 21, int(kept.sum()))
        last, day = last[day < DAYS], day[day < DAYS]
        place, days = np.concatenate([place, last]), np.concatenate([days, day])
    return place, days


def _ratios(kind: np.ndarray, usual: np.ndarray, own: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """Expected repairs of each batch by what the mean own rate of its siblings, weighted by their expected repairs, leads to expect of it."""
    base, real = usual.sum(axis=1), (usual * lift).sum(axis=1) * own
    n = int(kind.max()) + 1
    rest = np.bincount(kind, base * own, n)[kind] - base * own
    room = np.bincount(kind, base, n)[kind] - base
    return real / base / (rest / room)
