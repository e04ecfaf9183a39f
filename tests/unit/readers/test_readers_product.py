"""The product brief: what is counted and by what it is divided, what is flagged, what a sheet says; thin, missing and odd tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reader_tables import FIRST, PARTS, PRODUCTS, WEEKS, company
from study_tables import figures, spoken, texts

from voclib.errors import ParameterError
from voclib.readers import product
from voclib.readers.product import counts as product_counts
from voclib.readers.product import sheet as product_sheet
from voclib.readers.product.text import Names
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.sentences import DASH
from voclib.stats import gates, recent
from voclib.studies import counting

NAMES = Names({"noise": Text("异响", "Noise")}, {"刹车片": Text("刹车片", "Brake pads")})
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def calm() -> Tables:
    return company()


@pytest.fixture(scope="module")
def surging() -> Tables:
    return company(surge=4.0)


def row(counts: product_counts.Counts, *key: str) -> int:
    return counts.keys.index[(counts.keys[["product", "kind", "subject"]] == list(key)).all(axis=1)][0]


class TestCounts:
    def test_periods_are_whole_weeks_before_a_monday(self, calm: Tables) -> None:
        found = product_counts.count(calm)
        assert found.until == FIRST + pd.Timedelta(weeks=WEEKS) and found.until.dayofweek == 0
        assert found.counts.shape == (3 + 6 + 6 + 3, WEEKS // 4) == found.exposure.shape and found.days == 28

    @pytest.mark.parametrize("until", ["", "2026-05-20"])
    def test_the_voices_behind_it_are_those_no_step_leaves_out(self, calm: Tables, until: str) -> None:
        found = product_counts.heard(calm, product_counts.count(calm, until=until))
        assert set(found) == set(calm["responses"].loc[product_counts.steps(calm, until=until)["responses"] == "", "response_id"]) and len(found)

    def test_repairs_are_counted_by_period_and_divided_by_owners(self, calm: Tables) -> None:
        found = product_counts.count(calm)
        i = row(found, PRODUCTS[0], product_counts.REPAIRS, PARTS[0])
        own = calm["repairs"].query("product == @PRODUCTS[0] and part == @PARTS[0]")
        local = own["repaired_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        assert found.counts[i, -1] == (local >= found.until - pd.Timedelta(days=28)).sum() and found.counts[i].sum() == len(own)
        assert (found.exposure[i] == 100).all()

    def test_owners_who_left_are_no_exposure(self, calm: Tables) -> None:
        left = calm["customers"].assign(churned_on=FIRST.date())
        found = product_counts.count(calm | {"customers": left})
        assert (found.exposure[row(found, PRODUCTS[0], product_counts.REPAIRS, PARTS[0])] == 0).all()

    def test_repairs_of_a_product_without_a_voice_count_too(self, calm: Tables) -> None:
        name = str(calm["customers"]["product"].iloc[0])
        silent = calm["customers"].loc[calm["customers"]["product"] == name, "customer_id"]
        tables = {**calm, "responses": calm["responses"][~calm["responses"]["customer_id"].isin(silent)]}
        repaired = calm["repairs"]["product"] == name
        assert repaired.any() and "stranger" not in set(product_counts.steps(tables)["repairs"][repaired])
        assert "repairs" in set(product_counts.count(tables).keys.query("product == @name")["kind"])

    def test_complaints_are_divided_by_voices_and_one_voice_complains_once(self, calm: Tables) -> None:
        twice = pd.concat([calm["topic_mentions"]] * 2, ignore_index=True)
        found, again = product_counts.count(calm), product_counts.count(calm | {"topic_mentions": twice})
        assert np.array_equal(found.counts, again.counts)
        i, j = row(found, PRODUCTS[1], product_counts.COMPLAINTS, "noise"), row(found, PRODUCTS[1], product_counts.UNHAPPY, "")
        assert np.array_equal(found.exposure[i], found.exposure[j]) and (found.exposure[i] > found.counts[i]).all()

    def test_a_brief_of_an_earlier_monday_does_not_know_what_came_after(self, calm: Tables) -> None:
        whole = product_counts.count(calm)
        then = product_counts.count(calm, until=str(whole.until.date() - pd.Timedelta(days=28)))
        assert np.array_equal(whole.before(1).counts, then.counts[:, -whole.before(1).counts.shape[1]:]) and whole.before(1).until == then.until

    def test_tables_that_are_not_there_are_not_counted(self, calm: Tables) -> None:
        bare = {name: calm[name] for name in ("customers", "responses")}
        assert set(product_counts.count(bare).keys["kind"]) == {product_counts.UNHAPPY}

    @pytest.mark.parametrize(("options", "message"), [({"weeks": 0}, "whole number of 1 or more"), ({"until": "tomorrow?"}, "a day such as"),
                                                      ({"column": "versio"}, "responses have no column 'versio'")])
    def test_bad_input_is_told(self, calm: Tables, options: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            product_counts.count(calm, **options)

    @pytest.mark.parametrize(("changes", "options", "message"), [
        ({"customers": None}, {}, "no customer with a product"), ({"responses": "strangers"}, {}, "from a customer with a product"),
        ({}, {"weeks": 13}, "7 are needed"), ({}, {"until": "2020-01-06"}, "0 whole periods"),
        ({}, {"until": "2020-01-06"}, "and the last whole week ends on 2020-01-05"),
        ({"customers": "gone"}, {}, "no customer with a product"),
        ({"responses": "undated"}, {}, "No voice with a date"), ({}, {"column": "segment"}, "in the column segment")])
    def test_where_nothing_can_be_counted_the_page_is_a_refusal(self, calm: Tables, changes: dict, options: dict, message: str) -> None:
        tables = {**calm, "responses": calm["responses"].assign(segment=pd.Series(None, index=calm["responses"].index, dtype="str"))}
        for name, change in changes.items():
            never = pd.Series(pd.NaT, index=calm["responses"].index, dtype="datetime64[us, UTC]")
            made = {"strangers": {"customer_id": "nobody"}, "undated": {"submitted_at": never}}.get(change or "", {})
            tables[name] = tables[name].assign(**made) if made else calm[name].drop(columns="product")
        tables = {name: frame for name, frame in tables.items() if changes.get(name) != "gone"}
        counts = product_counts.count(tables, **options)
        brief = product.study(tables, counts)
        assert brief.study.verdict is Verdict.REFUSE and message in brief.study.answer.en and brief.study.decision.zh and not len(brief.sheet)
        assert show.headline(brief.study).words and show.checks(brief.study.checks).words and product_counts.facts(counts)
        chosen = {"product_column" if key == "column" else key: value for key, value in options.items()}
        assert all(flow.n == 0 for flow in counting.flows("51-product", tables, **chosen))


class TestVersions:
    """Reviews of an app, whose writers are no customers of record: the version stands in a column of the voices themselves."""

    @pytest.fixture(scope="class")
    @classmethod
    def reviews(cls) -> Tables:
        made = company()
        voices = made["responses"]
        when = (voices["submitted_at"] - voices["submitted_at"].min()).dt.days
        stars = pd.array(np.where(voices["nps_score"] < 7, 1, 5), dtype="Int64")
        own = voices.assign(customer_id=pd.Series(None, index=voices.index, dtype="str"), channel="appstore", star_rating=stars,
                            nps_score=pd.array([pd.NA] * len(voices), dtype="Int64"),
                            segment=np.where(when % 3 == 0, "6.1", np.where(when > 200, "6.2", "6.0")))
        worse = own["segment"].eq("6.2") & (when > when.max() - 28)
        return {"responses": own.assign(star_rating=own["star_rating"].mask(worse, 1)), "topic_mentions": made["topic_mentions"]}

    def test_a_version_that_turns_worse_is_named(self, reviews: Tables) -> None:
        counts = product_counts.count(reviews, column="segment")
        brief = product.study(reviews, counts)
        assert set(counts.keys["product"]) == {"6.0", "6.1", "6.2"} and set(brief.sheet["product"]) == {"6.0", "6.1", "6.2"}
        assert brief.judged.counts.keys.loc[brief.judged.up].values.tolist() == [["6.2", product_counts.UNHAPPY, ""]]
        assert product.study(reviews, product_counts.count(reviews)).study.verdict is Verdict.REFUSE

    def test_the_rows_behind_it_are_those_counted(self, reviews: Tables) -> None:
        counts = product_counts.count(reviews, column="segment")
        flow = counting.flows("51-product", reviews, product_column="segment")[0]
        assert set(flow.ids) == set(product_counts.heard(reviews, counts)) and flow.n > 5000


class TestBrief:
    def test_a_surge_is_flagged_and_leads_the_decision(self, surging: Tables) -> None:
        made = product.study(surging, product_counts.count(surging), names=NAMES)
        assert made.judged.counts.keys.loc[made.judged.up].values.tolist() == [[PRODUCTS[0], product_counts.REPAIRS, PARTS[0]]]
        assert made.moves[0].group == "甲 · 修刹车片" and made.moves[0].conf_low > 1
        assert "Look first at 甲 · repairs: Brake pads" in made.study.decision.en and made.study.headline[0].value == 1
        assert made.study.answer.en.startswith("1 count rose and 0 fell by more than chance. The clearest is 甲 · repairs: Brake pads:")

    def test_nothing_is_flagged_where_nothing_moved_though_half_the_counts_rose(self, calm: Tables) -> None:
        made = product.study(calm, product_counts.count(calm))
        assert made.study.headline[0].value == 0 and made.study.naive.value >= 3
        assert made.study.answer.en.startswith("Nothing moved by more than chance.")

    def test_the_ladder_widens_and_the_last_rung_decides(self, surging: Tables) -> None:
        made = product.study(surging, product_counts.count(surging))
        width = {r.rung: np.log(r.conf_high / r.conf_low) for r in made.ladder.rungs}
        assert list(width) == ["month", "year", "scatter", "all"] and width["year"] < width["scatter"] <= width["all"]
        assert made.ladder["all"].value == pytest.approx(made.ladder["year"].value)

    def test_earlier_periods_are_judged_by_what_was_known_then(self, surging: Tables) -> None:
        made = product.study(surging, product_counts.count(surging))
        assert made.history.loc[0, "up"] == 1 and made.history.loc[1:, "up"].sum() <= 1
        assert made.history["until"].is_monotonic_decreasing and (made.history["naive_up"].iloc[:-1] > 0).all()

    def test_the_sheet_has_levels_and_open_cases(self, calm: Tables) -> None:
        counts = product_counts.count(calm)
        found = product_sheet.sheet(calm, counts, conf_level=0.95, gates=gates.load(), timezone="Asia/Shanghai", names=NAMES)
        assert sorted(found["product"]) == sorted(PRODUCTS)
        until, cases = counts.until.tz_localize("Asia/Shanghai"), calm["cases"]
        still = cases[(cases["opened_at"] < until) & ~(cases["resolved_at"] < until)]
        assert found["open"].sum() == len(still) and found["safety"].sum() == still["severity"].eq("safety").sum()
        assert all(e.n_clusters == 24 for e in found["nps"])

    def test_without_cases_or_scores_the_sheet_leaves_dashes(self, calm: Tables) -> None:
        bare = {name: calm[name] for name in ("customers", "units")} | {"responses": calm["responses"].assign(nps_score=pd.NA)}
        made = product.study(bare, product_counts.count(bare))
        assert made.sheet["open"].isna().all() and all(cell == DASH for cell in made.sheet["nps"])

    def test_too_few_of_everything_is_a_refusal(self) -> None:
        few = company(voices=60)
        thin = {name: few[name] for name in ("customers", "responses", "units")}
        made = product.study(thin, product_counts.count(thin))
        assert made.study.verdict is Verdict.REFUSE and made.moves == () and made.ladder is None

    def test_a_feed_cut_off_is_a_failed_check_and_a_caveat(self, calm: Tables) -> None:
        last = pd.Timestamp(FIRST + pd.Timedelta(weeks=WEEKS - 4), tz="Asia/Shanghai")
        keep = (calm["responses"]["submitted_at"] < last) | (np.arange(len(calm["responses"])) % 8 == 0)
        made = product.study(calm | {"responses": calm["responses"][keep]}, product_counts.count(
            calm | {"responses": calm["responses"][keep]}, until=str((FIRST + pd.Timedelta(weeks=WEEKS)).date())))
        assert made.study.checks[0].passed is False and made.study.verdict is Verdict.REPORT_WITH_CAVEAT

    @pytest.mark.parametrize("missing", [16, 40])
    def test_a_table_that_ends_early_is_left_out_and_told(self, calm: Tables, missing: int) -> None:
        """Repairs exported too early would fall in every row; the rows of other tables are judged as before."""
        end = FIRST + pd.Timedelta(weeks=WEEKS)
        early = calm["repairs"]["repaired_at"] < pd.Timestamp(end - pd.Timedelta(days=missing), tz="Asia/Shanghai")
        tables = calm | {"repairs": calm["repairs"][early].reset_index(drop=True)}
        counts, whole = product_counts.count(tables), product_counts.count(calm)
        made, repairs = product.study(tables, counts), (counts.keys["kind"] == product_counts.REPAIRS).to_numpy()
        assert made.study.headline[0].value == 0 and not made.judged.down.any() and not made.judged.told[repairs].any()
        assert np.array_equal(counts.counts[~repairs], whole.counts[~repairs]) and made.judged.told[~repairs].any()
        short = -(-missing // 28)
        assert (counts.exposure[repairs, -short:] == 0).all() and (counts.exposure[repairs, :-short] > 0).all()
        check, thin = made.study.checks[1], next(c for c in made.study.checks if c.name.en == "Too few to be judged")
        assert check.passed is False and f"{end - pd.Timedelta(days=missing + 1):%Y-%m-%d}" in check.detail.en and "6 counts" in check.detail.en
        assert made.study.verdict is Verdict.REPORT_WITH_CAVEAT and thin.detail.en.startswith("0 of 18")
        as_is = recent.against_usual(*(a[repairs] for a in _as_exported(tables, counts)))
        assert (as_is.ratio < 1).all() and (as_is.p_value < 0.05).any(), "taken as whole, repairs seem to have fallen"

    @pytest.mark.parametrize(("begins", "usual"), [(100, 9), (230, 4)])
    def test_a_table_that_begins_late_is_compared_with_what_it_holds(self, calm: Tables, begins: int, usual: int) -> None:
        """The blank before an export begins would make repairs seem to rise; the rows of other tables are judged as before."""
        first = FIRST + pd.Timedelta(days=begins)
        there = calm["repairs"]["repaired_at"] >= pd.Timestamp(first, tz="Asia/Shanghai")
        tables = calm | {"repairs": calm["repairs"][there].reset_index(drop=True)}
        counts, whole = product_counts.count(tables), product_counts.count(calm)
        made, repairs = product.study(tables, counts), (counts.keys["kind"] == product_counts.REPAIRS).to_numpy()
        assert not made.judged.up.any() and made.judged.told[repairs].any() == (usual >= recent.FEWEST_PERIODS)
        assert np.array_equal(counts.counts[~repairs], whole.counts[~repairs]) and made.judged.told[~repairs].any()
        assert ((made.judged.counts.exposure[repairs, :-1] > 0).sum(axis=1) == usual).all()
        assert made.judged.counts.usual(product_counts.REPAIRS) == usual
        check, thin = made.study.checks[1], next(c for c in made.study.checks if c.name.en == "Too few to be judged")
        assert f"from {first:%Y-%m-%d}, which leaves {usual} usual periods" in check.detail.en and f"{first:%Y-%m-%d} 才有记录" in check.detail.zh
        assert (check.passed, made.study.verdict) == ((None, Verdict.REPORT) if usual == 9 else (False, Verdict.REPORT_WITH_CAVEAT))
        assert ("6 counts lack" in check.detail.en) == (usual == 4) and thin.detail.en.startswith("0 of 18")
        as_is = recent.against_usual(*(a[repairs] for a in _as_exported(tables, counts))).ratio
        assert np.median(as_is) > 1.2, "the blank taken for zero, repairs seem to have risen"
        assert usual == 4 or 0.9 < np.median(made.judged.found.ratio[repairs]) < 1.1

    @pytest.mark.parametrize("stray", [0, -900])
    def test_one_early_row_does_not_hide_that_a_table_begins_late(self, calm: Tables, stray: int) -> None:
        """A report dated long before the rest is no record kept since: what follows the blank is still no rise."""
        first, alone = (pd.Timestamp(FIRST + pd.Timedelta(days=n), tz="Asia/Shanghai") for n in (230, stray))
        late = calm["repairs"][calm["repairs"]["repaired_at"] >= first]
        early = late.head(1).assign(repair_id="stray", repaired_at=alone.tz_convert("UTC"))
        without, counts = (product_counts.count(calm | {"repairs": rows.reset_index(drop=True)}) for rows in (late, pd.concat([early, late])))
        assert counts.late == without.late and set(counts.late) == {product_counts.REPAIRS}
        assert np.array_equal(counts.counts, without.counts) and np.array_equal(counts.exposure, without.exposure)
        y, e = _as_exported(calm | {"repairs": pd.concat([early, late])}, counts)
        repairs = (counts.keys["kind"] == product_counts.REPAIRS).to_numpy()
        assert np.median(recent.against_usual(y[repairs], e[repairs]).ratio) > 1.2, "the blank taken for zero, repairs seem to have risen"

    def test_one_early_voice_makes_no_periods(self, calm: Tables) -> None:
        early = calm["responses"].head(1).assign(response_id="stray", submitted_at=pd.Timestamp("2022-03-01", tz="UTC"))
        tables = calm | {"responses": pd.concat([early, calm["responses"]], ignore_index=True)}
        assert product_counts.count(tables).counts.shape == product_counts.count(calm).counts.shape

    def test_a_blank_taken_for_zero_would_hide_a_surge(self) -> None:
        """Periods of nothing beside periods of something scatter so much that nothing stands out any more."""
        surging = company(surge=2.5)
        there = surging["repairs"]["repaired_at"] >= pd.Timestamp(FIRST + pd.Timedelta(days=170), tz="Asia/Shanghai")
        tables = surging | {"repairs": surging["repairs"][there].reset_index(drop=True)}
        counts = product_counts.count(tables)
        at, repairs = row(counts, PRODUCTS[0], product_counts.REPAIRS, PARTS[0]), (counts.keys["kind"] == product_counts.REPAIRS).to_numpy()
        assert product.judge(counts).up[at]
        y, e = (a[:, -product_counts.MOST_PERIODS:] for a in _as_exported(tables, counts))
        naive = product.judge(product_counts.Counts(counts.keys, np.where(repairs[:, None], y, counts.counts[:, -y.shape[1]:]),
                                                    np.where(repairs[:, None], e, counts.exposure[:, -e.shape[1]:]), counts.until, counts.days))
        assert not naive.up[at]

    def test_in_tables_that_begin_late_a_planted_rise_is_found_and_the_others_stay_where_they_are(self) -> None:
        """Beginnings and companies drawn by seed; the same tables with the blank taken for zero make everything rise."""
        found, others, naive = [], [], []
        for seed in range(12):
            begins, made = int(np.random.default_rng([seed, 51]).integers(60, 190)), company(seed=seed + 100, surge=2.5)
            there = made["repairs"]["repaired_at"] >= pd.Timestamp(FIRST + pd.Timedelta(days=begins), tz="Asia/Shanghai")
            tables = {"customers": made["customers"], "responses": made["responses"], "repairs": made["repairs"][there].reset_index(drop=True)}
            counts = product_counts.count(tables)
            judged, repairs = product.judge(counts), (counts.keys["kind"] == product_counts.REPAIRS).to_numpy()
            at = row(counts, PRODUCTS[0], product_counts.REPAIRS, PARTS[0])
            rest = repairs & (np.arange(len(repairs)) != at)
            as_is = recent.against_usual(*(a[rest] for a in _as_exported(tables, counts))).ratio
            found, others, naive = [*found, judged.up[at]], [*others, *judged.found.ratio[rest]], [*naive, *as_is]
            assert not judged.up[rest].any()
        assert np.mean(found) >= 0.8 and 0.95 < np.median(others) < 1.05 and np.median(naive) > 1.15

    def test_a_beginning_before_the_periods_compared_is_not_told(self, calm: Tables) -> None:
        there = calm["repairs"]["repaired_at"] >= pd.Timestamp(FIRST + pd.Timedelta(days=28), tz="Asia/Shanghai")
        counts = product_counts.count(calm | {"repairs": calm["repairs"][there]})
        assert set(counts.late) == {product_counts.REPAIRS} and counts.last(5).late == {} and counts.last(5).usual(product_counts.REPAIRS) == 4

    def test_a_table_that_is_whole_or_quiet_by_nature_is_not_called_cut(self, calm: Tables) -> None:
        sparse = calm["frontline_reports"].sort_values("reported_at").iloc[::40]
        for tables in (calm, calm | {"frontline_reports": sparse}):
            counts = product_counts.count(tables)
            assert counts.cut == counts.late == {} and product.study(tables, counts).study.checks[1].passed is True

    def test_rows_of_a_period_that_is_not_whole_are_not_counted(self, calm: Tables) -> None:
        early = calm["repairs"]["repaired_at"] < pd.Timestamp(FIRST + pd.Timedelta(weeks=WEEKS, days=-16), tz="Asia/Shanghai")
        tables = calm | {"repairs": calm["repairs"][early].reset_index(drop=True)}
        chain = next(one for one in counting.flows("51-product", tables) if one.table == "repairs")
        kept = product_counts.count(tables).last(product_counts.MOST_PERIODS)
        assert chain.n == kept.counts[(kept.keys["kind"] == product_counts.REPAIRS).to_numpy()].sum() and "cut" in set(chain.where)
        there = calm["repairs"]["repaired_at"] >= pd.Timestamp(FIRST + pd.Timedelta(weeks=WEEKS, days=-120), tz="Asia/Shanghai")
        tables = calm | {"repairs": calm["repairs"][there].reset_index(drop=True)}
        chain = next(one for one in counting.flows("51-product", tables) if one.table == "repairs")
        kept = product_counts.count(tables).last(product_counts.MOST_PERIODS)
        assert chain.n == kept.counts[(kept.keys["kind"] == product_counts.REPAIRS).to_numpy()].sum() and "late" in set(chain.where)

    def test_days_are_printed_without_a_clock(self, surging: Tables) -> None:
        made = product.study(surging, product_counts.count(surging))
        assert made.history["until"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()

    def test_a_wrong_rate_of_false_ones_is_told(self, calm: Tables) -> None:
        with pytest.raises(ParameterError, match="fdr is a share"):
            product.judge(product_counts.count(calm), fdr=5)

    @pytest.mark.parametrize("name", ["calm", "surging"])
    def test_words_claim_nothing_and_agree_in_both_languages(self, name: str, request: pytest.FixtureRequest) -> None:
        tables = request.getfixturevalue(name)
        made = product.study(tables, product_counts.count(tables), names=NAMES)
        for text in [*texts(made.study), *spoken(made.captions)]:
            assert figures(text.zh) == figures(text.en) and not half_width(text.zh), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en"), text
        show.intervals(made.moves, naive=made.naive, sort="given", **made.captions["moves"])
        show.ladder(made.ladder, **made.captions["ladder"])
        show.table(made.sheet, **made.captions["sheet"])
        show.table(made.history, **made.captions["history"])


def _as_exported(tables: Tables, counts: product_counts.Counts) -> tuple[np.ndarray, np.ndarray]:
    """Counts and exposures with every period taken as whole."""
    grid = product_counts._Grid(counts.until, counts.days, counts.counts.shape[1], PRODUCTS)
    local = tables["repairs"]["repaired_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    mine = [(tables["repairs"]["product"] == key["product"]) & (tables["repairs"]["part"] == key["subject"]) for _, key in counts.keys.iterrows()]
    return np.array([grid.tally(local[m]) for m in mine]), np.ones_like(counts.exposure)


class TestTruth:
    def test_a_flag_stands_beside_what_was_planted(self, surging: Tables) -> None:
        counts = product_counts.count(surging)
        projects = pd.DataFrame({"project_id": ["J1"], "chartered_on": [counts.until.date()], "landed_on": [pd.NaT]})
        truth = {"field": {"projects": {"spike_days": 90, "landed": {"J1": {"measure": "每千次维修中的刹车片", "spike": 4.0, "effect": -0.4}}}}}
        made = product.study(surging, counts)
        shown = product.against_truth(made, surging | {"projects": projects}, truth)
        assert len(shown.iloc[0]["until"]) == 10, "a day, not a moment"
        assert "J1" in shown.iloc[0]["planted"].en and "4.00" in shown.iloc[0]["planted"].en
        assert product.against_truth(made, surging, {}).empty

    def test_nothing_flagged_is_not_called_nothing_planted(self, calm: Tables) -> None:
        made = product.study(calm, product_counts.count(calm))
        assert made.flags.empty
        truth = {"field": {"projects": {"landed": {}}}}
        assert product.any_planted(truth) and product.against_truth(made, calm, truth).empty and not product.any_planted({})


def test_every_row_is_counted_or_left_out_for_a_reason(calm: Tables) -> None:
    tables = {name: frame.assign(customer_id=frame["customer_id"].where(frame.index != 0)) if name == "responses" else frame
              for name, frame in calm.items()}
    chains = {one.table: one for one in counting.flows("51-product", tables)}
    assert set(chains) == {"responses", "repairs"} and chains["responses"].where.iloc[0] == "stranger"
    kept = product_counts.count(tables).last(product_counts.MOST_PERIODS)
    heard = kept.exposure[(kept.keys["kind"] == product_counts.UNHAPPY).to_numpy()].sum()
    fixed = kept.counts[(kept.keys["kind"] == product_counts.REPAIRS).to_numpy()].sum()
    assert (chains["responses"].n, chains["repairs"].n) == (heard, fixed)
