"""A topic model on disk: arrays and plain JSON, no pickle and no text of a customer; what is loaded assigns as what was saved.

A cache of models rests on the same files: the model of the same texts, settings, encoder, engine and code is read instead of fitted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from voclib.errors import DataError
from voclib.text import runs
from voclib.text.engines import Engine
from voclib.text.engines import engine as make_engine
from voclib.text.grouping import Settings
from voclib.text.ngrams import Ngrams
from voclib.text.runs import Runs
from voclib.text.topics import Given, Part, Source, Topic, TopicModel, makes

FORMAT = 3
NAME, LABELS = "model.json", "labels.npy"
_ARRAYS = {"vectors": (np.float32, 2), "labels": (np.intp, 1), "centres": (np.float32, 2), "reach": (np.float32, 1), "ids": (np.uint8, 2)}
_SIGNS = {"keys": (np.uint64, 1), "idf": (np.float32, 1), "held": (np.intp, 1)}
_AXES = {"axes": (np.float32, 2)}
_DIGEST = 32  # bytes of an identity


def save(model: TopicModel, folder: str | Path) -> Path:
    """Write `model.json`, `labels.npy` and the arrays of every part, `<language>.<name>.npy`; the folder.

    Words that name topics are kept, and identities of texts (sha256), from which no text can be read. Vectors that a function of the user's own
    made are kept, the function is not: give it again to `load`. Its `fingerprint`, where it has one, is kept.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for part in model.parts:
        arrays = {name: getattr(part, name) for name in _ARRAYS if name != "ids"}
        arrays["ids"] = np.frombuffer(bytes.fromhex("".join(part.ids)), dtype=np.uint8).reshape(-1, _DIGEST)
        encoder: dict[str, Any] = {"kind": "given", "fingerprint": _fingerprint(part.encoder)}
        if isinstance(part.encoder, Ngrams):
            signs = part.encoder.signs
            arrays |= {"axes": part.encoder.axes, **{name: getattr(signs, name) for name in _SIGNS}}
            encoder = {"kind": "ngrams", "language": part.encoder.language, "alphabet": list(signs.alphabet), "lengths": signs.lengths}
        for name, array in arrays.items():
            _write(folder / f"{part.language}.{name}.npy", array)
        parts.append({"language": part.language, "granularity": part.granularity, "encoder": encoder, "topics": [asdict(t) for t in part.topics]})
    _write(folder / LABELS, model.labels)
    content = json.dumps({"format": FORMAT, "settings": asdict(model.settings), "parts": parts}, ensure_ascii=False)
    (folder / NAME).write_bytes(content.encode("utf-8", "surrogatepass"))
    return folder


def load(folder: str | Path, *, engine: str | Engine = "auto", vectors: Source = None) -> TopicModel:
    """The model of a folder; `vectors` is what it was fitted with, where that was a function, an encoder or one a language.

    Raises
    ------
    DataError
        where there is no model, a file of it is missing or torn, it was written by another version, or `vectors` is another function than the
        model was fitted with, as far as both have a `fingerprint`.
    """
    folder = Path(folder)
    path = folder / NAME
    if not path.is_file():
        raise DataError(f"{folder} holds no {NAME}; save a model there first, with voclib.text.keeping.save.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
        if content.get("format") != FORMAT:
            raise DataError(f"{folder} holds a model of format {content.get('format')}, this version reads {FORMAT}; fit and save it again.")
        parts = tuple(_part(folder, given, vectors) for given in content["parts"])
        settings, labels = Settings(**content["settings"]), _read(folder / LABELS, np.intp, 1)
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError) as error:
        raise DataError(f"{folder} holds no model that can be read ({type(error).__name__}: {error}); save it again.") from error
    return TopicModel(labels=labels, parts=parts, settings=settings, engine=make_engine(engine) if isinstance(engine, str) else engine)


