"""What an estimand is called on a page; display names live here and nowhere else."""

from __future__ import annotations

from voclib.errors import ParameterError, nearest
from voclib.reporting.names.frontline import FRONTLINE
from voclib.reporting.names.library import LIBRARY
from voclib.reporting.names.naming import Name
from voclib.reporting.names.naming import share as _share
from voclib.reporting.names.readers import READERS
from voclib.results import Text

__all__ = ["NAMES", "Name", "entry", "find"]

_NPS = Text("推荐者占比减去贬损者占比，可能范围 −100 至 100", "Promoters minus detractors, possible range −100 to 100")
NAMES: dict[str, Name] = {
    "nps": Name(title=Text("净推荐值（NPS）", "Net promoter score (NPS)"), scale=_NPS),
    "csat": _share(
        "满意度（CSAT）", "Customer satisfaction (CSAT)", "打出最高两档的客户占比", "Share who give one of the top two scores", "满意", "satisfied"
    ),
    "ces": Name(
        title=Text("省力程度（CES）", "Customer ease (CES)"),
        scale=Text("平均分，1 至 7，越高越省力", "Mean score, 1 to 7; higher is easier"),
    ),
    "ces_share": _share(
        "觉得省力的客户占比",
        "Share who found it easy",
        "打出较省力三档的客户占比",
        "Share who give one of the three easiest scores",
        "省力",
        "found it easy",
    ),
    "recommended_share": _share(
        "愿意推荐的占比", "Share who recommend", "写明推荐的评价占全部评价", "Reviews that recommend, out of all reviews", "推荐", "recommend"
    ),
    "promoter_share": _share("推荐者占比", "Share of promoters", "打 9 或 10 分的作答", "Answers of 9 or 10", "推荐者", "promoters"),
    "passive_share": _share("中立者占比", "Share of passives", "打 7 或 8 分的作答", "Answers of 7 or 8", "中立者", "passives"),
    "detractor_share": _share("贬损者占比", "Share of detractors", "打 0 至 6 分的作答", "Answers of 0 to 6", "贬损者", "detractors"),
    "mean_score": Name(title=Text("平均分", "Mean score"), scale=Text("按原始量表计算", "On the scale of the question")),
    "mean_rating": Name(title=Text("平均评分", "Mean rating"), scale=Text("按原始量表计算", "On the scale of the rating")),
    "mean_stars": Name(title=Text("平均星级", "Mean star rating"), scale=Text("1–5 星", "1–5 stars")),
    "response_rate": _share("应答率", "Response rate", "作答人数占受邀人数", "Answers, out of all invited", "作答", "answered"),
    "accepted_share": _share(
        "可用记录占比", "Share of usable records", "通过校验的记录占读入的记录", "Records that pass the checks, out of all read", "可用", "usable"
    ),
    "batch_ratio": Name(title=Text("维修频率与同类批次之比", "Repair rate relative to sibling batches"), reference=1.0,
                        scale=Text("每辆装车的维修次数，同零件同车型的其他批次 = 1", "Per vehicle fitted; 1 = others of the same part and model")),
    "batches_told": Name(title=Text("与同类分得开的批次", "Batches that stand out from their siblings"), scale=Text("精确计数", "An exact count"),
                         short=Text("个批次", "batches")),
    "voice_ratio": Name(title=Text("说到它的频率之比", "How often it is mentioned"), scale=Text("1 为一样", "1 means the same"), reference=1.0),
    "cause_ratio": Name(title=Text("抱怨占比之比", "Share of complaints, relative to the rest"),
                        scale=Text("1 为一样", "1 means the same"), reference=1.0),
    "returned_share": _share("返修的占比", "Share that came back", "30 天内同车同零件又修", "Again within 30 days", "返修", "came back"),
    "in_time": _share("按时的占比", "Share done in time", "时限内走完的工单，占全部工单", "Cases done within the limit, of all", "按时", "in time"),
    "problem_fall": Name(title=Text("问题减少的幅度", "How much the problem has shrunk"), short=Text("减少", "less"),
                         scale=Text("落地后的频率比平常少多少，负数是多了", "How far the rate lies below its usual level; negative means more")),
    "projects_told": Name(title=Text("问题确实少了的项目", "Projects whose problem is clearly smaller"),
                          scale=Text("能评的项目里", "Among projects that can be judged")),
    "project_on_time": _share("按期落地的占比", "Share live on time", "有期限的项目", "Among projects with a due date", "按期", "on time"),
    "project_reviewed": _share("按时复盘的占比", "Reviewed on time", "已落地的项目", "Among projects that went live", "复盘了", "reviewed"),
    "adopted_in_time": _share("采纳的占比", "Share adopted", "提出的建议", "Out of all recommendations", "采纳", "adopted"),
    "case_coverage": _share("开了工单的占比", "Share that became a case", "占全部不满的声音", "Of all unhappy voices", "开了工单", "became a case"),
    "routed_as_agreed": _share("归属与规则一致", "Routed as agreed", "台账与规则同一部门的工单", "Cases owned as the rules say", "一致", "as agreed"),
    "launch_gain": Name(title=Text("领先的概念比在售产品高出", "Lead of the best concept over the product on sale"), short=Text("领先", "ahead"),
                        scale=Text("打最高两档的占比之差，零表示一样", "Difference in top-two-box shares; zero means none")),
    "green_lights": Name(title=Text("绿灯", "Green lights"), scale=Text("精确计数", "An exact count"), short=Text("个概念", "concepts")),
    "top_two_share": _share("最高两档占比", "Top-two-box share", "打 4 或 5 分的回答", "Answers of 4 or 5", "想要", "keen"),
    "valid_share": _share(
        "有效客户声音占比",
        "Share of valid voices",
        "必填字段都齐全的声音",
        "Voices with every required field",
        "有效",
        "valid",
    ),
    "quarantined_share": _share(
        "被隔离记录占比",
        "Share of quarantined records",
        "未通过校验、单独存放的记录",
        "Records that failed a check and were set aside",
        "被隔离",
        "set aside",
    ),
    "repaired_share": _share(
        "被修正记录占比",
        "Share of repaired records",
        "读入时修正过写法的记录",
        "Records whose notation was repaired on reading",
        "被修正",
        "repaired",
    ),
    "matched_share": _share(
        "可关联客户占比", "Share matched to a customer", "能对应到客户的记录", "Records that belong to a known customer", "已关联", "matched"
    ),
    "duplicate_share": _share("重复记录占比", "Share of duplicates", "与别的记录重复的记录", "Records that repeat another one", "重复", "duplicates"),
    "promoter_repeat_share": _share(
        "推荐者复购率", "Repurchase among promoters", "再次购买的推荐者", "Promoters who bought again", "复购", "bought again"
    ),
    "rows": Name(title=Text("记录数", "Records"), scale=Text("读入的行数，精确计数", "Rows read, an exact count"), short=Text("条", "records")),
    "voices": Name(
        title=Text("客户声音", "Customer voices"),
        scale=Text("校验后保留的条数，精确计数", "Records kept after checking, an exact count"),
        short=Text("条", "voices"),
    ),
    "customers": Name(title=Text("客户数", "Customers"), scale=Text("精确计数", "An exact count"), short=Text("位客户", "customers")),
    "invitations": Name(title=Text("邀请数", "Invitations"), scale=Text("精确计数", "An exact count"), short=Text("次邀请", "invitations")),
    "responses": Name(title=Text("作答数", "Answers"), scale=Text("精确计数", "An exact count"), short=Text("份", "answers")),
    "coverage": Name(
        title=Text("区间覆盖率", "Interval coverage"),
        scale=Text("盖住真值的 95% 区间占比，应当接近 95%", "Share of 95% intervals that contain the truth; should be close to 95%"),
        short=Text("覆盖率", "coverage"),
        reference=0.95,
    ),
    "bias": Name(
        title=Text("偏差", "Bias"), scale=Text("估计的平均值减去真值，零最好", "Mean estimate minus truth; zero is best"), short=Text("偏差", "bias")
    ),
    "power": _share("检出率", "Power", "确有差别时能够报告的占比", "Share of runs that detect a difference that exists", "检出", "detected"),
    "nps_reachable": Name(title=Text("能联系到的全体客户的 NPS", "NPS of all customers within reach"), scale=_NPS),
    "nps_everyone": Name(title=Text("全体客户的 NPS（含流失与失联）", "NPS of all customers, including those who left"), scale=_NPS),
    "nps_departed": Name(title=Text("留下与离开的客户的 NPS", "NPS of customers who stayed and who left"), scale=_NPS),
    "csat_reachable": _share(
        "能联系到的客户的满意度",
        "Satisfaction of customers within reach",
        "打出最高两档的客户占比",
        "Share who give one of the top two scores",
        "满意",
        "satisfied",
    ),
    "csat_everyone": _share(
        "全体客户的满意度（含流失与失联）",
        "Satisfaction of all customers, including those who left",
        "打出最高两档的客户占比",
        "Share who give one of the top two scores",
        "满意",
        "satisfied",
    ),
    "csat_departed": _share(
        "留下与离开的客户的满意度",
        "Satisfaction of customers who stayed and who left",
        "打出最高两档的客户占比",
        "Share who give one of the top two scores",
        "满意",
        "satisfied",
    ),
    "negative_voice_share": _share("负面声音占比", "Share of negative voices", "占写了文字的声音", "Among voices with text", "负面", "negative"),
    "negative_voice_change": Name(
        title=Text("负面声音占比的变化", "Change in the share of negative voices"),
        scale=Text("最近一期减上一期", "Latest period minus the one before"),
    ),
    "topic_voice_share": _share(
        "提到这个方面的声音占比", "Share of voices that name an aspect", "占写了文字的声音", "Among voices with text", "提到", "name it"
    ),
    "complaint_voice_share": _share(
        "提到这个方面的负面声音占比",
        "Share of voices that complain about an aspect",
        "占写了文字的声音",
        "Among voices with text",
        "抱怨",
        "complain",
    ),
    "complaint_share": _share(
        "抱怨最多的主题，占负面声音的比例",
        "Most frequent complaint, share of all complaints",
        "带负面打分或标记的声音",
        "Voices with a negative score or tag",
        "谈到",
        "of complaints",
    ),
    "theme_share": _share(
        "说得最多的主题，占声音的比例", "Most frequent theme, share of all voices", "有文字的声音", "Voices with text", "谈到", "of voices"
    ),
    "new_themes": Name(
        title=Text("新话题", "New themes"),
        scale=Text("上了名单的新话题，精确计数，误报有预算", "New themes on the list, an exact count under a false-alarm budget"),
        short=Text("个新话题", "new themes"),
    ),
    "topic_share": _share(
        "遇到这个主题的客户占比", "Share of customers who meet a topic", "每位客户算一份", "Every customer counts once", "涉及", "meet it"
    ),
    "school_score": Name(
        title=Text("学校平均分", "Mean score of schools"), scale=Text("学业表现指数，200 至 1,000", "Academic Performance Index, 200 to 1,000")
    ),
    "happiness_score": Name(title=Text("平均幸福感", "Mean happiness"), scale=Text("0 至 100", "0 to 100")),
    "leaver_auc": Name(
        title=Text("流失排序对的概率", "Leavers ranked correctly"),
        scale=Text(
            "一位流失的和一位留下的，前者事先风险更高的概率；50% 等于抛硬币",
            "Chance that a customer who left had a higher risk than one who stayed; 50% is a coin toss",
        ),
        short=Text("排对", "ranked correctly"),
        reference=0.5,
    ),
    "leaver_auc_gain": Name(
        title=Text("看登录多排对多少", "What log-ins add to the ranking"),
        scale=Text("与不看登录之差，零表示没有差别", "Compared with ignoring log-ins; zero means no difference"),
    ),
    "leaver_skill": Name(
        title=Text("风险消去的不确定", "Uncertainty removed by the risk score"),
        scale=Text("0% 等于对所有人说同一个比例，100% 为全部说中", "0% is one rate for everybody, 100% gets every case right"),
    ),
    "leaver_ratio": Name(title=Text("实际流失 ÷ 事先估计", "Leavers, observed ÷ expected"), scale=Text("1 为正好", "1 is right"), reference=1.0),
    "leaver_slope": Name(
        title=Text("校准斜率", "Calibration slope"),
        scale=Text("1 为正好，小于 1 表示说得太满", "1 is right; below 1 the risks are too extreme"),
        reference=1.0,
    ),
    "list_precision": _share("名单里流失的占比", "Share of the list that left", "名单上的客户", "Among customers on the list", "流失", "left"),
    "list_lift": Name(
        title=Text("名单命中与随手抽取之比", "The list against a random draw"),
        scale=Text("1 等于随手抽取", "1 means no better than chance"), reference=1.0
    ),
    "list_gain": Name(
        title=Text("名单比经验法则多命中", "The list against the rule of thumb"), scale=Text("零表示没有差别", "Zero means no difference")
    ),
    "call_break_even": _share(
        "打平所需留住的占比",
        "Break-even retention share",
        "要走的客户里须留住的占比",
        "Share of those about to leave that a call must retain",
        "打平",
        "break even",
    ),
    "login_ratio": Name(title=Text("登录与自己以往之比", "Log-ins relative to the customer's own usual"),
                        scale=Text("1 为与以往相同", "1 is as usual"), reference=1.0),
    "reply_rate": _share("回复率", "Reply rate", "送达的邀请中得到回复的占比", "Invitations answered, out of those delivered", "回复", "replied"),
    "reply_evenness": Name(
        title=Text("回复者的代表性（R 指标）", "How representative replies are (R-indicator)"),
        scale=Text("1 为各类客户同样愿意回复", "1 when all kinds of customers are equally likely to reply"),
        reference=1.0,
    ),
    "messages_per_reply": Name(
        title=Text("每份回复发出的消息", "Messages per reply"),
        scale=Text("消息数除以回复数", "Messages sent divided by replies"),
        short=Text("条", "messages"),
    ),
    "messages_per_quarter": Name(
        title=Text("每位客户每季收到的消息", "Messages per customer per quarter"),
        scale=Text("只计收到过消息的客户", "Among customers who received any"),
        short=Text("条", "messages"),
    ),
    "unreachable_share": _share(
        "联系不上的客户占比", "Share who cannot be contacted", "全体客户", "Among all customers", "联系不上", "cannot be contacted"
    ),
    "opt_out_share": _share(
        "发出后退订的占比", "Share who opted out after being asked", "收到过消息的客户", "Among customers who got a message", "退订", "opted out"
    ),
    "nps_corrected": Name(title=Text("扣除讨分后的 NPS", "NPS with solicited scores removed"), scale=_NPS),
    "money_loss": Name(
        title=Text("合计少赚多少钱", "Total money lost"),
        scale=Text(
            "遇到这件事的客户在计算期内合计，与条件相同的客户相比；正数是损失",
            "All exposed customers together, over the horizon, compared with similar customers; positive is a loss",
        ),
        short=Text("损失", "lost"),
    ),
    "tier_loss": Name(
        title=Text("各层客户少了多少钱", "Money lost by tier"),
        scale=Text("总额的一部分", "Part of the total"),
        short=Text("损失", "lost"),
    ),
    "pains_loss": Name(
        title=Text("各痛点少了多少钱", "Money lost by pain point"),
        scale=Text("各行是“其中”，加起来等于合计", "Rows are parts that add up to the total"),
        short=Text("损失", "lost"),
    ),
    "customers_lost": Name(
        title=Text("多流失的客户", "Additional customers lost"),
        scale=Text("与条件相同的客户相比", "Compared with similar customers"),
        short=Text("位客户", "customers"),
    ),
    "money_at_risk": Name(
        title=Text("有风险的钱", "Money at risk"),
        scale=Text("流失的可能性乘以留下时的金额，不问原因", "Chance of leaving times the value if they stay, whatever the reason"),
        short=Text("有风险", "at risk"),
    ),
    "returned_effect": Name(
        title=Text("再次消费的差别", "Repeat purchase: difference"),
        scale=Text("百分点，零表示没有差别", "Percentage points; zero means no difference")
    ),
    "returned_relative": Name(
        title=Text("再次消费的相对差别", "Repeat purchase: relative difference"),
        scale=Text("占本来比例的多少，零表示没有差别", "Relative to the expected rate; zero means no difference"),
    ),
    "left_effect": Name(
        title=Text("流失的差别", "Churn: difference"), scale=Text("百分点，零表示没有差别", "Percentage points; zero means no difference")
    ),
    "left_relative": Name(
        title=Text("流失的相对差别", "Churn: relative difference"),
        scale=Text("占本来比例的多少，零表示没有差别", "Relative to the expected rate; zero means no difference"),
    ),
    "point_worth": Name(
        title=Text("NPS 涨 1 分对应的钱", "One more point of NPS, in money"),
        scale=Text("校正后的差别；四条路不能相加", "An adjusted difference; the four paths must not be added up"),
        short=Text("每分", "per point"),
    ),
    "ex_slope": Name(
        title=Text("员工体验每高 1 个标准差，下一期的变化", "One standard deviation more employee experience, one period later"),
        scale=Text("各自与自己的过去相比，分；零表示没有变化", "Each unit against its own past, in points; zero means no change"),
        short=Text("每标准差", "per standard deviation"),
    ),
    "programme_effect": Name(
        title=Text("员工体验项目之后的变化", "Change after the employee programme"),
        scale=Text("参加的减还没参加的，分；零表示没有差别", "Participants minus those not yet in it, in points; zero means no difference"),
    ),
    "ex_worth": Name(
        title=Text("折成一年毛利", "As margin per year"),
        scale=Text("经由客户体验；是其中的一部分，不与其他损失相加", "By way of customer experience; a part of other losses, never added to them"),
        short=Text("一年毛利", "margin per year"),
    ),
    "ex_worth_unit": Name(title=Text("平均每家店一年毛利", "Margin per year for an average store"),
                          scale=Text("同上，除以店数", "The same, divided by stores")),
    "class_money": Name(title=Text("每位客户的钱", "Money per customer"), scale=Text("此前的消费相同", "At the same earlier spending")),
    "score_slope": Name(
        title=Text("打分高 1 分的客户多多少钱", "Money per point of a customer's score"),
        scale=Text("零表示没有差别", "Zero means no difference"),
    ),
    "money_month": Name(title=Text("每月的钱", "Money per month"), scale=Text("每位客户，零表示没有差别", "Per customer; zero means no difference")),
    "spend_change": Name(
        title=Text("消费的变化", "Change in spending"),
        scale=Text("相对于前一期，零表示没有变化", "Relative to the window before; zero means no change")
    ),
    "driver_share": Name(
        title=Text("占分数差异的份额", "Share of the variation in a score"),
        scale=Text("方差的份额，0% 至 100%；只排先后", "Share of the variance, 0% to 100%; for ranking only"),
    ),
    "npv": Name(
        title=Text("净现值", "Net present value"),
        scale=Text("期限内挣回的毛利减去成本，折到今天", "Margin earned over the horizon minus cost, in today's money"),
    ),
    "recovery_change": Name(
        title=Text("被回访后 NPS 的变化", "Change in NPS after a call-back"),
        scale=Text("首次打 6 分及以下的客户", "Customers who gave 6 or less at first"),
    ),
    "feeling_slope": Name(
        title=Text("通话情绪每高 1，之后的打分高多少", "Later score per step of sentiment at the end of a call"),
        scale=Text("原始分；零表示打分里没有那时的情绪", "In raw points; zero means the score holds none of that feeling"),
    ),
    "feeling_fall": Name(
        title=Text("隔久之后斜率少了多少", "How much the slope has faded"), scale=Text("零表示没有变淡", "Zero means no fading")
    ),
    "feeling_gap": Name(
        title=Text("满意挂断的与生气挂断的平均分之差", "Calls ended pleased minus calls ended upset"),
        scale=Text("零表示没有差别", "Zero means no difference")
    ),
    "ledger_total": Name(title=Text("账目合计", "Ledger total"), scale=Text("精确到分", "To the cent")),
    "review_list": Name(
        title=Text("供核查的门店", "Dealers for review"),
        scale=Text("名单上的门店数", "Dealers on the list"),
        short=Text("家供核查", "for review"),
    ),
} | FRONTLINE | LIBRARY | READERS


