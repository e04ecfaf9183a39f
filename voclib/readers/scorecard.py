"""Which findings a scorecard lists, with which goals, from a file that people edit; and whether a goal is reached, as far as intervals can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from voclib import yamlmodel
from voclib.errors import nearest
from voclib.results import Estimate, Study, Text, Verdict
from voclib.sentences import say

TEMPLATE = "params/rules/scorecard.yml"
State = Literal["reached", "missed", "unclear"]
Named = Callable[[str], Any]  # what an estimand is called: an entry with a `title`, or None where it has no name
SCALES = {"share": (0.0, 1.0), "points": (-100.0, 100.0)}  # where a number of this unit can lie
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Words(BaseModel):
    """One text in both languages."""

    model_config = _STRICT
    zh: str
    en: str

    @property
    def text(self) -> Text:
        """The same as the vocabulary of findings has it."""
        return Text(self.zh, self.en)


class Row(BaseModel):
    """One finding: the answer of a report, or another of its estimates by name. A goal is reached at or beyond one end, shares 0–1."""

    model_config = _STRICT
    report: str
    estimand: str = ""
    rung: str = ""
    name: Words | None = None
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_goal(self) -> Row:
        if self.at_least is not None and self.at_most is not None:
            raise ValueError("a row has one goal, at_least or at_most; leave one out")
        return self


class Layer(BaseModel):
    """A layer of the card: process, experience, business value."""

    model_config = _STRICT
    name: Words
    rows: tuple[Row, ...]


class Card(BaseModel):
    """The scorecard as written; its first row that has an answer is the headline of the page."""

    model_config = _STRICT
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Entry:
    """One row filled: the report's finding, the estimate taken from it, the uncorrected one beside it, and the state of its goal."""

    row: Row
    study: Study
    estimate: Estimate
    naive: Estimate | None
    state: State | None

    @property
    def goal(self) -> float | None:
        """The goal's value; None without one."""
        return self.row.at_least if self.row.at_least is not None else self.row.at_most

    @property
    def verdict(self) -> Verdict:
        """The report's verdict where this is its answer, else the estimate's own."""
        return self.study.verdict if self.estimate == self.study.headline[0] else self.estimate.verdict


def load(path: str | Path) -> Card:
    """The scorecard in a YAML file (`params/rules/scorecard.yml` is one, with what each key means).

    Raises
    ------
    ParameterError
        names the file and what is wrong: an unknown key with the nearest known one, a missing key, two goals in one row.
    """
    return yamlmodel.read(Path(path), Card, template=TEMPLATE)


def title(row: Row, estimand: str, named: Named | None) -> Text | None:
    """What the number of a row is called: by the card, else by its estimand; None where neither says."""
    if row.name:
        return row.name.text
    entry = named(estimand) if named and estimand else None
    return entry.title if entry else None


def fill(card: Card, findings: Mapping[str, Mapping[str, Any]], *, named: Named | None = None) -> tuple[
        tuple[tuple[Layer, tuple[Entry, ...]], ...], tuple[tuple[Row, Text], ...]]:
    """The rows of each layer that the findings answer, and those they do not, each with why; `named` gives what readers call a number."""
    studies = {name: Study.from_dict(finding) for name, finding in findings.items()}
    absent: list[tuple[Row, Text]] = []
    layers = tuple((layer, tuple(_entries(layer, studies, absent, named))) for layer in card.layers)
    return layers, tuple(absent)


def _entries(layer: Layer, studies: Mapping[str, Study], absent: list[tuple[Row, Text]], named: Named | None) -> Iterator[Entry]:
    for row in layer.rows:
        if (study := studies.get(row.report)) is None:
            absent.append((row, Text("这一版没有这份报告", "This edition has no such report")))
        elif (estimate := _chosen(row, study)) is None:
            absent.append((row, _not_there(row, study, named)))
        else:
            if (why := _misfit(row, estimate)) is not None:
                absent.append((row, why))
                row = row.model_copy(update={"at_least": None, "at_most": None})
            yield Entry(row, study, estimate, _naive(estimate, study), standing(estimate, at_least=row.at_least, at_most=row.at_most))


