"""Vehicles at risk by day and their bands of age, from the day a batch was made."""

import numpy as np
import pytest

from voclib.errors import DataError
from voclib.stats import exposure


def test_a_batch_is_at_risk_from_its_day_on_and_all_along_where_the_day_is_unknown():
    found = exposure.at_risk([10, 20, 30], [-40, 3, np.nan], length=10)
    assert found[0].tolist() == [10] * 10 and found[1].tolist() == [0] * 3 + [20] * 7 and found[2].tolist() == [30] * 10
    assert exposure.by_week(found).tolist() == [[70, 30], [80, 60], [210, 90]]
    with pytest.raises(DataError, match="above zero"):
        exposure.at_risk([0], [1], length=5)


def test_bands_of_age_grow_from_the_day_made():
    found = exposure.bands([0, -400, np.nan], length=70)
    assert found.shape == (3, 10) and found[0, 0] == 0 and (np.diff(found[0]) >= 0).all() and found[0, -1] == 2
    assert found[1, 0] == np.searchsorted(exposure.EDGES, 403.5) and (found[2] == len(exposure.EDGES) + 1).all()
    quarters = exposure.bands([0, -730, np.nan], length=14, edges=[91.0, 182.0], at=0)
    assert quarters.tolist() == [[0, 0], [2, 2], [3, 3]]
