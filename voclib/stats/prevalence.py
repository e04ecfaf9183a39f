"""Shares of customers a topic concerns: corrected for who comments (weights) and for the classifier's errors (labels by people).

A row is a comment. `predicted` is what the classifier says of every comment, 0/1 or a probability; `gold` what people say of a random
sample of known chances, NaN elsewhere; `weights` are one over the chance that the customer answered *and* commented. Topics do not
exclude each other, so shares need not sum to one. A mention is no exposure: where operations record who waited, count that instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Estimate
from voclib.stats import inference
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
FEW_SAID = 5  # labels with the rarer answer below which their scatter does not show how often the classifier errs


@dataclass(frozen=True, kw_only=True)
class Powered(Fit):
    """A prediction-powered mean. `power` λ is how far the classifier is relied on: 0 = labels alone; `n_gold` labels were used.

    `said`: the weighted share that these labels show; `n_rarer`: how many of them show the rarer of yes and no."""

    power: float
    n_gold: int
    said: float
    n_rarer: int

    def estimate(self, estimand: str, *, unit: Any = "share", low: float = 0.0, high: float = 1.0, conf_level: float = 0.95,
                 **fields: Any) -> Estimate:
        """The share as pages print it: Agresti and Coull's interval (1998) with the number of plain answers the labels are worth.

        A symmetric interval covers too seldom where a topic is rare. Where labels show none of it, or less than none, the share is 0 and may be as
        large as Clopper and Pearson (1934, Biometrika 26) allow for so many labels; likewise at 1. Where labels show it fewer than `FEW_SAID` times,
        what the classifier finds wrongly is as rare among them, so the end next to 0 (or 1) is at most what labels alone allow. On a scale other than
        0 to 1 the interval is the symmetric one.
        """
        plain = super().estimate(estimand, unit=unit, low=low, high=high, conf_level=conf_level, **fields)
        if (low, high) != (0.0, 1.0):
            return plain
        if not 0 < self.value < 1:
            unseen, end = 1 - ((1 - conf_level) / 2) ** (1 / (self.n_effective or self.n_gold)), float(self.value >= 1)
            return plain.with_(value=end, conf_low=min(plain.conf_low, 1 - unseen) if end else 0.0,
                               conf_high=1.0 if end else max(plain.conf_high, unseen))
        if not self.std_error > 0:
            return plain
        t = inference.quantile(conf_level, self.df)
        _, _, lower, upper = inference.bounded_interval(self.value, self.value, self.value * (1 - self.value) / self.std_error**2, low=0, high=1,
                                                        ends=t**2 / 2, middle=0, quantile=t)
        return self._as_labels_allow(plain.with_(conf_low=float(lower), conf_high=float(upper)), conf_level)

    def _as_labels_allow(self, found: Estimate, level: float) -> Estimate:
        """With the end next to 0 or 1 moved out to Clopper and Pearson's of the labels alone, where few of them show the rarer answer."""
        from scipy import stats

        if self.n_rarer >= FEW_SAID:
            return found
        size = self.n_effective or float(self.n_gold)
        rarer = min(self.said, 1 - self.said) * size
        end = float(stats.beta.ppf((1 - level) / 2, rarer, size - rarer + 1)) if rarer > 0 else 0.0
        return found.with_(conf_low=min(found.conf_low, end)) if self.said <= 0.5 else found.with_(conf_high=max(found.conf_high, 1 - end))


def weighted_mean(values: ArrayLike, *, weights: ArrayLike | None = None, cluster: ArrayLike | None = None, method: str = "linearised") -> Fit:
    """Weighted mean (Hájek) of values (N,) with its influence function."""
    y = np.asarray(values, dtype=float)
    w = _weights(weights, len(y))
    return inference.fit(w @ y / w.sum(), _pull(y, w), n=len(y), cluster=cluster, method=method, n_effective=inference.kish(w))


def _pull(values: Array, weights: Array) -> Array:
    """Influence values of a weighted mean."""
    return weights / weights.mean() * (values - weights @ values / weights.sum())


