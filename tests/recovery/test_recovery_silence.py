"""Where log-ins fall before customers leave, risks are calibrated; where they have nothing to do with it, none is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError
from voclib.results import Verdict
from voclib.simulate.worlds import silent_logins
from voclib.studies.survivorship import silence

RUNS, TWIN_RUNS = 20, 50


@pytest.fixture(scope="module")
def worlds() -> list[silence.Signal]:
    """The signal in worlds where log-ins fall by 30 to 50 % a month over the last three."""
    return [silence.signal(silent_logins.draw(seed, customers=1500)[0], seed=seed) for seed in range(RUNS)]


def test_risks_are_calibrated_on_months_not_seen(worlds) -> None:
    bands = pd.concat([w.bands for w in worlds]).dropna(subset="observed")
    bands = bands[bands["n"] >= 10]
    held = bands["predicted"].between(bands["conf_low"], bands["conf_high"])
    assert len(bands) > 3 * RUNS and held.mean() >= 0.90, (held.mean(), len(bands))


def test_totals_and_slopes_are_right_on_average_and_their_ranges_hold(worlds) -> None:
    for name in ("ratio", "slope"):
        found = [w.numbers[name] for w in worlds if w.verdict is not Verdict.REFUSE]
        assert abs(np.mean([e.value for e in found]) - 1) < 0.1
        assert np.mean([e.conf_low <= 1 <= e.conf_high for e in found]) >= 0.8, "20 runs; at 95 % fewer than 16 would be three cases in 1000"


def test_the_signal_is_found_and_beats_no_log_ins(worlds) -> None:
    assert np.mean([w.verdict is not Verdict.REFUSE for w in worlds]) >= 0.95
    assert np.mean([w.numbers["login_gain"].conf_low > 0 for w in worlds if "login_gain" in w.numbers]) >= 0.9
    fades = [w.fading.set_index("months_before")["estimate"] for w in worlds if len(w.fading)]
    assert np.mean([f[-1] for f in fades]) < 0.55 and abs(np.mean([f[-5] for f in fades]) - 1) < 0.05


def test_the_rule_of_thumb_finds_fewer_than_a_list_of_its_length(worlds) -> None:
    gains = [w.numbers["gain"].value for w in worlds if "gain" in w.numbers]
    assert len(gains) > RUNS / 3 and np.mean(gains) > 0.05


def test_false_signals_are_refused() -> None:
    """The twin: the same machine on log-ins that say nothing."""
    found = [silence.signal(silent_logins.draw(seed, customers=1000, fading=False)[0], seed=seed) for seed in range(TWIN_RUNS)]
    refused = [w.verdict is Verdict.REFUSE and "cannot be distinguished from chance" in w.numbers["auc"].reason.en for w in found]
    assert np.mean(refused) >= 0.94, np.mean(refused)


def test_a_column_from_after_the_landmark_raises() -> None:
    tables, _ = silent_logins.draw(3, customers=800)
    gone = tables["customers"].set_index("customer_id")["churned_on"]
    ends = pd.period_range(silent_logins.FIRST_MONTH, periods=silent_logins.MONTHS, freq="M").to_timestamp(how="end").normalize()
    rows = pd.MultiIndex.from_product([tables["customers"]["customer_id"], ends], names=["customer_id", "landmark_on"]).to_frame(index=False)
    later = rows.assign(closed_account=(rows["customer_id"].map(gone) <= rows["landmark_on"] + pd.Timedelta(days=90)).astype(float),
                        known_on=rows["landmark_on"] + pd.Timedelta(days=30))
    with pytest.raises(DataError, match="'closed_account' was known in .* only after the landmark"):
        silence.signal(tables, extra=later)
    honest = rows.assign(noise=np.random.default_rng(1).normal(size=len(rows)), known_on=rows["landmark_on"])
    assert silence.signal(tables, extra=honest).verdict is not None
