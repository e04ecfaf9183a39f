"""Ratios of recurrent events: exact scores, a form known by hand, and what bad input is told."""

import numpy as np
import pytest
from scipy import optimize, stats

from voclib.errors import DataError
from voclib.stats import recurrence


def people(seed: int = 1, n: int = 400, ratio: float = 2.0, spread: float = 1.0):
    """Counts and exposure (n, 2, 2) of people with an event, most of whom reach the moment soon after their first, and their cluster.

    `spread` is the variance of their rates over two periods of length 1.
    """
    rng = np.random.default_rng(seed)
    counts, exposure = np.zeros((n, 2, 2)), np.zeros((n, 2, 2))
    for i, rate in enumerate(rng.gamma(1 / spread, spread, n)):
        first = rng.exponential(1 / rate)
        moment = min(first + rng.exponential(0.1), 2.0) if rng.random() < 0.7 else 2.0
        events = [first, *rng.uniform(first, 2, rng.poisson(rate * max(2 - first, 0)))] if first < 2 else []
        events = [at for at in events if at < moment] + [*rng.uniform(moment, 2, rng.poisson(rate * ratio * (2 - moment)))]
        for q in range(2):
            before = np.clip(moment - q, 0, 1)
            exposure[i, q] = before, 1 - before
        for at in events:
            counts[i, int(at), int(at > moment)] += 1
    seen = counts.sum(axis=(1, 2)) > 0
    return counts[seen], exposure[seen], rng.integers(0, 40, n)[seen]


def test_scores_are_slopes_of_the_likelihood():
    counts, exposure, _ = people()
    design = recurrence._design(counts)
    theta = np.array([0.3, -0.2, 0.1, 0.5])
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-6
        up, down = (recurrence._likelihood(theta + side * step, counts, exposure, design) for side in (1, -1))
        slope = (up - down) / 2e-6
        assert recurrence._scores(theta, counts, exposure, design).sum(axis=0)[j] == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_the_maximum_is_that_of_a_general_optimiser():
    counts, exposure, cluster = people(3)
    found, design = recurrence.fit(counts, exposure, cluster=cluster), recurrence._design(counts)
    best = optimize.minimize(lambda t: -recurrence._likelihood(t, counts, exposure, design), np.zeros(4), method="Nelder-Mead",
                             options={"maxiter": 8000, "xatol": 1e-9, "fatol": 1e-11}).x
    assert found.is_told and found.log[0] == pytest.approx(best[-1], abs=1e-5) and found.shape == pytest.approx(np.exp(best[0]), rel=1e-4)


def test_the_planted_ratio_is_found_where_each_against_themselves_misses_it():
    counts, exposure, cluster = people(5, 3000)
    found = recurrence.fit(counts, exposure, cluster=cluster)
    value, low, high = found.interval(conf_level=0.9)
    assert low < 2.0 < high and np.log(high / value) == pytest.approx(stats.t.ppf(0.95, 39) * np.sqrt(found.covariance[0, 0]))
    assert np.exp(recurrence.within(counts, exposure, cluster=cluster)[0]) < 1.5
    assert found.shape == pytest.approx(1.0, abs=0.3)


def test_people_all_alike_come_to_the_end_of_the_shape():
    counts, exposure, cluster = people(6, 3000, spread=0.001)
    found = recurrence.fit(counts, exposure, cluster=cluster)
    assert found.shape > 8 and found.interval()[1] < 2.0 < found.interval()[2]


def test_states_are_held_against_each_other():
    counts, exposure, cluster = people(7, 1500)
    three = [np.concatenate([x, np.zeros_like(x[..., :1])], axis=2) for x in (counts, exposure)]
    for x in three:  # the second half of the later state, by lot, is a state of its own
        x[::2, :, 2], x[::2, :, 1] = x[::2, :, 1].copy(), 0.0
    found = recurrence.fit(*three, cluster=cluster)
    value, low, high = found.contrast(2, 1)
    assert low < 1.0 < high and value == pytest.approx(np.exp(found.log[1] - found.log[0]))


def test_each_against_themselves_is_the_conditional_poisson():
    counts, exposure, cluster = people(4)
    beta, error = recurrence.within(counts, exposure, cluster=cluster)
    k, t = counts.sum(axis=1), exposure.sum(axis=1)
    k, t = k[(t > 0).all(axis=1)], t[(t > 0).all(axis=1)]

    def lost(b: float) -> float:
        p = t[:, 1] * np.exp(b) / (t[:, 0] + t[:, 1] * np.exp(b))
        return -float((k[:, 1] * np.log(p) + k[:, 0] * np.log(1 - p)).sum())

    assert beta == pytest.approx(optimize.minimize_scalar(lost).x, abs=1e-4) and 0 < error < 1


def test_plain_rates():
    log, error = recurrence.rates([[2, 6], [2, 2]], [[4, 4], [4, 4]], cluster=[1, 2])
    assert log == pytest.approx(np.log(2)) and error > 0
    assert all(np.isnan(x) for x in recurrence.rates([[0, 1]], [[1, 1]], cluster=[1]))
    assert all(np.isnan(x) for x in recurrence.within(np.ones((1, 1, 2)), np.array([[[1.0, 0.0]]]), cluster=[1]))


@pytest.mark.parametrize(("counts", "exposure", "said"), [
    (np.ones((2, 2)), np.ones((2, 2)), "people, periods, states"), (np.zeros((2, 1, 2)), np.ones((2, 1, 2)), "have no event"),
    (np.ones((2, 1, 2)), np.zeros((2, 1, 2)), "no exposure"), (np.array([[[1.0, 0.0]]]), np.ones((1, 1, 2)), "not finite")])
def test_what_cannot_be_asked_is_said(counts, exposure, said):
    with pytest.raises(DataError, match=said):
        recurrence.fit(counts, exposure, cluster=np.zeros(len(counts)))
