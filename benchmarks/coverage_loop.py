"""Planted worlds of the closed loop for the long runs: clocks that still run, hurried closings, projects chartered on a spike, a launch gate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, SHORT_BAND, Draw, Interval, Setting
from voclib.loop import clocks, compliance, outer_loop
from voclib.loop.clocks import Clock
from voclib.loop.compliance import Compliance
from voclib.loop.inner_loop import timestamps
from voclib.loop.launch_gate import lights as launch_lights
from voclib.loop.launch_gate import tables as launch_gate_tables
from voclib.loop.launch_gate.lights import Gate
from voclib.loop.launch_gate.rule import Rule
from voclib.loop.outer_loop import effects as outer_effects
from voclib.loop.outer_loop.effects import Effects, Settings
from voclib.results import Estimate, Text, refusal
from voclib.simulate.worlds import clocks as clocks_world
from voclib.simulate.worlds import concept_gains, runup
from voclib.stats import gates, rate_ratio

LIMIT = 72.0
SOME = 300
MARGIN = 0.05  # of the launch gate
Landed = tuple[pd.DataFrame, pd.DataFrame]  # events and projects
FAILS = (0.0, 0.6)  # how often the naive interval may hold the truth, else the world shows nothing


def _world(**options: float) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = clocks_world.draw(seed, limit=LIMIT, **options)
        return frame.assign(value_tier=None, severity="low", asof=truth["end_at"]), truth["share"]
    return taken


def _followed(frame: pd.DataFrame) -> pd.DataFrame:
    clock = Clock(id="settled", name={"zh": "解决", "en": "Settled"}, stop="resolved_at", hours=LIMIT)
    return clocks.follow(frame, clock, asof=frame["asof"].iloc[0], working=None)


def _measured(frame: pd.DataFrame) -> Compliance:
    return compliance.measure(_followed(frame), limit=LIMIT, estimand="in_time", conf_level=0.95, gates=gates.load())


def with_open_cases(frame: pd.DataFrame) -> Estimate:
    """All cases, open ones for as long as they were seen."""
    return _measured(frame).every


def closed_alone(frame: pd.DataFrame) -> Estimate:
    """Closed cases alone, as a ledger's export shows them."""
    return _measured(frame).closed


def piled(frame: pd.DataFrame) -> float:
    """1 where closings are said to pile up before the limit."""
    followed = _followed(frame)
    return float(timestamps.pile(followed.loc[followed["is_stopped"], "hours"], limit=LIMIT).p_value <= 0.05)


def _projects(seed: int) -> tuple[Landed, float]:
    events, projects, truth = runup.draw(seed)
    return (events, projects), float(1 - np.exp(truth["mean_log"]))


def _idle(seed: int) -> tuple[Landed, list[str]]:
    events, projects, truth = runup.draw(seed)
    return (events, projects), truth["idle"]


def _campaigns(**options: float) -> Draw:
    """Campaigns about half of the subjects, and the fall of one project, another one each time."""
    def taken(seed: int) -> tuple[tuple[Landed, str], float]:
        events, projects, truth = runup.draw(seed, **options)
        one = projects["project_id"].iloc[seed % len(projects)]
        return ((events, projects), one), -truth["effect"][one]
    return taken


def one_project(data: tuple[Landed, str]) -> Estimate:
    """The fall of one project's subject; a refusal where it cannot be judged."""
    rows = _judged(data[0]).judged.set_index("project_id")
    if data[1] not in rows.index:
        return refusal("problem_fall", unit="share", reason=Text("少", "few"), needs=Text("多", "more"))
    row = rows.loc[data[1]]
    return outer_loop.fall(rate_ratio.Mean(value=row["log"], std_error=row["error"], df=row["df"], spread=float("nan")), level=0.95)


def one_project_two_months(data: tuple[Landed, str]) -> Interval:
    """The same of a month before the charter and a month after landing."""
    rows = _judged(data[0]).table.set_index("project_id")
    value, error = rows.loc[data[1], ["naive", "naive_error"]].astype(float).fillna(0.0)
    return float(1 - np.exp(value + 1.96 * error)), float(1 - np.exp(value - 1.96 * error))


def campaign_told(data: Landed) -> float:
    """1 where a time is found in which several subjects moved apart."""
    return float(bool(_judged(data).apart))


def _judged(data: Landed) -> Effects:
    events, projects = data
    return outer_effects.together([outer_effects.measure(events, projects, Settings(), source="x")], Settings())


def fallen(data: Landed) -> Estimate:
    """The mean fall of the problem, against the usual rate and the common movement."""
    found = _judged(data)
    return outer_loop.fall(rate_ratio.mean(found.judged["log"], found.covariance, df=float(found.judged["df"].min())), level=0.95)


def two_months(data: Landed) -> Estimate:
    """The same of a month before the charter and a month after landing."""
    known = _judged(data).judged.dropna(subset=["naive"])
    return outer_loop.fall(rate_ratio.mean(known["naive"], np.diag(known["naive_error"] ** 2)), level=0.95)


