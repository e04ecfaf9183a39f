"""Why a score moved: steps of the waterfall that add up, small groups together, what refuses, the same figures in both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, only, pool, spoken, with_responses

from voclib import charts, show
from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.stats import gates, metrics
from voclib.studies import scores
from voclib.studies.scores import change as score_change
from voclib.studies.scores import change_text as score_change_text
from voclib.studies.scores import text as scores_text

POOL = pool()
PERIODS = ("2026Q1", "2026Q2")
COLUMNS = {"label": "label", "value": "value", "low": "low", "high": "high", "kind": "kind"}


def explain(tables=POOL, *, metric="nps", by="channel", **more) -> score_change.Moved:
    return score_change.explain(tables, metric=metric, by=by, **more)


def moved_pool(**columns) -> dict:
    """The pool with better answers by app in the second quarter, so that something moves."""
    r = POOL["responses"]
    better = r["nps_score"].mask(r["channel"].eq("app") & r["response_id"].str.startswith("R2"), 10)
    return with_responses(POOL, nps_score=better, **columns)


@pytest.mark.parametrize("metric", ["nps", "csat", "ces"])
@pytest.mark.parametrize("by", ["channel", "region", "segment"])
class TestWaterfall:
    def test_steps_add_up_from_the_first_score_to_the_second(self, metric: str, by: str) -> None:
        tables = {**POOL, "responses": POOL["responses"].drop(columns="segment")}  # then the customers' segment is joined
        found, score = explain(tables, metric=metric, by=by), scores.SCORES[metric]
        assert found.steps["kind"].tolist() == ["total", *["step"] * (len(found.steps) - 2), "total"]
        assert found.steps["value"].iloc[:-1].sum() == pytest.approx(found.steps["value"].iloc[-1], abs=1e-9)
        kept = scores.answers(POOL, metric=metric)
        ends = metrics.groups(score.function, kept, by="period", column=score.column, cluster="unit_id")
        assert [e.group for e in ends] == list(PERIODS)
        for row, e in zip((found.steps.iloc[0], found.steps.iloc[-1]), ends, strict=True):
            assert (row["value"], row["low"], row["high"]) == pytest.approx((e.value, e.conf_low, e.conf_high)), "as the page prints the periods"
        inside = found.steps[found.steps["kind"] == "step"]
        assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all() and inside["label"].iloc[0] == "mix"

    def test_it_is_drawn_and_tabled(self, metric: str, by: str) -> None:
        found = explain(metric=metric, by=by if by != "segment" else "channel")
        drawn = charts.waterfall(found.steps, **COLUMNS, unit=found.unit, **found.captions["waterfall"])
        assert set(drawn.specs) == {"zh", "en"}
        table = show.table(found.table, **found.captions["table"], columns=score_change_text.COLUMNS)
        assert table.payload["total"] == len(found.parts.steps) + 1 and found.table["group"].iloc[-1] == score_change_text.ALL

    def test_both_languages_say_the_same_figures(self, metric: str, by: str) -> None:
        found = explain(metric=metric, by=by if by != "segment" else "channel")
        for text in [*spoken(found.captions), *spoken(found.table.to_dict("records"))]:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text


def test_no_sentence_says_what_moved_the_score() -> None:
    moved, still = explain(moved_pool()), [explain(by="unit_id").note, explain(channel="app").note, explain(metric="rating").note]
    for text in [*spoken(moved.captions), *spoken(moved.table.to_dict("records")), *spoken(score_change_text.COLUMNS), *still]:
        assert not verbs_exceed(text.zh, 0, "zh") + verbs_exceed(text.en, 0, "en") + half_width(text.zh), text


class TestReadings:
    def test_the_title_says_what_moved_and_which_range_excludes_zero(self) -> None:
        found = explain(moved_pool())
        title = found.captions["waterfall"]["title"]
        assert title.zh.startswith("按渠道拆开，2026Q2 减 2026Q1 差") and title.en.startswith("By channel, 2026Q2 minus 2026Q1 is")
        assert title.en.endswith("only the range for the groups' own change excludes zero")
        assert found.parts["app"].rate.value > 5 > abs(found.parts["sms"].rate.value) and found.parts["app"].rate.n == 128

    def test_coded_marks_are_what_the_score_is_the_mean_of(self) -> None:
        for metric, score in scores.SCORES.items():
            marks = POOL["responses"][score.column].dropna()
            whole = scores._compute(POOL["responses"].dropna(subset=score.column), score)
            assert score_change.coded(marks, score.function).mean() == pytest.approx(whole.value), metric

    def test_the_axis_is_cut_only_with_a_reason(self) -> None:
        near = explain().captions["waterfall"]
        assert (near["zero"], near["note"]) in {(True, None), (False, score_change_text.AXIS)}
        r = POOL["responses"]
        high = with_responses(POOL, csat_score=r["csat_score"].where(r["csat_score"].isna(), r["csat_score"].where(r.index % 7 == 0, 5)))
        assert explain(high, metric="csat").captions["waterfall"]["note"] == score_change_text.AXIS

    def test_groups_that_come_and_go_say_so(self) -> None:
        r = POOL["responses"]
        first = r["response_id"].str.startswith("R1")
        renamed = with_responses(POOL, channel=r["channel"].mask(r["channel"].eq("app") & ~first, "email"))
        found = explain(renamed)
        assert [found.parts[g].present for g in ("app", "email", "sms")] == ["vanished", "new", "both"]
        labels = found.captions["waterfall"]["labels"]
        assert labels["group email"].zh.endswith("（新）") and labels["group app"].en.endswith("(gone)")
        rows = found.table.assign(group=[t.en for t in found.table["group"]]).set_index("group")
        assert rows.loc["App", "rate"].en == "—" and rows.loc["Survey by e-mail", "share"].en.startswith("— →")

    def test_the_level_named_is_the_level_computed(self) -> None:
        wide, narrow = (explain(conf_level=level).steps.drop(index=1) for level in (0.95, 0.8))  # shares stand still, so mix is zero for sure
        assert ((wide["high"] - wide["low"]) > (narrow["high"] - narrow["low"])).all()
        assert "80%" in explain(conf_level=0.8).captions["waterfall"]["subtitle"].en

    def test_rows_in_any_order_give_the_same(self) -> None:
        shuffled = {**POOL, "responses": POOL["responses"].sample(frac=1, random_state=3).reset_index(drop=True)}
        assert explain(shuffled).steps.equals(explain().steps) and explain(shuffled).captions == explain().captions

    def test_months_work_too(self) -> None:
        assert explain(period="month").parts.at == ("2026-01", "2026-04")


class TestSmallGroups:
    def test_too_small_groups_count_as_one(self) -> None:
        r = POOL["responses"]
        tiny = r["response_id"].str.contains("C0[0-2]-0[12]", regex=True)
        found = explain(with_responses(POOL, channel=r["channel"].mask(tiny, "phone")))
        assert [s.group for s in found.parts.steps].count("phone") == 0 and score_change.TOGETHER in [s.group for s in found.parts.steps]
        label = found.captions["waterfall"]["labels"][f"group {score_change.TOGETHER}"]
        assert "Phone survey" in label.en and "电话调研" in label.zh and len(found.parts.steps) == 2

    def test_beyond_eight_groups_the_smallest_count_as_one(self) -> None:
        many = with_responses(POOL, product=("P" + (POOL["responses"].index % 11).astype("str")))
        found = explain(many, by="product")
        groups = [s.group for s in found.parts.steps]
        assert len(groups) == score_change.MOST + 1 and score_change.TOGETHER in groups
        assert found.captions["waterfall"]["labels"][f"group {score_change.TOGETHER}"].en.count("P") == 3

    def test_many_small_ones_have_a_number_instead_of_names(self) -> None:
        assert score_change_text.together(["a", "b", "c", "d"]).en == "4 other groups" and score_change_text.together(["a"]).zh == "a"

    def test_groups_of_one_dealer_each_leave_nothing_to_take_apart(self) -> None:
        found = explain(by="unit_id")
        assert found.steps.empty and found.parts is None and score_change_text.TOO_SMALL.en in found.note.en

    def test_gates_decide(self) -> None:
        strict = gates.Gates(**{**gates.load().__dict__, "min_n": 100})
        assert {s.group for s in explain(by="channel").parts.steps} == {"app", "sms"}
        assert explain(by="channel", gates=strict).note.en.startswith("The change is not broken down")


class TestRefusals:
    def test_one_period(self) -> None:
        found = explain(only(POOL, POOL["responses"]["response_id"].str.startswith("R1")))
        assert found.steps.empty and found.table.empty and scores_text.ONE_PERIOD.zh in found.note.zh
        assert explain(metric="is_recommended").note == explain(metric="rating").note == found.note, "reviews of one quarter"

    def test_too_few_dealers(self) -> None:
        found = explain(pool(units=8))
        assert found.steps.empty and "8" in found.note.zh and "8" in found.note.en

    def test_answers_all_alike(self) -> None:
        r = POOL["responses"]
        flat = with_responses(POOL, nps_score=r["nps_score"].where(r["nps_score"].isna(), 9))
        assert score_change_text.NO_SPREAD.en in explain(flat).note.en

    def test_one_channel(self) -> None:
        assert score_change_text.ONE_GROUP.en in explain(channel="app").note.en

    def test_no_dealers_fall_back_on_customers_and_nobody_known_on_answers(self) -> None:
        nowhere = with_responses(POOL, unit_id=pd.Series([None] * 576, dtype="str"))
        found = explain(nowhere)
        assert found.parts["app"].rate.n_clusters == 64 and found.parts.total_rate.n_clusters == 192
        alone = explain(with_responses(nowhere, customer_id=pd.Series([None] * 576, dtype="str")))
        assert alone.parts.total_rate.n_clusters is None and alone.parts.total_rate.value == pytest.approx(found.parts.total_rate.value)
        assert alone.parts.total_rate.std_error > found.parts.total_rate.std_error, "the same customers answered twice"

    def test_times_that_are_missing(self) -> None:
        r = POOL["responses"]
        lost = r["response_id"].isin(r["response_id"][r["nps_score"].notna()].iloc[:10])
        timeless = with_responses(POOL, touched_at=r["touched_at"].mask(lost), submitted_at=r["submitted_at"].mask(lost))
        assert explain(timeless).parts.total_mix.n == 374

    @pytest.mark.parametrize(("options", "error", "message"), [
        ({"metric": "npss"}, ParameterError, "no score 'npss'"), ({"by": "regions"}, ParameterError, "no column 'regions' to compare by"),
        ({"cluster": "unit"}, ParameterError, "no column 'unit' to cluster by"), ({"channel": "review"}, DataError, "carries the score 'nps'")])
    def test_messages(self, options: dict, error: type, message: str) -> None:
        with pytest.raises(error, match=message):
            explain(**options)


@pytest.mark.parametrize("by", ["region", "channel"])
def test_a_tiny_company_is_refused_in_words(small_company, by: str) -> None:
    """Eight dealers: no interval, hence no waterfall, and a note that says so."""
    found = explain(small_company.ingested, by=by)
    assert found.steps.empty and found.note.zh and found.note.en.startswith("The change is not broken down: ")
    assert np.isfinite(explain(small_company.ingested, by=by, cluster="customer_id").steps.drop(columns=["label", "kind"]).to_numpy(float)).all()
