"""Public files about money: how they are read, and the frames that can honestly be made of them.

Telecom: seven files on one company's customers (five sheets, the same in one workbook, the same in one CSV), a sample published with a business
intelligence product: no dates, no margin. CDNOW: a tenth of the customers whose first order fell in the first quarter of 1997 (Fader & Hardie 2001,
Interfaces 31). No frame made here carries a customer's number; `customer_id` counts rows.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, examples, nearest
from voclib.results import Text
from voclib.sentences import say
from voclib.studies.money_files import counts as counting
from voclib.studies.money_files import text as words

NAMES = {
    "csv": "Telco-Customer-Churn.csv",
    "workbook": "Telco_customer_churn.xlsx",
    **{part: f"Telco_customer_churn_{part}.xlsx" for part in ("demographics", "location", "population", "services", "status")},
}
KEYS = {"csv": "customerID", "location": "Customer ID", "population": "Zip Code"}  # the others say CustomerID
AMOUNTS = ("Monthly Charge", "Total Charges", "Total Refunds", "Total Extra Data Charges", "Total Long Distance Charges", "Total Revenue")
NEEDED = {
    "csv": ("customerID", "gender", "Partner", "Dependents", "TotalCharges", "tenure"),
    "workbook": ("CustomerID", "Tenure Months", "Internet Service", "Contract", "Payment Method", "Zip Code", "Total Charges", "Churn Label",
                 "Churn Score", "Churn Reason", "CLTV"),
    "demographics": ("CustomerID", "Gender", "Age", "Under 30", "Senior Citizen", "Married", "Dependents", "Number of Dependents"),
    "location": ("Customer ID", "Country", "City", "Zip Code", "Lat Long", "Latitude", "Longitude"),
    "population": ("Zip Code", "Population"),
    "services": ("CustomerID", "Quarter", "Tenure in Months", "Offer", "Phone Service", "Internet Service", "Internet Type", "Online Security",
                 "Premium Tech Support", "Unlimited Data", "Contract", "Payment Method", "Referred a Friend", "Number of Referrals",
                 "Avg Monthly Long Distance Charges", "Multiple Lines", "Online Backup", "Device Protection Plan", "Streaming TV", "Streaming Movies",
                 *AMOUNTS),
    "status": ("CustomerID", "Satisfaction Score", "Customer Status", "Churn Label", "Churn Value", "Churn Score", "CLTV", "Churn Reason"),
}
NUMERIC = {"services": ("Tenure in Months", "Number of Referrals", "Avg Monthly Long Distance Charges", *AMOUNTS), "demographics": ("Age",),
           "status": ("Satisfaction Score", "Churn Score", "CLTV"), "workbook": ("Tenure Months", "CLTV"), "csv": ("tenure",),
           "population": ("Population",)}
ORDERS, ORDER_COLUMNS = "cdnowElog.csv", ("masterid", "sampleid", "date", "cds", "sales")

PRIOR = ("gender", "age", "married")
PRODUCT = ("has_phone", "technology")
UNDATED = ("tenure_months", "contract", "payment")
WINDOW_DAYS = 154  # three whole windows for every customer of CDNOW


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files as they are: `telco` by short name, one row a customer (`population`: a postcode); `orders`, one row an order, `day` its date."""

    telco: Mapping[str, pd.DataFrame]
    orders: pd.DataFrame

    def aligned(self) -> dict[str, pd.DataFrame]:
        """The telecom files that hold customers, all in the same order: indexed by the customer's number, sorted by it."""
        return {name: frame.set_index(KEYS.get(name, "CustomerID")).sort_index() for name, frame in self.telco.items() if name != "population"}


