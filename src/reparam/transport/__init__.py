"""Optimal transport: exact plans and Wasserstein distances, in closed form, sliced, entropic.

Distances are in the units of the points. The dual by a critic is :func:`reparam.evaluation.dual_by_critic`, since it
trains one.
"""

from reparam.transport.discrete import Move, Plan, cost_matrix, exact_plan, wasserstein
from reparam.transport.entropic import entropic_cost, sinkhorn_divergence
from reparam.transport.line import wasserstein_1d
from reparam.transport.normals import wasserstein2_diagonal, wasserstein2_full
from reparam.transport.sliced import sliced_wasserstein

__all__ = [
    "Move",
    "Plan",
    "cost_matrix",
    "entropic_cost",
    "exact_plan",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "wasserstein",
    "wasserstein2_diagonal",
    "wasserstein2_full",
    "wasserstein_1d",
]
