"""Games between two players: their losses, penalties on the discriminator's gradient, and its optimum.

Logits are what a discriminator or critic gives before any sigmoid, one per example: ``(batch,)``.
"""

from reparam.adversarial.losses import (
    EQUILIBRIUM,
    LOSSES,
    AdversarialLoss,
    hinge_discriminator,
    least_squares_discriminator,
    least_squares_generator,
    minimax_discriminator,
    minimax_generator,
    non_saturating_generator,
    relativistic_discriminator,
    relativistic_generator,
    smoothed,
    value,
    wasserstein_critic,
    wasserstein_generator,
)
from reparam.adversarial.penalties import (
    Critic,
    gradient_norms,
    gradient_penalty,
    half_mean_square,
    input_gradients,
    interpolates,
    lipschitz_estimate,
    zero_centred_penalty,
)

__all__ = [
    "EQUILIBRIUM",
    "LOSSES",
    "AdversarialLoss",
    "Critic",
    "gradient_norms",
    "gradient_penalty",
    "half_mean_square",
    "hinge_discriminator",
    "input_gradients",
    "interpolates",
    "least_squares_discriminator",
    "least_squares_generator",
    "lipschitz_estimate",
    "minimax_discriminator",
    "minimax_generator",
    "non_saturating_generator",
    "relativistic_discriminator",
    "relativistic_generator",
    "smoothed",
    "value",
    "wasserstein_critic",
    "wasserstein_generator",
    "zero_centred_penalty",
]
