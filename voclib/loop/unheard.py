"""Which unhappy voices became a case, and which never did: no clock runs for them, so no rate of cases can see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop import compliance, working_time
from voclib.loop.clocks import Clock, Tables, Unhappy, period
from voclib.loop.working_time import WorkingTime
from voclib.results import Estimate
from voclib.sentences import say
from voclib.stats import metrics
from voclib.stats.gates import Gates

VOICES = {"zh": "条声音", "en": "voices"}
SCORES = ("nps_score", "csat_score", "rating_score", "star_rating")


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Unhappy voices and what became of them.

    `voices`: one row each, with `has_case`, and `settled`, whether that case was done within the limit counted from the voice, missing while it may
    still be. `share`: with a case. `by_channel`: that share in each channel. `bounds`: the share of all unhappy voices that were settled in time,
    from none of those without a case to as many of them as of the others; that they did not do better is assumed. `stages`: how many reach each step
    ("voices", "case", "done", "in_time"), the first being all whose limit has run out. `stop` is what ends the clock.
    """

    voices: pd.DataFrame
    share: Estimate
    by_channel: tuple[Estimate, ...]
    bounds: Estimate
    stages: dict[str, int]
    stop: str


def unhappy(tables: Tables, rule: Unhappy) -> np.ndarray:
    """Which voices (N,), in the order of the table `responses`, ought to be handled."""
    voices = tables["responses"]
    found = np.zeros(len(voices), dtype=bool)
    for name in SCORES:
        if (most := getattr(rule, name)) is not None:
            found |= (voices[name] <= most).fillna(False).to_numpy(dtype=bool)
    if rule.negative_tag:
        found |= voices["emotion"].eq("negative").fillna(False).to_numpy(dtype=bool)
    mentions = tables.get("topic_mentions")
    if rule.negative_mention and mentions is not None:
        bad = mentions.loc[mentions["sentiment"].eq("negative").fillna(False), "response_id"]
        found |= voices["response_id"].isin(bad).to_numpy(dtype=bool)
    return found


def steps(tables: Tables, rule: Unhappy, *, asof: pd.Timestamp, since: str = "", until: str = "",
          timezone: str = "Asia/Shanghai") -> np.ndarray:
    """At which step each voice is left out (N,): "content", "undated", "before" or "after" the period or the end of the cases; "" where it counts."""
    when = tables["responses"]["submitted_at"]
    first, last = period(since, until, timezone)
    late = when > asof if last is None else (when > asof) | (when >= last)
    tests = {"content": ~unhappy(tables, rule), "undated": when.isna().to_numpy(), "after": late.to_numpy(dtype=bool),
             "before": np.zeros(len(when), dtype=bool) if first is None else (when < first).to_numpy(dtype=bool)}
    return np.select(list(tests.values()), list(tests), "").astype(object)


def study(tables: Tables, cases: pd.DataFrame, rule: Unhappy, main: Clock, settled: pd.DataFrame, every: Estimate, *, asof: pd.Timestamp,
          working: WorkingTime | None = None, since: str = "", until: str = "", timezone: str = "Asia/Shanghai", conf_level: float,
          gates: Gates) -> Coverage:
    """Follow every unhappy voice of the period to its case, and that case to its end.

    `cases` are those of all times, since a voice of the last day has its case on the next; `settled` is the main clock counted from the voice
    (`clocks.follow` of them with `start="submitted_at"`, of all tiers and severities), `every` its share in time. A voice with several cases goes by
    the first. Voices of the last hours before the end of the data, whose limit is still running, are in no share in time; `working` tells how much of
    a limit in working time has passed.
    """
    spoken = tables["responses"][steps(tables, rule, asof=asof, since=since, until=until, timezone=timezone) == ""]
    spoken = spoken.sort_values("response_id", ignore_index=True)
    first = cases.sort_values(["opened_at", "case_id"]).drop_duplicates("response_id").set_index("response_id")
    done = settled.sort_values(["opened_at", "case_id"]).drop_duplicates("response_id").set_index("response_id")["in_time"]
    has = spoken["response_id"].isin(first.index)
    met = spoken["response_id"].map(done).astype("boolean").where(has, False)
    ends = pd.Series(asof, spoken.index).astype(spoken["submitted_at"].dtype)
    passed = working_time.hours(spoken["submitted_at"], ends, working=working if main.time == "working" else None)
    voices = spoken.assign(has_case=has.astype(float), settled=met.astype("Float64").where(passed > main.hours))
    voices, by = compliance.clustered(voices, "unit_id", gates)
    options = {"conf_level": conf_level, "gates": gates, "cluster": by}
    share = compliance.of_cases(metrics.share(voices, "has_case", estimand="case_coverage", **options), **VOICES)
    least = compliance.of_cases(metrics.share(voices, "settled", estimand=every.estimand, **options), **VOICES)
    each = metrics.groups("share", voices, by="channel", column="has_case", estimand="case_coverage", **options)
    return Coverage(
        voices=voices, share=share, by_channel=tuple(_of_dealers(compliance.of_cases(one, **VOICES), by, gates) for one in each),
        bounds=_between(least, every), stages=_stages(voices, first[main.stop]), stop=main.stop)


def _of_dealers(one: Estimate, by: str | None, gates: Gates) -> Estimate:
    """A channel refused because too few dealers are named says so, where the gates speak of groups and of settings."""
    if by is None or one.kind != "refusal" or one.n_clusters is None:
        return one
    return one.with_(needs=say("写明了门店的声音，来自至少 {k} 家门店。", "Voices that name a dealer, from at least {k} dealers.",
                               k=gates.min_clusters))


def _between(least: Estimate, every: Estimate) -> Estimate:
    """From the share with none of the voices without a case settled to the share among those with one."""
    if "refusal" in (least.kind, every.kind):
        return (least if least.kind == "refusal" else every).with_(rung="voices")
    return Estimate(estimand=every.estimand, kind="bounds", unit="share", rung="voices", bound_low=min(least.value, every.value),
                    bound_high=every.value, conf_low=min(least.conf_low, every.conf_low), conf_high=every.conf_high, conf_level=every.conf_level,
                    n=least.n, n_clusters=least.n_clusters, ci_method="share, and product limit", verdict=every.verdict)


def _stages(voices: pd.DataFrame, stopped: pd.Series) -> dict[str, int]:
    """How many unhappy voices reach each step; of those whose limit has run out, so that every step can be told."""
    told = voices[voices["settled"].notna()]
    has, met = told["has_case"].eq(1).to_numpy(), told["settled"].eq(1).to_numpy(dtype=bool)
    done = has & stopped.reindex(told["response_id"]).notna().to_numpy()
    return {"voices": len(told), "case": int(has.sum()), "done": int(done.sum()), "in_time": int((met & done).sum())}
