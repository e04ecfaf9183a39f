"""DGP B: customers with a latent satisfaction, of whom a fifth answer, not at random (methods.md §3.8)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

RESPONSE_RATE = 0.20
COVARIATES = ("tenure", "log_spend", "complaint", "risk", "logins")


def covariates(rng: np.random.Generator, customers: int) -> dict[str, np.ndarray]:
    """What the company knows of each customer, standardised except the complaint flag (15 %)."""
    tenure, log_spend = rng.normal(size=customers), rng.normal(size=customers)
    complaint = (rng.random(customers) < 0.15).astype(float)
    risk = 0.6 * rng.normal(size=customers) + 0.8 * complaint - 0.12 - 0.4 * tenure
    logins = 0.5 * log_spend - 0.4 * risk + 0.75 * rng.normal(size=customers)
    return dict(zip(COVARIATES, (tenure, log_spend, complaint, risk, logins), strict=True))


def expected_satisfaction(known: dict[str, np.ndarray]) -> np.ndarray:
    """Mean of the latent satisfaction given what is known; quadratic in risk, so a linear outcome model is wrong."""
    return (0.77 + 0.15 * known["tenure"] + 0.15 * known["log_spend"] - 0.7 * known["complaint"] - 0.25 * known["risk"]
            + 0.25 * known["logins"] - 0.1 * known["risk"] ** 2)


def score_of(latent: np.ndarray) -> np.ndarray:
    """The 0–10 score a latent satisfaction leads to."""
    return np.clip(np.round(7 + 1.6 * latent), 0, 10).astype(np.int8)


def coded(score: np.ndarray) -> np.ndarray:
    """Promoter +1, passive 0, detractor -1."""
    return (score >= 9).astype(np.int8) - (score <= 6).astype(np.int8)


def true_nps(score: np.ndarray) -> float:
    """100 · mean of the coding; not a number when nobody is there."""
    return float(100 * coded(score).mean()) if len(score) else float("nan")


def response_index(known: dict[str, np.ndarray], surprise: np.ndarray, *, explained: float, u_shape: float, mnar: float) -> np.ndarray:
    """Logit of answering without its constant; `surprise` is the latent satisfaction less what is expected of the customer.

    `explained` scales what behaviour explains, `u_shape` the delighted and the angry, `mnar` the satisfied.
    """
    seen = (0.22 * known["tenure"] + 0.19 * known["log_spend"] - 0.3 * known["complaint"] - 0.2 * known["risk"] + 0.22 * known["logins"]
            + 0.2 * known["tenure"] * known["log_spend"])
    return explained * seen + u_shape * (np.abs(surprise) - 1) + mnar * surprise


def constant_for(index: np.ndarray, rate: float) -> float:
    """The constant at which the mean response probability equals `rate` (bisection on a sample of at most 50,000)."""
    sample, low, high = index[:: max(1, len(index) // 50_000)], -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-(sample + middle)))).mean() < rate else (low, middle)
    return (low + high) / 2


def reminder_wave(rng: np.random.Generator, customers: int) -> np.ndarray:
    """The message a willing customer answers: 0 = the first, 1 and 2 = reminders (stable resistance)."""
    return rng.choice(3, size=customers, p=[0.65, 0.25, 0.10])


def draw(seed: int, *, customers: int = 8000, rate: float = RESPONSE_RATE, explained: float | None = None, u_shape: float = 0.0, mnar: float = 0.0,
         unsurveyed_share: float = 0.0, followup_share: float = 0.0, followup_completion: float = 1.0, dealers: int = 40,
         ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw one population and who of it answers.

    `explained` is drawn in 0.9–1.1 unless given (0 with the other two at 0 = a random response); `unsurveyed_share` is the share of customers,
    the ones most at risk, who left and are never asked (no positivity); `followup_share` of those who did not answer are called back at random.

    The frame has one row a customer: the covariates, `dealer`, `is_churned`, `is_invited`, `responded`, `wave`, `nps_score` (null unless
    answered), `followup_probability`, `followup_score`, and `true_score`, which no estimator may read.
    """
    rng = stream(seed, "dgp_b")
    explained = planted(rng, explained, 0.9, 1.1)
    known = covariates(rng, customers)
    surprise = rng.normal(size=customers)
    score = score_of(expected_satisfaction(known) + surprise)
    left = np.zeros(customers, dtype=bool)
    if unsurveyed_share:
        left = known["risk"] >= np.quantile(known["risk"], 1 - unsurveyed_share)
    index = response_index(known, surprise, explained=explained, u_shape=u_shape, mnar=mnar)
    constant = constant_for(index[~left], rate)
    answered = (rng.random(customers) < 1 / (1 + np.exp(-(index + constant)))) & ~left
    called = ~answered & ~left & (rng.random(customers) < followup_share)
    reached = called & (rng.random(customers) < followup_completion)
    frame = pd.DataFrame({**known, "dealer": rng.integers(0, dealers, customers), "is_churned": left, "is_invited": ~left, "responded": answered,
                          "wave": reminder_wave(rng, customers), "nps_score": np.where(answered, score, np.nan),
                          "followup_probability": followup_share, "is_called": called, "followup_score": np.where(reached, score, np.nan),
                          "true_score": score})
    frame.loc[~answered, "wave"] = -1
    truth = {"nps_all": true_nps(score), "nps_invited": true_nps(score[~left]), "nps_respondents": true_nps(score[answered]),
             "response_rate": float(answered[~left].mean()), "explained": explained, "u_shape": u_shape, "mnar": mnar, "constant": constant,
             "unsurveyed_share": float(left.mean())}
    return frame, truth


def draw_dealers(seed: int, *, dealers: int = 40, low: int = 60, high: int = 200, begging: int = 0, turned_share: float = 0.3,
                 ) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Scores of honest dealers that differ in level (sd .3), some of whom turn `turned_share` of their 7–9s into 10 (methods.md §3.6)."""
    rng = stream(seed, "dgp_b.dealers")
    size, level = rng.integers(low, high + 1, dealers), rng.normal(scale=0.3, size=dealers)
    dealer = np.repeat(np.arange(dealers), size)
    honest = score_of(0.6 + level[dealer] + rng.normal(size=len(dealer)))
    guilty = np.sort(rng.permutation(dealers)[:begging])
    turned = np.isin(dealer, guilty) & (honest >= 7) & (honest <= 9) & (rng.random(len(dealer)) < turned_share)
    frame = pd.DataFrame({"unit_id": dealer, "nps_score": np.where(turned, 10, honest), "true_score": honest})
    return frame, {"begging": guilty.tolist(), "turned_share": turned_share, "turned_n": int(turned.sum())}
