"""What the regions' page says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.readers.region_names import Names
from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import DASH, joined, listed, say, with_interval
from voclib.stats.power import rounded_up
from voclib.studies.scores import text as score_text

CAVEAT = Text(
    "这里比的是作答的客户。各处谁来作答若不一样，名次里就混着作答，而不只是体验。",
    "Only customers who answered are compared. If different people answer in different places, the ranks partly reflect who answered.",
)
TOO_FEW_GROUPS = Text("作答够多的不到两组，没有什么可比。", "Fewer than two groups have enough answers to be compared.")
MORE_GROUPS = Text("在 voc ingest 的规则里映射单位表（units）里各门店的地区，或用 by 换一列来比。",
                   "Map the region of every dealer (table units) in the rules file of voc ingest, or compare by another column with by.")
MORE_ANSWERS = Text("每组至少要有能算区间的回答和门店。", "Each group needs enough answers and dealers for an interval.")
NO_CASES = Text("没有工单，或工单不知道属于谁，所以没有“按时解决”那张图。",
                "There are no cases, or none that can be assigned to a group, so there is no chart of cases settled in time.")
TOO_FEW = Text("太少，不给数", "too few")


@dataclass(frozen=True)
class Sizes:
    """How many groups are compared by their units as they are (`fixed`), and with units as a draw (`drawn`, 0: not asked); `left`: not those."""

    fixed: int
    drawn: int
    left: tuple[str, ...]

    def groups(self, rung: str) -> int:
        """Groups behind a rung of the ladder."""
        return self.drawn if rung in ("kept", "drawn") else self.fixed

    def pairs(self, rung: str) -> int:
        """Pairs that were asked there."""
        return self.groups(rung) * (self.groups(rung) - 1) // 2


@dataclass(frozen=True)
class Said:
    """What sentences need beside the numbers: names, sizes, the quarters and the score."""

    names: Names
    sizes: Sizes
    span: Text
    estimand: str


def span(periods: pd.Series) -> Text:
    """The quarters that answers come from."""
    if periods.dropna().empty:
        return Text("未注明时期", "no known quarter")
    first, last = str(periods.min()), str(periods.max())
    return Text(first, first) if first == last else Text(f"{first} 至 {last}", f"{first} to {last}")


def kicker(said: Said) -> Text:
    """The line above the question: which score, of which quarters."""
    return say("{m} · {s} 的回答", "{m} · answers from {s}", m=score_text.NAMES[said.estimand], s=said.span)


def facts(names: Names, answers: int, there: int, enough: int, units: int) -> dict[Text, int]:
    """Counts that open the page."""
    sign = "家" if names.are_units else "个" if names.by == "region" else ""
    many = names.groups
    found = {Text("份回答", "answers"): answers, Text(f"{sign}{many.zh}有回答", f"{many.en} with answers"): there,
             Text(f"{sign}{many.zh}够多、拿来比", f"{many.en} with enough to compare"): enough}
    return found | ({Text(f"家{names.units.zh}", names.units.en): units} if units else {})


def limits(names: Names) -> tuple[tuple[Text, Text], ...]:
    """What the page does not say; that no unit is named only where units are not what is compared."""
    hidden = Text("“分不出高低”不是“一样好”。", "“Cannot be distinguished” does not mean “equally good”.")
    small = Text("差别小于现有回答看得见的，就分不出来；表里写了要多少份才看得见。",
                 "Gaps too small for these answers to show stay hidden; the table says how many answers it would take.")
    what = Text("客群、车龄、进店原因", "Customers, cars and reasons for visiting") if names.units.en == "dealers" else \
        Text("来的客户、来的原因", "Customers and their reasons for coming")
    mix = say("{w}都可能不同；这里没有把它们扣掉。", "{w} may differ; nothing here adjusts for that.", w=what)
    bonus = Text("分数一旦和奖金挂钩，就会有人去要分（见 22-score-inflation）。",
                 "Once pay depends on a score, people start asking for it (see 22-score-inflation).")
    found = ((hidden, small), (Text("名次靠后不是谁的错。", "A low rank is nobody’s fault."), mix),
             (Text("不要按这张表发奖金。", "Do not pay bonuses by this table."), bonus))
    if names.are_units or not names.is_placed:
        return found
    own = say("只说{u}之间有没有真差别；要看哪一家，用 20-scores 的区间，别看名次。",
              "The page says only whether {u} truly differ; for any one of them, use the intervals in 20-scores, not a rank.", u=names.units)
    return (*found, (say("{u}不在这一页点名。", "No {u} are named here.", u=names.units), own))


def question(names: Names) -> Text:
    """The question, by what is compared."""
    if names.by == "region" or names.are_units:
        return say("各{z}的客户口碑，差别是真的还是碰运气？", "Do {z} truly differ in what customers say, or is it chance?",
                   z=Text(f"家{names.units.zh}" if names.are_units else "大区", names.groups.en))
    return say("按{b}比，客户口碑的差别是真的还是碰运气？", "By {b}: do customers truly differ in what they say, or is it chance?",
               b=Text(names.compared.zh, names.compared.en[:1].lower() + names.compared.en[1:]))


def one_group(there: Sequence[str], names: Names) -> tuple[Text, Text]:
    """Why answers of a single group, or of none, compare nothing."""
    if not there:
        reason = say("没有一份回答知道自己属于哪个{g}，没有什么可比。", "No answer says which {g} it belongs to, so there is nothing to compare.",
                     g=Text(names.compared.zh, names.compared.en.lower()))
    else:
        reason = say("所有回答都属于同一组（{t}），没有什么可比。", "All answers belong to one group ({t}), so there is nothing to compare.",
                     t=names.title(there[0]))
    return reason, MORE_GROUPS


def comparable(reason: Text, needs: Text) -> Check:
    """Nothing is compared."""
    return Check(Text("有两组以上可比", "There are at least two groups to compare"), False, reason, needs)


NOT_YET = Text("还比不了：作答够多的不到两组。", "No comparison is possible yet: fewer than two groups have enough answers.")


def answer(ladder: Ladder, sheet: pd.DataFrame, first: str, said: Said) -> Text:
    """How many pairs can be separated, with these units and with others; what the first rank is worth."""
    names, sizes = said.names, said.sizes
    place = dict(zip(sheet["group"], sheet["fixed"], strict=True))[first]
    count = {"g": names.counted(sizes.fixed), "m": sizes.pairs("together"), "k": int(ladder["together"].value), "u": names.units}
    found = say("{g}两两相比 {m} 对，分得出高低的有 {k} 对。", "Of {m} {m:pair|pairs} among {g}, {k} can be distinguished.", **count) \
        if names.are_units or not names.is_placed else say("{g}两两相比 {m} 对，看现有{u}的客户，分得出高低的有 {k} 对。",
                                    "Of {m} {m:pair|pairs} among {g}, {k} can be distinguished, judging by customers of the current {u}.", **count)
    return joined(found, _first_place(names.title(first), *place), *_with_others(ladder, said))


def _first_place(lead: Text, best: int, worst: int) -> Text:
    """How firmly the first of the list stands there."""
    if best == worst:
        return say("排第一的{t}站得住。", "{t} ranks first by more than chance.", t=lead)
    if worst == best + 1:
        return say("排第一的{t}，真实名次可能是第 {b}，也可能是第 {w}。", "{t} comes first, but its true rank could be {b} or {w}.", t=lead,
                   b=best, w=worst)
    return say("排第一的{t}，真实名次可能是第 {b} 到第 {w}。", "{t} comes first, but its true rank could be anywhere from {b} to {w}.", t=lead,
               b=best, w=worst)


def _with_others(ladder: Ladder, said: Said) -> list[Text]:
    """How many pairs would hold with other units, of how many that were asked; nothing where none was."""
    if (drawn := _drawn(ladder)) is None:
        return []
    told = Text("一对也没有", "none") if not drawn.value else say("{k} 对", "{k}", k=int(drawn.value))
    some = {"m": said.sizes.pairs("drawn"), "k": told, "u": said.names.units, "g": said.names.counted(said.sizes.drawn)}
    if said.sizes.left:
        return [say("换一批{u}还成不成立，只能在{u}够多的 {g}里问：{m} 对里{k}。",
                    "Whether this would hold with other {u} can be asked only for the {g} with enough {u}: {k} of {m} {m:pair|pairs} would.", **some)]
    return [say("要说是“大区”的差别、换一批{u}也成立的，{m} 对里{k}。",
                "A difference between regions as such, one that would hold with other {u}, shows in {k} of {m} {m:pair|pairs}.", **some)
            if said.names.by == "region" else
            say("换一批{u}也成立的，{m} 对里{k}。", "With other {u}, it would hold for {k} of {m} {m:pair|pairs}.", **some)]


def _drawn(ladder: Ladder) -> Estimate | None:
    """The rung with units as a draw; None where they are no draw."""
    return next((rung for rung in ladder.rungs if rung.rung == "drawn"), None)


def decision(sheet: pd.DataFrame, ladder: Ladder | None, said: Said) -> Text:
    """What to do with the table: where safety cases lie open, whose units differ, how many answers a target needs."""
    parts, differ, names = [], sheet["differ"].eq(True), said.names
    safety = sheet[sheet["safety"].fillna(0) > 0]
    if len(safety):
        cases = [say("{g} {n} 件", "{g} ({n})", g=names.title(row["group"]), n=int(row["safety"])) for _, row in safety.iterrows()]
        parts.append(say("先处理还开着的安全工单：{l}。", "Settle open safety cases first: {l}.", l=listed(cases)))
    if ladder is not None and (drawn := _drawn(ladder)) is not None and not drawn.value:
        parts.append(_no_prize(said, any_differ=bool(differ.any())))
    if differ.any():
        parts.append(say("{n} 组里有 {k} 组，{u}之间有真差别：先在组内互相学。",
                         "Within {k} of {n} groups, {u} truly differ: let them learn from each other there first.",
                         n=int(sheet["differ"].notna().sum()), k=int(differ.sum()), u=names.units))
    needed = sheet["needed"].dropna()
    if len(needed):
        parts.append(say("要看出一个值得行动的变化，每期每组约要 {a} 到 {b} 份回答。",
                         "To detect a change worth acting on, a group needs about {a} to {b} answers per period.", a=rounded_up(int(needed.min())),
                         b=rounded_up(int(needed.max()))))
    return joined(*parts) if parts else Text("按需要再看。", "Look again when needed.")


def _no_prize(said: Said, *, any_differ: bool) -> Text:
    """No pair would hold with other units. That units differ instead is said only where every group was asked and units were seen to differ."""
    some = {"g": said.names.groups, "u": said.names.units, "m": said.sizes.pairs("drawn"), "k": len(said.sizes.left)}
    if said.sizes.left:
        return say("不要按名次奖惩：换一批{u}也成立的高低，{m} 对里一对也没有；另有 {k} 组{u}太少，没有问。",
                   "Do not reward or punish by rank: with other {u}, none of {m} {m:pair|pairs} would hold, and {k} {k:group|groups} with too "
                   "few {u} could not be tested.", **some)
    if any_differ:
        return say("不要按{g}的名次奖惩：看得出的差别在{u}，不在{g}。",
                   "Do not reward or punish by rank: the differences that can be seen are between {u}, not between {g}.", **some)
    return say("不要按{g}的名次奖惩：换一批{u}，{g}之间分不出高低。",
               "Do not reward or punish by rank: with other {u}, the {g} could not be distinguished.", **some)


def clusters(unassigned: int, names: Names, *, clustered: bool) -> Check:
    """Whether customers of one unit were allowed to resemble each other."""
    if names.are_units:
        return Check(Text("各份回答当作独立", "Answers are treated as independent"), None,
                     say("比的就是{u}本身，不问换一批{u}会怎样。", "The {u} themselves are compared; other {u} are not asked about.", u=names.units))
    if not names.is_placed:
        return Check(Text("同一位客户的几次回答相像", "Answers of one customer resemble each other"), None,
                     Text("没有一份回答写明来自哪家，所以只按客户成组。", "No answer names a place, so only answers of one customer are grouped."))
    name = say("同一{z}的客户相像，“换一批{u}”算进去了", "Customers of one place resemble each other: the ranks with other {u} allow for it",
               u=names.units, z=names.units.zh)
    if clustered:
        return Check(name, True, say("第二列名次把{u}当作抽样来算。", "The second column of ranks treats {u} as a sample.", u=names.units))
    return Check(name, None, say("{n} 份回答不知道来自哪里，所以各份回答当作独立，不问换一批{u}会怎样。",
                                 "{n} {n:answer names|answers name} no place, so answers are taken as independent, with no question about other {u}.",
                                 n=unassigned, u=names.units))


def refused(without: Sequence[str], total: int, sizes: Sizes, names: Names) -> Check:
    """Which groups could not be compared at all, and which not with other units."""
    name = Text("有几组没法比", "Groups excluded")
    lacking = listed(names.title(n) for n in without)
    told = [] if not without and sizes.left else [
            say("{n} 组都比了。", "All {n} groups were compared.", n=total) if not without else
            say("{n} 组里有 {k} 组回答太少，没有比。", "{k} of {n} groups have too few answers to be compared.", n=total, k=len(without))
            if len(without) > 6 else say("回答太少，没有比：{l}。", "Too few answers to be compared: {l}.", l=lacking)]
    if sizes.left:
        few = say("{k} 组", "{k} groups", k=len(sizes.left)) if len(sizes.left) > 6 else listed(names.title(n) for n in sizes.left)
        told.append(say("{n} 组按现有{u}比了；其中 {l} 的{u}太少或太不均匀，没有问换一批会怎样。",
                        "{n} groups were compared by their current {u}; in {l}, these are too few or too uneven to ask about others.",
                        u=names.units, l=few, n=sizes.fixed))
    detail = joined(*told)
    return Check(name, None if without or sizes.left else True, detail)


def dealers(k: int, n: int, names: Names) -> Check:
    """Whether units differ within groups."""
    name = say("组内的{u}之间有没有真差别", "Whether {u} differ within groups", u=names.units)
    if not n:
        return Check(name, None, say("看不了：没有一组有五家回答够多的{u}。", "Cannot be judged: no group has five {u} with enough answers.",
                                     u=names.units))
    return Check(name, None, say("{n} 组里有 {k} 组，{u}之间的差别大过偶然（把客户重新随机分到各家去比）。",
                                 "In {k} of {n} groups, {u} differ by more than chance (compared with customers assigned to them at random).", n=n,
                                 k=k, u=names.units))


def respondents() -> Check:
    """That only those who answered are ranked."""
    return Check(Text("只看作答者", "Respondents only"), None,
                 Text("没有把不作答的人补回来；整体差多少见 21-survivorship。",
                      "Customers who never answered are not added back; 21-survivorship shows how much that matters overall."))


def sheet(found: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The sheet as a table prints it."""
    rows = [{"group": names.title(row["group"]), "score": with_interval(row["score"], absent=TOO_FEW), "fixed": _rank(row["fixed"]),
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
    return Text("有", "Yes") if told else Text("看不出", "Not clear")


COUNTS = ("n", "needed", "dealers", "open", "safety")


def _tells(column: pd.Series) -> bool:
    """Whether a column holds anything but dashes."""
    return any(cell is not None and cell == cell and cell != DASH for cell in column)


def _rungs(ladder: Ladder, names: Names) -> dict[str, tuple[Text, Text]]:
    few = {"u": names.units}
    known = {
        "alone": (Text("一对一对单独检验", "Each pair on its own"), Text("榜单上的星号", "The stars of a league table")),
        "together": (Text("所有对一起看", "All pairs at once"), Text("对多了，总有几对碰巧", "Of many pairs, some differ by chance")),
        "kept": (say("只留{u}够多的组", "Groups with enough {u} only", **few),
                 Text("其余的组，下一步问不了", "The next step cannot be asked of the others")),
        "drawn": (say("换一批{u}也成立", "With other {u} too", **few), say("差别在组，还是在这几家{u}", "Is it the group, or these {u}?", **few)),
    }
    return {one.rung: known[one.rung] for one in ladder.rungs}


def _ladder(ladder: Ladder, sizes: Sizes, names: Names) -> dict[str, Any]:
    """Beside every rung how many groups and pairs it looks at, since not all look at the same."""
    beneath = {one.rung: say("{g} 组、{m} 对", "{g} groups, {m} {m:pair|pairs}", g=sizes.groups(one.rung), m=sizes.pairs(one.rung))
               for one in ladder.rungs}
    title = say("一对一对看，{a} 对不同；所有对一起看，{b} 对", "Pair by pair, {a} differ; with all pairs at once, {b}", a=int(ladder["alone"].value),
                b=int(ladder["together"].value))
    return {"title": title, "labels": _rungs(ladder, names), "beneath": beneath, "subtitle": Text("精确计数", "Exact counts")}


def captions(sizes: Sizes, ladder: Ladder | None, groups: Sequence[str], in_time: Sequence[Estimate], names: Names, printed: pd.DataFrame,
             period: Text) -> dict[str, Any]:
    """Titles and notes of the figures."""
    labels = {name: names.title(name) for name in [*groups, *(e.group for e in in_time)]}
    bars = Text("谁高于谁，看上面表里的名次范围，不看横条重不重叠",
                "judge who is above whom by the ranks in the table above, not by whether bars overlap")
    customers = say("{s} 的回答；{b}", "Answers from {s}; {b}", s=period, b=bars) if names.are_units or not names.is_placed else \
        say("{s}，现有{u}的客户；{b}", "Customers of the current {u}, {s}; {b}", s=period, b=bars, u=names.units)
    apart = say("20-scores 看全部时期，并把{u}当作抽样，所以那里同一组的数不同，区间也更宽。",
                "20-scores covers all periods and treats {u} as a sample, so its numbers differ and its intervals are wider.", u=names.units)
    return {
        "scores": {"title": Text("每组的分数与区间", "Score and interval of each group"), "labels": labels, "subtitle": customers}
        | ({"note": apart} if sizes.drawn else {}),
        "ladder": {} if ladder is None else _ladder(ladder, sizes, names),
        "sheet": _sheet(sizes, names, printed),
        "in_time": {"title": Text("接住投诉一样快吗？工单按时解决的占比，还开着的也算",
                                  "Are complaints settled equally fast? Share of cases settled in time, open ones included"),
                    "labels": labels, "subtitle": say("按{u}所在的组；横条是区间", "By the group of the {u}; bars are intervals",
                                               u=names.units if names.is_placed else Text("客户", "customers"))},
    }


def _sheet(sizes: Sizes, names: Names, printed: pd.DataFrame) -> dict[str, Any]:
    columns = {"group": names.compared, "score": Text("分数", "Score"),
               "fixed": say("真实名次（{n} 组里）", "True rank (of {n})", n=sizes.fixed),
               "drawn": say("换一批{u}的名次（{n} 组里）", "Rank with other {u} (of {n})", n=sizes.drawn, u=names.units),
               "n": Text("回答", "Answers"), "needed": Text("要多少份", "Needed"), "dealers": Text(names.units.zh, names.units.en.capitalize()),
               "differ": say("{u}之间有真差别", "{d} truly differ", u=names.units, d=names.units.en.capitalize()),
               "open": Text("开着的工单", "Open cases"), "safety": Text("其中安全", "Of which safety")}
    counted = names.is_placed and not names.are_units
    told = [name for name in columns if _tells(printed[name]) and (counted or name != "dealers")]
    ranges = Text("名次的范围对所有组同时成立；“要多少份”是看出一个值得行动的变化，每期需要的回答",
                  "Rank ranges hold for all groups at once; “needed”: answers per period needed to detect a change worth acting on")
    more = say("先看真实名次有多宽，再看换一批{u}之后还剩多少。", "See how wide the true ranks are, then what is left with other {u}.",
               u=names.units)
    return {"title": Text("名次只能说到这个程度", "Ranks can be stated only this precisely"), "subtitle": ranges,
            "columns": {name: columns[name] for name in told}, "formats": {name: "exact" for name in COUNTS if name in told}} \
        | ({"note": more} if "drawn" in told else {})
