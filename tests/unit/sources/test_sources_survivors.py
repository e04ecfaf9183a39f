"""A customer list from which whoever left was removed is named."""

from __future__ import annotations

import pandas as pd
import pytest

from voclib.sources.oddities import traps


@pytest.fixture
def ledger() -> pd.DataFrame:
    booked = pd.to_datetime(["2026-09-01"] * 35 + ["2024-01-01"] * 5, utc=True)
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(40)], "booked_at": booked})


def _customers(churned: int, n: int = 40) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "is_churned": pd.array([i < churned for i in range(n)], dtype="boolean")})


def test_a_list_of_active_customers_only_is_a_trap(ledger: pd.DataFrame) -> None:
    found, = traps.survivors(_customers(0), ledger)
    assert found == {"trap": "survivors_only", "column": "is_churned", "n": 40, "lapsed": 5}


def test_one_customer_who_left_is_enough(ledger: pd.DataFrame) -> None:
    assert traps.survivors(_customers(1), ledger) == []


def test_a_handful_of_customers_proves_nothing() -> None:
    assert traps.survivors(_customers(0, n=10), None) == []
