"""Counts that are exact: who was heard, who left at which step, and a few facts in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from voclib import numbers
from voclib.reporting.figures.markup import both, each, figure, label, words
from voclib.reporting.figures.table import cell

BRICKS = {"heard": "h", "silent": "s", "never": "c"}


def render_funnel(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{title, subtitle, note, steps: [{label, left, count, value}], bricks: [{label, kind, share}], value_title}`."""
    wall = _wall(payload["bricks"]) if payload.get("bricks") else Markup("")
    steps = payload["steps"]
    money = any(s.get("value") is not None for s in steps)
    head = Markup('<th scope="col">{}</th><td class="b"></td><th scope="col" class="r">{}</th>').format(words("step"), words("count"))
    if money:
        head += Markup('<th scope="col" class="r">{}</th>').format(both(payload["value_title"]))
    first = max(s["count"] for s in steps) or 1
    before = [steps[0]["count"], *(s["count"] for s in steps)]
    rows = Markup("").join(_step(s, before[i], first, last=i == len(steps) - 1, money=money) for i, s in enumerate(steps))
    table = Markup('<table class="fun"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, rows)
    return figure(wall + table, title=payload.get("title"), subtitle=payload.get("subtitle"), note=payload.get("note"))


def _step(step: Mapping[str, Any], before: int, first: int, *, last: bool, money: bool) -> Markup:
    kept, lost = 100 * step["count"] / first, 100 * (before - step["count"]) / first
    bar = Markup('<svg aria-hidden="true" width="100%" height="18"><rect class="keep-b" x="0" y="1" width="{:.2f}%" height="16"/>{}</svg>').format(
        kept, Markup('<rect class="lost" x="{:.2f}%" y="1" width="{:.2f}%" height="16"/>').format(kept, lost) if lost > 0 else "")
    left = Markup('<br><span class="out">{}</span>').format(both(step["left"])) if step.get("left") else ""
    cells = Markup('<th scope="row">{}{}</th><td class="b">{}</td><td class="r n1">{}</td>').format(
        both(step["label"]), left, bar, f"{step['count']:,}")
    if money:
        amount = step.get("value")
        cells += Markup('<td class="r">{}</td>').format(numbers.DASH if amount is None else each(lambda lang: numbers.money(amount, lang)))
    return Markup('<tr class="{}">{}</tr>').format("last" if last else "", cells)


def hundred(shares: Sequence[float]) -> list[int]:
    """Shares as whole bricks that sum to 100 (largest remainder; ties go to the earlier part)."""
    total = sum(shares)
    exact = [100 * s / total for s in shares]
    whole = [int(x + 1e-9) for x in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[:100 - sum(whole)]:
        whole[i] += 1
    return whole


def _wall(parts: Sequence[Mapping[str, Any]]) -> Markup:
    """100 bricks in 25 columns of four, and their labels underneath."""
    sizes = hundred([p["share"] for p in parts])
    kinds = [BRICKS[p["kind"]] for p, n in zip(parts, sizes, strict=True) for _ in range(n)]
    brick = Markup('<rect class="{}" x="{}%" y="{}" width="3.4%" height="15" rx="2"/>')
    bricks = Markup("").join(brick.format(kind, 4 * (i // 4), 1 + 19 * (i % 4)) for i, kind in enumerate(kinds))
    sized = list(zip(parts, sizes, strict=True))
    name = label(lambda lang: ("，" if lang == "zh" else ", ").join(f"{n} {p['label'][lang]}" for p, n in sized))
    legend = Markup("").join(Markup('<div class="k-{}"><b>{}</b>{}</div>').format(BRICKS[p["kind"]], n, both(p["label"]))
                             for p, n in sized)
    wall = Markup('<svg class="waf" width="100%" height="78" role="img" aria-label="{}">{}</svg>').format(name, bricks)
    return wall + Markup('<div class="wafk">{}</div>').format(legend)


def render_facts(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{facts: [{label, value, unit, format}]}`: a row of counts that need no interval."""
    pairs = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(
            both(f["label"]), cell(f["value"], f), Markup(" <small>{}</small>").format(both(f["unit"])) if f.get("unit") else "")
        for f in payload["facts"])
    return Markup('<dl class="facts">{}</dl>').format(pairs)


def render_note(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{text}`: why a figure is not there."""
    return Markup('<p class="note">{}</p>').format(both(payload["text"]))
