"""What was planted, computed from the potential outcomes of the very customers simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voclib.simulate import asking, people, truth_voices, verbatims, voices
from voclib.simulate.dealers import LATENT_PER_NPS
from voclib.simulate.plan import HOURS_EAST, LONG_WAIT_MINUTES, PERIOD_MONTHS
from voclib.simulate.tables import field
from voclib.simulate.tables.network import is_vvip
from voclib.simulate.worlds import climate, long_waits, nonresponse

if TYPE_CHECKING:
    from voclib.simulate.company import World


def of(world: World) -> dict[str, Any]:
    """The truth of a world: company, scores, EX–NPS, wait–margin, begging, topics, cases, channels, cooling down."""
    plan = world.plan
    counts = {"customers": world.customers.n, "dealers": world.dealers.n, "contacts": world.contacts.n, "invited": int(world.asking.invited.size),
              "answers": int(world.asking.answers.size), "voices": world.voices.n}
    return {"seed": plan.seed, "asof": plan.asof, "first_day": str(plan.first_day), "quarters": plan.quarters, "utc_offset_hours": HOURS_EAST,
            "counts": counts, "survivorship": survivorship(world), "ex_voc": ex_voc(world), "nps_revenue": nps_revenue(world),
            "inflation": inflation(world), "topics": topics(world), "cases": clocks(world),
            "channels": truth_voices.channels(world), "cooling": truth_voices.cooling(world), "outbreak": truth_voices.outbreak(world),
            "field": field.truth(world)}


def _last_contact(world: World, rows: np.ndarray) -> np.ndarray:
    """Of the given contacts (sorted by customer and time), each customer's last."""
    who = world.contacts.customer[rows]
    return rows[np.append(who[1:] != who[:-1], True)] if rows.size else rows


def survivorship(world: World) -> dict[str, Any]:
    """NPS of all customers with a contact in the last quarter, by what could be known of them, and of all contacts by quarter."""
    met, asked, plan, who = world.contacts, world.asking, world.plan, world.customers
    quarter = plan.month_of(met.day) // 3
    rows = np.flatnonzero(quarter == len(plan.quarters) - 1)
    last = _last_contact(world, rows)
    customer = met.customer[last]
    invited = np.zeros(who.n, dtype=bool)
    invited[met.customer[asked.invited[quarter[asked.invited] == len(plan.quarters) - 1]]] = True
    answers = asked.answers
    contact = asked.invited[answers]
    late = quarter[contact] == len(plan.quarters) - 1
    return {
        "window": plan.quarters[-1], "score": "of each customer's last contact in the window, had everybody answered",
        "customers_n": int(last.size), "nps_all_customers": nonresponse.true_nps(met.score[last]),
        "nps_contactable": nonresponse.true_nps(met.score[last][who.contactable[customer]]),
        "nps_invited": nonresponse.true_nps(met.score[last][invited[customer]]),
        "nps_churned": nonresponse.true_nps(met.score[last][who.left[customer] < plan.days]),
        "share_contactable": float(who.contactable[customer].mean()), "share_invited": float(invited[customer].mean()),
        "nps_respondents": nonresponse.true_nps(asked.reported[answers][late]),
        "nps_respondents_honest": nonresponse.true_nps(met.score[contact][late]),
        "response_rate": float(answers.size / asked.invited.size), "mechanism": asked.mechanism,
        "nps_all_contacts": nonresponse.true_nps(met.score), "nps_all_answers": nonresponse.true_nps(asked.reported[answers]),
        "nps_all_contacts_by_quarter": {name: nonresponse.true_nps(met.score[quarter == i]) for i, name in enumerate(plan.quarters)},
        "nps_all_answers_by_quarter": {name: nonresponse.true_nps(asked.reported[answers][quarter[contact] == i])
                                       for i, name in enumerate(plan.quarters)},
        "followup_population_n": int(world.call_backs["population"][0]), "followup_drawn_n": int(world.call_backs["customer"].size),
        "intraclass_correlation": _icc(world), "frame": frame(world)}


