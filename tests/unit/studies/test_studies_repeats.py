"""Answers entered twice: which they are, how often chance explains them, and the check on the pages that count answers."""

from __future__ import annotations

from dataclasses import replace

import ex_panels
import numpy as np
import pandas as pd
import pytest
import reader_tables
from study_tables import figures, pool

from voclib.readers import product, region
from voclib.readers.product import counts as product_counts
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Check, Verdict
from voclib.schema import repeats as found_repeats
from voclib.sources.oddities import campaigns
from voclib.studies import ex_voc, repeats, scores

POOL = pool()


def doubled(share: float, *, hours: float = 0.0, **changed: object) -> dict[str, pd.DataFrame]:
    """The same tables with every so many answers entered again under a new number, `hours` later; `changed` columns differ."""
    responses = POOL["responses"]
    step = max(round(1 / share), 1) if share else len(responses) + 1
    copies = responses.iloc[::step] if share else responses.head(0)
    later = {name: copies[name] + pd.Timedelta(hours=hours) for name in ("submitted_at", "touched_at")}
    copies = copies.assign(response_id="X" + copies["response_id"].astype("str"), **later, **changed)
    return {**POOL, "responses": pd.concat([responses, copies], ignore_index=True).astype(responses.dtypes.to_dict())}


def told(tables: dict[str, pd.DataFrame]) -> Check:
    return repeats.check(tables, tables["responses"].loc[tables["responses"]["nps_score"].notna(), "response_id"])


class TestWhichTheyAre:
    def test_every_second_entry_is_found_and_no_first_one(self) -> None:
        tables = doubled(0.5, hours=1)
        again = found_repeats.find(tables["responses"], "Asia/Shanghai")
        named = tables["responses"].dropna(subset="customer_id").set_index("response_id").index
        assert set(again["response_id"]) == {name for name in named if name.startswith("X")}

    @pytest.mark.parametrize("tables", [
        POOL, doubled(0.5, hours=25), doubled(0.5, channel="phone"), doubled(0.5, campaign_id="again"), doubled(0.5, customer_id=None)],
        ids=["none", "a day later", "another channel", "a campaign", "nobody named"])
    def test_what_is_no_repeat(self, tables: dict[str, pd.DataFrame]) -> None:
        assert found_repeats.find(tables["responses"], "Asia/Shanghai").empty and told(tables).passed is True

    def test_people_who_answer_twice_a_day_and_happen_to_agree_are_not_named(self) -> None:
        """Independent answers of one scale agree now and then; only more than that is told."""
        rng = np.random.default_rng(3)
        first = pd.DataFrame({"response_id": [f"A{k}" for k in range(400)], "channel": "sms", "customer_id": [f"C{k}" for k in range(400)],
                              "campaign_id": None, "at": pd.Timestamp("2026-03-01", tz="UTC"), "month": "2026-03"})
        other = first.assign(response_id="B" + first["response_id"], at=first["at"] + pd.Timedelta(hours=3))
        both = pd.concat([first, other], ignore_index=True)
        assert found_repeats.among(both.assign(said=rng.integers(1, 6, 800).astype(str))).empty
        same = rng.integers(1, 6, 400).astype(str)
        assert len(found_repeats.among(both.assign(said=np.concatenate([same, same])))) == 400

    def test_words_count_where_there_is_no_score(self) -> None:
        base = pd.DataFrame({"nps_score": [9, None, None], "comment": ["a", "b", None]})
        assert found_repeats.said(base).tolist()[1:] == ["b", None] or pd.isna(found_repeats.said(base).iloc[2])
        assert found_repeats.said(base).iloc[0] != found_repeats.said(base.assign(nps_score=[8, None, None])).iloc[0]

    def test_the_import_counts_the_same_rows(self) -> None:
        tables = doubled(0.5, hours=1)
        responses = tables["responses"]
        at = responses["submitted_at"].fillna(responses["touched_at"])
        voices = responses.assign(at=at, day=at.dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d"), scores=found_repeats.scores(responses),
                                  said=found_repeats.said(responses), group=-1)
        counted = sum(item["rows"] for item in campaigns.build(voices)["entered_again"])
        assert counted == len(found_repeats.find(responses, "Asia/Shanghai")) > 100


