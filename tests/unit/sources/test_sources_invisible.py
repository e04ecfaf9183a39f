"""Signs that show nothing neither split a customer in two nor hide a heading; what customers wrote keeps them."""

from __future__ import annotations

import pytest
from shop_mapping import SHOP

from voclib.schema import content_hash
from voclib.sources.pool import ingest
from voclib.sources.reading import invisible

MAPPING = SHOP + """
  - channel: survey
    files: a.csv
    tables:
      responses:
        columns: {response_id: id, customer_id: 手机, submitted_at: 时间, nps_score: 推荐, segment: 客群, comment: 原话}
        constants: {channel: survey}
        values: {nps_score: {非常愿意: 10}}
"""
PLAIN = ["id,手机,时间,推荐,客群,原话", "R1,13812345678,2026-03-01 10:00,9,车主,家人👨\u200d👩\u200d👧满意",
         "R2,13812345678,2026-03-02 10:00,非常愿意,车主,好", "R3,13812345679,2026-03-03 10:00,,车主,差"]


def _taken(folder, lines, mapping=MAPPING):
    folder.mkdir()
    (folder / "a.csv").write_text("\n".join(lines), "utf-8")
    (folder / "shop.yml").write_text(mapping, "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def test_they_change_nothing_but_are_counted(tmp_path):
    """A number copied from a telephone's contacts, an id from a web page, a score behind a mark of direction, an answer of nothing else."""
    untidy = ["id\u200b,\ufeff手机,时间,推荐,客群,原话",
              "R1\u200b,\u202d13812345678\u202c,2026-03-01 10:00,\u200e9,车\u200b主,家人👨\u200d👩\u200d👧满意",
              "R2,13812345678,\u200f2026-03-02 10:00,非常愿意\u200b,车主,好", "R3,13812345679,2026-03-03 10:00,\u200b,车主,差"]
    plain, found = _taken(tmp_path / "plain", PLAIN), _taken(tmp_path / "untidy", untidy)
    assert content_hash(found.tables) == content_hash(plain.tables) and found.tables["responses"]["customer_id"].nunique() == 2
    mended = found.repairs[found.repairs["problem"] == invisible.REMOVED]
    assert sorted(zip(mended["row"], mended["column"], strict=True)) == [
        (2, "customer_id"), (2, "nps_score"), (2, "response_id"), (2, "segment"), (3, "nps_score"), (3, "submitted_at"), (4, "nps_score")]
    assert (mended["example"] == "").all()
    assert "\u200d" in found.tables["responses"]["comment"][0] and plain.repairs.empty


def test_a_heading_copied_with_them_into_the_mapping_is_found(tmp_path):
    lines = [PLAIN[0].replace("推荐", "推荐\u200b"), *PLAIN[1:]]
    assert len(_taken(tmp_path / "a", lines, MAPPING.replace("nps_score: 推荐", 'nps_score: "推荐\u200b"')).tables["responses"]) == 3


@pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\u202e", "\u00ad", "\x00", "\u2060"])
def test_every_such_sign_is_known(sign):
    assert invisible.SIGNS.sub("", f"1{sign}2") == "12"


@pytest.mark.parametrize("sign", ["\u00a0", "\t", "\n", "é", "的", "\ufe0f", "😀", "\u3000"])
def test_what_shows_or_parts_words_stays(sign):
    assert invisible.SIGNS.sub("", f"1{sign}2") == f"1{sign}2"
