"""How much of a feeling is still in a score given later: its slope by lag, how far the slope falls, and how long half of what fades takes.

Slopes by band ask for no shape. The half-life does: slope = lasting + fading·½^(lag/h), by nonlinear least squares with errors by whole clusters;
its range holds every h that is not rejected against the best one (a nonnested test at each h, which for close ones is that of Gauss and Newton:
Davidson & MacKinnon 1981, Econometrica 49), so that a fall that any h would fit gives a range without an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
BANDS = ((0.0, 1.0), (1.0, 3.0), (3.0, 7.0), (7.0, 14.0))  # days
MANY = 200  # clusters from which errors without the jackknife are as good
SHORTEST, GRID = 1 / 8, 61  # days, and half-lives that are tried


@dataclass(frozen=True, kw_only=True)
class HalfLife:
    """Days until half of what fades has faded, with the range of all that are not rejected; `low` 0 or `high` infinite: the data set no end there.

    `fading` and `lasting` are the two parts of the slope at the best half-life.
    """

    value: float
    low: float
    high: float
    fading: float
    lasting: float

    @property
    def is_bounded(self) -> bool:
        """Whether both ends are told."""
        return self.low > 0 and np.isfinite(self.high)


@dataclass(frozen=True, kw_only=True)
class Cooling:
    """`bands` are those with enough answers, `slopes` of the score on the feeling in each, in marks per unit of feeling; `n` answers of each.

    `fall` is the first slope less the last. `pooled` is the one slope of all answers, which ignores the lag.
    """

    bands: tuple[tuple[float, float], ...]
    slopes: tuple[Fit, ...]
    n: tuple[int, ...]
    fall: Fit
    pooled: Fit
    conf_level: float

    @property
    def is_told(self) -> bool:
        """Whether the slope falls by more than chance explains."""
        return self.fall.value - inference.quantile(self.conf_level, self.fall.df) * self.fall.std_error > 0


def cooling(score: ArrayLike, feeling: ArrayLike, lag: ArrayLike, *, cluster: ArrayLike | None = None,
            bands: Sequence[tuple[float, float]] = BANDS, min_band: int = 30, conf_level: float = 0.95) -> Cooling:
    """Slopes of scores (N,) on feelings (N,) by lag (N,) in days between the feeling and the score; every band has a level of its own.

    Each band holds lags from its lower end up to its upper one, the last one that too. Bands with fewer than `min_band` answers are left out.

    Raises
    ------
    DataError
        for missing values, fewer than two bands with enough answers, a feeling that never varies in a band, too few clusters.
    ParameterError
        for shapes that differ, or bands that overlap or run backwards.
    """
    y, e, _, shock, here, kept = _rows(score, feeling, lag, cluster, bands, min_band)
    names = [*(f"level {k}" for k in kept), *(f"slope {k}" for k in kept)]
    by_band = _regress(y, np.column_stack([here, here * e[:, None]]), shock, names)
    one = _regress(y, np.column_stack([here, e]), shock, [*names[:len(kept)], "slope"])
    return Cooling(bands=tuple(bands[k] for k in kept), slopes=tuple(by_band.fit(f"slope {k}") for k in kept), conf_level=conf_level,
                   n=tuple(int(n) for n in here.sum(axis=0)), pooled=one.fit("slope"),
                   fall=by_band.combine({f"slope {kept[0]}": 1.0, f"slope {kept[-1]}": -1.0}))


def _rows(score: ArrayLike, feeling: ArrayLike, lag: ArrayLike, cluster: ArrayLike | None, bands: Sequence[tuple[float, float]],
          min_band: int) -> tuple[Array, Array, Array, NDArray[np.intp], Array, list[int]]:
    """Answers in bands with enough of them: scores, feelings, lags, clusters, one column a band, and which bands those are."""
    y, e, t, shock = _checked(score, feeling, lag, cluster, bands)
    code, count = _band(t, bands), counts(t, bands)
    kept = [k for k in range(len(bands)) if count[k] >= min_band]
    if len(kept) < 2:
        raise DataError(f"Telling whether a slope falls takes two bands of lags with at least {min_band} answers each; they hold "
                        f"{', '.join(str(n) for n in count)}. Ask some customers at once and some later.")
    inside = np.isin(code, kept)
    here = np.column_stack([code[inside] == k for k in kept]).astype(float)
    return y[inside], e[inside], t[inside], shock[inside], here, kept


def counts(lag: ArrayLike, bands: Sequence[tuple[float, float]] = BANDS) -> NDArray[np.intp]:
    """How many lags (N,) lie in each band."""
    code = _band(np.asarray(lag, dtype=float), bands)
    return np.bincount(code[code >= 0], minlength=len(bands))


def _band(lag: Array, bands: Sequence[tuple[float, float]]) -> NDArray[np.intp]:
    """Position of each lag's band, −1 where it lies in none."""
    code = np.full(len(lag), -1)
    for k, (low, high) in enumerate(bands):
        code[(lag >= low) & ((lag < high) | (k == len(bands) - 1) & (lag == high))] = k
    return code


