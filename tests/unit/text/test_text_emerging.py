"""Emerging themes on small streams: what is new is told once, copies count once, a rise of a known topic, and what cannot be watched is said."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_text_topics import PRICE, RANGE, SCREEN, STAFF, WAITING, corpus

from voclib.errors import DataError, ParameterError
from voclib.simulate.verbatims import HOSTILE
from voclib.simulate.worlds import outbreak as outbreak_world
from voclib.simulate.worlds.outbreak import STORIES, Outbreak
from voclib.text import emerging
from voclib.text.emerging import counts as emerging_counts
from voclib.text.emerging import tails, watch
from voclib.text.topics import fit_topics

PLANTED = (Outbreak(story="boot_leak", language="zh", size=30, first=105), Outbreak(story="dead_key", language="en", size=30, first=112))
ODD = [None, "", "😀😀", "好", "x" * 50_000, "续航" * 25_000, "\u200b\u200b", "good 车机 мир", "</script>", "(a+)+$[", *HOSTILE]


@pytest.fixture(scope="module")
def world():
    return outbreak_world.draw(3, days=126, per_week=400, outbreaks=PLANTED)


@pytest.fixture(scope="module")
def seen(world):
    return watch(world[0]["text"], world[0]["submitted_at"])


def steady(days: int = 112, a_day: int = 12, seed: int = 0) -> tuple[list[str], pd.Series]:
    """Texts of five planted themes by lot, `a_day` a day."""
    texts, _ = corpus(WAITING, RANGE, SCREEN, PRICE, STAFF, n=days * a_day // 5 + 1, seed=seed)
    order = np.random.default_rng(seed).permutation(len(texts))[: days * a_day]
    return [texts[i] for i in order], pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(days * a_day) // a_day, unit="D"))


class TestTails:
    def test_the_tail_is_that_of_a_negative_binomial(self) -> None:
        mean, spread, counts = np.array([0.04, 2.0, 60.0]), np.array([2.0, 0.3, 0.01]), np.array([3.0, 9.0, 99.0])
        expected = stats.nbinom.sf(counts - 1, 1 / spread, 1 / (1 + mean * spread))
        assert tails.tail(counts, mean, spread) == pytest.approx(expected, rel=1e-9)

    def test_a_rise_of_the_past_is_carried_on_and_a_fall_is_not(self) -> None:
        voices = np.full(13, 1000.0)
        rising, flat = np.linspace(80, 140, 13), np.full(13, 110.0)
        past = np.column_stack([rising, flat, rising[::-1]])
        made = tails.forecast(past, voices, np.full(3, 150.0), 1000.0, common=0.0)
        assert 135 < made.mean[0] < 150 and made.mean[1] == pytest.approx(110, rel=0.01) and made.mean[2] == pytest.approx(made.mean[1], rel=1e-9)
        assert made.p_value[0] > 0.05 > 0.01 > made.p_value[1]

    def test_a_feature_that_came_in_bursts_needs_more_than_a_steady_one(self) -> None:
        bursts = np.zeros(13)
        bursts[[2, 7]] = 20
        past = np.column_stack([bursts, np.full(13, 40 / 13)])
        made = tails.forecast(past, np.full(13, 1000.0), np.full(2, 18.0), 1000.0, common=0.01)
        assert made.p_value[0] > 1e-3 > 1e-6 > made.p_value[1]

    def test_few_bursty_words_do_not_break_the_level(self) -> None:
        """One word in twenty comes in bursts; a dispersion common to all, a quantile of theirs, misses it where the word's own past is short."""
        level, old, new = 1e-6, [], []
        for seed in range(6):
            rng = np.random.default_rng(seed)
            often, rare = 400, 20_000
            mean = np.concatenate([rng.uniform(5, 40, often), rng.uniform(0.2, 2, rare)])
            alpha = np.where(rng.random(mean.size) < 0.05, rng.uniform(1, 3), 0.0)
            gain = np.where(alpha > 0, rng.gamma(1 / np.maximum(alpha, 0.1), np.maximum(alpha, 0.1), (14, mean.size)), 1.0)
            seen, voices = rng.poisson(mean * gain).astype(float), np.full(13, 1000.0)
            common = tails.common_dispersion(seen[:13], voices)
            bursts = tails.burstiness(seen[:13], voices)
            assert bursts[tails.BURSTS > 0.5].sum() == pytest.approx(0.05, abs=0.04) and bursts.sum() == pytest.approx(1)
            for made, weights in ((old, None), (new, bursts)):
                p = tails.forecast(seen[:13, often:], voices, seen[13, often:], 1000.0, common=common, bursts=weights).p_value
                made.append((p <= level).sum())
        assert sum(new) <= 2 and sum(old) >= 3 * max(sum(new), 1), "0.1 are to be expected of 120,000"

    def test_dispersion_is_found_and_one_outbreak_does_not_set_it(self) -> None:
        rng = np.random.default_rng(0)
        past = rng.poisson(40 * rng.gamma(1 / 0.1, 0.1, (13, 300))).astype(float)
        past[5, :20] = 500
        assert 0.1 < tails.common_dispersion(past, np.full(13, 1000.0)) < 0.35
        assert tails.common_dispersion(past[:, :0], np.full(13, 1000.0)) == 0.0

    def test_the_threshold_is_shared_among_features_that_could_pass_it(self) -> None:
        totals = np.array([1] * 5000 + [9] * 40 + [300] * 3)
        level, shared = tails.threshold([(totals, 1 / 14)], 1e-3)
        assert shared == 43 and level == pytest.approx(1e-3 / 43), "one voice in all could never pass"
        assert tails.threshold([(totals, 1.0)], 1e-3) == (1e-3, 0) and tails.threshold([], 1e-3) == (1e-3, 0)


