"""How many of the voices we collected can be used? The scorecard of an import as a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Estimate, Study, Text, Verdict
from voclib.sentences import say

CHANNELS = {
    "survey": Text("问卷", "Surveys"),
    "review": Text("评价", "Reviews"),
    "post": Text("帖子", "Posts"),
    "ticket": Text("工单", "Tickets"),
    "ledger": Text("账目", "Ledger"),
    "employee": Text("员工调研", "Employee surveys"),
    "usage": Text("使用记录", "Usage"),
    "master": Text("主数据", "Master data"),
}
FIELDS = {
    "customer_id": Text("客户", "customer"),
    "unit_id": Text("门店", "unit"),
    "segment": Text("场景", "scene"),
    "comment": Text("原话", "text"),
    "nps_score": Text("推荐意愿", "recommend score"),
    "csat_score": Text("满意度", "satisfaction"),
    "ces_score": Text("费力度", "effort score"),
    "rating_score": Text("总评", "rating"),
    "submitted_at": Text("提交时间", "time of answer"),
    "touched_at": Text("接触时间", "time of contact"),
}
CHANNEL_COLUMNS = {
    "channel": Text("渠道", "Channel"),
    "rows_read": Text("读入", "Read"),
    "accepted": Text("接受", "Accepted"),
    "repaired": Text("其中修复", "Of them repaired"),
    "quarantined": Text("隔离", "Quarantined"),
    "voices": Text("声音", "Voices"),
    "valid": Text("有效", "Valid"),
}
REPAIR_COLUMNS = {"where": Text("表 · 列", "Table · column"), "problem": Text("修了什么", "What was repaired"), "n": Text("处", "Cells")}
REDACTION_COLUMNS = {"kind": Text("类型", "Kind"), "n": Text("处抹去", "Removed")}
TRAP_COLUMNS = {"trap": Text("陷阱", "Trap"), "where": Text("在哪里", "Where"), "meaning": Text("意味着什么", "What it means")}
KINDS = {
    "phone": Text("电话", "Phone numbers"),
    "email": Text("邮箱", "E-mail addresses"),
    "id_card": Text("身份证", "ID cards"),
    "plate": Text("车牌", "Licence plates"),
    "vin": Text("车架号", "VINs"),
}
EXAMPLE_COLUMNS = {"channel": Text("渠道", "Channel"), "comment": Text("原话（已脱敏）", "Verbatim, redacted")}
WITHHELD = Text("这些原话不归我们转载，本页只有汇总。", "These words are not ours to publish; this page carries aggregates only.")
LIMITS = (
    (
        Text("不是说没收进来的声音不存在。", "Not that voices we did not collect do not exist."),
        Text("没接入的渠道、导出前被删的行，这里都看不到。", "Channels not connected and rows deleted before the export cannot be seen here."),
    ),
    (
        Text("不是说有效的声音就有代表性。", "Not that valid voices are representative."),
        Text("有效只说明字段齐全，不说明谁愿意开口。", "Valid means the fields are there, not who chose to speak."),
    ),
    (
        Text("不是说隔离的行没有价值。", "Not that quarantined rows are worthless."),
        Text("它们保存在 quarantine.csv，修好导出后会自动回来。", "They are kept in quarantine.csv and come back once the export is mended."),
    ),
)


@dataclass(frozen=True)
class Pool:
    """What the page shows: the finding and one frame a table or chart."""

    study: Study
    channels: pd.DataFrame
    reasons: pd.DataFrame
    missing: pd.DataFrame
    repairs: pd.DataFrame
    redactions: pd.DataFrame
    traps: pd.DataFrame
    captions: Mapping[str, Mapping[str, Text]]


def facts(card: Mapping[str, Any]) -> dict[Text, int]:
    """Counts that open the page."""
    total = card["totals"]
    return {
        Text("行读入", "rows read"): total["rows_read"],
        Text("行接受", "rows accepted"): total["accepted"],
        Text("行修复后接受", "of them repaired"): total["repaired"],
        Text("行隔离", "rows quarantined"): total["quarantined"],
    }


def study(card: Mapping[str, Any], *, required_share: float = 0.8) -> Pool:
    """The finding of a scorecard as `voc ingest` writes it; a channel below `required_share` of valid voices fails a check.

    Raises
    ------
    DataError
        if the scorecard has no channel with voices.
    """
    voices = {name: c for name, c in card["channels"].items() if c.get("voices")}
    if not voices:
        raise DataError(f"The scorecard of '{card['name']}' counts no voices: none of its channels fills the table 'responses'.")
    offered, valid = (sum(c[key] for c in voices.values()) for key in ("voices", "voices_valid"))
    share = Estimate(estimand="valid_share", kind="count", unit="share", value=valid / offered, n=offered, ci_method="exact count")
    missing = _missing(voices)
    worst = str(missing["label"].iloc[0]) if len(missing) else ""
    checks = _checks(card, voices, required_share)
    verdict = Verdict.REPORT if all(c.passed is not False for c in checks) else Verdict.REPORT_WITH_CAVEAT
    headline = share.with_(verdict=verdict)
    reasons = _reasons(card)
    finding = Study(
        question=Text("收进来的声音，有多少能用？", "How many of the voices we collected can be used?"),
        kicker=_span(voices),
        answer=say(
            "{n} 条声音里，{k} 条有效，占 {x:bare}。 每一行都有去处：接受、修复或隔离，没有一行悄悄消失。",
            "{k} of {n} voices are valid: {x:bare}. Every row is accounted for: accepted, repaired or quarantined; none is lost silently.",
            n=offered,
            k=valid,
            x=share,
        ),
        headline=(headline,),
        verdict=verdict,
        checks=checks,
        limits=LIMITS,
        reader="research",
        caveat=_caveat(),
        decision=_decision(missing, worst),
    )
    return Pool(finding, _channels(card), reasons, missing, _repairs(card), _redactions(card), _traps(card), _captions(card, share, reasons, missing))


def examples(responses: pd.DataFrame, *, show: bool, n: int = 8) -> pd.DataFrame:
    """A few redacted voices as a reader would meet them: first those from which something was removed; none where `show` is False."""
    if not show:
        return pd.DataFrame([{"channel": Text("不展示", "Not shown"), "comment": WITHHELD}])
    voices = responses[responses["comment"].notna()]
    marked = voices["comment"].str.contains(r"〔|\[(?:phone|e-mail|ID|plate|VIN)", regex=True)
    kept = pd.concat([voices[marked].sort_values("response_id").head(n // 2), voices[~marked].sort_values("response_id").head(n - n // 2)])
    return pd.DataFrame({"channel": [CHANNELS.get(c, Text(c, c)) for c in kept["channel"]], "comment": kept["comment"].to_numpy()})


def _span(voices: Mapping[str, Any]) -> Text:
    first = min((c["first_day"] for c in voices.values() if c["first_day"]), default=None)
    last = max((c["last_day"] for c in voices.values() if c["last_day"]), default=None)
    return say("客户声音池 · {a} 至 {b}", "The voice pool · {a} to {b}", a=first, b=last) if first else Text("客户声音池", "The voice pool")


def field_name(fields: str) -> Text:
    """ "unit_id | segment" as words."""
    names = [FIELDS.get(f.strip(), Text(f.strip(), f.strip())) for f in fields.split("|")]
    return Text("或".join(n.zh for n in names), " or ".join(n.en for n in names))


def _channels(card: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "channel": CHANNELS.get(name, Text(name, name)),
            **{k: c[k] for k in ("rows_read", "accepted", "repaired", "quarantined")},
            "voices": c.get("voices"),
            "valid": c.get("voices_valid"),
        }
        for name, c in card["channels"].items()
    ]
    return pd.DataFrame(rows).astype({"voices": "Int64", "valid": "Int64"})


def _reasons(card: Mapping[str, Any]) -> pd.DataFrame:
    rows = [{"label": f"{table} · {p['column']} · {p['problem']}", "n": p["n"]} for table, found in card["tables"].items() for p in found["problems"]]
    unreadable = card["totals"]["unreadable"]
    rows += [{"label": "unreadable row", "n": unreadable}] if unreadable else []
    return pd.DataFrame(rows, columns=["label", "n"]).sort_values(["n", "label"], ascending=[False, True], ignore_index=True).head(12)


def _missing(voices: Mapping[str, Any]) -> pd.DataFrame:
    found: dict[str, int] = {}
    for channel in voices.values():
        for item in channel["missing_required"]:
            found[item["fields"]] = found.get(item["fields"], 0) + item["n"]
    return pd.DataFrame(sorted(found.items(), key=lambda x: (-x[1], x[0])), columns=["label", "n"])


def _repairs(card: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        {"where": f"{table} · {r['column']}", "problem": r["problem"], "n": r["n"]}
        for table, found in card["tables"].items()
        for r in found["repairs"]
    ]
    return pd.DataFrame(rows, columns=list(REPAIR_COLUMNS)).sort_values(["n", "where"], ascending=[False, True], ignore_index=True)


def _redactions(card: Mapping[str, Any]) -> pd.DataFrame:
    kinds = card["redaction"]["covered"]
    rows = [{"kind": KINDS.get(k, Text(k, k)), "n": sum(c["redactions"].get(k, 0) for c in card["channels"].values())} for k in kinds]
    return pd.DataFrame(rows, columns=list(REDACTION_COLUMNS))


def _traps(card: Mapping[str, Any]) -> pd.DataFrame:
    """Constant and unused columns of every file, and what the import noticed about the voices."""
    rows = []
    for file in card["files"]:
        columns = file.get("columns", {})
        rows += [
            (Text("整列只有一个值", "One value throughout"), f"{file['file']} · {name}", Text("不含任何信息", "carries no information"))
            for name in columns.get("constant", {})
        ]
        rows += [
            (Text("几乎整列为空", "Almost empty"), f"{file['file']} · {name}", say("{s:.0%} 为空", "{s:.0%} empty", s=float(share)))
            for name, share in columns.get("mostly_empty", {}).items()
        ]
        if file.get("ignored_columns"):
            rows.append(
                (Text("没有用到的列", "Columns not used"), file["file"], Text("、".join(file["ignored_columns"]), ", ".join(file["ignored_columns"])))
            )
        if file["status"] != "connected":
            rows.append((Text("没有数据", "Silent"), file["file"], Text("文件缺失或为空", "file missing or empty")))
    rows += [_trap(t) for t in card["traps"]]
    return pd.DataFrame(rows or [(Text("没有发现", "None found"), "", Text("", ""))], columns=list(TRAP_COLUMNS))


def _trap(trap: Mapping[str, Any]) -> tuple[Text, str, Text]:
    if trap["trap"] == "leaked_outcome":
        return (
            Text("分数泄露结果", "The score gives the outcome away"),
            f"{trap['column']} → {trap['outcome']}",
            say(
                "{s:.0%} 的客户，分数直接决定了结果：它多半是事后补记的，不能用来预测",
                "for {s:.0%} of customers the score settles the outcome: probably recorded afterwards, so it must not predict it",
                s=float(trap["settled_share"]),
            ),
        )
    if trap["trap"] == "busy_day":
        return (
            Text("一天涌入太多", "Too many on one day"),
            f"{trap['column']} · {trap['day']}",
            say("{n} 条同日录入，像是批量导入", "{n} voices entered that day, which looks like a batch import", n=int(trap["rows"])),
        )
    if trap["trap"] == "repeated_text":
        return (
            Text("重复的原话", "Repeated texts"),
            str(trap["column"]),
            say("{n} 条声音共用 {k} 段文字", "{n} voices share {k} texts", n=int(trap["rows"]), k=int(trap["texts"])),
        )
    n = trap.get("n", trap.get("rows"))
    where = " · ".join(str(trap[k]) for k in ("channel", "column", "other") if k in trap)
    return (
        Text("自相矛盾", "Contradiction") if trap["trap"] == "contradiction" else Text(str(trap["trap"]), str(trap["trap"])),
        where,
        say("{n} 条", "{n} voices", n=int(n or 0)),
    )


def _checks(card: Mapping[str, Any], voices: Mapping[str, Any], required_share: float) -> tuple[Check, ...]:
    total = card["totals"]
    balanced = total["rows_read"] == total["accepted"] + total["quarantined"]
    low = [name for name, c in voices.items() if c["valid_share"] < required_share]
    names = Text("、".join(CHANNELS[n].zh for n in low), ", ".join(CHANNELS[n].en.lower() for n in low))
    unmatched = sum(c["unmatched_customers"] for c in card["channels"].values())
    leaks = [t for t in card["traps"] if t["trap"] == "leaked_outcome"]
    return (
        Check(
            Text("一行不丢", "No row is lost"),
            balanced,
            say(
                "读入 {r} = 接受 {a} + 隔离 {q}。",
                "Read {r} = accepted {a} + quarantined {q}.",
                r=total["rows_read"],
                a=total["accepted"],
                q=total["quarantined"],
            ),
            Text("本版数字不可引用。", "No number of this edition may be quoted."),
        ),
        Check(
            Text("各渠道有效率达标", "Every channel is valid enough"),
            not low,
            say("门槛 {s:.0%}；未达标：{names}。", "The floor is {s:.0%}; below it: {names}.", s=required_share, names=names)
            if low
            else say("全部不低于 {s:.0%}。", "All at {s:.0%} or more.", s=required_share),
            Text("这些渠道的声音无法逐条追到客户、场景和时间。", "Voices of these channels cannot be traced to a customer, a scene and a time."),
        ),
        Check(
            Text("分数没有泄露结果", "No score gives an outcome away"),
            not leaks,
            say("{k} 个分数与结果几乎一一对应。", "{k} score(s) all but settle an outcome.", k=len(leaks))
            if leaks
            else Text("未发现。", "None found."),
            Text("该分数不得用来解释或预测那个结果。", "That score must not explain or predict that outcome."),
        ),
        Check(
            Text("客户都在名单里", "Every customer is on the list"),
            True if unmatched == 0 else None,
            say("{n} 行的客户编号不在客户名单中。", "{n} rows name a customer who is on no list.", n=unmatched),
        ),
        Check(
            Text("姓名等未覆盖", "Names and the like are not covered"),
            None,
            Text(
                f"脱敏不覆盖：{'、'.join(card['redaction']['not_covered']['zh'])}。",
                f"Not removed: {', '.join(card['redaction']['not_covered']['en'])}.",
            ),
        ),
    )


def _caveat() -> Text:
    return say(
        "导出之前就丢掉的声音不在账上；如果丢的是某一家店或某一类客户，有效率再高也会看错。",
        "Voices lost before the export are on no account; if one dealer or one kind of customer is missing, a high share misleads.",
    )


def _decision(missing: pd.DataFrame, worst: str) -> Text:
    if not worst:
        return Text("无需补救；下一版照此导出。", "Nothing to mend; export the same way next time.")
    name, n = field_name(worst), int(missing["n"].iloc[0])
    return say(
        "先让导出补上“{name}”：它一项就让 {n} 条声音失效。",
        "First have the export carry the {name}: that alone makes {n} voices invalid.",
        name=name,
        n=n,
    )


def _captions(card: Mapping[str, Any], share: Estimate, reasons: pd.DataFrame, missing: pd.DataFrame) -> dict[str, dict[str, Text]]:
    total = card["totals"]
    top = str(reasons["label"].iloc[0]) if len(reasons) else "–"
    first = field_name(str(missing["label"].iloc[0])) if len(missing) else Text("无", "nothing")
    why = say("隔离 {q} 行，最多的原因：{top}", "{q} rows quarantined; the most frequent reason: {top}", q=total["quarantined"], top=top)
    lack = say("最常缺的是{first}", "Most often missing: the {first}", first=first)
    return {
        "channels": {
            "title": say("读入 {r} 行，接受 {a} 行", "{r} rows read, {a} accepted", r=total["rows_read"], a=total["accepted"]),
            "subtitle": Text("每个渠道：读入 = 接受 + 隔离", "Each channel: read = accepted + quarantined"),
        },
        "reasons": {"title": why, "subtitle": Text("隔离的次数，按表、列和原因", "Quarantines by table, column and reason"), "description": why},
        "missing": {"title": lack, "subtitle": Text("缺少必填字段的声音数", "Voices that lack a required field"), "description": lack},
        "repairs": {"title": say("修复 {n} 行，逐项记数", "{n} rows repaired, every kind counted", n=total["repaired"])},
        "redactions": {"title": Text("抹去的个人信息", "Personal details removed")},
        "examples": {"title": Text("离开这一步的原话长什么样", "What a verbatim looks like when it leaves this step")},
        "traps": {"title": Text("文件里的陷阱", "Traps in the files")},
    }
