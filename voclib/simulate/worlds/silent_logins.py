"""Customers whose log-ins fall in the months before they leave, or, in the twin, have nothing to do with leaving."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

FIRST_MONTH = "2025-01"
MONTHS = 18
MONTHLY_RISK = 0.022


def draw(seed: int, *, customers: int = 1500, fading: bool = True) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Tables usage, customers, behaviours and touchpoints of one world, and what was planted in it.

    Everybody leaves with the same monthly risk apart from what complaints add, at any day; with `fading` log-ins sink over the last
    months, by amounts drawn per seed; without it neither log-ins nor complaints have anything to do with leaving.
    """
    rng = stream(seed, "silence")
    truth = {"depth": planted(rng, None, 0.3, 0.5), "complaint": planted(rng, None, 0.4, 0.8)}
    ends = pd.period_range(FIRST_MONTH, periods=MONTHS, freq="M").to_timestamp(how="end").normalize()
    first_day = ends[0].to_period("M").start_time
    complaints = rng.poisson(0.2, customers)
    hazard = MONTHLY_RISK * np.exp(truth["complaint"] * complaints * fading)
    left_at = np.floor(rng.exponential(1 / hazard) * 365.25 / 12)
    gone = left_at < (ends[-1] - first_day).days
    left_on = pd.Series(first_day + pd.to_timedelta(np.where(gone, left_at, 0), unit="D")).where(gone)
    names = pd.Series([f"C{i:05d}" for i in rng.permutation(customers)])
    people = pd.DataFrame({"customer_id": names, "joined_on": first_day - pd.to_timedelta(rng.integers(100, 2000, customers), unit="D"),
                           "is_churned": gone, "churned_on": left_on})
    snapshot = pd.DataFrame({"customer_id": names, "asof_on": first_day, "recency_days": 30.0, "contacts_12m": 1, "complaints_12m": complaints,
                             "spend_12m_cny": np.exp(rng.normal(8, 1, customers)), "logins_90d": 0, "open_share": 0.3, "is_post": False})
    usage = _usage(rng, names, people["churned_on"], ends, depth=truth["depth"] if fading else 0.0)
    return {"customers": people, "usage": usage, "behaviours": snapshot, "touchpoints": _contacts(rng, people, first_day, ends[-1])}, truth


def _usage(rng: np.random.Generator, names: pd.Series, left_on: pd.Series, ends: pd.DatetimeIndex, *, depth: float) -> pd.DataFrame:
    """Months until the one of leaving; log-ins sink by `depth` a month over the last three, then nobody is there any more."""
    month = np.arange(len(ends))
    last = np.where(left_on.notna(), np.searchsorted(ends.to_numpy(), left_on.fillna(ends[-1]).to_numpy()), 10**6)
    usual = np.exp(rng.normal(2.0, 0.5, len(names)))
    steps = np.clip(3 - (last[:, None] - month[None, :]), 0, 3)
    logins = rng.poisson(usual[:, None] * (1 - depth) ** steps)
    row, column = np.nonzero(month[None, :] <= last[:, None])
    return pd.DataFrame({"customer_id": names.to_numpy()[row], "month": ends.to_period("M").astype("str").to_numpy()[column],
                         "logins": logins[row, column], "active_days": np.minimum(logins[row, column], 28)})


def _contacts(rng: np.random.Generator, people: pd.DataFrame, first_day: pd.Timestamp, last_day: pd.Timestamp) -> pd.DataFrame:
    """One contact in the months before the first and a few at any time while the customer is there; unrelated to leaving."""
    days, n = (last_day - first_day).days, len(people)
    count = 1 + rng.poisson(4, n)
    who = np.repeat(np.arange(n), count)
    day = rng.integers(0, days, len(who))
    day[np.concatenate([[0], count.cumsum()[:-1]])] = -rng.integers(1, 200, n)
    at = first_day + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=4)
    there = (at <= people["churned_on"].fillna(last_day).to_numpy()[who])
    return pd.DataFrame({"touchpoint_id": [f"T{i:06d}" for i in range(int(there.sum()))], "customer_id": people["customer_id"].to_numpy()[who][there],
                         "started_at": at[there].tz_localize("UTC")})
