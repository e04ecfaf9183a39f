"""Everybody who could have spoken: one row a customer with a contact in the window, whether or not anybody asked or answered.

The frame comes before any score: who answered is a column of it, never its filter. Customers who have left since stay in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError
from voclib.schema import conformity, dates
from voclib.schema.keys import among
from voclib.studies.scores import SCORES

Tables = Mapping[str, pd.DataFrame]
NEEDED = ("customers", "responses")
LEVELS = {"nps": (-100.0, 0.0, 100.0), "csat": (0.0, 1.0)}
KNOWN = ("region", "segment", "product", "value_tier", "language", "kind", "tenure_days", "wait_minutes", "contacts_before", "recency_days",
         "contacts_12m", "spend_12m_cny", "complaints_12m", "logins_90d", "open_share")
STAGES = ("qualifies", "contactable", "invited", "delivered", "answered", "commented")


@dataclass(frozen=True)
class Frame:
    """`people`, one row a customer, sorted by `customer_id`; `known` names its columns that stood before the invitation.

    Columns of `people`: the stages as booleans (`is_contactable` … `is_commented`), `y` in printed units (null where silent), `score` as given,
    `wave`, `channel`, `unit_id`, `is_churned` (left by the end of the data), `value_cny` (margin of the twelve months before the window),
    `is_eligible` (asked and silent when call-backs were drawn), `is_called`, `draw_probability`, `followup_y`, and the known ones.
    `notes` counts what was left out and why; `steps` says it row by row, by table and key: "" for what the frame holds.
    """

    people: pd.DataFrame
    known: tuple[str, ...]
    metric: str
    levels: tuple[float, ...]
    first_day: str
    last_day: str
    notes: Mapping[str, int]
    is_census: bool = False
    steps: Mapping[str, pd.Series] = field(default_factory=dict)

    @property
    def y(self) -> np.ndarray:
        """Answers in printed units, NaN for the silent."""
        return self.people["y"].to_numpy(dtype=float)

    @property
    def has_followup(self) -> bool:
        """Whether some of the silent were called back at random."""
        return bool(self.people["is_called"].any())

    @property
    def is_staged(self) -> bool:
        """Whether known answers were set aside, so that the silence was made here and what is found only tests the method."""
        return self.notes.get("withheld", 0) > 0

    def only(self, rows: pd.Series | np.ndarray) -> Frame:
        """The same frame for some of its people."""
        return replace(self, people=self.people[np.asarray(rows, dtype=bool)].reset_index(drop=True))


@conformity.explained
def build(tables: Tables, *, metric: str = "nps", first_day: str = "", last_day: str = "", kinds: Sequence[str] = (),
          timezone: str = "") -> Frame:
    """The frame of the customers with a contact from `first_day` to `last_day`; each is asked about the last of these contacts.

    `kinds` narrows the qualifying contacts. The answer is the first one to an invitation for that contact, given after it. Call-backs of the
    NPS count where they were drawn from the window's last day to a quarter after it: an earlier draw could not reach everybody who was silent.
    Answers that came later than the draw do not count, so that who could be drawn is exactly who was silent. Where the tables hold no contacts
    or no invitations, every customer qualifies, everybody who may be contacted counts as asked, and `is_census` says so;
    who had left before the first answer cannot have been.

    Raises
    ------
    ParameterError
        for an unknown metric, kind of contact or time zone, and dates that are none or reversed.
    DataError
        if a table is missing or no contact lies in the window; the message says which days there are.
    """
    timezone = dates.zone(tables, timezone)
    if metric not in LEVELS:
        raise ParameterError(f"metric is one of {', '.join(LEVELS)}, not '{metric}'.")
    if absent := [name for name in NEEDED if len(tables.get(name, ())) == 0]:
        raise DataError(f"A frame needs the tables {' and '.join(NEEDED)}; missing or empty: {' and '.join(absent)}.")
    if any(len(tables.get(name, ())) == 0 for name in ("touchpoints", "invitations")):
        return _census(tables, metric)
    start, end = day(first_day, timezone), day(last_day, timezone) + pd.Timedelta(days=1)
    if end <= start:
        raise ParameterError(f"The window ends ({last_day}) before it begins ({first_day}).")
    met = _contacts(tables["touchpoints"], start, end, kinds)
    people = met.merge(tables["customers"].drop(columns="unit_id"), on="customer_id", how="inner", validate="one_to_one")
    if people.empty:
        raise DataError(f"None of the {len(met):,} customers with a contact in the window is in the customer table; check the customer numbers.")
    calls, drawn = _calls(tables.get("followups"), people, metric, start, end, timezone)
    people, notes, answers = _asked(people, tables, metric, calls, timezone)
    people = _called(people, calls, metric)
    notes = {"unknown_customers": len(met) - len(people), **notes, "early_draws": int((drawn == "early").sum())}
    told = people.loc[people["followup_y"].notna(), "customer_id"]
    people["tenure_days"] = (start.tz_localize(None) - people["joined_on"]).dt.days.clip(lower=0).astype(float)
    people = _behaviour(people, tables.get("behaviours"), start)
    people["value_cny"] = _value(people["customer_id"], tables.get("transactions"), start)
    people = people.sort_values("customer_id", ignore_index=True)
    known = tuple(name for name in KNOWN if name in people and people[name].notna().any())
    steps = {"customers": _listed(tables["customers"], people), "responses": answers, "followups": _told(drawn, calls, told)}
    return Frame(people, known, metric, LEVELS[metric], first_day, last_day, notes, steps=steps)


def withhold(frame: Frame, rows: pd.Series | np.ndarray) -> Frame:
    """The frame as if these people had never been asked; what they said can then judge what is concluded without them."""
    gone, people = np.asarray(rows, dtype=bool), frame.people.copy()
    for stage in STAGES[2:]:
        people[f"is_{stage}"] &= ~gone
    told, drawn = ("y", "score", "wave", "draw_probability", "followup_y"), ("is_eligible", "is_called")
    people = people.assign(**{name: people[name].mask(gone) for name in told}, **{name: people[name] & ~gone for name in drawn})
    return replace(frame, people=people, notes={**frame.notes, "withheld": int((gone & frame.people["is_answered"].to_numpy(dtype=bool)).sum())})


def hide(frame: Frame, how: str, *, calls: int = 400, seed: int = 0) -> Frame:
    """The frame with known answers set aside, so that what is concluded without them can be judged by them.

    "churned": those who left were never asked. "self-selected": moreover, of the others about a quarter answer, the delighted and the angry
    far more often, and `calls` of the silent are called back at random, of whom four in five can be reached. "" changes nothing.

    Raises
    ------
    ParameterError
        for another word, or for answers that cannot be judged because they are already missing.
    """
    if how == "":
        return frame
    if how not in ("churned", "self-selected"):
        raise ParameterError(f"withhold is '', 'churned' or 'self-selected', not '{how}'.")
    left = frame.people["is_churned"].fillna(False).to_numpy(dtype=bool)
    if how == "churned":
        return withhold(frame, left)
    if np.isnan(frame.y).any():
        raise ParameterError("withhold='self-selected' hides answers that are all known; here some customers never gave one.")
    rng = np.random.default_rng([seed, 21])
    score = frame.people["score"].to_numpy(dtype=float)
    index = 1.2 * (np.abs(score - np.median(score)) - 1) + 0.5 * (frame.people["segment"].to_numpy() == frame.people["segment"].mode().iloc[0])
    silent = ~left & (rng.random(len(left)) >= 1 / (1 + np.exp(-(index + np.log(0.25 / 0.75)))))
    found = withhold(frame, left | silent)
    chance = min(1.0, calls / max(int(silent.sum()), 1))
    drawn = silent & (rng.random(len(left)) < chance)
    told = np.where(drawn & (rng.random(len(left)) < 0.8), frame.y, np.nan)
    return replace(found, people=found.people.assign(is_invited=~left, is_delivered=~left, is_eligible=silent, is_called=drawn,
                                                     draw_probability=np.where(drawn, chance, np.nan), followup_y=told))


def _census(tables: Tables, metric: str) -> Frame:
    """Everybody in the customer table, where nothing is known of contacts and invitations; the first answer of each counts."""
    column = SCORES[metric].column
    found = tables["responses"][tables["responses"][column].notna() & tables["responses"]["customer_id"].notna()]
    kept = found.sort_values(["customer_id", "submitted_at", "response_id"]).drop_duplicates("customer_id").set_index("customer_id")
    if kept.empty:
        raise DataError(f"No voice carries both a customer and the score '{metric}', "
                        "so those who answered cannot be separated from those who did not.")
    people = tables["customers"].join(kept[["response_id", column, "comment", "submitted_at"]].rename(columns={column: "score"}), on="customer_id")
    gone = _gone(people, found["submitted_at"])
    people["is_contactable"] = people["is_contactable"].fillna(True).astype(bool) & ~gone
    people["is_answered"] = people["response_id"].notna()
    people["is_contactable"] |= people["is_answered"]
    people["is_commented"] = people["is_answered"] & people["comment"].fillna("").str.strip().ne("")
    people["score"] = people["score"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    people = people.assign(is_invited=people["is_contactable"], is_delivered=people["is_contactable"], y=coded(people["score"], metric),
                           wave=np.nan, is_eligible=False, is_called=False, draw_probability=np.nan, followup_y=np.nan,
                           value_cny=_value(people["customer_id"], tables.get("transactions"), None))
    people = people.drop(columns="comment").sort_values("customer_id", ignore_index=True)
    known = tuple(name for name in KNOWN if name in people and people[name].notna().any() and people[name].nunique() > 1)
    repeated = int(found["customer_id"].duplicated().sum())
    steps = {"customers": _listed(tables["customers"], people), "responses": _first_of_each(tables["responses"], column, people["response_id"])}
    notes = {"repeated_answers": repeated, "gone_before": int((gone & ~people["is_answered"]).sum())}
    return Frame(people, known, metric, LEVELS[metric], "", "", notes, is_census=True, steps=steps)


def _gone(people: pd.DataFrame, answered_at: pd.Series) -> pd.Series:
    """Who had left before the first answer of all was given: nobody can have asked them. Nobody where neither day is known."""
    if "churned_on" not in people or answered_at.isna().all():
        return pd.Series(False, people.index)
    first = answered_at.min().tz_convert(None).normalize() if answered_at.dt.tz is not None else answered_at.min().normalize()
    return people["churned_on"] < first


def _first_of_each(responses: pd.DataFrame, column: str, first: pd.Series) -> pd.Series:
    """At which step a census leaves out each voice."""
    ids = responses["response_id"]
    gone = [responses[column].isna(), responses["customer_id"].isna(), ~among(ids, first.dropna())]
    return _by(ids, np.select([mask.to_numpy(dtype=bool) for mask in gone], ["score", "customer", "repeated"], ""))


def _listed(customers: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Customers without a contact in the window are not on the list."""
    ids = customers["customer_id"]
    return _by(ids, np.where(among(ids, people["customer_id"]), "", "contact"))


