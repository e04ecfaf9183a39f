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
            raise RunError(f"{path.name} line {number} is no JSON ({error}); restore it from git.") from error
    return lines


def update(path: Path, findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Enter findings (contents of `<report>.json`); an unchanged finding keeps its line, so the bytes repeat.

    A finding whose content was published before moves to the newest revision instead of getting a second line.
    """
    known = {(e["edition"], e["notebook"], e["content"]): e for e in read(path)}
    for finding in findings:
        entry = _entry(finding)
        same = [e for k, e in known.items() if k[:2] == (entry["edition"], entry["notebook"])]
        newest = max((e["revision"] for e in same), default=0)
        key = (entry["edition"], entry["notebook"], entry["content"])
        is_newest = key in known and known[key]["revision"] == newest
        known[key] = entry | {"revision": newest if is_newest else newest + 1}
    lines = [known[k] for k in sorted(known, key=lambda k: (k[0], k[1], known[k]["revision"], k[2]))]
    write(path, "".join(dumps(line) + "\n" for line in lines).encode())
    return lines


def before(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What was published before the newest revision, one line per edition and notebook; none for a first publication."""
    history: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in sorted(lines, key=lambda e: e["revision"]):
        history.setdefault((line["edition"], line["notebook"]), []).append(line)
    return [history[pair][-2] for pair in sorted(history) if len(history[pair]) > 1]


def _entry(finding: Mapping[str, Any]) -> dict[str, Any]:
    origin, told = finding["provenance"], {k: v for k, v in finding.items() if k != "provenance"}
    return {
        "edition": finding["edition"], "notebook": finding["notebook"], "content": digest(dumps(told)), "question": finding["question"],
        "verdict": finding["verdict"], "headline": finding["headline"][:1],
        "provenance": {k: origin[k] for k in _HASHES} | {"packages": digest(dumps(origin["packages"]))}}
