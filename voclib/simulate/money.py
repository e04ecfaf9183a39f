"""The ledger: bookings whose margins add up to each customer's planted twelve-month margin (DGP C)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.people import HORIZON_DAYS, MAINTENANCE, SALE, Contacts, Customers
from voclib.simulate.plan import Plan
from voclib.simulate.streams import stream

KINDS = ("vehicle", "service", "parts", "subscription", "refund")
VEHICLE, SERVICE, PARTS, SUBSCRIPTION, REFUND = range(5)
MARGIN_RATE = np.array([0.06, 0.45, 0.28, 0.75, 0.4])
PRIOR_LOG_MEAN, PRIOR_LOG_SD = 9.0, 0.8


@dataclass(frozen=True)
class Ledger:
    """Arrays over bookings (B,), sorted by time; `origin` is the booking a refund reverses (-1: none), `contact` where it arose (-1: none)."""

    customer: np.ndarray
    unit: np.ndarray
    minute: np.ndarray
    kind: np.ndarray
    net: np.ndarray
    margin: np.ndarray
    origin: np.ndarray
    contact: np.ndarray


def prior_spend(customers: Customers) -> np.ndarray:
    """Net spending in the twelve months before the first day, in yuan; nothing for who joined later."""
    return np.where(customers.joined < 0, np.round(np.exp(PRIOR_LOG_MEAN + PRIOR_LOG_SD * customers.known["log_spend"].astype(float)), 2), 0.0)


def make(plan: Plan, customers: Customers, contacts: Contacts) -> Ledger:
    """All bookings."""
    parts = [_before(plan, customers), _at_workshop(plan, customers, contacts), _without_visit(plan, customers, contacts),
             _vehicles(plan, contacts)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    joined = _refunds(plan, joined, customers.index)
    order = np.argsort(joined["minute"], kind="stable")
    place = np.empty(order.size, dtype="int32")
    place[order] = np.arange(order.size)
    made = {name: values[order] for name, values in joined.items()}
    made["origin"] = np.where(made["origin"] >= 0, place[made["origin"]], np.int32(-1))
    return Ledger(**made)


def _booked(customer: np.ndarray, unit: np.ndarray, minute: np.ndarray, kind: np.ndarray, margin: np.ndarray,
            contact: np.ndarray | None = None, net: np.ndarray | None = None) -> dict[str, np.ndarray]:
    margin = np.round(margin, 2)
    return {"customer": customer.astype("int32"), "unit": unit.astype("int16"), "minute": minute.astype("int32"), "kind": kind.astype("int8"),
            "net": np.round(margin / MARGIN_RATE[kind], 2) if net is None else net, "margin": margin,
            "origin": np.full(customer.size, -1, dtype="int32"),
            "contact": np.full(customer.size, -1, dtype="int32") if contact is None else contact.astype("int32")}


def _before(plan: Plan, customers: Customers) -> dict[str, np.ndarray]:
    """The year before: one booking, or two, that add up to the prior spending."""
    rng = stream(plan.seed, "ledger.before")
    who = np.flatnonzero(customers.joined < 0)
    spend, two = prior_spend(customers)[who], rng.random(who.size) < 0.4
    first = np.where(two, np.round(spend * rng.uniform(0.3, 0.7, who.size), 2), spend)
    earliest = np.maximum(customers.joined[who], -360)
    latest = np.clip(customers.left[who], earliest + 1, 0)
    customer, net = np.concatenate([who, who[two]]), np.concatenate([first, (spend - first)[two]])
    low, high = np.concatenate([earliest, earliest[two]]), np.concatenate([latest, latest[two]])
    minute = rng.integers(low, high) * 1440 + rng.integers(540, 1080, customer.size)
    return _booked(customer, customers.unit[customer], minute, np.full(customer.size, SERVICE), net * MARGIN_RATE[SERVICE], net=np.round(net, 2))


def _year(customers: Customers, contacts: Contacts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each contact: minutes since its customer's year began, whether it can be booked, and whether it lies inside the year."""
    who = contacts.customer
    start = np.where(customers.cohort, contacts.minute[customers.index], -1)
    since = contacts.minute - start[who]
    return since, contacts.workshop & (since > 0), (since > 0) & (since <= HORIZON_DAYS * 1440)


