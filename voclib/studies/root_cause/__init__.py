"""Which batch, which dealer, which process lies behind the complaints? Batches by vehicles fitted, topics by operations, spread over dealers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.schema import dates
from voclib.stats import inference
from voclib.studies.root_cause import batches as root_cause_batches
from voclib.studies.root_cause import captions as root_cause_captions
from voclib.studies.root_cause import checks as root_cause_checks
from voclib.studies.root_cause import frontline, spread, text, trail, voice
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause import tables as root_cause_tables
from voclib.studies.root_cause.batches import Found
from voclib.studies.root_cause.frontline import Heard
from voclib.studies.root_cause.operations import Causes
from voclib.studies.root_cause.spread import Returns
from voclib.studies.root_cause.voice import Follow
from voclib.text.parts import Parts

Tables = Mapping[str, pd.DataFrame]
SHOWN_CAUSES = 8


@dataclass(frozen=True)
class RootCause:
    """What the page shows; what the data cannot answer is None, an empty frame or a refusal.

    `batches` is a table of the likeliest batches, `drawn` the rows of the funnel, `levels` the batch and what stands above it, `voices` ratios with
    `control` ones among them, `causes` ranked pairs with `causes_naive` as rings, `cards` a row a part, `returns` shares of repairs that come back.
    """

    study: Study
    found: Found | None
    ladder: Ladder | None
    batches: pd.DataFrame
    drawn: pd.DataFrame
    levels: tuple[Estimate, ...]
    course: pd.DataFrame
    voices: tuple[Estimate, ...]
    operations: Causes | None
    causes: tuple[Estimate, ...]
    causes_naive: Mapping[str, Estimate]
    causes_table: pd.DataFrame
    cards: pd.DataFrame
    returned: tuple[Estimate, ...]
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """The parts of the study, before they are put into words."""

    found: Found | None
    refused: Estimate | None
    levels: tuple[Estimate, ...]
    follow: Follow | None
    heard: Heard | None
    operations: Causes | None
    cards: pd.DataFrame
    returns: Returns | None


def facts(tables: Tables) -> dict[Text, int]:
    """Counts that open the page."""
    repairs, batches = tables.get("repairs"), tables.get("batches")
    return {Text("次维修", "repairs"): 0 if repairs is None else len(repairs), Text("个批次", "batches"): 0 if batches is None else len(batches),
            Text("条客户声音", "customer voices"): len(tables["responses"]) if "responses" in tables else 0,
            Text("个门店月", "dealer months"): len(tables["operations"]) if "operations" in tables else 0}


def study(tables: Tables, *, rules: Parts | None = None, fdr: float = 0.05, long_minutes: float = 60, conf_level: float = 0.95,
          timezone: str = "") -> RootCause:
    """Compare batches, follow the voice of the one that stands out, and ask which operations go with which complaints.

    A refusal where there are no denominators, or too few repairs to tell a batch by; then repairs are counted and nothing is ranked.
    """
    timezone = dates.zone(tables, timezone)
    rules = rules or Parts()
    made = _parts(tables, rules, fdr, long_minutes, conf_level, timezone)
    ladder = _ladder(made.found, conf_level) if made.found is not None else None
    causes, naive = _causes(made.operations, conf_level)
    checks = root_cause_checks.checks(made, rules, tables, conf_level=conf_level)
    finding = _finding(made, ladder, checks, rules)
    shown = {"batches": root_cause_tables.batches(made.found, rules), "drawn": root_cause_tables.drawn(made.found),
             "causes_table": root_cause_tables.causes(made.operations, rules), "cards": root_cause_tables.cards(made.cards, rules)}
    course = trail.course(made.found, conf_level=conf_level) if made.found is not None else pd.DataFrame()
    returned = () if made.returns is None else tuple(e for e in (made.returns.share, made.returns.highest, made.returns.drawn) if e is not None)
    return RootCause(
        study=finding, found=made.found, ladder=ladder, levels=made.levels, course=course, voices=root_cause_tables.voices(made.follow, made.heard),
        operations=made.operations, causes=causes, causes_naive=naive, returned=returned, **shown,
        captions=root_cause_captions.captions(made, ladder, causes, course, rules, long_minutes=long_minutes, conf_level=conf_level))


def _parts(tables: Tables, rules: Parts, fdr: float, long_minutes: float, level: float, timezone: str) -> Evidence:
    refused = root_cause_batches.refused(tables)
    repairs, options = tables.get("repairs"), {"conf_level": level, "timezone": timezone}
    found = root_cause_batches.study(repairs, tables["batches"], fdr=fdr, **options) if refused is None else None
    if found is not None and (refused := root_cause_batches.unseen(found)) is not None:
        found = None
    has_repairs = repairs is not None and len(repairs) > 0
    operations = None
    if root_cause_operations.refused(tables) is None:
        operations = root_cause_operations.study(tables, control=rules.control, fdr=fdr, long_minutes=long_minutes, **options)
    return Evidence(
        found=found, refused=refused, levels=trail.levels(found, conf_level=level) if found is not None else (),
        follow=voice.study(tables, found, rules, conf_level=level) if found is not None else None,
        heard=frontline.study(tables, found, rules, **options) if found is not None else None, operations=operations,
        cards=spread.cards(repairs, found, fdr=fdr) if found is not None else pd.DataFrame(),
        returns=spread.returns(repairs, fdr=fdr, **options) if has_repairs else None)


def _ladder(found: Found, level: float) -> Ladder | None:
    """The batch that counts accuse → the batch that stands out by vehicles fitted → age and calendar → the allowance for having picked it."""
    row, most = found.row, found.most
    if row is None:
        return None
    at = int(row.name)
    ratio = root_cause_batches.ratio
    rungs = [ratio(most["ratio"], most["low"], most["high"], conf_level=level, rung="repairs", n=int(most["repairs"]), group=str(most["batch_id"]))
             ] if pd.notna(most["ratio"]) and most["batch_id"] != row["batch_id"] else []
    low, high, wide = found.interval
    shared = {"n": int(row["repairs"]), "group": str(row["batch_id"]), "ci_method": "mid-p, against siblings"}
    shared["std_error"] = float(row["ratio"] * np.log(row["high"] / row["low"]) / (2 * inference.quantile(level, np.inf)))
    rungs += [ratio(found.raw.ratio[at], found.raw.low[at], found.raw.high[at], conf_level=level, rung="fitted", **shared),
              ratio(row["ratio"], row["low"], row["high"], conf_level=level, rung="adjusted", **shared),
              ratio(row["ratio"], low, high, conf_level=level, rung="picked", evidence_level=1,
                    **shared | {"ci_method": f"mid-p, false coverage over all batches ({wide:.4%} each)"})]
    if pd.notna(row["shrunken"]):
        rungs.append(ratio(row["shrunken"], row["shrunken_low"], row["shrunken_high"], conf_level=level, rung="shrunken",
                           **shared | {"ci_method": "mixture of two gammas, averaged over priors"}))
    return Ladder("batch_ratio", tuple(rungs), chosen="picked")


def _causes(given: Causes | None, level: float) -> tuple[tuple[Estimate, ...], dict[str, Estimate]]:
    """The likeliest pairs, those that are backed first, and what a correlation across dealers says of them."""
    if given is None or given.table.empty:
        return (), {}
    rows = given.table.head(max(SHOWN_CAUSES, int(given.table["backed"].sum()))).to_dict("records")
    keys = [root_cause_tables.pair_key(row) for row in rows]
    made = tuple(root_cause_operations.estimate(row, conf_level=level, group=key) for row, key in zip(rows, keys, strict=True))
    naive = {key: root_cause_operations.estimate(row, key="naive", conf_level=level, group=key)
             for row, key in zip(rows, keys, strict=True) if pd.notna(row["naive"])}
    return made, naive


def _finding(made: Evidence, ladder: Ladder | None, checks: tuple[Check, ...], rules: Parts) -> Study:
    verdict = Verdict.REPORT
    if made.found is None:
        main, naive = made.refused, None
        verdict = Verdict.REFUSE
    elif ladder is None:
        main, naive = text.nothing_told(made.found), None
        verdict = Verdict.REPORT_WITH_CAVEAT
    else:
        main, naive = ladder["picked"], ladder["fitted"]
        verdict = Verdict.REPORT_WITH_CAVEAT if any(c.passed is False for c in checks) else Verdict.REPORT
    return Study(
        question=text.QUESTION, answer=text.answer(made, main, ladder, rules), headline=(main.with_(verdict=verdict),),
        caveat=text.caveat(made), decision=text.decision(made, rules), verdict=verdict, kicker=text.kicker(made),
        naive=naive, ladders=(ladder,) if ladder else (), checks=checks, limits=text.LIMITS, reader="product",
        evidence=_evidence(made))


def _evidence(made: Evidence) -> dict[str, Any]:
    """Numbers for whoever reads the finding by machine."""
    found, row = made.found, None if made.found is None else made.found.row
    told: dict[str, Any] = {} if found is None else {"batches": found.compared_n, "told": found.told, "spread": found.compared.spread}
    if row is not None:
        told |= {"batch_id": str(row["batch_id"]), "part": str(row["part"]), "product": str(row["product"]), "supplier": str(row["supplier"]),
                 "most_repairs_batch_id": str(found.most["batch_id"]), "shrunken": float(row["shrunken"])}
        for name, change in (("since", found.began), ("until", found.ended)):
            if change is not None:
                days = [root_cause_batches.day(found.cells, k) for k in (change.low, change.at, change.high)]
                told |= dict(zip((f"{name}_low", name, f"{name}_high"), [f"{day:%Y-%m-%d}" for day in days], strict=True))
    if made.operations is not None:
        backed = made.operations.backed
        told["causes"] = [f"{row.topic} × {row.measure}" for row in backed.itertuples()]
    return told


def against_truth(result: RootCause, truth: Mapping[str, Any]) -> pd.DataFrame:
    """What was planted beside what was found: the batch, its ratio, since when, and the batch that counts accuse."""
    planted = truth.get("field", {}).get("batches", {})
    return root_cause_tables.truth(result.found, result.ladder, planted, result.operations) if planted else pd.DataFrame()
