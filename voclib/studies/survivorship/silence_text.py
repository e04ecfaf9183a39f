"""What the part on customers who fall silent says, in both languages; every number comes from an Estimate or an exact count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import say

if TYPE_CHECKING:
    from voclib.stats.risk import Tested
    from voclib.studies.survivorship.silence import Terms

REASONS = {
    "fall_last": Text("上月登录比自己以往少", "logged in less last month than usual for them"),
    "fall_recent": Text("近三个月登录比自己以往少", "logged in less over three months than usual for them"),
    "usual": Text("一向的登录频率", "how often they usually log in"),
    "streak": Text("连续多月没有登录", "months in a row without a log-in"),
    "recency": Text("距上次接触的时间", "time since the last contact"),
    "spend": Text("近 12 个月的消费", "spend over 12 months"),
    "complaints": Text("近 12 个月的投诉", "complaints over 12 months"),
    "tenure": Text("成为客户的年头", "time as a customer"),
}
TABLE_NAMES = {"usage": Text("客户月度使用（usage）", "customers' monthly use (usage)"), "customers": Text("客户名单（customers）", "customers")}
CALLS_COLUMNS = {
    "calls": Text("打给多少位", "Calls"),
    "precision": Text("其中流失的占比", "Share of them who left"),
    "conf_low": Text("区间下限", "Interval from"),
    "conf_high": Text("区间上限", "to"),
    "break_even": Text("至少要留住的占比", "Share to keep to break even"),
    "net_cny": Text("按假定的净值", "Net, as assumed"),
    "net_low_cny": Text("下限", "from"),
    "net_high_cny": Text("上限", "to"),
}
CALLS_FORMATS = {
    "precision": "share",
    "conf_low": "share",
    "conf_high": "share",
    "break_even": "share",
    "net_cny": "cny",
    "net_low_cny": "cny",
    "net_high_cny": "cny",
}
BAND_COLUMNS = {
    "band": Text("风险档", "Risk band"),
    "customers": Text("目前客户数", "Customers now"),
    "n": Text("检验时人数", "Customers tested"),
    "events": Text("其中流失", "Of whom left"),
    "predicted": Text("事先估的比例", "Share expected"),
    "observed": Text("实际比例", "Share who left"),
    "conf_low": Text("区间下限", "Interval from"),
    "conf_high": Text("区间上限", "to"),
}
BAND_FORMATS = dict.fromkeys(("predicted", "observed", "conf_low", "conf_high"), "share")
TESTED_COLUMNS = {
    "landmark": Text("检验月末", "Month end tested"),
    "n": Text("当时在册", "Customers then"),
    "left": Text("随后流失", "Left afterwards"),
    "expected": Text("事先估的人数", "Expected to leave"),
    "estimate": Text("实际 ÷ 事先", "Observed ÷ expected"),
    "conf_low": Text("区间下限", "Interval from"),
    "conf_high": Text("区间上限", "to"),
}
RUNGS = {
    "lot": (Text("随手抽取", "Drawn at random"), Text("全体客户的流失占比", "Share of all customers who left")),
    "rule": (Text("上月没有登录", "No log-in last month"), Text("常用的经验法则，校正前", "The usual rule of thumb; uncorrected")),
    "model": (Text("与自己以往相比", "Against their own past"), Text("同样人数的名单", "A list of the same length")),
}
AUC_READING = Text(
    "随便抽一位后来流失的和一位留下的客户，前者事先风险更高的概率；50% 等于抛硬币",
    "Chance that, of one customer who left and one who stayed, the first was given the higher risk beforehand; 50% is a coin toss",
)


def band(low: float, high: float) -> Text:
    """A band of risk in words."""
    if low == 0:
        return Text(f"{high:.0%} 以下", f"below {high:.0%}")
    return Text(f"{low:.0%} 及以上", f"{low:.0%} or more") if high == 1 else Text(f"{low:.0%}–{high:.0%}", f"{low:.0%}–{high:.0%}")


def no_tables(missing: Sequence[str]) -> tuple[Text, Text]:
    """Refusal without the tables that the signal reads."""
    names = [TABLE_NAMES[name] for name in missing]
    zh, en = "、".join(t.zh for t in names), " and ".join(t.en for t in names)
    return (
        Text(f"没有{zh}，看不到谁在安静下来。", f"There is no table of {en}, so nobody can be seen falling silent."),
        Text(
            f"{zh}：客户每月的登录次数，以及流失日期。",
            f"{en[0].upper()}{en[1:]}: log-ins by customer and month, and the date on which customers left.",
        ),
    )


def too_little_use(months: int) -> tuple[Text, Text]:
    """Refusal where no customer can be compared with an earlier self."""
    return (
        say("没有一位客户既有成为客户的日期、又有 {n} 个月的登录记录，看不出谁用得比自己以前少。",
            "No customer has both a first day as a customer and {n} months of log-ins, so nobody can be seen to log in less than before.", n=months),
        say("每位客户至少 {n} 个月的登录次数和成为客户的日期；流失者还要流失日期。",
            "For each customer, at least {n} months of log-ins and the date they became a customer; for leavers, also the date they left.", n=months),
    )


def too_few_leavers(left: int, floor: int) -> tuple[Text, Text]:
    """Refusal where no test day, or the past before it, holds enough leavers."""
    return (
        say(
            "观察窗口里流失的记录共 {left} 次，凑不出一段检验期和它之前的一段学习期，各有 {floor} 次。",
            "The windows contain {left} departures in all: not enough for a test period and an earlier learning period with {floor} each.",
            left=left, floor=floor,
        ),
        say(
            "检验期和之前的学习期各至少 {floor} 次流失：等更多月份，或放长窗口。",
            "At least {floor} departures in the test period and as many before it: wait for more months, or use a longer window.",
            floor=floor,
        ),
    )


def too_few_stayers(stayed: int, floor: int) -> tuple[Text, Text]:
    """Refusal where nearly everybody left within the windows, so that leavers can be told from nobody."""
    return (
        say("观察窗口里留下来的记录共 {stayed} 次，凑不出一段检验期和它之前的一段学习期，各有 {floor} 次；人人都走，就排不出先后。",
            "The windows contain {stayed} stays in all: not enough for a test period and an earlier learning period with {floor} each. "
            "Where everyone leaves, nobody can be ranked.", stayed=stayed, floor=floor),
        say("检验期和之前的学习期各至少 {floor} 次留存：客户表要包括还在的客户，或缩短窗口。",
            "At least {floor} stays in the test period and as many before it: include current customers in the table, or use a shorter window.",
            floor=floor),
    )


def no_better_than_lots(auc: Estimate) -> tuple[Text, Text]:
    """Refusal where the ranking cannot be told from chance."""
    return (
        say(
            "在没见过的月份里，这个排序与随手抽取分不出高下：{x:bare}，区间 {x:interval}，含 50%。",
            "In months it had not seen, the ranking cannot be distinguished from chance: {x:bare}, interval {x:interval}, which is not above 50%.",
            x=auc,
        ),
        Text(
            "更贴近客户实际使用的记录，或更多流失案例；在此之前不要据此打电话。",
            "Records closer to how customers use the product, or more departures; until then, nobody should be called on the strength of this.",
        ),
    )


def refused_check(reason: Text) -> Check:
    """The one check of a signal that is withheld."""
    return Check(
        Text("安静下来的客户可以排序", "Customers who fall silent can be ranked"),
        False,
        reason,
        Text("不给风险，也不给名单。", "No risks and no list are given."),
    )


def checks(numbers: Mapping[str, Estimate], found: Tested, trained: int, *, alarm: float, floor: int) -> tuple[Check, ...]:
    """What must hold before a risk may be read as a probability."""
    auc, left = numbers["auc"], int(found.outcome.sum())
    known = say(
        "每个数都核对过日期：不晚于检验月末；学习用的窗口在那之前已经结束。检验月末 {k} 个。",
        "The date of every value was checked: none is after the month end tested, and learning windows had ended by then. {k} month ends tested.",
        k=len(found.models),
    )
    enough = say(
        "检验期 {left} 次，之前学习用 {trained} 次（同一位客户在几个月末各计一次），下限各 {floor} 次。",
        "{left} in the test, {trained} to learn from (a leaver counts once at every month end within reach); at least {floor} of each needed.",
        left=left, trained=trained, floor=floor,
    )
    good = say(
        "{x:bare}，高于 {alarm:.0%} 就要查有没有混进事后的记录。",
        "{x:bare}; above {alarm:.0%}, check for records made after the event.",
        x=auc, alarm=alarm,
    )
    return (
        Check(Text("只用事先已知的记录", "Only what was known beforehand is used"), True, known),
        Check(Text("流失案例够用", "Enough departures"), left >= floor, enough),
        *_calibrated(numbers["ratio"], numbers.get("slope")),
        Check(
            Text("没有好得可疑", "Not too good to be true"), auc.value <= alarm, good,
            Text("先查数据，再用名单。", "Check the data before using the list."),
        ),
    )


def _calibrated(ratio: Estimate, slope: Estimate | None) -> list[Check]:
    """Whether risks may be read as probabilities."""
    order_only = Text("名单只用来排先后，不要把风险当作概率。", "Use the list only for its order; do not read the risks as probabilities.")
    total = say(
        "实际流失是事先估计的 {r:bare} 倍（区间 {r:interval}），1 为正好。",
        "{r:bare} times as many left as expected ({r:interval}); 1 is exactly right.",
        r=ratio,
    )
    out = [Check(Text("总量对得上", "The total is right"), ratio.conf_low <= 1 <= ratio.conf_high, total, order_only)]
    if slope is not None:
        spread = say(
            "校准斜率 {s:bare}（区间 {s:interval}），1 为正好，小于 1 表示说得太满。",
            "Calibration slope {s:bare} ({s:interval}); 1 is exactly right, below 1 means that the risks are too extreme.",
            s=slope,
        )
        out.append(Check(Text("高低拉得恰当", "The risks are spread correctly"), slope.conf_low <= 1 <= slope.conf_high, spread, order_only))
    return out


def assumed(terms: Terms) -> Text:
    """What is assumed of a call, and that nothing here shows it."""
    return Text(
        f"假定：留住一位值毛利 ¥{terms.margin_cny:,.0f}，一通电话 ¥{terms.cost_cny:,.0f}，打给要走的人能留住 {terms.kept_share:.0%}。"
        "三个数都由读者设定；数据里没有任何依据说打电话留得住人，要靠随机分组试过才知道。",
        f"Assumed: a kept customer is worth ¥{terms.margin_cny:,.0f} of margin, a call costs ¥{terms.cost_cny:,.0f}, and a call keeps "
        f"{terms.kept_share:.0%} of those about to leave. The reader sets all three; nothing in the data says that a call keeps anybody: "
        "only a randomised trial can show that.",
    )


def captions(
    numbers: Mapping[str, Estimate],
    ladder: Ladder,
    bands: pd.DataFrame,
    fading: pd.DataFrame,
    tested: pd.DataFrame,
    terms: Terms,
    *,
    horizon_days: int,
    landmark: pd.Timestamp,
) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and description of every figure."""
    ranked = _ranked_title(numbers["auc"], numbers["login_gain"])
    days = _days(tested)
    return {
        "numbers": {"title": ranked, "subtitle": AUC_READING},
        "ladder": {
            "title": _ladder_title(ladder, numbers.get("gain")),
            "labels": {r.rung: RUNGS[r.rung] for r in ladder.rungs},
            "subtitle": say(
                "名单里 {d} 天内流失的占比；检验月末 {days}",
                "Share of a list who left within {d} days; month ends tested: {days}",
                d=horizon_days, days=days,
            ),
        },
        "bands": _bands_caption(bands, numbers["ratio"], horizon_days, landmark),
        "band_chart": _band_chart(numbers["ratio"], horizon_days, days),
        "fading": _fading_caption(fading),
        "tested": {
            "title": _ratio_title(numbers["ratio"]),
            "columns": TESTED_COLUMNS,
            "subtitle": Text("每次都只用当时已知的记录估一遍，再看后来", "Each estimate uses only what was known then, compared with what followed"),
            "formats": {"expected": "exact", "estimate": "ratio", "conf_low": "ratio", "conf_high": "ratio"},
        },
        "calls": {
            "title": _calls_title(numbers["break_even"]),
            "columns": CALLS_COLUMNS,
            "formats": CALLS_FORMATS,
            "subtitle": say("按风险从高到低打；占比为检验期实际所见",
                            "Calls go from the highest risk down; shares are those seen at the month ends tested"),
            "note": assumed(terms),
        },
    }


