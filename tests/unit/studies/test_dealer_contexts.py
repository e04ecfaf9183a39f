"""Dealers as part of a comparison: what their other customers are like, who is compared within them, and what is said where two ways disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.stats import crossfit, effects
from voclib.stats import gates as gating
from voclib.studies import nps_revenue
from voclib.studies.nps_revenue import cohort as cohorts
from voclib.studies.nps_revenue import rungs as climbing
from voclib.studies.nps_revenue.cohort import Cohort, rank_score


def queues(seed: int, *, customers: int = 6000) -> tuple[Cohort, float]:
    """Dealers with long queues whose customers spend less later for reasons of the dealer's own; and the planted effect a customer."""
    rng = np.random.default_rng(seed)
    dealers, together, effect = int(rng.integers(50, 75)), rng.uniform(-0.8, -0.5), rng.uniform(-450, -150)
    size = rng.pareto(1.5, dealers) + 0.3
    at = rng.choice(dealers, customers, p=size / size.sum())
    spends = rng.normal(size=dealers)
    queue = together * spends + np.sqrt(1 - together**2) * rng.normal(size=dealers)
    prior = np.exp(7 + 0.8 * rng.normal(size=customers))
    exposed = rng.random(customers) < 1 / (1 + np.exp(1 - 0.8 * queue[at]))
    money = np.exp(0.5 * np.log(prior) + 0.2 * spends[at] + 4 + 0.6 * rng.normal(size=customers)) + effect * exposed
    people = pd.DataFrame({"customer_id": [f"C{i:06d}" for i in range(customers)], "unit_id": [f"D{g:03d}" for g in at], "is_exposed": exposed,
                           "money": money, "prior_money": prior, "prior_rank": rank_score(pd.Series(prior)), "region": (at % 6).astype(str)})
    return Cohort(people=people, known=("prior_rank", "region"), notes={}), effect


def compared(cohort: Cohort, seed: int):
    """The doubly robust effect a customer with what the cohort knows."""
    matrix = crossfit.features(cohort.people, list(cohort.known), squares=[name for name in cohort.known if name not in cohorts.DEALER]).matrix
    return effects.att(cohort.money, cohort.exposed, matrix, ids=cohort.people["customer_id"], seed=seed, cluster=cohort.clusters, repeats=1).fit


def holds(fit, truth: float) -> bool:
    found = fit.estimate("effect", unit="cny")
    return found.conf_low <= truth <= found.conf_high


class TestOthers:
    def test_each_row_gets_the_shrunken_mean_of_the_others(self) -> None:
        rng = np.random.default_rng(5)
        group = rng.integers(0, 12, 200)
        values = rng.normal(size=12)[group] + rng.normal(size=200)
        found = crossfit.group_mean(values, group, own_from=np.inf)
        other = np.array([values[(group == g) & (np.arange(200) != i)].mean() for i, g in enumerate(group)])
        size = np.bincount(group)[group] - 1
        ratio = size * (other - found) / (found - values.mean())  # κ solves (n κ⁻¹)(other − m) = m − mean
        assert ratio == pytest.approx(np.full(200, ratio[0]), rel=1e-6) and 0.3 < ratio[0] < 3, "one κ, near σ²/τ² = 1"

    def test_alone_or_without_a_group_is_the_mean_of_all(self) -> None:
        group = np.array(["a"] * 20 + ["b"] * 20 + ["alone", None], dtype=object)
        values = np.r_[np.tile([1.0, 2.0], 10), np.tile([5.0, 7.0], 10), 100.0, -3.0]
        found = crossfit.group_mean(values, group, own_from=np.inf)
        assert found[-2:] == pytest.approx([values.mean()] * 2) and found[0] < values.mean() < 100

    def test_groups_of_chance_alone_tell_nothing_of_a_row(self) -> None:
        told = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            exposed, group = (rng.random(600) < rng.uniform(0.2, 0.6)).astype(float), rng.integers(0, rng.integers(20, 80), 600)
            found = crossfit.group_mean(exposed, group, own_from=np.inf)
            plain = np.array([exposed[group == g].mean() for g in group])
            told.append((0.0 if np.ptp(found) == 0 else np.corrcoef(found, exposed)[0, 1], np.corrcoef(plain, exposed)[0, 1]))
        ours, own = np.mean(told, axis=0)
        assert abs(ours) < 0.03 < 0.15 < own, "a mean with the row in it gives the row away"

    def test_the_whole_mean_counts_the_row_where_its_group_is_large_enough(self) -> None:
        rng = np.random.default_rng(6)
        group = np.r_[np.repeat(np.arange(10), 8), [10, 10, 10]]
        values = rng.normal(size=11)[group] + rng.normal(size=83)
        whole, others = crossfit.group_mean(values, group, own_from=4), crossfit.group_mean(values, group, own_from=np.inf)
        assert np.array_equal(whole[-3:], others[-3:]) and len(set(whole[:80].round(9))) == 10
        mean = np.bincount(group, values)[:10] / 8
        ratio = 8 * (mean - whole[:80:8]) / (whole[:80:8] - values.mean())
        assert ratio == pytest.approx(np.full(10, ratio[0]), rel=1e-6), "one κ, the same as without the row"

    def test_messages(self) -> None:
        with pytest.raises(ParameterError, match="One group a value"):
            crossfit.group_mean([1.0, 2.0], ["a"], own_from=np.inf)
        with pytest.raises(DataError, match="1 of 2 values"):
            crossfit.group_mean([1.0, np.nan], ["a", "a"], own_from=np.inf)


