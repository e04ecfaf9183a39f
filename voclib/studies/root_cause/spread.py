"""Where a part's repairs pile up beyond chance: in some of its batches, at some dealers, or nowhere; and dealers whose repairs come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from voclib.results import Estimate, Text, refusal
from voclib.stats import inference, outstanding, siblings
from voclib.studies.root_cause.batches import Found

BACK_DAYS = 30
LEAST_EXPECTED = 1.0  # repairs of a cell, below which χ² is not its distribution
FEWEST_REPAIRS = 50  # of a dealer
BATCH, DEALER, BOTH, EVEN, FEW = "batch", "dealer", "both", "even", "few"


def cards(repairs: pd.DataFrame, found: Found, *, fdr: float = 0.05) -> pd.DataFrame:
    """One row a part: repairs, batches and how many are told, excess repairs in those, p of spreading over batches and dealers by chance, `where`.

    Over batches each is held against its siblings; over dealers the part's share of a dealer's repairs against its share in the same models. Both by
    Pearson's χ², with false discoveries held down over all parts and both directions (BH).
    """
    made = pd.DataFrame([_card(part, rows, repairs, found) for part, rows in found.table.groupby("part", sort=True)])
    if made.empty:
        return made
    both = np.concatenate([made["p_batch"], made["p_dealer"]]).astype(float)
    known, q = np.isfinite(both), np.full(len(both), np.nan)
    q[known] = inference.adjust(both[known], "bh")
    made["q_batch"], made["q_dealer"] = q[: len(made)], q[len(made):]
    a, b = made["q_batch"] <= fdr, made["q_dealer"] <= fdr
    made["where"] = np.select([a & b, a, b, made["p_batch"].isna() & made["p_dealer"].isna()], [BOTH, BATCH, DEALER, FEW], EVEN)
    return made.sort_values(["told", "excess", "part"], ascending=[False, False, True], ignore_index=True)


def _card(part: str, rows: pd.DataFrame, repairs: pd.DataFrame, found: Found) -> dict[str, object]:
    own = repairs["part"].eq(part)
    excess = float((rows["repairs"] - rows["expected"])[rows["told"]].sum())
    return {"part": part, "repairs": int(own.sum()), "batches": len(rows), "told": int(rows["told"].sum()), "excess": max(excess, 0.0),
            "p_batch": _over_batches(rows, float(found.dispersion[0]), found.compared.spread), "p_dealer": _over_dealers(own, repairs)}


def _over_batches(rows: pd.DataFrame, own: float, spread: float) -> float:
    """p that the part's batches differ by chance, and by as much as siblings of all parts do, alone."""
    kind = rows["product"].astype(str)
    total = rows.groupby(kind)[["repairs", "worth"]].transform("sum")
    mean = rows["worth"] * total["repairs"] / total["worth"].where(total["worth"] > 0)
    kept = mean >= LEAST_EXPECTED
    df = int(kept.sum()) - int(kind[kept].nunique())
    away = (rows["repairs"] - mean)[kept] ** 2 / (mean * (own + spread**2 * mean))[kept]
    return float(stats.chi2.sf(float(away.sum()), df)) if df > 0 else float("nan")


def _over_dealers(own: pd.Series, repairs: pd.DataFrame) -> float:
    """p that the part's share differs between dealers by chance alone, with the same mix of models.

    A vehicle that comes back to a dealer brings the same part again, so χ² is divided by the design effect of vehicles (Rao & Scott 1981, JASA 76).
    """
    known = repairs["unit_id"].notna() & repairs["product"].notna()
    who = repairs["vehicle_id"].astype(object).where(repairs["vehicle_id"].notna(), repairs.index.to_series())  # unnamed: a vehicle of its own
    frame = pd.DataFrame({"unit": repairs["unit_id"], "model": repairs["product"], "own": own.astype(float), "who": who})[known]
    if frame.empty:
        return float("nan")
    share = frame.groupby("model")["own"].transform("mean")
    frame = frame.assign(mean=share, var=share * (1.0 - share))
    away = (frame["own"] - share).groupby([frame["unit"], frame["who"]]).sum()
    design = max(float((away**2).sum() / frame["var"].sum()), 1.0) if frame["var"].sum() > 0 else 1.0
    by = frame.groupby("unit")[["own", "mean", "var"]].sum()
    by = by[by["mean"] >= LEAST_EXPECTED]
    return float(stats.chi2.sf(float(((by["own"] - by["mean"]) ** 2 / by["var"]).sum()) / design, len(by) - 1)) if len(by) > 1 else float("nan")


