"""The planted world of topic shares is what its description says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voclib.simulate.worlds import angry_comments

FRAME, TRUTH = angry_comments.draw(2, customers=60_000, gold=3000)
MADE = FRAME[FRAME["commented"]]


def test_a_seed_is_a_world() -> None:
    pd.testing.assert_frame_equal(angry_comments.draw(7, customers=500)[0], angry_comments.draw(7, customers=500)[0])
    assert not angry_comments.draw(7, customers=500)[0].equals(angry_comments.draw(8, customers=500)[0])


def test_the_angry_comment_and_name_the_topics_they_met() -> None:
    rate = FRAME[FRAME["responded"]].groupby(FRAME["nps_score"] <= 6)["commented"].mean()
    assert rate[True] > 1.8 * rate[False]
    assert (FRAME.loc[FRAME["commented"], "responded"]).all() and FRAME["nps_score"].notna().eq(FRAME["responded"]).all()
    raw, real = (np.array(list(TRUTH[name].values())) for name in ("raw_share", "share"))
    assert (raw > 1.5 * real).all() and 1.7 < raw.sum() / real.sum() < 2.4


def test_planted_chances_are_those_realised() -> None:
    assert abs(FRAME["responded"].mean() - FRAME["answer_probability"].mean()) < 0.01
    spoke = FRAME[FRAME["responded"]]
    assert abs(spoke["commented"].mean() - spoke["comment_probability"].mean()) < 0.015
    labelled = MADE["gold_noise"].notna()
    for _, part in labelled.groupby(MADE["stratum"]):
        chance = MADE.loc[part.index, "gold_probability"].iloc[0]
        assert abs(part.mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / len(part)) + 1e-9
    assert abs(labelled.sum() - 3000) < 200 and TRUTH["gold_n"] == labelled.sum()


def test_the_classifier_errs_as_planted() -> None:
    for k, topic in enumerate(angry_comments.TOPICS):
        met, found = MADE[f"true_{topic}"], MADE[f"predicted_{topic}"]
        assert abs(found[met].mean() - TRUTH["sensitivity"][k]) < 0.07
        assert abs((1 - found[~met]).mean() - TRUTH["specificity"][k]) < 0.02
    perfect, _ = angry_comments.draw(1, customers=3000, perfect=True)
    heard = perfect[perfect["commented"]]
    assert (heard["predicted_noise"] == heard["true_noise"]).all()
    coin, _ = angry_comments.draw(1, noise=True)
    heard = coin[coin["commented"]]
    assert abs(np.corrcoef(heard["predicted_noise"], heard["true_noise"].astype(float))[0, 1]) < 0.08
