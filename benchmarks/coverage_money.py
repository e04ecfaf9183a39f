"""Planted worlds of money for the long runs: a wait that costs margin, prior spending behind both, and tails of every weight (DGP C).

The truth is the effect on the exposed that customers of the world have on average: the interval counts them as a draw from it. Under heavy
tails the effect on the very customers drawn lies further off the more `log_sd` there is, and is no number anybody could act on.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate, Text, refusal
from voclib.simulate.worlds import busy, long_waits
from voclib.stats import crossfit, effects, representativeness, sensitivity, tails
from voclib.stats.inference import Fit
from voclib.studies.nps_revenue import busy_weeks
from voclib.studies.nps_revenue.cohort import Cohort, rank_score

SOME = 300  # runs where all of them say the same, or an error of yuan is to be seen
LITTLE = 3.25  # 5 % of the effect, in yuan a customer
SHRUNK = (0.15 * 65, 0.30 * 65)  # how much of the effect a cut at the 99 % quantile takes away at a log sd of 1.75
NAIVE = (-np.inf, 0.65)  # where the plain difference must not hold the truth, else the world shows nothing
SEPARATED = 0.95  # AUC of the exposure model above which nobody exposed has anybody alike
STRONG = {"confounding": 1.0}
TWICE = {"churn_effect": 0.14, "spend_effect": -0.175}  # twice the effect that 2000 customers find with 80 % power
NEVER = Text("贵宾从未久等，无从估计", "VIPs never waited, so nothing tells what a wait does to them")
ALIKE = Text("久等者与未久等者没有相似之处", "those who waited have nobody alike among those who did not")
COMPARABLE = Text("有久等与未久等者的同类客户", "customers alike of whom some waited and some did not")


def world(truth: str = "att_expected_cny", *, customers: int = 2000, leak: bool = False, **planted: Any) -> Draw:
    """Draws of DGP C; the truth is the named one. With `leak` the frame also holds an apology that was sent because of the wait."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, true = long_waits.draw(seed, customers=customers, **planted)
        if leak:
            frame["apologies"] = frame["waited"] + np.random.default_rng([seed, 2]).normal(scale=0.3, size=customers)
        return frame, true[truth]
    return taken


def covariates(frame: pd.DataFrame, *, bends: bool = True) -> np.ndarray:
    """What was known before the wait, with squares and the product unless told."""
    known = frame.assign(log_spend=np.log(frame["prior_spend"]))
    columns = ["log_spend", "tenure", *(["apologies"] if "apologies" in frame else [])]
    return crossfit.features(known, columns, squares=bends, interactions=bends).matrix


def shown(fit: Fit, unit: str = "cny") -> Estimate:
    """An effect as a page would print it."""
    return fit.estimate("effect", unit=unit)


def naive(frame: pd.DataFrame, *, outcome: str = "margin_12m") -> Interval:
    """Those who waited against those who did not."""
    found = shown(effects.difference(frame[outcome], frame["waited"]))
    return found.conf_low, found.conf_high


def adjusted(frame: pd.DataFrame, *, outcome: str = "margin_12m", learner: str = "poisson", vip: bool = False,
             quantile: float | None = None, k: int = 3) -> Estimate:
    """The cross-fitted effect on the exposed, or why there is none: VIPs who never waited, or an exposure that is told in advance."""
    y = frame[outcome].to_numpy(dtype=float)
    if quantile is not None:
        y = tails.winsorise(y, quantile=quantile)[0]
    if vip and "tier = VIP" in _never(frame):
        return refusal("effect", unit="cny", reason=NEVER, needs=COMPARABLE)
    found = effects.att(y, frame["waited"], covariates(frame), ids=frame.index, seed=1, repeats=1, k=k, learner=learner,
                        binary=outcome == "is_churned", within=frame["is_vip"] if vip else None)
    return refusal("effect", unit="cny", reason=ALIKE, needs=COMPARABLE) if found.auc > SEPARATED else shown(found.fit)


def _never(frame: pd.DataFrame) -> set[str]:
    """Tiers in which nobody ever waited, by name."""
    tiers = pd.DataFrame({"tier": np.where(frame["is_vip"], "VIP", "others")})
    return set(representativeness.zero_cell_scan(tiers, ["tier"], frame["waited"]).cells["cell"])


def multiplied(frame: pd.DataFrame) -> Estimate:
    """Poisson pseudo-likelihood."""
    return shown(effects.ppml(frame["margin_12m"], frame["waited"], covariates(frame)).fit)


def in_two_parts(frame: pd.DataFrame) -> Estimate:
    """Who buys, times how much."""
    return shown(effects.two_part(frame["margin_12m"], frame["waited"], covariates(frame)).fit)


def least_squares(frame: pd.DataFrame) -> Estimate:
    """A coefficient among straight lines in the logarithm of prior spending."""
    return shown(effects.regression(frame["margin_12m"], frame["waited"], covariates(frame, bends=False)))


