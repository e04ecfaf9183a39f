"""Run editions: check everything, execute notebooks, publish pages, keep the register of what was said before."""

from __future__ import annotations

from voclib.running.edition import Edition, Job, load, plan
from voclib.running.index import refresh
from voclib.running.publish import RunResult, run
from voclib.running.verification import Verification, verify

__all__ = ["Edition", "Job", "RunResult", "Verification", "load", "plan", "refresh", "run", "verify"]
