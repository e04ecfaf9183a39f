"""What is planted in the field can be found by someone who looks in the right way, and the obvious way fails on the same data."""

from __future__ import annotations

import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from voclib.simulate import company, field, verbatims
from voclib.simulate.plan import Plan
from voclib.simulate.tables import field as field_tables
from voclib.simulate.worlds import batches, concepts, frontline, projects
from voclib.simulate.worlds.batches import PARTS

SEEDS = range(1, 9)
DAYS = 457


def workshop(seed: int, *, ratio: float | None = None, repairs: int = 20_000) -> tuple[batches.Batches, np.ndarray, np.ndarray]:
    """Batches, the batch of each repair and its day: a company without projects."""
    rng = np.random.default_rng(seed)
    product, day = rng.integers(0, 6, repairs), rng.integers(0, DAYS, repairs)
    made = batches.make(rng, vehicles=np.bincount(product, minlength=6), days=DAYS, ratio=ratio)
    batch, _ = batches.repairs(rng, made, product=product, day=day, factors=np.ones((repairs, len(PARTS))))
    return made, batch, day


def against_siblings(made: batches.Batches, batch: np.ndarray) -> np.ndarray:
    """Repairs per vehicle fitted of every batch over those of the other batches of its model and part."""
    count = np.bincount(batch, minlength=made.n)
    whole, fitted = (np.bincount(made.group, values)[made.group] for values in (count, made.fitted))
    return (count / made.fitted) / ((whole - count) / (fitted - made.fitted))


class TestBadBatch:
    def test_the_rate_against_siblings_is_the_planted_one_and_counts_point_elsewhere(self) -> None:
        errors, misled = [], 0
        for seed in SEEDS:
            made, batch, _ = workshop(seed)
            errors.append(np.log(against_siblings(made, batch)[made.bad] / made.ratio))
            misled += np.bincount(batch).argmax() != made.bad
        assert np.abs(errors).max() < 0.5 and abs(np.mean(errors)) < 0.1
        assert misled >= len(SEEDS) - 1, "the batch most often repaired is a large one, not the bad one"

    def test_without_a_bad_batch_the_same_batch_is_like_its_siblings(self) -> None:
        ratios = np.array([against_siblings(made, batch)[made.bad] for made, batch, _ in (workshop(seed, ratio=1.0) for seed in SEEDS)])
        assert ratios.max() < 2 and abs(np.log(ratios).mean()) < 0.2

    def test_it_fails_from_its_day_on_and_not_before(self) -> None:
        before, after, planted = 0.0, 0.0, 0.0
        for seed in SEEDS:
            made, batch, day = workshop(seed, repairs=60_000)
            early = day < made.surge
            before += np.log(against_siblings(made, batch[early])[made.bad]) / len(SEEDS)
            after += np.log(against_siblings(made, batch[~early])[made.bad]) / len(SEEDS)
            planted += np.log(made.ratio) / len(SEEDS)
        assert abs(before) < 0.25 and after > planted + 0.3

    def test_many_repairs_give_the_expected_ratio(self) -> None:
        made, batch, _ = workshop(3, repairs=1_000_000)
        assert against_siblings(made, batch)[made.bad] == pytest.approx(made.ratio, rel=0.06)


def spoken(seed: int, *, ratio: float | None = None) -> tuple[frontline.Reports, float, float]:
    """Reports of many dealers; the ratio of reporting after news of a fix by luck of being told, and by comparing people told with others."""
    dealers = 2500
    made = frontline.make(np.random.default_rng(seed), expected=60_000.0, open_days=np.full(dealers, DAYS), days=DAYS, ratio=ratio)
    people, end = made.rate.size, DAYS * 1440
    first_fix = np.full(people, frontline.NEVER)
    np.minimum.at(first_fix, made.staff, made.fixed)
    heard = np.full(people, frontline.NEVER)
    np.minimum.at(heard, made.staff, made.told)
    first = np.where(made.fixed == first_fix[made.staff], made.told, frontline.NEVER)
    of_first = np.full(people, frontline.NEVER)
    np.minimum.at(of_first, made.staff, first)
    of_other = np.full(people, frontline.NEVER)
    np.minimum.at(of_other, made.staff, np.where(made.fixed == first_fix[made.staff], frontline.NEVER, made.told))
    start = first_fix + 6 * 1440  # within six days nearly everyone who will hear has heard
    watched = (start + 30 * 1440 < end) & (of_other > start)
    told, untold = watched & (of_first < start), watched & (of_first >= end)
    inside = (made.minute > start[made.staff]) & (made.minute <= start[made.staff] + 30 * 1440)
    count = np.bincount(made.staff[inside], minlength=people)
    fair = count[told].mean() / count[untold].mean()
    total = np.bincount(made.staff, minlength=people)
    ever = heard < end
    return made, float(fair), float(total[ever].mean() / total[~ever].mean())


