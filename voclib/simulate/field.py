"""What happened in the field: batches and repairs, reports of the frontline, recommendations and projects, concept tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from voclib.simulate import identifiers, verbatims
from voclib.simulate.frames import ids
from voclib.simulate.people import REPAIR
from voclib.simulate.streams import stream
from voclib.simulate.tables.network import PRODUCTS
from voclib.simulate.worlds import batches as batches_world
from voclib.simulate.worlds import concepts as concepts_world
from voclib.simulate.worlds import frontline
from voclib.simulate.worlds import projects as projects_world
from voclib.simulate.worlds.batches import PARTS
from voclib.simulate.worlds.frontline import BUG, IDEA, NEVER, RIVAL, STAFF

if TYPE_CHECKING:
    from voclib.simulate.company import World

LEAD_DAYS = (7, 15)
"""Days by which the frontline speaks of the bad batch before the repairs of it become more."""
PER_CUSTOMER, FEWEST = 0.0275, 60
RIVALS = ("远山汽车", "海拓", "凌跃", "北辰动力", "擎宇")
PRICES = np.array([149_800, 199_800, 129_800, 229_800, 329_800, 79_800])
CONCEPTS = ("城市通勤微型车", "七座纯电家用车", "换电网约车", "露营版皮卡", "在售 辰星 X6")
BUSY_DAYS = 75
"""After the first report of the bad batch half the defects named are of it for so long."""
SAID_SHARE, ENGLISH_SHARE = 0.03, 0.06
_TOPIC_WEIGHTS = np.array([2.2, 1.2, 1.0, 1.5, 0.7, 1.4, 0.9, 1.1])


@dataclass(frozen=True)
class Field:
    """One world's draws. `about` of a report indexes PARTS, RIVALS or the suggestions' topics, by its kind; `contact` are repair contacts."""

    batches: batches_world.Batches
    step: float
    contact: np.ndarray
    batch: np.ndarray
    projects: projects_world.Projects
    reports: frontline.Reports
    product: np.ndarray
    about: np.ndarray
    price: np.ndarray
    of_bad: np.ndarray
    undercut: np.ndarray
    lead: int
    text: np.ndarray
    raw_text: np.ndarray
    planted: dict[str, int]
    concepts: concepts_world.Answers


@lru_cache(maxsize=1)
def sentences() -> dict[str, Any]:
    """The templates of reports, comments and titles."""
    return yaml.safe_load(resources.files("voclib.simulate").joinpath("templates/frontline.yml").read_text(encoding="utf-8"))


def make(world: World) -> Field:
    """The field of a world."""
    plan, met, model = world.plan, world.contacts, world.customers.product
    batches = batches_world.make(stream(plan.seed, "field.batches"), vehicles=np.bincount(model, minlength=len(PRODUCTS)), days=plan.days)
    projects = projects_world.make(stream(plan.seed, "field.projects"), days=plan.days, spared=int(batches.part[batches.bad]))
    contact = np.flatnonzero(met.kind == REPAIR)
    batch, step = batches_world.repairs(stream(plan.seed, "field.repairs"), batches, product=model[met.customer[contact]].astype(int),
                                      day=met.day[contact], factors=projects.factors(met.day[contact], parts=True))
    rng = stream(plan.seed, "field.reports")
    lead = int(rng.integers(*LEAD_DAYS))
    reports = frontline.make(rng, expected=max(FEWEST, PER_CUSTOMER * plan.customers), days=plan.days,
                                 open_days=np.minimum(world.dealers.closed + 1, plan.days))
    reports, added = _with_first(rng, reports, day=batches.surge - lead, closed=world.dealers.closed)
    named = _named(rng, reports, batches, projects, lead=lead, added=added)
    raw, clean, planted = _told(stream(plan.seed, "field.texts"), reports, batches, named)
    return Field(batches=batches, step=step, contact=contact, batch=batch, projects=projects, reports=reports, lead=lead, text=clean,
                 raw_text=raw, planted=planted, concepts=concepts_world.make(stream(plan.seed, "field.concepts"), concepts=len(CONCEPTS)), **named)


def _with_first(rng: np.random.Generator, given: frontline.Reports, *, day: int, closed: np.ndarray,
                ) -> tuple[frontline.Reports, np.ndarray]:
    """Three reports more, by employees who report anyway: the first of the bad batch on its day, two soon after; and their places."""
    chance = given.rate * np.repeat(closed > day + 5, STAFF)
    staff = rng.choice(given.rate.size, 3, p=chance / chance.sum())
    minute = (day + np.array([0, 2, 5])) * 1440 + rng.integers(9 * 60, 18 * 60, 3)
    row = np.searchsorted(given.minute, minute)
    # places of originals move by the reports put in before them
    moved = np.where(given.of >= 0, given.of + np.searchsorted(row, given.of, side="right"), -1)
    made = {name: np.insert(getattr(given, name), row, value) for name, value in
            {"staff": staff, "minute": minute, "kind": BUG, "confirmed": NEVER, "fixed": NEVER, "told": NEVER}.items()}
    return frontline.Reports(**made, of=np.insert(moved, row, -1), rate=given.rate, ratio=given.ratio), row + np.arange(3)


def _named(rng: np.random.Generator, reports: frontline.Reports, batches: batches_world.Batches, projects: projects_world.Projects, *,
           lead: int, added: np.ndarray) -> dict[str, np.ndarray]:
    """What each report is about: model, part or rival or topic, price; half the defects named after the bad batch's first are of it."""
    n, day, kind = reports.n, reports.minute // 1440, reports.kind
    parts = projects.factors(day, parts=True) * np.array([part.weight for part in PARTS])
    topics = projects.factors(day, parts=False) * _TOPIC_WEIGHTS
    about = np.select([kind == BUG, kind == RIVAL], [_chosen(rng, parts), rng.integers(0, len(RIVALS), n)], _chosen(rng, topics))
    product = rng.integers(0, len(PRODUCTS), n)
    first = batches.surge - lead
    model, part = batches.product[batches.bad], batches.part[batches.bad]
    of_bad = (kind == BUG) & (day >= first) & (day < first + BUSY_DAYS) & (rng.random(n) < 0.5)
    of_bad[added] = True
    product, about = np.where(of_bad, model, product), np.where(of_bad, part, about)
    undercut = rng.uniform(0.03, 0.14, len(RIVALS))
    price = np.round(PRICES[product] * (1 - undercut[about % len(RIVALS)] + 0.02 * rng.normal(size=n)), -2)
    for row in np.flatnonzero(reports.of >= 0):  # a repetition is about the same thing
        of_bad[row], product[row], about[row], price[row] = (values[reports.of[row]] for values in (of_bad, product, about, price))
    return {"product": product, "about": about, "of_bad": of_bad, "undercut": undercut, "price": np.where(kind == RIVAL, price, np.nan)}


