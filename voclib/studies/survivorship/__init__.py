"""What would all customers say? The score of those who answered, corrected as far as the data can, bounded where they cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.sentences import joined
from voclib.stats import bounds, callbacks, inference, missingness, representativeness
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed
from voclib.studies.scores.text import enough_clusters, unassigned_check
from voclib.studies.survivorship import answer as answering
from voclib.studies.survivorship import captions as captioning
from voclib.studies.survivorship import checks as gate_words
from voclib.studies.survivorship import correction as correcting
from voclib.studies.survivorship import frame as framing
from voclib.studies.survivorship import text as words
from voclib.studies.survivorship.correction import Correction
from voclib.studies.survivorship.frame import Frame

WEIGHTED = ("poststratified", "calibrated", "propensity", "aipw")
WEIGHTS = ("separation", "weight", "balance")  # gates without which no weighted number stands
DESIGN_CALLS = (100, 200, 300, 600, 1200, 2400)


@dataclass(frozen=True)
class Survivorship:
    """What the page shows: the finding, the frame's stages, ladders of those who could be heard and of everybody, and frames for charts.

    `reachable` is the population the corrections speak for, `correction` None where nobody in it was silent or the answers bear none; then
    `uncorrected` says why. `departed` holds estimates for customers who stayed and who left within the year.
    """

    study: Study
    frame: Frame
    reachable: Frame
    stages: pd.DataFrame
    ladder: Ladder
    everyone: Ladder
    correction: Correction | None
    sensitivity: correcting.Sensitivity | None
    possible: tuple[Estimate, ...]
    balance: pd.DataFrame
    chances: pd.DataFrame
    uneven: pd.DataFrame
    resistance: pd.DataFrame
    departed: tuple[Estimate, ...]
    design: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]

    @property
    def uncorrected(self) -> Text:
        """What stands in place of a correction."""
        return words.NOBODY_SILENT if self.reachable.people["is_answered"].all() else words.NOT_CORRECTED


def study(frame: Frame, *, year: Frame | None = None, margins: Sequence[str] = (), cells: Sequence[str] = (), threshold: float | None = None,
          is_survivors_only: bool = False, learner: str = "logit", repeats: int = 5, cost_per_call_cny: float = 40.0, gates: Gates | None = None,
          conf_level: float = 0.95, seed: int = 0) -> Survivorship:
    """The study of one frame; `year` is a longer frame for the customers who have left, `threshold` the score at which a conclusion would flip.

    Without `margins` and `cells` every known column of the frame is a margin, and the first two that are text are crossed. Those that a frame
    may hold and this one does not are left out, and a check names them. `is_survivors_only` says that the customer table holds nobody who
    left (`frame.survivors_only`).

    Raises
    ------
    ParameterError
        for a column that no frame holds, an unknown learner, or columns none of which differs between customers.
    """
    gates, metric = gates or gating.load(), frame.metric
    heard = supported(frame, gates)
    reachable = frame.only(heard)
    raw = correcting.raw_score(reachable, cluster=correcting.units(reachable.people), estimand=f"{metric}_reachable", conf_level=conf_level,
                               gates=gates)
    margins, cells, lacking = _traits(reachable, margins, cells)
    made = _corrected(reachable, raw, margins=margins, cells=cells, gates=gates, seed=seed, learner=learner, repeats=repeats, conf_level=conf_level)
    checks = _checks(frame, reachable, made, raw, gates, is_survivors_only)
    checks |= {"traits": gate_words.traits(lacking)} if lacking and made is not None else {}
    ladder = _ladder(raw, made, checks, reachable)
    everyone = _everyone(frame, heard, ladder, raw, gates, conf_level)
    target = _target(frame, threshold)
    tipped = correcting.sensitivity(made, reachable, target=target, conf_level=conf_level) if made else None
    possible = tuple(correcting.possible(made, reachable, estimand=ladder.estimand, conf_level=conf_level).values()) if made else ()
    finding = answering.finding(ladder=ladder, everyone=everyone, raw=raw, checks=checks, frame=frame, correction=made,
                            point=tipped.point if tipped else None, seed=seed, heard=float(heard.mean()))
    stages = framing.funnel(frame)
    departed = _departed(year, gates, conf_level)
    design = _design(reachable, made, None if frame.is_staged else cost_per_call_cny, gates, conf_level)
    frames = {"stages": stages, "balance": _balance(made), "resistance": _resistance(reachable, made, gates, conf_level), "design": design}
    captions = captioning.captions(ladder=ladder, everyone=everyone, frame=frame, correction=made, sensitivity=tipped, possible=possible,
                                   departed=departed, **frames)
    return Survivorship(study=finding, frame=frame, reachable=reachable, ladder=ladder, everyone=everyone, correction=made, sensitivity=tipped,
                        possible=possible, departed=departed, captions=captions, chances=_chances(made), uneven=_uneven(reachable, made), **frames)


def _traits(reachable: Frame, margins: Sequence[str], cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Margins and cells that are known here, and those asked for that these data lack; a misspelt one stays, and is an error later."""
    lacking = tuple(c for c in dict.fromkeys([*margins, *cells]) if c in framing.KNOWN and c not in reachable.known)
    margins = tuple(c for c in margins if c not in lacking) or reachable.known
    text = tuple(c for c in reachable.known if not pd.api.types.is_numeric_dtype(reachable.people[c]))
    return margins, tuple(c for c in cells if c not in lacking) or text[:2] or margins[:1], lacking


