"""The gates of the survivorship study in words: what was checked, what was found, what a failure changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, say
from voclib.stats.gates import Gates
from voclib.stats.missingness import Completion, Direction
from voclib.studies.survivorship.frame import Frame
from voclib.studies.survivorship.text import column_name


def survivors(frame: Frame, is_survivors_only: bool) -> Check:
    """The frame holds customers who have left since."""
    left = int(frame.people["is_churned"].fillna(False).sum())
    name = Text("名单包含已流失的客户", "The list includes customers who have left")
    consequence = Text(
        "幸存者偏差：名单里没有离开的人，任何数字都只代表留下的人。",
        "Survivorship bias: nobody who left is on the list, so every number speaks only for those who stayed.",
    )
    if frame.people["is_churned"].isna().all():
        unknown = Text(
            "客户表里没有记录谁已经离开，名单是否齐全无从核对。", "The customer table does not record who left, so the list cannot be checked."
        )
        return Check(name, False, unknown, consequence)
    if is_survivors_only:
        none = Text(
            "客户表里一个流失客户也没有：多半在导出时就被筛掉了。",
            "The customer table contains nobody who left: most likely they were filtered out on export.",
        )
        return Check(name, False, none, consequence)
    found = say(
        "{n} 位客户中 {k} 位此后流失，仍在名单里。", "Of {n} customers, {k} have since left and are still on the list.", n=len(frame.people), k=left
    )
    return Check(name, True, found, consequence)


def answers(raw: Estimate, gates: Gates, *, differ: bool = True) -> Check:
    """Enough answers for a correction, and not all the same."""
    name = Text("作答够用", "Enough answers")
    nothing = Text("不做校正；还有人沉默时只给范围。", "Nothing is corrected; where some are silent, only a range is given.")
    if raw.n is None:  # so few that not even their number is shown
        return Check(name, False, say("作答不足 {n} 份。", "Fewer than {n} answers.", n=gates.small_cell), nothing)
    found = say("{n} 份作答，校正至少需要 {floor} 份。", "{n} answers; a correction needs at least {floor}.", n=raw.n, floor=gates.min_followup_n)
    if raw.n >= gates.min_followup_n and not differ:
        found = say(
            "{n} 份作答里，除最常见的一档外都太少，看不出谁会给什么分。",
            "Of the {n} answers, too few fall outside the commonest grade to show who gives which.",
            n=raw.n,
        )
    return Check(name, raw.n >= gates.min_followup_n and differ, found, nothing)


def rate(share: float, *, has_followup: bool, gates: Gates) -> Check:
    """A response rate that weighting can bear."""
    found = say(
        "{r:.1%} 的客户作答，下限 {floor:.0%}。",
            "{r:.1%} of customers answered; at least {floor:.0%} needed.", r=share, floor=gates.min_response_rate
    )
    if has_followup:
        found = Text(found.zh + "有随机回访，不靠作答率。", found.en + " There are random call-backs, so nothing depends on it.")
    passed = share >= gates.min_response_rate or has_followup
    return Check(Text("作答率", "Response rate"), passed, found, Text("作答者太少，只给范围。", "Too few answered; only a range is given."))


def weight(made: Any, gates: Gates) -> Check:
    """What the answers are worth after weighting."""
    worth = made.overlap.n_effective
    found = say(
        "加权后 {n} 份作答抵得上 {w} 份（方差是等权时的 {d:.2f} 倍），下限 {floor}。",
        "After weighting, {n} answers are worth {w} ({d:.2f} times the variance of equal weights); at least {floor} needed.",
        n=made.overlap.n,
        w=round(worth),
        d=made.overlap.n / worth,
        floor=round(gates.min_weighted_n),
    )
    return Check(
        Text("有效样本量", "Effective sample"),
        worth >= gates.min_weighted_n,
        found,
        Text("少数人权重过大，不给加权后的数字。", "A few people would carry too much weight; no weighted number is given."),
    )


def balance(found: pd.DataFrame, gates: Gates) -> Check:
    """Respondents look like everybody once weighted."""
    before, after = float(found["smd_raw"].abs().max()), float(found["smd_weighted"].abs().max())
    detail = say(
        "最大标准化差：校正前 {a:.2f}，校正后 {b:.2f}；超过 {flag:.2f} 点名，超过 {fail:.2f} 拒绝。",
        "Largest standardised difference: {a:.2f} before weighting, {b:.2f} after; above {flag:.2f} it is flagged, above {fail:.2f} refused.",
        a=before,
        b=after,
        flag=gates.balance_flag,
        fail=gates.balance_fail,
    )
    return Check(
        Text("加权后与全体相像", "Once weighted, they resemble everyone"),
        after <= gates.balance_fail,
        detail,
        Text("不给加权后的数字。", "No weighted number is given."),
    )


def overlap(made: Any, gates: Gates) -> Check:
    """Everybody has somebody comparable among those who answered."""
    share = float(made.unsupported.mean())
    detail = say(
        "{s:.1%} 的客户没有同类人作答（作答概率低于 {floor:.1%}，或所在格无人作答），上限 {top:.0%}。",
        "For {s:.1%} of customers nobody comparable answered (a probability below {floor:.1%}, or a cell without answers); the limit is {top:.0%}.",
        s=share,
        floor=gates.propensity_floor,
        top=gates.max_unsupported_share,
    )
    return Check(
        Text("人人都有同类作答", "Somebody comparable answered for everyone"),
        share <= gates.max_unsupported_share,
        detail,
        Text("没有随机回访时，对没有同类作答的人只给范围。", "Without random call-backs, those with nobody comparable get only a range."),
    )


def traits(lacking: Sequence[str]) -> Check:
    """Every trait that totals were asked to meet is in the data."""
    names = [column_name(c) for c in lacking]
    detail = Text(
        f"数据里没有、或没有差别：{'、'.join(n.zh for n in names)}。",
        f"Not in the data, or the same for everyone: {', '.join(n.en for n in names)}.",
    )
    return Check(
        Text("要校准的特征都有", "Every trait asked for is known"),
        False,
        detail,
        Text("这些特征上的差别没有校正。", "Differences in these traits are not corrected for."),
    )


def counted_as_asked(gone: int) -> Check:
    """That no record tells who was asked, and how many cannot have been."""
    name = Text("问过谁有记录", "Who was asked is recorded")
    whom = Text("没有邀请或接触的记录，没有作答的人一律算作问过、没有答。",
                "There is no record of invitations or contacts, so everyone who did not answer counts as asked and silent.")
    left = say("{n} 位在第一份回答之前已经离开，不算问过。",
               "{n} {n:customer|customers} had left before the first answer and {n:is|are} not counted as asked.", n=gone)
    return Check(name, None, joined(whom, left) if gone else whom)


def separation(found: Any, gates: Gates) -> Check:
    """Answering cannot be told in advance: no leaked column."""
    leaks = found.columns.loc[found.columns["is_leak"], "column"].tolist()
    detail = say(
        "已知的列分辨谁会作答，AUC 是 {a:.2f}，警戒线 {top:.2f}。",
        "Known columns separate those who answer with an AUC of {a:.2f}; the alarm is at {top:.2f}.",
        a=found.auc,
        top=gates.separation_auc,
    )
    if leaks:
        names = [column_name(c) for c in leaks]
        zh, en = "、".join(n.zh for n in names), ", ".join(n.en for n in names)
        detail = Text(f"{detail.zh}疑似事后信息的列：{zh}。", f"{detail.en} Columns that look like hindsight: {en}.")
    return Check(
        Text("没有混进事后信息", "No hindsight among the columns"),
        not found.is_near and not leaks,
        detail,
        Text("先找出混进来的列，再谈加权。", "Find the leaked column before weighting anything."),
    )


def agreement(made: Any, gates: Gates) -> Check:
    """Two corrections on different assumptions agree."""
    gap = made.disagreement
    name = Text("两种校正说法一致", "Two corrections agree")
    if gap != gap:
        return Check(name, None, Text("有一种校正做不了，无从比较。",
                                      "One of the two corrections could not be made, so there is nothing to compare."))
    detail = say(
        "校准权重与双重稳健相差 {g:.1f} 个标准误，容许 {top:.1f}。",
        "The calibrated and doubly robust numbers differ by {g:.1f} standard errors; up to {top:.1f} is allowed.",
        g=gap,
        top=gates.ladder_gap,
    )
    return Check(name, gap <= gates.ladder_gap, detail, Text("两个数字都列出，附说明。", "Both numbers are shown, with a caveat."))


def completion(done: Completion, gates: Gates) -> Check:
    """Enough of those drawn for a call-back were reached."""
    detail = say(
        "抽中 {n} 人，完成 {k} 人（{r:.0%}）；下限 {floor} 人、{share:.0%}。",
        "{n} were drawn and {k} completed ({r:.0%}); at least {floor} and {share:.0%} needed.",
        n=done.drawn,
        k=done.completed,
        r=done.rate,
        floor=gates.min_followup_n,
        share=gates.min_completion,
    )
    return Check(
        Text("回访接通得够多", "Enough call-backs were completed"),
        not done.bounds_needed and done.completed >= gates.min_followup_n,
        detail,
        Text("对没接通的人给范围。", "Those not reached are given a range."),
    )


def direction(found: Direction, moved: Estimate | None, *, early: int = 0) -> Check:
    """Whether anything says which way the weighted number is still wrong; `early` call-backs were drawn before the window had ended."""
    name = Text("加权剩余偏差的方向", "Direction of the bias left after weighting")
    quoted = Text("每处引用都带着这句话。", "Wherever the number is quoted, this sentence is quoted with it.")
    if early and not found.known:
        why = say(
            "{n} 次回访在窗口结束之前就抽了，不能代表窗口里的沉默者：加权后剩余偏差的方向不知道。",
            "{n} call-backs were drawn before the window had ended and cannot represent its silent customers: the direction of the remaining bias "
            "is unknown.",
            n=early,
        )
        return Check(name, False, why, quoted)
    if not found.known or found.needs_stable_resistance:
        unknown = Text(
            "没有随机回访：加权后剩余偏差的方向不知道。",
            "There are no random call-backs: the direction of the remaining bias is unknown.",
        )
        return Check(name, False, unknown, quoted)
    if moved is None:
        few = Text(
            "随机回访接通得太少，或推不到全体客户：加权后剩余偏差的方向说不定。",
            "Too few call-backs were reached, or they cannot represent everyone: which way the remaining bias goes cannot be established.",
        )
        return Check(name, False, few, quoted)
    detail = say(
        "与随机回访相比，加权后的数字仍偏 {m}（{m:interval}）。",
        "Compared with the call-backs, the weighted number is still off by {m} ({m:interval}).",
        m=moved,
    )
    return Check(name, True, detail)
