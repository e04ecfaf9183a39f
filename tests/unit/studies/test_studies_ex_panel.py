"""Input of the EX–VoC study: who is counted in which period, and what stops a table that is no panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.results import Text, Verdict
from voclib.studies import ex_voc
from voclib.studies.ex_voc import panel as ex_panel
from voclib.studies.ex_voc import text as ex_voc_text
from voclib.studies.ex_voc.panel import ExPanel

WAVES = ("2026-01", "2026-04", "2026-07")
MOMENTS = dict.fromkeys(("touched_at", "submitted_at"), pd.DatetimeTZDtype("us", "UTC"))
STORES = ("D1", "D2", "D3", "D4")
NAMED = {"unit": "ward", "period": "year", "exposure": "mood", "outcome": "deaths", "exposure_name": Text("投入度", "engagement"),
         "outcome_name": Text("死亡指数", "the mortality index"), "unit_name": Text("病区", "ward")}


def moments(days: list[str]) -> pd.Series:
    return pd.Series(pd.to_datetime(days).tz_localize("Asia/Shanghai").tz_convert("UTC"))


def sheet(store: str, wave: str, who: str, value: float, *, is_manager: bool = False, day: int = 10) -> list[dict[str, Any]]:
    """Two items of one employee, a point apart, with `value` as their mean."""
    return [{"employee_response_id": f"{store}-{wave}-{who}", "unit_id": store, "wave_month": wave, "submitted_at": f"{wave}-{day:02d} 18:00",
             "item_code": item, "value": value + shift, "is_manager": is_manager} for item, shift in (("q1", -0.5), ("q2", 0.5))]


def company(*, waves: tuple[str, ...] = WAVES, employees: int = 6, customers: int = 8) -> dict[str, pd.DataFrame]:
    """Four stores: six employees a wave, whose answers go up by store and wave, and eight customers served in the wave's first month."""
    staff = [row for s, store in enumerate(STORES) for w, wave in enumerate(waves) for k in range(employees)
             for row in sheet(store, wave, str(k), 2.0 + 0.2 * s + 0.1 * w * (s % 2 + 1) + 0.1 * (k % 3))]
    surveys = pd.DataFrame(staff)
    voices = pd.DataFrame([{"response_id": f"R{s}{w}{k}", "invitation_id": f"I{s}{w}{k}", "unit_id": store, "touched": f"{wave}-{5 + k:02d} 12:00",
                            "nps_score": (9, 10, 7, 3)[(k + s + w) % 4], "csat_score": (k + s) % 5 + 1}
                           for s, store in enumerate(STORES) for w, wave in enumerate(waves) for k in range(customers)])
    return {"employee_surveys": surveys.assign(submitted_at=moments(surveys["submitted_at"].tolist())),
            "responses": voices.assign(touched_at=moments(voices["touched"].tolist()), submitted_at=moments(voices["touched"].tolist()),
                                       nps_score=voices["nps_score"].astype("Int64"), csat_score=voices["csat_score"].astype("Int64"))}


def at(panel: ExPanel, store: str, period: int, column: str) -> Any:
    found = panel.frame[panel.frame["unit_id"].eq(store) & panel.frame["period"].eq(period)]
    assert len(found) == 1
    return found[column].iloc[0]


def told(panel: ExPanel, name: str) -> Any:
    return next(c for c in panel.checks if name in c.name.en)


def refused(panel: ExPanel) -> str:
    """Why the study of a panel says nothing; it must have said what is needed."""
    result = ex_voc.study(panel)
    assert result.study.verdict is Verdict.REFUSE and result.effect.needs.en and result.effect.needs.zh and result.captions["ladder"]
    assert ex_voc.counted(panel, lag=1).empty
    return result.effect.reason.en


