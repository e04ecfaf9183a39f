"""Which sign of a file's numbers is the decimal sign, decided by the whole column: 1.250 is a thousand times 1.25."""

from __future__ import annotations

import re
from unicodedata import normalize

import pandas as pd

from voclib.errors import DataError
from voclib.schema.rules import rules

EUROPEAN = "comma read as the decimal sign, dot as thousands"
FOURS = "commas between groups of four digits removed"
MAJORITY = 0.9  # share of the telling numbers that must agree before the others count as slips
_CORE = re.compile(r"[0-9](?:[0-9., ]*[0-9])?")
# numbers that can be read in one way only; {d} is the decimal sign they prove and {t} the other one
_GROUPED = r"[0-9]{{1,3}}(?:[{t} ][0-9]{{3}})+{d}[0-9]+|[0-9]{{1,3}}(?:{t}[0-9]{{3}}){{2,}}"
_PLAIN = r"[0-9]+{d}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0{d}[0-9]+|[0-9]{{4,}}{d}[0-9]+"
_STRONG = {",": re.compile(_GROUPED.format(d=",", t=r"\.")), ".": re.compile(_GROUPED.format(d=r"\.", t=","))}
_ANY = {",": re.compile(f"{_GROUPED}|{_PLAIN}".format(d=",", t=r"\.")), ".": re.compile(f"{_GROUPED}|{_PLAIN}".format(d=r"\.", t=","))}
_FOURS = re.compile(r"[1-9][0-9]{0,3}(?:,[0-9]{4})+")  # 1,0000: ten thousand in Chinese groups of four, or one with four decimals
_SURE_FOURS = re.compile(r"[1-9][0-9]{0,3}(?:(?:,[0-9]{4})+\.[0-9]+|(?:,[0-9]{4}){2,})")  # 1,0000.50 and 1,0000,0000 are groups
_EITHER = {sign: re.compile(rf"[1-9][0-9]{{0,2}}\{sign}[0-9]{{3}}") for sign in ",."}  # 1.250 and 1,250: thousands or decimals
_WITH_COMMA = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*(?:,[0-9]+)?|[0-9]+,[0-9]+|[0-9]{1,3}(?: [0-9]{3})+,[0-9]+")


def plain(texts: pd.Series, *, table: str, target: str, decimal: str | None, where: str) -> tuple[pd.Series, pd.Series]:
    """The numbers of one column with a dot as decimal sign, and what was done to each cell (empty where nothing was).

    `decimal` is what the mapping says, else the column decides: 12,50 or 1.234,50 prove a comma, 12.50 or 1,234.50 a dot. Raises DataError
    where a dot may stand for thousands, or a comma for groups of four digits, and nothing in the column says so, naming the two readings and
    the line for the mapping.
    """
    untouched = texts, pd.Series("", index=texts.index, dtype="str")
    if not texts.str.contains(r"[0-9][.,][0-9]").any():
        return untouched
    distinct = texts.dropna().unique().tolist()
    cores = {text: found[0] for text in distinct if (found := _CORE.search(normalize("NFKC", text)))}
    is_dot = (decimal or _decimal(set(cores.values()), _can_be_thousands(table, target), where)) == "."
    if is_dot:  # commas between three digits are left to the standard
        fours = {text: core for text, core in cores.items() if _FOURS.fullmatch(core.partition(".")[0])}
        is_grouped = decimal or any(_SURE_FOURS.fullmatch(core) for core in fours.values())
        changed = {text: normalize("NFKC", text).replace(core, core.replace(",", ""), 1) for text, core in fours.items() if is_grouped}
    else:
        changed = {text: _swapped(text, core) for text, core in cores.items() if re.search("[.,]", core) and _WITH_COMMA.fullmatch(core)}
    if not changed:
        return untouched
    notes = texts.isin(list(changed)).map({True: FOURS if is_dot else EUROPEAN, False: ""}).astype("str")
    return texts.map(lambda text: changed.get(text, text), na_action="ignore").astype("str"), notes


def _swapped(text: str, core: str) -> str:
    return normalize("NFKC", text).replace(core, core.replace(".", "").replace(" ", "").replace(",", "."), 1)


def _can_be_thousands(table: str, target: str) -> bool:
    """Whether the column allows values of a thousand and more."""
    bounds = [rule.check.statistics.get("max_value") for rule in rules(table) if rule.column == target]
    return all(bound is None or bound >= 1000 for bound in bounds)


def _decimal(cores: set[str], is_large: bool, where: str) -> str:
    """The decimal sign of a column, by the numbers that can be read in one way only."""
    proofs = {sign: sum(bool(pattern.fullmatch(core)) for core in cores) for sign, pattern in _ANY.items()}
    open_ = {sign: sorted(core for core in cores if pattern.fullmatch(core)) for sign, pattern in _EITHER.items()}
    if not is_large:
        return "," if proofs[","] > proofs["."] else "."
    fours = sorted(core for core in cores if _FOURS.fullmatch(core))
    proofs[","] -= sum(bool(_ANY[","].fullmatch(core)) for core in fours)
    telling = sum(proofs.values())
    is_grouped = not proofs[","] and any(_SURE_FOURS.fullmatch(core) for core in cores)
    if is_grouped or (proofs["."] and proofs["."] >= MAJORITY * telling):
        return "."
    if fours and proofs[","] < max(1, MAJORITY * telling):
        raise DataError(_asked(fours[0], cores - set(fours), proofs, where))
    is_comma = proofs[","] and proofs[","] >= MAJORITY * telling
    # 12,50 among 1,250 and 2,375 is more likely a slip than a column of three decimals
    if is_comma and (not open_[","] or any(_STRONG[","].fullmatch(core) for core in cores)):
        return ","
    if not open_["."] and not is_comma:
        return "."
    raise DataError(_asked((open_["."] or open_[","])[0], cores, proofs, where))


def _asked(example: str, cores: set[str], proofs: dict[str, int], where: str) -> str:
    joined, split = re.sub("[.,]", "", example), example.replace(",", ".")
    shown = [next(core for core in sorted(cores) if _ANY[sign].fullmatch(core)) for sign in ",." if proofs[sign]]
    why = f"the column also holds {' and '.join(shown)}" if shown else "nothing else in the column says which"
    return (f"{where}: '{example}' may be {joined} or {split}, and {why}; add  decimal: \",\"  to this source of the mapping where the comma is "
            f"the decimal sign (1.250,50), or  decimal: \".\"  where the dot is (1,250.50 or 1,0000)")
