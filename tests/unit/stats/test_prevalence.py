"""Shares corrected for the classifier and for who comments: by hand, at the ends, and what must change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from voclib.errors import DataError, ParameterError
from voclib.simulate.worlds import angry_comments
from voclib.stats import inference, prevalence

KRIPPENDORFF = np.array([[1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
                         [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan]])


@pytest.fixture(scope="module")
def comments() -> pd.DataFrame:
    frame, _ = angry_comments.draw(1)
    made = frame[frame["commented"]].reset_index(drop=True)
    return made.assign(weight=1 / (made["answer_probability"] * made["comment_probability"]))


def ppi(frame: pd.DataFrame, topic: str = "booking", **options: object) -> prevalence.Powered:
    given = {"gold_probability": frame["gold_probability"], "weights": frame["weight"], **options}
    return prevalence.ppi_mean(frame[f"predicted_{topic}"], frame[f"gold_{topic}"], **given)


class TestPowered:
    def test_by_hand(self) -> None:
        f, y = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, np.nan, np.nan])
        found = prevalence.ppi_mean(f, y, gold_probability=0.5, power=False)
        assert found.value == pytest.approx(0.5 + ((1 - 1) + (1 - 0)) / 2)
        assert found.std_error == pytest.approx(np.sqrt(1 / 12)) and (found.n, found.n_gold) == (4, 2)  # influence −½, ½, ½, −½
        w = np.array([1.0, 2, 1, 4])
        weighted = prevalence.ppi_mean(f, y, gold_probability=[0.5, 0.25, 1, 1], weights=w, power=False)
        assert weighted.value == pytest.approx(2 / 8 + (2 * 0 + 8 * 1) / 10)

    def test_a_perfect_classifier_is_the_plain_weighted_mean(self, comments: pd.DataFrame) -> None:
        f = comments["true_noise"].astype(float)
        gold = f.where(comments["gold_noise"].notna())
        for power in (True, False):
            found = prevalence.ppi_mean(f, gold, gold_probability=comments["gold_probability"], weights=comments["weight"], power=power)
            plain = prevalence.weighted_mean(f, weights=comments["weight"])
            assert found.power == pytest.approx(1) and found.value == pytest.approx(plain.value, abs=1e-12)
            assert found.std_error == pytest.approx(plain.std_error, rel=1e-9)

    def test_everything_labelled_is_the_labels_mean(self, comments: pd.DataFrame) -> None:
        y = comments["true_noise"].astype(float)
        found = prevalence.ppi_mean(comments["predicted_noise"], y, gold_probability=1.0, weights=comments["weight"])
        plain = prevalence.weighted_mean(y, weights=comments["weight"])
        assert (found.value, found.std_error) == pytest.approx((plain.value, plain.std_error))

    def test_a_constant_classifier_is_the_labels_alone(self, comments: pd.DataFrame) -> None:
        options = {"gold_probability": comments["gold_probability"], "weights": comments["weight"]}
        found = prevalence.ppi_mean(np.zeros(len(comments)), comments["gold_noise"], **options)
        h = (comments["weight"] / comments["gold_probability"])[comments["gold_noise"].notna()]
        assert found.power == 0 and found.value == pytest.approx(np.average(comments["gold_noise"].dropna(), weights=h))
        assert prevalence.ppi_mean(np.full(len(comments), 0.3), comments["gold_noise"], **options).value == pytest.approx(found.value)

    @pytest.mark.parametrize("noise", [False, True])
    def test_never_wider_than_the_labels_alone(self, noise: bool) -> None:
        for seed in range(15):
            frame, _ = angry_comments.draw(seed, customers=8000, gold=300, noise=noise)
            made = frame[frame["commented"]].assign(weight=lambda f: 1 / f["comment_probability"])
            for topic in angry_comments.TOPICS:
                options = {"gold_probability": made["gold_probability"], "weights": made["weight"]}
                alone = prevalence.ppi_mean(np.zeros(len(made)), made[f"gold_{topic}"], **options)
                assert ppi(made, topic).std_error <= alone.std_error * (1 + 1e-12)

    def test_the_influence_function_is_the_derivative(self, comments: pd.DataFrame) -> None:
        """Moving one row's weight moves the value as the influence function says (λ held)."""
        base = ppi(comments, power=False)
        n, labelled = len(comments), np.flatnonzero(comments["gold_booking"].notna())
        for row in (*labelled[:3], np.flatnonzero(comments["gold_booking"].isna())[0]):
            w = comments["weight"].to_numpy().copy()
            w[row] *= 1 + 1e-6
            moved = ppi(comments, weights=w, power=False)
            assert (moved.value - base.value) / 1e-6 == pytest.approx(base.influence[row] / n, rel=1e-3, abs=1e-9)

    def test_strata_use_the_achieved_chances_and_narrow(self, comments: pd.DataFrame) -> None:
        found = ppi(comments, strata=comments["stratum"])
        achieved = comments["gold_booking"].notna().groupby(comments["stratum"]).transform("mean")
        at = ppi(comments, gold_probability=achieved, strata=comments["stratum"])
        assert (found.value, found.std_error) == (at.value, at.std_error)
        rates = ppi(comments, gold_probability=achieved, power=False), ppi(comments, strata=comments["stratum"], power=False)
        assert rates[0].value == pytest.approx(rates[1].value) and rates[1].std_error < rates[0].std_error

    def test_what_must_change_nothing(self, comments: pd.DataFrame) -> None:
        once, order = ppi(comments), np.random.default_rng(0).permutation(len(comments))
        assert ppi(comments.iloc[order]).value == pytest.approx(once.value, abs=1e-12)
        assert ppi(comments, weights=7 * comments["weight"]).std_error == pytest.approx(once.std_error)
        twice = pd.concat([comments, comments], ignore_index=True)
        ids = np.tile(np.arange(len(comments)), 2)
        again, own = ppi(twice, weights=twice["weight"] / 2, cluster=ids), ppi(comments, cluster=np.arange(len(comments)))
        assert (again.value, again.power) == pytest.approx((once.value, once.power), abs=1e-9)
        assert again.std_error == pytest.approx(own.std_error, rel=1e-6)

    def test_unusable(self, comments: pd.DataFrame) -> None:
        f, y = comments["predicted_noise"], comments["gold_noise"]
        with pytest.raises(DataError, match="lacks a prediction"):
            prevalence.ppi_mean(f.where(f == 0), y, gold_probability=0.5)
        with pytest.raises(DataError, match="at least two"):
            prevalence.ppi_mean(f, y * np.nan, gold_probability=0.5)
        for bad in (0.0, 1.5, np.nan):
            with pytest.raises(DataError, match="chance of being labelled"):
                prevalence.ppi_mean(f, y, gold_probability=bad)
        with pytest.raises(DataError, match="merge strata"):
            prevalence.ppi_mean(f, y, gold_probability=0.5, strata=np.arange(len(f)))
        with pytest.raises(DataError, match="Weights"):
            prevalence.ppi_mean(f, y, gold_probability=0.5, weights=-np.ones(len(f)))
        with pytest.raises(DataError, match="labels"):
            prevalence.ppi_mean(f, y[:-1], gold_probability=0.5)

    def test_the_printed_interval_is_a_share(self, comments: pd.DataFrame) -> None:
        found = ppi(comments)
        shown = found.estimate("booking", rung="corrected")
        assert shown.unit == "share" and 0 <= shown.conf_low <= shown.value <= shown.conf_high <= 1
        assert shown.conf_high - shown.value > shown.value - shown.conf_low, "a rare share's interval is longer upwards"
        assert shown.ci_method.startswith("prediction-powered") and shown.n == len(comments)
        points = found.estimate("booking", unit="points", low=-100, high=100)
        assert points.conf_high - points.value == pytest.approx(points.value - points.conf_low)


    @pytest.mark.parametrize("seed", range(3))
    def test_a_topic_that_labels_never_show_may_be_there(self, seed: int) -> None:
        """Of 200 labels often none shows a topic of one voice in 200; an interval from 0 to 0 then claims what nobody knows."""
        rng = np.random.default_rng(seed)
        truth, held, naive = rng.uniform(0.004, 0.008), [], []
        for _ in range(300):
            y = (rng.random(4000) < truth).astype(float)
            f, gold = np.zeros(4000), np.where(np.arange(4000) < 200, y, np.nan)
            found = prevalence.ppi_mean(f, gold, gold_probability=0.05)
            shown, plain = found.estimate("rare"), super(prevalence.Powered, found).estimate("rare", unit="share", low=0, high=1)
            assert 0 <= shown.conf_low <= shown.value <= shown.conf_high <= 1
            held.append(shown.conf_low <= truth <= shown.conf_high)
            naive.append(plain.conf_low <= truth <= plain.conf_high)
        assert np.mean(held) >= 0.94 and np.mean(naive) < 0.8

    def test_less_than_nothing_is_nothing(self) -> None:
        found = prevalence.Powered(value=-0.01, std_error=0.004, n=500, df=39.0, n_effective=40.0, power=1.0, n_gold=40, said=0.0, n_rarer=0)
        shown, mirrored = found.estimate("rare"), replace(found, value=1.01).estimate("rare")
        assert (shown.value, shown.conf_low, mirrored.value, mirrored.conf_high) == (0.0, 0.0, 1.0, 1.0)
        assert shown.conf_high == pytest.approx(stats.beta.ppf(0.975, 1, 40)) == 1 - mirrored.conf_low


