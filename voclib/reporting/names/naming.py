"""How one estimand is shown: title, scale, short words and reference; shared by the files that hold the names."""

from __future__ import annotations

from dataclasses import dataclass

from voclib.results import Text


@dataclass(frozen=True, kw_only=True)
class Name:
    """How one estimand is shown.

    `title` names it, `scale` says what the number is and between which ends it can lie, `short` stands beside
    the number in one row, `reference` is the value drawn as the black line (zero, or one where 1 means no change).
    """

    title: Text
    scale: Text
    short: Text = Text("", "")
    reference: float = 0.0


def share(zh: str, en: str, of_zh: str, of_en: str, short_zh: str, short_en: str) -> Name:
    """A share, from 0% to 100%: its name, of what it is, and the word beside the number."""
    return Name(title=Text(zh, en), scale=Text(f"{of_zh}，0% 至 100%", f"{of_en}, 0% to 100%"), short=Text(short_zh, short_en))
