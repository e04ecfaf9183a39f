"""Whoever happened to take the call as an instrument: agents that let customers wait more often, and what the wait did to money.

Within a queue (`within`) agents are as good as drawn, so how prone an agent is to the exposure moves it without regard to the customer.
UJIVE (Kolesár 2013, "Estimation in an instrumental variables model with treatment effect heterogeneity"; Goldsmith-Pinkham, Hull & Kolesár
2025, "Leniency designs: an operator's manual"): the exposure predicted from agents and queues without the case itself, minus that
predicted from queues without the case itself. 2SLS uses predictions that contain the case's own noise and is pulled towards OLS by about 1/F.
Variance: agents are clusters, with CR2's correction of residuals for queues (Bell & McCaffrey 2002) and of leverage for the slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.results import Text
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
ALONE = 1 - 1e-8  # leverage from which a case is the only link between its agent and the others
MOST_LEVERAGE = 0.95
SUBGROUP_CASES = 200  # queues with fewer cases than this say nothing on the sign of the first stage


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a leniency design needs. `min_strength` is the cut-off of Mikusheva & Sun 2022 (REStud 89) below which intervals mislead."""

    min_agents: int = 20
    min_cases_per_agent: float = 25.0
    min_strength: float = 4.14
    balance_level: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Monotonicity:
    """Do agents who expose more, expose more of everybody? First-stage slopes in subgroups on leniency measured outside of them.

    `share` of slopes that are not negative; `p_value` of the most negative one, one-sided, Bonferroni over subgroups (Bhuller et al. 2020,
    JPE 128, reverse-sample test); `slopes` (subgroup, slope, standard error).
    """

    share: float
    p_value: float
    slopes: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class ConfidenceSet:
    """Anderson–Rubin set: the "interval" from low to high, all "outside" of it (two rays, weak instrument), or "everything".

    With one instrument it is never empty: the point estimate itself is always in it.
    """

    kind: Literal["interval", "outside", "everything"]
    low: float = -np.inf
    high: float = np.inf

    def holds(self, value: float) -> bool:
        """Whether a value is in the set."""
        inside = self.low <= value <= self.high
        return self.kind == "everything" or (inside if self.kind == "interval" else value <= self.low or value >= self.high)


@dataclass(frozen=True, kw_only=True)
class Leniency:
    """The effect of an exposure by who took the case (`fit`, UJIVE) beside OLS and 2SLS within queues; None where agents tell nothing.

    `first_stage_f`: joint F of agents within queues; `strength` = √(K/2)·(F − 1) for K instruments; `balance_p`: do covariates from before
    differ by leave-out leniency (not a number and `is_balanced` None where none were given); `robust`: set that holds whatever the
    strength; `n_left_out` cases alone in their queue, or the only one of their agent.
    """

    fit: Fit | None
    ols: Fit | None
    tsls: Fit | None
    robust: ConfidenceSet | None
    monotonicity: Monotonicity | None
    first_stage_f: float
    strength: float
    balance_p: float
    n: int
    n_agents: int
    n_left_out: int
    limits: Limits = field(default_factory=Limits)

    @property
    def is_weak(self) -> bool:
        """Whether agents differ too little for their cases to tell."""
        return self.strength < self.limits.min_strength

    @property
    def is_balanced(self) -> bool | None:
        """Whether slow and fast agents got the same customers, as far as covariates show; None where there are none."""
        return None if np.isnan(self.balance_p) else bool(self.balance_p >= self.limits.balance_level)

    @property
    def is_tested(self) -> bool:
        """Whether the design could fail and did not: comparable customers at every leniency, no subgroup in which slow agents are the fast ones."""
        return self.is_balanced is True and self.monotonicity is not None and bool(self.monotonicity.p_value >= self.limits.balance_level)

    def refusal(self) -> tuple[Text, Text] | None:
        """Why the design says nothing, and what would make it speak; None where it stands."""
        few = self._too_little()
        if few is not None or self.fit is None:
            return few
        if self.is_balanced is False:
            p = "p < 0.001" if self.balance_p < 0.001 else f"p = {self.balance_p:.3f}"
            return (Text(f"接单并非随机：在同一队列内，经手人的快慢与客户事前特征有关（{p}），差异不能归因于等待。",
                         f"Who took the case was no lottery: slow and fast agents of a queue got different customers ({p})."),
                    Text("找出派单规则并按规则分队列，或改用真正轮流派单的时段。",
                         "Queues split by the rule that assigns cases, or the hours in which cases are handed out in turn."))
        if self.is_weak:
            return (Text(f"经手人之间差别太小（F = {self.first_stage_f:.1f}，强度 {self.strength:.1f}），不足以推断影响。",
                         f"Agents differ too little to tell (F = {self.first_stage_f:.1f}, strength {self.strength:.1f})."),
                    Text(f"更多工单或差别更大的经手人，使强度达到 {self.limits.min_strength:g}。",
                         f"More cases, or agents who differ more, for a strength of {self.limits.min_strength:g}."))
        return None

    def _too_little(self) -> tuple[Text, Text] | None:
        """A refusal for want of agents, cases or variation."""
        if self.n_agents < self.limits.min_agents:
            return (Text(f"只有 {self.n_agents} 名经手人，少数几个人的特点会左右结果。",
                         f"Only {self.n_agents} agent{'' if self.n_agents == 1 else 's'}: what a few of them are like would decide the result."),
                    Text(f"至少 {self.limits.min_agents} 名经手人。", f"At least {self.limits.min_agents} agents."))
        each = self.n / self.n_agents
        if each < self.limits.min_cases_per_agent:
            return (Text(f"每名经手人平均只有 {each:.0f} 单，看不出谁快谁慢。", f"{each:.0f} cases an agent are too few to tell who is slow."),
                    Text(f"每名经手人平均至少 {self.limits.min_cases_per_agent:g} 单。",
                         f"At least {self.limits.min_cases_per_agent:g} cases an agent."))
        if self.fit is None:
            return (Text("在同一队列内，等待与否或经手人没有差别，无从比较。",
                         "Within queues the exposure, or the agent, never differs: there is nothing to compare."),
                    Text("需要同一队列里由不同经手人处理、结果不同的工单。",
                         "Cases of one queue handled by different agents, some exposed and some not."))
        return None


