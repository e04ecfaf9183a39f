"""Topics × operations: which measure of a dealer's month goes with complaints of which topic inside dealers, with a control topic and a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Estimate, Text, refusal
from voclib.schema import dates
from voclib.stats import inference, siblings, within_counts
from voclib.studies.root_cause import voice

OWN = "own_wait"  # of the voice's own contact; all others are of the dealer's month
MEASURES = ("long_waits", "short_hours", "load", "vacancies", "manager_changed", "promotion")
FLAGS = {"manager_changed": "is_manager_changed", "promotion": "is_promotion"}
COLUMNS = ["topic", "measure", "ratio", "low", "high", "p", "q", "naive", "naive_low", "naive_high", "lead", "lead_low", "lead_high", "lead_p",
           "control", "control_low", "control_high", "control_p", "events", "told", "backed"]
LONG_MINUTES = 60
LEVEL, HALF = 0.05, 0.5  # a lead is still above this p, or within this share of the value itself

Found = tuple[float, float, float, float]  # ratio, ends, p


@dataclass(frozen=True)
class Panel:
    """Rows with `unit_id, month, complaints`, complaints by topic in the same rows, and measures beside what they are one step later."""

    rows: pd.DataFrame
    counts: pd.DataFrame
    values: Mapping[str, np.ndarray]
    after: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Causes:
    """Every pair of topic and measure, likeliest causes first (`table`), dealers and months, measures that the tables lack, and how many pairs
    (`unasked`) have too little to be told from nothing at any ratio worth asking about."""

    table: pd.DataFrame
    units: int
    months: int
    voices: int
    absent: tuple[str, ...]
    control: str
    unasked: int = 0

    @property
    def backed(self) -> pd.DataFrame:
        """Pairs told from nothing whose control topic and lead stay still."""
        return self.table[self.table["backed"]]


def refused(tables: Mapping[str, pd.DataFrame]) -> Estimate | None:
    """Why operations cannot be asked, or None."""
    given = [tables.get(name) for name in ("operations", "responses", "topic_mentions")]
    if any(one is None or one.empty for one in given):
        return refusal("cause_ratio", unit="ratio",
                       reason=Text("没有门店月度经营，或没有带主题的声音。", "There are no monthly operations, or no voices with topics."),
                       needs=Text("经营、声音与主题三张表", "Tables of operations, voices and topics"))
    return None


def complaints(tables: Mapping[str, pd.DataFrame], *, timezone: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Voices that complain, of a dealer and with a day (`response_id, unit_id, month, customer_id, at`), and what of, a column a topic."""
    timezone = dates.zone(tables, timezone)
    said = voice.complaints(tables["topic_mentions"])
    voices = voice.spoken(tables["responses"])
    voices = of_dealers(voices[voices["response_id"].isin(said["response_id"])], tables.get("units"))
    voices = voices.assign(month=voices["at"].dt.tz_convert(timezone).dt.strftime("%Y-%m")).sort_values("response_id", ignore_index=True)
    flags = pd.crosstab(said["response_id"], said["topic"]).reindex(voices["response_id"]).fillna(0.0).clip(upper=1.0)
    return voices, flags.reset_index(drop=True)


def of_dealers(voices: pd.DataFrame, units: pd.DataFrame | None) -> pd.DataFrame:
    """Voices of a dealer; of any unit where no table says which units are dealers."""
    kept = voices[voices["unit_id"].notna()]
    return kept if units is None or units.empty else kept[kept["unit_id"].isin(units.loc[units["kind"].eq("dealer"), "unit_id"])]


def by_month(tables: Mapping[str, pd.DataFrame], voices: pd.DataFrame, flags: pd.DataFrame, *, long_minutes: float = LONG_MINUTES,
             timezone: str = "") -> Panel:
    """A row a dealer and month: what its operations were, and what was complained of."""
    timezone = dates.zone(tables, timezone)
    keys = ["unit_id", "month"]
    many = voices.groupby(keys).size().rename("complaints").reset_index()
    made = tables["operations"].copy()
    hours = made["staff_hours"].where(made["staff_hours"] > 0)
    made = made.assign(load=made["footfall"] / hours, vacancies=made["vacancies"].astype(float))
    made = made.assign(**{name: made[column].astype(float) for name, column in FLAGS.items()})
    made = made.merge(_short(tables.get("rosters")), on=keys, how="left")
    made = made.merge(_waits(tables.get("touchpoints"), long_minutes, timezone), on=keys, how="left").merge(many, on=keys, how="left")
    made = made.assign(complaints=made["complaints"].fillna(0.0)).sort_values(keys, ignore_index=True)
    counts = flags.groupby([voices["unit_id"], voices["month"]]).sum().reindex(pd.MultiIndex.from_frame(made[keys])).fillna(0.0)
    values = _scaled(made)
    return Panel(made[[*keys, "complaints"]], counts.reset_index(drop=True), values, {name: _next_month(made, one) for name, one in values.items()})


