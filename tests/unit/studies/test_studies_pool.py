"""The study of the voice pool: how many voices can be used, and every wording of the import in both languages."""

from __future__ import annotations

import copy
import re

import pandas as pd
import pytest
from study_tables import figures, spoken, texts

from voclib.errors import DataError
from voclib.results import Text, Verdict
from voclib.schema import TABLES, coercion, mending, rules
from voclib.sources.reading import cells, decimal_signs, readers, spreadsheets
from voclib.sources.standardising import labels
from voclib.studies import pool
from voclib.studies.pool import doubts, reasons, touchpoints
from voclib.studies.pool import text as pool_text

CARD = {
    "name": "shop",
    "totals": {"rows_read": 120, "accepted": 110, "clean": 101, "repaired": 9, "quarantined": 10, "unreadable": 2},
    "valid_voice": [["customer_id"], ["unit_id", "segment"], ["emotion", "nps_score", "csat_score"]],
    "channels": {
        "survey": {"rows_read": 100, "accepted": 95, "clean": 86, "repaired": 9, "quarantined": 5, "voices": 100, "voices_valid": 90,
                   "valid_share": 0.9,
                   "missing_required": [{"fields": "unit_id | segment", "n": 3}, {"fields": "customer_id", "n": 2}],
                   "redactions": {"phone": 4, "email": 1}, "unmatched_customers": 0,
                   "voices_accepted": 95, "without_customer": 2, "first_day": "2026-01-02", "last_day": "2026-03-30"},
        "post": {"rows_read": 10, "accepted": 8, "clean": 8, "repaired": 0, "quarantined": 2, "voices": 10, "voices_valid": 8, "valid_share": 0.8,
                 "missing_required": [{"fields": "customer_id", "n": 2}], "redactions": {"phone": 1}, "unmatched_customers": 0,
                 "voices_accepted": 8, "without_customer": 2, "first_day": "2026-02-01", "last_day": "2026-04-02"},
        "master": {"rows_read": 10, "accepted": 7, "clean": 7, "repaired": 0, "quarantined": 3, "redactions": {}, "unmatched_customers": 0},
    },
    "tables": {
        "responses": {"problems": [{"column": "response_id", "problem": "duplicate key", "n": 5},
                                   {"column": "nps_score", "problem": "outside 0–10", "n": 3}],
                      "repairs": [{"column": "nps_score", "problem": "full-width characters read as plain", "n": 9}]},
        "units": {"problems": [], "repairs": []},
        "customers": {"problems": [], "repairs": [], "accepted": 60},
    },
    "files": [
        {"file": "a.csv", "status": "connected", "ignored_columns": ["国家"],
         "columns": {"constant": {"国家": 100}, "empty": {"备注": 0}, "mostly_empty": {"设备": 0.93}}},
        {"file": "b.csv", "status": "missing"},
    ],
    "traps": [],
    "feeds": {"last_day": "2026-04-02", "has_register": False, "touchpoints": [], "unregistered": []},
    "format_changes": [], "campaigns": {"same_batch": [], "entered_again": [], "copied_text": []}, "duplicates": [],
    "tiers": {"voices": [], "cases": []},
    "redaction": {"covered": ["phone", "email", "vin"], "not_covered": {"zh": ["人名"], "en": ["names of people"]}},
}


def card(**changes):
    return {**copy.deepcopy(CARD), **changes}


def channel(name: str, **changes):
    found = card()
    found["channels"][name] |= changes
    return found


def check(found: pool.Pool, name: str):
    return next(c for c in found.study.checks if c.name.en == name)


