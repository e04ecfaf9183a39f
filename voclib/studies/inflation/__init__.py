"""Which dealers may have asked customers for top scores? A review list with error control, and scores corrected two ways.

Two lists, kept apart. The review list holds dealers whose *marks* fail the bunching test (`voclib.stats.inflation`) after Benjamini–Hochberg; the
false discovery rate is promised for it alone. Traces, such as a shared device, may have an innocent explanation: they stand beside the review list as
an explanation, and dealers with nothing but an unusual trace go to a second list without that promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.schema import conformity, dates
from voclib.stats import credibility, gates, inference, metrics
from voclib.stats import inflation as bunching
from voclib.studies import repeats
from voclib.studies.inflation import tables as shown
from voclib.studies.inflation import text as words

Tables = Mapping[str, pd.DataFrame]
SURVEYS = ("survey", "sms", "app", "email", "phone", "onsite")
WEIGHTS = {"credibility": 0.20, "text": 0.20, "on_premises": 0.14, "device": 0.14, "prompt": 0.10, "fast": 0.10, "straight": 0.06, "month_end": 0.06}
"""What each trace counts for among the traces; declared here, before any data are read. The marks have no weight: they alone decide the list."""
DROPPED = ("on_premises", "device", "prompt", "fast")
"""Answers with one of these traces are left out in the first of the two corrections."""
PROMPT_MINUTES, SHARED_DEVICE, FAST_SHARE, LAST_DAYS = 30, 3, 0.05, 3
RETURN_KINDS = ("sale", "maintenance", "repair")


@dataclass(frozen=True)
class Begging:
    """What the page shows; frames are empty where too few dealers can be tested (`is_tested` false); `shortfall` then
    says what is missing, else how many are listed.

    `dealers` has one row a dealer tested: the test of its marks (`p_value`, `q_value`, `probability`, `is_listed`), `is_traced` where it is
    not listed but its traces together are unusual, NPS before and after with interval and ranks. `review` and `traced` hold those two lists,
    in words. `components` has one row for the marks and one a trace.
    """

    study: Study
    is_tested: bool
    dealers: pd.DataFrame
    review: pd.DataFrame
    traced: pd.DataFrame
    components: pd.DataFrame
    ladder: Ladder
    shortfall: Mapping[Text, Any]
    captions: Mapping[str, Mapping[str, Any]]


@conformity.explained
def answers(tables: Tables) -> pd.DataFrame:
    """Survey answers with a score and a dealer, sorted by `response_id`; `kind` is the contact asked about, missing where no table tells it."""
    found = tables["responses"]
    kept = found[steps(found) == ""]
    kept = kept.assign(kind=pd.Series(index=kept.index, dtype="str"))
    if {"invitations", "touchpoints"} <= set(tables):
        asked = tables["invitations"].drop_duplicates("invitation_id").set_index("invitation_id")["touchpoint_id"]
        kind = tables["touchpoints"].drop_duplicates("touchpoint_id").set_index("touchpoint_id")["kind"]
        kept = kept.assign(kind=kept["invitation_id"].map(asked).map(kind))
    return kept.assign(nps_score=kept["nps_score"].astype(float)).sort_values("response_id", ignore_index=True)


def steps(responses: pd.DataFrame) -> np.ndarray:
    """At which step each voice is left out (N,): "channel", "score" or "unit"; "" for the answers that stay."""
    gone = [~responses["channel"].isin(SURVEYS), responses["nps_score"].isna(), responses["unit_id"].isna()]
    return np.select([mask.to_numpy(dtype=bool) for mask in gone], ["channel", "score", "unit"], "").astype(object)


def facts(kept: pd.DataFrame, *, min_answers: int = 60) -> dict[Text, int]:
    """Counts that open the page."""
    sizes = kept["unit_id"].value_counts()
    return {Text("份调研回答", "survey answers"): len(kept), Text("份打了 10 分", "gave a 10"): int(kept["nps_score"].eq(10).sum()),
            Text("家门店", "dealers"): len(sizes),
            Text("家有足够回答可以检验", "dealers with enough answers to test"): int((sizes >= min_answers).sum())}


def case_mix(kept: pd.DataFrame, columns: Sequence[str]) -> np.ndarray | None:
    """Zero-one columns (N, p) of what the dealer does not choose; a missing value is a category of its own. None without columns.

    Raises
    ------
    ParameterError
        for an unknown column.
    """
    if not columns:
        return None
    for name in columns:
        if name not in kept.columns:
            raise ParameterError(f"There is no column '{name}' for the case-mix; {nearest(name, kept.columns)}")
    known = kept[list(columns)].astype("str").fillna("?")
    return pd.get_dummies(known, drop_first=True).to_numpy(dtype=float)


def traces(kept: pd.DataFrame, tables: Tables, *, timezone: str = "") -> pd.DataFrame:
    """What each answer carries, 1 or 0, NaN where it cannot be seen: one column a trace."""
    timezone = dates.zone(tables, timezone)
    taken = kept["duration_seconds"].astype(float)
    people = kept.groupby("device_hash")["customer_id"].transform("nunique")
    minutes = (kept["submitted_at"] - kept["touched_at"]).dt.total_seconds() / 60
    local = kept["submitted_at"].dt.tz_convert(timezone)
    both = kept["csat_score"].notna() & kept["ces_score"].notna()
    straight = kept["csat_score"].eq(5) & kept["ces_score"].eq(7)
    made = {
        "on_premises": kept["is_on_premises"].astype("boolean").astype("Float64"),
        "device": (people >= SHARED_DEVICE).where(kept["device_hash"].notna()),
        "prompt": (minutes < PROMPT_MINUTES).where(minutes.notna()),
        "fast": (taken < taken.groupby(kept["channel"]).transform("quantile", FAST_SHARE)).where(taken.notna()),
        "straight": straight.where(both),
        "month_end": (local.dt.days_in_month - local.dt.day < LAST_DAYS).where(local.notna()),
        "text": kept["response_id"].map(_negative(tables)),
    }
    return pd.DataFrame({name: pd.to_numeric(values, errors="coerce").astype(float) for name, values in made.items()}, index=kept.index)


def _negative(tables: Tables) -> pd.Series:
    """Whether a voice mentions anything negatively, for those with a mention that has a sentiment."""
    mentions = tables.get("topic_mentions")
    if mentions is None:
        return pd.Series(dtype=float)
    told = mentions[mentions["sentiment"].notna()]
    return told["sentiment"].eq("negative").groupby(told["response_id"]).max().astype(float)


def returned(kept: pd.DataFrame, tables: Tables, *, days: int) -> pd.Series:
    """Whether the customer came back to any dealer within `days` of answering; NaN without a customer or with less time to look."""
    visits = tables.get("touchpoints")
    blank = pd.Series(np.nan, index=kept.index)
    if visits is None or kept["customer_id"].isna().all():
        return blank
    visits = visits[visits["kind"].isin(RETURN_KINDS)].rename(columns={"started_at": "visit_at"})
    end = visits["visit_at"].max() - pd.Timedelta(days=days)
    known = kept[kept["customer_id"].notna() & (kept["submitted_at"] <= end)].reset_index().sort_values(["submitted_at", "response_id"])
    merged = pd.merge_asof(known[["index", "customer_id", "submitted_at"]], visits[["customer_id", "visit_at"]].sort_values("visit_at"),
                           left_on="submitted_at", right_on="visit_at", by="customer_id", direction="forward", allow_exact_matches=False)
    came = (merged["visit_at"] - merged["submitted_at"] <= pd.Timedelta(days=days)).astype(float)
    return blank.mask(blank.index.isin(known["index"]), pd.Series(came.to_numpy(), index=merged["index"]))


@conformity.explained
def study(tables: Tables, *, min_answers: int = 60, fdr: float = 0.05, mix: Sequence[str] = ("kind",), return_days: int = 180,
          conf_level: float = 0.95, seed: int = 0, timezone: str = "") -> Begging:
    """The review list, company NPS before and after, dealers' ranks; a refusal where too few dealers have enough answers, or answers hardly differ.

    Raises
    ------
    DataError, ParameterError
        as in `case_mix` and `voclib.stats.inflation.inflation_lr`.
    """
    kept, limits = answers(tables), gates.load()
    if kept.empty:
        return _refused(*words.NO_ANSWERS, words.has_answers(), words.shortfall(0, limits.min_clusters, min_answers), seed)
    x = case_mix(kept, mix)
    sizes = kept["unit_id"].value_counts()
    enough = int((sizes >= min_answers).sum())
    if enough < limits.min_clusters:
        return _refused(words.too_few(enough, min_answers), words.needs(limits.min_clusters, min_answers),
                        words.enough_dealers(enough, limits.min_clusters), words.shortfall(enough, limits.min_clusters, min_answers), seed)
    asked = kept.loc[kept["unit_id"].isin(sizes.index[sizes >= min_answers]), "nps_score"]
    tens, lower = int(asked.eq(10).sum()), int(asked.lt(10).sum())
    if min(tens, lower) < limits.caveat_n:  # tens are judged by the lower marks beside them
        return _refused(words.no_contrast(tens, lower, limits.caveat_n), words.contrast_needed(limits.caveat_n),
                        words.contrast(tens, lower, limits.caveat_n), words.marks(tens, lower), seed)
    test = bunching.inflation_lr(kept["nps_score"], kept["unit_id"], case_mix=x, min_n=min_answers, fdr=fdr, conf_level=conf_level,
                                  person=kept["customer_id"])
    marks, top = traces(kept, tables, timezone=timezone), kept["nps_score"].eq(10)
    found = _components(kept, marks, top, returned(kept, tables, days=return_days), test)
    dealers = _dealers(kept, tables, test, found, fdr=fdr, conf_level=conf_level, seed=seed)
    ladder = _ladder(kept, marks, test, conf_level=conf_level, seed=seed)
    naive = bunching.share_of_tens_z(kept["nps_score"], kept["unit_id"], min_n=min_answers)
    dealers = dealers.merge(naive[["unit", "share", "is_flagged"]].rename(columns={"share": "tens_share", "is_flagged": "is_naive"}), on="unit")
    components = _summary(found, dealers, fdr=fdr)
    smallest = _smallest(dealers, fdr, conf_level)
    unknown = [name for name in mix if kept[name].isna().all()]
    checks = (*_checks(dealers, components, ladder, test, smallest, min_answers=min_answers), *words.mix_known(unknown),
              repeats.check(tables, kept["response_id"], timezone))
    fits = test.spread <= 1 and (dealers["q_value"] <= bunching.DOUBTFUL).mean() <= 0.25  # else either check on the shape has failed
    finding = _finding(dealers, ladder, checks, smallest, fdr=fdr, fits=fits, seed=seed)
    return Begging(finding, True, dealers, shown.review(dealers, found), shown.traced(dealers, found), components, ladder, words.tested(dealers),
                   words.captions(dealers, ladder, components, fdr=fdr, conf_level=conf_level))


def _components(kept: pd.DataFrame, marks: pd.DataFrame, top: pd.Series, came: pd.Series, test: bunching.Inflation) -> dict[str, pd.Series]:
    """p of every component that can be looked at, one row a dealer tested, in the order of the test."""
    units = pd.Index(test.frame["unit"])
    found = {"bunching": test.frame.set_index("unit")["p_value"]}
    rows = kept.assign(came=came, top=top)[came.notna()]
    sides = rows.groupby(["unit_id", "top"]).size().unstack("top")
    if sides.shape[1] == 2 and (sides.min(axis=1) >= 15).sum() >= 3:
        found["credibility"] = credibility.credibility_slope(rows["top"], rows["came"], rows["unit_id"]).set_index("unit")["p_value"]
    for name in marks:
        seen = top & marks[name].notna()
        if (kept.loc[seen, "unit_id"].value_counts() >= 20).sum() >= 3:
            found[name] = credibility.excess_share(marks.loc[seen, name], kept.loc[seen, "unit_id"]).set_index("unit")["p_value"]
    return {name: p.reindex(units) for name, p in found.items()}


def _dealers(kept: pd.DataFrame, tables: Tables, test: bunching.Inflation, found: Mapping[str, pd.Series], *, fdr: float, conf_level: float,
             seed: int) -> pd.DataFrame:
    """One row a dealer tested: the test of its marks, whether its traces are unusual, NPS and rank before and after."""
    frame = test.frame.rename(columns={"is_flagged": "is_listed"})
    beside = {name: p for name, p in found.items() if name != "bunching"}
    unusual = credibility.flagged(credibility.combine(beside, weights=WEIGHTS), fdr=fdr)[1] if beside else np.zeros(len(frame), dtype=bool)
    scores, _, _ = bunching.restored(kept["nps_score"], kept["unit_id"], test)
    reach = inference.quantile(conf_level, np.inf) * scores["corrected_error"]
    before, after = (credibility.ranks(scores[value], scores[error], conf_level=conf_level, seed=seed).add_prefix(prefix)
                     for value, error, prefix in (("nps", "nps_error", "raw_"), ("nps_corrected", "corrected_error", "")))
    names = tables["units"].drop_duplicates("unit_id").set_index("unit_id")["name"] if "units" in tables else pd.Series(dtype="str")
    return pd.concat([frame.assign(
        name=frame["unit"].map(names).fillna(frame["unit"].astype("str")), is_traced=unusual & ~frame["is_listed"],
        nps=scores["nps"], nps_corrected=scores["nps_corrected"],
        nps_low=(scores["nps_corrected"] - reach).clip(-100, 100), nps_high=(scores["nps_corrected"] + reach).clip(-100, 100),
    ), before, after], axis=1)


def _ladder(kept: pd.DataFrame, marks: pd.DataFrame, test: bunching.Inflation, *, conf_level: float, seed: int) -> Ladder:
    """Company NPS: as published → without answers that carry a trace → thresholds restored, all clustered by dealer."""
    options = {"cluster": "unit_id", "conf_level": conf_level, "estimand": "nps_corrected"}
    clean = kept[~marks[list(DROPPED)].eq(1).any(axis=1)]
    rungs = [metrics.nps(kept, rung="published", **options), metrics.nps(clean, rung="without_traces", **options)]
    _, value, extra = bunching.restored(kept["nps_score"], kept["unit_id"], test)
    mean = float(value.mean())
    fit = inference.fit(mean, value - mean, n=len(value), cluster=kept["unit_id"].to_numpy(), method="restored thresholds, CR2")
    fit = replace(fit, std_error=float(np.sqrt(fit.std_error**2 + extra)))
    rungs.append(fit.estimate("nps_corrected", unit="points", rung="restored", conf_level=conf_level, low=-100, high=100, seed=seed,
                              verdict=Verdict.REPORT_WITH_CAVEAT, assumptions=("clusters_independent", "respondents_only")))
    return Ladder("nps_corrected", tuple(rungs), chosen="restored")


def _summary(found: Mapping[str, pd.Series], dealers: pd.DataFrame, *, fdr: float) -> pd.DataFrame:
    """One row a component: weight among the traces, dealers looked at, dealers that stand out (adjusted), how many of these are listed."""
    rows = []
    for name, (title, null) in words.COMPONENTS.items():
        p = found[name].to_numpy() if name in found else np.full(len(dealers), np.nan)
        seen = ~np.isnan(p)
        out = np.zeros(len(p), dtype=bool)
        out[seen] = credibility.flagged(p[seen], fdr=fdr)[1] if seen.any() else False
        weight = shown.percent(WEIGHTS[name]) if name in WEIGHTS else shown.DECIDES
        rows.append({"component": title, "null": null, "weight": weight, "seen": int(seen.sum()), "out": int(out.sum()),
                     "listed": int((out & dealers["is_listed"].to_numpy()).sum())})
    return pd.DataFrame(rows)


def _smallest(dealers: pd.DataFrame, fdr: float, conf_level: float) -> float:
    """About the share turned at which four dealers in five are listed by the marks alone; three quarters of dealers are at least this exact."""
    inner = dealers[dealers["turned_share"] > 0]  # an estimate held at zero has too short an interval
    error = (inner["conf_high"] - inner["turned_share"]) / inference.quantile(conf_level, np.inf)
    hurdle = inference.quantile(1 - 2 * fdr / len(dealers), np.inf)
    return float(min(1.0, (hurdle + 0.84) * error.quantile(0.75))) if len(inner) else 1.0


def _checks(dealers: pd.DataFrame, components: pd.DataFrame, ladder: Ladder, test: bunching.Inflation, smallest: float, *,
            min_answers: int) -> tuple[Check, ...]:
    """The gates, and what the usual alarm would have done with the same answers."""
    limits = gates.load()
    return (
        words.enough_dealers(len(dealers), limits.caveat_clusters),
        words.one_shape(test.spread),
        words.majority_honest(int((dealers["q_value"] <= bunching.DOUBTFUL).sum()), len(dealers)),
        words.corrections_agree(ladder["without_traces"], ladder["restored"]),
        words.components_seen(int((components["seen"] > 0).sum()), len(components)),
        words.usual_alarm(int(dealers["is_naive"].sum()), int(dealers["is_listed"].sum()), len(dealers)),
        words.smallest_seen(smallest),
        words.left_out(len(test.left_out), min_answers),
    )


def _finding(dealers: pd.DataFrame, ladder: Ladder, checks: tuple[Check, ...], smallest: float, *, fdr: float, fits: bool,
             seed: int) -> Study:
    """The Study: never better than with a caveat, since the marks alone cannot tell asking from a culture of tens."""
    listed, published, restored = int(dealers["is_listed"].sum()), ladder["published"], ladder["restored"]
    listing = Estimate(estimand="review_list", kind="count", unit="count", value=float(listed), n=len(dealers),
                       ci_method="bunching test, Benjamini–Hochberg")
    verdict = Verdict.worst([Verdict.REPORT_WITH_CAVEAT, published.verdict])
    return Study(
        question=words.QUESTION, kicker=words.kicker(dealers), answer=words.answer(dealers, published, restored, fdr=fdr, fits=fits),
        headline=(restored.with_(verdict=verdict), listing), naive=published, verdict=verdict, ladders=(ladder,), checks=checks,
        caveat=words.CAVEAT, decision=words.decision(listed, smallest), limits=words.LIMITS, reader="region", seed=seed)


def _refused(reason: Text, needs: Text, check: Check, shortfall: Mapping[Text, Any], seed: int) -> Begging:
    """Nothing is tested: why, what is missing, and empty frames."""
    missing = refusal("nps_corrected", unit="points", rung="restored", reason=reason, needs=needs, seed=seed)
    ladder = Ladder("nps_corrected", (missing,), chosen="restored")
    finding = Study(question=words.QUESTION, kicker=words.KICKER, answer=reason, headline=(missing,), verdict=Verdict.REFUSE, ladders=(ladder,),
                    checks=(check,), caveat=words.CAVEAT, decision=needs, limits=words.LIMITS, reader="region", seed=seed)
    empty = pd.DataFrame()
    return Begging(finding, False, empty, empty, empty, empty, ladder, shortfall, {})


def against_truth(result: Begging, truth: Mapping[str, Any]) -> pd.DataFrame:
    """Where the truth was planted: every dealer that is on one of the lists or that begged, with what was found and what is true."""
    planted, rows = truth.get("inflation", {}).get("dealers", {}), []
    if not truth:
        return pd.DataFrame(columns=list(shown.TRUTH_COLUMNS))
    for row in result.dealers.itertuples():
        known = planted.get(row.unit)
        if known is None and not (row.is_listed or row.is_traced):
            continue
        rows.append(shown.truth_row(row, known))
    missed = sorted(set(planted) - set(result.dealers.get("unit", [])))
    rows += [shown.untested_row(unit, planted[unit]) for unit in missed]
    return pd.DataFrame(rows, columns=list(shown.TRUTH_COLUMNS))
