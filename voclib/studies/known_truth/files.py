"""Public files whose truth is known or published: how they are read, and what is wrong with them.

Schools: Academic Performance Index of California, 1999 and 2000 (R package `survey`). Panel: the simulated self-selected sample of
`balance`. Health: NHEFS (Hernán & Robins 2020). Wages: Mroz 1987, Econometrica 55.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from voclib.errors import DataError
from voclib.results import Text
from voclib.sentences import say

SAMPLES = ("apisrs", "apistrat", "apiclus1")
PARENTS = ("not.hsg", "hsg", "some.col", "col.grad", "grad.sch")
NEEDED = {
    "apipop": ("cds", "stype", "api00", "api99", "growth", "target", "sch.wide", "meals", "ell", "enroll", "mobility", "avg.ed", *PARENTS),
    "sample": ("id", "gender", "age_group", "income", "happiness"),
    "target": ("id", "gender", "age_group", "income", "happiness"),
    "nhefs": ("seqn", "qsmk", "wt82", "wt82_71", "wt71", "sex", "age", "race", "education", "smokeintensity", "smokeyrs", "exercise", "active"),
    "Mroz87": ("lfp", "wage", "repwage", "educ", "exper", "nwifeinc", "age", "kids5", "kids618"),
}


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files as they are, one row a school, person or woman; `samples` are published samples of `population`, by name."""

    population: pd.DataFrame
    samples: dict[str, pd.DataFrame]
    volunteers: pd.DataFrame
    target: pd.DataFrame
    health: pd.DataFrame
    complete: pd.DataFrame
    wages: pd.DataFrame

    @property
    def truth(self) -> float:
        """Mean score of all schools, in points."""
        return float(self.population["api00"].mean())


