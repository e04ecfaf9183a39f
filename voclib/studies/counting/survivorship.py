"""The customers, answers and call-backs behind the score of everybody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from voclib.schema.keys import among
from voclib.stats import gates
from voclib.studies import counting, survivorship
from voclib.studies.survivorship import frame
from voclib.studies.survivorship.frame import Frame

REPORT = "21-survivorship"


def flows(tables: Mapping[str, pd.DataFrame], *, metric: str = "nps", first_day: str = "", last_day: str = "", withhold: str = "",
          seed: int = 0) -> tuple[counting.Flow, ...]:
    """Customers whom the corrections speak for; the answers of those of them who answered; the call-backs of those who were silent."""
    everybody = frame.build(tables, metric=metric, first_day=first_day, last_day=last_day)
    studied = frame.hide(everybody, withhold, seed=seed)
    heard = studied.only(survivorship.supported(studied, gates.load())).people
    steps = {"customers": _people(studied.steps["customers"], heard), "responses": _answers(studied, heard)}
    if len(tables.get("followups", ())) and "followups" in studied.steps:
        steps["followups"] = _calls(tables["followups"], studied, heard)
    return tuple(counting.made(REPORT, name, tables[name], counting.by_key(tables[name], name, found)) for name, found in steps.items())


def _people(steps: pd.Series, heard: pd.DataFrame) -> pd.Series:
    """On the list, but nobody could hear them: they enter as a range only."""
    return steps.mask(steps.eq("") & ~steps.index.isin(heard["customer_id"]), "unheard")


def _answers(studied: Frame, heard: pd.DataFrame) -> pd.Series:
    """Answers that were not set aside on purpose, and those given to a call-back after all."""
    people, steps = studied.people, studied.steps["responses"]
    given = people["is_answered"] | people["followup_y"].notna()
    gone = [~steps.index.isin(people.loc[given, "response_id"]), ~steps.index.isin(people.loc[among(people["customer_id"], heard["customer_id"]),
                                                                                             "response_id"])]
    rest = np.select([steps.ne("").to_numpy(), *gone], [steps.to_numpy(), "withheld", "unheard"], "")
    return pd.Series(rest.astype(object), index=steps.index)


def _calls(followups: pd.DataFrame, studied: Frame, heard: pd.DataFrame) -> pd.Series:
    """Call-backs whose answer the study still holds."""
    steps = studied.steps["followups"].reindex(followups["followup_id"])
    who = followups["customer_id"]
    told = studied.people.loc[studied.people["followup_y"].notna(), "customer_id"]
    gone = [steps.ne("").to_numpy(), ~among(who, told).to_numpy(), ~among(who, heard["customer_id"]).to_numpy()]
    return pd.Series(np.select(gone, [steps.to_numpy(), "withheld", "unheard"], "").astype(object), index=steps.index)
