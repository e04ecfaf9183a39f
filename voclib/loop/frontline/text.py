"""What the page on the frontline says, in both languages."""

from __future__ import annotations

from voclib.loop.frontline.lead import Leads
from voclib.loop.frontline.loopback import LoopBack
from voclib.loop.frontline.reports import BUG, IDEA, RIVAL
from voclib.loop.frontline.teams import Teams
from voclib.results import Text
from voclib.sentences import joined, say

QUESTION = Text("一线看到的，我们听见了吗？一线能早多少天？", "Do we hear what the frontline sees, and how much earlier?")
KIND = {
    BUG: Text("产品故障", "Product bug"),
    RIVAL: Text("竞品情报", "Competitor report"),
    IDEA: Text("流程建议", "Process suggestion"),
}
CAVEAT = Text(
    "谁能听到回音，不是抽签定的：如果总是先回复本来就越报越多的人，倍数就偏高。",
    "Who hears back was not drawn by lot: if people about to report more are answered first, the ratio is too high.",
)
LIMITS = (
    (
        Text("不是说多回复一次，上报就会翻倍。", "Not that one more answer doubles the reports."),
        Text(
            "这里比的是同一名员工听到回音前后的频率，没有随机对照；要坐实，挑一半门店先回复，再比。",
            "It compares the rate of an employee before and after hearing, with no lot drawn; to settle it, answer half of the dealers first.",
        ),
    ),
    (
        Text("不是说不开口的门店有问题。", "Not that a silent dealer is a bad one."),
        Text(
            "不报，可能是没遇上事，也可能是怕追责、工具难用、报了没用；表里没有这些，要去问。",
            "No report may mean that nothing happened, or fear of blame, a poor tool, or that it was no use before; no table holds this: go and ask.",
        ),
    ),
    (
        Text("不是说一线总能早这么多天。", "Not that the frontline is always that much earlier."),
        Text(
            "只有客户侧也真的上升过的事才比得出早晚；一次两次只是个例，不是规律。",
            "Only where customers rose too can the days be told; one or two events are anecdotes, no rule.",
        ),
    ),
    (
        Text("不是说记下的挽回金额就是上报挣来的。", "Not that money booked as recovered was earned by the report."),
        Text(
            "金额由处理人填写，没有对照：有些客户本来就会留下。",
            "Whoever handles a case fills it in, and nothing is compared: some of these customers would have stayed anyway.",
        ),
    ),
    (
        Text("不是说报价低的竞品就抢走了客户。", "Not that a rival with a low quote takes the customer."),
        Text(
            "没有成交与战败的记录；报价也是客户转述的，可能为了还价往低里说。",
            "No deal, won or lost, is on record; and quotes are hearsay from customers who may understate them to bargain.",
        ),
    ),
)
NO_TRUTH = Text("这批数据没有埋下的真值。", "These data hold no planted truth.")
NO_LADDER = Text("听到过回音的员工太少，走不了阶梯。", "Too few employees have heard back, so there is no ladder.")
NO_CURVE = Text("已解决的上报太少，画不出曲线。", "Too few fixed reports for a curve.")
NO_EVENT = Text("没有哪次上升两边都看得到，没有早晚可比。", "No rise shows on both sides, so nothing can be earlier.")
NO_CARDS = Text("没有哪条已确认的上报能坐实是第一个。", "No confirmed report was first beyond doubt.")
NO_MONEY = Text("没有一条上报记着挽回金额。", "No report carries money recovered.")
NO_ROSTERS = Text("没有排班与出勤表，算不出每千工时。", "Without rosters there are no rates by hours worked.")
NO_REGIONS = Text("门店没有区域，不分区域。", "Dealers have no region, so none are compared.")
NO_RIVALS = Text("没有点名竞品的上报。", "No report names a rival.")
NO_SILENT = Text("有上报的门店太少，问不出沉默是不是碰巧。", "Too few dealers report to ask whether silence is chance.")


def kicker(n: int) -> Text:
    """What stands over the question."""
    return say("一线的声音 · {n} 条上报", "The frontline · {n} {n:report|reports}", n=n)


def answer(loop: LoopBack, leads: Leads, told_days: int) -> Text:
    """Whether reporters are told, how often they report afterwards, and how much earlier the frontline was."""
    parts = [_told(loop, told_days), _ratio(loop), _lead(leads)]
    return joined(*parts)


def _told(loop: LoopBack, days: int) -> Text:
    one = loop.told.every
    if one.kind == "refusal":
        return Text("有没有告诉上报的人，还看不出。", "Whether reporters are told cannot be seen yet.")
    return say(
        "听见了一部分：已解决的上报，{a:bare}（{level:.0%} 区间 {a:interval}）在 {d} 天内告诉了上报的人。",
        "In part: of fixed reports, {a:bare} ({level:.0%} interval {a:interval}) came back to who reported within {d} days.",
        a=one, d=days, level=one.conf_level,
    )