def key(texts: Sequence[str | None], settings: Settings, engine: Engine, *, vectors: Source = None) -> str | None:
    """What a model hangs on, as a hash: the texts in their order, settings, encoder, engine, the code of this package and of what it stands on.

    None where nobody can tell: `vectors` is a function without a `fingerprint` (a text that names what it computes).
    """
    encoder = "ngrams"
    if isinstance(vectors, Mapping):
        named = {language: _fingerprint(own) for language, own in sorted(vectors.items())}
        encoder = None if None in named.values() else json.dumps(named)
    elif makes(vectors):
        encoder = _fingerprint(vectors)
    elif vectors is not None:
        table = np.ascontiguousarray(vectors, dtype=np.float32)
        encoder = f"{table.shape} {hashlib.sha256(table.data).hexdigest()}"
    if encoder is None:
        return None
    lengths = np.array([len(t) if isinstance(t, str) else -1 for t in texts], dtype=np.int64)
    said = "".join([t for t in texts if isinstance(t, str)]).encode("utf-8", "surrogatepass")
    stated = json.dumps([FORMAT, asdict(settings), encoder, engine.name, _code()], sort_keys=True)
    whole = hashlib.sha256(stated.encode("utf-8"))
    for part in (b"\0", lengths.tobytes(), said):
        whole.update(part)
    return whole.hexdigest()


def remembered(known: str | None, folder: str | Path, *, engine: Engine, vectors: Source = None) -> TopicModel | None:
    """The model kept under a `key`; None where there is none, it cannot be read, or the key is None."""
    if known is None or not (Path(folder) / known / NAME).is_file():
        return None
    try:
        return load(Path(folder) / known, engine=engine, vectors=vectors if makes(vectors) else None)
    except DataError:  # torn: it is fitted again and written over
        return None


def remember(known: str | None, model: TopicModel, folder: str | Path) -> None:
    """Keep a model under a `key`, written apart and then moved, so that no process reads half of it; nothing where the key is None."""
    if known is None:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    place, apart = Path(folder) / known, save(model, tempfile.mkdtemp(prefix="half-", dir=folder))
    shutil.rmtree(place, ignore_errors=True)
    try:
        apart.rename(place)
    except OSError:  # another process was faster, with the same model
        shutil.rmtree(apart, ignore_errors=True)


def _fingerprint(encoder: Any) -> str | None:
    """What an encoder, or a user's own function, computes, where it says so."""
    found = getattr(getattr(encoder, "function", encoder), "fingerprint", None)
    return found if isinstance(found, str) else None


@lru_cache(maxsize=1)
def _code() -> list[str]:
    """The sources of this package as one hash, and the versions of the packages that vectors, groups and names come from."""
    sources = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    wanted = ("numpy", "scipy", "scikit-learn", "scikit-network", "rjieba", "faiss-cpu", "umap-learn", "hdbscan", "cuml-cu13")
    return [sources.hexdigest(), *(f"{d.name} {d.version}" for name in wanted for d in metadata.distributions(name=name))]


def _write(path: Path, array: np.ndarray) -> None:
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def _read(path: Path, kind: type, dims: int) -> np.ndarray:
    array = np.load(path, allow_pickle=False)
    if array.dtype != kind or array.ndim != dims:
        raise ValueError(f"{path.name} holds {array.ndim} dimensions of {array.dtype}")
    return array


def _part(folder: Path, given: dict[str, Any], function: Source) -> Part:
    def read(wanted: dict[str, tuple[type, int]]) -> dict[str, np.ndarray]:
        return {name: _read(folder / f"{given['language']}.{name}.npy", *form) for name, form in wanted.items()}

    own = function.get(given["language"]) if isinstance(function, Mapping) else function
    arrays, encoder = read(_ARRAYS), own if hasattr(own, "encode") else Given(own)
    fitted, now = given["encoder"].get("fingerprint"), _fingerprint(encoder)
    if None not in (fitted, now) and fitted != now:
        raise DataError(f"The model of {folder} was fitted with the vectors of {fitted}, not of {now}; give the function it was fitted with.")
    if given["encoder"]["kind"] == "ngrams":
        shortest, longest = given["encoder"]["lengths"]
        signs = Runs(runs.coded(given["encoder"]["alphabet"]), (int(shortest), int(longest)), **read(_SIGNS))
        encoder = Ngrams(given["encoder"]["language"], signs, **read(_AXES))
    digits = arrays.pop("ids").tobytes().hex()
    ids = tuple(digits[a:a + 2 * _DIGEST] for a in range(0, len(digits), 2 * _DIGEST))
    topics = tuple(Topic(**{**t, "words": tuple((str(w), float(x)) for w, x in t["words"])}) for t in given["topics"])
    if not len(ids) == len(arrays["vectors"]) == len(arrays["labels"]) or len(topics) != len(arrays["centres"]):
        raise ValueError(f"the arrays of {given['language']} do not belong together")
    return Part(language=given["language"], encoder=encoder, ids=ids, topics=topics, granularity=float(given["granularity"]), **arrays)
