"""How much wider a test of begged scores scatters among honest dealers than it should: people who answer again, and a shape that does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FITS = 0.90
"""Chance alone spreads the z of honest dealers so far in this share of cases; only what is beyond counts as a want of fit."""


def of_honest(z: ArrayLike) -> float:
    """Mean square of z (J,) below zero where it exceeds what chance allows, else 1: begging only raises z, so that side shows how far the shape fits.

    An empirical null as in Efron (2004, JASA 99), from one side and by its scale alone, as in genomic control (Devlin & Roeder 1999, Biometrics 55).
    """
    below = np.asarray(z, dtype=float)
    below = below[below < 0]
    if not len(below):
        return 1.0
    found = float((below**2).mean())
    return found if found > stats.chi2.ppf(FITS, len(below)) / len(below) else 1.0


def of_repeats(category: NDArray[np.intp], unit: ArrayLike, person: ArrayLike) -> float:
    """How much wider tens among marks of 7 to 10 scatter than if nobody answered about a unit twice (at least 1); who is missing stands alone.

    `category` (N,) counts ≤6 as 0 and 10 as 4, see `inflation.categories`. A design effect (Kish 1965) of whole persons, over all units together.
    """
    frame = pd.DataFrame({"unit": np.asarray(unit), "person": np.asarray(person, dtype=object), "ten": category == 4})[category > 0]
    left = frame["ten"] - frame.groupby("unit")["ten"].transform("mean")
    alone = frame["person"].isna()
    square = float((left.groupby([frame["unit"], frame["person"]]).sum() ** 2).sum() + (left[alone] ** 2).sum())
    whole = float((left**2).sum())
    return max(1.0, square / whole) if whole > 0 else 1.0
