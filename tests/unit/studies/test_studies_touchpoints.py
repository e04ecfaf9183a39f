"""The map of touchpoints and what the import noticed: every finding is named, in both languages, and nothing is found where nothing is."""

from __future__ import annotations

import pytest

from voclib.results import Text
from voclib.studies.pool import touchpoints, touchpoints_text


def place(name: str, status: str, reason: str | None = None, **more):
    known = {"register_id": name, "name": name, "name_en": None, "stage": "售后", "owner_department": "售后运营部", "feed": f"{name}.csv",
             "expected_days": 7.0, "files": [f"{name}.csv"], "rows": 40, "voices": 40, "first_day": "2026-01-02", "last_day": "2026-05-30",
             "days_silent": 1, "activity": {"2026-01": 20, "2026-03": 15, "2026-05": 5}}
    return known | {"status": status, "reason": reason} | more


PLACES = [place("survey", "connected"),
          place("tablet", "silent", "stopped", name_en="Showroom tablet", stage="了解", last_day="2026-02-10", days_silent=110),
          place("empty", "silent", "no_rows", rows=0, voices=0, activity={}, owner_department=None),
          place("mini", "missing", "no_file", files=[], rows=0, voices=0, activity={}, last_day=None, stage="了解"),
          place("book", "unplanned", "no_feed", feed=None, files=[], rows=0, voices=0, activity={}, last_day=None, stage="交付"),
          place("social", "unreadable", "set_aside"),
          place("batches", "unjudged", "no_interval", expected_days=None, last_day="2025-05-02", days_silent=394)]
CHANGE = {"channel": "social", "file": "social.csv", "table": "responses", "column": "发布时间", "target": "submitted_at", "kind": "format",
          "day": "2026-04-16", "before": {"shape": "9+-9+", "example": "2026-01-31"}, "after": {"shape": "9+.9+", "example": "31.01.2026"},
          "rows_before": 80, "rows_after": 25, "rows_quarantined_after": 25, "fix": 'formats: {submitted_at: "%d.%m.%Y"}'}
BATCH = {"channel": "sms", "campaign": "2026-04 回访", "repeats_as": "2026-04 回访 补发", "rows": 90, "rows_again": 88, "customers": 88,
         "agreement": 1.0,
         "expected_agreement": 0.31, "days_apart": 0.1, "first_day": "2026-04-02", "last_day": "2026-04-30"}
COPIES = {"channel": "social", "voices": 47, "authors": 46, "first_day": "2026-03-01", "last_day": "2026-03-03", "examples": ["U1"]}
NOTHING = {"same_batch": [], "entered_again": [], "copied_text": []}


def card(**changes):
    return {"feeds": {"last_day": "2026-05-31", "has_register": True, "touchpoints": PLACES, "unregistered": []}, "format_changes": [],
            "campaigns": NOTHING, "duplicates": [], "tiers": {"voices": [], "cases": []}, "channels": {}} | changes


def quiet():
    return card(feeds={"last_day": "2026-05-31", "has_register": False, "touchpoints": [PLACES[0]], "unregistered": []})


def test_the_strip_runs_from_the_first_voice_to_the_last_day_and_counts_every_month() -> None:
    assert touchpoints.months(card()) == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
    rows = touchpoints.rows(card()).set_index(touchpoints.rows(card())["label"].map(lambda t: t.zh))
    assert rows.loc["survey", "activity"] == [20, 0, 15, 0, 5] and rows.loc["mini", "activity"] is None
    assert [t.en for t in rows["stage"]] == ["Service", "Service", "Service", "Service", "Discover", "Discover", "Delivery"], "stages stand together"
    assert touchpoints.months(card(feeds={**card()["feeds"], "touchpoints": [PLACES[3]]})) == []


@pytest.mark.parametrize(("name", "zh", "en"), [
    ("survey", "2026-05-30", "2026-05-30"), ("tablet", "沉默 110 天", "silent 110 days"), ("empty", "文件是空的", "file is empty"),
    ("mini", "没有文件", "no file"), ("book", "未计划接入", "not planned"), ("social", "在送，但读不出", "delivers, unreadable"),
    ("batches", "最后 2025-05-02", "last on 2025-05-02")])
def test_every_state_says_what_is_the_matter(name, zh, en) -> None:
    found = next(p for p in PLACES if p["name"] == name)
    assert touchpoints_text.detail(found) == Text(zh, en)


def test_what_is_silent_missing_or_empty_is_named_with_its_owner() -> None:
    found = touchpoints.noticed(card())
    said = [(row.what.en, row.does.en) for row in found.itertuples()]
    assert [what for what, _ in said] == ["Touchpoint silent: Showroom tablet", "Touchpoint silent: empty", "Touchpoint missing: mini"]
    assert said[0][1] == ("No voices for 110 days, since 2026-02-10; the agreed maximum gap is 7 days. "
                          "售后运营部 should find out why and send what is missing.")
    assert "contains no rows" in said[1][1] and said[1][1].endswith("First decide who is responsible for it.")
    assert "mini.csv" in said[2][1] and "mini.csv" in found["does"][2].zh


