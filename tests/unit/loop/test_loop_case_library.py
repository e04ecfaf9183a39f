"""The case library: what is drawn, who is alike by hand, words and their wording, thin and hostile tables, and the notebook on them."""

from __future__ import annotations

import json
from pathlib import Path

import notebook_cells
import numpy as np
import pandas as pd
import pytest
from study_tables import spoken, texts

import voclib
from voclib.errors import DataError, ParameterError
from voclib.loop import case_library
from voclib.loop.case_library import audit as auditing
from voclib.loop.case_library import choice as case_library_choice
from voclib.loop.case_library import people as crowd
from voclib.loop.case_library import rule as case_library_rule
from voclib.loop.case_library import verbatims
from voclib.loop.case_library.rule import Level, Rule
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.simulate.worlds import identities
from voclib.studies import counting

ROOT = Path(__file__).resolve().parents[3]
RULE = Rule(k=5)
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return identities.company(1)[0]


@pytest.fixture(scope="module")
def made(tables: Tables) -> case_library.CaseLibrary:
    return case_library.study(tables, RULE, show_verbatims=True, seed=3)


def people(tables: Tables, rule: Rule = RULE) -> tuple[crowd.People, pd.DataFrame]:
    found = case_library_choice.prepared(tables, rule)
    return crowd.gather(tables, found, rule), found


def test_a_reader_who_knows_who_opened_a_case_is_told_of(tables: Tables, made: case_library.CaseLibrary) -> None:
    """Grade and outcome stand on the card and belong to cases alone: the attack, carried out with the cards' own words, beside what the page says."""
    cards = made.audit.released.assign(**crowd.periods(made.audit.released["opened"]))
    closed = case_library_choice.prepared(tables, RULE)
    closed = closed[closed["resolved_at"].notna() & closed["customer_id"].notna()]
    closed = closed.assign(**crowd.periods(closed["opened"]))
    right, alone = [], 0
    for _, card in cards.iterrows():
        level = RULE.levels[card["level"]]
        says = ["topic", "severity", "outcome", *["region"] * (level.place == "region"), *[level.period] * (level.period != "all")]
        fits = closed.merge(card[says].to_frame().T.astype(closed[says].dtypes.to_dict()), on=says)
        fits = fits[fits["value_tier"].isna() | (fits["value_tier"] == card["value_tier"])] if level.tier and pd.notna(card["value_tier"]) else fits
        people = fits["customer_id"].nunique()
        right.append(1 / people)
        alone += people == 1
    assert made.audit.insider == pytest.approx(np.mean(right)) and alone > 0
    assert made.audit.insider > 3 * made.audit.after["complaint"].value, "far more than among all customers, which the page does not hide"
    check = next(one for one in made.study.checks if one.name.en.startswith("Readers who know"))
    assert f"{alone} of the {len(cards)} cards" in check.detail.en and f"{np.mean(right):.0%}" in made.study.caveat.en


class TestChoice:
    def test_even_by_cell_and_never_from_rare_ones(self, tables: Tables) -> None:
        found = case_library_choice.prepared(tables, RULE)
        chosen = case_library_choice.draw(found, RULE, seed=3)
        sizes = found[found["step"].eq("")].groupby("cell").size()
        assert chosen["cell"].value_counts().eq(1).all() and set(chosen["cell"]) == set(sizes.index) and sizes.min() >= RULE.fewest
        assert chosen["resolved_at"].notna().all()

    def test_the_lot_of_a_cell_is_its_own(self, tables: Tables) -> None:
        found = case_library_choice.prepared(tables, RULE)
        gone = tables["cases"]["topic"].eq("noise")
        less = case_library_choice.prepared({**tables, "cases": tables["cases"][~gone]}, RULE)
        whole, part = (set(case_library_choice.draw(f, RULE, seed=3).query("topic != 'noise'")["case_id"]) for f in (found, less))
        assert part <= whole | set(less.loc[less["cell"].fillna("").str.startswith("*"), "case_id"])
        assert len(whole & part) >= len(part) - 2

    def test_outcomes(self) -> None:
        tables, _ = identities.company(2, cases=40)
        frame = tables["cases"].head(3).copy()
        start = pd.Timestamp("2026-02-01", tz="UTC")
        frame["opened_at"] = pd.to_datetime([start, start + pd.Timedelta(days=10), start], utc=True).as_unit("us")
        frame["resolved_at"] = frame["opened_at"] + pd.to_timedelta([50, 100, 200], unit="h")
        frame["customer_id"], frame["topic"] = [frame["customer_id"].iloc[0]] * 2 + [frame["customer_id"].iloc[2]], "noise"
        found = case_library_choice.prepared({**tables, "cases": frame}, RULE)
        assert found["outcome"].tolist() == ["reopened", "late", "late"]

    def test_shares_stand_beside_those_of_all_cases(self, made: case_library.CaseLibrary) -> None:
        late = made.shares[made.shares["kind"].map(lambda t: t.en).eq("Settled late")].iloc[0]
        assert late["cards"] > late["cases"] and made.shares["cases_n"].sum() > made.shares["cards_n"].sum()


