"""What pages are made of besides findings: style sheets, scripts, icons and templates, the files beside this one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent


@lru_cache(maxsize=16)
def content(name: str) -> str:
    """The text of a file, such as `base.css`."""
    return (FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def template(name: str, *, keep_trailing_newline: bool = False) -> jinja2.Template:
    """A template that escapes what it is given and fails for what it is not given."""
    import jinja2  # not needed where a figure is shown in JupyterLab

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True, keep_trailing_newline=keep_trailing_newline)
    return environment.get_template(name)
