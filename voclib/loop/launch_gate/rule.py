"""The rule of the launch gate, from a file that people edit before they look at the answers: margin, error rates, family, fewest answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from voclib import yamlmodel
from voclib.loop.rulefile import RuleFile

TEMPLATE = "params/rules/launch.yml"


class Rule(RuleFile):
    """What decides a light. Shares are 0–1.

    A concept's gain is its share of the top two scores less that of the product on sale. Green: its lower bound lies above `margin`; red: its upper
    bound lies below −`margin`. `false_green` and `false_red` hold for all concepts together, by `family`.
    """

    margin: float = Field(gt=0, lt=0.5)
    false_green: float = Field(default=0.05, gt=0, lt=0.5)
    false_red: float = Field(default=0.05, gt=0, lt=0.5)
    power: float = Field(default=0.8, ge=0.5, lt=1)
    family: Literal["bonferroni", "holm", "bh"] = "bonferroni"
    fewest: int = Field(default=30, ge=10)
    usual_share: float = Field(default=0.60, gt=0, lt=1)

    @property
    def level(self) -> float:
        """How sure all ranges are together: one less both error rates."""
        return round(1 - self.false_green - self.false_red, 9)


def load(path: str | Path) -> Rule:
    """The rule in a YAML file (`params/rules/launch.yml` is one, with what each key means).

    Raises
    ------
    ParameterError
        names the file and what is wrong: an unknown key with the nearest known one, a missing margin, a value out of range.
    """
    return yamlmodel.read(Path(path), Rule, template=TEMPLATE)
