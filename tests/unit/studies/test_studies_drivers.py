"""What a score goes with: companions from the answer, the contact and the customer, what is too sparse, what refuses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, pool, spoken, with_responses

from voclib import show
from voclib.errors import ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.stats import gates
from voclib.studies import scores
from voclib.studies.scores import drivers, drivers_text

POOL = pool()


@cache
def _visits() -> dict:
    """The pool with a contact behind every invitation: the longer the wait, the lower the mark; ease only loosely tied to it."""
    rng, asked, r = np.random.default_rng(1), POOL["invitations"], POOL["responses"]
    ids = "T-" + asked["invitation_id"]
    wait = pd.Series(rng.gamma(2, 15, len(ids)), index=asked["invitation_id"])
    behind = r["invitation_id"].map(wait).fillna(30).to_numpy()
    mark = np.clip(np.round(8 - 0.06 * (behind - 30) + rng.normal(0, 1.5, len(r))), 0, 10)
    ease = np.clip(np.round(4 + 0.4 * (mark - 8) + rng.normal(0, 1.2, len(r))), 1, 7)
    there = r["nps_score"].notna().to_numpy()
    answers = {"nps_score": pd.Series(mark, dtype="Int64").where(there), "ces_score": pd.Series(ease, dtype="Int64").where(there),
               "duration_seconds": pd.Series(rng.gamma(3, 20, len(r))).where(there), "csat_score": pd.Series(4, index=r.index, dtype="Int64")}
    contacts = pd.DataFrame({"touchpoint_id": ids, "wait_minutes": wait.to_numpy(), "duration_minutes": rng.gamma(4, 20, len(ids)),
                             "amount_cny": np.where(rng.random(len(ids)) < 0.3, rng.lognormal(6, 1, len(ids)), np.nan)})
    return {**with_responses(POOL, **answers), "touchpoints": contacts, "invitations": asked.assign(touchpoint_id=ids)}


def rank(tables=None, *, metric="nps", seed=5, **more) -> drivers.Ranking:
    return drivers.rank(_visits() if tables is None else tables, metric=metric, seed=seed, **more)


class TestCompanions:
    def test_stand_beside_each_answer(self) -> None:
        tables = _visits()
        kept = scores.answers(tables, metric="nps")
        found = drivers.companions(kept, tables)
        assert found.index.equals(kept.index) and set(found) <= set(drivers_text.COMPANIONS)
        one = kept.iloc[7]
        contact = tables["touchpoints"].set_index("touchpoint_id").loc[f"T-{one['invitation_id']}"]
        assert found.loc[7, "wait_minutes"] == contact["wait_minutes"] and found.loc[7, "ces_score"] == one["ces_score"]

    def test_time_as_a_customer_is_until_the_contact(self) -> None:
        tables = _visits()
        joined = {**tables, "customers": tables["customers"].assign(joined_on=pd.Timestamp("2025-01-08"))}
        found = drivers.companions(scores.answers(joined, metric="nps"), joined)["tenure_days"]
        assert found.round().unique().tolist() == [365.0, 455.0]

    def test_without_contacts_only_the_answer_remains(self) -> None:
        found = drivers.companions(scores.answers(POOL, metric="nps"), POOL)
        assert "wait_minutes" not in found and "csat_score" in found
        nowhere = pd.Series([None] * len(POOL["invitations"]), dtype="str")
        unlinked = {**_visits(), "invitations": _visits()["invitations"].assign(touchpoint_id=nowhere)}
        assert drivers.companions(scores.answers(unlinked, metric="nps"), unlinked)["wait_minutes"].isna().all()


class TestRanking:
    def test_shares_are_ranked_with_the_score_itself_left_out(self) -> None:
        found = rank()
        names = [e.group for e in found.estimates]
        assert set(names) == {"ces_score", "wait_minutes", "duration_minutes", "duration_seconds"} and set(names[:2]) == {"ces_score", "wait_minutes"}
        assert [e.value for e in found.estimates] == sorted((e.value for e in found.estimates), reverse=True)
        assert {(e.estimand, e.unit, e.n, e.n_clusters, e.evidence_level) for e in found.estimates} == {("driver_share", "share", 384, 24, 0)}
        assert all(e.conf_low > 0 for e in found.estimates), "no column is set to zero"
        assert found.found.share.sum() == pytest.approx(found.found.r_squared)

    def test_what_is_too_often_missing_is_named(self) -> None:
        note = rank().captions["shares"]["note"]
        assert "消费金额" in note.zh and "amount paid" in note.en and drivers_text.NOTE.en in note.en
        assert "amount_cny" in [e.group for e in rank(min_known=0.2).estimates]
        assert rank(min_known=0.2).captions["shares"]["note"] == drivers_text.NOTE

    def test_the_table_has_ranks_with_their_interval(self) -> None:
        table = rank().table
        assert table["rank"].tolist() == [1, 2, 3, 4] and table["ranks"].iloc[-1].en == "3–4"
        assert show.table(table, **rank().captions["table"], columns=drivers_text.COLUMNS).payload["total"] == 4
        shown = show.intervals(rank().estimates, **rank().captions["shares"])
        assert "Waiting time" in shown.words and "等待时长" in str(shown.payload["labels"])

    def test_the_title_names_the_leader_or_how_many_cannot_be_told_apart(self) -> None:
        found = rank()
        title, leading = found.captions["shares"]["title"], int((found.found.rank_low == 1).sum())
        assert ("cannot be separated" in title.en) == (leading > 1)
        lonely = rank({**_visits(), **with_responses(_visits(), ces_score=_visits()["responses"]["ces_score"].mask(
            _visits()["responses"]["ces_score"].notna(), pd.Series(np.arange(576) % 7 + 1, dtype="Int64")))})
        assert lonely.captions["shares"]["title"].en.startswith("NPS varies most with one factor, Waiting time")

    def test_nothing_here_is_money_or_cause(self) -> None:
        notes = [drivers_text.no_companions([]), drivers_text.no_companions(["ces_score"]), drivers_text.too_few_rows(5, 40), drivers_text.NO_SPREAD]
        for text in [*spoken(rank().captions), *spoken(rank().table.to_dict("records")), *spoken(drivers_text.COLUMNS), *notes]:
            assert not verbs_exceed(text.zh, 0, "zh") + verbs_exceed(text.en, 0, "en") + half_width(text.zh), text
            assert "¥" not in text.zh + text.en and "driv" not in text.en.lower()

    def test_both_languages_say_the_same_figures(self) -> None:
        found = rank()
        for text in [*spoken(found.captions), *spoken(found.table.to_dict("records"))]:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text

    def test_it_repeats_in_any_order_of_rows(self) -> None:
        tables = _visits()
        shuffled = {name: frame.sample(frac=1, random_state=2).reset_index(drop=True) for name, frame in tables.items()}
        assert rank(shuffled).estimates == rank().estimates != rank(seed=6).estimates

    def test_columns_that_predict_each_other_count_as_one(self) -> None:
        twin = {**_visits(), "touchpoints": _visits()["touchpoints"].assign(duration_minutes=lambda f: f["wait_minutes"] * 1.01 + 2)}
        found = rank(twin)
        assert "wait_minutes + duration_minutes" in [e.group for e in found.estimates]
        assert found.captions["shares"]["labels"]["wait_minutes + duration_minutes"].zh == "等待时长 + 服务时长"

    def test_without_dealers_customers_are_resampled_and_answers_where_nobody_answered_twice(self) -> None:
        nobody, visits = pd.Series([None] * 576, dtype="str"), _visits()
        found = rank(with_responses(visits, unit_id=nobody))
        assert found.estimates[0].n_clusters == 192 and found.estimates[0].n == 384
        once = rank(with_responses(visits, unit_id=nobody, customer_id=visits["responses"]["response_id"]))
        assert once.estimates[0].n_clusters is None and once.estimates[0].n == 384


class TestRefusals:
    @pytest.mark.parametrize("metric", ["is_recommended", "rating"])
    def test_reviews_have_one_companion_at_most(self, metric: str) -> None:
        found = rank(POOL, metric=metric)
        assert found.estimates == () and found.table.empty and found.note.en.startswith("No ranking: ")
        assert "waiting time" in found.note.en and "等待时长" in found.note.zh

    def test_no_companion_at_all(self) -> None:
        bare = with_responses(POOL, csat_score=pd.NA, ces_score=pd.NA)
        assert "There are no other numbers to compare it with" in rank(bare).note.en

    def test_one_set_of_columns_is_no_ranking(self) -> None:
        r = _visits()["responses"]
        one = with_responses(POOL, csat_score=r["nps_score"] // 3 + 1, nps_score=r["nps_score"] // 3 * 3)
        found = rank(one, metric="ces")
        assert found.estimates == () and "only one factor to compare, Recommendation score + Satisfaction score" in found.note.en

    def test_a_score_without_spread(self) -> None:
        r = _visits()["responses"]
        assert rank(with_responses(_visits(), nps_score=r["nps_score"].where(r["nps_score"].isna(), 9))).note == drivers_text.NO_SPREAD

    def test_too_few_rows_or_dealers(self) -> None:
        few = rank(rows_per_column=200)
        assert "384" in few.note.en and "800" in few.note.en and figures(few.note.zh) == figures(few.note.en)
        strict = gates.Gates(**{**gates.load().__dict__, "min_clusters": 30})
        assert "24 units; at least 30 needed" in rank(gates=strict).note.en

    def test_companions_never_known_together(self) -> None:
        r = _visits()["responses"]
        even = pd.Series(np.arange(576) % 2 == 0)
        apart = with_responses(_visits(), ces_score=r["ces_score"].where(even), duration_seconds=r["duration_seconds"].mask(even))
        assert rank(apart).note.en.startswith("No ranking: ")

    def test_messages(self) -> None:
        with pytest.raises(ParameterError, match="no score 'npss'"):
            rank(metric="npss")


def test_a_tiny_company_is_refused_in_words(small_company) -> None:
    found = rank(small_company.ingested)
    assert found.estimates == () and "8" in found.note.zh and "8" in found.note.en
    assert rank(small_company.ingested, cluster="customer_id").estimates
