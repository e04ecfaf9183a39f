"""What invalid voices do to the scores: the identity behind the movement, its interval against resampling, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.schema import validation
from voclib.studies.pool import validity, validity_text

REQUIRED = [["customer_id"], ["nps_score", "comment"]]


def voices(*, n: int = 1200, invalid: float = 0.2, gap: float = 0.15, seed: int = 1) -> pd.DataFrame:
    """Answers of forty dealers, of which a share lacks the customer and recommends less often."""
    rng = np.random.default_rng(seed)
    unit, lacking = rng.integers(0, 40, n), rng.random(n) < invalid
    happy = rng.random(n) < 0.5 + rng.normal(scale=0.05, size=40)[unit] - gap * lacking
    frame = pd.DataFrame({"response_id": [f"S{i}" for i in range(n)], "customer_id": np.where(lacking, None, [f"c{i}" for i in range(n)]),
                          "unit_id": [f"D{u}" for u in unit], "channel": "sms", "nps_score": np.where(happy, 10, 3),
                          "submitted_at": "2026-05-01T10:00:00+08:00", "weight": 1})
    return validation.validate(frame, "responses").accepted


def test_a_voice_is_valid_when_every_line_is_filled_by_one_of_its_fields() -> None:
    frame = voices(n=4).assign(customer_id=["a", None, "b", "c"], nps_score=pd.array([9, 9, None, None], dtype="Int64"),
                               comment=pd.array([None, "x", "y", None], dtype="str"))
    assert validity.is_valid(frame, REQUIRED).tolist() == [True, False, True, False]
    with pytest.raises(ParameterError, match="valid_voice names 'custmer_id', which responses do not have; did you mean 'customer_id'"):
        validity.is_valid(frame, [["custmer_id"]])


def test_the_movement_is_the_difference_of_the_two_scores_shown_beside_it() -> None:
    [nps] = validity.effects(voices(), REQUIRED)
    assert nps.name == "nps" and nps.n == 1200 and 180 < nps.invalid_n < 300
    assert nps.effect.value == pytest.approx(nps.everyone.value - nps.valid.value, abs=1e-9)
    assert nps.effect.conf_high < 0, "the invalid recommend less, so they pull the score down"


def test_the_interval_holds_the_planted_movement() -> None:
    held, excluded = 0, 0
    for seed in range(200):
        gap = float(np.random.default_rng([seed, 9]).uniform(0.1, 0.25))
        frame = voices(seed=seed, gap=gap)
        [found] = validity.effects(frame, REQUIRED)
        truth = -200 * gap * found.invalid_n / found.n
        held += found.effect.conf_low <= truth <= found.effect.conf_high
        excluded += found.effect.conf_high < 0
    assert 0.91 <= held / 200 <= 0.985
    assert excluded / 200 > 0.7


def test_without_a_difference_zero_is_excluded_seldom() -> None:
    alarms = 0
    for seed in range(200):
        [found] = validity.effects(voices(seed=seed, gap=0.0), REQUIRED)
        alarms += not found.effect.conf_low <= 0 <= found.effect.conf_high
    assert alarms / 200 <= 0.09


def test_nothing_invalid_and_nothing_valid_are_said() -> None:
    [whole] = validity.effects(voices(invalid=0.0), REQUIRED)
    [none] = validity.effects(voices(invalid=1.0), REQUIRED)
    assert (whole.effect.kind, whole.effect.reason) == ("refusal", validity_text.ALL_VALID)
    assert (none.effect.reason, none.valid.kind) == (validity_text.NO_VALID, "refusal")
    shown = validity.table([whole, none])
    assert shown["effect"].map(lambda t: t.en).tolist() == ["withheld", "withheld"]
    assert shown["invalid"].map(lambda t: t.zh).tolist() == ["0 / 1,200", "1,200 / 1,200"]
