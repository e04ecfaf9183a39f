"""Findings of several reports under one another: in layers, each row with its interval, its evidence, its goal and the way to its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from voclib.reporting import wording
from voclib.reporting.figures.markup import both, figure, icon, verdict, words
from voclib.reporting.figures.rows import grade, mini, value
from voclib.results import Estimate

GOALS = {"reached": ("g-ok", "i-ok"), "missed": ("g-no", "i-fail"), "unclear": ("g-un", "i-info")}
"""Look and sign of a goal: reached, missed, or not to be told by the interval."""


def render(payload: Mapping[str, Any]) -> Markup:
    """HTML of `{title, subtitle, note, layers: [{title, rows: [row]}]}`.

    A row: `{label, what, report, estimate, naive, verdict, goal: {value, state, text} or None}`; without a label it has the estimand's name.
    """
    layers = Markup("").join(_layer(layer) for layer in payload["layers"])
    return figure(layers, title=payload.get("title"), subtitle=payload.get("subtitle"), note=payload.get("note"), style="board")


def _layer(layer: Mapping[str, Any]) -> Markup:
    rows = Markup("").join(_row(row) for row in layer["rows"])
    return Markup('<section class="lay"><h3>{}</h3><ol class="rows">{}</ol></section>').format(both(layer["title"]), rows)


def _row(row: Mapping[str, Any]) -> Markup:
    estimate = Estimate.from_dict(row["estimate"])
    naive = Estimate.from_dict(row["naive"]) if row.get("naive") else None
    goal = row.get("goal")
    what = Markup('<p class="so">{}</p>').format(both(row["what"])) if row.get("what") else ""
    go = Markup('<a class="go" href="{}.html"><b>{}</b> {}</a>').format(quote(row["report"], safe=""), words("read"), row["report"])
    number = Markup('<div class="val">{}</div>{}').format(value(estimate), mini(estimate, naive, goal=goal["value"] if goal else None))
    label = row["label"] or wording.name(estimate.estimand)
    return Markup('<li class="row"><div><h4>{}</h4>{}{}</div><div>{}</div><div class="vd">{}{}{}</div></li>').format(
        both(label), what, go, number, _goal(goal), verdict(row["verdict"]), grade(estimate))


def _goal(goal: Mapping[str, Any] | None) -> Markup:
    if not goal:
        return Markup("")
    look, sign = GOALS[goal["state"]]
    return Markup('<span class="goal {}">{}<span>{}</span></span>').format(look, icon(sign), both(goal["text"]))
