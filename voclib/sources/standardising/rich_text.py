"""What customers said in systems that keep it as HTML: the words without tags and with the signs that &nbsp; and its like stand for.

Left as they are, the names of tags become topics, and a telephone number with &nbsp; in it is none for whoever redacts it.
"""

from __future__ import annotations

import html
import re

import pandas as pd

from voclib.sources.reading import mail_text

RICH = "HTML written out as plain text"
_TAGS = re.compile(r"</?(?:p|div|br|span|b|i|u|strong|em|font|a|img|ul|ol|li|h[1-6]|table|tbody|tr|td|blockquote|pre|body|html)"
                   r"(?:\s+[a-z][\w:-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*\s*/?>", re.IGNORECASE)
_SIGNS = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|hellip|[lr][ds]quo|[mn]dash|middot|yen|times|#[0-9]{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)


def plain(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Verbatims without HTML, and what was done to each cell; a page that a customer writes about in other words stays as it is."""
    changed = {text: made for text in texts.dropna().unique() if (made := _plain(text)) != text}
    notes = texts.isin(list(changed)).map({True: RICH, False: ""}).astype("str")
    return (texts.map(lambda text: changed.get(text, text) or None, na_action="ignore").astype("str") if changed else texts), notes


def _plain(text: str) -> str:
    if _TAGS.search(text):
        return mail_text.text_of(text).strip()
    return html.unescape(text).replace("\u00a0", " ").strip() if _SIGNS.search(text) else text
