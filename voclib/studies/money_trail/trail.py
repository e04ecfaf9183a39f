"""The audit trail: verbatim → topic → case → customer → ledger rows → money, re-adding to the cent.

An amount is registered under a name with the rows that make it, so that a page can list what stands behind any figure it prints. What a model
says would have been booked otherwise stands in no ledger: it is kept beside the rows as an estimate and never mixed with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Check, Estimate, Text
from voclib.studies import ledger as ledgers
from voclib.studies.ledger import Ledger
from voclib.studies.money_trail import trail_links as links
from voclib.studies.money_trail import trail_text as words

Tables = Mapping[str, pd.DataFrame]
BEHIND = ("transaction_id", "customer_id", "booked_at", "kind", "net_cny", "margin_cny", "refund_of_transaction_id")
OBSERVED = "observed"
VERBATIM_LENGTH, PSEUDONYM_LENGTH = 40, 6


@dataclass(frozen=True, kw_only=True)
class Amount:
    """One amount and the ledger rows behind it.

    `printed` is what a page prints, to the cent, where that is computed elsewhere. With `average_over` and `times` the amount is no sum but an
    average: the rows' total over so many customers, to the cent, times so many. `modelled` is an estimate that belongs to it and is in no ledger.
    """

    name: str
    label: Text
    transaction_ids: tuple[str, ...]
    printed: Decimal | None = None
    modelled: Estimate | None = None
    average_over: int | None = None
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class Trail:
    """Links and rows of a set of customers, each with a window of `days` on one side of their own moment.

    `people`: customer_id, start. `lines`: one row a link, customer_id, response_id, topic, sentiment, case_id, comment; a customer without any has
    one row too. `booked`: the ledger rows in the windows. `counts` says how much could be linked and how much could not; `absent` names tables that
    are missing.
    """

    ledger: Ledger
    people: pd.DataFrame
    lines: pd.DataFrame
    booked: pd.DataFrame
    days: float
    side: Literal["after", "before"]
    counts: Mapping[str, int]
    absent: tuple[str, ...] = ()
    amounts: tuple[Amount, ...] = ()

    def register(self, name: str, rows: pd.DataFrame | Iterable[str], *, label: Text | None = None, printed: Estimate | Decimal | float | None = None,
                 modelled: Estimate | None = None, average_over: int | None = None, times: int | None = None) -> Trail:
        """A new trail that also knows the amount `name`, made of these ledger rows (booking ids, or a frame with `transaction_id`).

        Any row of the cleaned ledger may stand behind an amount, not only those of the windows. A row named twice is kept as given, counted once,
        and reported by `check`.

        Raises
        ------
        ParameterError
            for a name that is taken or means something else here, or an average without both its numbers.
        DataError
            for a booking that the cleaned ledger does not hold.
        """
        if name in {amount.name for amount in self.amounts} or self._meaning(name):
            raise ParameterError(f"'{name}' already names {self._meaning(name) or 'an amount'} in this trail; choose another name.")
        if (average_over is None) != (times is None) or (average_over is not None and (average_over < 1 or times < 0)):
            raise ParameterError(f"An average has both average_over (from 1) and times (from 0); given: {average_over} and {times}.")
        ids = tuple(rows["transaction_id"] if isinstance(rows, pd.DataFrame) else rows)
        if unknown := [row for row, at in zip(ids, self.ledger.bookings.get_indexer(list(ids)), strict=True) if at < 0]:
            raise DataError(f"{len(unknown):,} of {len(ids):,} bookings behind '{name}' are not in the cleaned ledger, such as '{unknown[0]}'; "
                            "they were left out in cleaning or belong to another ledger.")
        amount = Amount(name=name, label=label or Text(name, name), transaction_ids=ids, printed=_money(printed), modelled=modelled,
                        average_over=average_over, times=times)
        return replace(self, amounts=(*self.amounts, amount))

    def amount(self, name: str) -> Amount:
        """A registered amount; ParameterError with the nearest name where there is none."""
        found = next((amount for amount in self.amounts if amount.name == name), None)
        if found is None:
            raise ParameterError(f"No amount is registered as '{name}'; {nearest(name, [a.name for a in self.amounts])}")
        return found

    def behind(self, key: str, *, short: bool = False) -> pd.DataFrame:
        """The ledger rows behind an amount, a customer, a case, a topic or a voice, each once, in the order they were booked.

        Customers, cases, topics and voices mean the rows in their customers' windows. `short` cuts pseudonyms, for a page. Columns: transaction_id,
        customer_id, booked_at, kind, net_cny, margin_cny, refund_of_transaction_id. ParameterError for a key that is none of these.
        """
        rows = self._rows(key)[list(BEHIND)].reset_index(drop=True)
        return rows.assign(customer_id=rows["customer_id"].map(shortened)) if short else rows

    def total(self, key: str) -> Decimal:
        """What the rows behind `key` add up to, to the cent; for an average, the average to the cent times its number."""
        whole = ledgers.added(self.ledger, self._rows(key))
        amount = next((amount for amount in self.amounts if amount.name == key), None)
        if amount is None or amount.average_over is None:
            return ledgers.yuan(whole)
        return ledgers.yuan(_average(whole, amount.average_over) * amount.times)

    def chain(self, key: str | None = None, *, show_verbatims: bool = False) -> pd.DataFrame:
        """From the verbatim to the money: customer, verbatim, response_id, topic, sentiment, case_id, n_rows, total_cny, adds.

        One row a link of a case, topic, customer or voice (all of them without `key`). A customer's money stands on each of their rows, so only rows
        with `adds` add up to the total. Pseudonyms are cut; verbatims too, and they are left out unless `show_verbatims`: they stay what the
        customer wrote, markup included, and must be shown as text.
        """
        lines = self.lines if key is None else self._lines(key)
        whole = self.booked[ledgers.MEASURES[self.ledger.measure]].astype("int64").groupby(self.booked["customer_id"])
        said = lines["comment"].map(_cut, na_action="ignore") if show_verbatims else None
        return pd.DataFrame({
            "customer": lines["customer_id"].map(shortened), "verbatim": said, "response_id": lines["response_id"], "topic": lines["topic"],
            "sentiment": lines["sentiment"], "case_id": lines["case_id"],
            "n_rows": whole.size().reindex(lines["customer_id"]).fillna(0).astype("int64").to_numpy(),
            "total_cny": whole.sum().reindex(lines["customer_id"]).fillna(0).to_numpy() / 100,
            "adds": ~lines["customer_id"].duplicated().to_numpy()}).reset_index(drop=True)

    def split(self) -> pd.DataFrame:
        """What of each amount is in the ledger and what is an estimate: name, label, rows_n, customers_n, rows_cny, amount_cny, modelled_cny,
        conf_low, conf_high. `rows_cny` is the rows' sum, `amount_cny` the amount made of them (another number only for an average)."""
        made = []
        for amount in self.amounts:
            rows, model = self._rows(amount.name), amount.modelled
            made.append({"name": amount.name, "label": amount.label, "rows_n": len(rows), "customers_n": rows["customer_id"].nunique(),
                         "rows_cny": ledgers.added(self.ledger, rows) / 100, "amount_cny": float(self.total(amount.name)),
                         **{to: None if model is None else getattr(model, of) for to, of in
                            (("modelled_cny", "value"), ("conf_low", "conf_low"), ("conf_high", "conf_high"))}})
        return pd.DataFrame(made).astype({"modelled_cny": float, "conf_low": float, "conf_high": float})

    def told(self, name: str) -> Text:
        """One sentence on an amount: what is booked, in how many rows, and what is an estimate that no row shows."""
        amount, rows = self.amount(name), self._rows(name)
        currency = self.ledger.currency
        said = words.booked(amount.label, ledgers.added(self.ledger, rows), len(rows), rows["customer_id"].nunique(), currency, self.ledger.measured)
        if amount.average_over is not None:
            said = words.average(said, int(self.total(name).scaleb(2)), amount.average_over, amount.times, currency)
        return words.split(said, amount.modelled)

    def overlap(self, first: str, second: str) -> tuple[int, int]:
        """Ledger rows and customers that stand behind both of two amounts."""
        one, two = self._rows(first), self._rows(second)
        return (len(set(one["transaction_id"]) & set(two["transaction_id"])), len(set(one["customer_id"]) & set(two["customer_id"])))

    def check(self) -> tuple[Check, ...]:
        """Printed amounts re-add to the cent, no row counts twice, refunds stand beside bookings, and what could not be linked."""
        off, twice, apart = [], [], {}
        for amount in self.amounts:
            rows, found = self._rows(amount.name), self.total(amount.name)
            if amount.printed is not None and amount.printed != found:
                off.append((amount.label, amount.printed, found))
            if len(rows) != len(amount.transaction_ids):
                twice.append((amount.label, len(amount.transaction_ids) - len(rows)))
            apart |= _refunds_apart(rows, self.ledger)
        printed = sum(amount.printed is not None for amount in self.amounts)
        return (words.readds(off, printed, self.ledger.currency), words.once(twice, len(self.amounts)),
                words.refunds(len(apart), sum(apart.values()), self.ledger.currency), *words.links(self.counts, self.absent),
                words.followed(self.counts["cut_short"], len(self.people), self.side))

    def _meaning(self, key: str) -> str:
        """What a key means beside amounts: the column of `lines` that holds it, else empty."""
        return next((name for name in ("customer_id", "case_id", "topic", "response_id") if (self.lines[name] == key).any()), "")

    def _lines(self, key: str) -> pd.DataFrame:
        if meaning := self._meaning(key):
            return self.lines[self.lines[meaning] == key]
        known = [a.name for a in self.amounts] + [str(x) for name in ("topic", "case_id", "customer_id") for x in self.lines[name].dropna().unique()]
        raise ParameterError(f"'{key}' is not an amount, customer, case, topic or voice of this trail; {nearest(key, known[:2000])}")

    def _rows(self, key: str) -> pd.DataFrame:
        amount = next((amount for amount in self.amounts if amount.name == key), None)
        if amount is None:
            return self.booked[_held(self.booked["customer_id"], self._lines(key)["customer_id"])]
        return self.ledger.rows.iloc[np.unique(self.ledger.bookings.get_indexer(list(amount.transaction_ids)))]