class TestEmployees:
    def test_equal_answers_are_a_refusal_and_no_error(self) -> None:
        tables = company()
        same = tables["employee_surveys"].assign(value=4.0)
        panel = ex_panel.from_tables({**tables, "employee_surveys": same})
        assert panel.frame["ex"].eq(4.0).all() and panel.frame["ex_noise"].eq(0.0).all() and panel.frame["ex_n"].eq(6).all()
        assert "same number throughout" in refused(panel)
        assert "never changes" in refused(ex_panel.from_tables({**tables, "responses": tables["responses"].assign(nps_score=9)}))

    def test_neither_side_has_a_cell(self) -> None:
        tables = company(employees=3)
        voices = tables["responses"].assign(nps_score=pd.array([pd.NA] * len(tables["responses"]), dtype="Int64"))
        assert "the most is 3" in refused(ex_panel.from_tables({**tables, "responses": voices}))

    def test_stores_too_small_to_show_are_a_refusal_and_no_error(self) -> None:
        few = ex_panel.from_tables(company(employees=3))
        assert "answers from 5 employees in any wave; the most is 3" in refused(few) and few.frame["ex"].isna().all()
        assert "36 answers in all" in told(few, "Small cells").detail.en and few.placed["employee_surveys"]["step"].eq("small").all()

    def test_small_cells_are_removed_before_a_mean_is_formed(self) -> None:
        tables = company()
        gone = tables["employee_surveys"]["employee_response_id"].isin(["D1-2026-04-0", "D1-2026-04-1"])
        panel = ex_panel.from_tables({**tables, "employee_surveys": tables["employee_surveys"][~gone]})
        assert np.isnan(at(panel, "D1", 1, "ex")) and at(panel, "D1", 1, "outcome_n") == 8
        assert at(panel, "D2", 1, "ex_n") == 6 and len(panel.frame) == 12
        assert "4 answers in all" in told(panel, "Small cells").detail.en
        assert not (panel.answers["unit_id"].eq("D1") & panel.answers["period"].eq(1)).any()

    def test_five_are_enough(self) -> None:
        panel = ex_panel.from_tables(company(employees=5))
        assert panel.frame["ex_n"].eq(5).all() and "No cell" in told(panel, "Small cells").detail.en

    def test_managers_do_not_count_in_their_own_store_unless_asked(self) -> None:
        tables = company()
        boss = pd.DataFrame(sheet("D1", "2026-01", "boss", 4.5, is_manager=True))
        boss["submitted_at"] = moments(boss["submitted_at"].tolist())
        led = {**tables, "employee_surveys": pd.concat([tables["employee_surveys"], boss], ignore_index=True)}
        without, with_ = ex_panel.from_tables(led), ex_panel.from_tables(led, with_managers=True)
        assert at(without, "D1", 0, "ex") == pytest.approx(at(ex_panel.from_tables(tables), "D1", 0, "ex"))
        assert at(with_, "D1", 0, "ex") == pytest.approx((6 * at(without, "D1", 0, "ex") + 4.5) / 7)
        key = next(k for k in without.facts if "Managers" in k.en)
        assert without.facts[key] == 1 and key not in with_.facts

    def test_an_unknown_role_is_no_manager(self) -> None:
        tables = company()
        flag = pd.array([None] * len(tables["employee_surveys"]), dtype="boolean")
        panel = ex_panel.from_tables({**tables, "employee_surveys": tables["employee_surveys"].assign(is_manager=flag)})
        assert panel.frame["ex_n"].eq(6).all()

    def test_mean_and_noise_are_those_of_the_sheets(self) -> None:
        panel = ex_panel.from_tables(company())
        values = [2.0 + 0.1 * (k % 3) for k in range(6)]
        assert at(panel, "D1", 0, "ex") == pytest.approx(np.mean(values))
        assert at(panel, "D1", 0, "ex_noise") == pytest.approx(np.var(values, ddof=1) / 6)
        assert panel.items == ("q1", "q2") and panel.answers["value"].equals(panel.answers[["q1", "q2"]].mean(axis=1))


