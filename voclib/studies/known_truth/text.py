"""What the page on known truths says, in both languages; every number comes from an Estimate or a counted row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib import numbers
from voclib.results import Check, Estimate, Ladder, Study, Text
from voclib.sentences import say
from voclib.stats.gates import Gates
from voclib.studies.known_truth import masks
from voclib.studies.known_truth.cases import Panel, Wages

MASKS = {
    "random": (Text("随机", "At random"), Text("谁都一样可能作答", "Everyone equally likely to answer")),
    "recorded": (Text("看记录", "By what is recorded"), Text("上年分数高、规模小的更愿答", "Likelier with a high score last year and few pupils")),
    "u_shaped": (
        Text("两头都爱说", "The delighted and the angry"),
        Text("意外好、尤其意外差的更愿答", "Likelier after a surprise, above all a bad one"),
    ),
    "rising": (Text("满意的才说", "The pleased"), Text("比记录所示更好的更愿答", "Likelier the more the score beats the record")),
    "never_asked": (
        Text("有一类从未被问", "A group never asked"),
        Text("高中一所也没问，其余看记录", "No high school asked; the others by the record"),
    ),
}
METHODS = {
    "raw": Text("只看作答者", "Those who answered"),
    "poststratified": Text("分层加权", "Post-stratified"),
    "calibrated": Text("校准权重", "Calibrated"),
    "propensity": Text("作答概率", "Answering probability"),
    "aipw": Text("双重稳健", "Doubly robust"),
    "followup": Text("加随机回访", "With call-backs"),
    "manski": Text("不作假设", "Assuming nothing"),
    "bounded": Text("没问到的给范围", "Range for the unasked"),
}
HEALTH = {
    "crude": Text("两组直接相减", "Plain difference"),
    "weighted": Text("按入组前特征加权", "Weighted by baseline traits"),
    "dropouts": Text("失访者也算进来", "With drop-outs included"),
}
WAGES = {
    "educ": Text("多读一年书", "A year of schooling"),
    "exper": Text("多一年经验", "A year of experience"),
    "exper2": Text("经验的平方（×100）", "Experience squared (×100)"),
    "inverse_mills": Text("谁在工作（逆米尔斯比）", "Who works (inverse Mills ratio)"),
}
LIMITS = (
    (
        Text("不是说随机回访总能补救。", "Call-backs do not always repair the damage."),
        Text(
            "这里抽中的都答了；真实的回访只接通一部分，没接通的又是一层沉默。",
            "Here everyone called answers; real calls reach only some, and the rest are silent once more.",
        ),
    ),
    (
        Text("不是说客户的沉默就是这五种。", "Customers need not fall silent in these five ways."),
        Text("规则是我们写的；真实的沉默可以混着来。", "The rules were written for this test; real silence may mix them."),
    ),
    (
        Text("不是说加权没有用。", "Weighting is not useless."),
        Text(
            "作答只看记录时，它把真值找了回来；问题是从作答者身上看不出属于哪一种。",
            "Where answering depends only on the record, it recovers the truth; the trouble is that those who answered do not show which kind of "
            "silence it is.",
        ),
    ),
    (
        Text("体重和工资两例没有已知的真值。", "No truth is known for the weight and wage examples."),
        Text("它们只说明同一套方法在公认的例子上给出什么。", "They show only what the same methods give on well-known examples."),
    ),
)


def finding(
    *, ladder: Ladder, checks: tuple[Check, ...], by_mask: Mapping[str, Estimate], runs: int, size: int, truth: float, schools: int, seed: int
) -> Study:
    """The Study: coverage with call-backs, beside the uncorrected one on the same draws."""
    ours = ladder["followup"]
    return Study(
        question=Text("真值已知的地方，我们的校正找得到它吗？", "Where the truth is known, do the corrections recover it?"),
        kicker=Text("真值已知", "Known truth"),
        answer=_answer(ladder, by_mask, runs=runs, truth=truth, schools=schools),
        headline=(ours,),
        naive=ladder["raw"],
        ladders=(ladder,),
        verdict=ours.verdict,
        checks=checks,
        limits=LIMITS,
        seed=seed,
        caveat=Text(
            "沉默是我们设计的，回访的人也都答了；客户的沉默可以更难，回访也接不全。",
            "The silence here was designed and every call is answered; customers' silence may be harder, and calls reach only some.",
        ),
        decision=say(
            "每一轮都留出约 {k} 个随机回访；没有回访，就不要说加权之后没有偏差。从未问过的人群只发布范围。",
            "Set aside about {k} random call-backs in every wave; without them, never say that weighting has removed the bias. For a group "
            "never asked, publish only a range.",
            k=masks.CALLS,
        ),
        evidence={"runs": runs, "size": size, "truth": truth},
    )


def _answer(ladder: Ladder, by_mask: Mapping[str, Estimate], *, runs: int, truth: float, schools: int) -> Text:
    return say(
        "只看作答者，95% 的区间盖住已知真值的只有 {raw:bare}；按记录加权是 {aipw:bare}；再加 {calls} 个随机回访是 {ours:bare}。"
        "真值是 {schools} 所学校的平均分 {truth:.1f}，四种沉默各试 {runs} 次。加权在“看记录”时盖住 {known:bare}，在“满意的才说”时只有 {felt:bare}。"
        "从未问过的那一类不给数字，只给范围。",
        "From answers alone, 95% intervals contain the known truth {raw:bare} of the time, compared with {aipw:bare} when weighted by the "
        "record and {ours:bare} with {calls} random call-backs as well. The truth is the mean score of {schools} schools, {truth:.1f}; four kinds "
        "of silence were "
        "drawn {runs} times each. Weighted intervals contain it {known:bare} of the time where answering depends only on the record, but only "
        "{felt:bare} where the pleased speak. A group never asked gets a range, not a number.",
        schools=schools,
        truth=truth,
        runs=runs,
        calls=masks.CALLS,
        raw=ladder["raw"],
        aipw=ladder["aipw"],
        ours=ladder["followup"],
        known=by_mask["recorded"],
        felt=by_mask["rising"],
    )


def callbacks_hold(worst: Estimate, *, passed: bool) -> Check:
    """Call-backs hold the truth under every mask."""
    return Check(
        Text("有回访，每种沉默都盖得住", "With call-backs, every kind of silence is covered"),
        passed,
        say("最低的是“{m}”：{x:bare}（{x:interval}）。", "The lowest is “{m}”: {x:bare} ({x:interval}).", m=MASKS[worst.group][0], x=worst),
        Text("先查方法，再引用。", "Check the method before quoting it."),
    )


def weights_hold(known: Estimate, *, passed: bool) -> Check:
    """Weights hold it where answering goes by the record."""
    return Check(
        Text("只看记录时，加权够用", "Weighting suffices where answering depends on the record"),
        passed,
        say("随机与看记录两种：{x:bare}（{x:interval}）。", "At random and by the record: {x:bare} ({x:interval}).", x=known),
        Text("加权的数字不再列出。", "Weighted numbers are no longer listed."),
    )


def alarms_are_silent(felt: Estimate, *, quiet: int, of: int) -> Check:
    """Nothing in the answers warns where feelings decide."""
    return Check(
        Text("心情决定作答时，没有警报", "No alarm where feelings decide"),
        None,
        say(
            "{of} 种里有 {k} 种通过了加权的全部门槛，区间却只有 {x:bare} 的时候盖住真值。",
            "{k} of {of} kinds pass every weighting gate, yet the interval contains the truth only {x:bare} of the time.",
            of=of,
            k=quiet,
            x=felt,
        ),
    )


def never_is_bounded(bounded: Estimate, *, of: int, gates: Gates, passed: bool) -> Check:
    """A stratum never asked gets a range."""
    return Check(
        Text("从未问过的一类没有点估计", "A group never asked gets no point estimate"),
        passed,
        say(
            "{k}/{of} 次给了范围（无人作答的人超过 {top:.0%} 就这样），范围盖住真值 {x:bare}。",
            "{k} of {of} lists got a range (given once more than {top:.0%} are unrepresented); it contains the truth {x:bare} of the time.",
            k=bounded.n or 0,
            of=of,
            top=gates.max_unsupported_share,
            x=bounded,
        ),
        Text("不发布。", "Nothing is published."),
    )


def samples_hold(hits: int, of: int, *, passed: bool) -> Check:
    """Published samples hold the truth."""
    return Check(
        Text("公布的样本盖住真值", "Published samples recover the truth"),
        passed,
        say("{of} 个区间里有 {k} 个。", "{k} of {of} intervals contain it.", of=of, k=hits),
        Text("先查样本设计。", "Check the design of the samples first."),
    )


def panel_holds(best: Estimate, panel: Panel, *, passed: bool) -> Check:
    """The weighted panel holds its target's mean."""
    return Check(
        Text("自愿样本校正后盖住真值", "The weighted panel recovers its truth"),
        passed,
        say(
            "真值 {t:.1f}，校正后 {x:bare}（{x:interval}）；{n} 份作答加权后抵 {w:.0f} 份。",
            "Truth {t:.1f}, corrected {x:bare} ({x:interval}); {n} answers are worth {w:.0f} once weighted.",
            t=panel.truth,
            x=best,
            n=panel.n,
            w=panel.n_effective,
        ),
        Text("不引用这个数字。", "The number is not quoted."),
    )


