"""The picture of many units: rows, bands and names as handed over, in both languages and widths; wrong input is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from money_pictures import WORDS, rows, said, spec

from voclib.errors import DataError, ParameterError
from voclib.reporting import charts, theme
from voclib.results import Text

COLUMNS = {"label": "k", **{name: name for name in ("raw", "raw_low", "raw_high", "value", "low", "high", "mean_low", "mean_high")}}
NAMES = {f"D{k}": Text(f"辰星汽车·城市{k}店", f"Chenxing · Store {k}") for k in range(300)}


def units(n: int = 12, *, spread: float = 20.0) -> pd.DataFrame:
    """Units from high to low around 40; the outer ones are told from it."""
    value = np.linspace(spread, -spread, n)
    return pd.DataFrame({"k": [f"D{k}" for k in range(n)], "raw": 40 + 1.4 * value, "raw_low": 26 + 1.4 * value, "raw_high": 54 + 1.4 * value,
                         "value": 40 + value, "low": 32 + value, "high": 48 + value, "mean_low": 32.0, "mean_high": 48.0, "verbatim": "SECRET"})


def drawn(frame: pd.DataFrame | None = None, **more: object) -> charts.Pair:
    return charts.caterpillar(units() if frame is None else frame, **{**COLUMNS, "labels": NAMES, **WORDS, **more})


def test_every_unit_has_its_row_in_order_and_nothing_unseen() -> None:
    pair = drawn()
    assert "SECRET" not in json.dumps(pair.specs)
    for lang in ("zh", "en"):
        for size in ("wide", "narrow"):
            there = [r for r in rows(pair, lang, size) if "g" in r]
            assert [r["value"] for r in there] == pytest.approx(units()["value"].tolist(), abs=1e-3)
            assert [r["mid"] for r in there] == sorted(r["mid"] for r in there)
            assert {r["mean_low"] for r in there} == {32.0} and spec(pair, lang, size)["width"] == {"wide": 720, "narrow": 350}[size]


def test_names_leave_out_what_all_begin_with_and_dark_ones_are_told_from_the_mean() -> None:
    there = [r for r in rows(drawn(), "zh", "narrow") if "g" in r]
    assert there[0]["g"] == "城市0店" and [r["g"] for r in rows(drawn(), "en", "wide") if "g" in r][1] == "Store 1"
    dark = [r["ink"] == theme.INK for r in there]
    assert dark == [not 32 <= r["value"] <= 48 for r in there] and 0 < sum(dark) < len(dark)


def test_the_mean_and_the_key_are_said() -> None:
    assert "平均 40" in said(drawn(), "zh", "narrow") and "Mean 40" in said(drawn(), "en", "wide")
    assert "点在灰带内：与平均分不开" in said(drawn(), "zh", "narrow")
    assert "Mean of all" in "".join(said(drawn(words={"mean": Text("全体平均", "Mean of all")}), "en", "wide"))


def test_shares_are_drawn_in_per_cent() -> None:
    frame = units().assign(**{c: lambda f, c=c: f[c] / 100 for c in COLUMNS.values() if c != "k"})
    there = [r for r in rows(drawn(frame, unit="share"), "en", "wide") if "g" in r]
    assert there[0]["value"] == pytest.approx(60) and there[0]["text"].startswith("60%")


def test_of_very_many_the_ones_told_apart_are_drawn_first_and_it_is_said() -> None:
    pair = drawn(units(240, spread=9.0))
    there = [r for r in rows(pair, "en", "wide") if "g" in r]
    apart = units(240, spread=9.0)["value"].sub(40).abs().gt(8).sum()
    assert len(there) == 80 and sum(r["ink"] == theme.INK for r in there) == apart and "80 of 240 shown" in said(pair, "en", "wide")


def test_every_colour_has_its_dark_twin() -> None:
    text = json.dumps({k: v for k, v in spec(drawn()).items() if k != "config"})
    assert {text[k:k + 7].lower() for k in range(len(text)) if text[k] == "#"} <= {c.lower() for c in theme.DARK}


@pytest.mark.parametrize(("frame", "more", "error", "message"), [
    (units().head(0), {}, DataError, "no rows"),
    (units(), {"raw": "rwa"}, DataError, "did you mean 'raw'"),
    (units().assign(value=np.nan), {}, DataError, "'value' has no finite number in 12 row"),
    (units().assign(k="D1"), {}, DataError, "'D1' stands twice"),
    (units(), {"words": {"men": Text("甲", "a")}}, ParameterError, "did you mean 'mean'"),
])
def test_wrong_input_is_named(frame: pd.DataFrame, more: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        drawn(frame, **more)
