"""Which pain points cost how much, without counting a customer twice: joint removal of all, shared out by Shapley values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Estimate, Text, Verdict, refusal
from voclib.stats import crossfit, inference
from voclib.stats.attribution import Removal, joint_removal
from voclib.studies.nps_revenue import pains_text as words
from voclib.studies.nps_revenue.cohort import Cohort

MOST = 12


@dataclass(frozen=True, kw_only=True)
class Pains:
    """`total` is the loss to all pain points together, `shares` what of it falls to each and adds up to it. `forest` is for the chart, `table` puts
    the vendor's "impact" and the stand-alone loss beside every share. `removal` is None, and `total` a refusal, where nothing can be compared."""

    total: Estimate
    shares: tuple[Estimate, ...]
    removal: Removal | None
    forest: pd.DataFrame
    table: pd.DataFrame
    captions: Mapping[str, Any]


def share_out(cohort: Cohort, *, loss: Estimate | None = None, conf_level: float = 0.95) -> Pains:
    """Joint removal of the exposure and the pain points customers wrote of, from one Poisson model of money, and its Shapley shares.

    Who wrote anything is a covariate: those who comment differ from those who do not, whatever they write. At most twelve pain points, the
    commonest; the rest stay in the model's error. Intervals of the shares are widened for having looked at all of them (false coverage rate,
    Benjamini & Yekutieli 2005), that of the total is not. `loss` is the study's answer: where that is refused, nothing is shared out.
    """
    if loss is not None and loss.kind == "refusal":
        return _withheld(cohort, loss.reason, loss.needs)
    chosen = sorted(cohort.pains, key=lambda p: (-cohort.people[p].sum(), p))[:MOST - 1]
    names = ("exposure", *(p.removeprefix("pain_") for p in chosen))
    pains = np.column_stack([cohort.exposed.astype(float), *(cohort.people[p].to_numpy(dtype=float) for p in chosen)])
    spoke = ["has_spoken"] if "has_spoken" in cohort.people and cohort.people["has_spoken"].nunique() > 1 else []
    matrix = crossfit.features(cohort.people, [*cohort.known, *spoke], squares=True).matrix
    try:
        found = joint_removal(cohort.money, pains, crossfit.independent(matrix), names=names, cluster=cohort.clusters, conf_level=conf_level)
    except DataError as error:
        return _withheld(cohort, *words.not_shared(error))
    options = {"unit": cohort.unit, "evidence_level": 1, "verdict": Verdict.REPORT_WITH_CAVEAT}
    total = found.total.estimate("pains_loss", conf_level=conf_level, **options)
    looks = [inference.p_value(f.value / f.std_error, f.df) if f.std_error > 0 else 1.0 for f in found.shares]
    options["conf_level"] = inference.adjusted_level(looks, conf_level=conf_level)  # the ones that stand out were looked for
    shares = tuple(fit.estimate("pains_loss", group=name, **options) for name, fit in zip(names, found.shares, strict=True))
    alone = [fit.estimate("pains_loss", group=name, **options) for name, fit in zip(names, found.alone, strict=True)]
    table = words.table(cohort, shares, alone, found)
    return Pains(total=total, shares=shares, removal=found, forest=words.forest(cohort, total, shares), table=table,
                 captions=words.captions(cohort, total, shares))


def _withheld(cohort: Cohort, reason: Text, needs: Text) -> Pains:
    total = refusal("pains_loss", unit=cohort.unit, reason=reason, needs=needs)
    return Pains(total=total, shares=(), removal=None, forest=pd.DataFrame(), table=pd.DataFrame(), captions={"title": reason})
