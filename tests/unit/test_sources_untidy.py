"""Untidy exports from end to end: what a word means depends on its column, and nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.sources import ingest

SURVEY = """
  - channel: survey
    files: survey.csv
    {extra}
    tables:
      units:
        columns: {{unit_id: store, name: store, region: region}}
        constants: {{kind: dealer}}
        distinct: true
      responses:
        columns: {{response_id: id, customer_id: who, unit_id: store, submitted_at: at, nps_score: score, comment: said}}
        constants: {{channel: survey, language: en}}
        {formats}
"""
HEADING = "id,who,store,region,at,score,said"


def survey(folder, lines, *, extra="", formats=""):
    """Import one survey file of the given lines."""
    (folder / "survey.csv").write_text("\n".join([HEADING, *lines]) + "\n", encoding="utf-8")
    (folder / "shop.yml").write_text("name: shop\ncompany: {zh: 店, en: Shop}\nroot: .\npseudonym_key: a-key-of-some-length\nsources:"
                                     + SURVEY.format(extra=extra, formats=formats), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def repaired(pool, column):
    """How many cells of a column were repaired, by what was done."""
    return pool.repairs.loc[pool.repairs["column"] == column, "problem"].value_counts().to_dict()


class TestWordsForNothing:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_region_named_na_keeps_its_stores_and_their_voices(self, tmp_path, seed):
        rng = np.random.default_rng(seed)
        stores = {f"S{i}": rng.choice(["NA", "EMEA", "APAC"]) for i in range(12)} | {"NA": "NA"}
        told = rng.choice(["NA", "n/a", "fine", ""], 200, p=[.1, .1, .6, .2])
        names = rng.choice(list(stores), 200)
        scores = rng.choice(["9", "NA", "N/A"], 200, p=[.8, .1, .1])
        pool = survey(tmp_path, [f"{i},C{i % 40},{name},{stores[name]},2026-01-02,{score},{text}"
                                 for i, (name, score, text) in enumerate(zip(names, scores, told, strict=True))])
        units, heard = pool.tables["units"], pool.tables["responses"]
        assert dict(zip(units["unit_id"], units["region"], strict=True)) == {name: stores[name] for name in set(names)}
        assert heard["unit_id"].notna().all() and heard["comment"].notna().sum() == (told != "").sum()
        assert heard["nps_score"].isna().sum() == (scores != "9").sum() == repaired(pool, "nps_score")["read as missing"]

    def test_no_customer_is_called_na(self, tmp_path):
        pool = survey(tmp_path, [f"{i},{'NA' if i < 5 else f'C{i}'},S,R,2026-01-02,9," for i in range(20)])
        assert pool.tables["responses"]["customer_id"].isna().sum() == 5 and repaired(pool, "customer_id") == {"read as missing": 5}

    def test_what_the_mapping_calls_missing_is_missing_in_every_column(self, tmp_path):
        pool = survey(tmp_path, [f"{i},C{i},S,R,2026-01-02,9,{'NA' if i < 5 else 'fine'}" for i in range(20)], extra="missing: [NA]")
        assert pool.tables["responses"]["comment"].notna().sum() == 15 and pool.scorecard["files"][0]["set_missing"] == {"said": 5}
