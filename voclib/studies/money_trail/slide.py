"""The slide everybody has seen: so many customers complained and left, times what a customer is worth. Exact, traceable, and not a loss.

The count is right and the arithmetic too; what is missing is who would have left anyway. Both stand side by side here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Text, Unit, refusal
from voclib.schema import dates
from voclib.stats import inference
from voclib.studies import ledger as ledgers
from voclib.studies.ledger import Ledger
from voclib.studies.money_trail import slide_text as words
from voclib.studies.money_trail import trail_links
from voclib.studies.money_trail.trail import Trail

Tables = Mapping[str, pd.DataFrame]
Value = Literal["stayed", "before"]
NAME = "vendor_slide"
MIN_COMPARED = 30
"""Customers on either side; fewer give no comparison."""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """What the slide claims, to the cent, and the plain comparison it leaves out.

    `count` customers named who left, `each` what one is worth, `claimed` their product: exact counts. `anyway` and `excess` split the leavers by the
    rate at which the others left, `excess_cny` is `excess` times `each`: not adjusted for who the two groups are. `rows` are the bookings behind
    `each`; `average_over` customers share them, or none where the claim is their plain sum. `undated` customers left on no known day and count as
    gone; of `cut_n` leavers the ledger does not hold the whole window before.
    """

    count: Estimate
    each: Estimate
    claimed: Estimate
    anyway: Estimate
    excess: Estimate
    excess_cny: Estimate
    leavers: tuple[str, ...]
    rows: tuple[str, ...]
    average_over: int | None
    claimed_exact: Decimal
    each_exact: Decimal
    named_n: int
    others_n: int
    undated: int
    cut_n: int
    value: Value
    ledger: Ledger

    def register(self, trail: Trail, *, name: str = NAME, loss: Estimate | None = None) -> Trail:
        """The trail with the claim registered, so that `trail.behind(name)` lists its rows; `loss` is the study's own estimate beside it."""
        times = None if self.average_over is None else int(self.count.value)
        return trail.register(name, self.rows, label=words.LABEL, printed=self.claimed_exact, modelled=loss, average_over=self.average_over,
                              times=times)

    def beside(self, *, lost: Estimate | None = None, loss: Estimate | None = None, steps: pd.DataFrame | None = None) -> pd.DataFrame:
        """Claim, plain comparison and, where given, the study's adjusted numbers: label, customers, customers_low, customers_high, cny, low, high.

        `steps` (key, value, low, high) splits the loss into what the customers `lost` took with them ("left") and what those who stayed spent less
        ("less"); each stands in a row of its own, so that no number of customers stands beside money that is not theirs.
        """
        rows = [("claim", self.count, self.claimed), ("plain", self.excess, self.excess_cny)]
        if parts := _parts(steps, self.claimed.unit):
            rows += [("left", lost, parts["left"]), ("less", None, parts["less"]), ("total", None, loss)]
        elif lost is not None or loss is not None:
            rows.append(("adjusted", lost, loss))
        return pd.DataFrame([{"label": words.ROWS[key], **_three(people, "customers", "customers_low", "customers_high"),
                              **_three(money, "cny", "low", "high")} for key, people, money in rows])

    def told(self, *, lost: Estimate | None = None, loss: Estimate | None = None) -> Text:
        """The claim and what it leaves out, as sentences with the same numbers."""
        return words.told(self, lost, loss)


