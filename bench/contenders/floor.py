"""(e) The floor: the time of the epoch's matrix products alone, forward, weight gradients and input gradients."""

from bench.contenders.common import HIDDEN, LATENT, options, report_epochs, time_epochs
from bench.machine import describe

chosen = options(__doc__)

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from bench.mnist import PIXELS, TRAIN  # noqa: E402

LAYERS = ((PIXELS, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, PIXELS))


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


def seconds_of(dtype: torch.dtype) -> list[float]:
    steps, step = TRAIN // chosen.batch, products(dtype)

    def epoch() -> int:
        for _ in range(steps):
            for left, right, out in step:
                torch.mm(left, right, out=out)
        return steps * chosen.batch

    return time_epochs(epoch, chosen, TRAIN)


def main() -> None:
    """Measures in float32, and in bfloat16 too where the processor multiplies it in hardware."""
    torch.set_grad_enabled(False)
    features = describe()["features"]
    fast = features["avx512_bf16"] or features["amx_bf16"]
    extra = {"bf16_epochs": seconds_of(torch.bfloat16)[chosen.warmup :]} if fast else {}
    report_epochs(chosen, ("torch",), seconds_of(torch.float32), **extra)


if __name__ == "__main__":
    main()
