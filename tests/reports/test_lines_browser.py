"""Where a real browser ends lines and pages: not after a sign, not inside a date, not between a lead and its figure; and how tall links are."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from nbformat.v4 import new_notebook

from tests.reports.conftest import code, prose
from voclib.reporting import show
from voclib.results import Estimate, Text, Verdict

pytestmark = pytest.mark.browser

AMOUNT, DAY = "−¥2.6M", "2026-09-23"
FUNNEL = "客户声音：读入 27,816 行，计入 17,108 行，其余各有去处"
PARTED = """([words, widths, within]) => {
  const box = [...document.querySelectorAll(within || '.prose div[lang=en] p')].find(p => p.textContent.includes(words));
  const lines = () => {
    const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), spot = box.textContent.indexOf(words), range = document.createRange();
    let at = 0, node, begun = false;
    while (node = walk.nextNode()) {
      if (!begun && at + node.length > spot) { range.setStart(node, spot - at); begun = true; }
      if (begun && at + node.length >= spot + words.length) { range.setEnd(node, spot + words.length - at); break; }
      at += node.length;
    }
    return new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
  };
  return widths.filter(w => { box.style.width = w + 'px'; return lines() > 1; }) }"""


@pytest.fixture(scope="module")
def lines_page(write_page):
    """A lead with a loss and a date over a table, and a board with two findings."""
    said = f"Were something unrecorded as strong as earlier spending, the amount could lie within {AMOUNT} to ¥5.9M, seen on {DAY} at last."
    table = show.table(pd.DataFrame({"n": [1, 2]}), title=Text(FUNNEL, "Table"), columns={"n": Text("数量", "Count")})
    estimate = Estimate(estimand="nps", kind="estimate", unit="points", value=18, conf_low=11, conf_high=25, n=100, verdict=Verdict.REPORT)
    row = {"label": None, "what": None, "report": "20-scores", "estimate": estimate, "naive": None, "verdict": Verdict.REPORT, "goal": None}
    board = show.board([{"title": Text("层", "Layer"), "rows": [row, row]}], title=Text("板", "Board"))
    return write_page(new_notebook(cells=[*prose("# 问题？", "# Question?"), *prose("## 结果\n\n先看这句。", f"## Result\n\n{said}"),
                                          code("table", table), code("board", board)]))


@pytest.mark.parametrize("words", [AMOUNT, f"{AMOUNT} to ¥5.9M", DAY])
def test_no_line_ends_inside_an_amount_a_range_or_a_date(open_page, lines_page, words):
    opened = open_page(lines_page)
    opened.language("en")
    widths = list(range(200, 700, 7))
    assert opened.page.evaluate(PARTED, [words, widths]) == []
    bare = lines_page.with_name("bare.html")
    bare.write_text(re.sub(r'<span class="nb">(.*?)</span>', r"\1", lines_page.read_text("utf-8")), "utf-8")
    opened = open_page(bare)
    opened.language("en")
    assert opened.page.evaluate(PARTED, [words, widths]) != []  # the browser does part them where nothing holds them together


def test_on_a_phone_sentences_in_two_columns_and_a_long_formula_fit(open_page, write_page):
    rows = pd.DataFrame({"topic": ["等待时间"], "said": ["说好一小时交车，实际等了一下午。" * 4]})
    table = show.table(rows, title=Text("原话", "In their words"), columns={name: Text(name, name) for name in rows})
    body = r"$$\text{valid}=\frac{\text{voices with every field that is required}}{\text{read}}$$"
    opened = open_page(write_page(new_notebook(cells=[*prose("# 问题？", "# Question?"), *prose(f"## 结果\n\n{body}", f"## Result\n\n{body}"),
                                                      code("table", table)])), width=390)
    cut = "[...document.querySelectorAll('.scroll, .eq')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).length"
    assert opened.page.locator("td.lt").count() == 1 and opened.page.evaluate(cut) == 0
    opened.page.add_style_tag(content=".tbl td.lt{min-width:16rem!important}.eq math{font-size:1.15em!important}")  # as on a wide screen
    assert opened.page.evaluate(cut) == 2


@pytest.mark.parametrize("words", ["计入", "27,816 行", "17,108 行"])
def test_a_chinese_title_ends_its_lines_at_the_comma(open_page, lines_page, words):
    opened, widths = open_page(lines_page), list(range(240, 700, 7))
    assert opened.page.evaluate(PARTED, [words, widths, "figcaption b"]) == []
    opened.page.locator("figcaption b").first.evaluate(
        "b => b.querySelectorAll('*').forEach(e => Object.assign(e.style, {wordBreak: 'normal', whiteSpace: 'normal'}))")
    assert opened.page.evaluate(PARTED, [words, widths, "figcaption b"]) != []


def test_a_printed_page_does_not_end_between_a_lead_and_its_figure(open_page, lines_page):
    opened = open_page(lines_page)
    opened.page.emulate_media(media="print")
    leads = opened.page.evaluate("[...document.querySelectorAll('.prose:has(+ figure)')].map(e => getComputedStyle(e).breakAfter)")
    assert leads == ["avoid"]


@pytest.mark.parametrize("width", [390, 1280])
def test_links_of_their_own_are_tall_enough_for_a_finger(open_page, lines_page, width):
    opened = open_page(lines_page, width=width)
    heights = opened.page.evaluate(
        "[...document.querySelectorAll('.board .go, .toc a')].filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)")
    assert len(heights) >= 3 and min(heights) >= 40
