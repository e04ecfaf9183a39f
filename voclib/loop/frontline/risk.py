"""What share of repairs and of reports falls to a batch and a model by day while nothing is wrong: vehicles on the road, freed of their age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.loop.frontline.reports import Reports
from voclib.stats import exposure, siblings

NEEDED = ("batch_id", "part", "product", "fitted_n", "produced_on")
MOST_UNKNOWN = 0.5  # share of repairs that name a batch without a number fitted, above which vehicles are not reckoned with


@dataclass(frozen=True)
class Risk:
    """Of every batch (B rows of `batches`): vehicles on the road by day (B, D), times what their age and model make of them for their part.

    `model` is the share of all vehicles on the road (D,) by model, from the table of batches.
    """

    batches: pd.DataFrame
    worth: np.ndarray
    counts: np.ndarray
    vehicles: np.ndarray
    band: np.ndarray
    model: Mapping[str, np.ndarray]

    def share(self, batch: str) -> np.ndarray:
        """The share of its part's repairs that falls to a batch by day (D,) while it is like the others."""
        at = self._place(batch)
        whole = self.worth[self._mates(at, "part")].sum(axis=0)
        return np.divide(self.worth[at], whole, out=np.zeros_like(whole), where=whole > 0)

    def expected(self, batch: str, without: tuple[str, ...]) -> np.ndarray:
        """Repairs by day (D,) that the rate of its siblings of the same part and model leads to expect; those `without` are nobody's sibling.

        Where there are none, batches of the same part stand for them.
        """
        at = self._place(batch)
        told = self.batches["batch_id"].isin(without).to_numpy()
        mine, kin = self._mates(at, "part"), self._mates(at, "part", "product") & ~told
        kin[at] = False
        mates = kin if self.counts[kin].sum() > 0 else mine & ~told & (np.arange(len(mine)) != at)
        counts, vehicles = exposure.by_week(self.counts[mine]), exposure.by_week(self.vehicles[mine])
        if not counts[~told[mine]].sum() or not mates.any():
            return np.zeros(self.worth.shape[1])
        worth = siblings.exposures(counts, vehicles, kind=self.batches.loc[mine, "product"].astype(str), band=self.band[mine], without=told[mine])
        rate = self.counts[mates].sum() / worth[mates[mine]].sum()
        own = np.flatnonzero(mine).tolist().index(at)
        return _daily(worth[own:own + 1], vehicles[own:own + 1], self.vehicles[at:at + 1])[0] * rate

    def _place(self, batch: str) -> int:
        return int(np.flatnonzero(self.batches["batch_id"].eq(batch))[0])

    def _mates(self, at: int, *columns: str) -> np.ndarray:
        return np.logical_and.reduce([self.batches[name].eq(self.batches[name].iloc[at]).to_numpy() for name in columns])


def known(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Batches whose vehicles are counted, one row each; None where there are none, or most repairs are of other batches."""
    repairs, given = tables.get("repairs"), tables.get("batches")
    if repairs is None or given is None or not set(NEEDED) <= set(given) or "batch_id" not in repairs:
        return None
    made = given[given["fitted_n"].fillna(0).gt(0) & given["batch_id"].notna()].drop_duplicates("batch_id").sort_values("batch_id", ignore_index=True)
    named = repairs.loc[repairs["batch_id"].notna(), "batch_id"]
    if made.empty or named.empty or (~named.isin(made["batch_id"])).mean() > MOST_UNKNOWN:
        return None
    return made.assign(product=made["product"].fillna("").astype(str), part=made["part"].astype(str))


def opened(batches: pd.DataFrame, reports: Reports, seen: Mapping[str, int], *, baseline: int) -> np.ndarray:
    """Day (B,) from which a batch is on the road: made, or its model first `seen` where that lies after the baseline (it was launched then).

    NaN where the day is not on record and the model was there before.
    """
    made = (pd.to_datetime(batches["produced_on"]) - reports.start.tz_localize(None)) / pd.Timedelta(days=1)
    launched = batches["product"].map({name: day for name, day in seen.items() if day > baseline}).astype(float)
    return np.fmax(made.to_numpy(dtype=float), launched.to_numpy(dtype=float))


def of(batches: pd.DataFrame, repairs: pd.DataFrame, opens: np.ndarray, length: int, *, without: tuple[str, ...] = ()) -> Risk:
    """Vehicles on the road and what their age is worth, by part, from `repairs` (day, part, batch), none of them before its batch's day.

    What happened to batches named in `without` is not taken for age or model.
    """
    place = pd.Index(batches["batch_id"]).get_indexer(repairs["batch"])
    counts = np.bincount(place * length + repairs["day"].to_numpy(), minlength=len(batches) * length).reshape(-1, length).astype(float)
    vehicles, band = exposure.at_risk(batches["fitted_n"], opens, length=length), exposure.bands(opens, length=length)
    worth, told = np.zeros_like(vehicles), batches["batch_id"].isin(without).to_numpy()
    for _, rows in batches.groupby("part"):
        at = rows.index.to_numpy()
        seen, there = exposure.by_week(counts[at]), exposure.by_week(vehicles[at])
        if seen.sum() > 0:
            kind, out = rows["product"].astype(str).to_numpy(), told[at] if seen[~told[at]].sum() > 0 else np.zeros(len(at), dtype=bool)
            made = siblings.exposures(seen, there, kind=kind, band=band[at], without=out)
            worth[at] = _daily(made * _rates(seen, made, kind, out)[:, None], there, vehicles[at])
    return Risk(batches, worth, counts, vehicles, band, _models(batches, vehicles))


def _rates(counts: np.ndarray, worth: np.ndarray, kind: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Repairs by worth of each one's model (B,), of batches not left `out` where there are any; a model without a repair has half of one."""
    code, kept = np.unique(kind, return_inverse=True)[1], ~out
    kept = kept | ~(np.bincount(code, kept) > 0)[code]
    n, w = (np.bincount(code, part.sum(axis=1) * kept) for part in (counts, worth))
    return (np.maximum(n, 0.5) / np.where(w > 0, w, 1.0))[code]


def _daily(worth: np.ndarray, weekly: np.ndarray, vehicles: np.ndarray) -> np.ndarray:
    """Worth by week spread over the days of each batch's vehicles."""
    factor = np.divide(worth, weekly, out=np.zeros_like(worth), where=weekly > 0)
    return vehicles * factor[:, np.arange(vehicles.shape[1]) // exposure.WEEK]


def _models(batches: pd.DataFrame, vehicles: np.ndarray) -> dict[str, np.ndarray]:
    whole = vehicles.sum(axis=0)
    return {str(name): np.divide(vehicles[rows.index].sum(axis=0), whole, out=np.zeros_like(whole), where=whole > 0)
            for name, rows in batches.groupby("product")}
