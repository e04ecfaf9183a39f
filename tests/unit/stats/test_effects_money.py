"""Two-part and Poisson effects: packages, the jackknife, planted effects, the currency's unit, and refunds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
import statsmodels.api as sm

from voclib.errors import DataError
from voclib.stats import effects, inference
from voclib.stats.effects import poisson

N = 1200
COVARIATES = ["a", "b"]


def frame(n: int = N, seed: int = 0, *, ratio: float = 0.8) -> pd.DataFrame:
    """Yuan, often none; who is exposed spends `ratio` times as much on average, and buys a tenth less often."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(rng.normal(size=(n, 2)), columns=COVARIATES)
    made["store"] = rng.permutation(np.arange(n) % 20)
    made["d"] = rng.random(n) < 1 / (1 + np.exp(1 - 0.5 * made["a"] - 0.03 * made["store"]))
    chance = 1 / (1 + np.exp(-0.5 - 0.5 * made["b"])) * (1 - 0.1 * made["d"])
    spent = 500 * np.exp(0.4 * made["a"] + 0.02 * made["store"] + 0.7 * rng.normal(size=n) - 0.245)
    made["y"] = np.round(np.where(rng.random(n) < chance, spent * np.where(made["d"], ratio / 0.9, 1.0), 0.0), 2)
    return made


class TestPpml:
    @pytest.mark.parametrize("fixed", [None, "store"])
    def test_equals_pyfixest(self, fixed: str | None) -> None:
        f = frame()
        found = effects.ppml(f["y"], f["d"], f[COVARIATES], fixed=None if fixed is None else f[fixed], cluster=f["store"])
        formula = "y ~ d + a + b" + (f" | {fixed}" if fixed else "")
        oracle = pyfixest.fepois(formula, f.assign(d=f["d"].astype(float)), vcov={"CRV1": "store"}, fixef_rm="none", iwls_tol=1e-12)
        assert found.relative.value == pytest.approx(np.exp(oracle.coef()["d"]) - 1, rel=1e-9)
        # pyfixest weighs with the means of the step before its last
        assert found.relative.std_error == pytest.approx(np.exp(oracle.coef()["d"]) * oracle.se()["d"], rel=1e-6)

    def test_equals_statsmodels(self) -> None:
        f = frame()
        found = effects.ppml(f["y"], f["d"], f[COVARIATES])
        oracle = sm.GLM(f["y"], sm.add_constant(f[["d", *COVARIATES]].astype(float)), family=sm.families.Poisson()).fit(tol=1e-14, cov_type="HC0")
        assert found.relative.value == pytest.approx(np.exp(oracle.params["d"]) - 1, rel=1e-9)
        assert found.relative.std_error == pytest.approx(np.exp(oracle.params["d"]) * oracle.bse["d"] * np.sqrt(N / (N - 4)), rel=1e-8)
        with_, without = (oracle.predict(sm.add_constant(f[["d", *COVARIATES]].assign(d=arm).astype(float), has_constant="add")) for arm in (1, 0))
        assert found.fit.value == pytest.approx((with_ - without)[f["d"]].mean(), rel=1e-9)

    def test_no_unit_of_currency_changes_it_and_a_logarithm_plus_one_is_changed(self) -> None:
        f = frame()
        units = {"yuan": 1.0, "fen": 100.0, "ten thousand yuan": 1e-4}
        found = {name: effects.ppml(f["y"] * unit, f["d"], f[COVARIATES], fixed=f["store"]) for name, unit in units.items()}
        for name, unit in units.items():
            assert found[name].relative.value == pytest.approx(found["yuan"].relative.value, abs=1e-8)
            assert found[name].relative.std_error == pytest.approx(found["yuan"].relative.std_error, abs=1e-8)
            assert found[name].fit.value / unit == pytest.approx(found["yuan"].fit.value, rel=1e-8)
        # each unit as it is, not first divided by a mean, so that the sameness is that of the estimator
        raw = [sm.GLM(f["y"] * u, sm.add_constant(f[["d", *COVARIATES]].astype(float)), family=sm.families.Poisson()).fit(tol=1e-14).params["d"]
               for u in units.values()]
        assert np.ptp(raw) < 1e-8
        logs = [effects.regression(np.log(1 + f["y"] * u), f["d"], f[COVARIATES]).value for u in units.values()]
        assert max(logs) - min(logs) > 0.2, "what is added to a zero weighs differently in every unit"

    def test_levels_without_any_amount_are_set_apart(self) -> None:
        f = frame()
        f.loc[f["store"] == 3, "y"] = 0.0
        rest = f[f["store"] != 3]
        found, alone = (effects.ppml(g["y"], g["d"], g[COVARIATES], fixed=g["store"]) for g in (f, rest))
        assert (found.relative.value, found.relative.std_error) == pytest.approx((alone.relative.value, alone.relative.std_error), rel=1e-8)
        exposed = [g["d"].sum() for g in (rest, f)]
        assert found.fit.value == pytest.approx(alone.fit.value * exposed[0] / exposed[1]), "who cannot spend loses nothing"
        column = effects.ppml(f["y"], f["d"], np.column_stack([f[COVARIATES], f["store"] == 3]))
        assert column.relative.value == pytest.approx(effects.ppml(rest["y"], rest["d"], rest[COVARIATES]).relative.value, rel=1e-8)

    def test_planted_ratio(self) -> None:
        seeds = range(40)
        planted = np.random.default_rng(1).uniform(0.6, 0.9, len(seeds))
        found = [effects.ppml(f["y"], f["d"], f[[*COVARIATES, "store"]]).relative for s, r in zip(seeds, planted, strict=True)
                 for f in [frame(seed=s, ratio=r)]]
        errors = np.array([fit.value for fit in found]) - (planted - 1)
        assert abs(errors.mean()) < 3 * errors.std() / np.sqrt(len(seeds)) and errors.std() == pytest.approx(found[0].std_error, rel=0.35)


