"""Customers, their contacts, waits, scores they would give, and whether they leave (DGP B for the scores, DGP C for leaving)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.dealers import Dealers
from voclib.simulate.plan import LONG_WAIT_MINUTES, PERIOD_MONTHS, Plan
from voclib.simulate.streams import stream
from voclib.simulate.worlds import long_waits, nonresponse

KINDS = ("sale", "delivery", "maintenance", "repair", "call", "digital")
SALE, DELIVERY, MAINTENANCE, REPAIR, CALL, DIGITAL = range(6)
COHORT_DAYS = 92
"""A customer's first workshop contact within these days starts the customer's year of Study C."""
HORIZON_DAYS = 365
WAIT_ON_SCORE = -0.45
NEVER = 100_000


@dataclass(frozen=True)
class Customers:
    """Arrays over customers (N,). Days count from the first day; `left` is NEVER for who stays, `index` -1 where no contact starts a year."""

    known: dict[str, np.ndarray]
    joined: np.ndarray
    left: np.ndarray
    unit: np.ndarray
    persistent: np.ndarray
    english: np.ndarray
    contactable: np.ndarray
    product: np.ndarray
    segment: np.ndarray
    app_user: np.ndarray
    index: np.ndarray
    exposed: np.ndarray
    world: dict[str, np.ndarray]

    @property
    def n(self) -> int:
        """Number of customers."""
        return len(self.joined)

    @property
    def cohort(self) -> np.ndarray:
        """Who has an index contact."""
        return self.index >= 0

    @property
    def margin(self) -> np.ndarray:
        """Twelve months' margin in the world that happened."""
        return np.where(self.exposed, self.world["margin1"], self.world["margin0"])


@dataclass(frozen=True)
class Contacts:
    """Arrays over contacts (M,), sorted by customer and time; `score` is what the customer would say if asked."""

    customer: np.ndarray
    unit: np.ndarray
    kind: np.ndarray
    minute: np.ndarray
    wait: np.ndarray
    latent: np.ndarray
    surprise: np.ndarray
    score: np.ndarray

    @property
    def n(self) -> int:
        """Number of contacts."""
        return len(self.customer)

    @property
    def day(self) -> np.ndarray:
        """Day number of each contact."""
        return self.minute // 1440

    @property
    def workshop(self) -> np.ndarray:
        """Maintenance or repair."""
        return (self.kind == MAINTENANCE) | (self.kind == REPAIR)


def make(plan: Plan, dealers: Dealers) -> tuple[Customers, Contacts]:
    """Everybody and everything they did."""
    base = _persons(plan, dealers)
    visits = _visits(plan, dealers, base)
    index, exposed = _index(visits, base)
    rng = stream(plan.seed, "leaving")
    world = long_waits.potential_outcomes(
        rng, base["known"]["log_spend"], churn_effect=rng.uniform(0.055, 0.065), spend_effect=rng.uniform(-0.09, -0.07), log_sd=0.8, log_mean=8.5,
        churn_constant=-2.2, churn_shift=0.5 * base["known"]["risk"] - 0.35 * base["persistent"])
    left = _leaving(rng, plan, base, visits, index, np.where(exposed, world["churn1"], world["churn0"]))
    kept = visits["minute"] // 1440 <= left[visits["customer"]]
    position = np.cumsum(kept) - 1
    customers = Customers(known=base["known"], joined=base["joined"], left=left, unit=base["unit"], persistent=base["persistent"],
                          english=base["english"], contactable=base["contactable"], product=base["product"], segment=base["segment"],
                          app_user=base["app_user"], index=np.where(index >= 0, position[index], -1), exposed=exposed, world=world)
    return customers, _scored(plan, dealers, customers, {name: values[kept] for name, values in visits.items()})


def _persons(plan: Plan, dealers: Dealers) -> dict[str, np.ndarray]:
    rng, n = stream(plan.seed, "customers"), plan.customers
    known = {name: values.astype("float32") for name, values in nonresponse.covariates(rng, n).items()}
    joined = np.minimum(-30 - np.round(700 * np.exp(0.6 * known["tenure"])), -30).astype("int32")
    fresh = rng.random(n) < 0.12
    joined[fresh] = rng.integers(0, plan.days - 60, int(fresh.sum()))
    weight = dealers.size / dealers.size.sum()
    return {"known": known, "joined": joined, "fresh": fresh, "unit": rng.choice(dealers.n, n, p=weight).astype("int16"),
            "persistent": rng.normal(size=n).astype("float32"), "english": rng.random(n) < 0.1,
            "contactable": rng.random(n) < 0.93 - 0.05 * np.clip(known["risk"], 0, 2), "product": rng.integers(0, 6, n).astype("int8"),
            "segment": rng.choice(3, n, p=[0.55, 0.3, 0.15]).astype("int8"), "app_user": rng.random(n) < 0.35}


