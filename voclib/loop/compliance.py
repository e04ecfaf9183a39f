"""How many cases are done within a limit: of closed ones (naive), of all with open ones followed as far as they go, of those whose limit is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.stats import metrics, survival
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed

METHOD = "product limit, log(−log)"


@dataclass(frozen=True, kw_only=True)
class Compliance:
    """Three numbers of one clock: `closed` among cases that stopped, `every` of all, `due` among those whose limit has run out."""

    closed: Estimate
    every: Estimate
    due: Estimate


def measure(followed: pd.DataFrame, *, limit: float, estimand: str, conf_level: float, gates: Gates, cluster: str | None = "unit_id",
            rung: str = "cases", group: str = "", seed: int = 0) -> Compliance:
    """The share done within `limit` hours of cases (rows of `clocks.follow`), three ways.

    `every` is one minus the product-limit estimate at the limit, which counts an open case for as long as it was seen. `due` uses only cases that
    started so long before the end of the data that their limit has run out, whether they stopped or not; it rests on no assumption about open ones
    and is what `every` is checked against. Units are clusters where there are enough of them. Where too few cases have run past their limit, `due`
    and `every` are refusals; how few that is stands in the gates.
    """
    options: dict[str, Any] = {"estimand": estimand, "group": group, "conf_level": conf_level, "gates": gates}
    marked = followed.assign(met=followed["in_time"].astype("Float64"))
    stopped, over = marked[marked["is_stopped"]], marked[marked["followed"] > limit]
    over, by = clustered(over, cluster, gates)
    marked, every_by = clustered(marked, cluster, gates)
    by = by if every_by else None
    due = _waiting(of_cases(metrics.share(over, "met", rung="due", cluster=by, **options)), len(marked), gates)
    every = _every(marked, due, limit=limit, rung=rung, by=by, conf_level=conf_level, seed=seed)
    stopped, among = clustered(stopped, cluster, gates)
    closed = metrics.share(stopped, "met", rung="closed", cluster=among, **options)
    return Compliance(closed=of_cases(closed), due=due, every=every)


def _every(marked: pd.DataFrame, due: Estimate, *, limit: float, rung: str, by: str | None, conf_level: float, seed: int) -> Estimate:
    """The product-limit estimate; `due` where that is refused or has nothing to add, as when all or none were in time."""
    if due.kind != "estimate" or due.value == 1.0:
        return due.with_(rung=rung)
    curve = survival.kaplan_meier(marked["hours"], marked["is_stopped"], at=[limit], cluster=None if by is None else marked[by].to_numpy(),
                                  conf_level=conf_level, seed=seed)
    error, done = float(curve.std_error[0]), float(1 - curve.value[0])
    if not error > 0:
        return due.with_(rung=rung)
    return due.with_(rung=rung, value=done, std_error=error, conf_low=float(1 - curve.conf_high[0]), conf_high=float(1 - curve.conf_low[0]),
                     n=len(marked), n_effective=min(done * (1 - done) / error**2, float(len(marked))), ci_method=METHOD)


def of_cases(one: Estimate, *, zh: str = "张工单", en: str = "cases") -> Estimate:
    """The same finding with its reason and needs in words of cases (or voices), where the gates speak of answers."""
    def told(text: Text | None) -> Text | None:
        return None if text is None else Text(text.zh.replace("份回答", zh).replace("回答", zh[1:]).replace(" 份", f" {zh[0]}")
                                              .replace("给出分数", "给出占比"),
                                              text.en.replace("answers", en).replace("for a score", "for a share"))

    assumed = tuple(name for name in one.assumptions if name != "respondents_only")
    return one.with_(assumptions=assumed, reason=told(one.reason), needs=told(one.needs))


def _waiting(due: Estimate, n: int, gates: Gates) -> Estimate:
    """A refusal for want of cases whose limit has run out says that it is these which are few, not cases."""
    if due.kind != "refusal" or due.n is None or due.n >= min(gates.min_n, n):
        return due
    reason = say("{n} 张工单里，时限已过的有 {k} 张，不足以给出占比。",
                 "Of {n} {n:case|cases}, the limit has run out for {k}: too few for a share.", n=n, k=due.n)
    return due.with_(reason=reason, needs=say("至少 {k} 张时限已过的工单：再等些日子，或放宽时期。",
                                              "At least {k} cases whose limit has run out: wait a few days, or widen the period.", k=gates.min_n))


def clustered(frame: pd.DataFrame, column: str | None, gates: Gates) -> tuple[pd.DataFrame, str | None]:
    """The frame with a column of clusters, and its name: units whose rows may be correlated, a row that names none by itself (`inference.unnamed`).

    None in place of the name where too few units are named: rows are then taken as independent.
    """
    if column is None or column not in frame or frame[column].nunique() < gates.min_clusters:
        return frame, None
    return frame.assign(shock=unnamed.alone(frame[column])), "shock"


def curves(followed: pd.DataFrame, *, limit: float, conf_level: float, gates: Gates, cluster: str | None = "unit_id", points: int = 73,
           seed: int = 0) -> pd.DataFrame:
    """Share still open by hour, all cases and closed ones alone: group ("every", "closed"), and the columns of `Curve.tidy`.

    Both at the same times, up to three limits or the longest that a case was seen, the limit among them where it lies before that. Closed cases are
    all done after the slowest of them. Empty where no case lasted any time.
    """
    longest = float(followed["hours"].max()) if len(followed) else 0.0
    last = min(3 * limit, longest)
    if not last > 0:
        return pd.DataFrame()
    grid = np.unique(np.append(np.linspace(0, last, points)[1:], [limit] if limit <= last else []))
    found = []
    for name, part in (("every", followed), ("closed", followed[followed["is_stopped"]])):
        if len(part) < 2:
            continue
        part, by = clustered(part, cluster, gates)
        slowest = float(part["hours"].max())
        made = survival.kaplan_meier(part["hours"], part["is_stopped"], at=np.minimum(grid, slowest),
                                     cluster=None if by is None else part[by].to_numpy(), conf_level=conf_level, seed=seed)
        found.append(made.tidy().assign(group=name, time=grid))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def median_hours(followed: pd.DataFrame) -> float:
    """Hours after which half of all cases are done, open ones included; NaN where fewer than half are yet."""
    order = followed.sort_values(["hours", "is_stopped"], ascending=[True, False])
    at_risk = np.arange(len(order), 0, -1)
    left = np.cumprod(1 - order["is_stopped"].to_numpy(dtype=float) / at_risk)
    reached = np.flatnonzero(left <= 0.5 + 1e-9)  # a product of shares that is one half may fall short of it in the last digit
    return float(order["hours"].iloc[reached[0]]) if reached.size else float("nan")
