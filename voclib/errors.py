"""Errors a user can act on: what is missing, what there is, how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class VocError(Exception):
    """Anything voclib tells a user; the command line prints it without a traceback."""


class DataError(VocError):
    """The data cannot be used as they are; `problems` holds one row a problem where there are several."""

    def __init__(self, message: str, *, problems: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.problems = problems


class ParameterError(VocError):
    """An edition, a mapping or an argument says something that is not understood."""


class RunError(VocError):
    """A notebook failed; the message names notebook, cell and cause."""


def examples(values: pd.Series) -> str:
    """Up to three different values of a column, as a message about what is wrong with them quotes them."""
    return ", ".join(repr(value) for value in values.drop_duplicates().head(3).tolist())


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that ends a message about an unknown name: the nearest known one, else all of them."""
    known = sorted(str(item) for item in known)
    close = get_close_matches(str(name), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(known)}" if known else "nothing is known here"
