"""`voc doctor`: everything that may be missing between a fresh clone and a published edition. Looks only; no network, no secret shown.

Modules that need installed packages are imported where they are used, and each look stands alone: what breaks becomes a finding.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.errors import VocError
from voclib.results import Text
from voclib.running import machine
from voclib.running.diagnosis import Finding, Report, listed

if TYPE_CHECKING:
    from voclib.running.edition import Edition, Job
    from voclib.running.inputs import Built
    from voclib.running.workspace import Workspace

SAMPLE = "sample"  # the edition that a clone must be able to publish
CUSTOMERS, SEED = 20_000, 20260701  # what `voc simulate` builds where nothing else is said
SECRET = "VOC_PSEUDONYM_KEY"
_EXPORT = "export VOC_PUBLIC_DATA=/path/to/the/files"
SHORTEST_KEY = 16  # as voclib.privacy demands
_PUBLIC = "params/rules/public.yml"
_SAID = re.compile(r"^\s*pseudonym_key\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_KEYLESS = {"example.yml"}  # a pattern to copy; nothing is ingested with it as it stands
_BROKEN = (VocError, ValueError, OSError)  # what a file of the user's may be: wrong, no UTF-8, not readable
_PROVENANCE = Text("页脚的指纹若与现在的不同，再跑一次数字可能会动。",
                     "If the fingerprint at the foot of a page differs from today's, its numbers may change when it is run again.")
_CAUSES = {"code": "代码", "data": "数据", "parameters": "参数", "gates": "门槛", "python": "Python", "packages": "包版本",
           "cannot be read": "读不了", "no longer in the edition": "报告集里已没有"}
Look = Callable[["Workspace"], Iterator[Finding]]
ReadMapping = Callable[[Path], Any]


def examine(space: Workspace, *, read_mapping: ReadMapping | None = None) -> Report:
    """Look at everything and say what is missing; never raises for what it finds, and writes nothing but caches under `build/`.

    `read_mapping` reads a mapping file and raises a VocError for what is wrong with it (`voclib.sources.mapping.read`); without it
    mapping files are only looked at as YAML.
    """
    secrets = _secrets(space)
    return Report(tuple(finding.without(secrets) for topic, look, needed in _looks(read_mapping) for finding in _safe(topic, look, needed, space)))


def _looks(read_mapping: ReadMapping | None) -> list[tuple[Text, Look, bool]]:
    """Topic, look, and whether the sample edition depends on it: what a finding says if the look itself breaks."""
    return [
        (Text("Python", "Python"), machine.python, True),
        (Text("锁定的包", "Locked packages"), machine.packages, True),
        (Text("可选部分", "Extras"), machine.extras, False),
        (Text("显卡", "GPU"), machine.gpu, False),
        (Text("写权限", "Write permission"), machine.permission, True),
        (Text("磁盘", "Disk"), machine.disk, False),
        (Text("样本公司", "Sample company"), sample_company, True),
        (Text("标准表", "Standard tables"), standard_tables, True),
        (Text("公开数据", "Public data"), public_data, False),
        (Text("假名密钥", "Pseudonym key"), pseudonym_key, False),
        (Text("列映射", "Mappings"), lambda space: mappings(space, read_mapping), True),
        (Text("报告集", "Editions"), editions, True),
        (Text("登记簿", "Registry"), registry, True),
        (Text("已发布的报告", "Published reports"), published, False),
        (Text("浏览器与中文字体", "Browser and Chinese font"), machine.browser, False),
        (Text("git", "git"), machine.git, False)]


def _safe(topic: Text, look: Look, needed: bool, space: Workspace) -> list[Finding]:
    """The findings of a look; one that breaks becomes a finding too, since a doctor that falls ill helps nobody."""
    try:
        return list(look(space))
    except Exception as error:
        absent = isinstance(error, ImportError)
        told = _told(f"看不了，{type(error).__name__}", f"could not be looked at, {type(error).__name__}", error)
        return [Finding(topic=topic, status="missing" if needed else "warn", needed=needed, there=told,
                        why=Text("这一项好坏未知。", "It is unknown whether this is in order."),
                        fix=f"python -m pip install --no-deps --require-hashes -r {machine.LOCK}" if absent else "git status")]


def sample_company(space: Workspace) -> Iterator[Finding]:
    """The raw exports of the sample company, and whether today's code would write the same."""
    from voclib.running.inputs import Built

    raw, built = space.root / "data" / SAMPLE / "raw", Built(space)
    files = [p for p in raw.glob("*") if p.is_file()] if raw.is_dir() else []
    fresh = bool(files) and _is_fresh(built, f"data/{SAMPLE}", built.simulation(CUSTOMERS, SEED))
    there = Text(f"data/{SAMPLE} 有 {len(files)} 个原始文件", f"data/{SAMPLE} holds {len(files)} raw files") if files else \
        Text(f"还没有 data/{SAMPLE}/raw", f"there is no data/{SAMPLE}/raw yet")
    if files and not fresh:
        there = Text(there.zh + "，但与现在的代码（默认规模和种子）写出的不同",
                       there.en + ", but differ from what today's code writes by default (other code, size or seed, or changed file)")
    yield Finding(topic=Text("样本公司", "Sample company"), status="ok" if fresh else "warn" if files else "missing", needed=True, there=there,
                  why=Text("示例报告读的就是它。", "The sample reports are made from it."), fix="" if fresh else "voc simulate")


