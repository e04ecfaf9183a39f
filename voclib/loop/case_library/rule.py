"""The rule of the case library, from a file that people edit before any case is chosen: what is drawn, how much a card says, who must match."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from voclib import yamlmodel
from voclib.loop.rulefile import RuleFile

TEMPLATE = "params/rules/case_library.yml"


class Level(BaseModel):
    """How much a card says of where, when and whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Literal["region", "all"] = "region"
    period: Literal["quarter", "half", "all"] = "quarter"
    tier: bool = False


class Rule(RuleFile):
    """What is drawn and what a card must stand. What each key means stands in the published file."""

    late_hours: float = Field(default=72, gt=0)
    reopened_days: int = Field(default=30, ge=1)
    per_cell: int = Field(default=1, ge=1, le=20)
    fewest: int = Field(default=5, ge=1)
    least_cells: int = Field(default=6, ge=2)
    k: int = Field(ge=2)
    days: int = Field(default=3, ge=0, le=60)
    levels: tuple[Level, ...] = Field(
        default=(Level(tier=True), Level(), Level(period="half"), Level(place="all", period="half"), Level(place="all", period="all")), min_length=1
    )
    public: tuple[str, ...] = ("appstore", "post", "social", "review")
    alike: float = Field(default=0.8, gt=0, le=1)
    careful: float = Field(default=0.5, gt=0, le=1)
    timezone: str = "Asia/Shanghai"

    def without_regions(self) -> Rule:
        """The rule for a company that has no regions: no level states a place; of levels that then say the same the first stays."""
        placeless = tuple(dict.fromkeys(one.model_copy(update={"place": "all"}) for one in self.levels))
        return self.model_copy(update={"levels": placeless})


def load(path: str | Path) -> Rule:
    """The rule in a YAML file (`params/rules/case_library.yml` is one, with what each key means).

    Raises
    ------
    ParameterError
        names the file and what is wrong: an unknown key with the nearest known one, a missing k, a value out of range.
    """
    return yamlmodel.read(Path(path), Rule, template=TEMPLATE)
