"""Unhappy voices: which they are, which became a case, and bounds that hold what happened to all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from loop_tables import GIVEN, LEVEL, START, cases, clock, followed, moment

from voclib.loop import clocks, compliance, unheard
from voclib.loop.clocks import Clock, Unhappy
from voclib.results import Text

Tables = dict[str, pd.DataFrame]
HOUR = pd.Timedelta(hours=1)
OFF = Unhappy(nps_score=None, csat_score=None, rating_score=None, star_rating=None, negative_mention=False, negative_tag=False)


def voices(hours: list[float] | np.ndarray, **columns: object) -> pd.DataFrame:
    n = len(hours)
    base = {"response_id": [f"R{k:05d}" for k in range(n)], "unit_id": [f"D{k % 12:02d}" for k in range(n)], "channel": "app",
            "submitted_at": moment(hours), "touched_at": moment([np.nan] * n), "customer_id": None, "emotion": None,
            **dict.fromkeys(unheard.SCORES)} | columns
    kinds = {**dict.fromkeys(["response_id", "customer_id", "unit_id", "channel", "emotion"], "str"), **dict.fromkeys(unheard.SCORES, "Int64")}
    return pd.DataFrame(base).astype(kinds)


class TestUnhappy:
    FRAME = voices([0] * 8, nps_score=[6, 7] + [None] * 6, csat_score=[None, None, 2, 3] + [None] * 4, rating_score=[None] * 4 + [4, 5, None, None],
                   star_rating=[None] * 6 + [2, 3])
    TABLES = {"responses": FRAME, "topic_mentions": pd.DataFrame({"response_id": ["R00001", "R00003", "R00005", "R9"],
                                                                  "sentiment": ["negative", "positive", None, "negative"]})}

    @pytest.mark.parametrize(("rule", "kept"), [
        ({"nps_score": 6}, [0]), ({"nps_score": 7}, [0, 1]), ({"csat_score": 2}, [2]), ({"rating_score": 4}, [4]), ({"star_rating": 2}, [6]),
        ({"negative_mention": True}, [1]), ({}, []), ({"nps_score": 6, "star_rating": 3, "negative_mention": True}, [0, 1, 6, 7])])
    def test_each_rule_alone_and_any_of_several(self, rule: dict, kept: list[int]) -> None:
        assert np.flatnonzero(unheard.unhappy(self.TABLES, OFF.model_copy(update=rule))).tolist() == kept

    def test_the_tag_of_the_source(self) -> None:
        tables = {"responses": self.FRAME.assign(emotion=pd.array(["negative", "positive", None, "NEGATIVE"] * 2, dtype="str"))}
        assert np.flatnonzero(unheard.unhappy(tables, OFF.model_copy(update={"negative_tag": True}))).tolist() == [0, 4]

    def test_without_mentions(self) -> None:
        found = unheard.unhappy({"responses": self.FRAME}, Unhappy())
        assert np.flatnonzero(found).tolist() == [0, 2, 4, 6]

    def test_steps_name_the_reason(self) -> None:
        frame = voices([0, np.nan, 24, 24 * 9, 24 * 4], nps_score=[2, 2, 9, 2, 2])
        options = {"asof": START + 24 * 8 * HOUR, "timezone": "Asia/Shanghai"}
        assert unheard.steps({"responses": frame}, Unhappy(), **options).tolist() == ["", "undated", "content", "after", ""]
        inside = unheard.steps({"responses": frame}, Unhappy(), since="2026-03-03", until="2026-03-05", **options)
        assert inside.tolist() == ["before", "undated", "content", "after", "after"]


def planted(seed: int, *, n: int = 3000, span: float = 24 * 90) -> tuple[Tables, pd.DataFrame, float]:
    """Half of the unhappy voices become a case; the others are settled too, but less often in time, and nobody records it.

    The share of all voices settled in time is the truth."""
    rng = np.random.default_rng(seed)
    spoken = rng.uniform(0, span, n)
    has = rng.random(n) < rng.uniform(0.3, 0.7)
    took = rng.lognormal(np.log(40), 0.9, n) + rng.exponential(4, n)
    took = np.where(has, took, took * rng.uniform(1.1, 4))
    opened, ended = spoken + 4.0, spoken + np.maximum(took, 4.5)
    end = span + 240.0
    frame = cases(opened[has], np.where(ended < end, ended, np.nan)[has], response_id=[f"R{k:05d}" for k in np.flatnonzero(has)],
                  submitted_at=moment(spoken[has]))
    return {"responses": voices(spoken, nps_score=[3] * n)}, frame, float((ended - spoken <= 72).mean())


def covered(tables: Tables, frame: pd.DataFrame, main: Clock | None = None, *, asof: pd.Timestamp | None = None,
            **options: object) -> unheard.Coverage:
    spoken = (main or clock()).model_copy(update={"start": "submitted_at"})
    rows = followed(frame, spoken, asof=asof)
    every = compliance.measure(rows, limit=spoken.hours, estimand="in_time:resolved", rung="voice", **LEVEL).every
    return unheard.study(tables, frame, GIVEN.unhappy, main or clock(), rows, every, asof=asof or clocks.end(frame), working=GIVEN.working,
                         **LEVEL, **options)


class TestCoverage:
    @pytest.mark.parametrize("seed", range(5))
    def test_bounds_hold_what_happened_to_all(self, seed: int) -> None:
        tables, frame, truth = planted(seed)
        found = covered(tables, frame)
        seen = compliance.measure(followed(frame), limit=72, estimand="x", **LEVEL).every
        assert found.bounds.kind == "bounds" and found.bounds.bound_low < truth < found.bounds.bound_high
        assert found.bounds.conf_low < found.bounds.bound_low and found.bounds.bound_high < found.bounds.conf_high
        assert seen.conf_low > truth, "the cases alone look better than all voices were served"

    def test_stages_narrow_and_the_first_is_all_whose_limit_has_run_out(self) -> None:
        tables, frame, _ = planted(1)
        found = covered(tables, frame)
        counts = list(found.stages.values())
        assert counts == sorted(counts, reverse=True) and list(found.stages) == ["voices", "case", "done", "in_time"]
        assert counts[0] == found.voices["settled"].notna().sum() <= len(found.voices) == found.share.n
        assert found.stages["in_time"] / found.stages["voices"] == pytest.approx(found.bounds.bound_low)
        assert found.share.value == pytest.approx(found.voices["has_case"].mean()) and found.stop == "resolved_at"

    def test_by_hand(self) -> None:
        """Ten voices without a case, ten settled in time, ten late, ten still open beyond their limit, five of the last hours."""
        spoken = [0.0] * 40 + [990.0] * 5
        ended = [20.0] * 10 + [500.0] * 10 + [np.nan] * 10 + [np.nan] * 5
        frame = cases([5.0] * 30 + [995.0] * 5, ended, response_id=[f"R{k:05d}" for k in range(10, 45)], submitted_at=moment(spoken[10:]),
                      unit_id=None)
        found = covered({"responses": voices(spoken, nps_score=[0] * 45, unit_id=None)}, frame, asof=START + 1000 * HOUR)
        assert found.stages == {"voices": 40, "case": 30, "done": 20, "in_time": 10}
        assert found.share.n == 45 and found.share.value == pytest.approx(35 / 45)
        assert found.bounds.bound_low == pytest.approx(10 / 40) and found.bounds.bound_high == pytest.approx(10 / 30)

    def test_a_voice_goes_by_its_first_case(self) -> None:
        tables = {"responses": voices([0.0] * 12, nps_score=[0] * 12)}
        frame = cases([1.0] * 12 + [2.0] * 12, [200.0] * 12 + [10.0] * 12, response_id=[f"R{k:05d}" for k in range(12)] * 2,
                      submitted_at=moment([0.0] * 24))
        found = covered(tables, frame)
        assert found.stages == {"voices": 12, "case": 12, "done": 12, "in_time": 0} and found.share.value == 1

    def test_happy_and_later_voices_do_not_count(self) -> None:
        tables, frame, _ = planted(2, n=400)
        more = voices([10.0, 1e5], response_id=["H1", "H2"], nps_score=[9, 1])
        found = covered({"responses": pd.concat([tables["responses"], more], ignore_index=True)}, frame)
        assert set(found.voices["response_id"]) == set(tables["responses"]["response_id"])

    def test_working_time_runs_for_voices_without_a_case_too(self) -> None:
        """Five days after a voice, 72 hours have passed, not 72 working hours: nobody knows yet, with a case or without."""
        asof = START + 120 * HOUR
        frame = cases([1.0] * 20, [np.nan] * 20, submitted_at=moment([0.0] * 20))
        tables = {"responses": voices([0.0] * 40, nps_score=[0] * 40)}
        late, running = (covered(tables, frame, clock(time=time), asof=asof).stages["voices"] for time in ("clock", "working"))
        assert (late, running) == (40, 0)

    def test_another_end_of_the_clock(self) -> None:
        frame = cases([1.0] * 20, [np.nan] * 20, submitted_at=moment([0.0] * 20), responded_at=moment([5.0] * 15 + [np.nan] * 5))
        found = covered({"responses": voices([0.0] * 20, nps_score=[0] * 20)}, frame, clock(stop="responded_at", hours=4), asof=START + 90 * HOUR)
        assert found.stages == {"voices": 20, "case": 20, "done": 15, "in_time": 0} and found.stop == "responded_at"

    def test_channels_and_words_of_voices(self) -> None:
        tables, frame, _ = planted(3, n=600)
        tables["responses"]["channel"] = np.where(np.arange(600) < 8, "call", np.where(np.arange(600) % 2, "app", "sms"))
        found = covered(tables, frame)
        assert [one.group for one in found.by_channel] == ["app", "call", "sms"] and found.by_channel[1].kind == "refusal"
        assert "8 voices are too few for a share" in found.by_channel[1].reason.en and "8 条声音" in found.by_channel[1].reason.zh
        assert sum(one.n for one in found.by_channel) == found.share.n

    def test_a_channel_that_names_no_dealer_needs_dealers_not_a_setting(self) -> None:
        tables, frame, _ = planted(3, n=600)
        public = np.arange(600) < 300
        tables["responses"] = tables["responses"].assign(channel=np.where(public, "app_store", "sms"),
                                                         unit_id=tables["responses"]["unit_id"].mask(public))
        refused, given = covered(tables, frame).by_channel
        assert (refused.group, refused.kind, given.kind) == ("app_store", "refusal", "estimate")
        assert refused.needs == Text("写明了门店的声音，来自至少 10 家门店。", "Voices that name a dealer, from at least 10 dealers.")