def ppi_mean(predicted: ArrayLike, gold: ArrayLike, *, gold_probability: ArrayLike, weights: ArrayLike | None = None,
             cluster: ArrayLike | None = None, strata: ArrayLike | None = None, power: bool = True) -> Powered:
    """Prediction-powered mean: λ·mean(predicted) + mean over the labelled of (gold − λ·predicted), all weighted (Hájek).

    Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023, Science 382; λ as in PPI++ (Angelopoulos, Duchi & Zrnic 2023,
    arXiv 2311.01453), carried to labels drawn with known chances `gold_probability` (N,), or one for all; read where labelled only.
    λ is the slope of the weighted labels on the weighted predictions, so that a perfect classifier gives 1 exactly, and falls back to
    0, labels alone, where relying on the classifier would widen the interval. `power=False` sets λ = 1.
    `strata` (N,): labels were drawn in strata; chances then become the achieved shares and only scatter within strata counts.

    Raises
    ------
    DataError
        for missing predictions, fewer than two labels, chances outside (0, 1], a stratum with comments but fewer than two labels.
    """
    f, y = _column(predicted, "predicted"), np.asarray(gold, dtype=float)
    w = _weights(weights, len(f))
    drawn = _drawn(f, y, gold_probability, strata)
    h = np.where(drawn > 0, w / np.where(drawn > 0, drawn, 1), 0.0)
    parts = [np.where(h > 0, part, 0.0) for part in (y, f)]
    means = [float(h @ part / h.sum()) for part in parts]
    codes = None if strata is None else inference.encode(strata)[0]
    labels, seen = (_sampled(part - mean, w, h, drawn, codes) for part, mean in zip(parts, means, strict=True))
    whole = _pull(f, w)
    slope = _slope(*((part - mean)[h > 0] for part, mean in zip(parts, means, strict=True)), w[h > 0], drawn[h > 0],
                   None if codes is None else codes[h > 0]) if power else 1.0
    n_gold, size, yes = int((h > 0).sum()), inference.kish(h[h > 0]), int((parts[0] > 0.5).sum())

    def at(strength: float) -> Powered:
        value = strength * (w @ f / w.sum()) + means[0] - strength * means[1]
        found = inference.fit(value, labels + strength * (whole - seen), n=len(f), cluster=cluster)
        return Powered(value=float(value), std_error=found.std_error, n=len(f), df=max(min(found.df, size - 1), 1.0), n_effective=size,
                       n_clusters=found.n_clusters, influence=found.influence, power=float(strength), n_gold=n_gold, said=means[0],
                       n_rarer=min(yes, n_gold - yes),
                       method=f"prediction-powered, λ = {strength:.2f}, {n_gold} labels" if strength else f"labels alone, {n_gold}")

    chosen, alone = at(slope), at(0.0)
    return chosen if not power or chosen.std_error <= alone.std_error else alone


def _drawn(f: Array, y: Array, gold_probability: ArrayLike, strata: ArrayLike | None) -> Array:
    """Each labelled comment's chance of having been labelled, 0 where there is no label."""
    if y.shape != f.shape:
        raise DataError(f"There are {len(y)} labels (NaN where there is none) for {len(f)} comments.")
    there = ~np.isnan(y)
    if there.sum() < 2:
        raise DataError(f"{int(there.sum())} comments are labelled; a correction for the classifier's errors needs at least two.")
    chance = np.broadcast_to(np.asarray(gold_probability, dtype=float), f.shape)
    if not ((chance[there] > 0) & (chance[there] <= 1)).all():
        raise DataError("Every labelled comment needs its chance of being labelled, above 0 and at most 1.")
    if strata is not None:
        codes, groups = inference.encode(strata)
        size, labelled = np.bincount(codes, minlength=groups), np.bincount(codes, there, groups)
        if ((labelled < 2) & (labelled < size)).any():
            raise DataError(f"{int((labelled < 2).sum())} of {groups} strata hold fewer than two labels: merge strata.")
        chance = (labelled / size)[codes]
    return np.where(there, chance, 0.0)


def _sampled(residual: Array, w: Array, h: Array, drawn: Array, codes: NDArray[np.intp] | None) -> Array:
    """Influence values of a mean over labelled comments; within strata, a stratum's own mean is no scatter of the draw."""
    pull = np.where(h > 0, residual, 0.0) * h / h.mean()
    if codes is None:
        return pull
    z = np.where(h > 0, residual, 0.0) * w / h.mean()
    count = np.bincount(codes, h > 0)
    middle = (np.bincount(codes, z) / np.maximum(count, 1))[codes]
    share = np.where(h > 0, 1 / np.where(drawn > 0, drawn, 1), 0.0)
    return pull - share * middle + middle


