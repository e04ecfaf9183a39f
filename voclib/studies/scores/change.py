"""Why a score moved from one period to the next: who answered (mix), or what groups said (rate); steps that add up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text
from voclib.schema import conformity
from voclib.stats import gates as gating
from voclib.stats import metrics
from voclib.stats.attribution import Decomposition, mix_rate
from voclib.stats.gates import Gates
from voclib.studies import scores
from voclib.studies.scores import change_text as words
from voclib.studies.scores import text

Tables = Mapping[str, pd.DataFrame]
MOST = 8  # groups with a step of their own
TOGETHER = "(together)"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The change taken apart by one column.

    `steps` are the bars of the waterfall (label, value, low, high, kind) and `table` the groups; both are empty where nothing can be
    taken apart, and `note` says why. `parts` is None then.
    """

    steps: pd.DataFrame
    table: pd.DataFrame
    parts: Decomposition | None
    unit: str
    captions: Mapping[str, Mapping[str, Any]]
    note: Text


@conformity.explained
def explain(tables: Tables, *, metric: str, by: str, channel: str = "", period: str = "quarter", cluster: str = "unit_id", conf_level: float = 0.95,
            timezone: str = "", gates: Gates | None = None) -> Moved:
    """The last period against the one before, by the groups of `by` (a column of responses, or of units or customers joined to them).

    Groups with too few answers or degrees of freedom for an interval of their own (see `gates.yml`), and those beyond the eight largest,
    count as one. Clusters are units, else customers.

    Raises
    ------
    ParameterError, DataError
        as in `scores.study`.
    """
    kept = scores.answers(tables, metric=metric, channel=channel, period=period, timezone=timezone)
    score, gates = scores.SCORES[metric], gates or gating.load()
    if kept.empty:
        return _nothing(words.UNITS[score.function], text.NO_SCORE[0])
    kept = scores.with_segments(kept, tables, [by]).dropna(subset="period")
    kept, shock, _ = scores.clustered(kept, cluster)
    unit = words.UNITS[score.function]
    if len(at := tuple(sorted(kept["period"].unique())[-2:])) < 2:
        return _nothing(unit, text.ONE_PERIOD)
    kept = kept[kept["period"].isin(at)]
    options = {"column": score.column, "cluster": shock, "conf_level": conf_level, "gates": gates}
    change = metrics.differences(score.function, kept, by="period", at=at, unit=_customers(kept), **options)
    ends = metrics.groups(score.function, kept, by="period", estimand=score.estimand, **options)
    if refused := next((e for e in (change, *ends) if e.kind == "refusal"), None):
        return _nothing(unit, refused.reason)
    grouped = kept.assign(value=coded(kept[score.column], score.function), group=kept[by].astype("str").fillna(metrics.MISSING),
                          shock=kept[shock] if shock else _alone(kept))
    if grouped["value"].nunique() < 2:
        return _nothing(unit, words.NO_SPREAD)
    parts, small = _apart(grouped, at, gates)
    if parts is None:
        return _nothing(unit, words.TOO_SMALL if small else words.ONE_GROUP)
    labels = {s.group: text.GROUPS.get(s.group, Text(s.group, s.group)) for s in parts.steps} | {TOGETHER: words.together(sorted(small))}
    return Moved(steps=_steps(parts, ends, conf_level), table=words.table(parts, labels, score, conf_level=conf_level), parts=parts, unit=unit,
                 captions=words.captions(parts, change, labels, score, by=by, conf_level=conf_level), note=Text("", ""))


def coded(marks: pd.Series, function: str) -> np.ndarray:
    """Marks as what the score is the mean of, in its printed unit: ±100 points, satisfied or not, or as they are."""
    y = marks.to_numpy(dtype=float)
    return {"nps": 100.0 * ((y >= 9) - 1.0 * (y <= 6)), "csat": (y >= 4).astype(float)}.get(function, y)


def _nothing(unit: str, why: Text) -> Moved:
    return Moved(steps=pd.DataFrame(), table=pd.DataFrame(), parts=None, unit=unit, captions={}, note=words.not_apart(why))


def _customers(kept: pd.DataFrame) -> str | None:
    return "customer_id" if kept["customer_id"].notna().any() else None


def _alone(kept: pd.DataFrame) -> pd.Series:
    """Customers as clusters where there are no units; one who is not known stands alone; missing where nobody is known."""
    known = kept["customer_id"]
    return known.fillna("alone:" + kept["response_id"]) if known.notna().any() else known


def _apart(grouped: pd.DataFrame, at: tuple[Any, Any], gates: Gates) -> tuple[Decomposition | None, set[str]]:
    """The parts, with groups that cannot have an interval of their own joined into one, and the names of those; None where one group is left."""
    sizes = grouped.groupby("group").size().sort_values(kind="stable")
    small = set(sizes.index[:max(0, len(sizes) - MOST)])
    cluster = None if grouped["shock"].isna().all() else "shock"
    while True:
        joined = grouped.assign(group=grouped["group"].mask(grouped["group"].isin(small), TOGETHER))
        if joined["group"].nunique() < 2:
            return None, small
        parts = mix_rate(joined, value="value", by="group", period="period", at=at, cluster=cluster)
        fewest = joined.groupby(["group", "period"]).size().groupby("group").min()
        weak = {s.group for s in parts.steps if fewest[s.group] < gates.min_n or min(s.mix.df, s.rate.df) < gates.min_degrees_of_freedom}
        if not weak:
            return parts, small
        if weak == {TOGETHER}:
            weak.add(next(g for g in sizes.index if g not in small))
        small |= weak - {TOGETHER}


def _steps(parts: Decomposition, ends: tuple[Estimate, ...], conf_level: float) -> pd.DataFrame:
    """Bars of the waterfall: start, mix of all groups, each group's own change (largest first), end."""
    start, end = (e.with_(value=f.value) for e, f in zip(ends, (parts.start, parts.end), strict=True))
    own = sorted(parts.steps, key=lambda s: (-abs(s.rate.value), str(s.group)))
    moves = [("mix", parts.total_mix), *((words.step_id(s.group), s.rate) for s in own)]
    rows = [("start", start.value, start.conf_low, start.conf_high, "total")]
    for label, fit in moves:
        e = fit.estimate(label, unit="points", conf_level=conf_level)
        rows.append((label, e.value, e.conf_low, e.conf_high, "step"))
    rows.append(("end", end.value, end.conf_low, end.conf_high, "total"))
    return pd.DataFrame(rows, columns=["label", "value", "low", "high", "kind"])
