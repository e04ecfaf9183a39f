"""Vectors of texts on disk, so that a text is embedded once: files of identities and vectors, no pickle and no text of a customer."""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError

Array = NDArray[np.float32]
_TORN = (ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class VectorCache:
    """Vectors by the identity of their text, in a folder.

    Every `put` adds one file, named after what it holds and moved into place whole: processes may write at the same time, and what is there never
    changes. A file that cannot be read as one is removed with a warning; its texts count as absent, so that they are made and put again.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    def of(self, fingerprint: str) -> VectorCache:
        """The cache of one encoder, in a folder of its own: vectors of other weights or settings never meet."""
        return VectorCache(self.folder / fingerprint[:16])

    def get(self, ids: Sequence[str]) -> tuple[NDArray[np.bool_], Array]:
        """Which of these identities (n,) are there, and their vectors (n, p), rows of zeros for the others; p is 0 where none is there.

        Raises
        ------
        DataError
            where a file is there that this user may not read.
        """
        names, places = np.unique(np.array(list(ids), dtype=np.bytes_), return_inverse=True)
        there, x = np.zeros(len(names), dtype=bool), np.zeros((len(names), 0), dtype=np.float32)
        for path in sorted(self.folder.glob("*.npz")) if len(names) else ():
            at, vectors = self._found(path, names)
            if len(at):
                x = x if there.any() else np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
                there[at], x[at] = True, vectors
        return there[places], x[places]

    def put(self, ids: Sequence[str], vectors: Array) -> None:
        """Keep vectors (n, p) under their identities (n,).

        Raises
        ------
        DataError
            where there is not one row an identity, or the folder cannot be written to.
        """
        names, x = np.array(list(ids), dtype=np.bytes_), np.ascontiguousarray(vectors, dtype=np.float32)
        if x.ndim != 2 or len(x) != len(names):
            raise DataError(f"{len(names)} identities and vectors of shape {x.shape}; give one row an identity.")
        if not len(x):
            return
        path = self.folder / f"{hashlib.sha256(names.tobytes() + x.tobytes()).hexdigest()[:32]}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{path.stem}.{os.getpid()}.{threading.get_ident()}.part"
            with draft.open("wb") as file:
                np.savez(file, ids=names, vectors=x)
            os.replace(draft, path)
        except OSError as error:
            raise DataError(f"{self.folder} cannot keep vectors ({error}); name a folder that can be written to, or leave cache out.") from error

    def _found(self, path: Path, names: NDArray[Any]) -> tuple[NDArray[np.intp], Array]:
        """Which of the sorted names a file holds, and their vectors; none where another process removed it, or it is torn."""
        nothing = np.zeros(0, dtype=np.intp), np.zeros((0, 0), dtype=np.float32)
        try:
            with np.load(path, allow_pickle=False) as archive:
                held = archive["ids"]
                at = np.minimum(np.searchsorted(names, held), len(names) - 1)
                hit = names[at] == held
                return (at[hit], archive["vectors"][hit]) if hit.any() else nothing
        except FileNotFoundError:
            return nothing
        except _TORN as error:
            warnings.warn(f"{path} is torn ({type(error).__name__}) and was removed; the vectors it held are made again.", stacklevel=3)
            path.unlink(missing_ok=True)
            return nothing
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error}); let this user read it, or name another folder as cache.") from error
