"""DGP C: the expected effect is what many customers show."""

from __future__ import annotations

import numpy as np
import pytest

from voclib.simulate.worlds import long_waits


@pytest.mark.parametrize("planted", [{}, {"no_overlap": True}, {"hidden": 1.0}, {"confounding": 1.0, "churn_effect": 0.15}], ids=str)
def test_expected_effects_are_those_of_many_customers(planted: dict) -> None:
    truths = [long_waits.draw(seed, customers=200_000, log_sd=0.3, **planted)[1] for seed in range(6)]
    apart = np.array([t["att_margin_cny"] - t["att_expected_cny"] for t in truths])
    assert abs(apart.mean()) < 3 * apart.std(ddof=1) / np.sqrt(6) + 0.05 and apart.std() < 1.5


def test_expected_effect_on_vips() -> None:
    gaps = []
    for seed in range(6):
        frame, truth = long_waits.draw(seed, customers=200_000, log_sd=0.2, churn_effect=0.0, spend_effect=-0.1)
        hit = frame["is_vip"] & frame["waited"]
        # nobody leaves for it, so margin is nine tenths of what it would have been
        gaps.append(frame.loc[hit, "margin_12m"].mean() * (1 - 1 / 0.9) / truth["att_expected_vip_cny"] - 1)
    assert abs(np.mean(gaps)) < 0.01
    assert long_waits.draw(1, no_overlap=True)[1]["att_expected_vip_cny"] is None


def test_no_effect_is_expected_where_none_is_planted_and_the_tail_plays_no_part() -> None:
    assert long_waits.draw(1, churn_effect=0.0, spend_effect=0.0)[1]["att_expected_cny"] == 0.0
    assert long_waits.draw(1, log_sd=0.8)[1]["att_expected_cny"] == long_waits.draw(1, log_sd=2.0)[1]["att_expected_cny"]
