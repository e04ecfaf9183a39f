"""Privacy: keyed pseudonyms, redaction of free text (zh and en) and suppression of small cells.

Every verbatim leaves ingest through one function, `redact`; every personal identifier through `pseudonymise`.
"""

from __future__ import annotations

from voclib.privacy.cells import suppress_small
from voclib.privacy.pseudonyms import KEY_VARIABLE, find_key, normal_id, pseudonymise
from voclib.privacy.redaction import KINDS, NOT_COVERED, Redacted, language_of, redact

__all__ = ["KEY_VARIABLE", "KINDS", "NOT_COVERED", "Redacted", "find_key", "language_of", "normal_id", "pseudonymise", "redact", "suppress_small"]
