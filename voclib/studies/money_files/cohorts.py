"""Public files about money put to the same study: a cohort without dates, exposures that cannot be priced, and spending that falls by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.results import Ladder, Verdict
from voclib.stats import crossfit, effects, inference, tails
from voclib.stats.inference import Fit
from voclib.studies import money_files as filing
from voclib.studies.money_files import Files
from voclib.studies.money_files import cohorts_text as words
from voclib.studies.money_files import counts as counting
from voclib.studies.nps_revenue import own_price
from voclib.studies.nps_revenue.cohort import Cohort

TOP = 0.1


@dataclass(frozen=True, kw_only=True)
class PublicMoney:
    """What only the public files show: `faults` and `roles` of columns, what leavers said and what they paid (`reasons`), other exposures before and
    after adjustment (`exposures`), satisfaction classes that contradict themselves (`classes`), and the fall of the best buyers (`fallback`)."""

    faults: pd.DataFrame
    roles: pd.DataFrame
    reasons: pd.DataFrame
    exposures: pd.DataFrame
    classes: pd.DataFrame
    fallback: Ladder
    concentration: pd.DataFrame
    captions: Mapping[str, Mapping[str, Any]]


def cohort(files: Files, *, exposure: str = "no_support") -> Cohort:
    """Telecom customers with and without an exposure; money is the monthly revenue still running at the end of the quarter, in dollars.

    No column has a date: tenure, contract and way of paying may as well be consequences, so the study gets them as `undated`.
    Where the exposure is a product not bought, `people` also has `own_price`, the part of `money` that is the list price of that product (0 for the
    exposed, who do not pay it, and for who left), and `bill`, the monthly revenue whoever left.

    Raises
    ------
    ParameterError
        for an unknown exposure.
    """
    people = filing.telecom(files).exposed_to(exposure)
    known = tuple(c for c in (*filing.PRIOR, *filing.PRODUCT, *filing.UNDATED) if people[c].nunique() > 1)
    if exposure in own_price.SOLD:
        price = counting.list_prices(files.aligned())[0][own_price.SOLD[exposure][0]]
        people = people.assign(own_price=np.where(people["is_exposed"] | people["is_left"], 0.0, price), bill=people["monthly_revenue"])
    return Cohort(people=people, known=known, undated=filing.UNDATED, unit="usd", measure="revenue", exposure=exposure, horizon_days=30,
                  is_dated=False, notes=filing.telecom(files).notes)


def exhibits(files: Files, *, exposure: str = "no_support", conf_level: float = 0.95, seed: int = 0) -> PublicMoney:
    """Everything beside the study itself."""
    made = filing.telecom(files)
    bought = filing.purchases(files)
    ladder, tail = _fallback(bought, conf_level), tails.hill(bought.people["total"].to_numpy(dtype=float)[bought.people["total"] > 0])
    found = {"faults": filing.faults(files), "roles": filing.roles(files), "reasons": words.reasons(filing.reasons(made)),
             "exposures": _exposures(made, exposure, conf_level, seed), "classes": filing.classes(made), "fallback": ladder,
             "concentration": filing.concentration(bought.people["total"].to_numpy(dtype=float))}
    return PublicMoney(**found, captions=words.captions(ladder, tail, found["concentration"], bought))


def _exposures(made: filing.Telecom, but: str, conf_level: float, seed: int) -> pd.DataFrame:
    """Dollars a month of other exposures: uncorrected, with what was surely known before, with everything; a row an exposure."""
    rows = []
    for name in words.ASKED:
        if name == but:
            continue
        people = made.exposed_to(name)
        y, d = people["money"].to_numpy(dtype=float), people["is_exposed"].to_numpy(dtype=bool)
        fits: dict[str, Fit] = {"naive": effects.difference(y, d)}
        for key, columns in (("before", (*filing.PRIOR, *filing.PRODUCT)), ("all", (*filing.PRIOR, *filing.PRODUCT, *filing.UNDATED))):
            matrix = crossfit.features(people, [c for c in columns if people[c].nunique() > 1], squares=True).matrix
            found = effects.att(y, d, matrix, ids=people["customer_id"], seed=seed, repeats=1)
            fits[key] = found.fit
        rows.append(words.exposure(name, fits, int(d.sum()), found.n_effective, conf_level))
    return pd.DataFrame(rows)


def _fallback(bought: filing.Purchases, conf_level: float) -> Ladder:
    """Change of spending of the best tenth: from the window that chose them to the next, and between windows that chose nobody.

    Raises
    ------
    ParameterError
        for fewer than three windows, without which there is no unselected step.
    """
    if bought.windows < 3:
        raise ParameterError(f"Three windows are needed to see a step in which nobody was chosen; there are {bought.windows}.")
    inside = filing.top(bought.spend(1), TOP)
    everybody = np.ones(len(inside), dtype=bool)
    steps = {"naive": (1, 2, inside), "everybody": (1, 2, everybody), "expected": (2, 3, inside)}
    rungs = []
    for rung, (before, after, rows) in steps.items():
        fits = [_mean(bought.spend(k), rows) for k in (before, after)]
        change = inference.transform(lambda a, b: b / a - 1, *fits)
        rungs.append(change.estimate("spend_change", unit="share", rung=rung, conf_level=conf_level, verdict=Verdict.REPORT_WITH_CAVEAT))
    return Ladder("spend_change", tuple(rungs), chosen="expected")


def _mean(y: np.ndarray, rows: np.ndarray) -> Fit:
    value = float(y[rows].mean())
    return inference.fit(value, np.where(rows, y - value, 0.0) / rows.mean(), n=int(rows.sum()), method="mean of those chosen")


def facts(files: Files) -> dict[Any, Any]:
    """Counts that open the page."""
    return filing.facts(files)

