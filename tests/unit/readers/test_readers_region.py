"""Regions: pairs told apart with these dealers and with others, ranks, answers needed, cases in time; one group, few dealers, no units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import GIVEN
from reader_tables import company
from study_tables import figures, spoken, texts

from benchmarks import coverage_readers
from voclib.errors import DataError, ParameterError
from voclib.readers import region
from voclib.readers.region_names import Names
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.studies import counting, scores

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def alike() -> Tables:
    return company()


@pytest.fixture(scope="module")
def apart() -> Tables:
    return company(region_gap=1.0)


def made(tables: Tables, **options: object) -> region.Region:
    return region.study(tables, region.answers(tables, by=str(options.get("by", "region"))), given=GIVEN, **options)


class TestAnswers:
    def test_the_last_quarters_with_a_group_count(self, alike: Tables) -> None:
        kept = region.answers(alike, periods=1)
        assert kept["period"].nunique() == 1 and kept["period"].iloc[0] == max(region.answers(alike, periods=9)["period"])

    @pytest.mark.parametrize(("options", "error", "message"), [
        ({"by": "regoin"}, ParameterError, "did you mean 'region'"),
        ({"periods": 0}, ParameterError, "whole number of 1 or more"),
        ({"metric": "npx"}, ParameterError, "did you mean 'nps'"),
        ({"metric": "stars"}, DataError, "This pool carries: nps"),
    ])
    def test_bad_input_is_told(self, alike: Tables, options: dict, error: type, message: str) -> None:
        with pytest.raises(error, match=f"(?s){message}"):
            region.answers(alike, **options)

    def test_answers_without_a_date_are_compared_all_together(self, apart: Tables) -> None:
        never = pd.Series(pd.NaT, index=apart["responses"].index, dtype="datetime64[us, UTC]")
        undated = {**apart, "responses": apart["responses"].assign(submitted_at=never, touched_at=never)}
        kept, found = region.answers(undated), made(undated)
        assert len(kept) == apart["responses"]["nps_score"].notna().sum() and len(found.scores) == len(made(apart).scores)
        assert found.study.verdict is not Verdict.REFUSE and found.study.kicker.en.endswith("from no known quarter") and texts(found.study)

    def test_many_groups_of_a_few_answers_each_are_refused_with_the_largest_listed(self, alike: Tables) -> None:
        few = alike["responses"].dropna(subset=["nps_score"]).head(120)
        found = made({**alike, "responses": few.assign(unit_id=[f"P{place % 40:02d}" for place in range(120)])}, by="unit_id")
        assert found.study.verdict is Verdict.REFUSE and found.sheet.shape[0] == region.MOST_REFUSED == len(found.scores)
        assert found.study.headline[0].reason.en and texts(found.study)

    @pytest.mark.parametrize(("change", "said"), [
        ("one region", "All answers belong to one group (East China)"), ("no units", "No answer says which region it belongs to"),
        ("no scores", "No voice in the pool carries a score")])
    def test_nothing_to_compare_is_refused_in_words(self, alike: Tables, change: str, said: str) -> None:
        tables = dict(alike)
        if change == "one region":
            tables["units"] = alike["units"].assign(region="华东")
        elif change == "no units":
            del tables["units"]
        else:
            tables["responses"] = alike["responses"].assign(**{score.column: pd.NA for score in scores.SCORES.values()})
        found, kept = made(tables), region.answers(tables)
        reason = found.study.headline[0].reason
        assert found.study.verdict is Verdict.REFUSE and reason.en.startswith(said) and found.study.answer == reason
        assert found.study.checks[0].passed is False and not found.scores and found.ladder is None and found.sheet.empty
        assert list(region.facts(tables, kept).values())[2] == 0 and texts(found.study)
        (chain,) = counting.flows("52-region", tables)
        assert chain.n == 0


    def test_counts_say_who_answered_and_who_is_compared(self, alike: Tables) -> None:
        kept = region.answers(alike, by="unit_id")
        few = kept[kept["unit_id"].ne("D00") | ~kept["unit_id"].duplicated()].reset_index(drop=True)
        found = {name.en: n for name, n in region.facts(alike, few, by="unit_id").items()}
        assert found == {"answers": len(few), "dealers with answers": 24, "dealers with enough to compare": 23}


class TestStudy:
    def test_a_true_gap_is_told_by_these_dealers_and_by_others(self, apart: Tables) -> None:
        found = made(apart)
        assert (found.ladder["together"].value, found.ladder["drawn"].value) == (1, 1)
        assert found.fixed.best.tolist() == [1, 2] and found.sheet["fixed"].map(lambda t: t.zh).tolist() == ["1", "2"]
        assert "East China ranks first by more than chance" in found.study.answer.en

    def test_no_gap_is_not_told(self, alike: Tables) -> None:
        found = made(alike)
        assert found.ladder["together"].value == 0 and [t.zh for t in found.sheet["fixed"]] == ["1–2", "1–2"]
        assert "Of 1 pair among 2 regions, 0 can be distinguished" in found.study.answer.en

    def test_a_difference_of_dealers_is_no_difference_of_regions(self) -> None:
        """Dealers' own levels put regions apart as they are; with other dealers that would not hold."""
        tables = company()
        level = dict(zip(tables["units"]["unit_id"], [3.0] * 8 + [-3.0] * 4 + [3.0] * 6 + [-3.0] * 6, strict=True))
        marks = (tables["responses"]["nps_score"].astype(float) + tables["responses"]["unit_id"].map(level)).clip(0, 10).round()
        units = tables["units"].assign(region=np.where(np.arange(24) < 12, "华东", "华南"))
        found = made(tables | {"responses": tables["responses"].assign(nps_score=marks.astype("Int64")), "units": units})
        assert found.ladder["together"].value == 1 and found.ladder["drawn"].value == 0
        assert set(found.sheet["differ"].map(lambda t: t.en)) == {"Yes"} and "Do not reward or punish by rank" in found.study.decision.en

    def test_where_nothing_differs_nobody_is_said_to(self, alike: Tables) -> None:
        """Neither regions nor dealers differ: that no pair is told apart is no finding about dealers."""
        found = made(alike)
        assert "the regions could not be distinguished" in found.study.decision.en and "大区之间分不出高低" in found.study.decision.zh
        assert "the differences that can be seen" not in found.study.decision.en and "Not clear" in set(found.sheet["differ"].map(lambda t: t.en))

    def test_groups_with_few_dealers_are_not_spoken_of_as_if_asked(self, apart: Tables) -> None:
        units = apart["units"].assign(region=["华东", "华南"] * 10 + ["西北"] * 4)
        found = made(apart | {"units": units})
        rungs, beneath = {r.rung: r for r in found.ladder.rungs}, found.captions["ladder"]["beneath"]
        assert list(rungs) == ["alone", "together", "kept", "drawn"]
        assert [beneath[r].en for r in rungs] == ["3 groups, 3 pairs"] * 2 + ["2 groups, 1 pair"] * 2
        assert rungs["kept"].n == rungs["drawn"].n < rungs["together"].n == found.study.headline[0].n == found.sheet["n"].sum()
        assert rungs["kept"].value == 1, "the step before the last has the same pair"
        columns = found.captions["sheet"]["columns"]
        assert (columns["fixed"].en, columns["drawn"].en) == ("True rank (of 3)", "Rank with other dealers (of 2)")
        check = next(c for c in found.study.checks if c.name.en == "Groups excluded")
        assert check.detail.en == ("3 groups were compared by their current dealers; in Northwest China, these are too few or too uneven to ask "
                                   "about others.")
        assert "can be asked only for the 2 regions with enough dealers" in found.study.answer.en

    def test_no_claim_on_regions_where_some_were_not_asked(self) -> None:
        """Dealers differ and no pair that was asked holds; a region with four dealers was not asked."""
        tables = company()
        level = dict(zip(tables["units"]["unit_id"], [2.0, -2.0, -2.0, 2.0] * 5 + [2.0] * 4, strict=True))
        marks = (tables["responses"]["nps_score"].astype(float) + tables["responses"]["unit_id"].map(level)).clip(0, 10).round()
        units = tables["units"].assign(region=["华东", "华南"] * 10 + ["西北"] * 4)
        found = made(tables | {"responses": tables["responses"].assign(nps_score=marks.astype("Int64")), "units": units})
        assert found.ladder["drawn"].value == 0 and found.captions["sheet"]["columns"].keys() >= {"differ", "drawn"}
        assert "the differences that can be seen" not in found.study.decision.en and "看得出的差别在" not in found.study.decision.zh
        assert "1 group with too few dealers could not be tested" in found.study.decision.en

    def test_the_period_and_the_score_stand_above_the_question(self, alike: Tables) -> None:
        kept = region.answers(alike)
        first, last = kept["period"].min(), kept["period"].max()
        assert made(alike).study.kicker.zh == f"NPS · {first} 至 {last} 的回答"
        assert "20-scores" in made(alike).captions["scores"]["note"].en and last in made(alike).captions["scores"]["subtitle"].zh

    def test_airlines_are_not_called_dealers(self, apart: Tables) -> None:
        units = apart["units"].assign(kind="airline", name=["cathay-pacific-airways", "ana-all-nippon-airways", *apart["units"]["name"][2:]])
        tables = apart | {"units": units}
        found = region.study(tables, region.answers(tables, by="unit_id"), by="unit_id", given=GIVEN)
        said = [*texts(found.study), *spoken(found.captions), *region.facts(tables, region.answers(tables, by="unit_id"), by="unit_id")]
        assert not [t for t in said if "门店" in t.zh or "dealer" in t.en or "换一批" in t.zh and "drawn" not in found.captions["sheet"]["columns"]
                    and "不问" not in t.zh]
        shown = {t.en for t in found.sheet["group"]}
        assert {"Cathay Pacific Airways", "ANA All Nippon Airways"} <= shown and "note" not in found.captions["sheet"]
        assert found.captions["sheet"]["columns"]["group"] == Text("航空公司", "Airline")

    def test_the_number_of_a_store_stays_as_it_is_written(self, apart: Tables) -> None:
        units = apart["units"].assign(name=[f"bj-{i:02d}" for i in range(len(apart["units"]))])
        named = Names.of(apart | {"units": units}, apart["responses"], "unit_id")
        assert [named.title(key).en for key in list(named.known)[:2]] == ["bj-00", "bj-01"]

    def test_few_dealers_are_ranked_as_they_are_only(self, apart: Tables) -> None:
        units = apart["units"].assign(region=["华东"] * 5 + ["华南"] * 19)
        found = made(apart | {"units": units})
        assert found.ranks is None and found.fixed is not None and "drawn" not in found.captions["sheet"]["columns"]

    def test_answers_needed_fall_with_the_square_of_the_error(self, apart: Tables) -> None:
        kept = region.answers(apart, periods=4)
        all_answers = region.study(apart, kept).sheet["needed"].astype(float)
        half = region.study(apart, kept.iloc[::2].reset_index(drop=True)).sheet["needed"].astype(float)
        assert np.allclose(all_answers, half, rtol=0.15), "the number needed is a property of answers, not of how many there are"

    def test_dealers_themselves_can_be_compared_and_stand_for_themselves(self, apart: Tables) -> None:
        kept = region.answers(apart, by="unit_id", periods=4)
        found = region.study(apart, kept, by="unit_id")
        assert found.ranks is None and len(found.fixed.best) == 24 and found.ladder.chosen == "together"
        assert all("named" not in wrong.en for wrong, _ in found.study.limits)

    def test_a_group_of_one_answer_is_refused_not_an_error(self, apart: Tables) -> None:
        units = apart["units"].assign(region=["华北", *apart["units"]["region"][1:]])
        kept = region.answers(apart | {"units": units})
        lone = kept[kept["region"].ne("华北") | ~kept["region"].duplicated()].reset_index(drop=True)
        found = region.study(apart | {"units": units}, lone)
        assert found.sheet.iloc[-1]["group"].zh == "华北" and found.sheet.iloc[-1]["fixed"].zh == "—"

    def test_a_group_of_one_mind_is_ranked_with_an_error(self, apart: Tables) -> None:
        kept = region.answers(apart)
        delighted = kept.assign(nps_score=kept["nps_score"].where(kept["region"].ne("华东"), 10)).groupby("region").head(12).reset_index(drop=True)
        found = region.study(apart, delighted)
        assert len(found.fixed.best) == 2 and found.fixed.critical > 1.9

    def test_nothing_to_compare_is_a_refusal(self, apart: Tables) -> None:
        kept = region.answers(apart).groupby("region").head(3).reset_index(drop=True)
        found = region.study(apart, kept)
        assert found.study.verdict is Verdict.REFUSE and found.ladder is None

    def test_cases_in_time_by_region_count_open_ones(self, alike: Tables) -> None:
        found = made(alike)
        assert [e.group for e in found.in_time] == ["华东", "华南"] and all(0.5 < e.value < 0.9 for e in found.in_time)
        assert region.study(alike, region.answers(alike)).in_time == ()

    @pytest.mark.parametrize("name", ["alike", "apart"])
    def test_words_claim_nothing_and_agree_in_both_languages(self, name: str, request: pytest.FixtureRequest) -> None:
        found = made(request.getfixturevalue(name))
        for text in [*texts(found.study), *spoken(found.captions)]:
            assert figures(text.zh) == figures(text.en) and not half_width(text.zh), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en"), text
        show.intervals(found.scores, **found.captions["scores"])
        show.ladder(found.ladder, **found.captions["ladder"])
        show.table(found.sheet, **found.captions["sheet"])
        show.intervals(found.in_time, **found.captions["in_time"])


