"""Everything computed for the EX–VoC study, once: slopes, lags, direction, programme, and what could overturn them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.stats import events, inference, panel, reliability, sensitivity
from voclib.stats.events import EventStudy
from voclib.stats.gates import Gates
from voclib.stats.inference import Decision, Fit, Permutation
from voclib.stats.panel import Agreement, Differences, Direction, DistributedLag, Slopes
from voclib.stats.panel import lags as lagging
from voclib.stats.reliability import Aggregation, Change
from voclib.stats.reliability import Agreement as RaterAgreement
from voclib.stats.sensitivity import Sensitivity
from voclib.studies.ex_voc.panel import ExPanel

T = TypeVar("T")
KEYS = {"unit": "unit_id", "period": "period"}
PSEUDO = 200  # regroupings of employees into pseudo-stores


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Whether the employee survey measures the unit: reliability of its level, of its change, and agreement; None where only means are at hand."""

    level: Aggregation
    change: Change
    rwg: RaterAgreement | None


@dataclass(frozen=True, kw_only=True)
class Rungs:
    """Fits are in outcome units per point of the exposure's scale; `sd` is the within-unit standard deviation that pages multiply them by.

    `corrected` is None where the sampling noise of the exposure is unknown. `left_out` are controls of which nothing can be learnt.
    """

    panel: ExPanel
    left_out: tuple[str, ...]
    lag: int
    sd: float
    sd_is_true: bool
    main: DistributedLag
    slopes: Slopes
    lines: pd.DataFrame
    plain: Decision
    corrected: Decision | None
    libraries: Agreement
    measured: Measured | None
    profile: DistributedLag
    direction: Direction | None
    way_back: Fit | None
    half_panel: Fit | None
    differences: Differences | None
    hidden: Sensitivity
    untouched: Fit | None
    selection: Fit | None
    elsewhere: Fit | None
    programme: EventStudy | None
    lottery: Permutation | None
    n_treated: int
    more: pd.DataFrame
    seed: int

    @property
    def chosen(self) -> Decision:
        """The answer: with the noise taken off where it is known."""
        return self.corrected if self.corrected is not None else self.plain

    @property
    def feedback_found(self) -> bool:
        """Whether the outcome seems to move the exposure: leads that are not zero, or a way back that excludes it."""
        led = self.direction is not None and not self.direction.no_lead_found
        back = self.way_back is not None and abs(self.way_back.value) > inference.quantile(0.95, self.way_back.df) * self.way_back.std_error
        return led or back

    @property
    def taken_off(self) -> tuple[float, float] | None:
        """The slope per standard deviation with no sampling noise taken off and with all of it; None where none is known.

        What lasts in a person is no noise in the change of a unit that the person answers for every time, and the survey does not say who does:
        the truth lies between both.
        """
        return None if self.corrected is None else (self.plain.fit.value * self.sd, self.corrected.fit.value * self.sd)

    def scaled(self, fit: Fit) -> Fit:
        """A slope per within-unit standard deviation."""
        return fit.times(self.sd)


def compute(given: ExPanel, *, lag: int, lags: tuple[int, ...], leads: int, gates: Gates, draws: int, seed: int, conf_level: float) -> Rungs:
    """All parts; the declared lag must be estimable, everything else may be missing.

    Raises
    ------
    DataError
        where the declared lag cannot be estimated at all.
    """
    given, left_out, main = declared(given, lag)
    roles = _roles(given, lag)
    measured = _measured(given, conf_level, seed)
    sd, is_true = _spread(main, measured)
    slopes = panel.slopes(main.rows, conf_level=conf_level)
    options = {"draws": draws, "seed": seed, "conf_level": conf_level}
    corrected = main.decide(lag, corrected=True, **options) if main.corrected is not None else None
    noisy = {"noise": roles["noise"]}
    bare = {**KEYS, "outcome": "outcome", "exposure": "ex"}
    programme, lottery, treated = _programme(given, main, conf_level, seed)
    return Rungs(
        panel=given, left_out=left_out, lag=lag, sd=sd, sd_is_true=is_true, main=main, slopes=slopes,
        lines=panel.unit_lines(main.rows, slopes.within.value),
        plain=main.decide(lag, corrected=False, **options), corrected=corrected, libraries=_libraries(main), measured=measured,
        profile=_profile(given, roles, lags, leads, main),
        direction=maybe(lambda: panel.direction(given.frame, **roles, lag=lag, leads=leads, level=gates.leads_level, share=gates.lead_share,
                                                 conf_level=conf_level)),
        way_back=maybe(lambda: panel.reverse(given.frame, **bare, **noisy)),
        half_panel=maybe(lambda: panel.half_panel(given.frame, **bare, **noisy, lag=lag, controls=roles["controls"])),
        differences=maybe(lambda: panel.anderson_hsiao(given.frame, **bare, **noisy, lag=lag)),
        hidden=_hidden(main, sd, conf_level), untouched=_other_outcome(given, roles, lag, "untouched"),
        selection=_other_outcome(given, roles, lag, "response_rate"), elsewhere=_elsewhere(given, roles, lag, seed), programme=programme,
        lottery=lottery, n_treated=treated, more=panel.doubled(main, lag, conf_level=conf_level), seed=seed)


