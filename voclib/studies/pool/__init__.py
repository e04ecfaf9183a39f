"""How many of the voices we collected can be used? The scorecard of an import as a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.errors import DataError
from voclib.results import Check, Estimate, Study, Text, Verdict
from voclib.sentences import say
from voclib.studies.pool import doubts, touchpoints
from voclib.studies.pool import reasons as causes
from voclib.studies.pool import text as words


@dataclass(frozen=True)
class Pool:
    """What the page shows: the finding and one frame a table or chart."""

    study: Study
    channels: pd.DataFrame
    validity: pd.DataFrame
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
        Text("行原样接受", "rows accepted as is"): total["clean"],
        Text("行修复后接受", "rows repaired and accepted"): total["repaired"],
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
    checks = (*words.checks(card, voices, required_share), *touchpoints.checks(card))
    verdict = _verdict(valid, checks)
    headline = share.with_(verdict=verdict)
    reasons = _reasons(card)
    finding = Study(
        question=Text("收进来的声音，有多少能用？", "How many of the voices collected can be used?"),
        kicker=_span(voices),
        answer=say(
            "{n} 条声音里，{k} 条有效，占 {x:bare}。 每一行都有去处：接受、修复或隔离，没有一行悄悄消失。",
            "{k} of {n} voices, or {x:bare}, are valid. Every row is accounted for: accepted, repaired or quarantined; none disappears silently.",
            n=offered,
            k=valid,
            x=share,
        ),
        headline=(headline,),
        verdict=verdict,
        checks=checks,
        limits=words.LIMITS,
        reader="research",
        caveat=words.caveat(),
        decision=words.decision(missing, worst) if any(c["voices_accepted"] for c in voices.values()) else words.MEND_FIRST,
    )
    return Pool(
        study=finding,
        channels=_channels(card),
        validity=_validity(voices),
        reasons=reasons,
        missing=missing,
        repairs=_repairs(card),
        redactions=_redactions(card),
        traps=_traps(card),
        captions=words.captions(card, {label: causes.said(label) for label in reasons["label"]}, missing, voices),
    )


def _verdict(valid: int, checks: Sequence[Check]) -> Verdict:
    """Nothing can be said of voices none of which can be used."""
    if not valid:
        return Verdict.REFUSE
    return Verdict.REPORT if all(c.passed is not False for c in checks) else Verdict.REPORT_WITH_CAVEAT


def examples(responses: pd.DataFrame, *, show: bool, n: int = 8) -> pd.DataFrame:
    """A few redacted voices as a reader would meet them: first those from which something was removed; none where `show` is False."""
    if not show:
        return pd.DataFrame([{"channel": Text("不展示", "Not shown"), "comment": words.WITHHELD}])
    voices = responses[responses["comment"].notna()]
    marked = voices["comment"].str.contains(r"〔|\[(?:phone|e-mail|ID card|licence plate|VIN)\]", regex=True)
    kept = pd.concat([voices[marked].sort_values("response_id").head(n // 2), voices[~marked].sort_values("response_id").head(n - n // 2)])
    return pd.DataFrame({"channel": [words.CHANNELS.get(c, Text(c, c)) for c in kept["channel"]], "comment": kept["comment"].to_numpy()})


def _span(voices: Mapping[str, Any]) -> Text:
    first = min((c["first_day"] for c in voices.values() if c["first_day"]), default=None)
    last = max((c["last_day"] for c in voices.values() if c["last_day"]), default=None)
    return say("客户声音池 · {a} 至 {b}", "The voice pool · {a} to {b}", a=first, b=last) if first else Text("客户声音池", "The voice pool")


def _channels(card: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "channel": words.channel(name),
            **{k: c[k] for k in ("rows_read", "clean", "repaired", "quarantined")},
        }
        for name, c in card["channels"].items()
    ]
    return pd.DataFrame(rows)


def _validity(voices: Mapping[str, Any]) -> pd.DataFrame:
    """Channels by number of voices: how many are valid, and which fields the others lack most often."""
    rows = [
        {"channel": words.channel(n), "voices": c["voices"], "valid": c["voices_valid"], "share": float(c["valid_share"]), "lack": words.lacking(c)}
        for n, c in voices.items()
    ]
    return pd.DataFrame(rows).sort_values("voices", ascending=False, kind="stable", ignore_index=True)


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
        {"where": f"{table} · {r['column']}", "problem": words.problem(r["problem"]), "n": r["n"]}
        for table, found in card["tables"].items()
        for r in found["repairs"]
    ]
    rows = rows or [{"where": "–", "problem": words.NOTHING_REPAIRED, "n": 0}]
    return pd.DataFrame(rows, columns=list(words.REPAIR_COLUMNS)).sort_values(["n", "where"], ascending=[False, True], ignore_index=True)


def _redactions(card: Mapping[str, Any]) -> pd.DataFrame:
    kinds = card["redaction"]["covered"]
    rows = [{"kind": words.KINDS.get(k, Text(k, k)), "n": sum(c["redactions"].get(k, 0) for c in card["channels"].values())} for k in kinds]
    return pd.DataFrame(rows, columns=list(words.REDACTION_COLUMNS))


def _traps(card: Mapping[str, Any]) -> pd.DataFrame:
    """Constant and unused columns of every file, and what the import noticed about the voices."""
    rows = []
    for file in card["files"]:
        columns = file.get("columns", {})
        rows += [
            (Text("整列只有一个值", "Only one value"), f"{file['file']} · {name}", Text("不含任何信息", "carries no information"))
            for name in columns.get("constant", {})
        ]
        rows += [
            (Text("整列为空", "Entirely empty"), f"{file['file']} · {name}", Text("不含任何信息", "carries no information"))
            for name in columns.get("empty", {})
        ]
        rows += [
            (Text("几乎整列为空", "Almost empty"), f"{file['file']} · {name}", say("{s:.0%} 为空", "{s:.0%} empty", s=float(share)))
            for name, share in columns.get("mostly_empty", {}).items()
        ]
        if file.get("ignored_columns"):
            rows.append(
                (Text("没有用到的列", "Unused columns"), file["file"], Text("、".join(file["ignored_columns"]), ", ".join(file["ignored_columns"])))
            )
        if n := int(file.get("repeated_rows", 0)):
            rows.append((Text("整行重复", "Repeated rows"), file["file"],
                         say("{n} 行与前面某行每一格都相同", "{n} {n:row repeats|rows repeat} an earlier row in every cell", n=n)))
        if file["status"] != "connected":
            rows.append((Text("没有数据", "No data"), file["file"], Text("文件缺失或为空", "file missing or empty")))
    rows += [words.trap_row(t) for t in card["traps"]] + [doubts.row(d) for d in card.get("doubts", [])]
    return pd.DataFrame(rows or [(Text("没有发现", "None found"), "", Text("", ""))], columns=list(words.TRAP_COLUMNS))
