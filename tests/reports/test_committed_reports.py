"""Every committed page and the portal in a real browser: desktop, phone, print, scripts off, both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.reporting.test_page_theme import contrast
from voclib.reporting.theme import DARK, PAPER

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "reports" / "index.html", *sorted((ROOT / "reports").glob("*/*.html"))]
REPORTS = PAGES[1:]
pytestmark = pytest.mark.browser


def test_the_editions_are_committed() -> None:
    found = {str(p.relative_to(ROOT / "reports")) for p in REPORTS}
    assert {f"sample/{n}.html" for n in ("00-sample-company", "01-ingest", "20-scores", "90-planted-truth")} <= found
    assert {"public/01-ingest.html", "public/20-scores.html"} <= found


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_page_in_both_languages(path: Path, width: int, open_page: Callable) -> None:
    opened = open_page(path, width=width)
    for lang in ("zh", "en"):
        opened.language(lang)
        opened.drawn()
        assert opened.visible_languages() == {lang}
        assert opened.overflowing() == []
        assert opened.page.title()
    assert opened.console == [] and opened.requests == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_page_without_scripts_and_in_print(path: Path, open_page: Callable) -> None:
    opened = open_page(path, width=390, js=False, dark=True)
    assert opened.requests == [] and opened.page.locator("h1:visible").count() == 1
    static = opened.page.locator("figure.chart img:visible")
    charts = opened.page.locator("figure.chart").count()
    assert static.count() >= charts
    printed = open_page(path)
    printed.drawn()
    printed.page.emulate_media(media="print")
    assert printed.page.locator("figure.chart img:visible").count() >= charts
    assert len(printed.page.pdf()) > 10_000
    assert printed.console == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_screen_reader_finds_its_way(path: Path, open_page: Callable) -> None:
    """Headings go down a level at a time, every column says what it holds, and nothing stands outside a landmark (WCAG 2.2, 1.3.1)."""
    opened = open_page(path)
    opened.drawn()
    levels = opened.page.eval_on_selector_all("h1,h2,h3,h4", "hs => hs.map(h => +h.tagName[1])")
    assert levels and all(later <= earlier + 1 for earlier, later in pairwise(levels)), levels
    assert opened.page.eval_on_selector_all("th", "ths => ths.filter(t => !t.textContent.trim()).length") == 0
    stray = opened.page.eval_on_selector_all("body > *", "all => all.filter(x => x.tagName !== 'SCRIPT' && x.innerText?.trim()).map(x => x.tagName)")
    assert set(stray) <= {"A", "HEADER", "ASIDE", "MAIN", "NAV", "FOOTER"}, stray
    assert opened.page.locator(".vega [role=graphics-symbol]").count() == 0  # the figure carries the description


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", REPORTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_letters_in_charts_stand_out_from_the_paper(path: Path, dark: bool, open_page: Callable) -> None:
    """4.5 to 1 (WCAG 2.2, 1.4.3); letters in the colour of paper stand on a filled cell."""
    opened = open_page(path, dark=dark)
    opened.drawn()
    paper = DARK[PAPER] if dark else PAPER
    inks = {_hex(ink) for ink in opened.page.eval_on_selector_all(
        ".vega svg text", "all => all.filter(t => t.textContent.trim()).map(t => getComputedStyle(t).fill)")}
    faint = {ink: round(contrast(ink, paper), 2) for ink in inks - {paper} if contrast(ink, paper) < 4.5}
    assert not faint


def _hex(rgb: str) -> str:
    return "#" + "".join(f"{int(v):02x}" for v in re.findall(r"\d+", rgb)[:3])


@pytest.mark.parametrize("path", REPORTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_finding_beside_the_page_holds_the_contract(path: Path) -> None:
    finding = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert {"notebook", "edition", "question", "verdict", "headline", "ladders", "checks", "limits", "provenance"} <= set(finding)
    assert finding["notebook"] == path.stem and finding["edition"] == path.parent.name
    for estimate in [*finding["headline"], *(e for rungs in finding["ladders"].values() for e in rungs)]:
        if estimate["kind"] == "estimate":
            assert estimate["conf_low"] <= estimate["conf_high"]
        assert estimate["kind"] != "refusal" or (estimate["reason"]["zh"] and estimate["needs"]["en"])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_page_says_nothing_it_should_not(path: Path) -> None:
    text = path.read_text("utf-8")
    visible = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
    assert "显著" not in visible and "significant" not in visible.lower()
    assert str(ROOT) not in text and "0x7f" not in text
    assert "https://" not in re.sub(r"http://www\.w3\.org/\S+", "", visible)


def test_hostile_verbatims_of_the_sample_company_run_nothing(open_page: Callable) -> None:
    opened = open_page(ROOT / "reports" / "sample" / "01-ingest.html")
    opened.drawn()
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.console == []
