"""Cases and unhappy voices entered twice: which they are, and that the page says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import cases, drawn, only
from study_tables import figures
from test_loop_inner_loop import tables

from voclib.loop import inner_loop
from voclib.loop.inner_loop import entered_twice
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Check, Verdict
from voclib.schema import repeats

ZONE = "Asia/Shanghai"
WORDS = [f"空调第{k}次不制冷" for k in range(400)]


def again(frame: pd.DataFrame, every: int, **changed: object) -> pd.DataFrame:
    """The cases, every so many of them opened once more under a new number, an hour later; `changed` columns differ."""
    copies = frame.iloc[::every]
    copies = copies.assign(case_id="X" + copies["case_id"], opened_at=copies["opened_at"] + pd.Timedelta(hours=1), **changed)
    return pd.concat([frame, copies.astype(frame.dtypes.to_dict())], ignore_index=True)


def twice(frame: pd.DataFrame) -> set[str]:
    return set(frame.loc[entered_twice.cases(frame, ZONE), "case_id"])


def told(result: inner_loop.InnerLoop, what: str) -> Check:
    return next(check for check in result.study.checks if check.name.en == f"No {what} was entered twice")


class TestCases:
    FRAME = cases(np.arange(400.0) * 3, np.arange(400.0) * 3 + 20, description=WORDS)

    def test_a_voice_with_two_cases_on_one_matter(self) -> None:
        frame = again(self.FRAME, 10)
        assert twice(frame) == {f"XQ{k:05d}" for k in range(0, 400, 10)} and twice(frame.sample(frac=1, random_state=1)) == twice(frame)

    @pytest.mark.parametrize("changed", [{"topic": "noise"}, {"owner_department": "备件部"}], ids=["another topic", "another department"])
    def test_a_voice_on_two_matters_may_have_two_cases(self, changed: dict[str, str]) -> None:
        assert not twice(again(self.FRAME, 10, **changed, description="另一件事"))

    def test_a_customer_in_the_same_words_within_a_day(self) -> None:
        frame = again(self.FRAME, 10, response_id=None)
        assert twice(frame) == {f"XQ{k:05d}" for k in range(0, 400, 10)}
        assert not twice(again(self.FRAME, 10, response_id=None, customer_id=None))
        assert not twice(again(self.FRAME, 10, response_id=None, severity="high"))

    def test_words_that_all_cases_share_tell_nothing(self) -> None:
        assert not twice(again(self.FRAME.assign(description="客户投诉"), 10, response_id=None))
        assert not twice(again(self.FRAME.assign(description=pd.Series(None, index=self.FRAME.index, dtype="str")), 10, response_id=None))


class TestThePage:
    FRAME = drawn(8, n=700).assign(description=[f"第{k}件事" for k in range(700)],
                                         unit_id=[f"D{k % 24:02d}" for k in range(700)])

    @pytest.mark.parametrize(("every", "passed"), [(0, True), (150, None), (20, False)])
    def test_it_says_how_many_cases_and_how_far_they_move_it(self, every: int, passed: bool | None) -> None:
        frame = again(self.FRAME, every) if every else self.FRAME
        result = inner_loop.study(tables(frame), only())
        check, k = told(result, "case"), len(frame) - len(self.FRAME)
        assert check.passed is passed and check.detail.en.startswith(f"{k} of {len(frame)} cases" if k else "None of the 700 cases")
        assert (result.study.verdict is Verdict.REPORT) is (passed is not False)
        assert figures(check.detail.zh) == figures(check.detail.en) and not half_width(check.detail.zh) and not verbs_exceed(check.detail.en, 0, "en")

    @pytest.mark.parametrize(("every", "passed"), [(0, True), (20, False)])
    def test_it_says_how_many_unhappy_voices(self, every: int, passed: bool) -> None:
        given = tables(self.FRAME)
        rng = np.random.default_rng(2)
        heard = given["responses"].assign(customer_id=[f"C{k:05d}" for k in range(700)], nps_score=pd.array(rng.integers(0, 7, 700), dtype="Int64"))
        copies = heard.iloc[::every].assign(response_id=lambda f: "X" + f["response_id"]) if every else heard.head(0)
        result = inner_loop.study({**given, "responses": pd.concat([heard, copies], ignore_index=True)}, only())
        check, k = told(result, "voice"), len(repeats.find(pd.concat([heard, copies], ignore_index=True), ZONE))
        assert check.passed is passed and (f" {k} are identical" in check.detail.en) is (k >= 30) is bool(every)
        assert figures(check.detail.zh) == figures(check.detail.en) and not half_width(check.detail.zh)

    def test_where_nobody_is_named_it_cannot_be_told(self) -> None:
        given = tables(self.FRAME)
        nobody = pd.Series(None, index=self.FRAME.index, dtype="str")
        bare = inner_loop.study({**given, "cases": given["cases"].assign(customer_id=nobody, response_id=nobody)}, only())
        assert told(bare, "case").passed is None and told(inner_loop.study(given, only()), "voice").passed is None
