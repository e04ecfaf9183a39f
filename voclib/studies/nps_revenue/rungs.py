"""What an exposure did to money, from the slide to what can be defended: the rungs of one cohort and what each hangs on.

Numbers only, an effect a customer exposed (negative is a loss); what they mean and whether they may be shown is decided in `nps_revenue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Text
from voclib.stats import crossfit, effects, events, inference, leniency, overlap, representativeness, sensitivity, tails
from voclib.stats.effects import Att
from voclib.stats.events import EventStudy
from voclib.stats.gates import Gates
from voclib.stats.inference import Array, Fit
from voclib.stats.leniency import Leniency
from voclib.studies import ledger as ledgers
from voclib.studies.nps_revenue import busy_weeks
from voclib.studies.nps_revenue import cohort as cohorts
from voclib.studies.nps_revenue import money_words as words
from voclib.studies.nps_revenue.cohort import Cohort

FOLDS = 5
RUNGS = ("naive", "regression", "twopart", "poisson", "before", "aipw", "events", "agents")
PRIOR = ("prior_rank", "spend_rank")
MONTHS = 12
LEADS = 6
FEWEST = 10  # customers who left, and who stayed, below which nothing is said about who does


@dataclass(frozen=True, kw_only=True)
class Rungs:
    """The rungs of one cohort of N customers.

    `fits` holds those that gave a number (on the N rows, but for "events", whose rows are customers too, in another order), `refused` reason and
    needs of the others, and of "left" and "returned" where these are None; "before" leaves out columns whose time is not known. `money`, `left` and
    `returned` are cross-fitted effects on money, on leaving and on coming back; `balance`, `empty` and `separation` say whether exposed and
    unexposed can be compared; `benchmark` is the known factor a hidden one is measured by (None without money from before); `tail` is the tail
    index of money over what was expected. Where `has_few_dealers`, every rung is refused: what was computed serves to describe the groups, and none
    of its errors may be printed.
    """

    cohort: Cohort
    matrix: Array
    fits: Mapping[str, Fit]
    refused: Mapping[str, tuple[Text, Text]]
    money: Att
    left: Att | None
    returned: Att | None
    events: EventStudy | None
    agents: Leniency | None
    placebo: Fit | None
    benchmark: sensitivity.Benchmark | None
    balance: pd.DataFrame
    empty: representativeness.ZeroCells
    separation: overlap.Separation
    tail: Fit | None
    has_few_dealers: bool = False
    season: Fit | None = None

    @property
    def n_exposed(self) -> int:
        """Customers who met the pain point."""
        return int(self.cohort.exposed.sum())

    @property
    def gap(self) -> Fit | None:
        """Regression's effect less the doubly robust one, on the same customers; None where either gave no number."""
        if not {"regression", "aipw"} <= self.fits.keys():
            return None
        return inference.transform(lambda slope, robust: slope - robust, self.fits["regression"], self.fits["aipw"], cluster=self.cohort.clusters)

    @property
    def lightest_tail(self) -> float | None:
        """The upper end of the tail index's 95 % interval: below two even so, no interval of a mean holds."""
        return None if self.tail is None else self.tail.value + inference.quantile(0.95, self.tail.df) * self.tail.std_error

    @property
    def weights(self) -> Array:
        """Weights (N,) under which the unexposed resemble the exposed: 1 for the exposed, the odds of exposure for the others."""
        chance = self.money.propensity
        return np.where(self.cohort.exposed, 1.0, chance / (1 - chance))

    def loss(self, rung: str) -> Fit:
        """What all exposed customers together brought less, in money (positive is a loss)."""
        return self.fits[rung].times(-self.n_exposed)

    def bounds(self, strength: float, *, conf_level: float) -> sensitivity.HiddenBounds | None:
        """The effect if a hidden factor were `strength` times as strong as the benchmark; None without one."""
        if self.benchmark is None:
            return None
        factor = self.benchmark.times(strength)
        return sensitivity.ml_bounds(self.money.fit, **self.moments, cf_y=factor.cf_y, cf_d=factor.cf_d, conf_level=conf_level)

    @property
    def moments(self) -> dict[str, object]:
        """What bounds for a hidden factor are made of, row by row, so that their own error counts."""
        return _moments(self.money, self.cohort)