def supported(frame: Frame, gates: Gates) -> np.ndarray:
    """Who could have been heard: contactable, and of a group (those who stayed, those who left) from which somebody was."""
    people = frame.people
    left = people["is_churned"].fillna(False).to_numpy(dtype=bool)
    answered, reach = people["is_answered"].to_numpy(dtype=bool), people["is_contactable"].to_numpy(dtype=bool).copy()
    for group in (left, ~left):
        if group.any() and (answered & group).sum() < gates.small_cell:
            reach &= ~group
    if reach.any():
        return reach
    asked = people["is_contactable"].to_numpy(dtype=bool)  # too few answered for anything but a refusal, which is about these
    return asked if asked.any() else np.ones(len(people), dtype=bool)


def _target(frame: Frame, threshold: float | None) -> float:
    """The score at which a conclusion would flip; one that the scale does not hold, such as 30 for a share, is a slip."""
    if threshold is None:
        return _halfway(frame)
    low, high = frame.levels[0], frame.levels[-1]
    if not low <= threshold <= high:
        raise ParameterError(f"threshold is {threshold:g}, but {frame.metric} lies between {low:g} and {high:g}; write the score at which the "
                             f"conclusion would flip, such as  threshold: {low + 0.8 * (high - low):g}  beside  metric: {frame.metric}.")
    return threshold


def _halfway(frame: Frame) -> float:
    """The middle of the scale: as many promoters as detractors, as many satisfied as not."""
    return (frame.levels[0] + frame.levels[-1]) / 2


def _corrected(reachable: Frame, raw: Estimate, *, gates: Gates, **options: Any) -> Correction | None:
    """Every rung; None where nobody was silent, or too few answered or all the same for any correction."""
    silent = int((~reachable.people["is_answered"]).sum())
    if raw.kind == "refusal" or silent == 0 or (raw.n or 0) < gates.min_followup_n or not correcting.vary(reachable.y):
        return None
    return correcting.correct(reachable, estimand=raw.estimand, gates=gates, **options)


def _ladder(raw: Estimate, made: Correction | None, checks: Mapping[str, Check], reachable: Frame) -> Ladder:
    """The rungs and which of them is the answer: call-backs, else AIPW where the gates let it pass, else bounds."""
    least = Verdict.REPORT_WITH_CAVEAT if reachable.is_staged else Verdict.REPORT  # a silence made here is no finding, whatever holds
    if made is None and (raw.kind == "refusal" or reachable.people["is_answered"].all()):
        raw = raw.with_(verdict=Verdict.worst([raw.verdict, least]))
        return Ladder(raw.estimand, (raw,), chosen="raw")
    chosen, verdict = ("manski", Verdict.BOUNDS_ONLY) if made is None else _choose(checks, made)
    rungs = [raw, *(r for r in made.rungs if r.rung != "raw")] if made is not None else [raw]
    if not _passes(checks, *WEIGHTS):
        rungs = [_withheld(r, checks) if r.rung in WEIGHTED else r for r in rungs]
    shared = {"estimand": raw.estimand, "conf_level": raw.conf_level}
    if chosen == "manski":
        low, high = reachable.levels[0], reachable.levels[-1]
        unit = correcting.units(reachable.people)
        found = bounds.manski(reachable.y, low=low, high=high, cluster=unit, conf_level=raw.conf_level)
        rungs.append(found.estimate(raw.estimand, unit=raw.unit, rung="manski"))
    elif chosen == "supported":
        rungs.append(correcting.partly(made, reachable, **shared))
    elif chosen == "reached":  # a point would take those reached for all: the range stands in its place
        rungs = [r for r in rungs if r.rung not in ("followup", "tilted")]
        rungs.append(correcting.possible(made, reachable, **shared)["followup"].with_(rung="reached", verdict=verdict))
    rungs = [r.with_(verdict=Verdict.worst([verdict, least])) if r.rung == chosen else r for r in rungs]
    return Ladder(raw.estimand, tuple(rungs), chosen=chosen)


