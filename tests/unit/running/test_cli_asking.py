"""The commands that answer: what moved and why, where a row came from, what is missing, how a study begins. Each through the command line itself."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from voclib import cli

ROOT = Path(__file__).resolve().parents[3]
MAPPING = """\
name: mine
company: {zh: 甲, en: A}
root: data/mine
pseudonym_key: a-key-of-more-than-sixteen-signs
sources:
- channel: master
  files: customers.csv
  tables: {customers: {columns: {customer_id: id, is_churned: left, segment: kind}}}
- channel: survey
  files: survey.csv
  tables:
    responses:
      columns: {response_id: no, customer_id: customer, nps_score: score, submitted_at: time, comment: words}
      constants: {channel: sms}
"""
SURVEY = "no,customer,score,time,words\nS1,C1,9,2026-05-01T10:00:00+08:00,非常好\nS2,C2, 7 ,2026-05-02T10:00:00+08:00,\nS3,C9,3,2026-05-03,等太久\n" \
         "S4,C1,99,2026-05-04T10:00:00+08:00,\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one edition of one notebook and its raw files, already read; the working directory."""
    for name in ("params/rules", "data/mine", "notebooks"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks/20-scores.ipynb", tmp_path / "notebooks")
    (tmp_path / "params/tiny.yml").write_text(
        "edition: tiny\ntitle: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\ninputs: [params/rules/mine.yml]\nshared: {data: data/standard/mine}\n"
        "notebooks:\n  20-scores: {}\n", "utf-8")
    (tmp_path / "params/rules/mine.yml").write_text(MAPPING, "utf-8")
    (tmp_path / "data/mine/customers.csv").write_text("id,left,kind\nC1,no,家庭\nC2,no,家庭\n", "utf-8")
    (tmp_path / "data/mine/survey.csv").write_text(SURVEY, "utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "voclib"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["ingest", "params/rules/mine.yml", "--if-changed", "--quiet"]) == 0
    return tmp_path


def told(command: str, capsys: pytest.CaptureFixture, *, status: int = 0) -> str:
    capsys.readouterr()
    assert cli.main(shlex.split(command)) == status
    captured = capsys.readouterr()
    return captured.err if status else captured.out


class TestTrace:
    def test_a_voice_leads_to_its_file_its_row_and_the_reports_that_count_it(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        out = told("trace S2 --edition params/tiny.yml", capsys)
        assert "survey.csv, row 3; channel survey, adapter flat" in out and "surrounding blanks removed" in out
        assert "20-scores" in out and "counted" in out and "C2" not in out

    def test_a_customer_is_found_by_the_raw_number_and_shown_by_the_pseudonym(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        out = told("trace C1 --edition params/tiny.yml", capsys)
        assert "customer-" in out and "customers.csv, row 2" in out and "非常好" not in out
        chinese = told("trace C1 --edition params/tiny.yml --lang zh", capsys)
        assert "customers.csv" in chinese and chinese != out

    def test_what_was_set_aside_and_what_nobody_knows_are_told_apart(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        assert "outside 0–10" in told("trace S4 --edition params/tiny.yml", capsys)
        unknown = told("trace S22 --edition params/tiny.yml", capsys)
        assert "S2" in unknown and "counted" not in unknown

    def test_without_origins_it_says_what_to_run(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        (here / "data/standard/mine/origins.parquet").unlink()
        assert "run voc ingest again" in told("trace S1 --edition params/tiny.yml", capsys, status=1)


class TestCompare:
    def _published(self, folder: Path, *, value: float, data: str) -> None:
        finding = json.loads((ROOT / "reports/sample/20-scores.json").read_text("utf-8"))
        finding["headline"][0]["value"] = value
        finding["provenance"]["data"] = data
        folder.mkdir(parents=True)
        (folder / "20-scores.json").write_text(json.dumps(finding, ensure_ascii=False), "utf-8")

    def test_it_names_what_moved_and_the_cause_in_either_language(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        self._published(here / "old", value=44.0, data="a")
        self._published(here / "new", value=46.0, data="b")
        assert "44" in (out := told("compare old new", capsys)) and "46" in out and "data: the tables hold different rows or values" in out
        assert "数据：" in told("compare old new --lang zh", capsys)
        parsed = json.loads(told("compare old new --json", capsys))
        assert parsed["edition"] == "sample" and parsed["pages"][0]["conclusion"] == "one cause"

    def test_a_folder_without_reports_is_an_error_with_a_way_out(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        (here / "empty").mkdir()
        assert "publish with 'voc run'" in told("compare empty empty", capsys, status=1)


class TestDoctor:
    def test_it_fails_where_the_sample_edition_cannot_be_made_and_names_the_command(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        assert cli.main(["doctor"]) == 1
        out = capsys.readouterr().out
        assert "MISSING" in out and "voc simulate" in out
        assert cli.main(["doctor", "--lang", "zh"]) == 1 and "怎么办：" in capsys.readouterr().out

    def test_a_mapping_that_cannot_be_read_is_told_with_its_nearest_name(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        (here / "params/rules/mine.yml").write_text(MAPPING.replace("channel: survey", "channel: survay"), "utf-8")
        cli.main(["doctor"])
        assert "did you mean 'survey'" in capsys.readouterr().out


class TestNewStudy:
    QUESTIONS = "--question-zh 谁带来了新客户？ --question-en 'Who brings new customers?' --edition tiny"

    def test_it_lists_what_it_wrote_and_what_to_do_next(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        (here / "voclib/studies").mkdir(parents=True)
        out = told(f"new study 33-referrals {self.QUESTIONS}", capsys)
        written = ["notebooks/33-referrals.ipynb", "voclib/studies/referrals.py", "voclib/studies/referrals_text.py",
                   "tests/unit/studies/test_studies_referrals.py", "params/tiny.yml"]
        assert out.splitlines()[:5] == written and all((here / name).is_file() for name in written)
        assert "voc run params/tiny.yml --only 33-referrals" in out
        assert "  33-referrals: {}" in (here / "params/tiny.yml").read_text("utf-8")
        assert "33-referrals" in told(f"new study 33-referrals {self.QUESTIONS}", capsys, status=1)

    def test_a_stage_that_is_none_suggests_the_nearest(self, here: Path, capsys: pytest.CaptureFixture) -> None:
        (here / "voclib/studies").mkdir(parents=True)
        assert "did you mean" in told(f"new study 63-referrals {self.QUESTIONS}", capsys, status=1)


@pytest.mark.parametrize("command", ["compare", "trace", "new study"])
def test_help_teaches_by_example(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*shlex.split(command), "--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "example" in out and f"  voc {command}" in out
