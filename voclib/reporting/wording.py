"""The fixed words of a page in Chinese and English: verdicts, evidence, states of checks, labels."""

from __future__ import annotations

import re
from typing import NamedTuple

from voclib.errors import ParameterError, nearest
from voclib.reporting.language import half_width, verbs_exceed
from voclib.reporting.names import NAMES, Name, entry, find
from voclib.results import Text, Verdict

__all__ = ["BADGES", "EVIDENCE", "NAMES", "READERS", "STATES", "UI", "Badge", "Evidence", "Name", "badge", "entry", "evidence", "find",
           "half_width", "interval", "name", "phrases", "state", "ui", "verbs_exceed"]


class Badge(NamedTuple):
    """A verdict as readers see it: words, style class, icon and what one may do with the number."""

    words: Text
    look: str
    icon: str
    may: Text


class Evidence(NamedTuple):
    """One of five levels of evidence with a sentence for the headline and one for the key."""

    words: Text
    lay: Text
    key: Text


BADGES: dict[Verdict, Badge] = {
    Verdict.REPORT: Badge(Text("可以采用", "Use it"), "b-ok", "i-ok",
                          Text("检查通过，可直接引用，引用时带上区间。", "Checks passed. Quote it, with its interval.")),
    Verdict.REPORT_WITH_CAVEAT: Badge(Text("有前提可用", "Use with care"), "b-warn", "i-warn",
                                      Text("可以引用，但必须连同那一句前提。", "Quote it together with its one caveat.")),
    Verdict.BOUNDS_ONLY: Badge(Text("只能给范围", "Range only"), "b-bound", "i-bound",
                               Text("只知道在两数之间，不能取中间值。", "Somewhere between two numbers; never quote the midpoint.")),
    Verdict.REFUSE: Badge(Text("暂不下结论", "No conclusion yet"), "b-stop", "i-stop",
                          Text("现有数据分不清，写明还需要什么。", "The data cannot settle it; the page says what is needed.")),
}
EVIDENCE: tuple[Evidence, ...] = (
    Evidence(Text("描述", "Description"),
             Text("看到了什么。可以说“有差别”，不能说原因。", "Observed, not adjusted. You can say that things differ, but not why."),
             Text("看到了什么", "What was observed")),
    Evidence(Text("校正后相关", "Adjusted"),
             Text("已按已知差异校正。可以说“相关”，不能说“导致”。",
                  "Adjusted for known differences. You can say that the two go together, not that one causes the other."),
             Text("扣除已知差异仍在", "Still there after adjusting for known differences")),
    Evidence(Text("先后", "Precedence"),
             Text("总是先发生，反向检验通过。可以说“领先”，不能说“导致”。",
                  "It comes first, and the reverse test passed. You can say that it precedes, not that it causes."),
             Text("总是先发生，且反向检验通过", "Comes first, and passed the reverse test")),
    Evidence(Text("准实验", "Quasi-experiment"),
             Text("有可信的对照。在写明的前提下，可以说“估计会改变多少”。",
                  "There is a credible comparison group. Under the stated assumptions you can say how much would change."),
             Text("有可信的对照", "A credible comparison group")),
    Evidence(Text("随机试验", "Randomised"),
             Text("在试点中随机分组得出。可以说“在这次试点中平均导致”。",
                  "Shown in a randomised trial. You can say what was caused, on average, in this trial."),
             Text("在试点中证明", "Shown in a trial")),
)
STATES: dict[bool | None, tuple[Text, str, str]] = {
    False: (Text("未通过", "Failed"), "st-f", "i-fail"),
    True: (Text("通过", "Passed"), "st-p", "i-ok"),
    None: (Text("供参考", "For information"), "st-i", "i-info"),
}
READERS: dict[str, tuple[Text, Text]] = {
    "executive": (Text("高管", "Executives"), Text("先看值多少、靠不靠得住", "What it is worth, and whether to trust it")),
    "product": (Text("产品", "Product"), Text("数据加场景：改哪里，改了有没有用", "Data with context: what to change, and whether it worked")),
    "region": (Text("区域与门店", "Regions and dealers"), Text("帮你完成指标，不点名任何个人", "Help with your targets; no person is named")),
    "research": (Text("研究者", "Researchers"), Text("方法、界限、检验", "Methods, bounds, tests")),
}
USUAL_LEVEL = 0.95
UI: dict[str, Text] = {
    "answer": Text("结论", "The answer"),
    "bounds": Text("没有点估计，只有范围", "No point estimate, only a range"),
    "can_use": Text("这个数能用吗", "Can I use this number?"),
    "caveat": Text("最可能错在哪里", "Where it may be wrong"),
    "check": Text("检查", "Check"),
    "chosen": Text("本报告采用", "This report's answer"),
    "consequence": Text("后果：", "Consequence: "),
    "count": Text("数量", "Count"),
    "decision": Text("建议", "Suggested decision"),
    "effective": Text("有效 n", "effective n"),
    "exact_short": Text("精确计数", "exact count"),
    "evidence": Text("证据有多强", "How strong is the evidence?"),
    "evidence_none": Text("没有可评级的证据", "no evidence to grade"),
    "exact": Text("精确计数，没有抽样误差", "An exact count, without sampling error"),
    "insufficient": Text("数据不足，还不能判断", "Not enough data to say"),
    "insufficient_short": Text("数据不足", "not enough data"),
    "interval": Text("区间", "interval"),
    "no": Text("否", "No"),
    "needs": Text("还需要什么：", "Needs: "),
    "no_change": Text("1 = 不变", "1 = no change"),
    "premise": Text("前提：", "Caveat: "),
    "range_only": Text("只能给范围", "range only"),
    "read": Text("阅读报告 →", "Read the report →"),
    "result": Text("结果", "Result"),
    "sample": Text("样本量", "Sample size"),
    "seen": Text("看到什么，意味着什么", "What was found, what it means"),
    "step": Text("走到这一步", "Reached this step"),
    "to": Text("至", "to"),
    "uncorrected": Text("校正前", "uncorrected"),
    "yes": Text("是", "Yes"),
    "worth": Text("相当于随机样本", "Worth a random sample of"),
}


def ui(key: str) -> Text:
    """A fixed label of the page.

    Raises
    ------
    ParameterError
        if there is no such label.
    """
    if key not in UI:
        raise ParameterError(f"The page has no label '{key}'; {nearest(key, UI)}")
    return UI[key]


def name(estimand: str) -> Text:
    """The display name of an estimand; an unknown one is a `ParameterError` with the nearest known name."""
    return entry(estimand).title


def interval(level: float) -> Text:
    """What an interval is called where the page takes 95 % for granted: plainly `interval` there, else with its level, `90% interval`."""
    plain = ui("interval")
    return plain if level == USUAL_LEVEL else Text(f"{100 * level:g}% {plain.zh}", f"{100 * level:g}% {plain.en}")


def badge(verdict: Verdict | str) -> Badge:
    """Words, style and icon of a verdict."""
    return BADGES[Verdict(verdict)]


def evidence(level: int) -> Evidence:
    """Words of an evidence level 0 to 4."""
    return EVIDENCE[level]


def state(passed: bool | None) -> tuple[Text, str, str]:
    """Words, style and icon of a check."""
    return STATES[passed]


def phrases(text: str) -> list[str]:
    """A Chinese heading cut after its commas, enumerations and sentences, so that lines break there first."""
    return [part for part in re.split(r"(?<=[，、；：？！])(?![？！”’》）])", text) if part]
