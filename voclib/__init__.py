"""Customer-voice research: from channel exports to published, reproducible reports.

In a notebook: `data = voclib.load("data/standard/sample")`, then `data.responses`; `voclib.enable()` switches on charts.
Names below are imported when first used, so `import voclib` costs nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.1.0"

_MODULES = {"charts": "voclib.reporting.charts", "show": "voclib.reporting.show", "metrics": "voclib.stats.metrics",
            "gates": "voclib.stats.gates", "progress": "voclib.progress", "inference": "voclib.stats.inference",
            "validation": "voclib.studies.validation", "schema": "voclib.schema", "sources": "voclib.sources", "simulate": "voclib.simulate"}
_NAMES = {"enable": "voclib.reporting.theme",
          **dict.fromkeys(("Check", "Estimate", "Ladder", "Study", "Text", "Verdict", "refusal", "tidy"), "voclib.results"),
          **dict.fromkeys(("DataError", "ParameterError", "RunError", "VocError"), "voclib.errors")}
__all__ = ["Tables", "findings", "load", "locate", "scorecard", "truth", *_MODULES, *_NAMES]


class Tables(Mapping):
    """Standard tables by name; each is read when it is first asked for. `tables.responses` is `tables["responses"]`.

    `tables.timezone` is the zone of the mapping that they were read by, empty where none is known.
    """

    def __init__(self, read: Callable[[str], pd.DataFrame], names: Iterable[str], timezone: str = "") -> None:
        self._read, self._names, self._held, self.timezone = read, tuple(names), {}, timezone

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._held:
            self._held[name] = self._read(name)
        return self._held[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if not name.startswith("_") and name in self:
            return self[name]
        from voclib.errors import nearest

        raise AttributeError(f"The table '{name}' was not loaded; {nearest(name, [] if name.startswith('_') else self)}")


def load(data: str, *names: str) -> Tables:
    """Standard tables of a folder such as `data/standard/sample`; all of them, or those named.

    A relative path counts from the repository's root, whatever the working directory, so that a notebook finds its data both
    in JupyterLab and under the runner. Tables that are named are read at once, others when they are first used.

    Raises
    ------
    DataError
        if the folder or a named table is not there; the message says which command builds it.
    """
    from voclib.schema import store

    folder = locate(data)
    tables = Tables(lambda name: store.read(folder, name)[name], names or store.held(folder), _timezone(folder))
    for name in names:
        tables[name]
    return tables


def _timezone(folder: Path) -> str:
    """The zone that the scorecard beside the tables names; tables that no mapping made have none."""
    card = folder / "scorecard.json"
    return str(json.loads(card.read_text("utf-8")).get("timezone", "")) if card.is_file() else ""


def locate(data: str) -> Path:
    """Where a data path lies: from the root of the repository whose edition runs, or of this repository in a notebook opened by hand.

    A path such as `$VOC_PUBLIC_DATA/nhefs` lies in the folder that the environment variable names.

    Raises
    ------
    ParameterError
        if that variable is not set, or the path is empty.
    """
    from voclib.errors import ParameterError
    from voclib.running.workspace import resolved
    from voclib.schema import store

    if not str(data):
        raise ParameterError("The path of a file or folder is empty; name one, for example  dictionary_file: params/rules/aspects.yml")
    root = os.environ.get("VOC_ROOT")
    if root or str(data).startswith("$"):
        return resolved(data, Path(root) if root else store.repository())
    return store.locate(data)


def scorecard(data: str) -> dict[str, Any]:
    """What `voc ingest` found in the raw files of a folder: rows per channel, valid share, missing fields, repairs, quarantine.

    Raises
    ------
    DataError
        if the folder holds no scorecard.
    """
    from voclib.errors import DataError

    path = locate(data) / "scorecard.json"
    if not path.is_file():
        raise DataError(f"There is no scorecard in {data}; 'voc ingest' writes one beside the tables.")
    return json.loads(path.read_text("utf-8"))


def findings(folder: str) -> dict[str, dict[str, Any]]:
    """What the reports of an edition found, by notebook, as `<report>.json` holds it; those that only state others' findings are left out.

    The runner hands over the edition's own folder and runs such a notebook after the others. In JupyterLab it is what was last published.

    Raises
    ------
    DataError
        if no report lies in the folder, or one is no JSON.
    """
    from voclib.errors import DataError

    where, found = _reports(folder), {}
    for path in sorted(where.glob("*.json")):
        try:
            finding = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise DataError(f"{path.name} in {folder} is no JSON ({error}); publish it anew with 'voc run --force'.") from error
        if not finding.get("provenance", {}).get("reads"):
            found[path.stem] = finding
    if not found:
        raise DataError(f"There are no reports in {folder}; 'voc run params/<edition>.yml' publishes those that this page states anew.")
    return found


def _reports(folder: str) -> Path:
    """A folder of reports; `reports/…` is where the run that goes on publishes."""
    first, _, rest = folder.partition("/")
    own = os.environ.get("VOC_REPORTS")
    return locate(f"{own}/{rest}") if own and first == "reports" else locate(folder)


def truth(path: str) -> dict[str, Any]:
    """What `voc simulate` planted, such as `data/sample/truth.json`; for showing how far a method is off, never for estimating.

    Raises
    ------
    DataError
        if there is no such file.
    """
    from voclib.errors import DataError

    file = locate(path)
    if not file.is_file():
        raise DataError(f"There is no planted truth at {path}; 'voc simulate' writes one beside the raw exports.")
    return json.loads(file.read_text("utf-8"))


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    from voclib.errors import nearest

    if not name.startswith("_") and find_spec(f"voclib.studies.{name}"):
        raise AttributeError(f"voclib has no '{name}'; write  from voclib.studies import {name}")
    raise AttributeError(f"voclib has no '{name}'; {nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