class TestTwoPart:
    def test_equals_the_parts(self) -> None:
        f = frame()
        found = effects.two_part(f["y"], f["d"], f[COVARIATES])
        design = sm.add_constant(f[["d", *COVARIATES]].astype(float))
        buys, family = f["y"] > 0, sm.families.Gamma(link=sm.families.links.Log())
        chance = sm.Logit(buys, design).fit(disp=0, tol=1e-14)
        amount = sm.GLM(f["y"][buys], design[buys], family=family).fit(tol=1e-14, maxiter=200)
        with_, without = (design.assign(d=arm)[f["d"]] for arm in (1.0, 0.0))
        spent = [chance.predict(x) * amount.predict(x) for x in (with_, without)]
        assert found.fit.value == pytest.approx((spent[0] - spent[1]).mean(), rel=1e-7)
        assert found.relative.value == pytest.approx(spent[0].mean() / spent[1].mean() - 1, rel=1e-7)
        assert found.buying.value == pytest.approx((chance.predict(with_) - chance.predict(without)).mean(), rel=1e-7)

    @pytest.mark.parametrize("method", [effects.two_part, effects.ppml])
    def test_the_variance_counts_every_estimated_coefficient(self, method) -> None:
        """Against a jackknife that fits everything anew without each row."""
        f = frame(300)
        y, d, x = f["y"].to_numpy(), f["d"].to_numpy(), f[COVARIATES].to_numpy()
        parts = [name for name in ("fit", "relative", "buying") if getattr(method(y, d, x), name) is not None]
        left = np.array([[getattr(found, name).value for name in parts] for i in range(300)
                         for found in [method(np.delete(y, i), np.delete(d, i), np.delete(x, i, axis=0))]])
        for j, name in enumerate(parts):
            fit = getattr(method(y, d, x), name)
            jackknife = np.sqrt(299 / 300 * np.square(left[:, j] - left[:, j].mean()).sum())
            assert fit.std_error == pytest.approx(jackknife, rel=0.06)
            assert np.corrcoef(fit.influence, -left[:, j])[0, 1] > 0.99

    def test_clusters_and_units(self) -> None:
        f = frame()
        plain = effects.two_part(f["y"], f["d"], f[COVARIATES])
        other = effects.two_part(f["y"] * 1e-4, f["d"], f[COVARIATES] * [1e4, 1.0] + 7.0)
        assert (1e4 * other.fit.value, other.relative.value, other.buying.value) == pytest.approx(
            (plain.fit.value, plain.relative.value, plain.buying.value), rel=1e-7)
        twice = effects.two_part(*(np.tile(f[c].to_numpy(), 2) for c in ("y", "d")), np.tile(f[COVARIATES].to_numpy(), (2, 1)),
                                 cluster=np.tile(np.arange(N), 2))
        assert twice.fit.std_error == pytest.approx(plain.fit.std_error, rel=1e-6) and twice.fit.n_clusters == N

    def test_both_describe_the_same_money(self) -> None:
        f = frame(6000)
        first, second = (method(f["y"], f["d"], f[COVARIATES]).fit for method in (effects.two_part, effects.ppml))
        apart = inference.fit(first.value - second.value, first.influence - second.influence, n=6000)
        assert abs(apart.value) < 3 * apart.std_error < first.std_error * 3


