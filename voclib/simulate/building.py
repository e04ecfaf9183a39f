"""Write the sample company to disk, table by table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voclib.progress import Progress
from voclib.schema import store
from voclib.simulate import BEGUN, company, truth
from voclib.simulate.exports.files import Exporter
from voclib.simulate.plan import Plan


def build(out: Path, *, customers: int, seed: int, raw: bool, asof: str, shuffle: int | None,
          progress: Progress | None) -> dict[str, Any]:
    """See `voclib.simulate.build`."""
    world = company.World(Plan(customers=customers, seed=seed, asof=asof))
    out.mkdir(parents=True, exist_ok=True)
    (out / BEGUN).touch()
    shutil.rmtree(out / "raw", ignore_errors=True)
    dirt: dict[str, Any] = {}
    with Exporter(out / "raw", world=world, shuffle=shuffle) as exporter:
        for done, name in enumerate(company.TABLES):
            if progress is not None:
                progress(done, len(company.TABLES), name)
            frame = company.TABLES[name](world)
            store.write({name: _permuted(frame, shuffle)}, out / "standard")
            if raw:
                dirt |= exporter.export(name, frame)
    made = rounded({**truth.of(world), "dirt": dirt})
    (out / "truth.json").write_text(json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (out / BEGUN).unlink()
    if progress is not None:
        progress(len(company.TABLES), len(company.TABLES), "")
    return made


def _permuted(frame: pd.DataFrame, shuffle: int | None) -> pd.DataFrame:
    if shuffle is None:
        return frame
    return frame.iloc[np.random.default_rng(shuffle).permutation(len(frame))].reset_index(drop=True)


def rounded(value: Any) -> Any:
    """Plain JSON values: floats to eight significant digits, what is not a number as null."""
    match value:
        case dict():
            return {str(key): rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [rounded(item) for item in value]
        case bool() | np.bool_():
            return bool(value)
        case float() | np.floating():
            return float(f"{value:.8g}") if np.isfinite(value) else None
        case np.integer():
            return int(value)
        case _:
            return value
