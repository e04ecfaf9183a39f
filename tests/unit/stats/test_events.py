"""The event study: by hand, against pyfixest, what plays no part, what leads catch, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import first_exposure
from voclib.stats.events import EventStudy, event_study

NAMES = {"unit": "customer_id", "period": "month", "exposed_in": "exposed_month", "outcome": "margin_cny"}


def study(frame: pd.DataFrame, **options) -> EventStudy:
    return event_study(frame, **{**NAMES, "lags": 9, **options})


def panel(seed: int = 1, **options) -> pd.DataFrame:
    return first_exposure.draw(seed, **{"customers": 200, **options})[0]


def small(exposed: dict[str, float], y: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(u, t, exposed.get(u, np.nan), v) for u, values in y.items() for t, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["customer_id", "month", "exposed_month", "margin_cny"])


@pytest.fixture(scope="module")
def found() -> EventStudy:
    return study(panel(customers=600))


def numbers(found: EventStudy) -> list[float]:
    table = found.tidy()
    return [found.att.value, found.att.std_error, found.total.value, found.naive.value, found.naive.std_error, found.trend.value, found.leads_p,
            found.critical, *table["estimate"], *table["std_error"], *table["band_low"]]


class TestNumbers:
    def test_two_cohorts_of_one_by_hand(self) -> None:
        frame = small({"a": 3.0, "b": 3.0}, {"a": [10, 10, 10, 4, 2], "b": [20, 20, 20, 14, 12], "c": [5, 6, 5, 7, 8], "d": [7, 6, 7, 9, 10]})
        found = study(frame, lags=1, leads=1)
        # controls move by +2 and +3 from the mean of the first three months, less what the month effects take of their sixths
        controls = [np.mean([7 - 16 / 3, 9 - 20 / 3]), np.mean([8 - 16 / 3, 10 - 20 / 3])]
        path = dict(found.path)
        assert [path[0].value, path[1].value] == pytest.approx([-6 - controls[0], -8 - controls[1]])
        assert found.total.value == pytest.approx(path[0].value + path[1].value) and found.att.value == pytest.approx(found.total.value / 2)
        assert path[0].n == 2 and found.n_exposed == 2 and found.n_units == 4

    def test_path_is_that_of_did2s_and_errors_are_no_smaller(self) -> None:
        import pyfixest

        frame = panel(3, customers=150)
        found = study(frame, lags=16)
        data = frame.assign(who=frame["customer_id"].astype(int), on=(frame["month"] >= frame["exposed_month"]).astype(int))
        data["since"] = np.where(data["on"] == 1, data["month"] - data["exposed_month"], -1).astype(int)
        table = pyfixest.did2s(data, yname="margin_cny", first_stage="~0 | who + month", second_stage="~i(since, ref=-1)", treatment="on",
                               cluster="who").tidy()
        ours = dict(found.path)
        for h in range(17):
            row = table.loc[table.index.str.contains(rf"since::{h}(?:\.0)?$")].iloc[0]
            assert ours[h].value == pytest.approx(row["Estimate"], abs=2e-3), "its first stage iterates to about 1e-5"
            assert 1.0 <= ours[h].std_error / row["Std. Error"] < 1.1, "its CRV1 takes exposed units' own residuals; the jackknife leaves each out"

    @pytest.mark.parametrize("cluster", [None, "region"])
    def test_errors_are_those_of_leaving_each_unit_out_and_starting_over(self, cluster: str | None) -> None:
        rng = np.random.default_rng(3)
        frame = panel(3, customers=40).sample(frac=0.9, random_state=1).assign(w=lambda f: rng.uniform(0.5, 2, len(f)),
                                                                               region=lambda f: f["customer_id"] % 13)
        options = {"leads": 3, "lags": 4, "weights": "w", "cluster": cluster}
        found, who = study(frame, **options), frame[cluster or "customer_id"]
        fewer = [study(frame[who != one], **options) for one in who.unique()]
        for read in (lambda e: e.att, lambda e: e.naive, *(lambda e, k=k: e.path[k][1] for k in range(8))):
            moved = np.array([read(e).value for e in fewer]) - read(found).value
            assert read(found).std_error == pytest.approx(np.sqrt((1 - 1 / len(moved)) * (moved**2).sum()), rel=1e-9)

    def test_leads_are_a_regression_on_unexposed_cells_alone(self) -> None:
        import pyfixest

        frame = panel(4, customers=120)
        found = study(frame)
        data = frame[~(frame["month"] >= frame["exposed_month"])].copy()
        since = data["month"] - data["exposed_month"]
        for k in range(1, 5):
            data[f"lead{k}"] = (since == -k).astype(float)
        fitted = pyfixest.feols("margin_cny ~ lead4 + lead3 + lead2 + lead1 | customer_id + month", data, vcov={"CRV1": "customer_id"})
        ours = [f for h, f in found.path if h < 0]
        assert [f.value for f in ours] == pytest.approx(fitted.coef().to_numpy(), abs=1e-5)
        assert [f.std_error for f in ours] == pytest.approx(fitted.se().to_numpy(), rel=0.02)

    def test_the_naive_one_is_static_two_way_fixed_effects(self) -> None:
        from linearmodels.panel import PanelOLS

        frame = panel(5, customers=100)
        found = study(frame, lags=16)
        data = frame.assign(on=(frame["month"] >= frame["exposed_month"]).astype(float)).set_index(["customer_id", "month"])
        oracle = PanelOLS(data["margin_cny"], data[["on"]], entity_effects=True, time_effects=True).fit()
        assert found.naive.value == pytest.approx(oracle.params["on"], abs=1e-8)

    def test_the_trend_is_what_the_same_line_prolonged_would_give(self) -> None:
        clean = panel(6)
        line = clean.assign(margin_cny=np.where(clean["exposed_month"].notna(), -7.0 * clean["month"], 0.0) + clean["month"] ** 2)
        found = study(line)
        assert found.trend.value == pytest.approx(found.att.value, rel=1e-9) and found.trend.value < -50
        assert not found.passes and not found.leads_equivalent


class TestWhatPlaysNoPart:
    def test_order_of_rows_names_of_units_and_unit_levels(self) -> None:
        frame = panel(2)
        one = numbers(study(frame))
        shuffled = frame.sample(frac=1, random_state=1).assign(customer_id=lambda f: "客户" + f["customer_id"].astype(str))
        lifted = frame.assign(margin_cny=frame["margin_cny"] + 1000 * (frame["customer_id"] % 7) + 50 * frame["month"])
        for other in (shuffled, lifted):
            assert numbers(study(other)) == pytest.approx(one, rel=1e-7, abs=1e-7)

    def test_fen_instead_of_yuan_scales_everything(self) -> None:
        frame = panel(2)
        one, fen = study(frame), study(frame.assign(margin_cny=100 * frame["margin_cny"]))
        assert fen.total.value == pytest.approx(100 * one.total.value) and fen.att.std_error == pytest.approx(100 * one.att.std_error)
        assert (fen.leads_p, fen.critical, fen.passes) == (pytest.approx(one.leads_p), pytest.approx(one.critical), one.passes)

    def test_periods_as_dates_or_text(self) -> None:
        frame = panel(2)
        months = pd.date_range("2024-03-01", periods=48, freq="MS")
        dated = frame.assign(month=[months[m] for m in frame["month"]], exposed_month=frame["exposed_month"].map(
            lambda m: pd.NaT if pd.isna(m) else months[int(m)] + pd.Timedelta(days=11)))
        text = dated.assign(month=dated["month"].dt.strftime("%Y-%m"), exposed_month=dated["exposed_month"].dt.strftime("%Y-%m"))
        for other in (dated, text):
            assert numbers(study(other)) == pytest.approx(numbers(study(frame)))

    def test_one_cluster_a_unit_is_no_clustering_and_two_units_a_cluster_widen_or_not(self) -> None:
        frame = panel(2)
        one, own = study(frame), study(frame, cluster="customer_id")
        assert own.att.value == one.att.value and own.att.std_error == pytest.approx(one.att.std_error, rel=1e-9)
        twice = pd.concat([frame, frame.assign(customer_id=frame["customer_id"] + 10_000)]).assign(pair=lambda f: f["customer_id"] % 10_000)
        assert study(twice, cluster="pair").att.std_error == pytest.approx(one.att.std_error, rel=1e-6)
        assert study(twice).att.std_error < 0.8 * one.att.std_error

    def test_weights_are_copies_of_units(self) -> None:
        frame = panel(2)
        heavy = frame.assign(w=np.where(frame["customer_id"] % 2 == 0, 3.0, 1.0))
        copies = pd.concat([frame, *(frame[frame["customer_id"] % 2 == 0].assign(customer_id=lambda f, k=k: f["customer_id"] + k * 10_000)
                                     for k in (1, 2))])
        assert [f.value for _, f in study(heavy, weights="w").path] == pytest.approx([f.value for _, f in study(copies).path])

    def test_a_gap_in_the_panel_and_units_exposed_from_the_first_month(self) -> None:
        frame = panel(2)
        with_gaps = frame.sample(frac=0.9, random_state=3)
        assert abs(study(with_gaps).att.value - study(frame).att.value) < 2 * study(frame).att.std_error
        always = frame.assign(exposed_month=frame["exposed_month"].where(frame["customer_id"] >= 20, 0.0))
        found = study(always)
        assert found.n_dropped == 20 and found.n_units == 180

    def test_the_same_seed_gives_the_same_band(self, found: EventStudy) -> None:
        again = study(panel(customers=600))
        assert again.critical == found.critical and study(panel(customers=600), seed=5).critical == pytest.approx(found.critical, rel=0.03)


class TestShape:
    def test_the_table_for_a_chart(self, found: EventStudy) -> None:
        table = found.tidy()
        assert table["relative_period"].tolist() == [*range(-4, 0), *range(10)]
        assert (table["is_lead"] == (table["relative_period"] < 0)).all()
        assert (table["band_low"] <= table["conf_low"]).all() and (table["conf_high"] <= table["band_high"]).all()
        assert found.critical > 2.3 and found.att.estimate("loss", unit="cny").value == found.att.value

    def test_a_longer_horizon_than_asked_for_is_where_half_are_followed(self) -> None:
        found = study(panel(customers=600), lags=None)
        counts = {h: f.n for h, f in found.path if h >= 0}
        assert counts[max(counts)] >= counts[0] / 2 and 9 <= max(counts) <= 11

    def test_without_anybody_unexposed_for_good_late_cells_are_left_out(self) -> None:
        frame = panel(2, never_share=0.0, customers=400)
        found = study(frame, lags=5, leads=3)
        assert found.n_unmatched > 0 and found.att.value < 0 and found.trend is not None
        assert not np.isnan(found.leads_p)

    def test_leads_shorten_to_what_the_panel_holds(self) -> None:
        frame = panel(2)
        short = frame[frame["month"] >= frame["exposed_month"].fillna(12) - 3]
        assert [h for h, _ in study(short, lags=3).path if h < 0] == [-2, -1]

    def test_few_clusters_cannot_test_many_leads(self) -> None:
        frame = panel(2)
        found = study(frame.assign(region=frame["customer_id"] % 4), cluster="region")
        assert np.isnan(found.leads_p) and not found.passes

    def test_passing_takes_both(self, found: EventStudy) -> None:
        assert found.passes == (found.leads_p >= 0.05 and found.leads_equivalent)
        assert not replace(found, leads_p=0.01).passes and not replace(found, leads_equivalent=False).passes


def change(**columns):
    return lambda f: f.assign(**columns)


@pytest.mark.parametrize(("prepare", "options", "error", "words"), [
    (lambda f: pd.concat([f, f.iloc[[5]]]), {}, DataError, r"1 rows repeat a unit and period, such as customer_id 0 in 5.*add the amounts up"),
    (change(margin_cny=7.0), {}, DataError, "'margin_cny' is 7 in every row"),
    (change(exposed_month=np.nan), {}, DataError, "Nobody is exposed"),
    (change(exposed_month=9), {}, DataError, "Nobody is unexposed in the periods after exposure"),
    (change(exposed_month=0.0), {}, DataError, "exposed from its first period on"),
    (lambda f: f[f["month"] >= f["exposed_month"].fillna(0) - 1], {}, DataError, "1 period.s. before exposure; at least 2"),
    (lambda f: f.assign(exposed_month=np.where(f["month"] == 3, 5.0, f["exposed_month"])), {}, DataError, "'exposed_month' changes within"),
    (lambda f: f.assign(margin_cny=f["margin_cny"].where(f["month"] != 2)), {}, DataError, "missing in 200 of 4800 rows; write 0"),
    (lambda f: f.assign(month=f["month"] + 0.5), {}, DataError, "'month' holds fractions"),
    (lambda f: f.assign(month="week " + f["month"].astype(str)), {}, DataError, "neither whole numbers nor dates, but for example 'week 0'"),
    (lambda f: f.assign(month=f["month"].where(f["month"] != 3)), {}, DataError, "is missing in 200 of 4800"),
    (lambda f: f.iloc[:0], {}, DataError, "no rows"),
    (change(w=-1.0), {"weights": "w"}, DataError, "Weights 'w' must be 0 or more"),
    (lambda f: f.assign(shop=f["month"] % 2), {"cluster": "shop"}, DataError, "'shop' changes within 200 units"),
    (lambda f: f, {"lags": 40}, DataError, r"for 17 periods from exposure on, not for 41 \(lags=40\); take lags of at most 16"),
    (lambda f: f, {"outcome": "margin"}, ParameterError, "no column 'margin' in the panel; did you mean 'margin_cny'"),
    (lambda f: f, {"leads": 0}, ParameterError, "leads is at least 1"),
    (lambda f: f, {"lags": -1}, ParameterError, "lags at least 0"),
])
def test_bad_input(prepare, options, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        study(prepare(panel(2)), **options)


def test_periods_that_no_unit_links() -> None:
    frame = pd.concat([small({"a": 3.0}, {"a": [1, 2, 3, 4], "b": [2, 1, 3, 2]}),
                       small({}, {"c": [1, 3, 2, 5], "d": [2, 2, 1, 3]}).assign(month=lambda f: f["month"] + 10)])
    with pytest.raises(DataError, match="fall into groups that no unexposed unit links"):
        study(frame, lags=0)
