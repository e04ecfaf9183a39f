"""Do our intervals cover a truth that was planted? The method scorecard of every estimator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from voclib.errors import DataError
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.sentences import say

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "benchmarks" / "coverage.json"
FORMATS = {"coverage": "share", "naive_coverage": "share", "refusals": "share"}
SETTING_WORDS = (
    ("answering chances over a factor of ", "作答机会相差倍数 "),
    ("regions of", "个大区，每个"),
    ("one higher by", "其中一个高"),
    ("none differs", "全无差别"),
    ("points", "分"),
    ("promoters", "推荐者"),
    ("detractors", "贬损者"),
    ("clusters", "门店"),
    ("size cv", "规模变异系数"),
    ("customers", "客户"),
    ("overlap", "重叠"),
    ("loyalty", "不变"),
    ("icc", "ICC"),
    (", ", "，"),
)
METHODS = {
    "nps": Text("NPS，简单样本", "NPS, plain sample"),
    "nps clustered": Text("NPS，按门店聚类", "NPS, clustered by dealer"),
    "nps weighted": Text("NPS，加权", "NPS, weighted"),
    "nps difference, paired": Text("NPS 之差，同一客户配对", "NPS difference, paired customers"),
    "csat": Text("满意度", "Satisfaction"),
    "ces": Text("费力度", "Effort score"),
    "groups against the rest": Text("各组与其余相比", "Groups against the rest"),
    "groups against the rest, false alarms": Text("各组与其余相比：误报", "Groups against the rest: false alarms"),
}
World = Callable[[int], tuple[pd.DataFrame, Mapping[str, float]]]
COLUMNS = {
    "setting": Text("方法 · 情形", "Method · setting"),
    "coverage": Text("覆盖率", "Coverage"),
    "naive_coverage": Text("朴素做法", "Naive way"),
    "bias": Text("偏差", "Bias"),
    "mean_width": Text("平均宽度", "Mean width"),
    "refusals": Text("拒答", "Refusals"),
    "R": Text("次数", "Runs"),
    "passed": Text("合格", "Passed"),
}
LIMITS = (
    (
        Text("不是说真实数据一定满足这些前提。", "Not that real data meet these assumptions."),
        Text(
            "覆盖率是在我们写下的世界里量的；前提不成立时，区间照样会错。",
            "Coverage is measured in worlds we wrote down; where their assumptions fail, intervals fail too.",
        ),
    ),
    (
        Text("不是说作答者能代表全体客户。", "Not that people who answer stand for everyone."),
        Text("这里检验的是抽样误差，不是谁没有作答。", "What is tested here is chance, not who stayed silent."),
    ),
    (
        Text("不是说单独一个区间有 95% 的把握。", "Not that one given interval is right with 95% certainty."),
        Text("95% 说的是这套做法反复使用时的命中率。", "95% is how often the procedure is right when used again and again."),
    ),
)


@dataclass(frozen=True)
class Record:
    """The long runs on file: rows as in benchmarks/coverage.json, and whether the code is still the code that made them."""

    rows: pd.DataFrame
    is_fresh: bool


@dataclass(frozen=True)
class Validation:
    """What the page shows; `coverage` and `naive` hold shares by method with Monte Carlo intervals, `scorecard` one row a setting."""

    study: Study
    coverage: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    scorecard: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def code_hash(root: Path = ROOT) -> str:
    """Hash of the estimators' source and thresholds; a record made by other code is stale."""
    digest = hashlib.sha256()
    for path in sorted(p for p in (root / "voclib" / "stats").iterdir() if p.suffix in {".py", ".yml"}):
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
    return Record(pd.DataFrame(content["records"]), is_fresh=content["code_hash"] == code_hash())


def facts(record: Record) -> dict[Text, int]:
    """Counts that open the page."""
    return {
        Text("种方法", "methods"): int(record.rows["method"].nunique()),
        Text("种情形", "settings"): len(record.rows),
        Text("次模拟", "simulated samples"): int(record.rows["R"].sum()),
    }


