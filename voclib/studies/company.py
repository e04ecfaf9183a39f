"""The sample company: what was planted, and how far the published score lies from the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict
from voclib.sentences import say
from voclib.stats import metrics
from voclib.studies.survivorship.text import QUESTION as SILENT_QUESTION

PLANTED_COLUMNS = {"what": Text("埋下的真值", "Planted truth"), "value": Text("值", "Value"), "sought": Text("由哪份研究去找", "Looked for by")}
DIRT_COLUMNS = {"kind": Text("怎么弄脏的", "Kind of error"), "n": Text("处数", "Places")}
DIRT = {
    "duplicate_rows": Text("整行重复", "Repeated rows"),
    "full_width_scores": Text("全角数字的分数", "Scores in full-width digits"),
    "worded_scores": Text("“10分”这样的分数", "Scores written as “10分”"),
    "not_available": Text("N/A、“无”等占位", "N/A and other placeholders"),
    "missing_customers": Text("没有客户编号", "No customer id"),
    "unknown_customers": Text("名单之外的客户编号", "Unknown customer ids"),
    "reversed_times": Text("时间先后颠倒", "Times in the wrong order"),
    "scores_out_of_range": Text("超出量表的分数", "Scores off the scale"),
    "slashed_dates": Text("2026/7/3 式的日期", "Dates written 2026/7/3"),
    "stray_blanks": Text("多余的空格", "Stray spaces"),
    "thousands_separators": Text("带千分位的金额", "Thousands separators in money"),
    "hostile": Text("带攻击代码的原话", "Verbatims containing attack code"),
    "phone": Text("原话里的电话", "Phone numbers in verbatims"),
    "email": Text("原话里的邮箱", "E-mail addresses in verbatims"),
    "id_card": Text("原话里的身份证号", "ID cards in verbatims"),
    "plate": Text("原话里的车牌", "Licence plates in verbatims"),
    "vin": Text("原话里的车架号", "VINs in verbatims"),
}
SURVEYS = ("survey", "sms", "app", "email", "phone", "onsite")
LIMITS = (
    (
        Text("不是说真实公司也有这么大的偏差。", "A real company does not necessarily have a bias of this size."),
        Text("偏差的大小是我们定的；真实数据里只能靠方法去限定它。", "Its size was set by design; in real data, only a method can bound it."),
    ),
    (
        Text("不是说作答者在撒谎。", "Respondents are not lying."),
        Text("他们说的是自己的感受；错的是拿他们代表所有人。", "They report what they feel; the error lies in letting them stand for everyone."),
    ),
    (
        Text("不是说公布值的区间算错了。", "The interval of the published score is not miscalculated."),
        Text("它对作答者是对的，只是回答了另一个问题。", "It is right for respondents but answers a different question."),
    ),
)
CHOSEN = Text("本报告采用：因为数据是我们造的，所以知道", "This report's answer: known because the data were simulated")
RUNGS = {
    "published": (Text("公布值", "Published"), Text("只算作答者，校正前", "Respondents only; uncorrected")),
    "asked": (Text("真值：被邀请的客户", "Truth: invited customers"), Text("不论是否作答", "Whether or not they answered")),
    "contactable": (Text("真值：可联系的客户", "Truth: contactable customers"), Text("有地址且同意", "With contact details and consent")),
    "everyone": (Text("真值：全体客户", "Truth: all customers"), CHOSEN),
}


@dataclass(frozen=True)
class Company:
    """What the page shows."""

    study: Study
    ladder: Ladder
    planted: pd.DataFrame
    dirt: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def facts(tables: Mapping[str, pd.DataFrame]) -> dict[Text, int]:
    """Counts that open the page."""
    units = tables["units"]
    return {
        Text("位客户", "customers"): len(tables["customers"]),
        Text("家 4S 店", "dealers"): int((units["kind"] == "dealer").sum()),
        Text("次服务接触", "service contacts"): len(tables["touchpoints"]),
        Text("条客户声音", "voices"): len(tables["responses"]),
    }


def study(tables: Mapping[str, pd.DataFrame], truth: Mapping[str, Any], *, seed: int) -> Company:
    """The published score of the truth's window against the score of everyone, both of them planted.

    Raises
    ------
    DataError
        if no survey answer, or too few for a score, lie in the window that the truth speaks of.
    """
    planted = truth["survivorship"]
    answers = in_window(tables["responses"], planted["window"], truth["utc_offset_hours"])
    published = _published(answers, planted["window"]).with_(seed=seed)
    ladder = Ladder("nps", (published, *_truths(planted)), chosen="everyone")
    everyone, gap = ladder["everyone"], published.value - planted["nps_all_customers"]
    gap_points = everyone.with_(value=abs(gap), rung="gap")
    covered = published.conf_low <= everyone.value <= published.conf_high
    checks = _checks(truth, answers, published, covered)
    finding = Study(
        question=Text("公布的 NPS，离全体客户的真值有多远？", "How far is the published NPS from the truth for all customers?"),
        kicker=say("样本公司 · {w}", "The sample company · {w}", w=planted["window"]),
        answer=say(
            "公布值 {p:bare}，真值 {t:bare}，相差 {g}。 公布值的区间 {p:interval} {c}真值：它只算得出作答者之间的误差。",
            "The published NPS is {p:bare} and the truth is {t:bare}: {g} apart. The published interval {p:interval} {c} the truth: it reflects "
            "only chance among those who answered.",
            p=published,
            t=everyone,
            g=gap_points,
            c=Text("盖住了", "covers") if covered else Text("盖不住", "does not cover"),
        ),
        headline=(everyone,),
        naive=published,
        verdict=Verdict.REPORT,
        ladders=(ladder,),
        checks=checks,
        limits=LIMITS,
        seed=seed,
        reader="research",
        caveat=Text(
            "这是模拟数据：偏差有多大由我们设定，换一家公司可能更大、更小，甚至反向。",
            "These are simulated data: the size of the bias was set by design, and another company's may be larger, smaller or reversed.",
        ),
        decision=say(
            "任何公布值都先问：没有作答的人会怎么说？报告 21《{q}》专门回答。",
            "Of any published score, ask first what customers who did not answer would have said; report 21, “{q}”, addresses that.",
            q=SILENT_QUESTION,
        ),
    )
    return Company(finding, ladder, _planted(truth), _dirt(truth), _captions(gap_points))


def _published(answers: pd.DataFrame, window: str) -> Estimate:
    """The score of those who answered, clustered by dealer where there are enough; an answer without a dealer stands alone."""
    frame = answers.assign(shock=answers["unit_id"].fillna("alone:" + answers["response_id"]))
    for cluster in ("shock", None):
        found = metrics.nps(frame, cluster=cluster, rung="published")
        if found.kind == "estimate":
            return found
    raise DataError(f"Only {len(answers)} answers lie in {window}, too few for a score; simulate more customers.")


def in_window(responses: pd.DataFrame, quarter: str, utc_offset_hours: int) -> pd.DataFrame:
    """Survey answers with a score whose contact lies in a quarter such as "2026Q3" of the company's own time."""
    kept = responses[steps(responses, quarter, utc_offset_hours) == ""]
    if kept.empty:
        local = _local(responses, utc_offset_hours)
        raise DataError(f"No survey answer has its contact in {quarter}; the pool spans {local.min():%Y-%m-%d} to {local.max():%Y-%m-%d}.")
    return kept


