"""What one more point of NPS is worth: margin by class, four named ways to gain a point, and scores corrected for their noise.

"+1 NPS" names no change: a point is gained by losing detractors or by winning promoters, and the two are not worth the same. So
four paths are priced, each exactly one point. Standardisation by regression: Robins 1986, Math. Modelling 7 (g-computation); Lin
2013, Ann. Appl. Stat. 7 (slopes of each class's own). Repeated scores: Gillen, Snowberg & Yariv 2019, JPE 127.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Estimate, Text, Unit, refusal
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Block = tuple[NDArray[np.intp], Array, list[int]]  # rows, their regressors, classes whose means are the first coefficients
Kind = Literal["standardised", "crude"]
CLASSES = (-1, 0, 1)
NAMES = (Text("贬损者", "detractors"), Text("中立者", "passives"), Text("推荐者", "promoters"))
MOVES = {"detractor_to_passive": (0, 1, 0.01), "passive_to_promoter": (1, 2, 0.01), "detractor_to_promoter": (0, 2, 0.005)}
PATHS = (*MOVES, "tilt")
POINT = 0.01  # one point of NPS, as a difference of shares
ALONE = 1e-9  # 1 − leverage of a row that nothing but itself speaks for


@dataclass(frozen=True, kw_only=True)
class ClassValues:
    """Mean 12-month margin of detractors, passives and promoters, in that order; None for a class too small to have one.

    `crude` as they are; `standardised` as if each class had the covariates of all customers (equal to `crude` without covariates).
    Fits share the N rows, so their differences keep the covariance. `shares` (3,) are the classes' (weighted) shares and
    `share_influence` (N, 3) how rows move them; `counts` are customers; `refused` says by class position why there is no mean.
    """

    crude: tuple[Fit | None, ...]
    standardised: tuple[Fit | None, ...]
    shares: Array
    share_influence: Array
    counts: tuple[int, int, int]
    cluster: NDArray[Any] | None
    refused: Mapping[int, tuple[Text, Text]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Paths:
    """What one point of NPS is worth for `customers` customers, in ¥ over the months of the margin, by path.

    `fits` holds the paths that can be priced, `refused` reason and needs of those that cannot.
    """

    fits: Mapping[str, Fit]
    refused: Mapping[str, tuple[Text, Text]]
    customers: float

    def estimate(self, path: str, estimand: str, *, unit: Unit = "cny", **options: Any) -> Estimate:
        """One path as an Estimate, or the refusal that names what it lacks; options as `Fit.estimate`.

        Raises
        ------
        ParameterError
            for a path that is none of `PATHS`.
        """
        if path not in PATHS:
            raise ParameterError(f"There is no path '{path}'; {nearest(path, PATHS)}")
        if path in self.refused:
            reason, needs = self.refused[path]
            kept = {name: value for name, value in options.items() if name in ("rung", "group", "assumptions", "data_hash")}
            return refusal(estimand, unit=unit, reason=reason, needs=needs, **kept)
        return self.fits[path].estimate(estimand, unit=unit, **options)


@dataclass(frozen=True, kw_only=True)
class Slope:
    """¥ of margin a point of the score: `fit` corrected for the noise of single scores, `naive` on the first score as it is.

    `reliability` is the correlation of the two scores given the covariates, which is how far the naive slope shrinks; `strength` the
    F of the weaker of the two scores as a predictor of the other.
    """

    fit: Fit
    naive: Fit
    reliability: float
    strength: float

    def estimate(self, estimand: str, *, unit: Unit = "cny", min_strength: float = 10.0, **options: Any) -> Estimate:
        """The corrected slope; a refusal where the two scores hardly agree (F below `min_strength`; Staiger & Stock 1997)."""
        if self.strength < min_strength:
            reason = Text(f"同一客户的两次打分几乎无关（F = {self.strength:.1f}），无法用一次校正另一次。",
                          f"Two scores of the same customer hardly agree (F = {self.strength:.1f}), so one cannot correct the other.")
            needs = Text(f"更多有两次打分的客户，使 F 达到 {min_strength:g}。",
                         f"More customers with two scores, for an F of at least {min_strength:g}.")
            kept = {name: value for name, value in options.items() if name in ("rung", "group", "assumptions", "data_hash")}
            return refusal(estimand, unit=unit, reason=reason, needs=needs, n=self.fit.n, **kept)
        return self.fit.estimate(estimand, unit=unit, **options)


def class_values(y: ArrayLike, classes: ArrayLike, *, matrix: ArrayLike | None = None, weights: ArrayLike | None = None,
                 cluster: ArrayLike | None = None, slopes: Literal["own", "common"] = "own", min_class: int = 10) -> ClassValues:
    """Mean margin by class, crude and standardised to the covariates of all customers by least squares.

    The mean of class k is x̄'β_k, where β_k are the coefficients within the class ("own" slopes) or of all with one constant a class
    ("common", for small classes). Residuals are scaled by 1/√(1 − leverage) (HC2), so that small classes are not made too sure.

    Parameters
    ----------
    y : (N,) margin over the same months for everybody, ¥.
    classes : (N,) −1 detractor, 0 passive, 1 promoter; the score precedes the months of `y`.
    matrix : (N, k) covariates known before the score, as from `crossfit.features`; the constant is added.
    weights : (N,) how many customers a row stands for.
    min_class : fewer customers than this in a class: no mean, and the paths through it are refused by its name.

    Raises
    ------
    DataError
        for missing values, classes that are none of the three, covariates that repeat each other within a class.
    ParameterError
        for shapes that differ, unusable weights, unknown `slopes`.
    """
    y, codes, x, w = _checked(y, classes, matrix, weights, slopes)
    counts = tuple(int((codes == k).sum()) for k in range(3))
    kept = [k for k in range(3) if counts[k] >= min_class]
    one = np.ones((len(y), 0))
    crude = _means(y, codes, one, w, kept, "own", cluster)
    standardised = crude if not x.shape[1] else _means(y, codes, x, w, kept, slopes, cluster)
    member = (codes[:, None] == np.arange(3)).astype(float)
    shares = w @ member / w.sum()
    refused = {k: _too_small(k, counts[k], min_class) for k in range(3) if k not in kept}
    return ClassValues(crude=crude, standardised=standardised, shares=shares, share_influence=w[:, None] * (member - shares), counts=counts,
                       cluster=None if cluster is None else np.asarray(cluster), refused=refused)


def _checked(y: ArrayLike, classes: ArrayLike, matrix: ArrayLike | None, weights: ArrayLike | None, slopes: str,
             ) -> tuple[Array, NDArray[np.intp], Array, Array]:
    """Margin, class positions 0–2, covariates (N, k) and weights with mean 1."""
    if slopes not in ("own", "common"):
        raise ParameterError(f"slopes is 'own' or 'common', not {slopes!r}.")
    y, c = np.asarray(y, dtype=float), np.asarray(classes, dtype=float)
    x = _columns(matrix, len(y))
    if not len(y) == len(c) == len(x):
        raise ParameterError(f"y, classes and matrix need the same rows; there are {len(y)}, {len(c)} and {len(x)}.")
    for name, bad in (("y", ~np.isfinite(y)), ("classes", np.isnan(c)), ("matrix", ~np.isfinite(x).all(axis=1))):
        if bad.any():
            raise DataError(f"{name} is missing in {int(bad.sum())} of {len(y)} rows; leave those customers out, or weight for who is missing first.")
    if not np.isin(c, CLASSES).all():
        strange = sorted(set(c.tolist()) - set(CLASSES))[:3]
        raise DataError(f"classes are −1 (detractor), 0 (passive) and 1 (promoter), not {strange}; code scores first.")
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != y.shape or not (np.isfinite(w) & (w >= 0)).all() or w.sum() <= 0:
        raise ParameterError("weights are one finite number a row, none negative, not all zero.")
    return y, (c + 1).astype(np.intp), x, w * len(y) / w.sum()


def _columns(matrix: ArrayLike | None, rows: int) -> Array:
    x = np.empty((rows, 0)) if matrix is None else np.asarray(matrix, dtype=float)
    return x[:, None] if x.ndim == 1 else x


def _too_small(k: int, count: int, least: int) -> tuple[Text, Text]:
    """Why a class has no mean, and what would give it one."""
    none = Text(f"没有{NAMES[k].zh}。", f"There are no {NAMES[k].en}.")
    few = Text(f"只有 {count} 名{NAMES[k].zh}，给不出他们的平均毛利。", f"{count} {NAMES[k].en} are too few for a mean margin.")
    return few if count else none, Text(f"至少 {least} 名{NAMES[k].zh}。", f"At least {least} {NAMES[k].en}.")


def _means(y: Array, codes: NDArray[np.intp], x: Array, w: Array, kept: list[int], slopes: str, cluster: ArrayLike | None) -> tuple[Fit | None, ...]:
    """Standardised means: coefficients on class indicators beside covariates centred at their mean over all customers."""
    centred, found = x - w @ x / len(y), [None, None, None]
    for rows, z, at in _blocks(codes, centred, kept, slopes):
        gram = (z * w[rows, None]).T @ z
        scale = np.sqrt(np.diag(gram)).clip(min=1e-300)
        if np.linalg.matrix_rank(gram / scale / scale[:, None], tol=1e-10) < z.shape[1]:
            who = " and ".join(NAMES[k].en for k in at)
            raise DataError(f"Among the {len(rows)} {who} the {x.shape[1]} covariates repeat each other, or are too many: leave some out, "
                            "merge rare levels, or use slopes='common'.")
        inverse = np.linalg.inv(gram / scale / scale[:, None]) / scale / scale[:, None]
        beta = inverse @ (z.T @ (w[rows] * y[rows]))
        lever = 1 - w[rows] * np.einsum("ij,jk,ik->i", z, inverse, z)
        residual = (y[rows] - z @ beta) / np.sqrt(np.maximum(lever, ALONE))
        moved = len(y) * (w[rows] * residual)[:, None] * (z @ inverse[:, :len(at)])
        for place, k in enumerate(at):
            influence = w * (centred @ beta[len(at):])  # whom the mean is taken over
            influence[rows] += moved[:, place]
            count = int((codes == k).sum())
            found[k] = _student(inference.fit(float(beta[place]), influence, n=count, cluster=cluster, n_effective=inference.kish(w[codes == k]),
                                              method="standardised by regression" if x.shape[1] else "mean"), count - x.shape[1] - 1)
    return tuple(found)


def _blocks(codes: NDArray[np.intp], centred: Array, kept: list[int], slopes: str) -> list[Block]:
    """Regressions to run: one a class, or one for all with an indicator a class."""
    if slopes == "own":
        rows = [np.flatnonzero(codes == k) for k in kept]
        return [(r, np.column_stack([np.ones(len(r)), centred[r]]), [k]) for k, r in zip(kept, rows, strict=True)]
    rows = np.flatnonzero(np.isin(codes, kept))
    return [(rows, np.column_stack([codes[rows, None] == np.array(kept), centred[rows]]).astype(float), kept)] if kept else []


def _student(made: Fit, df: int) -> Fit:
    """Student's t where nothing is clustered: no surer than the customers of the smallest class involved."""
    return replace(made, df=float(max(df, 1))) if made.n_clusters is None else made


