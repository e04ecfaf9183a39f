"""Whether a topic is uneven over groups: planted differences, groups that are alike, few people, one group among many."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.studies.topics import spread as topic_spread
from voclib.studies.topics import text as topics_text


class TestSpread:
    """Uneven where it is, even where it is not."""

    @staticmethod
    def world(tau: float, n: int, seed: int) -> tuple[topic_spread.Spread, float]:
        rng = np.random.default_rng([7, seed])
        groups = int(rng.integers(30, 70))
        home = rng.choice(groups, 8000, p=(w := rng.gamma(4, 1, groups)) / w.sum())
        rate = np.exp(rng.normal(0, tau, groups)) if tau else np.ones(groups)
        own = rng.choice(8000, n, replace=False, p=rate[home] / rate[home].sum())
        size = np.bincount(home, minlength=groups)
        ratio = rate * size.sum() / (rate @ size)
        truth = float(np.sqrt(((ratio - 1) ** 2 * size).sum() / size.sum()))
        frame = pd.DataFrame({"group": home, "stratum": "a"})
        return topic_spread.spread(frame.iloc[own], frame, draws=199, seed=seed), truth

    def test_where_nothing_differs_five_in_a_hundred_are_called_uneven(self) -> None:
        found = [self.world(0.0, 150, seed)[0] for seed in range(120)]
        assert sum(one.p_value <= 0.05 for one in found) <= 13 and sum(one.verdict == "spread" for one in found) >= 70
        flagged = sum(one.verdict == "local" for one in topic_spread.adjusted(found))
        assert flagged <= 2 < sum(one.p_value <= 0.05 for one in found) + 1

    def test_the_interval_holds_the_truth(self) -> None:
        made = [self.world(tau, 250, seed) for tau in (0.0, 0.3, 0.5) for seed in range(40)]
        assert sum(one.low <= truth <= one.high for one, truth in made) >= 0.9 * len(made)

    def test_what_is_bunched_is_found_and_few_people_say_nothing(self) -> None:
        assert sum(self.world(0.8, 200, seed)[0].verdict == "local" for seed in range(20)) >= 19
        assert self.world(0.8, 10, 1)[0].verdict == "few"

    def test_one_bad_group_among_many_is_named(self) -> None:
        """Two to four times the share at one of 50 to 70, where w stays far below 0.5, so that X² and w alone would say it is everywhere."""
        named, hidden, alone = [], [], []
        for seed in range(24):
            rng = np.random.default_rng([11, seed])
            groups, times = int(rng.integers(50, 71)), rng.uniform(2.5, 4)
            home = np.repeat(np.arange(groups), 300)
            own = rng.random(home.size) < np.where(home == 0, times, 1) * rng.uniform(0.1, 0.15)
            frame = pd.DataFrame({"group": np.char.add("D", home.astype(str)), "stratum": "a"})
            one = topic_spread.adjusted([topic_spread.spread(frame[own], frame, draws=199, seed=seed)])[0]
            named.append((one.verdict, one.top) == ("local", "D0"))
            hidden.append(one.high < topic_spread.EVEN)
            alone.append(topics_text.reading(one, one).en)
        assert np.mean(named) >= 0.95 and np.mean(hidden) >= 0.8
        assert not any("systemic" in text for text in alone)

    def test_alike_groups_keep_the_size_of_both_looks_together(self) -> None:
        found = [self.world(0.0, int(n), seed) for seed, n in enumerate(np.random.default_rng(1).integers(60, 500, 150))]
        p = np.array([one.p_value for one, _ in found])
        assert (p <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / p.size) and (p <= 0.5).mean() >= 0.4

    def test_small_differences_without_a_foremost_group_are_slight(self) -> None:
        rng = np.random.default_rng(5)
        home = np.repeat(np.arange(60), 2000)
        own = rng.random(home.size) < 0.1 * np.where(home < 3, 0.5, 1)  # a few have less; none has more
        frame = pd.DataFrame({"group": home, "stratum": "a"})
        one = topic_spread.spread(frame[own], frame, seed=1)
        assert one.verdict == "slight" and one.p_value <= 0.05 < one.top_p
        assert topics_text.spread(one).en.startswith("slightly uneven") and topics_text.reading(one, one).zh.startswith("各处都有")

    def test_a_channel_that_only_some_dealers_have_is_no_unevenness(self) -> None:
        rng = np.random.default_rng(3)
        here = pd.DataFrame({"group": rng.integers(0, 5, 900), "stratum": "reviews"})
        there = pd.DataFrame({"group": rng.integers(5, 40, 3000), "stratum": "calls"})
        whole, own = pd.concat([here, there], ignore_index=True), here.sample(200, random_state=1)
        assert topic_spread.spread(own, whole).verdict == "spread"
        assert topic_spread.spread(own.assign(stratum="all"), whole.assign(stratum="all")).verdict == "local"
