"""Who met a pain point, who did not, and what both were worth afterwards: one row a customer, everything before the contact kept apart.

The clock of each customer starts at the first qualifying contact of the window. Exposure happens there; covariates come from before it; money
and leaving come after it. Nothing that happened later can be a covariate, and customers won later are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Unit
from voclib.schema import conformity, dates
from voclib.schema.keys import among
from voclib.schema.tables import CONTACT_KINDS
from voclib.stats import crossfit
from voclib.stats.inference import unnamed
from voclib.studies import ledger as ledgers
from voclib.studies.ledger import Ledger
from voclib.studies.survivorship import frame as framing

Tables = Mapping[str, pd.DataFrame]
NEEDED = ("customers", "touchpoints", "transactions")
KNOWN = ("prior_rank", "tenure_rank", "region", "segment", "product", "value_tier", "language", "kind", "index_month", "recency_days",
         "contacts_12m", "spend_rank", "complaints_12m", "logins_90d", "open_share")
DEALER = ("dealer_exposure", "dealer_prior")
WORKSHOP = ("maintenance", "repair")  # contacts that start a customer's year where a company has them
MEASURES = {"margin": "margin_cny", "revenue": "net_cny"}
PRIOR_DAYS = 365
BEHAVIOURS = ("recency_days", "contacts_12m", "spend_12m_cny", "complaints_12m", "logins_90d", "open_share")


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """`people`, one row a customer, sorted by `customer_id`; `known` names the columns that stood before the exposure.

    Columns of `people`: `is_exposed`, `dose` (what the exposure was cut from), `money` (after the contact, within `horizon_days`), `prior_money`
    (before it), `is_left`, `left_days` (days to leaving, the horizon for who stayed), `unit_id` (whose customers resemble each other), `value_tier`,
    `staff_id`, `index_at`, `score` (answer about that very contact, null where silent) and the known ones. A cohort from files without dates
    has no `index_at`, no `prior_money` and no `left_days`; `is_dated` says so. `pains` are 0/1 columns of further pain points at that contact.
    `unit` is the currency, `measure` what is counted. `undated` names known columns that may as well have come after the exposure: with them and
    without them are two answers, and which is right the data cannot tell. `steps` says by table and key at which step a customer or contact was
    left out, "" for those of the cohort.
    """

    people: pd.DataFrame
    known: tuple[str, ...]
    undated: tuple[str, ...] = ()
    pains: tuple[str, ...] = ()
    unit: Unit = "cny"
    measure: Literal["margin", "revenue"] = "margin"
    exposure: str = "wait"
    threshold: float | None = None
    first_day: str = ""
    last_day: str = ""
    horizon_days: int = 365
    is_dated: bool = True
    ledger: Ledger | None = None
    notes: Mapping[str, int]
    steps: Mapping[str, pd.Series] = field(default_factory=dict)

    @property
    def exposed(self) -> np.ndarray:
        """Who met the pain point (N,), as booleans."""
        return self.people["is_exposed"].to_numpy(dtype=bool)

    @property
    def money(self) -> np.ndarray:
        """What each customer brought after the contact (N,)."""
        return self.people["money"].to_numpy(dtype=float)

    @property
    def left(self) -> np.ndarray:
        """Who left within the horizon (N,), as 0/1."""
        return self.people["is_left"].to_numpy(dtype=float)

    @property
    def clusters(self) -> np.ndarray | None:
        """The unit of shock of every row (N,): dealers, where there are at least two; a customer without one stands alone (`unnamed`)."""
        units = self.people.get("unit_id")
        if units is None or units.nunique() < 2:
            return None
        return unnamed.alone(units, self.people["customer_id"]).to_numpy(dtype=object)

    @property
    def has_dealer(self) -> np.ndarray:
        """Whose dealer is known (N,), as booleans; True of everybody where the data name none, or of one side's customers alone."""
        whole = np.ones(len(self.people), dtype=bool)
        if self.clusters is None:
            return whole
        known = unnamed.named(self.clusters)
        return known if len(np.unique(self.exposed[known])) == 2 else whole

    @property
    def n_dealers(self) -> int | None:
        """Dealers whose customers these are; None where the data name none."""
        units = self.people.get("unit_id")
        return None if units is None or units.isna().all() else int(units.nunique())

    def has_few_dealers(self, floor: int) -> bool:
        """Whether dealers are named and too few for how they differ to carry an interval."""
        return self.n_dealers is not None and self.n_dealers < floor

    def only(self, rows: pd.Series | np.ndarray) -> Cohort:
        """The same cohort for some of its people."""
        return replace(self, people=self.people[np.asarray(rows, dtype=bool)].reset_index(drop=True))