class TestPeople:
    def test_everybody_in_touch_counts_by_hand(self) -> None:
        tables, truth = identities.company(5, customers=900, cases=60)
        everyone, found = people(tables)
        assert float((1 / crowd.near(everyone, found, days_off=3)).mean()) == pytest.approx(truth["found"])

    def test_cases_alone_make_people_look_unique(self, tables: Tables) -> None:
        everyone, found = people(tables)
        among, whole = crowd.among_cases(found, days_off=3), crowd.near(everyone, found, days_off=3)
        assert (among <= whole).all() and (1 / among).mean() > 3 * (1 / whole).mean()

    def test_a_coarser_card_never_has_fewer_alike(self, tables: Tables) -> None:
        everyone, found = people(tables)
        cards = found.head(60)
        sizes = [crowd.alike(everyone, cards, level, with_topic=True) for level in RULE.levels]
        assert all((finer <= coarser).all() for finer, coarser in zip(sizes, sizes[1:], strict=False))
        assert (crowd.alike(everyone, cards, Level(), with_topic=False) >= crowd.alike(everyone, cards, Level(), with_topic=True)).all()

    def test_an_unknown_tier_could_be_any(self, tables: Tables) -> None:
        unknown = {**tables, "customers": tables["customers"].assign(value_tier=None)}
        everyone, found = people(unknown)
        with_tier, without = (crowd.alike(everyone, found.head(20), Level(tier=t), with_topic=True) for t in (True, False))
        assert (with_tier == without).all()


