"""Which concepts may go to launch? Lights with error rates, what the usual rules would have passed, and how many answers a light takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voclib.loop.launch_gate import captions as shown
from voclib.loop.launch_gate import checks as checking
from voclib.loop.launch_gate import lights, reruns
from voclib.loop.launch_gate import tables as laid
from voclib.loop.launch_gate import text as words
from voclib.loop.launch_gate.lights import Gate, Tables
from voclib.loop.launch_gate.reruns import Scene
from voclib.loop.launch_gate.rule import Rule
from voclib.results import Estimate, Ladder, Study, Text, Verdict, refusal
from voclib.stats import metrics


@dataclass(frozen=True)
class LaunchGate:
    """What the page shows; frames are empty, and `ladder` None, where nothing can be compared.

    `gate` holds the lights under the question declared. `gains` is for `charts.interval_plot`; `sheet`, `usual`, `questions`, `segments`, `odds` and
    `sizes` are for tables; `captions` has title, subtitle and more of every figure.
    """

    study: Study
    gate: Gate
    ladder: Ladder | None
    gains: pd.DataFrame
    sheet: pd.DataFrame
    usual: pd.DataFrame
    questions: pd.DataFrame
    segments: pd.DataFrame
    odds: pd.DataFrame
    sizes: pd.DataFrame
    titles: Mapping[str, Text]
    captions: Mapping[str, Mapping[str, Any]]


def facts(tables: Tables, question: str = "intent_score") -> dict[Text, int]:
    """Counts that open the page."""
    found = lights.prepared(tables, question)
    return {Text("份回答", "answers"): len(found), Text("个概念", "concepts"): len(lights.concepts(found)),
            Text("款在售产品作对照", "products on sale to compare with"): int(found.loc[found["kind"].eq("benchmark"), "concept_id"].nunique()),
            Text("位有编号的客户", "customers with an ID"): int(found["customer_id"].nunique())}


def study(tables: Tables, rule: Rule, *, question: str = "intent_score", benchmark: str = "") -> LaunchGate:
    """The light of every concept under `rule`, on the question declared; `benchmark` names the product on sale where there are several.

    A refusal where nobody was asked about a product on sale, or no concept has answers enough.

    Raises
    ------
    DataError, ParameterError
        as `launch_lights.prepared` and `launch_lights.on_sale`.
    """
    found = lights.prepared(tables, question)
    sale, family = lights.on_sale(found, benchmark), lights.concepts(found)
    step = lights.steps(found, question=question, sale=sale, fewest=0)
    scene = Scene(found, found[step == ""].reset_index(drop=True), rule, question, sale, family)
    gate = scene.gate()
    titles = {name: scene.title(name) for name in (*family, *([sale] if sale else []))}
    ladder = _ladder(scene, gate)
    by_question = _by_question(scene)
    cells = _cells(scene, gate)
    made = checking.checks(scene, gate, titles)
    passed = laid.passed(gate, rule)
    return LaunchGate(
        study=_finding(scene, gate, ladder, made, titles, passed), gate=gate, ladder=ladder, gains=laid.gains(gate),
        sheet=laid.sheet(gate, titles), usual=laid.usual(gate, rule, titles, _means(scene)), questions=laid.questions(by_question, titles),
        segments=laid.segments(cells, gate, titles), odds=laid.odds_table(gate, rule, titles), sizes=laid.sizes(gate, rule), titles=titles,
        captions=shown.captions(gate=gate, rule=rule, titles=titles, ladder=ladder, passed=passed, by_question=by_question, cells=cells,
                                question=question))


def _means(scene: Scene) -> dict[str, Estimate]:
    """The mean score of every concept, by which the usual ranking goes."""
    return {name: metrics.mean_score(scene.frame[scene.frame["concept_id"].eq(name)], scene.question, scale=(1, 5), estimand="mean_score", group=name)
            for name in scene.family}


def _ladder(scene: Scene, gate: Gate) -> Ladder | None:
    """The leader's gain: looked at alone, customers paired, allowing for all concepts, without straight-liners, segments weighted equally."""
    if gate.leader is None:
        return None
    name, rule = gate.leader.concept, scene.rule
    both = scene.frame[scene.frame["concept_id"].isin([scene.sale, name])].reset_index(drop=True)
    options = {"by": "concept_id", "at": (scene.sale, name), "score": scene.question, "conf_level": rule.level, "estimand": lights.GAIN}
    rungs = [metrics.differences("csat", both, unit=None, rung="alone", group="", **options),
             metrics.differences("csat", both, unit="customer_id", rung="paired", group="", **options),
             gate.leader.gain.with_(rung="family", group="")]
    for rung, again in (("lively", scene.gate(reruns.lively(scene.frame))), ("mix", _weighted(scene))):
        if again is not None and again[name].gain.kind == "estimate":
            rungs.append(again[name].gain.with_(rung=rung, group=""))
    return Ladder(lights.GAIN, tuple(rungs), chosen="family")


