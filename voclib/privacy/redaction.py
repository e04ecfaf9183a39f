"""The one gate through which a verbatim leaves ingest: what identifies a person is replaced by a typed placeholder.

Covered, in Chinese and English: phone numbers (mobile, landline, international), e-mail addresses, identity-card numbers,
vehicle licence plates and vehicle identification numbers, also with full-width digits, blanks and dashes.
NOT covered: see `NOT_COVERED`; names of people need a language model and stay in the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from voclib.errors import ParameterError

PLACEHOLDERS = {
    "ID_CARD": {"zh": "〔证件号〕", "en": "[ID card]"},
    "VIN": {"zh": "〔车架号〕", "en": "[VIN]"},
    "PHONE": {"zh": "〔电话〕", "en": "[phone]"},
    "EMAIL": {"zh": "〔邮箱〕", "en": "[e-mail]"},
    "PLATE": {"zh": "〔车牌〕", "en": "[licence plate]"},
}
KINDS = tuple(kind.lower() for kind in PLACEHOLDERS)
NOT_COVERED = {
    "zh": ("人名", "住址", "银行卡号", "护照号", "微信、QQ 等社交账号"),
    "en": ("names of people", "postal addresses", "bank card numbers", "passport numbers", "social-media handles"),
}
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
VIN_WORDS = "vin|车架|识别代码|识别代号|识别号|底盘号|chassis"
_DASHES = "‐‑‒–—―−﹣－ー"
_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u2060\u202f\u205f\u3000\ufeff"
_SPOKEN = dict(zip("〇零幺一二两三四五六七八九壹贰叁肆伍陆柒捌玖", "0011223456789123456789", strict=True))
_SPOKEN_RUN = re.compile(f"[{''.join(_SPOKEN)}]{{11,}}")
_LATIN = re.compile(r"[A-Za-z]")
_CHINESE = re.compile(r"[\u3001-\u303f\u3400-\u9fff\uf900-\ufaff，！（），：；？]")
# necessary for any recogniser to match: an @, seven digits with only signs between them, seventeen letters or digits, the first two
# signs of a plate, or a word that announces one
_MAYBE = re.compile(rf"@|[0-9](?:[^\w]{{0,4}}[0-9]){{6}}|[a-z0-9]{{17}}|[{PROVINCES}] ?[a-z]|plate|{VIN_WORDS}", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Redacted:
    """Texts without personal identifiers (same index as given) and how many of each kind were replaced."""

    texts: pd.Series
    counts: dict[str, int]


def redact(texts: pd.Series, *, language: str = "auto") -> Redacted:
    """Replace personal identifiers in a column of texts; missing stays missing.

    `language` (zh, en, or auto: by script, text by text) chooses the wording of the placeholder; both languages are searched
    for the same things. Each distinct text is analysed once; a text that lacks what every pattern needs
    (seven digits, an @ …) is not analysed. Counts are over all rows, repeats included. Names are not covered.
    Raises ParameterError for another language.
    """
    if language not in ("zh", "en", "auto"):
        raise ParameterError(f"redact: language is '{language}'; known: auto, en, zh")
    codes, distinct = pd.factorize(texts)
    times = pd.Series(codes[codes >= 0]).value_counts()
    totals, cleaned = dict.fromkeys(KINDS, 0), []
    for code, original in enumerate(distinct):
        text, kinds = _clean(str(original), language)
        cleaned.append(text)
        for kind in kinds:
            totals[kind.lower()] += int(times[code])
    named = pd.array([*cleaned, None], dtype="str")
    return Redacted(pd.Series(named.take(codes.astype("int64") % len(named)), index=texts.index, name=texts.name), totals)


def language_of(text: str) -> str:
    """zh when a good share of the text is Chinese, else en; a plate's 京 alone does not make an English text Chinese."""
    return "zh" if 4 * len(_CHINESE.findall(text)) >= max(1, len(_LATIN.findall(text))) else "en"


def plain(text: str) -> str:
    """The text with digits, letters, blanks and dashes of every script in ASCII; same length, so positions carry over.

    Eleven or more Chinese numerals in a row (一三八…) count as digits; fewer are ordinary words.
    """
    if text.isascii():
        return text
    narrowed = text.translate(_narrow())
    return _SPOKEN_RUN.sub(lambda run: "".join(_SPOKEN[sign] for sign in run.group()), narrowed)


def _clean(text: str, language: str) -> tuple[str, list[str]]:
    searched = plain(text)
    if not _MAYBE.search(searched):
        return text, []
    found = _engine().analyze(searched, language=language_of(text))
    spans = _merged([(item.start, item.end, item.entity_type) for item in found])
    # the words around an identifier say which language is spoken; the letters of an address do not
    between = [text[end:start] for end, start in zip([0, *(span[1] for span in spans)], [*(span[0] for span in spans), len(text)], strict=True)]
    spoken = language_of("".join(between) if any(map(str.strip, between)) else text) if language == "auto" else language
    words = [PLACEHOLDERS[kind][spoken] for _, _, kind in spans]
    return between[0] + "".join(word + rest for word, rest in zip(words, between[1:], strict=True)), [kind for _, _, kind in spans]


def _merged(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans that touch the same characters become one, named after the longest of them."""
    merged: list[tuple[int, int, str, int]] = []
    rank = {kind: place for place, kind in enumerate(PLACEHOLDERS)}
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1], rank[span[2]])):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            longer = end - start > before[3]
            merged[-1] = (before[0], max(end, before[1]), kind if longer else before[2], max(before[3], end - start))
        else:
            merged.append((start, end, kind, end - start))
    return [span[:3] for span in merged]


@lru_cache(maxsize=1)
def _narrow() -> dict[int, str]:
    table = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFF5F)}
    table |= {code: str(unicodedata.decimal(chr(code))) for code in range(0x80, 0x1FFFF) if unicodedata.decimal(chr(code), None) is not None}
    return table | dict.fromkeys(map(ord, _DASHES), "-") | dict.fromkeys(map(ord, _BLANKS), " ")


@lru_cache(maxsize=1)
def _engine():
    """Built once a process; the import costs about two seconds, so only texts that may contain something pay for it."""
    from voclib.privacy.recognisers import engine

    return engine()
