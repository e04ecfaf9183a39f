"""What projects are about, which windows are compared, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from outer_loop_tables import DAYS, FIRST, company
from outer_loop_tables import events as drawn

from voclib.errors import DataError, ParameterError
from voclib.loop.outer_loop import curve as outer_curve
from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop import subjects as outer_subjects
from voclib.loop.outer_loop import text as outer_text
from voclib.loop.outer_loop.effects import NO_HISTORY, NO_SUBJECT, TOO_SHORT, Settings


@pytest.fixture(scope="module")
def tables():
    return company()


@pytest.fixture(scope="module")
def effects(tables):
    found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
    parts = [outer_effects.measure(s.events, found[found["source"] == name], Settings(), source=name) for name, s in sources.items()]
    lost = found.loc[found["source"].eq("") & found["landed_on"].notna(), "project_id"]
    return outer_effects.together(parts, Settings(), others=lost)


class TestSubjects:
    def test_the_measure_decides_then_the_topic(self, tables):
        found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
        known = found.set_index("project_id")
        assert known["source"].tolist() == ["repairs"] * 3 + ["frontline_reports/process_suggestion"] * 2 + [""]
        assert known.loc["P1", "subject"] == "小电瓶" and known.loc["P4", "subject"] == "lounge"
        assert set(sources) == {"repairs", "frontline_reports/process_suggestion"}

    def test_a_part_inside_the_name_of_another_does_not_stand_for_it(self, tables):
        given = outer_subjects.projects(tables).assign(measure="每千次维修中的大天窗电机")
        assert set(outer_subjects.find(tables, given)[0]["subject"]) == {"大天窗电机"}

    def test_a_measure_that_names_two_parts_names_none(self, tables):
        given = outer_subjects.projects(tables).assign(measure="小电瓶与刹车片")
        assert "repairs" not in set(outer_subjects.find(tables, given)[0]["source"])

    def test_without_reports_a_topic_is_looked_for_in_voices_and_praise_is_no_problem(self, tables):
        at = pd.date_range(FIRST, periods=6, freq="D", tz="UTC")
        more = {k: v for k, v in tables.items() if k != "frontline_reports"} | {
            "responses": pd.DataFrame({"response_id": list("abcdef"), "submitted_at": at}),
            "topic_mentions": pd.DataFrame({"response_id": list("abcdef"), "topic": "lounge", "sentiment": ["positive", "negative", None] * 2})}
        found, sources = outer_subjects.find(more, outer_subjects.projects(more))
        assert found.set_index("project_id").loc["P4", "source"] == "topic_mentions"
        assert len(sources["topic_mentions"].events) == 4 and (sources["topic_mentions"].steps == "pleased").sum() == 2

    def test_events_fall_on_the_day_of_the_company_and_repeated_reports_are_left_out(self, tables):
        late = tables["repairs"].head(1).assign(repaired_at=pd.Timestamp("2025-03-01 20:00", tz="UTC"))
        _, sources = outer_subjects.find(tables | {"repairs": late.assign(part="小电瓶")}, outer_subjects.projects(tables))
        assert sources["repairs"].events["on"].tolist() == [pd.Timestamp("2025-03-02")]
        reports = sources["frontline_reports/process_suggestion"]
        assert (reports.steps == "kind").sum() == 30 and len(reports.events) == (reports.steps == "").sum()

    @pytest.mark.parametrize("change", [lambda t: {}, lambda t: {"projects": t["projects"].head(0)}])
    def test_no_projects_says_how_to_make_them(self, tables, change):
        with pytest.raises(DataError, match="no table 'projects'.*voc ingest"):
            outer_subjects.projects(change(tables))

    def test_no_landing_days_names_the_column(self, tables):
        with pytest.raises(DataError, match="lacks landed_on"):
            outer_subjects.projects({"projects": tables["projects"].drop(columns="landed_on")})


class TestMeasure:
    def test_the_one_that_halved_is_told_and_the_idle_one_is_not(self, effects):
        known = effects.table.set_index("project_id")
        assert known.loc["P1", "told"] and np.exp(known.loc["P1", "log"]) == pytest.approx(0.5, abs=0.12)
        assert not known.loc["P2", "told"] and abs(known.loc["P2", "log"]) < 2.5 * known.loc["P2", "error"]
        assert known.loc["P2", "naive"] < -0.2  # two months praise it

    def test_states_and_what_is_needed(self, effects):
        known = effects.table.set_index("project_id")
        assert known["state"].to_dict() == {"P1": "", "P2": "", "P3": TOO_SHORT, "P4": NO_HISTORY, "P6": NO_SUBJECT}
        assert known.loc["P3", "wait"] == 3 and np.isnan(known.loc["P4", "wait"])  # eight days are in

    def test_windows_are_counted_to_the_day(self, tables):
        found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
        events = sources["repairs"].events
        made = outer_effects.measure(events, found[found["source"] == "repairs"], Settings(), source="repairs").table.set_index("project_id")
        mine, day = events[events["subject"] == "小电瓶"], lambda n: FIRST + pd.Timedelta(days=n)
        assert made.loc["P1", "usual_events"] == (mine["on"] < day(110)).sum()
        assert made.loc["P1", "after_events"] == (mine["on"] >= day(260)).sum()
        assert made.loc["P1", "weeks"] == pytest.approx((DAYS - 260) / 7, abs=0.3)

    def test_growth_of_everything_is_no_effect(self, tables):
        found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
        events = sources["repairs"].events
        late = events[events["on"] >= FIRST + pd.Timedelta(days=255)]
        grown = pd.concat([events, late, late], ignore_index=True)
        mine = found[found["source"] == "repairs"]
        one, three = (outer_effects.measure(e, mine, Settings(), source="x").table.set_index("project_id")["log"] for e in (events, grown))
        assert three["P1"] == pytest.approx(one["P1"], abs=0.1)

    def test_what_fell_before_landing_is_not_credited_to_it(self):
        rng = np.random.default_rng(1)
        rate = np.full((6, 500), 5.0)
        rate[0, 200:] *= 0.5  # from the charter on, sixty days before landing
        row, day = drawn(rng, rate)
        events = pd.DataFrame({"subject": [f"S{k}" for k in row], "on": FIRST + pd.to_timedelta(day, unit="D")})
        plan = pd.DataFrame({"project_id": ["J"], "subject": ["S0"], "chartered_on": [FIRST + pd.Timedelta(days=200)],
                             "landed_on": [FIRST + pd.Timedelta(days=260)]})
        found = outer_effects.together([outer_effects.measure(events, plan, Settings())], Settings()).table.iloc[0]
        assert found["log"] + 3 * found["error"] < 0 and not found["told"]
        assert found["placebo"] == pytest.approx(np.log(0.5), abs=0.3)

    def test_a_subject_that_jumps_alone_is_no_yardstick_from_then_on(self):
        rng = np.random.default_rng(2)
        rate = np.full((5, 504), 6.0)
        rate[4, 308:] *= 2.0
        row, day = drawn(rng, rate)
        events = pd.DataFrame({"subject": [f"S{k}" for k in row], "on": FIRST + pd.to_timedelta(day, unit="D")})
        plan = pd.DataFrame({"project_id": ["J"], "subject": ["S0"], "chartered_on": [FIRST + pd.Timedelta(days=220)],
                             "landed_on": [FIRST + pd.Timedelta(days=300)]})
        found = outer_effects.measure(events, plan, Settings())
        assert [name for name, _ in found.shifts] == ["S4"]
        assert abs((found.shifts[0][1] - FIRST).days - 308) <= 28
        assert abs(found.table["log"].iloc[0]) < 2.5 * found.table["error"].iloc[0]

    def test_a_campaign_about_some_subjects_is_named_and_no_effect(self):
        rng = np.random.default_rng(4)
        rate = np.full((8, 504), 6.0)
        rate[:4, 336:392] *= 2.0
        row, day = drawn(rng, rate)
        events = pd.DataFrame({"subject": [f"S{k}" for k in row], "on": FIRST + pd.to_timedelta(day, unit="D")})
        plan = pd.DataFrame({"project_id": ["J"], "subject": ["S0"], "chartered_on": [FIRST + pd.Timedelta(days=250)],
                             "landed_on": [FIRST + pd.Timedelta(days=310)]})
        found = outer_effects.together([outer_effects.measure(events, plan, Settings())], Settings())
        (first, after), = found.apart
        assert ((first - FIRST).days, (after - FIRST).days) == (336, 392)
        assert abs(found.table["log"].iloc[0]) < 2 * found.table["error"].iloc[0]
        check = outer_text.moved_apart(found.apart)
        ends = [f"{FIRST + pd.Timedelta(days=n):%Y-%m-%d}" for n in (336, 391)]
        assert check.passed is False and all(end in check.detail[lang] for end in ends for lang in ("zh", "en"))
        assert outer_text.moved_apart(()) is None

    def test_none_after_landing_is_a_large_fall_with_a_wide_interval(self, tables):
        found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
        events = sources["repairs"].events
        gone = events[~(events["subject"].eq("小电瓶") & (events["on"] >= FIRST + pd.Timedelta(days=260)))]
        made = outer_effects.measure(gone, found[found["source"] == "repairs"], Settings()).table.set_index("project_id").loc["P1"]
        assert made["state"] == "" and made["log"] < -3 and np.isfinite(made["error"])

    @pytest.mark.parametrize(("name", "value"), [("run_up_days", 0), ("least_events", -1), ("fdr", 0.0), ("fdr", 5.0)])
    def test_settings_out_of_range(self, name, value):
        with pytest.raises(ParameterError, match=name):
            Settings(**{name: value})

    def test_no_events_at_all(self):
        with pytest.raises(DataError, match="No subject has a dated event"):
            outer_effects.tally(pd.DataFrame({"subject": [], "on": pd.to_datetime([])}))


class TestIdle:
    def test_a_month_in_which_nothing_was_recorded_is_no_landing(self):
        at = pd.Timestamp("2024-01-01") + pd.to_timedelta([*range(0, 300), *range(1200, 1300)], unit="D")
        events = pd.concat([pd.DataFrame({"on": at, "subject": name}) for name in ("lamp", "pump") for _ in range(3)], ignore_index=True)
        with np.errstate(divide="raise"):
            found = outer_effects.idle(events, pd.DataFrame(columns=["project_id", "subject", "chartered_on", "landed_on"]), Settings())
        assert len(found) and np.isfinite(found[["usual", "usual_error", "naive"]]).all(axis=None)


class TestCourse:
    def test_breaks_at_run_up_charter_and_landing(self, tables, effects):
        found, sources = outer_subjects.find(tables, outer_subjects.projects(tables))
        assert outer_curve.shown(effects) == "P1"
        row = found.set_index("project_id", drop=False).loc["P1"].to_dict()
        course = outer_curve.course(sources["repairs"].events, row, Settings(), conf_level=0.95)
        assert course["phase"].drop_duplicates().tolist() == list(outer_curve.PHASES)
        mean = course.groupby("phase")["estimate"].mean()
        assert mean["run_up"] > 1.2 * mean["usual"] and mean["after"] < 0.75 * mean["usual"]
        assert (course["conf_low"] <= course["estimate"]).all() and (course["estimate"] <= course["conf_high"]).all()
