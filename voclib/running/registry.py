"""`reports/registry.jsonl`: one line per (edition, notebook, finding), so that a change of a published number is never silent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from voclib.errors import RunError
from voclib.running.workspace import digest, dumps, write

_CAUSES = (("data", "data"), ("parameters", "definition"), ("gates", "definition"), ("code", "code"), ("python", "code"), ("packages", "code"))
_NUMBERS = ("estimand", "kind", "unit", "value", "conf_low", "conf_high", "bound_low", "bound_high")


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


def changes(lines: Iterable[Mapping[str, Any]], current: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """What moved between the newest revision and the one before, for the (edition, notebook) pairs in `current`.

    Each: `edition, notebook, question, old, new, old_verdict, new_verdict, causes`; old and new are headline numbers, old is None
    and causes is ["new"] for a first publication. Changes of verdict stand first.
    """
    wanted, history = set(current), {}
    for line in lines:
        history.setdefault((line["edition"], line["notebook"]), []).append(line)
    found = []
    for pair in sorted(wanted & history.keys()):
        *_, old, new = [None, *sorted(history[pair], key=lambda e: e["revision"])]
        if old and (old["headline"], old["verdict"]) == (new["headline"], new["verdict"]):
            continue
        found.append({
            "edition": pair[0], "notebook": pair[1], "question": new["question"], "old": old and old["headline"], "new": new["headline"],
            "old_verdict": old and old["verdict"], "new_verdict": new["verdict"], "causes": _causes(old, new)})
    return sorted(found, key=lambda c: (c["old"] is None, c["old_verdict"] == c["new_verdict"], c["edition"], c["notebook"]))


def _causes(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[str]:
    if old is None:
        return ["new"]
    return list(dict.fromkeys(cause for key, cause in _CAUSES if old.get(key) != new.get(key)))


def _entry(finding: Mapping[str, Any]) -> dict[str, Any]:
    origin = finding["provenance"]
    told = {k: v for k, v in finding.items() if k != "provenance"}
    return {
        "edition": finding["edition"], "notebook": finding["notebook"], "content": digest(dumps(told)), "question": finding["question"],
        "verdict": finding["verdict"], "headline": {k: finding["headline"][0].get(k) for k in _NUMBERS},
        **{k: origin[k] for k in ("code", "data", "parameters", "gates", "python")}, "packages": digest(dumps(origin["packages"]))}
