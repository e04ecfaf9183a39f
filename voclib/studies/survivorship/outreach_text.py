"""What the part on outreach says, in both languages; every number comes from an Estimate or an exact count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import say
from voclib.studies.pool import text as pool_text

if TYPE_CHECKING:
    from voclib.studies.survivorship.outreach import Panel

OPTIONS = {
    **pool_text.CHANNELS,
    "sale": Text("购车后", "After buying"),
    "delivery": Text("交付后", "After delivery"),
    "maintenance": Text("保养后", "After maintenance"),
    "repair": Text("维修后", "After a repair"),
    "call": Text("来电后", "After a phone call"),
    "digital": Text("线上服务后", "After an online contact"),
    "0": Text("第一次", "First message"),
    "1": Text("第一次提醒", "First reminder"),
    "2": Text("第二次提醒", "Second reminder"),
}
KINDS = {"trigger": Text("触发时机", "Triggers"), "channel": Text("渠道", "Channels")}
ONE_KIND = {"trigger": Text("触发时机", "trigger"), "channel": Text("渠道", "channel")}
TABLE_NAMES = {
    "invitations": Text("邀请记录（invitations）", "invitations"),
    "responses": Text("客户声音（responses）", "responses"),
    "customers": Text("客户名单（customers）", "customers"),
}
DOMINATED = Text("有别的选择胜过它", "beaten by another option")
OPEN = Text("没有别的选择胜过它", "not beaten by any other")
NO_TRAITS = (
    Text(
        "没有事先已知的客户特征，谈不上回复者像不像全体。",
        "No traits of customers were known beforehand, so who replies cannot be compared with who was asked.",
    ),
    Text("客户名单或行为快照里，邀请之前就知道的特征。", "Traits known before the invitation, from customers or behaviour snapshots."),
)
NO_CONSENT = (
    Text("客户名单没有记录能否联系。", "The list of customers does not say who may be contacted."),
    Text("客户名单里的“可联系”一栏。", "The column is_contactable in customers."),
)
OPT_OUT_UNSEEN = (
    Text(
        "收到过消息的客户如今都仍可联系，退订没有日期，也没有原因：每条消息要付出多少退订，数据里没有。",
        "Everybody who got a message may still be contacted, and opting out has neither a day nor a reason: "
        "what a message costs in opt-outs is not in the data.",
    ),
    Text("退订的日期，以及它跟在哪条消息之后。", "The day of each opt-out, and the message it followed."),
)
PARETO_COLUMNS = {
    "name": Text("选择", "Option"),
    "reply_rate": Text("回复率", "Reply rate"),
    "evenness": Text("代表性（R 指标）", "Evenness (R-indicator)"),
    "evenness_low": Text("R 下限", "R from"),
    "evenness_high": Text("R 上限", "R to"),
    "messages_per_reply": Text("每份回复的消息", "Messages per reply"),
    "customers": Text("问到的客户", "Customers asked"),
    "reach_share": Text("占全体客户", "Of all customers"),
    "standing": Text("比较结果", "Compared"),
}
PARETO_FORMATS = {
    "reply_rate": "share",
    "evenness": "ratio",
    "evenness_low": "ratio",
    "evenness_high": "ratio",
    "messages_per_reply": "ratio",
    "reach_share": "share",
}
QUARTER_COLUMNS = {
    "quarter": Text("季度", "Quarter"),
    "customers": Text("收到消息的客户", "Customers messaged"),
    "messages": Text("消息数", "Messages"),
    "estimate": Text("人均", "Each"),
    "conf_low": Text("下限", "from"),
    "conf_high": Text("上限", "to"),
    "most": Text("95% 的人不超过", "95% get at most"),
    "over_limit_share": Text("超过上限的客户", "Above the limit"),
}
CALLS_COLUMNS = {
    "calls": Text("回访通数", "Calls"),
    "completed": Text("预计完成", "Completed, expected"),
    "half_width": Text("区间半宽（分）", "Half width (points)"),
    "bounds_half_width": Text("打不通留下的（分）", "Left open by no-answers (points)"),
    "total_half_width": Text("合计（分）", "Together (points)"),
    "cost": Text("费用", "Cost"),
}
SOURCES = {
    "given": Text("由读者设定", "set by the reader"),
    "seen": Text("取自以往回访", "as in past call-backs"),
    "assumed": Text("没有以往回访，按此假定", "assumed, for want of past call-backs"),
}


def standing(is_dominated: bool) -> Text:
    """Whether another option is better in one and not worse in the other."""
    return DOMINATED if is_dominated else OPEN


def too_few_replies(replies: int, floor: int) -> tuple[Text, Text]:
    """Refusal of evenness where few replied or few did not."""
    return (
        say(
            "回复与未回复中较少的一边只有 {n} 人，看不出回复者像不像被问到的人。",
            "The fewer of those who replied and who did not are {n}; too few to see how alike they are.",
            n=replies,
        ),
        say("回复与未回复各至少 {floor} 人。", "At least {floor} who replied and {floor} who did not.", floor=floor),
    )


def too_little_known(known: float, floor: float) -> tuple[Text, Text]:
    """Refusal of evenness where most traits were unknown: nothing can then be seen to differ."""
    return (
        say(
            "被问到的客户，邀请之前已知的特征只有 {k:.0%}；不知道的地方看起来都一样。",
            "Of the traits of those asked only {k:.0%} were known beforehand; what is not known looks alike.",
            k=known,
        ),
        say("至少 {f:.0%} 的特征在邀请之前已知。", "At least {f:.0%} of traits known before the invitation.", f=floor),
    )


def no_tables(missing: Sequence[str]) -> tuple[Text, Text]:
    """Refusal without the tables that outreach reads."""
    names = [TABLE_NAMES[name] for name in missing]
    zh, en = "、".join(t.zh for t in names), " and ".join(t.en for t in names)
    return (
        Text(f"没有{zh}，不知道问过谁、谁回了。", f"There is no table of {en}: who was asked and who replied is unknown."),
        Text(
            f"{zh}：每条邀请的时机、渠道、送达，以及回到哪条邀请。",
            f"{en[0].upper()}{en[1:]}: trigger, channel and delivery of every invitation, and which one an answer belongs to.",
        ),
    )


def refused_check(reason: Text) -> Check:
    """The one check where nothing can be compared."""
    return Check(Text("触达可以比较", "Outreach can be compared"), False, reason, Text("不给回复率。", "No reply rates are given."))


def refused_captions(reason: Text) -> Mapping[str, Mapping[str, Any]]:
    """Captions where nothing is shown."""
    rates = {f"{kind}_rates": {"title": reason, "labels": OPTIONS} for kind in KINDS}
    tables = {f"{kind}_pareto": {"title": reason, "columns": PARETO_COLUMNS} for kind in KINDS}
    return {"waves": {"title": reason, "labels": OPTIONS}, **rates, **tables, "disturbance": {"title": reason, "columns": QUARTER_COLUMNS}}


def checks(panels: Mapping[str, Panel], costs: Mapping[str, Estimate], calls: pd.DataFrame, *, n_clusters: int, by_dealer: bool) -> tuple[Check, ...]:
    """What a reader must know before choosing an option by its numbers."""
    groups = Text("区间按门店聚类", "Ranges are clustered by dealer") if by_dealer else Text("区间按客户聚类", "Ranges are clustered by customer")
    by_lot = Text(
        "谁在哪个时机、经哪个渠道被问，是业务定的：回复率的差别里有客户本来的差别。",
        "Who was asked when, and how, was decided by the business: part of every difference is who was asked.",
    )
    sampling = Text(
        "打不通的人若与打通的不同，区间还要放宽；完成率低于 70% 时，测算已加上这一段。",
        "If those not reached differ from those reached, the range must be wider; below 70% completion that part is added.",
    )
    return (
        Check(
            Text("时机与渠道是随机分的", "Triggers and channels were given out by lot"), False, by_lot,
            Text("换时机或渠道之前，先随机分一小部分客户试。", "Before switching, try it on some customers drawn by lot."),
        ),
        _evenness_check(panels),
        _opt_out_check(costs["opt_out"]),
        Check(groups, None, say("共 {n} 组。", "{n} clusters.", n=n_clusters)),
        Check(
            Text("回访测算只算抽样误差", "Calls are costed for sampling error only"), None if len(calls) else False, sampling,
            Text("没有足够的分数，算不出回访能换来多少。", "There are too few scores to say what calls would buy."),
        ),
    )


def _evenness_check(panels: Mapping[str, Panel]) -> Check:
    silent = sum(e.kind == "refusal" for panel in panels.values() for e in panel.evenness)
    detail = say(
        "{total} 个选择里 {k} 个看不出：回复太少，或客户特征大多未知。",
        "It is not for {k} of {total}: too few replies, or too few traits known.",
        k=silent, total=sum(len(panel.evenness) for panel in panels.values()),
    )
    return Check(
        Text("每个选择都能看代表性", "Evenness is known of every option"), silent == 0, detail,
        Text("这些选择只有回复率，不参加比较。", "Those options have a reply rate only and are not compared."),
    )


def _opt_out_check(lost: Estimate) -> Check:
    detail = lost.reason or say(
        "收到过消息的客户里 {x:bare}（{x:interval}）如今不可联系。",
        "Of customers who got a message {x:bare} ({x:interval}) can no longer be contacted.",
        x=lost,
    )
    return Check(
        Text("退订的代价在数据里", "The cost of opt-outs is in the data"), lost.kind == "estimate", detail,
        Text("多发一条消息的代价被低估。", "What one more message costs is understated."),
    )


def captions(
    panels: Mapping[str, Panel],
    waves: Sequence[Estimate],
    costs: Mapping[str, Estimate],
    calls: pd.DataFrame,
    facts: Mapping[str, int],
    *,
    completion: float,
    source: str,
    cost: float,
    max_messages: int,
    by_dealer: bool,
) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and description of every figure."""
    out: dict[str, Mapping[str, Any]] = {}
    for kind, panel in panels.items():
        level = next((e.conf_level for e in panel.rates), 0.95)
        out |= {
            f"{kind}_rates": {"title": _rates_title(kind, panel), "labels": OPTIONS, "subtitle": _drawn(by_dealer, level)},
            f"{kind}_evenness": {
                "title": _evenness_title(kind, panel),
                "labels": OPTIONS,
                "subtitle": Text(
                    "R 指标：1 = 各类客户同样愿意回复；只按已知特征看，估计偏向 1",
                    "R-indicator: 1 = customers of every kind as likely to reply; judged by known traits only, and it errs towards 1",
                ),
            },
            f"{kind}_pareto": {
                "title": _pareto_title(kind, panel.pareto),
                "columns": PARETO_COLUMNS,
                "formats": PARETO_FORMATS,
                "subtitle": Text(
                    "胜过 = 一项更好，另一项不差；差别的区间不含零才算，已按比较次数放宽",
                    "Beaten = worse in one and not better in the other; only where ranges exclude zero, widened for the number of comparisons",
                ),
            },
        }
    return out | {
        "waves": {
            "title": _waves_title(waves),
            "labels": OPTIONS,
            "subtitle": Text(
                "每条送达的消息换来回复的占比；后面的提醒只发给前面没回的人",
                "Share of delivered messages that got a reply; reminders only reach who kept silent before",
            ),
        },
        "disturbance": _disturbance_caption(costs["messages"], max_messages),
        "calls": _calls_caption(calls, facts, completion, source, cost),
    }