def paths(values: ClassValues, *, customers: float, shares: Sequence[float] | None = None, kind: Kind = "standardised") -> Paths:
    """One point of NPS for `customers` customers along four paths, in ¥.

    "detractor_to_passive" moves 1 % of all customers, "passive_to_promoter" 1 %, "detractor_to_promoter" ½ %; "tilt" shifts the whole
    distribution, p_k·exp(θ·k) normalised, until NPS is up by exactly one point. Each assumes that whoever moves takes on the margin of
    the class moved to. `shares` (detractors, passives, promoters) of those customers, where they are known or corrected for silence;
    without them the shares of the sample, whose error then counts in the tilt. The paths overlap and are never added.

    Raises
    ------
    ParameterError
        for customers that are no positive number, shares that are no three shares adding to 1, an unknown kind.
    """
    if not (np.isfinite(customers) and customers > 0):
        raise ParameterError(f"customers is how many customers the point is gained among, above 0, not {customers}.")
    if kind not in ("standardised", "crude"):
        raise ParameterError(f"kind is 'standardised' or 'crude', not {kind!r}.")
    p = values.shares if shares is None else np.asarray(shares, dtype=float)
    if p.shape != (3,) or not (p >= 0).all() or abs(p.sum() - 1) > 1e-6:
        raise ParameterError(f"shares are those of detractors, passives and promoters, three numbers that add to 1, not {shares!r}.")
    means, fits, refused = getattr(values, kind), {}, {}
    for path in PATHS:
        if why := _why_not(path, values, means, p):
            refused[path] = why
        elif path == "tilt":
            fits[path] = _tilted(values, means, p, shares is None, customers)
        else:
            start, end, moved = MOVES[path]
            fits[path] = _moved(values, means, start, end, moved * customers)
    return Paths(fits=fits, refused=refused, customers=float(customers))


