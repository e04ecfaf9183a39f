"""The checks behind topics: enough texts, stability, rows in another order, what people labelled, a refit, and the usual alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Text
from voclib.stats import inference, prevalence
from voclib.studies.pool import text as pool_text
from voclib.studies.topics import heard, subjects
from voclib.studies.topics import tables as topic_tables
from voclib.studies.topics import text as words
from voclib.studies.topics.holds import Held
from voclib.studies.topics.subjects import Subjects
from voclib.text import crosswalk, emerging, topics
from voclib.text.emerging import tails

ENOUGH = 200  # different texts below which topics are a matter of chance
LABELLED = 50  # voices labelled by people from which the themes are held against them
ORDERED = 1500  # voices on which another order of rows is tried
SPIKE = 3.0  # standard deviations at which the usual alarm goes off


def checks(*, kept: pd.DataFrame, model: topics.TopicModel, found: pd.DataFrame, held: Held, lead: Subjects, watch: emerging.Watch,
           tables: Mapping[str, pd.DataFrame], until: pd.Timestamp) -> tuple[Check, ...]:
    """All of them, in the order of the page."""
    placed = kept["topic"].ge(0)
    stable = kept["topic"].isin(found.loc[found["is_stable"].astype(bool), "topic"])
    made = [enough(int(kept.loc[kept["written"].ne(""), "form"].nunique())),
            words.stable_share(int(stable.sum()), int(placed.sum()), int(found["is_stable"].sum()), len(found)),
            words.unclear_share(int((~placed).sum()), len(kept)),
            words.order_check(*reordered(kept, model)),
            words.curve_check(held.curve)]
    if lead.covered is not None:
        made.append(words.dictionary_check(lead.covered, subjects.FITS, is_complaint=lead.is_complaint))
    if model.engine.name == "gpu":
        made.append(words.gpu_check(model.engine.describe()))
    if (labels := labelled(kept, tables)) is not None:
        made.append(words.labels_check(*labels))
    if watch.refusal is None:
        made.append(words.smallest_check(smallest(watch), watch.days))
        come = kept["channel"][heard.newcomers(kept, until)]
        made.append(words.watched_check([pool_text.CHANNELS.get(name, Text(name, name)) for name in sorted(set(come))], len(come), watch.voices))
        made.append(words.alarms_check(usual_alarms(kept, until), sum(t.kind == "rising" for t in watch.themes), watch))
    return tuple(made)


def enough(texts: int) -> Check:
    """Enough different texts."""
    return words.enough_check(texts, ENOUGH)


def reordered(kept: pd.DataFrame, model: topics.TopicModel) -> tuple[int, bool]:
    """How many voices were fitted twice, the second time in the opposite order of rows, and whether every one got the same topic.

    The first `ORDERED` of them; where those repeat so few texts that no topics can be fitted to them, all that the model was fitted to.
    """
    texts = kept["legible"].head(ORDERED).tolist()
    settings = {"granularity": model.parts[0].granularity, **_settings(model)}
    try:
        first = topics.fit_topics(texts, **settings)
    except DataError:
        texts = list(model.texts or ())
        first = topics.fit_topics(texts, **settings)
    second = topics.fit_topics(texts[::-1], **settings)
    return len(texts), bool((first.labels == second.labels[::-1]).all())


def labelled(kept: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> tuple[int, float, float, float] | None:
    """Of the voices that people labelled and a theme holds: how many, and in how many of all such voices people saw the theme too, with interval.

    A label counts where most labellers of the voice saw the topic; voices stand for those like them by the chance of being drawn. None without
    labels of the themes' own names, or under `LABELLED` voices.
    """
    gold = tables.get("gold_labels")
    if gold is None or not len(gold) or not set(gold["topic"]) & set(kept["theme"].unique()):
        return None
    named = kept[kept["theme"].isin(set(gold["topic"]))]
    seen = gold[gold["response_id"].isin(named["response_id"])]
    votes = seen.assign(yes=seen["is_present"].astype(float)).groupby(["response_id", "topic"])["yes"].mean()
    chance = seen.groupby("response_id")["sampling_probability"].first()
    own = named.set_index("response_id").loc[chance.index, "theme"]
    if len(own) < LABELLED:
        return None
    hit = votes.reindex(pd.MultiIndex.from_arrays([own.index, own.to_numpy()])).fillna(0.0).gt(0.5).to_numpy(dtype=float)
    mean = prevalence.weighted_mean(hit, weights=1 / chance.to_numpy(dtype=float))
    z = inference.quantile(0.95, mean.df) * mean.std_error
    return len(own), float(mean.value), float(max(mean.value - z, 0)), float(min(mean.value + z, 1))


def smallest(watch: emerging.Watch) -> int | None:
    """How many voices a saying that nobody used before takes to be listed in one window, all evenings and features alike; None without evenings."""
    if not watch.evenings:
        return None
    blocks = watch.baseline_days // watch.days
    rate = watch.budget / 2 / tails.YEAR / max(watch.features, 1)
    chance = tails.tail(np.arange(1, 101, dtype=float), np.full(100, 0.5 / blocks), np.full(100, 2.0))
    return max(emerging.LEAST, 1 + int(np.argmax(chance <= rate)))


def usual_alarms(kept: pd.DataFrame, until: pd.Timestamp) -> int:
    """How often a topic's week lies more than three standard deviations over its thirteen weeks before, in the weeks that were watched."""
    week = (kept["day"] - (until + pd.Timedelta(days=1))).dt.days // 7
    counts = pd.crosstab(week, kept["near"]).drop(columns=topics.UNCLEAR, errors="ignore")
    counts = counts.reindex(range(int(counts.index.min()), int(counts.index.max()) + 1), fill_value=0)
    before = counts.rolling(topic_tables.QUARTER, min_periods=topic_tables.QUARTER)
    high = counts > (before.mean() + SPIKE * before.std()).shift(1)
    return int(np.asarray(high[high.index >= 0]).sum())


def refit(kept: pd.DataFrame, model: topics.TopicModel) -> crosswalk.Crosswalk:
    """What becomes of the topics where all voices are grouped anew, each language at its granularity, on vectors made as those of the fit were."""
    parts: list[topics.Part] = []
    for part in model.parts:
        own = kept["written"].eq(part.language) | (len(model.parts) == 1)
        again = topics.fit_topics(kept.loc[own, "legible"].tolist(), vectors=part.encoder, granularity=part.granularity, **_settings(model))
        first = sum(len(made.topics) for made in parts)
        parts += [replace(made, topics=tuple(replace(topic, number=topic.number + first) for topic in made.topics)) for made in again.parts]
    return crosswalk.between(model, replace(model, parts=tuple(parts)))


def _settings(model: topics.TopicModel) -> dict[str, Any]:
    """What a fit was asked for, but for its granularity."""
    asked = model.settings
    return {"engine": model.engine, "layout": asked.layout, "min_size": asked.min_size, "seed": asked.seed}