def coverage(hits: float, runs: int, *, group: str) -> Estimate:
    """Share of runs whose interval covered the truth, with its own Monte Carlo interval (Wilson)."""
    low, high = proportion_confint(round(hits), runs, method="wilson")
    return Estimate(
        estimand="coverage",
        kind="estimate",
        unit="share",
        group=group,
        value=hits / runs,
        conf_low=float(low),
        conf_high=float(high),
        ci_method="Wilson, Monte Carlo",
        n=runs,
    )


def live(worlds: Mapping[str, tuple[World, Mapping[str, Any]]], *, runs: int, seed: int, method: Callable[..., Estimate]) -> tuple[Estimate, ...]:
    """Coverage of `method` in worlds drawn now: each is (draw, options of the method), and `draw(seed)` gives data and a truth.

    The method never sees the truth, which is read under the name of the method ("nps").
    """
    found = []
    for name, (draw, options) in worlds.items():
        hits = answered = 0
        for k in range(runs):
            frame, truth = draw(seed + k)
            estimate = method(frame, **options)
            if estimate.kind == "estimate":
                answered += 1
                hits += estimate.conf_low <= truth[method.__name__] <= estimate.conf_high
        if answered == 0:
            raise DataError(f"The method refused in all {runs} runs of '{name}'; a method that always refuses covers nothing.")
        found.append(coverage(hits, answered, group=name))
    return tuple(found)


def study(record: Record, live_runs: Sequence[Estimate], *, seed: int) -> Validation:
    """The method scorecard: coverage by setting beside the naive way, and the verdict over all of it."""
    rows = record.rows
    kept = rows[rows["naive_coverage"].notna() & rows["power"].isna()]
    ours = _pooled(kept, "coverage")
    overall = coverage(float((kept["coverage"] * kept["R"]).sum()), int(kept["R"].sum()), group="")
    naive = coverage(float((kept["naive_coverage"] * kept["R"]).sum()), int(kept["R"].sum()), group="").with_(rung="naive")
    checks = _checks(record, live_runs)
    verdict = Verdict.REPORT if all(c.passed is not False for c in checks) else Verdict.REPORT_WITH_CAVEAT
    headline = overall.with_(rung="ours", verdict=verdict, seed=seed)
    passed = int(rows["passed"].sum())
    finding = _finding(headline, naive, checks, passed=passed, settings=len(rows))
    return Validation(
        finding,
        ours,
        {e.group: e for e in _pooled(kept, "naive_coverage")},
        _scorecard(rows),
        _captions(passed, len(rows), overall, naive, live_runs),
    )


def _finding(headline: Estimate, naive: Estimate, checks: tuple[Check, ...], *, passed: int, settings: int) -> Study:
    return Study(
        question=Text("埋下真值再去找，我们的方法找得回来吗？", "When we plant the truth, do our methods find it?"),
        kicker=Text("方法成绩单", "Method scorecard"),
        answer=say(
            "说是 95% 的区间，实际盖住真值 {x:bare}；朴素做法在同样的数据上只有 {n:bare}。 {m} 种情形中 {k} 种在合格范围内。",
            "Intervals that claim 95% cover the truth {x:bare} of the time; the naive ones, on the same data, {n:bare}. "
            "{k} of {m} settings lie within the band.",
            x=headline,
            n=naive,
            k=passed,
            m=settings,
        ),
        headline=(headline,),
        naive=naive,
        verdict=headline.verdict,
        checks=checks,
        limits=LIMITS,
        seed=headline.seed,
        reader="research",
        ladders=(Ladder("coverage", (naive, headline), chosen="ours"),),
        caveat=Text(
            "这些世界是我们自己写的；真实数据若以没写到的方式违反前提，覆盖率会更低。",
            "We wrote these worlds ourselves; where real data break the assumptions in a way we did not write, coverage is lower.",
        ),
        decision=Text(
            "只引用合格的方法；不合格的一行修好之前，不在页面上给区间。",
            "Quote only methods that pass; a failing row gives no interval on any page until it is mended.",
        ),
    )


