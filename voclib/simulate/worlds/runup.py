"""Projects that are chartered because their subject spiked: the spike goes back by itself, some projects then lower the rate and some do nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

FIRST = "2025-01-01"
BLOCK = 28  # days over which the noise of a subject's rate lasts


def draw(seed: int, *, subjects: int = 14, projects: int = 9, idle: int = 4, fall: float | None = None, spike: float | None = None,
         per_day: float | None = None, noise: float | None = None, campaigns: int = 0, lift: float = 1.5,
         campaign_days: int = 28) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Draw events of several subjects over a year and a half, and the projects about some of them.

    `fall` is the share by which a project that does something lowers its subject's rate from landing on (drawn in 0.3 – 0.6 for each unless given),
    `spike` the factor on the rate of a project's subject for 45 to 90 days before its charter (drawn in 1.3 – 1.8 for each), `per_day` events of all
    subjects a day at the start (drawn in 20 – 45), `noise` the coefficient of variation of a subject's rate from one month to the next (drawn in
    0 – 0.12). All rates grow and have a season in common. Each of `campaigns` multiplies the rates of half of the subjects, the same ones each
    time, by `lift` for `campaign_days` days, which no column records.

    Returns events (`subject`, `on`), projects (`project_id`, `subject`, `chartered_on`, `landed_on`) and the truth: `effect` by project (−0.4 = 40 %
    less, 0 for idle ones), `mean_log`, `idle`, `last`, the day on which the data end.
    """
    rng = stream(seed, "dgp_runup")
    days = int(rng.integers(510, 600))
    usual = rng.gamma(6.0, size=subjects)
    per_day, noise = planted(rng, per_day, 20.0, 45.0), planted(rng, noise, 0.0, 0.12)
    day = np.arange(days)
    common = (1 + rng.uniform(-0.3, 0.8) * day / days) * (1 + rng.uniform(0, 0.25) * np.sin(2 * np.pi * (day / 365 + rng.random())))
    blocks = days // BLOCK + 1
    shaken = rng.gamma(1 / noise**2, noise**2, (subjects, blocks)) if noise > 0 else np.ones((subjects, blocks))
    rate = per_day * (usual / usual.sum())[:, None] * common * shaken[:, day // BLOCK]
    chartered = rng.integers(200, days - 200, projects)
    landed = chartered + rng.integers(30, 90, projects)
    nothing = np.arange(projects) < idle
    effect = np.array([0.0 if none else planted(rng, fall, 0.3, 0.6) for none in nothing])
    for i in range(projects):
        rate[i, max(chartered[i] - rng.integers(45, 91), 0):chartered[i]] *= planted(rng, spike, 1.3, 1.8)
        rate[i, landed[i]:] *= 1 - effect[i]
    if campaigns:
        more = stream(seed, "dgp_runup.campaigns")
        half = more.permutation(subjects) < subjects // 2
        for begins in more.integers(100, days - campaign_days, campaigns):
            rate[half, begins:begins + campaign_days] *= lift
    counts = rng.poisson(rate)
    start = pd.Timestamp(FIRST)
    where, when = np.nonzero(counts)
    many = counts[where, when]
    events = pd.DataFrame({"subject": [f"S{k:02d}" for k in np.repeat(where, many)], "on": start + pd.to_timedelta(np.repeat(when, many), unit="D")})
    made = pd.DataFrame({"project_id": [f"J{i:02d}" for i in range(projects)], "subject": [f"S{i:02d}" for i in range(projects)],
                         "chartered_on": start + pd.to_timedelta(chartered, unit="D"), "landed_on": start + pd.to_timedelta(landed, unit="D")})
    truth = {"effect": dict(zip(made["project_id"], -effect, strict=True)), "mean_log": float(np.log(1 - effect).mean()),
             "idle": made["project_id"][nothing].tolist(), "last": start + pd.Timedelta(days=days - 1)}
    return events, made, truth
