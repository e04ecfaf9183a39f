"""What `voc compare` says, in both languages, and the command that tells several causes apart."""

from __future__ import annotations

import math
import shlex
from collections import Counter

from voclib import numbers
from voclib.results import Estimate, Text, Verdict
from voclib.running.causes import KINDS, Cause
from voclib.running.comparison import Conclusion, EditionComparison, Move, PageComparison
from voclib.running.methods import Entry
from voclib.sentences import say

ROWS = 8  # estimates shown a report; the others are counted
VERDICTS: dict[str, Text] = {
    Verdict.REPORT: Text("可以采用", "use it"), Verdict.REPORT_WITH_CAVEAT: Text("有前提可用", "use with care"),
    Verdict.BOUNDS_ONLY: Text("只能给范围", "range only"), Verdict.REFUSE: Text("暂不下结论", "no conclusion yet")}
_NOT_RECORDED: dict[str, Text] = {
    "formulas": Text("算法的指纹", "the fingerprint of its formulas"), "program": Text("其余代码的指纹", "the fingerprint of its other code"),
    "locked": Text("锁定文件", "the lock file"), "files": Text("表格以外的输入", "inputs other than tables"),
    "parameter_values": Text("参数的值", "parameter values")}
_COUNTED: dict[Conclusion, Text] = {
    "one cause": Text("数字有变化，原因明确", "moved for one cause"), "several causes": Text("数字有变化，原因不止一个", "moved for several causes"),
    "not reproducible": Text("数字有变化，却没有任何已知的不同", "moved although no difference is known"),
    "appeared": Text("新增", "new"), "disappeared": Text("不再发布", "no longer published"),
    "harmless": Text("来源有改动，数字没变", "changed in origin, no number moved"), "unchanged": Text("完全没变", "unchanged")}


def summary(comparison: EditionComparison, lang: str) -> str:
    """How many reports moved and why, then the causes with the reports each stands for."""
    counts = Counter(p.conclusion for p in comparison.pages)
    comma, between = {"zh": ("，", "；"), "en": (", ", "; ")}[lang]
    parts = between.join(f"{counts[c]} {'份' if lang == 'zh' else ''}{words[lang]}" for c, words in _COUNTED.items() if counts[c])
    kinds = Counter(kind for p in comparison.pages if p.has_moved for kind in p.causes)
    causes = comma.join(f"{words[lang]} {kinds[kind]}" for kind, words in KINDS.items() if kinds[kind])
    total = say("比较了 {n} 份报告：{p}。", "{n} reports compared: {p}.", n=len(comparison.pages), p=parts)[lang]
    why = say("数字变化涉及的原因：{c}。", "Causes behind moved numbers, by report: {c}.", c=causes)[lang] if causes else ""
    return f"{total}{'' if lang == 'zh' or not why else ' '}{why}"


def told(comparison: EditionComparison, lang: str) -> str:
    """The whole comparison as plain text: reports that moved first, then those whose origin alone differs."""
    sides = [f"{name} ({commit[:10]})" if commit else name for name, commit in zip((comparison.old, comparison.new), comparison.commits, strict=True)]
    lines = [f"{comparison.edition}: {sides[0]} → {sides[1]}", summary(comparison, lang)]
    largest = {p.notebook: max((m.size or 0.0 for m in p.moved), default=0.0) for p in comparison.pages}
    ranks = list(_COUNTED)
    for page in sorted((p for p in comparison.pages if p.has_moved), key=lambda p: (ranks.index(p.conclusion), -largest[p.notebook], p.notebook)):
        lines += ["", f"{page.notebook} · {page.question[lang]}", *(f"  {line}" for line in _page(comparison, page, lang))]
    still = [p for p in comparison.pages if p.conclusion == "harmless"]
    lines += [""] if still else []
    for page in still:
        lines += [f"{page.notebook}: {conclusion(page)[lang]}", *(f"  - {cause_line(c, lang)}" for c in page.difference.causes)]
    return "\n".join(lines)


