"""What moves first: the effect at every lag, with the lag that was declared before anybody looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt
import pandas as pd

from voclib.errors import DataError
from voclib.reporting.charts import drawing, event
from voclib.reporting.charts.event import Path
from voclib.reporting.pair import Pair, pair
from voclib.reporting.theme import INK, SOFT
from voclib.results import Text

WORDS = {"lag": Text("员工体验比客户评分早几期", "Periods by which employee experience leads the score"),
         "lead": Text("安慰剂：应当为零", "Placebo: should be zero"), "after": Text("员工体验在前", "Experience comes first"),
         "declared": Text("事先指定", "Declared in advance"), "interval": Text("这一期的 {level} 区间", "{level} interval for the lag"),
         "band": Text("全部滞后期的 {level} 带", "{level} band for all lags")}
BLOCK, LEAST = 42, 24  # px of the words of the declared lag, and between two ticks that can both be read


def lag_profile(frame: pd.DataFrame, *, lag: str, value: str, low: str, high: str, band_low: str, band_high: str, is_lead: str, declared: float,
                title: Text, subtitle: Text, description: Text, unit: str = "points", labels: Mapping[str, Text] | None = None,
                note: Text | None = None) -> Pair:
    """The effect of employee experience at every lag, on its own interval, with the band that holds the whole profile at once.

    `lag` counts the periods by which experience precedes the customer score, one row a lag. At a negative one experience was measured after the
    score and cannot have moved it: those rows are `is_lead`, placebos on shaded ground. `declared` is the lag of the main question, chosen
    before the data were seen; it alone is marked and read out, for the largest of several estimates is the luckiest one too. `labels` replaces
    the words of `lag` (title of the axis), `lead`, `after`, `declared`, `interval` and `band`.

    Raises
    ------
    DataError
        for a missing column, an empty frame, a missing number, a lag that stands twice or has no width of interval, a band inside its interval,
        `is_lead` other than at the negative lags, or a declared lag that is a placebo or no row.
    ParameterError
        if `labels` names other words.
    """
    words = drawing.said(labels, WORDS, chart="lag_profile")
    drawn = event.rows(frame, period=lag, value=value, low=low, high=high, band_low=band_low, band_high=band_high, is_lead=is_lead, unit=unit,
                              chart="lag_profile", each="lag")
    for row in drawn:
        if row["lead"] != (row["period"] < 0):
            raise DataError(f"lag_profile: '{is_lead}' is true where experience is measured after the score, at the negative lags, and false "
                            f"elsewhere; at lag {row['period']:g} it is {str(row['lead']).lower()}.")
        if row["fixed"]:
            raise DataError(f"lag_profile: lag {row['period']:g} has an interval without width; every lag is estimated and has one of its own.")
    lags = [row["period"] for row in drawn if not row["lead"]]
    if declared not in lags:
        raise DataError(f"lag_profile: declared= is a lag at which experience comes first or at the same time; {declared!r} is none of "
                        f"{', '.join(f'{p:g}' for p in lags) or 'them, for every row is a placebo'}.")
    told = {"period" if name == "lag" else name: text for name, text in words.items()}

    def build(lang: str, narrow: bool) -> alt.TopLevelMixin:
        return _Profile(drawn, {k: t[lang] for k, t in told.items()}, unit, lang, narrow, float(declared)).draw()

    return pair(build, title=title, subtitle=subtitle, description=description, note=note)


@dataclass(frozen=True)
class _Profile(Path):
    declared: float

    @property
    def ticks(self) -> list[float]:
        return [r["period"] for r in self.rows] if self.step >= LEAST else super().ticks

    @property
    def head(self) -> int:
        return super().head + BLOCK

    def ground(self) -> list[alt.Chart]:
        """Shade behind the placebos, and a column in accent under the declared lag and its words."""
        column = alt.Chart(pd.DataFrame([{"from": self.declared - 0.5, "to": self.declared + 0.5}]))
        return [*super().ground(), column.mark_rect(color=SOFT).encode(
            x=self.x("from"), x2="to:Q", y=alt.value(super().head), y2=alt.value(alt.expr("height")))]

    def dots(self, base: alt.Chart) -> alt.Chart:
        """A small dot a lag and a bold one for the declared."""
        bold, plain = min(260.0, 8 * self.step), min(70.0, 3 * self.step)
        return super().dots(base).encode(size=alt.condition(f"datum.period == {self.declared:g}", alt.value(bold), alt.value(plain)))

    def over(self) -> list[alt.Chart]:
        """The words of both sides, and under them those of the declared lag over its column."""
        row = next(r for r in self.rows if r["period"] == self.declared)
        opened, closed = ("（", "）") if self.lang == "zh" else (" (", ")")
        said = (self.words["declared"], f"{row[self.lang]}{opened}{row[f'range_{self.lang}']}{closed}")
        middle, start = (self.step * (at - self.across[0]) for at in (self.declared, self.across[0] if self.border is None else self.border))
        layers, base = super().over(), alt.Chart(pd.DataFrame([{"period": self.declared}]))
        for k, text in enumerate(said):  # centred, but neither across the border to the placebos nor out of the plot
            half = 0.52 * drawing.pixels(text)
            shift = max(start + 5 + half - middle, 0) or min(self.width - half - middle, 0)
            layers.append(base.mark_text(align="center", baseline="middle", dx=shift, fontSize=13, fontWeight=600, color=INK).encode(
                x=self.x("period"), y=alt.value(super().head + 12 + 17 * k), text=alt.value(text)))
        return layers
