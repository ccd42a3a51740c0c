"""(e) The floor: the time of the epoch's matrix products alone, forward, weight gradients and input gradients.

In float32 by PyTorch's library or by oneDNN (--products), or in bf16 (--precision bf16).
"""

from bench.contenders.common import LATENT, options, report_epochs, time_epochs

chosen = options(__doc__)

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from bench.mnist import PIXELS, TRAIN  # noqa: E402
from reparam.networks.products import product  # noqa: E402

WIDTH = chosen.hidden
LAYERS = ((PIXELS, WIDTH), (WIDTH, 2 * LATENT), (LATENT, WIDTH), (WIDTH, PIXELS))


def _random(*shape: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(*shape).to(dtype)


def products(dtype: torch.dtype) -> list[tuple[Tensor, Tensor, Tensor]]:
    """(left, right, out) of each product of one step; the first layer needs no input gradient."""
    listed = []
    for index, (before, after) in enumerate(LAYERS):
        x, w = _random(chosen.batch, before, dtype=dtype), _random(after, before, dtype=dtype)
        g = _random(chosen.batch, after, dtype=dtype)
        listed += [(x, w.T, torch.empty_like(g)), (g.T, x, torch.empty_like(w))]
        listed += [(g, w, torch.empty_like(x))] if index else []
    return listed


def multiply(left: Tensor, right: Tensor, out: Tensor) -> object:
    """One of them, by the library that was asked for."""
    return product(left, right.T) if chosen.products == "onednn" else torch.mm(left, right, out=out)


def main() -> None:
    """Measures."""
    torch.set_grad_enabled(False)
    steps, step = TRAIN // chosen.batch, products(torch.bfloat16 if chosen.precision == "bf16" else torch.float32)

    def epoch() -> int:
        for _ in range(steps):
            for factors in step:
                multiply(*factors)
        return steps * chosen.batch

    report_epochs(chosen, ("torch",), time_epochs(epoch, chosen, TRAIN))


if __name__ == "__main__":
    main()
