"""Do our intervals cover a truth that was planted? The method scorecard of every estimator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from voclib.errors import DataError
from voclib.results import Check, Estimate, Study, Text, Verdict
from voclib.sentences import say

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "benchmarks" / "coverage.json"
COLUMNS = {
    "method": Text("方法", "Method"), "setting": Text("情形", "Setting"), "coverage": Text("覆盖率", "Coverage"),
    "naive_coverage": Text("朴素做法", "Naive way"), "bias": Text("偏差", "Bias"), "mean_width": Text("平均宽度", "Mean width"),
    "refusals": Text("拒答", "Refusals"), "R": Text("次数", "Runs"), "passed": Text("合格", "Passed"),
}
LIMITS = (
    (Text("不是说真实数据一定满足这些前提。", "Not that real data meet these assumptions."),
     Text("覆盖率是在我们写下的世界里量的；前提不成立时，区间照样会错。", "Coverage is measured in worlds we wrote down; where their assumptions fail, intervals fail too.")),
    (Text("不是说作答者能代表全体客户。", "Not that people who answer stand for everyone."),
     Text("这里检验的是抽样误差，不是谁没有作答。", "What is tested here is chance, not who stayed silent.")),
    (Text("不是说单独一个区间有 95% 的把握。", "Not that one given interval is right with 95% certainty."),
     Text("95% 说的是这套做法反复使用时的命中率。", "95% is how often the procedure is right when used again and again.")),
)


@dataclass(frozen=True)
class Record:
    """The long runs on file: rows as in benchmarks/coverage.json, and whether the code is still the code that made them."""

    rows: pd.DataFrame
    is_fresh: bool


@dataclass(frozen=True)
class Validation:
    """What the page shows; `coverage` and `live` are shares with Monte Carlo intervals, `scorecard` one row a setting."""

    study: Study
    coverage: tuple[Estimate, ...]
    live: tuple[Estimate, ...]
    scorecard: pd.DataFrame
    labels: Mapping[str, Text]
    titles: Mapping[str, Text]


def code_hash() -> str:
    """Hash of the estimators' source; a record made by other code is stale."""
    files = sorted((ROOT / "voclib" / "stats").glob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def load_record(path: Path = RECORD) -> Record:
    """The long runs on file.

    Raises
    ------
    DataError
        if there is no record yet.
    """
    if not path.is_file():
        raise DataError("There is no benchmarks/coverage.json yet. Run `make coverage` (some minutes), then this notebook again.")
    content = json.loads(path.read_text("utf-8"))
    rows = pd.DataFrame(content["rows"]).sort_values(["method", "setting"], ignore_index=True)
    return Record(rows, is_fresh=content["code_hash"] == code_hash())


def facts(record: Record) -> dict[Text, int]:
    """Counts that open the page."""
    return {
        Text("种方法", "methods"): int(record.rows["method"].nunique()), Text("种情形", "settings"): len(record.rows),
        Text("次模拟", "simulated samples"): int(record.rows["R"].sum()),
    }


def coverage_estimate(hits: int, runs: int, *, group: str, conf_level: float = 0.95) -> Estimate:
    """Share of runs whose interval covered the truth, with its own Monte Carlo interval (Wilson)."""
    low, high = proportion_confint(hits, runs, alpha=1 - conf_level, method="wilson")
    return Estimate(estimand="coverage", kind="estimate", unit="share", group=group, value=hits / runs, conf_low=low, conf_high=high,
                    conf_level=conf_level, ci_method="Wilson, Monte Carlo", n=runs)
