"""The scorecard: which findings a file asks for, what state a goal has, and what executives are told; a card that is wrong is told in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from study_tables import figures, spoken, texts

from voclib.errors import DataError, ParameterError
from voclib.readers import executive, scorecard
from voclib.readers.scorecard import Card, Layer, Row, Words
from voclib.reporting import names, show
from voclib.reporting.language import half_width
from voclib.results import Estimate, Ladder, Study, Text, Verdict, refusal

ROOT = Path(__file__).resolve().parents[3]
LIMITS = ((Text("不是。", "No."), Text("因为。", "Because.")),) * 3


def nps(value: float = 40.0, low: float = 35.0, high: float = 45.0, **more: Any) -> Estimate:
    return Estimate(estimand="nps", kind="estimate", unit="points", value=value, conf_low=low, conf_high=high, **more)


def finding(lead: Estimate, *, naive: Estimate | None = None, ladders: tuple[Ladder, ...] = (), verdict: Verdict = Verdict.REPORT,
            data: str = "d1") -> dict[str, Any]:
    said = Text("结论是这样的，说得清清楚楚。还有一句。", "This is the answer, and plain. One more.")
    study = Study(question=Text("问？", "Q?"), answer=said, headline=(lead,), naive=naive, caveat=Text("前提。", "Caveat."),
                  decision=Text("先做这个。再说。", "Do this. Then see."), verdict=verdict, ladders=ladders, limits=LIMITS)
    return {**study.to_dict(), "provenance": {"data": data, "parameter_values": {"data": "data/standard/x"}}}


def card(*rows: Row) -> Card:
    return Card(layers=(Layer(name=Words(zh="层", en="Layer"), rows=rows),))


def filled(estimate: Estimate, **goal: float) -> tuple[scorecard.Entry, tuple[tuple[Row, Text], ...]]:
    (((_, (entry,)),), absent) = scorecard.fill(card(Row(report="a", **goal)), {"a": finding(estimate)})
    return entry, absent


MONEY = Estimate(estimand="money_loss", kind="estimate", unit="cny", value=2e6, conf_low=1e6, conf_high=3e6, evidence_level=1)
NAIVE = Estimate(estimand="money_loss", kind="estimate", unit="cny", rung="naive", value=6e6, conf_low=5e6, conf_high=7e6)
REFUSED = refusal("money_loss", unit="cny", reason=Text("少", "few"), needs=Text("多", "more"))
FOUND = {
    "31-money": finding(MONEY, naive=NAIVE, verdict=Verdict.REPORT_WITH_CAVEAT),
    "20-scores": finding(nps(), ladders=(Ladder("nps", (nps(rung="independent"), nps(rung="clustered", low=30, high=50)), chosen="clustered"),)),
}


class TestGoals:
    @pytest.mark.parametrize(("low", "high", "goal", "state"), [
        (35, 45, 30, "reached"), (35, 45, 35, "reached"), (35, 45, 40, "unclear"), (35, 45, 45, "unclear"), (35, 45, 46, "missed")])
    def test_at_least(self, low: float, high: float, goal: float, state: str) -> None:
        assert scorecard.standing(nps(40, low, high), at_least=goal) == state

    @pytest.mark.parametrize(("goal", "state"), [(50, "reached"), (45, "reached"), (40, "unclear"), (35, "unclear"), (34, "missed")])
    def test_at_most_is_the_mirror_image(self, goal: float, state: str) -> None:
        assert scorecard.standing(nps(40, 35, 45), at_most=goal) == state

    def test_bounds_go_by_the_interval_around_them_and_counts_by_themselves(self) -> None:
        bounds = Estimate(estimand="nps", kind="bounds", unit="points", bound_low=10, bound_high=20, conf_low=5, conf_high=25)
        assert scorecard.standing(bounds, at_least=8) == "unclear" and scorecard.standing(bounds, at_least=5) == "reached"
        bare = Estimate(estimand="nps", kind="bounds", unit="points", bound_low=10, bound_high=20)
        assert scorecard.standing(bare, at_least=10) == "reached"
        count = Estimate(estimand="valid_share", kind="count", unit="share", value=0.78)
        assert (scorecard.standing(count, at_least=0.78), scorecard.standing(count, at_least=0.79)) == ("reached", "missed")

    def test_without_a_goal_there_is_no_state_and_a_refusal_tells_nothing(self) -> None:
        assert scorecard.standing(nps()) is None and scorecard.standing(REFUSED, at_most=1.0) == "unclear"


class TestChoice:
    def test_a_row_without_estimand_is_the_answer_and_one_with_it_the_chosen_rung(self) -> None:
        layers, absent = scorecard.fill(card(Row(report="20-scores"), Row(report="20-scores", estimand="nps"),
                                             Row(report="20-scores", estimand="nps", rung="independent")), FOUND)
        plain, chosen, named = layers[0][1]
        assert (plain.estimate.rung, chosen.estimate.rung, named.estimate.rung) == ("", "clustered", "independent") and absent == ()

    def test_the_uncorrected_number_stands_beside(self) -> None:
        (_, (entry,)), = scorecard.fill(card(Row(report="31-money")), FOUND)[0]
        assert entry.naive == NAIVE and entry.verdict is Verdict.REPORT_WITH_CAVEAT

    def test_what_is_not_there_is_told_with_the_nearest_name(self) -> None:
        layers, absent = scorecard.fill(card(Row(report="40-loop"), Row(report="20-scores", estimand="npss")), FOUND)
        assert layers[0][1] == () and "no such report" in absent[0][1].en and "did you mean 'nps'" in absent[1][1].en

    def test_a_number_that_is_not_there_goes_by_its_name_in_both_languages(self) -> None:
        row = Row(report="20-scores", estimand="recovered_money")
        (_, why), = scorecard.fill(card(row), FOUND, named=names.find)[1]
        assert "记下的挽回金额" in why.zh and "Money recovered, as booked" in why.en and "recovered_money" not in why.zh + why.en
        (_, slip), = scorecard.fill(card(Row(report="20-scores", estimand="npss")), FOUND, named=names.find)[1]
        assert "是不是想写 nps" in slip.zh and "did you mean 'nps'" in slip.en

    def test_the_card_of_the_repository_can_be_read(self) -> None:
        found = scorecard.load(ROOT / "params/rules/scorecard.yml")
        assert len(found.layers) == 3 and all(layer.rows for layer in found.layers)

    @pytest.mark.parametrize(("text", "message"), [
        ("layers:\n  - name: {zh: 甲, en: A}\n    rows:\n      - {report: 20-scores, at_last: 3}\n", "did you mean 'at_least'"),
        ("layers:\n  - name: {zh: 甲, en: A}\n    rows:\n      - {report: x, at_least: 3, at_most: 4}\n", "one goal"),
        ("layers:\n  - name: {zh: 甲, en: A}\n    rows:\n      - {estimand: nps}\n", "'report' is missing"),
        ("", "scorecard.yml"),
    ])
    def test_a_card_that_is_wrong_is_told_in_words(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "card.yml"
        path.write_text(text, "utf-8")
        with pytest.raises(ParameterError, match=message):
            scorecard.load(path)


class TestPage:
    def made(self, *rows: Row, found: dict[str, Any] | None = None) -> executive.Executive:
        return executive.study(found or FOUND, card(*rows))

    def test_the_first_row_with_an_answer_leads(self) -> None:
        refused = FOUND | {"32-none": finding(REFUSED, verdict=Verdict.REFUSE)}
        made = self.made(Row(report="32-none"), Row(report="31-money"), Row(report="20-scores", at_least=50), found=refused)
        assert made.study.headline[0] == MONEY and made.study.naive == NAIVE and made.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert made.study.answer.en.startswith("This is the answer, and plain. Of 1 number with a goal, 0 reach it, 1 misses it")
        assert "Short of the goal: “Q?”." in made.study.decision.en and made.study.headline[1:] == (nps(),)

    def test_readers_see_names_of_numbers_and_titles_of_reports_but_no_keys(self) -> None:
        named = {**FOUND["20-scores"], "question": {"zh": "客户推荐我们吗？", "en": "Do customers recommend us?"}}
        rows = (Row(report="31-money"), Row(report="20-scores", at_least=50), Row(report="31-money", estimand="recovered_money"))
        made = executive.study(FOUND | {"20-scores": named}, card(*rows), named=names.find)
        assert "没达到目标的是：净推荐值（NPS）。" in made.study.decision.zh and "Net promoter score (NPS)" in made.study.decision.en
        printed = [cell for frame, name in ((made.decisions, "decisions"), (made.absent, "absent"))
                   for cell in frame[list(made.captions[name]["columns"])].to_numpy().ravel() if isinstance(cell, Text | str)]
        said = [*printed, *texts(made.study)]
        assert not [t for t in said for key in ("20-scores", "31-money", "money_loss", "recovered_money") if key in getattr(t, "zh", t)
                    or key in getattr(t, "en", t)]
        assert Text("客户推荐我们吗？", "Do customers recommend us?") in printed and made.absent["number"].iloc[0].zh == "记下的挽回金额"

    def test_a_card_of_refusals_refuses(self) -> None:
        made = self.made(Row(report="32-none"), found={"32-none": finding(REFUSED, verdict=Verdict.REFUSE)})
        assert made.study.verdict is Verdict.REFUSE and made.study.headline[0].kind == "refusal"

    def test_decisions_come_by_state_of_the_goal_and_once_a_report(self) -> None:
        made = self.made(Row(report="31-money"), Row(report="20-scores"), Row(report="20-scores", at_least=50))
        assert made.decisions["report"].tolist() == ["20-scores", "31-money"]

    def test_reports_of_other_rows_fail_a_check(self) -> None:
        mixed = FOUND | {"20-scores": finding(nps(), data="other")}
        for found, passed in ((FOUND, True), (mixed, False)):
            check = self.made(Row(report="31-money"), Row(report="20-scores"), found=found).study.checks[0]
            assert check.passed is passed

    def test_a_card_that_matches_nothing_is_an_error_that_says_what_there_is(self) -> None:
        with pytest.raises(DataError, match=r"asks for 40-loop; there are 20-scores, 31-money"):
            self.made(Row(report="40-loop"))

    def test_every_figure_can_be_shown_and_both_languages_have_the_same_figures(self) -> None:
        made = self.made(Row(report="31-money"), Row(report="20-scores", at_least=50), Row(report="20-scores", estimand="nps", at_most=60),
                         Row(report="40-loop"))
        assert "¥2.0M" in show.board(made.layers, **made.captions["board"]).html()
        show.table(made.decisions, **made.captions["decisions"])
        show.table(made.absent, **made.captions["absent"])
        for text in [*texts(made.study), *spoken(made.captions)]:
            assert figures(text.zh) == figures(text.en) and not half_width(text.zh), text
        assert isinstance(made.decisions, pd.DataFrame)

    def test_a_goal_is_a_dashed_line_with_its_words(self) -> None:
        made = self.made(Row(report="20-scores", at_least=50))
        html = show.board(made.layers, **made.captions["board"]).html()
        assert 'class="aim"' in html and "没达到：目标至少 50" in html and "Missed: goal at least 50" in html and 'href="20-scores.html"' in html


class TestGoalsOffTheScale:
    def test_a_goal_of_points_is_not_held_against_a_share(self) -> None:
        """30 is a goal of NPS; beside a satisfied share of 0.69 it reads as 3,000%, missed by every company."""
        estimate = Estimate(estimand="csat_reachable", kind="estimate", unit="share", value=0.69, conf_low=0.63, conf_high=0.74, n=1487)
        assert scorecard.standing(estimate, at_least=30) == "missed"  # what a comparison says that does not look at the unit
        found, absent = filled(estimate, at_least=30)
        assert found.state is None and found.row.at_least is None
        assert len(absent) == 1 and "between 0 and 1" in absent[0][1].en and "0 到 1" in absent[0][1].zh

    @pytest.mark.parametrize(("unit", "goal"), [("share", 0.15), ("share", 1.0), ("points", 30.0), ("cny", 4e5)])
    def test_a_goal_on_the_scale_is_compared(self, unit: str, goal: float) -> None:
        estimate = Estimate(estimand="x", kind="estimate", unit=unit, value=0.1, conf_low=0.05, conf_high=0.14, n=99)
        found, absent = filled(estimate, at_least=goal)
        assert found.state == "missed" and not absent
