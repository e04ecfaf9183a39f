"""What the scores page says about why a score moved, in both languages; every number comes from an Estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.results import Estimate, Text, Unit
from voclib.sentences import say, with_interval
from voclib.stats.attribution import Decomposition, Step
from voclib.stats.inference import Fit
from voclib.studies.scores import text
from voclib.studies.scores.text import GAP_UNITS, UNITS

CUT = 0.5  # steps smaller than this part of the totals would not be seen beside bars from zero
NO_SPREAD = Text("所有回答都一样，没有可拆的变化。", "All answers are the same, so there is no change to break down.")
ONE_GROUP = Text("只有一个组，拆不出构成和自身。", "There is only one group, so mix cannot be separated from the group's own change.")
TOO_SMALL = Text("各组的回答或门店太少，合并后只剩一个组。", "The groups have too few answers or units; once merged, only one group is left.")
DIMENSIONS = {
    "region": Text("地区", "region"),
    "channel": Text("渠道", "channel"),
    "segment": Text("客群", "segment"),
    "unit_id": Text("门店", "unit"),
    "product": Text("产品", "product"),
    "value_tier": Text("客户价值", "value tier"),
    "language": Text("语言", "language"),
}
MIX, ALL = Text("客户构成", "Who answered"), Text("合计", "All groups")
COLUMNS = {
    "group": Text("组", "Group"),
    "share": Text("回答占比", "Share of answers"),
    "score": Text("分数", "Score"),
    "mix": Text("构成（区间）", "Mix (interval)"),
    "rate": Text("自身（区间）", "Own change (interval)"),
}
AXIS = Text("数轴不从零开始：否则看不清每一步。", "The axis does not start at zero; if it did, the steps would be too small to see.")


def not_apart(why: Text) -> Text:
    """The note in place of a waterfall."""
    return say("变化没有拆开：{why}", "The change is not broken down: {why}", why=why)


def together(names: Sequence[str]) -> Text:
    """The name of small groups that count as one."""
    known = [text.GROUPS.get(n, Text(n, n)) for n in names]
    return Text(*(" + ".join(t[lang] for t in known) if len(known) <= 3 else other for lang, other in
                  (("zh", f"其余 {len(known)} 组"), ("en", f"{len(known)} other groups"))))


def table(parts: Decomposition, labels: Mapping[Any, Text], score: Any, *, conf_level: float) -> pd.DataFrame:
    """One row a group, then all groups: share and score before and after, mix and rate with their intervals."""
    unit, gap = UNITS[score.function], GAP_UNITS[score.function]

    def moved(fit: Fit) -> Text:
        return with_interval(fit.estimate("step", unit=gap, conf_level=conf_level))

    rows = [{"group": labels[s.group], "share": _from_to(s.shares, "share", s), "score": _from_to(s.means, unit, s),
             "mix": moved(s.mix), "rate": moved(s.rate) if s.present == "both" else Text(numbers.DASH, numbers.DASH)} for s in parts.steps]
    rows.append({"group": ALL, "share": Text("100%", "100%"), "score": _arrow(_plain(parts.start.value, unit), _plain(parts.end.value, unit)),
                 "mix": moved(parts.total_mix), "rate": moved(parts.total_rate)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _from_to(pair: tuple[float, float], unit: Unit, step: Step) -> Text:
    there = {"both": (True, True), "new": (False, True), "vanished": (True, False)}[step.present]
    return _arrow(*(_plain(v, unit) if ok else Text(numbers.DASH, numbers.DASH) for v, ok in zip(pair, there, strict=True)))


def _arrow(before: Text, after: Text) -> Text:
    return Text(f"{before.zh} → {after.zh}", f"{before.en} → {after.en}")


def _plain(value: float, unit: Unit) -> Text:
    written = Estimate(estimand="plain", kind="count", unit=unit, value=value)
    return Text(numbers.value(written, "zh"), numbers.value(written, "en"))


def captions(parts: Decomposition, change: Estimate, labels: Mapping[Any, Text], score: Any, *, by: str, conf_level: float,
             ) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle and labels of the waterfall and its table."""
    gap, (a, b) = GAP_UNITS[score.function], parts.at
    mix, rate = (f.estimate(kind, unit=gap, conf_level=conf_level) for kind, f in (("mix", parts.total_mix), ("rate", parts.total_rate)))
    fill = {"name": text.NAMES[score.estimand], "by": DIMENSIONS.get(by, Text(by, by)), "a": a, "b": b, "level": conf_level}
    title = say(
        "按{by}拆开，{b} 减 {a} 差 {d}：构成 {m:bare}，各组自身 {r:bare}{reading}",
        "By {by}, {b} minus {a} is {d}: {m:bare} from mix, {r:bare} from the groups' own change{reading}",
        d=change, m=mix, r=rate, reading=_reading(mix, rate), **fill,
    )
    subtitle = say(
        "{name}，从 {a} 到 {b}：先是客户构成，再是每组自身的变化，逐步相加；点 = 估计值，浅色条 = {level:.0%} 区间",
        "{name} from {a} to {b}: first who answered, then each group's own change, added up; dot = estimate, pale bar = {level:.0%} interval",
        **fill,
    )
    sizes = [abs(f.value) + 2 * f.std_error for f in (parts.total_mix, *(s.rate for s in parts.steps))]
    cut = max(sizes) < CUT * min(abs(parts.start.value), abs(parts.end.value))
    shown = {step_id(s.group): _named(s, labels[s.group]) for s in parts.steps}
    return {
        "waterfall": {
            "title": title, "subtitle": subtitle, "description": title, "zero": not cut, "note": AXIS if cut else None,
            "labels": {**shown, "mix": MIX, "start": Text(a, a), "end": Text(b, b)},
        },
        "table": {
            "title": say("每组的构成与自身：{name}，{a} 到 {b}", "Mix and own change of each group: {name}, {a} to {b}", **fill),
            "subtitle": say(
                "构成 = 占比动了多少 × 比平均高多少；自身 = 分数动了多少 × 平均占比；括号里是 {level:.0%} 区间",
                "Mix = change in share × distance from the mean; own = change in score × mean share; {level:.0%} intervals in brackets", **fill,
            ),
        },
    }


def step_id(group: Any) -> str:
    """What a group's bar is called before it gets its name."""
    return f"group {group}"


def _named(step: Step, label: Text) -> Text:
    """A group's name; one seen in one period only says so."""
    extra = {"both": Text("", ""), "new": Text("（新）", " (new)"), "vanished": Text("（不再有）", " (gone)")}[step.present]
    return Text(label.zh + extra.zh, label.en + extra.en)


def _reading(mix: Estimate, rate: Estimate) -> Text:
    """Which of the two has a range that excludes zero."""
    sure = [not e.conf_low <= 0 <= e.conf_high for e in (mix, rate)]
    return {(False, False): Text("，两个区间都含零", "; both ranges include zero"),
            (True, False): Text("，只有构成的区间不含零", "; only the range for mix excludes zero"),
            (False, True): Text("，只有自身的区间不含零", "; only the range for the groups' own change excludes zero"),
            (True, True): Text("，两个区间都不含零", "; both ranges exclude zero")}[sure[0], sure[1]]
