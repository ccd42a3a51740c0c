"""Which device and which number format: asked for by the user, found out from the machine, never assumed."""

import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import torch
from torch import Tensor

from reparam.errors import UserError

COUNTS: Mapping[str, Callable[[], int]] = {
    "cpu": lambda: 1,
    "cuda": torch.cuda.device_count,
    "mps": lambda: int(torch.backends.mps.is_available()),
    "xpu": lambda: torch.xpu.device_count(),
}
"""The kinds of device there are, and how many of each this machine has."""
CPUINFO = Path("/proc/cpuinfo")
MEMINFO, MEMBERSHIP, CGROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
HELD_BYTES = 4 * 4
NARROW = {"mps"}
"""Those that have no float64; of Intel's some have, some have not."""
PRODUCTS = (
    ("cuda", "matmul"),
    ("cudnn", "conv"),
    ("cudnn", "rnn"),
    ("mkldnn", "matmul"),
    ("mkldnn", "conv"),
    ("mkldnn", "rnn"),
)
"""The libraries that multiply for torch, and the products whose precision each of them can be told to lower."""


def choose_device(name: str) -> torch.device:
    """The device a name stands for; ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        UserError: if the name is unknown or there is no such device.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    known = ", ".join(("auto", *COUNTS))
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device {name!r} is not known: use one of {known}, or one of several as in cuda:1") from None
    if device.type not in COUNTS:
        raise UserError(f"device {name!r} is none to train on: use one of {known}")
    there = COUNTS[device.type]()
    if (device.index or 0) >= there:
        raise UserError(f"device {name!r} is not here (this machine has {there} of {device.type}): use cpu or auto")
    return device


def widest(device: torch.device) -> torch.dtype:
    """Float64, or float32 on devices that have no float64."""
    if device.type == "xpu":
        return torch.float64 if torch.xpu.get_device_properties(device).has_fp64 else torch.float32
    return torch.float32 if device.type in NARROW else torch.float64


def in_float64(x: Tensor) -> Tensor:
    """X in float64, where it is or, if its device has no float64, on the CPU.

    >>> in_float64(torch.ones(1))
    tensor([1.], dtype=torch.float64)
    """
    return (x if widest(x.device) == torch.float64 else x.cpu()).double()


def free_memory(device: torch.device) -> int | None:
    """Bytes that could still be had on a device; None where the system does not tell.

    >>> free = free_memory(torch.device("cpu"))
    >>> free is None or free > 0
    True
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + unused
    if device.type != "cpu":
        return None
    told = [left for left in (_system_memory(), _allowed_memory()) if left is not None]
    return min(told, default=None)


def require_memory(name: str, value: int, numbers: int, power: int = 1) -> None:
    """Refuse a number of things that together take more memory than is free, before any of them is made.

    Args:
        name: of the argument.
        value: that it has.
        numbers: that one of them has; up to four are held of each of these at a time, in float32.
        power: 2 where there are ``value`` squared.

    Raises:
        UserError: naming the most that would fit.
    """
    free, each = free_memory(torch.device("cpu")), HELD_BYTES * max(1, numbers)
    if free is None or value**power * each <= free:
        return
    most = math.floor((free / each) ** (1 / power))
    takes = f"takes {value**power * each / 1e9:,.0f} GB of memory, and {free / 1e9:,.1f} are free"
    raise UserError(f"{name}={value} {takes}: give {most} at most")


def _system_memory() -> int | None:
    """What the system could hand out without swapping."""
    with suppress(OSError, StopIteration, ValueError):
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _allowed_memory() -> int | None:
    """What is left of a container's share, where the process is in one: beyond it the kernel kills."""
    with suppress(OSError, ValueError, StopIteration):
        own = MEMBERSHIP.read_text(encoding="utf-8").partition("::")[2].strip().lstrip("/")
        for group in (CGROUPS / own, CGROUPS):
            limit = group / "memory.max"
            if limit.exists() and (most := limit.read_text(encoding="ascii").strip()) != "max":
                used = int((group / "memory.current").read_text(encoding="ascii"))
                lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
                cached = next(line for line in lines if line.startswith("inactive_file")).split()[1]
                return max(0, int(most) - used + int(cached))
    return None


