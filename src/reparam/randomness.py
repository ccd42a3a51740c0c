"""Randomness as a function of (seed, purpose, number), never of history, so that a resumed run repeats itself."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


def derive_seed(seed: int, *purpose: int | str) -> int:
    """A 63-bit seed that depends on ``seed`` and on what it is for.

    Distinct purposes give unrelated seeds (BLAKE2b of the words), on every machine the same.

    >>> derive_seed(0, "order", 3) == derive_seed(0, "order", 3)
    True
    >>> derive_seed(0, "order", 3) == derive_seed(0, "noise", 3)
    False
    """
    words = "/".join(str(word) for word in (seed, *purpose)).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little") >> 1


def generator(seed: int, *purpose: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator on ``device`` for this seed and purpose.

    >>> a, b = (torch.rand(2, generator=generator(0, "split")) for _ in range(2))
    >>> bool((a == b).all())
    True
    """
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *purpose))


def seed_noise(seed: int, *purpose: int | str) -> None:
    """Point torch's global generators (all devices) at this seed and purpose.

    Models draw their noise from the global generator, so that any module of the user's, dropout included, is covered.
    """
    number = derive_seed(seed, *purpose)
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(number)
    if torch.xpu.is_initialized():  # type: ignore[no-untyped-call]
        torch.xpu.manual_seed_all(number)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(number)


@contextmanager
def noise(seed: int, *purpose: int | str) -> Iterator[None]:
    """Within the block torch's global noise is that of (seed, purpose); afterwards it is what it was before.

    >>> with noise(0, "samples"):
    ...     a = torch.randn(3)
    >>> with noise(0, "samples"):
    ...     b = torch.randn(3)
    >>> bool((a == b).all())
    True
    """
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=range(torch.cuda.device_count())))
        if torch.xpu.device_count():
            stack.enter_context(torch.random.fork_rng(range(torch.xpu.device_count()), device_type="xpu"))
        if torch.backends.mps.is_available():
            stack.callback(torch.mps.set_rng_state, torch.mps.get_rng_state())
        seed_noise(seed, *purpose)
        yield
