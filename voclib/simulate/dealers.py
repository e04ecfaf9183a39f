"""Dealers: who they are, their employees' climate, and everything about a unit that no single customer decides (DGP A)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voclib.simulate.plan import MONTHS, PERIOD_MONTHS, Plan
from voclib.simulate.streams import stream
from voclib.simulate.worlds import climate as climate_world

REGIONS = {
    "华东": ("上海浦东", "杭州滨江", "南京江宁", "苏州园区", "宁波鄞州", "合肥滨湖", "济南历下", "厦门湖里", "温州龙湾", "无锡新吴"),
    "华南": ("深圳南山", "广州天河", "东莞南城", "佛山禅城", "珠海香洲", "南宁青秀", "海口龙华", "中山石岐", "惠州惠城", "汕头龙湖"),
    "华北": ("北京朝阳", "天津河西", "石家庄裕华", "太原小店", "唐山路北", "保定竞秀", "呼和浩特赛罕", "廊坊广阳", "大同平城", "邯郸丛台"),
    "华中": ("武汉江岸", "长沙岳麓", "郑州金水", "南昌红谷滩", "洛阳洛龙", "襄阳樊城", "株洲天元", "宜昌伍家岗", "赣州章贡", "新乡红旗"),
    "西南": ("成都高新", "重庆渝北", "昆明官渡", "贵阳观山湖", "绵阳涪城", "遵义汇川", "南充顺庆", "宜宾叙州", "泸州江阳", "曲靖麒麟"),
    "西北": ("西安雁塔", "兰州城关", "乌鲁木齐新市", "银川金凤", "西宁城西", "咸阳秦都", "宝鸡渭滨", "天水秦州", "榆林榆阳", "喀什疏附"),
}
ITEMS = ("q1", "q2", "q3", "q4", "q5", "q6")
LATENT_PER_NPS = 0.0155
"""Shift of the latent satisfaction that moves the NPS by about one point."""


@dataclass(frozen=True)
class Dealers:
    """Arrays over dealers (G,) and dealers × waves (G, W); wave 0 lies before period 0, wave p + 1 falls into period p."""

    region: np.ndarray
    names: np.ndarray
    size: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    heir: np.ndarray
    merged: np.ndarray
    quality: np.ndarray
    busy: np.ndarray
    climate: np.ndarray
    changed: np.ndarray
    staff: np.ndarray
    start: np.ndarray
    refurbished: np.ndarray
    begging: np.ndarray
    shift: np.ndarray
    programme_shift: np.ndarray
    slope: float
    confounder: float

    @property
    def n(self) -> int:
        """Number of dealers."""
        return len(self.region)

    @property
    def ids(self) -> np.ndarray:
        """Identifiers D001 …"""
        return np.array([f"D{i + 1:03d}" for i in range(self.n)], dtype=object)


def make(plan: Plan) -> Dealers:
    """The dealer network of a plan."""
    rng, count, waves = stream(plan.seed, "dealers"), plan.dealers, plan.periods + 1
    region = np.arange(count) % len(REGIONS)
    place = np.arange(count) // len(REGIONS)
    cities = [list(cities) for cities in REGIONS.values()]
    names = [f"辰星汽车·{cities[r][k % 10]}{'' if k < 10 else f'{k // 10 + 1}'}店" for r, k in zip(region, place, strict=True)]
    closed, heir, merged = _closures(plan, region)
    changed = rng.random((count, waves)) < 0.07
    climate = climate_world.climate(rng, stores=count, periods=waves) - 0.8 * changed
    slope, confounder = rng.uniform(5.0, 7.0), rng.uniform(3.0, 5.0)
    start = climate_world.adoption(rng, stores=count, starts=(2, 3, 4), treated_share=0.4)
    programme = climate_world.event_effect(start, plan.periods, effect=rng.uniform(5.0, 7.0)) * LATENT_PER_NPS
    quality = rng.normal(size=count)
    past = slope * climate[:, :-1] - confounder * changed[:, :-1]
    begging = np.zeros(count, dtype=bool)
    begging[rng.permutation(np.flatnonzero(closed >= plan.days))[: max(1, count // 12)]] = True
    return Dealers(
        region=region, names=np.array(names, dtype=object), size=rng.lognormal(sigma=0.3, size=count),
        opened=-rng.integers(400, 3500, count), closed=closed, heir=heir, merged=merged, quality=quality, busy=rng.normal(scale=0.3, size=count),
        climate=climate, changed=changed, staff=rng.integers(16, 36, count), start=start, refurbished=rng.permutation(count) < max(2, count // 10),
        begging=begging, shift=0.29 * quality[:, None] + LATENT_PER_NPS * past + programme, programme_shift=programme, slope=float(slope),
        confounder=float(confounder))


def _closures(plan: Plan, region: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day each dealer closes (beyond the end where it stays open), who takes its customers over, and which one was merged.

    The last three dealers go: two close, one is merged. The one that takes over is the next open dealer of the region, else dealer 0.
    """
    count = len(region)
    closed, heir = np.full(count, plan.days + 1), np.arange(count)
    closed[[count - 1, count - 2, count - 3]] = plan.month_starts[[8, 11, 9]] - 1
    for gone in range(count - 3, count):
        stays = [i for i in range(count - 3) if region[i] == region[gone]]
        heir[gone] = stays[0] if stays else 0
    merged = np.zeros(count, dtype=bool)
    merged[count - 3] = True
    return closed, heir, merged


def employees(plan: Plan, dealers: Dealers) -> dict[str, np.ndarray]:
    """Answer sheets: one entry a sheet with its dealer, wave and six item values; and the sheets asked for and returned."""
    rng = stream(plan.seed, "employee_surveys")
    waves = plan.periods + 1
    asked = np.where(_open_at_wave(plan, dealers), dealers.staff[:, None] + rng.integers(-2, 3, (dealers.n, waves)), 0)
    returned = rng.binomial(asked, 0.72)
    returned[0, 1] = min(returned[0, 1], 3)
    unit, wave = (np.repeat(index.ravel(), returned.ravel()) for index in np.indices(returned.shape))
    level = 0.8 * dealers.quality[unit] + dealers.climate[unit, wave]
    person = level + rng.normal(scale=np.sqrt(3.0), size=len(unit))
    items = np.clip(np.round(3.4 + 0.45 * person[:, None] + rng.normal(scale=0.7, size=(len(unit), len(ITEMS)))), 1, 5)
    return {"unit": unit, "wave": wave, "items": items, "asked": asked, "returned": returned,
            "minute": _wave_days(plan)[wave] * 1440 + rng.integers(8 * 60, 20 * 60, len(unit)) + rng.integers(2, 12, len(unit)) * 1440,
            "role": rng.choice(4, len(unit), p=[0.4, 0.25, 0.25, 0.1]), "tenure": rng.choice(3, len(unit), p=[0.3, 0.45, 0.25]),
            "manager": rng.random(len(unit)) < 0.08}


def _waves(plan: Plan) -> np.ndarray:
    return plan.first_month + np.arange(-PERIOD_MONTHS, MONTHS + 1, PERIOD_MONTHS)[: plan.periods + 1]


def _wave_days(plan: Plan) -> np.ndarray:
    return (_waves(plan).astype("datetime64[D]") - plan.first_day).astype(int)


def wave_months(plan: Plan) -> np.ndarray:
    """Month name of each wave."""
    return np.array([str(month) for month in _waves(plan)], dtype=object)


def _open_at_wave(plan: Plan, dealers: Dealers) -> np.ndarray:
    return dealers.closed[:, None] > _wave_days(plan)[None, :] + 14
