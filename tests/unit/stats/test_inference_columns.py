"""Frames that an analyst makes by hand, given to a score: the right number or a sentence that says what to change, and no warning besides."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import voclib
from voclib.errors import DataError, ParameterError
from voclib.results import Verdict
from voclib.stats import metrics

GOOD = pd.DataFrame({"nps_score": [0, 5, 7, 9, 10, 10] * 20, "is_recommended": [0, 1] * 60, "w": 1.5, "unit_id": list(range(12)) * 10})
FLAGS = GOOD.assign(nps_score=GOOD["nps_score"] > 8)


class TestNumbersInOtherDress:
    @pytest.mark.parametrize("dress", [
        lambda s: s.astype(object), lambda s: s.astype("category"), lambda s: s.map(Decimal), lambda s: s.astype("Int64"),
        lambda s: s.astype("int64[pyarrow]"), lambda s: s.astype(float).astype(object),
    ])
    def test_numbers_are_numbers_whatever_holds_them(self, dress: Callable[[pd.Series], pd.Series]) -> None:
        worn = GOOD.assign(nps_score=dress(GOOD["nps_score"]))
        assert metrics.nps(worn, cluster="unit_id") == metrics.nps(GOOD, cluster="unit_id")

    def test_missing_ones_among_objects_are_left_out(self) -> None:
        with_gaps = GOOD["nps_score"].astype(object).mask(GOOD.index < 30, None)
        assert metrics.nps(GOOD.assign(nps_score=with_gaps)) == metrics.nps(GOOD.iloc[30:])

    def test_yes_and_no_among_objects_are_flags(self) -> None:
        said = GOOD["is_recommended"].map({1: True, 0: False}).astype(object)
        assert metrics.share(GOOD.assign(said=said), "said", estimand="s") == metrics.share(GOOD, "is_recommended", estimand="s")


class TestWhatIsNoScore:
    @pytest.mark.parametrize("frame", [FLAGS, FLAGS.astype({"nps_score": object}), FLAGS.astype({"nps_score": "boolean"})])
    def test_yes_and_no_are_no_likelihood_to_recommend(self, frame: pd.DataFrame) -> None:
        with pytest.raises(DataError, match=r"'nps_score' holds yes and no.*share\(frame, 'nps_score'\)"):
            metrics.nps(frame)
        with pytest.raises(DataError, match="holds yes and no"):
            metrics.mean_score(frame, "nps_score")
        assert metrics.share(frame, "nps_score").value == pytest.approx(0.5)

    @pytest.mark.parametrize(("given", "told"), [
        (GOOD.to_dict("list"), "of type dict, not a DataFrame; pandas.DataFrame"), (GOOD["nps_score"], "of type Series, not a DataFrame"),
        (pd.concat([GOOD, GOOD[["nps_score"]]], axis=1), "more than one column 'nps_score'; keep one"),
        (GOOD.assign(nps_score=GOOD["nps_score"] + 1j), "'nps_score' holds text such as"),
    ])
    def test_other_things_are_answered_in_words(self, given: object, told: str) -> None:
        with pytest.raises(DataError, match=told):
            metrics.nps(given)

    @pytest.mark.parametrize("level", ["95%", "0.95", None])
    def test_a_level_in_text(self, level: str | None) -> None:
        if level is None:
            assert metrics.nps(GOOD, conf_level=np.float32(0.5)).conf_level == 0.5
        else:
            with pytest.raises(ParameterError, match="conf_level is a share such as 0.95, not '"):
                metrics.nps(GOOD, conf_level=level)

    def test_no_column_to_compare_by(self) -> None:
        with pytest.raises(ParameterError, match="by names at least one column"):
            metrics.groups("nps", GOOD, by=[])


def test_weights_of_nobody_give_a_refusal_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.nps(GOOD.head(0), weights="w").verdict == Verdict.REFUSE
        assert metrics.nps(GOOD.assign(nps_score=np.nan), weights="w", cluster="unit_id").verdict == Verdict.REFUSE


class TestResampling:
    @pytest.mark.parametrize("draws", [0, 5, 38])
    def test_too_few_draws_give_no_interval(self, draws: int) -> None:
        with pytest.raises(ParameterError, match=f"{draws} draws do not reach the ends of a 95% interval; at least 39"):
            metrics.resampled("nps", GOOD, cluster="unit_id", draws=draws)

    def test_answers_that_are_all_the_same_keep_the_analytic_interval(self) -> None:
        same = GOOD.assign(nps_score=10)
        found = metrics.resampled("nps", same, cluster="unit_id", draws=99)
        assert found == metrics.nps(same, cluster="unit_id") and found.conf_low < 90


def test_a_study_is_found_where_it_lies() -> None:
    with pytest.raises(AttributeError, match="write  from voclib.studies import survivorship"):
        _ = voclib.survivorship
