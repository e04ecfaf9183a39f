"""What the page on topics says, in both languages: an ordering of what was said, never a verdict on anybody."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voclib.results import Check, Estimate, Text
from voclib.sentences import inside, joined, listed, say
from voclib.studies.regions_text import region
from voclib.studies.topics import tables
from voclib.studies.topics.spread import Spread
from voclib.text import crosswalk, emerging
from voclib.text.profanity import masked

if TYPE_CHECKING:
    from voclib.studies.topics.subjects import Subjects

QUESTION = Text("客户在说哪些事？有什么是新的？", "What are customers talking about, and what is new?")
KICKER = Text("话题", "Topics")
KINDS = {"new": Text("新话题", "new"), "rising": Text("升温", "rising")}
LANGUAGES = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}
CARD_COLUMNS = {
    "topic": Text("话题", "Topic"), "voices": Text("声音", "Voices"), "share": Text("占全部", "Of all"),
    "negative": Text("其中负面", "Negative"), "change": Text("近一季变化（百分点）", "Change over last quarter (pp)"),
    "stability": Text("稳定度", "Stability"),
}
PLACE_COLUMNS = {
    "topic": Text("话题", "Topic"), "reading": Text("像什么问题", "What it looks like"), "dealers": Text("门店", "Dealers"),
    "regions": Text("区域", "Regions"), "models": Text("车型", "Models"), "step": Text("最常见的环节", "Most common step"),
}
VERBATIM_COLUMNS = {"topic": Text("话题", "Topic"), "text": Text("客户原话", "In customers' words")}
EMERGING_COLUMNS = {
    "theme": Text("话题", "Theme"), "kind": Text("类型", "Kind"), "n": Text("发现时 7 天内", "In 7 days when found"),
    "expected": Text("往常", "Usually"),
    "first_seen": Text("第一条", "First voice"), "found_on": Text("上名单", "Listed on"), "delay": Text("隔了几天", "Days to listing"),
    "since": Text("至今", "To date"), "latest": Text("最近 7 天", "Last 7 days"),
}
ALIKE_COLUMNS = {
    "what": Text("说法", "Wording"), "people": Text("客户", "People"), "texts": Text("不同写法", "Wordings"), "dealers": Text("门店", "Dealers"),
    "models": Text("车型", "Models"), "period": Text("时间", "From – to"), "reading": Text("像什么", "What it looks like"),
}
JOINED_COLUMNS = {
    "theme": Text("主题", "Theme"), "voices": Text("声音", "Voices"), "negative": Text("负面占比", "Negative"),
    "zh": Text("中文话题", "Chinese topics"), "en": Text("英文话题", "English topics"),
}
UNLINKED_COLUMNS = {
    "name": Text("话题", "Topic"), "language": Text("语言", "Language"), "voices": Text("声音", "Voices"), "negative": Text("负面占比", "Negative"),
}
LOOSE_COLUMNS = {"topic": Text("话题", "Topic"), "voices": Text("声音", "Voices"), "stability": Text("稳定度", "Stability")}
MOVED_COLUMNS = {"fate": Text("去向", "What happened to it"), "topics": Text("话题", "Topics"), "voices": Text("声音", "Voices")}
TRUTH_COLUMNS = {
    "planted": Text("埋下的新话题", "Planted theme"), "language": Text("语言", "Language"), "voices": Text("埋下的声音", "Voices planted"),
    "first_day": Text("第一天", "First day"), "found": Text("名单上的话题", "Listed as"), "found_on": Text("上名单", "Listed on"),
    "delay": Text("隔了几天", "Days to listing"), "n": Text("发现时的声音", "Voices by then"),
    "others": Text("名单上别的新话题", "Other new topics listed"),
}
CHANNEL_COLUMNS = {
    "channel": Text("渠道", "Channel"), "all": Text("有文字的声音", "Voices with text"), "zh": Text("中文", "Chinese"), "en": Text("英文", "English"),
    "none": Text("其他语言，或没有字", "Another language, or no letters"),
}
FATES = {"kept": Text("保留", "kept"), "split": Text("拆分", "split"), "merged": Text("并入别的话题", "merged into another"),
         "gone": Text("消失", "gone")}
FIGURES = ("curve", "subjects", "map", "cards", "places", "verbatims", "trend", "emerging", "fresh", "days", "alike", "joined", "unlinked", "loose",
           "moved")
NOT_FOUND = Text("没有发现", "not found")
NO_TOPIC = Text("没有明确话题", "no clear topic")
NO_COMPLAINT = Text("没有一个话题看得出是抱怨", "No topic is identifiable as a complaint")
NONE_ALIKE = Text("没有成组的抱怨说同一件事", "No group of complaints says the same thing")
OTHER_GRAIN = Text("换一个粗细（granularity），或并入更多声音。", "Try another granularity, or add voices.")
NO_MODEL = Text("没有拟合话题。", "No topics were fitted.")
CHANNELS = {
    "title": Text("写了文字的声音，来自哪些渠道", "Where the voices with text come from"),
    "subtitle": Text("语言看文字本身；来源标为其他语言、文字里又看不出中文英文的，算其他语言",
                     "Language is read from the text; a voice tagged as another language counts as one unless its words are Chinese or English"),
}
TRUTH = {
    "title": Text("埋下的新话题，名单抓到了吗", "Did the list catch the planted topic?"),
    "subtitle": Text("名单事先不知道埋了什么", "The list did not know in advance what was planted"),
}
LIMITS = (
    (
        Text("“话题有 100 条声音，所以有 100 位客户遇到了这件事。”", "“The topic has 100 voices, so 100 customers had this problem.”"),
        Text("没有说话的客户不在里面；谁遇到什么，要看报告 21 的校正。",
             "Customers who said nothing are not included; for who experienced what, see the correction in report 21."),
    ),
    (
        Text("“声音最多的话题最要紧。”", "“The topic with the most voices matters most.”"),
        Text("声音多，可能只因为那里问得多；值多少钱要看报告 31。",
             "Many voices may only mean that more people were asked there; for what it is worth, see report 31."),
    ),
    (
        Text("“分布均匀，就不是门店的问题。”", "“It is spread evenly, so it is not a dealer problem.”"),
        Text("均匀只说明不是少数几家；各家都做错同一件事，也是均匀的。",
             "Evenly spread only rules out a few dealers; if all of them make the same mistake, that is even too."),
    ),
    (Text("“上了名单就是新问题，没上就没有新问题。”", "“What is listed is a new problem, and nothing else is.”"),
     Text("名单只与前 13 周比：节日问候、换季的话、广告语、多请了某类客户的调查，都会上；作者不明时，改几个字的转发也算不同的人，先读原话。"
          "一周里只有两三条的新说法，名单看不见，要靠客服和门店先听到。",
          "The list compares with the 13 weeks before only, so festive greetings, remarks on the season, a slogan or a survey that invited more of "
          "one kind of customer can appear on it, and where authors are unknown, reposts with a few words changed count as different people: read "
          "the quotes first. Something new said only two or three times a week is invisible to the list; frontline staff must hear it first.")),
    (Text("“话题的边界是客观的。”", "“The boundaries of topics are objective.”"),
     Text("换一个粗细，边界就变；标为不稳定的话题，只当线索。", "At another granularity they move; treat topics marked unstable as hints only.")),
)


def quoted(name: str) -> Text:
    """A topic's leading words, as a page prints them."""
    return Text(f"“{masked(name)}”", f"“{masked(name)}”")


