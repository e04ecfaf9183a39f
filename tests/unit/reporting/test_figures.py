"""House figures: everything escaped, bilingual, drawn from Estimates."""

from __future__ import annotations

import itertools
import re
from dataclasses import asdict
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from voclib import numbers
from voclib.errors import ParameterError
from voclib.reporting import figures
from voclib.reporting.figures import counts, headline, marks, markup
from voclib.results import Check, Estimate, Study, Text, Verdict, refusal

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{0}{{7*7}}"
LIMITS = tuple((Text(f"不是 {i}。", f"Not {i}."), Text("因为。", "Because.")) for i in range(3))
VOID = {"br", "rect", "line", "circle", "use", "path", "input", "img", "meta"}


class Outline(HTMLParser):
    """Tags, attributes and balance of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.handlers = [], [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def having(self, style: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.tags if style in (a.get("class") or "").split()]


def estimate(value: float = 18, low: float = 11, high: float = 25, **more: object) -> Estimate:
    return Estimate(
        **(
            {
                "estimand": "nps",
                "kind": "estimate",
                "unit": "points",
                "value": value,
                "conf_low": low,
                "conf_high": high,
                "n": 8200,
                "n_effective": 440.2,
                "evidence_level": 1,
                "verdict": Verdict.REPORT_WITH_CAVEAT,
            }
            | more
        )
    )


def bounds(**more: object) -> Estimate:
    return Estimate(estimand="nps", kind="bounds", unit="points", bound_low=-9, bound_high=39, verdict=Verdict.BOUNDS_ONLY, **more)


def refused(**more: object) -> Estimate:
    return refusal("nps", unit="points", reason=Text("作答太少。", "Too few answers."), needs=Text("再收 900 份。", "900 more answers."), **more)


def study(answer: Estimate, naive: Estimate | None = None, text: str = "x") -> dict[str, object]:
    words = Text(f"第一句。{text}", f"First. {text}")
    return Study(
        question=words,
        answer=words,
        headline=(answer,),
        caveat=words,
        decision=words,
        verdict=answer.verdict,
        kicker=words,
        naive=naive,
        limits=LIMITS,
    ).to_dict()


def caption(text: str = "标题") -> dict[str, object]:
    return {"title": {"zh": text, "en": text + " "}, "subtitle": None, "note": {"zh": text, "en": "n"}}


def payloads(text: str) -> dict[str, dict[str, object]]:
    rungs = [estimate(47, 45, 49, rung="naive"), estimate(43, 40, 46, rung=text), bounds(rung="all"), refused(rung="r")]
    words = {"zh": text, "en": text}
    checks = [asdict(Check(Text(text, "a"), passed, Text(text, "d"), Text(text, "c"))) for passed in (True, None, False)]
    return {
        "headline": study(estimate(group=text), estimate(47, 45, 49), text),
        "ladder": caption(text)
        | {"rungs": [r.to_dict() for r in rungs], "chosen": text, "labels": {r.rung: {"label": words, "adds": words} for r in rungs}},
        "intervals": caption(text)
        | {"estimates": [estimate(group=text).to_dict(), refused(group="b").to_dict(), bounds(group="c").to_dict()], "labels": {"b": words}},
        "checks": {"checks": checks},
        "limits": {"limits": {"zh": [[text, text]], "en": [[text, "why"]]}},
        "table": caption(text)
        | {
            "columns": [{"title": words, "format": "text"}, {"title": words, "format": "share"}],
            "rows": [[text, 0.123], [{"zh": text, "en": "e"}, None], ["c", text]],
            "total": 60,
        },
        "funnel": caption(text)
        | {
            "steps": [{"label": words, "count": 100}, {"label": words, "count": 8, "left": words, "value": 1.1e8}],
            "bricks": [{"label": words, "kind": k, "share": s} for k, s in (("heard", 8), ("silent", 74), ("never", 18))],
            "value_title": words,
        },
        "facts": {"facts": [{"label": words, "value": 8234, "format": "count", "unit": words}]},
        "note": {"text": words}, "absent": {"text": words},
        "board": caption(text) | {"layers": [{"title": words, "rows": [
            {"label": words, "what": words, "report": text, "estimate": e.to_dict(), "naive": None, "verdict": "REPORT",
             "goal": {"value": 40.0, "state": state, "text": words}}
            for e, state in ((estimate(), "unclear"), (estimate(44, 42, 46), "reached"), (bounds(), "missed"), (refused(), "unclear"))]}]},
    }


@pytest.mark.parametrize("kind", figures.KINDS)
def test_hostile_text_stays_text(kind: str) -> None:
    html = str(figures.render(payloads(HOSTILE)[kind], kind=kind))
    page = Outline(html)
    assert page.open == []
    assert page.handlers == []
    assert {"script", "img", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{0}{{7*7}}" in html


@pytest.mark.parametrize("kind", figures.KINDS)
def test_the_same_payload_gives_the_same_bytes_in_both_languages(kind: str) -> None:
    html = str(figures.render(payloads("文")[kind], kind=kind))
    assert html == str(figures.render(payloads("文")[kind], kind=kind))
    assert html.count('lang="zh"') == html.count('lang="en"')


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match="did you mean 'ladder'"):
        figures.render({}, kind="lader")


def test_the_headline_states_number_interval_verdict_and_evidence() -> None:
    html = str(figures.render(study(estimate(), estimate(47, 45, 49)), kind="headline"))
    page = Outline(html)
    assert [a["aria-label"] for a in page.having("ib")] == [
        "净推荐值（NPS），18 分，95% 区间 11–25，校正前 47。 Net promoter score (NPS), 18 points, 95% interval 11–25, 47 before correction."
    ]
    assert len(page.having("on")) == 3  # two filled steps and the digit under the second
    assert "REPORT_WITH_CAVEAT" in html
    assert "有前提可用" in html
    assert "<dd>8,200</dd>" in html
    assert "440 <small>" in html
    assert len(page.having("z")) == 1
    assert "<b>第一句。x</b>" in html


def test_bounds_and_refusals_look_finished_and_show_no_dot() -> None:
    for answer, mark in ((bounds(), "hb"), (refused(), "hs")):
        page = Outline(html := str(figures.render(study(answer), kind="headline")))
        assert len(page.having(mark)) == 1
        assert page.having("dot") == []
        assert len(page.having("foot")) == 1
        assert len(page.having("badge")) == 1
    assert "900 more answers." in html
    assert "没有可评级的证据" in html


def test_a_count_needs_no_interval() -> None:
    html = str(figures.render(study(Estimate(estimand="rows", kind="count", unit="count", value=23145)), kind="headline"))
    assert "23,145" in html
    assert 'class="ib"' not in html


def test_an_estimand_without_a_name_is_an_error() -> None:
    with pytest.raises(ParameterError, match="'npss' has no display name; did you mean 'nps'"):
        figures.render(study(estimate(estimand="npss")), kind="headline")


def test_a_ladder_writes_the_movement_and_marks_the_chosen_rung() -> None:
    html = str(figures.render(payloads("w")["ladder"], kind="ladder"))
    page = Outline(html)
    assert ">−4</text>" in html
    assert len(page.having("is-pick")) == len(page.having("is-nv")) == 1
    assert len(page.having("hb")) == len(page.having("hs")) == 1
    assert len(page.having("nv")) == 4  # band, two caps, ring of the uncorrected rung
    assert page.tags[0][0] == "figure"


@pytest.mark.parametrize(("value", "low", "high"), [(0.6e6, 0.2e6, 1.1e6), (9e6, 0.2e6, 19.3e6), (15e6, 14e6, 16e6)])
def test_a_movement_stays_inside_the_track_of_a_phone(value: float, low: float, high: float) -> None:
    money = {"estimand": "nps", "unit": "cny"}
    rungs = [estimate(v, a, b, rung=k, **money) for k, (v, a, b) in {"raw": (19e6, 18e6, 19.4e6), "fixed": (value, low, high)}.items()]
    named = {r.rung: {"label": {"zh": "级", "en": "rung"}, "adds": None} for r in rungs}
    html = str(figures.render(caption() | {"rungs": [r.to_dict() for r in rungs], "labels": named, "chosen": "fixed"}, kind="ladder"))
    tag, text = re.search(r'(<text[^>]*class="dl[^>]*>)(.*?)</text>', html).groups()
    at, dx = 3.5 * float(re.search(r'x="([\d.]+)%"', tag)[1]), float((re.search(r'dx="(-?\d+)"', tag) or [0, 0])[1])
    wide = max(8 * sum(1 + (c > "\u2e80") for c in part) for part in re.split(r"<[^>]*>", text))
    left = at + dx - wide * {"start": 0, "middle": 0.5, "end": 1}[re.search(r'text-anchor="(\w+)"', tag)[1]]
    assert left >= 0 and left + wide <= 350


@pytest.mark.parametrize(("value", "low", "high", "naive"), [(0.042, 0.033, 0.051, 0.98), (0.968, 0.96, 0.975, 0.02)])
def test_the_ends_of_a_short_interval_at_an_edge_do_not_lie_over_one_another(value: float, low: float, high: float, naive: float) -> None:
    found = Estimate(estimand="people_found", kind="estimate", unit="share", value=value, conf_low=low, conf_high=high)
    html = str(headline.bar(found, found.with_(value=naive, conf_low=naive - 0.01, conf_high=naive + 0.01)))
    ends = [(float(x), anchor) for x, anchor in re.findall(r'<text x="([\d.]+)%" y="\d+" class="v" text-anchor="(\w+)"', html)]
    (left, first), (right, second) = ends
    letters = min(len(end) for end in numbers.ends(found, "en"))
    assert first == second and right - left >= 100 * (letters * 8 + 6) / 350, "both begin or end at their caps, a label and a gap apart on a phone"


def test_the_ends_of_a_short_interval_leave_a_gap_between_them() -> None:
    found = Estimate(estimand="coverage", kind="estimate", unit="share", value=0.951, conf_low=0.950, conf_high=0.952)
    html = str(headline.bar(found, found.with_(value=0.57, conf_low=0.56, conf_high=0.58)))
    ends = re.findall(r'<text x="[\d.]+%" y="\d+" class="v" dx="(-?\d+)" text-anchor="(\w+)"', html)
    assert ends == [("-3", "end"), ("3", "start")]


@pytest.mark.parametrize(("low", "high", "naive"), [(0.21, 0.35, 0.51), (0.21, 0.35, -0.02), (0.021, 0.034, 0.052)])
def test_the_words_of_the_uncorrected_value_never_lie_over_an_end_on_a_phone(low: float, high: float, naive: float) -> None:
    found = Estimate(estimand="people_found", kind="bounds", unit="share", bound_low=low, bound_high=high, verdict=Verdict.BOUNDS_ONLY)
    raw = Estimate(estimand="people_found", kind="estimate", unit="share", value=naive, conf_low=naive - 0.01, conf_high=naive + 0.01)
    html = str(headline.bar(found, raw))
    lies = {"start": 0.0, "middle": 0.5, "end": 1.0}
    boxes = []
    for x, y, anchor, inner in re.findall(r'<text x="([\d.]+)%" y="(\d+)" class="(?:v bd|nvt)"[^>]*text-anchor="(\w+)">(.*?)</text>', html):
        wide = 7 * len(re.sub(r"<[^>]*>", "", inner.split('lang="en">')[-1]))
        left = 3.3 * float(x) - wide * lies[anchor]
        boxes.append((int(y), left, left + wide))
    assert len(boxes) == 3
    for a, b in itertools.combinations(boxes, 2):
        assert a[0] != b[0] or a[2] <= b[1] or b[2] <= a[1], (a, b)


@pytest.mark.parametrize("kind", ["ladder", "intervals"])
def test_the_outer_labels_of_an_axis_stay_inside_the_figure(kind: str) -> None:
    html = str(figures.render(payloads("w")[kind], kind=kind))
    labels = re.findall(r'<text x="([\d.]+)%"[^>]*text-anchor="(\w+)"', html[html.index('class="ax"'):])
    outer = {float(at): anchor for at, anchor in labels if not 3 <= float(at) <= 97}
    assert outer and all(anchor == ("start" if at < 50 else "end") for at, anchor in outer.items())


def test_intervals_take_many_rows() -> None:
    rows = [estimate(i, i - 5, i + 5, group=f"g{i}").to_dict() for i in range(40)]
    page = Outline(str(figures.render(caption() | {"estimates": rows}, kind="intervals")))
    assert len(page.having("band")) == 40
    assert len(page.having("z")) == 40
    only_refusals = caption() | {"estimates": [refused(group="a").to_dict()]}
    assert len(Outline(str(figures.render(only_refusals, kind="intervals"))).having("hs")) == 1


@pytest.mark.parametrize("counted", [18.0, 15.0, 40.0])
def test_the_ring_of_the_uncorrected_value_lies_over_the_band_and_is_never_hidden(counted: float) -> None:
    """It used to be drawn under the band, and a dot at the same place hid it."""
    naive = {"a": estimate(counted, kind="count", conf_low=None, conf_high=None).to_dict()}
    html = str(figures.render(caption() | {"estimates": [estimate(group="a").to_dict()], "naive": naive}, kind="intervals"))
    drawn = Outline(html).tags
    order = [a["class"] for tag, a in drawn if tag in ("rect", "circle")]
    assert order.index("band") < order.index("dot nv") < len(order) - 1 and order[-1] == "dot"
    radius = {a["class"]: float(a["r"]) for tag, a in drawn if tag == "circle"}
    assert radius["dot nv"] > radius["dot"]  # both edges are as thick, so some grey shows around a dot at the same place


def test_failed_checks_come_first_with_their_consequence() -> None:
    html = str(figures.render(payloads("w")["checks"], kind="checks"))
    assert html.index("st-f") < html.index("st-p") < html.index("st-i")
    assert "<b>后果：w</b>" in html
    assert "3 项检查：1 项未通过，1 项通过，1 项供参考。" in html


def test_a_table_aligns_numbers_and_says_what_it_leaves_out() -> None:
    html = str(figures.render(payloads("w")["table"], kind="table"))
    assert '<td class="r">12%</td>' in html
    assert '<td class="r">—</td>' in html
    assert "只列出前 3 行，共 60 行。" in html
    assert 'tabindex="0"' in html


@pytest.mark.parametrize(("said", "whole"), [("2.9%–4.2%", True), ("−0.02 至 0.16", True), ("78%（54%–95%）", True),
                                              ("2025-07-10 – 2026-09-23", False), ("售后技术部", False)])
def test_an_interval_of_a_table_stays_on_one_line(said: str, whole: bool) -> None:
    columns = [{"title": {"zh": x, "en": x}, "format": "text"} for x in ("项", "区间")]
    html = str(figures.render(caption() | {"columns": columns, "rows": [["a", {"zh": said, "en": said.replace("至", "to")}]]}, kind="table"))
    assert ('<td class="nw">' in html) is whole


@pytest.mark.parametrize(("said", "style"), [("售后技术部", ""), ("差别大；最突出 辰星汽车·洛阳洛龙店：16 人", ' class="mt"'),
                                             ("说好一小时。" * 10, ' class="lt"')])
def test_a_cell_gets_room_by_the_length_of_its_text(said: str, style: str) -> None:
    columns = [{"title": {"zh": x, "en": x}, "format": "text"} for x in ("项", "话", "三")]
    for cell in (said, {"zh": said, "en": "x"}):
        assert f"<td{style}>" in str(figures.render(caption() | {"columns": columns, "rows": [["a", cell, "b"]]}, kind="table"))
        assert f'<th scope="row"{style}>' in str(figures.render(caption() | {"columns": columns, "rows": [[cell, "a", "b"]]}, kind="table"))


@pytest.mark.parametrize("kind", ["funnel", "table", "checks"])
def test_every_heading_of_a_table_says_what_it_heads(kind: str) -> None:
    heads = [a for tag, a in Outline(str(figures.render(payloads("w")[kind], kind=kind))).tags if tag == "th"]
    assert heads and all(a.get("scope") in ("col", "row") for a in heads)


def test_a_hundred_bricks() -> None:
    assert counts.hundred([0.082, 0.738, 0.18]) == [8, 74, 18]
    assert counts.hundred([1, 1, 1]) == [34, 33, 33]
    assert sum(counts.hundred([0.005, 0.005, 0.99])) == 100
    page = Outline(str(figures.render(payloads("w")["funnel"], kind="funnel")))
    assert [len(page.having(k)) for k in ("h", "s", "c")] == [8, 74, 18]


@pytest.mark.parametrize(
    "case",
    [
        estimate(),
        estimate(0.95, 0.9, 0.99, unit="share", estimand="csat"),
        estimate(1, 1, 1, unit="share", estimand="csat"),
        estimate(0, 0, 0, unit="share", estimand="csat"),
        estimate(2.4, 1.6, 3.5, unit="ratio"),
        estimate(0.953, 0.94, 0.966, unit="share", estimand="coverage"),
        estimate(-0.07, -0.09, -0.05, unit="share", estimand="returned_relative"),
        estimate(1.49, 0.9, 2.1, unit="share", estimand="left_relative"),
        estimate(-3.1e6, -5e6, 1e5, unit="cny"),
        estimate(1e-7, -1e-7, 3e-7),
        bounds(),
    ],
)
def test_an_axis_holds_everything_and_its_reference_with_at_most_five_ticks(case: Estimate) -> None:
    scale = marks.axis([case])
    assert len(scale.ticks) <= 5
    assert any(abs(t - scale.reference) < 1e-9 for t in scale.ticks)
    for x in (case.value, case.conf_low, case.conf_high, case.bound_low, case.bound_high):
        assert x is None or scale.low <= x <= scale.high
    assert scale.reference == {"ratio": 1.0}.get(case.unit, 0.95 if case.estimand == "coverage" else 0.0)
    assert not (case.unit == "share" and scale.high > 1 >= case.conf_high), "a relative change may exceed a whole, a share of it may not"


@pytest.mark.parametrize("unit", ["points", "share", "cny", "ratio"])
@pytest.mark.parametrize("value", [0.0, 1e-15, -1e-13])
def test_an_axis_of_numbers_that_differ_by_rounding_only_has_a_width(unit: str, value: float) -> None:
    made = marks.axis([Estimate(estimand="nps", kind="estimate", unit=unit, value=value, conf_low=value, conf_high=value)])
    assert made.high - made.low > 0.05 and 2 <= len(made.ticks) <= marks.MAX_TICKS and 0 <= made.at(value) <= 100


def test_an_axis_of_nothing_but_refusals_is_drawn() -> None:
    text = Text("少", "few")
    scale = marks.axis([refusal("csat", unit="share", reason=text, needs=text)])
    assert scale.low == 0 < scale.high


def test_a_line_never_breaks_between_a_number_and_its_unit() -> None:
    """A browser may end a line of Chinese before 万; marks and names inside tags are left alone, and so are English and SVG."""
    said = markup.both(Text("少 ¥170万（−1,200万–2.3亿），5,000 位 <万>", "less"))
    assert said == ('<span lang="zh">少 <span class="nb">¥170万</span>（<span class="nb">−1,200万–2.3亿</span>），5,000 位 '
                    '&lt;万&gt;</span><span lang="en">less</span>')
    assert markup.each(lambda lang: Markup('<b title="3万">{}</b>').format("3万" if lang == "zh" else "30K")).startswith(
        '<span lang="zh"><b title="3万"><span class="nb">3万</span></b>')
    assert "nb" not in markup.both(Text("¥170万", "¥1.7M"), tag="tspan")


def test_a_title_holds_a_number_to_what_it_counts() -> None:
    said = markup.caption(Text("其中 1,051 个 <b>，2026Q2 差 −5.5 分", "1,051 of them"), Text("样本 12 家", "12 dealers"))
    assert said == ('<figcaption><b><span lang="zh">其中 <span class="nb">1,051 个</span> &lt;b&gt;，2026Q2 差 <span class="nb">−5.5 分</span></span>'
                    '<span lang="en">1,051 of them</span></b><span class="sub"><span lang="zh">样本 12 家</span>'
                    '<span lang="en">12 dealers</span></span></figcaption>')
