"""A fitted BERTopic made of a topic model, so that BERTopic's tools (Grootendorst 2022, arXiv 2203.05794) go on from topics found here.

Vectors, labels and their numbers are the model's; words and representative texts are BERTopic's own, of its c-TF-IDF, words split as
`voclib.text.terms` splits them. Nothing is found anew: the reducer passes vectors through, since new texts are placed among the vectors
themselves, and the clusters are the model's topics, so that `transform` says what `TopicModel.assign` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from voclib.errors import DataError, VocError
from voclib.text import terms, writing
from voclib.text.grouping import UNCLEAR, Labels, Vectors
from voclib.text.topics import Part, TopicModel, numbered

if TYPE_CHECKING:
    from bertopic import BERTopic

UNSEEN = -2
_STRETCH = re.compile(r"\S{1000,}|.{1,999}(?!\S)", re.DOTALL)  # what is normalised at once: whole words, short of `writing.LONGEST`


def bertopic(model: TopicModel, texts: Sequence[str | None]) -> BERTopic:
    """BERTopic fitted to the topics of `model`; `texts` (n,) are those of the fit, in their order, one a label.

    `topics_` equals `model.labels`. Where the model has several languages, the vectors of one stand beside those of the other, zeros in between:
    topics of two languages have a cosine of 0. BERTopic wants strings: give its tools "" where a text is missing, and times as datetimes.

    Raises
    ------
    VocError
        where bertopic is not installed.
    DataError
        where the texts are not those of the fit, or hold no word to name a topic by.
    """
    if find_spec("bertopic") is None:
        raise VocError("model.bertopic needs bertopic, which is not installed: pip install 'voclib[topics]'.")
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    documents = [text if isinstance(text, str) else "" for text in texts]
    if len(documents) != len(model.labels):
        raise DataError(f"model.bertopic: {len(documents)} texts for {len(model.labels)} labels; give the texts of the fit, in their order.")
    if not any(map(words, documents)):
        raise DataError(f"model.bertopic: no word of two letters in {len(documents)} texts; BERTopic names topics by words, fit_topics does without.")
    given = read(model, documents, may_encode=False)
    if not np.array_equal(given.known, model.labels):
        raise DataError("model.bertopic: the texts are not those of the fit, or not in their order; give those, in their order.")
    made = BERTopic(embedding_model=_backend(partial(read, model)), umap_model=BaseDimensionalityReduction(), hdbscan_model=Topics(model.parts),
                    vectorizer_model=CountVectorizer(tokenizer=words, token_pattern=None, lowercase=False), min_topic_size=model.settings.min_size)
    return _fitted(made, documents, given, model.labels)


class Read(np.ndarray):
    """Vectors of texts (n, p), with the topics `known` (n,) of those seen at the fit, `UNSEEN` for others; a slice knows none."""

    known: Labels | None = None


@dataclass
class Topics:
    """The model's topics in the place of BERTopic's clusters."""

    parts: tuple[Part, ...]
    labels_: Labels = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    def fit(self, vectors: Vectors, y: Labels | None = None) -> Topics:
        """The labels given, else those of `predict`: topics stay as they are."""
        self.labels_ = self.predict(vectors) if y is None else np.asarray(y, dtype=np.intp)
        return self

    def predict(self, vectors: Vectors) -> Labels:
        """The label of a text seen at the fit, as `read` says; for others the nearest centre within reach, in the language of the vector."""
        found = np.full(len(vectors), UNCLEAR, dtype=np.intp)
        for part, columns in _blocks(self.parts):
            own = np.asarray(vectors)[:, columns]
            there = np.abs(own).sum(axis=1) > 0
            found[there] = numbered(part.nearest(own[there]), part)
        known = getattr(vectors, "known", None)
        return found if known is None else np.where(known > UNSEEN, known, found)


def read(model: TopicModel, texts: Sequence[str], *, may_encode: bool = True) -> Read:
    """Vectors of texts, those of each language in columns of their own: the fit's where it saw the text, else the encoder's, if it may."""
    forms, places, _ = writing.distinct(texts)
    ids, languages = [writing.identity(form) for form in forms], np.array([*(model._speaks(form) for form in forms), ""], dtype=object)
    table = np.zeros((len(languages), sum(part.vectors.shape[1] for part in model.parts)), dtype=np.float32)
    known = np.full(len(languages), UNSEEN, dtype=np.intp)
    for part, columns in _blocks(model.parts):
        place = {own: k for k, own in enumerate(part.ids)}
        seen = [i for i, own in enumerate(ids) if own in place]
        at = [place[ids[i]] for i in seen]
        table[seen, columns], known[seen] = part.vectors[at], numbered(part.labels[at], part)
    for part, columns in _blocks(model.parts) if may_encode else ():
        fresh = np.flatnonzero((known == UNSEEN) & (languages == part.language))
        if fresh.size:
            table[fresh, columns] = part.encoder.encode([forms[i] for i in fresh])
    known[-1] = UNCLEAR  # texts without letters, whose place is −1
    made = table[places].view(Read)
    made.known = known[places]
    return made


def words(document: str) -> list[str]:
    """The words of a text, or of all texts of a topic, which BERTopic joins by blanks; those of each language by its own rule."""
    found = [word for stretch in _STRETCH.findall(document) for word in terms.words(writing.normal(stretch), language="zh")]
    chinese = [word for word in found if writing.language(word) == "zh"]
    return chinese + terms.words(" ".join(word for word in found if writing.language(word) != "zh"), language="en")


def _blocks(parts: Sequence[Part]) -> Iterator[tuple[Part, slice]]:
    """The columns of each part in vectors of all."""
    start = 0
    for part in parts:
        yield part, slice(start, start + part.vectors.shape[1])
        start += part.vectors.shape[1]


def _backend(embed: Callable[[Sequence[str]], Vectors]) -> Any:
    from bertopic.backend import BaseEmbedder

    class Backend(BaseEmbedder):
        """The model's encoders as BERTopic calls them."""

        def embed(self, documents: Sequence[str], verbose: bool = False) -> Vectors:
            return embed(documents)

    return Backend()


def _fitted(made: BERTopic, documents: list[str], vectors: Vectors, labels: Labels) -> BERTopic:
    """BERTopic's manual topic modelling, but for its renumbering by size, which is made to keep every number this once."""

    def keep(frame: Any) -> Any:
        made.topic_mapper_.add_mappings({topic: topic for topic in made.topic_sizes_}, topic_model=made)
        return frame

    made._sort_mappings_by_frequency = keep
    made.fit(documents, np.asarray(vectors), y=labels)
    del made._sort_mappings_by_frequency
    return made