def negative(share: float, known: int) -> Text:
    """Share negative among the voices that carry a mark, for a tooltip."""
    return say("{s:.0%}（{n} 条带标记）", "{s:.0%} ({n} with score or tag)", s=share, n=int(known)) if known else Text("没有标记", "no score or tag")


def stability(value: float, is_stable: bool) -> Text:
    """How often a topic is found again."""
    return Text(f"{value:.2f}", f"{value:.2f}") if is_stable else say("{v:.2f} 不稳定", "{v:.2f} unstable", v=value)


def day(when: Any) -> Text:
    """A day without its year, in one piece."""
    return Text(f"{when.month}月{when.day}日", f"{when.day}\u00a0{calendar.month_abbr[when.month]}")


def usual(theme: emerging.Theme) -> Text:
    """How many voices of a theme were to come in the window."""
    return say("{n:.1f} 条", "{n:.1f}", n=theme.expected) if theme.expected >= 0.1 else Text("没人说过", "never said")


def spread(one: Spread) -> Text:
    """How a topic's people lie over dealers, regions or models."""
    if one.n == 0:
        return Text("不知道", "not known")
    top = say("最突出 {t}：{k} 人，往常 {e:.0f}", "most at {t}: {k}, usually {e:.0f}", t=region(one.top), k=one.top_n, e=one.top_expected)
    start = {
        "spread": _even(one.reached, one.groups),
        "slight": say("略有差别；{t}", "slightly uneven; {t}", t=top),
        "local": say("差别大；{t}", "uneven; {t}", t=top), "unclear": say("看不清；{t}", "unclear; {t}", t=top),
        "few": say("人太少（{n} 人）", "too few people ({n})", n=one.n),
    }
    return start[one.verdict]


