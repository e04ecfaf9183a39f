"""What do voices that cannot be used do to the headline scores? Each score over all accepted voices beside the same over the valid ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from voclib.errors import ParameterError, nearest
from voclib.results import Estimate, refusal
from voclib.stats import metrics
from voclib.studies.pool import validity_text as words
from voclib.studies.scores import SCORES, Score, clustered

_STANDING = "standing"
_VALID, _INVALID = "valid", "invalid"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One score: `everyone` over all accepted voices, `valid` over those with every required field, `effect` the first minus the second.

    `invalid_n` of `n` answers lack a required field.
    """

    name: str
    everyone: Estimate
    valid: Estimate
    effect: Estimate
    n: int
    invalid_n: int


def is_valid(responses: pd.DataFrame, required: Sequence[Sequence[str]]) -> pd.Series:
    """Whether each voice has, of every line of `required`, at least one of the fields it names; shape (n,).

    Raises
    ------
    ParameterError
        for a field that responses do not have.
    """
    known = pd.Series(True, index=responses.index)
    for line in required:
        for name in line:
            if name not in responses.columns:
                raise ParameterError(f"valid_voice names '{name}', which responses do not have; {nearest(name, responses.columns)}")
        known &= responses[list(line)].notna().any(axis=1)
    return known


def effects(responses: pd.DataFrame, required: Sequence[Sequence[str]], *, cluster: str = "unit_id", conf_level: float = 0.95) -> tuple[Moved, ...]:
    """Every score that the pool carries, over all voices and over the valid ones.

    With p the share of invalid answers, θ_all − θ_valid = p · (θ_invalid − θ_valid): the interval is that of the difference between two groups of
    answers, clustered by unit, times p, which is known. Where no answer is invalid, or too few are, the effect is withheld.
    """
    marked = responses.assign(**{_STANDING: is_valid(responses, required).map({True: _VALID, False: _INVALID})})
    found = [(name, score, marked[marked[score.column].notna()]) for name, score in SCORES.items()]
    return tuple(_moved(name, score, kept, cluster=cluster, conf_level=conf_level) for name, score, kept in found if len(kept))


def _moved(name: str, score: Score, kept: pd.DataFrame, *, cluster: str, conf_level: float) -> Moved:
    kept, shock, _ = clustered(kept, cluster)
    options = {"column": score.column, "cluster": shock, "conf_level": conf_level}
    everyone, *_ = metrics.groups(score.function, kept.assign(everyone=""), by="everyone", estimand=score.estimand, rung="everyone", **options)
    sides = {e.group: e.with_(group="") for e in metrics.groups(score.function, kept, by=_STANDING, estimand=score.estimand, rung="valid", **options)}
    invalid_n = int(kept[_STANDING].eq(_INVALID).sum())
    nothing = refusal(score.estimand, unit=everyone.unit, rung="valid", reason=words.NO_VALID, needs=words.NEEDS_VALID)
    return Moved(name=name, everyone=everyone, valid=sides.get(_VALID, nothing), n=len(kept), invalid_n=invalid_n,
                 effect=_effect(score, kept, invalid_n, options))


def _effect(score: Score, kept: pd.DataFrame, invalid_n: int, options: dict) -> Estimate:
    estimand, unit = f"{score.estimand}_moved_by_invalid", words.UNITS[score.function]
    if not invalid_n:
        return refusal(estimand, unit=unit, reason=words.ALL_VALID, needs=words.NEEDS_NOTHING, n=len(kept))
    if invalid_n == len(kept):
        return refusal(estimand, unit=unit, reason=words.NO_VALID, needs=words.NEEDS_VALID, n=len(kept))
    gap = metrics.differences(score.function, kept, by=_STANDING, at=(_VALID, _INVALID), unit=None, estimand=estimand, **options)
    if gap.kind != "estimate":
        return gap.with_(group="")
    share = invalid_n / len(kept)
    return gap.with_(group="", value=share * gap.value, conf_low=share * gap.conf_low, conf_high=share * gap.conf_high,
                     std_error=share * gap.std_error, n=len(kept))


def table(found: Sequence[Moved]) -> pd.DataFrame:
    """One row a score, for `show.table` with `validity_text.COLUMNS`."""
    return pd.DataFrame([words.row(m.everyone, m.valid, m.effect, n=m.n, invalid_n=m.invalid_n) for m in found], columns=list(words.COLUMNS))
