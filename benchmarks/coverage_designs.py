"""Planted worlds of the designs for the long runs: first exposures, agents as a lottery, complaints in the course of a contract.

Effects are exposed minus not exposed. A setting that a method which always refuses, or an interval that always holds zero, would pass has its
twin in which the planted effect must be found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import BAND, FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate, refusal
from voclib.simulate.worlds import first_exposure, immortal_time
from voclib.simulate.worlds import leniency as leniency_world
from voclib.stats import crossfit, events, inference, leniency, survival
from voclib.stats.inference import Fit

SOME = 300  # runs where a share near 0 or 1 is to be seen
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing
FOUND = (0.8, 1.0)
HORIZON, SPAN = 9, 12  # months after a first exposure, beyond the month itself; months of a contract
AHEAD = 5  # months after a complaint within which leaving is counted


def ends_of(fit: Fit) -> Interval:
    """The 95 % interval of a fit."""
    reach = inference.quantile(0.95, fit.df) * fit.std_error
    return fit.value - reach, fit.value + reach


def shown(fit: Fit) -> Estimate:
    """A fit as a page would print it."""
    return fit.estimate("effect", unit="cny")


@dataclass
class Panel:
    """A panel of first exposures, studied once however many methods look at it."""

    frame: pd.DataFrame

    @cached_property
    def study(self) -> events.EventStudy:
        """The event study of the panel."""
        return events.event_study(self.frame, unit="customer_id", period="month", exposed_in="exposed_month", outcome="margin_cny", lags=HORIZON)


@dataclass
class Calls:
    """Calls taken by agents, looked at once."""

    frame: pd.DataFrame

    @cached_property
    def design(self) -> leniency.Leniency:
        """The leniency design on them."""
        return leniency.leniency(self.frame["margin_12m"], self.frame["waited"], self.frame["agent"], within=self.frame["stratum"],
                                 covariates=self.frame[list(leniency_world.COVARIATES)])


def exposures(**planted: Any) -> Draw:
    """Panels of first exposures; the truth is the path in expectation, (HORIZON + 1,) yuan."""
    def taken(seed: int) -> tuple[Panel, np.ndarray]:
        rng = np.random.default_rng([seed, 9])
        drawn = {k: float(rng.uniform(*v)) if isinstance(v, tuple) else v for k, v in planted.items()}
        frame, truth = first_exposure.draw(seed, customers=400, **drawn)
        return Panel(frame), np.array(truth["path_cny"][:HORIZON + 1])
    return taken


def _mean(draw: Draw) -> Draw:
    """The same panels where the truth looked for is the mean of the path."""
    def taken(seed: int) -> tuple[Panel, float]:
        panel, path = draw(seed)
        return panel, float(path.mean())
    return taken


def limits(low: str, high: str) -> Callable[[Panel], np.ndarray]:
    """The named limits of the path after exposure, (2, HORIZON + 1)."""
    def taken(panel: Panel) -> np.ndarray:
        return panel.study.tidy().query("not is_lead")[[low, high]].to_numpy().T
    return taken


def all_held(found: np.ndarray, truth: np.ndarray) -> float:
    """1 where limits hold every part of the truth at once."""
    return float(((found[0] <= truth) & (truth <= found[1])).all())


def month_against_month(panel: Panel) -> Interval:
    """Exposed months against all others, as a slide would: who spends little is exposed more often."""
    frame = panel.frame
    on = (frame["month"] >= frame["exposed_month"]).to_numpy()
    arms = [frame.loc[on, "margin_cny"], frame.loc[~on, "margin_cny"]]
    gap, reach = arms[0].mean() - arms[1].mean(), 1.959964 * float(np.sqrt(sum(a.var() / len(a) for a in arms)))
    return gap - reach, gap + reach


def exposed_first() -> list[Setting]:
    """Losses after a first exposure on clean panels, on panels without one, and where units were falling before."""
    clean, none, falling = exposures(), exposures(effect=0.0), exposures(pretrend=(-20.0, -10.0))
    grows = "400 customers, loss begins and grows after exposure"
    leads = {"count": lambda found, path: float(found.leads_p < 0.05), "call": lambda p: p.study}
    return [Setting(method="event study", setting=grows, draw=_mean(clean), planted=True, call=lambda p: shown(p.study.att), max_bias=3.0,
                    naive=lambda p: ends_of(p.study.naive), naive_band=FAILS),
            Setting(method="event study, whole path", setting="400 customers, ten months at once", kind="power", draw=clean, band=BAND,
                    count=all_held, call=limits("band_low", "band_high"), naive=limits("conf_low", "conf_high"), naive_band=(0.0, 0.85)),
            Setting(method="event study", setting="400 customers, no effect", kind="false alarms", count=beside_zero, draw=_mean(none),
                    call=lambda p: shown(p.study.att), naive=month_against_month, naive_band=(0.9, 1.0), band=FALSE_ALARM_BAND,
                    runs=FALSE_ALARM_RUNS),
            Setting(method="event study, leads", setting="400 customers, on one path before exposure", kind="false alarms", draw=clean,
                    band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, **leads),
            Setting(method="event study, leads", setting="400 customers, falling by 10 to 20 yuan a month before exposure", kind="power",
                    draw=falling, band=FOUND, runs=SOME, **leads),
            Setting(method="event study, stands", setting=grows, kind="power", draw=clean, call=lambda p: p.study, band=FOUND, runs=SOME,
                    count=lambda found, path: float(found.passes and beside_zero(ends_of(found.att), path)))]


def calls(**planted: Any) -> Draw:
    """Calls of eighty agents, sixty each; the truth is the effect of a long wait."""
    def taken(seed: int) -> tuple[Calls, float]:
        rng = np.random.default_rng([seed, 9])
        drawn = {k: float(rng.uniform(*v)) if isinstance(v, tuple) else v for k, v in planted.items()}
        frame, truth = leniency_world.draw(seed, **drawn)
        return Calls(frame), truth["effect_cny"]
    return taken


def told(taken: Calls) -> Estimate:
    """UJIVE, or the refusal of the design."""
    withheld = taken.design.refusal()
    return shown(taken.design.fit) if withheld is None else refusal("effect", unit="cny", reason=withheld[0], needs=withheld[1])


def lottery() -> list[Setting]:
    """Agents as a lottery, agents who are routed, and agents who are all alike."""
    drawn, none = calls(), calls(effect=0.0)
    size = "80 agents × 60 calls"
    return [Setting(method="leniency, UJIVE", setting=f"{size}, a wait costs 120 to 160 yuan", draw=drawn, call=told, planted=True, max_bias=12.0,
                    naive=lambda c: ends_of(c.design.tsls), naive_band=(-np.inf, 0.92), max_refusals=0.1),
            Setting(method="leniency, UJIVE", setting=f"{size}, no effect", kind="false alarms", count=beside_zero, draw=none, call=told,
                    naive=lambda c: ends_of(c.design.ols), naive_band=(0.9, 1.0), band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, max_refusals=0.1),
            Setting(method="leniency, UJIVE", setting=f"{size}, drawn by lot, found", kind="power", count=beside_zero, draw=drawn, call=told,
                    band=FOUND, runs=SOME, max_refusals=0.1),
            Setting(method="leniency, refused", setting=f"{size}, hard cases go to slow agents", kind="refusals", call=told, band=(0.8, 1.0),
                    draw=calls(routing=(0.15, 0.35)), runs=SOME),
            Setting(method="leniency, refused", setting=f"{size}, agents all alike", kind="refusals", draw=calls(slowness=0.0), call=told,
                    band=(0.95, 1.0), runs=SOME),
            Setting(method="leniency, Anderson-Rubin", setting=f"{size}, agents differ little", kind="power", band=BAND,
                    draw=calls(slowness=(0.03, 0.05)), call=lambda c: c.design, count=lambda found, effect: float(found.robust.holds(effect)))]


def contracts(*, truth: str, **planted: Any) -> Draw:
    """Contracts of customers who may complain; the truth is the named one of the customers drawn."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        options = {"months": SPAN, "horizon": AHEAD} if truth == "risk_difference" else {"customers": 400, "months": SPAN, "at_zero": True}
        frame, found = immortal_time.draw(seed, **{"customers": 600, **options, **planted})
        return frame, found[truth]
    return taken