def read(telco: Path, cdnow: Path) -> Files:
    """The seven telecom files of one folder and the orders of another.

    "None" stays a word: the services sheet writes it for customers without an offer or without internet.

    Raises
    ------
    DataError
        if a file or a column is missing, a workbook cannot be opened, an amount is no number, a date no day, a score lies outside 1 to 5, a customer
        is listed twice, or two files hold different customers.
    """
    frames = {name: _table(Path(telco), name) for name in NAMES}
    listed = {name: frame[KEYS.get(name, "CustomerID")] for name, frame in frames.items()}
    for name, ids in listed.items():
        if twice := int(ids.duplicated().sum()):
            raise DataError(f"{NAMES[name]} repeats {twice} of its keys in the column {ids.name}; one row each is needed.")
        if name != "population" and (odd := len(set(ids) ^ set(listed["status"]))):
            raise DataError(f"{NAMES[name]} and {NAMES['status']} differ in {odd} customers; they are two exports of the same list.")
    odd_scores = frames["status"].loc[~frames["status"]["Satisfaction Score"].isin(range(1, 6)), "Satisfaction Score"]
    if len(odd_scores):
        raise DataError(f"{NAMES['status']}: Satisfaction Score runs from 1 to 5; {len(odd_scores)} rows say {examples(odd_scores)}.")
    return Files(telco=frames, orders=_orders(Path(cdnow)))


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = _found(folder, NAMES[name])
    options = {"keep_default_na": False, "na_values": [""]}
    try:
        frame = pd.read_csv(path, **options) if path.suffix == ".csv" else pd.read_excel(path, engine="openpyxl", **options)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read ({type(error).__name__}); open it and save it again.") from None
    return _numeric(_complete(frame, path.name, NEEDED[name]), path.name, NUMERIC.get(name, ()))


def _orders(folder: Path) -> pd.DataFrame:
    path = _found(folder, ORDERS)
    frame = _numeric(_complete(pd.read_csv(path), path.name, ORDER_COLUMNS), path.name, ("cds", "sales"))
    day = pd.to_datetime(frame["date"].astype("str"), format="%Y%m%d", errors="coerce")
    if day.isna().any():
        raise DataError(f"{path.name}: {int(day.isna().sum())} dates are not days written as 19970131, such as "
                        f"{examples(frame.loc[day.isna(), 'date'])}.")
    return frame.assign(day=day)


def _found(folder: Path, name: str) -> Path:
    if not (path := folder / name).is_file():
        raise DataError(f"There is no {name} in the folder {folder.name}; look at what VOC_PUBLIC_DATA names.")
    return path


def _complete(frame: pd.DataFrame, name: str, needed: tuple[str, ...]) -> pd.DataFrame:
    if lost := [c for c in needed if c not in frame]:
        raise DataError(f"{name} lacks {', '.join(lost)}; {nearest(lost[0], map(str, frame.columns))}")
    return frame


