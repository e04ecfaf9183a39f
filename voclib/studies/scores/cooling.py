"""Cooled-down ratings: how much of the feeling at the end of a call is still in a score given hours or days later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Check, Estimate, Text
from voclib.schema import conformity
from voclib.stats import cooling as estimator
from voclib.stats import gates as gating
from voclib.stats import inference
from voclib.stats.cooling import Cooling, HalfLife
from voclib.stats.gates import Gates
from voclib.studies import scores
from voclib.studies.scores import cooling_text as words

Tables = Mapping[str, pd.DataFrame]
FEWEST, FEWEST_IN_BAND = 100, 30  # answers joined to a call in all, and in each of two bands at least
STILL_ABOUT = pd.Timedelta(hours=1)  # how long after its start a call without an end may be what an answer is about
DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Answers with the call they are about, one row a call: `feeling` (−1 to 1), `lag_days`, `score` (raw marks), `unit_id`, `customer_id`.

    `left_out` counts answers by reason: keys of `cooling_text.LEFT_OUT`.
    """

    answers: pd.DataFrame
    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Cooled:
    """What the page shows: slopes by lag (`estimates`, with the one of all lags in `naive`), `fall`, a table; all empty where `note` says why."""

    estimates: tuple[Estimate, ...] = ()
    naive: Mapping[str, Estimate] = field(default_factory=dict)
    fall: Estimate | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: tuple[Check, ...] = ()
    captions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    found: Cooling | None = None
    half_life: HalfLife | None = None
    note: Text = Text("", "")


def join(tables: Tables, *, metric: str = "csat", window_days: float = 14.0, campaign: str = "") -> Joined:
    """Each answer with the score, beside the customer's last call before it that ended at most `window_days` earlier.

    An answer is about a call if its contact is that call (`touched_at` from its start to its end) or if it names none. Of several answers about
    one call the first stands, as a survey that is sent again asks twice about one feeling. With `campaign` only answers to campaigns whose name
    holds it are taken: where one survey asks after a delay at random and others do not, only that one is drawn at random.

    Raises
    ------
    ParameterError
        for an unknown score or campaign, or a window that is not above zero.
    """
    if not window_days > 0:
        raise ParameterError(f"window_days is above zero, such as 14; it is {window_days}.")
    column, responses, talks = scores.score_of(metric).column, tables["responses"], tables["conversations"]
    who = responses.set_index("response_id")[["customer_id", "unit_id"]]
    calls = talks[talks["kind"] == "call"].join(who, on="response_id").dropna(subset=["customer_id", "started_at"])
    calls = calls.rename(columns={"response_id": "call_id", "unit_id": "call_unit"}).sort_values(["started_at", "call_id"])
    asked = responses[responses[column].notna() & responses["customer_id"].notna() & responses["submitted_at"].notna()
                      & ~responses["response_id"].isin(talks["response_id"])]
    asked = asked.assign(about=asked["touched_at"].fillna(asked["submitted_at"]), is_asked=_is_asked(asked["campaign_id"], campaign))
    taken = ["response_id", "is_asked", "customer_id", "unit_id", "submitted_at", "touched_at", "about", column]
    given = asked[taken].rename(columns={column: "score"})
    columns = ["customer_id", "started_at", "ended_at", "emotion_score", "call_id", "call_unit"]
    with_call = _before(given, calls[columns], "about")
    last = _before(given, calls[["customer_id", "started_at", "call_id"]], "submitted_at").set_index("response_id")["call_id"]
    return _kept(with_call.assign(last=with_call["response_id"].map(last)), window_days)


def _is_asked(names: pd.Series, campaign: str) -> pd.Series:
    """Whether each answer is one to the campaign; to any, without a name."""
    if not campaign:
        return pd.Series(True, index=names.index)
    found = names.str.contains(campaign, regex=False, na=False)
    if not found.any():
        raise ParameterError(f"No answer with this score has a campaign that holds '{campaign}'; {nearest(campaign, set(names.dropna()))}")
    return found


def _before(given: pd.DataFrame, calls: pd.DataFrame, at: str) -> pd.DataFrame:
    """Each answer with its customer's last call that began at or before a moment; answers without one are left out."""
    order = given.sort_values([at, "response_id"])
    found = pd.merge_asof(order.assign(moment=order[at]), calls.assign(moment=calls["started_at"]), on="moment", by="customer_id")
    return found.dropna(subset="call_id").drop(columns="moment")


def _kept(found: pd.DataFrame, window_days: float) -> Joined:
    """Answers that are about a call, within the window, with a feeling, once a call; and how many were not."""
    ended = found["ended_at"].fillna(found["started_at"])
    is_about = found["touched_at"].isna() | (found["touched_at"] <= found["ended_at"].fillna(found["started_at"] + STILL_ABOUT))
    found = found.assign(lag_days=np.maximum((found["submitted_at"] - ended).dt.total_seconds() / DAY, 0.0), is_about=is_about,
                         feeling=found["emotion_score"].astype(float))
    is_near = found["lag_days"] <= window_days
    found, left = found[is_near | is_about & found["touched_at"].notna()], {}  # no call near and none named: an answer that is none of our business
    for reason in ("another contact", "another survey", "another call between", "too late", "no feeling"):
        lost = {"another contact": ~found["is_about"], "another survey": ~found["is_asked"],
                "another call between": found["last"] != found["call_id"], "too late": found["lag_days"] > window_days,
                "no feeling": found["feeling"].isna()}[reason]
        left[reason], found = int(lost.sum()), found[~lost]
    found = found.sort_values(["submitted_at", "response_id"])
    again = found["call_id"].duplicated()
    left["asked again"] = int(again.sum())
    found = found[~again].assign(unit_id=lambda f: f["call_unit"].fillna(f["unit_id"]), score=lambda f: f["score"].astype(float))
    return Joined(answers=found[["call_id", "response_id", "customer_id", "unit_id", "feeling", "lag_days", "score"]].reset_index(drop=True),
                  left_out=left)


