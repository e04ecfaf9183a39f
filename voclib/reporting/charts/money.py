"""Charts of money with one row a thing: what each pain costs within their total, and one question along named paths.

The waterfall, the curves over dose and time, what a project is worth and the map of a hidden factor live beside this module and are handed out
by `voclib.reporting.charts` with these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError
from voclib.reporting.charts import drawing, lane_drawing
from voclib.reporting.charts.curves import dose_response, survival
from voclib.reporting.charts.event import event_path
from voclib.reporting.charts.hidden import robustness
from voclib.reporting.charts.lane_drawing import HEAVY, THIN, Lanes
from voclib.reporting.charts.placement import Key
from voclib.reporting.charts.value import density, tornado
from voclib.reporting.charts.waterfalls import waterfall
from voclib.reporting.pair import Pair, pair
from voclib.reporting.theme import BAND, INK_3, LINE_2, NAIVE, WASH_2
from voclib.results import Text

__all__ = ["density", "dose_response", "event_path", "forest", "path_bars", "robustness", "survival", "tornado", "waterfall"]
OF_WHICH = Text("其中（各项相加等于合计）", "Of which (they add up to the total)")
EACH = Text("逐项单独看（彼此重叠，不能相加）", "Each on its own (they overlap, so do not add them)")
CONTRAST = 1.15  # paths closer than this share one message; a bracket would make a contrast of nothing


def forest(frame: pd.DataFrame, *, label: str, value: str, low: str, high: str, title: Text, subtitle: Text, description: Text, unit: str = "cny",
           kind: str | None = None, naive: str | None = None, needs: str | None = None, labels: Mapping[Any, Text] | None = None,
           beneath: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """What each pain costs, on one axis with the total of all of them: an interval a row, the total heavier, above a rule.

    `kind` names a column of `part`, `joint` (at most one row, drawn first) and `refused`; without it every row is a part. The heading under the
    rule says whether the parts add up to the total (within a millionth of it) or overlap. A refused row needs no numbers; `needs` is the column
    with its `Text`, what is needed to price it. `naive` is a column with uncorrected values (missing where there is none), drawn as grey
    rings. `beneath` puts a grey line under the name of some rows.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a row without value or interval that is not refused, an unknown kind, or two totals.
    """
    drawing.columns(frame, label, value, low, high, *(c for c in (kind, naive, needs) if c), chart="forest")
    kinds = _kinds(frame, kind)
    priced = frame[kinds != "refused"]
    drawing.complete(priced, value, low, high, chart="forest", interval=(low, high))
    told = [_needs(frame, needs, k) if sort == "refused" else None for k, sort in enumerate(kinds)]
    was = frame[naive].tolist() if naive else [None] * len(frame)
    drawn = drawing.rows(frame, estimate=value, conf_low=low, conf_high=high, unit=unit,
                         more={"id": frame[label].tolist(), "sort": kinds.tolist(), "needs": told, "raw": was})
    drawn = sorted(drawn, key=lambda r: ("joint", "part", "refused").index(r["sort"]))
    factor = 100 if unit in ("share", "pp") else 1
    for row in drawn:
        row["raw"] = None if pd.isna(row["raw"]) else float(row["raw"]) * factor
    span = drawing.scale([r | {"value": r["raw"]} for r in drawn if r["kind"] != "none"] + [r for r in drawn if r["kind"] != "none"], zero=True)
    heading = _heading(drawn)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [_forest_row(r, labels, beneath, lang) for r in drawn]
        if heading:
            rows[1]["head"] = heading[lang]
            rows[1:] = [r | {"indent": True} for r in rows[1:]]
        return _forest(lane_drawing.lay(rows, span=span, unit=unit, lang=lang, narrow=narrow))

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _kinds(frame: pd.DataFrame, kind: str | None) -> pd.Series:
    kinds = frame[kind].astype(str) if kind else pd.Series("part", index=frame.index)
    if wrong := sorted(set(kinds) - {"part", "joint", "refused"}):
        raise DataError(f"forest: '{kind}' holds part, joint or refused; there is '{wrong[0]}'.")
    if (kinds == "joint").sum() > 1:
        raise DataError(f"forest: '{kind}' names {int((kinds == 'joint').sum())} joint rows; a figure has one total.")
    if (kinds == "refused").all():
        raise DataError("forest: every row is refused, so there is no axis to draw; say so in a sentence (show.note) instead.")
    return kinds


def _needs(frame: pd.DataFrame, needs: str | None, row: int) -> Text:
    found = frame[needs].iloc[row] if needs else None
    if not isinstance(found, Text):
        raise DataError(f"forest: row {row} is refused and has to say what is needed: name a column of Text in needs=.")
    return found


def _heading(drawn: list[dict[str, Any]]) -> Text | None:
    """What the rows under the total are to it; None without a total or without rows under it."""
    if drawn[0]["sort"] != "joint" or len(drawn) == 1:
        return None
    parts = [r["value"] for r in drawn if r["sort"] == "part"]
    total = drawn[0]["value"]
    adds = len(parts) == len(drawn) - 1 and abs(sum(parts) - total) <= 1e-6 * max(abs(total), *(abs(p) for p in parts))
    return OF_WHICH if adds else EACH


def _forest_row(row: dict[str, Any], labels: Mapping[Any, Text] | None, beneath: Mapping[Any, Text] | None, lang: str) -> dict[str, Any]:
    refused = row["sort"] == "refused"
    under = row["needs"][lang] if refused else beneath[row["id"]][lang] if beneath and row["id"] in beneath else ""
    if refused:
        under = ("需要：" if lang == "zh" else "Needs: ") + under
    return {"g": drawing.label(row["id"], labels, lang), "sort": row["sort"], "strong": row["sort"] == "joint", "beneath": under,
            "main": numbers.DASH if refused else row[lang], "small": "" if refused else row[f"range_{lang}"],
            **{k: None if refused else row.get(k) for k in ("low", "high", "value")}, "raw": row["raw"]}


def _forest(lanes: Lanes) -> alt.TopLevelMixin:
    rows = pd.DataFrame([r | {"from": lanes.domain[0], "to": lanes.domain[1]} for r in lanes.rows])
    base = alt.Chart(rows[["sort", "low", "high", "value", "raw", "mid", "from", "to"]])
    joint, part, refused = (base.transform_filter(f"datum.sort == '{sort}'") for sort in ("joint", "part", "refused"))
    marks = [lane_drawing.bar(refused, lanes, "from", "to", size=THIN + 4, color=WASH_2, stroke=LINE_2, strokeDash=[3, 3]),
             *lane_drawing.interval(joint, lanes, size=HEAVY), *lane_drawing.interval(part, lanes)]
    ringed = rows["raw"].notna().any()
    dots = lane_drawing.ring(base.transform_filter("isValid(datum.raw)"), lanes, "raw") if ringed else []
    dots += [lane_drawing.dot(joint, lanes, size=300), lane_drawing.dot(part, lanes)]
    zh = lanes.lang == "zh"
    key = (Key("ring", "校正前" if zh else "Uncorrected", NAIVE), Key("dot", "校正后" if zh else "Corrected"),
           Key("band", drawing.interval_words(lanes.lang), BAND)) if ringed else ()
    return lanes.draw(marks, dots, key)


def path_bars(frame: pd.DataFrame, *, label: str, value: str, low: str, high: str, title: Text, subtitle: Text, description: Text, unit: str = "cny",
              labels: Mapping[Any, Text] | None = None, beneath: Mapping[Any, Text] | None = None, note: Text | None = None) -> Pair:
    """One question answered along named paths, in the order of the frame: an interval each, and a bracket that says how far apart they are.

    The bracket spans the smallest and the largest value: as a multiple where all have one sign, else as a difference. `beneath` says under a
    name who moves along the path.

    Raises
    ------
    DataError
        for a missing column, fewer than two rows, or a row without value or interval.
    """
    drawing.complete(frame, value, low, high, chart="path_bars", interval=(low, high))
    drawing.columns(frame, label, chart="path_bars")
    if len(frame) < 2:
        raise DataError("path_bars: two paths or more are compared; there is one row.")
    drawn = drawing.rows(frame, estimate=value, conf_low=low, conf_high=high, unit=unit, more={"id": frame[label].tolist()})
    span = drawing.scale(drawn, zero=True)
    least, most = (pick(drawn, key=lambda r: r["value"]) for pick in (min, max))
    apart = _apart(least["value"], most["value"], unit)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        rows = [{"g": drawing.label(r["id"], labels, lang), "beneath": beneath[r["id"]][lang] if beneath and r["id"] in beneath else "",
                 "main": r[lang], "small": r[f"range_{lang}"], **{k: r[k] for k in ("low", "high", "value")}} for r in drawn]
        lanes = lane_drawing.lay(rows, span=span, unit=unit, lang=lang, narrow=narrow, tail=44 if apart else 0)
        base = alt.Chart(pd.DataFrame(lanes.rows)[["low", "high", "value", "mid"]])
        bracket = _bracket(lanes, least["value"], most["value"], apart[lang]) if apart else []
        return lanes.draw([*bracket, *lane_drawing.interval(base, lanes)], [lane_drawing.dot(base, lanes)])

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _apart(least: float, most: float, unit: str) -> Text | None:
    """How far the paths are apart, in words; None where they are as good as equal."""
    if least * most <= 0:
        gap = (most - least) / (100 if unit in ("share", "pp") else 1)
        zh, en = (drawing.number(gap, unit, lang) for lang in ("zh", "en"))
        return Text(f"最高与最低相差 {zh}", f"Highest and lowest are {en} apart") if most > least else None
    ratio = max(least / most, most / least)
    if ratio < CONTRAST:
        return None
    times = f"{float(f'{ratio:.2g}'):g}"
    return Text(f"最大是最小的 {times} 倍", f"The largest is {times}× the smallest")


def _bracket(lanes: Lanes, least: float, most: float, words: str) -> list[alt.Chart]:
    foot = lanes.height - 36
    places = {e: next(r["mid"] for r in lanes.rows if r["value"] == e) for e in (least, most)}
    ends = alt.Chart(pd.DataFrame([{"at": e, "row": places[e], "mid": foot} for e in (least, most)]))
    across = alt.Chart(pd.DataFrame([{"at": least, "to": most, "mid": foot}]))
    half, middle = drawing.pixels(words) / 2, (lanes.px(least) + lanes.px(most)) / 2
    align = "left" if middle - half < 0 else "right" if middle + half > lanes.width else "center"
    at = {"left": least, "right": most, "center": (least + most) / 2}[align]
    return [ends.mark_rule(color=LINE_2, strokeDash=[2, 3]).encode(x=lanes.x("at"), y=lanes.y("row"), y2=alt.Y2("mid:Q")),
            across.mark_rule(color=INK_3, strokeWidth=1.5).encode(x=lanes.x("at"), x2=alt.X2("to:Q"), y=lanes.y()),
            ends.mark_tick(size=9, thickness=1.5, orient="vertical", color=INK_3).encode(x=lanes.x("at"), y=lanes.y()),
            *lane_drawing.note(words, lanes, at=at, y=foot + 18, align=align, bold=True)]
