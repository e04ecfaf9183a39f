"""What live projects are worth in money not spent: repairs under warranty that did not happen, priced as customers pay for them.

A repair avoided is worth what it would have cost. Of repairs that customers pay for, that is the customers' money and no saving of the company; of
those under warranty no cost is booked, so they are priced at what customers pay on average for the same part. Nothing else that a project may be
worth, customers kept or a name saved, is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from voclib.loop.outer_loop import value_text as words
from voclib.loop.outer_loop.effects import Effects
from voclib.loop.outer_loop.names import Names
from voclib.loop.outer_loop.subjects import REPAIRS, Tables
from voclib.results import Estimate, Ladder, Study, Verdict

LEAST_PRICED = 30  # paid repairs of a part, for a mean price with an error
COLUMNS = ["project_id", "events", "price", "price_error", "priced", "warranty", "cost"]


@dataclass(frozen=True)
class Value:
    """What the page shows: the ladder of the amount (None where nothing can be priced), what its projects cost as booked, a row a project.

    `cost` is of the projects in `priced` alone, the only ones whose worth is counted; `landed_cost` of every live project stands apart (both
    CNY, None where no cost is booked). `priced` has what each amount is made of: project_id, events, price, price_error, priced, warranty, cost.
    """

    ladder: Ladder | None
    cost: Estimate | None
    landed_cost: Estimate | None
    sheet: pd.DataFrame
    priced: pd.DataFrame
    captions: Mapping[str, Any]


def study(tables: Tables, effects: Effects, names: Names, *, is_range: bool, conf_level: float = 0.95) -> Value:
    """Price the repairs avoided by the judged projects whose subject is a part; the two months of the uncorrected comparison beside it.

    V = Σ wᵢ·pᵢ·yᵢ·(exp(−Lᵢ) − 1) over projects: yᵢ repairs since go-live, Lᵢ the log ratio to the usual rate, wᵢ the share under warranty, pᵢ the
    mean price. Its error follows from those of L and p (delta method). With `is_range`, as where too few subjects show the common movement, the
    amount is a range too.
    """
    priced = _priced(tables, effects)
    cost, whole = _cost(tables, priced["project_id"], "project_cost"), _cost(tables, effects.table.get("project_id", ()), "landed_cost")
    if priced.empty:
        return Value(None, None, whole, pd.DataFrame(), priced, {})
    judged = effects.judged.reset_index(drop=True)
    place = judged.index[judged["project_id"].isin(priced["project_id"])]
    rows = judged.loc[place].merge(priced, on="project_id")
    level = {"level": conf_level, "df": float(rows["df"].min())}
    rungs = []
    known = rows.dropna(subset=["naive"])
    if len(known):
        rungs.append(_amount(known, known["naive"], np.diag(known["naive_error"] ** 2), rung="naive", level=conf_level, df=np.inf))
    rungs.append(_amount(rows, rows["plain"], np.diag(rows["plain_error"] ** 2), rung="plain", level=conf_level, df=np.inf))
    rungs.append(_amount(rows, rows["log"], effects.covariance[np.ix_(place, place)], rung="controlled", **level))
    if is_range:
        rungs.append(_between(rungs[-2], rungs[-1]))
    ladder = Ladder("programme_value", tuple(rungs), chosen="range" if is_range else "controlled")
    each = [_each(rows, effects, place, i, is_range=is_range, **level) for i in range(len(rows))]
    return Value(ladder, cost, whole, words.sheet(rows, each, names), priced, words.captions(ladder, cost, whole, len(rows)))


def stated(study: Study, value: Value) -> Study:
    """The finding with the amount and both costs beside it, so that other pages can state them."""
    more = [one for one in (value.landed_cost, value.cost) if one is not None]
    return replace(study, headline=(*study.headline, *more), ladders=(*study.ladders, *([] if value.ladder is None else [value.ladder])))


def planted(value: Value, truth: Mapping[str, Any]) -> float | None:
    """The same amount by the effects that a simulation planted; None where it planted none for one of the projects."""
    effects = truth.get("field", {}).get("projects", {}).get("landed", {})
    if value.ladder is None or not set(value.priced["project_id"]) <= set(effects):
        return None
    rows = value.priced
    ratio = rows["project_id"].map(lambda key: 1.0 + float(effects[key]["effect"]))
    return float((rows["warranty"] * rows["price"] * rows["events"] * (1 / ratio - 1)).sum())


def _priced(tables: Tables, effects: Effects) -> pd.DataFrame:
    """Judged projects about a part that has a price: repairs, mean price with its error, and the share under warranty."""
    repairs = tables.get("repairs")
    judged = effects.judged
    if repairs is None or not {"cost_cny", "is_warranty"} <= set(repairs):
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for row in judged[judged["source"] == REPAIRS].to_dict("records"):
        own = repairs[repairs["part"].astype(str).eq(row["subject"])]
        warranty = own["is_warranty"].dropna().astype(float)
        paid = own.loc[~own["is_warranty"].fillna(True).astype(bool), "cost_cny"].dropna().astype(float)
        if len(paid) >= LEAST_PRICED and len(warranty):
            rows.append({"project_id": row["project_id"], "events": row["after_events"], "price": float(paid.mean()),
                         "price_error": float(paid.std(ddof=1) / np.sqrt(len(paid))), "priced": len(paid), "warranty": float(warranty.mean()),
                         "cost": _booked(tables["projects"], row["project_id"])})
    return pd.DataFrame(rows, columns=COLUMNS)


def _booked(projects: pd.DataFrame, key: str) -> float:
    if "cost_cny" not in projects:
        return float("nan")
    found = projects.loc[projects["project_id"].eq(key), "cost_cny"]
    return float(found.iloc[0]) if len(found) and pd.notna(found.iloc[0]) else float("nan")


def _cost(tables: Tables, keys: Iterable[str], estimand: str) -> Estimate | None:
    """What these projects cost as booked, `n` of them with a cost; None where no cost is."""
    projects = tables["projects"]
    if "cost_cny" not in projects:
        return None
    own = projects[projects["project_id"].isin(list(keys))]["cost_cny"].dropna()
    return None if own.empty else Estimate(estimand=estimand, kind="count", unit="cny", value=float(own.sum()), n=len(own))


def _amount(rows: pd.DataFrame, log: pd.Series, covariance: np.ndarray, *, rung: str, level: float, df: float) -> Estimate:
    worth = (rows["warranty"] * rows["price"] * rows["events"]).to_numpy(dtype=float)
    spared = np.expm1(-log.to_numpy(dtype=float))
    slope = -worth * (spared + 1)
    prices = (rows["warranty"] * rows["price_error"] * rows["events"]).to_numpy(dtype=float) * spared
    value, error = float(worth @ spared), float(np.sqrt(slope @ covariance @ slope + (prices**2).sum()))
    reach = float(stats.t.ppf(0.5 + level / 2, df)) * error
    return Estimate(estimand="programme_value", kind="estimate", unit="cny", rung=rung, value=value, conf_low=value - reach, conf_high=value + reach,
                    conf_level=level, std_error=error, n=len(rows), evidence_level=0 if rung == "naive" else 1, ci_method="delta method",
                    assumptions=("warranty_priced_as_paid",))


def _between(plain: Estimate, controlled: Estimate) -> Estimate:
    ends = sorted((plain.value, controlled.value))
    return Estimate(estimand="programme_value", kind="bounds", unit="cny", rung="range", bound_low=ends[0], bound_high=ends[1],
                    conf_low=min(plain.conf_low, controlled.conf_low), conf_high=max(plain.conf_high, controlled.conf_high),
                    conf_level=controlled.conf_level, n=controlled.n, ci_method="without and with the common movement", evidence_level=1,
                    verdict=Verdict.BOUNDS_ONLY)


def _each(rows: pd.DataFrame, effects: Effects, place: pd.Index, i: int, *, is_range: bool, level: float, df: float) -> Estimate:
    """The amount of one project."""
    own, at = rows.iloc[[i]], place[i]
    controlled = _amount(own, own["log"], effects.covariance[np.ix_([at], [at])], rung="controlled", level=level, df=df)
    if not is_range:
        return controlled
    return _between(_amount(own, own["plain"], np.diag(own["plain_error"] ** 2), rung="plain", level=level, df=np.inf), controlled)
