"""The repairs and batches behind the comparison of batches, and the voices behind that of operations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.studies import counting
from voclib.studies.root_cause import batches as root_cause_batches
from voclib.studies.root_cause import operations as root_cause_operations
from voclib.studies.root_cause import voice as root_cause_voice

REPORT = "12-root-cause"
NONE = "no_batches"


def flows(tables: Mapping[str, pd.DataFrame], *, fdr: float = 0.05) -> tuple[counting.Flow, ...]:
    """Repairs held against vehicles fitted, batches held against siblings, complaints of dealers."""
    made = {name: counting.made(REPORT, name, tables[name], np.full(len(tables[name]), NONE, dtype=object)) for name in ("repairs", "batches")
            if name in tables}
    can = root_cause_batches.refused(tables) is None
    found = root_cause_batches.study(tables["repairs"], tables["batches"], fdr=fdr) if can else None
    if found is not None and root_cause_batches.unseen(found) is None:
        told = found.table.set_index("batch_id")["ratio"]
        place = tables["batches"]["batch_id"].map(told.isna())
        steps = np.select([place.isna(), place.fillna(False).astype(bool)], [root_cause_batches.OTHER, root_cause_batches.NONE], "").astype(object)
        made = {"repairs": counting.made(REPORT, "repairs", tables["repairs"], found.cells.steps),
                "batches": counting.made(REPORT, "batches", tables["batches"], steps)}
    if root_cause_operations.refused(tables) is None:
        made["responses"] = counting.made(REPORT, "responses", tables["responses"], _voices(tables))
    return tuple(made.values())


def _voices(tables: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Where each voice is left out of the complaints of dealers."""
    given = tables["responses"]["response_id"]
    spoken = root_cause_voice.spoken(tables["responses"])
    kept = root_cause_operations.complaints(tables)[0]["response_id"]
    somewhere = root_cause_operations.of_dealers(spoken, tables.get("units"))["response_id"]
    tests = [given.isin(kept), ~given.isin(spoken["response_id"]), ~given.isin(somewhere)]
    return np.select(tests, ["", "wordless", "nowhere"], "pleased").astype(object)
