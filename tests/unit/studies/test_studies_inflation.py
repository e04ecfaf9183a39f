"""The study of begged scores: the list, the corrections, what it refuses, and that it never shames a dealer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, pool, spoken, texts

from voclib.errors import ParameterError
from voclib.reporting import names
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.schema import validate
from voclib.simulate.worlds import nonresponse
from voclib.studies import inflation
from voclib.studies.inflation import tables as inflation_tables
from voclib.studies.inflation import text as inflation_text

Tables = dict[str, pd.DataFrame]


def begged_pool(*, begging: int = 4, seed: int = 3, tablets: int = 0) -> tuple[Tables, list[str]]:
    """Twenty-four dealers; those that beg do it on their premises, on one device. The first `tablets` lend half of their customers a tablet."""
    world, truth = nonresponse.draw_dealers(seed, dealers=24, low=80, begging=begging, turned_share=0.45)
    rng, n = np.random.default_rng(seed), len(world)
    unit = world["unit_id"].map("D{:02d}".format)
    turned = world["nps_score"].ne(world["true_score"])
    person = [f"C{k:05d}" for k in range(n)]
    home = np.where(turned & (rng.random(n) < 0.8), "1", np.where(rng.random(n) < 0.1, "1", "0"))
    lent = world["unit_id"].lt(tablets).to_numpy() & (np.random.default_rng(seed + 1).random(n) < 0.5)
    home = np.where(lent, "1", home)
    day = pd.Timestamp("2026-01-05 09:00") + pd.to_timedelta(rng.integers(0, 80, n), unit="D")
    responses = pd.DataFrame({
        "response_id": [f"R{k:05d}" for k in range(n)], "customer_id": person, "unit_id": unit, "channel": np.where(np.arange(n) % 3, "sms", "app"),
        "invitation_id": [f"I{k:05d}" for k in range(n)], "touched_at": day.astype(str), "submitted_at": (day + pd.Timedelta(hours=30)).astype(str),
        "nps_score": world["nps_score"], "csat_score": np.clip(world["nps_score"] // 2, 1, 5), "ces_score": "6", "weight": "1",
        "duration_seconds": rng.lognormal(4, 0.5, n).round(), "is_on_premises": home,
        "device_hash": np.where(turned | lent, "desk-" + unit, [f"phone-{k}" for k in range(n)])})
    back = rng.random(n) < 0.6
    visits = pd.DataFrame({"touchpoint_id": [f"T{k:05d}" for k in range(n)], "customer_id": person, "unit_id": unit,
                           "kind": np.where(np.arange(n) % 4, "maintenance", "sale"), "started_at": day.astype(str)})
    later = visits.assign(touchpoint_id="L" + visits["touchpoint_id"], started_at=(day + pd.Timedelta(days=90)).astype(str))[back]
    last = visits.head(1).assign(touchpoint_id="Z", started_at="2027-03-01 09:00")
    invitations = pd.DataFrame({"invitation_id": responses["invitation_id"], "touchpoint_id": visits["touchpoint_id"], "customer_id": person,
                                "channel": responses["channel"], "trigger": "visit", "sent_at": day.astype(str), "wave": "0", "is_delivered": "1"})
    ids = sorted(set(unit))
    units = pd.DataFrame({"unit_id": ids, "name": [f"{u}店" for u in ids], "kind": "dealer", "region": "华东"})
    mentions = pd.DataFrame({"response_id": responses["response_id"], "topic": "wait", "probability": "0.9", "classifier": "c",
                             "sentiment": np.where(rng.random(n) < 0.1, "negative", "positive")})
    made = {"units": units, "responses": responses, "touchpoints": pd.concat([visits, later, last]), "invitations": invitations,
            "topic_mentions": mentions}
    return {name: validate(frame, name).accepted for name, frame in made.items()}, [f"D{u:02d}" for u in truth["begging"]]


POOL, GUILTY = begged_pool()


@pytest.fixture(scope="module")
def found() -> inflation.Begging:
    return inflation.study(POOL, seed=4)


@pytest.fixture(scope="module")
def quiet() -> inflation.Begging:
    """Nobody begs."""
    return inflation.study(begged_pool(begging=0, seed=5)[0], seed=4)


@pytest.fixture(scope="module")
def innocent() -> inflation.Begging:
    """Nobody begs; five dealers lend a tablet."""
    return inflation.study(begged_pool(begging=0, seed=5, tablets=5)[0], seed=4)


@pytest.fixture(scope="module")
def refused() -> inflation.Begging:
    """Sixteen answers a dealer are too few for any test."""
    return inflation.study(pool(), mix=(), seed=4)


class TestTheList:
    def test_it_holds_the_planted_dealers_and_no_other(self, found) -> None:
        assert set(found.dealers.loc[found.dealers["is_listed"], "unit"]) == set(GUILTY) and len(found.review) == len(GUILTY) == 4
        assert (found.dealers.loc[found.dealers["is_listed"], "probability"] > 0.9).all()
        assert found.study.headline[1].value == 4 and found.study.headline[1].n == 24

    def test_nobody_is_listed_where_nobody_begs(self, quiet) -> None:
        assert not quiet.dealers["is_listed"].any() and quiet.review.empty and quiet.is_tested
        assert "没有一家" in quiet.study.answer.zh and "None of the 24" in quiet.study.answer.en
        assert quiet.dealers["probability"].mean() < 0.1

    def test_traces_are_named_beside_the_dealer(self, found) -> None:
        assert all("店内提交" in t.zh and "on the premises" in t.en for t in found.review["traces"])

    def test_an_innocent_trace_lists_nobody_but_is_told(self, innocent) -> None:
        """Of the five that lend a tablet, three have the twenty tens from which a trace is looked at."""
        d, lent = innocent.dealers, ["D00", "D03", "D04"]
        assert not d["is_listed"].any() and innocent.review.empty
        assert d.loc[d["is_traced"], "unit"].tolist() == lent and len(innocent.traced) == 3
        assert all("shared devices" in t.en for t in innocent.traced["traces"])
        assert (d.loc[d["is_traced"], "probability"] < 0.5).all(), "the probability rests on the marks alone"
        assert "A further 3 show only an unusual trace" in innocent.study.answer.en and "另有 3 家只是痕迹不寻常" in innocent.study.answer.zh
        table = inflation.against_truth(innocent, {"inflation": {"dealers": {}}})
        assert {t.en for t in table["found"]} == {"unusual trace only"} and len(table) == 3

    def test_the_two_lists_share_no_dealer(self, found, quiet) -> None:
        assert not (found.dealers["is_listed"] & found.dealers["is_traced"]).any() and quiet.traced.empty

    def test_the_components_add_up(self, found) -> None:
        assert sum(inflation.WEIGHTS.values()) == pytest.approx(1) and len(found.components) == len(inflation.WEIGHTS) + 1
        by_name = found.components.assign(en=[t.en for t in found.components["component"]]).set_index("en")
        assert by_name.loc["Tens submitted on the premises", "listed"] == 4
        assert by_name.loc["More tens than the dealer's own lower scores allow", "seen"] == 24 and by_name["seen"].min() > 8

    def test_the_usual_alarm_names_more(self, found) -> None:
        assert found.dealers["is_naive"].sum() > 2 * found.dealers["is_listed"].sum()


class TestTheScores:
    def test_rungs_and_what_they_leave_out(self, found) -> None:
        assert [r.rung for r in found.ladder.rungs] == ["published", "without_traces", "restored"] and found.ladder.chosen == "restored"
        published, without, restored = found.ladder.rungs
        kept = inflation.answers(POOL)
        assert published.n == restored.n == len(kept) > without.n
        assert restored.value < published.value and without.value < published.value
        assert restored.conf_low < restored.value < restored.conf_high and restored.verdict is Verdict.REPORT_WITH_CAVEAT
        mean = (found.dealers["nps_corrected"] * found.dealers["n"]).sum() / found.dealers["n"].sum()
        assert restored.value == pytest.approx(mean), "the company is the mean of its dealers' answers"

    def test_ranks_stand_inside_their_intervals(self, found) -> None:
        d = found.dealers
        assert (d["rank_low"] <= d["rank"]).all() and (d["rank"] <= d["rank_high"]).all() and d["rank"].max() == 24
        assert (d.loc[d["is_listed"], "rank"] >= d.loc[d["is_listed"], "raw_rank"]).all()

    def test_the_same_twice_in_any_order(self, found) -> None:
        mixed = {name: frame.sample(frac=1, random_state=2).reset_index(drop=True) for name, frame in POOL.items()}
        again, other = inflation.study(POOL, seed=4), inflation.study(mixed, seed=4)
        assert again.study.to_dict() == found.study.to_dict() == other.study.to_dict()
        pd.testing.assert_frame_equal(other.dealers, found.dealers, check_exact=False, rtol=1e-9)


class TestTraces:
    def test_what_each_trace_sees(self) -> None:
        kept = inflation.answers(POOL)
        marks = inflation.traces(kept, POOL)
        assert set(marks) == set(inflation.WEIGHTS) - {"credibility"}
        assert marks["on_premises"].mean() == pytest.approx(kept["is_on_premises"].astype(float).mean())
        assert marks["device"].sum() > 50 and marks.loc[kept["device_hash"].str.startswith("phone"), "device"].sum() == 0
        assert marks["fast"].mean() == pytest.approx(0.05, abs=0.01) and marks["prompt"].sum() == 0

    def test_what_cannot_be_seen_is_blank(self) -> None:
        bare = {**POOL, "responses": POOL["responses"].assign(is_on_premises=pd.NA, device_hash=pd.NA, csat_score=pd.NA)}
        bare = {name: frame for name, frame in bare.items() if name != "topic_mentions"}
        result = inflation.study(bare, seed=4)
        blank = inflation.traces(inflation.answers(bare), bare)[["on_premises", "device", "straight", "text"]]
        assert blank.isna().all(axis=None)
        assert (result.components["seen"] == 0).sum() == 4
        check = next(c for c in result.study.checks if c.name.en == "Every component has data")
        assert check.passed is False and "5" in check.detail.en
        assert set(GUILTY) <= set(result.dealers.loc[result.dealers["is_listed"], "unit"]), "the marks alone find dealers that turn near half"

    def test_return_is_known_only_where_there_was_time(self) -> None:
        kept = inflation.answers(POOL)
        came = inflation.returned(kept, POOL, days=180)
        assert came.mean() == pytest.approx(0.6, abs=0.03)
        assert inflation.returned(kept, POOL, days=60).mean() == 0
        assert inflation.returned(kept, POOL, days=700).isna().all()
        assert inflation.returned(kept, {}, days=180).isna().all()


class TestRefusals:
    def test_too_few_answers_a_dealer(self, refused) -> None:
        study = refused.study
        assert study.verdict is Verdict.REFUSE and study.headline[0].kind == "refusal" and not refused.is_tested
        assert "0" in study.answer.en and "60" in study.headline[0].needs.en
        assert len(refused.shortfall) == 2 and inflation.against_truth(refused, {}).empty

    def test_no_scores_no_units_unknown_columns(self) -> None:
        reviews = {**POOL, "responses": POOL["responses"].assign(channel="review")}
        found = inflation.study(reviews)
        assert inflation.answers(reviews).empty and found.study.verdict is Verdict.REFUSE and not found.is_tested
        assert "No survey answer has both" in found.study.answer.en and found.study.checks[0].passed is False and len(found.shortfall) == 2
        with pytest.raises(ParameterError, match="no column 'kinds' for the case-mix; did you mean 'kind'"):
            inflation.study(POOL, mix=("kinds",))
        assert inflation.case_mix(inflation.answers(POOL), ()) is None


    @pytest.mark.parametrize("score", [0, 10])
    def test_where_every_mark_is_the_same_nothing_is_tested(self, score: int) -> None:
        """Tens are judged by the lower marks beside them: without those 'none is on the list' and '100 (100–100)' were said."""
        made = inflation.study({**POOL, "responses": POOL["responses"].assign(nps_score=score)}, seed=4)
        n = len(inflation.answers(POOL))
        assert not made.is_tested and made.study.verdict is Verdict.REFUSE and made.study.headline[0].kind == "refusal"
        assert list(made.shortfall.values()) == ([n, 0] if score == 10 else [0, n])
        assert made.study.checks[0].passed is False and "fewer than 30 of either" in made.study.answer.en
        for text in (made.study.answer, made.study.decision):
            assert figures(text.zh) == figures(text.en) and not half_width(text.zh)

    @pytest.mark.parametrize("gone", ["touchpoints", "invitations"])
    def test_without_the_contact_asked_about_dealers_are_compared_and_a_check_says_so(self, found, gone: str) -> None:
        made = inflation.study({name: table for name, table in POOL.items() if name != gone}, seed=4)
        plain = inflation.study(POOL, mix=(), seed=4)
        assert made.is_tested and made.dealers["p_value"].tolist() == plain.dealers["p_value"].tolist()
        [check] = [c for c in made.study.checks if c.name.en == "What customers came for is accounted for"]
        assert check.passed is False and check.detail.en == "No answer records: Kind of contact."
        assert len(made.study.checks) == len(found.study.checks) + 1


class TestTruth:
    def test_listed_missed_and_untested_dealers_all_stand_there(self, found) -> None:
        planted = {"answers": 100, "turned": 20, "nps_honest": 30.0, "nps_reported": 40.0}
        quiet_one = next(u for u in found.dealers["unit"] if u not in GUILTY)
        table = inflation.against_truth(found, {"inflation": {"dealers": {GUILTY[0]: planted, quiet_one: planted, "D99": planted}}})
        said = {row.unit.en: (row.planted.en, row.found.en) for row in table.itertuples()}
        assert said[GUILTY[0]] == ("yes", "for review") and said[GUILTY[1]] == ("none", "for review")
        assert said[quiet_one] == ("yes", "not listed") and said["D99"] == ("yes", "too few answers, not tested")

    def test_without_truth_there_is_no_table(self, found) -> None:
        assert inflation.against_truth(found, {}).empty


class TestWords:
    def test_no_sentence_accuses(self, found, quiet, innocent, refused) -> None:
        for result in (found, quiet, innocent, refused):
            cells = [c for frame in (result.review, result.traced, result.components) for c in frame.to_numpy().ravel() if isinstance(c, Text)]
            for text in [*texts(result.study), *spoken(dict(result.captions)), *cells]:
                assert bool(text.zh) == bool(text.en), text
                for lang in ("zh", "en"):
                    assert verbs_exceed(text[lang], 0, lang) == [], text[lang]
                assert half_width(text.zh) == [], text.zh

    def test_both_languages_say_the_same_figures(self, found, quiet, innocent, refused) -> None:
        for result in (found, quiet, innocent, refused):
            counted = [result.study.answer, result.study.decision, result.study.kicker, *(c.detail for c in result.study.checks)]
            cells = [c for c in result.review.drop(columns="traces", errors="ignore").to_numpy().ravel() if isinstance(c, Text)]
            for text in [*counted, *cells, *(c["title"] for c in result.captions.values())]:
                # the marks asked for are named in both, spelled apart
                assert figures(text.zh.replace("10 分", "")) == figures(text.en.replace("gave a 10", "").replace("become a 10", "")), text

    def test_names_stand_only_on_the_list(self, found) -> None:
        listed = {f"{u} {u}店" for u in GUILTY}
        assert {t.en for t in found.review["dealer"]} == listed
        others = {u for u in found.dealers["unit"] if u not in GUILTY}
        said = [t.zh for t in [*texts(found.study), *spoken({k: {x: y for x, y in v.items() if x != "labels"} for k, v in found.captions.items()})]]
        assert not any(u in text for text in said for u in found.dealers["unit"])
        assert all(found.captions[figure]["labels"][u] == Text("名单外", "off the list") for figure in ("funnel", "slope") for u in others)

    def test_it_says_that_it_is_a_list_for_review(self, found) -> None:
        assert found.captions["review"]["subtitle"] == inflation_text.FOR_REVIEW
        assert "作弊" in inflation_text.LIMITS[0][0].zh and inflation_text.LIMITS[0][0].zh.startswith("不是说")

    def test_every_estimand_has_a_name(self, found) -> None:
        assert all(names.entry(e.estimand).title.zh for e in found.study.headline)
        assert {"bunching", *inflation.WEIGHTS} == set(inflation_text.COMPONENTS) == {"bunching", *inflation_tables.TRACES}
        assert inflation_tables.percent(0.999).en == "> 99%" and inflation_tables.percent(0.001).en == "< 1%"


@pytest.mark.parametrize(("seed", "failed"), [(8, "One shape of scores"), (5, "Most dealers share one shape")])
def test_where_the_shape_does_not_fit_no_error_rate_is_promised(found: inflation.Begging, seed: int, failed: str) -> None:
    """Dealers' customers lie more or less apart in their opinions: some have too few tens for their other marks, which asking cannot explain."""
    rng = np.random.default_rng(seed)
    dealer = np.repeat(np.arange(24), 150)
    wide = np.exp(0.25 * rng.normal(size=24))[dealer]
    score = nonresponse.score_of(0.6 + wide * rng.normal(size=dealer.size))
    names_of = pd.Series(dealer).map("D{:02d}".format)
    responses = pd.DataFrame({"response_id": [f"R{k:05d}" for k in range(dealer.size)], "customer_id": [f"C{k:05d}" for k in range(dealer.size)],
                              "unit_id": names_of, "channel": "sms", "submitted_at": "2026-02-01 09:00", "nps_score": score, "weight": "1"})
    told = inflation.study({"responses": validate(responses, "responses").accepted})
    check = next(one for one in told.study.checks if failed in one.name.en)
    assert check.passed is False and len(told.review)
    assert "on average, at most" not in told.study.answer.en and "to say how many are there wrongly" in told.study.answer.en
    assert "on average, at most 5%" in found.study.answer.en