def leniency(y: ArrayLike, exposed: ArrayLike, agent: ArrayLike, *, within: ArrayLike | None = None,
             covariates: ArrayLike | pd.DataFrame | None = None, cluster: ArrayLike | None = None, conf_level: float = 0.95,
             limits: Limits | None = None) -> Leniency:
    """Effect of an exposure on `y` by agents, within queues where who takes a case is as good as drawn.

    Parameters
    ----------
    y : (N,) outcome in printed units. exposed : (N,) 0/1 (or an amount; the effect is then of one more). agent : (N,) who took the case.
    within : (N,) queue labels, such as store × month; all one queue without them.
    covariates : (N, P) known before the case, for the test of balance and, by halves, of monotonicity; they adjust nothing.
    cluster : (N,) units of shock; agents without it.

    Raises
    ------
    DataError
        for missing values.
    ParameterError
        for shapes that differ.
    """
    y, d, names, before = _checked(y, exposed, agent, within, covariates, cluster)
    keep, design = _linked(agent, within, len(y))
    if cluster is not None:
        design = replace(design, cluster=inference.encode(np.asarray(cluster)[keep])[0])
    plain = {"n": int(keep.sum()), "n_agents": design.counts.shape[1], "n_left_out": int((~keep).sum()), "limits": limits or Limits()}
    y, d, before = design.swept(y[keep]), d[keep], before[keep]
    known = design.swept(d)
    if design.rank < 1 or known @ known < 1e-12 * max(d @ d, 1.0):
        return Leniency(fit=None, ols=None, tsls=None, robust=None, monotonicity=None, first_stage_f=0.0, strength=0.0, balance_p=np.nan, **plain)
    predicted = design.predicted(known)
    left = known - predicted
    tool = known / (1 - design.queue_leverage) - left / (1 - design.leverage)
    ratio = float((predicted @ predicted / design.rank) / max(left @ left / max(len(y) - design.used, 1), 1e-300))
    return Leniency(fit=_slope(design, tool, y, known, "UJIVE"), ols=_slope(design, known, y, known, "OLS within queues"),
                    tsls=_slope(design, predicted, y, known, "2SLS on agents"), robust=_anderson_rubin(design, tool, y, known, conf_level),
                    monotonicity=_monotonicity(d, design, before, names), first_stage_f=ratio,
                    strength=float(np.sqrt(design.rank / 2) * (ratio - 1)), balance_p=_balance(design, tool, known, before), **plain)


