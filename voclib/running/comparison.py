"""`voc compare OLD NEW`: what moved between two states of an edition's reports, and which of data, code, definition and packages moved it.

Each state is a folder of reports, one report, or a git revision (`published`). A number has moved if it differs by more than
`verification.TOLERANCE`, so that another processor's last digits count for nothing. If exactly one thing differs between the provenances it is
the cause; of several the pages alone cannot tell which, and a command is given that can; if nothing differs and numbers moved all the same, the
report is not reproducible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from voclib.results import Estimate, Text
from voclib.running import published
from voclib.running.causes import Difference, differences
from voclib.running.methods import LEDGER, Entry, between, definition, fingerprints
from voclib.running.methods import read as read_ledger
from voclib.running.verification import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

Place = Literal["headline", "ladder", "naive"]
Status = Literal["moved", "restated", "same", "appeared", "disappeared"]
Conclusion = Literal["unchanged", "harmless", "one cause", "several causes", "not reproducible", "appeared", "disappeared"]
_NUMBERS = ("value", "conf_low", "conf_high", "bound_low", "bound_high", "n")
COLUMNS = ("notebook", "place", "term", "group", "unit", "status", "old", "new", "difference", "half_widths", "covered", "old_verdict",
           "new_verdict", "old_evidence", "new_evidence", "causes")


@dataclass(frozen=True, kw_only=True)
class Move:
    """One estimate in two reports; `old` or `new` is None where one of them lacks it. Differences are in the estimate's own unit."""

    notebook: str
    place: Place
    old: Estimate | None
    new: Estimate | None

    @property
    def known(self) -> Estimate:
        """The newer of the two that is there."""
        return self.new or self.old

    @property
    def term(self) -> str:
        """Estimand and rung, `nps:clustered`."""
        return f"{self.known.estimand}:{self.known.rung}" if self.known.rung else self.known.estimand

    @property
    def status(self) -> Status:
        """Moved: another number, kind or unit; restated: the same numbers under another verdict or level of evidence."""
        if self.old is None or self.new is None:
            return "appeared" if self.old is None else "disappeared"
        if (self.old.kind, self.old.unit) != (self.new.kind, self.new.unit) or any(_apart(*self._pair(name)) for name in _NUMBERS):
            return "moved"
        same = (self.old.verdict, self.old.evidence_level) == (self.new.verdict, self.new.evidence_level)
        return "same" if same else "restated"

    @property
    def difference(self) -> float | None:
        """New minus old value; of bounds the end that moved further; None where the two cannot be subtracted."""
        if self.old is None or self.new is None or (self.old.kind, self.old.unit) != (self.new.kind, self.new.unit):
            return None
        steps = [b - a for a, b in map(self._pair, ("value",) if self.old.value is not None else ("bound_low", "bound_high")) if a is not None]
        return max(steps, key=abs, default=None)

    @property
    def half_widths(self) -> float | None:
        """The difference, without sign, in half widths of the old interval or bounds; None where there is no interval."""
        return self._measured([self.difference])

    @property
    def size(self) -> float | None:
        """The largest step of value or ends in the same measure: what the rows are sorted by."""
        if self.difference is None:
            return None
        return self._measured([self.difference, *(b - a for a, b in map(self._pair, _NUMBERS[1:5]) if a is not None and b is not None)])

    @property
    def covered(self) -> bool | None:
        """Whether each interval still holds the other's value; of two bounds, whether they meet; None where there is no interval."""
        if self.difference is None or (old := _ends(self.old)) is None or (new := _ends(self.new)) is None:
            return None
        if self.old.value is None:
            return old[0] <= new[1] and new[0] <= old[1]
        return old[0] <= self.new.value <= old[1] and new[0] <= self.old.value <= new[1]

    def _pair(self, name: str) -> tuple[float | None, float | None]:
        return getattr(self.old, name), getattr(self.new, name)

    def _measured(self, steps: Sequence[float | None]) -> float | None:
        if self.difference is None or (ends := _ends(self.old)) is None:
            return None
        step, half = max(abs(s) for s in steps if s is not None), (ends[1] - ends[0]) / 2
        return step / half if half else math.inf if step else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; an infinite number of half widths is null."""
        told = {name: getattr(self, name) for name in ("place", "term", "status", "difference", "half_widths", "covered")}
        told |= {"group": self.known.group, "unit": self.known.unit}
        sides = {side: None if one is None else {n: one.to_dict()[n] for n in ("kind", *_NUMBERS, "verdict", "evidence_level")}
                 for side, one in (("old", self.old), ("new", self.new))}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in told.items()} | sides


@dataclass(frozen=True, kw_only=True)
class PageComparison:
    """One notebook's report in both states. `verdicts` are (old, new); `moves` hold every estimate, the largest move first."""

    notebook: str
    question: Text
    verdicts: tuple[str | None, str | None]
    moves: tuple[Move, ...]
    difference: Difference

    @property
    def moved(self) -> tuple[Move, ...]:
        """The estimates that are not as they were."""
        return tuple(m for m in self.moves if m.status != "same")

    @property
    def has_moved(self) -> bool:
        """Whether any estimate or the verdict of the page is another."""
        return bool(self.moved) or self.verdicts[0] != self.verdicts[1]

    @property
    def conclusion(self) -> Conclusion:
        """What can be said about why; `harmless`: something differs and no number moved."""
        if None in self.verdicts:
            return "appeared" if self.verdicts[0] is None else "disappeared"
        if not self.has_moved:
            return "harmless" if self.causes else "unchanged"
        return ("not reproducible", "one cause", "several causes")[min(len(self.causes), 2)]

    @property
    def causes(self) -> tuple[str, ...]:
        """The kinds of what differs; code where the library differs only in what the notebook, as far as can be read, does not import."""
        return self.difference.kinds or (("code",) if self.difference.elsewhere else ())