class TestNew:
    def test_each_outbreak_is_one_theme_of_its_voices_and_nothing_else(self, world, seen) -> None:
        frame, truth = world
        assert [(t.kind, t.language) for t in seen.themes] == [("new", "zh"), ("new", "en")], seen.table()
        for place, theme in enumerate(seen.themes):
            planted = set(np.flatnonzero(frame["outbreak"] == place).tolist())
            assert len(set(theme.members) & planted) >= 0.9 * len(theme.members) and len(set(theme.members) & planted) >= 15
            began = datetime.date(2024, 1, 1) + datetime.timedelta(days=truth["first"][place])
            assert began <= theme.first_seen <= theme.found_on <= began + datetime.timedelta(days=7)
        assert "积水" in seen.themes[0].name and {"key", "fob"} & set(" ".join(seen.themes[1].words).split())

    def test_the_numbers_of_a_theme_fit_together(self, seen) -> None:
        for theme in seen.themes:
            assert theme.n >= emerging.LEAST and theme.conf_low < theme.ratio < theme.conf_high and theme.conf_low > emerging.NEW
            assert theme.ratio == pytest.approx(theme.n / theme.expected, rel=1e-3) and theme.p_value <= theme.threshold < 1 / 2 / 365
        assert seen.themes[0].latest < seen.themes[0].n and seen.delay == np.median([t.delay for t in seen.themes])
        assert seen.evenings == 126 - 97 and seen.expected_false == pytest.approx(29 / 365, abs=1e-4) and seen.voices + seen.left_out > 7000

    def test_the_order_of_rows_does_not_matter(self, world, seen) -> None:
        order = np.random.default_rng(1).permutation(len(world[0]))
        again = watch(world[0]["text"].iloc[order], world[0]["submitted_at"].iloc[order])
        assert again.table().equals(seen.table())
        assert [sorted(order[list(t.members)]) for t in again.themes] == [list(t.members) for t in seen.themes]

    def test_a_theme_that_comes_back_is_not_raised_again(self) -> None:
        twice = [PLANTED[0], Outbreak(story="boot_leak", language="zh", size=30, first=150)]
        frame, _ = outbreak_world.draw(3, days=170, per_week=400, outbreaks=twice)
        found = watch(frame["text"], frame["submitted_at"]).themes
        assert len(found) == 1 and {frame["outbreak"].iloc[k] for k in found[0].members} >= {0, 1}

    def test_evenings_before_since_and_voices_after_until_are_not_looked_at(self, world, seen) -> None:
        frame = world[0]
        early = watch(frame["text"], frame["submitted_at"], until="2024-04-20")
        assert len(early.themes) == 1 and early.themes[0].found_on == seen.themes[0].found_on and early.themes[0].name == seen.themes[0].name
        late = watch(frame["text"], frame["submitted_at"], since=pd.Timestamp("2024-04-27", tz="Asia/Shanghai"))
        assert [t.language for t in late.themes] == ["en"]

    def test_copies_and_one_busy_author_are_one_voice(self) -> None:
        texts, when = steady()
        copies = [f"抵制霸王条款，联名维权{'！' * k} {k}" for k in range(60)]
        late = pd.Series(pd.Timestamp("2026-04-18") + pd.to_timedelta(np.arange(60) % 4, unit="D"))
        assert not watch(texts + copies, pd.concat([when, late])).themes
        told = list(outbreak_world.told(np.random.default_rng(0), "boot_leak", "zh", 60))
        authors = [f"a{k}" for k in range(len(texts))]
        assert len(watch(texts + told, pd.concat([when, late]), authors=[*authors, *[f"b{k}" for k in range(60)]]).themes) == 1
        assert not watch(texts + told, pd.concat([when, late]), authors=[*authors, *["busy"] * 60]).themes
        assert len(watch(texts + told, pd.concat([when, late]), authors=[*authors, *[None] * 60]).themes) == 1, "nobody knows that they are one"

    def test_copies_belong_to_the_theme_they_copy(self, world, seen) -> None:
        frame = world[0]
        k = seen.themes[0].members[0]
        again = watch([*frame["text"], frame["text"].iloc[k]], pd.concat([frame["submitted_at"], frame["submitted_at"].iloc[[k]]]))
        assert again.themes[0].members == (*seen.themes[0].members, len(frame)) and again.themes[0].n == seen.themes[0].n