def _ranked_title(auc: Estimate, gain: Estimate) -> Text:
    if gain.conf_low > 0:
        return say(
            "登录减少看得出谁要走：{x:bare} 的时候排对先后（{x:interval}），比不看登录高 {g}（{g:interval}）",
            "Falling log-ins show who is leaving: the ranking is right {x:bare} of the time ({x:interval}), {g} more than without ({g:interval})",
            x=auc, g=gain,
        )
    return say(
        "{x:bare} 的时候排对先后（{x:interval}），但看不出登录在其中起作用",
        "The ranking is right {x:bare} of the time ({x:interval}), but log-ins are not seen to add to it",
        x=auc,
    )


def _days(tested: pd.DataFrame) -> Text:
    names = list(tested["landmark"])
    return Text("、".join(names), ", ".join(names))


def _ladder_title(ladder: Ladder, gain: Estimate | None) -> Text:
    if gain is None or len(ladder.rungs) < 3:
        return Text("上月没有登录的人太少，经验法则无从比较", "Too few customers had no log-in last month for a comparison with the rule of thumb")
    model, rule = ladder["model"], ladder["rule"]
    if gain.conf_low <= 0 <= gain.conf_high:
        return say(
            "同样 {k} 人的名单：{m:bare} 对 {r:bare}，区间含零，看不出差别",
            "Two lists of {k} each: {m:bare} against {r:bare}; the interval includes zero, so no difference is seen",
            k=model.n or 0, m=model, r=rule,
        )
    return say(
        "同样 {k} 人的名单里，流失的占 {m:bare}，经验法则只有 {r:bare}；差 {g}（{g:interval}）"
        if gain.value > 0
        else "同样 {k} 人的名单里，流失的占 {m:bare}，不如经验法则的 {r:bare}；差 {g}（{g:interval}）",
        "Of {k} customers on a list, {m:bare} left, against only {r:bare} by the rule of thumb; a difference of {g} ({g:interval})"
        if gain.value > 0
        else "Of {k} customers on a list, {m:bare} left, fewer than the {r:bare} by the rule of thumb; a difference of {g} ({g:interval})",
        k=model.n or 0, m=model, r=rule, g=gain,
    )


