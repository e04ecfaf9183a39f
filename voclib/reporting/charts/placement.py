"""Where words go on a chart: wrapped to a width, moved apart, beside their point, and the small key of marks over a plot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from voclib.reporting.charts.drawing import pixels
from voclib.reporting.theme import ACCENT, INK, INK_2, PAPER

LINE = 18  # px between two lines of 12- or 13-px text
_OFFSETS: tuple[tuple[int, int, str], ...] = ((11, 0, "left"), (-11, 0, "right"), (0, -15, "center"), (0, 17, "center"), (9, -15, "left"),
                                              (-9, -15, "right"), (9, 16, "left"), (-9, 16, "right"), (9, -31, "left"), (-9, -31, "right"),
                                              (9, 33, "left"), (-9, 33, "right"), (9, -48, "left"), (-9, -48, "right"), (9, 50, "left"),
                                              (-9, 50, "right"), (9, 67, "left"), (-9, 67, "right"), (9, -65, "left"), (-9, -65, "right"))
_UNBROKEN = re.compile(r"[（“《]*(?:\d[\d,.%]*(?:\s?[\u4e00-\u9fff]{1,2}|\s[a-z]+)?|[\u2e80-\uffff]|[^\s\u2e80-\uffff]+)[，。、）：；？！”》]*\s*")
Sign = Literal["dot", "ring", "diamond", "band", "bounds", "line"]


def wrap(text: str, room: float, *, most: int = 2) -> str:
    """The text in at most so many lines of `room` px, broken at a space where one is near; what is left over stays on the last line."""
    lines, rest = [], text
    if room < pixels(text) <= 1.8 * room and most == 2:
        room = min(room, 0.56 * pixels(text) + 14)  # two lines of about one length, no last word alone
    while len(lines) < most - 1 and pixels(rest) > room:
        cut = next((k for k in range(len(rest) - 1, 0, -1) if pixels(rest[:k]) <= room), 1)
        soft = max((k for k in range(1, cut + 1) if rest[k - 1] in " ，、·" or rest[k] in " （("), default=0)
        cut = soft if soft > cut * 0.4 else cut
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return "\n".join([*lines, rest])


def fold(text: str, room: float, *, most: int = 3, rest: float | None = None) -> list[str]:
    """The text in lines of about one length within `room` px: no word is cut, a number keeps its measure word, punctuation its word.

    With `rest`, more than two such lines are written in longer ones of which only the first keeps to `room`, as where numbers stand beside it.
    What does not fit in `most` lines stays on the last.
    """
    lines = _filled(_UNBROKEN.findall(text), room)
    if rest is not None and len(lines) > 2:
        return [lines[0].strip(), *fold("".join(lines[1:]), rest, most=most - 1)]
    for narrower in range(round(room) - 4, 0, -4):
        tried = _filled(_UNBROKEN.findall(text), narrower)
        if len(tried) > len(lines) or max(map(pixels, tried)) > room:
            break
        lines = tried
    if len(lines) > most:
        lines = [*lines[:most - 1], "".join(lines[most - 1:])]
    return [line.strip() for line in lines]


def title(text: str, room: float) -> str | list[str]:
    """The title of an axis in one line where it fits, else in two."""
    lines = fold(text, room, most=2)
    return lines if len(lines) > 1 else lines[0]


def _filled(parts: Sequence[str], room: float) -> list[str]:
    lines = [""]
    for part in parts:
        if lines[-1] and pixels((lines[-1] + part).rstrip()) > room:
            lines.append("")
        lines[-1] += part
    return lines


def spread(values: Sequence[float], gap: float, *, low: float, high: float) -> list[float]:
    """The values moved at least `gap` apart, in their order, inside low to high where there is room."""
    order = sorted(range(len(values)), key=lambda k: (values[k], k))
    spots = list(values)
    for before, k in zip([None, *order], order, strict=False):
        spots[k] = max(values[k], low) if before is None else max(values[k], spots[before] + gap)
    ceiling = high
    for k in reversed(order):
        spots[k] = min(spots[k], ceiling)
        ceiling = spots[k] - gap
    return spots


@dataclass(frozen=True)
class Spot:
    """Where a label stands beside its point, in px."""

    dx: int
    dy: int
    align: str


def beside(points: Sequence[tuple[float, float]], texts: Sequence[str], *, width: float, height: float,
           others: Sequence[tuple[float, float]] = ()) -> list[Spot | None]:
    """For each point (px from the top left) the first place around it where its text hides no other text and no point; None where there is none."""
    dots = [(x - 6.0, y - 6.0, x + 6.0, y + 6.0) for x, y in [*points, *others]]
    taken: list[tuple[float, float, float, float]] = []
    found: list[Spot | None] = []
    for (x, y), text in zip(points, texts, strict=True):
        wide = pixels(text)
        spot = None
        for strict in (True, False):
            for dx, dy, align in _OFFSETS:
                left = x + dx - {"left": 0, "center": wide / 2, "right": wide}[align]
                box = (left, y + dy - 8, left + wide, y + dy + 8)
                free = all(_apart(box, b) for b in (taken + dots if strict else taken))
                if spot is None and free and box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height:
                    spot = Spot(dx, dy, align)
                    taken.append(box)
        found.append(spot)
    return found


def _apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@dataclass(frozen=True)
class Key:
    """One entry of a key: how the mark looks, its colours, and what it stands for."""

    sign: Sign
    words: str
    colour: str = ACCENT
    edge: str = PAPER


def words(text: str, *, x: Any, y: Any, colour: str = INK_2, **mark: Any) -> alt.Chart:
    """One text at a place of its own."""
    return alt.Chart(alt.Data(values=[{}])).mark_text(**{"align": "left", "fontSize": 12, "color": colour} | mark).encode(
        x=alt.XValue(x) if isinstance(x, (int, float)) else x, y=alt.YValue(y) if isinstance(y, (int, float)) else y, text=alt.TextValue(text))


def key(entries: Sequence[Key], *, width: float, above: int = 0) -> tuple[list[alt.Chart], int]:
    """Marks with their words in lines over the plot, `above` px higher; and how many px the lines take."""
    lines: list[list[tuple[float, Key]]] = [[]]
    at = 0.0
    for entry in entries:
        wide = 22 + pixels(entry.words) + 18
        if lines[-1] and at + wide - 18 > width:
            lines.append([])
            at = 0.0
        lines[-1].append((at, entry))
        at += wide
    layers = []
    for row, line in enumerate(lines):
        y = -above - 14 - LINE * (len(lines) - 1 - row)
        for x, entry in line:
            layers += [_sign(entry, x, y), words(entry.words, x=x + 20, y=y, baseline="middle", colour=INK)]
    return layers, LINE * len(lines) + 8


def _sign(entry: Key, x: float, y: float) -> alt.Chart:
    base = alt.Chart(alt.Data(values=[{}]))
    if entry.sign in ("band", "bounds", "line"):
        half = 1.25 if entry.sign == "line" else 6
        edge = {"stroke": entry.edge, "strokeWidth": 1.25} if entry.sign == "bounds" else {}
        return base.mark_rect(color=entry.colour, **edge).encode(
            x=alt.XValue(x), x2=alt.X2Value(x + 15), y=alt.YValue(y - half), y2=alt.Y2Value(y + half))
    look = {"ring": {"fill": PAPER, "stroke": entry.colour, "strokeWidth": 2}, "dot": {"fill": entry.colour, "stroke": entry.edge, "strokeWidth": 1},
            "diamond": {"fill": entry.colour, "stroke": PAPER, "strokeWidth": 1, "shape": "diamond"}}[entry.sign]
    return base.mark_point(**{"size": 100, "opacity": 1} | look).encode(x=alt.XValue(x + 7), y=alt.YValue(y))
