"""Untidy exports from end to end: what a word means depends on its column, and nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError
from voclib.schema import mending
from voclib.sources import ingest

SURVEY = """
  - channel: survey
    files: survey.csv
    {extra}
    tables:
      units:
        columns: {{unit_id: store, name: store, region: region}}
        constants: {{kind: dealer}}
        distinct: true
      responses:
        columns: {{response_id: id, customer_id: who, unit_id: store, submitted_at: at, nps_score: score, comment: said}}
        constants: {{channel: survey, language: en}}
        {formats}
"""
HEADING = "id,who,store,region,at,score,said"


def survey(folder, lines, *, extra="", formats=""):
    """Import one survey file of the given lines."""
    (folder / "survey.csv").write_text("\n".join([HEADING, *lines]) + "\n", encoding="utf-8")
    (folder / "shop.yml").write_text("name: shop\ncompany: {zh: 店, en: Shop}\nroot: .\npseudonym_key: a-key-of-some-length\nsources:"
                                     + SURVEY.format(extra=extra, formats=formats), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def repaired(pool, column):
    """How many cells of a column were repaired, by what was done."""
    return pool.repairs.loc[pool.repairs["column"] == column, "problem"].value_counts().to_dict()


class TestWordsForNothing:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_region_named_na_keeps_its_stores_and_their_voices(self, tmp_path, seed):
        rng = np.random.default_rng(seed)
        stores = {f"S{i}": rng.choice(["NA", "EMEA", "APAC"]) for i in range(12)} | {"NA": "NA"}
        told = rng.choice(["NA", "n/a", "fine", ""], 200, p=[.1, .1, .6, .2])
        names = rng.choice(list(stores), 200)
        scores = rng.choice(["9", "NA", "N/A"], 200, p=[.8, .1, .1])
        pool = survey(tmp_path, [f"{i},C{i % 40},{name},{stores[name]},2026-01-02,{score},{text}"
                                 for i, (name, score, text) in enumerate(zip(names, scores, told, strict=True))])
        units, heard = pool.tables["units"], pool.tables["responses"]
        assert dict(zip(units["unit_id"], units["region"], strict=True)) == {name: stores[name] for name in set(names)}
        assert heard["unit_id"].notna().all() and heard["comment"].notna().sum() == (told != "").sum()
        assert heard["nps_score"].isna().sum() == (scores != "9").sum() == repaired(pool, "nps_score")["read as missing"]

    def test_no_customer_is_called_na(self, tmp_path):
        pool = survey(tmp_path, [f"{i},{'NA' if i < 5 else f'C{i}'},S,R,2026-01-02,9," for i in range(20)])
        assert pool.tables["responses"]["customer_id"].isna().sum() == 5 and repaired(pool, "customer_id") == {"read as missing": 5}

    def test_what_the_mapping_calls_missing_is_missing_in_every_column(self, tmp_path):
        pool = survey(tmp_path, [f"{i},C{i},S,R,2026-01-02,9,{'NA' if i < 5 else 'fine'}" for i in range(20)], extra="missing: [NA]")
        assert pool.tables["responses"]["comment"].notna().sum() == 15 and pool.scorecard["files"][0]["set_missing"] == {"said": 5}


LEDGER = """name: shop
company: {{zh: 店, en: Shop}}
root: .
pseudonym_key: a-key-of-some-length
sources:
  - channel: ledger
    files: ledger.csv
    delimiter: ";"
    {extra}
    tables:
      transactions:
        columns: {{transaction_id: no, customer_id: who, booked_at: at, net_cny: net}}
        constants: {{kind: service, currency: CNY}}
