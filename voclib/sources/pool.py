"""From channel exports to one pool of customer voice: read, map, pseudonymise, redact, validate, write, and say what happened."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from voclib import privacy
from voclib.errors import DataError, ParameterError
from voclib.progress import Progress
from voclib.schema import coercion, gates, store
from voclib.schema import problems as found_problems
from voclib.schema.tables import TABLES
from voclib.schema.validation import validate_all
from voclib.sources import accounting, exporting, gathering, scorecard, wording
from voclib.sources import mapping as mappings
from voclib.sources.accounting import Account
from voclib.sources.mapping import Mapping
from voclib.sources.reading import readers
from voclib.sources.standardising import origins, shaping
from voclib.sources.standardising.shaping import MARKS, Piece


@dataclass(frozen=True)
class Pool:
    """Standard tables of one mapping, and the account of the import: scorecard, rows set aside, problems, repairs, origins and the folder
    they are written to.
    """

    name: str
    tables: dict[str, pd.DataFrame]
    scorecard: dict
    quarantine: pd.DataFrame
    problems: pd.DataFrame
    repairs: pd.DataFrame
    origins: pd.DataFrame
    folder: Path

    def summary(self, lang: str = "zh") -> str:
        """The scorecard in sentences, zh or en."""
        return wording.summary(self.scorecard, lang)

    def findings(self, lang: str = "zh") -> str:
        """By name what is odd, why rows were set aside and where they lie, zh or en: what `summary` says beyond the counts, and the reasons."""
        return "\n".join([*wording.aside(self.quarantine, self.folder / "quarantine.csv", lang), *wording.findings(self.scorecard, lang)])


def ingest(mapping: str | Path, *, root: str | Path | None = None, out: str | Path | None = None, key: str | None = None,
           as_of: str | pd.Timestamp | None = None, progress: Progress | None = None) -> Pool:
    """Run a mapping (`params/rules/<name>.yml`, or its bare name) and write the standard tables and their scorecard.

    `root` replaces the mapping's root folder, `out` the folder `data/standard/<name>`, `key` the pseudonym key; a key declared in
    the mapping comes before the environment variable VOC_PSEUDONYM_KEY. Times after `as_of`, the day of the export, are wrong; it stands in the
    mapping, for all sources or by source, and one given here replaces it. Where nobody says it only times are wrong that lie far from all others of
    their source: today's date is never asked, so that the same exports always give the same tables.
    `progress(done, total, label)` is called once a step.
    Writes `<table>.parquet`, origins.parquet, scorecard.json, quarantine.csv and repairs.csv. Raises ParameterError about the mapping or the key and
    DataError about the exports; nothing is written then.
    """
    spec = mappings.read(_path(mapping))
    base = mappings.folder(spec, repository=store.repository(), root=root)
    secret = privacy.find_key(key or spec.pseudonym_key)
    found, absent = _found(spec, base)
    steps = _steps(len(found) + 3, progress)
    pieces = []
    for number, path, name in found:
        steps(name)
        pieces.append(_shaped(path, name, number, spec, base, secret))
    _raise_without_rows(spec, pieces)
    steps("redaction")
    offered, redactions = _offered(pieces, spec, secret)
    steps("validation")
    accounts = _validated(offered, spec, as_of)
    folder = Path(out) if out is not None else store.locate(Path("data") / "standard" / spec.name)
    pool = _pool(spec, pieces, accounts, redactions, absent, folder)
    steps("writing")
    _write(pool)
    return pool


def _path(mapping: str | Path) -> Path:
    given = Path(mapping)
    if given.suffix not in (".yml", ".yaml"):
        given = Path("params") / "rules" / f"{mapping}.yml"
    return given if given.is_file() or given.is_absolute() else store.locate(given)


def _steps(total: int, progress: Progress | None) -> Callable[[str], None]:
    done = iter(range(1, total + 1))
    return lambda label: progress(next(done), total, label) if progress is not None else None


def _found(spec: Mapping, base: Path) -> tuple[list[tuple[int, Path, str]], list[dict]]:
    found, absent = [], []
    for number, source in enumerate(spec.sources):
        files = shaping.files_of(source, base)
        found += [(number, path, name) for path, name in files]
        if not files:
            absent += [{"channel": source.channel, "file": pattern, "status": "missing",
                        "notes": [{"note": "missing", "what": shaping.listing(base, pattern)}]} for pattern in source.patterns]
    if not found:
        raise ParameterError(f"the mapping '{spec.name}' finds no file at all; {absent[0]['notes'][0]['what']}")
    return found, absent


def _shaped(path: Path, name: str, number: int, spec: Mapping, base: Path, key: str) -> Piece:
    """A file's piece; where a name is not in it, the error also says what was guessed about the file."""
    source = spec.sources[number]
    try:
        return shaping.shape(path, name, source=number, spec=source, root=base, key=key, timezone=spec.timezone)
    except DataError as error:
        if not os.access(path, os.R_OK) or not path.stat().st_size or error.problems is not None:
            raise
        guessed = readers.doubt(path, encoding=source.encoding, delimiter=source.delimiter, heading_row=source.heading_row,
                                sheet=source.sheet, wanted=shaping.wanted(source))
        raise DataError(f"{error}{guessed}") from None


