"""The frontline's one-click reports as the page reads them: who, where, when, about which part, and which of them repeat an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.schema import dates, strays

Tables = Mapping[str, pd.DataFrame]
NEEDED = ("report_id", "reported_at", "kind")
TEXTS = ("staff_id", "unit_id", "product", "topic", "competitor", "text", "duplicate_of_report_id")
MOMENTS = ("reported_at", "confirmed_at", "fixed_at", "notified_at")
AMOUNTS = ("quoted_price_cny", "recovered_cny")
BUG, RIVAL, IDEA = "product_bug", "competitor_intel", "process_suggestion"
KINDS = (BUG, RIVAL, IDEA)


@dataclass(frozen=True)
class Reports:
    """Reports that have a time and do not lie alone far from the others, sorted by it; and the time over which they were taken.

    `table` has the columns of the standard, and `day` (days since `start`), `on` (local date), `month`, `is_repeat`, `region`, `part` (the one part
    of repairs that the text names, else missing). `start` is the midnight before the first report, `end` the last moment that the table records.
    `mistyped` counts reports with a confirmation, fix or word to the reporter long after everything else, which was left out.
    """

    table: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    timezone: str
    mistyped: int = 0

    @property
    def days(self) -> float:
        """Days from start to end."""
        return float((self.end - self.start) / pd.Timedelta(days=1))

    def at(self, moments: pd.Series) -> np.ndarray:
        """Days since the start, missing as NaN."""
        return ((moments - self.start) / pd.Timedelta(days=1)).to_numpy(dtype=float)

    def whole_days(self, moments: pd.Series) -> np.ndarray:
        """Local calendar days since the first, as whole numbers; all moments are there."""
        local = moments.dt.tz_convert(self.timezone).dt.tz_localize(None).dt.normalize()
        return ((local - self.start.tz_localize(None)) / pd.Timedelta(days=1)).round().to_numpy(dtype=np.intp)

    def date(self, day: float) -> pd.Timestamp:
        """The local date of a day number."""
        return self.start.tz_localize(None) + pd.Timedelta(days=int(np.floor(day)))

    @property
    def firsts(self) -> pd.DataFrame:
        """Reports that repeat no earlier one."""
        return self.table[~self.table["is_repeat"]]


def read(tables: Tables, *, timezone: str = "") -> Reports:
    """The reports, columns that the standard lets be empty filled in; rows without a time are left out.

    Raises
    ------
    DataError
        without the table, with an empty one, without report_id, reported_at or kind, or with times that have no zone or are all missing.
    """
    timezone = dates.zone(tables, timezone)
    found = tables.get("frontline_reports")
    if found is None or found.empty:
        raise DataError("There is no table 'frontline_reports', or it is empty, so the frontline has not been heard at all. An export of one-click "
                        "reports makes one: map it in the rules file of 'voc ingest' (report number, employee, dealer, time, kind; "
                        "params/rules/sample.yml maps frontline.csv).")
    if missing := [name for name in NEEDED if name not in found]:
        raise DataError(f"The table 'frontline_reports' lacks {', '.join(missing)}; it has {', '.join(map(str, found.columns))}. Map them in the "
                        "rules file of 'voc ingest'.")
    if found["reported_at"].isna().all():
        raise DataError(f"None of {len(found):,} frontline reports has a time in reported_at; map the column with its format in the rules file.")
    made = found.assign(**_filled(found))
    if naive := [name for name in MOMENTS if getattr(made[name].dtype, "tz", None) is None]:
        raise DataError(f"The table 'frontline_reports' has times without a time zone in {', '.join(naive)}; 'voc ingest' reads them with the zone "
                        f"of its rules file; in a frame of your own, call .dt.tz_localize('{timezone}') on them.")
    # employees would have said nothing for the years that lie before one report of a mistyped date
    made = made[made["reported_at"].notna() & ~_alone(made, timezone)].sort_values(["reported_at", "report_id"], ignore_index=True)
    local = made["reported_at"].dt.tz_convert(timezone)
    start = local.min().normalize()
    made, mistyped = _in_span(made, timezone)
    end = max(made[name].max() for name in MOMENTS if made[name].notna().any())
    made = made.assign(on=local.dt.tz_localize(None).dt.normalize(), month=local.dt.strftime("%Y-%m"), region=_region(tables, made),
                       is_repeat=made["duplicate_of_report_id"].notna(), part=_parts(tables, made))
    here = Reports(made, start, end, timezone)
    return Reports(made.assign(day=here.at(made["reported_at"])), start, end, timezone, mistyped)


def _alone(found: pd.DataFrame, timezone: str) -> np.ndarray:
    """Reports (N,) far before or after all others."""
    return strays.lone(found["reported_at"].dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize())


def _in_span(made: pd.DataFrame, timezone: str) -> tuple[pd.DataFrame, int]:
    """The reports without what is said to have happened to them long after everything else, and how many reports that concerns.

    One fix in the month of a mistyped date would stretch the time over which all employees count as having been asked, and said nothing.
    """
    last = made[list(MOMENTS)].max(axis=1)
    days = last.dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    late = strays.lone(days) & (days > days.median()).to_numpy(dtype=bool)
    if not late.any():
        return made, 0
    end = max(last[~late].max(), made["reported_at"].max())
    return made.assign(**{name: made[name].mask(late & (made[name] > end).to_numpy(dtype=bool)) for name in MOMENTS[1:]}), int(late.sum())


def _filled(found: pd.DataFrame) -> dict[str, Any]:
    """Columns that are not there, all missing, each of its type."""
    at = found["reported_at"].dtype
    made: dict[str, Any] = {name: pd.Series(None, found.index, dtype="str") for name in TEXTS if name not in found}
    made |= {name: pd.Series(pd.NaT, found.index, dtype=at) for name in MOMENTS if name not in found}
    return made | {name: pd.Series(np.nan, found.index) for name in AMOUNTS if name not in found}


def _region(tables: Tables, made: pd.DataFrame) -> pd.Series:
    units = tables.get("units")
    if units is None or not {"unit_id", "region"} <= set(units):
        return pd.Series(None, made.index, dtype="str")
    return made["unit_id"].map(units.drop_duplicates("unit_id").set_index("unit_id")["region"]).astype("str")


def _parts(tables: Tables, made: pd.DataFrame) -> pd.Series:
    """The part that a bug's text names as repairs write it, where it is one; one name inside another does not count twice."""
    repairs = tables.get("repairs")
    known = [] if repairs is None or "part" not in repairs else sorted(map(str, repairs["part"].dropna().unique()))

    def named(text: Any) -> str | None:
        hits = [] if pd.isna(text) else [part for part in known if part in str(text)]
        hits = [part for part in hits if not any(part in other and part != other for other in hits)]
        return hits[0] if len(hits) == 1 else None

    return pd.Series([named(text) if kind == BUG else None for text, kind in zip(made["text"], made["kind"], strict=True)], made.index, dtype="str")


