"""Regression to the mean: what detractors say when asked again and nothing was done, and what calling them added to it.

Who is chosen for a low score was partly unlucky on that day, and answers higher next time for nothing (Galton 1886, J. Anthropol.
Inst. 15; Barnett, van der Pols & Dobson 2005, Int. J. Epidemiol. 34). NPS codes scores −100, 0, 100, which is not linear in the
score, so the expected second NPS comes from like detractors nobody called, or from normal satisfaction with thresholds (Olsson 1979,
Psychometrika 44), never from the linear formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Text, refusal
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
SCALE, LEVELS = (0, 10), np.array([-100.0, 0.0, 100.0])
STEPS, TOLERANCE = 60, 1e-10  # of Fisher scoring
NODES, NODE_WEIGHTS = (a / 2 for a in np.polynomial.legendre.leggauss(16))
NODES = NODES + 0.5  # on (0, 1), weights adding to 1
NO_COMPARISON = Text("没有未回访、但首次打分相近且再次作答的客户可供比较，再高的回升也可能只是回归均值。",
                     "No detractors who were not called and answered again can be compared, so any rise may be regression to the mean.")


def coded(score: ArrayLike) -> Array:
    """Scores 0–10 as NPS points: −100, 0, 100; NaN stays NaN."""
    s = np.asarray(score, dtype=float)
    return np.where(np.isnan(s), np.nan, 100.0 * (s >= 9) - 100.0 * (s <= 6))


@dataclass(frozen=True, kw_only=True)
class Retest:
    """Two scores of the same customers as two readings of normal satisfaction.

    `reliability` is the correlation behind the scores (a share), `expected` the second NPS of the customers asked about if nothing is
    done (points); rows of both influences are the N customers.
    """

    reliability: Fit
    expected: Fit


def retest(first: ArrayLike, second: ArrayLike, *, among: ArrayLike, cluster: ArrayLike | None = None) -> Retest:
    """Test–retest correlation, and what the customers in `among` would say next time, from customers asked twice.

    Thresholds of the first score come from everybody who gave one; correlation and thresholds of the second class maximise the
    likelihood of the second given the first (two steps, Olsson 1979). So who was asked again may depend on the first score in any
    way, even on being no detractor; what it says about detractors then rests on normality. The variance stacks both steps.

    Parameters
    ----------
    first : (N,) scores 0–10, complete. second : (N,) scores 0–10, NaN where not asked again or where something was done.
    among : (N,) whose second score is to be expected, given their first.

    Raises
    ------
    DataError
        for scores off the scale, nobody in `among`, a single first score, or second scores that lack one of the three classes.
    """
    s, z, who = _score(first, "first"), _score(second, "second"), np.asarray(among).astype(bool)
    if np.isnan(s).any() or not who.any():
        raise DataError(f"first is missing in {int(np.isnan(s).sum())} of {len(s)} rows and among holds {int(who.sum())} customers; leave rows "
                        "without a first score out, and ask about somebody.")
    if not _is_enough(s, z, 1):
        raise DataError("Customers asked twice must have given at least two first scores and, the second time, all of detractor, passive and "
                        "promoter; a shorter history cannot say how well scores repeat.")
    return _Steps(s, z, who).made(cluster)


def _is_enough(s: Array, z: Array, least: int) -> bool:
    """Whether the pairs have at least `least` customers, two first scores, and all three classes the second time."""
    paired = ~np.isnan(z) & ~np.isnan(s)
    return paired.sum() >= least and len(np.unique(s[paired])) >= 2 and len(np.unique(coded(z[paired]))) == 3


def _score(score: ArrayLike, name: str) -> Array:
    s = np.asarray(score, dtype=float)
    known = s[~np.isnan(s)]
    if known.size and not (SCALE[0] <= known.min() and known.max() <= SCALE[1]):
        raise DataError(f"{name} holds scores from {known.min():g} to {known.max():g}; NPS scores are 0 to 10.")
    return s


def _chances(edges: Array, eta: Array) -> tuple[Array, Array]:
    """P(second class | bin of the first) (B, 3), and derivatives (B, 3, 3) in (correlation, threshold, threshold).

    A bin holds the normal first satisfaction between two probabilities in `edges`, averaged over by Gauss and Legendre.
    """
    rho, spread = eta[0], np.sqrt(1 - eta[0] ** 2)
    z = ndtri(edges[:-1, None] + np.diff(edges)[:, None] * NODES)
    below, slope = [np.zeros(len(z))], [np.zeros((len(z), 3))]
    for place, t in enumerate(eta[1:]):
        k = (t - rho * z) / spread
        density = np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi)
        made = np.zeros((len(z), 3))
        made[:, 0] = (density * (rho * t - z) / spread**3) @ NODE_WEIGHTS
        made[:, 1 + place] = density @ NODE_WEIGHTS / spread
        below.append(ndtr(k) @ NODE_WEIGHTS)
        slope.append(made)
    below.append(np.ones(len(z)))
    slope.append(np.zeros((len(z), 3)))
    return np.diff(below, axis=0).T.clip(1e-12), np.diff(slope, axis=0).transpose(1, 0, 2)


def _settled(edges: Array, counts: Array) -> Array:
    """(correlation, thresholds of the second) at the maximum of the conditional likelihood, by Fisher scoring."""
    totals = counts.sum(axis=1)
    eta = np.r_[0.5, ndtri(np.cumsum(counts.sum(axis=0))[:2] / totals.sum())]

    def likelihood(at: Array) -> float:
        return float((counts * np.log(_chances(edges, at)[0])).sum())

    for _ in range(STEPS):
        p, slope = _chances(edges, eta)
        score = np.einsum("bk,bkj->j", counts / p, slope)
        step = np.linalg.solve(np.einsum("b,bki,bkj,bk->ij", totals, slope, slope, 1 / p), score)
        size, now = 1.0, likelihood(eta)
        while size > 1e-6:
            tried = eta + size * step
            if abs(tried[0]) < 0.999 and tried[1] < tried[2] and likelihood(tried) >= now - 1e-12:
                break
            size /= 2
        eta = eta + size * step if size > 1e-6 else eta
        if np.abs(score @ step) < TOLERANCE or size <= 1e-6:
            return eta
    raise DataError("The correlation of the two scores does not settle; more customers asked twice are needed.")


class _Steps:
    """Both steps and their influence: shares of the first score move its thresholds, those move the equations of the second."""

    def __init__(self, s: Array, z: Array, who: Rows) -> None:
        values, self.bins = np.unique(s, return_inverse=True)
        self.n, self.who, self.paired = len(s), who, ~np.isnan(z)
        self.second = (coded(z[self.paired]) / 100 + 1).astype(int)
        self.counts = np.zeros((len(values), 3))
        np.add.at(self.counts, (self.bins[self.paired], self.second), 1)
        self.edges = np.r_[0.0, np.cumsum(np.bincount(self.bins, minlength=len(values))) / len(s)]
        self.mix = np.bincount(self.bins[who], minlength=len(values)) / who.sum()
        self.eta = _settled(self.edges, self.counts)

    def at(self, edges: Array) -> Array:
        """The three score equations and the expected second NPS at these edges (4,)."""
        p, slope = _chances(edges, self.eta)
        return np.r_[np.einsum("bk,bkj->j", self.counts / p, slope) / self.n, self.mix @ p @ LEVELS]

    def made(self, cluster: ArrayLike | None) -> Retest:
        p, slope = _chances(self.edges, self.eta)
        information = np.einsum("b,bki,bkj,bk->ij", self.counts.sum(axis=1), slope, slope, 1 / p) / self.n
        inner = np.arange(1, len(p))
        shares = (self.bins[:, None] < inner) - self.edges[inner]  # influence of the edges (N, bins − 1)
        score, own = np.zeros((self.n, 3)), self.bins[self.paired]
        score[self.paired] = slope[own, self.second] / p[own, self.second][:, None]
        moved = shares @ np.array([_derivative(self.at, self.edges, j) for j in inner])
        eta = np.linalg.solve(information, (score + moved[:, :3]).T).T
        level, value, pairs = p @ LEVELS, float(self.mix @ p @ LEVELS), int(self.paired.sum())
        influence = eta @ np.einsum("b,bkj,k->j", self.mix, slope, LEVELS) + moved[:, 3]
        influence += np.where(self.who, (level[self.bins] - value) * self.n / self.who.sum(), 0.0)
        return Retest(reliability=inference.fit(float(self.eta[0]), eta[:, 0], n=pairs, cluster=cluster, method="polychoric, two steps"),
                      expected=inference.fit(value, influence, n=pairs, cluster=cluster, method="test–retest, normal thresholds"))


def _derivative(function: Callable[[Array], Array], at: Array, place: int) -> Array:
    """Central difference in one edge, well within its neighbours."""
    step = 1e-4 * min(np.diff(at)[place - 1], np.diff(at)[place])
    up, down = at.copy(), at.copy()
    up[place] += step
    down[place] -= step
    return (function(up) - function(down)) / (2 * step)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What calling detractors did to their NPS, in points over those called who answered again.

    `naive` is their change, `expected` the change of the same customers had nobody called, `fit` the difference. Where nobody can be
    compared (`basis` not "comparison") there is no `fit`; `expected` then rests on how well scores repeat ("retest"), and
    `sensitivity` is the difference from that, never a headline. `answered` are the shares of called and uncalled who answered again:
    far apart, the comparison is of different people. `unsupported` is the share of the called whose first score is over a point from any of theirs.
    """

    naive: Fit
    expected: Fit | None
    fit: Fit | None
    sensitivity: Fit | None
    basis: Literal["comparison", "retest", "none"]
    n_called: int
    n_comparison: int
    answered: tuple[float, float]
    unsupported: float
    needs: Text

    def estimate(self, estimand: str, **options: Any) -> Estimate:
        """The adjusted effect in points, or the refusal where nobody can be compared; options as `Fit.estimate`."""
        if self.fit is None:
            kept = {name: value for name, value in options.items() if name in ("rung", "group", "assumptions", "data_hash")}
            return refusal(estimand, unit="points", reason=NO_COMPARISON, needs=self.needs, n=self.n_called, **kept)
        return self.fit.estimate(estimand, unit="points", **options)


