"""The part on customers who fall silent: what is shown, withheld and refused, dates, and both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken

from voclib import results
from voclib.errors import ParameterError
from voclib.reporting import charts, names, show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.simulate.worlds import silent_logins
from voclib.studies.survivorship import silence, use_months

TABLES, _ = silent_logins.draw(11, customers=2000)


@pytest.fixture(scope="module")
def found() -> silence.Signal:
    """The signal of one planted world."""
    return silence.signal(TABLES)


def words(made: silence.Signal) -> list[Text]:
    """Every sentence of the part."""
    said = spoken({k: dict(v) for k, v in made.captions.items()})
    for check in made.checks:
        said += [check.name, check.detail, *([check.consequence] if check.consequence else [])]
    said += [t for e in [*made.numbers.values(), *made.ladder.rungs] for t in (e.reason, e.needs) if t]
    return [*said, *(made.bands["band"] if len(made.bands) else [])]


class TestShown:
    def test_numbers_ladder_and_frames_belong_together(self, found) -> None:
        assert found.verdict in (Verdict.REPORT, Verdict.REPORT_WITH_CAVEAT)
        assert {"auc", "login_gain", "skill", "ratio", "slope", "precision", "lift", "break_even"} <= set(found.numbers)
        assert all(names.find(e.estimand) for e in [*found.numbers.values(), *found.ladder.rungs])
        assert found.bands["n"].sum() == found.tested["n"].sum() == found.ladder["lot"].n
        assert found.numbers["auc"].conf_low > 0.5 and found.numbers["precision"].n == 100
        assert found.tested["left"].sum() >= silence.MIN_EVENTS

    def test_everything_can_be_drawn(self, found) -> None:
        c = found.captions
        show.ladder(found.ladder, **c["ladder"])
        show.checks(found.checks)
        for name, frame in (("bands", found.bands), ("tested", found.tested), ("calls", found.calls)):
            show.table(frame, **c[name])
        charts.trend(found.fading.assign(months_before=found.fading["months_before"].astype(str)), x="months_before", unit="ratio", **c["fading"])
        charts.interval_plot(found.bands.rename(columns={"observed": "estimate", "band": "group"}).assign(group=lambda f: [t.en for t in f["group"]]),
                             unit="share", **c["band_chart"])

    def test_no_customer_is_named_on_a_page(self, found) -> None:
        shown = [found.bands, found.fading, found.tested, found.calls, found.ladder.tidy()]
        assert not any("customer_id" in f.columns for f in shown) and not any("C0" in t.zh + t.en for t in words(found))
        assert found.ranked["customer_id"].is_unique and found.ranked["risk"].is_monotonic_decreasing and found.ranked["risk"].between(0, 1).all()
        assert found.ranked["reason_zh"].str.len().gt(0).any()

    def test_only_customers_still_here_are_ranked_now(self, found) -> None:
        gone = TABLES["customers"].set_index("customer_id")["churned_on"]
        assert gone.reindex(found.ranked["customer_id"]).isna().all(), "nobody who left by the end of the data"
        assert found.bands["customers"].sum() <= len(found.ranked)

    def test_months_of_use_stay_where_contacts_and_answers_end_early(self, found) -> None:
        """A table of contacts exported half a year ago says nothing against the log-ins since."""
        early = {name: TABLES[name][TABLES[name][column] < TABLES[name][column].max() - pd.Timedelta(days=180)]
                 for name, column in use_months.MOMENTS.items() if name in TABLES}
        for tables in ({**TABLES, **early}, {**TABLES, **early, "usage": TABLES["usage"][TABLES["usage"]["month"] >= "2026-04"]}):
            kept, checks = use_months.recorded(tables, "Asia/Shanghai")
            assert len(kept["usage"]) == len(tables["usage"]) and checks == ()

    def test_a_mistyped_month_adds_no_years_of_silence(self, found) -> None:
        """One row of 2062: every month up to it would be one in which nobody logged in; it is left out and named."""
        row = TABLES["usage"].head(1).assign(month="2062-08")
        again = silence.signal({**TABLES, "usage": pd.concat([TABLES["usage"], row], ignore_index=True)})
        [check] = [c for c in again.checks if c.name.en == "Months of use are plausible"]
        assert check.passed is False and "1 row of use is for a month (2062-08)" in check.detail.en and "2062-08" in check.detail.zh
        assert again.numbers["auc"].value == found.numbers["auc"].value and len(again.checks) == len(found.checks) + 1

    def test_order_of_rows_and_names_change_nothing(self, found) -> None:
        shuffled = {k: f.sample(frac=1, random_state=2).reset_index(drop=True) for k, f in TABLES.items()}
        again = silence.signal(shuffled)
        assert again.numbers["auc"].value == pytest.approx(found.numbers["auc"].value, abs=1e-9)
        other = {k: f.assign(customer_id="X" + f["customer_id"].str[1:].map(lambda c: f"{99999 - int(c):05d}")) for k, f in TABLES.items()}
        for name, e in silence.signal(other).numbers.items():
            assert e.value == pytest.approx(found.numbers[name].value, abs=1e-6)

    def test_both_languages_say_the_same_and_no_more_than_they_may(self, found) -> None:
        said = words(found)
        assert len(said) > 25 and all(t.zh and t.en for t in said)
        for text in said:
            assert figures(text.zh.replace("95%", "")) == figures(text.en.replace("95%", "")), text
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text

    def test_terms_of_a_call_are_assumptions_and_said_to_be(self, found) -> None:
        note = found.captions["calls"]["note"]
        assert "nothing in the data says that a call keeps anybody" in note.en and "随机" in note.zh
        dear = silence.signal(TABLES, cost_per_call_cny=5000.0)
        assert dear.numbers["break_even"].value == 1 and "no call pays" in dear.captions["calls"]["title"].en
        assert (dear.calls["net_cny"] < 0).all()

    def test_a_day_of_churn_after_the_end_is_not_seen(self) -> None:
        early = silence.signal(TABLES, asof="2026-04-30")
        assert max(early.tested["landmark"]) == "2025-12", "the window of January ends on the first of May"


class TestRefused:
    @pytest.mark.parametrize(("tables", "reason"), [
        ({k: v for k, v in TABLES.items() if k != "usage"}, "There is no table of customers' monthly use (usage)"),
        ({**TABLES, "usage": TABLES["usage"].head(0)}, "There is no table of customers' monthly use (usage)"),
        ({k: v[v["customer_id"] < "C00200"] for k, v in TABLES.items()}, "not enough for a test period"),
        ({**TABLES, "usage": TABLES["usage"][TABLES["usage"]["month"] < "2025-03"]}, f"a first day as a customer and {silence.MIN_MONTHS} months"),
        ({**TABLES, "customers": TABLES["customers"].assign(is_churned=True, churned_on=pd.Timestamp("2025-06-15"))},
         "Where everyone leaves, nobody can be ranked"),
        ({**TABLES, "customers": TABLES["customers"].assign(joined_on=pd.NaT)}, f"a first day as a customer and {silence.MIN_MONTHS} months"),
    ])
    def test_reasons(self, tables: dict, reason: str) -> None:
        made = silence.signal(tables)
        assert made.verdict is Verdict.REFUSE and reason in made.numbers["auc"].reason.en
        assert made.ranked.empty and made.bands.empty and made.ladder.rungs[0].kind == "refusal" and not made.checks[0].passed
        show.ladder(made.ladder, **made.captions["ladder"])
        for text in words(made):
            assert figures(text.zh) == figures(text.en) and not half_width(text.zh) and not verbs_exceed(text.en, 0, "en"), text

    @pytest.mark.parametrize(("options", "message"), [
        ({"landmark": "2031-01"}, "No complete landmark '2031-01'; there are 2025-04"), ({"horizon_days": 0}, "horizon_days is at least 1"),
        ({"kept_share": 0}, "kept_share lies in"), ({"method": "platts"}, "did you mean 'platt'")])
    def test_what_makes_no_sense(self, options: dict, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            silence.signal(TABLES, **options)

    def test_extra_predictors_are_checked(self) -> None:
        extra = pd.DataFrame({"customer_id": ["C00001"], "landmark_on": [pd.Timestamp("2026-01-31")], "opened": [1.0]})
        with pytest.raises(ParameterError, match="extra= has no column 'known_on'"):
            silence.signal(TABLES, extra=extra)
        with pytest.raises(ParameterError, match="must not repeat columns of the history: spend"):
            silence.signal(TABLES, extra=extra.assign(known_on=extra["landmark_on"], spend=1.0))


class TestHistory:
    def test_predictors_come_from_before_the_landmark(self) -> None:
        use = silence._use(TABLES)
        history = silence._history(use, TABLES, horizon_days=90, timezone="Asia/Shanghai")
        for column in set(silence.KNOWN_ON.values()):
            assert not (history[column] > history["landmark_on"]).any(), column
        day = pd.Timestamp("2025-08-31")
        seen = TABLES["touchpoints"]["started_at"]
        later = {**TABLES, "usage": TABLES["usage"].assign(logins=lambda f: f["logins"].where(f["month"] <= "2025-08", 99)),
                 "touchpoints": TABLES["touchpoints"].assign(started_at=seen.where(seen < "2025-09-01", seen + pd.Timedelta(days=3)))}
        changed = silence._history(silence._use(later), later, horizon_days=90, timezone="Asia/Shanghai")
        for name in silence.KNOWN_ON:
            np.testing.assert_array_equal(*(h.loc[h["landmark_on"] == day, name].to_numpy() for h in (history, changed)))

    def test_a_fall_is_measured_against_the_own_past(self) -> None:
        made = silence._of_use(np.array([[9.0, 9, 9, 9, 9, 9], [9, 9, 9, 9, 9, 0], [np.nan, np.nan, 4, 0, 0, 0], [1, 1, 1, 9, 9, 9]]))
        assert made["fall_last"][0] == pytest.approx(0, abs=1e-9) and made["fall_last"][1] > 3 and made["fall_last"][3] == 0
        assert made["streak"].tolist() == [0, 1, 3, 0] and made["usual"][2] == pytest.approx(2 * np.sqrt(4.375))

    def test_a_month_without_a_row_is_a_month_without_a_log_in(self) -> None:
        usage = TABLES["usage"]
        first = usage["customer_id"].iloc[0]
        cut = {**TABLES, "usage": usage[~((usage["customer_id"] == first) & (usage["month"] == "2025-03"))]}
        use = silence._use(cut)
        assert use.logins[use.customers["customer_id"] == first][0, 2] == 0

    def test_whoever_left_on_an_unknown_day_is_left_out(self) -> None:
        people = TABLES["customers"]
        unknown = {**TABLES, "customers": people.assign(churned_on=people["churned_on"].mask(people["customer_id"] == "C00001"), is_churned=lambda f:
                                                        f["is_churned"] | (f["customer_id"] == "C00001"))}
        assert "C00001" not in set(silence._use(unknown).customers["customer_id"])


def test_results_are_frozen(found) -> None:
    with pytest.raises(AttributeError):
        found.verdict = results.Verdict.REPORT
