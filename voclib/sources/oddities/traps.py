"""What looks fine row by row and is not: constant columns, leaked outcomes, repeated texts, import dates, contradictions."""

from __future__ import annotations

import pandas as pd

from voclib.sources.adapters import OWN
from voclib.sources.mapping import RESERVED

SCORES = ("nps_score", "csat_score", "ces_score", "rating_score", "star_rating")
PLACEHOLDERS = ("1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "1999-12-31", "2000-01-01", "2099-12-31", "9999-12-31")
_LEAST_ROWS, _LEAST_TEXT = 30, 20
_MOSTLY_EMPTY, _LEAKED, _PILE = 0.8, 0.5, 0.02


def columns(raw: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Of one file: columns with one value throughout, columns never filled, columns filled in fewer than a fifth of the rows."""
    found: dict[str, dict[str, object]] = {"constant": {}, "empty": {}, "mostly_empty": {}}
    rows = raw[raw["_problem"] == ""]
    if len(rows) < 2:
        return found
    for name in rows.columns:
        if name in OWN or name in RESERVED:
            continue
        share = float(rows[name].notna().mean())
        if share == 0:
            found["empty"][name] = 0
        elif share == 1 and rows[name].nunique() == 1:
            found["constant"][name] = len(rows)
        elif share <= 1 - _MOSTLY_EMPTY:
            found["mostly_empty"][name] = round(1 - share, 4)
    return found


def repeated_rows(raw: pd.DataFrame) -> int:
    """Rows of a file that repeat an earlier row in every cell."""
    cells = [name for name in raw.columns if name not in OWN and name not in RESERVED]
    usable = raw[raw["_problem"] == ""].drop_duplicates("_row")  # a record that became several rows stands in the file once
    return int(usable.duplicated(cells).sum()) if cells else 0


def survivors(customers: pd.DataFrame, transactions: pd.DataFrame | None) -> list[dict]:
    """A customer list in which nobody has left: whoever left was taken off it, or never asked.

    `lapsed` counts customers without a booking in the last 365 days of the ledger, who may be the ones that left.
    """
    if len(customers) < _LEAST_ROWS or customers["is_churned"].fillna(False).any():
        return []
    lapsed = 0
    if transactions is not None and len(transactions):
        last = transactions.groupby("customer_id")["booked_at"].max()
        lapsed = int((last < transactions["booked_at"].max() - pd.Timedelta(days=365)).sum())
    return [{"trap": "survivors_only", "column": "is_churned", "n": len(customers), "lapsed": lapsed}]


def leaks(responses: pd.DataFrame, customers: pd.DataFrame) -> list[dict]:
    """Scores whose value settles churn: groups of at least 30 customers of whom all or none left.

    A score known before the outcome never does that for half of the customers; one that was derived from it, or asked after it, does.
    """
    if not {"customer_id", "is_churned"} <= set(customers.columns) or responses["customer_id"].isna().all():
        return []
    outcome = customers.set_index("customer_id")["is_churned"]
    found = []
    for score in SCORES:
        asked = responses.loc[responses[score].notna() & responses["customer_id"].isin(outcome.index), ["customer_id", score]]
        churned = asked["customer_id"].map(outcome)
        groups = churned.astype("float64").groupby(asked[score].astype("int64")).agg(["size", "mean"])
        settled = groups[(groups["size"] >= _LEAST_ROWS) & groups["mean"].isin([0.0, 1.0])]
        if len(asked) and settled["size"].sum() >= _LEAKED * len(asked) and groups["mean"].nunique() > 1:
            values = {str(value): {"n": int(row["size"]), "churned_share": round(float(row["mean"]), 4)} for value, row in groups.iterrows()}
            found.append({"trap": "leaked_outcome", "column": score, "outcome": "is_churned", "n": len(asked),
                          "settled_share": round(float(settled["size"].sum() / len(asked)), 4), "values": values})
    return found


def repeated_texts(responses: pd.DataFrame) -> list[dict]:
    """Verbatims of at least 20 characters that stand under more than one voice, and how many of those disagree on a score."""
    texts = responses[responses["comment"].str.len() >= _LEAST_TEXT]
    copies = texts[texts["comment"].duplicated(keep=False)]
    if copies.empty:
        return []
    groups = copies.groupby("comment")
    disagree = (groups[[*SCORES, "is_recommended"]].nunique() > 1).any(axis=1).sum()
    return [{"trap": "repeated_text", "column": "comment", "texts": int(groups.ngroups), "rows": len(copies), "disagreeing": int(disagree)}]


def contradictions(responses: pd.DataFrame) -> list[dict]:
    """Voices that recommend with a score in the lowest third, or do not with one in the highest fifth."""
    found = []
    for score in ("nps_score", "rating_score"):
        both = responses[responses[score].notna() & responses["is_recommended"].notna()]
        recommends = both["is_recommended"].astype("bool")
        wrong = int(((both[score] <= 3) & recommends).sum() + ((both[score] >= 8) & ~recommends).sum())
        if wrong:
            found.append({"trap": "contradiction", "column": score, "other": "is_recommended", "n": len(both), "rows": wrong})
    return found


def day_counts(moments: pd.Series, timezone: str) -> pd.Series:
    """Rows per local calendar day (YYYY-MM-DD), in order."""
    counts = moments.dropna().dt.tz_convert(timezone).dt.tz_localize(None).dt.floor("D").value_counts().sort_index()
    return counts.set_axis(pd.Index([f"{day:%Y-%m-%d}" for day in counts.index], dtype="str"))


def dates(responses: pd.DataFrame, timezone: str) -> list[dict]:
    """Placeholder dates, and days on which more than 2 % of the voices of a year or longer were entered (batch imports)."""
    found = []
    for name in ("submitted_at", "touched_at"):
        counts = day_counts(responses[name], timezone)
        found += [{"trap": "placeholder_date", "column": name, "day": day, "rows": int(counts[day])} for day in PLACEHOLDERS if day in counts]
        real = counts.drop([day for day in PLACEHOLDERS if day in counts])
        if len(real) < 2 or (pd.Timestamp(real.index[-1]) - pd.Timestamp(real.index[0])).days < 365:
            continue
        piles = real[(real >= _LEAST_ROWS) & (real > _PILE * real.sum())].sort_values(ascending=False, kind="stable").head(5)
        found += [{"trap": "busy_day", "column": name, "day": str(day), "rows": int(count), "share": round(float(count / real.sum()), 4)}
                  for day, count in piles.items()]
    return found
