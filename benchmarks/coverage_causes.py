"""Planted worlds of root causes for the long runs: a bad batch among hundreds, owners who complain of it, operations that go with a topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, SHORT_BAND, Draw, Interval, Setting
from voclib.results import Estimate, refusal
from voclib.simulate.worlds import carriers, culprit, dealer_months
from voclib.stats import inference, siblings
from voclib.stats.siblings import overdispersion
from voclib.studies.root_cause import batches as root_cause_batches
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause import spread as root_cause_spread
from voclib.studies.root_cause import text as root_cause_text
from voclib.studies.root_cause import trail as root_cause_trail
from voclib.studies.root_cause import voice as root_cause_voice
from voclib.studies.root_cause.batches import Found
from voclib.studies.root_cause.operations import Panel
from voclib.text.parts import Parts

RULES = Parts(topic={"pads": "noise"}, control="vehicle_price")
SOME, FEW = 300, 100
NOMINAL = (0.0, 0.07)  # how often a 95 % interval leaves out one that it ought to hold
ROOM = (0.93, 1.0)  # adjusted for having been picked: may be too wide, never too narrow
Field = tuple[Found, dict[str, Any]]  # batches compared, and the truth beside them


@lru_cache(maxsize=2)
def _drawn(seed: int, ratio: float | None, **options: float) -> Field:
    repairs, batches, truth = culprit.draw(seed, ratio=ratio, **options)
    return root_cause_batches.study(repairs, batches), truth


def _field(truth: Callable[[dict[str, Any]], Any], ratio: float | None = None, **options: float) -> Draw:
    """Batches compared, and what is asked of the truth."""
    def taken(seed: int) -> tuple[Field, Any]:
        made = _drawn(seed, ratio, **options)
        return made, truth(made[1])
    return taken


def _thin(truth: Callable[[dict[str, Any]], Any], ratio: float | None = None) -> Draw:
    """The same of two parts alone, with one repair a year for 30 to 100 vehicles."""
    def taken(seed: int) -> tuple[Field, Any]:
        per_year = float(np.random.default_rng([seed, 12]).uniform(0.01, 0.03))
        made = _drawn(seed, ratio, groups=2, per_year=per_year)
        return made, truth(made[1])
    return taken


def _place(data: Field) -> int:
    found, truth = data
    return int(found.table.index[found.table["batch_id"].eq(truth["bad"])][0])


def _ratio(value: float, low: float, high: float) -> Estimate:
    return root_cause_batches.ratio(value, low, high, conf_level=0.95)


def _none() -> Estimate:
    return refusal("batch_ratio", unit="ratio", reason=root_cause_text.NO_BATCH, needs=root_cause_text.NO_BATCH)


def named(data: Field) -> Estimate:
    """The bad batch's ratio, as if it had been named in advance."""
    row = data[0].table.iloc[_place(data)]
    return _ratio(row["ratio"], row["low"], row["high"])


def by_vehicle(data: Field) -> Interval:
    """The same per vehicle fitted, without age, calendar and time on the road."""
    raw, at = data[0].raw, _place(data)
    return float(raw.low[at]), float(raw.high[at])


def among_all(data: Field) -> Interval:
    """The same with age and calendar learnt from all batches, the batch itself among them."""
    found, at = data[0], _place(data)
    made = siblings.beside(found.table["repairs"], found.table["worth"], kind=found.cells.kind, told=found.table["told"], own=found.dispersion)
    return float(made.low[at]), float(made.high[at])


def picked(data: Field) -> Estimate:
    """The picked batch's ratio over its true one, with the allowance for having picked it; a refusal where none is."""
    found, truth = data
    if found.row is None:
        return _none()
    true = truth["ratios"][str(found.row["batch_id"])]
    return _ratio(found.row["ratio"] / true, found.interval[0] / true, found.interval[1] / true)


def drawn_in(data: Field) -> Estimate:
    """The same, drawn towards the others."""
    found, truth = data
    if found.row is None:
        return _none()
    true = truth["ratios"][str(found.row["batch_id"])]
    return _ratio(*(found.row[name] / true for name in ("shrunken", "shrunken_low", "shrunken_high")))


def first_by_rate(data: Field) -> Interval:
    """The highest rate per vehicle fitted over its true one, with its ordinary interval, as if nobody had looked at the others."""
    found, truth = data
    at = int(np.nanargmax(found.raw.ratio))
    true = truth["ratios"][str(found.table["batch_id"].iloc[at])]
    return float(found.raw.low[at] / true), float(found.raw.high[at] / true)


