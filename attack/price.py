"""What it costs to have a save on the disk before it is said to be saved."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from reparam.runs.checkpoint import write_tensors

SIZES = (1, 10, 100)
"""Megabytes of the saves."""
ROUNDS = 9


def price(folder: Path, quick: bool) -> list[dict[str, float]]:
    """Milliseconds of a save with flushing to the disk and without, by its megabytes; the two in turn."""
    return [_measured(folder / "price.safetensors", size) for size in SIZES[: 1 if quick else None]]


def told(prices: list[dict[str, float]]) -> str:
    """The prices, a line each; nothing of none."""
    return "\n".join(
        f"a save of {mb:.0f} MB takes {flushed:.0f} ms, {unflushed:.0f} without flushing it to the disk"
        for mb, flushed, unflushed in map(dict.values, prices)
    )


def _measured(path: Path, megabytes: int) -> dict[str, float]:
    tensors = {f"w{part}": torch.randn(megabytes * 2**20 // 32) for part in range(8)}
    flushed, unflushed = [], []
    for _ in range(ROUNDS):
        flushed.append(_seconds(lambda: write_tensors(path, tensors, {"step": 0})))
        unflushed.append(_seconds(lambda: _without_flushing(lambda: write_tensors(path, tensors, {"step": 0}))))
    path.unlink()
    return {
        "megabytes": megabytes,
        "milliseconds": round(1000 * median(flushed), 1),
        "unflushed": round(1000 * median(unflushed), 1),
    }


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _without_flushing(work: Callable[[], None]) -> None:
    real = os.fsync
    os.fsync = lambda descriptor: None
    try:
        work()
    finally:
        os.fsync = real
