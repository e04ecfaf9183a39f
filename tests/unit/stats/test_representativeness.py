"""Who is like whom: by hand, against other packages, and on worlds where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError
from voclib.simulate.worlds import nonresponse
from voclib.stats import representativeness as rep

RNG = np.random.default_rng(5)
N = 4000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    made, _ = nonresponse.draw(3, customers=N)
    made["region"] = np.array(["north", "south", "east", None], dtype=object)[RNG.integers(0, 4, N)]
    made["income"] = np.where(RNG.random(N) < 0.1, np.nan, np.exp(made["log_spend"]))
    return made


COLUMNS = ["tenure", "complaint", "region", "income"]


def fitted(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Chances from an unpenalised logit."""
    beta = np.zeros(design.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-design @ beta))
        beta = beta + np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), design.T @ (y - p))
    return 1 / (1 + np.exp(-design @ beta))


class TestDifferences:
    def test_by_hand(self) -> None:
        small = pd.DataFrame({"x": [0.0, 0, 2, 2], "g": ["a", "a", "b", "b"], "flag": [True, False, False, False]})
        found = rep.smd_table(small, ["x", "g", "flag"], [True, False, True, True], weights=[2.0, np.nan, 1, 1]).set_index(["column", "level"])
        assert found.loc[("x", ""), ["population", "respondents", "weighted"]].tolist() == pytest.approx([1, 4 / 3, 1])
        assert found.loc[("x", ""), "smd_raw"] == pytest.approx(1 / 3) and found.loc[("x", ""), "smd_weighted"] == pytest.approx(0)
        assert found.loc[("g", "b"), "smd_raw"] == pytest.approx((2 / 3 - 0.5) / 0.5)
        assert found.loc[("flag", ""), "population"] == 0.25 and found.loc[("flag", ""), "grade"] == "far"

    def test_grades_turn_at_the_limits(self, frame: pd.DataFrame) -> None:
        found = rep.smd_table(frame, COLUMNS, frame["responded"])
        size = found["smd_raw"].abs()
        assert (found["grade"] == np.select([size <= 0.1, size <= 0.25], ["close", "flag"], "far")).all()
        assert found["smd_weighted"].isna().all() and set(found["grade"]) >= {"close", "flag"}
        assert rep.MISSING in set(found.loc[found["column"] == "region", "level"]) & set(found.loc[found["column"] == "income", "level"])

    def test_the_right_weights_bring_respondents_home(self, frame: pd.DataFrame) -> None:
        known = {name: frame[name].to_numpy() for name in nonresponse.COVARIATES}
        index = nonresponse.response_index(known, np.zeros(N), explained=1.0, u_shape=0, mnar=0)
        weights = 1 + np.exp(-(index + nonresponse.constant_for(index, 0.2)))
        found = rep.smd_table(frame, list(nonresponse.COVARIATES), frame["responded"], weights=weights)
        assert found["smd_raw"].abs().max() > 0.25 and found["smd_weighted"].abs().max() < 0.12

    def test_order_names_and_duplicates_change_nothing(self, frame: pd.DataFrame) -> None:
        weights, renamed = RNG.uniform(1, 3, N), {"north": "z", "south": "y", "east": "x"}
        once = rep.smd_table(frame, COLUMNS, frame["responded"], weights=weights)
        order = RNG.permutation(N)
        mixed = rep.smd_table(frame.iloc[order], COLUMNS, frame["responded"].iloc[order], weights=weights[order])
        twice = rep.smd_table(pd.concat([frame, frame]), COLUMNS, np.tile(frame["responded"], 2), weights=np.tile(weights / 2, 2),
                              base=np.full(2 * N, 0.5))
        other = rep.smd_table(frame.replace({"region": renamed}), COLUMNS, frame["responded"], weights=weights)
        pd.testing.assert_frame_equal(once, mixed)
        pd.testing.assert_frame_equal(once, twice)
        again = other.assign(level=other["level"].replace({v: k for k, v in renamed.items()}))
        both = [t.sort_values(["column", "level"], ignore_index=True) for t in (once, again)]
        pd.testing.assert_frame_equal(*both)


