"""Scores as statistics: NPS, CSAT, CES, shares, means and response rates, by group and as differences, each with its interval.

A score is a recode of a column plus a bounded scale; everything else is one path: read → code → gates → variance → interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Estimate, Unit, Verdict, refusal
from voclib.stats import gates as gating
from voclib.stats import inference
from voclib.stats.gates import Gates
from voclib.stats.inference import columns, unnamed

Scored = str | Callable[..., Estimate]  # a function of this module, or its name
MISSING = "未注明 / not stated"
SCALES = {"nps_score": (0, 10), "rating_score": (0, 10), "csat_score": (1, 5), "ces_score": (1, 7), "star_rating": (1, 5)}
ASSUMPTIONS = gating.ASSUMPTIONS


@dataclass(frozen=True)
class _Metric:
    """A recode of a column: `kind` says how raw answers become numbers on [low, high]; `factor` takes those to the printed unit."""

    name: str
    column: str
    kind: Literal["nps", "top", "mean", "flag"]
    unit: Unit
    scale: tuple[float, float]
    whole: bool = True

    @property
    def factor(self) -> float:
        return 100.0 if self.kind == "nps" else 1.0

    @property
    def coded_scale(self) -> tuple[float, float]:
        return {"nps": (-1.0, 1.0), "top": (0.0, 1.0), "flag": (0.0, 1.0), "mean": self.scale}[self.kind]

    def code(self, raw: np.ndarray) -> np.ndarray:
        if self.kind == "nps":
            return (raw >= 9).astype(float) - (raw <= 6)
        return (raw >= self.scale[1] - 1).astype(float) if self.kind == "top" else raw


@dataclass(frozen=True)
class _Answers:
    """Usable rows only: answers as read and as coded, weights or None, cluster ids or None, positions in the frame."""

    raw: np.ndarray
    coded: np.ndarray
    weights: np.ndarray | None
    cluster: np.ndarray | None
    rows: np.ndarray

    def take(self, keep: np.ndarray) -> _Answers:
        return _Answers(*(None if v is None else v[keep] for v in (self.raw, self.coded, self.weights, self.cluster, self.rows)))


def nps(frame: pd.DataFrame, *, score: str = "nps_score", weights: str | None = None, cluster: str | None = None, conf_level: float | None = None,
        estimand: str = "nps", rung: str = "", group: str = "", gates: Gates | None = None) -> Estimate:
    """Net promoter score: 100 × (share of 9–10 minus share of 0–6), in points from −100 to 100.

    Plain samples get the adjusted-Wald interval (¾ promoter, ¾ detractor, n + 3; Rocks 2016), weighted and clustered ones the same
    with the number of answers they are worth and Student's t. `std_error` is the published 100·√([p + d − (p − d)²]/n). Missing
    answers are left out. Too few answers, clusters or effective answers give a refusal that says what is needed.

    Raises
    ------
    DataError
        for a missing column, text, answers off the scale, another scale in the column, or unusable weights.
    """
    options = {"conf_level": conf_level, "estimand": estimand, "rung": rung, "group": group, "gates": gates}
    return _score(frame, _Metric("nps", score, "nps", "points", (0, 10)), weights, cluster, **options)


def csat(frame: pd.DataFrame, *, score: str = "csat_score", estimand: str = "csat", **options: Any) -> Estimate:
    """Customer satisfaction: share (0–1) of answers 4 or 5 on a scale from 1 to 5; options and errors as in `nps`.

    Agresti and Coull's interval (1998), with effective answers and t where weighted or clustered.
    """
    return _score(frame, _Metric("csat", score, "top", "share", (1, 5)), estimand=estimand, **options)


def ces(frame: pd.DataFrame, *, score: str = "ces_score", estimand: str = "ces", **options: Any) -> Estimate:
    """Customer effort score: mean of 1–7, 7 = very easy (the mean, as in CES 2.0, not the share agreeing); options and errors as in `nps`."""
    return _score(frame, _Metric("ces", score, "mean", "score", (1, 7)), estimand=estimand, **options)


def share(frame: pd.DataFrame, column: str, *, estimand: str = "", **options: Any) -> Estimate:
    """Share (0–1) of yes in a yes/no column (boolean, or 0 and 1); options and errors as in `nps`, interval as in `csat`."""
    return _score(frame, _Metric("share", column, "flag", "share", (0, 1)), estimand=estimand or column, **options)


def mean_score(frame: pd.DataFrame, column: str, *, scale: tuple[float, float] | None = None, estimand: str = "", **options: Any) -> Estimate:
    """Mean of a column on a bounded scale, known for the standard's scores, else given as `scale=(low, high)`; options as in `nps`."""
    return _score(frame, _mean(column, scale), estimand=estimand or column, **options)


