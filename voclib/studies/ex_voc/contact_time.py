"""When the contact behind a voice took place, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

CONTACT, INVITATION, ANSWER, UNKNOWN = "contact", "invitation", "answer", ""


def dated(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`responses` with the moment of the contact (`contact_at`, UTC, NaT where there is none) and where it comes from (`contact_from`).

    `contact`: recorded with the voice (touched_at). `invitation`: start of the contact that the answered invitation asked about. `answer`: the
    moment of the answer (submitted_at), which lies after the contact, by how much nobody recorded. Empty where the voice has no time at all.
    """
    responses = tables["responses"]
    found = {CONTACT: responses["touched_at"], INVITATION: _asked_about(responses, tables.get("invitations"), tables.get("touchpoints")),
             ANSWER: responses["submitted_at"]}
    at = found[CONTACT]
    for later in (INVITATION, ANSWER):
        at = at.fillna(found[later])
    return responses.assign(contact_at=at, contact_from=np.select([t.notna() for t in found.values()], list(found), UNKNOWN))


def _asked_about(responses: pd.DataFrame, invitations: pd.DataFrame | None, touchpoints: pd.DataFrame | None) -> pd.Series:
    """Start of the contact of each voice's invitation, NaT where there is no such link."""
    if invitations is None or touchpoints is None:
        return pd.Series(pd.NaT, index=responses.index, dtype=responses["touched_at"].dtype)
    contact = invitations.drop_duplicates("invitation_id").set_index("invitation_id")["touchpoint_id"]
    began = touchpoints.drop_duplicates("touchpoint_id").set_index("touchpoint_id")["started_at"]
    return responses["invitation_id"].map(contact).map(began)
