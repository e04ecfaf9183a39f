"""The study of a score: every score, its groups, periods and rungs, what it refuses, and the same figures in both languages."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, only, pool, spoken, texts, with_responses

from voclib import numbers
from voclib.errors import DataError, ParameterError
from voclib.reporting import charts
from voclib.results import Estimate, Text, Verdict
from voclib.stats import metrics
from voclib.studies import counting, regions_text, scores
from voclib.studies.scores import change, drivers, segments, trend
from voclib.studies.scores import text as scores_text

POOL = pool()
SEGMENTS = ["region", "channel"]
UNITS = {"nps": "points", "csat": "share", "ces": "score", "is_recommended": "share", "rating": "score", "stars": "score"}


def study(tables=POOL, *, metric="nps", segments=SEGMENTS, seed=5, **more):
    return scores.study(tables, metric=metric, segments=segments, seed=seed, **more)


@pytest.fixture(scope="module")
def found() -> dict[str, scores.Scores]:
    """The study of every score."""
    return {metric: study(metric=metric) for metric in scores.SCORES}


@pytest.mark.parametrize("metric", list(scores.SCORES))
class TestEveryScore:
    def test_the_headline_is_the_clustered_estimate_of_that_score(self, found, metric: str) -> None:
        score, result = scores.SCORES[metric], found[metric]
        headline, kept = result.study.headline[0], POOL["responses"].dropna(subset=score.column)
        options = {} if score.function in {"nps", "csat", "ces"} else {"column": score.column}
        direct = getattr(metrics, score.function)(kept, *options.values(), cluster="unit_id")
        assert (headline.estimand, headline.unit, headline.kind, headline.rung) == (score.estimand, UNITS[metric], "estimate", "clustered")
        assert (headline.value, headline.conf_low, headline.conf_high) == pytest.approx((direct.value, direct.conf_low, direct.conf_high))
        assert (headline.n, headline.n_clusters, headline.seed) == (len(kept), 24, 5)

    def test_verdict_ladder_and_frames_belong_together(self, found, metric: str) -> None:
        result = found[metric]
        assert result.study.verdict is result.study.headline[0].verdict is Verdict.REPORT_WITH_CAVEAT, "silence is never corrected here"
        assert [r.rung for r in result.ladder.rungs] == ["independent", "clustered", "resampled"] and result.ladder.chosen == "clustered"
        n = result.study.headline[0].n
        assert result.distribution["n"].sum() == result.trend["n"].sum() == n and result.distribution["share"].sum() == pytest.approx(1)
        assert [e.group for e in result.groups] == ["华东", "华南"] and sum(e.n for e in result.groups) == n
        assert set(result.every_score["score"]) >= {scores_text.NAMES[s.estimand] for s in scores.SCORES.values()}

    def test_both_languages_say_the_same_figures(self, found, metric: str) -> None:
        result, headline = found[metric], found[metric].study.headline[0]
        for lang in ("zh", "en"):
            assert numbers.value(headline, lang) in result.study.answer[lang]
        # the level of the intervals is named in English only
        for text in [*texts(result.study), *spoken(result.captions)]:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text


@pytest.mark.parametrize("mark", [9, 0])
def test_answers_that_are_all_alike_are_neither_resampled_nor_compared_in_width(mark: int) -> None:
    """Every draw of them is the same, and a width beside next to none is a number without meaning (it read "247.3 times as wide")."""
    r = POOL["responses"]
    same = study(with_responses(POOL, nps_score=pd.Series(mark, index=r.index, dtype="Int64").where(r["nps_score"].notna())))
    assert [rung.rung for rung in same.ladder.rungs] == ["independent", "clustered"] and same.ladder.chosen == "clustered"
    said = [*texts(same.study), *spoken(same.captions)]
    assert not any("times as wide" in t.en or "倍宽" in t.zh for t in said)
    assert "All answers are the same" in same.study.answer.en and "所有回答都一样" in same.study.answer.zh
    assert [c.passed for c in same.study.checks if c.name.en == "Answers vary"] == [False]
    usual = study()
    assert "times as wide" in usual.study.answer.en and not any(c.name.en == "Answers vary" for c in usual.study.checks)


def test_the_scale_of_the_distribution_is_whole() -> None:
    assert study(metric="csat").distribution["value"].tolist() == [1, 2, 3, 4, 5]
    assert study(metric="is_recommended").distribution["value"].tolist() == [0, 1]


def test_the_heading_says_what_was_asked_and_when():
    assert study(metric="nps").study.kicker.en.startswith("Who recommends · 20")
    assert study(metric="csat").study.kicker.zh.startswith("谁满意 · 20")
    never = pd.Series(pd.NaT, index=POOL["responses"].index, dtype="datetime64[us, UTC]")
    undated = POOL["responses"].assign(submitted_at=never, touched_at=never)
    assert study({**POOL, "responses": undated}, metric="csat", segments=["channel"]).study.kicker.en == "Who is satisfied · no dates"


@pytest.mark.parametrize("metric", ["csat", "ces", "is_recommended"])
def test_the_spread_of_a_score_is_drawn_in_the_shares_it_announces(metric: str) -> None:
    made = study(metric=metric)
    drawn = charts.bars(made.distribution, label="value", value="n", **made.captions["distribution"]).specs["en"]["wide"]
    shares = {r["value_text"] for data in drawn["datasets"].values() for r in data if "value_text" in r}
    assert shares and all(text.endswith("%") for text in shares)


def test_a_study_is_the_same_twice_and_in_any_order_of_rows() -> None:
    shuffled = {name: frame.sample(frac=1, random_state=1).reset_index(drop=True) for name, frame in POOL.items()}
    first, again, other = study().study.to_dict(), study().study.to_dict(), study(shuffled).study.to_dict()
    assert first == again == other


class TestChoices:
    def test_a_channel_takes_only_its_voices(self) -> None:
        part = study(channel="app", segments=["region"])
        assert set(scores.answers(POOL, metric="nps", channel="app")["channel"]) == {"app"}
        assert part.study.headline[0].n == POOL["responses"]["channel"].eq("app").sum()
        assert any("128" in c.detail.zh for c in part.study.checks)

    def test_periods_are_those_of_the_contact_in_local_time(self) -> None:
        assert set(scores.answers(POOL, metric="nps")["period"]) == {"2026Q1", "2026Q2"}
        assert set(scores.answers(POOL, metric="nps", period="month")["period"]) == {"2026-01", "2026-04"}
        late = with_responses(POOL, touched_at=pd.Timestamp("2026-03-31T17:00:00Z"), submitted_at=pd.Timestamp("2026-05-01", tz="UTC"))
        assert set(scores.answers(late, metric="nps")["period"]) == {"2026Q2"}
        assert set(scores.answers(late, metric="nps", timezone="UTC")["period"]) == {"2026Q1"}

    def test_an_answer_without_a_contact_counts_when_it_was_given(self) -> None:
        assert set(scores.answers(POOL, metric="rating")["period"]) == {"2026Q2"}
        never = POOL["responses"]["submitted_at"].where(POOL["responses"]["weight"].isna())
        timeless = with_responses(POOL, touched_at=never, submitted_at=never)
        result = study(timeless)
        assert result.study.headline[0].n == 384 and result.periods == () and result.change.rungs[0].reason == scores_text.ONE_PERIOD

    def test_a_pool_of_responses_alone_has_a_page(self) -> None:
        """The notebook compares regions, which units or customers tell; where neither table was given nobody's region is known."""
        alone = {"responses": pool()["responses"].assign(customer_id=pd.NA, unit_id=pd.NA)}
        found = scores.study(alone, metric="nps", segments=["region", "channel"])
        assert [e.group for e in found.groups] == [metrics.MISSING] and found.groups[0].n == found.ladder.rungs[0].n
        assert found.study.answer.en == scores.study(alone, metric="nps", segments=["channel"]).study.answer.en

    def test_segments_are_joined_from_units_and_customers(self) -> None:
        assert {e.group for e in study(segments=["segment"]).groups} == {metrics.MISSING}, "the responses' own segment comes first"
        loose = {**POOL, "responses": POOL["responses"].drop(columns="segment")}
        assert {e.group for e in study(loose, segments=["segment"]).groups} == {"家庭", "商务"}

    @pytest.mark.parametrize(("options", "message"), [
        ({"metric": "npss"}, "no score 'npss'; did you mean 'nps'"),
        ({"channel": "reviews"}, "No voice has channel 'reviews'; did you mean 'review'"),
        ({"segments": ["regions"]}, "no column 'regions' to compare by; did you mean 'region'"),
        ({"segments": []}, "segments names at least one column"),
        ({"cluster": "unit"}, "no column 'unit' to cluster by; did you mean 'unit_id'"),
        ({"period": "quarters"}, "period is 'month' or 'quarter', not 'quarters'"),
        ({"conf_level": 95}, "conf_level is a share such as 0.95"),
    ])
    def test_what_is_not_known_names_the_nearest(self, options: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            study(**options)

    def test_no_answers_lists_the_scores_there_are(self) -> None:
        with pytest.raises(DataError, match="No voice of channel review carries the score 'nps'. This pool carries: nps, csat, ces"):
            study(channel="review")
        surveys = only(POOL, POOL["responses"]["channel"].ne("review"))
        with pytest.raises(DataError, match="No voice carries the score 'rating'. This pool carries: nps, csat, ces. Set  metric:  to one"):
            study(surveys, metric="rating")

    def test_a_pool_without_any_score_is_refused_in_words_everywhere(self) -> None:
        bare = with_responses(POOL, nps_score=pd.NA, csat_score=pd.NA, ces_score=pd.NA, is_recommended=pd.NA, rating_score=pd.NA, star_rating=pd.NA)
        found, reason = study(bare), scores_text.NO_SCORE[0]
        assert found.study.verdict is Verdict.REFUSE and reason.en in found.study.answer.en and reason.zh in found.study.answer.zh
        assert {e.kind for ladder in found.study.ladders for e in ladder.rungs} == {"refusal"} and not (found.groups or found.periods)
        assert found.study.checks[0].passed is False and "0 of the 576 voices" in found.study.checks[-1].detail.en
        assert found.note == found.captions["ladder"]["title"] == found.captions["change"]["title"] == reason
        many = segments.study(bare, metric="nps", segments=["region", "unit_id", "region × channel"])
        others = (trend.study(bare, metric="nps"), change.explain(bare, metric="nps", by="region"), drivers.rank(bare, metric="nps"))
        assert {many.note, many.units_note, many.paired_note} == {reason} and all(reason.en in one.note.en for one in others)
        (chain,) = counting.flows("20-scores", bare, metric="nps")
        assert chain.n == 0 and set(chain.where) == {"score"}

    def test_counts_of_the_first_cell(self) -> None:
        kept = scores.answers(POOL, metric="nps")
        assert {t.en: n for t, n in scores.facts(kept, POOL).items()} == {
            "voices with this score": 384, "voices in the pool": 576, "customers": 192, "dealers or units": 24}

    def test_customers_are_no_dealers_where_they_are_the_cluster(self) -> None:
        kept = scores.answers(POOL, metric="nps")
        assert "dealers or units" not in {t.en for t in scores.facts(kept, POOL, cluster="customer_id")}

    def test_the_first_cell_names_an_unknown_cluster_too(self) -> None:
        with pytest.raises(ParameterError, match="did you mean 'unit_id'"):
            scores.facts(scores.answers(POOL, metric="nps"), POOL, cluster="unit")

    def test_the_level_named_is_the_level_computed(self) -> None:
        result = study(conf_level=0.8)
        assert result.study.headline[0].conf_level == 0.8
        wrong = [t for t in [*texts(result.study), *spoken(result.captions)] if "95%" in t.zh + t.en]
        assert wrong == [], "a level of 80% was asked for"


class TestRefusals:
    def test_fewer_than_ten_dealers_refuse_and_the_page_is_still_whole(self) -> None:
        result = study(pool(units=8))
        headline = result.study.headline[0]
        assert result.study.verdict is Verdict.REFUSE and headline.kind == "refusal"
        assert "8" in headline.reason.zh and "8" in headline.reason.en
        assert "10" in headline.needs.zh and "10" in headline.needs.en
        assert result.study.answer.zh.startswith("暂时不能下结论") and result.study.answer.en.startswith("No conclusion yet")
        assert headline.needs.zh in result.study.decision.zh and headline.needs.en in result.study.decision.en
        assert all(t.zh and t.en for t in [*texts(result.study), *spoken(result.captions)])
        assert [r.rung for r in result.ladder.rungs] == ["independent", "clustered"] and result.ladder["independent"].kind == "estimate"
        assert len(result.distribution) == 11 and result.trend["estimate"].isna().all() and len(result.every_score) == 7

    def test_nine_answers_refuse(self) -> None:
        few = only(POOL, POOL["responses"]["response_id"].isin([f"R1-C{u:02d}-00" for u in range(9)]))
        result = study(few)
        assert result.study.verdict is Verdict.REFUSE and "9" in result.study.headline[0].reason.en
        assert not next(c for c in result.study.checks if c.name.en == "Enough answers").passed

    def test_one_period_gives_no_change(self) -> None:
        result = study(only(POOL, POOL["responses"]["response_id"].str.startswith("R1")))
        [rung] = result.change.rungs
        assert (rung.kind, rung.reason, rung.needs) == ("refusal", scores_text.ONE_PERIOD, scores_text.TWO_PERIODS)
        assert result.captions["change"]["title"] == scores_text.ONE_PERIOD
        assert "上一期" not in result.study.answer.zh and result.captions["trend"]["title"].en == "Fewer than two periods can be drawn"

    def test_no_units_at_all_leaves_one_rung(self) -> None:
        once = with_responses(POOL, unit_id=pd.Series([None] * 576, dtype="str"), customer_id=POOL["responses"]["response_id"])
        result = study(once, segments=["channel"])
        assert [r.rung for r in result.ladder.rungs] == ["independent"] and result.ladder.chosen == "independent"
        assert result.study.headline[0].kind == "estimate" and [r.rung for r in result.change.rungs] == ["independent", "paired"]
        assert result.study.decision.en.endswith("For more precision, have more customers answer.")

    def test_scores_given_after_help_are_not_called_those_of_surveys(self) -> None:
        helped = POOL["responses"].assign(channel="ticket")
        sources = {name.en for name in study({**POOL, "responses": helped}, segments=["region"]).every_score["source"]}
        assert "Tickets" in sources and "Surveys" not in sources and "Surveys" in {name.en for name in study().every_score["source"]}

    def test_without_units_customers_who_answered_again_are_the_clusters(self) -> None:
        result = study(with_responses(POOL, unit_id=pd.Series([None] * 576, dtype="str")), segments=["channel"])
        assert [r.rung for r in result.ladder.rungs] == ["independent", "by_customer"] and result.ladder.chosen == "by_customer"
        assert result.study.headline[0].n_clusters == POOL["responses"].dropna(subset="nps_score")["customer_id"].nunique()
        assert [r.rung for r in result.change.rungs] == ["independent", "paired"] and "the same customer" in result.study.answer.en
        assert result.every_score["clusters"].isna().all(), "that column counts units"
        assert not {"Enough units", "Every answer names its unit"} & {c.name.en for c in result.study.checks}


class TestLadders:
    def test_clustering_widens_and_the_sentence_says_by_how_much(self) -> None:
        result = study()
        naive, honest = result.ladder["independent"], result.ladder["clustered"]
        ratio = (honest.conf_high - honest.conf_low) / (naive.conf_high - naive.conf_low)
        assert naive.value == pytest.approx(honest.value) and ratio > 1.2
        assert f"{ratio:.1f} 倍宽" in result.study.answer.zh and f"{ratio:.1f} times as wide" in result.study.answer.en

    def test_resampling_is_a_check_and_repeats(self) -> None:
        first, again, other = study(), study(), study(seed=6)
        assert first.ladder["resampled"] == again.ladder["resampled"] != other.ladder["resampled"]
        assert any(c.name.en == "Two methods give the same interval" and c.passed is True for c in first.study.checks)
        assert scores_text.methods_agree(first.ladder["clustered"], first.ladder["clustered"].with_(conf_high=100.0)).passed is False

    def test_the_paired_rung_needs_customers(self) -> None:
        paired = study().change
        assert [r.rung for r in paired.rungs] == ["independent", "paired", "clustered"] and paired.chosen == "clustered"
        assert paired["paired"].value == pytest.approx(paired["independent"].value)
        assert paired["paired"].std_error < 0.8 * paired["independent"].std_error, "the same customers answered twice"
        nobody = with_responses(POOL, customer_id=pd.Series([None] * 576, dtype="str"))
        assert [r.rung for r in study(nobody).change.rungs] == ["independent", "clustered"]

    def test_answers_without_a_unit_stand_alone(self) -> None:
        lost = POOL["responses"]["response_id"].isin([f"R1-C00-0{k}" for k in range(5)])
        result = study(with_responses(POOL, unit_id=POOL["responses"]["unit_id"].mask(lost)))
        assert result.study.headline[0].n == 384 and result.study.headline[0].n_clusters == 24, "units that are named"
        check = next(c for c in result.study.checks if c.name.en == "Every answer names its unit")
        assert check.passed is None and figures(check.detail.zh) == figures(check.detail.en) == ["384", "5", "5%"]

    @pytest.mark.parametrize("share", [0.02, 0.3])
    def test_a_blank_is_no_further_unit(self, share: float) -> None:
        """Eight units give no interval, and giving away whose some answers are makes them no more; taken for units they pass every gate."""
        few = POOL["responses"][POOL["responses"]["unit_id"].isin(POOL["responses"]["unit_id"].unique()[:8])].reset_index(drop=True)
        lost = np.random.default_rng(3).random(len(few)) < share
        blanked = {**POOL, "responses": few.assign(unit_id=few["unit_id"].mask(lost))}
        naive = few.assign(unit_id=few["unit_id"].mask(lost, "other " + few["response_id"])).dropna(subset="nps_score")
        assert metrics.nps(naive, cluster="unit_id").kind == ("estimate" if naive["unit_id"].nunique() >= 10 else "refusal")
        for tables in ({**POOL, "responses": few}, blanked):
            result = study(tables)
            assert result.study.verdict is Verdict.REFUSE and result.study.headline[0].n_clusters == 8, "8 named"
            assert next(c for c in result.study.checks if c.name.en == "Enough units").passed is False
        check = next(c for c in study(blanked).study.checks if c.name.en == "Every answer names its unit")
        assert check.passed is (False if share > 0.05 else None)


def quiet(seed: int) -> tuple[dict, float]:
    """Four quarters of unlike regions in which nothing moves, other customers each time, and the half-width of the score of all of them."""
    rng, tables = np.random.default_rng(seed), pool(units=int(np.random.default_rng(seed).integers(24, 40)), seed=seed)
    surveys = tables["responses"][tables["responses"]["channel"].ne("review")]
    when = pd.to_datetime(rng.choice(["2025-08-08", "2025-11-08", "2026-02-08", "2026-05-08"], len(surveys)), utc=True)
    calm = surveys.assign(nps_score=rng.choice([5, 8, 10], len(surveys), p=[0.3, 0.3, 0.4]), touched_at=when, customer_id=pd.NA)
    tables = {**tables, "responses": calm.reset_index(drop=True)}
    one = metrics.nps(tables["responses"], cluster="unit_id")
    return tables, (one.conf_high - one.conf_low) / 2


class TestDecision:
    """Which differences are too small to judge anybody by."""

    def test_the_rule_is_the_half_width_of_a_comparison_not_of_one_score(self) -> None:
        told, old = [], []
        for seed in range(8, 22):
            tables, half = quiet(seed)
            result = study(tables, segments=["region"])
            least = float(re.search(r"change of less than ([\d.]+) points", result.study.decision.en)[1])
            moved = [abs(b.value - a.value) for a, b in pairwise(result.periods)]
            told += [x > least for x in moved]
            old += [x > half for x in moved]
        assert np.mean(told) < 0.1 < 0.3 < np.mean(old), "nothing moves, so hardly any change may pass the rule"

    def test_groups_are_judged_by_their_own_comparison(self) -> None:
        tables = pool(units=36)
        tables["units"]["region"] = [f"R{u % 3}" for u in range(36)]
        result = study(tables, segments=["region"])
        kept = scores.with_segments(scores.answers(tables, metric="nps"), tables, ["region"])
        halves = [(e.conf_high - e.conf_low) / 2 for e in metrics.compare_groups("nps", kept, by="region", cluster="unit_id")]
        said = re.search(r"a gap of less than (\d+)–(\d+) points between one region and the rest \(.*all 3", result.study.decision.en)
        assert [int(x) for x in said.groups()] == [round(min(halves)), round(max(halves))]
        assert figures(result.study.decision.zh) == figures(result.study.decision.en)

    def test_what_cannot_be_compared_gets_no_rule(self) -> None:
        once = study(only(POOL, POOL["responses"]["response_id"].str.startswith("R1")), segments=["segment"])
        assert once.study.decision == Text("要更准，先增加门店数，再增加每店的回答数。",
                                           "For more precision, add units first, then answers per unit.")

    @pytest.mark.parametrize(("low", "zh", "en"), [(-0.02, "刚刚越过零", "just past zero"), (-2.0, "含零", "includes zero"),
                                                  (0.02, "紧挨着零", "close to zero but excludes it"), (2.0, "不含零", "excludes zero")])
    def test_the_reading_agrees_with_the_printed_ends(self, low: float, zh: str, en: str) -> None:
        change = Estimate(estimand="x", kind="estimate", unit="points", value=5.05, conf_low=low, conf_high=10.1, std_error=2.5)
        assert zh in scores_text.moved(change).zh and en in scores_text.moved(change).en


class TestGroups:
    def test_groups_of_the_first_column_stand_side_by_side(self) -> None:
        result = study(segments=["channel", "region"])
        assert {e.group for e in result.groups} == {"app", "sms"} and "2" in result.captions["groups"]["title"].zh

    def test_two_columns_cross(self) -> None:
        result = study(segments=["region × channel"])
        assert [e.group for e in result.groups] == ["华东 · app", "华东 · sms", "华南 · app", "华南 · sms"]
        assert sum(e.n for e in result.groups) == 384

    def test_a_missing_part_of_a_pair_says_so(self) -> None:
        kept = scores.answers(with_responses(POOL, unit_id=POOL["responses"]["unit_id"].mask(POOL["responses"]["unit_id"].eq("D01"))), metric="nps")
        crossed = scores.with_segments(kept, POOL, ["channel × region"])["channel × region"]
        assert f"app · {metrics.MISSING}" in set(crossed) and crossed.notna().all()

    @pytest.mark.parametrize("metric", list(scores.SCORES))
    def test_what_an_answer_counts_averages_to_the_score(self, found, metric: str) -> None:
        kept = scores.answers(POOL, metric=metric)
        assert scores.coded(kept, scores.SCORES[metric]).mean() == pytest.approx(found[metric].study.headline[0].value)


def check_of(result: scores.Scores, name: str):
    return next(c for c in result.study.checks if c.name.en == name)


class TestInvitations:
    def test_the_response_rate_is_said_beside_the_score(self) -> None:
        result = study()
        assert "67%" in result.study.caveat.zh and "67%" in result.study.caveat.en
        assert check_of(result, "Respondents represent all customers").passed is False

    @pytest.mark.parametrize("tables", [{k: v for k, v in POOL.items() if k != "invitations"}, {**POOL, "invitations": POOL["invitations"].head(0)}],
                             ids=["no table", "no rows"])
    def test_without_invitations_the_rate_is_unknown(self, tables: dict) -> None:
        result = study(tables)
        assert "不知道邀请了多少人" in result.study.caveat.zh and "the number invited is unknown" in result.study.caveat.en
        assert "作答率无从得知" in check_of(result, "Respondents represent all customers").detail.zh
        assert result.study.verdict is Verdict.REPORT_WITH_CAVEAT

    def test_the_rate_of_surveys_is_not_said_of_reviews_nobody_was_invited_to(self) -> None:
        result = study(metric="is_recommended")
        assert "67%" not in result.study.caveat.en and "unknown" in result.study.caveat.en

    def test_a_rate_too_good_to_be_true_is_told(self) -> None:
        asked = POOL["invitations"][POOL["invitations"]["trigger"] != "q3"].reset_index(drop=True)
        result = study({**POOL, "invitations": asked})
        assert any("suspected kiosk" in c.detail.en and "门店代填" in c.detail.zh and c.passed is False for c in result.study.checks)

    def test_one_channel_has_the_rate_of_its_own_invitations(self) -> None:
        detail = check_of(study(channel="sms", segments=["region"]), "Respondents represent all customers").detail
        assert "no record of invitations" not in detail.en and figures(detail.zh) == figures(detail.en) != []

    def test_a_handful_of_invitations_is_not_no_invitations(self) -> None:
        result = study({**POOL, "invitations": POOL["invitations"].head(6)})
        assert "no record of invitations" not in check_of(result, "Respondents represent all customers").detail.en

    def test_nothing_but_tens_is_told(self) -> None:
        result = study(with_responses(POOL, nps_score=POOL["responses"]["nps_score"].where(POOL["responses"]["nps_score"].isna(), 10)))
        odd = check_of(result, "Nothing odd about the scores")
        assert odd.passed is False and "suspected kiosk" in odd.detail.en


def test_a_region_is_called_what_readers_of_english_call_it(found) -> None:
    """By the words on the page, charts and tables alike; a region of another name stands as the data have it."""
    labels = found["nps"].captions["groups"]["labels"]
    assert labels["华东"] == Text("华东", "East China") and regions_text.region("大湾区") == Text("大湾区", "大湾区")
    assert all(text.en.isascii() for name, text in labels.items() if name in regions_text.REGIONS)