def page_texts(comparison: EditionComparison, page: PageComparison) -> dict[str, object]:
    """What `to_dict` holds in words: the conclusion, each cause, and the command that tells causes apart (None where none is needed)."""
    both = {lang: [conclusion(page)[lang], *(cause_line(c, lang) for c in page.difference.causes)] for lang in ("zh", "en")}
    apart = apart_command(comparison, page)
    return {"told": both, "command": None if apart is None else apart[1]}


def _page(comparison: EditionComparison, page: PageComparison, lang: str) -> list[str]:
    if None in page.verdicts:
        return [conclusion(page)[lang]]
    lines = []
    if page.verdicts[0] != page.verdicts[1]:
        lines.append(f"{'结论' if lang == 'zh' else 'verdict'}{_colon(lang)}{_verdict(page.verdicts[0], lang)} → {_verdict(page.verdicts[1], lang)}")
    lines += [move_line(m, lang) for m in page.moved[:ROWS]]
    if more := len(page.moved) - ROWS if len(page.moved) > ROWS else 0:
        lines.append(say("另有 {n} 个估计有变化", "{n} more estimates moved", n=more)[lang])
    lines.append(conclusion(page)[lang])
    for cause in page.difference.causes:
        lines += [f"- {cause_line(cause, lang)}", *(f"    {_entry(e, lang)}" for e in cause.entries)]
    if (apart := apart_command(comparison, page)) is not None:
        lines += [apart[0][lang], *(f"    {line}" for line in apart[1].splitlines())]
    if page.has_moved and page.difference.unrecorded:
        names = "、".join if lang == "zh" else ", ".join
        lines.append(say("两份报告之一没有记录：{n}", "one of the two reports does not record: {n}",
                         n=names(_NOT_RECORDED[n][lang] for n in page.difference.unrecorded))[lang])
    return lines


def move_line(move: Move, lang: str) -> str:
    """`nps:clustered  45 points (41–50) → 47 points (43–52), +2; 0.4 half widths of the old interval; each interval holds the other's value`."""
    name = " · ".join(part for part in (move.term, move.known.group) if part)
    if move.status in ("appeared", "disappeared"):
        words = Text("新增", "new") if move.status == "appeared" else Text("不再有", "gone")
        return f"{name}  {words[lang]}{_colon(lang)}{_written(move.known, lang)}"
    before = f"{_written(move.old, lang)} → " if move.status == "moved" else ""  # the same number is said once
    parts = [f"{name}  {before}{_written(move.new, lang)}"]
    if move.status == "moved" and move.difference is not None and move.old.value is not None:
        parts[0] += f"{'，' if lang == 'zh' else ', '}{_step(move, lang)}"
    if move.half_widths is not None and math.isfinite(move.half_widths) and move.status == "moved":
        parts.append(say("相当于旧区间半宽的 {h} 倍", "{h} half-widths of the old interval", h=f"{move.half_widths:.2g}")[lang])
    if move.covered is not None and move.status == "moved":
        parts.append(_covered(move)[lang])
    if move.old.verdict != move.new.verdict:
        parts.append(f"{_verdict(move.old.verdict, lang)} → {_verdict(move.new.verdict, lang)}")
    if move.old.evidence_level != move.new.evidence_level:
        levels = {"a": str(move.old.evidence_level), "b": str(move.new.evidence_level)}
        parts.append(say("证据等级 {a} → {b}", "evidence level {a} → {b}", **levels)[lang])
    return {"zh": "；", "en": "; "}[lang].join(parts)


def _step(move: Move, lang: str) -> str:
    """The movement as printed; one that vanishes in rounding is said to."""
    step = numbers.change(move.old, move.new, lang)
    if step.strip("0.¥$%万亿KMB") or move.difference == 0:
        return step
    return say("变化小于印出的最后一位", "less than the last printed digit")[lang]


def _covered(move: Move) -> Text:
    if move.old.value is None:
        return Text("两个范围有重叠", "the ranges overlap") if move.covered else Text("两个范围不重叠", "the ranges do not overlap")
    if move.covered:
        return Text("两个区间互相包含对方的值", "each interval contains the other's value")
    return Text("至少一个区间不再包含对方的值", "at least one interval no longer contains the other's value")


