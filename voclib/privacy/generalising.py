"""What tells people apart although it names nobody: dates, times, places, dealers, models, amounts, and names of people behind a title.

`redact` takes what identifies by itself. What is left identifies in combination (Sweeney 2002, IJUFKS 10: 557–570), so a text that leaves the
house says less: a day becomes "some day", an amount its range, a dealer "a dealer", a model "a car". Generalising is not anonymising: which wording
is known from elsewhere, and how many people share what is left, is for an audit to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from voclib.privacy.redaction import language_of

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎"
    "易常武乔贺赖龚文"
)
TITLES = "师傅|姐|哥|大姐|大哥|经理|先生|女士|小姐|顾问|老师|主管|店长|总监|主任|工程师|医生|律师|教授|技师|专员"
KINDS = ("identifier", "name", "link", "day", "clock", "amount", "quantity", "model", "dealer", "place")
PLACEHOLDERS: Mapping[str, tuple[str, str]] = {
    "identifier": ("〔号码〕", "[number]"),
    "name": ("〔某人〕", "[someone]"),
    "link": ("〔链接〕", "[link]"),
    "day": ("〔某天〕", "[some day]"),
    "clock": ("〔某时〕", "[some time]"),
    "model": ("〔某款产品〕", "[a product]"),
    "dealer": ("〔某店〕", "[a dealer]"),
    "place": ("〔某地〕", "[a place]"),
}
_SIGNS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_LONE_JOINER = re.compile("(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d")  # between parts of one emoji it belongs there
_EN_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_EN_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_HOLIDAYS = "国庆|春节|元旦|五一|端午|中秋|清明|年前|年后|双十一|黄金周"
_N = r"\d[\d,]*(?:\.\d+)?"
_SAID = r"\b(?:my name is|this is|named|called|by|adviser|advisor|technician|manager|salesman|mechanic|ask for|spoke (?:to|with)|contact)"
NAMES = (
    rf"(?:我叫|名叫|姓名[:：]?)\s?[{SURNAMES}][\u4e00-\u9fff]{{1,2}}",
    rf"[{SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?:{TITLES})",
    rf"(?<![大很最微从])小[{re.sub('[高白方万常]', '', SURNAMES)}](?![\u4e00-\u9fff]?(?:时|车))",
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? ?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?",
    rf"(?i:{_SAID}) [A-Z][a-z'’-]+(?: [A-Z][a-z'’-]+)?(?![\w ]*(?:Motors|Chenxing))",
)
GIVEN = (
    "Adam Alan Alex Alice Amy Andrew Angela Anna Anne Anthony Ben Bob Brian Carl Charles Chris Christine Daniel David Diana Edward Elizabeth Emily "
    "Emma Eric Frank Fred George Grace Hannah Harry Helen Henry Jack James Jane Janet Jason Jean Jennifer Jim Joe John Joseph Julia Karen Kate Kevin "
    "Laura Linda Lisa Lucy Maria Martin Mary Matthew Michael Mike Nancy Nick Nicole Oliver Paul Peter Philip Rachel Richard Robert Roger Ruth Ryan "
    "Sam Sandra Sarah Simon Sophie Stephen Steve Steven Susan Thomas Tim Tom Tony Victor Wendy William"
)
_CUE = "一直|总是|老是|说|没|不|就|让|把|给|答应|态度|跟|也|又|都|全程|接待|负责|帮|连|一听|，|。|,|！|$"
_WORDS = (  # that begin like a surname
    "高速|高兴|高级|高峰|高层|高温|高低|高高|顾问|顾客|方便|方向|方案|万一|万万|马上|马路|马虎|马达|常常"
    "|常年|雷达|白天|白色|白白|白等|安全|石油|金额|金融|黄金|黄色|周末|周围|周边|周期|任何|任务|严重"
    "|陆续|江湖|夏天|夏季|秋天|秋季|龙头|毛病|何时|何况|何必|曾经|程序|程度|胡乱|于是|段时|余下|余额"
    "|范围|易损|武断|董事|许多|许久|谢谢|唐突|苏醒|叶子|杜绝|钟头|文件|文明|文字|史上|钱没|钱不|钱都"
    "|钱也"
)
CANDIDATES = (  # looser: what may be a name and is counted, never replaced
    rf"(?:找|让|由|问|联系|接待我?的|负责的|姓)(?!{_WORDS})[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=[，。！？、,.!? 给来说不没也就都]|$)",
    rf"(?:^|(?<=[，。！？；：、（“,.!?;: ]))(?!{_WORDS})[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?={_CUE})",
    r"(?<=[a-z,;] )[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})+",
    rf"\b(?:{'|'.join(GIVEN.split())})\b(?! (?:Motors|Range))",
)
_DAYS = (
    r"\d{2,4}\s?年\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?[日号])?|\d{1,2}\s?月\s?\d{1,2}\s?[日号]?|(?<!\d)\d{1,2}\s?[日号](?![线店楼])|(?<!\d)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)",
    r"(?:上上|上|这|本|下)?(?:个)?(?:周|星期|礼拜)[一二三四五六日天](?:[上下]午|早上|晚上|中午)?",
    _HOLIDAYS,
    rf"(?i:\b{_EN_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_EN_MONTH}\b(?:,? \d{{4}})?)",
    rf"(?i:\b(?:last |this |on |next )?{_EN_DAY}(?: morning| afternoon| evening)?\b|\b(?:christmas|new year'?s?(?: day| eve)?|easter)\b)",
)
_CLOCKS = (
    r"(?i:\b\d{1,2}(?::\d{2})? ?[ap]\.?m\b\.?)",
    r"(?:[上下]午|早上|晚上|中午|凌晨)?\d{1,2}\s?点(?:半|\d{1,2}分?|钟)?(?!\d|几|多|一)|(?<![\d:])\d{1,2}[:：]\d{2}(?![\d:])",
)
_MONEY = re.compile(
    rf"(?:[¥￥$€£]|RMB|CNY)\s?(?P<a>{_N})(?:\s?(?P<u>万|[kK]\b))?(?:\s?[元块])?|(?P<b>{_N})\s?(?P<v>万)?(?:元|块钱?|\s?yuan\b|\s?RMB\b|\s?CNY\b|\s?dollars\b)"
    rf"|(?<=[要花收价费了达到])(?P<c>[1-9]\d{{2,6}})(?=[了，。！？、,.!? 多]|$)"
)
_UNITS = re.compile(
    rf"(?<![A-Za-z\d.])(?P<n>{_N})\s?(?P<u>分钟|个?小时|公里|千米|千瓦|天|周|个月|km\b|minutes?\b|hours?\b|days?\b|weeks?\b|months?\b|miles?\b|%|％)"
)
_LONG = re.compile(r"(?<![\dA-Za-z])(?=[A-Za-z]*\d)[A-Za-z\d]{8,}(?![\dA-Za-z])|(?<!\d)\d{5,}(?!\d)")
_BARE = re.compile(r"(?<![\d–.,A-Za-z])[1-9]\d{2,3}(?![\d–.A-Za-z]|,\d)")  # a number without a unit that is large enough to be remembered
_LINK = re.compile(r"(?i:https?://\S+|www\.\S+)|(?<![\w.])@[\w\u4e00-\u9fff]{2,}")
_EDITION = r"(?:(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{1,3}版\s?)?"
_TRIM = r"(?:\s?(?:[\u4e00-\u9fff]{1,4}版|Pro|Max|Plus|Long Range|Performance|flagship|long-range))?"


@dataclass(frozen=True)
class Generalised:
    """Texts that say less (same index), how many of each kind were replaced in each (`found`, a column a kind), and candidates of names left."""

    texts: pd.Series
    found: pd.DataFrame
    candidates: pd.Series


@dataclass(frozen=True)
class Known:
    """What the company's own lists call things: models, dealers, places. Longest names are found first."""

    models: tuple[str, ...] = ()
    dealers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    patterns: Mapping[str, re.Pattern] = field(default_factory=dict)

    @classmethod
    def of(cls, *, models: Iterable[str] = (), dealers: Iterable[str] = (), places: Iterable[str] = ()) -> Known:
        """From whole names: a model is also known by its last word, a dealer by what stands behind the brand, with and without 店."""
        cars = {part for name in models for part in (name, name.split()[-1] if name.split() else "") if _telling(part)}
        shops = {part for name in dealers for part in (name, *re.split("[·・|]", name)[1:]) if _telling(part)}
        shops |= {name.removesuffix("店") for name in shops if len(name) > 3}
        spots = {part for name in places for part in (name,) if len(part) > 1}
        made = {"model": _words(cars, _TRIM), "dealer": _words(shops), "place": _words(spots)}
        return cls(tuple(sorted(cars)), tuple(sorted(shops)), tuple(sorted(spots)), {k: v for k, v in made.items() if v is not None})


