"""Every batch against its siblings of the same part and model: repairs per vehicle fitted, freed of age and calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Estimate, Text, refusal
from voclib.sentences import say
from voclib.stats import exposure, outstanding, siblings
from voclib.stats import onset as changes
from voclib.stats.onset import Onset
from voclib.stats.outstanding import Drawn
from voclib.stats.siblings import Ratios, Siblings
from voclib.stats.siblings.standing import Standing, Suspicion, standing

WEEK = exposure.WEEK
YEAR = 365.25
EDGES = np.arange(1, 33) * YEAR / 4  # days between bands of age, a quarter of a year each: batches older than eight years share one
UNKNOWN, EARLY, OTHER, NONE = "no_batch", "before_made", "no_fitted", "without_siblings"


@dataclass(frozen=True)
class Cells:
    """Repairs and vehicle-years at risk of every batch (B) by week (T), age bands, and where each repair went.

    `days` counts each repair's day from the first one (−1 where it is not counted), `missing` repairs without a batch by part and model.
    """

    batches: pd.DataFrame
    counts: np.ndarray
    years: np.ndarray
    band: np.ndarray
    first: pd.Timestamp
    steps: np.ndarray
    days: np.ndarray
    missing: Mapping[tuple[str, str], int]

    @property
    def kind(self) -> pd.Series:
        """Part and model of every batch (B,), whose batches are siblings."""
        return self.batches["part"].astype(str) + " | " + self.batches["product"].astype(str)

    @property
    def effects(self) -> int:
        """How many effects of part and model, age and week are taken out: one each with any repair, less the two that the others tell."""
        seen = self.counts > 0
        return int(self.kind[seen.any(axis=1)].nunique()) + len(np.unique(self.band[seen])) + int(seen.any(axis=0).sum()) - 2


@dataclass(frozen=True)
class Found:
    """Every batch against its siblings; `table` has a row a batch, `picked` its place or None, `onset` since when.

    Its column `seen_from` is the ratio from which a batch would mostly be told (`siblings.seen_from`).
    """

    cells: Cells
    table: pd.DataFrame
    compared: Siblings
    raw: Ratios
    picked: int | None
    interval: tuple[float, float, float]
    onset: Onset | None
    dispersion: np.ndarray

    @property
    def row(self) -> pd.Series | None:
        """The batch that is picked."""
        return None if self.picked is None else self.table.iloc[self.picked]

    @property
    def began(self) -> Onset | None:
        """The day from which the batch that is picked runs higher; None where no such day is told."""
        return self.onset if self.onset is not None and self.onset.is_told and self.onset.after > self.onset.before else None

    @property
    def ended(self) -> Onset | None:
        """The day from which it runs lower again, having been high before."""
        return self.onset if self.onset is not None and self.onset.is_told and self.onset.after <= self.onset.before else None

    @property
    def others_told(self) -> pd.DataFrame:
        """Batches told beside the one that is picked, highest first."""
        rest = self.table[self.table["told"]].drop(index=[] if self.picked is None else self.table.index[self.picked])
        return rest.assign(by=rest["shrunken"].fillna(rest["ratio"])).sort_values(["by", "batch_id"], ascending=[False, True])

    @property
    def told(self) -> int:
        """How many batches can be told from their siblings."""
        return int(self.table["told"].sum())

    @property
    def compared_n(self) -> int:
        """How many batches have siblings that they can be compared with."""
        return int(np.isfinite(self.compared.p).sum())

    @property
    def seen(self) -> pd.Series:
        """Whether each batch would mostly be told at a ratio below `siblings.FAR`."""
        return self.table["seen_from"].lt(siblings.FAR)

    @property
    def most(self) -> pd.Series:
        """The batch with most repairs, which a list by counts accuses."""
        return self.table.sort_values(["repairs", "batch_id"], ascending=[False, True]).iloc[0]


def refused(tables: Mapping[str, pd.DataFrame]) -> Estimate | None:
    """Why batches cannot be compared, or None where they can."""
    repairs, batches = tables.get("repairs"), tables.get("batches")
    if repairs is None or repairs.empty or repairs["repaired_at"].isna().all():
        return _no(Text("没有维修记录。", "There are no repairs on record."), Text("写明零件、批次与时间的维修表", "Repairs with part, batch and "
                                                                                                                   "time"))
    if batches is None or batches.empty:
        return _no(Text("没有批次表：只知道维修次数，不知道多少辆车装了它，次数排不出好坏。",
                        "There is no table of batches: repairs are counted, but not the vehicles fitted with each batch, so they allow no ranking."),
                   Text("批次表，写明装车数", "A table of batches with the number of vehicles fitted"))
    known = batches[batches["fitted_n"].fillna(0).gt(0)]
    if known.empty:
        return _no(Text("批次表没有装车数：没有分母，就排不出好坏。", "No batch has a number of vehicles fitted: without a denominator there is no "
                                                                      "ranking."),
                   Text("每个批次的装车数", "The number of vehicles fitted with each batch"))
    if known.groupby(["part", "product"], dropna=False).size().max() < 2:
        return _no(Text("每种零件与车型都只有一个批次，没有同类可比。", "Each part and model has a single batch, so there is nothing to compare it "
                                                                        "with."),
                   Text("同一零件、同一车型的另一个批次", "Another batch of the same part and model"))
    if not repairs["batch_id"].isin(known["batch_id"]).any():
        return _no(Text("维修记录里没有写批次。", "No repair names a batch."), Text("维修表里的批次编号", "Batch numbers in the table of repairs"))
    return None


def unseen(found: Found) -> Estimate | None:
    """Why nothing follows from a comparison, or None: no more repairs than effects are taken out of them, which leaves nothing over, or none is told
    where most batches could not be at any ratio that is asked about."""
    repairs, effects, batches, seen = int(found.cells.counts.sum()), found.cells.effects, len(found.table), int(found.seen.sum())
    more = Text("更多维修记录：更长的时间，或更多门店", "More repairs on record: a longer period, or more dealers")
    if repairs <= effects:
        return _no(say("能用的维修只有 {n} 次，而要先扣除零件与车型、车龄、周次的 {k} 项差别：扣完所剩无几，批次无从比较。",
                       "Only {n} repairs can be used, while {k} differences by part and model, age and week have to be removed first: "
                       "nothing is left to compare batches with.", n=repairs, k=effects), more)
    if found.picked is None and 2 * seen < batches:
        return _no(say("维修太少：{m} 个批次里，就算维修是同类的 {x} 倍，多半看得出的也只有 {k} 个。",
                       "Too few repairs: even at {x} times the rate of their siblings, only {k} of {m} batches would usually stand out.",
                       m=batches, k=seen, x=round(siblings.FAR)), more)
    return None


def _no(reason: Text, needs: Text) -> Estimate:
    return refusal("batch_ratio", unit="ratio", reason=reason, needs=needs)


def cells(repairs: pd.DataFrame, batches: pd.DataFrame, *, timezone: str = "Asia/Shanghai") -> Cells:
    """Counts and vehicle-years by batch and week, from the first repair on record to the last; a batch is at risk from its production on.

    A batch without its day of production is at risk all along, and of an age of its own.

    Raises
    ------
    DataError
        where a batch stands twice, or no repair is left to count.
    """
    known = batches[batches["fitted_n"].fillna(0).gt(0)].sort_values("batch_id", ignore_index=True)
    if known["batch_id"].duplicated().any():
        raise DataError(f"The batch {known['batch_id'][known['batch_id'].duplicated()].iloc[0]} appears twice in the table of batches.")
    at = repairs["repaired_at"].dt.tz_convert(timezone).dt.tz_localize(None)
    place = pd.Index(known["batch_id"]).get_indexer(repairs["batch_id"].astype("object").fillna(""))
    made = known["produced_on"].to_numpy()[np.maximum(place, 0)]
    early = (place >= 0) & (at < made).to_numpy()
    steps = np.select([repairs["batch_id"].isna().to_numpy(), place < 0, at.isna().to_numpy() | early], [UNKNOWN, OTHER, EARLY], "").astype(object)
    counted = steps == ""
    if not counted.any():
        raise DataError("No repair names a batch with a known number fitted and is dated after its production, so nothing can be compared.")
    first = at[counted].min().normalize()
    length = int((at[counted].max() - first).days) + 1
    day_of = np.where(counted, (at - first).dt.days.fillna(0).to_numpy(), -1).astype(int)
    daily = np.bincount(place[counted] * length + day_of[counted], minlength=len(known) * length).reshape(len(known), length)
    opens = (known["produced_on"].to_numpy(dtype="datetime64[D]") - np.datetime64(first, "D")) / np.timedelta64(1, "D")
    years = exposure.by_week(exposure.at_risk(known["fitted_n"], opens, length=length)) / YEAR
    lost = repairs[steps == UNKNOWN].groupby(["part", "product"], dropna=False).size()
    return Cells(known, exposure.by_week(daily), years, exposure.bands(opens, length=length, edges=EDGES, at=0), first, steps, day_of,
                 {key: int(n) for key, n in lost.items()})


def study(repairs: pd.DataFrame, batches: pd.DataFrame, *, fdr: float = 0.05, conf_level: float = 0.95, timezone: str = "Asia/Shanghai") -> Found:
    """Compare every batch; the one picked is that with the largest drawn-in ratio among those told, at false discovery rate `fdr` (BY)."""
    made = cells(repairs, batches, timezone=timezone)
    kind = made.kind
    y = made.counts.sum(axis=1)
    own = dispersion(repairs[made.steps == ""], made.batches)
    told = np.zeros(len(y), dtype=bool)
    for _ in range(2):  # once more without those told, which would be taken for age
        worth = siblings.exposures(made.counts, made.years, kind=kind, band=made.band, without=told)
        compared = siblings.compare(y, worth.sum(axis=1), kind=kind, own=own, conf_level=conf_level, level=fdr)
        told = compared.told
    beside = _beside(made, compared, own, conf_level)
    compared = replace(compared, **vars(beside.ratios(conf_level)))
    raw = siblings.beside(y, made.batches["fitted_n"], kind=kind, told=told, own=own, conf_level=conf_level)
    table = _table(made, y, worth, compared, raw, own, conf_level)
    picked = _picked(table)
    level = 1 - (1 - conf_level) * max(int(told.sum()), 1) / max(int(np.isfinite(compared.p).sum()), 1)
    wide = beside.ratios(level)
    ends = (float(wide.low[picked]), float(wide.high[picked]), level) if picked is not None else (np.nan, np.nan, level)
    since = None if picked is None else _onset(made, worth, kind.to_numpy(), told, picked, repairs["batch_id"], conf_level)
    return Found(made, table, compared, raw, picked, ends, since, own)


def _table(made: Cells, y: np.ndarray, worth: np.ndarray, compared: Siblings, raw: Ratios, own: np.ndarray, conf_level: float) -> pd.DataFrame:
    table = made.batches[["batch_id", "part", "product", "supplier", "produced_on", "fitted_n"]].assign(
        repairs=y.astype(int), years=made.years.sum(axis=1), worth=worth.sum(axis=1), expected=compared.expected, per_thousand=1000 * y
        / made.batches["fitted_n"].to_numpy(dtype=float), ratio=compared.ratio, low=compared.low, high=compared.high, p=compared.p, q=compared.q,
        told=compared.told, spread=compared.spreads, fitted_ratio=raw.ratio)
    kind = table["part"].astype(str) + " | " + table["product"].astype(str) + " | " + table["supplier"].astype(str)
    table["seen_from"] = siblings.seen_from(y, table["worth"], kind=made.kind, found=compared, own=own)
    table["spread_within"] = siblings.spreads(y, table["worth"], kind=kind, told=compared.told, own=own)
    for name in ("shrunken", "shrunken_low", "shrunken_high"):
        table[name] = np.nan
    known, drawn = _drawn_in(y, compared, made.kind, own, conf_level)
    if drawn is not None:
        table.loc[known, ["shrunken", "shrunken_low", "shrunken_high"]] = np.column_stack([drawn.value, drawn.low, drawn.high])
    return table


def _beside(made: Cells, compared: Siblings, own: np.ndarray, conf_level: float) -> Standing:
    """Every batch by its siblings, each of which counts by the chance that it is a usual one, as far as a first comparison tells."""
    shared = {"kind": made.kind, "band": made.band, "told": compared.told, "spreads": compared.spreads, "own": own}
    first = standing(made.counts, made.years, **shared)
    known, drawn = _drawn_in(first.events, first.ratios(conf_level), made.kind, own, conf_level)
    if drawn is None:
        return first
    chance, square = np.zeros(len(known)), np.zeros(len(known))
    chance[known], square[known] = drawn.far, drawn.distance
    return standing(made.counts, made.years, suspicion=Suspicion(chance=chance, square=square), **shared)


def _drawn_in(y: np.ndarray, against: Ratios, kind: pd.Series, own: np.ndarray, conf_level: float) -> tuple[np.ndarray, Drawn | None]:
    """Which batches (B,) can be drawn in, and their ratios drawn in; None where they are too few to learn from."""
    known = np.isfinite(against.ratio) & (against.expected > 0)
    if known.sum() < outstanding.FEWEST:
        return known, None
    sure = 1.0 / (own * (1.0 + y / np.maximum(against.others, 1e-9)))[known]  # what is expected is itself known from the siblings alone
    mates = kind[known].groupby(kind[known]).transform("size").to_numpy()
    return known, outstanding.draw_in(y[known] * sure, against.expected[known] * sure, weight=1.0 - 1.0 / np.maximum(mates, 2),
                                      conf_level=conf_level)


def _picked(table: pd.DataFrame) -> int | None:
    told = table[table["told"]]
    if told.empty:
        return None
    order = told.assign(by=told["shrunken"].fillna(told["ratio"])).sort_values(["by", "batch_id"], ascending=[False, True])
    return int(order.index[0])


def dispersion(repairs: pd.DataFrame, batches: pd.DataFrame) -> np.ndarray:
    """By batch (B,), how much more than chance vehicles come back: variance of repairs by vehicle over their mean, all vehicles fitted counted.

    One value for all batches, that of Σ(n² − n) against what chance alone gives, as a batch by itself tells it badly; 1 where no vehicle is named.
    """
    known = repairs[repairs["vehicle_id"].notna()]
    fitted = batches.set_index("batch_id")["fitted_n"].astype(float)
    if known.empty:
        return np.ones(len(batches))
    n = known.groupby(["batch_id", "vehicle_id"]).size()
    sums = pd.DataFrame({"n": n.groupby(level=0).sum(), "square": (n**2).groupby(level=0).sum()}).reindex(batches["batch_id"]).fillna(0.0)
    left = sums["square"] - sums["n"] ** 2 / fitted.reindex(sums.index)
    return np.full(len(batches), max(float(left.sum() / max(sums["n"].sum(), 1)), 1.0))


def _onset(made: Cells, worth: np.ndarray, kind: np.ndarray, told: np.ndarray, picked: int, of: pd.Series, conf_level: float) -> Onset | None:
    """Since when the batch runs at another rate against what its siblings' mean rate leads to expect, day by day."""
    mates = (kind == kind[picked]) & ~told
    mates[picked] = False
    rate = made.counts[mates].sum() / worth[mates].sum()
    shift, last = WEEK * int(np.argmax(made.years[picked] > 0)), int(made.days.max()) + 1
    expected = np.repeat(worth[picked] * rate / WEEK, WEEK)[shift:last]
    mine = made.days[of.eq(made.batches["batch_id"].iloc[picked]).to_numpy() & (made.steps == "")]
    if len(expected) < 5 or expected.sum() <= 0:
        return None
    found = changes.onset(np.bincount(mine, minlength=last)[shift:last], expected, conf_level=conf_level)
    return replace(found, at=found.at + shift, low=found.low + shift, high=found.high + shift, chance=np.concatenate([np.zeros(shift), found.chance]))


def day(made: Cells, number: int) -> pd.Timestamp:
    """A day by its number."""
    return made.first + pd.Timedelta(days=number)


def ratio(value: float, low: float, high: float, *, conf_level: float, rung: str = "", group: str = "", **more: object) -> Estimate:
    """A ratio of rates with its interval; an open end is cut where no number can stand."""
    top = high if np.isfinite(high) else siblings.FARTHEST
    return Estimate(estimand="batch_ratio", kind="estimate", unit="ratio", rung=rung, group=group, value=float(value), conf_level=conf_level,
                    conf_low=float(min(low, value)), conf_high=float(max(top, value)), **more)
