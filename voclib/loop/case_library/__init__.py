"""Which customer stories can be used for training without revealing the customer? A library drawn by rule, rewritten, and attacked before release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.loop.case_library import audit as auditing
from voclib.loop.case_library import captions as shown
from voclib.loop.case_library import checks as checked
from voclib.loop.case_library import choice, verbatims
from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import tables as laid
from voclib.loop.case_library import text as words
from voclib.loop.case_library import truth as known
from voclib.loop.case_library.audit import Audit
from voclib.loop.case_library.people import People
from voclib.loop.case_library.rule import Rule
from voclib.results import Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.stats import gates as gating
from voclib.stats.gates import Gates

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class CaseLibrary:
    """What the page shows; `audit` and `ladder` are None, and frames empty, where no library is released.

    `cards` has one row a card, `words` those of them that carry words; `sheet`, `sizes`, `shares`, `levels`, `reasons` and `generalised` are for
    tables. `found` are all cases with the step at which each is left out.
    """

    study: Study
    found: pd.DataFrame
    audit: Audit | None
    ladder: Ladder | None
    cards: pd.DataFrame
    words: pd.DataFrame
    sheet: pd.DataFrame
    sizes: pd.DataFrame
    shares: pd.DataFrame
    levels: pd.DataFrame
    reasons: pd.DataFrame
    generalised: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Scene:
    """What every part of the study shares."""

    tables: Tables
    rule: Rule
    found: pd.DataFrame
    people: People
    chosen: pd.DataFrame
    seed: int

    @property
    def able(self) -> pd.DataFrame:
        return self.found[self.found["step"].eq("")].sort_values("case_id", ignore_index=True)


def facts(tables: Tables, rule: Rule) -> dict[Text, int]:
    """Counts that open the page."""
    found = choice.prepared(tables, rule)
    able = found[found["step"].eq("")]
    return {
        Text("张工单", "cases"): len(found),
        Text("张已关闭", "closed"): int(found["resolved_at"].notna().sum()),
        Text("种情形可挑", "kinds to draw from"): int(able["cell"].nunique()),
        Text("位客户", "customers"): len(tables["customers"]),
    }


def study(
    tables: Tables,
    rule: Rule,
    *,
    topics: Mapping[str, Text] | None = None,
    departments: Mapping[str, Text] | None = None,
    population: int = 0,
    show_verbatims: bool = False,
    conf_level: float = 0.95,
    gates: Gates | None = None,
    seed: int = 0,
) -> CaseLibrary:
    """The library under `rule`, its cards and its audit; a refusal where kinds are too few, or too few cards have matching customers.

    `topics` and `departments` name what stands in the tables. `population`: customers there are, where the list holds only a part of them drawn by
    chance (0: the list is complete). Without `show_verbatims` no card carries words.

    Raises
    ------
    DataError
        as `case_library_choice.prepared`.
    ParameterError
        for a population smaller than the list.
    """
    found = choice.prepared(tables, rule)
    rule = rule if found["region"].notna().any() else rule.without_regions()
    listed = tables["customers"]["customer_id"].nunique()
    if population and population < listed:
        raise ParameterError(f"population is {population:,}, fewer than the {listed:,} customers on the list; leave it 0 where the list is complete.")
    chosen = choice.draw(found, rule, seed=seed).reset_index(drop=True)
    cells = int(found.loc[found["step"].eq(""), "cell"].nunique())
    if cells < rule.least_cells:
        return _nothing(found, *words.refused(cells, rule, int(found["step"].eq("").sum())), seed=seed)
    people = crowd.gather(tables, found, rule)
    scene = _Scene(tables, rule, found, people, chosen, seed)
    every = found[found["resolved_at"].notna() & found["customer_id"].notna()].reset_index(drop=True)
    audit = auditing.run(
        chosen,
        every,
        tables,
        people,
        rule,
        fraction=listed / population if population else 1.0,
        show_words=show_verbatims,
        conf_level=conf_level,
        gates=gates or gating.load(),
    )
    if len(audit.released) < rule.least_cells:
        return _nothing(found, *words.none_released(audit, rule), seed=seed)
    return _made(scene, audit, topics or {}, departments or {})


def _nothing(found: pd.DataFrame, reason: Text, needs: Text, *, seed: int) -> CaseLibrary:
    """The refusal, and nothing drawn."""
    held = refusal(auditing.FOUND, unit="share", reason=reason, needs=needs)
    finding = Study(
        question=words.QUESTION,
        kicker=words.kicker(len(found)),
        answer=reason,
        headline=(held,),
        caveat=words.caveat(True),
        decision=needs,
        verdict=Verdict.REFUSE,
        limits=words.LIMITS,
        reader="region",
        seed=seed,
    )
    empty = pd.DataFrame()
    return CaseLibrary(finding, found, None, None, *[empty] * 8, captions={})


def _made(scene: _Scene, audit: Audit, topics: Mapping[str, Text], departments: Mapping[str, Text]) -> CaseLibrary:
    """Everything the page shows of a library that is released."""
    rule, ladder = scene.rule, _ladder(audit)
    cards = laid.cards(audit, rule, topics, departments)
    shares = choice.shares(scene.found, audit.released)
    late = shares[shares["by"].eq("outcome") & shares["value"].eq("late")]
    counts = late.iloc[0] if len(late) else pd.Series({"cards": 0.0, "cases": 0.0})
    said = verbatims.clean(scene.chosen["description"], verbatims.known(scene.tables))[0]
    texts = scene.able["description"]
    links = verbatims.linked(texts.tolist(), scene.able["response_id"].tolist(), verbatims.public(scene.tables, rule), at=rule.alike)
    made = checked.checks(audit, scene.people, rule, _others(scene), counts, (links.hits, int(auditing.spoken(texts).sum())))
    return CaseLibrary(
        study=_finding(scene, audit, ladder, made),
        found=scene.found,
        audit=audit,
        ladder=ladder,
        cards=cards,
        words=cards[cards["words"].map(lambda one: isinstance(one, str))].reset_index(drop=True),
        sheet=laid.sheet(audit),
        sizes=laid.sizes(audit),
        shares=laid.side_by_side(shares, topics),
        levels=laid.levels(audit, rule),
        reasons=laid.reasons(audit),
        generalised=laid.generalised(said.found),
        captions=shown.captions(audit, rule, ladder, cards),
    )


def _ladder(audit: Audit) -> Ladder:
    """Among cases alone → among customers → for one who knows the complaint too → the same reader before the card: one thing changes at a time."""
    rungs = [
        audit.naive,
        audit.before["week"].with_(rung="originals"),
        audit.before["complaint"].with_(rung="known"),
        audit.after["complaint"].with_(rung="kept"),
    ]
    return Ladder(auditing.FOUND, tuple(one.with_(group="") for one in rungs), chosen="kept")


def _others(scene: _Scene) -> np.ndarray:
    """The share of originals found in other libraries drawn by the same rule."""
    able = scene.able
    risk = 1 / crowd.near(scene.people, able, days_off=scene.rule.days)
    places = [part.to_numpy() for _, part in pd.Series(np.arange(len(able))).groupby(able["cell"], sort=True)]
    rng = np.random.default_rng([scene.seed, 53])
    return np.array([np.concatenate([risk[rng.permutation(own)[: scene.rule.per_cell]] for own in places]).mean() for _ in range(checked.LOTS)])


def _finding(scene: _Scene, audit: Audit, ladder: Ladder, made: tuple) -> Study:
    """The Study: a description of what the attackers named would find; words on cards, failed checks and no words to audit make it a caveat."""
    careful = any(one.passed is False for one in made) or audit.released["kept"].eq("").any() or not audit.texts
    verdict = Verdict.BOUNDS_ONLY if ladder["kept"].kind == "bounds" else Verdict.REPORT_WITH_CAVEAT if careful else Verdict.REPORT
    count = Estimate(estimand="cards_to_teach", kind="count", unit="count", value=float(len(audit.released)), n=len(audit.cards))
    looked = audit.after["words"]
    naive = ladder["known"]  # what the same reader finds of the originals
    return Study(
        question=words.QUESTION,
        kicker=words.kicker(len(scene.found)),
        answer=words.answer(audit),
        headline=(ladder["kept"].with_(verdict=verdict), count, *([looked.with_(group="")] if looked.kind == "estimate" else [])),
        naive=naive if naive.kind == "estimate" else None,
        verdict=verdict,
        ladders=(ladder,),
        checks=made,
        caveat=words.caveat(scene.people.has_visits, int(audit.released["sure"].min()), texts=audit.texts, insider=audit.insider),
        decision=words.decision(audit),
        limits=words.LIMITS,
        reader="region",
        seed=scene.seed,
        evidence={
            "k": scene.rule.k,
            "days": scene.rule.days,
            "released": len(audit.released),
            "withheld": len(audit.cards) - len(audit.released),
            "fraction": audit.fraction,
        },
    )


def against_truth(result: CaseLibrary, tables: Tables, truth: Mapping[str, Any], rule: Rule, *, seed: int = 0) -> pd.DataFrame:
    """The audit beside what is known: the attack carried out, customers hidden, identifiers planted; empty where nothing is known."""
    if result.audit is None or not truth:
        return pd.DataFrame(columns=list(known.COLUMNS))
    able = result.found[result.found["step"].eq("")].sort_values("case_id", ignore_index=True)
    return known.against(result.audit, able, crowd.gather(tables, result.found, rule), tables, truth, rule, seed=seed)
