"""A real JupyterLab: open 20-scores by double click, Run All, live charts, no network."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.lab]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def lab(root: Path, sample_pool: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab started as `make lab` starts it, on a copy of the notebooks."""
    shutil.copytree(root / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    port, token = _free_port(), secrets.token_hex(16)
    home = {name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    command = [Path(sys.executable).parent / "jupyter", "lab", f"--config={root / 'lab/jupyter_lab_config.py'}", "--no-browser", "--allow-root",
               f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={tmp_path / 'notebooks'}"]
    environment = {k: v for k, v in os.environ.items() if k != "VOC_BATCH"} | home
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen([str(c) for c in command], env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=root)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api/status?token={token}", server, tmp_path / "lab.log")
            yield f"http://127.0.0.1:{port}/lab?token={token}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_up(address: str, server: subprocess.Popen, log: Path, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise AssertionError(f"JupyterLab ended at once:\n{log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=2) as reply:
                assert json.load(reply)["kernels"] == 0
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"JupyterLab did not answer within {seconds} s:\n{log.read_text()[-2000:]}")


def _run_all(page: Page) -> None:
    page.locator(".jp-DirListing-item", has_text="20-scores.ipynb").dblclick()
    expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_run_all_with_live_charts_and_no_network(lab: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    outside: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((lab.split("/lab")[0], "data:", "blob:", lab.split("/lab")[0].replace("http", "ws")))
            else outside.append(r.url))
    page.goto(lab)
    _run_all(page)
    cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
    failed = page.locator("[data-mime-type='application/vnd.jupyter.error']")
    last = cells.last
    for _ in range(60):  # the notebook draws only what is near the window, so look at both ends until the last cell has run
        last.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        cells.first.scroll_into_view_if_needed()
        last.scroll_into_view_if_needed()
        if failed.count() or last.locator(".jp-OutputArea-output").count():
            break
    assert failed.count() == 0, failed.first.inner_text()
    assert last.locator(".jp-OutputArea-output").count() > 0, "the last cell shows nothing"
    charts = _live_charts(page)
    assert charts >= 2, f"{charts} live chart(s) drawn"
    assert outside == []
    page.close()


def _live_charts(page: Page) -> int:
    """Scroll through the notebook, as JupyterLab draws only what is near the window, and count the charts drawn live by Vega."""
    seen: set[int] = set()
    cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
    for i in range(cells.count()):
        cells.nth(i).scroll_into_view_if_needed()
        page.wait_for_timeout(400)
        if cells.nth(i).locator(".vega-embed canvas, .vega-embed svg.marks, .vega-embed .marks").count():
            seen.add(i)
    return len(seen)
