"""What the regions' page says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import DASH, say, with_interval
from voclib.stats.power import rounded_up
from voclib.studies.regions_text import region as title
from voclib.studies.scores import segments_text

if TYPE_CHECKING:
    from voclib.readers.region import _Part

CAVEAT = Text(
    "这里比的是作答的客户。各处谁来作答若不一样，名次里就混着作答，而不只是体验。",
    "Those who answered are compared. Where other people answer in other places, the ranks are partly about answering.",
)
TOO_FEW = Text("作答够多的不到两组，没有什么可比。", "Fewer than two groups have answers enough to be compared.")
MORE_ANSWERS = Text("每组至少要有能算区间的回答和门店。", "Each group needs enough answers and dealers for an interval.")
NO_CASES = Text("没有工单，或工单不知道属于谁，所以没有这张图。", "No case, or no case that can be placed, so there is nothing to draw.")
TOO_FEW = Text("太少，不给数", "too few")
NO_NAMES = (
    Text("门店不在这一页点名。", "No dealer is named here."),
    Text("只说门店之间有没有真差别；要看哪一家，用 20-scores 的区间，别看名次。",
         "The page says whether dealers truly differ; for any one of them use the intervals of 20-scores, not a rank."),
)
LIMITS = (
    (
        Text("“分不出高低”不是“一样好”。", "Not told apart does not mean equal."),
        Text("差别小于现有回答看得见的，就分不出来；表里写了要多少份才看得见。",
             "Gaps smaller than these answers can show stay hidden; the sheet says how many answers it takes."),
    ),
    (
        Text("名次靠后不是谁的错。", "A low rank is nobody’s fault."),
        Text("客群、车龄、进店原因都可能不同；这里没有把它们扣掉。",
             "Customers, cars and reasons to come may differ; none of that is taken off here."),
    ),
    (
        Text("不要按这张表发奖金。", "No bonus should hang on this table."),
        Text("分数一旦和奖金挂钩，就会有人去要分（见 22-score-inflation）。",
             "Once pay depends on a score, people ask for it (see 22-score-inflation)."),
    ),
)


def limits(by: str) -> tuple[tuple[Text, Text], ...]:
    """What the page does not say; that no dealer is named only where dealers are not what is compared."""
    return LIMITS if by == "unit_id" else (*LIMITS, NO_NAMES)


def question(by: str) -> Text:
    """The question, by what is compared."""
    if by == "region":
        return Text("各大区的客户口碑，差别是真的还是碰运气？", "Do regions truly differ in what customers say, or is it luck?")
    return say("按{b}比，客户口碑的差别是真的还是碰运气？", "By {b}: do customers truly differ in what they say, or is it luck?",
               b=segments_text.column(by))


def _groups(n: int, by: str) -> Text:
    zh, en = {"region": ("个大区", "regions"), "unit_id": ("家", "units")}.get(by, ("组", "groups"))
    return Text(f"{n} {zh}", f"{n} {en}")


NOT_YET = Text("还比不了：作答够多的不到两组。", "It cannot be told yet: fewer than two groups have answers enough.")


def answer(ladder: Ladder, sheet: pd.DataFrame, first: str, by: str) -> Text:
    """How many pairs can be told apart, with these dealers and with others; what the first rank is worth."""
    these = ladder["together"]
    groups = _groups(round((1 + (1 + 8 * these.n) ** 0.5) / 2), by)
    place = dict(zip(sheet["group"], sheet["fixed"], strict=True))[first]
    count = {"g": groups, "m": these.n, "k": int(these.value)}
    found = say("{g}两两相比 {m} 对，看现有门店的客户，分得出高低的有 {k} 对。",
                "Of {m} pairs among {g}, {k} can be told apart by the customers of these dealers.", **count) if by != "unit_id" else \
        say("{g}两两相比 {m} 对，分得出高低的有 {k} 对。", "Of {m} pairs among {g} {k} can be told apart.", **count)
    rank = say("排第一的{t}站得住。", "{t} is first beyond luck.", t=title(first)) if place[0] == place[1] else \
        say("排第一的{t}，真实名次可能是第 {b} 到第 {w}。", "{t}, first by its number, may truly rank from {b} to {w}.", t=title(first), b=place[0],
            w=place[1])
    parts = [found, rank]
    if (drawn := _drawn(ladder)) is not None:
        told = Text("一对也没有", "none") if not drawn.value else say("{k} 对", "{k}", k=int(drawn.value))
        parts.append(say("要说是“大区”的差别、换一批门店也成立的，{m} 对里{k}。",
                         "That it is the region, and would hold with other dealers there, can be said of {k} of {m}.", m=drawn.n, k=told)
                     if by == "region" else
                     say("换一批门店也成立的，{m} 对里{k}。", "With other dealers it would hold for {k} of {m}.", m=drawn.n, k=told))
    return Text("".join(p.zh for p in parts), " ".join(p.en for p in parts))


def _drawn(ladder: Ladder) -> Estimate | None:
    """The rung with dealers as a draw; None where they are no draw."""
    return next((rung for rung in ladder.rungs if rung.rung == "drawn"), None)


def decision(sheet: pd.DataFrame, ladder: Ladder | None) -> Text:
    """What to do with the table: where safety cases lie open, whose dealers differ, how many answers a target needs."""
    parts = []
    safety = sheet[sheet["safety"].fillna(0) > 0]
    if len(safety):
        listed = [say("{g} {n} 件", "{g} ({n})", g=title(row["group"]), n=int(row["safety"])) for _, row in safety.iterrows()]
        parts.append(say("先处理还开着的安全工单：{l}。", "Settle open safety cases first: {l}.", l=_joined(listed)))
    if ladder is not None and (drawn := _drawn(ladder)) is not None and not drawn.value:
        parts.append(Text("不要按大区的名次奖惩：看得出的差别在门店，不在大区。",
                          "Reward and punish nobody by rank: what differs is dealers, not regions as far as can be told."))
    differ = sheet["differ"].eq(True)
    if differ.any():
        parts.append(say("{n} 组里有 {k} 组，门店之间有真差别：先在区内互相学。",
                         "Dealers truly differ within {k} of {n} groups: let them learn from each other there.",
                         n=int(sheet["differ"].notna().sum()), k=int(differ.sum())))
    needed = sheet["needed"].dropna()
    if len(needed):
        parts.append(say("要看出一个值得行动的变化，每期每组约要 {a} 到 {b} 份回答。",
                         "To see a change worth acting on a group needs some {a} to {b} answers a period.", a=rounded_up(int(needed.min())),
                         b=rounded_up(int(needed.max()))))
    return Text("".join(p.zh for p in parts), " ".join(p.en for p in parts)) if parts else Text("按需要再看。", "Look again when there is more.")


def _joined(items: Sequence[Text]) -> Text:
    return Text("、".join(i.zh for i in items), ", ".join(i.en for i in items))


def clusters(unassigned: int, *, clustered: bool) -> Check:
    """Whether customers of one dealer were allowed to be alike."""
    name = Text("同店客户相像，“换一批门店”算进去了", "Customers of one dealer are alike: the second ranks know it")
    if clustered:
        return Check(name, True, Text("第二列名次把门店当作抽样来算。", "The second column of ranks takes dealers as a draw."))
    return Check(name, None, say("{n} 份回答不知道门店，或本来就按门店比；各份回答当作独立。",
                                 "{n} {n:answer names|answers name} no dealer, or dealers are what is compared; each answer stands for itself.",
                                 n=unassigned))


def refused(names: Sequence[str], total: int) -> Check:
    """Which groups could not be compared."""
    name = Text("有几组没法比", "Groups left out")
    if not names:
        return Check(name, True, say("{n} 组都比了。", "All {n} groups were compared.", n=total))
    if len(names) > 6:
        told = say("{n} 组里有 {k} 组回答或门店太少。", "{k} of {n} groups have too few answers or dealers.", n=total, k=len(names))
        return Check(name, None, told)
    return Check(name, None, say("门店或回答太少：{l}。", "Too few dealers or answers: {l}.", l=_joined([title(n) for n in names])))


def dealers(k: int, n: int) -> Check:
    """Whether dealers differ within groups."""
    name = Text("组内的门店之间有没有真差别", "Whether dealers differ within groups")
    if not n:
        return Check(name, None, Text("看不了：能单独算的门店不到五家。", "Cannot be told: fewer than five dealers have a score of their own."))
    return Check(name, None, say("{n} 组里有 {k} 组，门店之间的差别大过偶然。", "In {k} of {n} groups dealers differ by more than chance.", n=n, k=k))


def respondents() -> Check:
    """That only those who answered are ranked."""
    return Check(Text("只看作答者", "Respondents only"), None,
                 Text("没有把不作答的人补回来；整体差多少见 21-survivorship。",
                      "Those who never answered are not in it; how much that moves the whole stands in 21-survivorship."))


def sheet(found: pd.DataFrame) -> pd.DataFrame:
    """The sheet as a table prints it."""
    rows = [{"group": title(row["group"]), "score": with_interval(row["score"], absent=TOO_FEW), "fixed": _rank(row["fixed"]),
             "drawn": _rank(row["drawn"]), "n": row["n"], "dealers": row["dealers"],
             "needed": None if pd.isna(row["needed"]) else rounded_up(int(row["needed"])), "differ": _differ(row["differ"]), "open": row["open"],
             "safety": row["safety"]} for row in found.to_dict("records")]
    return pd.DataFrame(rows)


def _rank(place: tuple[int, int] | None) -> Text:
    if not isinstance(place, tuple):
        return DASH
    best, worst = place
    return Text(str(best), str(best)) if best == worst else say("{b}–{w}", "{b}–{w}", b=best, w=worst)


def _differ(told: Any) -> Text:
    if told is None or pd.isna(told):
        return DASH
    return Text("有", "Yes") if told else Text("看不出", "Not told")


COUNTS = ("n", "needed", "dealers", "open", "safety")


def _tells(column: pd.Series) -> bool:
    """Whether a column holds anything but dashes."""
    return any(cell is not None and cell == cell and cell != DASH for cell in column)


LADDER = {
    "alone": (Text("一对一对单独检验", "Each pair for itself"), Text("榜单上的星号", "The stars of a league table")),
    "together": (Text("所有对一起看", "All pairs at once"), Text("对多了，总有几对碰巧", "Of many pairs some differ by luck")),
    "drawn": (Text("换一批门店也成立", "With other dealers too"), Text("差别在区，还是在那几家店", "Is it the region, or these dealers?")),
}


def captions(parts: Sequence[_Part], ladder: Ladder | None, in_time: Sequence[Estimate], by: str, printed: pd.DataFrame) -> dict[str, Any]:
    """Titles and notes of the figures."""
    labels = {part.name: title(part.name) for part in parts} | {e.group: title(e.group) for e in in_time}
    names = {} if ladder is None else {r.rung: LADDER[r.rung] for r in ladder.rungs}
    compared = segments_text.column(by)
    columns = {"group": Text(compared.zh, compared.en.capitalize()), "score": Text("分数", "Score"), "fixed": Text("真实名次", "True rank"),
               "drawn": Text("换一批门店的名次", "Rank with other dealers"), "n": Text("回答", "Answers"), "needed": Text("要多少份", "Needed"),
               "dealers": Text("门店", "Dealers"), "differ": Text("门店之间有真差别", "Dealers truly differ"),
               "open": Text("开着的工单", "Open cases"), "safety": Text("其中安全", "Of these safety")}
    told = [name for name in columns if _tells(printed[name]) and not (by == "unit_id" and name == "dealers")]
    return {
        "scores": {"title": Text("每组的分数与区间", "Score and interval of each group"), "labels": labels,
                   "subtitle": Text("现有门店的客户；谁高于谁，看下面的名次范围，不看横条重不重叠",
                                    "Customers of these dealers; who is above whom is told by the ranks below, not by bars that overlap")},
        "ladder": {"title": Text("分得出高低的对数，一级比一级少", "Pairs told apart, fewer rung by rung"), "labels": names,
                   "subtitle": Text("精确计数", "Exact counts")},
        "sheet": {"title": Text("名次只能说到这个程度", "How far a rank can be told"),
                  "subtitle": Text("名次的范围对所有组同时成立；“要多少份”是看出一个值得行动的变化，每期需要的回答",
                                   "Ranges of ranks hold for all groups at once; “needed”: answers a period until a change worth acting on is seen"),
                  "columns": {name: columns[name] for name in told}, "formats": {name: "exact" for name in COUNTS if name in told}},
        "in_time": {"title": Text("工单按时解决的占比，还开着的也算", "Cases settled in time, open ones counted"), "labels": labels,
                    "subtitle": Text("按门店所在的组；横条是区间", "By the group of the dealer; bars are intervals")},
    }
