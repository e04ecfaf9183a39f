"""Which encoding a text export is in, decided by what decodes without loss."""

from __future__ import annotations

import codecs

from voclib.errors import DataError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MOSTLY = 0.9
UNDECODABLE = "\ufffd"


def decode(raw: bytes, *, given: str = "auto", file: str) -> tuple[str, str]:
    """The text of an export and the encoding it was read in.

    `given` wins when it is not "auto"; DataError when the file is not in it. Otherwise, in order: a byte-order mark; UTF-8;
    UTF-16 without a mark; GB18030 where the bytes above ASCII stand in pairs as Chinese does; single-byte Western (windows-1252
    or latin-1). A UTF-8 file with a few broken lines stays UTF-8 and those bytes become U+FFFD, for the reader to set aside.
    """
    if given != "auto":
        return _given(raw, given, file), codecs.lookup(given).name
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, errors="replace"), name
    if (text := _try(raw, "utf-8")) is not None and "\0" not in text:
        return text, "utf-8"
    if (name := _wide(raw)) and (text := _try(raw, name)) is not None:
        return text, name
    lines = [line for line in raw.split(b"\n") if not line.isascii()]
    if sum(_try(line, "utf-8") is not None for line in lines) >= _MOSTLY * len(lines):
        return raw.decode("utf-8", errors="replace"), "utf-8"
    if _paired(raw) and (text := _try(raw, "gb18030")) is not None:
        return text, "gb18030"
    western = "cp1252" if any(0x80 <= byte < 0xA0 for byte in raw) and _try(raw, "cp1252") is not None else "latin-1"
    return raw.decode(western), western


def _given(raw: bytes, name: str, file: str) -> str:
    try:
        return raw.decode(name)
    except LookupError:
        raise DataError(f"{file}: encoding '{name}' is not known; use auto, utf-8, gb18030, utf-16 or latin-1") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: the mapping says encoding {name}, but byte {error.start} is not {name} ({error.reason}); "
                        "write  encoding: auto  or the encoding the export was saved in") from None


def _try(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except UnicodeDecodeError:
        return None


def _wide(raw: bytes) -> str | None:
    """UTF-16 without a mark shows as a NUL in every other byte of ASCII headings."""
    head = raw[:400]
    if len(head) < 4 or head.count(0) < len(head) // 8:
        return None
    return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"


def _paired(raw: bytes) -> bool:
    """Whether most bytes above ASCII have a neighbour above ASCII: true of Chinese in GB18030, rare in Western text."""
    high = bytes(byte >= 0x80 for byte in raw)
    alone = sum(len(run) == 1 for run in high.split(b"\0"))
    return alone <= 0.5 * sum(high)