def wages_stand(paid: Wages, *, passed: bool) -> Check:
    """The selection model has something to stand on, and refuses where it has not."""
    return Check(
        Text("选择模型有据可依", "The selection model has something to rest on"),
        passed,
        say(
            "{k} 个变量只左右谁在工作；去掉它们，模型拒绝作答。",
            "{k} variables bear on who works but not on the wage; without them, the model refuses to answer.",
            k=paid.model.instruments,
        ),
        Text("不给校正后的系数。", "No corrected coefficient is given."),
    )


def alarms(found: Sequence[Any]) -> pd.DataFrame:
    """What the gates see of one list a mask."""
    return pd.DataFrame(
        [
            {
                "mask": MASKS[a.mask][0],
                "balance": a.balance,
                "n_effective": round(a.n_effective),
                "separation": a.separation,
                "unsupported": a.unsupported,
                "passed": Text("放行", "yes") if a.passed else Text("拦下", "no"),
            }
            for a in found
        ]
    )


def health(found: Mapping[str, Estimate]) -> pd.DataFrame:
    """The health study, one row a step."""
    return pd.DataFrame(
        [
            {"step": HEALTH[name], "value": _both(e), "interval": Text(*(numbers.interval(e, lang) for lang in ("zh", "en"))), "n": e.n}
            for name, e in found.items()
        ]
    )


def wages(paid: Wages) -> pd.DataFrame:
    """The wage equation, one row a coefficient; that of the square is shown a hundredfold, so that all have the same decimals."""
    rows = []
    for r in paid.table.itertuples(index=False):
        x, u, y, v = (100 * a if r.name == "exper2" else a for a in (r.naive, r.naive_reach, r.value, r.reach))
        rows.append({"name": WAGES[r.name], "naive": decimal(x), "naive_interval": _span(x, u), "value": decimal(y), "interval": _span(y, v)})
    return pd.DataFrame(rows)


def _both(e: Estimate) -> Text:
    return Text(numbers.value(e, "zh"), numbers.value(e, "en"))


def decimal(x: float) -> str | None:
    """A coefficient with four decimals."""
    return None if x != x else f"{x:.4f}".replace("-", numbers.MINUS)


def _span(x: float, reach: float) -> Text | None:
    if x != x:
        return None
    low, high = decimal(x - reach), decimal(x + reach)
    return Text(f"{low} 至 {high}", f"{low} to {high}")