def multiplies_bf16_fast(device: torch.device) -> bool:
    """Whether the hardware has bf16 matrix units (AMX, AVX512-BF16, CUDA 8.0 and later)."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in checks)


def vendor() -> str:
    """Who made the processor: libraries choose their kernels by this, too, not only by its instructions.

    >>> isinstance(vendor(), str)
    True
    """
    with suppress(OSError):
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.split(":")[1].strip() for line in lines if line.startswith("vendor_id")), "unknown")
    return "unknown"


def autocast(device: torch.device, precision: str, kept: bool = True) -> AbstractContextManager[object]:
    """The context in which networks run; losses leave it in float32, since distributions are built from float32.

    Args:
        device: that they run on.
        precision: see :class:`reparam.settings.TrainingConfig`.
        kept: whether a weight is brought to the format once; torch keeps them for all threads together.
    """
    if precision == "bf16" or (precision == "auto" and multiplies_bf16_fast(device)):
        return torch.autocast(device.type, torch.bfloat16, cache_enabled=kept)
    return nullcontext()


@contextmanager
def exact() -> Iterator[None]:
    """Within the block, or the function it decorates, networks compute in float32 proper.

    No autocast around it on any device, no TF32 and no bf16 products, no denormals taken for zero. What judges a model
    is computed in it: training's precision decides how fast a model learns, never what is said of it.

    >>> with torch.autocast("cpu", torch.bfloat16), exact():
    ...     torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype
    torch.float32
    """
    with ExitStack() as stack:
        for device in filter(torch.is_autocast_enabled, ("cpu", "cuda", "mps", "xpu")):
            stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(_whole_products())
        stack.enter_context(_denormals(flushed=False))
        yield


@contextmanager
def multiplied_as(precision: str, device: torch.device) -> Iterator[None]:
    """Within the block CUDA multiplies float32 as a training's precision says: proper, or rounded to TF32 before.

    Left to itself PyTorch convolves in TF32 and multiplies matrices in float32. Other devices know no TF32.

    Args:
        precision: of the training; only "tf32" rounds.
        device: that it runs on.
    """
    if device.type != "cuda":
        yield
        return
    with _float32_as("tf32" if precision == "tf32" else "ieee", ("cuda", "cudnn")):
        yield


def _whole_products() -> AbstractContextManager[None]:
    """Within the block a product of float32 matrices is one, however torch was told to abridge it."""
    return _float32_as("ieee", ("cuda", "cudnn", "mkldnn"))


@contextmanager
def _float32_as(rounding: str, libraries: Collection[str]) -> Iterator[None]:
    """Within the block these libraries take products of float32 so: "ieee", or "tf32"."""
    if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):  # before torch 2.9
        matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        torch.set_float32_matmul_precision("high" if rounding == "tf32" else "highest")
        torch.backends.cudnn.allow_tf32 = rounding == "tf32"
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(matmul)
            torch.backends.cudnn.allow_tf32 = convolution
        return
    backends = [getattr(getattr(torch.backends, library), what) for library, what in PRODUCTS if library in libraries]
    before = [backend.fp32_precision for backend in backends]
    for backend in backends:
        backend.fp32_precision = rounding
    try:
        yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Within the block torch computes with so many threads: sums round in another order with another number of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def repeatable() -> Iterator[None]:
    """Within the block cuDNN chooses convolutions that give the same bits again, and by rule, not by a trial's times.

    >>> with repeatable():
    ...     torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    (True, False)
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Within the block the CPU takes denormal numbers for zero; afterwards as before.

    Dead pixels turn Adam's moments denormal, which doubled the optimizer's time within four epochs when measured. It is
    a setting of the thread, and other people's code may rely on denormals: so it ends with the training.
    """
    with _denormals(flushed=True):
        yield


@contextmanager
def _denormals(flushed: bool) -> Iterator[None]:
    before = torch.tensor(5e-324, dtype=torch.float64).mul(1.0).item() == 0
    torch.set_flush_denormal(flushed)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
