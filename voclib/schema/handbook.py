"""The codebook: every table and column of the standard in Chinese and English, from the declaration itself."""

from __future__ import annotations

from pathlib import Path

import pandera.pandas as pa

from voclib.schema.rules import rules
from voclib.schema.store import repository
from voclib.schema.tables import TABLES

KINDS = {"id": "编号 id", "choice": "选项 choice", "text": "文本 text", "flag": "是/否 flag", "whole": "整数 whole number", "real": "数值 number",
         "moment": "时刻 moment (UTC)", "day": "日期 date", "month": "月份 month (YYYY-MM)"}
SENSITIVITIES = {"public": "公开 public", "internal": "内部 internal", "personal": "个人 personal", "text": "原话 verbatim"}
INTRO = """<!-- 本文件由 voclib/schema 生成，请勿手改；改动数据标准后运行 python -m voclib.schema.codebook。
     Generated from voclib/schema; do not edit by hand. After changing the standard run python -m voclib.schema.codebook. -->
# 数据手册 · Codebook

每份研究只读下面这些表。渠道导出的文件先整理成这些表，再逐行核对；核对规则与本手册出自同一份声明（`voclib/schema/tables.py`），两者不会各说各话。

Studies read these tables and nothing else. Channel exports are brought into this form and checked row by row; the checks and this codebook
come from one declaration (`voclib/schema/tables.py`), so they cannot disagree.

- **目录**：`data/raw/` 放原始导出，只读；`data/standard/<名称>/` 放整理好的表，一表一个 Parquet 文件，可随时重建，不入库。
- **Folders**: `data/raw/` holds the exports as they came, never changed; `data/standard/<name>/` holds the tables, one Parquet file each,
  rebuilt at will and not committed.
- **行的去向**：读入的每一行，要么接受（必要时修正并计数），要么连同原因放入隔离区；没有一行会悄悄消失。
- **Every row** read is either accepted, mended where needed and counted, or set aside with its reason; none disappears.
- **缺失**：空白、`N/A`、`NA`、`null`、`-`、`无` 与问卷星的 `(跳过)`、`(空)` 读作缺失，并逐格计数；但原话列只有空白、`(跳过)`、`(空)` 才算缺失，
  客户写下的“无”也是回答。名称、区域与非个人的编号里，`NA` 是取值（例如北美区）；要当作缺失，请写在规则文件的 `missing:` 里。
- **Missing**: blanks, `N/A`, `NA`, `null`, `-`, `无` and `(跳过)` or `(空)`, as 问卷星 writes them, read as missing and are counted; in verbatims
  only a blank, `(跳过)` and `(空)` do, since a customer who wrote “无” did answer. In names, regions and identifiers of no person
  `NA` is a value, such as North America; list it under `missing:` in the mapping where it is not.
- **时间**：时刻一律存为 UTC；未写时区的按所给时区读取，默认 `Asia/Shanghai`。
- **Times** are stored in UTC; those without a zone are read in the zone given, `Asia/Shanghai` by default.
- **敏感度**：*个人* 是假名化的编号，绝不出现在报告里；*原话* 先脱敏再入表。
- **Sensitivity**: *personal* columns are pseudonyms and never reach a report; *verbatim* is redacted before it enters a table.
- 🔑 标出主键：各列合起来不得重复。
- 🔑 marks the key: taken together, its columns never repeat.
"""
HEAD = ("列 Column", "类型 Type", "单位 Unit", "取值 Allowed", "可缺 May be empty", "引用 Refers to", "敏感度 Sensitivity", "含义", "Meaning")


def codebook() -> str:
    """The text of data/README.md: markdown, one table of columns for each table of the standard."""
    contents = "\n".join(f"- [`{name}`](#{name}) {schema.metadata['zh']} · {schema.description}" for name, schema in TABLES.items())
    return "\n".join([INTRO, "## 目录 · Tables\n", contents, *(_section(name, schema) for name, schema in TABLES.items())]) + "\n"


def write(path: str | Path | None = None) -> Path:
    """Write the codebook to `path`, by default data/README.md of the repository; the path written."""
    target = Path(path) if path is not None else repository() / "data" / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(codebook(), encoding="utf-8", newline="\n")
    return target


def _section(name: str, schema: pa.DataFrameSchema) -> str:
    key = schema.metadata["key"]
    lines = [f"\n## {name}\n", f"{schema.metadata['zh']}。\n", f"{schema.description}.\n", _row(HEAD), _row(["---"] * len(HEAD))]
    lines += [_row(_cells(name, column, column.name in key)) for column in schema.columns.values()]
    orders = [(f"`{later}` 不得早于 `{earlier}`", f"`{later}` never lies before `{earlier}`") for later, earlier in schema.metadata["after"]]
    if orders:
        lines += ["", f"{'；'.join(zh for zh, _ in orders)}。\n", f"{'; '.join(en for _, en in orders)}."]
    return "\n".join(lines)


def _cells(table: str, column: pa.Column, is_key: bool) -> list[str]:
    given = column.metadata
    return [f"{'🔑 ' if is_key else ''}`{column.name}`", KINDS[given["kind"]], given["unit"], _allowed(table, column),
            "是 yes" if column.nullable else "否 no", f"`{given['references']}`" if given["references"] else "", SENSITIVITIES[given["sensitivity"]],
            given["zh"], column.description]


def _allowed(table: str, column: pa.Column) -> str:
    """Named values, or the range between the bounds; a month's form stands in its type."""
    low = high = None
    for rule in rules(table):
        given = rule.check.statistics
        if rule.column == column.name and "allowed_values" in given:
            return ", ".join(f"`{value}`" for value in given["allowed_values"])
        if rule.column == column.name:
            low, high = given.get("min_value", low), given.get("max_value", high)
    if low is not None and high is not None:
        return f"{low:,}–{high:,}" if isinstance(low, int) else f"{low:g}–{high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
