"""Sentiment of each voice, learned from the team's own scores and calibrated against them, with a lexicon where there are too few.

A text is its runs of one and two words and of characters (Chinese 1–2, others 3–4), weighted by TF-IDF. A linear support vector machine (one class
against the rest) decides; its decision values and the lexicon's score go through one multinomial logistic regression (`voclib.text.calibration`),
which makes chances of them. A score is a noisy label of a text: somebody gives a 6 and writes a kind word. Chances are therefore those of the *score*
that would stand beside the text, and accuracy is agreement with scores, which no reader of texts could bring to 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.progress import Progress
from voclib.results import Text
from voclib.text import calibration, lexicon, runs, terms, writing

if TYPE_CHECKING:
    import pandas as pd

Objects = NDArray[Any]
CLASSES = ("negative", "neutral", "positive")
FEWEST, FEWEST_OF_CLASS = 200, 20  # scored voices of a language, and of a class in it, below which the lexicon reads better than a model
MARGIN = 0.2  # weight of errors against the size of slopes (C of the support vector machine); 0.1 to 0.5 do alike on the reference files
SHOWN, KEPT = 10, 40  # distinct texts that have to hold a telling word before a page may show it; telling words kept a class
NEAR = 0.01  # where the solver stops: a hundredth of it takes twice as long and moves no accuracy of the reference files by 0.001
DECIMALS = 4


@dataclass(frozen=True)
class Reading:
    """Sentiment of n texts: `probabilities` (n, 3) of `CLASSES`, to 4 decimals, NaN where a text says nothing in letters or by a known emoji;
    `label` (n,) the likeliest of CLASSES, None there; `source` (n,): "learned", "lexicon" or, there, "none"."""

    probabilities: NDArray[np.float64]
    label: Objects
    source: Objects

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Machine:
    """One fitted classifier: the `classes` (k,) that occurred, as places in CLASSES, `slopes` (k, v), `intercepts` (k,), and what makes chances."""

    classes: NDArray[np.intp]
    slopes: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    calibrator: calibration.Calibrator

    def probabilities(self, table: Any, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chances (n, 3) of rows of the encoder's table and the lexicon's scores (n,); 0 for a class that never occurred."""
        made = np.zeros((table.shape[0], len(CLASSES)))
        made[:, self.classes] = self.calibrator.probabilities(_stacked(table @ self.slopes.T + self.intercepts, scores))
        return made


