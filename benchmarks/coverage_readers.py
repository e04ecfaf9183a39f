"""Planted worlds of the pages for one reader: counts of which few move, ranks of groups of dealers, and whether dealers differ within groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, SHORT_BAND, Draw, Interval, Setting
from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop import value as outer_value
from voclib.loop.outer_loop.effects import Settings
from voclib.loop.outer_loop.names import Names
from voclib.readers import region
from voclib.readers.product import counts as product_counts
from voclib.results import Estimate, Text, refusal
from voclib.simulate.worlds import last_period, repeated_answers, runup
from voclib.simulate.worlds import scores as plain_scores
from voclib.stats import gates, inference, ranks, recent, shrinkage
from voclib.studies import scores

ROWS, MOVED, LIFT = 60, 6, 4.0
SOME, SOME_MONEY = 300, 200
Counts = tuple[np.ndarray, np.ndarray]  # counts and exposures
Dealers = list[np.ndarray]


def _counts(**options: float) -> Draw:
    def taken(seed: int) -> tuple[Counts, float]:
        data, truth = last_period.counts(seed, rows=ROWS, **options)
        return data, truth["ratio"]
    return taken


def flagged(data: Counts) -> np.ndarray:
    """Rows (K,) called moved, the false discovery rate held at 5%."""
    found = recent.against_usual(*data)
    q = np.ones(len(found.ratio))
    q[found.is_told] = inference.adjust(found.p_value[found.is_told])
    return q <= 0.05


def one_at_a_time(data: Counts) -> np.ndarray:
    """Rows whose last period differs from the one before, counts as Poisson, each as if it were the only one."""
    (y, e), some = data, np.maximum(data[0][:, -2:], 0.5)
    _, low, high = recent.of_two(some[:, 1], e[:, -1], some[:, 0], e[:, -2])
    return ((low > 1) | (high < 1)) & (y[:, -2:].sum(axis=1) > 0)


def ratio(data: Counts, *, at: int = 0) -> Estimate:
    """The ratio of a row named in advance, the first unless given; a refusal where it has too few events."""
    found = recent.against_usual(*data)
    low, high = (float(ends[at]) for ends in found.interval(0.95))
    if not found.is_told[at] or not np.isfinite(high):
        return refusal("recent_ratio", unit="ratio", reason=Text("少", "few"), needs=Text("多", "more"))
    value = float(found.ratio[at])
    return Estimate(estimand="recent_ratio", kind="estimate", unit="ratio", value=value, conf_low=min(low, value), conf_high=max(high, value))


def ratio_of_two(data: Counts) -> Interval:
    """The same against the period before alone, counts as Poisson."""
    e, some = data[1], np.maximum(data[0][0, -2:], 0.5)
    _, low, high = recent.of_two(some[1], e[0, -1], some[0], e[0, -2])
    return float(low), float(high)


def _late(seed: int) -> tuple[tuple[dict[str, pd.DataFrame], str, str], float]:
    tables, truth = last_period.late(seed)
    return (tables, truth["product"], truth["part"]), truth["ratio"]


def _late_count(data: tuple[dict[str, pd.DataFrame], str, str]) -> tuple[product_counts.Counts, int]:
    """The counts of the page, and the row of the part named in advance."""
    counts = product_counts.count(data[0], timezone="Asia/Shanghai").last(product_counts.MOST_PERIODS)
    keys = counts.keys
    return counts, int(np.flatnonzero((keys["product"] == data[1]) & (keys["subject"] == data[2]))[0])


def late_ratio(data: tuple[dict[str, pd.DataFrame], str, str]) -> Estimate:
    """The ratio of one part's repairs where their table begins late."""
    counts, at = _late_count(data)
    return ratio((counts.counts, counts.exposure), at=at)


def _of_whole_year(counts: product_counts.Counts) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (K,) of the last period's ratio to all before, periods that a table lacks taken for periods without an event, counts as Poisson."""
    y, e = counts.counts, np.where(counts.exposure > 0, counts.exposure, counts.exposure.max(axis=1)[:, None])
    _, low, high = recent.of_two(np.maximum(y[:, -1], 0.5), e[:, -1], np.maximum(y[:, :-1].sum(axis=1), 0.5), e[:, :-1].sum(axis=1))
    return low, high


