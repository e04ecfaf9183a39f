"""Channel exports into the data standard: `ingest(mapping)` runs a mapping file and gives a `Pool`. Names load on first use."""

from __future__ import annotations

from importlib import import_module

_HOMES = {"ingest": "pool", "Pool": "pool", "CHANNELS": "adapters", "Mapping": "mapping"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
