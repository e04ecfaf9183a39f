"""Headings below the first, which some survey tools put among the rows."""

from __future__ import annotations

from dataclasses import replace

from voclib.sources.readers import Extract

IMPORT_ID = r'\s*\{\s*"ImportId"\s*:'
DEEPEST = 3  # rows among which the machine's own heading is looked for


def without(made: Extract, *, own: tuple[str, ...]) -> Extract:
    """The same file without headings among its rows, which a note names by row number; `own` are the reader's columns.

    Qualtrics exports three headings: names, question texts, and a JSON object with the `ImportId` of every column. Where a row holds nothing but
    such objects, it and what stands above it are headings; a row of answers never does.
    """
    cells = made.frame.drop(columns=[name for name in own if name in made.frame]).head(DEEPEST)
    found = cells.apply(lambda texts: texts.str.match(IMPORT_ID).astype("boolean").fillna(True)).all(axis=1) & cells.notna().any(axis=1)
    if not found.any():
        return made
    depth = int(found.to_numpy(dtype=bool).argmax()) + 1
    skipped = ", ".join(map(str, made.frame["_row"].iloc[:depth]))
    return replace(made, frame=made.frame.iloc[depth:].reset_index(drop=True), notes=(*made.notes, ("heading_rows", skipped)))
