"""A figure inside JupyterLab: the page's own style, confined to the output and to the theme of the lab."""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup

from voclib.reporting import assets

_DARK = re.compile(r"@media screen and \(prefers-color-scheme:dark\)\{:root\{(.*?)\}\}", re.S)
_ROOT = re.compile(r":root\{(.*?)\}", re.S)
_LANGUAGE = """.voc-live [lang=en]:not(.keep){display:none}
.voc-live:has(.voc-en:checked) [lang=en]:not(.keep){display:revert}
.voc-live:has(.voc-en:checked) [lang=zh]:not(.keep){display:none}
.voc-switch{display:flex;gap:.4rem;align-items:center;justify-content:flex-end;font-size:.8125rem;color:var(--ink-3);cursor:pointer}"""


def wrap(html: str) -> str:
    """HTML of one output: style, sprite, a box that switches to English, and the figure. Needs no network and no script."""
    switch = '<label class="voc-switch"><input type="checkbox" class="voc-en"><span class="keep" lang="en">English</span></label>'
    return f'<div class="voc-live"><style>{style()}</style>{sprite()}{switch}{html}</div>'


@cache
def sprite() -> Markup:
    """Hatching patterns and icons that figures refer to."""
    return Markup(assets.content("icons.svg").strip())


@cache
def style() -> str:
    """The style sheets of the page under `@scope (.voc-live)`, dark where the lab's theme is dark."""
    css = "\n".join(map(assets.content, ("base.css", "report.css", "figures.css")))
    dark = _DARK.search(css)
    css = _DARK.sub("", css, count=1)
    light = _ROOT.search(css)
    css = _ROOT.sub("", css, count=1)
    tokens = f".voc-live{{{light.group(1)};color:var(--ink);background:var(--paper);font:400 1rem/1.7 var(--zh);padding:.5rem 1rem}}"
    tokens += f"body[data-jp-theme-light=false] .voc-live{{color-scheme:dark;{dark.group(1)}}}"
    scoped = "\n".join(line for line in css.splitlines() if not line.startswith(("html", "body", "@page", "@media print")))
    return f"{tokens}\n@scope (.voc-live){{{scoped}}}\n{_LANGUAGE}"