def _why_not(path: str, values: ClassValues, means: Sequence[Fit | None], p: Array) -> tuple[Text, Text] | None:
    """Reason and needs of a path that cannot be priced: a class without a mean, or nobody left to move."""
    start, end, moved = MOVES.get(path, (0, 2, 0.0))
    involved = (0, 1, 2) if path == "tilt" else (start, end)
    if missing := [k for k in involved if means[k] is None]:
        return values.refused[missing[0]]
    if path == "tilt" and not (p[2] > 0 and p[2] - p[0] < 1 - POINT):
        return (Text("没有推荐者，或 NPS 已高于 99 分，整体分布无法再升一分。",
                     "There are no promoters, or NPS is above 99 already: no tilt adds a point."),
                Text("有推荐者、且 NPS 低于 99 分的客户群。", "Customers with promoters among them and an NPS below 99."))
    if p[start] < moved:
        who = NAMES[start]
        return (Text(f"{who.zh}只占 {p[start]:.2%}，不足以移动全部客户的 {moved:.1%}。",
                     f"Only {p[start]:.2%} of customers are {who.en}, so {moved:.1%} of all cannot be moved."),
                Text(f"{who.zh}占比至少 {moved:.1%} 的客户群，或改用另一条路径。",
                     f"Customers of whom at least {moved:.1%} are {who.en}, or another path."))
    return None


