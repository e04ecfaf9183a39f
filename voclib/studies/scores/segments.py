"""Which groups differ, when many are looked at: every group of every column against the rest, chance allowed for, sizes shrunk towards the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.schema import conformity
from voclib.stats import gates as gating
from voclib.stats import inference, metrics, shrinkage
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed
from voclib.stats.shrinkage import Shrunken
from voclib.studies import scores
from voclib.studies.scores import segments_text as words
from voclib.studies.scores import text

Tables = Mapping[str, pd.DataFrame]
ALONE = "alone:"


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group against all other answers: `plain` as if it alone had been looked at, `p_adjusted` for all groups that were, `shrunken` towards zero.

    `adjusted` holds the interval that goes with the adjusted p and is None where that is too large; `shrunken` is None where fewer than five
    groups were compared.
    """

    column: str
    group: str
    n: int
    plain: Estimate
    p_adjusted: float
    adjusted: Estimate | None
    shrunken: Estimate | None

    def is_found(self) -> bool:
        """Whether it stands with all groups counted."""
        return self.p_adjusted <= 1 - self.plain.conf_level

    def is_picked(self) -> bool:
        """Whether it would stand if nobody counted."""
        return self.plain.p_value <= 1 - self.plain.conf_level


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All groups compared, by p; how many `refused` for too few answers or units; `luck`, the number that p alone picks if no group differs."""

    groups: tuple[Group, ...]
    refused: int
    luck: float
    shrunken: Shrunken | None
    conf_level: float

    @property
    def found(self) -> tuple[Group, ...]:
        """Groups that differ from the rest, the false ones among them held to 1 − conf_level on average."""
        return tuple(g for g in self.groups if g.is_found())

    @property
    def picked(self) -> tuple[Group, ...]:
        """The naive list: every group whose own p is below 1 − conf_level."""
        return tuple(g for g in self.groups if g.is_picked())


@dataclass(frozen=True, kw_only=True)
class Segments:
    """What the page shows: `found` and `picked` as tables, `units` for the picture (empty where `units_note` says why), `paired` by group."""

    comparison: Comparison
    found: pd.DataFrame
    picked: pd.DataFrame
    units: pd.DataFrame
    units_note: Text
    paired: tuple[Estimate, ...]
    paired_note: Text
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]
    note: Text


@conformity.explained
def study(tables: Tables, *, metric: str, channel: str = "", period: str = "quarter", segments: Sequence[str] = ("region",),
          cluster: str = "unit_id", conf_level: float = 0.95, timezone: str = "", gates: Gates | None = None) -> Segments:
    """Every group of `segments` (columns, or pairs such as "region × product") with enough answers against the rest; units; paired changes.

    Answers of one unit depend on each other; where the groups are units themselves, or parts of one, answers of one customer do.

    Raises
    ------
    ParameterError, DataError
        as in `scores.answers` and `scores.with_segments`.
    """
    gates, score = gates or gating.load(), scores.score_of(metric)
    answers = scores.answers(tables, metric=metric, channel=channel, period=period, timezone=timezone)
    kept, shock, _ = scores.clustered(scores.with_segments(answers, tables, segments), cluster)
    kept, people = _people(kept)
    by = {name: people if cluster in scores.parts_of(name) else shock for name in segments}
    options = {"column": score.column, "conf_level": conf_level, "gates": gates}
    found = compare(kept, function=score.function, by=by, estimand=f"{score.estimand}_against_rest", **options)
    names = words.Names(tables, cluster)
    units, drawn, units_note = _units(kept, score, cluster if kept[cluster].notna().any() else None, people=people, names=names, **options)
    paired, paired_note = _paired(kept, score, segments[0], shock=by[segments[0]], **options)
    notes = {"units_note": units_note, "paired_note": paired_note, "note": words.nothing(found, gates.caveat_n)}
    notes = notes if len(kept) else dict.fromkeys(notes, text.NO_SCORE[0])
    return Segments(comparison=found, found=words.found(found, names), picked=words.picked(found, names), units=units, paired=paired,
                    checks=words.checks(found), **notes,
                    captions=words.captions(score.estimand, found, units, drawn, paired, names, by=segments[0], floor=gates.caveat_n))


def compare(frame: pd.DataFrame, *, function: str, column: str, by: Mapping[str, str | None], estimand: str = "", conf_level: float = 0.95,
            method: str = "bh", gates: Gates | None = None) -> Comparison:
    """Each group of each column against all other answers; p-values and intervals adjusted over all groups of all columns together.

    `by` gives for each column to compare by the column of clusters behind its errors, None for independent answers. Groups with fewer answers
    than `gates.caveat_n`, or whose errors cannot be trusted, are left out of the count. Intervals go with the adjusted p (Benjamini & Yekutieli
    2005, JASA 100); shrunken sizes are `shrinkage.shrink` of all differences towards zero.
    """
    gates = gates or gating.load()
    made = [(name, label, one) for name, shock in by.items() for label, one in _against_rest(frame, column, name, shock, gates.caveat_n)]
    options = {"function": function, "column": column, "estimand": estimand, "gates": gates}
    plain = [None if one is None else _gap(one, conf_level=conf_level, **options) for _, _, one in made]
    kept = [(*where, e) for where, e in zip(made, plain, strict=True) if e is not None and e.kind == "estimate"]
    p = np.array([e.p_value for *_, e in kept])
    level, adjusted = inference.adjusted_level(p, conf_level=conf_level, method=method), inference.adjust(p, method)
    drawn = _shrunken([e for *_, e in kept], conf_level)
    groups = []
    for k, (name, label, one, e) in enumerate(kept):
        wide = None
        if adjusted[k] <= 1 - conf_level:
            wide = _gap(one, conf_level=level, **options).with_(p_value=float(adjusted[k]), group=label, conf_level=conf_level)
        small = None if drawn is None else e.with_(
            group=label, rung="shrunken", value=float(drawn.value[k]), conf_low=float(drawn.low[k]), conf_high=float(drawn.high[k]), std_error=None,
            p_value=None, ci_method="robust empirical Bayes, towards zero")
        groups.append(Group(column=name, group=label, n=int(one["inside"].sum()), plain=e.with_(group=label), p_adjusted=float(adjusted[k]),
                            adjusted=wide, shrunken=small))
    order = sorted(groups, key=lambda g: (g.plain.p_value, g.column, g.group))
    return Comparison(groups=tuple(order), refused=len(made) - len(kept), luck=float((1 - conf_level) * len(kept)), shrunken=drawn,
                      conf_level=conf_level)


def _against_rest(frame: pd.DataFrame, column: str, by: str, shock: str | None, fewest: int) -> list[tuple[str, pd.DataFrame | None]]:
    """Label of each group, and its answers marked among all; None where it or the rest has too few. A column of one group compares nothing."""
    labels = frame[by].astype("str").where(frame[by].notna(), metrics.MISSING)
    codes, names = pd.factorize(labels, sort=True)
    sizes = np.bincount(codes, minlength=len(names))
    base = frame[[column]].reset_index(drop=True)
    base = base if shock is None else base.assign(shock=unnamed.codes(frame[shock]))
    if len(names) < 2:
        return []
    return [(name, base.assign(inside=codes == k) if min(sizes[k], len(frame) - sizes[k]) >= fewest else None) for k, name in enumerate(names)]


def _gap(one: pd.DataFrame, *, function: str, column: str, **options: Any) -> Estimate:
    """A group less the rest."""
    return metrics.differences(function, one, by="inside", at=(False, True), unit=None, cluster="shock" if "shock" in one else None, column=column,
                               **options)


def _shrunken(found: Sequence[Estimate], conf_level: float) -> Shrunken | None:
    if len(found) < shrinkage.FEWEST:
        return None
    return shrinkage.shrink([e.value for e in found], [error(e) for e in found], center=0.0, conf_level=conf_level)


def error(estimate: Estimate) -> float:
    """A standard error above zero: where all answers of a group are alike, a quarter of its interval stands in."""
    return max(estimate.std_error or 0.0, (estimate.conf_high - estimate.conf_low) / 4 if not estimate.std_error else 0.0)


def _people(kept: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """The frame with the customer behind every answer (one without stands for itself), and the name of that column; None without customers."""
    if kept["customer_id"].isna().all():
        return kept, None
    return kept.assign(person=kept["customer_id"].fillna(ALONE + kept["response_id"])), "person"


def _units(kept: pd.DataFrame, score: scores.Score, cluster: str | None, *, people: str | None, names: words.Names, column: str, conf_level: float,
           gates: Gates) -> tuple[pd.DataFrame, Shrunken | None, Text]:
    """The score of every unit as it is and shrunk towards their mean, highest first; why not, where they are too few."""
    if cluster is None:
        return pd.DataFrame(), None, words.NO_UNITS
    there = kept.dropna(subset=cluster)
    each = metrics.groups(score.function, there, by=cluster, column=column, cluster=people, conf_level=conf_level, gates=gates)
    each = [e for e in each if e.kind == "estimate" and e.n >= gates.caveat_n]
    if len(each) < shrinkage.FEWEST:
        return pd.DataFrame(), None, words.few_units(len(each), shrinkage.FEWEST, gates.caveat_n)
    drawn = shrinkage.shrink([e.value for e in each], [error(e) for e in each], conf_level=conf_level)
    half = (drawn.high - drawn.low) / 2
    frame = pd.DataFrame({"unit": [names.group(cluster, e.group) for e in each], "key": [e.group for e in each], "n": [e.n for e in each],
                          "raw": [e.value for e in each], "raw_low": [e.conf_low for e in each], "raw_high": [e.conf_high for e in each],
                          "value": drawn.value, "low": drawn.low, "high": drawn.high, "mean_low": drawn.center - half,
                          "mean_high": drawn.center + half, "is_apart": drawn.apart})
    return frame.sort_values(["value", "key"], ascending=[False, True], ignore_index=True), drawn, Text("", "")


def _paired(kept: pd.DataFrame, score: scores.Score, by: str, *, shock: str | None, column: str, conf_level: float,
            gates: Gates) -> tuple[tuple[Estimate, ...], Text]:
    """The last period less the one before, group by group, of customers who answered in both; p and intervals adjusted over the groups."""
    last = sorted(kept["period"].dropna().unique())[-2:]
    if len(last) < 2:
        return (), words.ONE_PERIOD
    there = kept[kept["period"].isin(last) & kept["customer_id"].notna()]
    both = there.groupby("customer_id")["period"].transform("nunique") == 2
    twice = there[both].assign(group=lambda f: f[by].astype("str").where(f[by].notna(), metrics.MISSING))
    size = twice.groupby("group")["customer_id"].nunique()
    enough = sorted(size.index[size >= gates.caveat_n])
    if not enough:
        return (), words.few_pairs(int(size.max()) if len(size) else 0, gates.caveat_n)
    parts = [twice[twice["group"] == name] for name in enough]
    options = {"by": "period", "at": tuple(last), "column": column, "gates": gates, "estimand": f"{score.estimand}_change",
               **({"unit": "customer_id"} if shock is None else {"cluster": shock})}
    plain = [metrics.differences(score.function, part, conf_level=conf_level, **options) for part in parts]
    p = [e.p_value for e in plain if e.kind == "estimate"]
    if not p:
        return (), words.PAIRS_OF_FEW_UNITS
    level, adjusted = inference.adjusted_level(p, conf_level=conf_level), iter(inference.adjust(p))
    found = tuple(e.with_(group=name) if e.kind != "estimate" else
                  metrics.differences(score.function, part, conf_level=level, **options).with_(
                      p_value=float(next(adjusted)), group=name, conf_level=conf_level)
                  for name, part, e in zip(enough, parts, plain, strict=True))
    return found, Text("", "")
