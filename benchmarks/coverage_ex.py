"""Planted worlds of employees' and customers' voice for the long runs: lagged slopes, direction, a hidden factor, a programme, a chain (DGP A).

Slopes are points of NPS per standard deviation of a store's climate, of which eight employees give a noisy picture. A setting that a method which
always refuses, or an interval that always holds zero, would pass has its twin in which the planted effect must be found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate
from voclib.simulate.worlds import climate
from voclib.stats import events, inference, panel, sensitivity
from voclib.stats.chain import chain
from voclib.stats.events import EventStudy
from voclib.stats.inference import Fit
from voclib.stats.panel import Direction, DistributedLag, Slopes

SOME = 300  # runs where a share near 0 or 1 is to be seen
FAILS, ALARMS, FOUND = (-np.inf, 0.75), (0.9, 1.0), (0.8, 1.0)
FEW_BAND = (0.91, 1.0)  # twenty stores: t(19) is an approximation, and the verdict is lowered for it
ALL_LAGS, AROUND = (1, 2, 3, 4, 5), (-2, -1, 0, 1, 2, 3)
NAMES = {"unit": "unit_id", "period": "period", "outcome": "nps", "exposure": "ex"}
TWICE = 3.75  # points: twice what sixty stores and twelve periods find four times in five, (t₀.₉₇₅ + t₀.₈)·0.66
CHANGES, SHIFT = 0.15, 6.0  # how often a manager changes, and points of NPS lost beside each standard deviation of climate
FAINT = {"employees": 5, "icc": 0.1}  # a survey whose noise is nearly twice what truly changes
ECHO = {"stores": 100, "periods": 20, "feedback": 0.5, "noise": (6.0, 8.0)}  # last period's customers move employees
ROLL_OUT = {"stores": 120, "customers": 200, "treated_share": 0.8}
RAMP, HORIZON = (1 / 3, 2 / 3, 1.0, 4 / 3, 4 / 3, 4 / 3), 5


def shown(fit: Fit) -> Estimate:
    """A fit as a page would print it."""
    return fit.estimate("slope", unit="points")


def ends_of(fit: Fit) -> Interval:
    """The 95 % interval of a fit."""
    reach = inference.quantile(0.95, fit.df) * fit.std_error
    return fit.value - reach, fit.value + reach


def table(seed: int, **planted: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """DGP A as a table of means, `ex` with its sampling variance `ex_noise`; a pair of numbers is drawn between its ends per seed."""
    rng = np.random.default_rng([seed, 51])
    frames, truth = climate.draw(seed, **{k: float(rng.uniform(*v)) if isinstance(v, tuple) else v for k, v in planted.items()})
    made, answers = frames["panel"], frames["employees"]["value"].to_numpy()
    noise = answers.reshape(len(made), -1).var(axis=1, ddof=1) / made["n_employees"].to_numpy()
    started = made["started_period"].where(made["started_period"] >= 0).astype(float)
    return scored(made.assign(ex_noise=noise, started=started)), truth


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    """NPS and its sampling variance: of one answer in all periods of the store over n (`nps_sampling`), or from the cell alone (`nps_own`)."""
    n, up, down = (frame[name].to_numpy(dtype=float) for name in ("n_customers", "promoters", "detractors"))
    one = 1e4 * ((up + down) / n - ((up - down) / n) ** 2)
    store = pd.DataFrame({"sum": one * n, "n": n}).groupby(frame["unit_id"].to_numpy()).transform("sum")
    return frame.assign(nps=100 * (up - down) / n, nps_own=one / n, nps_sampling=(store["sum"] / store["n"]).to_numpy() / n)


def panels(**planted: Any) -> Draw:
    """Tables whose truth is the slope."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = table(seed, **planted)
        return frame, truth["slope"]
    return taken


def uneven(seed: int) -> tuple[pd.DataFrame, float]:
    """Cells of about 6 to 60 customers, one in ten missing."""
    frame, truth = table(seed, customers=60)
    rng = np.random.default_rng([seed, 52])
    passive = frame["n_customers"] - frame["promoters"] - frame["detractors"]
    share = rng.uniform(0.1, 1, len(frame))
    up, down, other = (rng.binomial(count, share) for count in (frame["promoters"], frame["detractors"], passive))
    made = frame.assign(promoters=up, detractors=down, n_customers=up + down + other)
    return scored(made[(made["n_customers"] > 1) & (rng.random(len(made)) > 0.1)]), truth["slope"]


