"""From rows read to rows counted: every chain ends at the number its page prints, every row left out is left out for the reason that holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, pool, spoken

from voclib.errors import DataError, ParameterError
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.schema import validate
from voclib.schema.tables import TABLES
from voclib.studies import company, counting, ex_voc, inflation, scores, survivorship
from voclib.studies.counting import text as counting_text
from voclib.studies.ex_voc import panel as ex_panel
from voclib.studies.nps_revenue import cohort
from voclib.studies.survivorship import frame

Tables = dict[str, pd.DataFrame]
NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
WINDOW = {"first_day": "2026-07-01", "last_day": "2026-09-10"}
ASKED = {"channel": "sms", "trigger": "visit", "sent_at": "2026-07-06 09:00", "wave": 0, "is_delivered": 1}
YEAR = {"first_day": "2025-07-01", "last_day": "2025-09-30"}


def made(name: str, rows: list[dict]) -> pd.DataFrame:
    """A table as the standard has it; columns that must be there and are not given hold 1."""
    given = pd.DataFrame(rows).astype("str").replace({"nan": None, "None": None, "<NA>": None})
    found = validate(given.assign(**{c: None if v.nullable else "1" for c, v in TABLES[name].columns.items() if c not in given}), name)
    assert not len(found.quarantined), found.problems
    return found.accepted


def card(tables: Tables, **more: dict) -> dict:
    """A scorecard of tables each of which was one file without a fault; `more` changes entries of tables."""
    files = [{"file": f"{name}.csv", "rows_read": len(table), "unreadable": 0, "tables": [name]} for name, table in tables.items()]
    entries = {name: {"rows_made": len(table), "accepted": len(table), "quarantined": 0, **more.get(name, {})} for name, table in tables.items()}
    return {"files": files, "tables": entries}


def steps(flow: counting.Flow) -> dict[str, int]:
    return {step.name: step.taken for step in flow.steps if step.taken}


class TestChainsEndAtTheNumberOfThePage:
    """The headline's n, or the units it names, is what a chain must arrive at."""

    @pytest.mark.parametrize(("metric", "channel"), [("nps", ""), ("nps", "app"), ("csat", "sms"), ("is_recommended", ""), ("rating", "review")])
    def test_a_score(self, metric: str, channel: str) -> None:
        tables = pool()
        headline = scores.study(tables, metric=metric, channel=channel, segments=["region"]).study.headline[0]
        flow = counting.flow("20-scores", tables, metric=metric, channel=channel)
        assert flow.n == headline.n < len(tables["responses"])
        kept = scores.answers(tables, metric=metric, channel=channel)
        assert set(flow.ids) == set(kept["response_id"])

    def test_begged_scores(self) -> None:
        tables = pool()
        strays = tables["responses"].head(6).assign(response_id=[f"Z{i}" for i in range(6)])
        strays.loc[strays.index[:2], "unit_id"] = None
        strays.loc[strays.index[2:3], "nps_score"] = pd.NA
        tables["responses"] = pd.concat([tables["responses"], strays], ignore_index=True)
        published = inflation.study(tables, min_answers=10, mix=()).ladder["published"]
        flow = counting.flow("22-score-inflation", tables)
        assert flow.n == published.n and steps(flow) == {"channel": 192, "score": 1, "unit": 2}
        assert flow.where[["Z0", "Z1", "Z2", "Z3"]].tolist() == ["unit", "unit", "score", ""]

    def test_the_published_score_of_the_sample_company(self, small_company) -> None:
        tables, truth = small_company.ingested, small_company.truth
        published = company.study(tables, truth, seed=truth["seed"]).ladder["published"]
        flow = counting.flow("00-sample-company", tables, truth=truth)
        assert flow.n == published.n and flow.n + sum(steps(flow).values()) == len(tables["responses"])

    def test_everybody_of_the_sample_company(self, small_company) -> None:
        tables = small_company.ingested
        result = survivorship.study(frame.build(tables, **WINDOW), repeats=1)
        people, voices, calls = counting.flows("21-survivorship", tables, **WINDOW)
        assert set(people.ids) == set(result.reachable.people["customer_id"]) and people.n < len(tables["customers"])
        assert voices.n == result.ladder["raw"].n and calls.n == result.reachable.people["followup_y"].notna().sum() > 0
        if (last := result.study.headline[0]).rung == "followup":
            assert last.n == voices.n + calls.n
        scored = int(tables["responses"]["nps_score"].notna().sum())
        assert scored > 2 * voices.n, "all scores of the pool are no answers of this page"

    @pytest.mark.parametrize("withhold", ["", "churned", "self-selected"])
    def test_a_census_with_answers_set_aside(self, withhold: str) -> None:
        tables = {name: table for name, table in pool(per_unit=30).items() if name != "invitations"}
        tables["customers"] = tables["customers"].assign(is_churned=np.arange(len(tables["customers"])) % 9 == 0)
        studied = frame.hide(frame.build(tables, metric="csat"), withhold, seed=5)
        people, voices = counting.flows("21-survivorship", tables, metric="csat", withhold=withhold, seed=5)
        heard = studied.people[studied.people["customer_id"].isin(people.ids)]
        assert voices.n == heard["is_answered"].sum() + heard["followup_y"].notna().sum() > 0
        assert ("withheld" in steps(voices)) is bool(withhold) and steps(voices)["repeated"] == len(heard) + len(tables["customers"]) - people.n

    def test_employees_and_customers(self, small_company) -> None:
        tables = small_company.ingested
        first = ex_voc.study(ex_panel.from_tables(tables), draws=99).ladder["pooled"]
        voices, sheets = counting.flows("30-ex-voc", tables, lag=1)
        asked = tables["employee_surveys"].set_index(counting.keys(tables["employee_surveys"], "employee_surveys")).loc[sheets.ids]
        served = tables["responses"].set_index("response_id").loc[voices.ids]
        month = served["touched_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m")
        waves = sorted(tables["employee_surveys"]["wave_month"].unique())
        period = np.searchsorted(waves, month.to_numpy(dtype=object), side="right") - 1
        assert asked.groupby(["unit_id", "wave_month"]).ngroups == first.n == served.groupby(["unit_id", period]).ngroups
        assert served["unit_id"].nunique() == first.n_clusters and not asked["is_manager"].fillna(False).any()
        assert asked["wave_month"].max() < waves[-1], "with a lag of one the last wave has nothing to be set against"

    def test_without_a_slope_no_row_is_said_to_lack_its_counterpart(self, small_company) -> None:
        given = small_company.ingested
        waves = sorted(given["employee_surveys"]["wave_month"].unique())
        few = {**given, "employee_surveys": given["employee_surveys"][given["employee_surveys"]["wave_month"].isin(waves[:2])]}
        for told in counting.flows("30-ex-voc", few):
            assert told.n == 0 and "alone" not in steps(told) and steps(told)["no_slope"] > 0
        assert not any("no_slope" in steps(told) for told in counting.flows("30-ex-voc", given))

    def test_money(self, small_company) -> None:
        tables = small_company.ingested
        people = cohort.build(tables, **YEAR).people
        customers, contacts, bookings = counting.flows("31-nps-revenue", tables, **YEAR)
        assert set(customers.ids) == set(people["customer_id"]) and set(contacts.ids) == set(people["touchpoint_id"])
        counted = tables["transactions"].set_index("transaction_id").loc[bookings.ids]
        assert counted["margin_cny"].sum() == pytest.approx(people["money"].sum(), abs=0.005)
        every = tables["transactions"][tables["transactions"]["customer_id"].isin(people["customer_id"])]
        assert every["margin_cny"].sum() > 1.2 * people["money"].sum(), "all bookings of these customers are not the money of the page"


