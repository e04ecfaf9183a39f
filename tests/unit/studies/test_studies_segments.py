"""Many groups of a score: all looks counted together, the naive list beside it, units drawn towards their mean, paired changes by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, only, pool, spoken, with_responses

from voclib.errors import ParameterError
from voclib.reporting import charts, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.stats import inference, metrics
from voclib.studies.scores import segments, segments_text

POOL = pool(units=24, per_unit=16)
SEGMENTS = ["region", "channel", "unit_id", "region × channel"]


def study(tables=POOL, **more):
    return segments.study(tables, **{"metric": "nps", "segments": SEGMENTS, **more})


@pytest.fixture(scope="module")
def found() -> segments.Segments:
    return study()


def better_app(shift: int = 3):
    """The same answers with those in the app higher."""
    r = POOL["responses"]
    return with_responses(POOL, nps_score=r["nps_score"].mask(r["channel"].eq("app"), (r["nps_score"] + shift).clip(upper=10)))


class TestLooks:
    def test_every_group_of_every_column_is_compared_once(self, found) -> None:
        there = {(g.column, g.group) for g in found.comparison.groups}
        assert {("region", "华东"), ("channel", "sms"), ("region × channel", "华南 · app"), ("unit_id", "D07")} <= there
        assert len(there) == len(found.comparison.groups) == 2 + 2 + 24 + 4 and found.comparison.refused == 0
        assert found.comparison.luck == pytest.approx(0.05 * 32)

    def test_p_values_are_adjusted_over_all_of_them_together(self, found) -> None:
        groups = found.comparison.groups
        assert [g.p_adjusted for g in groups] == pytest.approx(inference.adjust([g.plain.p_value for g in groups]))
        regions = metrics.compare_groups("nps", POOL["responses"].dropna(subset="nps_score").assign(
            region=lambda f: f["unit_id"].map(POOL["units"].set_index("unit_id")["region"])), by="region", cluster="unit_id")
        east = next(g for g in groups if g.group == "华东")
        assert east.plain.value == pytest.approx(regions[0].value) and east.plain.p_value == pytest.approx(regions[0].p_value)

    def test_a_planted_difference_is_found_with_its_size_drawn_in(self) -> None:
        result = study(better_app())
        app = next(g for g in result.comparison.found if g.group == "app")
        assert 0 < app.shrunken.value < app.plain.value and app.adjusted.conf_low > 0 and app.plain.conf_level == app.adjusted.conf_level == 0.95
        assert app.adjusted.conf_low < app.plain.conf_low, "more looks, wider ranges"
        row = result.found[[t.en == "App" for t in result.found["group"]]].iloc[0]
        assert row["by"].en == "channel" and f"{app.n}" == f"{row['n']}" and row["shrunken"].zh.startswith(f"{app.shrunken.value:.0f}")

    def test_who_is_not_found_has_no_interval_for_it_but_stands_in_the_naive_list(self) -> None:
        result = study(better_app(1))
        lost = [g for g in result.comparison.picked if not g.is_found()]
        assert all(g.adjusted is None and g.plain.p_value <= 0.05 < g.p_adjusted for g in lost)
        assert len(result.picked) == len(result.comparison.picked) >= len(result.found) == len(result.comparison.found)
        stays = result.picked["stays"].tolist()
        assert stays == sorted(stays, key=lambda t: t == segments_text.STAYS), "those that go come first"

    def test_units_are_compared_by_what_their_customers_say_and_regions_by_units(self, found) -> None:
        unit = next(g for g in found.comparison.groups if g.group == "D07")
        region = next(g for g in found.comparison.groups if g.group == "华东")
        assert unit.plain.n_clusters == 24 * 16 and region.plain.n_clusters == 24

    def test_small_groups_and_few_units_are_left_out_and_counted(self) -> None:
        few = pool(units=24, per_unit=8)  # sixteen answers a unit
        result = study(few)
        assert result.comparison.refused == 24 and {g.column for g in result.comparison.groups} == {"region", "channel", "region × channel"}
        assert "24" in result.captions["found"]["note"].zh and "24" in result.captions["found"]["note"].en
        assert len(result.units) == 0 and figures(result.units_note.zh) == figures(result.units_note.en)

    def test_a_column_of_one_group_compares_nothing(self) -> None:
        alone = with_responses(POOL, product="甲")
        result = study(alone, segments=["product"])
        assert result.comparison.groups == () and result.comparison.luck == 0 and "no groups to compare" in result.note.en
        assert result.checks == () and len(result.found) == len(result.picked) == 0

    def test_four_groups_are_compared_and_not_drawn_in(self) -> None:
        result = study(better_app(), segments=["region", "channel"])
        assert result.comparison.shrunken is None and all(g.shrunken is None for g in result.comparison.groups)
        assert segments_text.FEWEST in result.found["shrunken"].tolist() and "average" not in result.captions["found"]["note"].en

    @pytest.mark.parametrize(("names", "message"), [(["regions"], "did you mean 'region'"), (["region × chanel"], "did you mean 'channel'"),
                                                    ([], "at least one column")])
    def test_an_unknown_column_names_the_nearest(self, names: list, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            study(segments=names)

    def test_the_same_in_any_order_of_rows(self, found) -> None:
        shuffled = {name: frame.sample(frac=1, random_state=1).reset_index(drop=True) for name, frame in POOL.items()}
        again = study(shuffled)
        assert [(g.column, g.group, g.plain.value, g.p_adjusted) for g in again.comparison.groups] == [
            (g.column, g.group, g.plain.value, g.p_adjusted) for g in found.comparison.groups]
        pd.testing.assert_frame_equal(again.units, found.units)


class TestUnits:
    def test_every_unit_with_enough_answers_is_drawn_towards_the_mean(self, found) -> None:
        units = found.units
        center = (units["mean_low"] + units["mean_high"]) / 2
        assert len(units) == 24 and np.ptp(center) < 1e-9 and units["value"].is_monotonic_decreasing
        assert ((units["value"] - center).abs() <= (units["raw"] - center).abs() + 1e-9).all()
        raw = {e.group: e for e in metrics.groups("nps", POOL["responses"].dropna(subset="nps_score"), by="unit_id", cluster="customer_id")}
        assert units["raw"].tolist() == [raw[k].value for k in units["key"]]

    def test_a_dot_in_the_band_is_one_that_is_not_told_from_the_mean(self, found) -> None:
        inside = found.units["value"].between(found.units["mean_low"], found.units["mean_high"])
        assert (inside == ~found.units["is_apart"]).all() and 0 < found.units["is_apart"].sum() < 24
        assert f"{found.units['is_apart'].sum()}" in found.captions["units"]["title"].zh

    def test_the_picture_is_drawn_from_it(self, found) -> None:
        rows = {"label": "key", **{name: name for name in ("raw", "raw_low", "raw_high", "value", "low", "high", "mean_low", "mean_high")}}
        assert charts.caterpillar(found.units, **rows, **found.captions["units"]).specs["zh"]["narrow"]["width"] == 350

    def test_without_units_there_is_a_note(self) -> None:
        result = study(with_responses(POOL, unit_id=pd.Series([None] * len(POOL["responses"]), dtype="str")), segments=["channel"])
        assert len(result.units) == 0 and result.units_note == segments_text.NO_UNITS and result.comparison.groups

    def test_a_unit_whose_answers_are_all_alike_still_has_an_error(self) -> None:
        r = POOL["responses"]
        result = study(with_responses(POOL, nps_score=r["nps_score"].mask(r["unit_id"].eq("D03") & r["nps_score"].notna(), 10)))
        top = result.units.iloc[0]
        assert top["key"] == "D03" and top["raw"] == 100 and top["value"] < 100 and top["high"] > top["low"]

    def test_units_that_are_all_alike_do_not_lie_beside_their_mean(self) -> None:
        """A rounding error between the mean and what it is the mean of told every unit apart by its own range."""
        r = POOL["responses"]
        result = study(with_responses(POOL, nps_score=pd.Series(9, index=r.index, dtype="Int64").where(r["nps_score"].notna())))
        center = (result.units["mean_low"] + result.units["mean_high"]) / 2
        assert len(result.units) == 24 and (center != result.units["raw"]).any()
        assert "By their own intervals it would be 0" in result.captions["units"]["note"].en


class TestPaired:
    def test_customers_who_answered_twice_are_paired_by_group(self, found) -> None:
        assert [e.group for e in found.paired] == ["华东", "华南"] and all(e.n == 384 and e.estimand == "nps_change" for e in found.paired)
        home = POOL["units"].set_index("unit_id")["region"]
        answers = POOL["responses"].dropna(subset="nps_score").assign(month=lambda f: f["touched_at"].dt.month, home=lambda f: f["unit_id"].map(home))
        single = [metrics.differences("nps", answers[answers["home"] == name], by="month", at=(1, 4), cluster="unit_id") for name in ("华东", "华南")]
        assert [e.value for e in found.paired] == pytest.approx([e.value for e in single])
        assert [e.p_value for e in found.paired] == pytest.approx(inference.adjust([e.p_value for e in single]))

    def test_below_the_gate_there_is_none(self) -> None:
        keep = POOL["responses"]["response_id"].str.startswith("R1") | POOL["responses"]["customer_id"].isin([f"C{u:02d}-00" for u in range(24)])
        result = study(only(POOL, keep))
        assert result.paired == () and "30" in result.paired_note.zh and figures(result.paired_note.zh) == figures(result.paired_note.en)
        few = study(pool(units=12, per_unit=16), segments=["region"])
        assert few.paired == () and few.paired_note == segments_text.PAIRS_OF_FEW_UNITS, "six units a region"
        once = study(only(POOL, POOL["responses"]["response_id"].str.startswith("R1")))
        assert once.paired_note == segments_text.ONE_PERIOD


class TestWords:
    @pytest.mark.parametrize("metric", ["nps", "csat", "ces"])
    def test_both_languages_say_the_same_and_claim_nothing(self, metric: str) -> None:
        result = study(better_app(), metric=metric)
        cells = [c for frame in (result.found, result.picked) for c in frame.to_numpy().ravel() if isinstance(c, Text)]
        checks = [t for c in result.checks for t in (c.name, c.detail)]
        for text in [*spoken(result.captions), *cells, *checks, result.note]:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text

    def test_what_is_printed_is_what_is_there(self, found) -> None:
        shown = show.table(study(better_app()).found, **found.captions["found"], columns=segments_text.FOUND_COLUMNS)
        assert shown.payload["columns"][0]["title"]["zh"] == "按什么分"
        assert show.intervals(found.paired, **found.captions["paired"]).payload["labels"]

    def test_names_of_units_tiers_and_pairs(self) -> None:
        names = segments_text.Names({**POOL, "units": POOL["units"].assign(name="辰星·" + POOL["units"]["unit_id"])}, "unit_id")
        assert names.group("unit_id", "D03").zh == "辰星·D03" and names.group("value_tier", "vvip").en == "High-value customers"
        assert names.group("region × channel", "华东 · sms") == Text("华东 · 短信", "East China · Text message")
        assert segments_text.column("region × channel") == Text("地区 × 渠道", "region × channel")
        assert names.group("region × channel", "odd") == Text("odd", "odd")
