"""What voices speak of, and how they feel about it: the dictionary's finds, corrected by voices that people labelled and by the voices' own marks.

Two corrections, each by what was checked: whether a voice speaks of an aspect, by labels of people drawn with known chances; how it feels about it,
by the marks of voices that speak of that aspect alone, so that the mark is about it. Both are prediction-powered (`voclib.stats.prevalence`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.stats import prevalence
from voclib.studies.clusters import are_one, clusters
from voclib.studies.sentiment_aspects.heard import ENOUGH
from voclib.studies.sentiment_aspects.sentiment_shares import THIN, weights
from voclib.text import aspects, rules, sentiment, writing

MIN_TOPIC = 30  # labelled voices of one aspect; fewer say next to nothing of the dictionary's errors
SMALL = 5  # counts below are not shown
MOST = 8  # rows and columns of the grid of models and features


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the dictionary finds in the voices (N,), by their position.

    `spoken`: N rows, a column of True and False an aspect. `felt`: one row a voice and aspect, `row`, `id`, the probabilities negative, neutral and
    positive, `label`, `is_alone` (the voice speaks of nothing else). `pairs`: one row a cell, `feature`, `model`, `n`, `negative` (read as such).
    """

    spoken: pd.DataFrame
    felt: pd.DataFrame
    pairs: pd.DataFrame
    mentions: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Audited:
    """Shares of voices by aspect, checked against people's labels; only over channels from which labels were drawn (`n_voices`, `n_labelled`).

    `topics`, `complaints`: voices that speak of the aspect, and those of them that are negative, as shares of all; `ranks` of `complaints`.
    `left_out`: aspects of the dictionary with too few labels, and labelled topics that it does not know.
    """

    topics: tuple[prevalence.Share, ...]
    complaints: tuple[prevalence.Share, ...]
    ranks: tuple[prevalence.Rank, ...]
    agreement: pd.DataFrame
    channels: tuple[str, ...]
    n_voices: int
    n_labelled: int
    left_out: tuple[str, ...]


def find(voices: pd.DataFrame, dictionary: aspects.Dictionary, *, read: Callable[[list[str]], Any]) -> Found:
    """What the dictionary finds in voices that are read already (`sentiment_voices.read`); `read` gives the sentiment of single clauses.

    A voice that speaks of one aspect alone is about it as a whole; where it speaks of several, each is read in its own clauses.
    """
    texts = voices["comment"].tolist()
    found = aspects.mentions(texts, dictionary)
    spoken = aspects.presence(found, dictionary, n=len(voices))
    own = found[found["kind"].eq("aspect")]
    alone = spoken.sum(axis=1).to_numpy() == 1
    several = aspects.opinions(own[~alone[own["row"]]], texts, read=read)[["row", "id", *sentiment.CLASSES, "label"]]
    single = own[alone[own["row"]]].drop_duplicates("row")[["row", "id"]].reset_index(drop=True)
    whole = voices.iloc[single["row"]][[*sentiment.CLASSES, "read"]].rename(columns={"read": "label"}).reset_index(drop=True)
    felt = pd.concat([pd.concat([single, whole], axis=1), several], ignore_index=True)
    felt[list(sentiment.CLASSES)] = felt[list(sentiment.CLASSES)].astype(float)
    felt = felt.assign(is_alone=alone[felt["row"]]).dropna(subset=["negative"]).sort_values(["row", "id"], ignore_index=True)
    return Found(spoken=spoken, felt=felt, pairs=_pairs(found, voices["read"].eq("negative").to_numpy(dtype=bool)), mentions=found)


def _pairs(found: pd.DataFrame, negative: np.ndarray) -> pd.DataFrame:
    """Voices that name a model and a feature, the most frequent of both: feature, model, n, negative."""
    sides = [found.loc[found["kind"].eq(kind), ["row", "id"]].drop_duplicates().rename(columns={"id": kind}) for kind in ("feature", "model")]
    both = sides[0].merge(sides[1], on="row").assign(negative=lambda f: negative[f["row"]].astype(int))
    kept = {kind: _often(both[kind]) for kind in ("feature", "model")}
    cells = both.groupby(["feature", "model"])["negative"].agg(["size", "sum"]).rename(columns={"size": "n", "sum": "negative"})
    cells = cells[cells.groupby("feature")["n"].transform("max") >= SMALL]  # a feature of small cells alone has nothing to show
    order = pd.MultiIndex.from_product([kept["feature"], kept["model"]], names=["feature", "model"])
    return cells.reindex(order).dropna().astype(int).reset_index()


