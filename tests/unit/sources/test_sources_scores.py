"""Scores that a survey tool wrote with words: read where the number stands beside them, refused where one kind of answer would be lost."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.errors import DataError
from voclib.sources import ingest
from voclib.sources.reading import decimal_signs
from voclib.sources.standardising import labels

MAPPING = SHOP + """
  - channel: survey
    files: "*.csv"
    tables:
      responses:
        columns: {response_id: id, submitted_at: at, NAME: score}
        constants: {channel: survey, language: en}
        MORE
"""
ENDS = {10: "10 - Extremely likely", 0: "0 - Not at all likely"}
ENDED = {10: "非常愿意(10)", 0: "不可能（0分）"}


def read(folder, *files, name="nps_score", more="", mapping=MAPPING):
    """Import files of answers as the score `name`."""
    for place, answers in enumerate(files):
        rows = [f"{place}-{i},2026-01-02,{answer}" for i, answer in enumerate(answers)]
        (folder / f"{place}.csv").write_text("\n".join(["id,at,score", *rows]), encoding="utf-8")
    (folder / "shop.yml").write_text(mapping.replace("NAME", name).replace("MORE", more), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def shares(scores) -> float:
    """Promoters less detractors, in points."""
    scores = np.asarray(scores, dtype=int)
    return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))


@pytest.mark.parametrize("words", [ENDS, ENDED, {5: "5星：一般", 10: "10 (very likely)", 0: "0—never"}])
@pytest.mark.parametrize("seed", [1, 2])
def test_ends_with_labels_are_read_as_their_numbers(tmp_path, words, seed):
    given = np.random.default_rng(seed).choice(11, 200, p=[.08, .02, .02, .02, .02, .1, .06, .08, .15, .15, .3])
    written = [words.get(score, str(score)) for score in given]
    alone = [score for score, text in zip(given, written, strict=True) if text == str(score)]
    assert abs(shares(alone) - shares(given)) > 5  # what the plain cells alone would say
    pool = read(tmp_path, written)
    assert shares(pool.tables["responses"]["nps_score"]) == shares(given) and pool.quarantine.empty
    assert pool.repairs["problem"].value_counts().to_dict() == {labels.LABELLED: len(given) - len(alone)}


@pytest.mark.parametrize("cells", [
    ["1 - very satisfied", "2 - satisfied", "3 - so-so", "4 - dissatisfied"],  # perhaps the number of the option
    ["1-Mar", "4-Jun", "9", "10"],  # ranges that a spreadsheet took for days
    ["5 - good", "5", "4"], ["9 to 10 - good", "8"], ["10 minutes", "9"], ["5 - good", "4 - fair"], ["11 - more", "9"], ["-3", "9"], ["(10)", "9"]])
def test_what_is_no_end_of_a_scale_stays_as_written(cells):
    texts = pd.Series(cells, dtype="str")
    made, notes = labels.plain(texts, low=0, high=10)
    assert made.tolist() == cells and set(notes) == {""}


@pytest.mark.parametrize("cell", ["5 - " + "a" * 60_000 + "7", "a" * 60_000, "非" * 60_000 + "(1"])
def test_a_very_long_cell_is_told_at_once(cell):
    before = time.perf_counter()
    assert labels.plain(pd.Series([cell, "4"], dtype="str"), low=0, high=10)[0].tolist() == [cell, "4"]
    assert time.perf_counter() - before < 1  # a pattern that tries every pair of places takes minutes


@pytest.mark.parametrize(("more", "last"), [("", "3"), ("decimal", "3"), ("", '"3,0"')])
def test_scores_with_a_comma_for_zero_tenths_are_scores(tmp_path, more, last):
    """10,0 as a European spreadsheet shows a ten, beside the label of an end."""
    given = [10, 0, 7, 8, 9, 3]
    written = ['"10,0"', "0 - never", '"7,0"', '"8,0"', '"9,0"', last]
    mapping = MAPPING.replace('files: "*.csv"', 'files: "*.csv"\n    decimal: ","') if more else MAPPING
    pool = read(tmp_path, written, mapping=mapping)
    assert pool.tables["responses"]["nps_score"].tolist() == given and pool.quarantine.empty
    assert pool.repairs["problem"].value_counts().to_dict() == {decimal_signs.EUROPEAN: 4 + ("," in last), labels.LABELLED: 1}


@pytest.mark.parametrize(("name", "words"), [("csat_score", ["非常满意", "满意"]), ("nps_score", ["Very likely", "-3"])])
def test_words_in_a_tenth_of_the_answers_are_refused_and_named(tmp_path, name, words):
    scale = {"csat_score": "1–5", "nps_score": "0–10"}[name]
    answers = [*words * 3, *["2", "4"] * 20]
    with pytest.raises(DataError, match=rf"0.csv: responses.{name}: answers that are no score: 6 of 46 are none on {scale}; they are ") as refused:
        read(tmp_path, answers, name=name)
    assert all(f"'{word}' (3)" in str(refused.value) and f'"{word}": ?' in str(refused.value) for word in words)
    assert f"values: {{{name}: {{" in str(refused.value)
    given = f"values: {{{name}: {{{', '.join(f'{word}: 5' for word in words)}}}}}"
    assert len(read(tmp_path, answers, name=name, more=given).tables["responses"]) == 46


def test_the_line_that_the_refusal_gives_can_be_pasted(tmp_path):
    words = ["a \"clear\" yes", "no, I would rather not recommend this garage to anybody whom I know at all"]
    answers = [*(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in words * 3), *["2", "4"] * 20]
    with pytest.raises(DataError) as refused:
        read(tmp_path, answers)
    line = str(refused.value).partition("of the mapping  ")[2].partition("  with a score")[0].replace("?", "7")
    assert len(read(tmp_path, answers, more=line).tables["responses"]) == 46


def test_slips_below_a_tenth_are_set_aside(tmp_path):
    pool = read(tmp_path, [*["good"] * 4, *["2", "9"] * 20])
    assert len(pool.quarantine) == 4 and len(pool.tables["responses"]) == 40


def test_a_word_in_each_of_many_small_files_is_refused_too(tmp_path):
    with pytest.raises(DataError, match=r"8 files together: responses.nps_score: answers that are no score: 8 of 40 are none on 0–10"):
        read(tmp_path, *[["Very likely", "3", "7", "9", "8"]] * 8)


def test_what_customers_said_is_not_repeated(tmp_path):
    with pytest.raises(DataError, match=r"30 of 30 are none on 0–10; 30 different texts, so another column is probably meant") as refused:
        read(tmp_path, [f"my number is 1380013{i:04d}" for i in range(30)])
    assert "my number" not in str(refused.value)


def test_answers_that_are_neither_yes_nor_no_take_no_one_sided_rows_with_them(tmp_path):
    rng = np.random.default_rng(3)
    given = rng.choice(["Yes", "N", "y", "No", "Don't know", ""], 200, p=[.3, .1, .1, .2, .2, .1])
    with pytest.raises(DataError, match="are neither yes nor no; they are 'Don't know'") as told:
        read(tmp_path, given, name="is_recommended")
    assert """values: {is_recommended: {"Don't know": ?}}  with true or false for each ?""" in str(told.value)
    pool = read(tmp_path, given, name="is_recommended", more="""values: {is_recommended: {"Don't know": ""}}""")
    answers = pool.tables["responses"]["is_recommended"]
    assert len(answers) == 200 and pool.quarantine.empty
    assert answers.sum() == np.isin(given, ["Yes", "y"]).sum() and (~answers.dropna().astype(bool)).sum() == np.isin(given, ["No", "N"]).sum()


def test_a_few_slips_among_yes_and_no_are_set_aside_as_before(tmp_path):
    pool = read(tmp_path, ["yes"] * 60 + ["no"] * 30 + ["perhaps"] * 5, name="is_recommended")
    assert len(pool.quarantine) == 5 and len(pool.tables["responses"]) == 90
