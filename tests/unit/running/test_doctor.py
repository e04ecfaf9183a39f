"""`voc doctor`: what is missing between a clone and a published edition is found, named with its command, and never makes the doctor ill."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pandas as pd
import pytest

from voclib import schema
from voclib.errors import ParameterError
from voclib.results import Text
from voclib.running import doctor, machine
from voclib.running.diagnosis import Finding, Report, listed
from voclib.running.edition import load, plan
from voclib.running.inputs import Built
from voclib.running.provenance import Tracer
from voclib.running.remembering import Remembering
from voclib.running.workspace import Workspace
from voclib.schema import store

HEAD = "title: {zh: 小, en: Tiny}\ncompany: {zh: 甲, en: A}\n"
SAMPLE = f"edition: sample\n{HEAD}inputs: [params/rules/sample.yml]\nnotebooks:\n  20-scores: {{}}\n"
MAPPING = "name: sample\nroot: data/sample/raw\npseudonym_key: a-key-of-the-mapping\nsources:\n- channel: survey\n  files: '*.csv'\n  tables: {}\n"
PUBLIC = "name: public\nroot: $VOC_PUBLIC_DATA\npseudonym_key: not-a-secret-key # no\nsources:\n- files: a/*.csv\n  join: {files: b.xlsx, on: id}\n"
LOCK = "numpy==0.0.1 \\\n    --hash=sha256:00\nnowhere-to-be-found==1.0 ; python_full_version >= '3.11' \\\n    --hash=sha256:00\n"
KEY = "the-key-nobody-may-see"


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A clone with one notebook, one edition and one mapping; nothing built, no variable set."""
    for name in ("VOC_PSEUDONYM_KEY", "VOC_PUBLIC_DATA", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    cell = {"cell_type": "code", "id": "0", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None,
            "source": 'data = "data/standard/sample"\nseed = 1'}
    put(tmp_path, "notebooks/20-scores.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    put(tmp_path, "params/sample.yml", SAMPLE)
    put(tmp_path, "params/rules/sample.yml", MAPPING)
    put(tmp_path, "params/rules/public.yml", PUBLIC)
    put(tmp_path, "pyproject.toml", '[project]\nrequires-python = ">=3.11,<3.99"\n[project.optional-dependencies]\ntopics = ["nowhere>=1"]\n')
    put(tmp_path, "requirements/core.lock", "")
    return Workspace(tmp_path)


def look(space: Workspace, topic: str, **more) -> list[Finding]:
    """The findings whose English topic begins so."""
    return [f for f in doctor.examine(space, **more).findings if f.topic.en.startswith(topic)]


def one(space: Workspace, topic: str, **more) -> Finding:
    found = look(space, topic, **more)
    assert len(found) == 1, found
    return found[0]


class TestReport:
    def test_only_what_the_sample_needs_decides_the_exit_status(self) -> None:
        text = Text("甲", "A")
        made = {needed: Report((Finding(topic=text, status="missing", there=text, why=text, needed=needed),)) for needed in (True, False)}
        assert made[True].exit_status == 1 and made[False].exit_status == 0
        assert Report((Finding(topic=text, status="warn", there=text, why=text, needed=True),)).exit_status == 0

    def test_the_missing_come_first_with_reason_and_command(self) -> None:
        text, why = Text("甲", "A"), Text("因为", "because")
        bad = Finding(topic=text, status="missing", there=text, why=why, fix="voc mend", needed=True)
        told = Report((Finding(topic=text, status="ok", there=text, why=why), bad)).told("en").splitlines()
        assert told[0].startswith("MISSING  A: A") and told[1].endswith("because") and told[2].endswith("voc mend") and told[3] == "ok       A: A"
        assert "cannot be published" in told[-1] and "1 ok, 0 to look at, 1 missing" in told[-1]

    def test_an_unknown_language_is_refused(self) -> None:
        with pytest.raises(ParameterError, match="known: en, zh"):
            Report(()).told("fr")

    def test_lists_stop_at_five(self) -> None:
        assert listed(list("abcdefg"), "en") == "a, b, c, d, e and 2 more" and listed(list("ab"), "zh") == "a、b"


class TestBroken:
    def test_a_folder_with_nothing_in_it_is_examined_to_the_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("the doctor uses no network")

        monkeypatch.setattr("socket.socket.connect", refuse)
        report = doctor.examine(Workspace(tmp_path))
        topics = {f.topic.en for f in report.findings}
        assert report.exit_status == 1 and topics >= {"Python", "Locked packages", "Sample company", "Editions", "Disk"}
        for lang in ("zh", "en"):
            assert len(report.told(lang).splitlines()) > 15

    def test_files_of_garbage_are_findings(self, space: Workspace) -> None:
        for name in ("params/sample.yml", "params/rules/sample.yml", "reports/registry.jsonl", "reports/sample/20-scores.json", "build/built.json"):
            put(space.root, name, "").write_bytes(b"\xff\xfe{sources: [\x00")
        report = doctor.examine(space)
        assert report.exit_status == 1
        assert {f.topic.en: f.status for f in report.findings if f.topic.en in ("Edition sample", "Registry")} == {
            "Edition sample": "missing", "Registry": "missing"}

    @pytest.mark.parametrize("broken", ["edition: sample\nnotebooks: {a: {}\n", "- 1\n", "edition: sample\n", ""])
    def test_a_broken_edition_is_told_in_its_own_words(self, space: Workspace, broken: str) -> None:
        put(space.root, "params/sample.yml", broken)
        found = one(space, "Edition sample")
        assert found.status == "missing" and found.needed and "sample.yml" in found.there.en and found.fix == "$EDITOR params/sample.yml"

    def test_a_look_that_breaks_is_a_finding(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        def ill(_: Workspace) -> None:
            raise ImportError("No module named 'yaml'")

        monkeypatch.setattr(doctor, "sample_company", ill)
        found = one(space, "Sample company")
        assert found.status == "missing" and "No module named 'yaml'" in found.there.en and "--require-hashes" in found.fix

    def test_it_speaks_where_no_package_is_installed(self, space: Workspace, root: Path) -> None:
        put(space.root, "requirements/core.lock", LOCK)
        code = ("import sys, types\n"
                f"sys.path.insert(0, {str(root)!r})\n"
                "package = types.ModuleType('voclib.running')\n"  # what the package itself imports is not the doctor's business
                f"package.__path__ = [{str(root / 'voclib' / 'running')!r}]\n"
                "sys.modules['voclib.running'] = package\n"
                "from pathlib import Path\n"
                "from voclib.running.doctor import examine\n"
                "from voclib.running.workspace import Workspace\n"
                f"report = examine(Workspace(Path({str(space.root)!r})))\n"
                "print(report.told('zh'), report.told('en'), sep='\\n')\n"
                "sys.exit(report.exit_status)")
        environment = {**os.environ, "PYTHONUTF8": "1"}
        done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, encoding="utf-8", env=environment)
        assert done.returncode == 1 and not done.stderr, done.stderr
        assert "numpy 0.0.1" in done.stdout and "No module named" in done.stdout and "pip install --no-deps" in done.stdout


class TestMachine:
    def test_a_python_outside_the_range_is_missing(self, space: Workspace) -> None:
        assert one(space, "Python").status == "ok"
        put(space.root, "pyproject.toml", '[project]\nrequires-python = ">=3.98"\n')
        found = one(space, "Python")
        assert found.status == "missing" and ">=3.98" in found.there.en

    def test_absent_and_other_versions_are_named(self, space: Workspace) -> None:
        put(space.root, "requirements/core.lock", LOCK)
        found = one(space, "Locked packages")
        assert found.status == "missing" and "nowhere-to-be-found 1.0" in found.there.en and "(should be 0.0.1)" in found.there.en
        put(space.root, "requirements/core.lock", LOCK.split("nowhere")[0])
        assert one(space, "Locked packages").status == "warn" and "0 of 1" in one(space, "Locked packages").there.en

    def test_at_most_five_packages_are_named(self, space: Workspace) -> None:
        put(space.root, "requirements/core.lock", "".join(f"nowhere{i}==1\n" for i in range(9)))
        assert one(space, "Locked packages").there.en.endswith("nowhere4 1 and 4 more")

    def test_markers_decide_which_pins_apply(self) -> None:
        text = "a==1 ; python_full_version < '3'\nb==2 ; python_full_version >= '3' \\\n    --hash=sha256:0\nc[x]==3 \\\n"
        assert list(machine.locked(text)) == [("b", "2"), ("c", "3")]

    def test_every_pin_of_the_lock_is_read(self, root: Path) -> None:
        text = (root / "requirements/core.lock").read_text("utf-8")
        assert len(machine._PIN.findall(text)) == sum("==" in line and not line.startswith(" ") for line in text.splitlines())

    def test_extras_say_what_they_add_and_what_is_absent(self, space: Workspace) -> None:
        topics, embed = one(space, "Extra topics"), one(space, "Extra embed")
        assert topics.status == "warn" and topics.fix == "pip install -e '.[topics]'" and "missing: nowhere" in topics.there.en
        assert embed.status == "ok" and "sentence vectors" in embed.there.en
        put(space.root, "pyproject.toml", '[project.optional-dependencies]\nembed = ["nowhere"]\ngpu = ["nowhere"]\nown = ["pytest"]\n')
        assert one(space, "Extra embed").fix == "make embed" and one(space, "Extra own").status == "ok"

    def test_what_sentence_vectors_add_is_what_was_measured(self, root: Path) -> None:
        rows = json.loads((root / "benchmarks/topics.json").read_text("utf-8"))["rows"]
        found = {row["what"]: f"{row['measured']['ours']['ami']:.2f}" for row in rows if row["group"] == "labels"}
        without, beside = (found[f"agreement with people, English, {vectors}, 5 seeds"] for vectors in ("default vectors", "MiniLM"))
        told, readme = machine.EXTRAS["embed"], (root / "README.md").read_text("utf-8")
        assert f"从 {without} 升到 {beside}" in told.zh and f"an AMI of {beside} ({without} without)" in told.en
        assert f"from AMI {without} to {beside}" in readme

    def test_a_gpu_is_told_and_none_is_no_fault(self, space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert "works just as well" in one(space, "GPU").there.en and one(space, "GPU").status == "ok"
        program = put(tmp_path, "bin/nvidia-smi", "#!/bin/sh\necho 'GPU 0: NVIDIA X1 (UUID: GPU-1)'\n")
        program.chmod(0o755)
        put(space.root, "pyproject.toml", '[project.optional-dependencies]\ngpu = ["nowhere"]\n')
        assert "1 visible: NVIDIA X1" in one(space, "GPU").there.en and one(space, "Extra gpu").status == "warn"
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        assert "CUDA_VISIBLE_DEVICES" in one(space, "GPU").there.en and one(space, "Extra gpu").status == "ok"

    def test_a_program_that_hangs_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, "slow", "#!/bin/sh\nexec sleep 30\n").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(machine, "PATIENCE", 0.1)
        assert machine._answer("slow") == ""

    def test_browser_fonts_and_git_only_warn(self, space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        monkeypatch.setattr(machine, "CHROMIUM", tmp_path / "chromium")
        assert one(space, "Browser").fix == "apt-get install chromium fonts-noto-cjk" and one(space, "Browser").status == "warn"
        assert one(space, "git").status == "warn" and one(space, "git").fix == "apt-get install git"

    def test_little_disk_warns(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9, 9, 1_900_000_000))
        assert one(space, "Disk").status == "warn" and "1.9 GB" in one(space, "Disk").there.en

    def test_a_folder_that_cannot_be_written_is_missing(self, space: Workspace) -> None:
        assert one(space, "Write permission").status == "ok"
        put(space.root, "reports", "a file in the folder's place")
        found = one(space, "Write permission")
        assert found.status == "missing" and found.fix == "chmod -R u+w reports" and doctor.examine(space).exit_status == 1


class TestData:
    def test_the_sample_company_is_absent_then_fresh_then_changed(self, space: Workspace) -> None:
        assert (one(space, "Sample company").status, one(space, "Sample company").fix) == ("missing", "voc simulate")
        built = Built(space)
        built.ensure("data/sample", built.simulation(20_000, 20260701), lambda: put(space.root, "data/sample/raw/a.csv", "x\n1\n"))
        assert one(space, "Sample company").status == "ok"
        put(space.root, "data/sample/raw/a.csv", "x\n22\n")
        assert one(space, "Sample company").status == "warn"

    def test_tables_are_absent_then_fresh_then_behind_their_files(self, space: Workspace) -> None:
        put(space.root, "data/sample/raw/a.csv", "x\n1\n")
        absent = one(space, "Tables data/standard/sample")
        assert absent.status == "missing" and absent.needed and absent.fix == "voc ingest params/rules/sample.yml --if-changed"
        built, table = Built(space), "data/standard/sample/units.parquet"
        built.ensure("data/standard/sample", built.mapping("params/rules/sample.yml"), lambda: put(space.root, table, "x"))
        assert one(space, "Tables data/standard/sample").status == "ok"
        put(space.root, "data/sample/raw/a.csv", "x\n22\n")
        assert one(space, "Tables data/standard/sample").status == "warn"
        shutil.rmtree(space.root / "data/sample")
        assert "cannot be found" in one(space, "Tables data/standard/sample").there.en

    def test_looking_never_builds(self, space: Workspace) -> None:
        put(space.root, "data/sample/raw/a.csv", "x\n1\n")
        doctor.examine(space)
        assert not (space.build / "built.json").exists() and not (space.root / "data/standard").exists()

    def test_public_data(self, space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert one(space, "Public data").there.en == "VOC_PUBLIC_DATA is not set"
        monkeypatch.setenv("VOC_PUBLIC_DATA", str(tmp_path / "nowhere"))
        assert "is not a folder" in one(space, "Public data").there.en
        monkeypatch.setenv("VOC_PUBLIC_DATA", str(put(tmp_path, "pub/a/1.csv", "").parents[1]))
        assert one(space, "Public data").there.en == "the mapping names 2 files; missing: b.xlsx"
        put(tmp_path, "pub/b.xlsx", "")
        assert one(space, "Public data").status == "ok"

    def test_the_key_is_asked_for_only_where_a_mapping_needs_it(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        assert one(space, "Pseudonym key").status == "ok"
        put(space.root, "params/rules/mine.yml", MAPPING.replace("pseudonym_key: a-key-of-the-mapping\n", ""))
        assert one(space, "Pseudonym key").status == "warn" and "mine.yml" in one(space, "Pseudonym key").there.en
        monkeypatch.setenv("VOC_PSEUDONYM_KEY", "tiny-key")
        assert "too short" in one(space, "Pseudonym key").there.en
        monkeypatch.setenv("VOC_PSEUDONYM_KEY", KEY)
        assert one(space, "Pseudonym key").status == "ok"

    def test_no_key_is_ever_shown(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VOC_PSEUDONYM_KEY", KEY)

        def leak(path: Path) -> None:
            raise ParameterError(f"{path.name}: the keys are {KEY} and a-key-of-the-mapping, not-a-secret-key")

        report = doctor.examine(space, read_mapping=leak)
        for told in (report.told("zh"), report.told("en"), repr(report)):
            assert KEY not in told and "a-key-of-the-mapping" not in told and "not-a-secret" not in told
            assert "the keys are … and …, …" in told


class TestEditions:
    def test_a_good_edition_is_counted(self, space: Workspace) -> None:
        assert one(space, "Edition sample").there.en == "1 reports, all parameters valid"

    def test_another_edition_only_warns(self, space: Workspace) -> None:
        put(space.root, "params/mine.yml", f"edition: mine\n{HEAD}notebooks: {{20-score: {{}}}}\n")
        found = one(space, "Edition mine")
        assert found.status == "warn" and not found.needed and "did you mean '20-scores'?" in found.there.en

    def test_long_messages_are_cut(self, space: Workspace) -> None:
        put(space.root, "params/mine.yml", f"edition: mine\n{HEAD}notebooks:\n" + "".join(f"  {i}-x: {{}}\n" for i in range(10, 40)))
        there = one(space, "Edition mine").there.en.splitlines()
        assert len(there) == 7 and there[-1] == "… (+25)"

    def test_mappings_are_read_by_the_callers_reader(self, space: Workspace) -> None:
        put(space.root, "params/rules/gates.yml", "min_n: 3\n")
        seen: list[str] = []

        def read(path: Path) -> None:
            seen.append(path.name)
            if path.name == "sample.yml":
                raise ParameterError("sample.yml: the key 'company' is missing")

        bad = one(space, "Mapping sample.yml", read_mapping=read)
        assert bad.status == "missing" and bad.needed and "'company' is missing" in bad.there.en and seen == ["public.yml", "sample.yml"]
        assert one(space, "Mappings", read_mapping=read).there.en == "1 under params/rules can be read"

    def test_a_mapping_that_the_sample_names_and_nobody_has(self, space: Workspace) -> None:
        (space.root / "params/rules/sample.yml").unlink()
        found = one(space, "Mapping params/rules/sample.yml")
        assert found.status == "missing" and found.fix == "git checkout params/rules/sample.yml"

    def test_a_registry_after_a_merge_conflict(self, space: Workspace) -> None:
        put(space.root, "reports/registry.jsonl", '{"edition": "sample"}\n<<<<<<< HEAD\n')
        found = one(space, "Registry")
        assert found.status == "missing" and "line 2" in found.there.en and found.fix == "git checkout reports/registry.jsonl"


class TestPublished:
    @pytest.fixture
    def page(self, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A report published from what lies there; what its definition is made of is not compared, so it is not read."""
        monkeypatch.setattr(Tracer, "_definition", Remembering._definition)
        frame = schema.empty("units")
        rows = pd.DataFrame({"unit_id": ["a"], "name": ["a"], "kind": "dealer", "region": "north"})
        store.write({"units": pd.concat([frame, rows])[list(frame.columns)].astype(frame.dtypes.to_dict())}, space.root / "data/standard/sample")
        return put(space.root, "reports/sample/20-scores.json", json.dumps({"provenance": self.traced(space)}))

    @staticmethod
    def traced(space: Workspace) -> dict:
        tracer = Tracer(space)
        found = tracer.provenance(plan(load(space.root / "params/sample.yml"), space=space)[0]).to_dict()
        tracer.save()
        return found

    def test_a_current_report_is_ok_its_data_compared_from_memory(self, space: Workspace, page: Path) -> None:
        found = one(space, "Published sample")
        assert found.status == "ok" and found.there.en == "1 reports, 1 of them up to date"

    def test_changed_notebook_and_parameters_are_named(self, space: Workspace, page: Path) -> None:
        path = space.notebooks / "20-scores.ipynb"
        path.write_text(path.read_text("utf-8").replace("seed = 1", "seed = 2"), "utf-8")
        found = one(space, "Published sample")
        assert found.status == "warn" and "stale (code, parameters): 20-scores" in found.there.en and found.fix == "voc run params/sample.yml"
        assert "变了代码、参数：20-scores" in found.there.zh

    def test_tables_not_read_yet_are_not_called_changed(self, space: Workspace, page: Path) -> None:
        frame = store.read(space.root / "data/standard/sample")["units"]
        store.write({"units": frame.assign(name="b")}, space.root / "data/standard/sample")
        assert one(space, "Published sample").status == "ok" and "not read yet" in one(space, "Published sample").there.en
        self.traced(space)
        assert "stale (data): 20-scores" in one(space, "Published sample").there.en

    def test_without_its_data_the_rest_is_compared(self, space: Workspace, page: Path) -> None:
        shutil.rmtree(space.root / "data")
        assert one(space, "Published sample").status == "ok" and "without their data" in one(space, "Published sample").there.en

    def test_reports_nobody_can_read_or_names_any_more(self, space: Workspace, page: Path) -> None:
        put(space.root, "reports/sample/21-gone.json", page.read_text("utf-8"))
        page.write_text("{", "utf-8")
        there = one(space, "Published sample").there.en
        assert "stale (cannot be read): 20-scores" in there and "stale (no longer in the edition): 21-gone" in there


def test_on_this_repository_it_reads_no_table(root: Path) -> None:
    code = ("import sys\nfrom voclib.running.doctor import examine\nfrom voclib.running.workspace import find\n"
            "report = examine(find('.'))\nassert len(report.findings) > 20\nprint(sorted({'pandas', 'duckdb', 'altair'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