class TestWords:
    SAID = ["充电桩全是坏的等了半天没有人来", *["另一条完全不同的公开声音说的是别的事"] * 2]
    POOL = pd.DataFrame({"response_id": ["F1", "F2", "F3"], "comment": SAID})

    def test_the_same_wording_is_found(self) -> None:
        links = verbatims.linked(["充电桩全是坏的，等了半天没有人来！", None, "好"], ["F1", "R2", "R3"], self.POOL, at=0.8)
        assert links.voices.tolist() == [1, 0, 0] and links.right.tolist() == [1.0, 0.0, 0.0] and (links.claimed, links.hits) == (1, 1)

    def test_among_equals_one_is_drawn_and_a_stranger_is_a_wrong_match(self) -> None:
        links = verbatims.linked([self.POOL["comment"][1], self.POOL["comment"][0]], ["F2", "R9"], self.POOL, at=0.8)
        assert links.voices.tolist() == [2, 1] and links.right.tolist() == [0.5, 0.0] and (links.claimed, links.hits) == (1, 0)

    def test_generalising_alone_does_not_hide_the_wording(self) -> None:
        links = verbatims.linked(["充电桩全是坏的〔某天〕等了半天没有人来"], ["F1"], self.POOL, at=0.8)
        assert links.hits == 1

    def test_copied_words_never_stand_on_a_card(self) -> None:
        tables, truth = identities.company(1, copied=0.5)
        found = case_library.study(tables, RULE.model_copy(update={"per_cell": 5}), show_verbatims=True, seed=3)
        cards = found.audit.cards
        copied = cards["case_id"].isin(truth["copied"])
        assert copied.sum() > 10 and cards.loc[copied, "words"].isna().all() and cards.loc[copied, "kept"].eq("near").all()
        assert cards.loc[~copied, "words"].notna().any()

    def test_the_search_finds_what_was_copied_before_and_nothing_after(self) -> None:
        """The same person's other voice: `right` asks for the very voice, so whoever was copied shows as claimed."""
        tables, truth = identities.company(1, copied=0.3)
        pool = verbatims.public(tables, RULE)
        mine = tables["cases"][tables["cases"]["case_id"].isin(truth["copied"])]
        assert verbatims.linked(mine["description"].tolist(), mine["response_id"].tolist(), pool, at=0.8).claimed == len(mine)
        out = case_library.study(tables, RULE, show_verbatims=True, seed=3).audit.released
        assert verbatims.linked(out["words"].tolist(), out["response_id"].tolist(), pool, at=0.8).claimed == 0

    def test_no_words_where_none_may_be_shown(self, tables: Tables) -> None:
        found = case_library.study(tables, RULE, seed=3)
        assert found.words.empty and found.audit.cards["words"].isna().all() and "描述" not in json.dumps(found.study.to_dict(), ensure_ascii=False)
        shown = "".join(str(cell) for frame in (found.cards, found.sheet, found.shares) for cell in frame.to_numpy().ravel())
        assert not any(text in shown for text in tables["cases"]["description"])

    @pytest.mark.parametrize("text", ["=HYPERLINK(\"http://x\")", "+1", "@cmd", "  -2"])
    def test_no_cell_begins_a_formula(self, text: str) -> None:
        assert verbatims.shown(text)[:1] not in ("=", "+", "-", "@")