class TestEveryRowIsLeftOutForTheReasonThatHolds:
    def test_answers_to_surveys(self) -> None:
        ids = [f"C{i}" for i in range(8)]
        about = {"R-ok": "C0", "R-again": "C0", "R-early": "C1", "R-late": "C2", "R-stranger": "C3", "R-none": "C4", "R-silent": "C5",
                 "R-other": "C6"}
        invitation = {f"R-{key}": value for key, value in {"stranger": "I99", "none": None, "other": "I-old"}.items()}
        day = {"R-again": "2026-07-20", "R-early": "2026-07-01", "R-late": "2026-09-25"}
        tables = {
            "customers": made("customers", [{"customer_id": c, "joined_on": "2020-01-01", "is_churned": 0, "is_contactable": 1}
                                            for c in [*ids, "C-away"]]),
            "touchpoints": made("touchpoints", [{"touchpoint_id": f"T{c}", "customer_id": c, "kind": "repair", "started_at": "2026-07-05 10:00"}
                                                for c in ids]),
            "invitations": made("invitations", [*({"invitation_id": f"I{c}", "touchpoint_id": f"T{c}", "customer_id": c, **ASKED} for c in ids),
                                                {"invitation_id": "I-old", "touchpoint_id": None, "customer_id": "C6", **ASKED}]),
            "responses": made("responses", [
                {"response_id": r, "customer_id": c, "channel": "sms", "submitted_at": f"{day.get(r, '2026-07-08')} 12:00", "weight": 1,
                 "nps_score": None if r == "R-silent" else 7, "invitation_id": invitation.get(r, f"I{c}")} for r, c in about.items()]),
            "followups": made("followups", [
                {"followup_id": f, "customer_id": c, "drawn_on": on, "draw_probability": 0.5, "mode": "phone", "attempts": 1,
                 "outcome": "no_contact" if f == "F-deaf" else "completed", "nps_score": None if f == "F-deaf" else 3}
                for f, c, on in (("F-ok", "C7", "2026-09-20"), ("F-twice", "C7", "2026-09-22"), ("F-deaf", "C5", "2026-09-20"),
                                 ("F-early", "C4", "2026-08-01"), ("F-away", "C-away", "2026-09-20"))]),
        }
        built = frame.build(tables, **WINDOW)
        where = {name: found.to_dict() for name, found in built.steps.items()}
        assert where["responses"] == {"R-ok": "", "R-again": "repeated", "R-early": "early", "R-late": "late", "R-stranger": "invitation",
                                      "R-none": "invitation", "R-silent": "score", "R-other": "other_contact"}
        assert where["followups"] == {"F-ok": "", "F-twice": "repeated", "F-deaf": "unreached", "F-early": "early", "F-away": "elsewhere"}
        assert where["customers"] == {**dict.fromkeys(ids, ""), "C-away": "contact"}
        notes = built.notes
        assert (notes["early_answers"], notes["late_answers"], notes["repeated_answers"], notes["early_draws"]) == (1, 1, 1, 1)

    def test_contacts_and_bookings(self) -> None:
        people = ["C0", "C1", "C-new", "C-idle"]
        visits = [("T0", "C0", "repair", "2025-07-05", 90), ("T0-later", "C0", "repair", "2025-08-05", 10),
                  ("T1", "C1", "maintenance", "2025-07-06", 5), ("T-new", "C-new", "repair", "2025-07-09", 5),
                  ("T-call", "C-idle", "call", "2025-07-09", 5),
                  ("T-untold", "C-idle", "repair", "2025-07-09", None), ("T-before", "C-idle", "repair", "2025-06-09", 5)]
        books = [("B-in", "C0", "service", "2025-10-01"), ("B-prior", "C0", "parts", "2025-01-01"), ("B-beyond", "C1", "parts", "2026-12-01"),
                 ("B-car", "C1", "vehicle", "2025-10-01"), ("B-idle", "C-idle", "service", "2025-10-01"), ("B-in2", "C1", "service", "2026-01-01")]
        tables = {
            "customers": made("customers", [{"customer_id": c, "joined_on": "2025-07-03" if c == "C-new" else "2020-01-01", "is_churned": 0}
                                            for c in people]),
            "touchpoints": made("touchpoints", [{"touchpoint_id": t, "customer_id": c, "kind": k, "started_at": f"{on} 10:00", "wait_minutes": w}
                                                for t, c, k, on, w in visits]),
            "transactions": made("transactions", [{"transaction_id": b, "customer_id": c, "kind": k, "booked_at": f"{on} 10:00", "net_cny": 10,
                                                   "margin_cny": 4, "currency": "CNY"} for b, c, k, on in books]),
        }
        customers, contacts, bookings = counting.flows("31-nps-revenue", tables, **YEAR)
        assert customers.where.to_dict() == {"C0": "", "C1": "", "C-new": "won_later", "C-idle": "contact"}
        assert contacts.where.to_dict() == {"T0": "", "T0-later": "later", "T1": "", "T-new": "won_later", "T-call": "kind", "T-untold": "dose",
                                            "T-before": "window"}
        assert bookings.where.to_dict() == {"B-in": "", "B-prior": "before", "B-beyond": "outside", "B-car": "excluded_kinds",
                                            "B-idle": "other_customer", "B-in2": ""}

    def test_row_order_changes_nothing(self, small_company) -> None:
        tables = small_company.ingested
        shuffled = {name: table.sample(frac=1.0, random_state=4) for name, table in tables.items()}
        for report, parameters in (("21-survivorship", WINDOW), ("30-ex-voc", {}), ("31-nps-revenue", YEAR)):
            for one, other in zip(counting.flows(report, tables, **parameters), counting.flows(report, shuffled, **parameters), strict=True):
                pd.testing.assert_series_equal(one.where.sort_index(), other.where.sort_index())


