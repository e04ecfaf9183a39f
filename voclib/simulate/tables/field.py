"""The field as standard tables: batches, repairs, rosters, frontline reports, projects, recommendations, concept tests, touchpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from voclib.simulate import field, verbatims
from voclib.simulate.frames import ids, pick, standard
from voclib.simulate.streams import stream
from voclib.simulate.tables import network
from voclib.simulate.tables.network import PRODUCTS, ROLES, SEGMENTS
from voclib.simulate.tables.voices import moments
from voclib.simulate.touchpoints_known import FEEDS, MISSING, SILENT
from voclib.simulate.voices import DEPARTMENTS
from voclib.simulate.worlds import concepts as concepts_world
from voclib.simulate.worlds import frontline
from voclib.simulate.worlds import projects as projects_world
from voclib.simulate.worlds.batches import PARTS
from voclib.simulate.worlds.frontline import BUG, IDEA, RIVAL

if TYPE_CHECKING:
    from voclib.simulate.company import World

KINDS = ("product_bug", "competitor_intel", "process_suggestion")
REPORTS = ("20-scores", "21-survivorship", "22-score-inflation", "30-ex-voc", "31-nps-revenue")
NO_DAY = np.datetime64("NaT", "us")
_PART_NAMES = tuple(part.name for part in PARTS)
_FAULTS = tuple(fault for part in PARTS for fault in part.faults)
_PART_TOPICS = tuple(part.topic for part in PARTS)
SUBJECT_TOPICS = (*_PART_TOPICS, *projects_world.TOPICS)
BASELINE_DAYS = 90
ROLE_SHARES = np.array([0.4, 0.25, 0.25, 0.1])


def batches(world: World) -> pd.DataFrame:
    """One row a batch, in the order of its number."""
    made = world.field.batches
    order = np.argsort(made.number)
    part = made.part[order]
    return standard("batches", {
        "batch_id": ids("PB", made.number[order], width=5), "part": pick(_PART_NAMES, part), "product": pick(PRODUCTS, made.product[order]),
        "supplier": [PARTS[p].suppliers[s] for p, s in zip(part, made.supplier[order], strict=True)],
        "produced_on": world.plan.dates(made.produced[order]), "fitted_n": made.fitted[order]})


def repairs(world: World) -> pd.DataFrame:
    """One row a repair contact; the batch is sometimes not written down, and what warranty pays has no price."""
    made, met, who, plan = world.field, world.contacts, world.customers, world.plan
    rng, contact = stream(plan.seed, "repairs.detail"), world.field.contact
    n, customer = contact.size, met.customer[contact]
    part, owned = made.batches.part[made.batch], met.day[contact] - who.joined[customer]
    yearly = rng.lognormal(np.log(14_000), 0.35, who.n)[customer]
    km = np.round(yearly * (np.clip(owned, 0, 6 * 365) + 20) / 365)  # nobody keeps a car for ever: after six years it is another one
    warranty = (km < 100_000) & (owned < 3 * 365) & (rng.random(n) < 0.5)
    count = np.array([len(item.faults) for item in PARTS])
    book, luck = world.ledger, rng.random((3, n))
    booked = book.contact >= 0
    charged = np.where(np.bincount(book.contact[booked], minlength=met.n), np.bincount(book.contact[booked], book.net[booked], met.n), np.nan)
    return standard("repairs", {
        "repair_id": ids("M", np.arange(1, n + 1)), "touchpoint_id": ids("T", contact + 1), "customer_id": world.customer_ids[customer],
        "vehicle_id": ids("V", 1 + rng.permutation(who.n), width=7)[customer], "unit_id": world.unit_ids[met.unit[contact]],
        "product": pick(PRODUCTS, who.product[customer]), "part": pick(_PART_NAMES, part),
        "batch_id": ids("PB", np.where(luck[0] < 0.03, -1, made.batches.number[made.batch]), width=5),
        "fault": pick(_FAULTS, np.append(0, count.cumsum())[part] + (luck[1] * count[part]).astype(int)),
        "repaired_at": moments(plan, np.minimum(met.minute[contact] + rng.integers(30, 241, n), plan.end_minute - 1)),
        "mileage_km": np.where(luck[2] < 0.04, np.nan, km), "cost_cny": np.where(warranty, np.nan, np.round(charged[contact], 2)),
        "is_warranty": pick((False, True, None), np.where(luck[2] > 0.97, 2, warranty))})


def rosters(world: World) -> pd.DataFrame:
    """One row an open dealer, whole week and role. What is worked adds up to the month's staff hours, to a few per cent of a week.

    Open positions and a change of manager keep hours planned from being worked; by how much is drawn per seed.
    """
    plan, net = world.plan, world.dealers
    rng, months = stream(plan.seed, "rosters"), _by_month(world)
    lacking, changed = attendance(world)
    month = plan.month_of(np.arange(plan.days))
    daily = np.nan_to_num(months["staff_hours"]) / np.diff(plan.month_starts)
    hours = daily[:, month] * (np.arange(plan.days) <= net.closed[:, None])
    monday = int(-(plan.first_day.astype(int) + 3) % 7)  # 1970-01-01 was a Thursday
    weeks = (plan.days - monday) // 7
    worked = hours[:, monday: monday + 7 * weeks].reshape(net.n, weeks, 7).sum(axis=2)
    share = rng.dirichlet(150 * ROLE_SHARES, net.n)
    unit, week, role = (index.ravel() for index in np.indices((net.n, weeks, len(ROLES))))
    at = month[monday + 7 * week]
    noise = rng.normal(scale=(0.02, 0.015), size=(unit.size, 2))
    given = worked[unit, week] * share[unit, role] * (1 + noise[:, 0])
    came = 0.98 - lacking * np.nan_to_num(months["vacancies"])[unit, at] - changed * months["is_manager_changed"][unit, at] + noise[:, 1]
    kept = worked[unit, week] > 0
    return standard("rosters", {
        "unit_id": world.unit_ids[unit[kept]], "week_on": plan.dates(monday + 7 * week[kept]), "role_band": pick(ROLES, role[kept]),
        "planned_hours": np.round(given / np.clip(came, 0.6, 1.05), 1)[kept], "worked_hours": np.round(given, 1)[kept]})


def attendance(world: World) -> tuple[float, float]:
    """Share of planned hours lost by an open position, and in a month with a new manager."""
    rng = stream(world.plan.seed, "rosters.attendance")
    return float(rng.uniform(0.008, 0.014)), float(rng.uniform(0.03, 0.06))


def _by_month(world: World) -> dict[str, np.ndarray]:
    """Staff hours, open positions and changes of manager by dealer and month of the period; missing once closed."""
    given, plan = network.operations(world), world.plan
    unit = pd.Index(world.unit_ids).get_indexer(given["unit_id"])
    month = pd.Index(plan.months()).get_indexer(given["month"])
    made = {}
    for name in ("staff_hours", "vacancies", "is_manager_changed"):
        made[name] = np.full((world.dealers.n, len(plan.months())), np.nan)
        made[name][unit[month >= 0], month[month >= 0]] = given[name].to_numpy(dtype=float)[month >= 0]
    return {**made, "is_manager_changed": np.nan_to_num(made["is_manager_changed"])}


def frontline_reports(world: World) -> pd.DataFrame:
    """One row a report."""
    made, plan = world.field, world.plan
    given, rng = made.reports, stream(world.plan.seed, "frontline.detail")
    kind, about, never = given.kind, made.about, frontline.NEVER
    topic = np.select([kind == BUG, kind == RIVAL], [np.array(_PART_TOPICS, dtype=object)[about % len(PARTS)], "vehicle_price"],
                      np.array(projects_world.TOPICS, dtype=object)[about % len(projects_world.TOPICS)])
    won = np.select([kind == RIVAL, (kind == BUG) & (given.fixed < never)], [rng.random(given.n) < 0.18, rng.random(given.n) < 0.3], False)
    worth = np.round(np.where(kind == RIVAL, rng.lognormal(9.0, 0.5, given.n), rng.lognormal(7.2, 0.7, given.n)), 2)
    number = ids("G", np.arange(1, given.n + 1), width=6)
    clock = {f"{name}_at": moments(plan, np.where(at < never, at, 0), seen=at < never) for name, at in
             {"confirmed": given.confirmed, "fixed": given.fixed, "notified": given.told}.items()}
    return standard("frontline_reports", {
        "report_id": number, "staff_id": field.staff_ids(given), "unit_id": world.unit_ids[given.unit],
        "reported_at": moments(plan, given.minute), "kind": pick(KINDS, kind), "product": pick(PRODUCTS, made.product, missing=kind == IDEA),
        "topic": topic, "competitor": pick(field.RIVALS, about % len(field.RIVALS), missing=kind != RIVAL), "quoted_price_cny": made.price,
        "text": made.text, "duplicate_of_report_id": np.where(given.of >= 0, number[given.of], None), **clock,
        "recovered_cny": np.where(won & (given.of < 0), worth, np.nan)})


def _day(world: World, day: np.ndarray) -> np.ndarray:
    """Dates; missing for what has not come."""
    there = day < projects_world.NEVER
    return np.where(there, world.plan.dates(np.where(there, day, 0)), NO_DAY)


def subject_name(subject: int) -> str:
    """A part's name, or a topic's in Chinese."""
    return PARTS[subject].name if subject < len(PARTS) else verbatims.topic_names()[SUBJECT_TOPICS[subject]]["zh"]


def measure_name(subject: int) -> str:
    """What a project on the subject is judged by."""
    return ("每千次维修中的" if subject < len(PARTS) else "每百条流程建议中的") + subject_name(subject)


def measured(world: World, subject: int, first: int, last: int) -> tuple[int, int]:
    """Cases of the subject and cases in all (repairs, or suggestions) from day `first` to before day `last`."""
    made = world.field
    if subject < len(PARTS):
        day, value = world.contacts.day[made.contact], made.batches.part[made.batch]
    else:
        ideas = made.reports.kind == IDEA
        day, value = made.reports.minute[ideas] // 1440, made.about[ideas] + len(PARTS)
    inside = (day >= first) & (day < last)
    return int((value[inside] == subject).sum()), int(inside.sum())


def _title(world: World, name: str, subjects: np.ndarray) -> list[str]:
    rng, titles = stream(world.plan.seed, name), field.sentences()["titles"]
    pools = [titles["part" if subject < len(PARTS) else SUBJECT_TOPICS[subject]] for subject in subjects]
    return [pool[int(rng.random() * len(pool))].format(name=subject_name(subject)) for pool, subject in zip(pools, subjects, strict=True)]


def _department(subjects: np.ndarray) -> np.ndarray:
    return np.array([DEPARTMENTS[verbatims.TOPICS.index(SUBJECT_TOPICS[subject])] for subject in subjects], dtype=object)


def projects(world: World) -> pd.DataFrame:
    """One row a project; the baseline is its measure over the 90 days before the charter, as a company would have read it."""
    made, rng = world.field.projects, stream(world.plan.seed, "projects.detail")
    n, scale = made.subject.size, np.where(made.subject < len(PARTS), 1000, 100)
    seen = np.array([measured(world, s, day - BASELINE_DAYS, day) for s, day in zip(made.subject, made.chartered, strict=True)], dtype=float)
    baseline = np.round(np.divide(scale * seen[:, 0], seen[:, 1], out=np.full(n, np.nan), where=seen[:, 1] > 0), 1)
    unset = rng.permutation(n)
    return standard("projects", {
        "project_id": ids("J", np.arange(1, n + 1), width=3), "name": _title(world, "projects.names", made.subject),
        "topic": pick(SUBJECT_TOPICS, made.subject), "owner_department": _department(made.subject),
        "owner_id": ids("H", np.where(unset == 0, -1, rng.integers(1, 40, n)), width=4), "chartered_on": _day(world, made.chartered),
        "due_on": _day(world, np.where(unset == 1, projects_world.NEVER, made.due)), "landed_on": _day(world, made.landed),
        "evaluated_on": _day(world, made.evaluated), "measure": [measure_name(subject) for subject in made.subject], "baseline": baseline,
        "target": np.round(baseline * rng.uniform(0.5, 0.8, n), 1), "cost_cny": np.round(rng.lognormal(12.0, 0.6, n), -3)})


def recommendations(world: World) -> pd.DataFrame:
    """One row a recommendation; a project bears the title of what it came from."""
    made, rng = world.field.projects, stream(world.plan.seed, "recommendations.detail")
    n, named = made.proposed.size, np.array(_title(world, "projects.names", made.subject), dtype=object)
    title = np.where(made.project >= 0, named[made.project], np.array(_title(world, "recommendations.titles", made.about), dtype=object))
    return standard("recommendations", {
        "recommendation_id": ids("N", np.arange(1, n + 1), width=3), "proposed_on": _day(world, made.proposed),
        "title": title, "topic": pick(SUBJECT_TOPICS, made.about), "department": _department(made.about),
        "report": pick(REPORTS, rng.integers(0, len(REPORTS), n), missing=rng.random(n) < 0.1),
        "evidence_level": rng.choice(5, n, p=(0.05, 0.3, 0.35, 0.2, 0.1)),
        "decision": pick(("pending", "adopted", "rejected"), made.decision), "decided_on": _day(world, made.decided),
        "project_id": ids("J", np.where(made.project >= 0, made.project + 1, -1), width=3)})


def concept_tests(world: World) -> pd.DataFrame:
    """One row an answer; two thirds come from customers, the others from a panel that is not in the register."""
    made, who, plan = world.field.concepts, world.customers, world.plan
    rng, n = stream(plan.seed, "concept_tests.detail"), made.concept.size
    # within a concept nobody answers twice
    place = np.concatenate([np.arange(count) for count in np.bincount(made.concept)])
    order = np.array([rng.permutation(max(who.n, int(place.max()) + 1)) for _ in range(len(field.CONCEPTS))])[made.concept, place]
    known = (rng.random(n) < 2 / 3) & (order < who.n)
    customer = np.where(known, order, 0)
    english = np.where(known, who.english[customer], rng.random(n) < 0.05).astype(int)
    spoken, level = rng.random(n) < 0.6, np.digitize(made.scores[:, 0], (3, 4))
    pools = [[field.sentences()["comments"][language][name] for name in ("low", "middle", "high")] for language in verbatims.LANGUAGES]
    said = [pools[e][k][int(luck * len(pools[e][k]))] or None for e, k, luck in zip(english, level, rng.random(n), strict=True)]
    comment = np.where(spoken, np.array(said, dtype=object), None)
    minute = (plan.days - 120 + 14 * made.concept + rng.integers(0, 21, n)) * 1440 + rng.integers(9 * 60, 22 * 60, n)
    scores = np.where(rng.random((n, len(concepts_world.QUESTIONS))) < 0.02, np.nan, made.scores)
    last = len(field.CONCEPTS) - 1
    return standard("concept_tests", {
        "answer_id": ids("Y", np.arange(1, n + 1), width=6), "concept_id": ids("CT", made.concept + 1, width=2),
        "concept": pick(field.CONCEPTS, made.concept), "kind": pick(("concept", "benchmark"), made.concept == last),
        "product": np.where(made.concept == last, PRODUCTS[3], None), "customer_id": np.where(known, world.customer_ids[customer], None),
        "segment": pick(SEGMENTS, np.where(known, who.segment[customer], rng.integers(0, 3, n))), "answered_at": moments(plan, minute),
        **{name: scores[:, i] for i, name in enumerate(concepts_world.QUESTIONS)}, "comment": comment,
        "language": pick(verbatims.LANGUAGES, english, missing=np.equal(comment, None))})


def touchpoint_register(world: World) -> pd.DataFrame:
    """One row a touchpoint, whether or not anything comes from it."""
    name, english, stage, channel, owner, feed, days = (list(column) for column in zip(*FEEDS, strict=True))
    rng, n = stream(world.plan.seed, "touchpoint_register"), len(FEEDS)
    return standard("touchpoint_register", {
        "register_id": ids("R", np.arange(1, n + 1), width=3), "name": name, "name_en": english, "stage": stage, "channel": channel,
        "owner_department": owner, "feed": feed, "expected_days": np.array(days, dtype=float),
        "registered_on": world.plan.dates(-rng.integers(30, 900, n))})


TABLES: dict[str, Callable[[World], pd.DataFrame]] = {
    "batches": batches, "repairs": repairs, "rosters": rosters, "frontline_reports": frontline_reports, "projects": projects,
    "recommendations": recommendations, "concept_tests": concept_tests, "touchpoint_register": touchpoint_register}


def as_written(world: World, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as the company's systems hold it: texts before anything was redacted."""
    return frame.assign(text=pd.array(world.field.raw_text, dtype="str")) if table == "frontline_reports" else frame


