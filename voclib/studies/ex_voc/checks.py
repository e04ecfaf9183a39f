"""The gates of the EX–VoC study in words: what was checked, what was found, what a failure changes."""

from __future__ import annotations

import numpy as np

from voclib.results import Check, Text, Verdict
from voclib.sentences import capital
from voclib.stats import inference
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit
from voclib.studies.ex_voc import text as words
from voclib.studies.ex_voc.panel import ExPanel
from voclib.studies.ex_voc.rungs import Rungs
from voclib.studies.ex_voc.text import say

CAPPED = Text("证据等级最高为 1：只能说“伴随”。", "Evidence is capped at level 1: you can only say that the two go together.")
CAVEAT = Text("可以引用，但要带上这一条。", "It may be quoted, but together with this point.")
NO_SLOPE = Text("不给斜率。", "No slope is given.")
NOT_ASSESSED = Text("按“有前提可用”封顶，证据等级最高为 1。", "The verdict is at best “Use with care”, and evidence is capped at level 1.")
AGREE = 1e-8
PLACEBOS = 4  # the way back, what employees cannot touch, who answers, employees elsewhere


def checks(rungs: Rungs, gates: Gates) -> dict[str, Check]:
    """Every gate by name; thresholds stand in voclib/stats/gates.yml."""
    found = {"rows": _rows(rungs), "clusters": _clusters(rungs, gates), **_measurement(rungs, gates), "sizes": _sizes(rungs, gates)}
    found |= {"people": _people(rungs)} if rungs.taken_off is not None else {}
    found |= {"controls": _controls(rungs)} if rungs.left_out else {}
    found |= {} if rungs.panel.repeated is None else {"repeated": rungs.panel.repeated}
    found |= {"leads": _leads(rungs), "equivalence": _equivalence(rungs), "way_back": _way_back(rungs), "hidden": _hidden(rungs)}
    other = {"untouched": (rungs.untouched, _untouched), "selection": (rungs.selection, _selection), "elsewhere": (rungs.elsewhere, _elsewhere)}
    found |= {name: told(rungs.scaled(fit), rungs.panel) for name, (fit, told) in other.items() if fit is not None}
    return found | {"lags": _lags(rungs), "libraries": _libraries(rungs)}


def verdict(rungs: Rungs, found: dict[str, Check]) -> Verdict:
    """The strictest that gates and the inference policy ask for."""
    if found["mean"].passed is False and found["mean"].consequence is NO_SLOPE or rungs.chosen.conf_low is None:
        return Verdict.REFUSE
    caveats = [c for name,
               c in found.items() if name not in ("hidden",) and (c.passed is False or c.passed is None and c.consequence is NOT_ASSESSED)]
    return Verdict.worst([rungs.chosen.policy.best, Verdict.REPORT_WITH_CAVEAT if caveats or level(rungs, found) < 2 else Verdict.REPORT])


def level(rungs: Rungs, found: dict[str, Check]) -> int:
    """2 where the exposure is shown to come first and nothing that had to be assessed was not; else 1."""
    assessed = all(found[name].passed for name in ("level", "mean", "change"))
    placebos = all(found[name].passed for name in ("untouched", "elsewhere") if name in found)
    is_ordered = rungs.panel.is_by_contact and rungs.direction is not None and rungs.direction.precedes
    return 2 if assessed and placebos and is_ordered else 1


def _rows(rungs: Rungs) -> Check:
    """Every row of the panel is used or left out for a reason."""
    rows = rungs.main.rows
    said = say("面板 {all} 行 = 用上 {n} 行 + 没有结果 {outcome} 行 + 滞后期没有{e} {exposure} 行 + 没有在案因素 {control} 行 + 只剩一行的{u} "
               "{alone} 行。",
               "The panel's {all} rows = {n} used + {outcome} without an outcome + {exposure} without {e} at the lag + {control} without a recorded "
               "factor + {alone} that are the only row of their {u}.",
               all=len(rungs.panel.frame), n=len(rows.y), e=rungs.panel.exposure, u=rungs.panel.unit_name,
               **{name: rows.dropped[name] + (rows.dropped["sampling"] if name == "outcome" else 0) for name in ("outcome", "exposure", "control",
                                                                                                                 "alone")})
    return Check(Text("每一行都有去向", "Every row is accounted for"), len(rungs.panel.frame) == len(rows.y) + rows.n_dropped, said)