def _checked(score: ArrayLike, feeling: ArrayLike, lag: ArrayLike, cluster: ArrayLike | None,
             bands: Sequence[tuple[float, float]]) -> tuple[Array, Array, Array, NDArray[np.intp]]:
    y, e, t = (np.asarray(v, dtype=float) for v in (score, feeling, lag))
    shock = np.arange(len(y)) if cluster is None else inference.encode(cluster)[0]
    if not y.ndim == e.ndim == t.ndim == 1 or not len(y) == len(e) == len(t) == len(shock):
        raise ParameterError(f"Scores, feelings, lags and clusters are one an answer; there are {y.shape}, {e.shape}, {t.shape}, {shock.shape}.")
    if any(low >= high for low, high in bands) or any(a[1] > b[0] for a, b in zip(bands, bands[1:], strict=False)):
        raise ParameterError(f"Bands of lags run upwards and do not overlap, such as {BANDS}; given: {tuple(bands)}.")
    if lost := int((~np.isfinite(y) | ~np.isfinite(e) | ~np.isfinite(t)).sum()):
        raise DataError(f"{lost} of {len(y)} answers have no score, no feeling or no lag; leave them out and say so.")
    return y, e, t, shock


def _regress(y: Array, x: Array, shock: NDArray[np.intp], names: Sequence[str]) -> inference.Regression:
    """Least squares by whole clusters: jackknifed, or plainly robust where clusters are many."""
    given = inference.moments(y, x, cluster=shock, names=names)
    return inference.regress(given, method="CRV1" if given.n_clusters > MANY else "CRV3")


def half_life(score: ArrayLike, feeling: ArrayLike, lag: ArrayLike, *, cluster: ArrayLike | None = None,
              bands: Sequence[tuple[float, float]] = BANDS, min_band: int = 30, conf_level: float = 0.95) -> HalfLife:
    """The half-life of the fading part and all half-lives that are not rejected, between an eighth of a day and four times the longest lag.

    Arguments and errors as in `cooling`, and only where that tells a fall: of nothing that fades there is no half. At every h the score is
    regressed on levels by band, the feeling, the feeling faded by h, and the feeling faded by the best h: the true one leaves the last nothing
    to add.
    """
    y, e, t, shock, level, _ = _rows(score, feeling, lag, cluster, bands, min_band)
    grid = np.exp(np.linspace(np.log(SHORTEST), np.log(4 * t.max()), GRID))
    fits = [_faded(y, e, t, level, h) for h in grid]
    near = int(np.argmin([left for left, _, _ in fits]))
    around = np.log(grid[[max(near - 1, 0), min(near + 1, GRID - 1)]])
    best = float(np.exp(optimize.minimize_scalar(lambda log_h: _faded(y, e, t, level, np.exp(log_h))[0], bounds=tuple(around), method="bounded").x))
    kept = [k for k, h in enumerate(grid) if k == near or not _rejects(y, e, t, level, shock, h, best, conf_level)]
    first, last = min(kept), max(kept)  # an end lies between the last that is kept and the next, which is taken
    _, lasting, fading = _faded(y, e, t, level, best)
    return HalfLife(value=best, low=float(grid[first - 1]) if first else 0.0, high=float(grid[last + 1]) if last < GRID - 1 else np.inf,
                    fading=fading, lasting=lasting)


def _faded(y: Array, e: Array, t: Array, level: Array, h: float) -> tuple[float, float, float]:
    """Squares left over, lasting and fading slope at a half-life."""
    x = np.column_stack([level, e, e * 0.5 ** (t / h)])
    found, *_ = np.linalg.lstsq(x, y, rcond=None)
    return float(((y - x @ found) ** 2).sum()), float(found[-2]), float(found[-1])


def _rejects(y: Array, e: Array, t: Array, level: Array, shock: NDArray[np.intp], h: float, best: float, conf_level: float) -> bool:
    names = [*(f"level {k}" for k in range(level.shape[1])), "lasting", "fading", "best"]
    try:
        fit = _regress(y, np.column_stack([level, e, e * 0.5 ** (t / h), e * 0.5 ** (t / best)]), shock, names).fit("best")
    except DataError:  # so close, or both so short, that the columns are one: nothing speaks against it
        return False
    return abs(fit.value) > inference.quantile(conf_level, fit.df) * fit.std_error
