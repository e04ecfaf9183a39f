"""An edition: which notebooks run, in which order, with which parameters. Everything is checked before any kernel starts."""

from __future__ import annotations

import ast
import json
import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from voclib import strictyaml
from voclib.errors import ParameterError, nearest
from voclib.running.parameters import Parameter, declared, fit
from voclib.running.workspace import REPORTS, Workspace, find, resolved

PUBLIC = "public"  # the parameter that names such files
PACKAGE = Path(__file__).resolve().parent.parent
_NAME = r"^[a-z][a-z0-9_-]*$"
_NOTEBOOK = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
Values = Annotated[dict[str, Any], BeforeValidator(lambda given: {} if given is None else given)]


class Words(BaseModel):
    """One text in both languages."""

    model_config = _STRICT
    zh: str
    en: str


class Edition(BaseModel):
    """`params/<edition>.yml` as written: scope and method only.

    `inputs` are mapping files ingested beforehand; `shared` goes to each notebook that declares the name;
    `notebooks` stand in run order with their own values.
    """

    model_config = _STRICT
    edition: Annotated[str, Field(pattern=_NAME)]
    title: Words
    company: Words
    notice: Words | None = None
    inputs: tuple[str, ...] = ()
    shared: Values = {}
    notebooks: Annotated[dict[Annotated[str, Field(pattern=_NOTEBOOK)], Values], Field(min_length=1)]


@dataclass(frozen=True)
class Job:
    """One notebook to run: every effective parameter, and those that differ from its own cell (`injected`).

    `reads` are the reports of the edition whose findings it states anew: those that do no such thing themselves.
    """

    edition: str
    notebook: str
    path: Path
    parameters: Mapping[str, Any]
    injected: Mapping[str, Any]
    data: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


FINDINGS = "findings"
"""The parameter by which a notebook says that it reads what other reports found: their folder, this edition's own unless given."""


def load(path: str | Path) -> Edition:
    """Read an edition.

    Raises
    ------
    ParameterError
        names the file and, for YAML errors, the line; all other problems are listed at once.
    """
    path = Path(path)
    if not path.is_file():
        known = [p.as_posix() for p in sorted(path.parent.glob("*.yml"))] if path.parent.is_dir() else []
        raise ParameterError(f"There is no edition {path}; {nearest(path.as_posix(), known)}")
    raw = strictyaml.parse(path.read_text("utf-8-sig"), file=path.name)
    if not isinstance(raw, dict):
        raise ParameterError(f"{path.name} holds no keys; an edition needs edition, title, company and notebooks.")
    if isinstance(raw.get("inputs"), list):
        raw["inputs"] = tuple(raw["inputs"])
    try:
        edition = Edition.model_validate(raw)
    except ValidationError as error:
        raise ParameterError(_listed(path.name, [_explained(e) for e in error.errors()])) from error
    if edition.edition != path.stem:
        raise ParameterError(f"{path.name} calls itself edition '{edition.edition}'; write 'edition: {path.stem}' or rename the file.")
    return edition


def plan(edition: Edition, overrides: Mapping[str, Any] | None = None, *, space: Workspace | None = None,
         only: tuple[str, ...] | None = None, check_data: bool = True) -> list[Job]:
    """The jobs of an edition in run order, every parameter settled: parameters cell < shared < notebook < overrides.

    Overrides go to each notebook that declares the name; `only` picks notebooks. Those that read findings come last.

    Raises
    ------
    ParameterError
        lists every problem found: unknown notebook, unknown or ill-typed parameter, key that is no name, missing data.
    """
    space = space or find(Path.cwd())
    overrides, problems = dict(overrides or {}), []
    names = list(edition.notebooks)
    for name in only or ():
        if name not in names:
            problems.append(f"--only {name}: edition '{edition.edition}' has no such notebook; {nearest(name, names)}")
    cells = dict(_declarations(names, space, problems))
    chosen = {n: c for n, c in cells.items() if not only or n in only}
    problems += _undeclared("shared", edition.shared, cells) + _undeclared("-p", overrides, chosen)
    told = tuple(name for name, declares in cells.items() if FINDINGS not in declares)
    jobs = [_job(edition, name, overrides, cells[name], space, problems, reads=() if name in told else told) for name in chosen]
    problems += [p for name in edition.inputs for p in _missing_input(name, space)]
    if check_data:
        problems += [p for job in jobs if job for p in _missing_data(job, space)]
    if problems:
        raise ParameterError(_listed(f"{edition.edition}.yml", problems))
    return sorted((job for job in jobs if job), key=lambda job: bool(job.reads))