def _clusters(rungs: Rungs, gates: Gates) -> Check:
    rows, policy = rungs.main.rows, rungs.chosen.policy
    said = say("{g} 个{u}、{t} 期、{n} 个格子；误差按{u}成组，方法：{m}。", "{g} {u}s, {t} periods, {n} cells; errors are clustered by {u}: {m}.",
               g=rungs.main.n_clusters, t=len(rows.periods), n=len(rows.y), u=rungs.panel.unit_name, m=words.method(rungs.chosen))
    enough = rungs.main.n_clusters >= gates.min_stores and len(rows.periods) >= gates.min_periods - rungs.lag
    return Check(say("{u}与期数够多", "Enough {u}s and periods", u=rungs.panel.unit_name), enough and policy.p_values, said,
                 CAVEAT if policy.p_values else NO_SLOPE)


def _controls(rungs: Rungs) -> Check:
    """Controls of which nothing can be learnt."""
    said = say("没有用上的在案因素：{c}。它们在{u}内从不变化、没有数，或与别的列重复。",
               "Recorded factors left out: {c}. Within {u}s they never change, hold no numbers, or repeat another column.",
               c=words.controls(rungs.left_out), u=rungs.panel.unit_name)
    return Check(Text("在案因素用得上", "Recorded factors can be used"), None, said)


def unseen(panel: ExPanel, reason: Text) -> Check:
    """The one check of a panel that carries no change."""
    return Check(say("看得出{u}内的变化", "Change within a {u} can be seen", u=panel.unit_name), False, reason, NO_SLOPE)


def _measurement(rungs: Rungs, gates: Gates) -> dict[str, Check]:
    """Reliability of the survey, or that it cannot be assessed."""
    u = rungs.panel.unit_name
    named = {"level": say("同一{u}的员工看法相近", "Employees of one {u} hold similar views", u=u),
             "mean": say("{u}的均值够可靠", "A {u}'s mean is reliable enough", u=u), "change": say("{u}内的变化测得出",
                                                                                            "Change within a {u} can be measured", u=u)}
    if rungs.measured is None:
        return {name: Check(title, None, words.NOT_KNOWN, NOT_ASSESSED) for name, title in named.items()}
    found, change = rungs.measured.level, rungs.measured.change
    level = say("ICC(1) {a:.3f}（{b:.3f}–{c:.3f}）；把员工随机分到假{u}，95% 的情形不超过 {d:.3f}。",
                "ICC(1) is {a:.3f} ({b:.3f}–{c:.3f}); with employees randomly assigned to pseudo-{u}s, it stays below {d:.3f} 95 times in 100.",
                a=found.icc1, b=found.icc1_low, c=found.icc1_high, d=found.pseudo_icc1, u=u)
    mean = say("ICC(2) {a:.2f}（{b:.2f}–{c:.2f}）；低于 {k:.2f} 不给斜率，低于 {p:.2f} 必须扣除抽样误差。",
               "ICC(2) is {a:.2f} ({b:.2f}–{c:.2f}); below {k:.2f} no slope is given, below {p:.2f} sampling noise must be removed.",
               a=found.icc2, b=found.icc2_low, c=found.icc2_high, k=gates.min_icc2, p=gates.plain_icc2)
    moved = say("{u}内变化的可靠度 {a:.2f}（{b:.2f}–{c:.2f}）：不扣除抽样误差，斜率会缩水 {s:.0%}。",
                "The reliability of change within {u}s is {a:.2f} ({b:.2f}–{c:.2f}); with sampling noise left in, the slope would shrink by {s:.0%}.",
                a=change.value, b=change.conf_low, c=change.conf_high, s=1 - change.value, u=u)
    return {"level": Check(named["level"], found.is_shared, level, CAPPED),
            "mean": Check(named["mean"], found.icc2 >= gates.min_icc2, mean, NO_SLOPE),
            "change": Check(named["change"], change.is_measurable, moved, CAPPED)}


def _people(rungs: Rungs) -> Check:
    """Whether the same employees answer every time, which no table says."""
    said = say("答卷不带跨期的员工编号，看不出是不是同一批人；一个人一贯的看法在{u}内变化里会抵消，不是误差。{r}",
               "Answer sheets carry no ID that follows an employee from wave to wave, so this cannot be seen; a person's constant views cancel out "
               "in changes within a {u} and are not error. {r}", u=rungs.panel.unit_name,
               r=words.same_people(words.digits(*rungs.taken_off)))
    return Check(Text("每期作答的是不是同一批员工", "Whether the same employees answer every time"), None, said,
                 Text("斜率连同这个范围一起引用。", "Quote the slope together with this range."))


