"""The sample company with planted truth, and the data-generating functions the tests draw from; never an estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voclib.errors import ParameterError
from voclib.progress import Progress

BEGUN = ".building"  # stands in a folder while a company is built there
_MADE = frozenset({"raw", "standard", "truth.json"})


def build(out: str | Path, *, customers: int = 20_000, seed: int = 20260701, raw: bool = True, asof: str = "2026-09-30", shuffle: int | None = None,
          progress: Progress | None = None) -> dict[str, Any]:
    """Build 辰星汽车 / Chenxing Motors; the truth.

    Writes `<out>/standard/<table>.parquet`, `<out>/truth.json` and, unless `raw` is false, the exports a real company has
    under `<out>/raw/`, dirty on purpose (counts in the truth under "dirt"). The same seed and size give the same bytes of every
    raw CSV, JSON and mailbox file and of the truth. `shuffle` puts the rows of every file in another order and changes nothing else.
    `progress(done, total, label)` is called before each table. Raises ParameterError below 50 customers or for an as-of
    date that does not end a quarter.
    """
    from voclib.simulate.building import build as made

    return made(Path(out), customers=customers, seed=seed, raw=raw, asof=asof, shuffle=shuffle, progress=progress)


def refuse_others(out: Path, shown: str) -> None:
    """ParameterError where `out`, called `shown`, holds anything but a company, built or begun: `build` deletes the raw/ it finds there."""
    held = {item.name for item in out.iterdir()} if out.is_dir() else set()
    shows = {name for name in held if not name.startswith(".")}
    if out.is_file() or (shows and not (held & {"truth.json", BEGUN} and shows <= _MADE)):
        raise ParameterError(f"{shown} is there already and was not built by voc simulate: name another folder with --out, "
                             "or add --force to build there, which deletes its raw/ and overwrites its tables.")
