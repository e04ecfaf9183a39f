"""What the ingest page says, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Check, Text
from voclib.sentences import say

MOST_FILES = 3  # of a source, named one by one
CHANNELS = {
    "survey": Text("问卷", "Surveys"),
    "review": Text("评价", "Reviews"),
    "post": Text("帖子", "Posts"),
    "call": Text("电话", "Calls"),
    "chat": Text("在线聊天", "Chats"),
    "sms": Text("短信", "Text message"),
    "app": Text("App", "App"),
    "email": Text("邮件问卷", "Survey by e-mail"),
    "phone": Text("电话调研", "Phone survey"),
    "onsite": Text("店内", "On site"),
    "mail": Text("客户来信", "Customer letters"),
    "appstore": Text("应用商店", "App stores"),
    "social": Text("社交媒体", "Social media"),
    "ticket": Text("工单", "Tickets"),
    "frontline": Text("一线上报", "Frontline reports"),
    "operations": Text("经营", "Operations"),
    "repair": Text("维修", "Repairs"),
    "project": Text("改进项目", "Projects"),
    "concept": Text("概念测试", "Concept tests"),
    "touchpoint": Text("触点登记", "Touchpoint register"),
    "ledger": Text("账目", "Ledger"),
    "employee": Text("员工调研", "Employee surveys"),
    "usage": Text("使用记录", "Usage"),
    "master": Text("主数据", "Master data"),
}
FIELDS = {
    "customer_id": Text("客户", "customer"),
    "unit_id": Text("门店", "unit"),
    "segment": Text("场景", "situation"),
    "comment": Text("原话", "text"),
    "nps_score": Text("推荐意愿", "recommend score"),
    "csat_score": Text("满意度", "satisfaction"),
    "ces_score": Text("省力程度", "ease score"),
    "rating_score": Text("总评", "rating"),
    "star_rating": Text("星级", "stars"),
    "is_recommended": Text("是否推荐", "recommendation"),
    "emotion": Text("情绪", "feeling"),
    "business_type": Text("业务类型", "line of business"),
    "submitted_at": Text("提交时间", "time of answer"),
    "touched_at": Text("接触时间", "time of contact"),
}
CHANNEL_COLUMNS = {
    "channel": Text("渠道", "Channel"),
    "rows_read": Text("读入", "Read"),
    "clean": Text("原样接受", "As is"),
    "repaired": Text("修复", "Repaired"),
    "quarantined": Text("隔离", "Set aside"),
}
VALIDITY_COLUMNS = {
    "channel": Text("渠道", "Channel"),
    "voices": Text("声音", "Voices"),
    "valid": Text("有效", "Valid"),
    "share": Text("有效率", "Valid share"),
    "lack": Text("最常缺", "Most often missing"),
}
REPAIR_COLUMNS = {"where": Text("表 · 列", "Table · column"), "problem": Text("修了什么", "Repair made"), "n": Text("处数", "Cells")}
REDACTION_COLUMNS = {"kind": Text("类型", "Kind"), "n": Text("抹去（处）", "Removed")}
TRAP_COLUMNS = {"trap": Text("陷阱", "Trap"), "where": Text("在哪里", "Where"), "meaning": Text("意味着什么", "What it means")}
KINDS = {
    "phone": Text("电话", "Phone numbers"),
    "email": Text("邮箱", "E-mail addresses"),
    "id_card": Text("身份证", "ID cards"),
    "plate": Text("车牌", "Licence plates"),
    "vin": Text("车架号", "VINs"),
}
EXAMPLE_COLUMNS = {"channel": Text("渠道", "Channel"), "comment": Text("原话（已脱敏）", "Verbatim, redacted")}
WITHHELD = Text("这些原话不归我们转载，本页只有汇总。", "These verbatims are not ours to republish; this page shows aggregates only.")
LIMITS = (
    (
        Text("不是说没收进来的声音不存在。", "Voices that were not collected may still exist."),
        Text("没接入的渠道、导出前被删的行，这里都看不到。", "Channels not connected and rows deleted before the export are invisible here."),
    ),
    (
        Text("不是说有效的声音就有代表性。", "Valid voices are not necessarily representative."),
        Text("有效只说明字段齐全，不说明谁愿意开口。", "Valid means only that the fields are filled in; it says nothing about who chose to speak."),
    ),
    (
        Text("不是说隔离的行没有价值。", "Quarantined rows are not worthless."),
        Text("它们保存在 quarantine.csv，修好导出后会自动回来。", "They are kept in quarantine.csv and come back once the export is fixed."),
    ),
)
NOTHING_QUARANTINED = Text("没有一行被隔离", "No row was quarantined")
NOTHING_ACCEPTED = Text("没有一条声音被接受", "No voice was accepted")
MEND_FIRST = Text("先按隔离的原因修好导出，再看别的。", "Fix the export first, working through the reasons for quarantine.")
NOTHING_MISSING = Text("没有声音缺少必填字段", "No voice is missing a required field")
NOTHING_REPAIRED = Text("没有需要修的", "Nothing needed repair")
PROBLEMS = (
    (r"duplicate key", "主键重复", "{0}"),
    (r"nobody gave .*|.*scale.*", "量表不对", "{0}"),
    (r"not found in (.+?)\.(.+)", "在 {1} 里找不到", "{0}"),
    (r"outside (.+)", "超出范围 {1}", "{0}"),
    (r"below (.+)", "小于 {1}", "{0}"),
    (r"above (.+)", "大于 {1}", "{0}"),
    (r"not of the form (.+)", "不是 {1} 的形式", "{0}"),
    (r"unit word '(.*)' does not fit (.+)", "单位“{1}”与该列不符（应为 {2}）", "{0}"),
    (r"rewritten as YYYY-MM", "改写成 YYYY-MM", "{0}"),
    (r"lies before (.+)", "早于 {1}", "{0}"),
    (r"lies far from the others, (.+) to (.+)", "与其余日期（{1} 至 {2}）相差太远", "{0}"),
    (r"is of a year before 1900", "年份早于 1900 年", "{0}"),
    (r"lies after (.+)", "晚于 {1}", "{0}"),
    (r"not a date and time", "不是时间", "{0}"),
    (r"not a date", "不是日期", "{0}"),
    (r"not a number", "不是数字", "{0}"),
    (r"not a whole number", "不是整数", "{0}"),
    (r"not a yes or no", "不是“是/否”", "{0}"),
    (r"missing.*", "缺失", "{0}"),
    (r"not one of.*", "不在允许值中", "{0}"),
    (r"read as missing", "读作缺失", "{0}"),
    (r"full-width characters read as plain", "全角转半角", "{0}"),
    (r"surrounding blanks removed", "去掉首尾空格", "{0}"),
    (r"thousands separators removed", "去掉千分位", "{0}"),
    (r"blanks between thousands removed", "去掉千分位空格", "{0}"),
    (r"accounting brackets read as minus", "会计括号读作负数", "{0}"),
    (r"minus sign moved to the front", "负号移到最前", "{0}"),
    (r"unit word removed", "去掉单位字", "{0}"),
    (r"currency sign removed", "去掉货币符号", "{0}"),
    (r"percent read as a share", "百分数转比例", "{0}"),
    (r"time of day dropped", "去掉时刻", "{0}"),
    (r"identifier cut by a spreadsheet, its last digits are lost", "编号被表格软件截断，末位丢失", "{0}"),
    (r"identifier in scientific notation written out", "科学记数法的编号还原为数字", "{0}"),
    (r"set missing", "置空", "{0}"),
    (r"unknown reference set missing", "名单之外，置空", "{0}"),
    (r"zone-less time among zoned ones read as (.+)", "无时区的时间按 {1} 读", "{0}"),
    (r"comma read as the decimal sign, dot as thousands", "逗号读作小数点，点读作千分位", "{0}"),
    (r"Excel day number read as a date", "Excel 日期序号读作日期", "{0}"),
    (r"seconds since 1970 read as a time", "1970 年起的秒数读作时间", "{0}"),
    (r"rewritten as an ISO date", "改写成标准日期", "{0}"),
    (r"unknown reference set missing; not found in (.+)", "在 {1} 里找不到，置空", "{0}"),
    (r"label beside a score removed", "去掉分数旁的标签", "{0}"),
    (r"commas between groups of four digits removed", "去掉万位分节逗号", "{0}"),
    (r"a spreadsheet's text mark removed", "去掉表格软件的文本标记", "{0}"),
    (r"a quote that never closes, kept as text", "没有闭合的引号，保留为文字", "{0}"),
    (r"merged cells, filled with the value of the first", "合并单元格，按首格填充", "{0}"),
    (r"unreadable row", "读不出的行", "{0}"),
)


def problem(words: str) -> Text:
    """A problem or repair, as the data standard words it, in both languages; one it does not know stays as it is."""
    for pattern, zh, en in PROBLEMS:
        if found := re.fullmatch(pattern, words):
            parts = (words, *found.groups())
            return Text(zh.format(*parts), en.format(*parts))
    if "; " in words:  # several mends of one cell
        each = [problem(part) for part in words.split("; ")]
        return Text("；".join(t.zh for t in each), words)
    return Text(words, words)


def channel(name: str) -> Text:
    """A channel's name; one the product does not know stays as it is."""
    return CHANNELS.get(name, Text(name, name))