def late_ratio_of_zeros(data: tuple[dict[str, pd.DataFrame], str, str]) -> Interval:
    """The same with periods before the table begins taken for periods without a repair."""
    counts, at = _late_count(data)
    low, high = (float(ends[at]) for ends in _of_whole_year(counts))
    return low, high


def late_flags(data: tuple[dict[str, pd.DataFrame], str, str]) -> np.ndarray:
    """Counts other than the part named in advance that are called moved."""
    counts, at = _late_count(data)
    return np.delete(flagged((counts.counts, counts.exposure)), at)


def late_flags_of_zeros(data: tuple[dict[str, pd.DataFrame], str, str]) -> np.ndarray:
    """The same with periods before the table begins taken for periods without a repair."""
    counts, at = _late_count(data)
    low, high = _of_whole_year(counts)
    return np.delete((low > 1) | (high < 1), at)


def _groups(apart: float) -> Draw:
    def taken(seed: int) -> tuple[Dealers, list[float]]:
        data, truth = last_period.dealers(seed, apart=apart)
        return data, truth["means"]
    return taken


def placed(data: Dealers) -> ranks.Ranks:
    """Rank sets of groups, each with the error of as many dealers as it has."""
    size = np.array([len(d) for d in data])
    error = np.array([d.std(ddof=1) for d in data]) / np.sqrt(size)
    return ranks.rank([d.mean() for d in data], error, df=size - 1)


def by_numbers(data: Dealers) -> np.ndarray:
    """Ranks (K,) by the means alone."""
    mean = np.array([d.mean() for d in data])
    return 1 + (mean[:, None] < mean[None, :]).sum(axis=1)


def pairs_alone(data: Dealers) -> np.ndarray:
    """Pairs (K, K) that a test of each pair for itself calls different."""
    mean, error = np.array([d.mean() for d in data]), np.array([d.std(ddof=1) / np.sqrt(len(d)) for d in data])
    return mean[:, None] - mean[None, :] > 1.96 * np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)


def _again(seed: int) -> tuple[list[pd.DataFrame], list[float]]:
    """Six groups of one true score, customers of which answer again and again."""
    promoters, detractors = plain_scores.mix(seed)
    drawn = [repeated_answers.repeated(8 * seed + k, customers=60, promoters=promoters, detractors=detractors) for k in range(6)]
    return [frame for frame, _ in drawn], [truth["nps"] for _, truth in drawn]


def _small(seed: int) -> tuple[list[pd.DataFrame], list[float]]:
    """Twelve groups of one true score, a dozen customers in each."""
    promoters, detractors = plain_scores.mix(seed, promoters=(0.35, 0.5), detractors=(0.2, 0.4))
    sizes = np.random.default_rng([seed, 23]).integers(10, 15, 12)
    drawn = [plain_scores.plain(12 * seed + k, n=int(n), promoters=promoters, detractors=detractors)[0] for k, n in enumerate(sizes)]
    text = pd.Series([None] * 15, dtype="str")
    return [frame.assign(customer_id=text, unit_id=text) for frame in drawn], [100 * (promoters - detractors)] * 12


def placed_as_they_are(data: list[pd.DataFrame]) -> ranks.Ranks:
    """Rank sets of groups by the customers who answered, as the page has them."""
    return region._as_they_are(_parts(data), 0.95, 0)


def placed_as_if_errors_were_known(data: list[pd.DataFrame]) -> ranks.Ranks:
    """The same with the error of a dozen answers taken for known: half the width of each group's interval, and the normal distribution."""
    reach = [(p.score.conf_high - p.score.conf_low) / (2 * inference.quantile(0.95, np.inf)) for p in _parts(data)]
    return ranks.rank([p.mean for p in _parts(data)], reach)


def _parts(data: list[pd.DataFrame]) -> list[region._Part]:
    options = {"clustered": False, "conf_level": 0.95, "gates": gates.load(), "seed": 0}
    return [region._part(part, f"{k}", scores.score_of("nps"), **options) for k, part in enumerate(data)]