@dataclass(frozen=True, kw_only=True)
class Part:
    """One language that was learned: `encoder`, `machine`, and the telling words of each class."""

    encoder: runs.Encoder
    machine: Machine
    telling: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class SentimentModel:
    """A model a language. `cross_fitted` reads the texts of the fit, scored ones by models that saw neither them nor their group, `languages` says
    for each language "learned" or "lexicon", `reasons` why a language was left to the lexicon. It holds telling words, but no text."""

    cross_fitted: Reading
    languages: dict[str, str]
    reasons: dict[str, Text]
    parts: dict[str, Part]
    truth: Objects
    spoken: Objects
    groups: Objects | None
    by_lexicon: Objects

    def read(self, texts: Sequence[str | None], languages: Sequence[str] | None = None) -> Reading:
        """Sentiment of new texts, by the model of their language, by the lexicon where it has none; a text reads alike in any company."""
        return read(texts, model=self, languages=languages)

    def quality(self, *, by: ArrayLike | None = None, conf_level: float = 0.95) -> pd.DataFrame:
        """How well scored rows are read by models that did not see them, a row a language, or a value of `by` (n,).

        Columns: language (or the name of `by`), n, accuracy with conf_low and conf_high (Wilson, clustered by the fit's groups), macro_f1,
        calibration_error (of the likeliest class, 10 bins of equal numbers), classwise_error (mean over classes), and two naive readers on the same
        rows: majority_accuracy (everything the commonest class) and lexicon_accuracy. Rows that the lexicon had to read count too. Chances hold over
        a language as a whole: a channel whose scores run higher at the same words shows as a large calibration_error `by` channel.

        Raises
        ------
        DataError
            where `by` has not a value a row of the fit.
        """
        import pandas as pd

        kinds = pd.Series(self.spoken if by is None else np.asarray(by, dtype=object))
        if len(kinds) != len(self.truth):
            raise DataError(f"by has {len(kinds)} values, the model was fitted on {len(self.truth)} texts; give one per text.")
        scored = pd.Series(_there(self.truth) & _there(self.cross_fitted.label)) & kinds.notna()
        name = "language" if by is None else str(getattr(by, "name", None) or "by")
        rows = [{name: kind, **self._judged(np.asarray(rows.index), conf_level)} for kind, rows in kinds[scored].groupby(kinds[scored], sort=True)]
        return pd.DataFrame(rows, columns=[name, "n", "accuracy", "conf_low", "conf_high", "macro_f1", "calibration_error", "classwise_error",
                                           "majority_accuracy", "lexicon_accuracy"])

    def _judged(self, rows: NDArray[np.intp], conf_level: float) -> dict[str, float]:
        from sklearn.metrics import f1_score

        truth, said, chances = self.truth[rows], self.cross_fitted.label[rows], self.cross_fitted.probabilities[rows]
        owners = None if self.groups is None else self.groups[rows]
        share, low, high = calibration.share_interval(said == truth, cluster=owners, conf_level=conf_level)
        classwise = [calibration.error(chances[:, k], truth == name) for k, name in enumerate(CLASSES)]
        f1 = f1_score(truth.astype(str), said.astype(str), average="macro", labels=sorted(set(truth)), zero_division=0)
        made = {"accuracy": share, "conf_low": low, "conf_high": high, "macro_f1": f1,
                "calibration_error": calibration.error(chances.max(axis=1), said == truth), "classwise_error": float(np.mean(classwise)),
                "majority_accuracy": max(float((truth == name).mean()) for name in CLASSES),
                "lexicon_accuracy": float((self.by_lexicon[rows] == truth).mean())}
        return {"n": len(rows)} | {key: round(float(value), DECIMALS) for key, value in made.items()}

    def words(self, language: str, n: int = 12) -> dict[str, tuple[str, ...]]:
        """For each class the `n` words or pairs of words that speak most for it, the strongest first; only such as 10 distinct texts hold.

        Strength is how much more a run pulls the decision in texts of the class than in others; of runs that contain each other the strongest stays.

        Raises
        ------
        ParameterError
            for a language that was not learned.
        """
        if language not in self.parts:
            raise ParameterError(f"No model of the language '{language}' was learned; {nearest(language, self.parts)}")
        return {name: words[:n] for name, words in self.parts[language].telling.items()}


def fit(texts: Sequence[str | None], labels: ArrayLike, *, languages: Sequence[str | None] | None = None, groups: ArrayLike | None = None,
        folds: int = 5, seed: int = 0, progress: Progress | None = None) -> SentimentModel:
    """Learn each language's sentiment from labels (n,), one of `CLASSES` or missing, and read every row without having seen it.

    `languages` (n,) tells a text's language where it is known; else `writing.language` does. `groups` (n,), customers say: rows of one group, or of
    one normal form, never stand on both sides of a fold, so that nobody's style is learned from himself. Classes without a label have no chance.

    Chances are cross-fitted twice: the machine of a fold learns on the other folds, and its decision values become chances by a calibrator learned on
    the other folds' decision values, every one of them out of fold. The calibrator of the whole model learns on all of them. What the other folds'
    machines saw of a fold's labels reaches its calibrator through a dozen numbers only; benchmarks/text_sentiment.py measures on texts kept out
    of all of it that nothing is left. Rows without a label are read by the whole model.

    Raises
    ------
    DataError
        where labels, languages or groups are not one a text.
    ParameterError
        for a label that is no class, or fewer than two folds.
    """
    given = _labels(labels, len(texts))
    if folds < 2:
        raise ParameterError(f"folds={folds}; cross-fitting needs at least 2, 5 are usual.")
    owners = None if groups is None else _groups(groups)
    if owners is not None and len(owners) != len(texts):
        raise DataError(f"There are {len(owners)} groups for {len(texts)} texts; give one per text.")
    voices = _voices(texts, languages)
    naive = voices.by_lexicon()
    chances, source, reasons, parts = naive.probabilities.copy(), naive.source.copy(), {}, {}
    names = voices.languages()
    for done, name in enumerate(names):
        rows = voices.rows(name)
        scored = rows[given[rows] >= 0]
        side = _folds([voices.forms[k] for k in voices.at[scored]], None if owners is None else owners[scored], folds, seed)
        if reason := _too_few(given[scored], side, folds):
            reasons[name] = reason
            continue
        parts[name], chances[rows] = _learned(voices, name, given, side=side, folds=folds, seed=seed, progress=_within(progress, done, len(names)))
        source[rows] = "learned"
    return SentimentModel(
        cross_fitted=_reading(chances, source), parts=parts, reasons=reasons, spoken=voices.spoken, groups=owners, by_lexicon=naive.label,
        languages={name: "learned" if name in parts else "lexicon" for name in names},
        truth=np.array([None if code < 0 else CLASSES[code] for code in given], dtype=object))


