"""Why two reports differ: their data, their code, their definition or their packages, as far as the provenance of each says."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from voclib.results import Text
from voclib.running.methods import Entry, between
from voclib.sentences import say

Kind = Literal["data", "definition", "code", "packages"]
KINDS: dict[Kind, Text] = {"data": Text("数据", "data"), "definition": Text("口径", "definition"), "code": Text("代码", "code"),
                           "packages": Text("程序包", "packages")}
RECORDED = ("formulas", "program", "locked", "files", "parameter_values")  # what reports did not carry from the beginning


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing that differs; `entries` are those of the ledger of methods in between, `parameters` name → (old, new) value."""

    kind: Kind
    detail: Text
    entries: tuple[Entry, ...] = ()
    parameters: Mapping[str, tuple[Any, Any]] | None = None

    @property
    def claims_no_move(self) -> bool:
        """Whether all that differs is entries of the ledger that say no published number moves."""
        return bool(self.entries) and not self.parameters and all(e.kind == "same-numbers" for e in self.entries)


@dataclass(frozen=True)
class Difference:
    """Everything that differs between two provenances; `unrecorded` is what one of them does not say.

    `elsewhere`: the library or the lock differ, though nothing of them that the notebook imports.
    """

    causes: tuple[Cause, ...]
    unrecorded: tuple[str, ...]
    elsewhere: bool

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of causes, each once, in the order of `KINDS`."""
        return tuple(kind for kind in KINDS if any(c.kind == kind for c in self.causes))


def differences(old: Mapping[str, Any], new: Mapping[str, Any], *, ledger: Sequence[Entry] = (),
                modules: Collection[str] | None = None) -> Difference:
    """Compare two provenances; `modules` of the notebook pick the ledger's entries that concern it."""
    unrecorded = tuple(name for name in RECORDED if not all(_has(p, name) for p in (old, new)))
    found = [*_data(old, new), *_definition(old, new, ledger, modules), *_code(old, new), *_packages(old, new)]
    kinds = {cause.kind for cause in found}
    return Difference(tuple(found), unrecorded, old["code"] != new["code"] and not kinds & {"code", "definition", "packages"})


def _has(provenance: Mapping[str, Any], name: str) -> bool:
    return name in provenance and provenance[name] != ""


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    """Whether both say it, and not the same."""
    return _has(old, name) and _has(new, name) and old[name] != new[name]


def _data(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Cause]:
    found = []
    if _differ(old, new, "data"):
        found.append(Cause(kind="data", detail=Text("表格内容不同", "the tables hold different rows or values")))
    if _differ(old, new, "files"):
        found.append(Cause(kind="data", detail=Text("表格以外的输入文件不同（接入成绩单、真值、长程记录等）",
                                                    "input files other than tables differ (scorecard, planted truth, record of long runs)")))
    before, after = old.get("reads", {}), new.get("reads", {})
    if moved := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
        found.append(Cause(kind="data", detail=say("它转述的报告有变化：{r}", "reports it restates have changed: {r}", r=", ".join(moved))))
    return found


def _definition(old: Mapping[str, Any], new: Mapping[str, Any], ledger: Sequence[Entry], modules: Collection[str] | None) -> list[Cause]:
    found = []
    if _differ(old, new, "parameters"):
        found.append(_parameters(old, new))
    if _differ(old, new, "gates"):
        found.append(Cause(kind="definition", detail=Text("门槛有改动（params/rules/gates.yml）", "gates changed (params/rules/gates.yml)")))
    if _differ(old, new, "formulas"):
        entries = between(ledger, old.get("methods"), new.get("methods"), modules=modules)
        told = Text("算法有改动，方法台账写明", "formulas changed, as the ledger of methods states") if entries else \
            Text("算法有改动，方法台账里没有对应的条目", "formulas changed, but the ledger of methods has no entry for this")
        found.append(Cause(kind="definition", detail=told, entries=entries))
    return found


def _parameters(old: Mapping[str, Any], new: Mapping[str, Any]) -> Cause:
    """Which values changed; those that name a place outside the repository are never recorded."""
    if not (_has(old, "parameter_values") and _has(new, "parameter_values")):
        return Cause(kind="definition", detail=Text("参数不同，旧报告没有记录是哪一个", "parameters differ; the older report does not record which"))
    before, after = old["parameter_values"], new["parameter_values"]
    changed = {n: (before.get(n), after.get(n)) for n in sorted(before.keys() | after.keys()) if before.get(n, ...) != after.get(n, ...)}
    if not changed:
        return Cause(kind="definition", detail=Text("一个指向仓库之外的参数不同", "a parameter pointing outside the repository differs"))
    listed = ", ".join(f"{name}: {_shown(before, name)} → {_shown(after, name)}" for name in changed)
    return Cause(kind="definition", detail=say("参数不同（{p}）", "parameters differ ({p})", p=listed), parameters=changed)


def _shown(values: Mapping[str, Any], name: str) -> str:
    return json.dumps(values[name], ensure_ascii=False) if name in values else "–"


def _code(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Cause]:
    if all(_has(p, "program") and _has(p, "formulas") for p in (old, new)):
        told = Text("笔记本的单元格或读取、整理数据的模块不同", "notebook cells, or modules that read and prepare data, differ")
        return [Cause(kind="code", detail=told)] if old["program"] != new["program"] else []
    told = Text("程序库、笔记本或锁定文件不同", "the library, the notebook or the lock file differs")
    return [Cause(kind="code", detail=told)] if _differ(old, new, "code") else []


def _packages(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Cause]:
    before, after = ({"python": p["python"], **p["packages"]} for p in (old, new))
    changed = [f"{n} {before.get(n, '–')} → {after.get(n, '–')}" for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n)]
    if not changed and _differ(old, new, "locked"):
        changed = ["requirements/core.lock"]
    return [Cause(kind="packages", detail=say("版本不同：{p}", "versions differ: {p}", p=", ".join(changed)))] if changed else []