def recovery(first: ArrayLike, second: ArrayLike, *, called: ArrayLike, matrix: ArrayLike | None = None, selected: ArrayLike | None = None,
             cutoff: float = 6, cluster: ArrayLike | None = None, min_comparison: int = 30, max_unsupported: float = 0.05,
             min_retested: int = 100) -> Recovery:
    """Effect of calling detractors: their change less that of like detractors nobody called (ANCOVA, slopes of the uncalled's own).

    Among selected customers who were not called, the second NPS is regressed on the first score, its square and `matrix`; what this
    predicts for the called is what they would have said. So a call list that goes by the score or by a covariate is adjusted for; one
    that goes by something unseen is not, and unless calls were drawn at random the result is an association. With fewer than
    `min_comparison` of them, or more than `max_unsupported` of the called over a point from any of their first scores, there is no effect:
    then `retest` on everybody uncalled with two scores (at least `min_retested`) gives `expected` and `sensitivity`.

    Parameters
    ----------
    first : (N,) scores 0–10 before. second : (N,) scores after, NaN where not asked or not answered.
    called : (N,) whether the programme called.
    matrix : (N, k) covariates known before the call, complete; the constant is added.
    selected : (N,) whom the programme is for; without it everybody whose first score is at most `cutoff`.

    Raises
    ------
    DataError
        for scores off the scale, fewer than two called with both scores, missing covariates, covariates that repeat each other.
    ParameterError
        for shapes that differ.
    """
    s, z, was_called = _score(first, "first"), _score(second, "second"), np.asarray(called).astype(bool)
    x = np.empty((len(s), 0)) if matrix is None else np.asarray(matrix, dtype=float).reshape(len(s), -1)
    eligible = s <= cutoff if selected is None else np.asarray(selected).astype(bool)
    if not len(s) == len(z) == len(was_called) == len(x) == len(eligible):
        raise ParameterError("first, second, called, matrix and selected need the same rows.")
    if np.isnan(s).any():
        raise DataError(f"first is missing in {int(np.isnan(s).sum())} of {len(s)} rows; it is the score that selects, so leave those customers out.")
    if not np.isfinite(x[eligible]).all():
        raise DataError("matrix is missing values among the selected customers; drop those rows or fill them first.")
    treated, untreated = eligible & was_called, eligible & ~was_called
    over, compared = treated & ~np.isnan(z), untreated & ~np.isnan(z)
    if over.sum() < 2:
        raise DataError(f"{int(over.sum())} selected customers were called and answered again; at least two are needed.")
    change = coded(z) - coded(s)
    naive = _mean(change, over, cluster)
    lone = ~(np.abs(s[over][:, None] - np.unique(s[compared])) <= 1).any(axis=1)
    found = {"naive": naive, "n_called": int(over.sum()), "n_comparison": int(compared.sum()), "unsupported": float(lone.mean()),
             "answered": (_share(over, treated), _share(compared, untreated)), "needs": _needs(min_comparison, s[over][lone])}
    if compared.sum() >= max(min_comparison, x.shape[1] + 5) and lone.mean() <= max_unsupported:
        fit = _adjusted(coded(z), s, x, over, compared, cluster)
        expected = inference.fit(naive.value - fit.value, naive.influence - fit.influence, n=int(compared.sum()), cluster=cluster,
                                 method="change of like customers not called")
        return Recovery(fit=fit, expected=expected, sensitivity=None, basis="comparison", **found)
    expected = _from_retest(s, np.where(was_called, np.nan, z), over, min_retested, cluster)
    left = None if expected is None else inference.fit(naive.value - expected.value, naive.influence - expected.influence, n=naive.n,
                                                       cluster=cluster, method="less the rise expected from repeated scores")
    return Recovery(fit=None, expected=expected, sensitivity=left, basis="none" if expected is None else "retest", **found)


