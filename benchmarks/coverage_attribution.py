"""Planted worlds of attribution: money lost to overlapping pains, changes taken apart into mix and rate, what a score goes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import EXTREME_BAND, FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Interval, Setting, beside_zero
from voclib.results import Estimate
from voclib.simulate.worlds import mix
from voclib.simulate.worlds import pains as pains_world
from voclib.stats import attribution
from voclib.stats.inference import Fit

PAINS = list(pains_world.topics())
KNOWN = ["prior", "mood"]
MONEY = {"unit": "cny"}
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing
SOME = 300
TIED = (0.3, 0.3, 0.15, 0.1)  # the first two columns are worth the same
APART = (0.4, 0.15, 0.1, 0.1)
ALIKE = 0.3  # correlation of any two columns


@cache
def _masses(stores: bool) -> np.ndarray:
    return pains_world.expected_masses(len(PAINS), stores=stores)


def pains(what: str, name: str = "", *, customers: int = 4000, stores: int = 0, **planted: float) -> Draw:
    """Draws of the world of pains; the truth is the loss expected of so many customers, effects being drawn per seed."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = pains_world.draw(seed, customers=customers, stores=stores, **planted)
        expected = pains_world.worth(customers * _masses(stores > 0), truth["effects"])
        return frame, expected[f"{what}_cny"][name] if name else expected["total_cny"]
    return taken


def removal(frame: pd.DataFrame, *, names: list[str] = PAINS, cluster: str | None = None) -> attribution.Removal:
    """The joint model of some pains."""
    return attribution.joint_removal(frame["margin_12m_cny"], frame[names], frame[KNOWN], names=names,
                                     cluster=None if cluster is None else frame[cluster])


def total(frame: pd.DataFrame) -> Estimate:
    """V(all)."""
    return removal(frame).total.estimate("pain_loss", **MONEY)


def of(kind: str, name: str, *, cluster: str | None = None) -> Callable[[pd.DataFrame], Estimate]:
    """One pain's share, stand-alone removal, …"""
    def found(frame: pd.DataFrame) -> Estimate:
        return getattr(removal(frame, cluster=cluster), kind)[PAINS.index(name)].estimate(kind, **MONEY)
    return found


def compared(frame: pd.DataFrame, *, names: Sequence[str] = ("wait",)) -> Interval:
    """Those with a pain against those without, times how many have it; several pains are added, as if nobody had two."""
    y, value, variance = frame["margin_12m_cny"].to_numpy(), 0.0, 0.0
    for name in names:
        had = frame[name].to_numpy() == 1
        value += had.sum() * (y[~had].mean() - y[had].mean())
        variance += had.sum() ** 2 * (y[had].var() / had.sum() + y[~had].var() / (~had).sum())
    return value - 1.959964 * variance**0.5, value + 1.959964 * variance**0.5


def _ends(fit: Fit) -> Interval:
    found = fit.estimate("", **MONEY)
    return found.conf_low, found.conf_high


def left_out(frame: pd.DataFrame, *, score: str = "nps_points") -> Interval:
    """The vendor's impact of the bystander: the score of all minus that of customers who do not mention it."""
    return _ends(attribution.leave_out(frame[score], frame[[pains_world.BYSTANDER]], names=[pains_world.BYSTANDER])[0])


def lost() -> list[Setting]:
    """Money lost to pains that overlap."""
    bystander = of("shares", pains_world.BYSTANDER)
    return [
        Setting(method="joint removal, total", setting="4000 customers, 5 overlapping pains", draw=pains("total"), call=total,
                naive=partial(compared, names=PAINS), naive_band=FAILS),
        Setting(method="joint removal, share", setting="4000 customers, the wait", draw=pains("shares", "wait"), call=of("shares", "wait"),
                naive=compared, naive_band=FAILS),
        Setting(method="joint removal, share", setting="4000 customers of 60 stores, the wait", draw=pains("shares", "wait", stores=60),
                call=of("shares", "wait", cluster="store")),
        Setting(method="joint removal, bystander", setting="4000 customers, no effect, bad company", kind="false alarms", count=beside_zero,
                draw=pains("shares", pains_world.BYSTANDER), call=bystander, naive=left_out, naive_band=(0.9, 1.0), band=FALSE_ALARM_BAND,
                runs=FALSE_ALARM_RUNS),
        Setting(method="joint removal, bystander", setting="8000 customers, no bystander any more", kind="power", count=beside_zero, runs=SOME,
                draw=pains("shares", pains_world.BYSTANDER, customers=8000, bystander=-0.4), call=bystander, band=(0.8, 1.0))]


