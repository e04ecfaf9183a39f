"""What are customers talking about, and what is new? Topics with a name, how stable each is, where its people are, and an emerging list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.progress import Progress
from voclib.results import Check, Estimate, Study, Text, Verdict, refusal
from voclib.schema import dates
from voclib.studies import repeats
from voclib.studies.topics import captions, heard, holds, pages, refusals
from voclib.studies.topics import checks as topic_checks
from voclib.studies.topics import subjects as topic_subjects
from voclib.studies.topics import tables as topic_tables
from voclib.studies.topics import text as words
from voclib.studies.topics.heard import by_channel, facts, steps, voices
from voclib.text import aspects, emerging, engines, themes
from voclib.text import topics as modelling
from voclib.text.profanity import masked

__all__ = ["Talk", "against_truth", "by_channel", "facts", "steps", "study", "voices"]
Tables = Mapping[str, pd.DataFrame]
CARDS, WORDINGS, GROUPS = 8, 2, 10  # complaint topics told in full, verbatims of each, groups of complaints alike


@dataclass(frozen=True)
class Talk:
    """What the page shows. `topics` has one row a topic in numbers (`topic_tables.summary`); of `frames`, `cards`, `places`,
    `verbatims`, `emerging`, `alike`, `joined`, `unlinked`, `loose` and `moved` are in words, `trend` and `days` for charts; any may be empty, and
    `notes` says why. `kept` are the voices, with `topic` and `near`. `is_told` is false where there are too few texts; then there is no model."""

    study: Study
    is_told: bool
    model: modelling.TopicModel | None
    kept: pd.DataFrame
    topics: pd.DataFrame
    curve: pd.DataFrame
    subjects: tuple[Estimate, ...]
    beside: Mapping[str, Estimate]
    frames: Mapping[str, pd.DataFrame]
    watch: emerging.Watch | None
    notes: Mapping[str, Text]
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the page was asked for."""

    budget: float
    show_verbatims: bool
    conf_level: float
    seed: int
    timezone: str


def study(tables: Tables, *, dictionary: str = "", train_until: str = "", watch_weeks: int = 8, budget: float = 1.0,
          granularity: float | str = "auto", min_size: int = 10, layout: modelling.Layout = "graph", engine: str = "cpu",
          show_verbatims: bool = True, conf_level: float = 0.95, seed: int = 0, timezone: str = "",
          progress: Progress | None = None) -> Talk:
    """Fit topics to the voices up to a day, place the later ones, watch for what is new, and say which complaints are large and where they come from.

    `dictionary` is the file of themes (`voclib.text.aspects`), "" for none; `train_until` the last day of the fit, "" for all but the last
    `watch_weeks` weeks; `budget` false alarms a year; `granularity` a number, or "auto" for the one that resamples choose; `engine` a name
    of `voclib.text.engines`.

    Raises
    ------
    DataError, ParameterError, VocError
        as in `topic_voices`, `voclib.text.engines.engine`, `voclib.text.topics.fit_topics`, `voclib.text.aspects.load` and
        `voclib.text.emerging.watch`.
    """
    timezone = dates.zone(tables, timezone)
    kept = voices(tables, timezone=timezone)
    until = heard.last_day(kept, train_until, watch_weeks)
    fitted = ~(kept["day"] > until).to_numpy(dtype=bool)
    found = refusals.counted(kept, fitted)
    asked = Settings(budget=budget, show_verbatims=show_verbatims, conf_level=conf_level, seed=seed, timezone=timezone)
    if not found.are_enough(topic_checks.ENOUGH):
        return _refused(kept, found, refusals.few(found, topic_checks.ENOUGH), seed)
    settings = {"engine": holds.Remembering(engines.engine(engine)), "granularity": _granularity(granularity), "layout": layout}
    try:
        model = modelling.fit_topics(kept.loc[fitted, "legible"].tolist(), **settings, min_size=min_size, seed=seed, progress=progress)
    except DataError:  # texts that are enough have too few runs of letters in common to be told apart by
        return _refused(kept, found, refusals.unshared(found), seed)
    if not model.topics():
        return _refused(kept, found, refusals.few(found, topic_checks.ENOUGH), seed)
    book = aspects.load(dictionary) if dictionary else None
    return _told(tables=tables, kept=heard.placed(kept, model, fitted), model=model,
                 book=book if book is not None and book.ids("aspect") else None, until=until, asked=asked, progress=progress)