class TestRising:
    def test_a_frozen_topic_that_rises_is_told_with_its_number(self) -> None:
        texts, when = steady()
        model = fit_topics(texts[:900], engine="cpu", granularity=0.3)
        more, _ = corpus(SCREEN, n=90, seed=5)
        late = pd.Series(pd.Timestamp("2026-04-16") + pd.to_timedelta(np.arange(90) % 6, unit="D"))
        assert watch(texts, when, model=model).themes == ()
        found = [t for t in watch(texts + more, pd.concat([when, late]), model=model).themes if t.kind == "rising"]
        screen = np.bincount(model.assign(more)[model.assign(more) >= 0]).argmax()
        assert screen in {t.topic for t in found} and all(t.language == "zh" for t in found)
        risen = next(t for t in found if t.topic == screen)
        assert risen.words == (model.topics()[screen].name,) and risen.ratio > 1.5 and (risen.found_on - risen.first_seen).days == 6

    def test_a_class_of_ones_own_rises_once_and_missing_is_no(self) -> None:
        texts, when = steady(days=130)
        flag = np.random.default_rng(0).random(len(texts)) < np.where(when >= "2026-04-20", 0.5, 0.1)
        found = watch(texts, when, classes={"legal": flag}).themes
        assert [(t.kind, t.words, t.topic, t.language) for t in found] == [("rising", ("legal",), None, "")]
        gaps = pd.Series(flag).astype("object").where(flag, None)
        assert watch(texts, when, classes=pd.DataFrame({"legal": gaps.astype("boolean")})).themes == found

    def test_voices_of_a_new_theme_do_not_raise_their_topic_as_well(self, world) -> None:
        frame = world[0]
        held = ((frame["outbreak"] == 0) | (frame["topic"] == 5)).to_numpy()
        kinds = [t.kind for t in watch(frame["text"], frame["submitted_at"], classes={"boot": held}).themes]
        assert kinds == ["new", "new"]

    def test_a_vector_table_without_a_function_says_what_is_missing(self) -> None:
        texts, when = steady()
        model = fit_topics(texts[:200], engine="cpu", vectors=np.random.default_rng(0).normal(size=(200, 4)))
        with pytest.raises(DataError, match="cannot make those"):
            watch(texts, when, model=model)


