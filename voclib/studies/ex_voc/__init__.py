"""Does employee experience lead the customer's voice, by how much, and how sure are we? From a vendor's correlation to what a panel can carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.stats.inference import Decision
from voclib.studies.ex_voc import answer as answering
from voclib.studies.ex_voc import captions as captioning
from voclib.studies.ex_voc import checks as gate_words
from voclib.studies.ex_voc import rungs as climbing
from voclib.studies.ex_voc import text as words
from voclib.studies.ex_voc import worth as money
from voclib.studies.ex_voc.panel import ExPanel
from voclib.studies.ex_voc.rungs import Rungs
from voclib.studies.ex_voc.worth import Worth

GRID_SHOWN = 21
STILL = 1e-9
"""Means of equal answers differ by their rounding, some 1e-16 of their size; a change in one answer of a million by far more."""
COPY, FEWEST = 0.98, 10
"""An exposure that goes with the outcome more closely than this, in so many cells, was computed from it."""


@dataclass(frozen=True, kw_only=True)
class ExVoc:
    """What the page shows: the finding, the ladders of slope and programme, and frames for charts.

    `ladder` is the slope of the outcome on employee experience, per within-unit standard deviation, at the declared lag. `profile` holds all lags
    and leads at once, `lines` the units' own lines, `reliability` the readings of the survey, `path` the programme's event study, `contour` what a
    hidden factor would do, `more` what more data would buy, `worth` the money where the customers' ledger is at hand. `rungs` is None where
    nothing could be estimated.
    """

    study: Study
    rungs: Rungs | None
    ladder: Ladder
    programme: Ladder | None
    profile: pd.DataFrame
    lines: pd.DataFrame
    bins: pd.DataFrame
    reliability: pd.DataFrame
    path: pd.DataFrame
    contour: pd.DataFrame
    more: pd.DataFrame
    worth: Worth | None
    captions: Mapping[str, Mapping[str, Any]]

    @property
    def effect(self) -> Estimate:
        """The answer: the slope, or the refusal."""
        return self.ladder[self.ladder.chosen]

    def raw(self, rung: str) -> Estimate:
        """`pooled` or `within` per point of the exposure's own scale, as a picture over that scale needs it."""
        return getattr(self.rungs.slopes, rung).estimate("ex_slope", unit=self.rungs.panel.outcome_unit, rung=rung)


def study(panel: ExPanel, *, lag: int = 1, lags: Sequence[int] = (0, 1, 2, 3), leads: int = 2, point: Estimate | None = None,
          naive_point: Estimate | None = None, draws: int = 9999, gates: Gates | None = None, conf_level: float = 0.95, seed: int = 0) -> ExVoc:
    """The study of one panel.

    `lag` is the one confirmatory lag, `lags` and `leads` the profile shown around it: all are declared before data are looked at. `point` is what a
    point of the outcome is worth a year (study of money), `naive_point` the same before correction. `draws` are those of the wild bootstrap.

    Raises
    ------
    ParameterError
        for a declared lag below 1 (the outcome of the same period saw the exposure happen) or not among `lags`, leads below 1.
    DataError
        for a table that is no panel, an exposure that repeats the outcome.
    """
    if not isinstance(panel, ExPanel):
        raise DataError(f"This study reads a panel, not a {type(panel).__name__}: voclib.studies.ex_voc.panel.from_frame makes one of a table with "
                        "one row a unit and period, from_tables of a company's standard tables.")
    if not isinstance(lag, int) or lag < 1 or lag not in lags or leads < 1:
        raise ParameterError(f"The declared lag must be at least 1 and one of lags, and there must be at least one lead; given: lag={lag}, "
                             f"lags={', '.join(map(str, lags))}, leads={leads}.")
    gates = gates or gating.load()
    _refuse_copies(panel, range(-leads, max(lags) + 1))
    if (obstacle := _obstacle(panel, lag)) is not None:
        return _withheld(panel, obstacle, seed)
    rungs = climbing.compute(panel, lag=lag, lags=tuple(lags), leads=leads, gates=gates, draws=draws, seed=seed, conf_level=conf_level)
    checks = gate_words.checks(rungs, gates)
    ladder, programme = _ladder(rungs, checks, conf_level), _programme(rungs, conf_level)
    worth = None if point is None else money.worth(rungs, ladder[ladder.chosen], point=point, naive_point=naive_point, seed=seed)
    frames = {**_pictures(rungs, conf_level, seed), "reliability": _reliability(rungs, gates),
              "path": pd.DataFrame() if rungs.programme is None else rungs.programme.tidy(), "contour": _contour(rungs)}
    finding = answering.finding(rungs=rungs, ladder=ladder, programme=programme, checks={**_given(panel), **checks}, worth=worth, seed=seed)
    captions = captioning.captions(rungs=rungs, ladder=ladder, programme=programme, worth=worth, **frames)
    return ExVoc(study=finding, rungs=rungs, ladder=ladder, programme=programme, worth=worth, captions=captions,
                 more=rungs.more.assign(detectable=rungs.more["detectable"] * rungs.sd), **frames)


