"""Answers set aside on purpose: the frame without them, and what the study says of a truth it has not seen."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from voclib.errors import ParameterError
from voclib.reporting import charts
from voclib.results import Verdict
from voclib.studies import survivorship
from voclib.studies.survivorship import frame as framing


def everybody(seed: int = 1, customers: int = 4000) -> framing.Frame:
    """A census of satisfied and unsatisfied customers of three contracts, of whom a quarter, mostly the unsatisfied, left."""
    rng = np.random.default_rng(seed)
    score = rng.choice([1, 2, 3, 4, 5], customers, p=[0.12, 0.1, 0.36, 0.24, 0.18])
    left = rng.random(customers) < np.where(score <= 2, 0.8, 0.1)
    segment = rng.choice(["monthly", "yearly", "biennial"], customers, p=[0.5, 0.3, 0.2])
    ids = [f"c{i:05d}" for i in range(customers)]
    tables = {"customers": pd.DataFrame({"customer_id": ids, "is_churned": left, "segment": segment, "is_contactable": pd.NA}),
              "responses": pd.DataFrame({"response_id": ids, "customer_id": ids, "csat_score": score, "comment": None, "submitted_at": pd.NaT})}
    return framing.build(tables, metric="csat")


def test_nothing_is_hidden_unless_asked_for() -> None:
    census = everybody()
    assert framing.hide(census, "") is census and census.is_census


def test_those_who_left_are_never_asked() -> None:
    census = everybody()
    hidden = framing.hide(census, "churned")
    left = census.people["is_churned"].to_numpy(dtype=bool)
    assert np.isnan(hidden.y[left]).all() and not np.isnan(hidden.y[~left]).any()
    assert not hidden.people.loc[left, "is_invited"].any() and hidden.notes["withheld"] == left.sum()


def test_self_selection_flatters_and_random_call_backs_find_the_truth() -> None:
    off = []
    for seed in range(6):
        census = everybody(seed)
        hidden = framing.hide(census, "self-selected", seed=seed)
        found = survivorship.study(hidden, threshold=0.5, repeats=1, seed=seed)
        known = survivorship.truth(hidden, census)
        off.append([found.ladder[r].value - known["reachable"] for r in ("raw", "aipw", "followup")])
        assert found.ladder.chosen == "followup" and found.everyone[found.everyone.chosen].verdict == Verdict.BOUNDS_ONLY
        inside = found.everyone[found.everyone.chosen]
        assert inside.conf_low <= known["everyone"] <= inside.conf_high
    raw, weighted, called = np.mean(off, axis=0)
    assert raw > 0.05 and weighted > 0.05 and abs(called) < 0.03


@pytest.mark.parametrize("seed", range(3))
def test_what_weighting_left_of_a_share_is_in_percentage_points(seed: int) -> None:
    """Weighted 82 % against 55 % of the call-backs is 27 percentage points, not 27 %; the planted gap lies in the interval."""
    census = everybody(seed)
    hidden = framing.hide(census, "self-selected", seed=seed)
    found = survivorship.study(hidden, threshold=0.5, repeats=1, seed=seed)
    [check] = [c for c in found.study.checks if c.name.en == "Direction of the bias left after weighting"]
    said = re.search(r"off by (\d+) percentage points \((\d+)–(\d+)\)\.$", check.detail.en)
    assert said and f"仍偏 {said[1]} 个百分点（{said[2]}–{said[3]}）。" in check.detail.zh and "%" not in check.detail.en + check.detail.zh
    planted = 100 * (found.ladder["aipw"].value - survivorship.truth(hidden, census)["reachable"])
    assert int(said[2]) - 1 <= planted <= int(said[3]) + 1
    assert abs(int(said[1]) - 100 * (found.ladder["aipw"].value - found.ladder["followup"].value)) <= 0.5


def test_call_backs_are_drawn_among_the_silent_who_stayed_and_the_seed_decides() -> None:
    census = everybody()
    first, again, other = (framing.hide(census, "self-selected", seed=s).people for s in (1, 1, 2))
    assert first.equals(again) and not first["y"].equals(other["y"])
    called = first[first["is_called"]]
    assert 300 < len(called) < 500 and called["y"].isna().all() and not called["is_churned"].any() and 0.7 < called["followup_y"].notna().mean() < 0.9
    assert first["followup_y"].dropna().eq(census.people["y"][first["followup_y"].notna()]).all()


def test_the_map_of_tilts_shows_where_call_backs_put_the_silent() -> None:
    found = survivorship.study(framing.hide(everybody(), "self-selected", seed=1), threshold=0.5, repeats=1)
    point = survivorship.tilt_point(found)
    low, high = point["detractor"]
    assert low < point["times_detractor"] < high and point["times_promoter"] == 1.0 and point["promoter"] is None and low > 1
    assert "不满意者" in found.captions["tilt"]["axes"][0].zh


@pytest.mark.parametrize("how", ["left", "self selected"])
def test_other_words_are_refused(how: str) -> None:
    with pytest.raises(ParameterError, match="'self-selected'"):
        framing.hide(everybody(), how)


def test_what_is_missing_already_cannot_be_hidden() -> None:
    with pytest.raises(ParameterError, match="never gave one"):
        framing.hide(framing.hide(everybody(), "churned"), "self-selected")


@pytest.mark.parametrize("seed", range(3))
def test_it_says_how_many_had_answered(seed: int) -> None:
    rng, census = np.random.default_rng(seed), everybody()
    assert survivorship.set_aside(census, "churned").en.startswith("Everyone here had answered.")
    y = census.people["y"].mask(rng.random(len(census.people)) < rng.uniform(0.1, 0.6))
    left = census.people["is_churned"].astype(bool)
    said = survivorship.set_aside(framing.replace(census, people=census.people.assign(y=y)), "churned")
    for count in (len(y), y.notna().sum(), y[left].notna().sum()):
        assert f"{count:,}" in said.en and f"{count:,}" in said.zh
    assert "Everyone" not in said.en and "人人" not in said.zh
    unheard = survivorship.set_aside(framing.replace(census, people=census.people.assign(y=y.mask(left))), "churned")
    assert "no answer to set aside" in unheard.en and "没有回答可以放在一边" in unheard.zh


def test_a_score_derived_from_leaving_is_named() -> None:
    census = everybody()
    people = census.people.assign(y=census.people["y"].mask(census.people["is_churned"].astype(bool), 0.0))
    derived = survivorship.set_aside(framing.replace(census, people=people), "churned")
    assert "derived from each other" in derived.en and "互相推算" in derived.zh
    assert "derived" not in survivorship.set_aside(census, "churned").en


@pytest.fixture(scope="module", params=["self-selected", "churned"])
def tested(request: pytest.FixtureRequest) -> tuple[survivorship.Survivorship, dict[str, float]]:
    census = everybody()
    hidden = framing.hide(census, request.param, seed=1)
    return survivorship.study(hidden, threshold=0.5, repeats=1, seed=1), survivorship.truth(hidden, census)


def test_a_silence_made_here_is_called_a_test_and_never_free_to_use(tested: tuple[survivorship.Survivorship, dict[str, float]]) -> None:
    found, _ = tested
    study, n = found.study, found.frame.notes["withheld"]
    assert study.answer.zh.startswith(f"用已知的回答检验做法：有意放在一边 {n:,} 份，")
    assert study.answer.en.startswith(f"In a test on known answers, {n:,} of them set aside on purpose: ")
    assert "有意造出来" in study.caveat.zh and "created on purpose" in study.caveat.en
    assert "不要引用" in study.decision.zh and "Do not quote any number" in study.decision.en and "对内对外都引用" not in study.decision.zh
    for one in (study.headline[0], found.ladder[found.ladder.chosen]):
        assert one.verdict is not Verdict.REPORT and study.verdict is not Verdict.REPORT
    real = survivorship.study(framing.replace(found.frame, notes={}), threshold=0.5, repeats=1, seed=1).study  # the same frame, its silence real
    assert "用已知的回答" not in real.answer.zh and real.caveat != study.caveat and real.decision != study.decision


def test_what_was_set_aside_is_said_beside_the_estimate(tested: tuple[survivorship.Survivorship, dict[str, float]]) -> None:
    found, known = tested
    said = survivorship.stated(found, known).answer
    keys = {"everyone" if e.estimand.endswith("everyone") else "reachable" for e in found.study.headline}
    for key in keys:
        assert f"{known[key]:.0%}" in said.zh.split("。")[-2] and f"the true figure was {known[key]:.0%}" in said.en
    assert "区间包含它" in said.zh and "the interval contains it" in said.en
    assert survivorship.stated(found, None) == found.study
    off = survivorship.stated(found, {"everyone": 0.99, "reachable": 0.99}).answer
    assert "区间没有包含它" in off.zh and "the interval misses it" in off.en


def test_staged_call_backs_have_no_price() -> None:
    census = everybody()
    staged = framing.hide(census, "self-selected", seed=1)
    found, priced = (survivorship.study(f, threshold=0.5, repeats=1, seed=1) for f in (staged, framing.replace(staged, notes={})))
    shown, paid = found.captions["design"], priced.captions["design"]
    assert "cost" not in found.design and shown["cost"] is None and "¥" not in shown["title"].zh + shown["title"].en
    assert "¥" in paid["title"].en and "¥" in paid["title"].zh
    for drawn, axis, money in ((charts.cost_curve(found.design, **shown), "Calls", False),
                               (charts.cost_curve(priced.design, **paid), "Cost of calls", True)):
        spec = json.dumps(drawn.specs["en"]["wide"], ensure_ascii=False)
        assert f'"title": "{axis}"' in spec and ("¥" in spec) is money
