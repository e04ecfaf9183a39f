"""The README promises what is there: two commands, answers as published, links that lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from voclib.reporting.proper_names import english

ROOT = Path(__file__).resolve().parent.parent
READMES = {"en": (ROOT / "README.md").read_text("utf-8"), "zh": (ROOT / "README.zh.md").read_text("utf-8")}
README = READMES["en"]
SAMPLE = sorted((ROOT / "reports" / "sample").glob("*.json"))


def first_sentence(text: str) -> str:
    """The answer a portal prints in bold."""
    return re.match(r".*?(?:[.;](?=\s|$)|[。；])", text)[0].rstrip(".;。；")


@pytest.mark.parametrize("path", SAMPLE, ids=lambda p: p.stem)
def test_answers_are_those_of_the_committed_reports(path: Path) -> None:
    finding = json.loads(path.read_text("utf-8"))
    for lang, readme in READMES.items():
        row = next(line for line in readme.splitlines() if line.startswith("|") and f"reports/sample/{path.stem}.html" in line)
        assert finding["question"][lang] in row and finding["question"]["zh"] in row
        answer = first_sentence(finding["answer"][lang])
        assert (english(answer) if lang == "en" else answer) in row, answer


@pytest.mark.parametrize("lang", READMES)
def test_every_link_leads_somewhere(lang: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", READMES[lang])
    assert len(links) > 12
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_both_languages_say_the_same() -> None:
    """The same links, code, commands and numbers of sections, so that neither falls behind."""
    links, code, named, heads = (
        {lang: found(text) for lang, text in READMES.items()} for found in (
            lambda text: set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh.md"},
            lambda text: [re.sub(r"\s*#.*", "", line) for block in re.findall(r"```\w+\n(.*?)```", text, re.DOTALL) for line in block.splitlines()],
            lambda text: set(re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))),
            lambda text: re.findall(r"^#+", text, re.MULTILINE)))
    assert links["zh"] == links["en"]
    assert code["zh"] == code["en"]
    assert named["zh"] == named["en"]
    assert heads["zh"] == heads["en"]


def test_every_make_target_named_exists_and_explains_itself() -> None:
    targets = dict(re.findall(r"^([a-z]+):.*## (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"help", "reports", "lab", "test", "verify", "coverage", "bench"} <= set(targets)
    named = set(re.findall(r"`make ([a-z]+)`", README)) | set(re.findall(r"\$ make ([a-z]+)", README))
    assert named <= set(targets), named - set(targets)


def test_continuous_integration_runs_the_readme_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "\nmake test" in script and "VOC_PUBLIC_DATA" in script
