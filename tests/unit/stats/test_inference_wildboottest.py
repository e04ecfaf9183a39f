"""The wild cluster bootstrap against the package that pyfixest calls for it, which takes neither weights nor text as clusters."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import wild

pytest.importorskip("wildboottest", reason="wildboottest is not installed; it is pyfixest's own wild bootstrap and comes with the extra `test`")


def test_p_values_are_the_same_but_for_drawing_and_t_to_the_last_digit() -> None:
    import pyfixest

    from voclib.stats import inference

    for seed, stores in ((2, 60), (3, 14), (5, 14)):
        frame = wild.problem(seed=seed)
        frame = frame[(frame["store"] < stores) & ((frame["store"] + frame["period"]) % 11 > 0)]
        fitted = pyfixest.feols("score ~ lag_1 + lag_2 + lag_3 | store + period", frame, vcov={"CRV1": "store"})
        theirs = fitted.wildboottest(param="lag_1", reps=9999, weights_type="webb", seed=seed, k_adj=False)
        given = inference.moments(frame["score"], frame[wild.LAGS], cluster=frame["store"].map(lambda s: f"store {s}"), names=wild.LAGS,
                                  within=frame["store"], effects=frame["period"])
        ours, p = inference.wild_bootstrap(given, "lag_1", seed=seed), float(theirs["Pr(>|t|)"])
        assert ours.t == pytest.approx(float(theirs["t value"]), rel=1e-8)
        assert ours.p_value == pytest.approx(p, abs=4 * np.sqrt(2 * p * (1 - p) / 9999) + 1e-4) and 0.005 < p < 0.995
