"""Stars are a score like the others: a review of stars alone is whole, and copied words under differing stars contradict each other."""

from __future__ import annotations

import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
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


@pytest.mark.parametrize("suffix", ["", "星"])
@pytest.mark.parametrize("sign", [".", ","])
def test_half_stars_are_refused_with_the_line_that_keeps_them_whole(tmp_path, suffix, sign):
    given = [9, 10, 7, 8, 2, 1, 6, 10, 9, 5]  # in halves
    rows = [f'C{n},2026-01-{n + 1:02d},"{f"{half / 2:g}".replace(".", sign)}{suffix}",,shoe' for n, half in enumerate(given)]
    with pytest.raises(DataError, match=r"half stars: [56] of 10 answers are fractions such as 4\.5\. Fix: .*rating_score in place") as refused:
        if suffix:
            rows = [row.replace(suffix, "") for row in rows]
        card(tmp_path, rows)
    line = str(refused.value).partition("add to this table  ")[2].strip()
    (tmp_path / "half.yml").write_text(MAPPING.replace("star_rating: stars", "rating_score: stars") + f"        {line}\n", encoding="utf-8")
    if suffix:
        (tmp_path / "reviews.csv").write_text((tmp_path / "reviews.csv").read_text("utf-8").replace('",', f'{suffix}",'), encoding="utf-8")
    made = ingest(tmp_path / "half.yml", root=tmp_path, out=tmp_path / "out").tables["responses"].sort_values("submitted_at")
    assert made["rating_score"].tolist() == given


def test_another_factor_on_a_score_is_refused(tmp_path):
    (tmp_path / "reviews.csv").write_text("id,who,at,stars,said,item\n1,C,2026-01-02,4,,shoe\n", encoding="utf-8")
    for column, factor in (("rating_score", 3), ("star_rating", 2)):
        (tmp_path / "shop.yml").write_text(MAPPING.replace("star_rating: stars", f"{column}: stars") + f"        factors: {{{column}: {factor}}}\n",
                                           encoding="utf-8")
        with pytest.raises(ParameterError, match=f"factors: {column} is no column of amounts or measures"):
            ingest(tmp_path / "shop.yml", root=tmp_path, out=tmp_path / "out")


@pytest.mark.parametrize("n", [12, 60])
def test_means_of_ratings_are_called_by_their_name(tmp_path, n):
    rows = [f"C{i},2026-01-02,{1 + (i % 25) / 6.25:.2f},,shoe" for i in range(n)]
    with pytest.raises(DataError, match=r"star_rating: means of several ratings: \d+ of \d+ answers are fractions such as "
                                        r"[1-4]\.[0-9]{2}\. Fix: take the column out of this table of the mapping"):
        card(tmp_path, rows)
