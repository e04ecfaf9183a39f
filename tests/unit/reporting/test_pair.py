"""What a pair of charts costs must not change what it says: no checks under the runner, each frame taken apart once."""

from __future__ import annotations

import altair as alt
import pandas as pd
import pytest
from altair.utils import schemapi
from altair.utils.schemapi import SchemaValidationError

from voclib.reporting import charts, pair
from voclib.results import Text

WORDS = {"title": Text("结论", "Finding"), "subtitle": Text("单位", "Unit"), "description": Text("描述", "Description"), "note": None}
ROWS = pd.DataFrame({"group": ["a", "b", "c"], "estimate": [1.0, None, 0.5], "conf_low": [0.0, -1.0, 0.2], "conf_high": [2.0, 4.0, 0.9]})


def layered(lang: str, narrow: bool) -> alt.TopLevelMixin:
    other = alt.Chart(ROWS.head(1)).mark_rule().encode(x=alt.X("conf_low:Q"))
    base = alt.Chart(ROWS)
    marks = [base.mark_point().encode(x=alt.X(f"{end}:Q"), y=alt.Y("group:N")) for end in ("estimate", "conf_low", "conf_high")]
    return alt.layer(*marks, other, alt.Chart(ROWS.copy()).mark_tick().encode(x=alt.XValue(3)), height=100)


def wrong(lang: str, narrow: bool) -> alt.TopLevelMixin:
    return alt.Chart(ROWS).mark_point(size="enormous").encode(x=alt.X("estimate:Q"))


@pytest.mark.parametrize("build", [layered, lambda lang, narrow: alt.Chart(ROWS).mark_bar().encode(x="estimate:Q", text=alt.value("n"))])
def test_the_runner_draws_what_jupyterlab_draws(build, monkeypatch: pytest.MonkeyPatch) -> None:
    live = pair.pair(build, **WORDS).specs
    monkeypatch.setenv("VOC_BATCH", "1")
    assert pair.pair(build, **WORDS).specs == live


def test_ready_made_charts_say_the_same_in_both_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {k: v for k, v in WORDS.items() if k != "note"}
    live = charts.interval_plot(ROWS, **words).specs
    monkeypatch.setenv("VOC_BATCH", "1")
    assert charts.interval_plot(ROWS, **words).specs == live


def test_a_chart_that_is_none_is_refused_where_somebody_can_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SchemaValidationError):
        pair.pair(wrong, **WORDS)
    monkeypatch.setenv("VOC_BATCH", "1")
    assert pair.pair(wrong, **WORDS).specs["zh"]["wide"]["mark"]["size"] == "enormous"
    words = {k: v for k, v in WORDS.items() if k != "note"}
    with pytest.raises(SchemaValidationError):
        charts.chart(*[wrong("zh", False)] * 2, **words)
    assert schemapi.DEBUG_MODE and alt.data_transformers.active == "default", "nothing of this stays switched on"


def test_a_frame_is_taken_apart_once_for_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, own = [], alt.default_data_transformer
    monkeypatch.setattr(alt, "default_data_transformer", lambda data, **named: asked.append(len(data)) or own(data, **named))
    specs = pair.pair(layered, **WORDS).specs
    assert len(asked) == 4 * 3, "three frames in each of the four pictures"
    rows = {len(data) for data in specs["zh"]["wide"]["datasets"].values()}
    assert rows == {1, 3}