def changed(what: str, group: int | None, *, world: Callable[..., tuple[pd.DataFrame, dict[str, Any]]] = mix.draw, **planted: Any) -> Draw:
    """Draws of two periods; the truth is the expected mix or rate of a group, or of all."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = world(seed, **planted)
        return frame, float(truth[what].sum() if group is None else truth[what][group])
    return taken


def step(what: str, group: int | None, *, cluster: str | None) -> Callable[[pd.DataFrame], Estimate]:
    """Mix or rate of a group, or of all."""
    def found(frame: pd.DataFrame) -> Estimate:
        parts = attribution.mix_rate(frame, value="points", by="group", period="period", at=mix.PERIODS, cluster=cluster)
        fit = getattr(parts, f"total_{what}") if group is None else getattr(parts[f"G{group}"], what)
        return fit.estimate(f"nps_{what}", unit="points")
    return found


def moved() -> list[Setting]:
    """Changes of a score taken apart, with dealers that have a level of their own and with customers who answer twice."""
    dealers = "1500 answers a period of 60 dealers in 4 groups"
    found = [Setting(method="mix and rate, mix", setting=f"{dealers}, all", draw=changed("mix", None), call=step("mix", None, cluster="dealer"),
                     naive=_plain(step("mix", None, cluster=None))),
             Setting(method="mix and rate, rate", setting="3000 answers a period of 100 dealers in 4 groups, one of them",
                     draw=changed("rate", 0, dealers=100, answers=3000), call=step("rate", 0, cluster="dealer")),
             Setting(method="mix and rate, rate", setting="1500 answers a period of 36 dealers in 4 groups, one of them", band=EXTREME_BAND,
                     draw=changed("rate", 0, dealers=36), call=step("rate", 0, cluster="dealer"))]
    twice = Setting(method="mix and rate, rate", setting="800 customers, most of whom answer twice", naive_band=(0.97, 1.0),
                    draw=changed("rate", None, world=mix.returning), call=step("rate", None, cluster="customer"),
                    naive=_plain(step("rate", None, cluster=None)))
    still = [Setting(method="mix and rate, mix", setting=f"{dealers}, shares stand still", kind="false alarms", count=beside_zero,
                     draw=changed("mix", None, mix=0.0), call=step("mix", None, cluster="dealer"), band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS),
             Setting(method="mix and rate, mix", setting="3000 answers a period of 160 dealers in 4 groups, the lowest grows", kind="power",
                     draw=changed("mix", None, mix=0.0, rate=0.0, towards_low=1.5, answers=3000, dealers=160), count=beside_zero, runs=SOME,
                     call=step("mix", None, cluster="dealer"), band=(0.8, 1.0))]
    return [*found, twice, *still]


def _plain(call: Callable[[pd.DataFrame], Estimate]) -> Callable[[pd.DataFrame], Interval]:
    def found(frame: pd.DataFrame) -> Interval:
        estimate = call(frame)
        return estimate.conf_low, estimate.conf_high
    return found


def _correlation(columns: int) -> np.ndarray:
    return np.full((columns, columns), ALIKE) + (1 - ALIKE) * np.eye(columns)


@cache
def true_shares(slopes: tuple[float, ...]) -> np.ndarray:
    """LMG shares of the population, order by order."""
    sigma, cross = _correlation(len(slopes)), _correlation(len(slopes)) @ np.array(slopes)
    variance, found, orders = float(np.array(slopes) @ cross) + 1.0, np.zeros(len(slopes)), list(permutations(range(len(slopes))))
    for order in orders:
        before = 0.0
        for at in range(1, len(order) + 1):
            inside = list(order[:at])
            explained = float(cross[inside] @ np.linalg.solve(sigma[np.ix_(inside, inside)], cross[inside])) / variance
            found[order[at - 1]] += (explained - before) / len(orders)
            before = explained
    return found


def columns(slopes: tuple[float, ...], *, at: int | None, n: int = 600) -> Draw:
    """Normal columns that go with a score; the truth is the share of one of them, or that the first two do not differ."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        rng = np.random.default_rng([seed, 11])
        x = rng.multivariate_normal(np.zeros(len(slopes)), _correlation(len(slopes)), n, method="cholesky")
        frame = pd.DataFrame(x, columns=[f"x{k}" for k in range(len(slopes))]).assign(y=x @ np.array(slopes) + rng.normal(size=n))
        return frame, 0.0 if at is None else float(true_shares(slopes)[at])
    return taken


def drivers(frame: pd.DataFrame, *, draws: int = 199) -> attribution.Drivers:
    """LMG shares and ranks."""
    return attribution.lmg(frame["y"], frame.drop(columns="y"), draws=draws, seed=1)


def share(frame: pd.DataFrame, *, at: int) -> Estimate:
    """The share of one column; its percentiles take more draws than ranks do."""
    found = drivers(frame, draws=399)
    return next(e for e in found.estimates() if e.group == found.names[at])


def first_two(frame: pd.DataFrame) -> Interval:
    """By how many ranks the second column lies behind the first, from their rank intervals."""
    found = drivers(frame)
    return float(found.rank_low[1] - found.rank_high[0]), float(found.rank_high[1] - found.rank_low[0])


def by_the_dots(frame: pd.DataFrame) -> Interval:
    """The same from the point estimates, as a ranking without intervals reads."""
    found = drivers(frame)
    return (float(found.rank[1] - found.rank[0]),) * 2


def ranked() -> list[Setting]:
    """What a score goes with."""
    return [*(Setting(method="lmg share", setting=f"600 answers, column {at + 1} of 4", draw=columns(TIED, at=at), call=partial(share, at=at))
              for at in (0, 3)),
            Setting(method="lmg rank", setting="600 answers, the first two columns are worth the same", kind="false alarms", count=beside_zero,
                    draw=columns(TIED, at=None), call=first_two, naive=by_the_dots, naive_band=(0.9, 1.0), band=FALSE_ALARM_BAND,
                    runs=FALSE_ALARM_RUNS),
            Setting(method="lmg rank", setting="600 answers, the first column leads", kind="power", count=beside_zero, draw=columns(APART, at=None),
                    call=first_two, band=(0.8, 1.0), runs=SOME)]


def settings() -> list[Setting]:
    """All planted worlds of attribution."""
    return [*lost(), *moved(), *ranked()]
