"""Which comes first: what the parts of the verdict are, estimators under feedback against dense algebra and libraries, what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import climate
from voclib.stats import inference, panel
from voclib.stats.panel import Direction, Term

NAMES = {"unit": "unit_id", "period": "period", "outcome": "nps", "exposure": "ex"}
NOISY = {**NAMES, "noise": "ex_noise"}


def table(seed: int = 1, **options: Any) -> pd.DataFrame:
    """DGP A with the sampling variance of employees' means."""
    frames, _ = climate.draw(seed, **{"stores": 40, "periods": 10, **options})
    frame, answers = frames["panel"], frames["employees"]["value"].to_numpy()
    return frame.assign(ex_noise=answers.reshape(len(frame), -1).var(axis=1, ddof=1) / frame["n_employees"])


@pytest.fixture(scope="module")
def found() -> Direction:
    return panel.direction(table(stores=60, slope=6.0), **NOISY)


class TestDirection:
    def test_it_is_read_off_one_model_with_lags_and_leads(self, found: Direction) -> None:
        assert found.model.lags == (1, 0, -1, -2) and found.model.corrected is not None
        table = found.model.profile(corrected=True).set_index("lag")
        assert found.effect.value == pytest.approx(table.loc[1, "estimate"])
        assert found.lead.value == pytest.approx(table.loc[[-1, -2], "estimate"].mean())
        assert found.leads_p == pytest.approx(found.model.joint_p([-1, -2], corrected=True))

    def test_reach_is_the_end_of_the_90_percent_interval_and_detectable_what_is_found_four_times_in_five(self, found: Direction) -> None:
        t = inference.quantile(0.9, found.lead.df)  # 5 % on either side
        assert found.reach == pytest.approx(abs(found.lead.value) + t * found.lead.std_error)
        assert found.detectable == pytest.approx(panel.detectable(found.lead.std_error, found.lead.df))

    def test_all_three_parts_are_needed(self, found: Direction) -> None:
        assert found.precedes and found.is_effect and found.no_lead_found and found.is_equivalent
        weak, led = replace(found.effect, std_error=found.effect.value), found.effect.value
        assert not replace(found, effect=weak).precedes and not replace(found, leads_p=0.01).precedes
        assert not replace(found, reach=0.51 * led).precedes and replace(found, reach=0.49 * led).precedes
        assert not replace(found, reach=0.49 * led, share=0.4).precedes and replace(found, leads_p=0.01, level=0.005).precedes
        assert not replace(found, leads_p=float("nan")).precedes

    def test_without_noise_the_model_is_as_measured(self) -> None:
        plain = panel.direction(table(), **NAMES, lag=2, leads=1)
        assert plain.model.lags == (2, 1, 0, -1) and plain.model.corrected is None and np.isfinite(plain.lead.value)

    @pytest.mark.parametrize("options", [{"leads": 0}, {"lag": -1}])
    def test_a_test_of_nothing_is_refused(self, options: dict[str, int]) -> None:
        with pytest.raises(ParameterError, match="a lag of 0 or more and at least one lead"):
            panel.direction(table(), **NOISY, **options)

    def test_leads_take_periods(self) -> None:
        with pytest.raises(DataError, match=r"0 rows hold the outcome and ex_lag1, ex, ex_lead1, ex_lead2"):
            panel.direction(table(periods=3), **NOISY)


class TestHalfPanel:
    def test_it_is_twice_the_whole_less_the_mean_of_the_halves(self) -> None:
        frame = table()
        parts = [panel.distributed_lag(f, **NOISY).regression(corrected=True).fit("ex_lag1") for f in (
            frame, frame[frame["period"] <= 4], frame[frame["period"] >= 4])]  # the period before a half is only looked back to
        found = panel.half_panel(frame, **NOISY)
        assert found.value == pytest.approx(2 * parts[0].value - (parts[1].value + parts[2].value) / 2)
        moved = 2 * parts[0].influence - (parts[1].influence + parts[2].influence) / 2
        assert found.std_error == pytest.approx(np.std(moved, ddof=1) / np.sqrt(40)) and (found.df, found.n_clusters) == (39, 40)

    def test_all_three_fits_are_over_the_same_stores(self) -> None:
        frame = table()
        late = frame[(frame["unit_id"] > 9) | (frame["period"] > 6)]  # ten stores without a first half
        assert panel.half_panel(late, **NOISY).value == pytest.approx(panel.half_panel(frame[frame["unit_id"] > 9], **NOISY).value)

    def test_too_short_a_panel_is_refused(self) -> None:
        with pytest.raises(DataError, match="needs two periods at least, so four in all; 3 hold every term"):
            panel.half_panel(table(periods=4), **NOISY)
        frame = table()
        with pytest.raises(DataError, match="the half-panel jackknife needs at least two such units"):
            panel.half_panel(frame[(frame["unit_id"] % 2 == 0) == (frame["period"] > 5)], **NOISY)