class TestRIndicator:
    def test_two_halves(self) -> None:
        p = np.repeat([0.2, 0.6], 500)
        found = rep.r_indicator(p)
        assert found.value == pytest.approx(0.6) and found.mean == pytest.approx(0.4)
        assert found.conf_low <= found.value <= found.conf_high <= 1
        assert rep.r_indicator(np.full(50, 0.3)).value == 1
        assert found.estimate().unit == "ratio" and found.estimate().value == found.value

    def test_duplicates_with_half_weights(self, frame: pd.DataFrame) -> None:
        design = np.column_stack([np.ones(N), frame[["tenure", "risk"]]])
        p = fitted(design, frame["responded"].to_numpy(float))
        once = rep.r_indicator(p, design=design)
        twice = rep.r_indicator(np.tile(p, 2), design=np.tile(design, (2, 1)), weights=np.full(2 * N, 0.5))
        assert (once.value, once.std_error) == pytest.approx((twice.value, twice.std_error), abs=1e-9)

    @pytest.mark.parametrize(("route", "known"), [("design", 15), ("answers", 2)])
    @pytest.mark.parametrize("strength", [0.0, 0.5])
    def test_noise_is_no_unevenness(self, route: str, known: int, strength: float) -> None:
        """Random response: the raw indicator calls it uneven, ours does not. Uneven response: the interval holds the truth."""
        runs = [_indicator(seed, route, known, strength, n=1500 if route == "design" else 8000) for seed in range(150)]
        value, raw, low, high, truth = np.array(runs).T
        assert ((low <= truth) & (truth <= high)).mean() >= 0.91
        assert (value - truth).mean() == pytest.approx(0, abs=0.035) and (raw - truth).mean() < (value - truth).mean()
        if strength:
            assert (high < 1).mean() >= 0.95
        elif route == "design":
            assert np.median(raw) < 0.93 and (high == 1).mean() >= 0.94 and np.median(value) > 0.98

    def test_with_many_columns_cross_fitted_chances_err_towards_one(self) -> None:
        """The direction that the docstring states: prefer the design where there are many columns and few rows."""
        value, _, _, _, truth = np.array([_indicator(seed, "answers", 15, 0.5, n=1000) for seed in range(60)]).T
        assert 0.005 < (value - truth).mean() < 0.08

    def test_unusable(self) -> None:
        with pytest.raises(DataError, match="from 0 to 1"):
            rep.r_indicator([0.2, 1.2])
        with pytest.raises(DataError, match="repeat each other"):
            rep.r_indicator(np.full(9, 0.3), design=np.ones((9, 2)))
        with pytest.raises(DataError, match="one row for each"):
            rep.r_indicator(np.full(9, 0.3), design=np.ones((8, 1)))

    def test_partial(self, frame: pd.DataFrame) -> None:
        spoke = frame["responded"].to_numpy(float)
        found = rep.partial_r(frame, ["complaint", "region", "tenure"], spoke)
        for _, part in found.groupby("column"):
            assert np.sqrt((part.iloc[1:]["partial"] ** 2).sum()) == pytest.approx(part.iloc[0]["partial"])
        own = found.set_index(["column", "level"])["partial"]
        rates = frame.assign(s=spoke).groupby("complaint")["s"].agg(["mean", "size"])
        by_hand = np.sqrt((rates["size"] / N * (rates["mean"] - spoke.mean()) ** 2).sum())
        assert own["complaint", ""] == pytest.approx(by_hand)
        assert own["tenure", ""] > 1.5 * own["region", ""] and own["complaint", "> 0"] < 0


def _indicator(seed: int, route: str, known: int, strength: float, *, n: int) -> tuple[float, float, float, float, float]:
    """One planted world: our value, the unadjusted one, the interval, the truth."""
    rng = np.random.default_rng([seed, 17])
    x = np.column_stack([np.ones(n), rng.normal(size=(n, known))])
    chance = 1 / (1 + np.exp(1.4 - strength * x[:, 1]))
    y = (rng.random(n) < chance).astype(float)
    if route == "design":
        found = rep.r_indicator(fitted(x, y), design=x)
    else:
        half, p = rng.random(n) < 0.5, np.empty(n)
        for part in (half, ~half):
            p[part] = _predicted(x[~part], y[~part], x[part])
        found = rep.r_indicator(p, answered=y)
    return found.value, found.unadjusted, found.conf_low, found.conf_high, 1 - 2 * chance.std()


