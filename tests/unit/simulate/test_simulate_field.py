"""The field of the sample company: valid and repeatable at any size, and every planted fact stands in the tables."""

from __future__ import annotations

import fnmatch

import numpy as np
import pandas as pd
import pytest
import yaml

from voclib import privacy
from voclib.schema import TABLES, validate_all
from voclib.schema.validation import check
from voclib.simulate import company, touchpoints_known
from voclib.simulate.exports import field_headings
from voclib.simulate.plan import Plan
from voclib.simulate.tables import field
from voclib.simulate.worlds.batches import PARTS

KNOWN = ("units", "customers", "touchpoints")


def made(world: company.World) -> dict[str, pd.DataFrame]:
    return {name: read_off(world) for name, read_off in field.TABLES.items()}


@pytest.fixture(scope="module")
def middle() -> tuple[company.World, dict[str, pd.DataFrame], dict]:
    world = company.World(Plan(customers=6000))
    return world, made(world), field.truth(world)


def local_day(times: pd.Series) -> pd.Series:
    return (times.dt.tz_localize(None) + pd.Timedelta(hours=8)).dt.normalize()


class TestStandard:
    @pytest.mark.parametrize(("customers", "seed"), [(50, 0), (50, 1), (50, 2), (700, 3), (3000, 4)])
    def test_valid_without_a_repair_and_every_reference_resolves(self, customers: int, seed: int) -> None:
        world = company.World(Plan(customers=customers, seed=seed))
        tables = {**{name: company.TABLES[name](world) for name in KNOWN}, **made(world)}
        check(tables)
        for name, result in validate_all(tables).items():
            assert len(result.accepted) == len(tables[name]) > 0 and result.repairs.empty and result.quarantined.empty, name
        assert set(field.TABLES) <= set(TABLES)

    def test_the_same_seed_gives_the_same_tables_and_another_does_not(self, middle) -> None:
        for name, frame in made(company.World(Plan(customers=6000))).items():
            pd.testing.assert_frame_equal(frame, middle[1][name])
        other = company.World(Plan(customers=6000, seed=1))
        assert all(not field.TABLES[name](other).equals(middle[1][name]) for name in ("batches", "repairs", "frontline_reports", "projects"))
        assert field.truth(other)["batches"]["rate_ratio"] != middle[2]["batches"]["rate_ratio"]

    def test_the_field_moves_nothing_of_the_world_it_lies_in(self) -> None:
        alone, used = (company.World(Plan(customers=300)) for _ in range(2))
        made(used)
        for name in (*KNOWN, "responses", "operations", "cases"):
            pd.testing.assert_frame_equal(company.TABLES[name](alone), company.TABLES[name](used))

    def test_the_later_table_alone_is_the_table_made_among_the_others(self, middle) -> None:
        pd.testing.assert_frame_equal(field.projects(company.World(Plan(customers=6000))), middle[1]["projects"])

    def test_another_as_of_date_moves_the_calendar(self) -> None:
        tables = made(company.World(Plan(customers=300, asof="2025-12-31")))
        for table, column in (("repairs", "repaired_at"), ("frontline_reports", "reported_at"), ("concept_tests", "answered_at")):
            days = local_day(tables[table][column])
            assert days.min() >= pd.Timestamp("2024-10-01") and days.max() <= pd.Timestamp("2025-12-31"), table
        assert tables["rosters"]["week_on"].between("2024-10-01", "2025-12-25").all()


