"""What a point of NPS is worth: exact in a toy, least squares with covariates, refusals by name; noisy scores against two-stage least squares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.iv import IV2SLS
from statsmodels.regression.linear_model import OLS

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import worth as worth_world
from voclib.stats import worth

TOY = {-1: (1000.0, 30), 0: (1600.0, 30), 1: (1800.0, 40)}  # margin and customers by class


def toy(**counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Customers whose margin is their class's, give or take nothing on average."""
    number = {k: counts.get({-1: "detractors", 0: "passives", 1: "promoters"}[k], n) for k, (_, n) in TOY.items()}
    classes = np.repeat(list(number), list(number.values()))
    noise = np.where(np.arange(len(classes)) % 2 == 0, 50.0, -50.0)
    return np.array([TOY[k][0] for k in classes]) + noise, classes


def drawn(seed: int = 3, customers: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame, _ = worth_world.draw(seed, customers=customers)
    extra = np.random.default_rng([seed, 1]).normal(size=customers)
    return frame["margin_12m"].to_numpy(), frame["nps_class"].to_numpy(), np.column_stack([frame["log_spend"], extra])


def all_paths(y, classes, **options) -> dict[str, float]:
    found = worth.paths(worth.class_values(y, classes, **options), customers=100_000)
    return {path: fit.value for path, fit in found.fits.items()}


class TestToy:
    def test_four_paths_are_exact_and_differ_threefold(self) -> None:
        found = all_paths(*toy())
        worths = [TOY[k][0] for k in (-1, 0, 1)]
        assert found["detractor_to_passive"] == pytest.approx(1000 * (worths[1] - worths[0]), rel=1e-12)
        assert found["passive_to_promoter"] == pytest.approx(1000 * (worths[2] - worths[1]), rel=1e-12)
        assert found["detractor_to_promoter"] == pytest.approx(500 * (worths[2] - worths[0]), rel=1e-12)
        assert found["detractor_to_passive"] == pytest.approx(3 * found["passive_to_promoter"])
        assert found["passive_to_promoter"] < found["tilt"] < found["detractor_to_passive"]

    def test_the_tilt_adds_exactly_one_point_and_is_exponential(self) -> None:
        p = np.array([0.3, 0.3, 0.4])
        q, jacobian = worth.tilted_shares(p)
        assert q.sum() == pytest.approx(1) and 100 * (q[2] - q[0] - p[2] + p[0]) == pytest.approx(1, abs=1e-10)
        assert np.diff(np.log(q / p)) == pytest.approx(np.log(q / p)[1] - np.log(q / p)[0] + np.zeros(2))
        for k in range(3):
            step = 1e-6 * (np.arange(3) == k)
            gain = [(worth.tilted_shares(p + sign * step)[0]) for sign in (1, -1)]
            assert jacobian[:, k] == pytest.approx((gain[0] - gain[1]) / 2e-6, abs=1e-6)
        assert q == pytest.approx(worth_world.tilted(p, 1.0), abs=1e-9)
        assert worth.tilted_shares([0.0, 0.6, 0.4])[0][0] == 0

    def test_worth_grows_with_customers_and_the_unit_of_money(self) -> None:
        y, classes = toy()
        values = worth.class_values(y, classes)
        small, large = worth.paths(values, customers=10), worth.paths(values, customers=1000)
        fen = worth.paths(worth.class_values(100 * y, classes), customers=10)
        for path in worth.PATHS:
            assert large.fits[path].value == pytest.approx(100 * small.fits[path].value)
            assert (fen.fits[path].value, fen.fits[path].std_error) == pytest.approx(
                (100 * small.fits[path].value, 100 * small.fits[path].std_error))


class TestRefusals:
    @pytest.mark.parametrize(("counts", "word", "priced"), [
        ({"detractors": 0}, ("There are no detractors", "没有贬损者"), {"passive_to_promoter"}),
        ({"passives": 3}, ("3 passives are too few", "只有 3 名中立者"), {"detractor_to_promoter"}),
        ({"promoters": 0}, ("There are no promoters", "没有推荐者"), {"detractor_to_passive"})])
    def test_a_class_without_enough_customers_is_named(self, counts, word, priced) -> None:
        found = worth.paths(worth.class_values(*toy(**counts)), customers=1000)
        assert set(found.fits) == priced and set(found.refused) == set(worth.PATHS) - priced
        said = found.estimate("tilt", "nps_point", rung="tilt", conf_level=0.9)
        assert (said.kind, said.rung) == ("refusal", "tilt") and word[0] in said.reason.en and word[1] in said.reason.zh
        assert "At least 10" in said.needs.en

    def test_a_shift_of_customers_who_are_not_there_is_refused(self) -> None:
        y, classes = toy(detractors=12, promoters=1700)
        found = worth.paths(worth.class_values(y, classes), customers=1000)  # 0.69 % are detractors: half a per cent can be moved
        assert set(found.refused) == {"detractor_to_passive"}
        said = found.estimate("detractor_to_passive", "nps_point")
        assert "Only 0.69% of customers are detractors" in said.reason.en and "贬损者只占 0.69%" in said.reason.zh
        assert said.unit == "cny" and "another path" in said.needs.en
        known = worth.paths(worth.class_values(y, classes), customers=1000, shares=(0.2, 0.3, 0.5))
        assert not known.refused, "what counts is whom the customers consist of, not the sample"

    def test_there_is_no_point_above_ninety_nine(self) -> None:
        values = worth.class_values(*toy())
        said = worth.paths(values, customers=1, shares=(0.0, 0.005, 0.995)).estimate("tilt", "x")
        assert "above 99" in said.reason.en
        assert "no promoters" in worth.paths(values, customers=1, shares=(0.5, 0.5, 0.0)).refused["tilt"][0].en

    def test_paths_are_named(self) -> None:
        found = worth.paths(worth.class_values(*toy()), customers=1)
        with pytest.raises(ParameterError, match="did you mean 'passive_to_promoter'"):
            found.estimate("passive_to_promoters", "x")


class TestStandardised:
    def test_own_slopes_are_separate_regressions_at_the_mean_customer(self) -> None:
        y, classes, x = drawn()
        found = worth.class_values(y, classes, matrix=x)
        for k, made in zip(worth.CLASSES, found.standardised, strict=True):
            rows = classes == k
            model = OLS(y[rows], np.column_stack([np.ones(rows.sum()), x[rows]])).fit()
            assert made.value == pytest.approx(model.predict(np.r_[1, x.mean(axis=0)])[0])
            assert made.df == rows.sum() - 3 and made.n == rows.sum()

    def test_common_slopes_are_one_regression_with_its_sandwich(self) -> None:
        y, classes, x = drawn()
        values = worth.class_values(y, classes, matrix=x, slopes="common")
        z = np.column_stack([classes == k for k in worth.CLASSES] + [x]).astype(float)
        model = OLS(y, z).fit(cov_type="HC2")
        moved = worth.paths(values, customers=100).fits["detractor_to_passive"]  # one customer: the contrast of two coefficients
        test = model.t_test(np.array([-1.0, 1, 0, 0, 0]))
        assert moved.value == pytest.approx(float(test.effect[0]))
        assert moved.std_error == pytest.approx(float(test.sd[0, 0]), rel=2e-3)

    @pytest.mark.parametrize("slopes", ["own", "common"])
    def test_standard_errors_are_those_of_resampled_customers(self, slopes: str) -> None:
        y, classes, x = drawn()
        made = worth.paths(worth.class_values(y, classes, matrix=x, slopes=slopes), customers=1e5)
        rng, again = np.random.default_rng(1), []
        for _ in range(200):
            rows = rng.integers(0, len(y), len(y))
            again.append(all_paths(y[rows], classes[rows], matrix=x[rows], slopes=slopes))
        spread = pd.DataFrame(again).std()
        for path in worth.PATHS:
            assert made.fits[path].std_error == pytest.approx(spread[path], rel=0.15), path

    def test_covariates_move_it_and_none_is_crude(self) -> None:
        y, classes, x = drawn(customers=3000)
        adjusted = worth.class_values(y, classes, matrix=x)
        assert adjusted.crude[0].value < adjusted.standardised[0].value and adjusted.crude[2].value > adjusted.standardised[2].value
        alone = worth.class_values(y, classes)
        assert alone.standardised == alone.crude
        assert [fit.value for fit in alone.crude] == pytest.approx([y[classes == k].mean() for k in worth.CLASSES])
        assert alone.crude[0].std_error == pytest.approx(y[classes == -1].std(ddof=1) / np.sqrt((classes == -1).sum()), rel=1e-3)
        crude = worth.paths(adjusted, customers=1e5, kind="crude").fits["tilt"].value
        assert crude == pytest.approx(worth.paths(alone, customers=1e5).fits["tilt"].value)

    def test_weights_are_customers_and_order_is_nothing(self) -> None:
        y, classes, x = drawn(customers=300)
        w = np.random.default_rng(2).integers(1, 4, 300)
        often = np.repeat(np.arange(300), w)
        assert all_paths(y, classes, matrix=x, weights=w) == pytest.approx(all_paths(y[often], classes[often], matrix=x[often]))
        turned = np.random.default_rng(3).permutation(300)
        assert all_paths(y[turned], classes[turned], matrix=x[turned]) == pytest.approx(all_paths(y, classes, matrix=x))
        assert all_paths(y, classes, matrix=7 * x - 3) == pytest.approx(all_paths(y, classes, matrix=x))

    def test_copies_of_customers_are_not_more_customers(self) -> None:
        y, classes, x = drawn(customers=400)
        once = worth.paths(worth.class_values(y, classes, matrix=x), customers=1e5).fits
        twice = np.tile(np.arange(400), 2)
        made = worth.class_values(y[twice], classes[twice], matrix=x[twice], cluster=twice)
        for path, fit in worth.paths(made, customers=1e5).fits.items():
            assert fit.std_error == pytest.approx(once[path].std_error, rel=0.02) and fit.n_clusters == 400

    def test_the_share_of_silent_customers_may_be_known(self) -> None:
        y, classes, x = drawn()
        values = worth.class_values(y, classes, matrix=x)
        given, found = worth.paths(values, customers=1e5, shares=values.shares), worth.paths(values, customers=1e5)
        assert given.fits["tilt"].value == pytest.approx(found.fits["tilt"].value)
        assert given.fits["tilt"].std_error != found.fits["tilt"].std_error
        assert given.fits["detractor_to_passive"].std_error == found.fits["detractor_to_passive"].std_error


Y, C = toy()


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"y": np.where(np.arange(100) < 2, np.nan, Y)}, DataError, "y is missing in 2 of 100 rows"),
    ({"classes": np.where(C == 1, 10, C)}, DataError, r"not \[10.0\]; code scores first"),
    ({"matrix": np.ones(99)}, ParameterError, "need the same rows; there are 100, 100 and 99"),
    ({"matrix": np.full(100, np.nan)}, DataError, "matrix is missing in 100 of 100"),
    ({"matrix": np.column_stack([Y, Y])}, DataError, "Among the 30 detractors the 2 covariates repeat"),
    ({"matrix": np.column_stack([Y, Y]), "slopes": "common"}, DataError, "detractors and passives and promoters"),
    ({"weights": -np.ones(100)}, ParameterError, "none negative"),
    ({"slopes": "mine"}, ParameterError, "'own' or 'common'")])
