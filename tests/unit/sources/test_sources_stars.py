"""Stars are a score like the others: a review of stars alone is whole, and copied words under differing stars contradict each other."""

from __future__ import annotations

import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.sources import ingest
from voclib.sources.standardising import labels

MAPPING = SHOP + """
  - channel: review
    files: reviews.csv
    tables:
      responses:
        columns: {response_id: id, customer_id: who, submitted_at: at, star_rating: stars, comment: said, segment: item}
        constants: {channel: review}
"""
SAID = "the very same sentence of a good many characters"


def card(folder, rows):
    (folder / "reviews.csv").write_text("\n".join(["id,who,at,stars,said,item", *(f"{i},{row}" for i, row in enumerate(rows))]), encoding="utf-8")
    (folder / "shop.yml").write_text(MAPPING, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out").scorecard


def test_a_review_of_stars_alone_lacks_no_score(tmp_path):
    found = card(tmp_path, [*(f"C{n},2026-01-02,{n % 5 + 1},,shoe" for n in range(30)), "C99,2026-01-02,,,shoe"])["channels"]["review"]
    assert found["voices"] == 31 and found["voices_valid"] == 30
    assert [item["n"] for item in found["missing_required"]] == [1]


@pytest.mark.parametrize(("stars", "disagreeing"), [((5, 1), 1), ((5, 5), 0)])
def test_copied_words_under_differing_stars_disagree(tmp_path, stars, disagreeing):
    traps = card(tmp_path, [f"C{n},2026-01-{n + 2:02d},{star},{SAID},shoe" for n, star in enumerate(stars)])["traps"]
    assert [trap["disagreeing"] for trap in traps if trap["trap"] == "repeated_text"] == [disagreeing]


@pytest.mark.parametrize(("given", "made"), [("五星", "5"), ("一星", "1"), ("★★★★☆", "4"), ("⭐️⭐️⭐️", "3"), (" ★★ ", "2")])
def test_stars_written_out_are_counted(tmp_path, given, made):
    found, notes = labels.stars(pd.Series([given, "5"], dtype="str"))
    assert found.tolist() == [made, "5"] and notes.tolist() == [labels.STARS, ""]
    assert card(tmp_path, [f"C1,2026-01-02,{given},,shoe", "C2,2026-01-02,5,,shoe"])["totals"]["repaired"] == 1


@pytest.mark.parametrize("given", ["★★★☆", "六星", "星星", "☆☆☆☆☆", "★★★★★★", "五", "五星好评不返现"])
def test_what_is_no_number_of_five_stars_stays_as_it_is(given):
    assert labels.stars(pd.Series([given], dtype="str"))[0].tolist() == [given]
