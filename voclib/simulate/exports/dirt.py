"""Dirt in flat files and tickets: rows that are added, never values that are lost; every kind is counted."""

from __future__ import annotations

import duckdb

from voclib.simulate.exports.field_headings import DIRT

KEYS = {"ledger.csv": ("流水号", "B9"), "customers.csv": ("客户编号", "C9"), "touchpoints.csv": ("接触编号", "T9"),
        "contact_centre.csv": ("记录编号", "K9"), **DIRT["KEYS"]}
DUPLICATED = {"ledger.csv": 0.002, "usage.csv": 0.0005, "customers.csv": 0.0005, "touchpoints.csv": 0.0005, "reviews.csv": 0.01,
              **DIRT["DUPLICATED"]}
UNKNOWN_CUSTOMER = {"ledger.csv": 0.0005, "touchpoints.csv": 0.0002, "contact_centre.csv": 0.003, **DIRT["UNKNOWN_CUSTOMER"]}
REVERSED = {"customers.csv": ("入会日期", "流失日期"), "contact_centre.csv": ("通话时间", "录入时间")}
REVERSED_SHARE = 0.003
"""Of the rows that hold the later time. A table with many more would be refused as a whole, so a small one gets none."""
MONEY = ("净额", "毛利", "金额", "收入", "消费12月", "成本", *DIRT["MONEY"])


def plant(connection: duckdb.DuckDBPyConnection, file: str, rows: int) -> dict[str, int]:
    """Put dirty copies of the view `lines` (key column rn) into the table `extra` and count the dirt of both."""
    connection.execute("CREATE OR REPLACE TEMP TABLE extra AS SELECT * FROM lines LIMIT 0")
    planted: dict[str, int] = {}
    if file in DUPLICATED:
        count = _count(rows, DUPLICATED[file])
        step = max(1, rows // count)
        planted["duplicate_rows"] = _insert(connection, f"SELECT * REPLACE (rn + {rows} AS rn) FROM lines WHERE rn % {step} = 0", limit=count)
    if file in UNKNOWN_CUSTOMER:
        planted["unknown_customers"] = _foreign(connection, file, rows)
    if file in REVERSED:
        planted["reversed_times"] = _reversed(connection, file, rows)
    columns = [row[0] for row in connection.execute("DESCRIBE lines").fetchall()]
    counted = " + ".join(f"count(*) FILTER (\"{column}\" LIKE '%,%')" for column in MONEY if column in columns)
    if counted:
        planted["thousands_separators"] = sum(connection.execute(f"SELECT {counted} FROM {name}").fetchall()[0][0] for name in ("lines", "extra"))
    return planted


def plant_tickets(connection: duckdb.DuckDBPyConnection, rows: int) -> dict[str, int]:
    """Put tickets whose assignment lies before their opening into the table `extra`."""
    connection.execute("CREATE OR REPLACE TEMP TABLE extra AS SELECT * FROM lines LIMIT 0")
    query = f"""SELECT * REPLACE (rn + {2 * rows} AS rn, 'Q9' || substr(ticket_id, 3) AS ticket_id,
        list_transform(events, lambda e: CASE WHEN e.kind = 'assigned' THEN {{'kind': e.kind, 'time': '2024-01-01T08:00:00+08:00'}}
        ELSE e END) AS events)
        FROM lines WHERE len(list_filter(events, lambda e: e.kind = 'assigned')) > 0"""
    known = connection.execute("SELECT count(*) FROM lines WHERE len(list_filter(events, lambda e: e.kind = 'assigned')) > 0").fetchall()[0][0]
    return {"reversed_times": _insert(connection, query, limit=int(REVERSED_SHARE * known))}


def _count(rows: int, share: float) -> int:
    return max(1, round(rows * share))


def _insert(connection: duckdb.DuckDBPyConnection, query: str, *, limit: int) -> int:
    return connection.execute(f"INSERT INTO extra SELECT * FROM ({query}) ORDER BY rn LIMIT {limit}").fetchall()[0][0]


def _foreign(connection: duckdb.DuckDBPyConnection, file: str, rows: int) -> int:
    """Lines of a customer the company does not know, under keys of their own."""
    key, prefix = KEYS[file]
    refund = ", NULL AS \"冲销流水号\"" if file == "ledger.csv" else ""
    query = f"""SELECT * REPLACE (rn + {3 * rows} AS rn, '{prefix}' || substr("{key}", 3) AS "{key}",
        'X' || substr("客户编号", 2) AS "客户编号"{refund}) FROM lines WHERE "客户编号" IS NOT NULL"""
    return _insert(connection, query, limit=_count(rows, UNKNOWN_CUSTOMER[file]))


def _reversed(connection: duckdb.DuckDBPyConnection, file: str, rows: int) -> int:
    """Lines whose second time lies before the first, under keys of their own."""
    (key, prefix), (first, second) = KEYS[file], REVERSED[file]
    if file in UNKNOWN_CUSTOMER:
        prefix = f"{prefix[:-1]}8"  # so that no line of an unknown customer has the same key
    left = ", '是' AS \"是否流失\"" if file == "customers.csv" else ""
    query = f"""SELECT * REPLACE (rn + {4 * rows} AS rn, '{prefix}' || substr("{key}", 3) AS "{key}", '2026-02-01' AS "{first}",
        '2025-12-01' AS "{second}"{left}) FROM lines WHERE rn % 7 = 0"""
    known = connection.execute(f'SELECT count("{second}") FROM lines').fetchall()[0][0]
    return _insert(connection, query, limit=int(REVERSED_SHARE * known))