def declared(given: ExPanel, lag: int) -> tuple[ExPanel, tuple[str, ...], DistributedLag]:
    """The panel with the controls that can be used, those that cannot, and the model of the one declared lag.

    Raises
    ------
    DataError
        where that lag cannot be estimated at all.
    """
    given, left_out = _usable(given, lag)
    return given, left_out, panel.distributed_lag(given.frame, **_roles(given, lag), lags=(lag,))


def cells(given: ExPanel, lag: int) -> pd.DataFrame:
    """The rows that the declared lag is estimated on: unit_id, ex_period in which employees were asked, period in which customers were served.

    Raises
    ------
    DataError
        as `declared`.
    """
    main = declared(given, lag)[2]
    ordered = given.frame.sort_values(["unit_id", "period"], ignore_index=True)  # as the regression numbers its cells
    asked = ordered.loc[main.rows.cell[:, 0], ["unit_id", "period"]].reset_index(drop=True)
    return pd.DataFrame({"unit_id": asked["unit_id"], "ex_period": asked["period"], "period": asked["period"] + lag})


def _libraries(main: DistributedLag) -> Agreement:
    """The regression by both libraries, on columns brought to one size: pyfixest stops at an exposure of a thousand million."""
    rows = main.rows
    sized = replace(rows, y=rows.y / (rows.y.std() or 1.0), x=rows.x / rows.x.std(axis=0),
                    z=rows.z / np.where(rows.z.std(axis=0) > 0, rows.z.std(axis=0), 1.0),
                    noise=None)
    return panel.agreement(lagging.build(sized, exposure=main.exposure, lags=main.lags))


def _roles(given: ExPanel, lag: int) -> dict[str, Any]:
    """Arguments that every model shares; controls enter with the exposure, so that they stood before the outcome."""
    return {**KEYS, "outcome": "outcome", "exposure": "ex", "controls": dict.fromkeys(given.controls, lag),
            "noise": "ex_noise" if given.has_noise else None, "sampling": "outcome_sampling" if given.has_sampling else None}


def _usable(given: ExPanel, lag: int) -> tuple[ExPanel, tuple[str, ...]]:
    """The panel with those controls, in their order, that change within units and repeat none before them; and the others."""
    roles, used = _roles(given, lag) | {"noise": None, "sampling": None}, []

    def fits(names: list[str]) -> bool:
        model = partial(panel.distributed_lag, given.frame, **roles | {"controls": dict.fromkeys(names, lag)}, lags=(lag,))
        return maybe(lambda: model().regression(corrected=False)) is not None

    for name in given.controls if fits([]) else ():
        used += [name] if fits([*used, name]) else []
    return replace(given, controls=tuple(used)), tuple(name for name in given.controls if name not in used)


def is_all_noise(given: ExPanel, lag: int) -> bool:
    """Whether the exposure changes within units by no more than its sampling noise, be it only where one unit is left out."""
    roles = _roles(_usable(given, lag)[0], lag)

    def fits(noise: str | None) -> bool:
        model = partial(panel.distributed_lag, given.frame, **roles | {"noise": noise}, lags=(lag,))
        return maybe(lambda: model().regression(corrected=noise is not None)) is not None

    return fits(None) and not fits(roles["noise"])


def maybe(made: Callable[[], T]) -> T | None:
    """A part, or None where the panel is too small or too poor for it; pages then say what it would take."""
    try:
        return made()
    except DataError:
        return None


def _measured(given: ExPanel, conf_level: float, seed: int) -> Measured | None:
    """Reliability of level and change, from the answers."""
    answers = given.answers
    if answers is None:
        return None
    level = reliability.aggregation(answers["value"], answers["unit_id"], within=answers["period"], conf_level=conf_level, draws=PSEUDO, seed=seed)
    change = reliability.change(answers, **KEYS, value="value", conf_level=conf_level)
    last = answers[answers["period"].eq(answers["period"].max())].dropna(subset=list(given.items)) if given.items else answers.iloc[:0]
    rwg = maybe(lambda: reliability.agreement(last[list(given.items)], last["unit_id"], points=given.points, null="slight skew", draws=PSEUDO,
                                               seed=seed)) if len(last) else None
    return Measured(level=level, change=change, rwg=rwg)


def _spread(main: DistributedLag, measured: Measured | None) -> tuple[float, bool]:
    """The within-unit standard deviation of the exposure, of its true part where that is known."""
    if measured is not None and measured.change.sd_true > 0:
        return measured.change.sd_true, True
    observed = panel.within_sd(main.rows)
    return (observed * float(np.sqrt(main.reliability)), True) if main.corrected is not None else (observed, False)