def counted(panel: ExPanel, *, lag: int) -> pd.DataFrame:
    """Cells that stand behind the slope of the declared lag (unit_id, ex_period, period); none where the study gives no slope.

    Raises
    ------
    DataError
        where the declared lag cannot be estimated at all.
    """
    if _obstacle(panel, lag) is not None:
        return pd.DataFrame({"unit_id": pd.Series(dtype="str"), "ex_period": pd.Series(dtype="int64"), "period": pd.Series(dtype="int64")})
    return climbing.cells(panel, lag)


def _pictures(rungs: Rungs, conf_level: float, seed: int) -> dict[str, pd.DataFrame]:
    """Profile, lines and bins; empty where no slope has an error worth printing."""
    if rungs.plain.conf_low is None:
        return {name: pd.DataFrame() for name in ("profile", "lines", "bins")}
    moved = rungs.lines["x0"] < rungs.lines["x1"]
    return {"profile": _profile(rungs, conf_level, seed), "lines": rungs.lines[moved].reset_index(drop=True), "bins": _bins(rungs)}


def _given(panel: ExPanel) -> dict[str, Check]:
    """Checks of the table itself."""
    return {f"table {i}": check for i, check in enumerate(panel.checks)}


def _refuse_copies(panel: ExPanel, offsets: Sequence[int]) -> None:
    """Refuse an exposure computed from the outcome: within units and periods the two are then one column, at some distance."""
    frame, known = panel.frame, panel.frame[["unit_id", "period", "outcome"]].dropna()
    for offset in offsets:
        pairs = frame[["unit_id", "period", "ex"]].dropna().merge(known.assign(period=known["period"] - offset), on=["unit_id", "period"])
        left = pairs[["ex", "outcome"]] - pairs.groupby("unit_id")[["ex", "outcome"]].transform("mean")
        left -= left.groupby(pairs["period"]).transform("mean")
        size = np.sqrt((left**2).sum().prod())
        if len(pairs) >= FEWEST and size > 0 and abs(left.prod(axis=1).sum()) > COPY * size:
            raise DataError(f"{panel.exposure.en} repeats {panel.outcome.en} of {abs(offset)} period(s) {'later' if offset > 0 else 'earlier'} "
                            f"(|r| above {COPY:g} in {len(pairs)} cells): one was computed from the other, or one column was chosen twice. Use the "
                            "employees' own answers as the exposure.")


