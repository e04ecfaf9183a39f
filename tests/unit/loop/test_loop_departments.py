"""Departments and months: shares with their intervals, drawn towards the mean, and what luck alone makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import LEVEL, START, cases, clock, drawn, followed

from voclib.loop import compliance
from voclib.loop.inner_loop import departments
from voclib.results import Text

NAMES = {"质量部": Text("质量部", "Quality")}
EIGHT = tuple(f"部门{k}" for k in range(8))


def studied(frame: pd.DataFrame, *, asof: pd.Timestamp | None = None, **options: object) -> departments.Departments:
    return departments.study(followed(frame, asof=asof), clock(), NAMES, estimand="in_time:resolved", **{**LEVEL, **options})


def luck(seed: int, *, sizes: tuple[int, ...], share: float) -> pd.DataFrame:
    """Departments that all settle the same share in time."""
    rng = np.random.default_rng(seed)
    owner = np.repeat([f"部门{k}" for k in range(len(sizes))], sizes)
    took = np.where(rng.random(len(owner)) < share, 20.0, 200.0)
    return cases(np.zeros(len(owner)), took, owner_department=owner, unit_id=None)


class TestDepartments:
    def test_each_is_its_cases_alone(self) -> None:
        frame = drawn(1, n=600, departments=("质量部", "备件部"))
        found = studied(frame)
        for row in found.table.itertuples():
            mine = followed(frame).query("owner_department == @row.key")
            alone = compliance.measure(mine, limit=72, estimand="x", **LEVEL).every
            assert row.in_time.value == alone.value and row.in_time.group == row.key and row.n == len(mine)
            assert row.open == (~mine["is_stopped"]).sum() and row.done == mine["is_stopped"].mean()
            assert row.overdue == (~mine["is_stopped"] & (mine["followed"] > 72)).sum() <= row.open
            assert row.median_hours == compliance.median_hours(mine)
        assert {row.key: row.department.en for row in found.table.itertuples()} == {"质量部": "Quality", "备件部": "备件部"}
        assert found.table["n"].sum() == 600 and found.drawn.empty and found.shrunken is None, "two cannot be compared with their mean"

    def test_cases_of_nobody_are_a_row_and_never_drawn(self) -> None:
        frame = drawn(2, n=900, departments=(*EIGHT, None))
        found = studied(frame)
        assert departments.NOBODY in set(found.table["key"]) and found.table["n"].sum() == 900
        assert departments.NOBODY not in set(found.drawn["key"]) and len(found.drawn) == 8

    def test_best_first_and_apart_is_outside_the_band(self) -> None:
        frame = drawn(3, n=1600, departments=EIGHT)
        slow = frame["owner_department"].eq("部门3")
        frame["resolved_at"] = frame["resolved_at"].where(~slow, frame["resolved_at"] + pd.Timedelta(hours=60))
        found = studied(frame).drawn
        assert found["value"].is_monotonic_decreasing and found["key"].iloc[-1] == "部门3" and found["is_apart"].iloc[-1]
        assert (found["is_apart"] == ((found["value"] < found["mean_low"]) | (found["value"] > found["mean_high"]))).all()
        columns = ["raw", "raw_low", "raw_high", "value", "low", "high", "mean_low", "mean_high"]
        assert ((found[columns] >= 0) & (found[columns] <= 1)).all().all()
        assert ((found["value"] - found["raw"]).abs() < 0.2).all() and found["value"].std() < found["raw"].std()

    @pytest.mark.parametrize(("sizes", "share"), [((100,) * 12, 0.9), ((30, 35, 40, 45, 60, 80, 100, 150, 200, 300, 500, 800), 0.9),
                                                  ((60,) * 8, 0.5), ((100,) * 12, 0.97)])
    def test_luck_alone_seldom_sets_one_apart(self, sizes: tuple[int, ...], share: float) -> None:
        wrong = [studied(luck(seed, sizes=sizes, share=share)).drawn["is_apart"].any() for seed in range(40)]
        assert np.mean(wrong) <= 0.1

    def test_all_alike(self) -> None:
        found = studied(luck(0, sizes=(40,) * 6, share=1.0), asof=START + pd.Timedelta(hours=90))
        assert len(found.drawn) == 6 and not found.drawn["is_apart"].any() and found.drawn["value"].to_numpy() == pytest.approx(1)

    def test_few_cases_are_left_out_of_the_picture(self) -> None:
        found = studied(luck(1, sizes=(40,) * 5 + (29,), share=0.7))
        assert len(found.drawn) == 5 and len(found.table) == 6
        assert studied(luck(1, sizes=(40,) * 4 + (29,) * 3, share=0.7)).drawn.empty


class TestMonths:
    def test_by_month_opened_and_by_month_closed(self) -> None:
        frame = drawn(4, n=1500, span=24 * 85, watched=24 * 88, never=0.08)
        found = departments.months(followed(frame), clock(), estimand="x", **LEVEL)
        opened, closed = (found[found["way"] == way] for way in ("opened", "closed"))
        assert opened["n"].sum() == 1500 and closed["n"].sum() == frame["resolved_at"].notna().sum()
        assert opened["month"].dt.strftime("%Y-%m").tolist() == ["2026-03", "2026-04", "2026-05"]
        assert (closed["estimate"].to_numpy() > opened["estimate"].to_numpy()).all(), "a slow case never belongs to the month that closes it early"
        assert found["estimate"].between(found["conf_low"], found["conf_high"]).all()

    def test_months_are_those_of_the_office(self) -> None:
        """20:00 of 31 March in London is April in Shanghai."""
        frame = cases([24 * 29 + 11.0] * 20, [24 * 29 + 20.0] * 20)
        for zone, month in (("UTC", "2026-03"), ("Asia/Shanghai", "2026-04")):
            found = departments.months(followed(frame), clock(), estimand="x", timezone=zone, **LEVEL)
            assert found.loc[found["way"] == "opened", "month"].dt.strftime("%Y-%m").tolist() == [month]

    def test_a_month_of_few_cases_has_no_number(self) -> None:
        found = departments.months(followed(cases([0.0] * 9, [10.0] * 9)), clock(), estimand="x", **LEVEL)
        assert found["estimate"].isna().all() and found["n"].tolist() == [9, 9]
        none = departments.months(followed(cases([0.0] * 9, [np.nan] * 9)), clock(), estimand="x", **LEVEL)
        assert none["way"].tolist() == ["opened"]


class TestSheet:
    def laid(self, frame: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
        return departments.sheet(followed(frame), clock(), NAMES, estimand="x", **LEVEL)

    def test_months_where_most_departments_have_enough(self) -> None:
        told, found = self.laid(drawn(5, n=900, span=24 * 150, watched=24 * 170, departments=("质量部", "备件部")))
        assert told == ["2026-04", "2026-05", "2026-06", "2026-07"] and found["n"].sum() == 900
        one = found.loc[found["key"] == "质量部", "2026-05"].iloc[0]
        frame = followed(drawn(5, n=900, span=24 * 150, watched=24 * 170, departments=("质量部", "备件部")))
        mine = frame[frame["owner_department"].eq("质量部") & frame["opened_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m").eq("2026-05")]
        assert one.value == compliance.measure(mine, limit=72, estimand="x", **LEVEL).every.value

    def test_quarters_where_months_have_too_few(self) -> None:
        told, found = self.laid(drawn(6, n=160, span=24 * 300, watched=24 * 320, departments=EIGHT))
        assert told == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"] and len(found) == 8

    def test_none_where_a_department_had_no_case(self) -> None:
        frame = pd.concat([drawn(7, n=60, span=24 * 55), cases([24 * 40.0] * 20, [24 * 40 + 9.0] * 20, owner_department="备件部")], ignore_index=True)
        told, found = self.laid(frame)
        assert told == ["2026-03", "2026-04"]
        assert found.set_index("key").loc["备件部", "2026-03"] is None and found.set_index("key").loc["备件部", "2026-04"].value == 1