class TestFinding:
    def test_the_share_is_an_exact_count_over_all_channels_with_voices(self) -> None:
        study = pool.study(CARD).study
        [share] = study.headline
        assert (share.kind, share.value, share.n, study.verdict) == ("count", 98 / 110, 110, Verdict.REPORT)
        assert study.answer.zh.startswith("110 条声音里，98 条有效，占 89%") and study.answer.en.startswith("98 of 110 voices, or 89%, are valid")
        assert study.kicker == Text("客户声音池 · 2026-01-02 至 2026-04-02", "The voice pool · 2026-01-02 to 2026-04-02")
        assert {t.en: n for t, n in pool.facts(CARD).items()} == {
            "rows read": 120, "rows accepted as is": 101, "rows repaired and accepted": 9, "rows quarantined": 10}

    def test_the_decision_names_the_field_that_costs_most_over_all_channels(self) -> None:
        study = pool.study(CARD).study
        assert study.decision == Text("先让导出补上“客户”：它一项就让 4 条声音失效。",
                                      "First add the missing field “customer” to the exports: without it 4 voices are invalid.")
        whole = card()
        for found in whole["channels"].values():
            found["missing_required"] = []
        assert pool.study(whole).study.decision.en.startswith("Nothing needs fixing")

    def test_no_voices_is_an_error(self) -> None:
        with pytest.raises(DataError, match="The scorecard of 'shop' counts no voices"):
            pool.study(card(channels={"master": CARD["channels"]["master"]}))

    def test_a_pool_without_days_has_no_span(self) -> None:
        found = card()
        for entry in found["channels"].values():
            entry |= {"first_day": None, "last_day": None}
        assert pool.study(found).study.kicker.en == "The voice pool"

    def test_both_languages_say_the_same_figures(self, small_company) -> None:
        for found in (pool.study(CARD), pool.study(small_company.card)):
            for text in [*texts(found.study), *spoken(found.captions)]:
                assert figures(text.zh) == figures(text.en), text


class TestChecks:
    def test_a_lost_row_fails_the_balance(self) -> None:
        assert check(pool.study(CARD), "No row is lost").passed is True
        lost = pool.study(card(totals={**CARD["totals"], "clean": 100}))
        assert check(lost, "No row is lost").passed is False and lost.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert "= 原样接受 100 +" in check(lost, "No row is lost").detail.zh

    def test_a_channel_that_does_not_add_up_fails_it_too(self) -> None:
        assert check(pool.study(channel("post", quarantined=1)), "No row is lost").passed is False

    def test_a_leaked_outcome_fails_its_check_and_stands_among_the_traps(self) -> None:
        leak = {"trap": "leaked_outcome", "column": "csat_score", "outcome": "is_churned", "settled_share": 0.67, "n": 90}
        found = pool.study(card(traps=[leak]))
        assert check(found, "No score reveals an outcome").passed is False and found.study.verdict is Verdict.REPORT_WITH_CAVEAT
        row = found.traps.iloc[-1]
        assert row["where"] == "csat_score → is_churned" and "67%" in row["meaning"].zh and "must not be used to predict" in row["meaning"].en

    @pytest.mark.parametrize(("floor", "passed"), [(0.8, True), (0.85, False)])
    def test_a_channel_below_the_floor_is_named(self, floor: float, passed: bool) -> None:
        found = pool.study(CARD, required_share=floor)
        assert check(found, "Every channel has enough valid voices").passed is passed
        assert (found.study.verdict is Verdict.REPORT) is passed
        assert ("帖子" in check(found, "Every channel has enough valid voices").detail.zh) is not passed

    def test_customers_on_no_list_are_told_but_fail_nothing(self) -> None:
        found = pool.study(channel("survey", unmatched_customers=7))
        assert check(found, "Every customer is on the list").passed is None and "7" in check(found, "Every customer is on the list").detail.en
        assert found.study.verdict is Verdict.REPORT
        assert "人名" in check(found, "Names and some other details are not covered").detail.zh


    @pytest.mark.parametrize(("named", "passed", "said"), [
        (True, True, "99 voices name a customer, 4 do not and cannot be checked"), (False, None, "There are no customer numbers to check.")])
    def test_nobody_named_is_nobody_looked_up(self, named: bool, passed: bool | None, said: str) -> None:
        given = card()
        for found in given["channels"].values():
            found["without_customer"] = found.get("without_customer", 0) if named else found.get("voices_accepted", 0)
        asked = check(pool.study(given), "Every customer is on the list")
        assert asked.passed is passed and said in asked.detail.en and ("没有客户编号" in asked.detail.zh) is not named

    def test_without_a_list_nobody_is_said_to_be_on_it(self) -> None:
        given = card(tables={name: table for name, table in CARD["tables"].items() if name != "customers"})
        found = check(pool.study(given), "Every customer is on the list")
        assert found.passed is None and found.detail.en == "99 voices name a customer, but the data hold no customer list to check against."
        assert "no customer list" in touchpoints.matched(given).en and "in a row is on the list" in touchpoints.matched(CARD).en

    def test_a_pool_of_no_accepted_voice_is_not_said_to_lack_nothing(self) -> None:
        """Every row was quarantined: no accepted voice lacks a field, and none has it."""
        lost = {"voices_accepted": 0, "voices_valid": 0, "valid_share": 0.0, "missing_required": []}
        given = card(channels={name: c | (lost if "voices" in c else {}) for name, c in CARD["channels"].items()})
        found = pool.study(given)
        assert found.captions["validity"]["title"].en == "0 of 2 channels have every required field in every voice"
        assert found.captions["missing"]["title"].en == "No voice was accepted" and found.study.decision.en.startswith("Fix the export first")

    def test_a_pool_of_no_valid_voice_is_refused(self) -> None:
        given = card()
        for name in ("survey", "post"):
            given["channels"][name] |= {"voices_valid": 0, "valid_share": 0.0}
        found = pool.study(given)
        assert found.study.verdict is found.study.headline[0].verdict is Verdict.REFUSE and found.study.headline[0].value == 0
        assert pool.study(CARD, required_share=0.85).study.verdict is Verdict.REPORT_WITH_CAVEAT