def _combined(values: ClassValues, means: Sequence[Fit], changes: Array, own: ArrayLike = 0.0) -> Fit:
    """Σ changes_k · mean_k with the covariance of the means, plus influence of the changes themselves."""
    involved = [k for k in range(3) if changes[k]]
    value = sum(changes[k] * means[k].value for k in involved)
    influence = sum((changes[k] * means[k].influence for k in involved), np.zeros(len(values.share_influence)) + own)
    made = inference.fit(float(value), influence, n=sum(means[k].n for k in involved), cluster=values.cluster, method=means[involved[0]].method)
    return replace(made, df=min(means[k].df for k in involved)) if values.cluster is None else made


def _moved(values: ClassValues, means: Sequence[Fit], start: int, end: int, number: float) -> Fit:
    """`number` customers leave one class for another."""
    changes = np.zeros(3)
    changes[start], changes[end] = -number, number
    return _combined(values, means, changes)


def _tilted(values: ClassValues, means: Sequence[Fit], p: Array, estimated: bool, customers: float) -> Fit:
    """All shares move together; where they are estimated, q(p) is differentiated along with θ(p), which keeps the point a point."""
    q, jacobian = tilted_shares(p)
    worth = np.array([m.value for m in means])
    own = customers * values.share_influence @ (jacobian - np.eye(3)).T @ worth if estimated else 0.0
    return _combined(values, means, customers * (q - p), own)


def tilted_shares(p: ArrayLike, *, points: float = 1.0) -> tuple[Array, Array]:
    """Shares (3,) of detractors, passives and promoters after the tilt that adds `points` of NPS, and their Jacobian (3, 3) in p.

    With t = e^θ the condition is (1 − g)·p₊t² − g·p₀t − (1 + g)·p₋ = 0, g the NPS aimed at as a share: solved exactly.

    Raises
    ------
    ParameterError
        where no tilt can do it: there are no promoters, or NPS would reach 100 or −100.
    """
    p, levels = np.asarray(p, dtype=float), np.array([-1.0, 0.0, 1.0])
    goal = levels @ p + points / 100
    if not p[2] > 0 or not -1 < goal < 1:
        raise ParameterError(f"A tilt needs promoters and an NPS that stays between −100 and 100; {p[2]:.1%} are promoters and NPS would be "
                             f"{100 * goal:.1f}.")
    t = (goal * p[1] + np.sqrt((goal * p[1]) ** 2 + 4 * (1 - goal**2) * p[2] * p[0])) / (2 * (1 - goal) * p[2])
    lifted = np.array([1 / t, 1.0, t]) / np.array([p[0] / t, p[1], p[2] * t]).sum()
    q = p * lifted
    away = levels - levels @ q
    bend = (levels - away * lifted) / (q @ away**2)  # dθ/dp, from keeping the point a point
    return q, np.diag(lifted) - np.outer(q, lifted) + np.outer(q * away, bend)


