"""What the page on root causes says of two bad batches, of a supplier, of a batch that came down again, of vehicles that come back."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.studies import root_cause
from voclib.studies.root_cause import frontline as root_cause_frontline
from voclib.studies.root_cause import spread as root_cause_spread
from voclib.studies.root_cause import text as root_cause_text
from voclib.studies.root_cause import trail as root_cause_trail
from voclib.text.parts import Parts

DAYS, PARTS, MEMBERS = 365, 8, 8
ONE = np.ones(DAYS)
LATE = np.where(np.arange(DAYS) >= 180, 6.0, 1.0)
RULES = Parts(topic={"part0": "noise"}, control="vehicle_price")
Batch = tuple[int, int]


def world(seed: int, rates: dict[Batch, np.ndarray], *, fitted: dict[Batch, int] | None = None, supplier: dict[Batch, str] | None = None,
          spread: float = 0.0) -> dict[str, pd.DataFrame]:
    """Eight parts of eight batches, 400 vehicles each, ten repairs a hundred vehicles in a year; `rates` multiply by day, suppliers take turns."""
    rng = np.random.default_rng(seed)
    repairs, batches = [], []
    for key in ((k, b) for k in range(PARTS) for b in range(MEMBERS)):
        label, n = f"PB{key[0]}{key[1]}", (fitted or {}).get(key, 400)
        own = rng.gamma(1 / spread**2, spread**2) if spread else 1.0
        day = np.repeat(np.arange(DAYS), rng.poisson(n * 0.1 / DAYS * own * rates.get(key, ONE)))
        repairs.append(pd.DataFrame({"batch_id": label, "part": f"part{key[0]}", "day": day}))
        batches.append({"batch_id": label, "part": f"part{key[0]}", "product": "M", "supplier": (supplier or {}).get(key, f"S{key[1] % 2}"),
                        "fitted_n": n, "produced_on": pd.Timestamp("2024-06-01")})
    rows = pd.concat(repairs, ignore_index=True)
    at = pd.Timestamp("2025-01-06 10:00", tz="Asia/Shanghai") + pd.to_timedelta(rows["day"], unit="D")
    vehicle = [f"V{k}" for k in range(len(rows))]
    return {"repairs": rows.assign(repair_id=[f"M{k}" for k in range(len(rows))], repaired_at=at.dt.tz_convert("UTC"), product="M",
                                   vehicle_id=vehicle, customer_id=vehicle, unit_id=[f"D{k}" for k in rng.integers(0, 30, len(rows))]),
            "batches": pd.DataFrame(batches)}


@cache
def told(*bad: Batch, seed: int = 1) -> root_cause.RootCause:
    return root_cause.study(world(seed, {key: 5.0 * ONE for key in bad}), rules=RULES)


def check(found: root_cause.RootCause, name: str) -> root_cause.Check:
    return next(c for c in found.study.checks if c.name.en.startswith(name))


def test_a_second_bad_batch_of_the_supplier_is_opened_too_and_the_supplier_is_not_called_fine() -> None:
    found = told((0, 1), (0, 3))
    said = found.study.decision
    assert found.found.told == 2 and found.study.headline[0].kind == "estimate"
    assert all(name in text for name in ("PB01", "PB03") for text in (said.zh, said.en))
    assert "no need to stop" not in said.en and "不必整家停供" not in said.zh and "S1" in said.en
    assert "Only" not in found.captions["levels"]["title"].en and "只有这一个" not in found.captions["levels"]["title"].zh
    assert "supplier_part" in root_cause_trail.raised(found.levels) and check(found, "Without it").passed is False
    assert "只有" not in found.study.answer.zh and "只有" not in found.captions["ladder"]["title"].zh


def test_two_bad_batches_of_different_parts_are_both_named_and_neither_is_alone() -> None:
    found = told((0, 0), (3, 3))
    assert found.found.told == 2 and "PB00" in found.study.decision.en and "PB33" in found.study.decision.en
    assert "Only" not in found.captions["levels"]["title"].en and "只有这一个" not in found.captions["levels"]["title"].zh
    assert "只有" not in found.study.answer.zh and "only" not in found.study.answer.en
    one = told((0, 1))
    assert "Only this batch" in one.captions["levels"]["title"].en and "PB01" in one.study.decision.en


def test_a_supplier_is_called_fine_only_where_its_other_batches_are_seen_to_be() -> None:
    """Its only other batch truly fails twice as often, on few vehicles: that it cannot be told from the rest is not that it is fine."""
    others = {(k, b): "S1" for k in range(PARTS) for b in range(MEMBERS)}
    for seed in range(8):
        tables = world(seed, {(0, 0): 5.0 * ONE, (0, 1): 2.0 * ONE}, fitted={(0, 1): 120}, supplier={**others, (0, 0): "S2", (0, 1): "S2"})
        found = root_cause.study(tables, rules=RULES)
        assert "no need to stop" not in found.study.decision.en and check(found, "Without it").passed is not True
    calm = told((0, 1))
    assert "no need to stop" in calm.study.decision.en or "is not yet clear" in calm.study.decision.en
    ends = [e.conf_high for e in calm.levels if e.group.startswith("supplier")]
    assert ("no need to stop" in calm.study.decision.en) == (max(ends) < root_cause_trail.NO_MORE)


def test_the_ring_is_the_same_batch_uncorrected() -> None:
    found = told((0, 1), seed=4)
    assert found.ladder.rungs[0].rung == "repairs" or found.found.most["batch_id"] == "PB01"
    assert found.study.naive.group == found.study.headline[0].group == "PB01" and found.study.naive.rung == "fitted"


def test_a_batch_without_a_first_day_only_may_have_been_high_all_along() -> None:
    found = told((0, 1))
    assert found.found.began is None and found.found.ended is None
    title = found.captions["course"]["title"]
    assert "may have been" in title.en and "可能" in title.zh


def test_a_rise_has_a_first_day_between_two_days() -> None:
    found = root_cause.study(world(5, {(0, 0): LATE}), rules=RULES)
    assert found.captions["course"]["title"].en.startswith("Since about") and " and " in found.captions["course"]["note"].en
    assert " to " not in found.captions["course"]["note"].en and "freeze its stock" in found.study.decision.en


def reports(start: str, n: int = 40) -> pd.DataFrame:
    """Reports on the model's topic, more of them after half the year, and on another model; all but the first ten of the former repeat one."""
    at = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(n) * 9, unit="D")
    mine = pd.DataFrame({"product": "M", "reported_at": at})
    rest = pd.DataFrame({"product": "N", "reported_at": at})
    made = pd.concat([mine, rest], ignore_index=True).assign(kind="product_bug", topic="noise", text="words", duplicate_of_report_id=None)
    return made.assign(report_id=[f"G{k}" for k in range(len(made))])


