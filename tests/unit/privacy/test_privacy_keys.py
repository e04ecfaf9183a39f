"""Pseudonyms, their key, and small cells."""

from __future__ import annotations

import hashlib
import hmac

import pandas as pd
import pytest

from voclib import privacy
from voclib.errors import DataError, ParameterError

KEY = "a-key-of-some-length"


def test_pseudonyms_are_hmac_sha256_with_the_kind_in_front():
    made = privacy.pseudonymise(pd.Series(["C-1"]), kind="customer", key=KEY)
    digest = hmac.new(KEY.encode(), b"customer\0C-1", hashlib.sha256).hexdigest()
    assert made[0] == f"customer-{digest[:16]}"


def test_spellings_of_one_identifier_meet_and_missing_stays_missing():
    made = privacy.pseudonymise(pd.Series(["C-1", "Ｃ－１ ", None, " ", "C-2"]), kind="customer", key=KEY)
    assert made[0] == made[1] and made[0] != made[4]
    assert made.isna().tolist() == [False, False, True, True, False]
    assert str(made.dtype) == "str"


def test_kind_and_key_both_change_the_pseudonym():
    ids = pd.Series(["7"])
    made = {privacy.pseudonymise(ids, kind=kind, key=key)[0].split("-")[-1] for kind in ("customer", "staff") for key in (KEY, KEY + "x")}
    assert len(made) == 4


def test_key_is_the_given_one_then_the_environment(monkeypatch):
    monkeypatch.setenv("VOC_PSEUDONYM_KEY", "environment-key-0001")
    assert privacy.find_key(KEY) == KEY
    assert privacy.find_key() == "environment-key-0001"


def test_missing_and_short_keys_say_how_to_make_one(monkeypatch):
    monkeypatch.delenv("VOC_PSEUDONYM_KEY", raising=False)
    with pytest.raises(ParameterError, match=r"VOC_PSEUDONYM_KEY is not set.*secrets.token_hex\(32\)"):
        privacy.find_key()
    with pytest.raises(ParameterError, match="has 5 characters, at least 16"):
        privacy.find_key("short")


def test_small_cells_are_blanked_with_their_count():
    frame = pd.DataFrame({"unit": ["a", "b", "c"], "n": [4, 5, None], "nps": [10.0, 20.0, 30.0], "is_open": [True, False, True]})
    shown = privacy.suppress_small(frame)
    assert shown["is_suppressed"].tolist() == [True, False, True]
    assert shown["unit"].tolist() == ["a", "b", "c"]
    assert shown.loc[0, ["n", "nps", "is_open"]].isna().all() and shown.loc[1, "nps"] == 20
    assert frame["nps"].tolist() == [10.0, 20.0, 30.0]


def test_small_cells_need_their_count_column():
    with pytest.raises(DataError, match="did you mean 'n_obs'"):
        privacy.suppress_small(pd.DataFrame({"n_obs": [1]}), n="nobs")
