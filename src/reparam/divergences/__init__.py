"""Divergences between distributions in nats: from densities on nodes, closed form between normals, and by sampling.

Five of them, with one sign of every convention: :func:`kl` is KL(p ‖ q), :func:`reverse_kl` is KL(q ‖ p), and
:func:`jensen_shannon`, :func:`total_variation` and :func:`squared_hellinger` are symmetric and bounded by log 2, 1, 1.
Where the supports are disjoint KL is infinite, never NaN, and the others stand at their bounds.
"""

from reparam.divergences.nodes import Nodes, between, grid, interval
from reparam.divergences.normals import (
    hellinger_diagonal,
    hellinger_full,
    kl_diagonal,
    kl_full,
    total_variation_equal_covariance,
    total_variation_univariate,
)
from reparam.divergences.sampling import Estimate, estimate
from reparam.divergences.values import (
    LOG_2,
    Divergence,
    jensen_shannon,
    kl,
    reverse_kl,
    squared_hellinger,
    total_variation,
)

__all__ = [
    "LOG_2",
    "Divergence",
    "Estimate",
    "Nodes",
    "between",
    "estimate",
    "grid",
    "hellinger_diagonal",
    "hellinger_full",
    "interval",
    "jensen_shannon",
    "kl",
    "kl_diagonal",
    "kl_full",
    "reverse_kl",
    "squared_hellinger",
    "total_variation",
    "total_variation_equal_covariance",
    "total_variation_univariate",
]