class TestBatches:
    def test_every_vehicle_is_fitted_with_each_part_from_one_of_six_to_ten_batches(self, middle) -> None:
        batches = middle[1]["batches"]
        groups = batches.groupby(["product", "part"])
        vehicles = company.TABLES["customers"](middle[0])["product"].value_counts()
        assert len(groups) == 6 * len(PARTS) and groups.size().between(6, 10).all()
        fitted = groups["fitted_n"].sum().reset_index()
        assert (fitted["fitted_n"] - fitted["product"].map(vehicles)).abs().max() <= 10
        assert batches.groupby("part")["supplier"].nunique().between(2, 3).all()
        first = field.repairs(middle[0])["repaired_at"].min().tz_localize(None)
        assert (batches["produced_on"] < first).all()

    def test_a_repair_belongs_to_its_contact_and_its_batch(self, middle) -> None:
        world, tables, _ = middle
        met = company.TABLES["touchpoints"](world)
        repairs = tables["repairs"].merge(met, on="touchpoint_id", suffixes=("", "_met"))
        assert len(repairs) == (met["kind"] == "repair").sum() and (repairs["kind"] == "repair").all()
        assert (repairs["customer_id"] == repairs["customer_id_met"]).all() and (repairs["unit_id"] == repairs["unit_id_met"]).all()
        assert (repairs["repaired_at"] > repairs["started_at"]).all()
        priced = repairs[~repairs["is_warranty"].fillna(False) & (repairs["cost_cny"].notna())]
        assert len(priced) > 1000 and priced["cost_cny"].tolist() == pytest.approx(priced["amount_cny"].tolist())
        named = repairs.merge(tables["batches"], on="batch_id", suffixes=("", "_made"))
        assert (named["part"] == named["part_made"]).all() and (named["product"] == named["product_made"]).all()
        assert 0.02 < repairs["batch_id"].isna().mean() < 0.04 and repairs.groupby("customer_id")["vehicle_id"].nunique().max() == 1
        assert {part.name: set(part.faults) for part in PARTS} == named.groupby("part")["fault"].agg(set).to_dict()

    def test_the_truth_names_the_batch_that_stands_in_the_tables(self, middle) -> None:
        told, tables = middle[2]["batches"], middle[1]
        row = tables["batches"].set_index("batch_id").loc[told["batch_id"]]
        assert (row["part"], row["product"], row["supplier"], row["fitted_n"]) == (
            told["part"], told["product"], told["supplier"], told["fitted_n"])
        assert 3 <= told["rate_ratio"] <= 6 < told["rate_ratio_since_surge"]
        seen = (tables["repairs"]["batch_id"] == told["batch_id"]).sum()
        assert 0.8 * told["repairs_n"] <= seen <= told["repairs_n"] and len(tables["repairs"]) == told["repairs_all_n"]
        assert told["most_repairs_batch_id"] != told["batch_id"]


class TestRosters:
    def test_weeks_add_up_to_the_months_staff_hours(self, middle) -> None:
        world, tables, _ = middle
        rosters = tables["rosters"]
        assert (rosters["week_on"].dt.dayofweek == 0).all() and rosters.groupby(["unit_id", "week_on"])["role_band"].nunique().eq(4).all()
        week = rosters.groupby(["unit_id", "week_on"], as_index=False)["worked_hours"].sum()
        days = week.loc[week.index.repeat(7)].assign(day=np.tile(np.arange(7), len(week)))
        days["month"] = (days["week_on"] + pd.to_timedelta(days["day"], unit="D")).dt.strftime("%Y-%m")
        month = days.groupby(["unit_id", "month"])["worked_hours"].agg(lambda hours: hours.sum() / 7)
        booked = company.TABLES["operations"](world).set_index(["unit_id", "month"])["staff_hours"]
        inner = [name for name in world.plan.months()[1:-1]]
        ratio = (month / booked).dropna()[lambda values: values.index.get_level_values("month").isin(inner)]
        # a week's hours are spread over its days here, so months of different length rub off on each other
        assert len(ratio) > 200 and ratio.between(0.93, 1.07).all() and abs(ratio.mean() - 1) < 0.01

    def test_nobody_works_at_a_closed_dealer(self, middle) -> None:
        closed = company.TABLES["units"](middle[0]).set_index("unit_id")["closed_on"].dropna()
        last = middle[1]["rosters"].groupby("unit_id")["week_on"].max()
        assert len(closed) == 3 and (last[closed.index] <= closed).all() and (last.drop(closed.index) >= "2026-09-21").all()