def test_bad_input_is_named(change, error, message) -> None:
    with pytest.raises(error, match=message):
        worth.class_values(**{"y": Y, "classes": C, **change})


@pytest.mark.parametrize(("change", "message"), [
    ({"customers": 0}, "above 0, not 0"), ({"shares": (0.5, 0.6, 0.1)}, "add to 1"), ({"shares": (0.5, 0.5)}, "three numbers"),
    ({"kind": "raw"}, "'standardised' or 'crude'")])
def test_bad_paths_are_named(change, message) -> None:
    with pytest.raises(ParameterError, match=message):
        worth.paths(worth.class_values(Y, C), **{"customers": 100, **change})


def test_a_tilt_that_cannot_be_says_so() -> None:
    with pytest.raises(ParameterError, match="0.0% are promoters"):
        worth.tilted_shares([0.5, 0.5, 0.0])
    with pytest.raises(ParameterError, match="NPS would be 100.4"):
        worth.tilted_shares([0.0, 0.006, 0.994])


def twice(seed: int = 1, customers: int = 800) -> dict[str, np.ndarray]:
    frame, _ = worth_world.noisy(seed, customers=customers)
    return {"y": frame["margin_12m"].to_numpy(), "first": frame["first"].to_numpy(float), "second": frame["second"].to_numpy(float),
            "matrix": frame[["log_spend"]].to_numpy()}


