"""Entropic transport: Sinkhorn's algorithm, and the divergence that takes its bias away."""

import warnings

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.transport.checks import check_balanced, check_order, check_points, weights_of
from reparam.transport.discrete import cost_matrix


def entropic_cost(
    x: Tensor,
    y: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    p: float = 2.0,
    epsilon: float = 0.1,
    iterations: int = 10_000,
) -> Tensor:
    """OT_ε = min_γ Σ γ_ij ‖x_i - y_j‖^p + ε KL(γ ‖ a ⊗ b), ``()`` (Cuturi 2013; Feydy et al. 2019, equation 1).

    No root is taken. As ε falls to 0 it falls to W_p^p; it is not 0 for equal sets: see :func:`sinkhorn_divergence`.
    Differentiable in the points, the plan held (Danskin's theorem), and in the weights.

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        a: weights ``(n,)``; 1/n each unless given; normalized to sum to one.
        b: weights ``(m,)``, of the same total.
        p: the order of the cost, at least 1.
        epsilon: strength of the entropy, in units of the cost; positive.
        iterations: at most so many of Sinkhorn's.

    Raises:
        UserError: as :func:`reparam.transport.wasserstein`; if epsilon is not positive, or too small to converge.
    """
    check_points(x, y)
    check_order(p)
    if not epsilon > 0:
        raise UserError(f"epsilon {epsilon:g} gives no entropic plan: give a positive one, or use wasserstein")
    a, b = weights_of(a, len(x), x, "first"), weights_of(b, len(y), y, "second")
    check_balanced(a, b)
    a, b = a / a.sum(), b / b.sum()
    cost = cost_matrix(x, y, p)
    f, g = _potentials(cost.detach().double(), a.detach().double(), b.detach().double(), epsilon, iterations)
    f, g = f.to(cost), g.to(cost)
    # the dual's value, whose gradient in costs is the plan and in weights the potentials
    log_ratio = (f[:, None] + g[None, :] - cost) / epsilon
    held = log_ratio.detach()
    return (
        a @ f + b @ g - epsilon * (a.detach()[:, None] * b.detach() * (log_ratio - held + held).exp()).sum() + epsilon
    )


def _potentials(cost: Tensor, a: Tensor, b: Tensor, epsilon: float, iterations: int) -> tuple[Tensor, Tensor]:
    """The dual's potentials relative to the product of the weights, ``(n,)`` and ``(m,)`` float64."""
    import ot

    keep = [w > 0 for w in (a, b)]
    inside = cost[keep[0]][:, keep[1]].cpu().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what POT warns of is checked below
        _, log = ot.bregman.sinkhorn_log(
            a[keep[0]].cpu().numpy(), b[keep[1]].cpu().numpy(), inside, epsilon,
            numItermax=iterations, stopThr=1e-9, log=True,
        )  # fmt: skip
    g = torch.full_like(b, -torch.inf)
    g[keep[1]] = epsilon * (torch.from_numpy(log["log_v"]).to(b) - b[keep[1]].log())
    # one exact half-step each, which also gives potentials to the points without weight
    f = -epsilon * torch.logsumexp((g - cost) / epsilon + b.log(), 1)
    off = a @ ((f[:, None] + g - cost) / epsilon + b.log()).exp() - b
    if not off.abs().max() < 1e-4 * b.max():
        raise UserError(
            f"Sinkhorn's algorithm has not converged after {iterations:,} iterations with epsilon {epsilon:g} "
            f"(costs up to {cost.max().item():.3g}): give a larger epsilon, more iterations, or use wasserstein"
        )
    g = -epsilon * torch.logsumexp((f[:, None] - cost) / epsilon + a.log()[:, None], 0)
    return f, g


def sinkhorn_divergence(
    x: Tensor,
    y: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    p: float = 2.0,
    epsilon: float = 0.1,
    iterations: int = 10_000,
) -> Tensor:
    """S_ε = OT_ε(x, y) - ½ OT_ε(x, x) - ½ OT_ε(y, y), ``()``: 0 if and only if equal (Feydy et al. 2019, equation 3).

    Arguments and errors as for :func:`entropic_cost`. Between W_p^p (ε → 0) and half an energy distance (ε → ∞).

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> abs(sinkhorn_divergence(x, x.flip(0)).item()) < 1e-6
    True
    """
    settings = {"p": p, "epsilon": epsilon, "iterations": iterations}
    across = entropic_cost(x, y, a, b, **settings)  # type: ignore[arg-type]
    within = [entropic_cost(z, z, w, w, **settings) for z, w in ((x, a), (y, b))]  # type: ignore[arg-type]
    return across - 0.5 * (within[0] + within[1])
