"""Named random streams: each table draws from its own, so one table's size never moves another's numbers."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """A generator that depends on the seed and the stream's name alone."""
    return np.random.default_rng(np.random.SeedSequence([int(seed), crc32(name.encode())]))


def planted(rng: np.random.Generator, given: float | None, low: float, high: float) -> float:
    """The value given, else one drawn uniformly between two bounds (planted parameters differ by seed)."""
    drawn = rng.uniform(low, high)
    return float(drawn if given is None else given)
