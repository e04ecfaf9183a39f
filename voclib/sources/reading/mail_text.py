"""The words of an e-mail: its text part, or its HTML as text, without what it quotes."""

from __future__ import annotations

import codecs
import re
from email.message import Message
from html.parser import HTMLParser

from voclib.sources.reading import encodings

_BREAKS = frozenset({"br", "p", "div", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "blockquote"})
# a line that opens a quotation and ends the sender's own words
_OPENS = re.compile(r"\s*(?:On\s.{4,300}wrote\s*[:：]|在\s?.{2,300}写道\s*[:：]"
                    r"|-{2,}\s*(?:Original Message|Forwarded message|原始邮件|转发邮件|回复的邮件)\s*-{2,})\s*", re.IGNORECASE)
_SENDER = re.compile(r"\s*\*?(?:From|发件人)\*?\s*[:：]")
_SENT = re.compile(r"\s*\*?(?:Sent|Date|发送时间|时间|日期)\*?\s*[:：]")
_ELEMENTS = tuple((re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE)) for opening, closing in (
    (r"<!--", r"-->"), (r"<script\b", r"</script\s*>"), (r"<style\b", r"</style\s*>"), (r"<!\[CDATA\[", r"\]\]>")))
_STRAY = re.compile(r"<(?=[^<>]*(?:<|\Z))|<(?![a-zA-Z/!?])")
_ALIAS = {"gb2312": "gb18030", "gbk": "gb18030"}  # Chinese mail programs name the smaller set and write the larger


def body(message: Message) -> tuple[str, int]:
    """The text of a message (its plain part, else its HTML as text) and the number of attachments, none of which is opened."""
    plain: list[str] = []
    rich: list[str] = []
    attachments, waiting = 0, [message]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        if part is not message and (part.get_content_disposition() == "attachment" or part.get_filename() or kind == "message/rfc822"):
            attachments += 1
        elif part.is_multipart():
            waiting += reversed([inner for inner in part.get_payload() if isinstance(inner, Message)])
        elif kind in ("text/plain", "text/html"):
            (plain if kind == "text/plain" else rich).append(_decoded(part))
        else:
            attachments += 1
    words = "\n".join(text for text in plain if text.strip())
    return (words or "\n".join(map(text_of, rich))).replace("\r\n", "\n").replace("\0", "").strip(), attachments


def _decoded(part: Message) -> str:
    """A part's text; bytes that are not in the encoding it claims become U+FFFD, for the reader to set the row aside."""
    raw = part.get_payload(decode=True) or b""
    given = (part.get_content_charset() or "").lower()
    for name in (_ALIAS.get(given, given), *(("utf-8", "gb18030") if given in ("", "us-ascii") else () if _is_known(given) else ("utf-8",))):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("ascii", errors="ignore") + encodings.UNDECODABLE


def _is_known(encoding: str) -> bool:
    try:
        return bool(codecs.lookup(encoding))
    except LookupError:
        return False


def text_of(html: str) -> str:
    """HTML as text: a line a paragraph; scripts, styles and quoted messages left out."""
    reader = _Reader()
    reader.feed(_plain(html))
    reader.close()
    lines = ("".join(reader.found)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def _plain(html: str) -> str:
    """HTML without comments, scripts and styles, and with every < that opens no tag written out: what the parser reads in one pass.

    html.parser goes back to the beginning at every unclosed construct, which a hostile message may hold by the thousand.
    """
    for opening, closing in _ELEMENTS:
        kept, at = [], 0
        while found := opening.search(html, at):
            kept.append(html[at:found.start()])
            end = closing.search(html, found.end())
            at = end.end() if end else len(html)
        html = "".join(kept) + html[at:]
    return _STRAY.sub("&lt;", html)


class _Reader(HTMLParser):
    """Text between tags; inside an unseen element nothing is kept, and one that never closes ends with the document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN or any(name == "class" and value and "gmail_quote" in value for name, value in attrs):
            self._unseen.append(tag)
        elif self._unseen and tag == self._unseen[-1]:
            self._unseen.append(tag)  # a div inside a quoted div closes first
        elif tag in _BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag in _BREAKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data.replace("\n", " "))


def own_words(text: str) -> str:
    """A body without quoted lines ("> …"), without a quoted message and what follows it, and without a signature after "-- "."""
    lines = text.split("\n")
    kept = []
    for place, line in enumerate(lines):
        following = lines[place + 1].strip() if place + 1 < len(lines) else ""
        wrapped = f"{line.rstrip()} {following}"
        # a mail program may break the opening line in two
        if line == "-- " or _opens(line) or (_begins(line) and _opens(wrapped)) or _forwards(line, following):
            break
        if not line.lstrip().startswith((">", "＞")):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


def _forwards(line: str, following: str) -> bool:
    """A quoted message as Outlook writes it: a line of the sender, then one of the date."""
    return _SENDER.match(line) is not None and _SENT.match(following) is not None


def _opens(line: str) -> bool:
    return len(line) < 400 and _OPENS.fullmatch(line) is not None


def _begins(line: str) -> bool:
    return line.lstrip().startswith(("On ", "在"))
