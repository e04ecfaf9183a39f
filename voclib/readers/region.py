"""Do regions differ, or is it chance? Scores with the ranks that their data leave open, cases settled in time, and what it takes to see a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import ParameterError
from voclib.loop import clocks, compliance
from voclib.loop.clocks import Clocks
from voclib.readers import open_cases
from voclib.readers import region_text as words
from voclib.readers.region_names import Names
from voclib.results import Check, Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.stats import gates as gating
from voclib.stats import inference, metrics, power, ranks
from voclib.stats.gates import Gates
from voclib.stats.ranks import Ranks
from voclib.studies import repeats, scores
from voclib.studies.scores import Score
from voclib.studies.scores.text import NO_SCORE

Tables = Mapping[str, pd.DataFrame]
WORTH_SEEING = {"points": 5.0, "share": 0.05, "score": 0.25}  # changes that people act on, by unit
MOST_REFUSED = 6  # groups without a score that a figure still lists by name
LEAST_ANSWERS = 10  # of a dealer, below which its own score is hardly more than chance
FEWEST_DEALERS = 5  # with that many, so that whether dealers differ is asked at all


@dataclass(frozen=True)
class Region:
    """What the page shows: the finding, an Estimate a group (`scores`), the `ladder` of pairs separated, a sheet, cases in time by group.

    `fixed` are ranks of the customers of these dealers, `ranks` those that would hold with other dealers too; `told` names the groups of either.
    """

    study: Study
    scores: tuple[Estimate, ...]
    fixed: Ranks | None
    ranks: Ranks | None
    ladder: Ladder | None
    sheet: pd.DataFrame
    in_time: tuple[Estimate, ...]
    captions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Part:
    """One group: its score and mean, its error with its dealers as they are (`plain` on `freedom`), and as a draw of dealers (`error` on `df`).

    `alike`: p of its dealers all being the same, None where too few have enough answers.
    """

    name: str
    score: Estimate
    n: int
    mean: float
    plain: float
    freedom: float
    is_drawn: bool
    error: float
    df: float
    dealers: int
    alike: float | None


def answers(tables: Tables, *, metric: str = "nps", by: str = "region", periods: int = 2, timezone: str = "") -> pd.DataFrame:
    """Answers of the last `periods` quarters that carry the score and a group; none where none does. Where no answer has a date all of them count.

    Raises
    ------
    DataError
        as `scores.answers`.
    ParameterError
        as `scores.answers` and `scores.with_segments`, and for fewer than one period.
    """
    if periods < 1:
        raise ParameterError(f"periods is a whole number of 1 or more, not {periods}.")
    found = scores.with_segments(scores.answers(tables, metric=metric, timezone=timezone), tables, [by])
    last = sorted(found["period"].dropna().unique())[-periods:]
    return found[found[by].notna() & (found["period"].isin(last) if last else True)].reset_index(drop=True)


def compared(kept: pd.DataFrame, *, metric: str = "nps", by: str = "region", gates: Gates | None = None) -> list[str]:
    """Groups with enough answers for an interval: those that are compared. None where all answers are of one."""
    score = scores.score_of(metric)
    if kept[by].nunique() < 2:
        return []
    found = [_scored(part, str(name), score, gates=gates) for name, part in kept.groupby(by, sort=True)]
    return [one.group for one in found if one.kind == "estimate" and one.conf_high > one.conf_low]


def facts(tables: Tables, kept: pd.DataFrame, *, metric: str = "nps", by: str = "region") -> dict[Text, int]:
    """Counts that open the page: answers, groups that have any, groups that have enough, and their units."""
    names, enough = Names.of(tables, kept, by), compared(kept, metric=metric, by=by)
    units = int(kept["unit_id"].nunique())
    return words.facts(names, len(kept), int(kept[by].nunique()), len(enough), units if not names.are_units else 0)


def study(tables: Tables, kept: pd.DataFrame, *, metric: str = "nps", by: str = "region", given: Clocks | None = None, conf_level: float = 0.95,
          gates: Gates | None = None, seed: int = 0) -> Region:
    """Compare every pair of groups at once and say which ranks their data leave open; dealers are clusters where answers name them.

    Groups with too few answers or dealers are refused and left out of the ranking. Where all answers are of one group the page is a refusal.
    """
    gates, score, names = gates or gating.load(), scores.score_of(metric), Names.of(tables, kept, by)
    if kept[by].nunique() < 2:
        has_score = bool(tables["responses"][score.column].notna().any())
        why = words.one_group([str(one) for one in kept[by].unique()], names) if has_score else NO_SCORE
        return _withheld(kept, names, score, why, seed)
    clustered = by != "unit_id" and bool(kept["unit_id"].notna().all())
    options = {"clustered": clustered, "conf_level": conf_level, "gates": gates, "seed": seed}
    parts = [_part(part, str(name), score, **options) for name, part in kept.groupby(by, sort=True)]
    these, others = ([p for p in parts if p.score.kind == "estimate" and p.plain > 0], [p for p in parts if p.is_drawn and p.error > 0])
    fixed = _as_they_are(these, conf_level, seed)
    placed = _ranked(others, [p.error for p in others], [p.df for p in others], conf_level, seed)
    ladder = _ladder(these, others, fixed, placed, conf_level, seed)
    in_time = _in_time(tables, by, given, conf_level=conf_level, gates=gates)
    left = open_cases.at(tables, kept["submitted_at"].max() + pd.Timedelta(seconds=1))
    drawn = parts if len(parts) - len(these) <= MOST_REFUSED else these or sorted(parts, key=lambda p: (-p.n, p.name))[:MOST_REFUSED]
    sheet = _sheet(drawn, (these, fixed), (others, placed), None if left is None else _located(tables, left, by), by)
    sizes = words.Sizes(len(these), len(others) if placed else 0, tuple(p.name for p in these if placed and p not in others))
    repeated = repeats.check(tables, kept["response_id"])
    checks = (*_checks(parts, these, sizes, kept, names, clustered=clustered), repeated)
    verdict = Verdict.REPORT_WITH_CAVEAT if repeated.passed is False else Verdict.REPORT
    finding = _finding(these, fixed, ladder, checks, sheet, words.Said(names, sizes, words.span(kept["period"]), score.estimand), verdict,
                       seed=seed)
    shown = words.captions(sizes, ladder, [p.name for p in parts], in_time, names, words.sheet(sheet, names), words.span(kept["period"]))
    return Region(study=finding, scores=tuple(p.score for p in drawn), fixed=fixed, ranks=placed, ladder=ladder, sheet=words.sheet(sheet, names),
                  in_time=in_time, captions=shown)


def _withheld(kept: pd.DataFrame, names: Names, score: Score, why: tuple[Text, Text], seed: int) -> Region:
    """Nothing is compared: the reason and what would help."""
    lead = refusal("pairs_apart", unit="count", reason=why[0], needs=why[1])
    said = words.Said(names, words.Sizes(0, 0, ()), words.span(kept["period"]), score.estimand)
    finding = Study(question=words.question(names), kicker=words.kicker(said), answer=lead.reason, headline=(lead,), decision=lead.needs,
                    verdict=Verdict.REFUSE, caveat=words.CAVEAT, checks=(words.comparable(*why),), limits=words.limits(names), reader="region",
                    seed=seed)
    return Region(study=finding, scores=(), fixed=None, ranks=None, ladder=None, sheet=pd.DataFrame(), in_time=(), captions={})


def _ranked(parts: list[_Part], errors: list[float], df: list[float] | float, conf_level: float, seed: int) -> Ranks | None:
    return ranks.rank([p.mean for p in parts], errors, df=df, conf_level=conf_level, seed=seed) if len(parts) > 1 else None


def _as_they_are(parts: list[_Part], conf_level: float, seed: int) -> Ranks | None:
    """Ranks by the customers of these dealers; of a dozen answers the error is a guess, so it stands on their degrees of freedom."""
    return _ranked(parts, [p.plain for p in parts], [p.freedom for p in parts], conf_level, seed)


def _scored(part: pd.DataFrame, name: str, score: Score, *, cluster: str | None = None, **options: Any) -> Estimate:
    """The score of one group, by whole clusters; without one by customers where any answered again, since what one says twice is alike."""
    again = cluster is None and bool(part["customer_id"].dropna().duplicated().any())
    own = part.assign(everyone=name, who=_customers(part)) if again else part.assign(everyone=name)
    found = metrics.groups(score.function, own, by="everyone", column=score.column, estimand=score.estimand, cluster="who" if again else cluster,
                           **options)[0]
    return found.with_(n_clusters=None) if again and found.kind == "estimate" else found  # which counts dealers


def _part(part: pd.DataFrame, name: str, score: Score, *, clustered: bool, conf_level: float, gates: Gates, seed: int) -> _Part:
    options = {"conf_level": conf_level, "gates": gates}
    y, unit = scores.coded(part, score), pd.factorize(part["unit_id"].fillna("").to_numpy())[0]
    found, dealers = _scored(part, name, score, **options), int(part["unit_id"].nunique())
    if found.kind != "estimate":
        return _Part(name, found, len(y), float(y.mean()), 0.0, np.inf, False, 0.0, np.inf, dealers, None)
    plain, freedom = _error(part, y, found)
    may = clustered and _scored(part, name, score, cluster="unit_id", **options).kind == "estimate"
    drawn = inference.mean_variance(y - y.mean(), cluster=unit if may else None)
    return _Part(name, found, len(y), float(y.mean()), plain, freedom, may, float(np.sqrt(drawn.variance)), float(drawn.df), dealers,
                 _alike(y, unit, _customers(part), seed) if clustered else None)


def _error(part: pd.DataFrame, y: np.ndarray, found: Estimate) -> tuple[float, float]:
    """Standard error with these dealers, and its degrees of freedom, by customers where any answered again.

    The wider of the plain one and of what the interval has: the one is zero where all answers are the same, the other is cut at the end of the scale.
    """
    again = bool(part["customer_id"].dropna().duplicated().any())
    spread = inference.mean_variance(y - y.mean(), cluster=_customers(part) if again else None)
    reach = (found.conf_high - found.conf_low) / (2 * inference.quantile(found.conf_level, spread.df))
    return max(float(np.sqrt(spread.variance)), reach), min(spread.df, len(y) - 1)


def _customers(part: pd.DataFrame) -> np.ndarray:
    """Who answered; an answer that names nobody stands for itself."""
    return part["customer_id"].astype(object).where(part["customer_id"].notna(), [f"answer {i}" for i in range(len(part))]).astype(str).to_numpy()


def _alike(y: np.ndarray, unit: np.ndarray, who: np.ndarray, seed: int) -> float | None:
    """p that all dealers of a group have one true score, among those with some answers."""
    size = np.bincount(unit)
    told = size[unit] >= LEAST_ANSWERS
    if (size >= LEAST_ANSWERS).sum() < FEWEST_DEALERS:
        return None
    return ranks.alike_p(y[told], unit[told], block=who[told], seed=seed)


def _ladder(these: list[_Part], others: list[_Part], fixed: Ranks | None, placed: Ranks | None, conf_level: float, seed: int) -> Ladder | None:
    """Pairs separated: each tested for itself; all at once; and with dealers as a draw of those there could be.

    Where that leaves groups out, a rung before has the same groups by their dealers as they are, so that the last step compares like with like.
    """
    if fixed is None:
        return None
    mean, error = np.array([p.mean for p in these]), np.array([p.plain for p in these])
    z = np.abs(mean[:, None] - mean[None, :]) / np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)
    alone = int((z[np.triu_indices(len(these), 1)] > inference.quantile(conf_level, np.inf)).sum())
    rungs = [_pairs("alone", alone, these), _pairs("together", fixed.pairs_apart, these)]
    if placed is not None:
        if len(others) < len(these):
            rungs.append(_pairs("kept", _as_they_are(others, conf_level, seed).pairs_apart, others))
        rungs.append(_pairs("drawn", placed.pairs_apart, others))
    return Ladder("pairs_apart", tuple(rungs), chosen="together")


def _pairs(rung: str, value: int, groups: list[_Part]) -> Estimate:
    return Estimate(estimand="pairs_apart", kind="count", unit="count", rung=rung, value=float(value), n=sum(p.n for p in groups))


def _located(tables: Tables, frame: pd.DataFrame, by: str) -> pd.DataFrame | None:
    """Rows with their group, through their unit, else their customer; None where neither knows it."""
    if by in frame:
        return frame
    for name, key in (("units", "unit_id"), ("customers", "customer_id")):
        if name in tables and by in tables[name] and tables[name][by].notna().any():
            return frame.assign(**{by: frame[key].map(tables[name].drop_duplicates(key).set_index(key)[by])})
    return None


def _in_time(tables: Tables, by: str, given: Clocks | None, *, conf_level: float, gates: Gates) -> tuple[Estimate, ...]:
    """The share of cases in time, open ones counted, by group; nothing without a clock, cases or a table that knows their group."""
    if given is None or "cases" not in tables:
        return ()
    found = clocks.cases(tables, timezone=given.working.timezone)
    followed = _located(tables, clocks.follow(found, given.main, asof=clocks.end(found), working=given.working), by)
    if followed is None:
        return ()
    return tuple(compliance.measure(part.reset_index(drop=True), limit=given.main.hours, estimand="in_time", group=str(name), conf_level=conf_level,
                                    gates=gates).every for name, part in followed.groupby(by, sort=True))


Placed = tuple[list[_Part], Ranks | None]  # groups that were ranked, and how


def _sheet(parts: list[_Part], these: Placed, others: Placed, left: pd.DataFrame | None, by: str) -> pd.DataFrame:
    """One row a group, highest score first; `left` are open cases with their group."""
    differ = _differ(parts)
    rows = []
    for part in parts:
        own = None if left is None else left[left[by].astype(str).eq(part.name)]  # None: nobody knows the group of a case, which is not none
        rows.append({
            "group": part.name, "score": part.score, "n": part.n, "dealers": part.dealers, "differ": differ.get(part.name), "mean": part.mean,
            "fixed": _place(part, *these), "drawn": _place(part, *others), "needed": _needed(part),
            "open": None if own is None else len(own), "safety": None if own is None else int(own["severity"].eq("safety").sum())})
    made = pd.DataFrame(rows)
    return made.assign(out=made["fixed"].isna()).sort_values(["out", "mean"], ascending=[True, False], kind="stable", ignore_index=True)


def _place(part: _Part, ranked: list[_Part], placed: Ranks | None) -> tuple[int, int] | None:
    """The best and the worst rank that the data leave open; None for a group that was not ranked."""
    if placed is None or part not in ranked:
        return None
    i = ranked.index(part)
    return int(placed.best[i]), int(placed.worst[i])


def _needed(part: _Part) -> int | None:
    """Answers a period until a change worth acting on is seen four times out of five, the dealers being the same in both periods."""
    if part.plain <= 0:
        return None
    return power.needed_n(part.n, part.plain * np.sqrt(2), WORTH_SEEING[part.score.unit], kind="detectable")


def _differ(parts: list[_Part]) -> dict[str, bool]:
    """Groups whose dealers differ by more than chance, all groups looked at together (Benjamini & Hochberg 1995)."""
    told = [p for p in parts if p.alike is not None]
    return dict(zip([p.name for p in told], (inference.adjust([p.alike for p in told]) <= 0.05).tolist(), strict=True)) if told else {}


def _checks(parts: list[_Part], these: list[_Part], sizes: words.Sizes, kept: pd.DataFrame, names: Names, *, clustered: bool) -> tuple[Check, ...]:
    refused, differ = [p.name for p in parts if p not in these], _differ(parts)
    within = () if names.are_units or not names.is_placed else (words.dealers(sum(differ.values()), len(differ), names),)
    return (words.clusters(int(kept["unit_id"].isna().sum()), names, clustered=clustered), words.refused(refused, len(parts), sizes, names), *within,
            words.respondents())


def _finding(these: list[_Part], fixed: Ranks | None, ladder: Ladder | None, checks: tuple[Check, ...], sheet: pd.DataFrame, said: words.Said,
             verdict: Verdict, *, seed: int) -> Study:
    names = said.names
    shared = {"question": words.question(names), "kicker": words.kicker(said), "caveat": words.CAVEAT, "checks": checks,
              "limits": words.limits(names), "reader": "region", "seed": seed}
    if ladder is None or fixed is None:
        lead = refusal("pairs_apart", unit="count", reason=words.TOO_FEW_GROUPS, needs=words.MORE_ANSWERS)
        return Study(answer=words.NOT_YET, headline=(lead,), decision=words.decision(sheet, None, said), verdict=Verdict.REFUSE, **shared)
    best = these[int(np.argmin(fixed.plain))]
    shown = (ladder[ladder.chosen].with_(verdict=verdict), *(r for r in ladder.rungs if r.rung == "drawn"))
    return Study(answer=words.answer(ladder, sheet, best.name, said), headline=shown, naive=ladder["alone"],
                 decision=words.decision(sheet, ladder, said), verdict=verdict, ladders=(ladder,),
                 evidence={"groups": said.sizes.fixed, "pairs": said.sizes.pairs("together")}, **shared)
