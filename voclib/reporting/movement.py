"""What moved since the registry was last written, and why: the data, the definition, the code, or a new report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from voclib import numbers
from voclib.reporting import wording
from voclib.results import Estimate, Text

CAUSES: dict[str, tuple[Text, Text]] = {
    "definition": (Text("口径", "Definition"), Text("参数或门槛有改动", "parameters or gates were changed")),
    "data": (Text("数据", "Data"), Text("输入数据不同", "the input data differ")),
    "code": (Text("代码", "Code"), Text("计算方法有更新", "the calculation was updated")),
    "new": (Text("新增", "New"), Text("首次纳入", "reported for the first time")),
}
_HASHES = {"definition": ("definition", "params", "parameters", "gates"), "data": ("data",), "code": ("code", "lock")}
_ORDER = ("verdict", "new", "value")


def changes(old_registry_lines: Iterable[str | Mapping[str, Any]], new_findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a reader of the last edition should know, decisions first.

    Both sides carry `edition, notebook, question, verdict, headline, provenance`; of several old lines for one report the
    last counts; an edition without any is published for the first time and has no changes. A number has moved when it is
    printed differently in either language. The cause is read from the hashes in `provenance`. Each change: `edition, notebook,
    question, kind` (verdict, new or value), `before`, `after` ({zh, en}), `causes` (keys of `CAUSES`).
    """
    old: dict[tuple[str, str], Mapping[str, Any]] = {}
    for line in old_registry_lines:
        entry = json.loads(line) if isinstance(line, str) else line
        old[entry["edition"], entry["notebook"]] = entry
    published = {edition for edition, _ in old}
    found = [c for f in new_findings if f["edition"] in published and (c := _change(old.get((f["edition"], f["notebook"])), f))]
    return sorted(found, key=lambda c: (_ORDER.index(c["kind"]), -c["moved"], c["edition"], c["notebook"]))


def _change(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any] | None:
    same = {"edition": after["edition"], "notebook": after["notebook"], "question": dict(after["question"])}
    now = Estimate.from_dict(after["headline"][0])
    if before is None:
        return same | {"kind": "new", "before": None, "after": _printed(now, after["verdict"]), "causes": ["new"], "moved": 0.0}
    then = Estimate.from_dict(before["headline"][0])
    causes = _causes(before.get("provenance") or {}, after.get("provenance") or {})
    if before["verdict"] != after["verdict"]:
        return same | {"kind": "verdict", "before": _words(before["verdict"]), "after": _words(after["verdict"]), "causes": causes, "moved": 0.0}
    old, new = _printed(then, before["verdict"]), _printed(now, after["verdict"])
    return same | {"kind": "value", "before": old, "after": new, "causes": causes, "moved": _moved(then, now)} if old != new else None


def _words(verdict: str) -> dict[str, str]:
    words = wording.badge(verdict).words
    return {"zh": words.zh, "en": words.en}


def _printed(estimate: Estimate, verdict: str) -> dict[str, str]:
    if estimate.kind == "refusal":
        return _words(verdict)
    between = {"zh": "" if numbers.unit(estimate, "zh") == "个百分点" else " ", "en": " "}
    return {lang: f"{numbers.value(estimate, lang)}{between[lang]}{numbers.unit(estimate, lang)}".strip() for lang in ("zh", "en")}


def _moved(then: Estimate, now: Estimate) -> float:
    """Movement in standard errors of the new number, so that units do not matter."""
    if then.value is None or now.value is None:
        return 0.0
    width = (now.conf_high - now.conf_low) / 3.92 if now.kind == "estimate" else 0.0
    return abs(now.value - then.value) / (now.std_error or width or abs(now.value) or 1.0)


def _causes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Kinds of hashes that differ; where none is known to differ it is the code, since data and parameters are the same."""
    found = [cause for cause, keys in _HASHES.items() if any(before.get(k) != after.get(k) for k in keys)]
    return found or ["code"]
