"""What voices speak of, by a dictionary that people edit: aspects, product features and models, where they stand and whether they are denied.

Terms are looked for in normal forms (`voclib.text.writing.normal`), the longest first, none inside another. A Chinese term is found as it stands. An
English one matches whole words, and its first and last word also with -s, -es, -'s, -ed or -ing (final e dropped, y turned to ie, a final consonant
doubled); between words stands a blank or a hyphen. Where Chinese meets Latin letters or digits, a blank may stand or not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from voclib import yamlmodel
from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Text
from voclib.text import writing

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["aspect", "feature", "model"]
KINDS = get_args(Kind)
COLUMNS = ("row", "id", "kind", "term", "clause", "start", "end", "is_negated")
Term = Annotated[str, Field(min_length=1, max_length=60)]
Span = tuple[int, int]

_LATIN = "0-9a-zß-ɏ"
_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_BORDER = re.compile(f"(?<=[{_CJK}]) ?(?=[{_LATIN}])|(?<=[{_LATIN}]) ?(?=[{_CJK}])")
_END = re.compile(rf"[;:!?。…~\n]+|\.(?![0-9])|,(?![0-9]{{3}})|(?<=[{_CJK}]) (?=[{_CJK}])")
_TURN = re.compile(r"(?<!不)但是?|不过(?![瘾关分])|可是|然而|只是|可惜|却|\b(?:but|however|although|though|yet)\b")
_DENIED = re.compile(
    r"(?:(?<!有)没有?|并?无|毫无|未|(?<!是)不(?:会|再|用|必|需要?|是|太)?|零)(?:任何|什么|怎么|再|过|太|多|有|出现|发现|听到|感觉到|啥|一点|丝毫|明显|的){0,4}$"
    r"|(?:\b(?:no|not|never|without|hardly|barely|zero|free of|free from)|n['’]t)"
    r"(?: (?:any|more|longer|other|the|a|an|single|signs?|of|have|has|had|having|to|need|even|much|that|so|real)){0,4}[ -]?$")
_GONE = re.compile(r"(?:都|也|就|已经?|终于|完全|全|的?问题|现象|声){0,3}(?:没了|没有了|消失|不见了|解决了|没再)"
                   r"|(?: (?:is|are|was|were|has|have|all|now|completely|finally)){0,3} (?:gone|disappeared|vanished|went away|solved)\b")
_REACH = 48  # signs before a mention that are searched for a denial


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(_Part):
    """A name in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Terms(_Part):
    """Words to look for, in each language."""

    zh: tuple[Term, ...] = ()
    en: tuple[Term, ...] = ()

    def of(self, languages: Iterable[str]) -> list[str]:
        """The normal forms of the terms in these languages, each once, in the order written."""
        return list(dict.fromkeys(writing.normal(term) for language in languages for term in getattr(self, language)))


class Entry(_Part):
    """One line of the dictionary: what it is called, the terms that name it, phrases in which they do not, and the aspect a feature belongs to."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    name: Name
    kind: Kind
    terms: Terms
    not_in: Terms = Terms()
    parent: str | None = None


class _File(_Part):
    entries: tuple[Entry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Dictionary:
    """The entries of a dictionary, in the order written."""

    entries: tuple[Entry, ...]

    def ids(self, kind: Kind | None = None) -> list[str]:
        """The ids, of one kind where it is given."""
        return [entry.id for entry in self.entries if kind in (None, entry.kind)]

    def entry(self, id: str) -> Entry:
        """The entry of an id; ParameterError with the nearest id where there is none."""
        if id not in self._by_id:
            raise ParameterError(f"The dictionary has no entry '{id}'; {nearest(id, self._by_id)}")
        return self._by_id[id]

    def name(self, id: str) -> Text:
        """What an entry is called."""
        return Text(**self.entry(id).name.model_dump())

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _finders(self) -> dict[str, tuple[Finder, Finder, dict[str, set[str]]]]:
        return {}

    def _looking(self, language: str) -> tuple[Finder, Finder, dict[str, set[str]]]:
        """For "zh", "en" or "" (both): what finds terms, what finds the phrases that cancel them, and the ids that each phrase cancels."""
        if language not in self._finders:
            spoken = (language,) if language else writing.LANGUAGES
            owners: dict[str, set[str]] = {}
            for entry in self.entries:
                for phrase in entry.not_in.of(spoken):
                    owners.setdefault(phrase, set()).add(entry.id)
            terms = Finder({term: entry.id for entry in self.entries for term in entry.terms.of(spoken)})
            self._finders[language] = terms, Finder(dict.fromkeys(owners, "")), owners
        return self._finders[language]

    def found(self, form: str, language: str = "") -> list[tuple[str, str, int, int]]:
        """The terms in a normal form: `(id, term, start, end)` in the order they stand, features without their aspects."""
        terms, phrases, owners = self._looking(language)
        hits = terms.find(form)
        cancelled = [(start, end, owners[phrase]) for phrase, _, start, end in phrases.find(form)] if hits else []
        return [(id, term, start, end) for term, id, start, end in hits if not any(a <= start and end <= b and id in ids for a, b, ids in cancelled)]


class Finder:
    """Finds many terms in one pass, by one regular expression whose branches begin with different signs.

    `values` maps a term, in normal form, to what it stands for.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        order = sorted(values, key=lambda term: (term[0], -len(term), term))  # of those that begin alike, the longest first
        whole, open_ = [term for term in order if _is_latin(term[0])], [term for term in order if not _is_latin(term[0])]
        self.known = [(term, values[term]) for term in (*whole, *open_)]
        parts = [f"(?<![{_LATIN}])(?:{_branches(whole)})" if whole else "", f"(?:{_branches(open_)})" if open_ else ""]
        starts = "".join(re.escape(sign) for sign in sorted({term[0] for term in values}))
        self._pattern = re.compile(f"(?=[{starts}])(?:{'|'.join(filter(None, parts))})") if values else None

    def find(self, form: str) -> list[tuple[str, str, int, int]]:
        """`(term, value, start, end)` of each term in a normal form; of terms that overlap the one that begins first, then the longest."""
        return [(*self.known[m.lastindex - 1], m.start(), m.end()) for m in self._pattern.finditer(form)] if self._pattern else []


