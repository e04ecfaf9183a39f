"""Return on a programme as a distribution: net present value, break-even effect, what it hangs on, and what a pilot would be worth.

Every uncertain input is drawn from the sampling distribution of the estimate it comes from, never from a guessed triangle. Worth of
information before deciding: Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, ch. 5; shares of variance: Saltelli et al.
2008, Global Sensitivity Analysis, ch. 1 and 4. A programme is worth starting where its expected net present value is above zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtr, ndtri

from voclib.errors import ParameterError, nearest
from voclib.results import Estimate, Text
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
Uncertain = Fit | float
UNCERTAIN = ("effect", "reach", "adherence", "margin_share", "decay", "cost")
SHARES = ("reach", "adherence", "margin_share", "decay")
CAUSAL = "causal"  # the draw of whether the effect is causal at all
ASSOCIATION = 2  # up to this evidence level an effect may be an association only
BINS, GRID = 50, 201
STEPS = np.linspace(-8.5, 8.5, 6001)
STEP_WEIGHTS = np.exp(-(STEPS**2) / 2) / np.exp(-(STEPS**2) / 2).sum()


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """A programme in numbers; a `Fit` is uncertain, a plain number is decided or known.

    effect : ¥ a unit (customer) reached and adhering, over `effect_months`; of margin, or of revenue with `margin_share` below 1.
    units : customers the programme is for. reach, adherence : shares of them reached, and of those taking it up.
    cost : ¥ at the start. running_cost : ¥ a month.
    horizon_months : months counted. discount_rate : a year. ramp_months : months until all are reached, in equal steps.
    decay : share of the effect lost from each month to the next.
    correlation : (input, input) → correlation of their errors; see `correlation` for two estimates from the same customers.
    """

    effect: Fit
    units: float
    cost: Uncertain
    reach: Uncertain = 1.0
    adherence: Uncertain = 1.0
    margin_share: Uncertain = 1.0
    running_cost: float = 0.0
    horizon_months: int = 12
    effect_months: int = 12
    discount_rate: float = 0.08
    ramp_months: int = 0
    decay: Uncertain = 0.0
    correlation: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.units > 0 and self.horizon_months >= 1 and self.effect_months >= 1 and self.ramp_months >= 0 and self.discount_rate > -1):
            raise ParameterError("units, horizon_months and effect_months are above 0, ramp_months at least 0, discount_rate above −1.")
        for name in UNCERTAIN:
            given = getattr(self, name)
            value, error = (given.value, given.std_error) if isinstance(given, Fit) else (given, 0.0)
            if not (np.isfinite(value) and np.isfinite(error)):
                raise ParameterError(f"{name} is not a finite number.")
            if name in SHARES and not 0 <= value <= 1 or name == "cost" and value < 0:
                raise ParameterError(f"{name} is {'a share from 0 to 1' if name in SHARES else 'at least 0'}, not {value}.")
            if name in SHARES and error and not error**2 < value * (1 - value):
                raise ParameterError(f"{name} is {value} with standard error {error}: no share can be that uncertain.")
            if name == "cost" and error and not value > 0:
                raise ParameterError("cost is uncertain but zero; give its mean.")
        if self.effect.std_error > 0 and self.effect.df <= 2:
            raise ParameterError(f"effect has {self.effect.df:.1f} degrees of freedom; its distribution needs more than 2 to have a spread.")
        for pair in self.correlation:
            for name in pair:
                if name not in self.uncertain:
                    raise ParameterError(f"correlation names '{name}', which is not an uncertain input here; {nearest(name, self.uncertain)}")

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Names of the inputs given with an error."""
        return tuple(name for name in UNCERTAIN if isinstance(given := getattr(self, name), Fit) and given.std_error > 0)

    def means(self) -> dict[str, float]:
        """Every input at its mean."""
        return {name: float(given.value if isinstance(given := getattr(self, name), Fit) else given) for name in UNCERTAIN}

    def discounts(self) -> Array:
        """What a yuan at the end of each month is worth now (months,)."""
        return (1 + self.discount_rate) ** (-np.arange(1, self.horizon_months + 1) / 12)

    def monthly(self, values: Mapping[str, Any]) -> Array:
        """Discounted ¥ gained each month for every yuan of effect (draws, months), from values of the other inputs."""
        months = np.arange(1, self.horizon_months + 1)
        ramp = np.minimum(months / self.ramp_months, 1.0) if self.ramp_months else np.ones(len(months))
        staying = (1 - np.atleast_1d(values["decay"])[:, None]) ** (months - 1)
        share = np.atleast_1d(values["reach"] * values["adherence"] * values["margin_share"])
        return self.units / self.effect_months * share[:, None] * staying * ramp * self.discounts()

    def outlay(self, values: Mapping[str, Any]) -> Array:
        """Discounted ¥ of cost in all (draws,)."""
        return np.atleast_1d(values["cost"]) + self.running_cost * self.discounts().sum()

    def npv(self, values: Mapping[str, Any]) -> Array:
        """Net present value (draws,) in ¥ at values of the inputs."""
        return values["effect"] * self.monthly(values).sum(axis=1) - self.outlay(values)


