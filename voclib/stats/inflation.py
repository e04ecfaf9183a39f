"""Begged top scores: an ordered-probit bunching test a dealer, and NPS with the common thresholds restored.

Honest dealers may differ in level and case-mix; what they share is where a customer's satisfaction turns into a 9 or a 10. A dealer
that turns a share s of its 7, 8 and 9 into 10 has more tens than its own lower marks allow. The test is the likelihood ratio of
s > 0 against s = 0 (boundary null ½χ²₀ + ½χ²₁: Self & Liang 1987, JASA 82) in an ordered probit (McKelvey & Zavoina 1975,
J. Math. Sociol. 4) whose thresholds come from the *other* dealers, without those already flagged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import ndtr

from voclib.errors import DataError, ParameterError
from voclib.stats import inference
from voclib.stats.inference import overdispersion

Array = NDArray[np.float64]
CUTS = 4
"""Thresholds between the marks ≤6 | 7 | 8 | 9 | 10."""
SHARES = np.arange(0.0, 0.9001, 0.02)
"""Shares of 7–9 turned into 10 at which the likelihood is looked at."""
BANDS = (0.0, 0.2, 0.4, 0.6)
"""Begging dealers are taken to turn a share in one of these bands, all values of a band equally likely."""
PRIOR = (9.0, 1 / 3, 1 / 3, 1 / 3)
"""Dealers added before the data speak: nine honest ones and one that begs, all bands equally likely."""
RIDGE = 0.01
"""Pull of a dealer's level towards the mean, worth a hundredth of an answer; keeps a dealer with nothing but tens finite."""
DOUBTFUL = 0.05
"""Adjusted p below which a dealer no longer helps to define the thresholds."""
ROUNDS = 6


@dataclass(frozen=True)
class Inflation:
    """One row a unit with enough answers, sorted by unit, and what the test stands on.

    `frame`: `unit`, `n`, `location` (level on the latent scale), `turned_share` of the 7–9 with `conf_low`/`conf_high`, `excess_tens`
    (answers), `z` (signed root, standard normal for an honest dealer), `p_value`, `q_value` (Benjamini–Hochberg), `is_flagged`,
    `probability` of having turned any (see `posterior`). `posterior` (J, S): weight of every share of `SHARES`. `left_out`: units
    with fewer than `min_n` answers. `prior_honest`: the share of honest dealers the probabilities start from. Every ratio was divided by `spread`,
    above 1 where honest dealers do not share one shape, and by `repeated`, where people who answered again say much the same.
    """

    frame: pd.DataFrame
    thresholds: tuple[float, ...]
    posterior: Array
    prior_honest: float
    left_out: tuple[object, ...]
    fdr: float
    spread: float = 1.0
    repeated: float = 1.0


@dataclass(frozen=True)
class _Cells:
    """Answers in rows: unit code, category 0–4, case-mix (R, p), weight."""

    unit: NDArray[np.intp]
    category: NDArray[np.intp]
    mix: Array
    weight: Array
    units: int

    def total(self, values: Array) -> Array:
        """Weighted sums by unit; `values` (R,) or (R, k)."""
        wide = self.weight.reshape(-1, *[1] * (values.ndim - 1)) * values
        if values.ndim == 1:
            return np.bincount(self.unit, wide, self.units)
        return np.column_stack([np.bincount(self.unit, column, self.units) for column in wide.T])


@dataclass(frozen=True)
class _Common:
    """What dealers share: thresholds and slopes (J, q), one row a dealer (from all others), with their covariance (J, q, q)."""

    theta: Array
    covariance: Array
    location: Array
    pooled: Array