class TestWaves:
    def test_periods_are_waves_and_a_missing_wave_is_a_gap(self) -> None:
        panel = ex_panel.from_tables(company(waves=("2026-01", "2026-04", "2026-10")))
        assert sorted(panel.frame["period"].unique()) == [0, 1, 3] and panel.period_name.en == "quarter"

    def test_uneven_distances_are_refused(self) -> None:
        with pytest.raises(DataError, match="2, 3 months apart"):
            ex_panel.from_tables(company(waves=("2026-01", "2026-03", "2026-06")))

    def test_one_wave_is_no_change(self) -> None:
        panel = ex_panel.from_tables(company(waves=("2026-01",)))
        assert "only one wave" in refused(panel) and not any("Months per period" in key.en for key in panel.facts)

    def test_a_survey_answered_after_its_period_has_seen_the_outcome(self) -> None:
        tables = company()
        late = tables["employee_surveys"].assign(submitted_at=tables["employee_surveys"]["submitted_at"] + pd.Timedelta(days=90))
        with pytest.raises(DataError, match="144 of 144 employee answers came in after.*Correct wave_month"):
            ex_panel.from_tables({**tables, "employee_surveys": late})

    def test_one_straggler_in_a_thousand_is_counted_not_refused(self) -> None:
        tables = company(employees=60)
        surveys = tables["employee_surveys"].reset_index(drop=True)
        surveys.loc[0, "submitted_at"] += pd.Timedelta(days=90)
        assert "1 came in after" in told(ex_panel.from_tables({**tables, "employee_surveys": surveys}), "closes before").detail.en


