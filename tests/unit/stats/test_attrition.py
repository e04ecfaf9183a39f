"""Weights for panel drop-out: by hand in cells, against the bootstrap, and which panels are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import dropout
from voclib.stats.attrition import ipcw, panel_change

KEYS = {"unit": "customer_id", "period": "wave", "answered": "responded"}
MODEL = {**KEYS, "columns": ["logins"], "history": ["y"]}


def small() -> pd.DataFrame:
    """Twelve customers, three waves: of six unhappy ones four leave after the first, of six happy ones two after the second."""
    rows = []
    for who in range(12):
        sad, last = who < 6, 0 if who < 4 else 1 if who in (6, 7) else 2
        rows += [{"customer_id": who, "wave": t, "responded": t <= last, "sad": float(sad), "y": (-100.0 if sad else 100.0) if t <= last else np.nan}
                 for t in range(3)]
    return pd.DataFrame(rows)


def panel(seed: int = 0, **options) -> pd.DataFrame:
    return dropout.draw(seed, customers=400, waves=3, **options)[0]


class TestByHand:
    def test_who_stays_stands_for_those_alike(self) -> None:
        found = ipcw(small(), **KEYS, columns=["sad"])
        assert found.present.sum(axis=0).tolist() == [12, 8, 6]
        assert found.staying[0, 1] == pytest.approx(2 / 6) and found.staying[11, 2] == pytest.approx(4 / 6)
        shares = [found.weights[:6, t].sum() / found.weights[:, t].sum() for t in range(3)]
        assert shares == pytest.approx([0.5, 0.5, 0.5])
        assert (found.weights[~found.present] == 0).all() and found.weights[:, 0].tolist() == [1.0] * 12
        assert found.weights.sum(axis=0) == pytest.approx([12, 8, 6]), "stabilised: as much weight as there are answers"

    def test_nothing_changed_and_only_the_naive_trend_says_otherwise(self) -> None:
        found = panel_change(small(), "y", **KEYS, columns=["sad"])
        assert found.fit.value == pytest.approx(0, abs=1e-9) and found.survivors.value == 0
        assert found.naive.value == pytest.approx(100 / 3) and [m.value for m in found.naive_waves] == pytest.approx([0, 50, 100 / 3])
        assert [m.value for m in found.waves] == pytest.approx([0, 0, 0], abs=1e-9)

    def test_nobody_leaves_and_nothing_is_corrected(self) -> None:
        frame = small().assign(responded=True)
        frame["y"] = np.where(frame["sad"] == 1, -100.0, 100.0) + 10 * frame["wave"]
        found = panel_change(frame, "y", **KEYS, columns=["sad"])
        assert (found.panel.weights == 1).all() and found.panel.n_effective.tolist() == [12, 12, 12]
        assert found.fit.value == found.naive.value == found.survivors.value == 20
        assert found.fit.std_error == pytest.approx(0, abs=1e-9)

    def test_an_answer_after_a_gap_is_counted_and_not_used(self) -> None:
        frame = small()
        frame.loc[(frame["customer_id"] == 0) & (frame["wave"] == 2), "responded"] = True
        found = ipcw(frame, **KEYS, columns=["sad"])
        assert found.returned == 1 and not found.present[0, 2]

    def test_weights_in_the_rows_of_a_frame(self) -> None:
        frame = small()
        found = ipcw(frame, **KEYS, columns=["sad"])
        mixed = frame.sample(frac=1, random_state=3)
        assert found.of(mixed, unit="customer_id", period="wave")[mixed["responded"].to_numpy()].min() > 0
        assert found.of(frame, unit="customer_id", period="wave") == pytest.approx(found.weights.ravel())

    def test_customers_who_never_began_are_not_in_the_panel(self) -> None:
        late = pd.DataFrame({"customer_id": 99, "wave": [0, 1, 2], "responded": [False, True, True], "sad": 0.0, "y": [np.nan, 0, 0]})
        found = panel_change(pd.concat([small(), late]), "y", **KEYS, columns=["sad"])
        assert 99 not in found.panel.units and found.fit.value == pytest.approx(0, abs=1e-9)
        shuffled = pd.concat([small(), late]).sample(frac=1, random_state=1)
        weights = found.panel.of(shuffled, unit="customer_id", period="wave")
        assert (weights[shuffled["customer_id"].to_numpy() == 99] == 0).all()


class TestVariance:
    def test_it_is_the_bootstrap_of_all_steps(self) -> None:
        frame = panel()
        found = panel_change(frame, "y", **MODEL)
        units = frame["customer_id"].nunique()
        cube, rng = frame.sort_values(["customer_id", "wave"]), np.random.default_rng(1)
        again = []
        for _ in range(200):
            rows = (rng.integers(0, units, units)[:, None] * 3 + np.arange(3)).ravel()
            drawn = cube.iloc[rows].assign(customer_id=np.repeat(np.arange(units), 3))
            again.append(panel_change(drawn, "y", **MODEL).fit.value)
        assert found.fit.std_error == pytest.approx(np.std(again), rel=0.15)

    def test_dealers_as_clusters(self) -> None:
        found = panel_change(panel(), "y", **MODEL, cluster="dealer")
        assert found.fit.n_clusters == 40 and found.naive.n_clusters == 40 and np.isfinite(found.fit.df)
        assert found.fit.value == panel_change(panel(), "y", **MODEL).fit.value

    def test_a_contrast_of_the_analysts_choice(self) -> None:
        found = panel_change(panel(), "y", **MODEL, contrast=[-0.5, 0.0, 0.5])
        whole = panel_change(panel(), "y", **MODEL)
        assert found.fit.value == pytest.approx(whole.fit.value / 2) and found.fit.std_error == pytest.approx(whole.fit.std_error / 2)
        assert whole.estimate("nps_change", unit="points", rung="ipcw").value == whole.fit.value


class TestInvariance:
    def test_order_and_labels(self) -> None:
        frame = panel()
        one = panel_change(frame, "y", **MODEL).fit
        other = frame.sample(frac=1, random_state=2).assign(customer_id=lambda f: "c" + f["customer_id"].astype(str),
                                                           wave=lambda f: pd.to_datetime("2026-01-01") + pd.to_timedelta(30 * f["wave"], unit="D"))
        two = panel_change(other, "y", **MODEL).fit
        assert (two.value, two.std_error) == pytest.approx((one.value, one.std_error), abs=1e-9)

    def test_rows_of_those_gone_may_be_missing(self) -> None:
        frame = panel().drop(columns="logins")
        options = {**KEYS, "columns": ["tenure"], "history": ["y"]}
        first_missed = ~frame["responded"] & frame.groupby("customer_id")["responded"].shift(fill_value=True)
        one, two = (panel_change(f, "y", **options).fit for f in (frame, frame[frame["responded"] | first_missed]))
        assert one.value == two.value and one.std_error == two.std_error

    def test_everybody_twice_in_one_cluster(self) -> None:
        frame = panel().assign(who=lambda f: f["customer_id"])
        twin = pd.concat([frame, frame.assign(customer_id=frame["customer_id"] + 10_000)])
        one, two = (panel_change(f, "y", **MODEL, cluster="who").fit for f in (frame, twin))
        assert (two.value, two.std_error) == pytest.approx((one.value, one.std_error), abs=1e-9)


@pytest.mark.parametrize(("change", "options", "error", "words"), [
    (lambda f: f, {"history": ["nps_scor"]}, ParameterError, "did you mean 'nps_score'"),
    (lambda f: f, {"columns": [], "history": []}, ParameterError, "columns or history"),
    (lambda f: f, {"contrast": [1, 0, 0]}, ParameterError, "sum to zero"),
    (lambda f: pd.concat([f, f.tail(1)]), {}, DataError, "1 rows repeat"),
    (lambda f: f[f["wave"] == 0], {}, DataError, "at least two periods"),
    (lambda f: f.assign(responded=f["responded"] & (f["wave"] < 2)), {}, DataError, "Nobody stays for period 2"),
    (lambda f: f.assign(logins=f["responded"].astype(float)), {}, DataError, "perfectly predicted"),
    (lambda f: f.assign(logins=f["logins"].where(f["customer_id"] != 3)), {}, DataError, "'logins' is missing for 1 customers"),
    (lambda f: f.assign(y=f["y"].where(f["wave"] < 2)), {}, DataError, "marked as answered"),
    (lambda f: f.assign(responded=False), {}, DataError, "answered the first period"),
    (lambda f: f.assign(dealer=f["wave"]), {"cluster": "dealer"}, DataError, "the same in all rows"),
])
def test_bad_input(change, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        panel_change(change(panel()), "y", **{**MODEL, **options})


class TestWorld:
    def test_everybody_begins_and_nobody_returns(self) -> None:
        frame, truth = dropout.draw(4)
        wide = frame.pivot(index="customer_id", columns="wave", values="responded").to_numpy()
        assert wide[:, 0].all() and (np.diff(wide.astype(int), axis=1) <= 0).all()
        assert frame["nps_score"].notna().equals(frame["responded"]) and truth["stay_share"][-1] < 0.7

    def test_the_exact_truth_is_that_of_a_large_draw(self) -> None:
        frame, truth = dropout.draw(5, customers=60_000, waves=3)
        scores = frame["true_score"]
        mean = 100 * ((scores >= 9).astype(float) - (scores <= 6)).groupby(frame["wave"]).mean()
        assert mean.to_numpy() == pytest.approx(truth["nps"], abs=1.2)

    def test_the_trend_is_drawn_or_given(self) -> None:
        assert dropout.draw(1)[1]["trend"] != dropout.draw(2)[1]["trend"]
        assert dropout.draw(1, trend=0.0)[1]["nps_change"] == 0
        pd.testing.assert_frame_equal(dropout.draw(1)[0], dropout.draw(1)[0])
