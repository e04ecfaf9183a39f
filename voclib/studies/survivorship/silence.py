"""Who falls silent before leaving? Falling log-ins as a calibrated risk of churn, tested on months the model had not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Check, Estimate, Ladder, Text, Verdict, refusal
from voclib.schema import conformity, dates
from voclib.stats import gates as gating
from voclib.stats import inference, risk
from voclib.studies.survivorship import silence_text as words
from voclib.studies.survivorship import use_months

Tables = Mapping[str, pd.DataFrame]
MIN_EVENTS = 50
MIN_MONTHS = 4
"""Months of use known of a customer on a landmark: three recent ones and at least one of the own past."""
RECENT = 3
LEAK_ALARM = 0.95
LIST_SIZES = (50, 100, 200, 500)
KNOWN_ON = {
    **dict.fromkeys(("fall_last", "fall_recent", "usual", "streak"), "usage_on"),
    "recency": "contact_on",
    **dict.fromkeys(("spend", "complaints"), "snapshot_on"),
    "tenure": "joined_on",
}
"""Predictor → column with the day on which it was known; none may lie after the landmark."""
BANDS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 1)


@dataclass(frozen=True)
class Signal:
    """What the page shows of the signal; `ranked` names customers and is for analysts only, never for a page.

    `numbers`: auc, login_gain (what log-ins add to it), skill, ratio (observed over expected), slope, lift, gain (list against rule),
    break_even. `ladder`: share of a list that left: at random → rule of thumb → model. `bands`: customers now, and what became of customers of
    that band. `fading`: log-ins in the months before leaving against the customer's own usual. `tested`: one row a test day. `calls`: what
    a list of a size would hold.
    """

    verdict: Verdict
    numbers: Mapping[str, Estimate]
    ladder: Ladder
    bands: pd.DataFrame
    fading: pd.DataFrame
    tested: pd.DataFrame
    calls: pd.DataFrame
    ranked: pd.DataFrame
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Terms:
    """What a call is assumed to be worth, all three set by the reader: ¥ a kept customer brings, share of leavers a call keeps, ¥ a call."""

    margin_cny: float
    kept_share: float
    cost_cny: float


@dataclass(frozen=True)
class _Use:
    """Log-ins (customers, months) with NaN before a customer's first month; month ends (months,); customers by row."""

    logins: np.ndarray
    ends: pd.DatetimeIndex
    customers: pd.DataFrame


@conformity.explained
def signal(tables: Tables, *, horizon_days: int = 90, landmark: str = "", asof: str = "", list_size: int = 100, margin_cny: float = 6000.0,
           kept_share: float = 0.1, cost_per_call_cny: float = 40.0, method: risk.Method = "platt", extra: pd.DataFrame | None = None,
           conf_level: float = 0.95, seed: int = 0, timezone: str = "") -> Signal:
    """Risk of leaving within `horizon_days` of a month end, from what was known by then.

    Tested on the last month whose window is complete (or `landmark`, "2026-03"), and on earlier ones as far as 50 leavers need; each
    time with a model trained on windows that had ended by then. `asof` is the last day observed, by default the end of the last month of
    use. `extra` adds predictors: customer_id, landmark_on, known_on and columns of numbers.

    Raises
    ------
    DataError
        if a predictor was known only after its landmark.
    ParameterError
        for an unknown landmark, horizon, calibration, or terms of a call that make no sense.
    """
    timezone = dates.zone(tables, timezone)
    terms = Terms(margin_cny, kept_share, cost_per_call_cny)
    risk.call_value([0.0], margin_cny=margin_cny, kept_share=kept_share, cost_cny=cost_per_call_cny)
    if horizon_days < 1:
        raise ParameterError(f"horizon_days is at least 1, not {horizon_days}.")
    tables, late = use_months.recorded(tables, timezone)
    if (missing := [name for name in ("usage", "customers") if name not in tables or tables[name].empty]):
        return _refused(words.no_tables(missing), horizon_days)
    use = _use(tables)
    last = pd.Timestamp(asof) if asof else use.ends[-1]
    history = _history(use, tables, horizon_days=horizon_days, timezone=timezone)
    if history.empty:
        return _refused(words.too_little_use(MIN_MONTHS), horizon_days)
    history, known_on = _with_extra(history, extra)
    complete = history[history[risk.ENDS] <= last]
    days = _test_days(complete, landmark)
    if not days:
        left, stayed = int(complete["left"].sum()), int((complete["left"] == 0).sum())
        return _refused(words.too_few_stayers(stayed, MIN_EVENTS) if stayed < left else words.too_few_leavers(left, MIN_EVENTS), horizon_days)
    options = {"outcome": "left", "cluster": "customer_id", "method": method, "seed": seed}
    found = risk.calibrated_risk(complete, known_on=known_on, test_on=days, **options)
    auc = _auc(found, conf_level)
    if auc.conf_low <= 0.5:
        return _refused(words.no_better_than_lots(auc), horizon_days, auc=auc)
    without = risk.calibrated_risk(complete, known_on={k: v for k, v in known_on.items() if v != "usage_on"}, test_on=days, **options)
    numbers = _numbers(found, without, list_size, terms, conf_level)
    now = history[history[risk.LANDMARK] == history.loc[history[risk.LANDMARK] <= last, risk.LANDMARK].max()]
    model = risk.train(complete, predictors=tuple(known_on), **options)
    made = _shown(found=found, numbers=numbers, ladder=_ladder(found, conf_level), fading=_fading(use, conf_level), now=now, model=model,
                  terms=terms, conf_level=conf_level, horizon_days=horizon_days)
    return replace(made, checks=(*made.checks, *late))


