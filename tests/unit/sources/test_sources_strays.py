"""One mistyped year must not decide the period of a report, and old cases, old stores and long series must not be taken for mistyped."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from test_sources_untidy import survey

from voclib.errors import DataError
from voclib.loop import clocks
from voclib.schema import strays, validate_all
from voclib.sources import ingest
from voclib.sources.oddities import notices
from voclib.studies.pool import doubts

DAYS = np.arange(20_454.0, 20_454 + 300)  # 300 days from the first of 2026


def _day(text):
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


class TestRule:
    @pytest.mark.parametrize("typed", ["1026-03-05", "1926-03-05", "2016-03-05", "2062-03-05", "2206-03-05", "9999-12-31", "1970-01-01"])
    def test_a_mistyped_year_is_far(self, typed):
        is_far, span = strays.far(np.append(DAYS, _day(typed)), kind="moment")
        assert is_far.tolist() == [False] * len(DAYS) + [True] and span == (DAYS[0], DAYS[-1])

    @pytest.mark.parametrize(("days", "kind"), [
        (np.append(DAYS, _day("2023-01-05")), "moment"),                              # a case open for three years
        (np.append(DAYS, DAYS[-1] + 300), "moment"),                                  # a late answer
        (np.concatenate([DAYS, DAYS + 3_650]), "moment"),                             # two waves, ten years apart
        (np.array([_day(f"{year}-05-01") for year in (1955, 1989, 2014, 2015, 2016, 2019, 2024)]), "day"),  # stores and the days they opened
        (np.array([_day(f"{year}-05-01") for year in range(1990, 2027, 3)]), "moment"),  # a record every third year
        (np.append(DAYS[:3], _day("2206-03-05")), "moment"),                          # nothing to judge by
        (np.append(DAYS[:90], [_day("2062-03-05")] * 10), "moment"),                  # a tenth of them is no slip
    ])
    def test_what_may_be_meant_is_not(self, days, kind):
        assert not strays.far(days, kind=kind)[0].any()

    def test_days_of_a_life_may_lie_a_century_back_and_not_ten_years_ahead(self):
        for typed, expected in (("1926-05-01", False), ("1026-05-01", True), ("2034-05-01", False), ("2062-05-01", True)):
            assert strays.far(np.append(DAYS, _day(typed)), kind="day")[0][-1] == expected, typed


def _lines(typed):
    return [f"{i},C{i},S,R,{date(2026, 1, 1) + timedelta(days=i)},9,fine" for i in range(150)] + [f"s{i},C{i},S,R,{text},2,bad"
                                                                                                 for i, text in enumerate(typed)]


class TestIngest:
    @pytest.mark.parametrize("typed", ["0226-03-05", "1026-03-05", "1926-03-05", "2062-03-05", "2206-03-05"])
    def test_the_row_is_set_aside_and_named(self, tmp_path, typed):
        pool = survey(tmp_path, _lines([typed]))
        at = pool.tables["responses"]["submitted_at"]
        assert (len(at), at.min().year, at.max().year) == (150, 2025, 2026), "the first of January in Shanghai is still the old year in UTC"
        (reason,) = pool.quarantine["reason"]
        assert "lies far from the others, 2026-01-01 to 2026-05-30" in reason or "is of a year before 1900" in reason
        (doubt,) = [item for item in pool.scorecard["doubts"] if item["doubt"] == "stray_dates"]
        assert (doubt["n"], doubt["days"], doubt["column"]) == (1, [typed], "submitted_at")
        assert typed in pool.findings("en") and typed in pool.findings("zh")
        told = doubts.row(doubt)[2]
        assert typed in told.zh and typed in told.en

    def test_every_source_is_judged_by_itself(self, tmp_path):
        (tmp_path / "a.csv").write_text("id,at\n" + "".join(f"a{i},{date(2015, 1, 1) + timedelta(days=i)}\n" for i in range(600)), "utf-8")
        (tmp_path / "b.csv").write_text("id,at\n" + "".join(f"b{i},{date(2026, 1, 1) + timedelta(days=i)}\n" for i in range(6)), "utf-8")
        table = "{responses: {columns: {response_id: id, submitted_at: at}, constants: {channel: survey}}}"
        (tmp_path / "m.yml").write_text("name: m\ncompany: {zh: 甲, en: A}\npseudonym_key: a-key-of-some-length\nroot: .\nsources:\n" + "".join(
            f"  - channel: survey\n    files: {name}.csv\n    tables: {table}\n" for name in "ab"), "utf-8")
        assert len(ingest(tmp_path / "m.yml", root=tmp_path, out=tmp_path / "out").tables["responses"]) == 606

    def test_with_the_day_of_the_export_a_later_time_is_wrong_too(self, tmp_path):
        lines = _lines(["2026-07-05"])
        assert len(survey(tmp_path, lines).tables["responses"]) == 151
        pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out", as_of="2026-06-01")
        assert len(pool.tables["responses"]) == 150 and pool.quarantine["reason"].tolist() == ["submitted_at: lies after 2026-06-01"]

    @pytest.mark.parametrize("where", ["mapping", "source"])
    def test_the_mapping_says_the_day_of_the_export(self, tmp_path, where):
        lines = _lines(["2026-07-05", "2027-03-05", "2026-06-01"])
        assert len(survey(tmp_path, lines).tables["responses"]) == 153, "none lies far enough from the others to be noticed without it"
        if where == "source":
            pool = survey(tmp_path, lines, extra="as_of: 2026-06-01")
        else:
            written = (tmp_path / "shop.yml").read_text("utf-8").replace("root: .", "root: .\nas_of: 2026-06-01")
            (tmp_path / "shop.yml").write_text(written, "utf-8")
            pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
        assert pool.quarantine["row"].tolist() == [152, 153] and set(pool.quarantine["reason"]) == {"submitted_at: lies after 2026-06-01"}
        assert "submitted_at: lies after 2026-06-01" in pool.findings("en") and pool.tables["responses"]["response_id"].iloc[-1] == "s2"

    def test_every_source_has_its_own_day_and_its_own_share_of_late_rows(self, tmp_path):
        for name, first in (("a", date(2024, 1, 1)), ("b", date(2026, 1, 1))):
            (tmp_path / f"{name}.csv").write_text("id,at\n" + "".join(f"{name}{i},{first + timedelta(days=i % 60)}\n" for i in range(
                8_000 if name == "a" else 60)), "utf-8")
        source = ("  - channel: survey\n    files: {}.csv\n    as_of: {}\n    tables: {{responses: {{columns: {{response_id: id, submitted_at: at}},"
                  " constants: {{channel: survey}}}}}}\n")

        def read(*, b: str) -> pd.DataFrame:
            (tmp_path / "m.yml").write_text("name: m\ncompany: {zh: 甲, en: A}\npseudonym_key: a-key-of-some-length\nroot: .\nas_of: 2020-01-01\n"
                                            "sources:\n" + source.format("a", "2024-03-01") + source.format("b", b), "utf-8")
            return ingest(tmp_path / "m.yml", root=tmp_path, out=tmp_path / "out").tables["responses"]

        assert len(read(b="2026-03-01")) == 8_060 and len(read(b="2026-02-26")) == 8_057
        with pytest.raises(DataError, match="future times: lies after 2026-01-31 in 29 of 60 rows"):  # 0.4 % of all rows, half of the source's
            read(b="2026-01-31")

    def test_a_month_may_lie_after_the_export_no_more_than_a_day(self):
        use = pd.DataFrame({"customer_id": [f"c{i}" for i in range(40)], "month": ["2026-06"] * 39 + ["2027-06"], "logins": 3, "active_days": 2})
        made = validate_all({"usage": use}, as_of="2026-06-12")["usage"]
        assert set(made.accepted["month"]) == {"2026-06"} and made.problems[["column", "example"]].values.tolist() == [["month", "2027-06"]]
        worded = validate_all({"usage": use.assign(month="June")}, as_of="2026-06-12")["usage"]
        assert len(worded.quarantined) == 40 and not worded.problems["problem"].str.contains("lies after").any(), "no month, and so in no future"

    def test_a_clock_that_is_wrong_in_many_rows_is_still_refused(self, tmp_path):
        survey(tmp_path, _lines([]))
        with pytest.raises(DataError, match="future times: lies after 2026-01-31 in 119 of 150 rows"):
            ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out", as_of="2026-01-31")

    def test_a_plan_may_lie_ahead_of_the_export(self):
        day = pd.Timestamp("2026-01-05")
        projects = pd.DataFrame({"project_id": ["p", "q"], "name": "n", "owner_department": "service", "chartered_on": [day, day],
                                 "due_on": [day + pd.Timedelta(days=90)] * 2, "landed_on": [None, day + pd.Timedelta(days=90)]})
        made = validate_all({"projects": projects}, as_of="2026-02-01")["projects"]
        assert made.accepted["project_id"].tolist() == ["p"] and made.problems["column"].tolist() == ["landed_on"]
        store = pd.DataFrame({"unit_id": ["S1"], "kind": "dealer", "name": "S", "region": "R", "opened_on": [day],
                              "closed_on": [day + pd.Timedelta(days=90)]})
        assert validate_all({"units": store}, as_of="2026-02-01")["units"].quarantined.empty


def test_one_future_time_does_not_move_the_end_of_the_cases(tmp_path):
    """An open case is followed to the end of the data: with an end a century ahead every open case would be late."""
    rows = [f"K{i},{(day := date(2026, 1, 1) + timedelta(days=i))},{day + timedelta(days=1)}" for i in range(80)]
    rows[7] = "K7,2026-01-08,2126-01-09"
    (tmp_path / "t.csv").write_text("\n".join(["id,opened,resolved", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "m.yml").write_text("""
