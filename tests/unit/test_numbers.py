"""Numbers as readers see them: digits, units, intervals, and the same amount in both languages."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from voclib import numbers
from voclib.errors import ParameterError
from voclib.results import Estimate, Text, refusal

POWERS = {"": 0, "K": 3, "万": 4, "M": 6, "亿": 8, "B": 9}


def estimate(value: float, low: float, high: float, unit: str, **more: object) -> Estimate:
    return Estimate(estimand="nps", kind="estimate", unit=unit, value=value, conf_low=low, conf_high=high, **more)


def parsed(text: str) -> Decimal:
    """What a reader understands by a printed amount."""
    sign = -1 if text.startswith("−") else 1
    digits, power = re.fullmatch(r"−?¥?([\d,]+(?:\.\d+)?)([KMB万亿]?)%?", text).groups()
    return sign * Decimal(digits.replace(",", "")).scaleb(POWERS[power])


@pytest.mark.parametrize(
    ("given_", "zh", "en"),
    [
        (estimate(18.3, 11, 25.4, "points"), ("18", "分", "11–25"), ("18", "points", "11–25")),
        (estimate(3.12, 1.7, 4.5, "points"), ("3.1", "分", "1.7–4.5"), ("3.1", "points", "1.7–4.5")),
        (estimate(6.2, 3, 9, "points"), ("6", "分", "3–9"), ("6", "points", "3–9")),
        (estimate(7, -2, 16, "points"), ("7", "分", "−2 至 16"), ("7", "points", "−2 to 16")),
        (estimate(0.38, 0.31, 0.45, "share"), ("38%", "", "31%–45%"), ("38%", "", "31%–45%")),
        (estimate(-0.08, -0.15, -0.01, "share"), ("−8%", "", "−15% 至 −1%"), ("−8%", "", "−15% to −1%")),
        (estimate(0.021, -0.003, 0.045, "pp"), ("2.1", "个百分点", "−0.3 至 4.5"), ("2.1", "percentage points", "−0.3 to 4.5")),
        (estimate(3.1e6, 1.2e6, 5e6, "cny"), ("¥310万", "", "¥120万–500万"), ("¥3.1M", "", "¥1.2M–5.0M")),
        (estimate(-3.1e6, -5e6, 1e5, "cny"), ("−¥310万", "", "−¥500万 至 ¥10万"), ("−¥3.1M", "", "−¥5.0M to ¥100K")),
        (estimate(2.4, 1.6, 3.5, "ratio"), ("2.4", "倍", "1.6–3.5"), ("2.4", "times", "1.6–3.5")),
        (estimate(26.4, 20, 33, "hours"), ("26", "小时", "20–33"), ("26", "hours", "20–33")),
        (estimate(3.4, 2.9, 3.9, "days"), ("3.4", "天", "2.9–3.9"), ("3.4", "days", "2.9–3.9")),
    ],
)
def test_the_page_table_is_kept(given_: Estimate, zh: tuple[str, str, str], en: tuple[str, str, str]) -> None:
    for lang, expected in (("zh", zh), ("en", en)):
        assert (numbers.value(given_, lang), numbers.unit(given_, lang), numbers.interval(given_, lang)) == expected


def test_an_interval_never_collapses_onto_its_value() -> None:
    narrow = estimate(18.23, 18.1, 18.4, "points")
    assert (numbers.value(narrow, "zh"), numbers.interval(narrow, "zh")) == ("18.2", "18.1–18.4")
    mean = estimate(4.123, 4.06, 4.18, "score")
    assert (numbers.value(mean, "en"), numbers.interval(mean, "en")) == ("4.12", "4.06–4.18")


@pytest.mark.parametrize(("low", "high", "hidden"), [(-0.02, 10.1, True), (0.02, 10.1, True), (-0.1, 10.1, False), (0.0, 10.1, False)])
def test_an_end_beside_zero_that_reads_as_zero_is_known(low: float, high: float, hidden: bool) -> None:
    made = Estimate(estimand="x", kind="estimate", unit="points", value=5.05, conf_low=low, conf_high=high, std_error=2.5)
    assert numbers.hides_sign(made) is hidden and (numbers.ends(made, "en")[0].strip("0.") == "" or not hidden)
    assert not numbers.hides_sign(Estimate(estimand="x", kind="count", unit="count", value=3))


def test_points_are_whole_where_the_error_is_half_a_point() -> None:
    assert numbers.value(estimate(18.26, 17.1, 19.3, "points", std_error=0.55), "zh") == "18"
    assert numbers.value(estimate(-100, -100, -100, "points"), "zh") == "−100"


@pytest.mark.parametrize(("n", "zh", "en"), [(8234, "8,200", "8.2K"), (41234, "4.1万", "41K"), (844, "844", "844"), (1.1e8, "1.1亿", "110M")])
def test_counts(n: float, zh: str, en: str) -> None:
    assert (numbers.count(n, "zh"), numbers.count(n, "en")) == (zh, en)


def test_counts_that_identify_a_design_stay_exact() -> None:
    assert numbers.count(12345, "zh", exact=True) == "12,345"
    rows = Estimate(estimand="rows", kind="count", unit="count", value=412345)
    assert numbers.value(rows, "zh") == numbers.value(rows, "en") == "412,345"
    assert numbers.interval(rows, "zh") == ""


@pytest.mark.parametrize(
    ("x", "zh", "en"),
    [
        (3.1e6, "¥310万", "¥3.1M"),
        (1.1e8, "¥1.1亿", "¥110M"),
        (4e5, "¥40万", "¥400K"),
        (3e7, "¥3,000万", "¥30M"),
        (8200, "¥8,200", "¥8.2K"),
        (820, "¥820", "¥820"),
        (0, "¥0", "¥0"),
    ],
)
def test_money(x: float, zh: str, en: str) -> None:
    assert (numbers.money(x, "zh"), numbers.money(x, "en")) == (zh, en)


def test_bounds_and_refusals_have_no_middle() -> None:
    bounds = Estimate(estimand="nps", kind="bounds", unit="points", bound_low=-9, bound_high=39)
    assert (numbers.value(bounds, "zh"), numbers.value(bounds, "en")) == ("−9 至 39", "−9 to 39")
    assert numbers.ends(bounds, "zh") == ("−9", "39")
    refused = refusal("nps", unit="points", reason=Text("少", "few"), needs=Text("多", "more"))
    assert numbers.value(refused, "zh") == "—"
    assert numbers.ends(refused, "zh") is None


@pytest.mark.parametrize(
    ("low", "high", "zh", "en"),
    [
        (45_226, 110_431, "¥4.5万–11.0万", "¥45K–110K"),  # ¥50K–110K stood beside an estimate of ¥45K that is its lower end
        (32_400, 120_900, "¥3.2万–12.1万", "¥32K–121K"),
        (398_000, 2_240_000, "¥40万–220万", "¥400K–2.2M"),  # one digit says it as well as two
        (1_240_000, 1_650_000, "¥120万–170万", "¥1.2M–1.7M"),
        (-120_900, -32_400, "−¥12.1万 至 −¥3.2万", "−¥121K to −¥32K"),
        (-45_226, 110_431, "−¥4.5万 至 ¥11.0万", "−¥45K to ¥110K"),
        (0, 110_431, "¥0–11万", "¥0–110K"),
        (90, 110_431, "¥0–11万", "¥0–110K"),  # a digit more would not tell it either
        (33.5e6, 1005e6, "¥3,400万–10.05亿", "¥34M–1.005B"),
    ],
)
def test_both_ends_of_bounds_are_as_exact_as_the_same_amounts_alone(low: float, high: float, zh: str, en: str) -> None:
    """Bounds print no value, so their smaller end is read by itself: never further off than two digits leave any number, a twentieth."""
    bounds = Estimate(estimand="money", kind="bounds", unit="cny", bound_low=low, bound_high=high)
    assert (numbers.interval(bounds, "zh"), numbers.interval(bounds, "en")) == (zh, en)
    for text, end in zip(numbers.ends(bounds, "en"), (low, high), strict=True):
        assert abs(float(parsed(text)) - end) <= max(abs(end) / 20, 100)


@given(st.floats(1e3, 1e8), st.floats(1.0, 30.0))
def test_an_estimate_that_is_an_end_of_bounds_lies_beside_that_end(low: float, factor: float) -> None:
    """What a reader checks: the same amount, printed alone and as an end, is the same amount to within its own rounding."""
    high = low * factor
    bounds = Estimate(estimand="money", kind="bounds", unit="usd", bound_low=low, bound_high=high)
    for text, end in zip(numbers.ends(bounds, "en"), (low, high), strict=True):
        alone, shown = (float(parsed(t.replace("$", "¥"))) for t in (numbers.money(end, "en", unit="usd"), text))
        assert abs(alone - shown) <= 0.1001 * end


def test_a_movement_is_the_difference_of_what_is_printed() -> None:
    before, after = estimate(46.6, 45, 49, "points"), estimate(43.4, 40, 46, "points")
    assert numbers.change(before, after, "zh") == "−4"  # 47 and 43
    assert numbers.change(after, before, "en") == "+4"
    assert numbers.change(before, before, "en") == "0"


def test_ticks_carry_the_decimals_of_their_step() -> None:
    assert numbers.tick(2.5, "points", "en", step=2.5) == "2.5"
    assert numbers.tick(-20, "points", "zh", step=20) == "−20"
    assert numbers.tick(0.25, "share", "zh", step=0.25) == "25%"
    assert numbers.tick(2.5e6, "cny", "en", step=2.5e6) == "¥2.5M"


def test_an_unknown_language_and_an_infinite_number_are_refused() -> None:
    with pytest.raises(ParameterError, match="Language 'fr'"):
        numbers.value(estimate(1, 0, 2, "points"), "fr")
    with pytest.raises(ParameterError, match="finite"):
        numbers.money(float("inf"), "zh")


@given(
    st.sampled_from(["points", "share", "pp", "cny", "score", "ratio", "hours", "days", "count"]),
    st.floats(-1, 1),
    st.floats(0.001, 3),
    st.floats(0.001, 3),
    st.integers(-1, 8),
)
def test_both_languages_say_the_same_amount(unit: str, x: float, below: float, above: float, power: int) -> None:
    size = 1.0 if unit in {"share", "pp"} else 100.0 if unit == "points" else 10.0**power
    assume(abs(x) > 1e-6)
    shown = estimate(x * size, (x - below) * size, (x + above) * size, unit)
    factor = 100 if unit in {"share", "pp"} else 1
    half = Decimal(1).scaleb(numbers.place(shown)) / 2
    zh, en = parsed(numbers.value(shown, "zh")), parsed(numbers.value(shown, "en"))
    assert zh == en
    assert abs(zh - Decimal(shown.value * factor)) <= half * Decimal("1.001")
    for text_zh, text_en, end in zip(numbers.ends(shown, "zh"), numbers.ends(shown, "en"), (shown.conf_low, shown.conf_high), strict=True):
        assert parsed(text_zh) == parsed(text_en)
        assert abs(parsed(text_zh) - Decimal(end * factor)) <= half * Decimal("1.001")
    assert ("−" in numbers.interval(shown, "zh")) == (" 至 " in numbers.interval(shown, "zh")) == (" to " in numbers.interval(shown, "en"))
    assert "-" not in numbers.value(shown, "zh") + numbers.interval(shown, "en")


@given(st.floats(1, 1e10))
def test_counts_and_money_read_the_same_in_both_languages(n: float) -> None:
    assert parsed(numbers.count(n, "zh")) == parsed(numbers.count(n, "en"))
    assert parsed(numbers.money(n, "zh")) == parsed(numbers.money(n, "en"))
    assert abs(parsed(numbers.money(n, "zh")) - Decimal(n)) <= Decimal(n) * Decimal("0.051")


@pytest.mark.parametrize(("unit", "x", "en"), [("pp", 0.01, "percentage point"), ("pp", -0.01, "percentage point"), ("pp", 0.02, "percentage points"),
                                               ("hours", 1.0, "hour"), ("days", 10.0, "days"), ("share", 0.01, "")])
def test_one_of_a_unit_is_one(unit: str, x: float, en: str) -> None:
    far = 8 * abs(x)
    found = Estimate(estimand="e", kind="estimate", unit=unit, value=x, conf_low=x - far, conf_high=x + far, std_error=far / 2)
    assert numbers.unit(found, "en") == en
    exact = found.with_(conf_low=x, conf_high=x, std_error=None)
    assert numbers.value(exact, "en") != "1.0" or numbers.unit(exact, "en").endswith("s"), "1.0 hours"