def accused(data: Field) -> str:
    """The batch that is picked, or nothing."""
    return "" if data[0].row is None else str(data[0].row["batch_id"])


def most_repairs(data: Field) -> str:
    """The batch with most repairs."""
    return str(data[0].most["batch_id"])


def any_told(data: Field) -> float:
    """1 where any batch is told from its siblings."""
    return float(data[0].told > 0)


def any_above(data: Field) -> float:
    """1 where any batch's repairs per vehicle lie above the outer line of a funnel, what chance allows for one batch alone."""
    found = data[0]
    excess = (found.table["repairs"] - found.raw.expected) / np.sqrt(found.raw.expected)
    return float(bool((excess > 3.09).any()))


def any_told_alike(data: Field) -> float:
    """The same with one spread for all parts, the root mean square of theirs."""
    found = data[0]
    kind = np.unique(found.table["part"] + found.table["product"], return_inverse=True)[1]
    scatter = found.compared.scatter
    nearest = int(np.argmin(np.abs(overdispersion.SCALES - np.sqrt(np.mean(scatter.spread**2)))))
    alike = replace(scatter, prior=np.tile(np.eye(len(overdispersion.SCALES))[nearest] + 1e-12, (len(scatter.prior), 1)))
    y, e = (found.table[name].to_numpy(dtype=float) for name in ("repairs", "worth"))
    p = overdispersion.tails(y, e, kind, np.zeros(len(y), dtype=bool), alike)
    return float((inference.adjust(p[np.isfinite(p)], "by") <= 0.05).any())


def any_told_apart(data: Field) -> float:
    """The same with every repair taken for one of a vehicle of its own."""
    table = data[0].table
    return float(siblings.compare(table["repairs"], table["worth"], kind=table["part"] + table["product"]).told.any())


def both_told(data: Field) -> float:
    """1 where both bad batches are told."""
    found, truth = data
    told = set(found.table.loc[found.table["told"], "batch_id"])
    return float({truth["bad"], truth["second"]} <= told)


def called_fine(data: Field) -> float:
    """1 where the supplier of two bad batches is said to have no other that is high."""
    found = data[0]
    same = found.row is not None and found.others_told["supplier"].eq(found.row["supplier"]).any()
    return float(found.row is not None and not same and root_cause_trail.cleared(root_cause_trail.levels(found)))


def called_fine_by_silence(data: Field) -> float:
    """The same where told batches are left out and what is not seen to be high is taken for fine."""
    found = data[0]
    if found.row is None:
        return 0.0
    rest = found.table[~found.table["told"] & found.table["part"].eq(found.row["part"])]
    mine = rest["supplier"].eq(found.row["supplier"])
    if not mine.any() or mine.all():
        return 0.0
    log, error, _ = root_cause_trail._stratified(found, rest, mine)
    return float(not log / error > 1.96)


def _dealers(seed: int) -> tuple[tuple[pd.DataFrame, Found], None]:
    """Repairs that lie at dealers as chance has it, of vehicles that come back one time in five."""
    repairs, batches, _ = culprit.draw(seed, ratio=1.0, back=0.2)
    return (repairs, root_cause_batches.study(repairs, batches)), None


def any_at_dealers(data: tuple[pd.DataFrame, Found]) -> float:
    """1 where any part is said to pile up at dealers."""
    where = root_cause_spread.cards(*data)["where"]
    return float(where.isin([root_cause_spread.DEALER, root_cause_spread.BOTH]).any())


def any_at_dealers_apart(data: tuple[pd.DataFrame, Found]) -> float:
    """The same with every repair taken for one of a vehicle of its own."""
    repairs, found = data
    return any_at_dealers((repairs.assign(vehicle_id=[f"V{k}" for k in range(len(repairs))]), found))


def since(data: Field) -> Estimate:
    """Days from the planted first day to the one found; a refusal where no change is told."""
    found, truth = data
    if found.row is None or str(found.row["batch_id"]) != truth["bad"] or found.onset is None or not found.onset.is_told:
        return _none()
    days = [float((root_cause_batches.day(found.cells, k) - truth["surge"]).days) for k in (found.onset.at, found.onset.low, found.onset.high)]
    return Estimate(estimand="batch_ratio", kind="estimate", unit="days", value=days[0], conf_low=days[1], conf_high=days[2])


