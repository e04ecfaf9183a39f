"""House figures: escaped, bilingual HTML with inline SVG, drawn from Estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from voclib.errors import ParameterError, nearest
from voclib.reporting.figures import board, checks, counts, headline, intervals, ladder, table

RENDERERS: dict[str, Callable[[Mapping[str, Any]], Markup]] = {
    "headline": headline.render, "ladder": ladder.render, "intervals": intervals.render, "checks": checks.render,
    "limits": checks.render_limits, "table": table.render, "funnel": counts.render_funnel, "facts": counts.render_facts,
    "note": counts.render_note, "absent": counts.render_note, "board": board.render,
}
KINDS = tuple(RENDERERS)


def mime(kind: str) -> str:
    """The media type under which a notebook carries the payload of a figure."""
    return f"application/vnd.voc.{kind}+json"


def render(payload: Mapping[str, Any], *, kind: str) -> Markup:
    """Trusted HTML of one figure; every text of the payload is escaped. `show` builds the payloads.

    Raises
    ------
    ParameterError
        if `kind` is not one of `KINDS`.
    """
    if kind not in RENDERERS:
        raise ParameterError(f"There is no figure of kind '{kind}'; {nearest(kind, KINDS)}")
    return RENDERERS[kind](payload)
