"""Shapley values, changes taken apart into mix and rate, money lost to overlapping pains: identities, invariances, oracles, messages."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import mix
from voclib.simulate.worlds import pains as pains_world
from voclib.stats import inference
from voclib.stats.attribution import joint_removal, leave_out, mix_rate, shapley

AT = mix.PERIODS


class TestShapley:
    @pytest.mark.parametrize("k", [1, 2, 3, 5])
    def test_is_the_average_over_all_orders(self, k: int) -> None:
        value = np.random.default_rng(k).normal(size=2**k)
        expected = np.zeros(k)
        for order in permutations(range(k)):
            inside = 0
            for j in order:
                expected[j] += value[inside | 1 << j] - value[inside]
                inside |= 1 << j
        orders = len(list(permutations(range(k))))
        assert shapley(value, k) == pytest.approx(expected / orders, abs=1e-12)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(1, 6), st.integers(0, 10**6))
    def test_adds_up_to_everybody_minus_nobody(self, k: int, seed: int) -> None:
        value = np.random.default_rng(seed).normal(size=2**k)
        assert shapley(value, k).sum() == pytest.approx(value[-1] - value[0], abs=1e-10)

    def test_players_alike_share_alike_and_who_adds_nothing_gets_nothing(self) -> None:
        weight = np.array([3.0, 3.0, 0.0, 1.0])
        sets = (np.arange(16)[:, None] >> np.arange(4)) & 1
        found = shapley((sets @ weight) ** 2, 4)
        assert found[0] == pytest.approx(found[1]) and found[2] == pytest.approx(0, abs=1e-12) and found[3] > 0

    def test_games_side_by_side_are_games_one_by_one(self) -> None:
        games = np.random.default_rng(0).normal(size=(8, 4))
        assert shapley(games, 3) == pytest.approx(np.column_stack([shapley(g, 3) for g in games.T]))

    @pytest.mark.parametrize(("value", "k", "message"), [
        (np.zeros(8), 2, "has 4 sets; values has 8"), (np.zeros(4), 0, "1 to 20 players, not 0"), (np.zeros(4), 21, "not 21; join some"),
        ([0, 1, np.nan, 2], 2, "finite worth")])
    def test_messages(self, value, k: int, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            shapley(value, k)


def parts(frame: pd.DataFrame, **options):
    return mix_rate(frame, value="points", by="group", period="period", at=AT, **options)


def frame_of(**rows: tuple[list[float], list[float]]) -> pd.DataFrame:
    """Groups with their values before and after."""
    made = [(AT[t], name, value) for name, both in rows.items() for t in (0, 1) for value in both[t]]
    return pd.DataFrame(made, columns=["period", "group", "points"])


class TestMixRate:
    @pytest.mark.parametrize("cluster", [None, "dealer"])
    @pytest.mark.parametrize("weights", [None, "weight"])
    def test_steps_add_up_exactly_to_the_means(self, cluster: str | None, weights: str | None) -> None:
        frame, _ = mix.draw(3)
        frame = frame.assign(weight=np.random.default_rng(0).uniform(0.2, 3, len(frame)))
        found = parts(frame, cluster=cluster, weights=weights)
        w = frame["weight"] if weights else pd.Series(1.0, frame.index)
        means = [np.average(frame["points"][frame["period"] == p], weights=w[frame["period"] == p]) for p in AT]
        assert (found.start.value, found.end.value) == pytest.approx(tuple(means), abs=1e-10)
        steps = sum(s.mix.value + s.rate.value for s in found.steps)
        assert found.start.value + steps == pytest.approx(found.end.value, abs=1e-10)
        assert found.total_mix.value + found.total_rate.value == pytest.approx(steps, abs=1e-10)

    def test_numbers_by_hand(self) -> None:
        """A quarter to three quarters of answers in the good group, which loses 10: mix (.5)(90 − 55) = 17.5 … by the formula."""
        found = parts(frame_of(good=([100.0], [90.0] * 3), poor=([0.0] * 3, [20.0])))
        middle = (25 + 72.5) / 2
        assert found["good"].mix.value == pytest.approx(0.5 * (95 - middle)) and found["good"].rate.value == pytest.approx(0.5 * -10)
        assert found["poor"].mix.value == pytest.approx(-0.5 * (10 - middle)) and found["poor"].rate.value == pytest.approx(0.5 * 20)
        assert found["good"].shares == (0.25, 0.75) and found["poor"].means == (0.0, 20.0)

    def test_going_back_turns_every_sign(self) -> None:
        frame, _ = mix.draw(4)
        there = parts(frame, cluster="dealer")
        back = mix_rate(frame, value="points", by="group", period="period", at=AT[::-1], cluster="dealer")
        for step in there.steps:
            for kind in ("mix", "rate"):
                one, two = getattr(step, kind), getattr(back[step.group], kind)
                assert (two.value, two.std_error, two.df) == pytest.approx((-one.value, one.std_error, one.df))

    def test_rows_names_and_units_do_not_matter(self) -> None:
        frame, _ = mix.draw(5, answers=400, dealers=30)
        plain = parts(frame, cluster="dealer")
        other = frame.sample(frac=1, random_state=1).assign(dealer=lambda f: "house " + f["dealer"].astype(str))
        other["group"] = other["group"].astype(str).map({f"G{k}": f"area {9 - k}" for k in range(4)})
        other["points"] = 3 * other["points"] + 7
        found = parts(other, cluster="dealer")
        for k in range(4):
            for kind in ("mix", "rate"):
                one, two = getattr(plain[f"G{k}"], kind), getattr(found[f"area {9 - k}"], kind)
                assert (two.value, two.std_error, two.df) == pytest.approx((3 * one.value, 3 * one.std_error, one.df))

    def test_weights_count_rows(self) -> None:
        frame, _ = mix.draw(6, answers=300, dealers=30)
        found, twice = parts(frame, cluster="dealer"), parts(pd.concat([frame, frame]), cluster="dealer")
        doubled = parts(frame.assign(two=2.0), cluster="dealer", weights="two")
        for step in found.steps:
            for other in (twice, doubled):
                assert other[step.group].mix.value == pytest.approx(step.mix.value)
                assert other[step.group].rate.std_error == pytest.approx(step.rate.std_error)

    def test_groups_that_come_and_go_are_all_mix(self) -> None:
        rng = np.random.default_rng(0)
        stays, gone, new = (rng.normal(10, 5, 40), rng.normal(12, 5, 40)), (rng.normal(50, 5, 20), []), ([], rng.normal(-20, 5, 30))
        found = parts(frame_of(stays=stays, gone=gone, new=new))
        assert [found[g].present for g in ("stays", "gone", "new")] == ["both", "vanished", "new"]
        assert found["gone"].rate.value == found["new"].rate.value == 0.0 == found["new"].rate.std_error
        middle = (found.start.value + found.end.value) / 2
        assert found["new"].mix.value == pytest.approx(30 / 70 * (found["new"].means[1] - middle)) and found["new"].mix.std_error > 0
        assert np.isnan(found["gone"].means[1]) and found["new"].shares[0] == 0
        assert found.start.value + found.total_mix.value + found.total_rate.value == pytest.approx(found.end.value, abs=1e-10)

    def test_one_group_is_the_difference_of_two_means(self) -> None:
        frame, _ = mix.returning(7)
        found = parts(frame.assign(group="all"), cluster="customer")
        [step] = found.steps
        sides = [frame[frame["period"] == p] for p in AT]
        influences = [s["points"].to_numpy() - s["points"].mean() for s in sides]
        direct = inference.contrast(influences, [np.ones(len(s)) for s in sides], [s["customer"] for s in sides])
        assert step.mix.value == pytest.approx(0, abs=1e-12) and step.mix.std_error == pytest.approx(0, abs=1e-12)
        assert step.rate.std_error == pytest.approx(direct.error(*np.sqrt(direct.variances))) and step.rate.df == pytest.approx(direct.df)

    def test_influence_is_that_of_leaving_a_cluster_out(self) -> None:
        frame, _ = mix.draw(8, answers=600, dealers=40)
        found, names = parts(frame, cluster="dealer"), frame["dealer"].unique()
        without = [parts(frame[frame["dealer"] != d], cluster="dealer") for d in names]
        for take in (lambda p: p["G0"].mix, lambda p: p["G1"].rate, lambda p: p.total_mix, lambda p: p.total_rate):
            left = np.array([take(p).value for p in without])
            jackknife = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
            assert take(found).std_error == pytest.approx(jackknife, rel=0.12)
            moved = np.array([take(found).influence[(frame["dealer"] == d).to_numpy()].sum() for d in names]) / len(frame)
            assert np.corrcoef(moved, take(found).value - left)[0, 1] > 0.99

    def test_influence_keeps_the_covariance_of_steps(self) -> None:
        found = parts(mix.draw(9)[0], cluster="dealer")
        together = sum(s.rate.influence + s.mix.influence for s in found.steps)
        assert together == pytest.approx(found.end.influence - found.start.influence, abs=1e-9)
        assert all(abs(s.mix.influence.sum()) < 1e-6 for s in found.steps)

    def test_a_single_cluster_gives_no_error(self) -> None:
        frame, _ = mix.draw(10, answers=200, dealers=20)
        one = frame.assign(dealer=frame["dealer"].mask(frame["group"] == "G0", 0))
        found = parts(one, cluster="dealer")
        assert np.isnan(found["G0"].rate.std_error) and found["G0"].rate.df == 0 and np.isfinite(found["G1"].rate.std_error)
        tidy = found.tidy()
        assert tidy.loc[(tidy["group"] == "G0") & (tidy["term"] == "rate"), "conf_low"].isna().all() and np.isfinite(found.total_rate.std_error)

    def test_tidy_lists_start_steps_totals_and_end(self) -> None:
        tidy = parts(mix.draw(11)[0]).tidy(0.8)
        assert tidy["term"].tolist() == ["start", *["mix", "rate"] * 4, "mix", "rate", "end"] and tidy["group"].iloc[0] == "before"
        assert (tidy["conf_low"] <= tidy["estimate"]).all() and tidy["n"].iloc[0] == 1500 and tidy["n"].iloc[-3] == 3000
        wide = parts(mix.draw(11)[0]).tidy()
        assert ((wide["conf_high"] - wide["conf_low"]) > (tidy["conf_high"] - tidy["conf_low"])).all()

    @pytest.mark.parametrize(("change", "options", "error", "message"), [
        ({}, {"by": "groups"}, DataError, "no column 'groups'; did you mean 'group'"),
        ({}, {"at": ("before", "befor")}, ParameterError, "holds no 'befor'; did you mean 'before'"),
        ({}, {"at": ("before", "before")}, ParameterError, "two different periods"),
        ({"points": "ten"}, {}, DataError, "'points' holds no numbers"),
        ({"group": None}, {}, DataError, "rows have no group in 'group'"),
        ({"dealer": None}, {"cluster": "dealer"}, DataError, "rows have no cluster in 'dealer'"),
        ({"w": -1.0}, {"weights": "w"}, DataError, "no usable weight in 'w'"),
        ({"w": 0.0}, {"weights": "w"}, DataError, "has no row with a value"),
        ({"points": np.nan}, {}, DataError, "Period 'before' has no row with a value in 'points'")])
    def test_messages(self, change: dict, options: dict, error: type, message: str) -> None:
        frame = mix.draw(1, answers=100, dealers=24)[0].assign(**change)
        call = {"value": "points", "by": "group", "period": "period", "at": AT, **options}
        with pytest.raises(error, match=message):
            mix_rate(frame, **call)


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, dict]:
    return pains_world.draw(2, customers=3000, count=4)


NAMES = list(pains_world.topics(4))


def removed(frame: pd.DataFrame, names=NAMES, **options):
    return joint_removal(frame["margin_12m_cny"], frame[names], frame[["prior", "mood"]], names=names, **options)


class TestJointRemoval:
    def test_is_poisson_pseudo_likelihood_with_pains_taken_away(self, world) -> None:
        frame, _ = world
        found = removed(frame)
        x = sm.add_constant(frame[["prior", "mood", *NAMES]].to_numpy(dtype=float))
        fitted = sm.GLM(frame["margin_12m_cny"], x, family=sm.families.Poisson()).fit(tol=1e-14)
        assert found.coefficients == pytest.approx(fitted.params.to_numpy()[-4:], abs=1e-8)
        as_is = fitted.predict(x).sum()
        for s in range(16):
            kept = x.copy()
            kept[:, 3:] *= [0.0 if s >> k & 1 else 1.0 for k in range(4)]
            assert found.values[s] == pytest.approx(fitted.predict(kept).sum() - as_is, abs=1e-6 * as_is)

    @pytest.mark.parametrize("model", ["ppml", "linear"])
    def test_shares_are_the_shapley_values_of_the_sets_and_add_up(self, world, model: str) -> None:
        found = removed(world[0], model=model)
        shares = np.array([f.value for f in found.shares])
        assert shares == pytest.approx(shapley(found.values, 4), rel=1e-10, abs=1e-6)
        assert shares.sum() == pytest.approx(found.total.value, rel=1e-8) and found.values[-1] == pytest.approx(found.total.value, rel=1e-10)
        assert [f.value for f in found.alone] == pytest.approx([found.values[1 << k] for k in range(4)])
        assert [f.value for f in found.last] == pytest.approx([found.values[-1] - found.values[15 ^ 1 << k] for k in range(4)])
        assert sum(f.influence for f in found.shares) == pytest.approx(found.total.influence, rel=1e-8, abs=1e-3)

    def test_shares_lie_between_removed_first_and_removed_last(self) -> None:
        """Pains that harm and overlap: what is recovered by mending one alone understates, what it would cost alone overstates its share."""
        frame, truth = pains_world.draw(3, customers=20_000, count=5, effect=-0.3, bystander=-0.3)
        names = [n for n in truth["effects"] if n != pains_world.HARMLESS]
        found = removed(frame, names)
        alone, share, last = ([f.value for f in fits] for fits in (found.alone, found.shares, found.last))
        assert (np.array(alone) < share).all() and (np.array(share) < last).all()
        assert sum(alone) < found.total.value < sum(last)
        assert found.total.value == pytest.approx(truth["total_cny"], rel=0.2)

    def test_models_of_one_pain_each_count_customers_twice(self) -> None:
        frame, _ = pains_world.draw(4, customers=20_000, effect=-0.3)
        names = list(pains_world.topics())
        apart = sum(removed(frame, [n]).total.value for n in names)
        assert apart > 1.1 * removed(frame, names).total.value

    def test_alike_pains_share_alike_and_order_does_not_matter(self, world) -> None:
        frame, _ = world
        mirrored = pd.concat([frame, frame.rename(columns={"wait": "repair", "repair": "wait"})])
        found = removed(mirrored)
        assert found.shares[0].value == pytest.approx(found.shares[1].value, rel=1e-8)
        back = removed(frame.sample(frac=1, random_state=1), NAMES[::-1])
        assert [f.value for f in back.shares][::-1] == pytest.approx([f.value for f in removed(frame).shares], rel=1e-8)
        assert back.total.std_error == pytest.approx(removed(frame).total.std_error, rel=1e-8)

    @pytest.mark.parametrize("factor", [0.01, 100.0, 1e4])
    def test_the_unit_of_money_does_not_matter(self, world, factor: float) -> None:
        frame, _ = world
        found, other = removed(frame), removed(frame.assign(margin_12m_cny=frame["margin_12m_cny"] * factor))
        assert other.coefficients == pytest.approx(found.coefficients, abs=1e-8)
        for one, two in zip((found.total, *found.shares), (other.total, *other.shares), strict=True):
            assert (two.value / factor, two.std_error / factor) == pytest.approx((one.value, one.std_error), rel=1e-8)

    @pytest.mark.parametrize("model", ["ppml", "linear"])
    def test_influence_is_that_of_leaving_a_customer_out(self, model: str) -> None:
        """The whole variance at once: coefficients and who was drawn, of every number."""
        frame, _ = pains_world.draw(5, customers=300, count=3)
        names = list(pains_world.topics(3))
        found, n = removed(frame, names, model=model, min_exposed=5), len(frame)

        def numbers(r) -> np.ndarray:
            return np.array([f.value for f in (r.total, *r.shares, *r.alone, *r.last)])

        # sums are of all customers: leaving one out also takes away what it lost itself
        left = np.array([numbers(removed(frame.drop(index=i), names, model=model, min_exposed=5)) for i in range(n)]) * n / (n - 1)
        error = np.sqrt((n - 1) / n * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
        for k, f in enumerate((found.total, *found.shares, *found.alone, *found.last)):
            assert f.std_error == pytest.approx(error[k], rel=0.08)  # of second order: HC3 leaves the row among those exposed
            assert np.corrcoef(f.influence, -left[:, k])[0, 1] > 0.99

    def test_clusters_and_tails_widen(self) -> None:
        frame, _ = pains_world.draw(6, customers=2000, stores=30)
        names = list(pains_world.topics())
        plain, clustered = removed(frame, names), removed(frame, names, cluster=frame["store"])
        assert clustered.total.n_clusters == 30 and clustered.total.df <= 29 < plain.total.df
        assert clustered.total.value == plain.total.value and clustered.total.std_error != plain.total.std_error
        tailed = removed(pains_world.draw(6, customers=2000, log_sd=1.6)[0], names)
        assert tailed.total.df < plain.total.df, "a variance that a few customers carry is worth fewer degrees of freedom"

    def test_leave_out_is_a_mean_without(self, world) -> None:
        frame, _ = world
        found = leave_out(frame["nps_points"], frame[NAMES], names=NAMES)
        for name, f in zip(NAMES, found, strict=True):
            without = frame.loc[frame[name] == 0, "nps_points"]
            assert f.value == pytest.approx(frame["nps_points"].mean() - without.mean()) and f.n == frame[name].sum()
        assert [f.value for f in removed(frame).leave_out] == pytest.approx(
            [f.value for f in leave_out(frame["margin_12m_cny"], frame[NAMES], names=NAMES)])

    def test_refunds_are_allowed_and_results_are_tidy(self, world) -> None:
        frame, _ = world
        owing = frame.assign(margin_12m_cny=frame["margin_12m_cny"].where(np.arange(len(frame)) % 50 > 0, -20.0))
        tidy = removed(owing, conf_level=0.9).tidy()
        assert tidy["term"].tolist() == ["total", *["share"] * 4, *["alone"] * 4, *["last"] * 4, *["leave_out"] * 4]
        assert tidy["group"].iloc[1:5].tolist() == NAMES and (tidy["conf_low"] < tidy["conf_high"]).all()
        assert tidy["n"].iloc[:2].tolist() == [3000, int(frame["wait"].sum())]
        assert (removed(owing).tidy()["conf_low"] < tidy["conf_low"]).all()

    @pytest.mark.parametrize(("change", "options", "error", "message"), [
        ({"wait": 0}, {}, DataError, r"Too few customers to compare for 'wait' \(0 of 3000 have it\)"),
        ({"wait": 1}, {}, DataError, r"'wait' \(3000 of 3000 have it\)"),
        ({}, {"min_exposed": 2000}, DataError, "at least 2000 with and without it are needed"),
        ({"wait": 0.5}, {}, DataError, "pains are 0 or 1"),
        ({"wait": np.nan}, {}, DataError, "pains has 3000 missing"),
        ({"margin_12m_cny": np.inf}, {}, DataError, "y has 3000 missing or infinite"),
        ({"mood": 2.5}, {}, DataError, "Columns repeat others .*: covariate 1, counting"),
        ({"margin_12m_cny": -1.0}, {}, DataError, "of customers with 'wait' and of customers with 'repair' .* adds up to zero or less"),
        ({}, {"cluster": ["a", None] * 1500}, DataError, "there are 3000 values, 1500 of them missing"),
        ({}, {"cluster": ["a"] * 5}, DataError, "each of the 3000 rows a cluster; there are 5 values"),
        ({}, {"model": "probit"}, ParameterError, "model is 'ppml' or 'linear'"),
        ({}, {"conf_level": 95}, ParameterError, "conf_level a share such as 0.95")])
    def test_messages(self, world, change: dict, options: dict, error: type, message: str) -> None:
        with pytest.raises(error, match=message):
            removed(world[0].assign(**change), **options)

    def test_pains_that_always_come_together_are_named(self, world) -> None:
        frame, _ = world
        twins = frame.assign(repair=frame["wait"])
        with pytest.raises(DataError, match="Columns repeat others .*: 'repair'"):
            removed(twins)

    def test_a_pain_whose_customers_all_bring_nothing_has_no_log(self, world) -> None:
        frame, _ = world
        ruined = frame.assign(margin_12m_cny=frame["margin_12m_cny"] * (1 - frame["wait"]))
        with pytest.raises(DataError, match="The outcome of customers with 'wait' adds up to zero or less; .* model='linear'"):
            removed(ruined)
        assert removed(ruined, model="linear").shares[0].value > 0

    @pytest.mark.parametrize(("pains", "names", "message"), [
        (np.zeros((3000, 2)), ["a"], "each of the 2 pains a name of its own"), (np.zeros((3000, 2)), ["a", "a"], "a name of its own"),
        (np.zeros((2999, 1)), ["a"], "y is"), (np.zeros((3000, 21)), [str(k) for k in range(21)], "21 pains; 1 to 20"),
        (np.zeros(3000), ["a"], "y is")])
    def test_shapes(self, world, pains: np.ndarray, names: list[str], message: str) -> None:
        frame, _ = world
        with pytest.raises(ParameterError, match=message):
            joint_removal(frame["margin_12m_cny"], pains, frame[["prior"]], names=names)

    def test_no_covariates_and_one_pain_is_a_ratio_of_means(self) -> None:
        rng = np.random.default_rng(0)
        d, y = (rng.random(500) < 0.3).astype(int), rng.exponential(100, 500)
        found = joint_removal(y, d[:, None], np.empty((500, 0)), names=["wait"])
        assert found.total.value == pytest.approx(d.sum() * (y[d == 0].mean() - y[d == 1].mean()), rel=1e-9)
        assert found.shares[0].std_error == found.total.std_error
