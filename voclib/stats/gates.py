"""The thresholds that decide verdicts, one YAML file and one frozen dataclass, and what is said where one is not met."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from voclib import strictyaml
from voclib.errors import ParameterError, nearest
from voclib.results import Text

DEFAULT = Path(__file__).with_name("gates.yml")
ASSUMPTIONS = {
    "answers_independent": Text("各份回答互不影响", "answers do not depend on each other"),
    "weights_given": Text("权重视为已知，其估计误差未计入", "weights are taken as given; having estimated them adds no uncertainty here"),
    "clusters_independent": Text("组（门店、客户等）之间互不影响，组内可以相似",
                                 "clusters (dealers, customers) are independent; answers within one may be alike"),
    "these_units_only": Text("组太少或大小悬殊，区间只说现有这几个组里的人",
                             "clusters too few or too uneven: the interval speaks of people in these ones only"),
    "respondents_only": Text("仅描述作答者，不代表未作答者", "describes those who answered, not those who did not"),
}
_SHARES = {"conf_level", "response_rate_alarm", "min_response_rate", "propensity_floor", "max_unsupported_share", "separation_auc", "min_completion",
           "exposure_ceiling", "exposure_auc", "placebo_share", "min_icc2", "plain_icc2", "leads_level", "lead_share"}


@dataclass(frozen=True, kw_only=True)
class Gates:
    """All thresholds; what each means stands beside its value in `gates.yml`."""

    conf_level: float
    min_clusters: int
    caveat_clusters: int
    min_degrees_of_freedom: float
    min_n: int
    caveat_n: int
    min_effective_n: float
    small_cell: int
    response_rate_alarm: float
    alarm_min_n: int
    scale_check_n: int
    min_response_rate: float
    min_weighted_n: float
    propensity_floor: float
    max_unsupported_share: float
    balance_flag: float
    balance_fail: float
    separation_auc: float
    ladder_gap: float
    min_followup_n: int
    min_completion: float
    exposure_ceiling: float
    exposure_auc: float
    width_factor: float
    min_tail_index: float
    placebo_share: float
    min_exposed_n: int
    min_unexposed_effective: float
    min_icc2: float
    plain_icc2: float
    min_stores: int
    min_periods: int
    min_employee_cell: float
    min_customer_cell: float
    leads_level: float
    lead_share: float

    @property
    def is_default(self) -> bool:
        """Whether every threshold is the published one; a page says so where it is not."""
        return self == load()

    def changed(self) -> dict[str, tuple[Any, Any]]:
        """Threshold → (published value, value here), for those that differ."""
        published = load()
        pairs = {f.name: (getattr(published, f.name), getattr(self, f.name)) for f in fields(self)}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def load(path: str | Path | None = None) -> Gates:
    """The thresholds of a YAML file; keys it leaves out keep their published value. Without a path, the published ones.

    Raises
    ------
    ParameterError
        for a file that is missing or no mapping, an unknown key (with the nearest known one), a wrong type, a value out of range.
    """
    published = _published()
    given = {} if path is None else _read(Path(path))
    known = {f.name: f.type for f in fields(Gates)}
    for name, value in given.items():
        if name not in known:
            raise ParameterError(f"{Path(path).name}: there is no gate '{name}'; {nearest(name, known)}")
        _check(f"{Path(path).name}: {name}", name, value, known[name])
    merged = published | given
    return Gates(**{name: float(merged[name]) if kind == "float" else merged[name] for name, kind in known.items()})


@cache
def _published() -> dict[str, Any]:
    return _read(DEFAULT)


def _read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds."""
    if not path.is_file():
        raise ParameterError(f"There is no gates file '{path}'; leave the path out to use the published thresholds.")
    values = strictyaml.parse(path.read_text("utf-8"), file=path.name)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ParameterError(f"{path.name} must hold 'name: value' lines; it holds {type(values).__name__}.")
    return values


def _check(label: str, name: str, value: Any, kind: str) -> None:
    """One threshold has the right type and a value that makes sense."""
    right = isinstance(value, int | float) if kind == "float" else isinstance(value, int)
    if not right or isinstance(value, bool):
        wanted = "a number" if kind == "float" else "a whole number"
        raise ParameterError(f"{label} must be {wanted}, not {value!r} ({type(value).__name__}).")
    if name in _SHARES and not 0 < value < 1:
        raise ParameterError(f"{label} is a share between 0 and 1, such as 0.95; it is {value}.")
    if value < 0 or name == "min_clusters" and value < 2:
        raise ParameterError(f"{label} is too small: {value}.")


