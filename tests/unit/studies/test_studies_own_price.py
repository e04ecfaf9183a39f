"""The price of a product not bought, planted in made-up telecom files whose customers leave with and without it at known rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.stats import gates as gating
from voclib.studies import nps_revenue
from voclib.studies.money_files import Files
from voclib.studies.money_files import cohorts as public_money
from voclib.studies.money_files import counts as money_files_counts
from voclib.studies.nps_revenue import own_price
from voclib.studies.nps_revenue import rungs as money_rungs

N = 4000
BASE, FIBRE = 30.0, 40.0


def _drawn(seed: int) -> tuple[Files, dict[str, float]]:
    """Files of customers of whom the older buy support more often; without it they leave more often by `harm`, the same for all."""
    rng = np.random.default_rng(seed)
    fee, stay, harm = rng.uniform(8, 15), rng.uniform(0.7, 0.9), rng.uniform(0.0, 0.1)
    age, fibre = rng.integers(20, 80, N).astype(float), rng.random(N) < 0.4
    support = rng.random(N) < 0.3 + 0.4 * (age > 50)
    left = rng.random(N) < 1 - stay + harm * ~support
    months, bought = rng.integers(1, 60, N), {c: rng.random(N) < 0.5 for c in money_files_counts.PRODUCTS} | {"Premium Tech Support": support}
    calls = rng.uniform(1, 20, N)
    charge = BASE + fee * support + FIBRE * fibre
    flags = {c: np.where(x, "Yes", "No") for c, x in bought.items()}
    ids = [f"C{i:05d}" for i in range(N)]
    services = pd.DataFrame({"CustomerID": ids, **flags, "Internet Service": "Yes", "Unlimited Data": "Yes", "Tenure in Months": months,
                             "Monthly Charge": charge, "Total Revenue": (charge + calls) * months,
                             "Total Extra Data Charges": 0, "Total Refunds": 0.0})
    status = pd.DataFrame({"CustomerID": ids, "Churn Label": np.where(left, "Yes", "No"), "CLTV": 3000, "Satisfaction Score": 3,
                           "Churn Reason": None})
    people = pd.DataFrame({"CustomerID": ids, "Gender": rng.choice(["Male", "Female"], N), "Age": age, "Married": rng.choice(["Yes", "No"], N)})
    book = pd.DataFrame({"CustomerID": ids, "Churn Reason": None, "Internet Service": np.where(fibre, "Fiber optic", "DSL"), "Tenure Months": months,
                         "Contract": rng.choice(["One year", "Two year"], N), "Payment Method": rng.choice(["Mailed", "Card"], N)})
    n, base = int((~support).sum()), float((BASE + FIBRE * fibre + calls)[~support].mean())
    truth = {"fee": fee, "part": n * fee * stay, "rest": n * base * harm, "bill": n * fee}
    return Files(telco={"services": services, "status": status, "demographics": people, "workbook": book}, orders=pd.DataFrame()), truth


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_price_of_what_was_not_bought_is_taken_out_of_the_loss(seed: int) -> None:
    """The whole amount is taken for the harm and lies too high by the price; what is left without the price is the harm."""
    files, truth = _drawn(seed)
    gates = gating.load()
    rungs = money_rungs.compute(public_money.cohort(files), gates=gates, repeats=1, seed=seed)
    own = own_price.find(rungs, gates=gates, repeats=1, seed=seed)
    assert own is not None and own.monthly == pytest.approx(truth["fee"], abs=0.01)
    for rung in ("before", "aipw"):
        whole, rest, part, bill = rungs.loss(rung), own.rest[rung], own.part[rung], own.bill[rung]
        assert whole.value - truth["rest"] > 4 * whole.std_error and abs(rest.value - truth["rest"]) < 3 * rest.std_error
        assert part.value == pytest.approx(truth["part"], rel=0.05) and abs(bill.value - truth["bill"]) < 3.5 * bill.std_error
        assert part.value + rest.value == pytest.approx(whole.value)


def test_the_caveat_names_it_and_other_exposures_have_none() -> None:
    files, _ = _drawn(4)
    made = nps_revenue.study(public_money.cohort(files), repeats=1, seed=4)
    check, caveat = made.checks["own_price"], made.study.caveat
    fee = f"${public_money.cohort(files).people['own_price'].max():.2f}"
    assert check.passed is False and all(fee in caveat[lang] and fee in check.detail[lang] for lang in ("zh", "en"))
    assert "own_price" not in public_money.cohort(files, exposure="refunded").people
