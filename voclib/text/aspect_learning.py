"""Which aspects a voice speaks of, learned from voices that people labelled, where a dictionary alone misses too many or finds too much.

Each aspect is learned by itself (one against the rest: a voice may speak of several, or of none) by logistic regression on runs of characters and,
where a dictionary is given, on what it finds. Every labelled voice is read by a model that saw neither it, nor its group, nor its wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.progress import Progress
from voclib.text import aspects, writing
from voclib.text.aspects import Dictionary

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
LEAST, INNER = 5, 3  # labelled voices with an aspect, and without it, that it takes to learn it; folds inside a fold
SIGNS = {"zh": ("char", (1, 2)), "en": ("char_wb", (3, 4))}  # runs of characters that are counted
MOST = 20_000  # runs of characters of a language, the commonest
INVERSE_PENALTY, HITS = 20.0, 5.0  # a find of the dictionary weighs HITS/√n: much where few voices are labelled, little where many are
CUTS = np.round(np.arange(0.05, 0.96, 0.01), 2)
DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class AspectModel:
    """What was learned of k aspects from n texts.

    `probabilities` and `present` (n, k): of labelled texts by the models of the folds that did not see them, of the others by the whole model;
    `truth` (n, k): the labels given, missing where there was none; `thresholds` (k): from which probability on the whole model says yes;
    `found` (n, k): what the dictionary alone says, missing for aspects that it does not have.
    """

    probabilities: pd.DataFrame
    present: pd.DataFrame
    truth: pd.DataFrame
    found: pd.DataFrame
    thresholds: pd.Series
    reader: Reader

    def read(self, texts: Sequence[str | None]) -> pd.DataFrame:
        """Probabilities (n, k) that new texts speak of each aspect; 0 where a text says nothing in letters."""
        import pandas as pd

        return pd.DataFrame(self.reader.read([writing.normal(text) for text in texts]), columns=self.truth.columns)

    def decide(self, probabilities: pd.DataFrame) -> pd.DataFrame:
        """Yes and no (n, k) from `read`."""
        return probabilities >= self.thresholds

    def quality(self, *, by: ArrayLike | None = None) -> pd.DataFrame:
        """How well labelled voices are read that the models did not see: one row an aspect, and a value of `by` (n,) where given.

        Columns: `by` where given, `aspect`, `n` labelled, `n_present`, `precision`, `recall`, `f1`, and beside them `dictionary_f1` of the dictionary
        alone and `always_f1` of saying yes to every voice; a share of nothing is missing, F1 is 0 where an aspect stands there and is never found.
        """
        import pandas as pd

        keys = np.zeros(len(self.truth)) if by is None else np.asarray(by, dtype=object)
        if len(keys) != len(self.truth):
            raise DataError(f"quality: {len(keys)} values of by for {len(self.truth)} texts; give one a text.")
        rows = []
        for key in pd.unique(pd.Series(keys).dropna()):
            for aspect in self.truth.columns:
                own = (keys == key) & self.truth[aspect].notna().to_numpy()
                truth, said = self.truth.loc[own, aspect].to_numpy(dtype=bool), self.present.loc[own, aspect].to_numpy(dtype=bool)
                rule = self.found.loc[own, aspect]
                hits = int((truth & said).sum())
                rows.append({"by": key, "aspect": aspect, "n": len(truth), "n_present": int(truth.sum()), "precision": _share(hits, said.sum()),
                             "recall": _share(hits, truth.sum()), "f1": f1(truth, said), "always_f1": f1(truth, np.ones(len(truth), dtype=bool)),
                             "dictionary_f1": float("nan") if rule.isna().any() else f1(truth, rule.to_numpy(dtype=bool))})
        made = pd.DataFrame(rows)
        return made.drop(columns="by") if by is None else made.sort_values(["by", "aspect"], kind="stable", ignore_index=True)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the aspects."""
        return float(self.quality()["f1"].mean())


@dataclass(frozen=True)
class Fitted:
    """Regressions of k aspects on counts of runs of characters, weighted by `tfidf`, and on the dictionary's finds, of the given weight."""

    tfidf: Any
    regressions: tuple[Any, ...]
    weight: float

    def table(self, counts: Any, finds: NDArray[np.float32]) -> Any:
        """Features (n, p + entries)."""
        from scipy import sparse

        return sparse.hstack([self.tfidf.transform(counts), sparse.csr_matrix(finds * self.weight)]).tocsr()

    def chances(self, counts: Any, finds: NDArray[np.float32]) -> Array:
        """Probabilities (n, k), rounded so that bytes repeat."""
        table = self.table(counts, finds)
        return np.round(np.column_stack([fitted.predict_proba(table)[:, 1] for fitted in self.regressions]), DECIMALS)