def slide(tables: Tables, ledger: Ledger, *, start: pd.Series, topic: str = "waiting_time", named: Iterable[str] | None = None, days: float = 365,
          value: Value = "stayed", cluster: pd.Series | None = None, conf_level: float = 0.95, timezone: str = "") -> Slide:
    """Customers who complained about `topic` and left, times the average value of a customer.

    `start` maps customer_id (index) to the moment each one's year starts; it holds those who did not complain as well. Named are the customers with a
    negative mention or a case of `topic` within `days` of it, or `named`, such as those whom operations saw waiting. A customer's value is the
    average margin of those who stayed in the `days` after ("stayed"), or what the leavers themselves brought in the `days` before ("before"). Who
    complains must still be there to do so, which makes a complaint look protective; naming by operations avoids that.
    `cluster` (customer_id → unit of shock) makes the interval of the comparison CR2.

    Raises
    ------
    DataError
        if the tables needed are missing (named), nobody in the customer table has left, everybody has, or a window is cut short.
    ParameterError
        for another `value`, or `named` customers outside `start`.
    """
    if value not in ("stayed", "before"):
        raise ParameterError(f"value is 'stayed' or 'before', not '{value}'.")
    if named is None:
        named = complained(tables, topic, start=start, days=days)
    elif (lost := set(named := list(named)) - set(start.index)):
        raise ParameterError(f"{len(lost):,} named customers have no moment in start, such as '{min(lost)}'.")
    left, undated = leaving(tables, start, days=days, timezone=timezone)
    is_named = left.index.isin(list(named))
    gone = left.to_numpy()
    leavers = left.index[is_named & gone].sort_values()
    rows, over = _value_rows(ledger, start, leavers, left.index[~gone], days, value)
    cut = len(ledgers.cut_short(ledger, start.loc[leavers], days=days, side="before")) if value == "before" and len(leavers) else 0
    whole = ledgers.added(ledger, rows)
    each = _share(whole, over if value == "stayed" else len(leavers))
    claimed = each * len(leavers) if value == "stayed" else whole
    anyway, excess, money = _comparison(is_named, gone, each / 100, ledger, cluster, left.index, conf_level)
    exact = {"kind": "count", "rung": "claimed", "group": topic}
    return Slide(count=Estimate(estimand="slide_customers", unit="count", value=len(leavers), n=int(is_named.sum()), **exact),
                 each=Estimate(estimand="slide_value_each", unit=ledger.unit, value=each / 100, n=over or len(leavers), **exact),
                 claimed=Estimate(estimand="slide_claim", unit=ledger.unit, value=claimed / 100, n=len(leavers), **exact),
                 anyway=anyway, excess=excess, excess_cny=money, leavers=tuple(leavers), rows=tuple(rows["transaction_id"]), average_over=over,
                 claimed_exact=ledgers.yuan(claimed), each_exact=ledgers.yuan(each), named_n=int(is_named.sum()), others_n=int((~is_named).sum()),
                 undated=undated, cut_n=cut, value=value, ledger=ledger)


def complained(tables: Tables, topic: str, *, start: pd.Series, days: float = 365) -> pd.Index:
    """Customers of `start` with a negative mention or a case of `topic` from their moment to `days` later.

    Raises
    ------
    DataError
        if neither topics nor cases are there, or nobody ever complained of `topic` (the topics that there are stand in the message).
    """
    linked = [name for name in ("topic_mentions", "cases") if len(tables.get(name, ())) > 0]
    if not linked:
        raise DataError("Who complained stands in the tables topic_mentions (with responses) or cases; neither is there. "
                        "Give named=, such as the customers whom operations saw waiting.")
    there = sorted({str(t) for name in linked for t in tables[name]["topic"].dropna().unique()})
    if topic not in there:
        raise DataError(f"Nobody speaks of '{topic}'; the topics are {', '.join(there)}.")
    lines, _ = trail_links.link(tables, start, pd.Timedelta(days=days))
    bad = lines[(lines["topic"] == topic) & (lines["sentiment"].eq("negative") | lines["case_id"].notna())]
    return pd.Index(bad["customer_id"].unique())


def leaving(tables: Tables, start: pd.Series, *, days: float = 365, timezone: str = "") -> tuple[pd.Series, int]:
    """Whether each known customer of `start` left from their moment's day to `days` later, and how many count as gone without a day of leaving.

    Raises
    ------
    DataError
        if there is no customer table, none of its customers is in `start`, or nobody in it has left: such a list was filtered.
    """
    timezone = dates.zone(tables, timezone)
    customers = tables.get("customers")
    if customers is None or customers.empty:
        raise DataError("Who left is recorded in the table customers (customer_id, is_churned, churned_on); it is missing or empty.")
    if not customers["is_churned"].fillna(False).any():
        raise DataError(f"None of {len(customers):,} customers in the table has left: most likely they were filtered out of it. "
                        "Those who left are needed, or nothing can be said of leaving.")
    known = customers.set_index("customer_id").loc[lambda c: c.index.isin(start.index)].sort_index()
    if known.empty:
        raise DataError(f"None of the {len(start):,} customers in start is in the customer table; check the customer numbers.")
    began = start.reindex(known.index).dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    after = (known["churned_on"] - began).dt.total_seconds().to_numpy() / 86_400
    gone = known["is_churned"].fillna(False).to_numpy(dtype=bool)
    undated = gone & np.isnan(after)
    return pd.Series(undated | (gone & (after >= 0) & (after <= days)), index=known.index), int(undated.sum())


