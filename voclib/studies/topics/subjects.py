"""What complaints are about: themes that voices name by the words of a dictionary, several of them a voice; without one, the topics themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from voclib.results import Estimate, Text, refusal
from voclib.stats import prevalence
from voclib.studies.clusters import clusters
from voclib.studies.topics import tables
from voclib.studies.topics import text as words
from voclib.text import aspects

FEWEST = 30  # voices with a negative mark, below which nothing is said of complaints as such
MOST, LINES = 12, 4  # subjects told of, and lines of the trend
HARDLY = 0.01  # a smaller share of the voices shown is a flat line at zero, which says nothing
FITS = 0.5  # share of complaints on one of its themes, below which a dictionary was made for other customers
LABELLED = 200  # of these voices labelled by people, from which the words' errors are taken out


@dataclass(frozen=True)
class Subjects:
    """Subjects, most complaints first; of voices, where hardly one carries a negative mark (`is_complaint` false).

    `said` (n voices × keys) says which voice is on which, `later` the same by a rule that treats old and new voices alike; `shares` are of
    complaints, else of all voices; where people labelled enough of these (`labelled`), the words' errors are taken out, and `beside` holds the
    shares as counted, by key, else those of all voices. `change` is that of the first one's share of all voices over a quarter. `covered` is the
    share of complaints (voices) that a dictionary's themes hold, None without a dictionary; below `FITS` the subjects are topics all the same.
    """

    said: pd.DataFrame
    later: pd.DataFrame
    names: Mapping[str, Text]
    is_complaint: bool
    is_worded: bool
    shares: tuple[Estimate, ...]
    beside: Mapping[str, Estimate]
    change: Estimate
    labelled: int
    covered: float | None

    @property
    def first(self) -> str:
        """The key of the first subject."""
        return self.shares[0].group

    @property
    def ties(self) -> int:
        """How many others may come first as well: their interval reaches the first one's value."""
        return sum(one.kind == "estimate" and one.conf_high >= (self.shares[0].value or 0.0) for one in self.shares[1:])

    @property
    def name(self) -> Text:
        """What the first subject is called."""
        return self.names[self.first]


def subjects(kept: pd.DataFrame, topics: pd.DataFrame, book: aspects.Dictionary | None, found: pd.DataFrame | None, gold: pd.DataFrame | None, *,
             conf_level: float) -> Subjects | Estimate:
    """The themes of a dictionary as voices name them (`found` by `aspects.mentions`), denials apart; the largest topics without a dictionary, or
    where it holds less than half of the complaints, which it then was not made for: what leads its list says little of them.

    A topic is one label a voice, and a voice on two matters often lands in a topic that mixes them; words are counted as often as they are named.
    Where people labelled voices for the same themes (`gold`), the words' errors are taken out by prediction-powered inference
    (`voclib.stats.prevalence.ppi_mean`), and themes that nobody labelled are left out. A refusal where no share can be told, as of too few people.
    """
    bad = kept["own"].eq("negative")
    is_complaint = int(bad.sum()) >= FEWEST
    among = bad if is_complaint else pd.Series(True, index=kept.index)
    said, names = _worded(kept, book, found) if book is not None else (pd.DataFrame(index=kept.index), {})
    covered = float(said[among].any(axis=1).mean()) if book is not None else None
    later, is_worded = said, covered is not None and covered >= FITS
    if not is_worded:
        first = topics.sort_values(["complaints" if is_complaint else "voices", "topic"], ascending=[False, True], kind="stable").head(MOST)
        said, later = (pd.DataFrame({str(k): kept[column].eq(k) for k in first["topic"]}) for column in ("topic", "near"))
        names = {str(k): words.quoted(name) for k, name in zip(first["topic"], first["name"], strict=True)}
    labels = _labels(kept[among], gold, list(said.columns)) if is_worded and gold is not None else None
    whole, estimand = kept[among], "complaint_share" if is_complaint else "theme_share"
    options = {"estimand": estimand, "conf_level": conf_level}
    counted = {key: tables.share_of(whole, said.loc[among, key], group=key, **options) for key in (labels[0] if labels is not None else said)}
    made = counted if labels is None else {key: _corrected(whole, said.loc[among, key], key, labels, **options) for key in counted}
    shares = sorted((one for one in made.values() if one.value), key=lambda one: (-one.value, one.group))[:MOST]
    if not shares:
        untold = [one for one in made.values() if one.kind == "refusal"]
        return untold[0].with_(group="") if untold else refusal(estimand, unit="share", reason=words.NO_TOPIC, needs=words.OTHER_GRAIN)
    keys = [one.group for one in shares]
    everybody = {key: tables.share_of(kept, said[key], "theme_share", group=key, conf_level=conf_level) for key in keys if is_complaint}
    return Subjects(said[keys], later[keys], {key: names[key] for key in keys}, is_complaint, is_worded, tuple(shares),
                    everybody if labels is None else {key: counted[key] for key in keys},
                    tables.change_of(kept, later[keys[0]], "theme_change", conf_level=conf_level),
                    0 if labels is None else int(labels[1].notna().sum()), covered)


def _labels(whole: pd.DataFrame, gold: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, pd.Series] | None:
    """What most labellers saw in each voice (a column a theme, missing where nobody looked) and the chance of being labelled; None for few."""
    seen = gold[gold["response_id"].isin(whole["response_id"]) & gold["topic"].isin(keys)]
    if seen["response_id"].nunique() < LABELLED:
        return None
    votes = seen.assign(yes=seen["is_present"].astype(float)).pivot_table(index="response_id", columns="topic", values="yes", aggfunc="mean")
    chance = seen.groupby("response_id")["sampling_probability"].first().astype(float)
    votes = votes[[key for key in keys if key in votes and votes[key].notna().sum() >= LABELLED]].gt(0.5).where(votes.notna()).astype(float)
    return (votes.reindex(whole["response_id"]).set_axis(whole.index), chance.reindex(whole["response_id"]).set_axis(whole.index)) if len(
        votes.columns) else None


def _corrected(whole: pd.DataFrame, inside: pd.Series, key: str, labels: tuple[pd.DataFrame, pd.Series], *, estimand: str,
               conf_level: float) -> Estimate:
    """The share of voices on a theme without the errors of its words."""
    fit = prevalence.ppi_mean(inside.astype(float), labels[0][key], gold_probability=labels[1].fillna(1.0), cluster=clusters(whole))
    return fit.estimate(estimand, group=key, rung="corrected", conf_level=conf_level)


def _worded(kept: pd.DataFrame, book: aspects.Dictionary, found: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Text]]:
    """Which voice names which aspect without denying it."""
    said = aspects.presence(found[~found["is_negated"]], book, n=len(kept)).set_axis(kept.index)
    return said.loc[:, said.any()], {id: book.name(id) for id in book.ids("aspect")}


def course(kept: pd.DataFrame, found: Subjects, *, conf_level: float) -> pd.DataFrame:
    """Shares of all voices by month of the first few subjects; of the others than the first, those that steady channels hardly name are left out."""
    named = found.later[kept["is_steady"].to_numpy()].mean()
    first, *others = found.later.columns
    return tables.over_time(kept, {key: found.later[key] for key in [first, *(k for k in others if named[k] >= HARDLY)][:LINES]},
                            conf_level=conf_level)
