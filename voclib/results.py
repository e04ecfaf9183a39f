"""The vocabulary of findings: every number that reaches a page is an Estimate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from voclib.errors import VocError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["estimate", "bounds", "count", "refusal"]
Unit = Literal["points", "share", "pp", "cny", "usd", "score", "count", "ratio", "hours", "days"]
TIDY = ["term", "group", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "method"]


class Verdict(StrEnum):
    """What a reader may do with a number; gates decide it, never the analyst. Ordered from free to refused."""

    REPORT = "REPORT"
    REPORT_WITH_CAVEAT = "REPORT_WITH_CAVEAT"
    BOUNDS_ONLY = "BOUNDS_ONLY"
    REFUSE = "REFUSE"

    @classmethod
    def worst(cls, verdicts: Iterator[Verdict] | list[Verdict]) -> Verdict:
        """The strictest of several verdicts; REPORT where there are none."""
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.REPORT)


@dataclass(frozen=True)
class Text:
    """One statement in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return {"zh": self.zh, "en": self.en}[lang]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number with everything needed to judge it.

    `kind` decides which fields must be there: an *estimate* has value and interval, *bounds* have
    `bound_low`/`bound_high` and no value, a *count* is exact, a *refusal* has `reason` and `needs`.
    Shares are 0–1, NPS-like scores −100–100 points, money yuan (`usd`: dollars).

    Raises
    ------
    VocError
        if a field that the kind requires is missing, or one that it forbids is given.
    """

    estimand: str
    kind: Kind
    unit: Unit
    rung: str = ""
    group: str = ""
    value: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float = 0.95
    bound_low: float | None = None
    bound_high: float | None = None
    std_error: float | None = None
    p_value: float | None = None
    ci_method: str = ""
    n: int | None = None
    n_effective: float | None = None
    n_clusters: int | None = None
    assumptions: tuple[str, ...] = ()
    verdict: Verdict = Verdict.REPORT
    evidence_level: int = 0
    reason: Text | None = None
    needs: Text | None = None
    seed: int | None = None
    data_hash: str = ""

    def __post_init__(self) -> None:
        has = {f.name for f in fields(self) if getattr(self, f.name) is not None}
        required, forbidden = _REQUIRED[self.kind], _FORBIDDEN[self.kind]
        if missing := sorted(required - has):
            raise VocError(f"Estimate '{self.estimand}' of kind '{self.kind}' lacks {', '.join(missing)}.")
        if extra := sorted(forbidden & has):
            raise VocError(f"Estimate '{self.estimand}' of kind '{self.kind}' must not carry {', '.join(extra)}.")
        for name in required - {"reason", "needs"}:
            if not math.isfinite(getattr(self, name)):
                raise VocError(f"Estimate '{self.estimand}': {name} is not a finite number.")
        if self.kind == "estimate" and not self.conf_low <= self.conf_high:
            raise VocError(f"Estimate '{self.estimand}': conf_low {self.conf_low} lies above conf_high {self.conf_high}.")
        if not 0 <= self.evidence_level <= 4:
            raise VocError(f"Estimate '{self.estimand}': evidence_level is 0 to 4, not {self.evidence_level}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to nine significant digits so that bytes repeat."""
        return {k: _plain(v) for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimate:
        """The inverse of `to_dict`."""
        values = dict(data)
        for name in ("reason", "needs"):
            if values.get(name) is not None:
                values[name] = Text(**values[name])
        values["verdict"] = Verdict(values.get("verdict", "REPORT"))
        values["assumptions"] = tuple(values.get("assumptions", ()))
        return cls(**values)

    def tidy(self) -> pd.DataFrame:
        """One row: term, group, estimate, std_error, conf_low, conf_high, p_value, n, method."""
        return tidy([self])

    def with_(self, **changes: Any) -> Estimate:
        """A copy with some fields changed."""
        return replace(self, **changes)


_REQUIRED: dict[str, set[str]] = {
    "estimate": {"value", "conf_low", "conf_high"},
    "bounds": {"bound_low", "bound_high"},
    "count": {"value"},
    "refusal": {"reason", "needs"},
}
_FORBIDDEN: dict[str, set[str]] = {
    "estimate": {"bound_low", "bound_high"},
    "bounds": {"value"},
    "count": {"conf_low", "conf_high", "bound_low", "bound_high", "std_error", "p_value"},
    "refusal": {"value", "conf_low", "conf_high", "bound_low", "bound_high"},
}


def refusal(estimand: str, *, unit: Unit, reason: Text, needs: Text, **more: Any) -> Estimate:
    """An answer withheld: why, and what would make it possible."""
    return Estimate(estimand=estimand, kind="refusal", unit=unit, reason=reason, needs=needs,
                    verdict=Verdict.REFUSE, **more)


@dataclass(frozen=True)
class Ladder:
    """The same estimand from naive to corrected to sensitivity; the movement is the finding."""

    estimand: str
    rungs: tuple[Estimate, ...]
    chosen: str = ""

    def __post_init__(self) -> None:
        names = [r.rung for r in self.rungs]
        if len(set(names)) != len(names):
            raise VocError(f"Ladder '{self.estimand}': rung names repeat: {', '.join(names)}.")
        if self.chosen and self.chosen not in names:
            raise VocError(f"Ladder '{self.estimand}': the chosen rung '{self.chosen}' is not one of {', '.join(names)}.")

    def __getitem__(self, rung: str) -> Estimate:
        return next(r for r in self.rungs if r.rung == rung)

    def tidy(self) -> pd.DataFrame:
        """One row a rung."""
        return tidy(self.rungs)


@dataclass(frozen=True)
class Check:
    """One gate: `passed` is True, False, or None for information only. `consequence` says what a failure changed."""

    name: Text
    passed: bool | None
    detail: Text
    consequence: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question and everything a page says about it.

    `headline[0]` is the answer shown large; `naive` is the uncorrected number drawn as a grey ring.
    `limits` are pairs (the wrong reading, why it is wrong).
    """

    question: Text
    answer: Text
    headline: tuple[Estimate, ...]
    caveat: Text
    decision: Text
    verdict: Verdict
    kicker: Text = Text("", "")
    naive: Estimate | None = None
    ladders: tuple[Ladder, ...] = ()
    checks: tuple[Check, ...] = ()
    limits: tuple[tuple[Text, Text], ...] = ()
    reader: Literal["executive", "product", "region", "research"] = "research"
    seed: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.headline:
            raise VocError("A Study needs at least one Estimate as its headline.")
        if not 3 <= len(self.limits) <= 5:
            raise VocError(f"A Study states 3 to 5 limits; this one has {len(self.limits)}.")

    def to_dict(self) -> dict[str, Any]:
        """The finding as others read it (`<report>.json`)."""
        return {
            "question": asdict(self.question), "answer": asdict(self.answer), "kicker": asdict(self.kicker),
            "verdict": str(self.verdict), "reader": self.reader,
            "headline": [e.to_dict() for e in self.headline],
            "naive": self.naive.to_dict() if self.naive else None,
            "ladders": {ladder.estimand: [r.to_dict() for r in ladder.rungs] for ladder in self.ladders},
            "chosen": {ladder.estimand: ladder.chosen for ladder in self.ladders},
            "checks": [asdict(c) for c in self.checks],
            "caveat": asdict(self.caveat), "decision": asdict(self.decision),
            "limits": {lang: [[a[lang], b[lang]] for a, b in self.limits] for lang in ("zh", "en")},
            "seed": self.seed, "evidence": {k: _plain(v) for k, v in self.evidence.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Study:
        """The inverse of `to_dict`."""
        estimates = lambda rows: tuple(Estimate.from_dict(r) for r in rows)  # noqa: E731
        limits = tuple((Text(z[0], e[0]), Text(z[1], e[1]))
                       for z, e in zip(data["limits"]["zh"], data["limits"]["en"], strict=True))
        return cls(
            **{k: Text(**data[k]) for k in ("question", "answer", "kicker", "caveat", "decision")},
            verdict=Verdict(data["verdict"]), reader=data["reader"], headline=estimates(data["headline"]),
            naive=Estimate.from_dict(data["naive"]) if data["naive"] else None,
            ladders=tuple(Ladder(name, estimates(rows), data["chosen"][name]) for name, rows in data["ladders"].items()),
            checks=tuple(Check(Text(**c["name"]), c["passed"], Text(**c["detail"]),
                               Text(**c["consequence"]) if c["consequence"] else None) for c in data["checks"]),
            limits=limits, seed=data["seed"], evidence=data["evidence"],
        )

    def tidy(self) -> pd.DataFrame:
        """Headline and ladders, one row an estimate."""
        return tidy([*self.headline, *(r for ladder in self.ladders for r in ladder.rungs)])

    def summary(self, lang: str = "zh") -> str:
        """Question, answer, caveat and decision as sentences."""
        return "\n".join(text[lang] for text in (self.question, self.answer, self.caveat, self.decision))


def tidy(estimates: list[Estimate] | tuple[Estimate, ...]) -> pd.DataFrame:
    """Estimates as a frame with the columns in `TIDY`; bounds fill the interval, counts and refusals leave it empty."""
    import pandas as pd

    rows = [{
        "term": e.estimand if not e.rung else f"{e.estimand}:{e.rung}", "group": e.group, "estimate": e.value,
        "std_error": e.std_error, "conf_low": e.bound_low if e.kind == "bounds" else e.conf_low,
        "conf_high": e.bound_high if e.kind == "bounds" else e.conf_high, "p_value": e.p_value, "n": e.n,
        "method": e.ci_method or e.kind} for e in estimates]
    return pd.DataFrame(rows, columns=TIDY)


def _plain(value: Any) -> Any:
    """JSON-ready: enums as strings, tuples as lists, floats rounded."""
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value