def _passes(checks: Mapping[str, Check], *names: str) -> bool:
    return all(checks[name].passed is not False for name in names if name in checks)


def _choose(checks: Mapping[str, Check], made: Correction) -> tuple[str, Verdict]:
    """The rung that answers, and what it allows; each gate that fails costs what its words say."""
    if "followup" in made.fits and _passes(checks, "completion"):
        return "followup", Verdict.REPORT if _passes(checks, "survivors", "agreement", "dealers", "unnamed") else Verdict.REPORT_WITH_CAVEAT
    if "followup" in made.fits:
        return "reached", Verdict.BOUNDS_ONLY
    if not _passes(checks, *WEIGHTS, "rate"):
        return "manski", Verdict.BOUNDS_ONLY
    if not _passes(checks, "overlap"):
        return "supported", Verdict.BOUNDS_ONLY
    return "aipw", Verdict.REPORT_WITH_CAVEAT  # the direction of what weighting leaves is never known without call-backs


def _withheld(rung: Estimate, checks: Mapping[str, Check]) -> Estimate:
    """A weighted number that a gate forbids."""
    failed = next(checks[name] for name in WEIGHTS if name in checks and checks[name].passed is False)
    return refusal(rung.estimand, unit=rung.unit, rung=rung.rung, reason=failed.detail, needs=failed.consequence)


def _everyone(frame: Frame, heard: np.ndarray, ladder: Ladder, raw: Estimate, gates: Gates, conf_level: float) -> Ladder:
    """All customers of the frame, also those nobody could ask: a point only where they are few, else what the scale allows."""
    estimand, unheard = f"{frame.metric}_everyone", float(1 - heard.mean())
    chosen = ladder[ladder.chosen]
    naive, inner = raw.with_(estimand=estimand), chosen.with_(estimand=estimand, rung="heard")
    if chosen.kind == "refusal":
        return Ladder(estimand, (naive, inner), chosen="heard")
    if unheard == 0:
        return Ladder(estimand, (naive, inner), chosen="heard")
    low, high = frame.levels[0], frame.levels[-1]
    ends = (chosen.bound_low, chosen.bound_high) if chosen.kind == "bounds" else (chosen.value, chosen.value)
    made = Estimate(estimand=estimand, kind="bounds", unit=raw.unit, rung="everyone", verdict=Verdict.BOUNDS_ONLY, conf_level=conf_level,
                    bound_low=(1 - unheard) * ends[0] + unheard * low, bound_high=(1 - unheard) * ends[1] + unheard * high,
                    conf_low=(1 - unheard) * chosen.conf_low + unheard * low, conf_high=(1 - unheard) * chosen.conf_high + unheard * high,
                    ci_method="bounds for those nobody could ask", n=chosen.n, n_clusters=chosen.n_clusters)
    kept = "everyone" if unheard > gates.max_unsupported_share else "heard"
    return Ladder(estimand, (naive, inner, made), chosen=kept)


def _checks(frame: Frame, reachable: Frame, made: Correction | None, raw: Estimate, gates: Gates, is_survivors_only: bool) -> dict[str, Check]:
    """Every gate by name; thresholds stand in voclib/stats/gates.yml."""
    found = {"survivors": gate_words.survivors(frame, is_survivors_only),
             "answers": gate_words.answers(raw, gates, differ=correcting.vary(reachable.y))}
    if frame.is_census:
        found["asked"] = gate_words.counted_as_asked(frame.notes.get("gone_before", 0))
    if raw.n_clusters is not None:
        found["dealers"] = enough_clusters(raw.n_clusters, gates.caveat_clusters, gates.min_clusters)
    unit, told = correcting.units(reachable.people), reachable.people["is_answered"].to_numpy(dtype=bool)
    if unit is not None and (blank := int((~unnamed.named(unit)[told]).sum())):
        found["unnamed"] = unassigned_check(blank, int(told.sum()))
    if made is None:
        return found
    share, done = float(reachable.people["is_answered"].mean()), made.completion
    direction = missingness.direction_known(followups=done.completed if done else 0, min_answers=gates.min_followup_n)
    enough = done is not None and not done.bounds_needed
    found |= {"rate": gate_words.rate(share, has_followup="followup" in made.fits, gates=gates), "weight": gate_words.weight(made, gates),
              "balance": gate_words.balance(made.balance, gates), "overlap": gate_words.overlap(made, gates),
              "separation": gate_words.separation(made.separation, gates), "agreement": gate_words.agreement(made, gates)}
    if done is not None and done.drawn:
        found["completion"] = gate_words.completion(done, gates)
    return found | {"direction": gate_words.direction(direction, _left(made, raw) if enough else None, early=frame.notes.get("early_draws", 0))}


