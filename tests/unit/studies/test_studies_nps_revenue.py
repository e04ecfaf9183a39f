"""The money study on planted customers: what it prices, what it refuses and by which name, and how it says so."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from money_cohorts import drawn
from wording_rules import frames, objections

from voclib import numbers
from voclib.errors import DataError
from voclib.results import Estimate, Text, Verdict
from voclib.stats import gates as gating
from voclib.stats import inference
from voclib.studies import nps_revenue
from voclib.studies.nps_revenue import answer as nps_revenue_answer
from voclib.studies.nps_revenue import captions as nps_revenue_captions
from voclib.studies.nps_revenue import money_words, payback
from voclib.studies.nps_revenue.cohort import Cohort

OPTIONS = {"repeats": 1, "materiality": 50_000.0}
PLAN = payback.Plan(cost=10_000.0, pilot_cost=500.0)


@pytest.fixture(scope="module")
def world() -> tuple[Cohort, dict]:
    return drawn(3, customers=6000)


@pytest.fixture(scope="module")
def result(world) -> nps_revenue.NpsRevenue:
    return nps_revenue.study(world[0], plan=PLAN, **OPTIONS)


def said(made: nps_revenue.NpsRevenue) -> list[Text]:
    """Every text of a result."""
    s = made.study
    found = [s.question, s.kicker, s.answer, s.caveat, s.decision, *(t for pair in s.limits for t in pair)]
    found += [t for c in s.checks for t in (c.name, c.detail, c.consequence) if t]
    found += [t for caption in made.captions.values() for value in caption.values() for t in _texts(value)]
    return found + [t for ladder in s.ladders for e in ladder.rungs for t in (e.reason, e.needs) if t]


def _texts(value: object) -> list[Text]:
    if isinstance(value, Text):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    return [t for v in value for t in _texts(v)] if isinstance(value, tuple | list) else []


def withheld(found: nps_revenue.NpsRevenue) -> None:
    """A page of words and checks, without an estimate: the reason stands in the answer, in every absent figure and as the check that failed."""
    reason = found.loss.reason
    assert found.study.verdict is Verdict.REFUSE and found.study.naive is None and found.payback is None
    assert reason.en in found.study.answer.en and reason.zh in found.study.answer.zh and found.loss.needs.en in found.study.decision.en
    assert {e.kind for ladder in found.study.ladders for e in ladder.rungs} == {"refusal"} == {found.at_risk.kind}
    assert found.study.checks[0].passed is False and found.study.checks[0].detail == reason
    assert [found.absent(figure) for figure in ("steps", "tiers", "balance", "curves", "contour")] == [reason] * 5
    assert objections(said(found), level=1) == []


class TestAnswer:
    def test_the_naive_number_is_far_off_and_the_chosen_one_is_not(self, world, result) -> None:
        truth, ladder = world[1], result.ladder
        assert ladder.chosen == "aipw" and ladder["naive"].value > 2.5 * truth["loss_cny"]
        assert not ladder["naive"].conf_low <= truth["loss_cny"] <= ladder["naive"].conf_high
        assert ladder["aipw"].conf_low <= truth["loss_cny"] <= ladder["aipw"].conf_high
        assert result.lost["aipw"].conf_low <= truth["lost_customers"] <= result.lost["aipw"].conf_high

    def test_money_comes_first_with_horizon_and_interval(self, result) -> None:
        for lang, mark, span in (("zh", "¥", "12 个月"), ("en", "¥", "12 months")):
            first = re.split(r"(?<=[。.]) ?", result.study.answer[lang])[0]
            assert mark in first and span in first and "95%" in first

    def test_a_hidden_factor_has_one_range_wherever_it_is_said(self, result) -> None:
        [check] = [c for c in result.study.checks if c.name.en == "A hidden factor"]
        zh, en = re.search(r"金额可能(在.+?)。", check.detail.zh)[1], re.search(r"could lie (within.+?)\.(?: |$)", check.detail.en)[1]
        assert zh in result.study.caveat.zh and en in result.study.caveat.en, "the caveat gave the interval, the check the bounds, in the same words"
        assert "计入抽样误差" in zh and "with sampling error" in en and len(re.findall("¥", en)) >= 2

    @pytest.mark.parametrize(("bounds", "outer", "zh", "en"), [
        ((-1.9e6, 5.3e6), (-2.6e6, 5.9e6), "已经包含零", "which includes zero (−¥2.6M to ¥5.9M with sampling error)"),
        ((0.4e6, 3e6), (-0.2e6, 3.6e6), "不含零；", "which excludes zero, or −¥200K to ¥3.6M with sampling error, which includes it"),
        ((0.8e6, 3e6), (0.2e6, 3.6e6), "都不含零", "both exclude zero")])
    def test_it_says_which_of_both_ranges_includes_zero(self, bounds, outer, zh, en) -> None:
        made = Estimate(estimand="hidden", kind="bounds", unit="cny", bound_low=bounds[0], bound_high=bounds[1], conf_low=outer[0],
                        conf_high=outer[1], conf_level=0.95)
        said = money_words.hidden_range(made)
        assert zh in said.zh and en in said.en
        for lang in ("zh", "en"):
            for low, high in (bounds, outer):
                assert numbers.value(made.with_(bound_low=low, bound_high=high), lang) in said[lang]

    def test_a_range_of_one_number_excludes_nothing(self) -> None:
        """Where earlier spending moves nothing, ¥7.1K–7.1K excluded zero: a hidden factor was called harmless by a yardstick of no length."""
        made = Estimate(estimand="hidden", kind="bounds", unit="cny", bound_low=7070.0, bound_high=7090.0, conf_low=-5491.0, conf_high=19656.0,
                        conf_level=0.95)
        said = money_words.hidden_range(made)
        assert "excludes zero" not in said.en and "不含零" not in said.zh and "hardly matters here" in said.en
        assert said.en.count("¥") == 3 and said.zh.count("¥") == 3

    def test_one_page_stays_short(self, result) -> None:
        s = result.study
        zh = "".join(t.zh for t in (s.answer, s.caveat, s.decision))
        en = " ".join(t.en for t in (s.answer, s.caveat, s.decision))
        assert len(re.sub(r"\s", "", zh)) <= 350 and len(en.split()) <= 180

    def test_the_verdict_never_exceeds_an_adjusted_association(self, result) -> None:
        assert result.study.verdict is Verdict.REPORT_WITH_CAVEAT and result.study.headline[0].evidence_level == 1
        assert objections(said(result), level=1) == [] and objections(frames(result), level=1) == []

    def test_customers_stand_next_to_money(self, result) -> None:
        assert [e.estimand for e in result.study.headline] == ["money_loss", "customers_lost"]

    def test_both_languages_show_the_same_digits(self, result) -> None:
        for text in (result.study.answer, result.captions["lost"]["title"]):
            counts = [re.findall(r"(?<![\d.])\d{1,3}(?![\d.,]*[万亿KMB\d])", text[lang]) for lang in ("zh", "en")]
            assert [c for c in counts[0] if c in counts[1]] == counts[0]


class TestThinData:
    """Nothing planted, few customers: the words follow what came out, whichever way round, and no title goes beyond the interval."""

    def test_more_money_is_not_said_to_be_a_negative_loss(self) -> None:
        found = nps_revenue.study(drawn(3, customers=1500, churn_effect=0.0, spend_effect=0.0)[0], repeats=1, materiality=1e9)
        assert found.loss.value < 0 and found.lost[found.lost.chosen].value < 0
        answer = found.study.answer
        assert re.search(r"brought ¥\S+ more gross margin .* no loss is seen", answer.en) and re.search("多 ¥[^−]*，看不出损失", answer.zh)
        assert re.search(r"Whether more of them left cannot be established \(−\d+ to \d+\)", answer.en) and "是否多流失，看不出来" in answer.zh
        assert "is unclear" in found.captions["lost"]["title"].en and "fewer of the exposed customers left" in found.captions["curves"]["title"].en
        assert "No loss is seen" in found.captions["contour"]["title"].en
        assert objections(said(found), level=1) == [] and objections(frames(found), level=1) == []

    def test_an_interval_with_zero_in_it_claims_no_old_difference(self) -> None:
        found = nps_revenue.study(drawn(2, customers=1500, churn_effect=0.0, spend_effect=0.0)[0], repeats=1, materiality=1e9)
        assert 0 < found.loss.value < 0.5 * found.ladder["naive"].value < found.loss.conf_high
        assert "so this may be chance alone" in found.study.answer.en and "可能只是偶然" in found.study.answer.zh
        assert "pre-existing difference" not in found.captions["ladder"]["title"].en

    def test_leavers_that_chance_could_have_made_are_counted_in_whole_customers(self, result) -> None:
        shown = result.lost[result.lost.chosen].with_(value=0.081, conf_low=-14.62, conf_high=14.783)
        assert "(−15 to 15)" in nps_revenue_answer._people(shown).en and "−15 至 15 位" in nps_revenue_answer._people(shown).zh

    def test_fewer_leavers_are_said_to_be_fewer(self, result) -> None:
        gone = result.lost[result.lost.chosen]
        fewer = gone.with_(value=-gone.value, conf_low=-gone.conf_high, conf_high=-gone.conf_low)
        assert gone.conf_low > 0 and "more of them left" in nps_revenue_answer._people(gone).en
        assert nps_revenue_answer._people(fewer).en == nps_revenue_answer._people(gone).en.replace("more", "fewer")

    def test_nobody_is_said_to_have_spent_less_where_no_spending_is_known(self, world, result) -> None:
        assert "these customers already spent less" in result.study.answer.en and "chance alone" not in result.study.answer.en
        assert "pre-existing difference" in result.captions["ladder"]["title"].en
        blank = nps_revenue.study(world[0].only(np.arange(6000) < 2500), **OPTIONS | {"materiality": 1e9})
        none = replace(blank.rungs.cohort, people=blank.rungs.cohort.people.assign(prior_money=0.0))
        told = nps_revenue_answer.finding(cohort=none, rungs=blank.rungs, ladder=blank.ladder, lost=blank.lost, checks=blank.checks, hidden=None,
                                          own=None, payback=None, seed=0).answer
        assert "these customers already differed from the others" in told.en and "本来就与别人不同" in told.zh

    @pytest.mark.parametrize("count", [1, 2, 3, 12])
    @pytest.mark.parametrize("side", [True, False])
    def test_a_handful_on_one_side_is_refused_in_words(self, world, count: int, side: bool) -> None:
        cohort = world[0].only(np.arange(6000) < 1500)
        handful = np.isin(np.arange(1500), np.flatnonzero(cohort.exposed == side)[:count])
        found = nps_revenue.study(replace(cohort, people=cohort.people.assign(is_exposed=handful == side)), repeats=1)
        verb = "is" if count == 1 else "are"
        assert f"{count} {verb} exposed" in found.loss.reason.en if side else f"and {count} {verb} not" in found.loss.reason.en
        withheld(found)

    @pytest.mark.parametrize("everybody", [True, False])
    def test_nobody_or_everybody_exposed_is_refused_in_words(self, world, everybody: bool) -> None:
        cohort = world[0].only(np.arange(6000) < 1500)
        withheld(nps_revenue.study(replace(cohort, people=cohort.people.assign(is_exposed=everybody)), repeats=1))

    def test_amounts_that_are_all_alike_are_refused_in_words(self, world) -> None:
        found = nps_revenue.study(replace(world[0], people=world[0].people.assign(money=0.0)), plan=PLAN, repeats=1)
        assert "All 6,000 customers brought the same gross margin, ¥0, so" in found.loss.reason.en
        assert "6,000 位客户的毛利都是 ¥0" in found.loss.reason.zh
        withheld(found)

    def test_customers_who_differ_in_nothing_known_are_refused_in_words(self, world) -> None:
        found = nps_revenue.study(replace(world[0], known=()), repeats=1)
        assert "so comparable customers cannot be identified" in found.loss.reason.en
        withheld(found)

    def test_groups_that_no_model_tells_apart_are_refused_in_words(self, world, monkeypatch) -> None:
        def unsolved(*_: object, **__: object) -> None:
            raise DataError("A fold holds nobody exposed.")

        monkeypatch.setattr(nps_revenue.climbing.effects, "att", unsolved)
        found = nps_revenue.study(world[0], repeats=1)
        assert "A fold holds nobody exposed." in found.loss.reason.en
        withheld(found)

    def test_refunds_throughout_have_no_tail_and_still_an_answer(self, world) -> None:
        cohort = world[0].only(np.arange(6000) < 1500)
        owed = replace(cohort, people=cohort.people.assign(money=-1.0 - cohort.money))
        found = nps_revenue.study(owed, repeats=1, materiality=1e9)
        assert found.rungs.tail is None and found.checks["tail"].passed is None and found.rungs.returned is None
        assert objections(said(found), level=1) == []

    @pytest.mark.parametrize(("value", "title"), [(-9.0, "a gap opens afterwards"), (-1.0, "No difference is detected, before the contact or after")])
    def test_months_that_do_not_differ_are_not_said_to_open(self, world, value: float, title: str) -> None:
        total = inference.Fit(value=value, std_error=2.0, n=100, df=50.0)
        rungs = SimpleNamespace(events=SimpleNamespace(passes=True), fits={"events": total}, cohort=world[0])
        assert title in nps_revenue_captions._path(rungs)["title"].en


class TestParts:
    def test_the_waterfall_adds_up(self, result) -> None:
        at = result.steps.set_index("key")["value"]
        assert at["left"] + at["less"] == pytest.approx(at["lost"], rel=1e-9)
        assert at["lost"] + at["already"] == pytest.approx(at["slide"], rel=1e-9)
        assert at["slide"] == pytest.approx(result.ladder["naive"].value) and at["lost"] == pytest.approx(result.loss.value)

    def test_own_indicators_say_points_and_relative(self, result) -> None:
        units = {(e.group, e.unit) for e in result.kpi}
        assert units == {("returned", "pp"), ("returned", "share"), ("left", "pp"), ("left", "share")}
        gone = {e.unit: e for e in result.kpi if e.group == "left"}
        assert gone["pp"].value > 0 and gone["share"].value > gone["pp"].value, "relative to a share below one it is larger"

    def test_money_at_risk_is_a_description_and_larger_than_what_is_lost_by_leaving(self, result) -> None:
        assert result.at_risk.evidence_level == 0
        assert result.at_risk.value > result.steps.set_index("key")["value"]["left"]

    def test_trimmed_money_is_another_row_and_smaller(self, world) -> None:
        heavy, _ = drawn(5, customers=6000, log_sd=1.5)
        rows = nps_revenue.study(heavy, **OPTIONS).others.set_index("name")["value"]
        assert rows.iloc[0] != rows.iloc[2] and len(rows) == 3

    def test_scaling_money_scales_every_amount(self, world, result) -> None:
        cohort = world[0]
        fen = replace(cohort, people=cohort.people.assign(money=cohort.money * 100, prior_money=cohort.people["prior_money"] * 100))
        found = nps_revenue.study(fen, repeats=1, materiality=5_000_000.0)
        for rung in ("naive", "regression", "twopart", "poisson", "aipw"):
            assert found.ladder[rung].value == pytest.approx(100 * result.ladder[rung].value, rel=1e-6), rung

    def test_order_of_rows_changes_nothing(self, world, result) -> None:
        cohort = world[0]
        order = np.random.default_rng(0).permutation(len(cohort.people))
        shuffled = replace(cohort, people=cohort.people.iloc[order].reset_index(drop=True))
        assert nps_revenue.study(shuffled, **OPTIONS).ladder["aipw"].value == pytest.approx(result.loss.value, rel=1e-7)


class TestRefusals:
    def test_heavy_tails_are_not_priced(self) -> None:
        heavy, _ = drawn(4, customers=2000, log_sd=2.0)
        found = nps_revenue.study(heavy, plan=PLAN, **OPTIONS)
        failed = {c.name.en for c in found.study.checks if c.passed is False}
        assert found.study.verdict is Verdict.REFUSE and "A few large customers do not decide the mean" in failed
        assert found.payback is None and found.steps.empty and objections(said(found), level=1) == []

    def test_an_error_that_matters_is_not_priced_and_says_how_many_would_do(self) -> None:
        loose, refused = replace(gating.load(), min_tail_index=0.1), 0
        for seed in range(8):
            few, _ = drawn(seed, customers=300, churn_effect=0.0, spend_effect=0.0)
            found = nps_revenue.study(few, materiality=500.0, repeats=1, gates=loose)
            failed = [name for name in nps_revenue.DECIDING if name in found.checks and found.checks[name].passed is False]
            assert (found.study.verdict is Verdict.REFUSE) == bool(failed) and set(failed) <= {"price", "balance"}
            if failed == ["price"]:  # few customers of unlike dealers can be out of balance besides
                refused, price = refused + 1, found.checks["price"]
                assert re.search(r"[Aa]bout [\d,]+ customers", price.consequence.en) and found.loss.needs == price.consequence
        assert refused >= 3, "three hundred customers without an effect are mostly too few for a price"

    def test_a_tier_that_never_waits_is_refused_by_name(self) -> None:
        cohort, _ = drawn(6, customers=3000, no_overlap=True)
        tiers = {e.group: e for e in nps_revenue.study(cohort, **OPTIONS).tiers}
        assert tiers["vvip"].kind == "refusal" and "High-value customers" in tiers["vvip"].reason.en and tiers["regular"].kind == "estimate"

    def test_exposure_told_by_a_column_is_refused_by_its_name(self) -> None:
        cohort, _ = drawn(9, customers=1500)
        leak = cohort.people["is_exposed"].astype(float) + np.random.default_rng(0).normal(scale=0.01, size=1500)
        told = replace(cohort, people=cohort.people.assign(open_share=leak), known=(*cohort.known, "open_share"))
        found = nps_revenue.study(told, **OPTIONS)
        check = next(c for c in found.study.checks if c.name.en == "The two groups cannot be separated")
        assert found.study.verdict is Verdict.REFUSE and "Share of messages opened" in check.detail.en

    def test_refunds_beyond_spending_stop_the_models_of_amounts_only(self, world) -> None:
        cohort = world[0]
        money = cohort.money.copy()
        money[:3] = -50.0
        found = nps_revenue.study(replace(cohort, people=cohort.people.assign(money=money)), **OPTIONS)
        assert {e.rung for e in found.ladder.rungs if e.kind == "refusal"} >= {"twopart", "poisson"}
        assert "3 customers were refunded" in found.ladder["poisson"].reason.en and found.loss.kind == "estimate"

    def test_a_handful_of_customers_is_refused_not_a_crash(self) -> None:
        few, _ = drawn(2, customers=120)
        found = nps_revenue.study(few, plan=PLAN, **OPTIONS)
        tail = next(c for c in found.study.checks if c.name.en == "A few large customers do not decide the mean")
        assert found.study.verdict is Verdict.REFUSE and tail.passed is None and "More exposed and unexposed" in found.loss.needs.en

    def test_customers_without_a_dealer_are_no_dealers_and_many_of_them_leave_no_amount(self) -> None:
        """Whose others a customer is like is unknown then: the gap between dealers only looks smaller. A few are named, and the amount stands."""
        cohort, rng = drawn(3, customers=2500)[0], np.random.default_rng(1)
        units, luck = cohort.people["unit_id"].astype("object"), rng.random(len(cohort.people))
        found = {}
        for share in (0.0, 0.02, 0.3):
            part = replace(cohort, people=cohort.people.assign(unit_id=units.mask(luck < share)))
            assert part.n_dealers == units.nunique() and part.has_dealer.sum() == (luck >= share).sum()
            found[share] = nps_revenue.study(part, **{**OPTIONS, "materiality": 1e9})
        assert [found[share].loss.kind for share in found] == ["estimate", "estimate", "refusal"]
        assert "unnamed" not in found[0.0].checks and found[0.02].checks["unnamed"].passed is None
        assert found[0.3].checks["unnamed"].passed is False and "name no dealer" in found[0.3].loss.reason.en
        assert found[0.3].study.verdict is Verdict.REFUSE and objections(said(found[0.3]), level=1) == []

    def test_nobody_left_leaves_customers_out(self, world) -> None:
        cohort = world[0]
        stayed = replace(cohort, people=cohort.people.assign(is_left=False))
        found = nps_revenue.study(stayed, **OPTIONS)
        assert found.lost["aipw"].kind == "refusal" and found.at_risk.kind == "refusal" and found.loss.kind == "estimate"

    @pytest.mark.parametrize("share", ["left", "returned"])
    def test_a_share_too_rare_among_the_exposed_leaves_the_amount_alone(self, world, result, share: str) -> None:
        """Four of the exposed and hundreds of the others: enough in all, too few to learn from the exposed."""
        cohort = world[0]
        rng = np.random.default_rng(8)
        rare = rng.uniform(size=len(cohort.people)) < rng.uniform(0.05, 0.15)
        rare[cohort.exposed] = False
        rare[rng.choice(np.flatnonzero(cohort.exposed), 4, replace=False)] = True
        changed = {"left": {"is_left": rare}, "returned": {"money": np.where(rare, 0.0, np.maximum(cohort.money, 1.0))}}[share]
        found = nps_revenue.study(replace(cohort, people=cohort.people.assign(**changed)), **OPTIONS)
        rows = {e.unit: e for e in found.kpi if e.group == share}
        assert set(rows) == {"pp", "share"} and all(e.kind == "refusal" for e in rows.values())
        assert f"Of {cohort.exposed.sum():,} exposed customers" in rows["pp"].reason.en and rows["pp"].needs.zh
        assert found.ladder["naive"].kind == "estimate" and objections(said(found), level=1) == []
        assert found.captions["kpi_points"]["title"] != rows["pp"].reason, "the other share is there and makes the title"
        if share == "left":
            assert found.loss.value == pytest.approx(result.loss.value) and "exposed customers 4 left" in found.lost["aipw"].reason.en

    def test_without_dates_only_a_range_and_level_one(self, world) -> None:
        cohort = replace(world[0], is_dated=False, unit="usd", measure="revenue", undated=("tenure_rank",), exposure="no_support", threshold=None)
        found = nps_revenue.study(cohort, plan=PLAN, **OPTIONS)
        loss = found.ladder[found.ladder.chosen]
        assert (loss.rung, loss.kind, loss.evidence_level, found.study.verdict) == ("timing", "bounds", 1, Verdict.BOUNDS_ONLY)
        assert found.payback is None and "$" in found.study.answer.en and found.kpi == ()
        assert {"events", "agents"} == {e.rung for e in found.ladder.rungs if e.kind == "refusal"}
        assert objections(said(found), level=1) == []


class TestReturn:
    def test_no_effect_is_hardly_ever_profitable(self) -> None:
        made = []
        for seed in range(12):
            cohort, _ = drawn(seed + 40, customers=1500, churn_effect=0.0, spend_effect=0.0)
            found = nps_revenue.study(cohort, plan=payback.Plan(cost=30_000.0), repeats=1, materiality=1e9)
            made.append(found.payback.roi.p_positive)
        assert np.mean(made) <= 0.10

    def test_the_decision_follows_the_money(self, world) -> None:
        cheap = nps_revenue.study(world[0], plan=payback.Plan(cost=100.0, pilot_cost=100.0), **OPTIONS)
        dear = nps_revenue.study(world[0], plan=payback.Plan(cost=5_000_000.0, pilot_cost=1e6), **OPTIONS)
        starts = ("Start a project that shortens the wait now", "Pilot a project that shortens the wait on a random")
        assert cheap.study.decision.en.startswith(starts)
        assert dear.study.decision.en.startswith("Do not yet spend ") and " on a project that shortens the wait:" in dear.study.decision.en
        assert all(made.study.decision.zh.startswith("缩短等待的项目") for made in (cheap, dear)), "it is read alone on other pages"
        assert cheap.payback.npv.value > 0 > dear.payback.npv.value
        assert cheap.payback.roi.break_even < dear.payback.roi.break_even

    def test_a_plan_must_make_sense(self) -> None:
        with pytest.raises(Exception, match="relief is a share"):
            payback.Plan(cost=1.0, relief=0.0)
        with pytest.raises(Exception, match="0 or more"):
            payback.Plan(cost=-1.0)
