"""Execute an edition again, elsewhere, and compare with what is published."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voclib.errors import VocError
from voclib.running.edition import load, plan
from voclib.running.provenance import Tracer
from voclib.running.publish import Progress, outcomes, page
from voclib.running.workspace import dumps, find

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One report against its repetition; `difference` is the largest relative difference of its numbers, None where they cannot be compared."""

    notebook: str
    passed: bool
    identical: bool
    difference: float | None
    message: str


@dataclass(frozen=True)
class Verification:
    """The comparisons of an edition, in run order."""

    edition: str
    comparisons: tuple[Comparison, ...]

    @property
    def passed(self) -> bool:
        """Whether every report repeats: bytes, or numbers within 1e-6 with the same verdicts."""
        return all(c.passed for c in self.comparisons)

    @property
    def difference(self) -> float:
        """The largest relative difference over all reports that could be compared."""
        return max((c.difference for c in self.comparisons if c.difference is not None), default=0.0)


def verify(edition_path: str | Path, *, jobs: int | None = None, executor: Executor | None = None, progress: Progress | None = None,
           root: str | Path | None = None) -> Verification:
    """Re-execute every notebook of an edition without touching `reports/` and compare page and findings.

    Raises
    ------
    ParameterError
        as for `run`, before any kernel starts.
    """
    space, edition = find(edition_path, root=root), load(edition_path)
    planned, tracer = plan(edition, space=space), Tracer(space)
    provenances = {job.notebook: tracer.provenance(job) for job in planned}
    tracer.save()
    compared: dict[str, Comparison] = {}
    report = progress or (lambda done, total, what: None)
    report(0, len(planned), "")
    for done, outcome in enumerate(outcomes(planned, space, jobs=jobs, executor=executor), start=1):
        try:
            made, finding = page(outcome, edition, provenances[outcome.notebook])
            published = space.reports / edition.edition / f"{outcome.notebook}.json"
            compared[outcome.notebook] = _compare(outcome.notebook, published, made.html, finding)
        except VocError as error:
            compared[outcome.notebook] = Comparison(outcome.notebook, False, False, None, str(error))
        report(done, len(planned), outcome.notebook)
    return Verification(edition.edition, tuple(compared[job.notebook] for job in planned))


def _compare(notebook: str, published: Path, html: str, finding: Mapping[str, Any]) -> Comparison:
    if not published.is_file():
        return Comparison(notebook, False, False, None, f"{notebook}: no report is published; run 'voc run' first")
    old_text, page_path = published.read_text("utf-8"), published.with_suffix(".html")
    new_text = dumps(finding, indent=1) + "\n"
    if old_text == new_text and page_path.is_file() and page_path.read_bytes() == html.encode():
        return Comparison(notebook, True, True, 0.0, f"{notebook}: byte-identical")
    old, new = json.loads(old_text), json.loads(new_text)
    verdicts = [dict(_leaves(f, "verdict")) for f in (old, new)]
    if verdicts[0] != verdicts[1]:
        return Comparison(notebook, False, False, None, f"{notebook}: verdicts differ ({_first(*verdicts)})")
    gap, where = difference(old, new)
    if gap is None:
        return Comparison(notebook, False, False, None, f"{notebook}: the findings have other numbers ({where})")
    passed = gap <= TOLERANCE
    told = f"{notebook}: largest relative difference {gap:.1e}" + (f" at {where}" if gap else ", page text or layout differs")
    return Comparison(notebook, passed, False, gap, told if passed else f"{told}, allowed {TOLERANCE:.0e}")


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[float | None, str]:
    """The largest relative difference between the numbers of two findings and where; None if one has a number the other lacks."""
    numbers = [dict(_numbers({k: v for k, v in f.items() if k != "provenance"})) for f in (old, new)]
    if numbers[0].keys() != numbers[1].keys():
        return None, sorted(numbers[0].keys() ^ numbers[1].keys())[0]
    gaps = {k: abs(a - b) / max(abs(a), abs(b)) for k, a in numbers[0].items() if a != (b := numbers[1][k])}
    where = max(gaps, key=gaps.get, default="")
    return gaps.get(where, 0.0), where


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    for place, leaf in _walk(value, path):
        if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
            yield place, leaf


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    return ((place, leaf) for place, leaf in _walk(value, "") if place.rpartition(".")[2] == name)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key in value:
            yield from _walk(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}[{number}]")
    else:
        yield path, value


def _first(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    place = next(p for p in sorted(old.keys() | new.keys()) if old.get(p) != new.get(p))
    return f"{place}: {old.get(place)} → {new.get(place)}"