name: m
company: {zh: 甲, en: A}
pseudonym_key: a-key-of-some-length
root: .
sources:
  - channel: ticket
    files: t.csv
    tables:
      cases: {columns: {case_id: id, opened_at: opened, resolved_at: resolved}, constants: {severity: low}}
""", encoding="utf-8")
    pool = ingest(tmp_path / "m.yml", root=tmp_path, out=tmp_path / "out")
    raw = pd.read_csv(tmp_path / "t.csv", dtype="str").set_axis(["case_id", "opened_at", "resolved_at"], axis=1)
    naive = validate_all({"cases": raw.assign(severity="low")})["cases"].accepted
    assert clocks.end(naive).year == 2126 and clocks.end(pool.tables["cases"]).year == 2026
    assert any("2126-01-09" in line for line in notices.lines(pool.scorecard, "en"))


class TestLone:
    @pytest.mark.parametrize(("early", "late"), [
        ([], []), (["2024-03-01"], []), ([], ["2028-01-01"]), (["2021-05-05", "2024-03-01"], ["2029-09-01"])])
    def test_a_row_far_before_or_after_the_others_is_alone(self, early, late):
        days = pd.Series(pd.to_datetime([*late, *pd.date_range("2026-01-01", periods=300), *early, None]))
        alone = strays.lone(days)
        assert set(days[alone].dt.strftime("%Y-%m-%d")) == {*early, *late}

    @pytest.mark.parametrize("days", [
        pd.date_range("2020-01-01", periods=80, freq="MS"),                                                       # a row a month is a record
        [*pd.date_range("2024-01-01", periods=20), *pd.date_range("2026-01-01", periods=200)],                    # twenty rows are one too
        [pd.Timestamp("2025-12-10"), *pd.date_range("2026-01-01", periods=300)],                                  # three weeks are no gap
        [pd.Timestamp("2020-01-01"), *pd.date_range("2026-01-01", periods=4)]])                                   # too few to say
    def test_what_may_be_its_beginning_is_not(self, days):
        assert not strays.lone(pd.Series(days)).any()

    def test_a_few_rows_by_chance_seldom_lose_their_first(self):
        draws = np.random.default_rng(0).exponential(20, (2000, 40)).cumsum(axis=1)
        lost = [strays.lone(pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(row, unit="D"))).any() for row in draws]
        assert np.mean(lost) < 0.01
