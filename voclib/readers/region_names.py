"""What the groups that are compared are called, and their units: dealers, airlines, or units of another kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from voclib.results import Text
from voclib.studies.regions_text import region as region_title
from voclib.studies.scores import segments_text

KINDS = {"dealer": Text("门店", "dealers"), "airline": Text("航空公司", "airlines"), "": Text("单位", "units")}
INITIALS = {"ana", "eva", "klm", "lan", "lot", "sas", "tam", "tap", "us"}  # of airlines whose address on the web starts with them
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Names:
    """Words for what is compared `by` a column: `units` (many of one kind), the names of groups by their key in the data."""

    by: str
    units: Text
    known: Mapping[str, str]
    is_placed: bool = True  # whether answers name a unit at all

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame], kept: pd.DataFrame, by: str) -> Names:
        """By the units of the answers `kept`; of several kinds they are just units."""
        listed = tables.get("units", pd.DataFrame(columns=["unit_id"])).drop_duplicates("unit_id").set_index("unit_id")
        there = listed.loc[listed.index.isin(kept["unit_id"].dropna())]
        kinds = set(there["kind"].dropna().astype(str)) if "kind" in there else set()
        one = kinds.pop() if len(kinds) == 1 else ""
        named = there["name"].dropna() if by == "unit_id" and "name" in there else pd.Series(dtype=object)
        return cls(by, KINDS.get(one, KINDS[""]), named.astype(str).to_dict(), bool(kept["unit_id"].notna().any()))

    @property
    def are_units(self) -> bool:
        """Whether units themselves are compared, so that none is a draw of anything."""
        return self.by == "unit_id"

    @property
    def compared(self) -> Text:
        """What one row of the sheet is, as a heading."""
        if self.are_units:
            return Text(self.units.zh, self.units.en.removesuffix("s").capitalize())
        found = segments_text.column(self.by)
        return Text(found.zh, found.en.capitalize())

    @property
    def groups(self) -> Text:
        """Many of what is compared."""
        return self.units if self.are_units else Text("大区", "regions") if self.by == "region" else Text("组", "groups")

    def counted(self, n: int) -> Text:
        """So many of what is compared."""
        sign = "家" if self.are_units else "个" if self.by == "region" else ""
        one = self.groups.en.removesuffix("s") if n == 1 else self.groups.en
        return Text(f"{n} {sign}{self.groups.zh}", f"{n} {one}")

    def title(self, key: str) -> Text:
        """A group of that key: a region as readers of English call it, a unit by its name, the address of an airline (cathay-pacific) as words."""
        name = self.known.get(key, key)
        if self.are_units and self.units == KINDS["airline"] and _SLUG.fullmatch(name):
            words = " ".join(part.upper() if i == 0 and part in INITIALS else part.capitalize() for i, part in enumerate(name.split("-")))
            return Text(words, words)
        return region_title(name)