def inflation_lr(score: ArrayLike, unit: ArrayLike, *, case_mix: ArrayLike | None = None, weights: ArrayLike | None = None, min_n: int = 60,
                 fdr: float = 0.05, conf_level: float = 0.95, person: ArrayLike | None = None) -> Inflation:
    """Test every unit for begged tens.

    `score` (N,) holds marks 0–10, `unit` (N,) whom they are about, `case_mix` (N, p) numbers that explain satisfaction and that the
    unit does not choose, `weights` (N,) how many answers a row stands for, `person` (N,) who gave it. Units with fewer than `min_n` answers are left
    out.

    Units with q ≤ `DOUBTFUL` are taken out of the thresholds and the test is repeated until nothing changes, so that those who beg do
    not define what is normal. The ratio is divided by 1 + (what estimating the thresholds adds to its variance). Flagged are units
    with q ≤ `fdr`: of those flagged, at most that share is honest on average.

    Raises
    ------
    DataError
        for marks that are no whole number from 0 to 10, missing units or case-mix, lengths that differ, or fewer than three units left.
    """
    cells, names, left_out = _cells(score, unit, case_mix, weights, min_n)
    repeated = 1.0 if person is None else overdispersion.of_repeats(categories(score), unit, person)
    common, ratio, z, curve, location = _settled(cells, repeated)
    if (spread := overdispersion.of_honest(z)) > 1:
        common, ratio, z, curve, location = _settled(cells, repeated * spread)
        further = overdispersion.of_honest(z)
        spread, ratio, z, curve = spread * further, ratio / further, z / np.sqrt(further), curve / further
    p, q = _tail(ratio)
    weight, honest = posterior(curve)
    estimate, low, high = _interval(curve, conf_level)
    counts = tens(cells.unit, cells.category, cells.weight, cells.units)
    frame = pd.DataFrame({
        "unit": names, "n": counts.sum(axis=1), "location": location, "turned_share": estimate, "conf_low": low, "conf_high": high,
        "excess_tens": np.minimum(estimate / (1 - estimate) * counts[:, 1:4].sum(axis=1), counts[:, 4]), "z": z, "p_value": p, "q_value": q,
        "is_flagged": q <= fdr, "probability": 1 - weight[:, 0]})
    return Inflation(frame, tuple(float(t) for t in common.pooled[:CUTS]), weight, honest, left_out, fdr,
                     spread, repeated)


def _settled(cells: _Cells, divisor: float) -> tuple[_Common, Array, Array, Array, Array]:
    """Thresholds of the dealers that are not doubtful, and every dealer's ratio, z and curve (over `divisor`) and level."""
    trusted = np.ones(cells.units, dtype=bool)
    for _ in range(ROUNDS):
        common = _common(cells, trusted)
        ratio, z, curve, location = _test(cells, common)
        ratio, z, curve = ratio / divisor, z / np.sqrt(divisor), curve / divisor
        doubtful = _tail(ratio)[1] <= DOUBTFUL
        if (doubtful == ~trusted).all() or doubtful.mean() > 0.5:
            break
        trusted = ~doubtful
    return common, ratio, z, curve, location


def _tail(ratio: Array) -> tuple[Array, Array]:
    """p and adjusted p (J,)."""
    p = np.where(ratio > 0, stats.norm.sf(np.sqrt(ratio)), 1.0)
    return p, inference.adjust(p, "bh")


def tens(unit: NDArray[np.intp], category: NDArray[np.intp], weight: Array, units: int) -> Array:
    """Weighted counts (J, 5) of ≤6, 7, 8, 9, 10 by unit code."""
    return np.bincount(unit * (CUTS + 1) + category, weight, units * (CUTS + 1)).reshape(units, CUTS + 1)


def categories(score: ArrayLike) -> NDArray[np.intp]:
    """Marks 0–10 as 0 (≤6), 1, 2, 3 (9), 4 (10).

    Raises
    ------
    DataError
        for anything that is no whole number from 0 to 10.
    """
    y = np.asarray(score, dtype=float)
    wrong = ~np.isin(y, np.arange(11))
    if wrong.any():
        raise DataError(f"A score is a whole mark from 0 to 10; {int(wrong.sum())} are not, such as {y[wrong][0]}. Leave unanswered rows out.")
    return np.clip(y - 6, 0, CUTS).astype(np.intp)


