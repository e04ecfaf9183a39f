"""From recommendation to evaluated project: how many reach each step, and how long steps take, open ones counted as far as they were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text, refusal
from voclib.stats import metrics, survival
from voclib.stats.gates import Gates

REPORT_DAYS, DECIDE_DAYS = 35, 60  # a review is due so long after go-live; a decision so long after a proposal
PRODUCT_LIMIT = "product limit, log(−log)"
DECISIONS = ("adopted", "rejected")


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """`stages`: how many recommendations reach each step; `adopted`: share adopted within `DECIDE_DAYS`, undecided ones followed as far as they go;
    `of_decided`: adopted among decided ones, the naive number; `curve`: cumulative incidence of both decisions by day; `quarters`: a row a quarter of
    proposal with counts and, where all of it could be followed long enough, the share adopted."""

    stages: dict[str, int]
    adopted: Estimate
    of_decided: Estimate
    curve: pd.DataFrame
    quarters: pd.DataFrame


def study(given: pd.DataFrame, projects: pd.DataFrame, *, asof: pd.Timestamp, conf_level: float, gates: Gates) -> Funnel:
    """Follow recommendations (proposed_on, decision, decided_on, project_id) to decision, project, go-live and effect report."""
    found = given[given["proposed_on"] <= asof].sort_values("recommendation_id", ignore_index=True)
    decided = found["decision"].isin(DECISIONS)
    took = (found["decided_on"].where(decided, asof) - found["proposed_on"]).dt.days
    known = took.notna() & (took >= 0)
    rows = found.assign(days=took.astype(float), cause=found["decision"].astype("object").where(decided, None),
                        adopted=found["decision"].eq("adopted"))
    options: dict[str, Any] = {"conf_level": conf_level, "gates": gates}
    told = rows[decided]
    naive = metrics.share(told.assign(yes=told["adopted"].astype(float)), "yes", estimand="adopted_in_time", rung="decided", **options) \
        if len(told) else _none("adopted_in_time", gates)
    return Funnel(stages=_stages(rows, projects), adopted=_within(rows[known], **options), of_decided=naive, curve=_curve(rows[known], conf_level),
                  quarters=_quarters(rows))


def _stages(rows: pd.DataFrame, projects: pd.DataFrame) -> dict[str, int]:
    mine = projects.drop_duplicates("project_id").set_index("project_id").reindex(rows["project_id"].astype("object"))
    decided, adopted = rows["decision"].isin(DECISIONS).to_numpy(), rows["adopted"].to_numpy(dtype=bool)
    chartered = adopted & mine["chartered_on"].notna().to_numpy()
    landed = chartered & mine["landed_on"].notna().to_numpy()
    evaluated = landed & mine["evaluated_on"].notna().to_numpy()
    steps = {"proposed": np.ones(len(rows), dtype=bool), "decided": decided, "adopted": adopted, "chartered": chartered, "landed": landed,
             "evaluated": evaluated}
    return {name: int(flag.sum()) for name, flag in steps.items()}


def _within(rows: pd.DataFrame, *, conf_level: float, gates: Gates) -> Estimate:
    """The share adopted within the days, rejected ones kept as never adopted, pending ones as seen until the end of the data."""
    yes = int(rows["adopted"].sum())
    if len(rows) < gates.min_n or not 0 < yes < len(rows) or rows["days"].max() < DECIDE_DAYS:
        return _none("adopted_in_time", gates, n=len(rows))
    causes = [c for c in DECISIONS if rows["cause"].eq(c).any()]
    found = survival.cumulative_incidence(rows["days"], rows["cause"], causes=causes, at=[DECIDE_DAYS], conf_level=conf_level)
    mine = found[found["cause"] == "adopted"].iloc[0]
    if not mine["std_error"] > 0:
        return _none("adopted_in_time", gates, n=len(rows))
    return Estimate(estimand="adopted_in_time", kind="estimate", unit="share", group="adopted", value=float(mine["incidence"]), n=len(rows),
                    std_error=float(mine["std_error"]), conf_low=float(mine["conf_low"]), conf_high=float(mine["conf_high"]), conf_level=conf_level,
                    ci_method="cumulative incidence")


def _curve(rows: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Cumulative incidence of each decision every five days, up to twice the days allowed."""
    causes = [c for c in DECISIONS if rows["cause"].eq(c).any()]
    columns = ["cause", "time", "incidence", "conf_low", "conf_high"]
    if len(rows) < 10 or not causes:
        return pd.DataFrame(columns=columns)
    at = np.arange(5, min(2 * DECIDE_DAYS, int(rows["days"].max())) + 1, 5)
    if not len(at):
        return pd.DataFrame(columns=columns)
    found = survival.cumulative_incidence(rows["days"], rows["cause"], causes=causes, at=at, conf_level=conf_level)[columns]
    return found.assign(time=[f"{t:.0f}" for t in found["time"]])


