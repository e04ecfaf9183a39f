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
    "Who hears back was not decided at random: if people whose reports are rising anyway are answered first, the ratio is too high.",
)
LIMITS = (
    (
        Text("不是说多回复一次，上报就会翻倍。", "Not that one more reply doubles the reports."),
        Text(
            "这里比的是同一名员工听到回音前后的频率，没有随机对照；要坐实，挑一半门店先回复，再比。",
            "It compares an employee before and after hearing back, with no randomised control; to settle it, reply to half of the dealers first.",
        ),
    ),
    (
        Text("不是说不开口的门店有问题。", "Not that a silent dealer is a bad one."),
        Text(
            "不报，可能是没遇上事，也可能是怕追责、工具难用、报了没用；表里没有这些，要去问。",
            "It may have had nothing to report, or fear blame, or find the tool clumsy or reporting useless; no table records this, so go and ask.",
        ),
    ),
    (
        Text("不是说一线总能早这么多天。", "Not that the frontline is always that much earlier."),
        Text(
            "只有客户侧也真的上升过的事才比得出早晚；一次两次只是个例，不是规律。",
            "The lead can be measured only where the customer side rose as well; one or two events are anecdotes, not a rule.",
        ),
    ),
    (
        Text("不是说记下的挽回金额就是上报挣来的。", "Not that money booked as recovered was earned by the report."),
        Text(
            "金额由处理人填写，没有对照：有些客户本来就会留下。",
            "Whoever handles a case enters the amount, and nothing is compared: some of these customers would have stayed anyway.",
        ),
    ),
    (
        Text("不是说报价低的竞品就抢走了客户。", "Not that a rival with a low quote won the customer."),
        Text(
            "没有成交与战败的记录；报价也是客户转述的，可能为了还价往低里说。",
            "Deals won or lost are not recorded, and quotes are passed on by customers, who may understate them to bargain.",
        ),
    ),
)
NO_LADDER = Text("听到过回音的员工太少，走不了阶梯。", "Too few employees have heard back for a step-by-step comparison.")
NO_CURVE = Text("已解决的上报太少，画不出曲线。", "Too few fixed reports for a curve.")
NO_EVENT = Text("没有哪次上升两边都看得到，没有早晚可比。", "No rise shows on both sides, so there is no lead to measure.")
NO_CARDS = Text("没有哪条已确认的上报能坐实是第一个。", "No confirmed report was first beyond doubt.")
NO_MONEY = Text("没有一条上报记着挽回金额。", "No report records money recovered.")
NO_ROSTERS = Text("没有排班与出勤表，算不出每千工时。", "Without rosters, rates per hour worked cannot be computed.")
NO_REGIONS = Text("门店没有区域，不分区域。", "Dealers are not assigned to regions, so regions are not compared.")
NO_RIVALS = Text("没有点名竞品的上报。", "No report names a rival.")
NO_SILENT = Text("有上报的门店太少，问不出沉默是不是碰巧。", "Too few dealers report to tell whether silence is chance.")


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
        return Text("有没有告诉上报的人，还看不出。", "It is not yet clear whether reporters are told.")
    return say(
        "听见了一部分：已解决的上报，{a:bare}（{level:.0%} 区间 {a:interval}）在 {d} 天内告诉了上报的人。",
        "In part: for {a:bare} of fixed reports ({level:.0%} interval {a:interval}), the reporter was told within {d} days.",
        a=one, d=days, level=one.conf_level,
    )


def _ratio(loop: LoopBack) -> Text:
    one = loop.ratio
    if one.kind == "refusal":
        return Text("听到回音的人之后报得多不多，还说不清。", "It is not yet clear whether employees who hear back report more.")
    naive = next((rung for rung in loop.ladder.rungs if rung.rung == "before_after"), None)
    told = {"a": one, "level": one.conf_level}
    if one.conf_low > 1:
        first = say("听到过回音的员工，之后上报的频率是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Employees who hear back report {a} as often as before ({level:.0%} interval {a:interval})", **told)
    elif one.conf_high < 1:
        first = say("听到过回音的员工，之后反而报得少了，是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Employees who hear back report less than before, {a} as often ({level:.0%} interval {a:interval})", **told)
    else:
        first = say("听到回音之后报得多不多，分不清：是之前的 {a}（{level:.0%} 区间 {a:interval}）",
                    "Whether employees who hear back report more cannot be established: {a} as often as before ({level:.0%} interval "
                    "{a:interval})", **told)
    if naive is None:
        return Text(f"{first.zh}。", f"{first.en}.")
    beside = say("，直接比前后只看到 {b}。", "; a simple before-and-after comparison shows only {b}.", b=naive) if naive.value < one.value else say(
        "，直接比前后却是 {b}。", "; a simple before-and-after comparison shows {b}.", b=naive)
    return Text(first.zh + beside.zh, first.en + beside.en)


