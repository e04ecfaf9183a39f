"""The mapping an analyst writes in YAML: which export column is which standard column."""

from __future__ import annotations

import os
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from voclib import yamlmodel
from voclib.errors import DataError, ParameterError, nearest
from voclib.schema.tables import TABLES

ChannelName = Literal["survey", "review", "appstore", "post", "social", "mail", "chat", "call", "ticket", "frontline", "ledger", "employee",
                      "usage", "operations", "repair", "project", "concept", "touchpoint", "master"]
Speaker = Literal["customer", "agent", "bot", "other"]
CONVERSING = ("call", "chat", "mail")
SPOKEN = ("_conversation", "_turn", "_speaker", "_agent", "_offset", "_at", "_text", "_said", "_began", "_ended")  # made of conversations
RESERVED = ("_id", "_file", "_row", "_item", "_value", *SPOKEN)
MISSING = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "#N/A")
PLACE = ("unit_id", "segment")
VALID_VOICE = (("customer_id",), PLACE,
               ("nps_score", "csat_score", "ces_score", "rating_score", "star_rating", "is_recommended", "comment"), ("submitted_at", "touched_at"))
DEFAULTS = {"responses": {"weight": "1"}}  # what a mapping need not say
DOUBLED = {"rating_score": 2}  # half stars out of 5 are whole points out of 10
FOREIGN = "; amounts are kept in CNY: say what one unit is worth, such as  factors: {net_cny: 7.85}, beside  constants: {currency: CNY}"
ANSWERS_ONLY = "; this table holds answers, one row an employee and item: a file of means by unit and month has no answer sheets and cannot fill it"
Scalar = str | bool | int | float


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _a_day(given: object) -> object:
    """A calendar day as an export is dated; ValueError, saying how to write it, for anything else."""
    if given is None or (isinstance(given, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given) and _exists(given)):
        return given
    raise ValueError(f"'{given}' is not a day; write the day of the export as 2026-06-30")


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


LastDay = Annotated[str | None, BeforeValidator(_a_day)]  # the day of the export: nothing in it can have happened later


class Name(_Part):
    """A name in both languages."""

    zh: str
    en: str


class Join(_Part):
    """Columns of another file, added by a key that is unique there; `on` is a column or {here: there}."""

    files: str
    on: str | dict[str, str]
    sheet: str | None = None
    encoding: str = "auto"

    @field_validator("on", mode="after")
    @classmethod
    def _one_key(cls, given: str | dict) -> str | dict:
        if not given or (isinstance(given, dict) and len(given) != 1):
            raise ValueError("name one column that both files have, or one pair  on: {column here: column there}")
        return given


class Events(_Part):
    """A list of events inside a record; the first time of each kind becomes the column `events.<kind>`."""

    list: str
    kind: str
    at: str


class Turns(_Part):
    """The turns of a conversation: a list inside a record, or rows of a flat file that share the conversation in column `by`."""

    list: str | None = None
    by: str | None = None
    speaker: str
    text: str
    offset: str | None = None
    at: str | None = None
    agent: str | None = None
    speakers: dict[Scalar, Speaker] = Field(default_factory=dict)

    @field_validator("speakers", mode="after")
    @classmethod
    def _as_text(cls, given: dict) -> dict:
        return {as_text(word): who for word, who in given.items()}

    @model_validator(mode="after")
    def _one_shape(self) -> Turns:
        if (self.list is None) == (self.by is None):
            raise ValueError("turns needs either  list: the list of turns inside a record  or  by: the column that names the conversation")
        return self


class Elapsed(_Part):
    """A moment told as time elapsed: `after` a moment of the same table, in `column` of the export, counted in `unit` or written as 3:05:00."""

    after: str
    column: str
    unit: Literal["seconds", "minutes", "hours", "days"]


