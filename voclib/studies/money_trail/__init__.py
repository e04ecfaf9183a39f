"""From a printed amount back to the rows: the slide's claim, what the exposed brought, and the estimate that no row shows, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Estimate, Text
from voclib.studies.money_trail import one_ledger as ledgers
from voclib.studies.money_trail import slide as slides
from voclib.studies.money_trail import text as words
from voclib.studies.money_trail import trail as trails
from voclib.studies.money_trail.slide import Slide
from voclib.studies.money_trail.trail import Trail
from voclib.studies.nps_revenue import NpsRevenue
from voclib.studies.nps_revenue.cohort import Cohort
from voclib.studies.nps_revenue.pains import Pains

Tables = Mapping[str, pd.DataFrame]
OBSERVED, SLIDE = "observed", "vendor_slide"
SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Followed:
    """`trail` lists the rows behind any registered amount (`trail.behind("vendor_slide")`). `beside` puts the slide next to what can be defended,
    `split` says what of each amount is booked and what is an estimate, `chain` leads from topic and case to customer and money, `rows` are some of
    the bookings behind the slide. `ledger` holds the amounts of the page with the one total. Where nobody left, or everybody did, there is no slide:
    `beside` is empty, `told` says why, and `rows` are bookings of the exposed."""

    trail: Trail
    told: Text
    beside: pd.DataFrame
    split: pd.DataFrame
    chain: pd.DataFrame
    rows: pd.DataFrame
    ledger: pd.DataFrame
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]


def follow(tables: Tables, cohort: Cohort, result: NpsRevenue, pains: Pains | None = None, *, topic: str = "waiting_time",
           show_verbatims: bool = False) -> Followed | None:
    """The audit trail of a cohort's amounts, re-added to the cent; None where nobody is exposed, whose amounts could be followed."""
    if not cohort.exposed.any():
        return None
    people = cohort.people.set_index("customer_id")
    start, exposed = people["index_at"], people.index[cohort.exposed]
    loss, lost = result.ladder[result.ladder.chosen], result.lost[result.lost.chosen]
    trail = trails.build(tables, cohort.ledger, customers=exposed, start=start, days=cohort.horizon_days)
    claim = _claim(tables, cohort, start, exposed)
    printed = SLIDE if isinstance(claim, Slide) else OBSERVED
    if isinstance(claim, Slide):
        trail = claim.register(trail, name=SLIDE, loss=loss if loss.kind == "estimate" else None)
    page = {"loss": loss, **({"at_risk": result.at_risk} if result.at_risk.kind == "estimate" else {})}
    parts = {e.group: e for e in result.tiers if e.kind == "estimate"}
    shared = {} if pains is None or pains.removal is None else {"together": pains.total, **{f"pain_{e.group}": e for e in pains.shares}}
    one = ledgers.one_ledger({"loss": loss, **parts}, total="loss", trail=trail, labels=words.LABELS)
    both = [one.check]
    if shared:
        both.append(ledgers.one_ledger(shared, total="together", labels=words.LABELS).check)
    known = [case for case in trail.lines["topic"].dropna().unique() if case == topic]
    chain = trail.chain(topic, show_verbatims=show_verbatims) if known else trail.chain(show_verbatims=show_verbatims)
    told, beside = _beside(claim, lost, loss, result.steps)
    return Followed(trail=trail, told=told, beside=beside,
                    split=words.split(trail.split()), chain=words.chain(chain, SHOWN), rows=words.rows(trail.behind(printed, short=True), SHOWN),
                    ledger=words.ledger(page | parts), checks=(*cohort.ledger.check(), *trail.check(), *both),
                    captions=words.captions(trail, printed))


def _claim(tables: Tables, cohort: Cohort, start: pd.Series, exposed: pd.Index) -> Slide | Text:
    """The slide, or why there is none: it multiplies those who left by what one who stayed is worth, and needs both."""
    cluster = None if cohort.clusters is None else pd.Series(cohort.clusters, index=cohort.people["customer_id"])
    try:
        return slides.slide(tables, cohort.ledger, start=start, named=exposed, days=cohort.horizon_days, cluster=cluster)
    except DataError as error:
        return words.no_claim(error)


def _beside(claim: Slide | Text, lost: Estimate, loss: Estimate, steps: pd.DataFrame) -> tuple[Text, pd.DataFrame]:
    """What is said of the slide, and the slide next to what can be defended."""
    if isinstance(claim, Text):
        return claim, pd.DataFrame()
    return claim.told(lost=lost, loss=loss), words.beside(claim.beside(lost=lost, loss=loss, steps=steps))
