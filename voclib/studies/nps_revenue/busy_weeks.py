"""A season that no column records: whether customers who were spared fared worse where many others, at other dealers, were not.

Who comes in a busy week waits longer and may be another kind of customer. A customer who was not exposed cannot have lost anything by it, so money
that goes with how many others were exposed on that day is no effect: a negative control exposure (Lipsitch, Tchetgen Tchetgen & Cohen 2010,
Epidemiology 21).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from voclib.stats import inference
from voclib.stats.inference import Fit
from voclib.studies.nps_revenue.cohort import Cohort

FEWEST_DAYS, FEWEST = 40, 200  # days with customers, and customers who were not exposed, from which on this is told
WINDOW = 3
"""Days before and after a contact that count with it: a season lasts."""


def others_exposed(cohort: Cohort) -> np.ndarray | None:
    """Share of exposed among customers of other dealers within `WINDOW` days of each one's contact (N,), NaN without any; None without days."""
    people = cohort.people
    if "index_at" not in people or cohort.clusters is None:
        return None
    day = (people["index_at"].dt.normalize() - people["index_at"].min().normalize()).dt.days.to_numpy()
    dealer = pd.factorize(cohort.clusters, sort=True)[0]
    size = day.max() + 1 + 2 * WINDOW
    seen, hit = (np.zeros((dealer.max() + 1, size)) for _ in range(2))
    np.add.at(seen, (dealer, day + WINDOW), 1.0)
    np.add.at(hit, (dealer, day + WINDOW), cohort.exposed.astype(float))
    seen, hit = (np.stack([table[:, k:k + size - 2 * WINDOW] for k in range(2 * WINDOW + 1)]).sum(axis=0) for table in (seen, hit))
    others, exposed = (table.sum(axis=0)[day] - table[dealer, day] for table in (seen, hit))
    return np.divide(exposed, others, out=np.full(len(day), np.nan), where=others > 0)


def season(cohort: Cohort, matrix: np.ndarray) -> Fit | None:
    """How far a season would move the effect a customer, in money: the slope of unexposed customers' money on the share of others exposed, given
    what is known (`matrix`, (N, p)), their dealer and their own dose, times how much more that share is where one was exposed.

    Errors allow for days of a week that resemble each other. None where too few days or unexposed customers tell.
    """
    share = others_exposed(cohort)
    if share is None or np.isnan(share).any():
        return None
    spared, people = ~cohort.exposed, cohort.people
    day = people["index_at"].dt.normalize()
    if day[spared].nunique() < FEWEST_DAYS or spared.sum() < FEWEST:
        return None
    known = [matrix[spared], np.ones((int(spared.sum()), 1))]
    known += [people.loc[spared, ["dose"]].to_numpy(dtype=float)] if "dose" in people else []
    rows = np.column_stack([cohort.money[spared], share[spared], *known])
    dealer, week = pd.factorize(cohort.clusters[spared], sort=True)[0], (day[spared] - day.min()).dt.days.to_numpy() // 7
    return _told(rows, dealer, week, float(share[cohort.exposed].mean() - share[spared].mean()))


def _told(rows: np.ndarray, dealer: np.ndarray, week: np.ndarray, apart: float) -> Fit | None:
    """The slope times `apart`; its error from leaving out one week at a time (CRV3), since a dozen weeks lose some of their spread to the fit."""
    rest_y, rest_z = _residuals(rows, dealer)
    square = float(rest_z @ rest_z)
    if square <= 1e-9 * len(rows):
        return None
    slope = float(rest_z @ rest_y) / square
    made = inference.fit(apart * slope, apart * len(rows) * rest_z * (rest_y - slope * rest_z) / square, n=len(rows), cluster=week,
                         method="unexposed customers, weeks left out in turn")
    without = []
    for one in np.unique(week):
        y, z = _residuals(rows[week != one], dealer[week != one])
        without.append(float(z @ y) / max(float(z @ z), 1e-12))
    count = len(without)
    error = abs(apart) * float(np.sqrt((count - 1) / count * np.square(np.array(without) - slope).sum()))
    return replace(made, std_error=error, influence=made.influence * error / made.std_error) if made.std_error > 0 else None


def _residuals(rows: np.ndarray, dealer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Money and share of others (N,) less what the other columns and the dealer explain."""
    count = np.bincount(dealer)
    within = np.column_stack([column - (np.bincount(dealer, column) / np.maximum(count, 1))[dealer] for column in rows.T])
    left = within[:, :2] - within[:, 2:] @ np.linalg.lstsq(within[:, 2:], within[:, :2], rcond=None)[0]
    return left[:, 0], left[:, 1]
