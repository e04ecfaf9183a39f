"""Whether raw data must be read again: what a mapping or a simulation was made from, and whether its result still lies there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voclib import strictyaml
from voclib.running.workspace import FileHashes, Workspace, digest, dumps, read_json, write

_PACKAGE = Path(__file__).resolve().parent.parent
_MODULES = {"ingest": ("sources", "privacy", "schema"), "simulate": ("simulate", "schema")}


class Built:
    """`build/built.json`: for each folder of data, what it was made from and the files that came out."""

    def __init__(self, space: Workspace) -> None:
        self._space, self._path = space, space.build / "built.json"
        self._hashes = FileHashes(space)

    def mapping(self, mapping: str) -> dict[str, Any]:
        """What an ingest depends on: the mapping, every raw file it names, the code that reads them, the keys of pseudonyms."""
        path = self._space.root / mapping
        raw = {self._space.shown(p): self._hashes[p] for p in self._raw_files(self._given(mapping))}
        secret = digest(os.environ.get("VOC_PSEUDONYM_KEY", ""))
        return {"mapping": self._hashes[path], "raw": raw, "secret": secret, "code": self._code("ingest")}

    def name(self, mapping: str) -> str:
        """The name a mapping gives its tables, which lie under `data/standard/<name>`."""
        return str(self._given(mapping).get("name", Path(mapping).stem))

    def folder(self, mapping: str) -> Path | None:
        """The folder of a mapping's raw files in this workspace; None where an environment variable names it."""
        root = str(self._given(mapping).get("root", "."))
        return None if "$" in root else self._space.root / root

    def simulation(self, customers: int, seed: int) -> dict[str, Any]:
        """What a simulation depends on."""
        return {"customers": customers, "seed": seed, "code": self._code("simulate")}

    def ensure(self, folder: str, source: Mapping[str, Any], build: Callable[[], Any]) -> bool:
        """Call `build` unless `folder` was made from the same source and is as it was left; False where nothing was done."""
        made = {"source": digest(dumps(source)), "files": self._files(folder)}
        known = read_json(self._path)
        fresh = bool(made["files"]) and known.get(folder) == made
        if not fresh:
            build()
            made["files"] = self._files(folder)
            write(self._path, dumps(read_json(self._path) | {folder: made}).encode())
        self._hashes.save()
        return not fresh

    def knows(self, folder: str) -> bool:
        """Whether `folder` was built here before."""
        return folder in read_json(self._path)

    def _files(self, folder: str) -> str:
        where = self._space.root / folder
        files = self._hashes.folder(where) if where.is_dir() else {}
        return digest(dumps(files)) if files else ""

    def _code(self, kind: str) -> str:
        folders = {name: self._hashes.folder(_PACKAGE / name) for name in _MODULES[kind] if (_PACKAGE / name).is_dir()}
        return digest(dumps({n: {p: h for p, h in files.items() if "__pycache__" not in p} for n, files in folders.items()}))

    def _given(self, mapping: str) -> Mapping[str, Any]:
        path = self._space.root / mapping
        given = strictyaml.parse(path.read_text("utf-8-sig"), file=path.name, plain_keys=False)
        return given if isinstance(given, Mapping) else {}

    def _raw_files(self, mapping: Mapping[str, Any]) -> list[Path]:
        """Files that the patterns of a mapping's sources and joins match; what the mapping gets wrong, the ingest will tell."""
        folder = self._space.root / os.path.expandvars(str(mapping.get("root", ".")))
        if not folder.is_dir():
            return []
        sources = [s for s in mapping.get("sources") or [] if isinstance(s, Mapping)]
        parts = [*sources, *(s["join"] for s in sources if isinstance(s.get("join"), Mapping))]
        patterns = [p for part in parts for p in ([part["files"]] if isinstance(part.get("files"), str) else part.get("files") or [])]
        return sorted({path for pattern in patterns for path in folder.glob(str(pattern)) if path.is_file()})
