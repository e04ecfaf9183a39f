"""What customers said in systems that keep it as HTML: the words without tags and with the signs that &nbsp; and its like stand for.

Left as they are, the names of tags become topics, and a telephone number with &nbsp; in it is none for whoever redacts it.
"""

from __future__ import annotations

import html
import re

import pandas as pd

from voclib.sources.reading import mail_text

RICH = "HTML written out as plain text"
LEAST = 0.2  # share of a column's distinct texts that hold tags where its system keeps HTML
_TAGS = re.compile(r"</?(?:p|div|br|span|b|i|u|strong|em|font|a|img|ul|ol|li|h[1-6]|table|tbody|tr|td|blockquote|pre|body|html)"
                   r"(?:\s+[a-z][\w:-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*\s*/?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SIGNS = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|hellip|[lr][ds]quo|[mn]dash|middot|yen|times|#[0-9]{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)


def plain(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Verbatims without HTML, and what was done to each cell.

    Signs such as &nbsp; and line breaks are written out wherever they stand; tags go only where a fifth of the column holds some, for then the system
    keeps HTML. A tag that somebody typed into plain text is what they said.
    """
    distinct = texts.dropna().unique()
    tagged = {text for text in distinct if _TAGS.search(text)}
    is_html = len(tagged) >= LEAST * len(distinct)
    changed = {text: made for text in distinct if (made := mail_text.text_of(text).strip() if is_html and text in tagged else _plain(text)) != text}
    notes = texts.isin(list(changed)).map({True: RICH, False: ""}).astype("str")
    return (texts.map(lambda text: changed.get(text, text) or None, na_action="ignore").astype("str") if changed else texts), notes


def _plain(text: str) -> str:
    if not (_SIGNS.search(text) or _BREAK.search(text)):
        return text
    return html.unescape(_BREAK.sub("\n", text)).replace("\u00a0", " ").strip()
