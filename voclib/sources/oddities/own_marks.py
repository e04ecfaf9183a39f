"""Rows that a survey tool itself marks as spam, a preview or a test, and that the mapping takes for answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from voclib.sources.adapters import OWN
from voclib.sources.mapping import RESERVED
from voclib.sources.standardising import revisions
from voclib.sources.standardising.shaping import Piece

MOST = 30  # different values of a column of marks
_HEADING = re.compile(r"status|state|type|channel|source|collector|mode|preview|spam|test|状态|类型|来源|渠道|标记|有效|测试|备注", re.IGNORECASE)
_MARK = re.compile(r"(?:possible |imported |preview |offline )?(?:spam|survey preview|survey test|preview)|test(?: response| data| entry)?|"
                   r"测试(?:答卷|数据|问卷|提交)?|(?:问卷|答卷)?预览|垃圾(?:答卷|数据)?|无效(?:答卷|数据)", re.IGNORECASE)


def build(pieces: Iterable[Piece]) -> list[dict]:
    """Doubts `own_marks`: by file and column, how many rows that make voices hold such a mark, and the line that sets them aside."""
    found = []
    for piece in [piece for piece in pieces if "responses" in piece.tables]:
        rows = piece.raw[piece.raw["_problem"] == ""].drop_duplicates("_row")
        for name in rows.columns:
            if name in (*OWN, *RESERVED, revisions.MARK) or not _HEADING.search(name) or rows[name].nunique() > MOST:
                continue
            texts = rows[name].str.strip()
            marks = sorted(word for word in texts.dropna().unique() if _MARK.fullmatch(word))
            if marks and (n := int(texts.isin(marks).sum())) < len(rows):
                found.append({"doubt": "own_marks", "file": piece.file, "column": name, "n": n, "days": marks,
                              "line": f"set_aside: {json.dumps({name: marks}, ensure_ascii=False)}"})
    return found
