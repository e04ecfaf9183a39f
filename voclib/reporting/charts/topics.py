"""What customers talk about as a map of bubbles, how stable each granularity is, and the days on which a theme rose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voclib import numbers
from voclib.errors import DataError, ParameterError
from voclib.reporting.charts import drawing, lines, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, CATEGORICAL, INK, INK_2, INK_3, NAIVE_BAND, PAPER
from voclib.results import Text

TONES = {"worse": ("#c4671a", PAPER), "alike": (NAIVE_BAND, INK), "better": (ACCENT, PAPER)}
"""Fill of a bubble and the ink of its word: voices more negative than all together, as all, less so; decided by intervals, not by eye."""
WORDS = {"worse": Text("负面多于全体", "More negative than overall"), "alike": Text("与全体分不开", "Not distinct from overall"),
         "better": Text("负面少于全体", "Less negative than overall"), "loose": Text("空心：不稳定的话题", "Hollow: unstable topic"),
         "topic": Text("话题", "Topic"), "theme": Text("主题", "Theme"), "voices": Text("声音", "Voices"), "share": Text("负面占比", "Negative"),
         "stability": Text("稳定度", "Stability")}
FULL, CROWDED, NAMED = 0.46, 0.62, 22.0  # of the picture under bubbles, of a panel at most, px of a panel's name
WORDED = 40  # bubbles that carry a word, the largest; the others say theirs in the tooltip
BIGGEST, SMALLEST, GAP = 56.0, 4.5, 2.0  # px of the largest and the smallest radius, and between two bubbles
HEAVY = 1.12  # how much wider bold letters are
WIDE_AREA, NARROW_AREA = (684.0, 430.0), (334.0, 560.0)  # px, a little less than the page gives, so that a narrower window parts no bubbles


def topic_map(frame: pd.DataFrame, *, label: str, word: str, panel: str, x: str, y: str, size: str, tone: str, theme: str, share: str,
              stability: str, is_stable: str, panels: Mapping[str, Text], title: Text, subtitle: Text, description: Text,
              words: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """A bubble a topic, its area the number of voices (`size`), near those that speak of similar things (`x`, `y`, any scale), one panel a language.

    `label` names the topic, `word` stands in a bubble that has the room; `tone` is one of worse, alike, better; `share` and `stability` are
    sentences for the tooltip and `theme` a `Text`, "" where none. Places keep their order along both axes; bubbles are moved until none hides
    another. A click on a bubble shows all of its theme, a double click everything. `words` replaces the fixed words.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a gap or an infinity in a number, a size below one, an unknown tone or panel.
    ParameterError
        if `words` names others.
    """
    said = drawing.said(words, WORDS, chart="topic_map")
    drawing.columns(frame, label, word, panel, tone, theme, share, stability, is_stable, chart="topic_map")
    drawing.complete(frame, x, y, size, chart="topic_map")
    for column, known in ((tone, TONES), (panel, panels)):
        if strange := sorted(set(map(str, frame[column])) - set(known)):
            raise DataError(f"topic_map: '{column}' holds {strange[0]!r}; it holds {', '.join(known)}.")
    if (frame[size] < 1).any():
        raise DataError(f"topic_map: '{size}' is a number of voices; {int((frame[size] < 1).sum())} row(s) have less than one.")
    given = {"label": label, "word": word, "panel": panel, "x": x, "y": y, "n": size, "tone": tone, "theme": theme, "share": share,
             "stability": stability, "stable": is_stable}
    rows = pd.DataFrame({name: frame[column].to_numpy() for name, column in given.items()})

    laid = {narrow: _layout(rows, list(panels), narrow=narrow) for narrow in (False, True)}

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _map(*laid[narrow], panels, {k: t[lang] for k, t in said.items()}, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


@dataclass(frozen=True)
class _Box:
    """Where a panel lies, px from the top left."""

    left: float
    top: float
    width: float
    height: float


def _layout(rows: pd.DataFrame, panels: Sequence[str], *, narrow: bool) -> tuple[pd.DataFrame, dict[str, _Box]]:
    """Bubbles with radius and place, and the box of each panel that has any."""
    area = NARROW_AREA if narrow else WIDE_AREA
    parts = {name: rows[rows["panel"] == name] for name in panels if (rows["panel"] == name).any()}
    boxes = dict(zip(parts, _boxes([float(part["n"].sum()) for part in parts.values()], area, narrow=narrow), strict=True))
    unit = min(_unit(part["n"].to_numpy(dtype=float), boxes[name], rows["n"].sum(), area) for name, part in parts.items())
    return pd.concat([_laid(part, boxes[name], unit) for name, part in parts.items()]), boxes


def _map(laid: pd.DataFrame, boxes: Mapping[str, _Box], panels: Mapping[str, Text], said: Mapping[str, str], *, lang: str,
         narrow: bool) -> alt.TopLevelMixin:
    shown = pd.DataFrame({
        "px": laid["px"], "py": laid["py"], "area": 4 * laid["r"]**2, "fill": [TONES[t][0] for t in laid["tone"]],
        "ink": [TONES[t][1] if s else INK for t, s in zip(laid["tone"], laid["stable"], strict=True)], "stable": laid["stable"],
        "label": laid["label"], "theme": [t[lang] or "–" for t in laid["theme"]], "share": [t[lang] for t in laid["share"]],
        "stability": [t[lang] for t in laid["stability"]], "voices": [numbers.count(n, lang, exact=True) for n in laid["n"]],
        "text": [w if drawing.pixels(w) * 0.92 + 4 <= 2 * r and place <= WORDED else ""
                 for w, r, place in zip(laid["word"], laid["r"], laid["r"].rank(ascending=False, method="first"), strict=True)]})
    names = [{"px": box.left, "py": box.top + 10, "text": panels[name][lang]} for name, box in boxes.items()]
    return _drawn(shown, names if len(names) > 1 else [], NARROW_AREA if narrow else WIDE_AREA, said)


def _drawn(shown: pd.DataFrame, names: list[dict[str, Any]], area: tuple[float, float], said: Mapping[str, str]) -> alt.TopLevelMixin:
    x = alt.X("px:Q", title=None, axis=None, scale=alt.Scale(domain=[0, area[0]], nice=False, zero=False))
    y = alt.Y("py:Q", title=None, axis=None, scale=alt.Scale(domain=[area[1], 0], nice=False, zero=False))
    pick = alt.selection_point(name="theme", fields=["theme"], on="click", clear="dblclick")
    lit = alt.condition(pick, alt.value(1), alt.value(0.16))
    tip = [alt.Tooltip(f"{column}:N", title=said[name]) for column, name in (("label", "topic"), ("theme", "theme"), ("voices", "voices"),
                                                                            ("share", "share"), ("stability", "stability"))]
    base, size = alt.Chart(shown), alt.Size("area:Q", scale=None, legend=None)
    layers = []
    for stable, mark in ((True, {"stroke": PAPER, "strokeWidth": 1}), (False, {"fill": PAPER, "strokeWidth": 2.25})):
        if not (shown["stable"] == stable).any():
            continue
        paint = {"fill" if stable else "stroke": (alt.Fill if stable else alt.Stroke)("fill:N", scale=None, legend=None)}
        layers.append(base.transform_filter(f"datum.stable == {str(stable).lower()}").mark_point(shape="circle", opacity=1, **mark).encode(
            x=x, y=y, size=size, tooltip=tip, opacity=lit, **paint))
    layers[0] = layers[0].add_params(pick)
    layers.append(base.transform_filter("datum.text != ''").mark_text(fontSize=12, baseline="middle").encode(
        x=x, y=y, text=alt.Text("text:N"), color=alt.Color("ink:N", scale=None, legend=None), opacity=lit))
    if names:
        layers.append(alt.Chart(pd.DataFrame(names)).mark_text(align="left", baseline="middle", fontSize=13, fontWeight=600, color=INK).encode(
            x=x, y=y, text=alt.Text("text:N")))
    entries = [Key("dot", said[tone], TONES[tone][0]) for tone in TONES if (shown["fill"] == TONES[tone][0]).any()]
    entries += [Key("ring", said["loose"], INK_3)] if not shown["stable"].all() else []
    keys, above = placement.key(entries, width=area[0])
    return alt.layer(*layers, *keys, height=area[1] + above)


def _boxes(sums: Sequence[float], area: tuple[float, float], *, narrow: bool) -> list[_Box]:
    """A panel for each sum of voices, side by side or one under another, none smaller than a quarter."""
    whole = area[1] if narrow else area[0]
    shares = np.maximum(np.asarray(sums) / sum(sums), 0.25 if len(sums) > 1 else 1.0)
    made, at = [], 0.0
    for part in shares / shares.sum() * whole:
        made.append(_Box(0, at, area[0], part) if narrow else _Box(at, 0, part, area[1]))
        at += part
    return made


def _unit(n: NDArray[np.float64], box: _Box, voices: float, area: tuple[float, float]) -> float:
    """Px² a voice at which the picture is full enough and this panel not too full, with no bubble too large."""
    largest = min(BIGGEST, 0.3 * min(box.width, box.height))
    return min(FULL * area[0] * area[1] / voices, np.pi * largest**2 / n.max(), CROWDED * box.width * (box.height - NAMED) / n.sum())


def _laid(rows: pd.DataFrame, box: _Box, unit: float) -> pd.DataFrame:
    """Radius and place of every bubble of a panel, px of the whole picture; the smallest are drawn large enough to be seen."""
    r = np.maximum(np.sqrt(unit * rows["n"].to_numpy(dtype=float) / np.pi), SMALLEST)
    px = packed(np.column_stack([_order(rows["x"]), _order(rows["y"])]), r, width=box.width, height=box.height - NAMED)
    return rows.assign(r=r, px=box.left + px[:, 0], py=box.top + NAMED + px[:, 1])


def _order(values: pd.Series) -> NDArray[np.float64]:
    """Ranks between 0 and 1, ties by position."""
    return (values.rank(method="first").to_numpy() - 0.5) / len(values)


def packed(places: NDArray[np.float64], radius: NDArray[np.float64], *, width: float, height: float, steps: int = 120) -> NDArray[np.float64]:
    """Centres (k, 2) of circles near their `places` (k, 2; 0 to 1 on both axes), moved apart inside width × height until hardly any two touch.

    Every step pulls each circle a little towards its place and pushes overlapping ones apart by their overlap, the smaller one further; the pull
    fades. Places are rounded to tenths, so that bytes repeat.
    """
    low, room = radius[:, None], np.maximum(np.array([[width, height]]) - 2 * radius[:, None], 0.0)
    home = low + places * room
    at = home + 1e-3 * np.column_stack([np.cos(7.0 * np.arange(len(home))), np.sin(7.0 * np.arange(len(home)))])
    reach = radius[:, None] + radius[None, :] + GAP
    for step in range(steps):
        apart = at[:, None, :] - at[None, :, :]
        distance = np.sqrt((apart**2).sum(axis=2))
        np.fill_diagonal(distance, np.inf)
        overlap = np.clip(reach - distance, 0, None)
        weight = (radius[None, :] / (radius[:, None] + radius[None, :]))  # the smaller one gives way
        push = (apart / np.maximum(distance, 1e-9)[:, :, None] * (overlap * weight)[:, :, None]).sum(axis=1)
        at = np.clip(at + 0.6 * push + 0.06 * (1 - step / steps) * (home - at), low, low + room)
    return np.round(at, 1)


def stability_curve(frame: pd.DataFrame, *, groups: str, stability: str, low: str, high: str, chosen: str, series: str, title: Text,
                    subtitle: Text, description: Text, labels: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """How similar the topics of resamples are (0 to 1) by how many topics there are, one line a `series`; the chosen granularity is filled.

    `low` and `high` are the smallest and largest of the resamples.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, ends the wrong way round, or more than two series.
    """
    drawing.columns(frame, series, chosen, chart="stability_curve")
    drawing.complete(frame, groups, stability, low, high, chart="stability_curve", interval=(low, high))
    names = list(dict.fromkeys(frame[series]))
    if len(names) > 2:
        raise DataError(f"stability_curve: {len(names)} series; two can be told apart.")
    rows = pd.DataFrame({"k": frame[groups].astype(float), "v": frame[stability].astype(float), "low": frame[low].astype(float),
                         "high": frame[high].astype(float), "g": frame[series].astype("str"), "chosen": frame[chosen].astype(bool)})

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _curve(rows, names, labels, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _curve(rows: pd.DataFrame, names: list[Any], labels: Mapping[str, Text] | None, *, lang: str, narrow: bool) -> alt.TopLevelMixin:
    ticks = drawing.inside(0.0, float(rows["k"].max()))
    ends = [0.0, float(rows["k"].max()) * (1.16 if narrow else 1.1)]
    words = ("话题数", "稳定度") if lang == "zh" else ("topics", "stability")
    paint = alt.Color("g:N", scale=alt.Scale(domain=names, range=list(CATEGORICAL[:2])), legend=None)
    shown = rows.assign(text=[f"{v:.2f} ({a:.2f}–{b:.2f})" for v, a, b in zip(rows["v"], rows["low"], rows["high"], strict=True)],
                        name=[drawing.label(g, labels, lang) for g in rows["g"]])
    base = alt.Chart(shown)
    grid = drawing.axis([0, 0.25, 0.5, 0.75, 1.0], "number")
    x, y = drawing.x("k", ends, drawing.axis(ticks, "number")), drawing.y("v", [0.0, 1.0], grid)
    tip = [alt.Tooltip("k:Q", title=words[0]), alt.Tooltip("text:N", title=words[1])]
    layers = [base.mark_rule(strokeWidth=6, opacity=0.3).encode(x=x, y=drawing.y("low", [0.0, 1.0], grid), y2=alt.Y2("high:Q"), color=paint),
              base.mark_line().encode(x=x, y=y, color=paint, detail="g:N"),
              base.mark_circle(size=60, opacity=1).encode(x=x, y=y, color=paint, tooltip=tip),
              base.transform_filter("datum.chosen").mark_point(size=230, filled=False, strokeWidth=2.5, opacity=1).encode(x=x, y=y, color=paint)]
    last = shown.sort_values("k").groupby("g").tail(1)
    last = last.assign(spot=placement.spread(last["v"].tolist(), 0.09, low=0.03, high=0.97))
    layers.append(alt.Chart(last).mark_text(align="left", dx=10, fontWeight=600).encode(
        x=x, y=drawing.y("spot", [0.0, 1.0], grid), text=alt.Text("name:N"), color=paint))
    right = max(drawing.pixels(n) for n in last["name"])
    axis = placement.words(words[0], x=alt.XValue(alt.expr("width")), y=alt.YValue(alt.expr("height + 34")), colour=INK_2, align="right")
    return alt.layer(*layers, axis, height=240 if narrow else 260, padding={"left": 2, "right": right if narrow else 4, "top": 8, "bottom": 22})


def courses(frame: pd.DataFrame, *, series: str, period: str, title: Text, subtitle: Text, description: Text, estimate: str = "estimate",
            conf_low: str = "conf_low", conf_high: str = "conf_high", labels: Mapping[Any, Text] | None = None, most: int = 4,
            note: Text | None = None) -> Pair:
    """Shares over time, one strip a series and one scale for all, from zero: the ribbon is the interval, the last value stands on the right.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, ends the wrong way round, or periods that are no dates.
    """
    drawing.columns(frame, series, period, chart="courses")
    drawing.complete(frame, estimate, conf_low, conf_high, chart="courses", interval=(conf_low, conf_high))
    names = list(dict.fromkeys(frame[series]))[:most]
    kept = frame[frame[series].isin(names)]
    time = lines.calendar(kept[period])
    if time is None:
        raise DataError(f"courses: '{period}' holds no dates; write months as 2026-07.")
    written = drawing.rows(kept, estimate=estimate, conf_low=conf_low, conf_high=conf_high, unit="share", more={"g": list(kept[series]),
                                                                                                                "at": time.at})
    rows = pd.DataFrame(written)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _courses(rows, names, time, labels, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _courses(rows: pd.DataFrame, names: list[Any], time: lines.Calendar, labels: Mapping[Any, Text] | None, *, lang: str,
             narrow: bool) -> alt.TopLevelMixin:
    tall, top, foot, parts, texts = 64.0, float(rows["high"].max()), 0.0, [], []
    for name in names:
        own = rows[rows["g"] == name].sort_values("at")
        last = f"{own.iloc[-1][lang]} ({own.iloc[-1][f'range_{lang}']})"
        said = placement.fold(drawing.label(name, labels, lang), ((NARROW if narrow else WIDE) - drawing.pixels(last) - 16) / HEAVY)
        foot += tall + 30 + placement.LINE * (len(said) - 1)
        spots = {column: foot - tall * own[column] / top for column in ("low", "value", "high")}
        parts.append(own.assign(foot=foot, **{f"y_{column}": spot for column, spot in spots.items()}, text=own[lang], range=own[f"range_{lang}"]))
        texts += [(line, foot - tall - 12 - placement.LINE * (len(said) - 1 - k), "left", INK) for k, line in enumerate(said)]
        texts.append((last, foot - tall - 12, "right", INK_2))
    ends = [foot, 0.0]
    base = alt.Chart(pd.concat(parts)[["at", "g", "foot", "y_low", "y_value", "y_high", "text", "range"]])
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc", padding=6), axis=alt.Axis(values=time.ticks(3 if narrow else 6), format=time.format))
    tip = [alt.Tooltip("at:T", title="时间" if lang == "zh" else "When", format=time.format), alt.Tooltip("text:N",
                                                                                                        title="占比" if lang == "zh" else "Share"),
           alt.Tooltip("range:N", title="区间" if lang == "zh" else "Interval")]
    layers = [base.mark_area(color=BAND, opacity=0.6).encode(x=x, y=drawing.y("y_low", ends, None), y2=alt.Y2("y_high:Q"), detail="g:N"),
              base.mark_rule(color=INK, strokeWidth=1).encode(y=drawing.y("foot", ends, None)),
              base.mark_line(color=ACCENT).encode(x=x, y=drawing.y("y_value", ends, None), detail="g:N"),
              base.mark_circle(size=44, color=ACCENT, opacity=1).encode(x=x, y=drawing.y("y_value", ends, None), tooltip=tip)]
    layers += [placement.words(text, x=0 if align == "left" else alt.XValue(alt.expr("width")), y=y, baseline="middle", align=align, colour=colour,
                               fontWeight=600 if align == "left" else 400) for text, y, align, colour in texts]
    return alt.layer(*layers, height=foot + 34)


def rises(frame: pd.DataFrame, *, theme: str, day: str, n: str, found: str, title: Text, subtitle: Text, description: Text,
          expected: str | None = None, labels: Mapping[str, Text] | None = None, most: int = 4, note: Text | None = None) -> Pair:
    """Voices a day of each theme on the list, one strip a theme, a mark on the day it was put there (`found`); `expected` a day as a line.

    Raises
    ------
    DataError
        for a missing column, an empty frame, or a missing number.
    ParameterError
        if `most`, the number of strips, is below one.
    """
    drawing.columns(frame, theme, day, found, chart="rises")
    drawing.complete(frame, n, *([expected] if expected else []), chart="rises")
    if most < 1:
        raise ParameterError(f"rises: most is how many themes are drawn, at least 1, not {most}.")
    names = list(dict.fromkeys(frame[theme]))[:most]
    kept = frame[frame[theme].isin(names)]
    time = lines.calendar(kept[day])
    if time is None:
        raise DataError(f"rises: '{day}' holds no dates; write them as 2026-07-01.")
    rows = pd.DataFrame({"g": kept[theme].to_numpy(), "at": time.at, "n": kept[n].to_numpy(dtype=float),
                         "there": (kept[day].astype("str") == kept[found].astype("str")).to_numpy(),
                         "e": kept[expected].to_numpy(dtype=float) if expected else np.nan})

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _strips(rows, names, time, labels, has_line=expected is not None, lang=lang, narrow=narrow)

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _strips(rows: pd.DataFrame, names: list[Any], time: lines.Calendar, labels: Mapping[str, Text] | None, *, has_line: bool, lang: str,
            narrow: bool) -> alt.TopLevelMixin:
    tall, head = 66.0, 44.0
    parts, texts, marks = [], [], []
    for k, name in enumerate(names):
        own, foot = rows[rows["g"] == name], (k + 1) * (tall + head)
        top = max(float(own["n"].max()), 1.0)
        parts.append(own.assign(foot=foot, top=foot - tall * own["n"] / top, line=foot - tall * np.minimum(own["e"] / top, 1.0)))
        texts.append({"y": foot - tall - 26, "text": placement.wrap(drawing.label(name, labels, lang), 250 if narrow else 600, most=1)})
        marks += [{"at": t, "y": foot - tall * n / top - 8} for t, n in zip(own.loc[own["there"], "at"], own.loc[own["there"], "n"], strict=True)]
        texts.append({"y": foot - tall - 26, "text": f"{'最多一天' if lang == 'zh' else 'busiest day'} {top:.0f}", "right": True})
    whole, most = pd.concat(parts), 3 if narrow else 6
    x = alt.X("at:T", title=None, scale=alt.Scale(type="utc", padding=6), axis=alt.Axis(values=time.ticks(most), format=time.format))
    ends = [len(names) * (tall + head), 0.0]
    base, tip = alt.Chart(whole), [alt.Tooltip("at:T", title="日期" if lang == "zh" else "Day", format="%Y-%m-%d"),
                                   alt.Tooltip("n:Q", title="声音" if lang == "zh" else "Voices")]
    layers = [base.mark_rule(strokeWidth=3.5 if len(rows) / len(names) < 120 else 1.75, color=ACCENT).encode(
        x=x, y=drawing.y("top", ends, None), y2=alt.Y2("foot:Q"), tooltip=tip)]
    if has_line:
        layers.append(base.mark_line(color=INK_3, strokeDash=[4, 3], strokeWidth=1.5).encode(x=x, y=drawing.y("line", ends, None), detail="g:N"))
    layers.append(base.mark_rule(color=BAND, strokeWidth=1).encode(y=drawing.y("foot", ends, None)))
    if marks:
        layers.append(alt.Chart(pd.DataFrame(marks)).mark_point(shape="diamond", filled=True, size=90, color="#c4671a", opacity=1).encode(
            x=x, y=drawing.y("y", ends, None)))
    layers += [placement.words(t["text"], x=alt.XValue(alt.expr("width")) if t.get("right") else 0, y=t["y"], baseline="middle",
                               align="right" if t.get("right") else "left", colour=INK_3 if t.get("right") else INK) for t in texts]
    entries = [Key("diamond", "上了名单的一天" if lang == "zh" else "day on the list", "#c4671a")]
    entries += [Key("line", "往常的水平" if lang == "zh" else "as usual", INK_3)] if has_line else []
    keys, above = placement.key(entries, width=330 if narrow else 680)
    return alt.layer(*layers, *keys, height=len(names) * (tall + head) + 30 + above)