def _cells(score: ArrayLike, unit: ArrayLike, case_mix: ArrayLike | None, weights: ArrayLike | None,
           min_n: int) -> tuple[_Cells, Array, tuple[object, ...]]:
    """Answers of units that have enough, those that agree in everything counted together; names of the units; units left out."""
    category, ids = categories(score), pd.Series(np.asarray(unit))
    if len(ids) != len(category) or ids.isna().any():
        raise DataError(f"Every answer needs its unit; {len(category)} answers, {len(ids)} units, {int(ids.isna().sum())} of them missing.")
    weight = np.ones(len(ids)) if weights is None else np.asarray(weights, dtype=float)
    mix = np.zeros((len(ids), 0)) if case_mix is None else np.asarray(case_mix, dtype=float).reshape(len(ids), -1)
    if not np.isfinite(mix).all():
        raise DataError("The case-mix has missing values; fill them, with a column that says so, before the test.")
    names, code = np.unique(ids.to_numpy(), return_inverse=True)
    enough = np.bincount(code, weight) >= min_n
    if enough.sum() < 3:
        raise DataError(f"The test needs three units with {min_n} answers each; there are {int(enough.sum())}. Take a longer period.")
    kept = enough[code]
    fresh = (np.cumsum(enough) - 1)[code[kept]]
    category, mix, weight, units = category[kept], mix[kept] - mix[kept].mean(axis=0), weight[kept], int(enough.sum())
    left_out = tuple(names[~enough].tolist())
    patterns, pattern = np.unique(mix, axis=0, return_inverse=True) if mix.shape[1] else (mix[:1], np.zeros(len(mix), dtype=np.intp))
    cell, row = np.unique((fresh * (CUTS + 1) + category) * len(patterns) + pattern.reshape(-1), return_inverse=True)
    rest, which = np.divmod(cell, len(patterns))
    owner, kind = np.divmod(rest, CUTS + 1)
    return _Cells(owner, kind, patterns[which], np.bincount(row.reshape(-1), weight), units), names[enough], left_out


def _common(cells: _Cells, trusted: NDArray[np.bool_]) -> _Common:
    """Thresholds and slopes by Newton's method, dealers' levels profiled out; then without each dealer in turn (one Newton step)."""
    share = np.bincount(cells.category, cells.weight * trusted[cells.unit], CUTS + 1)
    start = stats.norm.ppf(np.clip(np.cumsum(share)[:-1] / share.sum(), 0.01, 0.99))
    theta = np.concatenate([start + np.arange(CUTS) * 1e-3, np.zeros(cells.mix.shape[1])])
    location = np.zeros(cells.units)
    for _ in range(50):
        gradient, hessian, level, cross, bend = _derivatives(cells, theta, location)
        own_g = gradient - cross * (level / bend)[:, None]
        own_h = hessian - cross[:, :, None] * cross[:, None, :] / bend[:, None, None]
        step = -np.linalg.pinv(own_h[trusted].sum(axis=0), hermitian=True) @ own_g[trusted].sum(axis=0)
        step *= min(1.0, 0.5 / max(np.abs(step).max(), 1e-12))
        theta = theta + step
        location = location + np.clip(-(level + cross @ step) / bend, -1, 1)
        if np.abs(step).max() < 1e-10 and np.abs(level[trusted] / bend[trusted]).max() < 1e-8:
            break
    whole = own_h[trusted].sum(axis=0)
    rest = whole - own_h * trusted[:, None, None]
    inverse = np.linalg.pinv(rest, hermitian=True)
    without = theta + (inverse @ (own_g * trusted[:, None])[:, :, None])[:, :, 0]
    return _Common(without, -inverse, location, theta)