def _often(ids: pd.Series) -> list[str]:
    """The ids that occur most, most often first; what occurs as often stands in the order of the alphabet."""
    counts = ids.value_counts()
    return sorted(counts.index, key=lambda one: (-counts[one], one))[:MOST]


def covered(voices: pd.DataFrame, found: Found) -> float | None:
    """The share of voices with a negative mark that name any aspect; None where there are too few to tell whether the dictionary fits them."""
    bad = voices["own"].eq("negative").to_numpy()
    return float(found.spoken.any(axis=1).to_numpy(dtype=bool)[bad].mean()) if int(bad.sum()) >= MIN_TOPIC else None


def nothing(found: Found) -> Found:
    """As if the dictionary had found no word."""
    return Found(spoken=found.spoken & False, felt=found.felt.head(0), pairs=found.pairs.head(0), mentions=found.mentions.head(0))


def audit(voices: pd.DataFrame, found: Found, labels: pd.DataFrame | None, *, conf_level: float = 0.95, seed: int = 0) -> Audited | None:
    """Shares by aspect with intervals that carry the dictionary's errors; None where people labelled fewer than 200 of the voices, or
    all are of one person.

    A complaint is counted by its labels where people say the voice speaks of the aspect and its own mark is negative; the labelled voices that carry
    no mark count with the probability that they are negative, read by a model that did not learn from them.
    """
    if labels is None or not len(labels):
        return None
    labelled = voices["response_id"].isin(labels["response_id"])
    channels = sorted(set(voices.loc[labelled, "channel"]))
    inside = voices["channel"].isin(channels).to_numpy()
    names = [name for name in found.spoken.columns if name in set(labels["topic"])]
    here = voices[inside]
    if int(labelled.sum()) < ENOUGH or not names or are_one(here):
        return None
    coded = prevalence.coded(voices.loc[inside, "response_id"], pd.DataFrame(columns=["response_id", "topic"]), labels, topics=names)
    kept = [name for name in names if coded.gold[name].notna().sum() >= MIN_TOPIC]
    if not kept:
        return None
    options = {"gold_probability": coded.gold_probability, "weights": weights(here), "cluster": clusters(here)}
    hit = found.spoken.loc[inside, kept].astype(float).set_axis(coded.gold.index)
    angry = (found.felt.pivot(index="row", columns="id", values="negative").reindex(index=range(len(voices)), columns=kept).fillna(0.0)
             .loc[inside].set_axis(coded.gold.index))
    topics = prevalence.shares(hit, coded.gold[kept], **options)
    complaints = prevalence.shares(angry, coded.gold[kept].mul(_bad(here), axis=0), **options)
    ranks = prevalence.rank_intervals([s.corrected for s in complaints], names=[s.topic for s in complaints], conf_level=conf_level, seed=seed,
                                      cluster=options["cluster"])
    known = {*found.spoken.columns, *labels["topic"]}
    return Audited(topics=topics, complaints=complaints, ranks=ranks, agreement=coded.agreement, channels=tuple(channels), n_voices=int(inside.sum()),
                   n_labelled=int(labelled.sum()), left_out=tuple(sorted(known - set(kept))))


def _bad(voices: pd.DataFrame) -> np.ndarray:
    """How negative each voice is by its own mark (0 or 1), by the probability read where it carries none."""
    own = voices["own"].to_numpy(dtype=object)
    return np.where(pd.isna(own), voices["negative"].fillna(0.0).to_numpy(dtype=float), own == "negative").astype(float)