def _use(tables: Tables) -> _Use:
    """Months of use as a matrix; a month without a row, after a customer's first, is a month without a log-in."""
    wide = tables["usage"].pivot_table(index="customer_id", columns="month", values="logins", aggfunc="sum", observed=True)
    months = pd.period_range(wide.columns.min(), wide.columns.max(), freq="M")
    wide = wide.reindex(columns=months.astype("str")).sort_index()
    logins = wide.to_numpy(dtype=float, na_value=np.nan)
    known = np.cumsum(~np.isnan(logins), axis=1) > 0
    customers = tables["customers"].drop_duplicates("customer_id").set_index("customer_id").reindex(wide.index).reset_index()
    dated = ~customers["is_churned"].fillna(False).astype(bool).to_numpy() | customers["churned_on"].notna().to_numpy()
    kept = dated & customers["joined_on"].notna().to_numpy()  # who left on a day nobody knows can be in no window
    return _Use(np.where(known, np.nan_to_num(logins), np.nan)[kept], months.to_timestamp(how="end").normalize(),
                customers[kept].reset_index(drop=True))


def _history(use: _Use, tables: Tables, *, horizon_days: int, timezone: str) -> pd.DataFrame:
    """One row a customer still here on a month end with enough months of use: predictors, when each was known, and who left in the window.

    Empty where no customer has so many months.
    """
    parts = []
    for k in range(MIN_MONTHS - 1, len(use.ends)):
        day, who = use.ends[k], use.customers
        left = who["churned_on"]
        known = (~np.isnan(use.logins[:, : k + 1])).sum(axis=1)
        here = (left.isna() | (left > day)).to_numpy() & (who["joined_on"] <= day).to_numpy() & (known >= MIN_MONTHS)
        end = day + pd.Timedelta(days=horizon_days)
        rows = pd.DataFrame({"customer_id": who["customer_id"], risk.LANDMARK: day, risk.ENDS: end, "usage_on": day, "joined_on": who["joined_on"],
                             "left": (left <= end).fillna(False).astype(float), "tenure": np.sqrt((day - who["joined_on"]).dt.days.clip(lower=0)),
                             **_of_use(use.logins[:, : k + 1])})
        parts.append(rows[here])
    if not parts or not (history := pd.concat(parts, ignore_index=True)).size:
        return pd.DataFrame()
    return _with_snapshots(_with_contacts(history, tables.get("touchpoints"), timezone), tables.get("behaviours"))


