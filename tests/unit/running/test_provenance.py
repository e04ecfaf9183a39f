"""Provenance: what a hash covers, what it leaves out, and that unchanged tables are not hashed twice."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

import voclib
from voclib import schema
from voclib.running import provenance
from voclib.running.edition import Edition, Job
from voclib.running.provenance import Tracer
from voclib.running.workspace import FileHashes, Workspace, write
from voclib.schema import store

WORDS = {"zh": "甲", "en": "A"}


def _units(*names: str) -> pd.DataFrame:
    frame = schema.empty("units")
    rows = pd.DataFrame({"unit_id": list(names), "name": list(names), "kind": "dealer", "region": "north"})
    return pd.concat([frame, rows], ignore_index=True)[list(frame.columns)].astype(frame.dtypes.to_dict())


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/core.lock").write_text("pandas==3.0.1\n", "utf-8")
    _notebook(tmp_path, "seed = 1")
    store.write({"units": _units("a", "b", "c")}, tmp_path / "data/standard/tiny")
    return Workspace(tmp_path)


def _notebook(root: Path, source: str, **more: object) -> None:
    cell = {"cell_type": "code", "id": "c0", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": [], "execution_count": None, **more}
    (root / "notebooks/20-scores.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def _job(space: Workspace, **parameters: object) -> Job:
    return Job("tiny", "20-scores", space.notebooks / "20-scores.ipynb", parameters, parameters, ("data/standard/tiny",))


def _key(space: Workspace, **texts: object) -> str:
    edition = Edition(edition="tiny", title=texts.get("title", WORDS), company=WORDS, notebooks={"20-scores": {}})
    tracer, job = Tracer(space), _job(space)
    return tracer.key(edition, job, tracer.provenance(job))


def test_each_part_moves_its_own_hash_and_no_other(space: Workspace) -> None:
    def moved(before: dict, after: dict) -> set[str]:
        return {name for name in before if before[name] != after[name]}

    first = Tracer(space).provenance(_job(space, seed=1)).to_dict()
    assert moved(first, Tracer(space).provenance(_job(space, seed=1)).to_dict()) == set()
    assert moved(first, Tracer(space).provenance(_job(space, seed=2)).to_dict()) == {"parameters", "parameter_values"}
    (space.root / "requirements/core.lock").write_text("pandas==3.0.2\n", "utf-8")
    second = Tracer(space).provenance(_job(space, seed=1)).to_dict()
    assert moved(first, second) == {"code", "locked"}
    _notebook(space.root, "seed = 1  # changed")
    third = Tracer(space).provenance(_job(space, seed=1)).to_dict()
    assert moved(second, third) == {"code"}
    store.write({"units": _units("a", "b", "d")}, space.root / "data/standard/tiny")
    fourth = Tracer(space).provenance(_job(space, seed=1)).to_dict()
    assert moved(third, fourth) == {"data"}
    (space.root / "params/rules").mkdir(parents=True)
    (space.root / "params/rules/gates.yml").write_text("min_n: 50\n", "utf-8")
    assert first["gates"] == "default"
    assert moved(fourth, Tracer(space).provenance(_job(space, seed=1)).to_dict()) == {"gates"}


def test_the_library_is_part_of_the_code_hash(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    (package / "schema").mkdir(parents=True)
    monkeypatch.setattr("voclib.running.provenance._PACKAGE", package)
    (package / "a.py").write_text("1\n", "utf-8")
    codes = [Tracer(space).provenance(_job(space)).code]
    for name, text in (("a.py", "22\n"), ("words.txt", "package data\n"), ("schema/b.py", "3\n")):
        (package / name).write_text(text, "utf-8")
        codes.append(Tracer(space).provenance(_job(space)).code)
    assert len(set(codes)) == 4
    (package / "__pycache__").mkdir()
    (package / "__pycache__/a.pyc").write_text("compiled", "utf-8")
    assert Tracer(space).provenance(_job(space)).code == codes[-1]


def test_outputs_and_counters_of_a_notebook_do_not_count(space: Workspace) -> None:
    first = Tracer(space).provenance(_job(space)).code
    _notebook(space.root, ["seed ", "= 1"], execution_count=7, outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}])
    assert Tracer(space).provenance(_job(space)).code == first


def test_the_order_of_rows_does_not_count(space: Workspace) -> None:
    first, key = Tracer(space).provenance(_job(space)).data, _key(space)
    store.write({"units": _units("c", "a", "b")}, space.root / "data/standard/tiny")
    assert Tracer(space).provenance(_job(space)).data == first and _key(space) == key


def test_unchanged_tables_are_not_read_again(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(space)
    first = tracer.provenance(_job(space))
    tracer.save()
    monkeypatch.setattr(store, "read", lambda *a, **k: pytest.fail("tables were read again"))
    assert Tracer(space).provenance(_job(space)) == first


def test_what_lies_beside_the_tables_and_the_texts_decide_a_rerun(space: Workspace) -> None:
    keys = [_key(space)]
    (space.root / "data/standard/tiny/scorecard.json").write_text("{}", "utf-8")
    keys.append(_key(space))
    keys.append(_key(space, title={"zh": "乙", "en": "B"}))
    (space.root / "params/rules").mkdir(parents=True)
    (space.root / "params/rules/aspects.yml").write_text("a: 1\n", "utf-8")
    keys.append(_key(space))
    assert len(set(keys)) == 4


def test_inputs_beside_the_tables_move_the_hash_of_files_alone(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = space.root / "elsewhere"
    for name in ("truth.json", "data/standard/tiny/scorecard.json", "elsewhere/telco/a.csv", "benchmarks/coverage.json"):
        (space.root / name).parent.mkdir(parents=True, exist_ok=True)
        (space.root / name).write_text("1", "utf-8")
    monkeypatch.setenv("ELSEWHERE", str(outside))
    _notebook(space.root, 'import voclib\nfrom voclib.studies import validation\nvoclib.locate(f"{public}/telco")')
    job = _job(space, truth_file="truth.json", public="$ELSEWHERE", absent_file="none.json")
    assert provenance.located(job) == ["$ELSEWHERE/telco", "none.json", "truth.json"]
    before = Tracer(space).provenance(job).to_dict()
    for name in ("truth.json", "data/standard/tiny/scorecard.json", "elsewhere/telco/a.csv", "benchmarks/coverage.json"):
        (space.root / name).write_text("two", "utf-8")
        after = Tracer(space).provenance(job).to_dict()
        assert {n for n in before if before[n] != after[n]} == {"files"}, name
        before = after
    (outside / "other.csv").write_text("not read", "utf-8")
    assert Tracer(space).provenance(job).to_dict() == before
    monkeypatch.delenv("ELSEWHERE")
    assert Tracer(space).provenance(job).files != before["files"]


def test_parameters_stand_in_plain_but_for_places_outside_the_repository(space: Workspace) -> None:
    given = {"seed": 1, "segments": ["region"], "data": "data/standard/tiny", "public": "$HOME/a", "root": "/home/me", "disk": "C:\\me",
             "home": "~/a", "several": ["data", "/etc"], "named": {"a": "$B"}}
    assert Tracer(space).provenance(_job(space, **given)).parameter_values == {"data": "data/standard/tiny", "seed": 1, "segments": ["region"]}


def test_what_a_notebook_imports_is_found_once(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(space)
    first = tracer.provenance(_job(space))
    tracer.save()
    monkeypatch.setattr("voclib.running.methods.definition", lambda *a, **k: pytest.fail("imports were followed again"))
    assert Tracer(space).provenance(_job(space)) == first


def test_a_footer_holds_hashes_and_versions_but_no_path_clock_or_commit(space: Workspace) -> None:
    footer = Tracer(space).provenance(_job(space, seed=1)).footer()
    assert set(footer) == {"code", "data", "parameters", "gates", "python", "packages"}
    assert all(re.fullmatch(r"[0-9a-f]{16}", footer[name]) for name in ("code", "data", "parameters"))
    assert footer["packages"]["pandas"] == pd.__version__
    assert str(space.root) not in json.dumps(footer)


def test_a_changed_file_of_equal_size_is_seen(tmp_path: Path) -> None:
    space, path = Workspace(tmp_path), tmp_path / "a.txt"
    path.write_text("one", "utf-8")
    hashes = FileHashes(space)
    first = hashes[path]
    hashes.save()
    path.write_text("two", "utf-8")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert FileHashes(space)[path] != first


def test_a_file_is_replaced_only_where_its_bytes_differ(tmp_path: Path) -> None:
    path = tmp_path / "deep/a.txt"
    assert write(path, b"1") and not write(path, b"1") and write(path, b"2")
    assert path.read_bytes() == b"2" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_load_finds_tables_from_any_working_directory(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOC_ROOT", str(space.root))
    monkeypatch.chdir("/")
    data = voclib.load("data/standard/tiny", "units")
    assert list(data) == ["units"] and sorted(data.units["unit_id"]) == ["a", "b", "c"]
    with pytest.raises(AttributeError, match=r"The table 'unit' was not loaded; did you mean 'units'\?"):
        _ = data.unit
    with pytest.raises(voclib.DataError, match=r"There is no scorecard in data/standard/tiny; 'voc ingest' writes one"):
        voclib.scorecard("data/standard/tiny")
    (space.root / "data/standard/tiny/scorecard.json").write_text('{"rows": 3}', "utf-8")
    assert voclib.scorecard("data/standard/tiny") == {"rows": 3}
