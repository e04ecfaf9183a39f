"""How much of an amount is the list price of the very product whose lack is the exposure: who does not buy it does not pay for it.

With a price f among what the unexposed pay, and S(0) staying without the exposure, the loss of n₁ exposed customers is

    E[Y(0) − Y(1) | W = 1] n₁ = {E[base (S(0) − S(1)) | W = 1] + f P(S(0) = 1 | W = 1)} n₁,

and its second term is there even if nobody ever left for want of the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voclib.results import Check, Estimate, Text, Unit
from voclib.sentences import say
from voclib.stats import crossfit, effects, inference
from voclib.stats.gates import Gates
from voclib.stats.inference import Fit
from voclib.studies.money_files.counts import CENT
from voclib.studies.nps_revenue.rungs import Rungs

SOLD = {  # exposures that are a product not bought: its column in the telecom files, its name
    "no_support": ("Premium Tech Support", Text("技术支持", "Technical support")),
    "no_security": ("Online Security", Text("在线安全服务", "Online security")),
}


@dataclass(frozen=True, kw_only=True)
class OwnPrice:
    """What a product costs and how much of the amount that is.

    `monthly` is the price to one customer, in `unit`. By rung ("before", "aipw"), for all exposed customers together, positive is less money:
    `part` of the amount that is this price, `rest` of the amount without it, and `bill`, the difference in bills with nobody set to zero for
    having left.
    """

    product: Text
    monthly: float
    unit: Unit
    part: Mapping[str, Fit]
    rest: Mapping[str, Fit]
    bill: Mapping[str, Fit]

    @property
    def caveat(self) -> Text:
        """What of the amount is no loss at all."""
        return say(
            "{s}本身要钱：没买的客户每月少付 ${f:.2f}，金额里有 {p:bare} 只是这笔标价，扣掉后剩 {r:bare}；不要把整个金额当作体验值的钱。",
            "{s} itself costs money: customers without it do not pay its ${f:.2f} a month, so {p:bare} of the amount is simply that list price and "
            "{r:bare} remains without it; do not quote the whole amount as what the experience is worth.",
            s=self.product, f=self.monthly, p=_ends(self.part, self.unit), r=_ends(self.rest, self.unit))

    @property
    def check(self) -> Check:
        """The amount holds a list price, which is no loss; beside it what the bills alone differ by."""
        said = say(
            "金额里有 {p:bare} 是{s}的标价（每月 ${f:.2f}）。只比账单，离开的人也照账单算，相差 {b:bare}。",
            "{p:bare} of the amount is the list price: {s} costs ${f:.2f} a month. Bills alone, counting leavers at their bill, differ by {b:bare}.",
            s=self.product, f=self.monthly, p=_ends(self.part, self.unit), b=_ends(self.bill, self.unit))
        needs = say("引用金额时，一并引用扣掉标价之后的 {r:bare}。", "Always quote with it what remains without the list price, {r:bare}.",
                    r=_ends(self.rest, self.unit))
        return Check(Text("金额里没有标价", "No list price in the amount"), False, said, needs)


def find(rungs: Rungs, *, gates: Gates, learner: str = "logit", repeats: int = 5, seed: int = 0) -> OwnPrice | None:
    """The amount taken apart by the estimator that made it; None where nothing is paid for the product or no error may be printed.

    Needs the columns `own_price` and `bill` of `public_money.cohort`.
    """
    cohort, people = rungs.cohort, rungs.cohort.people
    if "own_price" not in people or people["own_price"].max() < CENT or rungs.has_few_dealers:
        return None
    matrices = {"aipw": rungs.matrix}
    if "before" in rungs.fits:
        matrices["before"] = crossfit.features(people, [c for c in cohort.known if c not in cohort.undated], squares=True).matrix
    shared = {"ids": people["customer_id"], "seed": seed, "cluster": cohort.clusters, "repeats": repeats, "learner": learner,
              "ceiling": gates.exposure_ceiling}
    part, bill = ({rung: effects.att(people[name], cohort.exposed, matrix, **shared).fit.times(-rungs.n_exposed)
                   for rung, matrix in matrices.items()} for name in ("own_price", "bill"))
    rest = {rung: inference.transform(lambda whole, own: whole - own, rungs.loss(rung), own, cluster=cohort.clusters) for rung, own in part.items()}
    return OwnPrice(product=SOLD[cohort.exposure][1], monthly=float(people["own_price"].max()), unit=cohort.unit, part=part, rest=rest, bill=bill)


def _ends(fits: Mapping[str, Fit], unit: Unit) -> Estimate:
    """From the lowest to the highest rung."""
    values = [fit.value for fit in fits.values()]
    return Estimate(estimand="money_loss", kind="bounds", unit=unit, bound_low=min(values), bound_high=max(values))
