"""Voices as they are counted when themes are watched: a day, a language, and what each says, a copy once a window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError
from voclib.progress import Progress
from voclib.text import terms, writing
from voclib.text.topics import TopicModel

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
REACH = 4  # words apart that still make a pair: a complaint told in another order keeps its pairs
RARELY = 4  # a term of fewer voices in all can never raise an alarm and is not counted


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Voices of one language in the order of their days, against features that are counted a day.

    `rows` (n,) are their positions among the texts given, `day` (n,) counts from the first day of all voices, `counted` (n,) is false for what
    repeats a voice of the last days; `table` (n, J) says which features a voice holds, named by `names` (J).
    """

    language: str
    rows: Ints
    day: Ints
    counted: Bools
    table: Any
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Voices:
    """What is watched: `origin`, the first day; `length` in days; streams of terms, one a language, and of topics and classes.

    `said` counts the voices with letters and a day, `left_out` the others.
    """

    origin: pd.Timestamp
    length: int
    terms: tuple[Stream, ...]
    topics: tuple[Stream, ...]
    numbers: tuple[tuple[int | None, ...], ...]
    said: int
    left_out: int


def read(texts: Sequence[str | None], when: ArrayLike | pd.Series, *, model: TopicModel | None = None, classes: Mapping[str, ArrayLike] | None = None,
         authors: Sequence[object] | None = None, until: object = None, days: int = 7, timezone: str = "Asia/Shanghai",
         progress: Progress | None = None) -> Voices:
    """Count what is said a day.

    A voice repeats another, and is counted no more, where the same words (whatever their order, digits and signs) or the same author were counted
    within the last `days` days: a campaign of copies is one voice a window. Terms are words (`voclib.text.terms.words`) and unordered pairs of
    words at most `REACH` apart. Topics go by the nearest centre for old and new texts alike, since a fit places the texts it has seen by another
    rule than those to come, which would look like a rise.

    Raises
    ------
    DataError
        where times, classes or authors are not one a text, or `when` holds what is no time.
    """
    day, origin = _days(when, n=len(texts), until=until, timezone=timezone)
    if authors is not None and len(authors) != len(texts):
        raise DataError(f"{len(authors)} authors for {len(texts)} texts; give the author of every text, missing where not known.")
    flags = _flags(classes, len(texts))
    forms, places, _ = writing.distinct(texts)
    spoken, held = [writing.language(form) for form in forms], []
    for step, (form, own) in enumerate(zip(forms, spoken, strict=True)):
        if progress is not None and step % 1000 == 0:
            progress(step, len(forms), "texts")
        held.append(terms.words(form, language=own))
    rows = np.flatnonzero((places >= 0) & (day >= 0))
    rows = rows[np.lexsort((_codes(authors, len(texts))[rows], places[rows], day[rows]))]
    counted = _counted(rows, day, places, held, authors, days)
    streams = []
    for language in writing.LANGUAGES:
        own = np.array([spoken[places[i]] == language for i in rows], dtype=bool)
        if own.any():
            table, names = _terms([held[places[i]] for i in rows[own]])
            streams.append(Stream(language=language, rows=rows[own], day=day[rows[own]], counted=counted[own], table=table, names=names))
    topics, numbers = _topics(model, flags, forms, places, rows, day, counted)
    return Voices(origin=origin, length=int(day.max(initial=-1)) + 1, terms=tuple(streams), topics=topics, numbers=numbers, said=len(rows),
                  left_out=len(texts) - len(rows))


def _days(when: ArrayLike | pd.Series, *, n: int, until: object, timezone: str) -> tuple[Ints, pd.Timestamp]:
    """Whole local days since the first (n,), −1 without a time or after `until`, and the first day."""
    import pandas as pd

    try:
        moments = pd.to_datetime(pd.Series(when).reset_index(drop=True))
        last = pd.Timestamp.max if until is None else pd.Timestamp(until).tz_localize(None)
    except (ValueError, TypeError) as error:
        raise DataError(f"when and until have to be times, and {type(error).__name__} says otherwise; read them with pandas.to_datetime.") from None
    if len(moments) != n:
        raise DataError(f"{len(moments)} times for {n} texts; give the time of every text, missing where it is not known.")
    if not pd.api.types.is_datetime64_any_dtype(moments):
        moments = pd.Series(pd.NaT, index=moments.index)
    local = (moments.dt.tz_convert(timezone).dt.tz_localize(None) if moments.dt.tz is not None else moments).dt.normalize()
    local = local.where(local <= last)
    origin = local.min() if local.notna().any() else pd.Timestamp(0)
    day = (local - origin).dt.days.fillna(-1).to_numpy().astype(np.intp)
    return day, origin


def _flags(classes: Mapping[str, ArrayLike] | None, n: int) -> dict[str, Bools]:
    """Classes as columns of true and false (n,), what is missing as false."""
    import pandas as pd

    made = {}
    for name in classes if classes is not None else ():
        given = pd.Series(classes[name]).reset_index(drop=True)
        if len(given) != n:
            raise DataError(f"class {name}: {len(given)} entries for {n} texts; give one a text.")
        try:
            made[str(name)] = given.astype("boolean").fillna(False).to_numpy(dtype=bool)
        except (TypeError, ValueError):
            raise DataError(f"class {name} has to be true or false for every text; it holds {given.dtype}.") from None
    return made


