"""What is counted of topics: voices, share negative, change over a quarter, where people are, and wordings that say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text, refusal
from voclib.stats import inference, metrics
from voclib.studies.clusters import clusters
from voclib.studies.topics import spread
from voclib.studies.topics.spread import Spread
from voclib.text import topics
from voclib.text.engines import Neighbours

QUARTER = 13  # weeks that are held against the same number of weeks before
NO_CHANGE = (Text("声音不足两季，或没有时间，看不出变化。", "Voices span less than two quarters or carry no time, so no change can be established."),
             Text("带时间的声音，至少两季（26 周）。", "Dated voices covering at least two quarters (26 weeks)."))
ALIKE = 0.8  # cosine from which two wordings say the same
FEWEST = 3  # wordings of a group
WAVE, CROWD = 7, 10  # days within which so many people or more are a wave


def summary(kept: pd.DataFrame, model: topics.TopicModel, stability: pd.DataFrame, themes: Mapping[int, str], *, conf_level: float) -> pd.DataFrame:
    """One row a topic: voices of the fit and since, people, share negative among voices with a mark, how that compares with all, stability, place.

    `tone` is worse or better where the interval of the share negative, at a level that allows for the number of topics, leaves out the share of
    all; `complaints` are the voices times that share; `x` and `y` lay topics of a language out so that alike ones are near.
    """
    named = {t.number: t for t in model.topics()}
    rows = kept[kept["topic"] >= 0].assign(known=kept["own"].notna(), bad=kept["own"].eq("negative"))
    by = rows.groupby("topic").agg(voices=("form", "size"), texts=("form", "nunique"), people=("person", "nunique"), known=("known", "sum"),
                                   negative=("bad", "sum")).reindex(sorted(named), fill_value=0)
    level = 1 - (1 - conf_level) / max(len(by), 1)
    overall = float(kept["own"].eq("negative").sum() / max(kept["own"].notna().sum(), 1))
    low, high = (_wilson(by["negative"], by["known"], at) for at in (-level, level))
    made = by.assign(share=(by["negative"] / by["known"]).where(by["known"] > 0), low=low, high=high,
                     tone=np.select([low > overall, high < overall], ["worse", "better"], "alike"))
    made = made.assign(complaints=made["voices"] * made["share"].fillna(0.0), theme=[themes.get(k, "") for k in made.index],
                       language=[named[k].language for k in made.index], name=[named[k].name for k in made.index],
                       word=[named[k].words[0][0] if named[k].words else "" for k in made.index]).reset_index()
    made = made.merge(stability, on="topic", how="left")
    places = np.vstack([laid_out(part.centres) for part in model.parts]) if len(made) else np.zeros((0, 2))
    return made.assign(x=places[:, 0], y=places[:, 1])


def _wilson(hits: pd.Series, of: pd.Series, level: float) -> np.ndarray:
    """The lower (level below 0) or upper end of Wilson's interval for shares; 0 or 1 where there is nothing to go by."""
    z, n = inference.quantile(abs(level), np.inf), of.to_numpy(dtype=float)
    p = np.divide(hits.to_numpy(dtype=float), n, out=np.full(len(n), 0.5), where=n > 0)
    reach = z * np.sqrt(np.divide(p * (1 - p), n, out=np.ones(len(n)), where=n > 0) + np.divide(z**2, 4 * n**2, out=np.ones(len(n)), where=n > 0))
    middle = p + np.divide(z**2, 2 * n, out=np.zeros(len(n)), where=n > 0)
    return np.where(n > 0, (middle + np.sign(level) * reach) / (1 + np.divide(z**2, n, out=np.zeros(len(n)), where=n > 0)), 0.5 + np.sign(level) / 2)


