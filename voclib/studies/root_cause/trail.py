"""From the batch upwards: whether its supplier, its part and model, or what was made in the same weeks fail as often; and the batch's course."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from voclib.errors import DataError
from voclib.results import Estimate, Text, refusal
from voclib.stats import inference, siblings
from voclib.studies.root_cause import batches
from voclib.studies.root_cause.batches import Found

NO_MORE = 1.25  # times its counterpart, below which the upper end has to lie before a level is said not to be high
NEAR_DAYS = 60  # of production on either side
BIN_WEEKS = 4


def levels(found: Found, *, conf_level: float = 0.95) -> tuple[Estimate, ...]:
    """The batch against its siblings, then every level above it without the batch, against its own counterpart; a refusal where there is none.

    Other batches that are told stay in: two bad batches of a supplier are no reason to call the supplier fine.
    Levels above carry a `p_value` adjusted (Holm) for looking at all of them.
    """
    table, row = found.table, found.row
    if row is None:
        return ()
    rest = table.drop(index=row.name)
    part, model, supplier = (rest[c].eq(row[c]) for c in ("part", "product", "supplier"))
    near = (rest["produced_on"] - row["produced_on"]).abs().dt.days.le(NEAR_DAYS)
    made = {"made_then": _stratified(found, rest[part], near[part]), "supplier_part": _stratified(found, rest[part], supplier[part]),
            "supplier_rest": _stratified(found, rest[~part], supplier[~part]), "part_model": _interaction(found, rest, part, model)}
    tests = {name: float(2 * stats.norm.sf(abs(log) / error)) for name, (log, error, _) in made.items() if np.isfinite(log)}
    adjusted = dict(zip(tests, inference.adjust(list(tests.values()), "holm"), strict=True))
    reach = inference.quantile(conf_level, np.inf)
    first = batches.ratio(row["ratio"], row["low"], row["high"], conf_level=conf_level, group="batch", n=int(row["repairs"]),
                          ci_method="mid-p, against siblings", evidence_level=1)
    rows = [first]
    for name, (log, error, n) in made.items():
        if name not in tests:
            rows.append(refusal("batch_ratio", unit="ratio", group=name, reason=Text("没有可比的另一方。", "There is no other side to compare with."),
                                needs=Text("别的批次、供应商或车型", "Other batches, suppliers or models")))
            continue
        rows.append(batches.ratio(np.exp(log), np.exp(log - reach * error), np.exp(log + reach * error), conf_level=conf_level, group=name, n=n,
                                  ci_method="Mantel–Haenszel", p_value=float(adjusted[name]), evidence_level=1))
    return tuple(rows)


def suppliers(found: Found, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Every supplier of a part against the part's other suppliers in the same models, batches being what is drawn: highest first.

    Columns `part, supplier, batches, ratio, low, high, q`; q is held down over all of them (BY). Batches that are told are left out, as one bad batch
    is not yet a bad supplier; how batches differ by themselves is in the errors, so few batches tell little.
    """
    rest = found.table[~found.table["told"]]
    reach, rows = inference.quantile(conf_level, np.inf), []
    for part, own in rest.groupby("part", sort=True):
        for supplier in sorted(own["supplier"].dropna().unique()):
            log, error, _ = _stratified(found, own, own["supplier"].eq(supplier))
            if np.isfinite(log):
                rows.append({"part": part, "supplier": supplier, "batches": int(own["supplier"].eq(supplier).sum()), "ratio": float(np.exp(log)),
                             "low": float(np.exp(log - reach * error)), "high": float(np.exp(log + reach * error)),
                             "q": float(stats.norm.sf(log / error))})
    made = pd.DataFrame(rows, columns=["part", "supplier", "batches", "ratio", "low", "high", "q"])
    made["q"] = inference.adjust(made["q"], "by")
    return made.sort_values(["q", "ratio", "part"], ascending=[True, False, True], ignore_index=True)


def raised(found: tuple[Estimate, ...], *, level: float = 0.05) -> tuple[str, ...]:
    """Levels above the batch that fail more often than their counterpart without it."""
    return tuple(one.group for one in found if one.kind == "estimate" and one.group != "batch" and one.value > 1 and (one.p_value or 1) <= level)


