"""A trace as plain, aligned text for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from voclib.studies.counting import text as counting_text
from voclib.studies.tracing import text as words

if TYPE_CHECKING:
    from voclib.studies.tracing import Counted, Row, Trace

ASIDES = 8  # rows in quarantine that are written out
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # would move the cursor, turn the direction or break the line


def told(trace: Trace, lang: str) -> str:
    """Everything a trace knows, one heading a part."""
    lines = [words.title(trace.identifier, trace.is_found)[lang] + (f"（{words.AS_PSEUDONYM.zh}）" if lang == "zh" and trace.is_pseudonym else
                                                                     f" ({words.AS_PSEUDONYM.en})" if trace.is_pseudonym else "")]
    if not trace.is_found:
        lines += [trace.looked[lang]]
        lines += [f"{words.HEADS['near'][lang]}{'：' if lang == 'zh' else ': '}{', '.join(trace.near)}"] if trace.near else []
    seen: dict[str, int] = {}
    for row in trace.rows:
        seen[row.table] = seen.get(row.table, 0) + 1
        lines += ["", *_row(row, seen[row.table], trace.sizes[row.table], lang)]
        if seen[row.table] < trace.sizes[row.table] and row is [r for r in trace.rows if r.table == row.table][-1]:
            lines += [f"{row.table}: {words.more(trace.sizes[row.table] - seen[row.table])[lang]}"]
    if trace.asides:
        lines += ["", words.HEADS["asides"][lang], *(f"  {words.aside(a.file, a.row, a.table, a.reason)[lang]}" for a in trace.asides[:ASIDES])]
        lines += [f"  {words.more(len(trace.asides) - ASIDES)[lang]}"] if len(trace.asides) > ASIDES else []
    if trace.is_found:
        mentions = [(f"{m.table}.{m.column}", f"{m.n:,}") for m in trace.mentions] or [(words.NO_MENTIONS[lang],)]
        lines += ["", words.HEADS["mentions"][lang], *_aligned(mentions)]
    if trace.reports:
        lines += ["", words.HEADS["reports"][lang], *_aligned([_report(r, lang) for r in trace.reports])]
    return "\n".join(_plain(line) for line in lines)


def _row(row: Row, number: int, total: int, lang: str) -> list[str]:
    """One row: origin, repairs, cells."""
    came = [words.origin(o.file, o.row, o.channel, o.adapter)[lang] for o in row.origins] or [words.NO_ORIGINS[lang]]
    mended = [(column, text[lang]) for column, text in row.repairs] or [(words.NO_REPAIRS[lang],)]
    empty = [f"  {words.empty(row.empty)[lang]}"] if row.empty else []
    return [words.row(row.table, number, total)[lang], f" {words.HEADS['origins'][lang]}", *(f"  {line}" for line in came),
            f" {words.HEADS['repairs'][lang]}", *_aligned(mended), f" {words.HEADS['rows'][lang]}",
            *_aligned([(column, text[lang]) for column, text in row.cells]), *empty]


def _report(line: Counted, lang: str) -> tuple[str, ...]:
    if line.note is not None:
        return line.report, "", line.note[lang]
    name = counting_text.table(line.table)[lang]
    about = words.RELATIONS[line.relation][lang]
    which = name if line.relation == "itself" else f"{name}（{about}）" if lang == "zh" else f"{name} ({about})"
    return line.report, which, words.outcome(line.n, line.counted, line.reasons)[lang]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of cells in columns; a Chinese character is two places wide."""
    wide = [max(_width(row[i]) for row in rows if i < len(row)) for i in range(max(len(row) for row in rows))] if rows else []
    return ["  " + "  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, wide, strict=False)).rstrip() for row in rows]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _plain(line: str) -> str:
    """A line that a terminal shows and does not obey."""
    return "".join("\ufffd" if unicodedata.category(sign) in _HIDDEN else sign for sign in line)