class TestFrames:
    def test_every_channel_is_reconciled(self) -> None:
        table = pool.study(CARD).channels
        assert (table["rows_read"] == table["clean"] + table["repaired"] + table["quarantined"]).all() and [t.en for t in table["channel"]] == [
            "Surveys", "Posts", "Master data"]

    def test_validity_names_what_a_channel_lacks_most(self) -> None:
        table = pool.study(CARD).validity
        assert [t.en for t in table["channel"]] == ["Surveys", "Posts"] and table["share"].tolist() == [0.9, 0.8]
        assert table["lack"][0] == Text("门店或场景（3）、客户（2）", "unit or situation (3), customer (2)")
        assert pool.study(CARD).captions["validity"]["subtitle"].en == "Required: customer; unit or situation; feeling or any score"

    def test_reasons_are_sorted_and_worded_in_both_languages(self) -> None:
        found = pool.study(CARD)
        assert found.reasons.values.tolist() == [["responses · response_id · duplicate key", 5], ["responses · nps_score · outside 0–10", 3],
                                                 ["unreadable row", 2]]
        labels = found.captions["reasons"]["labels"]
        assert labels["responses · nps_score · outside 0–10"] == Text("客户声音：推荐意愿超出范围 0–10", "Voices: recommend score outside 0–10")
        assert labels["unreadable row"].zh == "读不出的行"

    def test_repairs_redactions_and_missing_fields(self) -> None:
        found = pool.study(CARD)
        assert found.repairs.to_dict("records") == [{"where": "responses · nps_score", "n": 9,
                                                     "problem": Text("全角转半角", "full-width characters read as plain")}]
        assert [(t.en, n) for t, n in found.redactions.itertuples(index=False)] == [("Phone numbers", 5), ("E-mail addresses", 1), ("VINs", 0)]
        assert found.missing.values.tolist() == [["customer_id", 4], ["unit_id | segment", 3]]
        assert found.captions["missing"]["labels"]["unit_id | segment"] == Text("门店或场景（累计 100%）", "unit or situation (cumulative 100%)")
        assert found.captions["missing"]["labels"]["customer_id"].zh == "客户（累计 57%）"
        nothing = pool.study(card(tables={"units": {"problems": [], "repairs": []}}, totals={**CARD["totals"], "unreadable": 0}))
        assert nothing.repairs["problem"].tolist() == [pool_text.NOTHING_REPAIRED] and nothing.reasons.empty

    def test_odd_columns_and_silent_files_stand_among_the_traps(self) -> None:
        rows = [(t.en, where) for t, where in pool.study(CARD).traps[["trap", "where"]].itertuples(index=False)]
        assert set(rows) >= {("Only one value", "a.csv · 国家"), ("Almost empty", "a.csv · 设备"), ("Unused columns", "a.csv"),
                             ("No data", "b.csv")}
        assert pool.study(card(files=[])).traps["trap"][0].en == "None found"

    def test_a_column_never_filled_is_told(self) -> None:
        assert "a.csv · 备注" in pool.study(CARD).traps["where"].tolist()

    def test_a_trap_names_the_files_it_lies_in_or_their_channel(self) -> None:
        trap = {"trap": "repeated_text", "channel": "survey", "column": "comment", "texts": 2, "rows": 4, "disagreeing": 0}
        assert pool_text.trap_row(trap | {"files": ["a.csv", "b.xlsx"]})[1] == "a.csv, b.xlsx · comment"
        assert pool_text.trap_row(trap)[1] == "survey · comment"
        many = [f"{month:02d}.csv" for month in range(1, 61)]
        assert pool_text.trap_row(trap | {"files": many})[1] == "01.csv, 02.csv, 03.csv … (60) · comment"

    @pytest.mark.parametrize("trap", [
        {"trap": "busy_day", "column": "submitted_at", "day": "2026-01-01", "rows": 50, "share": 0.4},
        {"trap": "repeated_text", "channel": "survey", "column": "comment", "texts": 2, "rows": 4, "disagreeing": 0},
        {"trap": "contradiction", "channel": "survey", "column": "nps_score", "other": "is_recommended", "n": 90, "rows": 6},
        {"trap": "placeholder_date", "channel": "survey", "column": "touched_at", "day": "1900-01-01", "rows": 12},
    ], ids=lambda t: t["trap"])
    def test_every_trap_is_worded(self, trap: dict) -> None:
        name, where, meaning = pool_text.trap_row(trap)
        assert name.zh != name.en and trap["trap"] not in (name.zh, name.en) and trap["column"] in where
        assert str(trap["rows"]) in meaning.zh and str(trap["rows"]) in meaning.en, "the rows concerned, not the rows looked at"