def open_days(tables: Tables, reports: Reports, units: pd.Index) -> pd.DataFrame:
    """From which day to which each dealer was open while reports were taken: `opens` and `closes` (days since the start), by unit."""
    known = tables.get("units")
    made = pd.DataFrame({"opens": 0.0, "closes": reports.days}, index=units)
    if known is None:
        return made
    dates = known.drop_duplicates("unit_id").set_index("unit_id")
    zero = reports.start.tz_localize(None)
    for column, name, more in (("opened_on", "opens", 0), ("closed_on", "closes", 1)):
        if column in dates:
            day = (pd.to_datetime(dates[column]).reindex(units) - zero) / pd.Timedelta(days=1) + more
            made[name] = day.clip(0.0, reports.days).fillna(made[name])
    return made


def steps(tables: Tables, *, timezone: str = "") -> np.ndarray:
    """At which step each row of the table (in its order) is left out of the answer: no time, alone far from the others, no employee, no dealer; ""
    for those counted."""
    reports, found = read(tables, timezone=timezone), tables["frontline_reports"]
    lacks = {name: found[name].isna() if name in found else pd.Series(True, found.index) for name in ("staff_id", "unit_id")}
    timed = found["report_id"].isin(reports.table["report_id"])
    tests = {"undated": found["reported_at"].isna(), "alone": ~timed, "unsigned": lacks["staff_id"], "placeless": lacks["unit_id"]}
    return np.select(list(tests.values()), list(tests), "").astype(object)
