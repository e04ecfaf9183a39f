"""The planted worlds of attribution: what they plant is what they hold, by other routes than the simulator's own."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from voclib.simulate.worlds import mix, pains

NAMES = list(pains.topics(4))


class TestPains:
    def test_one_seed_one_world_and_effects_differ_by_seed(self) -> None:
        (one, first), (again, _), (_, other) = pains.draw(1), pains.draw(1), pains.draw(2)
        assert one.equals(again) and first["effects"] != other["effects"]
        assert first["effects"]["coffee"] == first["effects"]["app"] == 0.0
        assert all(-0.35 <= first["effects"][n] <= -0.12 for n in ("wait", "repair", "price"))
        assert pains.draw(1, effect=-0.2, bystander=-0.1)[1]["effects"] == {
            "wait": -0.2, "repair": -0.2, "price": -0.2, "app": 0.0, "coffee": -0.1}

    def test_truth_is_taking_pains_away_in_every_order(self) -> None:
        frame, truth = pains.draw(3, customers=500, count=4, bystander=-0.2, log_sd=0.0)
        d = frame[NAMES].to_numpy(dtype=float)
        gamma = np.array([truth["effects"][n] for n in NAMES])
        base = np.exp(pains.LEVEL + pains.SLOPES[0] * frame["prior"] + pains.SLOPES[1] * frame["mood"]).to_numpy()

        def margin(gone: set[int]) -> float:
            return float((base * np.exp(d @ np.where([k in gone for k in range(4)], 0.0, gamma))).sum())

        shares = np.zeros(4)
        for order in permutations(range(4)):
            for at, k in enumerate(order):
                shares[k] += (margin(set(order[:at + 1])) - margin(set(order[:at]))) / 24
        assert [truth["shares_cny"][n] for n in NAMES] == pytest.approx(shares, rel=1e-9)
        assert truth["total_cny"] == pytest.approx(margin({0, 1, 2, 3}) - margin(set())) and truth["shares_cny"]["app"] == 0
        assert truth["alone_cny"]["wait"] == pytest.approx(margin({0}) - margin(set()))

    def test_margins_have_their_expected_mean(self) -> None:
        frame, truth = pains.draw(4, customers=200_000, log_sd=0.3)
        undisturbed = np.exp(pains.LEVEL + pains.SLOPES[0] * frame["prior"] + pains.SLOPES[1] * frame["mood"]).sum()
        assert frame["margin_12m_cny"].sum() == pytest.approx(undisturbed - truth["total_cny"], rel=0.01)
        assert (frame["margin_12m_cny"] == 0).mean() == pytest.approx(0.2, abs=0.01)

    def test_pains_overlap_and_the_bystander_keeps_bad_company(self) -> None:
        frame, _ = pains.draw(5, customers=50_000)
        together = frame[list(pains.topics())].corr()
        assert together.to_numpy().min() > 0.03 and together.loc["coffee", "wait"] > 0.25
        assert frame.loc[frame["coffee"] == 1, "mood"].mean() < -0.2
        impact = frame["nps_points"].mean() - frame.loc[frame["coffee"] == 0, "nps_points"].mean()
        assert -5 < impact < -2.5, "the vendor's number for a topic without any effect"

    def test_expected_masses_are_those_of_many_customers(self) -> None:
        frame, truth = pains.draw(6, customers=400_000)
        expected = pains.worth(400_000 * pains.expected_masses(), truth["effects"])
        assert expected["total_cny"] == pytest.approx(truth["total_cny"], rel=0.02)
        assert expected["shares_cny"]["wait"] == pytest.approx(truth["shares_cny"]["wait"], rel=0.03)

    def test_stores_share_level_and_trouble(self) -> None:
        frame, _ = pains.draw(7, customers=40_000, stores=40)
        by_store = frame.groupby("store")["wait"].mean()
        assert frame["store"].nunique() == 40 and by_store.std() > 3 * np.sqrt(0.25 * 0.75 / 1000)
        assert pains.draw(7)[0]["store"].nunique() == 1

    def test_twelve_topics(self) -> None:
        assert len(pains.topics(12)) == 12 and pains.topics(12)[-2:] == (pains.HARMLESS, pains.BYSTANDER)


class TestMix:
    def test_truth_adds_up_and_is_what_many_answers_show(self) -> None:
        frame, truth = mix.draw(1, answers=200_000, dealers=400, dealer_sd=0.0)
        overall = (truth["shares"] * truth["means"]).sum(axis=1)
        assert truth["mix"].sum() + truth["rate"].sum() == pytest.approx(overall[1] - overall[0])
        for t, name in enumerate(mix.PERIODS):
            part = frame[frame["period"] == name]
            assert part.groupby("group", observed=True)["points"].mean().to_numpy() == pytest.approx(truth["means"][t], abs=1.5)
            assert part["group"].value_counts(normalize=True, sort=False).to_numpy() == pytest.approx(truth["shares"][t], abs=0.07)
        assert set(frame["points"]) == {-100.0, 0.0, 100.0} and (frame.groupby("dealer")["group"].nunique() == 1).all()

    def test_the_lowest_group_grows_on_request(self) -> None:
        for seed in range(5):
            _, truth = mix.draw(seed, mix=0.0, rate=0.0, towards_low=1.5)
            assert truth["mix"].sum() < -1 and truth["rate"] == pytest.approx(0)
            assert truth["shares"][1, truth["means"][0].argmin()] > 1.5 * truth["shares"][0, truth["means"][0].argmin()]

    def test_returning_customers_keep_their_group_and_often_their_answer(self) -> None:
        frame, truth = mix.returning(2, customers=60_000)
        both = frame.pivot(index="customer", columns="period", values="points").dropna()
        assert 0.4 < len(both) / 60_000 < 0.95 and (frame.groupby("customer")["group"].nunique() == 1).all()
        assert (both["before"] == both["after"]).mean() > 0.7
        after = frame[frame["period"] == "after"]
        assert after["group"].value_counts(normalize=True, sort=False).to_numpy() == pytest.approx(truth["shares"][1], abs=0.02)
        assert after.groupby("group", observed=True)["points"].mean().to_numpy() == pytest.approx(truth["means"][1], abs=2.0)