class TestAudit:
    def test_every_card_released_has_k_alike(self, made: case_library.CaseLibrary) -> None:
        out = made.audit.released
        assert len(out) >= RULE.least_cells and out["alike"].min() >= RULE.k and (out["crowd"] >= out["alike"]).all()
        assert made.ladder["kept"].conf_high <= 1 / RULE.k and made.audit.before["week"].value > 3 * made.audit.after["week"].value

    def test_one_reader_before_and_after(self, made: case_library.CaseLibrary) -> None:
        """The uncorrected number is what the same reader finds of the originals, and so is the one in the title."""
        lead, naive = made.study.headline[0], made.study.naive
        assert lead == made.ladder["kept"].with_(verdict=lead.verdict) and naive.value == made.audit.before["complaint"].value > 0.5
        before, title = f"{100 * naive.value:.0f}%", made.captions["ladder"]["title"]
        assert before in title.zh and before in title.en and f"{100 * made.audit.before['week'].value:.0f}%" not in title.zh
        assert [r.rung for r in made.ladder.rungs] == ["cases", "originals", "known", "kept"]

    @pytest.mark.parametrize("nothing", [None, "  "])
    def test_without_any_words_nothing_is_said_of_words(self, tables: Tables, made: case_library.CaseLibrary, nothing: str | None) -> None:
        """0 of 0 is no share: no search is reported, no check passes on it, and the verdict is no freer than with words to audit."""
        mute = {**tables, "cases": tables["cases"].assign(description=pd.Series(nothing, tables["cases"].index, dtype="string"))}
        found = case_library.study(mute, RULE, show_verbatims=True, seed=3)
        assert found.audit.texts == 0 and made.audit.texts == len(made.audit.cards)
        assert {one.estimand for one in made.study.headline} - {one.estimand for one in found.study.headline} == {auditing.WORDS_FOUND}
        assert all(getattr(found.audit, side)["words"].kind == "refusal" for side in ("before", "after"))
        assert found.sheet.loc[2, ["before", "after"]].map(lambda cell: cell.en).tolist() == ["—", "—"]
        assert "search" in made.captions["sheet"]["title"].en and "search" not in found.captions["sheet"]["title"].en
        about = [one for one in found.study.checks if any(w in one.name.en.lower() for w in ("redaction", "names", "words"))]
        assert len(about) == 3 and all(one.passed is None and "None of the cases drawn has words" in one.detail.en for one in about)
        assert found.study.verdict is made.study.verdict is Verdict.REPORT_WITH_CAVEAT and "No case has words" in found.study.caveat.en
        assert "with words" not in found.study.decision.en and "with words" in made.study.decision.en

    def test_words_without_public_voices_are_not_called_unfound(self, tables: Tables) -> None:
        spoken = tables["responses"][~tables["responses"]["channel"].isin(RULE.public)]
        found = case_library.study({**tables, "responses": spoken}, RULE, show_verbatims=True, seed=3)
        assert found.audit.public_n == 0 and found.audit.after["words"].kind == "refusal" and len(found.words)
        assert "search" not in found.captions["sheet"]["title"].en and found.study.verdict is Verdict.REPORT_WITH_CAVEAT

    def test_a_higher_k_withholds_and_counts(self, tables: Tables) -> None:
        usual = int(case_library.study(tables, RULE, seed=3).audit.cards["alike"].median())
        found = case_library.study(tables, RULE.model_copy(update={"k": usual, "levels": (Level(tier=True),)}), seed=3)
        held = found.audit.cards["level"].eq(-1)
        assert 0 < held.sum() < len(held) and len(found.cards) == (~held).sum() and found.study.evidence["withheld"] == held.sum()
        assert int(found.levels["n"].iloc[-1]) == held.sum()

    def test_a_list_that_is_a_sample(self, tables: Tables) -> None:
        listed = len(tables["customers"])
        whole, half, tenth = (case_library.study(tables, RULE, population=n * listed, seed=3) for n in (0, 2, 10))
        assert half.ladder["originals"].value < whole.ladder["originals"].value
        assert half.ladder["originals"].kind == "estimate" and tenth.ladder["originals"].kind == "bounds"
        assert tenth.study.verdict is Verdict.BOUNDS_ONLY and tenth.study.naive is None
        assert half.ladder["kept"].kind == "bounds" and whole.ladder["kept"].kind == "estimate", "cards are chosen by the counts that tell their risk"
        assert half.audit.released["sure"].min() >= RULE.k and (half.audit.cards["sure"] >= half.audit.cards["alike"]).all()
        assert half.study.checks[0].passed is True and tenth.study.checks[0].passed is True
        with pytest.raises(ParameterError, match="fewer than"):
            case_library.study(tables, RULE, population=listed - 1)

    def test_the_order_of_rows_changes_nothing(self, tables: Tables, made: case_library.CaseLibrary) -> None:
        mixed = {name: frame.sample(frac=1, random_state=5).reset_index(drop=True) for name, frame in tables.items()}
        again = case_library.study(mixed, RULE, show_verbatims=True, seed=3)
        assert again.study.to_dict() == made.study.to_dict() and again.cards.equals(made.cards)
        first, second = (case_library.against_truth(one, held, {"dirt": {}}, RULE, seed=3) for one, held in ((made, tables), (again, mixed)))
        assert first.equals(second)

    def test_the_chain_ends_at_the_cards(self, tables: Tables, made: case_library.CaseLibrary) -> None:
        flow = counting.flow("53-case-library", tables, seed=3)
        assert set(flow.ids) == set(made.audit.released["case_id"]) and flow.n == len(made.cards)

    def test_cards_lead_to_no_case(self, tables: Tables, made: case_library.CaseLibrary) -> None:
        shown = " ".join(str(cell) for frame in (made.cards, made.words) for cell in frame.to_numpy().ravel())
        assert not any(f"{name}" in shown for name in [*tables["cases"]["case_id"], *tables["units"]["name"], *identities.PRODUCTS])
        assert not any(name in shown for name in tables["customers"]["customer_id"].head(500))


