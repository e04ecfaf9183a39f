"""Employees' and customers' voice side by side: one row a unit and period, from answers or from a table of means.

A period is one wave of the employee survey. Customers count in the period in which they were served and not in the one in which they answered, so
with a lag of one the survey is closed before the first of these customers comes in; only where nobody recorded the contact its answer stands in.
Cells of fewer than five employees are removed before a mean is formed; units that closed or were merged stay in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Check, Text, Unit
from voclib.schema import conformity, dates
from voclib.stats import reliability
from voclib.stats.panel import rows as gathering
from voclib.studies import repeats
from voclib.studies.ex_voc import contact_time
from voclib.studies.ex_voc import panel_text as words

Tables = Mapping[str, pd.DataFrame]
SMALL_CELL = 5
STRAGGLERS = 0.005  # share of rows in the wrong period that changes nothing
NEEDED = ("employee_surveys", "responses")
CONTROLS = ("is_manager_changed", "vacancies", "is_refurbished")
NUMBERS = ("ex_n", "ex_noise", "outcome_n", "outcome_sampling", "untouched", "response_rate", "started")
UNTOUCHED = ("parts_price", "vehicle_price", "infotainment", "driving_range", "charging", "noise", "delivery_delay")
"""Topics that no one at a dealer's desk decides: prices, the car itself, the factory's delivery. Employee experience must not move them."""


@dataclass(frozen=True, kw_only=True)
class ExPanel:
    """The study's input.

    `frame` has one row a unit and period: `unit_id`, `period` (0, 1, …), `ex` and `outcome` (NaN where a side is missing), and where known `ex_n`,
    `ex_noise` (sampling variance of `ex`), `outcome_n`, `outcome_sampling`, `untouched` (an outcome that employees cannot move), `response_rate`,
    `region`, `started` (first period of a programme, NaN where never) and the columns named by `controls`, which enter one lag back.
    `answers` are the employees' sheets behind `ex` (unit_id, period, value and items), None where only means are at hand. `placed` says for the
    rows of a table, in its order, which unit_id and period they belong to and at which `step` they were left out ("" for those in the panel).
    `is_by_contact` is False where customers count by the day of their answer, so that the order of things is not known; `unheard` says why no
    cell has an outcome, `unasked` why no change of the exposure can be formed, and what is needed, where that is so. `repeated` says whether
    answers behind the outcome were entered twice, None where only means are at hand.

    Raises
    ------
    DataError
        for a unit that stands twice in a period, periods that are no whole numbers, columns that hold text or infinite values.
    """

    frame: pd.DataFrame
    answers: pd.DataFrame | None
    items: tuple[str, ...] = ()
    points: int = 5
    controls: tuple[str, ...] = ()
    exposure: Text
    outcome: Text
    outcome_unit: Unit = "points"
    sign: int = 1
    period_name: Text
    unit_name: Text
    checks: tuple[Check, ...] = ()
    programme: Text | None = None
    is_by_contact: bool = True
    repeated: Check | None = None
    unheard: tuple[Text, Text] | None = None
    unasked: tuple[Text, Text] | None = None
    facts: Mapping[Text, float] = field(default_factory=dict)
    placed: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = [c for c in (*NUMBERS, *self.controls) if c in self.frame]
        if self.frame.empty and (self.unasked or self.unheard):
            return  # neither side has a cell: the study says why
        gathering.check(self.frame, unit="unit_id", period="period", columns=["ex", "outcome", *numbers])
        for name in ("ex", "outcome", *numbers):
            if endless := int(np.isinf(self.frame[name].to_numpy(dtype=float, na_value=np.nan)).sum()):
                raise DataError(f"{endless} of {len(self.frame)} values of '{name}' are infinite, often from a division by zero; correct them or "
                                "leave them empty.")

    @property
    def has_noise(self) -> bool:
        """Whether the sampling noise of the exposure is known, so that it can be taken off."""
        return "ex_noise" in self.frame

    @property
    def has_sampling(self) -> bool:
        """Whether the sampling error of the outcome is known, so that rows can be weighted by precision."""
        return "outcome_sampling" in self.frame


@conformity.explained
def from_tables(tables: Tables, *, metric: str = "nps_score", programme: str = "", controls: Sequence[str] = CONTROLS, with_managers: bool = False,
                timezone: str = "") -> ExPanel:
    """The panel of a company's standard tables.

    Parameters
    ----------
    metric : score of `responses`: nps_score (−100, 0, 100 an answer), csat_score, ces_score (7 is very easy) or rating_score as they are.
    programme : `programme_id` of an investment in employees, studied as an event; empty for none.
    controls : columns of `operations`, averaged over the months of a period.
    with_managers : whether answers of managers count in the mean of their own unit.

    Raises
    ------
    DataError
        for a missing table, waves at uneven distances, a survey still open when the customers of the next period come in.
    ParameterError
        for a metric, control or programme that does not exist.
    """
    timezone = dates.zone(tables, timezone)
    if absent := [name for name in NEEDED if len(tables.get(name, ())) == 0]:
        raise DataError(f"The employee and customer voices need the tables {', '.join(NEEDED)}; missing or empty: {', '.join(absent)}.")
    waves = _waves(tables["employee_surveys"])
    sheets, items, managers = _sheets(tables["employee_surveys"], waves, with_managers)
    means, hidden, unasked = _means(sheets, managers, waves)
    kept = sheets.merge(means[["unit_id", "period"]], on=["unit_id", "period"])
    tables = {**tables, "responses": contact_time.dated(tables)}
    scores, counted, voices = _scores(tables["responses"], metric, waves, timezone)
    placed = {"responses": voices, "employee_surveys": _placed(tables["employee_surveys"], waves, means, with_managers)}
    frame = means.merge(scores, on=["unit_id", "period"], how="outer")
    used = tables["responses"].loc[voices["step"].eq("").to_numpy(), "response_id"]
    frame, known = _operations(frame, tables.get("operations"), controls, waves)
    frame = _response_rate(_untouched(frame, tables, waves, timezone), tables, waves, timezone)
    frame, named = _programme(frame, tables.get("programmes"), programme, waves)
    frame = _place(frame, tables.get("units")).sort_values(["unit_id", "period"], ignore_index=True)
    closing, ordered = _closes_in_time(tables["employee_surveys"], waves, timezone), words.by_contact(counted, STRAGGLERS)
    return ExPanel(frame=frame, answers=kept, items=items, controls=known, exposure=words.EXPOSURE, outcome=words.METRICS[metric],
                   outcome_unit="points" if metric == "nps_score" else "score", period_name=waves.name, unit_name=words.STORE,
                   programme=named, checks=(hidden, closing, ordered, words.counted(counted)), is_by_contact=bool(ordered.passed),
                   unheard=words.unheard(counted), unasked=unasked, repeated=repeats.check(tables, used, timezone),
                   facts=words.facts(frame, words.STORE, len(kept), managers, None if waves.is_single else waves.step), placed=placed)


@conformity.explained
def offered(tables: Tables, programme: str) -> str:
    """`programme` where the company lists programmes at all, else none: what nobody lists cannot be studied, and the slope needs none."""
    return programme if len(tables.get("programmes", ())) else ""


def from_frame(frame: pd.DataFrame, *, unit: str, period: str, exposure: str, outcome: str, exposure_name: Text | str, outcome_name: Text | str,
               outcome_unit: Unit = "score", sign: int = 1, controls: Sequence[str] = (), exposure_n: str = "", exposure_noise: str = "",
               outcome_n: str = "", outcome_sampling: str = "", region: str = "", period_name: Text = words.PERIOD, unit_name: Text = words.UNIT,
               checks: tuple[Check, ...] = ()) -> ExPanel:
    """A panel that comes as means: any numeric outcome, one row a unit and period. What is unknown stays unknown, and the verdict says so.

    `sign` is −1 where a lower outcome is the better one. Means of fewer than five employees are removed where `exposure_n` tells them. A name given
    as one text stands in both languages; yes and no count as 1 and 0.

    Raises
    ------
    ParameterError
        for columns that do not exist, a sign other than 1 and −1.
    DataError
        for outcomes or exposures that are no numbers, and where the table is no frame.
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"A panel is made of a DataFrame with one row a unit and period, not of a {type(frame).__name__}.")
    exposure_name, outcome_name = (Text(n, n) if isinstance(n, str) else n for n in (exposure_name, outcome_name))
    roles = {"unit_id": unit, "period": period, "ex": exposure, "outcome": outcome, "ex_n": exposure_n, "ex_noise": exposure_noise,
             "outcome_n": outcome_n, "outcome_sampling": outcome_sampling, "region": region}
    roles = {name: column for name, column in roles.items() if column}
    for column in (*roles.values(), *controls):
        if column not in frame:
            raise ParameterError(f"There is no column '{column}'; {nearest(column, frame.columns)}")
    if taken := [c for c in controls if c in roles.values() or c in roles]:
        raise ParameterError(f"'{taken[0]}' is a control but already has another role: {', '.join(f'{k} = {v}' for k, v in roles.items())}. Leave it "
                             "out of controls, or rename it.")
    if sign not in (1, -1):
        raise ParameterError(f"sign is 1 (higher is better) or −1 (lower is better), not {sign!r}.")
    for column in (v for k, v in roles.items() if k not in ("unit_id", "period", "region")):
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise DataError(f"'{column}' holds {frame[column].dtype}, not numbers; three of its values: "
                            f"{', '.join(map(repr, frame[column].dropna().head(3)))}.")
    made = pd.concat([frame[list(roles.values())].set_axis(list(roles), axis=1), frame[list(controls)]], axis=1).reset_index(drop=True)
    made = made.astype({name: "float64" for name in made if pd.api.types.is_bool_dtype(made[name])})
    small = made["ex_n"].lt(SMALL_CELL) if exposure_n else pd.Series(False, index=made.index)
    made.loc[small, ["ex", *(["ex_noise"] if exposure_noise else [])]] = np.nan
    hidden = words.suppressed(int(small.sum()), int(made.loc[small, "ex_n"].sum()), SMALL_CELL, unit_name) if exposure_n else words.uncounted()
    return ExPanel(frame=made.sort_values(["unit_id", "period"], ignore_index=True), answers=None, controls=tuple(controls), exposure=exposure_name,
                   outcome=outcome_name, outcome_unit=outcome_unit, sign=sign, period_name=period_name, unit_name=unit_name,
                   checks=(hidden, *checks), facts=words.facts(made, unit_name, None, None, None))