def frame(world: World) -> dict[str, Any]:
    """NPS of the customers with a contact in the window of the call-backs, about the last of these contacts, had everybody answered."""
    plan, met, asked, who = world.plan, world.contacts, world.asking, world.customers
    shown, last = asking.window(plan), asking.last_contacts(plan, met)
    place = np.full(met.n, -1)
    place[asked.invited] = np.arange(asked.invited.size)
    there = place[last] >= 0
    answered = there & (asked.answered[place[last]] >= 0) & (asked.submitted[place[last]] < shown.drawn_on * 1440)
    parts = {"all": np.ones(last.size, dtype=bool), "contactable": who.contactable[met.customer[last]], "invited": there, "answered": answered,
             "silent": there & ~answered, "churned": who.left[met.customer[last]] < plan.days}
    days = plan.first_day + np.array([shown.opens, shown.closes - 1, shown.drawn_on])
    return {"first_day": str(days[0]), "last_day": str(days[1]), "drawn_on": str(days[2]),
            "customers_n": {name: int(part.sum()) for name, part in parts.items()},
            "nps": {name: nonresponse.true_nps(met.score[last][part]) for name, part in parts.items() if part.any()}}


def _icc(world: World) -> float:
    """Share of the variance of the scores' coding that lies between dealers (one-way, over all contacts)."""
    met = world.contacts
    coded = nonresponse.coded(met.score).astype(float)
    size = np.bincount(met.unit, minlength=world.dealers.n)
    mean = np.bincount(met.unit, coded, world.dealers.n) / np.maximum(size, 1)
    there = size > 0
    between = (size * (mean - coded.mean()) ** 2).sum() / (there.sum() - 1)
    within = ((coded - mean[met.unit]) ** 2).sum() / (met.n - there.sum())
    usual = (met.n - (size**2).sum() / met.n) / (there.sum() - 1)
    return float((between - within) / (between + (usual - 1) * within))


def _moved(world: World, shift: np.ndarray) -> np.ndarray:
    """Scores' coding had the latent satisfaction been moved by `shift`; one value a contact."""
    return nonresponse.coded(nonresponse.score_of(world.contacts.latent + shift)).astype(float)


def ex_voc(world: World) -> dict[str, Any]:
    """Effect of the climate one wave earlier, of a manager change, and of the coaching programme, on the score of all contacts."""
    net, met, plan = world.dealers, world.contacts, world.plan
    half, changed = net.slope * LATENT_PER_NPS / 2, net.confounder * LATENT_PER_NPS
    period = plan.month_of(met.day) // PERIOD_MONTHS
    effect = net.programme_shift[met.unit, period]
    gain = 100 * (_moved(world, np.zeros(1)) - _moved(world, -effect))
    treated, since = effect > 0, period - net.start[met.unit]
    staff = world.employees
    sheets = float(np.median(staff["returned"][staff["returned"] > 0]))
    return {
        "slope_nps_per_climate_sd": float(100 * (_moved(world, np.full(1, half)) - _moved(world, np.full(1, -half))).mean()),
        "lag_periods": 1, "period_months": PERIOD_MONTHS, "periods": plan.periods, "reverse_effect": 0.0,
        "manager_change_on_climate_sd": -0.8,
        "manager_change_on_nps": float(100 * (_moved(world, np.full(1, -changed)) - _moved(world, np.zeros(1))).mean()),
        "employee_noise_variance": 3.0, "sheets_per_wave_median": sheets, "reliability_within": 1 / (1 + 3.0 / sheets),
        "programme_id": "P01", "programme_att_nps": float(gain[treated].mean()) if treated.any() else None,
        "programme_path_nps": {str(e): float(gain[treated & (since == e)].mean()) for e in range(plan.periods) if (treated & (since == e)).any()},
        "programme_start_period": {world.unit_ids[i]: int(net.start[i]) for i in np.flatnonzero(net.start >= 0)},
        "programme_ramp": list(climate.EVENT_RAMP), "null_programme_id": "P02"}