def response_rate(invitations: pd.DataFrame, responses: pd.DataFrame, *, estimand: str = "response_rate", **options: Any) -> Estimate:
    """Share (0–1) of delivered invitations that were answered, reminders collapsed into the invitation they repeat (see `contacts`)."""
    return _score(contacts(invitations, responses), _metric("response_rate"), estimand=estimand, **options)


def contacts(invitations: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """One row a person asked once: the first message's columns, `waves` sent and `is_answered`; undelivered ones are left out.

    Messages about the same contact (`touchpoint_id`), else the same customer and trigger from one first message (wave 0) to the
    next, are one invitation. Any delivered wave counts as delivered, and so does an answer; several answers count once.
    """
    for name in ("invitation_id", "customer_id", "touchpoint_id", "trigger", "sent_at", "wave", "is_delivered"):
        columns.has(invitations, name, "invitations")
    columns.has(responses, "invitation_id", "responses")
    sent = invitations.drop_duplicates("invitation_id").sort_values(["customer_id", "sent_at", "wave", "invitation_id"], kind="stable")
    sent = sent.assign(is_answered=sent["invitation_id"].isin(responses["invitation_id"].dropna()))
    sequence = (sent["wave"] == 0).groupby([sent["customer_id"], sent["trigger"].fillna("")]).cumsum()
    loose = "s" + sent["trigger"].fillna("").astype(str) + "|" + sequence.astype(str)
    asked = ("t" + sent["touchpoint_id"].astype("str")).where(sent["touchpoint_id"].notna(), loose).rename("asked")
    by_contact = sent.groupby([sent["customer_id"], asked], sort=True)
    first = by_contact.head(1).set_index(pd.MultiIndex.from_arrays([sent["customer_id"], asked]).take(np.flatnonzero(by_contact.cumcount() == 0)))
    delivered = (sent["is_delivered"].fillna(False).astype(bool) | sent["is_answered"]).groupby([sent["customer_id"], asked]).any()
    return first.assign(waves=by_contact.size(), is_answered=by_contact["is_answered"].any())[delivered.reindex(first.index)].reset_index(drop=True)


def groups(metric: Scored, frame: pd.DataFrame, *, by: str | Sequence[str], column: str = "", scale: tuple[float, float] | None = None,
           score: str = "", weights: str | None = None, cluster: str | None = None, gates: Gates | None = None,
           **options: Any) -> tuple[Estimate, ...]:
    """One Estimate a group of `by`, in a fixed order (declared categories, else sorted; missing last, labelled `MISSING`).

    `metric` is a function of this module or its name ("nps", "csat", "ces", "share", "mean_score"; "response_rate" on `contacts`).
    Groups too small to show are refusals. Options as in `nps`.
    """
    chosen = _metric(metric, column or score, scale)
    answers = _read(frame, chosen, weights, cluster, gates or gating.load())
    codes, names = _labels(frame, by)
    codes, options = codes[answers.rows], {"estimand": _estimand(chosen), **options}
    return tuple(_estimate(answers.take(codes == i), chosen, group=name, gates=gates, **options) for i, name in enumerate(names))


def differences(metric: Scored, frame: pd.DataFrame, *, by: str, at: tuple[Any, Any], unit: str | None = "customer_id",
                column: str = "", scale: tuple[float, float] | None = None, score: str = "", weights: str | None = None, cluster: str | None = None,
                conf_level: float | None = None, gates: Gates | None = None, **options: Any) -> Estimate:
    """`metric` where `by` is at[1] minus where it is at[0], for customers some of whom stand in both.

    Paired influence functions: what a `unit` says twice is compared with itself, which the formula for independent samples ignores.
    Rows without a unit stand for themselves; `cluster` (dealers) replaces `unit`, `unit=None` treats all rows as independent.
    """
    gates, chosen = gates or gating.load(), _metric(metric, column or score, scale)
    level, answers = _level(conf_level, gates), _read(frame, chosen, weights, cluster, gates)
    columns.has(frame, by, "frame")
    values, known = frame[by].iloc[answers.rows], set(frame[by].dropna())
    if lost := [value for value in at if value not in known]:
        raise ParameterError(f"Column '{by}' holds no {lost[0]!r}; {nearest(str(lost[0]), known)}")
    if cluster is None:
        answers = replace(answers, cluster=_units(frame, unit, answers.rows))
    first, second = (answers.take((values == value).fillna(False).to_numpy(bool)) for value in at)
    options = {"estimand": f"{_estimand(chosen)}_difference", "group": f"{at[1]} − {at[0]}", **options}
    return _gap(first, second, chosen, gates=gates, shocks=cluster is not None, **options).at(level)


def compare_groups(metric: Scored, frame: pd.DataFrame, *, by: str | Sequence[str], method: str = "bh", column: str = "",
                   scale: tuple[float, float] | None = None, score: str = "", weights: str | None = None, cluster: str | None = None,
                   conf_level: float | None = None, gates: Gates | None = None, **options: Any) -> tuple[Estimate, ...]:
    """Each group minus all others, with p-values adjusted for the number of groups ("bh", "by" or "holm").

    The intervals are adjusted with them (Benjamini & Yekutieli 2005): a range excludes zero exactly where the adjusted p is below
    1 − conf_level. Refused groups do not count as comparisons.
    """
    gates, chosen = gates or gating.load(), _metric(metric, column or score, scale)
    level = _level(conf_level, gates)
    answers = _read(frame, chosen, weights, cluster, gates)
    codes, names = _labels(frame, by)
    codes, shocks = codes[answers.rows], cluster is not None
    answers = answers if shocks else replace(answers, cluster=np.arange(len(answers.rows)))
    options = {"estimand": f"{_estimand(chosen)}_against_rest", "gates": gates, "shocks": shocks, **options}
    gaps = [_gap(answers.take(codes != i), answers.take(codes == i), chosen, group=name, **options) for i, name in enumerate(names)]
    found = [gap.fields["p_value"] for gap in gaps if "p_value" in gap.fields]
    wide = inference.adjusted_level(found, conf_level=level, method=method)
    adjusted = iter(inference.adjust(found, method))
    return tuple(gap.at(level) if "p_value" not in gap.fields else gap.at(wide, conf_level=level).with_(
        p_value=float(next(adjusted)), ci_method=f"{gap.fields['ci_method']}; {method} over {len(found)} groups") for gap in gaps)


def resampled(metric: Scored, frame: pd.DataFrame, *, cluster: str, draws: int = 999, seed: int = 0, column: str = "", score: str = "",
              scale: tuple[float, float] | None = None, weights: str | None = None, gates: Gates | None = None, **options: Any) -> Estimate:
    """`metric` with an interval from resampling whole clusters (percentile-t): a slow check on the analytic one; refusals as there.

    Where all answers count the same every draw is the same, so the interval stays the analytic one, as its `ci_method` says.
    """
    gates, chosen = gates or gating.load(), _metric(metric, column or score, scale)
    answers = _read(frame, chosen, weights, cluster, gates)
    found = _estimate(answers, chosen, gates=gates, **{"estimand": _estimand(chosen), **options})
    if draws < (enough := math.ceil(2 / (1 - found.conf_level)) - 1):
        raise ParameterError(f"{draws} draws do not reach the ends of a {found.conf_level:.0%} interval; at least {enough}, better 999.")
    if found.kind != "estimate" or np.ptp(answers.coded) == 0:
        return found
    ends = inference.cluster_bootstrap(answers.coded, cluster=answers.cluster, weights=answers.weights, draws=draws, seed=seed,
                                       conf_level=found.conf_level)
    low, high = np.clip(ends, *chosen.coded_scale) * chosen.factor
    return found.with_(conf_low=float(low), conf_high=float(high), std_error=None, seed=seed, ci_method=f"cluster bootstrap-t, {draws} draws")


def _metric(metric: Scored, column: str = "", scale: tuple[float, float] | None = None) -> _Metric:
    """The recode behind a public function or its name."""
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", str(metric))
    known = {"nps": _Metric("nps", column or "nps_score", "nps", "points", (0, 10)),
             "csat": _Metric("csat", column or "csat_score", "top", "share", (1, 5)),
             "ces": _Metric("ces", column or "ces_score", "mean", "score", (1, 7)),
             "share": _Metric("share", column, "flag", "share", (0, 1)),
             "response_rate": _Metric("response_rate", column or "is_answered", "flag", "share", (0, 1))}
    if name == "mean_score" or (name == "share" and not column):
        if not column:
            raise ParameterError(f"'{name}' needs column=, the column to take it of.")
        return _mean(column, scale)
    if name not in known:
        raise ParameterError(f"There is no metric '{name}'; {nearest(name, [*known, 'mean_score'])}")
    return known[name]


def _mean(column: str, scale: tuple[float, float] | None) -> _Metric:
    scale = scale or SCALES.get(column)
    if scale is None or not scale[0] < scale[1]:
        raise ParameterError(f"mean_score needs the scale of '{column}', such as scale=(1, 5); known without it: {', '.join(SCALES)}.")
    return _Metric("mean_score", column, "mean", "score", (float(scale[0]), float(scale[1])), whole=False)


def _estimand(metric: _Metric) -> str:
    return metric.column if metric.name in {"share", "mean_score"} else metric.name


def _score(frame: pd.DataFrame, metric: _Metric, weights: str | None = None, cluster: str | None = None, *, gates: Gates | None = None,
           **options: Any) -> Estimate:
    return _estimate(_read(frame, metric, weights, cluster, gates or gating.load()), metric, gates=gates, **options)


def _level(conf_level: float | None, gates: Gates) -> float:
    level = gates.conf_level if conf_level is None else conf_level
    if not isinstance(level, Real) or not 0 < level < 1:
        raise ParameterError(f"conf_level is a share such as 0.95, not {level!r}.")
    return level


def _read(frame: pd.DataFrame, metric: _Metric, weights: str | None, cluster: str | None, gates: Gates) -> _Answers:
    """Rows with an answer, checked and coded."""
    for name in (metric.column, weights, cluster):
        if name is not None:
            columns.has(frame, name, "frame")
    raw = columns.numbers(frame[metric.column], is_flag=metric.kind == "flag")
    rows = np.flatnonzero(~np.isnan(raw))
    raw = raw[rows]
    _check_scale(raw, metric, gates)
    w = columns.weights(frame, weights, rows)
    if w is not None and (w == 0).any():  # an answer that counts for nothing is no answer
        raw, rows, w = raw[w > 0], rows[w > 0], w[w > 0]
    ids = None if cluster is None else frame[cluster].iloc[rows]
    if ids is not None and (lost := int(ids.isna().sum())):
        raise DataError(f"{lost} answers have no '{cluster}'; give them one or leave them out before clustering.")
    return _Answers(raw, metric.code(raw), w, None if ids is None else unnamed.codes(ids), rows)


def _check_scale(raw: np.ndarray, metric: _Metric, gates: Gates) -> None:
    """Answers lie on the scale, and the scale is the one meant."""
    low, high = metric.scale
    wrong = raw[(raw < low) | (raw > high) | (metric.whole & (raw != np.round(raw)))]
    if wrong.size:
        samples = ", ".join(f"{v:g}" for v in np.unique(wrong)[:3])
        kind = "yes/no (0 or 1)" if metric.kind == "flag" else f"{'whole numbers ' if metric.whole else ''}from {low:g} to {high:g}"
        raise DataError(f"'{metric.column}' takes {kind}; {wrong.size} of {raw.size} answers do not fit, such as {samples}. "
                        "Nothing is rescaled silently: correct the column, or name the one that is meant.")
    if metric.kind == "nps" and raw.size >= gates.scale_check_n and raw.min() >= 1 and raw.max() <= 5:
        raise DataError(f"The scale of '{metric.column}' looks like 1–5: all {raw.size} answers lie there. NPS needs 0–10; use csat for 1–5.")


def _units(frame: pd.DataFrame, unit: str | None, rows: np.ndarray) -> np.ndarray:
    """Whole-number ids of the units that answer; a row without one is its own."""
    if unit is None:
        return np.arange(len(rows))
    columns.has(frame, unit, "frame")
    codes = pd.factorize(frame[unit])[0][rows]
    return np.where(codes < 0, len(frame) + np.arange(len(rows)), codes)


def _labels(frame: pd.DataFrame, by: str | Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Group of each row as a whole number, and the names in a fixed order."""
    names = [by] if isinstance(by, str) else list(by)
    if not names:
        raise ParameterError("by names at least one column whose groups are compared, such as by='channel'.")
    for name in names:
        columns.has(frame, name, "frame")
    number = frame.groupby(names, dropna=False, observed=True, sort=True).ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(number).first()
    label = [" · ".join(MISSING if pd.isna(v) else str(v) for v in row) for row in frame[names].iloc[first.to_numpy()].itertuples(index=False)]
    return number, label


def _estimate(answers: _Answers, metric: _Metric, *, conf_level: float | None = None, estimand: str = "", rung: str = "", group: str = "",
              gates: Gates | None = None) -> Estimate:
    """Gates, then variance, then interval."""
    gates = gates or gating.load()
    n, level, rows = len(answers.coded), _level(conf_level, gates), answers.cluster
    more, units = {"rung": rung, "group": group, "conf_level": level}, None if rows is None else unnamed.count(rows)
    if why := _too_few(answers, gates):
        return refusal(estimand, unit=metric.unit, **why, **more)
    w = np.ones(n) if answers.weights is None else answers.weights
    mean = float(np.clip(w @ answers.coded / w.sum(), answers.coded.min(), answers.coded.max()))  # sums differ by processor in the last digit
    spread = inference.mean_variance(answers.coded - mean, weights=answers.weights, cluster=answers.cluster)
    if units is not None and (df := min(spread.df, unnamed.named_df(rows, answers.weights))) < gates.min_degrees_of_freedom:
        return refusal(estimand, unit=metric.unit, **gating.lopsided(df, gates), n=n, n_clusters=units, **more)
    z, (low, high) = inference.quantile(level, spread.df), metric.coded_scale
    ends, middle, name = (z * z / 2, 0.0, "Agresti–Coull") if metric.unit == "share" else (0.75, 1.5, "adjusted-Wald")
    square = float(w @ answers.coded**2 / w.sum())
    _, _, conf_low, conf_high = inference.bounded_interval(mean, square, spread.precision, low=low, high=high, ends=ends, middle=middle, quantile=z)
    caveat = gating.caveat(gates, n=n, clusters=units, rate=mean if metric.name == "response_rate" else None,
                           perfect=metric.kind != "flag" and bool((answers.raw == metric.scale[1]).all()))
    return Estimate(
        estimand=estimand, kind="estimate", unit=metric.unit, value=mean * metric.factor, conf_low=float(conf_low) * metric.factor,
        conf_high=float(conf_high) * metric.factor, std_error=metric.factor * max((square - mean**2) / spread.precision, 0) ** 0.5, n=n,
        ci_method=name if spread.method == "plain" else f"{name}; {spread.method}, t({spread.df:.1f})", n_effective=spread.n_effective,
        n_clusters=units, assumptions=_assumptions(answers), reason=caveat,
        verdict=Verdict.REPORT_WITH_CAVEAT if caveat else Verdict.REPORT, **more)


@dataclass(frozen=True)
class _Gap:
    """A difference before its level is chosen: centre and error of the adjusted interval, and the Estimate's other fields."""

    metric: _Metric
    centre: float
    error: float
    df: float
    fields: dict[str, Any]

    def at(self, level: float, **more: Any) -> Estimate:
        unit: Unit = "pp" if self.metric.unit == "share" else self.metric.unit  # shares differ by percentage points
        if "needs" in self.fields:
            return refusal(unit=unit, conf_level=level, **self.fields)
        f, (low, high) = self.metric.factor, self.metric.coded_scale
        ends = self.centre + np.array([-1, 1]) * inference.quantile(level, self.df) * self.error
        conf_low, conf_high = (f * float(v) for v in np.clip(ends, low - high, high - low))
        return Estimate(kind="estimate", unit=unit, conf_low=conf_low, conf_high=conf_high, **{"conf_level": level, **self.fields, **more})


def _gap(first: _Answers, second: _Answers, metric: _Metric, *, gates: Gates, shocks: bool, estimand: str, rung: str = "", group: str = "") -> _Gap:
    """Second minus first; half the pseudo-answers of a single score go to each arm (Agresti & Caffo 2000, Am. Stat. 54)."""
    arms = (first, second)
    fields = {"estimand": estimand, "rung": rung, "group": group, "n": len(first.coded) + len(second.coded)}
    if why := next(filter(None, (_too_few(a, gates) for a in arms)), None):
        return _Gap(metric, 0, 0, 0, {**fields, "n": None, **why})
    weights = [np.ones(len(a.coded)) if a.weights is None else a.weights for a in arms]
    means = [float(w @ a.coded / w.sum()) for a, w in zip(arms, weights, strict=True)]
    paired = inference.contrast([a.coded - m for a, m in zip(arms, means, strict=True)], weights, [a.cluster for a in arms])
    fields["n_clusters"] = unnamed.count(np.concatenate([a.cluster for a in arms])) if shocks else None
    if paired.df < gates.min_degrees_of_freedom:
        return _Gap(metric, 0, 0, 0, {**fields, **gating.lopsided(paired.df, gates)})
    ends, middle = (1.0, 0.0) if metric.unit == "share" else (0.375, 0.75)
    low, high = metric.coded_scale
    squares = [float(w @ a.coded**2 / w.sum()) for a, w in zip(arms, weights, strict=True)]
    centres, errors, _, _ = inference.bounded_interval(means, squares, paired.precisions, low=low, high=high, ends=ends, middle=middle, quantile=1.0)
    centre, error = float(centres[1] - centres[0]), paired.error(*errors, pseudo=2 * ends + middle)
    caveat = gating.caveat(gates, n=min(len(a.coded) for a in arms), clusters=min(unnamed.count(a.cluster) for a in arms) if shocks else None)
    return _Gap(metric, centre, error, paired.df, {
        **fields, "value": metric.factor * (means[1] - means[0]), "std_error": metric.factor * paired.error(*np.sqrt(paired.variances)),
        "p_value": inference.p_value(centre / error, paired.df), "ci_method": f"paired influence, adjusted; CR2, t({paired.df:.1f})",
        "n_effective": min(paired.precisions), "assumptions": _assumptions(first), "reason": caveat,
        "verdict": Verdict.REPORT_WITH_CAVEAT if caveat else Verdict.REPORT})


def _too_few(answers: _Answers, gates: Gates) -> dict[str, Any] | None:
    worth = None if answers.weights is None or not len(answers.weights) else inference.kish(answers.weights)
    return gating.too_few(gates, n=len(answers.coded), worth=worth,
                          clusters=None if answers.cluster is None else unnamed.count(answers.cluster))


def _assumptions(answers: _Answers) -> tuple[str, ...]:
    """Keys of `ASSUMPTIONS`."""
    weighted = () if answers.weights is None else ("weights_given",)
    return ("answers_independent" if answers.cluster is None else "clusters_independent", *weighted, "respondents_only")
