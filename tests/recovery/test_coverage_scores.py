"""Does the interval hold the planted truth as often as it says? And does the naive one fail on the same data?"""

from __future__ import annotations

import sys
from types import FrameType

import numpy as np
import pytest
from scipy import stats

from benchmarks import coverage, coverage_scores, freshness
from voclib.simulate.worlds import scores
from voclib.stats import inference, metrics
from voclib.studies import validation

SETTINGS = {f"{s.method}: {s.setting}": s for s in [*coverage.scored(), *coverage_scores.settings()]}
SHORT = 200


def named(method: str, *, but: tuple[str, ...] = ()) -> list[str]:
    return [name for name, s in SETTINGS.items() if s.method == method and not any(text in name for text in but)]


@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize(("promoters", "detractors"), [(0.5, 0.2), (0.7, 0.1), (0.33, 0.33), (0.95, 0.01)])
def test_exact_coverage_of_adjusted_wald(n: int, promoters: float, detractors: float) -> None:
    """Every possible sample, weighed by its probability: no simulation error."""
    p, d = (a.ravel() for a in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    p, d = p[p + d <= n], d[p + d <= n]
    chance = stats.multinomial.pmf(np.column_stack([p, d, n - p - d]), n, [promoters, detractors, 1 - promoters - detractors])
    options = {"low": -1, "high": 1, "ends": 0.75, "middle": 1.5, "quantile": inference.quantile(0.95, np.inf)}
    _, _, low, high = inference.bounded_interval((p - d) / n, (p + d) / n, n, **options)
    truth = promoters - detractors
    held = chance[(low <= truth + 1e-12) & (high >= truth - 1e-12)].sum()
    assert held >= 0.93
    assert held <= (1.0 if promoters == 0.95 else 0.97)


def test_the_frame_function_is_the_array_core() -> None:
    for seed in range(20):
        frame, _ = scores.plain(seed, n=50, promoters=0.6, detractors=0.1)
        y = (frame["nps_score"] >= 9).to_numpy(float) - (frame["nps_score"] <= 6)
        z = inference.quantile(0.95, np.inf)
        _, _, low, high = inference.bounded_interval(y.mean(), (y**2).mean(), 50, low=-1, high=1, ends=0.75, middle=1.5, quantile=z)
        found = metrics.nps(frame)
        assert (found.conf_low, found.conf_high) == pytest.approx((100 * low, 100 * high))


@pytest.mark.parametrize("name", named("nps"))
def test_plain(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=1000)
    assert record["passed"] and record["refusals"] == 0, record


def test_plain_wald_fails_where_almost_all_promote() -> None:
    record = coverage.measure(SETTINGS["nps: n=30, promoters=0.95, detractors=0.01"], runs=1000)
    assert record["naive_coverage"] < 0.85 and record["coverage"] >= 0.93, record


@pytest.mark.parametrize("name", named("nps clustered", but=("size cv=1.0",)))
def test_clustered(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=1000)
    assert record["passed"] and record["refusals"] < 0.02, record
    assert record["naive_coverage"] < 0.85, "ignoring the dealers must fail on these data, else the setting shows nothing"


@pytest.mark.parametrize("name", named("nps by customer"))
def test_by_customer(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=400, band=coverage.SHORT_BAND)
    assert record["passed"] and record["refusals"] == 0 and record["naive_coverage"] < 0.85, record


@pytest.mark.parametrize("name", named("score trend"))
def test_what_all_units_share_in_a_period_is_called_no_trend(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=200, band=(0.0, 0.1) if "nothing" in name else (0.75, 1.0))
    assert record["passed"] and record["naive_share"] > 0.3, record


@pytest.mark.parametrize("name", named("nps weighted"))
def test_weighted(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=1000)
    assert record["passed"] and record["refusals"] < 0.5 and abs(record["bias"]) < 1, record


def test_without_weights_the_score_is_too_high() -> None:
    record = coverage.measure(SETTINGS["nps weighted: n=1000, answering chances over a factor of 9"], runs=SHORT)
    assert record["naive_coverage"] < 0.5, record


@pytest.mark.parametrize("clusters", [2, 5, 9])
def test_fewer_than_ten_clusters_never_give_an_interval(clusters: int) -> None:
    for seed in range(SHORT):
        frame, _ = scores.clustered(seed, clusters=clusters, icc=0.1, promoters=0.5, detractors=0.2)
        found = metrics.nps(frame, cluster="unit_id")
        assert (found.kind, found.conf_low, found.n_clusters) == ("refusal", None, clusters)


@pytest.mark.parametrize("name", named("nps difference, paired"))
def test_paired_difference(name: str) -> None:
    record = coverage.measure(SETTINGS[name], runs=1000)
    assert record["passed"] and abs(record["bias"]) < 1.5, record
    if "overlap=0.0" not in name:
        assert record["naive_coverage"] > 0.975, "the formula for independent samples is too wide on these data"


@pytest.mark.parametrize("name", [*named("csat"), *named("ces")])
def test_other_scores(name: str) -> None:
    assert coverage.measure(SETTINGS[name], runs=1000)["passed"]


def test_no_false_alarm_among_many_groups() -> None:
    """At R = 200 a true 95 % method stays below .09; looking at the largest gap without adjusting fails by far."""
    [setting] = [SETTINGS[n] for n in named("groups against the rest, false alarms")]
    record = coverage.measure(setting, runs=SHORT, band=(0.0, 0.09))
    assert record["passed"] and record["naive_share"] > 0.25 and record["share"] == pytest.approx(1 - record["coverage"]), record


def test_and_yet_a_planted_gap_is_found() -> None:
    """The twin of the test above: at twice the detectable gap the range excludes zero in at least 80 % of runs."""
    [setting] = [SETTINGS[n] for n in named("groups against the rest")]
    record = coverage.measure(setting, runs=SHORT, band=(0.91, 1.0))
    assert record["passed"] and record["power"] >= 0.8 and record["refusals"] == 0, record


def test_a_broken_method_would_be_noticed() -> None:
    """The harness itself: an interval of half the width leaves the band."""
    setting = SETTINGS["nps: n=100, promoters=0.5, detractors=0.2"]

    def half(frame):
        found = metrics.nps(frame)
        return found.with_(conf_low=(found.value + found.conf_low) / 2, conf_high=(found.value + found.conf_high) / 2)

    broken = coverage.Setting(method="half", setting="", draw=setting.draw, call=half)
    assert not coverage.measure(broken, runs=SHORT, band=coverage.SHORT_BAND)["passed"]


def test_runs_repeat() -> None:
    chosen = [SETTINGS["csat: n=60"]]
    assert coverage.run(chosen, 50) == coverage.run(chosen, 50) != coverage.run(chosen, 50, seed=99)


def test_the_record_on_file_is_of_this_code() -> None:
    """Every setting has a record and no other has; each was made by what its setting depends on now. `make coverage` runs what is named here."""
    known = coverage.settings()
    marked, kept = coverage.marks(known), freshness.read(coverage.OUT)
    assert [name for name, mark in marked.items() if not freshness.agrees(kept.get(name), mark)] == []
    assert list(kept) == [s.name for s in known] and all(record["R"] == s.runs for record, s in zip(kept.values(), known, strict=True))
    found = validation.load_record()
    assert found.stale == () and found.is_fresh, "the page judges by the same marks"


def _representatives() -> list[coverage.Setting]:
    """One setting of every list of modules; boosted trees, which take a minute when watched, are left out."""
    marked = coverage.marks(known := coverage.settings())
    return list({marked[s.name]["modules"]: s for s in known if "boosted" not in s.method}.values())


@pytest.mark.parametrize("setting", _representatives(), ids=lambda s: s.name)
def test_whatever_code_runs_is_among_what_a_record_depends_on(setting: coverage.Setting) -> None:
    """Marks are read off the source; here the modules are those in which something was called while a run was made."""
    def watched(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            ran.add(frame.f_globals.get("__name__", ""))

    coverage.one_run(setting, 1)  # imports what is imported late, whose classes would count as calls
    ran: set[str] = set()
    sys.setprofile(watched)
    try:
        coverage.one_run(setting, 2)
    finally:
        sys.setprofile(None)
    computing = {name.removeprefix("voclib.") for name in ran if freshness.computes(name)}
    assert computing and computing <= set(coverage.marks([setting])[setting.name]["modules"].split())
