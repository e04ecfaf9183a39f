"""Every number that is said about the telecom files and the orders of CDNOW, counted in the files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from voclib.studies.money_files.text import reason

CENT = 0.005
DATE = r"^\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
PRODUCTS = ("Phone Service", "Multiple Lines", "Online Security", "Online Backup", "Device Protection Plan", "Premium Tech Support", "Streaming TV",
            "Streaming Movies")
BOOKS = Mapping[str, pd.DataFrame]


def telecom(t: BOOKS, population: pd.DataFrame) -> dict[str, Any]:
    """Counts from the six aligned telecom files and the inhabitants of postcodes, by the names that the findings use."""
    parts = (_shape(t, population), _amounts(t), _prices(t), _worth(t), _settled(t), _tenure(t), _stated(t), _edited(t), _derived(t), _products(t),
             _places(t, population))
    return {name: value for part in parts for name, value in part.items()}


def _shape(t: BOOKS, population: pd.DataFrame) -> dict[str, Any]:
    constant = {name: [c for c in frame if frame[c].nunique(dropna=False) == 1] for name, frame in t.items()}
    dated = sum(_is_dated(frame[c]) for frame in t.values() for c in frame)
    services = t["services"]
    return {
        "customers": len(t["status"]),
        "spellings": len({frame.index.name for frame in t.values()}),
        "key_names": ", ".join(dict.fromkeys(frame.index.name for frame in t.values())),
        "constant": sum(map(len, constant.values())),
        "constant_names": ", ".join(dict.fromkeys(c for columns in constant.values() for c in columns)),
        "columns": sum(len(frame.columns) + 1 for frame in t.values()) + len(population.columns),
        "undated": int(dated == 0),
        "quarter": str(services["Quarter"].iloc[0]),
        "no_offer": int((services["Offer"] == "None").sum()),
        "no_technology": int((services["Internet Type"] == "None").sum()),
    }


def _is_dated(column: pd.Series) -> bool:
    """Whether a column holds dates, as such or written out."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    return bool(column.dropna().astype("str").str.contains(DATE, regex=True).mean() > 0.5)


def _amounts(t: BOOKS) -> dict[str, Any]:
    s = t["services"]
    months, monthly = s["Tenure in Months"], s["Monthly Charge"]
    total = s["Total Charges"] - s["Total Refunds"] + s["Total Extra Data Charges"] + s["Total Long Distance Charges"]
    calls = s["Avg Monthly Long Distance Charges"] * months
    gap = (monthly * months - s["Total Charges"]).abs()
    blank = pd.to_numeric(t["csv"]["TotalCharges"], errors="coerce").isna()
    cents = s["Total Revenue"] * 100
    return {
        "adds_up": int(((total - s["Total Revenue"]).abs() < CENT).sum()),
        "calls_exact": int(((calls - s["Total Long Distance Charges"]).abs() < CENT).sum()),
        "not_product": int((gap >= CENT).sum()),
        "furthest": float(gap.max()),
        "blank": int(blank.sum()),
        "blank_months": int((t["csv"].loc[blank, "tenure"] == 0).sum()),
        "filled_months": float(months[blank].max()) if blank.any() else 0.0,
        "filled_exact": int((gap[blank] < CENT).sum()),
        "dust": int((s["Total Revenue"] != s["Total Revenue"].round(2)).sum()),
        "dust_cents": float((cents - cents.round()).abs().max()),
        "country": str(t["location"]["Country"].iloc[0]),
    }


def list_prices(t: BOOKS) -> tuple[dict[str, float], float]:
    """Dollars a month by product, given the others held, and the share of the monthly charge that they explain (least squares)."""
    s, technology = t["services"], t["workbook"]["Internet Service"]
    held = {c: s[c] == "Yes" for c in PRODUCTS} | {"DSL": technology == "DSL", "Fiber": technology.str.startswith("Fiber")}
    design = np.column_stack([np.ones(len(s)), *held.values()]).astype(float)
    charge = s["Monthly Charge"].to_numpy(dtype=float)
    price = np.linalg.lstsq(design, charge, rcond=None)[0]
    return dict(zip(held, map(float, price[1:]), strict=True)), 1.0 - float(np.var(charge - design @ price) / np.var(charge))