def _voices(**options: Any) -> Draw:
    def taken(seed: int) -> tuple[dict[str, pd.DataFrame], float]:
        tables, truth = carriers.draw(seed, **options)
        return tables, truth["ratio"]
    return taken


def _follow(tables: dict[str, pd.DataFrame]) -> root_cause_voice.Follow:
    found = root_cause_batches.study(tables["repairs"], tables["batches"])
    return root_cause_voice.study(tables, found, RULES)


def owners(tables: dict[str, pd.DataFrame]) -> Any:
    """How often owners of the batch complain of the part's topic."""
    return _follow(tables).found


def as_if_apart(tables: dict[str, pd.DataFrame]) -> Interval:
    """The same with every complaint taken for one of a customer of its own."""
    apart = {**tables, "responses": tables["responses"]}
    found = root_cause_batches.study(apart["repairs"], apart["batches"])
    rows = root_cause_voice.complaining(apart, found, found.row)
    alone = rows.assign(customer_id=rows["response_id"])
    made = root_cause_voice.ratio(alone, root_cause_voice.complaints(apart["topic_mentions"]), "noise", 0.95)
    return made.conf_low, made.conf_high


def control_moves(tables: dict[str, pd.DataFrame]) -> float:
    """1 where the control topic is said to move."""
    return float(_follow(tables).control_holds is False)


def _months(truth: Callable[[dict[str, Any]], Any], **options: Any) -> Draw:
    """Every pair of topic and measure as searched, and what is asked of the truth."""
    def taken(seed: int) -> tuple[pd.DataFrame, Any]:
        rows, counts, told = dealer_months.draw(seed, **options)
        values = {name: rows[name].to_numpy() for name in dealer_months.MEASURES}
        after = {name: rows.groupby("unit_id")[name].shift(-1).to_numpy() for name in values}
        return root_cause_operations.search([Panel(rows, counts, values, after)], control="vehicle_price").table, truth(told)
    return taken


def _pair(table: pd.DataFrame) -> pd.Series:
    return table[table["topic"].eq("waiting_time") & table["measure"].eq("long_waits")].iloc[0]


def inside(table: pd.DataFrame) -> Estimate:
    """The planted pair's ratio inside dealers."""
    return root_cause_operations.estimate(_pair(table).to_dict())


def across(table: pd.DataFrame) -> Interval:
    """The same across dealers."""
    row = _pair(table)
    return float(row["naive_low"]), float(row["naive_high"])


def any_backed(table: pd.DataFrame) -> float:
    """1 where any pair is said to hold."""
    return float(table["backed"].any())


def any_across(table: pd.DataFrame) -> float:
    """1 where a correlation across dealers tells any pair, even held down over all of them."""
    width = np.log(table["naive_high"] / table["naive_low"]) / 3.92
    z = np.log(table["naive"].astype(float)) / width
    return float(bool((z > 3.5).any()))


def backed(table: pd.DataFrame) -> float:
    """1 where the planted pair is said to hold."""
    return float(bool(_pair(table)["backed"]))


def _harder() -> list[Setting]:
    """Parts that differ unequally, two bad batches, vehicles that come back."""
    apart, two = "parts differ unequally, CV of each in 0 – {top}", "two bad batches of a part and supplier"
    returns, thin = "one vehicle in five comes back", "2 parts of 6 to 10 batches, 50 to 500 repairs in all"
    right, as_is = lambda found, truth: float(found == truth[0]), lambda found, truth: found  # noqa: E731
    alarms = {"kind": "false alarms", "count": as_is, "runs": FEW}
    return [
        Setting(method="batches accused", setting=f"{apart.format(top=0.8)}, none bad", draw=_field(lambda t: None, 1.0, unequal=0.8), call=any_told,
                naive=any_told_alike, naive_band=(0.1, 1.0), band=FALSE_ALARM_BAND, **alarms),
        Setting(method="the bad batch is picked", setting=apart.format(top=0.5), draw=_field(lambda t: (t["bad"],), 6.0, unequal=0.5),
                kind="power", call=accused, naive=most_repairs, naive_band=(0.0, 0.4), count=right, band=(0.5, 1.0), runs=FEW),
        Setting(method="both are told", setting=two, draw=_field(lambda t: None, second=4.0), kind="power", call=both_told, count=as_is,
                band=(0.6, 1.0), runs=FEW),
        Setting(method="the supplier is called fine", setting=two, draw=_field(lambda t: None, second=4.0), call=called_fine,
                naive=called_fine_by_silence, naive_band=(0.3, 1.0), band=FALSE_ALARM_BAND, **alarms),
        Setting(method="batches accused", setting=f"{returns}, none bad", draw=_field(lambda t: None, 1.0, back=0.2), call=any_told,
                naive=any_told_apart, band=FALSE_ALARM_BAND, **alarms),
        Setting(method="ratio of a batch named in advance", setting=returns, draw=_field(lambda t: t["ratio"], back=0.2), call=named,
                band=(0.88, 1.0), runs=FEW),
        Setting(method="ratio of a batch named in advance", setting=thin, draw=_thin(lambda t: t["ratio"]), call=named, naive=among_all,
                naive_band=(0.0, 0.7), band=ROOM, runs=SOME),
        Setting(method="batches accused", setting=f"{thin}, none bad", draw=_thin(lambda t: None, 1.0), call=any_told, naive=any_above,
                naive_band=(0.5, 1.0), band=FALSE_ALARM_BAND, **{**alarms, "runs": SOME}),
        Setting(method="parts that pile up at dealers", setting=f"{returns}, none does", draw=_dealers, call=any_at_dealers,
                naive=any_at_dealers_apart, naive_band=(0.2, 1.0), band=(0.0, 0.1), **alarms)]