def by_contact(tables: Mapping[str, pd.DataFrame], voices: pd.DataFrame, flags: pd.DataFrame, *, long_minutes: float = LONG_MINUTES) -> Panel | None:
    """A row a complaint that answers an invitation after a contact with a wait: whether that wait was long, and the customer's next one."""
    met, asked, told = tables.get("touchpoints"), tables.get("invitations"), tables["responses"]
    if met is None or asked is None or met.empty or asked.empty or met["wait_minutes"].isna().all():
        return None
    waits = met[met["wait_minutes"].notna()].sort_values(["customer_id", "started_at", "touchpoint_id"])
    waits = waits.assign(own=waits["wait_minutes"].gt(long_minutes).astype(float))
    waits = waits.assign(next=waits.groupby("customer_id")["own"].shift(-1))[["touchpoint_id", "own", "next"]]
    contact = told[["response_id", "invitation_id"]].dropna().merge(asked[["invitation_id", "touchpoint_id"]].dropna(), on="invitation_id")
    joined = contact.drop_duplicates("response_id").merge(waits, on="touchpoint_id").set_index("response_id")
    own, after = (voices["response_id"].map(joined[name]).to_numpy(dtype=float) for name in ("own", "next"))
    kept = np.isfinite(own)
    if kept.sum() < 2 or np.ptp(own[kept]) == 0:
        return None
    rows = voices.loc[kept, ["unit_id", "month"]].assign(complaints=1.0).reset_index(drop=True)
    return Panel(rows, flags[kept].reset_index(drop=True), {OWN: own[kept]}, {OWN: after[kept]})


def _waits(touchpoints: pd.DataFrame | None, long_minutes: float, timezone: str) -> pd.DataFrame:
    """Share of a dealer's visits with a wait that was long, by month."""
    if touchpoints is None or touchpoints.empty:
        return pd.DataFrame({"unit_id": pd.Series(dtype="str"), "month": pd.Series(dtype="str"), "long_waits": pd.Series(dtype=float)})
    known = touchpoints[touchpoints["wait_minutes"].notna() & touchpoints["unit_id"].notna()]
    month = known["started_at"].dt.tz_convert(timezone).dt.strftime("%Y-%m").rename("month")
    return known["wait_minutes"].gt(long_minutes).groupby([known["unit_id"], month]).mean().rename("long_waits").reset_index()


def _short(rosters: pd.DataFrame | None) -> pd.DataFrame:
    """Share of planned hours that nobody worked, by dealer and month; a week belongs to the month of its Thursday."""
    if rosters is None or rosters.empty:
        return pd.DataFrame({"unit_id": pd.Series(dtype="str"), "month": pd.Series(dtype="str"), "short_hours": pd.Series(dtype=float)})
    month = (rosters["week_on"] + pd.Timedelta(days=3)).dt.strftime("%Y-%m")
    sums = rosters.assign(month=month).groupby(["unit_id", "month"])[["planned_hours", "worked_hours"]].sum()
    return (1.0 - sums["worked_hours"] / sums["planned_hours"].where(sums["planned_hours"] > 0)).rename("short_hours").reset_index()


def study(tables: Mapping[str, pd.DataFrame], *, control: str = "", fdr: float = 0.05, conf_level: float = 0.95,
          long_minutes: float = LONG_MINUTES, timezone: str = "") -> Causes:
    """Every topic on every measure; told at false discovery rate `fdr` over all pairs (BY), backed where control topic and lead stay still."""
    voices, flags = complaints(tables, timezone=timezone)
    panels = [by_contact(tables, voices, flags, long_minutes=long_minutes),
              by_month(tables, voices, flags, long_minutes=long_minutes, timezone=timezone)]
    return search([one for one in panels if one is not None], control=control, fdr=fdr, conf_level=conf_level)


def search(panels: Sequence[Panel], *, control: str = "", fdr: float = 0.05, conf_level: float = 0.95) -> Causes:
    """As `study`, on panels."""
    rows = []
    for one in panels:
        for name, values in one.values.items():
            held = _slope(one, one.counts[control].to_numpy(), values, None, conf_level) if control in one.counts else None
            rows += [_pair(one, str(topic), name, held, conf_level) for topic in one.counts.columns.drop(control, errors="ignore")]
    table = pd.DataFrame([row for row in rows if row], columns=COLUMNS)
    table["q"] = inference.adjust(table["p"].astype(float), "by") if len(table) else table["p"]
    table["told"] = table["q"] <= fdr
    still = (table["lead_p"] > LEVEL) | (np.abs(np.log(table["lead"].astype(float))) <= HALF * np.abs(np.log(table["ratio"].astype(float))))
    moved = table["control_p"].le(LEVEL) & table["control"].gt(1)
    up = table["ratio"].gt(1)  # topics share the complaints: where one takes more the others take less, so a fall is no cause
    table["backed"] = table["told"] & up & table["lead_p"].notna() & still & table["control_p"].notna() & ~moved
    table = table.sort_values(["backed", "told", "p", "topic", "measure"], ascending=[False, False, True, True, True], ignore_index=True)
    active = pd.concat([one.rows[one.rows["complaints"] > 0] for one in panels]) if panels else pd.DataFrame(columns=["unit_id", "month"])
    known = {name for one in panels for name in one.values}
    return Causes(table, units=int(active["unit_id"].nunique()), months=int(active["month"].nunique()),
                  voices=max((int(one.rows["complaints"].sum()) for one in panels), default=0),
                  absent=tuple(name for name in (OWN, *MEASURES) if name not in known), control=control,
                  unasked=len(rows) - len(table))