def _slope(y: Array, f: Array, w: Array, drawn: Array, codes: NDArray[np.intp] | None) -> float:
    """λ that minimises what the draw of labels adds to the variance: labels on predictions, both weighted, within strata."""
    y, f = w * y, w * f
    if codes is not None:
        size = np.maximum(np.bincount(codes), 1)
        y, f = (v - (np.bincount(codes, v) / size)[codes] for v in (y, f))
    worth = (1 / drawn - 1) / drawn
    below, whole = worth @ f**2, (1 / drawn**2) @ f**2
    return float(worth @ (y * f) / below) if below > 1e-12 * whole else float(whole > 0)


@dataclass(frozen=True, kw_only=True)
class Coded:
    """Comments as arrays: `predicted` and `gold` (N, K; columns are topics, the index response ids), `gold_probability` (N,).

    `agreement`: topic, units (labelled twice or more), alpha (Krippendorff), kappa (Cohen; exactly two labellers); last row all topics.
    """

    predicted: pd.DataFrame
    gold: pd.DataFrame
    gold_probability: Array
    agreement: pd.DataFrame


def coded(response_ids: ArrayLike, mentions: pd.DataFrame, labels: pd.DataFrame, *, topics: Sequence[str] = (),
          use: Literal["flag", "probability"] = "flag", combine: Literal["mean", "majority"] = "mean") -> Coded:
    """The standard tables `topic_mentions` and `gold_labels` as arrays over the given comments (N,); rows of others are left out.

    A topic that is not listed for a comment was not found (0). `use`: a found topic counts 1, or its probability. Several labellers
    of one comment: the `mean` of what they say, or the `majority` (a tie stays one half). Topics are those labelled, unless given.
    """
    ids = pd.Index(np.asarray(response_ids), name="response_id")
    if not ids.is_unique:
        raise DataError(f"{int(ids.duplicated().sum())} response ids repeat; one row a comment is needed.")
    seen, said = (table[table["response_id"].isin(ids)] for table in (mentions, labels))
    names = list(topics) or sorted(set(said["topic"]))
    mark = seen["probability"] if use == "probability" else pd.Series(1.0, seen.index)
    votes = said.assign(is_present=said["is_present"].astype(float))
    gold = votes.groupby(["response_id", "topic"])["is_present"].mean().unstack("topic").reindex(index=ids, columns=names)
    predicted = seen.assign(mark=mark).groupby(["response_id", "topic"])["mark"].max().unstack("topic").reindex(index=ids, columns=names).fillna(0.0)
    if combine == "majority":
        gold = gold.where(gold.isna() | (gold == 0.5), (gold > 0.5).astype(float))
    chance = said.groupby("response_id")["sampling_probability"].agg(["min", "max"])
    if (uneven := chance["max"] > chance["min"] * (1 + 1e-9)).any():
        raise DataError(f"{int(uneven.sum())} comments carry two different chances of being labelled, such as '{chance.index[uneven][0]}'.")
    return Coded(predicted=predicted, gold=gold, gold_probability=chance["max"].reindex(ids).to_numpy(), agreement=_agreement(votes, names))


