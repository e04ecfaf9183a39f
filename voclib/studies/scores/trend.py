"""Whether a score rises or falls over the periods, and whether some groups move otherwise than the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Estimate, Text, refusal
from voclib.schema import conformity
from voclib.stats import gates as gating
from voclib.stats import inference, metrics
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit, unnamed
from voclib.studies import scores
from voclib.studies.scores import text
from voclib.studies.scores import trend_text as words

Tables = Mapping[str, pd.DataFrame]
FEWEST, MANY = 3, 200  # periods for a slope, and clusters from which errors without the jackknife are as good
DUST = 1e-9  # points or shares a period
FREQUENCY = {"quarter": "Q", "month": "M"}


@dataclass(frozen=True, kw_only=True)
class Trend:
    """`overall` is the change a period of the whole score; `groups` that of each group less that of the rest, adjusted over the groups.

    `groups` is empty where `note` says why. `is_steady`: whether the periods themselves lie near enough to the line to call it a trend.
    """

    overall: Estimate
    groups: tuple[Estimate, ...]
    captions: Mapping[str, Mapping[str, Any]]
    note: Text
    is_steady: bool = False


@conformity.explained
def study(tables: Tables, *, metric: str, channel: str = "", period: str = "quarter", by: str = "region", cluster: str = "unit_id",
          conf_level: float = 0.95, timezone: str = "", gates: Gates | None = None) -> Trend:
    """Least-squares slope of what each answer counts on its period, errors by whole units; each group of `by` against the rest.

    A straight line through the periods: it says how far the score moved a period on average, not that it moved evenly. What all units share in a
    period, a season or a promotion, is no error of it; whether the periods rise or fall through such ups and downs is asked of the periods alone.

    Raises
    ------
    ParameterError, DataError
        as in `scores.answers` and `scores.with_segments`.
    """
    gates, score = gates or gating.load(), scores.score_of(metric)
    answers = scores.answers(tables, metric=metric, channel=channel, period=period, timezone=timezone).dropna(subset="period")
    unit, estimand = words.UNITS[score.function], f"{score.estimand}_trend"
    if answers["period"].nunique() < FEWEST:
        few = words.few_periods(answers["period"].nunique(), FEWEST), words.needs(FEWEST)
        reason, needs = few if len(answers) else text.NO_SCORE
        overall = refusal(estimand, unit=unit, reason=reason, needs=needs)
        return Trend(overall=overall, groups=(), captions={}, note=overall.reason)
    kept, shock, _ = scores.clustered(scores.with_segments(answers, tables, [by]), cluster)
    when = pd.PeriodIndex(kept["period"], freq=FREQUENCY[period]).astype("int64").to_numpy(dtype=float)
    rows = _Rows(y=scores.coded(kept, score), when=when - when.mean(), shock=np.arange(len(kept)) if shock is None else unnamed.codes(kept[shock]))
    told = {"unit": unit, "n": len(kept)}
    overall = _estimate(rows.slope(), estimand, conf_level, gates, shocks=shock is not None, **told)
    groups, note = _groups(rows, kept[by], estimand, conf_level, gates, shocks=shock is not None, unit=unit)
    steady = rows.steady_p() <= 1 - conf_level
    return Trend(overall=overall, groups=groups, note=words.alone(overall, note, period, is_steady=steady), is_steady=steady,
                 captions=words.captions(score.estimand, overall, groups, period=period, is_steady=steady))


@dataclass(frozen=True)
class _Rows:
    """What each answer counts, its period from the mean period, and its cluster; all (n,)."""

    y: np.ndarray
    when: np.ndarray
    shock: np.ndarray

    def slope(self, inside: np.ndarray | None = None) -> Fit | None:
        """The slope; with `inside`, that of these rows less that of the others; None where it rests on one cluster or one period."""
        columns, names = [np.ones(len(self.y)), self.when], ["level", "slope"]
        if inside is not None:
            columns, names = [*columns, inside, inside * self.when], [*names, "level apart", "slope apart"]
        try:
            given = inference.moments(self.y, np.column_stack(columns), cluster=self.shock, names=names)
            fit = inference.regress(given, method="CRV1" if given.n_clusters > MANY else "CRV3").fit(names[-1])
            # where all answers are the same what is left of a slope is rounding, whose sign and p mean nothing
            return replace(fit, value=0.0, std_error=0.0) if max(abs(fit.value), fit.std_error) < DUST else fit
        except DataError:  # a group of one unit, or of one period
            return None


    def steady_p(self) -> float:
        """p that periods scatter about a level and not about a line, each period one observation of as much weight as it has answers.

        Units do not tell what all of them share in a period (Donald & Lang 2007, Review of Economics and Statistics 89): here it is in the error.
        """
        when, at, size = np.unique(self.when, return_inverse=True, return_counts=True)
        mean = np.bincount(at, self.y) / size
        spread = float(size @ when**2)
        slope = float(size @ (when * mean)) / spread
        left = mean - self.y.mean() - slope * when
        error = np.sqrt(float(size @ left**2) / (len(when) - 2) / spread)
        return inference.p_value(slope / error, len(when) - 2) if error > DUST else float(abs(slope) <= DUST)


def _estimate(fit: Fit | None, estimand: str, conf_level: float, gates: Gates, *, shocks: bool, unit: str, n: int, **more: Any) -> Estimate:
    if fit is None or shocks and fit.n_clusters < gates.min_clusters:
        return refusal(estimand, unit=unit, reason=words.FEW_UNITS, needs=words.units(gates.min_clusters), **more)
    made = fit.estimate(estimand, unit=unit, conf_level=conf_level, **more)
    return made.with_(n=n, p_value=inference.p_value(fit.value / fit.std_error, fit.df) if fit.std_error > 0 else None)


def _groups(rows: _Rows, by: pd.Series, estimand: str, conf_level: float, gates: Gates, *, shocks: bool,
            unit: str) -> tuple[tuple[Estimate, ...], Text]:
    """Each group's slope less that of the rest; p and interval adjusted over the groups."""
    labels = by.astype("str").where(by.notna(), metrics.MISSING).to_numpy()
    fits = {}
    for name in sorted(set(labels)):
        inside = labels == name
        sides = [unnamed.count(rows.shock[side]) for side in (inside, ~inside)]
        if min(inside.sum(), (~inside).sum()) >= gates.caveat_n and (not shocks or min(sides) >= gates.min_clusters):
            fit = rows.slope(inside.astype(float))
            fits |= {} if fit is None or fit.std_error <= 0 else {name: (fit, int(inside.sum()))}
    if len(fits) < 2:
        return (), words.NO_GROUPS
    p = [inference.p_value(fit.value / fit.std_error, fit.df) for fit, _ in fits.values()]
    level, adjusted = inference.adjusted_level(p, conf_level=conf_level), inference.adjust(p)
    made = tuple(_estimate(fit, estimand, level, gates, shocks=shocks, unit=unit, n=n, group=name, rung="against_rest").with_(
        conf_level=conf_level, p_value=float(q))
                 for (name, (fit, n)), q in zip(fits.items(), adjusted, strict=True))
    return made, Text("", "")
