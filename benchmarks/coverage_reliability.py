"""Planted worlds of the measurement gate for the long runs: do employees' answers measure the store, and its change (DGP A)?

The truth of λ is that of the periods observed: of a climate that lasts, part goes into a store's mean over a short panel.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting
from voclib.results import Estimate
from voclib.simulate.worlds import climate
from voclib.stats import reliability

SOME = 300  # runs where a share near 0 or 1 is to be seen
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing
FOUND = (0.8, 1.0)
ITEMS, POINTS = 4, 5
ANSWERING = (0.25, 1.0)  # chances of stores' employees to answer


def shown(value: float, low: float, high: float) -> Estimate:
    """A measure as a page would print it."""
    return Estimate(estimand="reliability", kind="estimate", unit="share", value=value, conf_low=low, conf_high=high)


def stores(*, units: int, icc: tuple[float, float], lognormal: float = 0.0, answers: int = 20) -> Draw:
    """Answers once, store effects beside the noise; with `lognormal` sizes from 2 on. The truth is the share of variance between stores."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        rng = np.random.default_rng([seed, 41])
        share, n = float(rng.uniform(*icc)), np.full(units, answers)
        if lognormal:
            n = np.maximum(rng.lognormal(np.log(answers), lognormal, units), 2).astype(int)
        store = np.repeat(np.arange(units), n)
        value = np.sqrt(share) * rng.normal(size=units)[store] + np.sqrt(1 - share) * rng.normal(size=len(store))
        return pd.DataFrame({"unit": store, "value": value}), share
    return taken


def scales(**planted: Any) -> Draw:
    """The same stores asked four items on five points, where everybody leans to the friendly side."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, share = stores(**planted)(seed)
        own = np.random.default_rng([seed, 42]).normal(size=(len(frame), ITEMS))
        said = np.clip(np.round(3.6 + 0.8 * (0.8 * frame["value"].to_numpy()[:, None] + 0.6 * own)), 1, POINTS)
        return pd.DataFrame({"unit": frame["unit"], **{f"item{j}": said[:, j] for j in range(ITEMS)}, "value": said.mean(axis=1)}), share
    return taken


def between(frame: pd.DataFrame) -> Estimate:
    """ICC(1) of answers given once."""
    found = reliability.aggregation(frame["value"], frame["unit"], draws=20)
    return shown(found.icc1, found.icc1_low, found.icc1_high)


def equal_sizes(frame: pd.DataFrame) -> Interval:
    """Shrout and Fleiss's interval as if every store had the mean number of answers."""
    n = frame.groupby("unit")["value"].size().to_numpy()
    mean, inner = frame.groupby("unit")["value"].mean().to_numpy(), frame.groupby("unit")["value"].var().to_numpy()
    df = (len(n) - 1, n.sum() - len(n))
    ratio = (n @ (mean - frame["value"].mean()) ** 2 / df[0]) / ((n - 1) @ inner / df[1])
    low, high = (ratio / stats.f.ppf(tail, *df) for tail in (0.975, 0.025))
    return tuple((f - 1) / (f - 1 + n.mean()) for f in (low, high))


def shared(frame: pd.DataFrame) -> float:
    """Whether ICC(1) says that stores differ."""
    return float(reliability.aggregation(frame["value"], frame["unit"]).is_shared)


def agreement(frame: pd.DataFrame, draws: int = 100) -> reliability.Agreement:
    """r_wg(J) of the items."""
    return reliability.agreement(frame.filter(like="item"), frame["unit"], points=POINTS, draws=draws)


def rule_of_thumb(frame: pd.DataFrame) -> float:
    """Whether the median store agrees by the conventional cut-off."""
    return float(agreement(frame, draws=20).median >= 0.70)


def themselves(found: float, truth: Any) -> float:
    """What was found, where that is a share already."""
    return found


