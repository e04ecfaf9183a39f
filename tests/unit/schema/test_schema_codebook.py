"""The codebook on disk is the declaration, in both languages; the package itself is cheap to import."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import voclib.schema
from voclib.schema import TABLES, codebook
from voclib.schema.handbook import write


def test_the_file_on_disk_is_what_the_declaration_says(root):
    written = (root / "data" / "README.md").read_text(encoding="utf-8")
    assert written == codebook(), "data/README.md is out of date: run python -m voclib.schema.codebook"


def test_the_command_writes_that_file(tmp_path):
    assert write(tmp_path / "README.md").read_text(encoding="utf-8") == codebook()
    code = ("import runpy, voclib.schema.handbook as h, pathlib, sys\n"
            "h.repository = lambda: pathlib.Path(sys.argv[1])\nrunpy.run_module('voclib.schema.codebook', run_name='__main__')")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert (tmp_path / "data" / "README.md").read_text(encoding="utf-8") == codebook()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_told_in_both_languages(name):
    section = codebook().split(f"\n## {name}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    rows = {row[0]: row for row in ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)}
    for column, declared in TABLES[name].columns.items():
        key = "🔑 " if column in TABLES[name].metadata["key"] else ""
        told = rows[f"{key}`{column}`"]
        assert len(told) == 9 and told[-1] == declared.description and told[-2] == declared.metadata["zh"]
        assert told[4] == ("是 yes" if declared.nullable else "否 no") and declared.metadata["references"] in told[5]
    assert re.search(r"[\u4e00-\u9fff]", TABLES[name].metadata["zh"]) and TABLES[name].description in section


def test_ranges_and_named_values_are_shown():
    text = codebook()
    assert "| 0–10 | 0–10 |" in text and "| ≥ 0 |" in text and "`vvip`, `regular`" in text and "| 1e-09–1 |" in text
    assert "`submitted_at` never lies before `touched_at`." in text and "`submitted_at` 不得早于 `touched_at`。" in text


def test_every_public_name_resolves_and_an_unknown_one_does_not():
    for name in voclib.schema.__all__:
        assert getattr(voclib.schema, name) is not None
    assert callable(voclib.schema.codebook) and callable(voclib.schema.validate)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = voclib.schema.nothing


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, voclib.schema; print(sorted({'pandas', 'pandera', 'duckdb', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