def _by(ids: pd.Series, step: np.ndarray) -> pd.Series:
    """Steps by the key of their rows."""
    return pd.Series(step.astype(object), index=pd.Index(ids, name=ids.name))


def funnel(frame: Frame) -> pd.DataFrame:
    """Stage by stage, people and what they are worth: stage, n, value_cny, share of the stage before, lost, lost_cny."""
    reached = np.ones(len(frame.people), dtype=bool)
    rows = []
    for stage in STAGES:
        reached = reached if stage == "qualifies" else reached & frame.people[f"is_{stage}"].to_numpy(dtype=bool)
        rows.append({"stage": stage, "n": int(reached.sum()), "value_cny": float(frame.people["value_cny"].to_numpy()[reached].sum())})
    made = pd.DataFrame(rows)
    before = made.shift(1)
    return made.assign(share=made["n"] / before["n"], lost=(before["n"] - made["n"]).fillna(0).astype(int),
                       lost_cny=(before["value_cny"] - made["value_cny"]).fillna(0.0))


@conformity.explained
def survivors_only(tables: Tables) -> bool:
    """Whether nobody in the customer table has left: then no window has since-churned customers in it, however many there were."""
    return not tables["customers"]["is_churned"].fillna(False).any()


def day(text: str, timezone: str) -> pd.Timestamp:
    """The start of a day written as 2026-07-01, in a time zone.

    Raises
    ------
    ParameterError
        for an unknown time zone, an empty text, or one that is no day.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ParameterError(f"There is no time zone '{timezone}'; write it as Asia/Shanghai.") from error
    try:
        day = pd.Timestamp(text, tz=zone)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"'{text}' is not a day; write it as 2026-07-01.") from error
    if day is pd.NaT:
        raise ParameterError("A frame needs the first and the last day of its window; write them as 2026-07-01.")
    return day.normalize()


def _contacts(touchpoints: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp, kinds: Sequence[str]) -> pd.DataFrame:
    """Each customer's last qualifying contact in the window, and how many came before it there."""
    inside = touchpoints[(touchpoints["started_at"] >= start) & (touchpoints["started_at"] < end)]
    if kinds:
        if unknown := sorted(set(kinds) - set(touchpoints["kind"])):
            raise ParameterError(f"No contact is of kind {', '.join(unknown)}; there are {', '.join(sorted(set(touchpoints['kind'])))}.")
        inside = inside[inside["kind"].isin(kinds)]
    if inside.empty:
        days = touchpoints["started_at"].dt.tz_convert(start.tz)
        raise DataError(f"No contact lies between {start.date()} and {(end - pd.Timedelta(days=1)).date()}; "
                        f"there are contacts from {days.min().date()} to {days.max().date()}.")
    ordered = inside.sort_values(["customer_id", "started_at", "touchpoint_id"])
    last = ordered.drop_duplicates("customer_id", keep="last")
    before = ordered.groupby("customer_id").size().reindex(last["customer_id"]).to_numpy() - 1
    return last.assign(contacts_before=before.astype(float))