@dataclass(frozen=True)
class _Calendar:
    """Months of the waves, counted from year 0, and months between two; a single wave is a period of its own month."""

    months: tuple[int, ...]
    step: int

    @property
    def is_single(self) -> bool:
        """Whether there is one wave alone, so that how long a period is stays unknown."""
        return len(self.months) == 1

    @property
    def name(self) -> Text:
        """How long a period is, as it stands after a number."""
        return words.PERIOD if self.is_single else words.months(self.step)

    def period(self, month: pd.Series) -> pd.Series:
        """Period of months counted from year 0."""
        return (month - self.months[0]) // self.step


def _month(values: pd.Series) -> pd.Series:
    """`2026-03` or a date as months counted from year 0."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.year * 12 + values.dt.month - 1
    parts = values.astype(str).str.extract(r"^(\d{4})-(\d{2})").astype(float)
    return (parts[0] * 12 + parts[1] - 1).astype("Int64")


def _local(values: pd.Series, timezone: str) -> pd.Series:
    """Month of moments, in the calendar of the company."""
    return _month(values.dt.tz_convert(timezone))


def _waves(surveys: pd.DataFrame) -> _Calendar:
    months = sorted(int(m) for m in _month(surveys["wave_month"]).dropna().unique())
    steps = sorted(set(np.diff(months).tolist())) or [1]
    if any(step % steps[0] for step in steps):
        raise DataError(f"Waves of the employee survey are {', '.join(map(str, steps))} months apart; a lag has one meaning only if every gap is "
                        "a multiple of the smallest. Merge waves, or study a stretch with even gaps.")
    return _Calendar(tuple(months), int(steps[0]))


def _means(sheets: pd.DataFrame, managers: int, waves: _Calendar) -> tuple[pd.DataFrame, Check, tuple[Text, Text] | None]:
    """The exposure by cell, what small cells were removed, and why no change can be formed of it; None where it can.

    Equal answers have means without noise, of which `reliability` cannot say anything: that they hold no change is for the study to say.
    """
    sizes = sheets.groupby(["unit_id", "period"])["value"].size()
    small, large = sizes[sizes < SMALL_CELL], sizes[sizes >= SMALL_CELL]
    if len(large) and sheets["value"].nunique() > 1:
        found = reliability.cells(sheets, unit="unit_id", period="period", value="value", at_least=SMALL_CELL).frame
        means = found.rename(columns={"mean": "ex", "n": "ex_n", "noise": "ex_noise"})
    else:
        means = large.rename("ex_n").reset_index().assign(ex=sheets["value"].mean(), ex_noise=0.0)
    hidden = words.suppressed(len(small), int(small.sum()), SMALL_CELL, words.STORE)
    return means, hidden, words.unasked(waves=len(waves.months), sizes=sizes.tolist(), managers=managers, floor=SMALL_CELL)


def _sheets(surveys: pd.DataFrame, waves: _Calendar, with_managers: bool) -> tuple[pd.DataFrame, tuple[str, ...], int]:
    """One row an answer sheet: unit, period, mean of its items, the items; and how many sheets of managers were left out."""
    known = surveys.assign(is_manager=_leads(surveys))
    wide = known.pivot_table(index=["unit_id", "wave_month", "employee_response_id", "is_manager"], columns="item_code", values="value",
                             observed=True).reset_index()
    items = tuple(c for c in wide.columns if c not in ("unit_id", "wave_month", "employee_response_id", "is_manager"))
    lead = wide["is_manager"]
    kept = wide if with_managers else wide[~lead]
    values = kept[list(items)]
    made = pd.DataFrame({"unit_id": kept["unit_id"].to_numpy(), "period": waves.period(_month(kept["wave_month"])).astype(int).to_numpy(),
                         "value": values.mean(axis=1).to_numpy()}).join(values.reset_index(drop=True))
    return made, items, 0 if with_managers else int(lead.sum())


def _leads(surveys: pd.DataFrame) -> pd.Series:
    """Whether a row is a manager's."""
    return surveys["is_manager"].fillna(False).astype(bool)


