"""What a notebook cell displays: one payload for the page, words for a terminal, live HTML for JupyterLab."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from voclib import numbers
from voclib.errors import ParameterError, nearest
from voclib.reporting import figures, live, wording
from voclib.reporting.figures.table import FORMATS, plain
from voclib.results import Check, Estimate, Ladder, Study, Text

BATCH = "VOC_BATCH"


@dataclass(frozen=True)
class Shown:
    """A figure on its way to a reader. The last line of a cell; nothing else is needed.

    A batch run (environment variable `VOC_BATCH` set) leaves out the live HTML, since the page renders the payload itself.
    """

    kind: str
    payload: dict[str, Any]
    words: str

    def html(self) -> str:
        """The figure as the page shows it."""
        return str(figures.render(self.payload, kind=self.kind))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {figures.mime(self.kind): self.payload, "text/plain": self.words}
        if not os.environ.get(BATCH):
            bundle["text/html"] = live.wrap(self.html())
        return bundle


@dataclass(frozen=True)
class Step:
    """One step of a funnel: who reached it, who left before it, and what those who left are worth in yuan."""

    label: Text
    count: int
    left: Text | None = None
    value: float | None = None


@dataclass(frozen=True)
class Brick:
    """A part of the hundred bricks over a funnel."""

    label: Text
    kind: Literal["heard", "silent", "never"]
    share: float


def headline(study: Study) -> Shown:
    """The answer of a notebook: question, number with interval, verdict, caveat, decision. The page lifts it to the top."""
    for estimate in study.headline:
        wording.name(estimate.estimand)
    shown = "\n".join(_line(e, lang) for lang in ("zh", "en") for e in study.headline)
    return Shown("headline", study.to_dict(), f"{study.summary('zh')}\n\n{study.summary('en')}\n\n{shown}\n{study.verdict}")


def ladder(ladder: Ladder, *, title: Text, labels: Mapping[str, Text | tuple[Text, Text]], subtitle: Text | None = None,
           beneath: Mapping[str, Text] | None = None, note: Text | None = None) -> Shown:
    """A ladder from the uncorrected number (first rung) to the chosen one.

    `title` is the finding as a sentence. `labels` names each rung; a pair adds what the rung brings. `beneath` puts a line under the
    label of some rungs, such as response rate, effective n and the share of the population supported (`standing` writes it).

    Raises
    ------
    ParameterError
        if a rung has no label, or a label or a line beneath has no rung.
    """
    known = [r.rung for r in ladder.rungs]
    if missing := [r for r in known if r not in labels]:
        raise ParameterError(f"The ladder '{ladder.estimand}' has rungs without a label: {', '.join(missing)}. Give them in labels=.")
    for name, given in (("labels", labels), ("beneath", beneath or {})):
        if unknown := [r for r in given if r not in known]:
            raise ParameterError(f"{name}= names '{unknown[0]}', which is no rung of '{ladder.estimand}'; {nearest(unknown[0], known)}")
    pairs = {rung: text if isinstance(text, tuple) else (text, None) for rung, text in labels.items()}
    payload = _captions(title, subtitle, note) | {
        "estimand": ladder.estimand, "chosen": ladder.chosen, "rungs": [r.to_dict() for r in ladder.rungs],
        "labels": {rung: {"label": asdict(name), "adds": asdict(adds) if adds else None} for rung, (name, adds) in pairs.items()}}
    if beneath:
        payload["beneath"] = {rung: asdict(text) for rung, text in beneath.items()}
    lines = [f"{'→' if r.rung == ladder.chosen else ' '} {pairs[r.rung][0].zh} / {pairs[r.rung][0].en}: {_figures(r, 'en')}" for r in ladder.rungs]
    return Shown("ladder", payload, "\n".join([_both(title), *lines]))


def standing(*, response: float | None = None, n_effective: float | None = None, supported: float | None = None) -> Text:
    """The line beneath a rung of a ladder: response rate (0–1), effective n, and the share of the population supported (0–1).

    Raises
    ------
    ParameterError
        if none is given.
    """
    shares = {"response": response, "supported": supported}
    written = {k: plain(v, "share", "en") for k, v in shares.items() if v is not None}
    zh = [f"作答率 {written['response']}"] if response is not None else []
    en = [f"response {written['response']}"] if response is not None else []
    if n_effective is not None:
        zh.append(f"有效样本 {plain(n_effective, 'count', 'zh')}")
        en.append(f"effective n {plain(n_effective, 'count', 'en')}")
    if supported is not None:
        zh.append(f"覆盖 {written['supported']} 的客户")
        en.append(f"supports {written['supported']} of customers")
    if not zh:
        raise ParameterError("standing() needs response=, n_effective= or supported=; it got none.")
    return Text("，".join(zh), ", ".join(en))


def board(layers: Sequence[Mapping[str, Any]], *, title: Text, subtitle: Text | None = None, note: Text | None = None) -> Shown:
    """Findings of several reports in layers, `{title, rows}`; each number with its interval, evidence, goal and report.

    A row is `{label, what, report, estimate, naive, verdict, goal}`; without a label it has the estimand's name. `goal` is
    `{value, state, text}` with the state reached, missed or unclear.

    Raises
    ------
    ParameterError
        if there is no row.
    """
    if not any(layer["rows"] for layer in layers):
        raise ParameterError("board() needs at least one row; it got none.")
    payload = _captions(title, subtitle, note) | {"layers": [
        {"title": asdict(layer["title"]), "rows": [_row(row) for row in layer["rows"]]} for layer in layers]}
    lines = [f"  {(row['label'] or wording.name(row['estimate'].estimand)).en}: {_figures(row['estimate'], 'en')}"
             for layer in layers for row in layer["rows"]]
    return Shown("board", payload, "\n".join([_both(title), *lines]))


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a board as plain values."""
    goal, naive, what = row.get("goal"), row.get("naive"), row.get("what")
    return {"label": asdict(row["label"]) if row["label"] else None, "what": asdict(what) if what else None, "report": row["report"],
            "estimate": row["estimate"].to_dict(), "naive": naive.to_dict() if naive else None, "verdict": str(row["verdict"]),
            "goal": {"value": goal["value"], "state": goal["state"], "text": asdict(goal["text"])} if goal else None}


