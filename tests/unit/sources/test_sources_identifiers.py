"""One customer whose number two systems write in two ways is one customer; numbers that only look alike stay apart."""

from __future__ import annotations

import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.sources.pool import ingest
from voclib.sources.standardising import identifiers

MAPPING = SHOP + """
  - channel: master
    files: customers.csv
    tables:
      customers: {columns: {customer_id: id, segment: kind}, constants: {is_churned: 0}}
  - channel: survey
    files: answers.csv
    tables:
      responses: {columns: {response_id: n, customer_id: who, submitted_at: at, nps_score: nps}, constants: {channel: survey}}
"""


@pytest.mark.parametrize(("listed", "answered", "problem"), [
    (("13812345678", "13912345678"), ("+86 138-1234-5678", "0086 13912345678"), identifiers.PHONE),
    (("0015000000Gv7qJ", "0015000000Gv7qj"), ("0015000000Gv7qJAAR", "0015000000Gv7qjAAB"), identifiers.SALESFORCE),
    (("1001", "1002"), ("1001.0", "1002.0"), identifiers.DECIMAL)])
def test_two_spellings_of_one_number_meet(tmp_path, listed, answered, problem):
    (tmp_path / "customers.csv").write_text("id,kind\n" + "".join(f"{one},all\n" for one in listed), "utf-8")
    rows = "".join(f"{n},{one},2026-03-0{n} 10:00,9\n" for n, one in enumerate(answered, start=1))
    (tmp_path / "answers.csv").write_text(f"n,who,at,nps\n{rows}", "utf-8")
    (tmp_path / "shop.yml").write_text(MAPPING, "utf-8")
    pool = ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")
    assert pool.tables["responses"]["customer_id"].notna().all() and pool.tables["responses"]["customer_id"].nunique() == 2
    assert pool.repairs.loc[pool.repairs["column"] == "customer_id", "problem"].tolist() == [problem] * 2
    assert not pool.repairs["example"].str.contains("138|Gv7").any()


@pytest.mark.parametrize("given", [
    ["13812345678", "1381234567", "12812345678", "A138-1234-5678", "138123456789"], ["1-2", "12"], ["0015000000Gv7qJAAA", "PART-NO-12345678AAA"],
    ["110101199003074514", "123456789012345678"], ["1.0", "1.1"], ["1.0", "2"], ["A.0", " "]])
def test_numbers_that_only_look_alike_stay_as_they_are(given):
    texts = pd.Series(given, dtype="str")
    made, notes = identifiers.plain(texts)
    assert made.tolist() == given and (notes == "").all()


def test_a_column_without_any_number_is_left_alone():
    made, notes = identifiers.plain(pd.Series([None, None], dtype="str"))
    assert made.isna().all() and (notes == "").all()
