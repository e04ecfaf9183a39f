"""Run an edition: validate all, skip what is unchanged, execute, render, write whole files, registry, portal."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.errors import RunError, VocError
from voclib.progress import Progress
from voclib.running import index
from voclib.running.edition import Edition, Job, cells_of, load, modules_read, plan
from voclib.running.execute import Outcome, environment, execute, pool, task
from voclib.running.forkserver import forkserver
from voclib.running.provenance import Provenance, Tracer
from voclib.running.workspace import Workspace, digest, dumps, find, read_json, write

if TYPE_CHECKING:
    from voclib.reporting.page import Page



@dataclass(frozen=True)
class RunResult:
    """What a run did: notebooks executed, notebooks left as they were, files written anew, and the portal."""

    edition: str
    executed: tuple[str, ...]
    skipped: tuple[str, ...]
    written: tuple[Path, ...]
    standalone: tuple[Path, ...]
    portal: Path


def run(edition_path: str | Path, *, overrides: Mapping[str, Any] | None = None, only: tuple[str, ...] | None = None, force: bool = False,
        jobs: int | None = None, executor: Executor | None = None, progress: Progress | None = None, standalone: bool = False,
        root: str | Path | None = None, reports: str = "reports") -> RunResult:
    """Publish an edition under `reports/`.

    A notebook runs again only if its code, data, parameters or the edition's texts changed, its report is not as it was written,
    or `force` is set. `executor` is any `concurrent.futures.Executor` (a cluster's, say); the default is a pool of `jobs` processes.
    `progress(done, total, what)` is called after each notebook. `standalone` also writes one-file pages to `build/standalone/`.

    Raises
    ------
    ParameterError
        before any kernel starts: everything that is wrong with the edition, at once.
    RunError
        names each failed notebook, its cell and the cause; the other notebooks are published, the last good report of the failed one stands.
    """
    space = replace(find(edition_path, root=root), reports_name=reports)
    edition = load(edition_path)
    planned = plan(edition, overrides, space=space, only=only)
    hand = _Hand(space, edition, jobs=jobs, executor=executor, force=force, report=progress or (lambda done, total, what: None))
    for stage in (False, True):  # what others found is read when they have told it
        hand.run([job for job in planned if bool(job.reads) is stage])
    failures = hand.failures
    if only is None and not failures:
        index.remove_dropped(space, edition.edition, list(edition.notebooks))
    portal = index.refresh(space)
    alone = tuple(_standalone(edition, p, space) for p in hand.traced.values()) if standalone and not failures else ()
    if failures:
        raise RunError("\n".join(sorted(failures)))
    skipped = tuple(name for name in hand.traced if name not in hand.executed)
    return RunResult(edition.edition, tuple(hand.executed), skipped, tuple(hand.written), alone, portal)


class _Hand:
    """Runs one stage of an edition after the other: what is unchanged is left, what ran is published at once."""

    def __init__(self, space: Workspace, edition: Edition, *, jobs: int | None, executor: Executor | None, force: bool, report: Progress) -> None:
        self._space, self._edition, self._jobs, self._executor = space, edition, jobs, executor
        self._force, self._report, self._cache = force, report, _Cache(space, edition.edition)
        self.traced: dict[str, Provenance] = {}
        self.executed: list[str] = []
        self.written: list[Path] = []
        self.failures: list[str] = []

    def run(self, planned: list[Job]) -> None:
        """Execute what changed of a stage; where an earlier one failed, nothing, since its findings would be of two runs."""
        if not planned:
            return
        if self.failures:
            names = ", ".join(job.notebook for job in planned)
            self.failures.append(f"Not run, since they state what the others found: {names}. Their last good reports stand. "
                                 "Mend what failed, or take it out of the edition's notebooks.")
            return
        tracer = Tracer(self._space)
        traced = {job.notebook: (job, tracer.provenance(job)) for job in planned}
        keys = {name: tracer.key(self._edition, *pair) for name, pair in traced.items()}
        tracer.save()
        self.traced |= {name: provenance for name, (_, provenance) in traced.items()}
        stale = [job for name, (job, _) in traced.items() if self._force or not self._cache.fresh(name, keys[name])]
        self._cache.forget_failures({job.notebook for job in stale})
        self.executed += [job.notebook for job in stale]
        self._report(0, len(stale), "")
        for done, outcome in enumerate(outcomes(stale, self._space, jobs=self._jobs, executor=self._executor), start=1):
            self._take(outcome, keys[outcome.notebook])
            self._report(done, len(stale), outcome.notebook)

    def _take(self, outcome: Outcome, key: str) -> None:
        try:
            files = _publish(outcome, self._edition, self.traced[outcome.notebook], self._space)
            self.written += [path for path, content in files.items() if write(path, content)]
            self._cache.enter(outcome.notebook, key, files)
        except VocError as error:
            self.failures.append(str(error))


def outcomes(planned: list[Job], space: Workspace, *, jobs: int | None = None, executor: Executor | None = None) -> Iterator[Outcome]:
    """Execute jobs, those of many cells first, and yield each as it ends; no executor is made where there is nothing to do."""
    if not planned:
        return
    workers = max(1, min(jobs or os.cpu_count() or 1, len(planned)))
    with _workers(executor, workers) as hands, (_forkserver(planned, space) if executor is None else nullcontext("")) as server:
        in_order = sorted(planned, key=_cells, reverse=True)
        futures = {hands.submit(execute, task(job, space.root, server, reports=space.reports_name)): job.notebook for job in in_order}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool as error:
                raise RunError(f"A worker process died while running '{futures[future]}'; often too little memory: try --jobs 1.") from error


def page(outcome: Outcome, edition: Edition, provenance: Provenance, *, standalone: bool = False) -> tuple[Page, dict[str, Any]]:
    """The page of an executed notebook and the finding it carries, as `<report>.json` holds it.

    Raises
    ------
    RunError
        if the notebook failed, or states no headline.
    """
    from voclib.reporting.page import render

    if outcome.failure:
        raise RunError(outcome.failure)
    node = json.loads(outcome.executed)
    for cell in node["cells"]:
        cell["source"] = "".join(cell["source"])  # all that nbformat, which takes a second to import, would do for a page
    texts = edition.model_dump(mode="json", include={"title", "company", "notice"})
    made = render(node, edition={"name": edition.edition, "title": texts["title"]}, report=outcome.notebook, provenance=provenance.footer(),
                  company=texts["company"], notice=texts["notice"], standalone=standalone)
    if made.finding is None:
        raise RunError(f"notebook '{outcome.notebook}' states no headline; end it with voclib.show.headline(study).")
    finding = {**made.finding, "edition": edition.edition, "notebook": outcome.notebook, "provenance": provenance.to_dict()}
    return made, finding


def _publish(outcome: Outcome, edition: Edition, provenance: Provenance, space: Workspace) -> dict[Path, bytes]:
    """The files of one report; the executed copy goes to `build/`, as `.failed.ipynb` where no page could be made of it."""
    copy = space.build / edition.edition / f"{outcome.notebook}.ipynb"
    failed = copy.with_suffix(".failed.ipynb")
    try:
        made, finding = page(outcome, edition, provenance)
    except VocError as error:
        write(failed, outcome.executed.encode())
        stands = "Its last good report stands; see" if (space.reports / edition.edition / f"{outcome.notebook}.html").is_file() else "See"
        raise RunError(f"{error}\n    {stands} {space.shown(failed)}.") from error
    write(copy, outcome.executed.encode())
    folder = space.reports / edition.edition
    assets = {space.reports / "_assets" / name: content for name, content in made.assets.items()}
    return assets | {folder / f"{outcome.notebook}.json": (dumps(finding, indent=1) + "\n").encode(),
                     folder / f"{outcome.notebook}.html": made.html.encode()}


def _standalone(edition: Edition, provenance: Provenance, space: Workspace) -> Path:
    """One file that carries its own script, for e-mail; made from the executed copy, without running anything."""
    name = provenance.notebook
    outcome = Outcome(name, (space.build / edition.edition / f"{name}.ipynb").read_text("utf-8"))
    path = space.build / "standalone" / edition.edition / f"{name}.html"
    write(path, page(outcome, edition, provenance, standalone=True)[0].html.encode())
    return path


@contextmanager
def _workers(executor: Executor | None, jobs: int) -> Iterator[Executor]:
    """The caller's executor, left open; or our own pool, closed on every way out, work not yet begun dropped."""
    if executor is not None:
        yield executor
        return
    own = pool(jobs)
    try:
        yield own
    finally:
        own.shutdown(wait=True, cancel_futures=True)


def _cells(job: Job) -> int:
    """How much code a notebook has: the longest should not be the last to begin."""
    return sum(cell["cell_type"] == "code" for cell in cells_of(job.path))


def _forkserver(planned: list[Job], space: Workspace) -> AbstractContextManager[str]:
    """A fork server whose kernels know what the notebooks import, and how tables are read."""
    modules = sorted({"voclib.schema.store", *(name for job in planned for name in modules_read(job.path))})
    return forkserver(modules, environment(space.build, space.root))


class _Cache:
    """`build/<edition>/runs.json`: which key wrote which bytes. A fresh clone has none, so it always executes."""

    def __init__(self, space: Workspace, edition: str) -> None:
        self._space, self._path = space, space.build / edition / "runs.json"
        self._runs = read_json(self._path)

    def fresh(self, notebook: str, key: str) -> bool:
        """Whether this key's files lie in place, byte for byte, and the executed copy too."""
        known = self._runs.get(notebook)
        if not known or known["key"] != key or not self._path.with_name(f"{notebook}.ipynb").is_file():
            return False
        return all((self._space.root / name).is_file() and digest((self._space.root / name).read_bytes()) == sha
                   for name, sha in known["files"].items())

    def forget_failures(self, stale: set[str]) -> None:
        """Take away copies of failed executions, of notebooks that are whole again or about to run."""
        for path in self._path.parent.glob("*.failed.ipynb"):
            if (name := path.name.removesuffix(".failed.ipynb")) in stale or name in self._runs:
                path.unlink()

    def enter(self, notebook: str, key: str, files: Mapping[Path, bytes]) -> None:
        """Remember a report at once, so that an interrupted run keeps what it finished."""
        self._runs[notebook] = {"key": key, "files": {self._space.shown(p): digest(c) for p, c in files.items()}}
        write(self._path, json.dumps(self._runs, sort_keys=True).encode())
