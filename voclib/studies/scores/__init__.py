"""Do customers recommend us, and how exact is the score? One score of the pool, with honest uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.schema import conformity, dates
from voclib.schema.tables import TABLES
from voclib.stats import gates as gating
from voclib.stats import metrics
from voclib.stats.inference import unnamed
from voclib.studies import repeats
from voclib.studies.scores import heading_text, segments_text
from voclib.studies.scores import text as words

Tables = Mapping[str, pd.DataFrame]
BOOTSTRAP_DRAWS = 499
CROSS, BETWEEN = "×", " · "  # between the names of crossed columns, and between the labels of a crossed group


@dataclass(frozen=True)
class Score:
    """One score of the standard: its column, the function of `voclib.stats.metrics` that computes it, its estimand."""

    column: str
    function: str
    estimand: str


SCORES = {
    "nps": Score("nps_score", "nps", "nps"),
    "csat": Score("csat_score", "csat", "csat"),
    "ces": Score("ces_score", "ces", "ces"),
    "is_recommended": Score("is_recommended", "share", "recommended_share"),
    "rating": Score("rating_score", "mean_score", "mean_rating"),
    "stars": Score("star_rating", "mean_score", "mean_stars"),
}


@dataclass(frozen=True)
class Scores:
    """What the page shows: the finding, frames for charts (`distribution`, `trend`), estimates by group, ladders, captions."""

    study: Study
    distribution: pd.DataFrame
    trend: pd.DataFrame
    periods: tuple[Estimate, ...]
    groups: tuple[Estimate, ...]
    every_score: pd.DataFrame
    ladder: Ladder
    change: Ladder
    captions: Mapping[str, Mapping[str, Any]]
    note: Text = words.UNDATED  # in place of a figure that has nothing to show


@conformity.explained
def answers(tables: Tables, *, metric: str, channel: str = "", period: str = "quarter", timezone: str = "") -> pd.DataFrame:
    """Voices that carry the score, with their `period` (of the contact, else of the answer) as "2026Q3" or "2026-07"; none where none is to be had.

    Days are those of `timezone`, empty for the zone that the mapping of the tables names.

    Raises
    ------
    ParameterError
        for an unknown metric, channel or period.
    DataError
        if no voice carries the score and some carry another (the message lists which scores there are), or a voice stands twice.
    """
    timezone = dates.zone(tables, timezone)
    score, responses = score_of(metric), tables["responses"]
    if period not in ("month", "quarter"):
        raise ParameterError(f"period is 'month' or 'quarter', not '{period}'.")
    if channel and channel not in set(responses["channel"]):
        raise ParameterError(f"No voice has channel '{channel}'; {nearest(channel, set(responses['channel']))}")
    kept = responses[responses[score.column].notna() & (responses["channel"].eq(channel) if channel else True)]
    if kept.empty and (there := [name for name, s in SCORES.items() if responses[s.column].notna().any()]):
        which = f" of channel {channel}" if channel else ""
        raise DataError(f"No voice{which} carries the score '{metric}'. This pool carries: {', '.join(there)}. Set  metric:  to one of them.")
    if twice := int(kept["response_id"].duplicated().sum()):
        raise DataError(f"{twice} voices stand more than once: their response_id repeats. Keep one row each, or the score counts them again.")
    when = kept["touched_at"].fillna(kept["submitted_at"]).dt.tz_convert(timezone).dt.tz_localize(None)
    label = when.dt.to_period("Q" if period == "quarter" else "M").astype("str").where(when.notna())
    return kept.assign(period=label).sort_values("response_id", ignore_index=True)


def facts(kept: pd.DataFrame, tables: Tables, *, cluster: str = "unit_id") -> dict[Text, Any]:
    """Counts that open the page."""
    found = {
        Text("条带这个分数的声音", "voices with this score"): len(kept),
        Text("条声音在库", "voices in the pool"): len(tables["responses"]),
    }
    if kept["customer_id"].notna().any():
        found[Text("位客户", "customers")] = int(kept["customer_id"].nunique())
    if cluster not in kept.columns:
        raise ParameterError(f"There is no column '{cluster}' to cluster by; {nearest(cluster, kept.columns)}")
    if cluster != "customer_id" and kept[cluster].notna().any():
        found[Text("家门店或单位", "dealers or units")] = int(kept[cluster].nunique())
    return found


@conformity.explained
def study(
    tables: Tables, *, metric: str, channel: str = "", period: str = "quarter", segments: Sequence[str] = ("region",), cluster: str = "unit_id",
    conf_level: float = 0.95, seed: int = 0, timezone: str = "",
) -> Scores:
    """The score of those who answered: naive, clustered and resampled; by period and group; paired change; checks and verdict.

    Where no voice carries any score the whole page is a refusal.

    `segments` are columns as in `with_segments`, of which the first is drawn; `segments.study` compares all of them.

    Raises
    ------
    ParameterError, DataError
        as in `answers`, and for an unknown segment.
    """
    score = score_of(metric)
    kept = with_segments(answers(tables, metric=metric, channel=channel, period=period, timezone=timezone), tables, segments)
    if kept.empty:
        return _withheld(tables, kept, score, channel=channel, conf_level=conf_level, seed=seed)
    kept, shock, unassigned = clustered(kept, cluster)
    by_customer = is_by_customer(kept, cluster, shock)
    options = {"column": score.column, "cluster": shock, "conf_level": conf_level}
    ladder = _ladder(kept, score, shock=shock, by_customer=by_customer, conf_level=conf_level, seed=seed)
    by_period = metrics.groups(score.function, kept.dropna(subset="period"), by="period", estimand=score.estimand, **options)
    groups = metrics.groups(score.function, kept, by=segments[0], estimand=score.estimand, **options)
    change = _change(kept, score, shock=None if by_customer else shock, conf_level=conf_level)
    rate = _response_rate(tables, conf_level=conf_level, channel=channel)
    said = rate if kept["invitation_id"].notna().any() else None  # the rate of surveys says nothing about voices nobody was invited to give
    checks = (*_checks(kept, ladder, score, shock=None if by_customer else shock, unassigned=unassigned, rate=said,
                       total=len(tables["responses"])),
              repeats.check(tables, kept["response_id"], timezone))
    gaps = metrics.compare_groups(score.function, kept, by=segments[0], **options)
    decision = words.decision(ladder[ladder.chosen], change[change.chosen or change.rungs[0].rung], gaps, segments_text.column(segments[0]),
                              has_units=shock is not None and not by_customer)
    finding = _finding(ladder, change, checks, decision, said, score=score, seed=seed, kept=kept)
    return Scores(
        study=finding,
        distribution=_distribution(kept, score),
        trend=_frame(by_period),
        periods=by_period,
        groups=groups,
        every_score=words.every_score(_every_score(tables, conf_level=conf_level, cluster=cluster, rate=rate)),
        ladder=ladder,
        change=change,
        captions=words.captions(score.estimand, ladder, groups, by_period, change),
    )


def _withheld(tables: Tables, kept: pd.DataFrame, score: Score, *, channel: str, conf_level: float, seed: int) -> Scores:
    """The page where no voice carries a score: the reason, what would help, and how many were asked."""
    reason, needs = words.NO_SCORE
    asked = ((score.estimand, words.UNITS[score.function]), (f"{score.estimand}_change", words.GAP_UNITS[score.function]))
    ladder, change = (Ladder(name, (refusal(name, unit=unit, rung="independent", reason=reason, needs=needs),), chosen="independent")
                      for name, unit in asked)
    rate = _response_rate(tables, conf_level=conf_level, channel=channel)
    checks = _checks(kept, ladder, score, shock=None, unassigned=0, rate=rate, total=len(tables["responses"]))
    decision = words.decision(ladder.rungs[0], change.rungs[0], (), Text("", ""), has_units=False)
    return Scores(study=_finding(ladder, change, checks, decision, rate, score=score, seed=seed, kept=kept), distribution=pd.DataFrame(),
                  trend=_frame(()), periods=(), groups=(), every_score=words.every_score([("", rate)] if rate else []), ladder=ladder, change=change,
                  captions=words.captions(score.estimand, ladder, (), (), change), note=reason)


def score_of(metric: str) -> Score:
    """The entry of a score; ParameterError with the nearest for an unknown one."""
    if metric not in SCORES:
        raise ParameterError(f"There is no score '{metric}'; {nearest(metric, SCORES)}")
    return SCORES[metric]


def with_segments(kept: pd.DataFrame, tables: Tables, segments: Sequence[str]) -> pd.DataFrame:
    """The columns to compare by, joined from units and customers where responses lack them; "region × product" crosses two columns.

    A column of a table that is not there is missing for everybody.

    Raises
    ------
    ParameterError
        for an unknown column, or none.
    """
    if not segments:
        raise ParameterError("segments names at least one column to compare by, such as ['channel'].")
    for name in segments:
        parts = parts_of(name)
        for part in parts:
            kept = _joined(kept, tables, part)
        if len(parts) > 1:
            kept = kept.assign(**{name: _crossed(kept[parts])})
    return kept


def parts_of(segment: str) -> list[str]:
    """The columns that a segment is made of: one, or the two of "region × product"."""
    return [part.strip() for part in segment.split(CROSS)]


def _joined(kept: pd.DataFrame, tables: Tables, name: str) -> pd.DataFrame:
    sources = (("units", "unit_id"), ("customers", "customer_id"))
    for table, key in sources:
        if name not in kept.columns and name in tables.get(table, pd.DataFrame()).columns:
            kept = kept.join(tables[table].set_index(key)[name], on=key)
    if name not in kept.columns and any(name in TABLES[table].columns for table, _ in sources):
        return kept.assign(**{name: pd.Series(index=kept.index, dtype="str")})  # the table that tells it was not given: nobody's is known
    if name not in kept.columns:
        known = {*kept.columns, *tables.get("units", pd.DataFrame()).columns, *tables.get("customers", pd.DataFrame()).columns}
        raise ParameterError(f"There is no column '{name}' to compare by; {nearest(name, known)}")
    return kept


def _crossed(columns: pd.DataFrame) -> pd.Series:
    """One label a row from all columns."""
    labels = [columns[name].astype("str").where(columns[name].notna(), metrics.MISSING) for name in columns]
    return labels[0].str.cat(labels[1:], sep=BETWEEN)


def coded(kept: pd.DataFrame, score: Score) -> np.ndarray:
    """What each answer counts (n,), such that the mean is the score: −100, 0 or 100 for NPS, 0 or 1 for shares, else the mark itself."""
    y = kept[score.column].to_numpy(dtype=float)
    if score.function == "nps":
        return 100.0 * (y >= 9) - 100.0 * (y <= 6)
    return (y >= 4).astype(float) if score.function == "csat" else y


def alike(kept: pd.DataFrame, score: Score) -> bool:
    """Whether every answer counts the same, so that nothing can be told of how they differ."""
    counts = coded(kept, score)
    return bool(len(counts) and (counts == counts[0]).all())


def clustered(kept: pd.DataFrame, cluster: str) -> tuple[pd.DataFrame, str | None, int]:
    """The frame with a cluster for every answer (one without a unit stands alone, see `unnamed`), its name, and how many were without.

    Where no unit is named the answers of one customer still resemble each other: then the customer is the cluster, if any answered twice.
    """
    if cluster not in kept.columns:
        raise ParameterError(f"There is no column '{cluster}' to cluster by; {nearest(cluster, kept.columns)}")
    if kept[cluster].isna().all():
        who = kept["customer_id"].fillna(kept["author_id"]) if "author_id" in kept.columns else kept["customer_id"]
        if not who.dropna().duplicated().any():
            return kept, None, len(kept)
        return kept.assign(shock=who.astype("str").where(who.notna(), "answer:" + kept["response_id"])), "shock", 0
    return kept.assign(shock=unnamed.alone(kept[cluster], kept["response_id"])), "shock", int(kept[cluster].isna().sum())


def is_by_customer(kept: pd.DataFrame, cluster: str, shock: str | None) -> bool:
    """Whether the clusters that `clustered` gave are customers: asked for, or for want of a unit."""
    return shock is not None and (cluster == "customer_id" or bool(kept[cluster].isna().all()))


def _compute(kept: pd.DataFrame, score: Score, **options: Any) -> Estimate:
    return metrics.groups(score.function, kept.assign(everyone=""), by="everyone", column=score.column, estimand=score.estimand, **options)[0].with_(
        group=""
    )


def _ladder(kept: pd.DataFrame, score: Score, *, shock: str | None, by_customer: bool, conf_level: float, seed: int) -> Ladder:
    """Independent answers → clustered by unit → whole units resampled; where customers are the clusters, independent → clustered.

    Of answers that are all the same every draw is the same, so nothing is resampled.
    """
    naive = _compute(kept, score, conf_level=conf_level, rung="independent")
    if shock is None:
        return Ladder(score.estimand, (naive,), chosen="independent")
    if by_customer:
        repeated = _compute(kept, score, conf_level=conf_level, cluster=shock, rung=words.BY_CUSTOMER).with_(seed=seed)
        return Ladder(score.estimand, (naive, repeated), chosen=words.BY_CUSTOMER)
    clustered = _compute(kept, score, conf_level=conf_level, cluster=shock, rung="clustered").with_(seed=seed)
    rungs = (naive, clustered)
    if clustered.kind == "estimate" and not alike(kept, score):
        options = {"column": score.column, "estimand": score.estimand, "conf_level": conf_level, "rung": "resampled"}
        rungs += (metrics.resampled(score.function, kept, cluster=shock, draws=BOOTSTRAP_DRAWS, seed=seed, **options),)
    return Ladder(score.estimand, rungs, chosen="clustered")


def _change(kept: pd.DataFrame, score: Score, *, shock: str | None, conf_level: float) -> Ladder:
    """The last period against the one before: unrelated groups → the same customers → the same units."""
    periods = sorted(kept["period"].dropna().unique())
    estimand = f"{score.estimand}_change"
    if len(periods) < 2:
        return Ladder(
            estimand, (refusal(estimand, unit=words.GAP_UNITS[score.function], rung="independent", reason=words.ONE_PERIOD, needs=words.TWO_PERIODS),)
        )
    options = {"by": "period", "at": tuple(periods[-2:]), "column": score.column, "conf_level": conf_level, "estimand": estimand}
    frame = kept.dropna(subset="period")
    rungs = [metrics.differences(score.function, frame, unit=None, rung="independent", **options)]
    if frame["customer_id"].notna().any():
        rungs.append(metrics.differences(score.function, frame, unit="customer_id", rung="paired", **options))
    if shock is not None:
        rungs.append(metrics.differences(score.function, frame, cluster=shock, rung="clustered", **options))
    return Ladder(estimand, tuple(rungs), chosen=rungs[-1].rung)


def _response_rate(tables: Tables, *, conf_level: float, channel: str = "") -> Estimate | None:
    """Share of delivered invitations (of one channel) that were answered; None where the pool has none."""
    invitations = tables.get("invitations")
    if invitations is not None and channel:
        invitations = invitations[invitations["channel"] == channel]
    if invitations is None or invitations.empty:
        return None
    return metrics.response_rate(invitations, tables["responses"], conf_level=conf_level)


def _every_score(tables: Tables, *, conf_level: float, cluster: str, rate: Estimate | None) -> list[tuple[str, Estimate]]:
    """Every score the pool carries, by channel group: those that ask together, named after the channel where it is one; every other alone."""
    found: list[tuple[str, Estimate]] = [("", rate)] if rate else []
    responses = tables["responses"]
    for score in SCORES.values():
        kept = responses[responses[score.column].notna()]
        for channel, part in kept.groupby(kept["channel"].where(kept["channel"].isin(words.UNASKED), "survey")):
            part, shock, _ = clustered(part, cluster)
            made, asked = _compute(part, score, cluster=shock, conf_level=conf_level), part["channel"].unique()
            name = asked[0] if len(asked) == 1 and asked[0] in words.HELPING else channel
            found.append((name, made.with_(n_clusters=None) if is_by_customer(part, cluster, shock) else made))  # the column counts units
    return found


def _distribution(kept: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Answers at each value: value, n, share."""
    counts = kept[score.column].astype("Int64").value_counts().sort_index()
    low, high = metrics.SCALES.get(score.column, (0, 1))
    counts = counts.reindex(range(low, high + 1), fill_value=0)
    return pd.DataFrame({"value": counts.index, "n": counts.to_numpy(dtype=int), "share": counts.to_numpy(dtype=float) / len(kept)})