class TestCustomers:
    def test_the_day_of_service_decides_and_not_the_day_of_answering(self) -> None:
        tables = company()
        slow = tables["responses"].assign(submitted_at=tables["responses"]["submitted_at"] + pd.Timedelta(days=85))
        first, second = ex_panel.from_tables(tables), ex_panel.from_tables({**tables, "responses": slow})
        pd.testing.assert_frame_equal(first.frame, second.frame)
        moved = tables["responses"].assign(touched_at=slow["submitted_at"])
        assert not ex_panel.from_tables({**tables, "responses": moved}).frame["outcome"].equals(first.frame["outcome"])

    def test_a_months_edge_is_the_companys_midnight(self) -> None:
        """Half past midnight of 1 April in Shanghai is still March in UTC, and half an hour earlier it is March in both."""
        tables = company()
        edge = tables["responses"].copy()
        edge.loc[0, "touched_at"] = pd.Timestamp("2026-04-01 00:30", tz="Asia/Shanghai")
        edge.loc[1, "touched_at"] = pd.Timestamp("2026-03-31 23:30", tz="Asia/Shanghai")
        assert at(ex_panel.from_tables({**tables, "responses": edge}), "D1", 1, "outcome_n") == 9
        assert at(ex_panel.from_tables({**tables, "responses": edge}, timezone="UTC"), "D1", 1, "outcome_n") == 8

    def test_every_score_is_counted_once(self) -> None:
        tables = company()
        voices = tables["responses"].copy()
        voices.loc[0, "unit_id"] = None
        voices.loc[1, ["touched_at", "submitted_at"]] = pd.NaT
        voices.loc[2, "touched_at"] = pd.Timestamp("2025-12-31 12:00", tz="Asia/Shanghai")
        voices.loc[3, "touched_at"] = pd.Timestamp("2026-10-01 12:00", tz="Asia/Shanghai")
        voices.loc[4, "nps_score"] = pd.NA
        check = told(ex_panel.from_tables({**tables, "responses": voices}), "accounted")
        assert check.passed and "95 voices" in check.detail.en
        assert all(part in check.detail.en for part in ("2 have no store or time", "2 fall outside", "91 are used"))

    def test_a_contact_without_a_time_of_its_own_is_found_through_the_invitation(self) -> None:
        """Answers come a period too late, and the contact is known only through invitation and touchpoint."""
        tables = company()
        voices, first = tables["responses"], ex_panel.from_tables(tables)
        asked = pd.DataFrame({"invitation_id": voices["invitation_id"], "touchpoint_id": "T" + voices["invitation_id"], "is_delivered": True})
        met = pd.DataFrame({"touchpoint_id": asked["touchpoint_id"], "unit_id": voices["unit_id"], "started_at": voices["touched_at"]})
        late = voices.assign(submitted_at=voices["touched_at"] + pd.Timedelta(days=85), touched_at=voices["touched_at"].where(voices.index < 2))
        found = ex_panel.from_tables({**tables, "responses": late, "invitations": asked, "touchpoints": met})
        pd.testing.assert_frame_equal(found.frame[first.frame.columns], first.frame)
        check = told(found, "time of their contact")
        assert found.is_by_contact and check.passed and "94 of them" in check.detail.en and found.unheard is None

    def test_the_day_of_the_answer_stands_in_and_is_named(self) -> None:
        tables = company()
        first, voices = ex_panel.from_tables(tables), tables["responses"]
        found = ex_panel.from_tables({**tables, "responses": voices.assign(touched_at=voices["touched_at"].where(voices.index >= 30))})
        check = told(found, "time of their contact")
        pd.testing.assert_frame_equal(found.frame, first.frame)  # these answer within minutes, which nobody can know
        assert not found.is_by_contact and check.passed is False and "30 have no contact time" in check.detail.en
        assert first.is_by_contact and told(first, "time of their contact").passed

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("lacking,said", [
        (dict.fromkeys(MOMENTS), "None of the 96 voices with the score and a store has a time"),
        ({"unit_id": None}, "None of the 96 voices with the score names a store"),
        ({"touched_at": pd.Timestamp("2020-01-01", tz="UTC")}, "All 96 scores with a time lie outside")])
    def test_without_a_single_placed_score_the_refusal_names_the_cause(self, lacking: dict[str, Any], said: str) -> None:
        tables = company()
        panel = ex_panel.from_tables({**tables, "responses": tables["responses"].assign(**lacking).astype(MOMENTS)})
        result = ex_voc.study(panel)
        assert said in result.effect.reason.en and said in result.study.answer.en and result.effect.needs.zh
        assert "no slope" in ex_voc_text.no_money(panel, has_slope=result.rungs is not None, has_bookings=True).en

    def test_the_sampling_variance_of_an_nps_cell(self) -> None:
        """Variance of one answer over all periods of the store, ¾ promoter and ¾ detractor added, by the answers of the cell."""
        tables = company()
        alike = tables["responses"].assign(nps_score=pd.array([10] * len(tables["responses"]), dtype="Int64"))
        alike.loc[alike.index[:2], "nps_score"] = 3  # both of D1 in the first period
        panel = ex_panel.from_tables({**tables, "responses": alike.drop(alike.index[8])})
        p, d = (21 + 0.75) / 26, (2 + 0.75) / 26
        assert at(panel, "D1", 0, "outcome") == pytest.approx(100 * (6 - 2) / 8)
        assert [at(panel, "D1", t, "outcome_sampling") for t in (0, 1)] == pytest.approx([1e4 * (p + d - (p - d) ** 2) / n for n in (8, 7)])
        p, d = 24.75 / 27, 0.75 / 27
        assert at(panel, "D2", 2, "outcome_sampling") == pytest.approx(1e4 * (p + d - (p - d) ** 2) / 8) and at(panel, "D2", 2, "outcome") == 100

    def test_satisfaction_keeps_its_scale(self) -> None:
        tables = company()
        panel = ex_panel.from_tables(tables, metric="csat_score")
        own = tables["responses"][tables["responses"]["unit_id"].eq("D1")].iloc[:8]["csat_score"].astype(float)
        assert at(panel, "D1", 0, "outcome") == pytest.approx(own.mean()) and panel.outcome_unit == "score"
        assert panel.frame["outcome_sampling"].nunique() == 1, "pooled over cells of eight"

    def test_closed_stores_stay_in(self) -> None:
        tables = company()
        units = pd.DataFrame({"unit_id": STORES, "region": ["E", "E", "S", "S"], "closed_on": [pd.Timestamp("2026-05-01"), *[pd.NaT] * 3]})
        closed = {name: table[~(table["unit_id"].eq("D1") & table.iloc[:, 0].astype(str).str.contains("2026-07|R02", regex=True))]
                  for name, table in tables.items()}
        panel = ex_panel.from_tables({**closed, "units": units})
        assert panel.frame.groupby("unit_id").size().to_dict() == {"D1": 2, "D2": 3, "D3": 3, "D4": 3}
        assert panel.frame.groupby("unit_id")["region"].first().tolist() == ["E", "E", "S", "S"]


