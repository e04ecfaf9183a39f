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
AS_COUNTED, AS_CORRECTED = Text("词典直接数", "Counted by dictionary"), Text("校正后", "Corrected")
NO_CLASS = Text("没有规则认领", "Claimed by no rule")
NOBODY = Text("—", "—")
NO_TEXT = (Text("这里要读的声音都没有中文或英文的文字，好坏和方面都无从读起。",
                "None of the voices to be read here has words in Chinese or English, so neither mood nor aspects can be read."),
           Text("写了字的评论或通话文字：在 voc ingest 的规则里映射 comment，或放宽 channels。",
                "Comments or transcripts: map the column comment in the rules file of voc ingest, or take more channels."))
NO_WORDS = Text("没写下来，不等于没有不满。", "That nothing is written down does not mean that nobody is unhappy.")
NO_CHANNELS = Text("没有哪个渠道的声音够多。", "No channel has voices enough.")
NO_ASPECTS = Text("词典没有找到任何方面。", "The dictionary finds no aspect.")
NO_RANKING = Text("没有人工标注，不排名次：上面只是词典找到的条数。",
                  "No labels by people, so no ranking: above are counts of what the dictionary finds.")
NO_VERBATIMS = Text("这一版不展示客户原话。", "This edition shows no customer's words.")
NO_YARDSTICK = Text("带分数的声音太少，没有什么可核对。", "Too few voices carry a mark, so there is nothing to check against.")
NO_TRUTH = Text("这里没有埋下的真值可对。", "There is no planted truth to compare with.")
RUNGS = {
    "counted": (Text("数机器读出的负面", "Voices read as negative, counted"), Text("校正前", "Uncorrected")),
    "calibrated": (Text("换成读作负面的概率", "Probability of negative instead"),
                   Text("拿不准的不再非黑即白", "A doubtful voice is no longer all or nothing")),
    "corrected": (Text("用客户自己的分数校正", "Corrected by customers' own marks"), Text("本报告采用", "The answer of this report")),
    "marks_alone": (Text("只看自带分数的声音", "Voices with a mark alone"), Text("不用机器读", "No machine reading")),
    "lexicon": (Text("换成词典来读", "Read by a word list instead"), Text("换一种读法核对", "Another reader, as a check")),
    "with_tags": (Text("把来源的情绪标记也当尺子", "Mood tags of sources as marks too"),
                  Text("标记是来源自己贴的，不是客户打的", "A tag is set by the source, not by the customer")),
    "no_mark_range": (Text("没有分数的渠道，最坏与最好", "Channels without marks: worst and best"),
                      Text("不作假设，只有范围", "No assumption, only a range")),
}
LIMITS = (
    (Text("不是说全体客户里有这么多不满。", "Not the share of all customers who are unhappy."),
     Text("这里只有开口的人；沉默的客户另见 21。", "Only those who spoke are in here; report 21 is about the silent.")),
    (Text("不是说渠道之间可以直接比。", "Not a comparison of channels like with like."),
     Text("有的渠道打 0–10 分，有的打星，有的没有分数，只能借用别处的尺子。",
          "Some give 0 to 10, some stars, and some no mark at all: those borrow their yardstick.")),
    (Text("不能凭一条声音的读法去找某位客户。", "No ground to approach one customer about one reading."),
     Text("单条会读错；合起来的比例才扣除了读错的部分。", "Single readings err; only shares have the errors taken out.")),
    (Text("不是说分数就是心情。", "Not that a mark is a mood."),
     Text("校正的尺子是客户自己的分数；分数若是讨来的（见 22），负面就被低估。",
          "The yardstick is the customer's own mark; where marks were asked for (report 22), negative voices are understated.")),
    (Text("不是说解决了排第一的方面，不满就会减少那么多。", "Not that mending the first aspect removes so many complaints."),
     Text("这里数的是提到了什么，没有对照组。", "What is named is counted here; nothing is compared with what would have happened otherwise.")),
)
def kicker(n: int, span: str) -> Text:
    """What stands over the question."""
    return say("{n} 条写了文字的声音 · {span}", "{n} voices with words · {span}", n=n, span=span)


