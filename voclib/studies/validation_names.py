"""What the methods of the planted-truth runs are called and which family they belong to, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voclib.results import Text
from voclib.studies.validation_settings import setting

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
    "measurement": Text("测量", "Measurement"),
    "leads": Text("领先与滞后", "Leads and lags"),
    "rollout": Text("分批上线", "Staggered start"),
    "few": Text("少量门店", "Few stores"),
    "loop": Text("闭环", "Closed loop"),
}
METHODS = {
    "nps": ("scores", Text("NPS，简单样本", "NPS, plain sample")),
    "nps clustered": ("scores", Text("NPS，按门店聚类", "NPS, clustered by dealer")),
    "nps weighted": ("scores", Text("NPS，加权", "NPS, weighted")),
    "nps difference, paired": ("scores", Text("NPS 之差，同一客户配对", "NPS difference, paired customers")),
    "csat": ("scores", Text("满意度", "Satisfaction")),
    "ces": ("scores", Text("省力程度", "Ease score")),
    "groups against the rest": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "groups against the rest, false alarms": ("scores", Text("各组与其余相比", "Groups against the rest")),
    "groups, drawn in": ("scores", Text("许多组，向平均收缩", "Many groups, drawn in")),
    "groups, drawn in, taken for normal": ("scores", Text("收缩，把差别当作正态", "Drawn in, differences taken for normal")),
    "many groups, false alarms": ("scores", Text("许多组一起看", "Many groups looked at")),
    "many groups, false discoveries": ("scores", Text("许多组一起看", "Many groups looked at")),
    "many groups, found": ("scores", Text("许多组一起看，找出多少", "Many groups looked at, finds")),
    "cooling, slope": ("scores", Text("打分里剩下的情绪", "Feeling left in a later mark")),
    "cooling, fall": ("scores", Text("情绪变淡了多少", "How far the feeling fades")),
    "cooling, half-life": ("scores", Text("情绪消退一半要多久", "Half of the feeling is gone after")),
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
    "chain": ("worth", Text("从员工到毛利的链条", "Chain from employees to margin")),
    "recovery": ("recovery", Text("贬损者回访", "Detractors called back")),
    "recovery by retest": ("recovery", Text("贬损者回访，按重测扣除", "Detractors called back, less the retest")),
    "reliability": ("recovery", Text("重测信度", "Reliability")),
    "hidden factor": ("sensitivity", Text("没记录的因素", "Unrecorded factor")),
    "hidden factor, regression": ("sensitivity", Text("没记录的因素，回归", "Unrecorded factor, regression")),
    "robustness value": ("sensitivity", Text("稳健值", "Robustness value")),
    "negative control": ("sensitivity", Text("安慰剂检验", "Placebo check")),
    "dose and response": ("sensitivity", Text("等待时长曲线", "Curve of waiting")),
    "icc1": ("measurement", Text("门店间差异占比", "Share of variance between stores")),
    "icc1, within waves": ("measurement", Text("门店间差异占比，逐轮", "Share of variance between stores, by wave")),
    "icc1, stores differ": ("measurement", Text("员工答卷分得出门店", "Employees' answers tell stores apart")),
    "r_wg, beyond regrouping": ("measurement", Text("同店员工看法一致，不是凑巧", "Employees of a store agree beyond chance")),
    "reliability of change": ("measurement", Text("店内变化的信度", "Reliability of change within stores")),
    "change is measurable": ("measurement", Text("店内变化测得出", "Change within stores is seen")),
    "lagged slope, noise taken off": ("leads", Text("滞后 1 期的斜率，扣除抽样误差", "Slope at lag 1, sampling noise taken off")),
    "lagged slope, as measured": ("leads", Text("滞后 1 期的斜率，照原样", "Slope at lag 1, as measured")),
    "lagged slope, weights": ("leads", Text("滞后 1 期的斜率，怎样加权", "Slope at lag 1, weights")),
    "lag profile, noise taken off": ("leads", Text("滞后剖面，扣除抽样误差", "Profile of lags, sampling noise taken off")),
    "lag profile, as measured": ("leads", Text("滞后剖面，照原样", "Profile of lags, as measured")),
    "direction, precedes": ("leads", Text("判定员工在先", "Employees said to come first")),
    "direction, no lead found": ("leads", Text("只看假先行检验", "The test of placebo leads alone")),
    "direction, a lead found": ("leads", Text("假先行检验报警", "The test of placebo leads raises its hand")),
    "way back": ("leads", Text("反方向的斜率", "Slope the other way")),
    "half panel": ("leads", Text("半面板刀切", "Half-panel jackknife")),
    "Anderson-Hsiao": ("leads", Text("只看变化，以更早的水平为工具", "Changes only, the level before as instrument")),
    "robustness value, panel": ("leads", Text("稳健值，门店面板", "Robustness value, panel of stores")),
    "between against within": ("leads", Text("店与店比，不同于店内的变化", "Stores compared differ from change within")),
    "event study, stores": ("rollout", Text("与还没上线的门店比", "Against stores yet to start")),
    "event study, stores, leads": ("rollout", Text("上线前的走势", "Path before the start")),
    "clusters, by policy": ("few", Text("按门店数选误差公式", "Errors chosen by the number of stores")),
    "wild bootstrap": ("few", Text("只用野自助法", "Wild bootstrap alone")),
    "permutation, t": ("few", Text("置换检验，差除以误差", "Permutation, difference over its error")),
    "permutation, difference": ("few", Text("置换检验，均值之差", "Permutation, difference of means")),
    "permutation, t, found": ("few", Text("置换检验，找出多少", "Permutation, finds")),
    "clock, open cases counted": ("loop", Text("按时的占比，还开着的也算", "Share in time, open cases counted")),
    "fall after landing": ("loop", Text("落地后问题减少的幅度", "Fall of the problem after landing")),
    "projects told from nothing": ("loop", Text("确实少了的项目", "Projects told from nothing")),
    "green lights": ("loop", Text("亮了绿灯", "Green lights")),
    "reporting once told": ("loop", Text("听到回音之后上报的倍数", "Reporting once told, as a ratio")),
    "reporting once told, each against themselves": (
        "loop", Text("听到回音之后的倍数，与每人自己比相比", "Reporting once told, beside each against themselves")),
    "days earlier": ("loop", Text("一线早多少天", "Days by which the frontline was earlier")),
    "silent dealers": ("loop", Text("沉默的门店多过碰巧", "More silent dealers than chance leaves")),
    "closings before the limit": ("loop", Text("赶在时限前突击关闭", "Closings that pile up before the limit")),
}
# where a run is counted as a share, but the share is how often the truth lies inside, a chance on average, or what a test lets slip
MEASURED_AS = {
    ("event study, whole path", "power"): "coverage",
    ("survival, whole curve", "power"): "coverage",
    ("groups, drawn in", "power"): "coverage",
    ("groups, drawn in, taken for normal", "power"): "coverage",
    ("leniency, Anderson-Rubin", "power"): "coverage",
    ("return", "false alarms"): "chance",
    ("direction, no lead found", "power"): "misses",
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
    "misses": Text("漏看", "Missed"),
}
SIZE = (r"\d+ (customers|waves|contracts|answers|stores|periods|employees|treated|subjects|concepts|groups|dealers)|\d+ agents × \d+ calls"
        r"|\d+ (customers|answers a period) of .*|\d+ stores of \d+ answers|\d+ groups of \d+ answers|\d+ cases of \d+ dealers"
        r"|\d+ answers of \d+ units")


def method(name: str) -> Text:
    """A method as the page names it."""
    return METHODS[name][1] if name in METHODS else Text(name, name)


def row(name: str, shared: Sequence[str], *, is_one_of_two: bool = False) -> Text:
    """A method, and what the settings of its row have in common besides their size; the size too where only that tells two rows apart."""
    words = [p for p in shared if not re.fullmatch(SIZE, p)] or (list(shared) if is_one_of_two else [])
    named = method(name)
    if not words:
        return named
    more = setting(", ".join(words))
    return Text(f"{named.zh}：{more.zh}", f"{named.en}: {more.en}")
