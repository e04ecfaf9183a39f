"""The money study as a whole on planted worlds: the answer holds the truth, a constant refusal passes nothing, and heavy tails are not priced."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from voclib.results import Verdict
from voclib.studies import nps_revenue

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from money_cohorts import drawn  # noqa: E402

RUNS = 40
OPTIONS = {"repeats": 1, "materiality": 1e9}  # no error is too large: what is tested here is whether the answer is right


@pytest.fixture(scope="module")
def answers() -> list[tuple[nps_revenue.NpsRevenue, dict]]:
    """The study on forty worlds with planted losses, each world with its own parameters."""
    made = (drawn(700 + seed, customers=2500) for seed in range(RUNS))
    return [(nps_revenue.study(cohort, **OPTIONS), truth) for cohort, truth in made]


def held(estimate, truth: float) -> bool:
    return estimate.conf_low <= truth <= estimate.conf_high


def test_the_answer_holds_the_planted_loss_and_the_slide_does_not(answers) -> None:
    given = [(r, t) for r, t in answers if r.loss.kind == "estimate"]
    assert len(given) >= 0.9 * RUNS, "a study that refuses passes nothing"
    ours = np.mean([held(r.loss, t["loss_cny"]) for r, t in given])
    naive = np.mean([held(r.ladder["naive"], t["loss_cny"]) for r, t in given])
    ratio = np.median([r.ladder["naive"].value / t["loss_cny"] for r, t in given])
    assert 0.85 <= ours <= 1 and naive <= 0.15 and 3.0 <= ratio <= 4.5, (ours, naive, ratio)


def test_customers_lost_hold_the_planted_number(answers) -> None:
    given = [(r, t) for r, t in answers if r.lost["aipw"].kind == "estimate"]
    assert np.mean([held(r.lost["aipw"], t["lost_customers"]) for r, t in given]) >= 0.85


def test_a_loss_of_twice_what_can_be_detected_is_reported(answers) -> None:
    error = np.median([r.loss.std_error for r, _ in answers if r.loss.kind == "estimate"])
    found = refused = 0
    for seed in range(RUNS // 2):
        # 2,500 customers, of whom about 27% wait: an effect on spending large enough for twice the detectable loss
        cohort, truth = drawn(900 + seed, customers=2500, spend_effect=-0.35, churn_effect=0.1)
        assert truth["loss_cny"] > 2 * 2.8 * error * 0.8
        made = nps_revenue.study(cohort, **OPTIONS).loss
        refused += made.kind == "refusal"
        found += made.kind == "estimate" and made.conf_low > 0 and made.verdict is not Verdict.REFUSE
    assert found >= 0.8 * (RUNS // 2), (found, refused)


def test_no_loss_is_seldom_reported_as_one_and_the_slide_always_reports_it() -> None:
    false = naive = 0
    for seed in range(RUNS):
        cohort, _ = drawn(1200 + seed, customers=1500, churn_effect=0.0, spend_effect=0.0, confounding=0.8)
        made = nps_revenue.study(cohort, **OPTIONS)
        false += made.loss.kind == "estimate" and not held(made.loss, 0.0)
        naive += not held(made.ladder["naive"], 0.0)
    assert false <= 6 and naive >= 0.9 * RUNS, (false, naive)


def test_heavy_tails_are_not_priced() -> None:
    refused = [nps_revenue.study(drawn(1500 + seed, customers=2000, log_sd=2.0)[0], **OPTIONS).loss.kind == "refusal" for seed in range(12)]
    assert np.mean(refused) >= 0.9
