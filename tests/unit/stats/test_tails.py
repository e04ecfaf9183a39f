"""Tail index on tails of known weight, cuts, and the list of largest accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import long_waits
from voclib.stats import effects, inference, tails


class TestHill:
    def test_by_hand(self) -> None:
        y = np.r_[np.ones(80), 2.0, 4.0, 8.0 * np.ones(18)]
        found = tails.hill(y, share=0.19)
        logs = np.r_[np.log(4 / 2), 18 * [np.log(8 / 2)]]
        assert found.n == 19 and found.value == pytest.approx(18 / logs.sum()) and found.std_error == pytest.approx(found.value / np.sqrt(17))

    def test_planted_index_is_covered(self) -> None:
        rng = np.random.default_rng(1)
        planted = rng.uniform(1.0, 3.5, 1500)
        found = [tails.hill(1 + rng.pareto(a, 1000)) for a in planted]
        reach = inference.quantile(0.95, found[0].df) * np.array([f.std_error for f in found])
        values = np.array([f.value for f in found])
        assert 0.93 <= np.mean(np.abs(values - planted) < reach) <= 0.97 and abs(np.mean(values / planted) - 1) < 0.015

    def test_the_gate_tells_moderate_from_heavy_spending(self) -> None:
        index = {sd: np.mean([tails.hill(long_waits.draw(s, log_sd=sd)[0]["margin_12m"]).value for s in range(20)]) for sd in (0.8, 1.5, 2.0)}
        assert index[0.8] > 2 > 1.6 > index[1.5] > index[2.0] > 0.9

    def test_units_order_and_what_lies_below_play_no_part(self) -> None:
        y = np.random.default_rng(2).lognormal(5, 1.5, 800)
        plain = tails.hill(y)
        assert tails.hill(100 * y[::-1]).value == pytest.approx(plain.value)
        assert tails.hill(np.where(y < np.median(y), -3.0, y)).value == pytest.approx(plain.value)

    @pytest.mark.parametrize(("y", "options", "error", "words"), [
        (np.arange(100.0), {"share": 0.6}, ParameterError, "in \\(0, 0.5\\]"),
        (np.arange(100.0), {}, DataError, "largest 5% of 100 amounts are 5; 10 at least"),
        (np.r_[np.zeros(950), np.arange(1.0, 51.0)], {"share": 0.1}, DataError, "Fewer than 10% of the amounts are above 0"),
        (np.r_[np.zeros(100), np.full(900, 7.0)], {}, DataError, "as if they had been capped"),
        (np.r_[np.nan, np.arange(99.0)], {}, DataError, "1 of 100 amounts are missing"),
        (np.ones((3, 2)), {}, ParameterError, "shape \\(N,\\)"),
    ])
    def test_errors(self, y, options, error, words) -> None:
        with pytest.raises(error, match=words):
            tails.hill(y, **options)


class TestWinsorise:
    def test_only_the_largest_are_cut(self) -> None:
        y = np.r_[-50.0, np.arange(1.0, 100.0)]
        cut_y, cut, n_cut = tails.winsorise(y, quantile=0.9)
        assert cut == 89.0 and n_cut == 10 and cut_y.max() == 89.0 and cut_y.min() == -50.0
        assert (cut_y[y <= cut] == y[y <= cut]).all() and (y[-1], len(cut_y)) == (99.0, 100)

    def test_the_cut_is_of_both_arms_together_and_another_estimand(self) -> None:
        """Cutting 1 % shrinks the loss by a sixth to a third where tails are heavy: it must not be shown as the loss."""
        kept, truth = [], []
        for seed in range(60):
            frame, planted = long_waits.draw(seed, customers=4000, log_sd=1.5)
            y, cut, n_cut = tails.winsorise(frame["margin_12m"], quantile=0.99)
            matrix = np.column_stack([np.log(frame["prior_spend"]) - 6, frame["tenure"]])
            found = effects.att(y, frame["waited"], matrix, ids=frame.index, seed=1, repeats=1, learner="poisson")
            kept.append(found.fit.value)
            truth.append(planted["att_expected_cny"])
            assert n_cut == 40 and y.max() == cut
        assert 0.12 < 1 - np.mean(kept) / np.mean(truth) < 0.33

    def test_errors(self) -> None:
        for quantile in (0.4, 1.0):
            with pytest.raises(ParameterError, match="quantile="):
                tails.winsorise(np.arange(9.0), quantile=quantile)
        with pytest.raises(DataError, match="missing or infinite"):
            tails.winsorise([1.0, np.inf], quantile=0.9)


class TestTop:
    def test_accounts_are_added_up_and_named(self) -> None:
        found = tails.top([10.0, 5.0, 30.0, 25.0, 30.0], ["b", "a", "c", "b", "d"], n=3)
        pd.testing.assert_frame_equal(found, pd.DataFrame({"name": ["b", "c", "d"], "amount": [35.0, 30.0, 30.0], "share": [0.35, 0.3, 0.3],
                                                           "cumulative_share": [0.35, 0.65, 0.95]}))

    def test_order_plays_no_part_and_few_accounts_are_all(self) -> None:
        y, names = np.random.default_rng(0).lognormal(size=50), [f"c{i}" for i in range(50)]
        order = np.random.default_rng(1).permutation(50)
        pd.testing.assert_frame_equal(tails.top(y, names), tails.top(y[order], np.array(names)[order]))
        assert len(tails.top(y, names, n=99)) == 50 and tails.top(y, names, n=99)["cumulative_share"].iloc[-1] == pytest.approx(1)

    def test_errors(self) -> None:
        with pytest.raises(ParameterError, match="2 amounts, 1 names"):
            tails.top([1.0, 2.0], ["a"])
        with pytest.raises(DataError, match="1 amounts have no name"):
            tails.top([1.0, 2.0], ["a", None])
        with pytest.raises(DataError, match="add up to -1.00"):
            tails.top([1.0, -2.0], ["a", "b"])