class TestShares:
    def test_all_topics(self, comments: pd.DataFrame) -> None:
        wide = [comments[[f"{kind}_{t}" for t in angry_comments.TOPICS]].set_axis(angry_comments.TOPICS, axis=1) for kind in ("predicted", "gold")]
        found = prevalence.shares(*wide, gold_probability=comments["gold_probability"], weights=comments["weight"])
        assert [one.topic for one in found] == list(angry_comments.TOPICS)
        one = found[3]
        assert one.corrected.value == ppi(comments).value and one.naive.value == pytest.approx(comments["predicted_booking"].mean())
        assert one.corrected.std_error <= one.labels.std_error
        assert 0.6 < one.sensitivity < 0.95 and 0.9 < one.specificity < 0.99
        with pytest.raises(DataError, match="Nobody labelled the topic 'noise'"):
            prevalence.shares(wide[0], wide[1].drop(columns="noise"), gold_probability=0.5)

    def test_labels_with_the_topic_and_errors_are_counted(self) -> None:
        f = pd.DataFrame({"a": np.r_[np.ones(3), np.zeros(97)], "b": np.r_[np.ones(40), np.zeros(60)]})
        found = prevalence.shares(f, f, gold_probability=1.0)
        assert [(one.n_positive, one.n_wrong) for one in found] == [(3, 0), (40, 0)]


