"""A notebook read as a document: headings pair up, outputs become blocks, what must not be shown is an error with a cure."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from voclib.errors import RunError, VocError
from voclib.reporting import document

SPEC = {"application/vnd.vegalite.v6+json": {"mark": "point", "data": {"values": []}}, "image/svg+xml": "<svg></svg>"}


def md(text, *tags):
    return new_markdown_cell(text, metadata={"tags": list(tags)})


def run(source="x", *outputs, tags=()):
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def data(**mimes):
    return new_output("display_data", data={k.replace("__", "/"): v for k, v in mimes.items()})


def read(*cells):
    return document.read(new_notebook(cells=[md("# Q?"), *cells]), report="20-scores")


def titles(read_document):
    return [(s.id, s.title) for s in read_document.sections]


def test_sections_pair_their_headings():
    got = read(md("## 数据\n\n甲", "zh"), md("## Data\n\nA", "en"), run(),
               md("## 结果", "zh"), md("## Result", "en"), run("y", data(text__plain="1")))
    assert titles(got) == [("data", {"zh": "数据", "en": "Data"}), ("result", {"zh": "结果", "en": "Result"})]
    assert got.sections[0].blocks[0] == '<div class="prose"><div lang="zh"><p>甲</p></div><div lang="en"><p>A</p></div></div>'


def test_one_cell_may_hold_several_headings():
    got = read(md("开头\n\n## 一\n\n甲\n\n## 二\n\n乙", "zh"), md("opening\n\n## One\n\na\n\n## Two\n\nb", "en"))
    assert [s.title.get("en") for s in got.sections] == [None, "One", "Two"]
    assert [len(s.blocks) for s in got.sections] == [1, 1, 1]


def test_languages_may_alternate_without_new_sections():
    got = read(md("## 一\n\n甲", "zh"), md("## One\n\na", "en"), md("再", "zh"), md("more", "en"), md("both"))
    assert len(got.sections) == 1
    assert sum("再" in b for b in got.sections[0].blocks) == 1
    assert got.sections[0].blocks[-1].startswith('<div class="prose"><p>both')


def test_same_heading_twice_gets_two_addresses():
    got = read(md("## Checks\n\na"), md("## Checks\n\nb"), md("## 只有中文\n\nc"))
    assert [s.id for s in got.sections] == ["checks-2", "checks-3", "part"]


@pytest.mark.parametrize(("cells", "message"), [
    ([md("## 一", "zh"), md("## One\n\n## Two", "en")], "zh has '## 一', en has '## One', '## Two'; give both languages the same headings"),
    ([md("## 一", "zh"), run()], "markdown cells 2–2 speak one language only; write the en cell"),
    ([md("# Another?")], "a second H1"),
    ([run("x", new_output("error", ename="KeyError", evalue="'nps'", traceback=[]))], "cell 2 failed: KeyError: 'nps'"),
    ([run("x", new_output("display_data", data={"image/png": "aGk="}))], "cell 2 shows a bare picture"),
    ([run("x", new_output("display_data", data={"text/plain": "<object at 0x7f00aa>"}))], "cell 2 prints '<object at 0x7f00aa>'"),
    ([run("x", new_output("display_data", data=SPEC))], "cell 2: the chart has no description"),
    ([run("x", new_output("display_data", data={**SPEC, "text/plain": "d", "application/vnd.vegalite.v6+json": {"data": {"url": "http://x"}}}))],
     "uses? .*address|from an address"),
])
def test_what_a_page_must_not_carry(cells, message):
    with pytest.raises(VocError, match=message):
        read(*cells)


def test_a_failed_cell_is_a_run_error():
    with pytest.raises(RunError, match="A page is made only from a notebook that ran to its end"):
        read(run("x", new_output("error", ename="E", evalue="v", traceback=[])))


def test_no_question_is_an_error():
    with pytest.raises(VocError, match="asks no question"):
        document.read(new_notebook(cells=[md("## Data")]), report="20-scores")


def test_set_up_and_headline_code_go_to_the_end():
    got = read(run("a = 1", tags=["parameters"]), run("a = 2", tags=["injected-parameters"]), run("import voclib"),
               md("## Data\n\nrows"), run("# Load\nload()"), md("## Headline"), run("show()"))
    assert [s.id for s in got.sections] == ["data"]
    assert ["Parameters" in s or "Code" in s for s in got.setup] == [True] * 4
    assert "本次运行的参数" in got.setup[1]
    assert "Load" in got.sections[0].blocks[-1]


def test_a_reason_that_cells_share_is_given_once():
    def note(zh):
        return data(**{"application/vnd.voc.note+json": {"text": {"zh": zh, "en": "none"}}})

    got = read(md("## A"), run("x", note("没有")), run("y", note("没有")), run("z", note("别的")), md("文"), run("w", note("别的")))
    said = [b for b in got.sections[0].blocks if "class=\"note\"" in b]
    assert [("没有" in b, "别的" in b) for b in said] == [(True, False), (False, True)] and len(got.sections[0].code) == 4


def test_hidden_cells():
    got = read(md("## Data\n\nrows"), md("not for readers", "hide"), run("secret()", data(text__plain="shown"), tags=["hide"]))
    text = "".join(got.sections[0].blocks)
    assert "not for readers" not in text and "secret" not in text and "shown" in text


def test_console_text_is_merged_cleaned_and_escaped():
    out = [new_output("stream", name="stdout", text="<b>1"), new_output("stream", name="stderr", text="\x1b[31m10%\r100%\x1b[0m\n"),
           new_output("stream", name="stdout", text="</b>\n"),
           new_output("stream", name="stderr", text="/tmp/ipykernel_12/345.py:3: UserWarning: odd\n")]
    got = read(md("## Data"), run("x", *out))
    text = "".join(got.sections[0].blocks)
    assert "&lt;b&gt;1&lt;/b&gt;" in text
    assert "100%\n&lt;cell&gt;:3: UserWarning: odd" in text
    assert "ipykernel" not in text and "10%\r" not in text and "\x1b" not in text


def test_richest_form_of_an_output_is_shown():
    got = read(md("## Data"), run("x", data(text__html="<table><tr><td>rich</td></tr></table>", text__plain="plain")))
    text = "".join(got.sections[0].blocks)
    assert "rich" in text and "plain" not in text


def test_name_of_folded_code_is_its_first_comment():
    got = read(md("## Data"), run("# Load <the> frame\nload()", data(text__plain="1")), run("1 + 1", data(text__plain="2")))
    text = "".join(got.sections[0].blocks)
    assert "Load &lt;the&gt; frame" in text and "2 lines" in text and "Code 4" in text and "1 line<" in text