class TestFrontline:
    def test_reports_come_from_staff_of_the_dealer_in_working_hours(self, middle) -> None:
        reports = middle[1]["frontline_reports"]
        known = set(company.TABLES["touchpoints"](company.World(Plan(customers=20_000)))["staff_id"])
        assert set(reports["staff_id"]) <= known
        assert (reports["staff_id"].str[1:5].astype(int) + 1 == reports["unit_id"].str[1:].astype(int)).all()
        hour = (reports["reported_at"] + pd.Timedelta(hours=8)).dt.hour
        assert hour.between(8, 19).all() and reports["reported_at"].is_monotonic_increasing
        assert not set(middle[2]["frontline"]["silent_dealers"]) & set(reports["unit_id"]) and middle[2]["frontline"]["silent_dealers"]

    def test_kinds_say_what_they_are_about(self, middle) -> None:
        reports, told = middle[1]["frontline_reports"], middle[2]["frontline"]
        assert reports["kind"].value_counts().to_dict() == told["by_kind"] and min(told["by_kind"].values()) > 20
        bugs, rivals, ideas = (reports[reports["kind"] == kind] for kind in ("product_bug", "competitor_intel", "process_suggestion"))
        names = [name for part in PARTS for name in (part.name, part.english)]
        assert bugs["text"].map(lambda text: any(name in text for name in names)).all() and bugs["competitor"].isna().all()
        named = rivals.apply(lambda row: row["competitor"] in row["text"] and (f"{row['quoted_price_cny'] / 1e4:.2f} 万" in row["text"]
                                                                              or f"CNY {row['quoted_price_cny']:,.0f}" in row["text"]), axis=1)
        assert named.all() and ideas["product"].isna().all() and set(ideas["topic"]) <= set(field.projects_world.TOPICS)

    def test_repetitions_are_of_earlier_reports_of_the_same(self, middle) -> None:
        reports = middle[1]["frontline_reports"]
        again = reports.dropna(subset="duplicate_of_report_id").merge(
            reports, left_on="duplicate_of_report_id", right_on="report_id", suffixes=("", "_first"))
        assert 0.06 < len(again) / len(reports) < 0.18 and again["duplicate_of_report_id_first"].isna().all()
        assert (again["reported_at"] > again["reported_at_first"]).all() and again["confirmed_at"].isna().all()
        for column in ("kind", "topic", "competitor"):
            assert (again[column].fillna("") == again[f"{column}_first"].fillna("")).all(), column

    def test_identifiers_of_customers_are_planted_and_counted(self, middle) -> None:
        world, tables, truth = middle
        frame = tables["frontline_reports"]
        written = field.as_written(world, "frontline_reports", frame)
        clean = privacy.redact(written["text"])
        assert clean.texts.tolist() == frame["text"].tolist() and privacy.redact(frame["text"]).texts.tolist() == frame["text"].tolist()
        planted = {kind: truth["frontline"]["planted"][kind] for kind in privacy.KINDS}
        assert clean.counts == planted and min(planted.values()) >= 1 and truth["frontline"]["planted"]["hostile"] >= 1
        assert written.drop(columns="text").equals(frame.drop(columns="text"))
        assert field.as_written(world, "repairs", tables["repairs"]) is tables["repairs"]

    def test_the_first_report_of_the_bad_batch_comes_the_planted_days_before(self, middle) -> None:
        world, tables, truth = middle
        told, bad = truth["frontline"], truth["batches"]
        reports = tables["frontline_reports"]
        of_it = reports[world.field.of_bad]
        days = local_day(of_it["reported_at"])
        assert 7 <= told["lead_days"] <= 14 and str(days.min().date()) == told["first_report_on"] and len(of_it) == told["bad_batch_reports_n"] >= 3
        assert (pd.Timestamp(bad["surge_on"]) - days.min()).days == told["lead_days"]
        assert (of_it["product"] == bad["product"]).all() and of_it["text"].str.contains(bad["part"]).mean() > 0.8
        labelled = reports["text"].str.contains("PB\\d{5}")
        assert labelled.any() and not labelled[~world.field.of_bad].any()


class TestProjects:
    @pytest.mark.parametrize("seed", range(12))
    def test_counts_and_order_of_days_for_any_seed(self, seed: int) -> None:
        world = company.World(Plan(customers=50, seed=seed))
        asked, run, told = field.recommendations(world), field.projects(world), field.truth(world)["projects"]
        assert asked["decision"].value_counts().to_dict() == {"adopted": 18, "rejected": 12, "pending": 10} and len(run) == 16
        led = asked.dropna(subset="project_id")
        assert (led["decision"] == "adopted").all() and set(led["project_id"]) == set(run["project_id"]) and len(led) == 17
        assert asked.loc[asked["decision"] == "pending", "decided_on"].isna().all()
        joined = led.merge(run, on="project_id")
        assert (joined.groupby("project_id")["decided_on"].min() <= run.set_index("project_id")["chartered_on"]).all()
        assert (joined["title"] == joined["name"]).all() and (joined["department"] == joined["owner_department"]).all()
        last = pd.Timestamp("2026-09-30")
        assert run[["chartered_on", "landed_on", "evaluated_on"]].max().max() <= last
        landed = run.dropna(subset="landed_on")
        assert set(told["landed"]) == set(landed["project_id"]) and 6 <= len(landed) <= 14 and len(told["overdue"]) >= 1
        assert len(told["do_nothing"]) == 3 and all(told["landed"][name]["effect"] == 0 for name in told["do_nothing"])
        assert all(-0.6 <= item["effect"] <= -0.3 for name, item in told["landed"].items() if name not in told["do_nothing"])
        late = landed["landed_on"] > landed["due_on"]
        gap = (landed["evaluated_on"] - landed["landed_on"]).dt.days.dropna()
        assert gap.between(28, 35).all() and late.sum() < len(landed) and run["due_on"].isna().sum() == run["owner_id"].isna().sum() == 1

    def test_the_baseline_is_what_the_company_would_have_read(self, middle) -> None:
        world, tables, _ = middle
        repairs = tables["repairs"].assign(day=local_day(company.TABLES["touchpoints"](world).set_index("touchpoint_id")["started_at"].reindex(
            tables["repairs"]["touchpoint_id"]).reset_index(drop=True)))
        seen = 0
        for row in tables["projects"][tables["projects"]["measure"].str.startswith("每千次维修")].itertuples():
            window = repairs[(repairs["day"] >= row.chartered_on - pd.Timedelta(days=90)) & (repairs["day"] < row.chartered_on)]
            share = 1000 * (window["part"] == row.measure.removeprefix("每千次维修中的")).mean()
            assert row.baseline == pytest.approx(share, abs=0.06) and row.target < row.baseline
            seen += 1
        assert seen >= 5