def _even(reached: int, groups: int) -> Text:
    """A spread like everybody's: everywhere, or where it was heard."""
    if reached == groups:
        return say("各处都有（{r}/{g}）", "everywhere ({r} of {g})", r=reached, g=groups)
    return say("与各处人数相称（{g} 处里 {r} 处有人说）", "in proportion (heard in {r} of {g})", r=reached, g=groups)


def reading(dealer: Spread, model: Spread) -> Text:
    """What the spread looks like: the product, a few dealers, all over, all over but more here than there, or not to be told."""
    if model.verdict == "local" and dealer.verdict == "local":
        worst = max(dealer, model, key=lambda one: one.uneven)
        return say("车型与门店的差别都大：先看 {m}", "uneven across models and dealers: check {m} first", m=worst.top)
    if model.verdict == "local":
        return say("车型之间差别大：先看 {m}", "uneven across models: check the {m} first", m=model.top)
    if dealer.verdict == "local":
        return say("门店之间差别大：先看 {d}", "uneven across dealers: check {d} first", d=dealer.top)
    if dealer.verdict == "spread" and model.verdict == "spread":
        return Text("共性：没有哪家门店或哪款车型突出", "systemic: no single dealer or model stands out")
    if dealer.verdict == "spread" and model.n == 0:
        return Text("没有哪家门店突出；车型不知道", "no single dealer stands out; models not known")
    if dealer.verdict == "spread" and model.verdict == "few":
        return say("没有哪家门店突出；知道车型的只有 {n} 人，看不清", "no single dealer stands out; model known for too few people ({n})", n=model.n)
    slight = [one for one in (model, dealer) if one.verdict == "slight"]
    if slight and all(one.verdict in ("spread", "slight", "few") for one in (model, dealer)):
        return say("各处都有，{t} 稍多", "everywhere, slightly more for {t}", t=slight[0].top)
    return Text("门店、车型都不知道", "dealers and models not known") if dealer.n == model.n == 0 else Text("看不清", "unclear")


def pattern(own: pd.DataFrame, length: int | None) -> Text:
    """What complaints in one wording look like: a single case, a wave of a few days, one dealer, or many (which alone makes nothing systemic)."""
    people, dealers = own["person"].nunique(), own["dealer"].dropna()
    if people == 1:
        return Text("同一位客户：个案", "one customer: an isolated case")
    if length is not None and length <= tables.WAVE and people >= tables.CROWD:
        return say("{d} 天内集中出现：先查是否转发", "within {d} days: first check whether it was copied", d=length + 1)
    if people >= tables.FEWEST and dealers.nunique() == 1:
        return say("只有一家门店：{d}", "one dealer only: {d}", d=str(dealers.iloc[0]))
    if dealers.empty:
        return Text("多位客户；门店不知道", "several customers; dealers not known")
    return Text("多家门店反复出现", "recurs at many dealers") if dealers.nunique() >= 5 else Text("几家门店", "a few dealers")


def kicker(kept: pd.DataFrame, topics: pd.DataFrame) -> Text:
    """What stands over the question."""
    return say("话题 · {n} 条声音 · {k} 个话题", "Topics · {n} voices · {k} topics", n=len(kept), k=len(topics))