def test_the_way_back_is_the_half_panel_jackknife_of_the_exposure_on_its_own_past() -> None:
    frame = table(feedback=1.0, confounder=1.0)
    parts = []
    for first, last in ((2, 9), (2, 5), (6, 9)):  # two periods of past before each
        rows = panel.gather(frame[frame["period"].between(first - 2, last)], unit="unit_id", period="period", outcome="ex",
                            terms=[Term("nps", 1), Term("ex", 1), Term("ex", 2), Term("is_manager_changed", 1)])
        columns = np.column_stack([rows.x, np.eye(40)[rows.unit], np.eye(len(rows.periods))[rows.period]])
        parts.append(np.linalg.lstsq(columns, rows.y, rcond=None)[0][0])
    plain = panel.reverse(frame, **NAMES, controls={"is_manager_changed": 1})
    assert plain.value == pytest.approx(2 * parts[0] - (parts[1] + parts[2]) / 2, rel=1e-8)
    assert abs(panel.reverse(frame, **NOISY, controls={"is_manager_changed": 1}).value / plain.value - 1) > 1e-3, "noise in its own past matters"


class TestAndersonHsiao:
    def differences(self, frame: pd.DataFrame) -> pd.DataFrame:
        wide = {name: frame.pivot(index="unit_id", columns="period", values=name) for name in ("nps", "ex", "ex_noise")}
        made = {"dy": wide["nps"].diff(axis=1), "dx": wide["ex"].diff(axis=1).shift(1, axis=1), "z": wide["ex"].shift(2, axis=1),
                "v": wide["ex_noise"].shift(2, axis=1)}
        return pd.concat({k: v.stack() for k, v in made.items()}, axis=1).dropna().reset_index()

    def test_without_noise_it_is_two_stage_least_squares_by_linearmodels(self) -> None:
        from linearmodels.iv import IV2SLS

        frame = table()
        found, long = panel.anderson_hsiao(frame, **NAMES), self.differences(frame)
        marks = pd.get_dummies(long["period"], dtype=float)
        theirs = IV2SLS(long["dy"], marks, long[["dx"]], long[["z"]]).fit(cov_type="clustered", clusters=long["unit_id"])
        assert found.fit.value == pytest.approx(theirs.params["dx"], rel=1e-9)
        assert found.fit.std_error == pytest.approx(theirs.std_errors["dx"] * np.sqrt(40 / 39), rel=1e-8)
        assert found.first_stage == pytest.approx(theirs.first_stage.diagnostics.loc["dx", "f.stat"] * 39 / 40, rel=1e-6)

    def test_noise_of_the_level_stands_in_the_difference_with_the_other_sign(self) -> None:
        frame = table()
        long = self.differences(frame)
        flat = long[["dy", "dx", "z"]] - long.groupby("period")[["dy", "dx", "z"]].transform("mean")
        below = (flat["z"] * flat["dx"]).sum() + (1 - 1 / 40) * long["v"].sum()
        assert panel.anderson_hsiao(frame, **NOISY).fit.value == pytest.approx((flat["z"] * flat["dy"]).sum() / below, rel=1e-9)

    def test_an_exposure_that_drifts_is_a_weak_instrument(self) -> None:
        frame = table()
        steps = np.random.default_rng(1).normal(size=len(frame))
        drifting = frame.assign(ex=pd.Series(steps).groupby(frame["unit_id"]).cumsum())
        assert panel.anderson_hsiao(drifting, **NAMES).is_weak and not panel.anderson_hsiao(frame, **NAMES).is_weak

    def test_an_instrument_that_says_nothing_is_refused(self) -> None:
        paths = np.cumsum(list(product((0.0, 1.0), repeat=3)), axis=1)  # every step follows every level as often
        frame = pd.DataFrame([(u, t, x, float((u * 7 + t * 3) % 5)) for u, path in enumerate(paths) for t, x in enumerate(path)],
                             columns=["unit_id", "period", "ex", "nps"])
        with pytest.raises(DataError, match="The level of ex says nothing about its next change, so it is not an instrument for it"):
            panel.anderson_hsiao(frame, **NAMES, lag=0)
