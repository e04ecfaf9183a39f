"""Which cases go into the library: closed ones, a few of every topic, grade and outcome, drawn at random, so that it shows kinds and not dramas.

A library drawn that way is no sample of all cases: rare kinds have as many cards as common ones. How far its shares lie from those of all closed
cases is part of the finding (`shares`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.loop.case_library.rule import Rule

Tables = Mapping[str, pd.DataFrame]
CELL = ["topic", "severity", "outcome"]
OUTCOMES, GRADES = ("in_time", "late", "reopened"), ("safety", "high", "medium", "low")
ANY = "*"  # in the name of a cell: all grades, or all topics
STEPS = ("open", "unfiled", "nobody", "rare")
_NEEDED = ("case_id", "customer_id", "unit_id", "topic", "severity", "owner_department", "opened_at", "resolved_at", "description")
_MADE_UP = ("assigned_at", "responded_at", "response_id")


def prepared(tables: Tables, rule: Rule) -> pd.DataFrame:
    """All cases in the order of the table, with `step` (why one cannot be drawn, "" where it can), `outcome`, `hours` and what is known of whom.

    Added: `region` of the dealer (else of the customer), `product`, `value_tier`, `language` of the customer, `opened` local time without zone,
    `cell` that it is drawn from.

    Raises
    ------
    DataError
        without a table of cases or of customers, without a column, with no case at all, none closed, or times without a zone.
    """
    for name, why in (("cases", "no case can be taught from"), ("customers", "nobody can say how many people a card could be about")):
        if name not in tables:
            raise DataError(f"There is no table '{name}', so {why}. Map it in the rules file of 'voc ingest' (params/rules/sample.yml is one).")
    found = tables["cases"].reset_index(drop=True)
    if missing := [name for name in _NEEDED if name not in found.columns]:
        raise DataError(f"The table 'cases' has no column '{missing[0]}', which a case library needs; it has {', '.join(found.columns)}.")
    if found.empty or found["resolved_at"].isna().all():
        raise DataError(
            f"None of {len(found):,} cases is closed; a library teaches from how cases ended. Map 'resolved_at' in the rules file of "
            "'voc ingest', or wait until cases are closed."
        )
    if getattr(found["opened_at"].dtype, "tz", None) is None:
        raise DataError(f"The table 'cases' has times without a time zone; call .dt.tz_localize('{rule.timezone}') on them.")
    found = _who(found.assign(**{name: None for name in _MADE_UP if name not in found.columns}), tables)
    opened = found["opened_at"].dt.tz_convert(rule.timezone).dt.tz_localize(None)
    hours = (found["resolved_at"] - found["opened_at"]).dt.total_seconds() / 3600
    found = found.assign(opened=opened, hours=hours, outcome=_outcome(found, hours, rule))
    placeless = found["region"].isna() & found["region"].notna().any()  # where nobody has a region, no card states one
    reasons = [found["resolved_at"].isna(), found[["topic", "opened_at"]].isna().any(axis=1), found["customer_id"].isna() | placeless]
    step = np.select([np.asarray(one, dtype=bool) for one in reasons], list(STEPS[:-1]), "").astype(object)
    cell = _cells(found[step == ""], rule).reindex(found.index)
    return found.assign(cell=cell, step=np.where((step == "") & cell.isna(), STEPS[-1], step))


def _cells(able: pd.DataFrame, rule: Rule) -> pd.Series:
    """The cell of every case: topic, grade and outcome; rare ones together over grades, then over topics; missing where still too few."""
    cell = pd.Series(None, able.index, dtype=object)
    for merged in ((), ("severity",), ("severity", "topic")):
        rest = able[cell.isna()]
        key = rest[CELL].assign(**dict.fromkeys(merged, ANY)).astype(str).agg("|".join, axis=1) if len(rest) else pd.Series(dtype=object)
        enough = key.map(key.value_counts()) >= rule.fewest
        cell.loc[key.index[enough]] = key[enough]
    return cell


def _who(found: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What the lists of customers and dealers know of a case's customer; a customer on no list is nobody."""
    people = tables["customers"].drop_duplicates("customer_id").set_index("customer_id")
    places = tables["units"].drop_duplicates("unit_id").set_index("unit_id")["region"] if "units" in tables else pd.Series(dtype=object)
    listed = {name: found["customer_id"].map(people[name]) if name in people.columns else None for name in ("product", "value_tier", "language")}
    region = found["unit_id"].map(places).astype(object)
    if "region" in people.columns:
        region = region.where(region.notna(), found["customer_id"].map(people["region"]).astype(object))
    return found.assign(**listed, region=region, customer_id=found["customer_id"].where(found["customer_id"].isin(people.index)))


def _outcome(found: pd.DataFrame, hours: pd.Series, rule: Rule) -> np.ndarray:
    """in_time, late, or reopened: the customer opened another case on the topic soon after this one was closed."""
    order = found.sort_values(["opened_at", "case_id"])
    later = order.groupby(["customer_id", "topic"], dropna=True)["opened_at"].shift(-1).reindex(found.index)
    after = (later - found["resolved_at"]).dt.total_seconds() / 86400
    return np.select([after.between(0, rule.reopened_days).to_numpy(), (hours > rule.late_hours).to_numpy()], ["reopened", "late"], "in_time").astype(
        object
    )


def draw(found: pd.DataFrame, rule: Rule, *, seed: int) -> pd.DataFrame:
    """Up to `per_cell` cases of every cell, at random; one row a case, sorted by cell and case, empty where no cell can be drawn from.

    A cell's lot depends on the seed and its own cases alone, so that another cell's cases change nothing.
    """
    able = found[found["step"].eq("")]
    chosen = []
    for cell, part in able.sort_values("case_id").groupby("cell", sort=True):
        rng = np.random.default_rng([seed, *str(cell).encode()])
        chosen.append(part.iloc[np.sort(rng.permutation(len(part))[: rule.per_cell])])
    return pd.concat(chosen) if chosen else able


def shares(found: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Shares of outcomes, grades and topics among the cards and among all closed cases: `by`, `value`, `cards`, `cases`, `cards_n`, `cases_n`."""
    closed, rows = found[found["resolved_at"].notna()], []
    for by in ("outcome", "severity", "topic"):
        for value in OUTCOMES if by == "outcome" else GRADES if by == "severity" else sorted(closed[by].dropna().unique()):
            mine, all_ = int(chosen[by].eq(value).sum()), int(closed[by].eq(value).sum())
            if all_:
                rows.append(
                    {
                        "by": by,
                        "value": value,
                        "cards": mine / max(len(chosen), 1),
                        "cases": all_ / max(len(closed), 1),
                        "cards_n": mine,
                        "cases_n": all_,
                    }
                )
    return pd.DataFrame(rows, columns=["by", "value", "cards", "cases", "cards_n", "cases_n"])
