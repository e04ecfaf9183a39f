"""What `voc doctor` says of one thing, in both languages: what is there, why it matters, the one command that mends it.

Nothing that must be installed is imported here: the doctor must speak where everything else is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from voclib.errors import ParameterError, nearest
from voclib.results import Text

Status = Literal["ok", "warn", "missing"]
_STATUS = {"zh": {"missing": "缺  ", "warn": "注意", "ok": "正常"}, "en": {"missing": "MISSING", "warn": "warn   ", "ok": "ok     "}}
_LABELS = {"zh": ("，", "为何要紧：", "怎么办："), "en": (", ", "Why: ", "Fix: ")}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `needed`: without it the sample edition cannot be published. `fix` is one command, empty where all is well."""

    topic: Text
    status: Status
    there: Text
    why: Text
    fix: str = ""
    needed: bool = False

    def without(self, secrets: list[str]) -> Finding:
        """The finding with every secret in it blotted out."""
        return replace(self, there=Text(*(_blotted(text, secrets) for text in (self.there.zh, self.there.en))), fix=_blotted(self.fix, secrets))


@dataclass(frozen=True)
class Report:
    """Everything looked at, in the order of work: computer, data, editions, published reports."""

    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """1 where something that the sample edition needs is missing, else 0."""
        return int(any(f.status == "missing" and f.needed for f in self.findings))

    def told(self, lang: str = "en") -> str:
        """The report as lines of text, what is missing first; what is in order gets one line each, without its reason.

        Raises
        ------
        ParameterError
            if `lang` is neither zh nor en.
        """
        if lang not in _STATUS:
            raise ParameterError(f"Language '{lang}' is not known; {nearest(lang, _STATUS)}")
        order = list(_STATUS["en"])
        lines = [line for f in sorted(self.findings, key=lambda f: order.index(f.status)) for line in _lines(f, lang)]
        return "\n".join([*lines, "", self._summary(lang)])

    def _summary(self, lang: str) -> str:
        counts = {status: sum(f.status == status for f in self.findings) for status in ("ok", "warn", "missing")}
        if lang == "zh":
            last = "示例报告还发布不了：先补上标“缺”的。" if self.exit_status else "示例报告可以发布：voc run params/sample.yml"
            return f"{counts['ok']} 项正常，{counts['warn']} 项注意，{counts['missing']} 项缺。{last}"
        last = "The sample edition cannot be published yet: mend what is missing." if self.exit_status else \
            "The sample edition can be published: voc run params/sample.yml"
        return f"{counts['ok']} ok, {counts['warn']} to look at, {counts['missing']} missing. {last}"


def _lines(finding: Finding, lang: str) -> list[str]:
    colon, (_, why, fix) = ("：" if lang == "zh" else ": "), _LABELS[lang]
    shown = finding.there[lang].replace("\n", "\n         ")
    lines = [f"{_STATUS[lang][finding.status]}  {finding.topic[lang]}{colon}{shown}"]
    if finding.status != "ok":
        lines += [f"         {why}{finding.why[lang]}"] + ([f"         {fix}{finding.fix}"] if finding.fix else [])
    return lines


def _blotted(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


def listed(items: list[str], lang: str, *, most: int = 5) -> str:
    """Up to `most` items and how many more there are."""
    comma = "、" if lang == "zh" else ", "
    more = len(items) - most
    rest = "" if more <= 0 else f"，另有 {more} 项" if lang == "zh" else f" and {more} more"
    return comma.join(items[:most]) + rest
