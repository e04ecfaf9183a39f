"""The page on known truths: silence planted on a made-up population of schools, and what every figure says about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_tables import spoken, texts

from voclib.errors import DataError, ParameterError
from voclib.reporting.language import half_width, verbs_exceed
from voclib.results import Text, Verdict
from voclib.stats import gates
from voclib.studies import known_truth
from voclib.studies.known_truth import captions as known_truth_captions
from voclib.studies.known_truth import cases, masks
from voclib.studies.known_truth import files as sources

RUNS, SIZE = 20, 900


def _schools(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Schools with the columns of the real file and its faults: an empty column, an answer that leaks, missing values that mean something."""
    stype = rng.choice(["E", "M", "H"], n, p=[0.71, 0.17, 0.12])
    before = np.clip(630 + 130 * rng.normal(size=n) - 20 * (stype == "H"), 250, 960).round()
    meals = np.clip(50 - 0.18 * (before - 630) + 15 * rng.normal(size=n), 0, 100).round()
    now = np.clip(before + 33 + 26 * rng.normal(size=n), 210, 990).round()
    parents = rng.dirichlet(np.ones(5), n) * 100
    unsaid = rng.random(n) < 0.03
    parents[unsaid] = 0
    made = pd.DataFrame(
        {
            "cds": [f"{k:06d}" for k in range(n)],
            "stype": stype,
            "flag": np.nan,
            "yr.rnd": np.where(rng.random(n) < 0.1, "Yes", None),
            "api00": now,
            "api99": before,
            "growth": now - before,
            "target": np.where(before >= 800, np.nan, rng.integers(5, 20, n)),
            "sch.wide": np.where(now - before > 10, "Yes", "No"),
            "meals": meals,
            "ell": rng.integers(0, 60, n),
            "enroll": np.where(rng.random(n) < 0.01, np.nan, rng.integers(100, 2000, n)),
            "mobility": rng.integers(0, 40, n),
            "avg.ed": np.where(unsaid, np.nan, rng.uniform(1, 5, n)),
            "dnum": rng.integers(1, 120, n),
        }
    )
    return made.join(pd.DataFrame(parents, columns=list(sources.PARENTS)))


