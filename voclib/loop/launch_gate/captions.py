"""Titles, subtitles and labels of the figures on the launch gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.loop.launch_gate import odds
from voclib.loop.launch_gate import text as words
from voclib.loop.launch_gate.lights import QUESTIONS, Gate
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Estimate, Ladder, Text
from voclib.sentences import listed, say
from voclib.stats.power import rounded_up

RUNGS = {
    "alone": (
        Text("只看这一个概念", "This concept on its own"),
        Text("校正前：不管一共比了几个", "Uncorrected: no allowance for how many are compared"),
    ),
    "paired": (
        Text("答过两样的客户与自己比", "Customers answering both compared with themselves"),
        Text("同一个人的两份回答不是两份独立的", "Two answers from one person are not independent"),
    ),
    "family": (
        Text("连同其他概念一起算", "Allowing for all concepts"),
        Text("本报告采用：亮灯看这个区间", "This report's answer: the lights go by this range"),
    ),
    "lively": (
        Text("去掉一路打同一个分的", "Without answers scoring all questions alike"),
        Text("换一种算法，灯变不变", "Another method, to see whether the light holds"),
    ),
    "mix": (
        Text("客群构成调成一样", "Same segment mix"),
        Text("换一种算法，灯变不变", "Another method, to see whether the light holds"),
    ),
}
ORDER = ("green", "red", "amber", "insufficient")
COUNTS = {
    "green": Text("{} 个绿灯", "{} green"),
    "red": Text("{} 个红灯", "{} red"),
    "amber": Text("{} 个黄灯", "{} amber"),
    "insufficient": Text("{} 个数据不足", "{} with insufficient data"),
}


def captions(*, gate: Gate, rule: Rule, titles: Mapping[str, Text], ladder: Ladder | None, passed: Mapping[str, tuple[str, ...]],
             by_question: Mapping[str, Gate], cells: Mapping[tuple[str, str], Estimate], question: str) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and more of every figure."""
    asked = words.ASKED[question]
    made = {
        "gains": _gains(gate, rule, titles, asked), "sheet": _sheet(gate, rule, asked), "usual": _usual(gate, rule, passed),
        "odds": _odds(gate, rule), "sizes": _sizes(gate, rule), "questions": _questions(by_question, rule),
        "segments": _segments(rule, cells)}
    if ladder is not None:
        made["ladder"] = _ladder(ladder, rule, titles[gate.leader.concept], asked)
    return made


def tally(gate: Gate) -> Text:
    """How many lights of each kind, those that occur."""
    n = {light: len(gate.names(light)) for light in ORDER}
    told = [Text(COUNTS[k].zh.format(n[k]), COUNTS[k].en.format(n[k])) for k in ORDER if n[k]]
    return Text("，".join(t.zh for t in told), ", ".join(t.en for t in told))


def _gains(gate: Gate, rule: Rule, titles: Mapping[str, Text], asked: Text) -> dict[str, Any]:
    m = words.points(rule.margin)
    if greens := gate.names("green"):
        title = say("{names}高出在售产品，整个区间都在绿灯线之上",
                    "{names}: ahead of the product on sale, with the whole range beyond the green line",
                    names=listed(titles[k] for k in greens))
    else:
        title = say("没有概念的整个区间都高过绿灯线", "No concept's whole range lies beyond the green line")
    return {
        "title": title, "description": title,
        "subtitle": say("{q}：打最高两档的占比减去在售产品的，个百分点；横条 = {level:.0%} 区间，各概念合在一起算",
                        "{q}: share of top-two scores minus that of the product on sale, points; bar = {level:.0%} range, all concepts jointly",
                        q=asked, level=rule.level),
        "labels": {one.concept: Text(*(f"{words.LIGHTS[one.light][lang][0]} {titles[one.concept][lang]}" for lang in ("zh", "en")))
                   for one in gate.lights},
        "lines": {rule.margin: Text(f"绿灯线 +{m}", f"Green line +{m}"), -rule.margin: Text(f"红灯线 −{m}", f"Red line −{m}")},
        "note": Text("● 绿灯：整条在绿灯线右边；■ 红灯：整条在红灯线左边；都不是的，回答够多是 ▲ 黄灯，不够是 ○ 数据不足。",
                     "● green: entirely right of the green line; ■ red: entirely left of the red line; otherwise ▲ amber if there are enough "
                     "answers, ○ insufficient data if not.")}


