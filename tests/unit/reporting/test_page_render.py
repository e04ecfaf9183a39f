"""The whole page: policy, languages, lifted finding, repeated bytes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from voclib.errors import VocError
from voclib.reporting import assets, page, portal, show
from voclib.results import Check, Estimate, Study, Text, Verdict

WORDS = {"edition": {"name": "sample", "title": {"zh": "样本", "en": "Sample"}}, "report": "20-scores", "company": "Chenxing",
         "provenance": {"code": "4f2a", "seed": 7, "packages": ["altair 6.3.0", "pandas 3.0.0"], "gates": Text("默认", "default")}}


def md(text, *tags):
    return new_markdown_cell(text, metadata={"tags": list(tags)})


def study(**more):
    nps = Estimate(estimand="nps", kind="estimate", unit="points", value=18, conf_low=11, conf_high=25, n=100, verdict=Verdict.REPORT)
    limits = tuple((Text(f"误读{k}。", f"Wrong {k}."), Text("因为。", "Because.")) for k in range(3))
    return Study(**{"question": Text("还是 47 吗？", "Still 47?"), "answer": Text("不是。是 18。", "No. It is 18."), "headline": (nps,),
                    "caveat": Text("小心。", "Careful."), "decision": Text("停用。", "Stop."), "verdict": Verdict.REPORT, "limits": limits,
                    "checks": (Check(Text("检查", "Check"), True, Text("好。", "Good.")),)} | more)


def shown(figure):
    return new_code_cell("show()", outputs=[new_output("display_data", data=figure._repr_mimebundle_())])


@pytest.fixture(autouse=True)
def batch(monkeypatch):
    monkeypatch.setenv("VOC_BATCH", "1")


def test_finding_is_lifted_and_its_parts_follow():
    made = page.render(new_notebook(cells=[md("## 数据\n\n甲", "zh"), md("## Data\n\nA", "en"), shown(show.headline(study()))]), **WORDS)
    assert made.title == Text("还是 47 吗？", "Still 47?")
    assert made.finding == study().to_dict()
    order = [made.html.index(piece) for piece in ("<h1>", 'id="data"', 'id="checks"', 'id="limits"', 'id="source"')]
    assert order == sorted(order)
    assert made.html.count("<h1>") == 1


def test_checks_join_the_section_of_their_name_and_are_not_repeated():
    both = [md("## 站得住吗？\n\n看。", "zh"), md("## Does it hold?\n\nLook.", "en")]
    joined = page.render(new_notebook(cells=[*both, shown(show.headline(study()))]), **WORDS).html
    assert joined.count('class="chk"') == 1 and 'id="checks"' not in joined and 'id="does-it-hold"' in joined
    given = page.render(new_notebook(cells=[*both, shown(show.checks(study().checks)), shown(show.headline(study()))]), **WORDS).html
    assert given.count('class="chk"') == 1


def test_a_section_with_nothing_to_show_is_left_out_and_one_with_a_figure_stands():
    section = [md("## 真值\n\n埋下了。", "zh"), md("## Truth\n\nPlanted here.", "en")]
    bare = page.render(new_notebook(cells=[*section, shown(show.no_truth()), shown(show.headline(study()))]), **WORDS).html
    assert "Planted here" not in bare and 'id="truth"' not in bare and "show()" in bare, "its code is kept with the set-up"
    half = [*section, shown(show.facts({Text("数", "Count"): 1})), shown(show.no_truth())]
    made = page.render(new_notebook(cells=[*half, shown(show.headline(study()))]), **WORDS).html
    assert "Planted here" in made and 'id="truth"' in made and "leaves this section out" not in made


def test_a_reason_given_for_several_cells_stands_once_and_takes_what_leads_to_it_along():
    why, told = show.note(Text("门店太少。", "Too few dealers.")), [md("看名单。", "zh"), md("See the list.", "en")]
    funnel = [md("看漏斗。", "zh"), md("See the funnel.", "en")]
    held = [md("## 站得住吗\n\n看图。", "zh"), md("## Does it hold?\n\nSee the plot.", "en")]
    cells = [md("## 结果", "zh"), md("## Result", "en"), *told, shown(why), *funnel, shown(why), *held, shown(why), shown(show.headline(study()))]
    made = page.render(new_notebook(cells=cells), **WORDS).html
    assert made.count("Too few dealers.") == 1 and "See the list." in made and "See the funnel." not in made and "See the plot." not in made
    figure = shown(show.facts({Text("数", "Count"): 1}))
    kept = page.render(new_notebook(cells=[*cells[:2], *told, shown(why), *funnel, figure, shown(why), cells[-1]]), **WORDS).html
    assert "See the funnel." in kept and kept.count("Too few dealers.") == 2, "the paragraph leads to a figure that stands"
    under = page.render(new_notebook(cells=[*cells[:2], *told, shown(why), md("### 小节\n\n看。", "zh"), md("### Part\n\nSee.", "en"), shown(why),
                                            cells[-1]]), **WORDS).html
    assert under.count("Too few dealers.") == 2, "no heading stands over nothing"


def test_a_phone_shows_the_decision_before_caveat_and_details():
    """Every block of the card has its place on a phone; the reason of the answer follows the card."""
    told = study(answer=Text("不是，远没有那么高。是 18。", "Not at all, it is far from that. It is 18."))
    html = page.render(new_notebook(cells=[shown(show.headline(told))]), **WORDS).html
    phone = page.stylesheet().partition("max-width:47.99rem){.hero")[2].partition("@media print")[0]
    rows = re.search(r'grid-template:((?:"[a-z ]+" auto ?)+)', phone)[1]
    areas = list(dict.fromkeys(re.findall(r"[a-z]+", rows.replace("auto", ""))))
    assert areas == ["lab", "fig", "bar", "use", "evx", "do", "care", "scale", "lay", "nn"]
    assert all(f"grid-area:{area}" in phone for area in areas)
    order = [html.index(f'class="{name}"') for name in ("lead", "lab", "fig", "use", "proof", "care", "do")]
    assert order == sorted(order)  # read aloud, the caveat still comes with the number
    assert re.search(r'<div class="lead"><p><b>.*?</b></p><p>', html, re.S)


def test_the_chosen_rung_is_no_wider_than_paper():
    prints = page.stylesheet().split("@media print")[1:]
    assert any(".lad .is-pick{margin-inline:0}" in rules for rules in prints)


def test_the_way_back_opens_the_edition_of_the_page():
    """The list of reports has a switch of that address, and its script turns it on."""
    made = page.render(new_notebook(cells=[shown(show.headline(study()))]), **WORDS | {"edition": {**WORDS["edition"], "name": "public"}}).html
    assert set(re.findall(r'href="(\.\./index\.html[^"]*)"', made)) == {"../index.html#ed-public"}
    editions = [{"name": name, "title": {"zh": "甲", "en": "A"}, "notice": None} for name in ("sample", "public")]
    listed = portal.render([], editions=editions)
    assert 'name="edition" id="ed-public"' in listed and "h.name==='edition')h.checked=true" in listed


def test_a_table_or_formula_wider_than_a_phone_fades_where_there_is_more():
    phones = [rules for rules in page.stylesheet().split("@media screen and (max-width:47.99rem){")[1:] if "no-repeat local" in rules]
    assert len(phones) == 1 and re.search(r"\.scroll,\.eq\{background:[^}]*no-repeat local,[^}]*no-repeat scroll\}", phones[0])


def test_two_headlines_are_an_error():
    with pytest.raises(VocError, match="cell 2 states a second headline"):
        page.render(new_notebook(cells=[shown(show.headline(study())), shown(show.headline(study()))]), **WORDS)


def test_a_page_without_finding_takes_its_question_from_the_notebook():
    made = page.render(new_notebook(cells=[md("# 数据从**哪里**来？", "zh"), md("# Where from & <why>?", "en"), md("## Data\n\nx")]), **WORDS)
    assert made.title == Text("数据从哪里来？", "Where from & <why>?") and made.finding is None
    assert "Where from &amp; &lt;why&gt;?" in made.html and "<why>" not in made.html


def test_policy_allows_exactly_the_scripts_of_the_page():
    html = page.render(new_notebook(cells=[md("# Q?\n\n## Data\n\nx")]), **WORDS).html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts}
    assert set(re.search(r"script-src ([^;]*)", policy)[1].split()) == hashes and len(scripts) == 1
    assert "default-src 'none'" in policy and "connect-src" not in policy and "base-uri 'none'" in policy


def test_nothing_points_to_a_network_or_a_machine():
    made = page.render(new_notebook(cells=[md("# Q?\n\n## Data\n\nx"), shown(show.headline(study()))]), **WORDS)
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?https?:", made.html)
    assert str(assets.FOLDER) not in made.html and "/tmp" not in made.html


def test_provenance_is_listed_in_both_languages():
    html = page.render(new_notebook(cells=[md("# Q?\n\n## Data\n\nx")]), notice=Text("模拟", "Simulated"), **WORDS).html
    for piece in ("Code hash", "代码指纹", "altair 6.3.0 · pandas 3.0.0", ">默认<", ">default<", 'class="notice"', "20-scores"):
        assert piece in html


def test_same_notebook_same_bytes_whatever_the_hash_seed(tmp_path):
    program = """
import hashlib, os
import altair as alt, pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from voclib.reporting import charts, page
from voclib.results import Text
words = {"title": Text("一", "One"), "subtitle": Text("二", "Two"), "description": Text("三", "Three")}
frame = pd.DataFrame({"group": ["a", "b"], "estimate": [1 / 3, 2.0], "conf_low": [0.1, 1.0], "conf_high": [2 / 3, 3.0]})
chart = charts.interval_plot(frame, **words)
cells = [new_markdown_cell("# Q?\\n\\n## Data"), new_code_cell("x", outputs=[new_output("display_data", data=chart._repr_mimebundle_())])]
made = page.render(new_notebook(cells=cells), edition={"name": "s", "title": "t"}, report="r", provenance={}, company="c")
print(hashlib.sha256(made.html.encode()).hexdigest(), sorted(made.assets))
"""
    said = [subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
                           check=True).stdout for seed in ("1", "2")]
    assert said[0] == said[1]
    assert re.fullmatch(r"[0-9a-f]{64} \['vega-[0-9a-f]{12}\.js'\]\n", said[0])