def _derivatives(cells: _Cells, theta: Array, location: Array) -> tuple[Array, Array, Array, Array, Array]:
    """By dealer: gradient (J, q) and Hessian (J, q, q) in the common parameters, gradient and curvature in its level, mixed (J, q)."""
    k, q = cells.category, len(theta)
    eta = location[cells.unit] + cells.mix @ theta[CUTS:]
    high, low = np.append(theta[:CUTS], 38.0)[k] - eta, np.append(-38.0, theta[:CUTS])[k] - eta
    flip = low > 0
    chance = np.maximum(np.where(flip, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low)), 1e-300)
    up, down = _phi(high) / chance, -_phi(low) / chance
    up2, down2, mixed = -high * up - up**2, -low * down - down**2, -up * down
    above, below = np.zeros((len(k), q)), np.zeros((len(k), q))
    row = np.arange(len(k))
    above[row[k < CUTS], k[k < CUTS]] = 1
    below[row[k > 0], k[k > 0] - 1] = 1
    above[:, CUTS:] = below[:, CUTS:] = -cells.mix
    gradient = cells.total(up[:, None] * above + down[:, None] * below)
    right = (up2 + mixed)[:, None] * above + (down2 + mixed)[:, None] * below
    inner = up2[:, None] * above + mixed[:, None] * below, mixed[:, None] * above + down2[:, None] * below
    hessian = np.stack([cells.total(inner[0] * above[:, [i]] + inner[1] * below[:, [i]]) for i in range(q)], axis=1)
    level = -cells.total(up + down) - RIDGE * location
    return gradient, hessian, level, -cells.total(right), cells.total(up2 + down2 + 2 * mixed) - RIDGE


def _phi(x: Array) -> Array:
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def _test(cells: _Cells, common: _Common) -> tuple[Array, Array, Array, Array]:
    """Likelihood ratio (J,), signed root z, profile log-likelihood over `SHARES` relative to s = 0 (J, S), level at s = 0."""
    theta, k = common.theta[cells.unit], cells.category
    shift = (cells.mix * theta[:, CUTS:]).sum(axis=1)
    cut = np.column_stack([np.full(len(k), -38.0), theta[:, :CUTS], np.full(len(k), 38.0)])
    row = np.arange(len(k))
    ends = (cut[row, k + 1] - shift)[:, None], (cut[row, k] - shift)[:, None], (cut[:, 1] - shift)[:, None]
    location = np.repeat(common.location[:, None], len(SHARES), axis=1)
    for _ in range(40):
        _, slope, bend = _likelihood(cells, location, ends)
        step = np.clip(-slope / np.minimum(bend, -1e-3), -0.5, 0.5)
        location = location + step
        if np.abs(step).max() < 1e-9:
            break
    value, _, _ = _likelihood(cells, location, ends)
    widened, score = _widened(cells, common, location[:, 0])
    curve = (value - value[:, [0]]) / widened[:, None]
    best = _peak(curve)[1]
    ratio = 2 * np.maximum(best, 0.0)
    return ratio, np.where(ratio > 0, np.sqrt(ratio), np.minimum(score, 0.0)), curve, location[:, 0]