def _raise_without_rows(spec: Mapping, pieces: list[Piece]) -> None:
    """Files of which none holds a data row make no pool: say which they are and which of their sheets were not read."""
    if any(piece.tables for piece in pieces):
        return
    sheets = {piece.file: [what for kind, what in piece.notes if kind == "sheet_not_read"] for piece in pieces}
    told = [f"{file} (sheets not read: {', '.join(names)})" if names else file for file, names in sheets.items()]
    unread = next((names[0] for names in sheets.values() if names), None)
    fix = f"name the sheet that holds the rows with  sheet: {unread}" if unread else "export them again with their rows"
    raise DataError(f"the mapping '{spec.name}': no file holds a data row below its heading; read: {'; '.join(told)}; {fix}, "
                    "or say where the heading stands with  heading_row: …")


def _offered(pieces: list[Piece], spec: Mapping, key: str) -> tuple[dict[str, pd.DataFrame], dict[int, dict[str, int]]]:
    """Every table's rows, pseudonymised, redacted and ordered; redactions by source and kind."""
    offered, counts = {}, {}
    for table in [name for name in TABLES if any(name in piece.tables for piece in pieces)]:
        rows, found = gathering.redacted(gathering.pseudonymised(gathering.gather(pieces, table, spec), table, key), table)
        offered[table] = gathering.ordered(rows, table)
        for source, kinds in found.items():
            before = counts.setdefault(source, dict.fromkeys(privacy.KINDS, 0))
            counts[source] = {kind: before[kind] + n for kind, n in kinds.items()}
    return offered, counts


def _validated(offered: dict[str, pd.DataFrame], spec: Mapping, as_of: str | pd.Timestamp | None) -> dict[str, Account]:
    _raise_other_scales(offered.get("responses"), spec)
    _raise_means(offered.get("employee_surveys"), spec)
    last = {number: as_of if as_of is not None else source.as_of or spec.as_of for number, source in enumerate(spec.sources)}
    numbered = {name: frame.drop(columns=list(MARKS)).assign(_row=range(1, len(frame) + 1)) for name, frame in offered.items()}
    try:
        made = validate_all(numbered, timezone=spec.timezone, as_of=last, sources={name: frame["_source"] for name, frame in offered.items()})
    except DataError as error:
        if error.problems is None:
            raise
        told = accounting.relocated(error.problems, offered, [source.channel for source in spec.sources])
        found_problems.raise_problems(told, headline=f"mapping {spec.name}: tables that cannot be used as they are")
        raise
    return {name: accounting.account(offered[name], validated) for name, validated in made.items()}


def _raise_other_scales(responses: pd.DataFrame | None, spec: Mapping) -> None:
    """A score on another scale in one file must not hide among the scores of the others, nor a few words in each of many small files."""
    if responses is None:
        return
    parts, read = [], {}
    for (source, file), part in responses.groupby(["_source", "_file"], sort=True):
        typed = coercion.read(part[list(gates.ANSWERS)], "responses", timezone=spec.timezone)
        parts.append(gates.scale(typed.frame, "responses", unreadable=typed.unreadable, file=str(file)))
        read.setdefault(source, []).append(typed)
    for several in [found for found in read.values() if len(found) > 1 and not any(len(part) for part in parts)]:
        together = pd.concat([typed.frame for typed in several], ignore_index=True)
        unread = [found for typed in several for found in typed.unreadable]
        parts.append(gates.scale(together, "responses", unreadable=unread, file=f"{len(several)} files together"))
    found_problems.raise_problems(found_problems.gather(parts), headline=f"mapping {spec.name}: scores that cannot be used as they are")


def _raise_means(surveys: pd.DataFrame | None, spec: Mapping) -> None:
    """A file of means among files of answers must not become employees."""
    if surveys is None:
        return
    typed = coercion.read(surveys.drop(columns=list(MARKS)), "employee_surveys", timezone=spec.timezone).frame
    source, file = (surveys[name].reset_index(drop=True) for name in ("_source", "_file"))
    parts = [gates.means(part, file=str(name)) for (_, name), part in typed.groupby([source, file], sort=True)]
    if not any(map(len, parts)):  # a file a month may hold too few rows to tell
        parts = [gates.means(part, file=f"{file[source == one].nunique()} files together") for one, part in typed.groupby(source, sort=True)]
    found_problems.raise_problems(found_problems.gather(parts), headline=f"mapping {spec.name}: an employee survey that cannot be used as it is")


def _pool(spec: Mapping, pieces: list[Piece], accounts: dict[str, Account], redactions: dict[int, dict[str, int]], absent: list[dict],
          folder: Path) -> Pool:
    channels = [source.channel for source in spec.sources]
    repairs = _gathered([*(accounting.located(found.validated.repairs, found.offered, found.table, channels, is_parsed=True)
                           for found in accounts.values()), *map(accounting.mended, pieces), accounting.rewritten(pieces, accounts)])
    problems = _gathered([accounting.located(found.validated.problems, found.offered, found.table, channels) for found in accounts.values()])
    card = scorecard.build(spec, pieces, accounts, repairs=repairs, problems=problems, redactions=redactions, absent=absent)
    tables = {name: found.validated.accepted for name, found in accounts.items()}
    return Pool(spec.name, tables, card, accounting.quarantine(pieces, accounts), problems, repairs, origins.build(spec, accounts), folder)


def _gathered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _write(pool: Pool) -> None:
    folder = pool.folder
    keep = ("cells", "example", "file", "channel", "table", "column", "reason", "problem")  # redacted already, or written by voclib
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.parquet"):
        if stale.stem in TABLES and stale.stem not in pool.tables:
            stale.unlink()
    store.write(pool.tables, folder)
    origins.write(pool.origins, folder)
    exporting.write(folder, scorecard=pool.scorecard, quarantine=exporting.safe(pool.quarantine, keep=keep),
                    repairs=exporting.safe(pool.repairs, keep=keep))
