"""The cases that became cards of the library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from voclib.loop import case_library
from voclib.loop.case_library import rule as case_library_rule
from voclib.schema import store
from voclib.studies import counting

REPORT = "53-case-library"


def flows(tables: Mapping[str, pd.DataFrame], *, population: int = 0, seed: int = 0,
          rule_file: str | Path = case_library_rule.TEMPLATE) -> tuple[counting.Flow, ...]:
    """Closed cases of a kind that is not rare, drawn at random by the seed, with enough matching customers."""
    rule = case_library_rule.load(store.locate(rule_file))
    made = case_library.study(tables, rule, population=population, seed=seed)
    drawn, kept = ((), ()) if made.audit is None else (made.audit.cards["case_id"], made.audit.released["case_id"])
    step, ids = made.found["step"].to_numpy(dtype=object), made.found["case_id"]
    step = np.where((step == "") & ~ids.isin(drawn).to_numpy(), "lot", step)
    return (counting.made(REPORT, "cases", tables["cases"], np.where((step == "") & ~ids.isin(kept).to_numpy(), "withheld", step)),)
