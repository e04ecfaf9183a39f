"""Foreign text becomes HTML without becoming markup."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from voclib.reporting import sanitise

ALIVE = re.compile(r"<(script|img|svg|iframe|object|embed|link|meta|base|form|style)\b|<[^>]*\son\w+=|"
                   r"<[^>]*(?:href|src)=[\"']?\s*(?:javascript|data|vbscript|//)", re.I)
ATTACKS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)", "[a](vbscript:x)", "[a](//evil.invalid/x)", "![a](http://evil.invalid/p.png)",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)", "<a href='javascript:alert(1)'>x</a>", "[a]: javascript:alert(1)\n\n[a]", "<javascript:alert(1)>",
    "$\\text{<script>alert(1)</script>}$", "$\\href{javascript:alert(1)}{x}$", "$\\class{a\" onclick=\"alert(1)}{x}$",
    "$$\\style{background:url(//x)}{x}$$",
    "`<script>`", "```\n</code><script>alert(1)</script>\n```", "<!-- --><svg/onload=alert(1)>", "|<img src=x onerror=alert(1)>|b|\n|-|-|\n|1|2|",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_is_inert(text):
    assert not ALIVE.search(sanitise.markdown(text))
    assert not ALIVE.search(sanitise.inline(text))


@pytest.mark.parametrize("text", ATTACKS)
def test_foreign_html_is_inert(text):
    for markup in (text, pd.DataFrame({text: [text]}).to_html(escape=False), f"<table><tr><td style='x' {text}>1</td></tr></table>"):
        assert not ALIVE.search(sanitise.html(markup))


def test_markdown_keeps_what_an_author_needs():
    html = sanitise.markdown("**b** *i* `c` [site](https://example.org/a?b=1&c=2) [here](#data)\n\n- one\n\n|a|b|\n|-|-|\n|1|2|\n\n### h")
    for piece in ("<strong>b</strong>", "<em>i</em>", "<code>c</code>", 'href="https://example.org/a?b=1&amp;c=2"', 'href="#data"', "<li>one</li>",
                  "<td>1</td>", "<h3>h</h3>"):
        assert piece in html


def test_formula_becomes_mathml():
    html = sanitise.math(r"\frac{a}{b} \ge \text{占比}_i")
    assert "<mfrac>" in html and "占比" in html and "xmlns" not in html
    assert 'display="block"' in sanitise.markdown("$$x^2$$")


def test_unreadable_formula_is_shown_as_its_source():
    assert sanitise.math(r"\begin{<b>") == r"<code>\begin{&lt;b&gt;</code>"


def test_text_inside_a_formula_stays_text():
    html = sanitise.math(r"\text{<b>bold</b>}")
    assert "<b>" not in html and "bold" in html


def test_headings_split_prose_but_not_code():
    pieces = sanitise.headings("before\n\n# Q\n\ntext\n\n## A *b*\n\n```\n# no\n```\n\n## C")
    assert [(level, title) for level, title, _ in pieces] == [(0, ""), (1, "Q"), (2, "A *b*"), (2, "C")]
    assert "# no" in pieces[2][2]


def test_number_columns_stand_right_with_their_heads():
    html = sanitise.html(pd.DataFrame({"name": ["a", "b"], "n": [1, 2.5]}).to_html())
    assert html.count('<td class="r">') == 2
    assert '<th class="r">n</th>' in html and "<th>name</th>" in html
    assert "dataframe" not in html and "border" not in html


def test_code_keeps_every_character():
    source = "# <c>\nfor x in \"a&b\":\n    print(x, 1_000)"
    html = sanitise.code(source)
    plain = re.sub(r"</?span[^>]*>", "", html)
    assert plain == source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert '<span class="k">for</span>' in html


def test_json_in_a_script_holds_no_markup_and_reads_back():
    value = {"a": "</script><!--&\u2028\u2029", "b": [1.5, None, "中文"]}
    text = sanitise.json_text(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_json_refuses_what_no_parser_reads():
    with pytest.raises(ValueError, match="Out of range"):
        sanitise.json_text({"a": float("nan")})


def test_plain_takes_marks_off():
    assert sanitise.plain("Is **NPS** `47`?") == "Is NPS 47?"


@pytest.mark.parametrize("whole", ["−¥2.6M", "−¥400", "+¥3.1亿", "−$1,200.50", "2026-09-23", "2026-09", "41%–60%", "13–23",
                                   "−0.02 至 0.16", "−15% to −0.1%", "¥740K–1.65M", "−¥2.6M to ¥5.9M"])
def test_amounts_with_a_sign_ranges_and_dates_are_held_together(whole):
    assert sanitise.unparted(f"<p>A {whole}, b.</p>") == f'<p>A <span class="nb">{whole}</span>, b.</p>'


@pytest.mark.parametrize("kept", [
    '<p title="−¥2.6M">¥2.6M, −4, 2026–09, 12026-09-23, 2026-09-23-1, 2025Q1–Q3, 1–2–3</p>',
    '<svg><svg><text>a</text></svg><text>−¥2.6M</text></svg>',
    "<pre><code>day = '2026-09-23'</code></pre>", '<script>{"t": "−¥2.6M"}</script>', "<title>2026-09-23</title>", '<a href="2026-09-23.html">x</a>',
    '<span class="nb">−¥170万</span>'])
def test_what_is_drawn_kept_as_written_or_whole_already_stays_untouched(kept):
    assert sanitise.unparted(kept) == kept


def test_after_a_drawing_text_is_held_together_again():
    assert sanitise.unparted("<svg/><svg><svg></svg></svg>−¥1M").endswith('<span class="nb">−¥1M</span>')