def intervals(estimates: Sequence[Estimate], *, title: Text, subtitle: Text | None = None, labels: Mapping[str, Text] | None = None,
              naive: Mapping[str, Estimate] | None = None, note: Text | None = None,
              sort: Literal["value", "group", "given"] = "value") -> Shown:
    """Groups on one axis. `sort="value"` puts the highest first and refusals last; `labels` names groups in both languages.

    `naive` holds the uncorrected value of a group, drawn as a grey ring.

    Raises
    ------
    ParameterError
        if there is nothing to draw, units differ, or `sort` is unknown.
    """
    rows = _sorted(list(estimates), sort)
    if not rows:
        raise ParameterError("intervals() needs at least one Estimate; it got none.")
    if len(units := sorted({e.unit for e in rows})) > 1:
        raise ParameterError(f"intervals() draws one axis; the estimates have units {', '.join(units)}. Draw one figure a unit.")
    payload = _captions(title, subtitle, note) | {
        "estimates": [e.to_dict() for e in rows], "naive": {g: e.to_dict() for g, e in (naive or {}).items()},
        "labels": {g: asdict(t) for g, t in (labels or {}).items()}}
    lines = [f"  {(labels or {}).get(e.group, Text(e.group, e.group)).en}: {_figures(e, 'en')}" for e in rows]
    return Shown("intervals", payload, "\n".join([_both(title), *lines]))


