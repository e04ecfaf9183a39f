"""Voices that count twice: batches under two names, copied posts, the same voice in two channels. What chance explains is not told."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from shop_mapping import SHOP

from voclib.sources import ingest
from voclib.sources.oddities import campaigns, near_duplicates

MAPPING = SHOP + """
  - channel: master
    files: customers.csv
    tables: {customers: {columns: {customer_id: 客户, segment: 客群, is_churned: 流失, value_tier: 级}}}
  - channel: survey
    files: survey.csv
    tables:
      responses: {columns: {response_id: 号, customer_id: 客户, submitted_at: 时, csat_score: 分, campaign_id: 批, channel: 渠道}}
  - channel: social
    files: posts.jsonl
    tables:
      responses:
        columns: {response_id: id, author_id: who, customer_id: member, submitted_at: at, comment: text, channel: where, emotion: mood, reach: fans}
  - channel: ticket
    files: cases.csv
    tables: {cases: {columns: {case_id: 号, response_id: 声音, customer_id: 客户, severity: 级, opened_at: 时}}}
"""
START = pd.Timestamp("2026-01-01 10:00")
WORDS = ["刹车异响", "车机黑屏", "售后推诿", "等了很久", "价格太高", "座椅舒服", "提车顺利", "保养及时", "续航不足", "态度热情"]


def run(folder, *, answers: list[tuple] = (), posts: list[dict] = (), cases: list[str] = ()):
    folder.mkdir(exist_ok=True)
    people = [f"C{n},A,否,{'vvip' if n < 3 else 'regular'}" for n in range(300)]
    (folder / "customers.csv").write_text("\n".join(["客户,客群,流失,级", *people]), "utf-8")
    lines = [f"{number},{customer},{at:%Y-%m-%d %H:%M},{score},{campaign},{channel}" for number, customer, at, score, campaign, channel in answers]
    (folder / "survey.csv").write_text("\n".join(["号,客户,时,分,批,渠道", *lines]), "utf-8")
    (folder / "posts.jsonl").write_text("\n".join(json.dumps(post, ensure_ascii=False, default=str) for post in posts), "utf-8")
    (folder / "cases.csv").write_text("\n".join(["号,声音,客户,级,时", *cases]), "utf-8")
    (folder / "shop.yml").write_text(MAPPING, "utf-8")
    return ingest(folder / "shop.yml", root=folder, out=folder / "out")


def batch(name: str, customers: range, *, seed: int, day: int = 0, mark: str = "A", weights=(1, 1, 1, 1, 1), channel: str = "sms") -> list[tuple]:
    scores = np.random.default_rng(seed).choice(5, size=len(customers), p=np.array(weights) / sum(weights)) + 1
    return [(f"{mark}{n}", f"C{n}", START + pd.Timedelta(days=day + n % 20), score, name, channel)
            for n, score in zip(customers, scores, strict=True)]


def again(rows: list[tuple], name: str, *, minutes: int = 7) -> list[tuple]:
    return [(f"{number}x", customer, at + pd.Timedelta(minutes=minutes), score, name, channel) for number, customer, at, score, _, channel in rows]


class TestSameBatch:
    @pytest.mark.parametrize("seed", range(3))
    def test_a_batch_under_two_names_is_found_and_named(self, tmp_path, seed):
        first = batch("1月回访", range(60), seed=seed)
        pool = run(tmp_path, answers=[*first, *again(first, "1月回访 补发"), *batch("2月回访", range(60), seed=seed + 50, day=31, mark="B")])
        found = pool.scorecard["campaigns"]["same_batch"]
        assert [(item["channel"], item["campaign"], item["repeats_as"], item["customers"], item["agreement"]) for item in found] == [
            ("sms", "1月回访", "1月回访 补发", 60, 1.0)]
        assert found[0]["rows_again"] == 60 and found[0]["days_apart"] == 0.0 and 0.1 < found[0]["expected_agreement"] < 0.35
        assert "sms 的批次“1月回访 补发”疑为“1月回访”重复导入：60 位客户相同，100% 分数一致" in pool.summary("zh")

    def test_agreement_by_chance_does_not_trip_it(self, tmp_path):
        happy = (0, 0, 0, 1, 30)  # nearly everybody gives a five, whichever campaign asks
        one, two = (batch(name, range(100), seed=seed, day=day, mark=name, weights=happy) for name, seed, day in (("P", 1, 0), ("Q", 2, 31)))
        shared = np.mean([a[3] == b[3] for a, b in zip(one, two, strict=True)])
        assert shared >= campaigns.AGREEMENT  # the naive rule, overlap and agreement alone, would call these the same batch
        assert run(tmp_path, answers=[*one, *two]).scorecard["campaigns"]["same_batch"] == []

    def test_few_shared_customers_or_another_channel_is_no_batch(self, tmp_path):
        first = batch("P", range(60), seed=3)
        part = [(f"{n}y", customer, at, score, "Q", channel) for n, customer, at, score, _, channel in first[:40]]
        rest = batch("Q", range(100, 130), seed=4, mark="Z")
        elsewhere = [(*row[:5], "app") for row in again(first, "R")]
        assert run(tmp_path, answers=[*first, *part, *rest, *elsewhere]).scorecard["campaigns"]["same_batch"] == []

    def test_answers_entered_again_without_a_campaign(self, tmp_path):
        first = batch("", range(80), seed=5)
        found = run(tmp_path / "a", answers=[*first, *again(first[:40], "")]).scorecard["campaigns"]["entered_again"]
        assert [(item["channel"], item["month"], item["rows"]) for item in found] == [("sms", "2026-01", 40)]
        other = [(f"{row[0]}x", row[1], row[2] + pd.Timedelta(hours=2), score, "", "sms") for row, score in
                 zip(first, np.random.default_rng(9).integers(1, 6, size=80), strict=True)]
        assert run(tmp_path / "b", answers=[*first, *other]).scorecard["campaigns"]["entered_again"] == []
        assert run(tmp_path / "c", answers=[*first, *again(first[:40], "", minutes=60 * 25)]).scorecard["campaigns"]["entered_again"] == []

    @pytest.mark.parametrize(("hits", "n", "q"), [(9, 10, 0.3), (60, 60, 0.25), (95, 100, 0.9), (40, 100, 0.5)])
    def test_the_bound_is_one(self, hits, n, q):
        assert campaigns.log_chance(hits, n, q) >= math.log(stats.binom.sf(hits - 1, n, q)) - 1e-12


def post(number: int, text: str, *, day: float, who: str | None = None, **more: object) -> dict:
    empty = {"where": "social", "member": None, "mood": None, "fans": None}
    return {"id": f"P{number}", "who": who or f"作者{number}", "at": START + pd.Timedelta(days=day), "text": text} | empty | more


def chatter(n: int, seed: int, span: int = 90) -> list[dict]:
    """Posts of words thrown together, no two much alike."""
    draw = np.random.default_rng(seed)
    return [post(k, "".join(draw.permutation(WORDS)[:5]) + f"门店{draw.integers(1, 99)}", day=float(draw.uniform(0, span))) for k in range(n)]


COPY = "辰星新车内饰异味严重{}，大家千万不要上当{}，维权群见"


def copies(n: int, *, day: float = 40, spread: float = 3, authors: int | None = None) -> list[dict]:
    marks = ["！", "!!", "😡", "。。", " 1", "～"]
    return [post(1000 + k, COPY.format(marks[k % 6], marks[k % 5]), day=day + spread * k / n, who=f"水军{k % (authors or n)}") for k in range(n)]


def copied(pool) -> list[tuple]:
    return [(item["channel"], item["voices"], item["authors"]) for item in pool.scorecard["campaigns"]["copied_text"]]


class TestCopiedText:
    @pytest.mark.parametrize("seed", range(2))
    def test_a_campaign_is_found_and_never_quoted(self, tmp_path, seed):
        pool = run(tmp_path / "a", posts=[*chatter(200, seed), *copies(30)])
        assert copied(pool) == [("social", 30, 30)]
        item = pool.scorecard["campaigns"]["copied_text"][0]
        assert (item["first_day"], item["last_day"]) == ("2026-02-10", "2026-02-13") and item["examples"] == ["P1000", "P1001", "P1002"]
        assert "维权" not in json.dumps(pool.scorecard, ensure_ascii=False)
        assert "social 在 2026-02-10 至 2026-02-13 有 30 条几乎相同的文字" in pool.summary("zh")
        mixed = [*chatter(200, seed), *copies(30)]
        np.random.default_rng(seed).shuffle(mixed)
        assert run(tmp_path / "b", posts=mixed).scorecard == pool.scorecard

    @pytest.mark.parametrize(("what", "posts"), [
        ("nothing planted", []), ("nine copies", copies(9)), ("four authors", copies(30, authors=4)),
        ("spread over the quarter", copies(30, day=0, spread=90)),
        ("a stock phrase", [post(2000 + k, "很好很满意", day=40) for k in range(30)]),
    ])
    def test_what_is_no_campaign(self, tmp_path, what, posts):
        assert copied(run(tmp_path, posts=[*chatter(200, 7), *posts])) == [], what


class TestNear:
    def test_digits_blanks_signs_and_emoji_do_not_count(self):
        texts = ["等了 30 分钟，没人管我们！", "等了45分钟没人管我们😡", "等了分钟没人管我们", "另外一件完全不同的事情", "好", None]
        found = near_duplicates.groups(pd.Series(texts, dtype="str")).tolist()
        assert found[0] == found[1] == found[2] != found[3] and found[3] >= 0 and found[4:] == [-1, -1]

    def test_every_close_pair_is_found_and_no_distant_one(self):
        draw = np.random.default_rng(11)
        texts = ["".join(chr(int(c)) for c in draw.integers(0x4E00, 0x4E00 + 400, size=40)) for _ in range(300)]
        texts += [text[:k] + "啊" + text[k + 1:] for text, k in zip(texts[:100], draw.integers(0, 2, size=100), strict=True)]
        found = near_duplicates.groups(pd.Series(texts, dtype="str"))
        assert (found[:100].to_numpy() == found[300:].to_numpy()).all() and found.nunique() == 300
        order = draw.permutation(len(texts))
        assert (near_duplicates.groups(pd.Series(texts, dtype="str").iloc[order]).sort_index() == found).all()


class TestDuplicatesAndTiers:
    def test_one_voice_in_two_channels_is_counted_by_pair(self, tmp_path):
        said = "新买的车第三天车机就黑屏，售后推来推去"
        posts = [post(1, said, day=1, who="甲"), post(2, said + "！！", day=9, who="甲", where="appstore"),
                 post(3, said, day=60, who="甲", where="post"),
                 post(4, said, day=2, who="乙"), post(5, said[:-6] + "没人负责任", day=3, who="丙", member="C5"), *chatter(40, 3)]
        answers = [("A1", "C1", START, 3, "", "sms"), ("A2", "C1", START + pd.Timedelta(hours=3), 3, "", "app"), ("A3", "C1", START, 4, "", "phone"),
                   ("A4", "C2", START, 3, "", "app"), ("A5", "C1", START + pd.Timedelta(days=1), 3, "", "email")]
        found = run(tmp_path, posts=posts, answers=answers).scorecard["duplicates"]
        assert found == [{"channels": ["app", "sms"], "by_text": 0, "by_score": 1, "pairs": 1},
                         {"channels": ["appstore", "social"], "by_text": 1, "by_score": 0, "pairs": 1}]

    def test_tiers_and_urgency(self, tmp_path):
        answers = [(f"A{n}", f"C{n}", START, 3, "", "sms") for n in range(6)] + [("A9", "C999", START, 3, "", "sms")]
        posts = [post(n, WORDS[n % 10] * 3, day=n, mood="negative" if n % 2 else "positive", fans=n) for n in range(100)]
        cases = ["Q1,A1,C1,safety,2026-01-02 10:00", "Q2,A4,C4,high,2026-01-02 10:00", "Q3,A5,C5,low,2026-01-02 10:00"]
        tiers = run(tmp_path, answers=answers, posts=posts, cases=cases).scorecard["tiers"]
        voices = {(item["channel"], item["tier"], item["urgent"]): item["n"] for item in tiers["voices"]}
        assert voices == {("sms", "vvip", True): 1, ("sms", "vvip", False): 2, ("sms", "regular", True): 1, ("sms", "regular", False): 2,
                          ("sms", "unknown", False): 1, ("social", "unknown", True): 1, ("social", "unknown", False): 99}
        assert tiers["cases"] == [{"tier": "regular", "urgent": False, "n": 1}, {"tier": "regular", "urgent": True, "n": 1},
                                  {"tier": "vvip", "urgent": True, "n": 1}]
