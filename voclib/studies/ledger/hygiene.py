"""The single steps of cleaning a ledger: reading, currencies, refunds and what they refund, what is left out, what looks wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.schema import strays
from voclib.studies.ledger import text as words

NEEDED = ("transaction_id", "customer_id", "booked_at", "kind", "net_cny", "currency")
KINDS = ("vehicle", "service", "parts", "subscription", "refund")
LARGEST = 2.0**53 / 100
EXAMPLES = 3
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Links:
    """Of each row (N,): the row its link names (`at`, −1 where none), the booking it finally reverses (`root`, −1 where none), is it a refund."""

    at: NDArray[np.intp]
    root: NDArray[np.intp]
    is_refund: Flags


def read(transactions: pd.DataFrame) -> pd.DataFrame:
    """A copy with the columns needed and the optional ones; DataError for what is missing, empty, unzoned or booked under one number twice."""
    if absent := [name for name in NEEDED if name not in transactions]:
        raise DataError(f"A ledger needs the columns {', '.join(NEEDED)}; missing: {', '.join(absent)}; there are "
                        f"{', '.join(map(str, transactions.columns)) or 'none'}. margin_cny and refund_of_transaction_id may be absent.")
    if transactions.empty:
        raise DataError("The ledger holds no booking; load the table transactions.")
    for name in NEEDED:
        if (empty := transactions[name].isna()).any():
            where = "" if name == "transaction_id" else f", such as booking {transactions.loc[empty, 'transaction_id'].iloc[0]}"
            raise DataError(f"{int(empty.sum()):,} of {len(transactions):,} bookings have no {name}{where}; fill it or leave them out at the source.")
    if not isinstance(transactions["booked_at"].dtype, pd.DatetimeTZDtype):
        raise DataError(f"booked_at holds {transactions['booked_at'].dtype}; it must hold moments with a time zone. "
                        "Use dt.tz_localize('Asia/Shanghai').")
    repeated = transactions["transaction_id"].duplicated(keep=False)
    if repeated.any():
        copies = transactions[repeated]
        extra = copies.loc[copies["transaction_id"].duplicated(), "net_cny"].astype(float).sum()
        raise DataError(f"{copies['transaction_id'].nunique():,} booking numbers appear more than once, such as {copies['transaction_id'].iloc[0]}; "
                        f"their copies hold {extra:,.2f} net. Keep one of each at the source.", problems=copies)
    optional = {name: pd.Series(pd.NA, index=transactions.index, dtype=kind)
                for name, kind in (("margin_cny", "Float64"), ("refund_of_transaction_id", "str")) if name not in transactions}
    return transactions.assign(**optional)


def cents(amounts: ArrayLike) -> NDArray[np.int64]:
    """Amounts (N,) as whole cents, half a cent away from zero as the digits read; DataError for missing, infinite or too large ones."""
    exact = np.asarray(amounts, dtype=float)
    if (bad := ~(np.isfinite(exact) & (np.abs(exact) <= LARGEST))).any():
        raise DataError(f"{int(bad.sum()):,} amounts are missing, infinite or beyond {LARGEST:.2g}, such as {exact[bad][0]}; "
                        "cents can be computed for finite amounts below that.")
    whole = np.rint(exact * 100).astype(np.int64)
    for i in np.flatnonzero(np.abs(exact * 100 - whole) > 1e-6):  # the few that binary rounding could turn the wrong way
        whole[i] = int((Decimal(repr(float(exact[i]))) * 100).to_integral_value(ROUND_HALF_UP))
    return whole


def floats(values: pd.Series) -> NDArray[np.float64]:
    """Values (N,) as floats, missing ones as NaN."""
    return values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def in_cents(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `net_cents` (int64), `margin_cents` (Int64, missing where unknown) and `is_finer` (written finer than a cent)."""
    net, margin = floats(rows["net_cny"]), floats(rows["margin_cny"])
    unknown = np.isnan(margin)
    pairs = (net, cents(net)), (np.where(unknown, 0.0, margin), cents(np.where(unknown, 0.0, margin)))
    finer = np.any([np.abs(exact * 100 - whole) > 1e-4 + 1e-9 * np.abs(exact) for exact, whole in pairs], axis=0)
    return rows.assign(net_cents=pairs[0][1], margin_cents=pd.arrays.IntegerArray(pairs[1][1], unknown), is_finer=finer)


