"""Checks on sentences: verbs no stronger than the evidence, and Chinese set with Chinese punctuation."""

from __future__ import annotations

import re

from voclib.errors import ParameterError

BANNED = 5
_VERBS: dict[str, list[tuple[int, str]]] = {
    "en": [
        (1, r"(?:is|are|was|were) (?:associated|correlated) with|correlat(?:es?|ion)|go(?:es)? with|went with"),
        (2, r"preced(?:es?|ed|ing)|leading (?:signal|indicator)|predict(?:s|ed)?"),
        (3, r"effects?|impacts?|affect(?:s|ed)?|estimated to (?:change|raise|lower|increase|reduce)|influenc(?:es?|ed|ing)"),
        (4, r"caus(?:es?|ed|ing)|dr(?:ives?|ove|iven)|lead(?:s)? to|led to|results? in|resulted in|due to|because of|thanks to|boost(?:s|ed)?"),
        (BANNED, r"prov(?:es?|ed|en)(?! by\b)|significan(?:t|tly|ce)|will cause"),
    ],
    "zh": [
        (1, r"相关(?!部门|人员|方|字段|数据|资料|责任|规则|记录)|(?<![可已能未])关联(?!到|客户|记录|字段)|伴随"),
        (2, r"领先于|先行信号|先行指标|预示"),
        (3, r"影响|效应|效果|估计使"),
        (4, r"导致|带来|造成|引起|促使|促成|驱动|归功于|拉动"),
        (BANNED, r"显著|证明了?(?!材料|文件)|必将"),
    ],
}
_NEGATED = {
    "en": re.compile(r"\b(?:not|no|never|cannot|can't|nor|neither|nothing|none|without|isn't|don't|doesn't|didn't|whether|unknown)\b", re.I),
    "zh": re.compile(r"不|没有|未|并非|无法|无从|别|是否|能否|尚无|勿"),
}
_SENTENCE = {"en": re.compile(r"(?<=[.!?])\s+|\n+"), "zh": re.compile(r"(?<=[。！？])|\n+")}
_CLAUSE = {"en": re.compile(r"[;:,]|\bbut\b"), "zh": re.compile(r"[，；：、]|但")}
_WIDE = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"}
_CJK = r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]"


def verbs_exceed(text: str, level: int, lang: str) -> list[str]:
    """Words of `text` that claim more than evidence of `level` (0 description to 4 randomised) carries.

    Questions and denied claims ("it does not show that waiting causes ...") pass; "significant / 显著" and
    "prove / 证明" fail at every level, since a range that excludes zero is neither. The word lists follow the
    dosage of causal language by design: association, precedence, quasi-experiment, trial.

    Raises
    ------
    ParameterError
        if `level` lies outside 0 to 4 or `lang` is neither `zh` nor `en`.
    """
    if lang not in _VERBS:
        raise ParameterError(f"Language '{lang}' is not known; there are zh and en.")
    if not 0 <= level <= 4:
        raise ParameterError(f"Evidence levels are 0 to 4, not {level}.")
    found: list[str] = []
    for sentence in _SENTENCE[lang].split(text):
        question = sentence.rstrip(" ”\"」*_").endswith(("?", "？"))
        for clause in _CLAUSE[lang].split(sentence):
            excused = question or bool(_NEGATED[lang].search(clause))
            found += _claims(clause, level, lang, excused=excused)
    return found


def _claims(clause: str, level: int, lang: str, *, excused: bool) -> list[str]:
    boundary = r"\b" if lang == "en" else ""
    found = []
    for needed, words in _VERBS[lang]:
        if needed <= level or (excused and needed < BANNED):
            continue
        found += [m.group(0) for m in re.finditer(f"{boundary}(?:{words}){boundary}", clause, re.I)
                  if not (excused and not re.match("signif|显著", m.group(0), re.I))]
    return found


def half_width(text: str) -> list[str]:
    """Places in a Chinese text where ASCII punctuation or a straight quote stands beside a Chinese character.

    Code between back-ticks, formulas between dollar signs and link targets are not read. Each finding shows the
    sign, its neighbours and the full-width sign that belongs there.
    """
    prose = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|https?://\S+", "", text)
    found = []
    for match in re.finditer(rf"(?<={_CJK})\s?[,;:?!()]|[,;:?!()]\s?(?={_CJK})", prose):
        sign = match.group(0).strip()
        around = prose[max(0, match.start() - 4):match.end() + 4].replace("\n", " ")
        found.append(f"{around} → {_WIDE[sign]}")
    found += [f"{prose[max(0, m.start() - 4):m.end() + 4]} → “ ”" for m in re.finditer(rf"(?<={_CJK})\"|\"(?={_CJK})", prose)]
    return found