def truth(world: World) -> dict[str, Any]:
    """What was planted in the field, for `truth.json`."""
    made, plan = world.field, world.plan
    projects, concepts = made.projects, made.concepts
    number = ids("J", np.arange(1, projects.subject.size + 1), width=3)
    landed, settled = projects.landed < projects_world.NEVER, projects.decision == projects_world.YES
    effects = {number[i]: {"effect": float(0.0 - projects.effect[i]), "spike": float(projects.spike[i]), "measure": measure_name(projects.subject[i])}
               for i in np.flatnonzero(landed)}
    concept = ids("CT", np.arange(1, len(field.CONCEPTS) + 1), width=2)
    answers = {concept[i]: {"answers_n": int((concepts.concept == i).sum()),
                            **{name: {"mean": float(concepts.means[i, q]), "top_two_share": float(concepts.top_two[i, q])}
                               for q, name in enumerate(concepts_world.QUESTIONS)}} for i in range(len(concept))}
    lacking, changed = attendance(world)
    return {
        "batches": _bad_batch(world), "frontline": _frontline(world),
        "projects": {"do_nothing": [number[i] for i in np.flatnonzero(projects.idle)], "landed": effects, "spike_days": projects_world.SPIKE_DAYS,
                     "not_landed": [number[i] for i in np.flatnonzero(~landed)],
                     "overdue": [number[i] for i in np.flatnonzero(~landed & (projects.due < plan.days))]},
        "recommendations": {"recommendations_n": int(projects.proposed.size), "adopted_n": int(settled.sum()),
                            "rejected_n": int((projects.decision == projects_world.NO).sum()),
                            "adopted_without_project": [f"N{i + 1:03d}" for i in np.flatnonzero(settled & (projects.project < 0))]},
        "concepts": {"by_concept": answers, "benchmark": concept[-1], "insufficient": concept[-2]},
        "rosters": {"attendance_per_vacancy": -lacking, "attendance_with_new_manager": -changed},
        "register": {"silent_feed": SILENT, "missing_feed": MISSING, "unplanned": [f[0] for f in FEEDS if f[5] is None],
                     "without_owner": [f[0] for f in FEEDS if f[4] is None]}}


