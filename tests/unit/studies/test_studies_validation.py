"""The method scorecard: coverage counted, stale and failing records flagged, worlds drawn now."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from study_tables import figures, spoken, texts

from voclib import fingerprints
from voclib.errors import DataError, ParameterError
from voclib.results import Estimate, Text, Verdict, refusal
from voclib.studies import validation
from voclib.studies.validation import text as validation_text

ROW = {"method": "nps", "setting": "n=100, promoters=0.5, detractors=0.2", "kind": "coverage", "truth": 30.0, "coverage": 0.95, "mean_width": 30.0,
       "bias": 0.1, "refusals": 0.0, "R": 1000, "seed": 1, "band": [0.93, 0.97], "passed": True, "naive_coverage": 0.8, "power": None,
       "naive_bias": 1.0, "share": None, "naive_share": None}
CLUSTERED = {**ROW, "method": "nps clustered", "setting": "clusters=20, icc=0.05", "coverage": 0.94, "R": 3000, "naive_coverage": 0.6}
ALARMS = {**ROW, "method": "groups against the rest, false alarms", "setting": "none differs", "kind": "false alarms", "naive_coverage": 0.5,
          "coverage": 0.5, "share": 0.05, "naive_share": 0.4, "band": [0.0, 0.06]}
POWER = {**ALARMS, "method": "groups against the rest", "setting": "one higher by 20 points", "kind": "power", "share": 0.8, "naive_share": None,
         "band": [0.8, 1.0]}
CALLS = {**ROW, "method": "follow-up, plain", "setting": "the satisfied answer, 300 calls", "naive_coverage": 0.01, "naive_bias": 21.3}
BOUNDED = {**ROW, "method": "churned", "setting": "a fifth churned and never asked", "coverage": 1.0, "naive_coverage": 0.0, "band": [0.93, 1.0]}
HONEST = {**ALARMS, "method": "begging", "setting": "none of 40 dealers begs, each honest one at 5%", "share": 0.049, "naive_share": 0.39}
FLAGS = {**HONEST, "setting": "none of 40 dealers begs, any flag", "share": 0.06, "naive_share": 1.0, "band": [0.0, 0.1]}
FOUND = {**HONEST, "setting": "10 of 40 dealers beg, found, 30% of 7-9 turned into 10", "kind": "power", "share": 0.6, "naive_share": 0.7,
         "band": [0.55, 1.0]}
ALONE = {**ROW, "method": "weighting alone", "setting": "aipw, the satisfied answer", "kind": "bias", "share": 21.0, "naive_share": 33.0,
         "bias": 21.0, "band": [10, 40]}
WAIT = {**ROW, "method": "att, poisson", "setting": "2000 customers, log sd 0.8", "truth": -65.0, "bias": -0.4, "naive_coverage": 0.01,
        "naive_bias": -172.25, "coverage": 0.96, "power": 0.66}
CUT = {**ROW, "method": "att, winsorised at 99%", "setting": "4000 customers, log sd 1.75", "kind": "bias", "share": 11.74, "naive_coverage": None,
       "band": [9.75, 19.5]}
PATH = {**ROW, "method": "event study, whole path", "setting": "400 customers, ten months at once", "kind": "power", "coverage": None,
        "naive_coverage": None, "share": 0.955, "naive_share": 0.6, "truth": None}
CHANCE = {**PATH, "method": "return", "setting": "programme does nothing, evidence level 1, P(NPV > 0)", "kind": "false alarms", "share": 0.067,
          "naive_share": 0.147, "band": [0.0, 0.1]}
TOLD = {**ROW, "method": "hidden factor", "setting": "bounds at the planted strength", "coverage": 0.97, "naive_coverage": 0.2, "band": [0.95, 1.0]}
TOO_WEAK = {**TOLD, "setting": "bounds at a quarter of the planted strength", "coverage": 0.35, "band": [0.0, 0.6]}
CALLED = {**ALARMS, "method": "recovery", "setting": "calls by list, a call does nothing", "truth": 0.0, "bias": 0.1, "naive_bias": 52.0,
          "naive_share": 1.0}
SLOPE = {**ROW, "method": "lagged slope, noise taken off", "setting": "60 stores, 12 periods, 8 employees", "truth": 3.0, "coverage": 0.952,
         "naive_coverage": 0.51, "naive_bias": -0.8, "bias": 0.02}
FEW_STORES = {**SLOPE, "setting": "20 stores, 8 periods", "coverage": 0.97, "naive_coverage": 0.9, "band": [0.91, 1.0]}
WEIGHTS = {**CUT, "method": "lagged slope, weights", "setting": "precision of all periods against the cell's own", "share": 0.013,
           "naive_share": 0.123, "band": [-0.06, 0.06]}
STRANGERS = {**ALARMS, "method": "icc1, stores differ", "setting": "60 groups that are no stores", "share": 0.045, "naive_share": 1.0}
SLIPS = {**POWER, "method": "direction, no lead found", "setting": "customers move employees: what a passed test of leads is worth", "share": 0.47,
         "band": [0.2, 0.8]}
STARTED = {**ROW, "method": "event study, stores", "setting": "120 stores, programme of 4 to 8 points", "truth": 6.0, "coverage": 0.94, "bias": 0.0,
           "naive_coverage": 0.45, "naive_bias": -1.8}
LOTS = {**ALARMS, "method": "permutation, t", "setting": "3 of 12 stores treated, no effect", "share": 0.05, "naive_share": 0.3}
STORES = (SLOPE, FEW_STORES, WEIGHTS, STRANGERS, SLIPS, STARTED, LOTS)
MONEY = (WAIT, CUT, PATH, CHANCE, TOLD, TOO_WEAK, CALLED)
SILENT = (CALLS, BOUNDED, HONEST, FLAGS, FOUND, ALONE)
LIVE = (validation.coverage(190, 200, group="n=100"), validation.coverage(188, 200, group="clusters=20, icc=0.05"))


def record(*rows: dict, is_fresh: bool = True) -> validation.Record:
    return validation.Record(pd.DataFrame(rows or [ROW, CLUSTERED, ALARMS, POWER]), is_fresh=is_fresh)


def study(made: validation.Record | None = None, live=LIVE) -> validation.Validation:
    return validation.study(made or record(), live, seed=3)


def check(found: validation.Validation, name: str):
    return next(c for c in found.study.checks if c.name.en == name)


class TestRecord:
    @pytest.fixture
    def root(self, tmp_path):
        """A library of two estimators, of which one rests on thresholds, and a world."""
        for name, text in {"stats/metrics.py": "a = 1\n", "stats/gates.py": "b = 1\n", "stats/gates.yml": "min_clusters: 10\n",
                           "stats/crossfit/newton.py": "a = 1\n", "simulate/scores.py": "a = 1\n"}.items():
            path = tmp_path / "voclib" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    def _made(self, root, *rows: tuple[dict, str]) -> list[dict]:
        return [{**row, "modules": modules, "code": fingerprints.joint([f"voclib.{m}" for m in modules.split()], root)} for row, modules in rows]

    def _load(self, root, records: list[dict]) -> validation.Record:
        path = root / "coverage.json"
        path.write_text(json.dumps({"records": records}), "utf-8")
        return validation.load_record(path, root=root)

    def test_a_record_of_this_code_is_fresh_and_one_without_modules_is_not(self, root) -> None:
        found = self._load(root, self._made(root, (ROW, "simulate.scores stats.metrics")))
        assert found.is_fresh and found.stale == () and found.rows["coverage"].tolist() == [0.95]
        assert self._load(root, [ROW]).stale == ("nps: n=100, promoters=0.5, detractors=0.2",)

    @pytest.mark.parametrize(("file", "text", "stale"), [
        ("stats/metrics.py", "a = 2\n", "nps"), ("stats/crossfit/newton.py", "a = 2\n", "nps clustered"),
        ("stats/gates.yml", "min_clusters: 2\n", "nps"),
        ("simulate/scores.py", "a = 2\n", "nps, nps clustered"), ("stats/metrics.py", "# one\na = 1\n", ""), ("stats/newer.py", "a = 2\n", "")])
    def test_a_change_makes_stale_what_rests_on_it_and_nothing_else(self, root, file: str, text: str, stale: str) -> None:
        made = self._made(root, (ROW, "simulate.scores stats.gates stats.metrics"), (CLUSTERED, "simulate.scores stats.crossfit.newton"))
        (root / "voclib" / file).write_text(text, "utf-8")
        found = self._load(root, made)
        assert {name.split(":")[0] for name in found.stale} == set(filter(None, stale.split(", ")))
        assert found.is_fresh == (not stale)

    def test_a_module_that_is_gone_makes_stale(self, root) -> None:
        made = self._made(root, (ROW, "stats.metrics"), (CLUSTERED, "stats.crossfit.newton"))
        (root / "voclib/stats/crossfit/newton.py").rename(root / "voclib/stats/newton.py")
        assert self._load(root, made).stale == ("nps clustered: clusters=20, icc=0.05",)

    def test_no_record_says_how_to_make_one(self, tmp_path) -> None:
        with pytest.raises(DataError, match="Run `make coverage`"):
            validation.load_record(tmp_path / "coverage.json")

    def test_counts_of_the_first_cell(self) -> None:
        assert {t.en: n for t, n in validation.facts(record()).items()} == {"methods": 4, "settings": 4, "simulated samples": 6000}


class TestCoverage:
    def test_share_with_its_own_interval(self) -> None:
        found = validation.coverage(95, 100, group="x")
        assert (found.value, found.n, found.group, found.unit) == (0.95, 100, "x", "share")
        assert (found.conf_low, found.conf_high) == pytest.approx((0.8882, 0.9785), abs=5e-4), "Wilson (1927), as tabulated"

    def test_settings_are_pooled_by_their_runs_and_false_alarms_and_power_left_out(self) -> None:
        found = study()
        headline = found.study.headline[0]
        assert headline.value == pytest.approx((0.95 * 1000 + 0.94 * 3000) / 4000) and headline.n == 4000
        assert found.study.naive.value == pytest.approx((0.8 * 1000 + 0.6 * 3000) / 4000)
        assert {e.group: e.value for e in found.coverage} == pytest.approx({"nps": 0.95, "nps clustered": 0.94})
        assert {g: e.value for g, e in found.naive["scores"].items()} == pytest.approx({"nps": 0.8, "nps clustered": 0.6})

    def test_both_languages_say_the_same_figures(self) -> None:
        found = study()
        for words in [*texts(found.study), *spoken(found.captions)]:
            assert figures(words.zh) == figures(words.en), words
        assert "94%" in found.study.answer.zh and "65%" in found.study.answer.en


class TestChecks:
    def test_all_well(self) -> None:
        found = study()
        assert [c.passed for c in found.study.checks] == [True, True, True, None, None] and found.study.verdict is Verdict.REPORT

    def test_a_stale_record_is_flagged(self) -> None:
        found = study(record(ROW, is_fresh=False))
        flagged = check(found, "The record was made by this code")
        assert flagged.passed is False and "make coverage" in flagged.consequence.en
        assert "已过期" in flagged.detail.zh and "stale" in flagged.detail.en
        assert found.study.verdict is found.study.headline[0].verdict is Verdict.REPORT_WITH_CAVEAT

    def test_stale_settings_are_counted_and_named_by_method(self) -> None:
        rows = (ROW, {**ROW, "setting": "n=30"}, CLUSTERED, {**ALARMS, "setting": "all alike"}, ALARMS, POWER)
        stale = tuple(f"{r['method']}: {r['setting']}" for r in rows[:3])
        detail = check(study(validation.Record(pd.DataFrame(rows), is_fresh=False, stale=stale)), "The record was made by this code").detail
        assert "3 of 6 settings are stale" in detail.en and detail.en.endswith("long runs: NPS, plain sample (2); NPS, clustered by dealer (1).")
        assert "NPS，按门店聚类（1）" in detail.zh and "分组" not in detail.zh and figures(detail.zh) == figures(detail.en)

    def test_of_many_stale_methods_some_are_named_and_the_others_counted(self) -> None:
        rows = [*(ROW, CLUSTERED, ALARMS, POWER), *MONEY, *SILENT]
        stale = tuple(f"{r['method']}: {r['setting']}" for r in rows)
        detail = check(study(validation.Record(pd.DataFrame(rows), is_fresh=False, stale=stale)), "The record was made by this code").detail
        others = len({validation.names.method(r["method"]) for r in rows}) - validation_text.NAMED
        assert others > 1 and detail.en.endswith(f"; and {others} more.") and detail.zh.endswith(f"；另有 {others} 种方法。")
        assert detail.en.count(" (") == validation_text.NAMED and figures(detail.zh) == figures(detail.en)

    def test_a_failing_setting_is_flagged_and_counted(self) -> None:
        found = study(record(ROW, {**CLUSTERED, "passed": False}))
        flagged = check(found, "Every setting lies within its band")
        assert flagged.passed is False and figures(flagged.detail.zh) == figures(flagged.detail.en) == ["1", "2"]
        assert found.study.verdict is Verdict.REPORT_WITH_CAVEAT and "1 of 2 settings" in found.study.answer.en
        assert [t.en for t in found.scorecard["passed"]] == ["failed", "passed"]
        assert found.captions["scorecard"]["title"].en == "1 of 2 settings pass"

    def test_live_runs_that_miss_are_flagged_and_no_caption_says_otherwise(self) -> None:
        found = study(live=(validation.coverage(60, 100, group="n=100"), LIVE[1]))
        flagged = check(found, "The runs made now agree with the long ones")
        assert flagged.passed is False and "60%" in flagged.detail.zh and found.study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert all("=" not in x.zh + x.en for x in found.captions["live"]["labels"].values()) and found.captions["live"]["labels"]
        assert "agree with the long ones" not in found.captions["live"]["title"].en and "与长跑相符" not in found.captions["live"]["title"].zh

    def test_the_naive_way_is_shown_at_its_lowest(self) -> None:
        assert "60%" in check(study(), "The naive way fails").detail.en


    def test_what_tests_raise_and_find_is_said_together(self) -> None:
        flagged = check(study(record(ROW, *SILENT)), "Few false alarms, and still they detect")
        assert figures(flagged.detail.en) == figures(flagged.detail.zh) == ["6.0%", "60%"]

    def test_nothing_made_now_or_nothing_on_file_is_a_clear_error(self) -> None:
        with pytest.raises(ParameterError, match="pass what live\\(\\) returned"):
            study(live=())
        with pytest.raises(ParameterError, match="no coverage with a naive one"):
            study(record(HONEST))


class TestTables:
    def test_every_part_of_the_page_has_its_methods(self) -> None:
        found = study(record(ROW, CLUSTERED, ALARMS, POWER, *SILENT))
        assert [e.group for e in found.coverage] == ["nps", "nps clustered"] and [e.group for e in found.silence] == ["follow-up, plain", "churned"]
        assert {name: len(table) for name, table in found.tables.items() if len(table)} == {"scores": 4, "silent": 3, "answers": 3}
        assert list(found.tables["silent"]) == list(validation.COLUMNS) and set(validation.FORMATS) <= set(found.tables["silent"])

    def test_what_may_be_too_wide_does_not_flatter_the_total(self) -> None:
        assert study(record(ROW, BOUNDED)).study.headline[0].value == pytest.approx(0.95)

    def test_each_kind_is_written_its_own_way(self) -> None:
        tables = study(record(ROW, *SILENT)).tables
        made = {row.method.en: (row.expected.en, row.ours.en, row.naive.en) for t in tables.values() for row in t.itertuples()}
        assert made["NPS, plain sample"] == ("93–97%", "95%", "80%")
        assert made["Churned, never asked"] == ("≥ 93%", "100%", "0%")
        assert made["Weighting without call-backs: aipw, the satisfied answer"] == ("+10 to +40", "+21.0", "+33.0")
        assert made["Solicitation test: none of 40 dealers solicits, any dealer flagged"] == ("≤ 10%", "6%", "100%")

    def test_settings_of_a_method_are_summed_up(self) -> None:
        [row] = study(record(ROW, {**ROW, "coverage": 0.94, "refusals": 0.2, "passed": False})).tables["scores"].itertuples()
        assert (row.ours.en, row.refusals, row.settings.en) == ("94–95%", 0.2, "1/2")

    def test_opposite_worlds_do_not_share_a_row(self) -> None:
        worlds = ("margin before the wait, nothing hidden, failed", "200 customers, a hidden factor, passed")
        made = record(ROW, *({**ALARMS, "method": "negative control", "setting": world} for world in worlds))
        rows = [row.method.en for row in study(made).tables["sensitivity"].itertuples()]
        assert rows == ["Placebo check: margin before the wait, nothing hidden, failed", "Placebo check: a hidden factor, passed"]

    def test_what_the_naive_way_would_conclude(self) -> None:
        found = study(record(CLUSTERED, *SILENT)).instead.set_index("family")
        assert [t.en for t in found.index] == ["Scores", "Call-backs", "Bounds", "Solicited scores"]
        by = {t.en: row for t, row in found.iterrows()}
        assert by["Call-backs"]["naive"].en == "covers the truth in 1% of runs, off by +21.3 points"
        assert by["Solicited scores"]["naive"] == Text("诚实门店误报 39%", "flags 39% of honest dealers")
        assert "4.9%" in by["Solicited scores"]["ours"].en
        for column in ("naive", "ours"):
            assert all(figures(t.zh) == figures(t.en) for t in found[column])


class TestMoney:
    def test_money_has_a_figure_and_tables_of_its_own(self) -> None:
        found = study(record(ROW, *SILENT, *MONEY))
        assert [e.group for e in found.money] == ["att, poisson", "event study, whole path", "hidden factor"]
        assert {"follow-up, plain", "churned"} == {e.group for e in found.silence} and "att, poisson" not in found.naive["silence"]
        assert {g: e.value for g, e in found.naive["money"].items()} == {"att, poisson": 0.01, "event study, whole path": 0.6, "hidden factor": 0.2}
        sizes = {name: len(table) for name, table in found.tables.items()}
        assert {"effects": 2, "designs": 1, "attribution": 0, "worth": 2, "sensitivity": 2}.items() <= sizes.items()
        assert "96%" in found.captions["money"]["title"].en and "31%" in found.captions["money"]["title"].zh, "exact bands only"

    def test_a_record_from_before_money_still_makes_the_page(self) -> None:
        found = study(record(ROW, *SILENT))
        assert found.money == () and "money" not in found.captions
        assert all(found.tables[name].empty for name in ("effects", "designs", "attribution", "worth", "sensitivity"))
        assert set(found.instead["family"].map(lambda t: t.en)) == {"Call-backs", "Bounds", "Solicited scores"}

    def test_planted_losses_and_whole_paths_count_and_what_must_fail_does_not(self) -> None:
        found = study(record(WAIT, PATH, TOO_WEAK, TOLD))
        assert found.study.headline[0].value == pytest.approx((0.96 + 0.955) / 2, abs=1e-3)
        assert found.study.naive.value == pytest.approx((0.01 + 0.6) / 2)
        assert {e.group: e.value for e in found.money}["hidden factor"] == 0.97, "bounds told too little are a warning, not a promise"

    def test_a_mean_chance_is_no_false_alarm(self) -> None:
        flagged = check(study(record(ROW, ALARMS, POWER, CHANCE)), "Few false alarms, and still they detect")
        assert figures(flagged.detail.en) == ["5.0%", "80%"]

    def test_money_is_written_in_its_unit(self) -> None:
        tables = study(record(ROW, *MONEY)).tables
        made = {row.method.en: (row.kind.en, row.expected.en, row.ours.en) for t in tables.values() for row in t.itertuples()}
        assert made["Doubly robust, top 1% capped: log sd 1.75"] == ("Bias", "+¥9.75 to +¥19.5", "+¥11.7")
        assert made["By month, whole path"] == ("Coverage", "93–97%", "95.5%")
        assert made["Unrecorded factor: bounds at a quarter of the planted strength"] == ("Coverage", "≤ 60%", "35%")
        assert made["Return of a programme: programme does nothing, evidence level 1, P(NPV > 0)"] == ("Mean chance", "≤ 10%", "6.7%")

    def test_what_a_slide_would_conclude(self) -> None:
        by = {t.en: row for t, row in study(record(ROW, *MONEY)).instead.set_index("family").iterrows()}
        assert by["Money"]["naive"].en == "covers the truth in 1% of runs, on average 3.6 times the truth" and "1.0 倍" in by["Money"]["ours"].zh
        assert by["Recovery"]["naive"].en == "when a call does nothing: off by +52.0 points, false alarms 100%"
        assert by["Sensitivity"]["ours"].en == "covers the truth in 97% of runs", "told the strength, not a quarter of it"


class TestStores:
    def test_stores_have_a_figure_and_tables_of_their_own(self) -> None:
        found = study(record(ROW, *MONEY, *STORES))
        assert [e.group for e in found.stores] == ["lagged slope, noise taken off", "event study, stores"]
        assert {g: e.value for g, e in found.naive["stores"].items()} == pytest.approx({"lagged slope, noise taken off": 0.705,
                                                                                        "event study, stores": 0.45}, abs=1e-3)
        assert "event study, stores" not in {e.group for e in found.money}
        assert {"measurement": 1, "leads": 4, "programmes": 2}.items() <= {name: len(table) for name, table in found.tables.items()}.items()
        assert "95%" in found.captions["stores"]["title"].en and "48%" in found.captions["stores"]["title"].zh, "exact bands only"

    def test_a_record_from_before_stores_still_makes_the_page(self) -> None:
        found = study(record(ROW, *MONEY))
        assert found.stores == () and "stores" not in found.captions
        assert all(found.tables[name].empty for name in ("measurement", "leads", "programmes"))

    def test_what_a_test_lets_slip_is_neither_power_nor_false_alarm(self) -> None:
        found = study(record(ROW, ALARMS, POWER, SLIPS))
        assert figures(check(found, "Few false alarms, and still they detect").detail.en) == ["5.0%", "80%"]
        [row] = found.tables["leads"].itertuples()
        assert (row.kind.en, row.expected.en, row.ours.en) == ("Missed", "20–80%", "47%")

    def test_the_faintest_find_is_named(self) -> None:
        begging, differing = (check(study(record(ROW, ALARMS, *rows)), "Few false alarms, and still they detect").detail
                              for rows in ((POWER, FOUND), (POWER, {**FOUND, "share": 0.9})))
        assert begging.en.endswith("60% of the time, hardest to see: Solicitation test.") and "讨分检验" in begging.zh
        assert differing.en.endswith("80% of the time, hardest to see: Groups against the rest.")

    def test_slopes_have_two_decimals_and_points_one(self) -> None:
        tables = study(record(ROW, *STORES)).tables
        [slope] = [row for row in tables["leads"].itertuples() if row.kind.en == "Bias"]
        assert (slope.expected.en, slope.ours.en, slope.naive.en) == ("±0.06", "+0.01", "+0.12")
        [points] = study(record(ROW, {**WEIGHTS, "method": "event study, stores", "band": [-0.3, 0.3]})).tables["programmes"].itertuples()
        assert (points.expected.en, points.ours.en, points.naive.en) == ("±0.3", "0.0", "+0.1")

    def test_rows_that_only_their_size_tells_apart_say_it(self) -> None:
        rows = [row.method.en for row in study(record(ROW, *STORES)).tables["leads"].itertuples()]
        sizes = "60 stores, 12 periods, 8 employees", "20 stores, 8 periods"
        assert rows[:2] == [f"Slope at lag 1, sampling noise removed: {size}" for size in sizes]
        [alone] = [row.method.en for row in study(record(ROW, SLOPE)).tables["leads"].itertuples()]
        assert alone == "Slope at lag 1, sampling noise removed"

    def test_what_the_usual_practice_would_conclude(self) -> None:
        pooled = {**ALARMS, "method": "lagged slope, as measured", "setting": "60 stores, 12 periods, no effect", "naive_share": 0.98}
        by = {t.en: row for t, row in study(record(ROW, *STORES, pooled)).instead.set_index("family").iterrows()}
        assert by["Measurement"]["naive"].en == "mistakes groups of strangers for stores in 100% of runs" and "4.5%" in by["Measurement"]["ours"].zh
        assert by["Leads and lags"]["naive"].en == "finds a difference where there is none in 98% of runs"
        assert by["Staggered go-live"]["naive"].en == "covers the truth in 45% of runs, off by −1.8 points"
        assert "30%" in by["Few stores"]["naive"].zh and "5%" in by["Few stores"]["ours"].zh


class TestScorecard:
    def test_a_setting_is_named_in_both_languages(self) -> None:
        table = study().scorecard
        assert Text("NPS，按门店聚类 · 20 家门店，门店间差异占 0.05",
                    "NPS, clustered by dealer · 20 stores, 0.05 of the variance between stores") in table["setting"].tolist()
        assert list(table) == list(validation.SCORECARD_COLUMNS)

    def test_failing_ones_first_then_the_closest_and_not_all(self) -> None:
        many = [{**ROW, "setting": f"n={k}", "coverage": 0.95 - k / 1000} for k in range(20)]
        table = study(record(*many, {**ROW, "setting": "n=77", "coverage": 0.95, "passed": False})).scorecard
        assert len(table) == validation.CLOSEST and [t.en.split("· ")[1] for t in table["setting"][:3]] == [
            "77 answers", "19 answers", "18 answers"]

    def test_a_record_without_kinds_is_read_as_coverage(self, tmp_path) -> None:
        path = tmp_path / "coverage.json"
        path.write_text(json.dumps({"records": [{k: v for k, v in ROW.items() if "share" not in k and k != "kind"}]}), "utf-8")
        assert validation.load_record(path).rows["measured"].tolist() == [0.95]


def _draws(seed: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """A world whose truth is its seed."""
    return pd.DataFrame({"x": [seed]}), {"around": float(seed), "shy": 0.0}


def around(frame: pd.DataFrame, *, upto: float = 10.0) -> Estimate:
    """A method that always answers 0 to `upto`."""
    assert list(frame) == ["x"], "a method never sees the truth"
    return Estimate(estimand="x", kind="estimate", unit="score", value=0.0, conf_low=0.0, conf_high=upto)


def shy(frame: pd.DataFrame, *, above: int = 10**9) -> Estimate:
    """A method that refuses up to a seed."""
    if frame["x"][0] <= above:
        return refusal("x", unit="score", reason=Text("不够", "too few"), needs=Text("更多", "more"))
    return around(frame)


class TestLive:
    def test_hits_are_counted_in_every_world(self) -> None:
        worlds = {"wide": (_draws, {"upto": 100.0}), "half": (_draws, {"upto": 9.0}), "never": (_draws, {"upto": 0.5})}
        found = validation.live(worlds, runs=20, seed=1, method=around)
        assert [(e.group, round(e.value * e.n), e.n) for e in found] == [("wide", 20, 20), ("half", 9, 20), ("never", 0, 20)]

    def test_ends_of_an_interval_belong_to_it(self) -> None:
        [found] = validation.live({"w": (_draws, {"upto": 3.0})}, runs=1, seed=3, method=around)
        assert found.value == 1.0

    def test_refusals_are_neither_hits_nor_misses(self) -> None:
        [found] = validation.live({"w": (_draws, {"above": 14})}, runs=20, seed=1, method=shy)
        assert (found.n, found.value) == (6, 1.0)

    def test_a_method_that_always_refuses_is_an_error(self) -> None:
        with pytest.raises(DataError, match="refused in all 5 runs of 'w'; a method that always refuses covers nothing"):
            validation.live({"w": (_draws, {})}, runs=5, seed=1, method=shy)

    def test_the_same_seed_gives_the_same_runs(self) -> None:
        from voclib.simulate.worlds import scores as planted
        from voclib.stats import metrics

        def draw(seed: int):
            return planted.plain(seed, n=60, promoters=0.5, detractors=0.2)

        first, again = (validation.live({"n=60": (draw, {})}, runs=40, seed=9, method=metrics.nps) for _ in range(2))
        assert first == again and first[0].value > 0.8
