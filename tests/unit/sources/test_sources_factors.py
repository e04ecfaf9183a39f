"""Amounts and measures in another unit than the standard's: multiplied by the factor the mapping gives, or set aside, never taken as they stand."""

from __future__ import annotations

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: ledger
    files: ledger.csv
    delimiter: ";"
    tables:
      customers:
        columns: {customer_id: who}
        constants: {segment: all, is_churned: 0}
        distinct: true
      transactions:
        columns: {transaction_id: id, customer_id: who, booked_at: at, net_cny: net}
        constants: {kind: subscription, currency: CNY}
        MORE
"""
REPAIRS = SHOP + """
  - channel: repair
    files: repairs.csv
    tables:
      repairs:
        columns: {repair_id: id, part: part, repaired_at: at, mileage_km: odometer}
        MORE
"""


def ledger(folder, amounts, *, more="factors: {net_cny: 7.85}", mapping=MAPPING):
    (folder / "ledger.csv").write_text("\n".join(["id;who;at;net", *(f"{i};C{i};2026-01-02;{net}" for i, net in enumerate(amounts))]), "utf-8")
    (folder / "shop.yml").write_text(mapping.replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def repairs(folder, cells, *, more=""):
    lines = ["id,part,at,odometer", *(f'{i},door,2026-01-02,"{cell}"' for i, cell in enumerate(cells))]
    (folder / "repairs.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "shop.yml").write_text(REPAIRS.replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


@pytest.mark.parametrize(("written", "euros"), [
    (["€ 1.250,50", "12,40", "-3,00", "0,99 €"], [1250.5, 12.4, -3, 0.99]), (["€1,250.50", "(12.40)", "€ -3.00", "0.99"], [1250.5, -12.4, -3, 0.99]),
    (["1 250,50 EUR", "12,40 EUR", "3,00- EUR", "1e2"], [1250.5, 12.4, None, 100])])
def test_amounts_in_another_currency_become_yuan_at_the_rate_given(tmp_path, written, euros):
    pool = ledger(tmp_path, written)
    known = [euro for euro in euros if euro is not None]
    assert pool.tables["transactions"]["net_cny"].tolist() == pytest.approx([round(7.85 * euro, 2) for euro in known], abs=0.006)
    assert len(pool.quarantine) == len(euros) - len(known) and "net_cny × 7.85" in pool.findings("en")


def test_without_a_factor_a_foreign_amount_is_still_set_aside(tmp_path):
    pool = ledger(tmp_path, ["€ 12.40", "€ 9.90", "9.90"], more="")
    assert len(pool.quarantine) == 2 and pool.tables["transactions"]["net_cny"].tolist() == [9.9]


def test_one_factor_cannot_serve_two_currencies(tmp_path):
    with pytest.raises(DataError, match=r"name several units \(\$, €\), and one factor cannot serve them all"):
        ledger(tmp_path, ["€ 12.40", "$ 9.90"])


def test_what_already_stands_in_the_standards_unit_is_not_multiplied(tmp_path):
    pool = ledger(tmp_path, ["€ 10.00", "¥ 10.00", "10.00 元", "ten"])
    assert pool.tables["transactions"]["net_cny"].tolist() == [78.5, 10, 10] and len(pool.quarantine) == 1


def test_miles_become_kilometres_and_kilometres_are_read(tmp_path):
    assert repairs(tmp_path, ["12,000 mi", "100", ""], more="factors: {mileage_km: 1.609344}").tables["repairs"]["mileage_km"].dropna().tolist() == \
        pytest.approx([19312.128, 160.9344])
    assert repairs(tmp_path, ["12,000 km", "3000 公里"]).tables["repairs"]["mileage_km"].tolist() == [12000, 3000]


@pytest.mark.parametrize(("factors", "told"), [
    ("{net_cny: 0}", "0.0 is not a factor"), ("{net: 7.85}", "'net' is not a column there"), ("{booked_at: 2}", "booked_at is no column of amounts")])
def test_a_factor_that_makes_no_sense_is_refused_before_anything_is_read(tmp_path, factors, told):
    with pytest.raises(ParameterError, match=told):
        ledger(tmp_path, ["1"], more=f"factors: {factors}")


def test_a_foreign_currency_is_told_how_it_can_be_brought_in(tmp_path):
    with pytest.raises(ParameterError, match=r"currency is 'EUR'.*factors: \{net_cny: 7.85\}"):
        ledger(tmp_path, ["1"], mapping=MAPPING.replace("currency: CNY", "currency: EUR"))


def pieces(folder, rows, *, more=""):
    (folder / "ledger.csv").write_text("\n".join(["id;who;at;net;Quantity", *(f"{i};C{i};2026-01-02;{row}" for i, row in enumerate(rows))]), "utf-8")
    (folder / "shop.yml").write_text(MAPPING.replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_a_price_a_piece_is_taken_times_the_pieces_and_returns_are_negative(tmp_path):
    rows = ["2.55;6", "0.005;1000", "€3.00;-2", "4;", "4;many", ";3"]
    pool = pieces(tmp_path, rows, more="times: {net_cny: Quantity}\n        factors: {net_cny: 9}")
    assert pool.tables["transactions"]["net_cny"].tolist() == [137.7, 45.0, -54.0]
    assert len(pool.quarantine) == 3 and "transactions.net_cny × Quantity" in pool.findings("en")
    assert "Quantity" not in [name for file in pool.scorecard["files"] for name in file["ignored_columns"]]


def test_quantities_beside_amounts_that_do_not_use_them_are_named_with_the_line_to_write(tmp_path):
    told = pieces(tmp_path, ["2.55;6", "3.00;-2", "1;1"])
    assert told.tables["transactions"]["net_cny"].tolist() == [2.55, 3.0, 1.0]
    assert "2 of its 3 cells are not 1" in told.findings("en") and "times: {net_cny: Quantity}" in told.findings("zh")
    assert "Quantity” is not used" not in pieces(tmp_path, ["2.55;1", "3.00;1"]).findings("en")
    assert "Quantity” is not used" not in pieces(tmp_path, ["2.55;6", "3.00;-2"], more="times: {net_cny: Quantity}").findings("en")


def test_only_amounts_and_measures_can_be_taken_times_a_column(tmp_path):
    with pytest.raises(ParameterError, match="times: booked_at is no column of amounts"):
        pieces(tmp_path, ["1;1"], more="times: {booked_at: Quantity}")
    with pytest.raises(DataError, match="no column 'Quantities'"):
        pieces(tmp_path, ["1;1"], more="times: {net_cny: Quantities}")
