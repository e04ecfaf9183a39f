"""Years of voices in which nothing happens, and complaints of a few dozen people that nobody has made before, planted into them.

The quiet world is not a still one: volume grows, swings with the season and the weekday, topics wax and wane from day to day, one drifts and one has
a season of its own. A complaint is told in several ways, in Chinese and English, with the openings, closings, emoji and typing errors of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate import verbatims
from voclib.simulate.streams import planted, stream
from voclib.simulate.verbatims import TOPICS

START = "2024-01-01"
Way = tuple[tuple[str, ...], tuple[str, ...]]  # subjects and what is told of them: one of each makes a sentence
STORIES: dict[str, dict[str, tuple[Way, ...]]] = {
    "boot_leak": {
        "zh": ((("下完雨后备箱", "洗完车后备箱", "后备箱垫子下面"), ("全是积水", "积水能养鱼", "又积水了，都发霉了")),
               (("雨天一过尾箱", "后备箱密封条这边"), ("积水一大滩", "渗水积水，备胎都泡了"))),
        "en": ((("After rain the boot", "After a car wash the boot", "The trunk"),
                ("is full of water", "leaks water and smells of mould", "was soaked")),
               (("Water collects", "There is water again"), ("in the boot under the mat", "in the trunk around the spare wheel"))),
    },
    "hot_seat": {
        "zh": ((("座椅加热开了十分钟", "副驾座椅加热", "主驾座垫"), ("烫得坐不住", "有股烧焦味", "烫出一个焦印")),
               (("冬天开加热，座垫", "座椅加热模块"), ("居然烧焦冒烟", "烫伤了我太太"))),
        "en": ((("The heated seat", "Seat heating on the passenger side", "My seat heater"), ("burnt my leg", "smells burnt", "left a scorch mark")),
               (("The cushion", "The seat cushion"), ("got scorched by the heater", "is burnt where the heating wire runs"))),
    },
    "glass_roof": {
        "zh": ((("全景天幕", "停在小区里，天幕玻璃", "高速上天幕"), ("突然自爆", "自己炸裂了", "炸裂，碎渣掉一身")),
               (("头顶玻璃", "车顶那块玻璃"), ("毫无征兆自爆", "自爆了一地，孩子吓哭"))),
        "en": ((("The panoramic roof", "Our glass roof", "The sunroof glass"),
                ("shattered on the motorway", "exploded while parked", "shattered for no reason")),
               (("Glass rained down", "I got cut"), ("when the roof shattered", "after the sunroof exploded overhead"))),
    },
    "self_unlock": {
        "zh": ((("半夜车门", "锁好的车门", "人走远以后车门"), ("自己解锁了", "自动解锁，东西被偷", "无故解锁，太没安全感")),
               (("手机收到解锁通知", "监控里车子"), ("，我根本没碰它", "凌晨自己解锁两次"))),
        "en": ((("The doors", "My locked doors", "At night the doors"),
                ("unlocked by themselves", "unlock on their own", "unlocked and things were stolen")),
               (("I was told the car", "Our camera shows that it"), ("unlocked itself overnight", "unlocks itself with nobody near"))),
    },
    "phantom_braking": {
        "zh": ((("高速上辅助驾驶", "桥下面车子", "前面没车也"), ("突然幽灵刹车", "无故急刹，差点被追尾", "一脚急刹，吓出冷汗")),
               (("自适应巡航", "领航功能"), ("莫名其妙急刹", "幽灵刹车太多次"))),
        "en": ((("Cruise control", "The assistant", "On the motorway it"),
                ("slams the brakes for no reason", "does phantom braking", "braked hard under a bridge")),
               (("Phantom braking", "Sudden braking by itself"), ("nearly got us rear-ended", "scared my family"))),
    },
    "leaked_data": {
        "zh": ((("看完车之后", "留了电话以后", "刚下定"), ("天天接到贷款骚扰电话", "骚扰电话一个接一个", "个人信息就被泄露了")),
               (("我的个人信息", "客户资料"), ("被谁泄露给中介了", "泄露，骚扰短信不断"))),
        "en": ((("Since my visit", "After the test drive", "Ever since I signed"),
                ("I get scam calls about loans", "spam calls never stop", "strangers know my number")),
               (("My personal data", "Somebody's customer list"), ("was leaked to scammers", "has been leaked, spam calls daily"))),
    },
    "coolant": {
        "zh": ((("防冻液", "冷却液", "停车位上防冻液"), ("三个月就见底了", "漏了一地", "渗漏，一直报低液位")),
               (("水壶里的防冻液", "冷却管接头"), ("又少了一半，怕是渗漏", "渗漏，机舱里全是粉红色"))),
        "en": ((("Coolant", "The coolant tank", "My coolant level"),
                ("leaks onto the garage floor", "is empty after three months", "keeps dropping")),
               (("A pink puddle", "There was steam"), ("from leaking coolant", "because the coolant hose burst"))),
    },
    "peeling_leather": {
        "zh": ((("真皮座椅", "方向盘的皮", "座椅皮面"), ("开裂起皮", "掉皮掉色，裤子都染了", "才一年就起皮")),
               (("坐垫侧边的皮子", "门板包皮"), ("起皮一碰就掉", "开裂掉色，像二手车"))),
        "en": ((("The leather", "Steering wheel leather", "Seat leather"), ("is peeling off", "cracks and stains my trousers", "peels after a year")),
               (("Dye rubs off", "Flakes come off"), ("the leather seats", "the peeling leather rim"))),
    },
    "dead_key": {
        "zh": ((("钥匙", "遥控钥匙", "蓝牙钥匙"), ("不到一个月就没电，打不开门", "老是识别不到", "识别失败，进不了车")),
               (("站在车边钥匙", "换了纽扣电池，钥匙"), ("还是识别不到", "照样没反应识别失败"))),
        "en": ((("The key fob", "My smart key", "The spare key fob"),
                ("is not recognised", "drains its battery in a month", "goes dead, locked me out")),
               (("Locked out", "Could not start"), ("because the fob was not recognised", "with a dead key fob in my hand"))),
    },
    "airbag_light": {
        "zh": ((("气囊灯", "安全气囊警示灯", "一打火气囊灯"), ("常亮不灭", "亮了，不敢开", "时亮时灭，心里发毛")),
               (("仪表一直提示气囊", "副驾气囊"), ("系统故障，常亮", "提示失效常亮"))),
        "en": ((("The airbag light", "An airbag warning", "The airbag lamp"), ("stays on", "came on and I dare not drive", "comes and goes")),
               (("Airbag fault", "Passenger airbag off"), ("shows since last week", "is shown although nobody touched it"))),
    },
    "paint_bubbles": {
        "zh": ((("引擎盖车漆", "车门下沿的漆", "车顶漆面"), ("起泡了", "一片一片起泡脱落", "鼓包起泡，像长痘")),
               (("才两年漆面", "补过漆的地方"), ("鼓包脱落", "又起泡鼓包"))),
        "en": ((("The paint", "Bonnet paint", "Paint on the roof"), ("is bubbling", "blisters and flakes", "bubbles after two summers")),
               (("Blisters", "Bubbles everywhere"), ("in the paint along the doors", "under the clear coat, paint flakes"))),
    },
    "foggy_lamps": {
        "zh": ((("大灯", "前大灯里面", "尾灯"), ("起雾全是水珠", "进水汽，起雾看不清路", "水汽散不掉")),
               (("灯罩里", "雨后灯罩"), ("凝了一层水汽", "起雾像毛玻璃"))),
        "en": ((("The headlights", "Both headlamps", "Tail lamps"), ("fog up inside", "are full of condensation", "have droplets inside")),
               (("Condensation", "Moisture"), ("inside the headlamps, hardly any light", "in the lamp fogs it up"))),
    },
}


@dataclass(frozen=True, kw_only=True)
class Outbreak:
    """One planted complaint: which story, in which language, how many voices, from which day on, over how many days."""

    story: str
    language: str
    size: int
    first: int
    spread: int = 7


def draw(seed: int, *, days: int = 456, per_week: int = 3000, outbreaks: Sequence[Outbreak] = (), campaign: int = 0, rise: float = 1.0,
         rise_from: int = 400, drift: float | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw `days` days with about `per_week` voices a week, and the outbreaks in them.

    By seed: growth a year (0.9 – 1.5), seasonal swing (0.1 – 0.3), dispersion of a day's volume and of a topic's share on a day (squared coefficients
    of variation 0.01 – 0.04 and 0.02 – 0.08), `drift` of one topic's share over a year (times 0.6 – 1.6), the season of another (swing 0.2 – 0.4).
    `campaign` copies of one new text are posted in the middle, by as many authors; the topic `waiting_time` comes `rise` times as often for two weeks
    from day `rise_from`.

    The frame has one row a voice, in random order: `text, submitted_at` (UTC), `topic` (as an index, −1 in an outbreak), `author`, `outbreak` (its
    place in the list given, −1 none). The truth holds what was drawn, and `first`, the day of each outbreak's first voice.
    """
    rng = stream(seed, "dgp_outbreak")
    world = {"growth": planted(rng, None, 0.9, 1.5), "swing": planted(rng, None, 0.1, 0.3), "volume": planted(rng, None, 0.01, 0.04),
             "topics": planted(rng, None, 0.02, 0.08), "drift": planted(rng, drift, 0.6, 1.6), "season": planted(rng, None, 0.2, 0.4)}
    day, topic = _quiet(rng, days, per_week, world, rise, rise_from)
    n = len(day)
    second = np.where(rng.random(n) < 0.25, rng.integers(0, len(TOPICS), n), -1)
    text = verbatims.write(rng, topic=topic, second=second, tone=rng.choice(3, n, p=[0.45, 0.35, 0.2]), language=(rng.random(n) < 0.3).astype(int))
    hostile = np.flatnonzero(rng.random(n) < 0.002)
    text[hostile] = rng.choice(np.array(verbatims.HOSTILE, dtype=object), hostile.size)
    frames = [pd.DataFrame({"text": text, "day": day, "topic": topic, "outbreak": -1})]
    for place, outbreak in enumerate(outbreaks):
        when = outbreak.first + np.sort(rng.integers(0, outbreak.spread, outbreak.size))
        text = told(rng, outbreak.story, outbreak.language, outbreak.size)
        frames.append(pd.DataFrame({"text": text, "day": when, "topic": -1, "outbreak": place}))
    if campaign:
        copied = "请大家转发：抵制霸王条款，还我知情权，联名维权到底！"
        frames.append(pd.DataFrame({"text": [copied] * campaign, "day": days // 2 + rng.integers(0, 5, campaign), "topic": -1, "outbreak": -1}))
    made = pd.concat(frames, ignore_index=True)
    made = made[made["day"] < days].sample(frac=1, random_state=rng.integers(2**31)).reset_index(drop=True)
    second = rng.integers(0, 86_400, len(made))
    at = pd.Timestamp(START, tz="Asia/Shanghai") + pd.to_timedelta(made["day"], unit="D") + pd.to_timedelta(second, unit="s")
    firsts = made[made["outbreak"] >= 0].groupby("outbreak")["day"].min().to_dict()
    frame = made.assign(submitted_at=at.dt.tz_convert("UTC"), author=[f"a{k}" for k in rng.permutation(len(made))])
    return frame[["text", "submitted_at", "topic", "author", "outbreak"]], {**world, "first": firsts}


def told(rng: np.random.Generator, story: str, language: str, n: int) -> np.ndarray:
    """`n` tellings of a story (n,), text."""
    extras = verbatims.grammar(language).extras
    ways, made = STORIES[story][language], np.empty(n, dtype=object)
    for k in range(n):
        way = ways[rng.integers(len(ways))]
        subject, complaint = (part[rng.integers(len(part))] for part in way)
        opening = extras["openings"]["negative"][rng.integers(len(extras["openings"]["negative"]))]
        closing = extras["closings"]["negative"][rng.integers(len(extras["closings"]["negative"]))]
        gap, stop = ("", "。") if language == "zh" else (" ", ". ")
        made[k] = f"{opening}{gap if opening else ''}{subject}{gap}{complaint}{stop}{closing}".strip()
    return verbatims._with_typos(rng, made, extras["typos"])


def _quiet(rng: np.random.Generator, days: int, per_week: int, world: dict[str, float], rise: float, rise_from: int) -> tuple[np.ndarray, np.ndarray]:
    """Days of voices and their topics."""
    t = np.arange(days)
    phase, phase_2 = rng.uniform(0, 2 * np.pi, 2)
    weekday = rng.dirichlet(np.full(7, 20.0)) * 7
    volume = per_week / 7 * world["growth"] ** (t / 365) * (1 + world["swing"] * np.sin(2 * np.pi * t / 365 + phase)) * weekday[t % 7]
    n = rng.poisson(volume * rng.gamma(1 / world["volume"], world["volume"], days))
    share = np.tile(rng.dirichlet(np.full(len(TOPICS), 8.0)), (days, 1))
    drifting, seasonal = rng.permutation(np.arange(1, len(TOPICS)))[:2]
    share[:, drifting] *= world["drift"] ** (t / 365)
    share[:, seasonal] *= 1 + world["season"] * np.sin(2 * np.pi * t / 365 + phase_2)
    share[rise_from:rise_from + 14, 0] *= rise
    share *= rng.gamma(1 / world["topics"], world["topics"], share.shape)
    share /= share.sum(axis=1, keepdims=True)
    day = np.repeat(t, n)
    topic = (rng.random((len(day), 1)) > np.cumsum(share, axis=1)[day]).sum(axis=1)
    return day, np.minimum(topic, len(TOPICS) - 1)
