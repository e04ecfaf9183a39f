"""Planted worlds of many groups for the long runs: shrunken intervals, discoveries among many looks; and feelings that cool down in later scores.

Where a run judges many groups, what is recorded is the share of them that a run gets right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate, Text, refusal
from voclib.simulate.worlds import cooling as cooling_world
from voclib.simulate.worlds import segments as segments_world
from voclib.simulate.worlds.segments import Shape
from voclib.stats import cooling, shrinkage
from voclib.studies.scores import segments
from voclib.studies.scores.segments import Comparison

MANY, SOME = 800, 300  # runs of 77 comparisons each
ON_AVERAGE, TOP = (0.94, 1.0), 10
MUST_FAIL = (-np.inf, 0.93)  # where a naive interval or one that takes effects for normal must lie, else the world shows nothing
CLUSTERED = dict.fromkeys(segments_world.columns(), "unit_id")
WORTH_FINDING = 10.0  # points: groups that differ from the rest by so much are to be found
NO_END = 1000.0  # days: a range without an end is drawn so far
BANDS = ("within 1 day", "after 1 to 3 days", "after 3 to 7 days", "after 7 to 14 days")


@dataclass(frozen=True)
class Ranges:
    """Intervals (K,) of the groups at positions `which`."""

    low: np.ndarray
    high: np.ndarray
    which: np.ndarray


def held(found: Ranges, truth: np.ndarray) -> float:
    """Share of the groups whose true value lies inside."""
    true = np.asarray(truth)[found.which]
    return float(((found.low <= true) & (true <= found.high)).mean())


def effects(shape: Shape, groups: int) -> Draw:
    """Estimates of groups; the truth is their true values."""
    def taken(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        frame, truth = segments_world.effects(seed, groups=groups, shape=shape)
        return frame.drop(columns="true_value"), np.array(truth["true_value"])
    return taken


def shrunken(frame: pd.DataFrame, *, intervals: str = "robust") -> Ranges:
    """All groups, drawn towards their mean."""
    found = shrinkage.shrink(frame["estimate"], frame["std_error"], intervals=intervals)
    return Ranges(found.low, found.high, np.arange(len(frame)))


def top_ten(frame: pd.DataFrame) -> Ranges:
    """The ten highest groups with their own intervals, as a ranking shows them."""
    best = np.argsort(-frame["estimate"].to_numpy())[:TOP]
    reach = 1.959964 * frame["std_error"].to_numpy()[best]
    middle = frame["estimate"].to_numpy()[best]
    return Ranges(middle - reach, middle + reach, best)


@dataclass
class Cut:
    """Answers cut by many columns, and every group against the rest, compared once for the method and the naive way."""

    frame: pd.DataFrame

    @cached_property
    def comparison(self) -> Comparison:
        """With all looks counted."""
        return segments.compare(self.frame, function="nps", column="nps_score", by=CLUSTERED)


def cut(**world: Any) -> Draw:
    """Answers cut by many columns; the truth is every group against the rest."""
    def taken(seed: int) -> tuple[Cut, dict[str, dict[str, float]]]:
        frame, truth = segments_world.answers(seed, **world)
        return Cut(frame), truth["against_rest"]
    return taken


def compared(given: Cut) -> Comparison:
    """Every group against the rest."""
    return given.comparison


def picked(given: Cut) -> Comparison:
    """The same without allowing for how many were looked at: what is found is what is picked."""
    found = given.comparison
    return Comparison(groups=tuple(segments.Group(column=g.column, group=g.group, n=g.n, plain=g.plain, p_adjusted=g.plain.p_value, adjusted=g.plain,
                                                  shrunken=None) for g in found.groups),
                      refused=found.refused, luck=found.luck, shrunken=None, conf_level=found.conf_level)


def any_found(found: Comparison, truth: Any) -> float:
    """Whether anything at all is reported."""
    return float(len(found.found) > 0)


def share_false(found: Comparison, truth: dict[str, dict[str, float]]) -> float:
    """Share of what is reported that does not differ, or differs the other way; 0 where nothing is."""
    wrong = [truth[g.column][g.group] * g.plain.value <= 0 for g in found.found]
    return float(np.mean(wrong)) if wrong else 0.0


def share_found(found: Comparison, truth: dict[str, dict[str, float]]) -> float:
    """Share of the groups compared and worth finding that are reported."""
    there = [g for g in found.groups if abs(truth[g.column][g.group]) >= WORTH_FINDING]
    return float(np.mean([g.is_found() for g in there]))


def calls(band: int | None = None, **world: Any) -> Draw:
    """Answers after calls; the truth is the slope in a band of lags, or the fall from the first to the last."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = cooling_world.draw(seed, **world)
        return frame.drop(columns="quality"), truth["fall"] if band is None else truth["slope"][band]
    return taken