def _checked(y: ArrayLike, exposed: ArrayLike, agent: ArrayLike, within: ArrayLike | None, covariates: ArrayLike | pd.DataFrame | None,
             cluster: ArrayLike | None) -> tuple[Array, Array, list[str], Array]:
    """Outcome, exposure, names and values of covariates, as floats of one length."""
    names = [str(c) for c in covariates.columns] if isinstance(covariates, pd.DataFrame) else []
    values, d = (np.asarray(a, dtype=float) for a in (y, exposed))
    before = np.empty((len(values), 0)) if covariates is None else np.asarray(covariates, dtype=float).reshape(len(np.asarray(covariates)), -1)
    labels = [np.asarray(a) for a in (agent, within, cluster) if a is not None]
    if {len(a) for a in (d, before, *labels)} != {len(values)}:
        sizes = ", ".join(str(len(a)) for a in (values, d, before, *labels))
        raise ParameterError(f"y, exposed, covariates, agent, within and cluster need the same rows; there are {sizes}.")
    for name, bad in (("y", ~np.isfinite(values)), ("exposed", ~np.isfinite(d)), ("covariates", ~np.isfinite(before).all(axis=1)),
                      *((n, pd.isna(a)) for n, a in zip(("agent", "within", "cluster"), (agent, within, cluster), strict=True) if a is not None)):
        if np.asarray(bad).any():
            raise DataError(f"{name} is missing in {int(np.asarray(bad).sum())} of {len(values)} rows; drop them, and say how many.")
    return values, d, names or [f"column {k}" for k in range(before.shape[1])], before


@dataclass(frozen=True)
class _Design:
    """Cases in queues and agents: group sizes, the generalised inverse of agents' cross products after queues, leverages, clusters."""

    queue: Codes
    agent: Codes
    cluster: Codes
    counts: Array
    inverse: Array
    rank: int
    queue_leverage: Array
    leverage: Array

    @property
    def used(self) -> int:
        """Degrees of freedom that queues and agents use up."""
        return len(self.counts) + self.rank

    def swept(self, values: Array) -> Array:
        """Values (N,) minus the mean of their queue."""
        total = np.bincount(self.queue, values, len(self.counts))
        return values - (total / self.counts.sum(axis=1))[self.queue]

    def predicted(self, swept: Array) -> Array:
        """Fitted values (N,) of agents within queues."""
        effects = self.inverse @ np.bincount(self.agent, swept, self.counts.shape[1])
        return effects[self.agent] - (self.counts @ effects / self.counts.sum(axis=1))[self.queue]

    def lifted(self, tool: Array) -> Array:
        """An instrument whose sums over clusters with residuals make up for what queue means took from them (CR2 for queue effects).

        A cluster that holds the share s of a queue has its mean residual there lifted by 1/√(1 − s); one that holds all of it, not at all.
        """
        width = int(self.cluster.max()) + 1
        cell = self.queue * width + self.cluster
        size = np.bincount(cell, minlength=len(self.counts) * width)[cell]
        share = size * self.queue_leverage
        lift = np.where(share < ALONE, 1 / np.sqrt(np.maximum(1 - share, 1e-12)), 1.0)
        return tool + np.bincount(cell, tool)[cell] / size * (lift - 1)


def _design(queue: Codes, agent: Codes, cluster: Codes) -> _Design:
    """Everything that depends on who took which case where, and not on outcomes; memory is queues × agents."""
    queues, agents = int(queue.max(initial=-1)) + 1, int(agent.max(initial=-1)) + 1
    counts = np.bincount(queue * agents + agent, minlength=queues * agents).reshape(queues, agents).astype(float)
    shares = counts / counts.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.diag(counts.sum(axis=0)) - counts.T @ shares)
    live = values > 1e-9 * max(values.max(initial=0), 1.0)
    inverse = (vectors[:, live] / values[live]) @ vectors[:, live].T
    across = shares @ inverse
    alone = 1 / counts.sum(axis=1)[queue]
    within = (inverse[agent, agent] - 2 * across[queue, agent] + (across * shares).sum(axis=1)[queue])
    return _Design(queue, agent, cluster, counts, inverse, int(live.sum()), alone, alone + within)


