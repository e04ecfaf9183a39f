"""The declaration as SQL finds the same problems in the same cells as the declaration in memory."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.schema import TABLES, empty, gates, sql, store, validate, validate_all

ROWS, DIRT = 240, 0.04
JUNK = {"choice": "fax", "month": "July", "whole": 2.5, "real": np.inf}


@pytest.fixture()
def connection():
    with duckdb.connect() as opened:
        yield opened


def cells(kind: str, rng: np.random.Generator, allowed: list[str], span: tuple[float, float]) -> pd.Series:
    """Right values of one kind, with wrong and missing ones strewn in."""
    pick = rng.random(ROWS)
    if kind in ("id", "text", "choice", "month"):
        pool = allowed or (["2026-01", "2026-02", "2025-12"] if kind == "month" else [f"k{i}" for i in range(60)])
        made = pd.Series(rng.choice(pool, ROWS), dtype="str").mask(pick < DIRT)
        return made.mask(pick > 1 - DIRT, JUNK[kind]) if kind in JUNK else made
    if kind in ("whole", "real"):
        low, high = span
        made = pd.Series(rng.uniform(low, high, ROWS)).round(0 if kind == "whole" else 6).clip(low, high)
        made = made.mask(pick < DIRT).mask(pick > 1 - DIRT, JUNK[kind])
        return made.mask((pick > 0.5) & (pick < 0.5 + DIRT), low - 1).mask((pick > 0.6) & (pick < 0.6 + DIRT), high + 1)
    if kind == "flag":
        return pd.Series(rng.random(ROWS) < 0.5, dtype="boolean").mask(pick < DIRT)
    days = pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, ROWS), unit="D")).astype("datetime64[us]").mask(pick < DIRT)
    return days if kind == "day" else days.dt.tz_localize("UTC")


def dirty(table: str, seed: int) -> pd.DataFrame:
    rng, columns = np.random.default_rng(seed), {}
    for name, declared in TABLES[table].columns.items():
        given = {key: value for check in declared.checks for key, value in check.statistics.items()}
        span = (given.get("min_value", -50), given.get("max_value", given.get("min_value", -50) + 100))
        columns[name] = cells(declared.metadata["kind"], rng, given.get("allowed_values", []), span)
    return pd.DataFrame(columns)


def found(problems: pd.DataFrame) -> list[tuple[str, int, str]]:
    return sorted(problems[["column", "row", "problem"]].itertuples(index=False, name=None))


def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates on whole tables would refuse so dirty a table before its rows are compared."""
    monkeypatch.setattr(gates, "WRONG_TIMES_LIMIT", 1.0)
    monkeypatch.setattr(gates, "is_panel", lambda table: False)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("table", TABLES)
def test_both_paths_find_the_same(table, seed, connection, monkeypatch):
    lenient(monkeypatch)
    frame = dirty(table, seed)
    connection.register("given", frame)
    in_memory, in_sql = validate(frame, table).problems, sql.problems(connection, table, "given")
    assert found(in_sql) == found(in_memory)
    assert len(in_memory) > 20 and in_sql.dtypes.equals(in_memory.dtypes)


def test_every_kind_of_problem_was_compared(monkeypatch):
    lenient(monkeypatch)
    kinds = {" ".join(problem.split()[:2]) for table in TABLES for problem in validate(dirty(table, 1), table).problems["problem"]}
    assert kinds >= {"missing value;", "outside 0–10", "below 0", "above 1", "not one", "not of", "not a", "duplicate key", "lies before"}


def test_text_in_the_standards_own_forms_is_read_as_it_is_in_memory(connection):
    frame = pd.DataFrame({
        "response_id": ["a", "b", "b", "", " c"], "channel": ["app", "NA", "app", "app", "app"], "nps_score": ["10", "11", "9.5", "无", "x"],
        "submitted_at": ["2026-07-01T10:00:00Z", "2026-07-01 10:00:00", "2026-07-01", "later", ""], "is_on_premises": ["是", "no", "?", "1", "N/A"],
        "comment": ["无", "", "好", "a|b", "NA"], "weight": ["1", "-1", "inf", "", "2.50"]}).astype("str")
    connection.register("given", frame)
    assert found(sql.problems(connection, "responses", "given")) == found(validate(frame, "responses").problems)


def test_times_of_other_types_and_zones(connection):
    frame = pd.DataFrame({"response_id": ["a", "b"], "channel": "app", "weight": 1,
                          "touched_at": pd.to_datetime(["2026-07-01 10:00", "2026-07-01 10:00"]),
                          "submitted_at": pd.to_datetime(["2026-07-01T03:00Z", "2026-07-01T01:59Z"])})
    connection.register("given", frame)
    assert found(sql.problems(connection, "responses", "given")) == [("submitted_at", 2, "lies before touched_at")]
    assert sql.problems(connection, "responses", "given", timezone="UTC")["row"].tolist() == [1, 2]


def test_references_are_looked_up_where_they_are_given(connection):
    responses = pd.DataFrame({"response_id": ["r1", "r2"], "channel": "app", "weight": 1.0})
    mentions = pd.DataFrame({"response_id": ["r1", "r9", "r8", "r1"], "topic": ["a", "a", "b", "a"], "probability": [0.5, 0.5, 2, 0.5],
                             "classifier": "c"})
    connection.register("voices", responses)
    connection.register("mentions", mentions)
    expected = validate_all({"responses": responses, "topic_mentions": mentions})["topic_mentions"].problems
    assert found(sql.problems(connection, "topic_mentions", "mentions", references={"responses": "voices"})) == found(expected)
    assert "not found in responses.response_id" in set(expected["problem"])
    with pytest.raises(ParameterError, match="references= names units"):
        sql.problems(connection, "topic_mentions", "mentions", references={"units": "voices"})


def test_a_parquet_file_is_read_where_it_lies(connection, tmp_path):
    good = empty("usage").reindex(range(2)).assign(customer_id=["c1", "c1"], month="2026-01", logins=1, active_days=[1, 40])
    store.write({"usage": good.astype(empty("usage").dtypes.to_dict())}, tmp_path)
    made = sql.problems(connection, "usage", str(tmp_path / "usage.parquet"), file="usage.parquet")
    assert made.to_dict("records") == [{"file": "usage.parquet", "table": "usage", "column": "active_days", "row": 2,
                                        "problem": "outside 0–31", "example": "40"}]


def test_row_numbers_of_the_file_and_columns_that_do_not_fit(connection):
    frame = pd.DataFrame({"customer_id": ["c1", "c2"], "month": ["2026-01", "x"], "logins": 1, "active_days": 1, "_row": [11, 12]})
    connection.register("given", frame)
    assert sql.problems(connection, "usage", "given")["row"].tolist() == [12]
    connection.register("short", frame.drop(columns="logins"))
    with pytest.raises(DataError, match=r"usage\.logins: missing column"):
        sql.problems(connection, "usage", "short")
    with pytest.raises(DataError, match="DuckDB cannot read 'nowhere'"):
        sql.problems(connection, "usage", "nowhere")


def test_names_and_values_cannot_break_out_of_the_query(connection):
    connection.execute("""CREATE TABLE "x"" y" AS SELECT 'c''1' AS customer_id, '2026-01'' OR ''1' AS month, 1 AS logins, 1 AS active_days""")
    assert sql.problems(connection, "usage", 'x" y')["example"].tolist() == ["2026-01' OR '1"]
