"""Which trigger and channel gets replies, from everybody alike, at how many messages, and what a follow-up by phone would buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.results import Check, Estimate, Text, Verdict, refusal
from voclib.schema import conformity, dates
from voclib.schema.keys import among
from voclib.stats import crossfit, inference, metrics, missingness, representativeness
from voclib.stats import gates as gating
from voclib.studies.survivorship import outreach_text as words

Tables = Mapping[str, pd.DataFrame]
BY = ("trigger", "channel")
MIN_REPLIES = 50
"""Replies (and refusals to reply) an option needs before it is asked how alike those are who reply."""
MIN_KNOWN = 0.7
"""Share of traits that must have been known before the invitation."""
TRAITS = ("segment", "value_tier", "language", "tenure_days", "recency_days", "contacts_12m", "spend_12m_cny", "complaints_12m", "logins_90d",
          "open_share")
CALLS = (100, 200, 300, 600, 1200)


@dataclass(frozen=True)
class Panel:
    """Options of one kind (triggers, or channels): reply rates, the same against the rest, evenness, and both in `pareto`.

    `pareto`: option, reply_rate, reply_low, reply_high, evenness, evenness_low, evenness_high, messages_per_reply, customers, reach_share,
    is_dominated, standing (Text). An option is dominated where another is better in one, ranges of the difference excluding zero after all
    comparisons are counted, and not worse in the other.
    """

    rates: tuple[Estimate, ...]
    against_rest: tuple[Estimate, ...]
    evenness: tuple[Estimate, ...]
    pareto: pd.DataFrame


@dataclass(frozen=True)
class Outreach:
    """What the page shows of outreach. `panels` has a Panel for triggers and one for channels; `waves` are replies by message of a wave.

    `disturbance`: one row a quarter. `costs`: unreachable, opt_out (a refusal where the data do not hold it), messages, messages_per_reply.
    `calls`: what a follow-up of n calls would buy, empty where nobody was asked about the score.
    """

    verdict: Verdict
    panels: Mapping[str, Panel]
    waves: tuple[Estimate, ...]
    costs: Mapping[str, Estimate]
    disturbance: pd.DataFrame
    calls: pd.DataFrame
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]


@conformity.explained
def design(tables: Tables, *, by: Sequence[str] = BY, traits: Sequence[str] = TRAITS, max_messages: int = 3, follow_days: int = 90,
           cost_per_call_cny: float = 40.0, expected_completion: float | None = None, conf_level: float = 0.95, seed: int = 0,
           timezone: str = "") -> Outreach:
    """Reply rate with evenness by trigger and channel, messages a customer gets, and the width that calls to the silent would buy.

    Ranges are clustered by home dealer, in which customers and their repeated invitations lie (by customer where dealers are fewer than the
    gate asks for). `max_messages` a quarter is the limit that is counted against; `expected_completion` of calls is read from past
    call-backs unless given.

    Raises
    ------
    ParameterError
        for an unknown option or trait, a completion outside (0, 1], or a negative cost.
    """
    timezone = dates.zone(tables, timezone)
    for name in by:
        if name not in BY:
            raise ParameterError(f"by= holds 'trigger' and 'channel', not '{name}'; {nearest(name, BY)}")
    if expected_completion is not None and not 0 < expected_completion <= 1:
        raise ParameterError(f"expected_completion is a share in (0, 1], not {expected_completion}.")
    if cost_per_call_cny < 0:
        raise ParameterError(f"cost_per_call_cny is not below zero; it is {cost_per_call_cny}.")
    if (missing := [name for name in ("invitations", "responses", "customers") if name not in tables or tables[name].empty]):
        return _refused(missing)
    asked, shock = _asked(tables, traits)
    everybody = int(tables["customers"]["customer_id"].nunique())
    panels = {name: _panel(asked, name, [t for t in traits if t in asked], everybody=everybody, conf_level=conf_level, seed=seed) for name in by}
    waves = _waves(tables, asked, conf_level)
    disturbance, monthly = _disturbance(tables, asked, max_messages, conf_level, timezone)
    costs = {**_lost(tables, conf_level), "messages": monthly,
             "messages_per_reply": _ratio(asked["waves"], asked["is_answered"], asked["shock"], conf_level, "messages_per_reply")}
    completion, source = _completion(tables, expected_completion)
    calls, facts = _calls(tables, asked, follow_days, completion, cost_per_call_cny, conf_level)
    checks = words.checks(panels, costs, calls, n_clusters=asked["shock"].nunique(), by_dealer=shock == "unit_id")
    return Outreach(Verdict.REPORT_WITH_CAVEAT, panels, waves, costs, disturbance, calls, checks,
                    words.captions(panels, waves, costs, calls, facts, completion=completion, source=source,
                                   cost=cost_per_call_cny, max_messages=max_messages, by_dealer=shock == "unit_id"))


def _asked(tables: Tables, traits: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """One row an invitation (reminders collapsed) with traits known before it and the cluster `shock`; and what the cluster is."""
    contacts = metrics.contacts(tables["invitations"], tables["responses"])
    people = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")
    own = [c for c in ("segment", "value_tier", "language", "joined_on", "unit_id") if c in people]
    asked = contacts.join(people[own], on="customer_id")
    sent = asked["sent_at"].dt.tz_localize(None).dt.normalize()
    asked = asked.assign(sent_on=sent, tenure_days=(sent - asked["joined_on"]).dt.days.astype(float))
    asked = _with_snapshot(asked, tables.get("behaviours"))
    if unknown := [t for t in traits if t not in asked and t not in TRAITS]:
        raise ParameterError(f"There is no trait '{unknown[0]}'; {nearest(unknown[0], asked.columns)}")
    enough = asked["unit_id"].nunique() >= gating.load().min_clusters
    shock = asked["unit_id"].fillna("alone:" + asked["customer_id"]) if enough else asked["customer_id"]
    asked = asked.assign(shock=shock).sort_values(["customer_id", "sent_at", "invitation_id"], ignore_index=True)
    return asked, "unit_id" if enough else "customer_id"


def _with_snapshot(asked: pd.DataFrame, behaviours: pd.DataFrame | None) -> pd.DataFrame:
    """Behaviour as of the last snapshot before the invitation; what was measured afterwards is left out."""
    if behaviours is None or behaviours.empty:
        return asked
    seen = behaviours[~behaviours["is_post"].fillna(True).astype(bool)].drop(columns="is_post")
    seen = seen.assign(at=seen["asof_on"].astype("datetime64[us]")).sort_values(["at", "customer_id"], kind="stable").drop(columns="asof_on")
    left = asked.assign(at=asked["sent_on"].astype("datetime64[us]")).sort_values(["at", "invitation_id"], kind="stable")
    return pd.merge_asof(left, seen, on="at", by="customer_id", direction="backward", allow_exact_matches=False).drop(columns="at")


def _panel(asked: pd.DataFrame, by: str, traits: Sequence[str], *, everybody: int, conf_level: float,
           seed: int) -> Panel:
    """Everything about the options of one kind."""
    options = {"by": by, "cluster": "shock", "conf_level": conf_level}
    rates = metrics.groups("response_rate", asked, estimand="reply_rate", **options)
    rest = metrics.compare_groups("response_rate", asked, estimand="reply_rate_against_rest", **options)
    parts = {name: part for name, part in asked.groupby(asked[by].astype("str"), observed=True)}
    even = tuple(_evenness(parts[e.group], traits, group=e.group, conf_level=conf_level, seed=seed) for e in rates if e.group in parts)
    return Panel(rates, rest, even, _pareto(rates, even, parts, conf_level, everybody=everybody))


def _evenness(part: pd.DataFrame, traits: Sequence[str], *, group: str, conf_level: float, seed: int) -> Estimate:
    """R-indicator of each customer's first invitation of the option: whether customers of every kind are as likely to reply."""
    first = part.drop_duplicates("customer_id")
    replied = first["is_answered"].to_numpy(dtype=float)
    few = int(min(replied.sum(), len(replied) - replied.sum()))
    if few < MIN_REPLIES or not traits:
        reason, needs = words.too_few_replies(few, MIN_REPLIES) if traits else words.NO_TRAITS
        return refusal("reply_evenness", unit="ratio", group=group, reason=reason, needs=needs)
    known = float(first[list(traits)].notna().to_numpy().mean())
    if known < MIN_KNOWN:  # whose traits are unknown looks even: nothing is seen to differ
        reason, needs = words.too_little_known(known, MIN_KNOWN)
        return refusal("reply_evenness", unit="ratio", group=group, reason=reason, needs=needs, n=len(first))
    matrix = crossfit.features(first, list(traits)).matrix
    fold = crossfit.folds(first["customer_id"], seed=seed)
    chance = crossfit.probabilities(matrix, replied, fold=fold)[:, 1]
    made = representativeness.r_indicator(chance, answered=replied, conf_level=conf_level)
    return made.estimate("reply_evenness", group=group, seed=seed, assumptions=("respondents_only",)).with_(conf_high=min(made.conf_high, 1.0))