def placed_by_rows(data: list[pd.DataFrame]) -> ranks.Ranks:
    """The same with every answer taken for one of a customer of its own."""
    return placed_as_they_are([part.assign(customer_id=part["response_id"]) for part in data])


def _answered(spread: float) -> Draw:
    def taken(seed: int) -> tuple[list[pd.DataFrame], float]:
        return last_period.answers(seed, groups=3, spread=spread)[0], spread
    return taken


def differ(data: list[pd.DataFrame]) -> np.ndarray:
    """Groups (K,) whose dealers are said to differ truly, customers dealt to dealers by lot."""
    found = [ranks.alike_p(part["score"], part["unit_id"], block=part["customer_id"]) for part in data]
    return inference.adjust(found) <= 0.05


def differ_by_q(data: list[pd.DataFrame]) -> np.ndarray:
    """The same by Cochran's Q, each dealer's variance from its own answers."""
    found = []
    for part in data:
        own = part.groupby("unit_id")["score"].agg(["mean", "var", "size"])
        own = own[own["var"] > 0]
        found.append(shrinkage.shrink(own["mean"], np.sqrt(own["var"] / own["size"])).p_value)
    return inference.adjust(found) <= 0.05


def _all_found(found: np.ndarray, truth: float) -> float:
    return float(found.mean())


def _any_apart(found: ranks.Ranks | np.ndarray, truth: list[float]) -> float:
    return float((found.apart if isinstance(found, ranks.Ranks) else found).any())


def _missed(found: ranks.Ranks | np.ndarray, truth: list[float]) -> float:
    """1 where any group's true rank lies outside what is said of it."""
    mean = np.array(truth)
    true = 1 + (mean[:, None] < mean[None, :]).sum(axis=1)
    low, high = (found.best, found.worst) if isinstance(found, ranks.Ranks) else (found, found)
    return float(((true < low) | (true > high)).any())


def _any(found: np.ndarray, truth: float) -> float:
    return float(found.any())


def _found(found: np.ndarray, truth: float) -> float:
    return float(found[:MOVED].mean())


def _false(found: np.ndarray, truth: float) -> float:
    return float(found[MOVED:].sum() / max(found.sum(), 1))


Landed = tuple[pd.DataFrame, dict[str, pd.DataFrame]]  # events, and the tables that price them
PRICE, WARRANTY = 400.0, 0.3


def _priced(seed: int) -> tuple[Landed, float]:
    """Projects about parts, three repairs in ten under warranty, prices lognormal with mean `PRICE`; what they truly spared."""
    events, projects, truth = runup.draw(seed)
    rng = np.random.default_rng([seed, 41])
    covered = rng.random(len(events)) < WARRANTY
    price = np.where(covered, np.nan, PRICE * rng.lognormal(-0.32, 0.8, len(events)))
    repairs = pd.DataFrame({"part": events["subject"], "cost_cny": price, "is_warranty": pd.array(covered, dtype="boolean")})
    landed = projects.set_index("project_id")["landed_on"]
    since = {key: float(((events["subject"] == row.subject) & (events["on"] >= landed[key])).sum())
             for key, row in projects.set_index("project_id").iterrows()}
    spared = sum(since[key] * (1 / (1 + effect) - 1) for key, effect in truth["effect"].items())
    return (events, {"repairs": repairs, "projects": projects.assign(cost_cny=1e6)}), WARRANTY * PRICE * spared


def _rung(data: Landed, name: str) -> Estimate:
    events, tables = data
    found = outer_effects.together([outer_effects.measure(events, tables["projects"], Settings(), source="repairs")], Settings())
    value = outer_value.study(tables, found, Names({}, {}), is_range=False)
    if len(found.judged) < len(tables["projects"]):
        return refusal("programme_value", unit="cny", reason=Text("少", "few"), needs=Text("多", "more"))
    return value.ladder[name]


def spared(data: Landed) -> Estimate:
    """The amount against the usual rate and the common movement."""
    return _rung(data, "controlled")


