"""The floor of that GAN: the matrix products any implementation of a step needs, and both players' Adam, nothing else.

The generated batch is made once and serves both turns; no weight gradient is taken in the other player's turn.
"""

from bench.contenders.common import options, report_epochs, time_epochs

chosen = options(__doc__)

from itertools import pairwise  # noqa: E402

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from bench.mnist import PIXELS, TRAIN  # noqa: E402

Product = tuple[Tensor, Tensor, Tensor]
GENERATOR = tuple(pairwise((100, 128, 256, 512, 1024, PIXELS)))
DISCRIMINATOR = tuple(pairwise((PIXELS, 512, 256, 1)))


def weights(layers: tuple[tuple[int, int], ...]) -> list[Tensor]:
    return [torch.randn(after, before) for before, after in layers]


def pass_through(network: list[Tensor], rows: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """(input, weight, output) of each layer."""
    return [(torch.randn(rows, w.shape[1]), w, torch.randn(rows, w.shape[0])) for w in network]


def forward(network: list[Tensor], rows: int) -> list[Product]:
    return [(x, w.T, y) for x, w, y in pass_through(network, rows)]


def weight_gradients(network: list[Tensor], rows: int) -> list[Product]:
    return [(y.T, x, torch.empty_like(w)) for x, w, y in pass_through(network, rows)]


def input_gradients(network: list[Tensor], rows: int) -> list[Product]:
    return [(y, w, x) for x, w, y in pass_through(network, rows)]


def step(generator: list[Tensor], discriminator: list[Tensor], batch: int) -> list[Product]:
    """(left, right, out) of each product: the generator's turn, then the discriminator's on both batches."""
    own = forward(generator, batch) + weight_gradients(generator, batch) + input_gradients(generator[1:], batch)
    through = forward(discriminator, batch) + input_gradients(discriminator, batch)
    both = 2 * batch
    other = forward(discriminator, both) + weight_gradients(discriminator, both)
    return own + through + other + input_gradients(discriminator[1:], both)


def main() -> None:
    torch.set_grad_enabled(False)
    networks = [weights(layers) for layers in (GENERATOR, DISCRIMINATOR)]
    products, steps = step(*networks, chosen.batch), TRAIN // chosen.batch
    optimizers = [torch.optim.Adam(network, lr=0.0, fused=True) for network in networks]
    for weight in (weight for network in networks for weight in network):
        weight.grad = torch.randn_like(weight)

    def epoch() -> int:
        for _ in range(steps):
            for left, right, out in products:
                torch.mm(left, right, out=out)
            for optimizer in optimizers:
                optimizer.step()
        return steps * chosen.batch

    report_epochs(chosen, ("torch",), time_epochs(epoch, chosen, TRAIN))


if __name__ == "__main__":
    main()