def compute(cohort: Cohort, *, gates: Gates, learner: str = "logit", repeats: int = 5, seed: int = 0) -> Rungs:
    """Every rung of a cohort in which something can be compared (`incomparable`).

    Raises
    ------
    DataError
        where the exposed and the unexposed are so unlike, or so few, that no model of them has a solution.
    """
    y, d, cluster, people = cohort.money, cohort.exposed, cohort.clusters, cohort.people
    described = cohorts.among_dealers(cohort)
    # no squares of what only differs between dealers: a few dozen of them do not tell a bend, and it runs away for the one left out
    features, own = (crossfit.features(one.people, list(one.known), squares=cohort.known) for one in (described, cohort))
    matrix = features.matrix
    few = cohort.has_few_dealers(gates.min_clusters)
    shared = {"ids": people["customer_id"], "seed": seed, "cluster": cluster, "repeats": repeats, "learner": learner,
              "ceiling": gates.exposure_ceiling}
    if few:  # fewer dealers than folds leave none to learn from; nothing of it is an estimate that is shown
        shared |= {"repeats": 1, "fold": crossfit.folds(people["customer_id"], k=FOLDS, seed=[seed, 0])}
    found = effects.att(y, d, matrix, **shared)
    fits = {"naive": effects.difference(y, d, cluster=cluster), "aipw": found.fit}
    if cohort.undated:
        before = crossfit.features(described.people, [c for c in described.known if c not in cohort.undated], squares=cohort.known).matrix
        fits["before"] = effects.att(y, d, before, **shared).fit
    refused = dict.fromkeys(RUNGS, words.few_dealers(cohort.n_dealers, gates.min_clusters)) if few else _models(cohort, own.matrix, matrix, fits)
    path, agents = (None, None) if few else (_monthly(cohort, refused), _drawn(cohort, refused))
    fits |= {"events": path.total} if path is not None else {}
    fits |= {"agents": agents.fit} if agents is not None and "agents" not in refused else {}
    left, returned = (_share(name, flags, cohort, matrix, shared, refused) for name, flags in (("left", cohort.left), ("returned", y > 0)))
    placebo, benchmark = (None, None) if few else (_before(cohort, found), _benchmark(cohort, features, found, shared))
    return Rungs(cohort=cohort, matrix=matrix, fits=fits, refused=refused, money=found, left=left, returned=returned, events=path, agents=agents,
                 placebo=placebo, benchmark=benchmark, tail=_tail(y, found), has_few_dealers=few,
                 season=None if few else busy_weeks.season(cohort, matrix), **_alike(described, found, gates))