def test_a_changed_format_names_file_column_day_loss_and_the_line_that_mends_it() -> None:
    row = touchpoints.noticed(card(feeds=quiet()["feeds"], format_changes=[CHANGE])).iloc[0]
    assert row["what"].zh == "中途换了写法：social.csv · 发布时间"
    for lang in ("zh", "en"):
        assert all(part in row["does"][lang] for part in ("2026-04-16", "31.01.2026", "2026-01-31", "25", CHANGE["fix"]))
    asked = touchpoints.noticed(card(feeds=quiet()["feeds"], format_changes=[CHANGE | {"kind": "scale", "fix": None}])).iloc[0]
    assert asked["what"].en.startswith("Changed its scale") and "Ask the sender" in asked["does"].en


def test_batches_copies_and_voices_in_two_channels_are_named_and_scattered_ones_share_a_row() -> None:
    campaigns = {"same_batch": [BATCH], "copied_text": [COPIES],
                 "entered_again": [{"channel": "app", "month": "2026-04", "rows": 12, "pairs": 14, "expected_agreement": 0.2}]}
    pairs = [{"channels": ["appstore", "social"], "by_text": 40, "by_score": 0, "pairs": 40},
             {"channels": ["app", "call"], "by_text": 1, "by_score": 0, "pairs": 1}, {"channels": ["app", "sms"], "by_text": 0, "by_score": 4,
                                                                                      "pairs": 4}]
    found = touchpoints.noticed(card(feeds=quiet()["feeds"], campaigns=campaigns, duplicates=pairs))
    assert [t.en for t in found["what"]] == [
        "Batch counted twice: 2026-04 回访 · 2026-04 回访 补发", "Entered twice: App · 2026-04",
        "Wave of copied posts: Social media, 2026-03-01 to 2026-03-03", "Duplicates across channels: App stores · Social media",
        "Scattered duplicates across channels: 2 other pairs of channels"]
    assert "100% gave the same scores (about 31% expected by chance)" in found["does"][0].en and "drop 88 rows" in found["does"][0].en
    assert "5" in found["does"][4].zh


def test_a_clean_import_notices_nothing_and_passes_its_checks() -> None:
    assert touchpoints.noticed(quiet()).empty
    assert [c.passed for c in touchpoints.checks(quiet())] == [True, True, True]
    assert touchpoints.caption(quiet())["title"].en == "The only touchpoint is delivering"
    assert "no register" in touchpoints.caption(quiet())["subtitle"].en


def test_each_finding_fails_its_own_check_and_no_other() -> None:
    silent, steady, once = touchpoints.checks(card())
    assert (silent.passed, steady.passed, once.passed) == (False, True, True)
    assert silent.detail.en == ("Of 7 touchpoints, 3 are silent or missing: Showroom tablet, empty, mini; 1 delivers but cannot be read: social; "
                                "1 has no agreed interval: batches.")
    assert [c.passed for c in touchpoints.checks(card(feeds=quiet()["feeds"], format_changes=[CHANGE]))] == [True, False, True]
    assert [c.passed for c in touchpoints.checks(card(feeds=quiet()["feeds"], campaigns=NOTHING | {"same_batch": [BATCH]}))] == [True, True, False]


@pytest.mark.parametrize(("kept", "passed", "title"), [
    (["survey"], True, "The only touchpoint is delivering"),
    (["survey", "batches"], None, "1 of 2 touchpoints is delivering; 1 has no agreed interval"),
    (["survey", "social", "batches"], False, "1 of 3 touchpoints is delivering; 1 delivers but cannot be read; 1 has no agreed interval"),
    (["survey", "mini", "social"], False, "1 of 3 touchpoints sends no voices: mini; 1 delivers but cannot be read")])
def test_what_cannot_be_read_or_judged_does_not_count_as_delivering(kept, passed, title) -> None:
    found = card(feeds={**card()["feeds"], "touchpoints": [p for p in PLACES if p["name"] in kept]})
    assert touchpoints.checks(found)[0].passed is passed and touchpoints.caption(found)["title"].en == title
    assert ("未约定间隔" in touchpoints.caption(found)["title"].zh) == ("batches" in kept) == ("未约定间隔" in touchpoints.checks(found)[0].detail.zh)


def test_tiers_and_unmatched_customers_are_counted_by_channel() -> None:
    voices = [{"channel": "call", "tier": "vvip", "urgent": True, "n": 2}, {"channel": "call", "tier": "regular", "urgent": False, "n": 30},
              {"channel": "sms", "tier": "unknown", "urgent": False, "n": 50}]
    table = touchpoints.tiers(card(tiers={"voices": voices, "cases": []}))
    assert [t.en for t in table["channel"]] == ["Text message", "Calls"] and table["vvip_urgent"].tolist() == [0, 2]
    assert table.drop(columns="channel").to_numpy().sum() == 82
    assert touchpoints.tiers(card()).empty
    channels = {"call": {"unmatched_customers": 3, "unmatched_share": 0.01, "unmatched_identifiers": 2},
                "sms": {"unmatched_customers": 9, "unmatched_share": 0.02, "unmatched_identifiers": 9},
                "post": {"unmatched_customers": 0, "unmatched_share": 0.0, "unmatched_identifiers": 0}}
    lost = touchpoints.unmatched(card(channels=channels))
    assert lost["rows"].tolist() == [9, 3] and lost["identifiers"].tolist() == [9, 2]