def _pareto(rates: Sequence[Estimate], even: Sequence[Estimate], parts: Mapping[str, pd.DataFrame], conf_level: float,
            *, everybody: int) -> pd.DataFrame:
    """One row an option that has both numbers, best reply rate first."""
    other = {e.group: e for e in even}
    both = [(r, other[r.group]) for r in rates if r.kind == "estimate" and other.get(r.group) and other[r.group].kind == "estimate"]
    level = 1 - (1 - conf_level) / max(2 * len(both) * (len(both) - 1), 1)
    beaten = {b.group for (a, even_a), (b, even_b) in permutations(both, 2) if _beats((a, even_a), (b, even_b), level)}
    rows = []
    for rate, evenness in both:
        part = parts[rate.group]
        rows.append({"option": rate.group, "name": words.OPTIONS.get(rate.group, Text(rate.group, rate.group)),
                     "reply_rate": rate.value, "reply_low": rate.conf_low, "reply_high": rate.conf_high,
                     "evenness": evenness.value, "evenness_low": evenness.conf_low, "evenness_high": evenness.conf_high,
                     "messages_per_reply": float(part["waves"].sum() / part["is_answered"].sum()),
                     "customers": int(part["customer_id"].nunique()), "reach_share": part["customer_id"].nunique() / everybody,
                     "is_dominated": rate.group in beaten, "standing": words.standing(rate.group in beaten)})
    columns = ["option", "name", "reply_rate", "reply_low", "reply_high", "evenness", "evenness_low", "evenness_high", "messages_per_reply",
               "customers", "reach_share", "is_dominated", "standing"]
    return pd.DataFrame(rows, columns=columns).sort_values(["reply_rate", "option"], ascending=[False, True], ignore_index=True)


