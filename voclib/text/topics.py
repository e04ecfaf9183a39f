"""Topics of many short texts: what people speak of, found the same way whatever the order of the rows, with no voice dropped.

Texts in one normal form are one text. Each language is modelled by itself, on vectors of its own. Texts that say nothing in letters, and groups
too small to be a topic, are labelled −1: no clear topic, a class that is reported like the others. A model on disk keeps no text, only identities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError
from voclib.progress import Progress
from voclib.text import granularity as granularities
from voclib.text import grouping, ngrams, terms, writing
from voclib.text.engines import Engine
from voclib.text.engines import engine as make_engine
from voclib.text.grouping import AUTO, FEWEST, SMALLEST, UNCLEAR, Labels, Layout, Settings, Vectors

if TYPE_CHECKING:
    import pandas as pd
    from bertopic import BERTopic

Encode = Callable[[Sequence[str]], ArrayLike]
Source = ArrayLike | Encode | Mapping[str, Encode] | None
OUTSIDE = 0.02  # a new text less like its nearest topic than all but this share of the topic's own texts is of no clear topic
STABLE = 0.6  # mean Jaccard overlap below which a topic is a grouping of the day (Hennig 2007, Computational Statistics & Data Analysis 52)


class Encoder(Protocol):
    """What makes vectors of new texts."""

    def encode(self, forms: Sequence[str]) -> Vectors:
        """Unit vectors (n, p) of normal forms."""


@dataclass(frozen=True)
class Given:
    """An encoder of the user's own: a function from texts to vectors, or none where only vectors were given."""

    function: Encode | None = None

    def encode(self, forms: Sequence[str]) -> Vectors:
        """See `Encoder`; DataError where there is no function, or it gives no row a text."""
        if self.function is None:
            raise DataError(f"The model was fitted on vectors given to it and cannot make those of {len(forms)} new texts; "
                            "fit it with a function as vectors=.")
        made = np.asarray(self.function(list(forms)), dtype=np.float32)
        if made.ndim != 2 or len(made) != len(forms):
            raise DataError(f"The function given as vectors made shape {made.shape} of {len(forms)} texts; it has to give one row a text.")
        return unit(made)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic: its number in `labels`, its telling words with their weights, and how many voices and distinct texts it holds."""

    number: int
    language: str
    words: tuple[tuple[str, float], ...]
    voices: int
    texts: int

    @property
    def name(self) -> str:
        """The leading words, as a name."""
        return " · ".join(word for word, _ in self.words[:4])


@dataclass(frozen=True, kw_only=True)
class Part:
    """One language: identities of its distinct texts (m), their unit vectors (m, p) and labels (m,), centres (k, p), their reach (k,), topics (k).

    `granularity` is the one the topics were found at, also where it was chosen ("auto"). In memory only: `choice`, how, and
    `forms`, the texts themselves.
    """

    language: str
    encoder: Encoder
    ids: tuple[str, ...]
    vectors: Vectors
    labels: Labels
    centres: Vectors
    reach: NDArray[np.float32]
    topics: tuple[Topic, ...]
    granularity: float = 1.0
    choice: granularities.Choice | None = field(default=None, repr=False, compare=False)
    forms: tuple[str, ...] | None = field(default=None, repr=False, compare=False)

    def nearest(self, vectors: Vectors) -> Labels:
        """The topic whose centre is nearest by cosine, within its reach; −1 beyond, and for vectors of zeros."""
        if not len(self.centres):
            return np.full(len(vectors), UNCLEAR, dtype=np.intp)
        cosine = vectors @ self.centres.T
        best = cosine.argmax(axis=1)
        inside = (cosine[np.arange(len(best)), best] >= self.reach[best]) & (np.abs(vectors).sum(axis=1) > 0)
        return np.where(inside, best, UNCLEAR)


@dataclass(frozen=True, kw_only=True)
class TopicModel:
    """Fitted topics; `labels` (n,) holds a topic's number for every text given, −1 for no clear topic.

    `settings` are as they were asked for; `texts` (n,) stay in memory and are not saved.
    """

    labels: Labels
    parts: tuple[Part, ...]
    settings: Settings
    engine: Engine
    texts: tuple[str | None, ...] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def bertopic(self) -> BERTopic:
        """A fitted BERTopic with these vectors, labels and numbers, to go on with its tools (`voclib.text.bridge`); built when first asked for.

        VocError where bertopic is not installed, DataError for a model that was loaded: call `bridge.bertopic(model, texts)` with the texts.
        """
        from voclib.text import bridge

        if self.texts is None:
            raise DataError("This model was read from disk, which keeps no texts; call bridge.bertopic(model, texts) with those of the fit.")
        return bridge.bertopic(self, self.texts)

    def topics(self) -> tuple[Topic, ...]:
        """The topics in the order of their numbers: by language, then by number of distinct texts."""
        return tuple(topic for part in self.parts for topic in part.topics)

    def assign(self, texts: Sequence[str | None]) -> Labels:
        """Topics of new texts (n,), the model as it is: a text seen at the fit keeps its label, another goes to the nearest centre within reach."""
        forms, places, _ = writing.distinct(texts)
        ids, labels = [writing.identity(form) for form in forms], np.full(len(forms), UNCLEAR, dtype=np.intp)
        for part in self.parts:
            known = dict(zip(part.ids, part.labels.tolist(), strict=True))
            seen = [i for i, own in enumerate(ids) if own in known]
            fresh = [i for i, form in enumerate(forms) if ids[i] not in known and self._speaks(form) == part.language]
            labels[seen] = numbered([known[ids[i]] for i in seen], part)
            if fresh:
                labels[fresh] = numbered(part.nearest(part.encoder.encode([forms[i] for i in fresh])), part)
        return np.append(labels, UNCLEAR)[places]

    def _speaks(self, form: str) -> str:
        """The language of a form among those modelled: with one alone, every text is held against it."""
        return self.parts[0].language if len(self.parts) == 1 else writing.language(form) or writing.LANGUAGES[1]

    def stability(self, *, resamples: int = 5, share: float = 0.8, progress: Progress | None = None) -> pd.DataFrame:
        """How often each topic is found again: one row a topic, `topic, stability, is_stable`.

        Topics are found anew among `share` of the distinct texts, on the same vectors and with another seed each time; a topic's stability is the
        mean over resamples of its largest Jaccard overlap with one of the new topics (Hennig 2007: below 0.6 a grouping of the day).
        """
        import pandas as pd

        rows = []
        for part in self.parts:
            scores = np.zeros((resamples, len(part.topics)))
            for draw in range(resamples):
                if progress is not None:
                    progress(draw, resamples, part.language)
                taken = grouping.resampled(len(part.ids), share, seed=self.settings.seed, draw=draw)
                again = replace(self.settings, granularity=part.granularity, seed=self.settings.seed + 1 + draw)
                scores[draw] = grouping.overlaps(part.labels[taken], grouping.group(part.vectors[taken], self.engine, again), len(part.topics))
            rows += [{"topic": topic.number, "stability": round(float(scores[:, k].mean()), 4)} for k, topic in enumerate(part.topics)]
        made = pd.DataFrame(rows, columns=["topic", "stability"])
        return made.assign(is_stable=made["stability"] >= STABLE)

    def over_time(self, when: pd.Series, *, frequency: str = "M", timezone: str = "Asia/Shanghai") -> pd.DataFrame:
        """Voices a period and topic: `period, topic, n, share` of all voices of the period, every topic in every period; −1 is one of them.

        Raises
        ------
        DataError
            where `when` has not one time a text.
        """
        import pandas as pd

        if len(when) != len(self.labels):
            raise DataError(f"over_time: {len(when)} times for {len(self.labels)} texts; give the time of every text, missing where it is not known.")
        moments = pd.to_datetime(when).reset_index(drop=True)
        local = moments.dt.tz_convert(timezone).dt.tz_localize(None) if moments.dt.tz is not None else moments
        periods = local.dt.to_period(frequency)
        known = periods.notna()
        every = pd.period_range(periods.min(), periods.max(), freq=frequency) if known.any() else pd.PeriodIndex([], freq=frequency)
        counts = pd.crosstab(periods[known], self.labels[known.to_numpy()]).reindex(index=every, fill_value=0)
        counts = counts.reindex(columns=[UNCLEAR, *(t.number for t in self.topics())], fill_value=0)
        long = counts.rename_axis(index="period", columns="topic").stack().reset_index(name="n")
        totals = long.groupby("period")["n"].transform("sum")
        return long.assign(period=long["period"].astype("str"), share=(long["n"] / totals).where(totals > 0))

    def tidy(self) -> pd.DataFrame:
        """One row a topic, `topic, language, name, voices, texts, share` of all voices, and one for no clear topic."""
        import pandas as pd

        rows = [{"topic": t.number, "language": t.language, "name": t.name, "voices": t.voices, "texts": t.texts} for t in self.topics()]
        unclear = int((self.labels == UNCLEAR).sum())
        rows.append({"topic": UNCLEAR, "language": "", "name": "", "voices": unclear, "texts": unclear})
        return pd.DataFrame(rows).assign(share=lambda f: f["voices"] / max(len(self.labels), 1))


def fit_topics(texts: Sequence[str | None], *, engine: str | Engine = "auto", layout: Layout = "graph", vectors: Source = None,
               granularity: float | Literal["auto"] = 1.0, min_size: int = SMALLEST, seed: int = 0, cache: str | Path | None = None,
               progress: Progress | None = None) -> TopicModel:
    """Find topics.

    `vectors` are the texts' own (n, p), or what makes vectors of normal forms: a function, an encoder as `voclib.text.sentence_vectors.encoder`
    gives it, or {language: encoder} where languages differ. Without, character n-grams (`voclib.text.ngrams`) fitted in each language. Languages are
    modelled apart where both have `FEWEST` distinct texts and one table of vectors does not bind them together. `granularity="auto"` chooses by
    stability (`voclib.text.granularity`). With a folder as `cache` the model of unchanged texts and settings is read instead of fitted.

    Raises
    ------
    ParameterError
        for an unknown engine or layout, or settings out of range.
    DataError
        where there are too few distinct texts, or vectors do not fit the texts.
    """
    from voclib.text import keeping  # it reads models of this module

    settings = Settings(layout=layout, granularity=granularity, min_size=min_size, seed=seed)
    chosen, texts = make_engine(engine) if isinstance(engine, str) else engine, tuple(texts)
    known = keeping.key(texts, settings, chosen, vectors=vectors) if cache is not None else None
    if known and (kept := keeping.remembered(known, cache, engine=chosen, vectors=vectors)):
        return replace(kept, texts=texts)
    model = _fitted(texts, chosen, settings, vectors, progress)
    if known:
        keeping.remember(known, model, cache)
    return model


def _fitted(texts: tuple[str | None, ...], engine: Engine, settings: Settings, vectors: Source, progress: Progress | None) -> TopicModel:
    forms, places, counts = writing.distinct(texts)
    if len(forms) < FEWEST:
        raise DataError(f"{len(forms)} distinct texts with letters are too few to find topics in; there have to be {FEWEST} of a language.")
    groups = _languages(forms, is_given=vectors is not None and not makes(vectors))
    labels, parts = np.full(len(forms), UNCLEAR, dtype=np.intp), []
    for step, (language, rows) in enumerate(groups.items()):
        if progress is not None:
            progress(step, len(groups), language)
        own = tuple(forms[i] for i in rows)
        encoder, x = _vectors(own, vectors.get(language) if isinstance(vectors, Mapping) else vectors, language=language,
                              first=_first(places, rows), n=len(texts), seed=settings.seed)
        found, value, choice = _grouped(x, engine, settings, progress)
        part = _part(language, encoder, own, counts[rows], x, found, first=sum(len(p.topics) for p in parts))
        parts.append(replace(part, granularity=value, choice=choice))
        labels[rows] = numbered(found, part)
    return TopicModel(labels=np.append(labels, UNCLEAR)[places], parts=tuple(parts), settings=settings, engine=engine, texts=texts)


def _grouped(x: Vectors, engine: Engine, settings: Settings, progress: Progress | None) -> tuple[Labels, float, granularities.Choice | None]:
    """Labels of unit vectors, the granularity they were found at, and how it was chosen; 1 where there are too few rows to choose by."""
    if settings.granularity != AUTO:
        return grouping.group(x, engine, settings), settings.granularity, None
    if not len(grouping.directed(x, settings)):
        return np.full(len(x), UNCLEAR, dtype=np.intp), 1.0, None
    choice = granularities.choose(x, engine, settings, progress=progress)
    return choice.labels, choice.value, choice


def makes(vectors: Source) -> bool:
    """Whether vectors are made of texts when asked for, rather than given."""
    return isinstance(vectors, Mapping) or callable(vectors) or hasattr(vectors, "encode")


def numbered(labels: ArrayLike, part: Part) -> Labels:
    """Labels within a part as numbers of the model's topics; −1 stays."""
    own = np.asarray(labels, dtype=np.intp)
    return np.where(own >= 0, own + (part.topics[0].number if part.topics else 0), UNCLEAR)