class TestDealersDiffer:
    def test_the_answer_holds_the_truth_only_with_dealers_in_it(self) -> None:
        held = []
        for seed in range(30):
            cohort, effect = queues(seed)
            held.append([holds(compared(one, seed), effect) for one in (cohorts.among_dealers(cohort), cohort)])
        ours, before = np.mean(held, axis=0)
        assert ours >= 0.85 and before <= 0.65, (ours, before)

    def test_of_small_dealers_the_whole_is_known_and_not_the_others_in_it(self) -> None:
        """The other customers of a small dealer are off by chance, and as much of the dealer stays in the answer."""
        errors = []
        for seed in range(40):
            cohort, effect = queues(seed, customers=1000)
            units, edge = cohort.people["unit_id"], 0.5 / 1000
            share = np.clip(crossfit.group_mean(cohort.exposed.astype(float), units, own_from=np.inf), edge, 1 - edge)
            others = {"dealer_exposure": np.log(share / (1 - share)),
                      "dealer_prior": crossfit.group_mean(cohort.people["prior_rank"], units, own_from=np.inf)}
            alone = replace(cohort, people=cohort.people.assign(**others), known=(*cohort.known, *others))
            errors.append([compared(one, seed).value - effect for one in (cohorts.among_dealers(cohort), alone)])
        ours, without_own = np.mean(errors, axis=0)
        assert abs(ours) < 25 < 40 < -without_own, (ours, without_own)

    def test_a_customer_without_a_dealer_stays_in(self) -> None:
        cohort, _ = queues(1, customers=1500)
        people = cohort.people.assign(unit_id=cohort.people["unit_id"].astype(object).mask(cohort.people.index < 7, None))
        made = cohorts.among_dealers(Cohort(people=people, known=cohort.known, notes={}))
        share = people["is_exposed"].mean()
        assert made.people["dealer_exposure"][:7].to_numpy() == pytest.approx(np.full(7, np.log(share / (1 - share))))
        assert len(set(made.clusters[:7])) == 7 and made.n_dealers == people["unit_id"].nunique()
        assert np.isfinite(compared(made, 1).std_error)

    def test_without_dealers_nothing_is_added(self) -> None:
        cohort, _ = queues(2, customers=800)
        bare = Cohort(people=cohort.people.drop(columns="unit_id"), known=cohort.known, notes={})
        assert cohorts.among_dealers(bare) is bare


