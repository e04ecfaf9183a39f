"""Topics as communities: texts tied to their nearest neighbours, and the groups that hold more ties inside than chance would give them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voclib.errors import ParameterError, nearest
from voclib.text.engines import Neighbours

Ties = Literal["cosine", "shared"]
TIES = ("cosine", "shared")
PAIRS = 200_000
RUNS, MANY = 4, 50_000  # of Louvain that have to agree; rows beyond which one has to do


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
    rows, columns = np.repeat(np.arange(n), k), indices.ravel()
    other = rows != columns
    if kind == "cosine":
        worth = np.clip(1 - distances.ravel()[other], 0, 1).astype(np.float64)
        table = sparse.csr_matrix((worth, (rows[other], columns[other])), shape=(n, n))
        return table.maximum(table.T)
    near = sparse.csr_matrix((np.ones(n * k), (rows, columns)), shape=(n, n))
    near.data[:] = 1  # a row filled up with itself counts itself once
    joined = sparse.triu(near.maximum(near.T), 1, format="coo")
    return _shared(near, joined.row, joined.col)


def _shared(near: Any, first: NDArray[Any], second: NDArray[Any]) -> Any:
    """The graph of pairs weighted by the neighbours they share, over those that either has; `PAIRS` at a time, so that hubs cost no memory."""
    from scipy import sparse

    common = np.concatenate([np.zeros(0), *(np.asarray(near[first[a:a + PAIRS]].multiply(near[second[a:a + PAIRS]]).sum(axis=1)).ravel()
                                            for a in range(0, len(first), PAIRS))])
    held = np.diff(near.indptr)
    weights = common / (held[first] + held[second] - common)
    half = sparse.csr_matrix((weights, (first, second)), shape=near.shape)
    return half + half.T


def within(found: Neighbours, taken: NDArray[np.intp], k: int) -> Neighbours:
    """Neighbours among some rows, `taken` in order, from those among all: the first k − 1 of each that were taken too, itself first.

    The k nearest of a new search, as far as `found` reaches that deep; what is missing is filled up with the row itself at distance 1, no tie.
    """
    indices, distances = found
    place = np.full(len(indices), -1, dtype=np.int64)
    place[taken] = np.arange(len(taken))
    own = place[indices[taken]]
    order = np.argsort(own < 0, axis=1, kind="stable")[:, :k]
    own, apart = np.take_along_axis(own, order, 1), np.take_along_axis(distances[taken], order, 1)
    missing = own < 0
    return np.where(missing, np.arange(len(taken))[:, None], own), np.where(missing, np.float32(1), apart)


def communities(graph: Any, *, resolution: float = 1.0, seed: int = 0, runs: int = RUNS) -> NDArray[np.intp]:
    """Communities (n,): 0, 1, … by size, of large modularity at a `resolution` (higher: more and smaller ones), on which several runs agree.

    Louvain's method (Blondel et al. 2008, J. Stat. Mech. P10008) in `runs` other orders of the rows, then in their own order with every tie
    weighed by the square of the share of runs that put its ends together: the consensus of Lancichinetti & Fortunato 2012 (Scientific Reports 2)
    on the ties there are (Tandon et al. 2019, Phys. Rev. E 99). One run alone goes one way where two are about as good; among resamples that
    shows. With one run, or beyond 50,000 rows, Louvain's communities of the graph as it is. The same graph and seed give the same groups.

    Raises
    ------
    ParameterError
        for a resolution that is not above zero.
    """
    if not resolution > 0:
        raise ParameterError(f"resolution is a number above 0, not {resolution!r}.")
    if runs > 1 and graph.shape[0] <= MANY:
        graph = _agreed(graph, [_louvain(graph, resolution, np.random.RandomState([seed, run])) for run in range(runs)])
    return by_size(_louvain(graph, resolution))


def _louvain(graph: Any, resolution: float, order: np.random.RandomState | None = None) -> NDArray[np.intp]:
    """Louvain's communities (n,), the rows taken in order or as drawn (scikit-network's Leiden draws from C's rand(), which cannot be seeded)."""
    from sknetwork.clustering import Louvain

    method = Louvain(resolution=resolution, random_state=order or 0, shuffle_nodes=order is not None, return_probs=False, return_aggregate=False)
    return np.asarray(method.fit_predict(graph), dtype=np.intp)


def _agreed(graph: Any, found: list[NDArray[np.intp]]) -> Any:
    """The graph with every tie weighed by the square of the share of partitions in which its ends are together; where they never are, none."""
    from scipy import sparse

    pairs = graph.tocoo()
    weight = pairs.data * np.mean([labels[pairs.row] == labels[pairs.col] for labels in found], axis=0) ** 2
    held = weight > 0
    return sparse.csr_matrix((weight[held], (pairs.row[held], pairs.col[held])), shape=graph.shape)


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