def _obstacle(panel: ExPanel, lag: int) -> tuple[Text, Text] | None:
    """Why no change within units can be studied, and what would make it possible; None where it can."""
    if panel.unasked or panel.unheard:
        return panel.unasked or panel.unheard
    ex = panel.frame.dropna(subset=["ex"])
    moved = panel.frame[["unit_id", "period", "outcome"]].assign(period=panel.frame["period"] - lag).dropna()
    both = ex.merge(moved.rename(columns={"outcome": "later"}), on=["unit_id", "period"])
    kept = both[both.groupby("unit_id")["period"].transform("size").gt(1)]
    if len(ex) and _still(ex["ex"]):
        return words.obstacle("constant", panel)
    if len(kept) and kept.groupby("unit_id")["ex"].agg(_still).all():
        return words.obstacle("still", panel)
    if kept["period"].nunique() < 2 or kept["unit_id"].nunique() < 4:
        return words.obstacle("short", panel, periods=int(both["period"].nunique()), units=int(both["unit_id"].nunique()))
    if kept.groupby("unit_id")["later"].agg(_still).all():
        return words.obstacle("flat", panel)
    for column, kind in (("ex", "common"), ("later", "season")):
        if kept.groupby("period")[column].agg(_still).all():
            return words.obstacle(kind, panel)
    return words.obstacle("noise", panel) if panel.has_noise and climbing.is_all_noise(panel, lag) else None


def _still(values: pd.Series) -> bool:
    """Whether values are one number; means of equal answers differ in their last digits (`STILL`)."""
    return bool(np.ptp(values) <= STILL * np.abs(values).max())


def _withheld(panel: ExPanel, obstacle: tuple[Text, Text], seed: int) -> ExVoc:
    """The page of a panel that carries no change: a refusal and nothing else."""
    reason, needs = obstacle
    only = refusal("ex_slope", unit=panel.outcome_unit, rung="lagged", reason=reason, needs=needs)
    ladder = Ladder("ex_slope", (only,), chosen="lagged")
    nothing = {name: pd.DataFrame() for name in ("profile", "lines", "bins", "reliability", "path", "contour", "more")}
    finding = answering.refused(panel, ladder, (*panel.checks, gate_words.unseen(panel, reason)), seed)
    return ExVoc(study=finding, rungs=None, ladder=ladder, programme=None, worth=None, captions=captioning.refused(ladder, panel), **nothing)


def _ladder(rungs: Rungs, checks: Mapping[str, Check], conf_level: float) -> Ladder:
    """The slope per within-unit standard deviation, rung by rung; every rung is on the rows of the declared lag."""
    reached, verdict = gate_words.level(rungs, dict(checks)), gate_words.verdict(rungs, dict(checks))
    about = {"unit": rungs.panel.outcome_unit, "conf_level": conf_level}
    if rungs.chosen.conf_low is None:
        return _vendor_only(rungs, about)
    made = [rungs.scaled(fit).estimate("ex_slope", rung=name, evidence_level=level, verdict=Verdict.REPORT_WITH_CAVEAT, **about)
            for name, fit, level in (("pooled", rungs.slopes.pooled, 0), ("between", rungs.slopes.between, 0), ("within", rungs.slopes.within, 1))]
    made.append(_decided(rungs, rungs.plain, "lagged", about, evidence_level=1, verdict=verdict))
    if rungs.corrected is not None:
        made.append(_decided(rungs, rungs.corrected, "corrected", about, evidence_level=reached, verdict=verdict))
    chosen = made[-1].rung
    made[-1] = made[-1].with_(evidence_level=reached, seed=rungs.seed) if made[-1].kind == "estimate" else made[-1]
    if verdict is Verdict.REFUSE:
        reason, needs = answering.why_refused(checks)
        made[-1] = refusal("ex_slope", unit=rungs.panel.outcome_unit, rung=chosen, reason=reason, needs=needs)
    if rungs.half_panel is not None:
        made.append(rungs.scaled(rungs.half_panel).estimate("ex_slope", rung="feedback", evidence_level=1, verdict=Verdict.REPORT_WITH_CAVEAT,
                                                            **about))
    if rungs.feedback_found and rungs.differences is not None and not rungs.differences.is_weak:
        made.append(rungs.scaled(rungs.differences.fit).estimate("ex_slope", rung="differences", evidence_level=1,
                                                                 verdict=Verdict.REPORT_WITH_CAVEAT, **about))
    return Ladder("ex_slope", tuple(made), chosen=chosen)