def _misfit(row: Row, estimate: Estimate) -> Text | None:
    """Why a goal is none of this number: shares are written 0–1 and NPS from −100 to 100, and 30 is no goal of a share."""
    goal = row.at_least if row.at_least is not None else row.at_most
    if goal is None or estimate.unit not in SCALES or SCALES[estimate.unit][0] <= goal <= SCALES[estimate.unit][1]:
        return None
    low, high = SCALES[estimate.unit]
    return say("有数，但没有比目标：目标写的是 {g}，而这个数在 {a} 到 {b} 之间；改记分卡文件（card_file）里的目标。",
               "The number is there, but its goal of {g} is not compared: the number lies between {a} and {b}; change the goal in the scorecard's "
               "file (card_file).", g=f"{goal:g}", a=f"{low:g}", b=f"{high:g}")


def _not_there(row: Row, study: Study, named: Named | None) -> Text:
    """That the report lacks the number, by its name; of a name nobody knows, likely a slip in the card's file, the nearest that is there."""
    if found := title(row, row.estimand, named):
        return say("这份报告里没有“{t}”", "The report does not contain “{t}”", t=found)
    known = sorted({e.estimand for e in _all(study)})
    asked = f"{row.estimand} ({row.rung})" if row.rung else row.estimand
    close = get_close_matches(row.estimand, known, n=1, cutoff=0.6)
    hint = say("是不是想写 {c}？", "", c=close[0]) if close else say("有的是：{k}", "", k="、".join(known))
    return Text(f"这份报告里没有 {asked}，{hint.zh}", f"The report has no {asked}; {nearest(row.estimand, known)}")


def _all(study: Study) -> list[Estimate]:
    return [*study.headline, *(r for ladder in study.ladders for r in ladder.rungs), *([study.naive] if study.naive else [])]


def _chosen(row: Row, study: Study) -> Estimate | None:
    """The estimate a row asks for: the answer; else by name, of a ladder its chosen rung unless another is asked for."""
    if not row.estimand:
        return study.headline[0]
    rungs = {ladder.estimand: ladder for ladder in study.ladders}
    wanted = row.rung or (rungs[row.estimand].chosen if row.estimand in rungs else "")
    return next((e for e in _all(study) if e.estimand == row.estimand and (not wanted or e.rung == wanted)), None)


def _naive(estimate: Estimate, study: Study) -> Estimate | None:
    """The uncorrected number of the same estimand; None where there is none, or it is no number."""
    if study.naive is not None and study.naive.estimand == estimate.estimand:
        return study.naive if study.naive.value is not None and study.naive != estimate else None
    first = next((ladder.rungs[0] for ladder in study.ladders if ladder.estimand == estimate.estimand), None)
    moved = first is not None and first != estimate and first.value is not None and first.value != estimate.value
    return first if moved else None


def standing(estimate: Estimate, *, at_least: float | None = None, at_most: float | None = None) -> State | None:
    """Whether a goal is reached: the whole interval lies on the goal's side; missed: on the other; else it cannot be told. None without goal.

    Bounds count with the interval around them; a refusal tells nothing. With a confidence level of 95% a unit exactly at its goal is called
    reached in 2.5% of cases, and missed as often.
    """
    if at_least is None and at_most is None:
        return None
    ends = _ends(estimate)
    if ends is None:
        return "unclear"
    low, high = ends
    if at_most is not None:
        low, high, goal = -high, -low, -at_most
    else:
        goal = at_least
    return "reached" if low >= goal else "missed" if high < goal else "unclear"


def _ends(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.kind == "refusal":
        return None
    if estimate.kind == "count":
        return estimate.value, estimate.value
    low = estimate.conf_low if estimate.conf_low is not None else estimate.bound_low
    high = estimate.conf_high if estimate.conf_high is not None else estimate.bound_high
    return low, high