def _predicted(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Chances for rows the logit has not seen."""
    p = np.clip(fitted(x, y), 1e-9, 1 - 1e-9)
    beta = np.linalg.lstsq(x, np.log(p / (1 - p)), rcond=None)[0]
    return 1 / (1 + np.exp(-new @ beta))


class TestZeroCells:
    def test_a_planted_hole_is_named_once(self, frame: pd.DataFrame) -> None:
        hole = (frame["region"] == "north") & (frame["complaint"] == 1)
        found = rep.zero_cell_scan(frame, ["complaint", "region", "tenure"], frame["responded"] & ~hole)
        assert found.cells["cell"].tolist() == ["complaint = > 0 & region = north"]
        assert found.share == pytest.approx(hole.mean()) and (found.unsupported == hole).all()

    def test_a_whole_level_hides_its_parts(self, frame: pd.DataFrame) -> None:
        found = rep.zero_cell_scan(frame, ["complaint", "region"], frame["responded"] & (frame["complaint"] == 0))
        assert found.cells["cell"].tolist() == ["complaint = > 0"]
        assert found.share == pytest.approx((frame["complaint"] == 1).mean())

    def test_random_response_leaves_no_hole(self, frame: pd.DataFrame) -> None:
        holes = [rep.zero_cell_scan(frame, COLUMNS, np.random.default_rng(s).random(N) < 0.2).share for s in range(40)]
        assert np.mean(np.array(holes) > 0) <= 0.06

    def test_small_cells_are_unclear_and_min_cell_is_obeyed(self, frame: pd.DataFrame) -> None:
        tiny = frame.assign(kind=np.where(np.arange(N) < 4, "odd", "usual"))
        spoke = frame["responded"] & (tiny["kind"] == "usual")
        found = rep.zero_cell_scan(tiny, ["kind"], spoke)
        assert found.share == 0 and found.unclear_share == pytest.approx(4 / N) and found.min_cell >= 20
        assert rep.zero_cell_scan(tiny, ["kind"], spoke, min_cell=4).share == pytest.approx(4 / N)
        assert rep.zero_cell_scan(tiny, ["kind"], np.zeros(N, dtype=bool)).share == 1

    def test_duplicates_with_half_weights(self, frame: pd.DataFrame) -> None:
        spoke = frame["responded"] & (frame["tenure"] < 1)
        once = rep.zero_cell_scan(frame, COLUMNS, spoke)
        twice = rep.zero_cell_scan(pd.concat([frame, frame]), COLUMNS, np.tile(spoke, 2), weights=np.full(2 * N, 0.5))
        pd.testing.assert_frame_equal(once.cells, twice.cells)
        assert once.share == pytest.approx(twice.share)


def test_bad_input_says_what_is_wrong(frame: pd.DataFrame) -> None:
    spoke = frame["responded"]
    with pytest.raises(DataError, match="did you mean 'tenure'"):
        rep.smd_table(frame, ["tenur"], spoke)
    with pytest.raises(DataError, match="Nobody answered"):
        rep.smd_table(frame, ["tenure"], np.zeros(N, dtype=bool))
    with pytest.raises(DataError, match="a yes or no"):
        rep.smd_table(frame, ["tenure"], spoke[:5])
    with pytest.raises(DataError, match="moments"):
        rep.smd_table(frame.assign(at=pd.Timestamp("2026-01-01")), ["at"], spoke)
    with pytest.raises(DataError, match="identifier is not a cell"):
        rep.zero_cell_scan(frame.assign(customer=[f"c{i}" for i in range(N)]), ["customer"], spoke)
    with pytest.raises(DataError, match="infinite"):
        rep.smd_table(frame.assign(x=np.inf), ["x"], spoke)
    for bad in (np.full(N, -1.0), np.full(N, np.nan), np.ones(3)):
        with pytest.raises(DataError, match="weights|Weights"):
            rep.smd_table(frame, ["tenure"], spoke, weights=bad)