class TestConceptsAndRegister:
    def test_one_concept_has_too_few_answers_and_nobody_answers_twice(self, middle) -> None:
        answers, told = middle[1]["concept_tests"], middle[2]["concepts"]
        count = answers["concept_id"].value_counts()
        assert count[told["insufficient"]] == 25 and count.drop(told["insufficient"]).between(80, 400).all() and len(count) == 5
        assert set(answers.loc[answers["kind"] == "benchmark", "concept_id"]) == {told["benchmark"]}
        assert not answers.dropna(subset="customer_id").duplicated(["concept_id", "customer_id"]).any()
        assert answers["comment"].notna().eq(answers["language"].notna()).all() and 0.5 < answers["customer_id"].notna().mean() < 0.8

    def test_the_register_names_every_feed_of_the_mapping_once(self, middle, root) -> None:
        register = middle[1]["touchpoint_register"]
        mapping = yaml.safe_load((root / "params" / "rules" / "sample.yml").read_text(encoding="utf-8"))
        feeds = [source["files"] for source in mapping["sources"] if source["channel"] not in ("master", "touchpoint")]
        patterns = register["feed"].dropna().tolist()
        assert {name: sum(fnmatch.fnmatch(name.replace("*", "2026Q1"), pattern) for pattern in patterns) for name in feeds} == dict.fromkeys(feeds, 1)
        mapped = [source["files"].replace("*", "2026Q1") for source in mapping["sources"]]
        astray = [pattern for pattern in patterns if not fnmatch.filter(mapped, pattern)]
        assert set(astray) <= {touchpoints_known.MISSING}
        assert (register["feed"] == touchpoints_known.SILENT).sum() == 1 and register["name"].is_unique
        told = middle[2]["register"]
        assert register.loc[register["feed"].isna(), "name"].tolist() == told["unplanned"] and len(told["unplanned"]) == 1
        assert register.loc[register["owner_department"].isna(), "name"].tolist() == told["without_owner"] and len(told["without_owner"]) == 1
        assert set(register["stage"]) == {"了解", "购买", "交付", "用车", "售后", "流失"}


class TestExports:
    def test_the_mapping_is_the_exports_the_other_way_round(self, root) -> None:
        mapping = yaml.safe_load((root / "params" / "rules" / "sample.yml").read_text(encoding="utf-8"))
        sources = {source["files"]: source["tables"] for source in mapping["sources"] if isinstance(source["files"], str)}
        for file, headings in field_headings.EXPORTS.items():
            table = field_headings.TABLE_OF[file]
            given = sources[file][table]
            assert given["columns"] == {standard: heading for heading, standard in headings.items()}, file
            assert set(given["columns"]) == set(TABLES[table].columns), file
            worded = {headings[heading]: words for heading, words in field_headings.VALUES.get(file, {}).items()}
            assert given.get("values", {}) == worded, file

    def test_dirt_names_files_and_headings_that_exist(self) -> None:
        dirt = field_headings.DIRT
        for file, (heading, _) in dirt["KEYS"].items():
            assert field_headings.EXPORTS[file][heading] == TABLES[field_headings.TABLE_OF[file]].metadata["key"][0]
        assert {*dirt["DUPLICATED"], *dirt["UNKNOWN_CUSTOMER"]} == set(dirt["KEYS"])
        headings = {heading for columns in field_headings.EXPORTS.values() for heading in columns}
        assert set(dirt["MONEY"]) <= headings
