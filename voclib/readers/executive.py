"""What executives should know and decide: the findings of an edition on one scorecard, money first, each with what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import DataError
from voclib.readers import executive_text as words
from voclib.readers import scorecard
from voclib.readers.scorecard import Card, Entry, Layer, Named, Row
from voclib.results import Check, Estimate, Study, Text, Verdict

Findings = Mapping[str, Mapping[str, Any]]
MONEY = {"cny", "usd"}
TRUST = "90-planted-truth"


@dataclass(frozen=True)
class Executive:
    """What the page shows: the finding, the layers of `show.board`, decisions by report, rows of the card without a finding, captions."""

    study: Study
    layers: tuple[Mapping[str, Any], ...]
    decisions: pd.DataFrame
    absent: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def facts(findings: Findings, card: Card) -> dict[Text, int]:
    """Counts that open the page."""
    rows = [row for layer in card.layers for row in layer.rows]
    return {Text("份报告", "reports"): len(findings), Text("行在记分卡上", "rows on the scorecard"): len(rows),
            Text("个有目标", "with a goal"): sum(row.at_least is not None or row.at_most is not None for row in rows)}


def study(findings: Findings, card: Card, *, named: Named | None = None) -> Executive:
    """Fill the card with findings (`voclib.findings`), judge goals by their intervals, and gather the decisions; nothing is estimated anew.

    `named` gives what readers call an estimand (`voclib.reporting.names.find`); without it numbers go by the question of their report.

    The first row whose report has an answer leads the page; where none has, the first row's refusal does.

    Raises
    ------
    DataError
        if no row of the card is among the findings.
    """
    filled, absent = scorecard.fill(card, findings, named=named)
    entries = [entry for _, rows in filled for entry in rows]
    if not entries:
        asked = ", ".join(sorted({row.report for row, _ in absent}))
        raise DataError(f"No row of the scorecard matches a report: it asks for {asked or 'none'}; there are {', '.join(sorted(findings))}.")
    lead = next((entry for entry in entries if entry.estimate.kind != "refusal"), entries[0])
    questions = {name: Study.from_dict(found).question for name, found in findings.items()}
    return Executive(study=_finding(lead, entries, findings, named), layers=tuple(_layer(layer, rows) for layer, rows in filled if rows),
                     decisions=_decisions(entries), absent=_absent(absent, questions, named), captions=words.captions(entries, absent))


def _layer(layer: Layer, rows: tuple[Entry, ...]) -> dict[str, Any]:
    return {"title": layer.name.text, "rows": [_row(entry) for entry in rows]}


def _row(entry: Entry) -> dict[str, Any]:
    goal = None if entry.state is None else {"value": entry.goal, "state": entry.state, "text": words.goal(entry)}
    named = entry.row.name.text if entry.row.name else None
    return {"label": named, "what": entry.study.question, "report": entry.row.report, "estimate": entry.estimate, "naive": entry.naive,
            "verdict": entry.verdict, "goal": goal}


def _decisions(entries: list[Entry]) -> pd.DataFrame:
    """One row a report, those with a goal missed first, then those that cannot be told, then the others in the order of the card."""
    order = {"missed": 0, "unclear": 1}
    first: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda e: order.get(e.state or "", 2)):
        first.setdefault(entry.row.report, entry)
    rows = [{"decision": entry.study.decision, "goal": words.STATES[entry.state], "level": entry.study.headline[0].evidence_level,
             "report": entry.row.report, "title": entry.study.question} for entry in first.values()]
    return pd.DataFrame(rows, columns=["decision", "goal", "level", "report", "title"])


def _absent(rows: tuple[tuple[Row, Text], ...], questions: Mapping[str, Text], named: Named | None) -> pd.DataFrame:
    """Rows without an answer; a report goes by its question, one that this edition lacks by the name that the card has for it."""
    told = [{"report": row.report, "title": questions.get(row.report, Text(row.report, row.report)), "why": why,
             "number": scorecard.title(row, row.estimand, named) or (Text(row.estimand, row.estimand) if row.estimand else words.ANSWER)}
            for row, why in rows]
    return pd.DataFrame(told, columns=["report", "title", "number", "why"])


def _title(entry: Entry, named: Named | None) -> Text:
    asked = entry.study.question
    return scorecard.title(entry.row, entry.estimate.estimand, named) or Text(f"“{asked.zh}”", f"“{asked.en}”")


def _finding(lead: Entry, entries: list[Entry], findings: Findings, named: Named | None) -> Study:
    shown = (lead.estimate, *(e.estimate for e in entries if e is not lead and e.state == "missed"))
    return Study(
        question=words.QUESTION, answer=words.answer(lead, entries), headline=shown, naive=lead.naive, caveat=lead.study.caveat,
        decision=words.decision(lead, [_title(e, named) for e in entries if e.state == "missed"]), kicker=lead.study.kicker, verdict=lead.verdict,
        checks=checks(entries, findings, named),
        limits=words.LIMITS, reader="executive")


def checks(entries: list[Entry], findings: Findings, named: Named | None = None) -> tuple[Check, ...]:
    """Whether the findings belong together, and how far they carry."""
    return tuple(found for found in (_one_pool(entries, findings), _one_ledger(entries, named), _trusted(findings),
                                     _refused(entries, named),
                                     _by_luck(entries)) if found is not None)


def _one_pool(entries: list[Entry], findings: Findings) -> Check | None:
    """Reports that name the same folder of tables must have read the same rows."""
    seen: dict[str, dict[str, list[str]]] = {}
    for name in sorted({entry.row.report for entry in entries}):
        origin = findings[name].get("provenance", {})
        if folder := origin.get("parameter_values", {}).get("data"):
            seen.setdefault(folder, {}).setdefault(origin.get("data", ""), []).append(name)
    if not seen:
        return None
    apart = [names for versions in seen.values() if len(versions) > 1 for names in list(versions.values())[1:]]
    asked = {entry.row.report: entry.study.question for entry in entries}
    return words.one_pool(sum(len(n) for versions in seen.values() for n in versions.values()), [asked[n] for names in apart for n in names])


def _one_ledger(entries: list[Entry], named: Named | None) -> Check | None:
    amounts = [entry for entry in entries if entry.estimate.unit in MONEY and entry.estimate.kind != "refusal"]
    return words.one_ledger([_title(entry, named) for entry in amounts]) if amounts else None


def _trusted(findings: Findings) -> Check | None:
    if TRUST not in findings:
        return None
    record = Study.from_dict(findings[TRUST])
    return words.trusted(record.headline[0], passed=record.verdict is Verdict.REPORT)


def _refused(entries: list[Entry], named: Named | None) -> Check:
    without = [_title(entry, named) for entry in entries if entry.estimate.kind == "refusal"]
    return words.refused(without, total=len(entries))


def _by_luck(entries: list[Entry]) -> Check | None:
    judged: list[Estimate] = [entry.estimate for entry in entries if entry.state is not None and entry.estimate.kind != "count"]
    return words.by_luck(len(judged)) if judged else None
