"""Small standard tables for the tests of studies: two quarters, surveys and reviews, every score of the standard."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from voclib.results import Study, Text
from voclib.schema import validate

Tables = dict[str, pd.DataFrame]
REGIONS = ("华东", "华南")


def pool(*, units: int = 24, per_unit: int = 8, seed: int = 7) -> Tables:
    """Every customer is invited in three quarters of 2026, answers the first two times, and writes a review in the second."""
    names = [f"D{u:02d}" for u in range(units)]
    people = [f"C{u:02d}-{k:02d}" for u in range(units) for k in range(per_unit)]
    home = dict(zip(people, np.repeat(names, per_unit), strict=True))
    tables = {
        "units": pd.DataFrame({"unit_id": names, "name": names, "kind": "dealer", "region": [REGIONS[u % 2] for u in range(units)]}),
        "customers": pd.DataFrame({"customer_id": people, "is_churned": "0", "unit_id": list(home.values()),
                                   "segment": [("家庭", "商务")[k % 2] for k in range(len(people))]}),
        "invitations": _invitations(people),
        "responses": _responses(people, home, seed),
    }
    return {name: validate(frame, name).accepted for name, frame in tables.items()}


def _invitations(people: list[str]) -> pd.DataFrame:
    """Three invitations a customer; the last one is never answered."""
    made = [pd.DataFrame({"invitation_id": [f"I{q}-{p}" for p in people], "customer_id": people, "channel": "sms", "trigger": f"q{q}",
                          "sent_at": f"2026-0{3 * q - 2}-10 09:00", "wave": "0", "is_delivered": "1"}) for q in (1, 2, 3)]
    return pd.concat(made, ignore_index=True)


def _responses(people: list[str], home: dict[str, str], seed: int) -> pd.DataFrame:
    rng, n = np.random.default_rng(seed), len(people)
    shift = np.repeat(rng.normal(0, 0.8, len(set(home.values()))), n // len(set(home.values())))
    mood = shift + rng.normal(0, 1.2, n)
    parts = []
    for quarter in (1, 2):
        nps = np.clip(np.round(8 + mood + rng.normal(0, 1, n)), 0, 10).astype(int)
        parts.append(pd.DataFrame({
            "response_id": [f"R{quarter}-{p}" for p in people], "invitation_id": [f"I{quarter}-{p}" for p in people], "customer_id": people,
            "unit_id": [home[p] for p in people], "channel": np.where(np.arange(n) % 3 == 0, "app", "sms"),
            "touched_at": f"2026-0{3 * quarter - 2}-08 12:00", "submitted_at": f"2026-0{3 * quarter - 2}-11 12:00",
            "nps_score": nps, "csat_score": np.clip(nps // 2, 1, 5), "ces_score": np.clip(nps - 3, 1, 7), "weight": "1"}))
    rating = np.clip(np.round(7 + mood), 0, 10).astype(int)
    parts.append(pd.DataFrame({
        "response_id": [f"V-{p}" for p in people], "unit_id": [home[p] for p in people], "channel": "review", "submitted_at": "2026-05-02 20:00",
        "rating_score": rating, "star_rating": np.maximum((rating + 1) // 2, 1), "is_recommended": np.where(rating >= 6, "1", "0"),
        "segment": "首次到店", "comment": "还不错", "weight": "1"}))
    return pd.concat(parts, ignore_index=True)


def with_responses(tables: Tables, **columns: object) -> Tables:
    """The same tables with some columns of the responses replaced."""
    return {**tables, "responses": tables["responses"].assign(**columns)}


def only(tables: Tables, kept: pd.Series) -> Tables:
    """The same tables with the responses where `kept` is true."""
    return {**tables, "responses": tables["responses"][kept].reset_index(drop=True)}


def figures(text: str) -> list[str]:
    """The numbers of a sentence, sorted, so that two languages can be compared."""
    return sorted(re.findall(r"[−-]?\d+(?:,\d{3})*(?:\.\d+)?%?", text))


def texts(study: Study) -> list[Text]:
    """Every sentence of a finding."""
    found = [study.question, study.kicker, study.answer, study.caveat, study.decision, *(t for pair in study.limits for t in pair)]
    for check in study.checks:
        found += [check.name, check.detail, *([check.consequence] if check.consequence else [])]
    return found


def spoken(captions: object) -> list[Text]:
    """Every Text in the captions of figures, however deep it lies."""
    if isinstance(captions, Text):
        return [captions]
    if isinstance(captions, dict):
        return [t for key, value in captions.items() for t in [*spoken(key), *spoken(value)]]
    if isinstance(captions, list | tuple):
        return [t for item in captions for t in spoken(item)]
    return []