def answer(ladder: Ladder, change: Estimate | None, spoken: tuple[Text, Estimate] | None, worst: tuple[Text, Estimate] | None, tied: int) -> Text:
    """How many voices are negative, where that went, what is spoken of most, and what draws most complaints, with how many it is `tied`."""
    chosen = ladder[ladder.chosen]
    if chosen.kind == "refusal":
        return say("暂时不能下结论。{why}", "No conclusion yet. {why}", why=chosen.reason)
    parts = [say("写了文字的声音里，负面占 {x:bare}（{level:.0%} 区间 {x:interval}）；只数机器读出的是 {raw:bare}。",
                 "Of voices with words, {x:bare} are negative ({level:.0%} interval {x:interval}); counting what the machine reads gives {raw:bare}.",
                 x=chosen, raw=ladder["counted"], level=chosen.conf_level)]
    if change is not None:
        parts.append(say("最近一期与上一期之差为 {c}（{c:interval}）：{how}。", "Latest period minus the one before: {c} ({c:interval}); {how}.",
                         c=change, how=scores_text.moved(change)))
    if spoken is not None:
        parts.append(say("说得最多的是{t}，占 {x:bare}。", "Spoken of most: {t}, in {x:bare} of voices.", t=spoken[0], x=spoken[1]))
        parts.append(say("抱怨最多的是{t}：{x:bare} 的声音提到它并且是负面（{x:interval}）{tie}。",
                         "Complained of most: {t}; {x:bare} of voices name it and are negative ({x:interval}){tie}.", t=worst[0], x=worst[1],
                         tie=_tied(tied)))
    return joined(*parts)


def _tied(others: int) -> Text:
    if not others:
        return Text("，居首没有疑问", ", first beyond doubt")
    return say("，与另外 {k} 个方面分不出先后", ", not to be told from {k} {k:other|others}", k=others)


def caveat(ladder: Ladder, unmarked: int, total: int) -> Text:
    """The one thing most likely wrong."""
    if ladder[ladder.chosen].kind == "refusal":
        return Text("没有尺子就不知道机器读错多少。", "Without a yardstick nobody knows how often the machine errs.")
    if not unmarked:
        return Text("每条声音都有分数，比例靠的是分数怎么打、由谁标，不靠机器；说话的人不代表没说话的人。",
                    "Every voice carries a mark, so the share rests on how marks are given and by whom, not on the machine; those who speak do not "
                    "stand for the silent.")
    first = say("{k} 条声音（{s:.0%}）没有客户自己的分数，这里假定机器在它们身上犯的错与有分数的一样。",
                "{k} voices ({s:.0%}) come without the customer's own score; the machine is taken to err on them as it does on scored ones.",
                k=unmarked, s=unmarked / total)
    if THESE in ladder[ladder.chosen].assumptions:
        first = joined(first, Text("门店（公司）太少或大小悬殊，区间只说现有这几家的客户。",
                                   "Dealers (companies) are too few or too uneven: the interval speaks of customers of these only."))
    tagged = next((r for r in ladder.rungs if r.rung == "with_tags"), None)
    if tagged is None:
        return first
    return joined(first, say("若信来源的情绪标记，答案是 {b:bare}（{b:interval}）。",
                             "Trusting the mood tags of sources, the answer is {b:bare} ({b:interval}).", b=tagged))


def decision(chosen: Estimate, first: Sequence[tuple[Text, Text | None]]) -> Text:
    """What to do next with the `first` aspects, those that cannot be told from the most complained of, and the departments that own them."""
    if chosen.kind == "refusal":
        return say("先补齐：{needs}", "First collect what is missing: {needs}", needs=chosen.needs)
    if not first:
        return Text("请两个人各标注 200 条随机抽取的声音，各方面的比例才能校正。",
                    "Have two people label 200 voices drawn at random; only then can shares of aspects be corrected.")
    named = listed([say("{t}（{o}）", "{t} ({o})", t=t, o=o) if o else t for t, o in first])
    if len(first) == 1:
        return say("先抽 50 条关于{n}的负面原话，由责任部门读完再定事项。",
                   "Draw 50 negative voices on {n}, and let the owner read them before work is assigned.", n=named)
    return say("先从{n}各抽 50 条负面原话，由责任部门读完再定事项，不按名次派单。",
               "Draw 50 negative voices each on {n}; let the owners read them before work is assigned, and do not assign it by rank.", n=named)


