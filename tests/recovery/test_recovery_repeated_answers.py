"""Customers who answer again, in a survey without units: the score's interval holds the planted truth, independent answers do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from voclib.studies import scores

LIKE = 0.8  # correlation of one customer's answers on the latent scale
CUTS = (0.3, 0.5)  # shares of detractors and promoters
RUNS, PEOPLE = 150, 260


def draw(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Answers of customers who were asked one to seven times, alike within a customer."""
    who = np.repeat(np.arange(PEOPLE), rng.integers(1, 8, PEOPLE))
    latent = np.sqrt(LIKE) * rng.normal(size=PEOPLE)[who] + np.sqrt(1 - LIKE) * rng.normal(size=len(who))
    place = stats.norm.cdf(latent)
    given = np.select([place < CUTS[0], place > 1 - CUTS[1]], [3, 10], 8)
    text = pd.Series([None] * len(who), dtype="str")
    made = {"response_id": [f"R{i:05d}" for i in range(len(who))], "customer_id": [f"C{k}" for k in who], "unit_id": text, "author_id": text,
            "invitation_id": text, "channel": "survey", "nps_score": pd.array(given, dtype="Int64"),
            "touched_at": pd.Timestamp("2026-01-05", tz="UTC"), "submitted_at": pd.Timestamp("2026-01-05", tz="UTC")}
    columns = {score.column: pd.array([None] * len(who), dtype="Int64") for score in scores.SCORES.values() if score.column not in made}
    return {"responses": pd.DataFrame(made | columns)}


def test_the_interval_allows_for_customers_who_answer_again() -> None:
    truth = 100 * (CUTS[1] - CUTS[0])
    rungs = [scores.study(draw(np.random.default_rng(seed)), metric="nps", segments=["channel"]).ladder for seed in range(RUNS)]
    held = {name: np.mean([one[name].conf_low <= truth <= one[name].conf_high for one in rungs]) for name in ("independent", "by_customer")}
    assert held["by_customer"] >= 0.90
    assert held["independent"] <= 0.80