def _at_workshop(plan: Plan, customers: Customers, contacts: Contacts) -> dict[str, np.ndarray]:
    """Workshop visits: inside a customer's year they share its margin; the index visit and later ones have their own amounts."""
    rng = stream(plan.seed, "ledger.workshop")
    since, bookable, inside = _year(customers, contacts)
    weight = np.where(bookable & inside, rng.gamma(2.0, 1.0, contacts.n) + 0.1, 0.0)
    total = np.bincount(contacts.customer, weight, customers.n)
    share = weight / np.maximum(total[contacts.customer], 1e-12)
    index = np.zeros(contacts.n, dtype=bool)
    index[customers.index[customers.cohort]] = True
    own = np.exp(6.0 + 0.5 * customers.known["log_spend"][contacts.customer].astype(float) + 0.5 * rng.normal(size=contacts.n))
    margin = np.where(inside, share * customers.margin[contacts.customer], own)
    rows = np.flatnonzero(index | (bookable & (margin > 0.01)))
    parts = rng.random(rows.size) < np.where(contacts.kind[rows] == MAINTENANCE, 0.15, 0.45)
    return _booked(contacts.customer[rows], contacts.unit[rows], contacts.minute[rows], np.where(parts, PARTS, SERVICE), margin[rows], contact=rows)


def _without_visit(plan: Plan, customers: Customers, contacts: Contacts) -> dict[str, np.ndarray]:
    """Customers with a margin and no workshop visit in their year book a subscription on some day of it."""
    rng = stream(plan.seed, "ledger.subscription")
    _, bookable, inside = _year(customers, contacts)
    visited = np.bincount(contacts.customer[bookable & inside], minlength=customers.n) > 0
    who = np.flatnonzero(~visited & (customers.margin > 0.01) & (customers.left > plan.days) & (customers.joined < 0))
    start = np.where(customers.cohort[who], contacts.minute[customers.index[who]] // 1440 + 1, 1)
    minute = rng.integers(start, start + HORIZON_DAYS - 5) * 1440 + rng.integers(0, 1400, who.size)
    return _booked(who, customers.unit[who], minute, np.full(who.size, SUBSCRIPTION), customers.margin[who])


def _vehicles(plan: Plan, contacts: Contacts) -> dict[str, np.ndarray]:
    rng = stream(plan.seed, "ledger.vehicle")
    rows = np.flatnonzero(contacts.kind == SALE)
    net = np.round(rng.uniform(119_800, 328_800, rows.size), -2)
    return _booked(contacts.customer[rows], contacts.unit[rows], contacts.minute[rows], np.full(rows.size, VEHICLE),
                   net * rng.uniform(0.03, 0.08, rows.size), contact=rows, net=net)


def _refunds(plan: Plan, book: dict[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    """Two in a hundred service and parts bookings were larger and partly refunded: what is left is the amount planted."""
    rng = stream(plan.seed, "ledger.refund")
    # the visit that starts a year is not refunded: its refund would fall into the year, the booking itself before it
    can = np.isin(book["kind"], (SERVICE, PARTS)) & ~np.isin(book["contact"], index[index >= 0])
    rows = np.flatnonzero(can & (rng.random(can.size) < 0.02))
    share = rng.uniform(0.1, 0.5, rows.size)
    back_net, back_margin = (np.round(book[name][rows] * share / (1 - share), 2) for name in ("net", "margin"))
    for name, back in (("net", back_net), ("margin", back_margin)):
        book[name][rows] = np.round(book[name][rows] + back, 2)
    # a refund follows on the same day: inside the year of the booking it reverses, or the twelve-month margin would no longer add up
    minute = np.minimum(book["minute"][rows] + rng.integers(60, 1440, rows.size), book["minute"][rows] // 1440 * 1440 + 1439)
    later = {**{name: book[name][rows] for name in ("customer", "unit", "contact")}, "minute": minute.astype("int32"),
             "kind": np.full(rows.size, REFUND, dtype="int8"), "net": -back_net, "margin": -back_margin, "origin": rows.astype("int32")}
    return {name: np.concatenate([book[name], later[name]]) for name in book}
