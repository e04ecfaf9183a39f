"""The EX–VoC study on inputs that are poor, broken or odd: an answer, a refusal that says why, or an error that says how to fix it; in fit words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from ex_panels import changed, drawn, of_means, only
from study_tables import spoken, texts
from wording_rules import frames, objections

from voclib.errors import DataError, ParameterError
from voclib.reporting import charts, show
from voclib.results import Estimate, Text, Verdict
from voclib.studies import ex_voc
from voclib.studies.ex_voc import ExVoc
from voclib.studies.ex_voc import captions as ex_voc_captions
from voclib.studies.ex_voc import panel as ex_panel
from voclib.studies.ex_voc.panel import ExPanel

POINT = Estimate(estimand="point_worth", kind="estimate", unit="cny", value=1e5, conf_low=6e4, conf_high=1.4e5, std_error=2e4, n=2000, n_clusters=60,
                 evidence_level=1)
WARD = {"unit_name": Text("病区", "ward"), "exposure": Text("投入度", "engagement"), "outcome": Text("死亡指数", "the mortality index")}


def small(**world: object) -> ExPanel:
    return drawn(1, **{"stores": 24, **world})[0]


def moved(panel: ExPanel, by: int) -> pd.Series:
    """The outcome of so many periods earlier, in the order of the frame."""
    return panel.frame.sort_values(["unit_id", "period"]).groupby("unit_id")["outcome"].shift(by).reindex(panel.frame.index)


def mean_by(panel: ExPanel, column: str, key: str) -> pd.Series:
    return panel.frame.groupby(key)[column].transform("mean")


def whole(panel: ExPanel) -> pd.Series:
    return panel.frame["ex"].round().clip(1, 5).astype("Int64")


MOODS: dict[str, Callable[[], ExPanel]] = {
    "leads": lambda: drawn(9, slope=4.0, employees=12, between=15.0)[0],
    "nothing": lambda: small(slope=0.0),
    "harms": lambda: drawn(9, slope=-4.0, employees=12)[0],
    "feedback": lambda: drawn(2, slope=0.0, feedback=1.0)[0],
    "few stores": lambda: small(stores=14),
    "a handful": lambda: small(stores=8),
    "three periods": lambda: small(periods=3),
    "ten by two": lambda: small(stores=10, periods=3),
    "gaps": lambda: only(small(), pd.Series(np.random.default_rng(0).random(288) < 0.6)),
    "half of one side": lambda: changed(small(), outcome=small().frame["outcome"].where(small().frame.index % 2 == 0)),
    "another unit": lambda: replace(of_means(small()), sign=-1, outcome_unit="score", **WARD),
    "whole numbers": lambda: changed(of_means(small(stores=12, periods=4)), ex=whole(small(stores=12, periods=4))),
    "tiny outcome": lambda: changed(of_means(small()), outcome=small().frame["outcome"] * 1e-3),
    "one place": lambda: changed(small(), region=small().frame["unit_id"].astype(str)),
    "programme": lambda: drawn(5, programme=8.0)[0],
    "programme that harms": lambda: drawn(5, programme=-9.0)[0],
    "four took part": lambda: drawn(5, programme=8.0, treated_share=4 / 60, starts=(6,))[0],
    "all took part": lambda: drawn(5, programme=8.0, treated_share=1.0, starts=(6,))[0],
    "useless controls": lambda: replace(changed(small(), a=1.0, b=np.nan, c=2 * small().frame["ex"]), controls=("a", "b", "c")),
    "all noise": lambda: drawn(1, icc=0.001, employees=5)[0],
    "hardly reliable": lambda: drawn(1, icc=0.05, employees=5)[0],
    "still": lambda: changed(small(), ex=mean_by(small(), "ex", "unit_id")),
}


@cache
def made(mood: str) -> ExVoc:
    return ex_voc.study(MOODS[mood](), point=POINT, draws=499, seed=1)


def finding(result: ExVoc) -> list[Text]:
    s = result.study
    return [s.question, s.kicker, s.answer, s.caveat, s.decision]


def said(result: ExVoc) -> list[Text]:
    """Every other text: of checks, limits, refusals and captions."""
    own = [t for ladder in result.study.ladders for e in ladder.rungs for t in (e.reason, e.needs) if t]
    return [t for t in [*texts(result.study), *spoken(dict(result.captions)), *frames(result), *own] if t not in finding(result)]


def strongest(result: ExVoc) -> int:
    """Checks and captions speak of rungs within units, and of the programme, each with its own level."""
    return max([1, *(e.evidence_level for ladder in result.study.ladders for e in ladder.rungs)])


@pytest.mark.parametrize("mood", MOODS)
class TestWords:
    def test_they_claim_no_more_than_the_evidence(self, mood: str) -> None:
        result = made(mood)
        assert objections(finding(result), level=result.effect.evidence_level) == []
        assert objections(said(result), level=strongest(result)) == []

    def test_one_page_stays_short(self, mood: str) -> None:
        s = made(mood).study
        assert len(s.answer.zh + s.caveat.zh + s.decision.zh) <= 350
        assert len(" ".join((s.answer.en, s.caveat.en, s.decision.en)).split()) <= 180

    def test_numbers_are_written_well(self, mood: str) -> None:
        """A minus is no hyphen; what could not be computed is said in words; both languages speak."""
        for text in [*finding(made(mood)), *said(made(mood))]:
            for lang in ("zh", "en"):
                assert not re.search(r"(?<![\w–\-\u4e00-\u9fff])-(?=\d)|\bnan\b|\binf\b|\bNone\b|[{}]", text[lang]), text
            assert bool(text.zh) == bool(text.en), text

    def test_refusals_say_why_and_what_would_help(self, mood: str) -> None:
        result = made(mood)
        for ladder in result.study.ladders:
            assert all(e.reason.zh and e.needs.en for e in ladder.rungs if e.kind == "refusal")
        assert (result.effect.kind == "refusal") == (result.study.verdict is Verdict.REFUSE)


@pytest.mark.parametrize("mood", ["three periods", "ten by two", "a handful", "whole numbers", "tiny outcome", "four took part", "still"])
def test_pictures_can_be_drawn_of_whatever_there_is(mood: str) -> None:
    result, shown = made(mood), made(mood).captions
    assert show.ladder(result.ladder, **shown["ladder"]).words and show.checks(result.study.checks).words and show.headline(result.study).words
    if len(result.lines):
        charts.unit_slopes(result.lines, **{c: c for c in ("unit", "x0", "y0", "x1", "y1")}, pooled=result.raw("pooled"), within=result.raw("within"),
                           **shown["lines"])
    if len(result.bins):
        charts.binned_scatter(result.bins, **{c: c for c in ("x", "y", "low", "high", "n")}, slope=result.ladder["lagged"], **shown["bins"])
    if "profile" in shown:
        at = {"value": "estimate", "low": "conf_low", "high": "conf_high", **{c: c for c in ("lag", "band_low", "band_high", "is_lead")}}
        charts.lag_profile(result.profile, **at, **shown["profile"])
    if result.programme is not None:
        show.ladder(result.programme, **shown["programme"])
    if len(result.more):
        show.table(ex_voc_captions.more_table(result.more, result.rungs.panel), **shown["more"])
    assert [name for name in ("lines", "bins", "profile") if (name in shown) != bool(len(getattr(result, name)))] == []


class TestRefusals:
    @pytest.mark.parametrize("columns,why", [
        ({"outcome": 100.0}, "Within a store, NPS never changes"), ({"ex": 3.5}, "same number throughout"),
        ({"outcome": np.nan}, "0 store"), ({"ex_noise": 50.0}, "no larger than its sampling noise")])
    def test_sides_that_carry_no_change(self, columns: dict[str, float], why: str) -> None:
        result = ex_voc.study(changed(small(), **columns))
        assert result.study.verdict is Verdict.REFUSE and why in result.effect.reason.en and result.study.checks[-1].passed is False

    def test_means_of_equal_answers_differ_in_their_last_digits_alone(self) -> None:
        equal = np.array([np.mean([0.1 + 0.2] * (k % 7 + 1) + [0.3] * (k % 3)) for k in range(288)])
        assert len(np.unique(equal)) > 1
        assert "same number throughout" in ex_voc.study(changed(small(), ex=equal)).effect.reason.en
        still = changed(small(), ex=mean_by(small(), "ex", "unit_id") + equal - 0.3)
        assert still.frame.groupby("unit_id")["ex"].nunique().gt(1).any()
        assert "never changes within a store" in ex_voc.study(still).effect.reason.en

    @pytest.mark.parametrize("column,kind", [("ex", "employee experience"), ("outcome", "NPS")])
    def test_a_company_wide_number_is_the_season(self, column: str, kind: str) -> None:
        panel = of_means(small())
        result = ex_voc.study(changed(panel, **{column: mean_by(panel, column, "period")}))
        assert f"In each period {kind} is the same" in result.effect.reason.en

    def test_two_stores_and_one_wave(self) -> None:
        panel = small()
        for rows, why in ((panel.frame["unit_id"].isin([0, 1]), "2 store(s)"), (panel.frame["period"].eq(0), "Only 0 period(s)")):
            assert why in ex_voc.study(only(panel, rows)).effect.reason.en

    def test_a_handful_shows_what_a_vendor_would_quote_and_no_slope_of_its_own(self) -> None:
        result = made("a handful")
        assert [e.kind for e in result.ladder.rungs] == ["estimate", "refusal"] and result.ladder.rungs[0].rung == "pooled"
        assert not len(result.lines) and not len(result.bins) and not len(result.profile)

    def test_a_programme_that_starts_after_the_last_customers_has_not_happened(self) -> None:
        panel = drawn(5, programme=8.0, starts=(6,))[0]
        late = changed(panel, started=panel.frame["started"] + 20)
        assert ex_voc.study(late).programme["events"].reason.en.startswith("0 of 60")


class TestErrors:
    @pytest.mark.parametrize("by,where", [(0, "0 period"), (1, "1 period.* earlier"), (-1, "1 period.* later")])
    def test_an_exposure_computed_from_the_outcome(self, by: int, where: str) -> None:
        panel = of_means(small())
        with pytest.raises(DataError, match=f"employee experience repeats NPS of {where}.*employees' own answers"):
            ex_voc.study(changed(panel, ex=3 + 0.02 * moved(panel, by)))

    def test_a_strong_relation_is_no_copy(self) -> None:
        panel = of_means(small())
        noisy = 0.02 * moved(panel, -1) + np.random.default_rng(3).normal(0, 0.15, len(panel.frame))
        assert ex_voc.study(changed(panel, ex=noisy)).effect.kind == "estimate"

    @pytest.mark.parametrize("columns,why", [({"ex": np.inf}, "288 of 288 values of 'ex' are infinite"), ({"ex": "gut"}, "not numbers"),
                                             ({"period": 0.5}, "whole numbers"), ({"unit_id": 1}, "more than once")])
    def test_a_panel_that_is_none(self, columns: dict[str, object], why: str) -> None:
        with pytest.raises(DataError, match=why):
            changed(small(), **columns)


class TestRobust:
    def test_controls_of_which_nothing_can_be_learnt_are_named_and_left_out(self) -> None:
        result, plain = made("useless controls"), ex_voc.study(small(), seed=1)
        assert result.rungs.left_out == ("a", "b", "c") and result.effect.value == pytest.approx(plain.effect.value)
        told = next(c for c in result.study.checks if "Recorded factors" in c.name.en)
        assert told.passed is None and all(name in told.detail.en for name in ("a, b, c", "left out"))

    def test_a_control_that_tells_something_stays(self) -> None:
        panel = drawn(3, stores=30, confounder=1.0, controls=("is_manager_changed",))[0]
        result = ex_voc.study(replace(changed(panel, twice=panel.frame["is_manager_changed"]), controls=("is_manager_changed", "twice")))
        assert result.rungs.left_out == ("twice",) and result.rungs.panel.controls == ("is_manager_changed",)

    def test_names_that_look_like_code_change_nothing(self) -> None:
        panel = small()
        names = {k: f"</script><b>{{x}}😀{k:03d}" for k in panel.frame["unit_id"].unique()}
        hostile = replace(panel, frame=panel.frame.assign(unit_id=panel.frame["unit_id"].map(names)),
                          answers=panel.answers.assign(unit_id=panel.answers["unit_id"].map(names)))
        assert ex_voc.study(hostile).effect.value == pytest.approx(ex_voc.study(panel).effect.value, rel=1e-9)

    def test_words_name_the_panels_own_unit(self) -> None:
        own = [*finding(made("another unit")), *said(made("another unit"))]
        assert [t for t in own if re.search(r"\bstores?\b", t.en, re.IGNORECASE) or re.search("[门本同每各一]店|店[内员]", t.zh)] == []

    def test_small_numbers_keep_their_digits(self) -> None:
        study = made("tiny outcome").study
        for text in (study.decision, next(c.detail for c in study.checks if "small enough" in c.name.en)):
            figures = [float(x) for x in re.findall(r"\d\.\d+", text.en)]
            assert figures and 0 < min(figures) < 0.05

    def test_a_sinking_programme_is_said_to_sink(self) -> None:
        result = made("programme that harms")
        assert result.programme["events"].conf_high < 0
        assert "lower" in result.captions["programme"]["title"].en and "低" in result.study.decision.zh
        assert "higher after" not in result.captions["path"]["title"].en

    def test_money_lost_is_not_said_to_include_zero(self) -> None:
        result = made("harms")
        assert result.worth.total.conf_high < 0 and "zero" not in result.captions["worth"]["title"].en

    def test_a_signal_that_runs_the_other_way_is_watched_for_its_rise(self) -> None:
        result = made("harms")
        assert result.effect.evidence_level == 2 and "where it rises" in result.study.decision.en
        assert "where it drops" in made("leads").study.decision.en

    @pytest.mark.parametrize("missing", ["ex", "outcome"])
    def test_half_of_a_side_widens_the_interval_and_is_counted(self, missing: str) -> None:
        panel, kept = small(), np.random.default_rng(4).random(288) < 0.5
        columns = [missing, "ex_noise"] if missing == "ex" else [missing]
        result, full = ex_voc.study(changed(panel, **{c: panel.frame[c].where(kept) for c in columns})), ex_voc.study(panel)
        assert result.rungs.main.rows.n_dropped > 100
        assert result.effect.conf_high - result.effect.conf_low > full.effect.conf_high - full.effect.conf_low


@pytest.mark.parametrize("factor", [1e9, 1e-9])
def test_an_outlandish_scale_of_the_survey_changes_nothing_that_is_printed(factor: float) -> None:
    panel = drawn(9, slope=4.0)[0]
    wide = replace(panel, frame=panel.frame.assign(ex=factor * panel.frame["ex"], ex_noise=factor**2 * panel.frame["ex_noise"]),
                   answers=panel.answers.assign(value=factor * panel.answers["value"]))
    assert ex_voc.study(wide).effect.value == pytest.approx(ex_voc.study(panel).effect.value, rel=2e-3)


class TestOwnTables:
    """A table with one row a unit and period, made by hand."""

    TABLE = pd.DataFrame({"unit": np.repeat([f"u{i}" for i in range(24)], 5), "t": np.tile(range(5), 24)}).assign(
        x=np.random.default_rng(3).normal(size=120) > 0, y=np.random.default_rng(4).normal(size=120))

    def made(self, table: object, **more: object) -> ExPanel:
        roles = {"unit": "unit", "period": "t", "exposure": "x", "outcome": "y", "exposure_name": "training", "outcome_name": "score", **more}
        return ex_panel.from_frame(table, **roles)

    @pytest.mark.parametrize("kind", ["bool", "boolean", "object"])
    def test_yes_and_no_count_as_one_and_zero(self, kind: str) -> None:
        numbers = ex_voc.study(self.made(self.TABLE.astype({"x": "float64"})), draws=99)
        if kind == "object":
            with pytest.raises(DataError, match="'x' holds object, not numbers"):
                self.made(self.TABLE.astype({"x": kind}))
        else:
            assert ex_voc.study(self.made(self.TABLE.astype({"x": kind})), draws=99).ladder == numbers.ladder

    def test_a_name_in_one_text_stands_in_both_languages(self) -> None:
        panel = self.made(self.TABLE)
        assert panel.exposure == Text("training", "training") and "training" in ex_voc.study(panel, draws=99).study.answer.en

    def test_what_is_no_table_or_no_panel_is_said(self) -> None:
        with pytest.raises(DataError, match="made of a DataFrame with one row a unit and period, not of a dict"):
            self.made(self.TABLE.to_dict("list"))
        with pytest.raises(DataError, match="reads a panel, not a DataFrame: voclib.studies.ex_voc.panel.from_frame makes one"):
            ex_voc.study(self.TABLE)
        with pytest.raises(ParameterError, match="declared lag must be at least 1"):
            ex_voc.study(self.made(self.TABLE), lag="1")