def standard_tables(space: Workspace) -> Iterator[Finding]:
    """The standard tables of every edition's mappings: there, and read from the files that lie there now."""
    from voclib.running.inputs import Built

    built, seen = Built(space), set()
    for path in _edition_files(space):
        with suppress(*_BROKEN):  # a broken edition or mapping is told by the look that reads it whole
            for mapping in _load(path).inputs:
                if (space.root / mapping).is_file() and mapping not in seen:
                    seen.add(mapping)
                    yield _tables(space, built, mapping, needed=path.stem == SAMPLE)


def _tables(space: Workspace, built: Built, mapping: str, *, needed: bool) -> Finding:
    out, source = f"data/standard/{built.name(mapping)}", built.mapping(mapping)
    count = len(list((space.root / out).glob("*.parquet")))
    reachable = bool(source["raw"])
    fresh = bool(count) and (not reachable or _is_fresh(built, out, source))
    there = Text(f"{count} 张", f"{count} tables") if count else Text("还没有", "not there yet")
    if count and not reachable:
        there = Text(there.zh + "；找不到原始文件，无从比对", there.en + "; their raw files cannot be found, so nothing could be compared")
    elif count and not fresh:
        there = Text(there.zh + "，但原始文件、映射或代码变了", there.en + ", but raw files, mapping or code have changed since")
    status = "ok" if fresh else "missing" if needed and not count else "warn"
    return Finding(topic=Text(f"标准表 {out}", f"Tables {out}"), status=status, needed=needed, there=there,
                   why=Text("报告只读标准表；voc run 会先重读变了的文件。", "Reports read only these tables; voc run first re-reads changed files."),
                   fix="" if fresh else f"voc ingest {mapping} --if-changed")


class _Stale(Exception):
    """Raised instead of building: the folder is not what would be built now."""


def _is_fresh(built: Built, folder: str, source: Mapping[str, Any]) -> bool:
    """Whether a folder was made from this source and is as it was left."""
    def refuse() -> None:
        raise _Stale

    try:
        built.ensure(folder, source, refuse)
    except _Stale:
        return False
    except PermissionError:  # fresh, and only the cache of hashes could not be kept
        return True
    return True


def public_data(space: Workspace) -> Iterator[Finding]:
    """Whether VOC_PUBLIC_DATA is set and holds every file that the public mapping names."""
    from voclib import strictyaml

    topic = Text("公开数据", "Public data")
    why = Text("只有公开数据的报告和一部分测试需要。", "Only the public edition and some of the tests need them.")
    fix, folder = _EXPORT, os.environ.get("VOC_PUBLIC_DATA", "")
    if not folder or not Path(folder).is_dir():
        there = Text(f"VOC_PUBLIC_DATA 指的 {folder} 不是文件夹", f"VOC_PUBLIC_DATA names {folder}, which is not a folder") if folder else \
            Text("没有设 VOC_PUBLIC_DATA", "VOC_PUBLIC_DATA is not set")
        yield Finding(topic=topic, status="warn", there=there, why=why, fix=fix)
        return
    mapping = strictyaml.read(space.root / _PUBLIC)
    parts = [s for s in mapping.get("sources") or [] if isinstance(s, Mapping)]
    parts += [s["join"] for s in parts if isinstance(s.get("join"), Mapping)]
    patterns = [p for part in parts for p in ([part["files"]] if isinstance(part.get("files"), str) else part.get("files") or [])]
    absent = [pattern for pattern in patterns if not any(Path(folder).glob(pattern))]
    yield Finding(
        topic=topic, status="warn" if absent else "ok", why=why, fix=fix if absent else "",
        there=Text(f"映射写了 {len(patterns)} 处文件，没有：{listed(absent, 'zh')}",
                     f"the mapping names {len(patterns)} files; missing: {listed(absent, 'en')}") if absent else
        Text(f"映射写的 {len(patterns)} 处文件都在", f"all {len(patterns)} files named in the mapping are there"))


