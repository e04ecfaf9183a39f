"""Whose voices may resemble each other: those about one store or company, and those of one person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.stats import gates, inference

THESE = "these_units_only"
"""The assumption of an interval in which only persons vary (`voclib.stats.gates.ASSUMPTIONS`)."""


def clusters(voices: pd.DataFrame) -> np.ndarray:
    """The cluster of each voice (N,): its unit, or its `person` where it names none; its person everywhere where units say too little (`are_few`).

    What happens in a store is said by many of its customers, and counting them as so many independent witnesses makes intervals too narrow
    (Cameron & Miller 2015, Journal of Human Resources 50).
    """
    return (voices["person"] if are_few(voices) else _shocks(voices)).to_numpy(dtype=object)


def are_few(voices: pd.DataFrame) -> bool:
    """Whether units are named and are too few, or a few too large, to say how units differ: an interval then speaks of these units only.

    As scores are refused then: fewer clusters than `min_clusters`, or worth no more than `min_degrees_of_freedom` + 1 of equal size (Kish).
    """
    if not voices["unit_id"].notna().any():
        return False
    limits, sizes = gates.load(), voices["unit_id"].value_counts().to_numpy(dtype=float)  # a blank is no further unit (`inference.unnamed`)
    return len(sizes) < limits.min_clusters or inference.kish(sizes) - 1 < limits.min_degrees_of_freedom


def are_one(voices: pd.DataFrame) -> bool:
    """Whether all voices are of one cluster, as a single voice is and those of a single person: how they vary cannot then be known."""
    return pd.unique(clusters(voices)).size < 2


def _shocks(voices: pd.DataFrame) -> pd.Series:
    return ("unit:" + voices["unit_id"].astype("str")).where(voices["unit_id"].notna(), "person:" + voices["person"].astype("str"))
