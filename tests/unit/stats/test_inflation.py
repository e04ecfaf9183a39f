"""The bunching test and its companions: invariances, known answers, what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.special import ndtr

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import nonresponse
from voclib.stats import credibility, inflation
from voclib.stats.inference import overdispersion

WORLD, PLANTED = nonresponse.draw_dealers(11, dealers=20, begging=4, turned_share=0.4)
FOUND = inflation.inflation_lr(WORLD["nps_score"], WORLD["unit_id"])
CLOSE = {"rel": 1e-9, "abs": 1e-9}


def numbers(result: inflation.Inflation) -> np.ndarray:
    return result.frame.drop(columns=["unit"]).to_numpy(dtype=float)


class TestInvariance:
    def test_order_of_rows(self) -> None:
        mixed = WORLD.sample(frac=1, random_state=3)
        assert numbers(inflation.inflation_lr(mixed["nps_score"], mixed["unit_id"])) == pytest.approx(numbers(FOUND), **CLOSE)

    def test_names_of_units(self) -> None:
        renamed = inflation.inflation_lr(WORLD["nps_score"], WORLD["unit_id"].map("D{:03d}".format))
        assert numbers(renamed) == pytest.approx(numbers(FOUND), **CLOSE) and renamed.frame["unit"][0] == "D000"

    def test_rows_doubled_at_half_weight(self) -> None:
        twice = pd.concat([WORLD, WORLD])
        half = inflation.inflation_lr(twice["nps_score"], twice["unit_id"], weights=np.full(len(twice), 0.5))
        assert numbers(half) == pytest.approx(numbers(FOUND), **CLOSE)

    def test_marks_below_seven_are_one_category(self) -> None:
        low = WORLD["nps_score"].where(WORLD["nps_score"] > 6, 0)
        assert numbers(inflation.inflation_lr(low, WORLD["unit_id"])) == pytest.approx(numbers(FOUND), **CLOSE)

    def test_scale_of_the_case_mix_and_a_constant_column(self) -> None:
        x = np.random.default_rng(1).integers(0, 3, size=(len(WORLD), 2)).astype(float)
        one, other = (inflation.inflation_lr(WORLD["nps_score"], WORLD["unit_id"], case_mix=m)
                      for m in (x, np.column_stack([10 * x[:, ::-1] + 3, np.ones(len(x))])))
        assert numbers(other)[:, 2:] == pytest.approx(numbers(one)[:, 2:], rel=1e-5, abs=1e-5)

    def test_a_case_mix_of_nothing_changes_nothing(self) -> None:
        none = inflation.inflation_lr(WORLD["nps_score"], WORLD["unit_id"], case_mix=np.zeros((len(WORLD), 1)))
        assert numbers(none) == pytest.approx(numbers(FOUND), rel=1e-6, abs=1e-6)


def test_the_thresholds_are_those_of_maximum_likelihood() -> None:
    """Against a plain optimiser on the whole likelihood, nobody left out."""
    world, _ = nonresponse.draw_dealers(5, dealers=6)
    cells, names, _ = inflation._cells(world["nps_score"], world["unit_id"], None, None, 60)
    counts = inflation.tens(cells.unit, cells.category, cells.weight, 6)

    def loss(x: np.ndarray) -> float:
        cut = np.column_stack([np.full(6, -38.0), *(np.cumsum([x[0], *np.exp(x[1:4])])[i] - x[4:] for i in range(4)), np.full(6, 38.0)])
        return float(-(counts * np.log(np.diff(ndtr(cut), axis=1))).sum() + inflation.RIDGE / 2 * (x[4:] ** 2).sum())

    best = minimize(loss, np.array([-1.0, -0.5, -0.5, -0.5, *np.zeros(6)]), method="BFGS", options={"gtol": 1e-7})
    pooled = inflation._common(cells, np.ones(6, dtype=bool)).pooled
    assert np.diff(pooled) == pytest.approx(np.exp(best.x[1:4]), abs=5e-5)
    assert pooled[0] == pytest.approx(best.x[0], abs=2e-3), "where the scale begins hangs on the weak pull of the levels alone"
    assert np.diff(pooled) == pytest.approx(np.full(3, 1 / 1.6), abs=0.12), "marks are one apart, a unit of satisfaction is 1.6 marks"


def test_leaving_a_dealer_out_by_one_step_is_leaving_it_out() -> None:
    cells, _, _ = inflation._cells(WORLD["nps_score"], WORLD["unit_id"], None, None, 60)
    everyone = np.ones(cells.units, dtype=bool)
    short = inflation._common(cells, everyone)
    for unit in (0, 7):
        exact = inflation._common(cells, np.arange(cells.units) != unit).pooled
        assert np.diff(short.theta[unit]) == pytest.approx(np.diff(exact), abs=2e-3)
        assert np.abs(np.diff(exact) - np.diff(short.pooled)).max() > 0


def test_the_ratio_is_twice_the_gain_in_likelihood() -> None:
    world, _ = nonresponse.draw_dealers(8, dealers=12, begging=1, turned_share=0.4)
    result = inflation.inflation_lr(world["nps_score"], world["unit_id"])
    at = int(result.frame["z"].argmax())
    cells, _, _ = inflation._cells(world["nps_score"], world["unit_id"], None, None, 60)
    common = inflation._common(cells, ~(result.frame["q_value"] <= inflation.DOUBTFUL).to_numpy())
    counts, cut = inflation.tens(cells.unit, cells.category, cells.weight, 12)[at], common.theta[at][:4]

    def loss(x: np.ndarray, share: float | None) -> float:
        s = share if share is not None else 1 / (1 + np.exp(-x[1]))
        p = np.diff(ndtr(np.array([-38.0, *(cut - x[0]), 38.0])))
        told = np.array([p[0], *(p[1:4] * (1 - s)), p[4] + s * p[1:4].sum()])
        return float(-(counts * np.log(told)).sum() + inflation.RIDGE / 2 * x[0] ** 2)

    h0, h1 = (minimize(loss, np.zeros(2), args=(s,), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}) for s in (0.0, None))
    widened = inflation._widened(cells, common, result.frame["location"].to_numpy())[0][at]
    assert 1 < widened < 1.5
    assert result.frame["z"][at] ** 2 == pytest.approx(2 * (h0.fun - h1.fun) / widened, rel=5e-3)
    assert result.frame["turned_share"][at] == pytest.approx(1 / (1 + np.exp(-h1.x[1])), abs=5e-3)


class TestResult:
    def test_columns_hold_together(self) -> None:
        frame = FOUND.frame
        assert (frame["conf_low"] <= frame["turned_share"]).all() and (frame["turned_share"] <= frame["conf_high"]).all()
        assert frame["probability"].between(0, 1).all() and frame["n"].sum() == len(WORLD)
        assert (frame["is_flagged"] == (frame["q_value"] <= 0.05)).all() and (frame["p_value"] <= frame["q_value"]).all()
        assert FOUND.posterior.sum(axis=1) == pytest.approx(np.ones(20)) and FOUND.posterior[:, 0] == pytest.approx(1 - frame["probability"])
        assert (frame.loc[frame["z"] <= 0, "p_value"] == 1).all() and (frame["z"] <= 0).any()
        assert frame.loc[frame["z"] > 0, "p_value"].to_numpy() == pytest.approx(stats.norm.sf(frame.loc[frame["z"] > 0, "z"]))

    def test_it_finds_the_planted_dealers_here(self) -> None:
        assert set(FOUND.frame.loc[FOUND.frame["is_flagged"], "unit"]) == set(PLANTED["begging"])

    def test_small_units_are_left_out_and_named(self) -> None:
        few = WORLD[(WORLD["unit_id"] > 0) | (WORLD.index < 30)]
        assert inflation.inflation_lr(few["nps_score"], few["unit_id"]).left_out == (0,)

    def test_nothing_but_tens_is_no_proof(self) -> None:
        """A dealer with tens alone has no lower marks to compare with: high level and begging look the same."""
        tens = pd.DataFrame({"unit_id": 99, "nps_score": np.full(80, 10)})
        result = inflation.inflation_lr(pd.concat([WORLD, tens])["nps_score"], pd.concat([WORLD, tens])["unit_id"])
        row = result.frame.set_index("unit").loc[99]
        assert np.isfinite(row["location"]) and not row["is_flagged"]

    def test_speed(self) -> None:
        import time

        world, _ = nonresponse.draw_dealers(2, dealers=100, low=200, high=200)
        start = time.perf_counter()
        inflation.inflation_lr(world["nps_score"], world["unit_id"])
        assert time.perf_counter() - start < 2

    @pytest.mark.parametrize(("score", "unit", "more", "message"), [
        ([7, 11], [1, 1], {}, "whole mark from 0 to 10; 1 are not, such as 11"),
        ([7, 8.5], [1, 1], {}, "such as 8.5"),
        ([7, 8], [1, None], {}, "1 of them missing"),
        ([7, 8], [1], {}, "2 answers, 1 units"),
        ([7, 8], [1, 2], {}, "needs three units with 60 answers each; there are 0"),
        ([7, 8], [1, 2], {"case_mix": [1.0, np.nan]}, "case-mix has missing values"),
    ])
    def test_bad_input(self, score, unit, more, message) -> None:
        with pytest.raises(DataError, match=message):
            inflation.inflation_lr(score, unit, **more)


class TestRestored:
    def test_values_average_to_the_corrected_scores(self) -> None:
        frame, value, extra = inflation.restored(WORLD["nps_score"], WORLD["unit_id"], FOUND)
        by_unit = pd.Series(value).groupby(WORLD["unit_id"]).mean()
        assert by_unit.to_numpy() == pytest.approx(frame["nps_corrected"]) and extra > 0
        raw = 100 * (WORLD["nps_score"].ge(9).astype(float) - WORLD["nps_score"].le(6)).groupby(WORLD["unit_id"]).mean()
        assert raw.to_numpy() == pytest.approx(frame["nps"])
        assert (frame["nps_corrected"] <= frame["nps"] + 1e-9).all() and (frame["corrected_error"] >= 0).all()

    def test_a_unit_not_tested_keeps_its_score(self) -> None:
        extra = pd.concat([WORLD, pd.DataFrame({"unit_id": [500] * 3, "nps_score": [7, 10, 3]})], ignore_index=True)
        frame, value, _ = inflation.restored(extra["nps_score"], extra["unit_id"], FOUND)
        assert value[-3:].tolist() == [0, 100, -100] and 500 not in set(frame["unit"])


class TestNaive:
    def test_z_of_the_share_of_tens(self) -> None:
        frame = inflation.share_of_tens_z(WORLD["nps_score"], WORLD["unit_id"])
        pooled, one = WORLD["nps_score"].eq(10).mean(), WORLD[WORLD["unit_id"].eq(3)]
        expected = (one["nps_score"].eq(10).mean() - pooled) / np.sqrt(pooled * (1 - pooled) / len(one))
        assert frame.set_index("unit").loc[3, "z"] == pytest.approx(expected)
        with pytest.raises(ParameterError, match="fdr is a share"):
            inflation.share_of_tens_z([10], [1], fdr=5)


class TestCredibility:
    RNG = np.random.default_rng(4)
    UNIT, TOP = np.repeat(np.arange(30), 120), RNG.random(3600) < 0.4
    CAME = (RNG.random(3600) < 0.5 + 0.25 * TOP * (UNIT > 1)).astype(float)

    def test_a_ten_worth_nothing_is_found_and_shrunk(self) -> None:
        frame = credibility.credibility_slope(self.TOP, self.CAME, self.UNIT)
        assert set(frame.nsmallest(2, "p_value")["unit"]) == {0, 1} and frame["expected"].iloc[0] == pytest.approx(0.23, abs=0.04)
        outside = (frame["shrunken"] - frame["expected"]) / (frame["slope"] - frame["expected"])
        assert ((outside >= 0) & (outside < 1)).all()
        assert (frame["n_top"] + frame["n_other"]).sum() == 3600

    def test_answers_without_a_look_ahead_do_not_count(self) -> None:
        blank = np.where(self.UNIT == 5, np.nan, self.CAME)
        assert 5 not in set(credibility.credibility_slope(self.TOP, blank, self.UNIT)["unit"])
        with pytest.raises(DataError, match="there are 0"):
            credibility.credibility_slope(self.TOP, np.full(3600, np.nan), self.UNIT)

    def test_honest_units_have_uniform_p(self) -> None:
        rng, small = np.random.default_rng(6), []
        for _ in range(60):
            came = rng.random(3600) < 0.4 + 0.2 * self.TOP
            small += list(credibility.credibility_slope(self.TOP, came.astype(float), self.UNIT)["p_value"] <= 0.05)
        assert np.mean(small) <= 0.065


class TestExcessShare:
    UNIT = np.repeat(np.arange(40), 80)

    @pytest.mark.parametrize("spread", [0.0, 0.05])
    def test_size_with_and_without_honest_differences_and_one_found(self, spread: float) -> None:
        rng, small, found = np.random.default_rng(2), [], []
        for _ in range(50):
            share = np.clip(rng.normal(0.15, spread, 40), 0.01, 0.9)
            share[0] = 0.5
            frame = credibility.excess_share((rng.random(3200) < share[self.UNIT]).astype(float), self.UNIT)
            small += list(frame["p_value"][1:] <= 0.05)
            found.append(frame["p_value"][0] < 0.001)
        assert np.mean(small) <= 0.07 and np.mean(found) > 0.9

    def test_a_trace_nobody_has_says_nothing(self) -> None:
        frame = credibility.excess_share(np.zeros(3200), self.UNIT)
        assert frame["p_value"].between(0.4, 0.6).all() and (frame["share"] == 0).all()

    def test_lengths_and_too_few_units(self) -> None:
        with pytest.raises(DataError, match="lengths are unit 2, flag 1"):
            credibility.excess_share([1.0], [1, 2])
        with pytest.raises(DataError, match="needs three units with 20 answers"):
            credibility.excess_share([1.0, 0.0], [1, 2])


class TestTogether:
    def test_one_component_combines_to_itself(self) -> None:
        p = np.array([0.001, 0.2, 0.8])
        assert credibility.combine({"a": p}, weights={"a": 0.3}) == pytest.approx(p)

    def test_missing_components_give_their_weight_away(self) -> None:
        p, blank = np.array([0.01, 0.3]), np.array([np.nan, np.nan])
        assert credibility.combine({"a": p, "b": blank}, weights={"a": 0.5, "b": 0.5}) == pytest.approx(p)
        assert credibility.combine({"b": blank}, weights={"b": 1.0}).tolist() == [1.0, 1.0]

    def test_dependent_components_keep_the_size(self) -> None:
        rng = np.random.default_rng(0)
        shared = rng.normal(size=(20000, 1))
        z = 0.8 * shared + 0.6 * rng.normal(size=(20000, 4))
        p = credibility.combine({str(k): stats.norm.sf(z[:, k]) for k in range(4)}, weights={str(k): 0.25 for k in range(4)})
        assert (p <= 0.01).mean() <= 0.0125 and (p <= 0.01).mean() > 0.004

    def test_what_it_refuses(self) -> None:
        with pytest.raises(ParameterError, match="No weight was declared for c"):
            credibility.combine({"c": [0.1]}, weights={"a": 1.0})
        with pytest.raises(ParameterError, match="positive"):
            credibility.combine({"a": [0.1]}, weights={"a": 0.0})

    def test_ranks_and_their_intervals(self) -> None:
        sure = credibility.ranks([10.0, 30.0, 20.0], [0.01] * 3, seed=1)
        assert sure.to_numpy().tolist() == [[3, 3, 3], [1, 1, 1], [2, 2, 2]]
        value, error = np.arange(20.0), np.full(20, 5.0)
        wide = credibility.ranks(value, error, seed=1)
        assert (wide["rank_low"] <= wide["rank"]).all() and (wide["rank_high"] - wide["rank_low"]).mean() > 5
        back = credibility.ranks(value[::-1], error, seed=1)
        assert back[::-1].to_numpy().tolist() == wide.to_numpy().tolist(), "the order of rows does not matter"
        with pytest.raises(ParameterError, match="one standard error"):
            credibility.ranks([1.0], [1.0, 2.0])

    def test_the_list_is_adjusted_for_its_length(self) -> None:
        q, listed = credibility.flagged([0.001, 0.04, 0.5], fdr=0.05)
        assert q == pytest.approx([0.003, 0.06, 0.5]) and listed.tolist() == [True, False, False]


def test_the_shape_is_judged_by_the_side_that_begging_cannot_reach() -> None:
    z = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    assert overdispersion.of_honest(z) == 1 and overdispersion.of_honest(z + 3 * (z > 0)) == 1 and overdispersion.of_honest([1.0, 2.0]) == 1
    assert overdispersion.of_honest(2 * z) == pytest.approx(4 * np.mean(z[z < 0] ** 2))


def test_people_who_answer_again_alike_count_as_fewer() -> None:
    category, unit = np.tile([4, 3, 2, 4, 3, 4], 20), np.repeat(np.arange(4), 30)
    person = np.arange(120)
    assert overdispersion.of_repeats(category, unit, person) == pytest.approx(1)
    three = [np.repeat(a, 3) for a in (category, unit, person)]
    assert overdispersion.of_repeats(*three) == pytest.approx(3)
    assert overdispersion.of_repeats(three[0], three[1], np.full(360, None, dtype=object)) == pytest.approx(1)