def pseudonym_key(space: Workspace) -> Iterator[Finding]:
    """Whether mappings without a key of their own could be read; the key is looked at, never shown."""
    key = os.environ.get(SECRET, "")
    asking = [p.name for p in _mapping_files(space) if p.name not in _KEYLESS and not _SAID.search(p.read_text("utf-8-sig", errors="replace"))]
    state = "set" if len(key) >= SHORTEST_KEY else "short" if key else "unset"
    told = {"set": Text(f"{SECRET} 已设", f"{SECRET} is set"),
            "short": Text(f"{SECRET} 太短，至少 {SHORTEST_KEY} 个字符", f"{SECRET} is too short; at least {SHORTEST_KEY} characters needed"),
            "unset": Text(f"没有设 {SECRET}", f"{SECRET} is not set")}[state]
    wanting = Text(f"；要用它的映射：{listed(asking, 'zh')}", f"; mappings that need it: {listed(asking, 'en')}") if asking else \
        Text("；样本公司用不着", "; the sample company does not need it")
    is_fine = state == "set" or state == "unset" and not asking
    yield Finding(
        topic=Text("假名密钥", "Pseudonym key"), status="ok" if is_fine else "warn", there=Text(told.zh + wanting.zh, told.en + wanting.en),
        why=Text("自己的数据要用它把客户编号换成假名；换了密钥，同一位客户就对不上了。",
                   "Your own data need it to turn customer ids into pseudonyms; with another key, the same customer no longer matches."),
        fix="" if is_fine else f'export {SECRET}="$(python -c \'import secrets; print(secrets.token_hex(32))\')"')


def mappings(space: Workspace, read_mapping: ReadMapping | None) -> Iterator[Finding]:
    """Every mapping file under params/rules reads."""
    from voclib import strictyaml

    used, files, wrong = _sample_inputs(space), _mapping_files(space), 0
    why = Text("哪一列是什么写在这里；改好之前，这些文件读不进来。", "It says what each column is; until it is fixed, its files cannot be read.")
    for path in files:
        try:
            (read_mapping or strictyaml.read)(path)
        except _BROKEN as error:
            wrong, needed = wrong + 1, space.shown(path) in used
            yield Finding(topic=Text(f"列映射 {path.name}", f"Mapping {path.name}"), status="missing" if needed else "warn", needed=needed,
                          there=_told("读不了", "cannot be read", error), fix=f"$EDITOR {space.shown(path)}", why=why)
    for path in sorted(used - {space.shown(path) for path in files}):
        yield Finding(topic=Text(f"列映射 {path}", f"Mapping {path}"), status="missing", needed=True, why=why, fix=f"git checkout {path}",
                      there=Text("没有这个文件，或里面没有 sources", "there is no such file, or it names no sources"))
    if good := len(files) - wrong:
        there = Text(f"params/rules 下 {good} 份读得通", f"{good} under params/rules can be read")
        yield Finding(topic=Text("列映射", "Mappings"), status="ok", there=there, why=why)


def editions(space: Workspace) -> Iterator[Finding]:
    """Every edition under params/ plans without a problem; its data are looked at once its tables are there."""
    from voclib.running.edition import plan

    files = _edition_files(space)
    why = Text("一处不对，整份报告集都不开跑。", "A single error stops the whole edition from running.")
    if SAMPLE not in [path.stem for path in files]:
        yield Finding(topic=Text("报告集", "Editions"), status="missing", needed=True, fix=f"git checkout params/{SAMPLE}.yml", why=why,
                      there=Text(f"没有 params/{SAMPLE}.yml", f"there is no params/{SAMPLE}.yml"))
    for path in files:
        topic, needed = Text(f"报告集 {path.stem}", f"Edition {path.stem}"), path.stem == SAMPLE
        try:
            edition = _load(path)
            count = len(plan(edition, space=space, check_data=_has_tables(space, edition)))
        except _BROKEN as error:
            unset = "VOC_PUBLIC_DATA" in str(error) and not os.environ.get("VOC_PUBLIC_DATA")
            yield Finding(topic=topic, status="missing" if needed else "warn", needed=needed, there=_told("跑不了", "cannot run", error),
                          fix=_EXPORT if unset else f"$EDITOR params/{path.name}", why=why)
            continue
        yield Finding(topic=topic, status="ok", there=Text(f"{count} 份报告，参数都对", f"{count} reports, all parameters valid"), why=why)


def registry(space: Workspace) -> Iterator[Finding]:
    """Whether the registry and every published finding can be read."""
    from voclib.running import registry as lines

    why, topic = Text("读不了它，就发布不了新报告。", "While it cannot be read, no new report can be published."), Text("登记簿", "Registry")
    path = space.reports / "registry.jsonl"
    try:
        count = len(lines.read(path))
    except _BROKEN as error:
        yield Finding(topic=topic, status="missing", needed=True, there=_told("读不了", "cannot be read", error), why=why,
                      fix=f"git checkout {space.shown(path)}")
        return
    yield Finding(topic=topic, status="ok", there=Text(f"{count} 条", f"{count} entries"), why=why)