NO_VOICES = Text("没有哪个方面有 5 条以上的声音", "No aspect has five voices or more")
NOT_CORRECTED = Text("没有哪个方面的读法能用分数校正，好坏各占多少不给", "No aspect's reading can be corrected by marks, so no share of any is given")
def notes(reason: Text | None = None) -> Mapping[str, Text]:
    """Shown in place of a figure that has nothing to show; the `reason` everywhere where one holds for all."""
    told = {"channels": NO_CHANNELS, "counts": NO_ASPECTS, "classes": NO_CLASS, "table": NO_RANKING, "verbatims": NO_VERBATIMS,
            "yardstick": NO_YARDSTICK}
    return told if reason is None else dict.fromkeys(told, reason)


def has_text() -> Check:
    """Nothing is written that could be read."""
    return Check(Text("有能读的文字", "There are words to read"), False, *NO_TEXT)


FEW_TO_CHECK = Text("自带分数的声音太少，核对不了。", "Too few voices carry a mark to check against.")


def enough_marks(marked: int, total: int, floor: int) -> Check:
    """Enough voices with a mark of their own to learn from and to correct by."""
    return Check(Text("自带分数的声音够多", "Enough voices with a mark"), marked >= floor,
                 say("{n} 条里有 {k} 条，下限 {f}。", "{k} of {n}; the floor is {f}.", n=total, k=marked, f=floor),
                 Text("只能用词典来读，错多少不知道，不给比例。", "Read by a word list alone, with unknown error; no share is given."))


def every_channel_marked(voices: pd.DataFrame, floor: int, names: Mapping[str, Text]) -> Check:
    """Channels without marks borrow their yardstick."""
    marked = voices["own"].notna().groupby(voices["channel"]).sum()
    bare = sorted(marked.index[marked < floor])
    title = Text("每个渠道都有自己的尺子", "Every channel has its own yardstick")
    if not bare:
        return Check(title, True, say("每个渠道至少有 {f} 条自带分数的声音。", "Every channel has at least {f} voices with a mark.", f=floor))
    part = int(voices["channel"].isin(bare).sum())
    lack = (Text("没有分数", "No marks") if not marked[bare].any() else
            say("的分数都不足 {f} 条", "Fewer than {f} marks each", f=floor) if len(bare) > 1 else
            say("的分数不足 {f} 条", "Fewer than {f} marks", f=floor))
    return Check(title, False,
                 say("{c}{lack}，共 {k} 条（{s:.0%}），借别处的尺子。",
                     "{lack} in {c}: {k} voices ({s:.0%}), measured by other channels.", lack=lack,
                     c=listed([names.get(c, Text(c, c)) for c in bare]), k=part, s=part / len(voices)),
                 Text("这部分的错若与别处不同，总数会跟着偏；最坏与最好见上。",
                      "Where errors differ there the total is off; worst and best stand above."))


def calibrated(quality: pd.DataFrame, ceiling: float) -> Check:
    """Whether a probability of 30 per cent comes true three times in ten."""
    worst = float(quality["calibration_error"].max()) if len(quality) else float("nan")
    name = Text("概率说到做到", "Probabilities come true")
    if worst != worst:
        return Check(name, None, FEW_TO_CHECK)
    return Check(name, worst <= ceiling,
                 say("各语言里最大的校准误差 {e:.3f}，上限 {c:.2f}。", "Largest calibration error of a language {e:.3f}; the ceiling is {c:.2f}.",
                     e=worst, c=ceiling),
                 Text("校正前的概率不可直接引用；校正后的比例不依赖它。",
                      "Do not quote probabilities as they are; corrected shares do not rest on them."))


def beats_naive(quality: pd.DataFrame) -> Check:
    """Whether reading is worth more than guessing the most frequent class."""
    name = Text("读比猜准", "Reading beats guessing")
    if not len(quality):
        return Check(name, None, FEW_TO_CHECK)
    worst = quality.loc[(quality["accuracy"] - quality["majority_accuracy"]).idxmin()]
    return Check(name, bool(worst["accuracy"] > worst["majority_accuracy"]),
                 say("最弱的语言读对 {a:.0%}，总猜最多的一类是 {m:.0%}，词典是 {w:.0%}。",
                     "Right in the weakest language: {a:.0%}; always guessing the largest class {m:.0%}, a word list {w:.0%}.",
                     a=worst["accuracy"], m=worst["majority_accuracy"], w=worst["lexicon_accuracy"]),
                 Text("机器没有读出东西，只看分数。", "The machine reads nothing; look at the marks alone."))