def _granularity(given: float | str) -> Any:
    """A number, or "auto"; ParameterError for other words."""
    try:
        return given if given == "auto" else float(given)
    except ValueError:
        raise ParameterError(f"granularity is 'auto' or a number above 0, not '{given}'.") from None


def _themes(kept: pd.DataFrame, model: modelling.TopicModel, book: aspects.Dictionary | None, found: pd.DataFrame | None) -> dict[int, str]:
    """The theme of each topic, "" for none; empty without a dictionary, or where a language has no topics."""
    if book is None or not all(part.topics for part in model.parts):
        return {}
    table = themes.join(model, book, forms=kept["legible"].tolist(), found=found).table
    return dict(zip(table["topic"].tolist(), table["theme"].tolist(), strict=True))


def _told(*, tables: Tables, kept: pd.DataFrame, model: modelling.TopicModel, book: aspects.Dictionary | None, until: pd.Timestamp,
          asked: Settings, progress: Progress | None) -> Talk:
    """Everything of the page from the model and the placed voices."""
    found = aspects.mentions(kept["legible"].tolist(), book) if book is not None else None
    held, level, theme = holds.hold(model), asked.conf_level, _themes(kept, model, book, found)
    names = {id: book.name(id) for id in sorted(set(theme.values()) - {""})} if book is not None else {}
    topics = topic_tables.summary(kept, model, held.stability, theme, conf_level=level)
    topics = topics.assign(name=topics["name"].map(masked))
    kept = kept.assign(theme=kept["topic"].map(theme).fillna(""))
    watched = kept["legible"].mask(heard.newcomers(kept, until), None).tolist()
    watch = emerging.watch(watched, kept["when"], model=model, authors=kept["person"].tolist(), since=until + pd.Timedelta(days=1),
                           budget=asked.budget, timezone=asked.timezone, progress=progress)
    lead = topic_subjects.subjects(kept, topics, book, found, tables.get("gold_labels"), conf_level=level)
    if isinstance(lead, Estimate):
        return _untold(kept, lead, asked.seed)
    worse = topics[topics["tone"].eq("worse")]
    chosen = worse if len(worse) else topics[topics["known"] > 0]
    chosen = chosen.sort_values(["complaints", "topic"], ascending=[False, True], kind="stable").head(CARDS)
    inside = [kept["topic"].eq(number) for number in chosen["topic"]]
    spreads = {column: topic_tables.places_of(kept, inside, column, conf_level=level, seed=asked.seed) for column in ("dealer", "region", "model")}
    groups = topic_tables.telling(topic_tables.alike(kept, model, held.near), most=GROUPS)
    frames = {
        "map": pages.bubbles(topics, names), "cards": pages.cards(kept, chosen, names, conf_level=level),
        "places": pages.places(kept, chosen, names, spreads),
        "verbatims": pages.verbatims(kept, model, chosen, names, most=WORDINGS if asked.show_verbatims else 0),
        "emerging": pages.emerging(watch, model), "fresh": pages.fresh(kept, watch, most=WORDINGS if asked.show_verbatims else 0),
        "days": pages.days(kept, watch, until),
        "alike": pages.alike(kept, groups, names, topics, show_verbatims=asked.show_verbatims),
        "trend": topic_subjects.course(kept, lead, conf_level=level),
        "joined": pages.joined(topics, names), "unlinked": pages.unlinked(topics), "loose": pages.loose(topics, names)}
    walk = topic_checks.refit(kept, model) if (kept["day"] > until).any() else None
    frames["moved"] = pd.DataFrame() if walk is None else words.moved(walk, dict(zip(topics["topic"], topics["voices"], strict=True)))
    checks = (*topic_checks.checks(kept=kept, model=model, found=topics, held=held, lead=lead, watch=watch, tables=tables, until=until),
              repeats.check(tables, kept["response_id"], asked.timezone))
    finding = _finding(kept, topics, lead, watch, checks, until, asked)
    titles = captions.captions(kept=kept, topics=topics, names=names, lead=lead, watch=watch, held=held, frames=frames, walk=walk, until=until,
                               conf_level=level)
    return Talk(finding, True, model, kept, topics, held.curve, lead.shares, lead.beside, frames, watch,
                words.notes(watch, lead.change, asked.show_verbatims), titles)


