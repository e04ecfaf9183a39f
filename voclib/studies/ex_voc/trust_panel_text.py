"""What is said of the public panel of hospitals, in both languages: faults found, roles of columns, where every row went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from voclib.results import Check, Text
from voclib.sentences import listed, say

if TYPE_CHECKING:
    from voclib.studies.ex_voc.trust_panel import Displaced

LABELS = {
    "Engagement.Index": Text("投入度", "engagement"), "RecommendWork.Index": Text("推荐工作", "recommending work"),
    "RecommendCare.Index": Text("推荐就医", "recommending care"), "WorkStress.Index": Text("工作压力", "stress"),
    "Survey.clinical.proportion": Text("临床人员占比", "the clinical share"), "SHMI.Index": Text("SHMI", "SHMI"),
}


class Finding(NamedTuple):
    """One fault: the columns, the count that must be above zero for it to be told ("" always), and both texts as (zh, en) with places for counts."""

    column: Text
    when: str
    found: tuple[str, str]
    done: tuple[str, str]


ALL = Text("全表", "The whole table")
SHMI = Text("SHMI.Index", "SHMI.Index")
EX = Text("Engagement.Index", "Engagement.Index")

FINDINGS = (
    Finding(ALL, "", (
        "没有一栏是患者说的话。SHMI 是死亡人数与预期之比：1 为如预期，越高越差。“RecommendCare” 由员工填写",
        "No column records what a patient said. SHMI is deaths divided by expected deaths: 1 is as expected, higher is worse. “RecommendCare” is "
        "filled in by employees"), (
        "结果用 SHMI，并写明它不是客户的声音", "SHMI is used as the outcome, and stated not to be a customer's voice")),
    Finding(Text("RecommendCare、RecommendWork", "RecommendCare, RecommendWork"), "agree", (
        "两项推荐出自同一份问卷、同一批员工；同一年里 r = {same_source:.2f}",
        "Both recommendations come from the same questionnaire and the same employees; within a year r = {same_source:.2f}"), (
        "都不当结果：那是拿问卷与它自己比", "Neither is used as an outcome: that would compare a questionnaire with itself")),
    Finding(Text("SHMI.before", "SHMI.before"), "before_same", (
        "能与上一年那一行核对的有 {before_rows} 行，{before_same} 行一字不差；另有 {before_older} 行说的是该医院首行之前的一年",
        "{before_rows} rows can be checked against the previous year's row, and {before_same} repeat its SHMI exactly; {before_older} more refer "
        "to the year before the trust's first row"), (
        "不作解释变量：它就是上一年的结果", "Not used as an explanatory variable: it is last year's outcome")),
    Finding(Text("SHMI.before", "SHMI.before"), "before_differs", (
        "有 {before_differs} 行与上一年那一行的 SHMI 不同", "{before_differs} rows differ from the SHMI in the previous year's row"), (
        "以上一年那一行为准", "The previous year's row takes precedence")),
    Finding(Text("Engagement.Index", "Engagement.Index"), "jump", (
        "{jump_from} 到 {jump_to} 年，全国均值一步变了 {jump_by}，{jump_of} 家里 {jump_with} 家同向；其余年份最多 {jump_next:.3f}，"
        "各家之间的标准差是 {jump_spread:.3f}。变的像是问卷，不是医院",
        "From {jump_from} to {jump_to} the national mean moved by {jump_by} in one step, {jump_with} of {jump_of} trusts moving the same way; the "
        "next largest step is {jump_next:.3f}, the SD between trusts {jump_spread:.3f}. It looks as if the questionnaire changed, not the "
        "hospitals"), (
        "只在同一年内比较；刻度若也变了，看不出", "Compared only within a year; whether the scale changed too cannot be seen")),
    Finding(Text("Responses", "Responses"), "doubled", (
        "每行 {n_least} 到 {n_most} 份答卷，中位数由 {n_first} 到 {n_last}；{doubled_units} 家有 {doubled} 次一年翻倍以上，"
        "另有 {shrunk} 次减半：像是抽样变成普查，又变回来。标准误可差 {finer:.0f} 倍；各家之间的标准差由 {spread_first:.3f} 到 {spread_last:.3f}",
        "{n_least} to {n_most} answers per row, with the median going from {n_first} to {n_last}; in {doubled_units} trusts they at least doubled "
        "within a year {doubled} times, and {shrunk} times they halved, as if a sample had become a census and back. Standard errors differ up "
        "to {finer:.0f}-fold; the SD between trusts goes from {spread_first:.3f} to {spread_last:.3f}"), (
        "答卷数随行交给研究，用来扣除测量误差", "The number of answers goes into the study with every row, to remove measurement error")),
    Finding(Text("日期", "Dates"), "undated", (
        "没有一栏是日期：调查何时进行、SHMI 指哪十二个月，文件都没有说",
        "No column is a date: the file does not say when employees were asked or which twelve months SHMI covers"), (
        "同一年里分不出先后；只用来年的 SHMI 对今年的回答",
        "Within a year nothing says what came first; answers are compared only with the next year's SHMI")),
    Finding(SHMI, "level", (
        "每年的均值都在 {mean_low:.3f} 与 {mean_high:.3f} 之间：尺子每年重校，全体的进步看不见",
        "Every year's mean lies between {mean_low:.3f} and {mean_high:.3f}: the yardstick is recalibrated each year, so overall progress is "
        "invisible"), (
        "只读同一年里各家之间的差别", "Only differences between trusts in the same year are read")),
    Finding(SHMI, "uncounted", (
        "没有死亡人数，也没有预期人数：一年之间变动的标准差是 {step_outcome:.3f}，各家之间是 {spread_outcome:.3f}，其中多少是偶然，无从知道",
        "Neither deaths nor expected deaths are given: year-to-year changes have an SD of {step_outcome:.3f}, trusts one of "
        "{spread_outcome:.3f}, and how much of this is chance cannot be known"), (
        "误差由数据估计，按医院聚类；结果不加权", "Errors are estimated from the data, clustered by trust; the outcome is not weighted")),
    Finding(SHMI, "echo", (
        "相邻两次年变动同向（r = {echo_r:.2f}）：各年的十二个月可能有重叠",
        "Consecutive yearly changes move in the same direction (r = {echo_r:.2f}): the twelve-month windows may overlap"), (
        "短于重叠的滞后不算证据", "A lag shorter than the overlap is not evidence")),
    Finding(SHMI, "kept", (
        "结果一行不缺，调查却缺 {no_survey} 行：没有结果的行多半早已删去",
        "The outcome is never missing, but the survey is in {no_survey} rows: rows without an outcome were most likely removed earlier"), (
        "只代表有 SHMI 的医院", "Represents only trusts with an SHMI")),
    Finding(SHMI, "no_outcome", (
        "{no_outcome} 行没有结果", "{no_outcome} rows have no outcome"), (
        "保留空缺，由研究剔除并计数", "Left empty; the study excludes and counts them")),
    Finding(EX, "blank_years", (
        "{blank_names} 年一份调查也没有", "In {blank_names} there is no survey at all"), (
        "这些年只有结果，没有暴露", "These years have an outcome but no exposure")),
    Finding(EX, "no_survey", (
        "{no_survey} 行没有员工调查，其中 {silent_rows} 行属于从未有过调查的医院（{silent} 家）",
        "{no_survey} rows have no employee survey, {silent_rows} of them in trusts that never had one ({silent})"), (
        "保留空缺，由研究剔除并计数", "Left empty; the study excludes and counts them")),
    Finding(Text("WorkStress、Recommend*", "WorkStress, Recommend*"), "partial", (
        "{partial} 行有投入度，却缺压力、推荐或临床占比", "{partial} rows have engagement but lack stress, a recommendation or the clinical share"), (
        "保留空缺，不填补", "Left empty, not filled in")),
    Finding(Text("Code", "Code"), "came_or_went", (
        "{units} 家里只有 {complete} 家 {years} 年都在；{early} 家提前消失，{late} 家后来才有",
        "Only {complete} of {units} trusts are present in all {years} years; {early} disappear early, {late} appear later"), (
        "消失的留在里面", "Those that disappeared are kept")),
    Finding(Text("Code", "Code"), "absorbed", (
        "消失的比新来的多 {absorbed} 家：它们多半并入了别家，别家的代码不变，前后是否同一家看不出",
        "{absorbed} more disappear than appear: most were probably merged into others that kept their code, and whether those are still the same "
        "trust cannot be seen"), (
        "不替任何医院合并", "No trusts are merged by hand")),
    Finding(Text("Year.Index", "Year.Index"), "gaps", (
        "{gap_units} 家中途缺了 {gaps} 年", "{gaps} years are missing mid-series in {gap_units} trusts"), (
        "滞后按年份对，不按行对", "Lags are matched by year, not by row")),
    Finding(Text("HEE.region.name", "HEE.region.name"), "placeless", (
        "{placeless} 家（{placeless_rows} 行）没有地区，其中 {placeless_partial} 家提前消失或后来才有",
        "{placeless} trusts ({placeless_rows} rows) have no region; {placeless_partial} of them disappear early or appear later"), (
        "地区留空，不因此剔除：否则只剩活下来的", "The region stays empty and no trust is excluded for it: otherwise only survivors would be left")),
    Finding(Text("HEE.region.name", "HEE.region.name"), "moved_region", (
        "{moved_region} 家换过地区", "{moved_region} trusts changed region"), (
        "照原样保留", "Kept as it is")),
    Finding(Text("HEE.region.code", "HEE.region.code"), "shared_codes", (
        "{region_codes} 个代码对 {regions} 个地区：{shared_codes} 个代码出现在不止一个地区，{split_regions} 个地区有不止一个代码",
        "{region_codes} codes for {regions} regions: {shared_codes} codes appear in several regions, {split_regions} regions have several codes"), (
        "不用代码，用名称", "The name is used, not the code")),
    Finding(Text("HEE.region.code", "HEE.region.code"), "dragged", (
        "{dragged} 个地区里 {dragged_units} 家各有一个代码，按名称的字母顺序递增：像是在表格里往下拖出来的",
        "In {dragged} regions each of {dragged_units} trusts has its own code, rising in alphabetical order of name, as if dragged down a "
        "spreadsheet"), (
        "不用", "Not used")),
    Finding(Text("Name", "Name"), "renamed", (
        "{renamed} 家在同一代码下换过名称", "{renamed} trusts changed name under the same code"), (
        "以代码为准", "The code takes precedence")),
    Finding(Text("Name", "Name"), "shared_names", (
        "{shared_names} 个名称对应不止一个代码", "{shared_names} names belong to more than one code"), (
        "以代码为准，不按名称合并", "The code takes precedence; none are merged by name")),
    Finding(EX, "thirds", (
        "{thirds} 行都是百分之一的三分之一的整数倍：三个题先各自取整，再求平均；是哪三题，文件没有说。取整的标准差 {rounding:.4f}，"
        "逐年变动的是 {step_ex:.3f}",
        "All {thirds} values are multiples of a third of a hundredth: three questions were rounded and then averaged; the file does not say which "
        "three. Rounding has an SD of {rounding:.4f}, year-to-year changes one of {step_ex:.3f}"), (
        "照用；不叫官方的投入度指数", "Used as it is; not called the official engagement index")),
    Finding(Text("WorkStress、临床占比", "WorkStress, clinical share"), "coarse", (
        "取整到百分点：压力只有 {stress_values} 种值，临床占比 {clinical_values} 种",
        "Rounded to whole percentages: stress takes only {stress_values} values, the clinical share {clinical_values}"), (
        "照用", "Used as they are")),
    Finding(Text("*.dichot", "*.dichot"), "halved", (
        "{halved} 栏是另一栏按高低折成的占比（r = {halved_low:.2f} 到 {halved_high:.2f}）：{halved_names}",
        "{halved} columns restate another column as a share of high answers (r = {halved_low:.2f} to {halved_high:.2f}): {halved_names}"), (
        "不用：同一个回答不数两遍", "Not used: the same answer is not counted twice")),
    Finding(Text("North*", "North*"), "north", (
        "{north} 栏由地区名称推得：{north_names}", "{north} columns are derived from the region's name: {north_names}"), (
        "不用", "Not used")),
    Finding(Text("空栏", "Empty columns"), "empty", (
        "没有一个值的栏：{empty_names}", "Columns without a single value: {empty_names}"), (
        "不用", "Not used")),
    Finding(Text("不变的栏", "Constant columns"), "constant", (
        "从头到尾只有一个值（{constant_values}）：{constant_names}。看着像得分，多半是没有问",
        "Only one value ({constant_values}): {constant_names}. It looks like a score, but the question was most likely not asked"), (
        "不用", "Not used")),
)

ROLES = {
    "exposure": Text("暴露", "Exposure"), "outcome": Text("结果", "Outcome"), "precision": Text("精度", "Precision"), "key": Text("键", "Key"),
    "group": Text("分组", "Grouping"), "care": Text("慎用", "With care"), "past": Text("不用：上一年的结果", "Not used: last year's outcome"),
    "same": Text("不用：同一来源", "Not used: same source"), "copy": Text("不用：抄自别栏", "Not used: a copy"),
    "constant": Text("不用：没有变化", "Not used: does not vary"), "broken": Text("不用：填错了", "Not used: filled in wrongly"),
    "person": Text("不用：会认出医院", "Not used: identifies a trust"),
}


class Column(NamedTuple):
    """What a column may be used for: the count that must be above zero for it to be told ("" always), and the reason as (zh, en)."""

    column: Text
    role: str
    when: str
    reason: tuple[str, str]


COLUMNS = (
    Column(EX, "exposure", "", ("员工的回答，1–5 分", "Employees' answers, 1–5")),
    Column(SHMI, "outcome", "", (
        "来自住院记录，不来自问卷；越高越差", "From hospital records, not from a questionnaire; higher is worse")),
    Column(Text("Responses", "Responses"), "precision", "", (
        "投入度有多准，由它定；不是医院的大小", "Determines how precise engagement is; it is not the size of the trust")),
    Column(Text("Code、Year.Index", "Code, Year.Index"), "key", "", (
        "代码换成序号，年份从 0 数起", "Codes become running numbers, years count from 0")),
    Column(Text("HEE.region.name", "HEE.region.name"), "group", "", (
        "逐个剔除地区时用；{placeless} 家没有", "For leaving out one region at a time; {placeless} trusts have none")),
    Column(Text("Survey.clinical.proportion", "Survey.clinical.proportion"), "care", "", (
        "说的是谁作答，不是谁在岗；与投入度同时得到", "Says who answered, not who works there; collected together with engagement")),
    Column(Text("WorkStress.Index", "WorkStress.Index"), "care", "", (
        "另一种员工体验，同一批人、同一天：可作另一暴露，不作控制变量",
        "Another experience of the same employees on the same day: usable as another exposure, not as a control")),
    Column(Text("RecommendWork、RecommendCare", "RecommendWork, RecommendCare"), "same", "", (
        "与投入度出自同一份问卷", "From the same questionnaire as engagement")),
    Column(Text("SHMI.before", "SHMI.before"), "past", "before_same", (
        "{before_same} 行就是上一年的 SHMI；与“每家医院一个常数”同用，斜率会算偏",
        "The previous year's SHMI in {before_same} rows; together with a constant for every trust it would bias the slope")),
    Column(Text("*.dichot", "*.dichot"), "copy", "halved", (
        "r = {halved_low:.2f} 到 {halved_high:.2f}", "r = {halved_low:.2f} to {halved_high:.2f}")),
    Column(Text("North*", "North*"), "copy", "north", ("由地区名称推得", "Derived from the region's name")),
    Column(Text("HEE.region.code", "HEE.region.code"), "broken", "shared_codes", (
        "{shared_codes} 个代码出现在不止一个地区", "{shared_codes} codes appear in several regions")),
    Column(Text("Name", "Name"), "person", "", ("不离开程序", "Never leaves the program")),
    Column(Text("空栏", "Empty columns"), "constant", "empty", ("{empty_names}", "{empty_names}")),
    Column(Text("不变的栏", "Constant columns"), "constant", "constant", ("{constant_names}", "{constant_names}")),
)

FAULTS_HEAD = {"column": Text("哪一栏", "Columns"), "found": Text("看到什么", "What was found"), "done": Text("怎么处理", "What is done")}
ROLES_HEAD = {"column": Text("哪一栏", "Columns"), "role": Text("用作什么", "Used as"), "reason": Text("为什么", "Why")}


def captions(counts: Mapping[str, Any], faults: int) -> dict[str, dict[str, Any]]:
    """Title, subtitle and columns of the two tables."""
    about = say("英国公立医院 {units} 家，{first}–{last} 年，{rows} 行", "{units} English hospital trusts, {first}–{last}, {rows} rows", **counts)
    title = say("先看文件，再谈数字：{n} 处要说清楚", "First the file: {n} things to know before any number", n=faults)
    return {
        "faults": {"title": title, "subtitle": about, "columns": FAULTS_HEAD},
        "roles": {"title": Text("哪些栏能用，哪些不能", "Which columns may be used and which may not"), "subtitle": about, "columns": ROLES_HEAD},
    }


def _listed(columns: Sequence[str]) -> Text:
    names = [LABELS[c] for c in columns]
    return listed(names)


def signed(x: float, digits: int = 2, plus: str = "") -> str:
    """A number with a proper minus sign, and a plus where asked for."""
    return f"{x:{plus}.{digits}f}".replace("-", "−")


def displaced(one: Displaced) -> tuple[Text, Text, Text]:
    """A year whose columns stand beside the wrong trusts, as a row of the table of faults: columns, found, done."""
    stays = [c for c, r in one.inside.items() if c not in one.moved and r == r]  # without a correlation a column is not vouched for
    values: dict[str, Any] = {"year": str(one.year), "anchor": LABELS[one.anchor], "beside": signed(one.beside), "across": signed(one.across),
                              "n": one.n, "of": one.of, "moved": _listed(one.moved), "stays": _listed(stays)}
    parts = [say(
        "{year} 年的“{anchor}”与前后两年只有 r = {beside}，前后两年彼此却有 {across}；{of} 家里 {n} 家的数字更像别家的",
        "In {year}, {anchor} agrees with the years before and after only at r = {beside}, but those two years agree with each other at {across}; "
        "in {n} of {of} trusts the numbers fit another trust better than their own", **values)]
    if one.inside[one.anchor] == one.inside[one.anchor]:
        values |= {"lost": signed(max(one.inside[c] for c in one.moved)), "usual": signed(min(one.outside[c] for c in one.moved))}
        parts.append(say("。在这 {n} 家，{moved}与自己的前后两年对不上（r 最高 {lost}，别家至少 {usual}）",
                         ". In these {n}, {moved} do not fit their own adjacent years (r at most {lost}, elsewhere at least {usual})", **values))
        if stays:
            values["kept"] = signed(min(one.inside[c] for c in stays))
            parts.append(say("，{stays}却对得上（至少 {kept}）", ", while {stays} do (at least {kept})", **values))
    parts.append(Text("：数字填到了别家医院名下", ": the numbers were entered against other trusts"))
    done = say("哪些行错了说不准：{moved}在 {year} 年整年搁置", "Which rows are wrong cannot be established: {moved} for {year} are set aside",
               **values)
    return Text("、".join(one.moved), ", ".join(one.moved)), Text("".join(t.zh for t in parts), "".join(t.en for t in parts)), done


IN_PLACE = {
    "Engagement.Index": Text("投入度都在自己医院名下", "Engagement is recorded against the right trusts"),
    "SHMI.Index": Text("SHMI 都在自己医院名下", "SHMI is recorded against the right trusts"),
    "WorkStress.Index": Text("工作压力都在自己医院名下", "Stress is recorded against the right trusts"),
}


def in_place(column: str, found: Sequence[Displaced]) -> Check:
    """Whether a column of the panel stands beside its own trusts in every year that can be judged; `found` are the years where it does not."""
    if not found:
        return Check(IN_PLACE[column], True, Text("中间各年都与前后两年对得上；首年和末年无从判断。",
                                                  "Every middle year fits the years before and after it; the first and last cannot be judged."))
    years = ", ".join(str(one.year) for one in found)
    detail = say("{years} 年的数字填到了别家医院名下。", "The numbers for {years} were entered against other trusts.", years=years)
    return Check(IN_PLACE[column], False, detail,
                 say("{years} 年的这一栏搁置。", "The column is set aside for {years}.", years=years))


DROPPED = {
    "no_outcome": ("{n} 行没有结果", "{n} have no outcome"),
    "too_early": ("{n} 行在{start}", "{n} fall in {start}"),
    "no_row": ("{n} 行的医院在{ago}没有记录", "{n} belong to trusts without a row {ago}"),
    "no_exposure": ("{n} 行在{ago}没有员工调查", "{n} have no survey {ago}"),
}
AGO = {0: Text("同一年", "in the same year"), 1: Text("上一年", "the year before")}


def accounted(rows: int, used: int, dropped: Mapping[str, int], lag: int) -> Check:
    """The sum of rows, in words; it fails if rows are lost or counted twice."""
    ago = AGO.get(lag) or say(" {lag} 年前", "{lag} years before", lag=lag)
    start = say("最初 {lag} 年", "the first {lag} years", lag=lag) if lag > 1 else Text("首年", "the first year")
    parts = [say(*DROPPED[name], n=n, ago=ago, start=start) for name, n in dropped.items() if n]
    left = sum(dropped.values())
    total = used + left
    detail = say("文件 {rows} 行 = 使用 {used} 行 + 不用 {left} 行", "{rows} rows in the file = {used} used + {left} not used",
                 rows=rows, used=used, left=left)
    listed = Text("：" + "，".join(t.zh for t in parts), ": " + ", ".join(t.en for t in parts)) if parts else Text("", "")
    consequence = None if total == rows else say("差 {n} 行，不出数字。", "{n} rows are unaccounted for; no number is given.", n=abs(rows - total))
    return Check(Text("每一行都有去处", "Every row is accounted for"), total == rows, Text(f"{detail.zh}{listed.zh}。", f"{detail.en}{listed.en}."),
                 consequence)