"""


def ledger(folder, amounts, *, extra=""):
    (folder / "ledger.csv").write_text("\n".join(["no;who;at;net", *(f"{i};C;2026-01-02;{net}" for i, net in enumerate(amounts))]), encoding="utf-8")
    (folder / "shop.yml").write_text(LEDGER.format(extra=extra), encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def european(value):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,")).removesuffix(",00")


class TestDecimalSigns:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_comma_decimal_anywhere_reads_the_whole_column(self, tmp_path, seed):
        rng = np.random.default_rng(seed)
        booked = np.append(np.round(rng.uniform(900, 90_000, 80), 0), rng.integers(1000, 9000) + 0.5)
        pool = ledger(tmp_path, [european(value) for value in booked])
        made = pool.tables["transactions"].set_index("transaction_id")["net_cny"]
        assert made[[str(i) for i in range(len(booked))]].tolist() == booked.tolist()
        assert repaired(pool, "net_cny") == {"comma read as the decimal sign, dot as thousands": (booked >= 1000).sum()}
        totals = pool.scorecard["totals"]
        assert totals["repaired"] == (booked >= 1000).sum() and totals["rows_read"] == totals["clean"] + totals["repaired"]

    @pytest.mark.parametrize("amounts", [["1.250", "850", "12.000"], ["1.250", "1,250"], ["1.250", "1.250,5", "12.5"], ["1,250", "12,50"]])
    def test_where_nothing_proves_it_the_mapping_is_asked(self, tmp_path, amounts):
        with pytest.raises(DataError, match=r"ledger.csv, column 'net' .* '1.250' may be 1250 or 1\.250.* add  decimal: \",\"  to this source"):
            ledger(tmp_path, amounts)

    def test_what_the_mapping_says_holds(self, tmp_path):
        assert ledger(tmp_path, ["1.250", "850"], extra='decimal: ","').tables["transactions"]["net_cny"].tolist() == [1250, 850]
        assert ledger(tmp_path, ["1.250", "850"], extra='decimal: "."').tables["transactions"]["net_cny"].tolist() == [1.25, 850]

    @pytest.mark.parametrize("amounts", [["1,0000", "12,3456", "5,0000", "300"], ["1,0000", "1,250"]])
    def test_groups_of_four_digits_are_asked_about(self, tmp_path, amounts):
        with pytest.raises(DataError, match=r"'1,0000' may be 10000 or 1.0000.*decimal: \"\.\"  where the dot is \(1,250.50 or 1,0000\)"):
            ledger(tmp_path, amounts)
        made = ledger(tmp_path, amounts, extra='decimal: "."').tables["transactions"].set_index("transaction_id")["net_cny"]
        assert made[[str(i) for i in range(len(amounts))]].tolist() == [int(text.replace(",", "")) for text in amounts]

    @pytest.mark.parametrize(("amounts", "meant"), [(["1,0000", "12,50"], [1, 12.5]), (["1,0000.50", "2,0000", "300"], [10_000.5, 20_000, 300]),
                                                    (["1,0000,0000", "2,0000"], [100_000_000, 20_000])])
    def test_groups_of_four_digits_are_read_where_the_column_tells(self, tmp_path, amounts, meant):
        made = ledger(tmp_path, amounts).tables["transactions"].set_index("transaction_id")["net_cny"]
        assert made[[str(i) for i in range(len(amounts))]].tolist() == meant

    def test_one_group_of_four_among_dots_is_a_slip(self, tmp_path):
        assert ledger(tmp_path, ["1,0000", *(f"{i}.50" for i in range(20))]).quarantine["row"].tolist() == [2]

    @pytest.mark.parametrize("amounts", [["1.250", "12.5"], ["1,250", "850"], ["0.125", "1.250"], ["1.250", "1250.375"], ["1,250.00", "1.250"]])
    def test_columns_with_a_dot_stay_as_they_were(self, tmp_path, amounts):
        pool = ledger(tmp_path, amounts)
        assert sorted(pool.tables["transactions"]["net_cny"]) == sorted(float(text.replace(",", "")) for text in amounts)


def days(pool):
    heard = pool.tables["responses"].set_index("response_id")["submitted_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d")
    return heard.to_dict()


def dated(folder, cells, formats, **more):
    line = formats and f"formats: {{submitted_at: {formats}}}"
    return survey(folder, [f"{i},C{i},S,R,{at},9," for i, at in enumerate(cells)], formats=line, **more)


class TestDayAndMonth:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_of_two_orders_the_one_that_reads_the_whole_column_is_right(self, tmp_path, seed):
        rng = np.random.default_rng(seed)
        meant = pd.Timestamp("2025-01-01") + pd.to_timedelta([*rng.integers(0, 300, 60), 30], unit="D")
        pool = dated(tmp_path, meant.strftime("%m/%d/%Y"), '["%d/%m/%Y", "%m/%d/%Y"]')
        assert days(pool) == {str(i): day for i, day in enumerate(meant.strftime("%Y-%m-%d"))}
        assert repaired(pool, "submitted_at") == {"rewritten as an ISO date": 61} and pool.scorecard["totals"]["clean"] == 0

    @pytest.mark.parametrize(("cells", "told"), [(["03/04/2025", "05/06/2025"], "no date in the column tells which"),
                                                 (["03/04/2025", "13/04/2025", "04/13/2025"], "both occur, as in '13/04/2025' and '04/13/2025'")])
    def test_nothing_is_guessed(self, tmp_path, cells, told):
        with pytest.raises(DataError, match=f"column 'at' .responses.submitted_at.: '03/04/2025' is 2025-04-03 as %d.* {told}"):
            dated(tmp_path, cells, '["%d/%m/%Y", "%m/%d/%Y"]')

    def test_a_pattern_that_the_column_contradicts_is_refused(self, tmp_path):
        with pytest.raises(DataError, match=r"formats says %d/%m/%Y, but 2 dates such as '01/13/2025' can only be %m/%d/%Y"):
            dated(tmp_path, ["01/02/2025", "01/13/2025", "01/14/2025"], '"%d/%m/%Y"')

    def test_a_single_slip_is_set_aside_and_says_how_to_mend_it(self, tmp_path):
        pool = dated(tmp_path, ["13/01/2025", "14/01/2025", "01/15/2025", "02/01/2025"], '"%d/%m/%Y"')
        assert days(pool) == {"0": "2025-01-13", "1": "2025-01-14", "3": "2025-01-02"}
        reason, = pool.quarantine["reason"]
        assert reason.startswith("submitted_at: not a date and time (") and 'formats: {submitted_at: "%d/%m/%Y"}' in reason


class TestOtherForms:
    def test_what_has_one_reading_is_read(self, tmp_path):
        cells = ["1 Mar 2025", "March 1st 2025", "2025/3/1 3:05 PM", "2025/3/1 下午3:05", "2025-03-01 07:05:00 UTC", "2025-03-01 12:30 am",
                 "20250301150500", "01-Mar-2025 上午9:05"]
        pool = dated(tmp_path, [cell.replace(",", "") for cell in cells], "")
        at = pool.tables["responses"].set_index("response_id")["submitted_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%m-%d %H:%M")
        assert at.to_dict() == dict(zip("01234567", ["03-01 00:00", "03-01 00:00", "03-01 15:05", "03-01 15:05", "03-01 15:05", "03-01 00:30",
                                                     "03-01 15:05", "03-01 09:05"], strict=True))

    @pytest.mark.parametrize(("cells", "note"), [(["45717", "45717.75", "45718", "2025-03-01"], "Excel day number read as a date"),
                                                 (["1740787200", "1740787200000", "2025-03-01"], "seconds since 1970 read as a time")])
    def test_numbers_are_dates_where_most_of_the_column_are(self, tmp_path, cells, note):
        pool = dated(tmp_path, cells, "")
        assert len(pool.quarantine) == 0 and set(days(pool).values()) <= {"2025-03-01", "2025-03-02"}
        assert repaired(pool, "submitted_at")[note] == len(cells) - 1
        (tmp_path / "few").mkdir()
        assert len(dated(tmp_path / "few", ["2025-03-01"] * 9 + cells[:1], "").quarantine) == 1

    def test_a_zone_holds_for_untidy_times_too(self, tmp_path):
        pool = dated(tmp_path, ["2025/3/1 9:00", "2025-03-01 09:00"], "", extra="timezone: UTC")
        assert pool.tables["responses"]["submitted_at"].nunique() == 1 and repaired(pool, "submitted_at") == {"rewritten as an ISO date": 1}


def scored(folder, name, answers):
    """Import answers as the score `name`."""
    text = (SURVEY.replace("nps_score: score", f"{name}: score")).format(extra="", formats="")
    (folder / "survey.csv").write_text("\n".join([HEADING, *(f"{i},C,S,R,2026-01-02,{x}," for i, x in enumerate(answers))]), encoding="utf-8")
    (folder / "shop.yml").write_text("name: shop\ncompany: {zh: 店, en: Shop}\nroot: .\npseudonym_key: a-key-of-some-length\nsources:" + text,
                                     encoding="utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


class TestScales:
    @pytest.mark.parametrize(("name", "scale", "high"), [("csat_score", "1–5", 10), ("star_rating", "1–5", 10), ("ces_score", "1–7", 10),
                                                         ("rating_score", "0–10", 100)])
    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_score_on_a_longer_scale_is_refused_before_its_unhappy_end_is_all_that_stays(self, tmp_path, name, scale, high, seed):
        answers = np.random.default_rng(seed).binomial(high - 1, .75, 120) + 1
        with pytest.raises(DataError, match=rf"survey.csv: responses.{name}: scale looks like \d–{max(answers)}, not {scale}; lowest {min(answers)}"):
            scored(tmp_path, name, answers)

    def test_zeros_below_a_scale_are_refused_too_and_the_cure_is_named(self, tmp_path):
        with pytest.raises(DataError, match=r"looks like 0–5, not 1–5.*values: {csat_score: {10: 5, 9: 5, 8: 4}}, with \"\" for no answer"):
            scored(tmp_path, "csat_score", [0] * 20 + [5] * 80)

    def test_slips_are_set_aside_as_before(self, tmp_path):
        pool = scored(tmp_path, "csat_score", [10] * 8 + [5] * 92)
        assert len(pool.quarantine) == 8 and len(pool.tables["responses"]) == 92


class TestDoubts:
    def test_a_store_of_two_regions_stops_nothing_and_is_named(self, tmp_path):
        pool = survey(tmp_path, [f"{i},C{i},B店,{'华南' if i < 10 else '华北'},2026-01-02,9," for i in range(20)])
        assert len(pool.tables["responses"]) == 20 and pool.tables["responses"]["unit_id"].notna().all()
        assert len(pool.tables["units"]) == 1 and pool.quarantine["reason"].tolist() == ["unit_id: duplicate key"]
        kept = pool.tables["units"]["region"].iloc[0]
        other, = {"华南", "华北"} - {kept}
        assert f"1 家门店有互相矛盾的几行，只保留一行，其余已隔离：B店 (region：留 {kept}，舍 {other})" in pool.summary("zh")
        assert f"B店 (region: {kept} kept, {other} not)" in pool.summary("en")

    def test_blanks_around_a_name_make_no_second_store(self, tmp_path):
        pairs = [("A店 ", "华东"), ("A店", "华东 ")] * 3 + [("A店", "华东")]
        pool = survey(tmp_path, [f"{i},C{i},{name},{region},2026-01-02,9," for i, (name, region) in enumerate(pairs)])
        assert len(pool.tables["units"]) == 1 and pool.quarantine.empty and set(pool.tables["responses"]["unit_id"]) == {"A店"}
        assert pool.scorecard["doubts"] == []

    @pytest.mark.parametrize("seed", [1, 2])
    def test_identifiers_that_a_spreadsheet_cut_name_nobody(self, tmp_path, seed):
        rng = np.random.default_rng(seed)
        numbers = rng.choice(np.arange(123_456_000_000_001, 123_456_000_000_090), 30, replace=False)
        whole = rng.random(30) < .3
        who = [f"C{i}" if fine else f"{number:.5E}" for i, (number, fine) in enumerate(zip(numbers, whole, strict=True))]
        pool = survey(tmp_path, [f"{i},{name},S,R,2026-01-02,9," for i, name in enumerate(who)])
        heard = pool.tables["responses"]
        assert len(heard) == 30 and heard["customer_id"].notna().sum() == heard["customer_id"].nunique() == whole.sum()
        told, = pool.scorecard["doubts"]
        assert (told["doubt"], told["column"], told["n"]) == ("cut_identifiers", "customer_id", (~whole).sum())
        assert "1.23456E+14" not in (tmp_path / "out" / "repairs.csv").read_text("utf-8") and "(such as 1.23E+14)" in pool.summary("en")

    @pytest.mark.parametrize("write", ["{:.5e}", "{!r}", "{:.3e}"], ids=["CSV of Python", "cell of Excel", "Java"])
    def test_small_letters_and_no_plus_name_nobody_either(self, tmp_path, write):
        numbers = [float(f"{number:.14e}") for number in range(320_102_199_001_011_000, 320_102_199_001_011_040)]
        who = [write.format(number) for number in numbers]
        who = [text.replace("e+", "E") for text in who] if write == "{:.3e}" else who
        assert len(set(who)) == 1  # taken as they stand: one customer with forty voices
        heard = survey(tmp_path, [f"{i},{name},S,R,2026-01-02,9," for i, name in enumerate([*who, "2E7", "3e10"])])
        assert heard.tables["responses"]["customer_id"].notna().sum() == heard.tables["responses"]["customer_id"].nunique() == 2
        told, = heard.scorecard["doubts"]
        assert (told["doubt"], told["column"], told["n"]) == ("cut_identifiers", "customer_id", 40)
        assert who[0] not in (tmp_path / "out" / "repairs.csv").read_text("utf-8")

    def test_a_cut_key_is_set_aside_and_a_whole_one_written_out(self, tmp_path):
        pool = survey(tmp_path, ["1.23456E+14,C1,S,R,2026-01-02,9,", "1.23E+2,C2,S,R,2026-01-02,9,", "7,1.23E+2,S,R,2026-01-02,9,",
                                 "8,123,S,R,2026-01-02,9,"])
        assert pool.quarantine["reason"].tolist() == ["response_id: identifier cut by a spreadsheet, its last digits are lost"]
        heard = pool.tables["responses"].set_index("response_id")["customer_id"]
        assert set(heard.index) == {"123", "7", "8"} and heard["7"] == heard["8"]

    @pytest.mark.parametrize(("written", "read"), [("1.234500e+05", "123450"), ("1.234567e+06", "1234567"), ("1.230000E+2", "123"),
                                                   ("1.234567e+05", ""), ("1.234568e+14", ""), ("1.2E+0", "")])
    def test_a_number_of_six_decimals_is_whole_where_nothing_but_zeros_is_left(self, written, read):
        assert mending.written_out(written) == read

    @pytest.mark.parametrize(("answers", "doubts"), [([1] * 5 + [10] * 95, 1), ([0] + [1] * 5 + [10] * 95, 0), ([2] * 5 + [10] * 95, 0),
                                                     ([1] * 4 + [10] * 95, 0)])
    def test_a_likelihood_without_zeros_is_doubted_not_refused(self, tmp_path, answers, doubts):
        pool = scored(tmp_path, "nps_score", answers)
        assert len(pool.tables["responses"]) == len(answers) and len(pool.scorecard["doubts"]) == doubts
        assert ("5 of them a 1 and none a 0" in pool.summary("en")) == ("5 个 1 分，却没有一个 0 分" in pool.summary("zh")) == bool(doubts)