def test_a_batch_that_came_down_again_has_no_first_day_and_the_frontline_is_not_asked_from_it() -> None:
    tables = world(2, {(0, 0): LATE[::-1]}) | {"frontline_reports": reports("2025-01-06")}
    found = root_cause.study(tables, rules=RULES)
    assert found.found.row["batch_id"] == "PB00" and found.found.began is None and found.found.ended is not None
    assert found.captions["course"]["title"].en.startswith("Until about") and "had come down" in found.study.decision.en
    assert check(found, "Since when").detail.en.startswith("Until about") and "since" not in found.study.evidence
    heard = root_cause_frontline.study(tables, found.found, RULES)
    assert heard.found.kind == "refusal"


def test_a_repeated_report_is_no_second_witness() -> None:
    tables = world(5, {(0, 0): LATE}) | {"frontline_reports": reports("2025-01-06")}
    found = root_cause.study(tables, rules=RULES).found
    start = found.cells.first + pd.Timedelta(days=found.began.at)
    late = tables["frontline_reports"]["reported_at"].dt.tz_localize(None).ge(start)
    again = tables["frontline_reports"][late & tables["frontline_reports"]["product"].eq("M")]
    copies = pd.concat([again.assign(duplicate_of_report_id=again["report_id"], report_id=again["report_id"] + c) for c in "abcd"])
    heard = lambda *more: root_cause_frontline.study(  # noqa: E731
        {**tables, "frontline_reports": pd.concat([tables["frontline_reports"], *more], ignore_index=True)}, found, RULES)
    plain, more = heard(), heard(copies)
    naive = heard(copies.assign(duplicate_of_report_id=None))  # as if each were one of its own
    assert plain.found.value == more.found.value and naive.found.value > 3 * plain.found.value


