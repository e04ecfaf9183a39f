"""Who could a story be about? People who match by dealer, week and model, known for every card; texts with planted clues; a small company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from voclib.simulate.streams import planted, stream

SURNAMES, TITLES = ("王", "李", "赵", "孙", "黄", "马"), ("师傅", "经理", "女士", "先生")
ENGLISH = ("Mr Zhou", "Ms Liu", "Mr Brown", "Mrs Green")
GIVEN, BARE = ("建国", "秀英", "晓明"), ("Jane Brown", "Peter", "Wolfgang", "Xiaoli")
KINDS = ("name", "day", "amount", "model", "dealer", "none")
TOPICS = ("waiting_time", "repair_quality", "charging", "noise")
SAID = ("等了大半天没有人招呼", "修完回来老毛病又犯了", "充电桩一直显示离线状态", "过减速带底盘总有异响")
PRODUCTS, REGIONS = ("云驰 A1", "云驰 B2", "云驰 C3"), ("东区", "西区", "北区")


def draw(
    seed: int,
    *,
    fraction: float,
    dealers: int = 60,
    cards: int = 30,
    mean: float | None = None,
    shape: float | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Cards of some dealers: how many `others` match in the population, and how many of them are `seen` in a sample of part `fraction`.

    Others of dealer d are Poisson(λ_d), λ_d gamma with this `mean` (1–8 unless given) and `shape` (1.5–6). Truth: `found`, the chance that one drawn
    among all that match is the right one, E[(1 − e^{−λ})/λ] over dealers, `of_these`, the mean of 1/(1 + others)
    over these very cards, and `unique_right`, of matches to the only one seen the share that is right, E[e^{−πλ}] / E[(1 + (1 − π)λ)e^{−πλ}].
    """
    from scipy import integrate, stats

    rng = stream(seed, "dgp_identities")
    mean, shape = planted(rng, mean, 1.0, 8.0), planted(rng, shape, 1.5, 6.0)
    rate = np.repeat(rng.gamma(shape, mean / shape, dealers), cards)
    others = rng.poisson(rate)
    frame = pd.DataFrame(
        {"unit_id": np.repeat([f"D{k:03d}" for k in range(dealers)], cards), "others": others, "seen": rng.binomial(others, fraction)}
    )
    law = stats.gamma(shape, scale=mean / shape)
    found = integrate.quad(lambda rate: -np.expm1(-rate) / rate * law.pdf(rate), 1e-9, np.inf)[0]
    right = 1 / (1 + (1 - fraction) * mean / (1 + fraction * mean / shape))
    return frame, {"found": float(found), "of_these": float((1 / (1 + others)).mean()), "unique_right": right, "mean": mean, "shape": shape,
                   "fraction": fraction}


def texts(seed: int, *, n: int = 200, kinds: tuple[str, ...] = KINDS, dealers: tuple[str, ...] = ("云驰汽车·青山湖滨店",),
          products: tuple[str, ...] = PRODUCTS) -> pd.DataFrame:
    """Texts with one planted clue each: `text`, `kind` (of `kinds`; "bare" is a name without a title), `clue` as it stands there, "" where none."""
    rng = stream(seed, "dgp_identities.texts")
    rows = []
    for _ in range(n):
        kind = kinds[int(rng.integers(len(kinds)))]
        is_english = bool(rng.random() < 0.3)
        clue = _clue(rng, kind, is_english, dealers, products)
        rows.append({"text": _sentence(rng, kind, clue, is_english), "kind": kind, "clue": clue})
    return pd.DataFrame(rows, columns=["text", "kind", "clue"])


def _clue(rng: np.random.Generator, kind: str, is_english: bool, dealers: tuple[str, ...], products: tuple[str, ...]) -> str:
    def of(options: tuple[str, ...]) -> str:
        return options[int(rng.integers(len(options)))]

    month, day, money = int(rng.integers(1, 13)), int(rng.integers(1, 28)), int(rng.integers(13, 980)) * 10
    made = {
        "name": (of(SURNAMES) + of(TITLES), of(ENGLISH)),
        "day": (f"{month}月{day}日", f"{day} {of(('March', 'June', 'October'))}"),
        "amount": (f"{money}元", f"{money} yuan"),
        "model": (of(products),) * 2,
        "dealer": (of(dealers),) * 2,
        "none": ("", ""),
        "bare": (of(SURNAMES) + of(GIVEN), of(BARE)),
    }
    return made[kind][is_english]


def _sentence(rng: np.random.Generator, kind: str, clue: str, is_english: bool) -> str:
    zh = {
        "name": "{c}一直没有回电话",
        "bare": "{c}一直没有回电话",
        "day": "{c}去保养，排队排到中午",
        "amount": "检测费收了{c}，事先没有说",
        "model": "{c}的仪表总是报警",
        "dealer": "在{c}修了两次还没好",
        "none": "休息区太挤，空调也不凉",
    }
    en = {
        "name": "Called {c} twice and got no answer.",
        "bare": "{c} never rang me back.",
        "day": "Went in on {c} and queued until noon.",
        "amount": "They charged {c} without a word.",
        "model": "The dashboard of my {c} keeps warning.",
        "dealer": "Been to {c} twice, still not fixed.",
        "none": "The lounge is full and hot.",
    }
    opening = ("", "真的服了，", "说一句：")[int(rng.integers(3))] if not is_english else ""
    inside = "那天" if kind == "bare" and rng.random() < 0.5 else ""  # a name within the sentence has no sign before it
    return opening + ("" if is_english else inside) + (en if is_english else zh)[kind].format(c=clue)


