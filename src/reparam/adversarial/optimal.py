"""The optimal discriminator of two known densities, the value of the game against it, and the ratio it knows.

Logits are log-odds of being real; log-densities are in nats, ``(n,)``.
"""

import math

from torch import Tensor

from reparam.divergences.values import jensen_shannon, log_ratio


def optimal_logits(log_data: Tensor, log_model: Tensor) -> Tensor:
    """The optimal discriminator's logits, log p*(x) - log p_θ(x), ``(n,)``.

    +inf where only the data have mass, -inf where only the model has, and 0 where neither has: a choice, since no
    example is ever drawn there and any value is optimal.

    Args:
        log_data: log p* at n points, ``(n,)``.
        log_model: log p_θ at the same points.
    """
    return log_ratio(log_data, log_model)


def optimal_discriminator(log_data: Tensor, log_model: Tensor) -> Tensor:
    """D*(x) = p*(x) / (p*(x) + p_θ(x)) (Goodfellow et al. 2014, proposition 1), ``(n,)``.

    ½ where both densities are equal, 1 where only p* is positive, 0 where only p_θ is, and ½ where both are zero (a
    choice, see :func:`optimal_logits`).

    Args:
        log_data: log p* at n points, ``(n,)``.
        log_model: log p_θ at the same points.

    >>> from torch import inf, tensor
    >>> optimal_discriminator(tensor([-1.0, -1.0, -inf, -inf]), tensor([-1.0, -inf, -1.0, -inf]))
    tensor([0.5000, 1.0000, 0.0000, 0.5000])
    """
    return optimal_logits(log_data, log_model).sigmoid()


def value_at_optimum(log_data: Tensor, log_model: Tensor, weights: Tensor | None = None) -> Tensor:
    """V(D*, G) = 2 JSD(p* ‖ p_θ) - log 4 in nats (Goodfellow et al. 2014, theorem 1): from -log 4 to 0.

    Args:
        log_data: log p* at n nodes, ``(*batch, n)``.
        log_model: log p_θ at the same nodes.
        weights: of the nodes, ``(n,)``; one each (discrete distributions) unless given.

    >>> import torch
    >>> value_at_optimum(torch.tensor([0.5, 0.5]).log(), torch.tensor([0.5, 0.5]).log())
    tensor(-1.3863)
    """
    return 2 * jensen_shannon(log_data, log_model, weights) - math.log(4)


def jensen_shannon_estimate(value: Tensor) -> Tensor:
    """½ (V + log 4): the Jensen-Shannon divergence that a value of the game V(D, G) stands for, in nats.

    A discriminator that is not optimal has a smaller value, so this is a lower bound, up to the error of sampling.
    """
    return 0.5 * (value + math.log(4))


def density_ratio(probability: Tensor) -> Tensor:
    """r(x) = D(x) / (1 - D(x)), which is p*(x) / p_θ(x) for the optimal discriminator; infinite at D = 1.

    Prefer :func:`log_density_ratio` where logits are at hand: near 1 a probability has lost most of its digits. KL(p* ‖
    p_θ) is the mean over p* of the *logarithm* of this ratio (Mescheder et al. 2017, section 3).

    Args:
        probability: D(x), ``(n,)``, in [0, 1].

    >>> import torch
    >>> density_ratio(torch.tensor([0.5, 0.75, 1.0]))
    tensor([1., 3., inf])
    """
    return probability / (1 - probability)


def log_density_ratio(logits: Tensor) -> Tensor:
    """Log r(x) = log D(x) - log(1 - D(x)): the logits themselves."""
    return logits


def kl_from_logits(logits: Tensor) -> Tensor:
    """KL(p* ‖ p_θ) ≈ mean of log D(x) - log(1 - D(x)) over x ~ p*, in nats, ``()``.

    Args:
        logits: of a discriminator at draws of p*, ``(n,)``.
    """
    return log_density_ratio(logits).mean()