def followed(frame: pd.DataFrame) -> survival.Hazard:
    """The hazard with the complaint where it begins."""
    return survival.hazard(frame, unit="customer_id", start="start", stop="stop", exposed_from="complained_from", left="is_left", horizon=AHEAD,
                           columns=["spend"])


def ever_exposed(frame: pd.DataFrame) -> Interval:
    """Leavers among those who ever complained against the others, by month AHEAD of the contract: who left early had no time to complain."""
    early = (frame["is_left"] == 1) & (frame["stop"] - frame["start"] <= AHEAD)
    arms = [early[frame["complained_from"].notna()], early[frame["complained_from"].isna()]]
    gap = arms[0].mean() - arms[1].mean()
    reach = 1.959964 * float(np.sqrt(sum(a.mean() * (1 - a.mean()) / len(a) for a in arms)))
    return gap - reach, gap + reach


def months_kept(frame: pd.DataFrame, *, weighted: bool = True) -> Estimate:
    """Months as a customer lost by the exposed, with weights e/(1 − e) for the unexposed."""
    on = frame["exposed"].to_numpy()
    chance = crossfit.logit(frame[["spend"]].to_numpy(), (~on).astype(np.intp), ridge=0.0).probabilities(frame[["spend"]].to_numpy())[:, 0]
    weights = np.where(on, 1.0, chance / (1 - chance)) if weighted else None
    return shown(survival.restricted_mean(frame["stop"] - frame["start"], frame["is_left"], on, horizon=SPAN, weights=weights))


