"""Finance hygiene: a ledger that adds up to the cent, and what each customer brought before and after a moment of their own.

Sums are of whole cents, so that any total re-adds from its rows. Windows go by exact time: a booking at the very moment a window starts (the
visit that starts a customer's year) lies in neither half.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Check, Estimate, Text, Unit, refusal
from voclib.studies.ledger import hygiene
from voclib.studies.ledger import text as words

Measure = Literal["margin_cny", "net_cny"]
Censored = Literal["error", "exclude", "keep"]
MEASURES: dict[str, str] = {"margin_cny": "margin_cents", "net_cny": "net_cents"}
UNITS: dict[str, Unit] = {"CNY": "cny", "USD": "usd"}
MONTH = pd.Timedelta(hours=730)
"""A twelfth of 365 days exactly, so that twelve months add up to a year's window."""
_COLUMNS = ("transaction_id", "customer_id", "booked_at", "kind", "net_cny", "margin_cny", "refund_of_transaction_id", "net_cents", "margin_cents")


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Bookings that count, and what was done to get there.

    `rows`: transaction_id, customer_id, booked_at, kind, net_cny, margin_cny, refund_of_transaction_id, and the amounts in cents (`net_cents`
    int64, `margin_cents` Int64, missing where unknown), sorted by time. `notes`: one row a step from read to kept, with rows and totals.
    `problems`: one row a kind of problem, with rows, totals, examples and what was done. `measure` is what counts as money; `opens` and `closes`
    bound the days the ledger covers, the latter excluded. Amounts are in `currency`, whatever the columns are called. `steps` says by booking id
    at which step a booking was left out, "" for those of `rows`.
    """

    rows: pd.DataFrame
    notes: pd.DataFrame
    problems: pd.DataFrame
    measure: Measure
    currency: str
    opens: pd.Timestamp
    closes: pd.Timestamp
    steps: pd.Series

    @cached_property
    def bookings(self) -> pd.Index:
        """The booking ids of `rows`, in their order, for looking rows up."""
        return pd.Index(self.rows["transaction_id"])

    @property
    def unit(self) -> Unit:
        """The unit of printed amounts; ParameterError for a currency that pages do not write."""
        if self.currency not in UNITS:
            raise ParameterError(f"Amounts in {self.currency} cannot be printed; convert them with fx=, to one of {', '.join(UNITS)}.")
        return UNITS[self.currency]

    @property
    def measured(self) -> Text:
        """What counts as money, in words: gross margin, or net revenue that is not margin."""
        return words.MEASURED[self.measure]

    @property
    def lacking(self) -> Text | None:
        """Why no margin can be given (revenue is known, margin is not), or None."""
        unknown = self.rows["margin_cents"].isna()
        if self.measure == "net_cny" or not unknown.any():
            return None
        return words.margin_unknown(int(unknown.sum()), len(self.rows), int(self.rows.loc[unknown, "net_cents"].sum()), self.currency)

    def total(self, *, estimand: str = "ledger_total") -> Estimate:
        """The whole ledger as an exact count of money, or the refusal "revenue known, margin not"; margin is never filled by revenue."""
        if self.lacking is not None:
            return refusal(estimand, unit=self.unit, reason=self.lacking, needs=words.MARGIN_NEEDED, group=self.measure)
        return Estimate(estimand=estimand, kind="count", unit=self.unit, value=float(yuan(added(self))), n=len(self.rows), group=self.measure)

    def check(self) -> tuple[Check, ...]:
        """What a finance team asks of a ledger: totals before and after, refunds, margins, test accounts, each with its amount."""
        return words.checks(self.notes, self.problems, self.currency, needs_margin=self.measure != "net_cny")


def clean(transactions: pd.DataFrame, *, currency: str = "CNY", exclude_kinds: Iterable[str] = ("vehicle",), test_accounts: Iterable[str] = (),
          fx: Mapping[str, float] | None = None, measure: Measure = "margin_cny", first_day: str | None = None, last_day: str | None = None,
          timezone: str = "Asia/Shanghai") -> Ledger:
    """The bookings that count, in one currency, with refunds beside what they refund; nothing disappears without a line in `notes`.

    `exclude_kinds` go with their refunds, `test_accounts` (customer ids) likewise. Other currencies are converted by `fx` (currency → value of one
    unit in `currency`, one rate for the whole period), to the cent, half up. `first_day` and `last_day` say what the ledger covers; without them
    the days of its first and last booking do, those alone far from all others left out. `measure="net_cny"` counts revenue instead of margin, and
    says so wherever it is printed.

    Raises
    ------
    DataError
        for missing columns or cells, duplicate booking ids, currencies without a rate (with their totals), refunds that are not negative,
        bookings outside the days stated, amounts too large to be exact.
    ParameterError
        for an unknown kind, measure, time zone or rate, or refunds among `exclude_kinds`.
    """
    if measure not in MEASURES:
        raise ParameterError(f"measure='{measure}' is not known; {nearest(measure, MEASURES)}")
    exclude_kinds, test_accounts = set(exclude_kinds), set(test_accounts)
    rows = hygiene.read(transactions)
    hygiene.kinds_known(exclude_kinds, rows["kind"])
    rows = hygiene.converted(hygiene.in_cents(rows), currency, fx)
    hygiene.refuse_positive_refunds(rows, currency)
    rows = rows.sort_values(["booked_at", "transaction_id"], ignore_index=True)
    linked = hygiene.link(rows)
    step = hygiene.steps(rows, linked, exclude_kinds, test_accounts)
    opens, closes = hygiene.coverage(rows["booked_at"], first_day, last_day, timezone)
    rows = rows.assign(net_cny=rows["net_cents"] / 100, margin_cny=hygiene.floats(rows["margin_cents"]) / 100)
    problems = hygiene.problems(rows, linked, step == "", test_accounts)
    kept = rows.loc[step == "", list(_COLUMNS)].reset_index(drop=True)
    return Ledger(rows=kept, notes=hygiene.notes(rows, step), problems=problems, measure=measure, currency=currency, opens=opens, closes=closes,
                  steps=pd.Series(step, index=pd.Index(rows["transaction_id"])))


def cents(amounts: ArrayLike) -> NDArray[np.int64]:
    """Amounts (N,) as whole cents, half a cent rounded away from zero as their decimal digits read (1.005 → 101).

    Raises
    ------
    DataError
        for an amount that is missing, infinite, or so large (9·10¹³) that a float no longer tells its cents.
    """
    return hygiene.cents(amounts)


def yuan(whole: int) -> Decimal:
    """Whole cents as an exact amount with two decimals."""
    return Decimal(int(whole)).scaleb(-2).quantize(Decimal("0.01"))


def added(ledger: Ledger, rows: pd.DataFrame | None = None) -> int:
    """The measure of some rows of a ledger (all of them) in cents.

    Raises
    ------
    DataError
        if the measure is margin and a row has none.
    """
    rows = ledger.rows if rows is None else rows
    _refuse_unknown(ledger, rows)
    return int(rows[MEASURES[ledger.measure]].sum())


def rows_in(ledger: Ledger, start: pd.Series, *, days: float = 365, side: Literal["after", "before"] = "after") -> pd.DataFrame:
    """Rows of the ledger inside each customer's window: (start, start + days] after, [start − days, start) before.

    `start` maps customer_id (index) to a moment. Raises as `window`, except for windows that reach beyond the ledger.
    """
    return _inside(ledger, start, days, side)[0].reset_index(drop=True)


def window(ledger: Ledger, start: pd.Series, *, days: float = 365, side: Literal["after", "before"] = "after",
           censored: Censored | None = None) -> pd.DataFrame:
    """What each customer brought in `days` after or before their own moment: customer_id, margin_cny, net_cny, n_rows, is_covered.

    One row a customer of `start`, in its order; who has no booking brought nothing. `is_covered` is false where the window reaches beyond the days
    the ledger covers. Such customers are an error after the moment (an outcome cut short is no outcome) and kept before it, unless `censored` says
    "error", "exclude" or "keep"; `cut_short` names them. Where the measure is revenue, margin_cny is missing for customers whose margin is unknown.

    Raises
    ------
    DataError
        if `start` is no moment for each customer once, none of its customers is in the ledger, windows are cut short (see above), or the
        measure is margin and some of it is unknown.
    ParameterError
        for another side, a horizon that is not positive, or another word for `censored`.
    """
    mode = _mode(censored, "error" if _after(side) else "keep")
    inside, at = _inside(ledger, start, days, side)
    if inside.empty:
        _same_customers(ledger, start)
    _refuse_unknown(ledger, inside)
    short = _beyond(ledger, start, days, side)
    _refuse_short(ledger, start, short, mode, f"the {days:g} days {side} their moment")
    made = pd.DataFrame({"customer_id": start.index.to_numpy(), **_sums(inside, at, len(start)), "n_rows": np.bincount(at, minlength=len(start))})
    made["is_covered"] = ~short
    return made[~short].reset_index(drop=True) if mode == "exclude" else made


def monthly(ledger: Ledger, start: pd.Series, *, months_before: int, months_after: int, censored: Censored = "error") -> pd.DataFrame:
    """Money by month around each customer's own moment, for event studies: customer_id, month, margin_cny, net_cny, is_covered.

    A month is 730 hours. Month 0 is the first after the moment, −1 the last before it; every customer has every month, empty ones with zero. Months
    0 to 11 add up to the 365 days after, −12 to −1 to those before. `is_covered` is about the single month; "exclude" leaves out whole customers
    with an uncovered month, so that the panel stays balanced.

    Raises
    ------
    DataError, ParameterError
        as `window`; ParameterError also for fewer than one month in all.
    """
    mode, count = _mode(censored, "error"), months_before + months_after
    if min(months_before, months_after) < 0 or count < 1:
        raise ParameterError(f"months_before and months_after are counts from 0, one of them positive; they are {months_before}, {months_after}.")
    rows, since, at = _since(ledger, start)
    if rows.empty:
        _same_customers(ledger, start)
    size = MONTH // pd.Timedelta(microseconds=1)
    month = np.where(since > 0, -(-since // size) - 1, since // size)
    inside = (since != 0) & (month >= -months_before) & (month < months_after)
    rows, at = rows[inside], at[inside] * count + month[inside] + months_before
    _refuse_unknown(ledger, rows)
    number = np.arange(-months_before, months_after)
    begins, ends = (_plain(start)[:, None] + (number + shift)[None, :] * np.timedelta64(size, "us") for shift in (0, 1))
    covered = (begins >= _bound(ledger.opens)) & (ends < _bound(ledger.closes))
    short = ~covered.all(axis=1)
    _refuse_short(ledger, start, short, mode, f"the months {number[0]} to {number[-1]} around their moment")
    made = pd.DataFrame({"customer_id": np.repeat(start.index.to_numpy(), count), "month": np.tile(number, len(start)),
                         **_sums(rows, at, len(start) * count), "is_covered": covered.ravel()})
    return made[~np.repeat(short, count)].reset_index(drop=True) if mode == "exclude" else made


def cut_short(ledger: Ledger, start: pd.Series, *, days: float = 365, side: Literal["after", "before"] = "after") -> pd.Index:
    """Customers whose window reaches beyond the days the ledger covers: what they brought in it is not wholly known."""
    _moments(start)
    return start.index[_beyond(ledger, start, days, side)]


def _beyond(ledger: Ledger, start: pd.Series, days: float, side: str) -> NDArray[np.bool_]:
    span = np.timedelta64(_span(days), "us")
    return _plain(start) + span >= _bound(ledger.closes) if _after(side) else _plain(start) - span < _bound(ledger.opens)


def _since(ledger: Ledger, start: pd.Series) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.intp]]:
    """Rows of these customers, microseconds from the customer's moment to each, and the customer's place in `start`."""
    _moments(start)
    at = start.index.get_indexer(ledger.rows["customer_id"])
    rows, at = ledger.rows[at >= 0], at[at >= 0]
    return rows, (_plain(rows["booked_at"]) - _plain(start)[at]).astype("timedelta64[us]").astype(np.int64), at


def _inside(ledger: Ledger, start: pd.Series, days: float, side: str) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Rows inside the windows, and each one's customer as a place in `start`."""
    rows, since, at = _since(ledger, start)
    span = _span(days)
    inside = (since > 0) & (since <= span) if _after(side) else (since < 0) & (since >= -span)
    return rows[inside], at[inside]