class TestErrors:
    @pytest.mark.parametrize("method", [effects.two_part, effects.ppml])
    def test_refunds_and_empty_arms(self, method) -> None:
        f = frame(300)
        back = f["y"].where(f.index > 2, -50.0)
        with pytest.raises(DataError, match=r"3 of 300 amounts are negative \(refunds, -150 in all\).*Net refunds"):
            method(back, f["d"], f[COVARIATES])
        with pytest.raises(DataError, match="All 300 amounts are 0"):
            method(0 * f["y"], f["d"], f[COVARIATES])
        with pytest.raises(DataError, match="Nobody in one of the arms|nobody or everybody in an arm"):
            method(f["y"].where(~f["d"], 0.0), f["d"], f[COVARIATES])
        with pytest.raises(DataError, match="determine the exposure completely"):
            method(f["y"], f["d"], f[[*COVARIATES, "d"]].astype(float))

    def test_everybody_buys_or_buying_is_told(self) -> None:
        f = frame(300)
        with pytest.raises(DataError, match="Of the exposed 100% bought"):
            effects.two_part(f["y"] + 1, f["d"], f[COVARIATES])
        with pytest.raises(DataError, match="tell buyers from others perfectly"):
            effects.two_part(np.where(f["a"] > 0, 10.0, 0.0), f["d"], f[COVARIATES])
        few = np.where(np.random.default_rng(0).random(300) < 0.03, 5.0, 0.0)
        with pytest.raises(DataError, match="buyers do not determine 14 coefficients|perfectly"):
            effects.two_part(few, f["d"], np.random.default_rng(1).normal(size=(300, 12)))

    def test_more_coefficients_than_rows(self) -> None:
        with pytest.raises(DataError, match="6 rows do not determine 6 coefficients|does not converge"):
            effects.ppml([1.0, 2, 3, 4, 5, 7], [0, 1, 0, 1, 1, 0], np.random.default_rng(0).normal(size=(6, 2)), fixed=[0, 0, 1, 1, 2, 2])


class TestPenalisedPoisson:
    """The learner of means for cross-fitting."""

    def test_without_penalty_it_is_the_pseudo_likelihood_on_its_rows(self) -> None:
        f = frame()
        seen = np.flatnonzero(~f["d"])
        model = poisson.poisson(f[COVARIATES].to_numpy(), f["y"].to_numpy(), rows=seen, ridge=0.0)
        oracle = sm.GLM(f["y"].iloc[seen], sm.add_constant(f[COVARIATES]).iloc[seen], family=sm.families.Poisson()).fit(tol=1e-14)
        assert model.means(f[COVARIATES].to_numpy()) == pytest.approx(oracle.predict(sm.add_constant(f[COVARIATES])).to_numpy(), rel=1e-7)
        near = poisson.poisson(f[COVARIATES].to_numpy(), f["y"].to_numpy(), rows=seen, ridge=0.0, start=model)
        assert near.coefficients == pytest.approx(model.coefficients, abs=1e-8)

    def test_no_mean_exceeds_the_largest_amount(self) -> None:
        f = frame()
        model = poisson.poisson(f[COVARIATES].to_numpy(), f["y"].to_numpy(), rows=np.arange(N))
        far = model.means(np.array([[60.0, 0.0], [0.0, 0.0]]))
        assert far[0] == pytest.approx(f["y"].max()) and far[1] < f["y"].max() / 3

    def test_nothing_to_learn(self) -> None:
        with pytest.raises(DataError, match="All 5 amounts"):
            poisson.poisson(np.ones((9, 1)), np.zeros(9), rows=np.arange(5))

    def test_it_settles_where_a_step_would_overshoot(self) -> None:
        """One account of a thousand standard deviations, and groups that never spend."""
        rng = np.random.default_rng(0)
        x = np.column_stack([np.r_[1000.0, rng.normal(size=399)], np.arange(400) % 8 == 1])
        y = np.where(x[:, 1] > 0, 0.0, rng.lognormal(0, 2, 400))
        y[0] = 1e6
        model = poisson.poisson(x, y, rows=np.arange(400), ridge=1e-6)
        assert np.isfinite(model.coefficients).all() and model.means(x)[x[:, 1] > 0].max() < 1e-3 * y.mean()
        assert model.means(x[1:]).mean() == pytest.approx(y[1:].mean(), rel=0.05)