_DERIVED: dict[str, tuple[Text, Text, Text]] = {
    "_difference": (Text("{}之差", "{}: difference"), Text("零表示没有差别", "Zero means no difference"), Text("之差", "apart")),
    "_change": (Text("{}的变化", "{}: change"), Text("零表示没有变化", "Zero means no change"), Text("变化", "change")),
    "_trend": (Text("{}：每期的变化", "{}: change per period"), Text("零表示没有变化", "Zero means no change"), Text("每期", "per period")),
    "_mix": (Text("{}：构成变化", "{}: mix"), Text("零表示没有变化", "Zero means no change"), Text("构成", "mix")),
    "_rate": (Text("{}：各组自身变化", "{}: within groups"), Text("零表示没有变化", "Zero means no change"), Text("自身", "own")),
    "_against_rest": (
        Text("{}与其余各组之差", "{}: difference from all others"),
        Text("零表示没有差别", "Zero means no difference"),
        Text("之差", "apart"),
    ),
}


def find(estimand: str) -> Name | None:
    """The entry of an estimand, or None; `nps:service` and `nps@dealer` are read as `nps`, `nps_change` is built from `nps`."""
    plain = estimand.replace("@", ":").split(":", 1)[0]
    if plain in NAMES:
        return NAMES[plain]
    for suffix, (title, scale, short) in _DERIVED.items():
        of = NAMES.get(plain.removesuffix(suffix))
        if of is not None:
            return Name(title=Text(title.zh.format(of.title.zh), title.en.format(of.title.en)), scale=scale, short=short)
    return None


def entry(estimand: str) -> Name:
    """The entry of an estimand.

    Raises
    ------
    ParameterError
        if the estimand has no display name; the message names the nearest one.
    """
    found = find(estimand)
    if found is None:
        raise ParameterError(
            f"Estimand '{estimand}' has no display name; {nearest(estimand, NAMES)} Add it to voclib/reporting/names.py, in Chinese and in English."
        )
    return found