def load(path: str | Path) -> Dictionary:
    """The dictionary in a YAML file: `entries`, each with id, name {zh, en}, kind (aspect | feature | model), terms {zh, en} and, where wanted,
    `not_in` (phrases in which a term means something else) and `parent` (the aspect a feature belongs to).

    Raises
    ------
    ParameterError
        names the file, the entry and what is wrong: an unknown key or kind with the nearest known one, an id or a term twice with both places, an
        entry without terms, a parent that is no aspect.
    """
    path = Path(path)
    entries = yamlmodel.read(path, _File).entries
    problems = [f"the id '{id}' stands twice; keep one" for id, n in Counter(e.id for e in entries).items() if n > 1]
    aspects, first = [e.id for e in entries if e.kind == "aspect"], {}
    for entry in entries:
        if entry.parent is not None and (entry.kind == "aspect" or entry.parent not in aspects):
            problems.append(f"{entry.id}: parent '{entry.parent}' has to be an aspect, and an aspect has none; {nearest(entry.parent, aspects)}")
        spoken = entry.terms.of(writing.LANGUAGES)
        problems += [f"{entry.id}: a term is empty; remove it" for term in spoken if not term]
        problems += [] if spoken else [f"{entry.id} has no terms; write at least one under terms: {{zh: […], en: […]}}"]
        problems += [f"the term '{term}' stands in {first[term]} and in {entry.id}; keep one"
                     for term in spoken if first.setdefault(term, entry.id) != entry.id]
    if problems:
        raise ParameterError(f"{path.name}: " + "; ".join(problems))
    return Dictionary(entries)


def mentions(texts: Sequence[str | None], dictionary: Dictionary, *, languages: Sequence[str | None] | None = None) -> pd.DataFrame:
    """Where texts speak of the dictionary's entries: one row a mention, and one more for the aspect that a feature belongs to.

    `languages` says for each text whose terms are looked for, zh or en; both where it is missing, as texts mix them.

    Columns: `row` (position of the text), `id`, `kind`, `term` (as the dictionary writes it), `clause` (its number in the text), `start` and `end` in
    the normal form, `is_negated`: denied (没有异响, no noise) or gone (异响没了, the noise is gone).

    Raises
    ------
    DataError
        where `languages` has not one a text.
    ParameterError
        for a language other than zh and en.
    """
    import pandas as pd

    if languages is not None and len(languages) != len(texts):
        raise DataError(f"mentions: {len(languages)} languages for {len(texts)} texts; give one a text, missing where it is not known.")
    seen: dict[tuple[str, str], list[tuple]] = {}
    rows, spoken = [], [""] * len(texts) if languages is None else [_spoken(language) for language in languages]
    for row, text in enumerate(texts):
        key = writing.normal(text), spoken[row]
        if key not in seen:
            seen[key] = _read(*key, dictionary)
        rows += [(row, *one) for one in seen[key]]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    return made.astype({"row": "int64", "id": "str", "kind": "str", "term": "str", "clause": "int64", "start": "int64", "end": "int64",
                        "is_negated": "bool"})


def presence(found: pd.DataFrame, dictionary: Dictionary, *, n: int, kind: Kind = "aspect") -> pd.DataFrame:
    """Which of n texts speak of which entries of a kind, in whatever way: True and False, a row a text, a column an id, from `mentions`.

    ParameterError where `found` names an entry that the dictionary does not have.
    """
    import numpy as np
    import pandas as pd

    ids = dictionary.ids(kind)
    made = np.zeros((n, len(ids)), dtype=bool)
    own = found[found["kind"] == kind]
    for id in own["id"].unique():
        dictionary.entry(id)
    made[own["row"].to_numpy(), pd.Index(ids).get_indexer(own["id"])] = True
    return pd.DataFrame(made, columns=ids)


