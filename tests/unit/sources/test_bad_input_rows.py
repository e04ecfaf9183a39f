"""What a user sees when the input is bad: one test a row of the table of bad inputs, the substance of each message checked.

Rows that belong to studies still to come, and are tested with them: collinear covariates; no overlap, cells without respondents and
near-separation; covariates measured after the outcome began and a target among the predictors; missing values in more than 30 % of a key
covariate; a constant exposure; a frame of active customers only; successors of renamed units in a panel; test accounts and totals before
and after; the profile of lags.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from shop_mapping import SHOP
from study_tables import pool as tables_of
from study_tables import with_responses

from voclib.errors import DataError, ParameterError
from voclib.privacy import suppress_small
from voclib.results import Verdict
from voclib.schema import coerce, content_hash, validate, validate_all
from voclib.sources import ingest
from voclib.stats import metrics
from voclib.studies import pool, scores

POOL = tables_of()
MAPPING = SHOP + """
  - channel: master
    files: customers.csv
    tables: {customers: {columns: {customer_id: 客户, segment: 客群, is_churned: 流失}}}
  - channel: survey
    files: survey.csv
    tables:
      responses:
        columns: {response_id: 编号, customer_id: 客户, submitted_at: 时间, nps_score: 推荐, csat_score: 满意, comment: 原话}
        constants: {channel: survey, segment: 到店}
  - channel: post
    files: posts.csv
    make_id: [时间, 原话]
    tables:
      responses:
        columns: {response_id: _id, submitted_at: 时间, comment: 原话}
        constants: {channel: post, segment: 网上}