def correlation(first: Fit, second: Fit) -> float:
    """Correlation of the errors of two estimates from the same rows, by their influence.

    Raises
    ------
    ParameterError
        where one has no influence values or they are of different rows.
    """
    if first.influence is None or second.influence is None or len(first.influence) != len(second.influence):
        raise ParameterError("A correlation needs two fits over the same rows, each with its influence values.")
    return float(first.influence @ second.influence / np.sqrt((first.influence @ first.influence) * (second.influence @ second.influence)))


@dataclass(frozen=True, kw_only=True)
class PilotWorth:
    """What a pilot is worth before deciding (`evsi`, ¥), against its `cost`; it can never be worth more than `ceiling`."""

    evsi: float
    cost: float
    ceiling: float

    @property
    def net(self) -> float:
        """Worth less cost, ¥."""
        return self.evsi - self.cost

    @property
    def is_worth_it(self) -> bool:
        """Whether to run the pilot before deciding."""
        return self.net > 0


@dataclass(frozen=True, kw_only=True)
class Roi:
    """A programme's return. `draws` holds a row a draw: the uncertain inputs, `causal` (0/1), `npv` (¥).

    `credibility` is the probability that the effect is causal at all that was used (1 above evidence level 2). `naive` is the NPV with
    everything at its estimate and the effect taken for causal. `break_even` is the causal effect (¥ a unit over `effect_months`) at which
    the expected NPV is zero, other inputs as uncertain as they are.
    """

    inputs: Inputs
    evidence_level: int
    credibility: float
    draws: pd.DataFrame
    naive: float
    break_even: float
    seed: int

    @property
    def p_positive(self) -> float:
        """Probability that the programme earns more than it costs."""
        return float((self.draws["npv"] > 0).mean())

    @property
    def prior(self) -> Text | None:
        """What must stand beside every number here where the effect may be an association only; None above evidence level 2."""
        if self.evidence_level > ASSOCIATION:
            return None
        return Text(f"效果来自相关证据，这里只以 {self.credibility:.0%} 的概率当作因果，其余情形按无效果计算。",
                    f"The effect is known from an association: it counts as causal with probability {self.credibility:.0%}, and as none otherwise.")

    def estimate(self, estimand: str, *, conf_level: float = 0.95, **more: Any) -> Estimate:
        """Expected NPV with the range that holds `conf_level` of the draws; `more` are fields of Estimate."""
        npv = self.draws["npv"].to_numpy()
        low, high = np.quantile(npv, [(1 - conf_level) / 2, (1 + conf_level) / 2])
        return Estimate(estimand=estimand, kind="estimate", unit="cny", value=float(npv.mean()), conf_low=float(low), conf_high=float(high),
                        conf_level=conf_level, std_error=float(npv.std(ddof=1)), n=self.inputs.effect.n, n_clusters=self.inputs.effect.n_clusters,
                        evidence_level=self.evidence_level, seed=self.seed, ci_method=f"{len(npv)} draws from the estimates' distributions", **more)

    def tornado(self) -> pd.DataFrame:
        """What NPV hangs on, largest swing first: `input`, its 5th and 95th percentile (`low`, `high`), expected NPV there with everything
        else at its mean (`npv_low`, `npv_high`), and `share`, the part of the variance of NPV that knowing this input alone removes.
        """
        rows, means = [], self.inputs.means()
        for name in (*self.inputs.uncertain, *([CAUSAL] if self.credibility < 1 else [])):
            x = self.draws[name].to_numpy(dtype=float)
            low, high = (0.0, 1.0) if name == CAUSAL else np.quantile(x, [0.05, 0.95])
            ends = []
            for at in (low, high):
                values = means | {name: at}
                ends.append(float(self.inputs.npv(values | {"effect": values["effect"] * values.get(CAUSAL, self.credibility)})[0]))
            rows.append((name, float(low), float(high), *ends, _first_order(x, self.draws["npv"].to_numpy())))
        frame = pd.DataFrame(rows, columns=["input", "low", "high", "npv_low", "npv_high", "share"])
        swing = (frame["npv_high"] - frame["npv_low"]).abs()
        return frame.iloc[np.argsort(-swing.to_numpy(), kind="stable")].reset_index(drop=True)

    @property
    def atom(self) -> tuple[float, float] | None:
        """NPV and probability of the one outcome that has a probability of its own: no causal effect at a known cost. None without it."""
        if self.credibility == 1 or "cost" in self.inputs.uncertain:
            return None
        return -float(self.inputs.outlay(self.inputs.means())[0]), float((self.draws[CAUSAL] == 0).mean())

    def density(self) -> pd.DataFrame:
        """Density of NPV for a chart: `npv`, `density` (a ¥), `is_positive`. Where there is an `atom`, the area is what is left beside it."""
        npv = self.draws["npv"].to_numpy()
        npv = npv[self.draws[CAUSAL].to_numpy() == 1] if self.atom else npv
        ends = np.quantile(npv, [0.001, 0.999])
        if ends[0] == ends[1]:
            raise ParameterError("NPV is the same in every draw, so it has no density; give at least one input its error.")
        grid = np.linspace(*ends, GRID)
        return pd.DataFrame({"npv": grid, "density": stats.gaussian_kde(npv)(grid) * len(npv) / len(self.draws), "is_positive": grid > 0})

    @property
    def evpi(self) -> float:
        """¥ that knowing everything before deciding would be worth: E[max(0, NPV)] − max(0, E[NPV])."""
        npv = self.draws["npv"].to_numpy()
        return float(np.maximum(npv, 0).mean() - max(npv.mean(), 0.0))

    @property
    def evpi_effect(self) -> float:
        """¥ that knowing the causal effect alone would be worth: what no pilot of it can exceed."""
        mean, spread, curve, nothing = _prior(self)
        known = curve(mean + spread * STEPS, 0.0)
        expected = self.credibility * float(STEP_WEIGHTS @ known) + (1 - self.credibility) * nothing
        return self.credibility * float(STEP_WEIGHTS @ np.maximum(known, 0)) - max(expected, 0.0) + (1 - self.credibility) * max(nothing, 0.0)

    def evsi(self, pilot_se: float) -> float:
        """¥ that a randomised pilot is worth before deciding, if it measures the effect with standard error `pilot_se` (¥ a unit).

        Normal prior from the estimate, with a spike at zero of 1 − credibility; what the pilot would show is averaged over before it is
        run (preposterior analysis), and the programme then starts only where its expected NPV is above zero. Numerical integration.

        Raises
        ------
        ParameterError
            for a standard error that is not positive.
        """
        if not (np.isfinite(pilot_se) and pilot_se > 0):
            raise ParameterError(f"pilot_se is the standard error of the effect in the pilot, above 0, not {pilot_se}.")
        mean, spread, curve, nothing = _prior(self)
        total, worth, before = spread**2 + pilot_se**2, 0.0, 0.0
        for share, x in ((self.credibility, mean + np.sqrt(total) * STEPS), (1 - self.credibility, pilot_se * STEPS)):
            if share > 0:
                odds = stats.norm.logpdf(x, mean, np.sqrt(total)) - stats.norm.logpdf(x, 0.0, pilot_se)
                causal = 1.0 if self.credibility == 1 else 1 / (1 + (1 - self.credibility) / self.credibility * np.exp(-np.clip(odds, -700, 700)))
                posterior = (mean * pilot_se**2 + x * spread**2) / total
                npv = causal * curve(posterior, spread**2 * pilot_se**2 / total) + (1 - causal) * nothing
                worth += share * float(STEP_WEIGHTS @ np.maximum(npv, 0))
                before += share * float(STEP_WEIGHTS @ npv)
        return max(worth - max(before, 0.0), 0.0)

    def pilot(self, pilot_se: float, *, cost: float) -> PilotWorth:
        """The worth of a pilot against its cost, ¥."""
        return PilotWorth(evsi=self.evsi(pilot_se), cost=float(cost), ceiling=self.evpi_effect)


