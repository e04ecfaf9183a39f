"""Words of a page: names, verdicts, the dosage of causal language, Chinese punctuation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voclib.errors import ParameterError
from voclib.reporting import wording
from voclib.results import Text, Verdict
from voclib.studies.regions_text import REGIONS


def texts() -> list[Text]:
    out = [*wording.UI.values()]
    out += [t for n in wording.NAMES.values() for t in (n.title, n.scale, n.short)]
    out += [t for b in wording.BADGES.values() for t in (b.words, b.may)]
    out += [t for e in wording.EVIDENCE for t in (e.words, e.lay, e.key)]
    return out + [t for pair in wording.READERS.values() for t in pair] + [s[0] for s in wording.STATES.values()]


def test_a_heading_breaks_after_a_question_or_an_exclamation() -> None:
    assert wording.phrases("客户说得好还是不好？说的是什么？") == ["客户说得好还是不好？", "说的是什么？"]
    assert wording.phrases("停！先看，再说。") == ["停！", "先看，", "再说。"]
    assert wording.phrases("说“行吗？”的人，走了吗？！") == ["说“行吗？”的人，", "走了吗？！"]
    assert wording.phrases("是哪家门店、哪道工序？") == ["是哪家门店、", "哪道工序？"]


def test_every_fixed_text_stands_in_both_languages_with_full_width_signs() -> None:
    for text in texts():
        assert bool(text.zh) == bool(text.en), text
        assert wording.half_width(text.zh) == [], text
        assert not any("\u4e00" <= c <= "\u9fff" for c in text.en), text


def test_the_badges_say_what_the_page_promises() -> None:
    assert {v: (wording.badge(v).words.zh, wording.badge(v).words.en) for v in Verdict} == {
        Verdict.REPORT: ("可以采用", "Use it"),
        Verdict.REPORT_WITH_CAVEAT: ("有前提可用", "Use with care"),
        Verdict.BOUNDS_ONLY: ("只能给范围", "Range only"),
        Verdict.REFUSE: ("暂不下结论", "No conclusion yet"),
    }


def test_an_unknown_estimand_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match="'response_rat' has no display name; did you mean 'response_rate'"):
        wording.name("response_rat")
    assert wording.name("nps").en.startswith("Net promoter score")
    assert wording.find("nps:service") is wording.NAMES["nps"]
    assert wording.find("nothing_like_it") is None
    assert wording.name("csat_change") == Text("满意度（CSAT）的变化", "Customer satisfaction (CSAT): change")


@pytest.mark.parametrize(("estimand", "en"), [
    ("problem_fall", "How much the problem has shrunk"), ("projects_told", "Projects whose problem is clearly smaller"),
    ("people_found", "Stories whose customer can be identified"), ("complaint_share", "Most frequent complaint, share of all complaints"),
    ("theme_share", "Most frequent theme, share of all voices")])
def test_names_are_plain_english(estimand: str, en: str) -> None:
    assert wording.name(estimand).en == en


def test_an_unknown_label_is_an_error() -> None:
    with pytest.raises(ParameterError, match="did you mean 'caveat'"):
        wording.ui("caveats")


@pytest.mark.parametrize(
    ("text", "level", "lang", "expected"),
    [
        ("Waiting leads to churn.", 0, "en", ["leads to"]),
        ("Waiting leads to churn.", 3, "en", ["leads to"]),
        ("In this trial waiting caused churn.", 4, "en", []),
        ("Waiting is associated with churn.", 0, "en", ["is associated with"]),
        ("Waiting is associated with churn.", 1, "en", []),
        ("The effect of waiting is large.", 1, "en", ["effect"]),
        ("The effect of waiting is large.", 3, "en", []),
        ("Employee scores precede customer scores.", 1, "en", ["precede"]),
        ("Employee scores precede customer scores.", 2, "en", []),
        ("This proves the point.", 4, "en", ["proves"]),
        ("The difference is significant.", 4, "en", ["significant"]),
        ("It is not significant.", 4, "en", ["significant"]),
        ("It does not say that waiting causes churn.", 0, "en", []),
        ("Does waiting cause churn?", 0, "en", []),
        ("Customers who waited differ, an effective answer was given.", 0, "en", []),
        ("等待导致流失。", 1, "zh", ["导致"]),
        ("等待与流失相关。", 0, "zh", ["相关"]),
        ("等待与流失相关。", 1, "zh", []),
        ("请相关部门处理。", 0, "zh", []),
        ("在假设 A 下，估计使 NPS 变化 3 分。", 2, "zh", ["估计使"]),
        ("差异显著。", 4, "zh", ["显著"]),
        ("不能说等待导致流失。", 0, "zh", []),
        ("等待会导致流失吗？", 0, "zh", []),
        ("员工评分领先于客户评分。", 2, "zh", []),
    ],
)
def test_verbs_stay_within_the_evidence(text: str, level: int, lang: str, expected: list[str]) -> None:
    assert wording.verbs_exceed(text, level, lang) == expected


def test_a_denial_in_one_clause_does_not_excuse_the_next() -> None:
    assert wording.verbs_exceed("不是说客户变差了，而是等待导致流失。", 0, "zh") == ["导致"]
    assert wording.verbs_exceed("It is not luck; waiting drives churn.", 0, "en") == ["drives"]


def test_the_fixed_texts_claim_nothing() -> None:
    for text in texts():
        if text in [e.lay for e in wording.EVIDENCE] + [e.key for e in wording.EVIDENCE] + [e.words for e in wording.EVIDENCE]:
            continue  # these explain the verbs
        assert wording.verbs_exceed(text.zh, 0, "zh") == wording.verbs_exceed(text.en, 0, "en") == []


def test_lint_arguments_are_checked() -> None:
    with pytest.raises(ParameterError, match="0 to 4, not 5"):
        wording.verbs_exceed("x", 5, "en")
    with pytest.raises(ParameterError, match="Language 'de'"):
        wording.verbs_exceed("x", 1, "de")


@pytest.mark.parametrize(
    "good", ["你好，世界（第 3 版）：可以吗？", "共 1,200 份（75%）", "`f(x, y)` 返回值", "$E[Y,1]$ 是均值", "见[报告](a,b.html)。"]
)
def test_proper_chinese_passes(good: str) -> None:
    assert wording.half_width(good) == []


@pytest.mark.parametrize("bad", ["你好,世界", "可以吗?", "第一版(旧)", "结论:可用", '他说"好"的'])
def test_ascii_signs_in_chinese_are_found(bad: str) -> None:
    assert wording.half_width(bad)


def test_one_thing_has_one_name_on_every_page() -> None:
    root = Path(__file__).parents[3]
    sources = [*(root / "voclib").rglob("*.py"), *(root / "notebooks").glob("*.ipynb"), *(root / "params/rules").glob("*.yml")]
    said = {path: path.read_text("utf-8") for path in sources if "simulate" not in path.parts and "readers" not in path.parts}
    assert len(said) > 200
    assert not [p.name for p, text in said.items() if "VVIP" in text and p.name not in ("sample.yml",)], "高价值客户, high-value customers"
    assert not [p.name for p, text in said.items() if "敬业度" in text], "投入度, engagement"
    assert not [p.name for p, text in said.items() if re.search("要分(?:检验|、话题|的要)|家要分|都不要分", text)], "讨分"


def test_a_region_has_one_name_in_english_whichever_page_speaks_of_it() -> None:
    root = Path(__file__).parents[3] / "params/rules"
    for name in ("frontline.yml", "case_library.yml"):
        written = dict(re.findall(r"^  (华\w|西\w|东\w): (.+)$", (root / name).read_text("utf-8"), flags=re.M))
        assert len(written) == 6 and {zh: REGIONS[zh].en for zh in written} == written, name
