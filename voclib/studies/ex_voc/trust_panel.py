"""A public panel of hospitals: read as it stands, distrusted, handed to the study of employees and outcomes.

English NHS trusts by year: engagement of employees (staff survey, mean of three questions, 1–5) and the Summary Hospital-level Mortality Indicator
(SHMI: deaths in hospital or within 30 days of discharge over those expected from the case mix; 1 as expected, higher is worse). The file belongs to
Badgett, Jonker & Xirasagar 2020 (J Gen Intern Med 35:3465–3470). It holds no patient's voice. No code or name of a trust leaves this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voclib.errors import DataError, ParameterError, examples, nearest
from voclib.results import Check, Text
from voclib.sentences import say
from voclib.studies.ex_voc import trust_panel_text as words

FILE = "data.NHS.2012_2019.csv"
CODE, YEAR, NAME, REGION, REGION_CODE = "Code", "Year.Index", "Name", "HEE.region.name", "HEE.region.code"
OUTCOME, BEFORE, EX, RESPONSES = "SHMI.Index", "SHMI.before", "Engagement.Index", "Responses"
STRESS, CLINICAL, WORK, CARE = "WorkStress.Index", "Survey.clinical.proportion", "RecommendWork.Index", "RecommendCare.Index"
NEEDED = (CODE, YEAR, NAME, REGION, REGION_CODE, OUTCOME, BEFORE, EX, RESPONSES, STRESS, CLINICAL, WORK, CARE)
PANEL = {"ex": EX, "outcome": OUTCOME, "ex_n": RESPONSES, "region": REGION, "stress": STRESS, "clinical_share": CLINICAL}
RANGES = {EX: (1, 5), WORK: (1, 5), CARE: (1, 5), STRESS: (0, 1), CLINICAL: (0, 1), OUTCOME: (0.01, 10), BEFORE: (0.01, 10), RESPONSES: (1, np.inf)}
SURVEY = (EX, WORK, CARE, STRESS, CLINICAL)
DICHOT = ".dichot"
DATE = r"^\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"

# Where a column sits with its own trusts, neighbouring years agree at least as well as years two apart; noise in one year alone takes little off.
MARGIN, SURE, ODDS, MOST = 0.1, 2.0, 9.0, 0.75
FEW_FAR, SHARE_FAR, FEW_PAIRS, FEW_ROWS = 5, 0.05, 20, 8


@dataclass(frozen=True, kw_only=True)
class Displaced:
    """A year in which columns stand beside trusts they do not belong to.

    `beside` is the mean correlation of `anchor` with the two years around, `across` that of these two years with each other, over the same trusts.
    In `n` of `of` trusts another trust's numbers fit better than their own two years; `inside` and `outside` hold, for each column, its correlation
    with the mean of these two years in these trusts and in the others. `moved` are the columns concerned.
    """

    year: int
    anchor: str
    beside: float
    across: float
    n: int
    of: int
    inside: Mapping[str, float]
    outside: Mapping[str, float]
    moved: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Trusts:
    """What the study gets, and what a reader must know first.

    `panel`: one row a trust and year, sorted: unit_id (a count from 0), period (years since the first), ex (engagement, 1–5), outcome (SHMI), ex_n
    (answers), region (null where the file has none), stress and clinical_share (shares of answers, 0–1). Nothing is dropped or filled; a column of a
    year that stands beside the wrong trusts (`displaced`) is null in that year.
    `rows` counts the lines of the file. `faults`: column, found, done. `roles`: column, role, reason. `checks`: whether exposure and outcome sit with
    their own trusts. `captions`: title, subtitle and columns of both tables.
    """

    panel: pd.DataFrame
    rows: int
    first_year: int
    displaced: tuple[Displaced, ...]
    faults: pd.DataFrame
    roles: pd.DataFrame
    checks: tuple[Check, ...]
    captions: Mapping[str, Mapping[str, Any]]
    counts: Mapping[str, Any]


def read(path: Path | str) -> Trusts:
    """The file, or the folder that holds it.

    Raises
    ------
    DataError
        if the file or a column is missing, it is no table, a trust has no code or a year twice, a cell is no number or lies outside its scale,
        exposure or outcome have no value at all, or there is but one year.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise DataError(f"There is no {path.name} in the folder {path.parent.name}; check the folder that VOC_PUBLIC_DATA names.")
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=["", "NA"])
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path.name} cannot be read ({type(error).__name__}); it should be comma-separated text in UTF-8.") from None
    frame = _sound(frame, path.name)
    displaced = (*_displaced(frame, SURVEY), *_displaced(frame, (OUTCOME,)))
    counts = _counts(frame)
    faults = _faults(counts, displaced)
    return Trusts(panel=_panel(frame, displaced), rows=len(frame), first_year=int(frame[YEAR].min()), displaced=displaced, faults=faults,
                  roles=_roles(counts), checks=_checks(displaced), captions=words.captions(counts, len(faults)), counts=counts)


