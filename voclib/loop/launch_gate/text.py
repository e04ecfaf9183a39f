"""What the page on the launch gate says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from voclib.loop.launch_gate.lights import GAIN, SMALL, Gate
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Estimate, Text, refusal
from voclib.sentences import joined, listed, say
from voclib.stats.power import rounded_up

QUESTION = Text("新概念能不能上市：绿灯、黄灯还是红灯？", "Which concepts may go to launch: green, amber or red?")
LIGHTS = {
    "green": Text("● 绿灯", "● Green"),
    "amber": Text("▲ 黄灯", "▲ Amber"),
    "red": Text("■ 红灯", "■ Red"),
    "insufficient": Text("○ 数据不足", "○ Insufficient data"),
}
ASKED = {
    "intent_score": Text("购买意愿", "Intent to buy"),
    "appeal_score": Text("喜好", "Appeal"),
    "value_score": Text("性价比", "Value for money"),
}
CAVEAT = Text(
    "说想买不等于会买：灯只比较口头意愿，没有价格、没有竞品、没有付款。",
    "Saying yes is not buying: the lights compare stated intent only, with no price, no rival products and no payment.",
)
LIMITS = (
    (
        Text("绿灯不是“会卖得好”。", "Green does not mean that it will sell."),
        Text(
            "意愿多半高于购买，高出多少因品类而异，这里没有一笔订单可以校准。绿灯说的是：想买的人比在售产品多，多出的超过门槛。",
            "Stated intent usually exceeds purchases, by how much varies by category, and there are no orders here to calibrate it. Green says that "
            "more people want it than want the product on sale, by more than the margin.",
        ),
    ),
    (
        Text("“数据不足”不是“不行”。", "Insufficient data is not a no."),
        Text(
            "回答太少，好概念和差概念都会落在这里；要么补够回答，要么把门槛放宽再重新声明。",
            "With so few answers, good and bad concepts alike end up here: collect more, or declare a wider margin before testing again.",
        ),
    ),
    (
        Text("不是说看不同概念的人都一样。", "Those who saw one concept need not resemble those who saw another."),
        Text(
            "只看了一个概念的人若本来就不同、或在不同时候作答，差别里就混着人和时间；两样都看过的，差别里可能混着先后。",
            "Where people saw only one and differ, or answered at another time, people and time are part of the difference; where they saw both, "
            "order may be.",
        ),
    ),
    (
        Text("错误率只管看一次。", "The error rates hold for a single look."),
        Text(
            "边收边看、一见绿灯就停，错亮的机会会升到两倍左右；先定好收多少份，收齐再看。",
            "Looking while answers come in and stopping at the first green about doubles the chance of a false one: fix the number of answers "
            "beforehand and look once.",
        ),
    ),
    (
        Text("三道题同时亮灯不是三份证据。", "Three questions in agreement are not three pieces of evidence."),
        Text(
            "同一个人一口气打的三个分一起涨落；灯只看事先声明的那一题。",
            "Three scores given in one go rise and fall together; the light depends only on the question declared beforehand.",
        ),
    ),
)
NO_GAINS = Text("没有哪个概念可以与在售产品相比，因此没有可画的差别。", "No concept can be compared with a product on sale, so nothing is drawn.")
NO_SIZES = Text("没有在售产品的占比，算不出需要多少回答。", "Without a share for the product on sale, the answers needed cannot be worked out.")
NO_SEGMENTS = Text("回答没有写明客群，或没有可比的概念。", "Answers carry no segment, or no concept can be compared.")
NO_MARKS = Text("没有一份回答打了分，亮不了灯。", "No answer has a score, so no light can be lit.")
NO_CONCEPTS = Text("表里没有待测的概念。", "The table holds no concept to test.")


KEEN = {"intent_score": Text("想买的人", "people who want it"), "appeal_score": Text("喜欢的人", "people who like it"),
        "value_score": Text("觉得值的人", "people who find it worth its price")}


def caveat(asked_together: bool | None) -> Text:
    """What is most likely to be wrong: time, where concepts and product on sale were asked about on other days; intent in any case."""
    if asked_together is not False:
        return CAVEAT
    return Text(
        "概念和在售产品不是同一段日子问的，差别里可能混着时间；而且说想买不等于会买，灯只比较口头意愿。",
        "Concepts and the product on sale were asked about on different days, so timing may be part of the difference; and saying yes is not buying.",
    )


def points(share: float) -> str:
    """A share as percentage points without needless decimals, with a real minus sign."""
    return f"{100 * share:.4g}".replace("-", "−")


def few(n: int) -> Text:
    """A number of answers, withheld where it is very small."""
    return say("{n}", "{n}", n=n) if n >= SMALL or n == 0 else say("少于 {k}", "under {k}", k=SMALL)


def kicker(n: int, concepts: int) -> Text:
    """What stands over the question."""
    return say("上市红绿灯 · {k} 个概念 · {n} 份回答", "Launch gate · {k} {k:concept|concepts} · {n} {n:answer|answers}", n=n, k=concepts)


def nothing() -> Estimate:
    """The refusal where no concept was asked about at all."""
    return refusal(GAIN, unit="pp", reason=NO_CONCEPTS, needs=Text("至少一个概念的回答。", "Answers about at least one concept."))


def refused(sale: str | None, gate: Gate, rule: Rule) -> Text:
    """Why no light can be lit at all."""
    if not gate.lights:
        return NO_CONCEPTS
    if sale is None:
        return Text("没有在售产品作对照，任何概念都亮不了灯。", "With no product on sale to compare with, no concept gets a light.")
    if gate.n_on_sale < rule.fewest:
        return say("在售产品只有{n}份回答，不足 {k} 份，没有对照，亮不了灯。",
                   "The product on sale has {n} answers, fewer than {k}: no comparison, so no light.", n=few(gate.n_on_sale), k=rule.fewest)
    return say("没有一个概念满 {k} 份回答，亮不了灯。", "No concept has {k} answers, so no light is given.", k=rule.fewest)


def answer(gate: Gate, titles: Mapping[str, Text], question: str) -> Text:
    """The lights by name, green first with its gain; then what is missing."""
    told = []
    if greens := gate.names("green"):
        first = gate[greens[0]]
        told.append(say(
            "绿灯：{names}。{best}：{keen}比在售产品多 {a}（{a:interval}）。" if len(greens) > 1 else
            "绿灯：{names}，{keen}比在售产品多 {a}（{a:interval}）。",
            "Green: {names}. For {best}, the share of {keen} is {a} above the product on sale ({a:interval})." if len(greens) > 1 else
            "Green: {names}, where the share of {keen} is {a} above the product on sale ({a:interval}).",
            names=listed([titles[k] for k in greens]), best=titles[greens[0]], a=first.gain, keen=KEEN[question]))
    elif gate.leader:
        about = {"name": titles[gate.leader.concept], "keen": KEEN[question], "a": gate.leader.gain}
        told.append(
            say("没有概念亮绿灯；差得最多的{name}，{keen}与在售产品相差 {a}（{a:interval}），数据还判不了。",
                "No concept is green: {name} differs most from the product on sale, by {a} ({a:interval}), but too little data to judge.", **about)
            if gate.leader.light == "insufficient" else
            say("没有概念亮绿灯；最靠前的{name}，{keen}与在售产品相差 {a}（{a:interval}）。",
                "No concept is green: the front-runner, {name}, differs from the product on sale by {a} ({a:interval}).", **about))
    lines = {"red": ("红灯：{names}。", "Red: {names}."), "amber": ("黄灯：{names}。", "Amber: {names}."),
             "insufficient": ("数据不足：{names}。", "Insufficient data: {names}.")}
    told += [say(zh, en, names=listed([titles[k] for k in gate.names(light)])) for light, (zh, en) in lines.items() if gate.names(light)]
    return joined(*told)


def decision(gate: Gate, rule: Rule, titles: Mapping[str, Text]) -> Text:
    """What to do with each kind of light, and what it costs in answers."""
    told = []
    named = {light: listed([titles[k] for k in gate.names(light)]) for light in ("green", "amber", "red", "insufficient")}
    if gate.names("green"):
        told.append(say("放行{names}，先用一批预售订单验证：意愿不是购买。",
                        "Let {names} go ahead, but test it first with a batch of pre-orders: intent is not purchase.", names=named["green"]))
    if gate.names("red"):
        told.append(say("停下{names}，改了概念再测。", "Stop {names}; revise the concept before testing again.", names=named["red"]))
    if gate.names("amber"):
        told.append(say("{names}与在售产品没有拉开门槛那么大的差距，凭别的理由定。",
                        "{names}: not clearly a margin apart from the product on sale; decide on other grounds.", names=named["amber"]))
    if gate.names("insufficient") and gate.needed:
        told.append(say(
            "{names}先不定：每个概念和在售产品各要约 {n} 份回答，才分得出 {m} 个百分点；或把门槛放宽，重新声明。",
            "Leave {names} open: each concept and the product on sale need about {n} answers to distinguish {m} points; or declare a wider margin.",
            names=named["insufficient"], n=rounded_up(gate.needed), m=points(rule.margin)))
    return joined(*told)