def returning(seed: int, share: float, *, dealers: int = 60, n: int = 6000) -> pd.DataFrame:
    """Repairs of six parts that lie at dealers as chance has it; after each, a vehicle comes back for the part with chance `share`."""
    rng = np.random.default_rng(seed)
    weight = rng.gamma(4.0, size=dealers)
    times = rng.geometric(1 - share, n)
    k = np.repeat(np.arange(n), times)
    return pd.DataFrame({"unit_id": rng.choice(dealers, n, p=weight / weight.sum()).astype(str)[k], "product": "M",
                         "part": rng.integers(0, 6, n).astype(str)[k], "vehicle_id": [f"V{x}" for x in k]})


def as_if_apart(own: pd.Series, repairs: pd.DataFrame) -> float:
    """The same χ² with every repair taken for one of a vehicle of its own."""
    by = pd.DataFrame({"own": own.astype(float), "unit": repairs["unit_id"]}).groupby("unit")["own"].agg(["sum", "size"])
    share = own.mean()
    away = (by["sum"] - share * by["size"]) ** 2 / (share * (1 - share) * by["size"])
    return float(stats.chi2.sf(away.sum(), len(by) - 1))


def test_vehicles_that_come_back_do_not_make_a_part_pile_up_at_dealers() -> None:
    held, apart = [], []
    for seed in range(25):
        repairs = returning(seed, 0.2)
        for part in "012345":
            own = repairs["part"].eq(part)
            held.append(root_cause_spread._over_dealers(own, repairs) < 0.05)
            apart.append(as_if_apart(own, repairs) < 0.05)
    assert np.mean(held) <= 0.1 and np.mean(apart) > 0.3


def test_two_lines_of_one_visit_have_not_come_back() -> None:
    repairs = world(3, {})["repairs"]
    plain = root_cause_spread.returns(pd.concat([repairs, repairs.head(60).assign(
        repair_id="B", repaired_at=repairs["repaired_at"].head(60) + pd.Timedelta(days=9))], ignore_index=True))
    lines = repairs.sample(frac=0.1, random_state=1)
    same = root_cause_spread.returns(pd.concat([repairs, repairs.head(60).assign(
        repair_id="B", repaired_at=repairs["repaired_at"].head(60) + pd.Timedelta(days=9)), lines.assign(repair_id="C")], ignore_index=True))
    assert plain.returned > 40 and (same.returned, same.repairs) == (plain.returned, plain.repairs)


def test_the_ratio_that_would_be_seen_is_larger_where_siblings_differ() -> None:
    calm, wide = (root_cause.study(world(9, {}, spread=s), rules=RULES) for s in (0.0, 0.3))
    small, large = root_cause_text.detectable(calm.found), root_cause_text.detectable(wide.found)
    assert calm.found.row is None and wide.found.row is None and large > 1.3 * small and small == pytest.approx(2.1, abs=0.4)


def test_what_false_alarms_rest_on_is_said_and_a_batch_of_an_uneven_part_is_not_told_without_a_word() -> None:
    found = told((0, 1))
    assert "gamma" in check(found, "Siblings differ").detail.en and "伽马" in check(found, "Siblings differ").detail.zh
    assert check(found, "Batches that stand out").passed is True
    rates = {(0, b): (1.0 + b * 0.35) * ONE for b in range(MEMBERS)} | {(0, 0): 40.0 * ONE}
    uneven = root_cause.study(world(6, rates), rules=RULES)
    assert uneven.found.row["batch_id"] == "PB00" and check(uneven, "Batches that stand out").passed is False