def unit(x: Vectors) -> Vectors:
    """Vectors divided by their lengths and rounded; DataError for gaps and infinities."""
    if not np.isfinite(x).all():
        raise DataError("vectors hold gaps or infinities; make them again.")
    length = np.sqrt(np.einsum("ij,ij->i", x, x))
    return np.round(x / np.where(length > 1e-12, length, 1)[:, None], ngrams.DECIMALS).astype(np.float32)


def _languages(forms: Sequence[str], *, is_given: bool) -> dict[str, NDArray[np.intp]]:
    """Which forms are modelled together; a language with too few texts joins the larger one rather than being lost."""
    spoken = np.array([writing.language(form) or writing.LANGUAGES[1] for form in forms], dtype=object)
    rows = {language: np.flatnonzero(spoken == language) for language in writing.LANGUAGES}
    if not is_given and all(len(own) >= FEWEST for own in rows.values()):
        return rows
    return {max(rows, key=lambda language: len(rows[language])): np.arange(len(forms))}


def _first(places: Labels, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first text of each of these forms, whose vector stands for all that are equal to it."""
    known = np.flatnonzero(places >= 0)
    _, first = np.unique(places[known], return_index=True)
    return known[first][rows]


def _vectors(forms: tuple[str, ...], given: Source, *, language: str, first: NDArray[np.intp], n: int,
             seed: int) -> tuple[Encoder, Vectors]:
    if given is None:
        return ngrams.fitted(forms, language=language, seed=seed)
    if makes(given):
        encoder = given if hasattr(given, "encode") else Given(given)
        return encoder, encoder.encode(forms)
    table = np.asarray(given, dtype=np.float32)
    if table.ndim != 2 or len(table) != n:
        raise DataError(f"vectors have shape {table.shape} for {n} texts; give one row a text.")
    return Given(), unit(table[first])


def _part(language: str, encoder: Encoder, forms: tuple[str, ...], counts: Labels, x: Vectors, labels: Labels, *, first: int) -> Part:
    k = int(labels.max(initial=-1)) + 1
    middle, named = grouping.centres(x, labels, k), terms.names(forms, labels, counts, language=language)
    reach = np.array([np.quantile(x[labels == c] @ middle[c], OUTSIDE) for c in range(k)], dtype=np.float32)
    topics = tuple(Topic(number=first + c, language=language, words=named[c], voices=int(counts[labels == c].sum()), texts=int((labels == c).sum()))
                   for c in range(k))
    return Part(language=language, encoder=encoder, ids=tuple(map(writing.identity, forms)), vectors=x, labels=labels, centres=middle, reach=reach,
                topics=topics, forms=forms)
