"""Rows below or among the data that sum them up or say where they are from: counted as rows of data they would count everything twice."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from voclib.sources.reading.extracts import Extract

TOTAL, NOTE = "a row of totals, not of data", "a note below the table, not a row of data"
AGAIN, ALIKE = "the heading again, not a row of data", 0.8  # share of the filled cells that hold the name of their column
LAST = 3           # rows at the end among which a word that may be a value is one of totals
USUAL = 0.9        # share of the rows that fill a column, so that a row without it lacks something
MOST = 0.2         # share of the rows above which such words are values
FOOT = 8           # rows of a footer, as reports of customer systems have it: title, copyright, who made it, for whom
_WORDS = re.compile(r"合计|总计|小计|共计|(?:grand totals?|sub-?totals?)(?:\s*\([0-9,]+ [a-z]+\))?", re.IGNORECASE)
_ENDS = re.compile(r".{1,40}(?:小计|合计|总计|累计|\s(?:sub)?total)", re.IGNORECASE)
_VALUES = re.compile(r"汇总|平均|平均值|均值|totals?|sum|averages?|mean", re.IGNORECASE)
_NOTES = re.compile(r"(?:注|备注|说明|数据来源|来源|制表|导出|打印|notes?|source|generated|exported|printed|copyright|confidential)\b.*|注[：:].*",
                    re.IGNORECASE | re.DOTALL)
_HINT = "(?i)[合总小共]计|total"
_OWN = ("_file", "_row", "_problem", "_repair")


def apart(made: Extract) -> Extract:
    """The same file, its rows of totals, notes below it and headings between its pages marked as such in `_problem`."""
    marked = _summed(made)
    cells = marked.frame.drop(columns=list(_OWN))
    again = [at for at in cells.index[_names(cells, 0) | _names(cells, 1)] if _is_heading(cells.loc[at])] if cells.shape[1] > 1 else []
    if not again:
        return marked
    problem = marked.frame["_problem"]
    return replace(marked, frame=marked.frame.assign(_problem=problem.mask(problem.index.isin(again) & (problem == ""), AGAIN).astype("str")))


def _names(cells: pd.DataFrame, place: int) -> pd.Series:
    """Which cells of a column hold its name."""
    return (cells.iloc[:, place].str.strip() == cells.columns[place]).fillna(False)


def _is_heading(row: pd.Series) -> bool:
    filled = row.dropna().str.strip()
    alike = int((filled == filled.index).sum())
    return alike > 1 and alike >= ALIKE * int((filled != "").sum())


def _summed(made: Extract) -> Extract:
    """The same file, its rows of totals and the notes below it marked as such in `_problem`; a file that such words fill keeps them.

    The first filled cell says what a row is: 合计 or Subtotal anywhere; 华东 小计 where a cell is empty that other rows fill; Total or 平均, which
    may be an answer, in the last three rows and with such a cell; a note in the last rows with nothing beside it. So is a footer: rows at the end
    that say one thing in words, where the others fill two columns more.
    """
    frame = made.frame
    cells = frame.drop(columns=list(_OWN))
    if cells.shape[1] < 2 or len(frame) < LAST:
        return made
    first = _first(cells)
    at_end = pd.Series(frame.index >= len(frame) - LAST, index=frame.index)
    foot = _foot(cells)
    near = cells[first.str.contains(_HINT).fillna(False) | at_end | foot]  # few rows of a large file are looked at closely
    first, at_end = (found[near.index] for found in (first.fillna("").str.strip().str.rstrip("：: "), at_end))
    filled = near.apply(lambda texts: texts.str.strip().fillna("") != "")
    lacks = (~filled.loc[:, cells.notna().mean() >= USUAL]).any(axis=1)
    is_total = first.str.fullmatch(_WORDS) | (first.str.fullmatch(_ENDS) & lacks) | (first.str.fullmatch(_VALUES) & lacks & at_end)
    is_note = first.str.fullmatch(_NOTES) & at_end & (filled.sum(axis=1) == 1) & (cells.shape[1] > 2)
    is_note |= foot[near.index] & ~is_total
    said = pd.Series("", index=near.index).mask(is_note, NOTE).mask(is_total, TOTAL)
    said = said[(said != "") & (frame["_problem"][near.index] == "")]
    if said.empty or (~foot[said.index]).sum() > MOST * len(frame):
        return made
    problem = frame["_problem"].copy()
    problem[said.index] = said
    return replace(made, frame=frame.assign(_problem=problem.astype("str")))


def _foot(cells: pd.DataFrame) -> pd.Series:
    """The rows at the end of which each fills one cell with words, and leaves empty two that the rows above fill."""
    found = pd.Series(False, index=cells.index)
    last, full = cells.tail(FOOT), cells[cells.notna().sum(axis=1) > 1]
    if len(full) < LAST:
        return found
    usual = full.notna().mean() >= USUAL
    for at, filled in (last.apply(lambda texts: texts.str.strip().fillna("") != "")).iloc[::-1].iterrows():
        text = " ".join(last.loc[at, filled])
        is_words = sum(sign.isdigit() for sign in text) * 2 < sum(sign.isalnum() for sign in text)
        if filled.sum() > 1 or (filled.any() and not (is_words and (usual & ~filled).sum() > 1)):
            break
        found[at] = filled.any()
    return found


def _first(cells: pd.DataFrame) -> pd.Series:
    """The first filled cell of each row."""
    made = cells.iloc[:, 0]
    for name in cells.columns[1:]:
        empty = made.isna() | (made.str.strip() == "")
        if not empty.any():
            break
        made = made.where(~empty, cells[name])
    return made