def read(texts: Sequence[str | None], *, model: SentimentModel | None = None, languages: Sequence[str | None] | None = None) -> Reading:
    """Sentiment of texts by a model, by the lexicon alone without one."""
    voices = _voices(texts, languages)
    found = voices.by_lexicon()
    chances, source = found.probabilities.copy(), found.source.copy()
    for name, part in ({} if model is None else model.parts).items():
        rows = voices.rows(name)
        if rows.size:
            own, back = np.unique(voices.at[rows], return_inverse=True)
            chances[rows] = part.machine.probabilities(part.encoder.table([voices.forms[k] for k in own]), voices.scores[own])[back]
            source[rows] = "learned"
    return _reading(chances, source)


@dataclass(frozen=True)
class _Voices:
    """Texts as they are read: the language `spoken` (n,), which of the distinct `forms` (m) each is, `at` (n,), the lexicon's `scores` (m,) of forms,
    and whether a form `speaks` at all, and in letters that are read (m,)."""

    spoken: Objects
    at: NDArray[np.intp]
    forms: list[str]
    scores: NDArray[np.float64]
    speaks: NDArray[np.bool_]
    in_letters: NDArray[np.bool_]

    def rows(self, language: str) -> NDArray[np.intp]:
        """The rows of one language that say something in letters."""
        return np.flatnonzero((self.spoken == language) & self.in_letters[self.at])

    def languages(self) -> list[str]:
        """The languages in which something is said."""
        return sorted(set(self.spoken[self.in_letters[self.at]]))

    def by_lexicon(self) -> Reading:
        """What the lexicon reads."""
        chances = np.where(self.speaks[:, None], lexicon.chances(self.scores), np.nan)[self.at]
        return _reading(chances, np.where(self.speaks, "lexicon", "none").astype(object)[self.at])


def _voices(texts: Sequence[str | None], languages: Sequence[str | None] | None) -> _Voices:
    plain = [writing.normal(text) for text in texts]
    told = [None] * len(plain) if languages is None else list(languages)
    if len(told) != len(plain):
        raise DataError(f"There are {len(told)} languages for {len(plain)} texts; give one per text.")
    spoken = np.array([one if isinstance(one, str) and one else writing.language(form) for one, form in zip(told, plain, strict=True)], dtype=object)
    forms, book = sorted(set(plain), key=writing.identity), lexicon.load()
    place = {form: k for k, form in enumerate(forms)}
    speaks, is_read = (np.array([bool(rule(form)) for form in forms], dtype=bool) for rule in (book.speaks, writing.language))
    return _Voices(spoken, np.array([place[form] for form in plain], dtype=np.intp), forms, book.scores(forms), speaks, is_read)


def _reading(chances: NDArray[np.float64], source: Objects) -> Reading:
    """Rounded, so that bytes repeat; the label is the likeliest of the rounded chances, of equal ones the more negative."""
    chances = np.round(chances, DECIMALS)
    label = np.full(len(chances), None, dtype=object)
    told = ~np.isnan(chances).any(axis=1)
    label[told] = np.array(CLASSES, dtype=object)[chances[told].argmax(axis=1)]
    return Reading(chances, label, source)


