"""Cells and columns of the tables on the launch gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from voclib.loop.launch_gate import odds
from voclib.loop.launch_gate import text as words
from voclib.loop.launch_gate.lights import QUESTIONS, Gate, Light
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Estimate, Text
from voclib.sentences import DASH, say, with_interval
from voclib.stats.power import rounded_up

YES, NO = Text("放行", "Go"), Text("不放行", "No go")
MARGINS = (0.05, 0.10, 0.15, 0.20)
TRUTH_COLUMNS = {
    "concept": Text("概念", "Concept"),
    "found": Text("高出在售产品（区间）", "Lead found (range)"),
    "truth": Text("真值", "Truth"),
    "inside": Text("区间含真值", "In the range"),
    "light": Text("灯", "Light"),
    "right": Text("灯对不对", "Right?"),
    "usual": Text("只看差值", "Gap alone"),
}
TRUTH = {
    "columns": TRUTH_COLUMNS,
    "subtitle": Text(
        "打最高两档的占比之差，个百分点；模拟时的真值，估计方法看不到",
        "Difference in share of top-two scores, percentage points; no estimator sees the truth",
    ),
}


def gains(gate: Gate) -> pd.DataFrame:
    """One row a concept, the largest gain first and those without a range last: concept, light, estimate, conf_low, conf_high."""
    order = sorted(gate.lights, key=lambda one: (one.gain.kind != "estimate", -(one.gain.value or 0.0), one.concept))
    rows = [{"concept": one.concept, "light": one.light, "estimate": one.gain.value, "conf_low": one.gain.conf_low, "conf_high": one.gain.conf_high}
            for one in order]
    return pd.DataFrame(rows, columns=["concept", "light", "estimate", "conf_low", "conf_high"])


def sheet(gate: Gate, titles: Mapping[str, Text]) -> pd.DataFrame:
    """The lights with what they rest on, and the product on sale in the last row."""
    rows = []
    for concept in gains(gate)["concept"]:
        one = gate[concept]
        short = one.light == "insufficient" and gate.needed is not None
        rows.append({
            "concept": titles[concept], "light": words.LIGHTS[one.light], "n": words.few(one.n), "share": with_interval(one.share),
            "gain": with_interval(one.gain, signed=True),
            "needed": say("约 {n}", "about {n}", n=rounded_up(gate.needed)) if short else DASH})
    if gate.on_sale is not None:
        more = gate.needed is not None and bool(gate.names("insufficient")) and gate.n_on_sale < gate.needed
        rows.append({"concept": titles[gate.on_sale.group], "light": Text("对照", "Comparison"), "n": words.few(gate.n_on_sale),
                     "share": with_interval(gate.on_sale), "gain": DASH,
                     "needed": say("约 {n}", "about {n}", n=rounded_up(gate.needed)) if more else DASH})
    return pd.DataFrame(rows, columns=["concept", "light", "n", "share", "gain", "needed"])


def passed(gate: Gate, rule: Rule) -> dict[str, tuple[str, ...]]:
    """The concepts that the usual rules let go: `share` alone above the usual line, `gap` alone above the margin, neither with a range."""
    sale = gate.on_sale.value if gate.on_sale is not None and gate.on_sale.kind == "estimate" else None
    known = [one for one in gate.lights if one.share.kind == "estimate"]
    return {"share": tuple(one.concept for one in known if one.share.value > rule.usual_share),
            "gap": tuple(one.concept for one in known if sale is not None and one.share.value - sale > rule.margin)}


def usual(gate: Gate, rule: Rule, titles: Mapping[str, Text], means: Mapping[str, Estimate]) -> pd.DataFrame:
    """What the usual rules would have said, best mean score first, beside the light."""
    let = passed(gate, rule)
    order = sorted(gate.lights, key=lambda one: (-(means[one.concept].value or 0.0), one.concept))
    rows = [{"concept": titles[one.concept], "mean": with_interval(means[one.concept]),
             "share": YES if one.concept in let["share"] else NO if one.share.kind == "estimate" else DASH,
             "gap": YES if one.concept in let["gap"] else NO if one.share.kind == "estimate" and gate.level_share is not None else DASH,
             "light": words.LIGHTS[one.light]} for one in order]
    return pd.DataFrame(rows, columns=["concept", "mean", "share", "gap", "light"])


def questions(found: Mapping[str, Gate], titles: Mapping[str, Text]) -> pd.DataFrame:
    """Gain and light of every concept under each question asked."""
    first = next(iter(found.values()), None)
    rows = []
    for one in first.lights if first else ():
        cells = {q: _lit(found[q][one.concept]) for q in QUESTIONS if q in found}
        rows.append({"concept": titles[one.concept], **{q: cells.get(q, DASH) for q in QUESTIONS}})
    return pd.DataFrame(rows, columns=["concept", *QUESTIONS])


def _lit(one: Light) -> Text:
    if one.gain.kind != "estimate":
        return words.LIGHTS[one.light]
    return say("{light}：{g}", "{light}: {g}", light=words.LIGHTS[one.light], g=with_interval(one.gain, signed=True))


def segments(cells: Mapping[tuple[str, str], Estimate], gate: Gate, titles: Mapping[str, Text]) -> pd.DataFrame:
    """Every concept's gain within every segment; a column a segment, named s0, s1, ..."""
    names = sorted({segment for _, segment in cells})
    rows = []
    for one in gate.compared:
        if any(concept == one.concept for concept, _ in cells):
            found = [cells[one.concept, segment] for segment in names]
            rows.append({"concept": titles[one.concept],
                         **{f"s{i}": with_interval(e, signed=True, absent=Text("太少", "Too few")) for i, e in enumerate(found)}})
    return pd.DataFrame(rows, columns=["concept", *(f"s{i}" for i in range(len(names)))])