def shares() -> list[Setting]:
    """Variance between stores: intervals, and stores that are no stores."""
    none, some = {"units": 60, "icc": (0.0, 0.0)}, {"units": 60, "icc": (0.05, 0.15)}
    faint = {"units": 100, "icc": (0.05, 0.05)}
    alarm = {"kind": "false alarms", "band": FALSE_ALARM_BAND, "runs": FALSE_ALARM_RUNS, "count": themselves}
    found = {"kind": "power", "band": FOUND, "runs": SOME, "count": themselves}
    return [Setting(method="icc1", setting="60 stores of 20 answers", draw=stores(**some), call=between),
            Setting(method="icc1", setting="20 stores of very unequal size", draw=stores(units=20, icc=(0.3, 0.6), lognormal=1.2), call=between,
                    naive=equal_sizes, naive_band=(-np.inf, 0.92)),
            Setting(method="icc1, stores differ", setting="60 groups that are no stores", draw=scales(**none), call=shared, naive=rule_of_thumb,
                    naive_band=(0.9, 1.0), **alarm),
            Setting(method="icc1, stores differ", setting="60 stores, ICC 0.05 to 0.15", draw=stores(**some), call=shared, **found),
            Setting(method="icc1, stores differ", setting="100 stores, ICC 0.05", draw=stores(**faint), call=shared, **found),
            Setting(method="r_wg, beyond regrouping", setting="60 groups that are no stores", draw=scales(**none), naive=rule_of_thumb,
                    call=lambda f: float(agreement(f).is_shared), naive_band=(0.9, 1.0), **alarm),
            Setting(method="r_wg, beyond regrouping", setting="100 stores, ICC 0.15 to 0.3", draw=scales(units=100, icc=(0.15, 0.3)),
                    call=lambda f: float(agreement(f).is_shared), **found)]


def seen_share(ar: float, periods: int) -> float:
    """How much of a climate's variance is change within a panel of so many periods, if it fades by `ar` a period; 1 where nothing lasts."""
    gap = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    return float((periods - (ar**gap).sum() / periods) / (periods - 1))


@cache
def thinning(periods: int, employees: int) -> float:
    """Mean of 1/n over cells where each of the employees answers with a store's own chance of 0.25 to 1, as change within stores weighs them."""
    chance, counts = np.linspace(*ANSWERING, 501)[:, None], np.arange(1, employees + 1)
    n = stats.binom.pmf(counts, employees, chance)
    there = n.sum(axis=1)
    free = periods * there - 1 + (1 - there) ** periods  # a store's cells less one, or none
    return float((free * (n @ (1 / counts)) / there).sum() / free.sum())


