"""The customer's words on a card: what is taken out of them, and whether somebody who searches public channels finds the same voice again.

Generalised words still have their wording. An attacker who holds what was posted in public (app shop, forum, social) compares runs of three
characters (Broder 1997) and takes the most similar voice. So words that are public, or close to fewer than k public voices, never appear on a card.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop.case_library.rule import Rule
from voclib.privacy import redact
from voclib.privacy.generalising import Generalised, Known, generalise

Tables = Mapping[str, pd.DataFrame]
SHINGLE, LEAST = 3, 5  # characters of a run; a text with fewer runs is a stock phrase that says nothing of who wrote it
LONGEST = 150  # columns of words on a card, a Chinese character taking two
_WORDLESS = re.compile(r"[\W\d_]+")
_PLACEHOLDER = re.compile(r"〔[^〕]*〕|\[[^\]]*\]")
_FORMULA = "=+-@\t\r"


@dataclass(frozen=True)
class Links:
    """What an attacker who searches public voices finds of every text (N,): most similar `voices` (0: none similar enough), `right` the odds."""

    voices: np.ndarray
    right: np.ndarray

    @property
    def claimed(self) -> int:
        """Texts that are taken for exactly one public voice."""
        return int((self.voices == 1).sum())

    @property
    def hits(self) -> int:
        """Texts taken for exactly one public voice that is the right one."""
        return int(((self.voices == 1) & (self.right == 1)).sum())


def public(tables: Tables, rule: Rule) -> pd.DataFrame:
    """Voices that outsiders can read: response_id, comment; empty where there are none."""
    voices = tables.get("responses")
    if voices is None:
        return pd.DataFrame({"response_id": [], "comment": []}, dtype=object)
    return voices.loc[voices["channel"].isin(rule.public) & voices["comment"].notna(), ["response_id", "comment"]].reset_index(drop=True)


def linked(texts: Sequence[str | None], own: Sequence[object], pool: pd.DataFrame, *, at: float) -> Links:
    """Look every text up in a pool of public voices.

    A text is taken for the voice that holds the largest part of its runs of characters, provided that is at least `at`; among equals one is drawn.
    `own`: response_id of the voice a text comes from, missing where none. Placeholders and digits are passed over.
    """
    sets, theirs = [_runs(text) for text in texts], [_runs(text) for text in pool["comment"]]
    columns = {run: i for i, run in enumerate(sorted(set().union(*sets, set())))}
    voices, right = np.zeros(len(sets), dtype=np.int64), np.zeros(len(sets))
    if not columns or not theirs:
        return Links(voices, right)
    held, ids = _table(sets, columns), pool["response_id"].to_numpy(dtype=object)
    shared = (held @ _table(theirs, columns).T).tocsr()
    for i, runs in enumerate(sets):
        row = slice(shared.indptr[i], shared.indptr[i + 1])
        if len(runs) < LEAST or row.start == row.stop:
            continue
        part = shared.data[row] / len(runs)
        if part.max() >= at:
            best = ids[shared.indices[row][part >= part.max() - 1e-9]]
            voices[i], right[i] = len(best), float(own[i] == own[i] and own[i] in set(best)) / len(best)
    return Links(voices, right)


def near(texts: Sequence[str | None], pool: pd.DataFrame, *, at: float) -> np.ndarray:
    """How many public voices hold at least this part of each text's runs (N,)."""
    sets, theirs = [_runs(text) for text in texts], [_runs(text) for text in pool["comment"]]
    columns = {run: i for i, run in enumerate(sorted(set().union(*sets, set())))}
    if not columns or not theirs:
        return np.zeros(len(sets), dtype=np.int64)
    shared = (_table(sets, columns) @ _table(theirs, columns).T).tocsr()
    sizes = np.array([max(len(runs), 1) for runs in sets])
    made = [int((shared.data[shared.indptr[i] : shared.indptr[i + 1]] / sizes[i] >= at).sum()) for i in range(len(sets))]
    return np.array(made, dtype=np.int64)


def _runs(text: object) -> set[str]:
    """Runs of three characters of what is said, none across a placeholder."""
    if not isinstance(text, str):
        return set()
    found: set[str] = set()
    for part in _PLACEHOLDER.split(text):
        plain = _WORDLESS.sub("", unicodedata.normalize("NFKC", part).lower())
        found |= {plain[k : k + SHINGLE] for k in range(len(plain) - SHINGLE + 1)}
    return found


def _table(sets: Sequence[set[str]], columns: Mapping[str, int]):
    from scipy import sparse

    held = [[columns[run] for run in runs if run in columns] for runs in sets]
    ends = np.cumsum([0, *map(len, held)])
    where = np.array([i for row in held for i in sorted(row)], dtype=np.int64)
    return sparse.csr_matrix((np.ones(len(where), dtype=np.float64), where, ends), shape=(len(sets), len(columns)))


def known(tables: Tables) -> Known:
    """Models, dealers and places by the company's own lists."""
    people, units = tables["customers"], tables.get("units")
    shops = units[units["kind"].eq("dealer")] if units is not None else pd.DataFrame({"name": [], "region": []})
    models = people["product"].dropna().unique() if "product" in people.columns else ()
    return Known.of(models=models, dealers=shops["name"].dropna(), places=shops["region"].dropna().unique())


def clean(texts: pd.Series, names: Known) -> tuple[Generalised, dict[str, int]]:
    """Texts generalised after a second redaction, and how many identifiers that one still found, by kind."""
    redacted = redact(texts.astype("object").where(texts.notna(), None).astype("str"))
    return generalise(redacted.texts, known=names), redacted.counts


def shown(text: object) -> str:
    """Words that fit into a cell of a page or of a spreadsheet: one line, cut, never a formula."""
    plain, room = " ".join(str(text).split()).lstrip(_FORMULA), LONGEST
    for k, sign in enumerate(plain):
        room -= 2 if sign > "\u2e7f" else 1
        if room < 0:
            return plain[:k].rstrip() + "…"
    return plain
