"""Scores after calls: which answers follow which call, slopes by lag, what is refused, and the words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cooling_tables import tables
from study_tables import figures, pool, spoken

from voclib.errors import DataError, ParameterError
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.simulate.worlds import cooling as cooling_world
from voclib.stats import cooling as estimator
from voclib.studies.scores import cooling, cooling_text

PLANTED, TRUTH = tables(2, answers=1500, fades=0.9, half_life=2.0)
SMALL, _ = tables(3, answers=300)


def changed(given: dict, table: str, **columns: object) -> dict:
    return {**given, table: given[table].assign(**columns)}


def more(given: dict, rows: pd.DataFrame) -> dict:
    return {**given, "responses": pd.concat([given["responses"], rows], ignore_index=True)}


@pytest.fixture(scope="module")
def found() -> cooling.Cooled:
    return cooling.study(PLANTED)


class TestJoin:
    def test_every_answer_meets_its_call(self) -> None:
        joined, frame = cooling.join(SMALL), cooling_world.draw(3, answers=300)[0]
        assert len(joined.answers) == 300 and set(joined.left_out.values()) == {0}
        order = joined.answers.sort_values("call_id", ignore_index=True)
        assert order["lag_days"].to_numpy() == pytest.approx(frame["lag_days"], abs=2 / 86_400)
        assert order["feeling"].to_numpy() == pytest.approx(frame["feeling"], abs=1e-6) and (order["score"] == frame["csat_score"]).all()

    def test_a_survey_sent_again_counts_once_and_the_first_stands(self) -> None:
        again = SMALL["responses"].query("channel == 'sms'").head(40)
        again = again.assign(response_id="A" + again["response_id"], submitted_at=again["submitted_at"] + pd.Timedelta(minutes=3), csat_score=1)
        joined = cooling.join(more(SMALL, again))
        assert joined.left_out["asked again"] == 40 and (joined.answers["response_id"].str.startswith("S")).all() and len(joined.answers) == 300

    def test_an_answer_about_another_contact_is_none_about_the_call(self) -> None:
        r = SMALL["responses"]
        visit = r["response_id"].isin([f"S{k:05d}" for k in range(25)])
        later = changed(SMALL, "responses", touched_at=r["touched_at"].mask(visit, r["submitted_at"] - pd.Timedelta(seconds=60)))
        near = cooling.join(SMALL).answers.set_index("response_id").loc[[f"S{k:05d}" for k in range(25)], "lag_days"] > 0.01
        assert cooling.join(later).left_out["another contact"] == near.sum() > 15

    def test_an_answer_that_names_no_contact_follows_the_last_call_within_the_window(self) -> None:
        r = SMALL["responses"]
        loose = changed(SMALL, "responses", touched_at=r["touched_at"].mask(r["channel"].eq("sms")))
        assert len(cooling.join(loose).answers) == 300
        short = cooling.join(loose, window_days=3)
        assert len(short.answers) == (cooling.join(SMALL).answers["lag_days"] <= 3).sum() and short.left_out["too late"] == 0
        assert cooling.join(SMALL, window_days=3).left_out["too late"] == 300 - len(short.answers), "these name the call and come too late"

    def test_another_call_in_between_takes_the_answer_out(self) -> None:
        late = cooling.join(SMALL).answers.query("lag_days > 1").head(10)
        calls = SMALL["responses"].set_index("response_id").loc[late["call_id"]].reset_index()
        calls = calls.assign(response_id=[f"N{k}" for k in range(10)])
        talks = SMALL["conversations"].set_index("response_id").loc[late["call_id"]].reset_index().assign(response_id=calls["response_id"])
        talks = talks.assign(started_at=talks["started_at"] + pd.Timedelta(hours=12), ended_at=talks["ended_at"] + pd.Timedelta(hours=12))
        given = {**more(SMALL, calls), "conversations": pd.concat([SMALL["conversations"], talks], ignore_index=True)}
        joined = cooling.join(given)
        assert joined.left_out["another call between"] == 10 and len(joined.answers) == 290

    def test_calls_without_a_feeling_chats_and_strangers_are_left_out(self) -> None:
        talks = SMALL["conversations"]
        silent = changed(SMALL, "conversations", emotion_score=talks["emotion_score"].mask(talks.index < 50))
        assert cooling.join(silent).left_out["no feeling"] == 50
        chats = changed(SMALL, "conversations", kind=talks["kind"].mask(talks.index < 20, "chat"))
        assert len(cooling.join(chats).answers) == 280
        r = SMALL["responses"]
        nobody = changed(SMALL, "responses", customer_id=r["customer_id"].mask(r["response_id"].isin([f"S{k:05d}" for k in range(7)])))
        assert len(cooling.join(nobody).answers) == 293

    def test_one_campaign_leaves_other_surveys_out(self) -> None:
        r = SMALL["responses"]
        late = r["response_id"].isin([f"S{k:05d}" for k in range(30, 300)])
        named = changed(SMALL, "responses", campaign_id=pd.Series(pd.NA, index=r.index, dtype="str").mask(late, "2026-01 call-back"))
        joined = cooling.join(named, campaign="call-back")
        assert len(joined.answers) == 270 and joined.left_out["another survey"] == 30 and len(cooling.join(named).answers) == 300
        with pytest.raises(ParameterError, match="holds 'call-bakc'; did you mean '2026-01 call-back'"):
            cooling.join(named, campaign="2026-01 call-bakc"[8:])

    def test_the_order_of_rows_does_not_matter(self) -> None:
        shuffled = {name: frame.sample(frac=1, random_state=4).reset_index(drop=True) for name, frame in SMALL.items()}
        pd.testing.assert_frame_equal(cooling.join(shuffled).answers, cooling.join(SMALL).answers)

    @pytest.mark.parametrize(("options", "message"), [({"window_days": 0}, "above zero"), ({"metric": "csta"}, "did you mean 'csat'")])
    def test_what_makes_no_sense_is_refused(self, options: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            cooling.join(SMALL, **options)


class TestStudy:
    def test_slopes_by_lag_and_their_fall(self, found) -> None:
        assert [e.group for e in found.estimates] == ["0-1", "1-3", "3-7", "7-14"] and sum(e.n for e in found.estimates) == 1500
        for e, truth in zip(found.estimates, TRUTH["slope"], strict=True):
            assert e.value == pytest.approx(truth, abs=4 * e.std_error) and (e.unit, e.evidence_level, e.n_clusters) == ("score", 1, 40)
        assert found.fall.value == pytest.approx(found.estimates[0].value - found.estimates[-1].value) and found.fall.conf_low > 0
        assert found.half_life.low < 2.0 < found.half_life.high
        assert found.estimates[-1].value < found.naive["7-14"].value < found.estimates[0].value

    def test_the_slopes_are_those_of_least_squares_in_each_band(self, found) -> None:
        frame = cooling.join(PLANTED).answers
        for e, (low, high) in zip(found.estimates, estimator.BANDS, strict=True):
            part = frame[(frame["lag_days"] >= low) & (frame["lag_days"] < high)]
            assert e.value == pytest.approx(np.polyfit(part["feeling"], part["score"], 1)[0])

    def test_evidence_rises_only_for_the_fall_and_only_by_lot(self, found) -> None:
        drawn = cooling.study(PLANTED, delay_is_random=True)
        assert (found.fall.evidence_level, drawn.fall.evidence_level) == (1, 3) and {e.evidence_level for e in drawn.estimates} == {1}
        assert [c.passed for c in found.checks] == [True, False, None] and [c.passed for c in drawn.checks] == [True, True, None]

    def test_a_delay_that_follows_the_feeling_fails_its_check(self) -> None:
        leaning, _ = tables(4, answers=1500, lean=1.2)
        check = cooling.study(leaning).checks[0]
        assert check.passed is False and figures(check.detail.zh) == figures(check.detail.en)

    def test_few_units_are_replaced_by_customers(self) -> None:
        few = changed(PLANTED, "responses", unit_id=PLANTED["responses"]["unit_id"].where(PLANTED["responses"]["unit_id"].isna(), "D01"))
        assert {e.n_clusters for e in cooling.study(few).estimates} == {1500}
        assert {e.n_clusters for e in cooling.study(PLANTED, cluster="customer_id").estimates} == {1500}

    def test_nothing_fades_nothing_is_seen(self) -> None:
        flat, _ = tables(6, answers=1500, fades=0.0)
        result = cooling.study(flat)
        assert result.fall.conf_low < 0 < result.fall.conf_high and result.half_life is None
        assert "No cooling is seen" in result.captions["table"]["title"].en
        assert result.table["reading"].iloc[3] == cooling_text.half_life(None)


class TestRefusals:
    def test_without_calls_there_is_a_note_and_nothing_else(self) -> None:
        for given in (pool(), changed(SMALL, "conversations", emotion_score=np.nan)):
            result = cooling.study(given)
            assert result.note == cooling_text.NO_CALLS and result.estimates == () and len(result.table) == 0 and result.checks == ()

    def test_under_a_hundred_answers(self) -> None:
        few, _ = tables(3, answers=99)
        assert "99" in cooling.study(few).note.zh and "99" in cooling.study(few).note.en and cooling.study(few).estimates == ()

    def test_fewer_than_two_bands(self) -> None:
        r = PLANTED["responses"]
        early = cooling.join(PLANTED).answers.query("lag_days < 1")["response_id"]
        at_once = {**PLANTED, "responses": r[r["channel"].eq("call") | r["response_id"].isin(early)].reset_index(drop=True)}
        assert cooling.study(at_once).note == cooling_text.few_bands(30)

    def test_a_feeling_that_never_varies(self) -> None:
        assert cooling.study(changed(PLANTED, "conversations", emotion_score=0.5)).note == cooling_text.NO_SPREAD

    def test_scores_that_never_vary(self) -> None:
        """Least squares leaves rounding of a constant, and the page printed it with sixteen decimals."""
        r = PLANTED["responses"]
        flat = changed(PLANTED, "responses", csat_score=pd.Series(4, index=r.index, dtype="Int64").where(r["csat_score"].notna()))
        assert cooling.study(flat).note == cooling_text.ALL_ALIKE

    def test_an_unknown_cluster(self) -> None:
        with pytest.raises(ParameterError, match="'unit_id' or 'customer_id' here, not 'region'"):
            cooling.study(SMALL, cluster="region")


class TestEstimator:
    def test_bands_hold_their_ends(self) -> None:
        assert estimator.counts([0, 0.99, 1, 3, 7, 14, 14.1, -1]).tolist() == [2, 1, 1, 2]

    def test_a_band_with_too_few_is_left_out_and_the_fall_is_over_the_rest(self) -> None:
        frame, _ = cooling_world.draw(1, answers=900)
        thin = frame[~frame["lag_days"].between(1, 3) | (frame.index < 20)]
        found = estimator.cooling(thin["csat_score"], thin["feeling"], thin["lag_days"], cluster=thin["unit_id"])
        assert found.bands == ((0.0, 1.0), (3.0, 7.0), (7.0, 14.0)) and len(found.slopes) == len(found.n) == 3

    def test_the_half_life_of_a_curve_without_noise(self) -> None:
        rng = np.random.default_rng(0)
        e, t = rng.uniform(-1, 1, 800), rng.uniform(0, 14, 800)
        y = 3 + 0.3 * e + 0.8 * e * 0.5 ** (t / 2.5) + rng.normal(0, 0.02, 800)
        found = estimator.half_life(y, e, t)
        assert found.value == pytest.approx(2.5, rel=0.08) and found.is_bounded and found.low <= 2.5 <= found.high < 3.2
        assert found.fading == pytest.approx(0.8, abs=0.05) and found.lasting == pytest.approx(0.3, abs=0.05)

    @pytest.mark.parametrize(("change", "error", "message"), [
        ({"lag": [1.0]}, ParameterError, "one an answer"),
        ({"bands": ((0, 2), (1, 3))}, ParameterError, "do not overlap"),
        ({"bands": ((3, 1),)}, ParameterError, "run upwards"),
        ({"bands": ((0, 1), (20, 30))}, DataError, "at least 30 answers each; they hold"),
        ({"score": [np.nan] * 300}, DataError, "300 of 300 answers have no score"),
    ])
    def test_what_cannot_be_is_refused(self, change: dict, error: type, message: str) -> None:
        frame, _ = cooling_world.draw(1, answers=300)
        given = {"score": frame["csat_score"], "feeling": frame["feeling"], "lag": frame["lag_days"], "cluster": frame["unit_id"], **change}
        with pytest.raises(error, match=message):
            estimator.cooling(**given)


class TestWords:
    def test_both_languages_say_the_same_and_claim_nothing(self, found) -> None:
        drawn = cooling.study(PLANTED, delay_is_random=True)
        cells = [c for c in drawn.table.to_numpy().ravel() if isinstance(c, Text)]
        checks = [t for c in (*found.checks, *drawn.checks) for t in (c.name, c.detail, c.consequence) if t]
        for text in [*spoken(found.captions), *spoken(drawn.captions), *cells, *checks]:
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text
            assert figures(text.zh.replace("95%", "").replace("−1 至 1", "")) == figures(text.en.replace("95%", "").replace("−1 to 1", "")) or (
                "point of mood" in text.en), text

    def test_the_half_life_says_what_is_not_told(self) -> None:
        def said(low: float, high: float) -> str:
            return cooling_text.half_life(estimator.HalfLife(value=2.0, low=low, high=high, fading=0.5, lasting=0.3)).en
        assert said(1.0, 4.0) == "2.0 days (1.0 to 4.0)" and said(1.0, np.inf).startswith("at least 1.0 days")
        assert said(0.0, 4.0).startswith("at most 4.0 days") and said(0.0, np.inf) == "cannot be established from these delays"

    def test_the_page_can_show_it(self, found) -> None:
        shown = show.intervals(found.estimates, naive=found.naive, sort="given", **found.captions["slopes"])
        assert [e["group"] for e in shown.payload["estimates"]] == ["0-1", "1-3", "3-7", "7-14"] and set(shown.payload["naive"]) == set(found.naive)
        assert show.table(found.table, columns=cooling_text.COLUMNS, **found.captions["table"]).payload["total"] == len(found.table) == 6