def answer(lead: Subjects, fresh: Sequence[emerging.Theme], watch: emerging.Watch, weeks: int, regions: int) -> Text:
    """What is new, then the largest complaint; that alone first where nothing can be called new."""
    if watch.refusal is not None:
        first = watch.refusal
    elif len({t.language for t in fresh}) > 1:
        first = say("最近 {w} 周有 {k} 个新词：{t}；两种语言说的可能是同一件事。",
                    "{k} new words in the last {w} weeks: {t}, possibly the same matter in two languages.", w=weeks, k=len(fresh), t=_glossed(fresh))
    elif fresh:
        first = say("最近 {w} 周有 {k} 个新话题：{t}。", "{k} new {k:topic|topics} in the last {w} weeks: {t}.", w=weeks, k=len(fresh),
                    t=_glossed(fresh))
    else:
        first = say("最近 {w} 周没有新话题（误报预算每年 {b:g} 次）。", "No new topics in the last {w} weeks (budget: {b:g} false {alarms} a year).",
                    w=weeks, b=watch.budget, alarms=Text("", "alarm" if watch.budget == 1 else "alarms"))
    region = say("，分布在 {r} 个区域", ", in {r} regions", r=regions) if regions > 1 else Text("", "")
    told = {"t": lead.name, "s": lead.shares[0], "g": Text(tied(lead.ties).zh + region.zh, tied(lead.ties).en + region.en)}
    second = (say("抱怨最多的是{t}：负面声音里的 {s:bare}（{s:interval}）{g}。",
                  "Complaints are most often about {t}: {s:bare} of them ({s:interval}){g}.",
                  **told) if lead.is_complaint else
              say("说得最多的是{t}，占全部声音的 {s:bare}（{s:interval}）{g}。", "Mentioned most often is {t}: {s:bare} of voices ({s:interval}){g}.",
                  **told))
    ordered = (first, second) if watch.refusal is None else (second, first)
    return joined(*ordered)


def _glossed(fresh: Sequence[emerging.Theme], most: int = 3) -> Text:
    """The names of new themes, the reader's own language first, the other one's marked: a word is never left to a reader who cannot read it."""
    def named(lang: str) -> list[str]:
        own = sorted(fresh, key=lambda theme: theme.language != lang)[:most]
        told = {other: Text(f"（{name.zh}）", f" ({name.en})")[lang] for other, name in LANGUAGES.items() if other != lang}
        return [quoted(theme.name)[lang] + told.get(theme.language, "") for theme in own]

    return Text("、".join(named("zh")), ", ".join(named("en")))


def tied(n: int) -> Text:
    """How many others may come first as well."""
    return say("，与另外 {n} 个分不出先后", ", though it cannot be separated from {n} {n:other|others}",
               n=n) if n else Text("", "")


def caveat(topics: pd.DataFrame, *, is_worded: bool, labelled: int) -> Text:
    """How far themes and topics hold."""
    stable = int(topics["is_stable"].sum())
    first = Text("", "")
    if labelled:
        first = say("占比按 {n} 条人工标注扣除了词典的错；", "Shares are corrected for dictionary errors using {n} labelled voices; ", n=labelled)
    elif is_worded:
        first = Text("主题按词典里的词认定，认错的没有扣除；", "Themes are identified by dictionary words, whose errors are not corrected; ")
    second = say("话题由机器归并，{k} 个里有 {s} 个换一批声音还能找到。只代表写了文字的客户。",
                 "Topics are grouped by machine, and {s} of {k} are found again in other voices. {both} only for customers who wrote.",
                 k=len(topics), s=stable, both=Text("", "Both speak" if first.en else "They speak"))
    return Text(first.zh + second.zh, first.en + (inside(second).en if first.en else second.en))


def decision(name: Text, dealer: Spread, model: Spread, fresh: Sequence[emerging.Theme]) -> Text:
    """What to do next."""
    look = reading(dealer, model)
    first = say("先读新出现的{t}的原话。", "First read what customers say about the new {t}. ", t=_glossed(fresh)) if fresh else Text("", "")
    second = say("{t}（{r}）请归口部门核实一批原话，再定是否立项。",
                 "On {t} ({r}), have the department in charge check a batch of verbatims, then decide whether to start a project.", t=name, r=look)
    return Text(first.zh + second.zh, first.en + second.en)


def refused(reason: Text) -> Mapping[str, Text]:
    """Shown in place of every figure where there are no topics."""
    return dict.fromkeys(FIGURES, reason)