class TestOtherTables:
    def test_two_tables_are_enough(self) -> None:
        panel = ex_panel.from_tables(company())
        assert panel.controls == () and not {"untouched", "response_rate", "started", "region"} & set(panel.frame)

    @pytest.mark.parametrize("missing", ["employee_surveys", "responses"])
    def test_without_either_side_there_is_no_study(self, missing: str) -> None:
        tables = company()
        for left in ({k: v for k, v in tables.items() if k != missing}, {**tables, missing: tables[missing].iloc[:0]}):
            with pytest.raises(DataError, match=f"missing or empty: {missing}"):
                ex_panel.from_tables(left)

    def test_controls_are_means_over_the_months_of_a_period(self) -> None:
        months = [f"2026-{m:02d}" for m in range(1, 10)]
        operations = pd.DataFrame({"unit_id": np.repeat(STORES, 9), "month": months * 4, "vacancies": pd.array([*range(9)] * 4, dtype="Int64")})
        panel = ex_panel.from_tables({**company(), "operations": operations}, controls=("vacancies",))
        assert [at(panel, "D3", t, "vacancies") for t in range(3)] == [1, 4, 7] and panel.controls == ("vacancies",)

    def test_share_of_invitations_answered_by_day_of_service(self) -> None:
        tables = company()
        seen = tables["responses"]
        met = pd.DataFrame({"touchpoint_id": seen["response_id"], "unit_id": seen["unit_id"], "started_at": seen["touched_at"]})
        asked = pd.DataFrame({"invitation_id": seen["invitation_id"], "touchpoint_id": seen["response_id"], "is_delivered": True})
        stray = pd.DataFrame({"invitation_id": ["I9"], "touchpoint_id": ["gone"], "is_delivered": [True]})
        told_ = {**tables, "responses": seen.iloc[2:], "touchpoints": met, "invitations": pd.concat([asked, stray], ignore_index=True)}
        panel = ex_panel.from_tables(told_)
        assert at(panel, "D1", 0, "response_rate") == pytest.approx(100 * 6 / 8) and at(panel, "D2", 0, "response_rate") == 100

    def test_what_employees_cannot_touch_is_a_share_of_voices_with_a_topic(self) -> None:
        tables = company()
        mentions = pd.DataFrame({"response_id": ["R000", "R001", "R002", "R100"], "topic": ["parts_price", "courtesy", "courtesy", "courtesy"]})
        panel = ex_panel.from_tables({**tables, "topic_mentions": mentions})
        assert at(panel, "D1", 0, "untouched") == pytest.approx(100 / 3) and at(panel, "D2", 0, "untouched") == 0
        assert np.isnan(at(panel, "D4", 0, "untouched"))

    def test_a_programme_counts_from_the_period_in_which_it_starts(self) -> None:
        programmes = pd.DataFrame({"programme_id": ["P1", "P1", "P2"], "unit_id": ["D1", "D2", "D3"], "name": ["辅导", "辅导", "奖金"],
                                   "started_on": pd.to_datetime(["2026-04-01", "2026-06-30", "2026-02-01"])})
        panel = ex_panel.from_tables({**company(), "programmes": programmes}, programme="P1")
        first = panel.frame.groupby("unit_id")["started"].first()
        assert first[["D1", "D2"]].tolist() == [1, 1] and first[["D3", "D4"]].isna().all() and panel.programme.zh == "辅导"

    def test_a_company_without_a_list_of_programmes_studies_none(self) -> None:
        programmes = pd.DataFrame({"programme_id": ["P1"], "unit_id": ["D1"], "name": ["辅导"], "started_on": pd.to_datetime(["2026-04-01"])})
        assert ex_panel.offered({**company(), "programmes": programmes}, "P1") == "P1" and ex_panel.offered(company(), "P1") == ""
        assert ex_panel.offered({**company(), "programmes": programmes.head(0)}, "P1") == ""

    def test_answers_of_managers_alone_are_named_as_such(self) -> None:
        tables = company()
        led = {**tables, "employee_surveys": tables["employee_surveys"].assign(is_manager=True)}
        assert "All 72 employee sheets are from managers" in refused(ex_panel.from_tables(led))
        assert len(ex_panel.from_tables(led, with_managers=True).answers)

    @pytest.mark.parametrize("wrong,said", [
        ({"metric": "nps_scor"}, "did you mean 'nps_score'"), ({"metric": "ces_score"}, "There is no score 'ces_score'; did you mean 'csat_score'"),
        ({"programme": "P01"}, "There is no programme 'P01'"), ({"controls": ("vacancy",)}, "did you mean 'vacancies'")])
    def test_names_that_do_not_exist(self, wrong: dict[str, Any], said: str) -> None:
        operations = pd.DataFrame({"unit_id": STORES, "month": "2026-01", "vacancies": 1, "is_manager_changed": False, "is_refurbished": False})
        with pytest.raises(ParameterError, match=said):
            ex_panel.from_tables({**company(), "operations": operations}, **wrong)


