"""Nearest neighbours by exhaustive search, a block of distances at a time, so that memory stays bounded."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from reparam import checks
from reparam.errors import UserError
from reparam.hardware import exact
from reparam.pace import work

BLOCK = 2**22
"""Distances, or values of queries, in memory at a time."""
AT_ONCE = 1000
"""Points that queries are compared with at a time."""


class Nearest(NamedTuple):
    """The nearest points of each query, nearest first: ``distances`` and ``indices``, ``(queries, k)`` each.

    ``searched``: how many points there were.
    """

    distances: Tensor
    indices: Tensor
    searched: int


@exact()
def nearest(queries: Tensor, points: Tensor | Iterable[Tensor], k: int = 1) -> Nearest:
    """The k points nearest to each query, with exact distances.

    A matrix product finds them, then their distances are computed again from differences: a copy is at 0, whatever
    rounding the product brought.

    Args:
        queries: ``(queries, d)``.
        points: ``(points, d)``, or parts of it one after the other (which need not fit memory together).
        k: how many.

    Raises:
        UserError: if k is not at least 1, or there are fewer than k points.
    """
    checks.whole("k", k)
    parts = torch.split(points, AT_ONCE) if isinstance(points, Tensor) else points
    centre = queries.mean(0)
    best = Nearest(queries.new_zeros(len(queries), 0), torch.zeros(len(queries), 0, dtype=torch.int64), 0)
    for part in parts:
        best = _merged(best, _nearest_of(queries, part.to(queries), centre, k), k)
    if best.searched < k:
        raise UserError(f"there are {best.searched} points to find the {k} nearest among: give {k} or more")
    return best


def _nearest_of(queries: Tensor, part: Tensor, centre: Tensor, k: int) -> Nearest:
    """Among one part of the points."""
    k = min(k, len(part))
    centred, distances, indices = part - centre, [], []
    for block in torch.split(queries, max(1, BLOCK // max(len(part), part.shape[1]))):
        found = squared_distances(block - centre, centred).topk(k, largest=False).indices
        exact = [torch.linalg.vector_norm(block - part[found[:, i]], dim=1) for i in range(k)]
        distances.append(torch.stack(exact, 1))
        indices.append(found)
    return Nearest(torch.cat(distances), torch.cat(indices), len(part))


def _merged(best: Nearest, new: Nearest, k: int) -> Nearest:
    distances = torch.cat([best.distances, new.distances], 1)
    indices = torch.cat([best.indices, new.indices + best.searched], 1)
    order = distances.sort(dim=1, stable=True).indices[:, :k]
    return Nearest(distances.gather(1, order), indices.gather(1, order), best.searched + new.searched)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """``(n, m)`` by a matrix product, exact up to rounding relative to the points' squared lengths."""
    return torch.addmm(x.square().sum(1, keepdim=True) + y.square().sum(1), x, y.mT, alpha=-2).clamp_(min=0)


def blocks(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Squared distances of some rows of x from all of y: ``(rows, m)`` with the rows' place.

    All of them are in the same memory, one after the other: what is kept of a block between two of them would hold
    freed ones in the heap, of 50,000 rows by gigabytes.
    """
    x, y = x.detach(), y.detach()
    size = min(len(x), max(1, BLOCK // len(y)))
    lengths, room = y.square().sum(1), y.new_empty(size, len(y))
    with work("comparing examples", len(x), "`count`") as add:
        for start in range(0, len(x), size):
            rows = slice(start, min(start + size, len(x)))
            squares = torch.add(x[rows].square().sum(1, keepdim=True), lengths, out=room[: rows.stop - start])
            yield rows, squares.addmm_(x[rows], y.mT, alpha=-2).clamp_(min=0)
            add(rows.stop - start)


@exact()
def neighbour_squares(x: Tensor, k: int) -> Tensor:
    """Squared distances of each row of x to its 1st ... kth nearest other row, ``(n, k)``.

    Raises:
        UserError: if k is not at least 1, or there are not more than k rows.
    """
    checks.whole("k", k)
    if len(x) <= k:
        count = "1 example is" if len(x) == 1 else f"{len(x)} examples are"
        raise UserError(f"{count} too few for {k} neighbours each: give more than {k}")
    found = x.new_empty(len(x), k)
    for rows, squares in blocks(x, x):
        squares.diagonal(rows.start).fill_(torch.inf)
        found[rows] = squares.topk(k, largest=False).values
    return found