MARKS = np.arange(1.0, SPAN + 1)


@cache
def expected_survival() -> np.ndarray:
    """Shares still there after each month where nothing is done to anybody: exact over normal spending (Gauss–Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    stays = np.cumprod([1 - immortal_time.chance_of_leaving(m, nodes, 0.0, 0.0) for m in range(SPAN)], axis=0)
    return stays @ weights / weights.sum()


def _whole_curve(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    return contracts(truth="months_lost", log_odds=0.0)(seed)[0], expected_survival()


def curve(frame: pd.DataFrame) -> survival.Curve:
    """Kaplan–Meier by month."""
    return survival.kaplan_meier(frame["stop"] - frame["start"], frame["is_left"], at=MARKS - 1e-9)


def _pointwise(frame: pd.DataFrame) -> np.ndarray:
    found = curve(frame)
    return np.array([found.conf_low, found.conf_high])


def _joint(frame: pd.DataFrame) -> np.ndarray:
    found = curve(frame)
    return np.array([found.band_low, found.band_high])


def gone() -> list[Setting]:
    """Leaving: exposures in the course of time, exposures known at the start, and the curve itself."""
    none, harmful = contracts(truth="risk_difference"), contracts(truth="risk_difference", log_odds=None)
    start, nothing = contracts(truth="months_lost", log_odds=None), contracts(truth="months_lost", log_odds=0.0)
    return [Setting(method="hazard, time-varying exposure", setting="600 contracts, complaints do nothing", kind="false alarms", count=beside_zero,
                    draw=none, call=lambda f: shown(followed(f).risk_difference), naive=ever_exposed, naive_band=(0.9, 1.0), band=FALSE_ALARM_BAND,
                    runs=FALSE_ALARM_RUNS),
            Setting(method="hazard, time-varying exposure", setting="600 contracts, complaints add 0.5 to 0.8 to the log-odds", draw=harmful,
                    call=lambda f: shown(followed(f).risk_difference), naive=ever_exposed, naive_band=FAILS, planted=True, max_bias=0.01),
            Setting(method="hazard, time-varying exposure", setting="600 contracts, complaints add 0.5 to 0.8, found", kind="power", draw=harmful,
                    count=beside_zero, call=lambda f: shown(followed(f).risk_difference), naive=ever_exposed, band=FOUND, runs=SOME),
            Setting(method="restricted mean", setting="400 contracts, the exposed leave sooner", draw=start, call=months_kept, planted=True,
                    naive=partial(months_kept, weighted=False), naive_band=(-np.inf, 0.8), max_bias=0.1),
            Setting(method="restricted mean", setting="400 contracts, no effect", kind="false alarms", count=beside_zero, draw=nothing,
                    call=months_kept, naive=partial(months_kept, weighted=False), band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS),
            Setting(method="survival, whole curve", setting="400 contracts, twelve months at once", kind="power", draw=_whole_curve, call=_joint,
                    naive=_pointwise, naive_band=(0.0, 0.9), count=all_held, band=BAND)]


def settings() -> list[Setting]:
    """All planted worlds of the designs."""
    return [*exposed_first(), *lottery(), *gone()]