def feelings(voices: pd.DataFrame, found: Found, *, conf_level: float = 0.95) -> pd.DataFrame:
    """How voices feel about each aspect, most negative first: id, n, counted (read as negative), negative, neutral, positive, low, high.

    The shares are corrected by the marks of voices that speak of the aspect alone, assuming that the reading errs equally where voices have several.
    Where fewer than 30 such voices carry a mark, or 200 of all, or all are of one person, shares are as counted and `low` and `high` missing. Aspects
    of fewer than 5 voices are left out.
    """
    own = voices["own"].to_numpy(dtype=object)
    refused = int((~pd.isna(own)).sum()) < ENOUGH  # the page gives no share of all voices then, and no more can be said of a part of them
    rows = []
    for name, part in found.felt.groupby("id"):
        if len(part) < SMALL:
            continue
        mark = np.where(part["is_alone"], own[part["row"]], None)
        row = {"id": name, "n": len(part), "counted": int(part["label"].eq("negative").sum())}
        there = ~pd.isna(mark)
        if refused or there.sum() < THIN or are_one(voices.iloc[part["row"]]):
            shares = part["label"].value_counts().reindex(sentiment.CLASSES, fill_value=0) / len(part)
            rows.append(row | shares.to_dict() | {"low": np.nan, "high": np.nan})
            continue
        fits = {which: prevalence.ppi_mean(part[which].to_numpy(), np.where(there, mark == which, np.nan).astype(float), power=False,
                                           gold_probability=there.mean(), cluster=clusters(voices.iloc[part["row"]]))
                for which in sentiment.CLASSES}
        worst = fits["negative"].estimate("negative_voice_share", conf_level=conf_level)
        values = np.clip([fits[which].value for which in sentiment.CLASSES], 0.0, 1.0)
        rows.append(row | dict(zip(sentiment.CLASSES, values / values.sum(), strict=True)) | {"low": worst.conf_low, "high": worst.conf_high})
    made = pd.DataFrame(rows, columns=["id", "n", "counted", *sentiment.CLASSES, "low", "high"])
    return made.sort_values(["negative", "id"], ascending=[False, True], ignore_index=True)


def classes(voices: pd.DataFrame, given: rules.Rules, found: Found) -> pd.DataFrame:
    """Voices by their main class, most first: id, n, negative (read as such), share of all; the last row, id "", are those without a class.

    `attrs["main"]` holds the main class of each voice (N,).
    """
    made = rules.classify(voices["comment"].tolist(), given, mentions=found.mentions)
    main = made.table[made.table["is_main"]].set_index("row")["class"].reindex(range(len(voices))).fillna("")
    counts = pd.DataFrame({"id": main.to_numpy(dtype=object), "negative": voices["read"].eq("negative").to_numpy(dtype=int)})
    table = counts.groupby("id")["negative"].agg(["size", "sum"]).rename(columns={"size": "n", "sum": "negative"}).reset_index()
    table = table.assign(share=table["n"] / len(voices), last=table["id"].eq(""))
    table = table.sort_values(["last", "n", "id"], ascending=[True, False, True], ignore_index=True).drop(columns="last")
    table.attrs["main"] = main.to_numpy(dtype=object)
    return table


def verbatims(voices: pd.DataFrame, found: Found, ids: list[str], *, most: int = 3, shortest: int = 10, longest: int = 160) -> pd.DataFrame:
    """A few voices on each aspect, drawn at random among those negative by word and mark: id, text, channel, day; as in the table, redacted."""
    felt = found.felt[found.felt["id"].isin(ids) & found.felt["label"].eq("negative") & found.felt["is_alone"]]
    said = voices.iloc[felt["row"]]
    rows = felt.assign(text=said["comment"].to_numpy(), channel=said["channel"].to_numpy(), day=said["period"].to_numpy(),
                       form=[writing.normal(text) for text in said["comment"]])[said["own"].eq("negative").to_numpy()]
    rows = rows[rows["text"].str.len().between(shortest, longest)].drop_duplicates("form")
    rows = rows.assign(lot=[writing.identity(form) for form in rows["form"]]).sort_values("lot")
    parts = [rows[rows["id"].eq(one)].head(most) for one in ids]
    return pd.concat([*parts, rows.head(0)])[["id", "text", "channel", "day"]].reset_index(drop=True)
