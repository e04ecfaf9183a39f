"""Shares of negative, neutral and positive voices: counted as read, by calibrated probability, and corrected by the voices that carry a mark.

The corrected share is the mean probability plus what the model is off by on voices with a mark, channel by channel (prediction-powered with
cross-fitted readings: Angelopoulos et al. 2023, Science 382; Zrnic & Candès 2024, PNAS 121). λ is one: probabilities that are calibrated leave
nothing to gain from another, and so the three shares add to one. A channel in which nearly nobody gives a mark borrows from those of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from voclib.results import Estimate, Ladder, Text, Verdict, refusal
from voclib.sentences import say
from voclib.stats import inference, prevalence
from voclib.studies.clusters import THESE, are_few, are_one, clusters
from voclib.studies.sentiment_aspects.heard import ENOUGH

ESTIMAND = "negative_voice_share"
FAMILIES = {"post": "public", "review": "public", "social": "public", "appstore": "public", "call": "contact", "chat": "contact", "mail": "contact"}
"""Channels of one kind: what people write for all to see, what they say to the company unasked; every other channel is a survey."""
THIN = 30  # marks below which a channel is not its own yardstick
YARDSTICKS = 3  # channels with marks of their own, below which nobody knows how far a borrowed yardstick may be off
FEW_LENT = 0.05  # share of voices that may borrow all the same: were half of them misread otherwise, the answer moved by its usual rounding
SHIFT = 0.1  # share of voices in other channels than before, above which periods are not compared
NEEDS = Text("至少 200 条自带分数的声音，或一批人工标注情绪的声音，抽取概率已知。",
             "At least 200 voices with a score of their own, or human sentiment labels for voices drawn with known probabilities.")
NO_MARKS = Text("自带分数的声音太少，读法的错无从得知。", "Too few voices carry a score, so how often the reading errs is unknown.")

ONE_PERSON = Text("只有一个人的声音，看不出人与人差多少，给不出区间。",
                  "All voices come from one person, so how much people differ is unknown and no interval can be given.")
TWO_PEOPLE = Text("至少两个人的声音。", "Voices from at least two people.")
MORE_YARDSTICKS = say("至少 {k} 个渠道各有 {f} 条自带分数的声音，或给没有分数的渠道随机抽一批人工标注；也可以用 channels 只看有分数的渠道。",
                      "At least {k} channels with {f} scored voices each, or human labels for voices drawn at random where there are no scores; or "
                      "use the parameter channels to keep only those with scores.", k=YARDSTICKS, f=THIN)


def chances(voices: pd.DataFrame) -> np.ndarray:
    """One over the number of voices that each voice with a mark speaks for (N,): itself, and its part of the unmarked ones it is a yardstick of.

    Unmarked voices are measured by their channel, by channels of their kind where that has fewer than 30 marks, by all where those have fewer too.
    """
    channel = voices["channel"].to_numpy(dtype=object)
    kind = np.array([FAMILIES.get(c, "survey") for c in channel], dtype=object)
    marked = voices["own"].notna().to_numpy()
    speaks_for = np.ones(len(voices))
    for name in sorted(set(channel)):
        mine = channel == name
        pools = (mine, kind == FAMILIES.get(name, "survey"), np.ones(len(voices), dtype=bool))
        yardstick = next((marked & pool for pool in pools if (marked & pool).sum() >= THIN), marked)
        speaks_for[yardstick] += (mine & ~marked).sum() / max(yardstick.sum(), 1)
    return 1 / speaks_for


def lacking(voices: pd.DataFrame) -> pd.DataFrame:
    """Languages with fewer than half of the marks that their channels would lead to expect: `voices, marked, expected`, by language.

    A yardstick is that of a channel, whatever the language: where one of two hardly carries marks, its errors are taken to be the other's. Only
    languages whose missing marks concern more than a twentieth of all voices.
    """
    marked = voices["own"].notna()
    usual = marked.groupby(voices["channel"]).transform("mean")
    by = pd.DataFrame({"voices": 1, "marked": marked, "expected": usual}).groupby(voices["written"]).sum()
    return by[(by["marked"] < by["expected"] / 2) & (by["expected"] - by["marked"] > FEW_LENT * usual.sum())]


def weights(voices: pd.DataFrame) -> np.ndarray | None:
    """The weights column, or None where it says nothing."""
    given = voices["weight"].to_numpy(dtype=float, na_value=1.0)
    return None if np.allclose(given, 1.0) else given


def assumptions(voices: pd.DataFrame) -> tuple[str, ...]:
    """What a corrected share takes for granted."""
    return ("marks_missing_at_random_within_channel", THESE if are_few(voices) else "clusters_independent", "respondents_only")


def corrected(voices: pd.DataFrame, which: str = "negative", *, predicted: np.ndarray | None = None, power: bool = False) -> prevalence.Powered:
    """The share of voices of one class, with an interval that carries what the reading gets wrong; `clusters` are independent.

    `predicted` replaces the calibrated probabilities, as by another reader; `power` then lets λ be chosen. Where channels borrow their yardstick the
    interval also carries what borrowing is off by (`borrowing`).
    """
    f = voices[which].to_numpy(dtype=float) if predicted is None else predicted
    gold = voices["own"].eq(which).astype(float).where(voices["own"].notna()).to_numpy(dtype=float, na_value=np.nan)
    found = prevalence.ppi_mean(f, gold, gold_probability=chances(voices), weights=weights(voices), cluster=clusters(voices), power=power)
    w = np.ones(len(voices)) if weights(voices) is None else weights(voices)
    channel, marked = voices["channel"].to_numpy(dtype=object), ~np.isnan(gold)
    lent = [w[(channel == c) & ~marked].sum() / w.sum() for c in sorted(set(channel)) if marked[channel == c].sum() < THIN]
    between, channels = borrowing(channel, gold - found.power * f)
    if not lent or not channels:
        return found
    own, more = found.std_error**2, float(np.square(lent).sum()) * between
    df = (own + more) ** 2 / (own**2 / found.df + more**2 / max(channels - 1, 1)) if own + more > 0 else found.df
    return replace(found, std_error=float(np.sqrt(own + more)), df=float(df))


def borrowing(channel: np.ndarray, residual: np.ndarray) -> tuple[float, int]:
    """Variance of what a channel's share would be off by, had it no marks and borrowed from the others; and from how many channels this is known.

    `residual` (N,) is mark minus reading, NaN without a mark. Every channel with 30 marks is taken for one without, in turn; what plain sampling
    explains of the misses is taken out (moments, as DerSimonian & Laird 1986). (0, 0) where fewer than three channels have marks.
    """
    by = pd.Series(residual).groupby(channel).agg(["mean", "var", "count"])
    by = by[by["count"] >= THIN]
    if len(by) < 3:
        return 0.0, 0
    total, sampling = by["count"].sum(), by["var"] / by["count"]
    others = ((by["mean"] * by["count"]).sum() - by["mean"] * by["count"]) / (total - by["count"])
    return max(float(((by["mean"] - others) ** 2 - sampling).mean()), 0.0), len(by)


def unmeasured(voices: pd.DataFrame) -> float:
    """Share of voices that borrow a yardstick although too few channels have one to show how far channels differ in how they are read; else 0.

    Channels differ in how often voices are negative, so even a reader that errs alike everywhere is off by another amount in each of them.
    """
    marked = voices["own"].notna().groupby(voices["channel"]).transform("sum")
    borrows = (marked < THIN) & voices["own"].isna()
    if voices.loc[marked >= THIN, "channel"].nunique() >= YARDSTICKS:
        return 0.0
    w = np.ones(len(voices)) if weights(voices) is None else weights(voices)
    return float(w[borrows.to_numpy()].sum() / w.sum())


def _too_few_yardsticks(unknown: float) -> Text:
    return say("{s:.0%} 的声音在没有分数的渠道里，而有分数的渠道不到 {k} 个，看不出渠道之间读错的差别有多大。",
               "{s:.0%} of voices are in channels without scores, and fewer than {k} channels have scores, so how far misreading differs between "
               "channels is unknown.", s=unknown, k=YARDSTICKS)


def estimate(voices: pd.DataFrame, which: str = "negative", *, rung: str = "corrected", group: str = "", conf_level: float = 0.95,
             floor: int = THIN) -> Estimate:
    """`corrected` as pages print it; a refusal where fewer than `floor` voices carry a mark, all are of one person, or too many borrow
    (`unmeasured`)."""
    if int(voices["own"].notna().sum()) < floor:
        return refusal(ESTIMAND, unit="share", rung=rung, group=group, n=len(voices), reason=NO_MARKS, needs=NEEDS)
    if are_one(voices):
        return _one_person(voices, rung, group)
    if (unknown := unmeasured(voices)) > FEW_LENT:
        return refusal(ESTIMAND, unit="share", rung=rung, group=group, n=len(voices), reason=_too_few_yardsticks(unknown), needs=MORE_YARDSTICKS)
    return corrected(voices, which).estimate(ESTIMAND, rung=rung, group=group, conf_level=conf_level, assumptions=assumptions(voices),
                                             verdict=Verdict.REPORT_WITH_CAVEAT)


def counted(voices: pd.DataFrame, which: str = "negative", *, rung: str = "counted", group: str = "", conf_level: float = 0.95) -> Estimate:
    """Voices read as of one class, as a share, with the interval of a plain count; refused of a single voice."""
    return _plain(voices["read"].eq(which).to_numpy(dtype=float), voices, rung, group, conf_level, cluster=None)


def ladder(voices: pd.DataFrame, lexicon: np.ndarray, *, conf_level: float = 0.95) -> Ladder:
    """Counted → mean probability → corrected; then marks alone, another reader (`lexicon` (N,): 1 where negative), tags as marks, the range."""
    rungs = [counted(voices, conf_level=conf_level),
             _plain(voices["negative"].to_numpy(dtype=float), voices, "calibrated", "", conf_level, cluster=clusters(voices))]
    chosen = estimate(voices, conf_level=conf_level, floor=ENOUGH)
    rungs.append(chosen)
    if chosen.kind == "estimate":
        options = {"conf_level": conf_level, "assumptions": assumptions(voices)}
        rungs.append(corrected(voices, predicted=np.zeros(len(voices))).estimate(ESTIMAND, rung="marks_alone", **options))
        rungs.append(corrected(voices, predicted=lexicon, power=True).estimate(ESTIMAND, rung="lexicon", **options))
        if (tagged := voices["own"].isna() & voices["tag"].notna()).any():
            rungs.append(estimate(voices.assign(own=voices["own"].where(~tagged, voices["tag"])), rung="with_tags", conf_level=conf_level))
    if chosen.kind == "estimate" or unmeasured(voices) > FEW_LENT:
        rungs += _never_marked(voices, conf_level)
    return Ladder(ESTIMAND, tuple(rungs), chosen="corrected")


def _plain(values: np.ndarray, voices: pd.DataFrame, rung: str, group: str, conf_level: float, cluster: np.ndarray | None) -> Estimate:
    if len(voices) < 2 or cluster is not None and are_one(voices):
        return _one_person(voices, rung, group)
    found = prevalence.weighted_mean(values, weights=weights(voices), cluster=cluster, method="share of voices as read")
    return found.estimate(ESTIMAND, unit="share", rung=rung, group=group, conf_level=conf_level, low=0.0, high=1.0)


def _one_person(voices: pd.DataFrame, rung: str, group: str) -> Estimate:
    return refusal(ESTIMAND, unit="share", rung=rung, group=group, n=len(voices), reason=ONE_PERSON, needs=TWO_PEOPLE)


def _never_marked(voices: pd.DataFrame, conf_level: float) -> list[Estimate]:
    """All that is possible where channels without a mark may be wholly negative or not at all; nothing where every channel has marks."""
    silent = (voices["own"].notna().groupby(voices["channel"]).transform("sum") < THIN).to_numpy()
    if not silent.any():
        return []
    w = np.ones(len(voices)) if weights(voices) is None else weights(voices)
    part, rest = float(w[silent].sum() / w.sum()), estimate(voices[~silent], conf_level=conf_level)
    if rest.kind != "estimate":
        return []
    return [Estimate(estimand=ESTIMAND, kind="bounds", unit="share", rung="no_mark_range", bound_low=(1 - part) * rest.value,
                     bound_high=(1 - part) * rest.value + part, conf_low=(1 - part) * rest.conf_low, conf_high=(1 - part) * rest.conf_high + part,
                     conf_level=conf_level, n=len(voices), ci_method="worst case over channels without marks", verdict=Verdict.BOUNDS_ONLY)]


def trend(voices: pd.DataFrame, *, conf_level: float = 0.95) -> pd.DataFrame:
    """One row a period and class, corrected: period, kind, estimate, conf_low, conf_high, n; NaN where a period has too few marks."""
    rows = []
    for period, part in voices.dropna(subset="period").groupby("period"):
        for which in ("positive", "negative", "neutral"):  # in the order of the chart's colours: blue, orange
            one = estimate(part, which, group=str(period), conf_level=conf_level)
            rows.append({"period": str(period), "kind": which, "estimate": one.value, "conf_low": one.conf_low, "conf_high": one.conf_high,
                         "n": len(part)})
    ends = ("estimate", "conf_low", "conf_high")
    return pd.DataFrame(rows, columns=["period", "kind", *ends, "n"]).astype(dict.fromkeys(ends, float))


def change(voices: pd.DataFrame, *, conf_level: float = 0.95) -> Estimate | None:
    """The last period's share of negative voices minus that of the one before, `clusters` independent.

    None where marks are too few or voices of one person, too many borrow a yardstick (`unmeasured`), or where more than a tenth of the voices moved
    from one channel to another: the change would be one of channels.
    """
    marked = voices["own"].notna().groupby(voices["period"]).sum()
    periods = sorted(marked.index)[-2:]
    if len(periods) < 2 or (marked[periods] < THIN).any():
        return None
    parts = [voices[voices["period"].eq(p)] for p in periods]
    mixes = [part["channel"].value_counts(normalize=True) for part in parts]
    if mixes[0].sub(mixes[1], fill_value=0.0).abs().sum() / 2 > SHIFT or any(are_one(part) or unmeasured(part) > FEW_LENT for part in parts):
        return None
    both = pd.concat(parts)
    found = prevalence.change(*(corrected(part) for part in parts), units=tuple(np.split(clusters(both), [len(parts[0])])))
    return found.estimate("negative_voice_change", unit="pp", group=f"{periods[0]}–{periods[1]}", conf_level=conf_level)


def by_channel(voices: pd.DataFrame, *, conf_level: float = 0.95) -> tuple[tuple[Estimate, ...], Mapping[str, Estimate]]:
    """The corrected share of negative voices in every channel, most voices first (borrowed where marks are few), and the counted one by channel.

    A channel of a single voice has no counted share.
    """
    sizes = voices["channel"].value_counts()
    parts = {name: voices[voices["channel"].eq(name)] for name in sorted(sizes.index, key=lambda name: (-sizes[name], name))}
    made = []
    for name, part in parts.items():
        own = estimate(part, group=name, conf_level=conf_level)
        made.append(own if own.kind == "estimate" else _borrowed(voices, part, own, conf_level))
    return tuple(made), {name: counted(part, group=name, conf_level=conf_level) for name, part in parts.items() if len(part) > 1}


def _borrowed(voices: pd.DataFrame, part: pd.DataFrame, refused: Estimate, conf_level: float) -> Estimate:
    """The share of a channel without marks: its mean probability plus what the reading is off by elsewhere, as wide as such loans are."""
    marked = voices[voices["own"].notna()]
    off = marked["own"].eq("negative").to_numpy(dtype=float) - marked["negative"].to_numpy(dtype=float)
    between, channels = borrowing(marked["channel"].to_numpy(dtype=object), off)
    if not channels or are_one(part) or are_one(marked):
        return refused
    here, there = (prevalence.weighted_mean(values, weights=weights(rows), cluster=clusters(rows))
                   for values, rows in ((part["negative"].to_numpy(dtype=float), part), (off, marked)))
    variance = here.std_error**2 + there.std_error**2 + between
    found = replace(here, value=float(np.clip(here.value + there.value, 0, 1)), std_error=float(np.sqrt(variance)), df=float(channels - 1),
                    influence=None, method="yardstick borrowed from other channels")
    return found.estimate(ESTIMAND, unit="share", rung="borrowed", group=refused.group, conf_level=conf_level, low=0.0, high=1.0,
                          verdict=Verdict.REPORT_WITH_CAVEAT)


def reliability(voices: pd.DataFrame, *, bins: int = 10, conf_level: float = 0.95) -> pd.DataFrame:
    """Probability of a negative voice against what marks say, in classes of equal size: predicted, observed, low, high, n. Empty without marks.

    Intervals of Agresti & Coull (1998).
    """
    marked = voices[voices["own"].notna()]
    if len(marked) < ENOUGH:
        return pd.DataFrame(columns=["predicted", "observed", "low", "high", "n"])
    order = np.argsort(marked["negative"].to_numpy(dtype=float), kind="stable")
    z, rows = inference.quantile(conf_level, np.inf), []
    for part in np.array_split(order, bins):
        truth = marked["own"].to_numpy(dtype=object)[part] == "negative"
        _, _, low, high = inference.bounded_interval(truth.mean(), truth.mean(), len(part), low=0, high=1, ends=z**2 / 2, middle=0, quantile=z)
        rows.append({"predicted": float(marked["negative"].to_numpy(dtype=float)[part].mean()), "observed": float(truth.mean()), "low": float(low),
                     "high": float(high), "n": len(part)})
    return pd.DataFrame(rows)