def _codes(authors: Sequence[object] | None, n: int) -> Ints:
    """A number an author, in the order of their names, so that rows are sorted the same way whatever their order; 0 for those unknown."""
    if authors is None:
        return np.zeros(n, dtype=np.intp)
    known = ["" if _missing(a) else str(a) for a in authors]
    place = {name: k for k, name in enumerate(sorted({"", *known}))}
    return np.array([place[name] for name in known], dtype=np.intp)


def _missing(author: object) -> bool:
    return author is None or author != author


def _counted(rows: Ints, day: Ints, places: Ints, held: Sequence[Sequence[str]], authors: Sequence[object] | None, days: int) -> Bools:
    """Which rows, in order of days, count: none of the same words or author counted within the last `days` days."""
    said: dict[object, int] = {}
    signs: dict[int, object] = {}
    codes = _codes(authors, len(day))
    made = np.zeros(len(rows), dtype=bool)
    for k, (row, now, place) in enumerate(zip(rows.tolist(), day[rows].tolist(), places[rows].tolist(), strict=True)):
        if place not in signs:
            signs[place] = tuple(sorted(set(held[place]))) or place
        keys = [signs[place], *([("author", codes[row])] if codes[row] else [])]
        if all(now - said.get(key, -days) >= days for key in keys):
            made[k] = True
            said.update(dict.fromkeys(keys, now))
    return made


def _terms(held: Iterable[Sequence[str]]) -> tuple[Any, tuple[str, ...]]:
    """Words and pairs of near words a voice (n, J), of at least `RARELY` voices each, and their names; a pair is written with a blank."""
    place: dict[str, int] = {}
    words = [[place.setdefault(w, len(place)) for w in own] for own in held]
    order = np.argsort(np.argsort(np.array(list(place), dtype=object))) if place else np.zeros(0, dtype=np.intp)  # names in order: rows do not matter
    lengths = np.array([len(own) for own in words], dtype=np.intp)
    flat = order[np.array([w for own in words for w in own], dtype=np.intp)]
    voice, size = np.repeat(np.arange(len(words)), lengths), len(place) + 1
    pieces = [(voice, flat + 1)]  # a word alone is the pair (0, word)
    for gap in range(1, REACH + 1):
        same = voice[gap:] == voice[:-gap]
        a, b = flat[gap:][same], flat[:-gap][same]
        pieces.append((voice[gap:][same][a != b], ((np.minimum(a, b) + 1) * size + np.maximum(a, b) + 1)[a != b]))
    return _table(np.concatenate([v for v, _ in pieces]), np.concatenate([c for _, c in pieces]), len(words), sorted(place), size)


def _table(voice: Ints, code: Ints, n: int, words: Sequence[str], size: int) -> tuple[Any, tuple[str, ...]]:
    from scipy import sparse

    kinds, column, times = np.unique(code, return_inverse=True, return_counts=True)
    often = times >= RARELY
    kept = often[column]
    column = (np.cumsum(often) - 1)[column[kept]]
    table = sparse.csr_matrix((np.ones(len(column), dtype=np.int32), (voice[kept], column)), shape=(n, int(often.sum())))
    table.sum_duplicates()
    table.data[:] = 1
    names = tuple(" ".join(words[k - 1] for k in divmod(pair, size) if k) for pair in kinds[often].tolist())
    return table, names


def _topics(model: TopicModel | None, classes: dict[str, Bools], forms: Sequence[str], places: Ints, rows: Ints, day: Ints,
            counted: Bools) -> tuple[tuple[Stream, ...], tuple[tuple[int | None, ...], ...]]:
    """Streams of frozen topics, one a part, each among the voices held against the part, and one of classes among all; with the topics' numbers."""
    from scipy import sparse

    streams, numbers = [], []
    for language, part_of, label, topics in _held_against(model, forms):
        own = part_of[places[rows]]
        if not own.any():
            continue
        found = label[places[rows[own]]]
        there = np.flatnonzero(found >= 0)
        table = sparse.csr_matrix((np.ones(len(there), dtype=np.int32), (there, found[there])), shape=(int(own.sum()), len(topics)))
        streams.append(Stream(language=language, rows=rows[own], day=day[rows[own]], counted=counted[own], table=table,
                              names=tuple(t.name for t in topics)))
        numbers.append(tuple(t.number for t in topics))
    if classes and rows.size:
        table = sparse.csr_matrix(np.column_stack([given[rows] for given in classes.values()]).astype(np.int32))
        streams.append(Stream(language="", rows=rows, day=day[rows], counted=counted, table=table, names=tuple(classes)))
        numbers.append((None,) * len(classes))
    return tuple(streams), tuple(numbers)


def _held_against(model: TopicModel | None, forms: Sequence[str]) -> Iterable[tuple[str, Bools, Ints, Any]]:
    """For each part with topics: its language, which forms it speaks for, and the topic whose centre is nearest to each of them."""
    parts = model.parts if model is not None else ()
    ids = [writing.identity(form) for form in forms] if parts else []
    for part in parts:
        own = np.array([len(parts) == 1 or (writing.language(form) or writing.LANGUAGES[1]) == part.language for form in forms], dtype=bool)
        label = np.full(len(forms), -1, dtype=np.intp)
        known = {name: k for k, name in enumerate(part.ids)}
        seen = [i for i in np.flatnonzero(own) if ids[i] in known]
        fresh = [i for i in np.flatnonzero(own) if ids[i] not in known]
        label[seen] = part.nearest(part.vectors[[known[ids[i]] for i in seen]])
        if fresh:
            label[fresh] = part.nearest(part.encoder.encode([forms[i] for i in fresh]))
        if part.topics:
            yield part.language, own, label, part.topics