class TestBadInput:
    def test_tables_and_columns_that_are_not_there(self, tables: Tables) -> None:
        for name in ("cases", "customers"):
            with pytest.raises(DataError, match=f"no table '{name}'"):
                case_library.study({k: v for k, v in tables.items() if k != name}, RULE)
        with pytest.raises(DataError, match="'severity'"):
            case_library.study({**tables, "cases": tables["cases"].drop(columns="severity")}, RULE)

    def test_no_case_or_none_closed(self, tables: Tables) -> None:
        frame = tables["cases"]
        for cases in (frame.iloc[:0], frame.assign(resolved_at=pd.Series(pd.NaT, frame.index, dtype="datetime64[us, UTC]"))):
            with pytest.raises(DataError, match="closed"):
                case_library.study({**tables, "cases": cases}, RULE)

    def test_times_without_a_zone(self, tables: Tables) -> None:
        naive = tables["cases"].assign(opened_at=tables["cases"]["opened_at"].dt.tz_localize(None))
        with pytest.raises(DataError, match="time zone"):
            case_library.study({**tables, "cases": naive}, RULE)

    def test_too_few_kinds_refuse_and_say_what_is_needed(self, tables: Tables) -> None:
        found = case_library.study({**tables, "cases": tables["cases"].head(12)}, RULE)
        assert found.study.verdict is Verdict.REFUSE and "5" in found.study.decision.zh and found.audit is None
        assert counting.flow("53-case-library", {**tables, "cases": tables["cases"].head(12)}, seed=3).n == 0

    def test_too_few_alike_refuse(self, tables: Tables) -> None:
        found = case_library.study(tables, RULE.model_copy(update={"k": 5000}), seed=3)
        assert found.study.verdict is Verdict.REFUSE and found.cards.empty

    def test_customers_on_no_list(self, tables: Tables) -> None:
        less = {**tables, "customers": tables["customers"].iloc[::2].reset_index(drop=True)}
        found = case_library.study(less, RULE, seed=3)
        assert set(found.found["step"]) >= {"nobody", ""} and set(found.audit.cards["customer_id"]) <= set(less["customers"]["customer_id"])

    @pytest.mark.parametrize("dropped", ["units", "touchpoints", "responses"])
    def test_without_tables_that_help(self, tables: Tables, dropped: str) -> None:
        found = case_library.study({k: v for k, v in tables.items() if k != dropped}, RULE, show_verbatims=True, seed=3)
        assert found.study.verdict is not Verdict.REFUSE
        if dropped == "touchpoints":
            assert any(one.passed is False and "said nothing" in one.name.en for one in found.study.checks)

    def test_one_dealer_and_bare_lists(self, tables: Tables) -> None:
        one = tables["cases"]["unit_id"].iloc[0]
        bare = tables["customers"][["customer_id", "region"]]
        found = case_library.study({**tables, "cases": tables["cases"].assign(unit_id=one), "customers": bare}, RULE, show_verbatims=True, seed=3)
        assert found.ladder["originals"].n_clusters is None

    def test_hostile_words(self, tables: Tables) -> None:
        bad = ["<script>alert(1)</script>", "=1+1", "\u202eevil", "长" * 50_000, "", None, "Called Mr Zhou，收了860元"]
        frame = tables["cases"].assign(description=pd.Series(np.resize(np.array(bad, dtype=object), len(tables["cases"]))))
        found = case_library.study({**tables, "cases": frame}, RULE, show_verbatims=True, seed=3)
        words = found.audit.cards["words"].dropna()
        assert words.str.len().max() <= 151 and not words.str.contains("Zhou|860|\u202e").any() and not words.str.startswith("=").any()

    def test_a_file_that_is_wrong(self, tmp_path: Path) -> None:
        path = tmp_path / "rule.yml"
        path.write_text("k: 5\nper_sell: 2\n", "utf-8")
        with pytest.raises(ParameterError, match="did you mean 'per_cell'"):
            case_library_rule.load(path)
        path.write_text("k: 1\n", "utf-8")
        with pytest.raises(ParameterError, match="k"):
            case_library_rule.load(path)
        assert case_library_rule.load(ROOT / case_library_rule.TEMPLATE).k == 5