class TestNoisyScores:
    @pytest.mark.parametrize("households", [False, True])
    def test_it_is_two_stage_least_squares_on_the_stacked_scores(self, households: bool) -> None:
        data = twice()
        n, who = len(data["y"]), np.arange(len(data["y"])) // (4 if households else 1)
        own, nothing = np.column_stack([np.ones(n), data["matrix"]]), np.zeros((n, 2))
        a, b, zero = data["first"], data["second"], np.zeros(n)
        model = IV2SLS(np.r_[data["y"], data["y"]], np.block([[own, nothing], [nothing, own]]), np.r_[a, b],
                       np.column_stack([np.r_[b, zero], np.r_[zero, a]])).fit(cov_type="clustered", clusters=np.r_[who, who])
        found = worth.disattenuated(**data, cluster=who if households else None)
        assert found.fit.value == pytest.approx(model.params.iloc[-1], rel=1e-9)
        assert found.fit.std_error == pytest.approx(model.std_errors.iloc[-1], rel=0.01)

    def test_the_naive_slope_is_least_squares_and_shrinks_by_the_reliability(self) -> None:
        data = twice(customers=20_000)
        found = worth.disattenuated(**data)
        x = np.column_stack([np.ones(20_000), data["matrix"], data["first"]])
        model = OLS(data["y"], x).fit(cov_type="HC1")
        assert (found.naive.value, found.naive.std_error) == pytest.approx((model.params[-1], model.bse[-1]), rel=1e-4)
        assert found.naive.value == pytest.approx(found.reliability * found.fit.value, rel=0.1)
        assert found.naive.value < 0.75 * found.fit.value

    def test_which_score_is_first_and_what_order_and_unit_are_nothing(self) -> None:
        data = twice()
        found = worth.disattenuated(**data).fit
        swapped = worth.disattenuated(**{**data, "first": data["second"], "second": data["first"]}).fit
        turned = np.random.default_rng(1).permutation(800)
        mixed = worth.disattenuated(**{k: v[turned] for k, v in data.items()}).fit
        tenths = worth.disattenuated(**{**data, "first": 10 * data["first"], "second": 10 * data["second"]}).fit.times(10)
        for other in (swapped, mixed, tenths):
            assert (other.value, other.std_error) == pytest.approx((found.value, found.std_error))

    def test_customers_asked_once_count_for_nothing(self) -> None:
        data = twice()
        some = {**data, "second": np.where(np.arange(800) < 500, data["second"], np.nan)}
        found, alone = worth.disattenuated(**some), worth.disattenuated(**{k: v[:500] for k, v in data.items()})
        assert found.fit.value == pytest.approx(alone.fit.value) and found.fit.n == 500 and len(found.fit.influence) == 800
        assert found.fit.std_error == pytest.approx(alone.fit.std_error, rel=2e-3)
        assert found.fit.influence[500:] == pytest.approx(np.zeros(300), abs=1e-9)

    def test_scores_that_do_not_agree_correct_nothing(self) -> None:
        data = twice()
        lost = worth.disattenuated(**{**data, "second": np.random.default_rng(3).permutation(data["second"])})
        said = lost.estimate("slope")
        assert said.kind == "refusal" and "hardly agree" in said.reason.en and "F 达到 10" in said.needs.zh
        assert worth.disattenuated(**data).estimate("slope").kind == "estimate"
        told = lost.estimate("slope", rung="corrected", conf_level=0.95)  # a ladder finds its rung by name, refused or not
        assert told.kind == "refusal" and told.rung == "corrected"

    @pytest.mark.parametrize(("change", "error", "message"), [
        ({"second": np.full(800, np.nan)}, DataError, "0 customers have margin and two scores"),
        ({"first": np.full(800, 7.0)}, DataError, "A score does not vary"),
        ({"first": np.ones(3)}, ParameterError, "need the same rows"),
        ({"matrix": np.full(800, np.nan)}, DataError, "matrix is missing")])
    def test_bad_input_is_named(self, change, error, message) -> None:
        with pytest.raises(error, match=message):
            worth.disattenuated(**{**twice(), **change})


