"""The selection model: its covariance against a bootstrap, its refusal without an instrument, its warnings, its bad input."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.stats.selection import SelectionModel, selection_model


def survey(seed: int = 0, *, n: int = 1500, rho: float = 0.6, instrument: float = 0.8) -> dict[str, np.ndarray]:
    """A score explained by x, answered by those whom the reminder z (and the same unseen mood) moved to answer."""
    rng = np.random.default_rng(seed)
    x, z, u = rng.normal(size=(3, n))
    noise = rho * u + np.sqrt(1 - rho**2) * rng.normal(size=n)
    seen = (0.2 + 0.7 * x + instrument * z + u > 0).astype(float)
    y = np.where(seen == 1, 1 + 0.5 * x + 2 * noise, np.nan)
    return {"outcome": y, "outcome_matrix": x, "selected": seen, "selection_matrix": np.column_stack([x, z])}


def test_names_and_parts() -> None:
    found = selection_model(**survey(), outcome_names=["x"], selection_names=["x", "z"])
    assert found.names == ("constant", "x", "inverse_mills") and found.probit_names == ("constant", "x", "z")
    assert found.instruments == 1 and found.instrument_p < 1e-6 and found.verdict is Verdict.REPORT
    assert found.values[-1] == pytest.approx(found.rho * found.sigma)
    assert found.n == 1500 and found.n_selected == len(found.mills)


def test_the_covariance_is_the_bootstrap_of_both_steps() -> None:
    data = survey()
    found = selection_model(**data)
    draws = np.random.default_rng(1).integers(0, 1500, (250, 1500))
    again = np.std([selection_model(**{k: v[d] for k, v in data.items()}).values for d in draws], axis=0)
    assert found.std_errors == pytest.approx(again, rel=0.15)
    seen = data["selected"] == 1
    plain = OLS(data["outcome"][seen], np.column_stack([np.ones(seen.sum()), data["outcome_matrix"][seen], found.mills])).fit()
    assert plain.params == pytest.approx(found.values)
    assert np.abs(plain.bse / again - 1).max() > 0.05, "the second step alone must differ here, else the correction shows nothing"


def test_least_squares_on_the_selected_stands_beside_it() -> None:
    data = survey()
    found, seen = selection_model(**data, outcome_names=["x"]), data["selected"] == 1
    oracle = OLS(data["outcome"][seen], np.column_stack([np.ones(seen.sum()), data["outcome_matrix"][seen]])).fit()
    naive = found.fit("x", naive=True)
    assert (naive.value, naive.std_error) == pytest.approx((oracle.params[1], oracle.bse[1]))


def test_without_an_instrument_there_is_no_answer() -> None:
    data = survey()
    for matrix in (data["outcome_matrix"], 3 * data["outcome_matrix"] + 1):  # the same information in other units is no instrument
        found = selection_model(**{**data, "selection_matrix": matrix})
        shown = found.estimate("x1", unit="score")
        assert (found.instruments, found.verdict, shown.kind) == (0, Verdict.REFUSE, "refusal")
        assert "instrument" not in shown.reason.en and shown.needs.zh
        assert found.mills_vif > 5 * selection_model(**data).mills_vif


def test_a_weak_instrument_is_a_caveat() -> None:
    found = selection_model(**survey(instrument=0.0))
    assert found.instruments == 1 and found.instrument_p > 0.01 and found.verdict is Verdict.REPORT_WITH_CAVEAT
    assert found.estimate("x1", unit="score").verdict is Verdict.REPORT_WITH_CAVEAT


def test_order_and_units_play_no_part() -> None:
    data, order = survey(), np.random.default_rng(3).permutation(1500)
    one = selection_model(**data)
    two = selection_model(**{k: v[order] for k, v in data.items()})
    assert two.values == pytest.approx(one.values, abs=1e-9) and two.std_errors == pytest.approx(one.std_errors, abs=1e-9)
    scaled = selection_model(**{**data, "outcome_matrix": 1e5 * data["outcome_matrix"], "selection_matrix": data["selection_matrix"] * [1e5, 1e-3]})
    assert scaled.values[1] * 1e5 == pytest.approx(one.values[1]) and scaled.std_errors[-1] == pytest.approx(one.std_errors[-1])


def test_what_is_not_seen_is_not_read() -> None:
    data = survey()
    filled = {**data, "outcome": np.where(np.isnan(data["outcome"]), 1e9, data["outcome"]),
              "outcome_matrix": np.where(data["selected"] == 1, data["outcome_matrix"], np.nan)}
    assert np.array_equal(selection_model(**filled).values, selection_model(**data).values)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"selected": np.ones(1500)}, DataError, "some that are and some that are not"),
    ({"selected": np.full(1500, 0.5)}, DataError, "0 or 1"),
    ({"selected": np.zeros(1500)}, DataError, "0 of 1500"),
    ({"outcome": np.full(1500, np.nan)}, DataError, "outcome is missing"),
    ({"outcome_matrix": np.ones(1500)}, DataError, "outcome_matrix repeat"),
    ({"outcome": np.ones(3)}, ParameterError, "same rows"),
    ({"outcome_names": ["a", "b"]}, ParameterError, "2 names were given for 1"),
])
def test_bad_input(change: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        selection_model(**{**survey(), **change})


def test_a_selection_that_is_perfectly_predicted_is_refused() -> None:
    data = survey()
    with pytest.raises(DataError, match="perfectly predicted"):
        selection_model(**{**data, "selection_matrix": np.column_stack([data["outcome_matrix"], data["selected"]])})


def test_an_unknown_name_gets_the_nearest() -> None:
    found: SelectionModel = selection_model(**survey(), outcome_names=["tenure"])
    with pytest.raises(ParameterError, match="did you mean 'tenure'"):
        found.fit("tenur")
