"""A product of two estimates: its interval against numbers worked out without draws, and where simpler intervals go wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from voclib.errors import ParameterError
from voclib.stats.chain import chain
from voclib.stats.inference import Fit


def link(value: float, error: float, df: float = np.inf, n: int = 100) -> Fit:
    return Fit(value=value, std_error=error, df=df, n=n)


def spread(fit: Fit) -> stats.rv_continuous:
    return stats.norm(fit.value, fit.std_error) if np.isinf(fit.df) else stats.t(fit.df, fit.value, fit.std_error)


def below(first: Fit, second: Fit, at: float) -> float:
    """P(first·second ≤ at), by integration over the first."""
    a, b = spread(first), spread(second)
    reach = 12 * first.std_error

    def slice_(x: float) -> float:
        return a.pdf(x) * (b.cdf(at / x) if x > 0 else b.sf(at / x))
    parts = [(first.value - reach, min(0.0, first.value + reach)), (max(0.0, first.value - reach), first.value + reach)]
    return sum(integrate.quad(slice_, low, high, limit=400)[0] for low, high in parts if high > low)


PAIRS = {"both far from zero": (link(3, 0.7), link(120, 30)), "one near zero": (link(0.5, 0.7), link(120, 30)),
         "negative": (link(-3, 0.7), link(120, 30)), "few stores": (link(3, 0.9, df=9), link(120, 50, df=14)),
         "nothing": (link(0.0, 1.0), link(0.0, 1.0, df=30))}


@pytest.mark.parametrize("name", PAIRS)
def test_ends_are_quantiles_of_the_product(name: str) -> None:
    (first, second), conf_level = PAIRS[name], 0.8 if name == "few stores" else 0.95
    found = chain(first, second, conf_level=conf_level)
    scale = abs(first.value * second.value) + first.std_error * abs(second.value) + second.std_error * abs(first.value) + first.std_error * (
        second.std_error)
    for end, tail in ((found.conf_low, (1 - conf_level) / 2), (found.conf_high, (1 + conf_level) / 2)):
        exact = optimize.brentq(lambda v, tail=tail: below(first, second, v) - tail, -12 * scale, 12 * scale)
        assert end == pytest.approx(exact, abs=0.02 * scale)
    assert found.value == first.value * second.value and found.conf_low <= found.value <= found.conf_high


def test_it_is_skewed_where_the_delta_method_is_not() -> None:
    found = chain(link(1.5, 0.7), link(100, 45))
    assert found.conf_high - found.value > 1.3 * (found.value - found.conf_low)


def test_a_certain_link_leaves_the_interval_of_the_other() -> None:
    found = chain(link(2, 0.0), link(120, 30))
    assert [found.conf_low, found.conf_high] == pytest.approx([240 - 2 * 1.96 * 30, 240 + 2 * 1.96 * 30], rel=0.02)


def test_a_sign_and_a_unit_carry_over() -> None:
    one, other = chain(link(3, 0.7), link(120, 30)), chain(link(-3, 0.7), link(120, 30))
    cents = chain(link(3, 0.7), link(12_000, 3_000))
    assert (other.conf_low, other.conf_high) == pytest.approx((-one.conf_high, -one.conf_low), rel=0.02)
    assert (cents.value, cents.conf_low, cents.conf_high) == pytest.approx((100 * one.value, 100 * one.conf_low, 100 * one.conf_high))


def test_the_seed_alone_decides_and_hardly_matters() -> None:
    again, other = chain(*PAIRS["few stores"]), chain(*PAIRS["few stores"], seed=5)
    assert chain(*PAIRS["few stores"]) == again != other and other.conf_high == pytest.approx(again.conf_high, rel=0.02)


def test_it_is_printed_with_all_it_needs() -> None:
    found = chain(link(3, 0.7, n=720), link(120, 30, n=5000), conf_level=0.9)
    told = found.estimate("margin", unit="cny", rung="chain")
    assert (told.value, told.conf_low, told.conf_level, told.n) == (found.value, found.conf_low, 0.9, 720)
    assert told.ci_method == "distribution of the product of two estimates" and told.rung == "chain"


@pytest.mark.parametrize("bad", [link(np.nan, 1.0), link(1.0, np.inf), link(1.0, np.nan)])
def test_a_link_without_a_finite_error_is_refused(bad: Fit) -> None:
    for pair in ((bad, link(1, 1)), (link(1, 1), bad)):
        with pytest.raises(ParameterError, match="two estimates with finite standard errors"):
            chain(*pair)


def test_a_level_is_a_share() -> None:
    with pytest.raises(ParameterError, match="conf_level is a share"):
        chain(link(1, 1), link(1, 1), conf_level=95)