def _sizes(rungs: Rungs, gates: Gates) -> Check:
    """Answers behind a cell."""
    name, frame = Text("每格答卷够多", "Enough answers per cell"), rungs.panel.frame
    if "ex_n" not in frame or "outcome_n" not in frame:
        return Check(name, None, Text("没有给出两边每格各有几份答卷。", "The number of answers behind each cell is not given for both sides."),
                     Text("不能按精度加权。", "Cells cannot be weighted by precision."))
    staff, customers = (float(frame[c].dropna().median()) for c in ("ex_n", "outcome_n"))
    said = say("每格员工答卷中位数 {a}（要求 {b}），客户打分 {c}（要求 {d}）。",
               "The median cell has {a} employee answers (required: {b}) and {c} customer scores (required: {d}).",
               a=int(staff), b=int(gates.min_employee_cell), c=int(customers), d=int(gates.min_customer_cell))
    return Check(name, staff >= gates.min_employee_cell and customers >= gates.min_customer_cell, said, CAVEAT)


def _leads(rungs: Rungs) -> Check:
    """Exposure measured after the outcome goes with nothing."""
    about = {"e": rungs.panel.exposure, "o": rungs.panel.outcome}
    name, found = say("之后才量到的{e}与{o}无关（假先行）", "{E} measured afterwards is unrelated to {o} (placebo leads)",
                      E=capital(about["e"]), **about), rungs.direction
    if found is None:
        return Check(name, None, words.NO_PROFILE, CAPPED)
    said = say("晚于{o}的{e}，联合检验 p = {p:.2f}；平均要有 {d} 分才有八成把握被发现，所以通过只是没有发现，不是证明。",
               "{E} measured after {o}: joint test p = {p:.2f}. A mean lead must reach {d} points to be detected four times in five, so a pass "
               "only means that nothing was found, not that there is nothing.",
               p=found.leads_p, d=words.digits(found.detectable * rungs.sd)[0], E=capital(about["e"]), **about)
    return Check(name, found.no_lead_found, said, CAPPED)


def _equivalence(rungs: Rungs) -> Check:
    """No lead of weight is compatible with the data."""
    name, found = Text("假先行小到可以不计", "Placebo leads are small enough to ignore"), rungs.direction
    if found is None:
        return Check(name, None, words.NO_PROFILE, CAPPED)
    reach, slope = words.digits(found.reach * rungs.sd, abs(found.effect.value) * rungs.sd)
    said = say("假先行最大不超过 {a} 分，要求小于斜率（{b}）的{s:.0%}。",
               "The placebo leads are at most {a} points; they must stay below {s:.0%} of the slope ({b}).", a=reach, b=slope, s=found.share)
    return Check(name, found.is_equivalent, said, CAPPED)


def _way_back(rungs: Rungs) -> Check:
    """Whether the outcome goes ahead of the exposure."""
    about = {"e": rungs.panel.exposure, "o": rungs.panel.outcome}
    name, back = say("{o}没有反过来领先{e}", "{O} does not in turn lead {e}", O=capital(about["o"]), **about), rungs.way_back
    if back is None:
        return Check(name, None, words.NO_PROFILE, CAPPED)
    step = 10 if rungs.panel.outcome_unit == "points" else 1  # a point of a 1–5 scale is a long way already
    said = say("{o}每高 {k} 分，下一期{e}变化 {a:+.2f} 个标准差（{b:+.2f} 至 {c:+.2f}）；{o}的抽样误差会把它拉向零。",
               "When {o} is higher by {k} {k:point|points}, {e} changes by {a:+.2f} standard deviations one period later ({b:+.2f} to {c:+.2f}); "
               "sampling error in {o} pulls this towards zero.", k=step, **_ends(back.times(step / rungs.sd)), **about)
    return Check(name, _holds_zero(back), said,
                 say("同一{u}前后比有偏，另看容许反馈的估计。", "Comparing a {u} with itself is then biased; see the estimate allowing for feedback.",
                     u=rungs.panel.unit_name))


