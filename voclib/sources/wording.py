"""The scorecard in sentences, Chinese and English."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from voclib.errors import ParameterError
from voclib.schema.tables import TABLES
from voclib.sources.mapping import CONVERSING
from voclib.sources.oddities import notices
from voclib.sources.reading import encodings

_PRIVATE = {"zh": {"phone": "电话", "email": "邮箱", "id_card": "证件号", "plate": "车牌", "vin": "车架号"},
            "en": {"phone": "phone", "email": "e-mail", "id_card": "ID card", "plate": "licence plate", "vin": "VIN"}}
_VALUES = 8  # values that a line for the mapping holds
# what survey programs write as a number where there is no answer: SPSS and Qualtrics -99, 问卷星 -3 (skipped), panels 99 or 998, airlines 0 for what
# a passenger did not use
_CODE = re.compile(r"-(?:[1-9]|6{2,4}|7{2,4}|8{2,4}|9{2,4}|9{1,3}[5-8])(?:\.0+)?|9{2,4}(?:\.0+)?|8{2,4}|9{1,3}[5-8]"
                   r"|0(?:\.0+)?")
_REASONS = 5  # reasons of rows set aside that are named

_NOTES = {"repeated_heading": ("标题出现多次", "heading stands more than once"), "sheet_not_read": ("工作表未读取", "sheet not read"),
          "web_table": ("文件其实是网页（HTML），已读入其中的表", "an HTML page named like a spreadsheet; read from it"),
          "xml_table": ("文件其实是 XML 电子表格，已读入其中的表", "a spreadsheet written as XML; read from it"),
          "sheet_hidden": ("读入的是隐藏的工作表", "a hidden sheet was read"),
          "rows_hidden": ("被隐藏（多为筛选）的行，已照常读入；不要的话请从文件中删去，行数",
                          "rows that the sheet hides, often by a filter, read like the others; delete them if they do not count; rows"),
          "sheet_numbered": ("多张工作表连续编号，该表的行号从此起", "sheets are numbered on; the rows of this one begin at"),
          "formula_without_value": ("公式没有存下结果，按空格读入；在表格软件中打开并保存即可",
                                    "formulas without a stored result, read as empty; open the file in a spreadsheet program and save it"),
          "merged_filled": ("合并单元格已按首格填充", "merged cells filled with the value of the first"),
          "heading_rows": ("Qualtrics 导出的另两行标题，已跳过，行号", "further headings of a Qualtrics export, skipped; rows"),
          "subheading": ("SurveyMonkey 导出的第二行标题，已跳过，行号", "second heading of a SurveyMonkey export, skipped; row"),
          "second_heading": ("疑为第二行标题，已按数据读入；如果是，请从文件中删去，或在映射中写 set_aside，行号",
                             "perhaps a second heading, read as a row of data; if it is one, delete it from the file or name it under set_aside; "
                             "row"),
          "column_not_joined": ("同名列已存在，未并入", "column is there already and was not joined"),
          "speakers_not_named": ("说话人不在对照表中、按“其他”处理的发言数（对照表里可用 * 代表任意字符，"
                                 "如  speakers: {\"店铺:*\": agent, \"*\": customer}）",
                                 "turns whose speaker the mapping does not name, counted as other (a name there may hold * for any signs, as in  "
                                 "speakers: {\"Shop:*\": agent, \"*\": customer})"),
          "text_mark": ("表格软件的文本标记（=\"…\" 或开头的 '）已去掉的格数", "cells freed of a spreadsheet's text mark (=\"…\" or a leading ')"),
          "error_cells": ("表格软件的错误值（如 #DIV/0!），按空格读入", "error values of a spreadsheet (such as #DIV/0!), read as empty"),
          "multiplied": ("按映射乘以系数", "multiplied as the mapping says"),
          "header_not_found": ("没有一封邮件带有的信头", "header that no message carries"),
          "rows_not_joined": ("找不到对应行、未能并入的行数", "rows without a partner in the file joined to them"),
          "updates_not_read": ("更新时间读不出的格数；这些行重复时只能留下填得最全的一行，请导出为 2026-03-05 14:05 的写法",
                               "times of update that cannot be read; where such rows repeat, the fullest is kept. Export them as 2026-03-05 14:05"),
          "rows_not_readable": ("无法读取、未并入的行数", "rows that cannot be read and were not joined")}


def summary(card: dict, lang: str) -> str:
    """A scorecard as text in zh or en; ParameterError for another language."""
    if lang not in _PRIVATE:
        raise ParameterError(f"summary: language is '{lang}'; known: en, zh")
    return "\n".join([*(_chinese if lang == "zh" else _english)(card), *findings(card, lang)])


def findings(card: dict, lang: str) -> Iterator[str]:
    """What is odd, by name, and what redaction leaves: one line each, zh or en."""
    zh = lang == "zh"
    yield from (_conflicting(name, entry, zh=zh) for name, entry in card["tables"].items() if entry["conflicting_duplicates"])
    yield from (_unmatched(channel, entry, zh=zh) for channel, entry in card["channels"].items() if entry["unmatched_customers"])
    yield from _files(card, lang)
    yield from (f"  {'发现：' if zh else 'found: '}{told}" for told in notices.lines(card, lang))
    yield from (f"  {'留意：' if zh else 'note: '}{_trap(item, lang)}" for item in card["traps"])
    left = card["redaction"]["not_covered"][lang]
    yield f"脱敏不覆盖：{'、'.join(left)}。" if zh else f"Redaction does not cover: {', '.join(left)}."


def aside(quarantine: pd.DataFrame, file: Path, lang: str) -> Iterator[str]:
    """The commonest reasons why rows were set aside, and the file that holds them; nothing where none was."""
    reasons = Counter(quarantine["reason"]).most_common(_REASONS)
    if not reasons:
        return
    zh, more = lang == "zh", quarantine["reason"].nunique() - len(reasons)
    yield f"隔离的主要原因（全部见 {file}）：" if zh else f"Set aside, most often because of (all in {file}):"
    for reason, n in reasons:
        yield f"  {reason}：{n:,} 行" if zh else f"  {reason}: {n:,} {'row' if n == 1 else 'rows'}"
        yield from (f"    {'映射里可写' if zh else 'the mapping may say'}  {line}" for line in _answers(reason, quarantine))
    if more:
        yield f"  另有 {more} 种原因" if zh else f"  and {more} more reasons"


def _answers(reason: str, quarantine: pd.DataFrame) -> Iterator[str]:
    """The line of a mapping that brings rows in again whose named value or month is missing or written otherwise, or whose number is a code for no
    answer; nothing for other reasons."""
    rows = quarantine[quarantine["reason"] == reason]
    if reason == "response_id: duplicate key" and rows["channel"].isin(CONVERSING).all():
        named = {json.loads(cells).get("response_id") for cells in rows["cells"]}
        yield from ["turns: {by: ?, speaker: ?, text: ?}"] if len(rows) >= 2 * len(named) else []  # many rows of one call are its turns
    for column in re.findall(r"(\w+): (?:outside|below|above) ", reason):
        codes = Counter(text for cells in rows["cells"] if _CODE.fullmatch(text := str(json.loads(cells).get(column, "")).strip()))
        if codes:
            listed = ", ".join(f'{json.dumps(text)}: ""' for text, _ in codes.most_common(_VALUES))
            yield f"values: {{{column}: {{{listed}}}}}"
    if re.search(r"\bnet_cny: missing value", reason):  # credit on its own: whatever stands under debit is lost
        yield "where_filled: ?  and a second source for the other column with  factors: {net_cny: -1}  , if debit and credit stand in two columns"
    for column, problem in re.findall(r"(\w+): (missing value|not one of|not of the form)", reason):
        kind = TABLES[str(rows["table"].iloc[0])].columns[column].metadata["kind"] if len(rows) else ""
        if kind != "choice" and problem != "not of the form":
            continue
        if problem == "missing value":
            yield f'values: {{{column}: {{"": ?}}}}'
        else:
            found = Counter(str(json.loads(cells).get(column, "")) for cells in rows["cells"])
            yield f"values: {{{column}: {{{', '.join(f'{json.dumps(text, ensure_ascii=False)}: ?' for text, _ in found.most_common(_VALUES))}}}}}"


def _chinese(card: dict) -> Iterator[str]:
    total = card["totals"]
    yield (f"{card['company']['zh']}：读入 {total['rows_read']:,} 行，接收 {total['accepted']:,} 行（其中修复 {total['repaired']:,} 行），"
           f"隔离 {total['quarantined']:,} 行；"
           f"{total['rows_read']:,} = 原样 {total['clean']:,} + 修复 {total['repaired']:,} + 隔离 {total['quarantined']:,}。")
    for channel, entry in card["channels"].items():
        line = f"- {channel}：{entry['files']} 个文件，{entry['rows_read']:,} 行，隔离 {entry['quarantined']:,} 行"
        if entry.get("voices"):
            line += f"；有效声音 {entry['voices_valid']:,}/{entry['voices']:,}（{entry['valid_share']:.1%}）"
            if entry["missing_required"]:
                line += "，最常缺：" + "、".join(f"{item['fields']}（{item['n']:,}）" for item in entry["missing_required"][:3])
        yield line + _private(entry, "zh")


def _english(card: dict) -> Iterator[str]:
    total = card["totals"]
    yield (f"{card['company']['en']}: {total['rows_read']:,} rows read, {total['accepted']:,} accepted ({total['repaired']:,} of them repaired), "
           f"{total['quarantined']:,} set aside; {total['rows_read']:,} = {total['clean']:,} clean + {total['repaired']:,} repaired + "
           f"{total['quarantined']:,} set aside.")
    for channel, entry in card["channels"].items():
        line = f"- {channel}: {entry['files']} file(s), {entry['rows_read']:,} rows, {entry['quarantined']:,} set aside"
        if entry.get("voices"):
            line += f"; valid voices {entry['voices_valid']:,} of {entry['voices']:,} ({entry['valid_share']:.1%})"
            if entry["missing_required"]:
                line += ", most often missing: " + ", ".join(f"{item['fields']} ({item['n']:,})" for item in entry["missing_required"][:3])
        yield line + _private(entry, "en")


def _conflicting(name: str, entry: dict, *, zh: bool) -> str:
    """Rows that contradict another of their key, and which of them is kept."""
    n, dated = entry["conflicting_duplicates"], entry["superseded"]
    if zh:
        kept = {0: "每个主键留下填得最全的一行", n: "每个主键留下最后更新的一行"}.get(
            dated, f"其中 {dated:,} 行按更新时间让位给最后更新的一行，其余主键留下填得最全的一行")
        return f"  {name}：{n:,} 行与同一主键的另一行内容不同，已隔离；{kept}"
    kept = {0: "of each key the row with most cells filled is kept", n: "of each key the row updated last is kept"}.get(
        dated, f"{dated:,} of them give way to the row of the key updated last; of the other keys the row with most cells filled is kept")
    return f"  {name}: {n:,} rows repeat a key with another content and were set aside; {kept}"


def _unmatched(channel: str, entry: dict, *, zh: bool) -> str:
    n, share, named = f"{entry['unmatched_customers']:,}", f"{entry['unmatched_share']:.2%}", f"{entry['unmatched_identifiers']:,}"
    if zh:
        return f"  {channel}：{n} 行的客户编号不在客户名单中（占有客户编号各行的 {share}，{named} 个编号），这些行不知道是哪位客户"
    return (f"  {channel}: {n} rows name a customer who is in no customer list ({share} of the rows that name one; {named} identifiers), "
            "so nobody knows whose they are")


def _private(entry: dict, lang: str) -> str:
    found = [f"{_PRIVATE[lang][kind]} {n:,}" for kind, n in entry["redactions"].items() if n]
    if not found:
        return ""
    return f"；已替换：{'、'.join(found)}" if lang == "zh" else f"; replaced: {', '.join(found)}"


def _files(card: dict, lang: str) -> Iterator[str]:
    """What is odd about files; files with the same finding share a line."""
    found: dict[str, list[str]] = {}
    for entry in card["files"]:
        for told in _oddities(entry, zh=lang == "zh"):
            found.setdefault(told, []).append(entry["file"])
    for told, files in found.items():
        if lang == "zh":
            yield f"  {files[0]}{f' 等 {len(files)} 个文件' if len(files) > 1 else ''}：{told}"
        else:
            yield f"  {files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}: {told}"


def _oddities(entry: dict, *, zh: bool) -> Iterator[str]:
    odd, comma = entry.get("columns", {}), "、" if zh else ", "
    if entry["status"] != "connected":
        status = {"missing": ("没有文件", "no file"), "silent": ("没有数据行", "no rows")}[entry["status"]]
        yield status[0] if zh else status[1]
    for note in entry.get("notes", []):
        if note["note"] == "encoding_guessed":
            yield _guess(note["what"], zh=zh)
        elif note["note"] in _NOTES:
            yield f"{_NOTES[note['note']][0]}：{note['what']}" if zh else f"{_NOTES[note['note']][1]}: {note['what']}"
    if constant := comma.join(odd.get("constant", {})):
        yield f"全列同一取值：{constant}" if zh else f"columns with one value throughout: {constant}"
    if empty := comma.join(odd.get("empty", {})):
        yield f"空列：{empty}" if zh else f"columns never filled: {empty}"
    if n := entry.get("repeated_rows", 0):
        told = (f"与前面某行每一格都相同的行 {n:,} 行；如果同一份导出进来了两次，请只留一份",
                f"{n:,} {'row repeats' if n == 1 else 'rows repeat'} an earlier row in every cell; if an export came in twice, keep it once")
        yield told[0] if zh else told[1]
    for name, n in entry.get("set_missing", {}).items():
        yield f"{name} 有 {n:,} 格按约定视为缺失" if zh else f"{n:,} cells of {name} count as missing, as the mapping says"
    if ignored := comma.join(entry.get("ignored_columns", [])):
        yield f"未使用的列：{ignored}" if zh else f"columns not used: {ignored}"


def _guess(encoding: str, *, zh: bool) -> str:
    fix = f"encoding: {encodings.others(encoding)}"
    return (f"字节不是 UTF-8，按 {encoding} 读取；如果文字像乱码，请在映射中写  {fix}" if zh else
            f"not UTF-8, read as {encoding}; if the text looks garbled write  {fix}")


def _trap(item: dict, lang: str) -> str:
    zh = lang == "zh"
    match item["trap"]:
        case "leaked_outcome":
            share = f"{item['settled_share']:.0%}"
            return (f"{item['column']} 的取值直接决定了 {share} 客户的流失结果（整组流失或整组留存）；它很可能在结果之后产生，"
                    "不可用来解释或预测流失" if zh else
                    f"the value of {item['column']} settles churn for {share} of the customers (a whole group left or stayed); "
                    "it was probably made after the outcome and must not explain or predict churn")
        case "survivors_only":
            return (f"客户名单里 {item['n']} 位客户无一流失（账目上有 {item['lapsed']} 位一年没有往来）：名单可能只留下了在册客户，"
                    "由此算出的分数只代表留下来的人" if zh else
                    f"none of the {item['n']} customers on the list has left ({item['lapsed']} had no booking for a year): the list probably keeps "
                    "active customers only, and a score computed from it speaks for those who stayed")
        case "repeated_text":
            return (f"{item['texts']} 段原话在 {item['rows']} 条声音中重复出现，其中 {item['disagreeing']} 段的分数互相矛盾" if zh else
                    f"{item['texts']} verbatims stand under {item['rows']} voices; {item['disagreeing']} of them come with differing scores")
        case "contradiction":
            return (f"{item['rows']}/{item['n']} 条的 {item['column']} 与 {item['other']} 相互矛盾" if zh else
                    f"{item['column']} contradicts {item['other']} in {item['rows']} of {item['n']} voices")
        case "placeholder_date":
            return (f"{item['rows']} 条声音的 {item['column']} 为占位日期 {item['day']}" if zh else
                    f"{item['rows']} voices carry the placeholder date {item['day']} in {item['column']}")
    return (f"{item['day']} 一天录入 {item['rows']} 条（{item['share']:.1%}），像是批量导入" if zh else
            f"{item['rows']} voices ({item['share']:.1%}) were entered on {item['day']}, which looks like a batch import")
