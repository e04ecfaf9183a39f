"""No sentence of a study or notebook claims more than its evidence carries, and Chinese is set with Chinese signs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from study_tables import pool as tables_of
from study_tables import spoken, texts
from wording_rules import frames, objections, wrong

from voclib.results import Study, Text
from voclib.studies import company, pool, scores, sentiment_aspects, validation
from voclib.studies.sentiment_aspects import heard as sentiment_voices

RULES = Path(__file__).resolve().parents[3] / "params" / "rules"
NOTEBOOKS = sorted((Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))
# evidence of a notebook's headline where it is more than description (0); a new notebook is held to description until it is named here
EVIDENCE: dict[str, int] = {"12-root-cause": 1, "30-ex-voc": 2, "31-nps-revenue": 1, "32-frontline": 1}


def _results(small) -> dict[str, object]:
    table = tables_of()
    few = tables_of(units=8)
    once = {**table, "responses": table["responses"][~table["responses"]["response_id"].str.startswith("R2")].reset_index(drop=True)}
    live = (validation.coverage(190, 200, group="n=100"),)
    bad = (validation.coverage(50, 200, group="n=100"),)
    record = validation.load_record()
    marks = ("nps_score", "csat_score", "ces_score", "rating_score", "star_rating", "is_recommended", "emotion")
    unmarked = {"responses": small.tables["responses"].head(600).assign(**dict.fromkeys(marks, pd.NA))}
    made = {f"scores {metric}": scores.study(table, metric=metric, segments=["region", "channel", "segment"]) for metric in scores.SCORES}
    return made | {
        "scores few dealers": scores.study(few, metric="nps"), "scores one period": scores.study(once, metric="nps"),
        "scores without invitations": scores.study({k: v for k, v in table.items() if k != "invitations"}, metric="nps"),
        "pool": pool.study(small.card), "pool strict": pool.study(small.card, required_share=1.0),
        "company": company.study(small.tables, small.truth, seed=1),
        "sentiment": sentiment_aspects.study(small.tables, sentiment_voices.voices(small.tables), dictionary=RULES / "aspects.yml",
                                             classes=RULES / "classes.yml", show_verbatims=True),
        "sentiment without marks": sentiment_aspects.study(unmarked, sentiment_voices.voices(unmarked), dictionary=RULES / "aspects.yml",
                                                           classes=RULES / "classes.yml"),
        "validation": validation.study(record, live, seed=1),
        "validation stale": validation.study(validation.Record(record.rows.assign(passed=False), is_fresh=False), bad, seed=1),
    }


@pytest.fixture(scope="module")
def results(small_company) -> dict[str, object]:
    """Every study, in the moods it can be in."""
    return _results(small_company)


def test_findings_claim_no_more_than_their_evidence(results) -> None:
    for name, made in results.items():
        study: Study = made.study
        level = study.headline[0].evidence_level
        assert level == 0, f"{name}: these studies describe"
        said = texts(study)
        said += [t for e in study.headline for t in (e.reason, e.needs) if t]
        assert objections(said, level=level) == [], name


def test_captions_claim_no_more_than_their_evidence(results) -> None:
    for name, made in results.items():
        said = spoken(made.captions)
        assert len(said) > 5 and objections(said, level=made.study.headline[0].evidence_level) == [], name


def test_cells_of_tables_are_set_well(results) -> None:
    for name, made in results.items():
        # what was planted is an effect by design, so only the setting of the words is read
        assert objections(frames(made), level=3) == [], name


def test_every_sentence_stands_in_both_languages(results) -> None:
    for name, made in results.items():
        assert [t for t in [*texts(made.study), *spoken(made.captions)] if bool(t.zh) != bool(t.en)] == [], name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_prose_of_notebooks(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    prose = [("".join(c["source"]), "zh" if "zh" in c["metadata"]["tags"] else "en") for c in cells if c["cell_type"] == "markdown"]
    assert len(prose) > 6
    level = EVIDENCE.get(path.stem, 0)
    assert [(text, what) for text, lang in prose for what in wrong(text, lang, level=level)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_comments_of_cells_are_in_both_languages(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    first = ["".join(c["source"]).splitlines()[0] for c in cells if c["cell_type"] == "code" and not c["metadata"].get("tags")]
    assert first and all(re.fullmatch(r"# [^/]*[\u4e00-\u9fff][^/]* / [A-Za-z][^/]*", line) for line in first), first


def test_the_lint_can_fail() -> None:
    said = [Text("等待导致流失,差异显著。", "Waiting leads to churn; the change is significant."), Text("好", "全是中文。")]
    assert len(objections(said, level=0)) == 8
    assert objections([Text("等待与流失相关。", "Waiting is associated with churn.")], level=1) == []


def test_the_chain_of_rows_is_introduced_in_the_same_words_everywhere() -> None:
    """Two sentences, or the first alone; pages read one after another should not look as if they meant different things."""
    whole = {"zh": "从读入到计入，每一行去了哪里？先看哪一步去掉得最多，再问那一步该不该有。",
             "en": "From rows read to rows counted, where did each row go? Look first at the step that removes the most, "
                   "then ask whether that step should be there."}
    begin, said = {"zh": "从读入到计入", "en": "From rows read to rows"}, {"zh": set(), "en": set()}
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for lang in said.keys() & set(cell["metadata"].get("tags", [])):
                said[lang] |= {line for line in "".join(cell["source"]).splitlines() if line.startswith(begin[lang])}
    assert said == {lang: {text, re.match(r".*?[?？]", text)[0]} for lang, text in whole.items()}
