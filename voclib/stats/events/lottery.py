"""Few exposed units: what their dates of first exposure would show, had they been dealt out to the units in any other way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.stats.events.panel import read
from voclib.stats.events.twoway import SAME, Array, Codes
from voclib.stats.inference.inversion import Draws
from voclib.stats.inference.permutation import CELLS, ENUMERATED, Permutation


def lottery(frame: pd.DataFrame, *, unit: str, period: str, exposed_in: str, outcome: str, draws: int = 9999, seed: int = 0,
            conf_level: float = 0.95) -> Permutation:
    """Mean effect of a first exposure on the cells exposed, each unit from its own start on, tested by dealing the starts out anew.

    With v the weights of the imputation estimator (`event_study`) for a dealing π of the vector of starts, τ(π) = Σ v(π)·y; an exposed cell
    counts once. The statistic is τ(π) over the root of Σᵢ sᵢ², s being what a unit adds to it beyond its own fit. Nothing is assumed but that
    the dates fell on units at random; the interval holds the effects δ, the same in every exposed cell, with which outcomes freed of them,
    y − δ·exposed, are not rejected. One date before and after for everybody would count units that start late as exposed before they are.
    Up to 20,000 dealings each is looked at, beyond that `draws` of them; where none of the exposed could be seen, a dealing does not count.

    Source: Fisher 1935, The Design of Experiments; Young 2019, QJE 134; MacKinnon & Webb 2020, J. Econometrics 218 (t statistics, few treated
    clusters); Borusyak, Jaravel & Spiess 2024, REStud 91 (imputation).

    Parameters
    ----------
    frame : one row a unit and period; columns as in `event_study`.
    draws : dealings drawn where there are too many to look at each, at least 1. seed : of these.

    Raises
    ------
    DataError
        as `event_study`, and for nobody to compare an exposed unit with.
    ParameterError
        for columns that do not exist, draws below 1, conf_level outside (0, 1).
    """
    if draws < 1 or not 0 < conf_level < 1:
        raise ParameterError(f"draws is at least 1 and conf_level a share in (0, 1), not {draws} and {conf_level}.")
    panel = read(frame, unit, period, exposed_in, outcome, None, None)
    n, t = panel.y.shape
    starts = np.where(np.isfinite(panel.since[:, 0]), np.minimum(-panel.since[:, 0], t), t).astype(int)
    on = (panel.since >= 0).astype(float)
    first = _dealt(panel.weights, starts[None], panel.y, on)
    if not first.shape[1]:
        raise DataError("Nobody is unexposed in the periods after exposure: no never- or not-yet-exposed units to compare with.")
    effect, count = float(first[0, 0]), _count(starts)
    whole = count <= ENUMERATED
    chunks = _chunks(starts, whole, draws, seed, max(1, CELLS // (n * t)))
    level, slope, *square = np.concatenate([_dealt(panel.weights, ways, panel.y - effect * on, on) for ways in chunks], axis=1)
    test = Draws(level=level, slope=slope, square=np.array(square), scale=float(np.sqrt(square[0][0])) or abs(effect))
    low, high = test.interval(conf_level)
    exposed = int((starts < t).sum())
    smallest = (1 + (2 * exposed == n and len(np.unique(starts)) == 2)) / count
    return Permutation(difference=effect, p_value=test.p_value(-effect), smallest_p=smallest if whole else max(smallest, 1 / (draws + 1)),
                       conf_low=effect + low, conf_high=effect + high, n_treated=exposed, n_units=n, n_assignments=count, is_exhaustive=whole)


def _dealt(weights: Array, ways: Codes, y: Array, on: Array) -> Array:
    """Level, slope and the three squares (5, B) of starts (B, N) for outcomes y − δ·on (N, T), of those dealings that can be seen."""
    exposed = np.arange(weights.shape[1]) >= ways[..., None]
    free = weights * ~exposed
    rows = free.sum(axis=2, keepdims=True)
    shares = np.divide(free, rows, out=np.zeros_like(free), where=rows > 0)
    gram = -np.einsum("bnt,bnu->btu", free, shares)
    gram[:, range(gram.shape[1]), range(gram.shape[1])] += free.sum(axis=1)
    supported = np.diagonal(gram, axis1=1, axis2=2) > SAME * weights.sum()
    part = weights * exposed * (rows > 0) * supported[:, None]
    total = part.sum(axis=(1, 2))
    seen = total > 0
    part, free, shares, exposed = part[seen] / total[seen, None, None], free[seen], shares[seen], exposed[seen]
    inverse, mass = np.linalg.pinv(gram[seen], rcond=SAME, hermitian=True), part.sum(axis=2, keepdims=True)
    pull = inverse @ (part.sum(axis=1) - np.einsum("bn,bnt->bt", mass[..., 0], shares))[..., None]
    load = part - mass * shares - free * (pull.transpose(0, 2, 1) - shares @ pull)
    found, scores = [], []
    for values in (y, -on):
        effect = (load * values).sum(axis=(1, 2))
        centred = values - (shares * values).sum(axis=2, keepdims=True)
        levels = (inverse @ (free * centred).sum(axis=1)[..., None]).transpose(0, 2, 1)
        found.append(effect)
        scores.append((load * (values - levels - effect[:, None, None] * exposed)).sum(axis=2))
    pairs = ((0, 0), (0, 1), (1, 1))
    return np.stack([*found, *((scores[a] * scores[b]).sum(axis=1) for a, b in pairs)])


def _count(starts: Codes) -> int:
    """In how many ways a vector of starts can be dealt out to its units: N! over the factorials of how often each start occurs."""
    left, ways = len(starts), 1
    for times in np.unique(starts, return_counts=True)[1].tolist():
        ways, left = ways * comb(left, times), left - times
    return ways


def _chunks(starts: Codes, whole: bool, draws: int, seed: int, size: int) -> Iterator[Codes]:
    """Dealings (B, N) of the starts, the observed one first; every other one, or as many as are drawn."""
    rng = np.random.default_rng(seed)
    others = _every(starts) if whole else (rng.permutation(starts) for _ in range(draws))
    ways = chain([starts], (way for way in others if not whole or (way != starts).any()))
    while chosen := list(islice(ways, size)):
        yield np.array(chosen)


def _every(starts: Codes) -> Iterator[Codes]:
    """All different dealings of a vector of starts; what most units have is what is left over."""
    values, counts = np.unique(starts, return_counts=True)
    order = np.argsort(counts, kind="stable")
    values, counts = values[order], counts[order]

    def placed(way: Codes, free: list[int], k: int) -> Iterator[Codes]:
        if k == len(values) - 1:
            yield way
            return
        for chosen in combinations(free, int(counts[k])):
            made = way.copy()
            made[list(chosen)] = values[k]
            yield from placed(made, [i for i in free if i not in chosen], k + 1)

    yield from placed(np.full(len(starts), values[-1]), list(range(len(starts))), 0)
