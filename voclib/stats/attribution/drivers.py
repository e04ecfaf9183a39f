"""Which columns the spread of a score goes with: LMG shares of R², exact, with resampled intervals for shares and for ranks.

A ranking of where to look first. A share of R² says nothing about what a change of the column would do, is never turned into money,
and no column is set to zero: one that hardly matters keeps its small share and its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import TIDY, Estimate
from voclib.stats import inference
from voclib.stats.attribution.game import shapley

Array = NDArray[np.float64]
MOST = 16  # groups; 2^16 models a draw
BLOCK = 2**22  # numbers held at a time
REPEATED = 1e-9  # share of a column's variance left by others below which it repeats them


@dataclass(frozen=True, kw_only=True)
class Drivers:
    """Shares of the variance of y, in the order the columns or groups were given; `share` (K,) adds up to `r_squared`.

    `rank` counts from 1, the largest share; `rank_low` and `rank_high` bound the true rank of each at `conf_level`. `left_out` names
    columns that do not vary; `dropped` counts rows with a gap.
    """

    names: tuple[str, ...]
    share: Array
    std_error: Array
    conf_low: Array
    conf_high: Array
    rank: NDArray[np.intp]
    rank_low: NDArray[np.intp]
    rank_high: NDArray[np.intp]
    r_squared: float
    r_squared_interval: tuple[float, float]
    n: int
    n_clusters: int | None
    dropped: int
    left_out: tuple[str, ...]
    conf_level: float
    draws: int
    seed: int

    @property
    def method(self) -> str:
        """How intervals were made."""
        return f"{'cluster ' if self.n_clusters else ''}bootstrap, {self.draws} draws"

    def estimates(self, estimand: str = "driver_share", **more: Any) -> tuple[Estimate, ...]:
        """One Estimate a column or group, largest first: its share (0–1) of the variance of y; `more` are fields of Estimate."""
        return tuple(Estimate(estimand=estimand, kind="estimate", unit="share", group=self.names[k], value=float(self.share[k]),
                              std_error=float(self.std_error[k]), conf_low=float(self.conf_low[k]), conf_high=float(self.conf_high[k]),
                              conf_level=self.conf_level, ci_method=self.method, n=self.n, n_clusters=self.n_clusters, seed=self.seed, **more)
                     for k in np.argsort(self.rank))

    def tidy(self) -> pd.DataFrame:
        """One row a column or group, largest first, with its rank and the interval of the rank; last the whole R²."""
        order, name = np.argsort(self.rank), self.method
        rows = [("share", self.names[k], self.share[k], self.std_error[k], self.conf_low[k], self.conf_high[k], np.nan, self.n, name,
                 self.rank[k], self.rank_low[k], self.rank_high[k]) for k in order]
        rows.append(("r_squared", "", self.r_squared, np.nan, *self.r_squared_interval, np.nan, self.n, name, None, None, None))
        found = pd.DataFrame(rows, columns=[*TIDY, "rank", "rank_low", "rank_high"])
        return found.astype({c: "Int64" for c in ("rank", "rank_low", "rank_high")})


def lmg(y: ArrayLike, columns: pd.DataFrame, *, groups: Mapping[str, Sequence[str]] | None = None, weights: ArrayLike | None = None,
        cluster: ArrayLike | None = None, draws: int = 499, seed: int = 0, conf_level: float = 0.95, max_vif: float = 10.0) -> Drivers:
    """LMG shares: what each column (or group of columns) adds to R², averaged over every order in which they may enter.

    Source: Lindeman, Merenda & Gold 1980; Grömping 2007 (Am. Stat. 61), whose R package relaimpo prints the same numbers. All 2^K models
    come from one covariance matrix, by sweeping. Intervals resample rows, or whole clusters; a draw reweights moments and reads no
    data again; intervals of shares are percentiles of the draws. A rank interval holds the true rank: k others are surely
    larger where all their differences lie above what the largest of the studentised differences reaches by chance (Mogstad, Romano, Shaikh &
    Wilhelm 2024, REStud 91), so columns that are truly tied share their ranks.

    A column that has nothing to do with y still gets a share of about 1/N, and no interval of a share reaches below zero: whether a
    column matters at all is not what shares answer.

    Parameters
    ----------
    y : (N,) the score; rows with a gap in y or a column are left out and counted.
    columns : (N, p) numbers or yes/no. Columns that others predict with a variance inflation above `max_vif` must share a group.
    groups : names to columns that count as one; columns in no group count alone.

    Raises
    ------
    DataError
        for a y that does not vary, columns that are no numbers, collinear columns (by name), too few rows or clusters, unusable weights.
    ParameterError
        for unknown columns in groups or a column in two of them, more than 16 groups, or options out of range.
    """
    if draws < 2 or not 0 < conf_level < 1 or max_vif <= 1:
        raise ParameterError(f"draws is 2 or more, conf_level a share such as 0.95, max_vif above 1; got {draws}, {conf_level}, {max_vif}.")
    z, w, codes, dropped = _complete(y, columns, weights, cluster)
    vary = np.ptp(z, axis=0) > 0
    if not vary[-1]:
        raise DataError("y does not vary, so there is nothing to share out.")
    left_out = tuple(str(c) for c, v in zip(columns.columns, vary[:-1], strict=True) if not v)
    kept, z = [c for c, v in zip(columns.columns, vary[:-1], strict=True) if v], z[:, vary]
    teams = _teams(kept, left_out, groups)
    count = len(z) if codes is None else int(codes.max()) + 1
    if count <= len(kept) + 1:
        what = "rows without gaps" if codes is None else "clusters"
        raise DataError(f"{count} {what} for {len(kept)} columns; at least {len(kept) + 2} are needed, and many more for a useful ranking.")
    z = (z - np.average(z, axis=0, weights=w)) / z.std(axis=0)
    if tangled := _tangled(_covariance(*_moments(z, w, None))[0], kept, teams, max_vif):
        sets = "; ".join(" and ".join(f"'{c}'" for c in s) for s in tangled)
        raise DataError(f"Columns predict each other (variance inflation above {max_vif:g}): {sets}. Put each set into one group, such as "
                        f"groups={{'{' + '.join(map(str, tangled[0]))}': {list(map(str, tangled[0]))}}}, or leave some out.")
    order = [kept.index(c) for team in teams.values() for c in team] + [len(kept)]
    sizes = [len(team) for team in teams.values()]
    matrices = _resampled(z[:, order], w, codes, draws, seed)
    shares = np.concatenate([shapley(_r_squared(part, sizes), len(sizes)).T for part in _parts(matrices, sizes)])
    return _summary(tuple(teams), shares, conf_level, n=len(z), n_clusters=None if codes is None else count, dropped=dropped, left_out=left_out,
                    draws=draws, seed=seed)


def collinear(columns: pd.DataFrame, *, max_vif: float = 10.0) -> tuple[tuple[str, ...], ...]:
    """Sets of columns that predict each other with a variance inflation above `max_vif`, over rows without gaps; columns that do not vary are none.

    A column's variance inflation is 1/(1 − R²) on all the others. A set is the column with those that make it so: correlated with
    it, or together explaining it.
    """
    z, w, _, _ = _complete(np.zeros(len(columns)), columns, None, None)
    vary = np.ptp(z[:, :-1], axis=0) > 0
    names, z = [c for c, v in zip(columns.columns, vary, strict=True) if v], z[:, np.r_[vary, True]]
    spread = np.r_[z[:, :-1].std(axis=0), 1.0]
    covariance = _covariance(*_moments((z - z.mean(axis=0)) / spread, w, None))[0]
    sets = [[c] for c in names]
    while tangled := _tangled(covariance, names, {str(k): team for k, team in enumerate(sets)}, max_vif):
        for chain in tangled:  # what is tangled with one of a set is tangled with all of it
            joined = [team for team in sets if set(team) & set(chain)]
            sets = [team for team in sets if team not in joined] + [[c for c in names if any(c in team for team in joined)]]
    return tuple(tuple(map(str, team)) for team in sorted(sets, key=lambda team: names.index(team[0])) if len(team) > 1)


def _complete(y: ArrayLike, columns: pd.DataFrame, weights: ArrayLike | None, cluster: ArrayLike | None,
              ) -> tuple[Array, Array, NDArray[np.intp] | None, int]:
    """Columns and y (n, p + 1), weights and cluster codes of rows without a gap, and how many have one."""
    if not len(columns.columns) or columns.columns.has_duplicates:
        raise DataError("columns needs at least one column, each with a name of its own.")
    if wrong := [str(c) for c in columns.columns if not (pd.api.types.is_numeric_dtype(columns[c]) or pd.api.types.is_bool_dtype(columns[c]))]:
        raise DataError(f"Columns that are not numeric: {', '.join(wrong)}. Turn categories into one yes/no column each (all but one) "
                        "and group them.")
    parts = [columns[c].to_numpy(dtype=float, na_value=np.nan) for c in columns.columns]
    y = np.asarray(y, dtype=float)
    if len(y) != len(columns):
        raise ParameterError(f"y has {len(y)} rows, columns {len(columns)}.")
    z, w = np.column_stack([*parts, y]), np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if not np.isfinite(w).all() or (w < 0).any() or len(w) != len(y):
        raise DataError("Weights are one number of zero or more a row; some are missing, infinite or negative.")
    whole = np.isfinite(z).all(axis=1) & (w > 0)
    if not whole.any():
        raise DataError("No row has y and every column; leave out the columns with most gaps.")
    codes = None
    if cluster is not None:
        ids = pd.factorize(pd.Series(cluster))[0]
        if bad := int((ids[whole] < 0).sum()):
            raise DataError(f"{bad} rows have no cluster; give them one or leave them out.")
        codes = inference.encode(ids[whole])[0]
    return z[whole], w[whole], codes, int((~whole).sum())


def _teams(kept: list[Any], left_out: tuple[str, ...], groups: Mapping[str, Sequence[str]] | None) -> dict[str, list[Any]]:
    """Every player's columns, in the order of the columns; groups stand where their first column does."""
    owner: dict[Any, str] = {}
    for name, members in (groups or {}).items():
        for column in members:
            if column not in kept and str(column) not in left_out:
                raise ParameterError(f"Group '{name}' holds '{column}', which is not a column; {nearest(str(column), map(str, kept))}")
            if column in owner:
                raise ParameterError(f"Column '{column}' is in two groups, '{owner[column]}' and '{name}'.")
            owner[column] = str(name)
    teams: dict[str, list[Any]] = {}
    for column in kept:
        teams.setdefault(owner.get(column, str(column)), []).append(column)
    if not 1 <= len(teams) <= MOST:
        raise ParameterError(f"{len(teams)} columns or groups that vary; 1 to {MOST} can be ranked exactly. Join related ones with groups=.")
    return teams


