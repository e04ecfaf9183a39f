"""Which marks and known facts a score goes with: a ranking of where to look first, never of what a change would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voclib.results import Estimate, Text
from voclib.schema import conformity
from voclib.stats import gates as gating
from voclib.stats.attribution import Drivers, collinear, lmg
from voclib.stats.gates import Gates
from voclib.stats.inference import unnamed
from voclib.studies import scores
from voclib.studies.scores import drivers_text as words
from voclib.studies.scores import text

Tables = Mapping[str, pd.DataFrame]
DRAWS = 499


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """`estimates` are shares of the spread of the score, largest first, and `table` adds ranks; both are empty where `note` says why."""

    estimates: tuple[Estimate, ...]
    table: pd.DataFrame
    found: Drivers | None
    captions: Mapping[str, Mapping[str, Any]]
    note: Text


@conformity.explained
def rank(tables: Tables, *, metric: str, channel: str = "", cluster: str = "unit_id", conf_level: float = 0.95, seed: int = 0,
         timezone: str = "", min_known: float = 0.5, rows_per_column: int = 10, gates: Gates | None = None) -> Ranking:
    """LMG shares of the raw mark's variance over its companions: other marks of the answer and facts of the contact and the customer.

    A companion must be known for `min_known` of the answers and vary; answers without all of them are left out. Companions that
    predict each other count as one. Units, where there are any, are resampled whole.

    Raises
    ------
    ParameterError, DataError
        as in `scores.study`.
    """
    gates = gates or gating.load()
    kept = scores.answers(tables, metric=metric, channel=channel, timezone=timezone)
    if kept.empty:
        return Ranking(estimates=(), table=pd.DataFrame(), found=None, captions={}, note=text.NO_SCORE[0])
    kept, shock, _ = scores.clustered(kept, cluster)
    column = scores.SCORES[metric].column
    there = companions(kept, tables).drop(columns=column, errors="ignore")
    chosen = there.loc[:, (there.notna().mean() >= min_known) & (there.nunique() > 1)]
    sparse = [c for c in there if c not in chosen and there[c].notna().any() and there[c].nunique() > 1]
    whole = chosen.notna().all(axis=1).to_numpy()
    chosen = chosen.loc[:, chosen[whole].nunique() > 1] if len(chosen.columns) else chosen
    y, clusters = kept[column].to_numpy(dtype=float), None if shock is None else kept[shock][whole].to_numpy()
    teams = {" + ".join(team): list(team) for team in collinear(chosen[whole])} if whole.any() and len(chosen.columns) else {}
    names = [*teams, *(c for c in chosen if not any(c in team for team in teams.values()))]
    if (why := _too_little(names, y[whole], clusters, rows_per_column * len(chosen.columns), gates)) is not None:
        return Ranking(estimates=(), table=pd.DataFrame(), found=None, captions={}, note=why)
    found = lmg(y[whole], chosen[whole], groups=teams, cluster=clusters, draws=DRAWS, seed=seed, conf_level=conf_level)
    return Ranking(estimates=found.estimates(), table=words.table(found), found=found, note=Text("", ""),
                   captions=words.captions(found, metric=scores.SCORES[metric].estimand, total=len(kept), sparse=sparse))


def companions(kept: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Everything numeric that is known beside a score, one row an answer in the order of `kept`; columns are keys of `drivers_text.COMPANIONS`."""
    found = {name: kept[name].astype("Float64") for name in ("nps_score", "csat_score", "ces_score", "rating_score", "duration_seconds")}
    contact = _contacts(kept, tables)
    found |= {name: contact[name] for name in ("wait_minutes", "duration_minutes", "amount_cny") if name in contact}
    if "customers" in tables and kept["customer_id"].notna().any():
        joined = kept["customer_id"].map(tables["customers"].set_index("customer_id")["joined_on"])
        when = kept["touched_at"].fillna(kept["submitted_at"]).dt.tz_localize(None)
        found["tenure_days"] = (when - pd.to_datetime(joined)).dt.total_seconds() / 86400
    return pd.DataFrame({name: values.to_numpy(dtype=float, na_value=np.nan) for name, values in found.items()}, index=kept.index)


def _contacts(kept: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The contact that an answer's invitation was about, one row an answer; nothing where no invitation names one."""
    if "invitations" not in tables or "touchpoints" not in tables or kept["invitation_id"].isna().all():
        return pd.DataFrame(index=kept.index)
    about = kept["invitation_id"].map(tables["invitations"].drop_duplicates("invitation_id").set_index("invitation_id")["touchpoint_id"])
    return tables["touchpoints"].set_index("touchpoint_id").reindex(about).set_index(kept.index)


def _too_little(names: list[str], y: np.ndarray, clusters: np.ndarray | None, fewest: int, gates: Gates) -> Text | None:
    """Why there is no ranking of these columns; None where there is one."""
    if len(names) < 2:
        return words.no_companions(names)
    if np.ptp(y) == 0:
        return words.NO_SPREAD
    if len(y) < (needed := max(fewest, gates.min_n)):
        return words.too_few_rows(len(y), needed)
    if clusters is not None and (count := unnamed.count(clusters)) < gates.min_clusters:
        return words.too_few_clusters(count, gates.min_clusters)
    return None