def field_name(fields: str) -> Text:
    """ "unit_id | segment" as words; of several scores, one of which would do, only that a score is wanted."""
    given = [f.strip() for f in fields.split("|")]
    scores = [f for f in given if f.endswith(("_score", "_rating"))]
    names = [FIELDS.get(f, Text(f, f)) for f in given if len(scores) < 2 or f not in scores]
    names += [Text("任一分数", "any score")] if len(scores) > 1 else []
    return Text("或".join(n.zh for n in names), " or ".join(n.en for n in names))


def required(lines: Sequence[Sequence[str]]) -> Text:
    """What a voice must have to count as valid, as the mapping says."""
    names = [field_name(" | ".join(line)) for line in lines]
    return Text(f"必填：{'；'.join(n.zh for n in names)}", f"Required: {'; '.join(n.en for n in names)}")


def lacking(found: Mapping[str, Any], *, most: int = 2) -> Text:
    """The fields that a channel's voices lack most often, with counts; a dash where none is lacking."""
    told = [(field_name(item["fields"]), item["n"]) for item in found["missing_required"][:most]]
    return Text("、".join(f"{name.zh}（{n:,}）" for name, n in told) or "–", ", ".join(f"{name.en} ({n:,})" for name, n in told) or "–")


def trap_row(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    """What the import noticed about the voices, as a row: which trap, where, what it means."""
    known = {
        "leaked_outcome": _leak,
        "survivors_only": _survivors,
        "busy_day": _busy_day,
        "repeated_text": _repeated,
        "placeholder_date": _placeholder,
    }
    return known.get(trap["trap"], _contradiction)(trap)


def _files(trap: Mapping[str, Any]) -> str:
    """The files of the source in which a trap lies, a few of many, or its channel where the import did not note them, before the column."""
    files = [str(file) for file in trap.get("files", [])] or [str(trap[k]) for k in ("channel",) if k in trap]
    more = f" … ({len(files)})" if len(files) > MOST_FILES else ""
    return f"{', '.join(files[:MOST_FILES])}{more} · " if files else ""


def _leak(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    meaning = say("{s:.0%} 的客户，分数直接决定了结果：它多半是事后补记的，不能用来预测",
                  "for {s:.0%} of customers the score determines the outcome: it was probably recorded afterwards and must not be used to predict it",
                  s=float(trap["settled_share"]))
    return Text("分数泄露结果", "Score reveals the outcome"), f"{trap['column']} → {trap['outcome']}", meaning


def _survivors(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    meaning = say("{n} 位客户无一流失，账目上 {k} 位一年没有往来：分数只代表留下来的人",
                  "none of {n} customers has left, yet {k} had no booking for a year: scores speak only for those who stayed",
                  n=int(trap["n"]), k=int(trap["lapsed"]))
    return Text("名单只剩在册客户", "Only active customers on the list"), str(trap["column"]), meaning


def _busy_day(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    meaning = say("{n} 条同日录入，像是批量导入", "{n} voices were entered that day, which looks like a bulk import", n=int(trap["rows"]))
    return Text("一天涌入太多", "Too many on one day"), f"{_files(trap)}{trap['column']} · {trap['day']}", meaning


def _repeated(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    meaning = say("{n} 条声音共用 {k} 段文字", "{n} voices share {k} {k:text|texts}", n=int(trap["rows"]), k=int(trap["texts"]))
    return Text("重复的原话", "Repeated texts"), f"{_files(trap)}{trap['column']}", meaning


def _placeholder(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    meaning = say("{n} 条用了占位日期，不是真实时间", "{n} voices carry a placeholder instead of a real time", n=int(trap["rows"]))
    return Text("占位日期", "Placeholder date"), f"{_files(trap)}{trap['column']} · {trap['day']}", meaning


def _contradiction(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    name = Text("自相矛盾", "Contradiction") if trap["trap"] == "contradiction" else Text(str(trap["trap"]), str(trap["trap"]))
    where = " · ".join(str(trap[k]) for k in ("column", "other") if k in trap)
    return name, f"{_files(trap)}{where}", say("{n} 条", "{n} voices", n=int(trap.get("rows", 0)))


def checks(card: Mapping[str, Any], voices: Mapping[str, Any], required_share: float) -> tuple[Check, ...]:
    """What a reader must know before using the pool."""
    return (_balance(card), _validity(voices, required_share), _leaks(card), *_known_gaps(card))


def _balance(card: Mapping[str, Any]) -> Check:
    total = card["totals"]
    rows = {"r": total["rows_read"], "a": total["clean"], "m": total["repaired"], "q": total["quarantined"]}
    parts = [*card["channels"].values(), total]
    return Check(
        Text("一行不丢", "No row is lost"),
        all(part["rows_read"] == part["clean"] + part["repaired"] + part["quarantined"] for part in parts),
        say(
            "每个渠道都对得上；合计读入 {r} = 原样接受 {a} + 修复后接受 {m} + 隔离 {q}。",
            "Every channel adds up; in total {r} read = {a} accepted as is + {m} repaired + {q} quarantined.",
            **rows,
        ),
        Text("本版数字不可引用。", "No number in this edition may be quoted."),
    )


def _validity(voices: Mapping[str, Any], required_share: float) -> Check:
    low = [CHANNELS.get(name, Text(name, name)) for name, c in voices.items() if c["valid_share"] < required_share]
    names = Text("、".join(n.zh for n in low), ", ".join(n.en.lower() for n in low))
    below = say("门槛 {s:.0%}；未达标：{names}。", "At least {s:.0%} needed; below that: {names}.", s=required_share, names=names)
    return Check(
        Text("各渠道有效率达标", "Every channel has enough valid voices"),
        not low,
        below if low else say("全部不低于 {s:.0%}。", "All at {s:.0%} or more.", s=required_share),
        Text("这些渠道的声音无法逐条追到客户、场景和时间。", "These voices cannot be traced one by one to a customer, situation and time."),
    )


def _leaks(card: Mapping[str, Any]) -> Check:
    leaks = [t for t in card["traps"] if t["trap"] == "leaked_outcome"]
    found = say("{k} 个分数与结果几乎一一对应。", "{k} {k:score all but determines|scores all but determine} an outcome.", k=len(leaks))
    return Check(
        Text("分数没有泄露结果", "No score reveals an outcome"),
        not leaks,
        found if leaks else Text("未发现。", "None found."),
        Text("该分数不得用来解释或预测那个结果。", "That score must not be used to explain or predict that outcome."),
    )


def _known_gaps(card: Mapping[str, Any]) -> tuple[Check, Check]:
    parts = card["channels"].values()
    unmatched, nobody = (sum(c.get(key, 0) for c in parts) for key in ("unmatched_customers", "without_customer"))
    named = sum(c.get("voices_accepted", 0) for c in parts) - nobody
    listed = card["tables"].get("customers", {}).get("accepted", 0)
    missed = {lang: kinds for lang, kinds in card["redaction"]["not_covered"].items()}
    return (
        Check(
            Text("客户都在名单里", "Every customer is on the list"),
            True if unmatched == 0 and named > 0 and listed else None,
            say("没有客户编号可核对。", "There are no customer numbers to check.") if unmatched == 0 and named <= 0 else
            say("{k} 条声音写了客户，但数据里没有客户名单，无从核对。",
                "{k} {k:voice names|voices name} a customer, but the data hold no customer list to check against.", k=named)
            if unmatched == 0 and not listed else
            say("{n} 行的客户编号不在客户名单中；{k} 条声音写了客户，{m} 条没有，无从核对。",
                "{n} {n:row names|rows name} a customer who is not on the list; {k} voices name a customer, {m} do not and cannot be checked.",
                n=unmatched, k=named, m=nobody),
        ),
        Check(
            Text("姓名等未覆盖", "Names and some other details are not covered"),
            None,
            Text(f"脱敏不覆盖：{'、'.join(missed['zh'])}。", f"Not removed: {', '.join(missed['en'])}."),
        ),
    )


def caveat() -> Text:
    """What most likely misleads here."""
    return say(
        "导出之前就丢掉的声音不在账上；如果丢的是某一家店或某一类客户，有效率再高也会看错。",
        "Voices lost before the export cannot be seen here; if one dealer or one kind of customer is missing, even a high valid share misleads.",
    )


def decision(missing: pd.DataFrame, worst: str) -> Text:
    """Which field the exports should carry first."""
    if not worst:
        return Text("无需补救；下一版照此导出。", "Nothing needs fixing; export the same way next time.")
    name, n = field_name(worst), int(missing["n"].iloc[0])
    return say(
        "先让导出补上“{name}”：它一项就让 {n} 条声音失效。",
        "First add the missing field “{name}” to the exports: without it {n} voices are invalid.",
        name=name,
        n=n,
    )


def _pareto(missing: pd.DataFrame) -> dict[str, Text]:
    """Each field with the share of all gaps up to and including it."""
    if missing.empty:
        return {}
    shares = missing["n"].cumsum() / missing["n"].sum()
    return {
        fields: say("{name}（累计 {s:.0%}）", "{name} (cumulative {s:.0%})", name=field_name(fields), s=float(share))
        for fields, share in zip(missing["label"], shares, strict=True)
    }


def captions(card: Mapping[str, Any], causes: Mapping[str, Text], missing: pd.DataFrame, voices: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Title (the finding), subtitle and labels of every figure; `causes` are the reasons in words, the most frequent first."""
    total = card["totals"]
    why, lack = NOTHING_QUARANTINED, NOTHING_MISSING
    if causes:
        top = next(iter(causes.values()))
        why = say("隔离 {q} 行，最多的是“{top}”", "{q} rows quarantined; the most common reason is “{top}”", q=total["quarantined"], top=top)
    if len(missing):
        lack = say("最常缺的是{first}", "Most often missing: {first}", first=field_name(str(missing["label"].iloc[0])))
    elif not any(c["voices_accepted"] for c in voices.values()):
        lack = NOTHING_ACCEPTED
    whole = sum(1 for c in voices.values() if c["voices_accepted"] and not c["missing_required"])
    return {
        "channels": {
            "title": say("读入 {r} 行，接受 {a} 行", "{r} rows read, {a} accepted", r=total["rows_read"], a=total["accepted"]),
            "subtitle": Text("每个渠道：读入 = 原样接受 + 修复后接受 + 隔离", "Each channel: read = accepted as is + repaired + set aside"),
        },
        "validity": {
            "title": say("{k} 个渠道里 {n} 个字段齐全", "{n} of {k} channels have every required field in every voice", k=len(voices), n=whole),
            "subtitle": required(card["valid_voice"]),
            "formats": {"share": "share"},
        },
        "reasons": {
            "title": why,
            "subtitle": Text("隔离的次数，按表和原因", "Number of quarantines, by table and reason"),
            "description": why,
            "labels": causes,
        },
        "missing": {
            "title": lack,
            "subtitle": Text("缺少必填字段的声音数，由多到少", "Voices missing a required field, most frequent first"),
            "description": lack,
            "labels": _pareto(missing),
        },
        "repairs": {"title": say("修复 {n} 行，逐项记数", "{n} rows repaired, counted by kind", n=total["repaired"])},
        "redactions": {"title": Text("抹去的个人信息", "Personal details removed")},
        "examples": {"title": Text("离开这一步的原话长什么样", "What a verbatim looks like when it leaves this step")},
        "traps": {"title": Text("文件里的陷阱", "Traps in the files")},
    }
