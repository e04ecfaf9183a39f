"""Which touchpoints deliver: one row a touchpoint along the customer's journey, its months as a strip that stops where it fell silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from voclib.errors import DataError, nearest
from voclib.reporting.charts import drawing, lane_drawing, placement
from voclib.reporting.charts.lane_drawing import HEAD, PHONE, TEXT, Lanes
from voclib.reporting.pair import Pair, pair
from voclib.reporting.theme import CATEGORICAL, INK, INK_2, INK_3, LINE_2, PAPER, SEQUENTIAL, WASH
from voclib.results import Text

WORDS = {"connected": Text("在送达", "Delivering"), "unreadable": Text("读不出", "Unreadable"), "silent": Text("沉默", "Silent"),
         "missing": Text("缺失", "Missing"), "unjudged": Text("未约定间隔", "No interval agreed"), "unplanned": Text("未计划", "Not planned"),
         "few": Text("较少", "few voices"), "many": Text("较多", "many")}
# an icon a state, so that colour is never the only cue: a tick, a zigzag, a bar, a cross, a question mark, three points
SIGNS = {"connected": (CATEGORICAL[0], "M-0.5,0.02L-0.14,0.38L0.52,-0.36"),
         "unreadable": (CATEGORICAL[3], "M-0.48,0.2L-0.16,-0.2L0.16,0.2L0.48,-0.2"), "silent": (CATEGORICAL[1], "M-0.45,0L0.45,0"),
         "missing": (CATEGORICAL[2], "M-0.36,-0.36L0.36,0.36M-0.36,0.36L0.36,-0.36"),
         "unjudged": (INK_3, "M-0.24,-0.2C-0.24,-0.52 0.26,-0.52 0.26,-0.2C0.26,0.02 0,0 0,0.18M0,0.42L0,0.46"),
         "unplanned": (LINE_2, "M-0.46,0L-0.42,0M-0.02,0L0.02,0M0.42,0L0.46,0")}
STEPS = SEQUENTIAL[1:6]
NAME, ICON, STRIP, ROW = 214, 24, 16, 30  # px: width of a name, what the icon before it takes, height of the strip and of a row


def touchpoint_map(frame: pd.DataFrame, *, label: str, stage: str, status: str, detail: str, activity: str, months: Sequence[str], title: Text,
                   subtitle: Text, description: Text, words: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """Touchpoints under their stage of the journey, in the order of the frame; a cell of the strip is a month, darker where more was said.

    `label`, `stage` and `detail` (what stands on the right, such as the last day) hold a `Text` a row, `status` one of connected, unreadable,
    silent, missing, unjudged, unplanned, and `activity` a count for each of `months`, or None where the touchpoint delivers no voices. Darkness is
    relative to the touchpoint's own busiest month: strips are compared along a row, never down the page. `words` replaces the fixed words.

    Raises
    ------
    DataError
        for a missing column, an empty frame, no months, an unknown status, or an activity that has not one count a month.
    ParameterError
        if `words` names other words.
    """
    told = drawing.said(words, WORDS, chart="touchpoint_map")
    drawing.columns(frame, label, stage, status, detail, activity, chart="touchpoint_map")
    if not len(months):
        raise DataError("touchpoint_map: months names no month; give the months the strip runs over, such as ['2026-01', '2026-02'].")
    rows = [_row(cells, len(months), k) for k, cells in enumerate(zip(*(frame[c] for c in (label, stage, status, detail, activity)), strict=True))]

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _map(rows, list(months), {k: t[lang] for k, t in told.items()}, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _row(cells: tuple[Any, ...], months: int, k: int) -> dict[str, Any]:
    name, stage, status, detail, activity = cells
    if status not in SIGNS:
        raise DataError(f"touchpoint_map: the status of row {k} is {status!r}; {nearest(str(status), SIGNS)}")
    if activity is not None and len(activity) != months:
        raise DataError(f"touchpoint_map: row {k} counts {len(activity)} months, the strip over {months}; give one count a month, 0 where silent.")
    return {"name": name, "stage": stage, "status": status, "detail": detail, "activity": activity}


def _map(rows: Sequence[dict[str, Any]], months: list[str], said: Mapping[str, str], *, lang: str, narrow: bool) -> alt.TopLevelMixin:
    lanes = _lay(rows, len(months), lang=lang, narrow=narrow)
    cells = [{"from": m + 0.06, "to": m + 0.94, "mid": row["mid"], "step": _step(n, row["activity"])}
             for row in lanes.rows if row["activity"] is not None for m, n in enumerate(row["activity"])]
    marks = []
    if cells:
        base = alt.Chart(pd.DataFrame(cells))
        marks = [base.mark_bar(orient="horizontal", size=STRIP).encode(
            x=alt.X("from:Q", title=None, axis=_months(months, narrow=narrow), scale=alt.Scale(domain=[0, len(months)], nice=False)),
            x2=alt.X2("to:Q"), y=lanes.y(), color=alt.Color("step:N", scale=None, legend=None))]
    if unread := [{"from": 0, "to": len(months), "mid": row["mid"]} for row in lanes.rows if row["activity"] is None]:
        marks.append(alt.Chart(pd.DataFrame(unread)).mark_rule(color=LINE_2, strokeDash=[2, 4]).encode(
            x=alt.X("from:Q", title=None, axis=_months(months, narrow=narrow), scale=alt.Scale(domain=[0, len(months)], nice=False)),
            x2=alt.X2("to:Q"), y=lanes.y()))
    key = [placement.Key("dot", said[s], SIGNS[s][0]) for s in SIGNS if any(row["status"] == s for row in rows)]
    key += [placement.Key("band", said["few"], STEPS[0]), placement.Key("band", said["many"], STEPS[-1])] if cells else []
    return lanes.draw(marks, _icons(lanes), key, over=4, through=False)


def _step(n: float, activity: Sequence[float]) -> str:
    """The colour of a month: the paper's own wash where nothing was said, else darker in four steps up to the touchpoint's busiest month."""
    if n <= 0:
        return WASH
    return STEPS[min(int(len(STEPS) * n / max(activity)), len(STEPS) - 1)]


def _months(months: list[str], *, narrow: bool) -> alt.Axis:
    """The first month of every quarter under its cell, of every half-year on a phone; the year where it begins."""
    every = 6 if narrow else 3
    shown = [k for k in range(0, len(months), every)]
    names = {k: months[k][2:].replace("-", "/") for k in shown}
    form = " : ".join(f"datum.value == {k} ? '{name}'" for k, name in names.items()) + " : ''"
    return alt.Axis(values=shown, labelExpr=form, grid=False, labelAlign="left", labelOverlap=False, labelPadding=4)


def _lay(rows: Sequence[dict[str, Any]], months: int, *, lang: str, narrow: bool) -> Lanes:
    """Every row with its place and words: beside the strip on a wide page, over it on a phone; a heading where a stage begins."""
    past = 0.0 if narrow else max(drawing.pixels(r["detail"][lang]) for r in rows) + 12.0
    left = 0.0 if narrow else NAME + ICON + 8.0
    laid, texts, rules, at, before = [], [], [], 0.0, None
    for row in rows:
        if row["stage"] != before:
            before = row["stage"]
            rules += [at + 4] if laid else []
            texts.append(lane_drawing.text("left", -left, at + 20, row["stage"][lang], INK_3))
            at += HEAD
        room = (PHONE if narrow else NAME) - (drawing.pixels(row["detail"][lang]) + 10 if narrow else 0) - (ICON if narrow else 0)
        names = placement.fold(row["name"][lang], room, most=2)
        height = TEXT * len(names) + STRIP + 20 if narrow else max(ROW, TEXT * len(names) + 10)
        top = at + 11 if narrow else at + (height - TEXT * len(names)) / 2 + TEXT / 2
        mid = at + height - STRIP / 2 - 8 if narrow else at + height / 2
        texts += [lane_drawing.text("left", ICON - left, top + TEXT * k, line, INK) for k, line in enumerate(names)]
        loud = row["status"] in ("unreadable", "silent", "missing")
        texts.append(lane_drawing.text("right", past, top if narrow else mid, row["detail"][lang], INK if loud else INK_2, bold=loud))
        laid.append(row | {"mid": mid, "first": top, "top": at})
        at += height
    return Lanes(laid, texts, rules, at, (0.0, float(months)), [0.0], "count", lang, narrow, left, past)


def _icons(lanes: Lanes) -> list[alt.Chart]:
    """An icon before every name."""
    base = alt.Chart(pd.DataFrame([{"y": r["first"], "fill": SIGNS[r["status"]][0], "sign": SIGNS[r["status"]][1]} for r in lanes.rows]))
    x = alt.value(8 - lanes.left)
    return [base.mark_point(size=170, filled=True, opacity=1).encode(x=x, y=lanes.y("y"), color=alt.Color("fill:N", scale=None, legend=None)),
            base.mark_point(size=90, filled=False, stroke=PAPER, strokeWidth=1.75, strokeCap="round", opacity=1).encode(
                x=x, y=lanes.y("y"), shape=alt.Shape("sign:N", scale=None, legend=None))]
