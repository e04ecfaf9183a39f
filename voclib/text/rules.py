"""Rule classes of voices and the department that owns each, from a file that people edit.

A class holds where one of its `any` is found, all of its `all`, and none of its `none`: terms in Chinese and English, found as in
`voclib.text.aspects`, or ids of its dictionary, which hold where the voice speaks of them, in whatever way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from voclib import yamlmodel
from voclib.errors import ParameterError, nearest
from voclib.results import Text
from voclib.text import writing
from voclib.text.aspects import Dictionary, Finder, Name, Terms

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("row", "class", "owner", "term", "is_main")


class Condition(Terms):
    """Terms in each language, and ids of the dictionary's aspects, features and models."""

    aspects: tuple[str, ...] = ()

    @cached_property
    def parts(self) -> list[str]:
        """What the condition looks for; ids with a # before them, which no term can be taken for."""
        return [*self.of(writing.LANGUAGES), *(f"#{id}" for id in self.aspects)]


class Class(BaseModel):
    """One class: its name, the department that owns it, its rule, and its priority: of a voice's classes the one with the lowest is the main one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    name: Name
    owner: Name
    any: Condition = Condition()
    all: Condition = Condition()
    none: Condition = Condition()
    priority: int = 100

    def decided_by(self, found: set[str], order: Sequence[str]) -> str | None:
        """The part that decided, the first of `order` that stands in the voice; None where the rule does not hold."""
        wanted, needed = self.any.parts, self.all.parts
        if found.isdisjoint(wanted or needed) or not found.issuperset(needed) or not found.isdisjoint(self.none.parts):
            return None
        return next(part for part in order if part in wanted or part in needed)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: tuple[Class, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Rules:
    """The classes of a file, in the order written."""

    classes: tuple[Class, ...]

    def name(self, id: str) -> Text:
        """What a class is called."""
        return Text(**self._of(id).name.model_dump())

    def owner(self, id: str) -> Text:
        """The department that owns a class."""
        return Text(**self._of(id).owner.model_dump())

    @property
    def aspects(self) -> list[str]:
        """The ids of the dictionary that the rules speak of, each once."""
        return list(dict.fromkeys(id for one in self.classes for part in (one.any, one.all, one.none) for id in part.aspects))

    def _of(self, id: str) -> Class:
        known = {one.id: one for one in self.classes}
        if id not in known:
            raise ParameterError(f"The rules have no class '{id}'; {nearest(id, known)}")
        return known[id]

    @cached_property
    def finder(self) -> Finder:
        """What finds the terms of all rules at once."""
        return Finder({term: term for one in self.classes for part in (one.any, one.all, one.none) for term in part.of(writing.LANGUAGES)})


@dataclass(frozen=True, kw_only=True)
class Classified:
    """Classes of n voices, of which `n_spoken` say anything in letters.

    `table`: one row a voice and class, ordered by voice and priority: `row` (position of the text), `class`, `owner` (the department by its Chinese
    name, as the tables of the data standard hold it; `Rules.owner` has both languages), `term` (what decided: a term, or the id of an aspect),
    `is_main` (the first class of its voice).
    """

    table: pd.DataFrame
    n: int
    n_spoken: int

    @property
    def coverage(self) -> float:
        """The share with a class among the voices that say anything; NaN where none does."""
        return self.table["row"].nunique() / self.n_spoken if self.n_spoken else float("nan")

    @property
    def uncovered(self) -> float:
        """The share without one."""
        return 1 - self.coverage


def load(path: str | Path, *, dictionary: Dictionary | None = None) -> Rules:
    """The rules in a YAML file: `classes`, each with id, name {zh, en}, owner {zh, en}, `any`, `all` or `none` ({zh: […], en: […], aspects: […]}),
    and, where wanted, `priority` (100 unless given).

    Raises
    ------
    ParameterError
        names the file, the class and what is wrong: an unknown key with the nearest known one, an id twice, a class that asks for nothing, a term
        that is wanted and forbidden, an aspect that `dictionary`, where given, does not have.
    """
    path = Path(path)
    classes = yamlmodel.read(path, _File).classes
    problems = [f"the id '{id}' stands twice; keep one" for id, n in Counter(one.id for one in classes).items() if n > 1]
    for one in classes:
        wanted, forbidden = [*one.any.parts, *one.all.parts], one.none.parts
        problems += [] if wanted else [f"{one.id} asks for nothing; write terms under any or all"]
        problems += [f"{one.id}: '{part.removeprefix('#')}' is wanted and forbidden; keep one" for part in wanted if part in forbidden]
        problems += [f"{one.id}: a term is empty; remove it" for part in (*wanted, *forbidden) if not part]
    unknown = [] if dictionary is None else [id for id in Rules(classes).aspects if id not in dictionary.ids()]
    problems += [f"the dictionary has no entry '{id}'; {nearest(id, dictionary.ids())}" for id in unknown]
    if problems:
        raise ParameterError(f"{path.name}: " + "; ".join(problems))
    return Rules(classes)


def classify(texts: Sequence[str | None], rules: Rules, *, mentions: pd.DataFrame | None = None) -> Classified:
    """The classes of each text; a text may have several, or none.

    `mentions` are those of `voclib.text.aspects.mentions` in the same texts, for rules that speak of aspects.

    Raises
    ------
    ParameterError
        where rules speak of aspects and no mentions are given.
    """
    import pandas as pd

    if mentions is None and rules.aspects:
        raise ParameterError(f"The rules speak of {len(rules.aspects)} entries of the dictionary, such as '{rules.aspects[0]}'; "
                             "give mentions=aspects.mentions(texts, dictionary).")
    spoken: dict[int, list[tuple[int, str]]] = {}
    if mentions is not None:
        for row, start, id in zip(mentions["row"], mentions["start"], mentions["id"], strict=True):
            spoken.setdefault(int(row), []).append((int(start), f"#{id}"))
    ranked = sorted(rules.classes, key=lambda one: one.priority)  # equal priorities stay in the order written
    rows, n_spoken, seen = [], 0, {}
    for row, text in enumerate(texts):
        form = writing.normal(text)
        n_spoken += writing.has_letters(form)
        own = (form, *sorted(spoken.get(row, [])))
        if own not in seen:
            seen[own] = _classes(form, own[1:], ranked, rules.finder)
        rows += [(row, one.id, one.owner.zh, term.removeprefix("#"), k == 0) for k, (one, term) in enumerate(seen[own])]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"row": "int64", "class": "str", "owner": "str", "term": "str", "is_main": "bool"})
    return Classified(table=table, n=len(texts), n_spoken=n_spoken)


def _classes(form: str, spoken: Sequence[tuple[int, str]], ranked: Sequence[Class], finder: Finder) -> list[tuple[Class, str]]:
    """The classes of one normal form with the part that decided each."""
    order = [part for _, part in sorted([*spoken, *((start, term) for term, _, start, _ in finder.find(form))])]
    found = set(order)
    decided = ((one, one.decided_by(found, order)) for one in ranked)
    return [(one, term) for one, term in decided if term is not None]
