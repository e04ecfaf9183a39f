"""Every planted world has a name in both languages, no name is left over, and the page can show all of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from study_tables import figures, spoken, texts

from benchmarks import coverage
from voclib.reporting import show
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text
from voclib.studies import validation
from voclib.studies.validation import names
from voclib.studies.validation import settings as words
from voclib.studies.validation import text as validation_text

SETTINGS = coverage.settings()
PARTS = [part for s in SETTINGS for part in s.setting.split(", ")]


def latin(zh: str) -> list[str]:
    """Latin letters of a Chinese text beyond those it may hold."""
    return re.findall(r"[A-Za-z]", re.sub(r"NPS|ICC|n=|LMG|Lee", "", zh))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_method_and_setting_has_chinese(setting: coverage.Setting) -> None:
    assert setting.method in names.METHODS and setting.kind in names.KINDS
    assert names.METHODS[setting.method][0] in names.FAMILIES
    assert latin(names.method(setting.method).zh) == latin(words.setting(setting.setting).zh) == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_no_page_shows_a_setting_as_code_writes_it(setting: coverage.Setting) -> None:
    worded = words.setting(setting.setting)
    assert "=" not in worded.zh + worded.en and "AIPW" not in names.method(setting.method).en


@pytest.mark.parametrize("pattern", [p for p, _ in words.PATTERNS + words.ENGLISH_PATTERNS])
def test_no_pattern_is_left_over(pattern: str) -> None:
    assert any(re.fullmatch(pattern, part) and part not in words.PARTS for part in PARTS)


def test_no_word_is_left_over() -> None:
    methods = {s.method for s in SETTINGS}
    assert set(names.METHODS) == methods and set(words.PARTS) <= set(PARTS) and set(words.ENGLISH) <= set(words.PARTS)
    assert set(names.MEASURED_AS) <= {(s.method, s.kind) for s in SETTINGS}
    assert {family for family, _ in names.METHODS.values()} == set(names.FAMILIES)


def test_no_part_is_read_two_ways() -> None:
    read = {part: [p for p, _ in words.PATTERNS if re.fullmatch(p, part)] for part in set(PARTS) - set(words.PARTS)}
    assert all(len(patterns) == 1 for patterns in read.values()), read


def test_every_bias_has_a_unit() -> None:
    in_points = {"weighting", "calls", "panels", "rollout"}
    assert {names.METHODS[s.method][0] for s in SETTINGS if s.kind == "bias"} == in_points | set(validation_text.BIAS_UNITS)


def test_sizes_are_left_out_of_the_name_of_a_row() -> None:
    assert names.row("mix and rate, mix", ["1500 answers a period of 60 dealers in 4 groups"]) == names.method("mix and rate, mix")
    assert names.row("leniency, refused", ["80 agents × 60 calls", "agents all alike"]).en == "By who served them, refusal due: agents all alike"


def _row(setting: coverage.Setting, rng: np.random.Generator) -> dict:
    """A made-up record of a setting: inside its band, the naive way elsewhere."""
    low, high = max(setting.band[0], -100), min(setting.band[1], 100)
    inside, has_naive = low + (high - low) * float(rng.uniform(0.3, 0.7)), setting.naive is not None
    held = setting.kind in validation.HELD
    return {"method": setting.method, "setting": setting.setting, "kind": setting.kind, "truth": -65.0, "coverage": inside if held else None,
            "share": None if held else inside, "bias": -0.4, "refusals": 0.0, "R": setting.runs, "band": list(setting.band), "passed": True,
            "naive_coverage": 0.2 if has_naive and held else None, "naive_share": 0.9 if has_naive and not held else None,
            "naive_bias": -180.0 if has_naive else None, "power": 0.9 if setting.planted else None}


@pytest.fixture(scope="module")
def page() -> validation.Validation:
    """The page of a record with a row for every setting there is."""
    rng = np.random.default_rng(1)
    record = validation.Record(pd.DataFrame([_row(s, rng) for s in SETTINGS]), is_fresh=True)
    return validation.study(record, (validation.coverage(190, 200, group="n=100"),), seed=1)


class TestThePageOfEverySetting:
    def test_every_method_stands_in_a_table(self, page: validation.Validation) -> None:
        shown = [cell.en for table in page.tables.values() for cell in table["method"]]
        assert all(any(row.startswith(name.en) for row in shown) for _, name in names.METHODS.values())
        assert len(set(shown)) > 0.85 * len(shown), "rows of one method differ by kind and band, and mostly by name"
        assert [t for table in page.tables.values() for t in table["ours"] if t is None] == []

    def test_every_area_says_what_the_naive_way_gives(self, page: validation.Validation) -> None:
        assert {t.en for t in page.instead["family"]} == {t.en for t in names.FAMILIES.values()}

    def test_every_figure_has_rings_and_a_title(self, page: validation.Validation) -> None:
        for name, found in (("coverage", page.coverage), ("silence", page.silence), ("money", page.money), ("stores", page.stores)):
            rings = page.naive["scores" if name == "coverage" else name]
            assert {e.group for e in found} == set(rings) and len(found) >= 3
            assert show.intervals(found, naive=rings, **page.captions[name]).payload["estimates"]

    def test_cells_are_set_well_in_both_languages(self, page: validation.Validation) -> None:
        cells = [c for t in [*page.tables.values(), page.instead, page.scorecard] for c in t.to_numpy().ravel() if isinstance(c, Text)]
        for text in cells:
            # what was planted is an effect by design, so a claim of one is allowed
            assert not verbs_exceed(text.zh, 3, "zh") and not verbs_exceed(text.en, 3, "en") and not half_width(text.zh), text
            assert figures(text.zh) == figures(text.en.replace("P(NPV > 0)", "")), text

    def test_the_finding_claims_nothing(self, page: validation.Validation) -> None:
        for text in [*texts(page.study), *spoken(page.captions)]:
            assert not verbs_exceed(text.zh, 0, "zh") and not verbs_exceed(text.en, 0, "en") and not half_width(text.zh), text
            assert figures(text.zh) == figures(text.en), text
