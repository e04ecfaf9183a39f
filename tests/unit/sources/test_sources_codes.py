"""Codes for no answer among the scores, and a score that counts the other way: told with the line that mends each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from shop_mapping import SHOP

from voclib.sources.pool import Pool, ingest

MAPPING = SHOP + """
  - channel: survey
    files: a.csv
    tables:
      responses:
        columns: {response_id: id, submitted_at: at, nps_score: nps, csat_score: csat}
        constants: {channel: survey}
"""


def _taken(folder, frame: pd.DataFrame, line: str = "") -> Pool:
    frame.assign(at="2026-03-01 10:00").to_csv(folder / "a.csv", index=False)
    (folder / "shop.yml").write_text(MAPPING + (f"        {line}\n" if line else ""), "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def _answers(n: int = 400, *, reverse: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    feeling = rng.normal(size=n)
    nps = np.clip(np.round(7 + 2 * feeling + rng.normal(size=n)), 0, 10).astype(int)
    csat = np.clip(np.round(3.5 + feeling + 0.5 * rng.normal(size=n)), 1, 5).astype(int)
    return pd.DataFrame({"id": [f"R{i}" for i in range(n)], "nps": nps, "csat": 6 - csat if reverse else csat})


@pytest.mark.parametrize("code", ["-99", "-3", "99", "998", "-1", "-99.0"])
def test_a_code_for_no_answer_comes_with_the_line_that_keeps_the_row(tmp_path, code):
    answers = _answers().astype({"nps": "str"})
    answers.loc[:9, "nps"] = code
    pool = _taken(tmp_path, answers)
    line = f'values: {{nps_score: {{"{code}": ""}}}}'
    assert len(pool.quarantine) == 10 and line in pool.findings("en") and line in pool.findings("zh")
    kept = _taken(tmp_path, answers, line).tables["responses"]
    assert len(kept) == len(answers) and kept["nps_score"].isna().sum() == 10


def test_a_slip_is_no_code(tmp_path):
    answers = _answers()
    answers.loc[:2, "nps"] = [11, 12, 17]
    assert len((pool := _taken(tmp_path, answers)).quarantine) == 3 and "values:" not in pool.findings("en")


def test_a_score_that_counts_the_other_way_is_told(tmp_path):
    pool = _taken(tmp_path, _answers(reverse=True))
    [doubt] = [one for one in pool.scorecard["doubts"] if one["doubt"] == "reversed_scale"]
    assert (doubt["column"], doubt["other"], doubt["n"]) == ("csat_score", "nps_score", 400) and doubt["correlation"] < -0.5
    assert yaml.safe_load(doubt["line"]) == {"values": {"csat_score": {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}}}
    assert all(doubt["line"] in pool.summary(lang) for lang in ("zh", "en"))
    mended = _taken(tmp_path, _answers(reverse=True), doubt["line"])
    assert not mended.scorecard["doubts"]
    assert mended.tables["responses"]["csat_score"].tolist() == _answers().sort_values("id")["csat"].tolist()


UNRELATED = _answers().assign(csat=_answers()["csat"].sample(frac=1, random_state=1).to_numpy())


@pytest.mark.parametrize("frame", [_answers(), _answers(90, reverse=True), UNRELATED, _answers().assign(csat=5)],
                         ids=["same way", "few", "unrelated", "constant"])
def test_other_pairs_are_not_doubted(tmp_path, frame):
    assert not _taken(tmp_path, frame).scorecard["doubts"]