def _share(part: Rows, whole: Rows) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else float("nan")


def _mean(y: Array, rows: Rows, cluster: ArrayLike | None) -> Fit:
    """Mean over some rows, as a fit over all."""
    value = y[rows].mean()
    return inference.fit(value, np.where(rows, y - value, 0.0) * len(y) / rows.sum(), n=int(rows.sum()), cluster=cluster,
                         method="change of those called")


def _needs(least: int, lone: Array) -> Text:
    """What would give a comparison; first scores of the called that no comparison comes near are named."""
    scores = [f"{v:g}" for v in np.unique(lone)]
    zh, en = ("、".join(scores), ", ".join(scores))
    zh, en = (f"，包括首次打 {zh} 分的", f", among them some whose first score is {en}") if scores else ("", "")
    return Text(f"至少 {least} 名未被回访、同样打低分且再次作答的客户{zh}；最好抽签决定回访谁。",
                f"At least {least} detractors who are not called and answer again{en}; best drawn by lot.")


def _adjusted(y: Array, s: Array, x: Array, over: Rows, compared: Rows, cluster: ArrayLike | None) -> Fit:
    """Mean over the called of their second NPS less what the regression among the uncalled says of customers like them."""
    away = s - s[compared].mean()
    powers = np.column_stack([away, away**2])[:, :min(2, len(np.unique(s[compared])) - 1)]
    z = np.column_stack([np.ones(len(s)), powers, x])
    own = z[compared]
    if np.linalg.matrix_rank(own / np.abs(own).max(axis=0).clip(min=1e-300)) < own.shape[1]:
        raise DataError(f"Among the {len(own)} customers to compare with, the {x.shape[1]} covariates repeat each other; leave some out or "
                        "merge levels.")
    root, inverse = np.linalg.qr(own)[0], np.linalg.pinv(own)
    beta = inverse @ y[compared]
    residual = (y[compared] - own @ beta) / np.sqrt(np.maximum(1 - (root**2).sum(axis=1), 1e-9))  # HC2: small groups are not made too sure
    gap = y[over] - z[over] @ beta
    influence = np.zeros(len(s))
    influence[over] = (gap - gap.mean()) * len(s) / over.sum()
    influence[compared] = -len(s) * residual * (z[over].mean(axis=0) @ inverse)
    made = inference.fit(gap.mean(), influence, n=int(over.sum() + compared.sum()), cluster=cluster, method="difference in change, ANCOVA")
    return replace(made, df=float(min(over.sum() - 1, len(own) - own.shape[1]))) if cluster is None else made


def _from_retest(s: Array, uncalled: Array, over: Rows, least: int, cluster: ArrayLike | None) -> Fit | None:
    """Expected change of the called from customers with two scores whom nobody called; None where those are too few."""
    if not _is_enough(s, uncalled, least):
        return None
    second, before = retest(s, uncalled, among=over, cluster=cluster).expected, _mean(coded(s), over, cluster)
    return inference.fit(second.value - before.value, second.influence - before.influence, n=second.n, cluster=cluster, method=second.method)
