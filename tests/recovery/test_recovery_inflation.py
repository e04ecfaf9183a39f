"""Planted begging: honest dealers are left alone, asking for tens is found, and mild asking mostly is not, which the page says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from voclib.simulate.worlds import nonresponse
from voclib.stats import credibility, inflation

RUNS = 50


@dataclass(frozen=True)
class Record:
    """Shares over the runs of one setting, and every dealer's probability with whether it begged."""

    size: float
    any_false: float
    false_discoveries: float
    power: float
    naive: float
    moved: np.ndarray
    said: np.ndarray
    begs: np.ndarray


def measure(*, begging: int, turned_share: float, runs: int = RUNS, first: int = 0) -> Record:
    """Forty dealers with 60 to 200 answers each, `runs` times; the usual alarm sees the same answers."""
    rows, said, begs, moved = [], [], [], []
    for seed in range(first, first + runs):
        world, truth = nonresponse.draw_dealers(seed, begging=begging, turned_share=turned_share)
        found = inflation.inflation_lr(world["nps_score"], world["unit_id"])
        guilty = found.frame["unit"].isin(truth["begging"]).to_numpy()
        flag, p = found.frame["is_flagged"].to_numpy(), found.frame["p_value"].to_numpy()
        naive = inflation.share_of_tens_z(world["nps_score"], world["unit_id"])["is_flagged"].to_numpy()
        rows.append(((p[~guilty] <= 0.05).mean(), flag[~guilty].any(), flag[~guilty].sum() / max(flag.sum(), 1),
                     flag[guilty].mean() if begging else np.nan, naive[~guilty].mean()))
        said.append(found.frame["probability"].to_numpy())
        begs.append(guilty)
        frame, value, _ = inflation.restored(world["nps_score"], world["unit_id"], found)
        honest = 100 * (world["true_score"].ge(9).astype(float) - world["true_score"].le(6))
        real = honest.groupby(world["unit_id"]).mean().to_numpy()
        held = np.abs(frame["nps_corrected"] - real) <= 1.96 * frame["corrected_error"]
        reported = 100 * (world["nps_score"].ge(9).astype(float) - world["nps_score"].le(6)).mean()
        moved.append((value.mean() - honest.mean(), reported - honest.mean(), held.mean()))
    return Record(*np.mean(rows, axis=0), np.mean(moved, axis=0), np.concatenate(said), np.concatenate(begs))


@pytest.fixture(scope="module")
def honest() -> Record:
    return measure(begging=0, turned_share=0.3, runs=100)


@pytest.fixture(scope="module")
def begged() -> Record:
    return measure(begging=10, turned_share=0.3)


@pytest.fixture(scope="module")
def mild() -> Record:
    return measure(begging=10, turned_share=0.15, runs=30)


def test_honest_dealers_of_different_quality_are_left_alone(honest) -> None:
    assert honest.size <= 0.06
    assert honest.any_false <= 0.10
    assert honest.said.mean() < 0.05 and (honest.said > 0.5).mean() < 0.01


def test_the_twin_a_third_turned_is_found(begged) -> None:
    assert begged.power >= 0.55
    assert begged.size <= 0.06 and begged.false_discoveries <= 0.05


def test_mild_asking_mostly_goes_unseen_and_accuses_nobody(mild) -> None:
    assert 0.1 <= mild.power <= 0.5, "which is why the page says how mild is too mild to see"
    assert mild.size <= 0.06 and mild.false_discoveries <= 0.05


def test_the_usual_alarm_takes_quality_for_begging(begged) -> None:
    """On the very answers of the test above."""
    assert begged.naive >= 0.40 and begged.false_discoveries <= 0.05


def test_a_shop_tablet_does_not_put_an_honest_dealer_on_the_list() -> None:
    """Dealers that lend a tablet do not ask for tens. Marks and traces combined into one p would list nearly all of them, the marks list none."""
    weights, false, combined, power = {"marks": 0.5, "device": 0.07}, [], [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        world, truth = nonresponse.draw_dealers(seed, dealers=60, low=150, begging=int(rng.integers(0, 7)), turned_share=0.4)
        honest = np.setdiff1d(np.arange(60), truth["begging"])
        lent = rng.choice(honest, int(rng.integers(4, 12)), replace=False)
        shared = rng.random(len(world)) < np.where(world["unit_id"].isin(lent), rng.uniform(0.3, 0.6), 0.03)
        frame, top = inflation.inflation_lr(world["nps_score"], world["unit_id"]).frame, world["nps_score"].eq(10)
        trace = credibility.excess_share(shared[top].astype(float), world.loc[top, "unit_id"]).set_index("unit")["p_value"].reindex(frame["unit"])
        both = credibility.flagged(credibility.combine({"marks": frame["p_value"], "device": trace}, weights=weights))[1]
        asks = frame["unit"].isin(truth["begging"]).to_numpy()
        for told, listed in ((false, frame["is_flagged"].to_numpy()), (combined, both)):
            told.append((listed & ~asks).sum() / max(listed.sum(), 1))
        power += frame["is_flagged"][asks].tolist()
    assert np.mean(false) <= 0.05 and np.mean(power) >= 0.8
    assert np.mean(combined) > 0.5


def test_half_of_the_dealers_begging_does_not_hide_them() -> None:
    record = measure(begging=18, turned_share=0.35, runs=15)
    assert record.power >= 0.55 and record.false_discoveries <= 0.10, "fewer runs, a wider band"


def test_leaving_flagged_dealers_in_would_hide_others(monkeypatch) -> None:
    """The trimming earns its place: with everybody defining what is normal, fewer of the same dealers are found."""
    trimmed = measure(begging=14, turned_share=0.3, runs=10)
    monkeypatch.setattr(inflation, "ROUNDS", 1)
    whole = measure(begging=14, turned_share=0.3, runs=10)
    assert trimmed.power > whole.power + 0.1


def test_probabilities_mean_what_they_say(honest, begged) -> None:
    """Worlds with no, few and many begging dealers, who turn a tenth to a half; a class of dealers said to beg with chance p begs about so often."""
    rng = np.random.default_rng(3)
    parts = [measure(begging=int(rng.integers(0, 9)), turned_share=float(rng.uniform(0.1, 0.5)), runs=1, first=900 + k) for k in range(80)]
    said, begs = (np.concatenate([getattr(r, name) for r in parts]) for name in ("said", "begs"))
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.0)):
        part = (said >= low) & (said < high + 1e-12)
        assert part.sum() >= 40, (low, part.sum())
        assert begs[part].mean() == pytest.approx(said[part].mean(), abs=0.15), (low, part.sum())


