"""Run editions: check everything, execute notebooks, publish pages, keep the register of what was said before.

Names are imported when first used, so that `voc doctor` speaks where a package is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voclib.running.edition import Edition, Job, load, plan
    from voclib.running.index import refresh
    from voclib.running.publish import RunResult, run
    from voclib.running.verification import Verification, verify

_HOMES = {"Edition": "edition", "Job": "edition", "load": "edition", "plan": "edition", "refresh": "index", "RunResult": "publish", "run": "publish",
          "Verification": "verification", "verify": "verification"}
__all__ = ["Edition", "Job", "RunResult", "Verification", "load", "plan", "refresh", "run", "verify"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"voclib.running.{_HOMES[name]}"), name)
    raise AttributeError(f"voclib.running has no '{name}'; it has {', '.join(__all__)}")