def _of_use(logins: np.ndarray) -> dict[str, np.ndarray]:
    """How far log-ins fell below the customer's own usual, in standard errors; zero where they did not fall.

    On the square-root scale counts of any size vary alike (Anscombe 1948): 2·√ of a mean of m months has variance 1/m, so that a fall
    from few months of past is not mistaken for a large one.
    """
    earlier = logins[:, :-RECENT]
    size = np.maximum((~np.isnan(earlier)).sum(axis=1), 1)
    root = 2 * np.sqrt(np.nansum(earlier, axis=1) / size + 0.375)
    last, recent = (2 * np.sqrt(m + 0.375) for m in (logins[:, -1], logins[:, -RECENT:].mean(axis=1)))
    silent = np.cumprod(logins[:, ::-1] == 0, axis=1).sum(axis=1)
    return {"fall_last": np.maximum(root - last, 0) / np.sqrt(1 + 1 / size), "usual": root, "logins_last": logins[:, -1],
            "fall_recent": np.maximum(root - recent, 0) / np.sqrt(1 / RECENT + 1 / size), "streak": np.minimum(silent, 6).astype(float)}


def _with_contacts(history: pd.DataFrame, touchpoints: pd.DataFrame | None, timezone: str) -> pd.DataFrame:
    """Days since the last contact on or before the landmark, as a square root; missing where there was none."""
    if touchpoints is None or touchpoints.empty:
        return history.assign(recency=np.nan, contact_on=pd.NaT)
    on = touchpoints["started_at"].dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    found = _latest(history, pd.DataFrame({"customer_id": touchpoints["customer_id"], "contact_on": on}), "contact_on")
    return found.assign(recency=np.sqrt((found[risk.LANDMARK] - found["contact_on"]).dt.days))


def _with_snapshots(history: pd.DataFrame, behaviours: pd.DataFrame | None) -> pd.DataFrame:
    """Spend and complaints of the last snapshot on or before the landmark; what was measured after an invitation is left out."""
    if behaviours is None or behaviours.empty:
        return history.assign(spend=np.nan, complaints=np.nan, snapshot_on=pd.NaT)
    usable = behaviours[~behaviours["is_post"].fillna(True).astype(bool)]
    seen = pd.DataFrame({"customer_id": usable["customer_id"], "snapshot_on": usable["asof_on"],
                         "spend": np.sqrt(usable["spend_12m_cny"].astype(float).clip(lower=0)), "complaints": usable["complaints_12m"].astype(float)})
    return _latest(history, seen, "snapshot_on")


def _latest(history: pd.DataFrame, seen: pd.DataFrame, day: str) -> pd.DataFrame:
    """Columns of the last row of `seen` (by its `day`) on or before each landmark, joined to it."""
    right = seen.dropna(subset=[day, "customer_id"]).sort_values([day, "customer_id"], kind="stable")
    right = right.assign(at=right[day].astype("datetime64[us]"))
    left = history.assign(at=history[risk.LANDMARK].astype("datetime64[us]"), place=np.arange(len(history))).sort_values("at", kind="stable")
    joined = pd.merge_asof(left, right, on="at", by="customer_id", direction="backward")
    return joined.sort_values("place").drop(columns=["at", "place"]).reset_index(drop=True)


def _with_extra(history: pd.DataFrame, extra: pd.DataFrame | None) -> tuple[pd.DataFrame, dict[str, str]]:
    """History with predictors of the reader's own, and when every predictor was known."""
    if extra is None:
        return history, KNOWN_ON
    for name in ("customer_id", risk.LANDMARK, "known_on"):
        if name not in extra.columns:
            raise ParameterError(f"extra= has no column '{name}'; it needs customer_id, {risk.LANDMARK} and known_on beside its predictors.")
    added = [c for c in extra.columns if c not in ("customer_id", risk.LANDMARK, "known_on")]
    if clash := sorted(set(added) & set(history.columns)):
        raise ParameterError(f"extra= must not repeat columns of the history: {', '.join(clash)}.")
    joined = history.merge(extra.rename(columns={"known_on": "extra_on"}), on=["customer_id", risk.LANDMARK], how="left", validate="one_to_one")
    return joined, {**KNOWN_ON, **dict.fromkeys(added, "extra_on")}