def _drawn(by_dealer: bool, level: float) -> Text:
    return say(
        "点 = 送达的邀请中回复的占比，横条 = {level:.0%} 区间，{by}",
        "Dot = share of delivered invitations answered, bar = {level:.0%} interval, {by}",
        level=level, by=Text("按门店聚类", "clustered by dealer") if by_dealer else Text("按客户聚类", "clustered by customer"),
    )


def _rates_title(kind: str, panel: Panel) -> Text:
    known = [e for e in panel.against_rest if e.kind == "estimate"]
    apart = [e for e in known if not e.conf_low <= 0 <= e.conf_high]
    if len(known) < 2:  # one option has no rest, and without replies there is nothing to compare
        return Text(f"能比较回复率的{ONE_KIND[kind].zh}不足两个", f"Fewer than two {KINDS[kind].en.lower()} can be compared by reply rate")
    if not apart:
        return say(
            "{m} 个{kind}的回复率分不出高下",
            "None of {m} {kinds} stands out in reply rate",
            m=len(known), kind=ONE_KIND[kind], kinds=Text(KINDS[kind].zh, KINDS[kind].en.lower()),
        )
    far = max(apart, key=lambda e: abs(e.value))
    return say(
        "{m} 个{kind}里 {k} 个的回复率与其余不同；差得最多的是{name}：{g}（{g:interval}）",
        "{k} of {m} {kinds} differ from the rest in reply rate; the furthest is “{name}”: {g} ({g:interval})",
        m=len(known), k=len(apart), kind=ONE_KIND[kind], kinds=Text(KINDS[kind].zh, KINDS[kind].en.lower()),
        name=OPTIONS.get(far.group, Text(far.group, far.group)), g=far,
    )


