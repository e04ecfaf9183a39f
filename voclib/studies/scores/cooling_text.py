"""What the scores page says about feelings that cool down, in both languages; every number comes from an Estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.stats.cooling import Cooling, HalfLife
from voclib.studies.scores import text

COLUMNS = {
    "what": Text("看什么", "What"),
    "value": Text("值", "Value"),
    "interval": Text("区间", "Interval"),
    "reading": Text("怎么读", "How to read it"),
}
NO_CALLS = Text("没有冷静后的评分：这些数据里没有带情绪分的通话。",
                "No cooled-down ratings: these data have no calls with a score for the caller's mood.")
NO_SPREAD = Text("没有冷静后的评分：情绪分几乎没有差别，分不清斜率。", "No cooled-down ratings: moods hardly differ, so no slope can be estimated.")
ALL_ALIKE = Text("没有冷静后的评分：所有回答的分数都一样。", "No cooled-down ratings: all answers have the same score.")
LEFT_OUT = {
    "another contact": Text("问的是别的接触", "about another contact"),
    "another survey": Text("是别的问卷", "to another survey"),
    "another call between": Text("作答前又打过一次电话", "another call in between"),
    "too late": Text("超出窗口", "beyond the window"),
    "no feeling": Text("那通电话没有情绪分", "the call has no mood score"),
    "asked again": Text("同一通电话再次作答，只留第一次", "repeat answer about the same call (only the first is kept)"),
}
NAIVE = Text("校正前：不看隔了多久", "Uncorrected: ignoring the delay")
OVERTURN = Text("若推迟作答的人与当场作答的人不同（例如气消得快的人更愿意晚些作答），下降就可能是人不同，而不是气消了。",
                "If those who answer late differ from those who answer at once (the quick to calm down may prefer to answer later), the fall may "
                "reflect different people rather than cooling.")


def key(band: tuple[float, float]) -> str:
    """The key of a band of lags in days."""
    return f"{band[0]:g}-{band[1]:g}"


def label(band: tuple[float, float]) -> Text:
    """A band of lags in words."""
    low, high = band
    if low == 0:
        return say("{h:g} 天之内", "Within {h:g} day" if high == 1 else "Within {h:g} days", h=high)
    return say("{l:g} 至 {h:g} 天之后", "After {l:g} to {h:g} days", l=low, h=high)


def too_few(n: int, needed: int) -> Text:
    """Too few answers that follow a call."""
    return say("没有冷静后的评分：只有 {n} 份回答跟在一通有情绪分的电话之后，至少要 {k} 份。",
               "No cooled-down ratings: only {n} answers follow a call with a mood score; at least {k} needed.", n=n, k=needed)


def few_bands(floor: int) -> Text:
    """All answers after one and the same lag."""
    return say("没有冷静后的评分：至少要有两段间隔各有 {k} 份回答；请有的当场问，有的过几天问。",
               "No cooled-down ratings: at least two ranges of delay need {k} answers each; ask some customers at once and some days later.", k=floor)


def half_life(found: HalfLife | None) -> Text:
    """How long half of what fades takes, or what the data do not tell."""
    if found is None:
        return Text("看不出下降，谈不上半衰期", "no fall is seen, so there is no half-life")
    if found.is_bounded:
        return say("{h:.1f} 天（{l:.1f} 至 {u:.1f}）", "{h:.1f} days ({l:.1f} to {u:.1f})", h=found.value, l=found.low, u=found.high)
    if found.low > 0:
        return say("不短于 {l:.1f} 天，上限分不清", "at least {l:.1f} days; no upper limit can be established", l=found.low)
    if np.isfinite(found.high):
        return say("不长于 {u:.1f} 天，下限分不清", "at most {u:.1f} days; no lower limit can be established", u=found.high)
    return Text("这些间隔分不清", "cannot be established from these delays")


def table(slopes: Sequence[Estimate], fall: Estimate, pooled: Estimate, gap: Estimate | None, bands: Sequence[tuple[float, float]],
          half: HalfLife | None) -> pd.DataFrame:
    """At once, later, the fall and its half-life; then what one would say without the lag."""
    first, last = label(bands[0]), label(bands[-1])
    step = Text("情绪分每高 1", "per 1 point of mood")
    rows = [*((say("{x}作答", "Answered {x}", x=Text(name.zh, name.en.lower())), e, step) for name, e in ((first, slopes[0]), (last, slopes[-1]))),
            (Text("下降了", "The fall"), fall, _fell(fall)),
            (NAIVE, pooled, _against(pooled, slopes[-1], last)),
            *([(Text("校正前：满意挂断的与生气挂断的平均分之差", "Uncorrected: mean score, calls ended pleased minus upset"), gap,
                Text("混着通话本身的好坏和隔了多久", "mixes how good the call was with how long ago it was"))] if gap is not None else [])]
    made = [{"what": what, "value": text.written(e), "interval": text.interval(e), "reading": reading} for what, e, reading in rows]
    dash = Text("—", "—")
    made.insert(3, {"what": Text("消退一半要多久", "Time until half of it has faded"), "value": dash, "interval": dash,
                    "reading": half_life(half)})
    return pd.DataFrame(made, columns=list(COLUMNS))


def _fell(fall: Estimate) -> Text:
    if fall.conf_low > 0:
        return Text("区间不含零：情绪在评分里变淡", "range excludes zero: the mood fades from the score")
    if fall.conf_high < 0:
        return Text("区间不含零：情绪在评分里反而变浓", "range excludes zero: the mood shows more in the score")
    return Text("区间含零，看不出变淡", "range includes zero, so no fall is seen")


def _against(pooled: Estimate, last: Estimate, name: Text) -> Text:
    if last.value > 0:
        return say("为 {name}的 {r:.1f} 倍", "{r:.1f} times the slope {name}", name=Text(name.zh, name.en.lower()), r=pooled.value / last.value)
    return Text("把当场的和过后的混在一起", "mixes immediate answers with later ones")


def balanced(found: Estimate) -> Check:
    """Whether early and late answers follow calls that ended in the same mood."""
    told = {"r": found.value, "l": found.conf_low, "u": found.conf_high}
    return Check(
        Text("早答晚答的情绪相当", "Early and late answers follow calls that ended in similar moods"), found.conf_low <= 0 <= found.conf_high,
        say("间隔与情绪分的 Spearman 系数 {r:.2f}（{l:.2f} 至 {u:.2f}）。", "Spearman's coefficient of delay and mood: {r:.2f} ({l:.2f} to {u:.2f}).",
            **{k: _minus(v) for k, v in told.items()}),
        OVERTURN,
    )


class _Signed(float):
    """A number written with a real minus sign."""

    def __format__(self, form: str) -> str:
        return float.__format__(self, form).replace("-", "−")


def _minus(value: float) -> float:
    return _Signed(0.0 if abs(value) < 0.005 else value)


def by_lot(is_random: bool) -> Check:
    """How the delay came about."""
    return Check(
        Text("隔多久问由抽签决定", "The delay was chosen at random"), is_random,
        Text("发问时间随机抽取；谁来作答仍由客户自己决定。", "When to ask was chosen at random; whether to answer is still up to the customer.")
        if is_random else Text("没有记录说明发问时间是抽签定的。", "Nothing on record says that the time of asking was chosen at random."),
        OVERTURN,
    )


def left_out(counts: Mapping[str, int], kept: int) -> Check:
    """Answers that follow a call and were not used, by reason."""
    there = {reason: n for reason, n in counts.items() if n}
    lost = Text("；".join(f"{LEFT_OUT[reason].zh} {n:,}" for reason, n in there.items()) or "无",
                "; ".join(f"{LEFT_OUT[reason].en} {n:,}" for reason, n in there.items()) or "none")
    return Check(Text("用到了多少回答", "How many answers are used"), None,
                 say("用了 {n} 份，未用的：{lost}。", "{n} are used; not used: {lost}.", n=kept, lost=lost))


def captions(estimand: str, slopes: Sequence[Estimate], fall: Estimate, found: Cooling, *, n: int,
             delay_is_random: bool) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle, labels and note of the picture and its table."""
    name, first, last = text.NAMES[estimand], label(found.bands[0]), label(found.bands[-1])
    title = say("情绪分差 1，{first}作答差 {a:bare} 分，{last}差 {b:bare} 分", "1 point of mood is worth {a:bare} points {first} and {b:bare} {last}",
                a=slopes[0], b=slopes[-1], first=Text(first.zh, first.en.lower()), last=Text(last.zh, last.en.lower()))
    drawn = say("{name}原始打分随通话结束时情绪分（−1 至 1）的斜率，{n} 份回答；点 = 估计值，横条 = {level:.0%} 区间，灰圈 = 不看隔了多久",
                "Slope of the raw score ({name}) on the mood at the end of the call (−1 to 1), {n} answers; dot = estimate, "
                "bar = {level:.0%} interval, grey ring = ignoring the delay", name=name, n=n, level=found.conf_level)
    labels = {e.group: label(band) for e, band in zip(slopes, found.bands, strict=True)}
    note = OVERTURN if not delay_is_random else say(
        "隔多久问是抽签定的，下降不来自挑选时间；但谁来作答没有抽签。",
        "The delay was chosen at random, so the choice of time is not behind the fall; who answered was not random.")
    return {"slopes": {"title": title, "subtitle": drawn, "labels": labels, "note": note},
            "table": {"title": _summary(fall), "subtitle": say(
                "打分以原始分计；按门店聚类的 {level:.0%} 区间", "In raw scores; {level:.0%} intervals, clustered by unit", level=found.conf_level)}}


def _summary(fall: Estimate) -> Text:
    if fall.conf_low > 0:
        return say("隔得越久，评分里剩下的情绪越少：少了 {x:bare} 分（{x:interval}）",
                   "The later the answer, the less of the mood is left in it: {x:bare} points less ({x:interval})", x=fall)
    return say("看不出隔得越久情绪越淡：{x:bare} 分（{x:interval}）", "No cooling is seen: {x:bare} points ({x:interval})", x=fall)