def _placed(surveys: pd.DataFrame, waves: _Calendar, means: pd.DataFrame, with_managers: bool) -> pd.DataFrame:
    """The cell of every row of the employee survey, and whether it was a manager's or its cell too small."""
    made = pd.DataFrame({"unit_id": surveys["unit_id"].to_numpy(), "period": waves.period(_month(surveys["wave_month"])).astype(int).to_numpy()})
    large = pd.MultiIndex.from_frame(made).isin(pd.MultiIndex.from_frame(means[["unit_id", "period"]]))
    return made.assign(step=np.select([_leads(surveys).to_numpy() & (not with_managers), ~large], ["manager", "small"], ""))


def _scores(responses: pd.DataFrame, metric: str, waves: _Calendar, timezone: str) -> tuple[pd.DataFrame, dict[str, int], pd.DataFrame]:
    """Mean score of the customers served in a period, its n and its sampling variance; how many rows went where; and where each of them went."""
    if metric not in words.METRICS or metric not in responses:
        raise ParameterError(f"There is no score '{metric}'; {nearest(metric, [m for m in words.METRICS if m in responses])}")
    given = responses[responses[metric].notna()]
    placed = given[given["unit_id"].notna() & given["contact_at"].notna()]
    period = waves.period(_local(placed["contact_at"], timezone))
    inside = (period >= 0) & (period <= waves.period(pd.Series([waves.months[-1]])).iloc[0])
    score = placed.loc[inside, metric].astype(float)
    value = 100.0 * ((score >= 9).astype(int) - (score <= 6)) if metric == "nps_score" else score
    by = value.groupby([placed.loc[inside, "unit_id"], period[inside].astype(int).rename("period")])
    made = by.agg(outcome="mean", outcome_n="size", spread="var").reset_index()
    spare = (made["outcome_n"] - 1).sum()
    pooled = float((made["spread"] * (made["outcome_n"] - 1)).sum() / spare) if spare else np.nan
    one = pooled if metric != "nps_score" else made["unit_id"].map(_one_answer(value.groupby(placed.loc[inside, "unit_id"])))
    made["outcome_sampling"] = one / made["outcome_n"]
    counted = {"scored": len(given), "unplaced": len(given) - len(placed), "outside": int((~inside).sum()), "used": int(inside.sum()),
               "stores": int(given["unit_id"].notna().sum()),
               **{name: int(placed.loc[inside, "contact_from"].eq(name).sum()) for name in (contact_time.INVITATION, contact_time.ANSWER)}}
    voices = pd.DataFrame({"unit_id": responses["unit_id"], "period": period.reindex(responses.index).astype("Int64"), "step": "score"})
    for rows, step in ((given.index, "unplaced"), (placed.index, "outside"), (placed.index[inside], "")):
        voices.loc[rows, "step"] = step
    return made.drop(columns="spread"), counted, voices.reset_index(drop=True)


