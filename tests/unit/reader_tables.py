"""A small company for the tests of readers' pages: three products, twelve dealers in two regions, a year of voices, repairs and cases."""

from __future__ import annotations

import numpy as np
import pandas as pd

PRODUCTS, PARTS, TOPICS = ("甲", "乙", "丙"), ("刹车片", "电瓶"), ("waiting_time", "noise")
FIRST, WEEKS, PEOPLE = pd.Timestamp("2025-07-07"), 56, 300


def _moments(rng: np.random.Generator, n: int) -> pd.Series:
    when = FIRST + pd.to_timedelta(rng.uniform(0, 7 * WEEKS, n), unit="D")
    return pd.Series(when).dt.floor("min").dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def company(*, seed: int = 1, surge: float = 1.0, voices: int = 6000, region_gap: float = 0.0) -> dict[str, pd.DataFrame]:
    """Tables as the standard has them. In the last four weeks brake pads of the first product are repaired `surge` times as often; answers of the
    second region lie `region_gap` marks lower."""
    rng = np.random.default_rng(seed)
    units = pd.DataFrame({"unit_id": [f"D{k:02d}" for k in range(24)], "name": [f"店{k}" for k in range(24)], "kind": "dealer",
                          "region": [("华东", "华南")[k % 2] for k in range(24)]})
    people = pd.DataFrame({"customer_id": [f"C{k:03d}" for k in range(PEOPLE)], "joined_on": FIRST - pd.Timedelta(days=100), "churned_on": pd.NaT,
                           "is_churned": False, "product": [PRODUCTS[k // 100] for k in range(PEOPLE)], "value_tier": "regular",
                           "unit_id": [f"D{k % 24:02d}" for k in range(PEOPLE)]})
    who = rng.integers(0, PEOPLE, voices)
    place = who % 24
    mark = np.clip(np.round(8 - region_gap * (place % 2) + rng.normal(0, 1.5, voices)), 0, 10)
    responses = pd.DataFrame({
        "response_id": [f"R{k:05d}" for k in range(voices)], "customer_id": people["customer_id"].to_numpy()[who],
        "unit_id": units["unit_id"].to_numpy()[place], "channel": "sms", "submitted_at": _moments(rng, voices),
        "touched_at": pd.Series(pd.NaT, range(voices), dtype="datetime64[us, UTC]"), "invitation_id": None,
        "nps_score": pd.array(mark.astype(int), dtype="Int64"),
        **{name: pd.array([pd.NA] * voices, dtype="Int64") for name in ("csat_score", "rating_score", "star_rating", "ces_score")},
        "is_recommended": pd.array([pd.NA] * voices, dtype="boolean"), "emotion": pd.Series(None, range(voices), dtype="str")})
    bad = rng.random(voices) < 0.12
    mentions = pd.DataFrame({"response_id": responses["response_id"][bad].to_numpy(), "topic": rng.choice(TOPICS, bad.sum()),
                             "sentiment": "negative"})
    return {"units": units, "customers": people, "responses": responses, "topic_mentions": mentions, "repairs": _repairs(rng, surge),
            "frontline_reports": _reports(rng), "cases": _cases(rng, responses)}


def _repairs(rng: np.random.Generator, surge: float) -> pd.DataFrame:
    end = FIRST + pd.Timedelta(weeks=WEEKS)
    parts = []
    for name in PRODUCTS:
        for part in PARTS:
            n = rng.poisson(30 * WEEKS / 4)
            extra = rng.poisson(30 * (surge - 1)) if name == PRODUCTS[0] and part == PARTS[0] else 0
            late = pd.Series(end - pd.to_timedelta(rng.uniform(0.01, 27.9, extra), unit="D")).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
            when = pd.concat([_moments(rng, n), late.astype("datetime64[us, UTC]")], ignore_index=True)
            parts.append(pd.DataFrame({"product": name, "part": part, "repaired_at": when}))
    made = pd.concat(parts, ignore_index=True)
    return made.assign(repair_id=[f"M{k:05d}" for k in range(len(made))])


def _reports(rng: np.random.Generator) -> pd.DataFrame:
    n = 260
    return pd.DataFrame({"report_id": [f"G{k}" for k in range(n)], "kind": "product_bug", "product": rng.choice(PRODUCTS, n),
                         "reported_at": _moments(rng, n), "duplicate_of_report_id": pd.Series(None, range(n), dtype="str")})


def _cases(rng: np.random.Generator, responses: pd.DataFrame) -> pd.DataFrame:
    own = responses.sort_values("submitted_at").iloc[::10].reset_index(drop=True)
    hours = pd.to_timedelta(rng.exponential(60, len(own)), unit="h").floor("min")
    opened = own["submitted_at"] + pd.Timedelta(hours=1)
    done = (opened + hours).where(opened + hours < responses["submitted_at"].max())
    return pd.DataFrame({
        "case_id": [f"Q{k:04d}" for k in range(len(own))], "response_id": own["response_id"], "customer_id": own["customer_id"],
        "unit_id": own["unit_id"], "topic": "noise", "severity": np.where(np.arange(len(own)) % 50 == 49, "safety", "low"),
        "owner_department": "质量部", "opened_at": opened, "assigned_at": opened, "responded_at": opened, "resolved_at": done,
        "description": None})
