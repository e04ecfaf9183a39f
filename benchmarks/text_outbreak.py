"""Emerging themes on planted years: false alarms where nothing happens, delays and power by size of an outbreak, and time.

`outbreak()` runs it all and returns rows, one a figure: about a quarter of an hour on one core.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.worlds import outbreak as outbreak_world
from voclib.simulate.worlds.outbreak import Outbreak
from voclib.text import emerging
from voclib.text.emerging import Watch, counts
from voclib.text.emerging.counts import Stream, Voices

SIZES = (5, 10, 20, 30, 60)
QUIET, GAP, A_YEAR = 100, 6, 98 + 365  # days before the first outbreak; between two; of a world with a year of evenings


def outbreak(*, null_years: int = 20, null_week: int = 1000, worlds: int = 14, per_week: int = 3000, seed: int = 0) -> list[dict[str, Any]]:
    """The whole protocol as rows `check, value` and what else belongs to it: null years, outbreaks of each size, rises of a topic, time."""
    return [*nulls(range(seed, seed + null_years), per_week=null_week), *delays(range(seed, seed + worlds), per_week=per_week),
            *rises(range(seed, seed + worlds // 2), per_week=per_week), *speed(seed, per_week=per_week)]


def counted(frame: pd.DataFrame) -> Voices:
    """A world as it is watched: its texts, authors, and true topics as classes."""
    classes = {f"topic {k}": (frame["topic"] == k).to_numpy() for k in range(frame["topic"].max() + 1)}
    return counts.read(frame["text"].tolist(), frame["submitted_at"], classes=classes, authors=frame["author"].tolist())


def nulls(seeds: Sequence[int], *, per_week: int, budgets: Sequence[float] = (1.0, 20.0)) -> list[dict[str, Any]]:
    """False alarms in years without news: by budget, and of the naive rule; one row each, over all seeds."""
    found: dict[str, list[int]] = {f"budget {b:g}": [] for b in budgets} | {"naive z > 3, topics": [], "naive z > 3, terms": []}
    for seed in seeds:
        voices = counted(outbreak_world.draw(seed, days=A_YEAR, per_week=per_week)[0])
        for budget in budgets:
            found[f"budget {budget:g}"].append(len(emerging.look(voices, budget=budget).themes))
        found["naive z > 3, topics"].append(sum(map(naive, voices.topics)))
        found["naive z > 3, terms"].append(sum(map(naive, voices.terms)))
    return [{"check": f"alarms in a null year, {rule}", "value": float(np.mean(own)), "worst": max(own), "runs": len(own), "per_week": per_week}
            for rule, own in found.items()]


def naive(stream: Stream, *, weeks: int = 13, z: float = 3.0, least: int = 5) -> int:
    """Alarms of the rule of thumb: a feature whose count of a week lies z standard deviations above its last 13 weeks', each feature once."""
    week = stream.day // 7
    count = np.zeros((int(week.max()) + 1, len(stream.names)), dtype=np.int32)
    table = stream.table.tocoo()
    np.add.at(count, (week[table.row], table.col), 1)
    raised = np.zeros(len(stream.names), dtype=bool)
    for k in range(weeks, len(count) - 1):
        past = count[k - weeks:k]
        raised |= (count[k] >= least) & (count[k] > past.mean(axis=0) + z * past.std(axis=0, ddof=1))
    return int(raised.sum())


def planned(seed: int, *, sizes: Sequence[int] = SIZES, outbreaks: int = 20) -> list[Outbreak]:
    """Outbreaks for one world, `GAP` days apart, each a story in a language that no other has; sizes take turns."""
    rng = np.random.default_rng([seed, 7])
    told = [(story, language) for story in outbreak_world.STORIES for language in ("zh", "en")]
    order, turn = rng.permutation(len(told))[:outbreaks], rng.permutation(outbreaks)
    return [Outbreak(story=told[own][0], language=told[own][1], size=sizes[turn[k] % len(sizes)], first=QUIET + GAP * k)
            for k, own in enumerate(order)]