def settings() -> list[Setting]:
    """Batches, then owners' voices, then operations."""
    right, as_is = lambda found, truth: float(found == truth[0]), lambda found, truth: found  # noqa: E731
    short = {"band": SHORT_BAND, "runs": SOME}  # of draws that take a while
    world = "20 parts of 6 to 10 batches, half of them made while the data run"
    batches = [
        Setting(method="ratio of a batch named in advance", setting=world, draw=_field(lambda t: t["ratio"]), call=named, naive=by_vehicle,
                naive_band=(0.0, 0.6), **short),
        Setting(method="ratio of the batch picked, over its true one", setting=world, draw=_field(lambda t: 1.0), call=picked, naive=first_by_rate,
                naive_band=(0.0, 0.6), band=ROOM, runs=SOME),
        Setting(method="ratio of the batch picked, drawn in", setting=world, draw=_field(lambda t: 1.0), call=drawn_in, naive=first_by_rate,
                naive_band=(0.0, 0.6), **short),
        Setting(method="the bad batch is picked", setting=world, draw=_field(lambda t: (t["bad"],)), kind="power", call=accused,
                naive=most_repairs, naive_band=(0.0, 0.4), count=right, band=(0.9, 1.0), runs=SOME),
        Setting(method="batches accused", setting=f"{world}, none bad", draw=_field(lambda t: None, 1.0), kind="false alarms", call=any_told,
                naive=any_above, naive_band=(0.2, 1.0), count=as_is, band=FALSE_ALARM_BAND, runs=SOME),
        Setting(method="first day of the excess", setting=world, draw=_field(lambda t: 0.0), call=since, max_refusals=0.1, **short)]
    people = "250 owners and 1500 of siblings"
    shared = {"call": control_moves, "count": as_is}
    voices = [
        Setting(method="voice follows the batch", setting=people, draw=_voices(), call=owners, naive=as_if_apart, naive_band=(0.0, 0.94), **short),
        Setting(method="control topic moves", setting=f"{people}, they speak of the part twice as often", draw=_voices(ratio=2.0),
                kind="false alarms", band=NOMINAL, runs=SOME, **shared),
        Setting(method="control topic moves", setting=f"{people}, they speak of everything twice as often", kind="power", band=(0.8, 1.0), runs=FEW,
                draw=_voices(ratio=2.0, control=2.0), **shared)]
    dealers = "60 dealers, 15 months, busy ones have more of all"
    method = "topic × operations"
    operations = [
        Setting(method=method, setting=dealers, draw=_months(lambda t: float(np.exp(t["log_ratio"]))), call=inside, naive=across,
                naive_band=(0.0, 0.7), band=SHORT_BAND, runs=FEW),
        Setting(method=f"{method}, pairs that hold", setting=f"{dealers}, none planted", draw=_months(lambda t: None, effect=0.0),
                kind="false alarms", call=any_backed, naive=any_across, naive_band=(0.5, 1.0), count=as_is, band=FALSE_ALARM_BAND, runs=FEW),
        Setting(method=f"{method}, pairs that hold", setting=f"{dealers}, one of 0.25 a standard deviation", kind="power", call=backed, count=as_is,
                draw=_months(lambda t: None, effect=0.25), band=(0.8, 1.0), runs=FEW)]
    return [*batches, *_harder(), *voices, *operations]