def nps_revenue(world: World) -> dict[str, Any]:
    """Effect of a long wait at the first workshop visit on the margin and churn of the twelve months after it."""
    who = world.customers
    inside, vvip = who.cohort, is_vvip(who)
    left = who.exposed & who.world["churn1"] & inside
    base = who.world["margin0"][inside & ~who.world["churn0"]].mean()
    return {
        "exposure": f"wait_minutes > {LONG_WAIT_MINUTES} at the first maintenance or repair within {people.COHORT_DAYS} days of the first day",
        "outcome": f"margin of bookings later than that visit began, within {people.HORIZON_DAYS} days; vehicles do not occur there",
        "cohort_n": int(inside.sum()), **_effects(who, inside),
        "vvip": _effects(who, inside & vvip) if (inside & vvip & who.exposed).any() else None,
        "slide_customers": int(left.sum()), "slide_margin_each_cny": float(base), "slide_claim_cny": float(left.sum() * base),
        "confounder": "spending in the twelve months before the first day", "long_wait_on_latent_score": people.WAIT_ON_SCORE}


def _effects(who: people.Customers, rows: np.ndarray) -> dict[str, float]:
    return long_waits.effects({name: values[rows] for name, values in who.world.items()}, who.exposed[rows])


def inflation(world: World) -> dict[str, Any]:
    """Dealers that turn 7–9 into 10, and what it does to their score."""
    net, met, asked = world.dealers, world.contacts, world.asking
    answers = asked.answers
    unit = met.unit[asked.invited[answers]]
    rows = {}
    for dealer in np.flatnonzero(net.begging):
        mine = unit == dealer
        rows[world.unit_ids[dealer]] = {
            "answers": int(mine.sum()), "turned": int(asked.begged[answers][mine].sum()),
            "nps_reported": nonresponse.true_nps(asked.reported[answers][mine]),
            "nps_honest": nonresponse.true_nps(met.score[asked.invited[answers]][mine])}
    return {"dealers": rows, "turned_share": 0.35, "turned_n": int(asked.begged.sum())}


def topics(world: World) -> dict[str, Any]:
    """How often each topic is a customer's complaint: among all contacts, among written voices, and as the classifier counts."""
    met, spoken, found = world.contacts, world.voices, world.mentions
    first, second = voices.topics_of(world.plan, met)
    bad, rows = voices.tone_of(met.score) == 0, np.flatnonzero(spoken.commented)
    each = 1 / np.bincount(met.customer, minlength=world.customers.n)[met.customer]  # every customer counts as one, whatever the number of contacts
    made = {}
    for i, topic in enumerate(verbatims.TOPICS):
        present = voices.is_present(spoken, rows, i)
        made[topic] = {
            "share_customers": float(each[(first == i) | (second == i)].sum() / each.sum()),
            "share_negative_all_contacts": float((((first == i) | (second == i)) & bad).mean()),
            "share_negative_voices": float((present & (spoken.tone[rows] == 0)).mean()), "share_voices": float(present.mean()),
            "share_voices_classified": float((found["topic"] == i).sum() / max(rows.size, 1)),
            "sensitivity": float(found["sensitivity"][i]), "specificity": float(found["specificity"][i]), "department": voices.DEPARTMENTS[i],
            "name": verbatims.topic_names()[topic]}
    return {"comments_n": int(rows.size), "sentiment_error": 0.06 * 2 / 3, "by_topic": made}


def clocks(world: World) -> dict[str, Any]:
    """What share of cases meets its clock, had every case been followed to its end, and what closed cases alone show."""
    made, end = world.cases, world.plan.end_minute
    taken, closed = made["resolved"] - made["opened"], made["resolved"] < end
    return {"cases_n": int(taken.size), "open_n": int((~closed).sum()),
            "assigned_24h_share": float((made["assigned"] - made["opened"] <= 1440).mean()),
            "responded_24h_share": float((made["responded"] - made["opened"] <= 1440).mean()),
            "resolved_24h_share": float((taken <= 1440).mean()), "resolved_72h_share": float((taken <= 4320).mean()),
            "resolved_72h_share_of_closed": float((taken[closed] <= 4320).mean()) if closed.any() else None}
