"""Many units under one another, each as measured and shrunk towards the mean of all: which of them can be told from it, and how many only seem so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.reporting.charts import drawing, placement
from voclib.reporting.charts.placement import Key
from voclib.reporting.pair import NARROW, WIDE, Pair, pair
from voclib.reporting.theme import ACCENT, BAND, INK, INK_2, INK_3, NAIVE, PAPER, WASH_2
from voclib.results import Text

WORDS = {"raw": Text("原始，各家自己的区间", "As measured, each with its own interval"), "drawn": Text("向平均收缩之后", "Shrunk towards the mean"),
         "band": Text("点在灰带内：与平均分不开", "In the grey band: not distinct from the mean"), "mean": Text("平均", "Mean"),
         "shown": Text("画出 {drawn} 家，共 {all} 家", "{drawn} of {all} shown")}
ROW, MOST = 17, 80  # px of a row, and rows a reader can follow
NAME = {True: 128, False: 230}  # px of a name, narrow and wide


def caterpillar(frame: pd.DataFrame, *, label: str, raw: str, raw_low: str, raw_high: str, value: str, low: str, high: str, mean_low: str,
                mean_high: str, title: Text, subtitle: Text, description: Text, unit: str = "points", labels: Mapping[Any, Text] | None = None,
                words: Mapping[str, Text] | None = None, note: Text | None = None) -> Pair:
    """A row a unit in the order of the frame: grey ring and thin line as measured, dot on its bar shrunk towards the mean.

    `mean_low` to `mean_high` is where a unit's dot cannot be told from the mean, in grey behind its row; its middle is the mean. Beyond 80 units
    those that can be told are drawn first, then others evenly along the order. `words` replaces those of `raw`, `drawn`, `band`, `mean` and
    `shown`. What all names begin with, up to a middle dot, is left out.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, or a unit that stands twice.
    ParameterError
        if `words` names others.
    """
    said = drawing.said(words, WORDS, chart="caterpillar")
    numbers = {"raw": raw, "raw_low": raw_low, "raw_high": raw_high, "value": value, "low": low, "high": high, "mean_low": mean_low,
               "mean_high": mean_high}
    drawing.complete(frame, *numbers.values(), chart="caterpillar", interval=(low, high))
    drawing.columns(frame, label, chart="caterpillar")
    if (twice := frame[label].duplicated()).any():
        raise DataError(f"caterpillar: '{frame[label][twice].iloc[0]}' stands twice in '{label}'; one row a unit.")
    factor = 100 if unit in ("share", "pp") else 1
    whole = pd.DataFrame({"id": frame[label], **{name: factor * frame[column].astype(float) for name, column in numbers.items()}})
    whole["apart"] = (whole["value"] < whole["mean_low"]) | (whole["value"] > whole["mean_high"])
    kept = whole.iloc[_drawn(whole["apart"].to_numpy())].reset_index(drop=True)

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        names = _short([drawing.label(i, labels, lang) for i in kept["id"]])
        shown = kept.assign(g=[placement.wrap(n, NAME[narrow], most=1) for n in names])
        head = [] if len(kept) == len(whole) else [said["shown"][lang].format(drawn=len(kept), all=len(whole))]
        return _Rows(shown, {k: t[lang] for k, t in said.items()}, head, unit, factor, lang, narrow).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


def _drawn(apart: np.ndarray) -> np.ndarray:
    """Positions of the units that are drawn, in order."""
    if len(apart) <= MOST:
        return np.arange(len(apart))
    told, others = np.flatnonzero(apart), np.flatnonzero(~apart)
    told = told if len(told) <= MOST else np.r_[told[:MOST // 2], told[-(MOST - MOST // 2):]]
    rest = MOST - len(told)
    return np.sort(np.r_[told, others[np.unique(np.linspace(0, len(others) - 1, rest).round().astype(int))]]) if rest and len(others) else told


def _short(names: list[str]) -> list[str]:
    """Names without what all of them begin with, up to the last middle dot of that."""
    start = names[0]
    for name in names:
        start = start[:next((k for k, (a, b) in enumerate(zip(start, name, strict=False)) if a != b), min(len(start), len(name)))]
    cut = start.rfind("·") + 1
    return [name[cut:].strip() for name in names] if len(names) > 1 else names


@dataclass(frozen=True)
class _Rows:
    frame: pd.DataFrame
    words: Mapping[str, str]
    head: list[str]
    unit: str
    factor: int
    lang: str
    narrow: bool

    @property
    def named(self) -> float:
        """Px left of the plot for names."""
        return min(NAME[self.narrow], max(drawing.pixels(n) for n in self.frame["g"])) + 10

    @property
    def plot(self) -> float:
        return (NARROW if self.narrow else WIDE) - self.named - 8

    @property
    def ends(self) -> tuple[float, float]:
        columns = self.frame[["raw_low", "raw_high", "low", "high", "mean_low", "mean_high"]]
        pad = 0.02 * (columns.max().max() - columns.min().min())
        return float(columns.min().min() - pad), float(columns.max().max() + pad)

    def x(self, field: str) -> alt.X:
        """The place of a value."""
        return drawing.x(field, self.ends, drawing.axis(drawing.inside(*self.ends), self.unit))

    def y(self, field: str) -> alt.Y:
        """The place of a row, in px from the top."""
        return drawing.y(field, [ROW * len(self.frame), 0], None)

    def draw(self) -> alt.TopLevelMixin:
        """Bands, the mean, marks, names, and the key over the plot."""
        rows = self.frame.drop(columns="id")
        rows = rows.assign(top=ROW * np.arange(len(rows)), bottom=ROW * (np.arange(len(rows)) + 1), mid=ROW * (np.arange(len(rows)) + 0.5))
        rows = rows.assign(ink=np.where(rows["apart"], INK, INK_3), mean=(rows["mean_low"] + rows["mean_high"]) / 2, **self._written(rows))
        base, tip = alt.Chart(rows), self._tips()
        mean = float(rows["mean"].iloc[0])
        layers = [base.mark_rect(color=WASH_2).encode(x=self.x("mean_low"), x2="mean_high:Q", y=self.y("top"), y2="bottom:Q"),
                  alt.Chart(pd.DataFrame([{"mean": mean}])).mark_rule(color=INK_3, strokeDash=[4, 3]).encode(x=self.x("mean")),
                  base.mark_rule(color=NAIVE, strokeWidth=1.25).encode(x=self.x("raw_low"), x2="raw_high:Q", y=self.y("mid"), tooltip=tip),
                  base.mark_rule(color=BAND, strokeWidth=6).encode(x=self.x("low"), x2="high:Q", y=self.y("mid"), tooltip=tip),
                  base.mark_point(size=34, fill=PAPER, stroke=NAIVE, strokeWidth=1.5, opacity=1).encode(
                      x=self.x("raw"), y=self.y("mid"), tooltip=tip),
                  base.mark_circle(size=52, color=ACCENT, opacity=1).encode(x=self.x("value"), y=self.y("mid"), tooltip=tip),
                  base.mark_text(align="left", baseline="middle", fontSize=12).encode(
                      x=alt.XValue(-self.named), y=self.y("mid"), text="g:N", color=alt.Color("ink:N", scale=None, legend=None), tooltip=tip)]
        head, above = self._head(mean)
        return alt.layer(*layers, *head, height=ROW * len(rows) + 34 + above)

    def _head(self, mean: float) -> tuple[list[alt.Chart], int]:
        """The mean, named over its line, then the key, from the left edge of the picture."""
        said = f"{self.words['mean']} {drawing.number(mean / self.factor, self.unit, self.lang)}"
        at = self.plot * (mean - self.ends[0]) / (self.ends[1] - self.ends[0])
        align = "left" if at + drawing.pixels(said) < self.plot else "right"
        layers = [alt.Chart(pd.DataFrame([{"mean": mean}])).mark_text(align=align, fontSize=12, color=INK_2, baseline="middle").encode(
            x=self.x("mean"), y=alt.YValue(-10), text=alt.TextValue(said))]
        entries = (Key("ring", self.words["raw"], NAIVE), Key("dot", self.words["drawn"]), Key("band", self.words["band"], WASH_2))
        above = 20
        for line in self.head:
            layers.append(placement.words(line, x=-self.named, y=-above - 8, colour=INK_3, baseline="middle"))
            above += placement.LINE
        keys, more = placement.key(entries, width=(NARROW if self.narrow else WIDE) - 10, above=above)
        for chart in keys:  # keys begin where the names do
            for channel in ("x", "x2"):
                place = getattr(chart.encoding, channel)
                if place is not alt.Undefined:
                    setattr(chart.encoding, channel, type(place)(place["value"] - self.named))
        return [*layers, *keys], above + more

    def _written(self, rows: pd.DataFrame) -> dict[str, list[str]]:
        """Both scores with their intervals, as they are written elsewhere on the page."""
        found = {}
        for name, (value, low, high) in {"raw_text": ("raw", "raw_low", "raw_high"), "text": ("value", "low", "high")}.items():
            plain = rows[[value, low, high]] / self.factor
            drawn = drawing.rows(plain, estimate=value, conf_low=low, conf_high=high, unit=self.unit, more={})
            found[name] = [f"{r[self.lang]} ({r[f'range_{self.lang}']})" for r in drawn]
        return found

    def _tips(self) -> list[alt.Tooltip]:
        zh = self.lang == "zh"
        return [alt.Tooltip("g:N", title="门店" if zh else "Unit"), alt.Tooltip("raw_text:N", title="原始" if zh else "As measured"),
                alt.Tooltip("text:N", title="收缩后" if zh else "Shrunk")]
