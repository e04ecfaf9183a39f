"""A chart in two languages: live in JupyterLab, under the runner as data that the page draws, never with a column nobody asked for."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt
from altair.utils import schemapi

from voclib.errors import DataError, VocError
from voclib.reporting import theme
from voclib.results import Text

MAX_ROWS = 5000
WIDE, NARROW = 720, 350
_PANELS = {"concat", "facet", "hconcat", "repeat", "vconcat"}
_NAMING = {"as", "column", "density", "extent", "field", "fields", "flatten", "fold", "groupby", "impute", "key", "keyvals", "layer", "loess",
           "lookup", "on", "pivot", "quantile", "regression", "repeat", "row", "sort", "stack", "value"}


@dataclass(frozen=True)
class Pair:
    """One chart in both languages; `specs[lang][size]` is a Vega-Lite specification, size is `wide` (720 px) or `narrow` (350 px)."""

    title: Text
    subtitle: Text
    description: Text
    specs: Mapping[str, Mapping[str, dict[str, Any]]]
    note: Text | None = None

    def __post_init__(self) -> None:
        for name in ("title", "subtitle", "description"):
            text = getattr(self, name)
            if not isinstance(text, Text) or not text.zh.strip() or not text.en.strip():
                raise VocError(f"A chart needs its {name} in both languages: {name}=Text('…', '…').")
        for sizes in self.specs.values():
            for spec in sizes.values():
                theme.refuse_addresses(spec)

    def payload(self) -> dict[str, Any]:
        """What the page draws from: specifications and static pictures, rounded so that bytes repeat."""
        drawn = {lang: {size: {"spec": spec, "svg": theme.picture(spec)} for size, spec in sizes.items()} for lang, sizes in self.specs.items()}
        return {**drawn, "title": asdict(self.title), "subtitle": asdict(self.subtitle), "description": asdict(self.description),
                "note": asdict(self.note) if self.note else None}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if theme.current_mode() == "batch":
            return {theme.CHART_MIME: self.payload(), "text/plain": f"{self.description.zh}\n{self.description.en}"}
        spec = {**self.specs["zh"]["wide"], "title": {"text": self.title.zh, "subtitle": self.subtitle.zh}}
        if importlib.util.find_spec("anywidget") is None:
            return {"image/svg+xml": theme.picture(spec), "text/plain": self.description.zh}
        # never Altair's default renderer: it pastes chart data unescaped into a script
        alt.JupyterChart.enable_offline(True)
        return alt.JupyterChart(chart=alt.Chart.from_dict(spec))._repr_mimebundle_()


def chart(zh: alt.TopLevelMixin, en: alt.TopLevelMixin, *, title: Text, subtitle: Text, description: Text, note: Text | None = None) -> Pair:
    """A chart of one's own, drawn once in each language.

    Columns that the chart does not use are taken out of its data, so that no verbatim travels unseen.

    Raises
    ------
    VocError
        if a text is missing in a language, or the chart reads from an address.
    DataError
        if the chart carries more than 5,000 rows.
    """
    specs = {lang: {"wide": _spec(one, lang=lang, width=WIDE, description=description)} for lang, one in (("zh", zh), ("en", en))}
    return Pair(title, subtitle, description, specs, note)


def pair(build: Callable[[str, bool], alt.TopLevelMixin], *, title: Text, subtitle: Text, description: Text, note: Text | None) -> Pair:
    """Both languages and both widths of a ready-made chart; `build(lang, narrow)` draws one.

    Under the runner Altair does not check what we build, part by part: that takes longer than drawing it. In tests and in JupyterLab it does.
    """
    checks = theme.current_mode() == "live"
    with schemapi.debug_mode(checks):
        specs = {lang: {size: _spec(build(lang, size == "narrow"), lang=lang, width=width, description=description, checks=checks)
                        for size, width in (("wide", WIDE), ("narrow", NARROW))} for lang in ("zh", "en")}
    return Pair(title, subtitle, description, specs, note)


def _spec(one: alt.TopLevelMixin, *, lang: str, width: int, description: Text, checks: bool = True) -> dict[str, Any]:
    with alt.theme.enable("none"), alt.data_transformers.enable("voc", kept={}):
        spec = one.to_dict(validate=checks)
    for rows in spec.get("datasets", {}).values():
        if len(rows) > MAX_ROWS:
            raise DataError(f"The chart carries {len(rows):,} rows; a page takes {MAX_ROWS:,}. Aggregate before you draw.")
    house = theme.config(lang)
    spec["config"] = {**house, **{k: {**house.get(k, {}), **v} if isinstance(v, dict) else v for k, v in spec.get("config", {}).items()}}
    if not (_PANELS & set(spec) or {"row", "column", "facet"} & set(spec.get("encoding", {}))):
        spec |= {"width": width, "usermeta": {"fit": True}}  # the page's script sets the width it finds
    spec["description"] = description[lang]
    return theme.round_spec(prune(spec))


def _values(data: Any, *, kept: dict[int, tuple[Any, Any]]) -> Any:
    """Altair's own way to take a frame apart into rows, once however many layers draw it."""
    if id(data) not in kept:
        kept[id(data)] = data, alt.default_data_transformer(data, max_rows=None)  # with the frame, so that no other gets its id
    return kept[id(data)][1]


alt.data_transformers.register("voc", _values)


def prune(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification without the columns of its data that nothing in it names."""
    rest = {k: v for k, v in spec.items() if k not in ("datasets", "config", "title", "description", "usermeta")}
    exact: set[str] = set()
    code: list[str] = []
    _names(rest, exact, code)
    text = "\n".join(code)

    def used(column: str) -> bool:
        return column in exact or bool(re.search(rf"datum(?:\.{re.escape(column)}\b|\[['\"]{re.escape(column)}['\"]\])", text))

    datasets = {name: [{k: v for k, v in row.items() if used(k)} if isinstance(row, Mapping) else row for row in rows]
                for name, rows in spec.get("datasets", {}).items()}
    return {**spec, "datasets": datasets} if datasets else spec


def _names(node: Any, exact: set[str], code: list[str], key: str = "") -> None:
    """Gather every string a specification may name a column with: bare names at the keys that take one, expressions anywhere."""
    if isinstance(node, Mapping):
        for k, v in node.items():
            _names(v, exact, code, key=k)
    elif isinstance(node, (list, tuple)):
        for v in node:
            _names(v, exact, code, key=key)
    elif isinstance(node, str):
        if "datum" in node:
            code.append(node)
        elif key in _NAMING:
            plain = node.replace("\\", "")
            exact.update({plain, re.split(r"[.\[]", plain)[0]})