def _sheet(gate: Gate, rule: Rule, asked: Text) -> dict[str, Any]:
    return {
        "title": say("{k} 个概念：{t}", "{k} {k:concept|concepts}: {t}", k=len(gate.lights), t=tally(gate)) if gate.lights else words.NO_CONCEPTS,
        "subtitle": say("{q}；绿灯错亮任何一个的概率不超过 {a:.0%}，红灯不超过 {b:.0%}",
                        "{q}; chance of any false green at most {a:.0%}, of any false red at most {b:.0%}", q=asked, a=rule.false_green,
                        b=rule.false_red) if rule.family != "bh" else
        say("{q}；绿灯里错的占比平均不超过 {a:.0%}，红灯里不超过 {b:.0%}",
            "{q}; on average at most {a:.0%} of greens are false, and {b:.0%} of reds", q=asked, a=rule.false_green, b=rule.false_red),
        "columns": {"concept": Text("概念", "Concept"), "light": Text("灯", "Light"), "n": Text("回答", "Answers"),
                    "share": Text("最高两档占比（区间）", "Top-two scores (range)"), "gain": Text("高出在售（区间）", "Lead (range)"),
                    "needed": Text("需要的回答", "Answers needed")}}


def _usual(gate: Gate, rule: Rule, passed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    greens, gap = len(gate.names("green")), len(passed["gap"])
    more = gap - len([k for k in passed["gap"] if k in gate.names("green")])
    if gap:
        title = say("只看差值会放行 {a} 个，其中 {b} 个没有亮绿灯", "The gap alone would pass {a}; {b} of them are not green", a=gap, b=more)
    else:
        title = say("只看差值一个也不放行，绿灯 {g} 个", "The gap alone would pass none; {g} {g:is|are} green", g=greens)
    return {
        "title": title,
        "subtitle": say("常见的两条规则都没有区间：占比过 {s:.0%}；比在售产品高出 {m} 个百分点以上；按平均分从高到低",
                        "Two usual rules, neither with a range: share above {s:.0%}; more than {m} points above that on sale; best score first",
                        s=rule.usual_share, m=words.points(rule.margin)),
        "columns": {"concept": Text("概念", "Concept"), "mean": Text("平均分（区间）", "Mean score (range)"),
                    "share": say("占比过 {s:.0%}", "Above {s:.0%}", s=rule.usual_share), "gap": Text("只看差值", "Gap alone"),
                    "light": Text("本报告的灯", "This report's light")}}


def _ladder(ladder: Ladder, rule: Rule, name: Text, asked: Text) -> dict[str, Any]:
    above = [one.conf_low > rule.margin for one in ladder.rungs if one.kind == "estimate"]
    if all(above):
        told = ("换哪种算法，{name}的下限都高过绿灯线（{m} 个百分点）", "Whatever the method, {name}'s lower bound clears the {m}-point green line")
    elif any(above):
        told = ("{name}的下限高不高过绿灯线（{m} 个百分点），要看怎么算",
                "Whether {name}'s lower bound clears the {m}-point green line depends on the method")
    else:
        told = ("换哪种算法，{name}的下限都没有高过绿灯线（{m} 个百分点）",
                "Whatever the method, {name}'s lower bound does not clear the {m}-point green line")
    title = say(*told, name=name, m=words.points(rule.margin))
    return {
        "title": title, "labels": {one.rung: RUNGS[one.rung] for one in ladder.rungs},
        "subtitle": say("{q}，高出在售产品的个百分点；横条 = {level:.0%} 区间，第三级起各概念合在一起算",
                        "{q}, points above the product on sale; bar = {level:.0%} range, from the third step for all concepts jointly", q=asked,
                        level=rule.level)}


def _odds(gate: Gate, rule: Rule) -> dict[str, Any]:
    m, twice = words.points(rule.margin), words.points(2 * rule.margin)
    share, seen = gate.level_share, [one for one in gate.compared]
    if seen and share is not None:
        chances = [odds.chance(rule, "green", 2 * rule.margin, share=share, n=one.n, n_benchmark=gate.n_on_sale, concepts=len(gate.lights),
                               together=one.together) for one in seen]
        enough = min(chances) >= rule.power
        told = ("现有的回答够用：真高出 {m} 个百分点的概念，亮绿灯的机会至少 {p:.0%}",
                "There are enough answers: a concept that truly leads by {m} points turns green in at least {p:.0%} of cases") if enough else (
            "凭现有的回答，真高出 {m} 个百分点的概念，亮绿灯的机会最多 {p:.0%}",
            "With the answers so far, a concept that truly leads by {m} points turns green in at most {p:.0%} of cases")
        title = say(*told, m=twice, p=min(chances) if enough else max(chances))
    else:
        title = words.NO_GAINS
    return {
        "title": title,
        "subtitle": say("亮灯的概率，按收到的回答数推算；规则要求真高出（或低出）两个门槛时达到 {p:.0%}",
                        "Chance of a light, given the number of answers collected; the rule requires {p:.0%} at twice the margin", p=rule.power),
        "formats": {"n": "exact"},
        "columns": {"concept": Text("概念", "Concept"), "n": Text("回答", "Answers"), "green_0": Text("真值 0，亮绿灯", "Green if truth is 0"),
                    "green_1": Text(f"真值 +{m}，亮绿灯", f"Green if +{m}"), "green_2": Text(f"真值 +{twice}，亮绿灯", f"Green if +{twice}"),
                    "red_2": Text(f"真值 −{twice}，亮红灯", f"Red if −{twice}"),
                    "tells": Text("过线这么多才看得出", "Visible if past the line by")}}


def _sizes(gate: Gate, rule: Rule) -> dict[str, Any]:
    title = words.NO_SIZES if gate.needed is None else say(
        "要分得出 {m} 个百分点，每个概念和在售产品各要约 {n} 份回答",
        "Distinguishing {m} points takes about {n} answers for each concept and for the product on sale",
        m=words.points(rule.margin), n=rounded_up(gate.needed))
    return {
        "title": title,
        "subtitle": say("真高出（或低出）两个门槛的概念，有 {p:.0%} 的机会亮绿灯（红灯）；{k} 个概念一起看，各组一样大",
                        "A concept at twice the margin, above or below, gets its light in {p:.0%} of cases; {k} concepts, equal groups",
                        p=rule.power, k=len(gate.lights)),
        "formats": {"n": "exact", "total": "exact"},
        "columns": {"margin": Text("门槛", "Margin"), "n": Text("每组回答", "Answers each"), "total": Text("合计", "In total")}}


def _questions(found: Mapping[str, Gate], rule: Rule) -> dict[str, Any]:
    gates = list(found.values())
    names = [one.concept for one in gates[0].lights] if gates else []
    same = sum(len({g[name].light for g in gates}) == 1 for name in names)
    return {
        "title": say("{n} 个概念里，{k} 个在各题下亮同样的灯", "{k} of {n} concepts get the same light under every question", n=len(names), k=same),
        "subtitle": say("高出在售产品的个百分点，{level:.0%} 区间；每题单独算，不是三份证据",
                        "Points above the product on sale, {level:.0%} range; each question on its own, not separate evidence", level=rule.level),
        "columns": {"concept": Text("概念", "Concept"), **{q: words.ASKED[q] for q in QUESTIONS}}}


def _segments(rule: Rule, cells: Mapping[tuple[str, str], Estimate]) -> dict[str, Any]:
    names = sorted({segment for _, segment in cells})
    told = [e for e in cells.values() if e.kind == "estimate"]
    off = sum(e.conf_low > 0 or e.conf_high < 0 for e in told)
    title = (say("{n} 格够比，{k} 格的区间不含零", "Of {n} comparable cells, {k} have a range that excludes zero", n=len(told), k=off) if told else
             Text("每个客群的回答都太少，比不了", "Too few answers in every segment to compare"))
    return {
        "title": title,
        "subtitle": say("高出在售产品的个百分点，{level:.0%} 区间，所有格合在一起算；只供探索，不亮灯",
                        "Points above the product on sale, {level:.0%} range, all cells jointly; for exploration only, no lights", level=rule.level),
        "columns": {"concept": Text("概念", "Concept"), **{f"s{i}": rule.title(name) for i, name in enumerate(names)}}}
