"""Planted personal identifiers, made up but well-formed (check digits included), and the phrases customers wrap them in."""

from __future__ import annotations

import numpy as np

KINDS = ("phone", "email", "plate", "vin", "id_card")
PLACEHOLDERS = {
    "phone": ("〔电话〕", "[phone]"), "email": ("〔邮箱〕", "[e-mail]"), "plate": ("〔车牌〕", "[licence plate]"), "vin": ("〔车架号〕", "[VIN]"),
    "id_card": ("〔证件号〕", "[ID card]"),
}
_PHRASES = {
    "phone": ("我手机{}，请回电", "Call me on {}"), "email": ("资料发我邮箱 {} 吧", "Write to {}"),
    "plate": ("车牌{}", "My plate is {}"), "vin": ("车架号 {}", "VIN {}"), "id_card": ("身份证 {}，麻烦核实", "ID card {}"),
}
_PROVINCES, _LETTERS = "京沪浙粤苏川鄂湘鲁豫", "ABCDEFGHJKLMNPQRSTUVWXY"
_VIN_SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_VIN_VALUES = dict(zip(_VIN_SIGNS, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9, *range(10)], strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def make(rng: np.random.Generator, kind: str) -> str:
    """One identifier of a kind."""
    digits = "".join(map(str, rng.integers(0, 10, 12)))
    match kind:
        case "phone":
            return f"1{rng.choice(list('3578'))}{digits[:9]}"
        case "email":
            return f"{rng.choice(['chen', 'wang.lei', 'lily', 'zhao_m', 'owner'])}{digits[:4]}@example.{rng.choice(['com', 'cn', 'org'])}"
        case "plate":
            return f"{rng.choice(list(_PROVINCES))}{rng.choice(list(_LETTERS))}·{digits[:4]}{rng.choice(list(_LETTERS))}"
        case "vin":
            return _vin(rng)
        case _:
            return _id_card(rng, digits)


def _vin(rng: np.random.Generator) -> str:
    signs = ["L", "C", "X", *rng.choice(list(_VIN_SIGNS), 14)]
    signs[8] = "0"
    total = sum(_VIN_VALUES[sign] * weight for sign, weight in zip(signs, _VIN_WEIGHTS, strict=True))
    signs[8] = "0123456789X"[total % 11]
    return "".join(signs)


def _id_card(rng: np.random.Generator, digits: str) -> str:
    place, born = rng.choice(["110105", "310104", "330106", "440305", "510107"]), rng.integers([1955, 1, 1], [2004, 13, 29])
    body = f"{place}{born[0]}{born[1]:02d}{born[2]:02d}{digits[:3]}"
    return body + "10X98765432"[sum(int(sign) * (2 ** (17 - place) % 11) for place, sign in enumerate(body)) % 11]


def plant(rng: np.random.Generator, texts: np.ndarray, language: np.ndarray, *, share: float) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Add identifiers to a share of the texts (at least one of each kind where there are enough texts).

    Returns the texts as written, the texts as redacted, and how many of each kind were planted.
    """
    raw, clean = texts.copy(), texts.copy()
    rows = rng.permutation(len(texts))[: min(len(texts), max(len(KINDS), round(share * len(texts))))]
    counts = dict.fromkeys(KINDS, 0)
    for place, row in enumerate(rows):
        kind, spoken = KINDS[place % len(KINDS)], int(language[row])
        phrase = _joint(texts[row], spoken) + _PHRASES[kind][spoken]
        raw[row] = texts[row] + phrase.format(make(rng, kind))
        clean[row] = texts[row] + phrase.format(PLACEHOLDERS[kind][spoken])
        counts[kind] += 1
    return raw, clean, counts


def _joint(text: str, spoken: int) -> str:
    ended = text[-1:] in "。.！!～~…?？;；,，"
    return (" " if ended else ". ") if spoken else ("" if ended else "，")