@dataclass(frozen=True)
class Reader:
    """What reads normal forms: counters of the runs of characters of each language, the dictionary, and the regressions."""

    counters: dict[str, Any]
    dictionary: Dictionary | None
    fitted: Fitted

    def read(self, forms: Sequence[str]) -> Array:
        """Probabilities (n, k); 0 where there is no letter."""
        known = np.array([writing.has_letters(form) for form in forms], dtype=bool)
        made = np.zeros((len(forms), len(self.fitted.regressions)))
        if known.any():
            own = [form for form in forms if writing.has_letters(form)]
            made[known] = self.fitted.chances(_counts(own, self.counters), _finds(own, self.dictionary).to_numpy(dtype=np.float32))
        return made


def fit(texts: Sequence[str | None], present: pd.DataFrame, *, dictionary: Dictionary | None = None, groups: ArrayLike | None = None, folds: int = 5,
        seed: int = 0, progress: Progress | None = None) -> AspectModel:
    """Learn aspects from labels.

    `present` (n, k): True, False, or missing where nobody looked. Texts of one of the `groups` (n,), say a customer's, and texts of one normal form
    are never on both sides of a fold. The threshold of each aspect is the one with the highest F1 among probabilities that are cross-fitted once
    more inside the fold, so that no voice has a say in the threshold by which it is judged.

    Raises
    ------
    DataError
        where labels or groups do not fit the texts, or fewer than `LEAST` labelled voices with or without an aspect are in a fold's training part.
    ParameterError
        for fewer than two folds.
    """
    import pandas as pd

    truth = _labels(texts, present, groups)
    if folds < 2:
        raise ParameterError(f"folds is at least 2, not {folds}.")
    forms = [writing.normal(text) for text in texts]
    rows = _labelled(forms, truth)
    if not len(rows):
        raise DataError(f"None of {len(forms)} texts has letters and a label; label voices with and without each aspect.")
    own, y = [forms[i] for i in rows], truth[rows]
    together = _components(own, None if groups is None else np.asarray(groups, dtype=object)[rows])
    finds = _finds(forms, dictionary)
    counters = _counters(own)
    labelled = _Labelled(_counts(own, counters), finds.iloc[rows].to_numpy(dtype=np.float32), y, tuple(present.columns))
    p, said = _crossed(labelled, together, folds=folds, seed=seed, progress=progress)
    reader = Reader(counters, dictionary, labelled.learn())
    cuts, chances = _cuts(y, p), reader.read(forms)
    yes = chances >= cuts
    place = {form: k for k, form in enumerate(own)}
    copies = np.array([place.get(form, -1) for form in forms])  # an unlabelled copy of a labelled text is read like it
    chances[copies >= 0], yes[copies >= 0] = p[copies[copies >= 0]], said[copies[copies >= 0]]
    names = present.columns
    return AspectModel(probabilities=pd.DataFrame(chances, columns=names), present=pd.DataFrame(yes, columns=names),
                       truth=pd.DataFrame(truth, columns=names).astype("boolean"), found=finds.reindex(columns=names).astype("boolean"),
                       thresholds=pd.Series(cuts, index=names), reader=reader)


def f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Twice the hits over all that was there or said; missing where nothing was there."""
    return 2 * float((truth & said).sum()) / float(truth.sum() + said.sum()) if truth.any() else float("nan")


def _labels(texts: Sequence[str | None], present: pd.DataFrame, groups: ArrayLike | None) -> Array:
    if len(present) != len(texts) or not len(present.columns):
        raise DataError(f"present has {len(present)} rows and {len(present.columns)} aspects for {len(texts)} texts; give a row a text and a column "
                        "an aspect, missing where nobody looked.")
    if groups is not None and len(np.asarray(groups, dtype=object)) != len(texts):
        raise DataError(f"groups has {len(np.asarray(groups, dtype=object))} values for {len(texts)} texts; give one a text.")
    return present.astype("boolean").to_numpy(dtype=float, na_value=np.nan)


def _labelled(forms: Sequence[str], truth: Array) -> NDArray[np.intp]:
    """The rows to learn from, in an order that does not depend on theirs."""
    there = [i for i, form in enumerate(forms) if writing.has_letters(form) and not np.isnan(truth[i]).all()]
    return np.array(sorted(there, key=lambda i: (writing.identity(forms[i]), tuple(np.nan_to_num(truth[i], nan=-1)))), dtype=np.intp)


def _components(forms: Sequence[str], groups: NDArray[Any] | None) -> NDArray[np.intp]:
    """Numbers of the rows that belong together, by their group or by their form; a missing group is a row's own. Numbered as they first stand."""
    import pandas as pd
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    alike = pd.factorize(pd.Series(forms, dtype=object))[0]
    if groups is None:
        return alike
    code = pd.factorize(pd.Series(groups, dtype=object))[0]
    tied = code >= 0
    m = int(alike.max()) + 1
    edges = coo_matrix((np.ones(tied.sum()), (alike[tied], m + code[tied])), shape=(m + len(forms), m + len(forms)))
    return pd.factorize(connected_components(edges, directed=False)[1][alike])[0]


