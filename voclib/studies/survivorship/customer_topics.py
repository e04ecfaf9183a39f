"""What do customers run into, not only those who write? Topic shares of customers, corrected for who comments and for classifier error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Estimate, Text
from voclib.schema import conformity
from voclib.stats import crossfit, prevalence
from voclib.studies.survivorship import customer_topics_text as words

Tables = Mapping[str, pd.DataFrame]
MIN_GOLD = 200
MIN_TOPIC = 30  # labelled comments of one topic; fewer say next to nothing of the classifier's errors
MIN_ALPHA = 0.667  # Krippendorff 2004, Content Analysis, §11.4: below this labels bear no conclusion
NEEDED = ("touchpoints", "customers", "invitations", "responses", "topic_mentions", "gold_labels")
COVARIATES = ("kind", "wait_minutes", "duration_minutes", "region", "segment", "product", "value_tier", "language", "tenure_days")
SURVEYS = ("survey", "sms", "app", "email", "phone", "onsite")


@dataclass(frozen=True)
class CustomerTopics:
    """`corrected`, one Estimate a topic, largest first; `table` with naive, weighted and corrected shares and ranks; `captions` for the page."""

    corrected: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    table: pd.DataFrame
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]


@conformity.explained
def lacking(tables: Tables) -> Text | None:
    """Why topic shares cannot be given, or None: a table that is missing, or too few comments labelled by people.

    Counted as in `shares`: comments beside a score whose invitation leads to a contact of a customer on the list.
    """
    if any(len(tables.get(name, ())) == 0 for name in NEEDED):
        return words.NO_TABLES
    contacts, gold = _contacts(tables), tables["gold_labels"]
    told = gold[gold["response_id"].isin(contacts.loc[contacts["is_commented"], "response_id"])]
    if (labelled := told["response_id"].nunique()) < MIN_GOLD:
        return words.few_labels(labelled, MIN_GOLD)
    most = int(told.groupby("topic")["response_id"].nunique().max())
    return words.few_of_a_topic(most, MIN_TOPIC) if most < MIN_TOPIC else None


@conformity.explained
def shares(tables: Tables, *, conf_level: float = 0.95, seed: int = 0) -> CustomerTopics:
    """Share of customers whose contact concerned each topic, had everybody commented; each customer counts as one.

    A comment stands for the comparable contacts that led to none: weight 1/(P(answers | x) · P(comments | answers, score, x)), divided by the
    customer's number of contacts. The comment stage knows the score, because the angry write more. Classifier error is taken out by
    prediction-powered inference with the gold labels.

    Raises
    ------
    DataError
        for a missing table, no survey comment, or fewer than 200 comments labelled by people.
    """
    if absent := [name for name in NEEDED if len(tables.get(name, ())) == 0]:
        raise DataError(f"Topic shares of customers need the tables {', '.join(NEEDED)}; missing or empty: {', '.join(absent)}.")
    contacts = _contacts(tables)
    wrote = contacts["is_commented"].to_numpy(dtype=bool)
    if not wrote.any():
        raise DataError("No comment stands beside a score and leads by its invitation to a contact, so no topic can be counted.")
    comments = contacts.loc[wrote, "response_id"]
    found = prevalence.coded(comments, tables["topic_mentions"], tables["gold_labels"])
    if (labelled := int(found.gold.notna().any(axis=1).sum())) < MIN_GOLD:
        raise DataError(f"{labelled} comments are labelled by people; correcting a classifier needs at least {MIN_GOLD}, drawn at random.")
    kept = [topic for topic in found.gold.columns if found.gold[topic].notna().sum() >= MIN_TOPIC]
    seen = tables["topic_mentions"].loc[tables["topic_mentions"]["response_id"].isin(comments), "topic"]
    if not kept:
        raise DataError(f"No topic has {MIN_TOPIC} labelled comments; label whole comments, every topic of each.")
    left_out = sorted({*found.gold.columns, *seen} - set(kept))
    weights = _weights(contacts)[wrote]
    made = prevalence.shares(found.predicted[kept], found.gold[kept], gold_probability=found.gold_probability, weights=weights,
                             cluster=contacts.loc[wrote, "customer_id"])
    ranks = prevalence.rank_intervals([s.corrected for s in made], names=[s.topic for s in made], conf_level=conf_level, seed=seed,
                                      cluster=contacts.loc[wrote, "customer_id"])
    corrected = tuple(s.corrected.estimate("topic_share", group=s.topic, rung="corrected", conf_level=conf_level) for s in made)
    order = sorted(range(len(made)), key=lambda i: -corrected[i].value)
    naive = {s.topic: s.naive.estimate("topic_share", unit="share", group=s.topic, rung="naive", conf_level=conf_level, low=0, high=1) for s in made}
    table = words.table([(made[i], corrected[i], ranks[i]) for i in order], conf_level)
    checks = (words.gold_check(labelled, MIN_GOLD), words.agreement_check(found.agreement, MIN_ALPHA), words.left_out_check(left_out, MIN_TOPIC),
              words.comments_check(int(wrote.sum()), len(contacts)))
    ordered = tuple(corrected[i] for i in order)
    return CustomerTopics(ordered, naive, table, checks, words.captions(ordered, naive))


def _contacts(tables: Tables) -> pd.DataFrame:
    """One row a contact of anybody, with what was known of it, whether it was answered and commented, and the score given."""
    met = tables["touchpoints"].merge(tables["customers"].drop(columns="unit_id"), on="customer_id", how="inner")
    start = met["started_at"].min().tz_localize(None)
    met["tenure_days"] = (start - met["joined_on"]).dt.days.clip(lower=0).astype(float)
    asked = tables["invitations"][["invitation_id", "touchpoint_id"]].dropna()
    said = tables["responses"][tables["responses"]["channel"].isin(SURVEYS)].merge(asked, on="invitation_id", how="inner")
    said = said.sort_values(["touchpoint_id", "submitted_at", "response_id"]).drop_duplicates("touchpoint_id").set_index("touchpoint_id")
    met = met.join(said[["response_id", "nps_score", "comment"]], on="touchpoint_id")
    met["is_answered"] = met["response_id"].notna() & met["nps_score"].notna()
    met["is_commented"] = met["is_answered"] & met["comment"].fillna("").str.strip().ne("")
    return met.drop(columns="comment").sort_values("touchpoint_id", ignore_index=True)


def _weights(contacts: pd.DataFrame) -> np.ndarray:
    """What each comment stands for (M,); 0 where there is none."""
    x = crossfit.features(contacts, [c for c in COVARIATES if c in contacts and contacts[c].notna().any()], squares=True).matrix
    answered, wrote = (contacts[name].to_numpy(dtype=bool) for name in ("is_answered", "is_commented"))
    score = contacts["nps_score"].astype("Float64").to_numpy(dtype=float, na_value=0.0)
    groups = np.column_stack([score <= 6, score >= 9, score]).astype(float)
    first = crossfit.logit(x, answered.astype(int)).probabilities(x)[:, 1]
    spread = groups[answered].std(axis=0)
    told = (groups - groups[answered].mean(axis=0))[:, spread > 0] / spread[spread > 0]  # a grade that nobody, or everybody, gave tells nothing
    given = np.column_stack([x, told])
    second = crossfit.logit(given, wrote.astype(int), rows=np.flatnonzero(answered)).probabilities(given)[:, 1]
    each = 1 / contacts.groupby("customer_id")["touchpoint_id"].transform("size").to_numpy(dtype=float)
    return np.where(wrote, each / np.maximum(first * second, 1e-3), 0.0)