def checks(checks: Sequence[Check]) -> Shown:
    """Checks, failed first with their consequence."""
    if not checks:
        raise ParameterError("checks() needs at least one Check; it got none.")
    lines = [f"{wording.state(c.passed)[0].zh} / {wording.state(c.passed)[0].en}: {c.name.zh} / {c.name.en}" for c in checks]
    return Shown("checks", {"checks": [asdict(c) for c in checks]}, "\n".join(lines))


def limits(study: Study) -> Shown:
    """What the report does not say: the wrong reading, then why."""
    rows = {lang: [[wrong[lang], why[lang]] for wrong, why in study.limits] for lang in ("zh", "en")}
    return Shown("limits", {"limits": rows}, "\n".join(f"{a.zh}{b.zh}\n{a.en} {b.en}" for a, b in study.limits))


def table(frame: pd.DataFrame, *, title: Text, columns: Mapping[str, Text], subtitle: Text | None = None,
          formats: Mapping[str, str] | None = None, note: Text | None = None, max_rows: int = 50) -> Shown:
    """Columns of a frame under titles in both languages; the first is the row's name.

    `columns` chooses, orders and titles the columns. `formats` gives a column one of `text, count, exact, share, points,
    pp, cny, usd, score, ratio, hours, days, number`; without it whole numbers are `exact`, other numbers `number`, the rest
    `text`. A cell may be a `Text`. Rows beyond `max_rows` are counted, not shown.

    Raises
    ------
    ParameterError
        if a column or a format is unknown.
    """
    formats = dict(formats or {})
    for name in [*columns, *formats]:
        if name not in frame.columns:
            raise ParameterError(f"The table has no column '{name}'; {nearest(name, frame.columns)}")
    for form in formats.values():
        if form not in FORMATS:
            raise ParameterError(f"There is no format '{form}'; {nearest(form, FORMATS)}")
    heads = [{"name": c, "title": asdict(t), "format": formats.get(c) or _format(frame[c])} for c, t in columns.items()]
    rows = [[_cell(x) for x in row] for row in frame[list(columns)].head(max_rows).itertuples(index=False, name=None)]
    payload = _captions(title, subtitle, note) | {"columns": heads, "rows": rows, "total": len(frame)}
    return Shown("table", payload, "\n".join([_both(title), *_lines(heads, rows)]))


def funnel(steps: Sequence[Step], *, title: Text, subtitle: Text | None = None, bricks: Sequence[Brick] = (), value_title: Text | None = None,
           note: Text | None = None) -> Shown:
    """Who reached each step, from the first to the last; `bricks` draws a hundred of them as heard, silent and never asked.

    Raises
    ------
    ParameterError
        if there are fewer than two steps, a step grows, or values stand without `value_title`.
    """
    if len(steps) < 2:
        raise ParameterError(f"A funnel needs at least two steps; it got {len(steps)}.")
    for before, after in zip(steps, steps[1:], strict=False):
        if after.count > before.count:
            raise ParameterError(f"A funnel only narrows: '{after.label.en}' has {after.count:,}, the step before it {before.count:,}.")
    if any(s.value is not None for s in steps) and value_title is None:
        raise ParameterError("The steps carry a value; value_title= must say of what and over how long.")
    payload = _captions(title, subtitle, note) | {
        "steps": [asdict(s) for s in steps], "bricks": [asdict(b) for b in bricks], "value_title": asdict(value_title) if value_title else None}
    return Shown("funnel", payload, "\n".join([_both(title), *(f"  {s.label.zh} / {s.label.en}: {s.count:,}" for s in steps)]))