def _sound(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows sorted by trust and year, or an error that tells what is wrong."""
    if lost := [c for c in NEEDED if c not in frame]:
        hints = {c: nearest(c, map(str, frame.columns)) for c in lost}
        close = [f"{c}: {hint}" for c, hint in hints.items() if hint.startswith("did")] or [hints[lost[0]]]
        raise DataError(f"{name} lacks {', '.join(lost)}; {' '.join(close)}")
    if (bad := frame[CODE].isna()).any():
        raise DataError(f"{name}: {int(bad.sum())} rows have no {CODE}; every row needs the trust it belongs to.")
    year = pd.to_numeric(frame[YEAR], errors="coerce")
    if (bad := year.isna() | (year % 1 != 0)).any():
        raise DataError(f"{name}: {YEAR} is not a year in {int(bad.sum())} rows, such as {examples(frame.loc[bad, YEAR])}.")
    for column, (low, high) in RANGES.items():
        number = pd.to_numeric(frame[column], errors="coerce")
        if (bad := number.isna() & frame[column].notna()).any():
            raise DataError(f"{name}: {column} is not a number in {int(bad.sum())} rows, such as {examples(frame.loc[bad, column])}.")
        if (bad := number.notna() & ~number.between(low, high)).any():
            raise DataError(f"{name}: {column} must lie between {low:g} and {high:g}; {int(bad.sum())} rows say {examples(frame.loc[bad, column])}.")
        frame = frame.assign(**{column: number.astype(float)})
    if twice := int(frame.duplicated([CODE, YEAR]).sum()):
        raise DataError(f"{name} repeats {twice} pairs of {CODE} and {YEAR}; one row per trust and year is needed.")
    if bare := [c for c in (EX, OUTCOME, RESPONSES) if frame[c].isna().all()]:
        raise DataError(f"{name}: {', '.join(bare)} holds no value in {len(frame)} rows; export it again.")
    if year.nunique() < 2:
        raise DataError(f"{name} holds only one year, {int(year.iloc[0])}; a panel needs two or more.")
    return frame.assign(**{CODE: frame[CODE].astype("str"), YEAR: year.astype(int)}).sort_values([CODE, YEAR], ignore_index=True)


def _panel(frame: pd.DataFrame, displaced: Sequence[Displaced]) -> pd.DataFrame:
    unit = frame[CODE].astype("category").cat.codes.astype(int)
    panel = pd.DataFrame({"unit_id": unit, "period": frame[YEAR] - frame[YEAR].min(), **{name: frame[column] for name, column in PANEL.items()}})
    for one in displaced:
        aside = [name for name, column in PANEL.items() if column in one.moved]
        panel.loc[frame[YEAR] == one.year, aside] = np.nan
    return panel


def _wide(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column as trusts × years."""
    return frame.pivot(index=CODE, columns=YEAR, values=column)


def _displaced(frame: pd.DataFrame, columns: Sequence[str]) -> list[Displaced]:
    """Years whose columns agree less with the years around than these with each other, trusts that hold another's numbers being the reason.

    The first and the last year cannot be judged. A year with as much noise as there is difference between trusts may be taken for one, and is of as
    little use.
    """
    wide = {c: _wide(frame, c) for c in columns}
    years = sorted(frame[YEAR].unique())
    found = []
    for before, year, after in zip(years, years[1:], years[2:], strict=False):
        if after - before != 2:
            continue
        lost = {c: _lost(wide[c][[before, year, after]].dropna().to_numpy()) for c in columns}
        alarmed = [c for c, (beside, across, error) in lost.items() if across - beside > max(MARGIN, SURE * error)]
        if alarmed:
            one = _moved(wide, (before, year, after), alarmed, lost)
            found += [one] if one.n >= max(FEW_FAR, SHARE_FAR * one.of) else []
    return found


def _lost(trio: np.ndarray) -> tuple[float, float, float]:
    """Mean correlation of the middle year with both others, theirs with each other, standard error of the difference (influence functions)."""
    if len(trio) < FEW_PAIRS or not trio.std(axis=0).all():
        return np.nan, np.nan, np.nan
    a, b, c = ((trio - trio.mean(axis=0)) / trio.std(axis=0)).T
    parts = [((x * y).mean(), x * y - (x * y).mean() * (x**2 + y**2) / 2) for x, y in ((a, b), (b, c), (a, c))]
    beside, across = (parts[0][0] + parts[1][0]) / 2, parts[2][0]
    influence = parts[2][1] - (parts[0][1] + parts[1][1]) / 2
    return float(beside), float(across), float(np.sqrt((influence**2).sum()) / len(trio))


def _moved(wide: Mapping[str, pd.DataFrame], years: tuple[int, int, int], alarmed: Sequence[str],
           lost: Mapping[str, tuple[float, float, float]]) -> Displaced:
    """Which trusts hold another's numbers, and in which columns, starting from those `alarmed`.

    For a trust and a column, l = log(τ/σ) − g²(σ⁻² − τ⁻²)/2 tells how much better "its own, with noise" fits than "another trust's": g the gap to the
    mean of its own two years, σ its robust standard deviation, τ that of the gap between trusts that share nothing. Where less than `MOST` of the
    correlation is left, σ is no more than that of the gap between these two years × √¾, since half the trusts may have moved. A trust is moved where
    Σl over the alarmed columns lies below −log `ODDS`, a column where Σl over these trusts is negative.
    """
    before, year, after = years
    usual = pd.DataFrame({c: w[[before, after]].mean(axis=1, skipna=False) for c, w in wide.items()})
    there = pd.DataFrame({c: w[year] for c, w in wide.items()})
    gap = (there - usual).sub((there - usual).median())
    anchor = max(alarmed, key=lambda c: lost[c][1])  # the steadiest column shows it best
    beside, across = lost[anchor][:2]
    own, other = 1.4826 * gap.abs().median(), np.sqrt(usual.var() + there.var())
    if beside < across * MOST:
        apart = pd.DataFrame({c: (w[after] - w[before]) * np.sqrt(0.75) for c, w in wide.items()})
        own = np.minimum(own, 1.4826 * (apart - apart.median()).abs().median())
    score = np.log(other / own) - gap**2 * (own**-2 - other**-2) / 2
    far = score[list(alarmed)].sum(axis=1) < -np.log(ODDS)
    fits = [{c: float(there.loc[rows, c].corr(usual.loc[rows, c], min_periods=FEW_ROWS)) for c in gap} for rows in (far, ~far)]
    return Displaced(year=int(year), anchor=anchor, beside=beside, across=across, n=int(far.sum()), of=int(gap[anchor].count()), inside=fits[0],
                     outside=fits[1], moved=tuple(c for c in gap if c == anchor or score.loc[far, c].sum() < 0))


def _counts(frame: pd.DataFrame) -> dict[str, Any]:
    """Every number the words use, counted in the file."""
    parts = (_shape(frame), _units(frame), _copies(frame), _regions(frame), _survey(frame), _responses(frame), _outcome(frame))
    return {name: value for part in parts for name, value in part.items()}


def _shape(frame: pd.DataFrame) -> dict[str, Any]:
    filled = frame.nunique()
    empty, constant = filled.index[filled == 0].tolist(), filled.index[filled == 1].drop([YEAR], errors="ignore").tolist()
    texts = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    dated = [c for c in texts if frame[c].dropna().astype("str").str.contains(DATE, regex=True).mean() > 0.5]
    return {
        "rows": len(frame), "columns": frame.shape[1], "first": str(frame[YEAR].min()), "last": str(frame[YEAR].max()),
        "empty": len(empty), "empty_names": ", ".join(empty), "constant": len(constant), "constant_names": ", ".join(constant),
        "constant_values": ", ".join(dict.fromkeys(_brief(frame[c].dropna().iloc[0]) for c in constant)), "undated": int(not dated),
    }


def _brief(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, int | float) else str(cell)


def _units(frame: pd.DataFrame) -> dict[str, Any]:
    """Trusts that come, go, are interrupted, lack a region or share a name."""
    first, last = frame[YEAR].min(), frame[YEAR].max()
    span = frame.groupby(CODE)[YEAR].agg(["min", "max", "size"])
    late, early = span["min"] > first, span["max"] < last
    regions, names, codes = frame.groupby(CODE)[REGION].nunique(), frame.groupby(CODE)[NAME].nunique(), frame.groupby(NAME)[CODE].nunique()
    placeless, holes = regions == 0, span["max"] - span["min"] + 1 - span["size"]
    return {
        "units": len(span), "years": int(frame[YEAR].nunique()), "complete": int((span["size"] == last - first + 1).sum()),
        "late": int(late.sum()), "early": int(early.sum()), "came_or_went": int((late | early).sum()),
        "absorbed": max(int(early.sum() - late.sum()), 0), "gaps": int(holes.sum()), "gap_units": int((holes > 0).sum()),
        "placeless": int(placeless.sum()), "placeless_rows": int(frame[REGION].isna().sum()),
        "placeless_partial": int((placeless & (late | early)).sum()),
        "moved_region": int((regions > 1).sum()), "renamed": int((names > 1).sum()), "shared_names": int((codes > 1).sum()),
    }


def _copies(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns that repeat or follow from others: last year's outcome, halves of a scale, north and south."""
    earlier = frame[[CODE, YEAR, OUTCOME]].assign(**{YEAR: frame[YEAR] + 1})
    known = frame[[CODE, YEAR]].merge(earlier, on=[CODE, YEAR], how="left")[OUTCOME]
    both = known.notna() & frame[BEFORE].notna()
    same = both & ((known - frame[BEFORE]).abs() < 1e-9)
    halves = [(c, c.removesuffix(DICHOT)) for c in frame if c.endswith(DICHOT) and c.removesuffix(DICHOT) in frame]
    r = {c: float(frame[c].corr(frame[of])) for c, of in halves}
    copies = {c: value for c, value in r.items() if value > 0.9}
    derived = [c for c in frame if c.startswith("North") and frame[c].nunique() > 1 and int(frame.groupby(REGION)[c].nunique().max()) == 1]
    return {
        "before_rows": int(both.sum()), "before_same": int(same.sum()), "before_differs": int((both & ~same).sum()),
        "before_older": int((frame[BEFORE].notna() & known.isna()).sum()),
        "halved": len(copies), "halved_names": ", ".join(copies), "halved_low": min(copies.values(), default=np.nan),
        "halved_high": max(copies.values(), default=np.nan), "north": len(derived), "north_names": ", ".join(derived),
    }


def _regions(frame: pd.DataFrame) -> dict[str, Any]:
    """Codes of regions that do not stand for regions: several in one, one in several, rising with the alphabet as when dragged down a sheet."""
    trusts = frame.dropna(subset=[REGION, REGION_CODE]).drop_duplicates(CODE).sort_values([REGION, NAME])
    inside = trusts.groupby(REGION)[REGION_CODE]
    dragged = inside.agg(lambda c: len(c) > 2 and c.is_unique and c.is_monotonic_increasing)
    return {
        "region_codes": int(trusts[REGION_CODE].nunique()), "regions": int(trusts[REGION].nunique()),
        "split_regions": int((inside.nunique() > 1).sum()), "shared_codes": int((trusts.groupby(REGION_CODE)[REGION].nunique() > 1).sum()),
        "dragged": int(dragged.sum()), "dragged_units": int(trusts[REGION].map(dragged).sum()),
    }


def _survey(frame: pd.DataFrame) -> dict[str, Any]:
    """Rows and years without a survey, rounding, and how far employees' answers agree among themselves."""
    ex = frame[EX]
    never, asked = ex.isna().groupby(frame[CODE]).all(), ex.notna().groupby(frame[YEAR]).any()
    thirds, hundredths = (_on_grid(ex, per) for per in (300, 100))
    r = frame.groupby(YEAR)[[WORK, CARE]].transform(lambda c: c - c.mean()).corr().loc[WORK, CARE]
    return {
        "no_survey": int(ex.isna().sum()), "silent": int(never.sum()), "silent_rows": int(frame[CODE].map(never).sum()),
        "blank_years": int((~asked).sum()), "blank_names": ", ".join(map(str, asked.index[~asked])),
        "partial": int((ex.notna() & frame[[WORK, CARE, STRESS, CLINICAL]].isna().any(axis=1)).sum()),
        "thirds": int(ex.notna().sum()) if thirds and not hundredths else 0, "rounding": 0.01 / np.sqrt(12 * 3),
        "same_source": float(r), "agree": int(r > 0.7), "coarse": int(_on_grid(frame[STRESS], 100) and _on_grid(frame[CLINICAL], 100)),
        "stress_values": int(frame[STRESS].nunique()), "clinical_values": int(frame[CLINICAL].nunique()), **_jump(_wide(frame, EX)),
    }


def _on_grid(values: pd.Series, per: int) -> bool:
    """Whether every value is a whole number of 1/`per`."""
    scaled = values.dropna() * per
    return bool(len(scaled) and ((scaled - scaled.round()).abs() < 1e-6).all())


def _jump(table: pd.DataFrame) -> dict[str, Any]:
    """The largest step of the mean of the same trusts: a jump if twice the next one and half the spread between trusts."""
    steps, spread = table.diff(axis=1), table.std().shift(1)
    mean = steps.mean().dropna()
    size = mean.abs().sort_values(ascending=False)
    told = {"step_ex": float((steps - mean).stack().std()), "jump": 0}
    if len(size) < 2:
        return told
    year, largest, second = size.index[0], float(size.iloc[0]), float(size.iloc[1])
    return told | {
        "jump": int(largest > 2 * second and largest > spread[year] / 2), "jump_from": str(year - 1), "jump_to": str(year),
        "jump_by": words.signed(float(mean[year]), 3, "+"), "jump_with": int((steps[year] * mean[year] > 0).sum()),
        "jump_of": int(steps[year].notna().sum()), "jump_next": second, "jump_spread": float(spread[year]),
    }


def _responses(frame: pd.DataFrame) -> dict[str, Any]:
    n, years = frame[RESPONSES], frame.groupby(YEAR)[RESPONSES]
    table = _wide(frame, RESPONSES)
    ratio = table / table.shift(1, axis=1)
    middle, spread = years.median().dropna(), frame.groupby(YEAR)[EX].std().dropna()
    return {
        "answers": int(n.sum()), "n_least": int(n.min()), "n_most": int(n.max()), "n_first": int(middle.iloc[0]), "n_last": int(middle.iloc[-1]),
        "finer": float(np.sqrt(n.max() / n.min())), "doubled": int((ratio >= 2).to_numpy().sum()),
        "doubled_units": int((ratio >= 2).any(axis=1).sum()),
        "shrunk": int((ratio <= 0.5).to_numpy().sum()), "spread_first": float(spread.iloc[0]), "spread_last": float(spread.iloc[-1]),
    }


def _outcome(frame: pd.DataFrame) -> dict[str, Any]:
    y, table = frame[OUTCOME], _wide(frame, OUTCOME)
    mean, step = y.groupby(frame[YEAR]).mean(), table.diff(axis=1)
    pairs = pd.DataFrame({"now": step.to_numpy()[:, 1:].ravel(), "then": step.to_numpy()[:, :-1].ravel()})
    echo = float(pairs["now"].corr(pairs["then"], min_periods=FEW_PAIRS))
    counted = [c for c in frame if any(word in c.lower() for word in ("death", "expected", "discharge", "spell"))]
    return {
        "no_outcome": int(y.isna().sum()), "kept": int(y.notna().all() and frame[EX].isna().any()),
        "mean_low": float(mean.min()), "mean_high": float(mean.max()), "level": int((mean - 1).abs().max() < 0.01), "uncounted": int(not counted),
        "echo_r": echo, "echo": int(echo > MARGIN), "spread_outcome": float(y.std()), "step_outcome": float(step.stack().std()),
    }


def _faults(counts: Mapping[str, Any], displaced: Sequence[Displaced]) -> pd.DataFrame:
    """One row a finding: column, found, done. A fault that is absent has no row."""
    rows = [(f.column, say(*f.found, **counts), say(*f.done, **counts)) for f in words.FINDINGS if not f.when or counts[f.when] > 0]
    rows[2:2] = [words.displaced(one) for one in displaced]  # behind what the columns are: nothing else changes a value of the panel
    return pd.DataFrame(rows, columns=["column", "found", "done"])


def _roles(counts: Mapping[str, Any]) -> pd.DataFrame:
    rows = [(r.column, words.ROLES[r.role], say(*r.reason, **counts)) for r in words.COLUMNS if not r.when or counts[r.when] > 0]
    return pd.DataFrame(rows, columns=["column", "role", "reason"])


def _checks(displaced: Sequence[Displaced]) -> tuple[Check, ...]:
    return tuple(words.in_place(column, [one for one in displaced if column in one.moved]) for column in (EX, OUTCOME, STRESS))


def accounting(trusts: Trusts, *, lag: int = 1) -> Check:
    """Every row of the file, as the later year of a pair: used with the exposure of `lag` years before, or dropped for one reason.

    rows = used + without outcome + in the first `lag` years + no row of the trust `lag` years before + that row without exposure; the first reason
    that holds counts. The used rows are counted by joining the panel to itself, so that the sum can fail.

    Raises
    ------
    ParameterError
        for a lag that is no whole number from 0 to the last period.
    """
    panel = trusts.panel
    longest = int(panel["period"].max())
    if not isinstance(lag, int) or isinstance(lag, bool) or not 0 <= lag <= longest:
        raise ParameterError(f"lag is a whole number of years from 0 to {longest} in this panel, not {lag}.")
    key = ["unit_id", "period"]
    earlier = panel[[*key, "ex"]].assign(period=panel["period"] + lag)
    used = len(panel[[*key, "outcome"]].dropna().merge(earlier.dropna(), on=key))
    source = panel[key].merge(earlier, on=key, how="left", indicator=True)
    reasons = {
        "no_outcome": panel["outcome"].isna(), "too_early": panel["period"] < lag, "no_row": (source["_merge"] == "left_only").set_axis(panel.index),
        "no_exposure": source["ex"].isna().set_axis(panel.index),
    }
    left, dropped = np.ones(len(panel), dtype=bool), {}
    for name, holds in reasons.items():
        dropped[name] = int((left & holds).sum())
        left &= ~holds.to_numpy()
    return words.accounted(trusts.rows, used, dropped, lag)


def facts(trusts: Trusts) -> dict[Text, int | str]:
    """Counts that open the page."""
    n = trusts.counts
    return {
        Text("医院（信托）", "Hospital trusts"): n["units"],
        Text("年", "Years"): n["years"],
        Text("医院 × 年", "Trusts × years"): n["rows"],
        Text("每年都在的医院", "Trusts present every year"): n["complete"],
        Text("员工答卷", "Employee answers"): n["answers"],
    }
