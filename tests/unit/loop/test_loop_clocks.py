"""The file of clocks and its mistakes; cases of a period; what each clock makes of a case."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from loop_tables import FILE, GIVEN, START, cases, clock, followed, moment

from voclib.errors import DataError, ParameterError
from voclib.loop import clocks

HOUR = pd.Timedelta(hours=1)


def written(folder: Path, **changes: object) -> Path:
    """The file of the repository with some keys replaced."""
    path = folder / "clocks.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(FILE.read_text("utf-8")) | changes, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def named(**changes: object) -> dict:
    return {"id": "a", "name": {"zh": "甲", "en": "A"}, "stop": "resolved_at", "hours": 72, "is_main": True} | changes


def with_time(**changes: object) -> dict:
    return {"working_time": {"opens": "09:00", "closes": "18:00"} | changes}


class TestTheFile:
    def test_the_file_of_the_repository(self) -> None:
        assert [one.id for one in GIVEN.clocks] == ["assigned", "responded", "resolved", "red_alert"]
        assert GIVEN.main.id == "resolved" and GIVEN.main.hours == 72 and GIVEN["red_alert"].tiers == ("vvip",)
        assert GIVEN.working.a_day == 9 and GIVEN.working.timezone == "Asia/Shanghai" and GIVEN.unhappy.nps_score == 6
        assert GIVEN["responded"].title.zh == "首次响应客户" and GIVEN["responded"].title.en == "First response to the customer"

    def test_an_unknown_clock_is_named_with_the_nearest(self) -> None:
        with pytest.raises(ParameterError, match="There is no clock 'resolve'; did you mean 'resolved'"):
            GIVEN["resolve"]

    @pytest.mark.parametrize(("changes", "message"), [
        ({"clock": []}, "unknown key 'clock'; did you mean 'clocks'"),
        ({"clocks": [named(), named(is_main=False)]}, "the id 'a' stands twice; keep one"),
        ({"clocks": [named(is_main=False)]}, "0 clocks have is_main: true; exactly one answers"),
        ({"clocks": [named(), named(id="b")]}, "2 clocks have is_main: true"),
        ({"clocks": []}, "clocks: .*at least 1 item"),
        ({"clocks": [named(stop="resolved")]}, "stop is 'resolved' in clocks → a; did you mean 'resolved_at'"),
        ({"clocks": [named(start="closed_at")]}, "start is 'closed_at' in clocks → a"),
        ({"clocks": [named(hours=0)]}, "hours in clocks → a: .*greater than 0"),
        ({"clocks": [named(tiers=["vip"])]}, "'vip' in clocks → a.*did you mean 'vvip'"),
        ({"clocks": [named(severities=["grave"])]}, "'grave' in clocks → a"),
        ({"clocks": [named(limit=3)]}, "unknown key 'limit' in clocks → a"),
        ({"clocks": [named(name={"zh": "甲"})]}, "the key 'en' is missing in clocks → a → name"),
        ({"clocks": [named(id="A b")]}, "id in clocks → A b"),
        ({"clocks": [named(time="work")]}, "time is 'work' in clocks → a; did you mean 'working'"),
        (with_time(opens="18:00", closes="09:00"), "working time closes at 09:00, not after it opens at 18:00"),
        (with_time(opens="9 am"), "opens: '9 am' is not a time of day"),
        (with_time(closes="25:00"), "closes: '25:00' is not a time of day"),
        (with_time(weekdays=[0, 1]), r"weekdays are numbers from 1 \(Monday\) to 7 \(Sunday\), at least one; they are \[0, 1\]"),
        (with_time(weekdays=[]), r"at least one; they are \[\]"),
        (with_time(holidays=["2026-13-01"]), "holidays: '2026-13-01' is not a date; write it as 2026-10-01"),
        (with_time(workdays=["tomorrow"]), "workdays: 'tomorrow' is not a date"),
        (with_time(timezone="Asia/Shangai"), "there is no time zone 'Asia/Shangai'; write it as Asia/Shanghai"),
        ({"unhappy": {"nps": 6}}, "unknown key 'nps' in unhappy; known: .*nps_score"),
        ({"unhappy": {"nps_score": 11}}, "nps_score in unhappy: .*less than or equal to 10"),
    ])
    def test_a_mistake_is_named_with_its_place(self, tmp_path: Path, changes: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message) as caught:
            clocks.load(written(tmp_path, **changes))
        assert str(caught.value).startswith("clocks.yml: ")

    def test_a_file_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="none.yml"):
            clocks.load(tmp_path / "none.yml")

    def test_what_is_left_out_is_as_described(self, tmp_path: Path) -> None:
        path = tmp_path / "clocks.yml"
        path.write_text(yaml.safe_dump({"clocks": [named()]}, allow_unicode=True), "utf-8")
        found = clocks.load(path)
        assert found.main.start == "opened_at" and found.main.time == "clock" and found.main.tiers == () and found.unhappy == clocks.Unhappy()


class TestCasesOfAPeriod:
    FRAME = cases([0, 30, 60, 90], [10, np.nan, 80, 100])
    TABLES = {"cases": FRAME.drop(columns=["submitted_at", "value_tier"]).iloc[::-1].reset_index(drop=True),
              "responses": pd.DataFrame({"response_id": ["R00000", "R00000", "R00002"], "submitted_at": moment([-1, -9, 58])}),
              "customers": pd.DataFrame({"customer_id": ["C00001", "C00001", "C00003"], "value_tier": ["vvip", "regular", None]})}

    def test_each_with_its_voice_and_tier(self) -> None:
        found = clocks.cases(self.TABLES)
        assert found["case_id"].tolist() == ["Q00000", "Q00001", "Q00002", "Q00003"]
        assert found["submitted_at"].equals(moment([-1, np.nan, 58, np.nan]).rename("submitted_at"))
        assert found["value_tier"].fillna("?").tolist() == ["?", "vvip", "?", "?"]

    def test_without_voices_or_customers(self) -> None:
        found = clocks.cases({"cases": self.TABLES["cases"]})
        assert found["submitted_at"].isna().all() and found["submitted_at"].dtype == found["opened_at"].dtype
        assert found["value_tier"].isna().all() and len(found) == 4

    def test_days_of_the_office_bound_the_period(self) -> None:
        """Cases were opened on 2 March 17:00, 3 March 23:00, 5 March 05:00 and 6 March 11:00 of Shanghai."""
        kept = {(since, until): clocks.cases(self.TABLES, since=since, until=until)["case_id"].str[-1].astype(int).tolist()
                for since, until in (("2026-03-03", ""), ("", "2026-03-03"), ("2026-03-03", "2026-03-05"), ("2026-03-06", "2026-03-06"))}
        assert list(kept.values()) == [[1, 2, 3], [0, 1], [1, 2], [3]]
        steps = clocks.steps(self.FRAME, since="2026-03-03", until="2026-03-05")
        assert steps.tolist() == ["before", "", "", "after"]
        assert len(clocks.cases(self.TABLES, since="2026-03-03", until="2026-03-03", timezone="UTC")) == 0 + 1

    @pytest.mark.parametrize(("since", "until", "message"), [
        ("2026-03-05", "2026-03-03", "ends on 2026-03-03, before it begins on 2026-03-05; swap since and until"),
        ("yesterday", "", "since: 'yesterday' is not a date"),
        ("", "2026-3-32", "until: '2026-3-32' is not a date"),
    ])
    def test_a_period_that_is_none(self, since: str, until: str, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            clocks.cases(self.TABLES, since=since, until=until)

    def test_a_day_of_changing_clocks_is_whole(self) -> None:
        first, last = clocks.period("2026-10-25", "2026-10-25", "Europe/Berlin")
        assert last - first == 25 * HOUR and last.hour == 0

    def test_no_table_and_no_case(self) -> None:
        with pytest.raises(DataError, match="There is no table 'cases'.*'voc ingest'"):
            clocks.cases({})
        with pytest.raises(DataError, match="None of 4 cases, opened from 2026-03-02 to 2026-03-06, lies between since='2027-01-01'"):
            clocks.cases(self.TABLES, since="2027-01-01")
        with pytest.raises(DataError, match="The table 'cases' has no row"):
            clocks.cases({"cases": self.TABLES["cases"].head(0)})

    def test_times_without_a_zone(self) -> None:
        naive = self.TABLES["cases"].assign(opened_at=self.TABLES["cases"]["opened_at"].dt.tz_localize(None))
        with pytest.raises(DataError, match=r"times without a time zone in opened_at;.*tz_localize\('Asia/Shanghai'\)"):
            clocks.cases({"cases": naive})


class TestFollowing:
    def test_open_cases_are_censored_at_the_end_of_the_data(self) -> None:
        frame = cases([0, 0, 0, 100, 100], [10, 80, np.nan, np.nan, 110])
        found = followed(frame, asof=START + 120 * HOUR)
        assert found["hours"].tolist() == [10, 80, 120, 20, 10] and found["followed"].tolist() == [120, 120, 120, 20, 20]
        assert found["is_stopped"].tolist() == [True, True, False, False, True]
        assert found["in_time"].astype(object).where(found["in_time"].notna(), None).tolist() == [True, False, False, None, True]

    def test_the_end_is_the_last_moment_recorded(self) -> None:
        frame = cases([0, 50], [10, np.nan], responded_at=moment([5, 77]))
        assert clocks.end(frame) == START + 77 * HOUR
        assert clocks.end(frame.assign(responded_at=moment([np.nan, np.nan]), assigned_at=moment([np.nan, np.nan]))) == START + 50 * HOUR

    def test_at_the_limit_is_in_time_and_still_running(self) -> None:
        found = followed(cases([0, 0], [72, np.nan]), asof=START + 72 * HOUR)
        assert found["in_time"].iloc[0] and pd.isna(found["in_time"].iloc[1])

    def test_stopped_before_the_start_takes_no_time(self) -> None:
        found = followed(cases([20, 0], [10, 100]))
        assert found["hours"].tolist() == [0, 100] and found["in_time"].tolist() == [True, False]

    def test_tiers_and_severities(self) -> None:
        frame = cases([0] * 4, [10] * 4, value_tier=["vvip", "regular", None, "vvip"], severity=["high", "high", "high", None])
        for one, kept in ((clock(tiers=("vvip",)), [0, 3]), (clock(severities=("high", "safety")), [0, 1, 2]),
                          (clock(tiers=("vvip", "regular"), severities=("high",)), [0, 1]), (clock(severities=("low",)), [])):
            assert followed(frame, one)["case_id"].str[-1].astype(int).tolist() == kept

    def test_from_the_voice(self) -> None:
        frame = cases([10, 10, 10], [20, 20, np.nan], submitted_at=moment([0, np.nan, 5]))
        found = followed(frame, clock(start="submitted_at", hours=15), asof=START + 30 * HOUR)
        assert found["case_id"].tolist() == ["Q00000", "Q00002"] and found["hours"].tolist() == [20, 25] and not found["in_time"].any()

    def test_what_starts_after_the_end_is_left_out(self) -> None:
        assert followed(cases([0, 50], [10, np.nan]), asof=START + 40 * HOUR)["case_id"].tolist() == ["Q00000"]

    def test_working_time(self) -> None:
        """From Monday 17:00 to Tuesday 10:00 in Shanghai two hours are worked; an open one runs until Friday 18:00."""
        found = followed(cases([0, 0], [17, np.nan]), clock(time="working", hours=8), asof=START + 97 * HOUR)
        assert found["hours"].tolist() == [2, 37] and found["in_time"].tolist() == [True, False]