def _test_days(complete: pd.DataFrame, landmark: str) -> list[pd.Timestamp]:
    """The last complete landmark, then earlier ones with windows that do not overlap, until 50 left; empty where they never do.

    As many must have stayed, in the test and in the past before it: a ranking needs both kinds.
    """
    counts = complete.assign(stayed=1 - complete["left"]).groupby(risk.LANDMARK)[["left", "stayed"]].sum()
    ends = complete.groupby(risk.LANDMARK)[risk.ENDS].first()

    def enough(rows: pd.DataFrame) -> bool:
        return bool(rows.sum().min() >= MIN_EVENTS)

    if landmark:
        chosen = [d for d in counts.index if f"{d:%Y-%m}" == landmark]
        if not chosen:
            raise ParameterError(f"No complete landmark '{landmark}'; there are {', '.join(f'{d:%Y-%m}' for d in counts.index) or 'none'}.")
        return chosen if enough(counts.loc[chosen]) and enough(counts[ends <= chosen[0]]) else []
    days: list[pd.Timestamp] = []
    for day in counts.index[::-1]:
        if not enough(counts[ends <= day]):  # too few of a kind to train on before this day
            break
        if not days or ends[day] <= days[-1]:
            days.append(day)
        if enough(counts.loc[days]):
            return days[::-1]
    return []


def _numbers(found: risk.Tested, without: risk.Tested, list_size: int, terms: Terms, conf_level: float) -> dict[str, Estimate]:
    """Ranking, what log-ins add to it, calibration, the list of calls, and from which kept share on a call pays."""
    p, y, who = found.risk, found.outcome, found.rows["customer_id"].to_numpy()
    options = {"conf_level": conf_level, "assumptions": ("clusters_independent",)}
    calibrated, listed = risk.calibration(p, y, cluster=who, trained=found.models[-1].leavers), risk.listed(p, min(list_size, len(p)))
    out = {"auc": _auc(found, conf_level),
           "login_gain": risk.auc_gain(p, without.risk, y, cluster=who).estimate("leaver_auc_gain", unit="pp", low=-1, high=1, **options),
           "skill": risk.brier_skill(p, y, cluster=who).estimate("leaver_skill", unit="share", high=1, **options),
           "ratio": calibrated.ratio.estimate("leaver_ratio", unit="ratio", low=0, **options)}
    if calibrated.slope is not None:
        out["slope"] = calibrated.slope.estimate("leaver_slope", unit="ratio", **options)
    out["precision"] = _precision(listed, y, who, conf_level, rung="model")
    out["lift"] = risk.lift(listed, y, cluster=who).estimate("list_lift", unit="ratio", low=0, **options)
    quiet = (found.rows["logins_last"] == 0).to_numpy(dtype=float)
    if quiet.sum() >= MIN_MONTHS:
        same = risk.listed(p, int(quiet.sum()))
        out["gain"] = risk.gain(same, quiet, y, cluster=who).estimate("list_gain", unit="pp", low=-1, high=1, **options)
    out["break_even"] = _break_even(out["precision"], terms)
    return out


def _auc(found: risk.Tested, conf_level: float) -> Estimate:
    """How well the risk ranks customers on the test days."""
    made = risk.auc(found.risk, found.outcome, cluster=found.rows["customer_id"].to_numpy())
    return made.estimate("leaver_auc", unit="share", low=0, high=1, conf_level=conf_level, assumptions=("clusters_independent",))


def _precision(listed: np.ndarray, outcome: np.ndarray, who: np.ndarray, conf_level: float, *, rung: str) -> Estimate:
    """Share of a list that left, with an interval that has a width even where nobody did."""
    made = risk.precision(listed, outcome, cluster=who)
    z = inference.quantile(conf_level, np.inf)
    _, _, low, high = inference.bounded_interval(made.value, made.value, made.n, low=0, high=1, ends=z**2 / 2, middle=0, quantile=z)
    reach = z * made.std_error
    return made.estimate("list_precision", unit="share", rung=rung, conf_level=conf_level).with_(
        conf_low=float(max(min(low, made.value - reach), 0.0)), conf_high=float(min(max(high, made.value + reach), 1.0)))