class TestNewsOfFixes:
    def test_among_people_whose_report_was_fixed_the_told_speak_more_by_the_planted_ratio(self) -> None:
        for seed in (1, 2, 3, 4):
            made, fair, naive = spoken(seed)
            assert fair == pytest.approx(made.ratio, rel=0.15)
            assert naive > 1.5 * made.ratio, "who is told is who speaks anyway"

    def test_news_that_changes_nothing_shows_nothing_to_the_fair_comparison_alone(self) -> None:
        for seed in (5, 6):
            _, fair, naive = spoken(seed, ratio=1.0)
            assert fair == pytest.approx(1, abs=0.12) and naive > 2

    def test_shares_are_the_planted_ones(self) -> None:
        made, _, _ = spoken(7)
        bugs = (made.kind == frontline.BUG) & (made.of < 0) & (made.minute < 300 * 1440)
        fixed = made.fixed[bugs] < frontline.NEVER
        assert (made.confirmed[bugs] < frontline.NEVER).mean() == pytest.approx(0.6, abs=0.02)
        assert (made.told[bugs] < frontline.NEVER)[fixed].mean() == pytest.approx(0.55, abs=0.02)
        assert (made.of >= 0).mean() == pytest.approx(0.12, abs=0.01)
        silent = made.rate.reshape(-1, frontline.STAFF).sum(axis=1) == 0
        assert silent.mean() == pytest.approx(0.15, abs=0.001) and not silent[np.unique(made.unit)].any()


@cache
def followed(seed: int) -> list[SimpleNamespace]:
    """For each landed project on a part: its change as the company reads it, its change against the time before the spike, the truth."""
    rng = np.random.default_rng(seed)
    made = projects.make(rng, days=DAYS, spared=0)
    day = np.sort(rng.integers(0, DAYS, 400_000))
    weight = made.factors(day, parts=True) * np.array([part.weight for part in PARTS])
    part = (weight.cumsum(axis=1) < (rng.random(day.size) * weight.sum(axis=1))[:, None]).sum(axis=1)
    idle_parts = np.array([k for k in range(len(PARTS)) if k not in made.subject[made.effect > 0]])  # to compare with: nothing was done about them
    found = []
    for i in np.flatnonzero((made.subject < len(PARTS)) & (made.landed < DAYS - 20)):
        begun, landed = made.chartered[i], made.landed[i]
        rest = np.isin(part, np.setdiff1d(idle_parts, [made.subject[i]]))

        def odds(first: int, last: int, *, mine: np.ndarray = part == made.subject[i], others: np.ndarray = rest) -> float:
            inside = (day >= first) & (day < last)
            return (mine & inside).sum() / (others & inside).sum()

        if begun - projects.SPIKE_DAYS < 40 or landed - begun < 5:
            continue
        after = odds(landed, DAYS)
        found.append(SimpleNamespace(naive=after / odds(begun - projects.SPIKE_DAYS, begun) - 1, fair=after / odds(begun, landed) - 1,
                                     effect=-made.effect[i], idle=bool(made.idle[i])))
    return found


class TestProjects:
    def test_a_project_that_does_nothing_looks_like_a_success_against_the_time_it_was_chartered_in(self) -> None:
        found = [item for seed in range(10) for item in followed(seed)]
        idle = [item for item in found if item.idle]
        assert len(idle) >= 4 and len(found) - len(idle) >= 15
        assert np.mean([item.naive for item in idle]) < -0.2 < -0.1 < np.mean([item.fair for item in idle]) < 0.1

    def test_against_the_time_between_charter_and_landing_the_effects_are_the_planted_ones(self) -> None:
        acted = [item for seed in range(10) for item in followed(seed) if not item.idle]
        errors = np.array([item.fair - item.effect for item in acted])
        assert abs(np.median(errors)) < 0.05 and np.median([item.naive - item.effect for item in acted]) < -0.1


