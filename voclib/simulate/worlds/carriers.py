"""Customers whose vehicle carries a batch, and customers of sibling batches: what they complain of after the repair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

FIRST = "2025-01-06"


def draw(seed: int, *, carriers: int = 250, others: int = 1500, ratio: float | None = None, control: float = 1.0, chatty: float = 0.4,
         ) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Draw repairs, batches, responses and topic mentions: every customer had one repair of the part, then complained some times.

    A complaint speaks of `noise`, the part's topic, with a chance of one in seven to one in four (drawn), `ratio` times as often by carriers of the
    bad batch (drawn in 0.8 – 2.4 unless given), and of `vehicle_price` in one in ten, `control` times as often. A customer keeps to a topic: two
    complaints of one customer agree with correlation `chatty`, the chances being beta by customer. The bad batch fails several times as often as its
    two siblings.
    """
    rng = stream(seed, "dgp_carriers")
    ratio, base = planted(rng, ratio, 0.8, 2.4), float(rng.uniform(1 / 7, 1 / 4))
    n = carriers + others
    mine = np.arange(n) < carriers
    share = np.column_stack([base * np.where(mine, ratio, 1.0), 0.1 * np.where(mine, control, 1.0)])
    size = 1 / chatty - 1.0
    chance = rng.beta(share * size, (1.0 - share) * size)
    spoken = rng.poisson(3.5, n)
    who = np.repeat(np.arange(n), spoken)
    start = pd.Timestamp(FIRST, tz="UTC")
    customer = np.array([f"C{k:05d}" for k in range(n)])
    first = rng.integers(0, 200, n)
    batch = np.where(mine, "PB1", np.where(rng.random(n) < 0.5, "PB2", "PB3"))
    repairs = pd.DataFrame({
        "repair_id": [f"M{k:05d}" for k in range(n)], "batch_id": batch, "part": "pads", "product": "model", "vehicle_id": customer,
        "customer_id": customer, "unit_id": "D01", "repaired_at": start + pd.to_timedelta(first, unit="D")})
    fitted = {"PB1": carriers, "PB2": 2 * others, "PB3": 2 * others}
    batches = pd.DataFrame({"batch_id": list(fitted), "part": "pads", "product": "model", "supplier": "S", "fitted_n": list(fitted.values()),
                            "produced_on": pd.Timestamp("2024-01-01")})
    at = start + pd.to_timedelta(first[who] + rng.integers(1, 120, who.size), unit="D")
    response = np.array([f"R{k:06d}" for k in range(who.size)])
    responses = pd.DataFrame({"response_id": response, "customer_id": customer[who], "unit_id": "D01", "comment": "words", "touched_at": at,
                              "submitted_at": at})
    luck = rng.random((who.size, 2))
    says = luck < chance[who]
    rest = ~says.any(axis=1)
    mentions = pd.concat([pd.DataFrame({"response_id": response[flag], "topic": topic, "sentiment": "negative"})
                          for flag, topic in zip((says[:, 0], says[:, 1], rest), ("noise", "vehicle_price", "waiting_time"), strict=True)],
                         ignore_index=True)
    tables = {"repairs": repairs, "batches": batches, "responses": responses, "topic_mentions": mentions}
    return tables, {"ratio": ratio, "control": float(control), "bad": "PB1"}