def wards(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"ward": np.repeat(["a", "b", "c"], 3), "year": [2019, 2020, 2021] * 3, "mood": np.linspace(3, 4, 9),
                          "deaths": np.arange(9) % 4, "heads": [4, 9, 12] * 3, "beds": 20.0})
    return frame.assign(**columns)


class TestFromFrame:
    def test_any_number_will_do_and_what_is_unknown_stays_so(self) -> None:
        panel = ex_panel.from_frame(wards(), **NAMED, sign=-1)
        assert panel.sign == -1 and panel.answers is None and not panel.has_noise and not panel.has_sampling
        assert panel.frame["outcome"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0] and Text("病区", "Wards") in panel.facts
        small = told(panel, "Small cells")
        assert small.passed is None and "not given" in small.detail.en

    def test_small_cells_go_where_their_size_is_told(self) -> None:
        panel = ex_panel.from_frame(wards(v=0.1), **NAMED, exposure_n="heads", exposure_noise="v")
        assert panel.frame.loc[panel.frame["ex_n"].eq(4), ["ex", "ex_noise"]].isna().all(axis=None) and panel.frame["ex"].notna().sum() == 6
        assert "12 answers in all" in told(panel, "Small cells").detail.en and "3 cells (ward × period)" in told(panel, "Small cells").detail.en

    def test_noise_and_sampling_are_taken_as_given(self) -> None:
        panel = ex_panel.from_frame(wards(v=0.1, w=2.0), **NAMED, exposure_noise="v", outcome_sampling="w", controls=("beds",))
        assert panel.has_noise and panel.has_sampling and panel.controls == ("beds",) and panel.frame["outcome_sampling"].eq(2).all()

    @pytest.mark.parametrize("frame,more,error,said", [
        (wards(), {"sign": 2}, ParameterError, "sign is 1"),
        (wards(), {"controls": ("bed",)}, ParameterError, "did you mean 'beds'"),
        (wards(), {"controls": ("mood",)}, ParameterError, "'mood' is a control but already has another role"),
        (wards(deaths=[f"{k}分" for k in range(9)]), {}, DataError, "'deaths' holds .* not numbers; three of its values: '0分', '1分', '2分'"),
        (wards(heads="many"), {"exposure_n": "heads"}, DataError, "'heads' holds"),
        (pd.concat([wards(), wards().iloc[:1]]), {}, DataError, "2 rows stand for a unit_id and period that occur more than once"),
        (wards(year=[2019.5, 2020, 2021] * 3), {}, DataError, "whole numbers"),
        (wards(year=["2019", "2020", "2021"] * 3), {}, DataError, "whole numbers"),
        (wards(mood=[np.inf, *range(8)]), {}, DataError, "1 of 9 values of 'ex' are infinite"),
        (wards().iloc[:0], {}, DataError, "no rows")])
    def test_a_table_that_is_no_panel(self, frame: pd.DataFrame, more: dict[str, Any], error: type[Exception], said: str) -> None:
        with pytest.raises(error, match=said):
            ex_panel.from_frame(frame, **NAMED, **more)

    def test_a_missing_column_has_a_nearest_name(self) -> None:
        with pytest.raises(ParameterError, match="There is no column 'death'; did you mean 'deaths'"):
            ex_panel.from_frame(wards(), **{**NAMED, "outcome": "death"})


def test_the_sample_company_gives_a_panel(small_company) -> None:
    panel = ex_panel.from_tables(small_company.ingested, programme="P01")
    scored = small_company.ingested["responses"]["nps_score"].notna().sum()
    assert panel.frame["unit_id"].nunique() == 8 and all(c.passed for c in panel.checks)
    assert f"{scored:,} voices" in told(panel, "accounted").detail.en
    assert {"untouched", "response_rate", "region", "started", *ex_panel.CONTROLS} <= set(panel.frame)
    assert panel.frame["response_rate"].dropna().between(0, 100).all()