class TestConceptsAndRosters:
    def test_means_are_the_planted_ones_and_the_first_concept_beats_what_is_on_sale(self) -> None:
        total, planted, size = np.zeros((5, 3)), np.zeros((5, 3)), np.zeros((5, 1))
        for seed in range(40):
            made = concepts.make(np.random.default_rng(seed), concepts=5)
            count = np.bincount(made.concept)[:, None]
            total += np.array([made.scores[made.concept == k].sum(axis=0) for k in range(5)])
            planted, size = planted + count * made.means, size + count
            assert (made.means[0] > made.means[4] + 0.35).all() and np.allclose(made.means[1], made.means[4])
            assert (made.means[2] < made.means[4] - 0.35).all() and count[3, 0] == 25
        assert np.abs(total / size - planted / size).max() < 4 * 1.2 / np.sqrt(size.min())

    def test_attendance_falls_with_open_positions_and_a_new_manager(self) -> None:
        world = company.World(Plan())
        rosters, told = field_tables.rosters(world), field_tables.truth(world)["rosters"]
        booked = company.TABLES["operations"](world)
        rosters = rosters.assign(month=rosters["week_on"].dt.strftime("%Y-%m"), share=rosters["worked_hours"] / rosters["planned_hours"])
        rows = rosters.merge(booked, on=["unit_id", "month"])
        design = np.column_stack([np.ones(len(rows)), rows["vacancies"].astype(float), rows["is_manager_changed"].astype(float)])
        found = np.linalg.lstsq(design, rows["share"].to_numpy(), rcond=None)[0]
        assert found[1] == pytest.approx(told["attendance_per_vacancy"], abs=0.001)
        assert found[2] == pytest.approx(told["attendance_with_new_manager"], abs=0.006)
        assert rosters["worked_hours"].sum() < 0.98 * rosters["planned_hours"].sum()


def of_a_batch(texts: pd.Series) -> pd.Series:
    """Which reports are worded as ones of a faulty batch are, whatever model and part they name."""
    pools = field.sentences()["batch"]
    patterns = (re.escape(text) for language in verbatims.LANGUAGES for text in pools[language])
    return texts.str.contains("|".join(re.sub(r"\\\{\w+\\\}", ".+?", pattern) for pattern in patterns))


def test_the_frontline_speaks_of_the_batch_from_the_planted_day_on_and_of_no_other_part() -> None:
    english = {part.name: part.english for part in PARTS}
    for seed in (1, 2, 3):
        world = company.World(Plan(seed=seed))
        told = field_tables.truth(world)
        bad, reports = told["batches"], field_tables.frontline_reports(world)
        days = (reports["reported_at"].dt.tz_localize(None) + np.timedelta64(8, "h")).dt.normalize()
        first = np.datetime64(bad["surge_on"]) - np.timedelta64(told["frontline"]["lead_days"], "D")
        said = reports["text"].str.contains(f"{bad['part']}|{english[bad['part']]}")
        about, batch = (reports["kind"] == "product_bug") & (reports["product"] == bad["product"]) & said, of_a_batch(reports["text"])
        assert batch.sum() == told["frontline"]["bad_batch_reports_n"] and (batch & ~about).sum() == 0
        assert days[batch].min() == first == np.datetime64(told["frontline"]["first_report_on"]), "others name the part before, none the batch"
        span = np.timedelta64(75, "D")
        before, after = (int(((days[about] >= a) & (days[about] < a + span)).sum()) for a in (first - span, first))
        assert 1 + after > 2.5 * (1 + before), "reports of the batch stand out from what is usual for its part"
        repairs = field_tables.repairs(world)
        kin = repairs[(repairs["product"] == bad["product"]) & (repairs["part"] == bad["part"])]
        late = (kin["repaired_at"].dt.tz_localize(None) + np.timedelta64(8, "h")) >= np.datetime64(bad["surge_on"])
        count = pd.crosstab(kin["batch_id"] == bad["batch_id"], late)
        assert count.loc[True, True] * count.loc[False, False] > 3 * count.loc[True, False] * count.loc[False, True], "what is led is there"