def _written(estimate: Estimate, lang: str) -> str:
    """Value, unit and interval, as a page prints them; a refusal by its verdict."""
    if estimate.kind == "refusal":
        return _verdict(estimate.verdict, lang)
    text = f"{numbers.value(estimate, lang)} {numbers.unit(estimate, lang)}".rstrip()
    around = numbers.interval(estimate, lang) if estimate.kind == "estimate" else ""
    if not around:
        return text
    return f"{text}（{around}）" if lang == "zh" else f"{text} ({around})"


def _verdict(verdict: str | None, lang: str) -> str:
    return VERDICTS[Verdict(verdict)][lang] if verdict in list(Verdict) else str(verdict)


def conclusion(page: PageComparison) -> Text:
    """One sentence on why a report is as it is now."""
    kinds = Text("、".join(KINDS[k].zh for k in page.causes), " and ".join(KINDS[k].en for k in page.causes))
    match page.conclusion:
        case "appeared":
            return Text("新报告：旧的一边没有它。", "A new report: it is absent from the old side.")
        case "disappeared":
            return Text("不再发布：新的一边没有它。", "No longer published: it is absent from the new side.")
        case "unchanged":
            return Text("没有变化。", "Nothing moved.")
        case "harmless":
            return say("{k}有改动，但没有一个数字变化。", "No number moved, although this changed: {k}.", k=kinds)
        case "several causes":
            return say("不同的有：{k}。只看报告分不清各占多少。",
                       "These differ: {k}. The reports alone do not show how far each moved the numbers.", k=kinds)
        case "not reproducible":
            return _unexplained(page)
    return _one_cause(page, kinds)


def _one_cause(page: PageComparison, kinds: Text) -> Text:
    if all(c.claims_no_move for c in page.difference.causes) and page.difference.causes:
        return Text("原因：口径。台账说这次改写不改变任何数字，数字却变了：台账的条目写错了。",
                    "Cause: definition. The ledger says that this rewrite moves no number, yet numbers moved: its entry is wrong.")
    if page.difference.elsewhere:
        return Text("原因：代码。改动在这份笔记本（就能读出的部分而言）没有用到的模块或锁定文件里。",
                    "Cause: code. The change lies in the lock file or in modules that this notebook, as far as can be read, does not import.")
    if page.causes == ("code",) and "formulas" in page.difference.unrecorded:
        return Text("原因：代码，或者口径：较旧的报告没有记录算法，分不清是哪一个。其余来源都相同。",
                    "Cause: code, or definition: the older report does not record its formulas, so the two cannot be separated. Nothing else "
                    "that is recorded differs.")
    return say("原因：{k}。其余来源都相同。", "Cause: {k}. Nothing else that is recorded differs.", k=kinds)


def _unexplained(page: PageComparison) -> Text:
    if "files" in page.difference.unrecorded:
        return Text("不可重现，或者改动在表格以外的输入：数据、代码、口径和程序包都相同，而其中一份没有记录表格以外的输入。",
                    "Not reproducible, unless an input other than tables changed: tables, code, definition and packages are the same, "
                    "but one of the reports does not record its other inputs.")
    return Text("不可重现：数据、代码、口径和程序包都相同，数字却不同。常见原因是没有固定随机种子、依赖时间、读了没有记录的文件；"
                "用 voc verify 再跑一遍。",
                "Not reproducible: data, code, definition and packages are the same, yet numbers differ. Common reasons: a seed that is not fixed, "
                "dependence on time, or a file that is not recorded; run voc verify.")


def cause_line(cause: Cause, lang: str) -> str:
    """`data: the tables hold other rows or values`."""
    return f"{KINDS[cause.kind][lang]}{_colon(lang)}{cause.detail[lang]}"


def _colon(lang: str) -> str:
    return "：" if lang == "zh" else ": "


