"""From the score of those who answered to the score of everybody who could have been heard: the rungs, in order, and what each hangs on.

Numbers only; what they mean and whether they may be shown is decided in `survivorship`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, VocError
from voclib.results import Estimate, Verdict, refusal
from voclib.stats import bounds, crossfit, inference, missingness, overlap, propensity, representativeness, tilt, weighting
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit, unnamed
from voclib.studies.scores import SCORES
from voclib.studies.survivorship import text as words
from voclib.studies.survivorship.frame import Frame

UNITS = {"nps": "points", "csat": "share"}
QUINTILES = 5
PER_COLUMN = 15
"""Answers that one covariate needs in the models of who answers and what they say."""
MIN_SECOND = 15  # fewer answers of the second commonest level than this: nothing tells who gives which
RUNGS = ("raw", "poststratified", "calibrated", "propensity", "aipw", "followup", "tilted")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The rungs of one population, and the pieces that checks and charts read.

    `rungs` are Estimates from "raw" on, a refusal where a method could not be used. `fits` holds those that gave a number, on the same N rows.
    Arrays (N,): `weights` of the calibrated rung, else 1/`probability` (0 without an answer), `probability` of answering, `asked_weights`
    that make those asked resemble all (None where all were); (N, K): `outcome`, chances of each level among comparable customers who answered.
    `balance` compares respondents with everybody, raw and weighted.
    """

    people: pd.DataFrame
    rungs: tuple[Estimate, ...]
    fits: Mapping[str, Fit]
    weights: np.ndarray
    probability: np.ndarray
    outcome: np.ndarray
    balance: pd.DataFrame
    overlap: overlap.Overlap
    evenness: representativeness.RIndicator
    separation: overlap.Separation
    empty: representativeness.ZeroCells
    completion: missingness.Completion | None
    tilted: missingness.CalibratedTilt | None
    asked_weights: np.ndarray | None
    model: propensity.PropensityFit

    def __getitem__(self, rung: str) -> Estimate:
        return next(r for r in self.rungs if r.rung == rung)

    @property
    def y(self) -> np.ndarray:
        """Answers (N,), NaN for the silent."""
        return self.people["y"].to_numpy(dtype=float)

    @property
    def unsupported(self) -> np.ndarray:
        """Who has nobody comparable that answered (N,): a chance below the floor, or a cell from which nobody did."""
        return (self.probability < self.overlap.floor) | self.empty.unsupported

    @property
    def gap(self) -> Fit:
        """What weighting moved: AIPW minus raw, with the variance of their paired influence."""
        return propensity.gap(self.fits["raw"], self.fits["aipw"], cluster=units(self.people))

    @property
    def disagreement(self) -> float:
        """Distance of the calibrated from the AIPW number in standard errors; not a number where one of them is missing."""
        if not {"calibrated", "aipw"} <= set(self.fits):
            return float("nan")
        first, second = self.fits["calibrated"], self.fits["aipw"]
        return abs(first.value - second.value) / max(first.std_error, second.std_error)


