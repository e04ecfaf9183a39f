"""What do customers say, and how do they feel about it? Sentiment learned from their marks, aspects from a dictionary, both corrected for error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from voclib.progress import Progress
from voclib.results import Check, Estimate, Ladder, Study, Text, refusal
from voclib.studies import repeats
from voclib.studies.sentiment_aspects import aspect_shares, heard, sentiment_shares
from voclib.studies.sentiment_aspects import captions as shown
from voclib.studies.sentiment_aspects import text as words
from voclib.studies.survivorship import customer_topics_text
from voclib.text import aspects, rules

Tables = Mapping[str, pd.DataFrame]
FITS = 0.5  # share of negative voices that name an aspect, below which a dictionary was made for other customers
MIN_ALPHA = 0.667  # Krippendorff 2004, Content Analysis, §11.4: below this labels bear no conclusion
MAX_ERROR = 0.03  # calibration error above which a probability is not to be quoted
LONGEST_WORD = 11  # signs of a telling word where pages carry no source text
FEW_ELSEWHERE = 0.05  # share of voices in other languages up to which what is read stands for all
TOP = 3  # aspects whose voices are shown


@dataclass(frozen=True)
class SentimentAspects:
    """What the page shows; a frame is empty where the data do not carry it.

    `trend`: one row a period and class; `channels`: corrected shares of negative voices, `counted`: those as read; `topics`: one row an aspect that
    people checked, most complaints first; `feelings`: one row an aspect found; `pairs`: model and feature; `classes`: of rules, the unclaimed last;
    `quality`, `calibration`, `telling`: of the reading; `verbatims`: empty unless asked for; `notes`: what is said in place of an empty figure.
    """

    study: Study
    ladder: Ladder
    trend: pd.DataFrame
    channels: tuple[Estimate, ...]
    counted: Mapping[str, Estimate]
    topics: pd.DataFrame
    feelings: pd.DataFrame
    pairs: pd.DataFrame
    classes: pd.DataFrame
    quality: pd.DataFrame
    calibration: pd.DataFrame
    telling: pd.DataFrame
    verbatims: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]
    notes: Mapping[str, Text]


def study(tables: Tables, kept: pd.DataFrame, *, dictionary: str | Path, classes: str | Path, show_verbatims: bool = False, conf_level: float = 0.95,
          seed: int = 0, progress: Progress | None = None) -> SentimentAspects:
    """Everything the page says of the voices `kept` (`sentiment_voices.voices`); `dictionary` and `classes` are files that people edit.

    Without 200 voices that carry a mark the headline is a refusal; without 200 voices labelled by people aspects are counts of what the dictionary
    finds. Weights are used where the column says anything. Without any voice in words the whole page is a refusal.

    Raises
    ------
    ParameterError
        as `voclib.text.aspects.load` and `voclib.text.rules.load`.
    """
    terms = aspects.load(dictionary)
    given = rules.load(classes, dictionary=terms)
    if kept.empty:
        return _withheld(*words.no_text(kept.attrs.get("elsewhere", 0)), conf_level, seed)
    voices, model = heard.read(kept, seed=seed, progress=progress)
    ladder = sentiment_shares.ladder(voices, (model.by_lexicon == "negative").astype(float), conf_level=conf_level)
    channels, counted = sentiment_shares.by_channel(voices, conf_level=conf_level)
    found = aspect_shares.find(voices, terms, read=model.read)
    audited = aspect_shares.audit(voices, found, tables.get("gold_labels"), conf_level=conf_level, seed=seed)
    covered = aspect_shares.covered(voices, found)
    is_fitting = audited is not None or covered is None or covered >= FITS
    if not is_fitting:  # words that happen to match: a dashboard of figures is no interior
        found = aspect_shares.nothing(found)
    topics = pd.DataFrame() if audited is None else shown.topics(audited, terms, conf_level)
    claims = aspect_shares.classes(voices, given, found)
    by_language = model.quality(conf_level=conf_level)
    parts = {"trend": sentiment_shares.trend(voices, conf_level=conf_level), "topics": topics, "pairs": found.pairs,
             "feelings": aspect_shares.feelings(voices, found, conf_level=conf_level), "classes": shown.classes(claims, given),
             "quality": shown.quality(by_language, model.quality(by=voices["channel"], conf_level=conf_level))}
    parts["feelings"] = parts["feelings"].assign(topic=[terms.name(i) for i in parts["feelings"]["id"]])
    elsewhere = kept.attrs.get("elsewhere", 0)
    checks = (*_checks(voices, ladder, by_language), *([words.elsewhere(elsewhere, len(voices), FEW_ELSEWHERE)] if elsewhere else []),
              *_aspect_checks(voices, audited, claims, terms, covered),
              repeats.check(tables, voices["response_id"]))
    finding = _finding(voices, ladder, topics, checks, found, claims, given, conf_level=conf_level, seed=seed)
    worst = list(topics["key"] if len(topics) else shown.leading(parts["feelings"])["id"])[:TOP]
    read = aspect_shares.verbatims(voices, found, worst) if show_verbatims else pd.DataFrame()
    telling = {name: model.words(name, 12) for name, how in model.languages.items() if how == "learned"}
    return SentimentAspects(
        study=finding, ladder=ladder, channels=channels, counted=counted, calibration=sentiment_shares.reliability(voices, conf_level=conf_level),
        telling=shown.word_table(telling, longest=99 if show_verbatims else LONGEST_WORD), captions=shown.make(
            ladder=ladder, dictionary=terms, is_fitting=is_fitting, conf_level=conf_level, channels=channels, **parts),
        verbatims=shown.verbatims(read, terms) if len(read) else read, notes=words.notes(), **parts)


def _withheld(reason: Text, needs: Text, conf_level: float, seed: int) -> SentimentAspects:
    """Nothing is written: the reason, what would help, and empty frames."""
    chosen = refusal(sentiment_shares.ESTIMAND, unit="share", rung="corrected", reason=reason, needs=needs, seed=seed)
    ladder, none = Ladder(chosen.estimand, (chosen,), chosen="corrected"), pd.DataFrame()
    finding = Study(
        question=words.QUESTION, kicker=words.kicker(0, "–"), answer=words.answer(ladder, None, None, None, 0), headline=(chosen,),
        verdict=chosen.verdict, ladders=(ladder,), checks=(words.has_text(reason, needs),), caveat=words.NO_WORDS,
        decision=words.decision(chosen, ()), limits=words.LIMITS, reader="product", seed=seed)
    return SentimentAspects(
        study=finding, ladder=ladder, trend=pd.DataFrame({"estimate": []}), channels=(), counted={}, topics=none,
        feelings=pd.DataFrame({"id": [], "n": [], "low": []}), pairs=none, classes=none, quality=none, calibration=none, telling=none,
        verbatims=none, captions=shown.withheld(ladder, conf_level), notes=words.notes(reason))


def _checks(voices: pd.DataFrame, ladder: Ladder, quality: pd.DataFrame) -> tuple[Check, ...]:
    """What the reading of sentiment must pass."""
    read = voices[voices["own"].notna()], voices[voices["own"].isna() & voices["tag"].notna()]
    tags = () if not len(read[1]) else (words.tags_agree(float((read[0]["read"] == read[0]["own"]).mean()),
                                                         float((read[1]["read"] == read[1]["tag"]).mean()), len(read[1])),)
    poor = [shown.LANGUAGES[name] for name in shown.LANGUAGES
            if (voices["written"].eq(name) & voices["source"].eq("lexicon")).sum() > 0.5 * max(int(voices["written"].eq(name).sum()), 1)]
    spoken = [name for key, name in shown.LANGUAGES.items() if voices["written"].eq(key).any()]
    judged = quality[quality["n"] >= sentiment_shares.THIN]  # three marks read right are chance, not a language read well
    return (words.enough_marks(len(read[0]), len(voices), heard.ENOUGH),
            words.every_channel_marked(voices, sentiment_shares.THIN, shown.pool_text.CHANNELS),
            words.every_language_marked(sentiment_shares.lacking(voices), shown.LANGUAGES), words.calibrated(judged, MAX_ERROR),
            words.beats_naive(judged), words.learned(poor, spoken), words.readers_agree(ladder), *tags)


def _aspect_checks(voices: pd.DataFrame, audited: aspect_shares.Audited | None, claims: pd.DataFrame, terms: aspects.Dictionary,
                   covered: float | None) -> tuple[Check, ...]:
    """What stands behind the shares of aspects."""
    rest = words.uncovered(float(claims.loc[claims["id"].eq(""), "share"].sum()))
    if audited is None:
        return (*([] if covered is None else [words.dictionary_fits(covered, FITS)]), words.no_audit(), rest)
    silent = sorted(set(voices["channel"]) - set(audited.channels))
    known = set(terms.ids("aspect"))
    return (customer_topics_text.gold_check(audited.n_labelled, heard.ENOUGH),
            customer_topics_text.agreement_check(audited.agreement, MIN_ALPHA),
            words.not_labelled([terms.name(i) for i in audited.left_out if i in known], [i for i in audited.left_out if i not in known],
                               aspect_shares.MIN_TOPIC),
            words.not_audited(audited.n_voices, len(voices), audited.n_labelled, [shown.channel(c) for c in silent]), rest)


def _finding(voices: pd.DataFrame, ladder: Ladder, topics: pd.DataFrame, checks: tuple[Check, ...], found: aspect_shares.Found, claims: pd.DataFrame,
             given: rules.Rules, *, conf_level: float, seed: int) -> Study:
    """The Study: a caveat as long as voices without a mark are taken to be read as well as those with one."""
    chosen = ladder[ladder.chosen]
    periods = sorted(voices["period"].dropna().unique())
    change = sentiment_shares.change(voices, conf_level=conf_level) if chosen.kind == "estimate" else None
    spoken, worst, tied, first = None, None, 0, []
    if len(topics):
        most = topics.loc[topics["value"].idxmax()]
        spoken, worst, tied = (most["topic"], most["said"]), (topics["topic"].iloc[0], topics["bad"].iloc[0]), int(topics["worst"].iloc[0]) - 1
        first = [(row.topic, _owner(row.key, found, claims, given)) for row in topics.head(min(TOP, 1 + tied)).itertuples()]
    more = () if worst is None else (worst[1].with_(seed=seed),)
    return Study(
        question=words.QUESTION, kicker=words.kicker(len(voices), f"{periods[0]}–{periods[-1]}" if periods else "–"),
        answer=words.answer(ladder, change, spoken, worst, tied), headline=(chosen.with_(seed=seed), *more), verdict=chosen.verdict,
        naive=ladder["counted"] if chosen.kind == "estimate" else None, ladders=(ladder,), checks=checks,
        caveat=words.caveat(ladder, int(voices["own"].isna().sum()), len(voices)),
        decision=words.decision(chosen, first), limits=words.LIMITS, reader="product", seed=seed)


def _owner(aspect: str, found: aspect_shares.Found, claims: pd.DataFrame, given: rules.Rules) -> Text | None:
    """The department whose class most voices on an aspect belong to; None where no rule claims them."""
    main = claims.attrs["main"][found.spoken[aspect].to_numpy()]
    counts = pd.Series(main[main != ""], dtype=object).value_counts()
    return given.owner(sorted(counts.index, key=lambda one: (-counts[one], one))[0]) if len(counts) else None


def against_truth(result: SentimentAspects, truth: Mapping[str, Any]) -> pd.DataFrame:
    """Corrected shares of aspects beside what was planted; empty where nothing was planted or nothing corrected."""
    planted = truth.get("topics", {}).get("by_topic", {})
    return shown.truth(result.topics, planted) if len(result.topics) else pd.DataFrame()