class TestExamples:
    VOICES = pd.DataFrame({"response_id": ["r1", "r2", "r3", "r4"], "channel": ["survey", "app", "review", "blog"],
                           "comment": pd.array(["很好", "打〔电话〕找我", None, "call [phone]"], dtype="str")})

    def test_nothing_is_shown_where_words_are_not_ours(self) -> None:
        shown = pool.examples(self.VOICES, show=False)
        assert shown["comment"].tolist() == [pool_text.WITHHELD]
        assert not any(text in str(shown.to_dict()) for text in self.VOICES["comment"].dropna())

    def test_redacted_voices_come_first_and_silent_ones_never(self) -> None:
        shown = pool.examples(self.VOICES, show=True)
        assert shown["comment"].tolist() == ["打〔电话〕找我", "call [phone]", "很好"]
        assert [t.en for t in shown["channel"]] == ["App", "blog", "Surveys"]
        assert len(pool.examples(self.VOICES, show=True, n=2)) == 2
        assert pool.examples(self.VOICES.head(0), show=True).empty

    def test_every_placeholder_of_redaction_is_recognised(self) -> None:
        from voclib.privacy.redaction import PLACEHOLDERS

        marks = [mark for words in PLACEHOLDERS.values() for mark in words.values()]
        voices = pd.DataFrame({"response_id": [f"z{i:02d}" for i in range(len(marks))] + ["a"], "channel": "app",
                               "comment": pd.array([f"x {m}" for m in marks] + ["plain"], dtype="str")})
        shown = pool.examples(voices, show=True, n=4)["comment"].tolist()
        assert shown == ["x 〔证件号〕", "x [ID card]", "plain"], "half of them redacted ones"
        assert pool.examples(voices, show=True, n=2 * len(marks))["comment"].tolist()[-1] == "plain"


def _problems() -> list[str]:
    """Every wording the data standard has for a row set aside."""
    found = [rules.MISSING, rules.DUPLICATE, *rules.UNREADABLE.values(), "lies after 2026-09-30", f"{mending.UNFIT}h' does not fit minutes"]
    for table, schema in TABLES.items():
        found += [rule.problem for rule in rules.rules(table)]
        found += [rules.before(earlier) for _, earlier in schema.metadata["after"]]
        found += [rules.unknown(f"{target}.{key}") for target, key, _ in rules.references(table).values()]
    return sorted(set(found))


def _repairs() -> list[str]:
    """Every wording for a mended cell; several may be joined."""
    notes = [mending.BLANKS, mending.WIDE, mending.SEPARATORS, mending.UNIT, mending.PERCENT, mending.CURRENCY, mending.REWRITTEN,
             mending.TIME_DROPPED, "rewritten as YYYY-MM", labels.LABELLED, decimal_signs.FOURS, cells.TEXT_MARK, readers.STRAY_QUOTE,
             spreadsheets.MERGED, coercion.EMPTY, coercion.UNREGULAR.format("Asia/Shanghai"),
             "unknown reference set missing; not found in customers.customer_id"]
    return [*notes, f"{mending.BLANKS}; {mending.WIDE}", f"{mending.CURRENCY}; {mending.SEPARATORS}; {mending.UNIT}"]


