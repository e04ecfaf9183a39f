"""Where a page comes from, as content hashes and plain parameters: no clock, no path of this machine, no commit."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from voclib.running.edition import FINDINGS, Edition, Job, cells_of
from voclib.running.workspace import FileHashes, Workspace, digest, dumps, read_json, resolved, write

if TYPE_CHECKING:
    from voclib.running.methods import Entry

PACKAGES = ("altair", "duckdb", "numpy", "pandas", "pandera", "papermill", "scikit-learn", "scipy", "statsmodels", "vl-convert-python")
RECORDS = {"voclib.studies.validation": "benchmarks/coverage.json"}  # files that a module reads from the repository, named by no parameter
_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Provenance:
    """sha256 in hex of everything that decides a page, and the versions of the packages that computed it.

    `code` is the whole library, the notebook and the lock. Of these `formulas` is what the ledger of methods keeps, as far as the notebook
    imports it, with `methods` the number of the ledger's last entry about it; `program` is everything else that can move a number, `locked`
    the lock. `files` are inputs beside the tables: the scorecard, files that a parameter names, the record of long runs. Pages made before these
    were recorded lack them. `parameter_values` are the effective parameters, without those that name a place outside the repository.
    `reads` are the reports a page states anew, each with the hash of what it found.
    """

    edition: str
    notebook: str
    code: str
    data: str
    parameters: str
    gates: str
    python: str
    packages: Mapping[str, str]
    methods: int | None = None
    formulas: str = ""
    program: str = ""
    locked: str = ""
    files: str = ""
    parameter_values: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)

    def footer(self) -> dict[str, Any]:
        """What the foot of a page shows: hashes cut to sixteen digits (the whole ones stand in `<report>.json`), versions in full."""
        hashes = {name: getattr(self, name)[:16] for name in ("code", "data", "parameters", "gates")}
        return {**hashes, "python": self.python, "packages": dict(self.packages)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `<report>.json` holds them."""
        return asdict(self)


class Tracer:
    """Computes provenances for one run; hashes of files and tables are remembered under `build/`."""

    def __init__(self, space: Workspace) -> None:
        self._space, self._files = space, FileHashes(space)
        self._tables_path = space.build / "table-hashes.json"
        self._tables = read_json(self._tables_path)
        self._library = _hash({n: h for n, h in self._files.folder(_PACKAGE).items() if "__pycache__" not in n})
        self._schema = _hash({n: h for n, h in self._files.folder(_PACKAGE / "schema").items() if "__pycache__" not in n})
        lock = space.root / "requirements" / "core.lock"
        self._lock = self._files[lock] if lock.is_file() else ""
        rules = space.root / "params" / "rules"
        self._rules = self._files.folder(rules) if rules.is_dir() else {}
        self._packages = {p: metadata.version(p) for p in PACKAGES}
        self._definitions_path = space.build / "definitions.json"
        self._definitions = read_json(self._definitions_path)
        self._formulas: tuple[tuple[Entry, ...], dict[str, str]] | None = None

    def provenance(self, job: Job) -> Provenance:
        """Hashes of library, notebook and lock; of the tables and files it reads; of its parameters."""
        cells = stripped(job.path)
        methods, formulas, program, modules = self._definition(job, cells)
        return Provenance(
            edition=job.edition, notebook=job.notebook, code=_hash([self._library, cells, self._lock]),
            data=_hash({name: self._data(name) for name in job.data}), parameters=_hash(dict(job.parameters)),
            gates=self._rules.get("gates.yml", "default"), python=f"{sys.version_info.major}.{sys.version_info.minor}", packages=self._packages,
            methods=methods, formulas=formulas, program=program, locked=self._lock, files=_hash(self._read_beside(job, modules)),
            parameter_values=plain(job.parameters), reads=dict(self._read_findings(job)))

    def key(self, edition: Edition, job: Job, provenance: Provenance) -> str:
        """What must be equal for a notebook not to run again; wider than the provenance: also what lies beside the tables, rules and texts."""
        beside = {name: self._beside(resolved(name, self._space.root)) for name in job.data}
        texts = edition.model_dump(mode="json", include={"title", "company", "notice"})
        return _hash([provenance.to_dict(), beside, self._rules, texts])

    def save(self) -> None:
        """Keep what was hashed."""
        self._files.save()
        write(self._tables_path, dumps(self._tables).encode())
        write(self._definitions_path, dumps(self._definitions).encode())

    def _definition(self, job: Job, cells: list[list[Any]]) -> list[Any]:
        """Entry of the ledger, hashes of formulas and program, modules named in `RECORDS`; found anew where library or notebook changed."""
        key = _hash([self._library, cells])
        known = self._definitions.get(job.notebook)
        if not known or known[0] != key:
            from voclib.running import methods  # not at the top: `python -m voclib.running.methods` must find it unimported

            if self._formulas is None:
                self._formulas = methods.read(_PACKAGE / "methods.yml"), methods.fingerprints(_PACKAGE)
            found = methods.definition(job.path, *self._formulas, package=_PACKAGE)
            recorded = [name for name in RECORDS if name.removeprefix("voclib.") in found.modules]
            known = self._definitions[job.notebook] = [key, [found.entry, found.formulas, found.program, recorded]]
        return known[1]

    def _read_beside(self, job: Job, modules: list[str]) -> dict[str, Any]:
        """Hashes of what a notebook reads besides tables, by the name it gives them."""
        beside = {n: self._files[card] for n in job.data
                  if not n.startswith("$") and (card := resolved(n, self._space.root) / "scorecard.json").is_file()}
        named = {n: p for n in located(job) if (p := _there(n, self._space.root)) is not None}
        records = {RECORDS[m]: p for m in modules if (p := self._space.root / RECORDS[m]).is_file()}
        return beside | {n: self._files[p] if p.is_file() else self._files.folder(p) for n, p in {**named, **records}.items()}

    def _read_findings(self, job: Job) -> Iterator[tuple[str, str]]:
        """Each report that a notebook states anew and the hash of its finding, without where that came from."""
        for name in job.reads:
            path = self._space.published(job.parameters[FINDINGS]) / f"{name}.json"
            if found := read_json(path):
                yield name, _hash({k: v for k, v in found.items() if k != "provenance"})

    def _beside(self, path: Path) -> dict[str, str]:
        """Files of a data folder that are no tables, such as its scorecard."""
        return {n: h for n, h in self._files.folder(path).items() if not n.endswith(".parquet")} if path.is_dir() else {}

    def _data(self, name: str) -> dict[str, str]:
        """Per folder of tables their order-free content hash; of a single file its bytes, and of files nobody here made (`$NAME/…`) theirs."""
        path = resolved(name, self._space.root)
        if path.is_file():
            return {"": self._files[path]}
        if name.startswith("$"):
            return self._files.folder(path)
        folders = sorted({p.parent for p in path.rglob("*.parquet")})
        return {f.relative_to(path).as_posix(): self._content(f) for f in folders}

    def _content(self, folder: Path) -> str:
        """The content hash of a folder's tables; computed anew only where the bytes or the schema changed."""
        raw = _hash([self._schema, {p.name: self._files[p] for p in sorted(folder.glob("*.parquet"))}])
        name = self._space.shown(folder)
        known = self._tables.get(name)
        if not known or known[0] != raw:
            from voclib.schema import content_hash
            from voclib.schema.store import read

            known = self._tables[name] = [raw, content_hash(read(folder))]
        return known[1]


