"""Immortal time: who is exposed only later had to stay until then, so "ever exposed" looks protective (Suissa 2008, Am. J. Epidemiol. 167)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from voclib.errors import DataError, ParameterError


def immortal(start: ArrayLike, exposed_from: ArrayLike, *, time_varying: bool = False) -> int:
    """How many rows are exposed only after their time zero; numbers or dates (N,), `exposed_from` empty where never.

    A fixed exposed/unexposed comparison of such rows counts the time before the exposure as exposed time in which nobody could leave.

    Raises
    ------
    DataError
        if there are any and the exposure is not modelled as time-varying; the message says how many.
    ParameterError
        for shapes that differ.
    """
    first, begins = pd.Series(np.asarray(start)), pd.Series(np.asarray(exposed_from))
    if len(first) != len(begins):
        raise ParameterError(f"start and exposed_from need the same rows; there are {len(first)} and {len(begins)}.")
    late = int((begins > first).sum())
    if late and not time_varying:
        raise DataError(f"Leakage: in {late} of {len(first)} rows the exposure begins after time zero, and a customer had to stay until then to be "
                        "exposed: compared as fixed, the exposed look loyal (immortal time). Use hazard(..., exposed_from=...), or begin the time of "
                        "everybody at an event that both groups have.")
    return late
