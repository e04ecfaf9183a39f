"""The public panel of hospitals: a made-up one with each fault planted and without it, and the real one where it lies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.studies.ex_voc import trust_panel as t
from voclib.studies.ex_voc import trust_panel_text

UNITS, YEARS = 60, range(2012, 2019)
MOVED = [t.WORK, t.CARE, t.STRESS]


def _table(seed: int = 3, units: int = UNITS) -> pd.DataFrame:
    """Trusts with lasting levels and yearly noise, and nothing wrong: dates, counted deaths, one code a region, no column that repeats another."""
    rng = np.random.default_rng(seed)
    code, year = np.repeat(np.arange(units), len(YEARS)), np.tile(list(YEARS), units)

    def level(middle: float, between: float, within: float) -> np.ndarray:
        return middle + rng.normal(0, between, units)[code] + rng.normal(0, within, len(code))

    table = pd.DataFrame({
        t.CODE: [f"Q{c:02d}" for c in code], t.YEAR: year, t.BEFORE: np.where(year == YEARS[0], level(1.05, 0.09, 0.03), np.nan),
        t.OUTCOME: level(1.05, 0.09, 0.03), t.REGION_CODE: np.where(code % 3 == 0, "Y1", np.where(code % 3 == 1, "Y2", "Y3")),
        t.REGION: np.where(code % 3 == 0, "East", np.where(code % 3 == 1, "Mid", "West")),
        t.NAME: [f"Saint Somebody {c:02d} Infirmary" for c in code],
        t.RESPONSES: rng.integers(900, 1200, len(code)), t.CLINICAL: level(0.7, 0.04, 0.02), t.EX: level(3.9, 0.07, 0.04),
        t.WORK: level(3.6, 0.15, 0.08), t.CARE: level(3.7, 0.2, 0.08), t.STRESS: level(0.37, 0.03, 0.02)})
    return table.assign(**{"Expected.deaths": rng.integers(500, 900, len(code)), "Asked.on": [f"{y}-10-01" for y in year]})


def _misplaced(table: pd.DataFrame, year: int = 2015, share: int = 3, columns: list[str] = MOVED) -> pd.DataFrame:
    """The columns of every `share`-th trust in one year, each moved to another of them."""
    rows = table.index[(table[t.YEAR] == year) & (table[t.CODE].str[1:].astype(int) % share == 0)]
    table = table.copy()
    table.loc[rows, columns] = np.roll(table.loc[rows, columns].to_numpy(), 7, axis=0)
    return table


def _read(table: pd.DataFrame, folder: Path) -> t.Trusts:
    table.to_csv(folder / t.FILE, index=False, na_rep="NA")
    return t.read(folder)


def _found(trusts: t.Trusts) -> str:
    return "\n".join(row.found.en for row in trusts.faults.itertuples())


def _copied(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{t.BEFORE: table.groupby(t.CODE)[t.OUTCOME].shift(1).fillna(table[t.BEFORE])})


def _alphabet(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{t.REGION_CODE: [f"Y{20 + int(code[1:]) // 3}" for code in table[t.CODE]]})


def _same_questionnaire(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{t.WORK: table[t.CARE] + 0.02 * np.sin(np.arange(len(table)))})


def _years(table: pd.DataFrame, first: int, last: int, codes: tuple[str, ...]) -> pd.DataFrame:
    return table[~table[t.CODE].isin(codes) | table[t.YEAR].between(first, last)]


def _where(table: pd.DataFrame, rows: pd.Series, **cells: object) -> pd.DataFrame:
    return table.assign(**{c.replace("_", "."): table[c.replace("_", ".")].astype(object).mask(rows, v) for c, v in cells.items()})


def _echoing(table: pd.DataFrame) -> pd.DataFrame:
    """Windows of two years, read every year."""
    by = table.groupby(t.CODE)[t.OUTCOME]
    noise = pd.Series(np.random.default_rng(1).normal(0, 0.1, len(table))).groupby(table[t.CODE]).cumsum()
    walk = by.transform("first") + noise
    return table.assign(**{t.OUTCOME: (walk + walk.groupby(table[t.CODE]).shift(1).fillna(walk)) / 2 + 1})


def _q(table: pd.DataFrame, *codes: str) -> pd.Series:
    return table[t.CODE].isin(codes)


PLANTED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "misplaced": (_misplaced, r"In 2015, recommending care agrees .* the numbers were entered against other trusts"),
    "copied outcome": (_copied, r"^360 rows can be checked against the previous year's row, and 360 repeat its SHMI exactly; 60 more"),
    "outcome that disagrees": (lambda d: _where(_copied(d), _q(d, "Q05") & (d[t.YEAR] == 2014), SHMI_before=1.2), "^1 rows differ from the SHMI"),
    "same source": (_same_questionnaire, r"same employees; within a year r = 1\.00"),
    "jump": (lambda d: d.assign(**{t.EX: d[t.EX] + 0.3 * (d[t.YEAR] >= 2015)}),
             r"From 2014 to 2015 the national mean moved by \+0\.\d+ in one step, 60 of 60"),
    "fall": (lambda d: d.assign(**{t.EX: d[t.EX] - 0.3 * (d[t.YEAR] >= 2013)}),
             r"From 2012 to 2013 the national mean moved by −0\.\d+ in one step, 60 of 60"),
    "census": (lambda d: _where(d, _q(d, "Q01", "Q02") & (d[t.YEAR] == 2014), Responses=9000),
               r"in 2 trusts they at least doubled within a year 2 times, and 2 times"),
    "dates": (lambda d: d.drop(columns="Asked.on"), "^No column is a date"),
    "reset yardstick": (lambda d: d.assign(**{t.OUTCOME: d[t.OUTCOME] - d.groupby(t.YEAR)[t.OUTCOME].transform("mean") + 1}),
                        r"^Every year's mean lies between 1\.000 and 1\.000"),
    "uncounted": (lambda d: d.drop(columns="Expected.deaths"), "^Neither deaths nor expected deaths"),
    "overlap": (_echoing, r"Consecutive yearly changes move in the same direction \(r = 0\.\d\d\)"),
    "selected": (lambda d: _where(d, _q(d, "Q01"), Engagement_Index=None), "^The outcome is never missing, but the survey is in 7 rows"),
    "no survey": (lambda d: _where(d, _q(d, "Q01") | (_q(d, "Q02") & (d[t.YEAR] == 2014)), Engagement_Index=None),
                  r"^8 rows have no employee survey, 7 of them in trusts that never had one \(1\)"),
    "first year unasked": (lambda d: _where(d, d[t.YEAR] == 2012, Engagement_Index=None, Responses=None), "^In 2012 there is no survey at all"),
    "no outcome": (lambda d: _where(d, _q(d, "Q01") & (d[t.YEAR] > 2015), SHMI_Index=None), "^3 rows have no outcome"),
    "partial": (lambda d: _where(d, _q(d, "Q01") & (d[t.YEAR] == 2014), WorkStress_Index=None), "^1 rows have engagement but lack stress"),
    "comings and goings": (lambda d: _years(_years(d, 2012, 2014, ("Q01", "Q02")), 2016, 2018, ("Q03",)),
                           "^Only 57 of 60 trusts are present in all 7 years; 2 disappear early, 1 appear later"),
    "absorbed": (lambda d: _years(d, 2012, 2014, ("Q01", "Q02")), "^2 more disappear than appear"),
    "gap": (lambda d: d[~(_q(d, "Q01") & d[t.YEAR].isin([2014, 2015]))], "^2 years are missing mid-series in 1 trusts"),
    "placeless": (lambda d: _where(_years(d, 2012, 2014, ("Q01",)), _q(d, "Q01", "Q02"), HEE_region_name=None),
                  r"^2 trusts \(10 rows\) have no region; 1 of them"),
    "moved region": (lambda d: _where(d, _q(d, "Q01") & (d[t.YEAR] > 2015), HEE_region_name="West"), "^1 trusts changed region"),
    "dragged codes": (_alphabet, "^In 3 regions each of 60 trusts has its own code, rising in alphabetical order"),
    "shared codes": (_alphabet, "^20 codes for 3 regions: 20 codes appear in several regions, 3 regions have several codes"),
    "renamed": (lambda d: _where(d, _q(d, "Q01") & (d[t.YEAR] > 2015), Name="Another"), "^1 trusts changed name under the same code"),
    "one name twice": (lambda d: _where(d, _q(d, "Q01", "Q02"), Name="Another"), "^1 names belong to more than one code"),
    "thirds": (lambda d: d.assign(**{t.EX: (d[t.EX] * 300).round() / 300}), "^All 420 values are multiples of a third of a hundredth"),
    "coarse": (lambda d: d.assign(**{c: d[c].round(2) for c in (t.STRESS, t.CLINICAL)}),
               r"^Rounded to whole percentages: stress takes only \d+ values"),
    "halved": (lambda d: d.assign(**{t.EX + ".dichot": d[t.EX] / 5}),
               r"^1 columns restate another column .*r = 1\.00 to 1\.00.*Engagement.Index.dichot"),
    "north": (lambda d: d.assign(North=(d[t.REGION] == "East").astype(int)), "^1 columns are derived from the region's name: North"),
    "empty": (lambda d: d.assign(X=np.nan), "^Columns without a single value: X"),
    "constant": (lambda d: d.assign(Openness=0), r"^Only one value \(0\): Openness"),
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> t.Trusts:
    return _read(_table(), tmp_path_factory.mktemp("trusts"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Trusts]:
    folder = tmp_path_factory.mktemp("planted")
    return {name: _read(plant(_table()), folder) for name, (plant, _) in PLANTED.items()}


@pytest.fixture(scope="module")
def real(public_data: Path) -> t.Trusts:
    return t.read(public_data / "nhs_engagement")


class TestReading:
    def test_the_panel_is_the_file(self, clean: t.Trusts) -> None:
        panel, table = clean.panel, _table()
        assert panel.columns.tolist() == ["unit_id", "period", "ex", "outcome", "ex_n", "region", "stress", "clinical_share"]
        assert clean.rows == len(panel) == len(table) and clean.first_year == 2012
        assert panel["unit_id"].unique().tolist() == list(range(UNITS)) and sorted(panel["period"].unique()) == list(range(7))
        for name, column in t.PANEL.items():
            assert (panel[name] == table[column]).all() if name == "region" else panel[name].tolist() == pytest.approx(table[column].tolist())

    def test_a_file_and_its_folder_are_the_same(self, tmp_path: Path) -> None:
        in_folder = _read(_table(), tmp_path)
        pd.testing.assert_frame_equal(in_folder.panel, t.read(str(tmp_path / t.FILE)).panel)

    def test_rows_and_columns_in_another_order_change_nothing(self, tmp_path: Path) -> None:
        table = _misplaced(_copied(_table()))
        one = _read(table, tmp_path)
        other = _read(table.sample(frac=1, random_state=4)[sorted(table.columns, reverse=True)], tmp_path)
        pd.testing.assert_frame_equal(one.panel, other.panel)
        pd.testing.assert_frame_equal(one.faults, other.faults)

    def test_other_names_and_codes_change_nothing(self, clean: t.Trusts, tmp_path: Path) -> None:
        table = _table()
        other = _read(table.assign(**{t.CODE: "Z" + table[t.CODE], t.NAME: "The " + table[t.NAME]}), tmp_path)
        pd.testing.assert_frame_equal(clean.panel, other.panel)

    def test_na_is_missing_and_none_is_a_word(self, tmp_path: Path) -> None:
        table = _where(_table(), _q(_table(), "Q01"), HEE_region_name="None", Engagement_Index=None)
        panel = _read(table, tmp_path).panel
        assert (panel.loc[panel["unit_id"] == 1, "region"] == "None").all() and panel["ex"].isna().sum() == 7

    def test_missing_columns_are_told_with_the_nearest(self, tmp_path: Path) -> None:
        table = _table().rename(columns={t.EX: "Engagement_Index", t.RESPONSES: "Respondents"})
        with pytest.raises(DataError, match=r"data.NHS.2012_2019.csv lacks Engagement.Index, Responses; Engagement.Index: did you mean "
                                            r"'Engagement_Index'\? Responses: did you mean 'Respondents'\?"):
            _read(table, tmp_path)
        with pytest.raises(DataError, match=r"lacks Code, .*WorkStress.Index.*; known: a, b"):
            _read(pd.DataFrame({"a": [1], "b": [2]}), tmp_path)

    def test_missing_and_broken_files_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"There is no data.NHS.2012_2019.csv in the folder .*; check the folder that VOC_PUBLIC_DATA names"):
            t.read(tmp_path)
        with pytest.raises(DataError, match=r"There is no other.csv in the folder"):
            t.read(tmp_path / "other.csv")
        for broken in (b"", b"a\xff\xfe,b\n", b'a,b\n"1,2\n3,4'):
            (tmp_path / t.FILE).write_bytes(broken)
            with pytest.raises(DataError, match=r"cannot be read \(\w+\); it should be comma-separated text in UTF-8"):
                t.read(tmp_path)

    @pytest.mark.parametrize(("cells", "message"), [
        ({"Code": None}, r"14 rows have no Code"),
        ({"Year_Index": "soon"}, r"Year.Index is not a year in 14 rows, such as 'soon'"),
        ({"Year_Index": 2014.5}, r"Year.Index is not a year in 14 rows, such as 2014.5"),
        ({"Year_Index": 2012}, r"repeats 12 pairs of Code and Year.Index; one row per trust and year"),
        ({"Engagement_Index": "3,9"}, r"Engagement.Index is not a number in 14 rows, such as '3,9'"),
        ({"Engagement_Index": 7.0}, r"Engagement.Index must lie between 1 and 5; 14 rows say 7.0"),
        ({"WorkStress_Index": 37}, r"WorkStress.Index must lie between 0 and 1; 14 rows say 37"),
        ({"SHMI_Index": 105}, r"SHMI.Index must lie between 0.01 and 10; 14 rows say 105"),
        ({"Responses": 0}, r"Responses must lie between 1 and inf; 14 rows say 0"),
    ])
    def test_cells_that_cannot_be_right_are_told(self, tmp_path: Path, cells: dict, message: str) -> None:
        table = _table()
        with pytest.raises(DataError, match=message):
            _read(_where(table, _q(table, "Q01", "Q02"), **cells), tmp_path)

    def test_a_file_without_outcome_or_with_one_year_is_no_panel(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"SHMI.Index, Responses holds no value in 420 rows; export it again"):
            _read(_table().assign(**{t.OUTCOME: None, t.RESPONSES: None}), tmp_path)
        with pytest.raises(DataError, match=r"holds only one year, 2013; a panel needs two or more"):
            _read(_table().query("`Year.Index` == 2013"), tmp_path)


class TestFaults:
    def test_a_file_without_faults_has_one_row(self, clean: t.Trusts) -> None:
        assert [row.found.en for row in clean.faults.itertuples()] == [trust_panel_text.FINDINGS[0].found[1]]
        assert clean.captions["faults"]["title"].en.startswith("First the file: 1 ") and clean.displaced == ()

    @pytest.mark.parametrize("name", PLANTED)
    def test_a_planted_fault_is_counted_and_an_absent_one_is_silent(self, clean: t.Trusts, planted: dict[str, t.Trusts], name: str) -> None:
        said = PLANTED[name][1]
        assert re.search(said, _found(planted[name]), re.MULTILINE), _found(planted[name])
        assert not re.search(said, _found(clean), re.MULTILINE)

    def test_every_finding_is_planted(self, planted: dict[str, t.Trusts]) -> None:
        """A finding that no test brings out would be one nobody has read."""
        told = {row.done.en for one in planted.values() for row in one.faults.itertuples()}
        assert [f.done[1] for f in trust_panel_text.FINDINGS if f.done[1] not in told] == []

    def test_roles_follow_the_faults(self, clean: t.Trusts, tmp_path: Path) -> None:
        everything = _table()
        for name in ("copied outcome", "halved", "north", "empty", "constant", "shared codes"):
            everything = PLANTED[name][0](everything)
        roles = {row.column.en: row.role.en for row in _read(everything, tmp_path).roles.itertuples()}
        assert roles["SHMI.Index"] == "Outcome" and roles["Engagement.Index"] == "Exposure"
        assert roles["RecommendWork, RecommendCare"] == "Not used: same source" and roles["SHMI.before"] == "Not used: last year's outcome"
        assert roles["*.dichot"] == roles["North*"] == "Not used: a copy" and roles["Empty columns"] == "Not used: does not vary"
        absent = {"SHMI.before", "*.dichot", "North*", "HEE.region.code", "Empty columns", "Constant columns"}
        assert set(roles) - {row.column.en for row in clean.roles.itertuples()} == absent


class TestMisplaced:
    def test_what_moved_is_set_aside_and_nothing_else(self, clean: t.Trusts, tmp_path: Path) -> None:
        made = _read(_misplaced(_table()), tmp_path)
        (one,) = made.displaced
        assert (one.year, one.moved) == (2015, (t.WORK, t.CARE, t.STRESS)) and one.n >= 8
        assert one.beside + 0.1 < one.across and one.inside[t.STRESS] < one.inside[t.EX] / 2
        aside = made.panel["period"] == 3
        assert made.panel.loc[aside, "stress"].isna().all()
        pd.testing.assert_frame_equal(made.panel.drop(columns="stress"), clean.panel.drop(columns="stress"))
        pd.testing.assert_series_equal(made.panel.loc[~aside, "stress"], clean.panel.loc[~aside, "stress"])
        assert [c.passed for c in made.checks] == [True, True, False] and "2015" in made.checks[2].consequence.en

    @pytest.mark.parametrize(("column", "name", "check"), [(t.EX, "ex", 0), (t.OUTCOME, "outcome", 1)])
    def test_an_exposure_or_outcome_that_moved_is_found_too(self, clean: t.Trusts, tmp_path: Path, column: str, name: str, check: int) -> None:
        made = _read(_misplaced(_table(), year=2014, share=2, columns=[column]), tmp_path)
        assert [one.moved for one in made.displaced] == [(column,)] and not made.checks[check].passed and clean.checks[check].passed
        assert made.panel.loc[made.panel["period"] == 2, name].isna().all() and made.panel[name].isna().sum() == UNITS

    def test_the_first_and_the_last_year_cannot_be_judged(self, tmp_path: Path) -> None:
        for year in (YEARS[0], YEARS[-1]):
            assert _read(_misplaced(_table(), year=year), tmp_path).displaced == ()

    def test_found_where_it_is_and_seldom_where_it_is_not(self) -> None:
        """Sizes, noise and the year drawn by seed; a noisier year, such as a small survey, is no reason for alarm."""
        alarms, hits, block, spared = [], [], [], []
        for seed in range(40):
            rng = np.random.default_rng([11, seed])
            table = _table(seed=seed, units=int(rng.integers(50, 150)))
            noisy = table[t.YEAR] == int(rng.integers(2013, 2018))
            for column in t.SURVEY:
                table.loc[noisy, column] += rng.normal(0, 0.3 * table[column].std(), int(noisy.sum()))
            alarms.append(bool(t._displaced(table, t.SURVEY)))
            year, share = int(rng.integers(2013, 2018)), int(rng.integers(3, 5))
            found = t._displaced(_misplaced(table, year=year, share=share), t.SURVEY)
            hits.append([one.year for one in found] == [year])
            if hits[-1]:
                block.append({t.WORK, t.CARE} <= set(found[0].moved))
                spared.append(t.EX not in found[0].moved)
        assert np.mean(alarms) <= 0.06
        assert np.mean(hits) >= 0.8 and np.mean(block) >= 0.85 and np.mean(spared) >= 0.85, (np.mean(hits), np.mean(block), np.mean(spared))


class TestAccounting:
    def test_every_row_goes_somewhere(self, tmp_path: Path) -> None:
        table = _years(_table(), 2014, 2018, ("Q01",))
        table = _where(table, _q(table, "Q02") & (table[t.YEAR] == 2014), SHMI_Index=None)
        table = _where(table, _q(table, "Q03") & (table[t.YEAR] == 2012), Engagement_Index=None)
        table = table[~(_q(table, "Q04") & (table[t.YEAR] == 2015))]
        check = t.accounting(_read(table, tmp_path))
        assert check.passed and check.consequence is None
        assert check.detail.en == ("417 rows in the file = 354 used + 63 not used: 1 have no outcome, 59 fall in the first year, 2 belong to trusts "
                                   "without a row the year before, 1 have no survey the year before.")
        assert "417 行 = 使用 354 行" in check.detail.zh

    def test_used_is_what_a_join_by_year_gives(self, real: t.Trusts) -> None:
        wide = real.panel.pivot(index="unit_id", columns="period", values=["ex", "outcome"])
        for lag in range(5):
            used = (wide["outcome"].notna() & wide["ex"].shift(lag, axis=1).notna()).to_numpy().sum()
            assert f"= {used:,} used" in t.accounting(real, lag=lag).detail.en

    def test_a_row_too_many_fails(self, clean: t.Trusts) -> None:
        check = t.accounting(replace(clean, rows=clean.rows + 2))
        assert not check.passed and check.consequence.en == "2 rows are unaccounted for; no number is given."
        twice = pd.concat([clean.panel, clean.panel.tail(1)], ignore_index=True)
        assert not t.accounting(replace(clean, panel=twice)).passed

    @pytest.mark.parametrize("lag", [-1, 7, 1.0, True])
    def test_lags_that_do_not_fit_are_refused(self, clean: t.Trusts, lag: object) -> None:
        with pytest.raises(ParameterError, match=rf"lag is a whole number of years from 0 to 6 in this panel, not {lag}"):
            t.accounting(clean, lag=lag)


class TestRealFile:
    def test_what_is_in_the_file(self, real: t.Trusts) -> None:
        found = _found(real)
        for part in ("938 rows can be checked against the previous year's row, and 938 repeat its SHMI exactly; 141 more",
                     "In 2015, recommending care agrees with the years before and after only at r = 0.56, but those two years agree with each other "
                     "at 0.83; in 21 of 132 trusts the numbers",
                     "From 2014 to 2015 the national mean moved by +0.091 in one step, 123 of 134 trusts moving the same way; the next largest "
                     "step is 0.033",
                     "156 to 7,513 answers per row, with the median going from 394 to 2,494; in 126 trusts they at least doubled within a year 152 "
                     "times",
                     "27 times they halved",
                     "between 1.000 and 1.004", "11 rows have no employee survey, 9 of them in trusts that never had one (2)",
                     "within a year r = 0.90",
                     "Only 124 of 146 trusts are present in all 8 years; 18 disappear early, 4 appear later",
                     "9 trusts (18 rows) have no region; 9 of them",
                     "24 codes for 13 regions: 17 codes appear in several regions, 4 regions", "In 4 regions each of 46 trusts has its own code",
                     "All 1,073 values are multiples of a third", "3 columns restate another column", "Only one value (0): FreedomSpeak.Index"):
            assert part in found, part
        for part in ("changed region", "changed name", "more than one code", "missing mid-series", "differ from the SHMI", "no outcome",
                     "no survey at all", "[Cc]onsecutive yearly"):
            assert not re.search(f"rows have {part}" if part == "no outcome" else part, found), part

    def test_the_panel(self, real: t.Trusts) -> None:
        panel = real.panel
        assert real.rows == len(panel) == 1084 and panel["unit_id"].nunique() == 146 and real.first_year == 2012
        assert not panel.duplicated(["unit_id", "period"]).any() and panel["period"].max() == 7
        assert panel["outcome"].notna().all() and panel["ex"].isna().sum() == panel["ex_n"].isna().sum() == 11
        assert panel["ex"].between(1, 5).sum() == 1073 and panel.loc[panel["period"] == 3, "stress"].isna().all()
        assert panel["stress"].isna().sum() == 136 + 9 + 1 and panel["region"].isna().sum() == 18
        assert [c.passed for c in real.checks] == [True, True, False]

    def test_where_every_row_went(self, real: t.Trusts) -> None:
        assert t.accounting(real).detail.en == ("1,084 rows in the file = 929 used + 155 not used: 142 fall in the first year, 4 belong to trusts "
                                                "without a row the year before, 9 have no survey the year before.")

    def test_stress_of_2015_belongs_to_others(self, real: t.Trusts) -> None:
        """The reason to set a whole year aside: in the trusts that stand out by one column two others are lost, engagement is not."""
        (one,) = real.displaced
        assert one.year == 2015 and one.moved == (t.WORK, t.CARE, t.STRESS)
        assert max(one.inside[c] for c in one.moved) < 0.1 and one.inside[t.EX] > 0.7 < one.inside[t.CLINICAL]

    def test_tables_can_be_shown(self, real: t.Trusts) -> None:
        for name in ("faults", "roles"):
            shown = show.table(getattr(real, name), **real.captions[name])
            assert len(shown.payload["rows"]) == shown.payload["total"] > 12 and "nan" not in shown.words

    def test_counts_that_open_the_page(self, real: t.Trusts) -> None:
        facts = {name.en: value for name, value in t.facts(real).items()}
        assert facts["Employee answers"] == 1_743_103 and facts["Trusts present every year"] == 124 and facts["Hospital trusts"] == 146


def _texts(trusts: t.Trusts) -> list[Text]:
    cells = [cell for frame in (trusts.faults, trusts.roles) for cell in frame.to_numpy().ravel() if isinstance(cell, Text)]
    checks = [text for c in (*trusts.checks, *(t.accounting(trusts, lag=k) for k in range(4))) for text in (c.name, c.detail, c.consequence) if text]
    titles = [text for one in trusts.captions.values() for text in (one["title"], one["subtitle"], *one["columns"].values())]
    return [*cells, *checks, *titles, *t.facts(trusts)]


class TestWords:
    def test_nobody_is_named(self, real: t.Trusts, public_data: Path) -> None:
        raw = pd.read_csv(public_data / "nhs_engagement" / t.FILE)
        names, codes = set(raw[t.NAME].dropna()), set(raw[t.CODE])
        said = " | ".join(f"{x.zh} | {x.en}" for x in _texts(real))
        written = "".join(Path(module.__file__).read_text("utf-8") for module in (t, trust_panel_text))
        held = {str(x) for c in real.panel for x in real.panel[c].dropna().unique()} | {str(x) for x in real.counts.values()}
        assert len(names) == 137 and not any(name in text for name in names for text in (said, written))
        assert not codes & held and not names & held and not codes & set(re.findall(r"\w+", said + written))

    def test_everything_is_said_well(self, real: t.Trusts, planted: dict[str, t.Trusts]) -> None:
        told = _texts(real) + [x for one in planted.values() for x in _texts(one)]
        assert len(told) > 1000 and all(x.zh and x.en for x in told)
        assert [x.zh for x in told if half_width(x.zh)] == []
        assert [(x[lang], verbs_exceed(x[lang], 0, lang)) for x in told for lang in ("zh", "en") if verbs_exceed(x[lang], 0, lang)] == []
        assert not [x for x in told for lang in ("zh", "en") if "nan" in x[lang] or "{" in x[lang]]
