"""The company and its customers as standard tables: units, customers, contacts, behaviour, employees, operations, money, use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voclib.simulate import dealers as network
from voclib.simulate import money, people
from voclib.simulate.frames import ids, pick, standard
from voclib.simulate.plan import PERIOD_MONTHS, Plan
from voclib.simulate.streams import stream
from voclib.simulate.tables.voices import moments

if TYPE_CHECKING:
    from voclib.simulate.company import World

PRODUCTS = ("辰星 E5", "辰星 E7", "辰星 X3", "辰星 X6", "辰星 S9", "辰星 Mini")
SEGMENTS = ("家庭用户", "年轻用户", "商务用户")
ROLES = ("服务顾问", "技师", "销售顾问", "后台")
TENURES = ("1 年以内", "1–5 年", "5 年以上")
VVIP_FROM = 1.28
"""Standardised log prior spending from which a customer is VVIP; fixed before the first day."""


def units(world: World) -> pd.DataFrame:
    """Headquarters, regions and dealers."""
    net, plan = world.dealers, world.plan
    regions = list(network.REGIONS)
    region_ids = [f"R{i + 1}" for i in range(len(regions))]
    shut = net.closed < plan.days
    closed = np.where(shut, plan.dates(np.where(shut, net.closed, 0)), np.datetime64("NaT", "us"))
    above = len(regions) + 1
    return standard("units", {
        "unit_id": ["HQ", *region_ids, *net.ids], "name": ["辰星汽车总部", *(f"{name}大区" for name in regions), *net.names],
        "kind": ["headquarters"] + ["region"] * len(regions) + ["dealer"] * net.n,
        "region": ["总部", *regions, *np.array(regions, dtype=object)[net.region]],
        "parent_unit_id": [None] + ["HQ"] * len(regions) + [region_ids[code] for code in net.region],
        "opened_on": np.concatenate([np.full(above, np.datetime64("2014-03-01", "us")), plan.dates(net.opened)]),
        "closed_on": np.concatenate([np.full(above, np.datetime64("NaT", "us")), closed]),
        "merged_into_unit_id": [None] * above + [net.ids[heir] if merged else None for heir, merged in zip(net.heir, net.merged, strict=True)]})


def is_vvip(customers: people.Customers) -> np.ndarray:
    """The value tier, from prior spending."""
    return customers.known["log_spend"] >= VVIP_FROM


def customers(world: World) -> pd.DataFrame:
    """Every customer, gone or not."""
    who, plan = world.customers, world.plan
    gone = who.left < plan.days
    return standard("customers", {
        "customer_id": world.customer_ids, "joined_on": plan.dates(who.joined), "is_churned": gone,
        "churned_on": np.where(gone, plan.dates(np.where(gone, who.left, 0)), np.datetime64("NaT", "us")), "unit_id": world.unit_ids[who.unit],
        "region": pick(tuple(network.REGIONS), world.dealers.region[who.unit]), "segment": pick(SEGMENTS, who.segment),
        "product": pick(PRODUCTS, who.product), "value_tier": pick(("regular", "vvip"), is_vvip(who)), "language": pick(("zh", "en"), who.english),
        "is_contactable": who.contactable})


def touchpoints(world: World) -> pd.DataFrame:
    """Every contact; the amount is what the ledger booked there, missing where nothing was charged."""
    met, rng = world.contacts, stream(world.plan.seed, "touchpoints.detail")
    amount = np.full(met.n, np.nan)
    booked = world.ledger.contact >= 0
    charged = np.bincount(world.ledger.contact[booked], world.ledger.net[booked], met.n)
    amount[world.ledger.contact[booked]] = np.round(charged[world.ledger.contact[booked]], 2)
    staff = met.unit.astype(int) * 100 + rng.integers(0, 12, met.n)
    return standard("touchpoints", {
        "touchpoint_id": ids("T", np.arange(1, met.n + 1)), "customer_id": world.customer_ids[met.customer], "unit_id": world.unit_ids[met.unit],
        "kind": pick(people.KINDS, met.kind), "started_at": moments(world.plan, met.minute),
        "duration_minutes": np.round(np.where(met.workshop, 45, 8) + rng.gamma(2, 15, met.n)), "wait_minutes": met.wait, "amount_cny": amount,
        "staff_id": ids("E", staff, width=6), "queue_id": pick(("普通工位", "快修工位"), rng.random(met.n) < 0.3, missing=~met.workshop)})


def behaviours(world: World) -> pd.DataFrame:
    """Snapshots: before the first day, before the last quarter, and (marked) after it for a tenth of the customers."""
    plan = world.plan
    days = ((-1, False), (int(plan.month_starts[-4]) - 1, False), (plan.days - 1, True))
    parts = [_snapshot(world, day, after=after) for day, after in days]
    return pd.concat(parts, ignore_index=True)


def _snapshot(world: World, day: int, *, after: bool) -> pd.DataFrame:
    plan, who, met, book = world.plan, world.customers, world.contacts, world.ledger
    rng = stream(plan.seed, f"behaviours.{day}")
    there = (who.joined <= day) & (who.left > day) & (rng.random(who.n) < (0.1 if after else 1.0))
    known, count = {name: values[there] for name, values in who.known.items()}, int(there.sum())
    inside = (book.minute >= (day - 364) * 1440) & (book.minute < (day + 1) * 1440)
    spend = np.bincount(book.customer[inside], book.net[inside], who.n)[there]
    past = met.minute < (day + 1) * 1440
    recent = past & (met.minute >= (day - 364) * 1440)
    met_n = np.bincount(met.customer[recent], minlength=who.n)[there] if day >= 0 else rng.poisson(np.exp(0.9 + 0.15 * known["log_spend"]))
    last = np.full(who.n, -10**6)
    last[met.customer[past]] = met.minute[past] // 1440  # contacts are sorted by time, so the last one wins
    unseen = np.minimum(np.round(rng.exponential(110, count)) + 1, day - who.joined[there])
    recency = np.where(last[there] > -10**6, day - last[there], unseen)
    return standard("behaviours", {
        "customer_id": world.customer_ids[there], "asof_on": plan.dates(np.full(count, day)), "recency_days": recency,
        "contacts_12m": met_n, "spend_12m_cny": np.round(spend, 2), "complaints_12m": known["complaint"] + rng.poisson(0.05, count),
        "logins_90d": np.where(who.app_user[there], rng.poisson(np.exp(2.6 + 0.5 * known["logins"])), 0),
        "open_share": np.round(np.clip(0.35 + 0.12 * known["tenure"] + 0.1 * rng.normal(size=count), 0, 1), 3), "is_post": after})


def employee_surveys(world: World) -> pd.DataFrame:
    """One row an answer sheet and item."""
    made, count = world.employees, len(network.ITEMS)
    sheet = np.repeat(np.arange(made["unit"].size), count)
    return standard("employee_surveys", {
        "employee_response_id": ids("A", sheet + 1, width=7), "unit_id": world.unit_ids[made["unit"]][sheet],
        "wave_month": network.wave_months(world.plan)[made["wave"]][sheet], "submitted_at": moments(world.plan, made["minute"])[sheet],
        "item_code": np.tile(np.array(network.ITEMS, dtype=object), made["unit"].size), "value": made["items"].ravel(),
        "role_band": pick(ROLES, made["role"])[sheet], "tenure_band": pick(TENURES, made["tenure"])[sheet], "is_manager": made["manager"][sheet]})


def employee_waves(world: World) -> pd.DataFrame:
    """Asked and returned by dealer and wave; closed dealers drop out."""
    made = world.employees
    unit, wave = np.nonzero(made["asked"])
    return standard("employee_waves", {"unit_id": world.unit_ids[unit], "wave_month": network.wave_months(world.plan)[wave],
                                       "invited_n": made["asked"][unit, wave], "returned_n": made["returned"][unit, wave]})


def operations(world: World) -> pd.DataFrame:
    """One row an open dealer and month, from two months before the first day; money and waits are those of ledger and contacts."""
    net, plan, rng = world.dealers, world.plan, stream(world.plan.seed, "operations")
    names, before = plan.months(before=PERIOD_MONTHS), PERIOD_MONTHS
    starts = (np.datetime64(names[0], "M") + np.arange(len(names) + 1)).astype("datetime64[D]") - plan.first_day
    unit, month = np.nonzero(net.closed[:, None] >= starts[:-1].astype(int)[None, :])
    wave, odd = month // PERIOD_MONTHS, month % PERIOD_MONTHS
    visitors = rng.poisson(420 * net.size[unit])
    revenue, margin = _booked_by_month(world, starts.astype(int))
    p50, p90 = _waits(world, before, len(names))
    began = np.where(net.refurbished, 2 * (3 + np.arange(net.n) % 3), -9)[unit]
    return standard("operations", {
        "unit_id": world.unit_ids[unit], "month": np.array(names, dtype=object)[month], "footfall": visitors,
        "staff_hours": np.round(net.staff[unit] * 168 * rng.uniform(0.92, 1.06, unit.size), 1),
        "vacancies": rng.poisson(np.where(net.changed[unit, wave], 2.2, 1.0)),
        "wait_p50_minutes": p50[unit, month], "wait_p90_minutes": p90[unit, month],
        "is_promotion": rng.random(unit.size) < 0.15, "is_refurbished": (month == began) | (month == began + 1),
        "is_manager_changed": net.changed[unit, wave] & (odd == 0), "revenue_cny": np.round(revenue[unit, month], 2),
        "margin_cny": np.round(margin[unit, month], 2)})


def _booked_by_month(world: World, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    book, shape = world.ledger, (world.dealers.n, starts.size - 1)
    month = np.searchsorted(starts, np.floor_divide(book.minute, 1440), side="right") - 1
    inside = month >= 0
    cell = book.unit[inside].astype(int) * shape[1] + month[inside]
    size = shape[0] * shape[1]
    return tuple(np.bincount(cell, values[inside], size).reshape(shape) for values in (book.net, book.margin))


def _waits(world: World, before: int, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Median and 90th percentile of the waits by dealer and month; missing where nobody came."""
    met = world.contacts
    rows = np.flatnonzero(met.workshop)
    cell = met.unit[rows].astype(int) * months + world.plan.month_of(met.day[rows]) + before
    order = np.lexsort((met.wait[rows], cell))
    count = np.bincount(cell, minlength=world.dealers.n * months)
    first, wait = np.concatenate([[0], count.cumsum()[:-1]]), met.wait[rows][order].astype(float)
    made = []
    for share in (0.5, 0.9):
        place = np.minimum(first + np.floor(share * np.maximum(count - 1, 0)).astype(int), max(len(wait) - 1, 0))
        made.append(np.where(count > 0, wait[place], np.nan).reshape(world.dealers.n, months))
    return made[0], made[1]


