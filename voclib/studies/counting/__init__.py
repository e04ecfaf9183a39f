"""From rows read to rows counted: which rows of a table stand behind a report, and at which step each of the others was left out.

A report's module here asks the study itself which rows it kept; nothing is decided anew, so the chain cannot drift away from the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, nearest
from voclib.results import Text
from voclib.schema.tables import TABLES
from voclib.studies.counting import text as words

Tables = Mapping[str, pd.DataFrame]
COUNTED = {"00-sample-company": "company", "10-sentiment-aspects": "sentiment_aspects", "11-topics": "topics", "12-root-cause": "root_cause",
           "20-scores": "scores", "21-survivorship": "survivorship", "22-score-inflation": "inflation", "30-ex-voc": "ex_voc",
           "31-nps-revenue": "nps_revenue", "32-frontline": "frontline", "40-inner-loop": "inner_loop", "41-outer-loop": "outer_loop",
           "42-launch-gate": "launch_gate", "51-product": "product", "52-region": "region", "53-case-library": "case_library"}
"""Reports that count rows of standard tables, each with the module of this package that says which; a module is loaded when it is asked."""
NEEDED = {"21-survivorship": ("customers", "responses"), "30-ex-voc": ("employee_surveys", "responses"),
          "31-nps-revenue": ("customers", "touchpoints", "transactions"), "32-frontline": ("frontline_reports",), "40-inner-loop": ("cases",),
          "41-outer-loop": ("projects",), "42-launch-gate": ("concept_tests",), "53-case-library": ("cases", "customers")}
"""Standard tables without which a report cannot begin, where it reads standard tables; looked for before an edition runs."""
JOIN = " | "


@dataclass(frozen=True)
class Step:
    """One step of a chain: what it is, how many rows it takes away, how many are left after it."""

    name: str
    label: Text
    taken: int
    left: int


@dataclass(frozen=True)
class Flow:
    """Where the rows of one table go in one report.

    `where` holds for every row of the table, by key (parts joined by " | "), the step at which it is left out, "" where it is counted. `labels`
    names the steps in their order; `counted` says what the counted rows are in the report.
    """

    report: str
    table: str
    where: pd.Series
    labels: Mapping[str, Text]
    counted: Text

    @property
    def ids(self) -> pd.Index:
        """Keys of the rows counted."""
        return self.where.index[self.where.eq("").to_numpy()]

    @property
    def n(self) -> int:
        """How many rows are counted."""
        return int(self.where.eq("").sum())

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order, also those that take nothing away."""
        left, made = len(self.where), []
        sizes = self.where.value_counts()
        for name, label in self.labels.items():
            taken = int(sizes.get(name, 0))
            left -= taken
            made.append(Step(name, label, taken, left))
        return tuple(made)


def keys(frame: pd.DataFrame, table: str) -> pd.Index:
    """The keys of a table's rows as one text each, parts joined by " | "; days as 2026-07-01."""
    parts = [_written(frame[name]) for name in TABLES[table].metadata["key"]]
    made = parts[0]
    for part in parts[1:]:
        made = made + JOIN + part
    return pd.Index(made)


def _written(part: pd.Series) -> pd.Series:
    return part.dt.strftime("%Y-%m-%d") if pd.api.types.is_datetime64_any_dtype(part) else part.astype("str")


def made(report: str, table: str, frame: pd.DataFrame, step: Any) -> Flow:
    """The flow of a table whose rows, in their order, are left out at these steps ("" for those counted).

    Raises
    ------
    DataError
        for a step that has no words: a study left rows out for a reason that nobody could read.
    """
    labels = words.STEPS[report][table]
    where = pd.Series(np.asarray(step, dtype=object), index=keys(frame, table))
    if unnamed := sorted(set(where.unique()) - {"", *labels}):
        raise DataError(f"{report} leaves rows of {table} out at the step '{unnamed[0]}', which has no words; {nearest(unnamed[0], labels)}")
    return Flow(report, table, where, labels, words.COUNTED[report][table])


def by_key(frame: pd.DataFrame, table: str, steps: pd.Series) -> np.ndarray:
    """The steps of a table's rows in their order, out of steps by key.

    Raises
    ------
    DataError
        if a row has no step: the study was made from other tables.
    """
    found = steps.groupby(level=0).first().reindex(keys(frame, table)) if steps.index.has_duplicates else steps.reindex(keys(frame, table))
    if found.isna().any():
        raise DataError(f"{int(found.isna().sum()):,} of {len(frame):,} rows of {table} went nowhere, such as {found.index[found.isna()][0]}; "
                        "count with the tables that the study was made from.")
    return found.to_numpy(dtype=object)


