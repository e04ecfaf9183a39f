"""Cells that a spreadsheet program marked or failed to calculate: freed of the mark, or empty."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from voclib.sources.reading.extracts import Extract, Note

TEXT_MARK = "a spreadsheet's text mark removed"
ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"})  # #N/A: voclib.schema.coercion
# ="000123" and '000123 keep the zeros of a number; what a customer says after an apostrophe ('90s, 'tis) is no such code
_MARKED = re.compile(r"""\s*(?:="(?P<text>[^"]*)"|'(?P<code>[A-Za-z]{0,4}[0-9]{2,}))\s*""")
_OWN = ("_file", "_row", "_problem", "_repair")


def tidied(made: Extract) -> Extract:
    """The same file with ="…" and a leading ' taken off codes, which counts as a repair of the row, and error values (#DIV/0!) empty.

    Notes say how many cells of which column: `text_mark` and `error_cells`.
    """
    columns: dict[str, pd.Series] = {}
    notes: list[Note] = []
    is_marked = pd.Series(False, index=made.frame.index)
    for name in [name for name in made.frame.columns if name not in _OWN]:
        texts = made.frame[name]
        freed, failed = _freed(texts), texts.isin(ERRORS)
        if len(freed):
            is_marked[freed.index] = True
            notes.append(("text_mark", f"{name}: {len(freed)}"))
        if failed.any():
            notes.append(("error_cells", f"{name}: {int(failed.sum())}"))
        if len(freed) or failed.any():
            columns[name] = pd.concat([texts.drop(freed.index), freed]).reindex(texts.index).mask(failed).astype("str")
    if is_marked.any():
        said = made.frame["_repair"]
        columns["_repair"] = said.mask(is_marked & (said == ""), TEXT_MARK).mask(is_marked & (said != ""), said + f"; {TEXT_MARK}")
    return replace(made, frame=made.frame.assign(**columns), notes=(*made.notes, *notes)) if columns else made


def bare(cell: str) -> str:
    """A heading without the mark."""
    found = _MARKED.fullmatch(cell)
    return found["text"] if found and found["text"] is not None else cell


def _freed(texts: pd.Series) -> pd.Series:
    """The cells of a column that carry a mark, without it."""
    candidates = texts[texts.str.contains("=\"|'", regex=True).fillna(False)]
    found = candidates.map(_MARKED.fullmatch)
    marked = found[found.notna()]
    return marked.map(lambda match: match["text"] if match["text"] is not None else match["code"]).astype("str")
