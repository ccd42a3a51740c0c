"""Which device and which number format: asked for by the user, found out from the machine, never assumed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from reparam.errors import UserError


def choose_device(name: str) -> torch.device:
    """The device a name stands for; ``auto`` is CUDA where there is one.

    Raises:
        UserError: if the name is unknown or there is no such device.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device {name!r} is not known: use auto, cpu, cuda or cuda:1") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise UserError(
            f"device {name!r} is not here ({torch.cuda.device_count()} CUDA devices): use --device cpu or auto"
        )
    return device


def multiplies_bf16_fast(device: torch.device) -> bool:
    """Whether the hardware has bf16 matrix units (AMX, AVX512-BF16, CUDA 8.0 and later)."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in checks)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The context in which networks run; losses leave it in float32, since distributions are built from float32."""
    if precision == "bf16" or (precision == "auto" and multiplies_bf16_fast(device)):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Within the block networks multiply in float32 proper: no autocast around it, no TF32 and no bf16 products.

    What judges a model is computed in it: training's precision decides how fast a model learns, never what is said of
    it.
    """
    matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolution


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Within the block the CPU takes denormal numbers for zero; afterwards as before.

    Dead pixels turn Adam's moments denormal, which doubled the optimizer's time within four epochs when measured. It is
    a setting of the thread, and other people's code may rely on denormals: so it ends with the training.
    """
    flushed_before = torch.tensor(5e-324, dtype=torch.float64).mul(1.0).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)