def _moments(z: Array, w: Array, codes: NDArray[np.intp] | None) -> tuple[Array, int]:
    """Weight, sums and products of each cluster (G, (q + 1)(q + 2)/2) of rows (n, q), upper triangle of (1, z)'(1, z); one row without clusters."""
    full = np.column_stack([np.ones(len(z)), z])
    i, j = np.triu_indices(full.shape[1])
    if codes is None:
        return ((w[:, None] * full).T @ full)[i, j][None, :], full.shape[1]
    products = np.empty((int(codes.max()) + 1, len(i)))
    for at, (a, b) in enumerate(zip(i, j, strict=True)):
        products[:, at] = np.bincount(codes, w * full[:, a] * full[:, b], len(products))
    return products, full.shape[1]


def _covariance(moments: Array, width: int) -> Array:
    """Covariance matrices (D, q, q) from moments (D, …)."""
    i, j = np.triu_indices(width)
    full = np.empty((len(moments), width, width))
    full[:, i, j] = full[:, j, i] = moments
    mean = full[:, 0, 1:] / full[:, :1, 0]
    return full[:, 1:, 1:] / full[:, :1, :1] - mean[:, :, None] * mean[:, None, :]


def _resampled(z: Array, w: Array, codes: NDArray[np.intp] | None, draws: int, seed: int) -> Array:
    """Covariance matrices (1 + draws, q, q): of the data, then of draws of its rows or clusters."""
    rows, width = _moments(z, w, np.arange(len(z)) if codes is None else codes)
    rng, size = np.random.default_rng(seed), len(rows)
    sums = np.empty((draws + 1, rows.shape[1]))
    sums[0] = rows.sum(axis=0)
    step = max(1, BLOCK // size)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        picks = rng.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
        sums[1 + start:1 + start + count] = np.bincount(picks.ravel(), minlength=count * size).reshape(count, size) @ rows
    return _covariance(sums, width)


def _parts(matrices: Array, sizes: list[int]) -> list[Array]:
    """Draws in parts whose 2^K models fit into memory."""
    step = max(1, BLOCK // (2 ** len(sizes) * 4))
    return [matrices[start:start + step] for start in range(0, len(matrices), step)]


def _r_squared(matrices: Array, sizes: list[int]) -> Array:
    """R² of every set of players (2^K, D), bit k for player k; the last variable of the covariance matrices (D, q, q) is y.

    Level by level a player's columns are swept out of half of the matrices and dropped from the other half, so that a model costs
    a step instead of a regression.
    """
    y = matrices[:, -1, -1].copy()
    level = matrices[None]  # (sets so far, D, q', q')
    for size in reversed(sizes):  # the highest bit first, so that sets come out in the order of their index
        start = level.shape[-1] - 1 - size
        others = np.r_[np.arange(start), level.shape[-1] - 1]
        swept, scale = level, np.einsum("sdii->sdi", level)
        for at in range(start, start + size):
            pivot = swept[..., at, at]
            inverse = np.where(pivot > REPEATED * scale[..., at], 1 / np.where(pivot > 0, pivot, 1.0), 0.0)
            swept = swept - swept[..., :, at, None] * swept[..., None, at, :] * inverse[..., None, None]
        keep = np.ix_(others, others)
        level = np.stack([level[..., keep[0], keep[1]], swept[..., keep[0], keep[1]]], axis=1).reshape(-1, len(y), len(others), len(others))
    return np.where(y > 0, 1 - level[..., 0, 0] / np.where(y > 0, y, 1.0), 0.0)  # a draw in which y does not vary explains nothing


def _tangled(covariance: Array, names: list[Any], teams: Mapping[str, list[Any]], max_vif: float) -> list[list[Any]]:
    """Sets of columns in different teams that predict each other too well; the last variable of the covariance is y."""
    x, found, used = covariance[:-1, :-1], [], set()
    team = {c: t for t, members in teams.items() for c in members}
    for k, name in enumerate(names):
        others = [j for j, other in enumerate(names) if team[other] != team[name]]
        if not others or name in used:
            continue
        slope = np.linalg.lstsq(x[np.ix_(others, others)], x[others, k], rcond=REPEATED)[0]
        if 1 - slope @ x[others, k] / x[k, k] < 1 / max_vif:
            weight = np.abs(slope) * np.sqrt(x[others, others] / x[k, k])
            found.append([name, *(names[j] for j, part in zip(others, weight, strict=True) if part > 0.1 * weight.max())])
            used |= set(found[-1])
    return found


def _summary(names: tuple[str, ...], shares: Array, conf_level: float, **about: Any) -> Drivers:
    """Intervals of shares and ranks from the share of the data (first row) and of the draws."""
    share, drawn = shares[0], shares[1:]
    tails = [(1 - conf_level) / 2, (1 + conf_level) / 2]
    low, high = np.quantile(drawn, tails, axis=0)
    total_low, total_high = np.quantile(drawn.sum(axis=1), tails)
    above, below = _surely_apart(share, drawn, conf_level)
    order = np.argsort(-share, kind="stable")
    rank = np.empty(len(share), dtype=np.intp)
    rank[order] = np.arange(1, len(share) + 1)
    return Drivers(names=names, share=share, std_error=drawn.std(axis=0, ddof=1), conf_low=low, conf_high=high, rank=rank, rank_low=1 + above,
                   rank_high=len(share) - below, r_squared=float(share.sum()), r_squared_interval=(float(total_low), float(total_high)),
                   conf_level=conf_level, **about)


def _surely_apart(share: Array, drawn: Array, conf_level: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How many others are surely larger, and surely smaller, than each: marginal confidence sets for ranks."""
    above, below = np.zeros(len(share), dtype=np.intp), np.zeros(len(share), dtype=np.intp)
    for k in range(len(share)):
        others = np.arange(len(share)) != k
        gap, gaps = share[others] - share[k], drawn[:, others] - drawn[:, [k]]
        error = gaps.std(axis=0, ddof=1)
        error = np.where(error > 0, error, np.inf)
        reach = np.quantile((np.abs(gaps - gap) / error).max(axis=1, initial=0.0), conf_level)
        above[k], below[k] = int((gap > reach * error).sum()), int((gap < -reach * error).sum())
    return above, below
