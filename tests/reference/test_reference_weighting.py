"""Weights and their variance against published numbers and against `svy`, an independent survey package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import svy

from voclib.simulate.worlds import nonresponse
from voclib.stats import weighting

SURVEY = {"correction": "CR1", "at": "base"}  # what survey packages compute


def api(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "survey_api" / f"{name}.csv", dtype={"cds": "str"}).rename(columns={"sch.wide": "wide"})


def balance(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tuple(pd.read_csv(folder / "balance_sim" / f"{name}.csv") for name in ("sample", "target"))


@pytest.fixture(scope="module")
def clusters(public_data: Path) -> pd.DataFrame:
    return api(public_data, "apiclus1")


@pytest.fixture(scope="module")
def schools(public_data: Path) -> dict:
    """Totals of the whole population."""
    return weighting.margins(api(public_data, "apipop"), ["stype", "wide"])


def theirs(frame: pd.DataFrame, **design: str) -> svy.Sample:
    return svy.Sample(pl.from_pandas(frame.reset_index(drop=True)), svy.Design(**design))


def mean(sample: svy.Sample, y: str) -> tuple[float, float]:
    found = sample.estimation.mean(y).estimates[0]
    return found.est, found.se


def test_the_population_is_the_published_one(public_data, schools) -> None:
    assert schools == {"stype": {"H": 755.0, "E": 4421.0, "M": 1018.0}, "wide": {"Yes": 5122.0, "No": 1072.0}}
    assert api(public_data, "apipop")["api00"].mean() == pytest.approx(664.7126, abs=5e-5)


def test_stratified_sample(public_data) -> None:
    frame = api(public_data, "apistrat")
    sampled = (frame.groupby("stype").size() / frame.groupby("stype")["fpc"].first()).to_dict()
    found = weighting.design_mean(frame["api00"], weights=frame["pw"], strata=frame["stype"], sampled=sampled)
    assert found.value == pytest.approx(662.29, abs=0.005) and found.std_error == pytest.approx(9.4089, abs=0.00005)


def test_cluster_sample(clusters) -> None:
    found = weighting.design_mean(clusters["api00"], weights=clusters["pw"], cluster=clusters["dnum"], sampled=15 / 757)
    assert found.value == pytest.approx(644.17, abs=0.005) and found.std_error == pytest.approx(23.542, abs=0.0005) and found.df == 14


def test_cluster_sample_poststratified(clusters, schools) -> None:
    """Printed is 23.921; `svy` and this compute 23.92049, which rounds to 23.920: one unit of the last digit apart."""
    found = weighting.poststratify(clusters["stype"], schools["stype"], weights=clusters["pw"], min_cell=1)
    fit = found.fit(clusters["api00"], cluster=clusters["dnum"], sampled=15 / 757, **SURVEY)
    assert fit.value == pytest.approx(642.31, abs=0.005) and fit.std_error == pytest.approx(23.921, abs=0.001)
    other = theirs(clusters[["api00", "stype", "dnum", "pw", "fpc"]], wgt="pw", psu="dnum", pop_size="fpc")
    value, error = mean(other.weighting.poststratify(controls=schools["stype"], cells="stype"), "api00")
    assert fit.value == pytest.approx(value, rel=1e-9) and fit.std_error == pytest.approx(error, rel=1e-9)


def test_cluster_sample_raked(clusters, schools) -> None:
    found = weighting.calibrate(clusters, schools, weights=clusters["pw"], method="raking", bounds=None)
    fit = found.fit(clusters["api00"], cluster=clusters["dnum"], sampled=15 / 757, **SURVEY)
    assert fit.value == pytest.approx(641.23, abs=0.005) and fit.std_error == pytest.approx(23.704, abs=0.0005)
    exact = found.fit(clusters["api00"], cluster=clusters["dnum"], sampled=15 / 757, correction="CR1")
    assert exact.std_error == pytest.approx(23.704, rel=0.005) and exact.std_error != fit.std_error


def test_self_selected_sample_raked(public_data) -> None:
    sample, target = balance(public_data)
    assert sample["happiness"].mean() == pytest.approx(48.559, abs=0.0005) and target["happiness"].mean() == pytest.approx(56.278, abs=0.0005)
    found = weighting.calibrate(sample, weighting.margins(target, ["gender", "age_group"]), method="raking", bounds=None)
    assert "(missing)" in set(found.tidy()["level"])
    assert found.fit(sample["happiness"]).value == pytest.approx(55.484, rel=1e-4)
    assert found.design_effect == pytest.approx(2.103, abs=0.0005) and found.n_effective == pytest.approx(475.6, abs=0.05)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bounds", [None, (0.2, 5.0)])
def test_raking_equals_svy(seed: int, bounds: tuple[float, float] | None) -> None:
    """Weights to 1e-6 and the linearised error to 1 %; its error without the adjustment is far away."""
    frame, _ = nonresponse.draw(seed, customers=6000)
    frame = pd.DataFrame({c: pd.qcut(frame[c], 5, labels=list("abcde")).astype("str") for c in ("tenure", "log_spend", "risk", "logins")}
                         | {"complaint": frame["complaint"].map({0.0: "no", 1.0: "yes"}),
                            "y": 100.0 * nonresponse.coded(frame["true_score"].to_numpy()),
                            "responded": frame["responded"]})
    sample = frame[frame["responded"]].reset_index(drop=True)
    totals = weighting.margins(frame, ["tenure", "log_spend", "risk", "logins", "complaint"])
    base = sample.assign(base=len(frame) / len(sample))  # svy bounds the factor on the weights as they are, so they are scaled before
    raked = theirs(base, wgt="base").weighting.rake(controls=totals, bounds=bounds, tol=1e-12, max_iter=500)
    found = weighting.calibrate(sample, totals, method="raking", bounds=bounds)
    np.testing.assert_allclose(found.weights, raked.data["rk_wgt"].to_numpy(), rtol=1e-6)
    value, error = mean(raked, "y")
    assert found.fit(sample["y"]).value == pytest.approx(value, rel=1e-6)
    for at in ("base", "solution"):
        assert found.fit(sample["y"], at=at).std_error == pytest.approx(error, rel=0.01)
    assert weighting.design_mean(sample["y"], weights=found.weights).std_error > 1.05 * error


@pytest.mark.parametrize("seed", range(2))
def test_linear_calibration_with_a_numeric_total_equals_svy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"kind": rng.choice(["a", "b", "c"], 500), "spend": rng.gamma(2.0, 50.0, 500), "one": 4.0})
    frame["y"] = frame["spend"] / 10 + rng.normal(size=500)
    totals = {"kind": {"a": 800.0, "b": 700.0, "c": 500.0}, "spend": 190_000.0}
    other = theirs(frame, wgt="one").weighting.calibrate(controls={svy.Cat("kind"): totals["kind"], "spend": totals["spend"]})
    found = weighting.calibrate(frame, totals, weights=frame["one"], method="linear", bounds=None)
    np.testing.assert_allclose(found.weights, other.data["calib_wgt"].to_numpy(), rtol=1e-6)
    assert found.fit(frame["y"], at="base").std_error == pytest.approx(mean(other, "y")[1], rel=0.01)
