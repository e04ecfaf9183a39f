"""A topic model on disk: arrays and plain JSON, no pickle and no text of a customer; what is loaded assigns as what was saved."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from voclib.errors import DataError
from voclib.text.engines import engine as make_engine
from voclib.text.grouping import Settings
from voclib.text.ngrams import Ngrams
from voclib.text.topics import Given, Part, Topic, TopicModel

FORMAT = 1
_ARRAYS = ("vectors", "labels", "centres", "reach")


def save(model: TopicModel, folder: str | Path) -> Path:
    """Write `model.json` and one `<language>.npz` a part; the folder.

    Words that name topics are kept, and identities of texts (sha256), from which no text can be read. Vectors that a function of the user's own
    made are kept, the function is not: give it again to `load`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for part in model.parts:
        arrays = {name: getattr(part, name) for name in _ARRAYS}
        encoder: dict[str, Any] = {"kind": "given"}
        if isinstance(part.encoder, Ngrams):
            arrays |= {"idf": part.encoder.idf, "axes": part.encoder.axes}
            encoder = {"kind": "ngrams", "language": part.encoder.language, "vocabulary": list(part.encoder.vocabulary)}
        np.savez_compressed(folder / f"{part.language}.npz", **arrays)
        parts.append({"language": part.language, "encoder": encoder, "ids": list(part.ids), "topics": [asdict(t) for t in part.topics]})
    content = {"format": FORMAT, "settings": asdict(model.settings), "labels": model.labels.tolist(), "parts": parts}
    (folder / "model.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return folder


def load(folder: str | Path, *, engine: str = "auto", vectors: Any = None) -> TopicModel:
    """The model of a folder; `vectors` is the function it was fitted with, where it was one.

    Raises
    ------
    DataError
        where there is no model, a file of it is missing or torn, or it was written by a later version.
    """
    folder = Path(folder)
    path = folder / "model.json"
    if not path.is_file():
        raise DataError(f"{folder} holds no model.json; save a model there first, with voclib.text.keeping.save.")
    try:
        content = json.loads(path.read_text("utf-8"))
        parts = tuple(_part(folder, given, vectors) for given in content["parts"])
        settings, labels = Settings(**content["settings"]), np.asarray(content["labels"], dtype=np.intp)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataError(f"{folder} holds no model that can be read ({type(error).__name__}: {error}); save it again.") from error
    if content.get("format") != FORMAT:
        raise DataError(f"{folder} holds a model of format {content.get('format')}, this version reads {FORMAT}; save it again.")
    return TopicModel(labels=labels, parts=parts, settings=settings, engine=make_engine(engine))


def _part(folder: Path, given: dict[str, Any], function: Any) -> Part:
    with np.load(folder / f"{given['language']}.npz", allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    encoder = Given(function)
    if given["encoder"]["kind"] == "ngrams":
        encoder = Ngrams(given["encoder"]["language"], tuple(given["encoder"]["vocabulary"]), arrays["idf"], arrays["axes"])
    topics = tuple(Topic(**{**t, "words": tuple((str(w), float(x)) for w, x in t["words"])}) for t in given["topics"])
    return Part(language=given["language"], encoder=encoder, ids=tuple(given["ids"]), topics=topics, **{name: arrays[name] for name in _ARRAYS})
