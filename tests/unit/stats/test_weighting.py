"""Calibration and post-stratification: totals met, bounds kept, impossible demands explained, and what must not matter does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from voclib.errors import DataError, ParameterError
from voclib.stats import cells, inference, weighting

LEVELS = {"region": ["north", "south", "west"], "age": ["18-34", "35-54", "55+", None], "channel": ["app", "store"]}


def people(seed: int, rows: int, *, tilt: float = 0.0) -> pd.DataFrame:
    """Rows with three margins and a spend; `tilt` favours the first levels."""
    rng = np.random.default_rng(seed)
    frame = {}
    for name, levels in LEVELS.items():
        odds = np.exp(-tilt * np.arange(len(levels)))
        frame[name] = pd.Series(rng.choice(np.array(levels, dtype=object), rows, p=odds / odds.sum()), dtype="str")
    return pd.DataFrame(frame).assign(spend=rng.gamma(2.0, 50.0, rows).round(2) + 10 * (frame["channel"] == "app"))


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return people(1, 900, tilt=0.4)


@pytest.fixture(scope="module")
def population() -> pd.DataFrame:
    return people(2, 9000)


@pytest.fixture(scope="module")
def totals(population: pd.DataFrame) -> dict:
    return weighting.margins(population, list(LEVELS))


def answers(frame: pd.DataFrame, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).choice([-100.0, 0.0, 100.0], len(frame)) + 20 * (frame["region"] == "north").to_numpy()


def met(found: weighting.Weights, sample: pd.DataFrame, totals: dict) -> float:
    """Largest relative miss, recomputed by pandas from the weights themselves."""
    worst = 0.0
    for margin, wanted in totals.items():
        if isinstance(wanted, float):
            worst = max(worst, abs(found.weights @ sample[margin] / wanted - 1))
            continue
        keys = [sample[c].fillna("(missing)") for c in (margin if isinstance(margin, tuple) else (margin,))]
        got = pd.Series(found.weights).groupby(keys if len(keys) > 1 else keys[0]).sum()
        worst = max(worst, *(abs(got[level] / t - 1) for level, t in wanted.items()))
    return worst


@pytest.mark.parametrize("method", ["logit", "raking", "linear"])
@pytest.mark.parametrize("bounds", [(0.3, 4.0), (0.42, 2.6), None])
def test_totals_are_met_and_bounds_hold(sample, totals, method, bounds) -> None:
    if method == "logit" and bounds is None:
        pytest.raises(ParameterError, weighting.calibrate, sample, totals, method=method, bounds=bounds)
        return
    base = np.random.default_rng(5).uniform(1, 2, len(sample))
    found = weighting.calibrate(sample, totals, weights=base, method=method, bounds=bounds)
    low, high = bounds or (0.0, np.inf)
    assert met(found, sample, totals) < 1e-7
    assert found.g.min() >= low and found.g.max() <= high and found.g.std() > 0.1
    np.testing.assert_allclose(found.weights, base * 9000 / base.sum() * found.g, rtol=1e-12)


def test_binding_bounds_bind_and_cost_distance(sample, totals) -> None:
    free = weighting.calibrate(sample, totals, method="raking", bounds=None)
    cut = weighting.calibrate(sample, totals, method="raking", bounds=(0.45, 2.4))
    assert free.g.max() > 2.4 and cut.g.max() == 2.4 and (cut.g == 2.4).sum() > 0
    assert cut.iterations >= free.iterations >= 2


def test_logit_solves_the_equations_of_deville_and_sarndal(sample, totals) -> None:
    """Against a root of the dual equations on dummies, written down from the paper."""
    low, high = 0.3, 4.0
    filled = sample[list(LEVELS)].fillna("(missing)")
    x = np.column_stack([np.ones(len(filled)), *(filled[m] == k for m in LEVELS for k in list(totals[m])[1:])]).astype(float)
    wanted = np.array([9000.0, *(totals[m][k] for m in LEVELS for k in list(totals[m])[1:])])
    a = (high - low) / ((1 - low) * (high - 1))

    def g(u: np.ndarray) -> np.ndarray:
        e = np.exp(a * u)
        return (low * (high - 1) + high * (1 - low) * e) / (high - 1 + (1 - low) * e)

    root = optimize.root(lambda b: 10 * x.T @ g(x @ b) - wanted, np.zeros(x.shape[1]), tol=1e-12)
    found = weighting.calibrate(sample, totals, bounds=(low, high))
    np.testing.assert_allclose(found.g, g(x @ root.x), rtol=1e-7)


def test_crossed_redundant_numeric_and_missing_margins(sample, population) -> None:
    totals = weighting.margins(population, ["region", ("region", "age"), "channel"], numeric=["spend"])
    found = weighting.calibrate(sample, totals, bounds=(0.1, 9.0))
    assert met(found, sample, totals) < 1e-7
    assert totals["spend"] == pytest.approx(population["spend"].sum())
    assert ("north", "(missing)") in totals["region", "age"] and len(totals["region", "age"]) == 12
    table = found.tidy()
    assert set(table["margin"]) == {"region", "region × age", "channel", "spend"} and len(table) == 3 + 12 + 2 + 1
    assert table["n"].tolist()[-1] == 900 and (table["achieved"] / table["target"] - 1).abs().max() < 1e-7
    with pytest.raises(ParameterError, match="'channel' is one number"):
        weighting.calibrate(sample, {"region": totals["region"], "channel": 4000.0})


def test_calibrated_weights_of_the_population_itself_stay(population) -> None:
    found = weighting.calibrate(population, weighting.margins(population, list(LEVELS)))
    assert found.iterations == 0 and np.ptp(found.g) == 0 and found.design_effect == pytest.approx(1)


def test_infeasible_bounds_name_the_margin_and_bounds_that_do(sample, totals) -> None:
    with pytest.raises(weighting.InfeasibleBounds) as caught:
        weighting.calibrate(sample, totals, bounds=(0.8, 1.5))
    message, would = str(caught.value), caught.value.bounds
    assert "'age' at '(missing)': target" in message and "at best" in message and f"Bounds of {would[0]:g} and {would[1]:g} would do" in message
    short = caught.value.unmet
    assert list(short.columns) == ["margin", "level", "target", "best", "short"] and short["short"].is_monotonic_decreasing
    found = weighting.calibrate(sample, totals, bounds=would)
    assert met(found, sample, totals) < 1e-7
    tighter = tuple(1 + 0.9 * (b - 1) for b in would)
    with pytest.raises(weighting.InfeasibleBounds):
        weighting.calibrate(sample, totals, bounds=tighter)


def test_margins_that_contradict_each_other_have_no_bounds() -> None:
    """Everybody in a is in x: fifty in a but ten in x cannot be, whatever the weights."""
    sample = pd.DataFrame({"p": ["a"] * 10 + ["b"] * 10, "q": ["x"] * 10 + ["x"] * 5 + ["z"] * 5})
    for method, bounds in (("logit", (0.3, 4.0)), ("raking", None)):
        with pytest.raises(weighting.InfeasibleBounds, match="No bounds would do") as caught:
            weighting.calibrate(sample, {"p": {"a": 50, "b": 50}, "q": {"x": 10, "z": 90}}, method=method, bounds=bounds)
        assert caught.value.bounds is None and {"p", "q"} & set(caught.value.unmet["margin"])


@pytest.mark.parametrize(("change", "message"), [
    ({"region": {"north": 10.0, "south": 10.0}}, "respondents have 'west', which has no total"),
    ({"region": {"north": 10.0, "south": 10.0, "west": 10.0, "east": 9.0}}, "nobody answered in 'east', total 9"),
    ({"region": {"north": 10.0, "south": 10.0, "west": 0.0}}, "the total of 'west' must be a positive number"),
    ({"region": {"north": 10.0, "south": 10.0, "west": np.nan}}, "the total of 'west' must be a positive number"),
    ({"region": {"north": 10.0, "south": 10.0, "west": 10.0}, "channel": {"app": 20.0, "store": 20.0}}, "count different populations: 'region' 30"),
    ({"regoin": {"north": 10.0}}, "did you mean 'region'"),
    ({}, "at least one respondent and one margin"),
])
def test_totals_that_do_not_fit_are_explained(sample, change, message) -> None:
    with pytest.raises(ParameterError, match=message):
        weighting.calibrate(sample, change)


@pytest.mark.parametrize("wrong", [{"bounds": (1.1, 4.0)}, {"bounds": (0.3, 0.9)}, {"method": "rake"}, {"tolerance": 1e-3}, {"weights": np.ones(3)},
                                   {"weights": np.zeros(900)}, {"bounds": None}])
def test_unusable_arguments_are_refused(sample, totals, wrong) -> None:
    with pytest.raises(ParameterError):
        weighting.calibrate(sample, totals, **wrong)


@pytest.mark.parametrize("method", ["logit", "raking"])
def test_row_order_labels_and_half_weights_do_not_matter(sample, totals, method) -> None:
    y, rows = answers(sample), np.arange(len(sample))
    reference = weighting.calibrate(sample, totals, method=method)
    fit = reference.fit(y, cluster=rows)
    order = np.random.default_rng(8).permutation(len(sample))
    moved = weighting.calibrate(sample.iloc[order], totals, method=method)
    np.testing.assert_allclose(moved.weights, reference.weights[order], rtol=1e-9)
    names = {"north": "9", "south": "nord", "west": "A"}
    wanted = totals | {"region": {names[k]: t for k, t in totals["region"].items()}}
    renamed = weighting.calibrate(sample.assign(region=sample["region"].map(names)), wanted, method=method)
    np.testing.assert_allclose(renamed.weights, reference.weights, rtol=1e-9)
    doubled = weighting.calibrate(pd.concat([sample, sample]), totals, weights=np.full(2 * len(sample), 0.5), method=method)
    np.testing.assert_allclose(doubled.weights, np.tile(reference.weights, 2) / 2, rtol=1e-9)
    for other in (moved.fit(y[order], cluster=rows[order]), renamed.fit(y, cluster=rows), doubled.fit(np.tile(y, 2), cluster=np.tile(rows, 2))):
        assert other.value == pytest.approx(fit.value, abs=1e-9) and other.std_error == pytest.approx(fit.std_error, rel=1e-9)
    assert abs(fit.value - y.mean()) > 0.5


def test_dtypes_and_many_cells_do_not_matter(sample, totals, monkeypatch) -> None:
    reference = weighting.calibrate(sample, totals).weights
    for kind in ("category", "object"):
        np.testing.assert_allclose(weighting.calibrate(sample.astype(dict.fromkeys(LEVELS, kind)), totals).weights, reference, rtol=1e-12)
    monkeypatch.setattr(cells, "LARGEST_TABLE", 5)
    np.testing.assert_allclose(weighting.calibrate(sample, totals).weights, reference, rtol=1e-12)


def test_explained_answers_have_no_variance_and_noise_keeps_its_own(sample, totals) -> None:
    found = weighting.calibrate(sample, totals)
    explained = 10.0 * (sample["region"] == "north").to_numpy() - 5.0 * (sample["channel"] == "app").to_numpy()
    exact, noise = found.fit(explained), np.random.default_rng(4).normal(size=len(sample))
    assert exact.std_error < 1e-9 and exact.value == pytest.approx((10 * totals["region"]["north"] - 5 * totals["channel"]["app"]) / 9000)
    assert found.fit(noise).std_error == pytest.approx(np.sqrt(found.design_effect / len(sample)) * noise.std(), rel=0.1)
    assert found.fit(explained + noise).std_error == pytest.approx(found.fit(noise).std_error, rel=1e-9)
    assert weighting.design_mean(explained + noise, weights=found.weights).std_error > 1.5 * found.fit(explained + noise).std_error


def test_influence_by_customer_carries_the_variance(sample, population) -> None:
    answered = np.random.default_rng(6).random(len(population)) < 0.1 + 0.2 * (population["region"] == "north")
    found = weighting.calibrate(population[answered], weighting.margins(population, list(LEVELS)))
    y = np.where(answered, answers(population), np.nan)
    alone, framed = found.fit(y[answered]), found.fit(y, frame=population)
    assert framed.value == alone.value and len(framed.influence) == 9000 and abs(framed.influence.mean()) < 1e-9
    assert framed.std_error == pytest.approx(np.sqrt((framed.influence**2).sum()) / 9000, rel=1e-3)
    assert alone.std_error == pytest.approx(np.sqrt((alone.influence**2).sum()) / alone.n, rel=1e-2)
    assert alone.std_error < framed.std_error < 1.1 * alone.std_error
    clustered = found.fit(y, frame=population, cluster=np.arange(9000) % 30)
    assert clustered.n_clusters == 30 and np.isfinite(clustered.df) and clustered.n_effective == found.n_effective
    with pytest.raises(DataError, match="whole population in one order"):
        found.fit(y[:-1], frame=population)
    with pytest.raises(DataError, match="pass frame="):
        found.fit(y)
    with pytest.raises(DataError, match="counted elsewhere"):
        found.fit(y, frame=population.assign(channel="letter"))


def test_poststratified_cells_count_as_in_the_population(sample, population) -> None:
    keys = ["region", "channel"]
    found, totals = weighting.poststratify(sample[keys], population[keys]), weighting.margins(population, [("region", "channel")])
    assert found.merged == () and met(found, sample, totals) < 1e-12
    same = weighting.calibrate(sample, totals, bounds=(0.1, 9))
    np.testing.assert_allclose(found.weights, same.weights, rtol=1e-7)
    y = answers(sample)
    by_cell = pd.Series(y).groupby([sample[k] for k in keys]).mean()
    share = population.groupby(keys).size() / len(population)
    assert found.fit(y).value == pytest.approx((by_cell * share).sum(), abs=1e-9)
    frame = population.assign(y=np.nan)
    frame.loc[: len(sample) - 1, keys] = sample[keys].to_numpy()
    frame.loc[: len(sample) - 1, "y"] = y
    assert found.fit(frame["y"], frame=frame[keys]).value == pytest.approx(found.fit(y).value)


def test_small_cells_join_the_one_most_like_them() -> None:
    """z/a has no cell of its kind and joins the nearest rate, x/b; x/d stays in x, with the nearer of two rates."""
    counts = {("x", "a"): (40, 100), ("x", "b"): (30, 300), ("x", "d"): (3, 25), ("y", "a"): (50, 400), ("z", "a"): (0, 10)}
    respondents = pd.DataFrame([k for k, (n, _) in counts.items() for _ in range(n)], columns=["shop", "kind"])
    customers = pd.DataFrame([k for k, (_, t) in counts.items() for _ in range(t)], columns=["shop", "kind"])
    found = weighting.poststratify(respondents, customers)
    assert [set(m) for m in found.merged] == [{("x", "b"), ("x", "d"), ("z", "a")}]
    assert found.weights.sum() == pytest.approx(835) and found.tidy()["n"].min() >= 20
    assert weighting.poststratify(respondents, customers, min_cell=3).merged == ((("x", "b"), ("z", "a")),)
    swap = {"x": "q", "y": "B", "z": "1"}
    renamed = weighting.poststratify(respondents.replace({"shop": swap}), customers.replace({"shop": swap}))
    np.testing.assert_allclose(renamed.weights, found.weights, rtol=1e-12)


def test_poststratification_refuses_what_it_cannot_weight() -> None:
    with pytest.raises(ParameterError, match="at least 20 respondents"):
        weighting.poststratify(["a"] * 19, {"a": 100})
    with pytest.raises(ParameterError, match="Cell 'b' has respondents but no customers"):
        weighting.poststratify(["a"] * 30 + ["b"], {"a": 100, "b": 0})
    one = weighting.poststratify(["a"] * 30 + ["b"], {"a": 100, "b": 55})
    assert one.merged == (("a", "b"),) and np.ptp(one.weights) == 0


def test_a_stratified_mean_is_the_textbook_one() -> None:
    rng = np.random.default_rng(9)
    y, strata = rng.normal(size=50) + np.repeat([0.0, 5.0], [20, 30]), np.repeat(["a", "b"], [20, 30])
    weights = np.repeat([100 / 20, 300 / 30], [20, 30])
    found = weighting.design_mean(y, weights=weights, strata=strata, sampled={"a": 0.2, "b": 0.1})
    variance = (0.25**2 * y[:20].var(ddof=1) / 20 * 0.8) + (0.75**2 * y[20:].var(ddof=1) / 30 * 0.9)
    assert found.std_error == pytest.approx(np.sqrt(variance)) and found.df == 48
    assert (found.influence**2).sum() == pytest.approx(50**2 * variance)
    plain = weighting.design_mean(y)
    assert plain.std_error == pytest.approx(np.sqrt(inference.mean_variance(y - y.mean()).variance))
    with pytest.raises(ParameterError, match="stratum"):
        weighting.design_mean(y, strata=strata, cluster=np.arange(50) % 7)
