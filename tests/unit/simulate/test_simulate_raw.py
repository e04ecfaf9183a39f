"""Raw exports: the same bytes for the same seed, another order with shuffle, and exactly the dirt the truth counts."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from voclib.schema import TABLES, content_hash, store
from voclib.simulate import build
from voclib.simulate.exports.headings import ALSO, CONSTANTS, EXPORTS, TABLE_OF, VALUES
from voclib.simulate.exports.surveys import HEADINGS, WIDE

SIZE = 2500


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("company")
    return folder, build(folder, customers=SIZE)


def table(folder: Path, file: str) -> pd.DataFrame:
    path = folder / "raw" / file
    if path.suffix == ".xlsx":
        rows = list(openpyxl.load_workbook(path, read_only=True).active.iter_rows(values_only=True))
        columns = {name: [None if row[place] is None else str(row[place]) for row in rows[1:]] for place, name in enumerate(rows[0])}
        return pd.DataFrame({name: pd.array(cells, dtype="str") for name, cells in columns.items()})
    encoding = {"survey_2025Q3.csv": "utf-8-sig", "survey_2025Q4.csv": "gb18030"}.get(file, "utf-8")
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding=encoding)


def test_same_seed_same_bytes(built, tmp_path):
    truth = build(tmp_path, customers=SIZE)
    first = {path.name: path.read_bytes() for path in (built[0] / "raw").iterdir()}
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "raw").iterdir()}
    assert (built[0] / "truth.json").read_bytes() == (tmp_path / "truth.json").read_bytes()
    assert truth == built[1] == json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))


def test_shuffle_changes_the_order_and_nothing_else(built, tmp_path):
    assert build(tmp_path, customers=SIZE, shuffle=3) == built[1]
    assert content_hash(store.read(tmp_path / "standard")) == content_hash(store.read(built[0] / "standard"))
    moved = 0
    for path in sorted((built[0] / "raw").iterdir()):
        if path.suffix == ".xlsx":
            continue
        before, after = ((folder / "raw" / path.name).read_bytes().splitlines() for folder in (built[0], tmp_path))
        if path.suffix == ".json":  # one document, whose last record has no comma
            before, after = ([line.rstrip(b",") for line in lines] for lines in (before, after))
        assert sorted(before) == sorted(after), path.name
        moved += before != after
    assert moved >= 32


def test_seed_matters_and_raw_can_be_left_out(built, tmp_path):
    steps = []
    truth = build(tmp_path, customers=100, seed=5, raw=False, progress=lambda done, total, label: steps.append((done, total, label)))
    assert truth["seed"] == 5 and truth["dirt"] == {} and not (tmp_path / "raw").exists()
    assert steps[0] == (0, len(TABLES), "units") and steps[-1][0] == len(TABLES)
    assert set(store.read(tmp_path / "standard")) == set(TABLES)


def test_every_export_is_described_and_its_columns_are_the_standards(built):
    files = {path.name for path in (built[0] / "raw").iterdir()}
    matched = {pattern: sorted(path.name for path in (built[0] / "raw").glob(pattern)) for pattern in EXPORTS}
    assert all(matched.values()) and {name for names in matched.values() for name in names} == files
    for pattern, columns in EXPORTS.items():
        described = {TABLE_OF[pattern]: columns, **ALSO.get(pattern, {})}
        for name, given in described.items():
            known, extra = TABLES[name].columns, CONSTANTS.get(pattern, {}) if name == TABLE_OF[pattern] else {"kind": "mail"}
            assert set(given.values()) <= set(known)
            needed = {column for column, rule in known.items() if not rule.nullable}
            assert needed <= {*given.values(), *extra, "item_code", "weight"}, (pattern, name)
        if pattern.endswith((".csv", ".xlsx")):
            headings = list(dict.fromkeys(heading for given in described.values() for heading in given))
            assert set(table(built[0], matched[pattern][0]).columns) == set(headings), pattern
        assert set(VALUES.get(pattern, {})) <= set(columns)


def test_tickets_are_nested(built):
    lines = [json.loads(line) for line in (built[0] / "raw" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]
    cases = store.read(built[0] / "standard", "cases")["cases"]
    dirt = built[1]["dirt"]["tickets.jsonl"]["reversed_times"]
    assert len(lines) == len(cases) + dirt and set(lines[0]["customer"]) == {"id", "is_known"}
    times = [{event["kind"]: event["time"] for event in line["events"]} for line in lines]
    assert sum("resolved" not in item for item in times) >= cases["resolved_at"].isna().sum() > 0
    assert sum(item.get("assigned", "9") < item["opened"] for item in times) == dirt


@pytest.mark.parametrize("file", ["survey_2025Q3.csv", "survey_2025Q4.csv", "survey_2026Q1.xlsx", "survey_2026Q2.csv", "survey_2026Q3.csv"])
def test_survey_dirt_is_there_as_counted(built, file):
    lines, dirt = table(built[0], file), built[1]["dirt"][file]
    score, number = lines[HEADINGS["nps_score"]], lines[HEADINGS["response_id"]]
    genuine = lines[~lines.duplicated() & ~number.str.startswith("S9")]
    clean = genuine[HEADINGS["nps_score"]]
    assert len(lines) == dirt["rows"] and lines.duplicated().sum() == dirt["duplicate_rows"]
    assert clean.str.contains("[" + "".join(map(chr, WIDE.values())) + "]").sum() == dirt["full_width_scores"]
    assert clean.str.endswith("分").sum() == dirt["worded_scores"]
    assert genuine[HEADINGS["unit_id"]].str.startswith(" ").sum() == dirt["stray_blanks"]
    assert (genuine[HEADINGS["ces_score"]] == "N/A").sum() == dirt["not_available"]
    assert genuine[HEADINGS["submitted_at"]].str.contains("/").sum() == dirt["slashed_dates"]
    assert genuine[HEADINGS["customer_id"]].isna().sum() == dirt["missing_customers"]
    assert score.isin(["11", "99", "-1", "100"]).sum() == dirt["scores_out_of_range"]
    assert lines[HEADINGS["customer_id"]].str.startswith("X").sum() == dirt["unknown_customers"]
    assert (lines[HEADINGS["submitted_at"]] == "2025-01-15 09:30:00").sum() == dirt["reversed_times"]


def test_flat_file_dirt_is_there_as_counted(built):
    for file in ("ledger.csv", "customers.csv", "touchpoints.csv", "usage.csv", "contact_centre.csv", "reviews.csv"):
        lines, dirt = table(built[0], file), built[1]["dirt"][file]
        assert lines.duplicated().sum() == dirt.get("duplicate_rows", 0), file
        if file != "reviews.csv":
            assert lines["客户编号"].str.startswith("X").sum() == dirt.get("unknown_customers", 0), file
    ledger = table(built[0], "ledger.csv")
    assert sum(ledger[name].str.contains(",").sum() for name in ("净额", "毛利")) == built[1]["dirt"]["ledger.csv"]["thousands_separators"] > 0
    centre = table(built[0], "contact_centre.csv")
    assert (pd.to_datetime(centre["录入时间"], format="mixed", utc=True)
            < pd.to_datetime(centre["通话时间"], format="mixed", utc=True)).sum() == built[1]["dirt"]["contact_centre.csv"]["reversed_times"]


def test_what_is_left_without_the_dirt_is_the_standard(built):
    tables = store.read(built[0] / "standard")
    lines = pd.concat([table(built[0], path.name) for path in (built[0] / "raw").glob("survey_*")])
    lines = lines[~lines[HEADINGS["response_id"]].duplicated() & ~lines[HEADINGS["response_id"]].str.startswith("S9")].set_index("问卷编号")
    score = lines["推荐分"].str.replace("分", "").map(lambda text: int(text))  # int() reads full-width digits
    held = tables["responses"].dropna(subset="nps_score").set_index("response_id")
    assert len(held) == len(lines) and score.loc[held.index].tolist() == held["nps_score"].tolist()
    assert lines["门店编号"].str.strip().loc[held.index].tolist() == held["unit_id"].tolist()
    times = pd.to_datetime(lines["提交时间"], format="mixed").dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    assert (times.loc[held.index] == held["submitted_at"]).all()
    ledger = table(built[0], "ledger.csv").drop_duplicates()
    ledger = ledger[~ledger["客户编号"].str.startswith("X")]
    assert ledger["净额"].str.replace(",", "").astype(float).sum() == pytest.approx(tables["transactions"]["net_cny"].sum(), abs=0.01)


def test_the_spreadsheet_holds_formula_like_texts_as_texts(built, tmp_path):
    from voclib.simulate.exports.surveys import _save_sheet

    frame = pd.DataFrame({"原话": ["=cmd|'/C calc'!A0", "正常", None], "推荐分": ["10", "１０", "9分"]}, dtype="str")
    _save_sheet(frame, tmp_path / "s.xlsx")
    cells = list(openpyxl.load_workbook(tmp_path / "s.xlsx").active.iter_rows(min_row=2))
    assert cells[0][0].data_type == "s" and cells[0][0].value == "=cmd|'/C calc'!A0"
    assert [row[1].value for row in cells] == [10, "１０", "9分"] and cells[2][0].value is None


def test_ingest_gives_the_standard_back_less_the_counted_dirt(built, tmp_path, root, monkeypatch):
    from voclib.sources import ingest

    monkeypatch.delenv("VOC_PSEUDONYM_KEY", raising=False)
    pool = ingest(root / "params" / "rules" / "sample.yml", root=built[0] / "raw", out=tmp_path)
    read, made, dirt = store.read(tmp_path), store.read(built[0] / "standard"), built[1]["dirt"]
    # a voice of an unknown customer is kept without its customer, so those rows come on top; so does the batch that stands twice
    strangers = sum(item.get("unknown_customers", 0) for file, item in dirt.items() if file.startswith("survey_") or file == "contact_centre.csv")
    planted = built[1]["channels"]
    unread, again = planted["format_change"]["rows_after"], planted["duplicate_campaign"]["rows"]
    more = {"responses": strangers + again - unread, "conversations": dirt["contact_centre.csv"]["unknown_customers"],
            "repairs": dirt["repairs.csv"]["unknown_customers"]}
    for name, frame in made.items():
        assert len(read[name]) == len(frame) + more.get(name, 0), name
    kinds = ("duplicate_rows", "reversed_times", "scores_out_of_range")
    aside = sum(item.get(kind, 0) for item in dirt.values() for kind in kinds) + unread
    aside += sum(dirt[file]["unknown_customers"] for file in ("ledger.csv", "touchpoints.csv"))
    assert pool.scorecard["totals"]["quarantined"] == aside
    plain = {"transactions": ["transaction_id", "booked_at", "kind", "net_cny", "margin_cny"], "touchpoints": ["touchpoint_id", "wait_minutes"],
             "invitations": ["invitation_id", "sent_at", "wave", "channel"], "cases": ["case_id", "opened_at", "resolved_at", "topic"]}
    for name, columns in plain.items():
        given, wanted = (tables[name][columns].sort_values(columns[0], ignore_index=True) for tables in (read, made))
        pd.testing.assert_frame_equal(given, wanted)
    assert sorted(read["employee_surveys"]["value"]) == sorted(made["employee_surveys"]["value"])
    voices = read["responses"].merge(made["responses"], on="response_id", suffixes=("", "_made"))
    assert len(voices) == len(made["responses"]) - unread > unread > 0
    for column in ("nps_score", "submitted_at", "comment", "unit_id", "channel", "rating_score", "star_rating", "emotion", "business_type",
                   "campaign_id", "segment", "reach", "is_on_premises", "csat_score", "touched_at"):
        same = voices[column].eq(voices[f"{column}_made"]) | (voices[column].isna() & voices[f"{column}_made"].isna())
        assert same.fillna(False).all(), voices.loc[~same.fillna(False), [column, f"{column}_made"]].head()


def test_a_build_that_ends_leaves_nothing_of_its_own_and_one_that_breaks_off_is_known(tmp_path, monkeypatch):
    from voclib.simulate import building, refuse_others

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(building.truth, "of", broken)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path, customers=60)
    refuse_others(tmp_path, "here")  # may go on
    build(tmp_path, customers=60)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["raw", "standard", "truth.json"]
