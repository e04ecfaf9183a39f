"""What methods and settings of the planted-truth runs are called, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voclib.numbers import MINUS
from voclib.results import Text

FAMILIES = {
    "scores": Text("分数", "Scores"),
    "weighting": Text("加权", "Weighting"),
    "calls": Text("回访", "Call-backs"),
    "bounds": Text("上下界", "Bounds"),
    "begging": Text("要分", "Begging"),
    "topics": Text("话题", "Topics"),
    "panels": Text("追踪", "Panels"),
    "effects": Text("金额", "Money"),
    "designs": Text("准实验", "Quasi-experiments"),
    "attribution": Text("归因", "Attribution"),
    "worth": Text("值多少", "Worth"),
    "recovery": Text("挽回", "Recovery"),
    "sensitivity": Text("敏感性", "Sensitivity"),
}
METHODS = {
    "nps": ("scores", Text("NPS，简单样本", "NPS, plain sample")),
    "nps clustered": ("scores", Text("NPS，按门店聚类", "NPS, clustered by dealer")),
    "nps weighted": ("scores", Text("NPS，加权", "NPS, weighted")),
    "nps difference, paired": ("scores", Text("NPS 之差，同一客户配对", "NPS difference, paired customers")),
    "csat": ("scores", Text("满意度", "Satisfaction")),
    "ces": ("scores", Text("费力度", "Effort score")),
    "groups against the rest": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "groups against the rest, false alarms": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "calibrated": ("weighting", Text("校准加权", "Calibration")),
    "calibrated, linearised": ("weighting", Text("校准加权的方差", "Variance of calibration")),
    "ipw": ("weighting", Text("作答概率倒数加权", "Inverse response chances")),
    "ipw, estimated chances": ("weighting", Text("作答概率倒数加权的方差", "Variance of inverse chances")),
    "aipw": ("weighting", Text("双重稳健", "AIPW")),
    "aipw, wrong models": ("weighting", Text("双重稳健，模型有错", "AIPW, wrong models")),
    "aipw, boosted": ("weighting", Text("双重稳健，树模型", "AIPW, tree learners")),
    "weighting alone": ("calls", Text("只加权，不回访", "Weighting without call-backs")),
    "follow-up, plain": ("calls", Text("随机回访", "Random call-backs")),
    "follow-up, difference": ("calls", Text("随机回访加预测", "Call-backs with predictions")),
    "follow-up, tilt": ("calls", Text("随机回访校准的倾斜", "Tilt learned from call-backs")),
    "callback model": ("calls", Text("催答模型的区间", "Range of the reminder model")),
    "manski": ("bounds", Text("最坏情形上下界", "Worst-case bounds")),
    "manski, interval": ("bounds", Text("上下界外的区间", "Interval around the bounds")),
    "monotone bounds": ("bounds", Text("单调上下界", "Monotone bounds")),
    "churned": ("bounds", Text("流失客户从未被问", "Churned, never asked")),
    "tilt": ("bounds", Text("翻转边界含埋下的倾斜", "Tipping frontier at the planted tilt")),
    "lee bounds": ("bounds", Text("Lee 上下界", "Lee bounds")),
    "begging": ("begging", Text("要分检验", "Begging test")),
    "topic share": ("topics", Text("话题占客户的比例", "Topic share of customers")),
    "topic share, weights alone": ("topics", Text("话题比例，只加权", "Topic share, weights alone")),
    "panel change": ("panels", Text("追踪样本的变化", "Change in a panel")),
    "att, poisson": ("effects", Text("双重稳健的金额，泊松", "AIPW of money, Poisson")),
    "att, logit": ("effects", Text("双重稳健的金额，线性", "AIPW of money, linear")),
    "ppml": ("effects", Text("泊松回归", "Poisson regression")),
    "two-part": ("effects", Text("两部分模型", "Two-part model")),
    "att of leaving": ("effects", Text("双重稳健的流失", "AIPW of leaving")),
    "att, winsorised at 99%": ("effects", Text("双重稳健，截掉最高 1%", "AIPW, largest 1% cut down")),
    "least squares": ("effects", Text("最小二乘", "Least squares")),
    "att of VIPs": ("effects", Text("贵宾的损失", "Loss of VIPs")),
    "att": ("effects", Text("双重稳健，找不到可比的人", "AIPW, nobody alike")),
    "event study": ("designs", Text("逐月对比", "By month")),
    "event study, whole path": ("designs", Text("逐月对比，整条曲线", "By month, whole path")),
    "event study, leads": ("designs", Text("逐月对比，暴露前的走势", "By month, path before exposure")),
    "event study, stands": ("designs", Text("逐月对比，站得住并找到", "By month, stands and finds")),
    "leniency, UJIVE": ("designs", Text("由谁接待", "By who served them")),
    "leniency, refused": ("designs", Text("由谁接待，应当拒答", "By who served them, to be refused")),
    "leniency, Anderson-Rubin": ("designs", Text("由谁接待，弱工具也成立的区间", "By who served them, weak instruments")),
    "hazard, time-varying exposure": ("designs", Text("流失风险，暴露从发生时算起", "Risk of leaving, exposed from its time on")),
    "restricted mean": ("designs", Text("少留的月数", "Months lost")),
    "survival, whole curve": ("designs", Text("留存曲线，整条", "Survival, whole curve")),
    "joint removal, total": ("attribution", Text("全部痛点合计", "All pain points together")),
    "joint removal, share": ("attribution", Text("应分担的损失", "Share of the loss")),
    "joint removal, bystander": ("attribution", Text("旁观的主题", "A bystander topic")),
    "mix and rate, mix": ("attribution", Text("分数变化中的构成", "Score change, mix")),
    "mix and rate, rate": ("attribution", Text("分数变化中的各组自身", "Score change, the groups themselves")),
    "lmg share": ("attribution", Text("LMG 份额", "LMG share")),
    "lmg rank": ("attribution", Text("LMG 名次", "LMG rank")),
    "point of NPS": ("worth", Text("多一分 NPS", "One more point of NPS")),
    "two noisy scores": ("worth", Text("用第二次打分校正", "Corrected by a second score")),
    "return": ("worth", Text("项目的回报", "Return of a programme")),
    "gate of money": ("worth", Text("金额的门槛", "Gate of money")),
    "pilot": ("worth", Text("试点", "Pilot")),
    "recovery": ("recovery", Text("贬损者回访", "Detractors called back")),
    "recovery by retest": ("recovery", Text("贬损者回访，按重测扣除", "Detractors called back, less the retest")),
    "reliability": ("recovery", Text("重测信度", "Reliability")),
    "hidden factor": ("sensitivity", Text("没记录的因素", "Unrecorded factor")),
    "hidden factor, regression": ("sensitivity", Text("没记录的因素，回归", "Unrecorded factor, regression")),
    "robustness value": ("sensitivity", Text("稳健值", "Robustness value")),
    "negative control": ("sensitivity", Text("安慰剂检验", "Placebo check")),
    "dose and response": ("sensitivity", Text("等待时长曲线", "Curve of waiting")),
}
# where a run is counted as a share, but the share is how often the truth lies inside, or a chance on average
MEASURED_AS = {
    ("event study, whole path", "power"): "coverage",
    ("survival, whole curve", "power"): "coverage",
    ("leniency, Anderson-Rubin", "power"): "coverage",
    ("return", "false alarms"): "chance",
}
KINDS = {
    "coverage": Text("覆盖率", "Coverage"),
    "bounds": Text("上下界含真值", "Truth inside the bounds"),
    "bias": Text("偏差", "Bias"),
    "false alarms": Text("误报", "False alarms"),
    "power": Text("找得到", "Power"),
    "false discoveries": Text("错报占比", "False discoveries"),
    "refusals": Text("拒答", "Refusals"),
    "chance": Text("平均概率", "Mean chance"),
}
PARTS = {
    "a fifth answer": "两成作答",
    "missing at random": "沉默可由已知解释",
    "random response": "作答纯属随机",
    "raw against corrected": "校正前后相比",
    "response model wrong": "作答模型有错",
    "outcome model wrong": "结果模型有错",
    "both models wrong": "两个模型都有错",
    "calibrated": "校准",
    "aipw": "双重稳健",
    "the delighted and the angry answer": "极满意和极不满的更爱答",
    "the satisfied answer": "满意的更爱答",
    "the dissatisfied answer": "不满的更爱答",
    "resistance stable": "拒答倾向不变",
    "the critical answer more readily": "不满的答得更快",
    "all answer alike": "人人一样",
    "the pleased answer more readily": "满意的答得更快",
    "the silent are all detractors": "沉默者全是贬损者",
    "a fifth churned and never asked": "两成已流失且从未被问",
    "at the planted tilt": "取埋下的倾斜",
    "each honest one at 5%": "诚实的逐家按 5% 判",
    "any flag": "只要报了一家",
    "share of flags that are wrong": "报出的有多少报错",
    "found": "找出多少",
    "the angry comment": "生气的更爱写",
    "classifier no better than a coin": "分类器如同抛硬币",
    "detractors leave": "贬损者退出",
    "nothing changes": "实际没有变化",
    "satisfaction falls": "满意度下滑",
    "detractors leave for a score nobody sees": "因没人见过的那次打分而退出",
    "none differs": "全无差别",
    "no effect": "实际没有作用",
    "strong confounding": "混杂很强",
    "money that multiplies": "金额按倍数变动",
    "twice the detectable effect": "差别是可检出的两倍",
    "VIPs never wait": "贵宾从未久等",
    "VIPs wait": "贵宾也会久等",
    "a covariate that was recorded because of the wait": "有一列是久等之后才记下的",
    "loss begins and grows after exposure": "暴露后开始损失并逐月加重",
    "ten months at once": "十个月一起看",
    "on one path before exposure": "暴露前走势相同",
    "drawn by lot": "随机派单",
    "hard cases go to slow agents": "难办的派给慢坐席",
    "agents all alike": "坐席快慢一样",
    "agents differ little": "坐席快慢差别很小",
    "complaints do nothing": "投诉不起作用",
    "the exposed leave sooner": "暴露的走得更早",
    "twelve months at once": "十二个月一起看",
    "the wait": "等待",
    "bad company": "总与真痛点同时出现",
    "no bystander any more": "这次真的让人少花钱",
    "one of them": "其中一组",
    "all": "各组合计",
    "most of whom answer twice": "多数人答过两次",
    "shares stand still": "各组占比不变",
    "the lowest grows": "分数最低的一组变大",
    "the first two columns are worth the same": "前两列分量相同",
    "the first column leads": "第一列分量最大",
    "path detractor to passive": "贬损变中立",
    "path passive to promoter": "中立变推荐",
    "path detractor to promoter": "贬损变推荐",
    "path tilt": "所有人都好一点点",
    "classes differ only in what they spent before": "三类客户只差在此前的消费",
    "is the tilt worth anything": "所有人都好一点点值不值钱",
    "satisfaction is worth nothing": "满意度不值钱",
    "is satisfaction worth anything": "满意度值不值钱",
    "calls by list": "按名单回访",
    "a call does nothing": "回访不起作用",
    "a call helps": "回访有用",
    "does a call help": "回访有没有用",
    "every detractor is called": "贬损者全部回访",
    "from passives and promoters only": "只由中立者和推荐者估出",
    "programme tried by lot": "项目抽签试行过",
    "tried by lot": "抽签试行过",
    "programme does nothing": "项目不起作用",
    "programme pays": "项目划算",
    "P(NPV > 0)": "净现值为正的概率",
    "the effect it can detect": "差别恰好可检出",
    "bounds at the planted strength": "取埋下的强度",
    "bounds at a quarter of the planted strength": "只取埋下强度的四分之一",
    "bounds at the strength of a covariate that is no weaker": "取不更弱的一列的强度",
    "bounds at the strength of a covariate": "取一列已知的强度",
    "nothing hidden": "没有隐藏的因素",
    "a hidden factor": "有隐藏的因素",
    "margin halved": "毛利减半",
    "cross-fitted": "交叉拟合",
    "regression": "回归",
    "margin before the wait": "看等待之前的毛利",
    "failed": "判为不通过",
    "passed": "判为通过",
    "band of the whole curve": "整条曲线的区间",
    "waiting does nothing": "等待不起作用",
}
ENGLISH = {  # where the name of a setting says more than a page may
    "a covariate that was recorded because of the wait": "one column was recorded after the wait",
}
PATTERNS = (  # parts that hold numbers; the rest of the wording stands in PARTS
    (r"n=(\d+)", r"n=\1"),
    (r"answering chances over a factor of (\S+)", r"作答机会相差 \1 倍"),
    (r"(\d+) regions of (\d+)", r"\1 个大区，每个 \2 份"),
    (r"one higher by (\S+) points", r"其中一个高 \1 分"),
    (r"promoters=(\S+)", r"推荐者=\1"),
    (r"detractors=(\S+)", r"贬损者=\1"),
    (r"clusters=(\d+)", r"门店=\1"),
    (r"icc=(\S+)", r"ICC=\1"),
    (r"size cv=(\S+)", r"规模变异系数=\1"),
    (r"customers=(\d+)", r"客户=\1"),
    (r"overlap=(\S+)", r"重叠=\1"),
    (r"loyalty=(\S+)", r"不变=\1"),
    (r"(\d+) customers", r"\1 名客户"),
    (r"(\d+) calls", r"\1 通回访"),
    (r"resistance drifts by (\S+)", r"拒答倾向漂移 \1"),
    (r"effect of the channel between (\S+) and (\S+) points", r"渠道效应 \1 至 \2 分"),
    (r"effect of the channel (\S+) points", r"渠道效应 \1 分"),
    (r"none of (\d+) dealers begs", r"\1 家门店都不要分"),
    (r"(\d+) of (\d+) dealers beg", r"\2 家门店中 \1 家要分"),
    (r"(\S+) of 7-9 turned into 10", r"把 \1 的 7–9 分改成 10 分"),
    (r"classifier of sensitivity (\S+)", r"分类器灵敏度 \1"),
    (r"(\d+) waves", r"\1 轮"),
    (r"log[ -]sd (\S+)", r"对数标准差 \1"),
    (r"falling by (\d+) to (\d+) yuan a month before exposure", r"暴露前每月下滑 \1 至 \2 元"),
    (r"(\d+) agents × (\d+) calls", r"\1 名坐席，每人 \2 通电话"),
    (r"a wait costs (\d+) to (\d+) yuan", r"一次久等损失 \1 至 \2 元"),
    (r"(\d+) contracts", r"\1 份合同"),
    (r"complaints add (\S+) to (\S+)(?: to the log-odds)?", r"投诉使流失的对数几率高 \1 至 \2"),
    (r"(\d+) overlapping pains", r"\1 个互相重叠的痛点"),
    (r"(\d+) customers of (\d+) stores", r"\2 家门店的 \1 名客户"),
    (r"(\d+) answers a period of (\d+) dealers in (\d+) groups", r"每期 \1 份回答，\2 家门店分 \3 组"),
    (r"(\d+) answers", r"\1 份回答"),
    (r"column (\d+) of (\d+)", r"\2 列中的第 \1 列"),
    (r"reliability (\S+)", r"信度 \1"),
    (r"evidence level (\d)", r"证据等级 \1"),
    (r"P\(NPV > 0\) of at least (\S+)", r"净现值为正的概率至少 \1"),
    (r"(\d+) stores", r"\1 家门店"),
    (r"(\d+) periods", r"\1 期"),
    (r"up to (\S+) yuan lost", r"最多损失 \1 元"),
)
SIZE = r"\d+ (customers|waves|contracts|answers|stores|periods)|\d+ agents × \d+ calls|\d+ (customers|answers a period) of .*"


def method(name: str) -> Text:
    """A method as the page names it."""
    return METHODS[name][1] if name in METHODS else Text(name, name)


def row(name: str, shared: Sequence[str]) -> Text:
    """A method, and what the settings of its row have in common besides their size."""
    words = [p for p in shared if not re.fullmatch(SIZE, p)]
    named = method(name)
    if not words:
        return named
    more = setting(", ".join(words))
    return Text(f"{named.zh}：{more.zh}", f"{named.en}: {more.en}")


def setting(words: str) -> Text:
    """A setting in both languages."""
    parts = words.split(", ")
    return Text("，".join(_part(p) for p in parts), _dashes(", ".join(ENGLISH.get(p, p) for p in parts)))


def _part(part: str) -> str:
    if part in PARTS:
        return PARTS[part]
    for pattern, zh in PATTERNS:
        if re.fullmatch(pattern, part):
            return _dashes(re.sub(pattern, zh, part))
    return part


def _dashes(words: str) -> str:
    """A dash between numbers, a minus before one."""
    return re.sub(r"-(?=\d)", MINUS, re.sub(r"(?<=\d)-(?=\d)", "–", words))
