"""The frame: everybody who could have spoken, whatever the tables hold or lack, and nothing in it from after the invitation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from voclib import simulate
from voclib.errors import DataError, ParameterError
from voclib.schema import store, validate
from voclib.schema.tables import TABLES
from voclib.studies import survivorship
from voclib.studies.survivorship import frame as framing

Tables = dict[str, pd.DataFrame]
WINDOW = {"first_day": "2026-07-01", "last_day": "2026-09-10"}
N = 12


def made(name: str, rows: list[dict] | pd.DataFrame) -> pd.DataFrame:
    """A table as the standard has it."""
    given = pd.DataFrame(rows).astype("str").replace({"nan": None, "None": None, "<NA>": None})
    found = validate(given.assign(**{c: None if v.nullable else "1" for c, v in TABLES[name].columns.items() if c not in given}), name)
    assert not len(found.quarantined), found.problems
    return found.accepted


def tables(**more: pd.DataFrame) -> Tables:
    """The small company, with other or further tables."""
    return {**_company(), **more}


@cache
def _company() -> Tables:
    """Twelve customers with a contact each; the first four answered, the last two were never asked, the very last cannot be contacted."""
    ids = [f"C{i:02d}" for i in range(N)]
    asked = ids[:10]
    return {
        "customers": made("customers", [{"customer_id": c, "joined_on": "2020-01-01", "is_churned": int(i == 5), "region": "东" if i % 2 else "西",
                                         "is_contactable": int(i < 11)} for i, c in enumerate(ids)]),
        "touchpoints": made("touchpoints", [{"touchpoint_id": f"T{c}", "customer_id": c, "kind": "repair", "started_at": "2026-07-05 10:00",
                                             "wait_minutes": 10} for c in ids]),
        "invitations": made("invitations", [{"invitation_id": f"I{c}", "touchpoint_id": f"T{c}", "customer_id": c, "channel": "sms",
                                             "trigger": "visit", "sent_at": "2026-07-06 09:00", "wave": 0, "is_delivered": int(c != "C09")}
                                            for c in asked]),
        "responses": made("responses", [answer(c, s) for c, s in zip(ids[:4], (10, 9, 7, 2), strict=True)]),
        "followups": made("followups", [call("C06", 3), call("C07", 10), call("C08", None)]),
    }


def answer(customer: str, score: int, *, at: str = "2026-07-08 12:00", number: str = "1", invitation: str | None = None) -> dict:
    return {"response_id": f"R{number}{customer}", "invitation_id": invitation or f"I{customer}", "customer_id": customer, "channel": "sms",
            "submitted_at": at, "nps_score": score, "comment": "好" if score > 8 else None, "weight": 1}


def call(customer: str, score: int | None, *, on: str = "2026-09-20", number: str = "1") -> dict:
    return {"followup_id": f"F{number}{customer}", "customer_id": customer, "drawn_on": on, "draw_probability": 0.5, "mode": "phone", "attempts": 1,
            "outcome": "completed" if score is not None else "no_contact", "nps_score": score}


def build(given: Tables, **options) -> framing.Frame:
    return framing.build(given, **{**WINDOW, **options})


def with_rows(given: Tables, name: str, rows: list[dict]) -> Tables:
    return {**given, name: pd.concat([given[name], made(name, rows)], ignore_index=True)}


def of(frame: framing.Frame, customer: str) -> pd.Series:
    return frame.people.set_index("customer_id").loc[customer]


def assert_same(a: framing.Frame, b: framing.Frame, *, but: tuple[str, ...] = ()) -> None:
    assert a.notes == b.notes and a.known == b.known
    pd.testing.assert_frame_equal(a.people.drop(columns=list(but)), b.people.drop(columns=list(but)))


class TestWhoIsIn:
    def test_everybody_with_a_contact_is_in_also_who_left_or_cannot_be_asked(self) -> None:
        frame = build(tables())
        assert len(frame.people) == N and frame.people["is_churned"].sum() == 1 and not of(frame, "C11")["is_contactable"]
        assert framing.funnel(frame)["n"].tolist() == [12, 11, 10, 9, 4, 2] and np.isnan(frame.y).sum() == 8
        assert sorted(frame.y[~np.isnan(frame.y)]) == [-100, 0, 100, 100]

    def test_who_had_no_contact_is_out_and_a_contact_of_nobody_is_counted(self) -> None:
        t = tables()
        t = {**t, "touchpoints": t["touchpoints"].assign(customer_id=t["touchpoints"]["customer_id"].replace({"C03": "C99"}))}
        frame = build(t)
        assert "C03" not in set(frame.people["customer_id"]) and len(frame.people) == 11 and frame.notes["unknown_customers"] == 1

    def test_contacts_of_strangers_only_are_an_error(self) -> None:
        t = tables()
        with pytest.raises(DataError, match="customer table"):
            build({**t, "touchpoints": t["touchpoints"].assign(customer_id=[f"X{i}" for i in range(N)])})

    @pytest.mark.parametrize(("at", "inside"), [("2026-09-10 23:59", True), ("2026-09-11 00:00", False), ("2026-07-01 00:00", True),
                                                ("2026-06-30 23:59", False)])
    def test_days_are_days_of_the_time_zone(self, at: str, inside: bool) -> None:
        t = with_rows(tables(), "customers", [{"customer_id": "C50", "joined_on": "2020-01-01", "is_churned": 0, "is_contactable": 1}])
        t = with_rows(t, "touchpoints", [{"touchpoint_id": "TX", "customer_id": "C50", "kind": "repair", "started_at": at}])
        assert ("C50" in set(build(t).people["customer_id"])) is inside
        london = build(t, timezone="Europe/London")  # seven hours behind: another day at both ends
        assert ("C50" in set(london.people["customer_id"])) is (at in ("2026-09-10 23:59", "2026-09-11 00:00"))

    def test_the_last_contact_counts_and_earlier_ones_are_known_of_it(self) -> None:
        t = with_rows(tables(), "touchpoints", [{"touchpoint_id": "T2", "customer_id": "C00", "kind": "sale", "started_at": "2026-08-01 10:00"}])
        found = of(build(t), "C00")
        assert found["touchpoint_id"] == "T2" and found["contacts_before"] == 1 and not found["is_answered"]
        narrowed = of(build(t, kinds=["repair"]), "C00")
        assert narrowed["is_answered"] and narrowed["contacts_before"] == 0


class TestWhatCounts:
    def test_an_answer_without_an_invitation_is_none_and_is_counted(self) -> None:
        frame = build(with_rows(tables(), "responses", [answer("C04", 10, invitation="I404")]))
        assert not of(frame, "C04")["is_answered"] and frame.notes["unknown_invitations"] == 1

    def test_the_first_of_two_answers_counts(self) -> None:
        later = answer("C00", 0, at="2026-07-09 12:00", number="2")
        frame = build(with_rows(tables(), "responses", [later]))
        assert of(frame, "C00")["y"] == 100 and frame.notes["repeated_answers"] == 1
        reminder = {"invitation_id": "I2", "touchpoint_id": "TC00", "customer_id": "C00", "channel": "email", "trigger": "visit",
                    "sent_at": "2026-07-07 09:00", "wave": 1, "is_delivered": 1}
        sooner = {**later, "invitation_id": "I2", "submitted_at": "2026-07-08 11:00"}
        t = with_rows(with_rows(tables(), "invitations", [reminder]), "responses", [sooner])
        assert of(build(t), "C00")["y"] == -100 and of(build(t), "C00")["wave"] == 1 and build(t).notes["repeated_answers"] == 1

    def test_an_answer_before_the_contact_is_left_out_and_counted(self) -> None:
        frame = build(with_rows(tables(), "responses", [answer("C04", 10, at="2026-07-05 09:59")]))
        assert not of(frame, "C04")["is_answered"] and frame.notes["early_answers"] == 1
        assert of(build(with_rows(tables(), "responses", [answer("C04", 10, at="2026-07-05 10:00")])), "C04")["is_answered"]

    def test_answers_after_the_draw_are_silence(self) -> None:
        late = with_rows(tables(), "responses", [answer("C04", 10, at="2026-09-20 00:00")])
        assert not of(build(late), "C04")["is_answered"] and of(build(late), "C04")["is_eligible"] and build(late).notes["late_answers"] == 1
        without = {k: v for k, v in late.items() if k != "followups"}
        assert of(build(without), "C04")["is_answered"] and build(without).notes["late_answers"] == 0

    def test_call_backs_count_for_the_silent_who_were_asked_and_once(self) -> None:
        rows = [call("C00", 0), call("C10", 0), call("C77", 0), call("C06", 10, on="2026-10-01", number="2")]
        frame = build(with_rows(tables(), "followups", rows))
        assert set(frame.people.loc[frame.people["is_called"], "customer_id"]) == {"C06", "C07", "C08"}
        assert of(frame, "C06")["followup_y"] == -100 and np.isnan(of(frame, "C08")["followup_y"]) and of(frame, "C06")["draw_probability"] == 0.5
        assert frame.people["draw_probability"].isna().sum() == N - 3 and frame.people["is_eligible"].sum() == 6

    def test_a_draw_before_the_windows_end_cannot_stand_for_its_silent(self) -> None:
        """Else the answers of two quarters of a year would be thrown out as later than the first draw."""
        early = with_rows(tables(), "followups", [call("C05", 0, on="2026-07-06")])
        frame = build(early)
        assert frame.notes["early_draws"] == 1 and not of(frame, "C05")["is_called"] and frame.people["is_answered"].sum() == 4
        only = {**early, "followups": early["followups"].query("customer_id == 'C05'")}
        assert not build(only).has_followup and build(only).people["is_answered"].sum() == 4
        said = [c.detail for c in survivorship.study(build(only)).study.checks]
        assert said

    def test_call_backs_of_nps_do_not_touch_satisfaction(self) -> None:
        t = tables()
        late = pd.Timestamp("2026-09-25", tz="UTC")
        t = {**t, "responses": t["responses"].assign(csat_score=pd.array([5, 4, 3, 1], dtype="Int64"), submitted_at=late)}
        frame = build(t, metric="csat")
        assert not frame.has_followup and not frame.people["is_eligible"].any() and frame.notes["late_answers"] == 0
        assert sorted(frame.y[~np.isnan(frame.y)]) == [0, 0, 1, 1]

    def test_withheld_people_leave_no_trace(self) -> None:
        frame = build(tables())
        gone = frame.people["customer_id"].isin(["C00", "C06"])
        found = framing.withhold(frame, gone)
        assert found.notes["withheld"] == 1 and len(found.people) == N
        hidden = found.people[gone]
        assert hidden[["y", "score", "wave", "followup_y", "draw_probability"]].isna().all(axis=None)
        assert not hidden[["is_invited", "is_delivered", "is_answered", "is_commented", "is_called", "is_eligible"]].any(axis=None)
        pd.testing.assert_frame_equal(found.people[~gone], frame.people[~gone])
        assert framing.funnel(found)["n"].is_monotonic_decreasing


class TestLeakage:
    @staticmethod
    @cache
    def snapshots(**later: int) -> pd.DataFrame:
        rows = []
        for i in range(N):
            row = {"customer_id": f"C{i:02d}", "recency_days": i, "contacts_12m": i, "spend_12m_cny": 10 * i, "complaints_12m": 0, "logins_90d": i,
                   "open_share": 0.5}
            rows += [{**row, "asof_on": "2026-06-30", "is_post": 0}, {**row, "asof_on": "2026-05-31", "is_post": 0, "logins_90d": 77}]
            rows += [{**row, **later, "asof_on": day, "is_post": post} for day, post in (("2026-07-01", 0), ("2026-08-01", 1), ("2026-06-29", 1))]
        return made("behaviours", rows)

    def test_what_came_after_changes_nothing(self) -> None:
        first, second = (build(tables(behaviours=self.snapshots(logins_90d=v, spend_12m_cny=v))) for v in (0, 999))
        assert "logins_90d" in first.known and of(first, "C07")["logins_90d"] == 7
        assert_same(first, second)
        changed = tables(behaviours=self.snapshots().assign(logins_90d=5))
        assert of(build(changed), "C07")["logins_90d"] == 5  # the twin: what came before does change it

    def test_bookings_count_from_the_year_before_only(self) -> None:
        rows = [{"transaction_id": f"X{i}", "order_id": f"O{i}", "customer_id": "C00", "booked_at": at, "kind": "service", "net_cny": 100,
                 "margin_cny": 10, "currency": "CNY"}
                for i, at in enumerate(("2026-07-01 00:00", "2026-06-30 23:59", "2025-07-01 00:00", "2025-06-30"))]
        frame = build(tables(transactions=made("transactions", rows)))
        assert of(frame, "C00")["value_cny"] == 20 and frame.people["value_cny"].sum() == 20
        stages = framing.funnel(frame)
        assert stages["value_cny"].tolist() == [20, 20, 20, 20, 20, 20] and stages["lost_cny"].eq(0).all()


class TestSameNumbers:
    def test_row_order_of_every_table_changes_nothing(self) -> None:
        t = tables(behaviours=TestLeakage.snapshots())
        t = with_rows(t, "responses", [answer("C00", 0, at="2026-07-09 12:00", number="2")])
        mixed = {k: v.sample(frac=1, random_state=3).reset_index(drop=True) for k, v in t.items()}
        assert_same(build(t), build(mixed))

    def test_relabelled_customers_and_regions_change_nothing(self) -> None:
        t = tables()
        other = {k: v.assign(customer_id=v["customer_id"].map(lambda c: f"Z{99 - int(c[1:])}")) for k, v in t.items()}
        other["customers"] = other["customers"].assign(region=t["customers"]["region"].map({"东": "b", "西": "a"}))
        first, second = build(t), build(other)
        pd.testing.assert_frame_equal(framing.funnel(first), framing.funnel(second))
        assert first.notes == second.notes and sorted(first.people["y"].dropna()) == sorted(second.people["y"].dropna())

    def test_missing_tables_leave_columns_out_and_nothing_else(self) -> None:
        full, bare = tables(behaviours=TestLeakage.snapshots()), tables()
        del bare["followups"]
        assert not build(bare).has_followup and build(bare).people["value_cny"].eq(0).all() and "logins_90d" not in build(bare).known
        empty = {**bare, "behaviours": full["behaviours"].iloc[:0], "followups": full["followups"].iloc[:0]}
        assert_same(build(bare), build(empty))


class TestErrors:
    @pytest.mark.parametrize(("options", "said"), [
        ({"metric": "ces"}, "nps, csat"), ({"first_day": ""}, "first and the last day"), ({"first_day": "soon"}, "'soon' is not a day"),
        ({"last_day": "2026-06-30"}, "ends"), ({"kinds": ["haircut"]}, "there are repair"), ({"timezone": "Mars/Olympus"}, "time zone")])
    def test_a_wrong_option_says_what_is_right(self, options: dict, said: str) -> None:
        with pytest.raises(ParameterError, match=said):
            build(tables(), **options)

    def test_an_empty_window_says_which_days_there_are(self) -> None:
        with pytest.raises(DataError, match="from 2026-07-05 to 2026-07-05"):
            build(tables(), first_day="2025-01-01", last_day="2025-03-31")

    @pytest.mark.parametrize("name", ["customers", "responses"])
    def test_a_missing_table_is_named(self, name: str) -> None:
        t = tables()
        with pytest.raises(DataError, match=name):
            build({**t, name: t[name].iloc[:0]})


class TestCensus:
    def given(self, **columns) -> Tables:
        t = tables()
        return {"customers": t["customers"].assign(**columns), "responses": t["responses"]}

    def test_everybody_counts_as_asked_where_contacts_are_not_recorded(self) -> None:
        frame = framing.build(self.given())
        assert frame.is_census and framing.funnel(frame)["n"].tolist() == [12, 11, 11, 11, 4, 2] and not frame.has_followup
        assert set(frame.known) == {"region"}

    def test_who_left_before_the_first_answer_cannot_have_been_asked(self) -> None:
        """Accounts closed years before the survey began were counted as silent; who answered first and left later stays."""
        t = self.given()
        first = t["responses"]["submitted_at"].min().tz_convert(None).normalize()
        silent = ~t["customers"]["customer_id"].isin(t["responses"]["customer_id"])
        early = silent & (silent.cumsum() <= 3)
        left = pd.Series(pd.NaT, t["customers"].index, dtype="datetime64[us]").mask(early, first - pd.Timedelta(days=400))
        t = self.given(churned_on=left.mask(~silent, first + pd.Timedelta(days=1)), is_contactable=True)
        frame = framing.build(t)
        assert frame.notes["gone_before"] == 3 and frame.people["is_invited"].sum() == N - 3 and frame.people["is_answered"].sum() == 4
        assert framing.build(self.given(is_contactable=True)).people["is_invited"].all()
        study = survivorship.study(frame).study
        [check] = [c for c in study.checks if c.name.en == "Who was asked is recorded"]
        assert check.passed is None and check.detail.en.endswith("3 customers had left before the first answer and are not counted as asked.")
        assert "counted as asked (no record of invitations)" in {text.en for text in survivorship.facts(frame)}

    def test_unknown_consent_and_unknown_departure(self) -> None:
        none = pd.array([pd.NA] * N, dtype="boolean")
        t = self.given(is_contactable=none, is_churned=none)
        assert framing.build(t).people["is_contactable"].all() and framing.survivors_only(t)
        [check] = [c for c in survivorship.study(framing.build(t)).study.checks if "customers who have left" in c.name.en]
        assert check.passed is False and "does not record" in check.detail.en and "没有记录" in check.detail.zh

    def test_scores_without_customers_are_an_error(self) -> None:
        t = self.given()
        with pytest.raises(DataError, match="'nps'"):
            framing.build({**t, "responses": t["responses"].assign(customer_id=pd.Series([None] * 4, dtype="str"))})


def test_the_funnel_of_the_sample_company_equals_counts_by_hand(tmp_path) -> None:
    simulate.build(tmp_path, customers=600, raw=False)
    t = store.read(tmp_path / "standard")
    frame = framing.build(t, **WINDOW)
    stages = framing.funnel(frame).set_index("stage")
    met = t["touchpoints"].assign(day=t["touchpoints"]["started_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d"))
    met = met[met["day"].between(WINDOW["first_day"], WINDOW["last_day"])].sort_values("started_at").groupby("customer_id").tail(1)
    met = met[met["customer_id"].isin(t["customers"]["customer_id"])]
    assert stages.loc["qualifies", "n"] == len(met)
    assert stages.loc["invited", "n"] == met["touchpoint_id"].isin(t["invitations"]["touchpoint_id"]).sum()
    asked = t["invitations"][t["invitations"]["touchpoint_id"].isin(met["touchpoint_id"])]
    said = t["responses"][t["responses"]["nps_score"].notna() & t["responses"]["invitation_id"].isin(asked["invitation_id"])]
    drawn = t["followups"]["drawn_on"].min().tz_localize("Asia/Shanghai")
    assert stages.loc["answered", "n"] == said.loc[said["submitted_at"] < drawn, "customer_id"].nunique()
    assert stages["n"].is_monotonic_decreasing and stages["value_cny"].ge(0).all()
    assert stages["lost"].sum() == stages["n"].iloc[0] - stages["n"].iloc[-1]
    assert stages["lost_cny"].sum() == pytest.approx(stages["value_cny"].iloc[0] - stages["value_cny"].iloc[-1])
    assert np.allclose(stages["share"].iloc[1:], stages["n"].to_numpy()[1:] / stages["n"].to_numpy()[:-1])
    assert frame.people.loc[frame.people["is_called"], "is_eligible"].all() and frame.has_followup