def _hidden(rungs: Rungs) -> Check:
    """How strong something unrecorded must be."""
    found, name = rungs.hidden.robustness, Text("经得起多强的隐藏因素", "How strong a hidden factor it withstands")
    about = {"e": rungs.panel.exposure, "o": rungs.panel.outcome}
    if found.at_level <= 0:
        return Check(name, None, Text("区间本来就含零，不必有隐藏因素。", "The range already includes zero; no hidden factor is needed."))
    said = say("未记录的因素须同时解释{e}和{o}剩余变化的 {a:.0%}（{b:.0%}–{c:.0%}），才能把相关抹平；{d:.0%} 就足以让区间含零。",
               "An unrecorded factor would have to explain {a:.0%} ({b:.0%}–{c:.0%}) of the change left in both {e} and {o} to erase the relation; "
               "{d:.0%} is enough for the range to include zero.", a=found.value, b=found.conf_low, c=found.conf_high, d=found.at_level, **about)
    return Check(name, None, said)


def _holds_zero(fit: Fit) -> bool:
    """Whether a placebo is compatible with none; the placebos share one error of 5 % (Bonferroni), or a sound panel would fail one in six times."""
    return bool(abs(fit.value) <= inference.quantile(1 - 0.05 / PLACEBOS, fit.df) * fit.std_error)


def _ends(fit: Fit) -> dict[str, float]:
    reach = inference.quantile(1 - 0.05 / PLACEBOS, fit.df) * fit.std_error
    return {"a": fit.value, "b": fit.value - reach, "c": fit.value + reach}


def _untouched(fit: Fit, panel: ExPanel) -> Check:
    """Outcome that employees cannot move."""
    said = say("客户谈到价格、车机、续航等员工管不到的话题的比例，每标准差变化 {a:+.1f} 个百分点（{b:+.1f} 至 {c:+.1f}）。",
               "The share of customers who mention prices, infotainment, range and other things employees do not control changes by {a:+.1f} "
               "percentage points per standard deviation ({b:+.1f} to {c:+.1f}).", **_ends(fit))
    return Check(Text("员工管不到的事不跟着动", "What employees cannot control does not move along"), _holds_zero(fit), said, CAPPED)


def _selection(fit: Fit, panel: ExPanel) -> Check:
    """Whether the exposure changes who answers."""
    said = say("{e}每高 1 个标准差，客户答复率变化 {a:+.2f} 个百分点（{b:+.2f} 至 {c:+.2f}）。",
               "When {e} is higher by one standard deviation, the response rate changes by {a:+.2f} percentage points ({b:+.2f} to {c:+.2f}).",
               e=panel.exposure, **_ends(fit))
    return Check(Text("谁来作答没有跟着变", "Who answers does not change with it"), _holds_zero(fit), said,
                 Text("高兴的员工可能多请了高兴的客户来答；先看加权后的分数。",
                      "Happier employees may have invited happier customers to answer; look at the weighted scores first."))


def _elsewhere(fit: Fit, panel: ExPanel) -> Check:
    """The exposure of another unit."""
    value, low, high = words.digits(*_ends(fit).values(), signed=True)
    said = say("换成同区另一家{u}的{e}，斜率是 {a}（{b} 至 {c}），应当为零。",
               "Using {e} from another {u} in the region, the slope is {a} ({b} to {c}); it should be zero.", e=panel.exposure, u=panel.unit_name,
               a=value, b=low, c=high)
    return Check(say("别家的{e}没有用", "Another {u}'s {e} makes no difference", e=panel.exposure, u=panel.unit_name), _holds_zero(fit), said, CAPPED)


def _lags(rungs: Rungs) -> Check:
    """Whether single lags can be separated."""
    worst = float(np.nanmax(rungs.profile.vif()))
    said = say("各滞后之间的方差膨胀最大 {v:.1f}，超过 10 就只报总和。",
               "The largest variance inflation among the lags is {v:.1f}; above 10 only their sum is shown.", v=worst)
    return Check(Text("各滞后期分得开", "Lags can be separated"), rungs.profile.tells_lags_apart, said,
                 Text("只报各期之和。", "Only the sum of the lags is shown."))


def _libraries(rungs: Rungs) -> Check:
    """Two libraries and our own arithmetic."""
    said = say("pyfixest、linearmodels 与本库的系数最多相差{d}。", "Coefficients of pyfixest, linearmodels and this library differ at most by {d}.",
               d=Text("不到一亿分之一", "under 1 in 10⁸") if rungs.libraries.agrees(AGREE) else Text(f" {rungs.libraries.distance:.1e}",
                                                                                                         f"{rungs.libraries.distance:.1e}"))
    return Check(Text("三套算法给出同一个数", "Three implementations give the same number"), rungs.libraries.agrees(AGREE), said, NO_SLOPE)