def caught(seed: int, *, per_week: int, sizes: Sequence[int] = SIZES, outbreaks: int = 20) -> tuple[pd.DataFrame, Watch]:
    """One row an outbreak of one world: `size, language, delay` (days from its first voice; missing where it was not found), `themes` it made."""
    plan = planned(seed, sizes=sizes, outbreaks=outbreaks)
    frame, truth = outbreak_world.draw(seed, days=QUIET + GAP * outbreaks + 14, per_week=per_week, outbreaks=plan)
    seen = emerging.look(counted(frame))
    planted, rows = frame["outbreak"].to_numpy(), [{"size": o.size, "language": o.language, "delay": np.nan, "themes": 0} for o in plan]
    start = pd.Timestamp(outbreak_world.START).date()
    for theme in seen.themes:
        own, times = np.unique(planted[list(theme.members)], return_counts=True)
        if own[times.argmax()] >= 0:
            row = rows[own[times.argmax()]]
            row["themes"] += 1
            row["delay"] = np.fmin(row["delay"], (theme.found_on - start).days - truth["first"][int(own[times.argmax()])])
    return pd.DataFrame(rows), seen


def delays(seeds: Sequence[int], *, per_week: int) -> list[dict[str, Any]]:
    """By size: share on the list within 7 days of the first voice, median and 90 % delay of those found, themes an outbreak; and stray alarms."""
    made = [caught(seed, per_week=per_week) for seed in seeds]
    rows = pd.concat([own for own, _ in made])
    stray = sum(len(seen.themes) for _, seen in made) - int(rows["themes"].sum())
    told = [{"check": f"outbreak of {size} voices: on the list within 7 days", "value": float((own["delay"] <= 7).mean()), "runs": len(own),
             "median_delay": _told(own["delay"].median()), "late_delay": _told(own["delay"].quantile(0.9)),
             "themes": _told(own.loc[own["themes"] > 0, "themes"].mean()), "per_week": per_week} for size, own in rows.groupby("size")]
    return [*told, {"check": "themes that are no outbreak, a year", "value": stray * 365 / sum(seen.evenings for _, seen in made), "runs": len(made)}]


def _told(value: float) -> float | None:
    """A figure, or None where nothing was found that it could be of."""
    return None if np.isnan(value) else float(value)


def rises(seeds: Sequence[int], *, per_week: int, times: Sequence[float] = (1.5, 2.0, 3.0)) -> list[dict[str, Any]]:
    """A known topic that comes several times as often for two weeks: share on the list within 14 days, median delay (99: never)."""
    rows = []
    for many in times:
        delay = []
        for seed in seeds:
            frame, _ = outbreak_world.draw(seed, days=140, per_week=per_week, rise=many, rise_from=110)
            seen = emerging.look(counted(frame)).themes
            since = pd.Timestamp(outbreak_world.START).date() + pd.Timedelta(days=110)
            delay.append(min(((t.found_on - since).days for t in seen if t.words == ("topic 0",)), default=99))
        rows.append({"check": f"a topic {many:g} times as often: on the list within 14 days", "value": float(np.mean(np.array(delay) <= 14)),
                     "runs": len(delay), "median_delay": float(np.median(delay)), "per_week": per_week})
    return rows


def speed(seed: int, *, per_week: int) -> list[dict[str, Any]]:
    """Seconds for a year of evenings, for counting its terms, and for one evening over 50,000 voices of the past."""
    frame, _ = outbreak_world.draw(seed, days=A_YEAR, per_week=per_week)
    begin = time.perf_counter()
    voices = counted(frame)
    read = time.perf_counter() - begin
    begin = time.perf_counter()
    emerging.look(voices)
    year = time.perf_counter() - begin
    many, _ = outbreak_world.draw(seed, days=98, per_week=60_000 // 14)
    past = counted(many)
    begin = time.perf_counter()
    seen = emerging.look(past)
    return [{"check": "seconds for a year of evenings, terms counted", "value": year, "voices": len(frame)},
            {"check": "seconds to count the terms of that year", "value": read, "voices": len(frame)},
            {"check": "seconds for one evening, terms counted", "value": time.perf_counter() - begin, "voices": len(many), "runs": seen.evenings}]