def _columns(inputs: Inputs, draws: pd.DataFrame) -> dict[str, Any]:
    """Values of all inputs and of `causal`: drawn where uncertain, else as they are."""
    return inputs.means() | {name: draws[name].to_numpy(dtype=float) for name in (*inputs.uncertain, CAUSAL)}


def _prior(roi: Roi) -> tuple[float, float, Any, float]:
    """Mean and spread of a causal effect, expected NPV as a function of the effect's (posterior) mean and variance, NPV of no effect.

    Expected NPV is linear in the effect; where inputs are correlated with it, a parabola through the draws.
    """
    effect, others = roi.inputs.effect, _columns(roi.inputs, roi.draws)
    factor, outlay = roi.inputs.monthly(others).sum(axis=1), roi.inputs.outlay(others)
    constant, linear, bent = -float(outlay.mean()), float(factor.mean()), 0.0
    if roi.inputs.correlation and "effect" in roi.inputs.uncertain:
        bent, linear, constant = np.polynomial.polynomial.polyfit(others["effect"], others["effect"] * factor - outlay, 2)[::-1]
    inflate = np.sqrt(effect.df / (effect.df - 2)) if np.isfinite(effect.df) else 1.0
    return effect.value, effect.std_error * float(inflate), lambda m, v: constant + linear * m + bent * (m**2 + v), -float(outlay.mean())


