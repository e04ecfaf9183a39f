"""What the page on sentiment and aspects says, in both languages; every number comes from an Estimate or a count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from voclib.results import Check, Estimate, Ladder, Text
from voclib.sentences import joined, listed, say
from voclib.studies.clusters import THESE
from voclib.studies.scores import text as scores_text

QUESTION = Text("客户说得好还是不好？说的是什么？", "What do customers say, and how do they feel about it?")
CLASSES = {"negative": Text("负面", "Negative"), "neutral": Text("中性", "Neutral"), "positive": Text("正面", "Positive")}
AS_COUNTED, AS_CORRECTED = Text("词典直接数", "Dictionary count"), Text("校正后", "Corrected")
NO_CLASS = Text("没有规则认领", "Matched by no rule")
NOBODY = Text("—", "—")
NO_TEXT = (Text("这里要读的声音都没有中文或英文的文字，好坏和方面都无从读起。",
                "None of the voices to be read here has text in Chinese or English, so neither mood nor aspects can be read."),
           Text("写了字的评论或通话文字：在 voc ingest 的规则里映射 comment，或放宽 channels。",
                "Comments or transcripts: map the column comment in the rules file of voc ingest, or include more channels."))
NO_WORDS = Text("没写下来，不等于没有不满。", "That nothing is written down does not mean that nobody is unhappy.")
NO_CHANNELS = Text("没有哪个渠道的声音够多。", "No channel has enough voices.")
NO_ASPECTS = Text("词典没有找到任何方面。", "The dictionary finds no aspect.")
NO_RANKING = Text("没有人工标注，不排名次：上面只是词典找到的条数。",
                  "There are no human labels, so there is no ranking: the table above only counts what the dictionary finds.")
NO_VERBATIMS = Text("没有客户原话：这一版不展示，或没有可以举例的方面。",
                    "No customer quotes: this edition shows none, or there is no aspect to quote from.")
NOT_FITTING = Text("词典不合用，没有可数的方面", "The dictionary does not fit, so there are no aspects to count")
NO_YARDSTICK = Text("带分数的声音太少，没有什么可核对。", "Too few voices carry a score, so there is nothing to check against.")
RUNGS = {
    "counted": (Text("数机器读出的负面", "Voices read as negative, counted"), Text("校正前", "Uncorrected")),
    "calibrated": (Text("换成读作负面的概率", "Probability of being negative"),
                   Text("拿不准的不再非黑即白", "Doubtful voices are no longer all or nothing")),
    "corrected": (Text("用客户自己的分数校正", "Corrected by customers' own scores"), Text("本报告采用", "This report's answer")),
    "marks_alone": (Text("只看自带分数的声音", "Only voices with a score"), Text("不用机器读", "No machine reading")),
    "lexicon": (Text("换成词典来读", "Read with a word list instead"), Text("换一种读法核对", "A second reading, as a check")),
    "with_tags": (Text("把来源的情绪标记也当尺子", "Source mood tags used as scores too"),
                  Text("标记是来源自己贴的，不是客户打的", "Tags are set by the source, not by the customer")),
    "no_mark_range": (Text("没有分数的渠道，最坏与最好", "Channels without scores: worst and best"),
                      Text("不作假设，只有范围", "No assumption, only a range")),
}
LIMITS = (
    (Text("不是说全体客户里有这么多不满。", "It is not the share of all customers who are unhappy."),
     Text("这里只有开口的人；沉默的客户另见 21。", "Only customers who spoke are covered; for silent customers see report 21.")),
    (Text("不是说渠道之间可以直接比。", "Channels cannot be compared directly."),
     Text("有的渠道打 0–10 分，有的打星，有的没有分数，只能借用别处的尺子。",
          "Some use scores of 0–10, some stars, and some have no score at all and borrow a yardstick from elsewhere.")),
    (Text("不能凭一条声音的读法去找某位客户。", "A single reading is no reason to approach a customer."),
     Text("单条会读错；合起来的比例才扣除了读错的部分。", "Single voices are sometimes misread; only shares are corrected for misreading.")),
    (Text("不是说分数就是心情。", "A score is not a mood."),
     Text("校正的尺子是客户自己的分数；分数若是讨来的（见 22），负面就被低估。",
          "The yardstick is the customer's own score; where scores were solicited (report 22), negative voices are understated.")),
    (Text("不是说解决了排第一的方面，不满就会减少那么多。", "Fixing the first-ranked aspect would not necessarily remove that many complaints."),
     Text("这里数的是提到了什么，没有对照组。", "This page counts what is mentioned; there is no control group.")),
)
def kicker(n: int, span: str) -> Text:
    """What stands over the question."""
    return say("{n} 条写了文字的声音 · {span}", "{n} voices with text · {span}", n=n, span=span)


def answer(ladder: Ladder, change: Estimate | None, spoken: tuple[Text, Estimate] | None, worst: tuple[Text, Estimate] | None, tied: int) -> Text:
    """How many voices are negative, where that went, what is spoken of most, and what draws most complaints, with how many it is `tied`."""
    chosen = ladder[ladder.chosen]
    if chosen.kind == "refusal":
        return say("暂时不能下结论。{why}", "No conclusion yet. {why}", why=chosen.reason)
    parts = [say("写了文字的声音里，负面占 {x:bare}（{level:.0%} 区间 {x:interval}）；只数机器读出的是 {raw:bare}。",
                 "Of voices with text, {x:bare} are negative ({level:.0%} interval {x:interval}), against {raw:bare} as the machine reads them.",
                 x=chosen, raw=ladder["counted"], level=chosen.conf_level)]
    if change is not None:
        parts.append(say("最近一期与上一期之差为 {c}（{c:interval}）：{how}。", "Latest period minus the one before: {c} ({c:interval}); {how}.",
                         c=change, how=scores_text.moved(change)))
    if spoken is not None:
        parts.append(say("说得最多的是{t}，占 {x:bare}。", "Mentioned most often is {t}, in {x:bare} of voices.", t=spoken[0], x=spoken[1]))
        parts.append(say("抱怨最多的是{t}：{x:bare} 的声音提到它并且是负面（{x:interval}）{tie}。",
                         "Most complaints are about {t}: {x:bare} of voices mention it and are negative ({x:interval}){tie}.", t=worst[0], x=worst[1],
                         tie=_tied(tied)))
    return joined(*parts)


def _tied(others: int) -> Text:
    if not others:
        return Text("，居首没有疑问", ", clearly in first place")
    return say("，与另外 {k} 个方面分不出先后", ", but it cannot be separated from {k} {k:other|others}", k=others)


def caveat(ladder: Ladder, unmarked: int, total: int) -> Text:
    """The one thing most likely wrong."""
    if ladder[ladder.chosen].kind == "refusal":
        return Text("没有尺子就不知道机器读错多少。", "Without a yardstick, how often the machine misreads is unknown.")
    if not unmarked:
        return Text("每条声音都有分数，比例靠的是分数怎么打、由谁标，不靠机器；说话的人不代表没说话的人。",
                    "Every voice carries a score, so the share depends on how scores are given and by whom, not on the machine; those who speak do "
                    "not represent those who stay silent.")
    first = say("{k} 条声音（{s:.0%}）没有客户自己的分数，这里假定机器在它们身上犯的错与有分数的一样。",
                "{k} voices ({s:.0%}) lack the customer's own score; the machine is assumed to misread them as it does those with a score.",
                k=unmarked, s=unmarked / total)
    if THESE in ladder[ladder.chosen].assumptions:
        first = joined(first, Text("门店（公司）太少或大小悬殊，区间只说现有这几家的客户。",
                                   "Dealers (companies) are too few or too uneven, so the interval covers customers of these only."))
    tagged = next((r for r in ladder.rungs if r.rung == "with_tags"), None)
    if tagged is None:
        return first
    return joined(first, say("若信来源的情绪标记，答案是 {b:bare}（{b:interval}）。",
                             "If the sources' mood tags are trusted, the answer is {b:bare} ({b:interval}).", b=tagged))


def decision(chosen: Estimate, first: Sequence[tuple[Text, Text | None]]) -> Text:
    """What to do next with the `first` aspects, those that cannot be told from the most complained of, and the departments that own them."""
    if chosen.kind == "refusal":
        return say("先补齐：{needs}", "First collect what is missing: {needs}", needs=chosen.needs)
    if not first:
        return Text("请两个人各标注 200 条随机抽取的声音，各方面的比例才能校正。",
                    "Have two people each label 200 voices drawn at random; only then can the shares of aspects be corrected.")
    named = listed([say("{t}（{o}）", "{t} ({o})", t=t, o=o) if o else t for t, o in first])
    if len(first) == 1:
        return say("先抽 50 条关于{n}的负面原话，由责任部门读完再定事项。",
                   "Draw 50 negative voices about {n}, and have the department in charge read them before work is assigned.", n=named)
    return say("先从{n}各抽 50 条负面原话，由责任部门读完再定事项，不按名次派单。",
               "Draw 50 negative voices each about {n}; have the departments read them first, and do not assign work by rank.", n=named)


NO_VOICES = Text("没有哪个方面有 5 条以上的声音", "No aspect has five or more voices")
NOT_CORRECTED = Text("没有哪个方面的读法能用分数校正，好坏各占多少不给", "No aspect's reading can be corrected by scores, so no shares are given")
def notes(reason: Text | None = None) -> Mapping[str, Text]:
    """Shown in place of a figure that has nothing to show; the `reason` everywhere where one holds for all."""
    told = {"channels": NO_CHANNELS, "counts": NO_ASPECTS, "classes": NO_CLASS, "table": NO_RANKING, "verbatims": NO_VERBATIMS,
            "yardstick": NO_YARDSTICK}
    return told if reason is None else dict.fromkeys(told, reason)


def elsewhere(left: int, read: int, most: float) -> Check:
    """Voices in other languages, which no reader of the page can read."""
    return Check(
        Text("几乎都是中文或英文", "Nearly all voices are in Chinese or English"), left <= most * (left + read),
        say("{n} 条写了字的声音里，{k} 条（{s:.1%}）不是中文也不是英文（按用词，用词看不出的按来源的语言标注），没有读，"
            "也不在任何占比里；上限 {m:.0%}。",
            "Of {n} voices with words, {k} ({s:.1%}) {k:is|are} in neither Chinese nor English (by their words or, where these do not tell, by the "
            "source's language tag). They were not read and count in no share; the ceiling is {m:.0%}.",
            n=left + read, k=left, s=left / (left + read), m=most),
        Text("结果只说中文和英文的声音；别的语言先译成中文或英文再导入。",
             "Results describe voices in Chinese and English only; translate the others before importing them."))


def no_text(elsewhere: int) -> tuple[Text, Text]:
    """Why nothing can be read and what would help; `elsewhere` counts the voices in other languages."""
    if not elsewhere:
        return NO_TEXT
    return (say("这里要读的声音都没有中文或英文的文字，好坏和方面都无从读起；有 {n} 条写的是别的语言。",
                "None of the voices to be read here has text in Chinese or English, so neither mood nor aspects can be read; {n} "
                "{n:is|are} in another language.", n=elsewhere),
            Text("先把文字译成中文或英文再导入；带分数的声音，不用文字也能看 20-scores。",
                 "Translate the texts into Chinese or English before importing them; where the voices carry a score, 20-scores needs no words."))


def has_text(reason: Text, needs: Text) -> Check:
    """Nothing is written that could be read."""
    return Check(Text("有能读的文字", "There is text to read"), False, reason, needs)


FEW_TO_CHECK = Text("自带分数的声音太少，核对不了。", "Too few voices carry a score to check against.")


def enough_marks(marked: int, total: int, floor: int) -> Check:
    """Enough voices with a mark of their own to learn from and to correct by."""
    return Check(Text("自带分数的声音够多", "Enough voices with a score"), marked >= floor,
                 say("{n} 条里有 {k} 条，下限 {f}。", "{k} of {n}; at least {f} needed.", n=total, k=marked, f=floor),
                 Text("只能用词典来读，错多少不知道，不给比例。", "Only a word list can be used, and its error is unknown, so no shares are given."))


def every_channel_marked(voices: pd.DataFrame, floor: int, names: Mapping[str, Text]) -> Check:
    """Channels without marks borrow their yardstick."""
    marked = voices["own"].notna().groupby(voices["channel"]).sum()
    bare = sorted(marked.index[marked < floor])
    title = Text("每个渠道都有自己的尺子", "Every channel has its own yardstick")
    if not bare:
        return Check(title, True, say("每个渠道至少有 {f} 条自带分数的声音。", "Every channel has at least {f} voices with a score.", f=floor))
    part = int(voices["channel"].isin(bare).sum())
    lack = (Text("没有分数", "No scores") if not marked[bare].any() else
            say("的分数都不足 {f} 条", "Fewer than {f} scores each", f=floor) if len(bare) > 1 else
            say("的分数不足 {f} 条", "Fewer than {f} scores", f=floor))
    return Check(title, False,
                 say("{c}{lack}，共 {k} 条（{s:.0%}），借别处的尺子。",
                     "{lack} in {c}: {k} voices ({s:.0%}), which borrow their yardstick.", lack=lack,
                     c=listed([names.get(c, Text(c, c)) for c in bare]), k=part, s=part / len(voices)),
                 Text("这部分的错若与别处不同，总数会跟着偏；最坏与最好见上。",
                      "If errors there differ from elsewhere, the total is off; worst and best cases are shown above."))


def every_language_marked(lacking: pd.DataFrame, names: Mapping[str, Text]) -> Check:
    """A language without marks is corrected as if it were read like the other one; `lacking`: `sentiment_shares.lacking`."""
    title = Text("每种语言都有自己的尺子", "Every language has its own yardstick")
    if lacking.empty:
        return Check(title, True, Text("同一渠道里，各语言自带分数的比例相近。", "Within channels, languages carry scores about equally often."))
    name, row = str(lacking.index[0]), lacking.iloc[0]
    return Check(title, False,
                 say("{l}的 {n} 条声音里只有 {k} 条带分数，照同渠道的比例应有约 {e} 条；其余按另一种语言的读错来校正。",
                     "Of {n} voices in {l} only {k} carry a score, where the same channels would lead to expect about {e}; the rest are corrected as "
                     "if misread like the other language.", l=names.get(name, Text(name, name)), n=int(row["voices"]), k=int(row["marked"]),
                     e=round(float(row["expected"]))),
                 Text("这种语言若读得更差，总数会跟着偏，区间也装不下：给它补一批分数或人工标注。",
                      "If this language is misread more, the total is off by more than its interval shows: collect scores or human labels for it."))


def calibrated(quality: pd.DataFrame, ceiling: float) -> Check:
    """Whether a probability of 30 per cent comes true three times in ten."""
    worst = float(quality["calibration_error"].max()) if len(quality) else float("nan")
    name = Text("概率说到做到", "Probabilities are reliable")
    if worst != worst:
        return Check(name, None, FEW_TO_CHECK)
    return Check(name, worst <= ceiling,
                 say("各语言里最大的校准误差 {e:.3f}，上限 {c:.2f}。", "Largest calibration error of any language: {e:.3f}; the ceiling is {c:.2f}.",
                     e=worst, c=ceiling),
                 Text("校正前的概率不可直接引用；校正后的比例不依赖它。",
                      "Do not quote the uncorrected probabilities; the corrected shares do not depend on them."))


def beats_naive(quality: pd.DataFrame) -> Check:
    """Whether reading is worth more than guessing the most frequent class."""
    name = Text("读比猜准", "Reading beats guessing")
    if not len(quality):
        return Check(name, None, FEW_TO_CHECK)
    worst = quality.loc[(quality["accuracy"] - quality["majority_accuracy"]).idxmin()]
    return Check(name, bool(worst["accuracy"] > worst["majority_accuracy"]),
                 say("最弱的语言读对 {a:.0%}，总猜最多的一类是 {m:.0%}，词典是 {w:.0%}。",
                     "Correct in the weakest language: {a:.0%}; always guessing the largest class {m:.0%}, a word list {w:.0%}.",
                     a=worst["accuracy"], m=worst["majority_accuracy"], w=worst["lexicon_accuracy"]),
                 Text("机器没有读出东西，只看分数。", "The machine adds nothing; use the scores alone."))


def learned(languages: Sequence[Text], spoken: Sequence[Text]) -> Check:
    """Languages that are read by a word list, for want of marks; of all that are `spoken` here."""
    name = Text("每种语言都有学来的读法", "Every language has a trained reader")
    if not languages:
        return Check(name, True, say("{l}的读法从自带分数的声音学来。", "Reading of {l} is learned from voices with scores.", l=listed(spoken)))
    return Check(name, False, say("{l}的分数太少，用词典来读。", "Too few scores in {l}; a word list is used.", l=listed(languages)),
                 Text("这种语言的单条读法更不可靠。", "Single readings in this language are less reliable."))


def readers_agree(ladder: Ladder) -> Check:
    """Two readers, corrected by the same marks, must lead to the same share."""
    a, b = (next((r for r in ladder.rungs if r.rung == rung), None) for rung in ("corrected", "lexicon"))
    name = Text("换一种读法，结论不变", "A second reading gives the same answer")
    if a is None or b is None or "estimate" not in (a.kind, b.kind):
        return Check(name, None, Text("没有第二种读法可比。", "There is no second reading to compare."))
    return Check(name, a.conf_low <= b.conf_high and b.conf_low <= a.conf_high,
                 say("学来的读法 {a:bare}（{a:interval}），词典 {b:bare}（{b:interval}），都用分数校正。",
                     "Trained reader {a:bare} ({a:interval}), word list {b:bare} ({b:interval}), both corrected by scores.", a=a, b=b),
                 Text("两种读法错得不同：先查没有分数的渠道。", "The two readings err in different ways: check the channels without scores first."))


def not_audited(inside: int, total: int, labelled: int, names: Sequence[Text]) -> Check:
    """Channels from which nobody labelled a voice have no corrected shares of aspects."""
    name = Text("各方面的比例管到哪里", "What the shares of aspects cover")
    where = say("不含{c}", "not included: {c}", c=listed(names)) if names else Text("所有渠道都在内", "all channels are included")
    return Check(name, None,
                 say("人工随机标注了 {k} 条，代表 {n} 条声音（共 {t} 条）；{w}。",
                     "People labelled {k} voices drawn at random, which represent {n} of {t} voices; {w}.", k=labelled, n=inside, t=total, w=where))


def no_audit() -> Check:
    """Nobody labelled voices: aspects are counts of a dictionary."""
    return Check(Text("各方面的比例经人核对", "Shares of aspects are checked by people"), False,
                 Text("没有足够的人工标注，各方面只是词典找到的条数。",
                      "Too few voices are labelled by people, so aspects are only counts of what the dictionary finds."),
                 Text("词典会漏、会错认，这些条数不是比例，也不排名次。",
                      "A dictionary misses some and mistakes others; these counts are not shares and give no ranking."))


def not_labelled(unlabelled: Sequence[Text], unknown: Sequence[str], floor: int) -> Check:
    """Aspects of the dictionary that nobody labelled, and labelled topics it does not know."""
    name = Text("词典与标注对得上", "Dictionary and labels match")
    more = say("词典另有 {k} 个方面标注不足 {f} 条，只报条数", "{k} more aspects in the dictionary have fewer than {f} labels and are only counted",
               k=len(unlabelled), f=floor)
    if not unknown:
        return Check(name, True, Text(more.zh + "。", more.en + "."))
    lost = Text("、".join(unknown), ", ".join(unknown))
    return Check(name, False, say("{m}；标注里的这些主题词典不认得：{l}。", "{m}; labelled topics it does not know: {l}.", m=more, l=lost),
                 Text("把它们写进词典，否则没有人数它们。", "Add them to the dictionary; otherwise they are not counted."))


def tags_agree(right: float, agreed: float, tagged: int) -> Check:
    """How far the reading agrees with customers' marks, and how far with the tags of sources: whether a tag is about the words."""
    return Check(Text("来源的情绪标记说的是这段话吗", "Are the mood tags about the words?"), None,
                 say("读法与客户自己的分数一致 {r:.0%}，与 {n} 条来源标记一致 {a:.0%}；标记因此不作尺子，只作对照。",
                     "The reading agrees with {r:.0%} of customers' own scores and {a:.0%} of {n} source tags, so tags serve only as a comparison.",
                     r=right, a=agreed, n=tagged))


def dictionary_fits(covered: float, floor: float) -> Check:
    """Whether the dictionary was made for such voices."""
    return Check(Text("词典合用", "The dictionary fits"), covered >= floor,
                 say("负面声音里，{c:.0%} 提到词典里的方面，下限 {f:.0%}。",
                     "{c:.0%} of negative voices mention an aspect in the dictionary; at least {f:.0%} needed.", c=covered, f=floor),
                 Text("词典不是为这些声音编的，碰巧对上的字不算；写一份合用的（dictionary_file）再跑。",
                      "The dictionary was not made for these voices, so chance matches do not count; write one that fits (dictionary_file)."))


def uncovered(share: float) -> Check:
    """How many voices no rule claims."""
    return Check(Text("没有规则认领的声音", "Voices that no rule matches"), None,
                 say("{s:.0%} 的声音不属于任何一类；规则写在可编辑的文件里。",
                     "{s:.0%} of voices belong to no class; the rules are in a file that anyone can edit.", s=share))