def _bad_batch(world: World) -> dict[str, Any]:
    """The batch that fails, how often against its siblings, since when; and where counting repairs alone would point."""
    made, given = world.field, world.field.batches
    bad, label = given.bad, ids("PB", given.number, width=5)
    count = np.bincount(made.batch, minlength=given.n)
    part = PARTS[given.part[bad]]
    return {"batch_id": label[bad], "part": part.name, "product": PRODUCTS[given.product[bad]], "supplier": part.suppliers[given.supplier[bad]],
            "rate_ratio": given.ratio, "rate_ratio_since_surge": made.step, "surge_on": str(world.plan.first_day + given.surge),
            "fitted_n": int(given.fitted[bad]), "repairs_n": int(count[bad]), "most_repairs_batch_id": label[int(count.argmax())],
            "batches_n": given.n, "repairs_all_n": int(count.sum())}


def _frontline(world: World) -> dict[str, Any]:
    """Who reports, what news of a fix does to it, and how long before the customers the frontline spoke."""
    made, given = world.field, world.field.reports
    rate = given.rate.reshape(-1, frontline.STAFF).sum(axis=1)
    first = made.batches.surge - made.lead
    return {"reports_n": given.n, "by_kind": {name: int((given.kind == code).sum()) for code, name in enumerate(KINDS)},
            "duplicates_n": int((given.of >= 0).sum()), "silent_dealers": list(world.unit_ids[rate == 0]),
            "told_share_of_fixed": frontline.TOLD, "reporting_ratio_once_told": given.ratio, "lead_days": made.lead,
            "first_report_on": str(world.plan.first_day + first), "bad_batch_reports_n": int(made.of_bad.sum()),
            "undercut_share": dict(zip(field.RIVALS, made.undercut.tolist(), strict=True)), "planted": made.planted}