def _profile(given: ExPanel, roles: Mapping[str, Any], lags: tuple[int, ...], leads: int, main: DistributedLag) -> DistributedLag:
    """Leads and lags in one model; the furthest ones are dropped until enough periods are left for a change to be seen."""
    wanted = [*range(-leads, 0), *sorted(lags)]
    while True:
        found = maybe(partial(panel.distributed_lag, given.frame, **roles, lags=tuple(wanted)))
        if found is not None and (len(found.rows.periods) >= 3 or len(wanted) <= 2):
            return found
        if len(wanted) <= 1:
            return main
        wanted = wanted[:-1] if wanted[-1] > -wanted[0] and wanted[-1] > min(lags) else wanted[1:]


def _hidden(main: DistributedLag, sd: float, conf_level: float) -> Sensitivity:
    """What a hidden factor would do to the slope, noise taken off in proportion; strengths are compared with the controls on record."""
    y, x, beside, names = panel.partialled(main.rows)
    share = main.reliability if main.corrected is not None else 1.0
    controls = {t.column: [t.name] for t in main.rows.controls}
    return sensitivity.ols_sensitivity(y, x * share / sd, beside, names, benchmarks=controls, k=(1, 2, 3), cluster=main.rows.cluster,
                                       conf_level=conf_level)


def _other_outcome(given: ExPanel, roles: Mapping[str, Any], lag: int, column: str) -> Fit | None:
    """The declared lag on something the exposure should not move."""
    if column not in given.frame:
        return None
    options = {**roles, "outcome": column, "sampling": None}
    return maybe(lambda: _slope(panel.distributed_lag(given.frame, **options, lags=(lag,)), lag))


def _elsewhere(given: ExPanel, roles: Mapping[str, Any], lag: int, seed: int) -> Fit | None:
    """The slope on the employees of another unit of the same region: each unit is handed the answers of its neighbour in a random order."""
    frame = given.frame
    rng = np.random.default_rng([seed, 77])
    place = frame["region"] if "region" in frame else pd.Series("", index=frame.index)
    swapped: dict[Any, Any] = {}
    for _, units in frame.assign(place=place.fillna("")).groupby("place")["unit_id"]:
        order = rng.permutation(np.sort(units.unique()))
        swapped |= dict(zip(order, np.roll(order, 1), strict=True)) if len(order) > 1 else {}
    borrowed = frame[["unit_id", "period", "ex", *(["ex_noise"] if given.has_noise else [])]]
    theirs = frame.drop(columns=[c for c in ("ex", "ex_noise") if c in frame]).assign(lender=frame["unit_id"].map(swapped))
    joined = theirs.merge(borrowed.rename(columns={"unit_id": "lender"}), on=["lender", "period"], how="left").drop(columns="lender")
    return maybe(lambda: _slope(panel.distributed_lag(joined, **roles, lags=(lag,)), lag))


def _slope(model: DistributedLag, lag: int) -> Fit:
    return model.regression(corrected=model.corrected is not None).fit(model.term(lag))


def _programme(given: ExPanel, main: DistributedLag, conf_level: float, seed: int) -> tuple[EventStudy | None, Permutation | None, int]:
    """The event study of the programme where the policy allows one, else a permutation of who started when; and how many units were treated."""
    if "started" not in given.frame or given.frame["started"].notna().sum() == 0:
        return None, None, 0
    frame = given.frame[given.frame["outcome"].notna()]
    begun = frame["started"].le(frame["period"])
    treated, units, fewer = int(frame.loc[begun, "unit_id"].nunique()), *_compared(frame, begun)
    allowed, about = inference.policy(units, fewer), {**KEYS, "exposed_in": "started", "outcome": "outcome", "conf_level": conf_level, "seed": seed}
    if allowed.methods == ("permutation",):
        return None, maybe(lambda: events.lottery(frame, **about)), treated
    if not allowed.p_values:
        return None, None, treated
    spread = main.residual_sd**2 + frame["outcome_sampling"] if given.has_sampling and np.isfinite(main.residual_sd) else 1.0
    weighted = frame.assign(precision=1.0 / spread)
    return maybe(lambda: events.event_study(weighted, **about, weights="precision", leads=2)), None, treated


def _compared(frame: pd.DataFrame, begun: pd.Series) -> tuple[int, int]:
    """Units seen before they start, and the most of them that stand on the smaller side of any one period: started, or not yet or never.

    Whoever starts later is a comparison until then (Borusyak, Jaravel & Spiess 2024): where units start in turn, all may have started in the end.
    """
    usable = frame["unit_id"].isin(frame.loc[~begun, "unit_id"])
    sides = begun[usable].groupby(frame.loc[usable, "period"]).agg(["sum", "size"])
    return int(frame.loc[usable, "unit_id"].nunique()), int(np.minimum(sides["sum"], sides["size"] - sides["sum"]).max()) if len(sides) else 0