def _likelihood(cells: _Cells, location: Array, ends: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Log-likelihood of each dealer with a share turned, its slope and curvature in the level; all (J, S).

    P(10) = s·P(≥7) + (1 − s)·P(honest 10) and P(k) = (1 − s)·P(honest k) for 7, 8, 9.
    """
    eta, top = location[cells.unit], cells.category == CUTS
    high, low, first = (e - eta for e in ends)
    share = SHARES[None, :]
    mixed = top[:, None] & (share > 0)
    chance = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    rise, bend = _phi(low) - _phi(high), low * _phi(low) - high * _phi(high)
    chance, rise, bend = (np.where(mixed, share * over + (1 - share) * own, own) for own, over in
                          ((chance, ndtr(-first)), (rise, _phi(first)), (bend, first * _phi(first))))
    chance = np.maximum(chance, 1e-300)
    between = (cells.category > 0) & ~top
    value = np.log(chance) + np.where(between[:, None], np.log(1 - share), 0.0)
    slope = rise / chance
    return (cells.total(value) - RIDGE / 2 * location**2, cells.total(slope) - RIDGE * location,
            cells.total(bend / chance - slope**2) - RIDGE)


def _widened(cells: _Cells, common: _Common, location: Array) -> tuple[Array, Array]:
    """How much estimating the common parameters widens the score of s at 0 (≥ 1), and that score standardised; both (J,)."""
    theta, q = common.theta[cells.unit], common.theta.shape[1]
    eta = location[cells.unit] + (cells.mix * theta[:, CUTS:]).sum(axis=1)
    gap = np.column_stack([np.full(len(eta), -38.0), theta[:, :CUTS] - eta[:, None], np.full(len(eta), 38.0)])
    chance, density = np.maximum(np.diff(ndtr(gap), axis=1), 1e-12), _phi(gap)
    in_share = np.column_stack([0 * eta, -chance[:, 1:4], chance[:, 1:4].sum(axis=1)])
    in_level = density[:, :-1] - density[:, 1:]
    moved = np.zeros((len(eta), CUTS + 1, q))
    for i in range(CUTS):
        moved[:, i, i], moved[:, i + 1, i] = density[:, i + 1], -density[:, i + 1]
    moved[:, :, CUTS:] = in_level[:, :, None] * cells.mix[:, None, :]
    ss, sl, ll = (cells.total((a * b / chance).sum(axis=1)) for a, b in ((in_share, in_share), (in_share, in_level), (in_level, in_level)))
    st, lt = (cells.total((a[:, :, None] * moved / chance[:, :, None]).sum(axis=1)) for a in (in_share, in_level))
    own = np.maximum(ss - sl**2 / ll, 1e-12)
    cross = st - (sl / ll)[:, None] * lt
    widened = 1 + np.einsum("ji,jik,jk->j", cross, common.covariance, cross) / own
    row = np.arange(len(eta))
    return widened, cells.total(in_share[row, cells.category] / chance[row, cells.category]) / np.sqrt(own * widened)


def _peak(curve: Array) -> tuple[Array, Array]:
    """Where on `SHARES` a curve is highest and how high, by the parabola through the best point and its neighbours."""
    row, at = np.arange(len(curve)), np.argmax(curve, axis=1)
    inner = np.clip(at, 1, len(SHARES) - 2)
    before, here, after = (curve[row, inner + d] for d in (-1, 0, 1))
    bend = np.minimum(before - 2 * here + after, -1e-12)
    move = np.clip((before - after) / (2 * bend), -1, 1)
    top = here + (after - before) / 2 * move + bend / 2 * move**2
    share = SHARES[inner] + move * (SHARES[1] - SHARES[0])
    return np.where(curve[row, at] > top, SHARES[at], share), np.maximum(top, curve[row, at])


def _interval(curve: Array, conf_level: float) -> tuple[Array, Array, Array]:
    """Best share turned, and the shares whose profile lies within half the χ²₁ quantile of the best."""
    share, best = _peak(curve)
    fine = np.linspace(0, SHARES[-1], 20 * (len(SHARES) - 1) + 1)
    inside = np.array([np.interp(fine, SHARES, c) for c in curve]) >= (best - stats.chi2.ppf(conf_level, 1) / 2)[:, None]
    low, high = fine[np.argmax(inside, axis=1)], fine[len(fine) - 1 - np.argmax(inside[:, ::-1], axis=1)]
    return share, np.minimum(low, share), np.maximum(high, share)


def posterior(curve: Array) -> tuple[Array, float]:
    """Weight of every share of `SHARES` a dealer (J, S), and the share of honest dealers.

    Groups as in the local false discovery rate (Efron 2008, Statist. Sci. 23): honest dealers have s = 0, the others some s in one of
    the `BANDS`, all values in it equally likely. How many dealers each group holds is found by EM over all dealers, with `PRIOR` dealers added.
    """
    inside = np.array([(low < SHARES - 1e-9) & (high > SHARES - 1e-9) for low, high in zip(BANDS, BANDS[1:], strict=False)], dtype=float)
    groups = np.vstack([SHARES == 0, inside / inside.sum(axis=1, keepdims=True)])
    likelihood = np.exp(np.clip(curve, -700, 700))
    fit, held = likelihood @ groups.T, np.array(PRIOR) / sum(PRIOR)
    for _ in range(500):
        chance = fit * held
        chance /= chance.sum(axis=1, keepdims=True)
        before, held = held, (np.array(PRIOR) + chance.sum(axis=0)) / (sum(PRIOR) + len(curve))
        if np.abs(held - before).max() < 1e-10:
            break
    weight = likelihood * (held @ groups)
    return weight / weight.sum(axis=1, keepdims=True), float(held[0])


def restored(score: ArrayLike, unit: ArrayLike, result: Inflation, *, weights: ArrayLike | None = None) -> tuple[pd.DataFrame, Array, float]:
    """NPS with the common thresholds restored: a 7 or 8 that is left stands for 1/(1 − s) honest ones, the rest of which became tens.

    Averaged over the weights `result.posterior` gives to every s, so a dealer that is almost surely honest hardly moves. Returns a frame
    `unit`, `n`, `nps`, `nps_error`, `nps_corrected`, `corrected_error` (points) of the units tested; each answer's corrected value (N,),
    whose mean is the corrected NPS of any set of answers; and the variance that not knowing s adds to the weighted mean of all.
    """
    category, w = categories(score), np.ones(len(np.asarray(score))) if weights is None else np.asarray(weights, dtype=float)
    names = result.frame["unit"].to_numpy()
    place = pd.Index(names).get_indexer(pd.Index(np.asarray(unit)))
    tested = place >= 0
    counts = tens(place[tested], category[tested], w[tested], len(names))
    n = counts.sum(axis=1)
    most = counts[:, 4] / np.maximum(counts[:, 1:4].sum(axis=1), 1e-9)
    extra = np.minimum(SHARES / (1 - SHARES), most[:, None])
    mean = (result.posterior * extra).sum(axis=1)
    spread = (result.posterior * (extra - mean[:, None]) ** 2).sum(axis=1)
    passive = 100 * counts[:, 1:3].sum(axis=1) / n
    raw, raw_error = _nps(counts, np.zeros(len(n)))
    corrected, error = _nps(counts, mean)
    frame = pd.DataFrame({"unit": names, "n": n, "nps": raw, "nps_error": raw_error, "nps_corrected": corrected,
                          "corrected_error": np.sqrt(error**2 + passive**2 * spread)})
    coded = np.array([-100.0, 0.0, 0.0, 100.0, 100.0])[category]
    value = np.where(tested & np.isin(category, (1, 2)), -100 * mean[place], coded)
    return frame, value, float(((n / w.sum()) ** 2 * passive**2 * spread).sum())


def _nps(counts: Array, extra: Array) -> tuple[Array, Array]:
    """Mean and its standard error where a 7 or 8 counts −100·extra; (J,) each."""
    value = np.column_stack([np.full(len(extra), -100.0), -100 * extra, -100 * extra, np.full(len(extra), 100.0), np.full(len(extra), 100.0)])
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = (share * value).sum(axis=1)
    return mean, np.sqrt((share * (value - mean[:, None]) ** 2).sum(axis=1) / (counts.sum(axis=1) - 1))


def share_of_tens_z(score: ArrayLike, unit: ArrayLike, *, min_n: int = 60, fdr: float = 0.10) -> pd.DataFrame:
    """The usual alarm, kept to show that it fails: each unit's share of tens against the pooled share, two-sided z, Benjamini–Hochberg.

    It takes every difference in quality for begging. Columns `unit`, `n`, `share`, `z`, `p_value`, `q_value`, `is_flagged`.

    Raises
    ------
    ParameterError
        if `fdr` is no share between 0 and 1.
    """
    if not 0 < fdr < 1:
        raise ParameterError(f"fdr is a share between 0 and 1, such as 0.1; it is {fdr!r}.")
    frame = pd.DataFrame({"unit": np.asarray(unit), "ten": categories(score) == CUTS})
    counts = frame.groupby("unit")["ten"].agg(["size", "mean"]).query("size >= @min_n").reset_index()
    pooled = float(frame["ten"].mean())
    z = (counts["mean"] - pooled) / np.sqrt(pooled * (1 - pooled) / counts["size"])
    p = 2 * stats.norm.sf(np.abs(z))
    q = inference.adjust(p, "bh")
    return pd.DataFrame({"unit": counts["unit"], "n": counts["size"], "share": counts["mean"], "z": z, "p_value": p, "q_value": q,
                         "is_flagged": q <= fdr})