def _pooled(rows: pd.DataFrame, column: str) -> tuple[Estimate, ...]:
    """Coverage by method over all its settings."""
    found = []
    for method, part in rows.groupby("method", sort=True):
        found.append(coverage(float((part[column] * part["R"]).sum()), int(part["R"].sum()), group=str(method)))
    return tuple(found)


def _checks(record: Record, live_runs: Sequence[Estimate]) -> tuple[Check, ...]:
    rows = record.rows
    failed = rows[~rows["passed"].astype(bool)]
    worst = min(live_runs, key=lambda e: e.conf_high)
    return (
        Check(
            Text("成绩单与代码一致", "The record was made by this code"),
            record.is_fresh,
            Text("代码指纹相同。", "The code hashes agree.")
            if record.is_fresh
            else Text("成绩单已过期：代码在长跑之后改过。", "The record is stale: the code changed after the long runs."),
            Text("重新运行 make coverage 之前，成绩单仅供参考。", "Until `make coverage` has run again, the record is only a hint."),
        ),
        Check(
            Text("每种情形都在合格范围内", "Every setting lies within its band"),
            failed.empty,
            say("{m} 种情形，{k} 种不合格。", "{m} settings, {k} outside the band.", m=len(rows), k=len(failed)),
            Text("不合格的方法不给区间。", "A failing method gives no interval."),
        ),
        Check(
            Text("现算的短跑与长跑一致", "The runs made now agree with the long ones"),
            _agrees(live_runs),
            say(
                "现算最低的一种：{x:bare}（{x:interval}），{x:n} 次。",
                "The lowest of the runs made now: {x:bare} ({x:interval}) over {x:n} runs.",
                x=worst,
            ),
            Text("先查代码，再读成绩单。", "Look at the code before reading the record."),
        ),
        Check(
            Text("朴素做法会失败", "The naive way fails"),
            None,
            say(
                "同样的数据上，朴素区间覆盖率最低 {v:.0%}。",
                "On the same data the naive interval covers as little as {v:.0%}.",
                v=float(rows["naive_coverage"].min()),
            ),
        ),
    )


def _scorecard(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a setting, in the order of the record."""
    table = rows[list(COLUMNS)].copy()
    named = [METHODS.get(m, Text(m, m)) for m in rows["method"]]
    table["setting"] = [Text(f"{m.zh} · {_spoken(x)}", f"{m.en} · {x}") for m, x in zip(named, rows["setting"], strict=True)]
    table["passed"] = [Text("合格", "passed") if p else Text("不合格", "failed") for p in table["passed"]]
    return table


def _spoken(setting: str) -> str:
    """A setting in Chinese."""
    for en, zh in SETTING_WORDS:
        setting = setting.replace(en, zh)
    return setting


def _agrees(live_runs: Sequence[Estimate]) -> bool:
    """Whether no run made now lies below the band, its own simulation error allowed for."""
    return min(e.conf_high for e in live_runs) >= 0.93


def _live_title(live_runs: Sequence[Estimate]) -> Text:
    n = sum(e.n for e in live_runs)
    if _agrees(live_runs):
        return say("现算 {n} 次，与长跑相符", "{n} runs made now agree with the long ones", n=n)
    return say("现算 {n} 次，低于长跑", "{n} runs made now fall short of the long ones", n=n)


def _captions(passed: int, settings: int, overall: Estimate, naive: Estimate, live_runs: Sequence[Estimate]) -> dict[str, dict[str, Any]]:
    drawn = Text("覆盖率，点 = 估计值，横条 = 模拟误差的 95% 区间", "Coverage; dot = estimate, bar = 95% interval of simulation error")
    return {
        "coverage": {
            "labels": METHODS,
            "title": say("盖住真值 {x:bare}，而不是 {n:bare}", "The truth is covered {x:bare} of the time, not {n:bare}", x=overall, n=naive),
            "subtitle": drawn,
        },
        "scorecard": {
            "title": say("{m} 种情形，{k} 种合格", "{k} of {m} settings pass", k=passed, m=settings),
            "subtitle": Text("偏差与宽度用该分数自己的单位", "Bias and width in the unit of each score"),
        },
        "live": {
            "title": _live_title(live_runs),
            "subtitle": drawn,
        },
    }
