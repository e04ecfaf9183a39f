"""What is said of one identifier's way from file to report, in both languages."""

from __future__ import annotations

import re

from voclib.results import Text
from voclib.schema.tables import TABLES
from voclib.sentences import joined, say
from voclib.studies.pool import text as pool_text

HEADS = {
    "rows": Text("标准表里的行", "Rows of the standard tables"),
    "origins": Text("从哪里来", "Where it comes from"),
    "repairs": Text("导入时修了什么", "What the import repaired"),
    "asides": Text("隔离区里的行", "Rows in quarantine"),
    "mentions": Text("谁提到它", "What refers to it"),
    "reports": Text("计入哪些报告", "Which reports count it"),
    "near": Text("相近的编号", "Similar identifiers"),
}
AS_PSEUDONYM = Text("原编号已换成假名", "the original number has been replaced by a pseudonym")
NO_ORIGINS = Text("没有来源记录，请重新运行 voc ingest", "no origin recorded; run voc ingest again")
NO_REPAIRS = Text("没有", "nothing")
NO_MENTIONS = Text("没有", "nothing")
UNRELATED = Text("没有用到它的行", "uses none of its rows")
PUBLIC = Text("读公开的原始文件，不读标准表", "reads public raw files, not standard tables")
COUNTED = Text("计入", "counted")
ELSEWHERE = {
    "01-ingest": Text("读入的每一行都计入，隔离的行也在内", "counts every row read, including those in quarantine"),
    "23-known-truth": PUBLIC,
    "90-planted-truth": Text("读模拟试验的记录，不读标准表", "reads the record of simulations, not standard tables"),
}
NOT_TOLD = Text("没有说明它计入哪些行", "does not say which rows it counts")
RELATIONS = {
    "itself": Text("它本身", "itself"),
    "refers": Text("提到它的行", "rows that refer to it"),
    "named": Text("它所提到的行", "rows that it refers to"),
}
LANGUAGES = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}


def title(identifier: str, found: bool) -> Text:
    """The first line."""
    return Text(identifier, identifier) if found else say("找不到“{i}”", "'{i}' was not found", i=identifier)


def looked(tables: int, columns: int, *, with_key: bool) -> Text:
    """Where an unknown identifier was looked for."""
    where = say("找过 {t} 张标准表的 {c} 个编号列，以及隔离区。",
                "Searched {c} identifier columns of {t} standard tables, and the quarantine.", t=tables, c=columns)
    if with_key:
        return where
    key = Text("客户、员工、作者的原编号要有假名密钥（VOC_PSEUDONYM_KEY）才认得出。",
               "The original number of a customer, employee or author is recognised only with the pseudonym key (VOC_PSEUDONYM_KEY).")
    return joined(where, key)


def row(table: str, shown: int, total: int) -> Text:
    """The heading of a row of a table."""
    meta = Text(TABLES[table].metadata["zh"], TABLES[table].description)
    if total == 1:
        return Text(f"{table}（{meta.zh}）", f"{table} ({meta.en})")
    return say("{t}（{z}）：共 {n} 行，第 {i} 行", "{t} ({e}): row {i} of {n}", t=table, z=meta.zh, e=meta.en, n=total, i=shown)


def more(hidden: int) -> Text:
    """Rows that are not written out."""
    return say("另有 {n} 行没有列出", "{n} more, not listed", n=hidden)


def origin(file: str, number: int, channel: str, adapter: str) -> Text:
    """File and row that a standard row was read from."""
    return say("{f}，第 {n} 行；渠道 {c}，适配器 {a}", "{f}, row {n}; channel {c}, adapter {a}", f=file, n=str(number), c=channel, a=adapter)


def withheld(length: int, language: str) -> Text:
    """In place of what a customer wrote."""
    spoken = LANGUAGES[language]
    return say("（不展示：{n} 个字符，{z}）", "(withheld: {n} characters, {e})", n=length, z=spoken.zh, e=spoken.en)


def flag(value: bool) -> Text:
    """Yes or no."""
    return Text("是", "yes") if value else Text("否", "no")


def empty(columns: tuple[str, ...]) -> Text:
    """Columns without a value."""
    return Text(f"空着：{'、'.join(columns)}", f"empty: {', '.join(columns)}")


def aside(file: str, number: int, table: str, reason: Text) -> Text:
    """A row in quarantine."""
    where = say("{f}，第 {n} 行", "{f}, row {n}", f=file, n=str(number))
    return Text(f"{where.zh}{f' → {table}' if table else ''}：{reason.zh}", f"{where.en}{f' → {table}' if table else ''}: {reason.en}")


def reason(written: str) -> Text:
    """Why a row was set aside, as the quarantine writes it: `column: problem`, several joined by "; "."""
    parts = [re.fullmatch(r"(?:(\w+): )?(.*)", part, re.DOTALL) for part in str(written).split("; ")]
    told = [(found[1] or "", pool_text.problem(found[2])) for found in parts if found]
    return Text("；".join(f"{f'{column} ' if column else ''}{text.zh}" for column, text in told),
                "; ".join(f"{f'{column}: ' if column else ''}{text.en}" for column, text in told))


def outcome(n: int, counted: int, reasons: tuple[tuple[Text, int], ...]) -> Text:
    """What a report does with these rows: counted, left out, or some of both."""
    bare = [(Text(t.zh.removeprefix("去掉："), t.en.removeprefix("Left out: ")), k) for t, k in reasons]
    if n == 1 and counted == 1:
        return COUNTED
    if n == 1:
        return Text(f"不计入：{bare[0][0].zh}", f"left out: {bare[0][0].en}")
    whole = say("{n} 行，计入 {k} 行", "{n} rows, {k} counted", n=n, k=counted)
    each = [say("{k} 行{z}", "{k} {e}", k=k, z=t.zh, e=t.en) for t, k in bare]
    return Text("；".join([whole.zh, *(t.zh for t in each)]), "; ".join([whole.en, *(t.en for t in each)]))


def impossible(message: str) -> Text:
    """A report that these tables do not carry."""
    return Text(f"这些数据做不出这份报告：{message}", f"these data do not support this report: {message}")


def lacking(names: tuple[str, ...]) -> Text:
    """A report whose parameters were not all given."""
    return Text(f"要知道 {'、'.join(names)} 才说得出", f"known only with {', '.join(names)}")