class TestReconciliation:
    def test_every_line_follows_from_the_one_above(self, small_company) -> None:
        tables = small_company.ingested
        chains = [*counting.flows("21-survivorship", tables, **WINDOW), *counting.flows("30-ex-voc", tables),
                  *counting.flows("31-nps-revenue", tables, **YEAR), *counting.flows("22-score-inflation", tables)]
        for chain in chains:
            table = counting.reconcile(small_company.card, chain)
            read = sum(f["rows_read"] for f in small_company.card["files"] if chain.table in f.get("tables", ()))
            assert table["left"].iloc[0] == read and table["left"].iloc[-1] == chain.n == len(chain.ids)
            for before, line in zip(table.itertuples(), table.iloc[1:].itertuples(), strict=False):
                if line.step != counting_text.MADE:
                    assert line.left == before.left - (0 if pd.isna(line.taken) else line.taken), line.step.en

    def test_a_file_may_make_several_rows_of_a_row_and_lose_some(self) -> None:
        tables = pool()
        given = card(tables, responses={"rows_made": len(tables["responses"]) + 5, "quarantined": 5})
        entry = next(f for f in given["files"] if f["file"] == "responses.csv")
        entry.update(rows_read=100, unreadable=2)
        table = counting.reconcile(given, counting.flow("20-scores", tables, metric="nps"))
        assert [int(x) for x in table["left"]] == [100, 98, len(tables["responses"]) + 5, len(tables["responses"]), len(tables["responses"]),
                                                   2 * 192, 2 * 192]
        assert table["step"].iloc[2] == counting_text.MADE and table["taken"].iloc[1] == 2 and pd.isna(table["taken"].iloc[2])

    def test_a_scorecard_of_other_tables_is_refused(self) -> None:
        tables = pool()
        flow = counting.flow("20-scores", tables, metric="nps")
        with pytest.raises(DataError, match=r"accepted 577 rows of responses, the table holds 576.*voc ingest"):
            counting.reconcile(card(tables, responses={"accepted": 577}), flow)
        with pytest.raises(DataError, match="does not mention the table 'responses'"):
            counting.reconcile(card({"units": tables["units"]}), flow)

    def test_the_page_shows_it_in_both_languages(self, small_company) -> None:
        chains = counting.flows("31-nps-revenue", small_company.ingested, **YEAR)
        table = counting.reconcile(small_company.card, chains)
        shown = show.table(table, **counting.captions(table))
        assert shown.payload["total"] == len(table) and f"{chains[0].n:,}" in counting.captions(table)["title"].en
        texts = [*spoken(counting.captions(table)), *table["step"]]
        assert all(figures(t.zh) == figures(t.en) for t in texts if t not in counting.captions(table)["columns"].values())

    def test_the_words_are_plain(self) -> None:
        texts = [t for tables in counting_text.STEPS.values() for labels in tables.values() for t in labels.values()]
        texts += [*(t for tables in counting_text.COUNTED.values() for t in tables.values()), *counting_text.NAMES.values(), counting_text.MADE,
                  counting_text.NO_TABLES, counting_text.SUBTITLE, counting_text.QUARANTINED, counting_text.UNREADABLE, counting_text.ACCEPTED]
        assert all(isinstance(t, Text) and t.zh and t.en for t in texts) and len(texts) > 40
        assert [t for t in texts if half_width(t.zh) or verbs_exceed(t.zh, 0, "zh") or verbs_exceed(t.en, 0, "en")] == []
        assert set(counting_text.STEPS) == set(counting.COUNTED) == set(counting_text.COUNTED)


