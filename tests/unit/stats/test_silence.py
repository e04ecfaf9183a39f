"""How many silent units chance leaves: exact where it can be worked out, told apart from a planted share, refused where nobody speaks."""

import tracemalloc

import numpy as np
import pytest
from scipy import integrate, special, stats

from voclib.errors import DataError, ParameterError
from voclib.stats import silence


def test_chances_of_nothing_are_integrals_over_rates():
    width, mean = -0.2, np.exp(0.4)
    shape = np.exp(-2 * width)

    def by_gamma(u: float, t: float) -> float:
        return np.exp(-u * mean * t) * stats.gamma.pdf(u, shape, scale=1 / shape)

    def by_log(z: float, t: float) -> float:
        return np.exp(-mean * t * np.exp(np.exp(width) * z)) * stats.norm.pdf(z)

    for t in (0.5, 3.0):
        zero = {name: float(np.exp(silence._log_zero(0.4, width, np.array([t]), name))[0]) for name in ("gamma", "lognormal")}
        assert zero["gamma"] == pytest.approx(integrate.quad(by_gamma, 0, 60, args=(t,))[0], rel=1e-6)
        assert zero["lognormal"] == pytest.approx(integrate.quad(by_log, -9, 9, args=(t,))[0], rel=1e-4)


@pytest.mark.parametrize("mixing", silence.MIXINGS)
def test_counts_add_up_to_one(mixing):
    n = np.arange(0, 400, dtype=float)
    whole = np.exp(silence._log_count(0.5, -0.5, n, np.full(400, 2.0), mixing)).sum()
    assert whole == pytest.approx(1.0, abs=1e-4)
    zero = silence._log_zero(0.5, -0.5, np.ones(1), mixing)
    assert silence._log_count(0.5, -0.5, np.zeros(1), np.ones(1), mixing) == pytest.approx(zero)


def test_the_negative_binomial_is_that_of_scipy():
    n, shape, mean = np.arange(5.0), np.exp(0.6), np.exp(0.3) * 2
    made = silence._log_count(0.3, -0.3, n, np.full(5, 2.0), "gamma")
    assert made == pytest.approx(stats.nbinom.logpmf(n, shape, shape / (shape + mean)), abs=1e-9)


def test_alike_is_the_zero_truncated_poisson():
    counts = np.array([1, 2, 3, 2, 1, 4, 2, 3, 1, 2, 0, 0])
    found = silence.chance(counts, np.ones(12), mixing="alike")
    rate = 2.1 + float(special.lambertw(-2.1 * np.exp(-2.1)).real)  # m / (1 − e^−m) = 2.1, the mean of those above zero
    assert found.expected == pytest.approx(12 * np.exp(-rate), rel=1e-4) and found.observed == 2


def test_those_that_will_not_speak_are_told_and_spread_is_found():
    rng = np.random.default_rng(5)
    counts = rng.poisson(rng.lognormal(2.5, 0.6, 80))
    assert silence.chance(counts, np.ones(80), mixing="lognormal").p_value > 0.2
    counts[:20] = 0
    found = silence.chance(counts, np.ones(80), mixing="gamma")
    assert found.p_value < 0.01 and found.observed >= 20 and found.spread[1] < np.exp(2 * 1.2816 * 0.6) * 1.6


def test_what_cannot_be_asked_is_said():
    with pytest.raises(DataError, match="takes 10"):
        silence.chance([1] * 9 + [0], np.ones(10))
    with pytest.raises(DataError, match="exposure above zero"):
        silence.chance([1] * 12, np.zeros(12))
    with pytest.raises(ParameterError, match="mixing"):
        silence.chance([1] * 12, np.ones(12), mixing="other")


def test_many_units_take_little_memory_and_the_same_numbers():
    counts = np.random.default_rng(1).poisson(3.0, 400)
    tracemalloc.start()
    found = silence.chance(counts, np.ones(400), mixing="lognormal", draws=600)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert peak < 60  # MB; all draws at once take 300
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(silence, "AT_ONCE", 600)
        assert silence.chance(counts, np.ones(400), mixing="lognormal", draws=600) == found
