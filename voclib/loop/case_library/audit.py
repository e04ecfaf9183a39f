"""The audit of a library: what every card may say, which are withheld, and what three attackers find of the originals and of the cards.

`week` knows a person's dealer, model and the day give or take some; `complaint` also knows what the person complained about; `words` holds the public
channels and compares verbatims.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop import compliance
from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import verbatims
from voclib.loop.case_library.people import People
from voclib.loop.case_library.rule import Rule
from voclib.privacy.redaction import language_of
from voclib.results import Estimate, Text, refusal
from voclib.stats import disclosure
from voclib.stats.gates import Gates

Tables = Mapping[str, pd.DataFrame]
FOUND, WORDS_FOUND = "people_found", "words_found"
ATTACKS = ("week", "complaint", "words")
NO_TEXT = Text("没有原话，没有可比对的。", "There are no customer's words to compare.")
NEEDS_TEXT = Text("带原话的工单。", "Cases that carry the customer's words.")
NO_PUBLIC = Text("没有公开渠道的声音可比。", "There are no public voices to compare with.")
NEEDS_PUBLIC = Text("公开渠道的帖子和评论。", "Posts and reviews from public channels.")


@dataclass(frozen=True)
class Audit:
    """`cards`: the cases drawn, each with what its card says; `before` and `after`: attack → Estimate, of originals and of cards released
    (a refusal for `words` where there is no text, or no public voice to compare it with).

    Added to `cards`: `level` (number in the rule, −1: withheld), `alike` (matching customers by what the card says, topic included; of those listed),
    `sure` (how many there are at least, where the list holds a part), `crowd` (topic
    left out), `was` and `was_topic` (matching customers by dealer, model and week, and by the topic too), `words` (None if not shown), `kept`
    (why not: "", hidden, empty, public, near, name, few), `generalised` (tuple of kinds). `left`: identifiers that a second redaction found, by kind.
    `naive`: counted among cases alone. `filed`: customers with a closed case who share all that each card released says, grade and outcome too.
    """

    cards: pd.DataFrame
    before: Mapping[str, Estimate]
    after: Mapping[str, Estimate]
    naive: Estimate
    left: Mapping[str, int]
    names: int
    candidates: int
    public_n: int
    fraction: float
    filed: np.ndarray

    @property
    def insider(self) -> float:
        """How often a reader who knows who opened a case, and how it ended, rightly names the customer of a card (0–1); NaN without cards."""
        return float((1 / self.filed).mean()) if len(self.filed) else float("nan")

    @property
    def released(self) -> pd.DataFrame:
        """The cards that may be taught from."""
        return self.cards[self.cards["level"].ge(0)]

    @property
    def texts(self) -> int:
        """How many of the cases drawn have words at all."""
        return int(spoken(self.cards["description"]).sum())

    def alone(self, column: str, *, released: bool = False) -> int:
        """How many cases have nobody that matches."""
        return int((self.released if released else self.cards)[column].eq(1).sum())


def run(
    chosen: pd.DataFrame,
    every: pd.DataFrame,
    tables: Tables,
    people: People,
    rule: Rule,
    *,
    fraction: float,
    show_words: bool,
    conf_level: float,
    gates: Gates,
) -> Audit:
    """Generalise, withhold and attack the cases `chosen`; `every` closed case stands behind the naive count.

    Fewer than two cards released leave `after` empty.
    """
    said, left = verbatims.clean(chosen["description"], verbatims.known(tables))
    pool = verbatims.public(tables, rule)
    cards = _words(_levelled(chosen, people, rule, fraction), said, pool, people, rule, fraction=fraction, show_words=show_words)
    cards = cards.assign(was=crowd.near(people, cards, days_off=rule.days), was_topic=crowd.near(people, cards, days_off=rule.days, with_topic=True))
    options = {"fraction": fraction, "conf_level": conf_level}
    before, out = _attacks(cards, ("was", "was_topic"), gates, **options), cards[cards["level"].ge(0)]
    texts, own = chosen["description"].tolist(), chosen["response_id"].tolist()
    before["words"] = _looked_up(verbatims.linked(texts, own, pool, at=rule.alike), spoken(chosen["description"]), pool, conf_level)
    after = _released(out, gates, tried=len(cards) * len(rule.levels), **options) if len(out) > 1 else {}
    if len(out) > 1:
        links = verbatims.linked(out["words"].tolist(), out["response_id"].tolist(), pool, at=rule.alike)
        after["words"] = _looked_up(links, out["words"].notna(), pool, conf_level)
    among = crowd.among_cases(every, days_off=rule.days)[np.flatnonzero(every["case_id"].isin(chosen["case_id"]))]
    naive = disclosure.found(among - 1, estimand=FOUND, rung="cases", conf_level=conf_level)
    return Audit(cards, before, after, naive, left, int(said.found["name"].sum()), int(said.candidates.sum()), len(pool), fraction,
                 crowd.filed(out, every, rule.levels))


def _levelled(chosen: pd.DataFrame, people: People, rule: Rule, fraction: float) -> pd.DataFrame:
    """The first level of the rule at which enough customers match."""
    level, alike, sure = np.full(len(chosen), -1), *np.zeros((2, len(chosen)), dtype=np.int64)
    for number, one in enumerate(rule.levels):
        seen = crowd.alike(people, chosen, one, with_topic=True)
        open_ = level < 0
        alike[open_], sure[open_] = seen[open_], _sure(seen, fraction)[open_]
        level[open_ & (sure >= rule.k)] = number
    return chosen.assign(level=level, alike=alike, sure=sure, crowd=_each(people, chosen, rule, level, with_topic=False))


def _sure(seen: np.ndarray, fraction: float) -> np.ndarray:
    """Matching customers in the whole base at least, where the list holds a part of it."""
    return 1 + disclosure.at_least(np.asarray(seen) - 1, fraction=fraction)


def _each(people: People, cards: pd.DataFrame, rule: Rule, level: np.ndarray, **options: bool) -> np.ndarray:
    """Matching customers at the level of each card; at the last level where none is released."""
    made = np.ones(len(cards), dtype=np.int64)
    for number in np.unique(level):
        mine = level == number
        made[mine] = crowd.alike(people, cards[mine], rule.levels[number], **options)
    return made


def _words(
    cards: pd.DataFrame, said: verbatims.Generalised, pool: pd.DataFrame, people: People, rule: Rule, *, fraction: float, show_words: bool
) -> pd.DataFrame:
    """Words of each card, where they may stand there, and why not."""
    texts = said.texts.where(said.texts.notna(), "")
    spoken = cards.assign(language=[language_of(text) for text in texts])
    few = _sure(_each(people, spoken, rule, cards["level"].to_numpy(), with_topic=True, with_language=True), fraction) < rule.k
    close = verbatims.near(texts.tolist(), pool, at=rule.careful)
    reasons = {
        "hidden": np.full(len(cards), not show_words),
        "empty": texts.str.strip().eq("").to_numpy(),
        "public": cards["response_id"].isin(pool["response_id"]).to_numpy(),
        "near": (close > 0) & (close < rule.k),
        "name": said.candidates.gt(0).to_numpy(),
        "few": few | cards["level"].lt(0).to_numpy(),
    }
    kept = np.select(list(reasons.values()), list(reasons), "").astype(object)
    kinds = [tuple(kind for kind in said.found.columns if row[kind]) for _, row in said.found.iterrows()]
    return cards.assign(
        kept=kept,
        words=[verbatims.shown(text) if why == "" else None for text, why in zip(texts, kept, strict=True)],
        generalised=[row if why == "" else () for row, why in zip(kinds, kept, strict=True)],
    )


def _attacks(cards: pd.DataFrame, columns: tuple[str, str], gates: Gates, *, fraction: float, conf_level: float) -> dict[str, Estimate]:
    """What the two who know people find, dealers as clusters where there are enough."""
    cards, by = compliance.clustered(cards, "unit_id", gates)
    return {
        name: disclosure.found(
            cards[column].to_numpy() - 1,
            fraction=fraction,
            estimand=FOUND,
            conf_level=conf_level,
            group=name,
            cluster=None if by is None else cards[by].to_numpy(),
        )
        for name, column in zip(ATTACKS, columns, strict=False)
    }


def _released(out: pd.DataFrame, gates: Gates, *, tried: int, fraction: float, conf_level: float) -> dict[str, Estimate]:
    """The same of cards. They are released because enough customers are seen to match, so a part of the list would give too low a mean: bounds."""
    if fraction == 1:
        return _attacks(out, ("crowd", "alike"), gates, fraction=fraction, conf_level=conf_level)
    return {name: disclosure.found_of_chosen(out[column].to_numpy() - 1, tried=tried, fraction=fraction, estimand=FOUND, conf_level=conf_level,
                                             group=name) for name, column in zip(ATTACKS, ("crowd", "alike"), strict=False)}


def spoken(texts: pd.Series) -> pd.Series:
    """Which texts say anything."""
    return texts.notna() & texts.astype("string").str.strip().ne("")


def _looked_up(links: verbatims.Links, has_words: pd.Series, pool: pd.DataFrame, conf_level: float) -> Estimate:
    """Of all texts those that exactly one public voice is rightly found for; a refusal where nothing could be looked up, since 0 of 0 is no share."""
    n = int(has_words.sum())
    if n and len(pool):
        return disclosure.exact(links.hits, n, estimand=WORDS_FOUND, conf_level=conf_level, group="words")
    reason, needs = (NO_TEXT, NEEDS_TEXT) if n == 0 else (NO_PUBLIC, NEEDS_PUBLIC)
    return refusal(WORDS_FOUND, unit="share", reason=reason, needs=needs, group="words")
