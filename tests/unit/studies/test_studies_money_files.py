"""Public files about money: made-up ones with planted faults, and the real ones where they lie."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.studies import money_files as m
from voclib.studies.money_files import counts as money_files_counts
from voclib.studies.money_files import text as money_files_text

N = 60
RUN = 12


def _yes(flags: np.ndarray) -> np.ndarray:
    return np.where(flags, "Yes", "No")


def _telco() -> dict[str, pd.DataFrame]:
    """Sixty customers; the last three have no tenure in the workbook, every third left, customers 0 and 3 changed contract between editions."""
    i = np.arange(N)
    ids = np.array([f"{k:04d}-ABCDE" for k in i])
    left, months, online, phone = i % 3 == 0, 1 + (i * 7) % 30, i % 4 > 0, i % 5 > 0
    young = months <= 3
    book_months = np.where(i >= N - 3, 0, months)
    support, fibre = online & (i % 2 == 0), online & (i % 4 == 1)
    charge = 20.0 + 5.0 * support + 40.0 * fibre
    calls = np.where(phone, 1.0 + 49.0 * ((i * 37) % N) / N, 0.0)
    extra = np.where(online & (i % 6 == 5), 10, 0)
    refunds, total = np.where(i % 10 == 0, 2.5, 0.0), charge * months
    reason = np.where(left, np.where(i % 2 == 0, "Competitor made better offer", "Extra data charges"), None)
    contract = np.where(i % 2 == 0, "Month-to-Month", "Two Year")
    score = np.where(left, np.where(i % 2 == 0, 1, 3), np.where(i % 2 == 0, 3, 5))
    services = pd.DataFrame({
        "CustomerID": ids, "Quarter": "Q3", "Tenure in Months": months, "Offer": np.where(i % 2 == 0, "None", "Offer A"),
        "Phone Service": _yes(phone), "Internet Service": _yes(online),
        "Internet Type": np.where(~online, "None", np.where(fibre, "Fiber Optic", "DSL")),
        **{c: "No" for c in ("Multiple Lines", "Online Backup", "Device Protection Plan", "Streaming TV", "Streaming Movies", "Online Security")},
        "Premium Tech Support": _yes(support), "Unlimited Data": _yes(online & (extra == 0)), "Contract": contract, "Payment Method": "Credit Card",
        "Referred a Friend": "No", "Number of Referrals": 0, "Avg Monthly Long Distance Charges": calls, "Monthly Charge": charge,
        "Total Charges": total, "Total Refunds": refunds, "Total Extra Data Charges": extra, "Total Long Distance Charges": calls * months,
        "Total Revenue": total - refunds + extra + calls * months})
    status = pd.DataFrame({
        "CustomerID": ids, "Satisfaction Score": score, "Customer Status": np.where(left, "Churned", np.where(young, "Joined", "Stayed")),
        "Churn Label": _yes(left), "Churn Value": left.astype(int), "Churn Score": np.where(left, 80, 30), "CLTV": 3000 + i, "Churn Reason": reason})
    people = _people(ids)
    edited = contract.copy()
    edited[[1, 7]] = "Month-to-month"
    book = pd.DataFrame({
        "CustomerID": ids, "Tenure Months": book_months, "Internet Service": np.where(~online, "No", np.where(fibre, "Fiber optic", "DSL")),
        "Contract": edited, "Payment Method": "Credit card (automatic)", "Zip Code": 90000 + i % 6,
        "Total Charges": np.where(book_months == 0, " ", total.astype(str)), "Churn Label": _yes(left), "Churn Score": np.where(left, 80, 30),
        "CLTV": 3000 + i, "Churn Reason": reason})
    csv = pd.DataFrame({"customerID": ids, "gender": people["Gender"], "Partner": people["Married"], "Dependents": "No", "tenure": book_months,
                        "TotalCharges": np.where(book_months == 0, " ", total.astype(str))})
    return {"csv": csv, "workbook": book, "demographics": people, "services": services, "status": status, **_places(ids)}


def _people(ids: np.ndarray) -> pd.DataFrame:
    i = np.arange(N)
    return pd.DataFrame({
        "CustomerID": ids, "Gender": np.where(i % 2 == 0, "Male", "Female"), "Age": 20 + i, "Under 30": _yes(20 + i < 30),
        "Senior Citizen": _yes(20 + i >= 65), "Married": _yes(i % 2 == 1), "Dependents": "No", "Number of Dependents": 0})


def _places(ids: np.ndarray) -> dict[str, pd.DataFrame]:
    location = pd.DataFrame({
        "Customer ID": ids, "Country": "United States", "City": "Townsville", "Zip Code": 90000 + np.arange(N) % 6, "Lat Long": "34.0, -118.0",
        "Latitude": 34.0, "Longitude": -118.0})
    return {"location": location, "population": pd.DataFrame({"Zip Code": 90000 + np.arange(7), "Population": 50 + 1000 * np.arange(7)})}


def _orders() -> pd.DataFrame:
    """Four customers, seen for 40 days or more: spending on window borders, a free order, a copy, an order of the same day."""
    rows = [(8, 1, 19970101, 1, 10.0), (8, 1, 19970111, 2, 20.0), (8, 1, 19970112, 1, 5.0), (8, 1, 19970112, 1, 5.0), (15, 2, 19970102, 1, 0.0),
            (22, 3, 19970103, 1, 60.0), (22, 3, 19970103, 1, 7.0), (22, 3, 19970301, 1, 9.0), (40, 4, 19970110, 3, 33.0), (40, 4, 19970130, 1, 4.0)]
    return pd.DataFrame(rows, columns=list(m.ORDER_COLUMNS))


def _write(root: Path, tables: dict[str, pd.DataFrame], orders: pd.DataFrame) -> Path:
    (root / "telco").mkdir(parents=True, exist_ok=True)
    (root / "cdnow").mkdir(exist_ok=True)
    for name, table in tables.items():
        path = root / "telco" / m.NAMES[name]
        table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_excel(path, index=False)
    orders.to_csv(root / "cdnow" / m.ORDERS, index=False)
    return root


def _read(root: Path) -> m.Files:
    return m.read(root / "telco", root / "cdnow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("money"), _telco(), _orders())


@pytest.fixture(scope="module")
def files(folder: Path) -> m.Files:
    return _read(folder)


@pytest.fixture(scope="module")
def real(public_data: Path) -> m.Files:
    return m.read(public_data / "telco", public_data / "cdnow")


@pytest.fixture(scope="module")
def told(real: m.Files) -> list[Text]:
    """Everything the module says about the real files."""
    made = m.telecom(real)
    frames = [m.faults(real), m.roles(real), m.exposures(made), m.reasons(made), m.classes(made)]
    cells = [cell for frame in frames for cell in frame.to_numpy().ravel() if isinstance(cell, Text)]
    facts = m.facts(real)
    return [*cells, *facts, *(part for value in facts.values() if isinstance(value, tuple) for part in value if isinstance(part, Text))]


def _found(files: m.Files) -> str:
    return "\n".join(row.found.en for row in m.faults(files).itertuples())


class TestReading:
    def test_none_stays_a_word(self, files: m.Files) -> None:
        services = files.telco["services"]
        assert (services["Offer"] == "None").sum() == N / 2 and services["Internet Type"].notna().all()
        assert files.telco["status"]["Churn Reason"].isna().sum() == 2 * N / 3

    def test_missing_files_and_columns_are_told(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"There is no Telco-Customer-Churn.csv in the folder .*; look at what VOC_PUBLIC_DATA names"):
            m.read(tmp_path, folder / "cdnow")
        with pytest.raises(DataError, match=r"There is no cdnowElog.csv in the folder"):
            m.read(folder / "telco", tmp_path)
        tables = _telco()
        tables["services"] = tables["services"].rename(columns={"Total Revenue": "Total Revenues"})
        with pytest.raises(DataError, match=r"Telco_customer_churn_services.xlsx lacks Total Revenue; did you mean 'Total Revenues'"):
            _read(_write(tmp_path, tables, _orders()))

    @pytest.mark.parametrize(("name", "change", "message"), [
        ("services", {"Total Refunds": "2,50"}, r"services.xlsx: Total Refunds is not a number in 60 rows, such as '2,50'"),
        ("status", {"Satisfaction Score": 10}, r"Satisfaction Score runs from 1 to 5; 60 rows say 10"),
        ("location", {"Customer ID": "0001-ABCDE"}, r"location.xlsx repeats 59 of its keys in the column Customer ID"),
        ("demographics", {"CustomerID": [f"{k:04d}-OTHER" for k in range(N)]}, r"demographics.xlsx and .*status.xlsx differ in 120 customers"),
    ])
    def test_cells_that_cannot_be_right_are_told(self, tmp_path: Path, name: str, change: dict, message: str) -> None:
        tables = _telco()
        tables[name] = tables[name].assign(**change)
        with pytest.raises(DataError, match=message):
            _read(_write(tmp_path, tables, _orders()))

    def test_broken_workbooks_and_dates_are_told(self, tmp_path: Path) -> None:
        root = _write(tmp_path, _telco(), _orders().assign(date=19971345))
        with pytest.raises(DataError, match=r"cdnowElog.csv: 10 dates are not days written as 19970131, such as 19971345"):
            _read(root)
        (root / "telco" / m.NAMES["population"]).write_bytes(b"no workbook")
        with pytest.raises(DataError, match=r"population.xlsx cannot be read \(\w+\); open it and save it again"):
            _read(root)


class TestFaults:
    def test_planted_faults_are_counted(self, files: m.Files) -> None:
        found = _found(files)
        assert "blank in 3 rows, 3 of them with a tenure of 0" in found
        assert "to the cent in 60 of 60 rows" in found and "differs from the workbook in 2 rows, 2 of them from monthly to longer" in found
        assert "Of 10 customers with satisfaction 1–2, 10 left; of 20 with 4–5, 20 stayed" in found
        assert "1 row repeats another in every cell, and 2 orders follow one of the same day" in found
        assert "1 order has an amount of 0, and 1" in found

    def test_what_is_not_wrong_has_no_row(self, files: m.Files) -> None:
        found = _found(files)
        assert "churn score" not in found and "coordinates" not in found and "changed postcode" not in found and "dependents changes" not in found
        cleaned = m.Files(telco=files.telco, orders=files.orders.drop_duplicates().query("sales > 0"))
        assert "another in every cell" not in _found(cleaned) and "an amount of 0" not in _found(cleaned)

    def test_a_date_column_takes_the_first_finding_away(self, files: m.Files) -> None:
        dated = {**files.telco, "status": files.telco["status"].assign(asked_on="2017-09-30")}
        assert "columns is a date" in _found(files) and "columns is a date" not in _found(m.Files(telco=dated, orders=files.orders))

    def test_rows_in_another_order_change_nothing(self, files: m.Files) -> None:
        mixed = {name: frame.sample(frac=1, random_state=k) for k, (name, frame) in enumerate(files.telco.items())}
        other = m.Files(telco=mixed, orders=files.orders.sample(frac=1, random_state=9))
        pd.testing.assert_frame_equal(m.faults(files), m.faults(other))
        pd.testing.assert_frame_equal(m.telecom(files).people, m.telecom(other).people)
        pd.testing.assert_frame_equal(m.purchases(files, window_days=10).people, m.purchases(other, window_days=10).people)


class TestTelecom:
    def test_money_is_what_still_runs(self, files: m.Files) -> None:
        made, services = m.telecom(files), files.telco["services"]
        people = made.people
        assert len(people) == N - 3 and made.notes == {"made_up_tenure": 3}
        assert (people.loc[people["is_left"], "money"] == 0).all()
        kept = services.iloc[:N - 3]
        assert people["total_revenue"].sum() == pytest.approx(kept["Total Revenue"].sum())
        assert (people["monthly_revenue"] * people["tenure_months"]).to_numpy() == pytest.approx(kept["Total Revenue"].to_numpy())
        assert people["contract"].iloc[[1, 7]].tolist() == ["Month-to-month"] * 2  # the workbook's, not the edited one

    def test_the_exposed_are_compared_with_those_who_could_be(self, files: m.Files) -> None:
        made = m.telecom(files)
        able = made.exposed_to("no_support")
        assert able["has_internet"].all() and (able["is_exposed"] == able["no_support"]).all()
        assert 0 < able["is_exposed"].mean() < 1 and len(made.exposed_to("refunded")) == len(made.people)
        with pytest.raises(ParameterError, match="There is no exposure 'no_suport'; did you mean 'no_support'"):
            made.exposed_to("no_suport")
        table = m.exposures(made)
        assert table["with"].iloc[0] + table["without"].iloc[0] == len(able)
        assert table["money_with"].iloc[0] == pytest.approx(able.loc[able["is_exposed"], "money"].mean())

    def test_reasons_hold_the_money_of_all_leavers(self, files: m.Files) -> None:
        made = m.telecom(files)
        table, gone = m.reasons(made), made.people[made.people["is_left"]]
        assert table["n"].sum() == table["n_workbook"].sum() == len(gone)
        assert table["monthly_revenue"].sum() == pytest.approx(gone["monthly_revenue"].sum())
        assert {r.en for r in table["reason"]} == {"Rival's better offer", "Extra data charges"}
        assert table["monthly_revenue"].is_monotonic_decreasing

    def test_every_reason_is_known_and_a_new_one_is_refused(self) -> None:
        assert money_files_text.reason(None) is None and money_files_text.reason("  ") is None
        for key, told in money_files_text.REASONS.items():
            assert money_files_text.reason(f" {' x '.join(told.holds).upper()} ") == key
        with pytest.raises(DataError, match="The reason for leaving 'Bored' is not known"):
            money_files_text.reason("Bored")

    def test_classes_show_that_the_score_settles_leaving(self, files: m.Files) -> None:
        table = m.classes(m.telecom(files))
        assert [c.en for c in table["class"]] == ["Dissatisfied (1–2)", "Neutral (3)", "Satisfied (4–5)"]
        assert table["left"].iloc[0] == 1 and table["money"].iloc[0] == 0 and table["left"].iloc[2] == 0
        assert np.isnan(table["monthly_stayed"].iloc[0]) and table["money"].iloc[2] == pytest.approx(table["monthly_stayed"].iloc[2])


def _unchanged(n: int) -> m.Purchases:
    """Customers whose level of spending never changes, seen through noise."""
    rng = np.random.default_rng(4)
    level = rng.gamma(1.0, 30.0, n)
    people = pd.DataFrame({f"spend_{k}": rng.gamma(1.0, 1.0, n) * level for k in (1, 2, 3)})
    return m.Purchases(people=people, windows=3, window_days=30, last_day=pd.Timestamp("1998-01-01"))


class TestPurchases:
    def test_windows_begin_the_day_after_the_first_order(self, files: m.Files) -> None:
        made = m.purchases(files, window_days=10)
        first = made.people.iloc[0]
        assert made.windows == 5 and first["first_spend"] == 10
        assert first["spend_1"] == 20 and first["spend_2"] == 10 and first["orders_2"] == 2  # day 10 is the last of window 1, day 11 the first of 2
        assert made.people["first_spend"].tolist() == [10, 0, 67, 33] and made.spend(2).tolist() == [10, 0, 0, 4]
        inside = made.people[["first_spend", *(f"spend_{k}" for k in range(1, 6))]].sum(axis=1)
        assert (inside <= made.people["total"] + 1e-9).all() and made.people["total"].sum() == pytest.approx(files.orders["sales"].sum())

    @pytest.mark.parametrize("days", [0, -3, 26, 400])
    def test_windows_that_do_not_fit_are_refused(self, files: m.Files, days: int) -> None:
        with pytest.raises(ParameterError, match=rf"Two windows of {days} days do not fit: a customer is seen for 50 days; take 1 to 25"):
            m.purchases(files, window_days=days)

    def test_top_takes_ties_in(self) -> None:
        assert m.top(np.array([5.0, 1, 5, 2]), 0.25).tolist() == [True, False, True, False]
        with pytest.raises(DataError, match="No highest 50% can be separated: the lowest value, 0, ties with it"):
            m.top(np.array([0.0, 0, 9, 0]), 0.5)
        with pytest.raises(ParameterError, match="share lies between 0 and 1, not 1"):
            m.top(np.ones(3), 1)

    def test_money_scales_and_nothing_else_does(self, files: m.Files) -> None:
        made = _unchanged(300)
        one, seven = (m.fallback(replace(made, people=made.people * factor), share=0.3) for factor in (1, 7))
        np.testing.assert_allclose(seven[["top", "rest", "everybody"]], 7 * one[["top", "rest", "everybody"]])
        pd.testing.assert_frame_equal(one[["chosen", "window", "n"]], seven[["chosen", "window", "n"]])
        total = m.purchases(files, window_days=10).people["total"].to_numpy()
        pd.testing.assert_series_equal(m.concentration(total)["of_all"], m.concentration(7 * total)["of_all"])

    def test_choosing_the_high_makes_them_fall(self) -> None:
        """Spending without any change: the chosen fall towards everybody, those chosen later rise before."""
        table = m.fallback(_unchanged(3000)).set_index(["chosen", "window"])
        top = table["top"]
        assert top[1, 2] < 0.6 * top[1, 1] and top[1, 3] == pytest.approx(top[1, 2], rel=0.1) and top[2, 1] < 0.6 * top[2, 2]
        assert table["everybody"].max() < 1.1 * table["everybody"].min()


class TestRealFiles:
    def test_what_is_in_the_telecom_files(self, real: m.Files) -> None:
        found = _found(real)
        for part in ("Six files each hold 7,043 customers", "3,877 customers without an offer and 1,526 without internet",
                     "to the cent in 7,043 of 7,043",
                     "blank in 11 rows, 11 of them with a tenure of 0", "Of 1,440 customers with satisfaction 1–2, 1,440 left",
                     "of 2,938 with 4–5, 2,938 stayed",
                     "differ in 244 rows, 244 of them leavers", "519 differ from the workbook (28%)",
                     "of all 1,051 equally new customers 597 left (57%)",
                     "39 cite extra-data charges, but only 5 ever paid any and 32 have unlimited data",
                     "265 of them from monthly to longer; 265 are customers who stayed, 0 who left",
                     "61 customers with fibre in the workbook have cable here, and 61 of them left", "of 34 who gained dependents, 34 left",
                     "None of the 3,641 unmarried customers ever referred", "4 to 5 customers, whether 11 or 105,285",
                     "260 customers changed postcode, 155 of them to a single city",
                     "products held explain 99.9% of it, support $5.03, fibre $50.01", "3% remain on the first reading, 79% on the second"):
            assert part in found, part

    def test_what_is_in_the_orders(self, real: m.Files) -> None:
        found = _found(real)
        for part in ("The first orders of all 2,357 buyers fall between 1997-01-01 and 1997-03-25: one in 10", "observed for 462 to 545 days",
                     "21 rows repeat another in every cell, and 223 orders",
                     "8 orders have an amount of 0, and 8 customers", "the top 1% account for 14.6%"):
            assert part in found, part
        facts = {name.en: value for name, value in m.facts(real).items()}
        assert facts["Their orders"] == 6919 and facts["Money in these orders"][0] == pytest.approx(244_091.94)
        assert facts["What all of them have paid so far"][0] == pytest.approx(21_371_131.69) and facts["Of these gone"] == 1869

    def test_the_biggest_reason_depends_on_the_edition(self, real: m.Files) -> None:
        table = m.reasons(m.telecom(real))
        assert len(table) == 20 and table["n"].sum() == table["n_workbook"].sum() == 1869
        names = [r.en for r in table["reason"]]
        assert names[0] == "Rival's better devices" and names[int(table["monthly_workbook"].argmax())] == "Rival's higher speeds"
        assert table["monthly_revenue"].sum() == pytest.approx(table["monthly_workbook"].sum()) == pytest.approx(183_780.62, abs=0.01)

    def test_tenure_makes_refunds_look_good(self, real: m.Files) -> None:
        """An exposure summed since joining: the refunded leave less often, and no longer so once tenure is the same."""
        able = m.telecom(real).exposed_to("refunded")
        plain = able.groupby("is_exposed")["money"].mean()
        band = (able["tenure_months"] // 6).astype(int)
        within = able.groupby([band, "is_exposed"])["money"].mean().unstack()
        weight = band[able["is_exposed"]].value_counts(normalize=True)
        assert plain[True] - plain[False] > 6 and abs(((within[True] - within[False]) * weight).sum()) < 3

    def test_three_whole_windows_and_a_fall_for_nothing(self, real: m.Files) -> None:
        made = m.purchases(real)
        assert made.windows == 3 and len(made.people) == 2357
        top = m.fallback(made).set_index(["chosen", "window"])["top"]
        assert top[1, 2] / top[1, 1] == pytest.approx(0.42, abs=0.01) and top[1, 3] / top[1, 2] == pytest.approx(0.81, abs=0.01)
        assert top[2, 2] / top[2, 1] == pytest.approx(1.36, abs=0.01)


class TestNobodyIsIdentified:
    def test_frames_carry_row_numbers_only(self, real: m.Files) -> None:
        telco, buyers = m.telecom(real).people, m.purchases(real).people
        assert (telco["customer_id"] == np.arange(len(telco))).all() and (buyers["customer_id"] == np.arange(len(buyers))).all()
        words = {str(v) for c in telco.select_dtypes("str") for v in telco[c].dropna().unique()}
        assert len(words) < 60 and not any(re.fullmatch(r"\d{4}-[A-Z]{5}", w) for w in words)

    def test_no_cell_of_the_source_is_said_or_written(self, real: m.Files, told: list[Text]) -> None:
        cells = {str(v).lower() for f in real.telco.values() for c in f.select_dtypes(["str", "object"]) for v in f[c].dropna().unique()}
        headings = {w for f in real.telco.values() for c in f for w in _runs(c.lower())}  # these name columns, no customer
        runs = {w for cell in cells for w in _runs(cell)} - headings
        said = " | ".join(f"{t.zh} | {t.en}" for t in told).lower()
        written = "".join(Path(module.__file__).read_text("utf-8") for module in (m, money_files_counts, money_files_text)).lower()
        assert len(runs) > 100 and sorted(runs & set(_runs(said))) == [] and sorted(runs & set(_runs(written))) == []
        assert not re.findall(r"\b\d{4}-[a-z]{5}\b", said + written)

    def test_everything_is_said_well(self, told: list[Text]) -> None:
        assert len(told) > 120 and all(t.zh and t.en for t in told)
        assert [t.zh for t in told if half_width(t.zh)] == []
        assert [(t[lang], verbs_exceed(t[lang], 0, lang)) for t in told for lang in ("zh", "en") if verbs_exceed(t[lang], 0, lang)] == []


def _runs(text: str) -> list[str]:
    """Runs of twelve characters that touch three words."""
    return [w for w in (text[i:i + RUN] for i in range(len(text) - RUN + 1)) if w.strip().count(" ") >= 2]