def _frame(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """Periods for the trend chart; a refusal leaves a gap."""
    rows = [{"period": e.group, "estimate": e.value, "conf_low": e.conf_low, "conf_high": e.conf_high, "n": e.n} for e in estimates]
    return pd.DataFrame(rows, columns=["period", "estimate", "conf_low", "conf_high", "n"])


def _checks(
    kept: pd.DataFrame, ladder: Ladder, score: Score, *, shock: str | None, unassigned: int, rate: Estimate | None, total: int
) -> tuple[Check, ...]:
    """The gates a score must pass; thresholds stand in voclib/stats/gates.yml."""
    gates = gating.load()
    chosen = ladder[ladder.chosen]
    found = [words.enough_answers(len(kept), gates.caveat_n), words.response_rate_check(rate)]
    if shock is not None:
        found += [
            words.enough_clusters(unnamed.count(kept[shock]), gates.caveat_clusters, gates.min_clusters),
            words.unassigned_check(unassigned, len(kept)),
        ]
    if alike(kept, score):
        found.append(words.all_alike(len(kept)))
    if len(ladder.rungs) == 3 and chosen.kind == "estimate":
        found.append(words.methods_agree(ladder["clustered"], ladder["resampled"]))
    if chosen.reason is not None and chosen.kind == "estimate":
        found.append(Check(Text("分数没有异常", "Nothing odd about the scores"), False, chosen.reason, words.ODD_CONSEQUENCE))
    if rate is not None and rate.kind == "estimate" and rate.reason is not None:
        found.append(Check(Text("作答率没有异常", "Nothing odd about the response rate"), False, rate.reason, words.ODD_CONSEQUENCE))
    found.append(words.coverage_of_pool(len(kept), total))
    return tuple(found)


def _finding(
    ladder: Ladder,
    change: Ladder,
    checks: tuple[Check, ...],
    decision: Text,
    rate: Estimate | None,
    *,
    score: Score,
    seed: int,
    kept: pd.DataFrame,
) -> Study:
    """The Study: refusal where the chosen rung refuses, a caveat as long as silence is not corrected."""
    chosen = ladder[ladder.chosen]
    verdict = Verdict.worst([chosen.verdict, Verdict.REPORT_WITH_CAVEAT])  # who stayed silent is never corrected here
    headline = chosen if chosen.kind == "refusal" else chosen.with_(verdict=verdict, seed=seed)
    periods = sorted(kept["period"].dropna().unique())
    span = f"{periods[0]}–{periods[-1]}" if len(periods) > 1 else "".join(periods)
    return Study(
        question=words.QUESTIONS[score.estimand],
        kicker=heading_text.kicker(score.estimand, span),
        answer=words.answer(headline, ladder.rungs[0], change[change.chosen or change.rungs[0].rung]),
        headline=(headline,),
        verdict=verdict,
        naive=None,
        ladders=(ladder, change),
        checks=checks,
        caveat=words.caveat(rate),
        decision=decision,
        limits=words.LIMITS,
        reader="executive",
        seed=seed,
    )
