"""The same customers over two quarters: who is in the panel, what dropping out does to the naive trend, and when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voclib.reporting import show
from voclib.studies.survivorship import panel


def company(seed: int, *, customers: int = 3000, shift: float = 0.0, leaving: float = 2.0) -> tuple[dict[str, pd.DataFrame], float]:
    """Two quarters in which the unhappy stop answering; tables, and the true change of those who answered the first."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(size=customers)
    scores = [np.clip(np.round(7.5 + 1.5 * (0.8 * mood + 0.6 * rng.normal(size=customers) + move)), 0, 10) for move in (0.0, shift)]
    stays = rng.random(customers) < 1 / (1 + np.exp(-(leaving * (scores[0] - 7.5) / 2)))
    ids = np.array([f"c{i:05d}" for i in range(customers)])
    met = pd.DataFrame({"touchpoint_id": [f"t{q}{i}" for q in (0, 1) for i in range(customers)], "customer_id": np.tile(ids, 2),
                        "started_at": pd.to_datetime(np.repeat(["2026-05-02", "2026-08-02"], customers)).tz_localize("UTC")})
    sent = met[["touchpoint_id", "customer_id"]].assign(invitation_id="i" + met["touchpoint_id"])
    kept = np.concatenate([np.ones(customers, dtype=bool), stays])
    said = pd.DataFrame({"invitation_id": sent["invitation_id"], "response_id": "r" + met["touchpoint_id"], "customer_id": met["customer_id"],
                         "submitted_at": met["started_at"], "nps_score": pd.array(np.concatenate(scores), dtype="Int64")})[kept]
    coded = [np.where(s >= 9, 100.0, np.where(s <= 6, -100.0, 0.0)) for s in scores]
    return {"touchpoints": met, "invitations": sent, "responses": said}, float(coded[1].mean() - coded[0].mean())


def test_the_naive_trend_rises_because_the_unhappy_stop() -> None:
    off, held = [], []
    for seed in range(12):
        tables, truth = company(seed, shift=0.2)
        found = panel.trend(tables).ladder
        off.append([found[r].value - truth for r in ("each", "ipcw")])
        held.append(found["ipcw"].conf_low <= truth <= found["ipcw"].conf_high)
    naive, corrected = np.mean(off, axis=0)
    assert naive > 10 and abs(corrected) < 3 and sum(held) >= 10


def test_a_planted_change_is_seen() -> None:
    tables, truth = company(1, shift=0.6)
    found = panel.trend(tables).ladder["ipcw"]
    assert truth > 15 and found.conf_low > 0


def test_only_customers_asked_twice_count_and_order_changes_nothing() -> None:
    tables, _ = company(2)
    more = tables["invitations"].iloc[:1].assign(customer_id="once", touchpoint_id="tx", invitation_id="ix")
    met = tables["touchpoints"].iloc[:1].assign(customer_id="once", touchpoint_id="tx")
    wider = {**tables, "invitations": pd.concat([tables["invitations"], more]), "touchpoints": pd.concat([tables["touchpoints"], met])}
    mixed = {name: frame.sample(frac=1, random_state=1) for name, frame in wider.items()}
    a, b = panel.trend(tables), panel.trend(mixed)
    assert [r.value for r in a.ladder.rungs] == pytest.approx([r.value for r in b.ladder.rungs], abs=1e-9)
    assert a.check.detail == b.check.detail and a.check.passed


@pytest.mark.parametrize("keep", [0, 40])
def test_too_few_who_answered_twice_give_no_trend(keep: int) -> None:
    tables, _ = company(3)
    found = panel.trend({**tables, "responses": tables["responses"].iloc[:keep]})
    [rung] = found.ladder.rungs
    assert rung.kind == "refusal" and "at least 50 needed" in rung.reason.en and found.check.passed is False
    assert found.captions["title"] == rung.reason


@pytest.mark.parametrize("kept", [{}, {"touchpoints": company(3)[0]["touchpoints"].head(0)}])
def test_without_contacts_no_answer_lies_in_a_quarter(kept: dict[str, pd.DataFrame]) -> None:
    tables, _ = company(3)
    found = panel.trend({"invitations": tables["invitations"], "responses": tables["responses"], **kept})
    assert found.ladder["ipcw"].kind == "refusal" and "no contacts" in found.ladder["ipcw"].reason.en and not found.check.passed
    show.ladder(found.ladder, **found.captions)