@dataclass(frozen=True, kw_only=True)
class EditionComparison:
    """Two states of an edition's reports, page by page; `commits` are the git commits they were read from, empty for files on disk."""

    edition: str
    old: str
    new: str
    commits: tuple[str, str]
    pages: tuple[PageComparison, ...]

    @property
    def has_moved(self) -> bool:
        """Whether any published number or verdict is another, or a report came or went."""
        return any(p.has_moved or None in p.verdicts for p in self.pages)

    def tidy(self) -> pd.DataFrame:
        """One row an estimate that moved, appeared or disappeared, the largest move (in old half widths) first: `COLUMNS`."""
        import pandas as pd

        rows = [_row(move, page) for page in self.pages for move in page.moved]
        return pd.DataFrame([row for _, row in sorted(rows, key=lambda pair: pair[0])], columns=list(COLUMNS))

    def summary(self, lang: str = "zh") -> str:
        """How many reports moved, and why, in one or two sentences."""
        from voclib.running.comparison_text import summary

        return summary(self, lang)

    def told(self, lang: str = "zh") -> str:
        """Everything a reader of the command line is told: each report that moved, its numbers, and its causes."""
        from voclib.running.comparison_text import told

        return told(self, lang)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, both languages; the same numbers as `told`."""
        from voclib.running.comparison_text import page_texts

        pages = [{"notebook": p.notebook, "verdict": {"old": p.verdicts[0], "new": p.verdicts[1]}, "conclusion": p.conclusion,
                  "causes": list(p.causes), "parameters": _changed(p), "unrecorded": list(p.difference.unrecorded),
                  "entries": sorted({e.number for c in p.difference.causes for e in c.entries}), "moves": [m.to_dict() for m in p.moved],
                  **page_texts(self, p)} for p in self.pages]
        return {"edition": self.edition, "old": self.old, "new": self.new, "commits": list(self.commits), "pages": pages}


def compare(old: str | Path, new: str | Path, *, root: str | Path, edition: str | None = None, ledger: Path = LEDGER) -> EditionComparison:
    """Compare two states of an edition's reports: folders, single reports, or git revisions, as `published.read` takes them.

    Without `edition`, a side that holds several is read for the one edition that the other side holds.

    Raises
    ------
    ParameterError
        for a path or revision that is not there, several editions without `edition`, two different ones, or a broken ledger of methods.
    DataError
        where one side holds no reports, or git fails.
    """
    root = Path(root)
    single = [published.only(spec, root=root) for spec in (old, new)]
    before, after = (published.read(spec, root=root, edition=edition or (None if own else other))
                     for spec, own, other in zip((old, new), single, reversed(single), strict=True))
    matched = list(published.pairs(before, after))
    entries = read_ledger(ledger)
    pages = tuple(_page(name, a, b, entries, root) for name, a, b in matched)
    return EditionComparison(edition=after.edition, old=before.name, new=after.name, commits=(before.revision, after.revision), pages=pages)


def _concerned(root: Path, notebook: str, ledger: Sequence[Entry], old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str] | None:
    """Which modules of the ledger a notebook uses; None, which is every one, where it is gone or no entry lies between its reports."""
    path = root / "notebooks" / f"{notebook}.ipynb"
    if not path.is_file() or not between(ledger, old.get("methods"), new.get("methods")):
        return None
    return definition(path, (), fingerprints()).modules


def _page(notebook: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, ledger: Sequence[Entry],
          root: Path) -> PageComparison:
    known = new or old or {}
    found = Difference((), (), False)
    if old is not None and new is not None:
        origins = old["provenance"], new["provenance"]
        found = differences(*origins, ledger=ledger, modules=_concerned(root, notebook, ledger, *origins))
    sides = [dict(_estimates(side)) if side is not None else {} for side in (old, new)]
    keys = list(dict.fromkeys([*sides[1], *sides[0]]))
    moves = [Move(notebook=notebook, place=(sides[1].get(k) or sides[0][k])[0], old=sides[0].get(k, (None, None))[1],
                  new=sides[1].get(k, (None, None))[1]) for k in keys]
    return PageComparison(notebook=notebook, question=Text(**known["question"]), difference=found, moves=tuple(sorted(moves, key=order)),
                          verdicts=(old["verdict"] if old else None, new["verdict"] if new else None))


def _estimates(finding: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], tuple[Place, Estimate]]]:
    """Every estimate of a report, each once: headline, rungs, and the uncorrected number; a name that stands for several is counted through."""
    rows = [("headline", e) for e in finding["headline"]]
    rows += [("ladder", e) for rungs in finding.get("ladders", {}).values() for e in rungs]
    rows += [("naive", finding["naive"])] if finding.get("naive") else []
    seen: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for place, row in rows:
        one = _estimate(row)
        numbers, before = {n: getattr(one, n) for n in ("kind", *_NUMBERS)}, seen.setdefault((one.estimand, one.rung, one.group), [])
        if numbers not in before:
            before.append(numbers)
            yield (one.estimand, one.rung, one.group, len(before)), (place, one)


def _estimate(row: Mapping[str, Any]) -> Estimate:
    """An estimate as any version of this library wrote it: fields it does not know are passed over."""
    names = {f.name for f in fields(Estimate)}
    return Estimate.from_dict({k: v for k, v in row.items() if k in names})


def order(move: Move) -> tuple[Any, ...]:
    """Sorts moves: the largest number of half widths first, then what has no such measure, then what stayed."""
    measured = move.status == "moved" and move.size is not None
    rank = ("moved", "restated", "appeared", "disappeared", "same").index(move.status)
    return (0 if measured else 1, -(move.size or 0.0) if measured else 0.0, rank, move.notebook, move.term, move.known.group)


def _row(move: Move, page: PageComparison) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    sides = [(None,) * 3 if e is None else (e.value, str(e.verdict), e.evidence_level) for e in (move.old, move.new)]
    (old, old_verdict, old_level), (new, new_verdict, new_level) = sides
    return order(move), (move.notebook, move.place, move.term, move.known.group, move.known.unit, move.status, old, new, move.difference,
                         move.half_widths, move.covered, old_verdict, new_verdict, old_level, new_level, ", ".join(page.causes))


def _changed(page: PageComparison) -> dict[str, list[Any]]:
    return {name: list(pair) for c in page.difference.causes for name, pair in (c.parameters or {}).items()}


def _ends(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.kind == "bounds":
        return estimate.bound_low, estimate.bound_high
    return (estimate.conf_low, estimate.conf_high) if estimate.kind == "estimate" else None


def _apart(a: float | None, b: float | None) -> bool:
    """Whether two numbers differ by more than another machine's last digits."""
    if a is None or b is None:
        return (a is None) != (b is None)
    return abs(a - b) > TOLERANCE * max(abs(a), abs(b))
