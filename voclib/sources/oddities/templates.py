"""Verbatims in which a program left a field of its template unfilled: nobody writes {product_purchased}."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voclib.sources.accounting import Account

LEAST = 5  # one customer may quote such a thing
FIELD = re.compile(r"\{\{\s*[A-Za-z][\w .|-]*\}\}|\$?\{[A-Za-z][A-Za-z0-9]*(?:[_ .][A-Za-z0-9]+)*\}|<%=?[^%<>]{1,60}%>|\[\[[A-Za-z][\w .]*\]\]")


def build(responses: Account | None) -> Iterator[dict]:
    """By file, `unfilled_field`: how many voices (`n`) hold a field such as {product_purchased}, and the commonest of them."""
    if responses is None:
        return
    comments = responses.validated.accepted["comment"]
    for file, part in comments.groupby(responses.origin["_file"].to_numpy()):
        held = part.dropna().str.findall(FIELD)
        held = held[held.str.len() > 0]
        if len(held) >= LEAST:
            yield {"doubt": "unfilled_field", "file": str(file), "table": "responses", "column": "comment", "n": len(held),
                   "of": int(part.notna().sum()), "fields": held.explode().value_counts(sort=True).index[:3].tolist()}