def steps(responses: pd.DataFrame, quarter: str, utc_offset_hours: int) -> np.ndarray:
    """At which step each voice is left out (N,): "channel", "score" or "window"; "" for the answers that stay."""
    inside = _local(responses, utc_offset_hours).dt.to_period("Q").astype("str") == quarter
    gone = [~responses["channel"].isin(SURVEYS), responses["nps_score"].isna(), ~inside]
    return np.select([mask.to_numpy(dtype=bool) for mask in gone], ["channel", "score", "window"], "").astype(object)


def _local(responses: pd.DataFrame, utc_offset_hours: int) -> pd.Series:
    """When each voice's contact was, else the voice itself, by the company's own clock."""
    return (responses["touched_at"].fillna(responses["submitted_at"]) + pd.Timedelta(hours=utc_offset_hours)).dt.tz_localize(None)


def _truths(planted: Mapping[str, Any]) -> list[Estimate]:
    names = {"asked": "nps_invited", "contactable": "nps_contactable", "everyone": "nps_all_customers"}
    return [
        Estimate(estimand="nps", kind="count", unit="points", rung=rung, value=planted[key], n=planted["customers_n"], ci_method="planted")
        for rung, key in names.items()
    ]


def _checks(truth: Mapping[str, Any], answers: pd.DataFrame, published: Estimate, covered: bool) -> tuple[Check, ...]:
    planted = truth["survivorship"]
    return (
        Check(
            Text("公布值的区间盖住全体客户的真值", "The published interval covers the truth for all customers"),
            covered,
            say("区间 {p:interval}，真值 {t:.1f}。", "Interval {p:interval}, truth {t:.1f}.", p=published, t=planted["nps_all_customers"]),
            Text("这正是要校正的偏差，再多回答也消不掉。", "This is the bias to be corrected; more answers will not remove it."),
        ),
        Check(
            Text("读入的回答与埋下的一致", "The answers read match those planted"),
            abs(published.value - planted["nps_respondents"]) <= 3,
            say(
                "读入后的 NPS {p:bare}，埋下的作答者 NPS {t:.1f}；差别来自被隔离的脏行。",
                "NPS as read {p:bare}, planted NPS of respondents {t:.1f}; the difference comes from quarantined dirty rows.",
                p=published,
                t=planted["nps_respondents"],
            ),
            Text("先查 01-ingest。", "Check 01-ingest first."),
        ),
        Check(
            Text("作答率", "Response rate"),
            None,
            say(
                "埋下的作答率 {r:.1%}；本季 {n} 份回答。",
                "Planted response rate {r:.1%}; {n} answers this quarter.",
                r=planted["response_rate"],
                n=len(answers),
            ),
        ),
    )


