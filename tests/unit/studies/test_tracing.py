"""One identifier followed from the file to the reports: what is found, what is never shown, and what an unknown one is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from study_tables import pool

from voclib import privacy
from voclib.errors import ParameterError
from voclib.reporting.language import half_width
from voclib.sources.standardising import origins as origin_files
from voclib.studies import counting, tracing
from voclib.studies.tracing import text as tracing_text

Tables = dict[str, pd.DataFrame]
JOBS = {"01-ingest": {}, "20-scores": {"metric": "nps", "channel": "app", "seed": 1}, "22-score-inflation": {"min_answers": 60},
        "90-planted-truth": {}}
SECRET = "他说车间主任王二的态度像冰箱"
NAMELESS = "a-key-for-this-test-only-" * 2


@pytest.fixture(scope="module")
def tables() -> Tables:
    made = pool()
    made["responses"].loc[made["responses"]["response_id"].eq("V-C00-00"), "comment"] = SECRET
    return made


def beside(tables: Tables) -> dict[str, pd.DataFrame]:
    """Origins of every row, two repairs, and two rows in quarantine: one under the number of a voice that was accepted, one of a stranger."""
    parts = [pd.DataFrame({"table": name, "key": counting.keys(frame, name), "source": 1, "channel": "survey", "adapter": "flat",
                           "file": f"{name}.csv", "row": range(2, len(frame) + 2)}) for name, frame in tables.items()]
    row = int(tables["responses"]["response_id"].eq("R1-C00-00").to_numpy().argmax()) + 2 if len(tables["responses"]) else 2
    repairs = pd.DataFrame([["responses.csv", "responses", "submitted_at", row, "rewritten as an ISO date", "2026/1/11", "survey"],
                            ["responses.csv", "responses", "nps_score", row + 1, "unit word removed", "9分", "survey"]],
                           columns=["file", "table", "column", "row", "problem", "example", "channel"])
    aside = pd.DataFrame([["survey", "again.csv", 7, "responses", "response_id: duplicate key", json.dumps({"response_id": "R1-C00-00"})],
                          ["survey", "again.csv", 8, "responses", "submitted_at: lies before touched_at", json.dumps({"response_id": "R9-gone"})],
                          ["survey", "again.csv", 9, "", "unreadable row", None]],
                         columns=["channel", "file", "row", "table", "reason", "cells"])
    return {"origins": pd.concat(parts, ignore_index=True), "repairs": repairs, "quarantine": aside}


def follow(identifier: str, tables: Tables, **more: Any) -> tracing.Trace:
    return tracing.trace(identifier, **{"tables": tables, "jobs": JOBS, **beside(tables), **more})


def of(trace: tracing.Trace, report: str) -> list[tracing.Counted]:
    return [line for line in trace.reports if line.report == report]


class TestAVoice:
    def test_its_file_and_row_its_repairs_and_its_double_in_quarantine(self, tables: Tables) -> None:
        found = follow("R1-C00-00", tables)
        (row,), (aside,) = found.rows, found.asides
        assert found.is_found and not found.is_pseudonym and dict(found.sizes) == {"responses": 1}
        assert [(o.file, o.channel, o.adapter) for o in row.origins] == [("responses.csv", "survey", "flat")]
        at = row.origins[0].row - 2
        assert tables["responses"]["response_id"].iloc[at] == "R1-C00-00"
        assert [(column, text.zh) for column, text in row.repairs] == [("submitted_at", "改写成标准日期")]
        assert (aside.file, aside.row, aside.table) == ("again.csv", 7, "responses") and "duplicate key" in aside.reason.en

    def test_reports_say_what_their_chains_say(self, tables: Tables) -> None:
        chain = counting.flow("20-scores", tables, metric="nps", channel="app")
        for name in ("R1-C00-00", "R1-C00-01", "V-C00-00"):
            (line,) = of(follow(name, tables), "20-scores")
            step = chain.where[name]
            assert (line.table, line.relation, line.n, line.counted) == ("responses", "itself", 1, int(step == ""))
            assert line.reasons == (((chain.labels[step], 1),) if step else ())
        assert {chain.where[name] for name in ("R1-C00-00", "R1-C00-01", "V-C00-00")} == {"", "channel", "score"}

    def test_words_are_withheld_and_only_their_length_is_told(self, tables: Tables) -> None:
        found = follow("V-C00-00", tables)
        for text in (found.told("zh"), found.told("en"), json.dumps(found.to_dict(), ensure_ascii=False)):
            assert SECRET not in text and "王二" not in text and str(len(SECRET)) in text
        assert "中文" in found.told("zh") and "Chinese" in found.told("en")

    def test_both_languages_are_aligned_and_set_properly(self, tables: Tables) -> None:
        found = follow("R1-C00-00", tables)
        zh, en = found.told("zh"), found.told("en")
        assert "计入" in zh and "counted" in en and [line for line in zh.splitlines() if half_width(line)] == []
        lines = [line for line in zh.splitlines() if line.startswith("  ") and line.split()[0] in ("20-scores", "01-ingest", "90-planted-truth")]
        assert len(lines) == 3 and len({tracing_width(line) for line in lines}) == 1


def tracing_width(line: str) -> int:
    """Places before the last column, which two blanks set off."""
    from voclib.studies.tracing.layout import _width

    return _width(line[: line.rindex("  ") + 2])


class TestOtherIdentifiers:
    def test_a_customer_is_named_by_its_voices(self, tables: Tables) -> None:
        found = follow("C00-00", tables)
        assert dict(found.sizes) == {"customers": 1}
        assert {(m.table, m.column): m.n for m in found.mentions} == {("invitations", "customer_id"): 3, ("responses", "customer_id"): 2}
        (line,) = of(found, "22-score-inflation")
        assert (line.relation, line.n, line.counted) == ("refers", 2, 2) and "2" in tracing_text.outcome(2, 2, ()).en

    def test_a_unit_counts_its_rows_by_reason(self, tables: Tables) -> None:
        found, chain = follow("D00", tables), counting.flow("20-scores", tables, metric="nps", channel="app")
        mine = tables["responses"].loc[tables["responses"]["unit_id"].eq("D00"), "response_id"]
        (line,) = of(found, "20-scores")
        assert (line.n, line.counted) == (len(mine), int(chain.where[mine].eq("").sum())) and line.n == line.counted + sum(k for _, k in line.reasons)
        assert len(line.reasons) == 2 and f"{line.counted}" in found.told("en")

    def test_a_raw_number_is_found_under_its_pseudonym_and_never_repeated(self, tables: Tables) -> None:
        raw = "13800138000"
        named = privacy.pseudonymise(pd.Series([raw]), kind="customer", key=NAMELESS).iloc[0]
        own = {**tables, **{name: tables[name].replace({"customer_id": {"C00-00": named}}) for name in ("customers", "responses", "invitations")}}
        assert not follow(raw, own).is_found
        found = follow(raw, own, pseudonyms={"customer": named, "staff": "staff-0000000000000000"})
        assert found.is_pseudonym and found.identifier == named and dict(found.sizes) == {"customers": 1}
        assert raw not in found.told("zh") + found.told("en") + json.dumps(found.to_dict(), ensure_ascii=False)
        assert follow(named, own).mentions == found.mentions

    def test_a_pseudonym_is_looked_for_among_persons_only(self, tables: Tables) -> None:
        assert not follow("someone", tables, pseudonyms={"customer": "D00"}).is_found

    def test_a_key_of_two_parts(self, small_company) -> None:
        sheet = small_company.ingested["employee_surveys"].iloc[0]
        other = {"origins": origin_files.read(small_company.folder / "pool")}
        whole = follow(sheet["employee_response_id"], small_company.ingested, **other)
        one = follow(f"{sheet['employee_response_id']} | {sheet['item_code']}", small_company.ingested, **other)
        assert whole.sizes["employee_surveys"] == 6 and len(whole.rows) == tracing.SHOWN and one.sizes == {"employee_surveys": 1}
        assert one.rows[0].origins[0].file.startswith("employee_survey_")


class TestTheSampleCompany:
    def test_every_table_leads_back_to_its_file_and_row(self, small_company) -> None:
        origins = origin_files.read(small_company.folder / "pool")
        for name, frame in small_company.ingested.items():
            known = set(origins.loc[origins["table"].eq(name), "key"])
            assert set(counting.keys(frame, name)) == known, name
        case = small_company.ingested["cases"].dropna(subset=["response_id"]).iloc[0]
        found = follow(case["case_id"], small_company.ingested, origins=origins)
        (origin,) = found.rows[0].origins
        assert origin.file == "tickets.jsonl" and case["case_id"] in (small_company.folder / "raw" / origin.file).read_text("utf-8").splitlines()[
            origin.row - 1]
        (line,) = of(found, "20-scores")
        assert (line.relation, line.n) == ("named", 1)


class TestUnknown:
    def test_it_says_where_it_looked_and_what_is_like_it(self, tables: Tables) -> None:
        found = follow("R1-C00-0O", tables)
        assert not found.is_found and not found.reports and "R1-C00-00" in found.near
        assert "4 standard tables" in found.told("en") and "VOC_PSEUDONYM_KEY" in found.told("zh") and "R1-C00-00" in found.told("zh")

    def test_identifiers_of_persons_are_never_suggested(self, tables: Tables) -> None:
        found = follow("C00-0O", tables)
        assert not any(name in set(tables["customers"]["customer_id"]) for name in found.near) and "C00-00" not in found.told("en")

    def test_one_that_stands_in_quarantine_only(self, tables: Tables) -> None:
        found = follow("R9-gone", tables)
        (aside,) = found.asides
        assert not found.is_found and (aside.file, aside.row) == ("again.csv", 8) and "lies before touched_at" in found.told("en")
        assert "早于 touched_at" in found.told("zh") and follow("R9-gon", tables).asides == ()

    def test_an_empty_one(self, tables: Tables) -> None:
        with pytest.raises(ParameterError, match="is empty"):
            follow(" 　", tables)


class TestReportsThatCannotBeAsked:
    def test_each_says_why(self, tables: Tables) -> None:
        jobs = {"00-sample-company": {"truth_file": "x"}, "30-ex-voc": {"metric": "nps_score", "lag": 1},
                "31-nps-revenue": {"public": "$VOC_PUBLIC_DATA"}, "23-known-truth": {}, "77-someone-elses": {}}
        notes = {line.report: line.note.en for line in follow("R1-C00-00", tables, jobs=jobs).reports}
        assert notes["00-sample-company"] == "known only with truth" and "employee_surveys" in notes["30-ex-voc"]
        assert notes["31-nps-revenue"] == notes["23-known-truth"] == tracing_text.PUBLIC.en and "does not say" in notes["77-someone-elses"]

    def test_a_report_that_holds_no_row_of_it(self, tables: Tables) -> None:
        (line,) = of(follow("I3-C00-00", tables, jobs={"31-nps-revenue": {"first_day": "", "last_day": ""}}), "31-nps-revenue")
        assert line.note.en.startswith("these data do not support this report") and "touchpoints" in line.note.zh
        units = {"units": tables["units"], "responses": tables["responses"].head(0)}
        (line,) = of(follow("D00", units), "22-score-inflation")
        assert line.note == tracing_text.UNRELATED


def test_what_customers_and_files_hold_cannot_steer_the_terminal(tables: Tables) -> None:
    nasty = "\x1b[2J\u202eevil\r\n"
    own = {**tables, "units": tables["units"].assign(name=nasty)}
    extra = beside(own)
    extra["origins"]["file"] = f"{nasty}.csv"
    for lang in ("zh", "en"):
        text = follow("D00", own, **extra).told(lang)
        assert "evil" in text and not any(sign in text for sign in "\x1b\u202e\r")
        assert replace(follow("D00", own, **extra), identifier=nasty).told(lang).count("\x1b") == 0


def test_money_is_written_to_the_cent(small_company) -> None:
    books = small_company.ingested["transactions"]
    large = books.loc[books["net_cny"].abs().idxmax()]
    cells = dict(follow(large["transaction_id"], small_company.ingested).rows[0].cells)
    assert float(cells["net_cny"].en) == large["net_cny"] and abs(large["net_cny"]) > 1e5
