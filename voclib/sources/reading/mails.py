"""E-mail: mailboxes and single messages become rows of text, one a message, gathered into threads.

Nothing in a message is believed: headers that cannot be read and bytes that are not in the encoding they claim become a problem of
the row. Attachments are counted and never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.sources.mapping import Channel
from voclib.sources.reading import encodings, mail_text, threads, turns
from voclib.sources.reading.readers import EMPTY, UNDECODED, Extract, Note

MAIL_FILES = (".mbox", ".eml")
COLUMNS = ("message_id", "subject", "from", "to", "date", "body", "attachments")
_UNREADABLE = (ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError)  # what the parser raises on a forged header
_ID = re.compile(r"<([^<>\s]+)>")
_MOST_REFERENCES = 200
_HEADER = "header."
# a line "From " begins a message; where the first one carries a time of day, so must the others, which spares letters that begin a line so
_FROM = rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n"
_FROM_DATED = rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*[0-9]:[0-9]{2}[^\n]*\n"


def read(path: Path, spec: Channel, *, name: str) -> Extract:
    """A .mbox or .eml file, one row a message, turns of a thread in the order of their dates.

    Columns `message_id, subject, from, to, date, body, attachments`, `header.<name>` where the mapping names it, `_conversation` (the Message-ID
    the thread began with) and the columns of turns; `_text` is the body without what it quotes. Raises ParameterError without
    `own_domains`, DataError where the file is no mailbox.
    """
    if spec.own_domains is None:
        raise ParameterError(f"{name}: own_domains says whose addresses are ours, for example  own_domains: [example.com]; it is not given")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be opened: {error.strerror}; check the file's permissions") from None
    if not raw.strip():
        return Extract(pd.DataFrame({column: pd.Series(dtype="str") for column in (*COLUMNS, "_file", "_problem", "_repair")}
                                    | {"_row": pd.Series(dtype="int64")}), "", (EMPTY,))
    own = tuple(domain.strip().lower().lstrip("@") for domain in spec.own_domains)
    messages = [raw] if path.suffix.lower() == ".eml" else list(_split(raw, name))
    # only what the mapping asks for: a message may carry any number of headers
    headers = tuple(sorted({column for rule in spec.tables.values() for column in rule.columns.values() if column.startswith(_HEADER)}))
    rows = [_message(message, own, headers) for message in messages]
    notes: tuple[Note, ...] = tuple(("header_not_found", name.removeprefix(_HEADER)) for name in headers if not any(row.get(name) for row in rows))
    columns = (*COLUMNS, *headers, "_problem", "_conversation", "_speaker", "_agent", "_offset", "_at", "_text", "_refers")
    frame = pd.DataFrame({column: pd.Series([row.get(column) for row in rows], dtype="object") for column in columns})
    frame = frame.assign(_file=name, _row=range(1, len(frame) + 1), _problem=frame["_problem"].fillna("").astype("str"), _repair="")
    return Extract(_threaded(frame, spec), "mail", notes)


def _split(raw: bytes, name: str) -> Iterator[bytes]:
    """The messages of an mbox; a line "From " after an empty line begins one, and >From inside a body is From (RFC 4155, mboxrd)."""
    starts = [found.start() for found in re.finditer(_FROM_DATED if re.match(_FROM_DATED, raw) else _FROM, raw)]
    if not starts or raw[:starts[0]].strip():
        raise DataError(f"{name} is not a mailbox: it does not begin with a line 'From …'; export it as mbox, or name a single message .eml")
    for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        yield re.sub(rb"(?m)^>(>*From )", rb"\1", raw[raw.index(b"\n", start) + 1:end])


def _message(raw: bytes, own: tuple[str, ...], headers: tuple[str, ...]) -> dict[str, object]:
    """One message as a row; `_problem` says why it cannot be used."""
    try:
        message = BytesParser(policy=policy.default).parsebytes(raw)
        row = _row(message, own, headers)
    except _UNREADABLE as error:
        return {"_problem": f"the message cannot be read ({type(error).__name__})"}
    texts = [value for value in row.values() if isinstance(value, str)]
    if any(encodings.UNDECODABLE in text for text in texts):
        return {"_problem": UNDECODED}
    missing = [told for told, value in (("no Message-ID", row["message_id"]), ("no sender", row["from"])) if not value]
    return row | {"_problem": missing[0] if missing else ""}


def _row(message: Message, own: tuple[str, ...], headers: tuple[str, ...]) -> dict[str, object]:
    sender = next(iter(_addresses(_header(message, "From"))), "")
    is_own = any(_within(sender, domain) for domain in own)
    automatic = (_header(message, "Auto-Submitted") or "no").strip().lower() != "no"
    body, attachments = mail_text.body(message)
    speaker = ("bot" if is_own else "other") if automatic else "agent" if is_own else "customer"
    identifiers = _ID.findall(_header(message, "Message-ID"))
    refers = [*_ID.findall(_header(message, "References"))[-_MOST_REFERENCES:], *_ID.findall(_header(message, "In-Reply-To"))[:1]]
    at = _moment(_header(message, "Date"))
    return {"message_id": identifiers[0] if identifiers else None, "subject": _header(message, "Subject") or None, "from": sender or None,
            "to": ", ".join(_addresses(_header(message, "To"))) or None, "date": at, "body": body or None, "attachments": str(attachments),
            "_speaker": speaker, "_agent": sender if speaker == "agent" else None, "_at": at, "_text": mail_text.own_words(body) or None,
            "_refers": tuple(refers)} | {name: _header(message, name.removeprefix(_HEADER)) or None for name in headers}


def _header(message: Message, name: str) -> str:
    """A header in one line; eight-bit bytes that no encoding explains are tried as UTF-8 and GB18030, as the files are."""
    text = str(message.get(name) or "")
    if encodings.UNDECODABLE in text:
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        given = str(raw).encode("utf-8", errors="surrogateescape")
        if b"=?" not in given:
            text = encodings.decode(given, file=name)[0]
    return " ".join(text.split())


def _addresses(header: str) -> list[str]:
    return [address.strip().lower() for _, address in getaddresses([header]) if "@" in address]


def _within(address: str, domain: str) -> bool:
    held = address.rpartition("@")[2]
    return bool(domain) and (held == domain or held.endswith(f".{domain}"))


def _moment(header: str) -> str | None:
    """The date in ISO form with its offset; one that cannot be read stays as it is, for the standard to judge."""
    if not header:
        return None
    try:
        found = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return header
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).isoformat()


def _threaded(frame: pd.DataFrame, spec: Channel) -> pd.DataFrame:
    """Messages gathered into threads and numbered; a message that stands twice keeps one number, so that the standard keeps one of the two."""
    usable = frame["_problem"] == ""
    frame = frame.assign(**{name: frame[name].astype("str") for name in frame.columns if name not in ("_refers", "_row")})
    chosen = frame[usable].sort_values(["_at", "body", "_row"], kind="stable").drop_duplicates("message_id")
    roots = threads.roots(dict(zip(chosen["message_id"], chosen["_refers"], strict=True)),
                          dict(zip(chosen["message_id"], chosen["_at"].map(_instant), strict=True)))
    known = frame["message_id"].where(usable).map(roots).astype("str")
    # by date, then by Message-ID, never by place in the file; a message without a date comes last
    order = chosen.assign(_instant=chosen["_at"].map(_instant)).sort_values(["_instant", "message_id"], kind="stable").index
    placed = frame.assign(_conversation=known).loc[order]
    told = turns.told(placed.drop(columns=["_refers"]), spec, conversation="_conversation").set_index("message_id")
    instants = told["_at"].map(_instant).replace(float("inf"), float("nan"))
    since = instants - instants.groupby(told["_conversation"]).transform("min")
    told["_offset"] = since.map("{:.0f}".format, na_action="ignore").astype("str")
    made = frame.drop(columns=["_refers"]).assign(_conversation=known)
    for name in ("_turn", "_said", "_began", "_ended", "_agent", "_offset"):
        made[name] = frame["message_id"].where(usable).map(told[name]).astype("str")
    return made


def _instant(at: object) -> float:
    """Seconds since 1970 of an ISO text, infinity where it is none: a message without a date never begins a thread that has one with."""
    try:
        return datetime.fromisoformat(str(at)).timestamp()
    except (ValueError, OverflowError):
        return float("inf")