def odds_table(gate: Gate, rule: Rule, titles: Mapping[str, Text]) -> pd.DataFrame:
    """The chance of a light at the answers collected, by what the truth may be, and how far beyond a line it takes to be seen."""
    share, rows = gate.level_share, []
    for one in gate.compared:
        given = {"share": share, "n": one.n, "n_benchmark": gate.n_on_sale, "concepts": len(gate.lights), "together": one.together}
        rows.append({
            "concept": titles[one.concept], "n": one.n,
            **{f"green_{k}": _percent(odds.chance(rule, "green", k * rule.margin, **given)) for k in (0, 1, 2)},
            "red_2": _percent(odds.chance(rule, "red", -2 * rule.margin, **given)),
            "tells": DASH if one.tells is None else Text(f"{100 * one.tells:.0f} 个百分点", f"{100 * one.tells:.0f} points")})
    return pd.DataFrame(rows, columns=["concept", "n", "green_0", "green_1", "green_2", "red_2", "tells"])


def _percent(chance: float) -> Text:
    """A planned chance in whole per cent."""
    told = "<1%" if chance < 0.005 else ">99%" if chance > 0.995 else f"{chance:.0%}"
    return Text(told, told)


def sizes(gate: Gate, rule: Rule) -> pd.DataFrame:
    """How many answers each concept and the product on sale need, by margin, the rule's own among them."""
    share = gate.level_share
    if share is None or not gate.lights:
        return pd.DataFrame(columns=["margin", "n", "total"])
    rows = []
    for margin in sorted({rule.margin, *MARGINS}):
        n = rounded_up(odds.needed(rule, share=share, concepts=len(gate.lights), margin=margin))
        name = say("{m} 个百分点", "{m} points", m=words.points(margin))
        rows.append({"margin": Text(f"{name.zh}（本规则）", f"{name.en} (this rule)") if margin == rule.margin else name, "n": n,
                     "total": n * (len(gate.lights) + 1)})
    return pd.DataFrame(rows)


def truth_row(one: Light, real: float, rule: Rule, title: Text, *, is_passed: bool) -> dict[str, Any]:
    """One concept beside its truth; `is_passed`: whether the gap alone, without a range, would have let it go."""
    due = "green" if real > rule.margin else "red" if real < -rule.margin else "amber"
    claimed = one.light in ("green", "red")
    holds = one.gain.kind == "estimate" and one.gain.conf_low <= real <= one.gain.conf_high
    return {
        "concept": title, "found": with_interval(one.gain, signed=True), "truth": _points(real),
        "inside": DASH if one.gain.kind != "estimate" else Text("是", "yes") if holds else Text("否", "no"),
        "light": words.LIGHTS[one.light],
        "right": Text("没有下结论", "No claim") if not claimed else Text("对", "Right") if one.light == due else Text("错", "Wrong"),
        "usual": Text("放行，对", "Go, right") if is_passed and due == "green" else Text("放行，错", "Go, wrong") if is_passed else
        Text("漏掉", "Missed") if due == "green" else Text("不放行，对", "No go, right")}


def truth_captions(found: pd.DataFrame) -> dict[str, Any]:
    """What the comparison with the truth is called: how many lights were right, and how many the gap alone let go wrongly."""
    lit = found[found["right"].map(lambda one: one.en) != "No claim"]
    right, go = int(lit["right"].map(lambda one: one.en == "Right").sum()), found["usual"].map(lambda one: one.en)
    told = {"a": int(go.str.startswith("Go").sum()), "b": int(go.eq("Go, wrong").sum())}
    if lit.empty:
        return TRUTH | {"title": say("没有一个概念亮灯；只看差值放行 {a} 个，错了 {b} 个",
                                     "No concept has a light; the gap alone lets {a} go, {b} of them wrongly", **told)}
    return TRUTH | {"title": say(
        "亮了 {n} 个灯，对了 {k} 个；只看差值放行 {a} 个，错了 {b} 个", "{k} of {n} lights are right; the gap alone passes {a}, {b} of them wrongly",
        n=len(lit), k=right, **told)}


def _points(gain: float) -> Text:
    """A planted gain in whole points with its sign."""
    n = round(100 * gain)
    return Text(f"+{n}", f"+{n}") if n > 0 else Text(f"−{-n}", f"−{-n}") if n < 0 else Text("0", "0")
