"""What a topic is called: the words that stand in it and seldom elsewhere, in its own language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voclib.text import writing

Terms = tuple[tuple[str, float], ...]
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CJK = re.compile(r"[\u3400-\u9fff]+")
_FILLER_ZH = """
一个 这个 那个 没有 就是 还是 什么 怎么 自己 我们 你们 他们 它们 可以 但是 因为 所以 如果 不是 已经 现在 时候 这样 那样 这么 那么
非常 真的 感觉 觉得 知道 东西 有点 一下 一点 一直 还有 不过 而且 然后 或者 以及 一样 一些 这些 那些 这种 那种 出来 起来 下来 不能
不会 不要 只是 只有 比较 这里 那里 为什么 多少 大家 其他 别的 之后 之前 以后 以前 的话 虽然 不知 之类 其实 居然 竟然 根本 完全 特别
"""
_FILLER_EN = """
a about above across after afterwards again against all almost along already also although always am among an and another any anybody anyhow anyone
anything anyway anywhere are aren around as at away back be became because become becomes becoming been before being below beside besides between
beyond both but by came can cannot cant come comes could couldn couldnt did didn didnt do does doesn doesnt doing don done dont down during each eg
either else elsewhere enough etc even ever every everybody everyone everything everywhere except few find for found from further get gets getting
give given go goes going gone got had hadn has hasn hasnt have haven having he hence her here hers herself him himself his how however i id ie if
ill im in indeed instead into is isn isnt it its itself ive just keep kept least less let like ll made make makes making many may maybe me meanwhile
might mine more moreover most mostly much must my myself namely neither never nevertheless no nobody none nor not nothing now nowhere of off often
on once one only onto or other others otherwise ought our ours ourselves out over own per perhaps please put quite rather re really same saw see
seem seemed seems seen several shall she should shouldn since so some somebody somehow someone something sometimes somewhere still such take taken
takes than that thats the their theirs them themselves then there therefore these they this those though through throughout thus to together too
took toward towards under until up upon us ve very via want wanted wants was wasn we well went were weren what whatever when whenever where whereas
wherever whether which while who whoever whole whom whose why will with within without won wont would wouldn yet you your yours yourself yourselves
two three four five six seven eight nine ten eleven twelve twenty hundred first second third last next
"""
_STOP_ZH, _STOP_EN = frozenset(_FILLER_ZH.split()), frozenset(_FILLER_EN.split())


def words(form: str, *, language: str) -> list[str]:
    """The words of a normal form that may name a topic: no single letters or characters, no function words.

    Chinese is segmented by rjieba (jieba's dictionary and hidden Markov model); English by letters. The lists of function words are our own: those in
    circulation (Nothman, Qin & Yurchak 2018, NLP-OSS) hold words that customers complain of, such as bill, call, fire, front or system.
    """
    form = writing.unaddressed(form)
    if language == "zh":
        import rjieba

        found = [w for run in _CJK.findall(form) for w in rjieba.cut(run)]
        return [w for w in found if len(w) > 1 and w not in _STOP_ZH] + [w for w in _WORD.findall(_CJK.sub(" ", form)) if len(w) > 1]
    return [w for w in _WORD.findall(form) if len(w) > 1 and w.split("'")[0].split("’")[0] not in _STOP_EN]


def names(forms: Sequence[str], labels: NDArray[np.intp], counts: NDArray[np.intp], *, language: str, most: int = 8) -> list[Terms]:
    """For each topic 0, 1, … its `most` telling words with their weights, the highest first.

    Class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794): with f the share a word has of the topic's words and F its count in all topics,
    weight f · log(1 + A/F), where A is the mean number of words a topic. A text counts once however often it was sent (`counts` (n,) is how
    many voices it stands for, and only decides between words of one weight), so that a copied post names no topic.
    """
    from scipy import sparse

    topics = int(labels.max()) + 1 if labels.size else 0
    vocabulary: dict[str, int] = {}
    rows, columns, times = [], [], []
    for form, topic, count in zip(forms, labels.tolist(), counts.tolist(), strict=True):
        if topic >= 0:
            for word in set(words(form, language=language)):
                rows.append(topic)
                columns.append(vocabulary.setdefault(word, len(vocabulary)))
                times.append(1.0 + 1e-6 * count)
    if not vocabulary:
        return [()] * topics
    table = sparse.csr_matrix((times, (rows, columns)), shape=(topics, len(vocabulary)))
    whole, spoken = np.asarray(table.sum(axis=0)).ravel(), np.asarray(table.sum(axis=1)).ravel()
    rarity = np.log(spoken.mean() + whole) - np.log(whole)  # log(1 + A/F)
    return [_leading(table.getrow(topic), rarity / max(spoken[topic], 1.0), list(vocabulary), most) for topic in range(topics)]


def _leading(row: Any, worth: NDArray[np.float64], vocabulary: list[str], most: int) -> Terms:
    """The heaviest words of one topic; a word of a single text is no name, nor is the plural beside its singular."""
    weights = np.where(row.data > 1.5, row.data * worth[row.indices], 0.0)
    order = sorted(range(row.nnz), key=lambda k: (-round(weights[k], 12), vocabulary[row.indices[k]]))
    chosen: dict[str, float] = {}
    for word, weight in ((vocabulary[row.indices[k]], weights[k]) for k in order if weights[k] > 0):
        if len(chosen) == most:
            break
        if chosen.keys().isdisjoint((f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es"))):
            chosen[word] = float(round(weight, 6))
    return tuple(chosen.items())