def _vendor_only(rungs: Rungs, about: Mapping[str, Any]) -> Ladder:
    """What a vendor would quote, and a refusal: with a handful of units no slope has an error that may be printed."""
    reason, needs = words.too_few_clusters(rungs.main.n_clusters, rungs.panel)
    pooled = rungs.scaled(rungs.slopes.pooled).estimate("ex_slope", rung="pooled", evidence_level=0, verdict=Verdict.REPORT_WITH_CAVEAT, **about)
    none = refusal("ex_slope", unit=about["unit"], rung="lagged" if rungs.corrected is None else "corrected", reason=reason, needs=needs)
    return Ladder("ex_slope", (pooled, none), chosen=none.rung)


def _decided(rungs: Rungs, found: Decision, rung: str, about: Mapping[str, Any], **more: Any) -> Estimate:
    """A slope under the inference policy."""
    fit = rungs.scaled(found.fit)
    return Estimate(estimand="ex_slope", kind="estimate", rung=rung, value=fit.value, std_error=fit.std_error, conf_low=found.conf_low * rungs.sd,
                    conf_high=found.conf_high * rungs.sd, p_value=found.p_value, ci_method=found.method, n=fit.n, n_clusters=fit.n_clusters,
                    **{**about, **more})


def _programme(rungs: Rungs, conf_level: float) -> Ladder | None:
    """What followed the programme, in outcome units; None where none is given."""
    unit, about = rungs.panel.outcome_unit, {"conf_level": conf_level, "verdict": Verdict.REPORT_WITH_CAVEAT}
    if "started" not in rungs.panel.frame:
        return None
    if rungs.programme is not None:
        found = rungs.programme
        rows = (found.naive.estimate("programme_effect", unit=unit, rung="naive", evidence_level=0, **about),
                found.att.estimate("programme_effect", unit=unit, rung="events", evidence_level=3 if found.passes else 1, **about))
        return Ladder("programme_effect", rows, chosen="events")
    if rungs.lottery is not None:
        return Ladder("programme_effect", (_dealt(rungs, unit, about),), chosen="permutation")
    reason, needs = words.no_comparison(rungs.n_treated, rungs.main.n_clusters, rungs.panel)
    return Ladder("programme_effect", (refusal("programme_effect", unit=unit, rung="events", reason=reason, needs=needs),), chosen="events")


def _dealt(rungs: Rungs, unit: str, about: Mapping[str, Any]) -> Estimate:
    """What the programme did where few units took part; refused where dealing the starts out anew leaves the interval without an end."""
    lot = rungs.lottery
    if not np.isfinite([lot.conf_low, lot.conf_high]).all():
        reason, needs = words.open_interval(lot.smallest_p, rungs.panel)
        return refusal("programme_effect", unit=unit, rung="permutation", reason=reason, needs=needs)
    return Estimate(estimand="programme_effect", kind="estimate", unit=unit, rung="permutation", value=lot.difference, conf_low=lot.conf_low,
                    conf_high=lot.conf_high, p_value=lot.p_value, ci_method="permutation of who started when", n=lot.n_units, evidence_level=1,
                    **about)


def _contour(rungs: Rungs) -> pd.DataFrame:
    """What a hidden factor would make of the slope; `conf_end` is the end of its interval nearer to zero."""
    if rungs.hidden.robustness.at_level <= 0:
        return pd.DataFrame()  # the interval holds zero as it is
    found, known = rungs.hidden.contour(size=GRID_SHOWN), rungs.hidden.bounds
    if len(known) and known["r2_dz"].notna().any():  # one factor, the strongest, is enough to compare with: the others crowd in its corner
        top = known.loc[known["r2_dz"].idxmax(), "benchmark"]
        found = found[found["label"].eq("") | found["label"].str.startswith(f"{top} ×")].reset_index(drop=True)
    return found.assign(conf_end=found["conf_low"] if rungs.hidden.fit.value >= 0 else found["conf_high"])


def _profile(rungs: Rungs, conf_level: float, seed: int) -> pd.DataFrame:
    """All lags and leads per standard deviation; where they cannot be told apart, only their sum, as lag 0."""
    model, corrected = rungs.profile, rungs.profile.corrected is not None
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high"]
    found = climbing.maybe(lambda: model.profile(corrected=corrected, conf_level=conf_level, seed=seed))
    if found is None or rungs.lag not in model.lags or len(model.lags) < 2 or not model.tells_lags_apart:
        return pd.DataFrame()
    found[numbers] *= rungs.sd
    return found.sort_values("lag", ignore_index=True)


