"""The same employees in every wave: what lasts in a person is no noise in a change, and the page gives the range that holds the truth."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from ex_panels import NAMES

from voclib.results import Text
from voclib.stats import panel, reliability
from voclib.studies import ex_voc
from voclib.studies.ex_voc.panel import ExPanel

STORES, PERIODS, STAFF = 60, 12, 8


def world(seed: int, *, lasting: float | None = None) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Answers, panel and planted slope; `lasting` is the share of a person's deviation that stays (30 to 80 % without it)."""
    rng = np.random.default_rng(seed)
    slope, share = rng.uniform(2.5, 4), rng.uniform(0.3, 0.8) if lasting is None else lasting
    climate = rng.normal(size=(STORES, PERIODS))
    person, passing = rng.normal(size=(STORES, 1, STAFF)), rng.normal(size=(STORES, PERIODS, STAFF))
    given = climate[..., None] + np.sqrt(3) * (np.sqrt(share) * person + np.sqrt(1 - share) * passing)
    store, period = (np.repeat(v.ravel(), STAFF) for v in np.indices((STORES, PERIODS)))
    answers = pd.DataFrame({"unit_id": store, "period": period, "value": given.ravel()})
    outcome = 6 * rng.normal(size=(STORES, 1)) + 2 * rng.normal(size=PERIODS) + 8 * rng.normal(size=(STORES, PERIODS))
    outcome[:, 1:] += slope * climate[:, :-1]
    cells = reliability.cells(answers, unit="unit_id", period="period", value="value").frame
    frame = cells.rename(columns={"mean": "ex", "n": "ex_n", "noise": "ex_noise"}).assign(outcome=outcome.ravel())
    return answers, frame, slope


def ends(seed: int, **options: float) -> tuple[float, float]:
    """The slope over the planted one, with no noise taken off and with all of it."""
    _, frame, slope = world(seed, **options)
    model = panel.distributed_lag(frame, unit="unit_id", period="period", outcome="outcome", exposure="ex", noise="ex_noise")
    return tuple(model.regression(corrected=flag).fit(model.term(1)).value / slope for flag in (False, True))


def test_the_truth_lies_between_the_slope_without_and_with_the_correction() -> None:
    low, high = np.mean([ends(seed) for seed in range(40)], axis=0)
    assert low < 0.93 and high > 1.07, "neither end alone is right where part of a person lasts"
    assert np.mean([ends(seed, lasting=0.0)[1] for seed in range(40)]) == pytest.approx(1, abs=0.07), "drawn anew, taking all off is right"


def test_the_page_names_the_assumption_and_both_ends_in_both_languages() -> None:
    answers, frame, _ = world(3)
    result = ex_voc.study(ExPanel(frame=frame, answers=answers, **NAMES), draws=99)
    low, high = (result.ladder[rung].value for rung in ("lagged", "corrected"))
    assert low < high
    told = [c for c in result.study.checks if c.name == Text("每期作答的是不是同一批员工", "Whether the same employees answer every time")]
    assert len(told) == 1 and told[0].passed is None
    marks = ("同一批员工作答", "If the same employees")
    for said in (result.study.caveat, told[0].detail):
        numbers = [re.findall(r"\d+\.\d+", text.split(mark)[-1])[:2] for text, mark in zip((said.zh, said.en), marks, strict=True)]
        assert numbers[0] == numbers[1] == [f"{low:.1f}", f"{high:.1f}"]


def test_where_nothing_is_taken_off_nothing_is_said_of_it() -> None:
    answers, frame, _ = world(3)
    bare = ExPanel(frame=frame.drop(columns="ex_noise"), answers=answers, **NAMES)
    study = ex_voc.study(bare, draws=99).study
    assert "same employees" not in study.caveat.en and not any("same employees" in c.name.en for c in study.checks)