def _ratio_title(ratio: Estimate) -> Text:
    if ratio.conf_low <= 1 <= ratio.conf_high:
        return say(
            "总量对得上：实际是事先估计的 {r:bare} 倍（{r:interval}）",
                "The total was right: {r:bare} times as many left as expected ({r:interval})", r=ratio
        )
    return say(
        "风险说高了：实际只是事先估计的 {r:bare} 倍（{r:interval}），只能排先后"
        if ratio.value < 1
        else "风险说低了：实际是事先估计的 {r:bare} 倍（{r:interval}），只能排先后",
        "The risks were overstated: {r:bare} times as many left as expected ({r:interval}); use only the order"
        if ratio.value < 1
        else "The risks were understated: {r:bare} times as many left as expected ({r:interval}); use only the order",
        r=ratio,
    )


def _bands_caption(bands: pd.DataFrame, ratio: Estimate, horizon_days: int, landmark: pd.Timestamp) -> dict[str, Any]:
    high = bands[bands["risk_from"] >= 0.1]
    count = int(high["customers"].fillna(0).sum())
    title = (
        say("目前 {n} 位客户风险在 10% 以上", "{n} customers now have a risk of 10% or more", n=count)
        if ratio.conf_low <= 1 <= ratio.conf_high
        else say(
            "目前 {n} 位客户排在最前面两档；档位只分先后", "{n} customers are now in the two highest bands; the bands give only the order", n=count
        )
    )
    return {
        "title": title,
        "columns": BAND_COLUMNS,
        "formats": BAND_FORMATS,
        "subtitle": say(
            "{d} 天内流失的风险，截至 {day}；不足 5 人的格子不显示",
            "Risk of leaving within {d} days, as of {day}; cells of fewer than 5 are withheld",
            d=horizon_days, day=f"{landmark:%Y-%m-%d}",
        ),
    }