def notes(watch: emerging.Watch, change: Estimate, show_verbatims: bool) -> Mapping[str, Text]:
    """Shown in place of a figure that has nothing to show."""
    none = say("{n} 个晚上，没有话题上名单：没有新话题，也没有话题升温。", "{n} evenings and nothing on the list: no new topic, and none rising.",
               n=watch.evenings)
    hidden = Text("本版不展示客户原话。", "This edition shows no customer quotes.")
    return {
        "emerging": watch.refusal or none, "fresh": hidden, "days": Text("没有要逐日看的话题。", "No topic to follow day by day."),
        "subjects": NO_TOPIC,
        "verbatims": Text("没有带负面标记的原话。", "No negative quotes to show.") if show_verbatims else hidden,
        "alike": Text("没有三种以上写法说同一件事。", "No three wordings say the same thing."),
        "joined": Text("词典没有归入任何话题。", "The dictionary matches none of the topics."),
        "trend": change.reason or NO_TOPIC, "moved": Text("没有后来的声音可以归并。", "There are no later voices to regroup."),
        "unlinked": Text("每个话题都归入了主题。", "Every topic belongs to a theme."), "loose": Text("没有不稳定的话题。", "No topic is unstable."),
    }


def enough_check(texts: int, floor: int) -> Check:
    """Enough different texts."""
    return Check(Text("文字够多", "Enough texts"), texts >= floor, say("{n} 种不同的文字，下限 {k}。", "{n} different texts; at least {k} needed.",
                                                                   n=texts, k=floor),
                 Text("分出来的话题靠运气。", "The topics found would depend on chance."))


def stable_share(voices: int, placed: int, stable: int, topics: int) -> Check:
    """How much of what was said lies in topics that are found again."""
    return Check(
        Text("换一批声音，话题还在", "Topics are found again in other voices"), voices >= placed / 2,
        say("每次只留五分之四的文字、重做 5 次：{k} 个话题里 {s} 个稳定，装下 {v:.0%} 的声音。",
            "Refitted 5 times on four fifths of the texts: {s} of {k} topics are stable and hold {v:.0%} of the voices.", k=topics, s=stable,
            v=voices / max(placed, 1)),
        Text("多数声音落在不稳定的话题里：改粗一些再看。", "Most voices fall in unstable topics: try a coarser granularity."))


def unclear_share(n: int, of: int) -> Check:
    """Voices of no clear topic are a class of their own."""
    return Check(Text("没有明确话题的声音", "Voices with no clear topic"), None,
                 say("{n} 条声音有 {k} 条没有明确话题，照样计数，没有丢掉。", "{k} of {n} voices have no clear topic; they are counted, not dropped.",
                     n=of, k=n))


def order_check(n: int, is_same: bool) -> Check:
    """Another order of rows."""
    return Check(Text("行的先后不改变话题", "The order of rows does not change the topics"), is_same,
                 say("{n} 条声音倒过来再拟合一次，{r}。", "{n} voices fitted again in reverse order: {r}.", n=n,
                     r=Text("每条都在原来的话题", "every one stays in its topic") if is_same else Text("有的换了话题", "some moved")),
                 Text("话题取决于行的先后，不能用。", "Topics depend on the order of rows and cannot be used."))


def dictionary_check(covered: float, floor: float, *, is_complaint: bool) -> Check:
    """Whether the dictionary was made for such voices."""
    of = Text("负面声音", "complaints") if is_complaint else Text("声音", "voices")
    return Check(Text("词典合用", "The dictionary fits"), covered >= floor,
                 say("词典里的主题说得出 {c:.0%} 的{o}，下限 {f:.0%}。", "The dictionary's themes cover {c:.0%} of the {o}; at least {f:.0%} needed.",
                     c=covered, f=floor, o=of),
                 Text("词典不是为这些声音编的，排名改用话题；补好词典（dictionary_file）再跑。",
                      "The dictionary was not made for these voices, so topics are ranked instead; write one that fits (dictionary_file)."))