def _linked(agent: ArrayLike, within: ArrayLike | None, n: int) -> tuple[NDArray[np.bool_], _Design]:
    """Cases that are not the only link of their agent or queue, and the design among them."""
    keep = np.ones(n, dtype=bool)
    agents, queues = np.asarray(agent), np.zeros(n, dtype=int) if within is None else np.asarray(within)
    while True:
        queue, who = (inference.encode(a[keep])[0] for a in (queues, agents))
        lone = (np.bincount(queue)[queue] < 2) | (np.bincount(who)[who] < 2) if len(who) else np.zeros(0, dtype=bool)
        if not lone.any():
            design = _design(queue, who, who)
            lone = design.leverage > ALONE
            if not lone.any():
                return keep, design
        keep[np.flatnonzero(keep)[lone]] = False


def _slope(design: _Design, tool: Array, y: Array, d: Array, method: str) -> Fit:
    """Slope of y on d by one instrument, all swept by queue; clusters count by their leverage, whose spread sets the degrees of freedom."""
    cross, share = tool @ d, _leverage(design, tool, d)
    value = float(tool @ y / cross)
    scores = len(y) * design.lifted(tool) * (y - value * d) / cross / np.sqrt(1 - share)[design.cluster]
    found = inference.fit(value, scores, n=len(y), cluster=design.cluster, method=method)
    return replace(found, df=min(found.df, inference.satterthwaite(share[None, :], np.ones(1))))


def _leverage(design: _Design, tool: Array, d: Array) -> Array:
    """How much of the first stage is a cluster's, (G,): its weight in the slope."""
    pull = np.maximum(np.bincount(design.cluster, tool * d) / (tool @ d), 0.0)
    return np.minimum(pull / pull.sum(), MOST_LEVERAGE)


def _anderson_rubin(design: _Design, tool: Array, y: Array, d: Array, conf_level: float) -> ConfidenceSet:
    """Every effect β for which the instrument and y − βd could be unrelated (Anderson & Rubin 1949), by clusters: a quadratic in β."""
    rows = design.lifted(tool)
    of_y, of_d = (np.bincount(design.cluster, rows * v) for v in (y, d))
    bound = inference.quantile(conf_level, len(of_y) - 1.0) ** 2
    a, b = tool @ d, tool @ y
    square, cross, constant = a**2 - bound * of_d @ of_d, b * a - bound * of_y @ of_d, b**2 - bound * of_y @ of_y
    inner = cross**2 - square * constant
    if square == 0 or square < 0 and inner <= 0:
        return ConfidenceSet("everything")
    ends = sorted((cross + s * np.sqrt(max(inner, 0.0))) / square for s in (-1, 1))
    return ConfidenceSet("interval" if square > 0 else "outside", float(ends[0]), float(ends[1]))


def _balance(design: _Design, tool: Array, d: Array, before: Array) -> float:
    """p of covariates having nothing to do with leave-out leniency: Hotelling's T² over clusters with the degrees of freedom of the slope.

    F(P, η − P + 1) of Pustejovsky & Tipton 2018 (JBES 36).
    """
    rows, groups = design.lifted(tool), int(design.cluster.max()) + 1
    totals = np.array([np.bincount(design.cluster, rows * design.swept(x), groups) for x in before.T]).T
    if not totals.size or not totals.any():
        return float("nan")
    totals = totals / np.sqrt((totals**2).sum(axis=0)).clip(min=1e-300)
    spread = np.cov(totals.T, ddof=1).reshape(totals.shape[1], -1)
    p = int(np.linalg.matrix_rank(spread, hermitian=True))
    df = inference.satterthwaite(_leverage(design, tool, d)[None, :], np.ones(1))
    if p == 0 or df <= p:
        return float("nan")
    ratio = float(groups * totals.mean(axis=0) @ np.linalg.pinv(spread, hermitian=True) @ totals.mean(axis=0))
    return float(stats.f.sf(ratio * (df - p + 1) / (p * df), p, df - p + 1))


def _monotonicity(d: Array, design: _Design, before: Array, names: Sequence[str]) -> Monotonicity | None:
    """Slopes in queues with enough cases, and in halves by each covariate."""
    queue, parts = design.queue, []
    parts += [(f"queue {q}", queue == q) for q in np.flatnonzero(design.counts.sum(axis=1) >= SUBGROUP_CASES)]
    for name, x in zip(names, before.T, strict=True):
        upper = x > np.median(x)
        parts += [(f"{name}, lower half", ~upper), (f"{name}, upper half", upper)]
    told = [(label, *found) for label, inside in parts if (found := _outside(d, queue, design.agent, inside.astype(float)))[1] > 0]
    if not told:
        return None
    chances = [stats.t.cdf(slope / error, df) for _, slope, error, df in told]
    return Monotonicity(share=float(np.mean([slope >= 0 for _, slope, _, _ in told])), p_value=float(min(1.0, len(told) * min(chances))),
                        slopes=tuple((label, slope, error) for label, slope, error, _ in told))


