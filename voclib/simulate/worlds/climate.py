"""DGP A: stores whose employee climate leads their customers' score (methods.md §2.6)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

PASSIVE_SHARE = 0.4
"""Share of scores 7–8: with it one answer's NPS coding has a standard deviation near 75."""
EVENT_RAMP = (1 / 3, 2 / 3, 1.0, 4 / 3)
"""A programme's effect by periods since it started, relative to its mean."""


def climate(rng: np.random.Generator, *, stores: int, periods: int, burn_in: int = 6, ar: float = 0.4) -> np.ndarray:
    """Within-store climate, a stationary AR(1) with standard deviation 1; shape (stores, periods)."""
    shocks = rng.normal(size=(stores, burn_in + periods)) * np.sqrt(1 - ar**2)
    level = rng.normal(size=stores)
    path = np.empty_like(shocks)
    for step in range(shocks.shape[1]):
        level = ar * level + shocks[:, step]
        path[:, step] = level
    return path[:, burn_in:]


def adoption(rng: np.random.Generator, *, stores: int, starts: tuple[int, ...], treated_share: float) -> np.ndarray:
    """Start period of a staggered programme for each store; -1 where it never starts."""
    start = rng.choice(np.asarray(starts), size=stores)
    return np.where(rng.permutation(stores) < round(treated_share * stores), start, -1)


def event_effect(start: np.ndarray, periods: int, *, effect: float) -> np.ndarray:
    """Dynamic effect in points by store and period: rises over four periods, then stays; shape (stores, periods)."""
    since = np.arange(periods)[None, :] - start[:, None]
    ramp = np.asarray(EVENT_RAMP)[np.clip(since, 0, len(EVENT_RAMP) - 1)]
    return np.where((start[:, None] >= 0) & (since >= 0), effect * ramp, 0.0)


def _customer_side(rng: np.random.Generator, own: dict[str, np.ndarray], past: np.ndarray, changed: np.ndarray, step: int,
                   set_to: dict[str, float]) -> np.ndarray:
    """One period's true NPS of every store, before a programme."""
    return (set_to["mean"] + set_to["between"] * own["level"] + own["season"][step] + set_to["slope"] * past
            - 6 * set_to["confounder"] * changed + rng.normal(scale=set_to["noise"], size=past.size))


