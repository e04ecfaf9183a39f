"""Recognisers for Presidio: pattern and checksum only, the same set for Chinese and English.

They see text made plain by `redaction.plain` (ASCII digits, letters, blanks and dashes, offsets unchanged). Chinese has no
blanks between words, so borders are stated as "no digit here" instead of a word border.
"""

from __future__ import annotations

import re
from datetime import date

import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from voclib.privacy.redaction import PROVINCES, VIN_WORDS

# a number announced as an order or an invoice is not a phone number, however near the word "call" stands
_PHONE_WORD = (r"(?:电话|手机|座机|联系方式|联系我|致电|回电|拨打|打给|微信|热线|传真"
               r"|(?<![a-z])(?:tel|telephone|phone|mobile|cell|call|whatsapp|fax|my number)(?![a-z]))"
               r"(?:(?!order|invoice|ticket|booking|ref|订单|单号|编号|发票|合同|#)[^\d\n]){0,12}")
_MOBILE = r"1[3-9]\d"
_BEFORE, _AFTER = r"(?<![\d.])(?<!\d[-.])", r"(?!\d)(?!\.\d)"
PHONE = (
    rf"{_BEFORE}{_MOBILE}(?:[ .-]?\d{{4}}[ .-]?\d{{4}}|\d[ .-]\d{{3}}[ .-]\d{{4}}|\d[ -]\d{{4}}[ -]\d{{3}}|[ -]\d{{3}}[ -]\d{{5}}){_AFTER}",
    rf"(?:\+ ?|00)86[- ]?{_MOBILE}[ -]?\d{{4}}[ -]?\d{{4}}{_AFTER}",
    rf"{_BEFORE}1(?:[ .-]{{1,2}}\d){{10}}{_AFTER}",
    rf"{_BEFORE}\(?0(?:10|2\d|[3-9]\d{{2}})(?:\) ?| ?- ?| )?[2-9]\d{{2,3}}[ -]?\d{{4}}(?:(?:-|转| ext\.? ?)\d{{1,5}})?{_AFTER}",
    rf"{_BEFORE}[48]00-\d{{3,4}}-\d{{3,4}}{_AFTER}",
    rf"{_BEFORE}07\d{{3}}[ -]?\d{{6}}{_AFTER}",
    rf"(?<={_PHONE_WORD})(?!(?:19|20)\d{{2}}[-./])\+?\d(?:[ .()-]{{0,2}}\d){{6,14}}{_AFTER}",
)
EMAIL = (r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]{2,})+",)
_GAP = r"[ -]?"
_DAY = rf"(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01])"
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123])"
ID_CARD = (
    rf"(?<!\d){_PROVINCE}\d{{4}}{_GAP}(?:19|20)\d{{2}}{_GAP}{_DAY}{_GAP}\d{{3}}{_GAP}[\dx](?![\da-z])",
    rf"(?<!\d){_PROVINCE}\d{{4}}{_GAP}\d{{2}}{_DAY}{_GAP}\d{{3}}(?!\d)",
)
_ID_WORD = r"(?:身份证|证件|id ?card|id ?number|identity|national id)[^\d\n]{0,12}"
ID_CARD_NAMED = (rf"(?<={_ID_WORD})\d(?:[ -]?\d){{13}}(?:(?:[ -]?\d){{3}}[ -]?[\dx])?(?![\da-z])",)
_PLATE_BODY = r"[a-hj-np-z0-9]"
_PLATE_HEAD = rf"[{PROVINCES}] ?[a-hj-np-z] ?[·•・.\- ]? ?"
PLATE = (
    rf"{_PLATE_HEAD}(?=(?:[a-z]?\d|[a-z]{{2}}\d){{1,5}})(?=(?:[a-z]*\d){{3}}){_PLATE_BODY}{{5}}(?![a-z0-9])",
    rf"{_PLATE_HEAD}(?=(?:[a-z]*\d){{3}}){_PLATE_BODY}{{4}}[挂学警港澳领]",
    rf"{_PLATE_HEAD}(?:[a-hjk]{_PLATE_BODY}\d{{4}}|\d{{5}}[a-hjk])(?![a-z0-9])",
    r"(?<=(?:licen[cs]e|number|registration) plate(?: number| no\.?)?(?: is|:|#)? ?|plate (?:number|no\.?)(?: is|:|#)? ?)"
    r"(?=[a-z -]{0,6}\d)[a-z0-9](?:[ -]?[a-z0-9]){3,7}(?![a-z0-9])",
)
VIN = (r"(?<![a-z0-9])(?=[0-9]*[a-z])(?=[a-z]*\d)[a-hj-npr-z0-9]{17}(?![a-z0-9])",)
_VIN_WORD = rf"(?<![a-z])(?:{VIN_WORDS})(?![a-z])[^\n]{{0,12}}?(?<![a-z0-9])"
VIN_NAMED = (rf"(?<={_VIN_WORD})[a-hj-npr-z0-9](?:[ -]?[a-hj-npr-z0-9]){{16}}(?![a-z0-9])",)
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", map(int, "123456781234579234567890123456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def is_id_card(text: str) -> bool:
    """Whether 18 characters carry the check digit of GB 11643-1999, or 15 a real birth date (the older form)."""
    digits = text.replace(" ", "").replace("-", "").upper()
    if len(digits) == 15:
        return _is_day(f"19{digits[6:12]}")
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(digits[:17]))
    return _is_day(digits[6:14]) and "10X98765432"[total % 11] == digits[17]