def spared_in_two_months(data: Landed) -> Estimate:
    """The amount of a month before the charter and a month after landing; an empty interval where that cannot be had."""
    found = _rung(data, "naive")
    return found if found.kind == "estimate" else Estimate(estimand="programme_value", kind="estimate", unit="cny", value=0, conf_low=0, conf_high=0)


def settings() -> list[Setting]:
    """Counts of the last period, then ranks, then the money that projects spared."""
    rule = {"call": flagged, "naive": one_at_a_time}
    some = f"{MOVED} of {ROWS} counts at {LIFT:g} times their rate"
    return [
        Setting(method="counts that moved", setting=f"{ROWS} counts, none moves", draw=_counts(), kind="false alarms", count=_any,
                band=FALSE_ALARM_BAND, naive_band=(0.5, 1.0), runs=FALSE_ALARM_RUNS, **rule),
        Setting(method="counts that moved", setting=some, draw=_counts(moved=MOVED, ratio=LIFT), kind="power", count=_found, band=(0.8, 1.0),
                runs=SOME, **rule),
        Setting(method="counts that moved, false ones", setting=some, draw=_counts(moved=MOVED, ratio=LIFT), kind="false discoveries", count=_false,
                band=FALSE_ALARM_BAND, naive_band=(0.2, 1.0), **rule),
        Setting(method="recent rate", setting="one count, at 0.5 to 2 times its rate", draw=_counts(moved=1), call=ratio, naive=ratio_of_two,
                naive_band=(0.0, 0.93)),
        Setting(method="recent rate", setting="repairs whose table begins 1 to 5 months late, at 0.5 to 2 times their rate", draw=_late,
                call=late_ratio, naive=late_ratio_of_zeros, naive_band=(0.0, 0.88), band=SHORT_BAND, max_refusals=0.05, runs=SOME),
        Setting(method="counts that moved", setting="20 other counts beside repairs that begin late, none moves", draw=_late, call=late_flags,
                naive=late_flags_of_zeros, naive_band=(0.2, 1.0), kind="false alarms", count=_any, band=FALSE_ALARM_BAND, runs=SOME),
        Setting(method="pairs apart", setting="6 groups of 10 to 15 dealers, none differs", draw=_groups(0.0), kind="false alarms", call=placed,
                naive=pairs_alone, count=_any_apart, band=FALSE_ALARM_BAND, naive_band=(0.2, 1.0)),
        Setting(method="pairs apart", setting="6 groups of 60 customers, each answering one to seven times, none differs", draw=_again,
                kind="false alarms", call=placed_as_they_are, naive=placed_by_rows, naive_band=(0.2, 1.0), count=_any_apart, band=FALSE_ALARM_BAND),
        Setting(method="pairs apart", setting="12 groups of 10 to 14 customers, none differs", draw=_small, kind="false alarms",
                call=placed_as_they_are, naive=placed_as_if_errors_were_known, naive_band=(0.12, 1.0), count=_any_apart, band=FALSE_ALARM_BAND),
        Setting(method="ranks missed", setting="6 groups of 10 to 15 dealers, a few points apart", draw=_groups(4.0), kind="false alarms",
                call=placed, naive=by_numbers, count=_missed, band=FALSE_ALARM_BAND, naive_band=(0.5, 1.0)),
        Setting(method="dealers that differ", setting="3 groups of 15 dealers of 10 to 20 answers, none differs", draw=_answered(0.0), call=differ,
                naive=differ_by_q, kind="false alarms", count=_any, band=FALSE_ALARM_BAND, naive_band=(0.2, 1.0), runs=FALSE_ALARM_RUNS),
        Setting(method="dealers that differ", setting="3 groups of 15 dealers of 10 to 20 answers, they differ", draw=_answered(0.7), call=differ,
                naive=differ_by_q, kind="power", count=_all_found, band=(0.8, 1.0), runs=SOME),
        Setting(method="money spared by projects", setting="14 subjects, 9 projects of which 4 do nothing", draw=_priced, call=spared,
                naive=spared_in_two_months, naive_band=(0.0, 0.6), band=SHORT_BAND, runs=SOME_MONEY),
    ]