def read(schools: Path, panel: Path, health: Path, wages: Path) -> Files:
    """The files of four folders.

    Raises
    ------
    DataError
        if a file or one of its columns is missing, or a published sample holds schools that the population does not.
    """
    population = _table(schools, "apipop")
    samples = {name: _table(schools, name) for name in SAMPLES}
    for name, sample in samples.items():
        if strangers := int((~sample["cds"].isin(population["cds"])).sum()):
            raise DataError(f"{name}.csv holds {strangers} schools that apipop.csv does not; a sample is compared with its own population.")
    return Files(
        population=population,
        samples=samples,
        volunteers=_table(panel, "sample"),
        target=_table(panel, "target"),
        health=_table(health, "nhefs"),
        complete=_table(health, "nhefs_complete"),
        wages=_table(wages, "Mroz87"),
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = Path(folder) / f"{name}.csv"
    if not path.is_file():
        raise DataError(f"There is no {path.name} in the folder {path.parent.name}; look at what VOC_PUBLIC_DATA names.")
    frame = pd.read_csv(path, dtype={"cds": "str"})
    wanted = NEEDED.get(name, NEEDED["apipop"][:3] if name in SAMPLES else NEEDED["nhefs"])
    if lost := [c for c in wanted if c not in frame]:
        raise DataError(f"{path.name} lacks {', '.join(lost)}; it has {', '.join(frame.columns[:8])} …")
    return frame


def facts(files: Files) -> dict[Text, int | tuple[float, str, Text]]:
    """Counts that open the page."""
    return {
        Text("全体学校", "All schools"): len(files.population),
        Text("它们的平均分", "Their mean score"): (round(files.truth, 1), "number", Text("分", "points")),
        Text("公布的样本", "Published samples"): len(files.samples),
        Text("自愿受访者", "Panel volunteers"): len(files.volunteers),
        Text("体检者", "People in a health study"): len(files.health),
        Text("已婚女性", "Married women"): len(files.wages),
    }


def faults(files: Files) -> pd.DataFrame:
    """What is wrong with each file and what is done about it, one row a finding: file, found, done."""
    rows = [*_schools(files), *_unknown(files), *_drawn(files), *_people(files), *_women(files.wages)]
    return pd.DataFrame(rows, columns=["file", "found", "done"])


def _schools(files: Files) -> list[tuple[Text, Text, Text]]:
    p, name = files.population, Text("全体学校", "All schools")
    constant = [c for c in p if p[c].nunique() <= 1]
    empty = [c for c in constant if p[c].isna().all()]
    leaked = int((p["growth"] == p["api00"] - p["api99"]).sum())
    return [
        (
            name,
            say(
                "“growth” 在 {k} 行里就是两年分数之差，奖励各栏由它算出：答案泄漏",
                "“growth” is the difference between the two years' scores in {k} rows, and the award columns are derived from it: the answer leaks",
                k=leaked,
            ),
            Text(
                "不用来判断谁会作答；只有公布的例子用了其中一栏的总数",
                "Never used to model who answers; only the published example uses the total of one of them",
            ),
        ),
        (
            name,
            say(
                "“{c}” 整列为空；“{d}” 只有一个取值",
                "“{c}” is empty throughout; “{d}” has only one value",
                c=", ".join(empty),
                d=", ".join(c for c in constant if c not in empty),
            ),
            Text("不用", "Not used"),
        ),
    ]


def _unknown(files: Files) -> list[tuple[Text, Text, Text]]:
    p, name = files.population, Text("全体学校", "All schools")
    unasked = p["target"].isna()
    unknown = int((p["avg.ed"].isna() & (p[list(PARENTS)].sum(axis=1) == 0)).sum())
    return [
        (
            name,
            say(
                "{k} 所学校没有目标分，它们上年的分数都在 {low:.0f} 以上：缺失本身就是答案",
                "{k} schools have no target, all of them at {low:.0f} or more the year before: being missing is itself the answer",
                k=int(unasked.sum()),
                low=float(p.loc[unasked, "api99"].min()),
            ),
            Text("不用", "Not used"),
        ),
        (
            name,
            say(
                "{k} 所学校缺人数，{m} 所缺家长学历；其中 {z} 所的学历比例全记作 0",
                "{k} schools lack a size and {m} the parents' education; {z} of the latter record every share of it as 0",
                k=int(p["enroll"].isna().sum()),
                m=int(p["avg.ed"].isna().sum()),
                z=unknown,
            ),
            Text("缺失自成一档；不用那些 0", "Missing is a level of its own; the zeros are not used"),
        ),
    ]


def _drawn(files: Files) -> list[tuple[Text, Text, Text]]:
    clusters = files.samples["apiclus1"]
    drawn, of = int(clusters["dnum"].nunique()), int(clusters["fpc"].iloc[0])
    weight = float(clusters["pw"].iloc[0])
    return [
        (
            Text("按学区的样本", "Sample of districts"),
            say(
                "{k} 个学区抽自 {n} 个，权重本该是 {right:.1f}，写的却是 {weight:.1f}：已放大到学校总数",
                "{k} of {n} districts were drawn, so the weight should be {right:.1f}; {weight:.1f} is recorded, scaled up to the number of schools",
                k=drawn,
                n=of,
                right=of / drawn,
                weight=weight,
            ),
            Text("对平均分没有差别，照用", "Makes no difference to a mean; used as it is"),
        )
    ]


def _people(files: Files) -> list[tuple[Text, Text, Text]]:
    volunteers, target, whole, kept = files.volunteers, files.target, files.health, files.complete
    lost = whole[whole["wt82_71"].isna()]
    rates = [float(whole.loc[whole["qsmk"] == arm, "wt82_71"].isna().mean()) for arm in (1, 0)]
    return [
        (
            Text("自愿受访者", "Volunteers"),
            say(
                "性别在样本缺 {k} 个、在目标人群缺 {m} 个",
                "Gender is missing for {k} volunteers and for {m} people in the target",
                k=int(volunteers["gender"].isna().sum()),
                m=int(target["gender"].isna().sum()),
            ),
            Text("缺失自成一档", "Missing is a level of its own"),
        ),
        (
            Text("体检者", "Health study"),
            say(
                "“完整”文件就是去掉失访 {k} 人后的另一份；戒烟者失访的更多（{a:.1%} 对 {b:.1%}）",
                "The “complete” file is the other one without the {k} who dropped out; quitters dropped out more often ({a:.1%} against {b:.1%})",
                k=len(lost),
                a=rates[0],
                b=rates[1],
            ),
            say(
                "失访算作没有作答；“完整”文件的 {n} 人只作对照",
                "Dropping out counts as silence; the {n} people in the “complete” file serve only as a comparison",
                n=len(kept),
            ),
        ),
    ]


def _women(wages: pd.DataFrame) -> list[tuple[Text, Text, Text]]:
    idle = wages["lfp"] == 0
    zero = int((wages.loc[idle, "wage"] == 0).sum())
    unsaid = int((wages.loc[~idle, "repwage"] == 0).sum())
    name = Text("工资", "Wages")
    return [
        (
            name,
            say(
                "{k} 位没有工作的女性工资记作 0：那是没有工资，不是工资为零",
                "{k} women without work have a recorded wage of 0: that means no wage, not a wage of zero",
                k=zero,
            ),
            Text("当作看不见", "Treated as unobserved"),
        ),
        (
            name,
            say("自报工资在 {k} 位工作女性那里是 0", "The self-reported wage is 0 for {k} women who work", k=unsaid),
            Text("不用；工资由收入和工时算出", "Not used; the wage comes from earnings and hours"),
        ),
    ]


def seen_wages(wages: pd.DataFrame) -> pd.DataFrame:
    """The wages file with the logarithm of the wage where there is one, and the square of experience."""
    paid = wages["wage"].where((wages["lfp"] == 1) & (wages["wage"] > 0))
    return wages.assign(log_wage=np.log(paid), exper2=wages["exper"].astype(float) ** 2)
