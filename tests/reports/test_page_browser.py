"""A page opened by a real browser: nothing runs, nothing is fetched, nothing sticks out, one language shows."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_hostile_page_is_inert_and_fits(open_page, hostile_page, width, dark):
    opened = open_page(hostile_page, width=width, dark=dark)
    assert opened.drawn() == 2
    assert opened.visible_languages() == {"zh"}
    assert opened.overflowing() == []
    opened.language("en")
    assert opened.drawn() == 2
    assert opened.visible_languages() == {"en"}
    assert opened.overflowing() == []
    opened.page.locator("#all-code").evaluate("b => b.click()")
    assert opened.page.evaluate("window.__pwned") is None
    assert opened.console == []
    assert opened.requests == []


def test_tooltips_show_hostile_text_as_text(open_page, hostile_page):
    opened = open_page(hostile_page)
    opened.drawn()
    marks = opened.page.locator(".plot[lang=zh] .vega svg .mark-symbol path")
    seen = []
    for k in range(marks.count()):
        marks.nth(k).hover(force=True)
        opened.page.wait_for_timeout(30)
        seen.append(opened.page.locator("#vg-tooltip-element").inner_text())
    assert any("<script>" in text for text in seen)
    assert opened.page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0
    assert opened.page.evaluate("window.__pwned") is None


def test_without_scripts_pictures_stand_in_and_languages_still_switch(open_page, hostile_page):
    opened = open_page(hostile_page, js=False)
    assert opened.page.locator("figure.chart img.wide:visible").count() == 2
    assert opened.page.locator(".needs-js:visible").count() == 0
    assert opened.visible_languages() == {"zh"}
    opened.language("en")
    assert opened.visible_languages() == {"en"}
    assert opened.page.locator("figure.chart img.wide:visible").count() == 2
    assert (opened.console, opened.requests, opened.overflowing()) == ([], [], [])


def test_english_quotes_are_narrow_and_chinese_ones_a_square_wide(open_page, hostile_page):
    width = """lang => { document.querySelector(`#lang-${lang}`).click();
      const wide = text => { const s = document.createElement('span'); Object.assign(s, {lang, textContent: text});
        Object.assign(s.style, {fontSize: '20px', fontFamily: 'Noto Sans CJK SC'});
        document.body.append(s); const w = s.getBoundingClientRect().width; s.remove(); return w };
      return (wide('n\\u2019n') - wide('nn')) / 20 }"""
    page = open_page(hostile_page).page
    assert page.evaluate(width, "zh") == pytest.approx(1, abs=0.01)
    assert page.evaluate(width, "en") < 0.5  # a font made for Chinese alone would write "report’ s"


def test_pictures_load_and_hold_their_size(open_page, hostile_page):
    opened = open_page(hostile_page, js=False)
    sizes = opened.page.evaluate("() => [...document.querySelectorAll('figure.chart img.wide')].map(i => i.naturalWidth)")
    assert sizes == [720] * 4
    phone = open_page(hostile_page, js=False, width=390)
    assert phone.page.locator("figure.chart img.narrow:visible").count() == 1  # a chart of one's own has one width


def test_print_shows_the_static_pictures_on_light_paper(open_page, hostile_page, tmp_path):
    opened = open_page(hostile_page, dark=True)
    opened.drawn()
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".vega:visible").count() == 0
    assert opened.page.locator("figure.chart img.wide:visible").count() == 2
    assert opened.page.locator(".toc:visible, .lang:visible").count() == 0
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    content = opened.page.pdf(prefer_css_page_size=True)
    assert content.startswith(b"%PDF") and len(content) > 50_000
    assert opened.console == []


def test_one_file_for_mail_draws_its_charts(open_page, hostile_notebook, write_page):
    path = write_page(hostile_notebook, standalone=True)
    assert not (path.parent.parent / "_assets").exists()
    opened = open_page(path)
    assert opened.drawn() == 2
    assert (opened.console, opened.requests) == ([], [])
    assert opened.page.evaluate("window.__pwned") is None


def test_language_is_remembered_and_can_be_asked_for(open_page, hostile_page):
    opened = open_page(hostile_page)
    opened.language("en")
    assert opened.page.evaluate("document.documentElement.lang") == "en"
    assert opened.page.title() == "Is our NPS still 47 once silent customers count?"
    opened.page.reload()
    assert opened.visible_languages() == {"en"}


def test_keyboard_reaches_switch_contents_and_code(open_page, hostile_page):
    opened = open_page(hostile_page)
    reached = []
    for _ in range(20):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.className + '#' + document.activeElement.id + document.activeElement.tagName"))
    assert reached[0].startswith("skip")
    assert any("lang-zh" in r for r in reached)
    assert any("all-code" in r for r in reached)
    assert opened.page.locator("img:not([alt]), figure.chart .vega:not([aria-label])").count() == 0


def test_live_charts_say_the_same_words_as_their_pictures(open_page, charts_page):
    opened = open_page(charts_page)
    assert opened.drawn() == 5
    words = """f => { const sorted = t => [...t].map(e => e.textContent).filter(x => x).sort();
      const bytes = Uint8Array.from(atob(f.querySelector('.plot[lang=zh] img.wide').src.split(',')[1]), c => c.charCodeAt(0));
      const svg = new DOMParser().parseFromString(new TextDecoder().decode(bytes), 'image/svg+xml');
      return [sorted(f.querySelectorAll('.plot[lang=zh] .vega svg text')), sorted(svg.querySelectorAll('text'))] }"""
    for figure in opened.page.locator("figure.chart").all():
        live, still = figure.evaluate(words)
        assert live == still
        assert len(live) > 4


def test_live_charts_fill_the_column_and_turn_dark(open_page, charts_page):
    opened = open_page(charts_page, dark=True)
    assert opened.drawn() == 5
    widths = opened.page.evaluate(
        "() => [...document.querySelectorAll('figure.chart')].map(f => [f.clientWidth, f.querySelector('.plot[lang=zh] svg').clientWidth])")
    assert all(abs(figure - drawn) <= 2 for figure, drawn in widths), widths
    fills = opened.page.evaluate(
        "() => [...document.querySelectorAll('.plot[lang=zh] .vega [fill=\"#0b5c94\"]')].map(e => getComputedStyle(e).fill)")
    assert set(fills) == {"rgb(116, 184, 232)"}
    texts = opened.page.evaluate(
        "() => [...document.querySelectorAll('.plot[lang=zh] .vega text')].map(e => parseFloat(getComputedStyle(e).fontSize))")
    assert min(texts) >= 12
    opened.page.set_viewport_size({"width": 390, "height": 800})
    opened.page.wait_for_timeout(600)
    assert opened.overflowing() == []
    assert opened.page.locator(".plot[lang=zh] .vega svg:visible").count() == 5