def _paths(rng: np.random.Generator, own: dict[str, np.ndarray], set_to: dict[str, float], *, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Climate and true NPS together: the climate answers to last period's NPS when `feedback` is set."""
    stores, span = own["changed"].shape
    mood, score = np.zeros((stores, span)), np.zeros((stores, span))
    for step in range(span):
        before = mood[:, step - 1] if step else rng.normal(size=stores)
        shock = rng.normal(size=stores) * np.sqrt(1 - set_to["ar"] ** 2) - set_to["confounder"] * own["changed"][:, step]
        if step and set_to["feedback"]:
            usual = set_to["mean"] + set_to["between"] * own["level"] + own["season"][step - 1]
            shock = shock + set_to["feedback"] * (score[:, step - 1] - usual) / 10
        mood[:, step] = set_to["ar"] * before + shock
        past = mood[:, step - lag] if step >= lag else np.zeros(stores)
        changed = own["changed"][:, step - lag] if step >= lag else np.zeros(stores)
        score[:, step] = _customer_side(rng, own, past, changed, step, set_to)
    return mood, score


def _answers(rng: np.random.Generator, score: np.ndarray, past: np.ndarray, *, customers: int, selection: float) -> dict[str, np.ndarray]:
    """Counts of promoters and detractors among the customers who answer, and the response rate."""
    lean = np.clip(score / 100, -(1 - PASSIVE_SHARE), 1 - PASSIVE_SHARE)
    happy, unhappy = (1 - PASSIVE_SHARE + lean) / 2, (1 - PASSIVE_SHARE - lean) / 2
    if selection:
        happy, unhappy = happy * np.exp(selection * past / 2), unhappy * np.exp(-selection * past / 2)
    total = happy + unhappy + PASSIVE_SHARE
    promoters = rng.binomial(customers, happy / total)
    detractors = rng.binomial(customers - promoters, np.clip(unhappy / np.maximum(total - happy, 1e-12), 0, 1))
    return {"promoters": promoters, "detractors": detractors, "response_rate": np.clip(0.2 * total, 0, 1)}


def draw(seed: int, *, stores: int = 60, periods: int = 12, burn_in: int = 6, employees: int = 8, customers: int = 40, lag: int = 1,
         slope: float | None = None, between: float = 6.0, ar: float = 0.4, icc: float = 0.25, noise: float = 4.0, mean: float = 20.0,
         feedback: float = 0.0, confounder: float = 0.0, manager_change_rate: float = 0.15, selection: float = 0.0,
         programme: float = 0.0, starts: tuple[int, ...] = (4, 6, 8), treated_share: float = 0.6, pretrend: float = 0.0,
         ) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Draw one panel.

    `slope` is NPS points per standard deviation of the within-store climate at lag `lag` (drawn in 2.5–3.5 unless given); `feedback` is climate
    standard deviations per 10 NPS points one period earlier; `confounder` lowers the climate by that many standard deviations, and NPS `lag`
    periods later by six times as many points, when a manager changes; `selection` tilts who answers by climate with no effect on scores;
    `programme` is the mean effect in NPS points of a staggered programme, `pretrend` points a period in adopting stores before it starts.

    Returns `{"panel": one row a store and period, "employees": one row an answer}` and the truth.
    """
    rng = stream(seed, "dgp_a")
    set_to = {"slope": planted(rng, slope, 2.5, 3.5), "between": between, "ar": ar, "noise": noise, "mean": mean, "feedback": feedback,
              "confounder": confounder}
    span = burn_in + periods
    own = {"level": rng.normal(size=stores), "season": rng.normal(scale=2.0, size=span),
           "changed": (rng.random((stores, span)) < manager_change_rate) if confounder else np.zeros((stores, span), dtype=bool)}
    mood, score = (path[:, burn_in:] for path in _paths(rng, own, set_to, lag=lag))
    start = adoption(rng, stores=stores, starts=starts, treated_share=treated_share) if programme or pretrend else np.full(stores, -1)
    effect = event_effect(start, periods, effect=programme)
    to_start = np.arange(periods)[None, :] - start[:, None]
    trend = np.where((start[:, None] >= 0), pretrend * np.minimum(to_start, 0), 0.0)
    past = np.concatenate([np.zeros((stores, lag)), mood[:, : periods - lag]], axis=1)
    counts = _answers(rng, score + effect + trend, past, customers=customers, selection=selection)
    answers = 0.8 * own["level"][:, None, None] + mood[:, :, None] + rng.normal(
        scale=np.sqrt((1 - icc) / icc), size=(stores, periods, employees))
    cells = {"mood": mood, "ex": answers.mean(axis=2), "true_nps": score + effect + trend, "changed": own["changed"][:, burn_in:], "start": start}
    truth = {"slope": set_to["slope"], "lag": lag, "between_slope": between / 0.8, "reliability_within": 1 / (1 + (1 - icc) / icc / employees),
             "feedback": feedback, "confounder": confounder, "selection": selection, "pretrend": pretrend, "starts": start.tolist(),
             "programme_att": float(effect[effect != 0].mean()) if programme else 0.0,
             "programme_path": [programme * ramp for ramp in EVENT_RAMP]}
    return _frames(cells, counts, answers, customers=customers), truth


def _frames(cells: dict[str, np.ndarray], counts: dict[str, np.ndarray], answers: np.ndarray, *, customers: int) -> dict[str, pd.DataFrame]:
    """The panel and the employees' answers as long frames."""
    stores, periods, employees = answers.shape
    store, period = np.repeat(np.arange(stores), periods), np.tile(np.arange(periods), stores)
    panel = pd.DataFrame({
        "unit_id": store, "period": period, "ex": cells["ex"].ravel(), "climate": cells["mood"].ravel(),
        "nps": 100 * (counts["promoters"] - counts["detractors"]).ravel() / customers, "true_nps": cells["true_nps"].ravel(),
        "promoters": counts["promoters"].ravel(), "detractors": counts["detractors"].ravel(), "n_customers": customers, "n_employees": employees,
        "response_rate": counts["response_rate"].ravel(), "is_manager_changed": cells["changed"].ravel(),
        "started_period": np.repeat(cells["start"], periods)})
    people = pd.DataFrame({"unit_id": np.repeat(store, employees), "period": np.repeat(period, employees),
                           "employee": np.tile(np.arange(employees), stores * periods), "value": answers.ravel()})
    return {"panel": panel, "employees": people}
