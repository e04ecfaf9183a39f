"""What a cell displays: a payload for the page, words for a terminal, live HTML outside a batch run."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.reporting import figures, live, show
from voclib.results import Check, Estimate, Ladder, Study, Text, refusal

TITLE = Text("标题", "Title")
LIMITS = tuple((Text(f"不是 {i}。", f"Not {i}."), Text("因为。", "Because.")) for i in range(3))


def estimate(value: float, group: str = "", **more: object) -> Estimate:
    return Estimate(
        **(
            {"estimand": "nps", "kind": "estimate", "unit": "points", "value": value, "conf_low": value - 5, "conf_high": value + 5, "group": group}
            | more
        )
    )


def study(estimand: str = "nps") -> Study:
    return Study(
        question=Text("问？", "Ask?"),
        answer=Text("答。", "Answer."),
        headline=(estimate(18, estimand=estimand),),
        caveat=TITLE,
        decision=TITLE,
        verdict="REPORT",
        limits=LIMITS,
    )


def everything() -> list[show.Shown]:
    ladder = Ladder("nps", (estimate(47, rung="naive"), estimate(18, rung="corrected")), "corrected")
    return [
        show.headline(study()),
        show.limits(study()),
        show.checks([Check(TITLE, True, TITLE)]),
        show.ladder(ladder, title=TITLE, labels={"naive": (TITLE, TITLE), "corrected": TITLE}),
        show.intervals([estimate(1, "a"), estimate(9, "b")], title=TITLE),
        show.table(pd.DataFrame({"a": ["x"], "b": [1.5]}), title=TITLE, columns={"a": TITLE, "b": TITLE}),
        show.funnel([show.Step(TITLE, 10), show.Step(TITLE, 3)], title=TITLE, bricks=[show.Brick(TITLE, "heard", 1.0)]),
        show.note(TITLE),
        show.facts({TITLE: 20000, Text("应答率", "Response rate"): (0.082, "share")}),
    ]


@pytest.mark.parametrize("shown", everything(), ids=lambda s: s.kind)
def test_a_bundle_carries_payload_words_and_live_html(shown: show.Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(show.BATCH, raising=False)
    bundle = shown._repr_mimebundle_()
    payload = bundle[f"application/vnd.voc.{shown.kind}+json"]
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert str(figures.render(payload, kind=shown.kind)) in bundle["text/html"]
    assert bundle["text/plain"].strip()
    assert "http" not in bundle["text/html"].replace("http-equiv", "")
    monkeypatch.setenv(show.BATCH, "1")
    assert set(shown._repr_mimebundle_()) == {f"application/vnd.voc.{shown.kind}+json", "text/plain"}


def test_live_style_touches_only_its_own_output() -> None:
    style = live.style()
    rules = style.split("@scope (.voc-live){")[0]
    assert ":root" not in style
    assert all(".voc-live" in line for line in rules.split("}") if "{" in line)
    assert "body[data-jp-theme-light=false] .voc-live" in style
    assert style.count("{") == style.count("}")


def test_a_headline_needs_a_named_estimand() -> None:
    with pytest.raises(ParameterError, match="has no display name"):
        show.headline(study("nonsense_number"))


def test_the_words_say_number_and_interval() -> None:
    assert "净推荐值（NPS）: 18 分 [13–23]" in show.headline(study()).words
    assert "Net promoter score (NPS): 18 points [13–23]" in show.headline(study()).words


def test_ladder_labels_must_fit_the_rungs() -> None:
    ladder = Ladder("nps", (estimate(47, rung="naive"), estimate(18, rung="corrected")), "corrected")
    with pytest.raises(ParameterError, match="without a label: corrected"):
        show.ladder(ladder, title=TITLE, labels={"naive": TITLE})
    with pytest.raises(ParameterError, match="'corected', which is no rung of 'nps'; did you mean 'corrected'"):
        show.ladder(ladder, title=TITLE, labels={"naive": TITLE, "corrected": TITLE, "corected": TITLE})


def test_intervals_sort_by_value_with_refusals_last() -> None:
    refused = refusal("nps", unit="points", reason=TITLE, needs=TITLE, group="c")
    given = [refused, estimate(1, "a"), estimate(9, "b")]
    order = lambda sort: [e["group"] for e in show.intervals(given, title=TITLE, sort=sort).payload["estimates"]]  # noqa: E731
    assert order("value") == ["b", "a", "c"]
    assert order("group") == ["a", "b", "c"]
    assert order("given") == ["c", "a", "b"]
    with pytest.raises(ParameterError, match="sort='valeu' is not known; did you mean 'value'"):
        show.intervals(given, title=TITLE, sort="valeu")
    with pytest.raises(ParameterError, match="at least one"):
        show.intervals([], title=TITLE)
    with pytest.raises(ParameterError, match="units points, share"):
        show.intervals([estimate(1), estimate(0.5, unit="share")], title=TITLE)


def test_table_cells_are_plain_rounded_and_limited() -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", None, "c"],
            "n": [1, 2, 3],
            "x": [1 / 3, np.nan, 2.0],
            "flag": [True, False, True],
            "at": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
        }
    )
    shown = show.table(frame, title=TITLE, columns={c: TITLE for c in frame}, max_rows=2)
    assert shown.payload["rows"][0] == ["a", 1, 0.333333333, True, "2026-01-01 00:00:00"]
    assert shown.payload["rows"][1] == [None, 2, None, False, None]
    assert shown.payload["total"] == 3
    assert [c["format"] for c in shown.payload["columns"]] == ["text", "exact", "number", "text", "text"]
    assert "是" in shown.html()
    with pytest.raises(ParameterError, match="no column 'nam'; did you mean 'name'"):
        show.table(frame, title=TITLE, columns={"nam": TITLE})
    with pytest.raises(ParameterError, match="no format 'shares'; did you mean 'share'"):
        show.table(frame, title=TITLE, columns={"n": TITLE}, formats={"n": "shares"})


def test_a_funnel_only_narrows() -> None:
    with pytest.raises(ParameterError, match="'Title' has 20, the step before it 10"):
        show.funnel([show.Step(TITLE, 10), show.Step(TITLE, 20)], title=TITLE)
    with pytest.raises(ParameterError, match="at least two steps"):
        show.funnel([show.Step(TITLE, 10)], title=TITLE)
    with pytest.raises(ParameterError, match="value_title"):
        show.funnel([show.Step(TITLE, 10), show.Step(TITLE, 5, value=1.0)], title=TITLE)


def test_checks_and_facts_refuse_what_they_cannot_show() -> None:
    with pytest.raises(ParameterError, match="at least one Check"):
        show.checks([])
    with pytest.raises(ParameterError, match="did you mean 'exact'"):
        show.facts({TITLE: (1, "exakt")})