def facts(values: Mapping[Text, int | float | tuple[float, str] | tuple[float, str, Text]]) -> Shown:
    """A few exact numbers in a row: `{Text(…): 20000}`, with a format `(0.08, "share")`, with a unit `(12, "exact", Text(…))`."""
    rows = []
    for name, given in values.items():
        value, form, unit = (*(given if isinstance(given, tuple) else (given, "exact")), None)[:3]
        if form not in FORMATS:
            raise ParameterError(f"There is no format '{form}'; {nearest(form, FORMATS)}")
        rows.append({"label": asdict(name), "value": _cell(value), "format": form, "unit": asdict(unit) if unit else None})
    lines = [f"{r['label']['zh']} / {r['label']['en']}: {plain(r['value'], r['format'], 'en')}" for r in rows]
    return Shown("facts", {"facts": rows}, "\n".join(lines))


def note(text: Text) -> Shown:
    """One sentence in place of a figure that these data cannot fill."""
    return Shown("note", {"text": asdict(text)}, _both(text))


def no_truth() -> Shown:
    """In place of a comparison with planted truth where none was planted. A page leaves out a section that has nothing else to show."""
    text = Text("这批数据没有埋下的真值，页面上不出现这一节。", "These data hold no planted truth; the page leaves this section out.")
    return Shown("absent", {"text": asdict(text)}, _both(text))


def _captions(title: Text, subtitle: Text | None, note: Text | None) -> dict[str, Any]:
    return {"title": asdict(title), "subtitle": asdict(subtitle) if subtitle else None, "note": asdict(note) if note else None}


def _both(text: Text) -> str:
    return f"{text.zh}\n{text.en}"


def _figures(estimate: Estimate, lang: str) -> str:
    """Value, unit and interval in one line."""
    if estimate.kind == "refusal":
        return f"{wording.ui('insufficient')[lang]} ({estimate.needs[lang]})"
    text = f"{numbers.value(estimate, lang)} {numbers.unit(estimate, lang)}".strip()
    return f"{text} [{numbers.interval(estimate, lang)}]" if estimate.kind == "estimate" else text


def _line(estimate: Estimate, lang: str) -> str:
    group = f" · {estimate.group}" if estimate.group else ""
    return f"{wording.name(estimate.estimand)[lang]}{group}: {_figures(estimate, lang)}"


def _sorted(estimates: list[Estimate], sort: str) -> list[Estimate]:
    if sort == "given":
        return estimates
    if sort == "group":
        return sorted(estimates, key=lambda e: e.group)
    if sort != "value":
        raise ParameterError(f"sort='{sort}' is not known; {nearest(sort, ('value', 'group', 'given'))}")
    return sorted(estimates, key=lambda e: (e.kind == "refusal", -_middle(e), e.group))


def _middle(estimate: Estimate) -> float:
    if estimate.kind == "bounds":
        return (estimate.bound_low + estimate.bound_high) / 2
    return estimate.value if estimate.value is not None else 0.0


def _format(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return "text"
    return "exact" if pd.api.types.is_integer_dtype(column) else "number"


def _cell(x: Any) -> Any:
    """A JSON value; missing is null, numbers keep nine digits so that bytes repeat."""
    if isinstance(x, Text):
        return asdict(x)
    if x is None or x is pd.NaT or x is pd.NA or (isinstance(x, float) and x != x):
        return None
    if hasattr(x, "item"):
        x = x.item()
    if isinstance(x, float):
        return float(f"{x:.9g}")
    return x if isinstance(x, (int, bool)) else str(x)


def _lines(heads: list[dict[str, Any]], rows: list[list[Any]]) -> list[str]:
    """The table as aligned text."""
    texts = [[h["title"]["en"] for h in heads], *([_plain(x, h) for x, h in zip(row, heads, strict=True)] for row in rows)]
    wide = [max(len(row[i]) for row in texts) for i in range(len(heads))]
    return ["  ".join(x.ljust(w) for x, w in zip(row, wide, strict=True)).rstrip() for row in texts]


def _plain(x: Any, head: Mapping[str, Any]) -> str:
    if x is None:
        return numbers.DASH
    if isinstance(x, Mapping):
        return x["en"]
    return str(x) if head["format"] == "text" or isinstance(x, (str, bool)) else plain(x, head["format"], "en")
