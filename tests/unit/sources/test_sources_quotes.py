"""Quotes that belong to the text swallow no rows, and quotes that hold a comment of several lines keep doing so."""

from __future__ import annotations

import csv
import io
import random

import pytest

from voclib.sources.reading import readers

WORDS = ("fine", "slow", "wait, then nothing", "good\nand, well, kind", 'he said "no"', "quick\r\n1. help\r\n2. price, 3 days", "")


def _read(tmp_path, text):
    (tmp_path / "a.csv").write_bytes(text.encode("utf-8"))
    return readers.read(tmp_path / "a.csv", name="a.csv").frame


def _rows(seed):
    """Voices with honest comments, some of several lines, in a random number of columns before them."""
    draw = random.Random(seed)
    before = draw.randrange(1, 4)
    return [[f"R{number:04d}", *(f"2026-01-{draw.randrange(1, 29):02d}" for _ in range(before)), draw.choice(WORDS), str(draw.randrange(11))]
            for number in range(draw.randrange(60, 200))]


def _written(rows, **settings):
    out = io.StringIO()
    csv.writer(out, **settings).writerows([["id", *(f"d{n}" for n in range(len(rows[0]) - 3)), "comment", "score"], *rows])
    return out.getvalue()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
def test_honest_comments_of_several_lines_are_read_as_they_are(tmp_path, seed, quoting):
    rows = _rows(seed)
    found = _read(tmp_path, _written(rows, quoting=quoting))
    assert found["comment"].fillna("").tolist() == [row[-2] for row in rows]
    assert (found["_repair"] == "").all() and (found["_problem"] == "").all()


@pytest.mark.parametrize("seed", range(6))
def test_two_stray_quotes_swallow_no_row(tmp_path, seed):
    rows, draw = _rows(seed), random.Random(seed)
    first, last = draw.randrange(0, 10), draw.randrange(len(rows) - 10, len(rows))
    for at in (first, last):
        rows[at][-2] = "plain"
    lines = _written(rows)
    for at, stray in ((first, '"fine'), (last, draw.choice(('5" tyre', '"ok', '5"')))):
        lines = lines.replace(",".join([*rows[at][:-2], "plain"]), ",".join([*rows[at][:-2], stray]))
        rows[at][-2] = stray
    found = _read(tmp_path, lines)
    kept = found[found["_problem"] == ""]
    assert set(kept["id"]) >= {row[0] for row in rows[:last]} and len(found) >= len(rows)
    assert kept.set_index("id")["comment"].fillna("").loc[[row[0] for row in rows[:last]]].tolist() == [row[-2] for row in rows[:last]]
    assert kept.loc[kept["_repair"] != "", "id"].tolist()[0] == rows[first][0]


def test_an_inch_sign_in_the_last_line_opens_nothing(tmp_path):
    found = _read(tmp_path, 'id,score,comment\n1,9,fine\n2,8,5" tyre')
    assert found["comment"].tolist() == ["fine", '5" tyre'] and (found["_problem"] == "").all()