def climates(*, ar: tuple[float, float] = (0.0, 0.6), icc: tuple[float, float] = (0.15, 0.4), stores: int = 60, periods: int = 12) -> Draw:
    """Employees' answers of DGP A, eight a cell; the truth is λ of the periods observed, the world's `reliability_within` where nothing lasts."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        rng = np.random.default_rng([seed, 43])
        fades = float(rng.uniform(*ar))
        frames, truth = climate.draw(seed, ar=fades, icc=float(rng.uniform(*icc)), stores=stores, periods=periods)
        kept = truth["reliability_within"] * seen_share(fades, periods)
        return frames["employees"], kept / (kept + 1 - truth["reliability_within"])
    return taken


def thinned(seed: int) -> tuple[pd.DataFrame, float]:
    """The same where stores answer with chances of their own, so that cells hold 0 to 8 answers; nothing lasts."""
    rng = np.random.default_rng([seed, 46])
    frames, truth = climate.draw(seed, ar=0.0, icc=float(rng.uniform(0.15, 0.4)))
    answers = frames["employees"]
    answers = answers[rng.random(len(answers)) < rng.uniform(*ANSWERING, 60)[answers["unit_id"]]]
    return answers, 1 / (1 + (1 / truth["reliability_within"] - 1) * 8 * thinning(12, 8))


def unmoved(seed: int) -> tuple[pd.DataFrame, float]:
    """Sixty stores that differ for good, a season all share, and no change of their own; λ is 0."""
    rng = np.random.default_rng([seed, 44])
    n = rng.integers(1, 13, size=(60, 12))
    unit, period = (np.repeat(a.ravel(), n.ravel()) for a in np.indices(n.shape))
    value = rng.normal(size=60)[unit] + 0.5 * rng.normal(size=12)[period] + rng.uniform(1, 2, 60)[unit] * rng.normal(size=n.sum())
    return pd.DataFrame({"unit_id": unit, "period": period, "value": value}), 0.0


def changed(answers: pd.DataFrame) -> Estimate:
    """λ, the reliability of the change."""
    found = reliability.change(answers, unit="unit_id", period="period", value="value")
    return shown(found.value, found.conf_low, found.conf_high)


def level(answers: pd.DataFrame) -> Interval:
    """ICC(2) of the level, taken for what the change is worth."""
    found = reliability.aggregation(answers["value"], answers["unit_id"], within=answers["period"], draws=20)
    return found.icc2_low, found.icc2_high


def waves(seed: int) -> tuple[pd.DataFrame, float]:
    """DGP A as cells of store × wave; the truth is the share of variance between stores of one wave, which stores carry from wave to wave."""
    alike = float(np.random.default_rng([seed, 45]).uniform(0.15, 0.4))
    frames, _ = climate.draw(seed, icc=alike)
    share = 1.64 / (1.64 + (1 - alike) / alike)  # 0.8² for good and 1 for the climate of a wave
    return frames["employees"], share


def within_waves(answers: pd.DataFrame) -> Estimate:
    """ICC(1) of stores within waves."""
    found = reliability.aggregation(answers["value"], answers["unit_id"], within=answers["period"], draws=20)
    return shown(found.icc1, found.icc1_low, found.icc1_high)


def other_stores(answers: pd.DataFrame) -> Interval:
    """The same as if every wave had other stores."""
    found = reliability.aggregation(answers["value"], answers["unit_id"] * 1000 + answers["period"], draws=20)
    return found.icc1_low, found.icc1_high


def changes() -> list[Setting]:
    """Within-store change: its reliability, and a survey that sees none."""
    def seen(answers: pd.DataFrame) -> float:
        return float(changed(answers).conf_low > 0)

    beside = {"call": changed, "naive": level, "naive_band": FAILS}
    return [Setting(method="reliability of change", setting="60 stores, 12 periods, nothing lasts", draw=climates(ar=(0.0, 0.0)), **beside),
            Setting(method="reliability of change", setting="60 stores, 12 periods, climates that last", draw=climates(), **beside),
            Setting(method="reliability of change", setting="60 stores, 12 periods, cells of 1 to 8 answers and gaps", draw=thinned, **beside),
            Setting(method="reliability of change", setting="20 stores, 8 periods", draw=climates(stores=20, periods=8), call=changed),
            Setting(method="change is measurable", setting="60 stores, 12 periods, nothing changes", draw=unmoved, call=seen, count=themselves,
                    naive=lambda a: float(level(a)[0] > 0), naive_band=(0.9, 1.0), kind="false alarms", band=FALSE_ALARM_BAND,
                    runs=FALSE_ALARM_RUNS),
            Setting(method="change is measurable", setting="60 stores, 12 periods, λ 0.1 to 0.3", draw=climates(icc=(0.02, 0.05)), call=seen,
                    count=themselves, kind="power", band=FOUND, runs=SOME),
            Setting(method="icc1, within waves", setting="60 stores, 12 waves", draw=waves, call=within_waves, naive=other_stores,
                    naive_band=(-np.inf, 0.85))]


def settings() -> list[Setting]:
    """All planted worlds of the measurement gate."""
    return [*shares(), *changes()]