def _drawn(schools: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    simple = schools.sample(200, random_state=1).assign(pw=len(schools) / 200, fpc=float(len(schools)))
    sizes = schools["stype"].value_counts()
    parts = [schools[schools["stype"] == kind].sample(60, random_state=2).assign(pw=sizes[kind] / 60, fpc=float(sizes[kind])) for kind in "EMH"]
    districts = rng.choice(schools["dnum"].unique(), 20, replace=False)
    whole = schools[schools["dnum"].isin(districts)]
    clusters = whole.assign(pw=len(schools) / len(whole), fpc=float(schools["dnum"].nunique()))
    return {"apisrs": simple, "apistrat": pd.concat(parts), "apiclus1": clusters}


def _panel(rng: np.random.Generator, n: int, *, volunteers: bool) -> pd.DataFrame:
    gender = rng.choice(["Female", "Male", ""], n, p=[0.25, 0.67, 0.08] if volunteers else [0.46, 0.46, 0.08])
    age = rng.choice(["18-24", "25-34", "45+"], n, p=[0.6, 0.3, 0.1] if volunteers else [0.3, 0.4, 0.3])
    income = rng.gamma(1.0, 7.0 if volunteers else 12.0, n)
    mean = 40 + 6 * (gender == "Female") + 5 * (age == "25-34") + 12 * (age == "45+") + 0.1 * income
    return pd.DataFrame({"id": np.arange(n) + (0 if volunteers else 10**5), "gender": np.where(gender == "", None, gender), "age_group": age,
                         "income": income, "happiness": np.clip(mean + 12 * rng.normal(size=n), 0, 100)})


def _health(rng: np.random.Generator, n: int = 1200) -> pd.DataFrame:
    age = rng.uniform(25, 70, n)
    quit_ = (rng.random(n) < 1 / (1 + np.exp(1.2 - 0.03 * (age - 45)))).astype(int)
    gain = 8 - 0.12 * age + 3.0 * quit_ + 5 * rng.normal(size=n)
    lost = rng.random(n) < 0.03 + 0.03 * quit_
    return pd.DataFrame({
        "seqn": np.arange(n), "qsmk": quit_, "wt71": rng.normal(70, 12, n), "wt82": 70.0, "wt82_71": np.where(lost, np.nan, gain),
        "sex": rng.integers(0, 2, n), "age": age, "race": rng.integers(0, 2, n), "education": rng.integers(1, 6, n),
        "smokeintensity": rng.integers(1, 40, n), "smokeyrs": rng.integers(1, 40, n), "exercise": rng.integers(0, 3, n),
        "active": rng.integers(0, 3, n)})


def _wages(rng: np.random.Generator, n: int = 700) -> pd.DataFrame:
    school, years, kids = rng.integers(6, 18, n), rng.integers(0, 30, n), rng.integers(0, 3, n)
    other = rng.gamma(4, 5, n)
    unseen = rng.multivariate_normal([0, 0], [[1, 0.2], [0.2, 0.25]], n)
    works = 0.1 * school + 0.03 * years - 0.9 * kids - 0.02 * other - 0.3 + unseen[:, 0] > 0
    wage = np.exp(-0.5 + 0.1 * school + 0.02 * years + unseen[:, 1])
    return pd.DataFrame({"lfp": works.astype(int), "wage": np.where(works, wage, 0.0), "repwage": np.where(works & (rng.random(n) < 0.8), wage, 0),
                         "educ": school, "exper": years, "nwifeinc": other, "age": rng.integers(25, 60, n), "kids5": kids,
                         "kids618": rng.integers(0, 4, n)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, written as the real ones lie."""
    root, rng = tmp_path_factory.mktemp("public"), np.random.default_rng(5)
    schools, health = _schools(rng, 5000), _health(rng)
    tables = {"survey_api/apipop": schools, "balance_sim/sample": _panel(rng, 900, volunteers=True),
              "balance_sim/target": _panel(rng, 6000, volunteers=False), "nhefs/nhefs": health, "nhefs/nhefs_complete": health.dropna(),
              "mroz/Mroz87": _wages(rng), **{f"survey_api/{name}": part for name, part in _drawn(schools, rng).items()}}
    for name, table in tables.items():
        path = root / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        table.to_csv(path, index=False)
    return root


def _read(folder: Path) -> sources.Files:
    return sources.read(*(folder / name for name in ("survey_api", "balance_sim", "nhefs", "mroz")))


@pytest.fixture(scope="module")
def files(folder: Path) -> sources.Files:
    return _read(folder)


@pytest.fixture(scope="module")
def made(files: sources.Files) -> known_truth.KnownTruth:
    return known_truth.study(files, runs=RUNS, size=SIZE, seed=3)


class TestReading:
    def test_faults_are_counted_in_the_files(self, files: sources.Files) -> None:
        found = {row.found.en for row in sources.faults(files).itertuples()}
        schools = files.population
        assert any(f"in {len(schools):,} rows" in text and "the answer leaks" in text for text in found)
        assert any(f"{int(schools['target'].isna().sum()):,} schools have no target" in text and "at 800 or more" in text for text in found)
        assert any(f"{int((files.wages['wage'] == 0).sum())} women without work" in text for text in found)
        assert any("“flag” is empty throughout; “yr.rnd” has only one value" in text for text in found)

    def test_a_zero_wage_is_no_wage(self, files: sources.Files) -> None:
        seen = sources.seen_wages(files.wages)
        assert seen["log_wage"].isna().sum() == (files.wages["lfp"] == 0).sum() and np.isfinite(seen["log_wage"].dropna()).all()

    def test_missing_files_columns_and_strangers_are_told(self, files: sources.Files, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"There is no apipop.csv in the folder .*; look at what VOC_PUBLIC_DATA names"):
            sources.read(tmp_path, folder / "balance_sim", folder / "nhefs", folder / "mroz")
        for name in ("apipop", *sources.SAMPLES):
            (tmp_path / f"{name}.csv").write_bytes((folder / "survey_api" / f"{name}.csv").read_bytes())
        files.samples["apisrs"].assign(cds="X").to_csv(tmp_path / "apisrs.csv", index=False)
        rest = (folder / "balance_sim", folder / "nhefs", folder / "mroz")
        with pytest.raises(DataError, match="apisrs.csv holds 200 schools that apipop.csv does not"):
            sources.read(tmp_path, *rest)
        files.population.drop(columns="meals").to_csv(tmp_path / "apipop.csv", index=False)
        with pytest.raises(DataError, match="apipop.csv lacks meals"):
            sources.read(tmp_path, *rest)


class TestMasks:
    def test_each_mask_lets_a_fifth_answer_by_its_rule(self, files: sources.Files) -> None:
        world, asked = masks.world(files.population), files.population["stype"] != masks.NEVER
        for name, chance in world.chance.items():
            part = asked if name == "never_asked" else slice(None)
            assert chance[part].mean() == pytest.approx(masks.RATE, abs=1e-6)
        assert (world.chance["never_asked"][~asked.to_numpy()] == 0).all() and np.ptp(world.chance["random"]) == 0
        jump = files.population["growth"].to_numpy()
        ups, downs = jump > np.quantile(jump, 0.9), jump < np.quantile(jump, 0.1)
        plain, both, rising = (world.chance[m] for m in ("recorded", "u_shaped", "rising"))
        assert both[downs].mean() > 1.5 * plain[downs].mean() and both[ups].mean() > plain[ups].mean()
        assert rising[downs].mean() < plain[downs].mean() < rising[ups].mean()

    def test_no_method_sees_a_silent_score(self, files: sources.Files) -> None:
        """Scores of those neither answering nor called may be anything: nothing changes."""
        world, limits = masks.world(files.population), gates.load()
        first = masks.draw(world, "rising", size=SIZE, seed=1, run=0, gates=limits)
        spoken_of = np.unique(first.rows[~np.isnan(first.y)])
        called = {"followup"}  # its calls reach silent schools by design
        hidden = np.ones(len(world.y), dtype=bool)
        hidden[spoken_of] = False
        other = replace(world, y=np.where(hidden, 300.0, world.y))
        again = masks.draw(other, "rising", size=SIZE, seed=1, run=0, gates=limits)
        for name, found in first.rungs.items():
            assert (found == again.rungs[name]) is (name not in called), name

    def test_the_same_seed_gives_the_same_runs(self, files: sources.Files) -> None:
        world, limits = masks.world(files.population), gates.load()
        one, two = (masks.repeat(world, runs=1, size=SIZE, seed=9, gates=limits) for _ in range(2))
        pd.testing.assert_frame_equal(one, two)
        assert not one.equals(masks.repeat(world, runs=1, size=SIZE, seed=10, gates=limits))

    def test_a_stratum_never_asked_gets_a_range_and_no_number_with_calls(self, made: known_truth.KnownTruth) -> None:
        rows = made.runs[made.runs["mask"] == "never_asked"]
        assert "followup" not in set(rows["method"])
        bounded = rows[rows["method"] == "bounded"]
        assert len(bounded) == RUNS and bounded["value"].isna().all() and bounded["held"].all()
        width = (rows["high"] - rows["low"]).groupby(rows["method"]).mean()
        assert width["bounded"] < 0.4 * width["manski"]


class TestStudy:
    def test_naive_misses_and_call_backs_hold_on_the_same_draws(self, made: known_truth.KnownTruth) -> None:
        rates = made.runs.groupby(["method", "mask"])["held"].mean()
        assert rates["raw"]["recorded"] <= 0.1 and rates["raw"]["rising"] <= 0.1
        assert rates["aipw"]["rising"] <= 0.6 and rates["aipw"]["recorded"] >= 0.85
        assert all(e.value >= 0.8 for e in made.coverage) and made.study.naive.value < 0.5 < made.study.headline[0].value
        assert [e.group for e in made.coverage] == list(known_truth.REACHED)

    def test_weights_overshoot_where_both_ends_speak(self, made: known_truth.KnownTruth) -> None:
        bias = made.bias.set_index(pd.Index(masks.MASKS))
        assert bias.loc["u_shaped", "raw"] > 5 and bias.loc["u_shaped", "aipw"] < -3 and bias.loc["rising", "aipw"] > 5
        assert abs(bias.loc["rising", "followup"]) < 4 and abs(bias.loc["recorded", "aipw"]) < 4

    def test_gates_stop_the_stratum_never_asked_and_nothing_that_feelings_decide(self, made: known_truth.KnownTruth) -> None:
        passed = dict(zip(masks.MASKS, made.alarms["passed"], strict=True))
        assert passed["never_asked"].en == "no" and passed["recorded"].en == passed["random"].en == "yes"
        quiet = next(c for c in made.study.checks if c.passed is None)
        assert quiet.name.en == "No alarm where feelings decide"

    def test_a_failed_check_costs_the_verdict(self, made: known_truth.KnownTruth, files: sources.Files, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = Verdict.REPORT if all(c.passed is not False for c in made.study.checks) else Verdict.REPORT_WITH_CAVEAT
        assert made.study.verdict is made.study.headline[0].verdict is expected
        monkeypatch.setattr(known_truth, "BAND", (1.01, 1.01))
        strict = known_truth.study(files, runs=RUNS, size=SIZE, seed=3)
        assert strict.study.verdict is Verdict.REPORT_WITH_CAVEAT

    def test_a_panel_is_weighted_towards_its_target(self, made: known_truth.KnownTruth) -> None:
        panel = made.panel
        assert panel["raw"].conf_high < panel.truth and panel["aipw"].conf_low < panel.truth < panel["aipw"].conf_high
        assert 0.5 < panel.closed("raked") < 1.2 and panel.n_effective < panel.n

    def test_too_few_runs_or_rows_are_refused(self, files: sources.Files) -> None:
        with pytest.raises(ParameterError, match="At least 20 runs and lists of 750"):
            known_truth.study(files, runs=5, size=SIZE)
        with pytest.raises(ParameterError, match="given 20 runs of 300"):
            known_truth.study(files, runs=20, size=300)

    def test_wages_without_an_instrument_are_withheld(self, files: sources.Files) -> None:
        found = cases.wages(files)
        assert found.withheld.kind == "refusal" and found.model.instruments == 4 and list(found.table["name"])[-1] == "inverse_mills"


def test_every_word_is_said_well(made: known_truth.KnownTruth) -> None:
    frames = [value for value in vars(made).values() if isinstance(value, pd.DataFrame)]
    cells = [cell for frame in frames for cell in frame.to_numpy().ravel() if isinstance(cell, Text)]
    said = [*texts(made.study), *spoken(made.captions), *spoken(known_truth_captions.faults()), *cells]
    assert len(said) > 80 and all(t.zh and t.en for t in said)
    assert [t.zh for t in said if half_width(t.zh)] == []
    assert [(t[lang], verbs_exceed(t[lang], 0, lang)) for t in said for lang in ("zh", "en") if verbs_exceed(t[lang], 0, lang)] == []


def test_faults_are_said_well(files: sources.Files) -> None:
    said = [cell for cell in sources.faults(files).to_numpy().ravel() if isinstance(cell, Text)] + list(sources.facts(files))
    assert [t.zh for t in said if half_width(t.zh)] == [] and [t for t in said for lang in ("zh", "en") if verbs_exceed(t[lang], 0, lang)] == []
