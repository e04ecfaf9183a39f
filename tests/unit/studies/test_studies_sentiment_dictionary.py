"""Aspects by a dictionary that fits its customers, and by one that was made for others."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_studies_sentiment_aspects import CLASSES, DICTIONARY, company, study


def test_a_dictionary_made_for_other_customers_counts_no_aspect(tmp_path: Path) -> None:
    files = {"dictionary": tmp_path / "aspects.yml", "classes": tmp_path / "own.yml"}
    files["dictionary"].write_text(DICTIONARY, "utf-8")
    files["classes"].write_text(CLASSES, "utf-8")
    given = {"responses": company(labelled=0)["responses"]}
    fitting = study(given, files)
    assert len(fitting.feelings) and next(c for c in fitting.study.checks if c.name.en == "The dictionary fits").passed is True
    entry = "  - {id: %s, name: {zh: 别的, en: Other}, kind: aspect, terms: {zh: [%s], en: [%s]}}\n"
    other = tmp_path / "other.yml"
    other.write_text("entries:\n" + entry % ("stray", "异响", "rattle"), "utf-8")
    classes = tmp_path / "classes.yml"
    classes.write_text("classes:\n"
                       "  - {id: odd, name: {zh: 别的, en: Other}, owner: {zh: 某部, en: Some}, any: {aspects: [stray]}}\n", "utf-8")
    strange = study(given, {**files, "dictionary": other, "classes": classes})
    assert next(c for c in strange.study.checks if c.name.en == "The dictionary fits").passed is False
    assert not len(strange.feelings) and not len(strange.pairs) and not len(strange.verbatims)
    assert {strange.captions[name]["title"].en for name in ("counts", "feelings", "pairs")} == {
        "The dictionary does not fit, so there are no aspects to count"}
    assert strange.study.headline[0].value == pytest.approx(fitting.study.headline[0].value), "the share of negative voices rests on no dictionary"