def cell(path: Path) -> str:
    """The source of a notebook's `parameters` cell; empty where it has none."""
    for one in cells_of(path):
        if one["cell_type"] == "code" and "parameters" in one.get("metadata", {}).get("tags", []):
            return "".join(one["source"])
    return ""


def cells_of(path: Path) -> list[dict]:
    """The cells of a notebook file, read as plain JSON (nbformat costs a second to import)."""
    try:
        return json.loads(path.read_text("utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{path.name} is not a notebook: {error}.") from error


def _declarations(names: list[str], space: Workspace, problems: list[str]) -> Iterator[tuple[str, dict[str, Parameter]]]:
    known = [p.stem for p in space.notebooks.glob("*.ipynb")]
    for name in names:
        path = space.notebooks / f"{name}.ipynb"
        if not path.is_file():
            problems.append(f"notebook '{name}': there is no notebooks/{name}.ipynb; {nearest(name, known)}")
            continue
        try:
            yield name, declared(cell(path), notebook=name)
        except ParameterError as error:
            problems.append(str(error))


def _undeclared(source: str, given: Mapping[str, Any], cells: Mapping[str, dict[str, Parameter]]) -> list[str]:
    """Names that no notebook of the run declares."""
    known = {name for parameters in cells.values() for name in parameters}
    return [f"{source}: {_not_a_name(name) or f'no notebook declares the parameter {name!r}; {nearest(name, known)}'}"
            for name in given if name not in known]


def _job(edition: Edition, name: str, overrides: dict[str, Any], parameters: dict[str, Parameter], space: Workspace,
         problems: list[str], *, reads: tuple[str, ...] = ()) -> Job | None:
    own = edition.notebooks[name]
    before = len(problems)
    for key in own:
        if key not in parameters:
            takes = f"it takes {', '.join(parameters)}; {nearest(key, parameters)}" if parameters else "it takes no parameters"
            problems.append(f"notebook '{name}': {_not_a_name(key) or f'unknown parameter {key!r}; {takes}'}")
    values = {p: parameter.default for p, parameter in parameters.items()}
    if FINDINGS in values:
        values[FINDINGS] = f"{REPORTS}/{edition.edition}"
    for source, given in (("shared ", edition.shared), ("", own), ("-p ", overrides)):
        for key in parameters.keys() & given.keys():
            try:
                values[key] = fit(parameters[key], given[key])
            except ParameterError as error:
                problems.append(f"notebook '{name}': {source}{key} {error}")
    if len(problems) > before:
        return None
    injected = {k: v for k, v in values.items() if v != parameters[k].default or type(v) is not type(parameters[k].default)}
    data = tuple(v for k, v in values.items() if (k == "data" or k.endswith("_data")) and isinstance(v, str) and v)
    return Job(edition.edition, name, space.notebooks / f"{name}.ipynb", values, injected, data, reads)


def _not_a_name(key: str) -> str:
    return "" if key.isidentifier() and not keyword.iskeyword(key) else f"{key!r} is no parameter name (letters, digits, _)"


def _missing_input(name: str, space: Workspace) -> list[str]:
    if _outside(name):
        return [f"inputs: '{name}' must be a path within the repository, without '..'"]
    if (space.root / name).is_file():
        return []
    known = [space.shown(p) for p in (space.root / name).parent.glob("*.yml")]
    return [f"inputs: there is no {name}; {nearest(name, known)}"]


def _missing_data(job: Job, space: Workspace) -> Iterator[str]:
    if _outside(str(job.parameters.get(FINDINGS, ""))):
        yield f"notebook '{job.notebook}': {FINDINGS} '{job.parameters[FINDINGS]}' must be a folder of reports within the repository"
    for value in job.data:
        if _outside(value):
            yield f"notebook '{job.notebook}': data '{value}' must be a path within the repository, without '..'"
            continue
        try:
            where = resolved(value, space.root)
        except ParameterError as error:
            yield f"notebook '{job.notebook}': {error}"
            continue
        if value.startswith("$"):
            if not where.is_file() and not (where.is_dir() and any(where.iterdir())):
                yield f"notebook '{job.notebook}': there are no files at {value}; look at what the environment variable names"
        elif not where.exists():
            yield f"notebook '{job.notebook}': there is no {value}; {_how_to_build(value)}"
        elif where.is_dir() and not any(where.rglob("*.parquet")):
            yield f"notebook '{job.notebook}': {value} holds no tables (*.parquet); {_how_to_build(value)}"
        else:
            own = bool(job.parameters.get(PUBLIC))  # files of another kind are studied in place of the tables
            for table in tables_read(job.path) if where.is_dir() and any(where.glob("*.parquet")) and len(job.data) == 1 and not own else ():
                if not (where / f"{table}.parquet").is_file():
                    there = [p.stem for p in where.glob("*.parquet")]
                    yield f"notebook '{job.notebook}' reads the table {table}, which {value} lacks (there: {', '.join(sorted(there))}); " \
                          f"{_how_to_fill(value, table)}"


def tables_read(path: Path) -> list[str]:
    """Tables that a notebook names in `voclib.load(data, "table", …)`, and those without which it cannot begin, sorted.

    Cells that are no plain Python are passed over.
    """
    found = set(_needed().get(path.stem, ()))
    for call in (n for n in _nodes(path) if isinstance(n, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "load" and getattr(call.func.value, "id", "") in ("voclib", "voc"):
            found |= {a.value for a in call.args[1:] if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return sorted(found)


@cache
def _needed() -> dict[str, tuple[str, ...]]:
    """`NEEDED` of `voclib.studies.counting`, read without importing any study."""
    tree = ast.parse((PACKAGE / "studies" / "counting" / "__init__.py").read_text("utf-8"))
    return next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NEEDED")


def modules_read(path: Path) -> list[str]:
    """What of this library a notebook imports, by full name, sorted: `from voclib import charts` is `voclib.charts`."""
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{a.name}" for a in node.names}
    return sorted(name for name in found if name.split(".")[0] == "voclib")


def _nodes(path: Path) -> Iterator[ast.AST]:
    """Every node of the syntax trees of a notebook's code cells."""
    for one in cells_of(path):
        if one["cell_type"] == "code":
            try:
                yield from ast.walk(ast.parse("".join(one["source"])))
            except SyntaxError:  # a magic command; the kernel judges it
                continue


def _outside(value: str) -> bool:
    path = PurePosixPath(value.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in value


def _how_to_build(value: str) -> str:
    parts = PurePosixPath(value).parts
    if parts[:2] == ("data", "standard") and len(parts) > 2:
        return f"run 'voc ingest params/rules/{parts[2]}.yml'" + ("" if parts[2] != "sample" else " (after 'voc simulate')")
    return "run 'voc simulate'" if parts[:2] == ("data", "sample") else "run 'voc ingest params/rules/<name>.yml' or 'voc simulate'"


def _how_to_fill(value: str, table: str) -> str:
    """What to do about a table that an import did not make: a firm of one's own may have no such data at all."""
    parts = PurePosixPath(value).parts
    if parts[:2] != ("data", "standard") or len(parts) < 3 or parts[2] == "sample":
        return _how_to_build(value)
    return (f"name its columns under  {table}:  in params/rules/{parts[2]}.yml (data/README.md says which) and {_how_to_build(value)}, "
            "or leave the notebook out of the edition")


def _explained(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = Edition.model_fields if len(error["loc"]) == 1 else Words.model_fields
        return f"unknown key '{where}'; {nearest(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"the key '{where}' is missing"
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]} (given: {str(error['input'])[:60]!r})"


def _listed(file: str, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{file}: {problems[0]}"
    return f"{file}: {len(problems)} problems\n" + "\n".join(f"- {p}" for p in problems)