def generalise(texts: pd.Series, *, known: Known = Known()) -> Generalised:
    """Replace what tells people apart in a column of texts; missing stays missing.

    Days, clock times, links, long numbers, names of people behind a title or a phrase such as 我叫, and the names in `known` become placeholders in
    the text's own language; amounts and quantities become ranges in steps of 1, 2, 5 (860 → 500–1,000). Signs that no reader sees (direction marks,
    control characters) go. `candidates` counts what may still be a name. Names without title or phrase are never
    replaced: some are counted as candidates, the rest are missed.
    """
    rows = {text: _one(str(text), known) for text in texts.dropna().unique()}
    said = texts.map(lambda text: rows[text][0], na_action="ignore")
    found = pd.DataFrame([rows[text][1] if text in rows else {} for text in texts], index=texts.index, columns=list(KINDS)).fillna(0).astype("int64")
    left = texts.map(lambda text: rows[text][2], na_action="ignore").fillna(0).astype("int64")
    return Generalised(said, found, left.rename("candidates"))


def bin_of(value: float) -> tuple[float, float]:
    """The range of a positive number in steps of 1, 2, 5: 860 → (500, 1000), 100 → (100, 200); (0, 1) below 1."""
    if not value >= 1:
        return 0.0, 1.0
    size = 10.0 ** (len(str(int(value))) - 1)
    low = max(step for step in (1, 2, 5) if step * size <= value)
    return low * size, {1: 2, 2: 5, 5: 10}[low] * size


