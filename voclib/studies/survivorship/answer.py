"""The finding of the survivorship study in both languages: its answer, what is most likely wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voclib.results import Check, Estimate, Ladder, Study, Text
from voclib.sentences import inside, joined, say
from voclib.stats.tilt import TippingPoint
from voclib.studies.survivorship import text as words
from voclib.studies.survivorship.correction import Correction
from voclib.studies.survivorship.frame import Frame

UNHAPPY = {
    "nps": (Text("成为贬损者（相对中立者）", "to be detractors rather than passives")),
    "csat": (Text("不满意（相对满意）", "to be dissatisfied rather than satisfied")),
}
STAGED = Text(
    "沉默是在这里有意造出来的：这一页检验做法，不是关于这些客户的发现。",
    "The silence was made here on purpose: the page tests the method and finds nothing about these customers.",
)
FIRST_SILENT = Text("先随机回访一批未作答者，再引用任何一个数字。", "Call back a random draw of those who did not answer before quoting any number.")


def finding(
    *,
    ladder: Ladder,
    everyone: Ladder,
    raw: Estimate,
    checks: Mapping[str, Check],
    frame: Frame,
    correction: Correction | None,
    point: TippingPoint | None,
    seed: int,
    heard: float,
) -> Study:
    """The Study: the chosen rung, and where some could not be heard the bounds for everybody beside it; `heard` is the share within reach."""
    chosen, whole = ladder[ladder.chosen], everyone[everyone.chosen]
    headline = (chosen.with_(seed=seed),) if whole.rung == "heard" else (chosen.with_(seed=seed), whole.with_(seed=seed))
    if chosen.rung == "raw" and whole.rung == "everyone":  # nothing to correct among those in reach, yet some are out of it
        headline = (whole.with_(seed=seed),)
    return Study(
        question=words.QUESTION,
        kicker=_kicker(frame),
        answer=_answer(ladder, whole, raw, correction, checks, heard, staged=frame.notes.get("withheld", 0)),
        headline=headline,
        caveat=STAGED if frame.is_staged and chosen.kind != "refusal" else _caveat(chosen, whole, correction, point, frame.metric),
        decision=_staged(chosen, raw) if frame.is_staged and chosen.kind != "refusal" else _decision(chosen, whole, raw, correction),
        verdict=headline[0].verdict,
        naive=raw if headline[0].rung != "raw" and raw.kind == "estimate" else None,
        ladders=(ladder, everyone),
        checks=tuple(checks.values()),
        limits=words.LIMITS,
        reader="executive",
        seed=seed,
    )


def _kicker(frame: Frame) -> Text:
    if frame.is_staged:
        return say(
            "沉默的大多数 · 有意放在一边 {n} 份已知的回答", "The silent majority · {n} known answers set aside on purpose", n=frame.notes["withheld"]
        )
    if frame.is_census:
        return Text("沉默的大多数", "The silent majority")
    return say("沉默的大多数 · {a} 至 {b}", "The silent majority · {a} to {b}", a=frame.first_day, b=frame.last_day)


def _answer(
    ladder: Ladder,
    whole: Estimate,
    raw: Estimate,
    correction: Correction | None,
    checks: Mapping[str, Check],
    heard: float,
    *,
    staged: int,
) -> Text:
    """The number for all within reach beside the published one, where it comes from, and the range once those nobody could ask are counted.

    Where `staged` known answers were set aside, the first sentence, all that a portal shows, says that this tests the method.
    """
    if raw.kind == "refusal":
        return say("暂时不能下结论。{why}", "No conclusion yet. {why}", why=raw.reason)
    name, chosen = words.NAMES[raw.estimand.split("_")[0]], ladder[ladder.chosen]
    later = Text(name.zh.lstrip(), name.en)  # after a comma
    unasked = whole.rung == "everyone"
    parts = [_lead(chosen, raw, name, later, correction)] if not (unasked and chosen.rung == "raw") else []
    if staged and parts:
        parts[0] = _test(parts[0], staged)
    if correction is not None and ladder.chosen != "supported":
        parts += _weighted(ladder, checks)
    parts += _settled(chosen, correction)
    if unasked:
        unheard = _unasked(whole, raw, later, 1 - heard, first=not parts)
        parts.append(unheard if parts or not staged else _test(unheard, staged))
    return joined(*parts)


def _lead(chosen: Estimate, raw: Estimate, name: Text, later: Text, correction: Correction | None) -> Text:
    """The first sentence, which is all that a portal shows."""
    if chosen.rung == "raw" and correction is None:
        return say("公布的{name}是 {x:bare}，只代表作答者。", "The published {name} is {x:bare}, for those who answered.", name=name, x=raw)
    options = {"name": later, "x": chosen, "raw": raw}
    if chosen.kind == "bounds":
        return say(
            "没有作答的人算进来，{name}只能给出范围；只看作答者是 {raw:bare}。",
            "Counting those who never answered, {name} is only a range, against {raw:bare} among those who answered.",
            **options,
        )
    return say(
        "没有作答的人算进来，{name}是 {x:bare}（{x:interval}），只看作答者则是 {raw:bare}。",
        "Counting those who never answered, {name} is {x:bare} ({x:interval}), against {raw:bare} among those who answered.",
        **options,
    )


def _test(first: Text, staged: int) -> Text:
    """The first sentence of a test."""
    return say(
        "用已知的回答检验做法：有意放在一边 {n} 份，{first}",
        "A test on known answers, {n} of which were set aside on purpose: {first}",
        n=staged,
        first=inside(first),
    )


def known(headline: Sequence[Estimate], truth: Mapping[str, float]) -> Text:
    """What the answers set aside come to, beside each number of the headline."""
    told = []
    for one in headline:
        key = "everyone" if one.estimand.endswith("_everyone") else "reachable"
        if key not in truth or one.conf_low is None:
            continue
        real = one.with_(kind="count", value=truth[key], conf_low=None, conf_high=None, bound_low=None, bound_high=None, std_error=None)
        who = Text("全体客户", "among all customers") if key == "everyone" else Text("问得到的客户", "among those within reach")
        holds = one.conf_low <= truth[key] <= one.conf_high
        told.append(say("{who}其实是 {x:bare}，区间{h}", "{who} it was {x:bare}, {h} the interval", who=who, x=real,
                        h=Text("包含它", "inside") if holds else Text("没有包含它", "outside")))
    if not told:
        return Text("", "")
    en = "; ".join(t.en for t in told)
    return Text("；".join(t.zh for t in told) + "。", f"{en[:1].upper()}{en[1:]}.")


def _staged(chosen: Estimate, raw: Estimate) -> Text:
    """What to do with a test: nothing about these customers."""
    if chosen.rung == "followup":
        return say(
            "不要引用这里的数字。值得照做的是随机回访：同样的沉默，只看作答者会说 {raw:bare}，回访之后是 {x:bare}。",
            "Quote no number from here. What is worth copying is the random call-back: of the same silence those who answered say {raw:bare}, "
            "and the call-backs make it {x:bare}.",
            x=chosen,
            raw=raw,
        )
    return Text(
        "不要引用这里的数字；要知道自己的客户怎么看，就对沉默的人做随机回访。",
        "Quote no number from here; to know what your own customers think, call back at random those who kept silent.",
    )


def _unasked(whole: Estimate, raw: Estimate, name: Text, share: float, *, first: bool) -> Text:
    """The range for everybody; as the first sentence it names the published number too."""
    options = {"s": share, "x": whole, "y": words.outer(whole), "name": name, "raw": raw}
    if first:
        return say(
            "算上没有人问得到的 {s:.0%} 客户，{name}只知道在 {x:bare} 之间（计入抽样误差为 {y:bare}），只看作答者则是 {raw:bare}。",
            "With the {s:.0%} of customers nobody could ask, {name} is only known to lie within {x:bare} ({y:bare} with sampling error), "
            "against {raw:bare} among those who answered.",
            **options,
        )
    return say(
        "另有 {s:.0%} 的客户没有人问得到，算上他们只能说在 {x:bare} 之间（计入抽样误差为 {y:bare}）。",
        "A further {s:.0%} of customers could not be asked; with them it lies within {x:bare} ({y:bare} with sampling error).",
        **options,
    )


def _weighted(ladder: Ladder, checks: Mapping[str, Check]) -> list[Text]:
    """What weights say where they are not the answer themselves, and where two kinds of them disagree, both."""
    if ladder["aipw"].kind != "estimate":
        return []
    found = (
        []
        if ladder.chosen == "aipw"
        else [say("按行为画像加权是 {x:bare}（{x:interval}）。", "Weighting by behaviour alone gives {x:bare} ({x:interval}).", x=ladder["aipw"])]
    )
    if checks["agreement"].passed is False:
        found.append(
            say(
                "换成校准权重是 {x:bare}（{x:interval}），两种校正说法不一。",
                "Calibrated weights give {x:bare} ({x:interval}); the two corrections disagree.",
                x=ladder["calibrated"],
            )
        )
    return found


def _settled(chosen: Estimate, correction: Correction | None) -> list[Text]:
    """What call-backs or bounds add."""
    if chosen.rung == "followup":
        return [
            say(
                "这个数字依据对 {n} 位未作答者的随机回访。",
                "The number rests on random call-backs to {n} who had not answered.",
                n=correction.completion.completed,
            )
        ]
    if chosen.kind != "bounds":
        return []
    why = Text("什么都不假设时，", "Assuming nothing, ")
    if chosen.rung == "reached":
        why = say(
            "随机回访只接通 {r:.0%}，没接通的不作假设：",
            "Call-backs reached only {r:.0%}; assuming nothing of the others, ",
            r=correction.completion.rate,
        )
    if chosen.rung == "supported":
        s = float(correction.unsupported.mean())
        why = say("{s:.0%} 的客户没有同类人作答，对他们不作假设：", "For {s:.0%} nobody alike answered; assuming nothing of them, ", s=s)
    return [
        say(
            "{why}只能说在 {x:bare} 之间（计入抽样误差为 {y:bare}）。",
            "{why}it lies within {x:bare} ({y:bare} with sampling error).",
            why=why,
            x=chosen,
            y=words.outer(chosen),
        )
    ]


def _caveat(chosen: Estimate, whole: Estimate, correction: Correction | None, point: TippingPoint | None, metric: str) -> Text:
    """The assumption most likely wrong, and what it would do."""
    if chosen.kind == "refusal" and chosen.n_clusters is not None:
        return Text(
            "这里的数字靠少数几家门店支撑：换几家，就可能大不相同。",
            "Any number here rests on a few dealers: with others in their place it might be quite different.",
        )
    if chosen.kind == "refusal":
        return Text("作答这么少，任何数字都可能只是偶然。", "With so few answers any number may be chance.")
    if chosen.rung == "manski":
        return Text("范围两端同样可能；要得到一个点，需要随机回访。", "Both ends of the range are possible; a point needs random call-backs.")
    if correction is None and whole.rung == "everyone":
        return Text(
            "没有被问到的人如果不同，全体客户的数字可以落在范围内任何一处。",
            "If those nobody asked differ, the number for all customers may lie anywhere in the range.",
        )
    if correction is None:
        return Text("名单如果漏了人，这个数字就不代表他们。", "If the list misses customers, the number does not speak for them.")
    if chosen.rung == "followup":
        return say(
            "回访接通了抽中者的 {r:.0%}：没接通的人如果更不满意，真值会更低；完全不作假设时的范围见“边界”一图。",
            "{r:.0%} of those drawn for a call were reached: if the others are less happy, the truth is lower; the figure of bounds shows "
            "what holds without any assumption.",
            r=correction.completion.rate,
        )
    if chosen.rung == "reached":
        return Text(
            "前提是电话里给的分数与问卷里一样；电话里如果更客气，真值会更低。",
            "This holds if people score alike on the phone and in a survey; if they are kinder on the phone, the truth is lower.",
        )
    unknown = Text(
        "剩余偏差的方向不知道：如果最满意和最愤怒的人才作答，加权会矫枉过正。",
        "The direction of the remaining bias is unknown: where the delighted and the angry answer, weighting overshoots.",
    )
    flip = _flip(point, chosen, metric) if chosen.rung == "aipw" and point is not None else Text("", "")
    return joined(unknown, flip)


def _flip(point: TippingPoint, chosen: Estimate, metric: str) -> Text:
    """How different the silent must be before the result reaches the target."""
    target = Estimate(estimand=chosen.estimand, kind="count", unit=chosen.unit, value=point.target)
    if point.times != point.times:
        return say(
            "沉默者{who}的可能性无论是同类作答者的 0.01 倍还是 100 倍，结果都到不了 {t:bare}。",
            "Whether the silent are 0.01 or 100 times as likely {who} as alike customers who answered, the result does not reach {t:bare}.",
            who=UNHAPPY[metric],
            t=target,
        )
    falls = point.times >= 1
    return say(
        "沉默者{who}的可能性{reach} {x} 倍，结果就{go} {t:bare}。",
        "If the silent were {x} times as likely {who} as alike customers who answered, the result would {go} {t:bare}.",
        who=UNHAPPY[metric],
        reach=Text("达到同类作答者的" if falls else "低到同类作答者的", ""),
        x=words.times(point.times),
        go=Text("降到", "fall to") if falls else Text("升到", "rise to"),
        t=target,
    )


def _decision(chosen: Estimate, whole: Estimate, raw: Estimate, correction: Correction | None) -> Text:
    if chosen.kind == "refusal":
        return say("先补齐：{needs}", "First collect what is missing: {needs}", needs=chosen.needs)
    if chosen.rung == "followup":
        return say(
            "对内对外都引用 {x:bare}（{x:interval}），并列写出公布值 {raw:bare}；每期保留随机回访，它比多发问卷更值钱。",
            "Quote {x:bare} ({x:interval}) with the published {raw:bare} beside it; keep the random call-backs every quarter: they are worth more "
            "than further invitations.",
            x=chosen,
            raw=raw,
        )
    if chosen.rung == "reached":
        return Text(
            "先提高接通率，再引用数字：少抽一些人，换时段、换方式、多试几次，胜过多抽人而各打一次。",
            "Raise the share reached before quoting a number: fewer people, tried at other hours and in other ways, beat many single calls.",
        )
    if correction is None and chosen.rung == "raw":
        return (
            Text(
                "下一期在客户离开之前就问，并对没有问到的人做随机回访。",
                "Next time ask before customers leave, and call back at random those who were missed.",
            )
            if whole.rung == "everyone"
            else Text("核对名单，确认没有漏掉离开的客户。", "Check the list: make sure that customers who left are on it.")
        )
    if correction is None:
        return FIRST_SILENT
    return Text(
        "在引用这个数字之前，随机抽取未作答者回访：“回访能买到什么”一图给出人数与费用。",
        "Before quoting this number call back a random draw of those who did not answer; the figure on cost shows how many and for how much.",
    )
