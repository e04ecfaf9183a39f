"""What is said of a programme's return, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib import numbers
from voclib.results import Estimate, Text
from voclib.sentences import say
from voclib.stats.roi import PilotWorth, Roi

if TYPE_CHECKING:
    from voclib.studies.nps_revenue.payback import Plan
    from voclib.studies.nps_revenue.rungs import Rungs

INPUTS = {
    "effect": Text("少一次糟糕体验，多挣多少", "Gain per bad experience avoided"),
    "causal": Text("这个差别是不是因果", "Whether the difference is causal"),
    "reach": Text("覆盖的客户", "Customers reached"),
    "adherence": Text("真能避免的比例", "Share actually avoided"),
    "margin_share": Text("毛利率", "Margin share"),
    "decay": Text("每月消退", "Monthly fade"),
    "cost": Text("成本", "Cost"),
}
INPUT_COLUMNS = {"name": Text("参数", "Input"), "value": Text("取值", "Value"), "source": Text("从哪里来", "Where it comes from")}
PRIOR = Text("先验：没有试验就不能当真", "A prior: not to be taken at face value without a trial")
DECIDED = Text("由项目方填写，见参数", "Set by the project's owner; see the parameters")


def money(x: float) -> Text:
    """An amount in both languages."""
    return Text(*(numbers.money(x, lang) for lang in ("zh", "en")))


def tornado(found: pd.DataFrame) -> pd.DataFrame:
    """The tornado with names."""
    return found.assign(name=[INPUTS[name] for name in found["input"]])


def inputs(plan: Plan, rungs: Rungs, level: int, made: Roi) -> pd.DataFrame:
    """Every parameter with its value and its owner: no number is hidden."""
    effect = rungs.money.fit.times(-1).estimate("effect", unit="cny")
    measured = say("本页的估计，证据等级 {e}", "Estimated on this page, evidence level {e}", e=level)
    share = f"{plan.credibility:.0%}" if made.credibility < 1 else "100%"
    rows = [
        (INPUTS["effect"], say("{x}（{x:interval}）", "{x} ({x:interval})", x=effect), measured),
        (Text("这样的客户", "Such customers"), Text(f"{rungs.n_exposed:,}", f"{rungs.n_exposed:,}"), Text("数据", "Data")),
        (INPUTS["causal"], Text(share, share), PRIOR if made.credibility < 1 else measured),
        (INPUTS["reach"], Text(f"{plan.reach:.0%}", f"{plan.reach:.0%}"), DECIDED),
        (INPUTS["adherence"], Text(f"{plan.relief:.0%}", f"{plan.relief:.0%}"), DECIDED),
        (Text("一次性成本", "One-off cost"), money(plan.cost), DECIDED),
        (Text("每月成本", "Monthly cost"), money(plan.running_cost), DECIDED),
        (Text("贴现率（年）", "Annual discount rate"), Text(f"{plan.discount_rate:.0%}", f"{plan.discount_rate:.0%}"), DECIDED),
    ]
    return pd.DataFrame(rows, columns=list(INPUT_COLUMNS))


def decision(npv: Estimate, pilot: PilotWorth, plan: Plan, project: Text) -> Text:
    """What to do now about a `project`, and what knowing more is worth; it stands alone on other pages, so it says which project is meant."""
    about = {"e": money(pilot.evsi), "c": money(plan.cost), "p": plan.pilot_share, "k": money(pilot.cost), "project": project}
    if pilot.is_worth_it and pilot.evsi > 0.02 * plan.cost:
        return say(
            "{project}先在 {p:.0%} 的客户里抽签试点，再决定要不要花 {c}：试点成本 {k}，在决定之前最多值 {e}。",
            "Pilot {project} on a random {p:.0%} of these customers before spending {c}: the pilot costs {k} and is worth up to {e} before deciding.",
            **about,
        )
    if npv.value > 0:
        return say(
            "{project}现在就做：预期回报为正（净现值 {v}），试点改变不了这个决定（最多值 {e}）。",
            "Start {project} now: the expected return is positive (net present value {v}), and a pilot would not change that (worth at most {e}).",
            v=npv,
            **about,
        )
    known = say("；为弄清因果，试点花费不要超过 {e}", "; do not spend more than {e} on a pilot to establish the cause", **about)
    return say(
        "{project}若要花 {c}，先不做：预期净亏 {l}{known}。",
        "Do not yet spend {c} on {project}: the expected net loss is {l}{known}.",
        l=money(-npv.value),
        known=known if pilot.evsi > 0.005 * plan.cost else say("，试点也改变不了这个决定", ", and a pilot would not change that"),
        **about,
    )


def captions(made: Roi, npv: Estimate, pilot: PilotWorth, plan: Plan) -> Mapping[str, Mapping[str, Any]]:
    """Titles of the figures."""
    share = made.p_positive
    atom = made.atom
    density = {
        "title": say("挣回成本的可能性是 {p:.0%}；每避免一次要挣回 {b} 才打平",
                     "The chance of recovering the cost is {p:.0%}; break-even is {b} per case avoided", p=share, b=money(made.break_even)),
        "subtitle": say("净现值的分布，预期 {v}（{level:.0%} 区间 {v:interval}）",
                        "Net present value, expected {v} ({level:.0%} range {v:interval})", v=npv, level=npv.conf_level),
        "description": Text("净现值的分布，零以上与零以下分开涂色。", "The distribution of net present value, coloured above and below zero."),
        "note": _atom(atom, plan),
    }
    tornado = {
        "title": say("最该弄清的是：{n}", "What matters most to find out: {n}", n=INPUTS[made.tornado()["input"].iloc[0]]),
        "subtitle": Text("每个参数取第 5 与第 95 百分位时的预期净现值", "Expected net present value at the 5th and 95th percentile of each input"),
        "description": Text("各参数高低两端的净现值，自上而下由宽到窄。", "Net present value at the low and high end of each input, widest first."),
        "labels": INPUTS,
    }
    table = {
        "title": say("算进去的每个数，都写在这里；试点在决定之前最多值 {e}", "Every input; before deciding, a pilot is worth up to {e}",
                     e=money(pilot.evsi)),
        "columns": INPUT_COLUMNS,
    }
    return {"density": density, "tornado": tornado, "inputs": table}


def _atom(atom: tuple[float, float] | None, plan: Plan) -> Text | None:
    """What stands beside the curve: the outcome in which nothing is gained."""
    if atom is None:
        return None
    return say(
        "另有 {p:.0%} 的可能一无所获：没有试验，差别只有 {c:.0%} 的把握是因果，其余情形损失全部成本 {l}。",
        "In addition there is a {p:.0%} chance of no gain: without a trial the difference is only {c:.0%} likely to be causal; "
        "otherwise the whole cost of {l} is lost.",
        p=atom[1],
        c=plan.credibility,
        l=money(-atom[0]),
    )
