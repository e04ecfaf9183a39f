"""The trend of a score over periods: slope of what answers count, groups against the rest, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, only, pool, spoken, with_responses

from voclib.errors import ParameterError
from voclib.reporting import names, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.stats import inference
from voclib.studies import scores
from voclib.studies.scores import trend as score_trend

BASE = pool(units=24, per_unit=8)


def moving(step: float = 1.0, *, south: float = 0.0, seed: int = 3):
    """Answers spread over five quarters, better by `step` marks a quarter, and in the south by `south` more."""
    rng, r = np.random.default_rng(seed), BASE["responses"]
    quarter = rng.integers(0, 5, len(r))
    when = pd.Timestamp("2025-02-10 12:00", tz="Asia/Shanghai") + pd.to_timedelta(91 * quarter, unit="D")
    region = r["unit_id"].map(BASE["units"].set_index("unit_id")["region"])
    gain = (step + south * region.eq("华南")) * quarter
    mark = np.clip(np.rint(5 + gain + rng.normal(0, 1.5, len(r))), 0, 10)
    return with_responses(BASE, touched_at=when, submitted_at=when + pd.Timedelta(days=1),
                          nps_score=pd.Series(mark, index=r.index).astype("Int64").where(r["nps_score"].notna()))


def study(tables=None, **more):
    return score_trend.study(moving() if tables is None else tables, **{"metric": "nps", **more})


def test_the_slope_is_that_of_least_squares_on_what_answers_count() -> None:
    tables = moving()
    kept = scores.answers(tables, metric="nps")
    when = pd.PeriodIndex(kept["period"], freq="Q").astype("int64")
    direct = np.polyfit(when - when.min(), scores.coded(kept, scores.SCORES["nps"]), 1)[0]
    found = study(tables).overall
    assert found.value == pytest.approx(direct) and found.conf_low > 0 and (found.n_clusters, found.n, found.unit) == (24, 384, "points")
    assert names.find(found.estimand).title.en == "Net promoter score (NPS): change per period"


def test_months_are_counted_in_months() -> None:
    quarters, months = study().overall, study(period="month").overall
    assert months.value == pytest.approx(quarters.value / 3, rel=0.02)


def test_groups_are_set_against_the_rest_with_their_number_counted() -> None:
    found = study(moving(0.3, south=0.9))
    north, south = found.groups
    assert (north.group, south.group, south.rung) == ("华东", "华南", "against_rest") and south.conf_low > 0 > north.conf_high
    assert south.value == pytest.approx(-north.value) and south.p_value == pytest.approx(inference.adjust([south.p_value, south.p_value])[0])
    assert "2" in found.captions["groups"]["title"].zh and show.intervals(found.groups, **found.captions["groups"]).payload["estimates"]


def test_a_line_through_ups_and_downs_is_called_no_trend() -> None:
    """Quarters that swing for everybody: the line through them has a slope that units agree on, the quarters do not."""
    even, tables = moving(0.6), moving(0.0)
    r = tables["responses"]
    quarter = pd.PeriodIndex(r["touched_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None), freq="Q").astype("int64")
    swing = np.array([0, -2, 3, -1, 3])[quarter - quarter.min()]
    swung = with_responses(tables, nps_score=(r["nps_score"] + swing).clip(0, 10))
    found, steady = study(swung), study(even)
    assert found.overall.conf_low > 0 and steady.overall.conf_low > 0 and (found.is_steady, steady.is_steady) == (False, True)
    title, plain = (one.captions["groups"]["title"] for one in (found, steady))
    assert "swings too much between periods to call this a trend" in title.en and "还称不上趋势" in title.zh
    assert "trend" not in plain.en and "趋势" not in plain.zh


def test_no_trend_is_seldom_seen() -> None:
    alarms = [study(moving(0.0, seed=seed)).overall for seed in range(60)]
    assert np.mean([e.conf_low > 0 or e.conf_high < 0 for e in alarms]) <= 0.12


class TestRefusals:
    def test_two_periods_are_no_trend(self) -> None:
        found = study(BASE)
        assert found.overall.kind == "refusal" and found.groups == () and "2" in found.note.zh and "2" in found.note.en

    def test_few_units_give_no_interval(self) -> None:
        tables = moving()
        few = study(only(tables, tables["responses"]["unit_id"].isin([f"D{u:02d}" for u in range(8)])))
        assert few.overall.kind == "refusal" and "10" in few.overall.needs.en and few.groups == () and few.note.zh

    def test_groups_of_few_units_are_left_out(self) -> None:
        tables = moving()
        home = tables["units"].assign(region=lambda u: u["region"].where(u["unit_id"] > "D07", "西北"))
        found = study({**tables, "units": home})
        assert found.groups == () and "Fewer than two groups" in found.note.en and "points" in found.note.en

    def test_without_units_every_customer_stands_alone_and_without_customers_every_answer(self) -> None:
        tables = moving()
        nobody = pd.Series([None] * len(tables["responses"]), dtype="str")
        found = study(with_responses(tables, unit_id=nobody), by="channel").overall
        assert found.kind == "estimate" and found.n_clusters == tables["responses"]["customer_id"].nunique() == 192
        assert study(with_responses(tables, unit_id=nobody, customer_id=nobody), by="channel").overall.n_clusters == 384

    def test_unknown_names(self) -> None:
        with pytest.raises(ParameterError, match="did you mean 'region'"):
            study(by="regin")


@pytest.mark.parametrize("score", [0, 10])
def test_answers_that_are_all_alike_have_no_trend_and_no_group_that_moves_otherwise(score: int) -> None:
    """What least squares leaves of a constant is rounding: its sign and p said that groups move."""
    r = moving()["responses"]
    found = study(with_responses(BASE, touched_at=r["touched_at"], submitted_at=r["submitted_at"],
                                 nps_score=pd.Series(score, index=r.index, dtype="Int64").where(r["nps_score"].notna())))
    assert (found.overall.value, found.overall.conf_low, found.overall.conf_high, found.overall.p_value) == (0, 0, 0, None)
    assert not found.groups and "No overall trend is seen: all answers are the same" in found.note.en and "0" not in found.note.en


def test_both_languages_say_the_same_and_claim_nothing() -> None:
    for tables in (moving(), moving(0.0), moving(0.3, south=0.9)):
        found = study(tables)
        for text in [*spoken(found.captions), found.note]:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text