class TestMessages:
    def test_names_that_are_not_known(self) -> None:
        tables = pool()
        with pytest.raises(ParameterError, match="did you mean '20-scores'"):
            counting.flows("20-score", tables, metric="nps")
        with pytest.raises(ParameterError, match="do not depend on 'metrik'; did you mean 'metric'"):
            counting.flows("20-scores", tables, metrik="nps")
        with pytest.raises(ParameterError, match="depend on metric; give what its notebook is given"):
            counting.flows("20-scores", tables)
        with pytest.raises(ParameterError, match="counts no rows of 'response'; did you mean 'responses'"):
            counting.flow("20-scores:response", tables, metric="nps")
        assert counting.flow("20-scores:responses", tables, metric="nps").table == "responses"

    def test_a_step_without_words_and_tables_of_another_company(self) -> None:
        tables = pool()
        with pytest.raises(DataError, match="at the step 'scor', which has no words; did you mean 'score'"):
            counting.made("20-scores", "responses", tables["responses"], "scor")
        with pytest.raises(DataError, match="2 of 576 rows of responses went nowhere"):
            counting.by_key(tables["responses"], "responses", pd.Series("", index=tables["responses"]["response_id"].iloc[2:]))


@pytest.mark.parametrize("report", sorted(counting.COUNTED))
def test_the_notebook_counts_its_own_rows(report: str) -> None:
    cells = json.loads((NOTEBOOKS / f"{report}.ipynb").read_text("utf-8"))["cells"]
    source = ["".join(c["source"]) for c in cells]
    at = next((i for i, text in enumerate(source) if f'counting.flows("{report}"' in text), None)
    assert at is not None, f"{report} does not say where the rows of its tables went; add a cell with counting.flows(\"{report}\", …)"
    before = [text.splitlines()[0] for text in source[:at] if text.startswith("## ")]
    assert before[-1] == "## Does it hold?" and "voclib.scorecard(data)" in source[at]
