"""The data standard: tables, validation, storage, hashes and the codebook. Names are loaded on first use, so importing this is cheap."""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "TABLES": "tables", "coerce": "coercion", "Validated": "validation", "validate": "validation", "validate_all": "validation",
    "check": "validation", "empty": "validation", "raise_problems": "problems", "content_hash": "digest", "codebook": "handbook",
    "sql": "sql", "store": "store",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOMES[name]}")
    return module if name == _HOMES[name] else getattr(module, name)