def _lead(leads: Leads) -> Text:
    one, n = leads.lead, len(leads.apart)
    if one.kind == "refusal":
        return Text("一线早多少天，还说不出。", "It is not yet clear how much earlier the frontline is.")
    if one.kind == "bounds":
        first = leads.apart[0].lead[0]
        if n == 1:
            return say(
                "一线早多少天只有一次可看：最像早 {d} 天，范围 {a:bare} 天；这是个例，不是规律。",
                "Only one event shows how much earlier the frontline was: most likely {d} days, range {a:bare}; this is an anecdote, not a rule.",
                d=str(first).replace("-", "−"), a=one,
            )
        return say(
            "一线早多少天只有 {n} 次可看，范围 {a:bare} 天；这是个例，不是规律。",
            "Only {n} events show how much earlier the frontline was: range {a:bare} days; these are anecdotes, not a rule.",
            n=n, a=one,
        )
    if one.conf_low > 0:
        return say("{n} 次里一线平均早 {a:bare} 天（{a:interval}）。",
                   "Over {n} events the frontline was {a:bare} days earlier on average ({a:interval}).",
                   n=n, a=one)
    return say("{n} 次里一线早不早分不清，平均 {a:bare} 天（{a:interval}）。",
               "Over {n} events it cannot be established whether the frontline was earlier: {a:bare} days on average ({a:interval}).", n=n, a=one)


def decision(loop: LoopBack, teams: Teams, leads: Leads) -> Text:
    """What to do next."""
    told = []
    untold = loop.told.every
    if untold.kind == "estimate" and untold.value < 0.9:
        told.append(Text("解决一条，就告诉报的人一条：让系统在解决当天自动发。",
                         "Tell the reporter about every fix: have the system send word on the same day."))
    if loop.ratio.kind == "refusal":
        told.append(Text(f"先补上：{loop.ratio.needs.zh}。", f"First add: {loop.ratio.needs.en[:1].lower()}{loop.ratio.needs.en[1:]}."))
    elif loop.ratio.conf_low > 1:
        told.append(Text("要坐实倍数，挑一半门店先发一季度，再比。",
                         "To settle the ratio, do this at half of the dealers, picked at random, for one quarter and compare."))
    if teams.silent_n:
        told.append(say("去 {n} 家一条也没报的门店问一问，问的是工具和回音，不是人。",
                        "Visit the {n} {n:dealer|dealers} that reported nothing, and ask about the tool and the replies, not about "
                        "people.", n=teams.silent_n))
    if leads.heard:
        told.append(
            Text("一线对同一车型、同一零件接连上报时，先去看返修，不等客户变多。",
                 "When the frontline reports one model and part several times in a row, look at repairs at once, not once customers are many.")
        )
    told = told or [Text("照现在的做法回复，每季度再看一次。", "Keep answering as now, and look again in a quarter.")]
    return joined(*told)


def objections(topics_n: int, n: int, total: int, name: Text) -> Text:
    """What may be said of objections by topic."""
    if not total:
        return NO_RIVALS
    if topics_n <= 1:
        return say("{n} 条竞品情报都归在同一个主题“{name}”：排不出异议的先后；要先在上报里分开填价格、配置、交期、信任。",
                   "All {n} reports on rivals are filed under one topic, {name}: objections cannot be ranked until reports record price, "
                   "equipment, delivery and trust separately.", n=total, name=name)
    return say("异议最多的主题是“{name}”：{total} 条里的 {n} 条。",
               "The topic with most objections is {name}: {n} of {total} reports.", name=name, n=n, total=total)