def sloped(seed: int, steep: float) -> Cohort:
    """Low spenders wait far more often; with `steep` 1 the loss is several times larger for them, else the same for all."""
    cohort, effect = queues(seed, customers=4000)
    rng, people = np.random.default_rng([seed, 1]), cohort.people
    rank = people["prior_rank"].to_numpy()
    exposed = rng.random(4000) < 1 / (1 + np.exp(rng.uniform(0.6, 1.0) + rng.uniform(1.3, 1.6) * rank))
    money = 30_000 + people["money"] - effect * people["is_exposed"] + effect * exposed * np.exp(-1.2 * steep * rank)
    left = rng.random(4000) < 0.1
    return replace(cohort, people=people.assign(is_exposed=exposed, money=money, is_left=left, left_days=np.where(left, 100.0, 365.0)))


@pytest.fixture(scope="module")
def made() -> list[tuple[nps_revenue.NpsRevenue, ...]]:
    return [tuple(nps_revenue.study(sloped(seed, steep), repeats=1, materiality=1e9) for steep in (0.0, 1.0)) for seed in range(4)]


class TestTwoWaysDisagree:
    """Regression weights customers by how uncertain their exposure was, the answer by who was exposed: apart where the effect goes with that."""

    def test_only_worlds_in_which_they_differ_fail(self, made) -> None:
        failed = np.mean([[found.checks["agreement"].passed is False for found in pair] for pair in made], axis=0)
        assert failed[0] <= 0.25 and failed[1] >= 0.75, failed

    def test_both_numbers_then_stand_in_the_caveat(self, made) -> None:
        alike, apart = next((a, b) for a, b in made if a.checks["agreement"].passed and b.checks["agreement"].passed is False
                            and {a.loss.kind, b.loss.kind} == {"estimate"})
        for lang, words in (("en", "quote both"), ("zh", "一起引用")):
            assert words in apart.study.caveat[lang] and words not in alike.study.caveat[lang]
        assert apart.loss.verdict is Verdict.REPORT_WITH_CAVEAT and apart.loss.evidence_level == 1


class TestFewDealers:
    @pytest.mark.parametrize("dealers", [1, 2, 3, 9])
    def test_so_few_are_refused_with_the_reason_and_no_interval_anywhere(self, dealers: int) -> None:
        cohort, _ = queues(30 + dealers, customers=1200)
        rng = np.random.default_rng(dealers)
        people = cohort.people.assign(money=cohort.money + 30_000, unit_id=[f"D{k}" for k in rng.integers(0, dealers, 1200)],
                                      is_left=rng.random(1200) < 0.2, left_days=100.0, dose=rng.uniform(0, 120, 1200),
                                      value_tier=rng.choice(["regular", "vvip"], 1200))
        found = nps_revenue.study(replace(cohort, people=people), repeats=1, materiality=1e9)
        shown = [*found.ladder.rungs, *found.lost.rungs, *found.tiers, found.at_risk, *found.kpi]
        assert {e.rung for e in found.ladder.rungs} == {"naive", "regression", "twopart", "poisson", "aipw", "events", "agents"}
        assert all(e.kind == "refusal" for e in found.ladder.rungs) and all(e.conf_low is None for e in shown)
        assert f"only {dealers} dealer" in found.study.answer.en and f"{dealers} 家门店" in found.study.answer.zh
        assert "at least 10 dealers" in found.study.decision.en and found.checks["dealers"].passed is False
        assert found.curves.empty and found.contour.empty and found.others.empty and found.response is None
        assert found.absent("kpi") == found.loss.reason

    def test_ten_dealers_are_priced(self) -> None:
        cohort, _ = queues(50, customers=1500)
        people = cohort.people.assign(money=cohort.money + 30_000, unit_id=[f"D{k % 10}" for k in range(1500)], is_left=False, left_days=365.0)
        found = nps_revenue.study(replace(cohort, people=people), repeats=1, materiality=1e9)
        assert found.checks["dealers"].passed and found.ladder["aipw"].n_clusters == 10 and found.ladder["naive"].kind == "estimate"


def test_the_comparison_by_month_counts_dealers_as_its_neighbours_do(small_company) -> None:
    made = cohorts.build(small_company.ingested, first_day="2025-07-01", last_day="2025-09-30", min_mentions=2)
    loose = replace(gating.load(), min_clusters=made.n_dealers)
    rungs = climbing.compute(made, gates=loose, repeats=1)
    assert rungs.fits["events"].n_clusters == made.n_dealers == rungs.fits["aipw"].n_clusters
