"""What a lottery alone allows to be said: treatment handed out again in every way in which it could have fallen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import comb, prod
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats.inference.inversion import Draws
from voclib.stats.inference.means import Array, encode

ENUMERATED = 20_000  # up to so many assignments each is looked at
CELLS = 2**18  # assignments times units at a time, so that memory does not grow with the assignments


@dataclass(frozen=True, kw_only=True)
class Permutation:
    """A difference, treated minus untreated, tested against all ways in which treatment could have fallen on the units.

    `smallest_p` is the smallest p that the design can give, whatever happened: 1/C(G, k), twice that where each assignment has a mirror image;
    where it is above 1 − conf_level the interval is infinite. `is_exhaustive`: every assignment was looked at, nothing was drawn.
    """

    difference: float
    p_value: float
    smallest_p: float
    conf_low: float
    conf_high: float
    n_treated: int
    n_units: int
    n_assignments: int
    is_exhaustive: bool


def permute(values: ArrayLike, treated: ArrayLike, *, within: ArrayLike | None = None, statistic: Literal["t", "difference"] = "t",
            draws: int = 9999, seed: int = 0, conf_level: float = 0.95) -> Permutation:
    """Permutation test of one value a unit, for example after minus before; nothing is assumed but that treatment fell at random.

    values (N,), treated (N,) true or false. `within` (N,): strata, inside which treatment was drawn; d̃ and ỹ are then deviations from stratum
    means. The difference is Δ = Σd̃ỹ/Σd̃²; "t" divides it by the root of Σd̃²(ỹ − Δd̃)²/(Σd̃²)², which keeps the level in large samples
    also where treatment changes the spread and not the mean, "difference" does not. The interval holds the constant effects that are not
    rejected. Up to 20,000 assignments each is looked at, beyond that `draws` of them.

    Source: Fisher 1935, The Design of Experiments; Chung & Romano 2013, Annals of Statistics 41 (studentised); Young 2019, QJE 134.

    Raises
    ------
    DataError
        for missing values, nobody treated or everybody (in every stratum), values that do not vary.
    ParameterError
        for lengths that differ, treatment that is not yes or no, an unknown statistic, draws below 1, conf_level outside (0, 1).
    """
    y, d, stratum = _units(values, treated, within, statistic, draws, conf_level)
    size = np.bincount(stratum)
    given = np.bincount(stratum, d).astype(int)
    count = prod(comb(int(n), int(k)) for n, k in zip(size, given, strict=True))
    whole = count <= ENUMERATED
    share = (given / size)[stratum]
    own, centred = d - share, y - (np.bincount(stratum, y) / size)[stratum]
    difference = float(own @ centred / (own @ own))
    left = centred - difference * own
    ways = _every(d, stratum) if whole else _drawn(d, stratum, draws, seed)
    level, slope, *square = np.concatenate([_statistics(way - share, left, own, statistic) for way in ways], axis=1)
    test = Draws(level=level, slope=slope, square=np.array(square), scale=float(np.sqrt(left @ left) / (own @ own)) or abs(difference))
    low, high = test.interval(conf_level)
    mirrored = bool((2 * given == size).all())
    smallest = (1 + mirrored) / count
    return Permutation(difference=difference, p_value=test.p_value(-difference), smallest_p=smallest if whole else max(smallest, 1 / (draws + 1)),
                       conf_low=difference + low, conf_high=difference + high, n_treated=int(d.sum()), n_units=len(d), n_assignments=count,
                       is_exhaustive=whole)


def _units(values: ArrayLike, treated: ArrayLike, within: ArrayLike | None, statistic: str, draws: int,
           conf_level: float) -> tuple[Array, NDArray[np.bool_], NDArray[np.intp]]:
    """Values, treatment and stratum of units whose stratum leaves a choice."""
    y, given = np.asarray(values, dtype=float), np.asarray(treated)
    stratum = np.zeros(len(y), dtype=np.intp) if within is None else encode(within)[0]
    if not y.shape == given.shape == stratum.shape:
        raise ParameterError(f"Values, treatment and strata are of the same units, not {y.shape}, {given.shape} and {stratum.shape}.")
    if statistic not in ("t", "difference") or draws < 1 or not 0 < conf_level < 1:
        raise ParameterError(f"statistic is 't' or 'difference', draws at least 1, conf_level a share in (0, 1); not {statistic!r}, {draws} and "
                             f"{conf_level}.")
    if not np.isin(given, (0, 1)).all():
        raise ParameterError("Treatment of a unit is yes or no: true and false, or 1 and 0.")
    if missing := int((~np.isfinite(y)).sum()):
        raise DataError(f"{missing} of {len(y)} units have no value; leave them out, or say what their value is.")
    d = given.astype(bool)
    share = np.bincount(stratum, d) / np.bincount(stratum)
    open_ = ((share > 0) & (share < 1))[stratum]
    if not open_.any():
        raise DataError(f"{int(d.sum())} of {len(d)} units are treated{'' if within is None else ' and none stands beside an untreated one'}; a test "
                        "needs treated and untreated units" + ("." if within is None else " in the same stratum."))
    y, d, stratum = y[open_], d[open_], encode(stratum[open_])[0]
    first = y[np.unique(stratum, return_index=True)[1]]
    if (y == first[stratum]).all():
        raise DataError(f"All {len(y)} units{'' if within is None else ' of a stratum'} have the same value; there is nothing to compare.")
    return y, d, stratum


def _every(d: NDArray[np.bool_], stratum: NDArray[np.intp]) -> Iterator[NDArray[np.bool_]]:
    """All assignments that leave each stratum's number of treated, in chunks (B, N); the observed one first."""
    yield d[None]
    rows = [np.flatnonzero(stratum == s).tolist() for s in range(int(stratum.max()) + 1)]
    ways = product(*(combinations(row, int(d[row].sum())) for row in rows))
    while chosen := [sum(way, ()) for way in islice(ways, max(1, CELLS // len(d)))]:
        made = np.zeros((len(chosen), len(d)), dtype=bool)
        np.put_along_axis(made, np.array(chosen), True, axis=1)
        yield made[(made != d).any(axis=1)]


def _drawn(d: NDArray[np.bool_], stratum: NDArray[np.intp], draws: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """The observed assignment and `draws` others in chunks (B, N), each stratum shuffled by itself."""
    yield d[None]
    rng, sorted_ = np.random.default_rng(seed), d[np.argsort(stratum, kind="stable")]
    step = max(1, CELLS // len(d))
    for start in range(0, draws, step):
        made = np.empty((min(step, draws - start), len(d)), dtype=bool)
        np.put_along_axis(made, np.argsort(stratum + rng.random(made.shape), axis=1), np.broadcast_to(sorted_, made.shape), axis=1)
        yield made


def _statistics(moved: Array, left: Array, own: Array, statistic: str) -> Array:
    """Level, slope and the three squares (5, B) of assignments (B, N) as deviations, for values left − δ·own."""
    mass = float(own @ own)
    level, slope = moved @ left / mass, -(moved @ own) / mass
    if statistic == "difference":
        return np.stack([level, slope, np.ones(len(moved)), np.zeros(len(moved)), np.zeros(len(moved))])
    second, third, fourth = moved**2, moved**3, (moved**4).sum(axis=1)
    pairs = ((left, left, level, level), (left, -own, level, slope), (-own, -own, slope, slope))
    return np.stack([level, slope, *((second @ (u * w) - a * (third @ w) - b * (third @ u) + a * b * fourth) / mass**2 for u, w, a, b in pairs)])