@conformity.explained
def build(tables: Tables, *, first_day: str, last_day: str, dose: str = "wait_minutes", threshold: float = 60.0,
          kinds: Sequence[str] = (), horizon_days: int = 365, measure: Literal["margin", "revenue"] = "margin",
          exclude_kinds: Sequence[str] = ("vehicle",), dose_topic: str = "waiting_time", min_mentions: int = 10,
          timezone: str = "") -> Cohort:
    """The customers whose first contact of `kinds` from `first_day` to `last_day` starts their year; exposed is `dose` above `threshold`.

    Without `kinds`, maintenance and repairs count; where a company records neither (`WORKSHOP`), every kind does.

    Bookings of `exclude_kinds` (a car is bought once in years) are no part of the money. Pain points other than the dose come from what customers
    wrote about that very contact, unless fewer than `min_mentions` of them complained of it; `dose_topic` is left to the dose, which measures it.

    Raises
    ------
    ParameterError
        for dates that are none or reversed, an unknown kind of contact, a dose that touchpoints do not carry, a horizon below one day, an unknown
        measure.
    DataError
        if a table is missing, no contact lies in the window, or the ledger ends before the last horizon does.
    """
    timezone = dates.zone(tables, timezone)
    if absent := [name for name in NEEDED if len(tables.get(name, ())) == 0]:
        raise DataError(f"Money after a contact needs the tables {', '.join(NEEDED)}; missing or empty: {', '.join(absent)}.")
    if horizon_days < 1:
        raise ParameterError(f"horizon_days is a number of days, at least 1, such as 365; it is {horizon_days}.")
    met, start, passed = _contacts(tables["touchpoints"], first_day, last_day, kinds, dose, timezone)
    joined, notes = _joined(met, tables["customers"], start)
    if measure not in MEASURES:
        raise ParameterError(f"measure is margin or revenue, not '{measure}'; {nearest(measure, MEASURES)}")
    books = ledgers.clean(tables["transactions"], exclude_kinds=exclude_kinds, measure=MEASURES[measure], timezone=timezone)
    people, censored = _money(joined, books, horizon_days)
    steps = _steps(tables, passed, met=met, joined=joined, followed=people)
    people = _leaving(people, horizon_days)
    people = _behaviours(people, tables.get("behaviours"), start)
    people = people.assign(is_exposed=people["dose"] > threshold, tenure_rank=rank_score(people["tenure_days"]),
                           prior_rank=rank_score(people["prior_money"]))
    people = people.sort_values("customer_id", ignore_index=True)
    people = people.assign(score=_answers(people, tables))
    people, pains = _pains(people, tables, dose_topic, min_mentions)
    known = tuple(name for name in KNOWN if name in people and people[name].notna().any() and people[name].nunique() > 1)
    return Cohort(people=people, known=known, pains=pains, measure=measure, exposure=dose, threshold=threshold, first_day=first_day,
                  last_day=last_day, horizon_days=horizon_days, ledger=books, notes={**notes, **censored}, steps=steps)


def among_dealers(cohort: Cohort) -> Cohort:
    """The cohort with what a dealer's customers are like among what is known, so that a comparison does not mistake dealers for chance.

    `dealer_exposure` is the share of them that was exposed, as log odds, the scale on which a chance of exposure is learned; `dealer_prior` their
    mean rank of money before (`crossfit.group_mean`). What differs by no more than chance is left away.
    """
    if cohort.clusters is None:
        return cohort
    units, edge = cohort.people["unit_id"], 0.5 / len(cohort.people)
    share = np.clip(crossfit.group_mean(cohort.exposed.astype(float), units), edge, 1 - edge)
    made = [np.log(share / (1 - share))]
    if "prior_rank" in cohort.known and cohort.people["prior_rank"].notna().all():
        made.append(crossfit.group_mean(cohort.people["prior_rank"], units))
    made = {name: values for name, values in zip(DEALER, made, strict=False) if np.ptp(values) > 0}
    return replace(cohort, people=cohort.people.assign(**made), known=(*cohort.known, *made))


def rank_score(values: pd.Series) -> np.ndarray:
    """Normal scores of ranks (N,), the same in any currency: a skewed amount becomes a covariate that no unit and no outlier moves.

    Ties share their mean rank (van der Waerden scores, Φ⁻¹(r/(N + 1)); missing stays missing.
    """
    known = values.notna().to_numpy()
    scores = np.full(len(values), np.nan)
    ranks = stats.rankdata(values.to_numpy(dtype=float)[known])
    scores[known] = stats.norm.ppf(ranks / (known.sum() + 1))
    return scores


