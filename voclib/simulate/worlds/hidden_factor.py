"""A factor nobody recorded, behind both a long wait and next year's margin, whose strength is known exactly (methods.md §4.10, C-T6)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

NODES = 10  # of the quadrature a dimension: three normal variables, 1,000 points
LOG_SD = 0.5


def _wait(prior: np.ndarray, visits: np.ndarray, unseen: np.ndarray, p: dict[str, float]) -> np.ndarray:
    """Probability of a long wait."""
    return 1 / (1 + np.exp(1 + 0.4 * prior - p["visible_wait"] * visits - p["hidden_wait"] * unseen))


def _margin(prior: np.ndarray, visits: np.ndarray, unseen: np.ndarray, p: dict[str, float]) -> np.ndarray:
    """Expected 12-month margin without a wait; a wait takes the share `-effect` of it."""
    return np.exp(6.2 + 0.3 * prior - p["visible_spend"] * visits - p["hidden_spend"] * unseen)


def draw(seed: int, *, customers: int = 1500, hidden: float | None = None, effect: float | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one population of customers.

    `visits` is recorded and moves waits and margin; the unseen factor does the same, `hidden` times as strongly (drawn in 0.6–1.0; 0 for
    none). `effect` is relative to the margin (drawn in −0.12 – −0.06). The truth holds the effect on the exposed in yuan, and how
    strong the unseen factor is in the population drawn from: `cf_y`, `cf_d`, `rho`, `bias_cny` of whoever does not know it, the
    two moments that the bias is measured in, and what `visits` adds to the rest of what is recorded (`visible_cf_y`, `visible_cf_d`).

    The frame has one row a customer: `prior_spend`, `log_spend`, `visits`, `waited`, `margin_before_cny` (before the wait, moved by the
    same factors), `margin_12m_cny`.
    """
    rng = stream(seed, "dgp_hidden")
    p = {"effect": planted(rng, effect, -0.12, -0.06), "hidden": planted(rng, hidden, 0.6, 1.0),
         "visible_wait": planted(rng, None, 0.6, 0.8), "visible_spend": planted(rng, None, 0.2, 0.3)}
    p |= {"hidden_wait": p["hidden"] * p["visible_wait"], "hidden_spend": p["hidden"] * p["visible_spend"]}
    prior, visits, unseen = rng.normal(size=(3, customers))
    waited = rng.random(customers) < _wait(prior, visits, unseen, p)
    before, after = (_margin(prior, visits, unseen, p) * np.exp(rng.normal(-LOG_SD**2 / 2, LOG_SD, customers)) for _ in range(2))
    frame = pd.DataFrame({"prior_spend": np.exp(6 + prior), "log_spend": 6 + prior, "visits": visits, "waited": waited, "margin_before_cny": before,
                          "margin_12m_cny": np.where(waited, 1 + p["effect"], 1.0) * after})
    return frame, {**p, **strengths(p)}


def strengths(p: dict[str, float]) -> dict[str, float]:
    """The effect, and how strong the unseen factor and `visits` are, by Gauss–Hermite quadrature over the population."""
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight = weight / weight.sum()
    grid = np.meshgrid(node, node, node, indexing="ij")  # prior, visits, unseen
    w = np.einsum("i,j,k->ijk", weight, weight, weight)
    wait, margin = _wait(*grid, p), _margin(*grid, p)
    share = float((w * wait).sum())
    worlds = {"long": (), "short": (2,), "without visits": (1, 2)}
    known = {name: _known(wait, margin, w, axes, p["effect"]) for name, axes in worlds.items()}
    odds = {name: float((w * chance / (1 - chance)).sum()) for name, (chance, *_) in known.items()}  # second moment of the representer × share²
    left = {name: _left(wait, margin, w, means, p["effect"]) for name, (_, *means) in known.items()}
    bias = float((w * wait * (margin - known["short"][1])).sum()) / share
    most = np.sqrt((left["short"] - left["long"]) * max(odds["long"] - odds["short"], 0.0)) / share
    return {"att_cny": float((w * wait * margin).sum()) / share * p["effect"], "bias_cny": bias, "rho": abs(bias) / most if p["hidden"] else 0.0,
            "cf_y": (left["short"] - left["long"]) / left["short"], "cf_d": 1 - odds["short"] / odds["long"],
            "riesz_second_moment": odds["short"] / share**2, "residual_variance": left["short"],
            "visible_cf_y": (left["without visits"] - left["short"]) / left["short"],
            "visible_cf_d": (odds["short"] - odds["without visits"]) / odds["without visits"]}


def _known(wait: np.ndarray, margin: np.ndarray, w: np.ndarray, axes: tuple[int, ...], effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chance of a wait and margin without and with one, as expected by somebody who does not know the variables of `axes`."""
    if not axes:
        return wait, margin, (1 + effect) * margin

    def mean(values: np.ndarray) -> np.ndarray:
        return (w * values).sum(axis=axes, keepdims=True)

    chance = mean(wait) / mean(np.ones_like(wait))
    alone, with_wait = mean((1 - wait) * margin) / mean(1 - wait), (1 + effect) * mean(wait * margin) / mean(wait)
    return tuple(np.broadcast_to(a, wait.shape) for a in (chance, alone, with_wait))


def _left(wait: np.ndarray, margin: np.ndarray, w: np.ndarray, means: list[np.ndarray], effect: float) -> float:
    """Variance of the margin around these means."""
    noise = np.exp(LOG_SD**2) - 1
    off = ((margin - means[0]) ** 2 + noise * margin**2, ((1 + effect) * margin - means[1]) ** 2 + noise * ((1 + effect) * margin) ** 2)
    return float((w * ((1 - wait) * off[0] + wait * off[1])).sum())


def draw_linear(seed: int, *, customers: int = 800, effect: float | None = None) -> tuple[pd.DataFrame, dict[str, float]]:
    """Draw customers whose wait in minutes and margin are linear in `age`, which is recorded, and in a factor that is not.

    The factor explains the share `strength` (drawn in 0.05–0.2) of what age leaves of the wait and the same share of what age and wait
    leave of the margin, and both work in the same way: without an effect it is just strong enough to explain the whole estimate.
    Age is a stronger cause of both (1 to 1.6 times the coefficients). `effect` is in standard deviations (drawn in 0.05–0.3);
    `effect_cny` in yuan a minute.

    The frame has one row a customer: `age`, `wait_minutes`, `margin_12m_cny`.
    """
    rng = stream(seed, "dgp_hidden_linear")
    share, effect, times = planted(rng, None, 0.05, 0.2), planted(rng, effect, 0.05, 0.3), planted(rng, None, 1.0, 1.6)
    on_wait, on_margin = np.sqrt(share / (1 - share)), np.sqrt(share) / (1 - share)
    age, unseen, own, luck = rng.normal(size=(4, customers))
    wait = on_wait * (times * age + unseen) + own
    margin = effect * wait + on_margin * (times * age + unseen) + luck
    frame = pd.DataFrame({"age": 45 + 12 * age, "wait_minutes": 20 + 8 * wait, "margin_12m_cny": 600 + 150 * margin})
    return frame, {"strength": share, "effect": effect, "effect_cny": effect * 150 / 8, "times": times}
