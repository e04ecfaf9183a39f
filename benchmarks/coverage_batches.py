"""Planted worlds of few batches for the long runs: every batch drawn in, and the ordinary siblings of a bad batch that no test has told.

A run judges many batches; what is recorded is the share of them that it gets right.
"""

from __future__ import annotations

import numpy as np

from benchmarks.coverage import EXTREME_BAND, Draw, Setting
from benchmarks.coverage_causes import Field, _field, _none, _thin
from benchmarks.coverage_segments import Ranges, held
from voclib.results import Estimate
from voclib.stats import outstanding
from voclib.stats.siblings.standing import standing

SOME, FEW = 300, 100
THIN, LARGE = "2 parts of 6 to 10 batches, 50 to 500 repairs in all", "20 parts of 6 to 10 batches, half of them made while the data run"


def ratios(drawn: Draw) -> Draw:
    """The same worlds; the truth is every batch's ratio, in the order of the table."""
    def taken(seed: int) -> tuple[Field, np.ndarray]:
        made = drawn(seed)[0]
        return made, made[0].table["batch_id"].map(made[1]["ratios"]).to_numpy(dtype=float)
    return taken


def drawn_in(data: Field) -> Ranges:
    """All batches, drawn towards one another."""
    table = data[0].table
    at = np.flatnonzero(table["shrunken"].notna())
    return Ranges(*(table[name].to_numpy()[at] for name in ("shrunken_low", "shrunken_high")), at)


def by_one_prior(data: Field) -> Ranges:
    """The same with the likeliest prior taken for the true one, as if nothing had to be learnt."""
    found = data[0]
    at = np.flatnonzero(found.table["shrunken"].notna())
    y, e = (found.table[name].to_numpy(dtype=float)[at] for name in ("repairs", "expected"))
    sure = 1.0 / (found.dispersion[at] * (1.0 + y / np.maximum(found.compared.others[at], 1e-9)))
    return Ranges(*likeliest(y * sure, e * sure), at)


def likeliest(y: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of 95 % intervals under the prior of maximum likelihood alone."""
    priors = outstanding._learnt(y, e, np.ones(len(y)))
    likelihood = priors.chance / outstanding.BEFORE[:, None] / np.diff(priors.center[:, :2])  # without the width of a step
    best = np.unravel_index(int(np.argmax(likelihood)), likelihood.shape)
    one = best[1:]
    share, shape = outstanding.SHARES[best[0]], outstanding.SPREADS[one[0]] ** -2
    usual = np.log(1.0 - share) + priors.usual[(slice(None), *one)]
    far = np.exp(np.log(share) + priors.wide - np.logaddexp(usual, np.log(share) + priors.wide))
    sizes = np.column_stack([shape + y, outstanding.FAR_SHAPE + y])
    speeds = np.column_stack([priors.rate[one] + e, outstanding.FAR_RATE + e])
    low, high = (outstanding._quantile(np.column_stack([1 - far, far]), sizes, speeds, tail) for tail in (0.025, 0.975))
    return low, high


def _siblings(data: Field) -> np.ndarray | None:
    """Places of the bad batch's siblings; None where the bad batch is told."""
    found, truth = data
    bad = found.table["batch_id"].eq(truth["bad"])
    if bool(found.table.loc[bad, "told"].any()):
        return None
    return np.flatnonzero(found.cells.kind.isin(found.cells.kind[bad]) & ~bad & found.table["ratio"].notna())


def beside_a_bad_one(data: Field) -> Ranges | Estimate:
    """The ordinary siblings of a bad batch that is not told, as they are printed; a refusal where it is."""
    at = _siblings(data)
    return _none() if at is None else Ranges(*(data[0].table[name].to_numpy()[at] for name in ("low", "high")), at)


def all_ordinary(data: Field) -> Ranges:
    """The same with every batch that is not told taken for an ordinary sibling; none where the bad batch is told."""
    at, found = _siblings(data), data[0]
    if at is None:
        return Ranges(*np.empty((2, 0)), np.empty(0, dtype=int))
    plain = standing(found.cells.counts, found.cells.years, kind=found.cells.kind, band=found.cells.band, told=found.table["told"],
                     spreads=found.compared.spreads, own=found.dispersion).ratios(0.95)
    return Ranges(plain.low[at], plain.high[at], at)


def held_of_those(found: Ranges, truth: np.ndarray) -> float:
    """Share of the siblings whose ratio lies inside; not a number where the bad batch is told and they are no longer asked about."""
    return held(found, truth) if len(found.which) else float("nan")


def settings() -> list[Setting]:
    """Few batches with one bad, none and unequal parts; many batches; siblings of a bad batch."""
    shared = {"method": "all batches, drawn in", "kind": "power", "count": held, "call": drawn_in, "naive": by_one_prior, "band": EXTREME_BAND}
    return [
        Setting(setting=THIN, draw=ratios(_thin(lambda t: None)), naive_band=(0.0, 0.85), runs=SOME, **shared),
        Setting(setting=f"{THIN}, none bad", draw=ratios(_thin(lambda t: None, 1.0)), naive_band=(0.0, 0.9), runs=SOME, **shared),
        Setting(setting=LARGE, draw=ratios(_field(lambda t: None)), runs=FEW, **shared | {"naive": None}),
        Setting(method="ordinary siblings of a bad batch", setting=THIN, draw=ratios(_thin(lambda t: None)), kind="power",
                count=held_of_those, call=beside_a_bad_one, naive=all_ordinary, naive_band=(0.0, 0.92), band=EXTREME_BAND, runs=SOME)]