class TestWorld:
    def test_the_truth_is_what_a_large_draw_shows(self) -> None:
        frame, truth = worth_world.draw(5, customers=400_000)
        found = frame["nps_class"].value_counts(normalize=True).sort_index()
        assert found.to_numpy() == pytest.approx(truth["shares"], abs=0.004)
        exact = all_paths(frame["margin_12m"], frame["nps_class"], matrix=frame[["log_spend"]])
        assert exact == pytest.approx(truth["paths_cny"], rel=0.05)
        pair, planted = worth_world.noisy(5, customers=200_000)
        rest = [pair[c] - np.polyval(np.polyfit(pair["log_spend"], pair[c], 1), pair["log_spend"]) for c in ("first", "second")]
        assert pair["first"].corr(pair["second"]) == pytest.approx(planted["reliability"], abs=0.02)
        assert rest[0].corr(rest[1]) < planted["reliability"], "given past spending the scores repeat less"

    def test_seeds_and_planted_values_are_obeyed(self) -> None:
        one, two = (worth_world.draw(5)[0] for _ in range(2))
        pd.testing.assert_frame_equal(one, two)
        assert worth_world.draw(1)[1]["values"] != worth_world.draw(2)[1]["values"]
        assert worth_world.draw(1, detractor_gap=0.0, promoter_gap=0.0)[1]["paths_cny"]["tilt"] == pytest.approx(0, abs=1e-6)
        frame, truth = worth_world.programme(4, effect=0.0)
        assert truth["npv_cny"] == -truth["cost_cny"] and not (frame["taken"] & ~frame["offered"]).any()