def _split(together: NDArray[np.intp], folds: int, seed: int) -> NDArray[np.intp]:
    """The fold of each row; rows that belong together share it."""
    parts, own = np.unique(together, return_inverse=True)
    if len(parts) < folds:
        raise DataError(f"The labelled voices are of {len(parts)} groups, too few for {folds} folds; label voices of more customers, or ask for "
                        "fewer.")
    return (np.random.default_rng(seed).permutation(len(parts)) % folds)[own]


@dataclass(frozen=True)
class _Labelled:
    """Labelled texts: counts of runs of characters (m, p), what the dictionary finds (m, entries), labels (m, k) of the aspects named."""

    counts: Any
    finds: NDArray[np.float32]
    y: Array
    names: tuple[str, ...]

    def part(self, rows: NDArray[Any]) -> _Labelled:
        return _Labelled(self.counts[rows], self.finds[rows], self.y[rows], self.names)

    def learn(self) -> Fitted:
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        for k, name in enumerate(self.names):
            there, gone = int((self.y[:, k] == 1).sum()), int((self.y[:, k] == 0).sum())
            if min(there, gone) < LEAST:
                raise DataError(f"Of the voices to learn from, {there} speak of '{name}' and {gone} do not; there have to be {LEAST} of each in "
                                "every fold's part. Label more, ask for fewer folds, or leave the aspect to the dictionary.")
        blank = Fitted(TfidfTransformer(sublinear_tf=True).fit(self.counts), (), HITS / np.sqrt(len(self.y)))
        table, made = blank.table(self.counts, self.finds), []
        for k in range(len(self.names)):
            known = ~np.isnan(self.y[:, k])
            model = LogisticRegression(C=INVERSE_PENALTY, solver="liblinear", dual=True, max_iter=1000, random_state=0)
            made.append(model.fit(table[known], self.y[known, k].astype(int)))
        return replace(blank, regressions=tuple(made))


def _crossed(labelled: _Labelled, together: NDArray[np.intp], *, folds: int, seed: int, progress: Progress | None) -> tuple[Array, NDArray[np.bool_]]:
    """Probabilities by models that did not see a row, and what they say by thresholds that it had no say in."""
    fold, p = _split(together, folds, seed), np.zeros(labelled.y.shape)
    said = np.zeros(p.shape, dtype=bool)
    for k in range(folds):
        if progress is not None:
            progress(k, folds, "aspects")
        known, test = labelled.part(fold != k), labelled.part(fold == k)
        within, inner = _split(together[fold != k], INNER, seed + 1 + k), np.zeros(known.y.shape)
        for j in range(INNER):
            held = known.part(within == j)
            inner[within == j] = known.part(within != j).learn().chances(held.counts, held.finds)
        p[fold == k] = known.learn().chances(test.counts, test.finds)
        said[fold == k] = p[fold == k] >= _cuts(known.y, inner)
    return p, said


def _cuts(y: Array, p: Array) -> Array:
    """The threshold (k,) with the highest F1 of each aspect; of several alike the one in the middle."""
    made = []
    for k in range(y.shape[1]):
        known = ~np.isnan(y[:, k])
        scores = np.round([f1(y[known, k] == 1, p[known, k] >= cut) for cut in CUTS], 10)
        best = np.flatnonzero(scores == scores.max())
        made.append(CUTS[best[len(best) // 2]])
    return np.array(made)


def _finds(forms: Sequence[str], dictionary: Dictionary | None) -> pd.DataFrame:
    """Which entries the dictionary finds (n, entries); no column without one."""
    import pandas as pd

    if dictionary is None:
        return pd.DataFrame(index=range(len(forms)))
    found = aspects.mentions(forms, dictionary)
    return pd.concat([aspects.presence(found, dictionary, n=len(forms), kind=kind) for kind in aspects.KINDS], axis=1)


def _counters(forms: Sequence[str]) -> dict[str, Any]:
    """What counts runs of characters in each language; to count needs no labels, so it is done once for all folds."""
    from sklearn.feature_extraction.text import CountVectorizer

    made = {}
    for language, (analyzer, lengths) in SIGNS.items():
        if own := [form for form in forms if _language(form) == language]:
            counter = CountVectorizer(analyzer=analyzer, ngram_range=lengths, lowercase=False, max_features=MOST, dtype=np.float32)
            made[language] = counter.fit(_written(own, language))
    return made


def _counts(forms: Sequence[str], counters: dict[str, Any]) -> Any:
    """Counts (n, p) of each language, zeros for texts of the other."""
    from scipy import sparse

    spoken = np.array([_language(form) for form in forms])
    return sparse.hstack([sparse.diags((spoken == language).astype(np.float32)) @ counter.transform(_written(forms, language))
                          for language, counter in counters.items()]).tocsr()


def _language(form: str) -> str:
    return writing.language(form) or writing.LANGUAGES[1]


def _written(forms: Sequence[str], language: str) -> list[str]:
    """Chinese without its blanks, which mean nothing there."""
    return [form.replace(" ", "") for form in forms] if language == "zh" else list(forms)


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")