def _break_even(precision: Estimate, terms: Terms) -> Estimate:
    """Share of leavers that a call must keep so that the list pays; a share above 1 is written as 1, no call can reach it."""
    at = [min(terms.cost_cny / (terms.margin_cny * p), 1.0) if p > 0 else 1.0 for p in (precision.value, precision.conf_high, precision.conf_low)]
    return Estimate(estimand="call_break_even", kind="estimate", unit="share", value=at[0], conf_low=at[1], conf_high=at[2], n=precision.n,
                    conf_level=precision.conf_level, ci_method="from the share of the list that left", assumptions=("clusters_independent",))


def _ladder(found: risk.Tested, conf_level: float) -> Ladder:
    """A list as long as the rule of thumb's ("no log-in last month"): drawn at random, by the rule, by the model."""
    y, who = found.outcome, found.rows["customer_id"].to_numpy()
    quiet = (found.rows["logins_last"] == 0).to_numpy(dtype=float)
    lot = _precision(np.ones(len(y)), y, who, conf_level, rung="lot")
    if not quiet.any():
        return Ladder("list_precision", (lot,), chosen="lot")
    model = risk.listed(found.risk, int(quiet.sum()))
    return Ladder("list_precision", (lot, _precision(quiet, y, who, conf_level, rung="rule"), _precision(model, y, who, conf_level, rung="model")),
                  chosen="model")


def _fading(use: _Use, conf_level: float) -> pd.DataFrame:
    """Log-ins in each of the six full months before the month of leaving, over the same customers' own usual: months_before, estimate, range, n.

    Usual is the mean of months seven and more before; customers without such a month, or who never logged in then, are left out.
    """
    left = use.customers["churned_on"]
    gone = left.notna().to_numpy()
    at = np.searchsorted(use.ends.to_numpy(), left[gone].to_numpy())
    logins, columns = use.logins[gone], np.arange(use.logins.shape[1])
    before = at[:, None] - columns[None, :]
    past = np.where(before > 6, logins, np.nan)
    usual = np.nansum(past, axis=1) / np.maximum((~np.isnan(past)).sum(axis=1), 1)
    rows, z = [], inference.quantile(conf_level, np.inf)
    for month in range(6, 0, -1):
        here = (before == month) & ~np.isnan(logins) & (usual > 0)[:, None]
        now, was = logins[here], usual[np.nonzero(here)[0]]
        if len(now) < gating.load().min_n:
            continue
        ratio = now.sum() / was.sum()
        error = inference.fit(ratio, (now - ratio * was) / was.mean(), n=len(now)).std_error
        rows.append({"months_before": -month, "estimate": ratio, "conf_low": max(ratio - z * error, 0.0), "conf_high": ratio + z * error,
                     "n": len(now)})
    return pd.DataFrame(rows, columns=["months_before", "estimate", "conf_low", "conf_high", "n"])


def _shown(*, found: risk.Tested, numbers: dict[str, Estimate], ladder: Ladder, fading: pd.DataFrame, now: pd.DataFrame, model: risk.RiskModel,
           terms: Terms, conf_level: float, horizon_days: int) -> Signal:
    """Frames, checks and captions of a signal that stands."""
    checks = words.checks(numbers, found, found.models[-1].events, alarm=LEAK_ALARM, floor=MIN_EVENTS)
    verdict = Verdict.REPORT_WITH_CAVEAT if any(c.passed is False for c in checks) else Verdict.REPORT
    current = model.predict(now)
    made = _bands(found, current, conf_level)
    calls, tested = _calls(found, terms, conf_level), _tested(found, conf_level)
    numbers = {name: e.with_(verdict=verdict) for name, e in numbers.items()}
    captions = words.captions(numbers, ladder, made, fading, tested, terms, horizon_days=horizon_days, landmark=now[risk.LANDMARK].iloc[0])
    return Signal(verdict, numbers, ladder, made, fading, tested, calls, _ranked(now, current, model), checks, captions)