def laid_out(centres: np.ndarray) -> np.ndarray:
    """Places in the plane (k, 2) by classical scaling of the cosine distances between centres (Torgerson 1952); signs and decimals are settled."""
    k = len(centres)
    if k < 3:
        return np.column_stack([np.arange(k, dtype=float), np.zeros(k)])
    middle = np.eye(k) - 1 / k
    gram = centres.astype(float) @ centres.astype(float).T
    values, vectors = np.linalg.eigh(middle @ gram @ middle)
    axes = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0))
    strongest = axes[np.abs(axes).argmax(axis=0), [0, 1]]
    return np.round(axes * np.where(strongest < 0, -1, 1), 4)


def share_of(kept: pd.DataFrame, inside: pd.Series, estimand: str, *, group: str = "", conf_level: float) -> Estimate:
    """The share of voices that are inside, `clusters` independent of one another."""
    return metrics.share(pd.DataFrame({"y": inside.astype(float), "shock": clusters(kept)}), "y", cluster="shock", estimand=estimand, group=group,
                         conf_level=conf_level)


def negative_of(kept: pd.DataFrame, inside: pd.Series, estimand: str, *, group: str = "", conf_level: float) -> Estimate:
    """The share negative among the voices inside that carry a mark of their own."""
    own = kept[inside & kept["own"].notna()]
    return metrics.share(pd.DataFrame({"y": own["own"].eq("negative").astype(float), "shock": clusters(own)}), "y", cluster="shock",
                         estimand=estimand, group=group, conf_level=conf_level)


def change_of(kept: pd.DataFrame, inside: pd.Series, estimand: str, *, group: str = "", conf_level: float) -> Estimate:
    """How far the share of voices inside moved from one quarter (13 weeks) to the last, in percentage points, among channels that run through.

    A refusal where one of the two quarters has no voice.
    """
    kept, inside = kept[kept["is_steady"]], inside[kept["is_steady"]]
    age = (kept["day"].max() - kept["day"]).dt.days
    recent, when = kept[age < 14 * QUARTER], np.where(age[age < 14 * QUARTER] < 7 * QUARTER, "last", "before")
    if len(set(when)) < 2:
        return refusal(estimand, unit="pp", group=group, reason=NO_CHANGE[0], needs=NO_CHANGE[1])
    frame = pd.DataFrame({"y": inside[recent.index].astype(float), "shock": clusters(recent), "when": when})
    return metrics.differences("share", frame, by="when", at=("before", "last"), unit="shock", column="y", estimand=estimand, group=group,
                               conf_level=conf_level)


def places_of(kept: pd.DataFrame, inside: Sequence[pd.Series], column: str, *, conf_level: float, seed: int) -> list[Spread]:
    """How evenly the people of several topics lie over the values of a column, against all people of their language and kind of channel."""
    rows = pd.DataFrame({"person": kept["person"], "group": kept[column], "stratum": kept["kind"]})
    people = rows.drop_duplicates()
    found = [spread.spread(rows[own].drop_duplicates(), people, conf_level=conf_level, seed=seed) for own in inside]
    return spread.adjusted(found, conf_level=conf_level)


def over_time(kept: pd.DataFrame, inside: Mapping[Any, pd.Series], *, conf_level: float, months: str = "M") -> pd.DataFrame:
    """Share of voices a month and series: `period, series, n, estimate, conf_low, conf_high` (Wilson's), among channels that run through."""
    kept, inside = kept[kept["is_steady"]], {name: own[kept["is_steady"]] for name, own in inside.items()}
    period = kept["day"].dt.to_period(months)
    rows = []
    for name, own in inside.items():
        table = pd.DataFrame({"hits": own.groupby(period).sum(), "n": own.groupby(period).size()}).sort_index()
        rows.append(pd.DataFrame({"period": table.index.astype("str"), "series": name, "n": table["n"].to_numpy(),
                                  "estimate": (table["hits"] / table["n"]).to_numpy(), "conf_low": _wilson(table["hits"], table["n"], -conf_level),
                                  "conf_high": _wilson(table["hits"], table["n"], conf_level)}))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["period", "series", "n", "estimate", "conf_low", "conf_high"])


