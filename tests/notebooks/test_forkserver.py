"""Kernels forked by a server: the same as those that start by themselves, gone when they end, and never the only way to get one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tiny_edition import Here, edition, notebook

from voclib.running import run
from voclib.running.edition import Job, modules_read
from voclib.running.execute import Outcome, environment, execute, task
from voclib.running.forkserver import GRAMMAR, ForkedKernel, forkserver, light

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
SEEN = """\
import gc, os, signal, sys, threading
print(sys.executable, sys.path, os.getcwd(), hash("a"), sys.argv[1:2], sys.stdin.read() if sys.stdin.isatty() else "")
print({k: v for k, v in sorted(os.environ.items()) if k not in ("JPY_PARENT_PID", "IPYTHONDIR")}, os.environ["JPY_PARENT_PID"] == str(os.getppid()))
print(os.getpgrp() == os.getpid(), gc.isenabled(), signal.getsignal(signal.SIGCHLD), os.path.isdir(os.environ["IPYTHONDIR"]), __name__)"""
KNOWN = 'import sys\nprint("voclib.studies.scores" in sys.modules)'


def ran(root: Path, server: str, *sources: str) -> Outcome:
    notebook(root, "20-scores", *sources)
    return execute(task(Job("tiny", "20-scores", root / "notebooks/20-scores.ipynb", {}, {}), root, server))


def said(outcome: Outcome) -> list[str]:
    assert outcome.failure == ""
    cells = json.loads(outcome.executed)["cells"]
    return ["".join(o["text"]) for c in cells if c["cell_type"] == "code" for o in c["outputs"] if o["output_type"] == "stream"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("forked")
    with forkserver(["voclib.no_such_module", "voclib.charts", "voclib.studies.scores"], environment(root, root)) as address:
        yield address


def test_a_forked_kernel_is_like_one_that_started_by_itself(server: str, tmp_path: Path) -> None:
    forked, cold = (ran(tmp_path, address, SEEN) for address in (server, ""))
    assert forked == cold and "True" in said(forked)[0]
    assert [said(ran(tmp_path, address, KNOWN)) for address in (server, "")] == [["True\n"], ["False\n"]], "one knows the modules, the other does not"


def test_what_is_drawn_without_a_seed_differs_between_kernels(server: str, tmp_path: Path) -> None:
    free = "import random, uuid\nimport numpy as np\nprint(np.random.random(), random.random(), uuid.uuid4())"
    first, second = (said(ran(tmp_path, server, free))[0].split() for _ in range(2))
    assert not set(first) & set(second)
    seeded = "import numpy as np\nnp.random.seed(1)\nprint(np.random.random(), np.random.default_rng(1).random())"
    assert said(ran(tmp_path, server, seeded)) == said(ran(tmp_path, "", seeded))


def test_a_kernel_that_dies_is_told(server: str, tmp_path: Path) -> None:
    assert "notebook '20-scores': its kernel died" in ran(tmp_path, server, "import os\nos._exit(3)").failure
    assert ran(tmp_path, server, "x = 1").failure == "", "the server lives on"


def test_without_its_server_a_kernel_starts_by_itself(tmp_path: Path) -> None:
    with forkserver([], environment(tmp_path, tmp_path)) as address:
        pass
    assert said(ran(tmp_path, address, KNOWN)) == ["False\n"]
    with pytest.raises(OSError):
        ForkedKernel(address, ["kernel"], cwd=str(tmp_path), env={})


def test_kernels_end_with_their_server(tmp_path: Path) -> None:
    argv = ["kernel", "-f", str(tmp_path / "connection.json"), "--log-level=CRITICAL"]
    with forkserver([], environment(tmp_path, tmp_path)) as address:
        kernel, other = (ForkedKernel(address, argv, cwd=str(tmp_path), env={**os.environ, **environment(tmp_path, tmp_path)}) for _ in range(2))
        assert kernel.poll() is None and kernel.pid != other.pid
        other.kill()
        assert other.wait(10) is not None and kernel.wait(2) is None, "the other one's end is not its own"
    assert kernel.wait(10) is not None
    kernel.terminate()  # nobody is there; nobody else is hit


@pytest.mark.parametrize("elsewhere", ["platform", "path"])
def test_no_server_where_none_can_be(elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if elsewhere == "platform":
        monkeypatch.setattr(sys, "platform", "darwin")
    else:
        (long := tmp_path / ("x" * 100)).mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(long))
    with forkserver([], {}) as address:
        assert address == ""


def test_the_grammar_nobody_asks_is_left_out_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, GRAMMAR, raising=False)
    with light(), pytest.raises(ImportError):
        __import__(GRAMMAR)
    assert GRAMMAR not in sys.modules
    monkeypatch.setitem(sys.modules, GRAMMAR, json)
    with light():
        assert __import__(GRAMMAR) is json
    assert sys.modules[GRAMMAR] is json


def test_the_longest_notebook_begins_first_and_its_imports_are_known(tmp_path: Path) -> None:
    notebook(tmp_path, "20-scores")
    notebook(tmp_path, "30-links", "import voclib, os", "from voclib import charts\nfrom voclib.studies import (scores, ledger as f)", "%time 1")
    here = Here()
    assert run(edition(tmp_path, n20_scores={}, n30_links={}), executor=here).executed == ("20-scores", "30-links")
    assert here.ran == ["30-links", "20-scores"]
    known = modules_read(tmp_path / "notebooks/30-links.ipynb")
    assert {"voclib", "voclib.charts", "voclib.studies.scores", "voclib.studies.ledger", "voclib.show"} <= set(known) and "os" not in known