def test_every_answer_is_counted_or_left_out_for_a_reason(alike: Tables) -> None:
    chain, = counting.flows("52-region", alike, periods=1)
    assert chain.n == len(region.answers(alike, periods=1)) and set(chain.where) == {"", "outside"}


def test_answers_of_groups_that_are_too_small_are_not_counted_as_compared(alike: Tables) -> None:
    few = alike["responses"]["unit_id"].ne("D00") | ~alike["responses"]["unit_id"].duplicated()
    tables = alike | {"responses": alike["responses"][few].reset_index(drop=True)}
    chain, = counting.flows("52-region", tables, by="unit_id", periods=9)
    found = region.study(tables, region.answers(tables, by="unit_id", periods=9), by="unit_id")
    assert chain.n == found.sheet.loc[found.sheet["fixed"].map(lambda t: t.zh).ne("—"), "n"].sum() and "few" in set(chain.where)


def test_a_page_on_which_nothing_differs_says_so() -> None:
    """Whole pages: scores fall on dealers by lot. Neither the sheet nor the decision finds dealers apart; Cochran's Q on the same answers does."""
    said, decided, by_q = [], [], []
    for seed in range(40):
        tables = company(seed=seed, voices=800)
        kept = region.answers(tables)
        found = region.study(tables, kept, seed=seed)
        said.append("Yes" in {cell.en for cell in found.sheet["differ"]})
        decided.append("the differences that can be seen" in found.study.decision.en)
        coded = kept.assign(score=100.0 * (kept["nps_score"] >= 9) - 100.0 * (kept["nps_score"] <= 6))
        by_q.append(coverage_readers.differ_by_q([part for _, part in coded.groupby("region")]).any())
    assert np.mean(said) <= 0.1 and np.mean(decided) <= 0.1 and np.mean(by_q) >= 0.12, (np.mean(said), np.mean(decided), np.mean(by_q))


