"""Ledgers whose columns are not what they are taken for: a customer number that is the order's, a price a piece taken for the amount."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from voclib.sources.accounting import Account
from voclib.sources.standardising.shaping import Piece

LEAST_ORDERS, LEAST_DAYS = 300, 180
MOSTLY = 0.995  # of customers: hardly any ledger is without a single one who came back
_PIECES = re.compile(r"(?:order|item|invoiced?|sold|no of)?\s*(?:quantity|qty|units?|pieces|pcs|quantidade|cantidad|menge|stückzahl)"
                     r"(?:\s*(?:ordered|sold))?|(?:购买|商品|销售|订单)?(?:数量|件数)")


def build(ledger: Account | None, pieces: Iterable[Piece]) -> Iterator[dict]:
    """Doubts about the bookings of every file.

    `one_order_each`: at least 300 customers over at least 180 days, of whom practically none has a second order; the number is then likely the
    order's. `price_a_piece`: a column of quantities stands beside the amounts and is not used, and `n` of its cells are not 1.
    """
    if ledger is not None:
        yield from _one_each(ledger)
    yield from _a_piece(pieces)


def _one_each(ledger: Account) -> Iterator[dict]:
    accepted = ledger.validated.accepted
    for file, part in accepted.groupby(ledger.origin["_file"].to_numpy()):
        orders = part["order_id"].fillna(part["transaction_id"]).groupby(part["customer_id"]).nunique()
        days = (part["booked_at"].max() - part["booked_at"].min()).days
        if len(orders) >= LEAST_ORDERS and days >= LEAST_DAYS and (orders == 1).mean() >= MOSTLY:
            yield {"doubt": "one_order_each", "file": str(file), "table": "transactions", "column": "customer_id", "n": len(orders), "days": days}


def _a_piece(pieces: Iterable[Piece]) -> Iterator[dict]:
    for piece in [piece for piece in pieces if "transactions" in piece.tables]:
        for name in [name for name in piece.ignored if _PIECES.fullmatch(re.sub(r"[\s_.-]+", " ", name).strip().lower())]:
            counts = pd.to_numeric(piece.raw[name], errors="coerce").dropna()
            if len(counts) and (n := int((counts != 1).sum())):
                yield {"doubt": "price_a_piece", "file": piece.file, "table": "transactions", "column": "net_cny", "n": n, "of": len(counts),
                       "other": name, "line": f"times: {{net_cny: {name}}}"}