def _contacts(touchpoints: pd.DataFrame, first_day: str, last_day: str, kinds: Sequence[str], dose: str, timezone: str,
              ) -> tuple[pd.DataFrame, pd.Timestamp, np.ndarray]:
    """Each customer's first qualifying contact in the window that tells its dose; when the window starts; where the other contacts went."""
    start, end = framing.day(first_day, timezone), framing.day(last_day, timezone) + pd.Timedelta(days=1)
    if end <= start:
        raise ParameterError(f"The window ends ({last_day}) before it begins ({first_day}).")
    if dose not in touchpoints:
        raise ParameterError(f"Contacts carry no '{dose}'; {nearest(dose, touchpoints.columns)}")
    there = sorted(set(touchpoints["kind"]))
    kinds = kinds or [kind for kind in WORKSHOP if kind in there] or there
    if unknown := sorted(set(kinds) - {*there, *CONTACT_KINDS}):  # a kind of the standard may be lacking: not every company repairs what it sells
        raise ParameterError(f"No contact is of kind {', '.join(unknown)}; there are {', '.join(there)}.")
    gone = [~touchpoints["started_at"].between(start, end, inclusive="left"), ~touchpoints["kind"].isin(list(kinds)), touchpoints[dose].isna()]
    step = np.select([mask.to_numpy(dtype=bool) for mask in gone], ["window", "kind", "dose"], "")
    told = touchpoints[step == ""]
    if told.empty:
        days = touchpoints["started_at"].dt.tz_convert(start.tz)
        raise DataError(f"No contact of kind {', '.join(kinds)} with a '{dose}' lies between {first_day} and {last_day}; "
                        f"there are contacts from {days.min().date()} to {days.max().date()}, of kind {', '.join(there)}.")
    first = told.sort_values(["customer_id", "started_at", "touchpoint_id"]).drop_duplicates("customer_id")
    first = first.assign(index_month=first["started_at"].dt.tz_convert(start.tz).dt.strftime("%Y-%m"))
    return first.rename(columns={"started_at": "index_at", dose: "dose"}), start, step


def _steps(tables: Tables, passed: np.ndarray, *, met: pd.DataFrame, joined: pd.DataFrame, followed: pd.DataFrame) -> dict[str, pd.Series]:
    """Where every contact and every customer went: what `passed` leaves, then the customers met, joined and followed."""
    contacts, customers = tables["touchpoints"], tables["customers"]["customer_id"]
    who = contacts["customer_id"]
    gone = [passed != "", ~among(contacts["touchpoint_id"], met["touchpoint_id"]), ~among(who, customers), ~among(who, joined["customer_id"]),
            ~among(who, followed["customer_id"])]
    at = np.select([np.asarray(mask, dtype=bool) for mask in gone], [passed, "later", "unknown", "won_later", "not_followed"], "")
    gone = [~among(customers, part["customer_id"]) for part in (met, joined, followed)]
    of = np.select([mask.to_numpy(dtype=bool) for mask in gone], ["contact", "won_later", "not_followed"], "")
    return {"touchpoints": pd.Series(at.astype(object), index=pd.Index(contacts["touchpoint_id"])),
            "customers": pd.Series(of.astype(object), index=pd.Index(customers))}


def _joined(met: pd.DataFrame, customers: pd.DataFrame, start: pd.Timestamp) -> tuple[pd.DataFrame, dict[str, int]]:
    """Customers who were so before the window began; one won later has no year before it to be compared by."""
    people = met.merge(customers.drop(columns="unit_id"), on="customer_id", how="inner", validate="one_to_one")
    if people.empty:
        raise DataError(f"None of the {len(met):,} customers with such a contact is in the customer table; check the customer numbers.")
    early = people["joined_on"].isna() | (people["joined_on"] < start.tz_localize(None))
    notes = {"unknown_customers": len(met) - len(people), "won_later": int((~early).sum())}
    people = people[early]
    return people.assign(tenure_days=(start.tz_localize(None) - people["joined_on"]).dt.days.astype(float)), notes