"""


def shop(folder, *, survey: list[str] | None = None, posts: list[str] | None = None, churned=lambda n: n % 2):
    """Import a shop of ninety customers; the files given replace its own."""
    folder.mkdir(exist_ok=True)
    own = [f"R{n},C{n},2026-01-{n % 28 + 1:02d} 10:00,{n % 11},{n % 5 + 1},,中国," for n in range(90)]
    files = {"customers.csv": ["客户,客群,流失", *(f"C{n},A,{churned(n)}" for n in range(90))],
             "survey.csv": ["编号,客户,时间,推荐,满意,原话,国家,备注", *(own if survey is None else survey)],
             "posts.csv": ["时间,原话", *(["2026-02-01 10:00,还行"] if posts is None else posts)]}
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "shop.yml").write_text(MAPPING, encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def responses(n: int = 100, **columns: object) -> pd.DataFrame:
    made = {"response_id": [f"r{i}" for i in range(n)], "channel": "app", "weight": "1"}
    return pd.DataFrame({**made, **columns}, index=range(n))


class TestTypes:
    def test_a_missing_key_column_lists_what_there_is(self) -> None:
        with pytest.raises(DataError, match="response_id: missing column; did you mean 'respons_id'.*columns there are: respons_id, channel"):
            validate(responses().rename(columns={"response_id": "respons_id"}), "responses")
        with pytest.raises(DataError, match="no column 'unit_id'; did you mean 'unit_i'"):
            metrics.nps(POOL["responses"].rename(columns={"unit_id": "unit_i"}), cluster="unit_id")

    def test_a_column_of_the_wrong_type_shows_three_samples_and_the_fix(self) -> None:
        with pytest.raises(DataError) as caught:
            coerce(responses(4, nps_score=["好", "一般", "差", "很差"]), "responses", file="s.csv")
        message = str(caught.value)
        assert "s.csv: responses.nps_score: not a whole number (4 rows, first row 1, such as '好', '一般', '差')" in message and "Fix:" in message

    def test_full_width_worded_and_absent_scores_are_converted_only_when_asked_and_counted(self) -> None:
        raw = responses(4, nps_score=["9", "10分", "１０", "N/A"])
        with pytest.raises(DataError, match=r"holds text such as '9', '10分', '１０'; .*voclib.schema.coerce counts every change"):
            metrics.nps(raw)
        made, repairs = coerce(raw, "responses")
        assert made["nps_score"].tolist()[:3] == [9, 10, 10] and pd.isna(made["nps_score"][3])
        assert repairs[["row", "example", "problem"]].values.tolist() == [
            [2, "10分", "unit word removed"], [3, "１０", "full-width characters read as plain"], [4, "N/A", "read as missing"]]


class TestScales:
    @pytest.mark.parametrize(("given", "looks"), [([1, 2, 3, 4, 5] * 20, "1–5"), (list(range(0, 100)), "0–100")])
    def test_another_scale_is_an_error_and_nothing_is_rescaled(self, given: list[int], looks: str) -> None:
        with pytest.raises(DataError, match=f"scale looks like {looks}, not 0–10.*never rescaled silently"):
            validate(responses(nps_score=given), "responses")
        with pytest.raises(DataError, match="looks like 1–5|Nothing is rescaled silently"):
            metrics.nps(responses(nps_score=given))


class TestKeys:
    def test_a_repeated_answer_keeps_the_first_and_counts_the_others(self) -> None:
        made = validate(responses(4, response_id=["a", "a", "a", "b"], nps_score=[1, 2, 3, 4]), "responses")
        assert made.accepted["nps_score"].tolist() == [1, 4]
        assert (made.problems["problem"] == "duplicate key").sum() == 2 and len(made.quarantined) == 2

    def test_contradicting_rows_of_a_panel_are_an_error(self) -> None:
        month = {"unit_id": ["u1", "u1"], "month": "2026-01", "is_promotion": "0", "is_refurbished": "0", "is_manager_changed": "0"}
        with pytest.raises(DataError, match=r"conflicting rows of one key \(unit_id, month\).*decide which of the rows is right"):
            validate(pd.DataFrame({**month, "footfall": ["10", "11"]}), "operations")


def timed(reversed_: int, n: int = 2000) -> pd.DataFrame:
    touched = pd.Series(pd.date_range("2026-01-01", periods=n, freq="h", tz="UTC"))
    return responses(n, touched_at=touched, submitted_at=touched + pd.to_timedelta(np.where(np.arange(n) < reversed_, -1, 1), unit="h"))


class TestTimes:
    def test_few_reversed_times_are_counted_and_many_are_an_error(self) -> None:
        made = validate(timed(8), "responses")
        assert len(made.quarantined) == 8 and set(made.quarantined["reason"]) == {"submitted_at: lies before touched_at"}
        with pytest.raises(DataError, match=r"reversed times: .* in 40 of 2000 rows \(2\.0%.*they may be swapped"):
            validate(timed(40), "responses")

    def test_times_in_the_future_likewise(self) -> None:
        frame = timed(0)
        assert len(validate(frame, "responses", as_of=frame["submitted_at"].iloc[-4]).quarantined) == 3
        with pytest.raises(DataError, match="future times: lies after 2026-02-01"):
            validate(frame, "responses", as_of="2026-02-01")

    def test_a_zone_less_time_among_zoned_ones_is_read_in_the_declared_zone_and_counted(self) -> None:
        made = validate(responses(2, submitted_at=["2026-01-01T10:00:00Z", "2026-01-01 18:00"]), "responses")
        assert made.accepted["submitted_at"].nunique() == 1
        assert made.repairs["problem"].tolist() == ["zone-less time among zoned ones read as Asia/Shanghai"]


class TestColumns:
    def test_constant_and_empty_columns_are_reported(self, tmp_path) -> None:
        made = shop(tmp_path / "a")
        survey = next(f for f in made.scorecard["files"] if f["file"] == "survey.csv")
        assert survey["columns"]["constant"] == {"国家": 90} and set(survey["columns"]["empty"]) == {"备注", "原话"}
        assert "全列同一取值：国家" in made.summary("zh") and "columns never filled: 原话, 备注" in made.summary("en")
        page = pool.study(made.scorecard).traps
        assert page[page["where"] == "survey.csv · 国家"]["meaning"].iloc[0].en == "carries no information"

    def test_a_score_that_settles_an_outcome_is_named(self, tmp_path) -> None:
        rows = [f"R{n},C{n},2026-01-{n % 28 + 1:02d} 10:00,{n % 11},{1 if n % 2 else 5},,中国," for n in range(90)]
        made = shop(tmp_path / "a", survey=rows)
        [leak] = [t for t in made.scorecard["traps"] if t["trap"] == "leaked_outcome"]
        assert (leak["column"], leak["outcome"], leak["settled_share"]) == ("csat_score", "is_churned", 1.0)
        assert "csat_score 的取值直接决定了 100% 客户的流失结果" in made.summary("zh") and "must not explain or predict churn" in made.summary("en")
        assert pool.study(made.scorecard).study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert not [t for t in shop(tmp_path / "b").scorecard["traps"] if t["trap"] == "leaked_outcome"]


class TestTooFew:
    def test_answers_units_and_periods_say_what_is_needed(self) -> None:
        answers = metrics.nps(POOL["responses"].dropna(subset="nps_score").head(9))
        assert "9" in answers.reason.en and answers.needs.en == "At least 10 answers." and answers.needs.zh == "至少 10 份回答。"
        dealers = scores.study(tables_of(units=9), metric="nps").study
        assert dealers.verdict is Verdict.REFUSE and "At least 10 clusters" in dealers.headline[0].needs.en
        once = {**POOL, "responses": POOL["responses"][POOL["responses"]["response_id"].str.startswith("R1")].reset_index(drop=True)}
        assert "at least two periods" in scores.study(once, metric="nps").change.rungs[0].needs.en.lower()

    def test_small_cells_are_withheld(self) -> None:
        tiny = POOL["responses"]["response_id"].isin([f"R1-C{u:02d}-00" for u in range(4)])
        groups = metrics.groups("nps", POOL["responses"].assign(channel=POOL["responses"]["channel"].mask(tiny, "phone")), by="channel")
        phone = next(e for e in groups if e.group == "phone")
        assert phone.kind == "refusal" and phone.n is None and "4" not in phone.reason.en and "withheld" in phone.reason.en
        shown = suppress_small(pd.DataFrame({"group": ["a", "b"], "n": [4, 5], "nps": [1.0, 2.0]}))
        assert shown["nps"].isna().tolist() == [True, False] and shown["n"].isna().tolist() == [True, False] and shown["group"].tolist() == ["a", "b"]


class TestSuspicion:
    def test_a_response_rate_above_95_per_cent(self) -> None:
        asked = POOL["invitations"][POOL["invitations"]["trigger"] != "q3"]
        rate = metrics.response_rate(asked, POOL["responses"])
        assert rate.value == 1 and rate.verdict is Verdict.REPORT_WITH_CAVEAT
        assert "100%" in rate.reason.en and "suspected kiosk or dealer-filled" in rate.reason.en and "门店代填" in rate.reason.zh

    def test_nothing_but_tens(self) -> None:
        tens = POOL["responses"]["nps_score"].where(POOL["responses"]["nps_score"].isna(), 10)
        study = scores.study(with_responses(POOL, nps_score=tens), metric="nps").study
        assert study.verdict is Verdict.REPORT_WITH_CAVEAT
        assert any(c.passed is False and "Every answer is the top score: suspected kiosk" in c.detail.en for c in study.checks)


def test_closed_and_merged_dealers_stay_with_their_answers() -> None:
    units = POOL["units"].astype({"closed_on": "str", "opened_on": "str"}).assign(opened_on="2020-01-01", merged_into_unit_id="D01")
    units = units.assign(closed_on=np.where(units["unit_id"] == "D00", "2026-02-01", None),
                         merged_into_unit_id=np.where(units["unit_id"] == "D00", "D01", None))
    made = validate_all({**{k: POOL[k] for k in ("customers", "invitations", "responses")}, "units": units})
    assert len(made["units"].accepted) == 24 and made["units"].accepted["closed_on"].notna().sum() == 1 and made["responses"].repairs.empty
    answers = {name: item.accepted for name, item in made.items()}
    assert scores.study(answers, metric="nps", segments=["unit_id"]).groups[0].group == "D00", "what customers said there still counts"


class TestLedger:
    LEDGER = {"customer_id": "c1", "booked_at": "2026-01-01", "kind": "service", "net_cny": ["100", "100", "-100", "80"], "margin_cny": "-5",
              "transaction_id": ["t1", "t2", "t3", "t4"], "currency": ["CNY", "EUR", "CNY", "CNY"], "refund_of_transaction_id": ["", "", "t1", "t9"]}

    def test_another_currency_is_set_aside_with_its_reason_and_never_added_up(self) -> None:
        made = validate(pd.DataFrame(self.LEDGER), "transactions")
        assert made.quarantined["transaction_id"].tolist() == ["t2"] and made.quarantined["reason"].tolist() == ["currency: not one of CNY"]
        assert made.problems["example"].tolist() == ["EUR"] and made.accepted["net_cny"].sum() == 80

    def test_refunds_and_losses_stay_and_an_unmatched_refund_is_counted(self) -> None:
        made = validate_all({"transactions": pd.DataFrame(self.LEDGER)})["transactions"]
        assert made.accepted["net_cny"].min() == -100 and (made.accepted["margin_cny"] < 0).all()
        assert made.repairs[["row", "problem"]].values.tolist() == [
            [4, "unknown reference set missing; not found in transactions.transaction_id"]]


@pytest.mark.parametrize(("weight", "message"), [
    (-2.0, "192 weights in 'weight' are negative; the smallest is -2"), (np.nan, "192 answers have no usable weight in 'weight'"),
    (0.0, None)])
def test_weights_that_cannot_be_used(weight: float, message: str | None) -> None:
    first = POOL["responses"]["response_id"].str.startswith("R1")
    frame = POOL["responses"].assign(weight=np.where(first, weight, 1.0))
    if message:
        with pytest.raises(DataError, match=message):
            metrics.nps(frame, weights="weight")
    else:
        assert metrics.nps(frame, weights="weight").value == pytest.approx(metrics.nps(frame[~first]).value), "no weight, no say"
    raw = validate(responses(3, weight=["1", "-1", ""]), "responses")
    assert raw.quarantined["reason"].tolist() == ["weight: below 0", "weight: missing value; the column allows none"]


class TestPersonal:
    def test_a_name_in_the_employee_survey_has_no_column_to_go_to(self) -> None:
        sheet = {"employee_response_id": "e1", "unit_id": "u1", "wave_month": "2026-01", "submitted_at": "2026-01-05", "item_code": "q1",
                 "value": "4", "is_manager": "0", "employee_name": "王五"}
        with pytest.raises(DataError, match="employee_surveys.employee_name: unknown column") as caught:
            validate(pd.DataFrame([sheet]), "employee_surveys")
        assert "王五" not in str(caught.value)

    def test_a_phone_number_in_a_text_is_removed_and_counted(self, tmp_path) -> None:
        made = shop(tmp_path / "a", posts=["2026-02-01 10:00,打13800138000找我"])
        assert made.scorecard["channels"]["post"]["redactions"]["phone"] == 1
        assert made.tables["responses"]["comment"].dropna().tolist() == ["打〔电话〕找我"]
        assert "13800138000" not in json.dumps(made.scorecard, ensure_ascii=False) + made.quarantine.to_csv() + made.repairs.to_csv()


class TestMultiplicity:
    def test_a_hundred_groups_of_one_kind_are_corrected_together(self) -> None:
        rng = np.random.default_rng(4)
        frame = pd.DataFrame({"nps_score": rng.integers(0, 11, 4000), "shop": np.repeat([f"s{i:03d}" for i in range(100)], 40)})
        found = metrics.compare_groups("nps", frame, by="shop")
        raw = [metrics.compare_groups("nps", frame.assign(shop=np.where(frame["shop"] == e.group, "one", "rest")), by="shop")[0] for e in found[:10]]
        assert len(found) == 100, "the whole profile, not the best of it"
        assert all("bh over 100 groups" in e.ci_method for e in found)
        assert all(a.p_value >= b.p_value - 1e-9 for a, b in zip(found, raw, strict=False))
        with pytest.raises(ParameterError, match="no multiplicity method 'none'; known:"):
            metrics.compare_groups("nps", frame, by="shop", method="none")


class TestTexts:
    def test_an_empty_comment_file_is_told_and_the_rest_goes_on(self, tmp_path) -> None:
        made = shop(tmp_path / "a", posts=[])
        entry = next(f for f in made.scorecard["files"] if f["file"] == "posts.csv")
        assert (entry["status"], entry["rows_read"], entry["accepted"]) == ("silent", 0, 0) and len(made.tables["responses"]) == 90
        assert "posts.csv：没有数据行" in made.summary("zh") and "posts.csv: no rows" in made.summary("en")
        assert "posts.csv" in pool.study(made.scorecard).traps["where"].tolist()

    def test_mixed_languages_and_emoji_are_kept_as_said(self, tmp_path) -> None:
        said = ["很好 very good", "👍👍", "Service was fine", "…"]
        made = shop(tmp_path / "a", posts=[f"2026-02-0{i + 1} 10:00,{text}" for i, text in enumerate(said)])
        post = made.scorecard["channels"]["post"]
        assert (post["rows_read"], post["accepted"], post["quarantined"], post["voices"]) == (4, 4, 0, 4)
        assert sorted(made.tables["responses"]["comment"].dropna()) == sorted(said)


def test_run_twice_gives_the_same_tables_hash_and_finding(tmp_path) -> None:
    first, again = shop(tmp_path / "a"), shop(tmp_path / "b")
    assert content_hash(first.tables) == content_hash(again.tables) and first.scorecard == again.scorecard
    for name in ("scorecard.json", "quarantine.csv", "repairs.csv"):
        assert (tmp_path / "a" / "out" / name).read_bytes() == (tmp_path / "b" / "out" / name).read_bytes()
    assert pool.study(first.scorecard).study.to_dict() == pool.study(again.scorecard).study.to_dict()
    changed = first.tables["responses"].assign(nps_score=lambda f: f["nps_score"].mask(f["response_id"] == "R0", 5))
    assert content_hash({**first.tables, "responses": changed}) != content_hash(first.tables)