def ordinary() -> list[Setting]:
    """Moderate tails: every rung above the slide finds the effect, the slide is several times too large."""
    usual = {"draw": world(), "naive": naive, "naive_band": NAIVE, "planted": True}
    exact = {**usual, "max_bias": LITTLE, "max_refusals": 0.0}
    return [Setting(method="att, poisson", setting="2000 customers, log sd 0.8", call=partial(adjusted, k=5), **exact),
            Setting(method="att, logit", setting="2000 customers, log sd 0.8", call=partial(adjusted, learner="logit", k=5), **exact),
            Setting(method="ppml", setting="2000 customers, log sd 0.8", call=multiplied, **exact),
            Setting(method="two-part", setting="2000 customers, log sd 0.8", call=in_two_parts, **exact),
            Setting(method="att of leaving", setting="2000 customers", draw=world("churn_effect"), max_bias=0.003, naive_band=(-np.inf, 0.85),
                    planted=True, call=partial(adjusted, outcome="is_churned", learner="logit"), naive=partial(naive, outcome="is_churned"))]


def heavy() -> list[Setting]:
    """Heavy tails: the interval is honest and wide, and cutting the largest amounts answers another question."""
    return [Setting(method="att, poisson", setting="2000 customers, log sd 1.5", draw=world(log_sd=1.5), call=adjusted, naive=naive,
                    naive_band=NAIVE, planted=True),
            Setting(method="att, poisson", setting="4000 customers, log sd 2", draw=world(log_sd=2.0, customers=4000), call=adjusted, naive=naive,
                    naive_band=NAIVE, planted=True),
            Setting(method="att, winsorised at 99%", setting="4000 customers, log sd 1.75", kind="bias", draw=world(log_sd=1.75, customers=4000),
                    call=partial(adjusted, quantile=0.99), band=SHRUNK, runs=SOME)]


def strong() -> list[Setting]:
    """Strong confounding: no effect is none, twice the detectable one is found."""
    none = world(churn_effect=0.0, spend_effect=0.0, **STRONG)
    ways = {"att, poisson": adjusted, "att, logit": partial(adjusted, learner="logit"), "ppml": multiplied}
    alarms = [Setting(method=method, setting="2000 customers, no effect, strong confounding", kind="false alarms", count=beside_zero, draw=none,
                      call=call, naive=naive, band=FALSE_ALARM_BAND, naive_band=(0.9, 1.0), runs=FALSE_ALARM_RUNS, max_refusals=0.0)
              for method, call in ways.items()]
    straight = Setting(method="least squares", setting="2000 customers, no effect, strong confounding, money that multiplies", kind="bias",
                       draw=none, call=least_squares, naive=naive, band=(30, 65), runs=SOME)
    found = Setting(method="att, poisson", setting="2000 customers, twice the detectable effect, strong confounding", kind="power",
                    count=beside_zero, draw=world(**TWICE, **STRONG), call=adjusted, band=(0.8, 1.0), runs=SOME, max_refusals=0.0)
    return [*alarms, straight, found]


def apart() -> list[Setting]:
    """Nobody alike: refused by name; and the twin in which somebody is."""
    return [Setting(method="att of VIPs", setting="VIPs never wait", kind="refusals", draw=world(no_overlap=True, truth="churn_effect"),
                    call=partial(adjusted, vip=True), band=(1.0, 1.0), runs=SOME),
            Setting(method="att of VIPs", setting="4000 customers, VIPs wait", draw=world("att_expected_vip_cny", customers=4000), max_refusals=0.0,
                    call=partial(adjusted, vip=True)),
            Setting(method="att", setting="a covariate that was recorded because of the wait", kind="refusals", draw=world(leak=True), call=adjusted,
                    band=(1.0, 1.0), runs=SOME)]


Busy = tuple[Cohort, np.ndarray]  # customers and what is known of them, (N, p)


def _busy(poorer: float) -> Draw:
    def taken(seed: int) -> tuple[Busy, float]:
        people, _ = busy.draw(seed, poorer=poorer)
        cohort = Cohort(people=people.assign(prior_rank=rank_score(people["prior_money"])), known=("prior_rank", "index_month"), notes={})
        return (cohort, crossfit.features(cohort.people, list(cohort.known), squares=["prior_rank"]).matrix), 0.0
    return taken


def season_told(data: Busy) -> float:
    """1 where unexposed customers show a season."""
    found = busy_weeks.season(*data)
    return float(sensitivity.negative_control(found, main=busy.EFFECT, share=0.25).state == "failed")


def season_by_rows(data: Busy) -> float:
    """1 where they seem to with every customer counted as independent and the whole share of the day, own dealer and own exposure in it."""
    cohort, _ = data
    day = cohort.people["index_at"].dt.normalize()
    share = pd.Series(cohort.exposed.astype(float)).groupby(day.to_numpy()).transform("mean").to_numpy()[~cohort.exposed]
    return float(stats.pearsonr(share, cohort.money[~cohort.exposed]).pvalue <= 0.05)


def seasonal() -> list[Setting]:
    """A season that no column records: whether the check finds it, and leaves in peace where busy weeks bring the same customers."""
    shared = {"method": "unrecorded season", "call": season_told, "naive": season_by_rows, "count": lambda found, truth: found, "runs": 300}
    return [Setting(setting="busy weeks bring the same customers", draw=_busy(0.0), kind="false alarms", band=FALSE_ALARM_BAND, **shared),
            Setting(setting="customers of busy weeks bring up to 200 less, effect 300", draw=_busy(200.0), kind="power", band=(0.8, 1.0), **shared)]


def settings() -> list[Setting]:
    """All planted worlds of money."""
    return [*ordinary(), *heavy(), *strong(), *apart(), *seasonal()]