def _visits(plan: Plan, dealers: Dealers, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Contacts before anybody leaves: who, where, when, what, and whether the wait is long."""
    rng = stream(plan.seed, "touchpoints")
    count = 1 + rng.poisson(3.6, plan.customers)
    customer = np.repeat(np.arange(plan.customers, dtype="int32"), count)
    kind = rng.choice(np.array([MAINTENANCE, REPAIR, CALL, DIGITAL], dtype="int8"), len(customer), p=[0.44, 0.26, 0.12, 0.18])
    day = rng.integers(0, plan.days, len(customer)).astype("int32")
    order = np.argsort(customer.astype("int64") * 1000 + day, kind="stable")
    day = day[order]
    starts = np.concatenate([[0], count.cumsum()[:-1]])
    new = np.flatnonzero(base["fresh"])
    kind[starts[new]], day[starts[new]] = SALE, base["joined"][new]
    second = new[count[new] > 1]
    kind[starts[second] + 1] = DELIVERY
    day[starts[second] + 1] = np.minimum(base["joined"][second] + rng.integers(12, 60, second.size), plan.days - 1)
    kept = day >= base["joined"][customer]
    customer, kind, day = customer[kept], kind[kept], day[kept]
    unit = _at_open_unit(dealers, np.where(rng.random(len(customer)) < 0.92, base["unit"][customer], rng.integers(0, dealers.n, len(customer))), day)
    minute = day * 1440 + rng.integers(9 * 60, 18 * 60, len(customer)).astype("int32")
    order = np.argsort(customer.astype("int64") * plan.end_minute + minute, kind="stable")
    made = {"customer": customer[order], "unit": unit[order].astype("int16"), "kind": kind[order], "minute": minute[order].astype("int32")}
    chance = long_waits.exposure_probability(base["known"]["log_spend"][made["customer"]], confounding=0.45, shift=dealers.busy[made["unit"]])
    made["long"] = (rng.random(len(order)) < chance) & np.isin(made["kind"], (MAINTENANCE, REPAIR))
    return made


def _at_open_unit(dealers: Dealers, unit: np.ndarray, day: np.ndarray) -> np.ndarray:
    return np.where(day > dealers.closed[unit], dealers.heir[unit], unit)


def _index(visits: dict[str, np.ndarray], base: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Position of each customer's index contact (-1: none) and whether its wait was long."""
    fits = (visits["minute"] < COHORT_DAYS * 1440) & np.isin(visits["kind"], (MAINTENANCE, REPAIR)) & (base["joined"][visits["customer"]] < 0)
    rows = np.flatnonzero(fits)
    who, first = np.unique(visits["customer"][rows], return_index=True)
    index = np.full(len(base["joined"]), -1)
    index[who] = rows[first]
    return index, np.where(index >= 0, visits["long"][index], False)


def _leaving(rng: np.random.Generator, plan: Plan, base: dict[str, np.ndarray], visits: dict[str, np.ndarray], index: np.ndarray,
             leaves: np.ndarray) -> np.ndarray:
    """Day each customer leaves. Six in a hundred old customers without an index contact had left before the first day."""
    n = len(leaves)
    started = np.where(index >= 0, visits["minute"][index] // 1440, 0)
    day = started + 15 + np.round(rng.random(n) * (HORIZON_DAYS - 30)).astype(int)
    left = np.where(leaves & ~base["fresh"], np.minimum(day, plan.days - 1), NEVER)
    gone = (index < 0) & (base["joined"] < -60) & (rng.random(n) < 0.06)
    return np.where(gone, np.maximum(-rng.integers(1, 300, n), base["joined"] + 20), left)


def _scored(plan: Plan, dealers: Dealers, customers: Customers, visits: dict[str, np.ndarray]) -> Contacts:
    rng, n = stream(plan.seed, "scores"), len(visits["customer"])
    who, unit, workshop = visits["customer"], visits["unit"], np.isin(visits["kind"], (MAINTENANCE, REPAIR))
    wait = np.where(visits["long"], LONG_WAIT_MINUTES + 1 + np.round(rng.gamma(2.0, 18.0, n)), np.round(LONG_WAIT_MINUTES * rng.beta(2.0, 2.5, n)))
    period = plan.month_of(visits["minute"] // 1440) // PERIOD_MONTHS
    surprise = 0.8 * customers.persistent[who] + 0.6 * rng.normal(size=n) + dealers.shift[unit, period] + WAIT_ON_SCORE * visits["long"]
    latent = (0.06 + nonresponse.expected_satisfaction(customers.known)[who] + surprise).astype("float32")
    return Contacts(customer=who, unit=unit, kind=visits["kind"], minute=visits["minute"],
                    wait=np.where(workshop, wait, np.nan).astype("float32"), latent=latent, surprise=surprise.astype("float32"),
                    score=nonresponse.score_of(latent))