def _outside(d: Array, queue: Codes, agent: Codes, inside: Array) -> tuple[float, float, int]:
    """Slope of the exposure in a subgroup (`inside` 1, else 0) on agents' leniency outside of it, its error by agent (CR3), degrees of freedom.

    The error is 0 where leniency is not known or does not differ.
    """
    def means(part: Array, codes: Codes, values: Array) -> Array:
        return np.bincount(codes, part * values) / np.maximum(np.bincount(codes, part), 1)

    prone = means(1 - inside, agent, d - means(1 - inside, queue, d)[queue])[agent]
    seen = inside * (np.bincount(agent, 1 - inside) > 0)[agent]
    tool = seen * (prone - means(seen, queue, prone)[queue])
    size = float(tool @ tool)
    if size <= 1e-12 * max(float(seen.sum()), 1.0):
        return 0.0, 0.0, 1
    rest = d - means(seen, queue, d)[queue]
    slope = float(tool @ rest / size)
    totals, leverage = np.bincount(agent, tool * (rest - slope * tool)), np.bincount(agent, tool**2) / size
    lifted = totals / (1 - np.minimum(leverage, MOST_LEVERAGE))
    return slope, float(np.sqrt((lifted**2).sum()) / size), max(int((leverage > 0).sum()) - 1, 1)


def instrumented(y: ArrayLike, exposed: ArrayLike, instruments: ArrayLike, *, controls: ArrayLike | None = None, cluster: ArrayLike | None = None,
                 variance: Literal["robust", "classical"] = "robust") -> Fit:
    """Two-stage least squares (Wooldridge 2010, ch. 5) of one exposure; with the exposure as its own instrument, OLS.

    y, exposed (N,); instruments (N, k) or (N,); controls (N, p), the constant is added. "classical" errors take the residuals as of one
    variance, s²/(n − p), t(n − p); "robust" do not, and with `cluster` are CR2.

    Raises
    ------
    DataError
        for missing values, instruments that say nothing beyond the controls.
    ParameterError
        for an unknown variance, shapes that differ, classical errors with clusters.
    """
    if variance not in ("robust", "classical") or variance == "classical" and cluster is not None:
        raise ParameterError(f"variance is 'robust', or 'classical' without clusters, not {variance!r}.")
    parts = [np.asarray(a, dtype=float).reshape(len(np.asarray(a)), -1) for a in (y, exposed, instruments)]
    w = np.ones((len(parts[0]), 1))
    w = w if controls is None else np.column_stack([w, np.asarray(controls, dtype=float)])
    if {len(a) for a in (*parts, w)} != {len(parts[0])}:
        raise ParameterError(f"y, exposed, instruments and controls need the same rows; there are {[len(a) for a in (*parts, w)]}.")
    if not all(np.isfinite(a).all() for a in (*parts, w)):
        raise DataError("y, exposed, instruments or controls have missing values; drop those rows, and say how many.")
    basis = np.linalg.svd(w / np.linalg.norm(w, axis=0).clip(min=1e-300), full_matrices=False)
    basis = basis[0][:, basis[1] > 1e-10 * basis[1][0]]
    outcome, d, z = (a - basis @ (basis.T @ a) for a in parts)
    z = z[:, np.linalg.norm(z, axis=0) > 1e-9 * np.linalg.norm(parts[2], axis=0)]  # what the controls already say
    tools = z / np.linalg.norm(z, axis=0)
    fitted = tools @ np.linalg.lstsq(tools, d, rcond=None)[0]
    size = float((fitted**2).sum())
    if size <= 1e-12 * float((parts[1] ** 2).sum()):
        raise DataError("The instruments say nothing about the exposure beyond the controls; no effect can be estimated.")
    value = float((fitted * outcome).sum() / size)
    left, n = (outcome - value * d)[:, 0], len(d)
    found = inference.fit(value, n * fitted[:, 0] * left / size, n=n, cluster=cluster, method=f"2SLS, {variance} variance")
    if variance == "robust":
        return found
    free = float(n - basis.shape[1] - 1)
    return replace(found, std_error=float(np.sqrt(left @ left / free / size)), df=free)
