"""Differences on overlapping customers, and each group against the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.simulate.worlds import scores
from voclib.stats import metrics

AT = ("2026-01", "2026-02")


def months(customers: int = 300, **options) -> pd.DataFrame:
    return scores.paired(4, customers=customers, **{"before": (0.5, 0.2), "after": (0.6, 0.15), **options})[0]


class TestDifferences:
    def test_second_minus_first(self) -> None:
        frame = months()
        first, second = metrics.groups("nps", frame, by="month")
        found = metrics.differences("nps", frame, by="month", at=AT)
        assert found.value == pytest.approx(second.value - first.value)
        assert (found.group, found.estimand, found.n, found.unit) == ("2026-02 − 2026-01", "nps_difference", 600, "points")
        back = metrics.differences("nps", frame, by="month", at=AT[::-1])
        assert (back.value, back.conf_low, back.p_value) == pytest.approx((-found.value, -found.conf_high, found.p_value))

    def test_the_same_customers_twice_are_compared_with_themselves(self) -> None:
        frame = months(overlap=1.0, loyalty=0.9)
        paired = metrics.differences("nps", frame, by="month", at=AT)
        alone = metrics.differences("nps", frame, by="month", at=AT, unit=None)
        assert paired.std_error < 0.7 * alone.std_error and paired.value == alone.value

    def test_paired_error_by_hand(self) -> None:
        frame = months(200, overlap=1.0)
        found = metrics.differences("nps", frame, by="month", at=AT)
        coded = frame.assign(y=(frame["nps_score"] >= 9).astype(int) - (frame["nps_score"] <= 6))
        coded = coded.pivot(index="customer_id", columns="month", values="y")
        change = coded[AT[1]] - coded[AT[0]]
        assert found.std_error == pytest.approx(100 * change.std(ddof=1) / np.sqrt(200))

    def test_without_overlap_it_is_the_independent_formula(self) -> None:
        frame = months(400, overlap=0.0)
        first, second = metrics.groups("nps", frame, by="month")
        found = metrics.differences("nps", frame, by="month", at=AT)
        assert found.std_error == pytest.approx(np.hypot(first.std_error, second.std_error), rel=0.005)

    def test_anonymous_answers_stand_for_themselves(self) -> None:
        frame = months(overlap=1.0).astype({"customer_id": "str"})
        anonymous = frame.assign(customer_id=pd.Series([None] * len(frame), dtype="str"))
        by_row = metrics.differences("nps", frame, by="month", at=AT, unit=None)
        assert metrics.differences("nps", anonymous, by="month", at=AT).std_error == pytest.approx(by_row.std_error)

    def test_no_change_at_all_still_has_an_interval(self) -> None:
        frame = months().assign(nps_score=10)
        found = metrics.differences("nps", frame, by="month", at=AT)
        assert found.value == 0 and found.conf_low < 0 < found.conf_high and found.p_value > 0.9

    def test_everybody_repeating_the_same_answer_still_has_an_interval(self) -> None:
        frame = months(60, overlap=1.0).query("month == '2026-01'")
        found = metrics.differences("nps", pd.concat([frame, frame.assign(month="2026-02")]), by="month", at=AT)
        assert (found.value, found.p_value, found.std_error) == pytest.approx((0, 1, 0), abs=1e-6) and found.conf_high - found.conf_low > 1

    def test_shares_means_and_weights(self) -> None:
        frame = months().assign(is_recommended=lambda f: f["nps_score"] >= 7, w=lambda f: 1 + f["nps_score"] % 2)
        share = metrics.differences(metrics.share, frame, by="month", at=AT, column="is_recommended", weights="w")
        groups = metrics.groups(metrics.share, frame, by="month", column="is_recommended", weights="w")
        assert share.value == pytest.approx(groups[1].value - groups[0].value) and share.estimand == "is_recommended_difference"
        mean = metrics.differences("mean_score", frame, by="month", at=AT, column="nps_score")
        assert mean.value == pytest.approx(frame.groupby("month")["nps_score"].mean().diff().iloc[-1])

    def test_few_dealers_are_refused_few_enough_carry_a_caveat(self) -> None:
        frame = months(400)
        for dealers, verdict in ((6, Verdict.REFUSE), (15, Verdict.REPORT_WITH_CAVEAT), (40, Verdict.REPORT)):
            found = metrics.differences("nps", frame.assign(unit_id=np.arange(len(frame)) % dealers), by="month", at=AT, cluster="unit_id")
            assert found.verdict is verdict and found.n_clusters == dealers
            assert (found.p_value is None) == (verdict is Verdict.REFUSE)

    def test_a_small_side_is_refused(self) -> None:
        frame = pd.concat([months().query("month == '2026-01'"), months().query("month == '2026-02'").head(6)])
        found = metrics.differences("nps", frame, by="month", at=AT)
        assert found.kind == "refusal" and "6 answers are too few" in found.reason.en

    def test_unknown_value_or_unit(self) -> None:
        with pytest.raises(ParameterError, match="holds no '2026-3'; did you mean '2026-0"):
            metrics.differences("nps", months(), by="month", at=("2026-01", "2026-3"))
        with pytest.raises(DataError, match="no column 'customer'; did you mean 'customer_id'"):
            metrics.differences("nps", months(), by="month", at=AT, unit="customer")

    def test_dates_work_as_values(self) -> None:
        frame = months().assign(month=lambda f: pd.to_datetime(f["month"]))
        at = (pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01"))
        assert metrics.differences("nps", frame, by="month", at=at).value == metrics.differences("nps", months(), by="month", at=AT).value


class TestResampled:
    def test_it_agrees_with_the_analytic_interval(self) -> None:
        frame, _ = scores.clustered(3, clusters=60, icc=0.1, promoters=0.5, detractors=0.2)
        analytic, slow = metrics.nps(frame, cluster="unit_id"), metrics.resampled("nps", frame, cluster="unit_id", seed=2)
        assert slow.value == analytic.value and slow.seed == 2 and "bootstrap" in slow.ci_method
        assert slow.conf_high - slow.conf_low == pytest.approx(analytic.conf_high - analytic.conf_low, rel=0.2)
        assert slow == metrics.resampled("nps", frame, cluster="unit_id", seed=2) != metrics.resampled("nps", frame, cluster="unit_id", seed=3)

    def test_it_refuses_where_the_analytic_one_does(self) -> None:
        frame, _ = scores.clustered(3, clusters=6, icc=0.1, promoters=0.5, detractors=0.2)
        assert metrics.resampled("nps", frame, cluster="unit_id").kind == "refusal"


class TestAgainstTheRest:
    def frame(self, shifts: tuple[float, ...] = (0.3, 0, 0, 0, 0, 0), n: int = 150) -> pd.DataFrame:
        return scores.regions(9, n=n, shifts=shifts, promoters=0.35, detractors=0.2)[0].assign(region=lambda f: "r" + f["region"].astype(str))

    def test_values_order_and_names(self) -> None:
        frame = self.frame()
        found = metrics.compare_groups("nps", frame, by="region")
        assert [e.group for e in found] == [f"r{i}" for i in range(6)]
        inside, outside = frame[frame["region"] == "r0"], frame[frame["region"] != "r0"]
        assert found[0].value == pytest.approx(metrics.nps(inside).value - metrics.nps(outside).value)
        assert found[0].estimand == "nps_against_rest" and "bh over 6 groups" in found[0].ci_method and found[0].conf_level == 0.95

    @pytest.mark.parametrize("method", ["bh", "by", "holm"])
    @pytest.mark.parametrize("shifts", [(0.3, 0, 0, 0, 0, 0), (0.12, 0.1, 0, -0.1, 0, 0), (0,) * 6])
    def test_a_range_excludes_zero_exactly_where_the_adjusted_p_is_small(self, method: str, shifts: tuple[float, ...]) -> None:
        for found in metrics.compare_groups("nps", self.frame(shifts), by="region", method=method):
            assert (found.conf_low > 0 or found.conf_high < 0) == (found.p_value <= 0.05)

    def test_more_looks_widen_the_range(self) -> None:
        frame = self.frame((0,) * 6)
        alone = metrics.differences("nps", frame.assign(r0=frame["region"] == "r0"), by="r0", at=(False, True), unit=None)
        among = metrics.compare_groups("nps", frame, by="region")[0]
        assert among.value == pytest.approx(alone.value) and among.std_error == pytest.approx(alone.std_error)
        assert among.conf_high - among.conf_low > alone.conf_high - alone.conf_low and among.p_value >= alone.p_value

    def test_refused_groups_do_not_count(self) -> None:
        frame = pd.concat([self.frame(), self.frame().head(4).assign(region="tiny")])
        found = metrics.compare_groups("nps", frame, by="region")
        assert found[-1].kind == "refusal" and "over 6 groups" in found[0].ci_method

    def test_few_dealers_on_one_side(self) -> None:
        frame = self.frame(n=200).assign(unit_id=lambda f: np.where(f["region"] == "r0", f.index % 4, 10 + f.index % 60))
        found = metrics.compare_groups("nps", frame, by="region", cluster="unit_id")
        assert found[0].kind == "refusal" and "only 4 clusters" in found[0].reason.en and found[1].kind == "estimate"

    def test_unknown_method(self) -> None:
        with pytest.raises(ParameterError, match="no multiplicity method 'bonferoni'; known: bh, by, holm"):
            metrics.compare_groups("nps", self.frame(), by="region", method="bonferoni")