def _prices(t: BOOKS) -> dict[str, Any]:
    """How far products explain the monthly charge, and how evenly monthly long distance is spread (Kolmogorov's distance)."""
    s = t["services"]
    price, fit = list_prices(t)
    calls = np.sort(s.loc[s["Phone Service"] == "Yes", "Avg Monthly Long Distance Charges"].to_numpy(dtype=float))
    low, high, rank = calls[0], calls[-1], np.arange(1, len(calls) + 1) / len(calls)
    even = (calls - low) / max(high - low, CENT)
    return {
        "listed": int(fit > 0.99), "list_fit": fit, "support_fee": price["Premium Tech Support"], "fibre_fee": price["Fiber"],
        "calls_low": float(low), "calls_high": float(high), "calls_off": float(np.abs(rank - even).max()),
    }


def _worth(t: BOOKS) -> dict[str, Any]:
    s, cltv, paid = t["services"], t["status"]["CLTV"], t["services"]["Total Revenue"]
    early = s["Tenure in Months"] <= 48
    return {"cltv_low": float(cltv[early].mean()), "cltv_high": float(cltv[~early].mean()), "paid_more": int((paid > cltv).sum())}


def _settled(t: BOOKS) -> dict[str, Any]:
    """Columns whose value tells who left: satisfaction, the churn score, the customer status."""
    s = t["status"]
    left, score = s["Churn Label"] == "Yes", s["Satisfaction Score"]
    low, high = score <= 2, score >= 4
    risk, other = s["Churn Score"], t["workbook"]["Churn Score"]
    joined = s["Customer Status"] == "Joined"
    months = t["services"]["Tenure in Months"]
    young = months <= months[joined].max()
    return {
        "left": int(left.sum()), "low": int(low.sum()), "low_left": int((low & left).sum()), "high": int(high.sum()),
        "high_stayed": int((high & ~left).sum()), "mid": int((score == 3).sum()), "mid_left": int(((score == 3) & left).sum()),
        "settled": float(((low & left) | (high & ~left)).mean()),
        "score_floor": int(risk[left].min()), "score_ceiling": int(risk[~left].max()),
        "score_differs": int((risk != other).sum()), "score_differs_left": int(((risk != other) & left).sum()),
        "joined": int(joined.sum()), "joined_left": int((joined & left).sum()), "joined_months": int(months[joined].max()) if joined.any() else 0,
        "young": int(young.sum()), "young_left": int((young & left).sum()), "young_share": float(left[young].mean()),
    }


