"""How much memory a training needed at most."""

import sys
from contextlib import suppress
from pathlib import Path

import torch

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


def forget_peak() -> None:
    """Let the peak start anew, so that it is this training's and not that of what the process did before.

    Only Linux can; elsewhere the peak is the process's.
    """
    with suppress(OSError):
        FORGET.write_text(RESET_PEAK)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> dict[str, float]:
    """Peak resident memory since :func:`forget_peak` and, with CUDA, the device's, in MiB.

    The former is left out where the system does not tell it (Windows).
    """
    resident = _resident()
    peak = {} if resident is None else {"peak_memory_mib": resident}
    if torch.cuda.is_available():
        peak["peak_cuda_memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return peak


def _resident() -> float | None:
    """The kernel's high-water mark in MiB; that of the whole process where it tells no other."""
    with suppress(OSError, StopIteration):
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # only POSIX has it
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, others KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
