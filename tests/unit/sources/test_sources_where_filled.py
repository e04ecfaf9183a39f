"""One row of an export, one voice or two: the second comment makes a voice of its own where it was written, and none where it was not."""

from __future__ import annotations

import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources import ingest

MAPPING = SHOP + """
  - channel: review
    files: reviews.csv
    tables:
      responses:
        columns: {response_id: id, submitted_at: at, star_rating: stars, comment: said}
        constants: {channel: review}
  - channel: review
    files: reviews.csv
    make_id: [id, later]
    tables:
      responses:
        columns: {response_id: _id, submitted_at: later_at, comment: later}
        constants: {channel: review}
        where_filled: later
"""


def read(folder, mapping=MAPPING):
    lines = [f"{n},2026-01-{n + 1:02d},5,很好,{'' if n % 4 else '用坏了'},{'' if n % 4 else '2026-02-01'}" for n in range(20)]
    (folder / "reviews.csv").write_text("\n".join(["id,at,stars,said,later,later_at", *lines]), encoding="utf-8")
    (folder / "shop.yml").write_text(mapping, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_a_second_comment_is_a_voice_of_its_own_where_it_was_written(tmp_path):
    pool = read(tmp_path)
    told, totals = pool.tables["responses"], pool.scorecard["totals"]
    assert told["comment"].value_counts().to_dict() == {"很好": 20, "用坏了": 5} and told["star_rating"].notna().sum() == 20
    assert pool.quarantine.empty and totals["rows_read"] == totals["clean"] + totals["repaired"] + totals["quarantined"]
    assert pool.scorecard["channels"]["review"]["voices"] == 25
    assert len(read(tmp_path, MAPPING.replace("        where_filled: later\n", "")).tables["responses"]) > 25, "empty ones would be voices"


def test_a_column_that_is_not_there_is_asked_for_by_name(tmp_path):
    with pytest.raises(DataError, match="has no column 'latr'; did you mean 'later'"):
        read(tmp_path, MAPPING.replace("where_filled: later", "where_filled: latr"))
