"""Where a page comes from, as content hashes only: no clock, no path, no commit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from voclib.running.edition import Edition, Job, cells_of
from voclib.running.workspace import FileHashes, Workspace, digest, dumps, read_json, resolved, write

PACKAGES = ("altair", "duckdb", "numpy", "pandas", "pandera", "papermill", "scikit-learn", "scipy", "statsmodels", "vl-convert-python")
_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Provenance:
    """sha256 in hex of everything that decides a page, and the versions of the packages that computed it."""

    edition: str
    notebook: str
    code: str
    data: str
    parameters: str
    gates: str
    python: str
    packages: Mapping[str, str]

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

    def provenance(self, job: Job) -> Provenance:
        """Hashes of library, notebook and lock; of the tables it reads; of its parameters."""
        return Provenance(
            edition=job.edition, notebook=job.notebook, code=_hash([self._library, stripped(job.path), self._lock]),
            data=_hash({name: self._data(name) for name in job.data}), parameters=_hash(dict(job.parameters)),
            gates=self._rules.get("gates.yml", "default"), python=f"{sys.version_info.major}.{sys.version_info.minor}", packages=self._packages)

    def key(self, edition: Edition, job: Job, provenance: Provenance) -> str:
        """What must be equal for a notebook not to run again; wider than the provenance: also what lies beside the tables, rules and texts."""
        beside = {name: self._beside(resolved(name, self._space.root)) for name in job.data}
        texts = edition.model_dump(mode="json", include={"title", "company", "notice"})
        return _hash([provenance.to_dict(), beside, self._rules, texts])

    def save(self) -> None:
        """Keep what was hashed."""
        self._files.save()
        write(self._tables_path, dumps(self._tables).encode())

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


def _hash(value: Any) -> str:
    return digest(dumps(value))
