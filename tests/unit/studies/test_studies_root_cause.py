"""The page on root causes on planted tables, on thin ones and on ones that cannot carry it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting import wording
from voclib.results import Text, Verdict
from voclib.simulate.worlds import carriers, culprit
from voclib.studies import counting, root_cause
from voclib.studies.root_cause import batches as root_cause_batches
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause import spread as root_cause_spread
from voclib.studies.root_cause import tables as root_cause_tables
from voclib.studies.root_cause import trail as root_cause_trail
from voclib.text import parts
from voclib.text.parts import Parts

RULES = Parts(topic={"pads": "noise"}, control="vehicle_price", topics={"noise": Text("异响", "Noise"), "waiting_time": Text("等待", "Waiting")})


@cache
def field(ratio: float = 5.0) -> tuple[dict[str, pd.DataFrame], dict]:
    repairs, batches, truth = culprit.draw(7, ratio=ratio, groups=8)
    return {"repairs": repairs, "batches": batches}, truth


def dealers(seed: int = 1, *, units: int = 30) -> dict[str, pd.DataFrame]:
    """Contacts with waits, invitations, answers and operations, in which a long wait turns into words on waiting."""
    rng = np.random.default_rng(seed)
    n = 6000
    unit, day = rng.integers(0, units, n), rng.integers(0, 360, n)
    wait, customer = rng.integers(5, 120, n).astype(float), rng.integers(0, 2500, n)
    at = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(day, unit="D")
    keys = np.arange(n)
    label = lambda prefix, k: [f"{prefix}{x:05d}" for x in k]  # noqa: E731
    touch = pd.DataFrame({"touchpoint_id": label("T", keys), "customer_id": label("C", customer), "unit_id": label("D", unit), "started_at": at,
                          "wait_minutes": wait})
    asked = pd.DataFrame({"invitation_id": label("I", keys), "touchpoint_id": touch["touchpoint_id"]})
    said = pd.DataFrame({"response_id": label("R", keys), "invitation_id": asked["invitation_id"], "customer_id": touch["customer_id"],
                         "unit_id": touch["unit_id"], "comment": "words", "touched_at": at, "submitted_at": at})
    topics = np.array(["waiting_time", "noise", "lounge", "vehicle_price"])
    about = np.where((wait > 60) & (rng.random(n) < 0.4), "waiting_time", topics[rng.integers(0, 4, n)])
    mentions = pd.DataFrame({"response_id": said["response_id"], "topic": about, "sentiment": "negative"})
    unit_month = pd.MultiIndex.from_product([range(units), range(1, 13)]).to_frame(index=False)
    operations = pd.DataFrame({
        "unit_id": label("D", unit_month[0]), "month": [f"2025-{m:02d}" for m in unit_month[1]], "footfall": rng.poisson(300, len(unit_month)),
        "staff_hours": rng.uniform(2000, 3000, len(unit_month)), "vacancies": rng.poisson(1.0, len(unit_month)), "wait_p50_minutes": np.nan,
        "wait_p90_minutes": np.nan, "is_promotion": rng.random(len(unit_month)) < 0.2, "is_manager_changed": False})
    return {"touchpoints": touch, "invitations": asked, "responses": said, "topic_mentions": mentions, "operations": operations}


def words_of(found: root_cause.RootCause) -> list[Text]:
    study = found.study
    said = [study.answer, study.caveat, study.decision, *(c.detail for c in study.checks), *(c.name for c in study.checks)]
    return said + [v for caption in found.captions.values() for v in caption.values() if isinstance(v, Text)]


def test_the_bad_batch_is_named_with_its_interval_and_counts_accuse_another() -> None:
    tables, truth = field()
    found = root_cause.study(tables, rules=RULES)
    main = found.study.headline[0]
    assert found.found.row["batch_id"] == truth["bad"] and main.conf_low <= truth["ratio"] <= main.conf_high
    assert found.ladder.chosen == "picked" and found.ladder["picked"].conf_low < found.ladder["adjusted"].conf_low
    assert found.found.most["batch_id"] != truth["bad"] and main.evidence_level == 1
    assert truth["bad"] in found.study.answer.zh and truth["bad"] in found.study.answer.en
    assert found.levels[0].group == "batch" and not root_cause_trail.raised(found.levels)


def test_words_stand_in_both_languages_within_the_evidence() -> None:
    for tables in (field()[0], field(1.0)[0], {**field()[0], **dealers()}, dealers()):
        for text in words_of(root_cause.study(tables, rules=RULES)):
            assert bool(text.zh) == bool(text.en), text
            assert wording.half_width(text.zh) == [], text
            assert not wording.verbs_exceed(text.en, 1, "en") and not wording.verbs_exceed(text.zh, 1, "zh"), text


def test_none_told_is_a_count_and_no_claim_that_all_are_good() -> None:
    found = root_cause.study(field(1.0)[0], rules=RULES)
    assert found.ladder is None and found.study.headline[0].kind == "count" and found.study.headline[0].value == 0
    assert found.study.verdict is Verdict.REPORT_WITH_CAVEAT and not found.levels and found.course.empty and not found.voices


@cache
def thin(n: int, seed: int) -> dict[str, pd.DataFrame]:
    """A random few of the repairs on 443 batches that are all alike."""
    repairs, batches, _ = culprit.draw(7, ratio=1.0, groups=54)
    return {"repairs": repairs.sample(n, random_state=seed), "batches": batches}


@pytest.mark.parametrize(("n", "seed", "why"), [
    (40, 1, "have to be removed first"), (150, 2, "only 40 of 443 batches would usually stand out")])
def test_too_few_repairs_to_tell_any_batch_are_refused_and_print_no_ratio(n: int, seed: int, why: str) -> None:
    tables = thin(n, seed)
    naive = root_cause_batches.study(tables["repairs"], tables["batches"]).table
    assert naive["ratio"].max() > 15 and (naive["high"] / naive["low"].clip(lower=1e-9))[naive["repairs"] > 0].max() > 1000
    found = root_cause.study(tables, rules=RULES)
    assert found.study.verdict is Verdict.REFUSE and why in found.study.answer.en and found.study.headline[0].kind == "refusal"
    assert found.batches.empty and found.ladder is None and found.study.checks[0].passed is False
    assert "More repairs on record" in found.study.decision.en and counting.flows("12-root-cause", tables)[0].n == 0
    for text in words_of(found):
        assert bool(text.zh) == bool(text.en) and wording.half_width(text.zh) == [] and "vehicles fitted first" not in text.en


def test_batches_that_were_never_compared_are_not_among_those_that_cannot_be_told() -> None:
    found = root_cause.study(thin(150, 1), rules=RULES)
    n = int(found.found.table["ratio"].notna().sum())
    assert found.study.verdict is Verdict.REPORT_WITH_CAVEAT and n < len(found.found.table) == 443
    assert f"None of {n} batches" in found.study.answer.en and f"{443 - n} more have no comparable sibling" in found.study.answer.en
    assert f"0 of {n} batches" in found.captions["batches"]["title"].en and found.study.headline[0].n == n == found.study.evidence["batches"]


def test_a_batch_that_would_not_be_told_at_a_hundred_times_has_no_ratio_printed() -> None:
    found = root_cause_batches.study(**thin(150, 1))
    blind = found.table[~found.seen & found.table["ratio"].notna() & found.table["repairs"].gt(0)]
    assert len(blind) and not blind["told"].any()
    first = found.table.assign(shrunken=found.table.index.isin(blind.index).astype(float))
    shown = root_cause_tables.batches(replace(found, table=first), RULES)
    assert set(shown.loc[shown["batch"].isin(blind["batch_id"]), "ratio"]) == {root_cause_tables.UNSEEN}
    assert root_cause_tables.UNSEEN not in set(root_cause_tables.batches(found, RULES).iloc[:1]["ratio"])


@pytest.mark.parametrize("broken", ["no table", "empty", "no fitted", "zero fitted", "one a group", "unnamed"])
def test_without_denominators_the_ranking_is_refused(broken: str) -> None:
    tables = dict(field()[0])
    batches, repairs = tables["batches"], tables["repairs"]
    tables |= {"no table": {"batches": None}, "empty": {"batches": batches.iloc[:0]}, "no fitted": {"batches": batches.assign(fitted_n=np.nan)},
               "zero fitted": {"batches": batches.assign(fitted_n=0)}, "one a group": {"batches": batches.drop_duplicates("part")},
               "unnamed": {"repairs": repairs.assign(batch_id=None)}}[broken]
    tables = {name: frame for name, frame in tables.items() if frame is not None}
    found = root_cause.study(tables, rules=RULES)
    assert found.study.verdict is Verdict.REFUSE and found.study.headline[0].kind == "refusal" and found.study.headline[0].needs.zh
    assert found.ladder is None and found.batches.empty and found.cards.empty
    assert counting.flows("12-root-cause", tables)[0].n == 0


def test_a_topic_that_never_comes_up_on_one_side_of_a_measure_is_no_pair_that_was_asked() -> None:
    """The fit runs away there, to a ratio of nothing with an interval that leaves one out: 2.1e-10 (1.3e-12 to 3.0e-9) in one company."""
    tables = dealers()
    told = tables["topic_mentions"].merge(tables["responses"][["response_id", "unit_id", "touched_at"]], on="response_id")
    month = told["touched_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m")
    promoted = tables["operations"].set_index(["unit_id", "month"])["is_promotion"].reindex(pd.MultiIndex.from_arrays([told["unit_id"], month]))
    kept = ~(promoted.fillna(False).to_numpy(dtype=bool) & told["topic"].eq("noise"))
    found = root_cause_operations.study({**tables, "topic_mentions": told.loc[kept, ["response_id", "topic", "sentiment"]]}, control="vehicle_price")
    pairs = set(zip(found.table["topic"], found.table["measure"], strict=True))
    assert ("noise", "promotion") not in pairs and ("lounge", "promotion") in pairs and found.unasked == 1
    whole = root_cause_operations.study(tables, control="vehicle_price")
    assert whole.unasked == 0 and len(whole.table) == len(found.table) + 1


@pytest.mark.parametrize("ends", [(0.0, np.inf), (-400.0, 900.0), (-5.0, 5.0), (-29.0, -20.0)])
def test_an_interval_that_would_not_tell_a_hundredfold_share_is_no_answer(ends: tuple[float, float]) -> None:
    assert root_cause_operations._asked(sum(ends) / 2, *ends, 0.04) is None
    assert root_cause_operations._asked(0.0, -4.6, 4.6, 0.9) is not None


def test_no_repairs_and_times_that_are_all_missing_are_refused() -> None:
    tables = field()[0]
    for repairs in (tables["repairs"].iloc[:0], tables["repairs"].assign(repaired_at=pd.NaT)):
        assert root_cause_batches.refused({**tables, "repairs": repairs}).kind == "refusal"
    assert root_cause.study({}, rules=RULES).study.verdict is Verdict.REFUSE


def test_repairs_before_production_and_of_unknown_batches_are_left_out_and_counted() -> None:
    tables, _ = field()
    repairs = tables["repairs"].copy()
    repairs.loc[:9, "batch_id"] = None
    repairs.loc[10:14, "batch_id"] = "elsewhere"
    repairs.loc[15:17, "repaired_at"] = pd.Timestamp("2015-01-01", tz="UTC")
    flow = counting.flows("12-root-cause", {**tables, "repairs": repairs})[0]
    taken = {step.name: step.taken for step in flow.steps}
    assert (taken["no_batch"], taken["no_fitted"], taken["before_made"]) == (10, 5, 3)
    assert flow.n == len(repairs) - 18


def test_a_batch_twice_is_an_error() -> None:
    tables, _ = field()
    with pytest.raises(DataError, match="appears twice"):
        root_cause_batches.study(tables["repairs"], pd.concat([tables["batches"], tables["batches"].head(1)], ignore_index=True))


def test_missing_production_days_do_not_break_the_comparison() -> None:
    tables, truth = field()
    found = root_cause_batches.study(tables["repairs"], tables["batches"].assign(produced_on=pd.NaT))
    assert found.row["batch_id"] == truth["bad"]


def test_a_supplier_that_fails_as_a_whole_is_the_first_of_its_part() -> None:
    repairs, batches, truth = culprit.draw(11, ratio=1.0, groups=8, spread=0.0, raised_supplier=3.0)
    found = root_cause_batches.study(repairs, batches)
    made = root_cause_trail.suppliers(found)
    part = batches.set_index("batch_id").loc[truth["bad"], "part"]
    assert made.iloc[0]["part"] == part and made.iloc[0]["supplier"] == truth["supplier"] and made.iloc[0]["low"] > 1
    calm = culprit.draw(12, ratio=1.0, groups=8)
    assert (root_cause_trail.suppliers(root_cause_batches.study(*calm[:2]))["q"] > 0.05).all()


def test_the_voice_follows_where_it_is_planted_and_a_control_that_moves_is_seen() -> None:
    tables, truth = carriers.draw(3, ratio=2.2)
    found = root_cause.study(tables, rules=RULES)
    own = {e.group: e for e in found.voices}
    assert own["customers"].conf_low > 1 and own["customers"].conf_low <= truth["ratio"] <= own["customers"].conf_high
    assert own["customers_control"].conf_low <= 1 <= own["customers_control"].conf_high
    moved = root_cause.study(carriers.draw(3, ratio=2.2, control=2.5)[0], rules=RULES)
    assert moved.study.verdict is Verdict.REPORT_WITH_CAVEAT
    assert any(c.passed is False and "对照" in c.name.zh for c in moved.study.checks)


def test_a_long_wait_goes_with_words_on_waiting_and_nothing_else_does() -> None:
    found = root_cause_operations.study(dealers(), control="vehicle_price")
    backed = {(r.topic, r.measure) for r in found.backed.itertuples()}
    assert ("waiting_time", root_cause_operations.OWN) in backed
    assert {topic for topic, _ in backed} == {"waiting_time"}
    assert "short_hours" in found.absent and "manager_changed" in found.absent


def test_without_rosters_contacts_or_a_control_the_rest_is_still_asked() -> None:
    tables = {k: v for k, v in dealers().items() if k in ("responses", "topic_mentions", "operations")}
    found = root_cause_operations.study(tables)
    assert root_cause_operations.OWN in found.absent and not found.backed.size
    thin = root_cause_operations.study({**tables, "responses": tables["responses"].head(5)}, control="vehicle_price")
    assert thin.table.empty


def test_a_part_that_piles_up_at_dealers_and_a_dealer_whose_repairs_come_back_are_seen() -> None:
    tables, _ = field(1.0)
    repairs = tables["repairs"].copy()
    mine = repairs["part"].eq("part 02")
    repairs.loc[mine & (np.arange(len(repairs)) % 3 == 0), "unit_id"] = "D00"
    found = root_cause_batches.study(repairs, tables["batches"])
    cards = root_cause_spread.cards(repairs, found).set_index("part")
    assert cards.loc["part 02", "where"] == root_cause_spread.DEALER
    again = repairs[repairs["unit_id"].eq("D01")]
    back = pd.concat([repairs, again.assign(repair_id=again["repair_id"] + "b", repaired_at=again["repaired_at"] + pd.Timedelta(days=9))])
    made = root_cause_spread.returns(back.reset_index(drop=True))
    assert made.told == 1 and made.highest.value > made.drawn.value > made.share.value
    assert root_cause_spread.returns(repairs.assign(vehicle_id=None)).share.kind == "refusal"


def test_rules_say_what_is_wrong_with_them(tmp_path) -> None:  # noqa: ANN001
    path = tmp_path / "parts.yml"
    for text, said in (("parts: [{part: a}]", "needs"), ("control: x\nparts: [{part: a, topic: x}]", "controls nothing"), ("part: 1", "unknown key"),
                       ("parts: [{part: a, topic: x}, {part: a, topic: y}]", "twice")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ParameterError, match=said):
            parts.load(path)


def test_against_truth_is_empty_without_any() -> None:
    assert root_cause.against_truth(root_cause.study(field()[0], rules=RULES), {}).empty