@dataclass(frozen=True)
class Returns:
    """Repairs that come back: share in all, the dealer with the highest share as it stands and drawn in, how many dealers are told."""

    share: Estimate
    highest: Estimate | None
    drawn: Estimate | None
    told: int
    dealers: int
    returned: int
    repairs: int


def returns(repairs: pd.DataFrame, *, fdr: float = 0.05, conf_level: float = 0.95, timezone: str = "Asia/Shanghai") -> Returns:
    """Visits after which the same vehicle comes back for the same part within `BACK_DAYS`, by the dealer of the first one, same mix of parts.

    Lines of one part on one day are one visit: a left and a right one have not come back.
    """
    rows = _followed(repairs, timezone)
    n, k = len(rows), int(rows["back"].sum())
    if n < FEWEST_REPAIRS or rows["unit_id"].nunique() < 2 or not k:
        few = refusal("returned_share", unit="share",
                      reason=Text("维修记录太少，或没有车辆编号。", "Too few repairs, or none that states its vehicle."),
                      needs=Text("带车辆编号的维修记录", "Repairs that state the vehicle"))
        return Returns(few, None, None, 0, int(rows["unit_id"].nunique()), k, n)
    rows = rows.assign(mean=rows.groupby("part")["back"].transform("mean"))
    by = rows.groupby("unit_id").agg(back=("back", "sum"), mean=("mean", "sum"), n=("back", "size")).sort_index()
    by = by[(by["n"] >= FEWEST_REPAIRS) & (by["mean"] > 0)]
    share = _share(k, n, conf_level, group="all")
    if len(by) < outstanding.FEWEST:
        return Returns(share, None, None, 0, len(by), k, n)
    compared = siblings.compare(by["back"], by["mean"], kind=np.zeros(len(by)), conf_level=conf_level, level=fdr)
    drawn = outstanding.draw_in(by["back"], by["mean"], conf_level=conf_level)
    top = int(np.argmax(by["back"] / by["n"]))
    usual = float(by["mean"].iloc[top] / by["n"].iloc[top])
    highest = _share(int(by["back"].iloc[top]), int(by["n"].iloc[top]), conf_level, group="highest")
    pulled = share.with_(group="drawn", value=usual * float(drawn.value[top]), conf_low=usual * float(drawn.low[top]),
                         conf_high=usual * float(drawn.high[top]), n=int(by["n"].iloc[top]), ci_method="drawn towards all dealers")
    return Returns(share, highest, pulled, int(compared.told.sum()), len(by), k, n)


def _followed(repairs: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Visits of known vehicles that could be followed for `BACK_DAYS`, with `back` whether the vehicle came back for the part on a later day."""
    known = repairs[repairs["vehicle_id"].notna() & repairs["unit_id"].notna() & repairs["repaired_at"].notna()]
    if known.empty:
        return known.assign(back=pd.Series(dtype=float))[["unit_id", "part", "back"]]
    rows = known.assign(at=known["repaired_at"].dt.tz_convert(timezone)).sort_values(["vehicle_id", "part", "at", "repair_id"])
    rows = rows.assign(day=rows["at"].dt.normalize()).drop_duplicates(["vehicle_id", "part", "day"])
    after = rows.groupby(["vehicle_id", "part"])["at"].shift(-1) - rows["at"]
    rows = rows.assign(back=(after <= pd.Timedelta(days=BACK_DAYS)).astype(float))
    return rows.loc[rows["at"] <= rows["at"].max() - pd.Timedelta(days=BACK_DAYS), ["unit_id", "part", "back"]]


def _share(k: int, n: int, level: float, *, group: str) -> Estimate:
    """A share with Wilson's interval (1927)."""
    z, p = inference.quantile(level, np.inf), k / n
    middle, half = (p + z**2 / (2 * n)) / (1 + z**2 / n), z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Estimate(estimand="returned_share", kind="estimate", unit="share", group=group, value=p, conf_low=float(max(middle - half, 0.0)),
                    conf_high=float(middle + half), conf_level=level, n=n, ci_method="Wilson")