def converted(rows: pd.DataFrame, currency: str, fx: Mapping[str, float] | None) -> pd.DataFrame:
    """All amounts in one currency, to the cent; DataError with the totals of currencies that have no rate."""
    rates = {currency: 1.0, **(fx or {})}
    for name, rate in rates.items():
        if not (np.isfinite(rate) and rate > 0):
            raise ParameterError(f"fx says one {name} is worth {rate} {currency}; a rate is a positive number.")
    if rates[currency] != 1:
        raise ParameterError(f"fx says one {currency} is worth {rates[currency]} {currency}; leave {currency} out of it.")
    unknown = ~rows["currency"].isin(rates)
    if unknown.any():
        totals = rows.groupby("currency")["net_cents"].agg(["size", "sum"])
        listed = "; ".join(f"{name} {row['sum'] / 100:,.2f} net in {row['size']:,} bookings" for name, row in totals.iterrows())
        raise DataError(f"The ledger is not all in {currency}: {listed}. Give fx={{…}} with what one unit of each is worth in {currency}, "
                        "or clean each currency alone.", problems=rows[unknown])
    made = rows.copy()
    for name, rate in rates.items():
        at = (rows["currency"] == name).to_numpy() & (name != currency)
        if at.any():
            for column in ("net_cents", "margin_cents"):
                made.loc[at, column] = [x if x is pd.NA else _times(x, rate) for x in rows.loc[at, column]]
    return made.assign(booked_currency=rows["currency"], currency=currency)


def _times(whole: int, rate: float) -> int:
    return int((int(whole) * Decimal(repr(float(rate)))).to_integral_value(ROUND_HALF_UP))


def kinds_known(exclude_kinds: Iterable[str], there: pd.Series) -> None:
    """ParameterError where a kind to leave out is none, or refunds are to be left out by themselves."""
    known = {*KINDS, *there.unique()}
    for kind in exclude_kinds:
        if kind not in known:
            raise ParameterError(f"exclude_kinds names '{kind}', which no booking is; {nearest(kind, known)}")
        if kind == "refund":
            raise ParameterError("Refunds cannot be left out by themselves: what they refund would count in full. They go with the kind they refund.")


def refuse_positive_refunds(rows: pd.DataFrame, currency: str) -> None:
    """DataError where a refund adds money: a sign convention that differs from the standard would turn every refund into income."""
    refunds = rows[rows["kind"] == "refund"]
    reversal = refunds["refund_of_transaction_id"].isin(refunds["transaction_id"])  # money of a refund taken back again
    wrong = refunds[(refunds["net_cents"] > 0) & ~reversal]
    if len(wrong):
        raise DataError(f"{len(wrong):,} of {len(refunds):,} refunds are not negative, such as {wrong['transaction_id'].iloc[0]}; they hold "
                        f"{wrong['net_cents'].sum() / 100:,.2f} {currency} net. Refunds are written as negative amounts; "
                        "turn the sign at the source.", problems=wrong)


def link(rows: pd.DataFrame) -> Links:
    """What each refund refunds, through refunds of refunds; links that end nowhere or run in a circle have no root."""
    is_refund = (rows["kind"] == "refund").to_numpy(dtype=bool)
    named = rows["refund_of_transaction_id"].notna().to_numpy(dtype=bool)
    at = np.where(named, pd.Index(rows["transaction_id"]).get_indexer(rows["refund_of_transaction_id"]), -1)
    root = np.where(is_refund, at, np.arange(len(rows)))
    for _ in range(len(rows).bit_length()):  # each round doubles the number of links followed
        root = np.where(root >= 0, root[root], -1)
    return Links(at, np.where((root >= 0) & is_refund[root], -1, root), is_refund)


def steps(rows: pd.DataFrame, linked: Links, exclude_kinds: set[str], test_accounts: set[str]) -> NDArray[np.object_]:
    """At which step each row is left out (N,); "" for the rows that stay."""
    test, kind = rows["customer_id"].isin(test_accounts).to_numpy(), rows["kind"].isin(exclude_kinds).to_numpy()
    gone = test | kind
    follows = linked.is_refund & (linked.root >= 0) & gone[linked.root] & ~gone
    return np.select([test, kind, follows], ["test_accounts", "excluded_kinds", "their_refunds"], "").astype(object)


