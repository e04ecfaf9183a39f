"""Money as ledgers write it: a refund is never lost for the way its minus is written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.schema.coercion import read

CURRENCY, BRACKETS, MOVED = "currency sign removed", "accounting brackets read as minus", "minus sign moved to the front"


def net(*cells: str, column: str = "amount_cny"):
    """What a column of amounts is read as."""
    return read(pd.DataFrame({column: list(cells)}), "touchpoints", timezone="Asia/Shanghai")


@pytest.mark.parametrize(("raw", "value", "note"), [
    ("-¥500", -500, f"{CURRENCY}; {MOVED}"), ("- ¥500.50", -500.5, f"{CURRENCY}; {MOVED}"), ("¥-500", -500, CURRENCY), ("500-", -500, MOVED),
    ("500.25-元", -500.25, f"{MOVED}; unit word removed"), ("-CNY 500", -500, f"{CURRENCY}; {MOVED}"), ("CNY 500", 500, CURRENCY),
    ("(1,234)", -1234, f"{BRACKETS}; thousands separators removed"), ("(¥12.50)", -12.5, f"{CURRENCY}; {BRACKETS}"),
    ("（500）", -500, f"full-width characters read as plain; {BRACKETS}"), ("(500)元", -500, f"{BRACKETS}; unit word removed"),
    ("1 234.50", 1234.5, "blanks between thousands removed"), ("1\u00a0234\u00a0567", 1234567, "blanks between thousands removed"),
    ("-12\u202f345", -12345, "blanks between thousands removed"), ("+¥500", 500, f"{CURRENCY}; {MOVED}"),
])
def test_an_amount_is_read_and_what_was_done_is_counted(raw, value, note):
    made = net(raw)
    assert made.frame["amount_cny"].tolist() == [value] and made.repairs[0].problem == note and not made.unreadable


@pytest.mark.parametrize("raw", ["(-500)", "-(500)", "-500-", "--500", "-¥-500", "((500))", "(500", "1 23", "12 3456", "5-00", "$500", "-$500"])
def test_what_contradicts_itself_is_not_guessed(raw):
    assert net(raw).unreadable and net(raw).frame["amount_cny"].isna().all()


@pytest.mark.parametrize("raw", ["(5)", "5-", "-¥5"])
def test_only_money_is_written_so(raw):
    assert net(raw, column="wait_minutes").unreadable


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_ledger_nets_to_what_was_booked_however_refunds_are_written(seed):
    rng = np.random.default_rng(seed)
    booked = np.round(rng.normal(rng.uniform(200, 900), rng.uniform(800, 1600), 400), 2)
    ways = [lambda x: f"(¥{x:,.2f})", lambda x: f"-¥{x:,.2f}", lambda x: f"{x:.2f}-", lambda x: f"-{x:,.2f}".replace(",", "\u00a0")]
    made = net(*(f"¥{x:,.2f}" if x >= 0 else ways[rng.integers(4)](-x) for x in booked))
    assert not made.unreadable
    np.testing.assert_allclose(made.frame["amount_cny"], booked)
