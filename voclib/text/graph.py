"""Topics as communities: texts tied to their nearest neighbours, and the groups that hold more ties inside than chance would give them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voclib.errors import ParameterError, nearest
from voclib.text.engines import Neighbours

Ties = Literal["cosine", "shared"]
TIES = ("cosine", "shared")


def ties(found: Neighbours, *, kind: Ties = "cosine") -> Any:
    """The weighted graph of texts (sparse, symmetric) from `Engine.neighbours`, whose first column is the text itself.

    A tie stands where either text is among the other's nearest. Its weight is their cosine, or the share of neighbours they have in common
    (Jarvis & Patrick 1973, IEEE Trans. Computers 22), which levels dense and sparse regions.

    Raises
    ------
    ParameterError
        for another kind.
    """
    from scipy import sparse

    if kind not in TIES:
        raise ParameterError(f"Ties are weighted by {' or '.join(TIES)}, not {kind!r}; {nearest(str(kind), TIES)}")
    indices, distances = found
    n, k = indices.shape
    rows, columns = np.repeat(np.arange(n), k - 1), indices[:, 1:].ravel()
    if kind == "cosine":
        table = sparse.csr_matrix((np.clip(1 - distances[:, 1:].ravel(), 0, 1).astype(np.float64), (rows, columns)), shape=(n, n))
        return table.maximum(table.T)
    near = sparse.csr_matrix((np.ones(n * k), (np.repeat(np.arange(n), k), indices.ravel())), shape=(n, n))
    joined = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    common = (near @ near.T).multiply(joined.maximum(joined.T)).tocsr()
    common.data /= 2 * k - common.data
    return common


def communities(graph: Any, *, resolution: float = 1.0, seed: int = 0) -> NDArray[np.intp]:
    """Louvain communities (n,): 0, 1, … by size, found by maximising Newman's modularity at a `resolution` (higher: more and smaller ones).

    Blondel et al. 2008 (J. Stat. Mech. P10008), by scikit-network, in the order of the rows, so that the same graph gives the same groups.

    Raises
    ------
    ParameterError
        for a resolution that is not above zero.
    """
    if not resolution > 0:
        raise ParameterError(f"resolution is a number above 0, not {resolution!r}.")
    from sknetwork.clustering import Louvain

    found = Louvain(resolution=resolution, random_state=seed, shuffle_nodes=False).fit_predict(graph)
    return by_size(np.asarray(found, dtype=np.intp))


def by_size(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Labels renumbered from the largest group to the smallest, ties by first row; −1 stays."""
    known = labels[labels >= 0]
    if not known.size:
        return labels
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    inside = names >= 0
    order = np.lexsort((first[inside], -counts[inside]))
    place = np.empty(int(names.max()) + 1, dtype=np.intp)
    place[names[inside][order]] = np.arange(order.size)
    return np.where(labels >= 0, place[np.maximum(labels, 0)], -1)