def learned(languages: Sequence[Text], spoken: Sequence[Text]) -> Check:
    """Languages that are read by a word list, for want of marks; of all that are `spoken` here."""
    name = Text("每种语言都有学来的读法", "Every language is read as learned")
    if not languages:
        return Check(name, True, say("{l}的读法从自带分数的声音学来。", "How to read {l} is learned from voices with marks.", l=listed(spoken)))
    return Check(name, False, say("{l}的分数太少，用词典来读。", "Too few marks in {l}; a word list reads it.", l=listed(languages)),
                 Text("这种语言的单条读法更不可靠。", "Single readings in it are less reliable."))


def readers_agree(ladder: Ladder) -> Check:
    """Two readers, corrected by the same marks, must lead to the same share."""
    a, b = (next((r for r in ladder.rungs if r.rung == rung), None) for rung in ("corrected", "lexicon"))
    name = Text("换一种读法，结论不变", "Another reader, the same conclusion")
    if a is None or b is None or "estimate" not in (a.kind, b.kind):
        return Check(name, None, Text("没有第二种读法可比。", "There is no second reader to compare."))
    return Check(name, a.conf_low <= b.conf_high and b.conf_low <= a.conf_high,
                 say("学来的读法 {a:bare}（{a:interval}），词典 {b:bare}（{b:interval}），都用分数校正。",
                     "As learned {a:bare} ({a:interval}), by word list {b:bare} ({b:interval}), both corrected by marks.", a=a, b=b),
                 Text("两种读法错得不同：先查没有分数的渠道。", "The readers err in different ways: look into channels without marks."))


def not_audited(inside: int, total: int, labelled: int, names: Sequence[Text]) -> Check:
    """Channels from which nobody labelled a voice have no corrected shares of aspects."""
    name = Text("各方面的比例管到哪里", "What the shares of aspects speak of")
    where = say("不含{c}", "{c} are not among them", c=listed(names)) if names else Text("所有渠道都在内", "all channels are among them")
    return Check(name, None,
                 say("人工随机标注了 {k} 条，代表 {n} 条声音（共 {t} 条）；{w}。",
                     "People labelled {k} voices at random; they stand for {n} of {t} voices: {w}.", k=labelled, n=inside, t=total, w=where))


def no_audit() -> Check:
    """Nobody labelled voices: aspects are counts of a dictionary."""
    return Check(Text("各方面的比例经人核对", "Shares of aspects are checked by people"), False,
                 Text("没有足够的人工标注，各方面只是词典找到的条数。",
                      "Too few voices are labelled by people; aspects are counts of what the dictionary finds."),
                 Text("词典会漏、会错认，这些条数不是比例，也不排名次。",
                      "A dictionary misses and mistakes; these counts are no shares, and no ranking."))


def not_labelled(unlabelled: Sequence[Text], unknown: Sequence[str], floor: int) -> Check:
    """Aspects of the dictionary that nobody labelled, and labelled topics it does not know."""
    name = Text("词典与标注对得上", "Dictionary and labels match")
    more = say("词典另有 {k} 个方面标注不足 {f} 条，只报条数", "{k} more aspects of the dictionary have fewer than {f} labels and are counted only",
               k=len(unlabelled), f=floor)
    if not unknown:
        return Check(name, True, Text(more.zh + "。", more.en + "."))
    lost = Text("、".join(unknown), ", ".join(unknown))
    return Check(name, False, say("{m}；标注里的这些主题词典不认得：{l}。", "{m}; labelled topics that it does not know: {l}.", m=more, l=lost),
                 Text("把它们写进词典，否则没有人数它们。", "Write them into the dictionary, or nobody counts them."))


def tags_agree(right: float, agreed: float, tagged: int) -> Check:
    """How far the reading agrees with customers' marks, and how far with the tags of sources: whether a tag is about the words."""
    return Check(Text("来源的情绪标记说的是这段话吗", "Are the mood tags about the words?"), None,
                 say("读法与客户自己的分数一致 {r:.0%}，与 {n} 条来源标记一致 {a:.0%}；标记因此不作尺子，只作对照。",
                     "The reading agrees with customers' own marks in {r:.0%}, with {n} tags of sources in {a:.0%}; tags stand beside, not as marks.",
                     r=right, a=agreed, n=tagged))


def uncovered(share: float) -> Check:
    """How many voices no rule claims."""
    return Check(Text("没有规则认领的声音", "Voices that no rule claims"), None,
                 say("{s:.0%} 的声音不属于任何一类；规则写在可编辑的文件里。",
                     "{s:.0%} of voices belong to no class; the rules stand in a file that anybody edits.", s=share))
