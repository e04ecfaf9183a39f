"""What is said of the way from rows read to rows counted, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voclib.results import Text
from voclib.schema.tables import TABLES
from voclib.sentences import say
from voclib.studies.ledger import text as ledger_text

NAMES = {
    "responses": Text("客户声音", "Voices"),
    "customers": Text("客户", "Customers"),
    "touchpoints": Text("服务接触", "Service contacts"),
    "transactions": Text("账目", "Bookings"),
    "employee_surveys": Text("员工作答（一题一行）", "Employee answers, one row per item"),
    "followups": Text("随机回访", "Random call-backs"),
    "cases": Text("工单", "Cases"),
    "concept_tests": Text("概念测试的回答", "Concept-test answers"),
}
UNREADABLE = Text("去掉：读不出来的行", "Left out: rows that cannot be read")
MADE = Text("整理成这张表的行（一行可变多行，多行可并成一行）", "Turned into rows of this table (one may become several, several one)")
QUARANTINED = Text("去掉：不合标准，放入隔离区", "Left out: do not meet the standard, set aside in quarantine")
ACCEPTED = Text("接受：这张表的行", "Accepted: the rows of this table")
_UNDATED = Text("去掉：没有时间", "Left out: no time recorded")
_NO_TOPIC = Text("去掉：没有写明主题", "Left out: no topic stated")
_NO_SLOPE = Text("去掉：本报告没有给出斜率，也就没有计入的", "Left out: this report gives no slope, so nothing counts towards one")
_SCORE = Text("去掉：没有这个分数", "Left out: this score is missing")
_SURVEY = Text("去掉：不是调研回答", "Left out: not a survey answer")
_WITHHELD = Text("去掉：有意放在一边，用来检验方法", "Left out: set aside on purpose, to test the method")
_CONTACT = Text("去掉：窗口内没有这样的接触", "Left out: no such contact within the window")
_WON_LATER = Text("去掉：窗口开始以后才成为客户", "Left out: became customers after the window began")
_EARLIER = Text("去掉：在所看的时期以前", "Left out: before the period studied")
_NOT_FOLLOWED = Text("去掉：账目到不了期限的最后一天", "Left out: the ledger ends before the last day of the follow-up")
STEPS: Mapping[str, Mapping[str, Mapping[str, Text]]] = {
    "00-sample-company": {"responses": {
        "channel": _SURVEY,
        "score": Text("去掉：没有 0–10 分", "Left out: no score from 0 to 10"),
        "window": Text("去掉：接触不在真值所说的季度", "Left out: contact outside the quarter that the truth covers"),
    }},
    "12-root-cause": {
        "repairs": {
            "no_batches": Text("去掉：没有装车数可除", "Left out: no number of vehicles fitted to divide by"),
            "no_batch": Text("去掉：没有写批次", "Left out: no batch stated"),
            "no_fitted": Text("去掉：批次不在表里，或没有装车数", "Left out: batch not listed, or number of vehicles fitted unknown"),
            "before_made": Text("去掉：早于批次的生产日，或没有时间", "Left out: before the batch was made, or no time recorded"),
        },
        "batches": {
            "no_batches": Text("去掉：批次不能比较", "Left out: batches cannot be compared"),
            "no_fitted": Text("去掉：没有装车数", "Left out: number of vehicles fitted unknown"),
            "without_siblings": Text("去掉：没有同类批次，或同类没有维修", "Left out: no siblings, or no repairs among its siblings"),
        },
        "responses": {
            "wordless": Text("去掉：没有文字，或没有时间", "Left out: no text, or no time recorded"),
            "nowhere": Text("去掉：不属于哪家门店", "Left out: not linked to a dealer"),
            "pleased": Text("去掉：没有说到任何主题，或只有表扬", "Left out: no topic found, or only praise"),
        },
    },
    "20-scores": {"responses": {"score": _SCORE, "channel": Text("去掉：属于其他渠道", "Left out: from other channels")}},
    "21-survivorship": {
        "customers": {
            "contact": _CONTACT,
            "unheard": Text("去掉：没有人能问到（只进入范围）", "Left out: nobody could ask them (range only)"),
        },
        "responses": {
            "score": _SCORE,
            "customer": Text("去掉：没有客户编号", "Left out: no customer number"),
            "invitation": Text("去掉：没有邀请编号，或名单上没有这个邀请", "Left out: no invitation number, or the invitation is not on the list"),
            "other_contact": Text("去掉：问的是窗口以外或更早的一次接触", "Left out: about a contact outside the window, or an earlier one"),
            "early": Text("去掉：答在接触之前", "Left out: answered before the contact"),
            "late": Text("去掉：答在抽取回访之后", "Left out: answered after call-backs were drawn"),
            "repeated": Text("去掉：同一客户的重复作答", "Left out: repeat answers by the same customer"),
            "withheld": _WITHHELD,
            "unheard": Text("去掉：所在人群作答太少（只进入范围）", "Left out: from a group with too few answers (range only)"),
        },
        "followups": {
            "metric": Text("去掉：回访问的是另一个分数", "Left out: asked about another score"),
            "elsewhere": Text("去掉：不在名单上，或不是为这个窗口抽取", "Left out: not on the list, or not drawn for this window"),
            "early": Text("去掉：抽取过早，当时还不知道谁没有作答", "Left out: drawn too early to know who had not answered"),
            "repeated": Text("去掉：同一客户的第二次回访", "Left out: a second call-back to the same customer"),
            "unreached": Text("去掉：没有接通、拒答，或其实已作答", "Left out: not reached, refused, or had answered after all"),
            "withheld": _WITHHELD,
            "unheard": Text("去掉：没有人能问到（只进入范围）", "Left out: nobody could ask them (range only)"),
        },
    },
    "10-sentiment-aspects": {"responses": {
        "channel": Text("去掉：属于其他渠道", "Left out: from other channels"),
        "comment": Text("去掉：没有写字", "Left out: nothing was written"),
        "language": Text("去掉：不是中文也不是英文", "Left out: neither Chinese nor English"),
        "unreadable": Text("去掉：只有符号", "Left out: symbols only"),
    }},
    "11-topics": {"responses": {"comment": Text("去掉：没有写文字", "Left out: nothing was written")}},
    "22-score-inflation": {"responses": {
        "channel": _SURVEY,
        "score": Text("去掉：没有 0–10 分", "Left out: no score from 0 to 10"),
        "unit": Text("去掉：没有写明门店", "Left out: no dealer stated"),
    }},
    "30-ex-voc": {
        "responses": {
            "score": _SCORE,
            "unplaced": Text("去掉：没有门店或时间", "Left out: no store or time stated"),
            "outside": Text("去掉：到店不在调研各期之内", "Left out: visit outside the survey periods"),
            "alone": Text("去掉：该店该期没有可对照的员工结果", "Left out: no employee result for that store and period to compare with"),
            "no_slope": _NO_SLOPE,
        },
        "employee_surveys": {
            "manager": Text("去掉：管理者不计入自己的店", "Left out: managers, who do not count towards their own store"),
            "small": Text("去掉：该店该期不足 5 份", "Left out: fewer than 5 questionnaires for that store and period"),
            "alone": Text("去掉：该店之后没有可对照的客户结果", "Left out: no later customer result for that store to compare with"),
            "no_slope": _NO_SLOPE,
        },
    },
    "31-nps-revenue": {
        "customers": {"contact": _CONTACT, "won_later": _WON_LATER, "not_followed": _NOT_FOLLOWED},
        "touchpoints": {
            "window": Text("去掉：不在窗口内", "Left out: outside the window"),
            "kind": Text("去掉：不是维修保养", "Left out: neither maintenance nor repair"),
            "dose": Text("去掉：没有记录等待等口径", "Left out: no record of the wait or other measure of the contact"),
            "later": Text("去掉：同一客户此后的接触", "Left out: later contacts by the same customer"),
            "unknown": Text("去掉：客户不在客户表里", "Left out: customer not in the customer table"),
            "won_later": _WON_LATER,
            "not_followed": _NOT_FOLLOWED,
        },
        "transactions": {
            **{name: ledger_text.STEPS[name] for name in ("test_accounts", "excluded_kinds", "their_refunds")},
            "other_customer": Text("去掉：不是这批客户的账", "Left out: belongs to other customers"),
            "before": Text("去掉：接触前一年的账，只用来找相似的客户", "Left out: year before the contact, used only to find comparable customers"),
            "outside": Text("去掉：在期限以外", "Left out: outside the horizon"),
        },
    },
    "40-inner-loop": {
        "cases": {
            "before": _EARLIER,
            "after": Text("去掉：在所看的时期以后", "Left out: after the period studied"),
            "other": Text("去掉：这只时钟不管，或不知道从何时起算", "Left out: not covered by this clock, or start unknown"),
        },
        "responses": {
            "content": Text("去掉：没有表示不满", "Left out: no dissatisfaction expressed"),
            "undated": Text("去掉：没有时间", "Left out: no time recorded"),
            "after": Text("去掉：在时期以后，或工单导出以后", "Left out: after the period, or after the cases were exported"),
            "before": _EARLIER,
        },
    },
    "52-region": {
        "responses": {
            "score": _SCORE,
            "outside": Text("去掉：较早的季度，或不知道属于哪一组", "Left out: from an earlier quarter, or group unknown"),
            "few": Text("去掉：那一组的回答太少，没有比", "Left out: from groups with too few answers to compare"),
        },
    },
    "51-product": {
        "responses": {
            "undated": Text("去掉：没有时间", "Left out: no time recorded"),
            "stranger": Text("去掉：不知道是哪款产品", "Left out: product unknown"),
            "short": Text("去掉：时间太短，没有可比的各期", "Left out: too short a time for periods to compare"),
            "outside": Text("去掉：不在比较的各期里", "Left out: outside the periods compared"),
        },
        "repairs": {
            "undated": _UNDATED,
            "unnamed": Text("去掉：没有写明产品或零件", "Left out: no product or part stated"),
            "stranger": Text("去掉：没有客户用的产品", "Left out: product not used by any customer"),
            "short": Text("去掉：没有可比的各期", "Left out: no periods to compare"),
            "outside": Text("去掉：不在比较的各期里", "Left out: outside the periods compared"),
            "cut": Text("去掉：那一期还没收齐", "Left out: from a period that is not complete yet"),
            "late": Text("去掉：那一期中途才开始有记录", "Left out: from the period during which records began"),
        },
    },
    "32-frontline": {
        "frontline_reports": {
            "undated": _UNDATED,
            "alone": Text("去掉：远离其余上报的零星一两条", "Left out: isolated, far before or after all other reports"),
            "unsigned": Text("去掉：没有写明员工", "Left out: no employee stated"),
            "placeless": Text("去掉：没有写明门店", "Left out: no dealer stated"),
        },
        "repairs": {
            "undated": _UNDATED,
            "unnamed": Text("去掉：没有写明零件", "Left out: no part stated"),
            "outside": Text("去掉：不在有上报的时期", "Left out: outside the period with reports"),
            "unbatched": Text("去掉：没有写明批次", "Left out: no batch stated"),
            "uncounted": Text("去掉：批次没有装车数", "Left out: batch with no number of vehicles fitted"),
            "early": Text("去掉：早于批次生产日", "Left out: before the batch was made"),
            "again": Text("去掉：同一辆车 30 天内为同一零件再来", "Left out: a vehicle back for the same part within 30 days"),
        },
        "rosters": {
            "outside": Text("去掉：不在有上报的时期", "Left out: outside the period with reports"),
            "office": Text("去掉：不是门店", "Left out: not a dealer"),
            "idle": Text("去掉：没有出勤", "Left out: no hours worked"),
        },
    },
    "41-outer-loop": {
        "projects": {
            "open": Text("去掉：还没有落地", "Left out: not live yet"),
            "no_subject": Text("去掉：没有哪张表记着它的主题", "Left out: no table records its subject"),
            "no_history": Text("去掉：不知道平常有多少", "Left out: usual rate unknown"),
            "too_short": Text("去掉：落地太近", "Left out: went live too recently"),
            "not_told": Text("去掉：与同一主题的其他项目分不开", "Left out: cannot be separated from another project"),
        },
        "repairs": {"undated": _UNDATED, "unnamed": Text("去掉：没有写明零件", "Left out: no part stated")},
        "frontline_reports": {
            "kind": Text("去掉：与项目的主题无关的类型", "Left out: kind unrelated to any project"),
            "undated": _UNDATED,
            "unnamed": _NO_TOPIC,
            "repeated": Text("去掉：重复上报", "Left out: duplicate report"),
        },
        "topic_mentions": {"pleased": Text("去掉：好评里的提及", "Left out: praise"), "undated": _UNDATED, "unnamed": _NO_TOPIC},
    },
    "42-launch-gate": {
        "concept_tests": {
            "other": Text("去掉：别的在售产品", "Left out: another product already on sale"),
            "unmarked": Text("去掉：这一题没有打分", "Left out: no score on this question"),
            "repeat": Text("去掉：同一位客户对同一概念答过", "Left out: the customer had already answered on this concept"),
            "few": Text("去掉：这个概念的回答太少，不亮灯", "Left out: concept with too few answers for a light"),
        },
    },
    "53-case-library": {
        "cases": {
            "open": Text("去掉：还没有关闭", "Left out: not closed yet"),
            "unfiled": Text("去掉：没有写明主题或开单时间", "Left out: no topic or opening time stated"),
            "nobody": Text("去掉：客户或区域不在名单上", "Left out: customer or region not on the list"),
            "rare": Text("去掉：这种情形的工单太少", "Left out: too few cases of this kind"),
            "lot": Text("去掉：这一次没有抽中", "Left out: not drawn this time"),
            "withheld": Text("去掉：抽中了，相同的客户太少，扣下", "Left out: drawn, but withheld: too few matching customers"),
        },
    },
}
COUNTED: Mapping[str, Mapping[str, Text]] = {
    "00-sample-company": {"responses": Text("计入公布值的回答", "Counted: answers behind the published score")},
    "10-sentiment-aspects": {"responses": Text("计入：写了文字的声音", "Counted: voices with written words")},
    "11-topics": {"responses": Text("计入：有文字的声音", "Counted: voices with text")},
    "12-root-cause": {
        "repairs": Text("计入：与装车数相除的维修", "Counted: repairs compared with vehicles fitted"),
        "batches": Text("计入：与同类比较的批次", "Counted: batches compared with siblings"),
        "responses": Text("计入：门店里的抱怨", "Counted: complaints at dealers"),
    },
    "20-scores": {"responses": Text("计入分数的回答", "Counted: answers behind the score")},
    "21-survivorship": {
        "customers": Text("计入：校正代表的客户，不论是否作答", "Counted: customers the corrections represent, answered or not"),
        "responses": Text("计入：其中作答者的回答", "Counted: answers of the respondents among them"),
        "followups": Text("计入：沉默者接通后的回答", "Counted: answers of non-respondents who were reached"),
    },
    "22-score-inflation": {"responses": Text("计入的调研回答", "Counted: survey answers")},
    "30-ex-voc": {
        "responses": Text("计入客户均值的打分", "Counted: scores behind the customer means"),
        "employee_surveys": Text("计入员工均值的作答", "Counted: answers behind the employee means"),
    },
    "31-nps-revenue": {
        "customers": Text("计入的客户", "Counted: customers"),
        "touchpoints": Text("计入：每位客户的第一次接触", "Counted: the first contact of each customer"),
        "transactions": Text("计入：接触后期限内的账", "Counted: bookings within the horizon after the contact"),
    },
    "40-inner-loop": {
        "cases": Text("计入：页首那只时钟的工单", "Counted: cases of the clock at the top of the page"),
        "responses": Text("计入：本该有人处理的声音", "Counted: voices that somebody should have handled"),
    },
    "32-frontline": {
        "frontline_reports": Text("计入：写明谁报的上报", "Counted: reports that say who sent them"),
        "repairs": Text("计入：看批次的返修", "Counted: repairs watched by batch"),
        "rosters": Text("计入：有出勤的周", "Counted: weeks with hours worked"),
    },
    "41-outer-loop": {
        "projects": Text("计入：能评的项目", "Counted: projects that can be judged"),
        "repairs": Text("计入：维修", "Counted: repairs"),
        "frontline_reports": Text("计入：一线上报", "Counted: frontline reports"),
        "topic_mentions": Text("计入：声音里的主题", "Counted: topics in voices"),
    },
    "42-launch-gate": {"concept_tests": Text("计入：灯所依据的回答", "Counted: answers behind the lights")},
    "51-product": {
        "responses": Text("计入：知道产品的声音", "Counted: voices with a known product"),
        "repairs": Text("计入：维修", "Counted: repairs"),
    },
    "52-region": {"responses": Text("计入：最近几个季度的回答", "Counted: answers of the most recent quarters")},
    "53-case-library": {"cases": Text("计入：写成卡片的工单", "Counted: cases written up as cards")},
}
COLUMNS = {"step": Text("步骤", "Step"), "taken": Text("去掉", "Left out"), "left": Text("余下", "Remaining")}
SUBTITLE = Text("接受以后的每一步都是本报告自己的取舍；隔离的行连同原因写在 quarantine.csv",
                "Every step after acceptance is this report's own choice; quarantined rows are listed with their reason in quarantine.csv")
NO_TABLES = Text("本页不读标准表；原始文件的逐行去向见上文。",
                 "This page reads no standard tables; the text above says where each row of its files went.")


def table(name: str) -> Text:
    """What the rows of a table are, in a word or two."""
    return NAMES[name] if name in NAMES else Text(TABLES[name].metadata["zh"], TABLES[name].description)


def read(name: str, files: int) -> Text:
    """The first line of a chain."""
    return say("{t}：从 {n} 个文件读入", "{t}: read from {n} files" if files != 1 else "{t}: read from {n} file", t=table(name), n=files)


def captions(name: Text, begun: int, counted: int) -> dict[str, Any]:
    """The finding of a chain as the title of its table."""
    title = say("{t}：读入 {a} 行，计入 {b} 行，其余各有去处", "{t}: {a} rows read, {b} counted; every other row is accounted for", t=name,
                a=begun, b=counted)
    return {"title": title, "subtitle": SUBTITLE, "columns": COLUMNS}