class TestPage:
    def test_words(self, tables: Tables, made: case_library.CaseLibrary) -> None:
        moods = {"all": made, "sample": case_library.study(tables, RULE, population=3 * len(tables["customers"]), seed=3),
                 "few": case_library.study({**tables, "cases": tables["cases"].head(12)}, RULE),
                 "blind": case_library.study({k: v for k, v in tables.items() if k != "touchpoints"}, RULE, seed=3)}
        for name, one in moods.items():
            frames = [frame for frame in vars(one).values() if isinstance(frame, pd.DataFrame)]
            cells = [cell for frame in frames for cell in frame.to_numpy().ravel() if isinstance(cell, Text)]
            said = [*texts(one.study), *spoken(one.captions), *cells]
            assert [t for t in said if verbs_exceed(t.zh, 0, "zh") or verbs_exceed(t.en, 0, "en") or half_width(t.zh)] == [], name
            assert [t for t in said if bool(t.zh) != bool(t.en)] == [], name

    @pytest.mark.parametrize("mood", ["all", "few", "no words", "sample"])
    def test_the_notebook(self, tables: Tables, mood: str, monkeypatch: pytest.MonkeyPatch) -> None:
        held = {**tables, "cases": tables["cases"].head(12)} if mood == "few" else tables
        monkeypatch.setattr(voclib, "load", lambda data, *names: held)
        monkeypatch.setattr(voclib, "scorecard", lambda data: {
            "files": [{"tables": ["cases"], "rows_read": len(held["cases"]), "unreadable": 0}],
            "tables": {"cases": {"accepted": len(held["cases"]), "rows_made": len(held["cases"]), "quarantined": 0}}})
        population = 3 * len(tables["customers"]) if mood == "sample" else 0
        space = notebook_cells.run("53-case-library", {"show_verbatims": mood != "no words", "population": population})
        compared = case_library.against_truth(space["result"], held, {"dirt": {}}, RULE, seed=0)
        assert len(compared) == (0 if mood == "few" else 4) and all(row.en == "Yes" for row in compared["inside"])


class TestWithoutRegions:
    def test_a_company_without_regions_has_a_library_and_no_card_states_a_place(self, tables: Tables) -> None:
        """Accounts of a software company: no units, no regions. The page refused all its cases as naming neither topic nor customer."""
        bare = {name: table for name, table in tables.items() if name != "units"}
        bare["customers"] = bare["customers"].drop(columns="region", errors="ignore")
        found = case_library_choice.prepared(bare, RULE)
        assert found["region"].isna().all() and (found["step"] == "").sum() >= (case_library_choice.prepared(tables, RULE)["step"] == "").sum()
        made = case_library.study(bare, RULE, show_verbatims=False, seed=3)
        assert made.study.verdict is not Verdict.REFUSE and len(made.cards)
        printed = [cell.en for cell in made.cards.to_numpy().ravel() if isinstance(cell, Text)]
        assert printed and not [text for text in printed if "nan" in text or "None" in text]

    def test_a_case_without_a_region_among_others_with_one_is_still_set_aside(self, tables: Tables) -> None:
        some = tables["cases"].assign(unit_id=tables["cases"]["unit_id"].where(np.arange(len(tables["cases"])) > 99))
        bare = tables["customers"].drop(columns="region", errors="ignore")
        found = case_library_choice.prepared({**tables, "cases": some, "customers": bare}, RULE)
        lost = found["region"].isna()
        assert lost.sum() == 100 and set(found.loc[lost, "step"]) <= {"nobody", "open", "unfiled"} and found["step"].eq("nobody").sum() > 50

    def test_levels_that_say_the_same_without_a_place_stand_once(self) -> None:
        levels = (Level(tier=True), Level(), Level(place="all"), Level(place="all", period="half"))
        assert Rule(k=5, levels=levels).without_regions().levels == (Level(place="all", tier=True), Level(place="all"),
                                                                   Level(place="all", period="half"))
