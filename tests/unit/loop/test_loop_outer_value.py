"""What landed projects spared in money: by hand, its error by redrawing, the range, the verdict beside the cost; what cannot be priced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from outer_loop_tables import company
from study_tables import figures, spoken

from voclib.loop import outer_loop
from voclib.loop.outer_loop import value as outer_value
from voclib.loop.outer_loop import value_text as outer_value_text
from voclib.loop.outer_loop.value import Value
from voclib.reporting import show, wording
from voclib.reporting.language import half_width, verbs_exceed

Tables = dict[str, pd.DataFrame]


def priced(price: float = 500.0, warranty: float = 0.25, cost: float = 1e5) -> Tables:
    """The company of the outer loop, whose repairs have prices and whose projects have costs."""
    tables, rng = company(), np.random.default_rng(3)
    n = len(tables["repairs"])
    free = rng.random(n) < warranty
    paid = np.where(free, np.nan, price * rng.lognormal(-0.125, 0.5, n))
    return tables | {"repairs": tables["repairs"].assign(cost_cny=paid, is_warranty=pd.array(free, dtype="boolean")),
                     "projects": tables["projects"].assign(cost_cny=cost)}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return priced()


@pytest.fixture(scope="module")
def result(tables: Tables) -> outer_loop.OuterLoop:
    return outer_loop.study(tables)


def worth(tables: Tables, result: outer_loop.OuterLoop, **options: bool) -> Value:
    return outer_value.study(tables, result.effects, result.names, **{"is_range": False, **options})


class TestAmount:
    def test_it_is_repairs_not_needed_times_their_price_by_hand(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        found, judged = worth(tables, result), result.effects.judged.set_index("project_id")
        by_hand = 0.0
        for key, part in (("P1", "小电瓶"), ("P2", "雨刮电机")):
            own = tables["repairs"][tables["repairs"]["part"] == part]
            price = own.loc[~own["is_warranty"].astype(bool), "cost_cny"].mean()
            row = judged.loc[key]
            by_hand += own["is_warranty"].mean() * price * row["after_events"] * (np.exp(-row["log"]) - 1)
        assert found.ladder["controlled"].value == pytest.approx(by_hand)
        assert found.cost.value == 2e5 and found.cost.n == 2, "the cost of the two priced, as their worth is"
        assert found.landed_cost.value == 5e5 and found.landed_cost.n == 5, "five projects have landed"

    def test_its_error_is_what_redrawn_ratios_and_prices_give(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        rng, found, judged = np.random.default_rng(1), worth(tables, result), result.effects.judged
        rows = judged.merge(found.priced, on="project_id")
        at = judged.reset_index(drop=True).index[judged["project_id"].isin(rows["project_id"])]
        logs = rng.multivariate_normal(rows["log"], result.effects.covariance[np.ix_(at, at)] / 25, 40_000)  # a fifth of the error, where the
        prices = rng.normal(rows["price"], rows["price_error"] / 5, (40_000, len(rows)))  # delta method is exact to the digits compared
        drawn = (rows["warranty"].to_numpy() * prices * rows["events"].to_numpy() * np.expm1(-logs)).sum(axis=1)
        assert 5 * drawn.std() == pytest.approx(found.ladder["controlled"].std_error, rel=0.02)

    def test_two_months_claim_more(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        found = worth(tables, result)
        assert found.ladder["naive"].value > 1.5 * found.ladder["controlled"].value

    def test_a_range_goes_from_without_to_with_the_common_movement(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        found = worth(tables, result, is_range=True)
        ends = sorted((found.ladder["plain"].value, found.ladder["controlled"].value))
        assert [found.ladder["range"].bound_low, found.ladder["range"].bound_high] == ends and found.ladder.chosen == "range"

    def test_the_planted_amount_follows_from_planted_effects(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        found = worth(tables, result)
        truth = {"field": {"projects": {"landed": {"P1": {"effect": -0.5}, "P2": {"effect": 0.0}}}}}
        row = found.priced.set_index("project_id").loc["P1"]
        assert outer_value.planted(found, truth) == pytest.approx(row["warranty"] * row["price"] * row["events"])
        assert outer_value.planted(found, {}) is None and outer_value.planted(found, {"field": {"projects": {"landed": {"P1": {}}}}}) is None
        main = found.ladder["controlled"]
        assert main.conf_low <= outer_value.planted(found, truth) <= main.conf_high


class TestWords:
    @pytest.mark.parametrize(("cost", "said"), [(1.0, "more than the"), (1e9, "has not paid back")])
    def test_the_title_says_whether_it_pays_back(self, cost: float, said: str) -> None:
        tables = priced(cost=cost)
        assert said in worth(tables, outer_loop.study(tables)).captions["ladder"]["title"].en

    @pytest.mark.parametrize("is_range", [True, False])
    def test_what_the_priced_projects_spared_is_held_against_their_own_cost(self, tables: Tables, result: outer_loop.OuterLoop,
                                                                            is_range: bool) -> None:
        main = worth(tables, result, is_range=is_range).ladder.rungs[-1]
        half = (main.conf_low + main.conf_high) / 4  # two of five landed projects are priced: theirs lies inside the interval, all five above it
        given = tables | {"projects": tables["projects"].assign(cost_cny=half)}
        found = worth(given, result, is_range=is_range)
        title = found.captions["ladder"]["title"]
        assert found.landed_cost.value > main.conf_high, "what all landed projects cost would have said: not paid back"
        assert main.conf_low < found.cost.value < main.conf_high and "is not yet clear" in title.en and "还看不出来" in title.zh
        assert "The 5 live projects" in found.captions["sheet"]["note"].en and "5 个项目一共花了" in found.captions["sheet"]["note"].zh

    def test_a_cost_of_only_some_of_them_decides_nothing(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        some = tables["projects"].assign(cost_cny=lambda f: f["cost_cny"].where(f["project_id"] != "P1", np.nan) / 1e5)
        found = worth(tables | {"projects": some}, result)
        assert found.cost.n == 1 and "only 1 of them has a booked cost" in found.captions["ladder"]["title"].en

    @pytest.mark.parametrize("is_range", [True, False])
    def test_figures_can_be_shown_and_both_languages_agree(self, tables: Tables, result: outer_loop.OuterLoop, is_range: bool) -> None:
        found = worth(tables, result, is_range=is_range)
        show.ladder(found.ladder, **found.captions["ladder"])
        show.table(found.sheet, **found.captions["sheet"])
        for text in spoken(found.captions):
            assert not half_width(text.zh) and not verbs_exceed(text.zh, 1, "zh") and not verbs_exceed(text.en, 1, "en"), text
            assert "¥" in text.zh or figures(text.zh) == figures(text.en), text
        assert all(wording.name(e.estimand) for e in (found.cost, found.landed_cost, *found.ladder.rungs))

    def test_the_finding_states_amount_and_cost(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        found = worth(tables, result)
        stated = outer_value.stated(result.study, found)
        assert stated.headline[-1] == found.cost and stated.ladders[-1] == found.ladder and stated.answer == result.study.answer


class TestNothingToPrice:
    @pytest.mark.parametrize("change", ["no columns", "all free", "few paid"])
    def test_no_amount_is_given_and_the_page_says_why(self, change: str) -> None:
        tables = priced()
        repairs = tables["repairs"]
        if change == "no columns":
            tables["repairs"] = repairs.drop(columns=["cost_cny", "is_warranty"])
        elif change == "all free":
            tables["repairs"] = repairs.assign(cost_cny=np.nan, is_warranty=True)
        else:
            tables["repairs"] = repairs.assign(cost_cny=repairs["cost_cny"].where(repairs.index < 40))
        result = outer_loop.study(tables)
        found = worth(tables, result)
        assert found.ladder is None and found.sheet.empty and outer_value_text.NOTHING.en
        assert found.cost is None and found.landed_cost.value == 5e5
        assert outer_value.stated(result.study, found).ladders == result.study.ladders

    def test_projects_without_costs_have_no_cost(self, tables: Tables, result: outer_loop.OuterLoop) -> None:
        bare = tables | {"projects": tables["projects"].drop(columns="cost_cny")}
        assert worth(bare, result).cost is None and worth(bare, result).landed_cost is None