def _tenure(t: BOOKS) -> dict[str, Any]:
    """Tenure, its cap, and how many are kept after two years if leaving was watched since joining, or in one quarter only."""
    months, left = t["services"]["Tenure in Months"], t["status"]["Churn Value"]
    top, sizes = months.max(), months.value_counts().sort_index()
    watched = 1.0 - left.groupby(months).sum() / sizes[::-1].cumsum()[::-1]
    quarterly = 1.0 - left.groupby((months - 1) // 3).mean()
    return {
        "cap": int(top), "at_cap": int((months == top).sum()), "before_cap": int((months == top - 1).sum()),
        "kept_ever": float(watched[watched.index <= 24].prod()), "kept_quarter": float(quarterly[quarterly.index < 8].prod()),
        "refunded": int((t["services"]["Total Refunds"] > 0).sum()),
        "refunded_months": float(months[t["services"]["Total Refunds"] > 0].mean()),
        "unrefunded_months": float(months[t["services"]["Total Refunds"] <= 0].mean()),
    }


def _stated(t: BOOKS) -> dict[str, Any]:
    """Reasons of leavers: against the workbook, and against the books."""
    status, services = t["status"], t["services"]
    said, other = status["Churn Reason"].map(reason), t["workbook"]["Churn Reason"].map(reason)
    given = said.notna()
    extra, calls = said == "extra_data", said == "calls_price"
    counts, counts_other = said.value_counts(), other.value_counts()
    return {
        "reasons": int(given.sum()),
        "reason_differs": int((given & (said != other)).sum()), "reason_differs_share": float((said != other)[given].mean()),
        "rival_offer": int(counts.get("rival_offer", 0)), "rival_offer_workbook": int(counts_other.get("rival_offer", 0)),
        "extra_said": int(extra.sum()), "extra_paid": int((extra & (services["Total Extra Data Charges"] > 0)).sum()),
        "extra_unlimited": int((extra & (services["Unlimited Data"] == "Yes")).sum()),
        "calls_said": int(calls.sum()), "calls_no_phone": int((calls & (services["Phone Service"] == "No")).sum()),
        "moved": int((said == "moved").sum()), "died": int((said == "died").sum()), "unsaid": int((said == "unsaid").sum()),
    }


def _edited(t: BOOKS) -> dict[str, Any]:
    """Columns that the sheets and the other editions tell differently, and who left among the customers concerned."""
    left = t["status"]["Churn Label"] == "Yes"
    book, services = t["workbook"], t["services"]
    contract = book["Contract"].str.lower() != services["Contract"].str.lower()
    monthly = book["Contract"].str.lower() == "month-to-month"
    fibre = book["Internet Service"].str.startswith("Fiber") & (services["Internet Type"] == "Cable")
    dsl = (book["Internet Service"] == "DSL") & (services["Internet Type"] == "Cable")
    before, after = t["csv"]["Dependents"], t["demographics"]["Dependents"]
    gained = (before == "No") & (after == "Yes")
    electronic = book["Payment Method"].str.startswith("Electronic")
    mailed = (book["Payment Method"] == "Mailed check") & (services["Payment Method"] == "Credit Card")
    return {
        "contract": int(contract.sum()), "lengthened": int((contract & monthly).sum()),
        "contract_left": int((contract & left).sum()), "contract_stayed": int((contract & ~left).sum()),
        "fibre_cable": int(fibre.sum()), "fibre_cable_left": int((fibre & left).sum()), "dsl_cable": int(dsl.sum()),
        "dependents": int((before != after).sum()), "gained": int(gained.sum()), "gained_left": int((gained & left).sum()),
        "csv_dependents_left": float(left[before == "Yes"].mean()), "dependents_left": float(left[after == "Yes"].mean()),
        "electronic": int(electronic.sum()), "mailed": int(mailed.sum()),
    }


def _derived(t: BOOKS) -> dict[str, Any]:
    people, services = t["demographics"], t["services"]
    yes = lambda column: column == "Yes"  # noqa: E731
    same = (yes(people["Senior Citizen"]) == (people["Age"] >= 65)) & (yes(people["Under 30"]) == (people["Age"] < 30))
    same &= yes(people["Dependents"]) == (people["Number of Dependents"] > 0)
    same &= yes(services["Referred a Friend"]) == (services["Number of Referrals"] > 0)
    offers = services[services["Offer"] != "None"].groupby("Offer")["Tenure in Months"].agg(["min", "max"]).sort_values("min")
    left = t["status"]["Churn Value"].groupby(services["Offer"]).mean().drop("None", errors="ignore")
    single, referred = people["Married"] == "No", yes(services["Referred a Friend"])
    return {
        "agreed": int(((people["Gender"] == t["csv"]["gender"]) & (people["Married"] == t["csv"]["Partner"])).sum()),
        "derived": int(same.sum()), "youngest": int(people["Age"].min()), "under_age": int((people["Age"] < 18).sum()),
        "bands": len(offers), "bands_apart": int(len(offers) > 1 and (offers["min"].to_numpy()[1:] > offers["max"].to_numpy()[:-1]).all()),
        "offer_low": float(left.min()), "offer_high": float(left.max()),
        "single": int(single.sum()), "single_referred": int((single & referred).sum()),
        "single_silent": int((single & ~referred).sum() if not (single & referred).any() else 0),
        "married": int((~single).sum()), "married_referred": int((~single & referred).sum()),
    }


def _products(t: BOOKS) -> dict[str, Any]:
    services = t["services"]
    offline = services["Internet Service"] == "No"
    limited = (services["Unlimited Data"] == "No") & ~offline
    paid = services["Total Extra Data Charges"] > 0
    return {
        "offline": int(offline.sum()),
        "offline_no": int((offline & (services["Premium Tech Support"] == "No")).sum()),
        "limited": int(limited.sum()), "limited_paid": int((limited & paid).sum()), "limited_unpaid": int((limited & ~paid).sum()),
    }


def _places(t: BOOKS, population: pd.DataFrame) -> dict[str, Any]:
    book, place = t["workbook"]["Zip Code"], t["location"]
    left = t["status"]["Churn Label"] == "Yes"
    here = book.value_counts()
    moved = book != place["Zip Code"]
    pair = place["Lat Long"].str.split(", ", expand=True).astype(float)
    off = ((pair[0] - place["Latitude"]).abs() > 1e-6) | ((pair[1] - place["Longitude"]).abs() > 1e-6)
    people = population.set_index("Zip Code")["Population"]
    inhabited = people.reindex(here.index)
    cities = place.groupby("City")["Zip Code"].nunique()
    return {
        "each_least": int(here.min()), "each_most": int(here.max()), "smallest": int(inhabited.min()), "largest": int(inhabited.max()),
        "moved_place": int(moved.sum()), "moved_place_left": int((moved & left).sum()),
        "moved_city": int(place.loc[moved, "City"].value_counts().max()) if moved.any() else 0,
        "moved_offer": int((moved & (t["status"]["Churn Reason"].map(reason) == "rival_offer")).sum()),
        "moved_offer_workbook": int((moved & (t["workbook"]["Churn Reason"].map(reason) == "rival_offer")).sum()),
        "off_map": int(off.sum()), "empty_codes": int((~people.index.isin(place["Zip Code"])).sum()), "postcodes": len(people),
        "tiny_codes": int((people < 100).sum()), "split_cities": int((cities > 1).sum()), "most_codes": int(cities.max()),
    }


def orders(frame: pd.DataFrame) -> dict[str, Any]:
    """Counts from the orders of CDNOW."""
    first = frame.groupby("masterid")["day"].min()
    total = frame.groupby("masterid")["sales"].sum().sort_values(ascending=False)
    copies, sameday = frame.duplicated(), frame.duplicated(["masterid", "day"])
    free = frame["sales"] == 0
    price = (frame["sales"] / frame["cds"])[~free]
    seen = (frame["day"].max() - first).dt.days
    pairs = frame[["masterid", "sampleid"]].drop_duplicates()
    return {
        "buyers": len(first), "one_to_one": int(len(pairs) == len(first) == frame["sampleid"].nunique()),
        "one_in": float(frame["masterid"].max() / len(first)), "first_from": f"{first.min():%Y-%m-%d}", "first_to": f"{first.max():%Y-%m-%d}",
        "copies": int(copies.sum()), "copies_share": float(frame.loc[copies, "sales"].sum() / frame["sales"].sum()), "sameday": int(sameday.sum()),
        "free": int(free.sum()), "free_only": int((total[frame.loc[free, "masterid"].unique()] == 0).sum()),
        "no_returns": int((frame["sales"] >= 0).all()),
        "cheapest": float(price.min()), "dearest": float(price.max()), "dear": int((price > 50).sum()),
        "once": float((frame.groupby("masterid")["day"].nunique() == 1).mean()),
        "top_share": float(total.head(int(np.ceil(0.01 * len(total)))).sum() / total.sum()), "largest_share": float(total.iloc[0] / total.sum()),
        "largest_orders": int((frame["masterid"] == total.index[0]).sum()),
        "seen_least": int(seen.min()), "seen_most": int(seen.max()), "last_day": f"{frame['day'].max():%Y-%m-%d}",
    }
