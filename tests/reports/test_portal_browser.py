"""The portal in a real browser: wide and narrow, dark, scripts off, both languages, every edition, hostile text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from voclib.reporting import portal
from voclib.results import Estimate, Study, Text, Verdict, refusal

LIMITS = tuple((Text(f"不是 {i}。", f"Not {i}."), Text("因为。", "Because.")) for i in range(3))
HOSTILE = [
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "</style><script>document.title='taken'</script>",
    "<svg onload=\"document.title='taken'\">",
    "<a href=\"javascript:document.title='taken'\">x</a>",
    "\" onmouseover=\"document.title='taken'",
    "<iframe src='https://example.com'></iframe>",
    "<link rel=stylesheet href='https://example.com/x.css'>",
    "{{7*7}}",
    "]]><!--",
    "<style>*{display:none}</style>",
    "W" * 300,
]


def estimate(value: float, unit: str = "points", **more: object) -> Estimate:
    half = abs(value) * 0.4
    return Estimate(
        **(
            {
                "estimand": "nps",
                "kind": "estimate",
                "unit": unit,
                "value": value,
                "conf_low": value - half,
                "conf_high": value + half,
                "evidence_level": 1,
            }
            | more
        )
    )


def finding(
    notebook: str,
    answer: Estimate,
    *,
    edition: str = "sample",
    reader: str = "executive",
    text: str = "",
    naive: Estimate | None = None,
    verdict: Verdict = Verdict.REPORT,
) -> dict[str, object]:
    study = Study(
        question=Text(f"把沉默的客户算进来，NPS 还是 47 吗？{text}", f"Is NPS still 47 once silent customers count? {text}"),
        answer=Text("答。", "Answer."),
        headline=(answer,),
        caveat=Text("前提。", "Caveat."),
        decision=Text(f"暂停用 47 做考核。{text}", f"Stop using 47 for targets. {text}"),
        verdict=verdict,
        naive=naive,
        reader=reader,
        limits=LIMITS,
    )
    return {"notebook": notebook, "edition": edition, **study.to_dict(), "provenance": {"data": "d", "code": "c"}}


def findings() -> list[dict[str, object]]:
    refused = refusal("nps", unit="points", reason=Text("少", "few"), needs=Text("多", "more"))
    bounds = Estimate(estimand="nps", kind="bounds", unit="points", bound_low=-9, bound_high=39)
    rows = [
        finding("20-scores", estimate(18), naive=estimate(47)),
        finding("31-money", estimate(3.1e6, "cny"), naive=estimate(1.2e7, "cny")),
        finding("42-gate", refused, reader="product", verdict=Verdict.REFUSE),
        finding("23-all", bounds, reader="region", verdict=Verdict.BOUNDS_ONLY),
        finding("01-ingest", Estimate(estimand="rows", kind="count", unit="count", value=23145), reader="research"),
        finding("20-scores", estimate(0.72, "share", estimand="recommended_share"), edition="public"),
    ]
    return rows + [finding(f"6{i:x}-hostile", estimate(5, group=text), reader="research", text=text) for i, text in enumerate(HOSTILE)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = findings()
    old = [finding("20-scores", estimate(21)), finding("23-all", estimate(12), verdict=Verdict.REPORT)]
    editions = [
        {"name": "sample", "title": {"zh": "样本公司", "en": "Sample company"}, "notice": {"zh": "模拟数据", "en": "Simulated data"}},
        {"name": "public", "title": {"zh": "公开数据", "en": "Public data"}, "notice": None},
    ]
    folder = tmp_path_factory.mktemp("portal") / "reports"
    folder.mkdir()
    path = folder / "index.html"
    path.write_text(
        portal.render(rows, editions=editions, changes=portal.changes(old, rows), company=Text("辰星汽车", "Chenxing Motors")), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("width", [1280, 820, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_clean_at_every_width(index: Path, open_page: Callable, width: int, dark: bool) -> None:
    opened = open_page(index, width=width, dark=dark)
    for lang in ("zh", "en"):
        opened.language(lang)
        assert opened.overflowing() == []
        assert opened.visible_languages() == {lang}
    assert opened.console == []
    assert opened.requests == []
    paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(16, 23, 30)" if dark else "rgb(255, 255, 255)")


def test_hostile_text_runs_nothing(index: Path, open_page: Callable) -> None:
    opened = open_page(index)
    assert opened.page.title() == "客户之声研究：这一版，我们知道了什么"
    assert opened.page.locator("script, iframe, img, link, style").count() == 2  # the page's own script and style
    assert opened.page.locator(".row").first.is_visible()
    assert opened.page.evaluate("[...document.querySelectorAll('*')].every(e => ![...e.attributes].some(a => a.name.startsWith('on')))")
    assert opened.requests == []


@pytest.mark.parametrize("js", [True, False])
def test_editions_and_languages_switch_with_and_without_scripts(index: Path, open_page: Callable, js: bool) -> None:
    opened = open_page(index, js=js)
    page = opened.page
    shown = lambda: [e for e in ("sample", "public") if page.locator(f"div.edition[data-ed={e}]:not(.notice)").is_visible()]  # noqa: E731
    assert shown() == ["sample"]
    assert page.locator(".notice").is_visible()
    page.locator("label:has(#ed-public)").click()
    assert shown() == ["public"]
    assert not page.locator(".notice").is_visible()
    assert page.locator(".edition[data-ed=public] .val b").inner_text().startswith("72%")
    page.locator(".lang label:has(#lang-en)").click()
    assert page.locator("h1").inner_text() == "What this edition shows"
    page.locator("label:has(#ed-sample)").click()
    assert "¥3.1M" in page.locator(".edition[data-ed=sample] .rows").first.inner_text()


def test_the_switches_work_from_the_keyboard(index: Path, open_page: Callable) -> None:
    page = open_page(index).page
    page.locator("#ed-sample").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#ed-public").is_checked()
    page.locator("#lang-zh").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_whole_row_is_the_link(index: Path, open_page: Callable) -> None:
    page = open_page(index).page
    page.locator("label:has(#ed-public)").click()
    row = page.locator(".edition[data-ed=public] .row").first
    row.scroll_into_view_if_needed()
    box = row.bounding_box()
    target = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('a')?.getAttribute('href')", [box["x"] + box["width"] - 20, box["y"] + box["height"] / 2]
    )
    assert target == "public/20-scores.html"


def test_targets_are_large_enough_for_a_finger(index: Path, open_page: Callable) -> None:
    page = open_page(index, width=390).page
    heights = page.evaluate(
        "[...document.querySelectorAll('.eds label, .lang label, .roles a, .chg .q')].filter(e => e.offsetParent).map(e => e.offsetHeight)"
    )
    assert heights and min(heights) >= 40