def _money(people: pd.DataFrame, books: Ledger, horizon_days: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Money after the contact and before it, by exact time; who cannot be followed to the end of the horizon is left out and counted."""
    start = people.set_index("customer_id")["index_at"]
    short = start.index.isin(ledgers.cut_short(books, start, days=horizon_days))
    if short.all():
        raise DataError(f"The ledger ends before {books.closes:%Y-%m-%d}: nobody can be followed for {horizon_days} days from the window. Choose an "
                        "earlier window or a shorter horizon.")
    start, people = start[~short], people[~short]
    after, before = (ledgers.window(books, start, days=days, side=side)[books.measure].to_numpy(dtype=float)
                     for days, side in ((horizon_days, "after"), (PRIOR_DAYS, "before")))
    return people.assign(money=after, prior_money=before), {"not_followed": int(short.sum())}


def _leaving(people: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Who left after the contact and within the horizon, and after how many days."""
    index_on = people["index_at"].dt.tz_localize(None).dt.normalize()
    days = (people["churned_on"] - index_on).dt.days.astype(float)
    left = people["is_churned"].fillna(False).astype(bool) & days.between(0, horizon_days)
    return people.assign(is_left=left.to_numpy(), left_days=np.where(left, days.clip(lower=0.5), float(horizon_days)))


def _behaviours(people: pd.DataFrame, behaviours: pd.DataFrame | None, start: pd.Timestamp) -> pd.DataFrame:
    """The latest snapshot from before the window began; one taken afterwards could be an effect of the exposure."""
    if behaviours is None or behaviours.empty:
        return people
    before = behaviours[(behaviours["asof_on"] < start.tz_localize(None)) & ~behaviours["is_post"].fillna(False).astype(bool)]
    latest = before.sort_values(["customer_id", "asof_on"]).drop_duplicates("customer_id", keep="last").set_index("customer_id")
    people = people.join(latest[list(BEHAVIOURS)].astype("float64"), on="customer_id")
    return people.assign(spend_rank=rank_score(people["spend_12m_cny"]))


def _answers(people: pd.DataFrame, tables: Tables) -> np.ndarray:
    """The likelihood to recommend that was given about the contact itself (N,), the first answer of each; missing where silent."""
    told = _about(people, tables)
    if told.empty:
        return np.full(len(people), np.nan)
    first = told[told["nps_score"].notna()].sort_values(["submitted_at", "response_id"]).drop_duplicates("customer_id").set_index("customer_id")
    return first["nps_score"].astype("Float64").reindex(people["customer_id"]).to_numpy(dtype=float, na_value=np.nan)


def _about(people: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Answers to invitations about each customer's index contact."""
    asked, responses = tables.get("invitations"), tables.get("responses")
    if asked is None or responses is None or asked.empty or responses.empty:
        return pd.DataFrame(columns=["customer_id", "response_id", "nps_score", "submitted_at"])
    mine = asked[among(asked["touchpoint_id"], people["touchpoint_id"])][["invitation_id"]].drop_duplicates()
    return responses[among(responses["customer_id"], people["customer_id"])].merge(mine, on="invitation_id")


def _pains(people: pd.DataFrame, tables: Tables, dose_topic: str, min_mentions: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Complaints about the index contact as 0/1 columns `pain_<topic>`; the topic of the dose gives way to the clock: a mention is no exposure."""
    found, told = tables.get("topic_mentions"), _about(people, tables)
    if found is None or found.empty or told.empty:
        return people, ()
    bad = found[found["sentiment"].eq("negative")].merge(told[["response_id", "customer_id"]], on="response_id")
    size = bad.groupby("topic")["customer_id"].nunique()
    topics = [str(t) for t in sorted(size[size >= min_mentions].index) if t != dose_topic]
    made = {f"pain_{topic}": people["customer_id"].isin(bad.loc[bad["topic"] == topic, "customer_id"]).to_numpy(dtype=float) for topic in topics}
    return people.assign(**made, has_spoken=among(people["customer_id"], told["customer_id"]).to_numpy(dtype=float)), tuple(made)


def answered(tables: Tables, cohort: Cohort, *, timezone: str = "") -> pd.DataFrame:
    """Customers who gave a likelihood to recommend in the cohort's window, one row each: their first score starts the year that is counted.

    Columns: customer_id, unit_id, score, second (their next score, null without one), weight, money, prior_money, and known columns as in a cohort.
    Who cannot be followed to the end of the horizon is left out. Empty without answers or a ledger.
    """
    timezone = dates.zone(tables, timezone)
    responses = tables.get("responses")
    if responses is None or cohort.ledger is None or responses.empty:
        return pd.DataFrame()
    start, end = framing.day(cohort.first_day, timezone), framing.day(cohort.last_day, timezone) + pd.Timedelta(days=1)
    told = responses[responses["nps_score"].notna() & responses["customer_id"].notna() & responses["submitted_at"].notna()]
    told = told.sort_values(["customer_id", "submitted_at", "response_id"])
    score = told["nps_score"].astype("Float64").astype(float)
    told = told.assign(score=score, second=score.groupby(told["customer_id"]).shift(-1))
    told = told[told["submitted_at"].between(start, end, inclusive="left")].drop_duplicates("customer_id")
    if told.empty:
        return pd.DataFrame()
    met = told[["customer_id", "unit_id", "score", "second", "weight"]].assign(index_at=told["submitted_at"])
    people, _ = _joined(met, tables["customers"], start)
    people, _ = _money(people, cohort.ledger, cohort.horizon_days)
    people = _behaviours(people, tables.get("behaviours"), start)
    return people.assign(weight=people["weight"].fillna(1.0), tenure_rank=rank_score(people["tenure_days"]),
                         prior_rank=rank_score(people["prior_money"])).sort_values("customer_id", ignore_index=True)