def _quarters(rows: pd.DataFrame) -> pd.DataFrame:
    quarter = rows["proposed_on"].dt.to_period("Q").astype("str")
    made = [{"quarter": q.replace("Q", " Q"), "proposed": len(part), "adopted": int(part["adopted"].sum()),
             "rejected": int(part["decision"].eq("rejected").sum()), "pending": int((~part["decision"].isin(DECISIONS)).sum())}
            for q, part in rows.groupby(quarter, sort=True)]
    return pd.DataFrame(made, columns=["quarter", "proposed", "adopted", "rejected", "pending"])


def _none(estimand: str, gates: Gates, *, n: int = 0) -> Estimate:
    return refusal(estimand, unit="share", n=n, reason=Text(f"只有 {n} 个可看，不足以给出占比。", f"Only {n} available, too few to give a share."),
                   needs=Text(f"至少 {gates.min_n} 个。", f"At least {gates.min_n}."))


def on_time(projects: pd.DataFrame, *, asof: pd.Timestamp, conf_level: float, gates: Gates) -> tuple[Estimate, Estimate]:
    """The share live by the due day of all projects that have one, open ones followed as far as they go; and among live ones alone (naive).

    Time runs as a share of what was allowed, so that projects of different length have one limit.
    """
    found = projects[projects["due_on"].notna() & (projects["due_on"] > projects["chartered_on"])]
    landed = found["landed_on"].notna() & (found["landed_on"] <= asof)
    spent = (found["landed_on"].where(landed, asof) - found["chartered_on"]).dt.days / (found["due_on"] - found["chartered_on"]).dt.days
    done = found.assign(met=(spent <= 1).astype(float))[landed]
    naive = metrics.share(done, "met", estimand="project_on_time", rung="landed", conf_level=conf_level, gates=gates) if len(done) else \
        _none("project_on_time", gates)
    if len(found) < gates.min_n or spent.max() < 1 or not (landed & (spent <= 1)).any():
        return _none("project_on_time", gates, n=len(found)), naive
    curve = survival.kaplan_meier(spent, landed.astype(float), at=[1.0], conf_level=conf_level)
    if not curve.std_error[0] > 0:
        return naive.with_(rung="all"), naive
    return Estimate(estimand="project_on_time", kind="estimate", unit="share", rung="all", group="on_time", value=float(1 - curve.value[0]),
                    conf_low=float(1 - curve.conf_high[0]), conf_high=float(1 - curve.conf_low[0]), std_error=float(curve.std_error[0]),
                    conf_level=conf_level, n=len(found), ci_method=PRODUCT_LIMIT), naive


def reported(projects: pd.DataFrame, *, asof: pd.Timestamp, conf_level: float, gates: Gates) -> Estimate:
    """The share of live projects with a review within `REPORT_DAYS`, of those that went live so long before the end of the data."""
    due = projects[projects["landed_on"].notna() & (projects["landed_on"] <= asof - pd.Timedelta(days=REPORT_DAYS))]
    if due.empty:
        return _none("project_reviewed", gates)
    met = (due["evaluated_on"] - due["landed_on"]).dt.days <= REPORT_DAYS
    return metrics.share(due.assign(met=met.astype(float)), "met", estimand="project_reviewed", group="reported", conf_level=conf_level, gates=gates)


def tracker(projects: pd.DataFrame, *, asof: pd.Timestamp) -> pd.DataFrame:
    """One row a project: project_id, name, topic, owner_department, chartered_on, due_on, landed_on, evaluated_on, `state`, `late` days beyond due.

    States: "open", "open_late", "landed", "landed_late", and whether the effect report is "missing" where it is due.
    """
    landed = projects["landed_on"].notna() & (projects["landed_on"] <= asof)
    late = (projects["landed_on"].where(landed, asof) - projects["due_on"]).dt.days.clip(lower=0).fillna(0).astype(int)
    missing = landed & projects["evaluated_on"].isna() & (projects["landed_on"] <= asof - pd.Timedelta(days=REPORT_DAYS))
    state = np.select([~landed & (late > 0), ~landed, landed & (late > 0)], ["open_late", "open", "landed_late"], "landed")
    columns = ["project_id", "name", "topic", "owner_department", "chartered_on", "due_on", "landed_on", "evaluated_on"]
    return projects[columns].assign(state=state, late=late, missing=missing)
