"""LMG shares: oracle by regressions in every order, groups, weights, resampling, ranks, messages."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.stats.attribution import collinear, lmg
from voclib.stats.attribution.drivers import _r_squared


def columns(n: int = 300, k: int = 4, seed: int = 0, alike: float = 0.6) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) + alike * rng.normal(size=(n, 1))
    y = x @ np.linspace(1, 0, k) + rng.normal(size=n)
    return y, pd.DataFrame(x, columns=[f"x{j}" for j in range(k)])


def explained(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> float:
    """R² of one weighted regression."""
    root, centred = np.sqrt(w), y - np.average(y, weights=w)
    design = np.column_stack([np.ones(len(y)), x])
    left = root * (y - design @ np.linalg.lstsq(root[:, None] * design, root * y, rcond=None)[0])
    return 1 - float(left @ left) / float(w @ centred**2)


def by_orders(y: np.ndarray, teams: list[np.ndarray], w: np.ndarray | None = None) -> np.ndarray:
    """LMG by its definition: every order, a regression each step."""
    w, found, orders = np.ones(len(y)) if w is None else w, np.zeros(len(teams)), list(permutations(range(len(teams))))
    for order in orders:
        before = 0.0
        for at in range(len(order)):
            after = explained(y, np.column_stack([teams[j] for j in order[:at + 1]]), w)
            found[order[at]] += (after - before) / len(orders)
            before = after
    return found


class TestShares:
    def test_are_the_average_over_all_orders_of_entry(self) -> None:
        y, x = columns()
        found = lmg(y, x, draws=20)
        assert found.share == pytest.approx(by_orders(y, [x[[c]].to_numpy() for c in x]), abs=1e-12)
        assert found.share.sum() == pytest.approx(found.r_squared) and found.r_squared == pytest.approx(explained(y, x.to_numpy(), np.ones(300)))

    def test_groups_enter_together(self) -> None:
        y, x = columns(k=5)
        found = lmg(y, x, groups={"pair": ["x1", "x3"]}, draws=20)
        teams = [x[t].to_numpy() for t in (["x0"], ["x1", "x3"], ["x2"], ["x4"])]
        assert found.names == ("x0", "pair", "x2", "x4") and found.share == pytest.approx(by_orders(y, teams), abs=1e-12)

    def test_weights_count_rows(self) -> None:
        y, x = columns(n=120)
        w = np.random.default_rng(1).integers(1, 4, 120).astype(float)
        found = lmg(y, x, weights=w, draws=20)
        repeated = lmg(np.repeat(y, w.astype(int)), x.loc[x.index.repeat(w.astype(int))], draws=20)
        assert found.share == pytest.approx(by_orders(y, [x[[c]].to_numpy() for c in x], w), abs=1e-12)
        assert found.share == pytest.approx(repeated.share, abs=1e-12)

    def test_independent_columns_have_their_own_r_squared(self) -> None:
        y, x = columns(n=20_000, alike=0.0)
        assert lmg(y, x, draws=2).share == pytest.approx(x.apply(lambda c: np.corrcoef(c, y)[0, 1] ** 2).to_numpy(), abs=0.01)

    def test_units_order_and_direction_do_not_matter(self) -> None:
        y, x = columns()
        plain = lmg(y, x, draws=50, seed=3)
        other = lmg(-7 * y + 2, x.iloc[:, ::-1] * [100, -1, 0.01, 3] + 5, draws=50, seed=3)
        assert other.share[::-1] == pytest.approx(plain.share) and other.conf_low[::-1] == pytest.approx(plain.conf_low)
        shuffled = np.random.default_rng(0).permutation(len(y))
        assert lmg(y[shuffled], x.iloc[shuffled], draws=2).share == pytest.approx(plain.share)

    def test_every_model_is_the_regression_on_its_columns(self) -> None:
        y, x = columns(n=80, k=3)
        z = np.column_stack([x, y])
        found = _r_squared(np.cov(z.T, bias=True)[None], [1, 1, 1])[:, 0]
        for s in range(1, 8):
            assert found[s] == pytest.approx(explained(y, x.to_numpy()[:, [j for j in range(3) if s >> j & 1]], np.ones(80)))
        assert found[0] == 0

    def test_sixteen_columns_are_exact(self) -> None:
        y, x = columns(n=400, k=16)
        assert lmg(y, x, draws=2).share.sum() == pytest.approx(explained(y, x.to_numpy(), np.ones(400)), abs=1e-10)


class TestResampling:
    def test_a_column_that_hardly_matters_keeps_its_share_and_interval(self) -> None:
        y, x = columns(n=400)
        found = lmg(y, x.assign(noise=np.random.default_rng(5).normal(size=400)), draws=199)
        k = found.names.index("noise")
        assert 0 < found.share[k] < 0.02 and 0 < found.conf_low[k] < found.conf_high[k] and found.rank[k] == 5

    def test_repeats_with_its_seed(self) -> None:
        y, x = columns()
        assert lmg(y, x, draws=50, seed=1).tidy().equals(lmg(y, x, draws=50, seed=1).tidy())
        assert not lmg(y, x, draws=50, seed=1).tidy().equals(lmg(y, x, draws=50, seed=2).tidy())

    def test_draws_are_regressions_on_drawn_rows(self) -> None:
        y, x = columns(n=60, k=3)
        found = lmg(y, x, draws=400, seed=0)
        rng, drawn = np.random.default_rng(9), []
        for _ in range(400):
            rows = rng.integers(0, 60, 60)
            drawn.append(lmg(y[rows], x.iloc[rows], draws=2).share)
        assert found.std_error == pytest.approx(np.std(drawn, axis=0), rel=0.15)
        assert found.conf_high == pytest.approx(np.quantile(drawn, 0.975, axis=0), rel=0.15)

    def test_whole_clusters_widen_where_rows_repeat(self) -> None:
        y, x = columns(n=100)
        five = np.repeat(np.arange(100), 5)
        rows, clustered, plain = lmg(y[five], x.iloc[five]), lmg(y[five], x.iloc[five], cluster=[f"D{i}" for i in five]), lmg(y, x)
        assert clustered.n_clusters == 100 and rows.n_clusters is None and "cluster bootstrap" in clustered.method
        assert clustered.std_error == pytest.approx(plain.std_error, rel=0.2) and (rows.std_error < 0.6 * clustered.std_error).all()

    def test_ranks_of_ties_are_shared_and_a_clear_lead_is_seen(self) -> None:
        rng = np.random.default_rng(2)
        x = pd.DataFrame(rng.normal(size=(2000, 3)), columns=["lead", "one", "two"])
        found = lmg(x @ [1.0, 0.3, 0.3] + rng.normal(size=2000), x, seed=1)
        assert (found.rank_low[0], found.rank_high[0]) == (1, 1)
        assert found.rank_low[1:].tolist() == [2, 2] and found.rank_high[1:].tolist() == [3, 3]
        assert (found.rank_low <= found.rank).all() and (found.rank <= found.rank_high).all()

    def test_estimates_are_shares_largest_first(self) -> None:
        y, x = columns()
        found = lmg(y, x, conf_level=0.9, draws=60, seed=4)
        estimates = found.estimates(evidence_level=0)
        assert [e.group for e in estimates] == ["x0", "x1", "x2", "x3"] and {e.unit for e in estimates} == {"share"}
        assert [e.value for e in estimates] == sorted(found.share, reverse=True) and estimates[0].conf_level == 0.9 and estimates[0].seed == 4
        tidy = found.tidy()
        assert tidy["group"].tolist() == ["x0", "x1", "x2", "x3", ""] and tidy["rank"].tolist()[:4] == [1, 2, 3, 4] and pd.isna(tidy["rank"][4])
        assert tidy["estimate"].iloc[-1] == pytest.approx(tidy["estimate"].iloc[:-1].sum())


class TestBadInput:
    def test_constants_are_named_and_left_out(self) -> None:
        y, x = columns()
        found = lmg(y, x.assign(flat=1.0), draws=20)
        assert found.left_out == ("flat",) and found.names == ("x0", "x1", "x2", "x3")

    def test_gaps_are_counted(self) -> None:
        y, x = columns()
        x.loc[:9, "x1"], y[5:15] = np.nan, np.nan
        found = lmg(y, x.astype("Float64"), draws=20)
        assert (found.n, found.dropped) == (285, 15)

    def test_collinear_columns_are_named_unless_grouped(self) -> None:
        y, x = columns()
        bad = x.assign(sum=x["x0"] + x["x2"], flag=True)
        with pytest.raises(DataError, match=r"variance inflation above 10\): 'x0' and 'x2' and 'sum'. Put each set into one group, such as groups="):
            lmg(y, bad)
        assert collinear(bad) == (("x0", "x2", "sum"),) and collinear(x) == ()
        grouped = lmg(y, bad, groups={"both": ["x0", "x2", "sum"]}, draws=20)
        assert grouped.names == ("both", "x1", "x3") and grouped.left_out == ("flag",)
        assert grouped.r_squared == pytest.approx(lmg(y, x, draws=2).r_squared)

    def test_chains_of_collinear_columns_are_one_set_that_passes(self) -> None:
        rng = np.random.default_rng(0)
        y, x = columns(k=2)
        chain = x.assign(a=rng.normal(size=300))
        for before, after in ("ab", "bc", "cd"):
            chain[after] = chain[before] + 0.2 * rng.normal(size=300)
        [team] = collinear(chain)
        assert set(team) >= {"a", "b", "c", "d"} and not {"x0", "x1"} & set(team)
        assert lmg(y, chain, groups={"chain": list(team)}, draws=20).names == ("x0", "x1", "chain")

    @pytest.mark.parametrize(("change", "options", "error", "message"), [
        ({"x0": "a"}, {}, DataError, "Columns that are not numeric: x0"),
        ({"x0": np.nan}, {}, DataError, "No row has y and every column"),
        ({}, {"groups": {"g": ["x0", "x9"]}}, ParameterError, "Group 'g' holds 'x9', which is not a column"),
        ({}, {"groups": {"g": ["x0"], "h": ["x0"]}}, ParameterError, "'x0' is in two groups, 'g' and 'h'"),
        ({}, {"weights": np.full(300, -1.0)}, DataError, "Weights are one number of zero or more"),
        ({}, {"cluster": [None] * 300}, DataError, "300 rows have no cluster"),
        ({}, {"cluster": np.arange(300) % 5}, DataError, "5 clusters for 4 columns; at least 6 are needed"),
        ({}, {"draws": 1}, ParameterError, "draws is 2 or more"),
        ({}, {"conf_level": 95}, ParameterError, "conf_level a share such as 0.95")])
    def test_messages(self, change: dict, options: dict, error: type, message: str) -> None:
        y, x = columns()
        with pytest.raises(error, match=message):
            lmg(y, x.assign(**change), **options)

    def test_messages_of_shapes(self) -> None:
        y, x = columns()
        for wrong, message in (((np.ones(300), x), "y does not vary"), ((y[:5], x.iloc[:5]), "5 rows without gaps for 4 columns; at least 6"),
                               ((y, pd.DataFrame(index=x.index)), "at least one column"), ((y, pd.concat([x, x], axis=1)), "a name of its own")):
            with pytest.raises(DataError, match=message):
                lmg(*wrong)
        with pytest.raises(ParameterError, match="y has 299 rows, columns 300"):
            lmg(y[1:], x)
        with pytest.raises(ParameterError, match="17 columns or groups that vary; 1 to 16"):
            lmg(*columns(k=17))
