"""Planted people alike: the share of stories told is held from a part of the customers, naive counts fail on the same data, copies are found."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage, coverage_library
from voclib.loop import case_library
from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import verbatims
from voclib.loop.case_library.rule import Rule
from voclib.privacy.generalising import Known, generalise
from voclib.results import Verdict
from voclib.simulate.worlds import identities
from voclib.stats import disclosure

R = 200
RULE = Rule(k=5)
SETTINGS = {s.name: s for s in coverage_library.settings()}


@pytest.mark.parametrize("name", SETTINGS)
def test_short_runs_of_every_planted_world(name: str) -> None:
    setting = SETTINGS[name]
    band = (coverage.SHORT_BAND[0], 1.0 if setting.band == coverage.EXTREME_BAND else coverage.SHORT_BAND[1])
    made = coverage.run([setting], R, band=band if setting.kind == "coverage" else None)[0]
    assert made["passed"], made


def test_counting_a_part_of_the_customers_as_all_overstates_it() -> None:
    """Names removed says nothing is found, the list as it is says too much; what is found lies between, and the interval holds it."""
    frame, truth = identities.draw(7, fraction=0.5)
    one = disclosure.found(frame["seen"], fraction=0.5, estimand="x", cluster=frame["unit_id"])
    naive = disclosure.found(frame["seen"], estimand="x", cluster=frame["unit_id"])
    assert 0 < one.conf_low <= truth["of_these"] <= one.conf_high < naive.conf_low


@cache
def company(seed: int) -> tuple[dict[str, pd.DataFrame], dict]:
    return identities.company(seed, customers=3000, cases=300)


@pytest.mark.parametrize("seed", range(6))
def test_the_attack_carried_out_finds_what_the_audit_says(seed: int) -> None:
    tables, _ = company(seed)
    made = case_library.study(tables, RULE, show_verbatims=True, seed=seed)
    compared = case_library.against_truth(made, tables, {"dirt": {}}, RULE, seed=seed)
    assert made.study.verdict is not Verdict.REFUSE and compared["inside"].iloc[0].en == "Yes"
    one, cards = made.ladder["originals"], made.audit.cards
    guessed = np.random.default_rng(seed).random((4000, len(cards))) < 1 / cards["was"].to_numpy()
    assert guessed.mean() == pytest.approx(one.value, abs=0.01)
    assert made.ladder["kept"].conf_high <= 1 / RULE.k < made.audit.before["complaint"].conf_low


def test_hiding_customers_holds_what_the_whole_list_knows() -> None:
    """Half or a quarter of the customers kept by lot: the range holds the truth of the same cases nearly always, the naive one never."""
    held, naive = [], []
    for seed in range(40):
        tables, _ = company(seed % 4)
        found = case_library.choice.prepared(tables, RULE)
        people = crowd.gather(tables, found, RULE)
        part = (0.5, 0.25)[seed % 2]
        rng = np.random.default_rng([seed, 9])
        kept = pd.Index(tables["customers"].loc[rng.random(len(tables["customers"])) < part, "customer_id"])
        mine = found[found["customer_id"].isin(kept)].reset_index(drop=True)
        truth = float((1 / crowd.near(people, mine, days_off=3)).mean())
        seen = crowd.near(people.only(kept), mine, days_off=3) - 1
        for one, into in ((disclosure.found(seen, fraction=part, estimand="x"), held), (disclosure.found(seen, estimand="x"), naive)):
            into.append(one.conf_low <= truth <= one.conf_high)
    assert np.mean(held) >= 0.9 and np.mean(naive) <= 0.1


def test_cards_chosen_by_the_counts_that_tell_their_risk() -> None:
    """Whole pages on a third of the customers: "at most" holds what the whole list knows of the very cards released; the usual range lies too low."""
    rule, part, held, naive, wide = RULE.model_copy(update={"per_cell": 10}), 0.3, [], [], []
    for seed in range(6):
        tables, _ = company(seed % 4)
        rng = np.random.default_rng([seed, 10])
        kept = tables["customers"].loc[rng.random(len(tables["customers"])) < part, "customer_id"]
        gone = set(tables["customers"]["customer_id"]) - set(kept)
        listed = {name: frame[~frame["customer_id"].isin(gone)].reset_index(drop=True) if "customer_id" in frame else frame
                  for name, frame in tables.items()}
        made = case_library.study(listed, rule, population=len(tables["customers"]), seed=seed)
        everybody, out = crowd.gather(tables, case_library.choice.prepared(tables, rule), rule), made.audit.released
        alike = np.ones(len(out))
        for number in out["level"].unique():
            mine = out["level"].eq(number).to_numpy()
            alike[mine] = crowd.alike(everybody, out[mine], rule.levels[number], with_topic=True)
        truth, one = float((1 / alike).mean()), made.audit.after["complaint"]
        as_listed = disclosure.found(out["alike"] - 1, fraction=part, estimand="x")
        held.append(one.bound_low <= truth <= one.bound_high)
        naive.append(as_listed.conf_low <= truth <= as_listed.conf_high)
        wide.append(one.bound_high / truth)
    assert all(held) and np.mean(naive) <= 0.5 and np.median(wide) <= 4, (held, naive, wide)


def test_words_that_were_posted_are_found_and_others_are_not() -> None:
    for seed in range(4):
        tables, truth = company(seed)
        pool, cases = verbatims.public(tables, RULE), tables["cases"]
        links = verbatims.linked(cases["description"].tolist(), cases["response_id"].tolist(), pool, at=RULE.alike)
        copied = cases["case_id"].isin(truth["copied"]).to_numpy()
        assert (links.voices[copied] == 1).mean() == 1.0 and (links.voices[~copied] > 0).mean() <= 0.01


def test_planted_clues_are_taken_out() -> None:
    known = Known.of(models=identities.PRODUCTS, dealers=["云驰汽车·青山湖滨店"])
    left = total = touched = clean = 0
    for seed in range(20):
        frame = identities.texts(seed)
        said = generalise(frame["text"], known=known).texts
        has = frame["kind"].ne("none")
        left += sum(clue in text for clue, text in zip(frame.loc[has, "clue"], said[has], strict=True))
        total, touched, clean = total + has.sum(), touched + (said[~has] != frame.loc[~has, "text"]).sum(), clean + (~has).sum()
    assert left / total <= 0.005 and touched / clean <= 0.005 and total > 2500


def test_bare_names_stay_and_most_are_counted() -> None:
    """What the page says of names without title or phrase: none is replaced, some are seen, and a card that may hold one shows no words."""
    frame = pd.concat([identities.texts(seed, kinds=("bare",)) for seed in range(5)], ignore_index=True)
    found = generalise(frame["text"])
    kept = np.array([clue in text for clue, text in zip(frame["clue"], found.texts, strict=True)])
    seen = found.candidates.gt(0).mean()
    assert kept.all() and 0.4 < seen < 0.9
    tables, _ = company(0)
    named = {**tables, "cases": tables["cases"].assign(description="王建国一直没有回电话，" + tables["cases"]["description"])}
    out = case_library.study(named, RULE, show_verbatims=True, seed=0).audit.cards
    assert out["words"].isna().all() and out["kept"].isin(["name", "near"]).all()


@pytest.mark.parametrize("fraction", [0.5, 0.25])
def test_the_gate_lets_crowds_through(fraction: float) -> None:
    """The twin of holding back few alike: cards with forty or more alike pass nearly always."""
    frame, _ = identities.draw(11, fraction=fraction, mean=60.0, shape=6.0)
    crowded = frame["others"] >= 40
    passing = 1 + disclosure.at_least(frame["seen"], fraction=fraction) >= RULE.k
    assert crowded.sum() > 500 and passing[crowded].mean() >= 0.95