def _learned(voices: _Voices, language: str, given: NDArray[np.intp], *, side: NDArray[np.intp], folds: int, seed: int, progress: Progress
             ) -> tuple[Part, NDArray[np.float64]]:
    """One language's model, and the chances (m, 3) of its rows, cross-fitted where scored; `side` (of the scored rows) is the fold."""
    rows = voices.rows(language)
    own, back = np.unique(voices.at[rows], return_inverse=True)  # in the order of identities
    encoder, table = runs.encoder([voices.forms[k] for k in own], language=language)
    scored, lex = given[rows] >= 0, voices.scores[own]
    at, y = back[scored], given[rows][scored]
    present = np.unique(y)
    decided, inner = np.zeros((len(y), len(present))), np.zeros((len(y), len(CLASSES)))
    for fold in range(folds):
        progress(fold, folds + 1, language)
        slopes, intercepts = _machine(table, at[side != fold], y[side != fold], seed)
        decided[side == fold] = table[at[side == fold]] @ slopes.T + intercepts
    progress(folds, folds + 1, language)
    stacked, codes = _stacked(decided, lex[at]), np.searchsorted(present, y)
    for fold in range(folds):
        inner[np.ix_(side == fold, present)] = _calibrator(stacked, codes, at, side != fold).probabilities(stacked[side == fold])
    machine = Machine(present, *_machine(table, at, y, seed), _calibrator(stacked, codes, at, side >= 0))
    chances = machine.probabilities(table, lex)[back]
    chances[scored] = inner
    progress(folds + 1, folds + 1, language)
    return Part(encoder=encoder, machine=machine, telling=_telling(encoder, table, at, y, machine)), chances


