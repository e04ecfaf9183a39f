"""Swear words in what a page names: a topic is called by its leading words, and some customers' words are not for print.

What customers wrote is left as it stands; only names that this program makes and prints are masked.
"""

from __future__ import annotations

import re

STEMS = ("fuck", "motherfuck", "shit", "bullshit", "horseshit", "bitch", "cunt", "asshole", "arsehole", "bastard", "wank", "bollock", "twat",
         "dickhead", "whore", "slut", "piss", "nigg", "retard")
"""English words that begin so are masked, as grammar adds to their end: fucking, shitty."""
WHOLE = ("ass", "arse", "dick", "cock", "prick", "pussy", "crap", "crappy", "damn", "damned", "goddamn", "wtf")
"""English words masked only as they are: ass but not assist, cock but not cockpit."""
HARMLESS = ("shitake", "retarder", "retardant", "retardanc", "bastardis", "bastardiz", "pissarro", "whorl", "slutsky", "wankel", "niggl", "niggard")
"""How words begin that look like a swear word and are none: a retarder is a brake, a Wankel an engine, a niggle a small fault."""
CHINESE = ("他妈的", "你妈的", "妈逼", "操你", "卧槽", "草泥马", "傻逼", "傻b", "煞笔", "牛逼", "装逼", "狗屎", "狗日的", "王八蛋", "混蛋")
"""Chinese words masked wherever they stand; 妈的 only alone, as 妈妈的车 is a mother's car, and 狗日的 whole, as 遛狗日常 is walking the dog."""
# a letter beside it makes another word; a Chinese sign or a number does not, as in 太fuck了
_ENGLISH = re.compile(rf"(?i)(?<![a-z])(?!{'|'.join(HARMLESS)})(?:(?:{'|'.join(STEMS)})[a-z]*|(?:{'|'.join(WHOLE)})(?![a-z]))")
_CHINESE = re.compile(rf"(?i){'|'.join(CHINESE)}|(?<![\u4e00-\u9fff])妈的(?![\u4e00-\u9fff])")


def masked(name: str) -> str:
    """The name with every swear word cut to its first letter and a star for each other: fucking becomes f******."""
    hidden = _ENGLISH.sub(lambda found: found[0][0] + "*" * (len(found[0]) - 1), name)
    return _CHINESE.sub(lambda found: found[0][0] + "*" * (len(found[0]) - 1), hidden)
