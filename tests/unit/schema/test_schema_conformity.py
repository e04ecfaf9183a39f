"""Tables made by hand: a study that stumbles over them says what they lack and how to mend it; the recipe it names works."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from study_tables import Tables, pool

import voclib
from voclib.errors import DataError
from voclib.schema import conformity, validate
from voclib.studies import inflation, repeats, scores
from voclib.studies.ex_voc import panel as ex_panel
from voclib.studies.nps_revenue import cohort
from voclib.studies.scores import change, cooling, drivers, segments, trend
from voclib.studies.survivorship import frame, outreach, panel

POOL = pool()


def changed(alter: Callable[[pd.DataFrame], pd.DataFrame]) -> Tables:
    return {**POOL, "responses": alter(POOL["responses"])}


def without_zone(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(submitted_at=frame["submitted_at"].dt.tz_localize(None), touched_at=frame["touched_at"].dt.tz_localize(None))


class TestWhatIsWrong:
    @pytest.mark.parametrize(("alter", "told"), [
        (lambda d: d[["response_id", "channel", "nps_score", "weight"]], "it lacks invitation_id, customer_id, unit_id, touched_at"),
        (without_zone, "submitted_at holds datetime64.us., where times with a zone must stand"),
        (lambda d: d.assign(submitted_at=d["submitted_at"].astype("str")), "submitted_at holds str, where times with a zone must stand"),
        (lambda d: d.set_index("response_id", drop=False), r"its index is called response_id, as a column is \(reset_index"),
        (lambda d: d.astype({"unit_id": "category", "channel": "category"}), "unit_id holds category, where text must stand"),
        (lambda d: d.copy().convert_dtypes(dtype_backend="pyarrow"), "response_id, invitation_id, .* more: pyarrow's types"),
        (lambda d: pd.concat([d, d[["channel"]]], axis=1), "channel stands more than once"),
    ])
    def test_the_table_its_columns_and_the_cure_are_named(self, alter: Callable[[pd.DataFrame], pd.DataFrame], told: str) -> None:
        with pytest.raises(DataError, match=rf"table 'responses' is not of the data standard: .*{told}.*voclib.schema.validate\(frame, 'responses'"):
            scores.study(changed(alter), metric="nps")

    def test_a_table_that_is_not_there_is_named_with_what_it_holds(self) -> None:
        with pytest.raises(DataError, match=r"needs the table 'responses' \(One customer voice.*known: units"):
            scores.study({"units": POOL["units"]}, metric="nps")

    def test_a_frame_in_place_of_tables_is_answered_in_words(self) -> None:
        with pytest.raises(DataError, match="reads tables by name.*this is of type DataFrame"):
            scores.study(POOL["responses"], metric="nps")

    def test_a_voice_that_stands_twice_is_not_counted_twice(self) -> None:
        doubled = changed(lambda d: pd.concat([d, d.head(10)], ignore_index=True))
        with pytest.raises(DataError, match="10 voices stand more than once"):
            trend.study(doubled, metric="nps", by="channel")

    def test_what_the_standard_allows_is_no_fault(self) -> None:
        more = POOL["responses"].assign(own=1, nps_score=POOL["responses"]["nps_score"].astype("float64"), segment=None)
        assert not list(conformity.faults(more, "responses"))
        assert list(conformity.faults(more.assign(response_id=range(len(more))), "responses")) == ["response_id holds int64, where text must stand"]

    def test_a_failure_of_ours_shows_as_it_is(self) -> None:
        @conformity.explained
        def broken(tables: Tables) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            broken(POOL)

    def test_of_loaded_tables_only_a_missing_one_is_told(self) -> None:
        loaded = voclib.Tables(lambda name: POOL[name].drop(columns="channel"), ["responses"])
        with pytest.raises(KeyError, match="channel"):
            scores.study(loaded, metric="nps")
        with pytest.raises(DataError, match="needs the table 'responses'"):
            scores.study(voclib.Tables(lambda name: POOL[name], ["units"]), metric="nps")


class TestEveryStudySaysIt:
    ASKED = {
        "trend": lambda t: trend.study(t, metric="nps", by="channel"), "segments": lambda t: segments.study(t, metric="nps", segments=["channel"]),
        "change": lambda t: change.explain(t, metric="nps", by="channel"), "drivers": lambda t: drivers.rank(t, metric="nps"),
        "frame": lambda t: frame.build(t), "silent": lambda t: frame.survivors_only({"customers": t["responses"]}),
        "panel": lambda t: panel.trend({**t, "touchpoints": t["responses"]}), "inflation": inflation.answers,
        "outreach": lambda t: outreach.design({**POOL, "customers": t["responses"][["customer_id"]]}, cost_per_call_cny=40.0),
    }

    @pytest.mark.parametrize("name", ASKED)
    def test_a_few_columns_are_answered_in_words(self, name: str) -> None:
        with pytest.raises(DataError, match="is not of the data standard: it lacks"):
            self.ASKED[name](changed(lambda d: d[["response_id", "customer_id", "nps_score", "csat_score"]]))

    def test_the_money_and_employee_studies_too(self) -> None:
        with pytest.raises(DataError, match="'employee_surveys' is not of the data standard: it lacks"):
            ex_panel.from_tables({**POOL, "employee_surveys": pd.DataFrame({"unit_id": ["D01"], "score": [4.0]})})
        with pytest.raises(DataError, match="'touchpoints' is not of the data standard: it lacks"):
            cohort.build({**POOL, "touchpoints": pd.DataFrame({"wait_minutes": [9.0]}), "transactions": pd.DataFrame({"a": [1]})},
                         first_day="2026-01-01", last_day="2026-01-31")
        with pytest.raises(DataError, match="'conversations' is not of the data standard: it lacks"):
            cooling.study({**POOL, "conversations": pd.DataFrame({"response_id": ["R"]})})


class TestTheCureWorks:
    @pytest.mark.parametrize("alter", [
        lambda d: d.copy().convert_dtypes(dtype_backend="pyarrow"), lambda d: d.astype({"unit_id": "category", "channel": "category"}),
        lambda d: d.assign(nps_score=d["nps_score"].astype("str")), lambda d: d.set_index("response_id", drop=False), lambda d: pd.concat([d, d]),
    ])
    def test_validated_tables_give_the_answer_of_the_standard_ones(self, alter: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        cured = {**POOL, "responses": validate(alter(POOL["responses"]), "responses").accepted}
        assert scores.study(cured, metric="nps").study.headline == scores.study(POOL, metric="nps").study.headline

    def test_validate_says_what_is_no_frame(self) -> None:
        with pytest.raises(DataError, match="'responses' is of type dict, not a DataFrame"):
            validate({"response_id": ["a"]}, "responses")


def test_repeated_labels_of_rows_do_not_disturb_the_search_for_answers_entered_twice() -> None:
    kept = POOL["responses"]["response_id"]
    doubled = pd.concat([POOL["responses"], POOL["responses"].assign(response_id="X" + POOL["responses"]["response_id"])], ignore_index=True)
    same = {**POOL, "responses": doubled.set_axis([0] * len(doubled))}
    assert repeats.check(same, kept) == repeats.check({**POOL, "responses": doubled}, kept)
