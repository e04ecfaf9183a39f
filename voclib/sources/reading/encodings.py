"""Which encoding a text export is in: what decodes without loss and, among several that do, what reads like a language."""

from __future__ import annotations

import codecs

from voclib.errors import DataError
from voclib.sources.reading import scripts

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CANDIDATES: dict[str, scripts.Weight] = {
    "gb18030": scripts.chinese_simplified, "cp950": scripts.chinese_traditional, "cp932": scripts.japanese, "euc_jp": scripts.japanese,
    "cp949": scripts.korean, "cp874": scripts.thai, "cp1251": scripts.cyrillic}
WESTERN = ("cp1252", "latin-1")
_MOSTLY = 0.9
_UNREADABLE = -2.0
_JUDGED, _PROOF = 2_000, 3  # lines above ASCII that are enough to tell encodings apart; bytes below which they do not
UNDECODABLE = "\ufffd"


def decode(raw: bytes, *, given: str = "auto", file: str) -> tuple[str, str]:
    """The text of an export and the encoding it was read in.

    `given` wins when it is not "auto"; DataError when the file is not in it. Otherwise, in order: a byte-order mark; UTF-8;
    UTF-16 without a mark; of GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, Thai, Cyrillic and Western, the one in which at least nine lines
    in ten decode and the text reads most like its language (`scripts`), the first of equals. Bytes of a few broken lines become U+FFFD,
    for the reader to set aside.
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
    name = _likeliest(lines)
    return raw.decode(name, errors="replace"), name


def is_guess(name: str) -> bool:
    """Whether an encoding that `decode` found rests on how the text reads."""
    return name in CANDIDATES or name in WESTERN


def others(name: str) -> str:
    """What to write instead where a guess was wrong: the likeliest other encoding first."""
    rest = [other for other in CANDIDATES if other != name]
    return f"{rest[0]}  (or {', '.join(rest[1:])})"


def _likeliest(lines: list[bytes]) -> str:
    """The encoding in which lines above ASCII read best. A few characters prove little: where the advantage is worth fewer than `_PROOF` bytes
    it is Western for letters that stand among ASCII, else GB18030.
    """
    judged, whole = lines[:_JUDGED], b"\n".join(lines)
    western = "cp1252" if any(0x80 <= byte < 0xA0 for byte in whole) and _try(whole, "cp1252") is not None else "latin-1"
    scores = {name: _score(judged, name, weight) for name, weight in (CANDIDATES | {western: scripts.western}).items()}
    expected, best = western if scores[western] > 0.5 else "gb18030", max(scores, key=lambda name: scores[name])
    advantage = (scores[best] - scores[expected]) * sum(byte >= 0x80 for line in judged for byte in line)
    return best if scores[expected] == _UNREADABLE or advantage >= _PROOF else expected


def _score(lines: list[bytes], name: str, weight: scripts.Weight) -> float:
    texts = [text for line in lines if (text := _try(line, name)) is not None]
    return weight("\n".join(texts)) if len(texts) >= _MOSTLY * len(lines) else _UNREADABLE


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