class TestWordings:
    @pytest.mark.parametrize("wording", [*_problems(), *_repairs()])
    def test_every_problem_and_repair_is_said_in_both_languages(self, wording: str) -> None:
        said = pool_text.problem(wording)
        assert said.en == wording != said.zh and any("\u4e00" <= sign <= "\u9fff" for sign in said.zh), f"'{wording}' has no Chinese"

    def test_the_wordings_are_those_mending_makes(self) -> None:
        cells = [("whole", "0–10", " ９ "), ("whole", "0–10", "10分"), ("real", "CNY", "¥1,200元"), ("month", "", "2026/7"), ("day", "", "2026/7/3"),
                 ("day", "", "2026-07-03 10:00"), ("real", "share", "12%"), ("text", "", " a ")]
        made = {mending.mend(raw, kind=kind, unit=unit, timezone="Asia/Shanghai")[1] for kind, unit, raw in cells}
        assert made <= set(_repairs()) and len(made) == len(cells)

    def test_an_unknown_wording_stays_as_it_is(self) -> None:
        assert pool_text.problem("something new") == Text("something new", "something new")

    def test_a_real_import_leaves_nothing_unworded(self, small_company) -> None:
        found = pool.study(small_company.card)
        unworded = [t.en for t in [*found.repairs["problem"], *found.captions["reasons"]["labels"].values()] if t.zh == t.en]
        assert unworded == [] and len(found.reasons) > 2 and len(found.repairs) > 5
        assert (found.channels["rows_read"] == found.channels["clean"] + found.channels["repaired"] + found.channels["quarantined"]).all()


class TestReasons:
    @pytest.mark.parametrize(("label", "zh", "en"), [
        ("transactions · transaction_id · duplicate key", "账目：流水号重复", "Bookings: duplicate booking"),
        ("responses · submitted_at · lies before touched_at", "客户声音：提交时间早于接触时间", "Voices: time of answer before time of contact"),
        ("responses · submitted_at · not a date and time", "客户声音：提交时间读不成时间",
         "Voices: time of answer cannot be read as a date and time"),
        ("touchpoints · customer_id · not found in customers.customer_id", "服务接触：客户不在“客户名单”里",
         "Service contacts: customer not found in “Customer list”"),
        ("responses · submitted_at · lies after 2026-06-30", "客户声音：提交时间晚于 2026-06-30", "Voices: time of answer after 2026-06-30"),
        ("usage · customer_id, month · duplicate key", "使用记录：客户、月份重复", "Usage: duplicate customer and month"),
        ("oddities · colour · never heard of", "oddities：colour never heard of", "oddities: colour never heard of"),
        ("unreadable row", "读不出的行", "unreadable row")])
    def test_a_reason_is_told_in_words(self, label: str, zh: str, en: str) -> None:
        assert reasons.said(label) == Text(zh, en)

    def test_every_table_of_the_standard_has_a_name(self) -> None:
        assert set(reasons.TABLE_NAMES) == set(TABLES)


@pytest.mark.parametrize(("kind", "where", "said"), [
    ("no_zero", "a.csv", "not a single 0 among 7 answers"), ("cut_identifiers", "a.csv · customer_id", "7 identifiers lost their last digits"),
    ("zeroed_identifiers", "a.csv · customer_id", "7 identifiers have only zeros from digit 16 on"),
    ("unpadded_customers", "a.csv · customer_id", "7 customer identifiers differ from the list only by leading zeros"),
    ("reversed_scale", "a.csv · customer_id", "in 7 answers"), ("solved_unanswered", "a.csv", "7 cases were resolved before the first reply"),
    ("days_only", "a.csv", "7 times have no time of day"),
    ("stamped_at_once", "a.csv", "7 times lie almost together"), ("one_order_each", "a.csv", "none of 7 customers has a second order"),
    ("price_a_piece", "a.csv", "7 quantities other than 1"), ("unfilled_field", "a.csv", "7 verbatims hold an unfilled field"),
    ("told_twice", "units", "7 units")])
def test_every_doubt_of_the_import_has_its_own_words(kind, where, said):
    given = {"doubt": kind, "n": 7} | ({} if where == "units" else {"file": "a.csv"}) | ({"column": "customer_id"} if "·" in where else {})
    title, place, meaning = doubts.row(given)
    assert title.zh and place == where and said in meaning.en and "7 " in meaning.zh
    alone = doubts.row(given | {"n": 1})[2].en
    assert not re.search(r"\b1 (customer )?(identifiers|units)\b", alone) or kind == "zeroed_identifiers", alone  # that one needs five
