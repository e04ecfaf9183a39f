"""What may have tilted a light: when and to whom concepts were shown, straight-lining, missing scores, the segments that answered, a halo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from voclib.loop.launch_gate import lights, reruns
from voclib.loop.launch_gate import text as words
from voclib.loop.launch_gate.lights import Gate
from voclib.loop.launch_gate.reruns import Scene
from voclib.results import Check, Text
from voclib.sentences import joined, listed, say

LOPSIDED = 0.75  # more than this share of a concept's pairs in one order: the place in the questionnaire is part of the difference
MOST_APART = 0.5  # at least this share of a concept's answers lies within the days on which the product on sale was asked about

ORDER = Text("概念与在售产品，谁先看是轮换的", "Neither the concepts nor the product on sale always came first")
TOGETHER = Text("概念与在售产品在同一时间问", "Concepts and the product on sale were asked about at the same time")


def checks(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> tuple[Check, ...]:
    """Every check, those that can fail first."""
    made = [_enough(scene, gate, titles)]
    if gate.compared:
        made += [_together(scene, gate, titles), _order(scene, gate, titles), _lively(scene, gate, titles), _marked(scene, gate, titles),
                 _mixed(scene, gate, titles)]
    return tuple(one for one in [*made, _once(scene), _paired(scene), _halo(scene)] if one is not None)


def _moved(gate: Gate, again: Gate, titles: Mapping[str, Text]) -> list[Text]:
    """The concepts whose light is another one."""
    return [titles[one.concept] for one in gate.lights if again[one.concept].light != one.light]


def _enough(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check:
    least = scene.rule.fewest
    few = [titles[one.concept] for one in gate.lights if one.n < least]
    few += [titles[scene.sale]] if scene.sale and gate.n_on_sale < least else []
    told = say("每个概念至少 {k} 份。", "At least {k} answers each.", k=least) if not few else say(
        "不足 {k} 份：{names}。", "Fewer than {k}: {names}.", k=least, names=listed(few))
    if scene.sale is None:
        told = joined(told, Text("没有在售产品作对照。", "No product on sale to compare with."))
    return Check(Text("每个概念都有足够的回答", "Every concept has enough answers"), not few and scene.sale is not None, told,
                 Text("这些概念不亮灯，只写明还差多少。", "These get no light, only the number of answers still needed."))


def _together(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check:
    """Whether concepts and product on sale were asked about at the same time."""
    name = TOGETHER
    when = scene.frame.dropna(subset="answered_at")
    own = when.loc[when["concept_id"].eq(scene.sale), "answered_at"]
    if own.empty:
        return Check(name, None, Text("回答没有写明时间，看不出来。", "Answers carry no time, so this cannot be seen."))
    inside = when["answered_at"].between(own.min(), own.max()).groupby(when["concept_id"]).mean()
    apart = [titles[one.concept] for one in gate.compared if inside.get(one.concept, 1.0) < MOST_APART]
    same = Text("每个概念都有一半以上的回答在同一段日子里。", "At least half of every concept's answers fall within the same days.")
    told = same if not apart else say(
        "{names}：一半以上的回答不在问在售产品的那段日子里。",
        "{names}: more than half of the answers fall outside the days on which the product on sale was asked about.", names=listed(apart))
    if apart and (frail := _frailest(scene, gate)):
        told = joined(told, say(
            "最不稳的灯是{name}：时间若让差别动了 {x} 个百分点，它就不成立。",
            "The most fragile light is that of {name}: a shift of {x} points from timing alone would put it out.", name=titles[frail[0]],
            x=words.points(round(frail[1], 2))))
    return Check(name, not apart, told, Text(
        "差别里可能混着时间（促销、新闻、季节）：下次把在售产品和概念放在同一周、随机分给受访者。",
        "Timing (offers, news, season) may be part of the difference: next time show all in the same week, assigned at random."))


def _frailest(scene: Scene, gate: Gate) -> tuple[str, float] | None:
    """The green or red light whose deciding bound lies closest to its line, and how far (0–1)."""
    room = {one.concept: one.gain.conf_low - scene.rule.margin if one.light == "green" else -scene.rule.margin - one.gain.conf_high
            for one in gate.compared if one.light in ("green", "red")}
    return min(room.items(), key=lambda pair: pair[1], default=None)


def _order(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check | None:
    """Whether people who rated a concept and the product on sale saw either first about as often; None where too few rated both."""
    known = scene.frame.dropna(subset=["customer_id", "answered_at"])
    when = known.pivot(index="customer_id", columns="concept_id", values="answered_at")  # one answer a customer and concept, see `lights.steps`
    apart, seen, tied = [], 0, 0
    for one in gate.compared:
        both = when.reindex(columns=[one.concept, scene.sale]).dropna()
        first, split = both[one.concept] < both[scene.sale], both[one.concept] != both[scene.sale]
        if len(both) < scene.rule.fewest:
            continue
        if split.sum() < scene.rule.fewest:
            tied += 1
            continue
        seen += 1
        share = float(first[split].mean())
        apart += [titles[one.concept]] if max(share, 1 - share) > LOPSIDED else []
    if not seen:
        unseen = Text("同一位客户的几份回答时间相同，看不出先后。", "Answers of one customer carry the same time, so the order cannot be seen.")
        return Check(ORDER, None, unseen) if tied else None
    same = Text("答过两样的客户，两种先后都不少见。", "Of customers who rated both, neither order is rare.")
    told = same if not apart else say(
        "{names}：答过两样的客户，四分之三以上先后相同。",
        "{names}: of customers who rated both, more than three in four saw them in the same order.", names=listed(apart))
    return Check(ORDER, not apart, told, Text(
        "后看的往往打得低（疲劳）或与前一个相比，差别里可能混着先后：下次随机排先后。",
        "What comes later is often scored lower, or against what came before, so order may be part of the difference: randomise it next time."))


def _lively(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check | None:
    kept = reruns.lively(scene.frame)
    if scene.frame[list(lights.QUESTIONS)].notna().sum(axis=1).max() < 2:
        return None
    flat = len(scene.frame) - len(kept)
    moved = _moved(gate, scene.gate(kept), titles)
    told = say("{k} 份（{s:.0%}）每题都打同一个分；去掉之后，", "{k} answers ({s:.0%}) give every question the same score; without them, ", k=flat,
               s=flat / len(scene.frame))
    return Check(Text("去掉一路打同一个分的回答，灯不变", "Lights hold without answers scoring all questions alike"), not moved,
                 _ends(told, moved), Text("这些灯靠的可能是随手打的分：先看回答，再定。",
                                          "These lights may rest on careless scores: look at the answers first."))


def _marked(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check:
    missing = scene.found[scene.question].isna()
    moved = [titles[name] for name in reruns.at_worst(scene, gate)]
    told = say("{k} 份（{s:.1%}）这一题没有打分；就算全都与灯作对，",
               "{k} answers ({s:.1%}) have no score on this question; if all of them went against the light, ", k=int(missing.sum()),
               s=float(missing.mean()))
    return Check(Text("没打的分推不翻灯", "Missing scores cannot put a light out"), not moved, _ends(told, moved),
                 Text("补问没有打分的人，再定这些灯。", "Follow up those who gave no score before relying on these lights."))


def _mixed(scene: Scene, gate: Gate, titles: Mapping[str, Text]) -> Check | None:
    frame = reruns.mixed(scene.frame)
    if frame is None:
        return None
    moved = _moved(gate, scene.gate(frame, weights="weight"), titles)
    told = Text("把每个概念的客群构成调成一样，", "With the same mix of segments for every concept, ")
    return Check(Text("客群构成一样时，灯不变", "Lights hold with the same segment mix"), not moved, _ends(told, moved),
                 Text("这些灯一部分来自问到了谁：按客群分配受访者后重测。", "Part of these lights is who was asked: balance segments and retest."))


def _ends(told: Text, moved: Sequence[Text]) -> Text:
    if not moved:
        return Text(f"{told.zh}灯都不变。", f"{told.en.rstrip()} every light stays.")
    names = listed(moved)
    return Text(f"{told.zh}{names.zh}的灯会变。", f"{told.en.rstrip()} these change: {names.en}.")


def _once(scene: Scene) -> Check:
    """Answers left out because the same customer had answered the concept before."""
    step = pd.Series(lights.steps(scene.found, question=scene.question, sale=scene.sale, fewest=0))
    nobody = int(scene.frame["customer_id"].isna().sum())
    return Check(Text("同一个人对同一个概念只算一次", "Nobody counts twice for the same concept"), None if nobody else True, say(
        "去掉 {k} 份重复的；{n} 份没有客户编号，看不出是不是同一个人。",
        "{k} repeated {k:answer|answers} excluded; {n} carry no customer ID, so repeats among them cannot be seen.",
        k=int(step.eq("repeat").sum()), n=nobody))


def _paired(scene: Scene) -> Check | None:
    """How many customers answered about several concepts."""
    known = scene.frame.dropna(subset="customer_id")
    if known.empty:
        return None
    several = int((known.groupby("customer_id")["concept_id"].nunique() > 1).sum())
    return Check(Text("答过几个概念的客户，与自己比", "Customers who rated several concepts are compared with themselves"), None, say(
        "有编号的 {n} 位客户里，{k} 位答过两个以上。", "Of {n} customers with an ID, {k} rated two or more.",
        n=int(known["customer_id"].nunique()), k=several))


def _halo(scene: Scene) -> Check | None:
    found = reruns.halo(scene.frame)
    if found is None:
        return None
    return Check(Text("三道题一起涨落（光环）", "The questions move together (halo)"), None, say(
        "同一个概念里，两题之间的相关平均 {r:.2f}：三道题同时亮灯，不能当三份证据。",
        "Within a concept, two questions correlate at {r:.2f} on average, so lights that agree are not separate evidence.", r=found))
