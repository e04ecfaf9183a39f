"""By who served them: a design counts as a quasi-experiment only where it could have failed a test and did not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from voclib.stats import leniency
from voclib.studies.nps_revenue import _level


def drawn(seed: int, *, flipped: bool) -> dict[str, np.ndarray]:
    """Forty agents of one queue, each with a pace of their own; with `flipped`, those slow with one kind of customer are fast with the other."""
    rng = np.random.default_rng(seed)
    agent = np.repeat(np.arange(40), 150)
    pace, kind = rng.normal(scale=rng.uniform(0.8, 1.2), size=40)[agent], rng.normal(size=len(agent))
    lean = pace * np.where(kind > 0, -0.5, 1.0) if flipped else pace
    exposed = (rng.random(len(agent)) < 1 / (1 + np.exp(-lean))).astype(float)
    return {"y": rng.normal(size=len(agent)) - exposed, "exposed": exposed, "agent": agent, "covariates": kind[:, None]}


def level(case: dict[str, np.ndarray], **change) -> tuple[leniency.Leniency, int]:
    """The design and its level of evidence."""
    made = {**case, **change}
    found = leniency.leniency(made.pop("y"), made.pop("exposed"), made.pop("agent"), **made)
    return found, _level(SimpleNamespace(cohort=SimpleNamespace(is_dated=True), agents=found), "agents")


@pytest.mark.parametrize("seed", range(4))
def test_without_covariates_nothing_was_tested(seed: int) -> None:
    found, evidence = level(drawn(seed, flipped=False), covariates=None)
    assert found.refusal() is None and found.is_balanced is None and evidence == 1


def test_a_design_that_passed_its_tests_keeps_its_level() -> None:
    evidence = [level(drawn(seed, flipped=False))[1] for seed in range(12)]
    assert np.mean(np.array(evidence) == 3) >= 0.75


def test_agents_slow_with_some_and_fast_with_others_are_capped() -> None:
    found = [level(drawn(seed, flipped=True)) for seed in range(12)]
    assert np.mean([evidence == 1 for _, evidence in found]) >= 0.9 and any(one.refusal() is None for one, _ in found)