def _evenness_title(kind: str, panel: Panel) -> Text:
    known = [e for e in panel.evenness if e.kind == "estimate"]
    if not known:
        return Text("回复太少，看不出代表性", "Too few replies to see how even they are")
    uneven = [e for e in known if e.conf_high < 1]
    if not uneven:
        return say(
            "按已知特征，{m} 个{kind}的回复者都看不出偏向",
            "By known traits, replies of none of {m} {kinds} are seen to lean",
            m=len(known), kind=ONE_KIND[kind], kinds=Text(KINDS[kind].zh, KINDS[kind].en.lower()),
        )
    least = min(uneven, key=lambda e: e.value)
    return say(
        "{m} 个{kind}里 {k} 个的回复者偏向某些客户；偏得最多的是{name}：R 指标 {r:bare}（{r:interval}）",
        "Replies of {k} of {m} {kinds} lean to some customers; the most “{name}”: R-indicator {r:bare} ({r:interval})",
        m=len(known), k=len(uneven), kind=ONE_KIND[kind], kinds=Text(KINDS[kind].zh, KINDS[kind].en.lower()),
        name=OPTIONS.get(least.group, Text(least.group, least.group)), r=least,
    )


def _pareto_title(kind: str, pareto: pd.DataFrame) -> Text:
    beaten = int(pareto["is_dominated"].sum()) if len(pareto) else 0
    kinds = Text(KINDS[kind].zh, KINDS[kind].en.lower())
    if not len(pareto):
        return Text("能比较的选择不足", "There are no options to compare")
    if not beaten:
        return say(
            "可比的 {m} 个{kind}里，没有一个被别的胜过",
            "Of {m} {kinds} that can be compared none is beaten by another",
            m=len(pareto), kind=ONE_KIND[kind], kinds=kinds,
        )
    return say(
        "可比的 {m} 个{kind}里，{k} 个被别的胜过",
        "Of {m} {kinds} that can be compared {k} are beaten by another",
        m=len(pareto), k=beaten, kind=ONE_KIND[kind], kinds=kinds,
    )