def _beats(first: tuple[Estimate, Estimate], second: tuple[Estimate, Estimate], level: float) -> bool:
    """Better in one, beyond what the compared ranges allow, and not worse in the other; independent groups make this cautious."""
    z = inference.quantile(level, np.inf)
    signs = []
    for a, b in zip(first, second, strict=True):
        gap, reach = a.value - b.value, z * float(np.hypot(a.std_error or 0.0, b.std_error or 0.0))
        signs.append(0 if abs(gap) <= reach else np.sign(gap))
    return max(signs) > 0 and min(signs) >= 0


def _waves(tables: Tables, asked: pd.DataFrame, conf_level: float) -> tuple[Estimate, ...]:
    """Replies by delivered message: first message, first reminder …; later waves only reach who kept silent before."""
    sent = tables["invitations"].drop_duplicates("invitation_id")
    shock = asked.drop_duplicates("customer_id").set_index("customer_id")["shock"]
    sent = sent.assign(is_replied=among(sent["invitation_id"], tables["responses"]["invitation_id"].dropna()), shock=sent["customer_id"].map(shock))
    sent = sent[(sent["is_delivered"].fillna(False).astype(bool) | sent["is_replied"]) & sent["shock"].notna()]
    return metrics.groups("share", sent.assign(wave=sent["wave"].astype("int64").astype("str")), by="wave", column="is_replied", cluster="shock",
                          estimand="reply_rate", conf_level=conf_level)


def _ratio(top: pd.Series, bottom: pd.Series, cluster: pd.Series, conf_level: float, estimand: str) -> Estimate:
    """A ratio of two totals with its linearised range."""
    t, b = top.to_numpy(dtype=float), bottom.to_numpy(dtype=float)
    ratio = t.sum() / b.sum() if b.sum() else 0.0
    if not b.sum() or cluster.nunique() < 2:
        reason, needs = words.too_few_replies(int(b.sum()), 1)
        return refusal(estimand, unit="count", reason=reason, needs=needs)
    made = inference.fit(ratio, (t - ratio * b) / b.mean(), n=len(t), cluster=cluster.to_numpy(), method="linearised")
    return made.estimate(estimand, unit="count", low=0, conf_level=conf_level, assumptions=("clusters_independent",))


