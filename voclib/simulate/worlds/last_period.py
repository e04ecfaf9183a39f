"""Many counts by period that scatter more than chance, few of which move in the last one; and groups of dealers that truly differ, or do not.

`answers` has the customers of those dealers one by one, some of whom answer twice and say much the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

DISPERSION = (1.0, 2.5)  # variance of a count over its mean; each row has its own
DEALERS = (10, 16)  # of a group, drawn anew for each


def counts(seed: int, *, rows: int = 60, periods: int = 13, moved: int = 0, ratio: float | None = None) -> tuple[tuple[np.ndarray, np.ndarray],
                                                                                                             dict[str, Any]]:
    """Counts and exposures (rows, periods): usual rates lognormal about 20 a period, exposures within some 20% of each other.

    In the last period the first `moved` rows have `ratio` times their usual rate (drawn in 0.5–2 unless given). The truth holds `ratio` and `moved`.
    """
    rng = stream(seed, "dgp_brief counts")
    ratio = planted(rng, ratio, 0.5, 2.0)
    exposure = np.exp(rng.normal(0, 0.2, (rows, periods)))
    mean = np.exp(rng.normal(3, 0.6, rows))[:, None] * exposure
    mean[:moved, -1] *= ratio
    extra = rng.uniform(*DISPERSION, rows)[:, None] - 1
    rate = rng.gamma(mean / np.maximum(extra, 1e-9)) * extra  # a gamma rate with this variance makes a count of variance (1 + extra) · mean
    return (rng.poisson(rate).astype(float), exposure), {"ratio": ratio, "moved": moved}


def late(seed: int, *, ratio: float | None = None) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables of three products over a year of four-week periods, of which repairs begin on a day drawn within the first five months.

    Each of six parts is repaired about 30 times a period and product, with more than chance as in `counts`. In the last period the first part of
    the first product is repaired `ratio` times as often (drawn in 0.5–2 unless given). Truth: `ratio`, `product` and `part` of it, `begins`, days
    from the first voice to the first repair.
    """
    rng = stream(seed, "dgp_brief late")
    ratio, days, first = planted(rng, ratio, 0.5, 2.0), 364, pd.Timestamp("2025-06-02 04:00", tz="UTC")
    begins, people = int(rng.integers(30, 150)), 300
    names, parts = [f"P{k}" for k in range(3)], [f"part {k}" for k in range(6)]
    who = pd.Series([f"C{k:03d}" for k in range(people)])
    customers = pd.DataFrame({"customer_id": who, "product": [names[k % 3] for k in range(people)]})
    voices = np.sort(np.r_[0, days - 1, rng.integers(0, days, 4000)])
    n = len(voices)
    scores = {f"{name}_score": pd.array([pd.NA] * n, dtype="Int64") for name in ("csat", "ces", "rating")}
    responses = pd.DataFrame({"response_id": [f"R{k:04d}" for k in range(n)], "customer_id": rng.choice(who, n),
                              "submitted_at": first + pd.to_timedelta(voices, unit="D"), "nps_score": pd.array([8] * n, dtype="Int64"), **scores,
                              "star_rating": pd.array([pd.NA] * n, dtype="Int64"), "is_recommended": pd.array([pd.NA] * n, dtype="boolean"),
                              "emotion": pd.Series(None, range(n), dtype="str")})
    mean = np.full((3, 6, days // 28), 30.0)
    mean[0, 0, -1] *= ratio
    extra = np.maximum(rng.uniform(*DISPERSION, (3, 6, 1)) - 1, 1e-9)
    rate = np.repeat(rng.gamma(mean / extra) * extra / 28, 28, axis=2)  # each period's, with the variance that `counts` has
    rate[:, :, :begins] = 0
    count = rng.poisson(rate)
    product, part, day = (np.repeat(at, count[count > 0]) for at in np.nonzero(count))
    repairs = pd.DataFrame({"repair_id": [f"M{k:05d}" for k in range(len(day))], "product": np.array(names)[product], "part": np.array(parts)[part],
                            "repaired_at": first + pd.to_timedelta(day, unit="D")})
    return {"customers": customers, "responses": responses, "repairs": repairs}, {"ratio": ratio, "product": names[0], "part": parts[0],
                                                                                   "begins": begins}


def dealers(seed: int, *, groups: int = 6, spread: float | None = None, apart: float = 0.0) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Scores of the dealers of each group: its true mean (normal with standard deviation `apart`), dealers `spread` points about it.

    `spread` is drawn in 6–14 points unless given. The truth holds the groups' `means`.
    """
    rng = stream(seed, "dgp_brief dealers")
    spread = planted(rng, spread, 6.0, 14.0)
    means = 40 + apart * rng.normal(size=groups)
    return [mean + spread * rng.normal(size=int(rng.integers(*DEALERS))) for mean in means], {"means": means.tolist()}


def answers(seed: int, *, groups: int = 6, dealers: int = 15, spread: float = 0.0) -> tuple[list[pd.DataFrame], dict[str, Any]]:
    """Answers of each group, NPS coded (−100, 0, 100): `score`, `unit_id`, `customer_id`; 10 to 20 a dealer, three promoters in four.

    One customer in four answers twice, and in half of those cases says the same again. True dealers differ by `spread` on the scale of a latent
    score whose standard deviation is 1 within a dealer. The truth holds `spread`.
    """
    rng = stream(seed, "dgp_brief answers")
    made = []
    for _ in range(groups):
        size = rng.integers(10, 21, dealers)
        unit = np.repeat(np.arange(dealers), size)
        again = np.flatnonzero((rng.random(len(unit)) < 0.25) & (np.r_[-1, unit[:-1]] == unit))
        mark, who = spread * rng.normal(size=dealers)[unit] + rng.normal(size=len(unit)), np.arange(len(unit))
        for i in again:
            who[i] = who[i - 1]
            mark[i] = mark[i - 1] if rng.random() < 0.5 else mark[i]
        score = 100.0 * (mark > -0.67) - 100.0 * (mark < -1.28)
        made.append(pd.DataFrame({"score": score, "unit_id": unit, "customer_id": who}))
    return made, {"spread": spread}
