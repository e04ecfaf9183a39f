"""Published results: Grunfeld 1958, investment of ten firms over twenty years, the standard example of fixed effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from voclib.stats import inference, panel
from voclib.stats.panel import DistributedLag

PUBLISHED = {  # plm (Croissant & Millo 2008, J. Stat. Software 27), within models; Baltagi 2005, tables 2.1 and 3.1, to three digits
    "firms": {"value": (0.110124, 0.011857), "capital": (0.310065, 0.017355)},
    "firms and years": {"value": (0.117716, 0.013751), "capital": (0.357916, 0.022719)},
}


@pytest.fixture(scope="module")
def grunfeld(public_data: Path) -> pd.DataFrame:
    return pd.read_csv(public_data / "reference_small" / "Grunfeld.csv")


@pytest.fixture(scope="module")
def model(grunfeld: pd.DataFrame) -> DistributedLag:
    return panel.distributed_lag(grunfeld, unit="firm", period="year", outcome="inv", exposure="value", lags=(0,), controls={"capital": 0})


def classical(model: DistributedLag, found: inference.Regression, absorbed: int) -> np.ndarray:
    """Errors as if rows were independent, from the same cross products: σ̂²·A⁻¹ with n − absorbed − K degrees of freedom."""
    rows, gram = model.rows, model.plain.gram.sum(axis=0)
    x = np.column_stack([rows.x, rows.z])
    effects = [np.eye(rows.n_units)[rows.unit]] + ([np.eye(len(rows.periods))[rows.period]] if absorbed > rows.n_units else [])
    whole = np.column_stack([x, *effects])
    left = rows.y - whole @ np.linalg.lstsq(whole, rows.y, rcond=None)[0]
    inner = gram[:2, :2] - (gram[:2, 2:] @ np.linalg.pinv(gram[2:, 2:]) @ gram[2:, :2] if len(effects) > 1 else 0.0)
    assert len(found.coefficients) == 2
    return np.sqrt(np.diag(np.linalg.inv(inner)) * (left @ left) / (len(x) - absorbed - 2))


def test_firms_and_years(model: DistributedLag) -> None:
    found = model.regression(corrected=False)
    for name, value, error in zip(found.names, found.coefficients, classical(model, found, 10 + 20 - 1), strict=True):
        assert (round(value, 6), round(error, 6)) == PUBLISHED["firms and years"][name]


def test_firms_alone(model: DistributedLag) -> None:
    rows = model.rows
    found = inference.regress(inference.moments(rows.y, np.column_stack([rows.x, rows.z]), cluster=rows.unit, names=rows.names, within=rows.unit))
    for name, value, error in zip(found.names, found.coefficients, classical(model, found, 10), strict=True):
        assert (round(value, 6), round(error, 6)) == PUBLISHED["firms"][name]


@pytest.mark.parametrize("effects", PUBLISHED)
def test_linearmodels_gives_the_same(grunfeld: pd.DataFrame, effects: str) -> None:
    frame = grunfeld.set_index(["firm", "year"])
    found = PanelOLS(frame["inv"], frame[["value", "capital"]], entity_effects=True, time_effects="years" in effects).fit()
    for name, published in PUBLISHED[effects].items():
        assert (round(found.params[name], 6), round(found.std_errors[name], 6)) == published


def test_both_libraries_agree_with_the_cross_products_and_on_lags_too(grunfeld: pd.DataFrame, model: DistributedLag) -> None:
    lagged = panel.distributed_lag(grunfeld, unit="firm", period="year", outcome="inv", exposure="value", lags=(1, 2, 0), controls={"capital": 1})
    assert panel.agreement(model).agrees(1e-8) and panel.agreement(lagged).agrees(1e-8)
    assert lagged.rows.dropped == {"outcome": 0, "exposure": 20, "control": 0, "sampling": 0, "alone": 0} and len(lagged.rows.y) == 180


def test_ten_firms_allow_no_more_than_a_caveat(model: DistributedLag) -> None:
    found = model.decide(0, corrected=False, draws=1999)
    assert found.policy.name == "few" and "WCR-Webb" in found.method and found.conf_low < 0.117716 < found.conf_high
