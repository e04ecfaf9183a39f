"""Who ought to own a case, by the rule file that people edit, beside who did: cases of no class, cases of no owner, cases that went elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from voclib.loop import compliance
from voclib.results import Estimate, Text, refusal
from voclib.stats import metrics
from voclib.stats.gates import Gates
from voclib.text import aspects, rules
from voclib.text.rules import Rules

SAFETY = "safety"  # the class of the rule file, and the grade of a case, that come before everything else
OTHER_NAMES = Text("台账里的部门，规则文件一个也没有。", "The rule file names none of the ledger's departments.")
SAME_NAMES = Text("在规则文件里把责任部门写成台账里的名字。", "Name owners in the rule file as the ledger does.")


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What the rules say of every case, beside the ledger.

    `table`: one row a class: `class`, `name`, `owner` (both languages), `n` cases, `agree` how many of them the ledger gives to that owner,
    `elsewhere` the department that has most of the others, `most` how many. `agreement`: among cases with a class and an owner. `unread`,
    `unclassed`, `unowned`: how many cases have no text, a text of no class, no owner. `safety`: cases whose text is of the class `SAFETY`,
    `ungraded` how many of them are not graded so.
    """

    table: pd.DataFrame
    agreement: Estimate
    unread: int
    unclassed: int
    unowned: int
    safety: int
    ungraded: int
    n: int


def departments(given: Rules) -> dict[str, Text]:
    """Department as the ledgers write it (in Chinese) → its name in both languages."""
    return {one.owner.zh: Text(one.owner.zh, one.owner.en) for one in given.classes}


def study(cases: pd.DataFrame, given: Rules, dictionary: aspects.Dictionary, *, conf_level: float, gates: Gates) -> Routing:
    """Read every case's description for its class, and compare the class's owner with the department that got it.

    The agreement is a refusal where the ledger's departments are all unknown to the rules: then names differ, not owners.
    """
    texts = cases["description"].astype("object").where(cases["description"].notna(), None).tolist()
    found = rules.classify(texts, given, mentions=aspects.mentions(texts, dictionary)).table
    main = found[found["is_main"]].set_index("row")
    said = pd.Series([text is not None and bool(str(text).strip()) for text in texts], cases.index)
    marked = cases.assign(wanted=main["class"].reindex(range(len(cases))).to_numpy(), right=main["owner"].reindex(range(len(cases))).to_numpy())
    owned = marked[marked["wanted"].notna() & marked["owner_department"].notna()]
    owned = owned.assign(agrees=owned["right"].eq(owned["owner_department"]).astype(float))
    owned, by = compliance.clustered(owned, "unit_id", gates)
    agreement = metrics.share(owned, "agrees", estimand="routed_as_agreed", conf_level=conf_level, gates=gates, cluster=by)
    if len(owned) and not owned["owner_department"].isin(departments(given)).any():
        agreement = refusal(agreement.estimand, unit="share", conf_level=conf_level, n=len(owned), reason=OTHER_NAMES, needs=SAME_NAMES)
    unsafe = marked[marked["wanted"].eq(SAFETY).fillna(False)]
    return Routing(table=_table(owned, given), agreement=compliance.of_cases(agreement), unread=int((~said).sum()),
                   unclassed=int((said & marked["wanted"].isna()).sum()), unowned=int(cases["owner_department"].isna().sum()),
                   safety=len(unsafe), ungraded=int(unsafe["severity"].ne(SAFETY).sum()), n=len(cases))


def _table(owned: pd.DataFrame, given: Rules) -> pd.DataFrame:
    """One row a class that occurs, most cases first."""
    rows = []
    for name, part in owned.groupby("wanted", sort=True):
        others = part.loc[part["agrees"].eq(0), "owner_department"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        rows.append({"class": name, "name": given.name(name), "owner": given.owner(name), "n": len(part), "agree": int(part["agrees"].sum()),
                     "elsewhere": str(others.index[0]) if len(others) else "", "most": int(others.iloc[0]) if len(others) else 0})
    columns = ["class", "name", "owner", "n", "agree", "elsewhere", "most"]
    return pd.DataFrame(rows, columns=columns).sort_values(["n", "class"], ascending=[False, True], ignore_index=True)


def load(classes: str | Path, dictionary: str | Path) -> tuple[Rules, aspects.Dictionary]:
    """The rule classes and the dictionary that they speak of.

    Raises
    ------
    ParameterError
        as `voclib.text.rules.load` and `voclib.text.aspects.load`.
    """
    terms = aspects.load(dictionary)
    return rules.load(classes, dictionary=terms), terms