def _scaled(measures: pd.DataFrame) -> dict[str, np.ndarray]:
    """Measures in standard deviations inside dealers (flags as they are); those that never change inside any are left out."""
    scaled = {}
    for name in MEASURES:
        if name not in measures or measures[name].isna().all():
            continue
        sd = float((measures[name] - measures.groupby("unit_id")[name].transform("mean")).std())
        if np.isfinite(sd) and sd > 1e-12:
            scaled[name] = measures[name].to_numpy(dtype=float) / (1.0 if name in FLAGS else sd)
    return scaled


def _next_month(measures: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """The dealer's value of the month after."""
    after = (pd.PeriodIndex(measures["month"], freq="M") + 1).strftime("%Y-%m")
    known = pd.Series(values, pd.MultiIndex.from_frame(measures[["unit_id", "month"]]))
    return known.reindex(pd.MultiIndex.from_arrays([measures["unit_id"], after])).to_numpy()


def _pair(panel: Panel, topic: str, name: str, held: Found | None, level: float) -> dict[str, object] | None:
    """One topic on one measure; None where too little is there to be told."""
    y, values = panel.counts[topic].to_numpy(), panel.values[name]
    own = _slope(panel, y, values, None, level)
    if own is None:
        return None
    none = (np.nan,) * 4
    row: dict[str, object] = {"topic": topic, "measure": name, "events": int(y.sum())}
    lead = _slope(panel, y, panel.after[name], values, level)
    for key, found in (("", own), ("lead", lead or none), ("control", held or none), ("naive", _across(panel, y, values, level))):
        names = ("ratio", "low", "high", "p") if not key else (key, f"{key}_low", f"{key}_high", f"{key}_p")
        row |= dict(zip(names, found, strict=True))
    return row


def _slope(panel: Panel, y: np.ndarray, values: np.ndarray, beside: np.ndarray | None, level: float) -> Found | None:
    """Ratio, ends and p inside dealers and months; None where these data cannot tell it (`_asked`)."""
    columns = values[:, None] if beside is None else np.column_stack([values, beside])
    try:
        found = within_counts.slopes(y, panel.rows["complaints"], columns, names=["x", "beside"][: columns.shape[1]], unit=panel.rows["unit_id"],
                                     period=panel.rows["month"], conf_level=level)
    except DataError:  # too few events, or a measure that does not change where there are any
        return None
    made = found.decisions["x"]
    return None if made.conf_low is None else _asked(made.fit.value, made.conf_low, made.conf_high, float(made.p_value))


def _asked(value: float, low: float, high: float, p: float) -> Found | None:
    """A log ratio as one; None where its interval is so wide that not even `siblings.FAR` times would be told from none, and where the fit ran away,
    as it does where the topic never comes up on one side of the measure."""
    known = max(abs(value), abs(low), abs(high)) <= np.log(siblings.FARTHEST) and high - low <= 2 * np.log(siblings.FAR)
    return (float(np.exp(value)), float(np.exp(low)), float(np.exp(high)), p) if known else None


def _across(panel: Panel, y: np.ndarray, values: np.ndarray, level: float) -> Found:
    """The same across all dealers and months at once, each row counted as if it stood alone: what a sheet's correlation shows."""
    found = within_counts.across(y, panel.rows["complaints"], values)
    if found is None:
        return (np.nan,) * 4
    value, error = found
    reach = inference.quantile(level, np.inf)
    return _asked(value, value - reach * error, value + reach * error, inference.p_value(value / error, np.inf)) or (np.nan,) * 4


def estimate(row: Mapping[str, object], *, key: str = "", conf_level: float = 0.95, group: str = "") -> Estimate:
    """A row of the table as an Estimate: its own ratio, or that of `lead`, `control` or `naive`."""
    names = ("ratio", "low", "high") if not key else (key, f"{key}_low", f"{key}_high")
    value, low, high = (float(row[name]) for name in names)
    method = "Poisson, dealers and months; clustered by dealer" if key != "naive" else "Poisson across dealers"
    return Estimate(estimand="cause_ratio", kind="estimate", unit="ratio", group=group, value=value, conf_low=low, conf_high=high,
                    n=int(row["events"]), conf_level=conf_level, p_value=float(row["p"]) if not key else None,
                    evidence_level=1 if not key and row["backed"] else 0, ci_method=method)