@conformity.explained
def study(tables: Tables, *, metric: str = "csat", window_days: float = 14.0, campaign: str = "", cluster: str = "unit_id",
          delay_is_random: bool = False, conf_level: float = 0.95, gates: Gates | None = None) -> Cooled:
    """Slope of the score (raw marks) on the feeling by lag, clustered by unit (by customer where units are too few); the fall; its half-life.

    An association (level 1). Where the delay is known to have been drawn at random (`delay_is_random`), the fall over the lag is a comparison by
    lot among those who answered (level 3); the slopes themselves are not.

    Raises
    ------
    ParameterError
        as in `join`, and for a cluster other than unit_id or customer_id.
    """
    if cluster not in ("unit_id", "customer_id"):
        raise ParameterError(f"cluster is 'unit_id' or 'customer_id' here, not '{cluster}'.")
    score = scores.score_of(metric)
    if "conversations" not in tables or tables["conversations"]["emotion_score"].isna().all():
        return Cooled(note=words.NO_CALLS)
    gates, joined = gates or gating.load(), join(tables, metric=metric, window_days=window_days, campaign=campaign)
    frame = joined.answers
    if len(frame) < FEWEST:
        return Cooled(note=words.too_few(len(frame), FEWEST))
    bands = tuple((low, min(high, window_days)) for low, high in estimator.BANDS if low < window_days)
    if (estimator.counts(frame["lag_days"], bands) >= FEWEST_IN_BAND).sum() < 2:
        return Cooled(note=words.few_bands(FEWEST_IN_BAND))
    if frame["score"].nunique() < 2:
        return Cooled(note=words.ALL_ALIKE)
    shock = _shock(frame, cluster, gates)
    given = {"score": frame["score"], "feeling": frame["feeling"], "lag": frame["lag_days"], "cluster": shock, "bands": bands,
             "min_band": FEWEST_IN_BAND, "conf_level": conf_level}
    try:
        found = estimator.cooling(**given)
    except DataError:  # a feeling that never varies, or that varies in one unit alone
        return Cooled(note=words.NO_SPREAD)
    told = {"unit": "score", "conf_level": conf_level}
    slopes = tuple(s.estimate("feeling_slope", group=words.key(band), evidence_level=1, **told).with_(n=n)
                   for s, band, n in zip(found.slopes, found.bands, found.n, strict=True))
    fall = found.fall.estimate("feeling_fall", evidence_level=3 if delay_is_random else 1, p_value=_p(found), **told)
    pooled = found.pooled.estimate("feeling_slope", rung="pooled", evidence_level=1, **told)
    gap, half = _gap(frame, shock, conf_level), estimator.half_life(**given) if found.is_told else None
    return Cooled(estimates=slopes, naive={e.group: pooled for e in slopes}, fall=fall, found=found, half_life=half,
                  table=words.table(slopes, fall, pooled, gap, found.bands, half),
                  checks=_checks(frame, joined, found, delay_is_random=delay_is_random),
                  captions=words.captions(score.estimand, slopes, fall, found, n=len(frame), delay_is_random=delay_is_random))


def _shock(frame: pd.DataFrame, cluster: str, gates: Gates) -> pd.Series:
    """The unit behind each answer (one without stands for itself), or the customer where units are too few for errors by unit."""
    if cluster == "unit_id" and frame["unit_id"].nunique() >= gates.min_clusters:
        return frame["unit_id"].fillna("alone:" + frame["response_id"])
    return frame["customer_id"]


def _p(found: Cooling) -> float:
    return inference.p_value(found.fall.value / found.fall.std_error, found.fall.df)


def _gap(frame: pd.DataFrame, shock: pd.Series, conf_level: float) -> Estimate | None:
    """The raw gap: mean score of callers who ended pleased less that of those who ended upset; None where one side is too small."""
    apart = frame["feeling"] != 0
    sides = [frame["feeling"] > 0, frame["feeling"] < 0]
    if min(int(s.sum()) for s in sides) < FEWEST_IN_BAND:
        return None
    x = np.column_stack([np.ones(int(apart.sum())), sides[0][apart].astype(float)])
    given = inference.moments(frame["score"][apart], x, cluster=shock[apart], names=["upset", "gap"])
    return inference.regress(given, method="CRV1").fit("gap").estimate("feeling_gap", unit="score", conf_level=conf_level)


def _checks(frame: pd.DataFrame, joined: Joined, found: Cooling, *, delay_is_random: bool) -> tuple[Check, ...]:
    """Whether lag and feeling are unrelated, what was left out, and how the delay came about."""
    ranks = frame[["lag_days", "feeling"]].rank()
    r = float(np.corrcoef(ranks["lag_days"], ranks["feeling"])[0, 1])
    reach = inference.quantile(found.conf_level, np.inf) * np.sqrt((1 + r**2 / 2) / (len(frame) - 3))  # Bonett & Wright 2000, Psychometrika 65
    low, high = np.tanh(np.arctanh(np.clip(r, -0.999999, 0.999999)) + reach * np.array([-1, 1]))
    balance = Estimate(estimand="feeling_balance", kind="estimate", unit="ratio", value=r, conf_low=float(low), conf_high=float(high), n=len(frame),
                       ci_method="Spearman, Bonett & Wright")
    return (words.balanced(balance), words.by_lot(delay_is_random), words.left_out(joined.left_out, len(frame)))
