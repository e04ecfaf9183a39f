"""Whether a survey measures the team at all: each reading on one scale from zero to one, beside what random teams reach and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import DataError, nearest
from voclib.reporting.charts import drawing, lane_drawing, placement
from voclib.reporting.charts.lane_drawing import PHONE, TEXT, Lanes
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import Pair, pair
from voclib.reporting.theme import ACCENT, BAND, CATEGORICAL, INK, INK_2, INK_3, LINE, LINE_2, NAIVE, NAIVE_BAND, PAPER, WASH, WASH_2
from voclib.results import Estimate, Text

WORDS = {"use": Text("够用", "Good enough"), "correct": Text("须先校正", "Correct for it first"), "refuse": Text("不够用", "Too low to use"),
         "inform": Text("供参考", "For information"), "unknown": Text("无法评估", "Cannot be assessed"), "needs": Text("需要：", "Needs: "),
         "reading": Text("实测", "Reading"), "interval": Text("{level} 区间", "{level} interval"), "gate": Text("门槛", "Limit"),
         "chance": Text("随机编组", "Random teams")}
# an icon a state, so that colour is never the only cue: a tick, an exclamation mark, a bar, a point, three points
SIGNS = {"use": (ACCENT, "M-0.5,0.02L-0.14,0.38L0.52,-0.36"), "correct": (CATEGORICAL[1], "M0,-0.55L0,0.12M0,0.46L0,0.5"),
         "refuse": (INK_3, "M-0.45,0L0.45,0"), "inform": (NAIVE, "M0,-0.04L0,0.04"),
         "unknown": (LINE_2, "M-0.46,0L-0.42,0M-0.02,0L0.02,0M0.42,0L0.46,0")}
STATES = ("use", "correct", "refuse", "inform")
NAME, ICON, TRACK = 276, 24, 22  # px: width of a name with its sentence, what the icon before it takes, and height of the scale
NEAR, FAR = 28, 44  # px from the middle of a scale to the words over or under it, the farther with a numeral between


def reliability_card(frame: pd.DataFrame, *, label: str, value: str, low: str, high: str, state: str, meaning: str, title: Text, subtitle: Text,
                     description: Text, chance: str | None = None, gates: str | None = None, needs: str | None = None,
                     labels: Mapping[Any, Text] | None = None, words: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """Reliabilities and agreements on one scale from 0 to 1: each on its interval, with what is asked of it and one sentence for the reader.

    One row a reading, in the order of the frame. `state` says what the rules made of it: use, correct (usable after a correction), refuse, or
    inform where nothing depends on it. `meaning` holds a `Text` a row. `chance` is what random teams of the same sizes reach (their 95th percentile),
    drawn as the grey part of the scale; `gates` one limit or several. Where `value` is missing the reading cannot be assessed, as from averages
    alone: the row then says so, and in `needs` (a `Text`) what would do. `labels` names the rows; `words` replaces the fixed words (`use`,
    `correct`, `refuse`, `inform`, `unknown`, `needs`, `reading`, `interval`, `gate`, `chance`).

    Sources: Bliese (2000) for ICC(1) and ICC(2); James, Demaree & Wolf (1984) for r_wg(J); Woehr et al. (2015) for random teams.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a reading without interval or above one, ends the wrong way round, a limit outside 0 to 1, an unknown
        state, a missing sentence, or a reading that is neither there nor says what it needs.
    ParameterError
        if `words` names other words.
    """
    told = drawing.said(words, WORDS, chart="reliability_card")
    drawing.columns(frame, label, value, low, high, state, meaning, *(c for c in (chance, gates, needs) if c), chart="reliability_card")
    readings = []
    for k in range(len(frame)):
        cell = {name: None if column is None else frame[column].iloc[k] for name, column in {
            "id": label, "value": value, "low": low, "high": high, "state": state, "meaning": meaning, "chance": chance, "gates": gates,
            "needs": needs}.items()}
        readings.append(_reading(cell, k))

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        said = {k: t[lang] for k, t in told.items()}
        return _card([_words(r, drawing.label(r["id"], labels, lang), said, lang) for r in readings], said, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _reading(cell: Mapping[str, Any], k: int) -> dict[str, Any]:
    """One row with its numbers checked; of a reading that cannot be assessed only the words are left."""
    if not isinstance(cell["meaning"], Text):
        raise DataError(f"reliability_card: every row has its sentence, a Text such as Text('…', '…'); row {k} has {cell['meaning']!r}.")
    if pd.isna(cell["value"]):
        if not isinstance(cell["needs"], Text):
            raise DataError(f"reliability_card: row {k} has no value and has to say what would give one: needs='column' with a Text in it.")
        return {"id": cell["id"], "state": "unknown", "meaning": cell["meaning"], "needs": cell["needs"], "gates": [], "chance": None}
    if cell["state"] not in STATES:
        raise DataError(f"reliability_card: the state of row {k} is {cell['state']!r}; {nearest(str(cell['state']), STATES)}")
    numbered = {name: float("nan" if pd.isna(cell[name]) else cell[name]) for name in ("value", "low", "high")}
    if not numbered["low"] <= numbered["high"] <= 1 or not -1 <= numbered["value"] <= 1:
        raise DataError(f"reliability_card: row {k} reads {numbered['value']:g} on {numbered['low']:g} to {numbered['high']:g}; a reading lies on an "
                        "interval up to 1, its ends in rising order.")
    gates = sorted(float(g) for g in np.atleast_1d(cell["gates"]) if not pd.isna(g))
    chance = None if cell["chance"] is None or pd.isna(cell["chance"]) else float(cell["chance"])
    if wrong := [g for g in (*gates, *([] if chance is None else [chance])) if not 0 <= g <= 1]:
        raise DataError(f"reliability_card: limits and random teams lie from 0 to 1; row {k} has {wrong[0]:g}.")
    return {"id": cell["id"], "state": cell["state"], "meaning": cell["meaning"], "gates": gates, "chance": chance} | numbered


def _words(reading: Mapping[str, Any], name: str, said: Mapping[str, str], lang: str) -> dict[str, Any]:
    """A row with everything that is written in it."""
    written = {"g": name, "sentences": [reading["meaning"][lang]], "main": numbers.DASH, "small": "", "verdict": said[reading["state"]]}
    if reading["state"] == "unknown":
        return reading | written | {"value": None, "low": None, "high": None,
                                    "sentences": [*written["sentences"], said["needs"] + reading["needs"][lang]]}
    shown = Estimate(estimand="row", kind="estimate", unit="ratio", value=reading["value"], conf_low=reading["low"], conf_high=reading["high"])
    return reading | written | {"main": numbers.value(shown, lang), "small": numbers.interval(shown, lang)}


def _card(rows: Sequence[dict[str, Any]], said: Mapping[str, str], *, lang: str, narrow: bool) -> alt.TopLevelMixin:
    lanes = _lay(rows, lang=lang, narrow=narrow)
    kept = pd.DataFrame(lanes.rows)[["value", "low", "high", "chance", "mid", "state"]].assign(zero=0.0, one=1.0)
    known, unknown = (alt.Chart(kept[kept["state"].eq("unknown") == missing]) for missing in (False, True))
    marks = [lane_drawing.bar(known, lanes, "zero", "one", size=TRACK, color=WASH)]
    if len(unknown.data):
        marks.append(lane_drawing.bar(unknown, lanes, "zero", "one", size=TRACK, color=WASH_2, stroke=LINE_2, strokeDash=[3, 3]))
    key = [Key("dot", said["reading"]), Key("band", said["interval"], BAND)]
    if len(random := kept[kept["chance"].notna()]):
        marks.append(lane_drawing.bar(alt.Chart(random), lanes, "zero", "chance", size=TRACK, color=NAIVE_BAND))
    if len(known.data):
        marks += lane_drawing.interval(known, lanes, size=TRACK - 10)
    if gates := [{"at": g, "mid": row["mid"]} for row in lanes.rows for g in row["gates"]]:
        marks.append(alt.Chart(pd.DataFrame(gates)).mark_tick(size=TRACK + 10, thickness=2, orient="vertical", color=INK).encode(
            x=lanes.x("at"), y=lanes.y()))
        key.append(Key("line", said["gate"], INK))
    dots = [lane_drawing.dot(known, lanes, size=120)] if len(known.data) else []
    return lanes.draw(marks, [*dots, *_numerals(lanes, said), *_icons(lanes)], key, over=4, through=False)


def _lay(rows: Sequence[dict[str, Any]], *, lang: str, narrow: bool) -> Lanes:
    """Every row with its place and its words: beside the scale on a wide page, over and under it on a phone."""
    ends = [max(drawing.pixels(r[part]) for r in rows) for part in ("main", "small")]
    past = 0.0 if narrow else max(ends[0] * 1.04 + 10 + ends[1], *(drawing.pixels(r["verdict"]) for r in rows)) + 14
    left = 0.0 if narrow else NAME + ICON + 14.0
    room = (PHONE if narrow else NAME + ICON) - ICON
    laid, texts, at = [], [], 0.0
    for row in rows:
        names, sentence = placement.fold(row["g"], room), [line for s in row["sentences"] for line in placement.fold(s, room, most=9)]
        over, under = (FAR if row["gates"] else NEAR), (FAR if row["chance"] is not None else NEAR)
        named, deep = TEXT * len(names), TEXT * (len(names) + len(sentence))
        height = deep + over + under + 28 if narrow else max(deep, 2 * FAR - TEXT) + 26
        top = at + (22 if narrow else (height - deep + TEXT) / 2)
        mid = top + named + over if narrow else at + height / 2
        main, judged = (top + named, top + named) if narrow else (mid - 9, mid + 10)
        texts += [lane_drawing.text("left", ICON - left, top + TEXT * k, line, INK, bold=True) for k, line in enumerate(names)]
        below = mid + under if narrow else top + named
        texts += [lane_drawing.text("left", ICON - left, below + TEXT * k, line, INK_3) for k, line in enumerate(sentence)]
        texts += [lane_drawing.text("right", past - (ends[1] + 10) * bool(ends[1]), main, row["main"], INK, bold=True),
                  lane_drawing.text("left" if narrow else "right", ICON if narrow else past, judged, row["verdict"], INK_2)]
        texts += [lane_drawing.text("right", past, main, row["small"], INK_3)] if row["small"] else []
        laid.append(row | {"mid": mid, "first": top, "top": at})
        at += height
    least = min([0.0, *(r["low"] for r in rows if r["low"] is not None)])
    return Lanes(laid, texts, [], at, (least, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0], "ratio", lang, narrow, left, past)


def _icons(lanes: Lanes) -> list[alt.Chart]:
    """An icon before every name, and a hairline between two rows."""
    base = alt.Chart(pd.DataFrame([{"y": r["first"], "fill": SIGNS[r["state"]][0], "sign": SIGNS[r["state"]][1]} for r in lanes.rows]))
    x = alt.value(8 - lanes.left)
    layers = [base.mark_point(size=200, filled=True, opacity=1).encode(x=x, y=lanes.y("y"), color=alt.Color("fill:N", scale=None, legend=None)),
              base.mark_point(size=110, filled=False, stroke=PAPER, strokeWidth=1.75, strokeCap="round", opacity=1).encode(
                  x=x, y=lanes.y("y"), shape=alt.Shape("sign:N", scale=None, legend=None))]
    if len(lanes.rows) > 1:
        layers.append(alt.Chart(pd.DataFrame([{"y": r["top"]} for r in lanes.rows[1:]])).mark_rule(color=LINE, strokeWidth=1).encode(
            y=lanes.y("y"), x=alt.value(-lanes.left), x2=alt.value(alt.expr(f"width + {lanes.right:g}"))))
    return layers


def _numerals(lanes: Lanes, said: Mapping[str, str]) -> list[alt.Chart]:
    """The limits over their scale, and under it what random teams reach; at an end of the scale they stay beside it."""
    found = [(g, row["mid"] - 24, _plain(g), INK_2) for row in lanes.rows for g in row["gates"]]
    found += [(row["chance"], row["mid"] + 25, f"{said['chance']} {_plain(row['chance'])}", INK_3)
              for row in lanes.rows if row["chance"] is not None]
    layers = []
    for align in ("left", "center", "right"):
        mine = [{"at": at, "y": y, "text": text, "ink": ink} for at, y, text, ink in found if _side(lanes, at, text) == align]
        if mine:
            layers.append(alt.Chart(pd.DataFrame(mine)).mark_text(align=align, baseline="middle", fontSize=12).encode(
                x=lanes.x("at"), y=lanes.y("y"), text="text:N", color=alt.Color("ink:N", scale=None, legend=None)))
    return layers


def _plain(x: float) -> str:
    return f"{x:.3f}".rstrip("0").rstrip(".")


def _side(lanes: Lanes, at: float, text: str) -> str:
    half, middle = drawing.pixels(text) / 2, lanes.px(at)
    return "left" if middle < half else "right" if middle + half > lanes.width else "center"
