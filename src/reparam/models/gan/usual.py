"""What suits a game unless something else is asked for."""

from collections.abc import Mapping
from typing import Any

from reparam.adversarial import LOSSES, AdversarialLoss
from reparam.models.gan.constraints import Constraint, ZeroCentred

ADAM: Mapping[str, Any] = {"learning_rate": 2e-4, "betas": (0.5, 0.999)}
# found on MNIST: 9 epochs at 5e-4 cover every class, 28 of the plain game at 2e-4 do not
RELATIVISTIC_ADAM: Mapping[str, Any] = {"learning_rate": 5e-4, "betas": (0.5, 0.999)}


def usual_constraint(game: AdversarialLoss) -> Constraint:
    """What keeps a discriminator smooth unless something is asked for: R1 and R2 where a game needs them to settle.

    Source: Huang et al. 2024.
    """
    return ZeroCentred() if game is LOSSES["relativistic"] else Constraint()


def usual_optimizer(game: AdversarialLoss) -> Mapping[str, Any]:
    """What moves the players of a game unless something is asked for."""
    return RELATIVISTIC_ADAM if game is LOSSES["relativistic"] else ADAM