def half_lives(seed: int, **world: Any) -> tuple[pd.DataFrame, float]:
    """Answers after calls; the truth is the half-life in days."""
    frame, truth = cooling_world.draw(seed, **world)
    return frame.drop(columns="quality"), truth["half_life_days"]


def cooled(frame: pd.DataFrame, *, band: int | None = None) -> Estimate:
    """The slope in a band, or the fall."""
    found = cooling.cooling(**_answers(frame))
    return (found.fall if band is None else found.slopes[band]).estimate("feeling_slope", unit="score")


def one_slope(frame: pd.DataFrame) -> Interval:
    """One slope of all answers, whatever the lag."""
    found = cooling.cooling(**_answers(frame)).pooled.estimate("feeling_slope", unit="score")
    return found.conf_low, found.conf_high


def halved(frame: pd.DataFrame) -> Estimate:
    """The range of the half-life; withheld where no fall is seen."""
    if not cooling.cooling(**_answers(frame)).is_told:
        return refusal("half_life", unit="days", reason=Text("看不出下降", "no fall is seen"), needs=Text("更多回答", "more answers"))
    found = cooling.half_life(**_answers(frame))
    return Estimate(estimand="half_life", kind="estimate", unit="days", value=found.value, conf_low=found.low, conf_high=min(found.high, NO_END))


def _answers(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {"score": frame["csat_score"], "feeling": frame["feeling"], "lag": frame["lag_days"], "cluster": frame["unit_id"]}


def shrinking() -> list[Setting]:
    """Average coverage over groups whatever the shape of their true values; taking them for normal, and a ranking, on the same data."""
    made = []
    for shape in ("normal", "two-point", "skewed"):
        for groups in (20, 60):
            world = {"setting": f"{groups} groups, {shape} differences", "draw": effects(shape, groups), "kind": "power", "count": held}
            made.append(Setting(method="groups, drawn in", call=shrunken, naive=top_ten, band=ON_AVERAGE,
                                naive_band=MUST_FAIL if groups > 20 else (-np.inf, np.inf), **world))
            made.append(Setting(method="groups, drawn in, taken for normal", call=partial(shrunken, intervals="parametric"), band=(0.0, 0.93),
                                **world))
    return made


def looking() -> list[Setting]:
    """Every group of six columns and pairs of columns against the rest."""
    none, some = cut(planted_points=0.0), cut()
    told = "77 groups of 6000 answers"
    return [Setting(method="many groups, false alarms", setting=f"{told}, none differs", draw=none, call=compared, naive=picked, kind="false alarms",
                    count=any_found, band=FALSE_ALARM_BAND, naive_band=(0.5, 1.0), runs=MANY),
            Setting(method="many groups, false discoveries", setting=f"{told}, some differ by 14 to 20 points", draw=some, call=compared,
                    naive=picked, kind="false discoveries", count=share_false, band=(0.0, 0.05), naive_band=(0.05, 1.0), runs=SOME),
            Setting(method="many groups, found", setting=f"{told}, some differ by 14 to 20 points", draw=some, call=compared, kind="power",
                    count=share_found, band=(0.6, 1.0), runs=SOME)]


def fading() -> list[Setting]:
    """Slopes by lag, whether they fall, and how long half of it takes."""
    world = "1500 answers of 40 units"
    quiet: Callable[..., Draw] = partial(calls, fades=0.0)
    slopes = [Setting(method="cooling, slope", setting=f"{world}, {name}", draw=calls(k), call=partial(cooled, band=k), naive=one_slope,
                      naive_band=MUST_FAIL if k in (0, 3) else (-np.inf, np.inf)) for k, name in enumerate(BANDS)]
    return [*slopes,
            Setting(method="cooling, fall", setting=f"{world}, a feeling that fades", draw=calls(), call=cooled, planted=True),
            Setting(method="cooling, fall", setting=f"{world}, nothing fades", draw=quiet(), call=cooled, kind="false alarms", count=beside_zero,
                    band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS),
            Setting(method="cooling, half-life", setting=f"{world}, a feeling that fades", draw=half_lives, call=halved, band=(0.9, 1.0),
                    max_refusals=0.2)]


def settings() -> list[Setting]:
    """Every planted world of many groups and of feelings that cool down."""
    return [*shrinking(), *looking(), *fading()]
