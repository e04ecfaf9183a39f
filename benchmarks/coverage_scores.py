"""Planted worlds of scores for the long runs: customers who answer again and name no unit, and periods that move all units at once."""

from __future__ import annotations

import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, Draw, Interval, Setting, ends
from voclib.results import Estimate
from voclib.simulate.worlds import repeated_answers, scores
from voclib.stats import inference, metrics
from voclib.studies import scores as scores_page
from voclib.studies.scores import trend


def _repeated(customers: int) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        promoters, detractors = scores.mix(seed)
        frame, truth = repeated_answers.repeated(seed, customers=customers, promoters=promoters, detractors=detractors)
        return frame, truth["nps"]
    return taken


def by_row(frame: pd.DataFrame) -> Interval:
    """The score with every answer taken for one of a person of its own."""
    return ends(metrics.nps(frame))


def by_customer(frame: pd.DataFrame) -> Estimate:
    """The score with the clusters that the page takes where no unit is named."""
    kept, shock, _ = scores_page.clustered(frame, "unit_id")
    return metrics.nps(kept, cluster=shock)


def _over_periods(rise: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = repeated_answers.periods(seed, rise=rise)
        return frame, truth["rise"]
    return taken


def _rows(frame: pd.DataFrame) -> trend._Rows:
    coded, when = scores_page.coded(frame, scores_page.score_of("nps")), frame["period"].to_numpy(dtype=float)
    return trend._Rows(y=coded, when=when - when.mean(), shock=frame["unit_id"].to_numpy())


def line_by_units(frame: pd.DataFrame) -> float:
    """1 where the slope over the periods lies beside zero by how units scatter."""
    fit = _rows(frame).slope()
    return float(inference.p_value(fit.value / fit.std_error, fit.df) <= 0.05)


def trend_called(frame: pd.DataFrame) -> float:
    """1 where the page calls that a trend, since the periods themselves bear it out."""
    return float(line_by_units(frame) and _rows(frame).steady_p() <= 0.05)


def settings() -> list[Setting]:
    """Customers who answer again, then trends."""
    again = [Setting(method="nps by customer", setting=f"{n} customers, each answering one to seven times", draw=_repeated(n), call=by_customer,
                     naive=by_row, naive_band=(0.0, 0.9)) for n in (40, 260)]
    world, called = "60 stores, 6 periods, ups and downs shared", {"call": trend_called, "naive": line_by_units, "count": lambda found, truth: found}
    return [*again,
            Setting(method="score trend", setting=f"{world}, nothing rises", draw=_over_periods(0.0), kind="false alarms", band=FALSE_ALARM_BAND,
                    naive_band=(0.2, 1.0), **called),
            Setting(method="score trend", setting=f"{world}, rising all along", draw=_over_periods(0.1), kind="power", band=(0.8, 1.0), **called)]
