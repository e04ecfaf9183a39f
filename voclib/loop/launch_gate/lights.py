"""Red, amber, green or insufficient data: answers of a concept test under a rule that was declared before them.

A light is a claim with an error rate. Green says that the gain over the product on sale exceeds the margin, red that it lies below minus the margin;
what is neither is amber only where the answers could have told, and otherwise a want of data, which is no verdict on the concept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.loop.launch_gate import odds
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Estimate, Text, refusal
from voclib.sentences import say
from voclib.stats import metrics
from voclib.stats.gates import Gates

Tables = Mapping[str, pd.DataFrame]
QUESTIONS = ("intent_score", "appeal_score", "value_score")
GAIN, SHARE = "launch_gain", "top_two_share"
SMALL = 5  # of fewer answers not even the number is shown


@dataclass(frozen=True, kw_only=True)
class Light:
    """One concept: its light, share of the top two scores, gain with the bounds that decide, answers and what they could have told.

    `tells`: how far beyond its line a gain (0–1) must lie to light up with the power declared; `together`: what pairing does to its variance.
    """

    concept: str
    light: str
    n: int
    share: Estimate
    gain: Estimate
    tells: float | None = None
    together: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Gate:
    """All lights under one question, the product on sale beside them, and how many answers each needs (None without one on sale)."""

    lights: tuple[Light, ...]
    on_sale: Estimate | None
    n_on_sale: int
    needed: int | None

    def __getitem__(self, concept: str) -> Light:
        return next(one for one in self.lights if one.concept == concept)

    def names(self, light: str) -> tuple[str, ...]:
        """The concepts with this light, the largest gain first."""
        found = [one for one in self.lights if one.light == light]
        return tuple(one.concept for one in sorted(found, key=lambda one: (-(one.gain.value or 0.0), one.concept)))

    @property
    def compared(self) -> tuple[Light, ...]:
        """The concepts whose gain has an interval."""
        return tuple(one for one in self.lights if one.gain.kind == "estimate")

    @property
    def leader(self) -> Light | None:
        """The concept with the largest gain, among greens where there are any."""
        return max(self.compared, key=lambda one: (one.light == "green", one.gain.value, one.concept), default=None)

    @property
    def level_share(self) -> float | None:
        """The share on sale, kept off 0 and 1 by one answer each, for planning."""
        if self.on_sale is None or self.on_sale.kind != "estimate":
            return None
        return (self.on_sale.value * self.n_on_sale + 1) / (self.n_on_sale + 2)


def prepared(tables: Tables, question: str) -> pd.DataFrame:
    """The table of concept tests, with columns that may be absent there and empty.

    Raises
    ------
    DataError
        without the table, a column that cannot be done without, or any score on the question where another has some.
    ParameterError
        for a question that is none.
    """
    if question not in QUESTIONS:
        raise ParameterError(f"There is no question '{question}'; {nearest(question, QUESTIONS)}")
    if "concept_tests" not in tables:
        raise DataError("There is no table 'concept_tests', so no concept can be judged. Map the file of your concept test in the rules file of "
                        "'voc ingest' (answer, concept, kind, and a score from 1 to 5; params/rules/sample.yml maps concept_tests.csv).")
    found = tables["concept_tests"]
    if lost := [name for name in ("answer_id", "concept_id", "concept", "kind") if name not in found]:
        raise DataError(f"The table 'concept_tests' has no column '{lost[0]}'; it has {', '.join(found.columns)}.")
    absent = {name: pd.Series(pd.NA, found.index, dtype="Int64" if name in QUESTIONS else "str")
              for name in (*QUESTIONS, "customer_id", "segment") if name not in found}
    if "answered_at" not in found:
        absent["answered_at"] = pd.Series(pd.NaT, found.index, dtype="datetime64[us, UTC]")
    found = found.assign(**absent)
    if found[question].isna().all() and (have := [name for name in QUESTIONS if found[name].notna().any()]):
        raise DataError(f"No answer has a score for '{question}' ({len(found):,} answers; scored: {', '.join(have)}). Name a question that was "
                        "asked in question=, or map its column in the rules file of 'voc ingest'.")
    return found


def on_sale(found: pd.DataFrame, benchmark: str = "") -> str | None:
    """The id of the product on sale to compare with; None where nobody was asked about one.

    Raises
    ------
    ParameterError
        for an id that is none of them, or where there are several and none is named.
    """
    known = sorted(found.loc[found["kind"].eq("benchmark"), "concept_id"].unique())
    if benchmark and benchmark not in known:
        raise ParameterError(f"No product on sale has the id '{benchmark}'; {nearest(benchmark, known)}")
    if len(known) > 1 and not benchmark:
        raise ParameterError(f"There are {len(known)} products on sale to compare with ({', '.join(known)}); name one in benchmark=.")
    return benchmark or (known[0] if known else None)


def concepts(found: pd.DataFrame) -> dict[str, str]:
    """The concepts put to the test and what each is called, by id: the family that every light allows for, however few answers one has."""
    mine = found[found["kind"].eq("concept")].sort_values(["concept_id", "answer_id"])
    return mine.drop_duplicates("concept_id").set_index("concept_id")["concept"].to_dict()


def steps(found: pd.DataFrame, *, question: str, sale: str | None, fewest: int) -> np.ndarray:
    """At which step each answer is left out (N,): "other" product on sale, "unmarked", "repeat" (the customer's first answer to a concept counts),
    "few" (fewer than `fewest` about that concept); "" for those behind a light."""
    step = pd.Series("", found.index, dtype=object)
    step[found[question].isna()] = "unmarked"
    step[found["kind"].eq("benchmark") & found["concept_id"].ne(sale or "")] = "other"
    known = found[step.eq("") & found["customer_id"].notna()].sort_values(["answered_at", "answer_id"])
    step[known.index[known.duplicated(["concept_id", "customer_id"])]] = "repeat"
    sizes = found.loc[step.eq(""), "concept_id"].value_counts()
    step[step.eq("") & found["concept_id"].map(sizes).lt(fewest)] = "few"
    return step.to_numpy()


def gate(frame: pd.DataFrame, rule: Rule, *, question: str, sale: str | None, family: Mapping[str, str], weights: str | None = None,
         gates: Gates | None = None) -> Gate:
    """The light of every concept in `family`, from answers with a score (one row each; `weights` names a column)."""
    options = {"score": question, "weights": weights, "gates": gates, "conf_level": rule.level}
    frame = frame[["concept_id", "customer_id", question, *([weights] if weights else [])]].astype({"concept_id": object})
    sizes = frame["concept_id"].value_counts()
    n_sale = int(sizes.get(sale, 0)) if sale else 0
    shares = {name: _share(frame, name, **options) for name in (*family, *([sale] if sale else []))}
    tested = [name for name in family if sizes.get(name, 0) >= rule.fewest <= n_sale]
    gap = _gaps(frame, sale, options)
    found = {side: _decide(rule, side, tested, len(family), gap) for side in ("green", "red")}
    gains = {name: _bounds(name, gap, found, rule) for name in tested}
    base = Gate(lights=(), on_sale=shares.get(sale), n_on_sale=n_sale, needed=None)
    level = base.level_share
    lights = []
    for name in family:
        n, gain = int(sizes.get(name, 0)), gains.get(name)
        if gain is None or gain.kind != "estimate":
            lights.append(Light(concept=name, light="insufficient", n=n, share=shares[name], gain=gain or _withheld(name, n, n_sale, rule, sale)))
            continue
        together = _together(gain, shares[name], shares[sale], n, n_sale)
        told = odds.has_told(rule, share=level, n=n, n_benchmark=n_sale, concepts=len(family), together=together)
        light = next((side for side in ("green", "red") if name in found[side][0]), "amber" if told else "insufficient")
        lights.append(Light(concept=name, light=light, n=n, share=shares[name], gain=gain, together=together,
                            tells=odds.tells(rule, gain.std_error or 0.0, len(family))))
    needs = None if level is None else odds.needed(rule, share=level, concepts=len(family))
    return Gate(lights=tuple(lights), on_sale=base.on_sale, n_on_sale=n_sale, needed=needs)


def _share(frame: pd.DataFrame, name: str, **options: Any) -> Estimate:
    return metrics.csat(frame[frame["concept_id"].eq(name)], estimand=SHARE, group=name, **options)


def _gaps(frame: pd.DataFrame, sale: str | None, options: Mapping[str, Any]) -> Callable[[str, float], Estimate]:
    """The gain of a concept with bounds each of which errs with probability `alpha`; customers who answered both are compared with themselves."""

    @cache
    def gap(name: str, alpha: float) -> Estimate:
        both = frame[frame["concept_id"].isin([sale, name])].reset_index(drop=True)
        return metrics.differences("csat", both, by="concept_id", at=(sale, name), unit="customer_id", estimand=GAIN, group=name,
                                   **{**options, "conf_level": 1 - 2 * alpha})

    return gap


def _decide(rule: Rule, side: str, tested: list[str], total: int, gap: Callable[[str, float], Estimate]) -> tuple[set[str], float]:
    """The concepts with this light, and the error rate of one bound at which bounds and lights agree.

    Bonferroni; Holm's step-down (1979, Scand. J. Stat. 6) and Benjamini and Hochberg's step-up (1995, JRSS B 57), both read off bounds: a
    one-sided p is at most α exactly where the bound with error α clears the line.
    """
    whole = rule.false_green if side == "green" else rule.false_red
    if not tested:
        return set(), whole

    def clear(alpha: float) -> set[str]:
        return {name for name in tested if (e := gap(name, alpha)).kind == "estimate"
                and (e.conf_low > rule.margin if side == "green" else e.conf_high < -rule.margin)}

    if rule.family == "bh":
        for many in range(len(tested), 0, -1):
            if len(found := clear(many * whole / total)) >= many:
                return found, many * whole / total
        return set(), whole / total
    found = clear(whole / total)
    if rule.family == "holm":
        seen = -1
        while seen < len(found) < total:
            seen = len(found)
            found = clear(whole / (total - seen))
        return found, whole / (total - max(len(found), 1) + 1)
    return found, whole / total


def _bounds(name: str, gap: Callable[[str, float], Estimate], found: Mapping[str, tuple[set[str], float]], rule: Rule) -> Estimate:
    """The gain between the bound that decides green and the one that decides red."""
    low, high = gap(name, found["green"][1]), gap(name, found["red"][1])
    if low.kind != "estimate":
        return low
    return low.with_(conf_high=high.conf_high, conf_level=rule.level, p_value=None, ci_method=f"{low.ci_method}; {rule.family}")


def _together(gain: Estimate, one: Estimate, other: Estimate, n: int, n_sale: int) -> float:
    """The gain's variance over that of two independent shares: below 1 where the same customers answered both."""
    apart = one.value * (1 - one.value) / n + other.value * (1 - other.value) / n_sale
    return (gain.std_error or 0.0) ** 2 / apart if apart > 0 and gain.std_error else 1.0


def _withheld(name: str, n: int, n_sale: int, rule: Rule, sale: str | None) -> Estimate:
    """No gain: nothing to compare with, or too few answers on either side."""
    more = {"unit": "pp", "group": name, "conf_level": rule.level}
    if sale is None:
        return refusal(GAIN, reason=Text("没有在售产品的回答可以对照。", "No product on sale was asked about, so there is nothing to compare with."),
                       needs=Text("同一份问卷里加一款在售产品。", "A product on sale in the same questionnaire."), **more)
    short = say("至少 {k} 份回答才比较。", "At least {k} answers before anything is compared.", k=rule.fewest)
    if n_sale < rule.fewest:
        few = Text("在售产品的回答太少，没有对照。", "Too few answers about the product on sale for a comparison.")
        return refusal(GAIN, reason=few, needs=short, **more)
    return refusal(GAIN, reason=Text("回答太少。", "Too few answers."), needs=short, n=n if n >= SMALL else None, **more)