def _first_order(x: Array, y: Array) -> float:
    """Share of the variance of y between groups of similar x (given-data estimate, less what chance puts there)."""
    values, codes = np.unique(x, return_inverse=True)
    if len(values) > BINS:
        codes = (stats.rankdata(x, method="ordinal") - 1).astype(int) * BINS // len(x)
    counts = np.bincount(codes)
    between = float(counts @ (np.bincount(codes, y) / counts - y.mean()) ** 2)
    whole = float(((y - y.mean()) ** 2).sum())
    if whole <= 0:
        return 0.0
    groups = len(counts)
    return float(np.clip((between - (groups - 1) * (whole - between) / (len(y) - groups)) / whole, 0.0, 1.0))


def _marginal(name: str, given: Fit, z: Array) -> Array:
    """Draws of one input from standard normal ones: Student's t for the effect, beta for shares, gamma for cost, all with the Fit's moments."""
    if name == "effect":
        return given.value + given.std_error * (z if np.isinf(given.df) else stats.t.ppf(ndtr(z), given.df))
    if name in SHARES:
        size = given.value * (1 - given.value) / given.std_error**2 - 1
        return stats.beta.ppf(ndtr(z), given.value * size, (1 - given.value) * size)
    scale = given.std_error**2 / given.value
    return stats.gamma.ppf(ndtr(z), given.value / scale, scale=scale)


def simulate(inputs: Inputs, *, evidence_level: int, credibility: float = 0.5, draws: int = 10_000, seed: int) -> Roi:
    """Draw a programme's net present value.

    NPV = Σ_t units·reach·adherence·margin_share·effect/effect_months·ramp_t·(1 − decay)^(t−1)·(1 + r)^(−t/12) − costs. Draws are stratified
    (Latin hypercube; McKay, Beckman & Conover 1979, Technometrics 21) and joined by a normal copula. An effect known at evidence level 2
    or less may be an association: it is causal with probability `credibility` and zero otherwise (spike and slab; Mitchell & Beauchamp
    1988, JASA 83). The estimate itself says nothing about which, so data do not move that number.

    Raises
    ------
    ParameterError
        for a level that is not 0 to 4, a credibility that is no share, fewer than 100 draws, correlations that contradict each other.
    """
    if evidence_level not in range(5):
        raise ParameterError(f"evidence_level is 0 to 4, not {evidence_level!r}.")
    if not 0 < credibility <= 1 or draws < 100:
        raise ParameterError(f"credibility is a probability above 0 and draws at least 100, not {credibility} and {draws}.")
    credibility = float(credibility) if evidence_level <= ASSOCIATION else 1.0
    names = inputs.uncertain
    u = stats.qmc.LatinHypercube(len(names) + 1, rng=seed).random(draws)
    z = ndtri(u[:, :-1].clip(1e-12, 1 - 1e-12)) @ _root(inputs, names).T
    frame = pd.DataFrame({name: _marginal(name, getattr(inputs, name), z[:, k]) for k, name in enumerate(names)})
    frame = frame.reindex(range(draws)).assign(**{CAUSAL: (u[:, -1] < credibility).astype(int)})
    values = _columns(inputs, frame)
    frame["npv"] = inputs.npv(values | {"effect": values["effect"] * values[CAUSAL]})
    gain, outlay = inputs.monthly(values).sum(axis=1).mean(), inputs.outlay(values).mean()
    return Roi(inputs=inputs, evidence_level=evidence_level, credibility=credibility, draws=frame, seed=seed,
               naive=float(inputs.npv(inputs.means())[0]), break_even=float(outlay / gain) if gain > 0 else float("inf"))


def _root(inputs: Inputs, names: tuple[str, ...]) -> Array:
    """Cholesky factor of the correlation of the uncertain inputs."""
    r = np.eye(len(names))
    for (first, second), value in inputs.correlation.items():
        r[names.index(first), names.index(second)] = r[names.index(second), names.index(first)] = value
    if len(names) and (np.abs(r).max() > 1 or np.linalg.eigvalsh(r)[0] < 1e-10):
        raise ParameterError("The correlations contradict each other, or are ±1; no inputs can have them.")
    return np.linalg.cholesky(r)
