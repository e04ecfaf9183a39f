"""One ledger: a page may print one total; every other amount of money is part of it and is never added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations

import pandas as pd

from voclib import numbers
from voclib.errors import ParameterError, nearest
from voclib.results import Check, Estimate, Text
from voclib.sentences import joined, say
from voclib.studies.money_trail.trail import Trail

MONEY = ("cny", "usd")
ROLES = {"total": Text("合计", "Total"), "part": Text("其中", "of which")}
_NAME = Text("金额只有一个合计，其余是“其中”", "There is only one total; every other amount is “of which”")
_CONSEQUENCE = Text("撤下合计之外的金额，或只写成“其中”，不相加。",
                    "Amounts other than the total are removed, or shown only as “of which” and not added.")


@dataclass(frozen=True)
class OneLedger:
    """The `check` for the page, and the `table` it may print: role (total, of which), name, label, value, low, high."""

    check: Check
    table: pd.DataFrame


def one_ledger(estimates: Mapping[str, Estimate], *, total: str, sums: Mapping[str, Sequence[str]] | None = None, trail: Trail | None = None,
               labels: Mapping[str, Text] | None = None) -> OneLedger:
    """Whether the amounts on a page keep within one ledger (methods.md §4.9).

    The check fails where the parts, as printed, add up to more than the upper end of the total's interval; where one part alone does; where the
    total is refused and parts are not; and where a sum on the page (`sums`: its name → the names it adds) adds the total, or amounts that share
    ledger rows or customers. Which amounts share rows is told by `trail`, where they are registered under these names; amounts it does not know
    cannot be shown to be apart and may not be added.

    Raises
    ------
    ParameterError
        for an unknown name, amounts that are no money, or amounts in two currencies.
    """
    labels, sums = labels or {}, sums or {}
    for name in (total, *(part for parts in sums.values() for part in parts)):
        if name not in estimates:
            raise ParameterError(f"'{name}' is not among the amounts; {nearest(name, estimates)}")
    units = {e.unit for e in estimates.values()}
    if len(units) > 1 or not units <= set(MONEY):
        raise ParameterError(f"One ledger holds money of one currency; the amounts are in {', '.join(sorted(units))}.")
    called = {name: labels.get(name, Text(name, name)) for name in estimates}
    wrong = [*_beyond(estimates, total, called), *(found for name, parts in sums.items() for found in _added(name, parts, total, trail, called))]
    ordered = [total, *(name for name in estimates if name != total)]
    table = pd.DataFrame([{"role": ROLES["total" if name == total else "part"], "name": name, "label": called[name], **_figures(estimates[name])}
                          for name in ordered])
    good = say("合计“{t}”之外的 {n} 个金额都写作“其中”，印出数之和不超过合计区间的上限。",
               "The {n} amounts other than the total “{t}” are shown as “of which”; as printed, their sum is within the upper end of its interval.",
               t=called[total], n=len(estimates) - 1)
    detail = joined(*wrong) if wrong else good
    return OneLedger(Check(_NAME, not wrong, detail, _CONSEQUENCE), table)


def _beyond(estimates: Mapping[str, Estimate], total: str, called: Mapping[str, Text]) -> list[Text]:
    """What is wrong with the parts against the total."""
    parts = {name: e for name, e in estimates.items() if name != total and e.kind != "refusal"}
    whole = estimates[total]
    if whole.kind == "refusal":
        withheld = say("合计“{t}”没有给出，{n} 个部分却印了出来。", "The total “{t}” is not given, yet {n} parts of it are printed.",
                       t=called[total], n=len(parts))
        return [withheld] if parts else []
    top = _printed(_figures(whole)["high"], whole)
    amounts = {name: _printed(_least(e), e) for name, e in parts.items()}
    said = {"top": _written(top, whole), "t": called[total]}
    found = []
    if (added := sum(amounts.values(), Decimal(0))) > top:
        found.append(say("各部分印出数相加是 {s}，超过合计“{t}”区间的上限 {top}。",
                         "The printed parts add up to {s}, above {top}, the upper end of the interval of “{t}”.", s=_written(added, whole), **said))
    found += [say("“{p}”一项就超过合计“{t}”区间的上限 {top}。", "“{p}” alone exceeds {top}, the upper end of the interval of “{t}”.",
                  p=called[name], **said)
              for name, amount in amounts.items() if amount > top]
    return found


def _added(name: str, parts: Sequence[str], total: str, trail: Trail | None, called: Mapping[str, Text]) -> list[Text]:
    """What is wrong with a sum that the page prints."""
    if total in parts and len(parts) > 1:
        return [say("“{s}”把合计与它的一部分相加。", "“{s}” adds the total to a part of it.", s=name)]
    known = set() if trail is None else {amount.name for amount in trail.amounts}
    found = []
    for one, two in combinations(parts, 2):
        pair = {"s": name, "a": called[one], "b": called[two]}
        if not {one, two} <= known:
            found.append(say("“{s}”把“{a}”与“{b}”相加，却没有登记账目，看不出是否重叠。",
                             "“{s}” adds “{a}” and “{b}”, but their rows are not registered, so whether they overlap is unknown.", **pair))
        elif any(shared := trail.overlap(one, two)):
            found.append(say("“{s}”把“{a}”与“{b}”相加，两者有 {r} 笔账、{c} 位客户相同。",
                             "“{s}” adds “{a}” and “{b}”, which share {r} ledger {r:row|rows} and {c} {c:customer|customers}.",
                             r=shared[0], c=shared[1], **pair))
    return found


def _figures(estimate: Estimate) -> dict[str, float | None]:
    """Value and ends of an amount; a count is its own end, bounds have no value, a refusal has nothing."""
    if estimate.kind == "bounds":
        return {"value": None, "low": estimate.bound_low, "high": estimate.bound_high}
    if estimate.kind == "count":
        return {"value": estimate.value, "low": estimate.value, "high": estimate.value}
    return {"value": estimate.value, "low": estimate.conf_low, "high": estimate.conf_high}


def _least(estimate: Estimate) -> float:
    """The number a part adds: its value, or the lower of its bounds."""
    return estimate.bound_low if estimate.kind == "bounds" else estimate.value


def _printed(x: float, estimate: Estimate) -> Decimal:
    """A number as the page rounds it beside its estimate."""
    return Decimal(f"{x:.9g}").quantize(Decimal(1).scaleb(numbers.place(estimate)), ROUND_HALF_UP)


def _written(amount: Decimal, estimate: Estimate) -> str:
    sign = numbers.MINUS if amount < 0 else ""
    return f"{sign}{numbers.MONEY[estimate.unit]}{abs(amount):,.0f}"