def _same_customers(ledger: Ledger, start: pd.Series) -> None:
    if not start.index.isin(ledger.rows["customer_id"]).any():
        there = f"the ledger's look like '{ledger.rows['customer_id'].iloc[0]}'" if len(ledger.rows) else "no booking is left in the ledger"
        raise DataError(f"None of the {len(start):,} customers, such as '{start.index[0]}', has a booking; {there}. "
                        "Check that both use the same customer numbers.")


def _moments(start: pd.Series) -> None:
    """`start` must be one zoned moment for each customer, customers as index."""
    if not isinstance(start.dtype, pd.DatetimeTZDtype):
        raise DataError(f"start holds {start.dtype}; it must hold moments with a time zone, indexed by customer_id. "
                        "Use dt.tz_localize('Asia/Shanghai').")
    if start.empty or start.isna().any():
        raise DataError(f"start has {len(start)} customers, {int(start.isna().sum())} of them without a moment; leave those out.")
    if start.index.has_duplicates:
        raise DataError(f"start names customer '{start.index[start.index.duplicated()][0]}' more than once; a customer has one moment.")


def _plain(moments: pd.Series) -> NDArray[np.datetime64]:
    """Zoned moments as UTC without a zone, which numpy subtracts."""
    return moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()


def _bound(moment: pd.Timestamp) -> np.datetime64:
    return moment.tz_convert("UTC").tz_localize(None).to_datetime64()