def shuffled(seed: int) -> tuple[pd.DataFrame, float]:
    """Each store is handed the employees of another one, whose climate does nothing here."""
    frame, _ = table(seed)
    order = np.random.default_rng([seed, 53]).permutation(frame["unit_id"].max() + 1)
    other = frame.set_index(["unit_id", "period"])[["ex", "ex_noise"]].loc[list(zip(order[frame["unit_id"]], frame["period"], strict=True))]
    return frame.assign(ex=other["ex"].to_numpy(), ex_noise=other["ex_noise"].to_numpy()), 0.0


def model(frame: pd.DataFrame, lags: Sequence[int] = (1,), **options: Any) -> DistributedLag:
    """The distributed lag that settings share."""
    return panel.distributed_lag(frame, **NAMES, lags=lags, noise="ex_noise", **options)


def declared(frame: pd.DataFrame, *, corrected: bool = True, **options: Any) -> Fit:
    """The coefficient of lag 1."""
    found = model(frame, **options)
    return found.regression(corrected=corrected).fit(found.term(1))


def lagged(**options: Any) -> Callable[[pd.DataFrame], Estimate]:
    """The same as a page would print it."""
    return lambda frame: shown(declared(frame, **options))


def within(**options: Any) -> Callable[[pd.DataFrame], Interval]:
    """The same as a bare interval, for use as the naive one."""
    return lambda frame: ends_of(declared(frame, **options))


def pooled(frame: pd.DataFrame) -> Interval:
    """The correlation of all rows with its textbook interval."""
    rows = model(frame).rows
    r = np.arctanh(np.corrcoef(rows.x[:, 0], rows.y)[0, 1])
    reach = 1.959964 / np.sqrt(len(rows.y) - 3)
    return float(np.tanh(r - reach)), float(np.tanh(r + reach))


def slopes() -> list[Setting]:
    """The declared lag: what noise does to it and what taking it off gives back, in even and uneven panels."""
    plain = within(corrected=False)
    beside = {"planted": True, "max_bias": 0.15, "naive": plain}
    return [Setting(method="lagged slope, noise taken off", setting="60 stores, 12 periods, 8 employees", draw=panels(), call=lagged(),
                    naive_band=FAILS, **beside),
            Setting(method="lagged slope, noise taken off", setting="60 stores, 12 periods, weighted by precision, gaps", draw=uneven,
                    call=lagged(sampling="nps_sampling"), naive_band=(-np.inf, 0.85), **beside),
            Setting(method="lagged slope, weights", setting="precision of all periods against the cell's own", draw=uneven, kind="bias",
                    band=(-0.06, 0.06), call=lagged(sampling="nps_sampling"), naive=within(sampling="nps_own"), naive_band=(0.06, np.inf),
                    runs=FALSE_ALARM_RUNS),
            Setting(method="lagged slope, noise taken off", setting="20 stores, 8 periods", draw=panels(stores=20, periods=8), call=lagged(),
                    naive=plain, band=FEW_BAND),
            Setting(method="lagged slope, noise taken off", setting="60 stores, 12 periods, a manager changes, on record", call=lagged(
                    controls={"is_manager_changed": 1}), draw=panels(confounder=(1.2, 1.8)), naive=within(), naive_band=FAILS, planted=True,
                    max_bias=0.15)]