def _telling(part: str) -> bool:
    return len(part) > 1 and (not part.isascii() or any(sign.isdigit() for sign in part) or len(part) > 3)


def _words(names: Iterable[str], tail: str = "") -> re.Pattern | None:
    ordered = sorted(names, key=lambda name: (-len(name), name))
    if not ordered:
        return None
    each = "|".join(
        rf"(?<![A-Za-z\d]){re.escape(name)}(?![{'A-Za-z' if not name[-1].isdigit() else 'A-Za-z0-9'}])".replace(r"\ ", r"\s?") for name in ordered
    )
    return re.compile(rf"{_EDITION if tail else ''}(?:{each}){tail}", re.IGNORECASE)


def _one(text: str, known: Known) -> tuple[str, dict[str, int], int]:
    said = _LONE_JOINER.sub("", _SIGNS.sub("", unicodedata.normalize("NFC", text)))
    english, found = int(language_of(said) == "en"), dict.fromkeys(KINDS, 0)

    def put(kind: str, pattern: re.Pattern | str, by: Callable[[re.Match], str] | None = None) -> None:
        nonlocal said
        said, n = re.subn(pattern, by or (lambda _: PLACEHOLDERS[kind][english]), said)
        found[kind] += n

    put("link", _LINK)
    for kind in ("dealer", "model", "place"):
        if kind in known.patterns:
            put(kind, known.patterns[kind])
    for kind, patterns in (("name", NAMES), ("day", _DAYS), ("clock", _CLOCKS)):
        for pattern in patterns:
            put(kind, pattern)
    put("amount", _MONEY, lambda m: _amount(m, english))
    put("quantity", _UNITS, lambda m: _range(float(m["n"].replace(",", "")), m["u"] if not english else f" {m['u']}"))
    put("quantity", _BARE, lambda m: _range(float(m.group()), ""))
    put("identifier", _LONG)
    return said, found, sum(len(re.findall(pattern, said)) for pattern in CANDIDATES)


def _amount(found: re.Match, english: int) -> str:
    number = next(part for part in (found["a"], found["b"], found["c"]) if part)
    scale = 1e4 if "万" in (found["u"] or "", found["v"] or "") else 1e3 if (found["u"] or "").lower() == "k" else 1.0
    return _range(float(number.replace(",", "")) * scale, " yuan" if english else " 元" if found["c"] is None else "")


def _range(value: float, unit: str) -> str:
    low, high = bin_of(value)
    return f"{low:,.0f}–{high:,.0f}{unit}"