def _waves_title(waves: Sequence[Estimate]) -> Text:
    known = [e for e in waves if e.kind == "estimate"]
    if len(known) < 2:
        return Text("没有提醒可比", "There are no reminders to compare")
    return say(
        "第一次消息换来 {a:bare} 的回复，{name}只有 {b:bare}"
        if known[-1].value < known[0].value
        else "第一次消息换来 {a:bare} 的回复，{name}为 {b:bare}",
        "The first message gets {a:bare} to reply, the {name} {b:bare}",
        a=known[0], b=known[-1],
        name=Text(OPTIONS.get(known[-1].group, Text(known[-1].group, "")).zh, OPTIONS.get(known[-1].group, Text("", "last wave")).en.lower()),
    )


def _disturbance_caption(messages: Estimate, max_messages: int) -> dict[str, Any]:
    title = (
        messages.reason
        if messages.kind == "refusal"
        else say(
            "收到过消息的客户，每季平均 {m:bare} 条（{m:interval}）",
            "Customers who got any message got {m:bare} a quarter ({m:interval})",
            m=messages,
        )
    )
    return {
        "title": title,
        "columns": QUARTER_COLUMNS,
        "formats": {"estimate": "number", "conf_low": "number", "conf_high": "number", "over_limit_share": "share"},
        "subtitle": say("送达的消息，含提醒；上限 {k} 条", "Delivered messages, reminders included; the limit is {k}", k=max_messages),
    }


def _calls_caption(calls: pd.DataFrame, facts: Mapping[str, int], completion: float, source: str, cost: float) -> dict[str, Any]:
    subtitle = say(
        "最近问过的客户：{a} 位回复，{s} 位沉默；完成率 {c:.0%}，{source}；每通 ¥{cost:,.0f}",
        "Customers asked lately: {a} replied, {s} kept silent; {c:.0%} of calls completed, {source}; ¥{cost:,.0f} a call",
        a=facts["answered"], s=facts["silent"], c=completion, source=SOURCES[source], cost=cost,
    )
    if not len(calls):
        title = Text("分数或沉默的客户太少，算不出回访能换来多少", "Too few scores or silent customers to say what calls would buy")
        return {"title": title, "subtitle": subtitle}
    row = calls.iloc[(calls["calls"] - 300).abs().argmin()]
    title = say(
        "随机回访 {n} 位沉默客户，被问到的客户的 NPS 可准到 ±{w:.1f} 分，费用 ¥{y:,.0f}",
        "Calling {n} silent customers at random gives the NPS of those asked to within ±{w:.1f} points for ¥{y:,.0f}",
        n=int(row["calls"]), w=float(row["total_half_width"]), y=float(row["cost"]),
    )
    return {
        "title": title,
        "subtitle": subtitle,
        "columns": CALLS_COLUMNS,
        "formats": {"half_width": "points", "bounds_half_width": "points", "total_half_width": "points", "cost": "cny"},
    }
