"""An employee survey that comes as means by unit and month is refused in words: each mean would otherwise be one employee."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shop_mapping import SHOP

from voclib.errors import DataError, ParameterError
from voclib.sources.pool import Pool, ingest

SURVEY = SHOP + """
  - channel: employee
    files: "FILES"
    make_id: [KEYS]
    tables:
      employee_surveys:
        columns: {employee_response_id: _id, unit_id: 门店, wave_month: 月份, submitted_at: 时间, item_code: 题目, value: 得分}
        constants: {role_band: all, tenure_band: all, is_manager: 0}
"""


def _mapping(files: str, keys: str) -> str:
    return SURVEY.replace("FILES", files).replace("KEYS", keys)


def _taken(folder, mapping: str, **files: pd.DataFrame) -> Pool:
    for name, frame in files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "shop.yml").write_text(mapping, "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def _answers(value) -> pd.DataFrame:
    """Six stores, two months, two questions, seven employees each."""
    rng = np.random.default_rng(3)
    grid = pd.MultiIndex.from_product([[f"D{i}" for i in range(6)], ["2026-01", "2026-02"], ["关怀", "工具"], range(7)],
                                      names=["门店", "月份", "题目", "员工"]).to_frame(index=False)
    return grid.assign(得分=value(rng, len(grid)), 时间=grid["月份"] + "-15 10:00")


def _means(answers: pd.DataFrame) -> pd.DataFrame:
    return answers.groupby(["门店", "月份", "题目", "时间"], as_index=False).agg(得分=("得分", "mean"), 人数=("得分", "size")).round(2)


def _whole(rng, n):
    return rng.integers(1, 6, n)


def test_means_are_refused_with_what_is_needed(tmp_path):
    with pytest.raises(DataError) as told:
        _taken(tmp_path, _mapping("means.csv", "门店, 月份, 题目"), means=_means(_answers(_whole)))
    text = str(told.value)
    assert "means.csv: employee_surveys.value: means of units in place of employees' answers" in text and "of 24 values are fractions" in text
    assert "one row an employee and item" in text and "30-ex-voc" in text and not (tmp_path / "out").exists()


def test_a_file_of_means_does_not_hide_among_answers(tmp_path):
    answers = _answers(_whole)
    with pytest.raises(DataError, match=r"means\.csv: employee_surveys\.value: means"):
        _taken(tmp_path, _mapping("*.csv", "门店, 月份, 题目"), means=_means(answers), answers=answers)


@pytest.mark.parametrize("value", [_whole, lambda rng, n: rng.uniform(1, 5, n).round(1)], ids=["1–5", "slider"])
def test_answers_are_taken_whole_or_not(tmp_path, value):
    answers = _answers(value)
    assert len(_taken(tmp_path, _mapping("answers.csv", "门店, 月份, 员工"), answers=answers).tables["employee_surveys"]) == len(answers)


def test_without_answer_sheets_the_mapping_says_so(tmp_path):
    mapping = _mapping("means.csv", "门店").replace("employee_response_id: _id, ", "")
    with pytest.raises(ParameterError, match="nothing is given for employee_response_id.*a file of means by unit and month"):
        _taken(tmp_path, mapping, means=_means(_answers(_whole)))


def test_small_files_are_judged_together(tmp_path):
    means = _means(_answers(_whole))
    months = {f"m{n}": means.iloc[4 * n:4 * n + 4] for n in range(6)}
    with pytest.raises(DataError, match="6 files together: employee_surveys.value: means"):
        _taken(tmp_path, _mapping("m*.csv", "门店, 月份, 题目"), **months)