class TestChange:
    def test_the_same_customers_twice(self, comments: pd.DataFrame) -> None:
        one, ids = ppi(comments), np.arange(len(comments))
        assert prevalence.change(one, one, units=(ids, ids)).std_error == pytest.approx(0, abs=1e-12)
        apart = prevalence.change(one, one)
        assert apart.value == 0 and apart.std_error == pytest.approx(np.sqrt(2) * one.std_error, rel=1e-3)
        with pytest.raises(DataError, match="identifiers"):
            prevalence.change(one, one, units=(ids, ids[1:]))

    def test_months_of_different_size(self, comments: pd.DataFrame) -> None:
        first, second = (prevalence.weighted_mean(part["predicted_noise"]) for part in (comments[:400], comments[400:]))
        found = prevalence.change(first, second)
        assert found.value == pytest.approx(second.value - first.value)
        assert found.std_error == pytest.approx(np.hypot(first.std_error, second.std_error), rel=0.01)
        with pytest.raises(DataError, match="influence"):
            prevalence.change(first, inference.Fit(value=0.1, std_error=0.1, n=9))


class TestRanks:
    def test_far_apart_and_alike(self) -> None:
        rng = np.random.default_rng(1)
        made = [prevalence.weighted_mean((rng.random(2000) < p).astype(float)) for p in (0.1, 0.5, 0.9)]
        found = prevalence.rank_intervals(made, names=["a", "b", "c"])
        assert [(r.name, r.rank, r.best, r.worst) for r in found] == [("a", 3, 3, 3), ("b", 2, 2, 2), ("c", 1, 1, 1)]
        alike = prevalence.rank_intervals([made[0], made[0], made[2]])
        assert [(r.best, r.worst) for r in alike] == [(2, 3), (2, 3), (1, 1)]

    def test_bonferroni_is_no_narrower_and_the_order_does_not_matter(self, comments: pd.DataFrame) -> None:
        fits = [ppi(comments, t) for t in angry_comments.TOPICS]
        sup, bonferroni = (prevalence.rank_intervals(fits, method=m) for m in ("sup-t", "bonferroni"))
        for a, b, one in zip(sup, bonferroni, fits, strict=True):
            assert b.conf_high - b.conf_low >= 0.99 * (a.conf_high - a.conf_low) and b.best <= a.best <= a.rank <= a.worst <= b.worst
            assert a.conf_high - a.conf_low > 2 * 1.96 * one.std_error
        back = prevalence.rank_intervals(fits[::-1], method="bonferroni")[::-1]
        assert [(r.best, r.worst) for r in back] == [(r.best, r.worst) for r in bonferroni]
        clustered = prevalence.rank_intervals(fits, cluster=np.arange(len(comments)), method="bonferroni")
        assert [(r.best, r.worst) for r in clustered] == [(r.best, r.worst) for r in bonferroni]

    def test_unusable(self, comments: pd.DataFrame) -> None:
        with pytest.raises(ParameterError, match="sup-t"):
            prevalence.rank_intervals([ppi(comments)], method="best")
        with pytest.raises(DataError, match="same rows"):
            prevalence.rank_intervals([ppi(comments), ppi(comments[:900])])
        only = prevalence.rank_intervals([ppi(comments)])
        assert (only[0].best, only[0].worst) == (1, 1)