def _weighted(scene: Scene) -> Gate | None:
    frame = reruns.mixed(scene.frame)
    return None if frame is None else scene.gate(frame, weights="weight")


def _by_question(scene: Scene) -> dict[str, Gate]:
    """The lights under each question that was asked, on the answers with a score for it."""
    made = {}
    for question in lights.QUESTIONS:
        step = lights.steps(scene.found, question=question, sale=scene.sale, fewest=0)
        if (step == "").any():
            made[question] = scene.gate(scene.found[step == ""].reset_index(drop=True), question=question)
    return made


def _cells(scene: Scene, gate: Gate) -> dict[tuple[str, str], Estimate]:
    """Every concept's gain within every segment, each range allowing for all of them; a look around, never a light."""
    names = sorted(scene.frame["segment"].dropna().unique())
    pairs = [(one.concept, segment) for one in gate.compared for segment in names]
    sizes = scene.frame.groupby(["concept_id", "segment"]).size()
    enough = [pair for pair in pairs if min(sizes.get(pair, 0), sizes.get((scene.sale, pair[1]), 0)) >= scene.rule.fewest]
    level = 1 - (1 - scene.rule.level) / max(len(enough), 1)
    made: dict[tuple[str, str], Estimate] = {}
    for concept, segment in pairs:
        if (concept, segment) not in enough:
            made[concept, segment] = refusal(lights.GAIN, unit="pp", reason=Text("太少", "Too few"), needs=Text("更多回答", "More answers"))
            continue
        part = scene.frame[scene.frame["segment"].eq(segment) & scene.frame["concept_id"].isin([concept, scene.sale])].reset_index(drop=True)
        made[concept, segment] = metrics.differences("csat", part, by="concept_id", at=(scene.sale, concept), unit="customer_id",
                                                     score=scene.question, conf_level=level, estimand=lights.GAIN, group=concept)
    return made


def _finding(scene: Scene, gate: Gate, ladder: Ladder | None, made: tuple, titles: Mapping[str, Text], passed: Mapping[str, tuple[str, ...]],
             ) -> Study:
    """The Study: stated intent describes and never proves, so the best verdict is a caveat."""
    shared = {"question": words.QUESTION, "kicker": words.kicker(len(scene.frame), len(scene.family)), "checks": made,
              "caveat": words.caveat(next((one.passed for one in made if one.name == checking.TOGETHER), None)),
              "limits": words.LIMITS, "reader": "product"}
    if gate.leader is None:
        gain = next((one.gain for one in gate.lights), words.nothing())
        reason = words.NO_MARKS if len(scene.found) and scene.found[scene.question].isna().all() else words.refused(scene.sale, gate, scene.rule)
        return Study(headline=(gain.with_(group="", reason=reason),), answer=reason, decision=gain.needs, verdict=Verdict.REFUSE, **shared)
    verdict = Verdict.worst([gate.leader.gain.verdict, Verdict.REPORT_WITH_CAVEAT])
    greens = Estimate(estimand="green_lights", kind="count", unit="count", value=float(len(gate.names("green"))), n=len(scene.family))
    return Study(headline=(gate.leader.gain.with_(group="", verdict=verdict), greens), verdict=verdict, ladders=(ladder,) if ladder else (),
                 answer=words.answer(gate, titles, scene.question), decision=words.decision(gate, scene.rule, titles),
                 evidence={"family": scene.rule.family, "margin": scene.rule.margin, "lights": {one.concept: one.light for one in gate.lights},
                           "passed_by_usual_rules": {k: len(v) for k, v in passed.items()}}, **shared)


def against_truth(result: LaunchGate, truth: Mapping[str, Any], rule: Rule, *, question: str = "intent_score") -> pd.DataFrame:
    """Every concept's gain as found and as planted, what light the truth deserves, and what the rules without an interval said."""
    planted = truth.get("field", {}).get("concepts", {})
    each, sale = planted.get("by_concept", {}), planted.get("benchmark")
    passed, rows = laid.passed(result.gate, rule)["gap"], []
    for one in result.gate.lights:
        if sale in each and one.concept in each:
            real = each[one.concept][question]["top_two_share"] - each[sale][question]["top_two_share"]
            rows.append(laid.truth_row(one, real, rule, result.titles[one.concept], is_passed=one.concept in passed))
    return pd.DataFrame(rows, columns=list(laid.TRUTH_COLUMNS))
