"""Who is answered first: grades and tiers, urgent cases against others, what was missed and what to begin with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import LEVEL, START, cases, clock, followed

from voclib.loop import compliance
from voclib.loop.inner_loop import alerts
from voclib.loop.inner_loop.tables import TIER_NAMES

HOUR = pd.Timedelta(hours=1)


def graded(seed: int, *, n: int = 600, gain: float = 0.0, span: float = 24 * 60) -> pd.DataFrame:
    """A fifth of the cases is urgent; `gain` is taken off the log of their hours."""
    rng = np.random.default_rng(seed)
    severity = rng.choice(["safety", "high", "medium", "low"], n, p=[0.05, 0.15, 0.3, 0.5])
    opened, took = rng.uniform(0, span, n), rng.lognormal(np.log(50), 0.8, n)
    took *= np.exp(-gain * np.isin(severity, alerts.URGENT))
    frame = cases(opened, np.where(opened + took < span + 24, opened + took, np.nan), severity=severity,
                  value_tier=rng.choice(["vvip", "regular"], n, p=[0.3, 0.7]))
    frame.loc[::7, "value_tier"] = None
    return frame


class TestMatrix:
    def test_pairs_are_their_cases_alone_and_add_up(self) -> None:
        rows = followed(graded(1))
        found = alerts.matrix(rows, clock(), estimand="x", **LEVEL)
        one = rows[rows["severity"].eq("low") & rows["value_tier"].eq("vvip")]
        assert found["low", "vvip"].value == compliance.measure(one, limit=72, estimand="x", **LEVEL).every.value
        assert {tier for _, tier in found} == {"vvip", "regular", "unknown"} and list(found)[0][0] == "safety"
        assert found["safety", "vvip"].kind == "refusal" and found["low", "regular"].group == "low · regular"

    def test_pairs_without_a_case_are_left_out(self) -> None:
        rows = followed(cases([0.0] * 12, [10.0] * 12, severity=["low"] * 11 + [None]), asof=START + 100 * HOUR)
        assert list(alerts.matrix(rows, clock(), estimand="x", **LEVEL)) == [("low", "regular")]


    def test_a_customer_whose_tier_nobody_noted_is_not_said_to_be_unnamed(self) -> None:
        rows = followed(graded(1)).assign(customer_id="C1", value_tier=pd.NA)
        assert {tier for _, tier in alerts.matrix(rows, clock(), estimand="x", **LEVEL)} == {"unknown"}
        assert "ID" not in TIER_NAMES["unknown"].en and "编号" not in TIER_NAMES["unknown"].zh


class TestUrgency:
    @pytest.mark.parametrize("seed", range(3))
    def test_faster_ones_are_seen(self, seed: int) -> None:
        found = alerts.urgency(followed(graded(seed, gain=0.8)), clock(), estimand="x", **LEVEL)
        assert found.conf_low > 0 and found.unit == "pp" and found.estimand == "x_difference"

    def test_of_recent_cases_those_still_running_and_those_done_are_left_out_alike(self) -> None:
        """Urgent cases are no faster, only more recent. Taking every case whose end is known takes their fast ones alone."""
        wrong, false = [], []
        for seed in range(20):
            frame = graded(seed, n=4000, span=24 * 12)
            is_urgent, recent = frame["severity"].isin(alerts.URGENT), frame["opened_at"] > START + 24 * 9.5 * HOUR
            kept = (is_urgent == recent) | is_urgent & (np.random.default_rng(seed).random(len(frame)) < 0.1)
            rows = followed(frame[kept].reset_index(drop=True), asof=START + 24 * 12 * HOUR)
            naive = alerts.urgency(rows.assign(followed=rows["followed"].where(rows["in_time"].isna(), 1e6)), clock(), estimand="x", **LEVEL)
            ours = alerts.urgency(rows, clock(), estimand="x", **LEVEL)
            wrong.append(naive.conf_low > 0)
            false.append(not ours.conf_low <= 0 <= ours.conf_high)
        assert np.mean(wrong) > 0.4 and np.mean(false) <= 0.1

    def test_none_where_a_kind_is_missing(self) -> None:
        rows = followed(graded(2))
        assert alerts.urgency(rows[rows["severity"].eq("low")], clock(), estimand="x", **LEVEL) is None
        assert alerts.urgency(rows.head(0), clock(), estimand="x", **LEVEL) is None

    def test_too_few_urgent_ones_in_words_of_cases(self) -> None:
        frame = cases([0.0] * 40, [10.0] * 20 + [90.0] * 20, severity=["high"] * 6 + ["low"] * 34)
        found = alerts.urgency(followed(frame), clock(), estimand="x", **LEVEL)
        assert found.kind == "refusal" and "6 cases are too few" in found.reason.en and "6 张工单" in found.reason.zh


class TestLists:
    FRAME = cases([0, 1, 2, 3, 4, 90], [200, np.nan, np.nan, np.nan, 10, np.nan], severity=["low", "low", "safety", "high", "low", "safety"],
                  value_tier=["vvip", "vvip", "regular", None, "regular", "vvip"])

    def test_missed_are_late_ones_newest_first(self) -> None:
        rows = followed(self.FRAME, asof=START + 100 * HOUR)
        found = alerts.missed(rows, clock())
        assert found["case_id"].str[-1].tolist() == ["3", "2", "1", "0"] and found["is_stopped"].tolist() == [False] * 3 + [True]
        assert alerts.missed(rows, clock(), most=2)["case_id"].str[-1].tolist() == ["3", "2"]
        assert "customer_id" not in found and "description" not in found

    def test_the_queue_by_grade_then_customer_then_age(self) -> None:
        found = alerts.queue(followed(self.FRAME, asof=START + 300 * HOUR), clock())
        assert found["case_id"].str[-1].tolist() == ["5", "2", "3", "1"] and "customer_id" not in found
        assert found["followed"].tolist() == [210, 298, 297, 299]
        assert alerts.queue(followed(self.FRAME, asof=START + 100 * HOUR), clock())["case_id"].str[-1].tolist() == ["2", "3", "1"]

    def test_a_case_without_a_grade_comes_last(self) -> None:
        frame = self.FRAME.assign(severity=pd.array([None, None, None, "low", "low", None], dtype="str"), value_tier=None)
        assert alerts.queue(followed(frame, asof=START + 300 * HOUR), clock())["case_id"].str[-1].tolist() == ["3", "1", "2", "5"]
