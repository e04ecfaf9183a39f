"""How a number is written in Chinese and English: two significant digits, one decimal place for value and interval."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from voclib.errors import ParameterError
from voclib.results import Estimate

MINUS = "−"
DASH = "—"
MONEY = {"cny": "¥", "usd": "$"}
_PERCENT = {"share", "pp"}
_SCALED = {*MONEY, "count"}  # written with 万/亿 or K/M
_WHOLE = {"points", "share", "pp"}  # never rounded to tens: 100 % and −100 points are ends of a scale
_SCALES: dict[str, list[tuple[int, str]]] = {
    "zh": [(8, "亿"), (4, "万"), (0, "")],
    "en": [(9, "B"), (6, "M"), (3, "K"), (0, "")],
}
_UNITS: dict[str, dict[str, str]] = {
    "zh": {"points": "分", "share": "", "pp": "个百分点", "cny": "", "usd": "", "score": "分", "count": "", "ratio": "倍", "hours": "小时",
           "days": "天"},
    "en": {"points": "points", "share": "", "pp": "percentage points", "cny": "", "usd": "", "score": "points", "count": "",
           "ratio": "times", "hours": "hours", "days": "days"},
}


def value(estimate: Estimate, lang: str) -> str:
    """The number itself, with ¥, $ or % but without a unit word; bounds give their range, a refusal a dash.

    Raises
    ------
    ParameterError
        if `lang` is neither `zh` nor `en`.
    """
    _language(lang)
    if estimate.kind == "refusal":
        return DASH
    if estimate.kind == "bounds":
        return interval(estimate, lang)
    if estimate.kind == "count" and estimate.unit == "count":
        return count(estimate.value, lang, exact=True)
    return _write(estimate.value, estimate.unit, lang, place=place(estimate))


def interval(estimate: Estimate, lang: str) -> str:
    """Both ends at the decimal place of the value: `11–25`, with a minus sign `−9 至 39` or `−9 to 39`; empty for counts and refusals."""
    if not (written := ends(estimate, lang)):
        return ""
    low, high = written
    if MINUS in low or MINUS in high:
        return f"{low} 至 {high}" if lang == "zh" else f"{low} to {high}"
    return f"{low}–{high.removeprefix(MONEY.get(estimate.unit, ''))}"


def ends(estimate: Estimate, lang: str) -> tuple[str, str] | None:
    """The two ends of an interval or of bounds, each as it would be written alone; None for counts and refusals."""
    _language(lang)
    found = _ends(estimate)
    if found is None:
        return None
    at = place(estimate)
    largest = estimate.value if estimate.value is not None else max(found, key=abs)
    top = _scale(_rounded(largest, at), lang) if estimate.unit in _SCALED else None
    low, high = (_write(end, estimate.unit, lang, place=at, top=top) for end in found)
    return low, high


def unit(estimate: Estimate, lang: str) -> str:
    """The unit word that stands small beside the number, of one thing where it is written as 1; empty where the number carries ¥ or %."""
    word = _UNITS[_language(lang)][estimate.unit]
    if lang == "en" and estimate.value is not None and value(estimate, lang).removeprefix(MINUS) == "1":
        return word.removesuffix("s")
    return word


def count(n: float, lang: str, *, exact: bool = False) -> str:
    """A count: `8,200 · 4.1万` in Chinese, `8.2K · 41K` in English; below 1,000 in full.

    `exact` keeps every digit, as counts that identify a design need (300 call-backs, 60 dealers).
    """
    _language(lang)
    if exact or abs(n) < 1000:
        return _plain(_rounded(n, 0), 0)
    return _scaled(_rounded(n, _leading(n) - 1), lang, place=_leading(n) - 1)


def money(x: float, lang: str, *, unit: str = "cny") -> str:
    """Yuan with two significant digits, `¥310万 · ¥1.1亿` or `¥3.1M · ¥110M`; dollars with `unit="usd"`."""
    _language(lang)
    return _write(x, unit, lang, place=_leading(x) - 1 if x else 0)


def change(before: Estimate, after: Estimate, lang: str) -> str:
    """The movement between two estimates of one unit, as a reader would subtract the printed values: `−4`, `+3`, `0`."""
    at = max(place(before), place(after)) if "count" not in (before.unit, after.unit) or "estimate" in (before.kind, after.kind) else 0
    moved = _rounded(_shown(after.value, after.unit), at) - _rounded(_shown(before.value, before.unit), at)
    amount = float(moved) / (100 if after.unit in _PERCENT else 1)
    text = _write(amount, "pp" if after.unit == "share" else after.unit, lang, place=at)
    return f"+{text}" if moved > 0 else text


def tick(x: float, unit: str, lang: str, *, step: float) -> str:
    """An axis label, with as many decimals as the step between ticks needs."""
    shown = abs(_shown(step, unit))
    at = _leading(shown) if shown else 0
    while at > -6 and abs(round(shown / 10**at) - shown / 10**at) > 1e-9:
        at -= 1
    return _write(x, unit, lang, place=at if unit in _SCALED else min(at, 0))


def place(estimate: Estimate) -> int:
    """The power of ten at which value and interval are rounded, on the scale shown (shares in per cent).

    Two significant digits of the value; no decimals where the standard error reaches one unit (points, per cent);
    more digits where an interval would otherwise collapse onto its value or an end would read as zero. Bounds have no value: both ends are the
    finding, so the larger one has more digits where two would leave the smaller one off by more than two digits ever are ($45K to $111K, not
    $50K to $110K beside an estimate of $45K that is that end).
    """
    around = _ends(estimate)
    shown = [_shown(x, estimate.unit) for x in around or ()]
    main = _shown(estimate.value, estimate.unit) if estimate.value is not None else max(shown, key=abs, default=0.0)
    size = abs(main) or max((abs(x) for x in shown), default=0.0)
    at = _leading(size) - (1 if main else 0) if size else 0
    while estimate.kind == "bounds" and estimate.unit in _SCALED and _blurs(min((abs(x) for x in shown if x), default=0.0), at):
        at -= 1
    if estimate.unit in _WHOLE:
        at = min(at, 0)
    if around is None:
        return at
    error = _shown(estimate.std_error, estimate.unit) if estimate.std_error else abs(shown[1] - shown[0]) / 3.92
    if estimate.unit not in _SCALED:
        floor = 0 if error >= 1 or (estimate.unit == "points" and error >= 0.5 and size >= 10) else _leading(error) if error else at
        at = max(at, min(floor, 0))
    at = _uncollapsed(at, main if estimate.value is not None else None, shown)
    return at - 1 if _hides_sign(shown, at) and not _hides_sign(shown, at - 1) else at


def hides_sign(estimate: Estimate) -> bool:
    """Whether an end of the interval is printed as zero though it lies beside it."""
    return _hides_sign([_shown(x, estimate.unit) for x in _ends(estimate) or ()], place(estimate))


def _hides_sign(ends: list[float], at: int) -> bool:
    """Whether rounding turns an end beside zero into zero, so that a reader cannot see whether the range holds it."""
    return any(end != 0 and _rounded(end, at) == 0 for end in ends)


def _blurs(end: float, at: int) -> bool:
    """Whether rounding moves the smaller end by more than a twentieth, as far as two significant digits ever do, and one place finer tells it."""
    return abs(float(_rounded(end, at)) - end) > end / 20 and _rounded(end, at - 1) != 0


def _uncollapsed(at: int, main: float | None, ends: list[float]) -> int:
    low, high = ends
    if high - low <= 1e-9 * max(1.0, abs(high)):
        return at
    for finer in range(at, at - 4, -1):
        marks = {_rounded(low, finer), _rounded(high, finer)}
        inside = main is not None and low < main < high
        if len(marks) == 2 and not (inside and _rounded(main, finer) in marks):
            return finer
    return at - 3


def _ends(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.kind == "bounds":
        return estimate.bound_low, estimate.bound_high
    if estimate.kind == "estimate":
        return estimate.conf_low, estimate.conf_high
    return None


def _language(lang: str) -> str:
    if lang not in _SCALES:
        raise ParameterError(f"Language '{lang}' is not known; there are zh and en.")
    return lang


def _shown(x: float, unit: str) -> float:
    return x * 100 if unit in _PERCENT else x


def _leading(x: float) -> int:
    """Power of ten of the first significant digit, after rounding to two digits (9.96 leads with tens)."""
    _finite(x)
    return int(f"{abs(x):.1e}".split("e")[1])


def _finite(x: float) -> None:
    if not math.isfinite(x):
        raise ParameterError(f"Only finite numbers can be printed, not {x}.")


def _rounded(x: float, at: int) -> Decimal:
    _finite(x)
    number = Decimal(f"{x:.9g}").quantize(Decimal(1).scaleb(at), rounding=ROUND_HALF_UP)
    return abs(number) if number == 0 else number


def _write(x: float, unit: str, lang: str, *, place: int, top: int | None = None) -> str:
    number = _rounded(_shown(x, unit), place)
    if unit in _SCALED:
        text = _scaled(number, lang, place=place, top=top)
        sign = MONEY.get(unit, "")
        return f"{MINUS}{sign}{text[1:]}" if sign and text.startswith(MINUS) else f"{sign}{text}"
    text = _plain(number, place)
    return f"{text}%" if unit == "share" else text


def _scale(number: Decimal, lang: str) -> int:
    return next((power for power, _ in _SCALES[lang] if abs(number) >= 10**power), 0)


def _scaled(number: Decimal, lang: str, *, place: int, top: int | None = None) -> str:
    power = _scale(number, lang)
    if top is not None:
        power = min(power, top)
    return _plain(number.scaleb(-power), place - power) + dict(_SCALES[lang])[power]


def _plain(number: Decimal, at: int) -> str:
    text = f"{abs(number):,.{max(0, -at)}f}"
    return MINUS + text if number < 0 else text
