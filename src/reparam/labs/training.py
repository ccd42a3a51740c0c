"""What several labs share: training a discriminator on draws of two known distributions."""

from collections.abc import Callable

from torch import Tensor, nn

from reparam import adversarial
from reparam.models.model import Batch, Terms, Turn
from reparam.training import minimize

Sampler = Callable[[int], Tensor]


def train_discriminator(
    network: nn.Module, data: Sampler, model: Sampler, steps: int, batch: int = 512, learning_rate: float = 5e-3
) -> nn.Module:
    """Minimize the discriminator's loss of the minimax game on fresh draws, the rate falling to 0 as a cosine.

    Args:
        network: from ``(n, d)`` to logits ``(n, 1)``; trained in place.
        data: from n to draws of p*.
        model: from n to draws of p_θ.
        steps: updates by Adam.
        batch: draws of each per update.
        learning_rate: at the start.
    """

    def loss(batch: Batch) -> Terms:
        return {"loss": adversarial.minimax_discriminator(network(batch.x), network(model(len(batch.x))))}

    turn = Turn("discriminator", network, loss, optimizer={"learning_rate": learning_rate})
    minimize([turn], lambda number: data(batch), steps)
    return network
