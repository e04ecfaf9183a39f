"""What a user sees when the input is bad: one test a row, message checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.stats import metrics

GOOD = pd.DataFrame({"nps_score": [0, 5, 7, 9, 10, 10] * 20, "w": 1.5, "unit_id": list(range(12)) * 10})


def test_missing_column_names_the_nearest() -> None:
    with pytest.raises(DataError, match="no column 'nps_scor'; did you mean 'nps_score'"):
        metrics.nps(GOOD, score="nps_scor")
    with pytest.raises(DataError, match="no column 'unit'; did you mean 'unit_id'"):
        metrics.nps(GOOD, cluster="unit")
    with pytest.raises(DataError, match="no column 'weight'"):
        metrics.nps(GOOD, weights="weight")


@pytest.mark.parametrize("bad", ["10分", "１０", "N/A"])
def test_text_scores_show_samples_and_the_way_out(bad: str) -> None:
    frame = pd.DataFrame({"nps_score": ["9", bad] * 10})
    with pytest.raises(DataError, match=bad) as error:
        metrics.nps(frame)
    assert "coerce" in str(error.value) and "'9'" in str(error.value)


def test_scores_off_the_scale() -> None:
    with pytest.raises(DataError, match="from 0 to 10; 1 of 121 answers do not fit, such as 11") as error:
        metrics.nps(pd.concat([GOOD, pd.DataFrame({"nps_score": [11]})]))
    assert "Nothing is rescaled silently" in str(error.value)
    with pytest.raises(DataError, match="such as -1"):
        metrics.nps(GOOD.replace({"nps_score": {0: -1}}))
    with pytest.raises(DataError, match="whole numbers from 0 to 10"):
        metrics.nps(GOOD.assign(nps_score=GOOD["nps_score"] * 0.95))
    with pytest.raises(DataError, match="do not fit, such as inf"):
        metrics.mean_score(GOOD.assign(rating_score=np.inf), "rating_score")
    with pytest.raises(DataError, match="such as 0"):
        metrics.csat(GOOD.assign(csat_score=0))
    with pytest.raises(DataError, match="yes/no"):
        metrics.share(GOOD, "nps_score")


def test_a_hundred_point_scale() -> None:
    with pytest.raises(DataError, match="from 0 to 10"):
        metrics.nps(GOOD.assign(nps_score=GOOD["nps_score"] * 10))


def test_a_five_point_scale_is_not_read_as_nps() -> None:
    frame = pd.DataFrame({"nps_score": [1, 2, 3, 4, 5] * 10})
    with pytest.raises(DataError, match="looks like 1–5"):
        metrics.nps(frame)
    assert metrics.nps(frame.head(49)).value == -100.0, "so few low answers may be true"
    assert metrics.csat(frame, score="nps_score").value == 0.4


@pytest.mark.parametrize(("weight", "message"), [
    (-1.0, "20 weights in 'w' are negative; the smallest is -1"), (np.nan, "20 answers have no usable weight"), (np.inf, "no usable weight")])
def test_unusable_weights(weight: float, message: str) -> None:
    frame = GOOD.assign(w=np.where(GOOD["nps_score"] == 5, weight, 1.0))
    with pytest.raises(DataError, match=message):
        metrics.nps(frame, weights="w")


def test_weights_that_sum_to_zero_or_are_text() -> None:
    with pytest.raises(DataError, match="add up to zero"):
        metrics.nps(GOOD.assign(w=0.0), weights="w")
    with pytest.raises(DataError, match="not numbers"):
        metrics.nps(GOOD.assign(w="1"), weights="w")


def test_answers_without_a_cluster() -> None:
    frame = GOOD.assign(unit_id=GOOD["unit_id"].where(GOOD["unit_id"] > 0))
    with pytest.raises(DataError, match="10 answers have no 'unit_id'"):
        metrics.nps(frame, cluster="unit_id")


@pytest.mark.parametrize("frame", [GOOD.head(0), GOOD.assign(nps_score=pd.array([None] * len(GOOD), dtype="Int64")),
                                   pd.DataFrame({"nps_score": pd.Series([None, None], dtype=object)})],
                         ids=["no rows", "no answers", "empty objects"])
def test_nothing_to_count_is_a_refusal(frame: pd.DataFrame) -> None:
    found = metrics.nps(frame)
    assert found.kind == "refusal" and found.n == 0
    assert (found.reason.zh, found.reason.en) == ("没有可用的回答。", "There are no usable answers.")


def test_groups_of_an_empty_frame() -> None:
    assert metrics.groups("nps", GOOD.head(0), by="unit_id") == ()
    assert metrics.compare_groups("nps", GOOD.head(0), by="unit_id") == ()


@pytest.mark.parametrize("level", [95, 0, 1, -0.5])
def test_conf_level_is_a_share(level: float) -> None:
    with pytest.raises(ParameterError, match="conf_level is a share such as 0.95"):
        metrics.nps(GOOD, conf_level=level)


def test_nothing_but_tens_is_suspected() -> None:
    found = metrics.nps(pd.DataFrame({"nps_score": [10] * 40}))
    assert found.verdict is Verdict.REPORT_WITH_CAVEAT
    assert "suspected kiosk or dealer-filled" in found.reason.en and "门店代填" in found.reason.zh
    assert metrics.nps(pd.DataFrame({"nps_score": [10] * 39 + [9]})).verdict is Verdict.REPORT


def invitations(n: int = 100, **columns) -> pd.DataFrame:
    """First messages to n customers, a day apart."""
    sent = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.arange(n), unit="D")
    ids = {name: [f"{name[0]}{k}" for k in range(n)] for name in ("invitation_id", "customer_id", "touchpoint_id")}
    return pd.DataFrame({**ids, "trigger": "service", "sent_at": sent, "wave": 0, "is_delivered": True, **columns})


def answers(ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"invitation_id": ids})


class TestResponseRate:
    def test_delivered_is_the_base(self) -> None:
        sent = invitations(is_delivered=[False] * 20 + [True] * 80)
        found = metrics.response_rate(sent, answers([f"i{k}" for k in range(20, 40)]))
        assert (found.value, found.n, found.unit, found.estimand) == (0.25, 80, "share", "response_rate")

    def test_several_answers_count_once_and_strangers_not_at_all(self) -> None:
        found = metrics.response_rate(invitations(), answers(["i3", "i3", "i4", "unknown", None]))
        assert found.value == 0.02

    @pytest.mark.parametrize("touchpoints", [True, False])
    def test_reminders_are_the_invitation_they_repeat(self, touchpoints: bool) -> None:
        first = invitations()
        reminder = invitations().assign(invitation_id=lambda f: "r" + f["invitation_id"], wave=1, sent_at=lambda f: f["sent_at"] + pd.Timedelta("3D"))
        sent = pd.concat([reminder, first])
        if not touchpoints:
            sent["touchpoint_id"] = pd.Series([None] * len(sent), dtype="str").to_numpy()
        found = metrics.response_rate(sent, answers(["i1", "ri2", "i3", "ri3"]))
        assert (found.value, found.n) == (0.03, 100)
        contacts = metrics.contacts(sent, answers(["ri2"]))
        assert set(contacts["waves"]) == {2} and set(contacts["wave"]) == {0}
        assert contacts.loc[contacts["is_answered"], "invitation_id"].tolist() == ["i2"]

    def test_a_customer_asked_twice_is_asked_twice(self) -> None:
        again = invitations().assign(invitation_id=lambda f: "x" + f["invitation_id"], touchpoint_id=lambda f: "x" + f["touchpoint_id"])
        assert metrics.response_rate(pd.concat([invitations(), again]), answers(["i1"])).n == 200
        yearly = again.assign(sent_at=again["sent_at"] + pd.Timedelta("365D"))
        loose = pd.concat([invitations(), yearly]).assign(touchpoint_id=None)
        assert metrics.response_rate(loose, answers(["i1"])).n == 200

    def test_an_answer_proves_delivery(self) -> None:
        assert metrics.response_rate(invitations(is_delivered=False), answers([f"i{k}" for k in range(30)])).n == 30

    def test_too_good_to_be_true(self) -> None:
        found = metrics.response_rate(invitations(), answers([f"i{k}" for k in range(97)]))
        assert found.verdict is Verdict.REPORT_WITH_CAVEAT and "97%" in found.reason.en and "suspected kiosk or dealer-filled" in found.reason.en
        assert metrics.response_rate(invitations(), answers([f"i{k}" for k in range(95)])).verdict is Verdict.REPORT

    def test_by_channel(self) -> None:
        contacts = metrics.contacts(invitations(channel=["sms", "app"] * 50), answers([f"i{k}" for k in range(0, 50, 2)]))
        assert [(e.group, e.value) for e in metrics.groups("response_rate", contacts, by="channel")] == [("app", 0.0), ("sms", 0.5)]

    def test_missing_columns_say_of_which_table(self) -> None:
        with pytest.raises(DataError, match="invitations has no column 'wave'"):
            metrics.response_rate(invitations().drop(columns="wave"), answers([]))
        with pytest.raises(DataError, match="responses has no column 'invitation_id'"):
            metrics.response_rate(invitations(), pd.DataFrame({"id": [1]}))

    def test_no_invitations(self) -> None:
        assert metrics.response_rate(invitations().head(0), answers([])).kind == "refusal"
