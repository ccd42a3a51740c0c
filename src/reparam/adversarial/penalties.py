"""Penalties on the gradient of a discriminator or critic at the examples it is shown."""

from collections.abc import Callable

import torch
from torch import Tensor

from reparam.errors import UserError

Critic = Callable[[Tensor], Tensor]
"""From examples ``(batch, *data_shape)`` to one output each, ``(batch,)``."""


def input_gradients(critic: Critic, x: Tensor) -> Tensor:
    """The gradient of each example's output with respect to that example, ``x.shape``, differentiable again."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient


def gradient_norms(critic: Critic, x: Tensor) -> Tensor:
    """The Euclidean norm of the critic's gradient at each example, over all its dimensions: ``(batch,)``."""
    norms: Tensor = torch.linalg.vector_norm(input_gradients(critic, x).flatten(1), dim=1)
    return norms


def interpolates(real: Tensor, fake: Tensor) -> Tensor:
    """Points on the segments between pairs, one uniform epsilon per example: ``(batch, *data_shape)``.

    Raises:
        UserError: if there are not as many of both, or their shapes differ.
    """
    if real.shape != fake.shape:
        raise UserError(
            f"real examples of shape {tuple(real.shape)} and generated ones of shape {tuple(fake.shape)} make no "
            "pairs: give as many of both, of one shape"
        )
    epsilon = torch.rand(len(real), *[1] * (real.dim() - 1), dtype=real.dtype, device=real.device)
    return epsilon * real + (1 - epsilon) * fake


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """E[(‖∇f(x̂)‖ - 1)²] at interpolates x̂ (Gulrajani et al. 2017, equation 3), without its weight (10 there)."""
    return (gradient_norms(critic, interpolates(real, fake)) - 1).square().mean()


def zero_centred_penalty(output: Tensor, x: Tensor, unit: Tensor | float = 1.0) -> Tensor:
    """½ E[‖∇D(x)‖²]: R1 on real examples, R2 on generated ones (Mescheder et al. 2018, equations 9 and 10).

    Args:
        output: D(x), ``(batch,)``, computed from ``x``.
        x: ``(batch, *data_shape)``, requiring a gradient.
        unit: what counts as a length of 1 in x, broadcasting with an example; the gradient is taken per unit.
    """
    (gradient,) = torch.autograd.grad(output.sum(), x, create_graph=True)
    return half_mean_square(unit * gradient)


def half_mean_square(gradient: Tensor) -> Tensor:
    """½ E[‖g‖²] of gradients ``(batch, *data_shape)``, the norm over all dimensions of each example.

    >>> half_mean_square(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor(6.2500)
    """
    return 0.5 * gradient.flatten(1).square().sum(1).mean()


def lipschitz_estimate(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """The largest gradient norm at interpolates: what the critic's Lipschitz constant is at least."""
    return gradient_norms(critic, interpolates(real, fake)).detach().amax()