def programmes(world: World) -> pd.DataFrame:
    """A staggered coaching programme (volunteers) and waiting-area refurbishments (drawn at random)."""
    net, plan, rng = world.dealers, world.plan, stream(world.plan.seed, "programmes")
    coached, rebuilt = np.flatnonzero(net.start >= 0), np.flatnonzero(net.refurbished)
    started = np.concatenate([plan.month_starts[net.start[coached] * PERIOD_MONTHS], plan.month_starts[2 * (2 + rebuilt % 3)]])
    return standard("programmes", {
        "programme_id": ["P01"] * coached.size + ["P02"] * rebuilt.size, "unit_id": world.unit_ids[np.concatenate([coached, rebuilt])],
        "name": ["服务顾问赋能计划"] * coached.size + ["候车区翻新"] * rebuilt.size, "started_on": plan.dates(started),
        "cost_cny": np.round(rng.uniform(60_000, 180_000, started.size), -2),
        "assigned_by": ["volunteer"] * coached.size + ["random"] * rebuilt.size, "reach_share": np.round(rng.uniform(0.6, 1.0, started.size), 2)})


def transactions(world: World) -> pd.DataFrame:
    """The ledger."""
    book = world.ledger
    number = np.arange(1, book.customer.size + 1)
    original = np.where(book.origin >= 0, book.origin + 1, number)
    return standard("transactions", {
        "transaction_id": ids("B", number), "order_id": ids("O", original), "customer_id": world.customer_ids[book.customer],
        "unit_id": world.unit_ids[book.unit], "booked_at": moments(world.plan, book.minute), "kind": pick(money.KINDS, book.kind),
        "net_cny": book.net, "margin_cny": book.margin, "currency": "CNY",
        "refund_of_transaction_id": ids("B", np.where(book.origin >= 0, book.origin + 1, -1))})