class Table(_Part):
    """How one standard table is made from a source."""

    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, Scalar] = Field(default_factory=dict)
    values: dict[str, dict[Scalar, Scalar | None]] = Field(default_factory=dict)
    formats: dict[str, str | list[str]] = Field(default_factory=dict)  # one pattern, or several tried in order
    factors: dict[str, float] = Field(default_factory=dict)  # what one of the export's units is in the standard's
    times: dict[str, str] = Field(default_factory=dict)  # a price a piece, and the column of the export that counts the pieces
    elapsed: dict[str, Elapsed] = Field(default_factory=dict)  # moments that the export tells as time since another
    where_filled: str | None = None  # a column of the export without which a row makes none of this table
    distinct: bool = False

    @field_validator("factors", mode="after")
    @classmethod
    def _are_positive(cls, given: dict) -> dict:
        for column, factor in given.items():
            if factor != -1 and not 0 < factor < float("inf"):  # -1: what a ledger books under debit
                raise ValueError(f"{column}: {factor} is not a factor; write what one unit of the export is in the standard's, 1.609344 for miles")
        return given

    @field_validator("formats", mode="after")
    @classmethod
    def _can_be_read(cls, given: dict) -> dict:
        for column, patterns in given.items():
            for pattern in [patterns] if isinstance(patterns, str) else patterns:
                if wrong := _wrong(pattern):
                    raise ValueError(f"{column}: '{pattern}' {wrong}; write day, month and year as %d, %m and %Y, hours and minutes as %H and %M")
        return given

    @field_validator("values", "constants", mode="after")
    @classmethod
    def _as_text(cls, given: dict) -> dict:
        return {key: {as_text(old): as_text(new) for old, new in value.items()} if isinstance(value, dict) else as_text(value)
                for key, value in given.items()}


class Channel(_Part):
    """One source: the files of a channel and the standard tables made from them."""

    channel: ChannelName
    files: str | list[str]
    tables: dict[str, Table] = Field(min_length=1)
    encoding: str = "auto"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    heading_row: int = Field(default=1, ge=1)
    records: str | None = None
    events: Events | None = None
    turns: Turns | None = None
    own_domains: list[str] | None = None
    items: list[str] | dict[str, str] | None = None
    make_id: list[str] | None = None
    updated: str | None = None  # when a row was last changed: of repeated rows the latest holds
    join: Join | None = None
    missing: list[Scalar] = Field(default_factory=list)
    set_aside: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)  # rows that a column marks as no answers, such as previews
    decimal: Literal[".", ","] | None = None  # without it every column decides, and asks where it cannot
    timezone: str | None = None
    as_of: LastDay = None
    optional: bool = False

    @property
    def patterns(self) -> list[str]:
        """File patterns, relative to the mapping's root."""
        return [self.files] if isinstance(self.files, str) else list(self.files)

    @property
    def missing_words(self) -> tuple[str, ...]:
        """Cells that mean "no answer" in a column of numbers, times or conversations: the usual ones and those the mapping names."""
        return (*MISSING, *self.declared_missing)

    @property
    def declared_missing(self) -> tuple[str, ...]:
        """Cells that mean "no answer" in every column, because the mapping says so."""
        return tuple(as_text(word) for word in self.missing)

    @property
    def marks(self) -> dict[str, tuple[str, ...]]:
        """By column of the export, the words that set a row aside."""
        listed = {column: given if isinstance(given, list) else [given] for column, given in self.set_aside.items()}
        return {column: tuple(as_text(word).strip() for word in words) for column, words in listed.items()}

    @field_validator("files", mode="after")
    @classmethod
    def _at_least_one(cls, given: str | list[str]) -> str | list[str]:
        if not given or not all(text.strip() for text in ([given] if isinstance(given, str) else given)):
            raise ValueError("name at least one file or pattern, for example  files: survey_*.csv")
        return given

    @model_validator(mode="after")
    def _fits_channel(self) -> Channel:
        if self.items and self.channel != "employee":
            raise ValueError(f"items belong to channel employee, this source is '{self.channel}'")
        if self.events and self.channel != "ticket":
            raise ValueError(f"events belong to channel ticket, this source is '{self.channel}'")
        if self.turns and self.channel not in CONVERSING:
            raise ValueError(f"turns belong to the channels {', '.join(CONVERSING)}, this source is '{self.channel}'")
        if self.own_domains is not None and self.channel != "mail":
            raise ValueError(f"own_domains belong to channel mail, this source is '{self.channel}'")
        return self


