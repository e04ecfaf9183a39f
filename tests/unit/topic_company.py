"""Small standard tables whose voices speak of planted topics: one at one dealer, one of one model, one that is new in the last days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.schema import validate

DEALERS, MODELS = [f"D{k:02d}" for k in range(12)], ("甲车", "乙车", "丙车")
SAID = {
    "wait": (["排队等了{n}分钟才轮到保养", "保养预约了还是等了{n}分钟", "在店里干等{n}分钟没有人理"], -1),
    "price": (["配件报价涨到{n}块，太贵了", "换个配件要{n}块，比外面贵一半", "保养账单{n}块，配件价格离谱"], -1),
    "noise": (["过坎底盘异响，修了{n}次没好", "高速车门异响，跑了{n}趟", "底盘咯噔响，第{n}次返修"], -1),
    "lounge": (["休息区咖啡好喝，等{n}分钟也舒服", "休息区有简餐，孩子玩了{n}分钟", "休息区安静，座位干净，坐了{n}分钟"], 1),
    "sales": (["销售耐心，讲了{n}遍配置", "销售小王热情，试驾陪了{n}公里", "销售实在，没有催单，谈了{n}次"], 1),
}
ENGLISH = {
    "wait": (["waited {n} minutes in the queue before my service", "sat waiting {n} minutes and nobody came", "the queue took {n} minutes"], -1),
    "lounge": (["the lounge coffee is nice, stayed {n} minutes", "clean lounge and snacks for {n} minutes",
                "quiet lounge, good seats for {n} minutes"], 1),
}
NEW = ["车钥匙{n}天就失灵，打不开门", "钥匙感应不到，试了{n}次", "换了电池钥匙还是失灵，第{n}回"]
AROUND = {"zh": (["说实话，", "昨天去店里，", "朋友推荐来的，", "老客户了，", "周末带孩子去，", "第一次来，", "路过顺便，", "下班赶过去，"],
                 ["，希望改进", "，记一笔", "，供参考", "，下次再看", "，给个说法", "，就这样", "，谢谢", "，家人也这么讲"]),
          "en": (["honestly, ", "yesterday ", "as a regular, ", "first visit, ", "with the kids, ", "after work, ", "on a whim, ", "again "],
                 [", please note", ", take care", ", thanks", ", see you", ", that is all", ", my wife agrees", ", for the record", ", cheers"])}
LAST = pd.Timestamp("2026-09-30")
HOSTILE = ["", "   ", "👍👍", "好", "\u200b\u200b", "</script><b>x</b>", "a.*(+?[", "长" * 5000]


def tables(*, n: int = 1500, new: int = 30, seed: int = 5, hostile: bool = True) -> dict[str, pd.DataFrame]:
    """`n` voices of 200 days before 2026-09-30, and `new` on a new theme in the last ten days; scores go with the tone."""
    rng = np.random.default_rng(seed)
    rows = [_row(rng, *_drawn(rng)) for _ in range(n)]
    rows += [_row(rng, NEW[k % 3], -1, "new", days=int(rng.integers(0, 10))) for k in range(new)]
    rows += [{"comment": text, "days": 50, "tone": 0, "dealer": "D01", "who": f"H{k}", "model": MODELS[0]} for k,
             text in enumerate(HOSTILE)] * hostile
    frame = pd.DataFrame(rows)
    people = frame.drop_duplicates("who")
    made = {
        "units": pd.DataFrame({"unit_id": DEALERS, "name": [f"辰星{d}店" for d in DEALERS], "kind": "dealer",
                               "region": [("华东", "华南", "华北")[k % 3] for k in range(12)]}),
        "customers": pd.DataFrame({"customer_id": people["who"], "is_churned": "0", "unit_id": people["dealer"], "segment": "家庭",
                                   "product": people["model"]}),
        "responses": pd.DataFrame({
            "response_id": [f"R{k:05d}" for k in range(len(frame))], "customer_id": frame["who"], "unit_id": frame["dealer"], "channel": "sms",
            "submitted_at": [f"{LAST - pd.Timedelta(days=d):%Y-%m-%d} 12:00" for d in frame["days"]], "business_type": "售后",
            "nps_score": np.where(frame["tone"] < 0, 2, np.where(frame["tone"] > 0, 10, 8)), "comment": frame["comment"], "weight": "1"}),
    }
    return {name: validate(table, name).accepted for name, table in made.items()}


def _drawn(rng: np.random.Generator) -> tuple[str, int, str]:
    is_english = rng.random() < 0.15
    book = ENGLISH if is_english else SAID
    topic = sorted(book)[rng.integers(len(book))]
    wordings, tone = book[topic]
    return wordings[rng.integers(len(wordings))], tone, topic


def _row(rng: np.random.Generator, wording: str, tone: int, topic: str, days: int | None = None) -> dict[str, object]:
    """A voice; prices are complained of at one dealer, noises in one model."""
    dealer = DEALERS[3] if topic == "price" and rng.random() < 0.7 else DEALERS[rng.integers(12)]
    model = MODELS[1] if topic == "noise" and rng.random() < 0.8 else MODELS[rng.integers(3)]
    before, after = AROUND["en" if wording.isascii() else "zh"]
    text = before[rng.integers(len(before))] + wording.format(n=int(rng.integers(2, 900))) + after[rng.integers(len(after))]
    return {"comment": text, "tone": tone, "dealer": dealer, "model": model,
            "days": int(rng.integers(0, 200)) if days is None else days, "who": f"C{rng.integers(10**9):09d}"}
