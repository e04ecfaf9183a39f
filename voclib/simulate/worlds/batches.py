"""Parts, their batches and suppliers, and which batch a repair is about; one batch fails several times as often as its siblings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.streams import planted

RATIO = (3.0, 6.0)
"""Repairs per vehicle fitted with the bad batch against its siblings', over the whole time observed."""
LATEST_SURGE = 120
"""Days before the end by which the bad batch begins to fail."""


@dataclass(frozen=True)
class Part:
    """A part: names, share of repairs relative to the others, topic it is complained about under, faults and suppliers."""

    name: str
    english: str
    weight: float
    topic: str
    faults: tuple[str, ...]
    english_fault: str
    suppliers: tuple[str, ...]


PARTS = (
    Part("刹车片", "brake pads", 2.4, "noise", ("异响", "磨损过快", "制动抖动"), "squeal", ("恒岳制动", "铭拓制动", "东屿摩擦材料")),
    Part("前减震", "front strut", 1.5, "noise", ("漏油", "过坎异响", "回弹无力"), "leaking", ("川驰减震", "柏瑞底盘")),
    Part("雨刮电机", "wiper motor", 1.0, "repair_quality", ("不动作", "间歇停顿", "异响"), "stops at times", ("岚电机电", "欣陆电机")),
    Part("门锁电机", "door lock actuator", 1.0, "repair_quality", ("不落锁", "反复上锁", "异响"), "does not lock",
         ("岚电机电", "卓铆门系统", "欣陆电机")),
    Part("天窗电机", "sunroof motor", 0.8, "noise", ("卡滞", "异响", "关不严"), "sticks", ("欣陆电机", "穹顶天窗")),
    Part("空调压缩机", "AC compressor", 1.3, "repair_quality", ("不制冷", "异响", "漏冷媒"), "does not cool", ("北澜热管理", "清岭空调")),
    Part("小电瓶", "12V battery", 1.7, "driving_range", ("亏电", "无法启动", "报警"), "flat", ("霆源电池", "汇能电池", "北澜热管理")),
    Part("中控屏主机", "head unit", 1.6, "infotainment", ("黑屏", "死机重启", "触控失灵"), "goes black", ("图漾智联", "屏山电子")),
    Part("充电口盖", "charging flap", 0.9, "charging", ("打不开", "锁不住", "进水报警"), "does not open", ("卓铆门系统", "岚电机电")),
)
_WEIGHT = np.array([part.weight for part in PARTS]) / sum(part.weight for part in PARTS)


@dataclass(frozen=True)
class Batches:
    """Arrays over batches (B,), sorted by `product` and `part` (`group` = product × parts + part), and the bad one.

    `fitted` counts vehicles; `produced` is a day number; `supplier` indexes the part's suppliers. From `surge` on `bad` fails at
    another rate, such that its repairs per vehicle fitted are `ratio` times its siblings' over the whole time.
    """

    product: np.ndarray
    part: np.ndarray
    supplier: np.ndarray
    fitted: np.ndarray
    produced: np.ndarray
    number: np.ndarray
    bad: int
    ratio: float
    surge: int

    @property
    def n(self) -> int:
        """Number of batches."""
        return len(self.part)

    @property
    def group(self) -> np.ndarray:
        """Model and part, as one number."""
        return self.product * len(PARTS) + self.part


def make(rng: np.random.Generator, *, vehicles: np.ndarray, days: int, ratio: float | None = None) -> Batches:
    """Six to ten batches a part and model, every vehicle fitted with each part; `vehicles` (P,) counts them by model.

    Shares of the batches are uneven. The bad one is smaller than most of its siblings, so that counting repairs without asking how many
    vehicles carry the batch points elsewhere. `ratio` is drawn unless given; 1 makes the batch like any other.
    """
    groups = len(vehicles) * len(PARTS)
    count = rng.integers(6, 11, groups)
    group = np.repeat(np.arange(groups), count)
    share = rng.gamma(2.0, size=group.size)
    share /= np.bincount(group, share, groups)[group]
    product, part = np.divmod(group, len(PARTS))
    fitted = np.maximum(1, np.round(share * vehicles[product])).astype(int)
    suppliers = np.array([len(item.suppliers) for item in PARTS])[part]
    median = np.array([np.median(share[group == code]) for code in range(groups)])[group]
    usual = _WEIGHT[part] * share
    small = np.flatnonzero(share < median)
    fits = small[usual[small] >= np.median(usual[small])]
    return Batches(product=product, part=part, supplier=(rng.random(group.size) * suppliers).astype(int), fitted=fitted,
                   produced=-rng.integers(60, 720, group.size), number=1 + rng.permutation(group.size), bad=int(rng.choice(fits)),
                   ratio=planted(rng, ratio, *RATIO), surge=int(rng.integers(days // 2, days - LATEST_SURGE)))


def repairs(rng: np.random.Generator, made: Batches, *, product: np.ndarray, day: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, float]:
    """Index of the batch each repair (n,) is about, and the bad batch's rate after its surge against before.

    A batch is drawn in proportion to vehicles fitted × rate; `factors` (n, parts) multiplies the rates of whole parts on the repair's day.
    """
    weight = factors * _WEIGHT
    total = np.bincount(made.group, made.fitted)
    here = (product == made.product[made.bad]) & (day >= made.surge)
    share = made.fitted[made.bad] / total[made.group[made.bad]]
    step = _step(made, weight[product == made.product[made.bad]], here[product == made.product[made.bad]], share=share)
    weight[:, made.part[made.bad]] *= 1 + step * share * here
    reached = weight.cumsum(axis=1)
    part = (reached < (rng.random(len(day)) * reached[:, -1])[:, None]).sum(axis=1).clip(max=len(PARTS) - 1)
    group = product * len(PARTS) + part
    end = np.cumsum(made.fitted)
    start = np.concatenate([[0], np.cumsum(total)])[group]
    drawn = np.searchsorted(end, start + rng.random(len(day)) * total[group], side="right").clip(max=made.n - 1)
    extra = here & (group == made.group[made.bad]) & (rng.random(len(day)) < step * share / (1 + step * share))
    return np.where(extra, made.bad, drawn), 1 + step


def _step(made: Batches, weight: np.ndarray, after: np.ndarray, *, share: float) -> float:
    """What is added to the bad batch's rate from its surge on so that the ratio of all repairs expected is the planted one; by bisection."""
    rest, own = weight.sum(axis=1), weight[:, made.part[made.bad]]
    low, high = 0.0, 1e5
    if made.ratio <= 1 or not after.any():
        return max(made.ratio - 1, 0.0)
    for _ in range(80):
        middle = (low + high) / 2
        chance = own / (rest + own * middle * share * after)
        reached = float((chance * (1 + middle * after)).sum() / chance.sum())
        low, high = (middle, high) if reached < made.ratio else (low, middle)
    return (low + high) / 2