def _ratio(loop: LoopBack) -> Text:
    one = loop.ratio
    if one.kind == "refusal":
        return Text("听到回音的人之后报得多不多，还说不清。", "Whether those who hear back report more cannot be told yet.")
    naive = next((rung for rung in loop.ladder.rungs if rung.rung == "before_after"), None)
    told = {"a": one, "level": one.conf_level}
    if one.conf_low > 1:
        first = say("听到过回音的员工，之后上报的频率是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Employees who have heard report {a} as often as before ({level:.0%} interval {a:interval})", **told)
    elif one.conf_high < 1:
        first = say("听到过回音的员工，之后反而报得少了，是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Employees who have heard report less than before, {a} as often ({level:.0%} interval {a:interval})", **told)
    else:
        first = say("听到回音之后报得多不多，分不清：是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Whether those who hear report more cannot be told: {a} as often as before ({level:.0%} interval {a:interval})", **told)
    if naive is None:
        return Text(f"{first.zh}。", f"{first.en}.")
    beside = say("，直接比前后只看到 {b}。", "; before and after alone shows {b}.", b=naive) if naive.value < one.value else say(
        "，直接比前后却是 {b}。", "; before and after alone shows {b}.", b=naive)
    return Text(first.zh + beside.zh, first.en + beside.en)


def _lead(leads: Leads) -> Text:
    one, n = leads.lead, len(leads.apart)
    if one.kind == "refusal":
        return Text("一线早多少天，还说不出。", "How much earlier the frontline is cannot be told yet.")
    if one.kind == "bounds":
        first = leads.apart[0].lead[0]
        if n == 1:
            return say(
                "一线早多少天只有一次可看：最像早 {d} 天，范围 {a:bare} 天；这是个例，不是规律。",
                "How much earlier shows in one event only: most likely {d} days, range {a:bare}; an anecdote, no rule.",
                d=str(first).replace("-", "−"), a=one,
            )
        return say(
            "一线早多少天只有 {n} 次可看，范围 {a:bare} 天；这是个例，不是规律。",
            "How much earlier shows in {n} events only: range {a:bare} days; anecdotes, no rule.",
            n=n, a=one,
        )
    if one.conf_low > 0:
        return say("{n} 次里一线平均早 {a:bare} 天（{a:interval}）。",
                   "Over {n} events the frontline was {a:bare} days earlier on average ({a:interval}).",
                   n=n, a=one)
    return say("{n} 次里一线早不早分不清，平均 {a:bare} 天（{a:interval}）。",
               "Over {n} events it cannot be told whether the frontline was earlier: {a:bare} days on average ({a:interval}).", n=n, a=one)


def decision(loop: LoopBack, teams: Teams, leads: Leads) -> Text:
    """What to do next."""
    told = []
    untold = loop.told.every
    if untold.kind == "estimate" and untold.value < 0.9:
        told.append(Text("解决一条，就告诉报的人一条：让系统在解决当天自动发。",
                         "Tell the reporter of every fix: let the system send it on the day."))
    if loop.ratio.kind == "refusal":
        told.append(Text(f"先补上：{loop.ratio.needs.zh}。", f"First get: {loop.ratio.needs.en[:1].lower()}{loop.ratio.needs.en[1:]}."))
    elif loop.ratio.conf_low > 1:
        told.append(Text("要坐实倍数，挑一半门店先发一季度，再比。",
                         "To settle the ratio, send it to half of the dealers for a quarter, drawn by lot."))
    if teams.silent_n:
        told.append(say("去 {n} 家一条也没报的门店问一问，问的是工具和回音，不是人。",
                        "Visit the {n} {n:dealer|dealers} without any report, and ask about tool and answers, not about people.", n=teams.silent_n))
    if leads.heard:
        told.append(
            Text("一线对同一车型、同一零件接连上报时，先去看返修，不等客户变多。",
                 "When reports on one model and part come in a row, look at repairs at once, before customers are many.")
        )
    told = told or [Text("照现在的做法回复，每季度再看一次。", "Keep answering as now, and look again in a quarter.")]
    return joined(*told)


def objections(topics_n: int, n: int, total: int, name: Text) -> Text:
    """What may be said of objections by topic."""
    if not total:
        return NO_RIVALS
    if topics_n <= 1:
        return say("{n} 条竞品情报都归在同一个主题“{name}”：排不出异议的先后；要先在上报里分开填价格、配置、交期、信任。",
                   "All {n} reports on rivals are filed under one topic, {name}: objections cannot be ranked until reports tell price, equipment, "
                   "delivery and trust apart.", n=total, name=name)
    return say("异议最多的主题是“{name}”：{total} 条里的 {n} 条。",
               "The topic named most is {name}: {n} of {total} reports.", name=name, n=n, total=total)