def correct(frame: Frame, *, estimand: str, margins: Sequence[str], cells: Sequence[str], gates: Gates, seed: int, learner: str = "logit",
            repeats: int = 5, conf_level: float = 0.95) -> Correction:
    """Every rung for the people of a frame, all of whom could have been heard.

    `margins` are known columns whose totals the calibrated weights meet (numbers by fifths); `cells` are crossed for post-stratification.

    Raises
    ------
    ParameterError
        for a margin or cell that is no known column, fewer than `gates.min_followup_n` answers, or answers that hardly differ.
    """
    if unknown := sorted({*margins, *cells} - set(frame.known)):
        raise ParameterError(f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not known of everybody before the invitation; "
                             f"known are {', '.join(frame.known)}.")
    people, y = frame.people, frame.y
    if (answers := int((~np.isnan(y)).sum())) < gates.min_followup_n:
        raise ParameterError(f"{answers} answers are too few to correct a score; at least {gates.min_followup_n} are needed.")
    if not vary(y):
        raise ParameterError(f"Two grades of at least {MIN_SECOND} answers each are needed to model who gives which.")
    unit, columns = units(people), varying(people, frame.known)
    matrix = _matrix(people, columns, answers)
    matrix = np.column_stack([matrix, *dealer_answering(y, unit, matrix)])
    coarse = binned(people, [*dict.fromkeys([*margins, *cells])])
    fits, refused = _weighted(coarse, y, unit, margins, cells)
    staged = propensity.ipw_mean(y, matrix, stages=_stages(people), cluster=unit)
    model = propensity.aipw_mean(y, matrix, ids=people["customer_id"], levels=frame.levels, cluster=unit, repeats=repeats, learner=learner, seed=seed)
    fits |= {"raw": propensity.raw_mean(y, cluster=unit), "propensity": staged.fit, "aipw": model.fit}
    answered, reach = ~np.isnan(y), overlap.overlap(model.probability, ~np.isnan(y), floor=gates.propensity_floor)
    weights = refused.pop("weights", np.where(answered, 1 / np.maximum(model.probability, gates.propensity_floor), 0.0))
    empty = representativeness.zero_cell_scan(people, columns, answered)
    calls = _followed(frame, model, coarse, margins, unit, gates)
    fits, refused = fits | calls.fits, refused | calls.refused
    return Correction(
        people=people, rungs=_rungs(frame, fits, refused, estimand, conf_level), fits=fits, weights=weights, probability=model.probability,
        outcome=model.outcome, completion=calls.completion, tilted=calls.tilted, asked_weights=calls.weights, model=model,
        balance=_balance(people, columns, answered, weights, (model.probability < reach.floor) | empty.unsupported, gates),
        overlap=reach, empty=empty,
        evenness=_evenness(people, columns, answered, conf_level),
        separation=overlap.near_separation(people, columns, answered, probability=model.probability, limit=gates.separation_auc))


def _balance(people: pd.DataFrame, columns: Sequence[str], answered: np.ndarray, weights: np.ndarray, unsupported: np.ndarray,
             gates: Gates) -> pd.DataFrame:
    """Respondents against those they can stand for: everybody, unless so many have nobody comparable that these get a range of their own."""
    many = unsupported.mean() > gates.max_unsupported_share and (answered & ~unsupported).any()
    held = ~unsupported if many else np.ones(len(people), dtype=bool)
    return representativeness.smd_table(people[held], varying(people[held], columns), answered[held], weights=weights[held],
                                        limits=(gates.balance_flag, gates.balance_fail))