def _calls(followups: pd.DataFrame | None, people: pd.DataFrame, metric: str, start: pd.Timestamp, end: pd.Timestamp, timezone: str,
           ) -> tuple[pd.DataFrame | None, pd.Series]:
    """Call-backs to these people drawn from the window's last day to a quarter after it, the first of a customer; and where all others went."""
    if followups is None or followups.empty:
        return None, pd.Series(dtype=object)
    if metric != "nps":
        return None, _by(followups["followup_id"], np.full(len(followups), "metric"))
    drawn = followups["drawn_on"].dt.tz_localize(timezone)
    ours = among(followups["customer_id"], people["customer_id"]) & (drawn >= start) & (drawn < end + pd.Timedelta(days=92))
    early = ours & (drawn < end - pd.Timedelta(days=1))
    mine = followups[ours & ~early].sort_values(["customer_id", "drawn_on", "followup_id"]).drop_duplicates("customer_id")
    first = among(followups["followup_id"], mine["followup_id"])
    gone = np.select([~ours, early, ~first], ["elsewhere", "early", "repeated"], "")
    return (None if mine.empty else mine), _by(followups["followup_id"], gone)


def _told(drawn: pd.Series, calls: pd.DataFrame | None, told: pd.Series) -> pd.Series:
    """Of the call-backs drawn, those that ended with an answer of somebody who was silent."""
    if calls is None:
        return drawn
    heard = calls.loc[among(calls["customer_id"], told), "followup_id"]
    return drawn.mask(drawn.eq("") & ~drawn.index.isin(heard), "unreached")


