"""Planted worlds of what becomes of answers, for the long runs: who begs for tens, who comments, who drops out of a panel."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.coverage import FALSE_ALARM_BAND, FALSE_ALARM_RUNS, Draw, Setting, beside_zero
from voclib.results import Estimate
from voclib.simulate.worlds import angry_comments, dropout, nonresponse
from voclib.stats import attrition, inflation, prevalence

SOME, FEW = 300, 200  # runs where a run looks at forty dealers, or a share of one half is to be seen
FAILS = (-np.inf, 0.5)  # where a naive interval must not hold the truth, else the world shows nothing


def _dealers(begging: int, share: float) -> Draw:
    """Forty dealers of 60 to 200 answers; the truth is who begs, by dealer."""
    def taken(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        frame, truth = nonresponse.draw_dealers(seed, begging=begging, turned_share=share)
        return frame, np.isin(np.arange(40), truth["begging"])
    return taken


def nominal(frame: pd.DataFrame) -> np.ndarray:
    """Dealers whose own p is at most 5 %, without regard to the others."""
    return inflation.inflation_lr(frame["nps_score"], frame["unit_id"]).frame["p_value"].to_numpy() <= 0.05


def flagged(frame: pd.DataFrame) -> np.ndarray:
    """Dealers the test flags, false discoveries controlled."""
    return inflation.inflation_lr(frame["nps_score"], frame["unit_id"]).frame["is_flagged"].to_numpy()


def by_share_of_tens(frame: pd.DataFrame) -> np.ndarray:
    """Dealers the usual alarm flags."""
    return inflation.share_of_tens_z(frame["nps_score"], frame["unit_id"])["is_flagged"].to_numpy()


def begged() -> list[Setting]:
    """Honest dealers of different quality, and dealers that turn some of their 7 to 9 into 10."""
    def setting(what: str, share: float, **more: Any) -> Setting:
        begging = 0 if what.startswith("none") else 10
        turned = f", {share:.0%} of 7-9 turned into 10" if begging else ""
        return Setting(method="begging", setting=what + turned, draw=_dealers(begging, share), naive=by_share_of_tens, **more)

    honest = {"kind": "false alarms", "count": lambda found, begs: found[~begs].mean(), "call": nominal, "band": FALSE_ALARM_BAND,
              "runs": SOME}
    any_flag = {"kind": "false alarms", "count": lambda found, begs: found[~begs].any(), "call": flagged, "band": (0.0, 0.10)}
    false = {"kind": "false discoveries", "count": lambda found, begs: (found & ~begs).sum() / max(found.sum(), 1), "call": flagged,
             "band": (0.0, 0.05)}
    power = {"kind": "power", "count": lambda found, begs: found[begs].mean(), "call": flagged, "runs": FEW}
    return [setting("none of 40 dealers begs, each honest one at 5%", 0.3, naive_band=(0.3, 1.0), **honest),
            setting("10 of 40 dealers beg, each honest one at 5%", 0.3, naive_band=(0.4, 1.0), **honest),
            setting("none of 40 dealers begs, any flag", 0.3, **any_flag),
            *(setting("10 of 40 dealers beg, share of flags that are wrong", s, runs=2 * SOME, **false) for s in (0.15, 0.3)),
            *(setting("10 of 40 dealers beg, found", s, band=b, **power) for s, b in ((0.15, (0.1, 0.55)), (0.3, (0.55, 1.0))))]


def _topics(**options: Any) -> Draw:
    """One topic a run, all of them in turn; comments of one world with their weights."""
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = angry_comments.draw(seed, **options)
        topic = angry_comments.TOPICS[seed % len(angry_comments.TOPICS)]
        made = frame[frame["commented"]]
        return pd.DataFrame({"predicted": made[f"predicted_{topic}"], "gold": made[f"gold_{topic}"], "drawn": made["gold_probability"],
                             "weight": 1 / (made["answer_probability"] * made["comment_probability"])}), truth["share"][topic]
    return taken


def powered(frame: pd.DataFrame) -> Estimate:
    """Share of customers: weights for who comments, labels for the classifier's errors."""
    return prevalence.ppi_mean(frame["predicted"], frame["gold"], gold_probability=frame["drawn"], weights=frame["weight"]).estimate("share")


def counted(frame: pd.DataFrame, *, weighed: bool = False) -> Estimate:
    """Share of comments in which the classifier found the topic."""
    found = prevalence.weighted_mean(frame["predicted"], weights=frame["weight"] if weighed else None)
    return found.estimate("share", unit="share", low=0.0, high=1.0)


def topics() -> list[Setting]:
    """Topics that anger, and a classifier that errs."""
    settings = {"the angry comment, classifier of sensitivity 0.75-0.85": {}, "the angry comment, classifier no better than a coin": {"noise": True}}
    plain = [Setting(method="topic share", setting=what, draw=_topics(**options), call=powered, naive=counted, max_bias=0.005, naive_band=FAILS)
             for what, options in settings.items()]
    return [*plain, Setting(method="topic share, weights alone", setting="the angry comment, classifier of sensitivity 0.75-0.85", kind="bias",
                            draw=_topics(), call=partial(counted, weighed=True), naive=counted, band=(0.01, 0.2), runs=SOME)]


def _panel(**options: Any) -> Draw:
    def taken(seed: int) -> tuple[pd.DataFrame, float]:
        frame, truth = dropout.draw(seed, customers=1500, waves=4, **options)
        return frame, truth["nps_change"]
    return taken


def changed(frame: pd.DataFrame, *, rung: str) -> Estimate:
    """The change over the waves: weighted for drop-out ("fit"), or of whoever answered ("naive")."""
    found = attrition.panel_change(frame, "y", unit="customer_id", period="wave", answered="responded", columns=["logins"], history=["y"])
    return getattr(found, rung).estimate("change", unit="points")


def panels() -> list[Setting]:
    """A panel that the unhappy leave."""
    size, weighted, naive = "1500 customers, 4 waves, detractors leave", partial(changed, rung="fit"), partial(changed, rung="naive")
    return [Setting(method="panel change", setting=size, draw=_panel(), call=weighted, naive=naive, naive_band=FAILS, max_bias=0.8),
            Setting(method="panel change", setting=f"{size}, nothing changes", kind="false alarms", count=beside_zero, draw=_panel(trend=0.0),
                    call=weighted, naive=naive, band=FALSE_ALARM_BAND, runs=FALSE_ALARM_RUNS, naive_band=(0.5, 1.0)),
            Setting(method="panel change", setting=f"{size}, satisfaction falls", kind="power", count=lambda found, truth: found.conf_high < 0,
                    draw=_panel(trend=-0.15), call=weighted, band=(0.8, 1.0), runs=SOME),
            Setting(method="panel change", setting=f"{size} for a score nobody sees", kind="bias", draw=_panel(trend=0.0, hidden=0.6), call=weighted,
                    naive=naive, band=(2, 20), runs=SOME)]


def settings() -> list[Setting]:
    """All planted worlds of begging, topics and panels."""
    return [*begged(), *topics(), *panels()]