def _one_answer(by: pd.api.typing.SeriesGroupBy) -> pd.Series:
    """Variance of one NPS answer by unit, ¾ promoter and ¾ detractor added (Rocks 2016), so that equal answers are not taken for certainty.

    Over all periods of the unit: from a cell's own answers its weight would go with its error, which bends slopes.
    """
    n, mean, square = by.size(), by.mean(), by.agg(lambda v: float((v**2).mean()))
    return (n * square + 1.5 * 100**2) / (n + 3) - (n * mean / (n + 3)) ** 2


def _operations(frame: pd.DataFrame, operations: pd.DataFrame | None, controls: Sequence[str],
                waves: _Calendar) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Controls by unit and period, as the mean of its months."""
    if operations is None or not len(operations):
        return frame, ()
    for name in controls:
        if name not in operations:
            raise ParameterError(f"operations has no column '{name}'; {nearest(name, operations.columns)}")
    period = waves.period(_month(operations["month"])).astype(int).rename("period")
    means = operations[list(controls)].astype(float).groupby([operations["unit_id"], period]).mean()
    return frame.merge(means.reset_index(), on=["unit_id", "period"], how="left"), tuple(controls)


def _untouched(frame: pd.DataFrame, tables: Tables, waves: _Calendar, timezone: str) -> pd.DataFrame:
    """Percent of voices that speak of what employees cannot touch, in whatever tone; without topics no column.

    Complaints would not do: who was served badly scolds the price as well. What a voice is about depends on car, price and season; if that moves
    with the employees' mood, something else moves both. Voices without a time of the contact, such as reviews, tell nothing of a period.
    """
    mentions, responses = tables.get("topic_mentions"), tables["responses"]
    if mentions is None or not len(mentions) or not mentions["topic"].isin(UNTOUCHED).any():
        return frame
    is_placed = responses["unit_id"].notna() & responses["contact_from"].isin([contact_time.CONTACT, contact_time.INVITATION])
    spoken = responses[responses["response_id"].isin(mentions["response_id"]) & is_placed]
    if spoken.empty:
        return frame
    hit = 100.0 * spoken["response_id"].isin(mentions.loc[mentions["topic"].isin(UNTOUCHED), "response_id"])
    share = hit.groupby([spoken["unit_id"], waves.period(_local(spoken["contact_at"], timezone)).astype(int).rename("period")]).mean()
    return frame.merge(share.rename("untouched").reset_index(), on=["unit_id", "period"], how="left")


def _response_rate(frame: pd.DataFrame, tables: Tables, waves: _Calendar, timezone: str) -> pd.DataFrame:
    """Percent of delivered invitations that were answered, by the contact asked about; without invitations no column."""
    asked, met = tables.get("invitations"), tables.get("touchpoints")
    if asked is None or met is None or not len(asked) or not len(met):
        return frame
    known = asked[asked["is_delivered"].fillna(False).astype(bool) & asked["touchpoint_id"].notna()]
    answered = known["invitation_id"].isin(tables["responses"]["invitation_id"]).groupby(known["touchpoint_id"]).max()
    about = met.set_index("touchpoint_id")[["unit_id", "started_at"]].reindex(answered.index)
    placed = about["unit_id"].notna().to_numpy()
    period = waves.period(_local(about["started_at"][placed], timezone)).astype(int).rename("period")
    rate = (100.0 * answered[placed]).groupby([about["unit_id"][placed], period]).mean()
    return frame.merge(rate.rename("response_rate").reset_index(), on=["unit_id", "period"], how="left")


def _programme(frame: pd.DataFrame, programmes: pd.DataFrame | None, wanted: str, waves: _Calendar) -> tuple[pd.DataFrame, Text | None]:
    """First period of the programme by unit; a programme begins to count in the period in which it starts."""
    if not wanted:
        return frame, None
    known = [] if programmes is None else programmes["programme_id"].dropna().unique().tolist()
    if wanted not in known:
        raise ParameterError(f"There is no programme '{wanted}'; {nearest(wanted, known)}")
    rows = programmes[programmes["programme_id"].eq(wanted)]
    started = waves.period(_month(rows["started_on"])).groupby(rows["unit_id"]).min()
    return frame.assign(started=frame["unit_id"].map(started).astype(float)), Text(*[str(rows["name"].iloc[0])] * 2)


def _place(frame: pd.DataFrame, units: pd.DataFrame | None) -> pd.DataFrame:
    """Region of each unit, where it is known."""
    return frame if units is None or "region" not in units else frame.assign(region=frame["unit_id"].map(units.set_index("unit_id")["region"]))


def _closes_in_time(surveys: pd.DataFrame, waves: _Calendar, timezone: str) -> Check:
    """Whether every wave is closed before the customers that it is set against come in; a survey that overlaps them has seen the outcome."""
    closed = _local(surveys["submitted_at"], timezone)
    late = waves.period(closed) > waves.period(_month(surveys["wave_month"]))
    if late.mean() > STRAGGLERS:
        raise DataError(f"{int(late.sum())} of {len(surveys)} employee answers came in after their wave's period had ended, when the customers they "
                        "are compared with were already being served. Correct wave_month, or use longer periods.")
    return words.closed(int(late.sum()), len(surveys))