def _band_chart(ratio: Estimate, horizon_days: int, days: Text) -> dict[str, Any]:
    title = _ratio_title(ratio)
    return {
        "title": title,
        "description": title,
        "subtitle": say(
            "各风险档里 {d} 天内实际流失的占比，横条 = {level:.0%} 区间；检验月末 {days}",
            "Share who left within {d} days, by risk band; bar = {level:.0%} interval; month ends tested: {days}",
            d=horizon_days, level=ratio.conf_level, days=days,
        ),
    }


def _fading_caption(fading: pd.DataFrame) -> dict[str, Any]:
    subtitle = Text(
        "流失客户离开前各整月的登录，除以自己以往（七个月及更早）的平均；1 = 与以往相同",
        "Log-ins of leavers in the full months before leaving, divided by their own mean seven or more months before; 1 = as usual",
    )
    if fading.empty:
        title = Text("离开前的登录记录太少，画不出来", "Too few log-ins before leaving are known to draw this chart")
        return {"title": title, "subtitle": subtitle, "description": title}
    last = fading.iloc[-1]
    shown = Estimate(
        estimand="login_ratio", kind="estimate", unit="ratio", value=float(last["estimate"]), conf_low=float(last["conf_low"]),
        conf_high=float(last["conf_high"]), n=int(last["n"]),
    )
    title = say(
        "离开前一个月，登录只有自己以往的 {x:bare} 倍（{x:interval}）"
        if shown.conf_high < 1
        else "离开前一个月，登录是自己以往的 {x:bare} 倍（{x:interval}）",
        "In the month before leaving, customers logged in {x:bare} times as often as usual ({x:interval})",
        x=shown,
    )
    return {"title": title, "subtitle": subtitle, "description": title, "x_title": Text("离开前的月数", "Months before leaving")}


def _calls_title(even: Estimate) -> Text:
    return (
        say(
            "每通电话要留住 {e:bare}（{e:interval}）要走的人，才抵得上花费",
            "A call pays off if it keeps {e:bare} ({e:interval}) of those about to leave",
            e=even,
        )
        if even.value < 1
        else Text("在这些假定下，打电话怎么都不划算", "Under these assumptions no call pays off, whatever it keeps")
    )


def refused_captions(reason: Text, horizon_days: int) -> Mapping[str, Mapping[str, Any]]:
    """Captions where no risk is shown; only the ladder has something to draw."""
    subtitle = say("名单里 {d} 天内流失的占比", "Share of a list who left within {d} days", d=horizon_days)
    return {
        "numbers": {"title": reason, "subtitle": AUC_READING},
        "ladder": {"title": reason, "subtitle": subtitle, "labels": {"model": RUNGS["model"]}},
    }
