"""The answers behind the lights of a concept test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from voclib.loop.launch_gate import lights as launch_lights
from voclib.loop.launch_gate import rule as launch_rule
from voclib.schema import store
from voclib.studies import counting

REPORT = "42-launch-gate"


def flows(tables: Mapping[str, pd.DataFrame], *, question: str = "intent_score", benchmark: str = "",
          rule_file: str | Path = launch_rule.TEMPLATE) -> tuple[counting.Flow, ...]:
    """Answers with a mark, one a customer and concept, of concepts that have enough of them, and of the product on sale."""
    found = launch_lights.prepared(tables, question)
    step = launch_lights.steps(found, question=question, sale=launch_lights.on_sale(found, benchmark),
                               fewest=launch_rule.load(store.locate(rule_file)).fewest)
    return (counting.made(REPORT, "concept_tests", tables["concept_tests"], step),)
