"""How small an effect can be found, how many customers or stores it takes, and when an amount of money is too vague to print."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from voclib.errors import ParameterError
from voclib.results import Text
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]


def minimal_detectable(std_error: float, *, power: float = 0.8, alpha: float = 0.05, df: float = np.inf) -> float:
    """The smallest true effect that an estimate with this standard error excludes zero for with probability `power`.

    (t_{1−α/2} + t_power)·SE, 2.80·SE by default (Bloom 1995, Eval. Rev. 19). In the unit of the standard error.

    Raises
    ------
    ParameterError
        for a standard error that is not positive, or a power or alpha that is no share.
    """
    _shares(power=power, alpha=alpha)
    if not (np.isfinite(std_error) and std_error > 0):
        raise ParameterError(f"std_error is above 0, not {std_error}.")
    return _reach(power, alpha, df) * std_error


def _reach(power: float, alpha: float, df: float = np.inf) -> float:
    """How many standard errors an effect must be away from zero."""
    return inference.quantile(1 - alpha, df) + float(stats.norm.ppf(power) if np.isinf(df) else stats.t.ppf(power, df))


def _shares(**given: float) -> None:
    for name, value in given.items():
        if not 0 < value < 1:
            raise ParameterError(f"{name} is a share between 0 and 1, not {value}.")


def needed_n(n: int, std_error: float, target: float, *, kind: Literal["half_width", "detectable"] = "half_width", conf_level: float = 0.95,
             power: float = 0.8) -> int:
    """How many customers until the interval's half-width, or the smallest detectable effect, is at most `target`.

    n·(reach·SE/target)²: errors shrink with √n when more of the same customers are observed, which needs a finite variance (a tail index
    above 2). `n` are the customers behind `std_error`; both it and `target` are in one unit, for a fixed number of customers affected.

    Raises
    ------
    ParameterError
        for an n, error or target that is not positive, an unknown kind, shares out of range.
    """
    _shares(conf_level=conf_level, power=power)
    if kind not in ("half_width", "detectable"):
        raise ParameterError(f"kind is 'half_width' or 'detectable', not {kind!r}.")
    if not (n > 0 and std_error > 0 and target > 0):
        raise ParameterError(f"n, std_error and target are above 0, not {n}, {std_error} and {target}.")
    reach = inference.quantile(conf_level, np.inf) if kind == "half_width" else _reach(power, 1 - conf_level)
    return max(ceil(n * (reach * std_error / target) ** 2), 1)


@dataclass(frozen=True, kw_only=True)
class Priced:
    """Whether an amount may be printed. Where not, `reason` and `needs` say why and what would help; `needed_n` customers, if a number can."""

    is_priced: bool
    half_width: float
    n: int
    needed_n: int | None = None
    reason: Text | None = None
    needs: Text | None = None


def priced(fit: Fit, *, n: int | None = None, materiality: float, width_factor: float = 2.0, tail_index: float | None = None,
           min_tail_index: float = 2.0, conf_level: float = 0.95) -> Priced:
    """The gate of money: withheld where its half-width exceeds both `width_factor` times the amount and `materiality`.

    Then `needed_n` is how many customers bring the half-width to the larger of the amount and materiality. An amount from tails heavier
    than `min_tail_index` (see `tails.hill`) is withheld whatever its width: with an infinite variance the interval of a mean does
    not hold and more customers do not narrow it by √n (Athreya 1987, Ann. Stat. 15).

    Parameters
    ----------
    fit : an amount in ¥ for a fixed number of customers affected.
    n : customers behind it; `fit.n` without.
    materiality : ¥ below which an error does not matter to whoever decides.
    tail_index : of the margin within the comparison, where it was estimated.

    Raises
    ------
    ParameterError
        for a materiality or factor that is not positive.
    """
    if not (materiality > 0 and width_factor > 0):
        raise ParameterError(f"materiality and width_factor are above 0, not {materiality} and {width_factor}.")
    n, half = fit.n if n is None else n, inference.quantile(conf_level, fit.df) * fit.std_error
    if tail_index is not None and tail_index < min_tail_index:
        return Priced(is_priced=False, half_width=half, n=n, needs=Text(
            "分开估计“是否购买”与“买多少”，并报告分位数的变化；少数大客户单列，不进模型。",
            "Whether and how much customers buy estimated apart, and changes of quantiles; a few large accounts listed by name, outside the model."),
            reason=Text(f"金额的尾部过重（尾指数 {tail_index:.1f}，低于 {min_tail_index:g}）：少数客户左右均值，区间不可信，增加客户也难以收窄。",
                        f"The tail of the amounts is too heavy (index {tail_index:.1f}, below {min_tail_index:g}): a few customers decide the mean, "
                        "no interval of it can be trusted, and more customers hardly narrow it."))
    if half <= max(width_factor * abs(fit.value), materiality):
        return Priced(is_priced=True, half_width=half, n=n)
    needed = needed_n(n, half / inference.quantile(conf_level, np.inf), max(materiality, abs(fit.value)), conf_level=conf_level)
    times, shown = half / max(abs(fit.value), 1e-300), rounded_up(needed)
    ratio = Text(f"是估计值的 {times:.1f} 倍", f"is {times:.1f} times the amount") if times < 100 else Text("远超估计值", "dwarfs the amount")
    return Priced(is_priced=False, half_width=half, n=n, needed_n=needed,
                  reason=Text(f"凭现有 {n:,} 名客户无法定价：区间半宽{ratio.zh}，也超过 ¥{materiality:,.0f} 的重要性门槛。",
                              f"Cannot be priced from {n:,} customers: half the range {ratio.en} and above the ¥{materiality:,.0f} that matter."),
                  needs=Text(f"约 {shown:,} 名客户。", f"About {shown:,} customers."))


def rounded_up(n: float) -> int:
    """A number of customers as it is printed: two significant digits, never fewer than needed."""
    size = 10 ** max(floor(log10(n)) - 1, 0)
    return int(ceil(n / size) * size)


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """What a pilot with stores as units can see: its power for the effect asked about, the standard error, the smallest detectable effect.

    `design` (stores, periods) is 1 where a store has the programme.
    """

    power: float
    std_error: float
    detectable: float
    design: Array


def pilot(stores: int, periods: int, *, icc: float, sd: float, cluster_size: float, effect: float, design: ArrayLike | str = "stepped",
          alpha: float = 0.05, power: float = 0.8) -> Pilot:
    """Power of a stepped-wedge or parallel pilot from its variance components (Hussey & Hughes 2007, Contemp. Clin. Trials 28).

    Model: period + store + effect; store variance τ² = icc·sd², residual of a store's mean σ² = (1 − icc)·sd²/cluster_size. Var(effect) =
    σ²(σ² + Tτ²)·I / [(I·U − W)σ² + (U² + I·T·U − T·W − I·V)τ²] with U, W, V the sums of the design, of its squared column totals and of its
    squared row totals. Student's t with stores − 2 degrees of freedom takes the place of the paper's normal: pilots have few stores.

    Parameters
    ----------
    stores, periods : I and T. cluster_size : customers a store and period. sd : spread of single customers.
    effect : what the programme should do at least, in the unit of `sd`.
    design : "stepped" (all start without, stores cross over in equal batches), "parallel" (half of the stores from the second
        period on), or (stores, periods) of 0/1.

    Raises
    ------
    ParameterError
        for fewer than four stores or two periods, an unknown or misshapen design, one in which the effect cannot be told from periods.
    """
    _shares(alpha=alpha, power=power)
    if stores < 4 or periods < 2:
        raise ParameterError(f"A pilot needs at least 4 stores and 2 periods, not {stores} and {periods}.")
    if not (0 <= icc < 1 and sd > 0 and cluster_size > 0):
        raise ParameterError(f"icc lies in [0, 1), sd and cluster_size above 0; they are {icc}, {sd} and {cluster_size}.")
    x = _design(stores, periods, design)
    between, within = icc * sd**2, (1 - icc) * sd**2 / cluster_size
    u, w, v = x.sum(), (x.sum(axis=0) ** 2).sum(), (x.sum(axis=1) ** 2).sum()
    information = (stores * u - w) * within + (u**2 + stores * periods * u - periods * w - stores * v) * between
    if information <= 1e-9 * stores * within:
        raise ParameterError("In this design every store starts in the same period, so the programme cannot be separated from the calendar.")
    error = float(np.sqrt(stores * within * (within + periods * between) / information))
    df, limit = stores - 2, inference.quantile(1 - alpha, stores - 2)
    found = float(stats.nct.sf(limit, df, abs(effect) / error) + stats.nct.cdf(-limit, df, abs(effect) / error))
    return Pilot(power=found, std_error=error, detectable=minimal_detectable(error, power=power, alpha=alpha, df=df), design=x)


def _design(stores: int, periods: int, design: ArrayLike | str) -> Array:
    """Who has the programme when (stores, periods)."""
    if isinstance(design, str):
        if design not in ("stepped", "parallel"):
            raise ParameterError(f"design is 'stepped', 'parallel' or an array of 0 and 1, not {design!r}.")
        batch = np.arange(stores) * (periods - 1) // stores  # as equal as whole stores can be
        start = batch + 1 if design == "stepped" else np.where(np.arange(stores) < stores // 2, 1, periods)
        return (np.arange(periods) >= start[:, None]).astype(float)
    x = np.asarray(design, dtype=float)
    if x.shape != (stores, periods) or not np.isin(x, (0, 1)).all():
        raise ParameterError(f"design holds 0 and 1 for {stores} stores and {periods} periods, not an array of shape {x.shape}.")
    return x