def _numeric(frame: pd.DataFrame, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    for column in columns:
        if (bad := pd.to_numeric(frame[column], errors="coerce").isna()).any():
            raise DataError(f"{name}: {column} is not a number in {int(bad.sum())} rows, such as {examples(frame.loc[bad, column])}.")
    return frame


def facts(files: Files) -> dict[Text, int | tuple[float, str] | tuple[float, str, Text]]:
    """Counts that open the page."""
    status, services, orders = files.telco["status"], files.telco["services"], files.orders
    return {
        Text("电信客户", "Telecom customers"): len(status),
        Text("其中已离开", "Of these gone"): int((status["Churn Label"] == "Yes").sum()),
        Text("他们至今付的钱", "What all of them have paid so far"): (float(services["Total Revenue"].sum()), "usd"),
        Text("唱片买家", "Buyers of records"): int(orders["masterid"].nunique()),
        Text("他们的订单", "Their orders"): len(orders),
        Text("订单金额", "Money in these orders"): (float(orders["sales"].sum()), "usd"),
        Text("订单跨度", "Span of the orders"): (int((orders["day"].max() - orders["day"].min()).days) + 1, "exact", Text("天", "days")),
    }


def faults(files: Files) -> pd.DataFrame:
    """What is wrong with each file and what is done about it, one row a finding: file, found, done. A fault that is absent has no row."""
    n = counting.telecom(files.aligned(), files.telco["population"]) | counting.orders(files.orders)
    rows = [(words.FILES[f.file], say(*f.found, **n), say(*f.done, **n)) for f in words.FINDINGS if not f.when or n[f.when] > 0]
    return pd.DataFrame(rows, columns=["file", "found", "done"])


def roles(files: Files) -> pd.DataFrame:
    """Which columns may explain money and which leak, one row a group of columns: column, role, reason."""
    n = counting.telecom(files.aligned(), files.telco["population"])
    return pd.DataFrame([(r.column, words.ROLES[r.role], say(*r.reason, **n)) for r in words.COLUMNS], columns=["column", "role", "reason"])


@dataclass(frozen=True, kw_only=True)
class Telecom:
    """`people`, one row a customer whose money can be put on a month; `notes` counts what was left out. Amounts are US dollars, revenue not margin.

    Columns: `customer_id` (row number), `monthly_revenue` (total revenue over months of tenure), `total_revenue` (since joining), `money` (monthly
    revenue still running at the end of the quarter: 0 for who left), `cltv`, `is_left`, `score` (1–5), `satisfaction` (low 1–2, mid 3, high 4–5),
    `reason` and `reason_workbook` (stated by leavers, in the status sheet and in the workbook; null for who stayed), `has_internet`,
    `has_limited_data`, one boolean for each of `EXPOSURES`, and the covariates `PRIOR`, `PRODUCT`, `UNDATED`.
    """

    people: pd.DataFrame
    notes: Mapping[str, int]

    def exposed_to(self, exposure: str) -> pd.DataFrame:
        """The customers who could meet this exposure, with `is_exposed`.

        Raises
        ------
        ParameterError
            for an unknown exposure.
        """
        if exposure not in words.EXPOSURES:
            raise ParameterError(f"There is no exposure '{exposure}'; {nearest(exposure, words.EXPOSURES)}")
        base = words.EXPOSURES[exposure].among
        able = self.people if base is None else self.people[self.people[base]]
        return able.assign(is_exposed=able[exposure]).reset_index(drop=True)


def telecom(files: Files) -> Telecom:
    """One row a customer from the telecom files.

    Where editions disagree, contract, technology and payment come from the workbook: the sheets changed them for customers whose leaving was known.
    Customers without a month of tenure in the workbook are left out: the sheets give them ten months and totals made of these.
    """
    t = files.aligned()
    status, services, people, book = t["status"], t["services"], t["demographics"], t["workbook"]
    left = status["Churn Label"] == "Yes"
    monthly = services["Total Revenue"] / services["Tenure in Months"]
    frame = pd.DataFrame({
        "monthly_revenue": monthly, "total_revenue": services["Total Revenue"], "money": monthly.where(~left, 0.0),
        "cltv": status["CLTV"].astype(float), "is_left": left, "score": status["Satisfaction Score"].astype(int),
        "satisfaction": status["Satisfaction Score"].map({1: "low", 2: "low", 3: "mid", 4: "high", 5: "high"}),
        "reason": status["Churn Reason"].map(words.reason), "reason_workbook": book["Churn Reason"].map(words.reason),
        "has_internet": services["Internet Service"] == "Yes",
        "has_limited_data": (services["Internet Service"] == "Yes") & (services["Unlimited Data"] == "No"),
        "no_support": services["Premium Tech Support"] == "No", "no_security": services["Online Security"] == "No",
        "fibre": book["Internet Service"].str.startswith("Fiber"), "extra_charged": services["Total Extra Data Charges"] > 0,
        "refunded": services["Total Refunds"] > 0,
        "gender": people["Gender"], "age": people["Age"].astype(float), "married": people["Married"] == "Yes",
        "has_phone": services["Phone Service"] == "Yes", "technology": book["Internet Service"],
        "tenure_months": services["Tenure in Months"].astype(float), "contract": book["Contract"], "payment": book["Payment Method"],
    })
    kept = (book["Tenure Months"] > 0) & (services["Tenure in Months"] > 0)
    frame = frame[kept].rename_axis(None).reset_index(drop=True)
    frame.insert(0, "customer_id", np.arange(len(frame)))
    return Telecom(people=frame, notes={"made_up_tenure": int((~kept).sum())})


def exposures(made: Telecom) -> pd.DataFrame:
    """What each exposure looks like before anything is adjusted: customers with and without it, leaving, tenure and dollars a month of both.

    One row an exposure: exposure, why, with, without, left_with, left_without, tenure_with, tenure_without, money_with, money_without.
    """
    rows = []
    for name, told in words.EXPOSURES.items():
        able = made.exposed_to(name)
        arms = [able[able["is_exposed"]], able[~able["is_exposed"]]]
        means = [float(arm[c].mean()) for c in ("is_left", "tenure_months", "money") for arm in arms]
        rows.append([told.name, told.doubt, *map(len, arms), *means])
    pairs = [f"{what}_{arm}" for what in ("left", "tenure", "money") for arm in ("with", "without")]
    return pd.DataFrame(rows, columns=["exposure", "why", "with", "without", *pairs])


def reasons(made: Telecom) -> pd.DataFrame:
    """What leavers said, and the money of those who said it: dollars *of* leavers, not dollars lost *because of* the reason.

    One row a reason, most dollars a month first: reason, kind, n, monthly_revenue, total_revenue, cltv, and the same count and monthly dollars by the
    reason that the workbook gives the same customers (n_workbook, monthly_workbook).
    """
    gone = made.people[made.people["is_left"]]
    here = gone.groupby("reason")[["monthly_revenue", "total_revenue", "cltv"]].sum().assign(n=gone.groupby("reason").size())
    there = gone.groupby("reason_workbook")["monthly_revenue"].agg(["size", "sum"]).set_axis(["n_workbook", "monthly_workbook"], axis=1)
    both = here.join(there, how="outer").fillna(0.0).sort_values(["monthly_revenue", "n"], ascending=False)
    told = [words.REASONS[key] for key in both.index]
    both = both.assign(reason=[t.name for t in told], kind=[words.KINDS[t.kind] for t in told]).astype({"n": int, "n_workbook": int})
    return both[["reason", "kind", "n", "monthly_revenue", "total_revenue", "cltv", "n_workbook", "monthly_workbook"]].reset_index(drop=True)


def classes(made: Telecom) -> pd.DataFrame:
    """Low, mid and high satisfaction: class, n, left (share), monthly_revenue of all, money still running, and monthly_stayed of those who stayed."""
    groups = made.people.groupby("satisfaction")
    table = groups.agg(n=("is_left", "size"), left=("is_left", "mean"), monthly_revenue=("monthly_revenue", "mean"), money=("money", "mean"))
    stayed = made.people[~made.people["is_left"]].groupby("satisfaction")["monthly_revenue"].mean()
    table = table.assign(monthly_stayed=stayed).reindex(list(words.CLASSES))
    return table.rename_axis("class").reset_index().assign(**{"class": list(words.CLASSES.values())})


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """`people`, one row a customer of CDNOW: what was spent in equal windows that begin the day after the first order.

    Columns: `customer_id` (row number), `first_day`, `first_spend` (everything on that day), `spend_1` … and `orders_1` … by window, `total` (to the
    end of the file), `seen_days` (from the first order to the end of the file, where every customer is cut off). Dollars. Every window is whole for
    every customer; the first day is in none, since all were chosen for having it.
    """

    people: pd.DataFrame
    windows: int
    window_days: int
    last_day: pd.Timestamp

    def spend(self, window: int) -> np.ndarray:
        """Dollars of every customer in a window, counted from 1 (N,)."""
        return self.people[f"spend_{window}"].to_numpy(dtype=float)


def purchases(files: Files, *, window_days: int = WINDOW_DAYS) -> Purchases:
    """Spending of every customer in as many whole windows as the one seen for the shortest time allows.

    Raises
    ------
    ParameterError
        if not even two whole windows fit: there would be no before and after.
    """
    orders, last = files.orders, files.orders["day"].max()
    first = orders.groupby("masterid")["day"].min()
    seen = (last - first).dt.days
    windows = int(seen.min()) // window_days if window_days > 0 else 0
    if windows < 2:
        raise ParameterError(f"Two windows of {window_days} days do not fit: a customer is seen for {seen.min()} days; take 1 to {seen.min() // 2}.")
    window = ((orders["day"] - orders["masterid"].map(first)).dt.days - 1) // window_days + 1
    tables = [orders.pivot_table(index="masterid", columns=window, values="sales", aggfunc=how, fill_value=0) for how in ("sum", "count")]
    spend, number = (t.reindex(columns=range(windows + 1), fill_value=0) for t in tables)
    frame = pd.DataFrame({"first_day": first, "first_spend": spend[0].astype(float)})
    for k in range(1, windows + 1):
        frame = frame.assign(**{f"spend_{k}": spend[k].astype(float), f"orders_{k}": number[k].astype(int)})
    frame = frame.assign(total=orders.groupby("masterid")["sales"].sum(), seen_days=seen).reset_index(drop=True)
    frame.insert(0, "customer_id", np.arange(len(frame)))
    return Purchases(people=frame, windows=windows, window_days=window_days, last_day=last)


def top(values: np.ndarray, share: float) -> np.ndarray:
    """Which (N,) are the highest `share`, as booleans; whoever ties with the last of them is in.

    Raises
    ------
    ParameterError
        for a share outside 0 to 1.
    DataError
        if so many are tied that this takes everybody in.
    """
    if not 0 < share < 1:
        raise ParameterError(f"share lies between 0 and 1, not {share}.")
    place = int(np.ceil(share * len(values)))
    inside = values >= np.sort(values)[len(values) - place]
    if inside.all():
        raise DataError(f"No highest {share:.0%} can be separated: the lowest value, {values.min():g}, ties with it.")
    return inside


def fallback(made: Purchases, *, share: float = 0.1) -> pd.DataFrame:
    """The top `share` by one window, followed through all windows: regression to the mean in dollars, with nothing done to anybody.

    One row a pair of windows: chosen (by which), window (looked at), n, top (mean dollars of those chosen), rest, everybody. `chosen` 1, windows
    1 to 2: the naive drop. Windows 2 to 3 of the same people: the drop where neither was chosen on. `chosen` 2, windows 1 to 2: the rise before.
    """
    rows = []
    for chosen in range(1, made.windows + 1):
        inside = top(made.spend(chosen), share)
        for window in range(1, made.windows + 1):
            y = made.spend(window)
            rows.append((chosen, window, int(inside.sum()), float(y[inside].mean()), float(y[~inside].mean()), float(y.mean())))
    return pd.DataFrame(rows, columns=["chosen", "window", "n", "top", "rest", "everybody"])


def concentration(money: np.ndarray, *, shares: tuple[float, ...] = (0.01, 0.1)) -> pd.DataFrame:
    """How much of all money (N,) the highest shares of customers hold: share, n, money, of_all; the last row is the single largest customer."""
    y = np.sort(np.asarray(money, dtype=float))[::-1]
    sizes = [int(np.ceil(s * len(y))) for s in shares] + [1]
    rows = [(k / len(y), k, float(y[:k].sum()), float(y[:k].sum() / y.sum())) for k in sizes]
    return pd.DataFrame(rows, columns=["share", "n", "money", "of_all"])
