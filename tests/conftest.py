"""Shared by every test: where public data lie, and the rule that continuous integration skips nothing but GPU tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of real inputs nobody here made; never part of the repository."""
    folder = os.environ.get("VOC_PUBLIC_DATA")
    if not folder:
        pytest.skip("VOC_PUBLIC_DATA is not set")
    assert Path(folder).is_dir(), f"VOC_PUBLIC_DATA names {folder!r}, which is no folder"
    return Path(folder)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With CI=true a skipped test fails the run, tests marked `gpu` aside."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [r for r in reporter.stats.get("skipped", []) if "gpu" not in getattr(r, "keywords", {})]
    if os.environ.get("CI") == "true" and skipped and exitstatus == 0:
        reporter.write_line(f"{len(skipped)} test(s) were skipped; with CI=true a skipped test is a failure:", red=True)
        for report in skipped:
            reporter.write_line(f"  {report.nodeid}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def sample_pool(root: Path) -> Path:
    """The standard tables of the sample company, built as `make reports` builds them."""
    import fcntl
    import subprocess
    import sys

    voc = Path(sys.executable).parent / "voc"
    (root / "build").mkdir(exist_ok=True)
    with (root / "build" / "sample.lock").open("w") as lock:  # two workers may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["simulate", "--quiet"], ["ingest", "params/rules/sample.yml", "--if-changed", "--quiet"]):
            done = subprocess.run([str(voc), *command], cwd=root, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return root / "data" / "standard" / "sample"


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium without a head; a missing one is a failure, since a page nobody has opened is not finished."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.fail(f"There is no browser at {CHROMIUM}. The tests of pages need it: apt-get install chromium fonts-noto-cjk", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()