def flows(report: str, tables: Tables, **parameters: Any) -> tuple[Flow, ...]:
    """Every chain of a report, its main table first; `parameters` are those of its notebook (`takes` names them).

    Raises
    ------
    ParameterError
        for a report that counts no rows of standard tables, a parameter its chain does not take, one that is missing.
    DataError
        as the study itself, where its tables do not carry it.
    """
    wanted = takes(report)
    if unknown := sorted(set(parameters) - set(wanted)):
        raise ParameterError(f"The rows of {report} do not depend on '{unknown[0]}'; {nearest(unknown[0], wanted)}")
    if absent := [name for name, must in wanted.items() if must and name not in parameters]:
        raise ParameterError(f"The rows of {report} depend on {', '.join(absent)}; give what its notebook is given.")
    return _module(report).flows(tables, **parameters)


def flow(name: str, tables: Tables, **parameters: Any) -> Flow:
    """One chain: of a report's main table ("22-score-inflation"), or of the table named behind a colon ("30-ex-voc:employee_surveys").

    Raises
    ------
    ParameterError, DataError
        as `flows`; ParameterError also for a table of which the report counts no rows.
    """
    report, _, table = name.partition(":")
    found = {one.table: one for one in flows(report, tables, **parameters)}
    if table and table not in found:
        raise ParameterError(f"{report} counts no rows of '{table}'; {nearest(table, found)}")
    return found[table] if table else next(iter(found.values()))


def takes(report: str) -> dict[str, bool]:
    """The parameters that a report's chains depend on, and whether each must be given.

    Raises
    ------
    ParameterError
        for a report that counts no rows of standard tables.
    """
    given = list(signature(_module(report).flows).parameters.values())[1:]
    return {one.name: one.default is one.empty for one in given}


def _module(report: str) -> Any:
    if report not in COUNTED:
        raise ParameterError(f"'{report}' counts no rows of standard tables; {nearest(report, COUNTED)}")
    return import_module(f"{__name__}.{COUNTED[report]}")


def reconcile(scorecard: Mapping[str, Any], chains: Flow | Iterable[Flow]) -> pd.DataFrame:
    """From the rows read in files to the rows counted: table, step, taken (rows left out), left (rows that remain).

    Steps that leave nothing out are not shown; each table's chain begins with its name.

    Raises
    ------
    DataError
        if the scorecard is not of these tables: it accepted another number of rows, or none.
    """
    rows: list[dict[str, Any]] = []
    for chain in _each(chains):
        lines = [*_read(scorecard, chain), *({"step": s.label, "taken": s.taken, "left": s.left} for s in chain.steps if s.taken),
                 {"step": chain.counted, "taken": None, "left": chain.n}]
        rows += [{"table": chain.table, **line} for line in lines]
    return pd.DataFrame(rows, columns=["table", "step", "taken", "left"]).astype({"taken": "Int64", "left": "Int64"})


def captions(table: pd.DataFrame) -> dict[str, Any]:
    """What the reconciliation is called on a page: the finding of its first chain, and the names of its columns."""
    name = str(table["table"].iloc[0])
    left = table.loc[table["table"].eq(name), "left"]
    return words.captions(words.table(name), int(left.iloc[0]), int(left.iloc[-1]))


def _each(chains: Flow | Iterable[Flow]) -> Sequence[Flow]:
    return (chains,) if isinstance(chains, Flow) else tuple(chains)


def _read(scorecard: Mapping[str, Any], chain: Flow) -> list[dict[str, Any]]:
    """The part of a chain that the import is responsible for: read, unreadable, made, quarantined, accepted."""
    found = scorecard.get("tables", {}).get(chain.table)
    if found is None:
        raise DataError(f"The scorecard does not mention the table '{chain.table}'; it mentions "
                        f"{', '.join(sorted(scorecard.get('tables', {}))) or 'none'}. "
                        "Read the raw files again with 'voc ingest', so that tables and scorecard belong together.")
    if found["accepted"] != len(chain.where):
        raise DataError(f"The scorecard accepted {found['accepted']:,} rows of {chain.table}, the table holds {len(chain.where):,}: the two do not "
                        "belong together. Read the raw files again with 'voc ingest'.")
    files = [entry for entry in scorecard["files"] if chain.table in entry.get("tables", ())]
    read, unreadable = (sum(int(entry[name]) for entry in files) for name in ("rows_read", "unreadable"))
    made_of = read - unreadable
    lines = [(words.read(chain.table, len(files)), None, read), (words.UNREADABLE, unreadable or None, made_of),
             (words.MADE, None, found["rows_made"]), (words.QUARANTINED, found["quarantined"] or None, found["rows_made"] - found["quarantined"]),
             (words.ACCEPTED, None, found["accepted"])]
    shown = [True, bool(unreadable), found["rows_made"] != made_of, bool(found["quarantined"]), True]
    return [{"step": text, "taken": taken, "left": left} for (text, taken, left), is_shown in zip(lines, shown, strict=True) if is_shown]