def cleared(found: tuple[Estimate, ...]) -> bool:
    """Whether every level above the batch that could be asked lies below `NO_MORE` times its counterpart with its whole interval."""
    asked = [one for one in found if one.kind == "estimate" and one.group != "batch"]
    return bool(asked) and all(one.conf_high < NO_MORE for one in asked)


def _stratified(found: Found, rows: pd.DataFrame, member: pd.Series) -> tuple[float, float, int]:
    kind = rows["part"].astype(str) + " | " + rows["product"].astype(str)
    try:  # batches of one supplier differ by `spread_within`; that of the kind holds what suppliers differ by, which is asked here
        made = siblings.stratified(rows["repairs"], rows["worth"], kind=kind, member=member, spread=rows["spread_within"],
                                   own=float(found.dispersion[0]))
    except DataError:  # a level without a counterpart is said to have none
        return float("nan"), float("nan"), 0
    return made.log_ratio, made.std_error, made.events


def _interaction(found: Found, rest: pd.DataFrame, part: pd.Series, model: pd.Series) -> tuple[float, float, int]:
    """The part on this model against on others, as other parts on this model against on others."""
    cells = [rest[a & b] for a in (part, ~part) for b in (model, ~model)]
    counts, rooms = ([float(one[name].sum()) for one in cells] for name in ("repairs", "worth"))
    if min(counts) <= 0 or min(rooms) <= 0:
        return float("nan"), float("nan"), 0
    logs = [np.log(k / e) for k, e in zip(counts, rooms, strict=True)]
    variance = sum((float(found.dispersion[0]) + float(((one["spread_within"] * one["repairs"]) ** 2).sum() / k)) / k
                   for k, one in zip(counts, cells, strict=True))
    return float(logs[0] - logs[1] - logs[2] + logs[3]), float(np.sqrt(variance)), int(counts[0])


def course(found: Found, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Repairs per 1,000 vehicles and four weeks of the batch and of its siblings: `on, group, estimate, conf_low, conf_high, n`."""
    row = found.row
    if row is None:
        return pd.DataFrame()
    same = found.table["part"].eq(row["part"]) & found.table["product"].eq(row["product"])
    mates = (same & ~found.table["told"]).to_numpy()
    rows = []
    whole = found.cells.counts.shape[1] // BIN_WEEKS
    for k in range(whole):
        weeks = slice(k * BIN_WEEKS, (k + 1) * BIN_WEEKS)
        for name, flag in (("batch", found.table.index == row.name), ("siblings", mates)):
            n = float(found.cells.counts[flag, weeks].sum())
            room = float(found.cells.years[flag, weeks].sum()) * batches.YEAR / (batches.WEEK * BIN_WEEKS) / 1000
            if room > 0:
                tail = (1 - conf_level) / 2
                low = stats.gamma.ppf(tail, n) if n else 0.0
                rows.append({"on": batches.day(found.cells, k * BIN_WEEKS * batches.WEEK), "group": name, "estimate": n / room,
                             "conf_low": float(low) / room, "conf_high": float(stats.gamma.ppf(1 - tail, n + 1)) / room, "n": int(n)})
    return pd.DataFrame(rows)


def if_missing(found: Found, *, conf_level: float = 0.95) -> tuple[Estimate, Estimate] | None:
    """The ratio if every repair of the part and model without a batch were its siblings', and if all were the batch's own; None without any."""
    row = found.row
    n = 0 if row is None else found.cells.missing.get((row["part"], row["product"]), 0)
    if not n:
        return None
    same = found.table["part"].eq(row["part"]) & found.table["product"].eq(row["product"]) & ~found.table["told"]
    rest, room = float(found.table.loc[same, "repairs"].sum()), float(found.table.loc[same, "worth"].sum())
    made, own = [], float(found.dispersion[0])
    for mine, theirs in ((row["repairs"], rest + n), (row["repairs"] + n, rest)):
        low, high = siblings.interval(mine / own, row["worth"] / own, theirs / own, room / own, conf_level=conf_level)
        made.append(batches.ratio(mine / row["worth"] * room / max(theirs, 0.5), float(low), float(high), conf_level=conf_level))
    return made[0], made[1]