def company(
    seed: int, *, customers: int = 4000, dealers: int = 12, cases: int = 400, copied: float = 0.15
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables of a small company over two quarters: units, customers, touchpoints, responses, cases.

    A share `copied` of the cases' words was also posted in a forum, word for word, by the same person under a voice of its own; truth: `copied` the
    case ids, `found` the mean of 1/F of all cases by dealer, model and day give or take three.
    """
    rng = stream(seed, "dgp_identities.company")
    units = pd.DataFrame(
        {
            "unit_id": [f"D{k:02d}" for k in range(dealers)],
            "name": [f"云驰汽车·{chr(0x4E00 + 37 * k)}山店" for k in range(dealers)],
            "kind": "dealer",
            "region": [REGIONS[k % 3] for k in range(dealers)],
        }
    )
    home = rng.integers(0, dealers, customers)
    people = pd.DataFrame(
        {
            "customer_id": [f"P{k:05d}" for k in range(customers)],
            "unit_id": units["unit_id"].to_numpy()[home],
            "region": units["region"].to_numpy()[home],
            "product": np.array(PRODUCTS)[rng.integers(0, 3, customers)],
            "value_tier": np.where(rng.random(customers) < 0.1, "vvip", "regular"),
            "language": "zh",
        }
    )
    start = pd.Timestamp("2026-01-01", tz="UTC")
    visits = people.loc[np.repeat(np.arange(customers), 2), ["customer_id", "unit_id"]].reset_index(drop=True)
    visits["started_at"] = start + pd.to_timedelta(rng.integers(0, 180 * 1440, len(visits)), unit="min")
    who = rng.choice(customers, cases, replace=False)
    table = _cases(rng, people, who, start)
    posted = np.sort(rng.permutation(cases)[: int(copied * cases)])
    voices = pd.DataFrame(
        {
            "response_id": [f"F{k:05d}" for k in range(len(posted))],
            "customer_id": None,
            "unit_id": None,
            "channel": "post",
            "touched_at": pd.Series(pd.NaT, range(len(posted)), dtype="datetime64[us, UTC]"),
            "submitted_at": table["opened_at"].iloc[posted].reset_index(drop=True),
            "comment": table["description"].to_numpy()[posted],
        }
    )
    tables = {"units": units, "customers": people, "touchpoints": visits, "responses": voices, "cases": table}
    return tables, {"copied": table["case_id"].to_numpy()[posted].tolist(), "found": _known(table, people, visits)}


def _cases(rng: np.random.Generator, people: pd.DataFrame, who: np.ndarray, start: pd.Timestamp) -> pd.DataFrame:
    """Cases of some customers, most of them closed; each with words of its own."""
    n = len(who)
    topic = rng.integers(0, len(TOPICS), n)
    opened = (start + pd.to_timedelta(rng.integers(0, 180 * 1440, n), unit="min")).as_unit("us")
    took = np.where(rng.random(n) < 0.95, rng.lognormal(3.3, 1.0, n), np.nan)
    words = [SAID[t] + "".join(chr(c) for c in rng.integers(0x4E00, 0x5E00, 12)) for t in topic]
    after = lambda part: opened + pd.to_timedelta(np.where(np.isnan(took), 1.0, took) * part, unit="h")  # noqa: E731
    return pd.DataFrame(
        {
            "case_id": [f"Q{k:05d}" for k in range(n)],
            "response_id": [f"R{k:05d}" for k in range(n)],
            "customer_id": people["customer_id"].to_numpy()[who],
            "unit_id": people["unit_id"].to_numpy()[who],
            "topic": np.array(TOPICS)[topic],
            "severity": np.where(rng.random(n) < 0.3, "high", "low"),
            "owner_department": "质量部",
            "opened_at": opened,
            "assigned_at": after(0.2),
            "responded_at": after(0.4),
            "resolved_at": (opened + pd.to_timedelta(took, unit="h")).as_unit("us"),
            "description": words,
        }
    )


def _known(table: pd.DataFrame, people: pd.DataFrame, visits: pd.DataFrame) -> float:
    """The mean of 1/F by looking at every case and every contact in turn."""
    product = people.set_index("customer_id")["product"]
    every = pd.concat(
        [visits.rename(columns={"started_at": "at"}), table[["customer_id", "unit_id", "opened_at"]].rename(columns={"opened_at": "at"})]
    )
    every = every.assign(product=every["customer_id"].map(product), day=_day(every["at"]))
    held = []
    for row in table.itertuples(index=False):
        day = _day(pd.Series([row.opened_at]))[0]
        mine = every["unit_id"].eq(row.unit_id) & every["product"].eq(product[row.customer_id]) & (every["day"] - day).abs().le(3)
        held.append(1 / every.loc[mine, "customer_id"].nunique())
    return float(np.mean(held))


def _day(at: pd.Series) -> np.ndarray:
    local = at.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return ((local - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)).to_numpy()
