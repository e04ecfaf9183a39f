"""Scores on frames: values, intervals, refusals and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.simulate.worlds import scores
from voclib.stats import inference, metrics
from voclib.stats.gates import load


def drawn(n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Answers with everything a metric may read."""
    rng = np.random.default_rng(seed)
    frame, _ = scores.clustered(seed, clusters=40, size=n / 40, size_cv=0.5, icc=0.1, promoters=0.5, detractors=0.2)
    n = len(frame)
    return frame.assign(
        csat_score=rng.integers(1, 6, n), ces_score=rng.integers(1, 8, n), is_recommended=rng.random(n) < 0.7, weight=rng.uniform(0.5, 2, n),
        customer_id=[f"c{i}" for i in rng.integers(0, n // 2, n)], region=rng.choice(["north", "south"], n))


def numbers(estimate) -> tuple[float, ...]:
    return tuple(round(v, 9) for v in (estimate.value, estimate.conf_low, estimate.conf_high, estimate.std_error, estimate.n_effective))


class TestValues:
    def test_nps_is_promoters_minus_detractors(self) -> None:
        frame = pd.DataFrame({"nps_score": [9, 10] * 25 + [7, 8] * 15 + [0, 6] * 10})
        found = metrics.nps(frame)
        assert (found.value, found.n, found.n_effective, found.unit) == (30.0, 100, 100.0, "points")
        assert found.std_error == pytest.approx(100 * math.sqrt((0.7 - 0.3**2) / 100))
        # by hand: p̃ = 50.75/103, d̃ = 20.75/103
        p, d = 50.75 / 103, 20.75 / 103
        reach = 1.959964 * math.sqrt((p + d - (p - d) ** 2) / 103)
        assert (found.conf_low, found.conf_high) == pytest.approx((100 * (p - d - reach), 100 * (p - d + reach)))
        assert found.verdict is Verdict.REPORT and found.evidence_level == 0 and found.ci_method == "adjusted-Wald"

    def test_missing_answers_are_left_out(self) -> None:
        frame = pd.DataFrame({"nps_score": pd.array([10] * 30 + [0] * 30 + [None] * 40, dtype="Int64")})
        assert (metrics.nps(frame).value, metrics.nps(frame).n) == (0.0, 60)

    def test_csat_ces_share_and_mean(self) -> None:
        frame = drawn()
        assert metrics.csat(frame).value == pytest.approx((frame["csat_score"] >= 4).mean())
        assert metrics.ces(frame).value == pytest.approx(frame["ces_score"].mean())
        assert metrics.share(frame, "is_recommended").value == pytest.approx(frame["is_recommended"].mean())
        mean = metrics.mean_score(frame, "csat_score")
        assert (mean.value, mean.unit, mean.estimand) == (pytest.approx(frame["csat_score"].mean()), "score", "csat_score")
        assert metrics.mean_score(frame.assign(q=frame["ces_score"] / 2), "q", scale=(0, 4)).value == pytest.approx(frame["ces_score"].mean() / 2)

    def test_weights_move_the_value(self) -> None:
        frame = pd.DataFrame({"nps_score": [10, 0] * 50, "w": [3.0, 1.0] * 50})
        found = metrics.nps(frame, weights="w")
        assert found.value == pytest.approx(50.0)
        assert found.n_effective == pytest.approx(inference.kish(frame["w"]))

    def test_all_answers_alike_still_have_an_interval(self) -> None:
        same = drawn().assign(nps_score=10, csat_score=5, ces_score=7, is_recommended=True)
        for found in (metrics.nps(same), metrics.csat(same), metrics.ces(same), metrics.share(same, "is_recommended"),
                      metrics.nps(same, cluster="unit_id"), metrics.nps(same, weights="weight")):
            assert found.conf_high - found.conf_low > 0.01
            assert found.conf_low < found.value == found.conf_high
        assert metrics.nps(same, cluster="unit_id").n_effective <= 40

    @pytest.mark.parametrize("score", [0, 10])
    def test_intervals_stay_on_the_scale(self, score: int) -> None:
        found = metrics.nps(pd.DataFrame({"nps_score": [score] * 12}))
        assert -100 <= found.conf_low <= found.value <= found.conf_high <= 100

    def test_options_are_carried(self) -> None:
        found = metrics.nps(drawn(), conf_level=0.8, estimand="e", rung="naive", group="g")
        assert (found.conf_level, found.estimand, found.rung, found.group) == (0.8, "e", "naive", "g")
        wide = metrics.nps(drawn())
        assert found.conf_high - found.conf_low < wide.conf_high - wide.conf_low
        assert set(found.assumptions) <= set(metrics.ASSUMPTIONS)


class TestInvariance:
    CASES = [{}, {"weights": "weight"}, {"cluster": "unit_id"}, {"weights": "weight", "cluster": "unit_id"}]

    @pytest.mark.parametrize("options", CASES, ids=str)
    def test_row_order_and_index(self, options: dict) -> None:
        frame = drawn()
        shuffled = frame.sample(frac=1, random_state=3).set_index(pd.Index([7] * len(frame)))
        assert numbers(metrics.nps(frame, **options)) == numbers(metrics.nps(shuffled, **options))

    @pytest.mark.parametrize("options", CASES[1::2], ids=str)
    def test_weights_have_no_unit(self, options: dict) -> None:
        frame = drawn()
        assert numbers(metrics.nps(frame, **options)) == numbers(metrics.nps(frame.assign(weight=frame["weight"] * 1234.5), **options))

    def test_constant_weights_are_no_weights(self) -> None:
        frame = drawn().assign(weight=2.5)
        assert numbers(metrics.nps(frame, weights="weight")) == numbers(metrics.nps(frame))

    def test_a_frame_doubled_with_half_weights_says_the_same(self) -> None:
        frame = drawn().assign(row=range(len(drawn())), half=0.5, one=1.0)
        doubled = pd.concat([frame, frame])
        assert numbers(metrics.nps(frame, weights="one", cluster="row")) == numbers(metrics.nps(doubled, weights="half", cluster="row"))
        naive = metrics.nps(doubled)
        assert naive.std_error < 0.75 * metrics.nps(doubled, cluster="row").std_error

    def test_an_irrelevant_category_changes_nothing(self) -> None:
        frame = drawn()
        labelled = frame.assign(region=pd.Categorical(frame["region"], categories=["south", "north", "moon"]))
        assert [e.group for e in metrics.groups("nps", labelled, by="region")] == ["south", "north"]
        more = pd.concat([labelled.astype({"region": str}), frame.assign(region="west")])
        before = {e.group: numbers(e) for e in metrics.groups("nps", frame, by="region")}
        after = {e.group: numbers(e) for e in metrics.groups("nps", more, by="region")}
        assert {k: after[k] for k in before} == before

    def test_ids_may_be_text_numbers_or_floats(self) -> None:
        frame = drawn()
        as_text, as_float = frame.assign(unit_id=frame["unit_id"].map("店{}".format)), frame.assign(unit_id=frame["unit_id"] * 1e7 + 0.5)
        assert len({numbers(metrics.nps(f, cluster="unit_id")) for f in (frame, as_text, as_float)}) == 1

    def test_an_answer_of_no_weight_is_no_answer(self) -> None:
        frame = drawn()
        more = pd.concat([frame, frame.head(50).assign(nps_score=0, weight=0.0, unit_id=999)])
        options = {"weights": "weight", "cluster": "unit_id"}
        assert numbers(metrics.nps(frame, **options)) == numbers(metrics.nps(more, **options))
        assert metrics.nps(more, **options).n == len(frame)


class TestGroups:
    def test_order_labels_and_values(self) -> None:
        frame = pd.DataFrame({"nps_score": [10, 0, 10, 0] * 20, "region": ["b", "a", None, "a"] * 20})
        found = metrics.groups("nps", frame, by="region")
        assert [(e.group, e.value) for e in found] == [("a", -100.0), ("b", 100.0), (metrics.MISSING, 100.0)]
        assert found == metrics.groups(metrics.nps, frame.sample(frac=1, random_state=1), by="region")
        assert [e.estimand for e in found] == ["nps"] * 3

    def test_each_equals_the_metric_on_its_rows(self) -> None:
        frame = drawn()
        for found in metrics.groups(metrics.share, frame, by="region", column="is_recommended", weights="weight"):
            alone = metrics.share(frame[frame["region"] == found.group], "is_recommended", weights="weight")
            assert numbers(found) == numbers(alone) and found.estimand == "is_recommended"

    def test_two_columns(self) -> None:
        frame = drawn(800).assign(month=lambda f: np.where(np.arange(len(f)) % 2, "2026-01", "2026-02"))
        names = [e.group for e in metrics.groups("ces", frame, by=["region", "month"])]
        assert names == ["north · 2026-01", "north · 2026-02", "south · 2026-01", "south · 2026-02"]

    def test_small_groups_are_refused_in_both_languages(self) -> None:
        frame = pd.DataFrame({"nps_score": [9] * 3 + [9] * 7 + [9] * 20 + [None] * 4, "region": ["a"] * 3 + ["b"] * 7 + ["c"] * 20 + ["d"] * 4})
        a, b, c, d = metrics.groups("nps", frame, by="region")
        assert a.kind == b.kind == d.kind == "refusal" and a.verdict is Verdict.REFUSE
        assert a.n is None and b.n == 7 and d.n == 0, "below the small cell not even the count is shown"
        assert "少于" in a.reason.zh or "不足 5 份" in a.reason.zh
        assert "Fewer than 5 answers" in a.reason.en and "7 answers are too few" in b.reason.en and "7 份" in b.reason.zh
        assert (b.needs.zh, b.needs.en) == ("至少 10 份回答。", "At least 10 answers.")
        assert c.verdict is Verdict.REPORT_WITH_CAVEAT and "Only 20 answers" in c.reason.en

    def test_a_slice_of_detractors_is_not_taken_for_another_scale(self) -> None:
        frame = pd.DataFrame({"nps_score": [3] * 60 + [10] * 60, "kind": ["sad"] * 60 + ["happy"] * 60})
        assert [e.value for e in metrics.groups("nps", frame, by="kind")] == [100.0, -100.0]


class TestFewClusters:
    def test_fewer_than_ten_clusters_is_a_refusal_that_says_so(self) -> None:
        frame, _ = scores.clustered(5, clusters=6, icc=0.1, promoters=0.5, detractors=0.2)
        found = metrics.nps(frame, cluster="unit_id")
        assert found.kind == "refusal" and found.value is None and found.conf_low is None and found.n_clusters == 6
        assert "6 clusters" in found.reason.en and "fewer than 10" in found.reason.en and "6 个组" in found.reason.zh
        assert "At least 10 clusters" in found.needs.en and "至少 10 个组" in found.needs.zh

    def test_ten_to_nineteen_carry_a_caveat(self) -> None:
        for clusters, verdict in ((12, Verdict.REPORT_WITH_CAVEAT), (30, Verdict.REPORT)):
            frame, _ = scores.clustered(5, clusters=clusters, size_cv=0, icc=0.1, promoters=0.5, detractors=0.2)
            assert metrics.nps(frame, cluster="unit_id").verdict is verdict

    def test_one_giant_among_ten_is_refused(self) -> None:
        frame = pd.DataFrame({"nps_score": [9, 3] * 520, "unit_id": [0] * 1000 + list(range(1, 11)) * 4})
        found = metrics.nps(frame, cluster="unit_id")
        assert found.kind == "refusal" and "degrees of freedom" in found.reason.en and "自由度" in found.reason.zh

    def test_too_uneven_weights_are_refused(self) -> None:
        frame = pd.DataFrame({"nps_score": [9, 3] * 50, "w": [100.0] * 5 + [1.0] * 95})
        found = metrics.nps(frame, weights="w")
        assert found.kind == "refusal" and "worth only 7" in found.reason.en and found.n_effective < 30 and "抵得上 7 份" in found.reason.zh

    def test_gates_are_an_argument(self, tmp_path) -> None:
        (tmp_path / "own.yml").write_text("min_clusters: 5\n", "utf-8")
        frame, _ = scores.clustered(5, clusters=6, size_cv=0, icc=0.1, promoters=0.5, detractors=0.2)
        assert metrics.nps(frame, cluster="unit_id", gates=load(tmp_path / "own.yml")).kind == "estimate"


def test_unknown_metric_and_missing_scale() -> None:
    with pytest.raises(ParameterError, match="did you mean 'csat'"):
        metrics.groups("cast", drawn(), by="region")
    with pytest.raises(ParameterError, match="needs the scale of 'weight'"):
        metrics.mean_score(drawn(), "weight")
    with pytest.raises(ParameterError, match="needs column="):
        metrics.groups("share", drawn(), by="region")
    with pytest.raises(DataError, match="did you mean 'region'"):
        metrics.groups("nps", drawn(), by="regio")
