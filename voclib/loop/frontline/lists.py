"""The price list and the names that the page on the frontline uses, from a file that people edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from voclib import yamlmodel
from voclib.errors import ParameterError
from voclib.results import Text
from voclib.text import aspects

TEMPLATE = "params/rules/frontline.yml"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    list_prices: dict[str, float] = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Lists:
    """Our list price of each model in CNY, English names of what the data call in Chinese, and names of topics."""

    list_prices: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, Text] = field(default_factory=dict)

    def name(self, key: str) -> Text:
        """A model, part, rival or region in both languages; as written where the file has no other name."""
        return self.topics.get(str(key), Text(str(key), self.names.get(str(key), str(key).replace("_", " "))))

    def names_of(self, *keys: str) -> Text:
        """Several of them in a row; empty ones are left out."""
        made = [self.name(key) for key in keys if key]
        return Text(" ".join(one.zh for one in made), " ".join(one.en for one in made))


def load(path: str | Path | None = None, dictionary: str | Path | None = None) -> Lists:
    """The lists of a YAML file (`params/rules/frontline.yml` is one, with what each key means) and the names of a dictionary's topics; either may be
    left out.

    Raises
    ------
    ParameterError
        names the file and what is wrong: an unknown key, a price that is no number above zero; as `voclib.text.aspects.load`.
    """
    topics = {} if dictionary is None else {one.id: Text(one.name.zh, one.name.en) for one in aspects.load(dictionary).entries}
    if path is None:
        return Lists(topics=topics)
    given = yamlmodel.read(Path(path), _File, template=TEMPLATE)
    if bad := [name for name, price in given.list_prices.items() if not price > 0]:
        raise ParameterError(f"{Path(path).name}: the list price of '{bad[0]}' is {given.list_prices[bad[0]]:g}; a price lies above zero.")
    return Lists(given.list_prices, given.names, topics)