def clauses(form: str) -> list[Span]:
    """Where the clauses of a normal form begin and end: cut at punctuation, at a blank between Chinese characters, and before words of contrast."""
    cuts = sorted([(m.start(), m.end()) for m in _END.finditer(form)] + [(m.start(), m.start()) for m in _TURN.finditer(form)])
    starts, ends = [0, *(b for _, b in cuts)], [*(a for a, _ in cuts), len(form)]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if writing.has_letters(form[a:b])]


def opinions(found: pd.DataFrame, texts: Sequence[str | None], *, read: Callable[[list[str]], Any]) -> pd.DataFrame:
    """Sentiment of each voice on each aspect, feature and model it names: of the clauses that name it, read together.

    `read` takes texts and gives a `voclib.text.sentiment.Reading`: `probabilities` (n, 3) and `label` (n,). Every distinct wording is read once.

    One row a text and id of `found` (from `mentions`): `row`, `id`, `kind`, the probabilities `negative`, `neutral`, `positive`, and `label`.
    """
    import numpy as np

    held = found.groupby(["row", "id", "kind"], sort=True)["clause"].agg(lambda own: tuple(sorted(set(own)))).reset_index()
    texts, parts = list(texts), {}
    for row in held["row"].unique():
        form = writing.normal(texts[row])
        parts[row] = form, clauses(form)
    wordings = [_joined(*parts[row], own) for row, own in zip(held["row"], held["clause"], strict=True)]
    order = sorted(set(wordings))
    place = {wording: k for k, wording in enumerate(order)}
    rows = np.array([place[wording] for wording in wordings], dtype=np.intp)
    reading = read(order) if order else None
    chances = np.asarray(reading.probabilities)[rows] if reading is not None else np.empty((0, 3))
    labels = np.asarray(reading.label, dtype=object)[rows] if reading is not None else np.empty(0, dtype=object)
    return held.drop(columns="clause").assign(negative=chances[:, 0], neutral=chances[:, 1], positive=chances[:, 2], label=labels)


def spelled(term: str) -> str:
    """A regular expression for the ways to write a term, given in normal form: see the rules at the head of this module."""
    if re.search(f"[{_CJK}]", term):
        body = " ?".join(re.escape(piece) for piece in _BORDER.split(term))
    else:
        words = re.split(r"[ -]", term)
        ends = {0, len(words) - 1}
        body = "[ -]".join(inflected(word) if k in ends else re.escape(word) for k, word in enumerate(words))
    return body + (f"(?![{_LATIN}])" if _is_latin(term[-1]) else "")


def inflected(word: str) -> str:
    """A regular expression for an English word with its regular endings; as it stands where it has fewer than three letters or holds another sign."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return re.escape(word)
    if word[-1] == "e":
        return f"{word[:-1]}(?:e(?:s|d|['’]s)?|ing)"
    if word[-1] == "y" and word[-2] not in "aeiou":
        return f"{word[:-1]}(?:y(?:ing|['’]s)?|ies|ied)"
    doubles = word[-1] not in "aeiouwxy" and word[-2] in "aeiou" and word[-3] not in "aeiou"
    return f"{word}(?:{'es' if word.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's'}|['’]s|{word[-1] + '?' if doubles else ''}(?:ed|ing))?"


def _is_latin(sign: str) -> bool:
    return re.match(f"[{_LATIN}]", sign) is not None


def _branches(terms: Sequence[str]) -> str:
    """Terms in the order of their first sign, that sign once for all that share it; an empty group says which of them was found."""
    shared = [f"{re.escape(sign)}(?:{'|'.join(spelled(term)[len(re.escape(sign)):] + '()' for term in own)})"
              for sign, own in groupby(terms, key=lambda term: term[0])]
    return "|".join(shared)


def _spoken(language: object) -> str:
    """A language as the finders know it: empty where it is missing."""
    if not isinstance(language, str) or not language:
        return ""
    if language not in writing.LANGUAGES:
        raise ParameterError(f"mentions: a language is zh or en, or missing, not '{language}'; {nearest(language, writing.LANGUAGES)}")
    return language


def _read(form: str, language: str, dictionary: Dictionary) -> list[tuple]:
    """The mentions in one normal form, without their row."""
    made, found = [], dictionary.found(form, language)
    spans = found and (clauses(form) or [(0, len(form))])
    begins = [a for a, _ in spans]
    for id, term, start, end in found:
        clause = max(bisect_right(begins, start) - 1, 0)
        a, b = spans[clause]
        is_negated = bool(_DENIED.search(form[max(a, start - _REACH):start]) or _GONE.match(form[end:max(b, end)]))
        entry = dictionary.entry(id)
        for one in [entry] if entry.parent is None else [entry, dictionary.entry(entry.parent)]:
            made.append((one.id, one.kind, term, clause, start, end, is_negated))
    return made


def _joined(form: str, spans: list[Span], numbers: Sequence[int]) -> str:
    """Some clauses of a text, as one."""
    return ", ".join(form[a:b].strip() for a, b in (spans[k] for k in numbers))
