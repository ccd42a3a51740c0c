"""Grey values made 0 or 1: by threshold, or by a fresh draw whose chance of a 1 is the grey value."""

import numpy as np
import torch


def chances(raw: torch.Tensor, scale: float) -> torch.Tensor:
    """Raw values as chances of a 1: 8-bit ones as they are, floats divided by what is white."""
    return raw if raw.dtype == torch.uint8 or scale == 1 else raw / scale


def binarize_threshold(values: torch.Tensor) -> torch.Tensor:
    """1 where the value is above one half, else 0.

    ``values``: any shape, uint8 in 0..255 (above 127) or floats in [0, 1] (above 0.5). Returns uint8 of that shape.

    >>> binarize_threshold(torch.tensor([0, 127, 128, 255], dtype=torch.uint8))
    tensor([0, 0, 1, 1], dtype=torch.uint8)
    """
    return (values > (127 if values.dtype == torch.uint8 else 0.5)).to(torch.uint8)


def binarize_dynamic(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw 0 or 1 with ``P(1) = value / 255`` (uint8) or ``P(1) = value`` (floats in [0, 1]).

    ``values``: any shape; ``generator`` on the same device. Returns float32 zeros and ones of that shape.

    For uint8 the chance is exact: 1 where ``value > r`` with ``r`` uniform on 0..254, which is so for ``value`` of
    the 255 outcomes.

    >>> binarize_dynamic(torch.tensor([0, 255, 0, 255], dtype=torch.uint8), torch.Generator().manual_seed(0))
    tensor([0., 1., 0., 1.])
    """
    noise = thresholds(values.shape, values.dtype, generator)
    if values.device.type != "cpu":
        return (values > noise).float()
    # NumPy on the CPU: its byte comparison is four times faster than torch's, and needs no second thread.
    return torch.from_numpy((values.numpy() > noise.numpy()).astype(np.float32))


def thresholds(shape: torch.Size | tuple[int, ...], dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    """What values of this shape and dtype have to exceed to become 1, on the generator's device.

    Uniform integers on 0..254 for uint8, uniform on [0, 1) for floats.
    """
    device = generator.device
    if dtype != torch.uint8:
        return torch.rand(shape, generator=generator, device=device, dtype=dtype)
    if device.type != "cpu":
        return torch.randint(0, 255, shape, generator=generator, device=device, dtype=dtype)
    seed = int(torch.randint(0, 2**63 - 1, (), generator=generator))
    return torch.from_numpy(uniform_below_255(torch.Size(shape).numel(), np.random.SFC64(seed))).view(shape)


def uniform_below_255(count: int, bits: np.random.BitGenerator) -> np.ndarray:
    """``(count,)`` independent uniform integers on 0..254, uint8, exact.

    Eight bytes cost one 64-bit draw; each byte that came out 255 (one in 256) is drawn again until it is another,
    which leaves every r in 0..254 equally likely.
    """
    drawn = _random_bytes(count, bits)
    again = np.flatnonzero(drawn == 255)
    while again.size:
        fresh = _random_bytes(again.size, bits)
        drawn[again] = fresh
        again = again[fresh == 255]
    return drawn


def _random_bytes(count: int, bits: np.random.BitGenerator) -> np.ndarray:
    words: np.ndarray = bits.random_raw((count + 7) // 8)
    return words.view(np.uint8)[:count]