def _planted(truth: Mapping[str, Any]) -> pd.DataFrame:
    """The planted effects a later study must find, one row each."""
    silence, link, money, begged = (truth[k] for k in ("survivorship", "ex_voc", "nps_revenue", "inflation"))
    cny = Estimate(estimand="margin", kind="count", unit="cny", value=money["att_margin_cny"])
    rows: Sequence[tuple[Text, Text, str]] = (
        (Text("全体客户的 NPS", "NPS of all customers"), _figure(silence["nps_all_customers"], ".1f"), "21-survivorship"),
        (Text("已流失客户的 NPS", "NPS of customers who left"), _figure(silence["nps_churned"], ".1f"), "21-survivorship"),
        (Text("作答率", "Response rate"), _figure(silence["response_rate"], ".1%"), "21-survivorship"),
        (Text("被讨来的高分所在门店", "Dealers with solicited high scores"), _plain(str(len(begged["dealers"]))), "22-score-inflation"),
        (
            Text("员工体验每高 1 个标准差，下一期 NPS", "NPS next period per 1 SD of employee experience"),
            _figure(link["slope_nps_per_climate_sd"], "+.1f"),
            "30-ex-voc",
        ),
        (
            Text("项目对 NPS 的效果，开始后各店各期的平均", "Effect of the programme on NPS, averaged over dealers and periods since it began"),
            _figure(link["programme_att_nps"], "+.1f"),
            "30-ex-voc",
        ),
        (Text("等待过久使每人毛利改变", "Change in margin per customer from a long wait"), say("{x}", "{x}", x=cny), "31-nps-revenue"),
        (
            Text("等待过久使流失率改变", "Change in churn from a long wait"),
            say("{x:+.1f} 个百分点", "{x:+.1f} percentage points", x=100 * money["churn_rd"]),
            "31-nps-revenue",
        ),
    )
    return pd.DataFrame(rows, columns=list(PLANTED_COLUMNS))


def _figure(value: float | None, form: str) -> Text:
    """A planted number, or a dash where a small company has none."""
    return _plain("—" if value is None else format(value, form))


def _plain(text: str) -> Text:
    text = text.replace("-", "−")
    return Text(text, text)


def _dirt(truth: Mapping[str, Any]) -> pd.DataFrame:
    """Every kind of dirt with its count over all files, most frequent first."""
    counted: dict[str, int] = {}
    for found in truth["dirt"].values():
        for kind, n in found.items():
            counted[kind] = counted.get(kind, 0) + int(n)
    rows = sorted(((kind, n) for kind, n in counted.items() if kind in DIRT and n), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame([{"kind": DIRT[kind], "n": n} for kind, n in rows], columns=list(DIRT_COLUMNS))


def _captions(gap: Estimate) -> dict[str, dict[str, Any]]:
    return {
        "ladder": {
            "title": say("只听作答者，NPS 差了 {g}", "Listening only to respondents puts NPS off by {g}", g=gap),
            "subtitle": Text(
                "NPS；灰圈 = 公布值与 95% 区间，其余是埋下的真值，没有抽样误差",
                "NPS; grey ring: published, with 95% interval; the others are planted truths without sampling error",
            ),
            "labels": RUNGS,
        },
        "planted": {
            "title": Text("每一个真值都有一份研究去找", "Every planted truth has a study that looks for it"),
            "subtitle": Text("估计方法看不到这张表", "No estimation method sees this table"),
        },
        "dirt": {
            "title": Text("脏法和真实导出一样多样", "Errors as varied as in real exports"),
            "subtitle": Text("写入原始文件的处数", "Number of places in the raw files"),
        },
    }