def _finding(kept: pd.DataFrame, topics: pd.DataFrame, lead: topic_subjects.Subjects, watch: emerging.Watch, checks: tuple[Check, ...],
             until: pd.Timestamp, asked: Settings) -> Study:
    """The Study: never better than with a caveat, as topics are an ordering of what was said, found by a machine."""
    fresh = [theme for theme in watch.themes if theme.kind == "new"]
    counted = Estimate(estimand="new_themes", kind="count", unit="count", value=float(len(fresh)), n=watch.voices, ci_method="false-alarm budget")
    inside = lead.said[lead.first] & (kept["own"].eq("negative") | (not lead.is_complaint))
    where, cars = (topic_tables.places_of(kept, [inside], column, conf_level=asked.conf_level, seed=asked.seed)[0] for column in ("dealer", "model"))
    weeks = 0 if pd.isna(until) else round((kept["day"].max() - until).days / 7)
    regions, share = int(kept.loc[inside, "region"].nunique()), lead.shares[0]
    verdict = Verdict.worst([Verdict.REPORT_WITH_CAVEAT, share.verdict])
    return Study(
        question=words.QUESTION, kicker=words.kicker(kept, topics), answer=words.answer(lead, fresh, watch, weeks, regions),
        headline=(share.with_(verdict=verdict, group=""), *([counted] if watch.refusal is None else [])),
        naive=lead.beside[lead.first] if lead.labelled else None, verdict=verdict, checks=checks,
        caveat=words.caveat(topics, is_worded=lead.is_worded, labelled=lead.labelled),
        decision=words.decision(lead.name, where, cars, fresh), limits=words.LIMITS, reader="product", seed=asked.seed,
        evidence={"topics": len(topics), "stable": int(topics["is_stable"].sum()), "new": [masked(t.name) for t in fresh],
                  "evenings": watch.evenings})


def _refused(kept: pd.DataFrame, found: refusals.Wordings, why: refusals.Reason, seed: int) -> Talk:
    """No topics: how many texts there are, what is missing, and empty frames."""
    reason, needs = why
    missing = refusal("complaint_share", unit="share", reason=reason, needs=needs)
    return _untold(kept, missing, seed, (topic_checks.enough(found.decisive(topic_checks.ENOUGH)),))


def _untold(kept: pd.DataFrame, missing: Estimate, seed: int, checks: tuple[Check, ...] = ()) -> Talk:
    """The page that says why there is no answer and what it takes, with empty frames."""
    reason, needs = missing.reason or words.NO_TOPIC, missing.needs or words.OTHER_GRAIN
    finding = Study(question=words.QUESTION, kicker=words.KICKER, answer=reason, headline=(missing.with_(seed=seed),),
                    verdict=Verdict.REFUSE, caveat=words.NO_MODEL, decision=needs, limits=words.LIMITS, reader="product", seed=seed, checks=checks)
    empty = pd.DataFrame()
    return Talk(finding, False, None, kept, empty, empty, (), {}, {}, None, words.refused(reason), {})


def against_truth(result: Talk, truth: Mapping[str, Any]) -> pd.DataFrame:
    """The planted emerging theme against the list, where the truth tells of one: what was planted, whether and when it was found; else no rows."""
    planted = truth.get("outbreak")
    if not planted or result.watch is None:
        return pd.DataFrame(columns=list(words.TRUTH_COLUMNS))
    return pages.truth(result.watch, planted)
