"""What the survivorship page says, in both languages; every number comes from an Estimate or a counted row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib import numbers
from voclib.errors import VocError
from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.stats import metrics, weighting
from voclib.studies.regions_text import REGIONS
from voclib.studies.scores.text import interval, written

QUESTION = Text("没有作答的人算进来，客户到底怎么看我们？", "What do customers think of us, including those who never answered?")
NAMES = {"nps": Text(" NPS ", "NPS"), "csat": Text("满意度", "satisfaction")}
COLUMNS = {
    "region": Text("区域", "Region"),
    "segment": Text("客群", "Segment"),
    "product": Text("车型/产品", "Product"),
    "kind": Text("接触类型", "Kind of contact"),
    "value_tier": Text("价值层级", "Value tier"),
    "language": Text("语言", "Language"),
    "tenure_days": Text("成为客户的时间", "Time as a customer"),
    "wait_minutes": Text("等待时长", "Waiting time"),
    "contacts_before": Text("此前接触次数", "Earlier contacts in the window"),
    "recency_days": Text("距上次接触", "Days since the last contact"),
    "contacts_12m": Text("12 个月接触", "Contacts in 12 months"),
    "spend_12m_cny": Text("12 个月消费", "Spend in 12 months"),
    "complaints_12m": Text("12 个月投诉", "Complaints in 12 months"),
    "logins_90d": Text("90 天登录", "Log-ins in 90 days"),
    "open_share": Text("消息打开率", "Share of messages opened"),
    "prior_rank": Text("此前 12 个月的毛利", "Margin in the previous 12 months"),
    "spend_rank": Text("此前 12 个月的消费", "Spend in the previous 12 months"),
    "tenure_rank": Text("成为客户的时间", "Time as a customer"),
    "index_month": Text("月份", "Month"),
    "dealer_exposure": Text("同店客户暴露的比例", "Share of the dealer's customers exposed"),
    "dealer_prior": Text("同店客户此前的毛利", "Earlier margin of the dealer's customers"),
    "gender": Text("性别", "Gender"),
    "age": Text("年龄", "Age"),
    "married": Text("已婚", "Married"),
    "has_phone": Text("有电话服务", "Has phone service"),
    "technology": Text("上网方式", "Internet technology"),
    "tenure_months": Text("在网月数", "Months of tenure"),
    "contract": Text("合同", "Contract"),
    "payment": Text("付款方式", "Payment"),
}
LEVELS = {
    **REGIONS,
    "vvip": Text("高价值", "high-value"),
    "regular": Text("普通", "regular"),
    "zh": Text("中文", "Chinese"),
    "en": Text("英文", "English"),
    "maintenance": Text("保养", "maintenance"),
    "repair": Text("维修", "repair"),
    "call": Text("来电", "call"),
    "digital": Text("线上", "digital"),
    "sale": Text("购车", "sale"),
    "delivery": Text("交付", "delivery"),
    "Month-to-month": Text("按月", "month to month"),
    "One year": Text("一年", "one year"),
    "Two year": Text("两年", "two years"),
    "Electronic check": Text("电子支票", "electronic check"),
    "Mailed check": Text("邮寄支票", "mailed check"),
    "Bank transfer (automatic)": Text("银行自动转账", "bank transfer"),
    "Credit card (automatic)": Text("信用卡自动扣款", "credit card"),
    "Fiber optic": Text("光纤", "fibre"),
    metrics.MISSING: Text("未知", "unknown"),
    "(missing)": Text("未知", "unknown"),
}
BAND = "≤ "  # numbers are cut into bands; what stands behind it is the band's place
STAGES = {
    "qualifies": Text("在名单上", "On the list"),
    "contactable": Text("可以联系", "Can be contacted"),
    "invited": Text("受到邀请", "Invited"),
    "delivered": Text("邀请送达", "Invitation delivered"),
    "answered": Text("作答", "Answered"),
    "commented": Text("写了原话", "Wrote a comment"),
}
LOSSES = {
    "contactable": Text("联系不到，或早已离开", "Out of reach or already gone"),
    "invited": Text("没有发出邀请", "Never asked"),
    "delivered": Text("没有送达", "Not delivered"),
    "answered": Text("没有作答", "Did not answer"),
    "commented": Text("只打分", "Score only"),
}
RUNGS = {
    "raw": (Text("只看作答者", "Those who answered"), Text("公布的数字，校正前", "The published number; uncorrected")),
    "poststratified": (Text("分层加权", "Post-stratified"), Text("每一格按全体客户的人数算", "Each cell weighted by its number of customers")),
    "calibrated": (
        Text("校准权重", "Calibrated weights"),
        Text("各项特征的总数与全体客户一致", "Totals of every trait match those of all customers"),
    ),
    "propensity": (
        Text("逐段作答概率", "Answering probability, by stage"),
        Text("受邀、送达、作答逐段估计", "Invitation, delivery and answer each modelled"),
    ),
    "aipw": (Text("双重稳健", "Doubly robust"), Text("作答模型与分数模型，对一个即可", "Valid if either model is right")),
    "followup": (
        Text("加入随机回访", "With random call-backs"),
        Text("不靠“行为相似就同样满意”的假设", "No assumption that comparable customers feel alike"),
    ),
    "tilted": (Text("按回访校准的倾斜", "Tilted to match the call-backs"), Text("换一种做法核对", "A check by another method")),
    "supported": (
        Text("有同类作答的加权，其余给范围", "Weighted where comparable customers answered, a range for the rest"),
        Text("没有同类作答的客户可以全好，也可以全坏", "The rest may all be happy, or all unhappy"),
    ),
    "reached": (
        Text("随机回访，没接通的给范围", "Random call-backs, a range for those not reached"),
        Text("没接通的人可以全好，也可以全坏", "Those not reached may all be happy, or all unhappy"),
    ),
    "manski": (Text("不作任何假设", "Assuming nothing"), Text("沉默者可以全好，也可以全坏", "The silent may all be happy, or all unhappy")),
}
EVERYONE = {
    "raw": RUNGS["raw"],
    "heard": (Text("能联系到的客户", "Customers within reach"), Text("上一张图的结论", "As found in the figure above")),
    "everyone": (Text("全体客户", "All customers"), Text("联系不到和从未有人作答的人群只能给范围", "Only a range for those out of reach")),
}
NO_TILT = (
    Text("回访中没有人给出其中一档分数，估不出倾斜。", "One of the grades was given by nobody who was called back, so no tilt can be estimated."),
    Text("增加回访人数。", "More call-backs."),
)
POSSIBLE = {
    "manski": Text("对沉默者不作假设", "No assumption about the silent"),
    "monotone": Text("假设沉默者不比作答者满意", "The silent are no happier than those who answered"),
    "followup": Text("有随机回访，未接通者不作假设", "Random call-backs, no assumption about the unreached"),
}
DEPARTED = {
    "stayed": Text("留下的客户，作答者", "Stayed: those who answered"),
    "left": Text("已流失的客户，流失前作答者", "Left: those who had answered before"),
    "possible": Text("已流失的客户，全部（不作假设）", "Left: all of them (no assumptions)"),
}
LIMITS = (
    (
        Text("不是说加权之后就没有偏差。", "Weighting does not remove all bias."),
        Text(
            "加权只消除行为能解释的部分；“最满意和最愤怒的人才作答”时，它会矫枉过正。",
            "It removes only what behaviour explains; where it is the delighted and the angry who answer, it overcorrects.",
        ),
    ),
    (
        Text("不是流失客户的分数。", "This is not a score for customers who left."),
        Text(
            "多数人离开时没有人问过他们；对他们只有范围，没有点估计。",
            "Most were never asked before they went; for them there is a range, never a point estimate.",
        ),
    ),
    (
        Text("不是每家门店、每个客群的校正分数。", "This is not a corrected score for each dealer or segment."),
        Text("回访人数只够全公司一个数字。", "There are only enough call-backs for one company-wide number."),
    ),
    (
        Text("不能与别家公布的分数比。", "It cannot be compared with scores that others publish."),
        Text("别家公布的是作答者的分数；要比，先用同一口径。", "Those scores cover only people who answered; compare like with like."),
    ),
)
FACTS = {
    "people": Text("位客户在名单上", "customers on the list"),
    "asked": Text("位受到邀请", "were asked"),
    "counted": Text("位算作问过（没有邀请记录）", "counted as asked (no record of invitations)"),
    "answered": Text("位作答", "answered"),
    "left": Text("位此后离开", "have left since"),
    "called": Text("位沉默者接受了回访", "silent customers were called back"),
}
HIDDEN = {
    "": Text("没有把任何已知的回答放在一边。", "No known answer was set aside."),
    "churned": Text(
        "{before}为检验做法，有意把已流失客户的回答（{gone} 份）放在一边，当作从未问过他们。",
        "{before} To test the method, the answers of those who left ({gone}) were set aside on purpose, as if they had never been asked.",
    ),
    "self-selected": Text(
        "这里人人都作过答。为检验做法，有意造出一种沉默：流失的客户从未被问到；其余的人里，最满意和最不满意的更爱作答；"
        "再从沉默者里随机抽出约 400 人“回访”，其中约八成接通。",
        "Everyone here had answered. To test the method, a silence was created on purpose: those who left were never asked; among the rest, the "
        "happiest and the unhappiest answer more readily; about 400 of the silent were then drawn at random "
        "and “called back”, and about four in five of them were reached.",
    ),
}
NOTHING_HIDDEN = Text(
    "{before}已流失的客户里没有人作过答，也就没有回答可以放在一边。",
        "{before} None of those who left had answered, so there was no answer to set aside."
)
GIVEAWAY = Text(
    "离开的客户给分全在同一档，一个例外也没有：这一列多半与流失互相推算而来，不能当作离开前问到的话，这里只用来演示。",
    "Everyone who left gave a score in the same grade, without a single exception: the scores and the record of leaving were most likely derived "
    "from each other. They cannot be taken as what customers said before they left, and are used here for demonstration only.",
)
NOBODY_SILENT = Text("能联系到的客户都作答了，这一项无从谈起。", "Everyone within reach answered, so there is nothing to show here.")
NOT_CORRECTED = Text(
    "作答或门店太少，或者答案几乎都一样，撑不起校正，这一项不做。",
    "There are too few answers or dealers, or the answers are too much alike, to support a correction, so nothing is shown here.",
)
NO_YEAR = Text(
    "没有给出更长的窗口，数据里没有接触日期，或者回答、门店太少：离开的客户只在名单里计数。",
    "A longer window was not given, the contacts have no dates, or there are too few answers or dealers: those who left are only counted on the "
    "list.",
)
NO_REMINDERS = Text("没有提醒轮次的记录。", "There is no record of reminders.")
NO_INVITATIONS = Text("这份数据里没有邀请记录，谈不上怎样打扰。",
                      "These data contain no invitations, so nothing can be said about how customers are asked.")
UNEVEN_COLUMNS = {"name": Text("特征", "Trait"), "partial": Text("造成的不均", "Unevenness from it")}
TRUTH_COLUMNS = {
    "rung": Text("做法", "Method"),
    "value": Text("估计", "Estimate"),
    "interval": Text("区间", "Interval"),
    "truth": Text("真值", "Truth"),
    "off": Text("偏差", "Error"),
    "held": Text("区间是否包含真值", "Truth in interval"),
}


def hidden(how: str, *, people: int, answered: int, gone: int) -> Text:
    """What was set aside of the answers that `answered` of `people` had given, `gone` of them by customers who have left since."""
    before = (
        Text("这里人人都作过答。", "Everyone here had answered.")
        if answered == people
        else say("名单上 {n} 位客户里，{k} 位作过答。", "Of {n} customers on the list, {k} had answered.", n=people, k=answered)
    )
    said = NOTHING_HIDDEN if how == "churned" and not gone else HIDDEN[how]
    return say(said.zh, said.en, before=before, gone=gone)


def outer(found: Estimate) -> Estimate:
    """Bounds with the interval around them in their place: what holds when sampling error is counted too."""
    return found.with_(bound_low=found.conf_low, bound_high=found.conf_high)


def times(x: float) -> str:
    """A multiple with as many digits as it bears."""
    return f"{x:.0f}" if x >= 10 else f"{x:.1f}" if x >= 1 else f"{x:.2f}"


def percent(level: float) -> str:
    """A confidence level: 95%, 99.9%."""
    return f"{100 * level:g}%"


def balance(found: pd.DataFrame) -> pd.DataFrame:
    """Differences with names, largest first: name, smd_raw, smd_weighted."""
    named = [_level(c, v) for c, v in zip(found["column"], found["level"], strict=True)]
    made = found.assign(name=named, size=found["smd_raw"].abs())
    two = made.groupby("column")["level"].transform("size").eq(2) & made["level"].ne("")  # of two levels one says it all
    return made[~two | ~made.duplicated("column")].sort_values(["size", "column", "level"], ascending=[False, True, True], ignore_index=True)[
        ["name", "smd_raw", "smd_weighted"]
    ]


def column_name(column: str) -> Text:
    """What a known column is called."""
    return COLUMNS.get(column, Text(column, column))


def _level(column: str, level: object) -> Text:
    name = column_name(column)
    if level in ("", None):
        return name
    value = LEVELS.get(str(level), Text(str(level), str(level)))
    if str(level).startswith(BAND):
        at = str(level).removeprefix(BAND)
        value = Text(f"由低到高第 {at} 档", f"band {at} from the bottom")
    return Text(f"{name.zh}：{value.zh}", f"{name.en}: {value.en}")


def unmet(error: VocError, coarse: pd.DataFrame, spoke: np.ndarray, columns: Sequence[str]) -> tuple[Text, Text]:
    """Why totals cannot be met, and what would help: the levels nobody answered from (people (N,) who `spoke`), else those out of reach."""
    empty = [(c, v) for c in columns for v in sorted(set(coarse[c]) - set(coarse.loc[spoke, c]))]
    needs = Text("把这些层级并入有人作答的层级，或去掉这一列。", "Merge these levels with ones that have answers, or drop the column.")
    if empty:
        zh, en = _listed(empty)
        return Text(f"没有人作答的客户：{zh}；权重代表不了他们。", f"Nobody answered in these groups ({en}), so no weight can represent them."), needs
    if isinstance(error, weighting.InfeasibleBounds):
        zh, en = _listed(list(zip(error.unmet["margin"], error.unmet["level"], strict=True)))
        reason = Text(f"权重要大得离谱才能凑足总数：{zh}。", f"Only extreme weights would match the totals for {en}.")
        return reason, Text("合并层级，或减少约束。", "Merge levels, or ask for fewer totals.")
    return (
        Text("作答者太少或各项总数互相矛盾，求不出权重。",
             "There are too few answers, or the totals contradict each other, so no weights were found."),
        Text("合并层级，或减少约束。", "Merge levels, or ask for fewer totals."),
    )


def _listed(levels: Sequence[tuple[str, object]], most: int = 4) -> tuple[str, str]:
    """Levels by name in both languages, the first few."""
    names = [_level(str(c), v) for c, v in levels[:most]]
    zh, en = "、".join(n.zh.replace("：", "“") + "”" * ("：" in n.zh) for n in names), "; ".join(n.en for n in names)
    return (f"{zh} 等 {len(levels)} 项", f"{en} … ({len(levels)} in all)") if len(levels) > most else (zh, en)


def uneven(found: pd.DataFrame) -> pd.DataFrame:
    """Columns by how uneven they make the chances of answering."""
    named = found.assign(name=[column_name(c) for c in found["column"]])
    return named.sort_values(["partial", "column"], ascending=[False, True], ignore_index=True)[["name", "partial"]]


def waves(found: pd.DataFrame) -> pd.DataFrame:
    """The message answered as text, call-backs last."""
    return found.assign(wave=["followup" if w == "followup" else f"{int(w)}" for w in found["wave"]])


def wave_labels(found: pd.DataFrame) -> dict[str, Text]:
    """What each message is called."""
    named = {"0": Text("第一次邀请", "First message"), "followup": Text("随机回访", "Random call-back")}
    return {w: named.get(w, Text(f"第 {w} 次提醒", f"Reminder {w}")) for w in found["wave"]}


def steps(stages: pd.DataFrame, *, has_value: bool) -> list[dict[str, Any]]:
    """Rows of the funnel, what `show.Step` takes: where people come in, where some are lost, and who answered; a last stage of nobody is left out."""
    kept = stages[(stages["lost"] > 0) | stages["stage"].isin(["qualifies", "answered"])]
    kept = kept[(kept["n"] > 0) | kept["stage"].isin(["qualifies", "answered"])]
    return [
        {
            "label": STAGES[r.stage],
            "count": r.n,
            "left": LOSSES.get(r.stage) if r.lost else None,
            "value": r.lost_cny if has_value and r.stage in LOSSES else None,
        }
        for r in kept.itertuples()
    ]


def bricks(stages: pd.DataFrame) -> list[dict[str, Any]]:
    """A hundred customers: heard, silent, never asked."""
    at = stages.set_index("stage")["n"]
    whole, asked, heard = at["qualifies"], at["invited"], at["answered"]
    return [
        {"label": Text("作答", "Answered"), "kind": "heard", "share": heard / whole},
        {"label": Text("沉默", "Silent"), "kind": "silent", "share": (asked - heard) / whole},
        {"label": Text("没有被问到", "Never asked"), "kind": "never", "share": 1 - asked / whole},
    ]


def truth_table(rows: Sequence[tuple[Estimate, float]]) -> pd.DataFrame:
    """Each method beside the truth."""
    return pd.DataFrame([_against(r, t) for r, t in rows], columns=list(TRUTH_COLUMNS))


def _against(rung: Estimate, truth: float) -> dict[str, Any]:
    planted = rung.with_(kind="count", value=truth, conf_low=None, conf_high=None, bound_low=None, bound_high=None, std_error=None, p_value=None)
    low, high = rung.conf_low, rung.conf_high
    off = (
        Text("—", "—")
        if rung.value is None
        else Text(*(f"{(rung.value - truth) * (100 if rung.unit == 'share' else 1):+.1f}".replace("-", "−"),) * 2)
    )
    return {
        "rung": {**RUNGS, **EVERYONE}[rung.rung][0],
        "value": written(rung),
        "interval": interval(outer(rung)) if rung.kind == "bounds" else interval(rung),
        "truth": Text(*(numbers.value(planted, lang) for lang in ("zh", "en"))),
        "off": off,
        "held": Text("包含", "yes") if low <= truth <= high else Text("不包含", "no"),
    }