def told(data: Landed) -> pd.Series:
    """Project → whether it is told from nothing."""
    return _judged(data).judged.set_index("project_id")["told"]


def better_by_two_months(data: Landed) -> pd.Series:
    """Project → whether a month before and a month after show it below, its interval beside nothing."""
    rows = _judged(data).judged.set_index("project_id")
    return rows["naive"] + 1.96 * rows["naive_error"] < 0


def _of_idle(found: pd.Series, idle: list[str]) -> float:
    return float(found[found.index.isin(idle)].mean())


def _at_the_margin(seed: int) -> tuple[pd.DataFrame, None]:
    sizes = [int(n) for n in np.random.default_rng([seed, 42]).integers(80, 400, 4)]
    return concept_gains.draw(seed, gains=[MARGIN] * 4, answers=sizes, overlap=0.15)[0], None


def _gate(frame: pd.DataFrame) -> tuple[Gate, Rule]:
    *family, sale = sorted(frame["concept_id"].unique())
    rule = Rule(margin=MARGIN, fewest=30)
    return launch_lights.gate(frame, rule, question="intent_score", sale=sale, family=dict.fromkeys(family, "")), rule


def any_green(frame: pd.DataFrame) -> float:
    """1 where any concept gets a green light."""
    return float(bool(_gate(frame)[0].names("green")))


def any_gap(frame: pd.DataFrame) -> float:
    """1 where any concept lies above the margin as it is, without a range."""
    return float(bool(launch_gate_tables.passed(*_gate(frame))["gap"]))


def improved() -> list[Setting]:
    """Projects chartered on a spike, and concepts at a launch gate."""
    world = "14 subjects, 9 projects of which 4 do nothing"
    return [Setting(method="fall after landing", setting=world, draw=_projects, call=fallen, naive=two_months, naive_band=FAILS, max_bias=0.02),
            Setting(method="projects told from nothing", setting=f"{world}, those that do nothing", draw=_idle, kind="false alarms", call=told,
                    naive=better_by_two_months, naive_band=(0.3, 1.0), count=_of_idle, band=FALSE_ALARM_BAND, runs=SOME),
            Setting(method="green lights", setting="4 concepts, each exactly at the margin", draw=_at_the_margin, kind="false alarms",
                    call=any_green, naive=any_gap, naive_band=(0.5, 1.0), count=lambda found, truth: found, band=FALSE_ALARM_BAND)]


def campaigned() -> list[Setting]:
    """Single projects while campaigns about half of the subjects run, and whether such a time is found."""
    world, single = "14 subjects, 9 projects", "fall of one project"
    none = {"kind": "false alarms", "band": FALSE_ALARM_BAND, "runs": SOME}
    return [Setting(method=single, setting=f"{world}, no campaign", draw=_campaigns(), call=one_project, naive=one_project_two_months,
                    band=SHORT_BAND, naive_band=(0.0, 0.8), runs=SOME),
            # smaller campaigns than can be found leave single intervals a little short: held, and said on the page
            *(Setting(method=single, setting=f"{world}, 3 campaigns of four weeks at {lift:g} times about half of the subjects",
                      draw=_campaigns(campaigns=3, lift=lift), call=one_project, naive=one_project_two_months, band=(0.9, SHORT_BAND[1]),
                      naive_band=(0.0, 0.8), runs=SOME)
              for lift in (1.5, 2.0)),
            Setting(method="subjects that moved apart", setting=f"{world}, no campaign, rates shaken by 12%", call=campaign_told,
                    draw=lambda seed: (runup.draw(seed, noise=0.12)[:2], None), count=lambda found, truth: found, **none),
            Setting(method="subjects that moved apart", setting=f"{world}, one campaign of eight weeks at twice the rate", call=campaign_told,
                    draw=lambda seed: (runup.draw(seed, campaigns=1, lift=2.0, campaign_days=56)[:2], None),
                    count=lambda found, truth: found, kind="power", band=(0.6, 1.0), runs=SOME)]


def settings() -> list[Setting]:
    """Clocks of cases and hurried closings, then projects and concepts."""
    sizes = {"800 cases of 40 dealers": {}, "150 cases of 12 dealers": {"cases": 150, "units": 12, "days": 9.0}}
    rates = [Setting(method="clock, open cases counted", setting=f"{size}, opened over 9 days", draw=_world(**options), call=with_open_cases,
                     naive=closed_alone, naive_band=FAILS if not options else (0.0, 0.9), max_bias=0.01) for size, options in sizes.items()]
    many, as_is = {"cases": 3000, "days": 90.0}, {"count": lambda found, truth: found, "call": piled}
    return [*rates,
            Setting(method="closings before the limit", setting="3000 cases of 40 dealers, nobody hurries", draw=_world(**many), kind="false alarms",
                    band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, **as_is),
            Setting(method="closings before the limit", setting="3000 cases of 40 dealers, a third of late ones hurried in", kind="power",
                    draw=_world(**many, hurried=1 / 3), band=(0.8, 1.0), runs=SOME, **as_is), *improved(), *campaigned()]