def _machine(table: Any, at: NDArray[np.intp], y: NDArray[np.intp], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes (k, v) and intercepts (k,), a class that occurs against the rest: squared hinge, dual coordinate descent (Hsieh et al. 2008, ICML).

    A text with the same label many times is one row with that weight, in the order of identities: the order of voices decides nothing.
    """
    from sklearn.svm import LinearSVC

    pairs, weights = np.unique(at * len(CLASSES) + y, return_counts=True)
    learned = LinearSVC(C=MARGIN, tol=NEAR, random_state=seed).fit(table[pairs // len(CLASSES)], pairs % len(CLASSES), sample_weight=weights)
    slopes, intercepts = learned.coef_, learned.intercept_
    return (slopes, intercepts) if len(slopes) > 1 else (np.vstack([-slopes, slopes]), np.array([-intercepts[0], intercepts[0]]))


def _calibrator(stacked: NDArray[np.float64], codes: NDArray[np.intp], at: NDArray[np.intp], taken: NDArray[np.bool_]) -> calibration.Calibrator:
    order = np.lexsort((codes[taken], at[taken]))  # sums are formed in one order whatever that of the rows
    return calibration.fit(stacked[taken][order], codes[taken][order])


def _stacked(decided: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the calibrator sees: decision values, the lexicon's score, and whether it had none."""
    return np.column_stack([decided, np.nan_to_num(scores), np.isnan(scores)])


def _telling(encoder: runs.Encoder, table: Any, at: NDArray[np.intp], y: NDArray[np.intp], machine: Machine) -> dict[str, tuple[str, ...]]:
    """Telling runs of words of each class: of letters alone, with a word that is no function word, and in enough distinct texts."""
    width, joint, made = len(encoder.words.keys), "" if encoder.language == "zh" else " ", {name: () for name in CLASSES}
    wide = np.flatnonzero(encoder.words.held >= SHOWN)
    for k, code in enumerate(machine.classes):
        inside, outside = (np.asarray(table[at[rows], :width].mean(axis=0)).ravel() for rows in (y == code, y != code))
        pull = (inside - outside) * np.maximum(machine.slopes[k, :width], 0)
        chosen: list[str] = []
        for column in wide[np.argsort(-np.round(pull[wide], 9), kind="stable")]:
            if pull[column] <= 0 or len(chosen) == KEPT:
                break
            word = joint.join(encoder.words.run(column))
            plain = word.replace(" ", "").isalpha() and terms.words(word, language=encoder.language)
            if plain and not any(word in other or other in word for other in chosen):
                chosen.append(word)
        made[CLASSES[code]] = tuple(chosen)
    return made


def _labels(labels: ArrayLike, n: int) -> NDArray[np.intp]:
    """Places in CLASSES (n,), −1 where missing."""
    import pandas as pd

    given = pd.Series(np.asarray(labels, dtype=object))
    if len(given) != n:
        raise DataError(f"There are {len(given)} labels for {n} texts; give one a text, None where there is none.")
    made = given.map(lambda label: CLASSES.index(label) if isinstance(label, str) and label in CLASSES else -1).to_numpy(dtype=np.intp)
    if len(odd := given[(made < 0) & given.notna()]):
        raise ParameterError(f"{str(odd.iloc[0])[:20]!r} is not a label of sentiment; {nearest(str(odd.iloc[0])[:20], CLASSES)}")
    return made


def _groups(groups: ArrayLike) -> Objects:
    """Codes of groups (n,); a row without one is a group of its own."""
    import pandas as pd

    codes, known = pd.factorize(np.asarray(groups, dtype=object), use_na_sentinel=True)
    return np.where(codes < 0, len(known) + np.arange(len(codes)), codes)


def _folds(forms: list[str], owners: Objects | None, folds: int, seed: int) -> NDArray[np.intp]:
    """A fold (m,) a row: rows tied by a group or a normal form together, the largest such block first into the emptiest fold."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    if not forms:
        return np.empty(0, dtype=np.intp)
    texts = np.unique(forms, return_inverse=True)[1]
    block = texts
    if owners is not None:
        tied = np.unique(owners, return_inverse=True)[1] + texts.max() + 1
        ties = sparse.coo_matrix((np.ones(len(texts)), (texts, tied)), shape=(tied.max() + 1,) * 2)
        block = connected_components(ties, directed=False)[1][texts]
    sizes, least = np.bincount(block), {}
    for form, own in zip(forms, block.tolist(), strict=True):
        drawn = hashlib.sha256(f"{seed}|{writing.identity(form)}".encode()).hexdigest()
        least[own] = min(drawn, least.get(own, drawn))
    side, filled = np.zeros(len(sizes), dtype=np.intp), np.zeros(folds)
    for own in sorted(least, key=lambda own: (-sizes[own], least[own])):
        side[own] = int(filled.argmin())
        filled[side[own]] += sizes[own]
    return side[block]


def _too_few(classes: NDArray[np.intp], side: NDArray[np.intp], folds: int) -> Text | None:
    """Why a language cannot be learned, None where it can."""
    counts = np.bincount(classes, minlength=len(CLASSES))
    occurring = counts[counts > 0]
    if len(classes) < FEWEST:
        return Text(f"有评分的声音只有 {len(classes)} 条，少于 {FEWEST} 条", f"{len(classes)} voices carry a score, fewer than {FEWEST}")
    if len(occurring) < 2 or occurring.min() < FEWEST_OF_CLASS:
        said = ", ".join(f"{name} {count}" for name, count in zip(CLASSES, counts, strict=True))
        return Text(f"有的情感类别少于 {FEWEST_OF_CLASS} 条（{said}）", f"a class has fewer than {FEWEST_OF_CLASS} voices ({said})")
    if any(len(np.unique(classes[side != fold])) < len(occurring) or not (side == fold).any() for fold in range(folds)):
        return Text("同一客户或同一文本的声音太集中，分不出几份", "voices of one customer or of one wording are too many to be parted into folds")
    return None


def _within(progress: Progress | None, done: int, parts: int) -> Progress:
    """The progress of one language as that of all."""
    if progress is None:
        return lambda at, total, what: None
    return lambda at, total, what: progress(done * total + at, parts * total, what)


def _there(values: Objects) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values], dtype=bool)
