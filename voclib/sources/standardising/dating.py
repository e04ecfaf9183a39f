"""Which day the dates of one column mean: patterns tried on the whole column, day and month never swapped in silence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pandas as pd
import pandera.pandas as pa

from voclib.errors import DataError
from voclib.schema import coercion, dates
from voclib.schema.mending import REWRITTEN

SERIAL, EPOCH = "Excel day number read as a date", "seconds since 1970 read as a time"
MOSTLY = 0.5  # share of a column that must be such numbers before they are read as days or seconds
_SERIAL, _EPOCH = re.compile(r"[345][0-9]{4}(?:\.[0-9]+)?"), re.compile(r"1[0-9]{9}(?:[0-9]{3})?")
_TWO_NUMBERS, _ISO_DAY = r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.][0-9]{4}(?![0-9])", r"^[0-9]{4}-[0-9]{2}-([0-9]{2})(?![0-9])"
_ABOVE_12, _BY_CHANCE = 0.6, 0.001  # share of the days of a year that are above 12; how seldom an honest column may be refused
_IN_UTC = re.compile(r"(?<![A-Za-z])(?:Z|UTC|GMT)\s*$")
_EXCEL_ZERO = datetime(1899, 12, 30)  # so that serials after February 1900, which Excel takes for a leap year, are right
Read = dict[str, dict[str, str]]  # pattern → text → ISO date


def plain(texts: pd.Series, patterns: list[str], *, declared: pa.Column, where: str,
          is_zoned: bool = False) -> tuple[pd.Series, pd.Series]:
    """The dates of one column in ISO form where a pattern reads them, and what was mended in each cell (empty where nothing was).

    Of patterns that read a cell differently the one that reads every such cell is right. Numbers are days since 1900 (Excel) or seconds
    since 1970 where most of the column are. With `is_zoned` every other readable form becomes ISO too, so that a zone can be put on it.
    Raises DataError where the column proves another order of day and month than its one pattern, or where two patterns read the same cells
    differently and no cell tells which is right.
    """
    given = texts[~coercion.is_nothing(texts, declared)].dropna()
    distinct = given.unique().tolist()
    read = {pattern: {text: moment for text in distinct if (moment := _read(text, pattern))} for pattern in dict.fromkeys(patterns)}
    _refuse_swapped(read, distinct, where)
    _refuse_half_swapped(given, where)
    changed: dict[str, tuple[str, str]] = {}
    if is_zoned:
        untidy = [text for text in distinct if not re.fullmatch(coercion.CLEAN["moment"], text)]
        changed = {text: (moment, REWRITTEN) for text in untidy if (moment := dates.iso(text.strip()))}
    note = REWRITTEN if len(read) > 1 else ""  # one pattern is what the mapping says the file's dates are: reading them so mends nothing
    for pattern in reversed(_ranked(read, where)):
        changed |= {text: (moment, note) for text, moment in read[pattern].items() if moment != text}
    changed |= {text: told for text, told in _numbered(given).items() if text not in changed}
    notes = texts.map({text: note for text, (_, note) in changed.items()}).fillna("").astype("str")
    return texts.map(lambda text: changed[text][0] if text in changed else text, na_action="ignore").astype("str"), notes


def _read(text: str, pattern: str) -> str | None:
    try:
        moment = datetime.strptime(text.strip(), pattern)
    except ValueError:
        return None
    # a Z that the pattern holds as a letter is a zone all the same: strptime reads over it
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None and _IN_UTC.search(text) else moment).isoformat()


def _swapped(pattern: str) -> str:
    """The pattern with day and month exchanged."""
    return re.sub("%[dm]", lambda found: "%m" if found[0] == "%d" else "%d", pattern)


def _refuse_swapped(read: Read, distinct: list[str], where: str) -> None:
    """A pattern that more cells contradict than prove would swap day and month in all the cells that it can read."""
    for pattern, found in read.items():
        other = _swapped(pattern)
        if other == pattern or other in read:
            continue
        against = [text for text in distinct if text not in found and _read(text, other) and not any(text in more for more in read.values())]
        if against and len(against) > sum(not _read(text, other) for text in found):
            raise DataError(f"{where}: formats says {pattern}, but {len(against)} dates such as '{against[0]}' can only be {other}; "
                            f"day and month would be swapped in the others. Correct the mapping:  formats: \"{other}\"")


def _refuse_half_swapped(given: pd.Series, where: str) -> None:
    """A spreadsheet of another country reads 05/03/2026 as the third of May and leaves 25/03/2026 as text: what it could read is swapped.

    Then every date that is still text holds a number above 12, and no date that became one has a day above 12. Were day and month in their places,
    about two days of five would be up to 12 in either part, so that few dates show both by chance. A day counts once, however many rows fall on it.
    """
    bare = given.str.strip().str.split("[T ]", n=1, regex=True).str[0].drop_duplicates()
    texts, dated = bare.str.extract(_TWO_NUMBERS).dropna().astype("int64"), bare.str.extract(_ISO_DAY)[0].dropna().astype("int64")
    over = texts.gt(12)
    if not (over.any(axis=1).all() and over.any().sum() == 1 and dated.le(12).all()):
        return
    if len(texts) and len(dated) and _ABOVE_12 ** len(texts) * (1 - _ABOVE_12) ** len(dated) < _BY_CHANCE:
        raise DataError(f"{where}: {len(dated)} dates have a day of at most 12, and in all {len(texts)} that are still text, such as "
                        f"'{given[texts.index[0]].strip()}', one number is above 12: a spreadsheet has swapped day and month in those it could read. "
                        "Export the file again with this column as text, or open the original export with the column set to text")


def _ranked(read: Read, where: str) -> list[str]:
    """The patterns, the right one first; of two that disagree, the one that reads every cell that either of them reads."""
    order = list(read)
    for one, two in combinations(read, 2):
        shared = read[one].keys() & read[two].keys()
        differing = sorted(text for text in shared if read[one][text] != read[two][text])
        if not differing:
            continue
        only = {one: sorted(read[one].keys() - shared), two: sorted(read[two].keys() - shared)}
        if bool(only[one]) == bool(only[two]):
            shown = f"both occur, as in '{only[one][0]}' and '{only[two][0]}'" if only[one] else "no date in the column tells which"
            raise DataError(f"{where}: '{differing[0]}' is {read[one][differing[0]][:10]} as {one} and {read[two][differing[0]][:10]} as {two}, and "
                            f"{shown}. Keep in  formats:  only the pattern that holds, or split the file by its source")
        if only[two] and order.index(two) > order.index(one):
            order.remove(two)
            order.insert(order.index(one), two)
    return order


def _numbered(given: pd.Series) -> dict[str, tuple[str, str]]:
    """Numbers read as days or seconds, where most of the column are such numbers."""
    bare = given.str.strip()
    found: dict[str, tuple[str, str]] = {}
    for form, note, change in ((_SERIAL, SERIAL, _from_serial), (_EPOCH, EPOCH, _from_epoch)):
        matched = bare.str.fullmatch(form.pattern)
        if len(bare) and matched.mean() > MOSTLY:
            found |= {text: (change(text.strip()), note) for text in given[matched].unique()}
    return found


def _from_serial(text: str) -> str:
    whole, _, fraction = text.partition(".")
    seconds = round(float(f"0.{fraction or 0}") * 86_400)
    moment = _EXCEL_ZERO + timedelta(days=int(whole), seconds=seconds)
    return moment.isoformat() if fraction else moment.date().isoformat()


def _from_epoch(text: str) -> str:
    return datetime.fromtimestamp(int(text[:10]), UTC).isoformat()
