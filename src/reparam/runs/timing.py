"""Short measurements of this machine: how fast it multiplies, and who else wants its cores."""

import os
import time
from collections.abc import Callable
from contextlib import suppress

import torch

SHAPE = (256, 784, 400)
"""A batch through the first layer of the default VAE."""
SECONDS = 0.3


def gigaflops(device: torch.device, dtype: torch.dtype, seconds: float = SECONDS) -> float:
    """How fast matrices are multiplied, the best of repeated products, in 10^9 operations a second.

    A product of (m, k) and (k, n) takes m k n multiplications and as many additions.
    """
    m, k, n = SHAPE
    a, b = torch.ones(m, k, device=device, dtype=dtype), torch.ones(k, n, device=device, dtype=dtype)

    def product() -> None:
        a @ b
        if device.type != "cpu":
            torch.accelerator.synchronize(device)

    return rate(2 * m * k * n, fastest(product, seconds))


def rate(operations: int, seconds: float) -> float:
    """In 10^9 a second.

    >>> rate(2 * 256 * 784 * 400, 0.001)
    160.5632
    """
    return operations / seconds / 1e9


def fastest(work: Callable[[], None], seconds: float, clock: Callable[[], float] = time.perf_counter) -> float:
    """The shortest of repeated times, after one that does not count; at least three.

    >>> times = iter([0, 0, 2, 2, 3, 3, 9])
    >>> fastest(lambda: None, 5, lambda: next(times))
    1
    """
    work()
    start, best, done = clock(), float("inf"), 0
    while True:
        before = clock()
        work()
        after = clock()
        best, done = min(best, after - before), done + 1
        if done >= 3 and after - start >= seconds:
            return best


def waiting() -> float | None:
    """How many processes were ready to run over the last minute, per core; None where the system does not tell."""
    with suppress(OSError, AttributeError):
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    return None
