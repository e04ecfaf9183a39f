"""What a number of clusters allows to be said."""

from __future__ import annotations

from dataclasses import dataclass

from voclib.results import Verdict


@dataclass(frozen=True)
class Policy:
    """What a number of clusters allows: methods to use, whether p-values may be printed, the best verdict."""

    name: str
    min_clusters: int
    min_treated: int
    methods: tuple[str, ...]
    p_values: bool
    best: Verdict


POLICIES = (
    Policy("many", 50, 10, ("CRV3",), True, Verdict.REPORT),
    Policy("some", 20, 8, ("CRV3", "WCR-Webb"), True, Verdict.REPORT),
    Policy("few", 10, 5, ("CRV3", "WCR-Webb"), True, Verdict.REPORT_WITH_CAVEAT),
    Policy("few treated", 10, 2, ("permutation",), True, Verdict.REPORT_WITH_CAVEAT),
    Policy("too few", 0, 0, (), False, Verdict.REFUSE),
)


def policy(n_clusters: int, n_treated: int | None = None) -> Policy:
    """The inference policy for a number of units of shock (stores, dealers) and, where something was done to some, of treated ones.

    The smaller side counts, treated or not. Where units start in turn, `n_treated` is the most on the smaller side of any one period: who
    starts later is a comparison until then.
    """
    treated = n_clusters if n_treated is None else min(n_treated, n_clusters - n_treated)
    return next(row for row in POLICIES if n_clusters >= row.min_clusters and treated >= row.min_treated)
