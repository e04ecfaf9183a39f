"""How finely texts part into topics, chosen by what comes again when a part of the texts is left out; no labels are asked.

Consensus of resamples as a measure of a partition: Ben-Hur, Elisseeff & Guyon 2002 (Pacific Symposium on Biocomputing); von Luxburg 2010
(Foundations and Trends in Machine Learning 2), who shows where it misleads: a coarse partition is nearly always stable, which says little. So
the finest one is taken that is about as stable as the best, among those in which no topic holds a great part of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError, ParameterError
from voclib.progress import Progress
from voclib.text import graph, grouping
from voclib.text.engines import Engine
from voclib.text.grouping import Labels, Settings, Vectors

if TYPE_CHECKING:
    import pandas as pd

GRID = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
CROWD = 0.25  # share of all texts beyond which a topic is a remainder: steps that have one are left out where others have none
SLACK = 0.02  # stability given up for finer topics, at least; or one standard error
STABLE = 0.6  # mean adjusted Rand index below which resamples find other topics each time


@dataclass(frozen=True, kw_only=True)
class Step:
    """One granularity: topics of all texts, `stability` between resamples with its standard error, the share of texts in no topic and in the
    largest one."""

    granularity: float
    topics: int
    stability: float
    error: float
    unclear: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The granularity chosen, the steps compared, and the topics (n,) of all rows at the chosen one, as `grouping.group` gives them.

    `again`: of each resample, its rows (m,) among all and their topics (m,) at the chosen granularity.
    """

    value: float
    steps: tuple[Step, ...]
    labels: Labels
    again: tuple[tuple[NDArray[np.intp], Labels], ...] = ()

    @property
    def is_stable(self) -> bool:
        """Whether there are two topics or more and they come again in resamples. Stable is not sensible: texts of words drawn at random part
        into stable groups too, by the words they share."""
        chosen = next(step for step in self.steps if step.granularity == self.value)
        return chosen.topics > 1 and chosen.stability >= STABLE

    @property
    def table(self) -> pd.DataFrame:
        """One row a granularity: `granularity, topics, stability, error, unclear, largest, is_chosen`."""
        import pandas as pd

        return pd.DataFrame([vars(step) | {"is_chosen": step.granularity == self.value} for step in self.steps])


def choose(x: Vectors, engine: Engine, settings: Settings, *, grid: tuple[float, ...] = GRID, resamples: int = 5, share: float = 0.8,
           most: int | None = None, fixed: float | None = None, progress: Progress | None = None) -> Choice:
    """The granularity for unit vectors `x` (n, p), `settings` as they are but for their own.

    Stability is the mean adjusted Rand index (Hubert & Arubie 1985, Journal of Classification 2) of every two of `resamples` draws of a `share`
    of the rows without replacement, over the rows they have in common; texts in no topic count as one group. Vectors stay as they are. Neighbours
    are searched once among all rows, half as many again as are needed, and a draw keeps the nearest of them that were drawn. One topic alone is
    not compared: it is the same in every draw; nor is a step with a topic of more than a quarter of all texts, where others have none. With `most`,
    steps of more topics are left out, for readers' sake; with `fixed` that granularity is taken, whatever the steps say. In the layout `graph`
    steps are compared on one run of Louvain, which says less stability than the topics have that are kept: on those several runs agree.

    Raises
    ------
    ParameterError
        for an empty grid, fewer than 3 resamples or a share outside 0.5 … 0.95.
    DataError
        where fewer rows than `grouping.directed` asks for are left.
    """
    if not (grid or fixed) or min((*grid, fixed or 1)) <= 0 or resamples < 3 or not 0.5 <= share <= 0.95:
        raise ParameterError(f"grid lists granularities above 0, resamples is at least 3 and share lies between 0.5 and 0.95, not {grid!r}, "
                             f"{resamples!r} and {share!r}.")
    rows = grouping.directed(x, settings)
    if not len(rows):
        raise DataError(f"{int(x.any(axis=1).sum())} texts with vectors are too few to choose a granularity by; give one, or more texts.")
    grid = grid if fixed is None else tuple(sorted({*grid, fixed}))
    own, k = x[rows], grouping.depth(len(rows), settings)
    found = engine.neighbours(own, min(round(1.5 * k), len(own)))
    samples = [np.arange(len(own)), *(grouping.resampled(len(own), share, seed=settings.seed, draw=draw) for draw in range(resamples))]

    def split(at: int, runs: int) -> Callable[[float], Labels]:
        x, near = own[samples[at]] if at else own, graph.within(found, samples[at], k)
        return grouping.splitter(x, near, engine, replace(settings, seed=settings.seed + at), runs=runs)

    parts = []
    for at in range(len(samples)):
        if progress is not None and at:
            progress(at - 1, resamples, "granularity")
        groups = split(at, 1)
        parts.append([groups(step) for step in grid])
    steps = tuple(_step(step, parts[0][at], [grouping.spread(part[at], taken, len(own)) for part, taken in zip(parts[1:], samples[1:], strict=True)],
                        samples[1:]) for at, step in enumerate(grid))
    value = _finest(steps, len(x) if most is None else most) if fixed is None else fixed
    is_settled = settings.layout == "density"  # communities are compared on one run each, and found by several where they are kept
    kept = [part[grid.index(value)] if is_settled else split(at, graph.RUNS)(value) for at, part in enumerate(parts)]
    return Choice(value=value, steps=steps, labels=grouping.spread(kept[0], rows, len(x)),
                  again=tuple((rows[taken], labels) for taken, labels in zip(samples[1:], kept[1:], strict=True)))


def _finest(steps: tuple[Step, ...], most: int) -> float:
    """The largest granularity as stable as the most stable, but for `SLACK` or its error; the one of fewest topics where all exceed `most`."""
    several = [step for step in steps if step.topics > 1]
    if not several:
        return max(step.granularity for step in steps)
    several = [step for step in several if step.largest <= CROWD] or several
    fit = [step for step in several if step.topics <= most] or [min(several, key=lambda step: step.topics)]
    best = max(fit, key=lambda step: step.stability)
    return max(step.granularity for step in fit if step.stability >= best.stability - max(SLACK, best.error))


def _step(value: float, whole: Labels, parts: list[Labels], drawn: list[NDArray[np.intp]]) -> Step:
    """What resamples say of one granularity; the standard error is that of a mean over draws, each by its mean agreement with the others."""
    from sklearn.metrics import adjusted_rand_score

    agreed = np.full((len(parts), len(parts)), np.nan)
    for a, b in combinations(range(len(parts)), 2):
        both = np.intersect1d(drawn[a], drawn[b], assume_unique=True)
        agreed[a, b] = agreed[b, a] = adjusted_rand_score(parts[a][both], parts[b][both])
    each = np.nanmean(agreed, axis=1)
    return Step(granularity=value, topics=int(whole.max(initial=-1)) + 1, stability=round(float(each.mean()), 4),
                error=round(float(each.std(ddof=1) / len(each) ** 0.5), 4), unclear=round(float((whole < 0).mean()), 4),
                largest=round(float((whole == 0).mean()), 4))