def incomparable(cohort: Cohort) -> tuple[Text, Text] | None:
    """Why nothing can be compared, and what would help: a side that no split into folds leaves enough of to learn from, everybody brought the same
    (no difference to look for, and no spread to tell its error by), or nothing is known in which customers differ. None where something can be."""
    n, others, least = int(cohort.exposed.sum()), int((~cohort.exposed).sum()), -(-FEWEST * FOLDS // (FOLDS - 1))
    if min(n, others) < least:
        return words.one_sided(n, others, least)
    if np.ptp(cohort.money) == 0:
        return words.all_alike(cohort.measure, Estimate(estimand="money", kind="count", unit=cohort.unit, value=float(cohort.money[0]), n=n + others))
    return None if cohort.known else words.nothing_known(n + others)


def _models(cohort: Cohort, own: Array, matrix: Array, fits: dict[str, Fit]) -> dict[str, tuple[Text, Text]]:
    """Adds the rungs with one model of money to `fits`; reason and needs of those without a solution. Regression takes dealers as such (`own`)."""
    y, d, cluster = cohort.money, cohort.exposed, cohort.clusters
    refused: dict[str, tuple[Text, Text]] = {}
    attempts: dict[str, Callable[[], Fit]] = {
        "regression": partial(effects.regression, y, d, own, fixed=cluster, cluster=cluster),
        "twopart": lambda: effects.two_part(y, d, matrix, cluster=cluster).fit,
        "poisson": lambda: effects.ppml(y, d, matrix, cluster=cluster).fit}
    for rung, attempt in attempts.items():
        if rung != "regression" and (y < 0).any():
            refused[rung] = words.refunds(int((y < 0).sum()))
            continue
        try:
            fits[rung] = attempt()
        except (DataError, ParameterError) as error:
            refused[rung] = words.not_fitted(error)
    return refused


def _share(name: str, flags: Array, cohort: Cohort, matrix: Array, shared: dict, refused: dict[str, tuple[Text, Text]]) -> Att | None:
    """Effect on a share; refused where too few customers have it or have not, in all or among the exposed or the others of any training part."""
    has, found = np.asarray(flags, dtype=float), None
    if min(has.sum(), (1 - has).sum()) >= FEWEST:
        try:
            found = effects.att(has, cohort.exposed, matrix, binary=True, **shared)
        except (DataError, ParameterError):  # exposure, columns and folds served the amount before: what is new, and lacking, is who has it
            found = None
    if found is None:
        refused[name] = words.too_rare(name, has, cohort.exposed)
    return found


def _monthly(cohort: Cohort, refused: dict[str, tuple[Text, Text]]) -> EventStudy | None:
    """Money by month around each customer's contact; the unexposed have a contact of their own to count from."""
    if not cohort.is_dated or cohort.ledger is None:
        refused["events"] = words.NO_DATES
        return None
    start = cohort.people.set_index("customer_id")["index_at"]
    months = min(MONTHS, cohort.horizon_days // 30)
    try:
        made = ledgers.monthly(cohort.ledger, start, months_before=MONTHS - 1, months_after=months, censored="exclude")
    except DataError as error:
        refused["events"] = words.no_months(error, before=MONTHS - 1, after=months)
        return None
    at = pd.Index(cohort.people["customer_id"]).get_indexer(made["customer_id"])
    made = made.assign(exposed_in=np.where(cohort.exposed[at], 0.0, np.nan))
    clustered = None if cohort.clusters is None else "dealer"
    made = made if clustered is None else made.assign(dealer=cohort.clusters[at])
    try:
        return events.event_study(made, unit="customer_id", period="month", exposed_in="exposed_in", outcome=cohort.ledger.measure, leads=LEADS,
                                  cluster=clustered)
    except DataError as error:
        refused["events"] = words.not_fitted(error)
        return None


def _drawn(cohort: Cohort, refused: dict[str, tuple[Text, Text]]) -> Leniency | None:
    """Who served the customer as an instrument, within dealer and month."""
    people = cohort.people
    if "staff_id" not in people or people["staff_id"].isna().all():
        refused["agents"] = words.NO_AGENTS
        return None
    kept = people["staff_id"].notna().to_numpy()
    within = people["unit_id"].astype(str) + people["index_month"]
    known = crossfit.features(people[kept], [c for c in (*PRIOR, "tenure_rank", "complaints_12m", "logins_90d") if c in cohort.known]).matrix
    try:
        found = leniency.leniency(cohort.money[kept], cohort.exposed[kept], people.loc[kept, "staff_id"], within=within[kept], covariates=known)
    except DataError as error:
        refused["agents"] = words.not_fitted(error)
        return None
    if (why := found.refusal()) is not None:
        refused["agents"] = why
    return found


def _before(cohort: Cohort, found: Att) -> Fit | None:
    """A placebo outcome: money from before the contact, exposed minus weighted unexposed; weights alone, since the outcome model knows it."""
    if not cohort.is_dated or cohort.people["prior_money"].nunique() < 2:
        return None
    y, d, chance = cohort.people["prior_money"].to_numpy(dtype=float), cohort.exposed, found.propensity
    weights = np.where(d, 0.0, chance / (1 - chance))
    gap = float(y[d].mean() - weights @ y / weights.sum())
    influence = np.where(d, (y - y[d].mean()) / d.mean(), 0.0) - weights * (y - weights @ y / weights.sum()) / weights.mean()
    return inference.fit(gap, influence, n=len(y), cluster=cohort.clusters, method="weighted difference before the contact")


def _benchmark(cohort: Cohort, features: crossfit.Features, found: Att, shared: dict) -> sensitivity.Benchmark | None:
    """How strong money from before is as a confounder: the same estimate without it."""
    kept = [i for i, name in enumerate(features.names) if name.removesuffix("²").split(" ")[0] not in PRIOR]
    if len(kept) == len(features.names) or not kept:
        return None
    without = effects.att(cohort.money, cohort.exposed, features.matrix[:, kept], **shared)
    both = [_moments(one, cohort) for one in (found, without)]
    return sensitivity.benchmark(found.fit, without.fit, label="prior",
                                 **{name: (both[0][name], both[1][name]) for name in ("riesz_second_moment", "residual_variance")})


def _moments(found: Att, cohort: Cohort) -> dict[str, object]:
    return {"riesz_second_moment": sensitivity.riesz_square(found.riesz), "residual_variance": found.residual**2, "cluster": cohort.clusters}


def _alike(cohort: Cohort, found: Att, gates: Gates) -> dict[str, object]:
    """Whether the unexposed can stand in for the exposed: differences before and after weighting, kinds that only the exposed have, separation."""
    people, d, columns = cohort.people, cohort.exposed, list(cohort.known)
    odds = found.propensity / (1 - found.propensity)
    limits = (gates.balance_flag, gates.balance_fail)
    base = np.where(d, 1.0, 1e-9)  # the population to resemble is the exposed; a trace of the others gives them a plain mean of their own
    told = cohort.has_dealer  # without a dealer nothing shows whether the two groups' dealers are comparable: a gap would only look smaller
    weights = np.where(d, 1.0, odds)
    return {"balance": representativeness.smd_table(people[told], columns, ~d[told], weights=weights[told], base=base[told], limits=limits),
            "empty": representativeness.zero_cell_scan(people, [name for name in columns if name not in cohorts.DEALER], ~d),
            "separation": overlap.near_separation(people, columns, d, probability=found.propensity, limit=gates.exposure_auc)}


def _tail(y: Array, found: Att) -> Fit | None:
    """Hill's index of money over what was expected of the customer: how heavy the tail is within the comparison; None for too few to tell."""
    ratio = y / np.maximum(found.outcome, 0.1 * max(float(y.mean()), 1e-9))
    if not (ratio > 0).any():  # refunds throughout
        return None
    try:
        return tails.hill(ratio[ratio > 0])
    except DataError:
        return None
