"""Where an edition's files lie, and how they are written: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from voclib.errors import ParameterError

REPORTS = "reports"
"""What the folder of reports is called in a parameter, wherever a run puts it: so that bytes do not depend on where."""


@dataclass(frozen=True)
class Workspace:
    """The folders of one repository; `reports` is a folder under `root`."""

    root: Path
    reports_name: str = REPORTS

    @property
    def reports(self) -> Path:
        """Versioned pages."""
        return self.root / self.reports_name

    @property
    def build(self) -> Path:
        """Ignored by git: caches, logs, executed notebooks."""
        return self.root / "build"

    @property
    def notebooks(self) -> Path:
        """Stripped notebooks, the single source."""
        return self.root / "notebooks"

    def published(self, value: str) -> Path:
        """Where a folder of reports lies that a parameter names, such as `reports/sample`."""
        first, *rest = PurePosixPath(value).parts or ("",)
        return self.reports.joinpath(*rest) if first == REPORTS else self.root / value

    def shown(self, path: Path) -> str:
        """A path as a message shows it: from the root where it lies under it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def resolved(value: str, root: Path) -> Path:
    """Where a data path of a parameter lies: under `root`, or under the folder that an environment variable names (`$NAME/folder`).

    Raises
    ------
    ParameterError
        if the variable is not set.
    """
    first, *rest = PurePosixPath(value).parts or ("",)
    if not first.startswith("$"):
        return root / value
    if not (folder := os.environ.get(first[1:])):
        raise ParameterError(f"{value} lies in the folder that the environment variable {first[1:]} names, which is not set; "
                             f"run with {first[1:]}=/path/to/the/files.")
    return root.joinpath(folder, *rest)


def find(start: str | Path, *, root: str | Path | None = None) -> Workspace:
    """The workspace around a file: the nearest folder above it that holds `notebooks/`, unless `root` names one.

    Raises
    ------
    ParameterError
        if no folder above `start` holds `notebooks/`.
    """
    if root is not None:
        return Workspace(Path(root).resolve())
    path = Path(start).resolve()
    for folder in (path, *path.parents):
        if (folder / "notebooks").is_dir():
            return Workspace(folder)
    raise ParameterError(f"No folder above {start} holds notebooks/; call from the repository, or give its path.")


def write(path: Path, content: bytes) -> bool:
    """Replace a file at once, never half; False where it already holds these bytes."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_bytes(content)
    os.replace(draft, path)
    return True


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON with sorted keys and readable Chinese: the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, allow_nan=False)


def read_json(path: Path) -> dict:
    """A JSON file of our own under `build/`; an absent or torn one counts as empty, since it is only a cache."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def digest(content: bytes | str) -> str:
    """sha256 in hex."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FileHashes:
    """sha256 of files, remembered by size and modification time, so that an unchanged file is not read again."""

    def __init__(self, space: Workspace) -> None:
        self._space, self._path = space, space.build / "file-hashes.json"
        self._known = read_json(self._path)

    def __getitem__(self, path: Path) -> str:
        stat, name = path.stat(), self._space.shown(path)
        known = self._known.get(name)
        if not known or known[:2] != [stat.st_size, stat.st_mtime_ns]:
            known = self._known[name] = [stat.st_size, stat.st_mtime_ns, file_digest(path)]
        return known[2]

    def folder(self, folder: Path) -> dict[str, str]:
        """Path within the folder → sha256, for every file in it, sorted."""
        return {p.relative_to(folder).as_posix(): self[p] for p in sorted(folder.rglob("*")) if p.is_file()}

    def save(self) -> None:
        """Keep what was learnt for the next run."""
        write(self._path, dumps(self._known).encode())
