"""What every ready-made chart is drawn with: rows with their written numbers, ticks, label widths, tooltips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from voclib import numbers
from voclib.errors import DataError, ParameterError, nearest
from voclib.reporting import theme
from voclib.reporting.proper_names import english
from voclib.results import Estimate, Text

_APART = {"share": Text("个百分点", "pp"), "pp": Text("个百分点", "pp"), "points": Text("分", "points"), "score": Text("分", "points")}


def pixels(text: str) -> int:
    """About how wide a label is at 13 px; a Chinese character is square."""
    return round(sum(13.5 if ord(c) > 0x2E7F else 7.4 for c in text))


def columns(frame: pd.DataFrame, *names: str, chart: str) -> None:
    """Raise DataError where a named column is missing or there are no rows."""
    for name in names:
        if name not in frame.columns:
            raise DataError(f"{chart}: there is no column '{name}'; {nearest(name, frame.columns)}")
    if frame.empty:
        raise DataError(f"{chart}: the frame has no rows, so there is nothing to draw.")


def complete(frame: pd.DataFrame, *names: str, chart: str, interval: tuple[str, str] | None = None) -> None:
    """Raise DataError where a named column is missing, a cell of it is no finite number, or the ends of `interval` stand the wrong way round."""
    columns(frame, *names, chart=chart)
    for name in names:
        cells = pd.to_numeric(frame[name], errors="coerce").astype(float)
        lost = ~cells.map(math.isfinite)
        if lost.any():
            raise DataError(f"{chart}: '{name}' has no finite number in {int(lost.sum())} row(s), first in row {lost.to_list().index(True)}; "
                            "leave those rows out and say so in the note.")
    if interval and (frame[interval[0]] > frame[interval[1]]).any():
        first = (frame[interval[0]] > frame[interval[1]]).to_list().index(True)
        raise DataError(f"{chart}: '{interval[0]}' lies above '{interval[1]}' in row {first}; swap the two columns.")


def rows(frame: pd.DataFrame, *, estimate: str, conf_low: str, conf_high: str, unit: str, more: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """Rows of a chart: value and interval on the shown scale (shares in per cent), and their text in both languages."""
    factor = 100 if unit in ("share", "pp") else 1
    rows = []
    for k, (value, low, high) in enumerate(zip(frame[estimate], frame[conf_low], frame[conf_high], strict=True)):
        row: dict[str, Any] = {name: values[k] for name, values in more.items()}
        if pd.isna(low) or pd.isna(high):
            rows.append(row | {"kind": "none", "zh": "没有区间，不画点", "en": "no interval, no dot"})
            continue
        ends = {"low": low * factor, "high": high * factor}
        if pd.isna(value):
            shown = Estimate(estimand="row", kind="bounds", unit=unit, bound_low=float(low), bound_high=float(high))
        else:
            shown = Estimate(estimand="row", kind="estimate", unit=unit, value=float(value), conf_low=float(low), conf_high=float(high))
            ends["value"] = value * factor
        values = {lang: numbers.value(shown, lang) for lang in ("zh", "en")}
        ranges = {f"range_{lang}": numbers.interval(shown, lang) for lang in ("zh", "en")}
        rows.append(row | {"kind": shown.kind} | ends | values | ranges)
    return rows


def label(value: Any, labels: Mapping[Any, Text] | None, lang: str) -> str:
    """The name of a group in one language; without a label itself, in English under its English name if it has one."""
    named = labels[value][lang] if labels and value in labels else str(value)
    return english(named) if lang == "en" else named


def level() -> str:
    """The level of the intervals of this notebook in words, as `theme.enable` was told it: "95%"."""
    return f"{100 * theme.notebook['conf_level']:.4g}%"


def interval_words(lang: str) -> str:
    """What a key calls an interval."""
    return f"{level()} 区间" if lang == "zh" else f"{level()} interval"


def said(labels: Mapping[str, Text] | None, words: Mapping[str, Text], *, chart: str) -> dict[str, Text]:
    """The fixed words of a chart with those of `labels` in their place; raises ParameterError where `labels` names none of them."""
    for name in labels or {}:
        if name not in words:
            raise ParameterError(f"{chart}: labels= names '{name}', which the chart does not say; {nearest(name, words)}")
    own = {name: Text(text.zh.replace("{level}", level()), text.en.replace("{level}", level())) for name, text in words.items()}
    return {**own, **(labels or {})}


def scale(rows: Sequence[Mapping[str, Any]], *, zero: bool) -> tuple[float, float]:
    """Lowest and highest number of a chart, with zero where it is to be shown."""
    ends = [row[key] for row in rows for key in ("low", "high", "value") if row.get(key) is not None]
    if not ends:
        raise DataError("The chart has no interval to draw; every row lacks one.")
    low, high = min(ends + [0.0] * zero), max(ends + [0.0] * zero)
    return (low, high) if high > low else (low, low + (abs(low) or 1.0))


def ticks(low: float, high: float) -> list[float]:
    """At most five round numbers that span the data."""
    least = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(least))
    for step in (m * power for m in (1, 2, 2.5, 5, 10, 20)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= 4:
            return [round(k * step, 12) for k in range(first, last + 1)]
    raise AssertionError("a step of twenty times the least spans any range")


def inside(low: float, high: float) -> list[float]:
    """At most five round numbers between two ends, as many as there may be; zero is among them where it lies between."""
    power = 10.0 ** math.floor(math.log10((high - low) / 6))
    for step in (m * power for m in (1, 2, 2.5, 5, 10, 20)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first <= 4:
            return [round(k * step, 12) for k in range(first, last + 1)]
    raise AssertionError("six steps of at most ten times the least span any range")


def number(value: float, unit: str, lang: str) -> str:
    """One number that needs no interval beside it, such as a base line or a place on a map: two significant digits."""
    return numbers.value(Estimate(estimand="row", kind="count", unit=unit, value=value), lang)


def apart(unit: str, lang: str) -> str:
    """The unit, short, of a difference or a half-width on a scale in `unit`: shares lie percentage points apart; empty where the number says it."""
    return _APART[unit][lang] if unit in _APART else ""


def mark(tick: float, unit: str, lang: str) -> str:
    """A tick as it is written: money and counts as on the page, with no more digits than it has; shares are in per cent."""
    if unit in ("cny", "count"):
        return numbers.tick(tick, unit, lang, step=abs(tick) or 1.0)
    return f"{tick:g}".replace("-", "−") + ("%" if unit == "share" else "")


def axis(ticks: list[float], unit: str, lang: str | None = None, **more: Any) -> alt.Axis:
    """A value axis with these ticks, a real minus sign, the sign of the unit, and decimals as far as the step needs them.

    With `lang`, money and counts are written as on the page (¥200万, ¥2M); `more` are further properties of the axis.
    """
    if lang and unit in ("cny", "count"):
        form = " : ".join(f"datum.value == {t:g} ? '{mark(t, unit, lang)}'" for t in ticks) + " : ''"
        return alt.Axis(values=ticks, labelExpr=form, **{"grid": True, "labelOverlap": False} | more)
    suffix = "%" if unit == "share" else ""
    places = next(d for d in range(10) if all(abs(round(t, d) - t) < 1e-9 * max(abs(t), 1) for t in ticks))
    return alt.Axis(values=ticks, labelExpr=f"replace(format(datum.value, ',.{places}f'), '-', '−') + '{suffix}'",
                    **{"grid": True, "labelOverlap": False} | more)


def x(field: str, ends: Sequence[float], axis: alt.Axis | None, *, titled: bool = False) -> alt.X:
    """The place of a value across a scale from one of its ends to the other and no further; `titled` where the axis has a title."""
    return alt.X(f"{field}:Q", **({} if titled else {"title": None}), scale=alt.Scale(domain=list(ends), nice=False, zero=False), axis=axis)


def y(field: str, ends: Sequence[float], axis: alt.Axis | None) -> alt.Y:
    """The place of a value up such a scale."""
    return alt.Y(f"{field}:Q", title=None, scale=alt.Scale(domain=list(ends), nice=False, zero=False), axis=axis)


def tips(lang: str) -> list[alt.Tooltip]:
    """Estimate and interval as they are written elsewhere on the page."""
    names = ("估计", "区间") if lang == "zh" else ("Estimate", "Interval")
    return [alt.Tooltip("value_text:N", title=names[0]), alt.Tooltip("range:N", title=names[1])]