def _asked(people: pd.DataFrame, tables: Tables, metric: str, calls: pd.DataFrame | None, timezone: str,
           ) -> tuple[pd.DataFrame, dict[str, int], pd.Series]:
    """Stages from the invitation to the comment, for the contact each customer is asked about; and where each voice went."""
    sent = tables["invitations"][among(tables["invitations"]["touchpoint_id"], people["touchpoint_id"])]
    by = sent.sort_values(["sent_at", "invitation_id"]).groupby("touchpoint_id")
    stages = pd.DataFrame({"is_delivered": by["is_delivered"].any(), "channel": by["channel"].first(), "trigger": by["trigger"].first()})
    found, strays, steps = _answers(people, tables, sent, metric)
    late = found["submitted_at"] >= calls["drawn_on"].min().tz_localize(timezone) if calls is not None else pd.Series(False, index=found.index)
    kept = found[~late].drop_duplicates("touchpoint_id")
    steps[found.loc[late, "response_id"]] = "late"
    steps[steps.eq("") & ~steps.index.isin(kept["response_id"])] = "repeated"
    kept = kept.set_index("touchpoint_id")[["response_id", SCORES[metric].column, "comment", "wave", "submitted_at"]]
    people = people.join(stages, on="touchpoint_id").join(kept.rename(columns={SCORES[metric].column: "score"}), on="touchpoint_id")
    people["is_invited"] = among(people["touchpoint_id"], sent["touchpoint_id"])
    people["is_contactable"] = people["is_contactable"].fillna(False).astype(bool) | people["is_invited"]
    people["is_delivered"] = people["is_delivered"].eq(True) & people["is_invited"]
    people["is_answered"] = people["response_id"].notna()
    people["is_delivered"] |= people["is_answered"]
    people["is_commented"] = people["is_answered"] & people["comment"].notna() & people["comment"].fillna("").str.strip().ne("")
    people["score"] = people["score"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    people["y"] = coded(people["score"], metric)
    repeated = int(found.loc[~late, "touchpoint_id"].duplicated().sum())
    return people.drop(columns="comment"), {**strays, "late_answers": int(late.sum()), "repeated_answers": repeated}, steps


def _answers(people: pd.DataFrame, tables: Tables, sent: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, dict[str, int], pd.Series]:
    """Scored answers to these invitations, the first of a contact first; how many had no known invitation, or came before the contact; and the
    step at which each voice is left out."""
    every = tables["responses"]
    scored = every[every[SCORES[metric].column].notna()]
    claimed = scored["invitation_id"].notna() & ~among(scored["invitation_id"], tables["invitations"]["invitation_id"])
    found = scored.merge(sent[["invitation_id", "touchpoint_id", "wave"]], on="invitation_id", how="inner")
    began = found["touchpoint_id"].map(people.set_index("touchpoint_id")["started_at"])
    early = found["submitted_at"] < began
    strange = every["invitation_id"].isna() | among(every["response_id"], scored.loc[claimed, "response_id"])
    gone = [~every.index.isin(scored.index), strange, ~among(every["response_id"], found["response_id"]),
            among(every["response_id"], found.loc[early, "response_id"])]
    steps = _by(every["response_id"], np.select(gone, ["score", "invitation", "other_contact", "early"], ""))
    found = found[~early].sort_values(["touchpoint_id", "submitted_at", "response_id"])
    return found, {"unknown_invitations": int(claimed.sum()), "early_answers": int(early.sum())}, steps


def coded(score: pd.Series, metric: str) -> np.ndarray:
    """Answers in printed units: NPS −100, 0 or 100; CSAT 0 or 1; NaN where there is none."""
    raw = score.to_numpy(dtype=float)
    made = np.where(raw >= 9, 100.0, np.where(raw <= 6, -100.0, 0.0)) if metric == "nps" else (raw >= 4).astype(float)
    return np.where(np.isnan(raw), np.nan, made)


def _called(people: pd.DataFrame, calls: pd.DataFrame | None, metric: str) -> pd.DataFrame:
    """Who could be drawn for a call-back, who was, and what they said."""
    people["is_eligible"] = people["is_invited"] & ~people["is_answered"] & (calls is not None)
    if calls is None:
        return people.assign(is_eligible=False, is_called=False, draw_probability=np.nan, followup_y=np.nan)
    told = calls.set_index("customer_id").reindex(people["customer_id"])
    people["is_called"] = told["draw_probability"].notna().to_numpy() & people["is_eligible"].to_numpy()
    people["draw_probability"] = np.where(people["is_called"], told["draw_probability"].to_numpy(dtype=float), np.nan)
    answer = coded(told["nps_score"].astype("Float64").astype(float), metric)
    people["followup_y"] = np.where(people["is_called"] & told["outcome"].eq("completed").to_numpy(), answer, np.nan)
    return people


def _behaviour(people: pd.DataFrame, behaviours: pd.DataFrame | None, start: pd.Timestamp) -> pd.DataFrame:
    """The latest snapshot from before the window; one taken afterwards could already be an effect of what is asked about."""
    if behaviours is None or behaviours.empty:
        return people
    before = behaviours[(behaviours["asof_on"] < start.tz_localize(None)) & ~behaviours["is_post"].fillna(False).astype(bool)]
    latest = before.sort_values(["customer_id", "asof_on"]).drop_duplicates("customer_id", keep="last").set_index("customer_id")
    wanted = [name for name in KNOWN if name in latest.columns]
    return people.join(latest[wanted].astype(float), on="customer_id")


def _value(customers: pd.Series, transactions: pd.DataFrame | None, start: pd.Timestamp | None) -> np.ndarray:
    """Margin of each customer's twelve months before the window; zero without bookings or a window."""
    if start is None or transactions is None or transactions.empty:
        return np.zeros(len(customers))
    year = transactions[(transactions["booked_at"] < start) & (transactions["booked_at"] >= start - pd.DateOffset(years=1))]
    margin = year["margin_cny"].astype("Float64").fillna(0.0).groupby(year["customer_id"]).sum()
    return margin.reindex(customers).fillna(0.0).to_numpy(dtype=float)