def _bins(rungs: Rungs, count: int = 12) -> pd.DataFrame:
    """Within-unit deviations in equal-count bins of five rows or more: x (standard deviations), y (mean), low, high, n; none where fewer than 3."""
    from voclib.stats import panel

    y, x, beside, _ = panel.partialled(rungs.main.rows)
    left = [v - beside @ np.linalg.lstsq(beside, v, rcond=None)[0] for v in (y, x / rungs.sd)]
    if (count := min(count, len(y) // 5)) < 3:
        return pd.DataFrame()
    place = np.minimum((np.argsort(np.argsort(left[1], kind="stable")) * count) // len(y), count - 1)
    by = pd.DataFrame({"x": left[1], "y": left[0]}).groupby(place)
    found = by.agg(x=("x", "mean"), y=("y", "mean"), spread=("y", "std"), n=("y", "size")).reset_index(drop=True)
    reach = 1.959964 * found.pop("spread") / np.sqrt(found["n"])
    return found.assign(low=found["y"] - reach, high=found["y"] + reach)


def _reliability(rungs: Rungs, gates: Gates) -> pd.DataFrame:
    """Readings of the survey: key, value, low, high, state, chance, gates, meaning, needs; without answers none has a value."""
    found = rungs.measured
    if found is None:
        blank = [(key, np.nan, np.nan, np.nan, "inform", np.nan, None) for key in ("icc1", "icc2", "change")]
        return _told(blank, rungs)
    level, change = found.level, found.change
    mean = "use" if level.icc2 >= gates.plain_icc2 else "correct" if level.icc2 >= gates.min_icc2 else "refuse"
    rows = [("icc1", level.icc1, level.icc1_low, level.icc1_high, "use" if level.is_shared else "refuse", level.pseudo_icc1, None),
            ("icc2", level.icc2, level.icc2_low, level.icc2_high, mean, np.nan, (gates.min_icc2, gates.plain_icc2)),
            ("change", change.value, change.conf_low, change.conf_high, "correct" if change.is_measurable else "refuse", np.nan, None)]
    if found.rwg is not None:
        rows.append(("rwg", found.rwg.median, *np.quantile(found.rwg.values, [0.25, 0.75]), "inform", found.rwg.pseudo_high, None))
    return _told(rows, rungs)


def _told(rows: list[tuple], rungs: Rungs) -> pd.DataFrame:
    """Readings with a sentence each, and what would assess those that are missing."""
    frame = pd.DataFrame(rows, columns=["key", "value", "low", "high", "state", "chance", "gates"])
    return frame.assign(meaning=[captioning.meaning(rungs, key) for key in frame["key"]], needs=[words.NEEDS_ANSWERS] * len(frame))


def against_truth(result: ExVoc, truth: Mapping[str, Any]) -> pd.DataFrame:
    """What was found beside what was planted, which no estimator saw: what, found, low, high, planted, holds."""
    planted = truth["ex_voc"]
    rows = [("ex_slope", result.effect, planted["slope_nps_per_climate_sd"])]
    if result.programme is not None and len(result.path) and planted["programme_path_nps"]:
        after = result.path.loc[~result.path["is_lead"], "relative_period"]
        path = [planted["programme_path_nps"].get(str(int(h))) for h in after]  # over the very periods that were estimated
        rows += [("programme_effect", result.programme[result.programme.chosen], float(np.mean(path)))] if None not in path else []
    made = [(words.PLANTED[key], round(e.value, 1), round(e.conf_low, 1), round(e.conf_high, 1), round(value, 1),
             words.HOLDS[bool(e.conf_low <= value <= e.conf_high)]) for key, e, value in rows if e.kind == "estimate"]
    return pd.DataFrame(made, columns=["what", "found", "low", "high", "planted", "holds"])
