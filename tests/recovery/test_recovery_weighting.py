"""Does calibration bring the planted score back, with intervals that hold it, and does it leave a random response alone?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.simulate.worlds import nonresponse
from voclib.stats import inference, weighting

RUNS, BAND = 150, (0.91, 0.985)
BEHAVIOUR = ("tenure", "log_spend", "risk", "logins")
MARGINS = [*(f"{name}_fifth" for name in BEHAVIOUR), "complaint"]


def frame_of(seed: int, **world: float) -> tuple[pd.DataFrame, np.ndarray, dict]:
    """Customers with covariates in fifths, answers in NPS points (NaN where silent), and what is true."""
    frame, truth = nonresponse.draw(seed, customers=8000, **world)
    fifths = {f"{name}_fifth": np.searchsorted(np.quantile(frame[name], [0.2, 0.4, 0.6, 0.8]), frame[name]) for name in BEHAVIOUR}
    y = 100.0 * ((frame["nps_score"] >= 9).astype(float) - (frame["nps_score"] <= 6))
    return frame.assign(**fifths), np.where(frame["responded"], y, np.nan), truth


def run(seed: int, **world: float) -> dict[str, float]:
    """Errors of the raw and the calibrated score, three standard errors, and the contrast of the two scores in its own errors."""
    frame, y, truth = frame_of(seed, **world)
    answered = ~np.isnan(y)
    found = weighting.calibrate(frame[answered], weighting.margins(frame, MARGINS, numeric=BEHAVIOUR), bounds=(0.1, 8.0))
    fit, raw = found.fit(y, frame=frame), y[answered].mean()
    naive = np.where(answered, (np.nan_to_num(y) - raw) * len(y) / answered.sum(), 0.0)
    moved = inference.fit(fit.value - raw, fit.influence - naive, n=len(y))
    return {"naive": raw - truth["nps_all"], "error": fit.value - truth["nps_all"], "se": found.fit(y[answered]).std_error, "se_frame": fit.std_error,
            "se_fixed": weighting.design_mean(y[answered], weights=found.weights).std_error, "moved": moved.value / moved.std_error,
            "miss": (found.tidy()["achieved"] - found.tidy()["target"]).abs().max(), "low": found.g.min(), "high": found.g.max()}


@pytest.fixture(scope="module")
def at_random() -> pd.DataFrame:
    """Silence explained by what is known of the customer, one in five answers."""
    return pd.DataFrame([run(seed) for seed in range(RUNS)])


def held(runs: pd.DataFrame, error: str) -> float:
    return float((runs["error"].abs() <= 1.959964 * runs[error]).mean())


def test_explained_silence_is_restored(at_random) -> None:
    assert at_random["naive"].mean() > 8
    assert abs(at_random["error"].mean()) < 0.5
    assert at_random["miss"].max() < 8000 * 1e-6 and at_random["low"].min() >= 0.1 and at_random["high"].max() <= 8


def test_linearised_intervals_hold_and_fixed_weights_are_too_wide(at_random) -> None:
    assert BAND[0] <= held(at_random, "se") <= BAND[1]
    assert BAND[0] <= held(at_random, "se_frame") <= BAND[1]
    assert held(at_random, "se_fixed") > max(0.96, held(at_random, "se"))
    assert at_random["se"].mean() == pytest.approx(at_random["error"].std(), rel=0.12)
    assert at_random["se_fixed"].mean() > 1.12 * at_random["error"].std()
    assert (at_random["naive"].abs() <= 1.959964 * at_random["se"]).mean() < 0.01


def test_the_correction_itself_is_seen(at_random) -> None:
    assert (at_random["moved"].abs() > 1.959964).mean() > 0.95


def test_a_random_response_is_left_alone() -> None:
    runs = pd.DataFrame([run(seed, explained=0.0) for seed in range(RUNS)])
    assert abs(runs["error"].mean()) < 0.5 and abs(runs["naive"].mean()) < 0.5
    assert (runs["moved"].abs() > 1.959964).mean() <= 0.06 + 1.64 * np.sqrt(0.06 * 0.94 / RUNS)
    assert BAND[0] <= held(runs, "se") <= BAND[1]


def test_fifths_alone_leave_a_rest(at_random) -> None:
    """Silence that varies within fifths stays where only the fifths are totals: why the sums are totals too."""
    rest = []
    for seed in range(60):
        frame, y, truth = frame_of(seed)
        answered = ~np.isnan(y)
        found = weighting.calibrate(frame[answered], weighting.margins(frame, MARGINS))
        rest.append(found.fit(y[answered]).value - truth["nps_all"])
    assert np.mean(rest) > at_random["error"][:60].mean() + 0.3
    assert abs(np.mean(rest)) < 0.2 * at_random["naive"].mean()
