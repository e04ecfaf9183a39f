"""The page on the frontline: its answer, its parts, and every cell of the notebook on data that lack this and that."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import notebook_cells
import numpy as np
import pandas as pd
import pytest
from frontline_tables import PRICES, RIVALS, company

from voclib.errors import DataError, ParameterError
from voclib.loop import frontline
from voclib.loop.frontline import heroes as frontline_heroes
from voclib.loop.frontline import lead as frontline_lead
from voclib.loop.frontline import lists as frontline_lists
from voclib.loop.frontline import loopback as frontline_loopback
from voclib.loop.frontline import reports as frontline_reports
from voclib.loop.frontline import teams as frontline_teams
from voclib.loop.frontline.lists import Lists
from voclib.readers import scorecard
from voclib.reporting import wording
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.stats import gates as gating
from voclib.stats import onsets
from voclib.studies import counting

ROOT = Path(__file__).parents[3]
GATES = gating.load()
LISTS = Lists(list_prices=PRICES, names={"海拓": "Haituo"})


FEW_DRAWS = {"draws": 40}


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Fewer draws and shuffles than a page takes: what is tested here is not their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onsets, "dated", partial(onsets.dated, **FEW_DRAWS))
        patch.setattr(frontline, "Settings", partial(frontline.Settings, shuffles=20))
        yield


@pytest.fixture(scope="module")
def tables():
    return company()


@pytest.fixture(scope="module")
def result(tables, quick):
    return frontline.study(tables, LISTS, seed=3)


class TestReading:
    def test_days_count_from_local_midnight(self, tables):
        found = frontline_reports.read(tables)
        assert found.start == pd.Timestamp("2025-01-01", tz="Asia/Shanghai") and found.table["day"].is_monotonic_increasing
        assert found.whole_days(found.table["reported_at"]).tolist() == np.floor(found.table["day"]).astype(int).tolist()

    def test_a_part_is_read_off_the_text_only_where_it_is_one(self):
        at = pd.Timestamp("2025-01-05 10:00", tz="Asia/Shanghai")
        texts = ["门锁坏了", "天窗和门锁都响", "大天窗卡住", None, "刹车片磨了"]
        reports = pd.DataFrame({"report_id": list("abcde"), "reported_at": at, "kind": ["product_bug"] * 4 + ["process_suggestion"], "text": texts})
        repairs = pd.DataFrame({"part": ["门锁", "天窗", "大天窗", "刹车片"]})
        found = frontline_reports.read({"frontline_reports": reports, "repairs": repairs}).table["part"]
        assert found.isna().tolist() == [False, True, False, True, True] and found[[0, 2]].tolist() == ["门锁", "大天窗"]

    @pytest.mark.parametrize(("change", "said"), [
        (lambda f: None, "no table 'frontline_reports'"), (lambda f: f.iloc[:0], "or it is empty"), (lambda f: f.drop(columns="kind"), "lacks kind"),
        (lambda f: f.assign(reported_at=pd.Series(pd.NaT, f.index, dtype=f["reported_at"].dtype)), "has a time in reported_at"),
        (lambda f: f.assign(reported_at=f["reported_at"].dt.tz_localize(None)), "without a time zone")])
    def test_what_is_missing_is_said_in_words(self, tables, change, said):
        made = change(tables["frontline_reports"])
        given = {k: v for k, v in tables.items() if k != "frontline_reports"} | ({} if made is None else {"frontline_reports": made})
        with pytest.raises(DataError, match=said):
            frontline.study(given)

    def test_rows_that_say_who_sent_them_are_counted(self, tables):
        table = tables["frontline_reports"].copy()
        table.loc[table.index[:3], "staff_id"] = None
        table.loc[table.index[3:5], "unit_id"] = None
        table.loc[table.index[5:7], "reported_at"] = pd.NaT
        found = pd.Series(frontline_reports.steps(tables | {"frontline_reports": table})).value_counts()
        assert found[["unsigned", "placeless", "undated"]].tolist() == [3, 2, 2] and found[""] == len(table) - 7


class TestLoopBack:
    def test_the_ladder_goes_from_before_and_after_to_a_rate_of_ones_own(self, result):
        ladder = result.loop.ladder
        assert [one.rung for one in ladder.rungs] == ["before_after", "told_or_not", "within", "own_rate", "against_fixed"]
        assert ladder["within"].value < ladder["own_rate"].value and ladder["own_rate"].conf_low < 2.2 < ladder["own_rate"].conf_high
        assert result.study.headline[0].value == ladder["own_rate"].value and result.study.headline[0].evidence_level == 1
        assert result.study.naive.value == ladder["before_after"].value

    def test_person_time_adds_up(self, tables, result):
        some = frontline_loopback.people(result.reports, tables)
        signed = result.reports.table[["staff_id", "unit_id"]].notna().all(axis=1)
        assert some.counts.sum() == signed.sum()
        assert np.allclose(some.exposure.sum(axis=(1, 2)), result.reports.days, atol=1e-3)
        assert ((some.counts == 0) | (some.exposure > 0)).all()

    def test_nobody_hears_before_reporting(self, tables, result):
        some = frontline_loopback.people(result.reports, tables)
        heard = some.exposure[..., 2].sum(axis=1) > 0
        assert (some.counts[heard][..., :2].sum(axis=(1, 2)) >= 1).all()

    def test_a_closed_dealer_ends_the_time_of_its_people(self, tables, result):
        day = result.reports.start.tz_localize(None) + pd.Timedelta(days=200)
        units = tables["units"].assign(closed_on=lambda f: f["closed_on"].where(f["unit_id"] != "D05", day))
        some = frontline_loopback.people(result.reports, tables | {"units": units})
        last = result.reports.table.groupby("staff_id")["day"].max()
        for at in np.flatnonzero(some.unit == "D05"):
            assert some.exposure[at].sum() == pytest.approx(max(201.0, last[some.staff[at]]), abs=1e-3)

    def test_fixes_not_told_yet_are_followed_to_the_end(self, result):
        told = result.loop.told
        assert told.closed.value == 1.0 and 0.3 < told.every.value < 0.7 and told.every.n == result.reports.table["fixed_at"].notna().sum()

    def test_a_fix_without_news_is_the_placebo(self, result):
        check = next(c for c in result.study.checks if c.name.en == "A fix without feedback shows no change")
        assert check.passed is (result.loop.placebo.conf_low <= 1 <= result.loop.placebo.conf_high)

    def test_few_who_heard_make_a_refusal(self, tables):
        silent = tables["frontline_reports"].assign(notified_at=lambda f: pd.Series(pd.NaT, f.index, dtype=f["notified_at"].dtype))
        study = frontline.study(tables | {"frontline_reports": silent}).study
        assert study.verdict is Verdict.REFUSE and study.headline[0].kind == "refusal" and "10" in study.headline[0].needs.en

    def test_few_dealers_make_a_refusal(self, tables):
        few = tables["frontline_reports"][tables["frontline_reports"]["unit_id"] < "D08"]
        assert "dealers" in frontline.study(tables | {"frontline_reports": few}).study.headline[0].reason.en


class TestLead:
    def test_one_event_is_a_range_and_an_anecdote(self, result):
        lead = result.leads.lead
        assert lead.kind == "bounds" and lead.evidence_level == 0 and lead.bound_low <= 10 <= lead.bound_high
        assert "anecdote" in result.study.answer.en and "个例" in result.study.answer.zh

    def test_without_the_frontline_there_is_no_lead(self, tables):
        deaf = tables["frontline_reports"][~tables["frontline_reports"]["report_id"].str.startswith("G")]
        found = frontline.study(tables | {"frontline_reports": deaf}).leads
        assert found.lead.kind == "refusal" and not found.heard

    def test_several_events_have_an_interval(self, result):
        one = result.leads.heard[0]
        made = frontline_lead.lead(tuple(replace(one, part=f"part {k}") for k in range(6)), 9, frontline_lead.Settings())
        assert made.kind == "estimate" and made.conf_low < made.value < made.conf_high and made.n == 6
        # six leads that happen to agree are no surer than their days are
        wide = (one.lead[2] - one.lead[1]) / 2
        assert made.conf_high - made.value >= 0.9 * wide / 6**0.5

    def test_without_batches_a_model_and_part_is_watched(self, tables, result):
        bare = tables | {"repairs": tables["repairs"].drop(columns="batch_id")}
        repairs, _, _ = frontline_lead.sides(result.reports, bare)
        assert set(repairs["batch"]) == set(tables["repairs"]["product"])


class TestHeroes:
    def test_cards_name_nobody(self, tables, result):
        shown = " ".join(str(cell) for cell in result.cards.to_numpy().ravel())
        assert not any(key in shown for key in tables["frontline_reports"]["staff_id"].unique())
        assert not any(key in shown for key in tables["units"]["unit_id"]) and result.cards["month"].is_unique

    def test_a_region_with_few_who_report_is_not_told(self, tables, result):
        units = tables["units"].assign(region=lambda f: f["region"].where(f["unit_id"] != "D00", "孤岛"))
        found = frontline_reports.read(tables | {"units": units})
        lone = found.table["staff_id"].where(found.table["region"] == "孤岛").nunique()
        regions = set(frontline_heroes.study(found).cards["region"])
        assert lone >= frontline_heroes.SMALL or "孤岛" not in regions

    def test_a_first_has_nobody_before_it(self, result):
        table = result.reports.table.assign(subject=frontline_heroes.subject(result.reports.table))
        for row in result.heroes.cards.to_dict("records"):
            mine = table[table["kind"].eq(row["kind"]) & table["on"].astype(str).eq(row["reported"])]
            assert row["reported"][:7] == row["month"]
            for key, day in zip(mine["subject"], mine["day"], strict=True):
                if set(row["subject"]) <= set(key.split("|")) and not mine["is_repeat"].all():
                    same = table[table["subject"].eq(key)]
                    assert not same["day"].between(day - frontline_heroes.LOOK_BACK, day - 1).any()

    def test_a_linked_repeat_before_leaves_doubt_as_well(self, result):
        """Somebody said the same within the days before, be it marked as a repeat of another or not."""
        table = result.reports.table
        rows = table[~table["is_repeat"] & table["confirmed_at"].notna()].tail(1)
        earlier = rows.assign(report_id="earlier", is_repeat=True, day=rows["day"] - 10.0, duplicate_of_report_id=table["report_id"].iloc[0])
        quiet = frontline_heroes.study(replace(result.reports, table=rows))
        told = frontline_heroes.study(replace(result.reports, table=pd.concat([earlier, rows], ignore_index=True)))
        assert quiet.proven == 1 and told.proven == 0 and told.contested == 1

    def test_money_is_published_for_other_pages(self, tables, result):
        told = next(one for one in result.study.headline if one.estimand == "recovered_money")
        assert told.kind == "count" and told.unit == "cny" and told.verdict is Verdict.REPORT_WITH_CAVEAT
        card = scorecard.load(ROOT / "params/rules/scorecard.yml")
        row = next(row for layer in card.layers for row in layer.rows if row.estimand == "recovered_money")
        assert scorecard._chosen(row, result.study) == told
        empty = tables["frontline_reports"].assign(recovered_cny=np.nan)
        refused = frontline_heroes.study(frontline_reports.read(tables | {"frontline_reports": empty})).recovered
        assert refused.kind == "refusal" and refused.needs.zh

    def test_money_is_a_sum(self, tables, result):
        assert result.heroes.recovered.kind == "count"
        assert result.heroes.recovered.value == pytest.approx(tables["frontline_reports"]["recovered_cny"].sum())
        assert result.heroes.by_kind["money"].sum() == pytest.approx(result.heroes.recovered.value)


class TestTeams:
    def test_rates_are_reports_by_hours(self, result):
        dealers = result.teams.dealers
        assert result.teams.overall.value == pytest.approx(1000 * dealers["n"].sum() / dealers["hours"].sum())
        assert len(result.teams.rates) == 3 and all(one.kind == "estimate" for one in result.teams.rates)

    def test_silent_dealers_are_counted_not_named(self, result):
        assert result.teams.silent_n == int(result.teams.dealers["n"].eq(0).sum()) == result.regions["silent"].sum()
        assert {one.group for one in result.teams.silent} == {"alike", "lognormal", "gamma"}

    def test_silence_that_may_be_chance_is_not_called_unwilling(self, result):
        check = next(c for c in result.study.checks if c.name.en == "Silent dealers compared with chance")
        assert not result.teams.is_told and check.detail.zh.endswith("至少有一种算法没有超出碰巧，所以不能说他们不肯说。")
        assert check.detail.en.endswith("At least one of the two stays within chance, so it cannot be said that they are unwilling to speak.")

    def test_few_people_are_not_shown(self, tables, result):
        waves = tables["employee_waves"].assign(invited_n=0)
        shown = frontline_teams.study(result.reports, tables | {"employee_waves": waves}, conf_level=0.95, seed=1).regions
        assert shown["staff"].isna().all() and shown["spoke"].isna().all()

    def test_a_few_dealers_of_a_region_make_a_refusal(self, tables, result):
        units = tables["units"].assign(region=[f"区{i % 10}" for i in range(len(tables["units"]))])
        found = frontline_teams.study(result.reports, tables | {"units": units}, conf_level=0.95, seed=1)
        assert {one.kind for one in found.rates} == {"refusal"} and found.overall.kind == "estimate"


class TestRivals:
    def test_quotes_lie_below_our_list_as_planted(self, result):
        for one in result.rivals.undercut:
            assert one.conf_low <= RIVALS[one.group] <= one.conf_high
        assert sum(one.value for one in result.rivals.shares) == pytest.approx(1.0)

    @pytest.mark.parametrize("dealers", [1, 2, 9])
    def test_quotes_of_a_few_dealers_make_a_refusal(self, tables, dealers):
        """One keen dealer, or nine, send all quotes of a rival: how dealers differ is not to be seen."""
        table = tables["frontline_reports"].copy()
        mine = table["competitor"].eq("海拓")
        table.loc[mine, "unit_id"] = [f"D{k % dealers:02d}" for k in range(mine.sum())]
        found = frontline.study(tables | {"frontline_reports": table}, LISTS).rivals.undercut
        keen = next(one for one in found if one.group == "海拓")
        assert keen.kind == "refusal" and str(dealers) in keen.reason.en and str(dealers) in keen.reason.zh and "10" in keen.needs.en
        table.loc[mine[mine].index[1:], "unit_id"] = None
        found = frontline.study(tables | {"frontline_reports": table}, LISTS).rivals.undercut
        keen = next(one for one in found if one.group == "海拓")
        assert keen.kind == "refusal" and keen.reason.en.startswith(f"Of {keen.n} quotes, 1 names a dealer, only 1 in all")

    def test_without_list_prices_there_is_no_gap(self, tables):
        found = frontline.study(tables).rivals
        assert {one.kind for one in found.undercut} == {"refusal"} and "frontline.yml" in found.undercut[0].needs.en

    def test_won_and_lost_is_refused(self, result):
        assert result.rivals.win_loss.kind == "refusal" and "deals" in result.rivals.win_loss.needs.en


class TestLists:
    def test_the_file_of_the_sample_is_read(self):
        lists = frontline_lists.load(ROOT / "params/rules/frontline.yml", ROOT / "params/rules/aspects.yml")
        assert lists.list_prices["辰星 E5"] == 149800 and lists.name("vehicle_price").zh != "vehicle_price" and lists.name("没有").en == "没有"
        assert frontline_lists.load().name("a_b").en == "a b"

    @pytest.mark.parametrize(("text", "said"), [("list_prices: {甲: -3}\n", "above zero"), ("list_price: {甲: 3}\n", "unknown key"),
                                                ("list_prices: {甲: 便宜}\n", "list_prices")])
    def test_what_is_wrong_is_said_in_words(self, tmp_path, text, said):
        (tmp_path / "mine.yml").write_text(text, "utf-8")
        with pytest.raises(ParameterError, match=said):
            frontline_lists.load(tmp_path / "mine.yml")


class TestWords:
    def test_texts_claim_no_more_than_they_may(self, result):
        study = result.study
        said = [study.answer, study.caveat, study.decision, *(c.detail for c in study.checks), *(c.name for c in study.checks),
                *(c.consequence for c in study.checks if c.consequence), *(t for pair in study.limits for t in pair)]
        said += [value for one in result.captions.values() for value in one.values() if isinstance(value, Text)]
        said += [t for one in result.captions.values() for v in one.values() if isinstance(v, dict) for t in v.values() if isinstance(t, Text)]
        assert [t for t in said if verbs_exceed(t.zh, 1, "zh") or verbs_exceed(t.en, 1, "en") or half_width(t.zh)] == []

    def test_both_languages_hold_the_same_numbers(self, result):
        for text in (result.study.answer, *(check.detail for check in result.study.checks)):
            digits = [sorted("".join(c if c.isdigit() else " " for c in t).split()) for t in (text.zh, text.en)]
            assert set(digits[0]) == set(digits[1]), text

    def test_names_of_estimands_are_known(self, result):
        for one in (*result.study.headline, *result.teams.rates, *result.teams.silent, *result.rivals.shares, *result.rivals.undercut,
                    result.rivals.win_loss, result.heroes.recovered):
            wording.name(one.estimand)

    def test_no_employee_or_dealer_stands_on_the_page(self, tables, result):
        said = json.dumps(result.study.to_dict(), ensure_ascii=False) + str(result.captions)
        assert not any(key in said for key in [*tables["units"]["unit_id"], *tables["frontline_reports"]["staff_id"].unique()])

    def test_same_tables_same_study(self, tables, result):
        shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
        again = frontline.study(shuffled, LISTS, seed=3)
        assert again.study.to_dict() == result.study.to_dict()
        pd.testing.assert_frame_equal(again.months, result.months)

    def test_truth_is_set_beside_what_was_found(self, result):
        planted = {"reporting_ratio_once_told": 2.2, "told_share_of_fixed": 0.55, "lead_days": 10, "duplicates_n": 1, "silent_dealers": ["D01"],
                   "undercut_share": RIVALS}
        made = frontline.against_truth(result, {"field": {"frontline": planted}}, LISTS)
        said = dict(zip(made["what"].map(lambda t: t.en), made["inside"].map(lambda t: t.en), strict=True))
        assert said["Ratio after hearing"] == said["Days earlier"] == said["Haituo's quotes below ours"] == "yes" and said["Repeats"] == "no"
        assert frontline.against_truth(result, {}, LISTS).empty


class TestOneReportFarFromTheOthers:
    """One report of a mistyped year must not make years in which nobody reported: whoever heard would seem to report several times as often."""

    def test_it_changes_no_ratio_and_has_its_place(self, tables):
        given = tables["frontline_reports"]
        moments = {name: pd.Series(["2022-06-01" if name == "reported_at" else pd.NaT], index=given.index[:1]).astype("datetime64[us]")
                   .dt.tz_localize("UTC").astype(given[name].dtype) for name in frontline_reports.MOMENTS}
        stray = given.head(1).assign(report_id="stray", **moments)
        with_one = tables | {"frontline_reports": pd.concat([stray, given], ignore_index=True)}
        known, ours = (frontline_reports.read(each) for each in (tables, with_one))
        early = pd.Timestamp("2022-06-01", tz="Asia/Shanghai")
        naive = replace(known, start=early, table=known.table.assign(day=known.table["day"] + (known.start - early) / pd.Timedelta(days=1)))
        rates = [frontline_loopback.rungs(frontline_loopback.people(one, tables), conf_level=0.95)[0]["own_rate"] for one in (known, ours, naive)]
        assert ours.start == known.start and rates[1].value == rates[0].value
        assert rates[2].value > 1.5 * rates[0].value and rates[2].conf_low > rates[0].value, "taken for the beginning"
        chain = next(one for one in counting.flows("32-frontline", with_one) if one.table == "frontline_reports")
        assert (chain.where == "alone").sum() == 1 and chain.n == len(given)


class TestCounting:
    def test_every_row_has_a_place(self, tables):
        found = {f.table: f for f in counting.flows("32-frontline", tables)}
        assert set(found) == {"frontline_reports", "repairs", "rosters"} and found["frontline_reports"].n == len(tables["frontline_reports"])
        assert found["rosters"].n == len(tables["rosters"])


def _without(name):
    return lambda t: {k: v for k, v in t.items() if k != name}


def _reports(change):
    return lambda t: t | {"frontline_reports": change(t["frontline_reports"])}


THIN = {
    "nothing but reports": lambda t: {"frontline_reports": t["frontline_reports"]},
    "no repairs": _without("repairs"),
    "no rosters": _without("rosters"),
    "no units": _without("units"),
    "no waves": _without("employee_waves"),
    "one dealer": _reports(lambda f: f[f["unit_id"] == "D03"]),
    "one report": _reports(lambda f: f.head(1)),
    "three reports": _reports(lambda f: f.head(3)),
    "only what must be": _reports(lambda f: f[["report_id", "reported_at", "kind"]]),
    "nobody named": _reports(lambda f: f.assign(staff_id=None)),
    "nothing fixed": _reports(lambda f: f.assign(**{name: pd.Series(pd.NaT, f.index, dtype=f[name].dtype) for name in
                                                    ("confirmed_at", "fixed_at", "notified_at")})),
    "all told at once": _reports(lambda f: f.assign(notified_at=f["fixed_at"])),
    "bugs alone": _reports(lambda f: f[f["kind"] == "product_bug"]),
    "rivals alone": _reports(lambda f: f[f["kind"] == "competitor_intel"]),
    "no time on some": _reports(lambda f: f.assign(reported_at=f["reported_at"].where(f.index % 2 == 0))),
    "repairs of other years": lambda t: t | {"repairs": t["repairs"].assign(repaired_at=lambda f: f["repaired_at"] - pd.Timedelta(days=3000))},
    "repairs without models": lambda t: t | {"repairs": t["repairs"][["repair_id", "repaired_at", "part"]]},
    "repairs without times": lambda t: t | {"repairs": t["repairs"].assign(
        repaired_at=lambda f: pd.Series(pd.NaT, f.index, dtype=f["repaired_at"].dtype))},
    "rosters of nobody": lambda t: t | {"rosters": t["rosters"].assign(worked_hours=0.0)},
    "empty tables": lambda t: {k: v if k == "frontline_reports" else v.iloc[:0] for k, v in t.items()},
}


@pytest.mark.parametrize("case", THIN)
def test_every_cell_runs_on_thin_data(case, tables, monkeypatch):
    notebook_cells.load(THIN[case](tables), monkeypatch)
    study = notebook_cells.run("32-frontline")["result"].study
    assert study.answer.zh and study.answer.en and study.headline
    assert study.headline[0].kind != "refusal" or (study.verdict is Verdict.REFUSE and study.headline[0].needs.zh)