def build(tables: Tables, ledger: Ledger, *, customers: Iterable[str], start: pd.Series, days: float = 365,
          side: Literal["after", "before"] = "after") -> Trail:
    """The trail of some customers, with the amount "observed": what they brought in their windows.

    `start` maps customer_id (index) to a moment and may hold more customers. Voices count from that moment to `days` later (by the contact they are
    about, else by when they were sent), cases by when they were opened; `side` says on which side of the moment money is counted. Tables that are
    missing leave their links empty, and `check` says what would be needed.

    Raises
    ------
    DataError
        if no customer is given, one has no moment, or the measure is margin and some of it is unknown.
    """
    chosen = pd.Index(customers).unique()
    if chosen.empty or (lost := chosen.difference(start.index)).size:
        raise DataError("A trail needs at least one customer." if chosen.empty else
                        f"{len(lost):,} of {len(chosen):,} customers have no moment in start, such as '{lost[0]}'; "
                        "each needs the moment its window starts.")
    mine = start.loc[chosen].sort_index()
    booked = ledgers.rows_in(ledger, mine, days=days, side=side)
    lines, counts = links.link(tables, mine, pd.Timedelta(days=days))
    counts |= {"with_rows": booked["customer_id"].nunique(), "cut_short": len(ledgers.cut_short(ledger, mine, days=days, side=side))}
    absent = tuple(name for name in links.TABLES if len(tables.get(name, ())) == 0)
    people = mine.rename("start").rename_axis("customer_id").reset_index()
    made = Trail(ledger=ledger, people=people, lines=lines, booked=booked, days=days, side=side, counts=counts, absent=absent)
    ledgers.added(ledger, booked)  # says here, rather than later, that margin is unknown
    return made.register(OBSERVED, booked, label=words.observed(len(mine), days, side))


