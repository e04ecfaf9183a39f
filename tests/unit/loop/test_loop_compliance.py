"""The share in time with open cases counted: by hand, against other packages, and where too little is left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import LEVEL, START, cases, clock, drawn, followed

from voclib.loop import compliance
from voclib.results import Text, Verdict

HOUR = pd.Timedelta(hours=1)


def measured(frame: pd.DataFrame, *, limit: float = 72.0, **options: object) -> compliance.Compliance:
    return compliance.measure(frame, limit=limit, estimand="in_time:resolved", **{**LEVEL, **options})


def spread(took: list[float], is_stopped: list[bool], seen: float = 1000.0) -> pd.DataFrame:
    """Rows as `clocks.follow` gives them: stopped after, or seen for, so many hours."""
    frame = cases([0] * len(took), [t if s else np.nan for t, s in zip(took, is_stopped, strict=True)],
                  opened_at=[START + (0 if s else seen - t) * HOUR for t, s in zip(took, is_stopped, strict=True)],
                  resolved_at=[START + t * HOUR if s else pd.NaT for t, s in zip(took, is_stopped, strict=True)])
    frame = frame.astype({"opened_at": "datetime64[us, UTC]", "resolved_at": "datetime64[us, UTC]"})
    return followed(frame, asof=START + seen * HOUR)


class TestTheShare:
    def test_by_hand(self) -> None:
        """Ten closed at 10, one of the rest seen for 20 only, ten closed at 30, one seen for 40, ten closed at 90: of 32, 31 then 21, 20 are left."""
        frame = spread([10.0] * 10 + [20.0] + [30.0] * 10 + [40.0] + [90.0] * 10, [True] * 10 + [False] + [True] * 10 + [False] + [True] * 10)
        found = measured(frame)
        left = (1 - 10 / 32) * (1 - 10 / 21)
        assert found.every.value == pytest.approx(1 - left) and found.every.n == 32
        assert found.closed.value == pytest.approx(20 / 30) and found.closed.n == 30
        assert found.due.value == pytest.approx(20 / 30) and found.due.n == 30, "two open ones are not beyond their limit"
        greenwood = left * np.sqrt(10 / (32 * 22) + 10 / (21 * 11))
        assert measured(frame, cluster=None).every.std_error == pytest.approx(greenwood, rel=0.03)

    def test_as_other_packages_have_it(self) -> None:
        from lifelines import KaplanMeierFitter
        from statsmodels.duration.survfunc import SurvfuncRight

        frame = followed(drawn(5, n=250, watched=24 * 60 + 30))
        other = SurvfuncRight(frame["hours"], frame["is_stopped"].astype(int))
        for limit in (12.0, 48.0, 72.0, 150.0):
            found = measured(followed(drawn(5, n=250, watched=24 * 60 + 30), clock(hours=limit)), limit=limit, cluster=None).every
            fitted = KaplanMeierFitter().fit(frame["hours"], frame["is_stopped"])
            at = np.searchsorted(other.surv_times, limit, side="right") - 1
            assert found.value == pytest.approx(1 - float(fitted.predict(limit))) == pytest.approx(1 - other.surv_prob[at])
            assert found.std_error == pytest.approx(other.surv_prob_se[at], rel=0.01)
            interval = fitted.confidence_interval_survival_function_
            low, high = (float(interval[interval.index <= limit].iloc[-1][column]) for column in interval)
            assert (found.conf_low, found.conf_high) == pytest.approx((1 - high, 1 - low), abs=0.002)

    def test_closed_alone_is_larger_where_slow_cases_are_open(self) -> None:
        for seed in range(4):
            found = measured(followed(drawn(seed, never=0.12)))
            assert found.closed.value > found.every.conf_high > found.every.value
            assert found.due.value == pytest.approx(found.every.value, abs=0.01)

    def test_recent_cases_count_for_as_long_as_they_were_seen(self) -> None:
        """All cases opened in the last six days: closed ones alone are the fast ones."""
        frame = followed(drawn(2, n=600, span=24 * 6, watched=24 * 6, never=0.0))
        found, truth = measured(frame), measured(followed(drawn(2, n=600, span=24 * 6, watched=24 * 60, never=0.0)))
        assert found.closed.value > truth.every.conf_high + 0.03
        assert found.every.conf_low <= truth.every.value <= found.every.conf_high
        assert found.every.std_error < found.due.std_error and found.due.n < found.every.n == 600

    def test_clusters_of_like_cases_widen_the_interval(self) -> None:
        frame = drawn(1, n=480, never=0.0)
        slow = frame["unit_id"].isin(["D00", "D01", "D02"])
        frame["resolved_at"] = frame["resolved_at"].where(~slow, frame["opened_at"] + 90 * HOUR)
        mine, alone = (measured(followed(frame, asof=START + 24 * 90 * HOUR), cluster=by).every for by in ("unit_id", None))
        assert mine.value == alone.value and mine.std_error > 2 * alone.std_error and mine.n_clusters == 12 and alone.n_clusters is None
        assert mine.n_effective < 0.3 * alone.n_effective <= 480
        assert mine.n_effective == pytest.approx(mine.value * (1 - mine.value) / mine.std_error**2)
        assert mine.assumptions == ("clusters_independent",) and alone.assumptions == ("answers_independent",)

    def test_more_confidence_is_wider(self) -> None:
        frame = followed(drawn(3))
        wide, narrow = (measured(frame, conf_level=level).every for level in (0.99, 0.8))
        assert wide.conf_low < narrow.conf_low < narrow.conf_high < wide.conf_high and wide.value == narrow.value


class TestTheEnds:
    def test_all_in_time(self) -> None:
        found = measured(spread([10.0] * 40, [True] * 40))
        assert found.every.value == found.due.value == 1 == found.every.conf_high and 0.6 < found.every.conf_low < 0.9
        assert measured(spread([10.0] * 40, [True] * 40), cluster=None).every.conf_low > 0.88, "alike within dealers or not, none can tell"

    def test_none_in_time(self) -> None:
        found = measured(spread([100.0] * 20 + [300.0] * 20, [True] * 20 + [False] * 20))
        assert found.every.value == 0 == found.every.conf_low and 0 < found.every.conf_high < 0.4

    def test_none_due_in_time_but_recent_ones_are(self) -> None:
        """What the curve knows of recent cases is not thrown away."""
        found = measured(spread([300.0] * 40, [False] * 40).assign(unit_id=None))
        assert found.every.value == 0
        recent = spread([20.0] * 20, [True] * 20, seen=50.0)
        both = measured(pd.concat([spread([300.0] * 40, [False] * 40), recent], ignore_index=True))
        assert both.due.value == 0 and both.every.value == pytest.approx(20 / 60) and both.every.conf_low > 0.1

    @pytest.mark.parametrize(("late", "total"), [(1, 400), (399, 400)])
    def test_one_alone_has_an_interval_inside_zero_and_one(self, late: int, total: int) -> None:
        found = measured(spread([100.0] * late + [10.0] * (total - late), [True] * total)).every
        assert 0 < found.conf_low < found.value < found.conf_high < 1 and found.conf_high - found.conf_low < 0.05

    @pytest.mark.parametrize("n", [10, 12, 29])
    def test_few_cases_carry_a_caveat_in_words_of_cases(self, n: int) -> None:
        found = measured(spread([10.0] * (n - 3) + [100.0] * 3, [True] * n)).every
        assert found.kind == "estimate" and found.verdict is Verdict.REPORT_WITH_CAVEAT
        assert f"Only {n} cases" in found.reason.en and f"只有 {n} 张工单" in found.reason.zh and "answers" not in found.reason.en

    def test_too_few_are_refused(self) -> None:
        found = measured(spread([10.0] * 7, [True] * 7))
        assert found.every.kind == found.closed.kind == "refusal" and found.every.verdict is Verdict.REFUSE
        assert found.every.reason.en == "7 cases are too few for a share." and found.every.needs.en == "At least 10 cases."
        assert "回答" not in found.every.reason.zh + found.every.needs.zh and "分数" not in found.every.reason.zh

    def test_a_handful_is_withheld_in_the_measure_word_of_cases(self) -> None:
        found = measured(spread([10.0] * 3, [True] * 3)).every
        assert "工单不足 5 张" in found.reason.zh and "份" not in found.reason.zh + found.needs.zh

    def test_none_beyond_its_limit(self) -> None:
        """Many cases, all of today: half of them are closed, and nobody knows of the others yet."""
        found = measured(spread([5.0] * 60, [k % 2 == 0 for k in range(60)], seen=24.0))
        assert found.every.kind == found.due.kind == "refusal" and found.closed.value == 1
        assert found.every.reason == Text("60 张工单里，时限已过的有 0 张，不足以给出占比。",
                                          "Of 60 cases, the limit has run out for 0: too few for a share.")
        assert found.closed.n_clusters is None, "closed ones are of six dealers only"
        assert found.every.needs.en.startswith("At least 10 cases whose limit has run out") and found.every.rung == "cases"

    def test_no_case_at_all(self) -> None:
        found = measured(spread([10.0] * 3, [True] * 3).head(0))
        assert {found.every.kind, found.closed.kind, found.due.kind} == {"refusal"} and found.every.reason.en == "There are no usable cases."

    @pytest.mark.parametrize(("units", "clustered"), [([f"D{k % 10}" for k in range(100)], "shock"), ([f"D{k % 9}" for k in range(100)], None),
                                                      ([None, *[f"D{k % 10}" for k in range(99)]], "shock"),
                                                      ([None, *[f"D{k % 9}" for k in range(99)]], None)])
    def test_few_dealers_or_a_case_without_one(self, units: list, clustered: str | None) -> None:
        frame = spread([10.0] * 60 + [100.0] * 40, [True] * 100).assign(unit_id=pd.array(units, dtype="str"))
        found, by = compliance.clustered(frame, "unit_id", LEVEL["gates"])
        assert by == clustered and (by is None or found[by].nunique() == frame["unit_id"].nunique() + int(frame["unit_id"].isna().sum()))
        assert measured(frame).every.n_clusters == (None if clustered is None else 10), "dealers that are named, in any case"
        assert compliance.clustered(frame, "none", LEVEL["gates"])[1] is None is compliance.clustered(frame, None, LEVEL["gates"])[1]

    def test_a_case_without_a_dealer_leaves_the_others_alike(self) -> None:
        """Ten dealers, five quick and five slow: one case that names none does not make the other ninety-nine independent."""
        frame = spread([10.0 if k % 2 else 100.0 for k in range(100)], [True] * 100)
        frame = frame.assign(unit_id=pd.array([f"D{k % 10}" for k in range(100)], dtype="str"))
        some = measured(frame.assign(unit_id=frame["unit_id"].mask(frame.index == 0))).every
        every, naive = measured(frame).every, measured(frame, cluster=None).every
        width, whole, alone = (one.conf_high - one.conf_low for one in (some, every, naive))
        assert width > 0.95 * whole > 2 * alone and (some.verdict, every.verdict) == (Verdict.REPORT_WITH_CAVEAT,) * 2
        assert naive.verdict is Verdict.REPORT


class TestTheMedian:
    def test_by_hand(self) -> None:
        assert compliance.median_hours(spread([10.0, 20.0, 30.0], [True] * 3)) == 20
        assert compliance.median_hours(spread([10.0, 20.0, 30.0, 40.0], [True] * 4)) == 20
        assert compliance.median_hours(spread([10.0, 15.0, 30.0, 40.0], [True, False, True, True])) == 30, "0.75, then 0.375 are left"

    def test_fewer_than_half_done(self) -> None:
        assert np.isnan(compliance.median_hours(spread([10.0, 50.0, 60.0], [True, False, False])))
        assert np.isnan(compliance.median_hours(spread([10.0], [True]).head(0)))

    def test_as_another_package_has_it(self) -> None:
        from lifelines import KaplanMeierFitter

        for seed in range(3):
            frame = followed(drawn(seed, n=150, watched=24 * 60 + 20, span=24 * 5 if seed else 1440))
            assert compliance.median_hours(frame) == pytest.approx(KaplanMeierFitter().fit(frame["hours"], frame["is_stopped"]).median_survival_time_)

    def test_closed_and_open_at_one_time(self) -> None:
        """What closes at an hour closes before what was last seen at it is taken away."""
        assert compliance.median_hours(spread([10.0, 10.0], [True, False])) == 10


class TestTheCurve:
    def test_both_groups_at_the_same_times_with_the_limit_among_them(self) -> None:
        fast = cases([0] * 30, [10 + k for k in range(29)] + [np.nan], responded_at=drawn(1)["opened_at"].head(30))
        for frame, limit in ((drawn(1), 72.0), (drawn(1), 500.0), (fast, 72.0)):
            found = compliance.curves(followed(frame, clock(hours=limit)), limit=limit, **LEVEL)
            times = {name: part["time"].tolist() for name, part in found.groupby("group")}
            assert times["every"] == times["closed"] and limit in times["every"] and min(times["every"]) > 0
            assert found["survival"].between(0, 1).all() and found[["conf_low", "conf_high"]].notna().all().all()
            value = found[found["time"] == limit].set_index("group")["survival"]
            assert value["closed"] < value["every"]
            assert 1 - value["every"] == pytest.approx(measured(followed(frame, clock(hours=limit)), limit=limit).every.value)

    def test_closed_ones_are_all_done_after_the_slowest(self) -> None:
        found = compliance.curves(spread([10.0, 20.0, 30.0, 900.0], [True, True, True, False]), limit=72, **LEVEL)
        assert (found[(found["group"] == "closed") & (found["time"] >= 30)]["survival"] == 0).all()
        assert found[(found["group"] == "every") & (found["time"] >= 30)]["survival"].to_numpy() == pytest.approx(0.25)
        assert found["time"].max() == 216

    def test_nothing_to_draw(self) -> None:
        assert compliance.curves(spread([10.0], [True]), limit=72, **LEVEL).empty
        assert compliance.curves(spread([0.0] * 30, [True] * 30), limit=72, **LEVEL).empty, "no case lasted any time"
        assert set(compliance.curves(spread([10.0] * 30, [False] * 30), limit=72, **LEVEL)["group"]) == {"every"}
