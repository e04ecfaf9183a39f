"""The independent units of a variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voclib.errors import ParameterError
from voclib.stats import crossfit


def clusters(cluster: ArrayLike | None, rows: int) -> NDArray[np.intp] | None:
    """Clusters as whole numbers (rows,); None where rows are independent.

    Raises
    ------
    ParameterError
        for another number of rows.
    DataError
        for missing clusters.
    """
    if cluster is None:
        return None
    codes, _ = crossfit.codes_of(cluster, what="clusters")
    if len(codes) != rows:
        raise ParameterError(f"cluster= has {len(codes)} rows and the data {rows}; give every row its cluster.")
    return codes