def _bands(found: risk.Tested, current: np.ndarray, conf_level: float) -> pd.DataFrame:
    """A band of risk a row: customers in it now; of those in it on the test days, how many left. Small groups are withheld."""
    table = risk.bands(found.risk, found.outcome, edges=BANDS, cluster=found.rows["customer_id"].to_numpy(), conf_level=conf_level)
    counts = np.bincount(np.clip(np.searchsorted(np.asarray(BANDS), current, side="right") - 1, 0, len(BANDS) - 2), minlength=len(BANDS) - 1)
    small = table["n"] < (floor := gating.load().small_cell)
    table = table.assign(band=[words.band(a, b) for a, b in zip(table["risk_from"], table["risk_to"], strict=True)],
                         customers=pd.array(np.where((counts > 0) & (counts < floor), 0, counts), dtype="Int64"))
    table.loc[(counts > 0) & (counts < floor), "customers"] = pd.NA
    hidden = ["predicted", "observed", "conf_low", "conf_high"]
    table[["n", "events"]] = table[["n", "events"]].astype("Int64")
    table.loc[small, [*hidden]] = np.nan
    table.loc[small & (table["n"] > 0), ["n", "events"]] = pd.NA
    return table[["band", "customers", "n", "events", *hidden, "risk_from", "risk_to"]]


def _tested(found: risk.Tested, conf_level: float) -> pd.DataFrame:
    """A test day a row: customers, leavers, expected leavers, observed over expected with its range."""
    rows = []
    for day, part in found.rows.groupby(risk.LANDMARK).indices.items():
        p, y = found.risk[part], found.outcome[part]
        known = risk.calibration(p, y, trained=found.models[-1].leavers) if y.any() else None
        made = known.ratio.estimate("leaver_ratio", unit="ratio", low=0, conf_level=conf_level) if known else None
        rows.append({"landmark": f"{day:%Y-%m}", "n": len(part), "left": int(y.sum()), "expected": float(p.sum()),
                     "estimate": made.value if made else 0.0, "conf_low": made.conf_low if made else np.nan,
                     "conf_high": made.conf_high if made else np.nan})
    return pd.DataFrame(rows)


def _calls(found: risk.Tested, terms: Terms, conf_level: float, sizes: Sequence[int] = LIST_SIZES) -> pd.DataFrame:
    """A list size a row: share that left (observed on the test days), kept share from which it pays, net ¥ under the terms assumed."""
    rows, who = [], found.rows["customer_id"].to_numpy()
    for size in (s for s in sizes if s <= len(found.risk)):
        share = _precision(risk.listed(found.risk, size), found.outcome, who, conf_level, rung="model")
        even = _break_even(share, terms)
        net = [size * (p * terms.kept_share * terms.margin_cny - terms.cost_cny) for p in (share.value, share.conf_low, share.conf_high)]
        rows.append({"calls": size, "precision": share.value, "conf_low": share.conf_low, "conf_high": share.conf_high, "break_even": even.value,
                     "net_cny": net[0], "net_low_cny": net[1], "net_high_cny": net[2]})
    return pd.DataFrame(rows)


def _ranked(now: pd.DataFrame, current: np.ndarray, model: risk.RiskModel) -> pd.DataFrame:
    """Customers now, highest risk first, with up to two predictors that raise it most; for analysts, never for a page."""
    order = np.argsort(-(parts := model.contributions(now)), axis=1)[:, :2]
    names = [[words.REASONS.get(model.predictors[k], Text(model.predictors[k], model.predictors[k])) for k in row if parts[i, k] > 0]
             for i, row in enumerate(order)]
    frame = pd.DataFrame({"customer_id": now["customer_id"].to_numpy(), "risk": current,
                          "reason_zh": ["；".join(t.zh for t in row) for row in names], "reason_en": ["; ".join(t.en for t in row) for row in names]})
    return frame.sort_values(["risk", "customer_id"], ascending=[False, True], ignore_index=True)


def _refused(why: tuple[Text, Text], horizon_days: int, auc: Estimate | None = None) -> Signal:
    """No risk is shown: why, and what would make one possible."""
    reason, needs = why
    withheld = refusal("leaver_auc", unit="share", reason=reason, needs=needs)
    numbers = {"auc": withheld if auc is None else withheld.with_(n=auc.n, n_clusters=auc.n_clusters)}
    precision = refusal("list_precision", unit="share", rung="model", reason=reason, needs=needs)
    said = (words.refused_check(reason),), words.refused_captions(reason, horizon_days)
    return Signal(Verdict.REFUSE, numbers, Ladder("list_precision", (precision,), chosen="model"), *[pd.DataFrame()] * 5, *said)
