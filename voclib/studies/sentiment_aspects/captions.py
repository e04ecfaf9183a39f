"""Tables and captions of the page on sentiment and aspects, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from voclib.results import Estimate, Ladder, Text
from voclib.sentences import joined, listed, say
from voclib.studies.clusters import THESE
from voclib.studies.pool import text as pool_text
from voclib.studies.scores.text import interval, written
from voclib.studies.sentiment_aspects import aspect_shares
from voclib.studies.sentiment_aspects import text as words
from voclib.studies.sentiment_aspects.heard import CHANNEL_COLUMNS
from voclib.studies.sentiment_aspects.sentiment_shares import THIN
from voclib.text import aspects, rules

TABLE_COLUMNS = {"topic": Text("方面", "Aspect"), "spoken": Text("占声音", "Of voices"), "complaints": Text("负面且提到它", "Negative mentions"),
                 "interval": Text("区间", "Interval"), "rank": Text("名次可能", "Rank range"),
                 "errors": Text("词典 灵敏度/特异度", "Dictionary sensitivity/specificity")}
COUNT_COLUMNS = {"topic": Text("方面", "Aspect"), "n": Text("词典找到", "Found by dictionary"), "counted": Text("其中读作负面", "Read as negative")}
CLASS_COLUMNS = {"class": Text("类别", "Class"), "owner": Text("责任部门", "Owner"), "n": Text("声音", "Voices"), "share": Text("占比", "Share"),
                 "negative": Text("其中读作负面", "Read as negative")}
QUALITY_COLUMNS = {"group": Text("哪些声音", "Which voices"), "n": Text("自带分数", "With a score"), "accuracy": Text("读对", "Correct"),
                   "range": Text("区间", "Interval"), "lexicon_accuracy": Text("词典", "Word list"),
                   "majority_accuracy": Text("总猜最多的", "Largest class"), "calibration_error": Text("校准误差", "Calibration error")}
QUALITY_FORMATS = {"accuracy": "share", "lexicon_accuracy": "share", "majority_accuracy": "share", "calibration_error": "number"}
WORD_COLUMNS = {"language": Text("语言", "Language"), **words.CLASSES}
VERBATIM_COLUMNS = {"where": Text("方面 · 渠道 · 时期", "Aspect · channel · period"), "text": Text("原话", "In their words")}
TRUTH_COLUMNS = {"topic": Text("方面", "Aspect"), "spoken_true": Text("埋下：占声音", "Planted: of voices"),
                 "spoken": Text("校正区间", "Corrected interval"), "spoken_raw": Text("词典直接数", "As counted"),
                 "complaint_true": Text("埋下：负面且提到", "Planted: negative mentions"), "complaint": Text("校正区间", "Corrected interval"),
                 "inside": Text("区间含真值", "Truth inside")}
LANGUAGES = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}
OTHER_LANGUAGE = Text("其他语言，或没有字", "Another language, or no letters")
YES = Text("都含", "both")
NO = {1: Text("占比不含", "not the first"), 2: Text("负面不含", "not the second"), 3: Text("都不含", "neither")}


def channel(name: str) -> Text:
    """What a channel is called."""
    return pool_text.CHANNELS.get(name, Text(name, name))


def topics(audited: aspect_shares.Audited, dictionary: aspects.Dictionary, conf_level: float) -> pd.DataFrame:
    """One row an aspect, most complaints first: `TABLE_COLUMNS`; key, raw, value, low, high of the chart; Estimates said, bad, counted; worst."""
    rows = []
    for share, complaint, rank in zip(audited.topics, audited.complaints, audited.ranks, strict=True):
        spoken, bad = (one.corrected.estimate(name, group=share.topic, rung="corrected", conf_level=conf_level)
                       for one, name in ((share, "topic_voice_share"), (complaint, "complaint_voice_share")))
        raw = share.naive.estimate("topic_voice_share", unit="share", group=share.topic, rung="counted", conf_level=conf_level, low=0, high=1)
        place = f"{rank.best}" if rank.best == rank.worst else f"{rank.best}–{rank.worst}"
        rates = f"{share.sensitivity:.0%} / {share.specificity:.0%}"
        rows.append({"key": share.topic, "topic": dictionary.name(share.topic), "spoken": written(spoken), "complaints": written(bad),
                     "interval": interval(bad), "rank": Text(place, place), "errors": Text(rates, rates), "raw": raw.value, "value": spoken.value,
                     "low": spoken.conf_low, "high": spoken.conf_high, "said": spoken, "bad": bad, "counted": raw, "worst": rank.worst})
    made = pd.DataFrame(rows)
    return made.assign(order=[-e.value for e in made["bad"]]).sort_values(["order", "key"], ignore_index=True).drop(columns="order")


def classes(table: pd.DataFrame, given: rules.Rules) -> pd.DataFrame:
    """Rule classes in words; what no rule claims is the last row."""
    return table.assign(**{"class": [given.name(i) if i else words.NO_CLASS for i in table["id"]],
                           "owner": [given.owner(i) if i else words.NOBODY for i in table["id"]]})


def quality(by_language: pd.DataFrame, by_channel: pd.DataFrame) -> pd.DataFrame:
    """How often the reading is right, by language and by channel, beside a word list and the largest class."""
    parts = []
    for frame, names in ((by_language, {**LANGUAGES, "": OTHER_LANGUAGE}), (by_channel, pool_text.CHANNELS)):
        group = frame.columns[0]
        part = frame.rename(columns={group: "group"})
        ends = [f"{100 * a:.0f}–{100 * b:.0f}%" for a, b in zip(part["conf_low"], part["conf_high"], strict=True)]
        parts.append(part.assign(group=[names.get(str(g), Text(str(g), str(g))) for g in part["group"]], range=[Text(e, e) for e in ends]))
    return pd.concat(parts, ignore_index=True)


def drawn(feelings: pd.DataFrame) -> pd.DataFrame:
    """The aspects of a chart, most negative first: of those with an interval the most spoken of; none where nothing could be corrected."""
    return leading(feelings) if feelings["low"].notna().any() else feelings.head(0)


def leading(feelings: pd.DataFrame, most: int = 15) -> pd.DataFrame:
    """The aspects to speak of first: those with an interval where any has one, of these the most spoken of, most negative first."""
    sure = feelings[feelings["low"].notna()] if feelings["low"].notna().any() else feelings
    return feelings[feelings["id"].isin(sure.sort_values(["n", "id"], ascending=[False, True]).head(most)["id"])]


def verbatims(found: pd.DataFrame, dictionary: aspects.Dictionary) -> pd.DataFrame:
    """The voices to read, with `where` they stand: aspect, channel and, where there is a day, period."""
    where = [say("{t} · {c}", "{t} · {c}", t=dictionary.name(row.id), c=channel(row.channel)) for row in found.itertuples()]
    where = [one if pd.isna(day) else say("{one} · {d}", "{one} · {d}", one=one, d=day) for one, day in zip(where, found["day"], strict=True)]
    return found.assign(where=where)


def make(*, ladder: Ladder, channels: Sequence[Estimate], trend: pd.DataFrame, topics: pd.DataFrame, feelings: pd.DataFrame,
         classes: pd.DataFrame, pairs: pd.DataFrame, quality: pd.DataFrame, dictionary: aspects.Dictionary, is_fitting: bool = True,
         conf_level: float) -> Mapping[str, Mapping[str, Any]]:
    """Title (the finding), subtitle (what is drawn) and description of every figure."""
    level = f"{100 * conf_level:g}%"
    made = {"trend": _trend(trend, level), "channels": _channels(channels, level), "ladder": _ladder(ladder, level), "classes": _classes(classes),
            "calibration": CALIBRATION, "words": WORDS, "verbatims": VERBATIMS, "quality": _quality(quality, level),
            "channel_table": CHANNEL_TABLE}
    names = {name: dictionary.name(name) for name in dictionary.ids()}
    if len(topics):
        made |= {"topics": _topics(topics, names, level), "table": _table(topics, level)}
    made["counts"] = {"title": Text("词典找到多少条", "What the dictionary finds"),
                      "subtitle": Text("没有人工标注，未校正：只是条数", "No human labels, uncorrected: counts only"), "columns": COUNT_COLUMNS}
    made |= {"feelings": _feelings(feelings, names, level), "pairs": _pairs(pairs, names)}
    return made if is_fitting else made | {name: {**made[name], "title": words.NOT_FITTING} for name in ("counts", "feelings", "pairs")}


def withheld(ladder: Ladder, conf_level: float) -> Mapping[str, Mapping[str, Any]]:
    """Captions where nothing was written: in place of every figure its reason."""
    reason = ladder[ladder.chosen].reason
    figures = ("trend", "channels", "calibration", "words", "verbatims", "quality", "classes", "counts", "feelings", "pairs")
    return {name: {"title": reason} for name in figures} | {"ladder": {**_ladder(ladder, f"{100 * conf_level:g}%"), "title": reason}}


def _trend(trend: pd.DataFrame, level: str) -> Mapping[str, Any]:
    bad = trend[trend["kind"].eq("negative")].dropna(subset="estimate")
    title = Text("每期的分数都太少，画不出走势", "Too few scores in every period to draw a trend")
    if len(bad):
        first, last = (Estimate(estimand="negative_voice_share", kind="estimate", unit="share", value=r.estimate, conf_low=r.conf_low,
                                conf_high=r.conf_high) for r in (bad.iloc[0], bad.iloc[-1]))
        title = say("负面占比从 {a:bare}（{p}）到 {b:bare}（{q}）", "Negative voices: {a:bare} in {p}, {b:bare} in {q}", a=first, b=last,
                    p=bad["period"].iloc[0], q=bad["period"].iloc[-1])
    return {"title": title, "description": title, "labels": words.CLASSES,
            "subtitle": say("占写了文字的声音，已校正；色带 = {l} 区间", "Share of voices with text, corrected; ribbon = {l} interval", l=level)}


def _channels(channels: Sequence[Estimate], level: str) -> Mapping[str, Any]:
    borrowed = {e.group for e in channels if e.rung == "borrowed"}
    names = {e.group: say("{c}（借）", "{c} (borrowed)", c=channel(e.group)) if e.group in borrowed else channel(e.group) for e in channels}
    made = {"title": Text("各渠道的负面占比：尺子不同，不排名次", "Negative voices by channel: yardsticks differ, so no ranking"), "labels": names,
            "sort": "given", "subtitle": say("灰圈 = 机器直接数，点 = 校正后，横条 = {l} 区间",
                                             "Grey ring = machine count, dot = corrected, bar = {l} interval", l=level)}
    few = [channel(e.group) for e in channels if THESE in e.assumptions]
    notes = [] if not few else [say("{c}：说到的门店（公司）太少或大小悬殊，区间只说现有这几家的客户。",
                                    "{c}: too few dealers (companies), or too uneven ones, so the interval covers customers of these only.",
                                    c=listed(few))]
    note = Text("“借”：这个渠道没有客户自己的分数，尺子借自其他渠道；借来的尺子可能差多少，由有分数的渠道轮流假装没有分数来量，已在区间里。",
                "“Borrowed”: this channel has no customer scores of its own. How far off a borrowed yardstick may be is measured by treating each "
                "scored channel in turn as if it had no scores, and is included in the interval.")
    notes += [note] if borrowed else []
    return made | ({"note": joined(*notes)} if notes else {})


def _uncorrected(ladder: Ladder) -> Text:
    """Why the reading is not corrected: no scores, or scores in too few channels, of which only a range follows."""
    left = next((rung for rung in ladder.rungs if rung.rung == "no_mark_range"), None)
    if left is None:
        return Text("没有分数，读法无从校正", "Without scores the reading cannot be corrected")
    return say("有分数的渠道太少：负面占比只能说在 {a:interval} 之间", "Too few channels have scores: the negative share lies within {a:interval}",
               a=left)


def _ladder(ladder: Ladder, level: str) -> Mapping[str, Any]:
    chosen = ladder[ladder.chosen]
    title = (say("校正把负面占比从 {a:bare} 移到 {b:bare}", "Correction moves the share of negative voices from {a:bare} to {b:bare}",
                 a=ladder["counted"], b=chosen)
             if chosen.kind == "estimate" else _uncorrected(ladder))
    return {"title": title, "labels": {rung.rung: words.RUNGS[rung.rung] for rung in ladder.rungs},
            "subtitle": say("占写了文字的声音，点 = 估计值，横条 = {l} 区间", "Share of voices; dot = estimate, bar = {l} interval", l=level)}


def _topics(topics: pd.DataFrame, names: Mapping[str, Text], level: str) -> Mapping[str, Any]:
    top = topics.loc[topics["value"].idxmax()]
    far = topics.loc[(topics["value"] - topics["raw"]).abs().idxmax()]
    title = say("说得最多的是{t}：{x:bare} 的声音（{x:interval}）", "Mentioned most: {t}, in {x:bare} of voices ({x:interval})",
                t=top["topic"], x=top["said"])
    note = say("词典差得最多的是{t}：直接数 {a:bare}，校正后 {b:bare}。", "The dictionary errs most on {t}: {a:bare} counted, {b:bare} corrected.",
               t=far["topic"], a=far["counted"], b=far["said"])
    return {"title": title, "description": title, "note": note, "labels": names, "names": (words.AS_COUNTED, words.AS_CORRECTED),
            "subtitle": say("占声音；灰圈 = 词典直接数，点 = 用人工标注校正，横条 = {l} 区间",
                            "Share of voices; grey ring = dictionary count, dot = corrected with human labels, bar = {l} interval", l=level)}


def _table(topics: pd.DataFrame, level: str) -> Mapping[str, Any]:
    top = topics.iloc[0]
    title = say("抱怨最多的是{t}：{x:bare} 的声音提到它且是负面", "Most complaints: {t}; {x:bare} of voices mention it and are negative",
                t=top["topic"], x=top["bad"])
    return {"title": title, "columns": TABLE_COLUMNS,
            "subtitle": say("名次区间 {l}，同时成立；一条声音可提到几个方面", "Rank ranges hold jointly at {l}; a voice may mention several aspects",
                            l=level)}


def _feelings(feelings: pd.DataFrame, names: Mapping[str, Text], level: str) -> Mapping[str, Any]:
    title, shown = words.NO_VOICES if feelings.empty else words.NOT_CORRECTED, drawn(feelings)
    if len(shown):
        top = shown.iloc[0]
        title = say("谈到时最容易是负面的：{t}，{s:.0%}", "Most often negative when mentioned: {t}, {s:.0%}", t=names[top["id"]], s=top["negative"])
    return {"title": title, "description": title, "labels": names,
            "subtitle": say("词典找到的声音，用只谈一个方面的分数校正；黑线 = 负面的 {l} 区间",
                            "Voices found by the dictionary, corrected with scores of voices on one aspect; black line = {l} interval", l=level)}


def _pairs(pairs: pd.DataFrame, names: Mapping[str, Text]) -> Mapping[str, Any]:
    title = Text("没有声音同时提到车型和部件", "No voice mentions both a model and a feature")
    if len(pairs):
        top = pairs.sort_values(["n", "feature", "model"], ascending=[False, True, True]).iloc[0]
        title = say("提到最多的组合：{m} 的{f}，{n} 条", "Most often mentioned together: {f} of {m}, {n} voices", m=names[top["model"]],
                    f=names[top["feature"]], n=int(top["n"]))
    return {"title": title, "description": title, "labels": names,
            "subtitle": Text("同一条声音提到的车型和部件；数字 = 条数，颜色 = 读作负面的占比，未校正",
                             "Models and features in the same voice; number = voices, colour = share read as negative, uncorrected"),
            "note": Text("少于 5 条的格子不显示；空格表示没有。", "Cells with fewer than five voices are not shown; a blank means none.")}


def _classes(classes: pd.DataFrame) -> Mapping[str, Any]:
    claimed = classes[classes["id"].ne("")]
    part = float(claimed["share"].sum())
    title = say("规则认领了 {s:.0%} 的声音", "Rules match {s:.0%} of voices", s=part)
    if len(claimed):
        title = say("规则认领了 {s:.0%} 的声音，最多的一类归{o}", "Rules match {s:.0%} of voices; the largest class belongs to {o}", s=part,
                    o=claimed["owner"].iloc[0])
    return {"title": title, "columns": CLASS_COLUMNS, "formats": {"share": "share"},
            "subtitle": Text("一条声音只算进最先认领它的一类；条数未校正", "A voice counts only in the first class it matches; counts uncorrected")}


def _quality(quality: pd.DataFrame, level: str) -> Mapping[str, Any]:
    made = {"title": Text("每种语言、每个渠道读对多少", "How often the reading is correct, by language and channel"),
            "subtitle": say("与客户自己的分数比，读的模型没见过这位客户；区间 {l}",
                            "Compared with the customer's own score, by a model that never saw the customer; {l} interval", l=level),
            "columns": QUALITY_COLUMNS, "formats": QUALITY_FORMATS}
    known = quality[quality["n"] >= THIN] if len(quality) else quality
    if not len(known):
        return made
    worst, all_known = known.loc[known["accuracy"].idxmin()], len(known) == len(quality)
    among = Text("", "") if all_known else say("自带分数 {f} 条以上的各组里，", "Among groups with {f} scores or more, ", f=THIN)
    thin = Text("", "") if all_known else say("不足 {f} 条的各组读对多少，不作数。", " Disregard rows with fewer than {f} scores.", f=THIN)
    if len(known) < 2:
        return made | {"note": say("自带分数 {f} 条以上的只有{c}，比不出哪里读得差。",
                                   "Only {c} has {f} scores or more, so where reading is worst cannot be seen.", f=THIN, c=worst["group"])}
    return made | {"note": say("{i}读得最差的是{c}（{a:.0%}）：先查那里的分数是怎么打的。分数本身也会偏，读不到 100% 属正常。{t}",
                               "{i}{r} worst is {c} ({a:.0%}): first check how scores are given there. Scores err too, so under 100% is normal.{t}",
                               i=among, r="Read" if all_known else "read", t=thin, c=worst["group"], a=worst["accuracy"])}


CHANNEL_TABLE = {"title": Text("谁在说，有没有分数可对", "Who speaks, and with what score"), "columns": CHANNEL_COLUMNS,
                 "subtitle": Text("一行一个渠道；没有分数的渠道，读法要借别处的尺子",
                                  "One row per channel; a channel without scores borrows its yardstick")}
CALIBRATION = {"title": Text("读作 30% 负面的声音，真有 30% 是负面吗", "Are 30% of the voices read as 30% negative really negative?"),
               "subtitle": Text("按读作负面的概率分十组，横轴 = 读出的概率，纵轴 = 自带分数为负面的比例",
                                "Ten groups by probability of being negative: x = probability as read, y = share negative by own score"),
               "description": Text("点贴着对角线，概率就可信。", "Where the dots follow the diagonal, the probabilities can be trusted.")}
WORDS = {"title": Text("机器从哪些字词听出好坏", "Which words the machine relies on"), "columns": WORD_COLUMNS,
         "subtitle": Text("每类最有分量的字词片段，由分数学来", "The word fragments with most weight in each class, learned from scores")}
VERBATIMS = {"title": Text("抱怨最多的方面，客户自己怎么说", "The most frequent complaints, in customers' own words"), "columns": VERBATIM_COLUMNS,
             "subtitle": Text("从只谈这一个方面、读法和分数都是负面的声音里抽签；入库时已脱敏",
                              "Drawn at random from voices on that aspect alone, negative in both text and score; redacted on import")}


def truth(topics: pd.DataFrame, planted: Mapping[str, Any]) -> pd.DataFrame:
    """Corrected shares beside what was planted, for aspects of which both are known."""
    rows = []
    for row in topics.itertuples():
        known = planted.get(row.key)
        if known is None:
            continue
        out = [not e.conf_low <= known[name] <= e.conf_high for e, name in ((row.said, "share_voices"), (row.bad, "share_negative_voices"))]
        shares = [f"{100 * known[name]:.1f}%" for name in ("share_voices", "share_negative_voices")]
        rows.append({"topic": row.topic, "spoken_true": Text(shares[0], shares[0]), "spoken": interval(row.said),
                     "spoken_raw": written(row.counted), "complaint_true": Text(shares[1], shares[1]), "complaint": interval(row.bad),
                     "inside": NO.get(out[0] + 2 * out[1], YES), "held": 2 - sum(out),
                     "raw_held": bool(row.counted.conf_low <= known["share_voices"] <= row.counted.conf_high)})
    return pd.DataFrame(rows, columns=[*TRUTH_COLUMNS, "held", "raw_held"])


def truth_captions(compared: pd.DataFrame) -> Mapping[str, Any]:
    """How many intervals hold what was planted, and how many of the dictionary's plain counts do."""
    title = say("{m} 个校正区间里，{k} 个含埋下的真值；直接数的 {n} 个里有 {r} 个",
                "{k} of {m} corrected intervals contain the planted truth; of {n} plain counts {r} {r:does|do}", m=2 * len(compared),
                k=int(compared["held"].sum()), n=len(compared), r=int(compared["raw_held"].sum()))
    return {"title": title, "columns": TRUTH_COLUMNS,
            "subtitle": Text("估计时看不到真值；95% 的区间，平均每 20 个有 1 个落空",
                             "The estimates never see the truth; on average one in 20 of the 95% intervals misses")}


def word_table(learned: Mapping[str, Mapping[str, Sequence[str]]], *, longest: int) -> pd.DataFrame:
    """Telling pieces of words by language and class; those longer than `longest` signs are left out, as a page without verbatims must."""
    rows = []
    for language, by_class in learned.items():
        cells = {}
        for name in words.CLASSES:
            kept = [w.strip() for w in by_class.get(name, ()) if len(w.strip()) <= longest]
            told = " · ".join(dict.fromkeys(kept))  # no comma: a row of words must not read like a piece of anybody's sentence
            cells[name] = Text(told, told)
        rows.append({"language": LANGUAGES.get(language, Text(language, language)), **cells})
    return pd.DataFrame(rows, columns=list(WORD_COLUMNS))