def _left(made: Correction, raw: Estimate) -> Estimate | None:
    """What weighting left, as far as call-backs tell."""
    if "followup" not in made.fits:
        return None
    found = missingness.remaining_bias(made.fits["aipw"], made.fits["followup"], cluster=correcting.units(made.people))
    unit = "pp" if raw.unit == "share" else raw.unit  # shares differ by percentage points
    return found.estimate(f"{raw.estimand}_left", unit=unit, conf_level=raw.conf_level)


def _balance(made: Correction | None) -> pd.DataFrame:
    """Differences between respondents and everybody, largest first, with names in both languages."""
    return pd.DataFrame(columns=["name", "smd_raw", "smd_weighted"]) if made is None else words.balance(made.balance)


def _chances(made: Correction | None) -> pd.DataFrame:
    if made is None:
        return pd.DataFrame(columns=["probability", "is_answered"])
    return pd.DataFrame({"probability": made.probability, "is_answered": made.people["is_answered"].to_numpy(dtype=bool)})


def _uneven(reachable: Frame, made: Correction | None) -> pd.DataFrame:
    """Which known column makes the chances of answering uneven (unconditional partial R)."""
    if made is None:
        return pd.DataFrame(columns=["name", "partial"])
    found = representativeness.partial_r(reachable.people, correcting.varying(reachable.people, reachable.known), made.probability)
    return words.uneven(found[found["level"] == ""])


