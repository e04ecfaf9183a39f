"""A study that `voc new study` writes runs at once: lint, house rules, its own test, and its page; and its test can fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voclib.running.scaffold import new_study
from voclib.running.workspace import Workspace

NAME = "39-old-friends"
QUESTION = 'Do "old" friends\nrecommend us {more}? <script>alert(1)</script>'
RUN = """\
import sys
from study_tables import pool
from voclib import running
from voclib.schema import store
if __name__ == "__main__":
    store.write(pool(), "data/standard/sample")
    print(running.run("params/sample.yml", only=(sys.argv[1],), root=".", jobs=1).executed)
"""
COPIED = ("pyproject.toml", "tests/test_architecture.py", "tests/unit/study_tables.py", "tests/unit/wording_rules.py",
          "tests/unit/reporting/test_wording_lint.py", "tests/unit/conftest.py")


@pytest.fixture(scope="module")
def clone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a study needs of the repository, copied, with a small pool as the sample company and the new study written into it."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("voclib", "notebooks", "params"):
        shutil.copytree(root / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in COPIED:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, clone / name)
    (clone / "benchmarks").mkdir()
    new_study(Workspace(clone), NAME, question_zh="老朋友\t更愿意推荐吗？", question_en=QUESTION)
    return clone


def python(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """This Python with the clone's library before the installed one."""
    path = os.pathsep.join([str(clone), str(clone / "tests" / "unit")])
    return subprocess.run([sys.executable, *arguments], cwd=clone, capture_output=True, text=True, encoding="utf-8",
                          env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})


def checked(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Tests of the clone, run there."""
    return python(clone, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *arguments)


def test_the_page_is_made_and_says_that_it_is_a_draft(clone: Path) -> None:
    (clone / "go.py").write_text(RUN, "utf-8")
    done = python(clone, "go.py", NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    finding = json.loads((clone / f"reports/sample/{NAME}.json").read_text("utf-8"))
    page = (clone / f"reports/sample/{NAME}.html").read_text("utf-8")
    assert finding["question"] == {"zh": "老朋友 更愿意推荐吗？", "en": " ".join(QUESTION.split())}
    assert finding["verdict"] == "REPORT_WITH_CAVEAT" and finding["checks"][0]["passed"] is False
    assert finding["headline"][0]["kind"] == "estimate" and finding["headline"][0]["n_clusters"] == 24
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page


def test_it_keeps_the_rules_of_the_house_and_passes_its_own_test(clone: Path) -> None:
    lint = python(clone, "-m", "ruff", "check", "--no-cache", "voclib/studies/old_friends.py", "voclib/studies/old_friends_text.py",
                  "tests/unit/studies/test_studies_old_friends.py")
    assert lint.returncode == 0, lint.stdout
    done = checked(clone, "-v", "-k", "old_friends or old-friends", "tests")
    assert done.returncode == 0, done.stdout[-3000:]
    assert all(f"{name} ." in done.stdout for name in ("test_architecture.py", "test_wording_lint.py", "test_studies_old_friends.py")), done.stdout


def test_its_own_test_can_fail(clone: Path) -> None:
    study = clone / "voclib/studies/old_friends.py"
    whole = study.read_text("utf-8")
    try:
        study.write_text(whole.replace("cluster=shock, rung", "rung"), "utf-8")  # the interval as if answers were independent
        assert study.read_text("utf-8") != whole
        done = checked(clone, "tests/unit/studies/test_studies_old_friends.py", "-k", "naive")
    finally:
        study.write_text(whole, "utf-8")
    assert done.returncode == 1 and "1 failed, 7 deselected" in done.stdout and "test_the_naive_interval_is_too_narrow" in done.stdout