def shortened(pseudonym: str) -> str:
    """A customer's pseudonym as a page shows it: its last part, cut to six characters."""
    tail = str(pseudonym).rsplit("-", 1)[-1]
    return tail if len(tail) <= PSEUDONYM_LENGTH else f"{tail[:PSEUDONYM_LENGTH]}…"


def _cut(comment: str) -> str:
    return comment if len(comment) <= VERBATIM_LENGTH else f"{comment[:VERBATIM_LENGTH - 1]}…"


def _money(printed: Estimate | Decimal | float | None) -> Decimal | None:
    if printed is None:
        return None
    amount = printed.value if isinstance(printed, Estimate) else printed
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP) if isinstance(amount, Decimal) else ledgers.yuan(ledgers.cents([amount])[0])


def _average(whole: int, over: int) -> int:
    return int((Decimal(whole) / over).to_integral_value(ROUND_HALF_UP))


def _held(values: pd.Series, among: pd.Series) -> np.ndarray:
    """Which values stand among others (N,); on long columns of text far quicker than isin."""
    return pd.Index(among.unique()).get_indexer(values) >= 0


def _refunds_apart(rows: pd.DataFrame, ledger: Ledger) -> dict[str, int]:
    """Refunds of which only one side, the booking or the refund, is among the rows: refund → its net in cents."""
    refunds = ledger.rows[(ledger.rows["kind"] == "refund").to_numpy(dtype=bool)]
    linked = refunds[ledger.bookings.get_indexer(refunds["refund_of_transaction_id"]) >= 0]
    inside = (_held(linked[name], rows["transaction_id"]) for name in ("transaction_id", "refund_of_transaction_id"))
    apart = linked[np.logical_xor(*inside)]
    return dict(zip(apart["transaction_id"], apart["net_cents"], strict=True))