def coverage(booked_at: pd.Series, first_day: str | None, last_day: str | None, timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first moment covered and the first no longer covered; DataError for bookings outside the days stated.

    Where no day is stated the bookings say it, those left out that lie alone far before or after all others: a year of nothing before the one of a
    mistyped date is not a year in which nobody bought.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ParameterError(f"There is no time zone '{timezone}'; write it as Asia/Shanghai.") from error
    record = booked_at[~alone(booked_at)]
    found = record.min().tz_convert(zone), record.max().tz_convert(zone)
    opens, last = (_midnight(given, zone) if given else seen.normalize() for given, seen in zip((first_day, last_day), found, strict=True))
    closes = last + pd.Timedelta(days=1)
    outside = int((((booked_at < opens) & bool(first_day)) | ((booked_at >= closes) & bool(last_day))).sum())
    if outside:
        found = booked_at.min().tz_convert(zone), booked_at.max().tz_convert(zone)
        raise DataError(f"{outside:,} bookings lie outside {opens:%Y-%m-%d} to {last:%Y-%m-%d}, the days the ledger is said to cover; "
                        f"they run from {found[0]:%Y-%m-%d} to {found[1]:%Y-%m-%d}. Correct first_day= and last_day=, or the dates.")
    return opens, closes


def alone(booked_at: pd.Series) -> Flags:
    """Bookings (N,) far before or after all others."""
    return strays.lone(booked_at.dt.tz_localize(None).dt.normalize())


def _midnight(text: str, zone: ZoneInfo) -> pd.Timestamp:
    try:
        return pd.Timestamp(text, tz=zone).normalize()
    except (TypeError, ValueError) as error:
        raise ParameterError(f"'{text}' is not a day; write it as 2026-07-01.") from error


def notes(rows: pd.DataFrame, step: NDArray[np.object_]) -> pd.DataFrame:
    """From read to kept, one row a step: step, label, rows_n, customers_n, net_cny, margin_cny (of the known), margin_unknown_n."""
    order = ("read", "test_accounts", "excluded_kinds", "their_refunds", "kept")
    parts = {"read": rows, "kept": rows[step == ""], **{name: rows[step == name] for name in order[1:4]}}
    made = [{"step": name, "label": words.STEPS[name], **_totals(parts[name]), "customers_n": parts[name]["customer_id"].nunique(),
             "margin_unknown_n": int(parts[name]["margin_cents"].isna().sum())} for name in order]
    return pd.DataFrame(made)[["step", "label", "rows_n", "customers_n", "net_cny", "margin_cny", "margin_unknown_n"]]


def _totals(rows: pd.DataFrame) -> dict[str, float]:
    return {"rows_n": len(rows), "net_cny": int(rows["net_cents"].sum()) / 100, "margin_cny": int(rows["margin_cents"].fillna(0).sum()) / 100}


def problems(rows: pd.DataFrame, linked: Links, kept: Flags, test_accounts: set[str]) -> pd.DataFrame:
    """What looks wrong among the rows kept, one row a kind: problem, label, rows_n, net_cny, margin_cny, examples, treatment."""
    made = []
    for name, at in _suspicions(rows, linked).items():
        if (found := rows[at & kept]).empty:
            continue
        made.append({"problem": name, "label": words.PROBLEMS[name][0], **_totals(found),
                     "examples": ", ".join(found["transaction_id"].head(EXAMPLES)), "treatment": words.PROBLEMS[name][1]})
    if absent := sorted(test_accounts - set(rows.loc[rows["customer_id"].isin(test_accounts), "customer_id"])):
        made.append({"problem": "test_account_absent", "label": words.PROBLEMS["test_account_absent"][0], "rows_n": len(absent), "net_cny": 0.0,
                     "margin_cny": 0.0, "examples": ", ".join(absent[:EXAMPLES]), "treatment": words.PROBLEMS["test_account_absent"][1]})
    return pd.DataFrame(made, columns=["problem", "label", "rows_n", "net_cny", "margin_cny", "examples", "treatment"])


def _suspicions(rows: pd.DataFrame, linked: Links) -> dict[str, Flags]:
    """Rows that each problem is about."""
    net, booked, customer = rows["net_cents"].to_numpy(), rows["booked_at"].astype("int64").to_numpy(), rows["customer_id"].to_numpy()
    margin = floats(rows["margin_cents"])
    refund, rooted = linked.is_refund, linked.is_refund & (linked.root >= 0)
    root = np.where(rooted, linked.root, 0)
    back = np.bincount(root[rooted], weights=-net[rooted], minlength=len(rows))  # whole numbers below 2^53 stay exact
    same = rows.assign(margin=margin).duplicated(["customer_id", "booked_at", "kind", "net_cents", "margin"]).to_numpy()
    return {
        "refund_unlinked": refund & (linked.root < 0),
        "refund_larger": rooted & (back > net)[root],
        "refund_of_refund": rooted & (linked.at != linked.root),
        "refund_other_customer": rooted & (customer != customer[root]),
        "refund_early": rooted & (booked < booked[root]),
        "link_without_refund": ~refund & (rows["refund_of_transaction_id"].notna().to_numpy(dtype=bool)),
        "negative_net": ~refund & (net < 0), "negative_margin": ~refund & (margin < 0),
        "margin_above_net": ~refund & (net > 0) & (margin > net), "margin_unknown": np.isnan(margin),
        "repeated": same, "converted": (rows["booked_currency"] != rows["currency"]).to_numpy(dtype=bool),
        "finer_than_cent": rows["is_finer"].to_numpy(dtype=bool), "alone": alone(rows["booked_at"]),
    }