def gpu_check(engine: Mapping[str, Any]) -> Check:
    """That another machine may group some voices otherwise; `engine` as `voclib.text.engines.Engine.describe` says it."""
    return Check(Text("话题由显卡算出", "Topics were found on a GPU"), None,
                 say("{card}，cuML {cuml}。换一块显卡或换成处理器，少数声音可能归到别的话题；需要不变的话题，请保存模型。",
                     "{card}, cuML {cuml}. On another GPU, or on a CPU, a few voices may fall into other topics; save the model if the topics "
                     "must not change.", card=engine["device"], cuml=engine.get("cuml-cu13", "?")))


def curve_check(curve: pd.DataFrame) -> Check:
    """What another granularity would give."""
    def told(lang: str, name: Text) -> str:
        own = curve[curve["language"].eq(lang)].sort_values("granularity")
        pairs = [f"{row.topics} ({row.stability:.2f})" for row in own.itertuples()]
        return f"{name} " + (", " if name.isascii() else "、").join(pairs)

    spoken = list(dict.fromkeys(curve["language"]))
    zh, en = ("；".join(told(lang, LANGUAGES[lang].zh) for lang in spoken), "; ".join(told(lang, LANGUAGES[lang].en) for lang in spoken))
    return Check(Text("换一个粗细", "At another granularity"), None,
                 say("话题数（稳定度）：{t}。", "Topics (stability): {t}.", t=Text(zh.replace(" (", "（").replace(")", "）"), en)))


def labels_check(n: int, share: float, low: float, high: float) -> Check:
    """Themes against what people labelled."""
    return Check(
        Text("与人工标注相比", "Compared with human labels"), low >= 0.5,
        say("人工标注过、又归入主题的声音 {n} 条：{s:.0%}（{a:.0%}–{b:.0%}）里，人也看到了这个主题。",
            "People labelled {n} voices that have a theme: in {s:.0%} ({a:.0%}–{b:.0%}) of them they saw that theme too.", n=n, s=share,
            a=low, b=high),
        Text("主题的名字对一半声音不成立：先改词典。", "The theme name is wrong for half of the voices: fix the dictionary first."))


def smallest_check(n: int | None, days: int) -> Check:
    """How many voices a new saying needs."""
    found = (Text("没有看到任何一晚。", "No evening was examined.") if n is None else
             say("从前没人说的话，{d} 天里有约 {n} 条（抄的不算）就上名单。",
                 "A phrase nobody used before is listed once it has about {n} voices in {d} days, not counting copies.", n=n,
                 d=days))
    return Check(Text("多少条才会上名单", "Voices needed to be listed"), None, found)


def watched_check(come: Sequence[Text], n: int, watched: int) -> Check:
    """Channels that are too young for the list."""
    name = Text("名单看了每个渠道", "The list covers every channel")
    if not come:
        return Check(name, True, say("{n} 条声音，没有哪个渠道是刚接进来的。", "{n} voices, and no channel has only just begun.", n=watched))
    return Check(name, False,
                 say("{c}是近来才接进来的，{n} 条声音没有进名单：从前没有它，它说的每句话都会像新话题。",
                     "{c} began only recently, so {n} {n:voice is|voices are} not watched: without a past, everything said there would look new.",
                     c=listed(come), n=n),
                 Text("这些渠道的声音请人工抽读，满 13 周后再看名单。",
                      "Have people read a sample of these voices until the channel has 13 weeks behind it."))


def alarms_check(naive: int, rising: int, watch: emerging.Watch) -> Check:
    """The same weeks under the usual alarm."""
    return Check(
        Text("常用的报警会响几次", "How often a conventional alarm would sound"), None,
        say("周计数超过均值三个标准差就报警，会响 {a} 次；本页的名单有 {k} 个升温话题，按预算预计误报 {f:.2g} 次。",
            "An alarm at weekly counts three standard deviations above the mean would sound {a} times; the list here has {k} rising topics, "
            "with {f:.2g} false alarms expected under its budget.", a=naive, k=rising, f=watch.expected_false))


def moved(walk: crosswalk.Crosswalk, voices: Mapping[int, int]) -> pd.DataFrame:
    """One row a fate of the frozen topics in a refit: how many, with how many voices."""
    rows = []
    for fate, name in FATES.items():
        own = [number for number, what in walk.fates.items() if what == fate]
        if own:
            rows.append({"fate": name, "topics": len(own), "voices": sum(voices.get(number, 0) for number in own)})
    return pd.DataFrame(rows, columns=list(MOVED_COLUMNS))