def _agreement(votes: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    rows = []
    for name, part in [*((name, votes[votes["topic"] == name]) for name in names), ("", votes[votes["topic"].isin(names)])]:
        wide = part.pivot(index=["response_id", "topic"], columns="labeller_id", values="is_present")
        twice = wide[wide.notna().sum(axis=1) >= 2]
        pair = twice.to_numpy() if twice.shape[1] == 2 else np.empty((0, 2))
        rows.append((name, len(twice), krippendorff_alpha(twice), cohen_kappa(pair[:, 0], pair[:, 1])))
    return pd.DataFrame(rows, columns=["topic", "units", "alpha", "kappa"])


def krippendorff_alpha(ratings: ArrayLike) -> float:
    """Agreement of labels beyond chance, nominal; `ratings` (units, labellers), NaN where a labeller is silent. 1 = full, 0 = chance.

    Krippendorff 2011, *Computing Krippendorff's alpha-reliability*. NaN where nothing is labelled twice or all labels are alike.
    """
    table = np.asarray(ratings, dtype=float)
    values = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == values).sum(axis=1).astype(float)
    counts = counts[counts.sum(axis=1) >= 2]
    size, total = counts.sum(axis=1), counts.sum()
    apart = total**2 - (counts.sum(axis=0) ** 2).sum()
    if not apart > 0:
        return np.nan
    return float(1 - (total - 1) * ((size**2 - (counts**2).sum(axis=1)) / (size - 1)).sum() / apart)


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Agreement of two labellers of the same units beyond chance (Cohen 1960); NaN where nobody labelled or chance alone explains all."""
    a, b = np.asarray(first), np.asarray(second)
    if not len(a):
        return np.nan
    chance = sum(float((a == v).mean() * (b == v).mean()) for v in np.union1d(a, b))
    return float(((a == b).mean() - chance) / (1 - chance)) if chance < 1 else np.nan


@dataclass(frozen=True, kw_only=True)
class Share:
    """One topic, from naive to corrected; `naive` and `weighted` count predictions, `labels` are people's labels alone.

    `sensitivity` and `specificity` are the classifier's at its threshold of one half, among comments, by the labels; NaN without any.
    """

    topic: str
    naive: Fit
    weighted: Fit
    labels: Powered
    corrected: Powered
    sensitivity: float
    specificity: float
    n_positive: int
    n_wrong: int


def shares(predicted: pd.DataFrame, gold: pd.DataFrame, *, gold_probability: ArrayLike, weights: ArrayLike | None = None,
           cluster: ArrayLike | None = None, strata: ArrayLike | None = None, power: bool = True) -> tuple[Share, ...]:
    """Every topic at once: `predicted` and `gold` hold one column a topic and one row a comment; options as in `ppi_mean`.

    Raises
    ------
    DataError
        as `ppi_mean`, and for topics of `predicted` that nobody labelled.
    """
    if lost := [str(name) for name in predicted.columns if name not in gold.columns]:
        raise DataError(f"Nobody labelled the topic '{lost[0]}'; {nearest(lost[0], gold.columns)}")
    options: dict[str, Any] = {"gold_probability": gold_probability, "weights": weights, "cluster": cluster, "strata": strata}
    made = []
    for name in predicted.columns:
        f, y = _column(predicted[name], str(name)), gold[name].to_numpy(dtype=float, na_value=np.nan)
        drawn = _drawn(f, y, gold_probability, strata)
        h = np.where(drawn > 0, 1 / np.where(drawn > 0, drawn, 1), 0.0)
        yes, found = np.nan_to_num(y), (f >= 0.5).astype(float)
        hit, clear = h @ yes, h @ (1 - yes)
        made.append(Share(topic=str(name), naive=weighted_mean(f, cluster=cluster, method="comments as classified"),
                          weighted=weighted_mean(f, weights=weights, cluster=cluster), corrected=ppi_mean(f, y, power=power, **options),
                          labels=ppi_mean(np.zeros(len(f)), y, **options), n_positive=int((yes > 0.5).sum()),
                          n_wrong=int(((yes > 0.5) != (found > 0.5))[h > 0].sum()),
                          sensitivity=float(h @ (yes * found) / hit) if hit > 0 else np.nan,
                          specificity=float(h @ ((1 - yes) * (1 - found)) / clear) if clear > 0 else np.nan))
    return tuple(made)


def change(first: Fit, second: Fit, *, units: tuple[ArrayLike, ArrayLike] | None = None) -> Fit:
    """`second` minus `first`, two months say, from their influence functions.

    `units`: identifiers (customers, dealers) of the rows of each; who stands in both is compared with himself. Without them, all rows
    are independent. The classifier must be the same in both: freeze it before comparing.
    """
    parts = [_influence(one) for one in (first, second)]
    total = sum(map(len, parts))
    pull = np.concatenate([-parts[0] * (total / len(parts[0])), parts[1] * (total / len(parts[1]))])
    cluster = None
    if units is not None:
        cluster = np.concatenate([np.asarray(ids) for ids in units])
        if len(cluster) != total:
            raise DataError(f"There are {len(cluster)} identifiers for {total} rows of both months.")
    found = inference.fit(second.value - first.value, pull, n=first.n + second.n, cluster=cluster, method="difference of influence functions")
    return replace(found, df=min(found.df, first.df, second.df))


@dataclass(frozen=True, kw_only=True)
class Rank:
    """Where a topic stands: `rank` by value (1 = largest share), `best` and `worst` are the ends of its confidence set.

    All sets hold together with the confidence level, and so do the intervals `conf_low` to `conf_high`.
    """

    name: str
    value: float
    rank: int
    best: int
    worst: int
    conf_low: float
    conf_high: float
    method: str


def rank_intervals(fits: Sequence[Fit], *, names: Sequence[str] = (), cluster: ArrayLike | None = None, conf_level: float = 0.95,
                   method: Literal["sup-t", "bonferroni"] = "sup-t", draws: int = 4000, seed: int = 0) -> tuple[Rank, ...]:
    """Simultaneous intervals and confidence sets of ranks for means on the same rows, in the order given.

    A mean's rank is at best 1 + the number of means above it beyond doubt, at worst K − those below it beyond doubt, where doubt is a
    simultaneous interval for all pairwise differences (Mogstad, Romano, Shaikh & Wilhelm 2024, REStud 91). "sup-t" takes the critical
    value from `draws` of the largest of the correlated ratios, "bonferroni" from the number of them. Ties hold the same sets.

    Raises
    ------
    ParameterError
        for an unknown method; DataError for fits on different rows.
    """
    if method not in ("sup-t", "bonferroni"):
        raise ParameterError(f"method is 'sup-t' or 'bonferroni', not {method!r}.")
    values, covariance = np.array([one.value for one in fits]), _covariance(fits, cluster)
    k, df = len(fits), min(one.df for one in fits)
    first, second = np.triu_indices(k, 1)
    own = np.sqrt(np.diag(covariance))
    apart = np.sqrt(np.maximum(covariance[first, first] + covariance[second, second] - 2 * covariance[first, second], 0))
    if method == "bonferroni":
        critical = [inference.quantile(1 - (1 - conf_level) / max(count, 1), df) for count in (k, len(first))]
    else:
        critical = _largest(covariance, own, apart, df, conf_level, draws, seed)
    gaps = values[second] - values[first]
    sure = np.abs(gaps) > critical[1] * apart * (1 + 1e-9) + 1e-12
    above, below = np.zeros(k, dtype=int), np.zeros(k, dtype=int)
    np.add.at(above, np.where(gaps > 0, first, second)[sure], 1)
    np.add.at(below, np.where(gaps > 0, second, first)[sure], 1)
    label = f"{method}, {k} at once"
    return tuple(Rank(name=names[i] if names else str(i), value=float(values[i]), rank=int((values > values[i]).sum()) + 1, best=int(above[i]) + 1,
                      worst=int(k - below[i]), conf_low=float(values[i] - critical[0] * own[i]), method=label,
                      conf_high=float(values[i] + critical[0] * own[i])) for i in range(k))


def _covariance(fits: Sequence[Fit], cluster: ArrayLike | None) -> Array:
    """Covariance (K, K) of means on the same rows, with their own standard errors on its diagonal."""
    pulls = [_influence(one) for one in fits]
    if len({len(pull) for pull in pulls}) != 1:
        raise DataError("Ranks compare means on the same rows; these stand on different numbers of rows. Use `change` for two months.")
    u = np.column_stack(pulls)
    if cluster is not None:
        codes, groups = inference.encode(cluster)
        u = np.column_stack([np.bincount(codes, pull, groups) for pull in pulls])
    cross = u.T @ u
    size = np.sqrt(np.diag(cross))
    scale = np.array([one.std_error for one in fits]) / np.where(size > 0, size, 1)
    return cross * np.outer(scale, scale)


def _largest(covariance: Array, own: Array, apart: Array, df: float, conf_level: float, draws: int, seed: int) -> list[float]:
    """Critical values of the largest |ratio| over the means, and over their differences."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(covariance)
    z = rng.normal(size=(draws, len(own))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    if np.isfinite(df):
        z = z / np.sqrt(rng.chisquare(df, draws) / df)[:, None]
    first, second = np.triu_indices(len(own), 1)
    ratios = (np.abs(z) / np.where(own > 0, own, np.inf), np.abs(z[:, second] - z[:, first]) / np.where(apart > 0, apart, np.inf))
    return [float(np.quantile(part.max(axis=1, initial=0.0), conf_level)) for part in ratios]


def _influence(one: Fit) -> Array:
    if one.influence is None:
        raise DataError("This mean carries no influence function; use the fit that its estimator returned.")
    return one.influence


def _column(values: ArrayLike, name: str) -> Array:
    f = pd.Series(values).to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(f).all():
        raise DataError(f"'{name}' lacks a prediction for {int((~np.isfinite(f)).sum())} of {len(f)} comments; where nothing was found, that is 0.")
    return f


def _weights(weights: ArrayLike | None, n: int) -> Array:
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if len(w) != n or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise DataError(f"Weights are finite, not negative, not all zero, and {n} in number.")
    return w