def _chosen(rng: np.random.Generator, weight: np.ndarray) -> np.ndarray:
    """A column drawn in proportion to its weight, row by row."""
    reached = weight.cumsum(axis=1)
    return (reached < (rng.random(len(weight)) * reached[:, -1])[:, None]).sum(axis=1).clip(max=weight.shape[1] - 1)


def _told(rng: np.random.Generator, reports: frontline.Reports, batches: batches_world.Batches, named: dict[str, np.ndarray],
          ) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Texts as written and as they may be shown; a few carry identifiers of customers, a few are hostile."""
    n, given = reports.n, sentences()
    english = (rng.random(n) < ENGLISH_SHARE).astype(int)
    luck, number = rng.random((3, n)), rng.integers(2, 6, n)
    label = ids("PB", batches.number[[batches.bad]], width=5)[0]
    texts = np.empty(n, dtype=object)
    for row in range(n):
        spoken, about = int(english[row]), int(named["about"][row])
        language, kind = verbatims.LANGUAGES[spoken], int(reports.kind[row])
        pool = (given["suggestion"][projects_world.TOPICS[about]] if kind == IDEA else given["competitor"] if kind == RIVAL
                else given["batch" if named["of_bad"][row] else "bug"])[language]
        part = PARTS[about % len(PARTS)]
        fault = (part.faults[int(luck[1, row] * len(part.faults))], part.english_fault)[spoken]
        price = named["price"][row]
        texts[row] = pool[int(luck[0, row] * len(pool))].format(
            model=PRODUCTS[named["product"][row]].replace("辰星", ("辰星", "Chenxing")[spoken]), part=(part.name, part.english)[spoken], fault=fault,
            competitor=RIVALS[about % len(RIVALS)], price=f"{price / 1e4:.2f} 万" if not spoken else f"CNY {price:,.0f}", n=number[row], batch=label)
    hostile = rng.permutation(np.flatnonzero(reports.kind == IDEA))[: max(1, n // 150)]
    for place, row in enumerate(hostile):
        texts[row] = verbatims.HOSTILE[place % len(verbatims.HOSTILE)]
    raw, clean, planted = identifiers.plant(rng, texts, english, share=SAID_SHARE)
    return raw, clean, {**planted, "hostile": int(hostile.size)}


def staff_ids(reports: frontline.Reports) -> np.ndarray:
    """Employees as the contacts name them."""
    return ids("E", reports.unit * 100 + reports.staff % STAFF, width=6)