def nothing() -> list[Setting]:
    """No effect at the declared lag, at any lag, and with another store's employees; and twice the detectable effect, found."""
    none, some = panels(slope=0.0), panels(slope=TWICE)
    alarm = {"kind": "false alarms", "count": beside_zero, "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS}
    found = {"kind": "power", "count": beside_zero, "band": FOUND, "runs": SOME, "draw": some}
    made = []
    for name, corrected in (("as measured", False), ("noise taken off", True)):
        made += [Setting(method=f"lagged slope, {name}", setting="60 stores, 12 periods, no effect", draw=none, call=lagged(corrected=corrected),
                         naive=pooled, naive_band=ALARMS, **alarm),
                 Setting(method=f"lagged slope, {name}", setting="60 stores, 12 periods, twice the detectable effect", naive=pooled,
                         call=lagged(corrected=corrected), **found)]
        for lags in (ALL_LAGS, AROUND):
            each = {"call": partial(limits, lags=lags, corrected=corrected), "count": any_beside_zero}
            tried = best_of if lags is ALL_LAGS and not corrected else partial(limits, lags=lags, corrected=corrected, kind="conf")
            made += [Setting(method=f"lag profile, {name}", setting=f"lags {lags[0]} to {lags[-1]}, no effect", draw=none, naive=tried,
                             naive_band=(0.15, 0.4), **(alarm | each)),
                     Setting(method=f"lag profile, {name}", setting=f"lags {lags[0]} to {lags[-1]}, twice the detectable effect at lag 1",
                             **(found | each))]
    return [*made, Setting(method="lagged slope, noise taken off", setting="60 stores, 12 periods, employees of another store", draw=shuffled,
                           call=lagged(), naive=None, **alarm)]


def limits(frame: pd.DataFrame, *, lags: Sequence[int], corrected: bool, kind: str = "band") -> np.ndarray:
    """Lower and upper limits of all lags of one model, (2, K): of the band that holds all, or pointwise ("conf")."""
    found = model(frame, lags).profile(corrected=corrected)
    return found[[f"{kind}_low", f"{kind}_high"]].to_numpy().T


def best_of(frame: pd.DataFrame) -> np.ndarray:
    """Five regressions, one a lag, to keep the best: pointwise limits (2, 5)."""
    fits = [(panel.distributed_lag(frame, **NAMES, lags=(lag,)), f"ex_lag{lag}") for lag in ALL_LAGS]
    return np.array([ends_of(found.regression(corrected=False).fit(name)) for found, name in fits]).T


def any_beside_zero(found: np.ndarray, _: Any) -> float:
    """1 where any pair of limits excludes zero."""
    return float(((found[0] > 0) | (found[1] < 0)).any())


def ordered(frame: pd.DataFrame) -> Direction:
    """Which comes first."""
    return panel.direction(frame, **NAMES, noise="ex_noise")


def _is(name: str) -> Callable[[Direction, Any], float]:
    """Counts runs in which a property of the direction holds."""
    return lambda found, _: float(getattr(found, name))


def way_back(frame: pd.DataFrame) -> Estimate:
    """What customers do to employees a period later."""
    return shown(panel.reverse(frame, **NAMES, noise="ex_noise"))


def directions() -> list[Setting]:
    """Customers that move employees, employees that move customers, both."""
    back, ahead = panels(slope=0.0, feedback=1.0), panels(slope=TWICE)
    alarm = {"kind": "false alarms", "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS}
    echo = {"draw": panels(**ECHO), "naive": within(), "naive_band": (-np.inf, 0.92)}
    nets = {"half panel": lambda f: shown(panel.half_panel(f, **NAMES, noise="ex_noise")),
            "Anderson-Hsiao": lambda f: shown(panel.anderson_hsiao(f, **NAMES, noise="ex_noise").fit)}
    return [Setting(method="direction, precedes", setting="customers move employees, not the other way", draw=back, call=ordered,
                    count=_is("precedes"), **alarm),
            Setting(method="direction, no lead found", setting="customers move employees: what a passed test of leads is worth", kind="power",
                    draw=back, call=ordered, count=_is("no_lead_found"), band=(0.2, 0.8), runs=SOME),
            Setting(method="direction, precedes", setting="employees lead by twice the detectable effect", kind="power", draw=ahead, call=ordered,
                    count=_is("precedes"), band=(0.5, 1.0), runs=SOME),
            Setting(method="direction, a lead found", setting="employees lead", draw=panels(), call=ordered,
                    count=lambda found, _: float(not found.no_lead_found), **alarm),
            Setting(method="way back", setting="employees lead, customers move nothing", draw=ahead, call=way_back, count=beside_zero, **alarm),
            Setting(method="way back", setting="customers move employees, found", kind="power", count=beside_zero, call=way_back, band=FOUND,
                    draw=panels(slope=0.0, feedback=1.0, noise=(6.0, 8.0)), runs=SOME),
            *(Setting(method=name, setting="100 stores, 20 periods, customers move employees too", call=call, max_bias=0.15, **echo)
              for name, call in nets.items())]


@cache
def planted_robustness(confounder: float, *, periods: int = 12, lag: int = 1, employees: int = 8, icc: float = 0.25, noise: float = 4.0,
                       ar: float = 0.4, customers: int = 40, mean: float = 20.0, between: float = 6.0, season: float = 2.0) -> float:
    """The strength R, equal on both sides, that is worth what a forgotten change of managers is worth in `climate.draw(slope=0)`.

    Of one store, in rows t: exposure d = climate + sampling noise, outcome y = −6c·z + rest, z the change of manager. With M = I − 11'/T, which
    sweeps out the store (periods only divide all by the same), a pair a, b has the expected product S_ab = tr(M C_ab), where
        C_zz = p(1 − p)·I,  C_dz[s, t] = −c·p(1 − p)·ρ^(s−t) from t on (a shift of climate fades),  C_yz = −6c·C_zz,  C_yd = −6c·C_dz',
        C_dd = (1 − ρ² + c²p(1 − p))/(1 − ρ²)·ρ^|s−t| + I·(1 − ICC)/(ICC·n),  C_yy = 36c²·C_zz + I·(noise² + sampling variance of NPS).
    z explains R²_dz = S_dz²/(S_dd·S_zz) of the exposure and R²_yz|d, the square of the partial correlation, of what that leaves of the outcome. The
    bias depends on both through BF = √(R²_yz|d·R²_dz/(1 − R²_dz)) alone (Cinelli & Hazlett 2020, §4.1), so a factor of strength R on both sides does
    the same where R/√(1 − R) = BF. As nothing but z links d and y, BF is also the partial correlation of d and y over the root of what it leaves:
    R is what undoes the whole estimate, its robustness value in the population.
    """
    rows, spread = np.arange(periods - lag), CHANGES * (1 - CHANGES)
    apart = rows[:, None] - rows[None, :]
    kept, fading = np.eye(len(rows)) - 1 / len(rows), np.float64(ar) ** np.abs(apart)
    lean = (mean - SHIFT * confounder * CHANGES) ** 2 + between**2 + season**2 + noise**2 + (SHIFT * confounder) ** 2 * spread
    sampling = (1e4 * (1 - climate.PASSIVE_SHARE) - lean) / customers
    zz = spread * np.trace(kept)
    dz = -confounder * spread * float((kept * np.where(apart >= 0, fading, 0.0)).sum())
    dd = (1 - ar**2 + confounder**2 * spread) / (1 - ar**2) * float((kept * fading).sum()) + (1 - icc) / icc / employees * np.trace(kept)
    yy = (SHIFT * confounder) ** 2 * zz + (noise**2 + sampling) * np.trace(kept)
    r_dz, r_yz = dz / np.sqrt(dd * zz), -SHIFT * confounder * zz / np.sqrt(yy * zz)
    r_yd = -SHIFT * confounder * dz / np.sqrt(yy * dd)
    beside = (r_yz - r_yd * r_dz) ** 2 / ((1 - r_yd**2) * (1 - r_dz**2))
    return sensitivity.robustness.from_ratio(float(np.sqrt(beside * r_dz**2 / (1 - r_dz**2))))


def forgotten(seed: int) -> tuple[pd.DataFrame, float]:
    """Managers change, nobody recorded it, employees do nothing; the truth is the strength of the change."""
    strength = float(np.random.default_rng([seed, 54]).uniform(1.2, 1.8))
    return table(seed, slope=0.0, confounder=strength)[0], planted_robustness(strength)


def robustness(frame: pd.DataFrame) -> Estimate:
    """Robustness value of the plain slope."""
    rows = model(frame).rows
    y, x, beside, names = panel.partialled(rows)
    found = sensitivity.ols_sensitivity(y, x, beside, names, cluster=rows.cluster).robustness
    return Estimate(estimand="robustness", kind="estimate", unit="share", value=found.value, conf_low=found.conf_low, conf_high=found.conf_high)


def no_factor(frame: pd.DataFrame) -> Interval:
    """The same taken at its word: a factor nobody recorded has no strength."""
    return 0.0, 0.0


def programmes(**planted: Any) -> Draw:
    """A programme that stores join at different times; the truth is its mean effect over the horizon, in points."""
    def taken(seed: int) -> tuple[EventStudy, float]:
        frame, truth = table(seed, **ROLL_OUT, **planted)
        found = events.event_study(frame, unit="unit_id", period="period", exposed_in="started", outcome="nps", leads=3, lags=HORIZON)
        return found, float(np.mean([truth["programme_path"][min(h, 3)] for h in range(HORIZON + 1)]))
    return taken


def rolled_out() -> list[Setting]:
    """A programme as it grows, where stores were on one path before and where they were not."""
    clean, falling = programmes(programme=(4.0, 8.0)), programmes(programme=(4.0, 8.0), pretrend=(2.0, 3.0))
    leads = {"call": lambda found: found, "count": lambda found, _: float(found.leads_p < found.leads_level)}
    static = {"naive": lambda found: ends_of(found.naive)}
    return [Setting(method="event study, stores", setting="120 stores, programme of 4 to 8 points", draw=clean, planted=True, max_bias=0.3,
                    call=lambda found: shown(found.att), naive_band=FAILS, **static),
            Setting(method="event study, stores", setting="120 stores, static two-way fixed effects beside it", kind="bias", draw=clean,
                    band=(-0.3, 0.3), call=lambda found: shown(found.att), naive_band=(-np.inf, -0.9), **static),
            Setting(method="event study, stores, leads", setting="120 stores, on one path before", kind="false alarms", draw=clean,
                    band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, **leads),
            Setting(method="event study, stores, leads", setting="120 stores, rising by 2 to 3 points a period before", kind="power", draw=falling,
                    band=FOUND, runs=SOME, **leads)]


def compared(frame: pd.DataFrame) -> Slopes:
    """Pooled, between and within."""
    return panel.slopes(model(frame).rows)


def compared_as_measured(frame: pd.DataFrame) -> Slopes:
    """The same as if the survey had no noise."""
    return panel.slopes(replace(model(frame).rows, noise=None))


def misled() -> list[Setting]:
    """Stores that differ as they change, measured badly; and stores that differ the other way."""
    told = {"call": compared, "count": lambda found, _: float(found.is_simpson)}
    return [Setting(method="between against within", setting="60 stores, the same slope, five employees", kind="false alarms",
                    draw=panels(slope=3.0, between=2.4, **FAINT), naive=compared_as_measured, naive_band=(0.4, 1.0), band=FALSE_ALARM_BAND,
                    runs=SOME, **told),
            Setting(method="between against within", setting="60 stores, opposite slopes", kind="power", draw=panels(slope=(-4.0, -2.0), between=9.0),
                    band=FOUND, runs=SOME, **told)]


def links(first: tuple[float, float], second: tuple[float, float]) -> Draw:
    """Two estimates from sixty stores each, with errors of 0.7 and 30; the truth is the product of what they estimate."""
    def taken(seed: int) -> tuple[tuple[Fit, Fit], float]:
        rng = np.random.default_rng([seed, 55])
        made, truth = [], 1.0
        for ends, error in ((first, 0.7), (second, 30.0)):
            true = float(rng.uniform(*ends))
            told = error * np.sqrt(rng.chisquare(59) / 59)
            made.append(Fit(value=true + error * float(rng.normal()), std_error=float(told), n=720, df=59.0, n_clusters=60))
            truth *= true
        return tuple(made), truth
    return taken


def product(pair: tuple[Fit, Fit]) -> Estimate:
    """The chain of both."""
    return chain(*pair).estimate("margin", unit="cny")


def ends_multiplied(pair: tuple[Fit, Fit]) -> Interval:
    """Every end of one interval times every end of the other, the outermost of them."""
    corners = np.outer(*(ends_of(fit) for fit in pair))
    return float(corners.min()), float(corners.max())


def chained() -> list[Setting]:
    """ΔEX → ΔNPS → margin."""
    both, one, neither = links((2.5, 3.5), (80.0, 160.0)), links((0.0, 0.0), (80.0, 160.0)), links((0.0, 0.0), (0.0, 0.0))
    alarm = {"kind": "false alarms", "count": beside_zero, "call": product, "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS}
    return [Setting(method="chain", setting="two links", draw=both, call=product, naive=ends_multiplied, naive_band=(0.98, 1.0), planted=True),
            Setting(method="chain", setting="one link is missing", draw=one, **alarm),
            Setting(method="chain", setting="both links are missing", draw=neither, **alarm),
            Setting(method="chain", setting="both links at twice the detectable effect", kind="power", count=beside_zero, call=product, band=FOUND,
                    draw=links((TWICE, TWICE), (170.0, 170.0)), runs=SOME)]


def settings() -> list[Setting]:
    """All planted worlds of employees and customers."""
    hidden = Setting(method="robustness value, panel", setting="60 stores, a manager changes, nobody recorded it", draw=forgotten, call=robustness,
                     naive=no_factor, naive_band=FAILS)
    return [*slopes(), *nothing(), *directions(), hidden, *rolled_out(), *misled(), *chained()]