class Mapping(_Part):
    """A whole mapping file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    company: Name
    root: str = "."
    timezone: str = "Asia/Shanghai"
    as_of: LastDay = None  # of all sources that name no day of their own
    pseudonym_key: str | None = None
    valid_voice: list[list[str]] = Field(default_factory=lambda: [list(line) for line in VALID_VOICE])
    sources: list[Channel] = Field(min_length=1)


def _wrong(pattern: str) -> str:
    """What keeps a pattern from reading a date, empty where nothing does."""
    try:
        datetime.strptime("", pattern)
    except (ValueError, re.error) as error:
        if "does not match format" not in str(error):
            return "is not a date format"
    if "%" not in pattern:
        return "holds no part of a date"
    if "%Z" in pattern:  # it knows the names of the computer's own zone only, and leaves them out of what it reads
        return "names a zone, which is read otherwise on another computer; write UTC or GMT as it stands, %z for +08:00, the zone under  timezone:"
    return "" if re.search("%[YyGcx]", pattern) else "holds no year, and would make every date one of 1900"


def as_text(value: object) -> str:
    """A YAML value as the text an export would hold: true and false in lower case."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def read(path: Path) -> Mapping:
    """The mapping in a YAML file, checked against the data standard.

    Raises ParameterError naming the place, what is wrong with it and the nearest known name.
    """
    mapping = yamlmodel.read(path, Mapping, template="params/rules/example.yml")
    problems = [text for place, source in enumerate(mapping.sources, start=1) for text in _check_source(source, f"source {place} ({source.channel})")]
    problems += _check_times(mapping) + [text for line in mapping.valid_voice for text in _unknown("valid_voice", line, TABLES["responses"].columns)]
    if problems:
        raise ParameterError(f"{path.name}: " + "; ".join(problems))
    return mapping if "valid_voice" in mapping.model_fields_set else mapping.model_copy(update={"valid_voice": _asked(mapping)})


def _asked(mapping: Mapping) -> list[list[str]]:
    """What a voice must hold unless the rules say: a company that maps no units and no scene of its voices is not asked where they were spoken."""
    tables = [(name, table) for source in mapping.sources for name, table in source.tables.items()]
    told = {column for name, table in tables if name == "responses" for column in (*table.columns, *table.constants)}
    is_placed = any(name == "units" for name, _ in tables) or not told.isdisjoint(PLACE)
    return [list(line) for line in VALID_VOICE if is_placed or line != PLACE]