def stripped(path: Path) -> list[list[Any]]:
    """What of a notebook counts: kind, tags and source of each cell; never outputs, ids or counters."""
    return [[c["cell_type"], c.get("metadata", {}).get("tags", []), "".join(c["source"])] for c in cells_of(path)]


def located(job: Job) -> list[str]:
    """Files and folders, besides its data, that a notebook's parameters name: `…_file`, and folders below one as in `f"{public}/telco"`; sorted."""
    files = {v for k, v in job.parameters.items() if k.endswith("_file") and isinstance(v, str) and v}
    return sorted((files | set(_below(job))) - set(job.data))


def _below(job: Job) -> Iterator[str]:
    """The value of every f-string of a notebook that is a parameter, a slash and plain text."""
    for one in (c for c in cells_of(job.path) if c["cell_type"] == "code"):
        try:
            nodes = list(ast.walk(ast.parse("".join(one["source"]))))
        except SyntaxError:  # a magic command; the kernel judges it
            continue
        for node in (n for n in nodes if isinstance(n, ast.JoinedStr) and len(n.values) == 2):
            first, rest = node.values
            name = first.value.id if isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name) else ""
            root = job.parameters.get(name)
            if isinstance(root, str) and root and isinstance(rest, ast.Constant) and str(rest.value).startswith("/"):
                yield f"{root}{rest.value}"


def _there(name: str, root: Path) -> Path | None:
    """Where a file or folder lies; None where it is not there, which the notebook itself will tell."""
    if name.startswith("$") and not os.environ.get(PurePosixPath(name).parts[0][1:]):
        return None
    path = resolved(name, root)
    return path if path.exists() else None


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a page may show them: without those that name a place outside the repository (`$NAME/…`, an absolute path, `~`)."""
    return {name: value for name, value in sorted(parameters.items()) if not _outside(value)}


def _outside(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_outside, [*value, *value.values()]))
    if isinstance(value, (list, tuple)):
        return any(map(_outside, value))
    return isinstance(value, str) and (value.startswith(("$", "~")) or PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute())


def _hash(value: Any) -> str:
    return digest(dumps(value))