def _disturbance(tables: Tables, asked: pd.DataFrame, limit: int, conf_level: float, timezone: str) -> tuple[pd.DataFrame, Estimate]:
    """Delivered messages of a customer in a local quarter, among customers who got any: by quarter, and over all quarters."""
    sent = tables["invitations"].drop_duplicates("invitation_id")
    sent = sent[sent["is_delivered"].fillna(False).astype(bool)]
    when = sent["sent_at"].dt.tz_convert(timezone).dt.tz_localize(None).dt.to_period("Q").astype("str")
    count = sent.groupby([when.rename("quarter"), "customer_id"]).size().rename("messages").reset_index()
    count["shock"] = count["customer_id"].map(asked.drop_duplicates("customer_id").set_index("customer_id")["shock"]).fillna(count["customer_id"])
    rows = []
    for quarter, part in count.groupby("quarter"):
        made = _ratio(part["messages"], pd.Series(1.0, index=part.index), part["shock"], conf_level, "messages_per_quarter")
        known = made.kind == "estimate"
        rows.append({"quarter": quarter, "customers": len(part), "messages": int(part["messages"].sum()),
                     "estimate": made.value if known else np.nan, "conf_low": made.conf_low if known else np.nan,
                     "conf_high": made.conf_high if known else np.nan, "most": int(part["messages"].quantile(0.95, interpolation="higher")),
                     "over_limit_share": float((part["messages"] > limit).mean())})
    made = pd.DataFrame(rows, columns=list(words.QUARTER_COLUMNS))
    return made, _ratio(count["messages"], pd.Series(1.0, index=count.index), count["shock"], conf_level, "messages_per_quarter")


def _lost(tables: Tables, conf_level: float) -> dict[str, Estimate]:
    """Customers who cannot be contacted, and of those who got a message, who opted out since: only where the data can show it."""
    people = tables["customers"].drop_duplicates("customer_id")
    if people["is_contactable"].isna().all():
        return {name: refusal(f"{name}_share", unit="share", reason=words.NO_CONSENT[0],
                              needs=words.NO_CONSENT[1]) for name in ("unreachable", "opt_out")}
    known = people[people["is_contactable"].notna()]
    lost = known.assign(is_lost=~known["is_contactable"].astype(bool), everyone="")
    options = {"by": "everyone", "column": "is_lost", "conf_level": conf_level}
    unreachable = metrics.groups("share", lost, estimand="unreachable_share", **options)[0].with_(group="")
    messaged = lost[among(lost["customer_id"], tables["invitations"]["customer_id"])]
    if not messaged["is_lost"].any():
        reason, needs = words.OPT_OUT_UNSEEN
        return {"unreachable": unreachable, "opt_out": refusal("opt_out_share", unit="share", reason=reason, needs=needs, n=len(messaged))}
    return {"unreachable": unreachable, "opt_out": metrics.groups("share", messaged, estimand="opt_out_share", **options)[0].with_(group="")}


def _completion(tables: Tables, given: float | None) -> tuple[float, str]:
    """Share of drawn customers expected to answer a call, and where it comes from: "given", "seen" in past call-backs, or "assumed" 70 %."""
    past = tables.get("followups")
    if given is not None:
        return given, "given"
    if past is not None and len(past) >= gating.load().caveat_n and (past["outcome"] == "completed").any():
        return float((past["outcome"] == "completed").mean()), "seen"
    return missingness.MIN_COMPLETION, "assumed"


def _calls(tables: Tables, asked: pd.DataFrame, days: int, completion: float, cost: float, conf_level: float) -> tuple[pd.DataFrame, dict[str, int]]:
    """What n calls to customers who were asked in the last `days` and kept silent would buy for NPS."""
    recent = asked[asked["sent_at"] > asked["sent_at"].max() - pd.Timedelta(days=days)]
    spoke = recent.groupby("customer_id")["is_answered"].any()
    scores = tables["responses"][tables["responses"]["customer_id"].isin(spoke.index[spoke])]["nps_score"].dropna().astype(float)
    facts = {"silent": int((~spoke).sum()), "answered": int(spoke.sum())}
    coded = 100.0 * (scores >= 9) - 100.0 * (scores <= 6)
    sizes = [n for n in CALLS if n <= facts["silent"]]
    if len(coded) < gating.load().caveat_n or not sizes or coded.std() == 0:
        return pd.DataFrame(columns=list(words.CALLS_COLUMNS)), facts
    made = missingness.followup_design(facts["silent"], facts["answered"], float(coded.std()), calls=sizes, completion=completion, cost_per_call=cost,
                                       conf_level=conf_level)
    return made, facts


def _refused(missing: Sequence[str]) -> Outreach:
    """Nothing is shown: which tables are missing."""
    reason, needs = words.no_tables(missing)
    withheld = refusal("reply_rate", unit="share", reason=reason, needs=needs)
    panel = Panel((withheld,), (), (), pd.DataFrame(columns=list(words.PARETO_COLUMNS)))
    return Outreach(Verdict.REFUSE, dict.fromkeys(BY, panel), (withheld,), {"opt_out": withheld.with_(estimand="opt_out_share")},
                    pd.DataFrame(columns=list(words.QUARTER_COLUMNS)), pd.DataFrame(), (words.refused_check(reason),), words.refused_captions(reason))
