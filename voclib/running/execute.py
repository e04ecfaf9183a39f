"""Execute one notebook in a kernel of this very interpreter, from the repository root, with everything that varies held fixed."""

from __future__ import annotations

import json
import platform
import re
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.errors import RunError
from voclib.running.forkserver import light, provisioner
from voclib.running.normalise import normalise
from voclib.running.workspace import REPORTS

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager
    from nbformat import NotebookNode

    from voclib.running.edition import Job

_THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM", "NUMBA")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Task:
    """What a worker needs, as plain text: it travels to another process or machine. `forkserver` is where to ask for a kernel, `reports` the
    folder under `root` that this run publishes in."""

    notebook: str
    source: str
    parameters: str
    root: str
    forkserver: str = ""
    reports: str = REPORTS


@dataclass(frozen=True)
class Outcome:
    """What a worker hands back: the normalised notebook as JSON text, and the failure in words where there was one."""

    notebook: str
    executed: str
    failure: str = ""


def pool(jobs: int) -> Executor:
    """Fresh processes, `jobs` at a time; nothing is inherited by forking."""
    from multiprocessing import get_context

    return ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn"))


def task(job: Job, root: Path, forkserver: str = "", *, reports: str = REPORTS) -> Task:
    """The job with its parameters written into the notebook, right after the `parameters` cell.

    Names were matched against that cell and values are plain, so `repr` of a value is all that enters the code.
    """
    node = json.loads(job.path.read_text("utf-8"))
    for number, cell in enumerate(node["cells"], start=1):
        cell["id"] = f"c{number:03d}"
        cell["metadata"] = {"tags": cell.get("metadata", {}).get("tags", []), "voc": {"cell": number}}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    if job.injected:
        lines = [f"{name} = {job.injected[name]!r}" for name in job.injected]
        place = next(i for i, c in enumerate(node["cells"]) if "parameters" in c["metadata"]["tags"]) + 1
        node["cells"].insert(place, {
            "id": "injected", "cell_type": "code", "execution_count": None, "outputs": [], "source": "\n".join(["# Parameters", *lines]),
            "metadata": {"tags": ["injected-parameters"], "voc": {"cell": place}}})
    return Task(job.notebook, json.dumps(node), json.dumps(dict(job.parameters)), str(root), forkserver, reports)


def execute(task: Task) -> Outcome:
    """Run a notebook through papermill; a failing cell becomes an Outcome with its `failure` told, never an exception."""
    with light():
        import nbformat

    node = nbformat.reads(task.source, as_version=4)
    with tempfile.TemporaryDirectory(prefix="voc-") as folder:
        try:
            node, failure = _run(node, task, Path(folder)), ""
        except _Failed as error:
            node, failure = error.node, error.told
    parameters = json.loads(task.parameters)
    try:
        node = normalise(node, parameters=parameters, root=task.root, strict=not failure)
    except RunError as error:
        failure, node = f"notebook '{task.notebook}', {error}", normalise(node, parameters=parameters, root=task.root, strict=False)
    return Outcome(task.notebook, nbformat.writes(node), failure)


class _Failed(Exception):
    def __init__(self, node: NotebookNode, told: str) -> None:
        super().__init__(told)
        self.node, self.told = node, told


def _run(node: NotebookNode, task: Task, folder: Path) -> NotebookNode:
    import papermill
    from nbformat import ValidationError
    from papermill.exceptions import PapermillExecutionError

    copy = folder / "executed.ipynb"
    try:
        return papermill.execute_notebook(
            node, str(copy), kernel_name="voclib", progress_bar=False, language="python", record_timing=False, coalesce_streams=True,
            request_save_on_cell_execute=False, kernel_manager_class=_manager(folder, task),
            resources={"metadata": {"path": task.root}})
    except PapermillExecutionError as error:
        import nbformat

        failed = nbformat.read(copy, as_version=4)
        raise _Failed(failed, _told(task.notebook, node.cells[error.cell_index], error)) from error
    except ValidationError as error:
        raise _Failed(node, f"notebook '{task.notebook}': an output is of no kind a notebook may hold ({error.message}).") from error
    except RuntimeError as error:
        raise _Failed(node, f"notebook '{task.notebook}': its kernel died ({error}); often too little memory.") from error


def _told(notebook: str, cell: NotebookNode, error: Any) -> str:
    """Notebook, cell, cause, and the first lines of the cell."""
    cause = _ANSI.sub("", f"{error.ename}: {error.evalue}").strip()
    first = [f"    {line}" for line in cell.source.splitlines() if line.strip()][:3]
    return "\n".join([f"notebook '{notebook}', cell {cell.metadata['voc']['cell']}: {cause}", *first])


def _manager(folder: Path, task: Task) -> type[AsyncKernelManager]:
    """A kernel manager that knows one kernel: this interpreter. No kernel another Python installed can take its place."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from traitlets import default

    spec = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=CRITICAL"], display_name="voclib",
                      language="python", env={**environment(folder, Path(task.root)), "VOC_REPORTS": task.reports})

    # a socket in a folder of its own: neither ports nor names of parallel kernels can collide; its path must stay short
    use_sockets = sys.platform != "win32" and len(str(folder)) < 80

    class OneKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return spec

    class Manager(AsyncKernelManager):
        connection_file = str(folder / "connection.json")

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            if task.forkserver:
                self.provisioner = provisioner(task.forkserver)(kernel_id="", kernel_spec=spec, parent=self)

        @default("kernel_spec_manager")
        def _one_kernel(self) -> KernelSpecManager:
            return OneKernel()

        @default("transport")
        def _sockets(self) -> str:
            return "ipc" if use_sockets else "tcp"

        @default("ip")
        def _socket_name(self) -> str:
            return str(folder / "k") if use_sockets else "127.0.0.1"

    return Manager


def environment(folder: Path, root: Path) -> Mapping[str, str]:
    """What a kernel sees on top of the caller's environment, so that bytes repeat."""
    fixed = {"VOC_BATCH": "1", "VOC_ROOT": str(root), "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8",
             "PYTHONNOUSERSITE": "1", "VOC_PSEUDONYM_KEY": "", "IPYTHONDIR": str(folder / "ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    fixed |= {f"{name}_NUM_THREADS": "1" for name in _THREADS}
    if platform.machine().lower() in ("x86_64", "amd64"):
        fixed["OPENBLAS_CORETYPE"] = "Haswell"
    return fixed