def too_few(gates: Gates, *, n: int, worth: float | None = None, clusters: int | None = None) -> dict[str, Any] | None:
    """Fields of a refusal for want of answers, effective answers (`worth`, weighted only) or clusters; None where there are enough.

    Below `small_cell` not even the count is given.
    """
    needs = Text(f"至少 {gates.min_n} 份回答。", f"At least {gates.min_n} answers.")
    if n == 0:
        return {"reason": Text("没有可用的回答。", "There are no usable answers."), "needs": needs, "n": 0}
    if n < gates.small_cell:
        return {"needs": needs, "reason": Text(f"回答不足 {gates.small_cell} 份，为避免辨认出个人，不予显示。",
                                               f"Fewer than {gates.small_cell} answers: withheld so that nobody can be recognised.")}
    if n < gates.min_n:
        return {"reason": Text(f"只有 {n} 份回答，不足以给出分数。", f"{n} answers are too few for a score."), "needs": needs, "n": n}
    if worth is not None and worth < gates.min_effective_n:
        return {"n": n, "n_effective": worth,
                "reason": Text(f"{n} 份回答加权后只抵得上 {worth:.0f} 份：少数几份权重过大。",
                               f"Weighted, {n} answers are worth only {worth:.0f}: a few carry most of the weight."),
                "needs": Text(f"加权后至少抵 {gates.min_effective_n:g} 份回答：增加样本，或收窄权重。",
                              f"Answers worth at least {gates.min_effective_n:g} after weighting: more of them, or less extreme weights.")}
    if clusters is not None and clusters < gates.min_clusters:
        return {"n": n, "n_clusters": clusters,
                "reason": Text(f"回答只来自 {clusters} 个组；少于 {gates.min_clusters} 个组时，组间差异给不出可信的区间。",
                               f"The answers come from only {clusters} clusters; with fewer than {gates.min_clusters}, "
                               "how clusters differ gives no interval that can be trusted."),
                "needs": Text(f"至少 {gates.min_clusters} 个组；如只想描述现有这几个组，可改按客户聚类（cluster: customer_id），并写明只说它们。",
                              f"At least {gates.min_clusters} clusters; to describe only these ones, cluster by customer "
                              "(cluster: customer_id) and say so.")}
    return None


def lopsided(df: float, gates: Gates) -> dict[str, Text]:
    """Fields of a refusal where a few clusters or weights carry most answers."""
    return {"reason": Text(f"少数几个组占了绝大部分回答（自由度仅 {df:.1f}），区间不可信。",
                           f"A few clusters hold most of the answers ({df:.1f} degrees of freedom), so no interval can be trusted."),
            "needs": Text(f"更多、大小更接近的组，使自由度达到 {gates.min_degrees_of_freedom:g}。",
                          f"More clusters of more similar size, for at least {gates.min_degrees_of_freedom:g} degrees of freedom.")}


def caveat(gates: Gates, *, n: int, clusters: int | None = None, rate: float | None = None, perfect: bool = False) -> Text | None:
    """What must be said beside a number: few answers or clusters, a response rate or scores too good to be true; None for nothing."""
    found = []
    if n < gates.caveat_n:
        found.append(Text(f"只有 {n} 份回答，区间很宽。", f"Only {n} answers; the interval is wide."))
    if clusters is not None and clusters < gates.caveat_clusters:
        found.append(Text(f"只有 {clusters} 个组，区间靠少数几个组支撑。", f"Only {clusters} clusters; the interval rests on few of them."))
    if n >= gates.alarm_min_n and rate is not None and rate > gates.response_rate_alarm:
        found.append(Text(f"回收率高达 {rate:.0%}，疑似现场设备集中作答或门店代填。",
                          f"A response rate of {rate:.0%}: suspected kiosk or dealer-filled."))
    if n >= gates.alarm_min_n and perfect:
        found.append(Text("所有回答都是满分，疑似现场设备集中作答或门店代填。", "Every answer is the top score: suspected kiosk or dealer-filled."))
    return Text("".join(t.zh for t in found), " ".join(t.en for t in found)) if found else None
