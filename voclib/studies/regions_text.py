"""The regions that companies in China divide the country into, as readers of English call them; a region of another name stands as it is."""

from __future__ import annotations

from voclib.results import Text

REGIONS = {
    "华东": Text("华东", "East China"),
    "华南": Text("华南", "South China"),
    "华北": Text("华北", "North China"),
    "华中": Text("华中", "Central China"),
    "东北": Text("东北", "Northeast China"),
    "西北": Text("西北", "Northwest China"),
    "西南": Text("西南", "Southwest China"),
    "港澳台": Text("港澳台", "Hong Kong, Macau and Taiwan"),
}


def region(name: str) -> Text:
    """What a place is called where it may be a region."""
    return REGIONS.get(name, Text(name, name))
