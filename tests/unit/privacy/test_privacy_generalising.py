"""What tells people apart in a text becomes wider; what does not stays; hostile texts pass through safely."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from voclib.privacy import generalising
from voclib.privacy.generalising import Known, bin_of, generalise
from voclib.simulate.worlds import identities

KNOWN = Known.of(models=["云驰 A1", "云驰 Mini"], dealers=["云驰汽车·青山湖滨店"], places=["华东"])


def said(text: str) -> str:
    return generalise(pd.Series([text]), known=KNOWN).texts.iloc[0]


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("打赵师傅电话没人接", "打〔某人〕电话没人接"),
        ("我叫王小明，上次来过", "〔某人〕，上次来过"),
        ("销售小李一听就变脸", "销售〔某人〕一听就变脸"),
        ("Called Mr Zhou twice.", "Called [someone] twice."),
        ("My name is Jane Brown and I wait.", "[someone] and I wait."),
        ("3月12日去的", "〔某天〕去的"),
        ("2026年3月12日", "〔某天〕"),
        ("周三中午去的", "〔某天〕去的"),
        ("2026-03-12 came", "[some day] came"),
        ("On 12 March they closed.", "On [some day] they closed."),
        ("I came last Friday.", "I came [some day]."),
        ("早上9点半到的", "〔某时〕到的"),
        ("Came at 3:30 pm and left.", "Came at [some time] and left."),
        ("检测费收了860元", "检测费收了500–1,000 元"),
        ("要3200块", "要2,000–5,000 元"),
        ("花了1.2万元", "花了10,000–20,000 元"),
        ("They took ¥1,980 off.", "They took 1,000–2,000 yuan off."),
        ("fee of 1,980 yuan", "fee of 1,000–2,000 yuan"),
        ("手续费要720，没写", "手续费要500–1,000，没写"),
        ("排了25分钟", "排了20–50分钟"),
        ("I waited 90 minutes.", "I waited 50–100 minutes."),
        ("只跑210公里", "只跑200–500公里"),
        ("A1 旗舰版很好", "〔某款产品〕很好"),
        ("云驰A1很好", "〔某款产品〕很好"),
        ("刚提云驰 Mini4天", "刚提〔某款产品〕2–5天"),
        ("尊享版 A1更慢", "〔某款产品〕更慢"),
        ("青山湖滨店太远", "〔某店〕太远"),
        ("在云驰汽车·青山湖滨店修的", "在〔某店〕修的"),
        ("华东的店都这样", "〔某地〕的店都这样"),
        ("看 https://a.cn/x?y=1 就知道", "看 〔链接〕 就知道"),
        ("找 @小红帽88 问", "找 〔链接〕 问"),
        ("订单 A123456789 还没到", "订单 〔号码〕 还没到"),
    ],
)
def test_a_clue_becomes_wider(text: str, becomes: str) -> None:
    assert said(text) == becomes


@pytest.mark.parametrize(
    "text", ["等了半小时没人理", "小时候就喜欢车", "升级到 4.0.6 之后更卡", "高速上有风噪", "很小高低不平", "订车前一口一个哥", ""]
)
def test_what_tells_nobody_apart_stays(text: str) -> None:
    assert said(text) == text


def test_counts_and_candidates() -> None:
    found = generalise(pd.Series(["打赵师傅电话，收了860元和720元", None, "联系王建国，他说不行"]), known=KNOWN)
    assert found.found.loc[0, ["name", "amount"]].tolist() == [1, 2] and found.found.loc[1].sum() == 0
    assert pd.isna(found.texts[1]) and found.candidates.tolist() == [0, 0, 1]


def test_signs_that_nobody_sees_go_and_emoji_stay_whole() -> None:
    assert said("a\u202eb\u200bc\u0000d") == "abcd"
    assert said("累\U0001f62e\u200d\U0001f4a8") == "累\U0001f62e\u200d\U0001f4a8"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=HYPERLINK(1)", "9" * 5000, "王" * 20_000, "1 " * 20_000, "Mr " * 10_000])
def test_hostile_texts_are_only_texts_and_take_no_time(text: str) -> None:
    began = time.perf_counter()
    assert isinstance(said(text), str)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(("value", "ends"), [(0.4, (0, 1)), (1, (1, 2)), (4.9, (2, 5)), (5, (5, 10)), (860, (500, 1000)), (1000, (1000, 2000))])
def test_ranges(value: float, ends: tuple[float, float]) -> None:
    assert bin_of(value) == ends


def test_planted_clues_are_found_and_sentences_without_stay() -> None:
    frame = identities.texts(3, n=600)
    known = Known.of(models=identities.PRODUCTS, dealers=["云驰汽车·青山湖滨店"])
    found = generalise(frame["text"], known=known)
    planted = frame["kind"].ne("none")
    still = [clue in text for clue, text in zip(frame.loc[planted, "clue"], found.texts[planted], strict=True)]
    assert sum(still) == 0 and planted.sum() > 400
    assert (found.texts[~planted] == frame.loc[~planted, "text"]).all()
    assert found.found[[k for k in generalising.KINDS if k in set(frame["kind"])]].to_numpy().sum() == planted.sum()


def test_without_lists_nothing_but_patterns_is_known() -> None:
    assert generalise(pd.Series(["云驰 A1 在青山湖滨店"])).texts.iloc[0] == "云驰 A1 在青山湖滨店"
