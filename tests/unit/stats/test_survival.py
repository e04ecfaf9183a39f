"""Curves, restricted means, competing reasons and hazards: against lifelines and statsmodels, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import immortal_time
from voclib.stats import survival

pytestmark = pytest.mark.filterwarnings("ignore:It looks like your weights are not integers")


def cohort(seed: int = 0, n: int = 250) -> pd.DataFrame:
    """Durations with ties, censoring, two groups, weights and reasons."""
    rng = np.random.default_rng(seed)
    exposed = rng.random(n) < 0.4
    left = rng.exponential(np.where(exposed, 200.0, 300.0))
    seen = rng.uniform(50, 400, n)
    event = left <= seen
    return pd.DataFrame({"days": np.ceil(np.minimum(left, seen)), "event": event.astype(int), "exposed": exposed, "w": rng.uniform(0.2, 3, n),
                         "store": rng.integers(0, 25, n), "cause": np.where(event, rng.choice(["sold", "elsewhere"], n), None)})


AT = np.array([10.0, 60, 120, 200, 300])


class TestCurves:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_kaplan_meier_is_that_of_lifelines(self, weighted: bool) -> None:
        from lifelines import KaplanMeierFitter

        frame = cohort()
        w = frame["w"] if weighted else None
        oracle = KaplanMeierFitter().fit(frame["days"], frame["event"], weights=w)
        ours = survival.kaplan_meier(frame["days"], frame["event"], at=AT, weights=w)
        assert ours.value == pytest.approx(oracle.survival_function_at_times(AT).to_numpy(), abs=1e-8)
        if not weighted:
            table = oracle.confidence_interval_survival_function_
            low = table.iloc[table.index.searchsorted(AT, side="right") - 1, 0].to_numpy()
            assert ours.conf_low == pytest.approx(low, abs=2e-3), "n/(n − 1) wider than Greenwood's"
            assert ours.at_risk.tolist() == [int((frame["days"] >= t).sum()) for t in AT]

    def test_errors_are_greenwoods_and_the_bootstraps(self) -> None:
        frame = cohort()
        times, days = np.unique(frame.loc[frame["event"] == 1, "days"]), frame["days"].to_numpy()
        d, n = np.array([((days == t) & (frame["event"] == 1)).sum() for t in times]), np.array([(days >= t).sum() for t in times])
        ours = survival.kaplan_meier(days, frame["event"], at=AT)
        greenwood = [ours.value[k] * np.sqrt((d / (n * (n - d)))[times <= t].sum()) for k, t in enumerate(AT)]
        assert ours.std_error == pytest.approx(np.array(greenwood) * np.sqrt(250 / 249), rel=1e-9)
        rng = np.random.default_rng(3)
        rows = [rng.integers(0, 250, 250) for _ in range(250)]
        again = [survival.kaplan_meier(days[r], frame["event"].to_numpy()[r], at=AT[:4], weights=frame["w"].to_numpy()[r]).value for r in rows]
        weighted = survival.kaplan_meier(days, frame["event"], at=AT[:4], weights=frame["w"])
        assert weighted.std_error == pytest.approx(np.std(again, axis=0), rel=0.15)

    def test_copies_are_weights_and_clusters_of_copies_are_rows(self) -> None:
        frame = cohort()
        twice = pd.concat([frame, frame])
        one = survival.kaplan_meier(frame["days"], frame["event"], at=AT)
        two = survival.kaplan_meier(twice["days"], twice["event"], at=AT, cluster=np.tile(np.arange(250), 2))
        heavy = survival.kaplan_meier(frame["days"], frame["event"], at=AT, weights=np.full(250, 7.0))
        for other in (two, heavy):
            assert other.value == pytest.approx(one.value) and other.std_error == pytest.approx(one.std_error, rel=1e-6)

    def test_before_anybody_leaves_and_after_everybody_has(self) -> None:
        ours = survival.kaplan_meier([2, 3, 3, 4], [1, 1, 1, 1], at=[1, 2, 3.5, 4])
        assert ours.value.tolist() == pytest.approx([1.0, 0.75, 0.25, 0.0])
        assert (ours.conf_low[0], ours.conf_high[0], ours.conf_low[3], ours.conf_high[3]) == (1, 1, 0, 0)
        assert (ours.band_low <= ours.conf_low).all() and (ours.band_high >= ours.conf_high).all()

    def test_a_customer_without_weight_is_not_there(self) -> None:
        frame = cohort()
        w = np.where(frame["store"] < 5, 0.0, frame["w"])
        kept = frame[w > 0]
        ours = survival.kaplan_meier(frame["days"], frame["event"], at=AT[:4], weights=w)
        assert ours.value == pytest.approx(survival.kaplan_meier(kept["days"], kept["event"], at=AT[:4], weights=kept["w"]).value)

    def test_the_band_is_wider_and_the_same_for_a_seed(self) -> None:
        frame = cohort()
        one, again = (survival.kaplan_meier(frame["days"], frame["event"], at=AT) for _ in range(2))
        assert (one.band_low < one.conf_low).all() and (one.band_low == again.band_low).all()
        assert list(one.tidy()) == ["time", "survival", "std_error", "conf_low", "conf_high", "band_low", "band_high", "at_risk"]

    def test_adjusted_curves_are_the_curves_of_the_groups(self) -> None:
        frame = cohort()
        table = survival.adjusted_curves(frame["days"], frame["event"], frame["exposed"], at=AT[:4], weights=frame["w"], cluster=frame["store"])
        part = frame[frame["exposed"]]
        alone = survival.kaplan_meier(part["days"], part["event"], at=AT[:4], weights=part["w"], cluster=part["store"])
        shown = table[table["group"] == "exposed"]
        assert shown["survival"].tolist() == pytest.approx(alone.value.tolist())
        assert shown["conf_low"].tolist() == pytest.approx(alone.conf_low.tolist())
        assert table["group"].tolist() == ["exposed"] * 4 + ["unexposed"] * 4


class TestRestrictedMean:
    def test_the_area_is_that_of_lifelines(self) -> None:
        from lifelines import KaplanMeierFitter
        from lifelines.utils import restricted_mean_survival_time

        frame = cohort()
        areas = {}
        for arm, part in frame.groupby("exposed"):
            curve = KaplanMeierFitter().fit(part["days"], part["event"], weights=part["w"])
            areas[arm] = restricted_mean_survival_time(curve, t=300)
        ours = survival.restricted_mean(frame["days"], frame["event"], frame["exposed"], horizon=300, weights=frame["w"])
        assert ours.value == pytest.approx(areas[True] - areas[False], abs=1e-8)

    def test_its_error_is_greenwoods_for_areas(self) -> None:
        frame = cohort()
        ours = survival.restricted_mean(frame["days"], frame["event"], frame["exposed"], horizon=300)
        variance = 0.0
        for _, part in frame.groupby("exposed"):
            times = np.unique(part.loc[part["event"] == 1, "days"])
            times = times[times < 300]
            d, n = (np.array([f(t) for t in times]) for f in (lambda t: ((part["days"] == t) & (part["event"] == 1)).sum(),  # noqa: B023
                                                             lambda t: (part["days"] >= t).sum()))  # noqa: B023
            steps = np.diff(np.append(times, 300.0))
            area = (np.cumprod(1 - d / n) * steps)[::-1].cumsum()[::-1]
            variance += (area**2 * d / (n * (n - d))).sum()
        assert ours.std_error == pytest.approx(np.sqrt(variance), rel=0.01)

    def test_no_censoring_is_a_difference_of_means(self) -> None:
        rng = np.random.default_rng(1)
        days, on, w = rng.uniform(1, 100, 80), np.arange(80) % 2, rng.uniform(1, 2, 80)
        ours = survival.restricted_mean(days, np.ones(80), on, horizon=60, weights=w)
        cut = np.minimum(days, 60)
        assert ours.value == pytest.approx(np.average(cut[on == 1], weights=w[on == 1]) - np.average(cut[on == 0], weights=w[on == 0]))
        plain = survival.restricted_mean(days, np.ones(80), on, horizon=60)
        assert plain.std_error == pytest.approx(np.sqrt(sum(cut[on == k].var() / 40 for k in (0, 1))), rel=0.02)

    def test_hours_instead_of_days_swapped_groups_and_order(self) -> None:
        frame = cohort()
        def call(f, scale=1.0, **o):
            return survival.restricted_mean(f["days"] * scale, f["event"], f["exposed"], horizon=300 * scale, weights=f["w"], cluster=f["store"], **o)
        one = call(frame)
        assert call(frame, 24.0).value == pytest.approx(24 * one.value) and call(frame, 24.0).std_error == pytest.approx(24 * one.std_error)
        swapped, other = call(frame.assign(exposed=~frame["exposed"])), call(frame.sample(frac=1, random_state=1))
        assert swapped.value == pytest.approx(-one.value) and (other.value, other.std_error) == pytest.approx((one.value, one.std_error))

    def test_it_ends_where_a_group_has_all_left(self) -> None:
        assert survival.restricted_mean([1, 2, 3, 4, 9, 9], [1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0], horizon=8).value == pytest.approx(2 - 20 / 3)


class TestCompetingReasons:
    def test_incidence_is_aalen_and_johansens(self) -> None:
        from lifelines import AalenJohansenFitter

        rng = np.random.default_rng(5)
        days = rng.exponential(100, 300)  # without ties, which lifelines breaks at random
        seen = rng.uniform(20, 250, 300)
        cause = np.where(days > seen, 0, rng.choice([1, 2], 300))
        days = np.minimum(days, seen)
        names = np.array([None, "sold", "elsewhere"], dtype=object)
        at = np.array([20.0, 60, 100, 150])
        ours = survival.cumulative_incidence(days, names[cause], causes=["sold", "elsewhere"], at=at)
        for code, name in ((1, "sold"), (2, "elsewhere")):
            oracle = AalenJohansenFitter(calculate_variance=True).fit(days, cause, event_of_interest=code)
            steps = oracle.cumulative_density_.iloc[:, 0]
            expected = steps.to_numpy()[np.searchsorted(steps.index.to_numpy(), at, side="right") - 1]
            part = ours[ours["cause"] == name]
            assert part["incidence"].to_numpy() == pytest.approx(expected, abs=1e-8)
            variance = oracle.variance_.to_numpy().ravel()[np.searchsorted(steps.index.to_numpy(), at, side="right") - 1]
            assert part["std_error"].to_numpy() == pytest.approx(np.sqrt(variance), rel=0.03)

    def test_reasons_and_those_still_there_add_up(self) -> None:
        frame = cohort()
        table = survival.cumulative_incidence(frame["days"], frame["cause"], causes=["sold", "elsewhere"], at=AT, weights=frame["w"])
        there = survival.kaplan_meier(frame["days"], frame["event"], at=AT, weights=frame["w"]).value
        assert table.groupby("time")["incidence"].sum().to_numpy() + there == pytest.approx(np.ones(5))
        alone = survival.kaplan_meier(frame["days"], frame["cause"] == "sold", at=AT, weights=frame["w"]).value
        assert (1 - alone > table.loc[table["cause"] == "sold", "incidence"].to_numpy()).all(), "others taken as censored says too much"

    def test_one_reason_is_one_minus_survival_with_its_error(self) -> None:
        frame = cohort()
        cause = np.where(frame["event"] == 1, "gone", None)
        table = survival.cumulative_incidence(frame["days"], cause, causes=["gone"], at=AT)
        curve = survival.kaplan_meier(frame["days"], frame["event"], at=AT)
        assert table["incidence"].to_numpy() == pytest.approx(1 - curve.value) and table["std_error"].to_numpy() == pytest.approx(curve.std_error)
        assert table["conf_low"].to_numpy() == pytest.approx(1 - curve.conf_high)
        assert table["band_high"].to_numpy() == pytest.approx(1 - curve.band_low)

    def test_errors_are_the_bootstraps(self) -> None:
        frame = cohort()
        rng = np.random.default_rng(6)
        def incidence(f):
            return survival.cumulative_incidence(f["days"], f["cause"], causes=["sold", "elsewhere"], at=AT[:4], weights=f["w"])
        again = [incidence(frame.iloc[rng.integers(0, 250, 250)])["incidence"].to_numpy() for _ in range(150)]
        assert incidence(frame)["std_error"].to_numpy() == pytest.approx(np.std(again, axis=0), rel=0.2)


COLUMNS = {"unit": "customer_id", "start": "start", "stop": "stop", "exposed_from": "complained_from", "left": "is_left", "horizon": 5}


def followed(frame: pd.DataFrame, **options) -> survival.Hazard:
    return survival.hazard(frame, **{**COLUMNS, "columns": ["spend"], **options})


def contracts(seed: int = 1, **options) -> pd.DataFrame:
    return immortal_time.draw(seed, **{"customers": 500, "months": 12, "log_odds": 0.7, **options})[0]


class TestHazard:
    def test_the_logit_is_that_of_person_months(self) -> None:
        from statsmodels.discrete.discrete_model import Logit

        frame = contracts()
        life = frame["stop"] - frame["start"]
        rows = []
        for k, row in frame.iterrows():
            steps = int(np.ceil(life[k])) if row["is_left"] else int(np.floor(life[k]))
            since = row["complained_from"] - row["start"]
            rows += [(m, float(since <= m), row["spend"], float(row["is_left"] and m == steps - 1), k) for m in range(steps)]
        long = pd.DataFrame(rows, columns=["month", "on", "spend", "gone", "who"])
        ours = followed(frame)
        assert ours.n_steps == len(long) and ours.n_left == long["gone"].sum()
        before, runs = long.groupby("month")["gone"].sum().cumsum().shift(fill_value=0), ours.n_left // 25
        levels = np.minimum(before * runs // ours.n_left, runs - 1)
        dummies = pd.get_dummies(levels[long["month"]].to_numpy(), dtype=float)
        fitted = Logit(long["gone"], np.column_stack([dummies, long["on"], long["spend"]])).fit(
            disp=0, method="newton", cov_type="cluster", cov_kwds={"groups": long["who"], "df_correction": False})
        at = dummies.shape[1]
        assert ours.log_odds.value == pytest.approx(fitted.params.iloc[at], abs=1e-6)
        k = len(fitted.params)
        assert ours.log_odds.std_error == pytest.approx(fitted.bse.iloc[at] * np.sqrt(500 / (500 - k)), rel=0.01)

    def test_without_covariates_the_risks_are_products_of_fitted_hazards(self) -> None:
        frame = pd.DataFrame({"customer_id": range(400), "start": 0.0, "spend": 0.0, "complained_from": np.where(np.arange(400) % 2, 0.0, np.nan)})
        rng = np.random.default_rng(2)
        life = rng.geometric(np.where(np.arange(400) % 2, 0.2, 0.1)).astype(float)
        frame["stop"], frame["is_left"] = np.minimum(life, 4.0), (life <= 4).astype(int)
        ours = followed(frame, columns=[], horizon=4)
        on, off = (frame.loc[frame["complained_from"].notna() == k, "is_left"].mean() for k in (True, False))
        assert ours.risks == pytest.approx((on, off), abs=0.02) and ours.risk_difference.value == pytest.approx(ours.risks[0] - ours.risks[1])
        assert ours.risk_ratio.value == pytest.approx(ours.risks[0] / ours.risks[1])
        assert ours.naive.value == pytest.approx(ours.risk_difference.value), "exposed from the start, there is nothing to get wrong"
        assert (ours.n_exposed, ours.n_standardised, ours.n_units) == (200, 200, 400)

    def test_errors_are_the_bootstraps(self) -> None:
        frame = contracts(2)
        rng = np.random.default_rng(3)
        again = [followed(frame.iloc[rng.integers(0, 500, 500)].assign(customer_id=range(500))) for _ in range(150)]
        ours = followed(frame)
        for name in ("risk_difference", "risk_ratio", "log_odds", "naive"):
            assert getattr(ours, name).std_error == pytest.approx(np.std([getattr(a, name).value for a in again]), rel=0.2), name

    def test_ever_complained_looks_loyal_and_is_not(self) -> None:
        ours = followed(contracts(3, customers=2000, log_odds=0.0))
        assert ours.naive.value + 2 * ours.naive.std_error < -0.1 and abs(ours.risk_difference.value) < 3 * ours.risk_difference.std_error

    def test_order_names_scales_dates_and_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = contracts(4)
        one = followed(frame)
        def same(other: survival.Hazard) -> None:
            for name in ("risk_difference", "risk_ratio", "naive"):
                a, b = getattr(other, name), getattr(one, name)
                assert (a.value, a.std_error) == pytest.approx((b.value, b.std_error), rel=1e-6)
        same(followed(frame.sample(frac=1, random_state=1).assign(customer_id=lambda f: "客户" + f["customer_id"].astype(str))))
        same(followed(frame.assign(spend=frame["spend"] * 1e6 + 1e8, again=frame["spend"]), columns=["spend", "again"]))
        days = {c: frame[c] * 30.4375 for c in ("start", "stop", "complained_from")}
        same(followed(frame.assign(**days), step=30.4375))
        same(followed(frame.assign(**{c: pd.Timestamp("2025-01-01") + pd.to_timedelta(v, unit="D") for c, v in days.items()})))
        monkeypatch.setattr("voclib.stats.survival.leaving.BLOCK", 700)
        same(followed(frame))

    def test_copies_in_clusters(self) -> None:
        frame = contracts(4)
        twice = pd.concat([frame, frame.assign(customer_id=frame["customer_id"] + 1000)]).assign(pair=lambda f: f["customer_id"] % 1000)
        one, two = followed(frame), followed(twice, cluster="pair")
        assert two.risk_difference.n_clusters == 500 and two.risk_difference.std_error == pytest.approx(one.risk_difference.std_error, rel=0.05)

    def test_an_exposure_after_leaving_is_none(self) -> None:
        frame = contracts(4)
        later = frame.assign(complained_from=frame["complained_from"].fillna(frame["stop"] + 1))
        assert followed(later).risk_difference.value == pytest.approx(followed(frame).risk_difference.value)


@pytest.mark.parametrize(("prepare", "options", "error", "words"), [
    (lambda f: pd.concat([f, f.iloc[:2]]), {}, DataError, "2 rows repeat a unit of 'customer_id'"),
    (lambda f: f.assign(stop=f["start"]), {}, DataError, "'stop' is not after 'start' in 500 of 500"),
    (lambda f: f.assign(stop=np.nan), {}, DataError, "is missing, in 500 of 500"),
    (lambda f: f.assign(is_left=2), {}, DataError, "'is_left' is not 0 or 1"),
    (lambda f: f.assign(complained_from=np.nan), {}, DataError, "0 were exposed .0 exposed steps"),
    (lambda f: f.assign(complained_from=f["start"]), {}, DataError, "some who left with the exposure and some who left without"),
    (lambda f: f.assign(is_left=0), {}, DataError, "Of 0 who left"),
    (lambda f: f, {"horizon": 12}, DataError, "No exposed unit can be followed for 12 steps"),
    (lambda f: f.assign(spend=f["is_left"] + 0.0), {}, DataError, "does not converge.*Look for a leak"),
    (lambda f: f, {"horizon": 0}, ParameterError, "horizon is a number of steps"),
    (lambda f: f, {"step": -1.0}, ParameterError, "step is a length of time"),
    (lambda f: f, {"left": "left"}, ParameterError, "no column 'left'; did you mean 'is_left'"),
])
def test_bad_input_of_a_hazard(prepare, options, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        followed(prepare(contracts(5)), **options)


class TestImmortal:
    def test_it_counts_and_stops(self) -> None:
        frame = contracts(6)
        late = int(frame["complained_from"].notna().sum())
        with pytest.raises(DataError, match=rf"Leakage: in {late} of 500 rows the exposure begins after time zero"):
            survival.immortal(frame["start"], frame["complained_from"])
        assert survival.immortal(frame["start"], frame["complained_from"], time_varying=True) == late

    def test_dates_and_exposures_from_the_start(self) -> None:
        day = pd.to_datetime(["2025-03-01", "2025-03-02"])
        assert survival.immortal(day, [day[0], pd.NaT]) == 0 and survival.immortal([0.0, 0.0], [np.nan, -3.0]) == 0
        with pytest.raises(DataError, match="in 1 of 2 rows"):
            survival.immortal(day, pd.to_datetime(["2025-03-01", "2025-04-01"]))
        with pytest.raises(ParameterError, match="same rows; there are 2 and 1"):
            survival.immortal(day, day[:1])

    def test_fixed_comparisons_are_guarded(self) -> None:
        frame = cohort()
        after = np.where(frame["exposed"], 5.0, np.nan)
        for call in (lambda **o: survival.restricted_mean(frame["days"], frame["event"], frame["exposed"], horizon=200, **o),
                     lambda **o: survival.adjusted_curves(frame["days"], frame["event"], frame["exposed"], at=AT[:3], **o)):
            with pytest.raises(DataError, match="immortal time"):
                call(exposed_after=after)
            assert call(exposed_after=after * 0) is not None


ARGUMENTS = {"duration": [1.0, 2, 3, 4, 5, 6], "event": [1, 0, 1, 1, 0, 1], "exposed": [1, 1, 1, 0, 0, 0], "horizon": 4.0}


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"duration": [1.0, -2, 3, 4, 5, 6]}, DataError, "in 1 of 6 rows it is not: dates in the wrong order"),
    ({"duration": [1.0, np.nan, 3, 4, 5, 6]}, DataError, "in 1 of 6 rows"),
    ({"event": [1, 0, 2, 1, 0, 1]}, DataError, "event is 1 for who left"),
    ({"exposed": [1, 0, 0, 0, 0, 0]}, DataError, "at least two rows of each"),
    ({"exposed": [1, 0]}, ParameterError, "exposed has 2 rows and duration 6"),
    ({"event": [1, 0]}, ParameterError, "need the same rows"),
    ({"weights": [1, 1, 1, 1, 1, -1]}, DataError, "Weights are 0 or more"),
    ({"horizon": 5.0, "event": [1, 1, 0, 1, 1, 1]}, DataError, "exposed rows are followed to 3 at most"),
    ({"horizon": 0.0}, DataError, "horizon of 0 is not covered"),
    ({"event": [0] * 6, "duration": [9.0] * 6}, DataError, "Nobody leaves before 4"),
])
def test_bad_input_of_a_restricted_mean(change: dict, error: type[Exception], words: str) -> None:
    given = {**ARGUMENTS, **change}
    with pytest.raises(error, match=words):
        survival.restricted_mean(given.pop("duration"), given.pop("event"), given.pop("exposed"), **given)


@pytest.mark.parametrize(("cause", "causes", "words"), [
    (["sold", "moved", None], ["sold"], "cause holds 'moved', which causes= does not name"),
    (["sold", None, None], ["sold", "moved"], "Nobody left because of 'moved'"),
])
def test_bad_reasons(cause: list, causes: list, words: str) -> None:
    with pytest.raises(DataError, match=words):
        survival.cumulative_incidence([1.0, 2, 3], cause, causes=causes, at=[2.0])


def test_times_nobody_was_seen_at() -> None:
    with pytest.raises(DataError, match="Nobody was seen after 3"):
        survival.kaplan_meier([1.0, 2, 3], [1, 0, 1], at=[2.0, 4.0])