def published(space: Workspace) -> Iterator[Finding]:
    """Which published reports were made from other code, data or parameters than those that lie here now."""
    from voclib.running.remembering import Remembering

    tracer = Remembering(space)
    for folder in sorted({p.parent for p in space.reports.glob("*/*.json")}):
        try:
            yield _compared(space, tracer, folder)
        except _BROKEN as error:
            yield Finding(topic=Text(f"已发布 {folder.name}", f"Published {folder.name}"), status="warn", why=_PROVENANCE,
                          there=_told("比不了", "cannot be compared", error), fix="git status reports params")


def _compared(space: Workspace, tracer: Any, folder: Path) -> Finding:
    """The published reports of one edition against what would make them now."""
    from voclib.running.edition import plan

    jobs = {job.notebook: job for job in plan(_load(space.root / "params" / f"{folder.name}.yml"), space=space, check_data=False)}
    reports, stale, unread = sorted(folder.glob("*.json")), {}, 0
    for report in reports:
        causes, is_compared = _moved(tracer, jobs.get(report.stem), report)
        unread += not is_compared
        if causes:
            stale.setdefault(causes, []).append(report.stem)
    current = len(reports) - sum(map(len, stale.values()))
    zh, en = [f"{len(reports)} 份，{current} 份与现在一致"], [f"{len(reports)} reports, {current} of them up to date"]
    for causes, names in stale.items():
        zh.append(f"变了{'、'.join(_CAUSES[c] for c in causes)}：{listed(names, 'zh')}")
        en.append(f"stale ({', '.join(causes)}): {listed(names, 'en')}")
    if unread:
        zh.append(f"{unread} 份没有比数据（这些表还没有读过）")
        en.append(f"{unread} compared without their data (tables not read yet)")
    return Finding(topic=Text(f"已发布 {folder.name}", f"Published {folder.name}"), status="warn" if stale else "ok", why=_PROVENANCE,
                   there=Text("；".join(zh), "; ".join(en)), fix=f"voc run params/{folder.name}.yml" if stale else "")


def _moved(tracer: Any, job: Job | None, report: Path) -> tuple[tuple[str, ...], bool]:
    """What of a report's fingerprint is no longer so, and whether its data could be compared."""
    try:
        then = json.loads(report.read_text("utf-8"))["provenance"]
    except (ValueError, KeyError, TypeError):
        return ("cannot be read",), True
    if job is None:
        return ("no longer in the edition",), True
    now, known = tracer.provenance(job).to_dict(), tracer.knows(job)
    return tuple(n for n in list(_CAUSES)[:6] if now[n] != then.get(n) and (known or n != "data")), known


def _told(zh: str, en: str, error: Exception) -> Text:
    """What went wrong, its message cut where it runs on."""
    lines = str(error).splitlines()
    text = "\n".join(line[:300] for line in lines[:6]) + (f"\n… (+{len(lines) - 6})" if len(lines) > 6 else "")
    return Text(f"{zh}：{text}", f"{en}: {text}")


def _edition_files(space: Workspace) -> list[Path]:
    return sorted((space.root / "params").glob("*.yml"))


def _mapping_files(space: Workspace) -> list[Path]:
    """Files under params/rules that name sources, or cannot be read as YAML at all."""
    return [p for p in sorted((space.root / "params" / "rules").glob("*.yml"))
            if re.search(r"^\s*[\"']?sources[\"']?\s*:", p.read_text("utf-8-sig", errors="replace"), re.MULTILINE)]


def _sample_inputs(space: Workspace) -> set[str]:
    """The mapping files that the sample edition reads; none where that edition is broken, which another look tells."""
    with suppress(*_BROKEN):
        return set(_load(space.root / "params" / f"{SAMPLE}.yml").inputs)
    return set()


def _load(path: Path) -> Edition:
    from voclib.running.edition import load

    return load(path)


def _has_tables(space: Workspace, edition: Edition) -> bool:
    """Whether the tables of all its mappings lie there; where one is absent, the look at tables says so."""
    from voclib.running.inputs import Built

    names = [Built(space).name(mapping) for mapping in edition.inputs if (space.root / mapping).is_file()]
    return bool(names) and all(any((space.root / "data" / "standard" / name).glob("*.parquet")) for name in names)


def _secrets(space: Workspace) -> list[str]:
    """Values that no finding may show: the pseudonym key and the keys that mappings hold, longest first."""
    rules = space.root / "params" / "rules"
    held = [found for p in rules.glob("*.yml") for found in _SAID.findall(p.read_bytes().decode("utf-8", "replace"))]
    values = {os.environ.get(SECRET, ""), *(part.strip("\"'") for text in held for part in (text, text.split(" #")[0].rstrip()))}
    return sorted((v for v in values if len(v) > 3), key=len, reverse=True)