class TestTheCheck:
    @pytest.mark.parametrize(("copies", "passed"), [(0, True), (20, None), (60, False)])
    def test_above_one_in_a_hundred_it_fails(self, copies: int, passed: bool | None) -> None:
        """Few repeats are told of; with 1% of repeats NPS can move by two points, whoever they are. Of 2,880 answers 20 are 0.7%, 60 are 2%."""
        large = pool(per_unit=60)
        asked = large["responses"][large["responses"]["channel"].eq("sms") & large["responses"]["nps_score"].notna()].head(copies)
        both = pd.concat([large["responses"], asked.assign(response_id="X" + asked["response_id"].astype("str"))], ignore_index=True)
        found = told({**large, "responses": both})
        assert found.passed is passed and (f" {copies} are identical" in found.detail.en) is (copies > 0)
        assert figures(found.detail.zh.replace("24", "")) == figures(found.detail.en.replace("24", ""))
        assert not half_width(found.detail.zh) and not verbs_exceed(found.detail.en, 0, "en") and not verbs_exceed(found.detail.zh, 0, "zh")

    def test_where_nobody_is_named_it_cannot_be_told(self) -> None:
        r = POOL["responses"]
        found = told({**POOL, "responses": r.assign(customer_id=pd.Series(None, index=r.index, dtype=r["customer_id"].dtype))})
        assert found.passed is None and "customer" in found.detail.en

    def test_a_score_moves_no_further_than_it_says(self) -> None:
        tables = doubled(0.25, hours=1)
        kept = tables["responses"].dropna(subset="nps_score")
        again = repeats.marked(tables, kept["response_id"])
        counts = scores.coded(kept, scores.SCORES["nps"])
        assert 0 < abs(counts.mean() - counts[~again].mean()) <= 200 * again.mean()

    def test_the_page_on_scores_carries_it(self) -> None:
        name = repeats.NAME
        for tables, passed in ((POOL, True), (doubled(0.25, hours=1), False)):
            checks = scores.study(tables, metric="nps", segments=["region"]).study.checks
            assert [c.passed for c in checks if c.name == name] == [passed]


class TestThePages:
    """Verdicts that would otherwise be free: the brief of a Monday, the comparison of regions, the slope of employees' experience."""

    def test_regions_carry_a_caveat(self) -> None:
        for tables, passed in ((POOL, True), (doubled(0.25, hours=1), False)):
            found = region.study(tables, region.answers(tables, metric="nps"), metric="nps").study
            assert [c.passed for c in found.checks if c.name == repeats.NAME] == [passed]
            assert found.verdict is found.headline[0].verdict is (Verdict.REPORT if passed else Verdict.REPORT_WITH_CAVEAT)

    def test_the_brief_carries_a_caveat(self) -> None:
        tables = reader_tables.company(voices=2000)
        copies = tables["responses"].iloc[::4]
        twice = {**tables, "responses": pd.concat([tables["responses"], copies.assign(response_id="X" + copies["response_id"])], ignore_index=True)}
        for given, passed in ((tables, True), (twice, False)):
            found = product.study(given, product_counts.count(given)).study
            assert [c.passed for c in found.checks if c.name == repeats.NAME] == [passed]
            assert found.verdict is (Verdict.REPORT if passed else Verdict.REPORT_WITH_CAVEAT)

    def test_the_slope_carries_a_caveat(self) -> None:
        panel = ex_panels.drawn(9, slope=4.0, employees=12, between=15.0)[0]
        once, twice = (ex_voc.study(replace(panel, repeated=Check(repeats.NAME, passed, repeats.NOBODY)), draws=199) for passed in (True, False))
        assert any(c.name == repeats.NAME and c.passed is False for c in twice.study.checks)
        assert (once.study.verdict, twice.study.verdict) == (Verdict.REPORT, Verdict.REPORT_WITH_CAVEAT)
