"""A small sample company, built once a session: raw exports, standard tables, planted truth and the scorecard of their import."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@dataclass(frozen=True)
class SmallCompany:
    """Tables as simulated, tables and scorecard as read back from the raw exports, and what was planted."""

    folder: Path
    truth: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    ingested: dict[str, pd.DataFrame]
    card: dict[str, Any]


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    """Six hundred customers of eight dealers."""
    from voclib import simulate
    from voclib.schema import store
    from voclib.sources import ingest

    folder = tmp_path_factory.mktemp("company")
    simulate.build(folder, customers=600)
    pool = ingest("sample", root=folder / "raw", out=folder / "pool")
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    return SmallCompany(folder, truth, store.read(folder / "standard"), pool.tables, pool.scorecard)
