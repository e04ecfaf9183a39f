"""`reports/registry.jsonl`: one line per (edition, notebook, finding), so that a change of a published number is never silent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from voclib.errors import RunError
from voclib.running.workspace import digest, dumps, write

_HASHES = ("code", "data", "parameters", "gates", "python")


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a registry, in file order; none where there is no file.

    Raises
    ------
    RunError
        names the line that is no JSON, for instance after a merge conflict.
    """
    lines = []
    for number, text in enumerate(path.read_text("utf-8").splitlines() if path.is_file() else [], start=1):
        try:
            lines.append(json.loads(text))
        except ValueError as error:
            raise RunError(f"{path.name} line {number} is not JSON ({error}); restore it from git.") from error
    return lines


def update(path: Path, findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Enter findings (contents of `<report>.json`); an unchanged finding keeps its line, so the bytes repeat.

    Revisions count an edition's publications: all findings that changed together carry the same one. A finding whose content
    was published before moves to the newest revision instead of getting a second line.
    """
    known = {(e["edition"], e["notebook"], e["content"]): e for e in read(path)}
    entries = [_entry(finding) for finding in findings]
    for edition in sorted({e["edition"] for e in entries}):
        newest = _newest(known.values(), edition)
        last = max(newest.values(), key=lambda e: e["revision"])["revision"] if newest else 0
        for entry in (e for e in entries if e["edition"] == edition):
            before = newest.get(entry["notebook"])
            same = before is not None and before["content"] == entry["content"]
            known[edition, entry["notebook"], entry["content"]] = entry | {"revision": before["revision"] if same else last + 1}
    lines = [known[k] for k in sorted(known, key=lambda k: (k[0], k[1], known[k]["revision"], k[2]))]
    write(path, "".join(dumps(line) + "\n" for line in lines).encode())
    return lines


def before(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What stood published before each edition's newest revision, one line a report; none for a first publication."""
    lines = list(lines)
    found = []
    for edition in sorted({e["edition"] for e in lines}):
        last = max(e["revision"] for e in lines if e["edition"] == edition)
        earlier = _newest((e for e in lines if e["revision"] < last), edition)
        found += [earlier[notebook] for notebook in sorted(earlier)]
    return found


def _newest(lines: Iterable[Mapping[str, Any]], edition: str) -> dict[str, Mapping[str, Any]]:
    """The newest line of every report of an edition."""
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        if line["edition"] == edition and line["revision"] >= found.get(line["notebook"], line)["revision"]:
            found[line["notebook"]] = line
    return found


def _entry(finding: Mapping[str, Any]) -> dict[str, Any]:
    origin, told = finding["provenance"], {k: v for k, v in finding.items() if k != "provenance"}
    return {
        "edition": finding["edition"], "notebook": finding["notebook"], "content": digest(dumps(told)), "question": finding["question"],
        "verdict": finding["verdict"], "headline": finding["headline"][:1],
        "provenance": {k: origin[k] for k in _HASHES} | {"packages": digest(dumps(origin["packages"]))}}
