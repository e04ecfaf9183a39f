"""Owners by the rules beside those of the ledger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from loop_tables import LEVEL, cases

from voclib.errors import ParameterError
from voclib.loop import routing

RULES = Path(__file__).resolve().parents[3] / "params" / "rules"
LOADED = routing.load(RULES / "classes.yml", RULES / "aspects.yml")
UNSAFE, APP = "刹车失灵，差点追尾", "App预约总是闪退，登录不上"


def studied(texts: list[str | None], owners: list[str | None], **columns: object) -> routing.Routing:
    n = len(texts)
    return routing.study(cases([0.0] * n, [10.0] * n, description=texts, owner_department=owners, **columns), *LOADED, **LEVEL)


def owner(text: str) -> tuple[str, str]:
    """The class of a text and its owner by the rules."""
    found = studied([text] * 10, ["谁"] * 10).table.iloc[0]
    return found["class"], found["owner"].zh


class TestRouting:
    def test_who_ought_to_own_beside_who_does(self) -> None:
        name, right = owner(APP)
        found = studied([APP] * 20, [right] * 12 + ["门店管理部"] * 5 + ["销售部"] * 3, unit_id=None)
        row = found.table.iloc[0]
        assert len(found.table) == 1 and row["class"] == name and row["n"] == 20 and row["agree"] == 12
        assert (row["elsewhere"], row["most"]) == ("门店管理部", 5) and row["owner"].zh == right != row["owner"].en
        assert found.agreement.value == pytest.approx(0.6) and found.agreement.n == 20 == found.n
        assert found.agreement.conf_low < 0.6 < found.agreement.conf_high

    def test_every_case_is_unread_unclassed_or_classed(self) -> None:
        _, right = owner(APP)
        found = studied([APP] * 10 + [None, "", "  "] + ["嗯嗯"] * 4 + [APP] * 3, [right] * 17 + [None] * 3)
        assert (found.unread, found.unclassed, found.unowned, found.n) == (3, 4, 3, 20)
        assert found.table["n"].sum() == found.agreement.n == 10 and found.table["agree"].sum() == 10 and found.table["elsewhere"].tolist() == [""]

    def test_safety_that_is_not_graded_so(self) -> None:
        assert owner(UNSAFE)[0] == routing.SAFETY
        found = studied([UNSAFE] * 12 + [APP] * 5, ["质量部"] * 17, severity=["safety"] * 4 + ["high"] * 7 + [None] + ["low"] * 5)
        assert (found.safety, found.ungraded) == (12, 8)

    def test_no_text_no_class(self) -> None:
        found = studied([None] * 12, ["质量部"] * 12)
        assert found.table.empty and found.unread == 12 and found.unclassed == found.safety == found.ungraded == 0
        assert found.agreement.kind == "refusal" and found.agreement.reason.en == "There are no usable cases."

    def test_departments_of_other_names_are_not_called_wrong(self) -> None:
        found = studied([APP] * 20, ["Digital team", "Quality team"] * 10)
        assert found.agreement.kind == "refusal" and found.agreement.reason == routing.OTHER_NAMES and found.agreement.n == 20
        assert studied([APP] * 20, ["Digital team"] * 19 + ["质量部"]).agreement.value == 0

    def test_in_any_order(self) -> None:
        texts, owners = [APP, UNSAFE] * 10, ["质量部", "数字化部", "销售部", "质量部"] * 5
        mixed = np.random.default_rng(1).permutation(20)
        one, other = studied(texts, owners, unit_id=None), studied([texts[k] for k in mixed], [owners[k] for k in mixed], unit_id=None)
        assert one.table.equals(other.table) and one.agreement == other.agreement

    def test_names_of_departments_in_both_languages(self) -> None:
        names = routing.departments(LOADED[0])
        assert names["质量部"].en == "Quality" and all(key == name.zh for key, name in names.items())
        assert all(name.en.isascii() for name in names.values())

    def test_a_file_that_is_missing(self) -> None:
        with pytest.raises(ParameterError, match="none.yml"):
            routing.load(RULES / "none.yml", RULES / "aspects.yml")