def varying(people: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Columns that differ between people, missing counting as a value; the others tell nothing of anybody."""
    if kept := [name for name in columns if people[name].nunique(dropna=False) > 1]:
        return kept
    raise ParameterError(f"None of {', '.join(columns)} differs between customers, so nothing known predicts who answers.")


def vary(y: np.ndarray) -> bool:
    """Whether answers (N,) differ enough to model who gives which."""
    counts = np.unique(y[~np.isnan(y)], return_counts=True)[1]
    return bool(counts.size > 1 and np.sort(counts)[-2] >= MIN_SECOND)


def binned(people: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Columns as levels: text as it is, numbers by fifths of their distribution, "(missing)" where there is none."""
    return pd.DataFrame({name: _levels(people[name]) for name in columns}, index=people.index)


def _levels(values: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.astype("str").where(values.notna(), "(missing)")
    x = values.astype(float)
    ends = np.unique(np.nanquantile(x, np.linspace(0, 1, QUINTILES + 1)[1:-1]))
    named = pd.Series(np.char.add("≤ ", (np.searchsorted(ends, x.to_numpy(), side="left") + 1).astype(str)), index=values.index)
    return named.where(x.notna(), "(missing)")


def _evenness(people: pd.DataFrame, columns: list[str], answered: np.ndarray, conf_level: float) -> representativeness.RIndicator:
    """R-indicator from a plain logit on every known column: with its design the bias of estimated chances can be taken out."""
    x = crossfit.features(people, columns).matrix
    x = x[:, _independent(x)]
    chances = crossfit.logit(x, answered.astype(int), ridge=1e-6).probabilities(x)[:, 1]
    return representativeness.r_indicator(chances, design=np.column_stack([np.ones(len(x)), x]), conf_level=conf_level)


def _independent(x: np.ndarray) -> np.ndarray:
    """Columns none of which the ones before it make up: one level of every text is the others' complement."""
    triangle = np.abs(np.diag(np.linalg.qr(x - x.mean(axis=0), mode="r")))
    return triangle > 1e-8 * triangle.max()


def _matrix(people: pd.DataFrame, columns: list[str], answers: int) -> np.ndarray:
    """Covariates with squares and products of the numbers, as far as the answers bear them: at most one column for `PER_COLUMN` answers."""
    numbers = [c for c in columns if pd.api.types.is_numeric_dtype(people[c]) and not pd.api.types.is_bool_dtype(people[c])]
    texts = [c for c in columns if c not in numbers]
    plain = [crossfit.features(people, texts).matrix] if texts else []
    if not numbers:
        return plain[0]
    for richness in ({"interactions": True, "squares": True}, {"squares": True}, {}):
        matrix = np.column_stack([crossfit.features(people, numbers, **richness).matrix, *plain])
        if matrix.shape[1] * PER_COLUMN <= answers:
            break
    return matrix


def dealer_answering(y: np.ndarray, unit: np.ndarray | None, matrix: np.ndarray) -> list[np.ndarray]:
    """Log-odds (N,) that a customer of the dealer answered, and that one would have as far as its customers are known (`matrix`, (N, p)).

    Who is asked better may be served better too: that a dealer's customers answer more often than such customers do elsewhere says so, whatever
    else is on record of them. Nothing where there are no dealers, or dealers differ by no more than chance.
    """
    if unit is None:
        return []
    answered, group = ~np.isnan(y), np.where(unit < 0, np.nan, unit)
    share = crossfit.group_mean(answered.astype(float), group)
    if np.ptp(share) == 0:
        return []
    chance = pd.Series(crossfit.logit(matrix, answered.astype(np.intp)).probabilities(matrix)[:, 1])
    likely = chance.groupby(group).transform("mean").fillna(chance.mean()).to_numpy()
    edge = 1 / (2 * len(y))
    return [np.log(p / (1 - p)) for p in (np.clip(share, edge, 1 - edge), np.clip(likely, edge, 1 - edge))]


def units(people: pd.DataFrame) -> np.ndarray | None:
    """The dealer of each person as a number (N,), below zero for one without (`unnamed`). None where nobody has one, or all have the same.

    Few dealers are still dealers: whether they bear an interval is for the gates to say (methods.md §1.3), never a reason to call
    the answers independent.
    """
    if "unit_id" not in people or people["unit_id"].isna().all():
        return None
    codes = pd.factorize(people["unit_id"], sort=True)[0].astype(np.intp)
    blank = codes < 0
    codes[blank] = -1 - np.arange(int(blank.sum()))
    return codes if len(codes) > 1 and np.ptp(codes) > 0 else None


def _stages(people: pd.DataFrame) -> dict[str, np.ndarray]:
    """The stages at which somebody was lost, each among those of the one before."""
    made = {name: people[f"is_{name}"].to_numpy(dtype=bool) for name in ("invited", "delivered", "answered")}
    reached = np.ones(len(people), dtype=bool)
    kept: dict[str, np.ndarray] = {}
    for name, rows in made.items():
        if (reached & ~rows).sum() >= 20:  # a stage that loses next to nobody has no model of its own
            kept[name] = reached & rows
        reached &= rows
    answered = people["y"].notna().to_numpy()
    return {**{name: rows | answered for name, rows in kept.items() if name != "answered"}, "answered": answered}


def _weighted(coarse: pd.DataFrame, y: np.ndarray, unit: np.ndarray | None, margins: Sequence[str], cells: Sequence[str],
              ) -> tuple[dict[str, Fit], dict[str, object]]:
    """Post-stratified and calibrated means; where totals cannot be met, why ("weights": the calibrated ones, (N,))."""
    answered = ~np.isnan(y)
    crossed = coarse[cells[0]].str.cat([coarse[c] for c in cells[1:]], sep=" · ")
    fits: dict[str, Fit] = {}
    notes: dict[str, object] = {}
    try:
        fits["poststratified"] = weighting.poststratify(crossed[answered], crossed).fit(y, cluster=unit, frame=crossed)
    except VocError as error:
        notes["poststratified"] = words.unmet(error, coarse, answered, cells)
    try:
        known = coarse[list(margins)]
        made = weighting.calibrate(known[answered], weighting.margins(known, list(margins)))
        fits["calibrated"] = made.fit(y, cluster=unit, frame=known)
        whole = np.zeros(len(y))
        whole[answered] = made.weights
        notes["weights"] = whole
    except VocError as error:
        notes["calibrated"] = words.unmet(error, coarse, answered, margins)
    return fits, notes


@dataclass(frozen=True)
class _Calls:
    """What call-backs gave: fits, how many were reached, the tilt, weights of those asked, and why a rung is missing."""

    fits: Mapping[str, Fit]
    completion: missingness.Completion | None = None
    tilted: missingness.CalibratedTilt | None = None
    weights: np.ndarray | None = None
    refused: Mapping[str, object] = field(default_factory=dict)


def _followed(frame: Frame, model: propensity.PropensityFit, coarse: pd.DataFrame, margins: Sequence[str], unit: np.ndarray | None,
              gates: Gates) -> _Calls:
    """The two-phase rungs, for everybody: those asked, weighted to the totals of all who could have been asked."""
    if not frame.has_followup:
        return _Calls({})
    people = frame.people
    asked = people["is_invited"].to_numpy(dtype=bool)
    done = missingness.completion(people["is_called"], people["followup_y"], min_completion=gates.min_completion)
    if done.completed < gates.min_followup_n:
        return _Calls({}, done)
    try:
        weights = None if asked.all() else _like_everybody(coarse, asked, margins)
    except VocError as error:
        return _Calls({}, done, refused={"followup": words.unmet(error, coarse, asked, margins)})
    given = {"called": people["is_called"], "followup_y": people["followup_y"], "draw_probability": people["draw_probability"],
             "weights": weights, "cluster": unit, "eligible": asked}
    made = {"followup": missingness.hansen_hurwitz(frame.y, outcome=model.outcome @ np.asarray(frame.levels), levels=frame.levels, **given)}
    try:
        tilted = missingness.calibrate_tilt(frame.y, model.outcome, levels=frame.levels, **given)
    except DataError:  # a level that nobody called gave: no tilt can be told from it, and the answer does not need one
        return _Calls(made, done, weights=weights, refused={"tilted": words.NO_TILT})
    return _Calls(made | {"tilted": tilted.fit}, done, tilted, weights)


def _like_everybody(coarse: pd.DataFrame, asked: np.ndarray, margins: Sequence[str]) -> np.ndarray:
    """Weights (N,) that make those asked meet the totals of all; 0 for the others."""
    weights = np.zeros(len(coarse))
    weights[asked] = weighting.calibrate(coarse.loc[asked, list(margins)], weighting.margins(coarse, list(margins))).weights
    return weights


def _rungs(frame: Frame, fits: Mapping[str, Fit], refused: Mapping[str, object], estimand: str, conf_level: float) -> tuple[Estimate, ...]:
    unit = UNITS[frame.metric]
    made = []
    for name in RUNGS:
        if name in fits:
            scale = {"low": frame.levels[0], "high": frame.levels[-1]}
            found = fits[name].estimate(estimand, unit=unit, rung=name, conf_level=conf_level, **scale)
            made.append(found)
        elif name in refused:
            reason, needs = refused[name]
            made.append(refusal(estimand, unit=unit, rung=name, reason=reason, needs=needs))
    return tuple(made)


def possible(correction: Correction, frame: Frame, *, estimand: str, conf_level: float = 0.95) -> dict[str, Estimate]:
    """What the answers alone allow.

    "manski": nothing is assumed of the silent; "monotone": on average they are not happier than those who answered; "followup": call-backs,
    where there are some, with those not reached left open.
    """
    y, unit = correction.y, units(correction.people)
    low, high = frame.levels[0], frame.levels[-1]
    made = {"manski": bounds.manski(y, low=low, high=high, cluster=unit, conf_level=conf_level),
            "monotone": bounds.monotone(y, low=low, high=high, silent="lower", cluster=unit, conf_level=conf_level)}
    found = {name: b.estimate(estimand, unit=UNITS[frame.metric], rung=name) for name, b in made.items()}
    if "followup" in correction.fits:
        people = correction.people
        open_ = missingness.followup_bounds(y, people["is_called"], people["followup_y"], draw_probability=people["draw_probability"], low=low,
                                            high=high, cluster=unit, eligible=people["is_invited"], weights=correction.asked_weights,
                                            conf_level=conf_level)
        found["followup"] = Estimate(estimand=estimand, kind="bounds", unit=UNITS[frame.metric], rung="followup", bound_low=open_.low.value,
                                     bound_high=open_.high.value, conf_low=open_.conf_low, conf_high=open_.conf_high, conf_level=conf_level,
                                     ci_method="follow-up, unreached open", n=open_.low.n)
    return found


@dataclass(frozen=True)
class Sensitivity:
    """How different the silent may be: `surface` of the mean, `frontier` on which it equals the target, `point` of it that moves detractors only."""

    surface: pd.DataFrame
    frontier: pd.DataFrame
    point: tilt.TippingPoint


def sensitivity(correction: Correction, frame: Frame, *, target: float, conf_level: float = 0.95) -> Sensitivity:
    """The mean of everybody over multipliers for the silent, and where it reaches `target`, the value at which a conclusion flips."""
    given = (correction.y, correction.probability, correction.outcome)
    shared = {"levels": frame.levels}
    clustered = {**shared, "cluster": units(correction.people), "conf_level": conf_level}
    return Sensitivity(tilt.tilt_surface(*given, **clustered), tilt.tipping_frontier(*given, target=target, **shared),
                       tilt.tipping_point(*given, target=target, **clustered))


def partly(correction: Correction, frame: Frame, *, estimand: str, conf_level: float = 0.95) -> Estimate:
    """Bounds where some have nobody comparable who answered: doubly robust for the others, the ends of the scale for them (methods.md §3.5)."""
    y, unit, low, high = correction.y, units(correction.people), frame.levels[0], frame.levels[-1]
    expected = correction.outcome @ np.asarray(frame.levels)
    points = expected + np.where(np.isnan(y), 0.0, y - expected) / np.maximum(correction.probability, correction.overlap.floor)
    n, ends = int((~np.isnan(y)).sum()), []
    for end in (low, high):
        filled = np.where(correction.unsupported, end, points)
        ends.append(inference.fit(float(filled.mean()), filled - filled.mean(), n=n, cluster=unit, method="AIPW where somebody alike answered"))
    values = [min(max(e.value, low), high) for e in ends]
    error, df = max(e.std_error for e in ends), min(e.df for e in ends)
    reach = bounds.critical_value(max(values[1] - values[0], 0.0), error, conf_level=conf_level, df=df) * error
    return Estimate(estimand=estimand, kind="bounds", unit=UNITS[frame.metric], rung="supported", bound_low=values[0], bound_high=values[1],
                    conf_low=max(low, values[0] - reach), conf_high=min(high, values[1] + reach), conf_level=conf_level, n=n,
                    n_clusters=ends[0].n_clusters, ci_method=ends[0].method, verdict=Verdict.BOUNDS_ONLY)


def raw_score(frame: Frame, *, estimand: str, conf_level: float, cluster: np.ndarray | None, gates: Gates | None = None) -> Estimate:
    """What is published: the score of those who answered, with the interval of a small sample; `cluster` (N,) as `units` gives it."""
    from voclib.stats import metrics

    score = SCORES[frame.metric]
    answers = frame.people.loc[frame.people["is_answered"], ["score"]].rename(columns={"score": score.column})
    if cluster is not None:
        answers["unit"] = cluster[frame.people["is_answered"].to_numpy(dtype=bool)]
    method = {"nps": metrics.nps, "csat": metrics.csat}[frame.metric]
    return method(answers, score=score.column, cluster=None if cluster is None else "unit", conf_level=conf_level, estimand=estimand, rung="raw",
                  gates=gates)


def worst_case(frame: Frame, *, estimand: str, conf_level: float, cluster: np.ndarray | None, gates: Gates) -> Estimate:
    """What is possible for everybody in a frame with nothing assumed of the silent; a refusal where too few dealers hold them."""
    unit, count = UNITS[frame.metric], None if cluster is None else unnamed.count(cluster)
    if why := gating.too_few(gates, n=len(frame.people), clusters=count):
        return refusal(estimand, unit=unit, conf_level=conf_level, **why)
    found = bounds.manski(frame.y, low=frame.levels[0], high=frame.levels[-1], cluster=cluster, conf_level=conf_level)
    if count is not None and found.lower.df < gates.min_degrees_of_freedom:
        return refusal(estimand, unit=unit, conf_level=conf_level, n=found.n, n_clusters=count, **gating.lopsided(found.lower.df, gates))
    return found.estimate(estimand, unit=unit)