def is_vin(text: str) -> bool:
    """Whether 17 characters carry the check digit at place 9 (ISO 3779; 49 CFR 565.15; GB 16735)."""
    letters = text.upper()
    return "0123456789X"[sum(_VIN_VALUES[letter] * weight for letter, weight in zip(letters, _VIN_WEIGHTS, strict=True)) % 11] == letters[8]


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


_WRITTEN = re.compile(r"[+(][^\w]{0,3}\d|\d[-.][^\w]{0,2}\d")


class CheckedRecogniser(PatternRecognizer):
    """A pattern whose every match must also pass a check digit."""

    def __init__(self, *, check, **settings) -> None:
        self.check = check
        super().__init__(**settings)

    def validate_result(self, pattern_text: str) -> bool:
        """True keeps the match with full score, False drops it."""
        return self.check(pattern_text)


class WrittenPhoneRecogniser(PhoneRecognizer):
    """Presidio's phone recogniser, for numbers written as such: with a plus sign, or grouped by dashes or brackets.

    A bare run of digits that happens to be a valid number somewhere is as often an order number; the patterns above decide it.
    """

    def analyze(self, text, entities, nlp_artifacts=None) -> list[RecognizerResult]:
        """Spans of phone numbers in plain text; a text without a sign of one is passed over, which saves most of the time."""
        if not _WRITTEN.search(text):
            return []
        found = super().analyze(text, entities, nlp_artifacts)
        return [item for item in found if self._is_written(text[item.start:item.end])]

    @staticmethod
    def _is_written(number: str) -> bool:
        return number.lstrip("( ").startswith("+") or "(" in number or sum(number.count(sign) for sign in "-.") >= 2


def engine(languages: tuple[str, ...] = ("zh", "en")) -> AnalyzerEngine:
    """Presidio's engine over empty spaCy pipelines: no language model, so nothing is ever downloaded."""
    recognisers = [item for language in languages for item in _recognisers(language)]
    registry = RecognizerRegistry(recognizers=recognisers, supported_languages=list(languages))
    return AnalyzerEngine(registry=registry, nlp_engine=_BlankEngine(languages), supported_languages=list(languages))


class _BlankEngine(SpacyNlpEngine):
    def __init__(self, languages: tuple[str, ...]) -> None:
        super().__init__(models=[{"lang_code": language, "model_name": "blank"} for language in languages])
        self.nlp = {language: spacy.blank(language) for language in languages}


def _recognisers(language: str) -> list[PatternRecognizer | PhoneRecognizer]:
    plainly = {"PHONE": PHONE, "EMAIL": EMAIL, "ID_CARD": ID_CARD_NAMED, "PLATE": PLATE, "VIN": VIN_NAMED}
    checked = {"ID_CARD": (ID_CARD, is_id_card), "VIN": (VIN, is_vin)}
    found = [PatternRecognizer(supported_entity=kind, name=f"{kind}_{language}", supported_language=language, patterns=_patterns(kind, texts))
             for kind, texts in plainly.items()]
    found += [CheckedRecogniser(check=check, supported_entity=kind, name=f"{kind}_checked_{language}", supported_language=language,
                                patterns=_patterns(kind, texts)) for kind, (texts, check) in checked.items()]
    written = WrittenPhoneRecogniser(supported_language=language, supported_entity="PHONE", supported_regions=("CN", "US", "GB"),
                                     name=f"written_{language}")
    return [*found, written]


def _patterns(kind: str, texts: tuple[str, ...]) -> list[Pattern]:
    return [Pattern(name=f"{kind.lower()} {place}", regex=text, score=0.9) for place, text in enumerate(texts, start=1)]
