"""The exports a real company has: Chinese headings, mixed encodings and date formats, nested tickets, planted dirt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd

from voclib.schema.tables import TABLES
from voclib.simulate.dealers import ITEMS
from voclib.simulate.exports import dirt, surveys, voice_files
from voclib.simulate.exports.headings import ALSO, CONSTANTS, EXPORTS, TABLE_OF, TIMEZONE, VALUES
from voclib.simulate.tables import field, more_voices

if TYPE_CHECKING:
    from voclib.simulate.company import World

__all__ = ["ALSO", "CONSTANTS", "EXPORTS", "TABLE_OF", "TIMEZONE", "VALUES", "Exporter"]
FILES = {"transactions": "ledger.csv", "frontline_reports": "frontline.csv"}
"""Where a table's file is not called after it."""
SLASHED = "%Y/%-m/%-d %H:%M"
ISO = "%Y-%m-%dT%H:%M:%S+08:00"


class Exporter:
    """Writes one table after another into a folder through one DuckDB connection; a context manager."""

    def __init__(self, folder: Path, *, world: World, shuffle: int | None) -> None:
        self._folder, self._world, self._shuffle = folder, world, shuffle
        self._connection = duckdb.connect()

    def __enter__(self) -> Exporter:
        self._connection.execute("SET TimeZone = 'UTC'")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def export(self, name: str, frame: pd.DataFrame) -> dict[str, Any]:
        """Write the exports a table stands in; the dirt planted in them, by file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        match name:
            case "responses":
                return self._responses(frame)
            case "cases":
                return self._tickets(frame)
            case "employee_surveys":
                return self._employee_surveys(frame)
            case "conversations":
                return {}  # they stand in contact_centre.csv, beside their voices, and in the mailbox
            case "turns":
                mail = voice_files.mailbox(self._folder / "inbox.mbox", self._world, shuffle=self._shuffle)
                return {**voice_files.call_and_chat(self._folder, self._world, shuffle=self._shuffle), "inbox.mbox": mail}
            case _:
                return self._table(field.as_written(self._world, name, frame), FILES.get(name, f"{name}.csv"))

    def _table(self, frame: pd.DataFrame, file: str) -> dict[str, Any]:
        """A flat file: cells put into words by SQL, then the dirty rows behind them."""
        columns: dict[str, str] = {}
        for described in (EXPORTS[file], *ALSO.get(file, {}).values()):  # a heading that fills two tables is written once
            columns |= {heading: name for heading, name in described.items() if heading not in columns}
        cells = [f'{_cell(name, file, heading)} AS "{heading}"' for heading, name in columns.items()]
        self._connection.register("given", frame)
        self._connection.execute("CREATE OR REPLACE TEMP VIEW lines AS SELECT rn, "
                                 f"{', '.join(cells)} FROM (SELECT *, row_number() OVER () AS rn FROM given)")
        planted = dirt.plant(self._connection, file, len(frame))
        self._copy(file, kind="FORMAT csv, HEADER")
        self._connection.unregister("given")
        return {file: planted} if planted else {}

    def _copy(self, file: str, *, kind: str) -> None:
        """The view `lines`, then the table `extra`, in the order of their rows: a million rows are never sorted unless they are shuffled."""
        order = "" if self._shuffle is None else f"ORDER BY hash(rn + {int(self._shuffle)} * 1000003), rn"
        path = str(self._folder / file).replace("'", "''")
        self._connection.execute(
            f"COPY (SELECT * EXCLUDE (rn) FROM (SELECT * FROM lines UNION ALL SELECT * FROM extra) {order}) TO '{path}' ({kind})")
        self._connection.execute("DROP TABLE extra")
        self._connection.execute("DROP VIEW lines")

    def _responses(self, frame: pd.DataFrame) -> dict[str, Any]:
        world = self._world
        spoken = frame.assign(comment=pd.array(np.concatenate([world.voices.raw_text, more_voices.raw_comments(world)]), dtype="str"))
        made = surveys.write(self._connection, spoken[: world.asking.answers.size], folder=self._folder, plan=world.plan, shuffle=self._shuffle)
        made |= self._table(_of(spoken, "review"), "reviews.csv")
        made |= self._table(_of(spoken, "call", "chat").merge(more_voices.call_rows(world), on="response_id"), "contact_centre.csv")
        self._posts(_of(spoken, "post"))
        made["social_posts.csv"] = voice_files.social(self._folder / "social_posts.csv", world, _of(spoken, "social"), shuffle=self._shuffle)
        made["app_reviews.json"] = voice_files.app_reviews(self._folder / "app_reviews.json", world, _of(spoken, "appstore"), shuffle=self._shuffle)
        answers = [more_voices.post_call(world), more_voices.post_call(world, again=True)]
        made |= self._table(pd.concat(answers, ignore_index=True), "postcall_survey.csv")
        made |= self._table(more_voices.kiosk(world), "kiosk.csv")
        return made | {"verbatims": world.voices.planted}

    def _posts(self, frame: pd.DataFrame) -> None:
        self._connection.register("given", frame)
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW lines AS SELECT row_number() OVER () AS rn, response_id AS id, '车友社区' AS platform, unit_id AS dealer, "
            f'{_time("submitted_at", ISO)} AS time, segment AS board, comment AS "text", language AS lang FROM given')
        self._connection.execute("CREATE OR REPLACE TEMP TABLE extra AS SELECT * FROM lines LIMIT 0")
        self._copy("posts.jsonl", kind="FORMAT json")
        self._connection.unregister("given")

    def _tickets(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Nested records; events stand in a list, and what has not happened yet is not in it."""
        voices = self._world.voices
        written = frame.assign(description=pd.array(voices.raw_text[self._world.cases["voice"]], dtype="str"))
        self._connection.register("given", written)
        event = ", ".join(f"{{'kind': '{kind}', 'time': {_time(f'{kind}_at', ISO)}}}" for kind in ("opened", "assigned", "responded", "resolved"))
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW lines AS SELECT row_number() OVER () AS rn, case_id AS ticket_id, response_id AS source_id,
            {{'id': customer_id, 'is_known': customer_id IS NOT NULL}} AS customer, {{'id': unit_id}} AS dealer, topic, severity,
            owner_department AS department, description, list_filter([{event}], lambda e: e.time IS NOT NULL) AS events FROM given""")
        planted = dirt.plant_tickets(self._connection, len(frame))
        self._copy("tickets.jsonl", kind="FORMAT json")
        self._connection.unregister("given")
        return {"tickets.jsonl": planted}

    def _employee_surveys(self, frame: pd.DataFrame) -> dict[str, Any]:
        """One wide file a wave, a column an item."""
        self._connection.register("given", frame)
        items = ", ".join(f"max(CAST(value AS INTEGER)) FILTER (item_code = '{item}') AS {item}" for item in ITEMS)
        for wave in sorted(frame["wave_month"].unique()):
            self._connection.execute(f"""CREATE OR REPLACE TEMP VIEW lines AS SELECT CAST(substr(employee_response_id, 2) AS BIGINT) AS rn,
                employee_response_id AS "答卷编号", any_value(unit_id) AS "门店编号", any_value(wave_month) AS "期次",
                {_time('any_value(submitted_at)', SLASHED)} AS "提交时间", any_value(role_band) AS "岗位", any_value(tenure_band) AS "司龄",
                CASE WHEN any_value(is_manager) THEN '是' ELSE '否' END AS "是否管理者", {items}
                FROM given WHERE wave_month = '{wave}' GROUP BY employee_response_id ORDER BY rn""")
            self._connection.execute("CREATE OR REPLACE TEMP TABLE extra AS SELECT * FROM lines LIMIT 0")
            self._copy(f"employee_survey_{wave}.csv", kind="FORMAT csv, HEADER")
        self._connection.unregister("given")
        return {}


def _of(frame: pd.DataFrame, *channels: str) -> pd.DataFrame:
    return frame[frame["channel"].isin(channels)].reset_index(drop=True)


def _time(column: str, pattern: str) -> str:
    return f"strftime({column} + INTERVAL 8 HOUR, '{pattern}')"


def _cell(name: str, file: str, heading: str) -> str:
    """SQL that words one column of a file as that file words it; mixed date formats and separators by line number."""
    told = next(TABLES[table].columns[name].metadata for table in (TABLE_OF[file], *ALSO.get(file, {})) if name in TABLES[table].columns)
    kind, column = told["kind"], f'"{name}"'
    chinese = not heading.isascii()
    match kind:
        case "moment":
            return f"CASE WHEN rn % 4 = 0 THEN {_time(column, SLASHED)} ELSE {_time(column, ISO)} END" if chinese else _time(column, ISO)
        case "day":
            return f"CASE WHEN rn % 5 = 0 THEN strftime({column}, '%Y/%-m/%-d') ELSE strftime({column}, '%Y-%m-%d') END"
        case "flag":
            yes, no = ("是", "否") if chinese else ("yes", "no")
            return f"CASE WHEN {column} THEN '{yes}' WHEN NOT {column} THEN '{no}' END"
        case "choice":
            words = {coded: worded for worded, coded in VALUES.get(file, {}).get(heading, {}).items()}
            whens = " ".join(f"WHEN {column} = '{coded}' THEN '{worded}'" for coded, worded in words.items())
            return f"CASE {whens} ELSE {column} END" if whens else column
        case "real" if told["unit"] == "CNY":
            return f"CASE WHEN rn % 6 = 0 THEN format('{{:,.2f}}', {column}) ELSE printf('%.2f', {column}) END"
        case "real":
            return f"CASE WHEN {column} = floor({column}) THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
        case "whole":
            return f"CAST({column} AS VARCHAR)"
        case "text" if VALUES.get(file, {}).get(heading):
            return f"CASE {column} " + " ".join(f"WHEN '{c}' THEN '{w}'" for w, c in VALUES[file][heading].items()) + f" ELSE {column} END"
        case _:
            return column