def test_ranks_on_pages_hold_the_true_order_which_numbers_alone_miss() -> None:
    """Whole pages on coded answers: the second region is truly a little lower; the ranks printed hold that, those by the numbers often do not."""
    held, by_numbers = [], []
    for seed in range(30):
        tables = company(seed=seed, voices=800, region_gap=0.1)
        found = region.study(tables, region.answers(tables), seed=seed)
        held.append(bool((found.fixed.best <= [1, 2]).all() and (found.fixed.worst >= [1, 2]).all()))
        by_numbers.append(found.fixed.plain.tolist() == [1, 2])
    assert np.mean(held) >= 0.9 and np.mean(by_numbers) <= 0.85, (np.mean(held), np.mean(by_numbers))


class TestWithoutUnits:
    """A company of accounts: answers and cases name a customer and no unit, and products are compared."""

    @pytest.fixture
    def placeless(self, alike: Tables) -> Tables:
        voices = alike["responses"].assign(unit_id=pd.Series(None, alike["responses"].index, dtype="str"))
        cases = alike["cases"].assign(unit_id=None)
        mine = cases["customer_id"].where(cases["customer_id"].notna(), alike["customers"]["customer_id"].iloc[0])
        return {name: table for name, table in alike.items() if name != "units"} | {"responses": voices, "cases": cases.assign(customer_id=mine)}

    def study(self, tables: Tables) -> region.Region:
        return region.study(tables, region.answers(tables, by="product"), by="product", given=GIVEN)

    def test_cases_are_placed_by_their_customer(self, placeless: Tables) -> None:
        found = self.study(placeless)
        people = placeless["customers"].set_index("customer_id")["product"]
        left = region.open_cases.at(placeless, region.answers(placeless, by="product")["submitted_at"].max())
        by_hand = left["customer_id"].map(people).value_counts()
        names = [text.en for text in found.sheet["group"]] if isinstance(found.sheet["group"].iloc[0], Text) else list(found.sheet["group"])
        assert found.sheet["open"].sum() == by_hand.sum() > 0 and len(names) == found.fixed.plain.size
        assert {e.group for e in found.in_time} == set(people.loc[placeless["cases"]["customer_id"].unique()])

    def test_where_nobody_knows_the_group_no_count_is_printed(self, placeless: Tables) -> None:
        """None is not zero: a table that says 0 open cases would be read as good news."""
        voices = placeless["responses"].assign(segment=np.where(np.arange(len(placeless["responses"])) % 2, "web", "app"))
        tables = placeless | {"responses": voices}
        found = region.study(tables, region.answers(tables, by="segment"), by="segment", given=GIVEN)
        assert "open" not in found.captions["sheet"]["columns"] and found.in_time == ()

    def test_no_sentence_speaks_of_units(self, placeless: Tables) -> None:
        found = self.study(placeless)
        said = [*texts(found.study), *spoken({name: found.captions[name] for name in ("scores", "sheet", "in_time")})]
        assert not [text.en for text in said if "unit" in text.en.lower() or "单位" in text.zh]
