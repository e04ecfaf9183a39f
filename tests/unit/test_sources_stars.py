"""Stars are a score like the others: a review of stars alone is whole, and copied words under differing stars contradict each other."""

from __future__ import annotations

import pytest
from shop_mapping import SHOP

from voclib.sources import ingest

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
