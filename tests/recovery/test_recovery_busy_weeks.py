"""A season that no column records moves the money of page 31; customers who were not exposed show it, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import coverage_money
from voclib.simulate.worlds import busy
from voclib.stats import effects
from voclib.studies import nps_revenue
from voclib.studies.nps_revenue import busy_weeks
from voclib.studies.nps_revenue.cohort import Cohort

RUNS = 40


def worlds(poorer: float, runs: int) -> list[tuple[Cohort, np.ndarray]]:
    return [coverage_money._busy(poorer)(seed)[0] for seed in range(runs)]


def test_a_season_is_found_and_none_is_made_up() -> None:
    told = {poorer: np.mean([coverage_money.season_told(one) for one in worlds(poorer, RUNS)]) for poorer in (0.0, 200.0)}
    assert told[0.0] <= 0.1 and told[200.0] >= 0.8, told


def test_what_the_unexposed_show_is_what_the_estimate_is_off_by() -> None:
    """The same worlds: the comparison misses the effect by about as much as the check says it would."""
    errors, said = [], []
    for cohort, matrix in worlds(400.0, 6):
        found = effects.att(cohort.money, cohort.exposed, matrix, ids=cohort.people["customer_id"], seed=1, cluster=cohort.clusters, repeats=1).fit
        errors.append(found.value - busy.EFFECT)
        said.append(busy_weeks.season(cohort, matrix).value)
    assert np.mean(errors) < -80 and np.mean(said) == pytest.approx(np.mean(errors), rel=0.4), (errors, said)


def test_the_share_is_that_of_other_dealers_within_three_days() -> None:
    cohort, _ = worlds(0.0, 1)[0]
    share, people = busy_weeks.others_exposed(cohort), cohort.people
    day = people["index_at"].dt.normalize()
    near = ((day - day.iloc[5]).abs().dt.days <= 3) & (people["unit_id"] != people["unit_id"].iloc[5])
    assert share[5] == pytest.approx(cohort.exposed[near].mean())


def test_without_days_dealers_or_enough_customers_nothing_is_said() -> None:
    cohort, matrix = worlds(0.0, 1)[0]
    few = cohort.people.index < 150
    assert busy_weeks.season(cohort.only(few), matrix[few]) is None
    for column in ("index_at", "unit_id"):
        assert busy_weeks.season(replace(cohort, people=cohort.people.drop(columns=column)), matrix) is None


def test_the_page_names_it() -> None:
    made = []
    for poorer in (0.0, 400.0):
        cohort, _ = worlds(poorer, 2)[1]
        people = cohort.people.assign(money=cohort.money + 5000.0, is_left=False, left_days=365.0, dose=np.where(cohort.exposed, 90.0, 20.0))
        made.append(nps_revenue.study(replace(cohort, people=people), repeats=1, materiality=1e9).checks["season"])
    calm, seasonal = made
    assert calm.passed is not False and seasonal.passed is False
    assert "Among unexposed customers" in seasonal.detail.en and "没有暴露的客户" in seasonal.detail.zh and "season" in seasonal.consequence.en
