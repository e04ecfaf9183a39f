"""Whether the frontline speaks of the batch's model and topic more since the batch began to fail, against other models in the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text, refusal
from voclib.schema import dates
from voclib.stats import inference
from voclib.studies.root_cause import batches
from voclib.studies.root_cause.batches import Found
from voclib.text.parts import Parts

AFTER_DAYS = 90
HALF = 0.5  # a report in place of none


@dataclass(frozen=True)
class Heard:
    """Ratio for the part's topic and for other topics of the same model; reports that name the batch by its number, and the first of them."""

    found: Estimate
    control: Estimate | None
    naming: int
    first: pd.Timestamp | None
    n: int


def study(tables: Mapping[str, pd.DataFrame], found: Found, rules: Parts, *, conf_level: float = 0.95,
          timezone: str = "") -> Heard | None:
    """Reports of defects in `AFTER_DAYS` from the onset on against all before it: model and topic of the batch over those of other models.

    Reports that repeat an earlier one are left out. Where the batch ran lower from a day on, there is no onset to ask from.
    """
    timezone = dates.zone(tables, timezone)
    row, given = found.row, tables.get("frontline_reports")
    if row is None or given is None or given.empty:
        return None
    bugs = given[given["kind"].eq("product_bug") & given["product"].notna() & given["reported_at"].notna()]
    if "duplicate_of_report_id" in bugs:
        bugs = bugs[bugs["duplicate_of_report_id"].isna()]  # a repeat of an earlier report is no second witness
    named = bugs[bugs["text"].astype(str).str.contains(str(row["batch_id"]), regex=False)]
    first = named["reported_at"].min().tz_convert(timezone).tz_localize(None).normalize() if len(named) else None
    topic = rules.topic.get(row["part"], "")
    if found.began is None or not topic:
        return Heard(_none(), None, len(named), first, len(bugs))
    at = bugs["reported_at"].dt.tz_convert(timezone).dt.tz_localize(None)
    start = batches.day(found.cells, found.began.at)
    after = (at >= start) & (at < start + pd.Timedelta(days=AFTER_DAYS))
    when = np.select([after, at < start], [1, 0], -1)
    mine, about = bugs["product"].eq(row["product"]).to_numpy(), bugs["topic"].eq(topic).to_numpy()
    return Heard(_ratio(when, mine, about, conf_level), _ratio(when, mine, ~about, conf_level), len(named), first, len(bugs))


def _ratio(when: np.ndarray, mine: np.ndarray, about: np.ndarray, level: float) -> Estimate:
    """(after / before of the model) over (after / before of other models), among reports `about` the topic."""
    counts = [int((about & (mine == m) & (when == w)).sum()) for m in (True, False) for w in (1, 0)]
    if counts[0] + counts[1] < 5 or min(counts[2:]) < 5:
        return _none()
    k = np.maximum(np.array(counts, dtype=float), HALF)
    log, error = float(np.log(k[0] * k[3] / (k[1] * k[2]))), float(np.sqrt((1 / k).sum()))
    reach = inference.quantile(level, np.inf) * error
    return Estimate(estimand="voice_ratio", kind="estimate", unit="ratio", value=float(np.exp(log)), conf_low=float(np.exp(log - reach)),
                    conf_high=float(np.exp(log + reach)), conf_level=level, n=counts[0] + counts[1], evidence_level=1, ci_method="ratio of ratios")


def _none() -> Estimate:
    return refusal("voice_ratio", unit="ratio", reason=Text("一线上报太少，或不知道从何时起。", "Too few frontline reports, or no known onset."),
                   needs=Text("更多写明车型与主题的一线上报", "More frontline reports that state model and topic"))