class TestTables:
    MENTIONS = pd.DataFrame({"response_id": ["r1", "r2", "r2", "r9"], "topic": ["a", "a", "b", "a"], "probability": [0.9, 0.6, 0.8, 0.9]})
    LABELS = pd.DataFrame({"response_id": ["r1", "r1", "r1", "r1", "r2", "r2"], "topic": ["a", "b", "a", "b", "a", "b"],
                           "labeller_id": ["x", "x", "y", "y", "x", "x"], "is_present": pd.array([1, 0, 0, 0, 1, 1], dtype="boolean"),
                           "sampling_probability": [0.5, 0.5, 0.5, 0.5, 0.25, 0.25]})

    def test_by_hand(self) -> None:
        found = prevalence.coded(["r1", "r2", "r3"], self.MENTIONS, self.LABELS)
        assert found.predicted.to_numpy().tolist() == [[1, 0], [1, 1], [0, 0]]
        assert found.gold.loc["r1"].tolist() == [0.5, 0] and found.gold.loc["r3"].isna().all()
        assert found.gold_probability.tolist()[:2] == [0.5, 0.25] and np.isnan(found.gold_probability[2])
        likely = prevalence.coded(["r2", "r1"], self.MENTIONS, self.LABELS, use="probability", combine="majority", topics=["b", "a"])
        assert likely.predicted.to_numpy().tolist() == [[0.8, 0.6], [0, 0.9]] and likely.gold.loc["r1", "a"] == 0.5
        assert found.agreement.set_index("topic").loc["", "units"] == 2

    def test_unusable(self) -> None:
        with pytest.raises(DataError, match="repeat"):
            prevalence.coded(["r1", "r1"], self.MENTIONS, self.LABELS)
        uneven = self.LABELS.assign(sampling_probability=np.arange(1, 7) / 10)
        with pytest.raises(DataError, match="two different chances"):
            prevalence.coded(["r1", "r2"], self.MENTIONS, uneven)


class TestAgreement:
    def test_published_values(self) -> None:
        """Krippendorff 2011: two observers with ten binary values, four observers with twelve nominal ones; Cohen's κ of a 2 × 2 table."""
        a, b = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
        assert prevalence.krippendorff_alpha(np.array([a, b]).T) == pytest.approx(0.095, abs=5e-4)
        assert prevalence.krippendorff_alpha(KRIPPENDORFF.T) == pytest.approx(0.743, abs=5e-4)
        first, second = np.repeat([1, 1, 0, 0], [20, 5, 10, 15]), np.repeat([1, 0, 1, 0], [20, 5, 10, 15])
        assert prevalence.cohen_kappa(first, second) == pytest.approx(0.4)

    def test_ends(self) -> None:
        assert prevalence.krippendorff_alpha([[0, 0], [1, 1]]) == 1
        assert np.isnan(prevalence.krippendorff_alpha([[1, 1], [1, 1]])) and np.isnan(prevalence.krippendorff_alpha([[1, np.nan]]))
        assert np.isnan(prevalence.cohen_kappa([], [])) and np.isnan(prevalence.cohen_kappa([1, 1], [1, 1]))