class TestWhatCannotBeWatched:
    def test_a_short_history_is_refused_in_both_languages(self) -> None:
        texts, when = steady(days=40)
        short = watch(texts, when)
        assert short.themes == () and short.evenings == 0 and short.delay is None
        assert "40" in short.summary("zh") and "98" in short.summary("zh") and short.summary("en").startswith("Too short: 40 days, and 98")
        assert short.table().empty and "ratio" in short.table()

    @pytest.mark.parametrize("texts", [[], [None], ["好"], ["😀"]])
    def test_next_to_nothing_is_too_short(self, texts) -> None:
        assert watch(texts, pd.Series([pd.Timestamp("2026-01-01")] * len(texts), dtype="datetime64[ns]")).refusal is not None

    def test_hostile_texts_days_without_voices_and_missing_times(self) -> None:
        texts, when = steady()
        kept = ~((when >= "2026-02-01") & (when < "2026-02-20") | (when == "2026-04-20")).to_numpy()
        when = when.where(np.arange(len(when)) % 50 != 0)
        odd = ODD * 6
        late = pd.Series(pd.Timestamp("2026-04-16") + pd.to_timedelta(np.arange(len(odd)) % 6, unit="D"))
        made = watch([t for t, k in zip(texts, kept, strict=True) if k] + odd, pd.concat([when[kept], late]), authors=None)
        assert made.themes == () and made.left_out >= when[kept].isna().sum() + 4 * 6 and "evenings" in made.summary("en")

    def test_a_voice_from_another_century_takes_no_time_and_raises_nothing(self) -> None:
        texts, when = steady(days=20)
        assert watch([*texts, "好车"], pd.concat([when, pd.Series([pd.Timestamp("1990-01-01")])])).themes == ()

    @pytest.mark.parametrize("given", [{"days": 0}, {"baseline_days": 20}, {"budget": 0}, {"budget": 1000}, {"least": 1}])
    def test_settings_out_of_range(self, given) -> None:
        with pytest.raises(ParameterError):
            watch(["好"], [pd.Timestamp("2026-01-01")], **given)

    @pytest.mark.parametrize(("given", "said"), [
        ({"when": [pd.Timestamp("2026-01-01")]}, "1 times for 2"), ({"when": ["2026-01-01", "2026-13-01"]}, "have to be times"),
        ({"until": "soon"}, "have to be times"), ({"authors": ["a"]}, "1 authors for 2"), ({"classes": {"legal": [True]}}, "legal: 1 entries"),
        ({"classes": {"legal": ["geheim", "b"]}}, "true or false")])
    def test_what_does_not_fit_is_named_and_no_text_is_told(self, given, said) -> None:
        with pytest.raises(DataError, match=said) as told:
            watch(**{"texts": ["秘密甲", "秘密乙"], "when": [pd.Timestamp("2026-01-01")] * 2, **given})
        assert "秘密" not in str(told.value) and "geheim" not in str(told.value)

    def test_an_unknown_since(self) -> None:
        with pytest.raises(DataError, match="since"):
            watch(*steady(), since="soon")


def test_progress_is_told_for_reading_and_for_evenings() -> None:
    told = []
    watch(*steady(days=100), progress=lambda done, total, what: told.append((done, total, what)))
    assert told[0][2] == "texts" and [t for t in told if t[2] == "evenings"] == [(0, 3, "evenings"), (1, 3, "evenings"), (2, 3, "evenings")]


def test_a_pair_keeps_its_voices_whatever_the_order_of_its_words() -> None:
    held = [["boot", "leak"], ["leak", "boot"]] * 2 + [["boot"]] * 2
    table, names = emerging_counts._terms(held)
    assert dict(zip(names, np.asarray(table.sum(axis=0)).ravel().tolist(), strict=True)) == {"boot": 6, "leak": 4, "boot leak": 4}


class TestWorld:
    def test_a_seed_is_a_world(self) -> None:
        pd.testing.assert_frame_equal(outbreak_world.draw(7, days=20, per_week=70)[0], outbreak_world.draw(7, days=20, per_week=70)[0])
        assert not outbreak_world.draw(7, days=20, per_week=70)[0].equals(outbreak_world.draw(8, days=20, per_week=70)[0])

    def test_outbreaks_come_when_and_as_often_as_planted(self, world) -> None:
        frame, truth = world
        assert frame["outbreak"].value_counts().to_dict() == {-1: len(frame) - 60, 0: 30, 1: 30} and frame["author"].is_unique
        day = (frame["submitted_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None) - pd.Timestamp(outbreak_world.START)).dt.days
        for place, outbreak in enumerate(PLANTED):
            own = day[frame["outbreak"] == place]
            assert own.min() == truth["first"][place] >= outbreak.first and own.max() < outbreak.first + 7
        told = frame.loc[frame["outbreak"] == 0, "text"]
        assert told.nunique() >= 25, "told in several ways"

    def test_every_story_is_told_in_both_languages_in_words_of_its_own(self) -> None:
        for story, told in STORIES.items():
            for language in ("zh", "en"):
                made = outbreak_world.told(np.random.default_rng(0), story, language, 40)
                assert len(set(made)) >= 20 and len(told[language]) >= 2, story

    def test_a_rise_and_a_drift_are_there(self) -> None:
        frame, truth = outbreak_world.draw(1, days=60, per_week=3000, rise=3.0, rise_from=40, drift=1.0)
        day = (frame["submitted_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None) - pd.Timestamp(outbreak_world.START)).dt.days
        share = (frame["topic"] == 0).groupby((day >= 40) & (day < 54)).mean()
        assert share[True] > 1.9 * share[False] and truth["drift"] == 1.0

    def test_a_campaign_is_one_text_of_many_authors(self) -> None:
        frame, _ = outbreak_world.draw(1, days=30, per_week=70, campaign=12)
        assert frame["text"].value_counts().iloc[0] == 12