def disattenuated(y: ArrayLike, first: ArrayLike, second: ArrayLike, *, matrix: ArrayLike | None = None, cluster: ArrayLike | None = None) -> Slope:
    """Slope of margin on satisfaction from two noisy scores of each customer: obviously related instrumental variables (ORIV).

    y = α + β·s is stacked twice, once with each score for s and the other one as its instrument (two-stage least squares, covariates
    and constant of their own in each copy); a customer counts once in the variance, with both copies. The naive slope is β times the
    reliability. Assumes that the errors of the two scores have nothing to do with each other, with s, or with margin; scores piled
    up at 10 bend that. Customers without a second score are left out: their influence is zero.

    Parameters
    ----------
    y : (N,) margin, ¥. first, second : (N,) scores, NaN where not given. matrix : (N, k) covariates; the constant is added.
    cluster : (N,) what is independent of each other where customers (rows) are not.

    Raises
    ------
    DataError
        for fewer than ten customers with both scores, scores without variation, missing covariates.
    ParameterError
        for shapes that differ.
    """
    parts = [np.asarray(a, dtype=float) for a in (y, first, second)]
    x = np.column_stack([np.ones(len(parts[0])), _columns(matrix, len(parts[0]))]) if len({len(p) for p in parts}) == 1 else np.empty((0, 1))
    if len(x) != len(parts[0]):
        raise ParameterError(f"y, first, second and matrix need the same rows; there are {[len(p) for p in parts]}.")
    rows = np.flatnonzero(np.isfinite(np.column_stack(parts)).all(axis=1))
    if not np.isfinite(x[rows]).all():
        raise DataError("matrix is missing values in some rows; drop them or fill them first.")
    if len(rows) < max(10, x.shape[1] + 3):
        raise DataError(f"{len(rows)} customers have margin and two scores; a correction needs at least {max(10, x.shape[1] + 3)}.")
    basis = np.linalg.qr(x[rows])[0]
    money, a, b = (v[rows] - basis @ (basis.T @ v[rows]) for v in parts)
    if min(a @ a, b @ b) <= 1e-12 * max(parts[1][rows] @ parts[1][rows], 1e-300):
        raise DataError("A score does not vary among customers with the same covariates, so money cannot be related to it.")
    return _oriv(money, a, b, rows, len(x), x.shape[1], cluster)


def _oriv(money: Array, a: Array, b: Array, rows: NDArray[np.intp], size: int, columns: int, cluster: ArrayLike | None) -> Slope:
    """Both stages on residuals; `size` rows in all, of which `rows` are used."""
    both, weight = a @ b, (a @ b) / np.array([b @ b, a @ a])  # first stages: of a on b, of b on a
    if both == 0:
        raise DataError("The two scores are not related at all, so one cannot correct the other.")
    beta = (weight[0] * (b @ money) + weight[1] * (a @ money)) / (weight.sum() * both)
    psi = (weight[0] * b * (money - beta * a) + weight[1] * a * (money - beta * b)) / (weight.sum() * both)
    plain = (a @ money) / (a @ a)
    free = len(rows) - columns - 1

    def made(value: float, per_row: Array, method: str) -> Fit:
        influence = np.zeros(size)
        influence[rows] = size * per_row * np.sqrt(len(rows) / free)
        return _student(inference.fit(value, influence, n=len(rows), cluster=cluster, method=method), free)

    agreement = both / np.sqrt((a @ a) * (b @ b))
    return Slope(fit=made(float(beta), psi, "ORIV"), naive=made(float(plain), a * (money - plain * a) / (a @ a), "least squares on one score"),
                 reliability=float(agreement), strength=float(free * agreement**2 / max(1 - agreement**2, 1e-300)))