def nearest_texts(kept: pd.DataFrame, model: topics.TopicModel, number: int, *, most: int) -> list[str]:
    """Negative voices of a topic nearest to its centre, in their own words: different ones, at most 160 signs long."""
    part = next(p for p in model.parts if any(t.number == number for t in p.topics))
    rows = np.flatnonzero(topics.numbered(part.labels, part) == number)
    own = kept[kept["topic"].eq(number) & kept["own"].eq("negative")].drop_duplicates("form").set_index("form")["comment"]
    near = part.vectors[rows] @ part.centres[number - part.topics[0].number]
    told: list[int] = []
    for row in rows[np.argsort(-near, kind="stable")]:
        text = own.get(part.forms[row])
        if text is not None and 6 <= len(text) <= 160 and all(part.vectors[row] @ part.vectors[other] < 0.9 for other in told):
            told.append(int(row))
        if len(told) == most:
            break
    return [own[part.forms[row]] for row in told]


def alike(kept: pd.DataFrame, model: topics.TopicModel, near: Sequence[tuple[np.ndarray, Neighbours]], *, at_least: float = ALIKE) -> pd.DataFrame:
    """Complaints that say the same: negative voices of one topic whose wordings are tied by a cosine of `at_least`, wording by wording.

    `near` holds, for each part, the rows of its texts that have a vector and the neighbours of these rows (`topic_holds.Held`).

    One row a group of three wordings or more, most people first: `topic, language, texts, voices, people, dealers, first, last,
    members` (rows of kept).
    """
    from scipy import sparse

    bad = kept[kept["own"].eq("negative")]
    held = bad.groupby("form").indices
    rows = []
    for part, (own, (indices, distances)) in zip(model.parts, near, strict=True):
        forms, labels = [part.forms[row] for row in own], part.labels[own]
        there = np.array([form in held for form in forms], dtype=bool)
        a, b = np.repeat(np.arange(len(own)), indices.shape[1]), indices.ravel()
        tied = there[a] & there[b] & (a != b) & (distances.ravel() <= 1 - at_least) & (labels[a] == labels[b])
        ties = sparse.csr_matrix((np.ones(int(tied.sum())), (a[tied], b[tied])), shape=(len(own), len(own)))
        component = sparse.csgraph.connected_components(ties, directed=False)[1]
        for group in np.flatnonzero(np.bincount(component[there], minlength=1) >= FEWEST):
            inside = np.flatnonzero(there & (component == group))
            members = np.sort(np.concatenate([bad.index.to_numpy()[held[forms[row]]] for row in inside]))
            people = kept.loc[members]
            rows.append({"topic": int(topics.numbered(labels[inside[:1]], part)[0]), "language": part.language, "texts": len(inside),
                         "voices": len(members), "people": people["person"].nunique(), "dealers": people["dealer"].nunique(),
                         "first": people["day"].min(), "last": people["day"].max(), "members": members})
    made = pd.DataFrame(rows, columns=["topic", "language", "texts", "voices", "people", "dealers", "first", "last", "members"])
    return made.sort_values(["people", "texts", "first", "topic"], ascending=[False, False, True, True], kind="stable", ignore_index=True)


def telling(groups: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """The largest groups, and among them room for up to two that came within a week and two of one dealer or one customer, which read otherwise."""
    if len(groups) <= most:
        return groups
    quick = groups[((groups["last"] - groups["first"]).dt.days <= WAVE) & (groups["people"] >= CROWD)].head(2)
    alone = groups[((groups["dealers"] == 1) & (groups["people"] >= FEWEST)) | (groups["people"] == 1)].drop(quick.index, errors="ignore").head(2)
    special = quick.index.union(alone.index)
    plain = groups.drop(special).head(most - len(special))
    return groups.loc[plain.index.union(special)].reset_index(drop=True)
