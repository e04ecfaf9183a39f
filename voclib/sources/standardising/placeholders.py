"""What a platform writes where a customer gave nothing: a name that is nobody's, a sentence that nobody wrote, a language the standard leaves open.

Taken at their word, all anonymous reviewers are one person, and the shop's own sentence is its customers' commonest opinion.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from unicodedata import normalize

import pandas as pd

NOBODY = "name of nobody in particular (anonymous or masked); set missing"
UNWRITTEN = "sentence of the platform, not of the customer; set missing"
SHORTENED = "language tag read as its language"
OTHER = "another language than zh and en; read as other"
_ANONYMOUS = frozenset({
    "anonymous", "anonymous user", "anonymous customer", "anon", "guest", "guest user", "deleted user", "[deleted]", "a google user", "google user",
    "amazon customer", "kindle customer", "ebay user", "facebook user", "匿名", "匿名用户", "匿名买家", "匿名会员", "匿名网友", "匿名客户",
    "匿名评价", "游客", "访客", "已注销", "已注销用户", "用户已注销", "google 用户", "一位google用户", "淘宝匿名用户"})
_MASKED = re.compile(r"[*＊•●×]{2,}")
_SUBJECT = r"(?:该|此|本|这位|评价方|买家|用户|会员|顾客|客户)*"
_UNWRITTEN = re.compile(
    rf"{_SUBJECT}(?:没有|未|尚未|暂未)(?:及时)?(?:填写|做出|作出|发表|写下|输入)(?:任何)?(?:文字)?(?:评价|评论|内容|评语)+(?:[,，]?系统默认好评)?"
    r"|(?:系统)?默认好评|(?:该|此)(?:用户|买家|会员)觉得商品(?:非常)?(?:好|不错|很好|较好)[,，]?给出[0-9一二三四五]星好?评?"
    r"|no (?:negatives?|positives?)"
    r"|(?:the )?(?:customer|buyer|user|reviewer) (?:left no|has left no|wrote no|did not leave (?:a|any)) (?:comment|review|text)", re.IGNORECASE)
_LONGEST = 60  # characters of such a sentence
# the two-letter codes of ISO 639-1, the three older ones that Java and Google Play still write, and Filipino
_CODES = """ aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu
    fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky
    la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd
    se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    iw in ji fil
"""
_NAMED = {"zho": "zh", "chi": "zh", "cmn": "zh", "yue": "zh", "eng": "en", "chinese": "zh", "english": "en", "中文": "zh", "汉语": "zh",
          "简体中文": "zh", "繁体中文": "zh", "繁體中文": "zh", "英文": "en", "英语": "en"}
_NAMES = """ spa deu ger fra fre jpn kor rus ita por nld dut tha vie ara tur pol ind spanish german french japanese korean russian italian portuguese
    dutch thai vietnamese arabic turkish polish indonesian español deutsch français italiano português 日语 日文 德语 法语 西班牙语 韩语 俄语 意大利语
    葡萄牙语 泰语 越南语 阿拉伯语 其他 其他语言
"""
_ELSEWHERE = frozenset(_NAMES.split())  # how the commonest other languages are called, and their three-letter codes
_TAG = re.compile(r"(?P<code>[a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)


def people(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Identifiers of persons without the words that are nobody's, and what was done to each cell."""
    return _changed(texts, {text: (None, NOBODY) for text in texts.dropna().unique() if " ".join(text.lower().split()) in _ANONYMOUS})


def nicknames(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """As `people`, without masked names either: t**8 is many people, where a masked customer number may still tell them apart."""
    return _changed(texts, {text: (None, NOBODY) for text in texts.dropna().unique()
                            if _MASKED.search(text) or " ".join(text.lower().split()) in _ANONYMOUS})


def sentences(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Verbatims without the sentences that a platform puts where the customer wrote nothing, and what was done to each cell."""
    return _changed(texts, {text: (None, UNWRITTEN) for text in texts.dropna().unique()
                            if len(text) < _LONGEST and _UNWRITTEN.fullmatch(text.strip().rstrip("。.!！~ "))})


def languages(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Languages as zh and en: en-US is en, zh_Hans_CN is zh, another language's tag (ISO 639-1) is "other"; further words stay as they are."""
    changed = {}
    for text in texts.dropna().unique():
        bare = normalize("NFKC", text).strip().lower()
        tag = _TAG.fullmatch(bare)
        code = _NAMED.get(bare) or (_NAMED.get(tag["code"], tag["code"]) if tag else "")
        if code in ("zh", "en") and text.strip() != code:
            changed[text] = (code, SHORTENED)
        elif bare in _ELSEWHERE or code in _ELSEWHERE or (code in _CODES.split() and code not in ("zh", "en")):
            changed[text] = ("other", OTHER)
    return _changed(texts, changed)


def _changed(texts: pd.Series, changed: dict[str, tuple[str | None, str]]) -> tuple[pd.Series, pd.Series]:
    notes = texts.map({text: note for text, (_, note) in changed.items()}).fillna("").astype("str")
    if not changed:
        return texts, notes
    return texts.map(lambda text: changed[text][0] if text in changed else text, na_action="ignore").astype("str"), notes


COLUMNS = MappingProxyType({"customer_id": people, "author_id": nicknames, "comment": sentences, "language": languages})
"""What reads a column of the standard that may hold such placeholders."""
