"""The list of reports: groups, tally, changes with their cause, nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from voclib.errors import ParameterError
from voclib.reporting import portal
from voclib.results import Estimate, Study, Text, Verdict, refusal

LIMITS = tuple((Text(f"不是 {i}。", f"Not {i}."), Text("因为。", "Because.")) for i in range(3))
EDITIONS = [
    {"name": "sample", "title": {"zh": "样本公司", "en": "Sample company"}, "notice": {"zh": "模拟数据", "en": "Simulated data"}},
    {"name": "public", "title": {"zh": "公开数据", "en": "Public data"}, "notice": None},
]


def estimate(value: float = 18, **more: object) -> Estimate:
    return Estimate(
        **({"estimand": "nps", "kind": "estimate", "unit": "points", "value": value, "conf_low": value - 5, "conf_high": value + 5} | more)
    )


def finding(
    notebook: str = "20-scores",
    *,
    answer: Estimate | None = None,
    verdict: Verdict = Verdict.REPORT,
    edition: str = "sample",
    reader: str = "executive",
    text: str = "",
    provenance: dict[str, str] | None = None,
    naive: Estimate | None = None,
) -> dict[str, object]:
    answer = answer or estimate()
    words = Text(f"问题{text}", f"Question{text}")
    study = Study(
        question=words,
        answer=words,
        headline=(answer,),
        caveat=words,
        decision=Text(f"先做这个。{text}", f"Do this. {text}"),
        verdict=verdict,
        naive=naive,
        reader=reader,
        limits=LIMITS,
    )
    return {"notebook": notebook, "edition": edition, **study.to_dict(), "provenance": provenance or {"data": "d", "code": "c", "params": "p"}}


def refused() -> Estimate:
    return refusal("nps", unit="points", reason=Text("少", "few"), needs=Text("多", "more"))


def test_rows_stand_under_their_reader_in_the_order_of_the_notebooks() -> None:
    html = portal.render([finding("40-b"), finding("20-a"), finding("30-c", reader="research"), finding("01-d", edition="public")], editions=EDITIONS)
    assert html.index("sample/20-a.html") < html.index("sample/40-b.html") < html.index("sample/30-c.html") < html.index("public/01-d.html")
    assert 'id="sample-executive"' in html
    assert 'id="sample-product"' not in html
    assert html.count('<li class="row">') == 4


def test_a_page_made_for_a_reader_leads_its_group() -> None:
    html = portal.render([finding("20-a"), finding("50-b"), finding("53-c", reader="region"), finding("40-d", reader="region")], editions=EDITIONS)
    assert html.index("sample/50-b.html") < html.index("sample/20-a.html")
    assert html.index("sample/53-c.html") < html.index("sample/40-d.html")


def test_the_tally_counts_verdicts() -> None:
    rows = [
        finding("20-a"),
        finding("21-b", verdict=Verdict.REPORT_WITH_CAVEAT),
        finding("22-c", answer=refused(), verdict=Verdict.REFUSE),
        finding("23-d"),
    ]
    html = portal.render(rows, editions=EDITIONS)
    tally = re.search(r'<ul class="skey">(.*?)</ul>', html, re.S).group(1)
    assert re.findall(r"<b>(\d)</b>.*?lang=\"en\">([^<]+)", tally) == [("2", "Use it"), ("1", "Use with care"), ("1", "No conclusion yet")]
    widths = [float(w) for w in re.findall(r'width="([\d.]+)%" height="8"', html)]
    assert sum(widths) == pytest.approx(100, abs=1)


def test_each_kind_of_answer_has_its_mark() -> None:
    def row(answer: Estimate, naive: Estimate | None = None) -> str:
        html = portal.render([finding(answer=answer, verdict=answer.verdict, naive=naive)], editions=EDITIONS)
        return re.search(r'<li class="row">.*?</li>', html, re.S).group(0)

    number = row(estimate(), estimate(47))
    assert 'class="dot nv"' in number
    assert "校正前 47" in number
    assert "47 uncorrected" in number
    assert '<i>区间</i> <span class="nb">13–23</span>' in number
    assert '<i>90% 区间</i> <span class="nb">13–23</span>' in row(estimate(conf_level=0.9))
    assert '<i>90% interval</i> <span class="nb">13–23</span>' in row(estimate(conf_level=0.9))
    assert 'class="hb"' in row(Estimate(estimand="nps", kind="bounds", unit="points", bound_low=-9, bound_high=39, verdict=Verdict.BOUNDS_ONLY))
    held = row(refused())
    assert 'class="hs"' in held
    assert "数据不足，还不能判断" in held
    counted = row(Estimate(estimand="rows", kind="count", unit="count", value=23145))
    assert "23,145" in counted
    assert '<svg class="mini"' not in counted
    assert "1 = no change" in row(estimate(9, unit="ratio", estimand="anything"))


def test_the_key_claims_no_level_that_a_row_denies() -> None:
    html = portal.render([finding(answer=estimate(conf_level=0.9))], editions=EDITIONS)
    key = re.search(r"<footer>.*?</footer>", html, re.S).group(0)
    assert "没有另外写明的都是 95%" in key and "95% unless the row says otherwise" in key


def test_a_number_says_what_it_is_and_of_when() -> None:
    told = finding() | {"kicker": {"zh": "谁在推荐 · 2025Q3–2026Q3", "en": "Who recommends · 2025Q3–2026Q3"}}
    html = portal.render([told], editions=EDITIONS)
    assert '<span lang="zh">净推荐值（NPS） · 2025Q3–2026Q3</span><span lang="en">Net promoter score (NPS) · 2025Q3–2026Q3</span>' in html
    undated = portal.render([finding() | {"kicker": {"zh": "样本公司 · 60 家门店", "en": "Sample · 60 stores"}}], editions=EDITIONS)
    assert "Net promoter score (NPS)</span></p>" in undated and "60 stores" not in undated


def test_only_a_number_with_a_caveat_brings_its_first_sentence() -> None:
    cautious = {"caveat": {"zh": "只有两成的人作答，其余不知道。另外还有。", "en": "Only one in five answered, the rest is unknown. More of it."}}
    for verdict, shown in ((Verdict.REPORT_WITH_CAVEAT, 1), (Verdict.REPORT, 0)):
        html = portal.render([finding(verdict=verdict) | cautious], editions=EDITIONS)
        assert html.count('class="cav"') == html.count("只有两成的人作答，其余不知道。") == html.count("the rest is unknown.") == shown
        assert "另外还有" not in html


def test_the_same_findings_in_any_order_give_the_same_bytes() -> None:
    rows = [finding("20-a"), finding("30-c", reader="research"), finding("01-d", edition="public")]
    assert portal.render(rows, editions=EDITIONS) == portal.render(rows[::-1], editions=EDITIONS)


def test_the_policy_allows_this_style_and_script_and_nothing_else() -> None:
    html = portal.render([finding(naive=estimate(47))], editions=EDITIONS)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html).group(1)
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S).group(1)
        assert f"{directive} 'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"https?://|\sstyle=|\son\w+=", html)


def test_hostile_text_stays_text() -> None:
    bad = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>"
    old = finding(text=bad, verdict=Verdict.REFUSE, answer=refused())
    rows = [finding(text=bad)]
    html = portal.render(rows, editions=EDITIONS, changes=portal.changes([old], rows))
    assert html.count("<script>") == html.count("</script>") == 1
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least one edition"):
        portal.render([], editions=[])
    with pytest.raises(ParameterError, match="'A b' does not suit an address"):
        portal.render([], editions=[{"name": "A b", "title": {"zh": "x", "en": "x"}}])
    with pytest.raises(ParameterError, match="'20-scores' belongs to edition 'sampel'.*did you mean 'sample'"):
        portal.render([finding(edition="sampel")], editions=EDITIONS)


def test_an_edition_without_reports_says_so() -> None:
    assert "这一版还没有报告" in portal.render([finding()], editions=EDITIONS)


@pytest.mark.parametrize(
    ("hashes", "causes"),
    [
        ({"data": "other"}, ["data"]),
        ({"code": "other"}, ["code"]),
        ({"params": "other"}, ["definition"]),
        ({"data": "other", "code": "other"}, ["data", "code"]),
    ],
)
def test_a_moved_value_names_its_cause(hashes: dict[str, str], causes: list[str]) -> None:
    old = finding(answer=estimate(21), provenance={"data": "d", "code": "c", "params": "p"} | hashes)
    (change,) = portal.changes([json.dumps(old)], [finding()])
    assert (change["kind"], change["before"], change["after"]) == ("value", {"zh": "21 分", "en": "21 points"}, {"zh": "18 分", "en": "18 points"})
    assert change["causes"] == causes


def test_a_first_publication_has_no_changes() -> None:
    assert portal.changes([], [finding()]) == []
    assert portal.changes([finding(edition="public")], [finding()]) == []


def test_what_reads_the_same_has_not_changed() -> None:
    assert portal.changes([finding(answer=estimate(18.2))], [finding()]) == []


def test_decisions_come_first_and_four_are_shown() -> None:
    new = [finding(f"2{i}-x", answer=estimate(18)) for i in range(6)]
    old = [finding(f"2{i}-x", answer=estimate(18 + 5 * i)) for i in range(5)]
    old[1]["verdict"] = "REFUSE"
    moved = portal.changes(old, new)
    assert [(c["kind"], c["notebook"]) for c in moved] == [
        ("verdict", "21-x"),
        ("new", "25-x"),
        ("value", "24-x"),
        ("value", "23-x"),
        ("value", "22-x"),
    ]
    assert moved[0]["before"]["zh"] == "暂不下结论"
    html = portal.render(new, editions=EDITIONS, changes=moved)
    strip = re.search(r'<section class="chg".*?</section>', html, re.S).group(0)
    assert strip.count("<li>") == 4
    assert strip.index("暂不下结论") < strip.index("新增")
    assert 'class="chg"' not in portal.render(new, editions=EDITIONS)