def usage(world: World) -> pd.DataFrame:
    """App users' months; log-ins fall in the three months before a customer leaves."""
    who, plan, names = world.customers, world.plan, world.plan.months()
    parts = [_month_of_use(who, plan, month) for month in range(len(names))]
    customer, logins = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    month = np.repeat(np.arange(len(names)), [part[0].size for part in parts])
    days = np.diff(plan.month_starts)[month]
    return standard("usage", {"customer_id": world.customer_ids[customer], "month": np.array(names, dtype=object)[month], "logins": logins,
                              "active_days": np.minimum(days, np.ceil(0.75 * logins))})


FADING = np.array([0.2, 0.45, 0.7])
"""Log-ins in the month of leaving, one and two months before, relative to usual."""


def _month_of_use(who: people.Customers, plan: Plan, month: int) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(plan.seed, f"usage.{month}")
    last = np.where(who.left < plan.days, plan.month_of(np.minimum(who.left, plan.days - 1)), 10**6)
    here = np.flatnonzero(who.app_user & (plan.month_of(who.joined) <= month) & (last >= month))
    fade = FADING[np.clip(last[here] - month, 0, 2)]
    usual = np.exp(2.1 + 0.5 * who.known["logins"][here].astype(float))
    return here.astype("int32"), rng.poisson(usual * np.where(last[here] - month > 2, 1.0, fade))
