"""Ids among others: the same answer as pandas, whatever is missing."""

from __future__ import annotations

import pandas as pd
import pytest

from voclib.schema.keys import among

TEXTS = pd.Series(["a", "b", None, "a", ""], index=[4, 3, 2, 1, 0], dtype="str")


@pytest.mark.parametrize("others", [
    pd.Series(["b", "a", "z"], dtype="str"), pd.Series(["a", None], dtype="str"), pd.Series([], dtype="str"), pd.Series([""], dtype="str"),
    pd.Index(["a", "b"], dtype="str")], ids=["both", "missing", "none", "blank", "index"])
def test_the_answer_is_that_of_isin(others: pd.Series | pd.Index) -> None:
    pd.testing.assert_series_equal(among(TEXTS, others), TEXTS.isin(others))


def test_numbers_are_ids_too() -> None:
    ids = pd.Series([1, 2, 3])
    assert among(ids, pd.Series([3.0, 1.0])).tolist() == [True, False, True]
