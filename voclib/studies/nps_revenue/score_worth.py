"""What is one point of NPS worth? Four named paths to the same point, three times apart, and what single scores hide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Estimate, Ladder, Text, Verdict, refusal
from voclib.schema import conformity
from voclib.stats import crossfit, worth
from voclib.stats import gates as gating
from voclib.stats.gates import Gates
from voclib.studies.nps_revenue import cohort as cohorts
from voclib.studies.nps_revenue import money_words
from voclib.studies.nps_revenue import score_worth_text as words
from voclib.studies.nps_revenue.cohort import Cohort

Tables = Mapping[str, pd.DataFrame]
MIN_ANSWERS = 200
KNOWN = ("prior_rank", "tenure_rank", "segment", "value_tier", "complaints_12m", "logins_90d")


@dataclass(frozen=True, kw_only=True)
class ScoreWorth:
    """`paths` are the worth of one more point along four paths, `classes` the money of detractors, passives and promoters, `slope` what a point of a
    customer's own score goes with: as it is, and corrected for the noise of single scores."""

    paths: tuple[Estimate, ...]
    naive: Mapping[str, Estimate]
    classes: tuple[Estimate, ...]
    slope: Ladder
    captions: Mapping[str, Mapping[str, Any]]

    def path(self, name: str) -> Estimate:
        """The worth of a point along one path, or its refusal."""
        return next(e for e in self.paths if e.group == name)

    def bars(self) -> pd.DataFrame:
        """The four paths for the chart, those that can be priced: path, value, low, high."""
        rows = [(e.group, e.value, e.conf_low, e.conf_high) for e in self.paths if e.kind == "estimate"]
        return pd.DataFrame(rows, columns=["path", "value", "low", "high"])


@conformity.explained
def mildest(tables: Tables, *, conf_level: float = 0.95, **window: Any) -> dict[str, Estimate | None]:
    """What a point goes with where everybody is a little happier, for a study that turns points into money: `point` and, uncorrected, `naive_point`.

    `window` is that of `cohort.build`. Where contacts, customers and ledger make no cohort the point is refused and says why: the caller's own
    finding needs no money.

    Raises
    ------
    ParameterError
        as `cohort.build`, for arguments that no tables could meet.
    """
    try:
        cohort = cohorts.build(tables, **window)
        found = study(tables, cohort, customers=len(tables["customers"]), conf_level=conf_level)
    except DataError as error:
        reason, needs = words.no_cohort(error)
        return {"point": refusal("point_worth", unit="cny", group="tilt", reason=reason, needs=needs), "naive_point": None}
    return {"point": found.path("tilt"), "naive_point": found.naive.get("tilt")}


@conformity.explained
def study(tables: Tables, cohort: Cohort, *, customers: int, gates: Gates | None = None, conf_level: float = 0.95) -> ScoreWorth:
    """Money after an answer by what was answered, for `customers` customers; adjusted for what was known before.

    Each customer's first score of the window starts their year. Refused where fewer than 200 can be followed, or where
    they belong to fewer dealers than an interval needs.
    """
    people = cohorts.answered(tables, cohort)
    few = _too_few(people, gates or gating.load())
    if few is not None:
        reason, needs = few
        none = tuple(refusal("point_worth", unit=cohort.unit, group=path, reason=reason, needs=needs) for path in worth.PATHS)
        slope = Ladder("score_slope", (refusal("score_slope", unit=cohort.unit, rung="corrected", reason=reason, needs=needs),), chosen="corrected")
        return ScoreWorth(paths=none, naive={}, classes=(), slope=slope, captions=words.captions(none, {}, slope, cohort, customers))
    score, money = people["score"].to_numpy(dtype=float), people["money"].to_numpy(dtype=float)
    matrix = crossfit.independent(crossfit.features(people, [c for c in KNOWN if c in people and people[c].nunique() > 1]).matrix)
    cluster = people["unit_id"] if people["unit_id"].notna().all() and people["unit_id"].nunique() > 1 else None
    values = worth.class_values(money, (score >= 9).astype(int) - (score <= 6), matrix=matrix, weights=people["weight"], cluster=cluster)
    options = {"unit": cohort.unit, "conf_level": conf_level, "evidence_level": 1, "verdict": Verdict.REPORT_WITH_CAVEAT}
    made = worth.paths(values, customers=customers)
    plain = worth.paths(values, customers=customers, kind="crude")
    paths = tuple(made.estimate(path, "point_worth", group=path, **_told(made, path, options)) for path in worth.PATHS)
    naive = {path: plain.estimate(path, "point_worth", group=path, **(options | {"evidence_level": 0})) for path in plain.fits if path in made.fits}
    classes = tuple(fit.estimate("class_money", group=name, **options) for name, fit in
                    zip(("detractors", "passives", "promoters"), values.standardised, strict=True) if fit is not None)
    slope = _slope(people, money, matrix, cluster, cohort, options)
    return ScoreWorth(paths=paths, naive=naive, classes=classes, slope=slope, captions=words.captions(paths, naive, slope, cohort, customers))


def _too_few(people: pd.DataFrame, gates: Gates) -> tuple[Text, Text] | None:
    """Why so few answers, or answers from so few dealers, are worth no number."""
    count = int(people["weight"].gt(0).sum()) if len(people) else 0  # an answer without weight stands for nobody
    if count < MIN_ANSWERS:
        return words.too_few(count, MIN_ANSWERS)
    if people["money"].nunique() < 2:
        return words.alike(count, float(people["money"].iloc[0]))
    dealers, floor = people["unit_id"].nunique(), gates.min_clusters
    return money_words.few_dealers(dealers, floor) if 0 < dealers < floor else None


def _told(made: worth.Paths, path: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options of an Estimate; a refused path takes none but its unit."""
    return options if path in made.fits else {"unit": options["unit"]}


def _slope(people: pd.DataFrame, money: np.ndarray, matrix: np.ndarray, cluster: pd.Series | None, cohort: Cohort,
           options: dict[str, Any]) -> Ladder:
    """What a point of the score goes with, from one score and corrected by a second one of the same customer."""
    first, second = (people[name].to_numpy(dtype=float) for name in ("score", "second"))
    try:
        found = worth.disattenuated(money, first, second, matrix=matrix, cluster=cluster)
    except DataError as error:
        reason, needs = words.no_second(error)
        return Ladder("score_slope", (refusal("score_slope", unit=cohort.unit, rung="corrected", reason=reason, needs=needs),), chosen="corrected")
    naive = found.naive.estimate("score_slope", rung="single", **options)
    corrected = found.estimate("score_slope", rung="corrected", **options)
    return Ladder("score_slope", (naive, corrected), chosen="corrected")