def _sums(rows: pd.DataFrame, at: NDArray[np.int64], size: int) -> dict[str, NDArray[np.float64]]:
    """Exact sums of cents by position, as yuan; margin is missing wherever one of its rows is."""
    made = {}
    for name, column in MEASURES.items():
        whole = np.zeros(size, dtype=np.int64)
        np.add.at(whole, at, rows[column].fillna(0).to_numpy(dtype=np.int64))
        made[name] = whole / 100
    made["margin_cny"][at[rows["margin_cents"].isna().to_numpy()]] = np.nan
    return made


def _refuse_unknown(ledger: Ledger, rows: pd.DataFrame) -> None:
    unknown = rows["margin_cents"].isna()
    if ledger.measure == "margin_cny" and unknown.any():
        told = words.margin_unknown(int(unknown.sum()), len(rows), int(rows.loc[unknown, "net_cents"].sum()), ledger.currency)
        raise DataError(f"{told.en} {words.MARGIN_NEEDED.en}", problems=rows[unknown])


def _refuse_short(ledger: Ledger, start: pd.Series, short: NDArray[np.bool_], mode: str, which: str) -> None:
    covers = f"the ledger covers {_day(ledger.opens)} to {_day(ledger.closes - pd.Timedelta(microseconds=1))}"
    if mode == "error" and short.any():
        raise DataError(f"{covers[0].upper()}{covers[1:]}; {which} reach beyond that for {int(short.sum()):,} of {len(start):,} customers. "
                        "Choose earlier moments or fewer days, say first_day= and last_day= in clean() if it covers more, or leave them out: "
                        "censored='exclude'.")
    if mode == "exclude" and short.all():
        raise DataError(f"{which[0].upper()}{which[1:]} lie in the ledger for none of {len(start):,} customers; {covers}.")


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}"


def _span(days: float) -> int:
    if not days > 0 or not np.isfinite(days):
        raise ParameterError(f"days is a positive number such as 365; it is {days}.")
    return round(days * 86_400_000_000)


def _after(side: str) -> bool:
    if side not in ("after", "before"):
        raise ParameterError(f"side is 'after' or 'before', not '{side}'.")
    return side == "after"


def _mode(given: str | None, usual: str) -> str:
    if given not in (None, "error", "exclude", "keep"):
        raise ParameterError(f"censored is 'error', 'exclude' or 'keep', not '{given}'.")
    return given or usual


