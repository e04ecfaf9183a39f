"""Tables come back from disk as they went, and their hash says whether their content changed."""

from __future__ import annotations

import errno
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voclib.errors import DataError, ParameterError
from voclib.schema import content_hash, empty, store, validate


def voices() -> pd.DataFrame:
    frame = pd.DataFrame({
        "response_id": ["r1", "r2", "r3"], "channel": "app", "weight": [1.0, 0.1 + 0.2, 1 / 3], "nps_score": ["10", "", "0"],
        "submitted_at": ["2026-07-01T10:00:00.123456Z", "", "2026-07-01"], "is_on_premises": ["1", "", "0"],
        "comment": ["=cmd|'/c calc'!A1", "换行\n和 \"引号\"", ""]})
    return validate(frame, "responses").accepted


def clients() -> pd.DataFrame:
    frame = pd.DataFrame({"customer_id": ["c1", "c2"], "is_churned": [True, False], "churned_on": ["2026-02-01", ""], "segment": "private"})
    return validate(frame, "customers").accepted


def test_tables_come_back_in_the_same_types_values_and_order(tmp_path):
    given = {"responses": voices(), "customers": clients(), "usage": empty("usage")}
    paths = store.write(given, tmp_path / "standard" / "it's")
    assert [path.name for path in paths] == ["responses.parquet", "customers.parquet", "usage.parquet"]
    back = store.read(tmp_path / "standard" / "it's")
    assert list(back) == ["customers", "responses", "usage"]
    for name, frame in given.items():
        pd.testing.assert_frame_equal(back[name], frame)
    assert content_hash(back) == content_hash(given)
    assert list(store.read(tmp_path / "standard" / "it's", "usage")) == ["usage"]
    assert {path.suffix for path in (tmp_path / "standard" / "it's").iterdir()} == {".parquet"}


def test_what_cannot_be_written_or_read_is_said(tmp_path):
    with pytest.raises(DataError, match="columns differ from the standard in weight"):
        store.write({"responses": voices().drop(columns="weight")}, tmp_path)
    with pytest.raises(ParameterError, match="did you mean 'responses'"):
        store.write({"respones": voices()}, tmp_path)
    store.write({"responses": voices()}, tmp_path)
    with pytest.raises(DataError, match=r"holds no customers\.parquet; it holds responses"):
        store.read(tmp_path, "customers")
    with pytest.raises(DataError, match="there is no folder"):
        store.read(tmp_path / "nowhere")
    (tmp_path / "usage.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        store.read(tmp_path, "usage")
    (tmp_path / "usage.parquet").write_bytes((tmp_path / "responses.parquet").read_bytes())
    with pytest.raises(DataError, match=r"usage\.parquet: columns differ from the standard"):
        store.read(tmp_path, "usage")


def test_a_failed_write_leaves_the_last_good_file(tmp_path):
    store.write({"responses": voices()}, tmp_path)
    before = (tmp_path / "responses.parquet").read_bytes()
    with pytest.raises(store.duckdb.Error):
        store.write({"responses": voices().assign(weight="no number")}, tmp_path)
    assert (tmp_path / "responses.parquet").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_an_error_of_the_system_and_leaves_the_last_good_file(tmp_path):
    class Full:
        def execute(self, query):
            raise duckdb.IOException('IO Error: {"exception_type":"IO","exception_message":"No space left on device","errno":"28"}')

        def register(self, name, frame):
            pass

        def unregister(self, name):
            pass

    [path] = store.write({"responses": voices()}, tmp_path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left on device") as error:
        store.put(Full(), voices(), path, {"response_id": "VARCHAR"})
    assert error.value.errno == errno.ENOSPC and error.value.filename == str(path) and path.read_bytes() == before


def test_a_relative_path_is_the_repositorys_whatever_the_working_directory(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert store.locate("data/standard/sample") == root / "data" / "standard" / "sample"
    assert store.locate(tmp_path / "x") == tmp_path / "x"


def test_the_hash_does_not_see_the_order_of_rows_columns_or_tables():
    tables = {"responses": voices(), "customers": clients()}
    shuffled = {"customers": clients().iloc[::-1], "responses": voices().sample(frac=1, random_state=3)[list(voices())[::-1]]}
    assert content_hash(shuffled) == content_hash(tables)
    assert len(content_hash(tables)) == 64 and int(content_hash(tables), 16) > 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2), st.sampled_from([("nps_score", 7), ("weight", 0.5), ("comment", "x"), ("is_on_premises", pd.NA), ("channel", "sms"),
                                           ("submitted_at", pd.Timestamp("2026-07-01T10:00:00.123457Z")), ("nps_score", pd.NA), ("comment", "null")]))
def test_one_changed_cell_is_another_hash(row, change):
    column, value = change
    frame = voices()
    old = frame.loc[row, column]
    frame.loc[row, column] = value
    same = (pd.isna(old) and pd.isna(value)) or (not pd.isna(old) and not pd.isna(value) and old == value)
    assert (content_hash({"responses": frame}) == content_hash({"responses": voices()})) == same


def test_rows_tables_and_names_count():
    base = content_hash({"responses": voices()})
    assert content_hash({"responses": voices().iloc[:2]}) != base
    assert content_hash({"responses": pd.concat([voices(), voices().iloc[:1]])}) != base
    assert content_hash({"cases": voices()}) != base and content_hash({}) != base
    assert content_hash({"responses": voices(), "customers": clients().iloc[:0]}) != base


def test_cells_cannot_run_into_each_other():
    left, right = (pd.DataFrame({"a": [a], "b": [b]}).astype("str") for a, b in (("x", '","y'), ('x","', "y")))
    assert content_hash({"t": left}) != content_hash({"t": right})


def test_noise_in_the_last_digits_of_a_number_does_not_count():
    plain = pd.DataFrame({"value": [0.1 + 0.2, 0.0, 1e9]})
    assert content_hash({"t": plain}) == content_hash({"t": pd.DataFrame({"value": [0.3, -0.0, 1e9 * (1 + 1e-14)]})})
    assert content_hash({"t": plain}) != content_hash({"t": pd.DataFrame({"value": [0.3 + 1e-11, 0.0, 1e9]})})


def test_the_hash_is_the_same_in_every_process():
    assert content_hash({"usage": empty("usage")}) == "08c5d41e1fb10e9243f95896d95aaa46fd82092f4037cdd0cb983e13466a19df"
    code = ("import pandas as pd; from voclib.schema import content_hash; "
            "print(content_hash({'t': pd.DataFrame({'a': ['中', None], 'b': [1.5, 2]})}))")
    told = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
            for seed in ("1", "2")}
    assert told == {content_hash({"t": pd.DataFrame({"a": ["中", None], "b": [1.5, np.float64(2)]})}) + "\n"}