def _value_rows(ledger: Ledger, start: pd.Series, leavers: pd.Index, stayed: pd.Index, days: float, value: Value) -> tuple[pd.DataFrame, int | None]:
    """The bookings that say what a customer is worth, and over how many customers they are averaged."""
    if value == "before" and leavers.empty:
        return ledger.rows.iloc[:0], None
    if value == "before":
        return ledgers.rows_in(ledger, start.loc[start.index.isin(leavers)], days=days, side="before"), None
    if stayed.empty:
        raise DataError("Every customer left, so nobody shows what a customer who stays is worth; use value='before'.")
    mine = start.loc[start.index.isin(stayed)]
    if len(short := ledgers.cut_short(ledger, mine, days=days)):
        raise DataError(f"The ledger ends before the {days:g} days of {len(short):,} of {len(stayed):,} customers who stayed, such as '{short[0]}'; "
                        "choose earlier moments or fewer days.")
    return ledgers.rows_in(ledger, mine, days=days), len(stayed)


def _share(whole: int, over: int) -> int:
    return int((Decimal(whole) / over).to_integral_value(ROUND_HALF_UP)) if over else 0


def _comparison(named: np.ndarray, gone: np.ndarray, each: float, ledger: Ledger, cluster: pd.Series | None, customers: pd.Index,
                conf_level: float) -> tuple[Estimate, Estimate, Estimate]:
    """How many of the named would have left at the others' rate, how many more did, and what those are worth: p₀·n₁, (p₁ − p₀)·n₁, and times each."""
    size, n, money = len(gone), int(named.sum()), ledger.unit
    asked = {"conf_level": conf_level, "rung": "unadjusted"}
    if min(n, size - n) < MIN_COMPARED:
        withheld = {"reason": words.too_few(n, size - n, MIN_COMPARED), "needs": words.NEEDS, "rung": "unadjusted"}
        return (refusal("left_anyway", unit="count", **withheld), refusal("lost_customers", unit="count", **withheld),
                refusal("loss", unit=money, **withheld))
    y, groups = gone.astype(float), None if cluster is None else cluster.reindex(customers).to_numpy()
    shares = [y[part].mean() for part in (named, ~named)]
    pulls = [size / part.sum() * part * (y - share) for part, share in zip((named, ~named), shares, strict=True)]
    others = inference.fit(shares[1], pulls[1], n=size, cluster=groups, method="share of the others")
    gap = inference.fit(shares[0] - shares[1], pulls[0] - pulls[1], n=size, cluster=groups, method="difference of shares")
    return (others.times(n).estimate("left_anyway", unit="count", low=0, high=n, **asked),
            gap.times(n).estimate("lost_customers", unit="count", **asked), gap.times(n * each).estimate("loss", unit=money, **asked))


def _parts(steps: pd.DataFrame | None, unit: Unit) -> dict[str, Estimate]:
    """The loss through those who left and through those who stayed, by key; empty where it was not split."""
    if steps is None or not {"left", "less"} <= set(steps["key"]):
        return {}
    return {row.key: Estimate(estimand=f"loss_{row.key}", kind="estimate", unit=unit, value=row.value, conf_low=row.low, conf_high=row.high)
            for row in steps.itertuples() if row.key in ("left", "less")}


def _three(estimate: Estimate | None, *names: str) -> dict[str, float]:
    """Value and interval of an Estimate as three cells; NaN for what it does not have."""
    fields = (None, None, None) if estimate is None else (estimate.value, estimate.conf_low, estimate.conf_high)
    return {name: np.nan if x is None else float(x) for name, x in zip(names, fields, strict=True)}