def test_the_corrected_score_comes_back_to_the_honest_one(begged, honest) -> None:
    corrected, reported, held = begged.moved
    assert reported > 2 and abs(corrected) < 0.6 and held >= 0.93
    assert abs(honest.moved[0]) < 0.3, "where nobody begs, correction leaves the score alone"


def test_case_mix_that_would_look_like_begging_is_taken_out() -> None:
    """One dealer serves a clientele that is split in two; within each half its marks are honest."""
    plain, adjusted = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        unit = np.repeat(np.arange(20), 200)
        happy = np.where(unit == 0, rng.random(unit.size) < 0.5, rng.random(unit.size) < 0.02)
        score = nonresponse.score_of(np.where(happy, 2.6, 0.2) + rng.normal(size=unit.size))
        for found, mix in ((plain, None), (adjusted, happy.astype(float))):
            found.append(inflation.inflation_lr(score, unit, case_mix=mix).frame["p_value"][0] <= 0.05)
    assert np.mean(plain) >= 0.8 and np.mean(adjusted) <= 0.2


def many(seed: int, *, shape: str, begging: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, dealer, person and whether the dealer begs: forty dealers of 60 to 200 answers whose levels differ by 0.3 on the latent scale.

    `shape`: "angry" has a long lower tail; "apart" lets the spread of a dealer's customers differ by a tenth to a fifth; "again" lets everybody
    answer about three times, mostly alike.
    """
    rng = np.random.default_rng([seed, 31])
    dealer = np.repeat(np.arange(40), rng.integers(60, 201, 40))
    person, noise = np.arange(dealer.size), rng.normal(size=dealer.size)
    level = 0.8 + 0.3 * rng.normal(size=40)[dealer]
    if shape == "angry":
        noise = -(rng.gumbel(size=dealer.size) - 0.577) / 1.28
    elif shape == "apart":
        noise = noise * np.exp(rng.uniform(0.1, 0.2) * rng.normal(size=40))[dealer]
    elif shape == "again":
        person = 1000 * dealer + rng.integers(0, 25, dealer.size)
        like = rng.uniform(0.6, 0.9)
        noise = np.sqrt(like) * rng.normal(size=person.max() + 1)[person] + np.sqrt(1 - like) * noise
    honest = nonresponse.score_of(level + noise)
    begs = np.isin(dealer, rng.permutation(40)[:begging])
    turned = begs & (honest >= 7) & (honest <= 9) & (rng.random(dealer.size) < 0.4)
    return np.where(turned, 10, honest), dealer, person, np.bincount(dealer, begs) > 0


@pytest.mark.parametrize("shape", ["angry", "apart", "again"])
def test_honest_dealers_whose_answers_scatter_more_are_left_alone(shape: str, monkeypatch) -> None:
    drawn = [many(seed, shape=shape) for seed in range(30)]
    found = [inflation.inflation_lr(score, dealer, person=person) for score, dealer, person, _ in drawn]
    monkeypatch.setattr(inflation.overdispersion, "of_honest", lambda z: 1.0)
    plain = [inflation.inflation_lr(score, dealer) for score, dealer, *_ in drawn]
    promised = np.mean([one.frame["is_flagged"].any() and one.spread <= 1 for one in found])
    assert np.mean([one.frame["is_flagged"].any() for one in plain]) > 0.4, "taken for one normal shape of independent answers they would be listed"
    assert promised <= 0.15, promised
    assert np.mean([one.frame["is_flagged"].mean() for one in found]) < 0.02


def test_where_the_shape_fits_nothing_is_lost_and_begging_is_still_found_where_people_answer_again() -> None:
    fits = [inflation.inflation_lr(*many(seed, shape="plain")[:2]).spread for seed in range(30)]
    assert np.mean(np.array(fits) > 1) <= 0.25
    power, false = [], []
    for seed in range(15):
        score, dealer, person, begs = many(seed, shape="again", begging=10)
        flag = inflation.inflation_lr(score, dealer, person=person).frame["is_flagged"].to_numpy()
        power.append(flag[begs].mean())
        false.append((flag & ~begs).sum() / max(flag.sum(), 1))
    assert np.mean(power) >= 0.5 and np.mean(false) <= 0.08, (np.mean(power), np.mean(false))