def _entry(entry: Entry, lang: str) -> str:
    """An entry of the ledger: number, date, why, and what it says moved."""
    moved = ("；" if lang == "zh" else "; ").join(m.told for m in entry.moved)
    unmoved = (entry.unmoved.zh if lang == "zh" else entry.unmoved.en) if entry.unmoved else ""
    kinds = {"baseline": Text("起点", "baseline"), "method": Text("改算法", "method"), "same-numbers": Text("改写，数字不变", "same numbers")}
    why = entry.why.zh if lang == "zh" else entry.why.en
    return f"{entry.number} ({entry.on}, {kinds[entry.kind][lang]}) {why}{f' [{moved or unmoved}]' if moved or unmoved else ''}"


def apart_command(comparison: EditionComparison, page: PageComparison) -> tuple[Text, str] | None:
    """A command that tells several causes apart, with what it shows; None where there is but one."""
    if page.conclusion != "several causes":
        return None
    kinds, edition, notebook = set(page.causes), comparison.edition, page.notebook
    changed = {n: pair[0] for c in page.difference.causes for n, pair in (c.parameters or {}).items() if pair[0] is not None}
    if changed:
        line = f"from voclib.running import run; run('params/{edition}.yml', only=('{notebook}',), overrides={changed!r}, reports='build/then')"
        return (Text("用旧参数重跑今天的数据和代码：与旧报告仍不同的部分不是参数造成的。",
                     "Rerun today's data and code with the old parameters: what still differs from the old report has another cause."),
                _lines(f"python -c {shlex.quote(line)}", comparison, f"build/then/{edition}/{notebook}.json"))
    revision = comparison.commits[0] or "REVISION_OF_THE_OLD_REPORTS"
    if kinds & {"data", "packages"} and kinds & {"code", "definition"}:
        line = f"from voclib.running import run; run('params/{edition}.yml', only=('{notebook}',))"
        steps = [f"git worktree add --detach build/then {revision}", "mkdir -p build/then/data && cp -r data/* build/then/data/",
                 f"(cd build/then && PYTHONPATH=\"$PWD\" python -c {shlex.quote(line)})"]
        return (Text("用旧代码重跑今天的数据：与旧报告不同的部分来自数据或程序包，与新报告不同的部分来自代码或口径。",
                     "Rerun today's data with the old code: differences from the old report come from data or packages; differences from the new one "
                     "come from code or definition."), _lines("\n".join(steps), comparison, f"build/then/reports/{edition}/{notebook}.json"))
    if kinds <= {"code", "definition"}:
        log = f"git log --oneline {comparison.commits[0] or 'OLD'}..{comparison.commits[1] or 'HEAD'} -- reports/{edition}/{notebook}.json"
        return (Text("列出其间改过这份报告的提交，再逐对比较。",
                     "List the commits in between that changed this report, then compare them pair by pair."),
                f"{log}\nvoc compare COMMIT~1:reports/{edition}/{notebook}.json COMMIT:reports/{edition}/{notebook}.json")
    return (Text("在装着旧版本程序包的环境里重跑今天的数据：与旧报告仍不同的部分来自数据。",
                 "Rerun today's data with the old packages: what then still differs from the old report comes from the data."),
            _lines(f"python -m venv build/venv && git show {revision}:requirements/core.lock > build/then.lock\n"
                   "build/venv/bin/pip install -r build/then.lock && build/venv/bin/pip install --no-deps -e .\n"
                   f"build/venv/bin/voc run params/{edition}.yml --only {notebook} --force", comparison, f"reports/{edition}/{notebook}.json"))


def _lines(steps: str, comparison: EditionComparison, report: str) -> str:
    return f"{steps}\nvoc compare {shlex.quote(_old_report(comparison))} {shlex.quote(report)}"


def _old_report(comparison: EditionComparison) -> str:
    """The old state as a reader names it, with its edition where a revision stands alone."""
    return comparison.old if not comparison.commits[0] or ":" in comparison.old else f"{comparison.old}:reports/{comparison.edition}"

