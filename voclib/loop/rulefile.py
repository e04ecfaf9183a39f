"""What rule files have in common that people edit before they look at results, such as those of the launch gate and the case library."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from voclib.results import Text


class RuleFile(BaseModel):
    """Keys of a file, unknown ones refused; `names` gives names in the data their English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: dict[str, str] = {}

    def title(self, name: str) -> Text:
        """A name in the data, in both languages where the file knows it."""
        return Text(name, self.names.get(name, name))