def folder(mapping: Mapping, *, repository: Path, root: str | Path | None = None) -> Path:
    """The folder the file patterns start from: `root` given, else the mapping's, `$VARIABLE` replaced; DataError if it is not there."""
    written = str(root) if root is not None else mapping.root
    unset = [name for name in re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", written) if not os.environ.get(name)]
    if unset:
        raise DataError(f"the mapping '{mapping.name}' reads from {written}, but {unset[0]} is not set; "
                        f"set it to the folder with the exports, for example  export {unset[0]}=/path/to/exports")
    found = repository / os.path.expandvars(written)
    if not found.is_dir():
        raise DataError(f"the mapping '{mapping.name}' reads from {written}, and that folder is not there; correct `root:` or create the folder")
    return found


def _check_times(mapping: Mapping) -> list[str]:
    zones = [mapping.timezone, *(source.timezone for source in mapping.sources if source.timezone)]
    return [f"timezone '{zone}' is not known; {nearest(zone, available_timezones())}" for zone in zones if not _is_zone(zone)]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _check_source(source: Channel, place: str) -> list[str]:
    problems = []
    for name, table in source.tables.items():
        if name not in TABLES:
            problems.append(f"{place}: table '{name}' is not in the data standard; {nearest(name, TABLES)}")
            continue
        problems += _check_table(source, table, name, f"{place}, table {name}")
    return problems


def _check_table(source: Channel, table: Table, name: str, place: str) -> list[str]:
    known = TABLES[name].columns
    filled = [*table.columns, *table.constants, *table.elapsed, *DEFAULTS.get(name, {})]
    problems = _unknown(place, filled, known) + _unknown(f"{place}, values", table.values, table.columns) \
        + _unknown(f"{place}, formats", table.formats, table.columns) + _unknown(f"{place}, factors", table.factors, table.columns) \
        + _unknown(f"{place}, times", table.times, table.columns)
    problems += [f"{place}, {key}: {column} is no column of amounts or measures, and a factor would change what it says"
                 for key, given in (("factors", table.factors), ("times", table.times)) for column, by in given.items()
                 if column in known and known[column].metadata["kind"] != "real" and DOUBLED.get(column) != by]
    problems += [f"{place}, elapsed: {name} needs a column of times, and  after:  another that stands under columns, not '{one.after}'"
                 for name, one in table.elapsed.items() if name in known and not (
                     one.after in table.columns and {known[name].metadata["kind"], known[one.after].metadata["kind"]} == {"moment"})]
    problems += [f"{place}: '{column}' stands in columns and in elapsed; keep one" for column in table.columns if column in table.elapsed]
    problems += [f"{place}: '{column}' stands in columns and in constants; keep one" for column in table.columns if column in table.constants]
    problems += [f"{place}, formats: {column}: '{pattern}' holds no {lacking}; write day, month and year as %d, %m and %Y"
                 for column, given in table.formats.items() for pattern in ([given] if isinstance(given, str) else given)
                 if column in known and (lacking := _lacking(pattern, known[column].metadata["kind"]))]
    problems += [f"{place}: {column} is '{value}'; {nearest(value, allowed)}{FOREIGN if column == 'currency' else ''}"
                 for column, value in table.constants.items()
                 if (allowed := _allowed(known, column)) and value not in allowed and not (value == "" and known[column].nullable)]
    problems += [f"{place}, values: {column} becomes '{value}'; {nearest(str(value), allowed)}" for column, recoded in table.values.items()
                 if (allowed := _allowed(known, column)) for value in dict.fromkeys(recoded.values()) if value not in (*allowed, "", None)]
    needed = [column for column, rule in known.items() if not rule.nullable and column not in filled]
    if needed:
        problems.append(f"{place}: nothing is given for {', '.join(needed)}, which every row must have; add a line under columns or constants"
                        + (ANSWERS_ONLY if "employee_response_id" in needed else ""))
    if "_id" in table.columns.values() and not source.make_id:
        problems.append(f"{place}: _id is used but make_id does not say which columns it is made from, for example  make_id: [link, author, date]")
    return problems


def _lacking(pattern: str, kind: str) -> str:
    """The part of a date that a pattern leaves out, which would then be the first; a month needs no day."""
    if re.search("%[cxj]", pattern) or re.search("%G.*%V|%V.*%G|%[UW].*%[aAuw]|%[aAuw].*%[UW]", pattern):  # a day of the year or of a week
        return ""
    if not re.search("%[mbB]", pattern):
        return "month"
    return "" if kind == "month" or "%d" in pattern else "day"


def _allowed(known: dict, column: str) -> list[str]:
    """The values that a column of few named ones may hold, empty for any other."""
    if column not in known or known[column].metadata["kind"] != "choice":
        return []
    return [value for check in known[column].checks for value in check.statistics.get("allowed_values", ())]


def taken(table: Table) -> set[str]:
    """The columns of the export that a table is made from."""
    return {*table.columns.values(), *table.times.values(), *(one.column for one in table.elapsed.values()), *filter(None, [table.where_filled])}


def _unknown(place: str, names: object, known: object) -> list[str]:
    return [f"{place}: '{name}' is not a column there; {nearest(name, known)}" for name in names if name not in known]