def _resistance(reachable: Frame, made: Correction | None, gates: Gates, conf_level: float) -> pd.DataFrame:
    """Scores by the message answered, and of the call-backs, which come last; dealers count as in the ladder."""
    waves = reachable.people["wave"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    y = np.where(np.isnan(waves), np.nan, reachable.y)  # an answer to no known message tells nothing here
    waves = np.where(np.isnan(y), np.nan, waves)
    if made is None or np.isnan(waves).all() or np.nanmax(waves) == 0:
        return pd.DataFrame(columns=["wave", "n", "value", "conf_low", "conf_high"])
    told, last = reachable.people["followup_y"].to_numpy(dtype=float), np.nanmax(waves) + 1
    if (called := ~np.isnan(told)).sum() >= gates.min_n:
        y, waves = np.where(called, told, y), np.where(called, last, waves)
    found = callbacks.resistance(y, waves, levels=reachable.levels, cluster=correcting.units(reachable.people), conf_level=conf_level)
    found["wave"] = found["wave"].astype(object).mask(found["wave"] == last, "followup")
    return words.waves(found.drop(columns="value_so_far"))


def _departed(year: Frame | None, gates: Gates, conf_level: float) -> tuple[Estimate, ...]:
    """Scores of those who stayed and of those who left within the year, as far as they were asked; and what is possible for the latter."""
    if year is None:
        return ()
    left, unit = year.people["is_churned"].fillna(False).to_numpy(dtype=bool), correcting.units(year.people)
    shared = {"estimand": f"{year.metric}_departed", "conf_level": conf_level, "gates": gates}
    parts = {name: (year.only(rows), None if unit is None else unit[rows]) for name, rows in (("stayed", ~left), ("left", left))}
    found = [correcting.raw_score(part, cluster=who, **shared).with_(rung=name, group=name)
             for name, (part, who) in parts.items() if len(part.people)]
    gone, who = parts["left"]
    if len(gone.people) >= gates.min_n and gone.people["is_answered"].any():
        found.append(correcting.worst_case(gone, cluster=who, **shared).with_(rung="possible", group="possible"))
    return tuple(found) if any(e.kind != "refusal" for e in found) else ()  # nothing to draw


def _design(reachable: Frame, made: Correction | None, cost: float | None, gates: Gates, conf_level: float) -> pd.DataFrame:
    """What more call-backs would buy: half-width of the range against cost; staged ones have no price (`cost` None), so no column of it."""
    if made is None:
        return pd.DataFrame(columns=["calls", "completed", "half_width", "cost"])
    y, silent = reachable.y, int(np.isnan(reachable.y).sum())
    told = reachable.people["followup_y"].dropna()
    spread = float(np.std(told if len(told) >= gates.min_followup_n else y[~np.isnan(y)]))
    spread = spread or (reachable.levels[-1] - reachable.levels[0]) / 2  # all the same: the widest that the scale allows
    # where none of those drawn was reached, their rate of zero plans nothing: the floor is assumed, and said to be
    share = (made.completion.rate if made.completion is not None and made.completion.drawn else 0.0) or gates.min_completion
    calls = [c for c in DESIGN_CALLS if c <= silent]
    low, high, least = reachable.levels[0], reachable.levels[-1], gates.min_completion
    found = missingness.followup_design(silent, len(y) - silent, sd=spread, calls=calls or [silent], completion=share, cost_per_call=cost or 0.0,
                                        conf_level=conf_level, low=low, high=high, min_completion=least)
    return found if cost is not None else found.drop(columns="cost")


def against_truth(result: Survivorship, truth: Mapping[str, float]) -> pd.DataFrame:
    """Each rung beside a truth that no estimator saw: `reachable` for the ladder, `everyone` for its bounds."""
    rows = [*((r, truth.get("reachable")) for r in result.ladder.rungs),
            *((r, truth.get("everyone")) for r in result.everyone.rungs if r.kind == "bounds")]
    return words.truth_table([(r, t) for r, t in rows if t is not None and r.kind != "refusal"])


def facts(frame: Frame) -> dict[Text, Any]:
    """Counts that open the page."""
    people = frame.people
    asked, answered = int(people["is_invited"].sum()), int(people["is_answered"].sum())
    told = words.FACTS["counted" if frame.is_census else "asked"]
    found: dict[Text, Any] = {words.FACTS["people"]: len(people), told: asked, words.FACTS["answered"]: answered,
                              words.FACTS["left"]: int(people["is_churned"].fillna(False).sum())}
    return found | ({words.FACTS["called"]: int(people["followup_y"].notna().sum())} if frame.has_followup else {})


def tilt_point(result: Survivorship) -> dict[str, Any] | None:
    """Where the call-backs say the silent stand on the map of tilts: multiples for the lowest and the highest answer, with intervals.

    With two levels only the lowest one moves against the other, which stays at 1.
    """
    tilted = result.correction.tilted if result.correction else None
    if tilted is None:
        return None
    low, *middle, high = result.frame.levels
    moved = (low, high) if middle else (low,)
    spread = dict(zip(moved, np.sqrt(np.diag(tilted.covariance)), strict=True))
    reach = inference.quantile(result.ladder["raw"].conf_level, np.inf)
    ends = {g: tuple(float(np.exp(tilted.gamma[g] + sign * reach * spread[g])) for sign in (-1, 1)) for g in moved}
    return {"times_detractor": float(np.exp(tilted.gamma[low])), "times_promoter": float(np.exp(tilted.gamma[high])),
            "detractor": ends[low], "promoter": ends.get(high)}


def truth(studied: Frame, everybody: Frame, *, planted: Mapping[str, Any] | None = None) -> dict[str, float] | None:
    """What no estimator saw: planted scores of a simulated company, or answers that were set aside; None where there is neither."""
    if planted is not None:
        scores = planted["survivorship"]["frame"]["nps"]
        return {"reachable": scores["contactable"], "everyone": scores["all"]}
    if "withheld" in studied.notes and not np.isnan(everybody.y).any():
        heard = supported(studied, gating.load())
        return {"reachable": float(everybody.y[heard].mean()), "everyone": float(everybody.y.mean())}
    return None


def stated(result: Survivorship, known: Mapping[str, float] | None) -> Study:
    """The finding as it is stated: a test on answers set aside says what they were, so that nobody takes its estimate for news."""
    study = result.study
    if not result.frame.is_staged or known is None:
        return study
    told = answering.known(study.headline, known)
    return replace(study, answer=joined(study.answer, told))


def set_aside(everybody: Frame, how: str) -> Text:
    """What was hidden on purpose, and whether the answers of those who left agree so closely that the score looks derived from leaving."""
    left = everybody.people["is_churned"].fillna(False).to_numpy(dtype=bool)
    gone, stayed = everybody.y[left], everybody.y[~left]
    gone, stayed = gone[~np.isnan(gone)], stayed[~np.isnan(stayed)]
    said = words.hidden(how, people=len(everybody.y), answered=len(gone) + len(stayed), gone=len(gone))
    if len(gone) >= correcting.MIN_SECOND and np.ptp(gone) == 0 and len(stayed) and np.ptp(stayed) > 0:
        return joined(said, words.GIVEAWAY)
    return said
