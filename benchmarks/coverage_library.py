"""Planted worlds of the case library for the long runs: a list of customers that is all of them, a half, a quarter; gates on people alike; crowds."""

from __future__ import annotations

import pandas as pd

from benchmarks.coverage import EXTREME_BAND, FALSE_ALARM_BAND, Draw, Interval, Setting
from voclib.results import Estimate
from voclib.simulate.worlds import identities
from voclib.stats import disclosure

FAILS = (0.0, 0.3)  # how often the naive interval may hold the truth, else the world shows nothing
K = 5
Listed = tuple[pd.DataFrame, float]  # cards, and the part of the customers on the list


def _world(fraction: float, of: str = "found", **options: float) -> Draw:
    def taken(seed: int) -> tuple[Listed, float]:
        frame, truth = identities.draw(seed, fraction=fraction, **options)
        return (frame, fraction), truth[of]
    return taken


def _small(seed: int) -> tuple[Listed, pd.Series]:
    frame, _ = identities.draw(seed, fraction=0.5)
    return (frame, 0.5), frame["others"] + 1 < K


def found(data: Listed) -> Estimate:
    """The share found, the part of the customers on the list allowed for."""
    frame, fraction = data
    return disclosure.found(frame["seen"], fraction=fraction, estimand="people_found", cluster=frame["unit_id"])


def as_listed(data: Listed) -> Estimate:
    """The same with the list taken as everybody."""
    return disclosure.found(data[0]["seen"], estimand="people_found", cluster=data[0]["unit_id"])


def only_one(data: Listed) -> Estimate:
    """Of matches to a card with nobody else listed, the share that is right."""
    frame, fraction = data
    return disclosure.correct_if_unique(frame["seen"], fraction=fraction, estimand="people_found", cluster=frame["unit_id"])


def surely_right(data: Listed) -> Interval:
    """Whoever is the only one listed is the only one there is."""
    return 1.0, 1.0


def names_removed(data: Listed) -> Interval:
    """Names and phone numbers are gone, so nobody can be found."""
    return 0.0, 0.0


def passing(data: Listed) -> pd.Series:
    """Cards let through by the lower limit of people alike."""
    frame, fraction = data
    return pd.Series(1 + disclosure.at_least(frame["seen"], fraction=fraction) >= K, frame.index)


def scaled_up(data: Listed) -> pd.Series:
    """Cards let through by people seen alike over the part of the customers listed."""
    frame, fraction = data
    return (1 + frame["seen"]) / fraction >= K


Chosen = tuple[pd.DataFrame, float, int]  # cards let through, the part of the customers on the list, and of how many cards


def _let_through(fraction: float) -> Draw:
    def taken(seed: int) -> tuple[Chosen, float]:
        frame, _ = identities.draw(seed, fraction=fraction)
        out = frame[passing((frame, fraction))]
        return (out, fraction, len(frame)), float((1 / (1 + out["others"])).mean())
    return taken


def found_of_cards(data: Chosen) -> Estimate:
    """The share found of cards that were let through because many are seen alike."""
    out, fraction, tried = data
    return disclosure.found_of_chosen(out["seen"], tried=tried, fraction=fraction, estimand="people_found")


def as_if_not_chosen(data: Chosen) -> Estimate:
    """The same as if cards had not been chosen by the counts that tell their risk."""
    return disclosure.found(data[0]["seen"], fraction=data[1], estimand="people_found")


def _within_twice(one: Estimate, truth: float) -> float:
    """1 where "at most" says no more than 2.5 times what is true."""
    return float(one.conf_high <= 2.5 * truth)


def _of_small(let: pd.Series, small: pd.Series) -> float:
    return float(let[small].mean()) if small.any() else 0.0


def _below_a_tenth(one: Estimate, truth: object) -> float:
    return float(one.conf_high < 0.10)


def settings() -> list[Setting]:
    """The share of stories told, and the gate on people alike."""
    method, cards = "share of stories told", "30 cards each of 60 dealers"
    return [Setting(method=method, setting=f"{cards}, all customers listed", draw=_world(1.0), call=found, naive=names_removed, naive_band=FAILS,
                    max_bias=0.005),
            Setting(method=method, setting=f"{cards}, half of the customers listed", draw=_world(0.5), call=found, naive=as_listed, naive_band=FAILS,
                    max_bias=0.005),
            Setting(method=method, setting=f"{cards}, a quarter of the customers listed", draw=_world(0.25), call=found, naive=as_listed,
                    naive_band=FAILS, band=EXTREME_BAND),
            *(Setting(method=f"{method}, cards let through", setting=f"{cards}, {part} of the customers listed", draw=_let_through(fraction),
                      call=found_of_cards, naive=as_if_not_chosen, naive_band=(0.0, 0.6), band=EXTREME_BAND)
              for part, fraction in (("70%", 0.7), ("30%", 0.3))),
            Setting(method=f"{method}, cards let through", setting=f"{cards}, half listed: at most is no more than 2.5 times the truth",
                    kind="power", draw=_let_through(0.5), call=found_of_cards, count=_within_twice, band=(0.9, 1.0), runs=300),
            Setting(method="matches to the only one listed", setting=f"{cards}, half of the customers listed", draw=_world(0.5, "unique_right"),
                    call=only_one, naive=surely_right, naive_band=FAILS, max_bias=0.01),
            Setting(method=f"{method} below a tenth", setting=f"{cards}, a quarter listed, some 40 alike", kind="power", call=found, naive=as_listed,
                    draw=_world(0.25, mean=40.0, shape=6.0), count=_below_a_tenth, band=(0.8, 1.0), naive_band=(0.0, 0.2), runs=300),
            Setting(method="cards let through with too few alike", setting=f"{cards}, half of the customers listed", kind="false alarms",
                    draw=_small, call=passing, naive=scaled_up, count=_of_small, band=FALSE_ALARM_BAND, naive_band=(0.1, 1.0), runs=300)]
