"""How heavy the tail of money is, what a mean without its largest amounts says, and whose amounts those are.

With a tail index below 2 amounts have no variance: a mean still adds up to money, but no interval around it can be trusted, a bootstrap's
included. Below 1 there is no mean either.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from voclib.errors import DataError, ParameterError
from voclib.stats.inference import Fit

Array = NDArray[np.float64]
LEAST = 10  # amounts above the threshold


def hill(y: ArrayLike, *, share: float = 0.05) -> Fit:
    """Tail index α of P(Y > y) ~ y^−α, from the largest `share` of the amounts (N,): k over the sum of log(y/threshold).

    Hill 1975, Annals of Statistics 3; taken times (k − 1)/k, which makes it unbiased under a Pareto tail, with error α/√(k − 2) and a t
    interval on 2k − 2 degrees of freedom, since the sum follows a gamma law. For a lognormal tail α depends on `share` and grows the
    further out one looks, so read it as how heavy the tail is where the data are.

    Raises
    ------
    ParameterError
        for a share outside (0, 0.5].
    DataError
        for missing amounts, fewer than 10 above the threshold, a threshold that is not above 0, a tail of one repeated amount.
    """
    amounts = _amounts(y)
    if not 0 < share <= 0.5:
        raise ParameterError(f"share= is the part of the amounts that counts as tail, in (0, 0.5], not {share}.")
    k = int(np.floor(share * len(amounts)))
    if k < LEAST:
        raise DataError(f"The largest {share:.0%} of {len(amounts)} amounts are {k}; {LEAST} at least. Gather more, or raise share=.")
    largest = np.partition(amounts, len(amounts) - k - 1)[len(amounts) - k - 1:]
    threshold, above = float(largest[0]), largest[1:]
    if threshold <= 0:
        raise DataError(f"Fewer than {share:.0%} of the amounts are above 0, so their tail begins below it; lower share= or look at buyers alone.")
    total = float(np.log(above / threshold).sum())
    if total <= 0:
        raise DataError(f"The largest {share:.0%} of the amounts all equal {threshold:,.2f}, as if they had been capped; a cap has no tail.")
    index = (k - 1) / total
    return Fit(value=index, std_error=index / np.sqrt(k - 2), n=k, df=2.0 * k - 2, method="Hill")


def winsorise(y: ArrayLike, *, quantile: float) -> tuple[Array, float, int]:
    """Amounts (N,) with those above a quantile of all of them cut to it; the cut, in yuan; how many amounts were cut.

    The quantile is taken of the amounts of both arms together: one for each arm would cut the effect itself. A difference of winsorised
    means is **another estimand** than the money gained or lost: it leaves out what happens above the cut, is smaller where effects are
    larger for large accounts, and no longer adds up to the ledger. It says whether a few accounts carry the finding. (Dixon 1960, Annals of
    Mathematical Statistics 31; for one-sided cuts of skewed costs Rivest 1994, Biometrika 81.)

    Raises
    ------
    ParameterError
        for a quantile outside (0.5, 1).
    DataError
        for missing amounts.
    """
    amounts = _amounts(y)
    if not 0.5 < quantile < 1:
        raise ParameterError(f"quantile= is where the largest amounts are cut, in (0.5, 1) such as 0.99, not {quantile}.")
    cut = float(np.quantile(amounts, quantile, method="inverted_cdf"))
    return np.minimum(amounts, cut), cut, int((amounts > cut).sum())


def top(y: ArrayLike, names: ArrayLike, *, n: int = 20) -> pd.DataFrame:
    """The `n` largest accounts: name, amount, share of the sum of all amounts, cumulative share; largest first, ties by name.

    They are looked at one by one, outside any model (methods.md §4.5): no average speaks for them. Amounts of one name are added first.

    Raises
    ------
    ParameterError
        for as many names as amounts not given, or n below 1.
    DataError
        for missing amounts or names, or amounts whose sum is not above 0, of which a share says nothing.
    """
    amounts = _amounts(y)
    who = pd.Series(np.asarray(names))
    if len(who) != len(amounts) or n < 1:
        raise ParameterError(f"One name an amount and n= from 1 up: {len(amounts)} amounts, {len(who)} names, n={n}.")
    if who.isna().any():
        raise DataError(f"{int(who.isna().sum())} amounts have no name; an account that is listed needs one.")
    if (whole := float(amounts.sum())) <= 0:
        raise DataError(f"The amounts add up to {whole:,.2f}; shares of that say nothing.")
    summed = pd.DataFrame({"name": who, "amount": amounts}).groupby("name", sort=True, as_index=False)["amount"].sum()
    largest = summed.sort_values(["amount", "name"], ascending=[False, True], ignore_index=True, kind="stable").head(n)
    return largest.assign(share=largest["amount"] / whole, cumulative_share=largest["amount"].cumsum() / whole)


def _amounts(y: ArrayLike) -> Array:
    """Complete amounts (N,)."""
    amounts = np.asarray(y, dtype=float)
    if amounts.ndim != 1 or not len(amounts):
        raise ParameterError(f"Amounts are one number an account, shape (N,), not {amounts.shape}.")
    if (bad := ~np.isfinite(amounts)).any():
        raise DataError(f"{int(bad.sum())} of {len(amounts)} amounts are missing or infinite; drop or complete them first.")
    return amounts
